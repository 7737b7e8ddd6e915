"""The commands of the chain."""

from collections.abc import Callable

import click
from flask import Flask
from sqlalchemy.exc import SQLAlchemyError

from paritrana.audit.queries import first_broken_link
from paritrana.config import BadSettings, Settings, load_settings
from paritrana.database import db, reading


@click.command("verify-audit")
@click.pass_obj
def verify_audit(make_app: Callable[[Settings], Flask]) -> None:
    """Check the chain of this database. Exit 0 whole, 1 broken, 2 not readable."""
    try:
        with make_app(load_settings()).app_context(), reading():
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
