"""The whole address map by behaviour: every route, for everybody, in every state, as docs/security/matrix.md says."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import chain, combinations, product
from typing import Any
from zlib import crc32

import pytest
from sqlalchemy import update

from paritrana.database import db
from paritrana.nominations.models import Nomination
from paritrana.web.access import CommitInGet
from tests.access.oracle import (
    ALLOWED,
    BROUGHT,
    FILE,
    FORBIDDEN,
    HIDDEN,
    SHOWN_BY,
    SIGN_IN,
    WRONG_STATE,
    Grant,
    Matrix,
)
from tests.access.routes import ROUTES, Route
from tests.access.stage import ALWAYS, DEPUTIES, NEVER, PEOPLE, Stage, Who

STATES = range(10)
# `make test` walks to one door in five, by a lot that stays the same, in a state in which officers work; the slow set
# walks to all of them in every state, and test_cells.py asks the policy in every state.
OFTEN = 5
WALKED = [(OFTEN, 5), *(pytest.param(state, 1, marks=pytest.mark.slow) for state in STATES)]


@pytest.fixture
def stage(world_of_access: Stage) -> Stage:
    """The world of the walk."""
    return world_of_access


# The pages on which officers work on a nomination, and who does.
DESK = {
    "/verification/<ref>", "/verification/<ref>/items/<item>", "/verification/<ref>/requests",
    "/verification/<ref>/overrides",
    "/verification/<ref>/revisions/<int:a>/<int:b>", "/verification/<ref>/villages",
}  # fmt: skip
READERS = {"VE", "AS", "CH", "OR"}
EXPLAINED = "/verification/<ref>/explanation/<computed>"  # an auditor reads it, too
# What verifiers note of their visits: an auditor reads it too, with a reason.
VISITS = {"/verification/<ref>/visits", "/verification/<ref>/visits/<int:no>/photos/<int:photo>"}


def first_role(matrix: Matrix, route: Route, roles: frozenset[str], truth: Any, state: int) -> str | None:
    """The first role of the table in which the act is allowed, where there is one."""
    allowed = (
        role
        for role in matrix.rows[route.act]
        if role in roles and matrix.answer(route.act, frozenset({"PU", role}), truth, state, route.kind) == ALLOWED
    )
    return next(allowed, None)


def expected(matrix: Matrix, who: Who, route: Route, state: int) -> str:
    """What the matrix says to this person at this address."""
    roles, truth = who.roles_for(route), who.truth(route)
    at = state if route.about else None
    if route.act == "sign_out" and roles == {"PU"}:
        return ALLOWED  # there is nothing to end, and nothing is said about it
    if route.act == "recuse" and ("AS" not in roles or "n" in who.fails) and roles != {"PU"}:
        return HIDDEN  # the address is for an assessor who steps back; others have pages of their own for that
    if "/recusals/" in route.rule and "CH" in roles and "n" in who.fails:
        return HIDDEN  # a chair in conflict with the candidate does not learn who else is
    if route.safe and route.rule in DESK and first_role(matrix, route, roles, truth, state) not in READERS:
        return HIDDEN if roles != {"PU"} else SIGN_IN  # the desk of officers: a nominee has pages of its own
    if route.rule in VISITS and route.safe and first_role(matrix, route, roles, truth, state) == "NO":
        return HIDDEN
    if route.rule == EXPLAINED and first_role(matrix, route, roles, truth, state) not in READERS | {"AU"}:
        return HIDDEN if roles != {"PU"} else SIGN_IN  # a nominee has a page of its own
    first = matrix.answer(route.act, roles, truth, at, route.kind, second=route.second)
    if first != ALLOWED:
        return first
    if route.also == "edit_nomination" and state != 1:
        return WRONG_STATE  # what a change request asks for is answered on its own page; these pages stay as sent
    if route.also:
        return matrix.answer(route.also, roles, truth, at, route.kind)
    if route.act == "upload" and "NO" not in roles:
        return FORBIDDEN  # officers upload papers of their own, never among the evidence of a nominee
    if route.rule.lower().startswith("/verify/<code>") and state < 8:
        return HIDDEN  # before the publication every code is unknown
    return ALLOWED


def walked(matrix: Matrix, who: Who, one_in: int = 1) -> list[Route]:
    """The routes a person is walked along. An old sign-in matters only where some grant asks for a fresh one."""
    asking = {
        act for act, row in matrix.rows.items() if any("r" in one.guards for cell in row.values() for one in cell)
    }
    along = [one for one in ROUTES if one.rule.startswith(who.along) and (not who.stale or one.act in asking)]
    return [one for one in along if crc32(f"{who.label} {one.method} {one.rule}".encode()) % one_in == 0]


@pytest.mark.timeout(600)  # some two thousand requests, which a busy machine answers slowly
@pytest.mark.parametrize(("state", "one_in"), WALKED)
def test_every_route_answers_everybody_as_the_matrix_says(
    stage: Stage, state: int, one_in: int, figures_of: Callable[..., None]
) -> None:
    """Also: what only reads, and what is refused, leaves every row of every table as it was."""
    text = FILE.read_text(encoding="utf-8")
    matrix = Matrix.of(text)
    answers: list[tuple[Who, Route, str]] = []
    touched: list[tuple[str, str, str, list[str]]] = []
    for people, in_conflict in ((PEOPLE, False), (DEPUTIES, True)):
        stage.enter(state, chair_in_conflict=in_conflict)
        for who in people:
            for route in walked(matrix, who, one_in):
                said = stage.ask(who, route)
                answers.append((who, route, said))
                if changed := stage.changed():
                    if route.safe and route.rule == "/sign-in":
                        changed = [one for one in changed if one != "sign_in_session"]  # carries the page's token
                    if "<code>" in route.rule and route.act == "verify_certificate":
                        changed = [one for one in changed if one != "verify_attempt"]  # guesses are counted
                    if changed and (route.safe or said != ALLOWED):
                        touched.append((who.label, route.method, route.rule, changed))
                    stage.enter_again()

    def mismatches(said_by: Matrix) -> list[tuple[str, str, str, str, str]]:
        told = [(who, route, expected(said_by, who, route, state), said) for who, route, said in answers]
        return [(who.label, route.method, route.rule, due, said) for who, route, due, said in told if due != said]

    wrong = mismatches(matrix)
    # The control: with one letter changed the same answers no longer fit.
    row = next(line for line in text.splitlines() if line.startswith("| `manage_cycle`"))
    control = mismatches(Matrix.of(text.replace(row, row.replace("0-9 c", "0-9 o"))))
    kinds = Counter(said for _who, _route, said in answers)
    figures_of(
        "matrix", promises=["P01", "P03", "P22"], of="the doors", state=state, cells=len(answers), **kinds,
        mismatches=len(wrong), undeclared=0,
        get_commits=sum(method == "GET" for _who, method, *_rest in touched), control=bool(control),
    )  # fmt: skip
    assert wrong == []
    assert touched == []
    assert control


def test_the_table_of_routes_is_the_address_map(stage: Stage) -> None:
    """A route that is new comes into the table with its act, so that the walk goes along it."""
    mapped = {
        (method, rule.rule): stage.app.view_functions[rule.endpoint].__allowed__
        for rule in stage.app.url_map.iter_rules()
        for method in rule.methods - {"HEAD", "OPTIONS"}
    }
    written = {(route.method, route.rule): route for route in ROUTES}
    assert set(mapped) == set(written)
    for place, declared in mapped.items():
        route = written[place]
        assert (declared.act.value, declared.part.value == "second") == (route.act, route.second), place
        assert declared.loaders or not route.about, place


def test_a_safe_request_that_commits_and_a_refusal_that_writes_would_be_noticed(stage: Stage) -> None:
    """The control of the comparison of rows."""
    stage.enter(1)
    assert stage.changed() == []
    stage.elsewhere("UPDATE nomination SET version = version + 1")
    assert stage.changed() == ["nomination"]
    stage.enter_again()
    assert stage.changed() == []


def test_a_safe_request_cannot_commit(stage: Stage) -> None:
    """Whatever a view tries while it only shows something is refused and leaves no trace."""
    stage.enter(1)
    with stage.app.test_request_context("/home"):
        db.session.execute(update(Nomination).values(version=Nomination.version + 1))
        with pytest.raises(CommitInGet):
            db.session.commit()
        db.session.rollback()
        db.session.remove()
    assert stage.changed() == []


def test_an_auditor_says_why_before_reading_anything_of_a_nomination(stage: Stage) -> None:
    """A grant with `w` for reading asks for the reason in the address; nothing is shown without one."""
    stage.enter(6)
    auditor = next(who for who in PEOPLE if who.name == "auditor" and not who.stale)
    reading = [
        route for route in ROUTES
        if route.safe and route.about and route.act in {"see_nomination", "download_evidence", "see_ranking_preview"}
        and route.rule not in DESK
    ]  # fmt: skip
    assert len(reading) >= 3
    for route in reading:
        assert stage.status(auditor, route) == 422, route.rule
        assert stage.status(auditor, route, "  ") == 422, route.rule
        assert stage.status(auditor, route, "sampling of the year") == 200, route.rule


# Mutants of the matrix ------------------------------------------------------------------------------------------------


def cells() -> list[tuple[Who, Route, int]]:
    """Every question of the walk, without asking it."""
    matrix = Matrix.of(FILE.read_text(encoding="utf-8"))
    return [(who, route, state) for state in STATES for who in (*PEOPLE, *DEPUTIES) for route in walked(matrix, who)]


# Changes that no answer of a route can show, by act and role, and why.
BEYOND = {
    ("create_nomination", "NO"): "the door asks about no category; the form asks again about the chosen one",
    ("take_verification", "VE"): "the address is for who verifies, and asks for `verify` too",
    ("take_verification", "OR"): "the address is for who verifies; organisers have no address for it yet",
    ("recuse", "VE"): "a verifier steps back by the declaration; the address is an assessor's",
    ("recuse", "CH"): "a chair who marks is an assessor, too, whose grant is the same",
    ("recuse", "AS"): "a candidate is nobody's own item in particular, so `s` holds for every assessor",
    ("mark", "AS"): "a conflict is answered by the loader, as if the candidate were not there, before `n` is asked",
    ("deliver_late", "AS"): "the same as for `mark`",
    ("admit_late_mark", "CH"): "the same as for `mark`; whose own the sheet is, the service asks again",
    ("decide_paper", "CH"): "the leaf at this address is of another's sheet; whose own it is, the service asks again",
    ("reopen_sheet", "CH"): "who chairs is an assessor, too; whose own the sheet is, the service asks again",
    ("consolidate", "AS"): "the same as for `mark`, and `s`: a candidate is nobody's own item in particular",
    ("consolidate", "CH"): "who chairs is an assessor, too, whose grant answers alike at this address",
    ("submit_sheet", "AS"): "the same as for `mark`, and `s`: the sheet at this address is always the actor's own",
    ("manage_officers", "OR"): "the page of requests asks for the second part of the request's own act (tests/people)",
    ("manage_officers", "AU"): "the same",
    ("propose_officer", "AD"): "the same",
    ("rotate_key", "AU"): "the same",
    ("see_others_marks", "AS"): "the addresses are about a category, of which nobody has locked a sheet (`k`)",
}


@pytest.mark.slow
def test_every_change_of_a_guard_or_a_state_that_a_route_reaches_would_be_noticed(
    figures_of: Callable[..., None],
) -> None:
    """The walk showed what each route answers. A mutant of the matrix would have another answer expected somewhere.

    Of every grant each guard is removed and turned round, each end of its states is moved, and the grant is dropped.
    Beyond the walk are acts without a route, changes that another grant makes good (`equivalent`), what a form brings
    and is asked for after the door (`w`, `h`, `not_proposer`), and what `BEYOND` names.
    """
    text = FILE.read_text(encoding="utf-8")
    matrix = Matrix.of(text)
    asked = cells()

    def noticed(mutant: Matrix, act: str) -> bool:
        return any(expected(mutant, *one) != expected(matrix, *one) for one in asked if concerns(one[1], act))

    reached = {route.act for route in ROUTES} | {route.also for route in ROUTES}
    figures: Counter[str] = Counter()
    survivors: dict[tuple[str, str], list[str]] = {}
    for act, role, grant, what, mutant in mutants(matrix):
        if act not in reached:
            figures["no_route"] += 1
        elif noticed(mutant, act):
            figures["killed"] += 1
        elif equivalent(matrix, mutant, act, role, grant):
            figures["equivalent"] += 1
        else:
            survivors.setdefault((act, role), []).append(what)
    figures["beyond"] = sum(map(len, survivors.values()))
    # The control: the same matrix read once more is no mutant of itself, and one changed letter of its text is noticed.
    row = next(line for line in text.splitlines() if line.startswith("| `manage_cycle`"))
    letter = Matrix.of(text.replace(row, row.replace("0-9 c", "0-9 o")))
    control = noticed(letter, "manage_cycle") and not any(noticed(Matrix.of(text), act) for act in matrix.rows)
    figures_of("guard mutants at doors", mutants=sum(figures.values()), **figures, control=control)
    assert control
    assert set(survivors) == set(BEYOND), {place: survivors[place] for place in set(survivors) - set(BEYOND)}
    assert figures["killed"] > 5 * figures["beyond"]


def concerns(route: Route, act: str) -> bool:
    """Whether the answer of a route may depend on the row of an act."""
    return act in {route.act, route.also, *SHOWN_BY[route.kind]}


def equivalent(matrix: Matrix, mutant: Matrix, act: str, role: str, grant: Grant) -> bool:
    """Whether a mutant answers everything like the matrix: another grant allows the same to the same people."""
    letters = {guard for cell in matrix.rows[act].values() for one in cell for guard in one.guards}
    letters -= BROUGHT | ALWAYS | NEVER
    held = [{"PU", role, "AS"}] if role == "CH" else [{"PU", role}, *([{"PU", "AS", "CH"}] if role == "AS" else [])]
    for some in chain.from_iterable(combinations(sorted(letters), n) for n in range(len(letters) + 1)):
        for state, roles in product(STATES, map(frozenset, held)):

            def truth(_role: str, guard: str, some: tuple[str, ...] = some) -> bool:
                return guard in ALWAYS or guard in some

            one, other = (
                table.answer(act, roles, truth, state, "public", second=grant.second) for table in (matrix, mutant)
            )
            if one != other:
                return False
    return True


def mutants(matrix: Matrix) -> Iterator[tuple[str, str, Grant, str, Matrix]]:
    """Act, role, the grant, what was done, and the matrix with that one change."""
    for act, row in matrix.rows.items():
        for role, grants in row.items():
            for place, grant in enumerate(grants):
                for what, changed in changes(grant):
                    cell = (*grants[:place], *changed, *grants[place + 1 :])
                    yield act, role, grant, f"{place} {what}", Matrix({**matrix.rows, act: {**row, role: cell}})


def changes(grant: Grant) -> Iterator[tuple[str, tuple[Grant, ...]]]:
    """The mutants of one grant."""
    yield "dropped", ()
    for guard in sorted(grant.guards - BROUGHT):
        if guard not in ALWAYS | NEVER:
            yield f"without {guard}", (replace(grant, guards=grant.guards - {guard}),)
        yield f"not {guard}", (replace(grant, guards=grant.guards - {guard} | {f"!{guard}"}),)
    if grant.states is not None:
        for state in (min(grant.states), max(grant.states)):
            yield f"not in {state}", (replace(grant, states=grant.states - {state}),)
        for state in {min(grant.states) - 1, max(grant.states) + 1} & set(STATES):
            yield f"in {state} too", (replace(grant, states=grant.states | {state}),)
