"""Notes of checkpoints and the tree under them: read strictly, the same by every way of counting."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paritrana.core.chain import merkle_root
from paritrana.core.checkpoints import NotANote, inclusion_path, key_hash, note_body, read_note, roots, written_note
from paritrana.inspection import verify_audit

LEAVES = [hashlib.sha256(str(no).encode()).digest() for no in range(70)]
PUBLIC, SIGNATURE = bytes(range(32)), bytes(64)
NOTE = written_note(note_body("host.example/ntb-2024/judging", 3, LEAVES[0]), "host.example", PUBLIC, SIGNATURE)


@given(st.sets(st.integers(0, 80), max_size=6))
def test_roots_at_many_sizes_are_the_roots_one_by_one(sizes):
    found = roots(LEAVES, sizes)
    assert found == {size: merkle_root(LEAVES[:size]) for size in sizes if size <= len(LEAVES)}
    assert found == verify_audit.roots_at(LEAVES, set(sizes))


@given(st.integers(1, 70).flatmap(lambda size: st.tuples(st.just(size), st.integers(1, size))))
def test_every_leaf_leads_to_the_root_and_to_no_other(drawn):
    size, seq = drawn
    path = [one.hex() for one in inclusion_path(LEAVES[:size], seq - 1)]
    event = verify_audit.Event("s", seq, "k", "", "", "", "", LEAVES[seq - 1].hex(), None, None, False, None)
    assert verify_audit._root_by(event, path, size) == merkle_root(LEAVES[:size])
    assert (
        verify_audit._root_by(event._replace(seq=seq % size + 1), path, size) != merkle_root(LEAVES[:size]) or size == 1
    )
    assert verify_audit._root_by(event, [*path, "0" * 64], size) is None
    assert verify_audit._root_by(event, path, seq - 1) is None


def test_a_note_is_read_as_it_was_written():
    note = read_note(NOTE)
    assert (note.origin, note.size, note.root) == ("host.example/ntb-2024/judging", 3, LEAVES[0])
    assert (note.name, note.key_hash, note.signature) == ("host.example", key_hash("host.example", PUBLIC), SIGNATURE)
    other = verify_audit.read_note(NOTE, "here")
    assert (other.origin, other.size, other.root, other.signed) == (note.origin, note.size, note.root, note.signed)


LINES = NOTE.split("\n")


@pytest.mark.parametrize(
    "changed",
    [
        "", "x", NOTE + "x", NOTE * 40, NOTE.rstrip("\n"),
        NOTE.replace("host.example/ntb-2024/judging\n", "\n", 1), NOTE.replace("\n3\n", "\n03\n"),
        NOTE.replace("\n3\n", "\n-3\n"), NOTE.replace("\n3\n", "\n³\n"), NOTE.replace("— ", "- "),
        NOTE.replace("— host.example ", "— host.example  "), NOTE.replace("— host.example ", "— host+example "),
        NOTE.replace(LINES[2], LINES[2] + "*"), NOTE.replace(LINES[2], "AAAA"),
        NOTE.replace(LINES[2], LINES[2][:-2] + chr(ord(LINES[2][-2]) + 1) + "="),
        NOTE.replace(LINES[4], LINES[4][:-8]),
    ],
)  # fmt: skip
def test_what_is_no_note_is_refused(changed):
    with pytest.raises(NotANote):
        read_note(changed)
