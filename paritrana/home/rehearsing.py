"""Making a rehearsal of a cycle, and throwing it away.

A rehearsal copies how the day of a cycle is laid out: categories with the very same frozen rubrics, the panel and its
secretary, lengths, rooms and times. Nothing that anybody claimed, found, marked or declared goes along; its candidates
and their figures are invented by rule. It stands in the interviews at once and never gets beyond the plenary.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import func, select

from paritrana.accounts.models import Account, RoleGrant
from paritrana.accounts.service import grant_role
from paritrana.audit import service as audit
from paritrana.core.errors import BadInput, ParitranaError, WrongState
from paritrana.core.lifecycle import State
from paritrana.core.policy import Actor
from paritrana.core.words import N_
from paritrana.cycles import service as cycles
from paritrana.cycles.models import Category, Cycle
from paritrana.cycles.queries import cycle_time
from paritrana.database import db
from paritrana.interviews import clock
from paritrana.interviews import service as interviews
from paritrana.interviews.models import InterviewSession
from paritrana.interviews.queries import sessions_of
from paritrana.nominations import service as nominations
from paritrana.nominations.models import Nomination
from paritrana.outbox.service import withhold
from paritrana.panels import service as panels
from paritrana.panels.models import JUDGING, Seat
from paritrana.reference.models import Organisation, Region
from paritrana.reference.queries import find_organisation, get_region, provinces, regions_of
from paritrana.reference.service import register_organisation

MOST: Final = 12  # invented candidates of a category
NAMES: Final[Mapping[str, str]] = {
    "regency_city": "Kabupaten Latihan",
    "province": "Provinsi Latihan",
    "enterprise_large_medium": "PT Latihan",
    "small_micro": "Usaha Latihan",
    "village": "Desa Latihan",
}
BEGINS, MINUTES, ROOM = time(9), 20, "Ruang latihan"

COPIED: Final = (
    "assessment_year", "edition_label", "tier", "region_code", "timezone", "target_instrument", "target_year",
    "election_held", "decree", "rates_as_of",
)  # fmt: skip
NORMS: Final = ("norm_per_village", "village_counts")


class RehearsalOfRehearsal(ParitranaError):
    """A rehearsal is to be rehearsed."""

    code = "rehearsal_of_rehearsal"
    message = N_("This is a rehearsal itself. Make another one from the cycle that it rehearses.")


class NothingToRehearse(ParitranaError):
    """No category of the cycle has a frozen rubric and a chair."""

    code = "nothing_to_rehearse"
    message = N_("Nothing can be rehearsed yet: no category has a frozen rubric and a panel with a chair.")


class DayIsOver(BadInput):
    """The day of a rehearsal lies in the past."""

    code = "day_is_over"
    message = N_("Choose today or a later day.")


def make_rehearsal(source: Cycle, on: date, candidates: int, *, actor: Actor, at: datetime) -> Cycle:
    """Copy a cycle as a rehearsal whose first day is `on`, with so many invented candidates in every category.

    `at` is the system's moment, at which the clock of the rehearsal starts. The caller commits. Raises
    `RehearsalOfRehearsal`, `NothingToRehearse`, `DayIsOver`.
    """
    if source.rehearsal:
        raise RehearsalOfRehearsal
    if on < at.astimezone(ZoneInfo(source.timezone)).date():
        raise DayIsOver
    audit.lock_stream(audit.intake(source.code))  # two at once are counted one after the other
    seats = _seats(source)
    copied = [
        category
        for category in source.categories
        if category.rubric is not None
        and category.rubric.frozen_at is not None
        and any(seat.role == "chair" for seat in seats.get(category.id, ()))
    ]
    if not copied:
        raise NothingToRehearse
    no = 1 + (db.session.scalar(select(func.count()).where(Cycle.rehearses_id == source.id)) or 0)
    made = cycles.create_cycle(
        {
            **{name: getattr(source, name) for name in COPIED},
            "code": f"{source.code}-latihan-{no}",
            "kind": "simulated",
            "rehearses_id": source.id,
            "title_id": f"Latihan {no}: {source.title_id}",
            "title_en": f"Rehearsal {no}: {source.title_en}",
            "settings": {name: source.settings[name] for name in NORMS if name in source.settings},
        },
        actor=actor,
        at=at,
    )
    audit.record(
        audit.intake(made.code), "rehearsal.made", actor, at=at, object_ref=made.code, rehearses=source.code, no=no,
        on=on, candidates=candidates,
    )  # fmt: skip
    for account in _organisers(source):
        grant_role(account, "organiser", cycle_id=made.id, new_cycle=True, actor=actor, at=at)
    first = datetime.combine(on, BEGINS, ZoneInfo(made.timezone))
    shift = on - min((one.day.on for one in _planned(copied)), default=on)
    # What has planned slots goes first: the others follow it, so that nobody is to be in two places.
    for category in sorted(copied, key=lambda one: not _planned([one])):
        invented = _copy(category, made, seats[category.id], candidates, actor=actor, at=at)
        first = _plan(category, invented, first, shift, actor=actor, at=at)
    db.session.flush()
    return made


def throw_away(rehearsal: Cycle, *, actor: Actor, at: datetime) -> None:
    """End a rehearsal for good: nobody holds a role in it any more, and its messages stay; the caller commits.

    What happened in it stays in its own chains. `at` is the system's moment. Raises `WrongState` for a cycle that is
    no rehearsal, or is thrown away already.
    """
    audit.lock_stream(audit.intake(rehearsal.code))
    db.session.refresh(rehearsal, with_for_update={"of": Cycle})
    if not rehearsal.rehearsal or rehearsal.closed_at is not None:
        raise WrongState
    rehearsal.closed_at = at
    rehearsal.version += 1
    withhold(rehearsal)
    audit.record(
        audit.intake(rehearsal.code), "rehearsal.closed", actor, at=cycle_time(rehearsal, at),
        object_ref=rehearsal.code, closed_at=at,
    )  # fmt: skip
    db.session.flush()


def _organisers(source: Cycle) -> Sequence[Account]:
    held = select(RoleGrant.account_id).where(
        RoleGrant.role == "organiser", RoleGrant.cycle_id == source.id, RoleGrant.ended_at.is_(None)
    )
    return db.session.scalars(select(Account).where(Account.id.in_(held)).order_by(Account.id)).all()


def _seats(source: Cycle) -> Mapping[int, Sequence[Seat]]:
    """The seats in force by category: who marks first, so that a rehearsed panel is numbered alike."""
    found: dict[int, list[Seat]] = {}
    ids = [category.id for category in source.categories]
    rows = db.session.scalars(select(Seat).where(Seat.category_id.in_(ids), Seat.ended_at.is_(None)).order_by(Seat.id))
    for seat in sorted(rows, key=lambda one: one.role not in JUDGING):
        found.setdefault(seat.category_id, []).append(seat)
    return found


def _planned(categories: Sequence[Category]) -> list[InterviewSession]:
    return [one for category in categories for one in sessions_of(category)]


def _copy(
    category: Category, made: Cycle, seats: Sequence[Seat], candidates: int, *, actor: Actor, at: datetime
) -> list[Nomination]:
    """Copy a category with its panel, and take it from its draft to the interviews; gives its invented candidates."""
    copy = cycles.add_category(
        made,
        {
            **{name: getattr(category, name) for name in ("position", "slug", "kind", "title_id", "title_en")},
            **{name: getattr(category, name) for name in ("rubric_version_id", "ranks", "public_table")},
        },
        {title.rank: (title.title_id, title.title_en) for title in category.titles},
        actor=actor,
        at=at,
    )
    for seat in seats:
        panels.seat(
            copy, seat.account, seat.role, seat.constituency, f"{seat.decree_number} (latihan)", actor=actor, at=at
        )
    if clock.SETTING in category.cycle.settings and category.slug in category.cycle.settings[clock.SETTING]:
        clock.set_plan(copy, category.cycle.settings[clock.SETTING][category.slug], actor=actor, at=at)
    _move(copy, State.DRAFT, State.OPEN, actor, at)
    invented = [
        nominations.invent(copy, organisation, no, actor=actor, at=at)
        for no, organisation in enumerate(_invented(copy, candidates, actor=actor, at=at))
    ]
    _move(copy, State.OPEN, State.CLOSED, actor, at)
    _move(copy, State.CLOSED, State.VERIFICATION, actor, at)
    for nomination in invented:
        nominations.call_in(nomination, actor=actor, at=at)
    _move(copy, State.VERIFICATION, State.INTERVIEW, actor, at)
    return invented


def _move(category: Category, before: State, after: State, actor: Actor, at: datetime) -> None:
    cycles.set_state(category, after, expected=before, actor=actor, at=at)


def _invented(category: Category, number: int, *, actor: Actor, at: datetime) -> list[Organisation]:
    """So many invented organisations that fit a category, made where an earlier rehearsal has not made them."""
    kind, _among = nominations.FITTING[category.kind]
    places = _places(category)
    found = []
    for no in range(number):
        name, region = f"{NAMES[category.kind]} {chr(ord('A') + no)}", places[no % len(places)]
        there = find_organisation(region.code, kind, name)
        found.append(
            there
            if there is not None and there.rehearsal
            else register_organisation(
                name, kind, region.code, size_class="large" if kind == "enterprise" else None, fictitious=True,
                rehearsal=True, actor=actor, at=at,
            )
        )  # fmt: skip
    return found


def _places(category: Category) -> Sequence[Region]:
    """The regions in which candidates of a category may lie: the invented ones are spread over them."""
    cycle = category.cycle
    national = cycle.tier == "national"
    if category.kind == "province":
        return provinces() if national else [get_region(cycle.region_code)]
    inside = regions_of(cycle.region_code)
    if not inside and national:
        inside = next((found for one in provinces() if (found := regions_of(one.code))), ())
    return inside or [get_region(cycle.region_code)]


def _plan(
    category: Category, invented: Sequence[Nomination], first: datetime, shift: timedelta, *, actor: Actor, at: datetime
) -> datetime:
    """The slots as they are planned in the cycle, moved to the day; candidates beyond those follow from `first` on.

    Gives the moment from which the next candidates beyond the plan may follow.
    """
    made = invented[0].category.cycle
    zone = ZoneInfo(made.timezone)
    planned = sorted(_planned([category]), key=lambda one: (one.planned_at, one.room))
    for place, nomination in enumerate(invented):
        begins, minutes, mode, room = first, MINUTES, "in_person", ROOM
        if place < len(planned):
            like = planned[place]
            local = like.planned_at.astimezone(zone)
            begins = datetime.combine(local.date() + shift, local.time(), zone)
            minutes, mode, room = like.minutes, like.mode, like.room
        day = interviews.plan_day(made, begins.date(), actor=actor, at=at)
        interviews.plan_session(nomination, day, begins, minutes, mode=mode, room=room, actor=actor, at=at)
        first = max(first, begins + timedelta(minutes=minutes))
    return first
