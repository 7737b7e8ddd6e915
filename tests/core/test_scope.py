"""Whom a category takes: two categories meet exactly where somebody could belong in both."""

from hypothesis import given
from hypothesis import strategies as st

from paritrana.core.scope import Scope, scope_of

ZONES, SECTORS, SIZES = ("barat", "timur"), ("tani", "dagang"), ("large", "medium")


def some(values: tuple[str, ...]) -> st.SearchStrategy[frozenset[str]]:
    return st.frozensets(st.sampled_from(values))


scopes = st.builds(Scope, st.sampled_from(("enterprise", "village")), some(ZONES), some(SECTORS), some(SIZES))
EVERYBODY = [(zone, sector, size) for zone in ZONES for sector in SECTORS for size in SIZES]


@given(scopes, scopes)
def test_two_scopes_meet_exactly_where_both_take_somebody(one: Scope, other: Scope) -> None:
    shared = [each for each in EVERYBODY if one.takes(*each) and other.takes(*each)]
    assert one.meets(other) == other.meets(one) == (one.kind == other.kind and bool(shared))


def test_sectors_are_compared_without_regard_to_case() -> None:
    scope = scope_of("enterprise", [], ["Pertanian"], [])
    assert scope.takes("barat", "PERTANIAN", None)
    assert not scope.takes("barat", None, None)
