"""What the set-up of a cycle refuses, what it still lacks, and what a new year, tier or kind takes away."""

from datetime import timedelta

import pytest

from paritrana.core.lifecycle import State
from paritrana.cycles.models import CALENDAR, Cycle
from paritrana.cycles.queries import get_cycle
from paritrana.cycles.rubrics.document import form_of
from paritrana.cycles.rubrics.service import OtherKind, make
from paritrana.cycles.service import create_cycle
from paritrana.cycles.setup import queries, service
from paritrana.database import db
from tests.factories import SYSTEM, rubric, world


@pytest.fixture
def here(db_session):
    """A cycle whose one category is a draft."""
    return world(state=State.DRAFT)


def national(here, **changes):
    """A national cycle of the same kind and year, but for `changes`."""
    fields = {name: getattr(here.cycle, name) for name in (*service.IDENTITY, *service.FIGURES)}
    fields |= {"code": "nasional-2025", "tier": "national"} | changes
    return create_cycle(fields, actor=SYSTEM, at=here.now)


def saved(here, **changes):
    """The identity of the cycle is written with `changes`."""
    identity = {name: getattr(here.cycle, name) for name in service.IDENTITY} | changes
    service.save_identity(
        here.cycle, identity, organised=[here.cycle], expected=here.cycle.version, actor=here.actor("organiser-1"),
        at=here.now,
    )  # fmt: skip


def test_a_new_title_keeps_the_nation_that_is_fed_and_a_new_year_does_not(here):
    here.cycle.feeds_id = national(here).id
    db.session.flush()
    fed = here.cycle.feeds_id
    saved(here, title_en="Paritrana Award of Contoh")
    assert (here.cycle.title_en, here.cycle.feeds_id) == ("Paritrana Award of Contoh", fed)
    saved(here, assessment_year=2024)
    assert (here.cycle.assessment_year, here.cycle.feeds_id) == (2024, None)


def test_a_province_feeds_only_the_nation_of_its_year_and_kind(here):
    other = national(here, assessment_year=2024)
    figures = {name: getattr(here.cycle, name) for name in service.FIGURES}
    version = here.cycle.version
    for fed in (other, here.cycle):
        with pytest.raises(service.DoesNotFeed):
            service.save_figures(
                here.cycle, figures, fed, expected=version, actor=here.actor("organiser-1"), at=here.now
            )
    assert (here.cycle.version, here.cycle.feeds_id) == (version, None)


def test_a_category_does_not_become_another_kind_than_its_rubric(here):
    category = here.category
    form = {name: getattr(category, name) for name in service.CATEGORY}
    version, kind = category.version, category.kind
    with pytest.raises(OtherKind):
        service.save_category(
            here.cycle, category, {**form, "kind": "village"}, expected=version, actor=here.actor("organiser-1"),
            at=here.now,
        )  # fmt: skip
    db.session.rollback()
    assert (category.version, category.kind) == (version, kind)


def test_a_calendar_may_leave_dates_open_and_the_clock_waits_at_those_it_has(here):
    calendar = dict.fromkeys(CALENDAR) | {"opens_at": here.now, "closes_at": here.now + timedelta(days=9)}
    here.cycle.waits_at = None
    service.save_calendar(
        [here.category], calendar, expected=here.category.version, actor=here.actor("organiser-1"), at=here.now
    )
    assert (here.category.closes_at, here.category.grace_ends_at) == (calendar["closes_at"], None)
    assert here.cycle.waits_at == calendar["closes_at"]


def test_zones_belong_to_the_nation_and_are_not_copied_into_a_province(here):
    nation = national(here, assessment_year=2024)
    zoned = {name: getattr(here.category, name) for name in service.CATEGORY} | {"zones": ["jawa_bali"]}
    organiser = here.actor("organiser-1")
    service.save_category(nation, None, zoned, expected=nation.version, actor=organiser, at=here.now)
    identity = {name: getattr(nation, name) for name in service.IDENTITY} | {"assessment_year": 2026}
    zones = {}
    for tier in ("national", "province"):
        made = service.make({**identity, "tier": tier}, organised=[nation], source=nation, actor=organiser, at=here.now)
        db.session.expire(made)
        zones[tier] = [one.zones for one in db.session.get_one(Cycle, made.id).categories]
    assert zones == {"national": [["jawa_bali"]], "province": [[]]}


def test_the_set_up_says_what_a_draft_still_lacks(here):
    category = here.category
    db.session.delete(category.titles[2])
    category.rubric = make(
        here.cycle, {**form_of(rubric()), "code": "contoh-1"}, actor=here.actor("organiser-1"), at=here.now
    )
    db.session.commit()
    found = {one.step: (one.message, dict(one.params)) for one in gaps(here, category.closes_at)}
    assert found[queries.TITLES] == ("Ranks without a title: %(n)s.", {"n": 1})
    assert found[queries.CALENDAR] == ("The deadline has already passed.", {})
    assert found[queries.RUBRICS] == ("The rubric is not frozen.", {})
    assert queries.CALENDAR not in {one.step for one in gaps(here, category.closes_at - timedelta(seconds=1))}
    category.state = int(State.OPEN)
    assert gaps(here, category.closes_at) == []


def gaps(here, at):
    return queries.gaps_of(get_cycle(here.cycle.code), at)
