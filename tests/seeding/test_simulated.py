"""The files of `seed/simulated/`, and what the people in them have done when the demonstration starts."""

import csv
import json
import shutil
import stat
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from flask import Flask
from flask_security import verify_password
from sqlalchemy import func, select

from paritrana.accounts.cast import FILE, read_cast
from paritrana.accounts.models import Account, RoleGrant
from paritrana.accounts.queries import load_actor
from paritrana.audit.queries import first_broken_link
from paritrana.certificates.models import Certificate, CertificatePaper
from paritrana.clock import SetClock
from paritrana.config import data_folder
from paritrana.core.bundle import compare, parse
from paritrana.core.evidence import payments
from paritrana.core.lifecycle import State
from paritrana.core.policy import Act
from paritrana.cycles.queries import cycles, get_category, state_now
from paritrana.database import Base, db
from paritrana.nominations.models import Nomination
from paritrana.nominations.queries import evidence_of, nominations_of
from paritrana.nominations.service import what_blocks
from paritrana.operations.invariants import broken_rules
from paritrana.panels.queries import head, seats_in
from paritrana.publication.models import Publication
from paritrana.reference.models import Organisation
from paritrana.seeding.cli import load
from paritrana.seeding.rows import BadSeed
from paritrana.seeding.simulated import read_simulated
from paritrana.sheets.models import Mark, Sheet
from paritrana.verification.models import ChangeRequest, Finding
from paritrana.verification.villages import compared
from paritrana.web.access import visible
from tests.conftest import ENGINES, Workshop, release

SEED = data_folder("seed")
NOW = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)
SIMULATED = {"simulasi-jatim": State.OPEN, "simulasi-bali": State.SCORING, "simulasi-kaltim": State.PUBLISHED}


pytestmark = pytest.mark.slow  # it fills a whole demonstration; `make test` starts one in tests/operations/test_demo.py


@pytest.fixture(scope="module", params=ENGINES)
def engine_name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def demonstration(workshop: Workshop, engine_name: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """A whole demonstration, seeded once per engine; no test changes it."""
    engine = workshop.engine(engine_name)
    app = workshop.build(engine.fresh("demonstration"), tmp_path_factory.mktemp("demonstration"), demo=True)
    app.extensions["clock"] = SetClock(NOW)
    with app.app_context():
        load(SEED, NOW, app.extensions["settings"], demo=True)
    yield app
    release(app)
    engine.drop("demonstration")


@pytest.fixture
def seeded(demonstration: Flask) -> Iterator[Flask]:
    with demonstration.app_context():
        yield demonstration
        db.session.rollback()


def instance(app: Flask) -> Path:
    return Path(app.extensions["settings"].instance_path)


def published_bundle(code: str) -> dict:
    publication = db.session.scalars(
        select(Publication).where(Publication.category_id == get_category(code, "kabkota").id)
    ).one()
    assert compare(parse(publication.bundle)) == []
    return json.loads(publication.bundle)


def test_three_cycles_stand_where_a_visitor_wants_them(seeded):
    found = {cycle.code: state_now(cycle.categories[0], NOW) for cycle in cycles() if cycle.kind == "simulated"}
    assert found == SIMULATED
    assert all(cycle.offset_seconds == 0 for cycle in cycles())
    assert all("Simula" in cycle.title_id for cycle in cycles() if cycle.kind == "simulated")


def test_the_chain_of_events_is_whole(seeded):
    assert first_broken_link() is None


def test_every_panel_has_nine_members_with_chair_and_deputy(seeded):
    for cycle in cycles():
        for category in cycle.categories if cycle.kind == "simulated" else ():
            assert len(seats_in(category)) == 9
            assert head(category).chair is not None
            assert head(category).deputy is not None


def test_eight_regencies_and_cities_stand_in_every_cycle(seeded):
    for code in ("simulasi-bali", "simulasi-kaltim"):
        assert len(nominations_of(get_category(code, "kabkota"))) == 8
    regencies = {one.organisation.region_code for one in nominations_of(get_category("simulasi-jatim", "kabkota"))}
    waiting = {grant.organisation_id for grant in grants_of_cast("pengusul")}
    assert len(regencies) + len(waiting) == 8


def grants_of_cast(prefix: str) -> list[RoleGrant]:
    mine = (
        select(RoleGrant)
        .join(RoleGrant.account)
        .where(Account.email.startswith(f"{prefix}-"), Account.password.is_not(None))
    )
    return list(db.session.scalars(mine))


def test_in_the_open_cycle_one_is_sent_and_the_cast_has_not_begun(seeded):
    there = nominations_of(get_category("simulasi-jatim", "kabkota"))
    assert Counter(one.state for one in there) == {"submitted": 1, "draft": 5}
    own = {grant.organisation_id for grant in grants_of_cast("pengusul")}
    assert not own & {one.organisation_id for one in there}


def test_the_employer_is_nearly_ready_to_send(seeded):
    (nomination,) = nominations_of(get_category("simulasi-jatim", "badan-usaha"))
    assert nomination.state == "draft"
    assert 1 <= len(what_blocks(nomination)) <= 3


def test_the_employers_fill_in_their_twelve_months_and_the_totals_agree(seeded):
    for slug, late in (("badan-usaha", 0), ("umk", 1)):
        (nomination,) = nominations_of(get_category("simulasi-jatim", slug))
        fields = evidence_of(nomination)["compliance"].data["fields"]
        assert payments.totals(fields) == payments.Totals(12 - late, late, 0, 0)
        assert [one.code for one in payments.checks(fields)] == ["months_agree"]


def test_a_village_that_sent_its_own_nomination_stands_in_the_roll_up_of_its_regency(seeded):
    (village,) = nominations_of(get_category("simulasi-jatim", "desa"))
    assert (village.state, what_blocks(village)) == ("submitted", [])
    regency = next(
        one
        for one in nominations_of(get_category("simulasi-jatim", "kabkota"))
        if one.organisation.region_code == village.organisation.region_code
    )
    organiser = load_actor(
        db.session.scalars(select(Account).where(Account.email == "panitia-1@demo.test")).one().id, fresh=True
    )
    data = evidence_of(regency)["village_allocation"].data
    assert compared(regency, data, visible(organiser, Act.SEE_NOMINATION, Nomination), organiser).claims == 0
    # Nominations are open: nobody else reads what was sent. This is what the roll-up says once they are closed.
    found = compared(regency, data, select(Nomination), organiser)
    by_name = {one.name: one for one in found.roll_up.villages}
    own = by_name["Desa Simulasi Sumberasri"]
    assert (own.people, own.claim.sent, own.difference) == (100, 84, 16)
    assert by_name["Desa Simulasi Tirtajaya"].line is None  # the register has it, the regency's list has not
    assert found.claims == found.differing == 1


def test_fictitious_employers_and_villages_are_known(seeded):
    invented = db.session.scalars(select(Organisation).where(Organisation.fictitious)).all()
    assert Counter(one.kind for one in invented) == {"enterprise": 2, "village": 2, "small_micro": 1}
    assert all("Simulasi" in one.name for one in invented)


def test_one_sheet_is_open_and_partly_marked(seeded):
    sheets = db.session.scalars(select(Sheet).where(Sheet.submitted_at.is_(None))).all()
    (sheet,) = sheets
    assert sheet.category_id == get_category("simulasi-bali", "kabkota").id
    assert 0 < sum(mark.value is not None for mark in sheet.marks) < 7
    assert sheet.assessor.email == "asesor-9@demo.test"


def test_the_panel_shows_abstention_recusal_and_cap(seeded):
    assert db.session.scalar(select(func.count()).select_from(Mark).where(Mark.reason == "abstained")) >= 1
    bundle = published_bundle("simulasi-kaltim")
    assert any(cap["value"] == "8" for cap in bundle["caps"])
    per_candidate = Counter(mark["candidate"] for mark in bundle["marks"])
    assert per_candidate["64.72"] < max(per_candidate.values())  # one assessor's office lies in that city


def test_the_published_ranking_has_a_tie_that_the_chain_breaks_and_a_candidate_outside_it(seeded):
    rows = published_bundle("simulasi-kaltim")["result"]
    assert any(row["tie_broken_by"] == "source:computed" for row in rows)
    assert Counter(row["state"] for row in rows)["ineligible"] == 1
    assert len(rows) == 7


def test_a_difference_nobody_explained_was_found(seeded):
    found = db.session.scalars(select(Finding).where(Finding.verdict == "differs", Finding.figure.endswith("amount")))
    assert [int(one.claimed) - int(one.found) for one in found] == [37_500_000]


def test_change_requests_were_asked_and_answered(seeded):
    assert {one.state for one in db.session.scalars(select(ChangeRequest))} == {"answered"}


def test_everybody_in_the_published_cycle_has_a_certificate_or_a_letter(seeded):
    certificates = db.session.scalars(select(Certificate).order_by(Certificate.register_no)).all()
    assert [one.rank for one in certificates if one.kind == "winner"] == [1, 2, 3, 4, 5]
    assert Counter(one.kind for one in certificates) == {"winner": 5, "finalist": 1, "thanks": 9, "minutes": 1}
    assert {one.status for one in certificates} == {"valid"}
    assert db.session.query(CertificatePaper).count() == len(certificates)


def test_only_the_cast_can_sign_in(seeded):
    cast = {one["email"]: one["password"] for one in read_cast(instance(seeded))}
    able = db.session.scalars(select(Account).where(Account.password.is_not(None))).all()
    assert {one.email for one in able} == set(cast)
    assert all(len(password) >= 15 for password in cast.values())
    assert len(set(cast.values())) == len(cast) == 18
    assert verify_password(
        cast["ketua@demo.test"], next(one.password for one in able if one.email == "ketua@demo.test")
    )
    assert all(one.person.fictitious for one in db.session.scalars(select(Account)))


def test_the_passwords_are_for_the_owner_of_the_folder_alone(seeded):
    assert stat.S_IMODE((instance(seeded) / FILE).stat().st_mode) == 0o600


def test_a_second_run_changes_nothing(seeded):
    def everything() -> dict[str, int]:
        tables = Base.metadata.sorted_tables
        return {table.name: db.session.scalar(select(func.count()).select_from(table)) or 0 for table in tables}

    before, cast = everything(), (instance(seeded) / FILE).read_bytes()
    load(SEED, NOW, seeded.extensions["settings"], demo=True)
    assert everything() == before
    assert (instance(seeded) / FILE).read_bytes() == cast


def test_every_rule_of_the_house_holds_in_the_demonstration(seeded):
    assert list(broken_rules(seeded.extensions["settings"], at=NOW)) == []


def test_every_page_of_a_nomination_names_documents_that_are_there(seeded):
    sent = db.session.scalars(select(Nomination).where(Nomination.revision_no > 0)).all()
    for nomination in sent:
        revision = nomination.revisions[-1]
        for document in revision.content["attachments"]:
            path = (
                seeded.extensions["settings"].blob_path / "objects" / str(nomination.organisation_id)
                / document["sha256"][:2] / document["sha256"]
            )  # fmt: skip
            assert path.read_bytes().startswith(b"%PDF-")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copytree(SEED / "simulated", tmp_path / "simulated")
    return tmp_path


def spoil(folder: Path, file: str, line: int, **values: str) -> None:
    path = folder / "simulated" / file
    with path.open(encoding="utf-8", newline="") as opened:
        rows = list(csv.reader(opened))
    for name, value in values.items():
        rows[line - 1][rows[0].index(name)] = value
    with path.open("w", encoding="utf-8", newline="") as opened:
        csv.writer(opened, lineterminator="\n").writerows(rows)


SPOILT = [
    ("cycles.csv", 2, {"closes": "-60"}, "The stages of the calendar are not in order."),
    ("cycles.csv", 2, {"opens": "soon"}, "“soon” in “opens” is no number of days such as -30."),
    ("categories.csv", 3, {"titles_en": "First"}, "The titles of both languages do not fit together."),
    ("people.csv", 4, {"email": "a@b.go.id"}, "“a@b.go.id” in “email” is no address of the demonstration."),
    ("nominations.csv", 5, {"cycle": "nowhere"}, "“nowhere” in “cycle” is no key of cycles.csv."),
    ("nominations.csv", 8, {"organisation": "nobody"}, "“nobody” in “organisation” is no key of organisations.csv."),
    ("figures.csv", 9, {"value": "many"}, "“many” in “value” is no whole number in digits."),
    ("figures.csv", 9, {"figure": "colour"}, "The evidence “coverage” has no figure “colour”."),
    ("findings.csv", 2, {"note": ""}, "Anything but a match needs a page and a note."),
    ("findings.csv", 2, {"figure": "lines.zz.amount"}, "Nothing is claimed for this figure."),
    ("marks.csv", 7, {"ketua": "11"}, "“11” in “ketua” lies outside 0 to 10."),
    ("interviews.csv", 3, {"starts": "9"}, "“9” in “starts” is no time such as 09:30."),
]


@pytest.mark.parametrize(("file", "line", "values", "reason"), SPOILT)
def test_a_row_with_a_mistake_is_named_with_file_line_and_reason(folder, file, line, values, reason):
    spoil(folder, file, line, **values)
    with pytest.raises(BadSeed) as refused:
        read_simulated(folder)
    assert f"simulated/{file}, line {line}: {reason}" in [str(error) for error in refused.value.errors]


def test_the_files_of_the_project_are_in_order():
    assert len(read_simulated(SEED).cycles) == 3
