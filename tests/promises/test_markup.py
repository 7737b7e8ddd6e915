"""Markup that is typed into every field of every form is shown as text, to whoever reads it afterwards."""

import time
from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.access.routes import ROUTES
from tests.access.stage import Stage
from tests.promises.test_foreign_requests import ACTORS, who
from tests.promises.test_two_writers import EDITS, ELSEWHERE, Desk, filled_in, places

MARKUP = "<img src=x onerror=alert(1)>\"'><script>alert(1)</script>{{7*7}}${7*7}"
# As it would have to stand in a page to be run, and what a template would make of it.
RUN = ("<img src=x", "<script>alert(1)", 'onerror=alert(1)>"', "49$", "}49")
NO_PAGE = (".json", ".csv", ".xlsx", ".pdf", ".ics", ".png", ".atom", ".js", ".txt", ".md", ".webmanifest", "filename>")


def read_by(stage: Stage, names: tuple[str, ...], part: str) -> tuple[int, list[tuple[str, str]]]:
    """How many pages of a part of the map some people read, and those in which the markup stands to be run."""
    seen, run = 0, []
    for name in names:
        person = who(name)
        door = stage.doors[name, False]
        for route in ROUTES:
            if not route.safe or route.rule.endswith(NO_PAGE) or not route.rule.startswith(part):
                continue
            for read in {route.rule, route.rule.replace("<ref>", stage.draft)}:
                address = stage.address(person, replace(route, rule=read))
                with door.client.get(address, headers={"Cookie": door.cookie}) as answer:
                    if answer.status_code != 200 or answer.mimetype != "text/html":
                        continue
                    seen += 1
                    page = answer.get_data(as_text=True)
                    run += [(name, read) for one in RUN if one in page]
    return seen, run


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("rules", [pytest.param(EDITS, id="edits"), pytest.param((), id="all", marks=pytest.mark.slow)])
def test_markup_is_text_in_every_page(stage: Stage, rules: tuple[str, ...], figures_of: Callable[..., None]) -> None:
    began = time.monotonic()
    typed, seen, run, refused = 0, 0, [], []
    for rule, (state, name, page) in places().items():
        if rule in ELSEWHERE or (rules and rule not in rules):
            continue
        stage.enter(state)
        desk = Desk(stage, name)
        read = next(one for one in ROUTES if one.safe and one.rule == page)
        if rule.startswith("/nominations/<ref>"):
            read = replace(read, rule=read.rule.replace("<ref>", stage.draft))
        form = desk.form(rule, stage.address(desk.who, read))
        if form is None:
            continue
        status, answer = desk.read(form, filled_in(form, 1, text=MARKUP))
        typed += 1
        refused += [rule for one in RUN if one in answer]  # a form that is refused shows what was typed
        if status < 400:
            people = ACTORS if not rules else (name,)
            more, found = read_by(stage, people, "/" if not rules else "/".join(rule.split("/")[:4]))
            seen, run = seen + more, run + found
    control = any(one in f"<p>{MARKUP}</p>" for one in RUN)
    seconds = round(time.monotonic() - began, 1)
    figures_of("browser", promises=["P23", "P25"], responses=seen + typed, forms=typed, missing=0, seconds=seconds,
               executions=len(run) + len(refused), control=control)  # fmt: skip
    assert run == []
    assert refused == []
    assert typed >= 15
    assert control
