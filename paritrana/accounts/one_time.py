"""Codes of an app (RFC 6238) by Flask-Security, with what it leaves open: a code works once, and keys are rotated.

The secret of each app is stored encrypted with a key of the instance folder, `keys/totp.key`. An older key beside it,
`totp-….key`, still opens what it closed; what is opened with it is closed anew with the key in use.
"""

import hashlib
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from flask_security import Totp
from passlib.exc import UsedTokenError
from passlib.totp import TOTP, AppWallet, TotpMatch
from sqlalchemy import or_, update

from paritrana.accounts.models import SecondFactor
from paritrana.core.errors import ParitranaError
from paritrana.core.words import N_
from paritrana.database import rows_changed
from paritrana.signing import KeyMissing, secret_keys

PURPOSE: Final = "totp"
ISSUER: Final = "Paritrana"
STEP: Final = 30  # seconds; a code of the step before or after is taken, for clocks that are a little off


class SecondFactorKeyMissing(ParitranaError):
    """The key that opens the secrets of apps is missing, or another one lies in its place."""

    code = "second_factor_key_missing"
    status = 503
    message = N_("Codes cannot be checked at the moment. Tell the administrator, or use a passkey.")


class OneTimeCodes(Totp):
    """The codes of this installation at the moments that `now` tells."""

    def __init__(self, folder: Path, now: Callable[[], datetime]) -> None:
        try:
            keys = secret_keys(folder, PURPOSE)
        except KeyMissing as fault:
            raise SecondFactorKeyMissing from fault
        wallet = AppWallet({name: seed.hex() for name, seed in keys.items()}, default_tag=next(iter(keys)))
        self._totp = TOTP.using(issuer=ISSUER, wallet=wallet, now=lambda: now().timestamp())

    def make_secret(self) -> str:
        """A new secret, encrypted."""
        return str(self.generate_totp_secret())

    def fingerprint(self, secret: str) -> str:
        """The SHA-256 of the secret itself, which has 160 random bits."""
        return hashlib.sha256(self._open(secret).key).hexdigest()

    def address(self, secret: str, name: str) -> str:
        """What the picture for the app says; `name` is how the app lists the account."""
        return str(self._open(secret).to_uri(name))

    def typed(self, secret: str) -> str:
        """The secret in groups of four, for an app that reads no picture."""
        return str(self._open(secret).pretty_key(sep=" "))

    def fits(self, code: str, secret: str) -> int | None:
        """The time step whose code this is, while an app is being set up; None where it is none of now."""
        match: list[TotpMatch] = []

        class Trial:
            last_counter = None

        taken = self._verify(code, secret, Trial(), lambda _factor, found: match.append(found))
        return match[0].counter if taken else None

    def take(self, code: str, factor: SecondFactor) -> bool:
        """Whether this is a code of the app now that was not taken before; it is taken then. The caller commits."""
        if factor.secret is None or self.fingerprint(factor.secret) != factor.fingerprint:
            return False
        if not self._verify(code, factor.secret, factor, _take_once):
            return False
        opened = self._open(factor.secret)
        if opened.changed:
            factor.secret = str(opened.to_json(encrypt=True))
        return True

    def get_last_counter(self, factor: Any) -> int | None:
        """The time step of the last code that was taken."""
        counter: int | None = factor.last_counter
        return counter

    def set_last_counter(self, factor: Any, match: TotpMatch) -> None:
        """Note that a code was taken. Raises `UsedTokenError` where another request took it meanwhile."""
        self._noted(factor, match)

    def _verify(self, code: str, secret: str, factor: Any, noted: Callable[[Any, TotpMatch], None]) -> bool:
        self._noted = noted
        self._open(secret)
        return bool(self.verify_totp(code, secret, factor, window=STEP))

    def _open(self, secret: str) -> TOTP:
        try:
            return self._totp.from_source(secret)
        except (KeyError, ValueError, TypeError) as fault:
            raise SecondFactorKeyMissing from fault


def _take_once(factor: SecondFactor, match: TotpMatch) -> None:
    """One statement, so that of two requests with one code one fails."""
    unused = or_(SecondFactor.last_counter.is_(None), SecondFactor.last_counter < match.counter)
    mine = update(SecondFactor).where(SecondFactor.id == factor.id, SecondFactor.removed_at.is_(None), unused)
    if not rows_changed(mine.values(last_counter=match.counter)):
        raise UsedTokenError
