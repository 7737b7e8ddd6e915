"""Scopes: whose rows a statement may read. A statement about a table of tenants is kept inside the scope, or refused.

A model says with `__tenancy__` by which columns its rows belong to a cycle and to a candidate. The door sets the scope
of whoever asks; jobs, commands and the few reads that must look beyond one name their reason. So a query that forgets
whose rows it wants finds the rows of its own tenant only, and one that runs without any scope raises `NoScope`.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Exists, FromClause, TableClause, and_, event, false, or_, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import Mapper, ORMExecuteState, registry
from sqlalchemy.orm.util import LoaderCriteriaOption
from sqlalchemy.sql import visitors
from sqlalchemy.sql.elements import ColumnClause
from sqlalchemy.sql.selectable import AliasedReturnsRows

from paritrana.core.lifecycle import State


class NoScope(RuntimeError):
    """A table of tenants is read without a scope, or past the model that says whose its rows are."""


@dataclass(frozen=True, slots=True)
class Tenancy:
    """By which column a row belongs to whom; each names another table of tenants, or the last stop.

    `office` leads to the category or cycle whose officers may read the row. `nominee` leads to the organisation whose
    people may, where they may at all. `person` is the account whose own row it is. `published` rows are everybody's
    once their category is published.
    """

    office: str
    nominee: str | None = None
    person: str | None = None
    published: bool = False


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose rows may be read: with a `reason` everybody's. A seat in one of `categories` is an office in its cycle."""

    reason: str = ""
    account: int | None = None
    organisations: frozenset[int] = frozenset()
    cycles: frozenset[int] = frozenset()
    categories: frozenset[int] = frozenset()


# Where every way ends: tables that are no tenant's own.
_LAST = frozenset({"organisation", "category", "cycle"})
_KEPT = 20_000  # conditions: a person needs one for each table that the pages read
_SEALED, _PUBLISHED = int(State.SEALED), int(State.PUBLISHED)

_scope: ContextVar[Scope | None] = ContextVar("scope", default=None)


def set_scope(scope: Scope | None) -> None:
    """Say whose rows are read from here on in this context; None: nobody's, a statement about tenants then raises."""
    _scope.set(scope)


def scope_now() -> Scope | None:
    """The scope in force."""
    return _scope.get()


@contextmanager
def everybody(reason: str) -> Iterator[None]:
    """Read beyond the tenants inside the block. `reason` says why that shows nobody what is not theirs."""
    token = _scope.set(Scope(reason=reason))
    try:
        yield
    finally:
        _scope.reset(token)


class _Kept(LoaderCriteriaOption):
    """The criterion of a table of tenants, wherever a statement reads it.

    The library leaves the columns of an alias that is joined by an explicit clause as they are; here they follow it.
    """

    __slots__ = ()
    _traverse_internals = LoaderCriteriaOption._traverse_internals

    def _resolve_where_criteria(self, ext_info: Any) -> ColumnElement[bool]:
        kept = super()._resolve_where_criteria(ext_info)
        return ext_info._adapter.traverse(kept) if ext_info.is_aliased_class else kept


class _Leads(Exists):
    """A row leads to one of the scope: asked for row by row.

    As a list of all such rows it would be made anew for every statement, and joins be planned around it.
    """

    inherit_cache = True


def _leads(parent: Any, *conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    return _Leads().select_from(parent).where(*conditions).correlate_except(parent)


# What follows the one table from which a condition selects; where a second one stands, it does not ask about the row.
_TIED = re.compile(r"EXISTS \(SELECT \*\s+FROM \w+ AS scope_\w+\s+WHERE ")


@compiles(_Leads)
def _write(element: _Leads, compiler: Any, **options: Any) -> str:
    """The text of the condition. Raises `NoScope` where it is not tied to the rows that are read: it held for all."""
    written: str = compiler.visit_unary(element, **options)
    if _TIED.match(written) is None:
        raise NoScope(f"the scope is not tied to what is read: {written}")
    return written


class Keeper:
    """Keeps the statements on the models of one registry inside the scope in force."""

    def __init__(self, models: registry) -> None:
        self._registry = models
        # Putting a condition together costs more than most statements; each is made once for a table and a scope.
        self._kept = lru_cache(maxsize=_KEPT)(self._make)
        self._aliases: dict[str, Any] = {}
        event.listen(Mapper, "after_configured", self._look_again)

    def __call__(self, state: ORMExecuteState) -> None:
        """Narrow a statement before it runs. Raises `NoScope`."""
        scope = _scope.get()
        if (scope is not None and scope.reason) or state.is_column_load or state.is_insert:
            return  # a column of a row that was loaded inside its scope, or a row that is only written
        mentioned = self._tenants_of(state.statement)
        if not mentioned:
            return
        names = ", ".join(sorted(mentioned))
        if scope is None:
            raise NoScope(f"no scope is set for {names}")
        if not state.is_orm_statement:
            raise NoScope(f"the scope cannot be kept past the models of {names}")
        state.statement = state.statement.options(*(self._kept(name, scope) for name in sorted(mentioned)))

    def _look_again(self) -> None:
        for name in ("tables", "tenants"):
            self.__dict__.pop(name, None)
        self._kept.cache_clear()
        self._aliases.clear()

    def _make(self, name: str, scope: Scope) -> _Kept:
        return _Kept(self.tenants[name], self.criterion(name, scope), include_aliases=True)

    def _alias(self, name: str, table: str) -> Any:
        """The alias `name` of a table: one for all conditions, because its columns are copied when it is first read."""
        if name not in self._aliases:
            self._aliases[name] = self.tables[table].__table__.alias(name)
        return self._aliases[name]

    @cached_property
    def tables(self) -> dict[str, Any]:
        """The model of every table, by the name of the table; read when the first statement runs."""
        return {mapper.local_table.name: mapper.class_ for mapper in self._registry.mappers}  # type: ignore[attr-defined]

    @cached_property
    def tenants(self) -> dict[str, Any]:
        """The model of every table of tenants, by the name of the table."""
        return {name: model for name, model in self.tables.items() if hasattr(model, "__tenancy__")}

    def criterion(self, name: str, scope: Scope) -> ColumnElement[bool]:
        """The rows of the table `name` that `scope` holds."""
        model = self.tenants[name]
        tenancy: Tenancy = model.__tenancy__
        ways = [
            *(["office"] if scope.cycles or scope.categories else []),
            *(["nominee"] if scope.organisations and tenancy.nominee is not None else []),
            *(["published"] if tenancy.published else []),
        ]
        found = self._by(model, tenancy, ways, scope)
        if scope.account is not None and tenancy.person is not None:
            found.append(getattr(model, tenancy.person) == scope.account)
        return or_(false(), *found)

    def _by(self, rows: Any, tenancy: Tenancy, ways: Iterable[str], scope: Scope) -> list[ColumnElement[bool]]:
        """One condition for each column that leads on, so that ways over the same column ask for its row once."""
        over: dict[str, list[str]] = {}
        for way in ways:
            column = tenancy.nominee if way == "nominee" else tenancy.office
            if column is None:  # a way of the rows that lead here, which has to go on
                raise NoScope(f"no column of {rows} leads on for {way}")
            over.setdefault(column, []).append(way)
        return [self._through(rows, column, found, scope) for column, found in over.items()]

    def _through(self, rows: Any, column: str, ways: Sequence[str], scope: Scope) -> ColumnElement[bool]:
        """The rows of a model, or of an alias of its table, that lead over `column` to what `scope` holds."""
        origin = rows.c[column] if isinstance(rows, FromClause) else getattr(rows, column)
        (key,) = origin.foreign_keys if isinstance(rows, FromClause) else rows.__table__.c[column].foreign_keys
        goal: Any = key.column.table
        if goal.name in _LAST:
            return or_(*(self._held(origin, goal, way, scope) for way in ways))
        parent = self._alias(f"scope_{goal.name}", goal.name)
        onward = self._by(parent, self.tenants[goal.name].__tenancy__, ways, scope)
        return _leads(parent, parent.c[key.column.name] == origin, or_(*onward))

    def _held(self, origin: ColumnElement[Any], goal: Any, way: str, scope: Scope) -> ColumnElement[bool]:
        """Whether a column that names an organisation, a category or a cycle names one of the scope."""
        if goal.name == "organisation":
            if way == "nominee":
                return origin.in_(scope.organisations)
            nomination = self._alias("scope_nomination", "nomination")
            takes_part = self._through(nomination, "category_id", [way], scope)
            return _leads(nomination, nomination.c.organisation_id == origin, takes_part)
        category = self._alias("scope_category", "category")
        if way == "published":  # two people have agreed on it; the page asks whether the instant has come
            open_ = or_(
                category.c.state >= _PUBLISHED, and_(category.c.state == _SEALED, category.c.publishes_at.is_not(None))
            )
        else:
            seated = self._alias("scope_seated", "category")
            sits = select(seated.c.cycle_id).where(seated.c.id.in_(scope.categories)).correlate(None)
            of_cycles = category.c.cycle_id if goal.name == "category" else origin
            open_ = or_(of_cycles.in_(scope.cycles), *([of_cycles.in_(sits)] if scope.categories else []))
            if goal.name == "cycle":
                return open_
        wanted = category.c.id if goal.name == "category" else category.c.cycle_id
        return origin.in_(select(wanted).where(open_).correlate(None))

    def _tenants_of(self, statement: Any) -> set[str]:
        """The tables of tenants that a statement reads, in whatever part of it."""
        tenants, found = self.tenants, set()
        for element in visitors.iterate(statement):
            table: Any = element.table if isinstance(element, ColumnClause) else element
            while isinstance(table, AliasedReturnsRows):
                table = table.element
            if isinstance(table, TableClause) and table.name in tenants:
                found.add(table.name)
        return found
