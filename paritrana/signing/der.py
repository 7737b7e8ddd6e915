"""A strict reader of DER (X.690), one level at a time: who wants more depth asks for it, so nothing recurses.

Every value has one spelling here: a length that could be written shorter, an indefinite one, a tag of several bytes or
a byte too many is refused.
"""

from dataclasses import dataclass
from typing import Final

MOST: Final = 256  # values side by side
INTEGER, BITS, OCTETS, NULL, OID, TIME, SEQUENCE, SET = 0x02, 0x03, 0x04, 0x05, 0x06, 0x18, 0x30, 0x31
_SEVERAL: Final = 0x1F  # the tag goes on in the next byte


class NotDer(Exception):
    """The bytes are not what DER writes, or not the values that are expected."""


@dataclass(frozen=True, slots=True)
class Value:
    """One value: its tag, what is inside, and all of its bytes."""

    tag: int
    content: bytes
    raw: bytes


def values(content: bytes) -> tuple[Value, ...]:
    """All values that stand side by side in `content`, which they fill. Raises `NotDer`."""
    found: list[Value] = []
    place = 0
    while place < len(content):
        if len(found) == MOST or place + 2 > len(content):
            raise NotDer
        tag, length, start = content[place], content[place + 1], place + 2
        if tag & _SEVERAL == _SEVERAL:
            raise NotDer
        if length >= 0x80:
            size = length & 0x7F
            written = content[start : start + size]
            length = int.from_bytes(written, "big")
            if not 1 <= size <= 4 or len(written) != size or written[0] == 0 or length < 0x80:
                raise NotDer
            start += size
        end = start + length
        if end > len(content):
            raise NotDer
        found.append(Value(tag, content[start:end], content[place:end]))
        place = end
    return tuple(found)


def one(content: bytes, tag: int) -> Value:
    """The only value in `content`, which has this tag. Raises `NotDer`."""
    found = values(content)
    if len(found) != 1 or found[0].tag != tag:
        raise NotDer
    return found[0]


def first(content: bytes) -> Value:
    """The first value of `content`, whatever follows it. Raises `NotDer`."""
    if len(content) >= 2 and content[1] >= 0x80:
        end = 2 + (content[1] & 0x7F) + int.from_bytes(content[2 : 2 + (content[1] & 0x7F)], "big")
    else:
        end = 2 + content[1] if len(content) >= 2 else 0
    found = values(content[:end])
    if len(found) != 1:
        raise NotDer
    return found[0]


def inside(content: bytes, tag: int, *tags: int) -> tuple[Value, ...]:
    """The values inside the only value of `content`, which has `tag`; they have `tags`, in this order.

    Raises `NotDer`.
    """
    found = values(one(content, tag).content)
    if tags and tuple(value.tag for value in found) != tags:
        raise NotDer
    return found


def oid(dotted: str) -> bytes:
    """The whole value of an object identifier: `oid("1.2.840.113549.1.7.2")`."""
    numbers = [int(part) for part in dotted.split(".")]
    content = b""
    for number in (numbers[0] * 40 + numbers[1], *numbers[2:]):
        seven = [number & 0x7F]
        while number := number >> 7:
            seven.insert(0, number & 0x7F | 0x80)
        content += bytes(seven)
    return bytes([OID, len(content)]) + content
