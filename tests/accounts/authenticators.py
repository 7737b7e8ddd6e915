"""What people hold in their hands: an app that makes codes, and a security key that answers a browser's questions."""

import base64
import hashlib
import json
import secrets
from typing import Any

import cbor2
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from passlib.totp import TOTP

PRESENT, VERIFIED, ATTESTED = 0x01, 0x04, 0x40


def url64(content: bytes) -> str:
    """base64url without padding, as browsers write it."""
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


class App:
    """An app on a phone, set up with the secret that a page shows."""

    def __init__(self, secret: str) -> None:
        self.totp = TOTP(key=secret.replace(" ", ""), format="base32")

    def code(self, at: Any) -> str:
        """The code of this moment."""
        return str(self.totp.generate(time=at).token)


class SecurityKey:
    """A key as in WebAuthn level 2: P-256, no attestation. `counts` says whether it counts its signatures."""

    def __init__(self, origin: str = "http://localhost", host: str = "localhost", *, counts: bool = False) -> None:
        self.origin, self.host, self.counts = origin, host, counts
        self.key = generate_private_key(SECP256R1())
        self.id = secrets.token_bytes(32)
        self.count = 0

    def make(self, options: dict[str, Any], **changes: Any) -> str:
        """The answer to a question for a new passkey."""
        data = self._data(PRESENT | VERIFIED | ATTESTED) + bytes(16) + len(self.id).to_bytes(2, "big") + self.id
        numbers = self.key.public_key().public_numbers()
        public = {1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big")}
        attested = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data + cbor2.dumps(public)})
        return self._answer("webauthn.create", options, {"attestationObject": url64(attested)}, **changes)

    def use(self, options: dict[str, Any], *, verified: bool = True, **changes: Any) -> str:
        """The answer to a question for a known passkey."""
        self.count += self.counts
        data = self._data(PRESENT | (VERIFIED if verified else 0))
        client = self._client("webauthn.get", options, **changes)
        signed = self.key.sign(data + hashlib.sha256(client).digest(), ECDSA(SHA256()))
        return self._answer(
            "webauthn.get", options, {"authenticatorData": url64(data), "signature": url64(signed)}, **changes
        )

    def _data(self, flags: int) -> bytes:
        return hashlib.sha256(self.host.encode()).digest() + bytes([flags]) + self.count.to_bytes(4, "big")

    def _client(self, kind: str, options: dict[str, Any], **changes: Any) -> bytes:
        said = {"type": kind, "challenge": options["challenge"], "origin": self.origin, **changes}
        return json.dumps(said).encode()

    def _answer(self, kind: str, options: dict[str, Any], response: dict[str, str], **changes: Any) -> str:
        response["clientDataJSON"] = url64(self._client(kind, options, **changes))
        return json.dumps({"id": url64(self.id), "rawId": url64(self.id), "type": "public-key", "response": response})
