"""How severe and how much of one mind assessors are: exact, and alike in any order."""

from decimal import Decimal
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from paritrana.core.agreement import agreement, enough, in_words, severity

VALUE = st.decimals(0, 10, places=2)
MARKS = st.dictionaries(st.sampled_from("ABCDE"), st.dictionaries(st.sampled_from(["1", "2", "3"]), VALUE))


def marks(**rows):
    return {
        name: {str(no): Decimal(one) for no, one in enumerate(row.split()) if one != "*"} for name, row in rows.items()
    }


def test_the_published_example_comes_out():
    found = agreement(
        marks(
            A="* * * * * 3 4 1 2 1 1 3 3 * 3",
            B="1 * 2 1 3 3 4 3 * * * * * * *",
            C="* * 2 1 3 4 4 * 2 1 1 3 3 * 4",
        )
    )
    assert found is not None
    assert round(float(found), 3) == 0.811


def test_of_one_mind_is_one_and_without_pairs_there_is_nothing_to_say():
    assert agreement(marks(A="7 8", B="7 8", C="7 8")) == 1
    assert agreement(marks(A="7 7", B="7 7", C="7 7")) == 1
    assert agreement(marks(A="7 *", B="* 8")) is None
    assert agreement({}) is None
    assert not enough(marks(A="7", B="8", C="*"))
    assert enough(marks(A="7", B="8", C="9"))


def test_severity_is_the_mean_deviation_from_the_panel():
    found = severity(marks(A="6 7", B="8 9", C="7 8 5"))
    assert found == {"A": Fraction(-1), "B": Fraction(1), "C": Fraction(0)}


def test_the_limits_of_the_words():
    words = [in_words(Fraction(one)) for one in ("0.8", "0.79", "2/3", "0.66", "-1")]
    assert words == ["high agreement"] + ["moderate agreement"] * 2 + ["low agreement"] * 2


@given(MARKS, st.randoms())
def test_order_does_not_matter_and_nobody_is_more_than_of_one_mind(found, random):
    names = random.sample(sorted(found), len(found))
    turned = {name: dict(reversed(found[name].items())) for name in names}
    assert agreement(turned) == agreement(found)
    assert severity(turned) == severity(found)
    alpha = agreement(found)
    assert alpha is None or alpha <= 1


@given(st.dictionaries(st.sampled_from("ABCDE"), st.fixed_dictionaries({"1": VALUE, "2": VALUE}), min_size=2))
def test_where_all_mark_all_the_deviations_cancel_out(found):
    assert sum(severity(found).values()) == 0
