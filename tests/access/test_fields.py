"""Every page sends only fields that its address knows, and a field more is refused: nothing is stored."""

from html.parser import HTMLParser
from typing import Any
from zlib import crc32

import pytest
from werkzeug.test import TestResponse

from tests.access.routes import ROUTES
from tests.access.stage import PEOPLE, Door, Stage

WALKERS = ("", "nominee-1", "verifier-3", "assessor-3", "chair", "organiser-1", "administrator")
# `make test` opens every fourth page, by a lot that stays the same.
STATES = ((7, 4), *(pytest.param(state, 1, marks=pytest.mark.slow) for state in (1, 2, 6, 7)))


@pytest.fixture
def stage(world_of_access: Stage) -> Stage:
    """The world of the walk."""
    return world_of_access


class PostForms(HTMLParser):
    """The forms of a page that are sent by POST: address, the fields a browser sends, and the named buttons."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.forms: list[tuple[str, list[tuple[str, Any]], list[tuple[str, str]]]] = []
        self.inside = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.inside = found.get("method") == "post"
            if self.inside:
                self.forms.append((found.get("action", ""), [], []))
        name = found.get("name")
        if not self.inside or not name:
            return
        _action, fields, buttons = self.forms[-1]
        kind = found.get("type", "submit" if tag == "button" else "text")
        if tag == "button" and kind == "submit":
            buttons.append((name, found.get("value", "")))
        elif tag == "input" and kind == "file":
            fields.append((name, ""))
        elif tag in {"input", "select", "textarea"}:
            fields.append((name, found.get("value", "")))

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.inside = False


def post(door: Door, action: str, fields: list[tuple[str, Any]]) -> TestResponse:
    """Send a form as a browser does, with the names that come more than once."""
    data: dict[str, list[Any]] = {}
    for name, value in fields:
        data.setdefault(name, []).append(value)
    headers = {"Accept": "application/json", "Sec-Fetch-Site": "same-origin", "Cookie": door.cookie}
    return door.client.post(action, data=data, headers=headers, query_string=None)


@pytest.mark.timeout(600)
@pytest.mark.parametrize(("state", "one_in"), STATES)
def test_no_page_sends_a_field_that_its_address_does_not_know(stage: Stage, state: int, one_in: int) -> None:
    """Each form with each of its buttons; where it is taken, the same form with one field more is refused whole."""
    stage.enter(state)
    wrong, told, refused = [], set(), 0
    for who in (one for one in PEOPLE if one.name in WALKERS and not one.stale):
        door = stage.doors[who.name, False]
        for route in (one for one in ROUTES if one.method == "GET" and "static" not in one.rule):
            if crc32(route.rule.encode()) % one_in:
                continue
            headers = {"Cookie": door.cookie, "Accept": "text/html"}
            with door.client.get(stage.address(who, route), headers=headers) as page:
                forms = PostForms(page.get_data(as_text=True)).forms if page.mimetype == "text/html" else []
            for action, fields, buttons in forms:
                for button in buttons or [("", "")]:
                    sent = [*fields, *([button] if button[0] else [])]
                    what = (action, frozenset(name for name, _value in sent), button)
                    if what in told or action == "/sign-out":
                        continue
                    told.add(what)
                    honest = post(door, action, sent)
                    if honest.status_code == 400:
                        wrong.append((who.label, route.rule, action, honest.get_json()))
                    if honest.status_code < 400:
                        stage.enter_again()
                        answer = post(door, action, [*sent, ("state", "9")])
                        refused += 1
                        if (answer.status_code, stage.changed()) != (400, []):
                            wrong.append((who.label, route.rule, action, answer.status_code))
                        elif answer.get_json()["code"] != "unknown_field":
                            wrong.append((who.label, route.rule, action, answer.get_json()))
                    stage.enter_again()
    assert wrong == []
    assert refused >= 5
