"""What must hold of results: runs as they were built, the seal of two people, titles, and the ranking computed anew."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from sqlalchemy import and_, exists, func, or_, select
from sqlalchemy.orm import aliased, joinedload

from paritrana.accounts.models import Account
from paritrana.audit.invariants import in_order, stream, told
from paritrana.core.bundle import BadBundle, build, compare, parse
from paritrana.core.errors import ParitranaError
from paritrana.core.invariants import Broken, Check, Found, Stored, Told, latest, replay, replayed
from paritrana.core.lifecycle import State
from paritrana.core.ranking import rank
from paritrana.cycles.models import Category, Cycle, Proposal
from paritrana.database import db
from paritrana.nominations.models import Nomination
from paritrana.panels.models import Seat as PanelSeat
from paritrana.panels.queries import conflicts_in
from paritrana.results import queries, service
from paritrana.results.corrections import invariants as corrections
from paritrana.results.corrections.models import Correction
from paritrana.results.models import Award, ResultRun, Seal
from paritrana.results.plenary import invariants as plenary
from paritrana.results.workbench import invariants as workbench
from paritrana.verification.models import Finding, GateFinding, Verification

# What a ranking follows from. Names and titles are told beside it and may be corrected later.
FOLLOWS: Final = ("marks", "computed", "caps", "not_applicable", "decisions", "assessors", "result")


def _runs() -> Iterator[Broken]:
    run = ResultRun
    statement = (
        select(run.ref, Category.slug, run.no, run.digest, run.inputs_digest, run.sheets_in, run.sheets_due)
        .select_from(run)
        .join(Category, Category.id == run.category_id)
        .order_by(in_order(run.ref))
    )
    rows = (
        Stored(
            row.ref, (),
            {"category": row.slug, "no": row.no, "digest": row.digest, "inputs_digest": row.inputs_digest,
             "sheets_in": row.sheets_in, "sheets_due": row.sheets_due},
        )
        for row in stream(statement)
    )  # fmt: skip
    yield from replay("run", "run", told("run.built"), rows, latest())


def _bundles() -> Iterator[Broken]:
    """One bundle at a time, since it may hold the marks of a thousand candidates."""
    for number in db.session.scalars(select(ResultRun.id).order_by(ResultRun.id)).all():
        row = db.session.execute(
            select(ResultRun.ref, ResultRun.bundle, ResultRun.digest).where(ResultRun.id == number)
        ).one()
        if digest_of(row.bundle) != row.digest:
            yield Broken("run.digest", row.ref, "The bundle of the run does not have the digest of its row.")
        wrong = differences(row.bundle)
        if wrong:
            yield Broken("run.result", row.ref, wrong)


def digest_of(raw: Any) -> str:
    """The SHA-256 of a stored bundle; none of one that was tampered with so that it holds no bytes."""
    return hashlib.sha256(raw).hexdigest() if isinstance(raw, bytes) else ""


def differences(raw: Any) -> str:
    """The first way in which a bundle's result does not follow from its own inputs; empty where it does."""
    if not isinstance(raw, bytes):
        return "The bundle is not stored as bytes."
    try:
        return next(iter(compare(parse(raw))), "")
    except BadBundle as refusal:
        return str(refusal)


def _seals() -> Iterator[Broken]:
    proposer, second = aliased(Account), aliased(Account)
    statement = (
        select(ResultRun.ref, Category.slug, ResultRun.no, Seal.digest, proposer.ref.label("proposer"), second.ref)
        .select_from(Seal)
        .join(ResultRun, ResultRun.id == Seal.run_id)
        .join(Category, Category.id == Seal.category_id)
        .join(proposer, proposer.id == Seal.sealed_by)
        .join(second, second.id == Seal.second_by)
        .order_by(in_order(ResultRun.ref))
    )
    rows = (
        Stored(ref, "", {"category": slug, "run": no, "digest": digest, "actor": actor, "proposer": proposed_by})
        for ref, slug, no, digest, proposed_by, actor in stream(statement)
    )
    proposals = (
        select(Proposal.ref, Account.ref)
        .select_from(Proposal)
        .join(Account, Account.id == Proposal.proposer_id)
        .where(Proposal.act == queries.SEAL_ACT)
    )
    proposers = dict(db.session.execute(proposals).all())

    def sealed(now: Found, event: Told) -> None:
        now[""] = {**event.values, "actor": event.actor, "proposer": proposers.get(event.values["proposal"])}

    yield from replay("seal", "seal", told("results.sealed"), rows, sealed)


def _awards() -> Iterator[Broken]:
    """The titles are those that the seal told of; a category without a seal has none."""
    other = aliased(Correction)
    corrected = exists().where(other.category_id == Category.id).correlate(Category)
    last = select(func.max(other.no)).where(other.category_id == Category.id).correlate(Category).scalar_subquery()
    by_run = {
        ref: (category, code + "/" + slug)
        for ref, category, code, slug in stream(
            select(ResultRun.ref, Category.id, Cycle.code, Category.slug)
            .select_from(ResultRun)
            .join(Category, Category.id == ResultRun.category_id)
            .join(Cycle, Cycle.id == Category.cycle_id)
            .join(Seal, Seal.run_id == ResultRun.id, isouter=True)
            .join(Correction, Correction.run_id == ResultRun.id, isouter=True)
            .where(or_(Correction.no == last, and_(Seal.id.is_not(None), ~corrected)))
        )
    }
    sealed: set[int] = set()
    for event in told("results.sealed", "results.corrected"):
        category, where = by_run.get(event.ref, (0, ""))
        sealed.add(category)
        awards = queries.awards_in([category])
        if where and not event.silent and service.told(awards) != event.values["awards"]:
            yield Broken("award.event_differs", where, "The titles are not the ones that were sealed.")
    for code, slug, category in stream(
        select(Cycle.code, Category.slug, Category.id)
        .select_from(Category)
        .join(Award, Award.category_id == Category.id)
        .join(Cycle, Cycle.id == Category.cycle_id)
        .distinct()
    ):
        if category not in sealed:
            yield Broken("award.event_differs", f"{code}/{slug}", "There are titles, and no seal tells of them.")


def _two_persons() -> Iterator[Broken]:
    first, second = aliased(Account), aliased(Account)
    statement = (
        select(ResultRun.ref, Seal.digest, ResultRun.digest.label("run_digest"), first.person_id == second.person_id)
        .select_from(Seal)
        .join(ResultRun, ResultRun.id == Seal.run_id)
        .join(first, first.id == Seal.sealed_by)
        .join(second, second.id == Seal.second_by)
        .order_by(Seal.id)
    )
    for ref, digest, run_digest, same in stream(statement):
        if same:
            yield Broken("seal.two_persons", ref, "One person alone sealed the result.")
        if digest != run_digest:
            yield Broken("seal.digest", ref, "The seal names another digest than its run.")


def _sealed_states() -> Iterator[Broken]:
    """From the seal on a category has exactly one, except a historical result, which comes from outside."""
    statement = (
        select(Cycle.code, Category.slug, Category.state, Seal.id)
        .select_from(Category)
        .join(Cycle, Cycle.id == Category.cycle_id)
        .join(Seal, Seal.category_id == Category.id, isouter=True)
        .where(Cycle.kind != "historical")
        .order_by(Category.id)
    )
    for code, slug, state, seal in stream(statement):
        if (seal is not None) != (state >= State.SEALED):
            yield Broken("seal.state", f"{code}/{slug}", f"The category is in state {state}, which its seal denies.")


def _computed_anew() -> Iterator[Broken]:
    """The sealed ranking follows from sheets, findings, attendance and seats as they are stored now."""
    sealed_now = (
        select(Seal.category_id)
        .join(ResultRun, ResultRun.id == Seal.run_id)
        .join(Category, Category.id == Seal.category_id)
        .order_by(Seal.category_id)
    )
    for number in db.session.scalars(sealed_now).all():
        category = db.session.scalars(
            select(Category).where(Category.id == number).options(joinedload(Category.cycle))
        ).one()
        run = queries.run_in_force(category)
        assert run is not None  # noqa: S101 - its seal was read just now, in the same transaction
        where, raw = run.ref, run.bundle
        try:
            sealed = json.loads(raw)
        except ValueError:
            continue  # the rule about the bundle itself names it
        yield from _conflicted(category, where, sealed)
        if category.stored_state >= State.PUBLISHED and _found_since(category, run):
            continue  # for an objection; the correction is still to come
        try:
            given = queries.inputs(category)
            contest = given.contest
            now = json.loads(json.dumps(build(contest, rank(contest))))
        except ParitranaError as refusal:
            yield Broken("result.recomputed", where, f"The ranking cannot be computed any more: {refusal}")
            continue
        marked = {
            key: said for key, said in (sealed.get("provenance") or {}).items() if key.startswith(queries.SET_VALUE)
        }
        if marked != given.set_values:
            yield Broken("result.set_values", where, "The ranking does not mark exactly the values that were set.")
        moved = [name for name in FOLLOWS if sealed.get(name, []) != now.get(name, [])]
        if moved:
            yield Broken(
                "result.recomputed", where, f"Computed anew, the sealed ranking differs in {', '.join(moved)}."
            )
        db.session.expunge_all()


def _found_since(category: Category, run: ResultRun) -> bool:
    """Whether a figure was found otherwise, or a condition decided otherwise, after a run was built."""
    mine = Verification.nomination.has(Nomination.category_id == category.id)
    changed = (
        select(Finding.id).join(Finding.verification).where(mine, Finding.found_at > run.built_at),
        select(GateFinding.id).join(GateFinding.verification).where(mine, GateFinding.decided_at > run.built_at),
    )
    return any(db.session.scalar(one.limit(1)) is not None for one in changed)


def _conflicted(category: Category, where: str, sealed: Mapping[str, Any]) -> Iterator[Broken]:
    """No counted mark comes from somebody who must not meet the candidate."""
    seats = dict(
        db.session.execute(
            select(PanelSeat.code, PanelSeat.account_id).where(PanelSeat.category_id == category.id)
        ).all()
    )
    candidates = dict(
        db.session.execute(
            select(Nomination.candidate_code, Nomination.id).where(Nomination.category_id == category.id)
        ).all()
    )
    conflicts = conflicts_in(category)
    found = {
        (mark["assessor"], mark["candidate"])
        for mark in sealed["marks"]
        if mark["value"] is not None and (seats.get(mark["assessor"]), candidates.get(mark["candidate"])) in conflicts
    }
    for assessor, candidate in sorted(found):
        yield Broken("result.conflicted", where, f"A mark of {assessor} for {candidate} counts in spite of a conflict.")


CHECKS = (
    Check(replayed("run", "run"), _runs),
    Check(
        {
            "run.digest": "The bundle of every run has the digest of its row.",
            "run.result": "The result of every run follows from the inputs in its bundle.",
        },
        _bundles,
    ),
    Check(replayed("seal", "seal"), _seals),
    Check({"award.event_differs": "The titles are those that the event of the seal names."}, _awards),
    Check(
        {
            "seal.two_persons": "Two different persons seal a result.",
            "seal.digest": "A seal names the digest of its run.",
        },
        _two_persons,
    ),
    Check({"seal.state": "A category has a seal from state 7 on, and none before."}, _sealed_states),
    Check(
        {
            "result.recomputed": "The sealed ranking comes out the same, computed anew from what is stored.",
            "result.set_values": "A sealed ranking marks exactly the values that two people set, with the reason.",
            "result.conflicted": "No mark counts in a sealed ranking whose assessor is in conflict with the candidate.",
        },
        _computed_anew,
    ),
    *plenary.CHECKS,
    *workbench.CHECKS,
    *corrections.CHECKS,
)
