import hashlib
from dataclasses import fields, replace
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from enum import Enum
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paritrana.core.chain import (
    LIMIT,
    START,
    Head,
    Link,
    NotCanonical,
    canon,
    commitment,
    first_broken,
    leaf,
    merkle_root,
    moment,
    plain,
)

HEADER = ("stream", "seq", "kind", "at_utc", "object_ref", "commitment", "prev", "leaf")


def grow(bodies, stream="ntb-2026/judging"):
    """A whole chain with one event per body."""
    links, prev = [], START
    for seq, body in enumerate(bodies, 1):
        salt = hashlib.sha256(f"{stream} {seq}".encode()).digest()
        header = {
            "stream": stream,
            "seq": seq,
            "kind": "mark.saved",
            "at_utc": f"2026-11-21T03:00:00.{seq // 2:06}Z",
            "object_ref": f"S-{seq:04}",
            "commitment": commitment(salt, body),
            "prev": prev,
        }
        prev = leaf(**header)
        links.append(Link(**header, leaf=prev, salt=salt, body=body))
    return links


def ends(*chains):
    return {links[-1].stream: Head(links[-1].seq, links[-1].leaf) for links in chains}


def reseal(link, **changes):
    """The event with other values and a hash that fits them again."""
    changed = replace(link, **changes)
    return replace(changed, leaf=leaf(**{name: getattr(changed, name) for name in HEADER[:-1]}))


# --- Canonical bytes --------------------------------------------------------------------------------------------------


def test_keys_are_sorted_and_nothing_is_blank():
    document = {"b": [1, {"z": True, "a": "é\n"}], "a": -5}
    assert canon(document) == '{"a":-5,"b":[1,{"a":"é\\n","z":true}]}'.encode()


def test_texts_are_hashed_as_they_are_given():
    composed, decomposed = canon({"name": "\u00e9"}), canon({"name": "e\u0301"})
    assert composed != decomposed


@pytest.mark.parametrize(
    "value",
    [0.5, None, LIMIT, -LIMIT, Decimal("1"), b"x", (1,), {1: "x"}, {"é": 1}, [None], {"a": 1.0}, "\ud800"],
    ids=repr,
)
def test_a_value_without_one_form_is_refused(value):
    with pytest.raises(NotCanonical):
        canon({"value": value})


def test_the_largest_exact_numbers_are_taken():
    assert canon({"low": 1 - LIMIT, "top": LIMIT - 1}) == b'{"low":-9007199254740991,"top":9007199254740991}'


@given(st.dictionaries(st.text("abcdef", min_size=1), st.integers(1 - LIMIT, LIMIT - 1) | st.text()))
def test_the_order_of_the_keys_never_matters(document):
    assert canon(document) == canon(dict(reversed(document.items())))


class Verdict(Enum):
    MATCHES = "matches"


def test_typed_values_become_texts_and_nulls_go_out():
    moment_in_jakarta = datetime(2026, 11, 21, 10, 0, tzinfo=timezone(timedelta(hours=7)))
    values = {
        "mark": Decimal("8.50"),
        "large": Decimal("1E+3"),
        "share": Fraction(1, 3),
        "at": moment_in_jakarta,
        "on": date(2026, 11, 21),
        "verdict": Verdict.MATCHES,
        "digest": b"\x00\xff",
        "gates": ("a", ["b"]),
        "note": None,
        "inner": {"left": None, "count": 3, "sure": False},
    }
    assert plain(values) == {
        "mark": "8.50",
        "large": "1000",
        "share": "1/3",
        "at": "2026-11-21T03:00:00.000000Z",
        "on": "2026-11-21",
        "verdict": "matches",
        "digest": "00ff",
        "gates": ["a", ["b"]],
        "inner": {"count": 3, "sure": False},
    }


def test_a_decimal_that_is_no_number_is_refused():
    with pytest.raises(NotCanonical):
        plain(Decimal("NaN"))


def test_a_moment_without_a_zone_is_refused():
    with pytest.raises(NotCanonical):
        moment(datetime(2026, 11, 21))  # noqa: DTZ001 - the point of the test


@given(st.datetimes(timezones=st.just(UTC)), st.datetimes(timezones=st.just(UTC)))
def test_moments_sort_as_their_texts_do(one, other):
    assert (one < other) == (moment(one) < moment(other))


# --- Hashes -----------------------------------------------------------------------------------------------------------


def test_the_hashes_of_a_known_event_stay_what_they_are():
    salt, body = bytes(range(32)), b'{"actor":"system"}'
    bound = commitment(salt, body)
    assert bound == hashlib.sha256(b"\x02" + salt + body).digest()
    known = leaf(
        stream="system",
        seq=1,
        kind="account.made",
        at_utc="2026-11-21T03:00:00.123456Z",
        object_ref="A-7QK4-2M9X",
        commitment=bound,
        prev=START,
    )
    text = (
        '{"at_utc":"2026-11-21T03:00:00.123456Z","commit":"' + bound.hex() + '","kind":"account.made",'
        '"object_ref":"A-7QK4-2M9X","prev":"' + "00" * 32 + '","seq":1,"stream":"system"}'
    )
    assert known == hashlib.sha256(b"\x00" + text.encode()).digest()
    assert known.hex() == "6f59b0b6b6810c5a582ee8b2ac9db074b13aa2b371e754b044223a266b97abea"


# The test vectors of RFC 6962's reference implementation: the inputs of the leaves and the roots over the first n.
RFC_LEAVES = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
RFC_ROOTS = {
    0: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    1: "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    2: "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    3: "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    4: "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    5: "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    6: "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    7: "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    8: "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
}


@pytest.mark.parametrize(("size", "root"), RFC_ROOTS.items())
def test_the_root_is_the_one_of_rfc_6962(size, root):
    leaves = [hashlib.sha256(b"\x00" + bytes.fromhex(data)).digest() for data in RFC_LEAVES[:size]]
    assert merkle_root(leaves).hex() == root


def root_by_definition(leaves):
    if len(leaves) == 1:
        return leaves[0]
    split = 1 << (len(leaves) - 1).bit_length() - 1
    left, right = root_by_definition(leaves[:split]), root_by_definition(leaves[split:])
    return hashlib.sha256(b"\x01" + left + right).digest()


@given(st.lists(st.binary(min_size=32, max_size=32), min_size=1, max_size=70))
def test_the_root_follows_its_recursive_definition(leaves):
    assert merkle_root(leaves) == root_by_definition(leaves)


# --- Breaks -----------------------------------------------------------------------------------------------------------


def test_a_whole_chain_has_no_break():
    one, other = grow([b"a", b"b", b"c"]), grow([b"d"], stream="system")
    assert first_broken(one) is None
    assert first_broken([*other, *one], ends(one, other), whole=True) is None
    assert first_broken([], {"system": Head(0, START)}) is None
    assert first_broken([]) is None


def test_a_body_that_is_not_shown_breaks_nothing_in_a_bundle():
    hidden = [replace(link, salt=None, body=None) for link in grow([b"a", b"b"])]
    assert first_broken(hidden, ends(hidden)) is None
    broken = first_broken(hidden, ends(hidden), whole=True)
    assert (broken.seq, broken.sentence) == (1, "The body of the event is missing and not marked as erased.")


def test_an_erased_body_leaves_the_chain_whole():
    first, second = grow([b"a", b"b"])
    links = [replace(first, salt=None, body=None, erased=True), second]
    assert first_broken(links, ends(links), whole=True) is None


@pytest.mark.parametrize(
    "change", [{"salt": None}, {"body": None}, {"erased": True}, {"body": "b"}, {"salt": "text"}], ids=repr
)
def test_a_body_is_whole_or_erased(change):
    first, second = grow([b"a", b"b"])
    broken = first_broken([first, replace(second, **change)])
    assert (broken.seq, broken.sentence) == (2, "The body of the event is neither whole nor erased.")


@pytest.mark.parametrize(
    ("order", "seq"),
    [([1, 2], 2), ([0, 2], 3), ([0, 2, 1], 3), ([0, 0, 1, 2], 1), ([0, 1, 1, 2], 2)],
    ids=["first gone", "middle gone", "swapped", "first doubled", "second doubled"],
)
def test_a_gap_or_another_order_is_found(order, seq):
    links = grow([b"a", b"b", b"c"])
    broken = first_broken([links[index] for index in order])
    assert (broken.stream, broken.seq) == ("ntb-2026/judging", seq)
    assert broken.sentence == "An event is missing, doubled or out of order before this one."


def test_an_event_that_was_sealed_again_is_found_at_the_next_one():
    first, second = grow([b"a", b"b"])
    forged = reseal(first, kind="mark.withdrawn")
    broken = first_broken([forged, second])
    assert (broken.seq, broken.sentence) == (2, "The event does not follow the one before it.")


def test_the_last_event_that_was_sealed_again_is_found_by_the_head():
    first, second = grow([b"a", b"b"])
    broken = first_broken([first, reseal(second, kind="mark.withdrawn")], ends([first, second]))
    assert (broken.seq, broken.sentence) == (2, "The stream does not end where its head says.")


def test_a_lost_end_is_found_by_the_head():
    links = grow([b"a", b"b", b"c"])
    broken = first_broken(links[:-1], ends(links))
    assert (broken.seq, broken.sentence) == (2, "The stream does not end where its head says.")
    assert first_broken([], ends(links)).seq == 0


def test_a_stream_without_a_head_is_found():
    links = grow([b"a"])
    assert first_broken(links, {}).sentence == "The stream has no head."


def test_an_event_cannot_be_older_than_the_one_before_it():
    first, second = grow([b"a", b"b"])
    broken = first_broken([first, reseal(second, at_utc="2026-11-20T00:00:00.000000Z")])
    assert (broken.seq, broken.sentence) == (2, "The event is older than the one before it.")


@pytest.mark.parametrize("change", [{"kind": b"x"}, {"commitment": "x" * 32}, {"at_utc": "\ud800"}], ids=repr)
def test_a_value_that_no_event_can_hold_is_found(change):
    [link] = grow([b"a"])
    assert first_broken([replace(link, **change)]).sentence == "The event holds a value that no event can hold."


ANOTHER = {
    "seq": st.integers(0, 20),
    "erased": st.booleans(),
    **{name: st.binary(max_size=40) | st.none() for name in ("salt", "body")},
    **{name: st.binary(min_size=32, max_size=32) for name in ("commitment", "prev", "leaf")},
    **{name: st.text(max_size=12) for name in ("stream", "kind", "at_utc", "object_ref")},
}


@given(
    st.lists(st.binary(max_size=20), min_size=1, max_size=6), st.sampled_from([f.name for f in fields(Link)]), st.data()
)
def test_any_single_change_of_any_event_is_found(bodies, name, data):
    links = grow(bodies)
    place = data.draw(st.integers(0, len(links) - 1))
    changed = replace(links[place], **{name: data.draw(ANOTHER[name])})
    tampered = [*links[:place], changed, *links[place + 1 :]]
    assert (first_broken(tampered, ends(links), whole=True) is None) == (changed == links[place])


@given(st.lists(st.binary(max_size=20), min_size=1, max_size=6), st.data())
def test_any_event_that_is_left_out_or_moved_is_found(bodies, data):
    links = grow(bodies)
    kept = data.draw(st.permutations(links).flatmap(lambda order: st.sampled_from([order, order[:-1], order[1:]])))
    assert (first_broken(kept, ends(links), whole=True) is None) == (kept == links)
