"""The commands of the chain."""

from importlib import import_module

import click
from sqlalchemy.exc import SQLAlchemyError

from paritrana.audit.queries import first_broken_link
from paritrana.config import BadSettings, load_settings
from paritrana.database import db, reading


@click.command("verify-audit")
def verify_audit() -> None:
    """Check the chain of this database. Exit 0 whole, 1 broken, 2 not readable."""
    create_app = import_module("paritrana.app").create_app  # by name: the application stands above every room
    try:
        with create_app(load_settings()).app_context(), reading():
            try:
                broken = first_broken_link()
            finally:
                db.session.remove()
                db.engine.dispose()
    except BadSettings as error:
        click.echo(str(error), err=True)
        raise SystemExit(2) from None
    except SQLAlchemyError as error:
        click.echo(f"The database cannot be read: {str(error).splitlines()[0]}", err=True)
        raise SystemExit(2) from None
    if broken is not None:
        click.echo(f"{broken.stream} {broken.seq}: {broken.sentence}")
        raise SystemExit(1)
    click.echo("The chain is whole.")
