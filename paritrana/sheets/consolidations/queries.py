"""Reads of second scorings: what the panel said about each indicator in both rounds, and where it lies far apart."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import ColumnElement, and_, func, not_, select
from sqlalchemy.orm import contains_eager, joinedload

from paritrana.accounts.models import Account
from paritrana.core.consolidation import FIRST, SECOND, Spread, others_shown, spread, too_wide
from paritrana.core.errors import NotFound
from paritrana.core.lifecycle import State
from paritrana.core.policy import Actor
from paritrana.cycles.models import Category, Cycle, RubricVersion
from paritrana.cycles.queries import rubric_of
from paritrana.database import db
from paritrana.nominations.models import Nomination
from paritrana.nominations.queries import CANDIDATE_STATES, nominations_of
from paritrana.panels.queries import conflict_clause, conflicts_in
from paritrana.sheets.models import Consolidation, Mark, Sheet
from paritrana.sheets.queries import READ_IN, all_in_for, judged, missing_sheets, withdrawn
from paritrana.verification.values import not_applicable


@dataclass(frozen=True)
class Said:
    """What one assessor says about one indicator of one candidate: on the sheet, and where there is one, again."""

    assessor: Account
    sheet_id: int
    first: Mark | None
    second: Mark | None = None

    def in_round(self, number: int) -> Mark | None:
        """The mark as it stands in a round: in the second, the first where nothing was said again."""
        return self.second if number == SECOND and self.second is not None else self.first


Voices = Mapping[str, Sequence[Said]]  # by indicator


def get_consolidated(consolidation: str, actor: Actor) -> Nomination:
    """The candidate of a second scoring, for those who may meet it, with category, cycle and rubric (one statement).

    Who is in conflict gets the answer of a candidate that is not there. Raises `NotFound`.
    """
    category = joinedload(Nomination.category, innerjoin=True)
    found = (
        db.session.scalars(
            select(Nomination)
            .join(Consolidation, Consolidation.nomination_id == Nomination.id)
            .where(
                Consolidation.ref == consolidation,
                Nomination.state.in_(CANDIDATE_STATES),
                Nomination.category_id.in_(actor.seats),
                not_(conflict_clause(actor)),
            )
            .options(
                joinedload(Nomination.organisation, innerjoin=True),
                category,
                category.joinedload(Category.cycle, innerjoin=True),
                category.joinedload(Category.rubric).joinedload(RubricVersion.indicators),
            )
        )
        .unique()
        .one_or_none()
    )
    if found is None:
        raise NotFound
    return found


def get_consolidation(consolidation: str) -> Consolidation:
    """The second scoring with this reference (one statement). Raises `NotFound`.

    Who may meet its candidate is asked by `get_consolidated`.
    """
    found = db.session.scalar(select(Consolidation).where(Consolidation.ref == consolidation))
    if found is None:
        raise NotFound
    return found


def find_consolidation(nomination: Nomination) -> Consolidation | None:
    """The second scoring of a candidate in the present attempt (one statement)."""
    return db.session.scalar(
        select(Consolidation).where(
            Consolidation.nomination_id == nomination.id, Consolidation.attempt == nomination.category.attempt
        )
    )


def unfinished(category: Category) -> Sequence[Consolidation]:
    """The second scorings of the present attempt that are open, oldest first (one statement)."""
    return db.session.scalars(
        select(Consolidation)
        .join(Consolidation.nomination)
        .where(
            Consolidation.category_id == category.id,
            Consolidation.attempt == category.attempt,
            Consolidation.closed_at.is_(None),
        )
        .options(contains_eager(Consolidation.nomination).joinedload(Nomination.organisation, innerjoin=True))
        .order_by(Consolidation.id)
    ).all()


def mine(actor: Actor) -> Sequence[Consolidation]:
    """The second scorings of the candidates that an assessor may meet, open ones first (one statement)."""
    if not actor.seats:
        return []
    return db.session.scalars(
        select(Consolidation)
        .join(Consolidation.nomination)
        .join(Consolidation.category)
        .where(
            Consolidation.category_id.in_(actor.seats),
            Consolidation.attempt == Category.attempt,
            Category.state.in_([int(state) for state in READ_IN]),
            not_(conflict_clause(actor)),
        )
        .options(
            contains_eager(Consolidation.nomination).joinedload(Nomination.organisation, innerjoin=True),
            contains_eager(Consolidation.category).joinedload(Category.cycle, innerjoin=True),
        )
        .order_by(Consolidation.closed_at.is_not(None), Consolidation.opened_at, Consolidation.id)
    ).all()


def answered_by(actor: Actor, consolidations: Collection[Consolidation]) -> Mapping[int, int]:
    """How many indicators of each of these second scorings the actor has answered (at most one statement)."""
    if not consolidations:
        return {}
    rows = db.session.execute(
        select(Consolidation.id, func.count())
        .join(
            Sheet,
            and_(Sheet.nomination_id == Consolidation.nomination_id, Sheet.attempt == Consolidation.attempt),
        )
        .join(Mark, and_(Mark.sheet_id == Sheet.id, Mark.round == SECOND))
        .where(Consolidation.id.in_([one.id for one in consolidations]), Sheet.assessor_id == actor.user_id)
        .group_by(Consolidation.id)
    ).all()
    return {row[0]: row[1] for row in rows}


def led(actor: Actor) -> Sequence[Category]:
    """The categories in scoring that an actor leads, with cycle (one statement)."""
    return db.session.scalars(
        select(Category)
        .join(Category.cycle)
        .where(Category.id.in_(actor.chairs), Category.state == int(State.SCORING))
        .options(contains_eager(Category.cycle))
        .order_by(Cycle.code, Category.position)
    ).all()


def without_conflict(nominations: Collection[Nomination], actor: Actor) -> list[Nomination]:
    """Of these candidates, those the actor may meet (one statement)."""
    ids = [one.id for one in nominations]
    allowed = set(db.session.scalars(select(Nomination.id).where(Nomination.id.in_(ids), not_(conflict_clause(actor)))))
    return [one for one in nominations if one.id in allowed]


def marks_shown(nomination: Nomination, rubric: RubricVersion) -> bool:
    """Whether the rubric lets an assessor see the marks of the others of this candidate now (at most four statements).

    What the matrix of rights allows is asked apart from this; a rubric only narrows it.
    """
    scoring = nomination.category.stored_state is State.SCORING
    return others_shown(rubric.others_marks, scoring=scoring, all_in=scoring and all_in_for(nomination))


def voices(nomination: Nomination, rubric: RubricVersion) -> Voices:
    """What the panel says about each judged indicator of a candidate (at most five statements).

    Submitted sheets of the present attempt; a sheet whose assessor is out for the candidate is not among them.
    """
    return _voices(nomination.category, rubric, Sheet.nomination_id == nomination.id).get(nomination.id, {})


def _voices(category: Category, rubric: RubricVersion, *conditions: ColumnElement[bool]) -> Mapping[int, Voices]:
    conflicts = conflicts_in(category)
    rows = db.session.execute(
        select(Sheet.nomination_id, Sheet.id, Account, Mark)
        .select_from(Sheet)
        .join(Account, Account.id == Sheet.assessor_id)
        .outerjoin(Mark, Mark.sheet_id == Sheet.id)
        .where(
            Sheet.category_id == category.id,
            Sheet.attempt == category.attempt,
            Sheet.submitted_at.is_not(None),
            not_(withdrawn()),
            *conditions,
        )
        .order_by(Sheet.nomination_id, Sheet.id)
    ).all()
    sheets: dict[int, dict[int, tuple[Account, dict[tuple[str, int], Mark]]]] = {}
    for nomination_id, sheet_id, account, mark in rows:
        if (account.id, nomination_id) in conflicts:
            continue
        there = sheets.setdefault(nomination_id, {}).setdefault(sheet_id, (account, {}))
        if mark is not None:
            there[1][mark.indicator, mark.round] = mark
    excused = not_applicable(list(sheets))
    return {
        nomination_id: {
            one.code: [
                Said(account, sheet_id, marks.get((one.code, FIRST)), marks.get((one.code, SECOND)))
                for sheet_id, (account, marks) in of_candidate.items()
            ]
            for one in judged(rubric)
            if one.code not in excused[nomination_id]
        }
        for nomination_id, of_candidate in sheets.items()
    }


def values_in(said: Sequence[Said], number: int) -> list[Decimal]:
    """The marks of a round that have a value."""
    found = (one.in_round(number) for one in said)
    return [mark.value for mark in found if mark is not None and mark.value is not None]


def spread_in(indicator: str, said: Sequence[Said], number: int) -> Spread | None:
    """The spread of the marks of one round."""
    return spread(indicator, values_in(said, number))


def over_the_limit(found: Voices, rubric: RubricVersion) -> list[Spread]:
    """The indicators on which the marks of the sheets lie further apart than the rubric allows, in rubric order."""
    return too_wide({code: values_in(said, FIRST) for code, said in found.items()}, rubric.consolidation_spread)


def candidates_over_the_limit(category: Category) -> list[tuple[Nomination, list[Spread]]]:
    """The candidates of a category with such indicators whose sheets are all in (at most fourteen statements).

    Those that are scored again already are not among them.
    """
    waiting = {nomination.id for _seat, nomination in missing_sheets(category)}
    rubric = rubric_of(category)
    again = set(
        db.session.scalars(
            select(Consolidation.nomination_id).where(
                Consolidation.category_id == category.id, Consolidation.attempt == category.attempt
            )
        )
    )
    found = _voices(category, rubric)
    wide = [
        (one, over_the_limit(found.get(one.id, {}), rubric))
        for one in nominations_of(category, CANDIDATE_STATES)
        if one.id not in again and one.id not in waiting
    ]
    return [(one, spreads) for one, spreads in wide if spreads]
