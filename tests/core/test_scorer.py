"""The ranking beside a second program, over many contests by lot (P07)."""

import time
from collections.abc import Callable
from fractions import Fraction

import pytest
from hypothesis import Phase, given, settings

from paritrana.core.bundle import result_rows
from paritrana.core.ranking import Contest, rank
from tests.core import contests as second

FEW = 5_000
SLOW = pytest.mark.slow


def differing(cases: int) -> tuple[int, int]:
    """How many contests were ranked by both programs, and how many of them differently."""
    seen = differ = 0

    @settings(max_examples=cases, phases=[Phase.generate], database=None)
    @given(second.contests())
    def compare(judged: Contest) -> None:
        nonlocal seen, differ
        seen += 1
        differ += result_rows(rank(judged)) != second.second_ranking(judged)

    compare()
    return seen, differ


def cut(value: Fraction) -> Fraction:
    """Two decimals, cut instead of rounded: the mistake of a spreadsheet."""
    return Fraction(100 * value // 1, 100)


@pytest.mark.timeout(7200)
@pytest.mark.parametrize("cases", [FEW, pytest.param(100_000, marks=SLOW)])
def test_two_programs_rank_alike(cases: int, figures_of: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> None:
    begun = time.monotonic()
    seen, differ = differing(cases)
    assert differ == 0
    monkeypatch.setattr(second, "_two_decimals", cut)
    _, wrong = differing(500)
    assert wrong > 0
    figures_of(
        "scorer", promises=["P07"], cases=seen, differences=differ,
        seconds=round(time.monotonic() - begun, 1), control=wrong > 0,
    )  # fmt: skip
