"""Which passwords are taken."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paritrana.accounts.passwords import PasswordCommon, PasswordLength, check_password


@pytest.mark.parametrize(
    "password",
    [
        "kuda hijau makan sate di pantai",
        "correct horse battery staple",
        "49201857364920571836",
        "ÅngströmÉtéñandúß1",
        "正しい馬の電池ホチキスを使う人たちへ",
        "    spasi di depan itu juga ikut",
    ],
)
def test_long_and_unusual_ones_are_taken(password: str):
    check_password(password, ("sari@contoh.test", "Sari"))


@pytest.mark.parametrize(
    "password",
    [
        "passwordpassword",
        "Password123456789",
        "katasandi2026katasandi",
        "aaaaaaaaaaaaaaaaaaaa",
        "abababababababababab",
        "abcdefghijklmnopqrst",
        "12345678901234567890",
        "qwertyuiop1234567890",
        "Paritrana Award 2026",
        "selamat datang admin",
        "Sari Wulandari 1990",
        "wulandari@contoh.test!",
    ],
)
def test_ones_that_are_guessed_first_are_refused(password: str):
    with pytest.raises(PasswordCommon):
        check_password(password, ("wulandari@contoh.test", "Sari Wulandari"))


@pytest.mark.parametrize("length", [0, 1, 14, 129, 5000])
def test_length_is_fifteen_to_a_hundred_and_twenty_eight(length: int):
    with pytest.raises(PasswordLength):
        check_password("abcdefgh ijk!mno7"[:length] if length < 15 else "kZ" * (length // 2) + "7" * (length % 2))


@given(st.text(max_size=200))
def test_every_text_is_taken_or_refused_without_a_fault(password: str):
    try:
        check_password(password, ("sari@contoh.test", password[:20]))
    except (PasswordLength, PasswordCommon):
        return
    assert 15 <= len(password) <= 128
