#!/usr/bin/env python3
"""Check an exported history of a Paritrana Award, alone: this file needs Python 3.9 or newer and nothing else.

    python3 verify_audit.py BUNDLE [--checkpoint FILE]… [--keys FILE] [--strict]
    python3 verify_audit.py --proof FILE [--checkpoint FILE]… [--keys FILE]
    python3 verify_audit.py --compare FILE FILE [--bundle BUNDLE] [--keys FILE]

BUNDLE is the file that the audit pages hand out, or the folder it unpacks to. A checkpoint is a note that you were
mailed, that is printed in minutes, or that you downloaded earlier: with one of them, a later history that changed,
left out, added, moved or rolled back anything is found, whoever made it.

What is checked: every event follows the one before it; every revealed text fits its commitment; every checkpoint has a
good signature and the root of the history at its size; marks, sheets, seats, deadlines, stages, decisions and
publications stand in the tables as the events tell; published results have the digest that was published.

Exit 0: the same history. 1: it was tampered with; each line names stream, number and object. 2: it cannot be read.
"""

from __future__ import annotations

import argparse
import base64
import functools
import hashlib
import json
import os
import re
import sys
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

FORMAT = "paritrana-audit/1"
PROOF = "paritrana-inclusion/1"
START = "0" * 64
LARGEST_MEMBER = 1 << 31
SHOWN = 50


class BadInput(Exception):
    """Something cannot be read; the message is one sentence."""


class Fault(NamedTuple):
    """One thing that does not hold: the stream, the number of the event or none, the object, one sentence."""

    stream: str
    seq: int | None
    object_ref: str
    sentence: str

    def line(self) -> str:
        """The fault as it is printed."""
        number = "" if self.seq is None else f" {self.seq}"
        where = f" {self.object_ref}" if self.object_ref else ""
        return f"{self.stream}{number}{where}: {self.sentence}"


class Event(NamedTuple):
    """One event of the bundle; hashes as hexadecimal digits. `said` is its body, or None where it is not revealed."""

    stream: str
    seq: int
    kind: str
    at_utc: str
    object_ref: str
    commit: str
    prev: str
    leaf: str
    salt: str | None
    body: bytes | None
    erased: bool
    said: dict[str, Any] | None


class Note(NamedTuple):
    """A signed note of a checkpoint, taken apart."""

    origin: str
    size: int
    root: bytes
    name: str
    key_hash: bytes
    signature: bytes
    signed: bytes
    source: str

    @property
    def stream(self) -> str:
        """The stream: the origin without the host."""
        return self.origin.partition("/")[2]


class Bundle(NamedTuple):
    """Everything a bundle holds."""

    manifest: dict[str, Any]
    streams: dict[str, list[Event]]
    notes: list[Note]
    keys: dict[tuple[str, bytes], bytes]
    tables: dict[str, list[dict[str, Any]]]
    published: dict[str, bytes]
    altered: list[str]


# Hashes ---------------------------------------------------------------------------------------------------------------


def canon(document: Mapping[str, Any]) -> bytes:
    """The canonical bytes of a document: UTF-8 JSON, sorted keys, no blanks."""
    return json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode("utf-8")


def leaf_of(event: Event) -> str:
    """The hash of an event over its header, its commitment and the leaf before it."""
    header = {
        "stream": event.stream, "seq": event.seq, "kind": event.kind, "at_utc": event.at_utc,
        "object_ref": event.object_ref, "commit": event.commit, "prev": event.prev,
    }  # fmt: skip
    return hashlib.sha256(b"\x00" + canon(header)).hexdigest()


def commitment_of(salt: str, body: bytes) -> str:
    """What binds an event to its body."""
    return hashlib.sha256(b"\x02" + bytes.fromhex(salt) + body).hexdigest()


def node_of(left: bytes, right: bytes) -> bytes:
    """An inner node of the tree (RFC 6962)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def roots_at(leaves: Iterable[bytes], sizes: set[int]) -> dict[int, bytes]:
    """The roots of the tree at these sizes, in one pass."""
    towers: list[tuple[int, bytes]] = []
    found = {0: hashlib.sha256().digest()} if 0 in sizes else {}
    for number, item in enumerate(leaves, 1):
        height = 0
        while towers and towers[-1][0] == height:
            item = node_of(towers.pop()[1], item)
            height += 1
        towers.append((height, item))
        if number in sizes:
            root = towers[-1][1]
            for _height, left in reversed(towers[:-1]):
                root = node_of(left, root)
            found[number] = root
    return found


# Ed25519 (RFC 8032) ---------------------------------------------------------------------------------------------------

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT_OF_MINUS_ONE = pow(2, (P - 1) // 4, P)
Point = tuple[int, int, int, int]


def _added(a: Point, b: Point) -> Point:
    one = (a[1] - a[0]) * (b[1] - b[0]) % P
    two = (a[1] + a[0]) * (b[1] + b[0]) % P
    three = 2 * a[3] * b[3] * D % P
    four = 2 * a[2] * b[2] % P
    e, f, g, h = two - one, four - three, four + three, two + one
    return e * f % P, g * h % P, f * g % P, e * h % P


def _times(number: int, point: Point) -> Point:
    result = (0, 1, 1, 0)
    while number:
        if number & 1:
            result = _added(result, point)
        point = _added(point, point)
        number >>= 1
    return result


def _same(a: Point, b: Point) -> bool:
    return (a[0] * b[2] - b[0] * a[2]) % P == 0 and (a[1] * b[2] - b[1] * a[2]) % P == 0


def _x_of(y: int, odd: int) -> int | None:
    if y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    if square == 0:
        return None if odd else 0
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * ROOT_OF_MINUS_ONE % P
    if (x * x - square) % P:
        return None
    return P - x if x & 1 != odd else x


def _point(written: bytes) -> Point | None:
    y = int.from_bytes(written, "little")
    odd, y = y >> 255, y & ((1 << 255) - 1)
    x = _x_of(y, odd)
    return None if x is None else (x, y, 1, x * y % P)


_BASE_Y = 4 * pow(5, P - 2, P) % P
_BASE_X = _x_of(_BASE_Y, 0) or 0
BASE: Point = (_BASE_X, _BASE_Y, 1, _BASE_X * _BASE_Y % P)


@functools.lru_cache(maxsize=4096)
def is_signed(public: bytes, message: bytes, signature: bytes) -> bool:
    """Whether the holder of the key signed the message."""
    if len(public) != 32 or len(signature) != 64:
        return False
    key, commit = _point(public), _point(signature[:32])
    answer = int.from_bytes(signature[32:], "little")
    if key is None or commit is None or answer >= L:
        return False
    asked = int.from_bytes(hashlib.sha512(signature[:32] + public + message).digest(), "little") % L
    return _same(_times(answer, BASE), _added(commit, _times(asked, key)))


# Reading --------------------------------------------------------------------------------------------------------------


def read_note(text: str, source: str) -> Note:
    """Take a note apart. Raises `BadInput`."""
    lines = text.replace("\r\n", "\n").rstrip("\n").split("\n")
    found = re.fullmatch(r"— ([^\s+]+) ([A-Za-z0-9+/=]+)", lines[-1])
    if len(lines) != 5 or lines[3] or found is None or not re.fullmatch(r"0|[1-9][0-9]{0,15}", lines[1]):
        raise BadInput(f"{source}: This is no note of a checkpoint.")
    try:
        root, sealed = base64.b64decode(lines[2], validate=True), base64.b64decode(found[2], validate=True)
    except ValueError:
        raise BadInput(f"{source}: The note cannot be read.") from None
    if len(root) != 32 or len(sealed) != 68 or lines[0].partition("/")[0] != found[1] or "/" not in lines[0]:
        raise BadInput(f"{source}: The note cannot be read.")
    signed = "\n".join([*lines[:3], ""]).encode()
    return Note(lines[0], int(lines[1]), root, found[1], sealed[:4], sealed[4:], signed, source)


def read_keys(text: str, source: str) -> dict[tuple[str, bytes], bytes]:
    """The published keys, by the name and the four bytes with which notes name them. Raises `BadInput`."""
    found = {}
    for one in _list(_document(text, source), "keys", source):
        name, public = _text(one, "name", source), _text(one, "public", source)
        try:
            raw = base64.b64decode(public, validate=True)
        except ValueError:
            raise BadInput(f"{source}: A key cannot be read.") from None
        if len(raw) != 32:
            raise BadInput(f"{source}: A key has another length.")
        found[name, hashlib.sha256(name.encode() + b"\n\x01" + raw).digest()[:4]] = raw
    return found


def read_bundle(path: str) -> Bundle:
    """Read a bundle. Raises `BadInput`."""
    members = dict(_members(path))
    for name in ("manifest.json", "events.jsonl", "checkpoints.jsonl", "keys.json"):
        if name not in members:
            raise BadInput(f"{path}: The bundle has no {name}.")
    manifest = _document(_utf8(members["manifest.json"], "manifest.json"), "manifest.json")
    if manifest.get("format") != FORMAT:
        raise BadInput(f"{path}: This is no {FORMAT}.")
    files = manifest.get("files")
    if not isinstance(files, dict) or not isinstance(manifest.get("streams"), dict):
        raise BadInput("manifest.json: It does not name the files and streams.")
    altered = sorted(
        name for name, digest in files.items()
        if name not in members or hashlib.sha256(members[name]).hexdigest() != digest
    )  # fmt: skip
    streams: dict[str, list[Event]] = {str(name): [] for name in manifest["streams"]}
    for document in _lines(members["events.jsonl"], "events.jsonl"):
        event = _event(document)
        streams.setdefault(event.stream, []).append(event)
    notes = [
        read_note(_text(one, "note", "checkpoints.jsonl"), "checkpoints.jsonl")
        for one in _lines(members["checkpoints.jsonl"], "checkpoints.jsonl")
    ]
    tables = {
        name[len("tables/"):-len(".jsonl")]: [_row(one, name) for one in _lines(text, name)]
        for name, text in members.items() if name.startswith("tables/") and name.endswith(".jsonl")
    }  # fmt: skip
    published = {name[len("published/") :]: text for name, text in members.items() if name.startswith("published/")}
    keys = read_keys(_utf8(members["keys.json"], "keys.json"), "keys.json")
    return Bundle(manifest, streams, notes, keys, tables, published, altered)


def _members(path: str) -> Iterator[tuple[str, bytes]]:
    try:
        if os.path.isdir(path):
            for folder, _folders, names in os.walk(path):
                for name in names:
                    whole = os.path.join(folder, name)
                    with open(whole, "rb") as file:
                        yield os.path.relpath(whole, path).replace(os.sep, "/"), file.read()
            return
        with zipfile.ZipFile(path) as archive:
            if len(set(archive.namelist())) != len(archive.namelist()):
                raise BadInput(f"{path}: A file is in the bundle twice.")
            for member in archive.infolist():
                if member.file_size > LARGEST_MEMBER:
                    raise BadInput(f"{path}: {member.filename} is too large.")
                yield member.filename, archive.read(member)
    except (OSError, zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError) as fault:
        raise BadInput(f"{path}: The bundle cannot be read: {fault}.") from None


def _utf8(content: bytes, source: str) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        raise BadInput(f"{source}: This is no text in UTF-8.") from None


def _document(text: str, source: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        raise BadInput(f"{source}: This is no JSON.") from None
    if not isinstance(found, dict):
        raise BadInput(f"{source}: This is no JSON object.")
    return found


def _lines(content: bytes, source: str) -> Iterator[dict[str, Any]]:
    for line in _utf8(content, source).split("\n"):
        if line:
            yield _document(line, source)


def _text(document: Mapping[str, Any], name: str, source: str) -> str:
    value = document.get(name) if isinstance(document, dict) else None
    if not isinstance(value, str):
        raise BadInput(f"{source}: {name} is missing.")
    return value


def _list(document: Mapping[str, Any], name: str, source: str) -> list[Any]:
    value = document.get(name)
    if not isinstance(value, list):
        raise BadInput(f"{source}: {name} is missing.")
    return value


_HEADER = ("stream", "kind", "at_utc", "object_ref", "commit", "prev", "leaf")


def _event(document: dict[str, Any]) -> Event:
    head = {name: _text(document, name, "events.jsonl") for name in _HEADER}
    seq = document.get("seq")
    if type(seq) is not int:
        raise BadInput("events.jsonl: seq is missing.")
    salt, body = document.get("salt"), document.get("body")
    if body is None and isinstance(document.get("body_hex"), str):
        body = document["body_hex"]
        raw = bytes.fromhex(body) if re.fullmatch(r"([0-9a-f]{2})*", body) else None
    else:
        raw = body.encode("utf-8", "surrogatepass") if isinstance(body, str) else None
    said = None
    if raw is not None:
        try:
            said = json.loads(raw)
        except (ValueError, RecursionError):
            said = None
    whole = said if isinstance(said, dict) and isinstance(said.get("values"), dict) else None
    return Event(
        seq=seq, salt=salt if isinstance(salt, str) else None, body=raw, erased=bool(document.get("erased")),
        said=whole, **head,
    )  # fmt: skip


def _row(document: dict[str, Any], source: str) -> dict[str, Any]:
    if not isinstance(document.get("part"), list) or not isinstance(document.get("values"), dict):
        raise BadInput(f"{source}: A row has no part or no values.")
    _text(document, "ref", source)
    return document


# The chain ------------------------------------------------------------------------------------------------------------


def chain_faults(bundle: Bundle) -> Iterator[Fault]:
    """Every place at which an event does not follow the one before it, or a text does not fit its commitment."""
    for name in bundle.altered:
        yield Fault("bundle", None, name, "The file is not the one that the manifest names.")
    for stream, events in sorted(bundle.streams.items()):
        before: Event | None = None
        for event in events:
            sentence = _link_fault(event, before) or _body_fault(bundle, event)
            if sentence:
                yield Fault(stream, event.seq, event.object_ref, sentence)
            before = event
        told = bundle.manifest["streams"].get(stream)
        size, leaf = (0, START) if before is None else (before.seq, before.leaf)
        if not isinstance(told, dict) or told.get("size") != size or told.get("leaf") != leaf:
            yield Fault(stream, size, "", "The stream does not end where its head says.")


def _link_fault(event: Event, before: Event | None) -> str | None:
    if event.seq != (1 if before is None else before.seq + 1):
        return "An event is missing, doubled or out of order before this one."
    if event.prev != (START if before is None else before.leaf):
        return "The event does not follow the one before it."
    try:
        if event.leaf != leaf_of(event):
            return "The event was changed: its hash does not fit."
    except UnicodeEncodeError:
        return "The event holds a value that no event can hold."
    if before is not None and event.at_utc < before.at_utc:
        return "The event is older than the one before it."
    return None


def _body_fault(bundle: Bundle, event: Event) -> str | None:
    if event.body is None and event.salt is None:
        if not event.erased and bundle.manifest.get("bodies") == "all":
            return "The text of the event is missing and not marked as erased."
        return None
    if event.erased or event.body is None or event.salt is None or not re.fullmatch(r"[0-9a-f]{64}", event.salt):
        return "The text of the event is neither whole nor left out."
    if commitment_of(event.salt, event.body) != event.commit:
        return "The text of the event was changed: it does not fit its commitment."
    if event.said is None:
        return "The text of the event says nothing."
    return None


# Checkpoints ----------------------------------------------------------------------------------------------------------


class Gap(NamedTuple):
    """A restore that two people adopted: the events after `kept` are not those that the lost `notes` signed."""

    seq: int
    kept: int
    notes: list[Note]


def gaps_in(events: Sequence[Event]) -> Iterator[Gap]:
    """The gaps that a stream names."""
    for event in events:
        if event.kind == "restore.adopted" and event.said is not None:
            kept, notes = event.said["values"].get("kept"), event.said["values"].get("notes")
            if type(kept) is int and isinstance(notes, list) and all(isinstance(one, str) for one in notes):
                yield Gap(event.seq, kept, [read_note(one, "restore.adopted") for one in notes])


def checkpoint_faults(
    bundle: Bundle, notes: Sequence[Note], keys: Mapping[tuple[str, bytes], bytes], said: list[str], strict: bool
) -> Iterator[Fault]:
    """Every checkpoint with a bad signature, or whose history this one does not continue."""
    signed: dict[bytes, str | None] = {}

    def unsigned(note: Note) -> str | None:
        if note.signature not in signed:
            signed[note.signature] = _signature_fault(note, keys)
        return signed[note.signature]

    for stream, events in sorted(bundle.streams.items()):
        lost = set()
        for gap in gaps_in(events):
            if any(unsigned(note) or note.stream != stream or note.size <= gap.kept for note in gap.notes):
                yield Fault(stream, gap.seq, "", "The lost checkpoints of an adopted restore were never signed.")
                continue
            lost |= {(note.size, note.root) for note in gap.notes}
            last = max((note.size for note in gap.notes), default=gap.kept)
            words = f"Two people adopted a restore: events {gap.kept + 1} to {last}, signed before, are lost."
            said.append(f"{stream} {gap.seq}: {words}")
            if strict:
                yield Fault(stream, gap.seq, "", words)
        mine = [note for note in notes if note.stream == stream]
        leaves = [bytes.fromhex(event.leaf) if re.fullmatch("[0-9a-f]{64}", event.leaf) else b"" for event in events]
        roots = roots_at(leaves, {note.size for note in mine})
        for note in mine:
            wrong = unsigned(note)
            if wrong:
                yield Fault(stream, note.size, "", wrong)
            elif roots.get(note.size) != note.root and (note.size, note.root) not in lost:
                yield Fault(stream, note.size, "", _not_continued(note, len(events)))


def _not_continued(note: Note, size: int) -> str:
    if note.size > size:
        return f"A checkpoint was signed over {note.size} events, and the history has {size}: it was rolled back."
    return f"The first {note.size} events are not the ones that the checkpoint signs: the history was rewritten."


def _signature_fault(note: Note, keys: Mapping[tuple[str, bytes], bytes]) -> str | None:
    public = keys.get((note.name, note.key_hash))
    if public is None:
        return "A checkpoint is signed with a key that the list of keys does not name."
    if not is_signed(public, note.signed, note.signature):
        return "The signature of a checkpoint is not one of its key."
    return None


# Tables against events ------------------------------------------------------------------------------------------------

Held = dict[tuple[Any, ...], dict[str, Any]]
Fold = Callable[[Held, Event, dict[str, Any]], None]


def _latest(*names: str) -> Fold:
    def keep(now: Held, event: Event, values: dict[str, Any]) -> None:
        now[tuple(values.get(name) for name in names)] = {**values, "actor": _actor(event)}

    return keep


def _actor(event: Event) -> Any:
    return (event.said or {}).get("actor")


def _sheet(now: Held, event: Event, values: dict[str, Any]) -> None:
    """Whose sheet it is was told by its first event: others act on it, too."""
    actor = now.get((), {}).get("actor") or values.get("assessor") or _actor(event)
    now[()] = {**values, "actor": actor}


def _calendar(now: Held, event: Event, values: dict[str, Any]) -> None:
    now[()] = dict(values.get("fields" if event.kind == "category.added" else "calendar") or {})


def _stage(now: Held, event: Event, values: dict[str, Any]) -> None:
    if event.kind == "category.moved":
        now[()] = {"state": values.get("after")}
    elif event.kind == "result.imported":
        now[()] = {"state": values.get("state")}
    else:
        now[()] = {"state": (values.get("fields") or {}).get("state", 0)}


# Table of the bundle -> what a row of it is called, the events that tell of it, and how they add up.
REPLAYS: dict[str, tuple[str, tuple[str, ...], Fold]] = {
    "mark": ("mark", ("mark.saved",), _latest("indicator", "round")),
    "sheet": (
        "sheet",
        (
            "sheet.opened", "sheet.submitted", "sheet.late_admitted", "sheet.reopened", "sheet.withdrawn",
            "sheet.restored",
        ),
        _sheet,
    ),
    "seat": ("seat", ("seat.given", "seat.ended"), _latest()),
    "recusal": ("recusal", ("officer.recused",), _latest("account", "no")),
    "deadline": ("calendar", ("category.added", "category.set_up", "deadline.extended"), _calendar),
    "extension": ("extension", ("deadline.extended",), _latest("no")),
    "stage": ("stage", ("category.added", "category.moved", "result.imported"), _stage),
    "decision": ("decision", ("decision.recorded",), _latest()),
    "publication": (
        "publication", ("result.published", "result.imported", "result.corrected"), _latest("version"),
    ),
}  # fmt: skip


def table_faults(bundle: Bundle) -> Iterator[Fault]:
    """Every row that the events tell otherwise, every row without an event, every event without its row."""
    by_kind: dict[str, list[Event]] = {}
    for stream in sorted(bundle.streams):  # intake before judging, as in time
        for event in bundle.streams[stream]:
            by_kind.setdefault(event.kind, []).append(event)
    for table, rows in sorted(bundle.tables.items()):
        if table not in REPLAYS:
            yield Fault(table, None, "", "Nobody knows how this table follows from events.")
            continue
        noun, kinds, fold = REPLAYS[table]
        yield from _replay_faults(bundle, table, noun, [e for kind in kinds for e in by_kind.get(kind, [])], rows, fold)
    for name in sorted(set(bundle.manifest.get("tables") or ()) - set(bundle.tables)):
        yield Fault(str(name), None, "", "The table is missing from the bundle.")


def _replay_faults(
    bundle: Bundle, table: str, noun: str, events: list[Event], rows: list[dict[str, Any]], fold: Fold
) -> Iterator[Fault]:
    told: dict[str, Held] = {}
    last: dict[str, Event] = {}
    silent: set[str] = set()
    for event in sorted(events, key=lambda one: (one.object_ref, one.stream, one.seq)):
        last[event.object_ref] = event
        if event.said is None:
            silent.add(event.object_ref)
            continue
        fold(told.setdefault(event.object_ref, {}), event, event.said["values"])
    for row in rows:
        ref, part = row["ref"], tuple(row["part"])
        if ref in silent:
            continue
        where = " ".join([ref, *(str(one) for one in part)])
        holds = told.get(ref, {}).pop(part, None)
        if holds is None:
            yield Fault(table, None, where, f"No event tells of this {noun}.")
            continue
        wrong = sorted(name for name in row["values"] if row["values"][name] != holds.get(name))
        if wrong:
            at = last[ref]
            yield Fault(
                at.stream, at.seq, where, f"The table and the events of this {noun} differ in {', '.join(wrong)}."
            )
    for ref, left in sorted(told.items()):
        for part in [] if ref in silent else sorted(left, key=str):
            where = " ".join([ref, *(str(one) for one in part)])
            yield Fault(last[ref].stream, last[ref].seq, where, f"An event tells of a {noun} that is not in its table.")


def published_faults(bundle: Bundle) -> Iterator[Fault]:
    """Every published result in the bundle whose digest no publication names."""
    named = {row["values"].get("digest") for row in bundle.tables.get("publication", [])}
    for name, content in sorted(bundle.published.items()):
        if hashlib.sha256(content).hexdigest() not in named:
            yield Fault("publication", None, name, "The result is not one that was published.")


# Proofs ---------------------------------------------------------------------------------------------------------------


def proof_faults(document: Mapping[str, Any], keys: Mapping[tuple[str, bytes], bytes]) -> tuple[Note, Event, list[str]]:
    """Whether one event stood in the history that its checkpoint signs: the note, the event, and what is wrong."""
    if document.get("format") != PROOF or not isinstance(document.get("event"), dict):
        raise BadInput(f"This is no {PROOF}.")
    event = _event(document["event"])
    note = read_note(_text(document, "note", "proof"), "proof")
    path = _list(document, "path", "proof")
    if not all(isinstance(one, str) and re.fullmatch("[0-9a-f]{64}", one) for one in path):
        raise BadInput("proof: The path cannot be read.")
    wrong = []
    if event.leaf != leaf_of(event):
        wrong.append("The event was changed: its hash does not fit.")
    if event.body is not None and (event.salt is None or commitment_of(event.salt, event.body) != event.commit):
        wrong.append("The text of the event was changed: it does not fit its commitment.")
    if note.stream != event.stream or _root_by(event, path, note.size) != note.root:
        wrong.append("The event does not stand in the history that the checkpoint signs.")
    fault = _signature_fault(note, keys)
    if fault:
        wrong.append(fault)
    return note, event, wrong


def _root_by(event: Event, path: Sequence[str], size: int) -> bytes | None:
    """The root that a leaf and the hashes beside its way lead to (RFC 9162, 2.1.3.2)."""
    place, last = event.seq - 1, size - 1
    if not 0 <= place <= last or not re.fullmatch("[0-9a-f]{64}", event.leaf):
        return None
    root = bytes.fromhex(event.leaf)
    for one in path:
        if last == 0:
            return None
        if place & 1 or place == last:
            root = node_of(bytes.fromhex(one), root)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            root = node_of(root, bytes.fromhex(one))
        place, last = place >> 1, last >> 1
    return root if last == 0 else None


# The command ----------------------------------------------------------------------------------------------------------


def verify(
    bundle: Bundle, given: Sequence[Note], keys: Mapping[tuple[str, bytes], bytes], strict: bool
) -> tuple[list[Fault], list[str]]:
    """Everything that does not hold, and what is worth saying of a history that does."""
    said: list[str] = []
    gone = []
    for note in given:
        if note.stream.partition("/")[0] != bundle.manifest.get("cycle"):
            raise BadInput(f"{note.source}: This checkpoint is of {note.origin}, another cycle than the bundle.")
        if note.stream not in bundle.streams:
            gone.append(Fault(note.stream, note.size, "", "A checkpoint was signed over a stream that is gone."))
    faults = [
        *gone,
        *chain_faults(bundle),
        *checkpoint_faults(bundle, [*bundle.notes, *given], keys, said, strict),
        *table_faults(bundle),
        *published_faults(bundle),
    ]
    return faults, said


def _read(path: str) -> str:
    try:
        with open(path, "rb") as file:
            return _utf8(file.read(), path)
    except OSError as fault:
        raise BadInput(f"{path}: The file cannot be read: {fault.strerror}.") from None


def _compare(paths: Sequence[str], bundle_path: str | None, keys_path: str | None) -> int:
    one, other = (read_note(_read(path), path) for path in paths)
    if one.origin != other.origin:
        raise BadInput(f"One checkpoint is of {one.origin}, the other of {other.origin}.")
    if one.size == other.size:
        if one.root == other.root:
            print(f"{one.stream} {one.size}: Both checkpoints sign the same history.")
            return 0
        print(f"{one.stream} {one.size}: FORK. Two histories of the same length were signed.")
        return 1
    if bundle_path is None:
        raise BadInput("The checkpoints have different sizes; a bundle tells whether one continues the other.")
    bundle = read_bundle(bundle_path)
    return _report(*verify(bundle, [one, other], _keys(keys_path, bundle.keys), False), bundle)


def _keys(path: str | None, else_these: dict[tuple[str, bytes], bytes]) -> dict[tuple[str, bytes], bytes]:
    """The keys of the published list; a list without any trusts nobody. Without a list those of what is checked."""
    return else_these if path is None else read_keys(_read(path), path)


def _report(faults: Sequence[Fault], said: Sequence[str], bundle: Bundle) -> int:
    for line in said:
        print(line)
    for fault in faults[:SHOWN]:
        print(fault.line())
    if len(faults) > SHOWN:
        print(f"There are {len(faults) - SHOWN} more.")
    if faults:
        return 1
    for stream, events in sorted(bundle.streams.items()):
        print(f"{stream}: {len(events)} events, whole.")
    print(f"Checkpoints that this history continues: {len(bundle.notes)} in the bundle.")
    return 0


def _prove(path: str, notes: Sequence[Note], keys_path: str | None) -> int:
    document = _document(_read(path), path)
    keys = read_keys(json.dumps(document), path) if keys_path is None else read_keys(_read(keys_path), keys_path)
    note, event, wrong = proof_faults(document, keys)
    for other in notes:
        if (other.origin, other.size) != (note.origin, note.size):
            raise BadInput(f"{other.source}: The proof belongs to the checkpoint {note.origin} {note.size}.")
        if other.root != note.root:
            wrong.append("FORK. The checkpoint of the proof and the given one sign two histories.")
    for sentence in wrong:
        print(f"{event.stream} {event.seq} {event.object_ref}: {sentence}")
    if not wrong:
        print(f"{event.stream} {event.seq} {event.object_ref}: The event stands in the history of {note.size} events.")
    return 1 if wrong else 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; gives the exit code."""
    parser = argparse.ArgumentParser(
        prog="verify_audit.py", description=(__doc__ or "").split("\n")[0],
        epilog="Exit 0: the same history. 1: tampered with. 2: cannot be read.",
    )  # fmt: skip
    parser.add_argument("bundle", nargs="?", help="the exported bundle, or the folder it unpacks to")
    parser.add_argument("--checkpoint", action="append", default=[], metavar="FILE", help="a note that you kept")
    parser.add_argument("--keys", metavar="FILE", help="the published list of keys; else the one in the bundle")
    parser.add_argument("--strict", action="store_true", help="an adopted restore counts as tampering")
    parser.add_argument("--proof", metavar="FILE", help="check that one event stands in the history")
    parser.add_argument("--compare", nargs=2, metavar="FILE", help="compare two checkpoints")
    parser.add_argument("--bundle", dest="other", metavar="BUNDLE", help="with --compare: the history between them")
    chosen = parser.parse_args(arguments)
    if sum(one is not None for one in (chosen.bundle, chosen.proof, chosen.compare)) != 1:
        parser.error("give a BUNDLE, --proof or --compare")
    try:
        if chosen.compare:
            return _compare(chosen.compare, chosen.other, chosen.keys)
        given = [read_note(_read(path), path) for path in chosen.checkpoint]
        if chosen.proof:
            return _prove(chosen.proof, given, chosen.keys)
        bundle = read_bundle(chosen.bundle)
        return _report(*verify(bundle, given, _keys(chosen.keys, bundle.keys), chosen.strict), bundle)
    except BadInput as fault:
        print(fault, file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
