"""Reading the copy of a queue that a device signed: whatever the bytes are, a copy or a sentence.

`{format, public_key, content, signature}`; `content` is a text, an object with `account`, `made_at` and `sheets`, which
lists `{indicator, base, device_at, value, abstain_note, panel_note, feedback}` by sheet.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NoReturn

from paritrana.core.errors import BadInput
from paritrana.core.texts import readable
from paritrana.core.words import N_
from paritrana.signing import NotSigned, device_signed, read_device_key

FORMAT: Final = "paritrana-queue/1"
FAMILY: Final = "paritrana-queue/"
LARGEST: Final = 480 * 1024  # bytes; a day of twelve candidates with long notes has some 300 kB
DEEPEST: Final = 6  # levels of an object; a copy has four
MOST_SHEETS: Final = 200
MOST_MARKS: Final = 200  # of one sheet
LONGEST_MOMENT: Final = 40
LONGEST_TYPED: Final = 40
LONGEST_TEXT: Final = 10_000  # characters of a note; the form of a mark says how many it takes
MOST_VERSIONS: Final = 1_000_000
TEXTS: Final = ("value", "abstain_note", "panel_note", "feedback")


class CopyTooLarge(BadInput):
    """The file is larger than any copy. Params: `limit` (kilobytes)."""

    code = "copy_too_large"
    message = N_("This file is too large for a copy of a queue: at most %(limit)s kB. Nothing is taken.")


class NotACopy(BadInput):
    """The file is no copy of a queue."""

    code = "not_a_copy"
    message = N_("This is no copy of a queue as a device saves it. Choose the file “antrean-….json”. Nothing is taken.")


class CopyTooDeep(BadInput):
    """The file is nested deeper than any copy."""

    code = "copy_too_deep"
    message = N_("This file is nested deeper than a copy of a queue can be. Nothing is taken.")


class CopyWithFractions(BadInput):
    """The file holds a fraction, or no number at all, where a copy has texts and whole numbers."""

    code = "copy_with_fractions"
    message = N_("This file holds numbers that a device does not write: marks are texts in it. Nothing is taken.")


class CopyOfTheFuture(BadInput):
    """The file has a form that a later version of the application writes."""

    code = "copy_of_the_future"
    message = N_(
        "This copy was saved by another version of the pages. Load the pages on the device again and save anew."
    )


class CopyForged(BadInput):
    """The signature does not fit the content."""

    code = "copy_forged"
    message = N_("The signature does not fit: the file was changed after the device saved it. Nothing is taken.")


class CopyEmpty(BadInput):
    """The copy holds no mark."""

    code = "copy_empty"
    message = N_("Nothing waited on the device when this copy was saved. There is nothing to take.")


@dataclass(frozen=True)
class Entry:
    """One mark as the device says it."""

    indicator: str
    base: int
    device_at: str
    value: str
    abstain_note: str
    panel_note: str
    feedback: str


@dataclass(frozen=True)
class Copy:
    """A copy whose signature fits its key; whose key that is, is another question."""

    data: bytes
    public_key: str
    account: str
    made_at: str
    sheets: Mapping[str, Sequence[Entry]]

    @property
    def digest(self) -> str:
        """SHA-256 of the bytes."""
        return hashlib.sha256(self.data).hexdigest()


def read_copy(data: bytes) -> Copy:
    """The copy in a file. Raises one of the refusals of this module, and nothing else, whatever the bytes are."""
    if len(data) > LARGEST:
        raise CopyTooLarge(limit=LARGEST // 1024)
    outer = _json_of(data)
    if not isinstance(outer, dict) or not isinstance(outer.get("format"), str):
        raise NotACopy
    if outer["format"] != FORMAT:
        raise CopyOfTheFuture if outer["format"].startswith(FAMILY) else NotACopy
    if set(outer) != {"format", "public_key", "content", "signature"} or not _all_texts(outer.values()):
        raise NotACopy
    try:
        key = read_device_key(outer["public_key"])
    except NotSigned:
        raise NotACopy from None
    content = outer["content"].encode()
    if not device_signed(key, content, outer["signature"]):
        raise CopyForged
    inner = _json_of(content)
    if not isinstance(inner, dict) or set(inner) != {"account", "made_at", "sheets"}:
        raise NotACopy
    if not _all_texts([inner["account"], inner["made_at"]]) or not isinstance(inner["sheets"], dict):
        raise NotACopy
    sheets = {ref: _entries(listed) for ref, listed in inner["sheets"].items()}
    if not any(sheets.values()):
        raise CopyEmpty
    if len(sheets) > MOST_SHEETS or not all(map(readable, sheets)):
        raise NotACopy
    return Copy(data, key, inner["account"], inner["made_at"][:LONGEST_MOMENT], sheets)


def _entries(listed: Any) -> Sequence[Entry]:
    if not isinstance(listed, list) or len(listed) > MOST_MARKS:
        raise NotACopy
    entries = [_entry(one) for one in listed]
    if len({one.indicator for one in entries}) != len(entries):
        raise NotACopy
    return entries


def _entry(said: Any) -> Entry:
    names = ("indicator", "device_at", *TEXTS)
    if not isinstance(said, dict) or set(said) != {"base", *names} or not _all_texts(said[name] for name in names):
        raise NotACopy
    base = said["base"]
    if type(base) is not int or not 0 <= base <= MOST_VERSIONS:
        raise NotACopy
    if len(said["indicator"]) > LONGEST_TYPED or len(said["value"]) > LONGEST_TYPED:
        raise NotACopy
    if any(len(said[name]) > LONGEST_TEXT for name in TEXTS):
        raise NotACopy
    return Entry(base=base, **{name: said[name] for name in names} | {"device_at": said["device_at"][:LONGEST_MOMENT]})


def _all_texts(values: Any) -> bool:
    return all(isinstance(one, str) and readable(one) for one in values)


def _json_of(data: bytes) -> Any:
    try:
        found = json.loads(
            data.decode("utf-8"), object_pairs_hook=_no_twins, parse_float=_fraction, parse_constant=_fraction
        )
    except RecursionError:
        raise CopyTooDeep from None
    except BadInput:
        raise
    except ValueError:
        raise NotACopy from None
    if _deeper_than(found, DEEPEST):
        raise CopyTooDeep
    return found


def _no_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise NotACopy
    return found


def _fraction(_text: str) -> NoReturn:
    raise CopyWithFractions


def _deeper_than(found: Any, limit: int) -> bool:
    level = [found]
    for _step in range(limit):
        level = [
            inner
            for one in level
            if isinstance(one, dict | list)
            for inner in (one.values() if isinstance(one, dict) else one)
        ]
        if not level:
            return False
    return any(isinstance(one, dict | list) for one in level)
