"""Reads of cycles, categories and rubric versions."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Literal, TypedDict

from sqlalchemy import ColumnElement, Select, func, or_, select, true
from sqlalchemy.orm import InstrumentedAttribute, joinedload, selectinload

from paritrana.core.errors import NotFound
from paritrana.core.lifecycle import State, effective_state, moves_due
from paritrana.core.policy import Actor
from paritrana.core.rubric import Aspect, Gate, Indicator, PanelAggregate, Rubric, Scale, Source, Stage
from paritrana.cycles.models import Category, Cycle, DeadlineExtension, Proposal, RubricVersion
from paritrana.database import db

OBJECTION_DAYS = "objection_days"  # of the settings of a cycle
OPEN_ACT = "open_category"
EXTEND_ACT = "extend_deadline"
RESTART_ACT = "restart_category"
FREEZE_ACT = "freeze_rubric"


def cycle_time(cycle: Cycle, at: datetime) -> datetime:
    """The moment `at` on the cycle's own clock; only a simulated cycle's clock differs from the system's.

    A simulated clock runs up to the next deadline and waits there: the deadline passes when somebody moves the clock.
    The second of a deadline is still in time, so nothing is late while the clock waits.
    """
    running = at + timedelta(seconds=cycle.offset_seconds - cycle.held_seconds)
    return running if cycle.waits_at is None else min(running, cycle.waits_at)


def state_now(category: Category, at: datetime) -> State:
    """The state of a category at the system's moment `at`, with the moves of the clock that are due."""
    return state_at(category, cycle_time(category.cycle, at))


def state_at(category: Category, moment: datetime) -> State:
    """The state of a category at `moment` of its cycle's time, with the moves of the clock that are due by then."""
    return effective_state(category.stored_state, now=moment, **_deadlines(category))


def moves_of(category: Category, moment: datetime) -> list[tuple[State, datetime]]:
    """The moves of the clock that are due in a category at `moment` of its cycle's time, with their deadlines."""
    return moves_due(category.stored_state, now=moment, **_deadlines(category))


class _Deadlines(TypedDict):
    closes_at: datetime | None
    grace_ends_at: datetime | None
    publishes_at: datetime | None


def _deadlines(category: Category) -> _Deadlines:
    """The moments at which the clock moves a category."""
    return {
        "closes_at": category.closes_at,
        "grace_ends_at": category.grace_ends_at,
        "publishes_at": category.publishes_at,
    }


def public_now(at: datetime) -> ColumnElement[bool]:
    """The clause of the categories whose result is public at the system's moment `at` (one statement at once).

    Those whose instant has passed and whose move is not stored yet are looked up, since each cycle has its own time.
    """
    due = db.session.scalars(
        select(Category)
        .where(Category.state == int(State.SEALED), Category.publishes_at.is_not(None))
        .options(joinedload(Category.cycle, innerjoin=True))
    ).all()
    passed = [one.id for one in due if state_now(one, at) >= State.PUBLISHED]
    return or_(Category.state >= int(State.PUBLISHED), Category.id.in_(passed))


def objection_days_in(cycle: Cycle) -> int | None:
    """For how many days nominees of a cycle may object after a publication; None where its settings do not say."""
    days = (cycle.settings or {}).get(OBJECTION_DAYS)
    return None if days is None else int(days)


def get_cycle(cycle: str) -> Cycle:
    """The cycle with this code, its categories loaded (two statements). Raises `NotFound`."""
    found = db.session.scalar(
        select(Cycle).where(Cycle.code == cycle).options(selectinload(Cycle.categories).joinedload(Category.rubric))
    )
    if found is None:
        raise NotFound
    return found


def get_category(cycle: str, cat: str) -> Category:
    """The category `cat` (its slug) of the cycle with code `cycle`, the cycle loaded. Raises `NotFound`."""
    found = db.session.scalar(
        select(Category)
        .join(Category.cycle)
        .where(Cycle.code == cycle, Category.slug == cat)
        .options(joinedload(Category.cycle))
    )
    if found is None:
        raise NotFound
    return found


def all_categories() -> Sequence[Category]:
    """Every category with its cycle, by cycle and position (one statement)."""
    return db.session.scalars(
        select(Category).options(joinedload(Category.cycle)).order_by(Category.cycle_id, Category.position)
    ).all()


def cycles() -> Sequence[Cycle]:
    """Every cycle but rehearsals with its categories, newest assessment year first (two statements)."""
    return db.session.scalars(
        select(Cycle)
        .where(Cycle.rehearses_id.is_(None))
        .options(selectinload(Cycle.categories))
        .order_by(Cycle.assessment_year.desc(), Cycle.code)
    ).all()


def rehearsals_of(cycle: Cycle) -> Sequence[Cycle]:
    """The rehearsals of a cycle that are not thrown away, oldest first (one statement)."""
    return db.session.scalars(
        select(Cycle).where(Cycle.rehearses_id == cycle.id, Cycle.closed_at.is_(None)).order_by(Cycle.id)
    ).all()


def closed_cycles() -> Select[int]:
    """The ids of the rehearsals that were thrown away: nobody holds a role in them, whatever was granted."""
    return select(Cycle.id).where(Cycle.closed_at.is_not(None))


def rubric_of(category: Category) -> RubricVersion:
    """The rubric version of a category with its indicators (one statement). Raises `NotFound` without one."""
    found = (
        db.session.scalars(
            select(RubricVersion)
            .where(RubricVersion.id == category.rubric_version_id)
            .options(joinedload(RubricVersion.indicators))
        )
        .unique()
        .one_or_none()
    )
    if found is None:
        raise NotFound
    return found


def core_rubric(rubric: RubricVersion, locale: Literal["id", "en"] = "id") -> Rubric:
    """The rubric the core computes with; titles in the language `locale`. Raises `BadRubric`."""

    def titled(part: Any) -> dict[str, str]:
        return {"code": part["code"], "title": part[f"title_{locale}"]}

    return Rubric(
        code=rubric.code,
        version=rubric.version,
        total=rubric.total,
        quorum=rubric.quorum,
        panel_aggregate=PanelAggregate(rubric.panel_aggregate),
        scale=Scale(rubric.scale_min, rubric.scale_max, rubric.scale_step),
        stages=tuple(Stage(**titled(stage)) for stage in rubric.stages),
        aspects=tuple(Aspect(**titled(aspect)) for aspect in rubric.aspects),
        indicators=tuple(
            Indicator(
                code=one.code,
                title=getattr(one, f"title_{locale}"),
                stage=one.stage,
                aspect=one.aspect,
                weight=one.weight,
                source=Source(one.source),
            )
            for one in rubric.indicators
        ),
        gates=tuple(Gate(**titled(gate)) for gate in rubric.gates),
        tie_break=tuple(rubric.tie_break),
    )


def find_rubric(code: str, version: int) -> RubricVersion | None:
    """The rubric version with this code and number, where there is one."""
    return db.session.scalar(
        select(RubricVersion)
        .where(RubricVersion.code == code, RubricVersion.version == version)
        .options(selectinload(RubricVersion.indicators))
    )


def get_proposal(ref: str) -> Proposal:
    """A proposal with its category and cycle. Raises `NotFound`."""
    found = db.session.scalar(
        select(Proposal).where(Proposal.ref == ref).options(joinedload(Proposal.category).joinedload(Category.cycle))
    )
    if found is None:
        raise NotFound
    return found


def waiting_proposals(category_ids: Sequence[int]) -> Sequence[Proposal]:
    """Proposals of these categories that wait for a second person, oldest first (one statement)."""
    return db.session.scalars(
        select(Proposal)
        .where(Proposal.category_id.in_(category_ids), Proposal.state == "waiting")
        .options(joinedload(Proposal.category).joinedload(Category.cycle))
        .order_by(Proposal.proposed_at, Proposal.id)
    ).all()


def led_by(
    actor: Actor, state: State, act: str, *, by: InstrumentedAttribute[datetime | None]
) -> list[tuple[Category, Proposal | None]]:
    """The categories stored in `state` that the actor chairs or organises, by their planned end `by`.

    Each comes with the proposal for `act` that waits in it, where there is one (at most two statements).
    """
    chaired = actor.chairs
    if not chaired and not actor.organises:
        return []
    categories = db.session.scalars(
        select(Category)
        .where(Category.state == int(state), or_(Category.id.in_(chaired), Category.cycle_id.in_(actor.organises)))
        .options(joinedload(Category.cycle, innerjoin=True))
        .order_by(by, Category.id)
    ).all()
    if not categories:
        return []
    waiting = {one.category_id: one for one in waiting_proposals([each.id for each in categories]) if one.act == act}
    return [(category, waiting.get(category.id)) for category in categories]


def waiting_where(actor: Actor, act: str) -> Sequence[Proposal]:
    """The proposals for `act` that wait in categories the actor chairs or organises (at most one statement)."""
    chaired = actor.chairs
    if not chaired and not actor.organises:
        return []
    return db.session.scalars(
        select(Proposal)
        .join(Proposal.category)
        .where(
            Proposal.act == act,
            Proposal.state == "waiting",
            or_(Category.id.in_(chaired), Category.cycle_id.in_(actor.organises)),
        )
        .options(joinedload(Proposal.category, innerjoin=True).joinedload(Category.cycle, innerjoin=True))
        .order_by(Proposal.proposed_at, Proposal.id)
    ).all()


def waiting_proposal(category: Category, act: str, subject_ref: str | None = None) -> Proposal | None:
    """The proposal for `act` in this category that waits for a second person, where there is one."""
    return db.session.scalar(
        select(Proposal).where(
            Proposal.category_id == category.id,
            Proposal.act == act,
            Proposal.state == "waiting",
            Proposal.subject_ref == subject_ref if subject_ref is not None else true(),
        )
    )


def waiting_for(category: Category, act: str) -> Sequence[Proposal]:
    """The proposals for `act` in this category that wait for a second person, oldest first (one statement)."""
    return db.session.scalars(
        select(Proposal)
        .where(Proposal.category_id == category.id, Proposal.act == act, Proposal.state == "waiting")
        .order_by(Proposal.id)
    ).all()


def extensions_of(category_ids: Collection[int]) -> Mapping[int, Sequence[DeadlineExtension]]:
    """The extensions of these categories' deadlines by category, newest first (at most one statement)."""
    found: dict[int, list[DeadlineExtension]] = {number: [] for number in category_ids}
    if found:
        rows = db.session.scalars(
            select(DeadlineExtension)
            .where(DeadlineExtension.category_id.in_(found))
            .order_by(DeadlineExtension.category_id, DeadlineExtension.no.desc())
        )
        for row in rows:
            found[row.category_id].append(row)
    return found


def extension_count() -> int:
    """How many extensions of deadlines there are, in all cycles (one statement)."""
    return db.session.scalar(select(func.count()).select_from(DeadlineExtension)) or 0


def extensions(*, offset: int, limit: int) -> Sequence[DeadlineExtension]:
    """A stretch of all extensions with category and cycle, newest first (one statement)."""
    return db.session.scalars(
        select(DeadlineExtension)
        .options(joinedload(DeadlineExtension.category, innerjoin=True).joinedload(Category.cycle, innerjoin=True))
        .order_by(DeadlineExtension.extended_at.desc(), DeadlineExtension.id.desc())
        .offset(offset)
        .limit(limit)
    ).all()


def get_extension_proposal(cycle: str, cat: str, proposal: str) -> Proposal:
    """A proposed extension of a category's deadline. Raises `NotFound`."""
    found = db.session.scalar(
        select(Proposal)
        .join(Proposal.category)
        .join(Category.cycle)
        .where(Cycle.code == cycle, Category.slug == cat, Proposal.ref == proposal, Proposal.act == EXTEND_ACT)
        .options(joinedload(Proposal.category, innerjoin=True).joinedload(Category.cycle, innerjoin=True))
    )
    if found is None:
        raise NotFound
    return found
