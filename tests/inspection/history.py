"""A short history that was played through the services: a simulated cycle of two candidates, up to its publication."""

from dataclasses import replace
from datetime import datetime

from paritrana.audit import checkpoints
from paritrana.audit.checkpoints import Office
from paritrana.config import Settings, data_folder
from paritrana.database import db
from paritrana.seeding import cycles
from paritrana.seeding.cast import Cast
from paritrana.seeding.reference import load_reference
from paritrana.seeding.simulated import read_simulated

SEED = data_folder("seed")
CYCLE = "simulasi-kaltim"
STREAMS = (f"{CYCLE}/intake", f"{CYCLE}/judging")
CANDIDATES = frozenset({"kaltim-64.01", "kaltim-64.08"})


def play(settings: Settings, now: datetime) -> Cast:
    """Fill an empty, migrated database with a cycle of two candidates that is published; `now` is the moment."""
    load_reference(SEED, session=db.session())
    cycles.store_rubrics(cycles.read_rubrics(SEED), at=now)
    read = read_simulated(SEED)
    data = replace(read, nominations=[row for row in read.nominations if row["key"] in CANDIDATES])
    organisations = cycles.gather_organisations(data, at=now)
    cast = cycles.gather_people(data, organisations, settings, at=now)
    db.session.commit()
    cycles.play_cycle(CYCLE, data, cast, organisations, settings, now=now)
    db.session.commit()
    return cast


def sign_all(office: Office, at: datetime) -> list[str]:
    """Sign whatever is due; gives the notes, as a witness gets them."""
    notes = []
    for stream, sizes in checkpoints.due(at).items():
        notes += [one.note for one in checkpoints.sign(office, stream, sizes, at=at)]
    db.session.commit()
    return notes
