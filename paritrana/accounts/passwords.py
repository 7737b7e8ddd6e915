"""Which passwords are accepted: long ones that are not made of common or own words.

The profile `nist` has no composition rule and no expiry. The profile `bssn` adds both: letters of both cases, digits
and other signs, another password at every change, and a last day of use.
"""

import functools
import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from importlib import resources
from itertools import pairwise
from typing import Literal

from flask_security.utils import verify_password

from paritrana.core.errors import ParitranaError
from paritrana.core.words import N_

Profile = Literal["nist", "bssn"]

SHORTEST = 15  # characters
LONGEST = 128
# What must be left of a password when every guessable word is taken out of it, and how many characters must differ.
LEFT_OVER = 6
DIFFERENT = 6
OWN_WORDS = ("paritrana", "jamsostek", "bpjs", "ketenagakerjaan", "award", "nominasi", "piagam")


class PasswordLength(ParitranaError):
    """A password is too short or too long. Params: `low`, `high`."""

    code = "password_length"
    status = 422
    message = N_("Choose a password of %(low)s to %(high)s characters. A sentence is easy to remember.")


class PasswordCommon(ParitranaError):
    """A password is made of words that are guessed first."""

    code = "password_common"
    status = 422
    message = N_("This password is easy to guess. Choose words that do not stand in your name or in common lists.")


class PasswordClasses(ParitranaError):
    """A password lacks a kind of characters that the profile asks for."""

    code = "password_classes"
    status = 422
    message = N_("Use small and capital letters, digits and another sign, such as a full stop or a space.")


class PasswordSame(ParitranaError):
    """The new password is the old one."""

    code = "password_same"
    status = 422
    message = N_("This is the password that you had. Choose another one.")


CLASSES = (str.islower, str.isupper, str.isdigit, lambda sign: not sign.isalnum())


def asks_classes(profile: Profile) -> bool:
    """Whether a profile asks for several kinds of characters and for another password from time to time."""
    return profile == "bssn"


def refuse_same(password: str, hashed: str | None, profile: Profile) -> None:
    """Refuse the old password as the new one where the profile asks for another. Raises `PasswordSame`."""
    if asks_classes(profile) and hashed and len(password) <= LONGEST and verify_password(password, hashed):
        raise PasswordSame


def is_over(set_at: datetime | None, *, days: int, profile: Profile, at: datetime) -> bool:
    """Whether a password has been in use for longer than the profile allows; one of an unknown day has."""
    return asks_classes(profile) and (set_at is None or at - set_at > timedelta(days=days))


def check_password(password: str, about: Iterable[str] = (), profile: Profile = "nist") -> None:
    """Refuse a password that is too short, too long or easy to guess; it is taken exactly as typed.

    `about` are texts about the person, such as the name and e-mail address: their words count as guessable.
    Raises `PasswordLength`, `PasswordCommon`, `PasswordClasses`.
    """
    if not SHORTEST <= len(password) <= LONGEST:
        raise PasswordLength(low=SHORTEST, high=LONGEST)
    plain = password.casefold()
    words = {word for text in about for word in re.split(r"[\W_]+", text.casefold()) if len(word) >= 3}
    if _too_plain(plain) or len(_without(plain, words.union(OWN_WORDS, common_words()))) < LEFT_OVER:
        raise PasswordCommon
    if asks_classes(profile) and not all(any(map(one, password)) for one in CLASSES):
        raise PasswordClasses


def _too_plain(plain: str) -> bool:
    """Few different characters, one short piece repeated, or one run along the alphabet."""
    if len(set(plain)) < DIFFERENT or re.fullmatch(r"(.{1,8}?)\1+.{0,7}", plain, re.DOTALL):
        return True
    steps = [ord(right) - ord(left) for left, right in pairwise(plain)]
    return max(steps.count(1), steps.count(-1)) > len(steps) // 2


def _without(plain: str, words: Iterable[str]) -> str:
    """The letters and digits that are left when every word, the longest first, and every year is taken out."""
    for word in sorted(words, key=lambda word: (-len(word), word)):
        plain = plain.replace(word, " ")
    return re.sub(r"(19|20)\d\d|[\W_]+", "", plain)


@functools.cache
def common_words() -> frozenset[str]:
    """The words of `common_passwords.txt`, in small letters."""
    text = (resources.files("paritrana.accounts") / "common_passwords.txt").read_text(encoding="utf-8")
    return frozenset(line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#"))
