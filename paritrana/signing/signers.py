"""The keys behind certificates: the one for codes, the one for PDFs, from files or a token, and those that came before.

Files in `keys/` of the instance folder, all PEM but the first::

    certificate.key      Ed25519, signs the codes; `certificate-….key` are older ones
    pades.key, pades.pem private key and certificate, its chain after it, for PDFs: made for development at first start
    pades-….pem          certificates of signers that sign no more, while what they signed still verifies

Settings may name other files or a PKCS #11 token for the PDF key. pyHanko is loaded when a signer is.
"""

import os
import secrets
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from paritrana.config import Settings
from paritrana.core.words import N_
from paritrana.signing import Key, KeyMissing, UnsafeKey, make_key, public_keys, signing_key
from paritrana.signing.compact import PURPOSE
from paritrana.signing.signed_pdf import DEVELOPMENT, CertificateKeys, Known, written_certificate_keys

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.x509 import Certificate

    from paritrana.signing.pades import Signer

    PrivateKey = EllipticCurvePrivateKey | RSAPrivateKey

MADE_HERE: Final = b"# Made by Paritrana for development. Not for certificates that are handed out.\n"
FROM, UNTIL = datetime(2020, 1, 1, tzinfo=UTC), datetime(2049, 12, 31, tzinfo=UTC)
SMALLEST_RSA: Final = 2048  # bits


class CertificateKeyMissing(KeyMissing):
    """A key for certificates is missing, does not fit or has run out, so that nothing leaves unsigned.

    `detail` is one sentence for the operator.
    """

    message = N_(
        "Certificates cannot be signed at the moment. Nothing was issued; the operator has to look at the keys."
    )


@dataclass(frozen=True, slots=True)
class Material:
    """A certificate with what is above it, and its private key; none where the key lies in a token."""

    certificate: "Certificate"
    chain: tuple["Certificate", ...]
    key: "PrivateKey | None"

    @property
    def known(self) -> Known:
        """As the list of keys names it."""
        from cryptography.hazmat.primitives.serialization import Encoding

        return Known(
            self.certificate.public_bytes(Encoding.DER), tuple(one.public_bytes(Encoding.DER) for one in self.chain)
        )


def make_keys(settings: Settings) -> None:
    """Make the keys for certificates where there are none: at the first start. Several processes may start at once.

    Raises `UnsafeKey` for a key that others can read, or one without its certificate, and `OSError`.
    """
    folder = _folder(settings)
    make_key(folder, PURPOSE)
    if settings.pades_certificate_file is None:
        _make_development(folder)
    for path in (
        settings.pades_key_file or folder / "pades.key",
        settings.pades_password_file,
        settings.pkcs11_pin_file,
    ):
        if path is not None and path.exists() and path.stat().st_mode & 0o077:
            raise UnsafeKey(f"The key file {path.name} can be read by others. Run: chmod 600 on it.")


def payload_key(settings: Settings) -> Key:
    """The key that signs codes, for `compact.make`. Raises `CertificateKeyMissing`."""
    try:
        return signing_key(_folder(settings), PURPOSE)
    except KeyMissing as fault:
        raise CertificateKeyMissing("The key file certificate.key is missing or cannot be read.") from fault


def load(settings: Settings) -> "Signer":
    """What signs PDFs. Keep it for many papers: it holds the key, or the session with the token.

    Raises `CertificateKeyMissing`.
    """
    from paritrana.signing.pades import Signer

    return Signer(material(settings), settings)


def material(settings: Settings) -> Material:
    """The certificate that signs now, and its key unless a token has it. Raises `CertificateKeyMissing`."""
    certificate, chain = _certificates(settings.pades_certificate_file or _folder(settings) / "pades.pem")
    if settings.pkcs11_module is not None:
        return Material(certificate, chain, None)
    path = settings.pades_key_file or _folder(settings) / "pades.key"
    key = _private_key(path, settings.pades_password_file)
    if key.public_key() != certificate.public_key():
        raise CertificateKeyMissing(f"The key in {path.name} is not the one of the certificate.")
    return Material(certificate, chain, key)


def check_keys(settings: Settings, *, at: datetime) -> None:
    """Look whether certificates could be signed at a moment, without signing. Raises `CertificateKeyMissing`."""
    payload_key(settings)
    found = material(settings)
    check_time(found.certificate, at)
    if settings.pkcs11_module is not None:
        load(settings)  # opens the token and finds the key


def check_time(certificate: "Certificate", at: datetime) -> None:
    """Refuse to sign before or after the time of the certificate. Raises `CertificateKeyMissing`."""
    if not certificate.not_valid_before_utc <= at <= certificate.not_valid_after_utc:
        span = f"{certificate.not_valid_before_utc:%Y-%m-%d} to {certificate.not_valid_after_utc:%Y-%m-%d}"
        raise CertificateKeyMissing(f"The certificate for PDFs is valid from {span} only.")


def certificate_keys(settings: Settings) -> CertificateKeys:
    """Every key whose signatures count: those that sign now and the older ones. Raises `CertificateKeyMissing`."""
    folder = _folder(settings)
    try:
        payload = public_keys(folder, PURPOSE)
    except KeyMissing as fault:
        raise CertificateKeyMissing("There is no key file certificate.key.") from fault
    signers = {}
    for path in (settings.pades_certificate_file or folder / "pades.pem", *sorted(folder.glob("pades-*.pem"))):
        certificate, chain = _certificates(path)
        known = Material(certificate, chain, None).known
        signers[known.fingerprint] = known
    return CertificateKeys(payload, signers)


def published_keys(settings: Settings) -> dict[str, Any]:
    """The list of keys as it is published, for `paritrana verify-certificate`. Raises `CertificateKeyMissing`."""
    return written_certificate_keys(certificate_keys(settings))


def _folder(settings: Settings) -> Path:
    return settings.instance_path / "keys"


# Files ----------------------------------------------------------------------------------------------------------------


def _certificates(path: Path) -> tuple["Certificate", tuple["Certificate", ...]]:
    from cryptography.x509 import load_pem_x509_certificates

    try:
        first, *chain = load_pem_x509_certificates(path.read_bytes())
    except OSError as fault:
        raise CertificateKeyMissing(f"The certificate file {path.name} cannot be read: {fault.strerror}.") from fault
    except ValueError as fault:
        raise CertificateKeyMissing(f"The file {path.name} holds no certificate in PEM.") from fault
    return first, tuple(chain)


def _private_key(path: Path, password_file: Path | None) -> "PrivateKey":
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, SECP384R1, SECP521R1, EllipticCurvePrivateKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        password = None if password_file is None else secret_of(password_file)
        key = load_pem_private_key(path.read_bytes(), password)
    except OSError as fault:
        raise CertificateKeyMissing(f"The key file {path.name} cannot be read: {fault.strerror}.") from fault
    except (ValueError, TypeError, UnsupportedAlgorithm) as fault:
        raise CertificateKeyMissing(
            f"The file {path.name} holds no private key in PEM, or its password is another one."
        ) from fault
    if isinstance(key, EllipticCurvePrivateKey) and isinstance(key.curve, SECP256R1 | SECP384R1 | SECP521R1):
        return key
    if isinstance(key, RSAPrivateKey) and key.key_size >= SMALLEST_RSA:
        return key
    raise CertificateKeyMissing(f"The key in {path.name} is neither on a NIST curve nor RSA with 2048 bits or more.")


def secret_of(path: Path) -> bytes:
    """The first line of a file that holds a password or a PIN. Raises `OSError`."""
    return path.read_bytes().split(b"\n", 1)[0].rstrip(b"\r")


# For development ------------------------------------------------------------------------------------------------------


def _make_development(folder: Path) -> None:
    """Make `pades.key`, then `pades.pem` from it: the two fit, however many processes do it and wherever one dies.

    A key that was not made here gets no certificate from here: raises `UnsafeKey`.
    """
    key_path, certificate_path = folder / "pades.key", folder / "pades.pem"
    if certificate_path.exists() and key_path.exists():
        return
    from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    if not key_path.exists():
        if certificate_path.exists():
            raise UnsafeKey("The key file pades.key is missing, while its certificate pades.pem is there.")
        key = generate_private_key(SECP256R1())
        _put(key_path, MADE_HERE + key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    if not certificate_path.exists():
        if not key_path.read_bytes().startswith(MADE_HERE):
            raise UnsafeKey("The certificate pades.pem of the key file pades.key is missing.")
        try:
            _put(certificate_path, _self_signed(_private_key(key_path, None)))
        except CertificateKeyMissing as fault:
            raise UnsafeKey(fault.detail) from None


def _self_signed(key: "PrivateKey") -> bytes:
    """A certificate that names itself as one for development and serves whatever the clock of a demonstration says."""
    from cryptography import x509
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.serialization import Encoding
    from cryptography.x509.oid import NameOID

    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, DEVELOPMENT)])
    uses = dict.fromkeys(
        ("key_encipherment", "data_encipherment", "key_agreement", "key_cert_sign", "crl_sign", "encipher_only",
         "decipher_only"), False
    )  # fmt: skip
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), FROM, UNTIL)
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    builder = builder.add_extension(
        x509.KeyUsage(digital_signature=True, content_commitment=True, **uses), critical=True
    )
    return builder.sign(key, SHA256()).public_bytes(Encoding.PEM)


def _put(path: Path, content: bytes) -> None:
    """Write a new file, readable by its owner alone: whole or not at all, and never over one that came meanwhile."""
    fresh = path.with_name(f".{path.name}-{secrets.token_hex(8)}")
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            os.link(fresh, path)
    finally:
        os.unlink(fresh)
