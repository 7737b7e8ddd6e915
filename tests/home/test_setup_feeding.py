"""The winners of provinces become nominations of the national cycle, with their verified figures, once."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from flask import current_app
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from paritrana.core.errors import NotFound
from paritrana.core.lifecycle import State
from paritrana.core.policy import Actor
from paritrana.cycles import service as cycles
from paritrana.cycles.models import Category, Cycle
from paritrana.cycles.queries import get_cycle
from paritrana.database import db
from paritrana.home.setup.feeding import FEED_NATION, NoWinnerToSend, send_changed, take_over, winners_for
from paritrana.jobs.kinds import Run
from paritrana.nominations.models import EvidenceItem, Nomination
from paritrana.operations.invariants import broken_rules
from paritrana.results.models import Award
from tests.factories import NOW, SYSTEM, World, grant, person
from tests.factories_results import contest, lose_figure, nominations, publish, seal
from tests.home.conftest import Visitor

PAGE = "/manage/nasional-2025/winners"
LATER = timedelta(days=1)


@dataclass
class Nation:
    """A published province and the national cycle that it feeds."""

    here: World
    cycle: Cycle
    category: Category

    @property
    def at(self) -> Any:
        return self.here.now + LATER

    @property
    def organiser(self) -> Actor:
        account = self.here.accounts["nation"]
        return Actor(user_id=account.id, person_id=account.person_id, ref=account.ref, name=account.name)

    def standings(self) -> list[tuple[str, str]]:
        return [(one.source.candidate_code, one.standing) for one in winners_for(get_cycle("nasional-2025"), self.at)]

    def taken(self) -> list[Nomination]:
        made = take_over(get_cycle("nasional-2025"), actor=self.organiser, at=self.at)
        db.session.commit()
        return made


def nation(here: World, *, state: State = State.OPEN, kind: str = "regency_city", public: bool = True) -> Nation:
    """The national cycle of the same year, its one category in `state`; the province is published where `public`."""
    fields = ("kind", "assessment_year", "edition_label", "timezone", "region_code", "target_instrument",
              "target_year", "election_held", "rates_as_of")  # fmt: skip
    made = cycles.create_cycle(
        {**{name: getattr(here.cycle, name) for name in fields}, "code": "nasional-2025", "tier": "national",
         "title_id": "Paritrana Nasional 2025", "title_en": "Paritrana National 2025"},
        actor=SYSTEM, at=here.now,
    )  # fmt: skip
    like = here.category
    category = cycles.add_category(
        made,
        {"position": 1, "slug": "kabkota", "kind": kind, "title_id": "Kab/kota", "title_en": "Regencies",
         "state": int(state), "rubric_version_id": like.rubric_version_id, "ranks": 3, "opens_at": here.now,
         "closes_at": here.now + timedelta(days=60), "grace_ends_at": here.now + timedelta(days=61)},
        {1: ("Terbaik I", "First"), 2: ("Terbaik II", "Second"), 3: ("Terbaik III", "Third")},
        actor=SYSTEM, at=here.now,
    )  # fmt: skip
    here.cycle.feeds_id = made.id
    here.accounts["nation"] = person("nation")
    grant(here.accounts["nation"], "organiser", cycle=made)
    db.session.commit()
    if public:
        publish(here)
    return Nation(here, made, category)


@pytest.fixture(autouse=True)
def the_day_after(clock):
    """Pages are read on the day after the publication."""
    clock.set(NOW + LATER)


def test_the_winner_goes_on_with_its_verified_figures_and_their_origin(visit: Callable[..., Visitor], db_session):
    here = contest(3)
    winner = nominations(here)[0]
    set_up = nation(here)
    (made,) = set_up.taken()
    assert (made.category_id, made.organisation_id, made.state) == (set_up.category.id, winner.organisation_id, "draft")
    assert (made.fed_from_id, made.copied_from_id, made.candidate_code) == (winner.id, winner.id, "99.01")
    items = {one.kind: one for one in db.session.scalars(select(EvidenceItem).where(EvidenceItem.nomination == made))}
    coverage = items["coverage"]
    assert coverage.copied is not None
    assert coverage.copied["from"] == {"id": here.cycle.title_id, "en": here.cycle.title_en}
    assert len(coverage.data["fields"]) == len(coverage.copied["figures"]) > 3
    office = visit("nominee-1")
    assert f"/nominations/{made.ref}" in office.read("/nominations")
    assert "verified in Paritrana Award Contoh 2025, check" in office.read(f"/nominations/{made.ref}/evidence/coverage")
    organiser = visit("nation")
    page = organiser.read(PAGE)
    assert "Pemerintah Kabupaten Contoh 1" in page
    assert made.ref in page
    rules = {"nomination.fed_from", "nomination.copied_from", "cycle.feeds", "category.scope"}
    assert list(broken_rules(current_app.extensions["settings"], at=set_up.at, only=rules)) == []


def test_a_figure_that_nobody_could_verify_stays_behind(db_session):
    here = contest(2)
    winner = nominations(here)[0]
    set_up = nation(here)
    before = set(_sent(winner))
    lose_figure(here, winner)
    (made,) = set_up.taken()
    item = db.session.scalars(
        select(EvidenceItem).where(EvidenceItem.nomination_id == made.id, EvidenceItem.kind == "coverage")
    ).one()
    assert item.copied is not None
    assert len(before) - len(item.copied["figures"]) == 1
    assert set(item.copied["figures"]) < before


def _sent(nomination: Nomination) -> list[str]:
    from paritrana.verification.values import found_figures

    found = found_figures([nomination.id])[nomination.id]["coverage"]
    return [figure for figure, value in found.items() if value is not None]


def test_a_winner_goes_on_once_however_often_anybody_asks(visit, db_session):
    set_up = nation(contest(3))
    assert len(set_up.taken()) == 1
    assert set_up.taken() == []
    run = Run("J-1", FEED_NATION.name, {}, SYSTEM, current_app.extensions["settings"], lambda: set_up.at)
    assert FEED_NATION.function(run, lambda done, total=None: None).params == {"count": 0}
    organiser = visit("nation")
    assert organiser.send(PAGE, PAGE).status_code == 303
    assert db.session.scalar(select(func.count()).where(Nomination.category_id == set_up.category.id)) == 1


def test_the_database_itself_lets_a_winner_go_on_once(db_session):
    set_up = nation(contest(3))
    (made,) = set_up.taken()
    other = nominations(set_up.here)[2]
    other.fed_from_id = made.fed_from_id
    with pytest.raises(IntegrityError):
        db.session.flush()
    db.session.rollback()


def test_the_machine_sends_the_winner_in_its_own_name(db_session):
    set_up = nation(contest(3))
    assert FEED_NATION.wanted(set_up.at)
    run = Run("J-1", FEED_NATION.name, {}, SYSTEM, current_app.extensions["settings"], lambda: set_up.at)
    assert FEED_NATION.function(run, lambda done, total=None: None).params == {"count": 1}
    made = db.session.scalars(select(Nomination).where(Nomination.fed_from_id.is_not(None))).one()
    assert made.created_by == set_up.here.accounts["chair"].id
    items = db.session.scalars(select(EvidenceItem).where(EvidenceItem.nomination_id == made.id)).all()
    assert {one.changed_by_name for one in items} == {"system"}
    rules = {"nomination.fed_from", "nomination.copied_from", "cycle.feeds", "category.scope"}
    assert list(broken_rules(current_app.extensions["settings"], at=set_up.at, only=rules)) == []


def test_nothing_is_told_before_the_result_is_public(visit, db_session):
    """A sealed winner does not go on, and the page of the nation does not know it."""
    here = contest(3)
    set_up = nation(here, public=False)
    seal(here)
    assert set_up.standings() == []
    assert set_up.taken() == []
    page = visit("nation").read(PAGE)
    assert "No result of these cycles is public yet." in page
    assert "Kabupaten Contoh 1" not in page


@pytest.mark.parametrize(
    ("state", "kind", "standing"),
    [
        (State.DRAFT, "regency_city", "waits"),
        (State.VERIFICATION, "regency_city", "late"),
        (State.OPEN, "village", "nowhere"),
    ],
)
def test_a_winner_without_an_open_category_is_shown_and_not_sent(visit, db_session, state, kind, standing):
    set_up = nation(contest(3), state=state, kind=kind)
    assert set_up.standings() == [("99.01", standing)]
    assert set_up.taken() == []
    assert "Pemerintah Kabupaten Contoh 1" in visit("nation").read(PAGE)


def test_a_zone_decides_which_category_takes_a_winner(db_session):
    set_up = nation(contest(3))
    set_up.category.zones = ["sumatera"]
    db.session.commit()
    assert set_up.standings() == [("99.01", "nowhere")]
    set_up.category.zones = ["jawa_bali", "sumatera"]
    db.session.commit()
    assert set_up.standings() == [("99.01", "ready")]


def test_a_nomination_that_is_there_already_is_not_doubled(db_session):
    set_up = nation(contest(3))
    from paritrana.nominations.service import create_nomination

    create_nomination(
        set_up.category, set_up.here.organisations["regency-1"], actor=set_up.organiser, at=set_up.here.now
    )
    db.session.commit()
    assert set_up.standings() == [("99.01", "there")]
    assert set_up.taken() == []


def test_another_winner_after_a_correction_waits_for_a_decision(visit, db_session):
    set_up = nation(contest(3))
    (made,) = set_up.taken()
    for one in db.session.scalars(select(Award).order_by(Award.rank)):
        db.session.delete(one)
    first, second = nominations(set_up.here)[:2]
    db.session.flush()
    db.session.add(
        Award(category_id=set_up.here.category.id, nomination_id=second.id, rank=1, tied=False, title_id="Terbaik I",
              title_en="First")
    )  # fmt: skip
    db.session.commit()
    assert set_up.standings() == [(first.candidate_code, "former"), (second.candidate_code, "changed")]
    assert set_up.taken() == []
    organiser = visit("nation")
    page = organiser.read(PAGE)
    assert "Nominated, but not the winner any more" in page
    assert "Nominate this winner too" in page
    overview = "/manage/nasional-2025"
    assert "Winners of the provinces that wait for your decision: 1" in organiser.read(overview)
    assert organiser.send(f"{PAGE}/{second.ref}", PAGE).status_code == 303
    assert set_up.standings() == [(first.candidate_code, "former"), (second.candidate_code, "gone")]
    assert "A corrected result names another winner" not in organiser.read(overview)
    assert organiser.send(f"{PAGE}/{second.ref}", PAGE).status_code == 409
    assert organiser.send(f"{PAGE}/N-0000-0000", PAGE).status_code == 404
    with pytest.raises(NoWinnerToSend):
        send_changed(get_cycle("nasional-2025"), first.ref, actor=set_up.organiser, at=set_up.at)
    with pytest.raises(NotFound):
        send_changed(get_cycle("nasional-2025"), "N-x", actor=set_up.organiser, at=set_up.at)
    db.session.refresh(made)
    assert made.state == "draft"


def test_a_special_mention_for_the_first_of_the_ranking_is_no_first_title(db_session):
    set_up = nation(contest(3))
    award = db.session.scalars(select(Award).where(Award.rank == 1)).one()
    award.title_id, award.title_en = "Terbaik Inovasi", "Best innovation"
    db.session.commit()
    assert set_up.standings() == []


def test_only_organisers_of_the_nation_take_winners_over(visit, db_session):
    set_up = nation(contest(3))
    page = visit("organiser-1").read("/manage/contoh-2025/winners")
    assert "Its winners go on to: Paritrana National 2025." in page
    for name in ("organiser-1", "nominee-1", "chair"):
        somebody = visit(name)
        assert somebody.open(PAGE).status_code == 404, name
        assert somebody.send(PAGE).status_code == 404, name
    assert set_up.standings() == [("99.01", "ready")]


def test_the_page_asks_the_same_number_of_statements_for_more_winners(visit, db_session, statements):
    set_up = nation(contest(3))
    organiser = visit("nation")
    organiser.read(PAGE)
    counts = []
    for _round in (1, 2):
        with statements() as asked:
            organiser.read(PAGE)
        counts.append(len(asked))
        for one in db.session.scalars(select(Award)):
            one.rank, one.title_id = 1, "Terbaik I"
        db.session.commit()
    assert counts[0] == counts[1] <= 22, counts
    assert len(set_up.standings()) == 3
