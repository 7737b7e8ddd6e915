"""An application that mails to a letterbox, the people of a small world, and a browser for each of them."""

import re
import secrets
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from paritrana.audit.models import Event
from paritrana.clock import SetClock
from paritrana.database import db, set_writing
from paritrana.jobs.kinds import SYSTEM, Run
from tests.accounts.conftest import Browser
from tests.factories import NOW, World, world
from tests.factories import PASSWORD as WORLDS_PASSWORD
from tests.outbox.letterbox import Letterbox, letterbox

NEW_PASSWORD = "gajah biru minum teh di gunung"
KEY = re.compile(r'name="idempotency_key" value="([^"]+)"')


class House:
    """One installation with its mail, its people and its clock."""

    def __init__(self, app: Flask, box: Letterbox, clock: SetClock) -> None:
        self.app, self.box, self.clock = app, box, clock
        with app.app_context():
            set_writing(True)
            self.world: World = world(now=NOW)
            db.session.remove()

    def browser(self, name: str = "") -> Browser:
        """A browser in which a person of the world is signed in; nobody without a name."""
        made = Browser(self.app)
        if name:
            assert made.sign_in(f"{name}@contoh.test", WORLDS_PASSWORD).status_code == 303
        return made

    def send(self, browser: Browser, address: str, fields: dict[str, Any] | None = None, *, page: str = "") -> Any:
        """Send a form with the token and the key that its page shows."""
        shown = browser.get(page or address).get_data(as_text=True)
        key = KEY.search(shown)
        return browser.post(
            address,
            {"idempotency_key": key[1] if key else secrets.token_urlsafe(16), **(fields or {})},
            page=page or address,
        )

    def work(self) -> None:
        """One turn of the jobs of people and of the mail."""
        for name in ("look_after_people", "send_mail"):
            with self.app.app_context():
                set_writing(True)
                kind = self.app.extensions["jobs"].find(name)
                run = Run("J-1", name, {}, SYSTEM, self.app.extensions["settings"], self.clock.now)
                kind.function(run, lambda done, total=None: None)
                db.session.remove()

    def letters_to(self, address: str) -> list[str]:
        """The plain texts of the letters to an address, oldest first."""
        found = []
        for to, letter in self.box.letters:
            body = letter.get_body(("plain",))
            if address in to and body is not None:
                found.append(body.get_content())
        return found

    def link_to(self, address: str) -> str:
        """The path of the link in the last letter to an address."""
        found = re.search(r"http://localhost(/\S+)", self.letters_to(address)[-1])
        assert found is not None
        return found[1]

    def later(self, **parts: float) -> None:
        """Let time pass."""
        self.clock.set(self.clock.now() + timedelta(**parts))

    def events(self, *kinds: str) -> list[str]:
        """The kinds of these events that were recorded, in their order."""
        with self.app.app_context():
            wanted = select(Event.kind).where(Event.stream == "system", Event.kind.in_(kinds)).order_by(Event.seq)
            found = list(db.session.scalars(wanted))
            db.session.remove()
        return found

    def read(self, statement: Any) -> list[Any]:
        """The first values of a statement."""
        with self.app.app_context():
            found = list(db.session.scalars(statement))
            db.session.remove()
        return found


@pytest.fixture
def engine_name() -> str:
    """Pages ask of both engines what services ask: one engine is enough here."""
    return "sqlite"


@pytest.fixture
def house(make_app: Callable[..., Flask]) -> Iterator[House]:
    """The installation."""
    with letterbox() as (box, port):
        app = make_app(
            mail_server="127.0.0.1", mail_port=port, mail_security="none", mail_from="kantor@contoh.test",
            base_url="http://localhost",
        )  # fmt: skip
        clock = SetClock(NOW)
        app.extensions["clock"] = clock
        yield House(app, box, clock)
