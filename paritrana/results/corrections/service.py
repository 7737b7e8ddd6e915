"""A later run takes the place of the published one: titles move with it, and everything of before is kept."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from paritrana.audit import service as audit
from paritrana.core.policy import Actor
from paritrana.cycles.models import Category, Proposal
from paritrana.database import db
from paritrana.results import queries
from paritrana.results.corrections.models import Correction
from paritrana.results.models import Award, ResultRun
from paritrana.results.plenary.queries import decisions_in_force
from paritrana.results.plenary.titles import Holder, titles_of
from paritrana.results.service import told


@dataclass(frozen=True)
class Moved:
    """What a correction did to the titles: who holds one now, and which awards are not what they were."""

    awards: Sequence[Award]  # in force now
    ended: Sequence[Award]  # without holder now
    changed: Sequence[Award]  # of the same holder, with another title or rank


def holders_of(category: Category, rows: Sequence[Mapping[str, Any]]) -> Sequence[Holder]:
    """Who holds a title by these rows of a bundle and by what the plenary decided."""
    return titles_of(category, rows, decisions_in_force(category), queries.nominations_by_code(category)).holders


def correct(
    category: Category,
    run: ResultRun,
    rows: Sequence[Mapping[str, Any]],
    reason: str,
    *,
    proposal: Proposal,
    actor: Actor,
    at: datetime,
) -> Moved:
    """Put `run` in the place of the one in force, with the titles that follow from it; the caller commits.

    The caller has two people, the lock of the judging stream and the state of the category.
    """
    moved = _move_titles(category, holders_of(category, rows), at)
    no = queries.last_correction_no(category) + 1
    db.session.add(
        Correction(
            category=category, no=no, run=run, digest=run.digest, reason=reason, corrected_at=at,
            proposed_by=proposal.proposer_id, confirmed_by=actor.account_id,
        )
    )  # fmt: skip
    db.session.flush()
    audit.record(
        audit.judging(category.cycle.code), "results.corrected", actor, at=at, object_ref=run.ref,
        category=category.slug, no=no, run=run.no, digest=run.digest, reason=reason, proposal=proposal.ref,
        awards=told(moved.awards),
    )  # fmt: skip
    return moved


def _move_titles(category: Category, holders: Sequence[Holder], at: datetime) -> Moved:
    """Give every holder the title of now; whoever holds none any more keeps the award as one that ended."""
    nominations = queries.nominations_by_code(category)
    wanted = {nominations[one.candidate]: one for one in holders}
    there = {one.nomination_id: one for one in queries.all_awards_of(category)}
    ended, changed, awards = [], [], []
    for nomination_id, award in there.items():
        if nomination_id not in wanted and award.ended_at is None:
            award.ended_at = at
            ended.append(award)
    for nomination_id, holder in wanted.items():
        known = there.get(nomination_id)
        facts = (holder.rank, holder.tied, holder.title_id, holder.title_en)
        award = known or Award(category=category, nomination_id=nomination_id)
        if known is None:
            db.session.add(award)
        elif award.ended_at is not None or _facts(award) != facts:
            changed.append(award)
        award.rank, award.tied, award.title_id, award.title_en = facts
        award.ended_at = None
        awards.append(award)
    db.session.flush()
    return Moved(awards, ended, changed)


def _facts(award: Award) -> tuple[int, bool, str, str]:
    return award.rank, award.tied, award.title_id, award.title_en
