"""The command that writes the public pages into a folder."""

from collections.abc import Callable
from pathlib import Path

import click
from flask import Flask

from paritrana.config import BadSettings, Settings, load_settings
from paritrana.core.errors import ParitranaError
from paritrana.database import db
from paritrana.publication.static_site.writer import export


@click.command("export-site")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.pass_obj
def export_site(make_app: Callable[[Settings], Flask], folder: Path) -> None:
    """Write every public page of all published results, in both languages, into FOLDER.

    Any web server can serve it, and it needs no application. An earlier copy is replaced at once; a folder with other
    files is refused. Exit 0, 1 when it could not be made (the folder is as it was), 2 for wrong settings.
    """
    try:
        settings = load_settings()
    except BadSettings as refusal:
        click.echo(str(refusal), err=True)
        raise SystemExit(2) from None
    app = make_app(settings)
    with app.app_context():
        try:
            made = export(app, folder.resolve())
        except ParitranaError as refusal:
            click.echo(refusal.message % refusal.params, err=True)
            raise SystemExit(1) from None
        except OSError as fault:
            click.echo(f"The folder cannot be written: {fault.strerror}.", err=True)
            raise SystemExit(1) from None
        finally:
            db.session.remove()
            db.engine.dispose()
    click.echo(f"{folder}: {made.results} results, {made.pages} pages, {made.files} other files, {made.size} bytes.")
