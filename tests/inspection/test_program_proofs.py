"""The program for strangers, given a history that is signed: proofs, comparisons, folders, and what is half there."""

import base64
import hashlib
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from paritrana.core.checkpoints import inclusion_path
from paritrana.inspection.verify_audit import (
    FORMAT,
    PROOF,
    START,
    L,
    canon,
    commitment_of,
    is_signed,
    main,
    roots_at,
)

STREAM = "c/judging"
SECRET = Ed25519PrivateKey.from_private_bytes(b"k" * 32)
PUBLIC = SECRET.public_key().public_bytes_raw()
KEYS = {"keys": [{"name": "host", "public": base64.b64encode(PUBLIC).decode()}]}
SALT = "5a" * 32


def event(seq: int, prev: str, **changes: Any) -> dict[str, Any]:
    """One event with a commitment and a leaf that fit it, `changes` after its body was bound."""
    body = canon({"actor": "U-1", "values": {"no": seq}})
    if "said" in changes:
        body = canon(changes.pop("said"))
    head = {
        "stream": STREAM, "seq": seq, "kind": changes.pop("kind", "mark.saved"), "at_utc": "2026-01-01T00:00:00Z",
        "object_ref": "L-1", "commit": commitment_of(SALT, body), "prev": prev,
    }  # fmt: skip
    leaf = hashlib.sha256(b"\x00" + canon(head)).hexdigest()
    return {**head, "leaf": leaf, "salt": SALT, "body": body.decode(), **changes}


def note(events: list[dict[str, Any]], *, origin: str = f"host/{STREAM}", size: int | None = None) -> str:
    """The signed note over the first `size` events."""
    size = len(events) if size is None else size
    root = roots_at([bytes.fromhex(one["leaf"]) for one in events], {size})[size]
    return sealed(origin, size, root)


def sealed(origin: str, size: int, root: bytes) -> str:
    """A signed note over whatever root."""
    text = f"{origin}\n{size}\n{base64.b64encode(root).decode()}\n"
    which = hashlib.sha256(b"host\n\x01" + PUBLIC).digest()[:4]
    return f"{text}\n— host {base64.b64encode(which + SECRET.sign(text.encode())).decode()}\n"


def history(count: int = 3) -> list[dict[str, Any]]:
    """Events that follow each other."""
    found: list[dict[str, Any]] = []
    for seq in range(1, count + 1):
        found.append(event(seq, found[-1]["leaf"] if found else START))
    return found


def members(events: list[dict[str, Any]], notes: list[str], bodies: str = "all") -> dict[str, str]:
    """The files of a bundle over these events."""
    head = {"size": len(events), "leaf": events[-1]["leaf"] if events else START}
    manifest = {
        "format": FORMAT, "host": "host", "cycle": "c", "bodies": bodies, "tables": [], "files": {},
        "streams": {STREAM: head},
    }  # fmt: skip
    return {
        "manifest.json": json.dumps(manifest),
        "events.jsonl": "".join(json.dumps(one) + "\n" for one in events),
        "checkpoints.jsonl": "".join(json.dumps({"note": one}) + "\n" for one in notes),
        "keys.json": json.dumps(KEYS),
    }


def bundle(folder: Path, events: list[dict[str, Any]], *notes: str, bodies: str = "all") -> str:
    """The path of a bundle over these events."""
    path = folder / "bundle.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members(events, list(notes), bodies).items():
            archive.writestr(name, content)
    return str(path)


def kept(folder: Path, name: str, text: str) -> str:
    """The path of a file with this text."""
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return str(path)


def proof(events: list[dict[str, Any]], seq: int, **changes: Any) -> dict[str, Any]:
    """That the event `seq` stands in the history over all events."""
    leaves = [bytes.fromhex(one["leaf"]) for one in events]
    path = [one.hex() for one in inclusion_path(leaves, seq - 1)]
    return {"format": PROOF, "event": events[seq - 1], "path": path, "note": note(events), **KEYS, **changes}


def proves(folder: Path, document: dict[str, Any], *words: str) -> int:
    """What the program says of a proof."""
    return main(["--proof", kept(folder, "proof.json", json.dumps(document)), *words])


def test_a_bundle_may_be_the_folder_it_unpacks_to(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    events = history()
    (tmp_path / "there" / "tables").mkdir(parents=True)
    for name, content in members(events, [note(events)]).items():
        kept(tmp_path / "there", name, content)
    assert main([str(tmp_path / "there")]) == 0
    assert "c/judging: 3 events, whole." in capsys.readouterr().out
    kept(tmp_path / "there" / "tables", "unheard.jsonl", "")
    assert main([str(tmp_path / "there")]) == 1


def test_a_bundle_that_holds_a_file_twice_cannot_be_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], recwarn: pytest.WarningsRecorder
) -> None:
    whole = bundle(tmp_path, history())
    with zipfile.ZipFile(whole, "a") as archive:
        archive.writestr("events.jsonl", "")
    assert main([whole]) == 2
    assert "twice" in capsys.readouterr().err
    assert [str(one.message) for one in recwarn] == ["Duplicate name: 'events.jsonl'"]


@pytest.mark.parametrize("seq", [1, 2, 3])
def test_a_proof_holds_for_every_event(tmp_path: Path, seq: int) -> None:
    assert proves(tmp_path, proof(history(), seq)) == 0
    assert proves(tmp_path, proof(history(), seq), "--keys", kept(tmp_path, "keys.json", json.dumps(KEYS))) == 0


def test_a_proof_says_all_that_is_wrong_with_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    events = history()
    assert proves(tmp_path, proof(events, 2, event={**events[1], "body": '{"values":{}}'})) == 1
    assert "does not fit its commitment" in capsys.readouterr().out
    assert proves(tmp_path, proof(events, 2, event=events[2])) == 1
    assert "does not stand in the history" in capsys.readouterr().out
    assert proves(tmp_path, proof(events, 2, note=note(events, origin="host/c/intake"))) == 1
    assert "does not stand in the history" in capsys.readouterr().out
    assert proves(tmp_path, proof(events, 2, keys=[])) == 1
    assert "a key that the list of keys does not name" in capsys.readouterr().out


def test_a_list_of_keys_that_was_named_and_is_not_there_is_no_leave_to_trust_the_proof(tmp_path: Path) -> None:
    whole, note_of = proof(history(), 2), note(history())
    for missing in ("", str(tmp_path / "none.json")):
        assert proves(tmp_path, whole, "--keys", missing) == 2
        assert main([bundle(tmp_path, history(), note_of), "--keys", missing]) == 2


def test_a_proof_that_is_none_cannot_be_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    events = history()
    for changes in ({"format": "another"}, {"event": []}, {"path": ["00"]}, {"path": [1]}, {"path": None}):
        assert proves(tmp_path, proof(events, 2, **changes)) == 2
        answer = capsys.readouterr()
        assert (answer.out, len(answer.err.splitlines())) == ("", 1)


def test_a_proof_is_held_against_the_checkpoint_that_somebody_kept(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    events = history()
    assert proves(tmp_path, proof(events, 2), "--checkpoint", kept(tmp_path, "same.txt", note(events))) == 0
    shorter = kept(tmp_path, "shorter.txt", note(events, size=2))
    assert proves(tmp_path, proof(events, 2), "--checkpoint", shorter) == 2
    assert "The proof belongs to the checkpoint host/c/judging 3." in capsys.readouterr().err
    fork = kept(tmp_path, "fork.txt", sealed(f"host/{STREAM}", 3, b"f" * 32))
    assert proves(tmp_path, proof(events, 2), "--checkpoint", fork) == 1
    assert "FORK" in capsys.readouterr().out


def test_two_checkpoints_are_compared(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    events = history()
    one, again = kept(tmp_path, "one.txt", note(events)), kept(tmp_path, "again.txt", note(events))
    assert main(["--compare", one, again]) == 0
    assert "Both checkpoints sign the same history." in capsys.readouterr().out
    assert main(["--compare", one, kept(tmp_path, "fork.txt", sealed(f"host/{STREAM}", 3, b"f" * 32))]) == 1
    assert "FORK" in capsys.readouterr().out
    other = kept(tmp_path, "other.txt", note(events, origin="host/c/intake"))
    assert main(["--compare", one, other]) == 2
    assert "the other of host/c/intake" in capsys.readouterr().err
    shorter = kept(tmp_path, "shorter.txt", note(events, size=2))
    assert main(["--compare", one, shorter]) == 2
    assert "a bundle tells whether one continues the other" in capsys.readouterr().err
    assert main(["--compare", one, shorter, "--bundle", bundle(tmp_path, events)]) == 0
    rewritten = [*events[:1], event(2, events[0]["leaf"], said={"actor": "U-2", "values": {}})]
    assert main(["--compare", one, shorter, "--bundle", bundle(tmp_path, rewritten)]) == 1


def test_a_note_whose_parts_do_not_fit_cannot_be_read(tmp_path: Path) -> None:
    events = history()
    whole = bundle(tmp_path, events)
    short = sealed(f"host/{STREAM}", 3, b"r" * 31)
    stranger = note(events).replace("— host ", "— another ")
    nowhere = sealed("host", 3, b"r" * 32)
    for text in (short, stranger, nowhere):
        assert main([whole, "--checkpoint", kept(tmp_path, "note.txt", text)]) == 2


def test_a_body_is_whole_or_left_out_or_not_believed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def said(change: dict[str, Any], bodies: str = "all") -> str:
        one = {**event(1, START), **change}
        main([bundle(tmp_path, [one], bodies=bodies)])
        return capsys.readouterr().out

    assert "whole." in said({})
    assert "missing and not marked as erased" in said({"salt": None, "body": None})
    assert "whole." in said({"salt": None, "body": None}, bodies="some")
    assert "whole." in said({"salt": None, "body": None, "erased": True})
    for half in ({"salt": None}, {"body": None}, {"erased": True}, {"salt": "5A" * 32}):
        assert "neither whole nor left out" in said(half)
    spelled = event(1, START)["body"].encode().hex()
    assert "whole." in said({"body": None, "body_hex": spelled})
    assert "neither whole nor left out" in said({"body": None, "body_hex": "xyz"})
    nothing = event(1, START, said={"actor": "U-1"})
    assert "says nothing" in said(nothing)


def test_a_restore_that_was_adopted_is_told_and_its_lost_checkpoints_must_be_signed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def adopted(values: Any) -> list[dict[str, Any]]:
        first = event(1, START)
        return [first, event(2, first["leaf"], kind="restore.adopted", said={"actor": "U-1", "values": values})]

    lost = sealed(f"host/{STREAM}", 2, b"l" * 32)
    whole = bundle(tmp_path, adopted({"kept": 1, "notes": [lost]}), lost)
    assert main([whole]) == 0
    assert "Two people adopted a restore: events 2 to 2, signed before, are lost." in capsys.readouterr().out
    assert main([whole, "--strict"]) == 1
    early = bundle(tmp_path, adopted({"kept": 2, "notes": [lost]}), lost)
    assert main([early]) == 1
    assert "were never signed" in capsys.readouterr().out
    unread = bundle(tmp_path, adopted({"kept": "1", "notes": [lost]}), lost)
    assert main([unread]) == 1
    assert "the history was rewritten" in capsys.readouterr().out


def test_a_signature_is_refused_for_every_part_that_is_no_number_of_the_curve() -> None:
    signature = SECRET.sign(b"said")
    assert is_signed(PUBLIC, b"said", signature)
    assert not is_signed(PUBLIC[:31], b"said", signature)
    assert not is_signed(PUBLIC, b"said", signature[:63])
    too_large = signature[:32] + (int.from_bytes(signature[32:], "little") + L).to_bytes(32, "little")
    assert not is_signed(PUBLIC, b"said", too_large)
    beyond = (2**255 - 1).to_bytes(32, "little")
    no_point = (2).to_bytes(32, "little")
    minus_nothing = (1 + (1 << 255)).to_bytes(32, "little")
    for public in (beyond, no_point, minus_nothing):
        assert not is_signed(public, b"said", signature)
        assert not is_signed(PUBLIC, b"said", public + signature[32:])
    neutral = (1).to_bytes(32, "little")
    assert not is_signed(neutral, b"said", signature)


def test_the_stage_of_an_imported_result_is_told_by_its_event_and_an_erased_one_tells_nothing(tmp_path: Path) -> None:
    def with_table(events: list[dict[str, Any]], table: str, row: dict[str, Any]) -> str:
        path = bundle(tmp_path, events, note(events))
        with zipfile.ZipFile(path, "a") as archive:
            archive.writestr(f"tables/{table}.jsonl", json.dumps(row) + "\n")
        return path

    imported = [event(1, START, kind="result.imported", said={"actor": "U-1", "values": {"state": 12}})]
    stage = {"ref": "L-1", "part": [], "values": {"state": 12}}
    assert main([with_table(imported, "stage", stage)]) == 0
    assert main([with_table(imported, "stage", {**stage, "values": {"state": 11}})]) == 1
    silent = [{**event(1, START), "salt": None, "body": None, "erased": True}]
    row = {"ref": "L-1", "part": ["A1", 1], "values": {"value": "99"}}
    assert main([with_table(silent, "mark", row)]) == 0
    assert main([with_table(history(1), "mark", row)]) == 1
