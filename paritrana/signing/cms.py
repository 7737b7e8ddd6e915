"""Signatures in CMS (RFC 5652) as PDF signatures and time stamps use them: read strictly, verified with one key.

Only what this installation writes is understood: one signer, SHA-2, ECDSA on a NIST curve or RSA with PKCS #1 v1.5,
the signer named by issuer and serial number, its certificate bound by the attribute signingCertificateV2 (RFC 5035).
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from paritrana.signing.der import BITS, INTEGER, NULL, OCTETS, OID, SEQUENCE, SET, NotDer, inside, oid, one, values

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

DATA: Final = oid("1.2.840.113549.1.7.1")
TIME_STAMP: Final = oid("1.2.840.113549.1.9.16.1.4")
STAMP_ATTRIBUTE: Final = oid("1.2.840.113549.1.9.16.2.14")
SMALLEST_RSA: Final = 2048  # bits

_SIGNED_DATA: Final = oid("1.2.840.113549.1.7.2")
_CONTENT_TYPE: Final = oid("1.2.840.113549.1.9.3")
_MESSAGE_DIGEST: Final = oid("1.2.840.113549.1.9.4")
_SIGNING_CERTIFICATE: Final = oid("1.2.840.113549.1.9.16.2.47")
_NULL: Final = bytes([NULL, 0])
_CONTEXT_0, _CONTEXT_1 = 0xA0, 0xA1


def _sequence(content: bytes) -> bytes:
    return bytes([SEQUENCE, len(content)]) + content


_DIGESTS: Final[Mapping[bytes, str]] = {
    _sequence(oid(f"2.16.840.1.101.3.4.2.{number}") + after): name
    for number, name in ((1, "sha256"), (2, "sha384"), (3, "sha512"))
    for after in (_NULL, b"")
}
"""The whole AlgorithmIdentifier -> the name of the hash. SHA-1 and MD5 are none."""

_ECDSA: Final[Mapping[bytes, str]] = {
    _sequence(oid(f"1.2.840.10045.4.3.{number}")): name
    for number, name in ((2, "sha256"), (3, "sha384"), (4, "sha512"))
}
_RSA: Final[Mapping[bytes, str]] = {
    _sequence(oid(f"1.2.840.113549.1.1.{number}") + _NULL): name
    for number, name in ((11, "sha256"), (12, "sha384"), (13, "sha512"))
}
_ANY_RSA: Final = _sequence(oid("1.2.840.113549.1.1.1") + _NULL)  # names no hash; time stamps are written so


class BadSignature(Exception):
    """The signature is not one over this content by this certificate."""


@dataclass(frozen=True, slots=True)
class Message:
    """A SignedData with its one signer. `content` is none where it lies elsewhere; certificates are in DER."""

    kind: bytes
    content: bytes | None
    certificates: tuple[bytes, ...]
    issuer: bytes
    serial: bytes
    digest: str
    attributes: Mapping[bytes, bytes]  # object identifier -> the only value
    attributes_raw: bytes
    algorithm: bytes
    signature: bytes
    unsigned: Mapping[bytes, bytes]


def read(der: bytes) -> Message:
    """Take a ContentInfo with SignedData apart. Raises `NotDer`."""
    kind, wrapped = inside(der, SEQUENCE, OID, _CONTEXT_0)
    if kind.raw != _SIGNED_DATA:
        raise NotDer
    version, digests, content, certificates, signers = inside(
        wrapped.content, SEQUENCE, INTEGER, SET, SEQUENCE, _CONTEXT_0, SET
    )
    content_kind, held = _content(content.content)
    if version.content != (b"\1" if held is None else b"\3"):
        raise NotDer
    parts = list(inside(signers.content, SEQUENCE))
    unsigned = _attributes(parts.pop().content) if [part.tag for part in parts[6:]] == [_CONTEXT_1] else {}
    if [part.tag for part in parts] != [INTEGER, SEQUENCE, SEQUENCE, _CONTEXT_0, SEQUENCE, OCTETS]:
        raise NotDer
    signer_version, name, digest, attributes, algorithm, signature = parts
    issuer, serial = inside(name.raw, SEQUENCE, SEQUENCE, INTEGER)
    if signer_version.content != b"\1" or one(digests.content, SEQUENCE).raw != digest.raw:
        raise NotDer
    if digest.raw not in _DIGESTS:
        raise NotDer
    return Message(
        kind=content_kind,
        content=held,
        certificates=tuple(value.raw for value in values(certificates.content)),
        issuer=issuer.raw,
        serial=serial.raw,
        digest=_DIGESTS[digest.raw],
        attributes=_attributes(attributes.content),
        attributes_raw=bytes([SET]) + attributes.raw[1:],
        algorithm=algorithm.raw,
        signature=signature.content,
        unsigned=unsigned,
    )


def verify(message: Message, certificate: "Certificate", content: bytes) -> None:
    """Check that the certificate's key signed the attributes, and these the content and the certificate.

    Raises `BadSignature`, `NotDer`.
    """
    from cryptography.hazmat.primitives.serialization import Encoding

    der = certificate.public_bytes(Encoding.DER)
    _named(message, der)
    digest = hashlib.new(message.digest, content).digest()
    if message.attributes.get(_CONTENT_TYPE) != message.kind:
        raise BadSignature
    if message.attributes.get(_MESSAGE_DIGEST) != bytes([OCTETS, len(digest)]) + digest:
        raise BadSignature
    _bound(message, der)
    _signed(certificate.public_key(), message)


def check_stamp(token: bytes, signature: bytes) -> None:
    """Check that a time-stamp token (RFC 3161) is whole and stamps `signature`. Whose it is, is not judged.

    Raises `BadSignature`, `NotDer`.
    """
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
    from cryptography.utils import CryptographyDeprecationWarning
    from cryptography.x509 import InvalidVersion, load_der_x509_certificate

    # Where warnings are errors, what the library only warns of is refused here; elsewhere a signature does not hold.
    odd = (InvalidVersion, UnsupportedAlgorithm, CryptographyDeprecationWarning, ValueError, TypeError)
    message = read(token)
    if message.kind != TIME_STAMP or message.content is None or message.unsigned:
        raise BadSignature
    said = values(one(message.content, SEQUENCE).content)
    imprint, stamped = inside(said[2].raw, SEQUENCE, SEQUENCE, OCTETS) if len(said) >= 5 else (None, None)
    if imprint is None or stamped is None or imprint.raw not in _DIGESTS:
        raise BadSignature
    if hashlib.new(_DIGESTS[imprint.raw], signature).digest() != stamped.content:
        raise BadSignature
    try:
        known = [load_der_x509_certificate(der) for der in dict.fromkeys(message.certificates)]
        signer = next((one for one in known if _is_named(message, one)), None)
        if signer is None:
            raise BadSignature
        verify(message, signer, message.content)
        for issued in known:
            for issuer in known:
                if issued.issuer == issuer.subject:
                    issued.verify_directly_issued_by(issuer)
        if any(
            not any(other.issuer == one.subject for other in known if other != one) for one in known if one != signer
        ):
            raise BadSignature  # a certificate that has nothing to do with the stamp
    except (InvalidSignature, *odd):
        raise BadSignature from None


def _content(content: bytes) -> tuple[bytes, bytes | None]:
    """The kind of the content, and the content where it is inside."""
    kind, *held = values(content)
    if kind.tag != OID or len(held) > 1:
        raise NotDer
    if not held:
        return kind.raw, None
    return kind.raw, one(one(held[0].raw, _CONTEXT_0).content, OCTETS).content


def _attributes(content: bytes) -> dict[bytes, bytes]:
    found: dict[bytes, bytes] = {}
    for value in values(content):
        name, held = inside(value.raw, SEQUENCE, OID, SET)
        inner = values(held.content)
        if name.raw in found or len(inner) != 1:
            raise NotDer
        found[name.raw] = inner[0].raw
    return found


def _is_named(message: Message, certificate: "Certificate") -> bool:
    from cryptography.hazmat.primitives.serialization import Encoding

    try:
        _named(message, certificate.public_bytes(Encoding.DER))
    except BadSignature:
        return False
    return True


def _named(message: Message, certificate: bytes) -> None:
    """Whether the message names this certificate as its signer's, by issuer and serial number."""
    signed = inside(certificate, SEQUENCE, SEQUENCE, SEQUENCE, BITS)[0]
    fields = [value for value in values(signed.content) if value.tag != _CONTEXT_0]  # without the version
    if len(fields) < 3 or (fields[0].raw, fields[2].raw) != (message.serial, message.issuer):
        raise BadSignature


def _bound(message: Message, certificate: bytes) -> None:
    """Whether signingCertificateV2 holds the hash of this certificate first."""
    attribute = message.attributes.get(_SIGNING_CERTIFICATE)
    if attribute is None:
        raise BadSignature
    listed = values(values(attribute)[0].content)
    named = values(values(listed[0].content)[0].content) if listed and listed[0].content else ()
    name = "sha256"
    if named and named[0].tag == SEQUENCE:
        name, named = _DIGESTS.get(named[0].raw, ""), named[1:]
    if not name or not named or named[0].tag != OCTETS:
        raise BadSignature
    if named[0].content != hashlib.new(name, certificate).digest():
        raise BadSignature


def _signed(key: Any, message: Message) -> None:
    """Whether the key signed the attributes with the algorithm that the message names."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
    from cryptography.hazmat.primitives.hashes import SHA256, SHA384, SHA512

    hashed = {"sha256": SHA256(), "sha384": SHA384(), "sha512": SHA512()}[message.digest]
    try:
        if isinstance(key, ec.EllipticCurvePublicKey) and isinstance(
            key.curve, ec.SECP256R1 | ec.SECP384R1 | ec.SECP521R1
        ):
            if _ECDSA.get(message.algorithm) != message.digest:
                raise BadSignature
            key.verify(message.signature, message.attributes_raw, ec.ECDSA(hashed))
        elif isinstance(key, rsa.RSAPublicKey) and key.key_size >= SMALLEST_RSA:
            stamp = message.kind == TIME_STAMP and message.algorithm == _ANY_RSA
            if not stamp and _RSA.get(message.algorithm) != message.digest:
                raise BadSignature
            key.verify(message.signature, message.attributes_raw, padding.PKCS1v15(), hashed)
        else:
            raise BadSignature
    except InvalidSignature:
        raise BadSignature from None
