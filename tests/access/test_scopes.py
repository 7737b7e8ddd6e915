"""Whose rows a statement may read: without a scope none, in a scope those of the own tenants, whatever it asks for."""

import ast
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import (
    Column,
    ForeignKey,
    Integer,
    Table,
    UniqueConstraint,
    delete,
    exists,
    func,
    select,
    table,
    union_all,
    update,
)
from sqlalchemy.orm import Mapped, aliased, mapped_column, registry

import paritrana.app  # noqa: F401 - every room has told its models
from paritrana.cycles.models import Category
from paritrana.database import KEEPER, db
from paritrana.nominations.models import Nomination, NominationRevision
from paritrana.scopes import Keeper, NoScope, Scope, Tenancy, everybody, scope_now, set_scope
from paritrana.sheets.models import Mark, Sheet
from paritrana.web.access import scope_of
from tests.access.stage import Stage

ROOT = Path(__file__).parents[2] / "paritrana"

# Tables that name a cycle, a category or an organisation and are nobody's own, and why.
NOBODYS = {
    "category": "a category is announced", "category_honour": "announced", "category_title": "announced",
    "deadline_extension": "a public event", "rubric_version": "rubrics are public once they are frozen; drafts are"
    " narrowed by their own queries", "interview_day": "the days of interviews are announced on the public screen",
    "certificate_template": "layouts, delivered or of a cycle, hold nothing of a candidate",
    "invitation": "who may come in is told to who holds the link and to who administers people",
    "role_grant": "who it is that asks is read from it", "staff_request": "acts about people and the machine",
}  # fmt: skip


@pytest.fixture
def stage(world_of_access: Stage) -> Stage:
    """The world of the walk."""
    return world_of_access


@pytest.fixture
def nobody(db_session: Any) -> Iterator[None]:
    """No scope, as before the door knows who asks."""
    before = scope_now()
    set_scope(None)
    yield
    set_scope(before)


def test_every_table_with_a_way_to_a_tenant_says_so_or_why_not() -> None:
    tenants = KEEPER.tenants
    ends = {"organisation", "category", "cycle", *tenants}
    leading = {
        name: model for name, model in KEEPER.tables.items()
        if any(key.column.table.name in ends for key in model.__table__.foreign_keys)
    }  # fmt: skip
    assert set(leading) - set(tenants) - set(NOBODYS) == {"cycle", "organisation"} & set(leading)
    assert set(NOBODYS) <= set(leading)
    for name in tenants:  # each way ends
        KEEPER.criterion(name, Scope(account=1, organisations=frozenset({1}), cycles=frozenset({1})))
    assert len(tenants) > 60


def test_the_columns_that_say_whose_a_row_is_have_an_index() -> None:
    for name, model in KEEPER.tenants.items():
        table_, tenancy = model.__table__, model.__tenancy__
        unique = (one for one in table_.constraints if isinstance(one, UniqueConstraint))
        whole = (one for one in table_.indexes if not one.dialect_kwargs)
        first = {next(iter(one.columns)).name for one in (*unique, *whole, table_.primary_key)}
        assert {tenancy.office, tenancy.nominee, tenancy.person} - {None} <= first, name


def test_rows_of_tenants_are_asked_for_one_by_one_and_never_listed_first() -> None:
    """A list of all candidates would be made for every statement; a join over two of them takes their product."""
    scope = Scope(account=1, organisations=frozenset({1}), cycles=frozenset({1}), categories=frozenset({1}))
    for name in KEEPER.tenants:
        whole = str(select(KEEPER.tables[name].__table__).where(KEEPER.criterion(name, scope)))
        assert set(re.findall(r"IN \(SELECT \S+ \s*FROM (\w+)", whole)) <= {"category"}, name


def test_a_condition_that_does_not_ask_about_the_rows_that_are_read_is_refused() -> None:
    """Tied to another table than the one that is read it would hold for every row as soon as it holds for one."""
    criterion = KEEPER.criterion("finding", Scope(cycles=frozenset({1})))
    other = KEEPER.tables["finding"].__table__.alias()
    for untied in (select(Category.id).where(criterion), select(other).where(criterion)):
        with pytest.raises(NoScope, match="not tied"):
            str(untied)


def test_a_way_of_a_nominee_that_does_not_go_on_is_refused() -> None:
    models = registry()

    @models.mapped
    class Group:
        __tablename__ = "group"
        __tenancy__ = Tenancy(office="cycle_id")
        id: Mapped[int] = mapped_column(primary_key=True)
        cycle_id: Mapped[int] = mapped_column(ForeignKey("cycle.id"))

    @models.mapped
    class Paper:
        __tablename__ = "paper"
        __tenancy__ = Tenancy(office="group_id", nominee="group_id")
        id: Mapped[int] = mapped_column(primary_key=True)
        group_id: Mapped[int] = mapped_column(ForeignKey("group.id"))

    Table("cycle", models.metadata, Column("id", Integer, primary_key=True))
    with pytest.raises(NoScope, match="no column"):
        Keeper(models).criterion("paper", Scope(organisations=frozenset({1})))


OTHER = aliased(Nomination)
STATEMENTS: dict[str, Callable[[], Any]] = {
    "a model": lambda: select(Nomination),
    "a column": lambda: select(Nomination.ref),
    "a count": lambda: select(func.count()).select_from(Nomination),
    "an alias": lambda: select(OTHER.id),
    "an explicit join": lambda: select(Category.id).join(OTHER, OTHER.category_id == Category.id),
    "an outer join": lambda: select(Category.id, OTHER.id).outerjoin(OTHER, OTHER.category_id == Category.id),
    "a subquery": lambda: select(select(Nomination.id).subquery()),
    "an exists": lambda: select(Category.id).where(exists().where(Nomination.category_id == Category.id)),
    "a scalar": lambda: select(Category.id, select(func.max(Nomination.id)).scalar_subquery()),
    "a union": lambda: union_all(select(Nomination.id), select(Sheet.id)),
    "an order": lambda: select(Category.id).order_by(select(func.count(Nomination.id)).scalar_subquery()),
    "an update": lambda: update(Nomination).values(version=7),
    "a delete": lambda: delete(NominationRevision),
    "a table": lambda: select(Nomination.__table__),
    "a named table": lambda: select(func.count()).select_from(table("nomination")),
}


@pytest.mark.parametrize("engine_name", ["sqlite"], indirect=True)
@pytest.mark.parametrize("what", STATEMENTS)
def test_a_statement_about_tenants_without_a_scope_is_refused(nobody: None, engine_name: str, what: str) -> None:
    with pytest.raises(NoScope, match="nomination"):
        db.session.execute(STATEMENTS[what]())


@pytest.mark.parametrize("engine_name", ["sqlite"], indirect=True)
def test_what_is_nobodys_needs_no_scope(nobody: None, engine_name: str) -> None:
    assert db.session.scalars(select(Category)).all() == []


@pytest.mark.parametrize("engine_name", ["sqlite"], indirect=True)
def test_who_looks_past_the_model_needs_a_reason(nobody: None, engine_name: str) -> None:
    past = select(Nomination.__table__)
    set_scope(Scope(organisations=frozenset({1})))
    with pytest.raises(NoScope, match="past the models"):
        db.session.execute(past)
    with everybody("a test"):
        assert db.session.execute(past).all() == []
    assert scope_now() == Scope(organisations=frozenset({1}))


class Stored:
    """Every row of the tables of tenants as it is stored, and whose it is by walking along the references."""

    def __init__(self, stage: Stage) -> None:
        self.rows = {one: _rows(stage, one) for one in (*KEEPER.tenants, "category")}
        self.keys = {one: next(iter(KEEPER.tables[one].__table__.primary_key)).name for one in self.rows}
        self.by_key = {one: {row[self.keys[one]]: row for row in found} for one, found in self.rows.items()}

    def ends(self, name: str, column: str, row: dict[str, Any], way: str, scope: Scope) -> bool:
        """Whether the way over a column ends at something of the scope."""
        (key,) = KEEPER.tables[name].__table__.c[column].foreign_keys
        goal, value = key.column.table.name, row[column]
        if value is None:
            return False
        if goal == "organisation":
            if way == "nominee":
                return value in scope.organisations
            theirs = [one for one in self.rows["nomination"] if one["organisation_id"] == value]
            return any(self.ends("nomination", "category_id", one, way, scope) for one in theirs)
        if goal in {"category", "cycle"}:
            which = "id" if goal == "category" else "cycle_id"
            found = [one for one in self.rows["category"] if one[which] == value]
            if way == "published":
                return any(one["state"] >= 8 or (one["state"] == 7 and one["publishes_at"]) for one in found)
            seated = {one["cycle_id"] for one in self.rows["category"] if one["id"] in scope.categories}
            cycles = {value} if goal == "cycle" else {one["cycle_id"] for one in found}
            return bool(cycles & (scope.cycles | seated))
        onward = KEEPER.tables[goal].__tenancy__
        return self.ends(
            goal, onward.nominee if way == "nominee" else onward.office, self.by_key[goal][value], way, scope
        )

    def held(self, name: str, scope: Scope) -> set[Any]:
        """The keys of a table's rows that a scope holds."""
        tenancy = KEEPER.tables[name].__tenancy__
        ways = [(tenancy.office, "office")]
        ways += [(tenancy.nominee, "nominee")] if tenancy.nominee else []
        ways += [(tenancy.office, "published")] if tenancy.published else []
        return {
            row[self.keys[name]]
            for row in self.rows[name]
            if any(self.ends(name, column, row, way, scope) for column, way in ways)
            or (tenancy.person is not None and scope.account is not None and row[tenancy.person] == scope.account)
        }


def _rows(stage: Stage, name: str) -> list[dict[str, Any]]:
    found = stage.watch.execute(f'SELECT * FROM "{name}"')
    columns = [one[0] for one in found.description]
    return [dict(zip(columns, row, strict=True)) for row in found.fetchall()]


PEOPLE = ("", "unassigned", "nominee-1", "nominee-2", "verifier-3", "assessor-3", "organiser-1", "organiser-other",
          "auditor-other", "administrator")  # fmt: skip


@pytest.mark.parametrize("state", [5, 8])
def test_whatever_a_statement_asks_for_it_finds_the_rows_of_its_scope(
    stage: Stage, state: int, figures_of: Callable[..., None]
) -> None:
    """Every table of tenants, asked without any condition, by everybody: exactly what the references say is theirs."""
    stage.enter(state)
    compared, kept, differences, stored = 0, 0, [], Stored(stage)
    with stage.app.app_context():
        for person in PEOPLE:
            scope = scope_of(stage.actor(person))
            for name, model in KEEPER.tenants.items():
                (key, *_more) = model.__table__.primary_key
                set_scope(scope)
                found = set(db.session.scalars(select(getattr(model, key.name))))
                due = stored.held(name, scope)
                compared += 1
                kept += len(due)
                if found != due:
                    differences.append((person, name, sorted(found ^ due)))
        set_scope(Scope(reason="the control"))
        control = len(db.session.scalars(select(Mark.id)).all()) > 0
        set_scope(scope_of(stage.actor("nominee-2")))
        alone = set(db.session.scalars(select(Nomination.ref).where(Nomination.state != "")))
        db.session.remove()
    figures_of(
        "tenancy", promises=["P02"], state=state, compared=compared, rows=kept, differences=len(differences),
        control=control,
    )  # fmt: skip
    assert differences == []
    assert control
    assert (stage.sent in alone) == (state == 8)


# The house ------------------------------------------------------------------------------------------------------------

# Where statements are written as text, or past the models, and why nobody sees there what is not theirs.
RAW = {
    "audit/invariants.py": "the schema of the database itself",
    "database.py": "how a transaction opens",
    "operations/backup.py": "how a whole database is copied and restored",
    "operations/queries.py": "whether a database holds a real cycle, asked before there is an application",
}
NAMED_TABLES = {
    "accounts/queries.py": "which seats a person holds, to know who it is",
    "cycles/invariants.py": "a rule of the whole house",
    "panels/queries.py": "how many sheets a panel loses with a seat that the door has loaded",
    "panels/structure.py": "who worked on a candidate that the statement around has found",
}
# Rows of tenants that are read by their number alone, and where that number comes from.
BY_NUMBER = {
    "certificates/service.py": "of a certificate that was just stored",
    "certificates/batches.py": "of a batch that a job works on",
    "certificates/queries.py": "of the register of a cycle that the door has loaded",
    "files/keeping.py": "of a file whose owner the caller has loaded",
    "files/previews/service.py": "of a file whose owner the caller has loaded",
}


def calls(tree: ast.Module) -> Iterator[ast.Call]:
    """The calls of a module, but for the conditions of indexes, which are schema."""
    schema = {
        id(one.value)
        for call in ast.walk(tree) if isinstance(call, ast.Call)
        for one in call.keywords if one.arg in {"sqlite_where", "postgresql_where"}
    }  # fmt: skip
    yield from (node for node in ast.walk(tree) if isinstance(node, ast.Call) and id(node) not in schema)


def test_statements_are_written_with_the_models_and_rows_of_tenants_are_not_read_by_number() -> None:
    models = {model.__name__ for model in KEEPER.tenants.values()}
    raw, named, by_number = set(), set(), set()
    for path in sorted(ROOT.rglob("*.py")):
        tree, name = ast.parse(path.read_text(encoding="utf-8")), str(path.relative_to(ROOT))
        imported = {
            one.name for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("sqlalchemy")
            for one in node.names
        }  # fmt: skip
        for call in calls(tree):
            called = call.func
            if isinstance(called, ast.Name) and called.id in imported & {"text", "literal_column"}:
                raw.add(name)
            if isinstance(called, ast.Attribute) and called.attr == "exec_driver_sql":
                raw.add(name)
            if isinstance(called, ast.Name) and called.id == "table" and "table" in imported:
                named.add(name)
            by_key = isinstance(called, ast.Attribute) and called.attr in {"get", "get_one"}
            if by_key and call.args and isinstance(call.args[0], ast.Name) and call.args[0].id in models:
                by_number.add(name)
    assert raw == set(RAW)
    assert named == set(NAMED_TABLES)
    assert by_number == set(BY_NUMBER)


# An EXISTS of its own is no statement of a model, so that it could not be kept inside a scope: these ask about no
# table of tenants, or inside `everybody`.
BARE = {"files/previews/queries.py", "outbox/queries.py", "sheets/reminding.py"}


def test_no_bare_exists_asks_about_tenants() -> None:
    bare = re.compile(r"select\(\s*(?:~|not_\()?exists\(\)")
    found = {str(path.relative_to(ROOT)) for path in ROOT.rglob("*.py") if bare.search(path.read_text("utf-8"))}
    assert found == BARE


def test_every_look_beyond_the_tenants_says_why() -> None:
    """`everybody` and a scope with a reason are given whole sentences in the place where they are used."""
    reasons: list[str] = []
    for path in sorted(ROOT.rglob("*.py")):
        if path.name == "scopes.py":
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
                continue
            if node.func.id == "everybody":
                assert node.args, path
                given = node.args[0]
                reasons.append(given.value if isinstance(given, ast.Constant) else "a reason named beside it")
            if node.func.id == "Scope":
                reasons += [one.value.value for one in node.keywords if one.arg == "reason"]  # type: ignore[attr-defined]
    assert len(reasons) > 5
    assert [one for one in reasons if len(one.split()) < 4] == []
