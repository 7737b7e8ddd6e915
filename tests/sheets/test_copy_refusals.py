"""What is no copy of a queue in its inner parts, and what the services of copies refuse."""

import json
from decimal import Decimal

import pytest

from paritrana.core.scoring import NotOnSheet
from paritrana.database import db
from paritrana.sheets import queries
from paritrana.sheets.imported import reading, service
from paritrana.sheets.imported.models import MarkSetAside, QueueCopy, QueueCopyEntry
from paritrana.sheets.imported.queries import concerned, waiting_on
from paritrana.sheets.imported.reading import Entry, NotACopy, read_copy
from paritrana.sheets.imported.service import Typed
from paritrana.sheets.models import Mark
from tests.factories import world
from tests.interviews.stages import planned, shortlisted
from tests.nominations.pages import SAME_ORIGIN
from tests.sheets.copies import TEXTS, Browser, entry, queue_of
from tests.sheets.desks import marked, opened, token_of
from tests.verification.cases import LATER


@pytest.fixture
def here(app, db_session):
    return world()


@pytest.fixture
def candidates(here, clock):
    made = shortlisted(here, clock)
    planned(here, made)
    return made


@pytest.fixture
def sheet(here, candidates):
    return marked(here, opened(here, candidates[0]), codes=("A1",))


def typed(indicator="A1", value="8.25", *, base=0, panel_note=""):
    return Typed(Entry(indicator, base, "10:00", value, "", panel_note, ""), Decimal(value))


def set_aside(here, sheet, one, *, against=1, chosen="theirs"):
    return service.set_aside(
        sheet, one.entry.indicator, one, against=against, chosen=chosen, actor=here.actor("assessor-3"),
        at=here.now + LATER,
    )  # fmt: skip


def taken(here, data):
    """What a copy led to when an organiser brings it."""
    copy, actor = read_copy(data), here.actor("organiser-1")
    _device, found = service.owner_of(copy, here.cycle, actor)
    marks = {ref: [Typed(one, Decimal(one.value)) for one in copy.sheets[ref]] for ref in found}
    _kept, lines = service.take(copy, here.cycle, marks, actor=actor, at=here.now + LATER)
    db.session.commit()
    return lines


# Reading --------------------------------------------------------------------------------------------------------------


def test_a_signed_file_whose_content_is_not_what_a_device_writes_is_no_copy():
    device = Browser()
    good = {"account": "U-1", "made_at": "12:00", "sheets": {"L-1": [entry()]}}

    def read(content):
        return read_copy(device.file(content if isinstance(content, str) else json.dumps(content)))

    assert [one.indicator for one in read(good).sheets["L-1"]] == ["A1"]
    marks = [entry(f"A{no}") for no in range(reading.MOST_MARKS + 1)]
    for wrong in (
        "[]", {**good, "round": 2}, {"account": "U-1", "made_at": "12:00"},
        {**good, "account": 7}, {**good, "made_at": None}, {**good, "sheets": [entry()]},
        {**good, "sheets": {f"L-{no}": [entry()] for no in range(reading.MOST_SHEETS + 1)}},
        {**good, "sheets": {"L-\x00": [entry()]}},
        {**good, "sheets": {"L-1": {"A1": entry()}}}, {**good, "sheets": {"L-1": marks}},
        {**good, "sheets": {"L-1": [entry("A" * (reading.LONGEST_TYPED + 1))]}},
        {**good, "sheets": {"L-1": [entry(value="8" * (reading.LONGEST_TYPED + 1))]}},
        {**good, "sheets": {"L-1": [entry(feedback="x" * (reading.LONGEST_TEXT + 1))]}},
    ):  # fmt: skip
        with pytest.raises(NotACopy):
            read(wrong)
    assert len(read({**good, "sheets": {"L-1": marks[1:]}}).sheets["L-1"]) == reading.MOST_MARKS


# The services ---------------------------------------------------------------------------------------------------------


def test_a_copy_that_names_the_sheet_of_somebody_else_is_not_taken(here, candidates, sheet):
    device = Browser()
    device.prepared(here)
    theirs = opened(here, candidates[1], "assessor-4")
    with pytest.raises(service.CopyOfAnother):
        taken(here, device.copy(here, queue_of(sheet, entry("A2", "8")) | queue_of(theirs, entry("A1", "8"))))
    db.session.rollback()
    assert db.session.query(QueueCopy).count() == 0
    assert [one.outcome for one in taken(here, device.copy(here, queue_of(sheet, entry("A2", "8"))))] == ["taken"]


def test_of_no_sheets_nobody_is_asked(here, sheet, statements):
    chair = here.actor("chair")
    with statements() as sent:
        assert concerned([], chair) == set()
    assert sent == []
    assert concerned([sheet], chair) == set()


def test_a_version_is_set_aside_on_what_the_sheet_asks_for_once_for_every_word(here, sheet, door):
    with pytest.raises(NotOnSheet):
        set_aside(here, sheet, typed("C1"), against=0)
    client = door()
    headers = {**SAME_ORIGIN, "X-CSRFToken": token_of(client), "Idempotency-Key": "aside-key-0001"}
    body = {**dict.fromkeys(TEXTS, ""), "value": "8", "device_at": "", "base": 0, "against": 0, "chosen": "mine"}
    assert client.post(f"/api/v1/sheets/{sheet.ref}/set-aside/Z9", json=body, headers=headers).status_code == 404
    assert db.session.query(MarkSetAside).count() == 0
    first = set_aside(here, sheet, typed())
    other = set_aside(here, sheet, typed(panel_note="Seen twice."))
    mine = set_aside(here, sheet, typed(), chosen="mine")
    assert set_aside(here, sheet, typed(panel_note="Seen twice.")).ref == other.ref
    assert [one.ref for one in db.session.query(MarkSetAside).order_by(MarkSetAside.id)] == [
        first.ref, other.ref, mine.ref,
    ]  # fmt: skip


def test_a_mark_of_a_copy_that_was_chosen_about_on_another_device_waits_no_more(here, sheet):
    device = Browser()
    device.prepared(here)
    taken(here, device.copy(here, queue_of(sheet, entry("A1", "8.25"))))
    (held,) = waiting_on(sheet)
    choice = {"expected": 1, "actor": here.actor("assessor-3"), "at": here.now + LATER}
    service.choose(sheet, held, "theirs", **choice)
    db.session.commit()
    with pytest.raises(service.AlreadyChosen):
        service.choose(sheet, held, "mine", **choice)
    db.session.rollback()
    assert db.session.query(MarkSetAside).one().chosen == "theirs"
    assert db.session.query(QueueCopyEntry).one().outcome == "held"
    assert [one.value for one in db.session.query(Mark)] == [Decimal("7.50")]
    assert queries.mark_of(queries.get_sheet(sheet.ref), "A1").version == 1
