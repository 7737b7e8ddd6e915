"""The signed text of a QR code: it says what was put in, and nothing else is believed."""

import base64
import unicodedata
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st

from paritrana.core.codes import ALPHABET, BODY, make_check
from paritrana.signing import Key
from paritrana.signing.compact import LONGEST, Claim, NotClaimable, make, read, verify
from paritrana.signing.faults import Altered, Refused, UnknownKey, Unreadable

KEY = Key(bytes(range(32)))
KEYS = {KEY.id: KEY.public}
CODE = "7QK42M9XH3TC8WP"
CLAIM = Claim(
    CODE + make_check(CODE), "Kabupaten Lombok Timur", "Peringkat I", "Kabupaten/Kota", "Paritrana NTB 2024",
    date(2026, 11, 21),
)  # fmt: skip

shown = st.characters(exclude_categories=("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"))
texts = st.text(shown, max_size=300).map(lambda text: unicodedata.normalize("NFC", text)).filter(lambda t: len(t) < 301)
claims = st.builds(
    Claim,
    code=st.text(ALPHABET, min_size=BODY, max_size=BODY).map(lambda body: body + make_check(body)),
    recipient=texts.filter(bool),
    title=texts.map(lambda text: text[:80]).filter(lambda text: unicodedata.is_normalized("NFC", text)),
    category=st.text(shown, max_size=30).filter(lambda text: unicodedata.is_normalized("NFC", text)),
    cycle=st.text(shown, max_size=30).filter(lambda text: unicodedata.is_normalized("NFC", text)),
    issued_on=st.dates(date(2000, 1, 1), date(2000, 1, 1) + timedelta(days=65535)),
)


@given(claims)
def test_a_claim_comes_back_as_it_was_signed(claim: Claim):
    text = make(claim, KEY)
    assert verify(text, KEYS) == claim
    assert read(text).key == KEY.id
    assert text == make(claim, KEY)


@pytest.mark.parametrize(
    "name",
    [
        "Kabupaten Kota Baru & Anak <Usaha> d'Oro",
        "吉祥寺市 東京都",
        "ᬓᬪᬸᬧᬢᬾᬦ᭄ ᬓᬭᬗᬲᭂᬫ᭄",
        "Ω" * 300,
        "ꦏ" * 300,
        "A" * 300,
        "é" * 300,
    ],
)
def test_other_scripts_and_long_names_come_back(name: str):
    claim = replace(CLAIM, recipient=name)
    assert verify(make(claim, KEY), KEYS) == claim


def test_every_flipped_bit_is_refused(figures_of: Callable[..., None]):
    raw = base64.b32decode(_padded(make(CLAIM, KEY)))
    for bit in range(len(raw) * 8):
        changed = bytearray(raw)
        changed[bit // 8] ^= 1 << bit % 8
        with pytest.raises(Refused):
            verify(base64.b32encode(bytes(changed)).decode().rstrip("="), KEYS)
    figures_of("certificate", promises=["P28"], mutants=len(raw) * 8, accepted=0, guesses=0, found=0,
               control=verify(make(CLAIM, KEY), KEYS) == CLAIM)  # fmt: skip


def test_every_other_sign_of_the_text_is_refused():
    text = make(CLAIM, KEY)
    for place in range(len(text)):
        for bit in range(7):
            changed = text[:place] + chr(ord(text[place]) ^ 1 << bit) + text[place + 1 :]
            with pytest.raises(Refused):
                verify(changed, KEYS)


def test_every_cut_and_every_addition_is_refused():
    text = make(CLAIM, KEY)
    for place in range(len(text)):
        for changed in (
            text[:place],
            text[place + 1 :],
            text[:place] + "A" + text[place:],
            text[:place] + text[place + 1 :],
        ):
            if changed != text:
                with pytest.raises(Refused):
                    verify(changed, KEYS)
    for added in ("A", "AA", "A" * 8, "=", "\n", " "):
        with pytest.raises(Refused):
            verify(text + added, KEYS)


def test_spare_bits_at_the_end_are_none():
    """Texts whose length in bits is no multiple of five would have several spellings."""
    for extra in range(5):
        text = make(replace(CLAIM, cycle="x" * (10 + extra)), KEY)
        last = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".index(text[-1])
        for other in range(32):
            if other != last:
                with pytest.raises(Refused):
                    verify(text[:-1] + "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"[other], KEYS)


def test_another_key_is_named_or_found_out():
    stranger = Key(bytes(32))
    with pytest.raises(UnknownKey, match=stranger.id):
        verify(make(CLAIM, stranger), KEYS)
    with pytest.raises(Altered):
        verify(make(CLAIM, stranger), {stranger.id: KEY.public})


def test_another_version_is_not_guessed_at():
    raw = bytearray(base64.b32decode(_padded(make(CLAIM, KEY))))
    raw[0] = 2
    with pytest.raises(Unreadable, match="another version"):
        verify(base64.b32encode(bytes(raw)).decode().rstrip("="), KEYS)


@pytest.mark.parametrize(
    "change",
    [
        {"recipient": ""}, {"recipient": "a\x1fb"}, {"title": "a\nb"}, {"category": "e\u0301"}, {"cycle": "\u202e"},
        {"recipient": "a\u200bb"}, {"recipient": "\ud800"}, {"recipient": "x" * LONGEST}, {"code": CLAIM.code.lower()},
        {"code": CODE + ("0" if make_check(CODE) != "0" else "1")}, {"code": ""}, {"issued_on": date(1999, 12, 31)},
        {"issued_on": date(2200, 1, 1)},
    ],
)  # fmt: skip
def test_what_could_not_be_read_back_is_not_signed(change):
    with pytest.raises(NotClaimable):
        make(replace(CLAIM, **change), KEY)


@pytest.mark.parametrize(
    "texts", ["a\x1fb\x1fc", "a\x1fb\x1fc\x1fd\x1fe", "\x1fb\x1fc\x1fd", "a\n\x1fb\x1fc\x1fd", "e\u0301\x1fb\x1fc\x1fd"]
)
def test_a_signature_over_another_form_is_refused(texts: str):
    """Also our own key says nothing that `make` does not write."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    said = base64.b32decode(_padded(make(CLAIM, KEY)))[:21] + texts.encode()
    signature = Ed25519PrivateKey.from_private_bytes(KEY.seed).sign(b"paritrana-certificate/1\n" + said)
    with pytest.raises(Altered):
        verify(base64.b32encode(said + signature).decode().rstrip("="), KEYS)


def test_a_stranger_verifies_the_text_from_its_description():
    raw = base64.b32decode(_padded(make(CLAIM, KEY)))
    said, signature = raw[:-64], raw[-64:]
    Ed25519PublicKey.from_public_bytes(KEY.public).verify(signature, b"paritrana-certificate/1\n" + said)
    assert said[0] == 1
    assert said[1:9].hex() == KEY.id
    assert int.from_bytes(said[19:21], "big") == (date(2026, 11, 21) - date(2000, 1, 1)).days
    assert said[21:].decode().split("\x1f") == [CLAIM.recipient, CLAIM.title, CLAIM.category, CLAIM.cycle]
    assert base64.b32encode(said[9:19]).translate(
        bytes.maketrans(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", ALPHABET.encode())
    ) == CLAIM.code.encode()  # fmt: skip


def _padded(text: str) -> str:
    return text + "=" * (-len(text) % 8)
