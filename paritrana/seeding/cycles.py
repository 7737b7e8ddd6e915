"""Rubrics, the historical cycle and the simulated cycles: what `paritrana seed` makes beside the reference data.

Each part is whole or not there: a second run finds it and leaves it alone.
"""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from sqlalchemy import select

from paritrana.certificates.templating import store_delivered
from paritrana.config import Settings
from paritrana.core.lifecycle import State
from paritrana.core.policy import Actor
from paritrana.core.words import N_
from paritrana.cycles import service as cycles
from paritrana.cycles.models import Category, Cycle, RubricVersion
from paritrana.cycles.queries import find_rubric
from paritrana.database import db
from paritrana.publication.service import import_historical
from paritrana.reference.models import Organisation
from paritrana.reference.queries import find_organisation
from paritrana.reference.service import register_local_governments, register_organisation
from paritrana.seeding import judging, stages
from paritrana.seeding.cast import SEEDING, Cast, gather_cast
from paritrana.seeding.rows import BadSeed, SeedError
from paritrana.seeding.rubrics import read_rubric
from paritrana.seeding.simulated import Simulated

HISTORICAL: Final = "cycles/ntb-2024.json"

# The two persons who freeze what the project delivers stand for nobody: they have no account and judge nothing.
FIRST: Final = Actor(ref="seed-1", person_id=-1, name="seed-1")
SECOND: Final = Actor(ref="seed-2", person_id=-2, name="seed-2")


def read_rubrics(folder: Path) -> list[dict[str, Any]]:
    """Every rubric of the seed folder, checked. Raises `BadSeed` with what is wrong in all of them."""
    found: list[dict[str, Any]] = []
    errors: list[SeedError] = []
    for path in sorted((folder / "rubrics").glob("*.json")):
        try:
            found.append(read_rubric(path))
        except BadSeed as refusal:
            errors.extend(refusal.errors)
    if errors:
        raise BadSeed(errors)
    return found


def store_rubrics(rubrics: list[dict[str, Any]], *, at: datetime) -> int:
    """Store and freeze the rubrics that are not there yet; returns how many; the caller commits.

    Raises `RubricFrozen` where another content is stored under the same code and number.
    """
    made = 0
    for form in rubrics:
        there = find_rubric(form["code"], form["version"])
        stored = cycles.store_rubric(form, actor=SEEDING, at=at)
        if stored.frozen_at is None:
            cycles.freeze_rubric(stored, actor=FIRST, second=SECOND, at=at)
        made += there is None
    return made


def has_cycle(code: str) -> bool:
    """Whether a cycle with this code is there."""
    return db.session.scalar(select(Cycle.id).where(Cycle.code == code)) is not None


def read_historical(folder: Path) -> tuple[dict[str, Any], bytes]:
    """The description of the historical cycle and its open bundle, byte for byte. Raises `BadSeed`."""
    try:
        described: dict[str, Any] = json.loads((folder / HISTORICAL).read_text(encoding="utf-8"))
        return described, (folder / described["bundle"]).read_bytes()
    except (OSError, ValueError, KeyError) as fault:
        reason = N_("The file cannot be read as the description of a cycle.")
        raise BadSeed([SeedError(HISTORICAL, 0, reason)]) from fault


def add_historical(described: dict[str, Any], bundle: bytes, *, at: datetime) -> bool:
    """Add the historical cycle in state archived with its published result, unless it is there; the caller commits."""
    if has_cycle(described["code"]):
        return False
    rubric = _rubric(described["rubric"]["code"], described["rubric"]["version"])
    cycle = cycles.create_cycle(
        {
            **{name: described[name] for name in ("code", "kind", "title_id", "title_en", "assessment_year")},
            **{name: described[name] for name in ("edition_label", "tier", "timezone", "election_held")},
            **{name: described[name] for name in ("target_instrument", "target_year")},
            "region_code": described["region"],
            "rates_as_of": datetime(described["assessment_year"], 12, 31, tzinfo=UTC),
        },
        actor=SEEDING,
        at=at,
    )
    category = cycles.add_category(
        cycle,
        {
            **{name: described["category"][name] for name in ("slug", "kind", "title_id", "title_en")},
            "position": 1,
            "state": int(State.ARCHIVED),
            "rubric_version_id": rubric.id,
            "ranks": 1,
            "public_table": "all",
        },
        {1: ("Terbaik I", "First")},
        actor=SEEDING,
        at=at,
    )
    import_historical(
        category, bundle, described["source_key"], actor=SEEDING, at=at,
        note=(described["note_id"], described["note_en"]),
    )  # fmt: skip
    return True


def _rubric(code: str, version: int) -> RubricVersion:
    found = find_rubric(code, version)
    if found is None:
        raise BadSeed([SeedError(HISTORICAL, 0, N_("There is no rubric %(code)s."), {"code": code})])
    return found


def gather_organisations(data: Simulated, *, at: datetime) -> dict[str, Organisation]:
    """The organisations of the simulated cycles by region code or key, made where missing; the caller commits."""
    named = {row["organisation"] for row in (*data.nominations, *data.people) if row["organisation"]}
    codes = sorted(key for key in named if key[0].isdigit())
    found = dict(register_local_governments(codes, actor=SEEDING, at=at))
    for key, row in data.organisations.items():
        there = find_organisation(row["region_code"], row["kind"], row["name"])
        found[key] = there or register_organisation(
            row["name"], row["kind"], row["region_code"], size_class=row["size_class"], sector=row["sector"],
            parent=found.get(row["region_code"]) if row["kind"] == "village" else None, fictitious=True,
            actor=SEEDING, at=at,
        )  # fmt: skip
    return found


def gather_people(data: Simulated, organisations: dict[str, Organisation], settings: Settings, *, at: datetime) -> Cast:
    """The cast with its accounts and passwords; the caller commits."""
    return gather_cast(data.people, organisations, settings.instance_path, at=at)


def play_cycle(
    code: str,
    data: Simulated,
    cast: Cast,
    organisations: dict[str, Organisation],
    settings: Settings,
    *,
    now: datetime,
    announced: Callable[[stages.Play, Category], None] = judging.announce,
) -> bool:
    """Play a simulated cycle up to the state it reaches, unless it is there; the caller commits.

    `now` is the moment of seeding, from whose day the calendar is laid out; `announced` publishes a sealed result.
    """
    if has_cycle(code):
        return False
    row = next(row for row in data.cycles if row["code"] == code)
    play = stages.Play(row, data, cast, organisations, settings, now)
    stages.open_cycle(play)
    store_delivered(data.templates, actor=play.organiser, at=play.tick(), cycle=play.cycle)
    stages.nominate(play)
    if row["reaches"] == "open":
        return True
    stages.verify(play)
    stages.shortlist(play)
    judging.interview(play)
    judging.score(play)
    if row["reaches"] == "published":
        judging.publish(play, announced)
    return True
