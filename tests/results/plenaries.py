"""A plenary for tests: the panel in session, and decisions made through the services."""

from sqlalchemy import select

from paritrana.database import db
from paritrana.panels.models import Seat
from paritrana.results import queries as results
from paritrana.results import service as sealing
from paritrana.results.plenary import service
from paritrana.results.plenary.service import Votes, Wish
from tests.factories_results import acknowledge_all, category_of, steady

PAGE = "/manage/contoh-2025/plenary/kabkota"
LONG = "Panel menimbang catatan lapangan dan bukti yang datang setelah wawancara."


def tied(candidate, assessor, indicator):
    """Candidates 0 and 1 share the first rank, then come 2 and 3."""
    return steady(max(candidate - 1, 0), assessor, indicator)


def seats(here):
    """The seats of the category, chair and deputy first."""
    return db.session.scalars(
        select(Seat).where(Seat.category_id == here.category.id, Seat.ended_at.is_(None)).order_by(Seat.id)
    ).all()


def in_session(here, count=9):
    """The plenary is open with the first `count` members of the panel, chair and deputy among them."""
    opened = service.open_plenary(
        category_of(here), [one.code for one in seats(here)[:count]], actor=here.actor("chair"), at=here.now
    )
    db.session.commit()
    return opened


def wish(here, kind, **said):
    """A decision about the newest run as it would be typed; `said` changes it."""
    latest = results.latest_run(category_of(here))
    return Wish(**{"kind": kind, "digest": latest.digest, "votes": Votes(7, 2, 0), "reason": LONG} | said)


def propose(here, kind, *, who="chair", **said):
    """The chair, or `who`, proposes a decision."""
    made = service.propose_decision(category_of(here), wish(here, kind, **said), actor=here.actor(who), at=here.now)
    db.session.commit()
    return made


def confirm(here, proposal, who="deputy"):
    """The deputy, or `who`, confirms it."""
    made = service.confirm_decision(proposal, proposal.digest, actor=here.actor(who), at=here.now)
    db.session.commit()
    return made


def decide(here, kind, **said):
    """A decision of two people."""
    return confirm(here, propose(here, kind, **said))


def seal(here):
    """Chair and organiser seal the newest run."""
    made = results.latest_run(category_of(here))
    acknowledge_all(here, made)
    proposal = sealing.propose_seal(category_of(here), made.digest, actor=here.actor("chair"), at=here.now)
    sealed = sealing.confirm_seal(proposal, proposal.digest, actor=here.actor("organiser-1"), at=here.now)
    db.session.commit()
    return sealed


def close(here, number="BA-01/2026"):
    """The chair closes the session."""
    service.close_plenary(category_of(here), number, actor=here.actor("chair"), at=here.now)
    db.session.commit()
