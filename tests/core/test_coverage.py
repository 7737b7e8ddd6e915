"""Coverage per segment and in total, on a frozen denominator."""

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from paritrana.core.coverage import Segment, by_segment, coverage_of, growth_percent, percent

people = st.integers(0, 10**8)


def test_the_percent_is_exact_and_missing_without_a_denominator():
    assert percent(1, 3) == Fraction(100, 3)
    assert percent(5, 0) is None


def test_growth_from_nothing_has_no_percent():
    assert growth_percent(753_000, 1_027_000) == Fraction(27_400_000, 753_000)
    assert growth_percent(0, 10) is None


def test_both_years_use_the_target_workers_of_the_assessment_year():
    coverage = coverage_of([Segment(60, 100, 40), Segment(30, 100, 20)])
    assert coverage is not None
    assert (coverage.percent, coverage.percent_prev, coverage.change) == (45, 30, 15)
    assert coverage.growth == 50


def test_a_segment_without_target_workers_is_left_out_with_its_participants():
    with_pmi = coverage_of([Segment(60, 100, 40), Segment(25, 0, 10)])
    assert with_pmi == coverage_of([Segment(60, 100, 40)])


def test_without_any_target_workers_there_is_no_coverage():
    assert coverage_of([Segment(5, 0, 5)]) is None
    assert coverage_of([]) is None


def test_each_segment_has_its_own_coverage():
    found = by_segment({"pu": Segment(60, 100, 40), "pmi": Segment(0, 0, 0), "bpu": Segment(9, 100, 9)})
    assert {code: coverage.percent for code, coverage in found.items()} == {"pu": 60, "bpu": 9}


@given(st.lists(st.tuples(people, people, people), max_size=4))
def test_the_percent_stays_in_bounds_when_no_part_exceeds_its_target(rows):
    segments = [Segment(min(a, b), b, min(c, b)) for a, b, c in rows]
    coverage = coverage_of(segments)
    if coverage is not None:
        assert 0 <= coverage.percent <= 100
        assert 0 <= coverage.percent_prev <= 100
        assert coverage_of(segments[::-1]) == coverage
        parts = [part.percent for part in by_segment(dict(zip("abcd", segments, strict=False))).values()]
        assert min(parts) <= coverage.percent <= max(parts)
