"""Keys of this installation and what they sign: Ed25519 over canonical JSON (RFC 8032, `core.chain.canon`).

A key file holds the 32 bytes of a private key as base64 and is readable by its owner only. `<purpose>.key` signs;
every `<purpose>-….key` beside it is an older key that signs no more, while what it signed still verifies. The library
is loaded when something is signed or verified, and by nothing else.
"""

import base64
import hashlib
import json
import os
import re
import secrets
from binascii import Error as NotBase64
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from paritrana.core.chain import NotCanonical, canon
from paritrana.core.errors import ParitranaError
from paritrana.core.words import N_

RECEIPT: Final = "receipt"  # the purpose of the key that signs receipts
CHECKPOINT: Final = "checkpoint"  # of the key that signs checkpoints of the record
SEED: Final = 32  # bytes of an Ed25519 private key
LARGEST: Final = 64 * 1024  # bytes of a signed document or a list of keys; real ones have a few hundred
_KEY_ID: Final = re.compile(r"[0-9a-f]{16}")


class KeyMissing(ParitranaError):
    """The key that has to sign is missing or cannot be read, so nothing leaves unsigned."""

    code = "signing_key_missing"
    status = 503
    message = N_("The receipt cannot be signed at the moment. What you sent is kept; open the receipt again later.")


class UnsafeKey(Exception):
    """A key file can be read by others, or is no key; the message is one sentence for the operator."""


class NotSigned(Exception):
    """A document is not what a known key has signed; the message is one sentence that says why."""


@dataclass(frozen=True, slots=True)
class Key:
    """One private key. Its id is the beginning of the SHA-256 of the public key."""

    seed: bytes

    @property
    def public(self) -> bytes:
        """The 32 bytes of the public key."""
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        return Ed25519PrivateKey.from_private_bytes(self.seed).public_key().public_bytes_raw()

    @property
    def id(self) -> str:
        """16 hexadecimal digits."""
        return key_id(self.public)

    def sign(self, document: Mapping[str, Any]) -> dict[str, Any]:
        """The document with the key's id under `key` and the signature over all of that, as base64.

        The same document gives the same signature. Raises `NotCanonical`.
        """
        said = {**document, "key": self.id}
        return {**said, "signature": base64.b64encode(self.signature(canon(said))).decode()}

    def signature(self, content: bytes) -> bytes:
        """The 64 bytes of the signature over these bytes."""
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        return Ed25519PrivateKey.from_private_bytes(self.seed).sign(content)


def key_id(public: bytes) -> str:
    """The name of a public key: 16 hexadecimal digits."""
    return hashlib.sha256(public).hexdigest()[:16]


def make_key(folder: Path, purpose: str) -> None:
    """Make the key of a purpose where there is none; several processes may start at once.

    Raises `UnsafeKey` for a key that is there and readable by others, and `OSError`.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / f"{purpose}.key"
    if not path.exists():
        fresh = folder / f".{purpose}-{secrets.token_hex(8)}"
        handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(base64.b64encode(secrets.token_bytes(SEED)) + b"\n")
                file.flush()
                os.fsync(file.fileno())
            with suppress(FileExistsError):
                os.link(fresh, path)  # whole or not at all, and never over a key that came meanwhile
        finally:
            os.unlink(fresh)
    for one in _files(folder, purpose):
        if one.stat().st_mode & 0o077:
            raise UnsafeKey(f"The key file {one.name} can be read by others. Run: chmod 600 on it.")


def signing_key(folder: Path, purpose: str) -> Key:
    """The key that signs now. Raises `KeyMissing`."""
    try:
        return _read(folder / f"{purpose}.key")
    except (OSError, UnsafeKey) as fault:
        raise KeyMissing from fault


def secret_keys(folder: Path, purpose: str) -> dict[str, bytes]:
    """The private keys of a purpose by their ids, the one in use first: for what is encrypted or hashed, not signed.

    Raises `KeyMissing` where the one in use cannot be read; older ones that cannot are left out.
    """
    now = signing_key(folder, purpose)
    found = {now.id: now.seed}
    for path in _files(folder, purpose):
        with suppress(OSError, UnsafeKey):
            key = _read(path)
            found.setdefault(key.id, key.seed)
    return found


def public_keys(folder: Path, purpose: str) -> dict[str, bytes]:
    """The public keys of a purpose by their ids: the one that signs and those before it. Unreadable ones are left out.

    Raises `KeyMissing` when there is none.
    """
    found = {}
    for path in _files(folder, purpose):
        try:
            key = _read(path)
        except (OSError, UnsafeKey):
            continue
        found[key.id] = key.public
    if not found:
        raise KeyMissing
    return found


def written_keys(keys: Mapping[str, bytes]) -> dict[str, Any]:
    """Public keys as they are published, for `read_keys`."""
    return {"keys": {name: base64.b64encode(public).decode() for name, public in sorted(keys.items())}}


def read_keys(text: bytes) -> dict[str, bytes]:
    """The public keys of a published list. Raises `NotSigned` for anything else, also for an id of another key."""
    listed = _read_json(text, "The list of keys").get("keys")
    if not isinstance(listed, dict) or not listed:
        raise NotSigned("The list of keys names no key.")
    found = {}
    for name, written in listed.items():
        public = _decoded(written)
        if len(public) != SEED or key_id(public) != name:
            raise NotSigned(f"The key {name} of the list is not the key of this name.")
        found[name] = public
    return found


def read_document(text: bytes) -> dict[str, Any]:
    """A signed document as it was sent or scanned. Raises `NotSigned`."""
    return _read_json(text, "The receipt")


def verify(document: Mapping[str, Any], keys: Mapping[str, bytes]) -> dict[str, Any]:
    """What a signed document says, without its signature. Raises `NotSigned` where no known key has signed that."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    said = {name: value for name, value in document.items() if name != "signature"}
    name = said.get("key")
    if not isinstance(name, str) or not _KEY_ID.fullmatch(name) or "signature" not in document:
        raise NotSigned("The receipt is not signed.")
    if name not in keys:
        raise NotSigned(f"The receipt is signed with the key {name}, which the list does not name.")
    try:
        Ed25519PublicKey.from_public_bytes(keys[name]).verify(_decoded(document["signature"]), canon(said))
    except (InvalidSignature, NotCanonical):
        raise NotSigned("The receipt was changed after it was signed, or another key signed it.") from None
    return said


def read_device_key(written: str) -> str:
    """The public key of a device in its one spelling: P-256, SubjectPublicKeyInfo (DER) as base64.

    Raises `NotSigned` for anything else.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key

    try:
        found = load_der_public_key(_decoded(written))
    except (ValueError, UnsupportedAlgorithm):
        raise NotSigned("This is no public key.") from None
    if not isinstance(found, EllipticCurvePublicKey) or not isinstance(found.curve, SECP256R1):
        raise NotSigned("This is no public key on the curve P-256.")
    return base64.b64encode(found.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode()


def device_signed(public_key: str, content: bytes, signature: str) -> bool:
    """Whether the device with this public key signed `content`: ECDSA with SHA-256, r and s of 32 bytes as base64."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
    from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    raw = _decoded(signature)
    key = load_der_public_key(_decoded(public_key))
    if len(raw) != 64 or not isinstance(key, EllipticCurvePublicKey):
        return False
    written = encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
    try:
        key.verify(written, content, ECDSA(SHA256()))
    except InvalidSignature:
        return False
    return True


def _files(folder: Path, purpose: str) -> list[Path]:
    return sorted([*folder.glob(f"{purpose}.key"), *folder.glob(f"{purpose}-*.key")])


def _read(path: Path) -> Key:
    seed = _decoded_key(path.read_bytes())
    if len(seed) != SEED:
        raise UnsafeKey(f"The key file {path.name} holds no key.")
    return Key(seed)


def _decoded_key(text: bytes) -> bytes:
    try:
        return base64.b64decode(text.strip(), validate=True)
    except (NotBase64, ValueError):
        return b""


def _decoded(value: Any) -> bytes:
    if not isinstance(value, str) or not value.isascii():
        return b""
    return _decoded_key(value.encode())


def _read_json(text: bytes, what: str) -> dict[str, Any]:
    if len(text) > LARGEST:
        raise NotSigned(f"{what} is too large.")
    try:
        found = json.loads(text.decode("utf-8"), object_pairs_hook=_no_twins)
    except (ValueError, RecursionError):
        raise NotSigned(f"{what} is not JSON, or names something twice.") from None
    if not isinstance(found, dict):
        raise NotSigned(f"{what} is not a JSON object.")
    return found


def _no_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError
    return found
