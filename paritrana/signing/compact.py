"""The signed text in the QR code of a certificate: what it says, checked without network by one public key.

Bytes, then base 32 in capitals without padding, which QR codes hold in five and a half bits each::

    1          version, 0x01
    8          key id: beginning of the SHA-256 of the Ed25519 public key
    10         code of the certificate: sixteen signs of Crockford's base 32
    2          day of issue, days since 2000-01-01, big endian
    ...        recipient, title, category, cycle in UTF-8, U+001F between them
    64         Ed25519 signature over `paritrana-certificate/1\\n` and all of the above

Every claim has one text only: what has another spelling of the same bytes is refused.
"""

import base64
import binascii
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from paritrana.core.codes import ALPHABET, parse
from paritrana.core.errors import ParitranaError
from paritrana.core.words import N_
from paritrana.signing import Key
from paritrana.signing.faults import Altered, UnknownKey, Unreadable

PURPOSE: Final = "certificate"  # the purpose of the key that signs claims
DOMAIN: Final = b"paritrana-certificate/1\n"
VERSION: Final = 1
FIRST_DAY: Final = date(2000, 1, 1)
LONGEST: Final = 4000  # characters: what a QR code holds, with room for an address before it

_KEY, _CODE, _DAYS, _SIGNATURE = 8, 10, 2, 64
_HEAD: Final = 1 + _KEY + _CODE + _DAYS
_BETWEEN: Final = "\x1f"
_LETTERS: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")


class NotClaimable(ParitranaError):
    """A text cannot stand in a signed code: too long, empty, not in normal form, or with control characters.

    Params: `text`.
    """

    code = "not_claimable"
    status = 422
    message = N_("“%(text)s” cannot be signed: it is empty, too long, or holds characters that nobody can see.")


@dataclass(frozen=True, slots=True)
class Claim:
    """What is printed on a certificate and signed. `code` has sixteen signs and no dashes; texts as on the paper."""

    code: str
    recipient: str
    title: str
    category: str
    cycle: str
    issued_on: date


@dataclass(frozen=True, slots=True)
class Reading:
    """A payload taken apart and not yet verified. `key` is the id that it names, in hexadecimal digits."""

    claim: Claim
    key: str
    said: bytes
    signature: bytes


def make(claim: Claim, key: Key) -> str:
    """The signed text of a claim: capitals and the digits 2 to 7. The same claim and key give the same text.

    Raises `NotClaimable`.
    """
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    said = bytes([VERSION]) + bytes.fromhex(key.id) + _body(claim)
    text = _written(said + Ed25519PrivateKey.from_private_bytes(key.seed).sign(DOMAIN + said))
    if len(text) > LONGEST:
        raise NotClaimable(text=_longest(claim))
    return text


def read(text: str) -> Reading:
    """Take a payload apart without verifying it. Raises `Unreadable`, and `Altered` where only a part is there."""
    if not text or len(text) > LONGEST or not _LETTERS.issuperset(text):
        raise Unreadable
    try:
        raw = base64.b32decode(text + "=" * (-len(text) % 8))
    except binascii.Error:
        raise Altered(N_("The text of the code is cut or was changed.")) from None
    if _written(raw) != text or len(raw) <= _HEAD + _SIGNATURE:
        raise Altered(N_("The text of the code is cut or was changed."))
    if raw[0] != VERSION:
        raise Unreadable(N_("The code is written in another version than this program knows."))
    said, signature = raw[:-_SIGNATURE], raw[-_SIGNATURE:]
    try:
        claim = _claim(said[1 + _KEY :])
    except ValueError:
        raise Altered(N_("The text of the code is cut or was changed.")) from None
    return Reading(claim, said[1 : 1 + _KEY].hex(), said, signature)


def verify(text: str, keys: Mapping[str, bytes]) -> Claim:
    """What a payload says, when one of `keys` (id -> 32 bytes of the public key) signed it.

    Raises `Altered`, `UnknownKey`, `Unreadable`.
    """
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    found = read(text)
    if found.key not in keys:
        raise UnknownKey(
            N_("The code is signed with the key %(key)s, which the list of keys does not name."), key=found.key
        )
    try:
        Ed25519PublicKey.from_public_bytes(keys[found.key]).verify(found.signature, DOMAIN + found.said)
    except InvalidSignature:
        raise Altered(N_("The text of the code was changed after it was signed.")) from None
    return found.claim


def _body(claim: Claim) -> bytes:
    if parse(claim.code) != claim.code:
        raise NotClaimable(text=claim.code)
    number = 0
    for sign in claim.code:
        number = number * len(ALPHABET) + ALPHABET.index(sign)
    days = (claim.issued_on - FIRST_DAY).days
    if not 0 <= days < 1 << 8 * _DAYS:
        raise NotClaimable(text=claim.issued_on.isoformat())
    texts = (claim.recipient, claim.title, claim.category, claim.cycle)
    for text in texts:
        if not _plain(text):
            raise NotClaimable(text=text)
    if not claim.recipient:
        raise NotClaimable(text=claim.recipient)
    return number.to_bytes(_CODE, "big") + days.to_bytes(_DAYS, "big") + _BETWEEN.join(texts).encode()


def _claim(body: bytes) -> Claim:
    """The inverse of `_body`. Raises `ValueError` for whatever `_body` does not write."""
    number, code = int.from_bytes(body[:_CODE], "big"), ""
    for _ in range(_CODE * 8 // 5):
        number, place = divmod(number, len(ALPHABET))
        code = ALPHABET[place] + code
    day = FIRST_DAY + timedelta(days=int.from_bytes(body[_CODE : _CODE + _DAYS], "big"))
    recipient, title, category, cycle = body[_CODE + _DAYS :].decode().split(_BETWEEN)
    claim = Claim(code, recipient, title, category, cycle, day)
    if parse(code) != code or not recipient or not all(map(_plain, (recipient, title, category, cycle))):
        raise ValueError
    return claim


def _plain(text: str) -> bool:
    """Whether a text is in normal form C and has no control, format, private or half character."""
    seen = not any(unicodedata.category(sign) in {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"} for sign in text)
    return seen and unicodedata.is_normalized("NFC", text)


def _longest(claim: Claim) -> str:
    return max((claim.recipient, claim.title, claim.category, claim.cycle), key=len)


def _written(raw: bytes) -> str:
    return base64.b32encode(raw).decode().rstrip("=")
