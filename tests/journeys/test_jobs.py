"""The list of jobs looks again by itself, leaves in place what a person points at, and says when it is not current."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from playwright.sync_api import expect

from paritrana.database import db, set_writing
from paritrana.jobs import service
from paritrana.jobs.kinds import SYSTEM, Said
from paritrana.jobs.service import Claim
from tests import factories
from tests.journeys.conftest import Site
from tests.journeys.walker import Walker

LEASE = timedelta(minutes=5)


class Machine:
    """What happens to jobs while somebody looks at them."""

    def __init__(self, site: Site) -> None:
        self.site, self.at = site, site.app.extensions["clock"].now()

    def ask(self) -> str:
        """A job that waits."""
        return self._do(
            lambda: service.enqueue(
                self.site.app.extensions["queue"],
                self.site.app.extensions["jobs"].find("check_files"),
                actor=SYSTEM,
                at=self.at,
            )
        )

    def begin(self, ref: str) -> Claim:
        """A worker begins it."""
        return self._do(lambda: service.claim(ref, "elsewhere", at=self.at, lease=LEASE))

    def tell(self, claim: Claim, done: int, total: int) -> None:
        """The worker tells how far it is."""
        with self.site.app.app_context(), db.engine.begin() as connection:
            service.note_progress(connection, claim.lease, done=done, total=total, until=self.at + LEASE)

    def finish(self, claim: Claim) -> None:
        """The worker ends it."""
        said = Said("Files read again: %(count)s. Each has the hash of its receipt.", {"count": 1200})
        self._do(lambda: service.finish(claim.lease, at=self.at, done=1200, total=1200, result=said))

    def _do(self, act):
        with self.site.app.app_context():
            set_writing(True)
            found = act()
            db.session.commit()
            return found


@pytest.fixture
def machine(site: Site) -> Machine:
    with site.app.app_context():
        factories.world()
    return Machine(site)


def test_the_list_of_jobs_looks_again_by_itself(machine: Machine, walker: Callable[..., Walker]) -> None:
    ref = machine.ask()
    claim = machine.begin(ref)
    machine.tell(claim, 300, 1200)
    page = walker("administrator").go("/system/jobs").look("system-jobs").page
    row, line = page.locator(f"[data-job='{ref}']"), page.locator("[data-jobs-line]")
    expect(row).to_contain_text("300 dari 1.200")

    row.get_by_role("button").focus()  # whoever is about to press keeps the button, and sees the progress all the same
    machine.tell(claim, 900, 1200)
    expect(row).to_contain_text("900 dari 1.200")
    expect(row.get_by_role("button")).to_be_focused()

    machine.finish(claim)
    expect(line).to_contain_text("Daftar sudah berubah")
    expect(row.get_by_role("button")).to_be_focused()

    page.locator("h1").click()
    expect(row).to_contain_text("Selesai")
    expect(row.get_by_role("button")).to_have_count(0)
    expect(line).to_contain_text("Keadaan pukul")


def test_the_list_says_when_it_is_cut_off(machine: Machine, walker: Callable[..., Walker]) -> None:
    machine.begin(machine.ask())
    page = walker("administrator").go("/system/jobs").page
    page.context.set_offline(True)
    expect(page.locator("[data-jobs-line]")).to_contain_text("Tidak tersambung")
    page.context.set_offline(False)
    expect(page.locator("[data-jobs-line]")).to_contain_text("Keadaan pukul")


def test_the_pages_of_the_system_work_without_scripts(machine: Machine, walker: Callable[..., Walker]) -> None:
    machine.ask()
    admin = walker("administrator", java_script_enabled=False, width="phone")
    admin.go("/system/jobs")
    admin.page.get_by_role("button", name="Batalkan").click()
    expect(admin.page.locator("main")).to_contain_text("Dibatalkan")
    expect(admin.page.get_by_role("link", name="Muat ulang")).to_be_visible()
    admin.go("/system")
    expect(admin.page.locator("h1")).to_have_text("Sistem")
