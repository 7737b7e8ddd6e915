"""What the workbench says of other rubrics, fitting and not, and of a panel in which nobody can be compared."""

import re
from decimal import Decimal

import pytest

from paritrana.cycles import service as cycles
from paritrana.cycles.queries import rubric_of
from paritrana.cycles.rubrics.document import form_of
from paritrana.database import db
from tests.factories import NOW, SYSTEM, freeze
from tests.factories_results import category_of, contest, run
from tests.nominations.pages import text_of

PAGE = "/manage/contoh-2025/ranking/kabkota"


def rubric_named(code, like, **changes):
    """A frozen version of another rubric that says the same but for `changes`."""
    made = cycles.store_rubric({**form_of(like), "code": code, "tie_break": ["decision"], **changes}, actor=SYSTEM,
                               at=NOW)  # fmt: skip
    freeze(made)
    return made


def renamed(like, *codes):
    """The indicators of a rubric, some of them under another code."""
    return [
        one | {"code": f"Z{one['code']}"} if not codes or one["code"] in codes else one
        for one in form_of(like)["indicators"]
    ]


def read(door):
    answer = door("organiser-1").get(PAGE, query_string={"lang": "en"})
    return " ".join(re.sub(r"<[^>]+>", " ", text_of(answer)).split())


@pytest.fixture
def here(app, db_session):
    return contest(2, value=lambda no, assessor, code: Decimal(8) - no)


def test_a_rubric_that_cannot_be_tried_says_why(here, door):
    mine = rubric_of(category_of(here))
    rubric_named("sama", mine)
    rubric_named("asing", mine, indicators=renamed(mine))
    rubric_named("kurang", mine, indicators=renamed(mine, "A1", "A2"))
    rubric_named("kasar", mine, scale={"min": "0", "max": "10", "step": "0.5"})
    computed = rubric_named("dihitung", mine).indicator("D1")
    computed.source, computed.rule = "computed", "share_of_units"
    db.session.commit()
    run(here)
    said = read(door)
    assert "Rank 1 is the same under 2 of 2 other weightings." in said
    assert "Equal weights" in said
    assert "sama, version 1" in said
    for sentence in (
        "asing, version 1 does not fit: it judges other indicators.",
        "kurang, version 1 does not fit: it lacks A1, A2; it has ZA1, ZA2 besides.",
        "kasar, version 1 does not fit: its scale is another.",
        "dihitung, version 1 does not fit: D1 have another source.",
    ):
        assert sentence in said, sentence
    assert "sama, version 1 does not fit" not in said


def test_where_weights_are_equal_and_nothing_else_is_stored_no_other_rubric_is_tried(here, door):
    mine = rubric_of(category_of(here))
    mine.total = Decimal(10 * len(mine.indicators))
    for one in mine.indicators:
        one.weight = Decimal(10)
    db.session.commit()
    run(here)
    said = read(door)
    assert "No other rubric has the indicators of this one." in said
    assert "Equal weights" not in said


def test_one_assessor_alone_is_compared_with_nobody(app, db_session, door):
    here = contest(1, value=lambda no, assessor, code: Decimal(8) if assessor == 0 else None)
    rubric_of(category_of(here)).quorum = 1
    db.session.commit()
    run(here)
    said = read(door)
    assert "There are not enough marks yet to compare the assessors." in said
    assert "Krippendorff" not in said
