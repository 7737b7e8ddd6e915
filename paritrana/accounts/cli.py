"""Commands about accounts."""

from collections.abc import Callable

import click
from flask import Flask, current_app

from paritrana.accounts import factors, queries, security, service
from paritrana.accounts.passwords import Profile
from paritrana.audit import service as audit
from paritrana.config import BadSettings, Settings, load_settings
from paritrana.core.errors import NotFound, ParitranaError
from paritrana.core.policy import Actor
from paritrana.database import db, set_writing
from paritrana.web.access import now

CONSOLE = Actor(ref="console", name="console")  # whoever may start commands on the host
MakeApp = Callable[[Settings], Flask]
_password = click.option(
    "--password", prompt=True, hide_input=True, confirmation_prompt=True, help="Asked for when it is not given."
)


@click.command("create-admin")
@click.option("--email", prompt="E-mail address")
@click.option("--name", prompt="Name")
@_password
@click.pass_obj
def create_admin(make_app: MakeApp, email: str, name: str, password: str) -> None:
    """Create an administrator: accounts and machine, never a mark. Exit 1 when it is refused."""

    def create() -> str:
        person = service.create_person()
        account = service.create_account(
            email=email, name=name, password=password, person=person, actor=CONSOLE, at=now(), profile=_profile()
        )
        service.grant_role(account, "administrator", actor=CONSOLE, at=now())
        return f"The administrator {account.ref} can sign in now."

    _run(make_app, create)


@click.command("set-password")
@click.option("--email", prompt="E-mail address")
@_password
@click.pass_obj
def set_password(make_app: MakeApp, email: str, password: str) -> None:
    """Set a new password, end all sessions of the account and lift its lock. Exit 1 when it is refused."""

    def change() -> str:
        audit.lock_stream(audit.SYSTEM)
        account = queries.find_account(email)
        if account is None:
            raise NotFound(email)
        service.set_password(account, password, actor=CONSOLE, at=now(), profile=_profile())
        security.unlock(email)
        return f"The password of {account.ref} is set, its sessions have ended."

    _run(make_app, change)


@click.command("clear-second-factors")
@click.option("--email", prompt="E-mail address")
@click.confirmation_option(prompt="Did you make sure, on another way, that it is this person who asks?")
@click.pass_obj
def clear_second_factors(make_app: MakeApp, email: str) -> None:
    """Remove all second factors and recovery codes of an account, where no two officers can. Exit 1 when refused."""

    def clear() -> str:
        account = queries.find_account(email)
        if account is None:
            raise NotFound(email)
        count = factors.clear(account, actor=CONSOLE, at=now())
        return f"{account.ref} has no second factor any more (there were {count}), and its sessions have ended."

    _run(make_app, clear)


def _profile() -> Profile:
    """The rules for passwords that the installation asks for on its pages, too."""
    settings: Settings = current_app.extensions["settings"]
    return settings.password_profile


def _run(make_app: MakeApp, change: Callable[[], str]) -> None:
    """Do `change` in one transaction of the application, and say what came of it."""
    try:
        app = make_app(load_settings())
    except BadSettings as refusal:
        raise click.ClickException(str(refusal)) from None
    with app.app_context():
        set_writing(True)
        try:
            words = change()
            db.session.commit()
        except NotFound:
            raise click.ClickException("There is no account with this e-mail address.") from None
        except ParitranaError as refusal:
            raise click.ClickException(refusal.message % refusal.params) from None
        finally:
            db.session.remove()
            db.engine.dispose()
        click.echo(words)
