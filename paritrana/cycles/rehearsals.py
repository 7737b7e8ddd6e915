"""What keeps rehearsals apart in the database itself: triggers on both engines, beside the checks of the models.

A category of a rehearsal never goes beyond the plenary, nothing that follows a seal exists for it, and a cycle is a
rehearsal from its first row on or never.
"""

from typing import Final

REHEARSED: Final = (
    "EXISTS (SELECT 1 FROM category JOIN cycle ON cycle.id = category.cycle_id "
    "WHERE category.id = NEW.category_id AND cycle.rehearses_id IS NOT NULL)"
)
OF_REHEARSAL: Final = "EXISTS (SELECT 1 FROM cycle WHERE cycle.id = NEW.cycle_id AND cycle.rehearses_id IS NOT NULL)"
LAST_STATE: Final = 6  # the plenary

# The tables of what follows a seal.
RESULTS: Final = ("seal", "award", "publication", "certificate")

FUNCTIONS: Final = ("refuse_rehearsal", "refuse_rehearsed_state")


def _function(name: str, condition: str) -> str:
    return (
        f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        f"IF {condition} THEN RAISE EXCEPTION USING MESSAGE = 'a rehearsal has no result', "
        "ERRCODE = 'integrity_constraint_violation'; END IF; RETURN NEW; END $$"
    )


def without_rehearsals(table: str) -> dict[str, list[str]]:
    """The statements that keep rows of rehearsals out of a table with a `category_id`, per dialect name."""
    return {
        "sqlite": [
            f"CREATE TRIGGER {table}_no_rehearsal_{change} BEFORE {change.upper()} ON {table} FOR EACH ROW "
            f"WHEN {REHEARSED} BEGIN SELECT RAISE(ABORT, 'a rehearsal has no result'); END"
            for change in ("insert", "update")
        ],
        "postgresql": [
            _function("refuse_rehearsal", REHEARSED),
            *(
                f"CREATE TRIGGER {table}_no_rehearsal_{change} BEFORE {change.upper()} ON {table} "
                "FOR EACH ROW EXECUTE FUNCTION refuse_rehearsal()"
                for change in ("insert", "update")
            ),
        ],
    }


def without_late_states() -> dict[str, list[str]]:
    """The statements that hold a category of a rehearsal before the seal, per dialect name."""
    late = f"NEW.state > {LAST_STATE}"
    return {
        "sqlite": [
            f"CREATE TRIGGER category_no_rehearsal_{change} BEFORE {change.upper()} ON category FOR EACH ROW "
            f"WHEN {late} AND {OF_REHEARSAL} BEGIN SELECT RAISE(ABORT, 'a rehearsal has no result'); END"
            for change in ("insert", "update")
        ],
        "postgresql": [
            _function("refuse_rehearsed_state", OF_REHEARSAL),
            *(
                f"CREATE TRIGGER category_no_rehearsal_{change} BEFORE {change.upper()} ON category "
                f"FOR EACH ROW WHEN ({late}) EXECUTE FUNCTION refuse_rehearsed_state()"
                for change in ("insert", "update")
            ),
        ],
    }


def for_good() -> dict[str, list[str]]:
    """The statements that let no cycle become a rehearsal, or cease to be one, per dialect name."""
    name = "cycle_rehearsal_for_good"
    return {
        "sqlite": [
            f"CREATE TRIGGER {name} BEFORE UPDATE ON cycle FOR EACH ROW "
            "WHEN NEW.rehearses_id IS NOT OLD.rehearses_id "
            "BEGIN SELECT RAISE(ABORT, 'a rehearsal stays one'); END"
        ],
        "postgresql": [
            f"CREATE TRIGGER {name} BEFORE UPDATE ON cycle FOR EACH ROW "
            "WHEN (NEW.rehearses_id IS DISTINCT FROM OLD.rehearses_id) EXECUTE FUNCTION refuse_change()"
        ],
    }
