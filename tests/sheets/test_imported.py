"""A copy of a queue comes in: verified, shown without a mark, taken once, and nothing newer is overwritten."""

import io
import json
import re
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from paritrana.accounts.models import Device
from paritrana.accounts.service import revoke_devices
from paritrana.audit.models import Event
from paritrana.core.errors import BadInput
from paritrana.core.lifecycle import State
from paritrana.cycles.models import Cycle
from paritrana.database import db
from paritrana.interviews.queries import session_of
from paritrana.interviews.service import plan_day
from paritrana.nominations import service as nominations
from paritrana.panels.service import recuse
from paritrana.sheets import service
from paritrana.sheets.imported.models import MarkSetAside, QueueCopy, QueueCopyEntry
from paritrana.sheets.imported.reading import LARGEST, read_copy
from paritrana.sheets.invariants import CHECKS
from paritrana.sheets.late.models import LateMark
from paritrana.sheets.models import Mark, MarkRevision
from tests.factories import grant, sign_in, world
from tests.interviews.stages import held, planned, shortlisted
from tests.nominations.pages import SAME_ORIGIN, fields_in, fields_of, send, text_of
from tests.sheets.copies import TEXTS, Browser, entry, look_at, queue_of, take
from tests.sheets.desks import marked, opened, put, submitted, token_of
from tests.verification.cases import LATER


@pytest.fixture
def here(app, db_session):
    return world()


@pytest.fixture
def candidates(here, clock):
    made = shortlisted(here, clock)
    for session in planned(here, made):
        held(here, session)
    return made


@pytest.fixture
def day(candidates):
    return session_of(candidates[0]).day.code


@pytest.fixture
def sheet(here, candidates):
    return opened(here, candidates[0])


@pytest.fixture
def device(here):
    browser = Browser()
    browser.prepared(here)
    return browser


@pytest.fixture
def door(app):
    def enter(name="organiser-1"):
        client = app.test_client()
        sign_in(client, name)
        return client

    return enter


def stored(model):
    db.session.rollback()
    return db.session.query(model).order_by(model.id).all()


def ends():
    return {(one.indicator, one.outcome, one.why) for one in stored(QueueCopyEntry)}


def marks():
    return {one.indicator: (one.value, one.version) for one in stored(Mark)}


def whole():
    """The rules of the room that are broken."""
    db.session.rollback()
    return [broken for check in CHECKS for broken in check.look()]


# What is taken --------------------------------------------------------------------------------------------------------


def test_an_organiser_takes_a_copy_after_a_look_that_shows_no_mark(here, day, sheet, device, door):
    data = device.copy(here, queue_of(sheet, entry("A1", "8,25", panel_note="Ada perda."), entry("E1", "9.5")))
    client = door()
    looked = look_at(client, day, data)
    page = text_of(looked)
    assert page.count("Will be taken") == 3  # one count and two marks
    assert stored(QueueCopy) == [] == stored(Mark)
    done = take(client, day, data, looked)
    assert "This is done" in text_of(done)
    for shown in (page, text_of(done), text_of(client.get(f"/interviews/{day}/import"))):
        assert not re.search(r"8[,.]25|9[,.]5\b|Ada perda", shown)
    assert marks() == {"A1": (Decimal("8.25"), 1), "E1": (Decimal("9.5"), 1)}
    assert ends() == {("A1", "taken", ""), ("E1", "taken", "")}
    (kept,) = stored(QueueCopy)
    assert (kept.content, kept.size) == (data, len(data))
    told = db.session.query(Event).filter_by(kind="queue_copy.settled").order_by(Event.seq).all()
    assert [json.loads(one.content.body)["values"]["typed"] for one in told] == ["8,25", "9.5"]
    assert whole() == []


def test_the_assessor_finds_the_marks_and_the_device_that_comes_back_adds_nothing(here, day, sheet, device, door):
    take(door(), day, device.copy(here, queue_of(sheet, entry("A1", "8,25"))))
    me = door("assessor-3")
    assert me.get(f"/api/v1/sheets/{sheet.ref}", query_string={"lang": "en"}).json["marks"]["A1"]["shown"] == "8.25"
    again = put(me, sheet, "A1", "8,25", version=0)
    assert (again.status_code, again.json["theirs"]["shown"]) == (409, "8.25")  # the queue calms down at this
    assert len(stored(MarkRevision)) == 1


def test_the_same_file_twice_changes_nothing(here, day, sheet, device, door):
    data = device.copy(here, queue_of(sheet, entry("A1"), entry("A2", "11")))
    client = door()
    looked = look_at(client, day, data)
    take(client, day, data, looked)
    before = (marks(), ends(), db.session.query(Event).count(), len(stored(QueueCopyEntry)))
    assert "There is nothing to take." in text_of(look_at(client, day, data))
    fields = fields_in(looked, f"/interviews/{day}/import/take")
    sent = fields | {"file": (io.BytesIO(data), "antrean.json"), "idempotency_key": "another-key-0001"}
    again = client.post(f"/interviews/{day}/import/take", data=sent, headers=SAME_ORIGIN)
    assert again.status_code == 200
    assert (marks(), ends(), db.session.query(Event).count(), len(stored(QueueCopyEntry))) == before


def test_another_copy_with_the_same_marks_finds_them_already_there(here, day, sheet, device, door):
    client = door()
    take(client, day, device.copy(here, queue_of(sheet, entry("A1"))))
    data = device.copy(here, queue_of(sheet, entry("A1", "8.25")), made_at="13:00")
    assert "Already there" in text_of(look_at(client, day, data))
    assert marks()["A1"][1] == 1


def test_an_abstention_and_a_cleared_mark_come_as_they_were_typed(here, day, sheet, device, door):
    marked(here, sheet, codes=("A1",))
    entries = entry("A1", "", base=1), entry("A2", "", abstain_note="Saya ikut menyusunnya.")
    take(door(), day, device.copy(here, queue_of(sheet, *entries)))
    found = {one.indicator: (one.value, one.reason, one.version) for one in stored(Mark)}
    assert found == {"A1": (None, None, 2), "A2": (None, "abstained", 1)}


def test_marks_that_the_sheet_would_refuse_are_refused_and_the_others_are_taken(here, day, sheet, device, door):
    wrong = [
        entry("A1", "11"), entry("A2", "8,255"), entry("B3", "-1"), entry("D1", "acht"),
        entry("E1", "8", abstain_note="Ya"), entry("E2", "8", panel_note="x" * 2001), entry("Z9"), entry("B1"),
    ]  # fmt: skip
    done = take(door(), day, device.copy(here, queue_of(sheet, *wrong, entry("A3"))))
    assert done.status_code == 200
    no_mark = {(code, "refused", "not_a_mark") for code in ("A1", "A2", "B3", "D1", "E1", "E2")}
    unknown = {(code, "refused", "not_on_sheet") for code in ("Z9", "B1")}  # B1 is computed, never marked
    assert ends() == no_mark | unknown | {("A3", "taken", "")}
    assert set(marks()) == {"A3"}
    assert "acht" not in text_of(done)
    assert whole() == []


def test_a_mark_above_the_cap_is_refused_without_saying_how_high_it_was(here, clock, device, door):
    made = shortlisted(here, clock)
    session = planned(here, made)[0]
    held(here, session, "wakil")
    sheet = opened(here, made[0])
    done = take(door(), session.day.code, device.copy(here, queue_of(sheet, entry("E1", "9,75"), entry("A1"))))
    assert ("E1", "refused", "not_a_mark") in ends()
    assert "9.75" not in text_of(done)


def test_what_is_refused_now_can_be_taken_from_the_same_file_later(here, clock, device, door):
    made = shortlisted(here, clock)
    session = planned(here, made)[0]
    sheet = opened(here, made[0])
    data = device.copy(here, queue_of(sheet, entry("A1"), entry("E1")))
    client = door()
    day = session.day.code
    take(client, day, data)
    assert ends() == {("A1", "taken", ""), ("E1", "refused", "marking_not_open")}
    held(here, session)
    take(client, day, data)
    assert [(one.indicator, one.outcome) for one in stored(QueueCopyEntry)] == [
        ("A1", "taken"), ("E1", "refused"), ("E1", "taken"),
    ]  # fmt: skip
    assert set(marks()) == {"A1", "E1"}
    assert len(stored(QueueCopy)) == 1
    assert whole() == []


def test_marks_after_the_lock_become_late_marks(here, candidates, day, device, door):
    sheet = submitted(here, candidates[0])
    data = device.copy(here, queue_of(sheet, entry("A1", "8,25", base=1), entry("A2", "7,50", base=1)))
    assert "becomes a late mark" in text_of(look_at(door(), day, data))
    take(door(), day, data)
    assert ends() == {("A1", "late", ""), ("A2", "same", "")}
    (late,) = stored(LateMark)
    assert (late.value, late.device_at) == (Decimal("8.25"), "2026-03-02T10:00:00+07:00")
    assert marks()["A1"] == (Decimal("7.50"), 1)
    assert whole() == []


def test_after_the_end_of_scoring_an_open_sheet_takes_late_marks_only(here, day, sheet, device, door):
    here.category.state = int(State.PLENARY)
    db.session.commit()
    take(door(), day, device.copy(here, queue_of(sheet, entry("A1"))))
    assert ends() == {("A1", "late", "")}
    assert stored(Mark) == []


# Two versions ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def conflict(here, day, sheet, device, door):
    """The server has 7.50 of A1; the file says 8,25 on nothing."""
    marked(here, sheet, codes=("A1",))
    data = device.copy(here, queue_of(sheet, entry("A1", "8,25", panel_note="Dari tablet.")))
    assert "Server moved on" in text_of(look_at(door(), day, data))
    take(door(), day, data)
    assert ends() == {("A1", "held", "")}
    assert marks() == {"A1": (Decimal("7.50"), 1)}
    return f"/assessments/{sheet.nomination.ref}/sheet/files"


def test_a_mark_whose_server_moved_on_waits_and_the_assessor_sees_both(here, sheet, conflict, door):
    me = door("assessor-3")
    sheet_page = text_of(me.get(f"/assessments/{sheet.nomination.ref}/sheet", query_string={"lang": "en"}))
    assert "Marks from a file met a newer version of this sheet: 1." in sheet_page
    page = text_of(me.get("/home", query_string={"lang": "en"}))
    assert f"Choose between two versions on the sheet of {sheet.nomination.organisation.name}: 1" in page
    page = text_of(me.get(conflict, query_string={"lang": "en"}))
    assert "8.25" in page
    assert "7.50" in page
    assert "Dari tablet." in page
    assert "checked" not in page


@pytest.mark.parametrize(("choice", "value", "version"), [("mine", "8.25", 2), ("theirs", "7.50", 1)])
def test_the_choice_is_stored_with_both_versions_and_once(here, sheet, conflict, door, choice, value, version):
    me = door("assessor-3")
    fields = fields_of(me, conflict)
    assert send(me, conflict, fields, choice=choice).status_code == 303
    assert marks() == {"A1": (Decimal(value), version)}
    (aside,) = stored(MarkSetAside)
    assert (aside.value, aside.base, aside.against, aside.chosen) == (Decimal("8.25"), 0, 1, choice)
    assert "No mark from a file waits" in text_of(me.get(conflict, query_string={"lang": "en"}))
    assert "Choose between two versions" not in text_of(me.get("/home", query_string={"lang": "en"}))
    again = send(me, conflict, fields | {"idempotency_key": "another-key-0002"}, choice="mine")
    assert again.status_code == 409
    assert len(stored(MarkSetAside)) == 1
    history = text_of(me.get(f"/assessments/{sheet.nomination.ref}/sheet/reopening", query_string={"lang": "en"}))
    assert "Two versions that were weighed" in history
    assert "8.25" in history
    assert "7.50" in history
    assert whole() == []


def test_a_choice_needs_a_choice_and_the_version_that_was_shown(here, sheet, conflict, door):
    me = door("assessor-3")
    fields = fields_of(me, conflict)
    assert send(me, conflict, fields).status_code == 422
    put(me, sheet, "A1", "9", version=1)
    moved = send(me, conflict, fields, choice="mine")
    assert moved.status_code == 409
    assert marks() == {"A1": (Decimal("9"), 2)}
    assert stored(MarkSetAside) == []


def test_a_choice_after_the_lock_is_a_late_mark(here, sheet, conflict, door):
    marked(here, sheet)
    service.submit_sheet(sheet, actor=here.actor("assessor-3"), at=here.now + LATER)
    db.session.commit()
    me = door("assessor-3")
    assert send(me, conflict, fields_of(me, conflict), choice="mine").status_code == 303
    assert [one.value for one in stored(LateMark)] == [Decimal("8.25")]
    assert whole() == []


def test_nobody_else_meets_what_waits_on_a_sheet(here, conflict, door):
    assert door("assessor-4").get(conflict).status_code == 404
    assert door("organiser-1").get(conflict).status_code == 404


def aside(client, sheet, *, key="aside-key-0001", **changes):
    body = {**dict.fromkeys(TEXTS, ""), "value": "8,25", "device_at": "10:00", "base": 0, "against": 1,
            "chosen": "theirs", **changes}  # fmt: skip
    headers = {**SAME_ORIGIN, "X-CSRFToken": token_of(client), "Idempotency-Key": key}
    return client.post(
        f"/api/v1/sheets/{sheet.ref}/set-aside/A1", json=body, headers=headers, query_string={"lang": "en"}
    )


def test_a_device_notes_what_was_set_aside_once_whatever_is_repeated(here, sheet, day, door):
    marked(here, sheet, codes=("A1",))
    me = door("assessor-3")
    first = aside(me, sheet)
    assert first.status_code == 201
    again = aside(me, sheet)
    assert (again.json, again.headers["Idempotency-Replayed"]) == (first.json, "true")
    assert aside(me, sheet, key="aside-key-0002").json["set_aside"] == first.json["set_aside"]
    (kept,) = stored(MarkSetAside)
    assert (kept.value, kept.against, kept.chosen) == (Decimal("8.25"), 1, "theirs")
    assert marks() == {"A1": (Decimal("7.50"), 1)}
    assert whole() == []


@pytest.mark.parametrize(
    "changes",
    [
        {"against": 2}, {"against": -1}, {"against": True}, {"base": "0"}, {"chosen": "both"}, {"value": None},
        {"value": "acht"}, {"more": "x"}, {"device_at": 5},
    ],
)  # fmt: skip
def test_a_choice_that_cannot_have_been_made_is_refused(here, sheet, day, door, changes):
    marked(here, sheet, codes=("A1",))
    assert aside(door("assessor-3"), sheet, **changes).status_code == 422
    assert stored(MarkSetAside) == []


def test_a_choice_on_the_device_settles_what_the_file_brought(here, sheet, conflict, door):
    me = door("assessor-3")
    assert aside(me, sheet, panel_note="Dari tablet.").status_code == 201
    assert "No mark from a file waits" in text_of(me.get(conflict, query_string={"lang": "en"}))
    (kept,) = stored(MarkSetAside)
    assert kept.entry_id == stored(QueueCopyEntry)[0].id


# Who, and whose -------------------------------------------------------------------------------------------------------


def test_an_assessor_imports_the_own_copy_and_no_other(here, candidates, day, sheet, device, door):
    data = device.copy(here, queue_of(sheet, entry("A1")))
    other = look_at(door("assessor-4"), day, data)
    assert (other.status_code, "This is the copy of another person." in text_of(other)) == (422, True)
    assert take(door("assessor-3"), day, data).status_code == 200
    assert set(marks()) == {"A1"}
    mine, others = (text_of(door(name).get(f"/interviews/{day}/import")) for name in ("assessor-3", "assessor-4"))
    digest = stored(QueueCopy)[0].digest[:16]
    assert (digest in mine, digest in others) == (True, False)


def test_nobody_else_imports(here, day, door):
    names = ("nominee-1", "verifier-1", "auditor", "administrator")
    assert {door(name).get(f"/interviews/{day}/import").status_code for name in names} <= {403, 404}


def test_marks_of_a_sheet_that_is_sealed_are_refused_and_kept(here, candidates, day, sheet, device, door):
    data = device.copy(here, queue_of(sheet, entry("A1")) | queue_of(opened(here, candidates[1]), entry("A1")))
    recuse(candidates[0], "Saudara.", basis="kin", actor=here.actor("assessor-3"), at=here.now + LATER)
    db.session.commit()
    take(door(), day, data)
    assert sorted((one.outcome, one.why) for one in stored(QueueCopyEntry)) == [
        ("refused", "not_judging"),
        ("taken", ""),
    ]
    page = text_of(look_at(door("assessor-3"), day, data))
    assert candidates[0].organisation.name not in page
    assert candidates[1].organisation.name in page


def test_marks_of_a_candidate_that_withdrew_are_refused(here, candidates, day, sheet, device, door):
    data = device.copy(here, queue_of(sheet, entry("A1")))
    nominations.withdraw(candidates[0], "Tidak jadi.", actor=here.actor("nominee-1"), at=here.now + LATER)
    db.session.commit()
    assert "The candidate has withdrawn" in text_of(look_at(door(), day, data))
    assert stored(QueueCopy) == []


def test_marks_of_an_earlier_attempt_are_refused(here, day, sheet, device, door):
    data = device.copy(here, queue_of(sheet, entry("A1")))
    here.category.attempt = 2
    db.session.commit()
    assert "begun anew" in text_of(look_at(door(), day, data))


# What is no such file -------------------------------------------------------------------------------------------------


def nested(levels):
    return b'{"a":' * levels + b"1" + b"}" * levels


REFUSED = {
    "too large": (lambda device, here, sheet: b" " * (LARGEST + 1), "too large", "terlalu besar"),
    "nothing": (lambda device, here, sheet: b"", "no copy of a queue", "bukan salinan antrean"),
    "no text": (lambda device, here, sheet: b"\xff\xfe\x00", "no copy of a queue", "bukan salinan antrean"),
    "no JSON": (lambda device, here, sheet: b"{'a': 1}", "no copy of a queue", "bukan salinan antrean"),
    "deep": (lambda device, here, sheet: nested(40), "nested deeper", "lebih dalam"),
    "bottomless": (lambda device, here, sheet: b"[" * 200_000, "nested deeper", "lebih dalam"),
    "a twin": (
        lambda device, here, sheet: b'{"format": "paritrana-queue/1", "format": "x"}',
        "no copy of a queue", "bukan salinan antrean",
    ),
    "NaN": (
        lambda device, here, sheet: device.file("{}").replace(b'"paritrana-queue/1"', b"NaN"),
        "numbers that a device does not write", "angka yang tidak ditulis",
    ),
    "a fraction": (
        lambda device, here, sheet: device.file(
            json.dumps({"account": "x", "made_at": "", "sheets": {sheet.ref: [{**entry(), "base": 0.5}]}})
        ),
        "numbers that a device does not write", "angka yang tidak ditulis",
    ),
    "the future": (
        lambda device, here, sheet: device.file("{}", format="paritrana-queue/2"), "another version", "versi lain",
    ),
    "another kind": (
        lambda device, here, sheet: device.file("{}", format="paritrana-pack/1"),
        "no copy of a queue", "bukan salinan antrean",
    ),
    "no key": (
        lambda device, here, sheet: device.file("{}", public_key="AAAA"), "no copy of a queue", "bukan salinan antrean",
    ),
    "forged": (
        lambda device, here, sheet: device.file(
            json.dumps({"account": "x", "made_at": "", "sheets": {}}), signature=Browser(9).sign("x")
        ),
        "The signature does not fit", "Tanda tangannya tidak cocok",
    ),
    "a changed byte": (
        lambda device, here, sheet: device.copy(here, queue_of(sheet, entry("A1", "8,25"))).replace(b"8,25", b"9,25"),
        "The signature does not fit", "Tanda tangannya tidak cocok",
    ),
    "never prepared": (
        lambda device, here, sheet: Browser(11).copy(here, queue_of(sheet, entry())),
        "never prepared here", "tidak pernah disiapkan",
    ),
    "another account": (
        lambda device, here, sheet: device.copy(here, queue_of(sheet, entry()), "assessor-4"),
        "another person than the owner", "orang lain",
    ),
    "a sheet that is not there": (
        lambda device, here, sheet: device.copy(here, {"L-0000-0000": [entry()]}),
        "another person than the owner", "orang lain",
    ),
    "an empty queue": (
        lambda device, here, sheet: device.copy(here, {sheet.ref: []}), "Nothing waited", "Tidak ada yang menunggu",
    ),
    "a field more": (
        lambda device, here, sheet: device.copy(here, queue_of(sheet, {**entry(), "round": "2"})),
        "no copy of a queue", "bukan salinan antrean",
    ),
    "the same twice": (
        lambda device, here, sheet: device.copy(here, queue_of(sheet, entry(), entry())),
        "no copy of a queue", "bukan salinan antrean",
    ),
    "a NUL": (
        lambda device, here, sheet: device.copy(here, queue_of(sheet, entry(panel_note="\x00"))),
        "no copy of a queue", "bukan salinan antrean",
    ),
    "half a character": (
        lambda device, here, sheet: device.copy(here, queue_of(sheet, entry(panel_note="\ud800"))),
        "no copy of a queue", "bukan salinan antrean",
    ),
    "a version before the first": (
        lambda device, here, sheet: device.copy(here, queue_of(sheet, entry(base=-1))),
        "no copy of a queue", "bukan salinan antrean",
    ),
    "a number of ten thousand digits": (
        lambda device, here, sheet: device.file(
            '{"account": "x", "made_at": "", "sheets": {"x": [{"base": ' + "9" * 10_000 + "}]}}"
        ),
        "no copy of a queue", "bukan salinan antrean",
    ),
}  # fmt: skip


def test_what_is_no_copy_of_this_panel_is_refused_with_its_sentence(here, day, sheet, device, door):
    client, page = door(), f"/interviews/{day}/import"
    fields, wrong = fields_of(client, page), []
    for name, (make, english, indonesian) in REFUSED.items():
        data = make(device, here, sheet)
        for language, words in (("en", english), ("id", indonesian)):
            answer = client.post(
                page, data=fields | {"file": (io.BytesIO(data), "x.json")}, headers=SAME_ORIGIN,
                query_string={"lang": language},
            )  # fmt: skip
            if answer.status_code != 422 or words not in text_of(answer):
                wrong.append((name, language, answer.status_code))
    assert wrong == []
    assert stored(QueueCopy) == [] == stored(QueueCopyEntry)
    assert stored(Mark) == []


def test_a_device_that_was_taken_out_of_use_says_nothing_any_more(here, day, sheet, device, door):
    data = device.copy(here, queue_of(sheet, entry()))
    revoke_devices(here.accounts["assessor-3"], actor=here.actor("assessor-3"), at=here.now + LATER)
    db.session.commit()
    answer = look_at(door(), day, data)
    assert (answer.status_code, "was taken out of use since" in text_of(answer)) == (422, True)


def test_a_copy_saved_before_the_owner_signed_out_on_the_device_is_taken(here, day, sheet, device, door):
    data = device.copy(here, queue_of(sheet, entry()))
    db.session.scalars(select(Device)).one().browser_key = "this browser"
    owner = here.accounts["assessor-3"]
    revoke_devices(owner, actor=here.actor("assessor-3"), at=here.now + LATER, browser_key="this browser")
    db.session.commit()
    client = door()
    looked = look_at(client, day, data)
    assert looked.status_code == 200
    assert take(client, day, data, looked).status_code == 200
    assert len(stored(Mark)) == 1


def test_sheets_of_another_cycle_are_for_a_day_of_that_cycle(here, day, sheet, device, door):
    data = device.copy(here, queue_of(sheet, entry()))
    names = {one.name for one in Cycle.__table__.columns} - {"id", "code"}
    other = Cycle(code="lain-2025", **{name: getattr(here.cycle, name) for name in names})
    db.session.add(other)
    grant(here.accounts["organiser-1"], "organiser", cycle=other)
    at = here.now + LATER
    elsewhere = plan_day(other, at.date(), actor=here.actor("organiser-1"), at=at).code
    db.session.commit()
    answer = look_at(door(), elsewhere, data)
    assert (answer.status_code, "belong to another cycle" in text_of(answer)) == (422, True)


def test_no_file_and_another_file_than_the_one_looked_at_are_refused(here, day, sheet, device, door):
    client, page = door(), f"/interviews/{day}/import"
    answer = send(client, page, fields_of(client, page))
    assert (answer.status_code, "Choose the file" in text_of(answer)) == (422, True)
    looked = look_at(client, day, device.copy(here, queue_of(sheet, entry())))
    other = device.copy(here, queue_of(sheet, entry("A2")))
    answer = take(client, day, other, looked)
    assert (answer.status_code, "not the file that was looked at" in text_of(answer)) == (422, True)
    assert stored(QueueCopy) == []


def test_a_copy_that_is_spoilt_between_look_and_act_is_refused(here, day, sheet, device, door):
    client = door()
    data = device.copy(here, queue_of(sheet, entry()))
    looked = look_at(client, day, data)
    revoke_devices(here.accounts["assessor-3"], actor=here.actor("assessor-3"), at=here.now + LATER)
    db.session.commit()
    assert take(client, day, data, looked).status_code == 422
    assert stored(QueueCopy) == []


QUIET = {"deadline": None, "suppress_health_check": list(HealthCheck)}
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
)
outside = st.fixed_dictionaries(
    {}, optional={
        "format": st.just("paritrana-queue/1") | anything, "public_key": st.just(Browser().public_key) | anything,
        "content": anything, "signature": st.text(max_size=90) | anything,
    },
)  # fmt: skip
hostile_entry = st.fixed_dictionaries(
    {}, optional={"indicator": st.sampled_from(["A1", "B1", "Z9"]) | anything, "base": st.integers() | anything,
                  "device_at": anything, "value": st.sampled_from(["8", "NaN", "1e3", "٨"]) | anything,
                  "abstain_note": anything, "panel_note": anything, "feedback": anything},
)  # fmt: skip


@settings(max_examples=200, **QUIET)
@given(data=st.binary(max_size=400) | anything.map(lambda one: json.dumps(one).encode()) | outside.map(
    lambda one: json.dumps(one).encode()
))  # fmt: skip
def test_whatever_the_bytes_are_the_answer_is_a_sentence(data):
    with pytest.raises(BadInput):
        read_copy(data)


@settings(max_examples=100, **QUIET)
@given(listed=st.lists(hostile_entry, max_size=4), outer=st.booleans())
def test_no_hostile_file_is_a_fault_and_none_is_taken(hostile_door, listed, outer):
    client, page, fields, sheet, device = hostile_door
    content = json.dumps({"account": device.account, "made_at": "", "sheets": {sheet: listed}})
    data = device.file(content) if outer else device.file(content)[:-3] + b"}}"
    answer = client.post(page, data=fields | {"file": (io.BytesIO(data), "x.json")}, headers=SAME_ORIGIN)
    assert answer.status_code in {200, 422}
    taken = client.post(
        f"{page}/take", data=fields | {"file": (io.BytesIO(data), "x.json"), "sha256": "0" * 64}, headers=SAME_ORIGIN
    )
    assert taken.status_code == 422
    assert db.session.query(QueueCopy).count() == 0
    db.session.rollback()


@pytest.fixture
def hostile_door(here, day, sheet, device, door):
    client, page = door(), f"/interviews/{day}/import"
    device.account = here.accounts["assessor-3"].ref
    return client, page, fields_of(client, page), sheet.ref, device
