"""What docs/security/matrix.md says, read as text and decided anew: nothing here comes from the application's policy.

`Matrix(text)` reads the table; `answer` decides for a person and a subject whose guards are known by construction.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

FILE = Path(__file__).parents[2] / "docs" / "security" / "matrix.md"

# The classes of an answer at the door.
ALLOWED, SIGN_IN, FRESH, FORBIDDEN, HIDDEN, WRONG_STATE = "allowed", "401", "401 fresh", "403", "404", "409"

ROLES = 8

# Acts that show that a thing of a kind exists. Whoever has none of them for it must not learn of it.
SHOWN_BY = {
    "nomination": ("see_draft", "see_nomination"),
    "slot": ("manage_cycle", "see_nomination"),
    "cycle": ("manage_cycle",),
    "marks": ("manage_cycle",),
    "audit": ("view_audit",),
    "sheet": ("see_own_marks",),
    "paper": ("see_own_marks",),
    "call": ("read_public_page",),
    "public": (),
    "house": (),
}
# Before anybody signs in there is nothing to hide behind the sign-in page.
WITHOUT_ACCOUNT = {
    "read_public_page",
    "read_public_result",
    "verify_certificate",
    "view_checkpoints",
    "export_public_bundle",
}
# What a form brings along is asked of the form: at the door it counts as met.
BROUGHT = {"w", "h", "not_proposer"}

_GRANT = re.compile(
    r"(?P<low>any|\d)(-(?P<high>\d))?( (?!2)(?P<letters>[a-zA-Z]+))?( ?2\([A-Z]{2}\))?"
    r"( (?P<second>2nd)( (?P<more>[a-zA-Z]+))?)?( \[(?P<words>[a-z_ ]+)\])?"
)


@dataclass(frozen=True)
class Grant:
    """One grant of a cell. `states` None: any."""

    states: frozenset[int] | None
    guards: frozenset[str]
    second: bool


Truth = Callable[[str, str], bool]  # (role, guard)


@dataclass(frozen=True)
class Matrix:
    """The table: act, then role, then grants."""

    rows: dict[str, dict[str, tuple[Grant, ...]]]

    @classmethod
    def of(cls, text: str) -> "Matrix":
        """Read the table of the page."""
        table = [line for line in text.splitlines() if line.startswith("| ") and line.count("|") > 8]
        roles = [cell.strip() for cell in table[0].strip("|").split("|")][1:]
        rows = {}
        for line in table[2:]:
            act, *cells = [cell.strip() for cell in line.strip("|").split("|")]
            rows[act.strip("`")] = {role: tuple(_grants(cell)) for role, cell in zip(roles, cells, strict=True) if cell}
        return cls(rows)

    def answer(
        self, act: str, roles: frozenset[str], truth: Truth, state: int | None, kind: str, *, second: bool = False
    ) -> str:
        """The class of the answer. `state` None: the question is about no category, and no guard is asked."""
        signed_in = roles != {"PU"}
        row = self.rows[act]
        everybody = "PU" not in row and len(row) == ROLES - 1 and all(map(_anytime, row.values()))
        if signed_in and everybody:  # what everybody with an account may do needs no role
            afresh = all("r" in grant.guards for cell in row.values() for grant in cell)
            return FRESH if afresh and not truth("", "r") else ALLOWED
        grants = [
            (role, grant) for role, cell in row.items() if role in roles for grant in cell if grant.second == second
        ]
        if any(self._fails(grant, role, truth, state) == (True, set()) for role, grant in grants):
            return ALLOWED
        if not signed_in and act not in WITHOUT_ACCOUNT:
            return SIGN_IN
        if any(self._fails(grant, role, truth, state) == (True, {"r"}) for role, grant in grants):
            return FRESH
        shown = SHOWN_BY[kind]
        if act in shown or not any(self.answer(one, roles, truth, state, "public") == ALLOWED for one in shown):
            return HIDDEN
        if any(self._fails(grant, role, truth, state)[1] <= {"r"} for role, grant in grants):
            return WRONG_STATE
        return FORBIDDEN

    @staticmethod
    def _fails(grant: Grant, role: str, truth: Truth, state: int | None) -> tuple[bool, set[str]]:
        in_state = state is None or grant.states is None or state in grant.states
        return in_state, {
            guard for guard in grant.guards - BROUGHT if truth(role, guard.lstrip("!")) == guard.startswith("!")
        }


def _anytime(cell: tuple[Grant, ...]) -> bool:
    return any(grant.states is None for grant in cell)


def _grants(cell: str) -> Iterator[Grant]:
    for part in cell.split(";"):
        match = _GRANT.fullmatch(part.strip())
        if match is None:
            raise ValueError(f"cannot read {part!r}")
        low, high = match["low"], match["high"] or match["low"]
        states = None if low == "any" else frozenset(range(int(low), int(high) + 1))
        guards = {*(match["letters"] or ""), *(match["more"] or ""), *(match["words"] or "").split()}
        yield Grant(states, frozenset(guards), match["second"] is not None)
