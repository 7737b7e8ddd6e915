"""Candidates in the interview stage, and short ways through the services for what a test builds on."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from paritrana.clock import SetClock
from paritrana.cycles.queries import waiting_proposal
from paritrana.database import db
from paritrana.interviews import queries, service
from paritrana.interviews.models import InterviewSession
from paritrana.nominations.models import Nomination
from paritrana.verification import service as verification
from tests.factories import World
from tests.remembering import remembered
from tests.verification.cases import ALL, LATER, sent, verify

BY_THE_REGENT: Mapping[str, Any] = {
    "presenter_rank": "bupati_wali_kota", "position": "Bupati", "acting": False, "mode": "in_person",
    "identity_seen": True, "mandate_letter": False, "note": "",
}  # fmt: skip


@remembered
def shortlisted(here: World, clock: SetClock, number: int = 2) -> list[Nomination]:
    """So many candidates, verified and shortlisted; the category is in the interviews."""
    made = sent(here, clock, ALL[:number])
    for nomination in made:
        verify(here, nomination)
    at = here.now + LATER
    verification.propose_shortlist(
        here.category, {one.ref for one in made}, {}, "All are complete.", actor=here.actor("organiser-1"), at=at
    )
    proposal = waiting_proposal(here.category, "shortlist")
    assert proposal is not None
    verification.confirm_shortlist(proposal, proposal.digest, actor=here.actor("chair"), at=at)
    db.session.commit()
    return made


@remembered
def planned(here: World, nominations: list[Nomination]) -> list[InterviewSession]:
    """A slot of 20 minutes for each, one after the other."""
    at = here.now + LATER
    organiser = here.actor("organiser-1")
    day = service.plan_day(here.cycle, (at + timedelta(days=1)).date(), actor=organiser, at=at)
    service.plan_the_rest(
        here.category, day, at + timedelta(days=1), 20, mode="in_person", room="Aula", actor=organiser, at=at
    )
    db.session.commit()
    return list(queries.sessions_of(here.category))


@remembered
def held(here: World, session: InterviewSession, presenter: str = "bupati_wali_kota", *, close: bool = True) -> None:
    """Open the session, record who presented, and close it."""
    at = here.now + LATER + timedelta(days=1)
    organiser = here.actor("organiser-1")
    service.open_session(session, expected=session.version, actor=organiser, at=at)
    values = {**BY_THE_REGENT, "presenter_rank": presenter, "arrived_at": at}
    service.record_attendance(session, values, expected=0, actor=organiser, at=at)
    if close:
        service.close_session(session, expected=session.version, actor=organiser, at=at)
    db.session.commit()


def begun(here, clock):
    """Two slots; the clock stands at the beginning of the first."""
    made = planned(here, shortlisted(here, clock))
    clock.set(made[0].planned_at)
    return made
