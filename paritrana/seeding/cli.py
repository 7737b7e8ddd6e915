"""The command that brings the project's own data into the database."""

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import click
from flask import Flask

from paritrana.audit import service as audit
from paritrana.certificates.templating import store_delivered
from paritrana.config import BadSettings, Settings, data_folder, load_settings
from paritrana.core.errors import ParitranaError
from paritrana.database import db, set_writing
from paritrana.operations.queries import holds_real_cycle
from paritrana.seeding import cycles
from paritrana.seeding.cast import SEEDING
from paritrana.seeding.certificates import read_templates
from paritrana.seeding.reference import load_reference, read_reference
from paritrana.seeding.rows import BadSeed, SeedError
from paritrana.seeding.simulated import Simulated, read_simulated

REAL_CYCLE = "This database holds a real cycle; the simulated cycles are not added to it."
NOT_DEMO = "The simulated cycles belong to a demonstration. Run: paritrana demo"


@click.command("seed")
@click.option("--demo", is_flag=True, help="Also the simulated cycles and the demo cast; demonstration mode only.")
@click.option(
    "--folder", type=click.Path(exists=True, file_okay=False, path_type=Path), help="Another folder of seed data."
)
@click.pass_obj
def seed(make_app: Callable[[Settings], Flask], demo: bool, folder: Path | None) -> None:
    """Load regions, rates, targets, published figures, winners, rubrics, templates and the historical cycle.

    A second run changes only what differs. Exit 0, 1 for mistakes in the files (nothing is stored then), 2 for wrong
    settings.
    """
    try:
        settings = load_settings()
    except BadSettings as refusal:
        click.echo(str(refusal), err=True)
        raise SystemExit(2) from None
    if demo and not settings.demo:
        click.echo(NOT_DEMO, err=True)
        raise SystemExit(2)
    if demo and holds_real_cycle(settings.database_url):
        click.echo(REAL_CYCLE, err=True)
        raise SystemExit(2)
    app = make_app(settings)
    with app.app_context():
        try:
            for line in load(folder or data_folder("seed"), app.extensions["clock"].now(), settings, demo=demo):
                click.echo(line)
        except BadSeed as refusal:
            for error in refusal.errors:
                click.echo(str(error), err=True)
            raise SystemExit(1) from None
        except ParitranaError as refusal:
            click.echo(refusal.message % refusal.params, err=True)
            raise SystemExit(1) from None
        finally:
            db.session.remove()
            db.engine.dispose()


def load(folder: Path, now: datetime, settings: Settings, *, demo: bool) -> list[str]:
    """Read all files, then store what is missing; returns what was done, a sentence each.

    Reference data, rubrics and the historical cycle are one transaction, the cast another, and each simulated cycle
    one of its own: whatever ends the command in between, the next run goes on from there. Raises `BadSeed` before
    anything is stored.
    """
    readers = (
        read_reference, cycles.read_rubrics, read_templates, cycles.read_historical,
        *((read_simulated,) if demo else ()),
    )  # fmt: skip
    _, rubrics, templates, (historical, bundle), *more = _read_all(folder, readers)
    simulated: Simulated | None = more[0] if more else None
    set_writing(True)
    done = []
    try:
        audit.lock_stream(audit.SYSTEM)
        report = load_reference(folder, session=db.session())
        if report.changes:
            changed = {
                file.removesuffix(".csv"): stored.changes for file, stored in report.files.items() if stored.changes
            }
            audit.record(audit.SYSTEM, "reference.loaded", SEEDING, at=now, object_ref="seed", rows=changed)
        done.append(f"Reference data: {report.changes} rows added or changed.")
        done.append(f"Rubrics: {cycles.store_rubrics(rubrics, at=now)} added.")
        done.append(f"Templates of certificates: {store_delivered(templates, actor=SEEDING, at=now)} added or changed.")
        added = cycles.add_historical(historical, bundle, at=now)
        done.append(f"Historical cycle {historical['code']}: {'added' if added else 'already there'}.")
        db.session.commit()
        if simulated is not None:
            organisations = cycles.gather_organisations(simulated, at=now)
            cast = cycles.gather_people(simulated, organisations, settings, at=now)
            db.session.commit()
            for row in simulated.cycles:
                played = cycles.play_cycle(row["code"], simulated, cast, organisations, settings, now=now)
                db.session.commit()
                done.append(f"Simulated cycle {row['code']}: {'played' if played else 'already there'}.")
    except BaseException:
        db.session.rollback()
        raise
    return done


def _read_all(folder: Path, readers: Sequence[Callable[[Path], Any]]) -> list[Any]:
    """What every reader finds in the folder. Raises `BadSeed` with the mistakes of all of them together."""
    found: list[Any] = []
    errors: list[SeedError] = []
    for reader in readers:
        try:
            found.append(reader(folder))
        except BadSeed as refusal:
            errors.extend(refusal.errors)
    if errors:
        raise BadSeed(errors)
    return found
