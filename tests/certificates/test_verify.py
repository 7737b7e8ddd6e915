"""Anybody checks a certificate by its code or by the square of dots; nobody learns of one that is not public."""

from datetime import timedelta
from urllib.parse import quote

import pytest
from sqlalchemy import select

from paritrana.certificates import service
from paritrana.certificates.checking.limits import MOST, WINDOW, Asked
from paritrana.certificates.checking.models import VerifyAttempt
from paritrana.certificates.models import Certificate
from paritrana.core.codes import ALPHABET, make_check, shown
from paritrana.database import db
from paritrana.signing import Key, compact, make_key, signing_key
from tests.factories_results import category_of, contest, press, publish
from tests.nominations.pages import text_of

OTHER = "0" * 16  # a code with a fitting check sign


@pytest.fixture
def here(app, db_session):
    return contest(4)


@pytest.fixture
def issued(here):
    """A published result with its certificates."""
    publish(here)
    made = service.issue(category_of(here), press=press(), actor=here.actor("organiser-1"), at=here.now)
    db.session.commit()
    return made


@pytest.fixture
def key(app):
    """The key that signs the squares of dots."""
    folder = app.extensions["settings"].instance_path / "keys"
    make_key(folder, compact.PURPOSE)
    return signing_key(folder, compact.PURPOSE)


def english(client, address, **query):
    return client.get(address, query_string={"lang": "en", **query})


def page_of(code):
    return f"/verify/{shown(code)}"


def claim_of(certificate, **changes):
    context = certificate.context
    values = {
        "code": certificate.code, "recipient": certificate.recipient, "title": certificate.title_id,
        "category": context["category"]["id"], "cycle": context["cycle"]["id"],
        "issued_on": certificate.issued_at.date(),
    }  # fmt: skip
    return compact.Claim(**(values | changes))


def sealed_again(here, state=7):
    here.category.state = state
    db.session.commit()


# By code -------------------------------------------------------------------------------------------------------------


def test_anybody_checks_a_certificate_in_force(here, issued, client):
    certificate = issued[0]
    answer = english(client, page_of(certificate.code))
    text = text_of(answer)
    assert answer.status_code == 200
    assert answer.headers["X-Robots-Tag"] == "noindex, nofollow"
    assert '<meta name="robots" content="noindex, nofollow">' in text
    for said in ("VALID. Compare the details below", "Pemerintah Kabupaten Contoh 1", "First", "Category kabkota",
                 "2025, edition 2026", "SK Contoh 1/2026", "2 March 2026", certificate.ranking_digest,
                 f"http://localhost{page_of(certificate.code)}", "SIMULATION"):  # fmt: skip
        assert said in text
    order = [text.index(said) for said in ("VALID. Compare", "Compare with the document", "p-recipient", "p-award",
                                           "SK Contoh", certificate.ranking_digest,
                                           "The address of this page")]  # fmt: skip
    assert order == sorted(order)
    assert len(text) < 12_000


def test_the_page_says_the_facts_as_they_were_printed(here, issued, client):
    here.category.title_en = "Another name"
    here.organisations["regency-1"].name = "Pemerintah Kabupaten Lain"
    text = text_of(english(client, page_of(issued[0].code)))
    assert "Category kabkota" in text
    assert "Pemerintah Kabupaten Contoh 1" in text
    assert "Kabupaten Lain" not in text


def test_a_code_is_found_however_it_is_typed(issued, client):
    code = issued[0].code
    for typed in (code, code.lower(), shown(code).lower(), f" {shown(code)} ", shown(code).replace("-", " – ")):
        answer = client.get("/verify", query_string={"code": typed})
        assert answer.status_code == 303
        assert answer.headers["Location"].endswith(page_of(code))
    for address in (f"/verify/{code.lower()}", f"/VERIFY/{code}"):
        assert client.get(address).headers["Location"].endswith(page_of(code))


def test_letters_that_are_easily_confused_are_read_as_what_they_are_taken_for(issued, client):
    body = "0101".ljust(15, "1")
    issued[0].code = body + make_check(body)
    db.session.commit()
    typed = issued[0].code
    for wrong, right in (("O", "0"), ("I", "1"), ("l", "1"), ("o", "0")):
        answer = client.get("/verify", query_string={"code": typed.replace(right, wrong)})
        assert answer.headers["Location"].endswith(page_of(typed))


def test_an_unknown_code_and_one_under_embargo_answer_alike(here, issued, client, statements):
    code = issued[0].code
    sealed_again(here)
    answers, asked = [], []
    client.get(page_of(OTHER))  # the first question of a source clears away old counts
    for one in (OTHER, code):
        with statements() as sent:
            answers.append(client.get(page_of(one)))
        asked.append([statement.partition(" ")[0] for statement in sent])
    unknown, hidden = answers
    assert (unknown.status_code, hidden.status_code) == (404, 404)
    assert text_of(unknown).replace(shown(OTHER), "") == text_of(hidden).replace(shown(code), "")
    assert unknown.headers.to_wsgi_list() == hidden.headers.to_wsgi_list()
    assert asked[0] == asked[1]
    assert client.get(f"{page_of(code)}/certificate.pdf").status_code == 404


@pytest.mark.parametrize("text", ["x", "7QK4-2M9X-H3TC-8WPB", "<script>", "0" * 40, "../../etc", "é" * 16])
def test_what_is_no_code_is_unknown(app, db_session, client, text):
    for answer in (english(client, "/verify", code=text), english(client, f"/verify/{quote(text, safe='')}")):
        assert answer.status_code == 404
        if "/" not in text:
            assert "UNKNOWN. Check the letters and digits on the certificate." in text_of(answer)
        assert 'value="' + text not in text_of(answer)


def test_the_form_stands_alone(app, db_session, client):
    answer = english(client, "/verify")
    assert answer.status_code == 200
    assert answer.headers["X-Robots-Tag"] == "noindex, nofollow"
    assert answer.headers["Permissions-Policy"].startswith("camera=(self)")
    assert "Set-Cookie" not in answer.headers
    assert client.get("/verify?code=").status_code == 200
    assert client.get("/verify/file").headers["Location"] == "/verify#file"


@pytest.mark.parametrize(("status", "word"), [("revoked", "REVOKED"), ("replaced", "REPLACED")])
def test_a_certificate_out_of_force_says_so_at_once_and_gives_no_file(here, issued, client, status, word):
    old = issued[0]
    assert "VALID." in text_of(english(client, page_of(old.code)))
    old.status, old.status_reason, old.status_at = status, "nama salah", here.now
    if status == "replaced":
        db.session.add(
            Certificate(
                code=OTHER, cycle_id=old.cycle_id, category_id=old.category_id, register_no=99, kind=old.kind,
                basis=old.basis, award_id=old.award_id, nomination_id=old.nomination_id, version_no=2, rank=1,
                recipient=old.recipient, title_id="T", title_en="T", context=old.context,
                ranking_digest=old.ranking_digest, issued_at=here.now, issued_by=old.issued_by,
            )
        )  # fmt: skip
    answer = english(client, page_of(old.code))
    assert answer.status_code == 200
    assert f"{word} 2 March 2026" in text_of(answer)
    assert "nama salah" in text_of(answer)
    assert "VALID." not in text_of(answer)
    assert (shown(OTHER) in text_of(answer)) == (status == "replaced")
    assert client.get(f"{page_of(old.code)}/certificate.pdf").status_code == 404


# By the square of dots -----------------------------------------------------------------------------------------------


def test_the_square_of_dots_leads_to_the_register_also_in_capitals(here, issued, key, client):
    certificate = issued[0]
    payload = compact.make(claim_of(certificate), key)
    for address in (f"/verify/{certificate.code}/{payload}", f"/VERIFY/{certificate.code}/{payload}"):
        answer = english(client, address)
        assert answer.status_code == 200
        assert "VALID. Compare the details below" in text_of(answer)
        assert "The address of this page must begin with http://localhost/<" in text_of(answer)
        assert answer.headers["X-Robots-Tag"] == "noindex, nofollow"
    certificate.status, certificate.status_reason, certificate.status_at = "revoked", "keliru", here.now
    assert "REVOKED 2 March 2026, 11:00 WITA: keliru" in text_of(english(client, address))


def test_a_square_with_other_facts_is_told_with_what_differs(issued, key, client):
    certificate = issued[0]
    changed = claim_of(certificate, recipient="Pemerintah Kabupaten Palsu", title="Terbaik II",
                       issued_on=certificate.issued_at.date() + timedelta(days=1))  # fmt: skip
    answer = english(client, f"/verify/{certificate.code}/{compact.make(changed, key)}")
    text = text_of(answer)
    assert answer.status_code == 200
    for said in ("ALTERED. This document is not as it was issued.", "Pemerintah Kabupaten Palsu", "3 March 2026",
                 "Terbaik II", "Terbaik I<", "Pemerintah Kabupaten Contoh 1"):  # fmt: skip
        assert said in text
    assert text.count("<tr>") == 4
    assert "VALID. Compare" not in text


def test_a_square_that_was_not_signed_here_is_altered(issued, key, client):
    certificate, other = issued[0], issued[1]
    genuine = compact.make(claim_of(certificate), key)
    forged = compact.make(claim_of(certificate), Key(b"\x07" * 32))
    swapped = compact.make(claim_of(other), key)
    flipped = genuine[:200] + ("A" if genuine[200] != "A" else "B") + genuine[201:]
    for payload in (forged, flipped, genuine[:-8], "A", "0", "é", swapped):
        text = text_of(english(client, f"/VERIFY/{certificate.code}/{quote(payload)}"))
        assert "ALTERED. This document is not as it was issued." in text, payload
        assert "Pemerintah Kabupaten Contoh 1" in text
    assert "belongs to another certificate" in text


def test_a_genuine_square_of_an_unpublished_certificate_is_unknown_like_any_other(here, issued, key, client):
    certificate = issued[0]
    payload = compact.make(claim_of(certificate), key)
    never = compact.make(claim_of(certificate, code=OTHER), key)
    sealed_again(here)
    hidden = client.get(f"/verify/{certificate.code}/{payload}")
    unknown = client.get(f"/verify/{OTHER}/{never}")
    assert (hidden.status_code, unknown.status_code) == (404, 404)
    for text, code, signed in ((hidden, certificate.code, payload), (unknown, OTHER, never)):
        assert "TIDAK DIKENAL" in text_of(text)
        text.plain = text_of(text).replace(signed, "").replace(code, "")
    assert hidden.plain == unknown.plain


# How often -----------------------------------------------------------------------------------------------------------


def codes(count):
    """Whole codes that nobody has."""
    for number in range(count):
        body = "".join(ALPHABET[(number >> 5 * place) & 31] for place in range(15))
        yield body + make_check(body)


def test_who_guesses_waits_and_nobody_else(issued, client, clock):
    guesser = {"REMOTE_ADDR": "203.0.113.7"}
    for code in codes(MOST[Asked.GUESS]):
        assert client.get(page_of(code), environ_overrides=guesser).status_code == 404
    refused = client.get(page_of(OTHER), environ_overrides=guesser, query_string={"lang": "en"})
    assert refused.status_code == 429
    assert refused.headers["Retry-After"] == "600"
    assert "Wait 10 minutes" in text_of(refused)
    # A code that is right is not told either, so that the answer gives nothing away.
    assert client.get(page_of(issued[0].code), environ_overrides=guesser).status_code == 429
    assert client.get(page_of(issued[0].code), environ_overrides={"REMOTE_ADDR": "203.0.113.8"}).status_code == 200
    clock.advance(minutes=4, seconds=30)
    later = client.get(page_of(OTHER), environ_overrides=guesser, query_string={"lang": "en"})
    assert (later.status_code, later.headers["Retry-After"]) == (429, "360")
    clock.advance(minutes=6)
    assert client.get(page_of(issued[0].code), environ_overrides=guesser).status_code == 200


def test_a_scanned_square_is_never_made_to_wait(issued, key, client):
    guesser = {"REMOTE_ADDR": "203.0.113.7"}
    for code in codes(MOST[Asked.GUESS] + 1):
        client.get(page_of(code), environ_overrides=guesser)
    scanned = f"/VERIFY/{issued[0].code}/{compact.make(claim_of(issued[0]), key)}"
    before = db.session.scalars(select(VerifyAttempt.count).order_by(VerifyAttempt.kind)).all()
    assert client.get(scanned, environ_overrides=guesser).status_code == 200
    assert client.get(scanned[:-4], environ_overrides=guesser).status_code == 429
    after = db.session.scalars(select(VerifyAttempt.count).order_by(VerifyAttempt.kind)).all()
    assert sum(after) == sum(before) + 1


def test_an_ipv6_network_counts_as_one_and_the_address_is_not_kept(app, db_session, client):
    for place, code in enumerate(codes(MOST[Asked.GUESS])):
        client.get(page_of(code), environ_overrides={"REMOTE_ADDR": f"2001:db8:1:2::{place:x}"})
    for address, status in (("2001:db8:1:2:ffff::1", 429), ("2001:db8:1:3::1", 404)):
        assert client.get(page_of(OTHER), environ_overrides={"REMOTE_ADDR": address}).status_code == status
    rows = db.session.scalars(select(VerifyAttempt)).all()
    assert {len(one.source_key) for one in rows} == {64}


def test_who_is_signed_in_counts_alone(issued, client, door):
    for code in codes(MOST[Asked.GUESS] + 1):
        answer = client.get(page_of(code))
    assert answer.status_code == 429
    assert door("assessor-3").get(page_of(issued[0].code)).status_code == 200


def test_many_looks_at_right_codes_end_too(issued, client):
    db.session.add(VerifyAttempt(source_key="x", kind="look", began_at=issued[0].issued_at, count=1))
    assert client.get(page_of(issued[0].code)).status_code == 200
    row = db.session.scalars(select(VerifyAttempt).where(VerifyAttempt.source_key != "x")).one()
    row.count = MOST[Asked.LOOK]
    assert client.get(page_of(issued[0].code)).status_code == 429


def test_old_counts_go(app, db_session, client, clock):
    client.get(page_of(OTHER))
    assert db.session.query(VerifyAttempt).count() == 2
    clock.advance(days=2)
    client.get(page_of(OTHER), environ_overrides={"REMOTE_ADDR": "203.0.113.9"})
    rows = db.session.scalars(select(VerifyAttempt)).all()
    assert len(rows) == 2
    assert all(one.began_at > clock.now() - WINDOW for one in rows)


def test_mistyped_codes_are_not_counted(app, db_session, client):
    for _ in range(MOST[Asked.GUESS] + 5):
        assert client.get("/verify/7QK4-2M9X-H3TC-8WPB").status_code == 404
    assert db.session.query(VerifyAttempt).count() == 0
