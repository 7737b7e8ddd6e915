"""A category whose sheets are in: candidates with verified figures and submitted marks, made directly in the tables.

The rooms before have their own tests; a ranking of hundreds of candidates must not cost their pages.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from flask import current_app
from sqlalchemy import insert, select

from paritrana.certificates.press import Press
from paritrana.core.evidence.choices import REGENCY
from paritrana.core.lifecycle import State
from paritrana.cycles.models import Category
from paritrana.cycles.queries import get_category, rubric_of
from paritrana.database import db, random_ref
from paritrana.nominations.models import Nomination, NominationRevision
from paritrana.panels.models import Recusal, Seat
from paritrana.publication import service as publication
from paritrana.publication.models import Publication
from paritrana.reference.models import Organisation
from paritrana.results import service as results
from paritrana.results.models import ResultRun, Seal
from paritrana.results.workbench.queries import warnings_of
from paritrana.results.workbench.service import acknowledge
from paritrana.sheets.models import Mark, Sheet
from paritrana.verification.figures import figures_of
from paritrana.verification.models import Finding, GateFinding, Verification
from tests.factories import World, world
from tests.nominations.pages import coverage, non_asn, villages, vulnerable
from tests.remembering import remembered

EVIDENCE = {
    "coverage": coverage, "non_asn_protection": non_asn, "vulnerable_workers": vulnerable,
    "village_allocation": villages,
}  # fmt: skip
JUDGED = ("A1", "A2", "A3", "B3", "D1", "E1", "E2")

Value = Callable[[int, int, str], Decimal | None]


def steady(candidate: int, assessor: int, indicator: str) -> Decimal | None:
    """Marks that fall from candidate to candidate, all assessors alike."""
    return Decimal("9.50") - Decimal("0.25") * (candidate % 30)


@remembered
def contest(count: int = 3, *, value: Value = steady, state: State = State.PLENARY) -> World:
    """The world in `state` with `count` candidates; `value(candidate, assessor, indicator)` gives each mark.

    Candidate 0 is Kabupaten Contoh 1, and so on; from the tenth on they are fictitious enterprises. None abstains.
    """
    here = world(state=state)
    candidates(here, count)
    marks(here, value)
    db.session.commit()
    return here


def candidates(here: World, count: int) -> None:
    """Candidates that were heard, each with one revision and every figure found as claimed."""
    category, at = here.category, here.now
    author = here.accounts["organiser-1"].id
    regencies = [here.organisations[f"regency-{no}"] for no in range(1, 10)]
    more = [
        Organisation(ref=random_ref("O"), name=f"PT Contoh {no:04d}", kind="enterprise", region_code="99.09",
                     fictitious=True)
        for no in range(10, count + 1)
    ]  # fmt: skip
    db.session.add_all(more)
    db.session.flush()
    made = [
        Nomination(ref=random_ref("N", 3), category_id=category.id, organisation_id=one.id, state="interviewed",
                   candidate_code=f"99.{no:02d}" if no < 10 else f"K{no:04d}", revision_no=1, created_at=at,
                   created_by=author)
        for no, one in enumerate([*regencies, *more][:count], start=1)
    ]  # fmt: skip
    db.session.add_all(made)
    db.session.flush()
    evidence = {kind: {"data": data()} for kind, data in EVIDENCE.items()}
    content = {"evidence": evidence, "gates": {}, "attachments": []}
    db.session.execute(
        insert(NominationRevision),
        [{"nomination_id": one.id, "no": 1, "receipt_no": f"T-{one.id}", "content": content, "digest": "0" * 64,
          "submitted_at": at, "submitted_by": author, "submitted_by_name": "T"} for one in made],
    )  # fmt: skip
    # From the plenary on the verification of everybody is over.
    closed = {"state": "closed", "closed_at": at, "closed_by": author} if category.state >= State.PLENARY else {}
    verifications = [Verification(nomination_id=one.id, revision_no=1, **closed) for one in made]
    db.session.add_all(verifications)
    db.session.flush()
    figures = [
        figure
        for kind, said in evidence.items()
        for figure in figures_of(kind, said["data"], election_held=False, candidate=REGENCY)
    ]
    db.session.execute(
        insert(Finding),
        [{"verification_id": one.id, "revision_no": 1, "kind": figure.kind, "figure": figure.key,
          "claimed": str(figure.claimed), "found": str(figure.claimed), "verdict": "matches", "found_by": author,
          "found_by_name": "T", "found_at": at} for one in verifications for figure in figures],
    )  # fmt: skip


def nominations(here: World) -> Sequence[Nomination]:
    """The candidates in the order in which they were made."""
    return db.session.scalars(
        select(Nomination).where(Nomination.category_id == here.category.id).order_by(Nomination.id)
    ).all()


def marks(here: World, value: Value) -> None:
    """A submitted sheet of every assessor for every candidate; no value means an abstention."""
    seats = db.session.scalars(select(Seat).where(Seat.category_id == here.category.id).order_by(Seat.id)).all()
    pairs = [
        (place, candidate, no, seat)
        for place, candidate in enumerate(nominations(here))
        for no, seat in enumerate(seats)
    ]
    db.session.execute(
        insert(Sheet),
        [{"ref": f"S-{candidate.id}-{seat.id}", "category_id": here.category.id, "nomination_id": candidate.id,
          "assessor_id": seat.account_id, "revision_no": 1, "opened_at": here.now, "submitted_at": here.now,
          "receipt_no": f"L-{candidate.id}-{seat.id}", "digest": f"{candidate.id:032x}{seat.id:032x}"}
         for _place, candidate, _no, seat in pairs],
    )  # fmt: skip
    ids = dict(db.session.execute(select(Sheet.ref, Sheet.id)).all())
    rows: list[dict[str, Any]] = []
    for place, candidate, no, seat in pairs:
        for indicator in JUDGED:
            mark = value(place, no, indicator)
            rows.append(
                {"sheet_id": ids[f"S-{candidate.id}-{seat.id}"], "indicator": indicator, "value": mark,
                 "reason": "abstained" if mark is None else None, "abstain_note": "tidak tahu" if mark is None else "",
                 "saved_at": here.now}
            )  # fmt: skip
    db.session.execute(insert(Mark), rows)


def fail_gate(here: World, candidate: Nomination, code: str | None = None) -> None:
    """The chair decided that a candidate misses a condition."""
    gate = code or rubric_of(here.category).gates[0]["code"]
    verification = db.session.scalars(select(Verification).where(Verification.nomination_id == candidate.id)).one()
    db.session.add(
        GateFinding(
            verification_id=verification.id, subject="gate", gate=gate, proposed="fail", proposed_reason="x",
            proposed_by=here.accounts["verifier-1"].id, proposed_by_name="V", proposed_at=here.now, decided="fail",
            decided_reason="tidak lengkap", decided_by=here.accounts["chair"].id, decided_by_name="K",
            decided_at=here.now,
        )
    )  # fmt: skip
    db.session.commit()


def lose_figure(here: World, candidate: Nomination, kind: str = "coverage") -> None:
    """One figure of a kind turns out to be unverifiable, so that its indicators have no value."""
    row = db.session.scalars(
        select(Finding)
        .join(Finding.verification)
        .where(Verification.nomination_id == candidate.id, Finding.kind == kind)
        .order_by(Finding.id)
    ).first()
    assert row is not None
    row.verdict, row.found, row.note, row.version = "unverifiable", None, "tanpa dokumen", row.version + 1
    db.session.commit()


def recuse(here: World, who: str, candidate: Nomination) -> None:
    """An assessor turns out to be in conflict with a candidate, after the marks."""
    db.session.add(
        Recusal(account_id=here.accounts[who].id, nomination_id=candidate.id, category_id=here.category.id,
                kind="declared", reason="keluarga", at=here.now)
    )  # fmt: skip
    db.session.commit()


def category_of(here: World) -> Category:
    """The category as stored now."""
    return get_category(here.cycle.code, here.category.slug)


def run(here: World) -> ResultRun:
    """A run built by an organiser."""
    made = results.build_run(category_of(here), actor=here.actor("organiser-1"), at=here.now)
    db.session.commit()
    return made


def acknowledge_all(here: World, made: ResultRun) -> None:
    """The chair acknowledges whatever warns before the seal of a run."""
    for one in warnings_of(category_of(here), made):
        acknowledge(made, one.code, one.found, "dibahas di pleno", actor=here.actor("chair"), at=here.now)
    db.session.commit()


def seal(here: World) -> Seal:
    """A run sealed by chair and organiser."""
    made = run(here)
    acknowledge_all(here, made)
    proposal = results.propose_seal(category_of(here), made.digest, actor=here.actor("chair"), at=here.now)
    sealed = results.confirm_seal(proposal, proposal.digest, actor=here.actor("organiser-1"), at=here.now)
    db.session.commit()
    return sealed


def publish(here: World) -> Publication:
    """A result sealed and published by two people."""
    sealed = seal(here)
    at = here.now + timedelta(hours=1)
    proposal = publication.propose_publication(category_of(here), sealed.digest, actor=here.actor("organiser-1"), at=at)
    made = publication.confirm_publication(proposal, proposal.digest, actor=here.actor("chair"), at=at)
    db.session.commit()
    return made


def press() -> Press:
    """What draws and signs certificates in the application of the test."""
    found: Press = current_app.extensions["press"]
    return found


@remembered
def contest_now(count: int, now: datetime) -> World:
    """A sealed result in a world of a cycle whose clock is the machine's, for tests with real servers."""
    here = world(state=State.PLENARY, now=now)
    candidates(here, count)
    marks(here, steady)
    here.cycle.kind = "real"
    db.session.commit()
    seal(here)
    return here
