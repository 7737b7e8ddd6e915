"""Rows of results that no service writes: a run with another bundle, and a value that two people set."""

import json
from collections.abc import Callable
from typing import Any

from sqlalchemy import select

from paritrana.database import db
from paritrana.nominations.models import Nomination
from paritrana.results.models import ResultRun
from paritrana.results.service import sha256
from paritrana.verification.models import Override, Verification
from tests.factories import World


def another_run(made: ResultRun, change: Callable[[dict[str, Any]], Any], **columns: Any) -> ResultRun:
    """The next run of a category: the bundle of `made` as `change` leaves it."""
    bundle = json.loads(made.bundle)
    change(bundle)
    raw = json.dumps(bundle).encode()
    values = {one.name: getattr(made, one.name) for one in ResultRun.__table__.columns if one.name != "id"}
    values |= {"no": made.no + 1, "ref": f"R-0000-{made.no + 1:04d}", "bundle": raw, "digest": sha256(raw)}
    found = ResultRun(**{**values, **columns})
    db.session.add(found)
    db.session.commit()
    return found


def value_set(here: World, candidate: Nomination, indicator: str, value: str) -> Override:
    """Two verifiers set the value of a computed indicator."""
    verification = db.session.scalars(select(Verification).where(Verification.nomination_id == candidate.id)).one()
    first, second = here.accounts["verifier-1"], here.accounts["verifier-2"]
    found = Override(
        verification_id=verification.id, no=1, indicator=indicator, computed="9.00", value=value,
        reason="salah hitung", state="confirmed", first_by=first.id, first_person_id=first.person_id, first_name="V",
        first_at=here.now, second_by=second.id, second_person_id=second.person_id, second_name="W",
        second_at=here.now,
    )  # fmt: skip
    db.session.add(found)
    db.session.commit()
    return found
