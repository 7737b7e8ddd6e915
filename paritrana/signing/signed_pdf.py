"""Whether a PDF is one that this installation signed, byte for byte, and what its code says.

This needs no PDF library, because it understands one form only: the one that `pades` writes. A file has one signature
dictionary, whose ByteRange covers everything but the hexadecimal digits of the signature itself; the key that signed
is one that the list of keys names; and the payload in the metadata is verified like the one in the QR code. Whatever
else a PDF may be, it is no certificate. The standard library and `cryptography` are all that is loaded.
"""

import base64
import binascii
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from paritrana.core.words import N_
from paritrana.signing import NotSigned, key_id
from paritrana.signing.cms import DATA, STAMP_ATTRIBUTE, BadSignature, check_stamp, read, verify
from paritrana.signing.compact import Claim
from paritrana.signing.compact import verify as verify_payload
from paritrana.signing.der import NotDer, first
from paritrana.signing.faults import Altered, UnknownKey, Unreadable, Unsigned

FORMAT: Final = "paritrana-certificate-keys/1"
LARGEST: Final = 25 * 1024 * 1024  # bytes of a PDF that is looked at
LARGEST_KEYS: Final = 1024 * 1024  # bytes of a list of keys
DEVELOPMENT: Final = "Paritrana KUNCI PENGEMBANGAN – bukan untuk piagam resmi"  # how that certificate is named

RANGE: Final = re.compile(rb"/ByteRange \[ 0 (\d{1,10}) (\d{1,10}) (\d{1,10}) {0,30}\] /Contents <")
AFTER: Final = re.compile(
    rb"> /Filter /Adobe\.PPKLite /M \(D:(\d{14})Z\) /Reference \[ << /TransformMethod /DocMDP /TransformParams "
    rb"<< /P 1 /Type /TransformParams /V /1\.2 >> /Type /SigRef >> \] /SubFilter /ETSI\.CAdES\.detached /Type /Sig >>"
)
_DIGITS: Final = re.compile(rb"[0-9a-f]+")
_PAYLOAD: Final = re.compile(rb"<paritrana:payload>([A-Z2-7]{1,5000})</paritrana:payload>")


@dataclass(frozen=True, slots=True)
class Known:
    """A certificate (DER) whose signatures count, with those above it; `name` is its common name."""

    certificate: bytes
    chain: tuple[bytes, ...] = ()

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the certificate in hexadecimal digits."""
        return hashlib.sha256(self.certificate).hexdigest()

    @property
    def name(self) -> str:
        """The common name of its subject, or the whole subject."""
        from cryptography.x509 import load_der_x509_certificate
        from cryptography.x509.oid import NameOID

        subject = load_der_x509_certificate(self.certificate).subject
        names = subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        return str(names[0].value) if names else subject.rfc4514_string()

    @property
    def development(self) -> bool:
        """Whether this is the key that every installation makes for itself, and so says nothing of an office."""
        return self.name == DEVELOPMENT


@dataclass(frozen=True, slots=True)
class CertificateKeys:
    """What the published list of keys names: payload keys by their ids, signers by their fingerprints."""

    payload: Mapping[str, bytes]
    signers: Mapping[str, Known]


@dataclass(frozen=True, slots=True)
class Signed:
    """What a genuine file says. `signed_at` is the signer's own word."""

    payload: str
    claim: Claim
    signer: Known
    signed_at: datetime

    @property
    def fingerprint(self) -> str:
        """The signer's fingerprint."""
        return self.signer.fingerprint


def check(pdf: bytes, keys: CertificateKeys) -> Signed:
    """What a signed PDF says. Raises `Altered`, `Unsigned`, `UnknownKey`, `Unreadable`, each with a sentence."""
    signer, signed_at = check_signature(pdf, keys.signers)
    found = _PAYLOAD.findall(pdf)
    if len(found) != 1:
        raise Unsigned(N_("The file is signed, but carries no code of a certificate."))
    payload = found[0].decode()
    return Signed(payload, verify_payload(payload, keys.payload), signer, signed_at)


def check_signature(pdf: bytes, signers: Mapping[str, Known]) -> tuple[Known, datetime]:
    """Who of `signers` signed the file, and when by the own word. Raises as `check` does."""
    if len(pdf) > LARGEST:
        raise Unreadable(N_("The file is larger than 25 MiB."))
    if not pdf.startswith(b"%PDF-"):
        raise Unreadable
    start, end, signed_at = _form(pdf)
    digits = pdf[start + 1 : end - 1]
    content = pdf[:start] + pdf[end:]
    if len(digits) % 2 or not _DIGITS.fullmatch(digits):
        raise Altered
    raw = bytes.fromhex(digits.decode())
    try:
        der = first(raw).raw
        if raw[len(der) :].strip(b"\0"):
            raise Altered
        signer = _verified(der, content, signers)
    except (NotDer, BadSignature):
        raise Altered from None
    _check_validity(signer, signed_at)
    return signer, signed_at


def _form(pdf: bytes) -> tuple[int, int, datetime]:
    """Where the signature stands, from `<` to after `>`, and when it was made."""
    ranges = pdf.count(b"/ByteRange")
    if not ranges:
        raise Unsigned
    found = RANGE.search(pdf)
    if found is None:
        raise Unsigned(N_("The file is signed in another way than certificates are."))
    start, end, rest = (int(number) for number in found.groups())
    if start != found.end() - 1 or not start < end - 1 < len(pdf) or (after := AFTER.match(pdf, end - 1)) is None:
        raise Altered
    if end + rest > len(pdf):
        raise Altered(N_("The file is cut: its end is missing."))
    if end + rest < len(pdf) or ranges > 1:
        raise Altered(N_("Something was added to the file after it was signed."))
    try:
        return start, end, datetime.strptime(after[1].decode(), "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        raise Altered from None


def _verified(der: bytes, content: bytes, signers: Mapping[str, Known]) -> Known:
    from cryptography.x509 import load_der_x509_certificate

    message = read(der)
    by_certificate = {known.certificate: known for known in signers.values()}
    signer = next((by_certificate[one] for one in message.certificates if one in by_certificate), None)
    if signer is None:
        raise UnknownKey
    # What is not signed itself must be what the list has, so that no byte of the hole can change unseen.
    allowed = {signer.certificate, *signer.chain}
    if len(set(message.certificates)) != len(message.certificates) or not allowed.issuperset(message.certificates):
        raise BadSignature
    if message.kind != DATA or message.content is not None or set(message.unsigned) - {STAMP_ATTRIBUTE}:
        raise BadSignature
    verify(message, load_der_x509_certificate(signer.certificate), content)
    if message.unsigned:
        check_stamp(message.unsigned[STAMP_ATTRIBUTE], message.signature)
    return signer


def _check_validity(signer: Known, at: datetime) -> None:
    from cryptography.x509 import load_der_x509_certificate

    certificate = load_der_x509_certificate(signer.certificate)
    if not certificate.not_valid_before_utc <= at <= certificate.not_valid_after_utc:
        raise UnknownKey(N_("The certificate of the signer was not valid on the day of the signature."))


# The list of keys -----------------------------------------------------------------------------------------------------


def written_certificate_keys(keys: CertificateKeys) -> dict[str, Any]:
    """Keys as they are published, for `read_certificate_keys`."""
    return {
        "format": FORMAT,
        "payload": {name: _base64(public) for name, public in sorted(keys.payload.items())},
        "signers": [
            {
                "fingerprint": fingerprint,
                "name": known.name,
                "certificate": _base64(known.certificate),
                "chain": [_base64(one) for one in known.chain],
            }
            for fingerprint, known in sorted(keys.signers.items())
        ],
    }


def read_certificate_keys(text: bytes) -> CertificateKeys:
    """The keys of a published list. Raises `NotSigned` for anything else, also for a key under another's name."""
    from cryptography.x509 import InvalidVersion, load_der_x509_certificate

    if len(text) > LARGEST_KEYS:
        raise NotSigned("The list of keys is too large.")
    try:
        listed = json.loads(text.decode("utf-8"))
        if listed["format"] != FORMAT:
            raise NotSigned("The list of keys has another format than this program knows.")
        payload = {name: _bytes(public) for name, public in listed["payload"].items()}
        signers = {}
        for entry in listed["signers"]:
            known = Known(_bytes(entry["certificate"]), tuple(_bytes(one) for one in entry["chain"]))
            load_der_x509_certificate(known.certificate)
            if known.fingerprint != entry["fingerprint"]:
                raise NotSigned("A certificate of the list of keys stands under another's fingerprint.")
            signers[known.fingerprint] = known
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError, InvalidVersion, binascii.Error):
        raise NotSigned("The list of keys cannot be read.") from None
    if any(len(public) != 32 or key_id(public) != name for name, public in payload.items()):
        raise NotSigned("A key of the list of keys stands under another's name.")
    if not payload or not signers:
        raise NotSigned("The list of keys names no key.")
    return CertificateKeys(payload, signers)


def _base64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def _bytes(text: str) -> bytes:
    return base64.b64decode(text, validate=True)
