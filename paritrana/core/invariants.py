"""What must hold whenever nobody is writing: how a broken rule is told, and how two ordered readings are compared.

Each room knows its own rules (`invariants.py`) and reads its tables as streams, so that memory stays flat whatever the
number of rows: what happened comes in the order of the objects, the rows come in the same order, and both are walked
side by side.
"""

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import Any, TypeVar

from paritrana.core.chain import plain

Values = Mapping[str, Any]
Found = dict[Hashable, dict[str, Any]]
Fold = Callable[[Found, "Told"], None]
Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Broken:
    """A rule that does not hold: its stable code, the public reference of the object, one English sentence."""

    rule: str
    where: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Check:
    """One look at the database: the rules it can name, each with its meaning, and the function that looks."""

    rules: Mapping[str, str]
    look: Callable[[], Iterator[Broken]]


@dataclass(frozen=True, slots=True)
class Told:
    """One event as the replay sees it. `silent` is one whose body was erased or cannot be read."""

    ref: str
    kind: str
    actor: str
    values: Values
    silent: bool = False


@dataclass(frozen=True, slots=True)
class Stored:
    """One row as the replay sees it: the object its events name, which part of it this is, and what it holds.

    `values` has the names of the event; a value that is None stands for one that the event leaves out.
    """

    ref: str
    part: Hashable
    values: Values


def replayed(name: str, noun: str) -> dict[str, str]:
    """The three rules of a table that is replayed from events."""
    return {
        f"{name}.without_event": f"Every {noun} is told by an event.",
        f"{name}.event_without_row": f"Every {noun} that an event tells of is in its table.",
        f"{name}.event_differs": f"The last event of every {noun} says what its row says.",
    }


def replay(
    name: str,
    noun: str,
    events: Iterable[Told],
    rows: Iterable[Stored],
    fold: Fold,
) -> Iterator[Broken]:
    """Compare what events tell with what rows hold; both come in the order of their `ref`, events also in time.

    `fold` keeps in a mapping, per part of the object, what holds after an event, and nothing where the part is gone. Of
    an object with a silent event nobody can say any more what holds: it is passed over. Memory holds one object.
    """
    for ref, told, stored in side_by_side(events, rows, lambda one: one.ref, lambda one: one.ref):
        if any(event.silent for event in told):
            continue
        now: Found = {}
        for event in told:
            fold(now, event)
        for row in stored:
            where = place(ref, row.part)
            if row.part not in now:
                yield Broken(f"{name}.without_event", where, f"No event tells of this {noun}.")
                continue
            wrong = differing(now.pop(row.part), row.values)
            if wrong:
                sentence = f"The row and the last event of this {noun} differ in {', '.join(wrong)}."
                yield Broken(f"{name}.event_differs", where, sentence)
        for part in now:
            yield Broken(
                f"{name}.event_without_row", place(ref, part), f"An event tells of a {noun} that is not in its table."
            )


def latest(*names: str) -> Fold:
    """The fold of events that carry the complete new value: the last one holds. `names` tell the part of the object."""

    def keep(now: Found, event: Told) -> None:
        now[tuple(event.values.get(name) for name in names)] = {**event.values, "actor": event.actor}

    return keep


def place(ref: str, part: Hashable) -> str:
    """Where something is: the object, and the part of it where it has parts."""
    parts = part if isinstance(part, tuple) else (part,)
    return " ".join([ref, *(str(one) for one in parts if one not in (None, ""))])


def differing(said: Values, holds: Values) -> list[str]:
    """The names of the values that a row holds otherwise than the event said; only what the row names is compared."""
    now: dict[str, Any] = plain(holds)
    return [name for name in holds if now.get(name) != said.get(name)]


def side_by_side(
    left: Iterable[Item], right: Iterable[Any], left_key: Callable[[Item], str], right_key: Callable[[Any], str]
) -> Iterator[tuple[str, list[Item], list[Any]]]:
    """Groups of two readings by a key in which both are in ascending order, compared by code point."""
    one, other = _groups(left, left_key), _groups(right, right_key)
    mine, theirs = next(one, None), next(other, None)
    while mine is not None or theirs is not None:
        if theirs is None or (mine is not None and mine[0] < theirs[0]):
            assert mine is not None  # noqa: S101 - one of the two is there
            yield mine[0], mine[1], []
            mine = next(one, None)
        elif mine is None or theirs[0] < mine[0]:
            yield theirs[0], [], theirs[1]
            theirs = next(other, None)
        else:
            yield mine[0], mine[1], theirs[1]
            mine, theirs = next(one, None), next(other, None)


def _groups(items: Iterable[Item], key: Callable[[Item], str]) -> Iterator[tuple[str, list[Item]]]:
    for name, group in groupby(((key(item), item) for item in items), itemgetter(0)):
        yield name, [item for _name, item in group]
