"""Passkeys by the library webauthn: what a browser is asked, and whether its answer is one.

Every question carries a challenge of its own that the session keeps; it is taken out before the answer is looked at,
and the row of the passkey remembers the last one, so that no answer counts twice.
"""

import hashlib
import ipaddress
import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from sqlalchemy import or_, update
from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    options_to_json,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from paritrana.accounts.models import Account, SecondFactor
from paritrana.accounts.one_time import ISSUER
from paritrana.database import rows_changed

PATIENCE: Final = 120_000  # milliseconds a browser waits for the person
LONGEST: Final = 20_000  # characters of an answer
# What the library raises for an answer that is none: its parts are read one after the other, as they come.
_NO_ANSWER: Final = (WebAuthnException, ValueError, TypeError, LookupError, AttributeError, RecursionError)


@dataclass(frozen=True, slots=True)
class Question:
    """What the browser is asked, as JSON, and the challenge in it that the session keeps."""

    options: str
    challenge: str


@dataclass(frozen=True, slots=True)
class NewPasskey:
    """A passkey that a browser just made; texts are base64url."""

    credential_id: str
    public_key: str
    sign_count: int

    @property
    def fingerprint(self) -> str:
        """The SHA-256 of the public key."""
        return fingerprint_of(self.public_key)


class Site:
    """The site that passkeys are bound to: the host of `base_url`. A bare network address cannot have any."""

    def __init__(self, base_url: str) -> None:
        self.origin = base_url
        self.host = urlsplit(base_url).hostname or ""

    @property
    def possible(self) -> bool:
        """Whether browsers make passkeys for this site."""
        try:
            ipaddress.ip_address(self.host)
        except ValueError:
            return True
        return False

    def ask_for_new(self, account: Account, known: Sequence[SecondFactor]) -> Question:
        """What makes a browser offer a new passkey; one that the account has already is not offered again."""
        challenge = secrets.token_bytes(32)
        options = generate_registration_options(
            rp_id=self.host,
            rp_name=ISSUER,
            user_id=hashlib.sha256(account.ref.encode()).digest(),
            user_name=account.email,
            user_display_name=account.name,
            challenge=challenge,
            timeout=PATIENCE,
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.DISCOURAGED,
                user_verification=UserVerificationRequirement.PREFERRED,
            ),
            exclude_credentials=_described(known),
        )
        return Question(options_to_json(options), bytes_to_base64url(challenge))

    def ask_for_known(self, known: Sequence[SecondFactor]) -> Question:
        """What makes a browser offer one of these passkeys."""
        challenge = secrets.token_bytes(32)
        options = generate_authentication_options(
            rp_id=self.host,
            challenge=challenge,
            timeout=PATIENCE,
            allow_credentials=_described(known),
            user_verification=UserVerificationRequirement.PREFERRED,
        )
        return Question(options_to_json(options), bytes_to_base64url(challenge))

    def read_new(self, answer: str, challenge: str) -> NewPasskey | None:
        """The passkey that was made; None where this is no answer to that challenge on this site."""
        try:
            made = verify_registration_response(
                credential=_sent(answer),
                expected_challenge=base64url_to_bytes(challenge),
                expected_rp_id=self.host,
                expected_origin=self.origin,
            )
        except _NO_ANSWER:
            return None
        return NewPasskey(
            bytes_to_base64url(made.credential_id), bytes_to_base64url(made.credential_public_key), made.sign_count
        )

    def take(
        self, answer: str, challenge: str, known: Sequence[SecondFactor], *, verified: bool
    ) -> SecondFactor | None:
        """The passkey of `known` that answered; None where none did, or the answer was taken before.

        `verified` asks for a device that looked at its person too (a finger, a face, a number), as where a passkey
        stands in place of the password. The caller commits.
        """
        try:
            sent = _sent(answer)
            factor = next((one for one in known if one.credential_id == sent.get("id")), None)
            if factor is None or factor.public_key is None or factor.fingerprint != fingerprint_of(factor.public_key):
                return None
            said = verify_authentication_response(
                credential=sent,
                expected_challenge=base64url_to_bytes(challenge),
                expected_rp_id=self.host,
                expected_origin=self.origin,
                credential_public_key=base64url_to_bytes(factor.public_key),
                credential_current_sign_count=factor.sign_count,
                require_user_verification=verified,
            )
        except _NO_ANSWER:
            return None
        fresh = or_(SecondFactor.last_challenge.is_(None), SecondFactor.last_challenge != challenge)
        mine = update(SecondFactor).where(
            SecondFactor.id == factor.id,
            SecondFactor.removed_at.is_(None),
            SecondFactor.sign_count == factor.sign_count,
            fresh,
        )
        return factor if rows_changed(mine.values(last_challenge=challenge, sign_count=said.new_sign_count)) else None


def fingerprint_of(public_key: str) -> str:
    """The SHA-256 of a public key in base64url."""
    return hashlib.sha256(base64url_to_bytes(public_key)).hexdigest()


def _described(known: Sequence[SecondFactor]) -> list[PublicKeyCredentialDescriptor]:
    return [
        PublicKeyCredentialDescriptor(id=base64url_to_bytes(one.credential_id)) for one in known if one.credential_id
    ]


def _sent(answer: str) -> dict[str, Any]:
    """What the browser sent. Raises `ValueError`."""
    if len(answer) > LONGEST:
        raise ValueError("too long")
    found = json.loads(answer)
    if not isinstance(found, dict):
        raise ValueError("no object")
    return found
