"""Removing or inverting any one guard is noticed at a door: somebody gets another answer than the matrix gives.

For each guard some address is asked for which it decides: once as the world stands, once after a statement that makes
the guard false there. The matrix says what is answered; with the guard taken away, or turned round, something else is.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

import pytest
from sqlalchemy import select

from paritrana.core.policy import Act, Guard
from paritrana.cycles.models import Category
from paritrana.database import db
from paritrana.nominations.models import Nomination
from paritrana.sheets.models import Sheet
from paritrana.web.access import Access, ask
from tests.access.oracle import ALLOWED, FILE, Matrix
from tests.access.routes import ROUTES, Route
from tests.access.stage import PEOPLE, Stage, Who
from tests.access.test_walk import expected
from tests.access.worlds import person, without_triggers


@pytest.fixture
def stage(world_of_access: Stage) -> Stage:
    """The world of the walk."""
    return world_of_access


@dataclass(frozen=True)
class Scene:
    """Where a guard decides: a state, somebody at an address, and the statement after which the guard fails there.

    Without a statement `other` is somebody for whom it fails.
    """

    state: int
    who: str
    method: str
    rule: str
    falsified: str = ""
    other: str = ""


CANDIDATE = "(SELECT id FROM nomination WHERE candidate_code = '99.01')"
SCENES: Mapping[Guard, Scene] = {
    Guard.OWN: Scene(3, "nominee-1", "GET", "/nominations/<ref>", other="nominee-2"),
    Guard.UNCONFLICTED: Scene(3, "verifier-3", "GET", "/verification/<ref>", other="verifier-2"),
    Guard.CATEGORY_UNCONFLICTED: Scene(6, "assessor-3", "GET", "/manage/<cycle>/ranking/<cat>", other="assessor-4"),
    Guard.OPEN_REQUEST: Scene(
        3, "nominee-1", "POST", "/nominations/<ref>/requests/<int:no>", "UPDATE change_request SET state = 'answered'"
    ),
    Guard.NOT_FIRST_PERSON: Scene(3, "verifier-3", "POST", "/verification/<ref>/close/confirm", other="verifier-1"),
    Guard.OWN_ITEM: Scene(4, "assessor-3", "GET", "/api/v1/sheets/<ref>", other="deputy"),
    Guard.IN_GRACE: Scene(2, "nominee-1", "POST", "/nominations/<ref>/documents", "DELETE FROM file_declaration"),
    Guard.SIMULATED: Scene(
        3, "organiser-1", "POST", "/manage/<cycle>/clock",
        "UPDATE cycle SET kind = 'real', offset_seconds = 0, held_seconds = 0, waits_at = NULL",
    ),
    Guard.PUBLISHABLE: Scene(
        8, "", "GET", "/cycles/<cycle>/results",
        "UPDATE cycle SET rehearses_id = (SELECT max(id) FROM cycle) WHERE code = 'contoh-2025'",
    ),
}  # fmt: skip
# Guards whose fact is always true: who may is said by the role itself, which follows from the seat or the grant.
OF_THE_ROLE = {Guard.SEATED, Guard.OWN_CYCLE}
# Guards that no single address decides, and which test notices that they are gone.
ELSEWHERE = {
    Guard.ALL_PUBLIC: "tests/access/test_walk.py: the bundle of a cycle in which a category is not published",
    Guard.SHEET_LOCKED: "tests/access/test_agree.py: a list and its rows",
    Guard.ALL_SHEETS_IN: "tests/access/test_agree.py: a list and its rows",
    Guard.NOT_OWN: "tests/access/test_agree.py: a list and its rows",
}
SAMPLE = {Guard.OWN, Guard.UNCONFLICTED, Guard.NOT_FIRST_PERSON}


def route_of(scene: Scene) -> Route:
    """The address of a scene."""
    return next(one for one in ROUTES if (one.method, one.rule) == (scene.method, scene.rule))


# Guards behind which a second fence stands at the door, the scope or the loader: the policy is asked without it.
BEHIND: Mapping[Guard, tuple[Act, type]] = {
    Guard.OWN: (Act.SEE_DRAFT, Nomination),
    Guard.PUBLISHABLE: (Act.READ_PUBLIC_RESULT, Category),
    Guard.SIMULATED: (Act.ADVANCE_CLOCK, Category),
    Guard.IN_GRACE: (Act.UPLOAD, Nomination),
    Guard.OPEN_REQUEST: (Act.ANSWER_REQUEST, Nomination),
    Guard.OWN_ITEM: (Act.SEE_OWN_MARKS, Sheet),
}


def asked(stage: Stage, guard: Guard, name: str) -> str:
    """What a person is answered at the address of the scene, or by the policy alone."""
    if guard not in BEHIND:
        return stage.ask(person(name), route_of(SCENES[guard]))
    act, model = BEHIND[guard]
    with stage.app.test_request_context():
        wanted = {Nomination: stage.sent, Sheet: stage.sheet}
        which = model.ref == wanted[model] if model in wanted else model.id == stage.category_id  # type: ignore[attr-defined]
        subject = db.session.scalars(select(model).where(which)).one()
        decision = ask(act, subject, actor=replace(stage.actor(name), fresh=True))
        db.session.remove()
    return ALLOWED if decision.allowed else decision.answer.value


def answers(stage: Stage, guard: Guard) -> tuple[str, str]:
    """What is answered where the guard holds, and where it does not."""
    scene = SCENES[guard]
    stage.enter(scene.state)
    first = asked(stage, guard, scene.who)
    stage.enter(scene.state)
    if scene.falsified:
        without_triggers(stage)
        stage.watch.execute("PRAGMA ignore_check_constraints = ON")
        stage.watch.execute(scene.falsified)
    second = asked(stage, guard, scene.other or scene.who)
    stage.enter(scene.state)
    return first, second


def mutants(registry: Access) -> Iterator[tuple[Guard, str, Access]]:
    """Each fact taken away, so that it always holds, and turned round."""
    for guard, fact in registry.facts.items():
        ways: dict[str, Callable[..., bool]] = {
            "inverted": lambda actor, role, subject, fact=fact: not fact(actor, role, subject)
        }
        if guard not in OF_THE_ROLE:
            ways["removed"] = lambda actor, role, subject: True
        for what, way in ways.items():
            yield guard, what, replace(registry, facts={**registry.facts, guard: way})


@pytest.mark.timeout(600)
@pytest.mark.parametrize("sample", [True, pytest.param(False, marks=pytest.mark.slow)])
def test_without_any_one_guard_some_door_answers_otherwise(
    stage: Stage, sample: bool, figures_of: Callable[..., None]
) -> None:
    began, registry = time.monotonic(), stage.app.extensions["access"]
    made, survivors, wrong = 0, [], []
    right: dict[Guard, tuple[str, str]] = {}
    for guard in SCENES:
        if sample and guard not in SAMPLE:
            continue
        right[guard] = answers(stage, guard)
        if right[guard][0] != ALLOWED or right[guard][1] == ALLOWED:
            wrong.append((guard.value, *right[guard]))
    try:
        for guard, what, mutant in mutants(registry):
            if guard not in right:
                continue
            stage.app.extensions["access"] = mutant
            made += 1
            if answers(stage, guard) == right[guard]:
                survivors.append((guard.value, what))
    finally:
        stage.app.extensions["access"] = registry
    figures_of(
        "guard mutants", promises=["P01", "P02", "P03", "P04", "P05"], of="facts", mutants=made,
        killed=made - len(survivors), seconds=round(time.monotonic() - began, 1), control=wrong == [],
    )  # fmt: skip
    assert wrong == []
    assert survivors == [], str(survivors)


def test_every_guard_of_the_application_has_a_scene_or_a_test_of_its_own(stage: Stage) -> None:
    registry: Access = stage.app.extensions["access"]
    assert set(registry.facts) == set(SCENES) | OF_THE_ROLE | set(ELSEWHERE)


def test_a_scene_is_what_the_matrix_says(stage: Stage) -> None:
    """Of people who differ in the guard alone: the one may, the other may not."""
    matrix = Matrix.of(FILE.read_text(encoding="utf-8"))

    def due(who: Who, scene: Scene) -> str:
        return expected(matrix, who, route_of(scene), scene.state)

    for scene in SCENES.values():
        assert due(person(scene.who), scene) == ALLOWED, scene
        if scene.other:
            assert due(person(scene.other), scene) != ALLOWED, scene
    assert {one.name for one in PEOPLE} >= {scene.other for scene in SCENES.values() if scene.other}
