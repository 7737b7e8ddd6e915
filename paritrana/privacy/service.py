"""What two people decide about personal data: the rules of keeping, what is destroyed, and whose data is erased.

One person asks (an administrator), another confirms (an auditor). A rule takes effect with the confirmation. What is to
be destroyed is listed when it is asked for and destroyed by a job, or by `paritrana retention --apply`, once that is
confirmed: what the request listed and no more.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from paritrana.accounts import requests
from paritrana.accounts.models import StaffRequest
from paritrana.accounts.requests import StaffAct
from paritrana.audit import service as audit
from paritrana.config import Settings
from paritrana.core.errors import BadInput, ParitranaError
from paritrana.core.policy import Act, Actor
from paritrana.core.words import N_
from paritrana.database import canonical, db, random_ref
from paritrana.privacy import queries
from paritrana.privacy.keeping import BY_NAME, KINDS, Item, Kept
from paritrana.privacy.models import Destruction, RetentionRule
from paritrana.scopes import everybody

SUBJECT: Final = "retention"
MOST_DAYS: Final = 36_525


class UnknownKind(BadInput):
    """No such kind of data."""

    code = "unknown_kind"
    message = N_("Choose a kind of data from the list.")


class NothingDue(ParitranaError):
    """Nothing of what was chosen has reached the end of its time."""

    code = "nothing_due"
    message = N_("Nothing of this has reached the end of its time.")


class DaysOutside(BadInput):
    """A time of keeping that is none."""

    code = "days_outside"
    message = N_("Write the time as a whole number of days between 1 and 36525.")


class BasisMissing(BadInput):
    """A rule without its legal basis."""

    code = "basis_missing"
    message = N_("Write the legal basis: the law or decree and its article.")


@dataclass(frozen=True, slots=True)
class Rule:
    """The rule in force of a kind; version 0 is the delivered one."""

    kind: Kept
    version: int
    days: int
    basis: str

    @property
    def kept(self) -> timedelta:
        """How long."""
        return timedelta(days=self.days)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the report: a rule and what is due under it."""

    rule: Rule
    items: Sequence[Item]

    @property
    def bytes(self) -> int:
        """The size of the files among it."""
        return sum(one.bytes for one in self.items)


def rules() -> list[Rule]:
    """The rules in force, in the order of the list (one statement)."""
    stored = queries.newest_rules()
    return [_rule(kind, stored.get(kind.name)) for kind in KINDS]


def _rule(kind: Kept, row: RetentionRule | None) -> Rule:
    if row is None:
        return Rule(kind, 0, kind.days, kind.basis)
    return Rule(kind, row.version, row.days, row.basis)


@everybody("what is due is counted over every cycle")
def report(settings: Settings, at: datetime) -> list[Line]:
    """What is due at a moment, kind by kind."""
    return [Line(rule, rule.kind.due(settings, at, rule.kept)) for rule in rules()]


# Rules ----------------------------------------------------------------------------------------------------------------


def ask_for_rule(kind: str, days: int | None, basis: str, *, reason: str, actor: Actor, at: datetime) -> StaffRequest:
    """Ask for another time of keeping; the caller commits.

    Raises `UnknownKind`, `DaysOutside`, `BasisMissing`, `MissingReason`, `RequestWaiting`.
    """
    if kind not in BY_NAME:
        raise UnknownKind
    if days is None or not 1 <= days <= MOST_DAYS:
        raise DaysOutside
    if not basis.strip():
        raise BasisMissing
    given = {"kind": kind, "days": days, "basis": basis.strip()}
    return requests.ask(SET_RULE, kind, given, reason=reason, actor=actor, at=at)


def _set_rule(request: StaffRequest, actor: Actor, at: datetime) -> None:
    given = request.given
    before = queries.newest_rules().get(given["kind"])
    row = RetentionRule(
        kind=given["kind"], version=1 if before is None else before.version + 1, days=given["days"],
        basis=given["basis"], set_at=at, request_ref=request.ref,
    )  # fmt: skip
    db.session.add(row)
    db.session.flush()
    audit.record(audit.SYSTEM, "retention.rule_set", actor, at=at, object_ref=f"{row.kind}/{row.version}",
                 **told_of_rule(row))  # fmt: skip


def told_of_rule(row: RetentionRule) -> dict[str, Any]:
    """What an event says of a rule."""
    return {"days": row.days, "basis": row.basis, "request": row.request_ref}


SET_RULE: Final = StaffAct("set_retention", N_("Time of keeping"), Act.ERASE_PERSON, _set_rule)


# Destruction ----------------------------------------------------------------------------------------------------------


def ask_to_destroy(
    kinds: Sequence[str], settings: Settings, *, reason: str, actor: Actor, at: datetime
) -> StaffRequest:
    """Ask that what is due now is destroyed; the caller commits.

    Raises `UnknownKind`, `NothingDue`, `MissingReason`, `RequestWaiting`.
    """
    if not kinds or not set(kinds) <= set(BY_NAME):
        raise UnknownKind
    lines = [line for line in report(settings, at) if line.rule.kind.name in kinds and line.items]
    if not lines:
        raise NothingDue
    listed = {
        line.rule.kind.name: {
            "version": line.rule.version, "days": line.rule.days, "count": len(line.items), "bytes": line.bytes,
            "digest": digest_of(line.items),
        }
        for line in lines
    }  # fmt: skip
    given = {"until": at.isoformat(), "kinds": listed}
    return requests.ask(DESTROY, SUBJECT, given, reason=reason, actor=actor, at=at)


def digest_of(items: Sequence[Item]) -> str:
    """SHA-256 of the list of what is due."""
    return hashlib.sha256(canonical([one.stored() for one in items])).hexdigest()


def _confirmed(request: StaffRequest, actor: Actor, at: datetime) -> None:
    """Nothing more happens in this transaction: a job destroys what was confirmed."""


DESTROY: Final = StaffAct("destroy_due", N_("Destroy what is due"), Act.ERASE_PERSON, _confirmed)


def unfinished() -> list[StaffRequest]:
    """The confirmed requests of which something is not destroyed yet."""
    return [
        one
        for one in queries.requests_of([DESTROY.name], state="confirmed")
        if set(one.given["kinds"]) - queries.destroyed_of(one.ref) - _given_up(one)
    ]


def _given_up(request: StaffRequest) -> frozenset[str]:
    """The kinds whose rule was changed after the request was made: what was listed there is no longer the rule."""
    now = {rule.kind.name: rule.version for rule in rules()}
    return frozenset(name for name, said in request.given["kinds"].items() if now.get(name) != said["version"])


@everybody("what two people have agreed to destroy lies in every cycle")
def destroy(request: StaffRequest, settings: Settings, *, actor: Actor, at: datetime) -> list[Destruction]:
    """Destroy what a confirmed request lists and is due still, kind by kind; commits each.

    Run twice, it does nothing the second time. What lies outside the database goes after its commit; what is left of
    it when the machine stops there is removed by the regular job for files that nothing names.
    """
    ref, until = request.ref, datetime.fromisoformat(request.given["until"])
    done = queries.destroyed_of(ref) | _given_up(request)
    listed, made = dict(request.given["kinds"]), []
    for rule in rules():
        name = rule.kind.name
        if name not in listed or name in done:
            continue
        audit.lock_stream(audit.SYSTEM)
        if name in queries.destroyed_of(ref):
            db.session.rollback()
            continue
        items = rule.kind.due(settings, until, rule.kept)
        if not items:
            db.session.rollback()
            continue
        record = Destruction(
            ref=random_ref("X"), request_ref=ref, kind=name, rule_version=rule.version, days=rule.days,
            basis=rule.basis, destroyed_at=at, count=len(items), bytes=sum(one.bytes for one in items),
            items=[one.stored() for one in items], digest=digest_of(items),
        )  # fmt: skip
        db.session.add(record)
        after = rule.kind.destroy(settings, items, record.ref, at)
        db.session.flush()
        audit.record(audit.SYSTEM, "retention.applied", actor, at=at, object_ref=record.ref,
                     **told_of_destruction(record))  # fmt: skip
        db.session.commit()
        after()
        made.append(record)
    return made


def told_of_destruction(row: Destruction) -> dict[str, Any]:
    """What an event says of a destruction; the list itself stands in the record."""
    return {
        "request": row.request_ref, "kind": row.kind, "rule": row.rule_version, "days": row.days, "basis": row.basis,
        "count": row.count, "bytes": row.bytes, "digest": row.digest,
    }  # fmt: skip
