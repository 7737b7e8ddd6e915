"""PDF signatures in PAdES, B-B, or B-T where a time-stamp server is set: one signature over the whole file.

The signature dictionary is written into the file itself, with room for the signature, and not appended as a second
revision: nothing of the paper stands in the file twice, and `signed_pdf` reads the one form that is written here.
pyHanko makes the CMS signature and asks the time-stamp server.
"""

import asyncio
import hashlib
import io
import os
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from threading import RLock
from typing import Any, ClassVar, Final
from urllib.error import HTTPError

import pikepdf
import pkcs11
from asn1crypto import cms, core, tsp, x509
from pikepdf import Array, Dictionary, Name, ObjectStreamMode, StreamDecodeLevel, String
from pyhanko.sign import signers as hanko
from pyhanko.sign.pkcs11 import open_pkcs11_session
from pyhanko.sign.timestamps import TimeStamper
from pyhanko_certvalidator.registry import SimpleCertificateStore

from paritrana.config import Settings
from paritrana.signing.faults import Refused
from paritrana.signing.signed_pdf import RANGE, Known, check_signature
from paritrana.signing.signers import CertificateKeyMissing, Material, check_time, secret_of

FIELD: Final = "Paritrana"  # the name of the signature field
ROOM: Final = 1024  # bytes for what every signature holds: attributes, names of algorithms, lengths
STAMP_ROOM: Final = 16 * 1024  # bytes for a time stamp with its certificates
STAMP_SECONDS: Final = 15  # how long a time-stamp server may take
_LARGE: Final = 9_999_999_999
_PRINTED_AND_LOCKED: Final = 4 + 128


class NotSignable(Exception):
    """The PDF already has a form or a signature, or holds words that only a signature dictionary has."""


class Signer:
    """Signs PDFs with one key. It may be kept and used by several threads; make a new one after a fork."""

    def __init__(self, material: Material, settings: Settings) -> None:
        """Raises `CertificateKeyMissing`."""
        self.known: Known = material.known
        self.certificate = material.certificate
        leaf = x509.Certificate.load(self.known.certificate)
        chain = [x509.Certificate.load(one) for one in self.known.chain]
        raw = _token_signer(settings, leaf) if material.key is None else _file_signer(material.key)
        self._cms = _Held(leaf, chain, raw)
        self._stamper = _Stamper(settings.timestamp_url) if settings.timestamp_url else None
        # The message holds the certificates, the issuer's name twice more, the attributes and the signature.
        self._hole = ROOM + sum(map(len, (self.known.certificate, *self.known.chain)))
        self._hole += 2 * len(leaf.issuer.dump()) + leaf.public_key.bit_size // 8
        self._hole += STAMP_ROOM if self._stamper else 0

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the certificate in hexadecimal digits."""
        return self.known.fingerprint

    @property
    def development(self) -> bool:
        """Whether it is the key that this installation made for itself."""
        return self.known.development

    def sign(self, pdf: bytes, *, at: datetime) -> bytes:
        """The PDF with its one signature, made at `at` by our own word. What leaves has passed `check_signature`.

        Raises `CertificateKeyMissing` where key, token or time-stamp server fail, `NotSignable`.
        """
        check_time(self.certificate, at)
        prepared = _prepare(pdf, self._hole, at.astimezone(UTC))
        found = RANGE.search(prepared)
        if found is None or prepared.count(b"/ByteRange") != 1:
            raise NotSignable("The PDF cannot be signed: it has a signature already, or words of one.")
        start = found.end() - 1
        end = start + 2 * self._hole + 2
        numbers = b"/ByteRange [ 0 %d %d %d" % (start, end, len(prepared) - end)
        written = numbers.ljust(len(found[0]) - len(b" ] /Contents <")) + b" ] /Contents "
        head, tail = prepared[: found.start()] + written, prepared[end:]
        signature = self._signature(hashlib.sha256(head + tail).digest())
        signed = head + b"<" + signature.hex().encode().ljust(2 * self._hole, b"0") + b">" + tail
        try:
            check_signature(signed, {self.fingerprint: self.known})
        except Refused as refusal:
            raise CertificateKeyMissing(
                f"The signature that key, token or time-stamp server gave is refused: {refusal}"
            ) from refusal
        return signed

    def _signature(self, digest: bytes) -> bytes:
        try:
            made = asyncio.run(self._cms.async_sign(digest, "sha256", use_pades=True, timestamper=self._stamper))
        except OSError as fault:
            raise CertificateKeyMissing(f"The time-stamp server does not answer as it should: {fault}.") from fault
        return bytes(made.dump())


class _Held(hanko.Signer):
    """A signer of pyHanko's whose key is found once."""

    def __init__(self, leaf: x509.Certificate, chain: list[x509.Certificate], raw: Callable[[bytes], bytes]) -> None:
        store = SimpleCertificateStore()  # type: ignore[no-untyped-call]  # pyHanko gives it no types
        store.register_multiple(chain)
        super().__init__(signing_cert=leaf, cert_registry=store)
        self._raw = raw

    async def async_sign_raw(self, data: bytes, digest_algorithm: str, dry_run: bool = False) -> bytes:
        """Sign the attributes; SHA-256 is the only hash that is asked for."""
        return self._raw(data)


class _Answer(core.Sequence):  # type: ignore[misc]  # asn1crypto gives it no types
    """What a time-stamp server sends: a refusal has no token (RFC 3161, 2.4.2), which the library's own class wants."""

    _fields: ClassVar = [("status", tsp.PKIStatusInfo), ("token", cms.ContentInfo, {"optional": True})]


def _refusal(answer: _Answer) -> str | None:
    """The standard's words for why there is no token; None where there is one."""
    if not isinstance(answer["token"], core.Void):
        return None
    status = answer["status"]
    return ", ".join([status["status"].native, *sorted(status["fail_info"].native or ())])


class _Stamper(TimeStamper):
    """Asks a time-stamp server (RFC 3161) over HTTP, follows it nowhere else and reads no more than a token has."""

    def __init__(self, url: str) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # pyHanko gives it no types
        self._url = url
        self._opener = urllib.request.build_opener(_NoRedirect)

    async def async_request_tsa_response(self, req: tsp.TimeStampReq) -> tsp.TimeStampResp:
        """The server's answer. Raises `OSError`."""
        asked = urllib.request.Request(  # noqa: S310, the setting is an address of http or https
            self._url, req.dump(), {"Content-Type": "application/timestamp-query"}
        )
        try:
            with self._opener.open(asked, timeout=STAMP_SECONDS) as answer:
                kind, body = answer.headers.get_content_type(), answer.read(STAMP_ROOM + 1)
        except HTTPError as refusal:
            with refusal:
                raise OSError(f"its answer is {refusal.code}") from None
        if kind != "application/timestamp-reply":
            raise OSError("it is no time-stamp server")
        try:
            said = _refusal(_Answer.load(body, strict=True))
            if said is not None:
                raise OSError(f"it refuses: {said}")
            found = tsp.TimeStampResp.load(body, strict=True)
            if found["status"]["status"].native == "granted":
                stamped = found["time_stamp_token"]["content"]["encap_content_info"]["content"].parsed
                answers = stamped["nonce"].native == req["nonce"].native
            else:
                answers = True  # pyHanko tells what the server says instead
        except (ValueError, TypeError, LookupError, AttributeError):
            raise OSError("its answer cannot be read") from None
        if not answers:
            raise OSError("its answer belongs to another question")
        return found


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args: Any) -> None:
        """Follow no redirection."""


_sessions: dict[tuple[int, str, str], pkcs11.Session] = {}
_token: Final = RLock()  # a session with a token serves one at a time


def open_token(settings: Settings) -> pkcs11.Session:
    """The session with the token in which the key lies, one for each process. Raises `CertificateKeyMissing`."""
    from pyhanko.config.pkcs11 import TokenCriteria

    place = _place(settings)
    with _token:
        if place not in _sessions:
            try:
                pin = None if settings.pkcs11_pin_file is None else secret_of(settings.pkcs11_pin_file).decode()
                _sessions[place] = open_pkcs11_session(
                    str(settings.pkcs11_module), token_criteria=TokenCriteria(label=settings.pkcs11_token), user_pin=pin
                )
            except (pkcs11.PKCS11Error, RuntimeError, OSError, UnicodeDecodeError) as fault:
                raise CertificateKeyMissing(
                    f"The token {settings.pkcs11_token} cannot be opened: {_named(fault)}."
                ) from fault
        return _sessions[place]


def _forget_token(settings: Settings) -> None:
    """Close the session after a fault, so that the next signer opens a new one: the token may have been pulled out."""
    with _token, suppress(pkcs11.PKCS11Error, KeyError):
        _sessions.pop(_place(settings)).close()


def _place(settings: Settings) -> tuple[int, str, str]:
    return os.getpid(), str(settings.pkcs11_module), settings.pkcs11_token


def _token_signer(settings: Settings, leaf: x509.Certificate) -> Callable[[bytes], bytes]:
    """Signs in the token, which need not hash for ECDSA. Raises `CertificateKeyMissing`."""
    from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

    try:
        key: Any = open_token(settings).get_key(object_class=pkcs11.ObjectClass.PRIVATE_KEY, label=settings.pkcs11_key)
    except pkcs11.PKCS11Error as fault:
        _forget_token(settings)
        raise CertificateKeyMissing(f"The token has no single key {settings.pkcs11_key}: {_named(fault)}.") from fault

    def made(data: bytes) -> bytes:
        try:
            with _token:
                if leaf.public_key.algorithm != "ec":
                    return bytes(key.sign(data, mechanism=pkcs11.Mechanism.SHA256_RSA_PKCS))
                raw = key.sign(hashlib.sha256(data).digest(), mechanism=pkcs11.Mechanism.ECDSA)
        except pkcs11.PKCS11Error as fault:
            _forget_token(settings)
            raise CertificateKeyMissing(f"The token does not sign: {_named(fault)}.") from fault
        half = len(raw) // 2
        return encode_dss_signature(int.from_bytes(raw[:half], "big"), int.from_bytes(raw[half:], "big"))

    return made


def _named(fault: Exception) -> str:
    return f"{type(fault).__name__} {fault}".rstrip(" .")


def _file_signer(key: Any) -> Callable[[bytes], bytes]:
    from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePrivateKey
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
    from cryptography.hazmat.primitives.hashes import SHA256

    if isinstance(key, EllipticCurvePrivateKey):
        return lambda data: key.sign(data, ECDSA(SHA256()))
    return lambda data: bytes(key.sign(data, PKCS1v15(), SHA256()))


def _prepare(pdf: bytes, hole: int, at: datetime) -> bytes:
    """The PDF with an invisible signature field and room for a signature, the same bytes for the same input.

    PDF/A allows such a field: its rectangle is empty, so it needs no appearance.
    """
    with pikepdf.open(io.BytesIO(pdf)) as document:
        root = document.Root
        if "/AcroForm" in root or "/Perms" in root:
            raise NotSignable("The PDF cannot be signed: it has a form or a signature already.")
        never_changed = Dictionary(Type=Name.TransformParams, V=Name("/1.2"), P=1)
        signature = document.make_indirect(
            Dictionary(
                Type=Name.Sig,
                Filter=Name("/Adobe.PPKLite"),
                SubFilter=Name("/ETSI.CAdES.detached"),
                ByteRange=Array([0, _LARGE, _LARGE, _LARGE]),
                Contents=String(bytes(hole)),
                M=String(f"D:{at:%Y%m%d%H%M%S}Z"),
                Reference=Array(
                    [Dictionary(Type=Name.SigRef, TransformMethod=Name.DocMDP, TransformParams=never_changed)]
                ),
            )
        )
        page = document.pages[0].obj
        field = document.make_indirect(
            Dictionary(
                Type=Name.Annot, Subtype=Name.Widget, FT=Name.Sig, T=String(FIELD), Rect=Array([0, 0, 0, 0]),
                F=_PRINTED_AND_LOCKED, P=page, V=signature,
            )
        )  # fmt: skip
        page.Annots = Array([*page.get("/Annots", Array([])), field])
        root.AcroForm = Dictionary(Fields=Array([field]), SigFlags=3)
        root.Perms = Dictionary(DocMDP=signature)
        root.Extensions = Dictionary(
            ESIC=Dictionary(Type=Name.DeveloperExtensions, BaseVersion=Name("/1.7"), ExtensionLevel=1)
        )
        written = io.BytesIO()
        document.save(
            written,
            min_version="1.7",
            fix_metadata_version=False,
            compress_streams=False,
            stream_decode_level=StreamDecodeLevel.none,
            object_stream_mode=ObjectStreamMode.disable,
            deterministic_id=True,
        )
        return written.getvalue()
