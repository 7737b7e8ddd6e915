"""Playing the second half of a simulated cycle: interviews, sheets, plenary, publication and certificates."""

from collections.abc import Callable
from datetime import datetime, time, timedelta
from decimal import Decimal
from typing import Final

from paritrana.certificates import service as certificates
from paritrana.core.certificates import Kind
from paritrana.core.policy import Actor
from paritrana.core.timing import TimerAct
from paritrana.cycles.models import Category
from paritrana.interviews import clock
from paritrana.interviews import service as interviews
from paritrana.interviews.models import InterviewDay, InterviewSession
from paritrana.interviews.queries import sessions_of
from paritrana.nominations.models import Nomination
from paritrana.panels import service as panels
from paritrana.publication import service as publication
from paritrana.results import service as results
from paritrana.results.workbench import queries as warned
from paritrana.results.workbench.service import acknowledge
from paritrana.seeding.rows import Row
from paritrana.seeding.simulated import ABSTAINED, SEATED, UNMARKED
from paritrana.seeding.stages import AFTERNOON, MORNING, Play
from paritrana.sheets import service as sheets

EARLY: Final = timedelta(minutes=5)  # who presents arrives so long before the session
CLOCK: Final = ((TimerAct.START, 0), (TimerAct.NEXT, 6))  # minutes after the planned start; closing ends the clock
# What the chair says of a warning before the seal.
WHY_SEALED: Final = {
    warned.FINDINGS: "Temuan yang terbuka tidak mengubah nilai (simulasi).",
    warned.REQUESTS: "Permintaan perbaikan tidak dijawab sampai batas waktu (simulasi).",
    warned.CONSOLIDATIONS: "Penilaian kedua dihentikan; putaran pertama berlaku (simulasi).",
    warned.UNEVEN: "Panel yang tidak sama dibahas di pleno; urutan tidak bergantung padanya (simulasi).",
    warned.BELOW_QUORUM: "Kandidat di bawah kuorum tidak diperingkat (simulasi).",
}
ISSUED: Final = (Kind.WINNER, Kind.FINALIST, Kind.THANKS, Kind.MINUTES)
CHAIR_ONLY: Final = frozenset({"bupati_wali_kota", "direktur_utama", "kepala_desa"})  # they bring no mandate


def interview(play: Play) -> None:
    """Plan the days and slots, hear every candidate, record who presented, and end the interviews (4 → 5)."""
    play.stand_at(play.row["verification"] + 1, MORNING)
    heard = [(play.data.interviews[row["key"]], nomination) for row, nomination in play.rows_reaching("interviewed")]
    days = {no: _day(play, no) for no in sorted({slot["day"] for slot, _ in heard})}
    for slot, nomination in heard:
        interviews.plan_session(
            nomination, days[slot["day"]], _starts(play, slot), slot["minutes"], mode=slot["mode"], room=slot["room"],
            actor=play.organiser, at=play.tick(),
        )  # fmt: skip
    slots = {nomination.id: slot for slot, nomination in heard}
    for category in play.categories.values():
        for session in sessions_of(category):
            _hear(play, session, slots[session.nomination_id])
        play.stand_at(play.row["interviews"], AFTERNOON)
        interviews.end_interviews(category, actor=play.organiser, at=play.tick())


def _day(play: Play, no: int) -> InterviewDay:
    return interviews.plan_day(play.cycle, _starts_on(play, no).date(), actor=play.organiser, at=play.tick())


def _starts_on(play: Play, day: int) -> datetime:
    """The morning of an interview day; the second day is the last one of the stage."""
    return play.moment(play.row["interviews"] - 2 + day, MORNING)


def _starts(play: Play, slot: Row) -> datetime:
    return datetime.combine(_starts_on(play, slot["day"]).date(), time.fromisoformat(slot["starts"]), play.zone)


def _hear(play: Play, session: InterviewSession, slot: Row) -> None:
    starts = _starts(play, slot)
    play.clock.set(max(play.clock.moment, starts - EARLY))
    interviews.open_session(session, expected=session.version, actor=play.organiser, at=play.tick())
    interviews.record_attendance(
        session,
        {
            "presenter_rank": slot["presenter_rank"],
            "position": slot["position"],
            "acting": False,
            "mode": slot["mode"],
            "arrived_at": starts - EARLY,
            "identity_seen": True,
            "mandate_letter": slot["presenter_rank"] not in CHAIR_ONLY,
            "note": "",
        },
        expected=0,
        actor=play.organiser,
        at=play.tick(),
    )
    for done, (act, minute) in enumerate(CLOCK):
        play.clock.set(max(play.clock.moment, starts + timedelta(minutes=minute)))
        clock.work(session, act, expected=done, actor=play.organiser, at=play.tick())
    play.clock.set(max(play.clock.moment, starts + timedelta(minutes=slot["minutes"] - 5)))
    interviews.close_session(session, expected=session.version, actor=play.organiser, at=play.tick())


def score(play: Play) -> None:
    """Every member of the panel marks every candidate it may meet; a sheet with an open mark is not sent."""
    play.stand_at(play.row["interviews"] + 1, MORNING)
    for row in play.data.recusals:
        if row["nomination"] in play.nominations:
            nomination, actor = play.nominations[row["nomination"]], play.cast.actor(row["person"])
            panels.declare(nomination, True, row["reason"], actor=actor, at=play.tick())
    for person in SEATED:
        assessor = play.cast.actor(person)
        for row, nomination in play.rows_reaching("interviewed"):
            marks = {code: marked for code, marked in play.data.marks[row["key"]].items() if marked[person] != ""}
            if marks:
                panels.declare(nomination, False, "", actor=assessor, at=play.tick())
                _mark(play, nomination, person, marks, assessor)


def _mark(play: Play, nomination: Nomination, person: str, marks: dict[str, Row], assessor: Actor) -> None:
    sheet = sheets.open_sheet(nomination, actor=assessor, at=play.tick())
    for code, marked in marks.items():
        value = marked[person]
        if value == UNMARKED:
            continue
        given, why = (None, marked["abstain_note"]) if value == ABSTAINED else (Decimal(value), "")
        sheets.save_mark(
            sheet, code, given, abstain_note=why,
            expected=0, actor=assessor, at=play.tick(),
        )  # fmt: skip
    if all(marked[person] != UNMARKED for marked in marks.values()):
        sheets.submit_sheet(sheet, actor=assessor, at=play.tick())


def announce(play: Play, category: Category) -> None:
    """An organiser and the chair publish the sealed result at once (7 → 8)."""
    asked = publication.propose_publication(category, sealed_digest(category), actor=play.organiser, at=play.tick())
    publication.confirm_publication(asked, asked.digest, actor=play.chair, at=play.tick())


def publish(play: Play, announced: Callable[[Play, Category], None] = announce) -> None:
    """Close scoring, compute and seal the result, publish it by two people and issue the certificates (5 → 8)."""
    for category in play.categories.values():
        play.stand_at(play.row["scoring"], AFTERNOON)
        sheets.close_scoring(category, {}, actor=play.chair, at=play.tick())
        play.stand_at(play.row["plenary"], MORNING)
        _seal(play, category)
        play.stand_at(play.row["publication"], MORNING)
        announced(play, category)
        play.stand_at(play.row["publication"] + 2, MORNING)
        certificates.issue(category, press=play.press, actor=play.organiser, at=play.tick(), kinds=ISSUED)


def _seal(play: Play, category: Category) -> None:
    run = results.build_run(category, actor=play.chair, at=play.tick())
    for one in warned.warnings_of(category, run):
        acknowledge(run, one.code, one.found, WHY_SEALED[one.code], actor=play.chair, at=play.tick())
    proposal = results.propose_seal(category, run.digest, actor=play.chair, at=play.tick())
    results.confirm_seal(proposal, proposal.digest, actor=play.second_organiser, at=play.tick())


def sealed_digest(category: Category) -> str:
    """The digest of the sealed bundle, as a proposal to publish names it."""
    return str(publication.payload_of(category)["digest"])
