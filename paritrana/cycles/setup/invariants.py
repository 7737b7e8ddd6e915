"""What must hold of the set-up: rules stand as events tell them, and no competitor belongs in two categories."""

from collections.abc import Iterator
from itertools import combinations
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import joinedload, selectinload

from paritrana.audit.invariants import told
from paritrana.core.invariants import Broken, Check, differing
from paritrana.cycles.models import Category, Cycle
from paritrana.cycles.setup.service import rules_of, told_of
from paritrana.database import db


def _rules() -> Iterator[Broken]:
    """The rules of a category are those that its last event tells; before the first one they were not written here."""
    last = {event.ref: event for event in told("category.set_up")}
    statement = (
        select(Category)
        .options(joinedload(Category.cycle), selectinload(Category.titles), selectinload(Category.honours))
        .order_by(Category.id)
    )
    for one in db.session.scalars(statement):
        where = f"{one.cycle.code}/{one.slug}"
        event = last.get(where)
        if event is not None and not event.silent and (wrong := differing(event.values["rules"], rules_of(one))):
            yield Broken("category.rules", where, f"The category differs from events in {', '.join(wrong)}.")


def _cycles() -> Iterator[Broken]:
    last = {event.ref: event for event in told("cycle.changed")}
    for one in db.session.scalars(select(Cycle).order_by(Cycle.id)):
        event = last.get(one.code)
        if event is not None and not event.silent and (wrong := differing(event.values["fields"], told_of(one))):
            yield Broken("cycle.fields", one.code, f"The cycle differs from events in {', '.join(wrong)}.")


def _scopes() -> Iterator[Broken]:
    statement = select(Cycle).options(selectinload(Cycle.categories)).order_by(Cycle.id)
    for cycle in db.session.scalars(statement):
        for one, other in combinations(cycle.categories, 2):
            if one.scope.meets(other.scope):
                where = f"{cycle.code}/{other.slug}"
                yield Broken("category.scope", where, f"The category takes competitors that {one.slug} takes too.")


def _feeds() -> Iterator[Broken]:
    statement = select(Cycle).where(Cycle.feeds_id.is_not(None)).options(joinedload(Cycle.feeds)).order_by(Cycle.id)
    for one in db.session.scalars(statement):
        fed: Any = one.feeds
        if fed.tier != "national" or fed.kind != one.kind or fed.assessment_year != one.assessment_year:
            yield Broken("cycle.feeds", one.code, "The cycle feeds one that is no national cycle of its kind and year.")


CHECKS = (
    Check({"category.rules": "The rules of every category are those that its last event tells."}, _rules),
    Check({"cycle.fields": "Year, area and figures of every cycle are those that its last event tells."}, _cycles),
    Check({"category.scope": "No two categories of a cycle take the same competitors."}, _scopes),
    Check({"cycle.feeds": "A provincial cycle feeds a national one of its kind and year."}, _feeds),
)
