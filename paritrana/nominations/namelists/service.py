"""Changes of the lists by name: received, counted or refused, and what is erased once it has served.

Every function locks the cycle's intake stream first and flushes; the caller commits.
"""

import re
from datetime import datetime
from typing import Final

from sqlalchemy import delete, null, or_

from paritrana.audit import service as audit
from paritrana.core.errors import ParitranaError
from paritrana.core.evidence.choices import ENTERPRISE, SMALL
from paritrana.core.policy import Actor
from paritrana.cycles.queries import rubric_of
from paritrana.cycles.service import intake_of
from paritrana.database import db, reading
from paritrana.nominations.models import Nomination
from paritrana.nominations.namelists import queries
from paritrana.nominations.namelists.checking import Counted, marks_in, shared, stored_marks
from paritrana.nominations.namelists.models import ListOverlap, NameList
from paritrana.nominations.rows import kinds_asked
from paritrana.nominations.service.writing import AMENDABLE, UnknownKind, check_open, lock

KIND: Final = "beneficiary_list"
_LONG_NUMBER: Final = re.compile(r"\d{6,}")


def shown_name(name: str) -> str:
    """The name of a file without numbers that could be those of a person."""
    return _LONG_NUMBER.sub("…", name)


def receive_list(
    nomination: Nomination, ref: str, *, name: str, size: int, actor: Actor, at: datetime, now: datetime
) -> NameList:
    """Note that a list came; `at` is the cycle's time, `now` the machine's.

    Raises `EntryClosed`, `NothingSavedYet`, `NominationSent`, `UnknownKind`.
    """
    lock(nomination, at)
    check_open(nomination, at, also=AMENDABLE)
    if KIND not in kinds_asked(rubric_of(nomination.category)):
        raise UnknownKind
    one = NameList(
        ref=ref, nomination=nomination, name=shown_name(name), size=size, state="waiting", arrived_at=now,
        received_at=at, received_by=actor.account_id, received_by_name=actor.name,
        problem=null(),
        counts=null(),
    )  # fmt: skip
    db.session.add(one)
    _record("list.received", one, actor, at, name=one.name, size=size)
    return one


def own_digits(nomination: Nomination) -> str:
    """The digits that the numbers of a list begin with: the nominee's region, any for employers."""
    if rubric_of(nomination.category).category_kind in {ENTERPRISE, SMALL}:
        return ""
    return nomination.organisation.region_code.replace(".", "")


def keep_counts(one: NameList, counted: Counted, *, key_id: str, actor: Actor, at: datetime) -> None:
    """Keep what a list came to, and compare it with the other lists of the cycle.

    The marks of earlier lists of the nomination are erased: the newest one stands for it. A list that was counted or
    refused meanwhile stays as it is.
    """
    mine, pairs = frozenset(counted.marks), dict[int, int]()
    if mine:  # most of the comparing is done before anything is locked
        db.session.rollback()
        with reading():
            _compare(one, key_id, mine, pairs)
            db.session.rollback()
    audit.lock_stream(intake_of(one.nomination.category))
    db.session.refresh(one)
    if one.state != "waiting":
        return
    for earlier in queries.earlier_marked(one):
        erase_marks(earlier, "replaced", actor=actor, at=at)
    if mine:
        _compare(one, key_id, mine, pairs)
        one.key_id, one.marks = key_id, stored_marks(counted.marks)
    one.state, one.counts, one.ended_at = "checked", counted.counts, at
    db.session.flush()
    for other, count in pairs.items():
        if not count:
            continue
        low, high = sorted((one.id, other))
        db.session.add(ListOverlap(list_id=low, other_id=high, shared=count))
    _record("list.checked", one, actor, at, counts=counted.counts, marks=bool(mine), key=one.key_id)


def _compare(one: NameList, key_id: str, mine: frozenset[int], pairs: dict[int, int]) -> None:
    """Bring `pairs` up to date: each comparable list, and how many marks it shares, 0 for none."""
    comparable = queries.comparable(one, key_id)
    for gone in set(pairs) - set(comparable):
        del pairs[gone]
    for other in comparable:
        if other not in pairs:
            pairs[other] = shared(mine, marks_in(queries.marks_of(other)))


def refuse_list(one: NameList, refusal: ParitranaError, *, actor: Actor, at: datetime) -> None:
    """Keep why a list was not counted; one that was counted or refused meanwhile stays as it is."""
    audit.lock_stream(intake_of(one.nomination.category))
    db.session.refresh(one)
    if one.state != "waiting":
        return
    params = {name: str(value) for name, value in refusal.params.items() if name != "name"}
    one.state, one.problem, one.ended_at = "refused", {"code": refusal.code, "params": params}, at
    _record("list.refused", one, actor, at, code=refusal.code, params=params)


def erase_marks(one: NameList, reason: str, *, actor: Actor, at: datetime) -> None:
    """Erase the marks of a list and what they were compared to; its counts stay."""
    audit.lock_stream(intake_of(one.nomination.category))
    one.marks = None
    db.session.execute(delete(ListOverlap).where(or_(ListOverlap.list_id == one.id, ListOverlap.other_id == one.id)))
    _record("list.marks_erased", one, actor, at, reason=reason)


def _record(kind: str, one: NameList, actor: Actor, at: datetime, **values: object) -> None:
    db.session.flush()
    stream, ref = intake_of(one.nomination.category), one.nomination.ref
    audit.record(stream, kind, actor, at=at, object_ref=ref, list=one.ref, **values)
    db.session.flush()
