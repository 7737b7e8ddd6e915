"""Conflicts that follow from what is stored: nobody declares them, and nobody waives them.

Each kind is one select of pairs, a person and a candidate, with what shows the conflict. A clause narrows the pairs to
the person at the door; a page of the panel narrows them to a category. Persons are compared, not accounts.
Source: security.md, section 2.2.
"""

from collections.abc import Callable, Collection, Mapping
from functools import cache, lru_cache
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, String, cast, column, extract, literal, or_, select, table
from sqlalchemy.orm import aliased

from paritrana.accounts.models import Account, RoleGrant
from paritrana.core.words import N_
from paritrana.cycles.models import Category
from paritrana.nominations.models import Attachment, Nomination, NominationRevision
from paritrana.reference.models import Organisation

# What each kind means, with what shows it.
KINDS: Mapping[str, str] = {
    "region": N_("The office of the person lies in the candidate's region."),
    "employer": N_("The person works or worked in the last three years for %(source)s."),
    "nominee": N_("The person wrote or sent this nomination."),
    "supplier": N_("The person supplied or verified figures of this candidate."),
}
# Kinds that keep a person from marking, but not from verifying: who verified a figure goes on verifying.
ONLY_JUDGING = frozenset({"supplier"})

# The few columns of the verification that tell who verified; the tables belong to a later room.
_verification = table(
    "verification", column("id"), column("nomination_id"), column("proposed_by"), column("closed_by")
)  # fmt: skip
_WORK = (
    (table("finding", column("verification_id"), column("found_by")), ("found_by",)),
    (table("override", column("verification_id"), column("first_by"), column("second_by")), ("first_by", "second_by")),
    (table("field_visit", column("verification_id"), column("recorded_by")), ("recorded_by",)),
)


class Pairs(NamedTuple):
    """One kind of conflict: `rows` selects person, nomination and source; the columns serve to narrow it."""

    kind: str
    rows: Select[Any]
    person: ColumnElement[Any]
    nomination: Any
    category: ColumnElement[Any]


@cache
def pairs(*, judging: bool) -> list[Pairs]:
    """Every kind of structural conflict; without `judging` those that keep a verifier away. Put together once."""
    found = [_region(), _employer(), *_nominee()]
    return [*found, *_supplier()] if judging else found


def ways(person_id: Any, *, judging: bool, narrowed: Callable[[Any], ColumnElement[bool]]) -> list[ColumnElement[bool]]:
    """A clause for each kind: the person is in conflict with a nomination for which `narrowed` holds.

    The person may be a value or a column of the statement around.
    """
    clauses: list[ColumnElement[bool]] = []
    for one in pairs(judging=judging):
        rows = one.rows.where(one.person == person_id, narrowed(one.nomination))
        clauses.append(rows.correlate_except(one.nomination).exists())
    return clauses


@lru_cache(maxsize=1000)
def candidates_of(person_id: int, *, judging: bool) -> list[Select[Any]]:
    """The ids of the nominations with which a person is in conflict, a select for each kind."""
    return [
        one.rows.where(one.person == person_id).with_only_columns(one.nomination.id).correlate(None)
        for one in pairs(judging=judging)
    ]


def found_in(category_ids: Collection[int], persons: Select[Any]) -> list[Select[Any]]:
    """Person, nomination, kind and source of every conflict of these persons, a select for each kind."""
    return [
        one.rows.add_columns(literal(one.kind).label("kind")).where(
            one.category.in_(category_ids), one.person.in_(persons)
        )
        for one in pairs(judging=True)
    ]


def _pairs(kind: str, rows: Any, who: Any, candidate: Any, source: Any) -> Pairs:
    whole = rows.with_only_columns(
        who.person_id.label("person_id"), candidate.id.label("nomination_id"), cast(source, String).label("source")
    )
    return Pairs(kind, whole, who.person_id, candidate, candidate.category_id)


def _region() -> Pairs:
    who, candidate, place = aliased(Account), aliased(Nomination), aliased(Organisation)
    rows = (
        select(who)
        .join(place, place.region_code == who.office_region_code)
        .join(candidate, candidate.organisation_id == place.id)
    )
    return _pairs("region", rows, who, candidate, place.region_code)


def _employer() -> Pairs:
    """Now, or up to three years before the category opened for nominations; also at its parent or a part of it."""
    who, candidate, grant, category = aliased(Account), aliased(Nomination), aliased(RoleGrant), aliased(Category)
    theirs, mine = aliased(Organisation), aliased(Organisation)
    rows = (
        select(who)
        .join(grant, grant.account_id == who.id)
        .join(mine, mine.id == grant.organisation_id)
        .join(theirs, or_(theirs.id == mine.id, theirs.parent_id == mine.id, mine.parent_id == theirs.id))
        .join(candidate, candidate.organisation_id == theirs.id)
        .join(category, category.id == candidate.category_id)
        .where(
            grant.role == "nominee",
            or_(
                grant.ended_at.is_(None),
                category.opens_at.is_(None),
                _day(grant.ended_at) + 3_00_00 >= _day(category.opens_at),
            ),
        )
    )
    return _pairs("employer", rows, who, candidate, mine.name)


def _day(moment: Any) -> Any:
    """A moment as the number YYYYMMDD, which both engines compare alike."""
    return extract("year", moment) * 1_00_00 + extract("month", moment) * 1_00 + extract("day", moment)


def _nominee() -> list[Pairs]:
    who, candidate, other, again = aliased(Account), aliased(Nomination), aliased(Account), aliased(Nomination)
    revision = aliased(NominationRevision)
    wrote = select(who).join(candidate, candidate.created_by == who.id)
    sent = (
        select(other).join(revision, revision.submitted_by == other.id).join(again, again.id == revision.nomination_id)
    )
    return [
        _pairs("nominee", wrote, who, candidate, literal("")),
        _pairs("nominee", sent, other, again, literal("")),
    ]


def _supplier() -> list[Pairs]:
    who, candidate, paper = aliased(Account), aliased(Nomination), aliased(Attachment)
    brought = select(who).join(paper, paper.uploaded_by == who.id).join(candidate, candidate.id == paper.nomination_id)
    found = [_pairs("supplier", brought, who, candidate, literal(""))]
    for work, columns in _WORK:
        mine, whole = work.alias(), _verification.alias()
        found.append(_verified(mine.join(whole, whole.c.id == mine.c.verification_id), whole, mine, columns))
    whole = _verification.alias()
    found.append(_verified(whole, whole, whole, ("proposed_by", "closed_by")))
    return found


def _verified(rows: Any, whole: Any, work: Any, columns: tuple[str, ...]) -> Pairs:
    who, candidate = aliased(Account), aliased(Nomination)
    joined = (
        select(who)
        .join(rows, or_(*(work.c[name] == who.id for name in columns)))
        .join(candidate, candidate.id == whole.c.nomination_id)
    )
    return _pairs("supplier", joined, who, candidate, literal(""))
