"""Data quality by the numbers: what was explained is not open, and what has no size is no difference."""

from datetime import date

import pytest

from paritrana.core.quantities import Amount, Percent, exact
from paritrana.database import db
from paritrana.nominations.models import Nomination
from paritrana.reference.models import PublishedBudget, PublishedCoverage
from paritrana.verification import service
from paritrana.verification.figures import figures_of
from paritrana.verification.published import Published
from paritrana.verification.quality import quality_of
from paritrana.verification.service import Entry
from tests.factories import world
from tests.nominations.pages import coverage, vulnerable
from tests.verification.cases import LATER, declared, sent
from tests.verification.test_queue import many


@pytest.fixture
def here(db_session):
    return world(kind="real")


def test_an_explained_difference_is_counted_and_not_open(here):
    data = {"data": vulnerable(amount=365600000)}
    said = {"explanation_reason": "other_costs", "explanation": "With the costs of printing."}
    many(here, 1, {"vulnerable_workers": data | said})
    many(here, 1, {"vulnerable_workers": data | {"explanation_reason": "other_costs", "explanation": " "}})
    ids = [one.id for one in db.session.query(Nomination.id).order_by(Nomination.id)]
    found = quality_of([here.category], ids, here.now + LATER)
    assert (found.checks["vulnerable_workers"]["ask"], found.checks["vulnerable_workers"]["open"]) == (2, 1)
    assert sorted(one.explained for one in found.own) == [False, True]
    assert quality_of([here.category], ids[:1], here.now + LATER).own == [
        one for one in found.own if one.nomination_id == ids[0]
    ]


def test_another_answer_is_found_and_is_no_difference_in_size(here, clock):
    (nomination,) = sent(here, clock)
    declared(here, nomination, "verifier-1")
    for kind, figure, value in (("regulation", "lines.r001.budget_clause", "yes"), ("coverage", "pu.target", 60000)):
        entry = Entry(figure, value, "differs", 1, "1", "Seen.")
        service.record_finding(
            nomination, kind, entry, revision_no=1, actor=here.actor("verifier-1"), at=here.now + LATER
        )
    found = quality_of([here.category], [nomination.id], here.now + LATER)
    assert [(one.kind, one.share) for one in found.found] == [("coverage", 25)]
    assert (found.judged, found.matching) == (2, 0)


def test_a_published_row_without_the_number_stands_beside_no_claim():
    on = {"as_of": date(2025, 12, 31), "as_of_precision": "day", "segment": "pu", "measure": "active_participants",
          "source_key": "KORAN", "segment_as_published": "PU"}  # fmt: skip
    budget = {"beneficiary_group": "farmer", "group_as_published": "petani", "funding_source": "apbd_regency",
              "year": 2025, "source_key": "KORAN"}  # fmt: skip
    known = Published(
        [PublishedCoverage(**on), PublishedCoverage(**on, percent=exact("43.2"))],
        [PublishedBudget(**budget, people=1111), PublishedBudget(**budget, amount_idr=111_222_333)], [], {},
    )  # fmt: skip

    def beside(kind, data, key):
        figures = figures_of(kind, data, election_held=False, candidate="regency_city")
        return [one.value for one in known.beside(next(one for one in figures if one.key == key)) or []]

    assert beside("coverage", coverage(), "pu.participants") == [Percent(exact("43.2"))]
    assert beside("vulnerable_workers", vulnerable(), "lines.a1b2.amount") == [Amount(111_222_333)]
