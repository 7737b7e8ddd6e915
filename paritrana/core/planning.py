"""The plan of interviews: an order drawn from a published seed, slots laid out over rooms and days, and clashes.

Source: docs/method.md, the order of interviews.
"""

import hashlib
from bisect import bisect_left, insort
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from paritrana.core.errors import ParitranaError
from paritrana.core.words import N_


class NotEnoughTime(ParitranaError):
    """The days and rooms do not hold all candidates. Params: `n` (those without a place)."""

    code = "not_enough_time"
    message = N_("The days and rooms have no place for %(n)s candidates. Add a day or a room, or shorten the slots.")


@dataclass(frozen=True)
class Window:
    """A room on a day, from when until when it can be used."""

    day: str
    room: str
    begins: datetime
    ends: datetime


@dataclass(frozen=True)
class Slot:
    """A planned interview. `panel` are the assessors who hear it, `presenters` whoever must be there for it."""

    ref: str
    day: str
    room: str
    begins: datetime
    length: timedelta
    panel: frozenset[str] = frozenset()
    presenters: frozenset[str] = frozenset()

    @property
    def ends(self) -> datetime:
        """When the slot is over, the buffer after it left out."""
        return self.begins + self.length


@dataclass(frozen=True)
class Clash:
    """Two slots at one time that need the same thing: `kind` is `room`, `panel` or `presenter`."""

    kind: str
    first: str
    second: str
    shared: tuple[str, ...]


def draw_order(refs: Collection[str], seed: str) -> list[str]:
    """The refs in the order that `seed` draws: by SHA-256 of `<seed>:<ref>` in UTF-8, smallest first.

    Anybody who knows the seed and the refs gets the same order; the order in which the refs are given is of no matter.
    """
    return sorted(refs, key=lambda ref: (hashlib.sha256(f"{seed}:{ref}".encode()).digest(), ref))


@dataclass(frozen=True)
class Needs:
    """Who must be there for an interview besides its room; see `Slot`."""

    panel: frozenset[str] = frozenset()
    presenters: frozenset[str] = frozenset()


def lay_out(
    refs: Sequence[str],
    windows: Sequence[Window],
    length: timedelta,
    buffer: timedelta,
    *,
    needs: Mapping[str, Needs] | None = None,
    taken: Sequence[Slot] = (),
) -> list[Slot]:
    """A slot for each ref in its order, always in the room that can have it first; equal starts go by the windows.

    A slot starts where its room, its panel and its presenters are free of all earlier slots and of those `taken`:
    between two slots of a room or a panel lies at least `buffer`. Raises `NotEnoughTime`.
    """
    needs = needs or {}
    busy = sorted(taken, key=lambda slot: slot.begins)
    longest = max((slot.length for slot in busy), default=length)
    reach = max(longest, length) + buffer  # no slot that begins earlier than this before another one touches it
    slots: list[Slot] = []
    left = 0
    for ref in refs:
        need = needs.get(ref, Needs())
        best: Slot | None = None
        for window in windows:
            if best is not None and window.begins >= best.begins:
                continue
            wished = Slot(ref, window.day, window.room, window.begins, length, need.panel, need.presenters)
            first = _first_free(wished, busy, buffer, reach)
            if first.ends <= window.ends and (best is None or first.begins < best.begins):
                best = first
        if best is None:
            left += 1
            continue
        slots.append(best)
        insort(busy, best, key=lambda slot: slot.begins)
    if left:
        raise NotEnoughTime(n=left)
    return slots


def _first_free(wished: Slot, busy: Sequence[Slot], buffer: timedelta, reach: timedelta) -> Slot:
    """The slot at the first moment from its own on at which nothing it needs is taken; `busy` is in order of time."""
    for other in busy[bisect_left(busy, wished.begins - reach, key=lambda slot: slot.begins) :]:
        if other.begins >= wished.ends + buffer:
            break
        if _clash(wished, other, buffer) or _clash(other, wished, buffer):
            after = other.ends + (buffer if _same_room(wished, other) or wished.panel & other.panel else timedelta(0))
            wished = replace(wished, begins=max(wished.begins, after))
    return wished


def _same_room(first: Slot, second: Slot) -> bool:
    return bool(first.room) and first.room.casefold() == second.room.casefold()


def clashes(slots: Iterable[Slot], buffer: timedelta = timedelta(0)) -> list[Clash]:
    """Every pair of slots at the same time that shares a room, an assessor or a presenter, in the order of the slots.

    Rooms are compared without regard to case; slots without a room share none. Within a room or a panel `buffer` must
    lie between two slots; a presenter may go straight from one to the next.
    """
    found: list[Clash] = []
    near: list[Slot] = []
    for second in sorted(slots, key=lambda slot: (slot.begins, slot.ref)):
        near = [first for first in near if second.begins < first.ends + buffer]
        for first in near:
            found.extend(_clash(first, second, buffer))
        near.append(second)
    return sorted(found, key=lambda clash: (clash.first, clash.second))


def _clash(first: Slot, second: Slot, buffer: timedelta) -> list[Clash]:
    """What the second slot takes from the first, which begins before it or together with it."""
    found = []
    near = first.begins <= second.begins < first.ends + buffer
    if near and _same_room(first, second):
        found.append(Clash("room", first.ref, second.ref, (first.room,)))
    if near and first.panel & second.panel:
        found.append(Clash("panel", first.ref, second.ref, tuple(sorted(first.panel & second.panel))))
    if near and second.begins < first.ends and first.presenters & second.presenters:
        found.append(Clash("presenter", first.ref, second.ref, tuple(sorted(first.presenters & second.presenters))))
    return found
