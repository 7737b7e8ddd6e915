"""What waits for a nominee: drafts that are not sent, and open categories without a nomination."""

from datetime import datetime

from paritrana.core.lifecycle import State
from paritrana.core.policy import Actor, Role
from paritrana.core.words import N_
from paritrana.cycles.queries import all_categories, state_now
from paritrana.cycles.tasks import Task
from paritrana.nominations import queries, service


def tasks(actor: Actor, at: datetime) -> list[Task]:
    """The rows of this room for the first page; `at` is the system's moment, due times are on the cycle's clock.

    A fixed number of statements. Change requests are told by the verification, which owns them.
    """
    if not actor.organisations:
        return []
    nominations = queries.nominations_for(actor.organisations)
    found = [
        Task(
            message=N_("Send the nomination of %(name)s"),
            params={"name": one.organisation.name},
            endpoint="nominations.task_list",
            values={"ref": one.ref},
            cycle=one.category.cycle,
            role=Role.NOMINEE,
            due=one.category.closes_at,
        )
        for one in nominations
        if one.state == "draft" and state_now(one.category, at) is State.OPEN
    ]
    taken = {(one.category_id, one.organisation_id) for one in nominations}
    organisations = queries.organisations_by_id(actor.organisations)
    for category in all_categories():
        if state_now(category, at) is not State.OPEN:
            continue
        for organisation in organisations:
            if (category.id, organisation.id) in taken or not service.fits(category, organisation):
                continue
            found.append(
                Task(
                    message=N_("Nominate %(name)s"),
                    params={"name": organisation.name},
                    endpoint="nominations.new_nomination",
                    values={"category": f"{category.cycle.code}/{category.slug}"},
                    cycle=category.cycle,
                    role=Role.NOMINEE,
                    due=category.closes_at,
                )
            )
    return found
