"""What the rules of score sheets name when rows were changed past the services."""

from pathlib import Path

import pytest

from paritrana.core.lifecycle import State
from paritrana.database import db
from paritrana.sheets import invariants
from paritrana.sheets.late import invariants as late
from paritrana.sheets.late.submissions import keep_submission
from paritrana.sheets.models import Sheet
from paritrana.sheets.paper import invariants as paper
from paritrana.sheets.paper.models import PaperEntry, PaperLeaf
from paritrana.sheets.service import content_of
from tests.factories_results import contest
from tests.operations.tampering import House

pytestmark = pytest.mark.parametrize("engine_name", ["sqlite"], indirect=True)


@pytest.fixture
def here(app, db_session):
    return contest(1, state=State.SCORING)


@pytest.fixture
def tamper(app, here):
    """Runs statements past the guards of the database, each of which changes something."""
    settings = app.extensions["settings"]
    house = House(Path(settings.database_url.removeprefix("sqlite:///")), settings.blob_path)

    def run(*statements):
        db.session.commit()
        db.engine.dispose()
        house.run(*statements)

    return run


def found(room, *rules):
    """Which of these rules the checks of a room name, and where."""
    db.session.rollback()
    return [(one.rule, one.where) for check in room.CHECKS for one in check.look() if one.rule in rules]


def submissions(here, *names):
    """The sheets of these assessors, each kept as it was submitted."""
    sheets = []
    for name in names:
        sheet = db.session.query(Sheet).filter_by(assessor_id=here.accounts[name].id).one()
        keep_submission(sheet, content_of(sheet), actor=here.actor(name), at=here.now)
        sheets.append(sheet)
    db.session.commit()
    return sheets


def test_every_version_of_a_sheet_has_its_digest_and_the_last_one_is_the_sheet(here, tamper):
    first, second = submissions(here, "assessor-3", "assessor-4")
    rules = "submission.digest", "submission.last"
    changed, lost = ("submission.digest", f"{first.ref} 1"), ("submission.last", second.ref)
    kept = {("submission.last", one.ref) for one in (first, second)}
    others = {("submission.last", one.ref) for one in db.session.query(Sheet)} - kept  # of these no version is kept
    assert set(found(late, *rules)) == others
    tamper(f"UPDATE sheet_submission SET content = '{{}}' WHERE sheet_id = {first.id}")
    assert set(found(late, *rules)) == others | {changed}
    tamper(f"UPDATE sheet_submission SET sheet_id = -1 WHERE sheet_id = {second.id}")
    assert set(found(late, *rules)) == others | {changed, lost}


def test_the_digest_of_a_sheet_is_compared_while_its_candidate_is_there(here, tamper):
    sheets = submissions(here, "assessor-3")
    wrong = {("sheet.digest", one.ref) for one in db.session.query(Sheet)} - {("sheet.digest", sheets[0].ref)}
    assert set(found(invariants, "sheet.digest")) == wrong  # whose digests were made up
    tamper("UPDATE mark SET feedback = 'x'")
    assert set(found(invariants, "sheet.digest")) == wrong | {("sheet.digest", sheets[0].ref)}
    tamper("UPDATE sheet SET nomination_id = -1")
    assert found(invariants, "sheet.digest") == []


def test_two_entries_from_paper_are_of_two_people_and_both_are_there(here, tamper):
    sheet = db.session.query(Sheet).filter_by(assessor_id=here.accounts["assessor-3"].id).one()
    db.session.add_all(
        PaperEntry(sheet=sheet, no=no, leaves=[], signed=False, entered_by=here.accounts[name].id,
                   person_id=here.accounts[name].person_id, entered_at=here.now)
        for no, name in enumerate(("organiser-1", "organiser-2"), start=1)
    )  # fmt: skip
    db.session.add(PaperLeaf(ref="H-0000-0000", sheet=sheet, indicator="A1", cause="entries", at=here.now))
    db.session.commit()
    ref, rule = sheet.ref, "paper_entry.two_people"
    assert found(paper, rule) == []
    tamper("UPDATE paper_entry SET person_id = -1 WHERE no = 1")
    assert found(paper, rule) == [(rule, ref)]
    tamper("DELETE FROM paper_entry WHERE no = 2")
    assert found(paper, rule) == [(rule, ref), (rule, "H-0000-0000")]
