"""The job that signs checkpoints, and what happens where a stream does not continue what was kept of it."""

from datetime import datetime

import structlog

from paritrana.audit import checkpoints, halt
from paritrana.audit.checkpoints import Diverged, Office
from paritrana.core.words import N_
from paritrana.database import db
from paritrana.inspection.notices import tell
from paritrana.jobs.kinds import Kind, Progress, Run, Said, every

log = structlog.get_logger("security")


def sign_checkpoints(run: Run, progress: Progress) -> Said:
    """Sign every stream that is due, and hold the others against what was kept of them.

    A stream that does not continue it stops every change. Raises `Diverged`, `KeyMissing`, `NotKept`.
    """
    office = Office.of(run.settings)
    wanted = checkpoints.due(run.now())
    db.session.rollback()
    streams = sorted({*wanted, *office.streams()})
    signed = 0
    for done, stream in enumerate(streams):
        progress(done, len(streams))
        try:
            if stream in wanted:
                made = checkpoints.sign(office, stream, wanted[stream], at=run.now())
                tell(made, at=run.now())
                signed += len(made)
            else:
                checkpoints.compare(office, stream)
            db.session.commit()
        except Diverged as fault:
            db.session.rollback()
            stop(fault, at=run.now())
            raise
    progress(len(streams), len(streams))
    return Said(N_("Checkpoints signed: %(count)s."), {"count": signed})


def stop(fault: Diverged, *, at: datetime) -> None:
    """Stop every change because of a stream that does not continue what was kept, and raise the alarm."""
    begun = halt.halt(halt.CHAIN, at=at, detail=f"{fault.params['stream']}: {fault.params['why']}")
    db.session.commit()
    log.error("chain_diverged", object=fault.params["stream"], halt=begun.ref, result="halted", source="worker")


def is_due(at: datetime) -> bool:
    """Whether a stream is to be signed now."""
    return bool(checkpoints.due(at))


SIGN_CHECKPOINTS = Kind(
    "sign_checkpoints", N_("Sign checkpoints of the record"), sign_checkpoints, by_hand=True, slot=every(1),
    wanted=is_due,
)  # fmt: skip
