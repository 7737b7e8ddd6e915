"""A PDF put together from parts: those that many papers share are copied as bytes, the others are written anew.

The file has one page, a plain table of objects, and no stream that holds objects, so that a signature can be added
behind it and any program can read it. Source of the syntax: ISO 32000-1, chapter 7.
"""

import hashlib
import zlib
from collections.abc import Iterable, Mapping
from itertools import chain
from typing import Final

HEADER: Final = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"


def text(words: str) -> str:
    """A text string of a dictionary, in UTF-16 with its mark."""
    return f"<{(chr(0xFEFF) + words).encode('utf-16-be').hex()}>"


def dictionary(entries: Mapping[str, object]) -> str:
    """A dictionary in its written form; the values are written already."""
    return f"<<{''.join(f'/{name} {value}' for name, value in entries.items())}>>"


def stream(content: bytes, entries: Mapping[str, object] | None = None, *, packed: bool = True) -> bytes:
    """A stream object, packed unless its content has to stay readable or is packed by other means."""
    about = dict(entries or {})
    if packed:
        content = zlib.compress(content, 9)
        about["Filter"] = "/FlateDecode"
    about["Length"] = len(content)
    return b"".join((dictionary(about).encode(), b"\nstream\n", content, b"\nendstream"))


class Objects:
    """Numbered objects under way. `first` is the number of the first one."""

    def __init__(self, first: int = 1) -> None:
        self._first = first
        self._bodies: list[bytes] = []

    @property
    def next(self) -> int:
        """The number that the next new object gets."""
        return self._first + len(self._bodies)

    def add(self, body: bytes | str) -> str:
        """Store an object; gives the reference to it."""
        self._bodies.append(body.encode() if isinstance(body, str) else body)
        return f"{self.next - 1} 0 R"

    def keep(self) -> str:
        """The reference to an object whose body is not known yet; `put` brings it."""
        return self.add(b"")

    def put(self, reference: str, body: str) -> None:
        """The body of an object that was kept a place for."""
        self._bodies[int(reference.split()[0]) - self._first] = body.encode()

    def written(self, start: int) -> tuple[bytes, tuple[int, ...]]:
        """The objects as bytes of a file in which they begin at `start`, and where each of them begins."""
        parts, places, place = [], [], start
        for number, body in enumerate(self._bodies, start=self._first):
            part = b"%d 0 obj\n%b\nendobj\n" % (number, body)
            places.append(place)
            parts.append(part)
            place += len(part)
        return b"".join(parts), tuple(places)


class Stem:
    """The beginning of many files, the same in each: the header, and objects that all of them use."""

    def __init__(self, shared: Objects) -> None:
        body, self._places = shared.written(len(HEADER))
        self._bytes = HEADER + body
        self.next = shared.next

    def finish(self, own: Objects, *, root: str, info: str) -> bytes:
        """The whole file with the objects of one paper, which begin at the number `next`. Same objects, same bytes."""
        body, places = own.written(len(self._bytes))
        digest = hashlib.sha256(b"".join((self._bytes, body))).hexdigest()[:32]
        return b"".join((self._bytes, body, _table(chain(self._places, places), own.next),
                         f"trailer\n<</Size {own.next}/Root {root}/Info {info}/ID[<{digest}><{digest}>]>>\n".encode(),
                         f"startxref\n{len(self._bytes) + len(body)}\n%%EOF\n".encode()))  # fmt: skip


def _table(places: Iterable[int], size: int) -> bytes:
    """The table of where every object begins."""
    rows = "".join(f"{place:010d} 00000 n \n" for place in places)
    return f"xref\n0 {size}\n0000000000 65535 f \n{rows}".encode()
