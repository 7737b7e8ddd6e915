"""In a read-only time every change is refused and every page is read, by everybody who may do and read it otherwise.

The whole address map is asked: each route by somebody whom docs/security/matrix.md allows it, in a state in which it
is allowed.
"""

import time
from collections.abc import Callable
from typing import Any

from paritrana.audit import halt
from paritrana.core.policy import WHILE_HALTED
from paritrana.database import db
from tests.access.conftest import world_of_access  # noqa: F401 - the fixture of the world
from tests.access.oracle import ALLOWED, FILE, Matrix
from tests.access.routes import ROUTES, Route
from tests.access.stage import PEOPLE, Stage, Who
from tests.access.test_walk import expected

STATES = (5, 1, 3, 8, 7, 4, 6, 2, 0, 9)  # those in which most is done come first
SAMPLE = 6  # of the changes so many parts are asked for without a read-only time, too
REFUSED = 503, "read_only"
SHOWN = {200, 302, 303}
COUNTED = {"verify_attempt"}  # questions about certificates are counted, whatever else stands still

Question = tuple[Who, Route]
Said = tuple[int, str]  # status, and the code of a refusal


def questions() -> dict[int, list[Question]]:
    """Every route that somebody may use, by the state in which it is asked."""
    matrix = Matrix.of(FILE.read_text(encoding="utf-8"))
    found: dict[int, list[Question]] = {}
    for route in ROUTES:
        for state, who in ((state, who) for state in STATES for who in PEOPLE if route.rule.startswith(who.along)):
            if not who.stale and expected(matrix, who, route, state) == ALLOWED:
                found.setdefault(state, []).append((who, route))
                break
    return found


def said(stage: Stage, who: Who, route: Route) -> Said:
    """What the door answers."""
    door = stage.doors[who.name, who.stale]
    headers = {"Cookie": door.cookie}
    if not route.safe:
        headers |= {"Accept": "application/json", "Sec-Fetch-Site": "same-origin", "X-CSRFToken": door.token}
    with door.client.open(stage.address(who, route), method=route.method, headers=headers) as answer:
        told: Any = answer.get_json(silent=True)
        return answer.status_code, str(told.get("code", "")) if isinstance(told, dict) else ""


def begin_read_only(stage: Stage) -> None:
    """A read-only time begins in the present state of the world."""
    with stage.app.app_context():
        halt.halt(halt.BY_HAND, at=stage.app.extensions["clock"].now())
        db.session.commit()
        db.session.remove()
    stage.watch.backup(stage.here)
    stage.mark()


def changes_of(stage: Stage, asked: list[Question]) -> dict[Route, tuple[Said, list[str]]]:
    """What is said to every change, and the tables that differ after it; each begins in the same world."""
    found = {}
    for who, route in asked:
        if not route.safe:
            answer = said(stage, who, route)
            changed = stage.changed()
            found[route] = answer, changed
            if changed:
                stage.enter_again()
    return found


def test_every_change_is_refused_and_every_page_is_read(
    world_of_access: Stage,  # noqa: F811 - the fixture
    figures_of: Callable[..., None],
) -> None:
    stage, began = world_of_access, time.monotonic()
    usual: dict[Route, tuple[Said, list[str]]] = {}
    halted: dict[Route, tuple[Said, list[str]]] = {}
    read: dict[Route, Said] = {}
    silent: dict[Route, Said] = {}
    touched: set[str] = set()
    for state, asked in questions().items():
        stage.enter(state)
        usual |= changes_of(stage, asked[::SAMPLE])
        begin_read_only(stage)
        halted |= changes_of(stage, asked)
        pages = {route: (who, said(stage, who, route)) for who, route in asked if route.safe}
        touched |= set(stage.changed())
        read |= {route: told for route, (_who, told) in pages.items()}
        # A page that has nothing to show in this state says so with and without a read-only time.
        stage.enter(state)
        odd = {route: (who, told) for route, (who, told) in pages.items() if told[0] not in SHOWN}
        silent |= {
            route: told for route, (who, told) in odd.items() if told[0] >= 500 or said(stage, who, route) != told
        }
    going_on = {route: told for route, told in halted.items() if route.act in WHILE_HALTED}
    changes = {route: told for route, told in halted.items() if route not in going_on}
    missed = {route: told for route, told in changes.items() if told != (REFUSED, [])}
    # The control: without a read-only time none of the changes is refused so, and some of them change rows.
    control = all(told != REFUSED for told, _tables in usual.values()) and any(
        tables for route, (_told, tables) in usual.items() if route in changes
    )
    figures_of(
        "read-only", promises=["P36"], changes=len(changes), refused=len(changes) - len(missed), reads=len(read),
        answered=len(read) - len(silent), going_on=len(going_on), not_asked=len(ROUTES) - len(halted) - len(read),
        seconds=round(time.monotonic() - began, 1), control=control,
    )  # fmt: skip
    assert missed == {}
    assert silent == {}
    assert touched <= COUNTED
    assert all(told != REFUSED for told, _tables in going_on.values())
    assert control
