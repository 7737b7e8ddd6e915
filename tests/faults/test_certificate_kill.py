"""A batch of certificates is killed with SIGKILL at every step it writes, and at random moments, and goes on each time.

In the end the register has every number once, every holder one certificate, every certificate its whole paper; at no
moment in between is there a row without its paper or a number without its row.
"""

import json
import os
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from paritrana.certificates import batches
from paritrana.certificates.models import Certificate, CertificatePaper
from paritrana.clock import SystemClock
from paritrana.core.certificates import Kind
from paritrana.cycles.models import Category
from paritrana.database import db, set_writing
from paritrana.publication import service as publication
from paritrana.signing import signers
from paritrana.signing.signed_pdf import check
from tests.conftest import Workshop, release
from tests.factories_results import category_of, contest_now

ROOT = Path(__file__).parents[2]


class Office:
    """An installation with a published result and a batch that waits, and its worker, which dies."""

    def __init__(self, workshop: Workshop, engine_name: str, kinds: tuple[Kind, ...]) -> None:
        self.app = workshop.build(workshop.engine(engine_name).fresh("certificates"), workshop.folder / "certificates")
        with self.app.app_context():
            set_writing(True)
            now = SystemClock().now()
            here = contest_now(4, now - timedelta(days=1))
            category, organiser = category_of(here), here.actor("organiser-1")
            digest = publication.payload_of(category)["digest"]
            at = now - timedelta(hours=1)
            asked = publication.propose_publication(category, digest, actor=organiser, at=at)
            publication.confirm_publication(asked, asked.digest, actor=here.actor("chair"), at=at)
            db.session.commit()
            extensions = self.app.extensions
            batch = batches.order(
                here.cycle, [db.session.get_one(Category, category.id)], kinds, queue=extensions["queue"],
                kind=extensions["jobs"].find(batches.NAME), actor=organiser, at=now, machine_at=now,
            )  # fmt: skip
            self.batch = batch.ref
            db.session.commit()
        release(self.app)
        settings = self.app.extensions["settings"]
        kept = {name: value for name, value in os.environ.items() if not name.startswith("PARITRANA_")}
        self.environment = kept | {
            "PARITRANA_INSTANCE": str(settings.instance_path),
            "PARITRANA_DATABASE_URL": settings.database_url,
            "PARITRANA_SECRET_KEY": settings.secret_key,
            "PARITRANA_BLOB_PATH": str(settings.blob_path),
            "PARITRANA_BASE_URL": settings.base_url,
            "PARITRANA_SECOND_FACTOR": "off",
        }

    def run(self, *command: str) -> "subprocess.CompletedProcess[str]":
        """Run a program of the installation to its end."""
        return subprocess.run(
            [sys.executable, "-m", *command], cwd=ROOT, env=self.environment, capture_output=True, text=True,
            check=False,
        )  # fmt: skip

    def broken_rules(self) -> list[str]:
        """What `paritrana check` finds in the whole house, without what the made-up world itself lacks."""
        found = self.run("paritrana", "check")
        assert found.returncode in {0, 1}, found.stderr
        about = ("look.", "chain.", "certificate", "publication.", "proposal.", "award.", "category.", "message.")
        return [line for line in found.stdout.splitlines() if line.startswith(about)]


@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    ("engine_name", "kinds", "how"),
    [
        pytest.param("sqlite", (Kind.WINNER,), "third", marks=pytest.mark.slow),
        pytest.param("sqlite", tuple(Kind), "7:1.5", marks=pytest.mark.slow),
        pytest.param("sqlite", (Kind.WINNER, Kind.FINALIST, Kind.THANKS), "each", marks=pytest.mark.slow),
        pytest.param("postgresql", (Kind.WINNER,), "each", marks=pytest.mark.slow),
        pytest.param("postgresql", tuple(Kind), "11:1.5", marks=pytest.mark.slow),
    ],
)
def test_a_batch_that_is_killed_again_and_again_leaves_no_gap_no_duplicate_and_no_half_file(
    engine_name, kinds, how, workshop, figures_of
):
    begun = time.perf_counter()
    office = Office(workshop, engine_name, kinds)
    worker = office.run("tests.faults.dying_worker", office.batch, how)
    assert worker.returncode == 0, worker.stderr
    told = json.loads(worker.stdout.splitlines()[-1])
    halves = [seen for seen in told["seen"] if len(set(seen)) != 1]
    with office.app.app_context():
        set_writing(False)
        made = db.session.scalars(select(Certificate).order_by(Certificate.register_no)).all()
        keys = signers.certificate_keys(office.app.extensions["settings"])
        papers = {one.certificate_id: one for one in db.session.scalars(select(CertificatePaper))}
        signed = [check(papers[one.id].content, keys).claim.code for one in made]
        places = [(one.kind, one.basis) for one in made]
        numbers, codes = [one.register_no for one in made], [one.code for one in made]
    release(office.app)
    broken = office.broken_rules()
    workshop.engine(engine_name).drop("certificates")
    figures_of(
        "certificate_kill", promises=["P28"], engine=engine_name, how=how.partition(":")[0] and how,
        deaths=told["deaths"], certificates=len(made), half=len(halves), broken_rules=len(broken),
        seconds=round(time.perf_counter() - begun, 1),
    )  # fmt: skip
    assert told["done"]
    assert halves == []
    assert numbers == list(range(1, len(made) + 1))
    assert len(set(places)) == len(places) == told["seen"][-1][3]
    assert signed == codes
    assert broken == []
    assert told["deaths"] >= {"each": 20, "third": 6}.get(how, 2)
