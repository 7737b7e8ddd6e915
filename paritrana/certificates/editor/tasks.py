"""What waits for a person before papers are made: a nominee reads its name, an organiser decides on spellings."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from paritrana.certificates.editor import queries
from paritrana.core.lifecycle import State
from paritrana.core.policy import Actor, Role
from paritrana.core.words import N_
from paritrana.cycles.tasks import Task

BEFORE_THE_PAPERS: Final = (State.INTERVIEW, State.SCORING, State.PLENARY, State.SEALED)


def tasks(actor: Actor, at: datetime) -> Sequence[Task]:
    """The rows of this room (at most two statements)."""
    found: list[Task] = []
    if actor.organisations:
        found += [
            Task(
                message=N_("Check the name on the certificate: %(name)s"),
                params={"name": one.organisation.name},
                endpoint="certificate_names.name",
                values={"ref": one.ref},
                cycle=one.category.cycle,
                role=Role.NOMINEE,
                due=one.category.publication_planned,
            )
            for one in queries.unchecked(actor.organisations, BEFORE_THE_PAPERS)
        ]
    if actor.organises:
        found += [
            Task(
                message=N_("Decide how a name is spelt: %(name)s"),
                params={"name": one.nomination.organisation.name},
                endpoint="certificate_templates.check",
                values={"cycle": one.nomination.category.cycle.code},
                cycle=one.nomination.category.cycle,
                role=Role.ORGANISER,
            )
            for one in queries.asked_in(actor.organises)
        ]
    return found
