"""The regular jobs of personal data: destroying what two people agreed on."""

from datetime import datetime
from typing import Final

from paritrana.core.words import N_
from paritrana.jobs.kinds import Kind, Progress, Run, Said, every
from paritrana.privacy import service


def destroy_due(run: Run, progress: Progress) -> Said:
    """Destroy what confirmed requests list."""
    waiting = [one.ref for one in service.unfinished()]
    count = 0
    for done, request in enumerate(service.unfinished()):
        progress(done, len(waiting))
        count += sum(one.count for one in service.destroy(request, run.settings, actor=run.actor, at=run.now()))
    progress(len(waiting), len(waiting))
    return Said(N_("Destroyed, as two people had agreed: %(count)s things."), {"count": count})


def wanted(_at: datetime) -> bool:
    """Whether a confirmed request waits to be carried out."""
    return bool(service.unfinished())


DESTROY_DUE: Final = Kind(
    "destroy_due", N_("Destroy what is due"), destroy_due, by_hand=True, slot=every(10), wanted=wanted
)
