"""Sent nominations in a category under verification, and short ways through the services for what a test builds on."""

from datetime import timedelta

from paritrana.clock import SetClock
from paritrana.cycles.queries import rubric_of
from paritrana.database import db
from paritrana.nominations import service as nominations
from paritrana.nominations.models import Nomination
from paritrana.panels.service import declare
from paritrana.verification import queries, service
from paritrana.verification.service import Entry
from tests.factories import World
from tests.nominations.pages import filled
from tests.remembering import remembered

# After the deadline and the grace time of the world's categories.
LATER = timedelta(days=21)
ALL = (("nominee-1", "regency-1"), ("nominee-2", "regency-2"), ("nominee-3", "regency-3"))


@remembered
def sent(here: World, clock: SetClock, who: tuple[tuple[str, str], ...] = ALL[:1]) -> list[Nomination]:
    """Nominations that were sent in time; the clock then stands in the verification."""
    made = []
    for name, organisation in who:
        nomination = filled(here, name, organisation)
        nominations.submit(nomination, actor=here.actor(name), at=here.now)
        made.append(nomination)
    clock.set(here.now + LATER)
    db.session.commit()
    return made


@remembered
def declared(here: World, nomination: Nomination, *names: str) -> None:
    """These officers say that nothing stands between them and the candidate."""
    for name in names:
        declare(nomination, False, "", actor=here.actor(name), at=here.now + LATER)
    db.session.commit()


@remembered
def judge_all(here: World, nomination: Nomination, name: str = "verifier-1") -> None:
    """Every figure is found as claimed."""
    for item in queries.case_of(nomination).items:
        entries = [
            Entry(row.figure.key, row.figure.claimed, "matches", 1, "1", "", row.finding.version if row.finding else 0)
            for row in item.rows
        ]
        service.record_findings(
            nomination, item.kind, entries, revision_no=nomination.revision_no, actor=here.actor(name),
            at=here.now + LATER,
        )  # fmt: skip
    db.session.commit()


@remembered
def propose_gates(here: World, nomination: Nomination, name: str = "verifier-1") -> None:
    """Every condition is proposed as fulfilled."""
    for gate in rubric_of(nomination.category).gates:
        service.propose_gate(
            nomination, "gate", gate["code"], "pass", "As in the documents.", expected=0, actor=here.actor(name),
            at=here.now + LATER,
        )  # fmt: skip
    db.session.commit()


@remembered
def decide_gates(here: World, nomination: Nomination, name: str = "chair", decided: str = "pass") -> None:
    """The chair decides on every condition."""
    for finding in queries.case_of(nomination).gates.values():
        service.decide_gate(
            nomination, finding.subject, finding.gate, decided, "I agree.", expected=finding.version,
            actor=here.actor(name), at=here.now + LATER,
        )  # fmt: skip
    db.session.commit()


@remembered
def verify(here: World, nomination: Nomination) -> None:
    """The whole verification: findings, conditions, and the close by two people."""
    declared(here, nomination, "verifier-1", "verifier-2", "chair")
    judge_all(here, nomination)
    propose_gates(here, nomination)
    decide_gates(here, nomination)
    at = here.now + LATER
    found = queries.find_verification(nomination)
    assert found is not None
    found = service.propose_close(nomination, expected=found.version, actor=here.actor("verifier-1"), at=at)
    service.close(nomination, expected=found.version, actor=here.actor("verifier-2"), at=at)
    db.session.commit()


def all_judged(here, clock):
    """The first nomination that was sent, with every figure judged by verifiers who declared themselves."""
    made = sent(here, clock)[0]
    declared(here, made, "verifier-1", "verifier-2")
    judge_all(here, made)
    return made
