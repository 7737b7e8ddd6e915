"""A mistyped code is found; one typed another way is the same code."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paritrana.core.codes import ALPHABET, BODY, make_check, parse, shown

bodies = st.text(ALPHABET, min_size=BODY, max_size=BODY)


def whole(body):
    return body + make_check(body)


@given(bodies)
def test_a_code_is_read_back_however_it_is_written(body):
    code = whole(body)
    assert parse(code) == code
    assert parse(shown(code)) == code
    assert parse(f" {shown(code).lower().replace('-', ' – ')} ") == code
    assert parse(code.replace("0", "o").replace("1", "l")) == code
    assert parse(code.replace("0", "O").replace("1", "I")) == code


@given(bodies, st.integers(0, BODY), st.sampled_from(ALPHABET))
def test_one_wrong_sign_is_found(body, place, sign):
    code = whole(body)
    changed = code[:place] + sign + code[place + 1 :]
    assert (parse(changed) is None) == (changed != code)


@given(bodies, st.integers(0, BODY), st.integers(0, BODY))
def test_two_exchanged_signs_are_found(body, one, other):
    signs = list(whole(body))
    signs[one], signs[other] = signs[other], signs[one]
    changed = "".join(signs)
    assert (parse(changed) is None) == (changed != whole(body))


@pytest.mark.parametrize("text", ["", "7QK4", "U" * 16, "7QK4-2M9X-H3TC-8WPAA", "é" * 16, "ß" * 8, "0" * 15])
def test_what_is_no_code_is_not_read(text):
    assert parse(text) is None


@pytest.mark.parametrize("body", ["", "0" * 14, "0" * 16, "o" * 15, "-" * 15])
def test_a_check_is_made_of_fifteen_signs_only(body):
    with pytest.raises(ValueError, match="fifteen"):
        make_check(body)


def test_a_code_is_shown_in_four_groups():
    assert shown("7QK42M9XH3TC8WPA") == "7QK4-2M9X-H3TC-8WPA"
