"""Trying a rubric out: the totals are those of a ranking, and a seed always draws the same contest."""

import json
from decimal import Decimal

import pytest

from paritrana.config import data_folder
from paritrana.core.bundle import parse
from paritrana.core.ranking import rank
from paritrana.core.rubric import Rubric
from paritrana.core.rubric_form import core_rubric
from paritrana.core.rubric_trial import by_another, fits, random_contest, try_out
from paritrana.core.scoring import OffScale

SHEET = ("7.75", "5.16", "1.09", "9.00", "9.45", "10.00", "9.06")


def delivered(code: str) -> Rubric:
    return core_rubric(json.loads((data_folder("seed") / "rubrics" / f"{code}.json").read_bytes()))


def test_the_observed_sheet_gives_its_published_total() -> None:
    rubric = delivered("ntb-2024-observed")
    tried = try_out(rubric, {one.code: Decimal(text) for one, text in zip(rubric.indicators, SHEET, strict=True)})
    assert float(tried.total) == 51.51
    assert tried.most == 70


def test_what_is_not_typed_adds_nothing_and_what_is_off_the_scale_is_refused() -> None:
    rubric = delivered("ntb-2024-observed")
    tried = try_out(rubric, {"N1": Decimal("7.75")})
    assert (float(tried.total), tried.most) == (7.75, 10)
    with pytest.raises(OffScale):
        try_out(rubric, {"N1": Decimal("10.01")})


@pytest.mark.parametrize("code", ["kabkota-default", "ntb-2024-observed", "badan-usaha-default"])
def test_a_seed_draws_the_same_contest_whose_ranking_is_whole(code: str) -> None:
    rubric = delivered(code)
    contest = random_contest(rubric, seed=4, candidates=8, assessors=9)
    assert contest == random_contest(rubric, seed=4, candidates=8, assessors=9)
    assert contest != random_contest(rubric, seed=5, candidates=8, assessors=9)
    assert next(iter(rank(contest))).rank == 1
    assert all(row.rank is not None for row in rank(contest))


def test_published_values_are_ranked_by_a_rubric_with_the_same_indicators() -> None:
    contest = parse((data_folder("seed") / "cycles" / "ntb-2024.bundle.json").read_bytes()).contest
    rubric = delivered("ntb-2024-observed")
    assert fits(rubric, contest.rubric)
    assert not fits(delivered("kabkota-default"), contest.rubric)
    (row,) = rank(by_another(contest, rubric))
    assert float(row.total or 0) == 51.51
