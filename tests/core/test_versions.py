"""The version of rows that carry none follows from what they say and from nothing else."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from paritrana.core.versions import content_version

VALUES = st.dictionaries(st.text("ABC123", min_size=1, max_size=3), st.integers(0, 99) | st.decimals(0, 9, places=2))


@given(VALUES, VALUES)
def test_the_same_values_have_the_same_version_and_others_another(one, other):
    assert content_version(one) == content_version(dict(reversed(one.items())))
    assert (content_version(one) == content_version(other)) == (
        {key: str(value) for key, value in one.items()} == {key: str(value) for key, value in other.items()}
        and {key: type(value) for key, value in one.items()} == {key: type(value) for key, value in other.items()}
    )


def test_a_version_is_a_whole_number_that_a_form_can_send():
    for values in ({}, {"A1": Decimal("7.50")}, {"a": ["b", {"c": 1}]}):
        assert 0 <= content_version(values) < 2**48
