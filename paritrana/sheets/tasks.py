"""What the sheets want of a person: candidates to score, and for the chair the end of scoring."""

from collections.abc import Sequence
from datetime import datetime

from paritrana.core.policy import Actor, Role
from paritrana.core.words import N_
from paritrana.cycles.tasks import Task
from paritrana.sheets import queries
from paritrana.sheets.calibrations import queries as calibrations
from paritrana.sheets.consolidations import queries as consolidations
from paritrana.sheets.imported import queries as imported
from paritrana.sheets.late.queries import waiting_for
from paritrana.sheets.paper import queries as paper
from paritrana.sheets.queries import Desk
from paritrana.sheets.reopening.queries import waiting_reopenings
from paritrana.sheets.reopening.service import leads, seconds


def tasks(actor: Actor, at: datetime) -> Sequence[Task]:
    """The rows of this room (at most fourteen statements, and five per category that the actor closes)."""
    if not actor.seats:
        return _to_reopen(actor) if actor.organises else []
    rows = (_to_score, _to_choose, _to_score_again, _to_calibrate, _to_admit, _to_decide, _to_reopen, _to_close)
    return [task for of_kind in rows for task in of_kind(actor)]


def _to_score(actor: Actor) -> list[Task]:
    return [_of_a_desk(desk) for desk in queries.my_desks(actor) if _wanted(desk)]


def _to_calibrate(actor: Actor) -> list[Task]:
    """The examples that are open for the panel, done once the actor has marked them."""
    still_open = calibrations.open_for(actor)
    marked = calibrations.marked_by(actor, still_open)
    return [
        Task(
            message=N_("Calibration: %(title)s"),
            params={"title": one.title},
            endpoint="calibrations.example",
            values={"example": one.ref},
            cycle=one.category.cycle,
            role=Role.ASSESSOR,
            due=one.category.interviews_until,
            waiting_for_others=one.id in marked,
        )
        for one in still_open
    ]


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


def _to_choose(actor: Actor) -> list[Task]:
    """The own sheets on which marks of a handed-over file met newer ones: until one is chosen, the newer one counts."""
    return [
        Task(
            message=N_("Choose between two versions on the sheet of %(name)s: %(n)s"),
            params={"name": sheet.nomination.organisation.name, "n": count},
            endpoint="imported.waiting",
            values={"ref": sheet.nomination.ref},
            cycle=sheet.category.cycle,
            role=Role.ASSESSOR,
            due=sheet.category.scoring_until,
        )
        for sheet, count in imported.waiting_for(actor)
    ]


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


def _to_decide(actor: Actor) -> list[Task]:
    """The figures from paper that wait for the chair, one row for each cycle."""
    return [
        Task(
            message=N_("Decide about figures from paper: %(n)s"),
            params={"n": count},
            endpoint="paper.leaves",
            values={"cycle": cycle.code},
            cycle=cycle,
            role=Role.CHAIR,
            due=None,
        )
        for cycle, count in paper.waiting_for(actor)
    ]


def _to_reopen(actor: Actor) -> list[Task]:
    """The requests to open a sheet again in which the actor has a part to take."""
    return [
        Task(
            message=N_("Answer the request to open a sheet again: %(name)s"),
            params={"name": one.nomination.organisation.name},
            endpoint="reopening.request_",
            values={"reopening": one.ref},
            cycle=one.category.cycle,
            role=Role.CHAIR if leads(one, actor) else Role.ASSESSOR,
            due=one.category.scoring_until,
        )
        for one in waiting_reopenings(actor)
        if (leads(one, actor) and one.led_by is None) or (seconds(one, actor) and one.seconded_by is None)
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
