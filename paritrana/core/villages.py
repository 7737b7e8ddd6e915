"""Villages roll up into their regency: its own list beside what each village says, and which of them reach the norm.

A village of the list and the same village elsewhere are known by their names only: there is no register of all
villages with codes (`seed/README.md`). Nothing here touches the database; the norm is handed in, it is data.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from paritrana.core.evidence.specs import Stored
from paritrana.core.evidence.stored import fields_of, line_key, lines_of, number, text
from paritrana.core.quantities import People

Standing = Literal["reached", "below", "missing"]
STANDINGS: tuple[Standing, ...] = ("reached", "below", "missing")

# What a list of villages may be narrowed to.
CHOICES = (*STANDINGS, "differs")

# Words before the name of a village that one list writes and another leaves out.
PREFIXES = ("pemerintah", "desa", "kelurahan", "kampung", "gampong", "nagari")


@dataclass(frozen=True)
class Claim:
    """What a village says in its own nomination: protected vulnerable workers as sent and as found.

    `found` is None until every figure it is made of has a verdict.
    """

    name: str
    sent: int
    found: int | None = None

    @property
    def best(self) -> int:
        """The verified number where there is one, else the sent one."""
        return self.sent if self.found is None else self.found


@dataclass(frozen=True)
class Village:
    """One village: the line of the regency's list (`line` None: not listed), its people, and the village's own claim.

    `people` is None where the list leaves the number out.
    """

    name: str
    line: str | None
    people: int | None
    claim: Claim | None = None

    @property
    def difference(self) -> int | None:
        """The regency's number minus the village's own, None where one of them is missing."""
        return None if self.people is None or self.claim is None else self.people - self.claim.best

    @property
    def gap(self) -> People | None:
        """The difference with its sign, for a page."""
        return None if self.difference is None else People(self.difference, signed=True)

    @property
    def differs(self) -> bool:
        """Whether the two say different things: other numbers, or a village with workers that is not on the list."""
        return bool(self.difference) or (self.line is None and self.claim is not None and self.claim.best > 0)


@dataclass(frozen=True)
class RollUp:
    """All villages of one regency. `stated` is the number of villages it states; `norm` None means that none is set."""

    villages: tuple[Village, ...]
    stated: int | None
    norm: int | None

    @property
    def total(self) -> int:
        """The number of villages: the stated one, or all that are named where those are more."""
        return max(self.stated or 0, len(self.villages))

    @property
    def unnamed(self) -> int:
        """How many villages are missing without a name: nobody loaded a list of them."""
        return self.total - len(self.villages)

    def standing(self, village: Village) -> Standing:
        """Where a village stands by the regency's list; without a norm every listed one with a number reaches it."""
        return "missing" if village.line is None else self._of(village.people)

    def _of(self, people: int | None) -> Standing:
        if people is None:
            return "below"
        return "reached" if people >= (self.norm or 0) else "below"

    def listed(self) -> Mapping[Standing, int]:
        """How many villages stand where by the regency's list; the unnamed ones are missing."""
        return self._counted(self.standing(one) for one in self.villages)

    def sent(self) -> Mapping[Standing, int]:
        """How many stand where by what the villages sent themselves; who sent nothing is missing."""
        return self._counted(self._of(one.claim.sent) for one in self.villages if one.claim)

    def found(self) -> Mapping[Standing, int]:
        """How many stand where by what verifiers found in the villages' nominations; not verified yet is missing."""
        claims = [one.claim for one in self.villages if one.claim and one.claim.found is not None]
        return self._counted(self._of(one.found) for one in claims)

    def _counted(self, standings: Iterable[Standing]) -> Mapping[Standing, int]:
        counts = Counter(standings)
        missing = self.total - counts["reached"] - counts["below"]
        return {"reached": counts["reached"], "below": counts["below"], "missing": missing}


def roll_up(data: Stored, register: Sequence[str], claims: Sequence[Claim], norm: int | None) -> RollUp:
    """The villages of a `village_allocation` item, then those that only the register or a nomination knows, by name.

    A line is the village of the same name; where no name is the same, words such as "Desa" before it are left out,
    but only where that names one village on each side. A village listed twice keeps both lines; its claim stands at
    the first.
    """
    lines = lines_of(data)
    listed = [text(line, "name") for line in lines]
    waiting = _paired(listed, [one.name for one in claims])
    known = _paired(listed, register)
    villages = [
        Village(name, line_key(line), number(line, "people"), claims[waiting[place]] if place in waiting else None)
        for place, (name, line) in enumerate(zip(listed, lines, strict=True))
    ]
    taken, claimed = set(waiting.values()), {folded(claims[no].name) for no in waiting.values()}
    rest = {folded(one.name): Village(one.name, None, None, one) for no, one in enumerate(claims) if no not in taken}
    matched = set(known.values()) | {no for no, name in enumerate(register) if folded(name) in claimed}
    for no, name in enumerate(register):
        if no not in matched:
            rest.setdefault(folded(name), Village(name, None, None))
    return RollUp((*villages, *(rest[key] for key in sorted(rest))), number(fields_of(data), "villages.count"), norm)


def chosen(rolled: RollUp, choice: str) -> list[Village]:
    """The villages of one standing, or those that differ; all of them for another word."""
    if choice == "differs":
        return [one for one in rolled.villages if one.differs]
    if choice in STANDINGS:
        return [one for one in rolled.villages if rolled.standing(one) == choice]
    return list(rolled.villages)


def protected(data: Stored) -> int:
    """The vulnerable workers a village says it protects: the people of all lines of `vulnerable_workers`."""
    return sum(number(line, "people") or 0 for line in lines_of(data))


def folded(name: str) -> str:
    """A name for comparing: small letters, single blanks."""
    return " ".join(name.casefold().split())


def bare(name: str) -> str:
    """The folded name without the words before it, such as "Desa"; the whole where nothing else is left."""
    words = folded(name).split(" ")
    while len(words) > 1 and words[0] in PREFIXES:
        words = words[1:]
    return " ".join(words)


def _paired(listed: Sequence[str], others: Sequence[str]) -> dict[int, int]:
    """Which of the others each listed name means: place in the list to place among the others, each used once."""
    found: dict[int, int] = {}
    for of in (folded, bare):
        used = set(found.values())
        left = [no for no in range(len(others)) if no not in used]
        open_ = [no for no in range(len(listed)) if no not in found]
        names = Counter(of(others[no]) for no in left)
        mine = Counter(of(listed[no]) for no in open_)
        places = {of(others[no]): no for no in reversed(left)}
        for no in open_:
            name = of(listed[no])
            if not name or name not in places or (of is bare and (names[name] > 1 or mine[name] > 1)):
                continue
            found[no] = places.pop(name)
    return found
