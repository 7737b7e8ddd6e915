"""Two people open the same form and both send it: nobody's words are lost silently. The forms are found on the map.

For every address that changes something, the page that carries its form is opened twice, filled in differently, and
both are sent. Where both are taken, no column of a row that the first one wrote may hold something else afterwards:
then the second writer has written over words that he never saw.
"""

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import urljoin, urlsplit

import pytest
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import HTTPException

from tests.access.routes import ROUTES, Route
from tests.access.stage import Stage
from tests.promises.forms import Control, PageForm, forms_of
from tests.promises.test_foreign_requests import actor_of, who

# Where forms stand: the state of the category and who sees them; then where each is sent to, and under that its page
# where it stands on another one.
PLACES = """
0 organiser-1
  /manage/<cycle>/panel/<cat>/open
    /manage/<cycle>
  /manage/<cycle>/rubrics/choose/<cat>
    /manage/<cycle>/rubrics
  /setup/<cycle>/calendar/<cat>
  /setup/<cycle>/categories
  /setup/<cycle>/categories/<cat>
  /setup/<cycle>/figures
  /setup/<cycle>/identity
  /setup/<cycle>/titles/<cat>
1 chair
  /manage/<cycle>/nominations/<cat>/claims
    /manage/<cycle>/nominations
1 nominee-1
  /nominations/<ref>/eligibility
  /nominations/<ref>/evidence/<kind>
  /nominations/<ref>/self-assessment
  /nominations/new
1 organiser-1
  /manage/<cycle>/deadlines/<cat>
  /manage/<cycle>/rubrics
  /manage/<cycle>/rubrics/<rubric>/<int:version>
  /manage/<cycle>/rubrics/<rubric>/<int:version>/freeze/<cat>
    /manage/<cycle>/rubrics/<rubric>/<int:version>
  /manage/<cycle>/rubrics/<rubric>/<int:version>/indicators
  /manage/<cycle>/rubrics/<rubric>/<int:version>/indicators/<indicator>
  /manage/<cycle>/rubrics/<rubric>/<int:version>/parts/<group>
  /manage/<cycle>/rubrics/<rubric>/<int:version>/settings
  /manage/<cycle>/rubrics/<rubric>/<int:version>/ties
4 assessor-3
  /calibrations/<example>
4 chair
  /calibrations/<example>/close
    /manage/<cycle>/calibration/<cat>
  /interviews/<day>/slots/<int:no>/open
    /interviews/<day>/slots/<int:no>
  /manage/<cycle>/calibration/<cat>
  /manage/<cycle>/panel/<cat>/recusals/<candidate>/<account>/waive
    /manage/<cycle>/panel
4 organiser-1
  /interviews/<day>/display-code
    /interviews/<day>
  /interviews/<day>/slots/<int:no>/move
  /interviews/<day>/slots/<int:no>/no-show
    /interviews/<day>/slots/<int:no>
  /interviews/<day>/slots/<int:no>/remove
    /interviews/<day>/slots/<int:no>/move
  /manage/<cycle>/schedule/<cat>/clock
  /manage/<cycle>/schedule/<cat>/days
    /manage/<cycle>/schedule
  /manage/<cycle>/schedule/<cat>/order
  /manage/<cycle>/schedule/<cat>/plan
  /manage/<cycle>/schedule/<cat>/slots
    /manage/<cycle>/schedule
5 administrator
  /system/jobs/<job>/cancel
    /system/jobs
  /system/jobs/start/<kind>
    /system/jobs
5 assessor-3
  /assessments/<ref>/step-back
    /assessments/<ref>/sheet
  /consolidations/<consolidation>/marks/<indicator>
    /consolidations/<consolidation>
  /home/calendar/end
    /home/calendar
  /verification/<ref>/declaration
    /verification/<ref>
5 chair
  /assessments/<ref>/sheet/reopening
  /consolidations/<consolidation>/close
    /consolidations/<consolidation>
  /manage/<cycle>/late-marks/<late>
    /manage/<cycle>/late-marks
  /manage/<cycle>/panel/<cat>/recusals/<candidate>
  /manage/<cycle>/scoring/<cat>/close
    /manage/<cycle>
  /manage/<cycle>/scoring/<cat>/restart
  /reopenings/<reopening>
5 nominee-1
  /home/calendar
  /nominations/<ref>/certificate-name/withdraw
    /nominations/<ref>/certificate-name
  /nominations/<ref>/requests/<int:no>
  /nominations/<ref>/uploads/<upload>/cancel
    /nominations/<ref>/evidence/<kind>
5 organiser-1
  /interviews/<day>/slots/<int:no>/attendance
  /manage/<cycle>/certificates/register/<code>/print
    /manage/<cycle>/certificates/register/<code>
  /manage/<cycle>/certificates/register/print
    /manage/<cycle>/certificates/register
  /manage/<cycle>/certificates/spellings/<ref>
    /manage/<cycle>/certificates/check
  /manage/<cycle>/clock
    /manage/<cycle>
  /manage/<cycle>/outbox/<message>/cancel
    /manage/<cycle>/outbox/<message>
  /manage/<cycle>/panel/<cat>/seats
    /manage/<cycle>/panel
  /manage/<cycle>/panel/<cat>/seats/<code>/end
  /manage/<cycle>/rehearsals
  /setup
  /verification/<ref>/items/<item>
5 verifier-3
  /verification/next
    /verification
6 chair
  /manage/<cycle>/plenary/<cat>/attendance
    /manage/<cycle>/plenary/<cat>
  /manage/<cycle>/plenary/<cat>/close
    /manage/<cycle>/plenary/<cat>
  /manage/<cycle>/plenary/<cat>/decisions/<wish>
  /manage/<cycle>/ranking/<cat>/runs
    /manage/<cycle>/ranking/<cat>
7 organiser-1
  /manage/<cycle>/publication/<cat>
  /manage/<cycle>/publication/<cat>/recall
8 chair
  /manage/<cycle>/objections/<objection>
8 organiser-1
  /manage/<cycle>/certificates/batches/<batch>/cancel
    /manage/<cycle>/certificates/batches/<batch>
  /manage/<cycle>/certificates/issue/<cat>
    /manage/<cycle>/certificates/issue
  /manage/<cycle>/certificates/register/<code>/end
  /manage/<cycle>/publication/<cat>/correction/run
    /manage/<cycle>/publication/<cat>/correction
"""
# Forms over what is stored already, which `make test` opens twice; `make test-slow` does it with all of them.
EDITS = (
    "/reopenings/<reopening>", "/calibrations/<example>", "/consolidations/<consolidation>/marks/<indicator>",
    "/interviews/<day>/slots/<int:no>/move", "/manage/<cycle>/late-marks/<late>",
    "/manage/<cycle>/panel/<cat>/seats/<code>/end", "/manage/<cycle>/plenary/<cat>/attendance",
    "/manage/<cycle>/rubrics/<rubric>/<int:version>", "/manage/<cycle>/rubrics/<rubric>/<int:version>/parts/<group>",
    "/manage/<cycle>/rubrics/<rubric>/<int:version>/indicators/<indicator>",
    "/manage/<cycle>/rubrics/<rubric>/<int:version>/settings", "/manage/<cycle>/rubrics/<rubric>/<int:version>/ties",
    "/manage/<cycle>/schedule/<cat>/clock", "/manage/<cycle>/schedule/<cat>/order", "/nominations/<ref>/eligibility",
    "/nominations/<ref>/evidence/<kind>", "/nominations/<ref>/self-assessment", "/setup/<cycle>/calendar/<cat>",
    "/setup/<cycle>/figures", "/verification/<ref>/declaration",
)  # fmt: skip
# What may be done anew over what it did before, and why that loses nobody's words.
AGAIN = {
    "/interviews/<day>/display-code": "the new code takes the place of the old one, which is what it is for",
    "/profile/notifications": "the own choice of one person, of whom the last word holds",
    "/profile/second-factors/<factor>": "the own word of one person for a device, of which the last holds",
    "/system/users/<account>/sessions": "ends the sessions that there are, however often",
}
# What this world cannot show, and where it is tried.
ELSEWHERE = {
    "/manage/<cycle>/certificates/templates/<kind>": "its picture is none; tests/certificates/test_editor.py",
    "/manage/<cycle>/certificates/templates/<kind>/preview": "its picture is none, and nothing is stored",
}
STATES = (5, 1, 8)  # where the page of a form that stands in no line above is looked for
# What follows from every change and says nothing of its own.
FOLLOWS = re.compile(r"(.*_)?(at|by|by_id|by_name|version|digest|leaf|seq|no|ref|key|hash|position)")
TOLD = {"event", "event_body", "stream_head", "sign_in_session", "sent_once", "job", "job_attempt", "message", "nonce"}
Rows = dict[str, dict[int, dict[str, Any]]]


def places() -> dict[str, tuple[int, str, str]]:
    """The lines above, by the address that a form is sent to."""
    found: dict[str, tuple[int, str, str]] = {}
    state, name, rule = 0, "", ""
    for line in PLACES.strip().splitlines():
        depth = len(line) - len(line.lstrip())
        if depth == 0:
            state, name = int(line[0]), line[2:]
        elif depth == 2:
            rule = line.strip()
            found[rule] = state, name, rule
        else:
            found[rule] = state, name, line.strip()
    return found


def guesses(route: Route) -> Iterator[tuple[int, str, str]]:
    """Where the form of a route may stand: where it is known to, else at its own address, else one part higher."""
    known = places().get(route.rule)
    if known is not None:
        yield known
        return
    readable = {one.rule for one in ROUTES if one.safe}
    pages = [
        rule for rule in (route.rule, route.rule.rsplit("/", 1)[0], route.rule.rsplit("/", 2)[0]) if rule in readable
    ]
    for state in STATES:
        for page in pages:
            yield state, actor_of(route).name, page


class Desk:
    """One person's browser with several tabs."""

    def __init__(self, stage: Stage, name: str) -> None:
        self.stage, self.who = stage, who(name)
        self.door = stage.doors[name, False]
        self.map = stage.app.url_map.bind("localhost")

    def open(self, address: str) -> list[PageForm]:
        """The forms of a page."""
        with self.door.client.get(address, headers={"Cookie": self.door.cookie}) as answer:
            html = answer.get_data(as_text=True) if answer.status_code == 200 and answer.mimetype == "text/html" else ""
        found = forms_of(html)
        for form in found:
            form.action = urlsplit(urljoin(f"http://localhost{address}", form.action)).path
        return found

    def rule_of(self, form: PageForm) -> str:
        """The rule of the address that a form is sent to."""
        try:
            return str(self.map.match(form.action, method="POST", return_rule=True)[0].rule)
        except HTTPException:
            return ""

    def form(self, rule: str, address: str) -> PageForm | None:
        """The form of a page that is sent to a rule."""
        return next((one for one in self.open(address) if one.method == "post" and self.rule_of(one) == rule), None)

    def send(self, form: PageForm, fields: list[tuple[str, str]]) -> int:
        """Send a form; gives the status."""
        return self.read(form, fields)[0]

    def read(self, form: PageForm, fields: list[tuple[str, str]]) -> tuple[int, str]:
        """Send a form; gives the status and the page, or what of a file is text."""
        headers = {"Cookie": self.door.cookie, "Sec-Fetch-Site": "same-origin"}
        data = (
            MultiDict([*fields, ("csrf_token", self.door.token)]) if not form.has("csrf_token") else MultiDict(fields)
        )
        with self.door.client.post(form.action, data=data, headers=headers) as answer:
            return int(answer.status_code), answer.get_data().decode("utf-8", "replace")


def filled_in(form: PageForm, hand: int, *, text: str = "Kata tangan") -> list[tuple[str, str]]:
    """What is sent when somebody fills in everything in a hand of their own: no two hands write the same."""
    sent: list[tuple[str, str]] = []
    groups: dict[str, list[Control]] = {}
    pressed = False
    for one in form.controls:
        if not one.name or one.kind in {"file", "reset", "image"} or "disabled" in one.attributes:
            continue
        if one.kind == "radio":
            groups.setdefault(one.name, []).append(one)
        elif one.kind in {"submit", "button"}:
            if (
                not pressed
                and "formaction" not in one.attributes
                and one.value in {"", "save", "store", "keep", "send", "accept", "next", "1", "on"}
            ):
                sent.append((one.name, one.value))
                pressed = True
        elif one.kind == "checkbox":
            if one.chosen:
                sent.append((one.name, one.value))
        elif one.kind == "select":
            offered = [value for value in one.options if value]
            sent.append((one.name, one.value or (offered[(hand - 1) % len(offered)] if offered else "")))
        elif one.kind == "hidden" or one.fixed:
            sent.append((one.name, one.value))
        else:
            sent.append((one.name, f"{text} {hand}" if _free(one) else _other(one, hand)))
    sent += [(name, several[(hand - 1) % len(several)].value) for name, several in groups.items()]
    if not pressed:
        named = [one for one in form.controls if one.kind in {"submit", "button"} and one.name]
        sent += [(named[0].name, named[0].value)] if named else []
    return sent


def _free(one: Control) -> bool:
    """Whether words may be typed: not where a number, a date or a code stands or is asked for."""
    asked = one.attributes.get("inputmode", "")
    special = re.search(
        r"(-day|-month|-year|time|number|code|slug|ranks|year|seed|minutes|starts|begins|ends|on$)", one.name
    )
    return one.kind == "textarea" or (asked == "" and not special and not re.fullmatch(r"-?[\d.,]+", one.value))


def _other(one: Control, hand: int) -> str:
    if re.fullmatch(r"\d+", one.value) and not re.search(r"-day|-year|year|number|code", one.name):
        return str(int(one.value) + hand)
    if re.fullmatch(r"\d+[.,]\d+", one.value):
        return one.value[:-1] + str(4 + hand)
    usual = {"day": "1" + str(hand), "year": "2026", "time": "1" + str(hand) + ".00.00", "starts": f"0{8 + hand}.00"}
    if one.value:
        return one.value
    return next((value for word, value in usual.items() if word in one.name), str(4 + hand))


def rows_of(stage: Stage) -> Rows:
    """Every row of every table that people write."""
    names = [row[0] for row in stage.watch.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    found: Rows = {}
    for name in names:
        if name in TOLD or name.startswith("sqlite_"):
            continue
        cursor = stage.watch.execute(f'SELECT rowid AS "_row", * FROM "{name}"')
        columns = [one[0] for one in cursor.description]
        found[name] = {row[0]: dict(zip(columns, row, strict=True)) for row in cursor}
    return found


def overwritten(before: Rows, first: Rows, second: Rows) -> list[str]:
    """The columns that the first writer set and that hold something else after the second one."""
    found = []
    for table, rows in first.items():
        for row, values in rows.items():
            old, new = before[table].get(row), second[table].get(row)
            for column, value in values.items():
                if FOLLOWS.fullmatch(column) or column == "_row" or (old is not None and old[column] == value):
                    continue
                if value not in (None, "") and (new is None or new[column] != value):
                    found.append(f"{table}.{column}")
    return sorted(set(found))


def two_writers(stage: Stage, route: Route) -> tuple[str, int, int, list[str]] | None:
    """Where the form stood, the two answers, and what was written over; None where no page shows the form."""
    for state, name, page in guesses(route):
        stage.enter(state)
        desk = Desk(stage, name)
        address = _page(stage, desk, route, page)
        form = desk.form(route.rule, address)
        if form is None:
            continue
        again = desk.form(route.rule, address)
        assert again is not None
        before = rows_of(stage)
        one = desk.send(form, filled_in(form, 1))
        first = rows_of(stage)
        two = desk.send(again, filled_in(again, 2))
        lost = overwritten(before, first, rows_of(stage)) if one < 400 and two < 400 else []
        return f"{state} {name} {address}", one, two, lost
    return None


def _page(stage: Stage, desk: Desk, route: Route, page: str) -> str:
    read = next(one for one in ROUTES if one.safe and one.rule == page)
    if route.edits:
        read = replace(read, rule=read.rule.replace("<ref>", stage.draft))
    if route.rule.startswith("/verification/<ref>/"):
        declared = desk.form(
            "/verification/<ref>/declaration", stage.address(desk.who, replace(read, rule="/verification/<ref>"))
        )
        if declared is not None and "declaration" not in route.rule:
            desk.send(declared, [*declared.sent(), ("conflict", "no")])
    return stage.address(desk.who, read)


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("rules", [pytest.param(EDITS, id="edits"), pytest.param((), id="all", marks=pytest.mark.slow)])
def test_no_second_writer_writes_over_what_he_did_not_see(
    stage: Stage, rules: tuple[str, ...], figures_of: Callable[..., None]
) -> None:
    began = time.monotonic()
    chosen = [one for one in ROUTES if not one.safe and one.rule not in ELSEWHERE and (one.rule in rules or not rules)]
    seen = {one.rule: found for one in chosen if (found := two_writers(stage, one)) is not None}
    taken = {rule: found for rule, found in seen.items() if found[1] < 400}
    lost = {rule: found for rule, found in seen.items() if found[3] and rule not in AGAIN}
    control = _seen_if_it_happened(stage)
    figures_of("twice, stale", promises=["P11"], routes=len(chosen), forms=len(seen), written=len(taken),
               refused_second=sum(found[2] >= 400 for found in taken.values()), acts=0, duplicates=0,
               silent_overwrites=len(lost), seconds=round(time.monotonic() - began, 1), control=control)  # fmt: skip
    assert lost == {}
    assert control
    assert len(seen) == len(chosen) or not rules, sorted(set(rules) - set(seen))
    assert len(taken) >= 15


def _seen_if_it_happened(stage: Stage) -> bool:
    """The control: who opens the form after the first one has saved writes over it, knowingly; that is noticed."""
    stage.enter(4)
    desk = Desk(stage, "organiser-1")
    address, rule = "/manage/contoh-2025/schedule/kabkota/clock", "/manage/<cycle>/schedule/<cat>/clock"
    tables = [rows_of(stage)]
    for hand in (2, 3):
        form = desk.form(rule, address)
        assert form is not None
        assert desk.send(form, filled_in(form, hand)) == 303
        tables.append(rows_of(stage))
    return overwritten(*tables) == ["cycle.settings"]


def test_the_second_writer_sees_both_versions_and_keeps_his_own_words(stage: Stage) -> None:
    """Of the forms that carry no version of a row but one of what they say."""
    for state, name, rule, address in (
        (4, "organiser-1", "/manage/<cycle>/schedule/<cat>/clock", "/manage/contoh-2025/schedule/kabkota/clock"),
        (4, "assessor-3", "/calibrations/<example>", f"/calibrations/{stage.example}"),
    ):
        stage.enter(state)
        desk = Desk(stage, name)
        tabs = [desk.form(rule, address), desk.form(rule, address)]
        assert tabs[0] is not None
        assert tabs[1] is not None
        first, second = filled_in(tabs[0], 2), filled_in(tabs[1], 3)
        assert desk.send(tabs[0], first) == 303
        page = desk.read(tabs[1], second)
        assert page[0] == 409
        assert "Dua versi: pilih" in page[1] or "Two versions: choose" in page[1]
        (kept,) = [one for one in forms_of(page[1]) if one.action == tabs[1].action]
        typed = {name: value for name, value in second if name not in {"version", "idempotency_key", "csrf_token"}}
        assert typed.items() <= dict(kept.sent()).items()
        assert desk.send(kept, kept.sent()) == 303  # who has seen both decides
