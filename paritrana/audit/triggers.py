"""Triggers that let a table only grow, on both engines. They are a hurdle; the proof is the chain."""

from collections.abc import Iterable, Mapping
from typing import Final

from sqlalchemy import DDL, Table, event

REFUSE = (
    "CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
    "RAISE EXCEPTION USING MESSAGE = TG_TABLE_NAME || ' only grows', ERRCODE = 'integrity_constraint_violation'; "
    "END $$"
)

# The tables that only grow, with the condition under which an update is let through.
GUARDED: Final[dict[str, str | None]] = {}


def append_only(table_name: str, *, unless: str | None = None) -> dict[str, list[str]]:
    """The statements that make a table append-only, per dialect name, in the order to run them.

    A changed or deleted row raises an `IntegrityError`. `unless` is a condition over OLD and NEW, never null, under
    which an update is let through. The triggers are called `<table>_append_only_update` and `…_delete`; PostgreSQL
    has `…_truncate` as well.
    """
    update, delete = f"{table_name}_append_only_update", f"{table_name}_append_only_delete"
    when = "" if unless is None else f"WHEN (NOT ({unless})) "
    refuse = f"BEGIN SELECT RAISE(ABORT, '{table_name} only grows'); END"
    return {
        "sqlite": [
            f"CREATE TRIGGER {update} BEFORE UPDATE ON {table_name} FOR EACH ROW {when}{refuse}",
            f"CREATE TRIGGER {delete} BEFORE DELETE ON {table_name} FOR EACH ROW {refuse}",
        ],
        "postgresql": [
            REFUSE,
            f"CREATE TRIGGER {update} BEFORE UPDATE ON {table_name} "
            f"FOR EACH ROW {when}EXECUTE FUNCTION refuse_change()",
            f"CREATE TRIGGER {delete} BEFORE DELETE ON {table_name} FOR EACH ROW EXECUTE FUNCTION refuse_change()",
            f"CREATE TRIGGER {table_name}_append_only_truncate BEFORE TRUNCATE ON {table_name} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()",
        ],
    }


def attach(table: Table, *, unless: str | None = None) -> None:
    """Have `metadata.create_all` make the triggers together with `table`; a migration runs `append_only` itself."""
    GUARDED[table.name] = unless
    run_after_create(table, append_only(table.name, unless=unless))


def run_after_create(table: Table, statements: Mapping[str, Iterable[str]]) -> None:
    """Have `metadata.create_all` run the statements of its dialect, by dialect name, after it made `table`."""
    for dialect, each in statements.items():
        for statement in each:
            # SQLAlchemy gives `execute_if` no types.
            event.listen(table, "after_create", DDL(statement).execute_if(dialect=dialect))  # type: ignore[no-untyped-call]
