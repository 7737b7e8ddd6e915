"""Before a paper is made, every name of the cycle is looked at: what cannot be printed stands first, and why."""

import time

import pytest

from paritrana.certificates.editor import queries
from paritrana.certificates.editor.fitting import fit_all
from paritrana.core.certificates import Kind
from paritrana.core.lifecycle import State
from paritrana.database import db, random_ref
from paritrana.nominations.models import Nomination
from paritrana.reference.models import Organisation
from tests.certificates.desks import CHECK, address, save
from tests.factories import NOW
from tests.factories_results import contest, nominations
from tests.nominations.pages import text_of

NAMES = {
    "full": "Kabupaten Contoh",
    "smaller": "Pemerintah Kabupaten Kepulauan Siau Tagulandang Biaro",
    "lines": "Pemerintah Daerah Kabupaten Kepulauan Siau Tagulandang Biaro dan Sekitarnya Raya",
    "refused": "Dinas Ketenagakerjaan dan Transmigrasi " * 9,
}


@pytest.fixture
def here(app, db_session):
    found = contest(4)
    for nomination, name in zip(nominations(found), NAMES.values(), strict=True):
        nomination.organisation.name = name.strip()
    db.session.commit()
    return found


@pytest.fixture
def desk(here, door):
    return door("organiser-1")


def test_each_name_is_told_as_it_will_stand_the_refused_one_first(here):
    found = fit_all(here.cycle, Kind.FINALIST, NOW)
    assert [one.how for one in found] == ["refused", "lines", "smaller", "full"]
    refused, lines, smaller, full = found
    assert refused.recipient.name[:20] in refused.refusal.params["text"]
    assert len(lines.name.lines) == 2
    assert " ".join(lines.name.lines) == NAMES["lines"]
    assert 80 <= smaller.name.percent < 100
    assert full.name.percent == 100


def test_the_page_shows_problems_first_with_the_reason_and_counts(desk):
    page = text_of(desk.get(CHECK, query_string={"kind": "finalist"}))
    places = [page.index(name.strip()[:60]) for name in reversed(NAMES.values())]
    assert places == sorted(places)
    assert "tidak muat" in page
    assert "2 baris" in page
    assert "%" in page


def test_every_kind_has_its_people(here, desk):
    assert {one.name for one in queries.recipients(here.cycle, Kind.THANKS)} >= {"Chair", "Deputy"}
    minutes = queries.recipients(here.cycle, Kind.MINUTES)
    assert all(one.name.startswith("Panel Penilai") for one in minutes)
    for kind in Kind:
        assert desk.get(CHECK, query_string={"kind": kind.value}).status_code == 200
    assert desk.get(CHECK, query_string={"kind": "diploma"}).status_code == 404


def test_who_wins_cannot_be_seen_from_the_list_of_possible_winners(here):
    before = [one.name for one in queries.recipients(here.cycle, Kind.WINNER)]
    here.category.state = int(State.SCORING)
    db.session.commit()
    assert [one.name for one in queries.recipients(here.cycle, Kind.WINNER)] == before
    assert len(before) == 4


def test_a_title_with_a_template_of_its_own_is_looked_at_with_it(here, desk):
    one = fit_all(here.cycle, Kind.WINNER, NOW)
    assert len(one) == 4
    save(desk, address(title="Terbaik I"), paper="portrait")
    more = fit_all(here.cycle, Kind.WINNER, NOW)
    assert len(more) == 8
    assert {fitting.title.id for fitting in more if fitting.title} >= {"Terbaik I"}


def test_the_longest_name_stands_in_the_preview_beside_its_size(desk):
    page = desk.get(address(Kind.PARTICIPANT))
    assert "tidak muat" in text_of(page)


def many(here, count):
    nominee = here.accounts["nominee-1"].id
    organisations = [
        Organisation(ref=random_ref("O"), name=f"PT Contoh Sejahtera Nomor {no}", kind="enterprise", region_code="99",
                     fictitious=True)
        for no in range(count)
    ]  # fmt: skip
    db.session.add_all(organisations)
    db.session.flush()
    db.session.add_all(
        Nomination(ref=random_ref("N"), category_id=here.category.id, organisation_id=one.id,
                   candidate_code=f"K{no:05d}", state="shortlisted", revision_no=1, created_at=NOW, created_by=nominee)
        for no, one in enumerate(organisations)
    )  # fmt: skip
    db.session.commit()


def test_a_thousand_candidates_take_a_fixed_number_of_statements_and_little_time(here, desk, statements):
    desk.get(CHECK)  # signed in, and what a process reads once is read
    with statements() as few:
        desk.get(CHECK)
    many(here, 996)
    with statements() as more:
        page = desk.get(CHECK, query_string={"page": "2"})
    assert len(more) == len(few)
    assert "Halaman 2 dari 10" in text_of(page)
    begin = time.process_time()
    assert len(fit_all(here.cycle, Kind.WINNER, NOW)) == 1000
    assert time.process_time() - begin < 5
