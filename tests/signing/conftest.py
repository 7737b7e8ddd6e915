"""Instances with their keys, small papers to sign, and authorities: real certificates, a real time-stamp server."""

import io
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pikepdf
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from reportlab.pdfgen import canvas

from paritrana.config import Settings, load_settings
from paritrana.core.codes import make_check
from paritrana.signing.compact import Claim, make
from paritrana.signing.signers import load, make_keys, payload_key

AT = datetime(2026, 11, 21, 4, 5, 6, tzinfo=UTC)
BODY = "7QK42M9XH3TC8WP"
CLAIM = Claim(
    BODY + make_check(BODY), "Kabupaten Lombok Timur", "Peringkat I", "Kabupaten/Kota", "Paritrana NTB 2024",
    date(2026, 11, 21),
)  # fmt: skip
XMP = (
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    '<rdf:Description rdf:about="" xmlns:paritrana="urn:paritrana:certificate:1">'
    "<paritrana:payload>{payload}</paritrana:payload></rdf:Description></rdf:RDF></x:xmpmeta>"
)
Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


def paper(payload: str, words: str = "Kabupaten Lombok Timur") -> bytes:
    """A page with words and the payload in its metadata, not signed; the same bytes for the same input."""
    drawn = io.BytesIO()
    page = canvas.Canvas(drawn, invariant=1)
    page.setTitle("Piagam")
    page.drawString(72, 500, words)
    page.showPage()
    page.save()
    with pikepdf.open(drawn) as document:
        text = XMP.format(payload=payload).encode()
        document.Root.Metadata = document.make_stream(text, Type=pikepdf.Name.Metadata, Subtype=pikepdf.Name.XML)
        written = io.BytesIO()
        document.save(written, compress_streams=False, deterministic_id=True, fix_metadata_version=False)
    return written.getvalue()


def genuine(settings: Settings, claim: Claim = CLAIM) -> bytes:
    """A signed paper of an installation."""
    return load(settings).sign(paper(make(claim, payload_key(settings)), claim.recipient), at=AT)


@pytest.fixture
def installation(tmp_path: Path) -> Callable[..., Settings]:
    """Makes installations with their keys: `installation("name", setting=value)`."""

    def make_one(name: str = "instance", **values: object) -> Settings:
        settings = load_settings({}, instance_path=tmp_path / name, **values)
        make_keys(settings)
        return settings

    return make_one


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """One installation with keys for development, for tests that change nothing in it."""
    settings = load_settings({}, instance_path=tmp_path_factory.mktemp("house"))
    make_keys(settings)
    return settings


@dataclass(frozen=True)
class Holder:
    """A certificate with its key and what is above it."""

    certificate: x509.Certificate
    key: Key
    chain: tuple[x509.Certificate, ...] = ()

    def issue(
        self, name: str, key: Key, *, authority: bool = False, stamps: bool = False, days: int = 4000
    ) -> "Holder":
        """A certificate for another key."""
        made = _certificate(name, key, self, authority=authority, stamps=stamps, days=days)
        return Holder(made, key, (self.certificate, *self.chain))

    def store(self, folder: Path, name: str, password: str = "") -> dict[str, Path]:
        """Write PEM files and give the settings that name them."""
        folder.mkdir(exist_ok=True)
        certificates = b"".join(one.public_bytes(Encoding.PEM) for one in (self.certificate, *self.chain))
        found = {"pades_certificate_file": folder / f"{name}.pem", "pades_key_file": folder / f"{name}.key"}
        found["pades_certificate_file"].write_bytes(certificates)
        how = BestAvailableEncryption(password.encode()) if password else NoEncryption()
        _write(found["pades_key_file"], self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, how))
        if password:
            found["pades_password_file"] = folder / f"{name}.password"
            _write(found["pades_password_file"], password.encode() + b"\n")
        return found


def authority(name: str = "Otoritas Uji", unit: str = "") -> Holder:
    """A certification authority of its own; with a unit its name has that twenty times."""
    key = ec.generate_private_key(ec.SECP256R1())
    return Holder(_certificate(name, key, None, authority=True, stamps=False, days=4000, unit=unit), key)


def elliptic() -> ec.EllipticCurvePrivateKey:
    """A fresh key on P-256."""
    return ec.generate_private_key(ec.SECP256R1())


def _write(path: Path, content: bytes) -> None:
    path.touch(mode=0o600)
    path.write_bytes(content)


def _certificate(
    name: str, key: Key, issuer: Holder | None, *, authority: bool, stamps: bool, days: int, unit: str = ""
) -> x509.Certificate:
    units = [x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, f"{unit}{no}") for no in range(20 if unit else 0)]
    subject = x509.Name([*units, x509.NameAttribute(NameOID.COMMON_NAME, name)])
    since = datetime(2025, 1, 1, tzinfo=UTC)
    builder = x509.CertificateBuilder(
        issuer.certificate.subject if issuer else subject, subject, key.public_key(), x509.random_serial_number(),
        since, since + timedelta(days=days),
    )  # fmt: skip
    builder = builder.add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
    others = dict.fromkeys(
        ("key_encipherment", "data_encipherment", "key_agreement", "encipher_only", "decipher_only"), False
    )
    builder = builder.add_extension(
        x509.KeyUsage(
            digital_signature=True, content_commitment=True, key_cert_sign=authority, crl_sign=authority, **others
        ),
        critical=True,
    )
    if stamps:
        builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), critical=True)
    return builder.sign(issuer.key if issuer else key, SHA256())


# A time-stamp server --------------------------------------------------------------------------------------------------


@dataclass
class StampServer:
    """A server on a loopback port; `answer` gives status, type and body for a request of RFC 3161."""

    url: str
    answer: Callable[[bytes], tuple[int, str, bytes]]
    asked: list[bytes]


@pytest.fixture
def stamps(tmp_path: Path) -> Iterator[StampServer]:
    """`openssl ts` behind HTTP, with a certificate of its own authority."""
    folder = tmp_path / "tsa"
    authority("Otoritas Waktu").issue("Waktu Uji", elliptic(), stamps=True).store(folder, "tsa")
    (folder / "serial").write_text("01\n")
    alone = (folder / "tsa.pem").read_bytes().partition(b"-----END CERTIFICATE-----\n")
    (folder / "alone.pem").write_bytes(alone[0] + alone[1])
    (folder / "tsa.conf").write_text(
        f"[tsa]\nserial = {folder}/serial\nsigner_cert = {folder}/tsa.pem\nsigner_key = {folder}/tsa.key\n"
        f"certs = {folder}/alone.pem\nsigner_digest = sha256\ndefault_policy = 1.2.3.4.1\ndigests = sha256\n"
        "ess_cert_id_chain = no\ness_cert_id_alg = sha256\n"
    )

    def reply(query: bytes) -> tuple[int, str, bytes]:
        (folder / "query").write_bytes(query)
        subprocess.run(
            ["openssl", "ts", "-reply", "-config", folder / "tsa.conf", "-section", "tsa", "-queryfile",
             folder / "query", "-out", folder / "reply"],
            check=True, capture_output=True,
        )  # fmt: skip
        return 200, "application/timestamp-reply", (folder / "reply").read_bytes()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            query = self.rfile.read(int(self.headers["Content-Length"]))
            found.asked.append(query)
            status, kind, body = found.answer(query)
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            if status == 302:
                self.send_header("Location", found.url)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    found = StampServer(f"http://127.0.0.1:{server.server_port}/", reply, [])
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield found
    server.shutdown()
    thread.join()
    server.server_close()
