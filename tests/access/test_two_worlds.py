"""Two worlds that differ in the data of one candidate are the same, byte for byte, to who stepped back from it.

The second world has other figures, documents, findings, marks, notes, sheets, attendance and messages of the candidate,
another room and another time. The recused assessor asks every address that reads, as page and for machines, with every
reference that exists and with searches. The clock stands still; tokens that are drawn for each answer are blotted out.
"""

import hashlib
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from flask import Response

from paritrana.clock import SetClock
from tests.access.routes import ROUTES, Route
from tests.access.stage import PEOPLE, Stage, Who
from tests.conftest import START, Workshop, release

RECUSED, FREE = "assessor-4", "assessor-3"
# What is drawn for each answer: the token of a form, its idempotency key, and the reference of a refusal.
DRAWN = re.compile(
    rb'I[a-z][\w-]{50,}\.[\w-]{6}\.[\w-]{20,}|(?<=name="idempotency_key" value=")[^"]*'
    rb"|(?<![0-9A-Z-])[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}(?![0-9A-Z-])"
)
SEARCHES = ({}, {"q": "Contoh 1"}, {"q": "99.01", "page": "1", "sort": "name"})
# Each statement changes something of the candidate alone; `?` is the candidate.
OTHERWISE = (
    "UPDATE finding SET found = '1', claimed = '2', note = 'lain', version = version + 1 WHERE verification_id IN"
    " (SELECT id FROM verification WHERE nomination_id = ?)",
    "UPDATE change_request SET question = 'lain?' WHERE verification_id IN"
    " (SELECT id FROM verification WHERE nomination_id = ?)",
    "UPDATE override SET value = '1.00', reason = 'lain' WHERE verification_id IN"
    " (SELECT id FROM verification WHERE nomination_id = ?)",
    "UPDATE field_visit SET place = 'Tempat lain' WHERE verification_id IN"
    " (SELECT id FROM verification WHERE nomination_id = ?)",
    'UPDATE nomination_revision SET content = replace(content, \'"attachments"\', \'"other": 1, "attachments"\')'
    " WHERE nomination_id = ?",
    "UPDATE attachment SET name = 'lain.pdf' WHERE nomination_id = ?",
    "UPDATE mark SET value = '1.25', panel_note = 'lain', feedback = 'lain', reason = NULL, abstain_note = ''"
    " WHERE sheet_id IN (SELECT id FROM sheet WHERE nomination_id = ?)",
    "UPDATE sheet SET submitted_at = NULL, digest = NULL, receipt_no = NULL WHERE nomination_id = ? AND id % 2 = 0",
    "UPDATE interview_session SET room = 'Ruang lain', state = 'closed' WHERE nomination_id = ?",
    "INSERT INTO attendance (session_id, presenter_rank, position, acting, mode, identity_seen, mandate_letter, note,"
    " arrived_at, recorded_by, recorded_by_name, recorded_at, version)"
    " SELECT id, 'other', 'Staf', 0, 'in_person', 1, 0, 'lain', planned_at, (SELECT max(id) FROM account), 'Staf',"
    " planned_at, 1 FROM interview_session WHERE nomination_id = ?",
)


@pytest.fixture(scope="module")
def stage(workshop: Workshop, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """The world of the walk, built once for a worker."""
    engine = workshop.engine("sqlite")
    app = workshop.build(engine.fresh("worlds"), tmp_path_factory.mktemp("worlds"))
    clock = SetClock(START)
    app.extensions["clock"] = clock
    yield Stage(app, clock)
    release(app)
    engine.drop("worlds")


def person(name: str) -> Who:
    """Somebody of the walk with a sign-in of a moment ago."""
    return next(who for who in PEOPLE if who.name == name and not who.stale)


def addresses(stage: Stage, who: Who) -> list[str]:
    """Every address that reads, with the candidate, another one, and sheets of the candidate: own and another's."""
    sheets = "SELECT min(ref) FROM sheet WHERE nomination_id = ? GROUP BY assessor_id = ?"
    references = [stage.sent, stage.draft]
    references += [row[0] for row in stage.watch.execute(sheets, (stage.sent_id, stage.accounts[who.name]))]
    found: list[str] = []
    for route in ROUTES:
        if not route.safe or "static" in route.rule:
            continue
        each = references if "<ref>" in route.rule else [""]
        found += [stage.address(who, _with(route, ref)) for ref in each]
    return list(dict.fromkeys(found))


def _with(route: Route, ref: str) -> Route:
    return replace(route, rule=route.rule.replace("<ref>", ref))


def seen(stage: Stage, who: Who, asked: list[str]) -> dict[tuple[str, str, int], str]:
    """A digest of every answer to a person: status, headers and body."""
    door, found = stage.doors[who.name, False], {}
    for address in asked:
        for kind in ("text/html", "application/json"):
            for no, search in enumerate(SEARCHES if kind == "text/html" else SEARCHES[:1]):
                if no and address.count("/") > 2:
                    continue  # lists have short addresses
                headers = {"Cookie": door.cookie, "Accept": kind}
                with door.client.get(address, headers=headers, query_string=search) as answer:
                    told = {name: value for name, value in answer.headers if name not in {"Set-Cookie", "Date"}}
                    body = DRAWN.sub(b"", answer.get_data())
                    whole = repr((answer.status_code, sorted(told.items()))).encode() + body
                found[address, kind, no] = hashlib.sha256(whole).hexdigest()
    return found


def differing(one: dict[Any, str], other: dict[Any, str]) -> list[Any]:
    """The questions that are answered otherwise."""
    return sorted(what for what, said in one.items() if other[what] != said)


def otherwise(stage: Stage) -> None:
    """Turn the first world into the second."""
    triggers = [row[0] for row in stage.watch.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")]
    for name in triggers:
        stage.watch.execute(f"DROP TRIGGER {name}")
    for statement in OTHERWISE:
        assert stage.watch.execute(statement, (stage.sent_id,)).rowcount > 0, statement


@pytest.mark.timeout(600)
@pytest.mark.parametrize("state", [4, 6])
def test_who_stepped_back_sees_no_difference_between_two_worlds(
    stage: Stage, state: int, figures_of: Callable[..., None]
) -> None:
    began = time.monotonic()
    recused, free = person(RECUSED), person(FREE)
    stage.enter(state)
    # A feed is read by whoever holds its address: here it is the own one.
    stage.watch.execute("UPDATE calendar_feed SET account_id = ?", (stage.accounts[RECUSED],))
    asked = addresses(stage, recused)
    own = [f"/verification/{stage.sent}", f"/assessments/{stage.sent}/sheet", "/assessments"]
    first, first_free = seen(stage, recused, asked), seen(stage, free, own)
    again = seen(stage, recused, asked[::5])
    otherwise(stage)
    second, second_free = seen(stage, recused, asked), seen(stage, free, own)
    leaks = differing(first, second)
    # The control: who has not stepped back sees the difference, and so does the recused one where a page leaks.
    shown = differing(first_free, second_free)
    planted = _with_a_leak(stage, recused)
    control = bool(shown) and planted
    figures_of(
        "recusal", state=state, addresses=len(asked), compared=len(first), differing=len(leaks),
        seen_by_free=len(shown), seconds=round(time.monotonic() - began, 1), control=control,
    )  # fmt: skip
    assert differing(again, first) == []  # the worlds stand still
    assert leaks == []
    assert control


def _with_a_leak(stage: Stage, who: Who) -> bool:
    """Whether a page that tells how many sheets of the candidate are in is found out."""
    count = "SELECT count(*) FROM sheet WHERE nomination_id = ? AND submitted_at IS NOT NULL"

    def leak(answer: Response) -> Response:
        if answer.mimetype == "text/html":
            number = stage.watch.execute(count, (stage.sent_id,)).fetchone()[0]
            answer.set_data(answer.get_data() + f"<!-- {number} -->".encode())
        return answer

    hooks = stage.app.after_request_funcs.setdefault(None, [])
    hooks.append(leak)
    try:
        second = seen(stage, who, ["/home"])
        stage.enter_again()
        return bool(differing(seen(stage, who, ["/home"]), second))
    finally:
        hooks.remove(leak)
