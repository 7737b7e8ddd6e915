"""What the sheets want of a person: candidates to score, and for the chair the end of scoring."""

from collections.abc import Sequence
from datetime import datetime

from paritrana.core.policy import Actor, Role
from paritrana.core.words import N_
from paritrana.cycles.tasks import Task
from paritrana.sheets import queries
from paritrana.sheets.consolidations import queries as consolidations
from paritrana.sheets.late.queries import waiting_for
from paritrana.sheets.queries import Desk


def tasks(actor: Actor, at: datetime) -> Sequence[Task]:
    """The rows of this room (at most ten statements, and five per category that the actor closes)."""
    if not actor.seats:
        return []
    return [*_to_score(actor), *_to_score_again(actor), *_to_admit(actor), *_to_close(actor)]


def _to_score(actor: Actor) -> list[Task]:
    return [_of_a_desk(desk) for desk in queries.my_desks(actor) if _wanted(desk)]


def _to_score_again(actor: Actor) -> list[Task]:
    """The second scorings that are open, done once the actor has answered each of their indicators."""
    still_open = [one for one in consolidations.mine(actor) if one.closed_at is None]
    answered = consolidations.answered_by(actor, still_open)
    return [
        Task(
            message=N_("Second scoring: %(name)s"),
            params={"name": one.nomination.organisation.name},
            endpoint="consolidations.consolidation",
            values={"consolidation": one.ref},
            cycle=one.category.cycle,
            role=Role.ASSESSOR,
            due=one.category.scoring_until,
            waiting_for_others=answered.get(one.id, 0) >= len(one.codes),
        )
        for one in still_open
    ]


def _wanted(desk: Desk) -> bool:
    return desk.submitted or desk.category.stored_state in queries.MARKED_IN


def _of_a_desk(desk: Desk) -> Task:
    sheet = desk.sheet
    submitted = sheet.submitted_at if sheet is not None else None
    left = desk.to_say - desk.said
    message = N_("Score %(name)s")
    if submitted is None and not left:
        message = N_("Submit the sheet of %(name)s")
    return Task(
        message=message,
        params={"name": desk.nomination.organisation.name},
        endpoint="sheets.receipt" if submitted else "sheets.sheet",
        values={"ref": desk.nomination.ref},
        cycle=desk.category.cycle,
        role=Role.ASSESSOR,
        due=None if submitted else desk.due,
        done_at=submitted,
    )


def _to_admit(actor: Actor) -> list[Task]:
    """The late marks that wait for the chair, one row for each cycle."""
    return [
        Task(
            message=N_("Decide about late marks: %(n)s"),
            params={"n": count},
            endpoint="late.late_marks",
            values={"cycle": cycle.code},
            cycle=cycle,
            role=Role.CHAIR,
            due=None,
        )
        for cycle, count in waiting_for(actor)
    ]


def _to_close(actor: Actor) -> list[Task]:
    found = []
    for category in queries.to_close(actor):
        missing = len(queries.missing_sheets(category))
        found.append(
            Task(
                message=N_("Close the scoring: %(category)s"),
                params={"category": category},
                endpoint="home.manage",
                values={"cycle": category.cycle.code, "_anchor": category.slug},
                cycle=category.cycle,
                role=Role.CHAIR,
                due=category.scoring_until,
                waiting_for_others=missing > 0,
            )
        )
    return found
