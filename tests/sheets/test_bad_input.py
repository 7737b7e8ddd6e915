"""What a score sheet answers to bad input, at the page and at the interface of devices, in both languages.

Each table below reads: what is sent, and what is answered. After every row nothing is lost and nothing counted twice.
"""

import re
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import func, select

from paritrana.audit.models import Event
from paritrana.core.lifecycle import State
from paritrana.database import db
from paritrana.nominations import service as nominations
from paritrana.panels import service as panels
from paritrana.panels.models import Seat
from paritrana.results.queries import inputs
from paritrana.sheets import service
from paritrana.sheets.invariants import CHECKS
from paritrana.sheets.late.models import LateMark, SheetSubmission
from paritrana.sheets.models import Mark, MarkRevision
from tests.factories import world
from tests.interviews.stages import held, planned, shortlisted
from tests.nominations.pages import SAME_ORIGIN, fields_of, text_of
from tests.sheets.desks import marked, opened, submitted, token_of
from tests.verification.cases import LATER

LANGUAGES = ("id", "en")


@pytest.fixture
def here(app, db_session):
    return world()


@pytest.fixture
def candidate(here, clock):
    made = shortlisted(here, clock)
    held(here, planned(here, made)[0])
    return made[0]


class Device:
    """A browser of an assessor that sends marks by script or without, each with a key of its own."""

    def __init__(self, client, sheet, candidate):
        self.client, self.ref = client, sheet.ref
        self.page = f"/assessments/{candidate.ref}/sheet"
        self.token, self.number = token_of(client), 0

    def _key(self, key):
        self.number += 1
        return key or f"key-of-{id(self)}-{self.number}"

    def script(self, indicator, value, *, version=0, language="en", key=None, late=False, **more):
        headers = {
            **SAME_ORIGIN, "X-CSRFToken": self.token, "If-Match": f'"{version}"', "Idempotency-Key": self._key(key),
        }  # fmt: skip
        call, way = (self.client.post, "late-marks") if late else (self.client.put, "marks")
        answer = call(
            f"/api/v1/sheets/{self.ref}/{way}/{indicator}", json={"value": value, **more}, headers=headers,
            query_string={"lang": language},
        )  # fmt: skip
        return answer, "" if answer.json is None else str(answer.json.get("detail", ""))

    def form(self, indicator, value, *, version=0, language="en", key=None, **more):
        fields = {
            "csrf_token": self.token, "version": str(version), "idempotency_key": self._key(key), "value": value,
            "abstain_note": "", "panel_note": "", "feedback": "",
        }  # fmt: skip
        answer = self.client.post(
            f"{self.page}/marks/{indicator}", data=fields | more, headers=SAME_ORIGIN,
            query_string={"lang": language},
        )  # fmt: skip
        return answer, text_of(answer)

    def submit(self, fields, language="en"):
        return self.client.post(
            f"{self.page}/check", data=fields | {"statement": "y"}, headers=SAME_ORIGIN,
            query_string={"lang": language},
        )  # fmt: skip


def rows(model):
    return db.session.scalar(select(func.count()).select_from(model))


def counted(here):
    """Everything a mark leaves behind: rows, events, and what a ranking would read."""
    db.session.rollback()
    return {
        "marks": rows(Mark),
        "revisions": rows(MarkRevision),
        "late": rows(LateMark),
        "submissions": rows(SheetSubmission),
        "told": db.session.query(Event).filter(Event.kind.in_(("mark.saved", "mark.received_late"))).count(),
        "in the ranking": len([one for one in inputs(here.category).contest.marks if one.value is not None]),
    }


def whole():
    db.session.rollback()
    return [broken for check in CHECKS for broken in check.look()]


def stored(model, **which):
    db.session.rollback()
    return db.session.query(model).filter_by(**which).order_by(model.id).all()


# What is typed --------------------------------------------------------------------------------------------------------

FORM = ("Tulis nilai dengan angka, misalnya 8,75", "Write the mark in digits, for example 8.75")
RANGE = ("Nilai harus antara 0 dan 10", "The mark must be between 0 and 10")
CHARACTER = ("karakter yang tidak dapat disimpan", "An entry holds a character that cannot be stored")
DECIMALS = ("Tulis paling banyak 2 angka di belakang koma", "Write at most 2 decimals")

REFUSED = {
    "off the scale": ("10,01", RANGE),
    "far off the scale": ("999", RANGE),
    "below the scale": ("-1", RANGE),
    "a negative zero": ("-0", RANGE),
    "off the step": ("9,555", DECIMALS),
    "off the step with a point": ("9.001", DECIMALS),
    "a thousand": ("1.000", DECIMALS),
    "two signs": ("9..5", FORM),
    "two commas": ("9,5,5", FORM),
    "no decimals after the sign": ("9,", FORM),
    "no digit before the sign": (",5", FORM),
    "a power": ("1e1", FORM),
    "no number": ("NaN", FORM),
    "no end": ("Infinity", FORM),
    "a plus": ("+9", FORM),
    "a blank inside": ("9 5", FORM),
    "a fraction": ("19/2", FORM),
    "full-width digits": ("９", FORM),
    "full-width with a comma": ("９，５", FORM),
    "Arabic digits": ("٩", FORM),
    "a superscript": ("9²", FORM),
    "hexadecimal": ("0x9", FORM),
    "words": ("sembilan", FORM),
    "300 digits": ("1" * 300, FORM),
    "300 letters": ("x" * 300, FORM),
    "a NUL": ("9\x005", CHARACTER),
    "only a NUL": ("\x00", CHARACTER),
    "markup": ("<b>9</b>", FORM),
    "a formula": ("=9+1", FORM),
}
TAKEN = {"9,5": "9.5", "9.5": "9.5", "9,55 ": "9.55", " 9.55": "9.55", "9,50": "9.5", "10": "10", "0": "0", "007": "7"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_no_mark_is_refused_with_its_sentence_and_stored_nowhere(here, candidate, door, language):
    device = Device(door(), opened(here, candidate), candidate)
    before = counted(here)
    for what, (typed, sentences) in REFUSED.items():
        said = sentences[LANGUAGES.index(language)]
        for way in (device.script, device.form):
            answer, text = way("A1", typed, language=language)
            assert (answer.status_code, said in text) == (422, True), (what, way.__name__, text[:300])
    assert counted(here) == before


def test_a_mark_in_any_spelling_is_one_mark(here, candidate, door):
    device = Device(door(), opened(here, candidate), candidate)
    before = counted(here)
    different = len([1 for last, one in zip(["", *TAKEN.values()], TAKEN.values(), strict=False) if last != one])
    for no, (code, way) in enumerate((("A1", device.script), ("A2", device.form)), start=1):
        version = 0
        for typed, value in TAKEN.items():
            answer, _text = way(code, typed, version=version)
            assert answer.status_code in (200, 303), typed
            (mark,) = stored(Mark, indicator=code)
            assert mark.value == Decimal(value), typed
            version = mark.version
        assert counted(here) == before | {"marks": no, "revisions": no * different, "told": no * different}


def test_nothing_typed_is_no_mark_and_takes_one_away(here, candidate, door):
    device = Device(door(), opened(here, candidate), candidate)
    version, kept = 0, []
    for way in (device.script, device.form):
        for typed in ("", " ", "\t"):
            device.script("A1", "9,5", version=version)
            answer, _text = way("A1", typed, version=version + 1)
            assert answer.status_code in (200, 303)
            (mark,) = stored(Mark)
            assert (mark.value, mark.reason, mark.version) == (None, None, version + 2)
            version, kept = version + 2, [*kept, Decimal("9.5"), None]
    assert [one.value for one in stored(MarkRevision)] == kept


def test_a_scale_of_half_points_takes_half_points(here, candidate, door):
    here.category.rubric.scale_step = Decimal("0.5")
    db.session.commit()
    device = Device(door(), opened(here, candidate), candidate)
    before = counted(here)
    for way in (device.script, device.form):
        assert way("A1", "9,25")[0].status_code == 422
    assert counted(here) == before
    assert device.script("A1", "9,5")[0].status_code == 200


def test_notes_that_no_table_can_hold_and_values_that_are_no_texts_are_refused(here, candidate, door):
    device = Device(door(), opened(here, candidate), candidate)
    before = counted(here)
    for field in ("panel_note", "feedback", "abstain_note"):
        typed = "" if field == "abstain_note" else "9"
        for text in ("a\x00b", "x" * 2001, "a\ud800b"):
            assert device.script("A1", typed, **{field: text})[0].status_code == 422, (field, text[:5])
        for text in ("a\x00b", "x" * 2001):
            more = {"abstain": "1"} if field == "abstain_note" else {}
            assert device.form("A1", typed, **{field: text}, **more)[0].status_code == 422, (field, text[:5])
    for value in (9.5, True, ["9"], {"value": "9"}):
        answer, _text = device.script("A1", value)
        assert (answer.status_code, answer.json["code"]) == (422, "not_a_mark")
    assert counted(here) == before


# When it is sent ------------------------------------------------------------------------------------------------------


def recused(here, sheet):
    panels.recuse(sheet.nomination, "A relative.", actor=here.actor("assessor-3"), at=here.now + LATER)


def withdrawn(here, sheet):
    nominations.withdraw(sheet.nomination, "Other plans.", actor=here.actor("nominee-1"), at=here.now + LATER)


def sent_in(here, sheet):
    marked(here, sheet)
    service.submit_sheet(sheet, actor=here.actor("assessor-3"), at=here.now + LATER)


def scoring_over(here, sheet):
    here.category.state = int(State.PLENARY)


def sealed(here, sheet):
    here.category.state = int(State.SEALED)


def published(here, sheet):
    here.category.state = int(State.PUBLISHED)


def seat_over(here, sheet):
    seat = db.session.query(Seat).filter_by(account_id=sheet.assessor_id).one()
    panels.unseat(
        seat, "Moved to another office.", expected=seat.version, actor=here.actor("organiser-1"), at=here.now + LATER,
        confirmed=True,
    )  # fmt: skip


NOT_THERE = ("Alamatnya mungkin tidak lengkap", "The address may be incomplete")
CLOSED = ("Lembar ini sudah dikirim dan terkunci", "This sheet is submitted and locked")
TOO_LATE = ("Kategori belum atau tidak lagi berada pada tahap", "The category is not at the stage")
GONE = ("Kandidat ini telah mengundurkan diri", "This candidate has withdrawn")
LEFT = ("Kursi Anda dalam tim penilai ini sudah berakhir", "Your seat in this panel has ended")

# What came between: by script, without script, and as a late mark. Each is a status, a code and a sentence.
BETWEEN = {
    recused: ((404, "not_found", NOT_THERE), (404, NOT_THERE), (404, "not_found", NOT_THERE)),
    withdrawn: ((409, "candidate_withdrawn", GONE), (404, NOT_THERE), (409, "candidate_withdrawn", GONE)),
    sent_in: ((409, "sheet_closed", CLOSED), (409, CLOSED), (201, None, None)),
    scoring_over: ((409, "wrong_state", TOO_LATE), (409, TOO_LATE), (201, None, None)),
    sealed: ((409, "wrong_state", TOO_LATE), (409, TOO_LATE), (201, None, None)),
    published: ((409, "wrong_state", TOO_LATE), (409, TOO_LATE), (409, "wrong_state", TOO_LATE)),
    seat_over: ((409, "seat_over", LEFT), (409, LEFT), (409, "seat_over", LEFT)),
}


@pytest.mark.parametrize("came", BETWEEN, ids=lambda came: came.__name__)
def test_a_mark_that_comes_too_late_is_answered_and_nothing_is_lost_or_counted_twice(here, candidate, door, came):
    sheet = opened(here, candidate)
    device = Device(door(), sheet, candidate)
    assert device.script("A1", "9,5", key="in-time-key")[0].status_code == 200
    came(here, sheet)
    db.session.commit()
    by_script, by_form, late = BETWEEN[came]
    before = counted(here)
    for place, language in enumerate(LANGUAGES):
        answer, text = device.script("A2", "8", version=1 if came is sent_in else 0, language=language)
        assert (answer.status_code, answer.json["code"]) == by_script[:2]
        assert by_script[2][place] in text
        answer, text = device.form("A2", "8", version=1 if came is sent_in else 0, language=language)
        assert answer.status_code == by_form[0]
        assert by_form[1][place] in text
        if late[2] is not None:
            answer, text = device.script("A2", "8", language=language, late=True, device_at="")
            assert (answer.status_code, answer.json["code"]) == late[:2]
            assert late[2][place] in text
    assert counted(here) == before
    if late[0] == 201:
        for _turn in range(3):  # with the same key, and with others
            assert device.script("A2", "8", late=True, device_at="", key="late-key")[0].status_code == 201
            assert device.script("A2", "8", late=True, device_at="")[0].status_code == 201
        assert counted(here) == before | {"late": 1, "told": before["told"] + 1}
    # What was acknowledged before keeps its answer and its one row.
    again, _text = device.script("A1", "9,5", key="in-time-key")
    assert (again.status_code, again.headers["Idempotency-Replayed"]) == (200, "true")
    assert len(stored(MarkRevision, version=1)) == len(stored(Mark))
    assert whole() == []


def test_a_queue_replayed_after_the_session_closed_is_saved_once(here, candidate, door):
    sheet = opened(here, candidate)
    device = Device(door(), sheet, candidate)
    queue = [(code, f"key-of-{code}-waiting") for code in ("A1", "A2", "E1", "E2")]
    for _replay in range(3):
        answers = [device.script(code, "9,5", key=key)[0].status_code for code, key in queue]
        assert answers == [200] * 4
    assert len(stored(MarkRevision)) == 4


def test_a_device_whose_clock_is_two_days_off_is_treated_like_any_other(here, candidate, door):
    at = here.now + LATER
    device = Device(door(), submitted(here, candidate), candidate)
    before = counted(here)
    for no, (code, said) in enumerate(
        [("A1", (at - timedelta(days=2)).isoformat()), ("A2", (at + timedelta(days=2)).isoformat()), ("A3", "x" * 5000),
         ("B3", "\n\n"), ("D1", "1970-01-01")], start=1,
    ):  # fmt: skip
        refused, _text = device.script(code, "9,5", version=1)
        assert (refused.status_code, refused.json["code"]) == (409, "sheet_closed")
        assert device.script(code, "9,5", late=True, device_at=said)[0].status_code == 201
        assert counted(here) == before | {"late": no, "told": before["told"] + no}
        late = stored(LateMark)[-1]
        assert late.device_at == said.strip()[:40]
        assert abs(late.received_at - at) < timedelta(days=1)
    for said in ("a\x00b", "a\ud800b"):
        assert device.script("E1", "9,5", late=True, device_at=said)[0].status_code == 422
    assert counted(here)["late"] == 5


# Two devices ----------------------------------------------------------------------------------------------------------


def check_fields(device):
    return fields_of(device.client, f"{device.page}/check", f"{device.page}/check")


def test_a_sheet_submitted_from_two_devices_after_the_same_look_is_locked_once(here, candidate, door):
    sheet = marked(here, opened(here, candidate))
    phone, desk = Device(door(), sheet, candidate), Device(door(), sheet, candidate)
    looks = [check_fields(phone), check_fields(desk)]
    answers = [one.submit(look) for one, look in zip((phone, desk), looks, strict=True)]
    assert [(one.status_code, one.location) for one in answers] == [(303, f"{phone.page}/receipt")] * 2
    assert counted(here)["submissions"] == 1
    assert whole() == []


def test_a_sheet_that_changed_since_the_look_is_looked_through_again(here, candidate, door):
    sheet = marked(here, opened(here, candidate))
    phone, desk = Device(door(), sheet, candidate), Device(door(), sheet, candidate)
    look = check_fields(desk)
    assert phone.script("A1", "9,25", version=1)[0].status_code == 200
    sentences = ("Sejak itu ada nilai yang disimpan di halaman atau perangkat lain", "Marks were saved on another page")
    for language, said in zip(LANGUAGES, sentences, strict=True):
        refused = desk.submit(look | {"idempotency_key": f"a-key-{language}"}, language)
        assert refused.status_code == 409
        assert said in text_of(refused)
        assert re.search("9[,.]25", text_of(refused))
    assert counted(here)["submissions"] == 0
    assert desk.submit(check_fields(desk)).status_code == 303
    late, _text = phone.script("A1", "3", version=2)
    assert (late.status_code, late.json["code"]) == (409, "sheet_closed")
    (kept,) = stored(SheetSubmission)
    assert [one["value"] for one in kept.content["marks"] if one["indicator"] == "A1"] == ["9.25"]
    assert whole() == []
