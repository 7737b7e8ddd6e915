"""Witnesses: who outside keeps the checkpoints of a cycle."""

import re
from datetime import datetime

from paritrana.audit import service as audit
from paritrana.core.errors import BadInput, WrongState
from paritrana.core.policy import Actor
from paritrana.core.words import N_
from paritrana.cycles.models import Cycle
from paritrana.database import db, random_ref
from paritrana.inspection import queries
from paritrana.inspection.models import Witness

MOST = 20
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")


class NoAddress(BadInput):
    """Nobody can be written to there."""

    code = "no_address"
    message = N_("Enter one e-mail address, such as arsip@contoh.go.id.")


class WitnessKnown(BadInput):
    """The address is a witness of this cycle already, or there are too many. Params: `most`."""

    code = "witness_known"
    message = N_("This address is a witness already, or there are %(most)s witnesses.")


def add_witness(cycle: Cycle, label: str, address: str, *, actor: Actor, at: datetime) -> Witness:
    """Have the checkpoints of a cycle mailed to an office outside; the caller commits.

    Raises `NoAddress`, `WitnessKnown`.
    """
    if not _ADDRESS.fullmatch(address.strip()):
        raise NoAddress
    audit.lock_stream(audit.intake(cycle.code))
    there = queries.witnesses_of(cycle)
    if len(there) >= MOST or address.casefold() in {one.address.casefold() for one in there}:
        raise WitnessKnown(most=MOST)
    witness = Witness(
        ref=random_ref("W"), cycle=cycle, label=label.strip(), address=address.strip(), added_at=at, ended_at=None
    )
    db.session.add(witness)
    _record(witness, "witness.added", actor, at)
    return witness


def end_witness(witness: Witness, *, actor: Actor, at: datetime) -> None:
    """Send no more checkpoints there; the caller commits. Raises `WrongState` where that has ended."""
    audit.lock_stream(audit.intake(witness.cycle.code))
    db.session.refresh(witness)
    if witness.ended_at is not None:
        raise WrongState
    witness.ended_at = at
    _record(witness, "witness.ended", actor, at)


def _record(witness: Witness, kind: str, actor: Actor, at: datetime) -> None:
    db.session.flush()
    audit.record(
        audit.intake(witness.cycle.code), kind, actor, at=at, object_ref=witness.ref, label=witness.label,
        address=witness.address, ended_at=witness.ended_at,
    )  # fmt: skip
