"""What must hold of cycles: their calendars, the states of their categories, rubrics, and two-person acts."""

import hashlib
from collections.abc import Iterator
from itertools import groupby
from typing import Any, Final

from sqlalchemy import Text, cast, column, select, table, union_all
from sqlalchemy.orm import aliased, selectinload

from paritrana.audit.invariants import in_order, stream, told
from paritrana.core.invariants import Broken, Check, Found, Stored, Told, latest, replay, replayed, side_by_side
from paritrana.core.lifecycle import MOVES, RESTART, State
from paritrana.cycles import rehearsals
from paritrana.cycles.models import CALENDAR, Category, Cycle, DeadlineExtension, Proposal, RubricVersion
from paritrana.cycles.rubrics.document import digest_of, form_of
from paritrana.database import canonical, db

PROPOSED: Final = {"proposed": "waiting", "confirmed": "confirmed", "withdrawn": "withdrawn", "void": "void"}


def _categories(*columns: Any) -> Any:
    ref = (Cycle.code + "/" + Category.slug).label("ref")
    return (
        select(ref, *columns).select_from(Category).join(Cycle, Cycle.id == Category.cycle_id).order_by(in_order(ref))
    )


def _deadlines() -> Iterator[Broken]:
    rows = (
        Stored(row.ref, "", {name: getattr(row, name) for name in CALENDAR})
        for row in stream(_categories(*(getattr(Category, name) for name in CALENDAR)))
    )
    events = told("category.added", "category.set_up", "deadline.extended")
    yield from replay("deadline", "calendar", events, rows, _fields)


def _fields(now: Found, event: Told) -> None:
    now[""] = dict(event.values["fields" if event.kind == "category.added" else "calendar"])


def _extensions() -> Iterator[Broken]:
    columns = ("no", "closes_before", "closes_after", "reason", "proposal_ref")
    ref = (Cycle.code + "/" + Category.slug).label("ref")
    statement = (
        select(ref, *(getattr(DeadlineExtension, name) for name in columns))
        .join(Category, Category.id == DeadlineExtension.category_id)
        .join(Cycle, Cycle.id == Category.cycle_id)
        .order_by(in_order(ref), DeadlineExtension.no)
    )
    rows = (Stored(row.ref, (row.no,), {name: getattr(row, name) for name in columns}) for row in stream(statement))
    yield from replay("extension", "extension", told("deadline.extended"), rows, latest("no"))


def _chains() -> Iterator[Broken]:
    """Extensions count up, and each starts at the deadline that the one before has set, the last one at today's."""
    ref = (Cycle.code + "/" + Category.slug).label("ref")
    statement = (
        select(
            ref, DeadlineExtension.no, DeadlineExtension.closes_before, DeadlineExtension.closes_after,
            Category.closes_at,
        )
        .join(Category, Category.id == DeadlineExtension.category_id)
        .join(Cycle, Cycle.id == Category.cycle_id)
        .order_by(in_order(ref), DeadlineExtension.no)
    )  # fmt: skip
    for where, group in groupby(stream(statement), lambda row: str(row.ref)):
        rows = list(group)
        ends = [row.closes_after for row in rows[:-1]]
        if (
            [row.no for row in rows] != list(range(1, len(rows) + 1))
            or [row.closes_before for row in rows[1:]] != ends
            or rows[-1].closes_after != rows[-1].closes_at
        ):
            yield Broken("extension.chain", where, "The extensions do not lead to the deadline in force.")


def _states() -> Iterator[Broken]:
    rows = (Stored(row.ref, "", {"state": row.state}) for row in stream(_categories(Category.state)))
    yield from replay("category", "category", told(*MOVING), rows, _state)


MOVING: Final = ("category.added", "category.moved", "result.imported")


def _state(now: Found, event: Told) -> None:
    if event.kind == "category.moved":
        now[""] = {"state": event.values["after"]}
    elif event.kind == "result.imported":
        now[""] = {"state": event.values["state"]}
    else:
        now[""] = {"state": event.values["fields"].get("state", 0)}


def _moves() -> Iterator[Broken]:
    """Each move starts where the one before it ended, and is a step of the lifecycle."""
    ref, state = "", None
    for event in told(*MOVING):
        if event.ref != ref:
            ref, state = event.ref, None
        if event.silent:
            state = None  # nobody can say where the category stood then
            continue
        now: Found = {}
        _state(now, event)
        after = int(now[""]["state"])
        if event.kind == "category.moved":
            before = int(event.values["before"])
            if (state is not None and before != state) or not _allowed(before, after):
                yield Broken("category.move", ref, f"The category was moved from state {before} to {after}.")
        state = after


def _allowed(before: int, after: int) -> bool:
    start, end = State(before), State(after)
    return (start in MOVES and MOVES[start].to is end) or RESTART.get(start) is end


def _attempts() -> Iterator[Broken]:
    """A category is in its first attempt until an event restarts it."""
    rows = (Stored(row.ref, "", {"attempt": row.attempt}) for row in stream(_categories(Category.attempt)))
    for ref, events, stored in side_by_side(told("category.restarted"), rows, lambda one: one.ref, lambda one: one.ref):
        if not stored or any(event.silent for event in events):
            continue
        attempt = events[-1].values["attempt"] if events else 1
        if stored[0].values["attempt"] != attempt:
            yield Broken("category.attempt", ref, f"Events tell of attempt {attempt}.")


def _calendars() -> Iterator[Broken]:
    for row in stream(_categories(Category.opens_at, Category.closes_at, Category.grace_ends_at)):
        known = [moment for moment in (row.opens_at, row.closes_at, row.grace_ends_at) if moment is not None]
        if known != sorted(known) or (row.closes_at is not None and row.opens_at == row.closes_at):
            yield Broken("category.calendar", row.ref, "Opening, deadline and end of the grace time are out of order.")


def _rubrics() -> Iterator[Broken]:
    # A few dozen at most: sorted here, since the number is no text in the database.
    versions = select(RubricVersion.code, RubricVersion.version, RubricVersion.digest)
    rows = [Stored(f"{code}/{version}", (), {"digest": digest}) for code, version, digest in stream(versions)]
    rows.sort(key=lambda one: one.ref)
    yield from replay("rubric", "rubric version", told("rubric.stored"), rows, latest())


def _rubric_rows() -> Iterator[Broken]:
    """The digest of a version is that of its rows; what two people froze stays as it was."""
    frozen = {event.ref: event for event in told("rubric.frozen")}
    statement = select(RubricVersion).options(selectinload(RubricVersion.indicators)).order_by(RubricVersion.id)
    for rubric in db.session.scalars(statement):
        if digest_of(form_of(rubric)) != rubric.digest:
            yield Broken("rubric.digest", rubric.ref, "The rows of this rubric version do not have its digest.")
        event = frozen.get(rubric.ref)
        if event is not None and event.silent:
            continue
        said = None if event is None else event.values["digest"]
        if said != (rubric.digest if rubric.frozen_at is not None else None):
            yield Broken("rubric.frozen", rubric.ref, "This rubric version is not the one that two people froze.")


def _chosen() -> Iterator[Broken]:
    """A category is judged by the version that the last event about it names."""
    ref = (RubricVersion.code + "/" + cast(RubricVersion.version, Text)).label("rubric")
    joined = _categories(ref).join(RubricVersion, RubricVersion.id == Category.rubric_version_id, isouter=True)
    for where, events, rows in side_by_side(
        told("category.rubric_chosen"), stream(joined), lambda one: one.ref, lambda one: one.ref
    ):
        if not events or any(event.silent for event in events):
            continue
        if not rows or rows[0].rubric != events[-1].values["rubric"]:
            yield Broken("category.rubric", where, "The category is judged by another rubric version than events tell.")


def _proposals() -> Iterator[Broken]:
    statement = select(
        Proposal.ref, Proposal.act, Proposal.subject_ref, Proposal.digest, Proposal.reason, Proposal.state
    ).order_by(in_order(Proposal.ref))
    rows = (
        Stored(
            row.ref, "",
            {"act": row.act, "subject": row.subject_ref, "digest": row.digest, "reason": row.reason,
             "state": row.state},
        )
        for row in stream(statement)
    )  # fmt: skip
    yield from replay("proposal", "proposal", told(like="P-____-____"), rows, _proposal)


def _proposal(now: Found, event: Told) -> None:
    act, _dot, step = event.kind.rpartition(".")
    kept = now.setdefault("", {"act": act})
    if step == "proposed":
        kept.update(event.values)
    kept["state"] = PROPOSED.get(step, step)


def _digests() -> Iterator[Broken]:
    for ref, digest, payload in stream(select(Proposal.ref, Proposal.digest, Proposal.payload).order_by(Proposal.id)):
        if hashlib.sha256(canonical(payload)).hexdigest() != digest:
            yield Broken("proposal.digest", ref, "What is proposed does not have the digest of the proposal.")


def _clocks() -> Iterator[Broken]:
    """The clock of a cycle stands where it was last moved to."""
    rows = stream(select(Cycle.code, Cycle.offset_seconds, Cycle.held_seconds).order_by(in_order(Cycle.code)))
    for code, moves, kept in side_by_side(
        told("clock.advanced", "clock.held"), rows, lambda one: one.ref, lambda one: one.code
    ):
        if not kept or any(event.silent for event in moves):
            continue
        last = moves[-1].values if moves else {"offset": 0, "held": 0}
        if (kept[0].offset_seconds, kept[0].held_seconds) != (last["offset"], last["held"]):
            yield Broken("clock.event_differs", code, "The clock of the cycle does not stand where it was moved to.")


def _rehearsals() -> Iterator[Broken]:
    rehearsed = aliased(Cycle)
    statement = (
        select(Cycle.code, rehearsed.code.label("rehearses"), Cycle.closed_at)
        .join(rehearsed, rehearsed.id == Cycle.rehearses_id)
        .order_by(in_order(Cycle.code))
    )
    rows = (Stored(row.code, "", {"rehearses": row.rehearses, "closed_at": row.closed_at}) for row in stream(statement))
    yield from replay("rehearsal", "rehearsal", told("rehearsal.made", "rehearsal.closed"), rows, _rehearsal)


def _rehearsal(now: Found, event: Told) -> None:
    now.setdefault("", {}).update(event.values)


# The acts that ask for a result of a category, and the tables of rooms above that hold what came of them.
RESULT_ACTS: Final = ("seal_results", "publish_results", "issue_certificate")


def _no_results() -> Iterator[Broken]:
    """Of a rehearsal nothing is sealed, published, certified or asked for, and no category goes beyond the plenary."""
    found = [
        select(Category.id).where(Category.state > rehearsals.LAST_STATE),
        select(Proposal.category_id).where(Proposal.act.in_(RESULT_ACTS)),
        *(select(table(name, column("category_id")).c.category_id) for name in rehearsals.RESULTS),
    ]
    statement = _categories().where(Cycle.rehearses_id.is_not(None), Category.id.in_(union_all(*found)))
    for (ref,) in stream(statement):
        yield Broken(
            "rehearsal.result", ref, "The category belongs to a rehearsal and has a result, or is to have one."
        )


CHECKS = (
    Check(replayed("deadline", "calendar"), _deadlines),
    Check(replayed("extension", "extension"), _extensions),
    Check({"extension.chain": "The extensions of a deadline follow each other up to the one in force."}, _chains),
    Check(replayed("category", "category"), _states),
    Check({"category.move": "Every move of a category starts in its state and is a step of the lifecycle."}, _moves),
    Check({"category.attempt": "The attempt of every category is told by its restarts."}, _attempts),
    Check({"category.calendar": "A category opens before its deadline, which is before the grace ends."}, _calendars),
    Check({"clock.event_differs": "The clock of every cycle stands where it was last moved to."}, _clocks),
    Check(replayed("rehearsal", "rehearsal"), _rehearsals),
    Check({"rehearsal.result": "Nothing of a rehearsal is sealed, published or certified."}, _no_results),
    Check(replayed("rubric", "rubric version"), _rubrics),
    Check(
        {
            "rubric.digest": "The rows of every rubric version have its digest.",
            "rubric.frozen": "A frozen rubric version is the one that two people froze.",
        },
        _rubric_rows,
    ),
    Check({"category.rubric": "Every category is judged by the rubric version that its events name."}, _chosen),
    Check(replayed("proposal", "proposal"), _proposals),
    Check({"proposal.digest": "What is proposed has the digest that the second person confirms."}, _digests),
)
