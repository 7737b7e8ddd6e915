"""A world with two villages and their heads, whose lists by name go through a queue of the test."""

from collections.abc import Iterator
from pathlib import Path

from flask import Flask

from paritrana.database import db, random_ref
from paritrana.jobs.queue import Queue
from paritrana.reference.models import Organisation
from tests.factories import World, grant, person, world


def with_villages(app: Flask, folder: Path, *, categories: tuple[str, ...], kind: str = "simulated") -> Iterator[World]:
    """Gives the world once; afterwards the application has its own queue again."""
    before = app.extensions["queue"]
    app.extensions["queue"] = Queue(f"sqlite:///{folder / 'queue.db'}")
    here = world(categories=categories, kind=kind)
    for no in (1, 2):
        village = Organisation(
            ref=random_ref("O"), name=f"Desa Contoh {no}", kind="village", region_code="99.01",
            fictitious=kind != "real",
        )  # fmt: skip
        db.session.add(village)
        db.session.flush()
        here.organisations[f"village-{no}"] = village
        here.accounts[f"head-{no}"] = person(f"head-{no}")
        grant(here.accounts[f"head-{no}"], "nominee", organisation=village)
    db.session.commit()
    yield here
    app.extensions["queue"] = before
