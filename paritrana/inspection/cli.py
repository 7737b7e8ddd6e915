"""The commands of the record: checking it here, or checking an exported history without this application."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from flask import Flask

    from paritrana.config import Settings

File = click.Path(dir_okay=False, path_type=Path)


@click.command("verify-audit")
@click.argument("bundle", required=False, type=click.Path(path_type=Path))
@click.option("--checkpoint", "notes", multiple=True, type=File, help="A note that you kept; may be given again.")
@click.option("--keys", type=File, help="The published list of keys; else the one in the bundle.")
@click.option("--strict", is_flag=True, help="An adopted restore counts as tampering.")
@click.option("--proof", type=File, help="Check that one event stands in the history that its checkpoint signs.")
@click.pass_obj
def verify_audit(
    make_app: "Callable[[Settings], Flask]",
    bundle: Path | None,
    notes: tuple[Path, ...],
    keys: Path | None,
    strict: bool,
    proof: Path | None,
) -> None:
    """Check the record of events: of this database, or of an exported BUNDLE without this application.

    Exit 0 whole, 1 tampered with, 2 not readable.
    """
    if bundle is None and proof is None:
        raise SystemExit(_this_database(make_app, notes))
    words = [*(["--proof", str(proof)] if proof else []), *([str(bundle)] if bundle else [])]
    for note in notes:
        words += ["--checkpoint", str(note)]
    words += [*(["--keys", str(keys)] if keys else []), *(["--strict"] if strict else [])]
    raise SystemExit(_alone(words))


@click.command("compare-checkpoints")
@click.argument("one", type=File)
@click.argument("other", type=File)
@click.option("--bundle", type=click.Path(path_type=Path), help="The history, where the notes have different sizes.")
@click.option("--keys", type=File, help="The published list of keys; else the one in the bundle.")
def compare_checkpoints(one: Path, other: Path, bundle: Path | None, keys: Path | None) -> None:
    """Compare two checkpoints of one stream. Exit 0 the same history, 1 a fork, 2 not comparable."""
    words = ["--compare", str(one), str(other), *(["--bundle", str(bundle)] if bundle else [])]
    raise SystemExit(_alone([*words, *(["--keys", str(keys)] if keys else [])]))


@click.command("adopt-restore")
@click.option("--administrator", required=True, help="E-mail address of the administrator who asks.")
@click.option("--auditor", required=True, help="E-mail address of the auditor who confirms.")
@click.option("--reason", required=True, help="Why the database was restored.")
@click.pass_obj
def adopt_restore(
    make_app: "Callable[[Settings | None], Flask]", administrator: str, auditor: str, reason: str
) -> None:
    """Accept that a restored database lacks events that were signed: two people, each with the own password.

    Every record that does not continue its checkpoints gets an event that names what was lost, and is signed again.
    Exit 0 adopted, 1 nothing was lost or somebody is not allowed to, 2 not readable.
    """
    from paritrana.audit.checkpoints import Office
    from paritrana.core.errors import ParitranaError
    from paritrana.database import db, set_writing
    from paritrana.inspection import restoring
    from paritrana.scopes import everybody

    app = make_app(None)
    with app.app_context(), everybody("two people adopt a restore of the whole database"):
        set_writing(True)
        try:
            office = Office.of(app.extensions["settings"])
            for one in restoring.lost(office):
                last = max((int(note.split("\n")[1]) for note in one.notes), default=one.kept)
                click.echo(f"{one.stream}: whole up to {one.kept}, signed up to {last}")
            at = app.extensions["clock"].now()
            first, second = (
                restoring.who_signs_in(role, email, click.prompt(f"Password of {email}", hide_input=True), at=at)
                for role, email in (("administrator", administrator), ("auditor", auditor))
            )
            restoring.adopt_by(office, first, second, reason=reason, at=at)
            db.session.commit()
        except ParitranaError as refusal:
            db.session.rollback()
            click.echo(refusal.message % refusal.params, err=True)
            raise SystemExit(1) from None
        finally:
            db.session.remove()
            db.engine.dispose()
    click.echo("Adopted. What was lost stays named in the records.")


def _alone(words: list[str]) -> int:
    from paritrana.inspection.verify_audit import main

    return main(words)


def _this_database(make_app: "Callable[[Settings], Flask]", notes: tuple[Path, ...]) -> int:
    from sqlalchemy.exc import SQLAlchemyError

    from paritrana.audit import checkpoints
    from paritrana.audit.checkpoints import Diverged, NotKept, Office
    from paritrana.audit.queries import first_broken_link
    from paritrana.config import BadSettings, load_settings
    from paritrana.core.checkpoints import NotANote, read_note
    from paritrana.database import db, reading
    from paritrana.signing import KeyMissing

    try:
        given = [read_note(path.read_text(encoding="utf-8").replace("\r\n", "\n")) for path in notes]
        settings = load_settings()
        with make_app(settings).app_context(), reading():
            try:
                broken = first_broken_link()
                if broken is not None:
                    click.echo(f"{broken.stream} {broken.seq}: {broken.sentence}")
                    return 1
                office = Office.of(settings)
                for stream in sorted(office.streams() | checkpoints.signed_streams()):
                    checkpoints.compare(office, stream)
                for note in given:
                    stream = note.origin.partition("/")[2]
                    wrong = checkpoints.not_continued(checkpoints.leaves_of(stream), [note], office.public())
                    for _note, why in wrong:
                        raise Diverged(stream=stream, why=why)
            finally:
                db.session.remove()
                db.engine.dispose()
    except (BadSettings, NotANote, UnicodeDecodeError) as error:
        click.echo(str(error), err=True)
        return 2
    except OSError as error:
        click.echo(f"A file cannot be read: {error.strerror}.", err=True)
        return 2
    except SQLAlchemyError as error:
        click.echo(f"The database cannot be read: {str(error).splitlines()[0]}", err=True)
        return 2
    except Diverged as fault:
        click.echo(f"{fault.params['stream']}: {fault.params['why']}")
        return 1
    except (NotKept, KeyMissing) as fault:
        click.echo(fault.message % fault.params, err=True)
        return 2
    click.echo("The chain is whole.")
    return 0
