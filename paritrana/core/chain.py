"""The chain of events: what is hashed, in which bytes, and how a break is found.

Each stream is a list of events numbered 1, 2, 3 … without gaps. An event names the leaf of the one before it, so no
event can change, vanish or move without every later leaf changing. What an event says stands in a body that is
bound by a salted commitment: a body can be erased later and the chain stays whole.

    commitment = SHA-256(0x02 ‖ salt ‖ body)
    leaf       = SHA-256(0x00 ‖ canon{stream, seq, kind, at_utc, object_ref, commit, prev})
    node       = SHA-256(0x01 ‖ left ‖ right)

Source of the tree: RFC 6962, section 2.1.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from typing import Any

from paritrana.core.words import N_

HASH_BYTES = 32
SALT_BYTES = 32
START = bytes(HASH_BYTES)  # what the first event of a stream names as the leaf before it
LIMIT = 2**53  # whole numbers from here on are not exact in every JSON reader


class NotCanonical(ValueError):
    """A value has no canonical form: a float, a null, a huge number, a key or text that is not plain."""


@dataclass(frozen=True, slots=True)
class Link:
    """One event as the chain sees it. `salt` and `body` are there together when the body is revealed."""

    stream: str
    seq: int
    kind: str
    at_utc: str
    object_ref: str
    commitment: bytes
    prev: bytes
    leaf: bytes
    salt: bytes | None = None
    body: bytes | None = None
    erased: bool = False


@dataclass(frozen=True, slots=True)
class Head:
    """The last event of a stream as the head remembers it; `seq` is 0 in an empty stream."""

    seq: int
    leaf: bytes


@dataclass(frozen=True, slots=True)
class Broken:
    """The first place at which a chain does not hold, with one sentence that says why."""

    stream: str
    seq: int
    sentence: str


def canon(document: Mapping[str, Any]) -> bytes:
    """The canonical bytes of a document: UTF-8 JSON, sorted ASCII keys, no blanks, strings exactly as given.

    Values are texts, true, false, whole numbers below 2^53 in size, lists and objects of these.
    Raises `NotCanonical` for anything else: decimals, times and hashes are written as texts, a null is left out.
    """
    document = dict(document)
    _look(document)
    text = json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError:
        raise NotCanonical("a text holds half of a character pair") from None


def _look(value: Any) -> None:
    if isinstance(value, bool) or type(value) is str:
        return
    if type(value) is int:
        if abs(value) >= LIMIT:
            raise NotCanonical(f"the number {value} is too large to stay exact everywhere")
    elif isinstance(value, dict):
        for key, item in value.items():
            if type(key) is not str or not key.isascii():
                raise NotCanonical(f"the key {key!r} is not plain ASCII text")
            _look(item)
    elif isinstance(value, list):
        for item in value:
            _look(item)
    else:
        raise NotCanonical(f"{type(value).__name__} has no canonical form")


def moment(at: datetime) -> str:
    """The text of a moment in UTC with microseconds, such as `2026-11-21T03:00:00.123456Z`; a naive one is refused."""
    if at.tzinfo is None:
        raise NotCanonical("a moment without a time zone has no canonical form")
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def plain(value: Any) -> Any:
    """A value in the words of `canon`: decimals, fractions, times and codes become texts; nulls in objects go out."""
    if isinstance(value, Enum):
        return plain(value.value)
    if isinstance(value, Decimal):
        if not value.is_finite():
            raise NotCanonical(f"{value} is not a number")
        return format(value, "f")
    if isinstance(value, Fraction):
        return str(value)
    if isinstance(value, datetime):
        return moment(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items() if item is not None}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return str(value) if isinstance(value, str) else value


def commitment(salt: bytes, body: bytes) -> bytes:
    """What binds an event to its body without showing it; 32 bytes. `salt` is 32 random bytes."""
    return hashlib.sha256(b"\x02" + salt + body).digest()


def leaf(*, stream: str, seq: int, kind: str, at_utc: str, object_ref: str, commitment: bytes, prev: bytes) -> bytes:
    """The hash of one event, 32 bytes, over its header, its commitment and the leaf before it."""
    return hashlib.sha256(
        b"\x00"
        + canon(
            {
                "stream": stream,
                "seq": seq,
                "kind": kind,
                "at_utc": at_utc,
                "object_ref": object_ref,
                "commit": _hex(commitment),
                "prev": _hex(prev),
            }
        )
    ).digest()


def _hex(value: bytes) -> str:
    if type(value) is not bytes:  # a table that was tampered with can hold a text here
        raise NotCanonical("a hash is not bytes")
    return value.hex()


def merkle_root(leaves: Iterable[bytes]) -> bytes:
    """The root of the tree over `leaves` in their order, as RFC 6962 builds it; 32 bytes."""
    towers: list[tuple[int, bytes]] = []  # whole subtrees from left to right, each lower than the one before
    for item in leaves:
        height = 0
        while towers and towers[-1][0] == height:
            item = _node(towers.pop()[1], item)
            height += 1
        towers.append((height, item))
    if not towers:
        return hashlib.sha256().digest()
    root = towers.pop()[1]
    while towers:
        root = _node(towers.pop()[1], root)
    return root


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def first_broken(
    links: Iterable[Link], heads: Mapping[str, Head] | None = None, *, whole: bool = False
) -> Broken | None:
    """The first break in one or more streams, or None when everything holds.

    `links` come in the order of their numbers within each stream and are read once, so they may be a cursor. With
    `heads` each stream has to end exactly where its head says and no stream may lack one. With `whole` every body
    that is not marked as erased has to be there, as in the database itself; a bundle leaves bodies out.
    """
    last: dict[str, Link] = {}
    for link in links:
        before = last.get(link.stream)
        sentence = _fault(link, before, whole=whole)
        if sentence is None and heads is not None and link.stream not in heads:
            sentence = N_("The stream has no head.")
        if sentence is not None:
            return Broken(link.stream, link.seq, sentence)
        last[link.stream] = link
    for stream, head in sorted((heads or {}).items()):
        end = last.get(stream)
        here = Head(0, START) if end is None else Head(end.seq, end.leaf)
        if here != head:
            return Broken(stream, here.seq, N_("The stream does not end where its head says."))
    return None


def _fault(link: Link, before: Link | None, *, whole: bool) -> str | None:
    if link.seq != (1 if before is None else before.seq + 1):
        return N_("An event is missing, doubled or out of order before this one.")
    if link.prev != (START if before is None else before.leaf):
        return N_("The event does not follow the one before it.")
    try:
        expected = leaf(
            stream=link.stream,
            seq=link.seq,
            kind=link.kind,
            at_utc=link.at_utc,
            object_ref=link.object_ref,
            commitment=link.commitment,
            prev=link.prev,
        )
    except NotCanonical:
        return N_("The event holds a value that no event can hold.")
    if link.leaf != expected:
        return N_("The event was changed: its hash does not fit.")
    if before is not None and link.at_utc < before.at_utc:
        return N_("The event is older than the one before it.")
    return _body_fault(link, whole=whole)


def _body_fault(link: Link, *, whole: bool) -> str | None:
    if link.salt is None and link.body is None:
        if whole and not link.erased:
            return N_("The body of the event is missing and not marked as erased.")
        return None
    if link.erased or type(link.salt) is not bytes or type(link.body) is not bytes:
        return N_("The body of the event is neither whole nor erased.")
    if commitment(link.salt, link.body) != link.commitment:
        return N_("The body of the event was changed: it does not fit the commitment.")
    return None
