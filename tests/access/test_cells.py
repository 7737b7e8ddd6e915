"""Every cell of docs/security/matrix.md against the policy: each person at each kind of address in each state.

The walk asks the doors and takes a minute for a state; here the one function behind them is asked alone, so that every
state is seen every time. Then each letter of the policy is changed in turn, and some cell has to notice it.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import combinations

from paritrana.core.lifecycle import State
from paritrana.core.policy import ANYBODY, Act, Actor, Answer, Part, Seat, decide
from tests.access import oracle
from tests.access.oracle import FILE, Matrix
from tests.access.routes import ROUTES, Route
from tests.access.stage import DEPUTIES, PEOPLE, Who

SAID = {
    Answer.ALLOW: oracle.ALLOWED, Answer.SIGN_IN: oracle.SIGN_IN, Answer.NOT_FRESH: oracle.FRESH,
    Answer.FORBIDDEN: oracle.FORBIDDEN, Answer.HIDDEN: oracle.HIDDEN, Answer.WRONG_STATE: oracle.WRONG_STATE,
}  # fmt: skip


def actor_of(roles: frozenset[str], *, fresh: bool) -> Actor:
    """Somebody who holds these roles in category 1 of cycle 1."""
    if roles == {"PU"}:
        return ANYBODY
    one = frozenset({1})
    seat = Seat(1, "chair" if "CH" in roles else "member")
    return Actor(
        user_id=1,
        organisations=one if "NO" in roles else frozenset(),
        verifies=one if "VE" in roles else frozenset(),
        organises=one if "OR" in roles else frozenset(),
        audits=one if "AU" in roles else frozenset(),
        administrator="AD" in roles,
        fresh=fresh,
        seats={1: seat} if roles & {"AS", "CH"} else {},
    )


def said(actor: Actor, act: Act, truth: oracle.Truth, state: int | None, part: Part) -> str:
    """What the policy answers, in the words of the matrix."""
    place = {} if state is None else {"state": State(state), "cycle_id": 1, "category_id": 1}
    return SAID[decide(actor, act, lambda role, guard: truth(role.value, guard.value), part=part, **place).answer]  # type: ignore[arg-type]


def questions() -> list[tuple[Who, Route, int | None]]:
    """Person, one address of each act, part and kind, and state: each question once."""
    asked: dict[object, tuple[Who, Route, int | None]] = {}
    for route in ROUTES:
        for who in (*PEOPLE, *DEPUTIES):
            for state in range(10) if route.about else [None]:
                # What a person's guards say hangs on the kind of the address and on nothing else of it.
                asked[who.label, who in DEPUTIES, route.act, route.second, route.kind, route.about, state] = (
                    who,
                    route,
                    state,
                )
    return list(asked.values())


def mismatches(matrix: Matrix) -> tuple[int, list[tuple[str, ...]]]:
    """How many cells were compared, and those that the policy answers otherwise."""
    wrong = []
    asked = questions()
    for who, route, state in asked:
        roles, truth = who.roles_for(route), who.truth(route)
        part = Part.SECOND if route.second else Part.FIRST
        due = matrix.answer(route.act, roles, truth, state, route.kind, second=route.second)
        told = said(actor_of(roles, fresh=not who.stale), Act(route.act), truth, state, part)
        if due != told:
            wrong.append((who.label, route.act, route.kind, str(state), due, told))
    return len(asked), wrong


def test_every_cell_of_the_matrix_is_what_the_policy_says(figures_of: Callable[..., None]) -> None:
    began = time.monotonic()
    text = FILE.read_text(encoding="utf-8")
    cells, wrong = mismatches(Matrix.of(text))
    row = next(line for line in text.splitlines() if line.startswith("| `manage_cycle`"))
    _cells, control = mismatches(Matrix.of(text.replace(row, row.replace("0-9 c", "0-9 o"))))
    figures_of(
        "matrix", promises=["P01", "P03", "P22"], of="the policy", cells=cells, mismatches=len(wrong), undeclared=0,
        get_commits=0, seconds=round(time.monotonic() - began, 1), control=bool(control),
    )  # fmt: skip
    assert wrong == []
    assert cells >= 10_000
    assert control


# Mutants of the letters -----------------------------------------------------------------------------------------------


def mutants(matrix: Matrix) -> Iterator[tuple[str, str, oracle.Grant, Matrix]]:
    """Act, role, the grant, and the matrix with one change in that grant: a letter, an end of its states, or all."""
    for act, row in matrix.rows.items():
        for role, grants in row.items():
            for place, grant in enumerate(grants):
                for changed in changes(grant):
                    cell = (*grants[:place], *changed, *grants[place + 1 :])
                    yield act, role, grant, Matrix({**matrix.rows, act: {**row, role: cell}})


def changes(grant: oracle.Grant) -> Iterator[tuple[oracle.Grant, ...]]:
    """The mutants of one grant: dropped, each guard removed or turned round, each end of its states moved."""
    yield ()
    for guard in sorted(grant.guards - oracle.BROUGHT):
        yield (replace(grant, guards=grant.guards - {guard}),)
        yield (replace(grant, guards=grant.guards - {guard} | {f"!{guard}"}),)
    if grant.states is not None:
        for state in {min(grant.states), max(grant.states)}:
            yield (replace(grant, states=grant.states - {state}),)
        for state in {min(grant.states) - 1, max(grant.states) + 1} & set(range(10)):
            yield (replace(grant, states=grant.states | {state}),)


def held_with(role: str) -> list[frozenset[str]]:
    """Sets of roles of one person in which `role` is."""
    if role == "PU":
        return [frozenset({"PU"})]
    if role in {"AS", "CH"}:
        return [frozenset({"PU", "AS", "CH"}), *([frozenset({"PU", "AS"})] if role == "AS" else [])]
    return [frozenset({"PU", role})]


def holding(some: frozenset[str]) -> oracle.Truth:
    """Whether a guard holds: those of `some` do, whoever asks."""
    return lambda _role, guard: guard in some


class Asked:
    """The policy and the matrix about one act, for every person whose guards are free to hold or not."""

    def __init__(self, matrix: Matrix, act: str) -> None:
        self.act = act
        free = {guard for cell in matrix.rows[act].values() for one in cell for guard in one.guards} - oracle.BROUGHT
        self.holding = [frozenset(some) for n in range(len(free) + 1) for some in combinations(sorted(free), n)]
        self._told: dict[object, bool] = {}

    def policy(self, roles: frozenset[str], some: frozenset[str], state: int, second: bool) -> bool:
        """Whether the policy allows it."""
        key = roles, some, state, second
        if key not in self._told:
            part = Part.SECOND if second else Part.FIRST
            actor = actor_of(roles, fresh="r" in some)
            self._told[key] = said(actor, Act(self.act), holding(some), state, part) == oracle.ALLOWED
        return self._told[key]

    def differs(self, other: Matrix, role: str, second: bool) -> bool:
        """Whether some cell of `other` is not what the policy says."""
        for some in self.holding:
            for roles in held_with(role):
                for state in range(10):
                    told = other.answer(self.act, roles, holding(some), state, "public", second=second)
                    if (told == oracle.ALLOWED) != self.policy(roles, some, state, second):
                        return True
        return False


def test_every_changed_letter_of_the_table_differs_from_the_policy(figures_of: Callable[..., None]) -> None:
    """Every person, guard and state is tried, so a mutant that nobody notices answers everybody like the original.

    Those are grants that another grant of the same people makes good: removing either of the two changes nothing.
    """
    began = time.monotonic()
    matrix = Matrix.of(FILE.read_text(encoding="utf-8"))
    figures: Counter[str] = Counter()
    untouched = []
    for act in matrix.rows:
        asked = Asked(matrix, act)
        untouched += [
            (act, role) for role in matrix.rows[act] for second in (False, True) if asked.differs(matrix, role, second)
        ]
    asked_of: dict[str, Asked] = {}
    for act, role, grant, mutant in mutants(matrix):
        asked = asked_of.setdefault(act, Asked(matrix, act))
        noticed = asked.differs(mutant, role, grant.second)
        figures.update(["mutants", "killed"] if noticed else ["equivalent"])
    figures_of(
        "guard mutants", promises=["P01", "P02", "P03", "P04", "P05"], of="letters", **figures,
        seconds=round(time.monotonic() - began, 1),
        control=not untouched,
    )  # fmt: skip
    assert untouched == []  # the control: the matrix as it is differs nowhere
    assert figures["killed"] > 5 * figures["equivalent"]
