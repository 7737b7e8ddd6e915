"""Pressed fifty times at once, repeated, replayed after a restart, sent with another body: every act is done once."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from werkzeug.datastructures import MultiDict

from paritrana.accounts.once import REPLAYED
from tests.access.routes import ROUTES
from tests.access.stage import Stage
from tests.conftest import Workshop, release
from tests.promises.forms import PageForm
from tests.promises.test_two_writers import ELSEWHERE, Desk, Rows, filled_in, places, rows_of

PRESSES = 50
HANDED_OUT = 409, ""
# Acts of every kind that the world of the walk lets somebody do: a row is made, a state is moved, a value is set.
OFTEN = (
    "/manage/<cycle>/rubrics", "/manage/<cycle>/panel/<cat>/seats", "/manage/<cycle>/calibration/<cat>",
    "/manage/<cycle>/panel/<cat>/recusals/<candidate>", "/manage/<cycle>/schedule/<cat>/slots",
    "/manage/<cycle>/ranking/<cat>/runs",
)  # fmt: skip
# Changes without a key, and what makes pressing them twice harmless.
WITHOUT_KEY = {
    "a version": (
        "/nominations/<ref>/evidence/<kind>", "/nominations/<ref>/evidence/<kind>/<int:item>",
        "/nominations/<ref>/eligibility", "/manage/<cycle>/certificates/templates/<kind>",
        "/manage/<cycle>/certificates/spellings/<ref>", "/nominations/<ref>/certificate-name",
        "/nominations/<ref>/certificate-name/right", "/nominations/<ref>/certificate-name/withdraw",
        "/manage/<cycle>/rubrics/<rubric>/<int:version>", "/manage/<cycle>/rubrics/<rubric>/<int:version>/settings",
        "/manage/<cycle>/rubrics/<rubric>/<int:version>/parts/<group>",
        "/manage/<cycle>/rubrics/<rubric>/<int:version>/ties",
        "/manage/<cycle>/rubrics/<rubric>/<int:version>/indicators/<indicator>",
        "/manage/<cycle>/rubrics/<rubric>/<int:version>/indicators",
    ),
    "the bytes themselves": (
        "/nominations/<ref>/uploads", "/nominations/<ref>/uploads/<upload>",
        "/nominations/<ref>/uploads/<upload>/complete", "/nominations/<ref>/uploads/<upload>/cancel",
        "/nominations/<ref>/documents/<int:doc>/remove", "/manage/<cycle>/certificates/pictures",
    ),
    "nothing is stored": (
        "/system/users", "/system/organisations",  # searches, whose words stay out of addresses
        "/language", "/nominations/<ref>/evidence/<kind>/arithmetic", "/manage/<cycle>/nominations/import/<cat>",
        "/manage/<cycle>/panel/<cat>/import", "/verify/file", "/manage/<cycle>/rubrics/<rubric>/<int:version>/sum",
        "/manage/<cycle>/certificates/templates/<kind>/preview", "/interviews/<day>/import",
    ),
    "it is handed out again": ("/audit/<cycle>/breach",),
    "the same state again": ("/interviews/<day>/screen", "/api/v1/presence", "/api/v1/devices"),
}  # fmt: skip
# Signing in and out, and what somebody does to the own account before or while a session begins.
OF_SESSIONS = (
    "/sign-in",
    "/sign-out",
    "/profile",
    "/invitations",
    "/password",
    "/reset",
    "/account",
    "/links",
    "/email",
)


def keeps_keys(stage: Stage, rule: str) -> bool:
    """Whether the view behind an address that changes something asks for a key."""
    for one in stage.app.url_map.iter_rules():
        if one.rule == rule and one.methods & {"POST", "PUT"}:
            view = stage.app.view_functions[one.endpoint]
            while view is not None:
                if getattr(view, "__once__", False):
                    return True
                view = getattr(view, "__wrapped__", None)
    return False


def test_every_change_has_a_key_or_a_reason_to_have_none(stage: Stage) -> None:
    known = {rule for rules in WITHOUT_KEY.values() for rule in rules}
    bare = {one.rule for one in ROUTES if not one.safe and not keeps_keys(stage, one.rule)}
    assert {rule for rule in bare if not rule.startswith(OF_SESSIONS)} <= known
    assert len(ROUTES) - len(bare) > 150


def grown(before: Rows, after: Rows) -> dict[str, int]:
    """By how many rows each table grew."""
    return {name: len(rows) - len(before[name]) for name, rows in after.items() if len(rows) != len(before[name])}


def opened(stage: Stage, rule: str) -> tuple[Desk, PageForm, MultiDict] | None:
    """The form of a known place, filled in."""
    state, name, page = places()[rule]
    stage.enter(state)
    desk = Desk(stage, name)
    read = next(one for one in ROUTES if one.safe and one.rule == page)
    form = desk.form(rule, stage.address(desk.who, read))
    return None if form is None else (desk, form, MultiDict(filled_in(form, 1)))


def press(desk: Desk, form: PageForm, data: MultiDict) -> tuple[int, str, bool]:
    """Press the button once; gives status, place and whether it was a repeat."""
    headers = {"Cookie": desk.door.cookie, "Sec-Fetch-Site": "same-origin"}
    client = desk.stage.app.test_client(use_cookies=False)
    with client.post(form.action, data=data, headers=headers) as answer:
        return answer.status_code, answer.headers.get("Location", ""), REPLAYED in answer.headers


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("rules", [pytest.param(OFTEN, id="often"), pytest.param((), id="all", marks=pytest.mark.slow)])
def test_fifty_presses_at_once_do_it_once(
    stage: Stage, rules: tuple[str, ...], figures_of: Callable[..., None]
) -> None:
    began = time.monotonic()
    acts, presses, twice, other = 0, 0, [], []
    for rule in rules or [one for one in places() if one not in ELSEWHERE and keeps_keys(stage, one)]:
        found = opened(stage, rule)
        if found is None:
            continue
        before = rows_of(stage)
        if press(*found)[0] >= 400:
            continue  # the world does not let it happen; nothing is done once or twice
        alone = grown(before, rows_of(stage))
        events = stage.watch.execute("SELECT count(*) FROM event").fetchone()[0]
        found = opened(stage, rule)
        assert found is not None
        desk, form, data = found
        before, acts, presses = rows_of(stage), acts + 1, presses + PRESSES
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda _no, one=found: press(*one), range(PRESSES)))
        together = grown(before, rows_of(stage))
        told = stage.watch.execute("SELECT count(*) FROM event").fetchone()[0]
        first = [one for one in answers if one[0] < 400 and not one[2]]
        # A file is not kept for those who ask again: they are told that it was handed out.
        again = {first[0][:2], HANDED_OUT} if first and first[0][0] == 200 else {one[:2] for one in first}
        if len(first) != 1 or together != alone or told != events or {one[:2] for one in answers} - again:
            twice.append((rule, alone, together, told - events, sorted({one[0] for one in answers})))
        said = [name for name in data if name not in {"version", "csrf_token", "idempotency_key"}]
        data[said[0] if said else "more"] = "another"
        status = press(desk, form, data)[0]
        if status != 422:
            other.append((rule, status))
    control = _without_a_key(stage)
    figures_of("twice, stale", promises=["P10"], acts=acts, presses=presses, duplicates=len(twice),
               other_bodies_taken=len(other), routes=0, forms=0, written=0, refused_second=0, silent_overwrites=0,
               seconds=round(time.monotonic() - began, 1), control=control)  # fmt: skip
    assert twice == []
    assert other == []
    assert control
    assert acts >= 5


def _without_a_key(stage: Stage) -> bool:
    """The control: with a new key for each press the same form is done as often as it is pressed."""
    rule = OFTEN[2]
    found = opened(stage, rule)
    assert found is not None
    desk, form, data = found
    before = rows_of(stage)
    for number in range(3):
        data["idempotency_key"] = f"another-key-{number}"
        press(desk, form, data)
    return grown(before, rows_of(stage)) == {"calibration": 3}


def test_a_repeat_after_a_restart_is_still_a_repeat(
    stage: Stage, workshop: Workshop, tmp_path: Path, figures_of: Callable[..., None]
) -> None:
    """The process that answered first is gone; another one on the same database gives its answer again."""
    found = opened(stage, OFTEN[2])
    assert found is not None
    desk, form, data = found
    before = rows_of(stage)
    first = press(desk, form, data)
    after = grown(before, rows_of(stage))
    other = workshop.build(stage.app.config["SQLALCHEMY_DATABASE_URI"], tmp_path)
    other.extensions["clock"] = stage.app.extensions["clock"]
    headers = {"Cookie": desk.door.cookie, "Sec-Fetch-Site": "same-origin"}
    with other.test_client(use_cookies=False).post(form.action, data=data, headers=headers) as answer:
        repeat = answer.status_code, answer.headers.get("Location", ""), REPLAYED in answer.headers
    with other.test_client(use_cookies=False).post(
        form.action, data=data | {"title": "Lain"}, headers=headers
    ) as answer:
        changed = answer.status_code
    release(other)
    duplicates = int(grown(before, rows_of(stage)) != after)
    figures_of("twice, stale", promises=["P10"], acts=1, presses=2, duplicates=duplicates, routes=0, forms=0, written=0,
               other_bodies_taken=int(changed != 422), refused_second=0, silent_overwrites=0,
               control=not first[2])  # fmt: skip
    assert first[:2] == repeat[:2]
    assert (first[2], repeat[2], changed) == (False, True, 422)
    assert grown(before, rows_of(stage)) == after == {"calibration": 1}
