"""Checkpoints: what a stream of events was at one moment, in a note of three lines that anybody can keep.

    paritrana.example/ntb-2024/judging        origin: the host, then the stream
    412                                       size: how many events the stream had
    mXJ0…=                                    root of the tree over their leaves (RFC 6962), as base64

    — paritrana.example AbCd…                 signature: name, then base64(key hash ‖ Ed25519 over the lines above)

Source: C2SP signed-note and tlog-checkpoint. Whoever kept one note can tell whether a later history continues it.
"""

import base64
import hashlib
import re
from binascii import Error as NotBase64
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from paritrana.core.chain import HASH_BYTES

ED25519: Final = b"\x01"  # the kind of key in a key hash
KEY_HASH: Final = 4  # bytes
SIGNATURE: Final = 64  # bytes
LARGEST_NOTE: Final = 4096  # characters
_NAME: Final = re.compile(r"[^\s+]+")


class NotANote(ValueError):
    """A text is not a signed note of a checkpoint; the message is one sentence."""


@dataclass(frozen=True, slots=True)
class Note:
    """A signed note taken apart. `signed` are the bytes under the signature, `key_hash` names the key."""

    origin: str
    size: int
    root: bytes
    name: str
    key_hash: bytes
    signature: bytes
    signed: bytes


def key_hash(name: str, public: bytes) -> bytes:
    """The four bytes by which a note names its key. `public` has 32 bytes."""
    return hashlib.sha256(name.encode() + b"\n" + ED25519 + public).digest()[:KEY_HASH]


def note_body(origin: str, size: int, root: bytes) -> bytes:
    """The three lines that are signed."""
    return f"{origin}\n{size}\n{base64.b64encode(root).decode()}\n".encode()


def written_note(body: bytes, name: str, public: bytes, signature: bytes) -> str:
    """The whole note: the lines that were signed, a blank one, and the signature."""
    sealed = base64.b64encode(key_hash(name, public) + signature).decode()
    return f"{body.decode()}\n— {name} {sealed}\n"


def read_note(text: str) -> Note:
    """Take a note apart; its signature is not looked at. Raises `NotANote`."""
    lines = text.split("\n")
    if len(text) > LARGEST_NOTE or len(lines) != 6 or lines[3] or lines[5]:
        raise NotANote("A note of a checkpoint has three lines, a blank one and one signature.")
    origin, size, root, _blank, line, _end = lines
    parts = line.split(" ")
    if not origin or not size.isascii() or not size.isdigit() or size != str(int(size)):
        raise NotANote("The note names no stream or no size.")
    if len(parts) != 3 or parts[0] != "—" or not _NAME.fullmatch(parts[1]):
        raise NotANote("The last line of the note is no signature.")
    sealed = _decoded(parts[2])
    found = _decoded(root)
    if len(found) != HASH_BYTES or len(sealed) != KEY_HASH + SIGNATURE:
        raise NotANote("The root or the signature of the note has another length.")
    signed = f"{origin}\n{size}\n{root}\n".encode()
    return Note(origin, int(size), found, parts[1], sealed[:KEY_HASH], sealed[KEY_HASH:], signed)


def _decoded(text: str) -> bytes:
    try:
        found = base64.b64decode(text, validate=True)
    except (NotBase64, ValueError):
        raise NotANote("The note holds something that is not base64.") from None
    if base64.b64encode(found).decode() != text:
        raise NotANote("The note holds base64 in another spelling.")
    return found


def roots(leaves: Iterable[bytes], sizes: Collection[int]) -> dict[int, bytes]:
    """The roots that the tree had at these sizes, read in one pass; a size beyond the last leaf is left out."""
    towers: list[tuple[int, bytes]] = []
    found = {0: _root([])} if 0 in sizes else {}
    for number, item in enumerate(leaves, 1):
        height = 0
        while towers and towers[-1][0] == height:
            item = _node(towers.pop()[1], item)
            height += 1
        towers.append((height, item))
        if number in sizes:
            found[number] = _root(towers)
    return found


def _root(towers: Sequence[tuple[int, bytes]]) -> bytes:
    if not towers:
        return hashlib.sha256().digest()
    *lower, (_height, root) = towers
    for _height, item in reversed(lower):
        root = _node(item, root)
    return root


def inclusion_path(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """The hashes beside the way from a leaf (counted from 0) to the root, the lowest first (RFC 6962, 2.1.1)."""
    if len(leaves) <= 1:
        return []
    half = 1 << (len(leaves) - 1).bit_length() - 1
    if index < half:
        return [*inclusion_path(leaves[:half], index), _tree(leaves[half:])]
    return [*inclusion_path(leaves[half:], index - half), _tree(leaves[:half])]


def _tree(leaves: Sequence[bytes]) -> bytes:
    return roots(leaves, {len(leaves)})[len(leaves)]


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()
