"""The code of a certificate: fifteen random signs and a check sign, in Crockford's base 32.

The check is a weighted sum in the field of 32 elements, so that every single wrong sign and every exchange of two
signs is found. A sign that people confuse is read as the one it is taken for.
"""

from typing import Final

ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
BODY: Final = 15  # random signs before the check sign
GROUP: Final = 4

_VALUE: Final = {sign: place for place, sign in enumerate(ALPHABET)} | {"O": 0, "I": 1, "L": 1}
_FIELD: Final = 0b100101  # x^5 + x^2 + 1, whose root x runs through all 31 elements but zero
_BETWEEN: Final = str.maketrans("", "", " -–—\u2010\u2011\u00a0\t")


def make_check(body: str) -> str:
    """The check sign of fifteen signs of the alphabet. Raises `ValueError` for anything else."""
    if len(body) != BODY or any(sign not in ALPHABET for sign in body):
        raise ValueError("the body of a code is fifteen signs of the alphabet")
    total = 0
    for sign in body:
        total = _times_x(total ^ ALPHABET.index(sign))
    return ALPHABET[total]


def _times_x(value: int) -> int:
    doubled = value << 1
    return doubled ^ _FIELD if doubled & 0b100000 else doubled


def parse(text: str) -> str | None:
    """The sixteen signs that somebody typed, without dashes and in capitals; None where it is no code.

    Case, blanks and dashes do not count; O is read as 0, I and L as 1. A code whose check does not fit is no code.
    """
    signs = text.translate(_BETWEEN).upper()
    if len(signs) != BODY + 1 or any(sign not in _VALUE for sign in signs):
        return None
    code = "".join(ALPHABET[_VALUE[sign]] for sign in signs)
    return code if make_check(code[:BODY]) == code[BODY] else None


def shown(code: str) -> str:
    """A code in groups of four, as it is printed: `7QK4-2M9X-H3TC-8WPA`."""
    return "-".join(code[place : place + GROUP] for place in range(0, len(code), GROUP))
