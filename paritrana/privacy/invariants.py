"""What must hold of the rules of keeping, of what was destroyed, and of whose data was erased."""

import hashlib
from collections.abc import Iterator

from sqlalchemy import select

from paritrana.accounts.models import StaffRequest
from paritrana.audit.invariants import in_order, told
from paritrana.core.invariants import Broken, Check, Stored, latest, replay, replayed
from paritrana.database import canonical, db
from paritrana.files.models import Blob
from paritrana.privacy import erasing, service
from paritrana.privacy.models import Destruction, Erasure, RetentionRule


def _rules() -> Iterator[Broken]:
    rows = sorted(db.session.scalars(select(RetentionRule)), key=lambda one: f"{one.kind}/{one.version}")
    stored = (Stored(f"{one.kind}/{one.version}", (), service.told_of_rule(one)) for one in rows)
    yield from replay("retention_rule", "rule of keeping", told("retention.rule_set"), stored, latest())


def _destructions() -> Iterator[Broken]:
    statement = select(Destruction).order_by(in_order(Destruction.ref))
    rows = (Stored(one.ref, (), service.told_of_destruction(one)) for one in db.session.scalars(statement))
    yield from replay("destruction", "record of a destruction", told("retention.applied"), rows, latest())


def _erasures() -> Iterator[Broken]:
    statement = select(Erasure).order_by(in_order(Erasure.ref))
    rows = (Stored(one.ref, (), erasing.told_of_erasure(one)) for one in db.session.scalars(statement))
    yield from replay("erasure", "erasure of a person", told("person.erased"), rows, latest())


def _lists() -> Iterator[Broken]:
    """Each record's list has its digest, two people agreed, and the files it names are marked, as no others are."""
    named: set[tuple[int, str]] = set()
    confirmed = frozenset(db.session.scalars(select(StaffRequest.ref).where(StaffRequest.state == "confirmed")))
    for one in db.session.scalars(select(Destruction).order_by(Destruction.id)):
        digest = hashlib.sha256(canonical(one.items)).hexdigest()
        if digest != one.digest or len(one.items) != one.count or one.request_ref not in confirmed:
            yield Broken("destruction.list", one.ref, "The list of what was destroyed is not the one two people saw.")
        for item in one.items:
            if "sha256" in item and "/" in item["ref"]:
                named.add((int(item["ref"].partition("/")[0]), item["sha256"]))
    marked = select(Blob.organisation_id, Blob.sha256).where(Blob.destroyed_at.is_not(None))
    for organisation_id, sha256 in sorted((row.organisation_id, row.sha256) for row in db.session.execute(marked)):
        if (organisation_id, sha256) not in named:
            yield Broken("destruction.file", f"{organisation_id}/{sha256[:12]}", "No record names this destruction.")


CHECKS = (
    Check(replayed("retention_rule", "rule of keeping"), _rules),
    Check(replayed("destruction", "record of a destruction"), _destructions),
    Check(replayed("erasure", "erasure of a person"), _erasures),
    Check(
        {
            "destruction.list": "The list of every destruction has its digest, and two people agreed to it.",
            "destruction.file": "Every file whose bytes were destroyed is named by a record of it.",
        },
        _lists,
    ),
)
