"""Keys for certificates: made once, taken from files or a token, changed without losing what they signed."""

import io
import json
import os
import shutil
import stat
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from asn1crypto import core, tsp
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.diff_analysis import ModificationLevel
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko.sign.validation.status import SignatureCoverageLevel
from pyhanko_certvalidator import ValidationContext

from paritrana.config import BadSettings, load_settings
from paritrana.signing import KeyMissing, UnsafeKey
from paritrana.signing.compact import make
from paritrana.signing.faults import UnknownKey
from paritrana.signing.pades import NotSignable
from paritrana.signing.signed_pdf import DEVELOPMENT, check, read_certificate_keys
from paritrana.signing.signers import (
    CertificateKeyMissing,
    certificate_keys,
    check_keys,
    load,
    make_keys,
    payload_key,
    published_keys,
)
from tests.signing.conftest import AT, CLAIM, authority, elliptic, genuine, paper


def pdfsig(pdf: bytes, tmp_path: Path) -> str:
    path = tmp_path / "looked-at.pdf"
    path.write_bytes(pdf)
    return subprocess.run(["pdfsig", path], capture_output=True, text=True, check=True).stdout


def hanko_says(pdf: bytes, *roots: x509.Certificate):
    """pyHanko's own judgement of the only signature, with the difference analysis."""
    from asn1crypto import x509 as asn1

    trusted = [asn1.Certificate.load(one.public_bytes(Encoding.DER)) for one in roots]
    (signature,) = PdfFileReader(io.BytesIO(pdf), strict=True).embedded_signatures
    context = ValidationContext(trust_roots=trusted, allow_fetching=False)
    return validate_pdf_signature(signature, context, ts_validation_context=context)


# Signatures that others accept ----------------------------------------------------------------------------------------


def test_qpdf_poppler_and_pyhanko_accept_what_is_signed(house, tmp_path):
    pdf = genuine(house)
    said = pdfsig(pdf, tmp_path)
    assert "Signature is Valid." in said
    assert "Total document signed" in said
    assert "ETSI.CAdES.detached" in said
    assert DEVELOPMENT in said
    subprocess.run(["qpdf", "--check", tmp_path / "looked-at.pdf"], check=True, capture_output=True)
    status = hanko_says(pdf, load(house).certificate)
    assert status.bottom_line
    assert status.coverage == SignatureCoverageLevel.ENTIRE_FILE
    assert status.modification_level == ModificationLevel.NONE
    assert status.docmdp_ok


def test_the_field_cannot_be_seen_and_is_certified_against_any_change(house):
    reader = PdfFileReader(io.BytesIO(genuine(house)))
    (signature,) = reader.embedded_signatures
    field = signature.sig_field
    assert list(field["/Rect"]) == [0, 0, 0, 0]
    assert field["/F"] & 4
    assert "/AP" not in field
    assert reader.root["/Perms"]["/DocMDP"].get_object() is not None
    assert reader.xrefs.total_revisions == 1


def test_everything_but_the_signature_is_the_same_for_the_same_input(house):
    first, second = genuine(house), genuine(house)
    assert len(first) == len(second)
    start, end = first.index(b"/Contents <"), first.index(b"> /Filter")
    assert (first[:start], first[end:]) == (second[:start], second[end:])


def test_one_signer_signs_many_papers(house):
    signer, keys = load(house), certificate_keys(house)
    for no in range(5):
        claim = replace(CLAIM, recipient=f"Desa {no}")
        pdf = signer.sign(paper(make(claim, payload_key(house))), at=AT + timedelta(days=no))
        found = check(pdf, keys)
        assert found.claim == claim
        assert found.signed_at == AT + timedelta(days=no)
        assert found.fingerprint == signer.fingerprint


def test_what_has_a_signature_or_a_form_is_not_signed_again(house):
    with pytest.raises(NotSignable):
        load(house).sign(genuine(house), at=AT)


def test_words_of_a_signature_in_the_paper_are_refused(house):
    with pytest.raises(NotSignable):
        load(house).sign(paper("/ByteRange"), at=AT)


# Keys made at the first start -----------------------------------------------------------------------------------------


def test_keys_are_made_once_for_their_owner_and_named_as_what_they_are(installation):
    settings = installation()
    folder = settings.instance_path / "keys"
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert set(before) == {"certificate.key", "pades.key", "pades.pem", "secret.key"}
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}
    make_keys(settings)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    signer = load(settings)
    assert signer.development
    assert signer.known.name == DEVELOPMENT
    assert "PENGEMBANGAN" in published_keys(settings)["signers"][0]["name"]


def test_many_processes_that_start_at_once_make_one_pair(tmp_path):
    program = (
        "import sys; from pathlib import Path; from paritrana.config import load_settings\n"
        "from paritrana.signing.signers import make_keys\n"
        "settings = load_settings({}, instance_path=Path(sys.argv[1]), secret_key='x' * 40)\n"
        "sys.stdin.readline(); make_keys(settings)"
    )
    folder = tmp_path / "instance"
    started = [
        subprocess.Popen([sys.executable, "-c", program, folder], stdin=subprocess.PIPE, text=True) for _ in range(4)
    ]
    for process in started:
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in started:
        process.communicate()
        assert process.returncode == 0
    assert {path.name for path in (folder / "keys").iterdir()} == {"certificate.key", "pades.key", "pades.pem"}
    check_keys(load_settings({}, instance_path=folder, secret_key="x" * 40), at=AT)


def test_a_start_that_died_between_key_and_certificate_is_made_whole(installation):
    settings = installation()
    (settings.instance_path / "keys" / "pades.pem").unlink()
    make_keys(settings)
    check_keys(settings, at=AT)


@pytest.mark.parametrize("gone", ["pades.key", "pades.pem"])
def test_a_key_of_the_operator_gets_no_certificate_from_here_and_the_other_way_round(installation, gone):
    settings = installation()
    folder = settings.instance_path / "keys"
    key = elliptic().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / "pades.key").write_bytes(key)
    (folder / gone).unlink()
    with pytest.raises(UnsafeKey, match="missing"):
        make_keys(settings)


@pytest.mark.parametrize("name", ["pades.key", "certificate.key"])
def test_a_key_that_others_can_read_stops_the_start(installation, name):
    settings = installation()
    os.chmod(settings.instance_path / "keys" / name, 0o640)
    with pytest.raises(UnsafeKey, match=name.replace(".", r"\.")):
        make_keys(settings)


@pytest.mark.parametrize("which", ["pades_key_file", "pades_password_file"])
def test_files_of_the_operator_that_others_can_read_stop_the_start(installation, tmp_path, which):
    files = authority().issue("Panitia", elliptic()).store(tmp_path / "files", "panitia", password="rahasia")
    installation("safe", **files)
    os.chmod(files[which], 0o604)
    with pytest.raises(UnsafeKey, match=r"chmod 600"):
        installation("unsafe", **files)


# Keys of the operator -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "make_key",
    [elliptic, lambda: ec.generate_private_key(ec.SECP384R1()), lambda: rsa.generate_private_key(65537, 2048)],
)
def test_a_key_with_its_chain_signs_and_readers_trust_the_authority(installation, tmp_path, make_key):
    root = authority()
    between = root.issue("Otoritas Antara", elliptic(), authority=True)
    holder = between.issue("Panitia Paritrana", make_key())
    settings = installation(**holder.store(tmp_path / "files", "panitia"))
    pdf = genuine(settings)
    assert "Signature is Valid." in pdfsig(pdf, tmp_path)
    assert hanko_says(pdf, root.certificate).bottom_line
    found = check(pdf, read_certificate_keys(json.dumps(published_keys(settings)).encode()))
    assert found.signer.name == "Panitia Paritrana"
    assert not found.signer.development
    assert len(found.signer.chain) == 2
    assert not (settings.instance_path / "keys" / "pades.key").exists()


def test_a_key_with_a_password_signs(installation, tmp_path):
    files = authority().issue("Panitia", elliptic()).store(tmp_path / "files", "panitia", password="rahasia kantor")
    settings = installation(**files)
    assert check(genuine(settings), certificate_keys(settings)).claim == CLAIM
    files["pades_password_file"].write_text("salah\n")
    with pytest.raises(CertificateKeyMissing, match="another one") as refused:
        load(settings)
    assert "password" in refused.value.detail


def test_a_refusal_has_its_own_sentence_and_is_one_of_missing_keys(installation):
    settings = installation()
    (settings.instance_path / "keys" / "certificate.key").unlink()
    for door in (
        lambda: payload_key(settings),
        lambda: certificate_keys(settings),
        lambda: check_keys(settings, at=AT),
    ):
        with pytest.raises(CertificateKeyMissing) as refused:
            door()
        assert isinstance(refused.value, KeyMissing)
        assert (refused.value.status, refused.value.code) == (503, "signing_key_missing")
        assert refused.value.message.startswith("Certificates cannot be signed")
        assert refused.value.detail.endswith(".")


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("pades.pem", None, "cannot be read"), ("pades.pem", b"nothing", "no certificate"),
        ("pades.key", None, "cannot be read"), ("pades.key", b"nothing", "no private key"),
    ],
)  # fmt: skip
def test_what_is_missing_or_no_key_is_named(installation, name, content, sentence):
    settings = installation()
    path = settings.instance_path / "keys" / name
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(CertificateKeyMissing) as refused:
        load(settings)
    assert name in refused.value.detail
    assert sentence in refused.value.detail


@pytest.mark.parametrize(
    ("other", "sentence"),
    [
        (elliptic, "not the one of the certificate"),
        (ed25519.Ed25519PrivateKey.generate, "neither"),
        (lambda: dsa.generate_private_key(2048), "neither"),
        (lambda: rsa.generate_private_key(65537, 1024), "neither"),  # noqa: S505
        (lambda: ec.generate_private_key(ec.SECP256K1()), "neither"),
    ],
)
def test_a_key_that_does_not_fit_is_named(installation, other, sentence):
    settings = installation()
    path = settings.instance_path / "keys" / "pades.key"
    path.write_bytes(other().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    with pytest.raises(CertificateKeyMissing) as refused:
        check_keys(settings, at=AT)
    assert sentence in refused.value.detail


def test_a_certificate_that_has_run_out_signs_nothing(installation, tmp_path):
    holder = authority().issue("Panitia", elliptic(), days=365)
    settings = installation(**holder.store(tmp_path / "files", "panitia"))
    pdf = paper(make(CLAIM, payload_key(settings)))
    signer = load(settings)
    inside = datetime(2025, 6, 1, tzinfo=UTC)
    assert check(signer.sign(pdf, at=inside), certificate_keys(settings)).signed_at == inside
    for at in (AT, datetime(2024, 12, 31, tzinfo=UTC)):
        with pytest.raises(CertificateKeyMissing) as refused:
            signer.sign(pdf, at=at)
        assert "2025-01-01 to 2026-01-01" in refused.value.detail
        with pytest.raises(CertificateKeyMissing):
            check_keys(settings, at=at)


@pytest.mark.parametrize(
    "values",
    [
        {"pades_key_file": "a"}, {"pades_certificate_file": "a"}, {"pades_password_file": "a"},
        {"pkcs11_module": "a", "pkcs11_token": "b", "pkcs11_key": "c", "pades_certificate_file": "d"},
        {"pkcs11_module": "a", "pkcs11_token": "b", "pkcs11_key": "c", "pkcs11_pin_file": "e"},
        {"pkcs11_module": "a", "pkcs11_token": "b", "pkcs11_key": "c", "pkcs11_pin_file": "e", "pades_key_file": "f",
         "pades_certificate_file": "d"},
        {"timestamp_url": "ftp://a.test/"}, {"timestamp_url": "http://"}, {"timestamp_url": "https://a:b@c.test/"},
    ],
)  # fmt: skip
def test_settings_that_do_not_fit_stop_the_start(tmp_path, values):
    with pytest.raises(BadSettings):
        load_settings({}, instance_path=tmp_path, **values)


# Changing keys --------------------------------------------------------------------------------------------------------


def test_papers_stay_genuine_when_both_keys_change(installation, tmp_path):
    settings = installation(**authority().issue("Panitia 2024", elliptic()).store(tmp_path / "old", "panitia"))
    keys = settings.instance_path / "keys"
    before = genuine(settings)
    shutil.copy(settings.pades_certificate_file, keys / "pades-2024.pem")
    settings.pades_key_file.unlink()
    (keys / "certificate.key").rename(keys / "certificate-2024.key")
    settings = installation(**authority().issue("Panitia 2026", elliptic()).store(tmp_path / "new", "panitia"))
    after = genuine(settings)
    listed = read_certificate_keys(json.dumps(published_keys(settings)).encode())
    assert len(listed.payload) == 2
    assert check(before, listed).signer.name == "Panitia 2024"
    assert check(after, listed).signer.name == "Panitia 2026"
    # A key that leaked is left out, and nothing that it signed counts any more.
    (keys / "pades-2024.pem").unlink()
    listed = certificate_keys(settings)
    with pytest.raises(UnknownKey):
        check(before, listed)
    assert check(after, listed).claim == CLAIM
    (keys / "certificate-2024.key").unlink()
    assert len(published_keys(settings)["payload"]) == 1


def test_a_list_without_the_older_code_key_does_not_know_the_code(installation):
    settings = installation()
    before = genuine(settings)
    (settings.instance_path / "keys" / "certificate.key").unlink()
    make_keys(settings)
    with pytest.raises(UnknownKey, match="The code is signed"):
        check(before, certificate_keys(settings))


# Time stamps ----------------------------------------------------------------------------------------------------------


def test_a_time_stamp_is_in_the_signature_and_readers_see_it(installation, stamps, tmp_path):
    settings = installation(timestamp_url=stamps.url)
    pdf = genuine(settings)
    assert len(stamps.asked) == 1
    assert check(pdf, certificate_keys(settings)).claim == CLAIM
    assert "Signature is Valid." in pdfsig(pdf, tmp_path)
    root = x509.load_pem_x509_certificates((tmp_path / "tsa" / "tsa.pem").read_bytes())[1]
    status = hanko_says(pdf, load(settings).certificate, root)
    assert status.bottom_line
    assert status.timestamp_validity.trusted


@pytest.mark.parametrize(
    ("status", "kind", "body"),
    [
        (500, "text/plain", b""), (200, "text/html", b"<p>"), (200, "application/timestamp-reply", b"\x30\x03\x02"),
        (200, "application/timestamp-reply", b"\x30\x05\x30\x03\x02\x01\x02"), (302, "text/plain", b""),
        (200, "application/timestamp-reply", b""), (200, "application/timestamp-reply", b"\0" * 100_000),
    ],
)  # fmt: skip
def test_without_a_time_stamp_nothing_is_signed(installation, stamps, status, kind, body):
    settings = installation(timestamp_url=stamps.url)
    stamps.answer = lambda query: (status, kind, body)
    with pytest.raises(CertificateKeyMissing) as refused:
        genuine(settings)
    assert "time-stamp server" in refused.value.detail
    assert len(stamps.asked) == 1


def test_a_time_stamp_server_that_refuses_is_told_with_its_reason(installation, stamps):
    settings = installation(timestamp_url=stamps.url)
    for failure in ({"bad_alg", "bad_request"}, None):
        status = tsp.PKIStatusInfo({"status": "rejection", "status_string": ["<b>", "no"], "fail_info": failure})
        refusal = core.SequenceOf(spec=tsp.PKIStatusInfo, value=[status]).dump()  # without a token
        stamps.answer = lambda query, refusal=refusal: (200, "application/timestamp-reply", refusal)
        with pytest.raises(CertificateKeyMissing) as refused:
            genuine(settings)
        reason = "rejection, bad_alg, bad_request" if failure else "rejection"
        assert f"should: it refuses: {reason}." in refused.value.detail


def test_an_old_answer_of_the_time_stamp_server_is_refused(installation, stamps):
    settings = installation(timestamp_url=stamps.url)
    kept = []
    ask = stamps.answer

    def once(query: bytes) -> tuple[int, str, bytes]:
        kept.append(kept[0] if kept else ask(query))
        return kept[0]

    stamps.answer = once
    genuine(settings)
    with pytest.raises(CertificateKeyMissing):
        genuine(settings)


def test_a_stamp_on_something_else_is_refused_before_the_paper_leaves(installation, stamps):
    settings = installation(timestamp_url=stamps.url)
    ask = stamps.answer

    def other(query: bytes) -> tuple[int, str, bytes]:
        asked = tsp.TimeStampReq.load(query)
        asked["message_imprint"]["hashed_message"] = bytes(32)
        return ask(asked.dump(force=True))

    stamps.answer = other
    with pytest.raises(CertificateKeyMissing) as refused:
        genuine(settings)
    assert "refused" in refused.value.detail


def test_a_long_name_of_the_authority_has_room(installation, tmp_path):
    root = authority("Otoritas Sertifikat Elektronik Instansi Penyelenggara Negara", "Bagian " + "x" * 50)
    settings = installation(**root.issue("Panitia", elliptic()).store(tmp_path / "files", "panitia"))
    assert check(genuine(settings), certificate_keys(settings)).claim == CLAIM


def test_a_time_stamp_server_that_is_away_is_named(installation):
    settings = installation(timestamp_url="http://127.0.0.1:9/")
    with pytest.raises(CertificateKeyMissing) as refused:
        genuine(settings)
    assert "time-stamp server" in refused.value.detail


# A token --------------------------------------------------------------------------------------------------------------

SIGN_WITH_TOKEN = """
import sys
from datetime import datetime, UTC
from pathlib import Path
from paritrana.config import load_settings
from paritrana.signing.pades import open_token
from paritrana.signing.signers import CertificateKeyMissing, check_keys, load, make_keys
at = datetime(2026, 11, 21, tzinfo=UTC)
settings = load_settings()
make_keys(settings)
try:
    check_keys(settings, at=at)
    paper, first = Path(sys.argv[1]).read_bytes(), load(settings)
    first.sign(paper, at=at)
    open_token(settings).close()  # as if the token had been pulled out
    try:
        sys.exit(first.sign(paper, at=at))
    except CertificateKeyMissing:
        pass
    signed = load(settings).sign(paper, at=at)  # shares the new session, which one more signer keeps
    assert len({len(load(settings).sign(paper, at=at)), len(signed)}) == 1
except CertificateKeyMissing as refusal:
    sys.exit(refusal.detail)
sys.stdout.buffer.write(signed)
"""


class Token:
    """A SoftHSM token in a folder, used by processes of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "tokens").mkdir(parents=True)
        (folder / "softhsm2.conf").write_text(f"directories.tokendir = {folder}/tokens\nobjectstore.backend = file\n")
        self.environment = os.environ | {"SOFTHSM2_CONF": str(folder / "softhsm2.conf")}
        self.run("--init-token", "--free", "--label", "panitia", "--pin", "123456", "--so-pin", "12345678")

    def run(self, *arguments: str | Path) -> None:
        subprocess.run(["softhsm2-util", *arguments], env=self.environment, check=True, capture_output=True)

    def hold(self, key_file: Path, label: str) -> None:
        self.run("--import", key_file, "--token", "panitia", "--label", label, "--id", "01", "--pin", "123456")

    def sign(self, pdf: bytes, **values: str | Path) -> subprocess.CompletedProcess[bytes]:
        (self.folder / "paper.pdf").write_bytes(pdf)
        settings = {f"PARITRANA_{name.upper()}": str(value) for name, value in values.items()}
        command = [sys.executable, "-W", "error", "-c", SIGN_WITH_TOKEN, self.folder / "paper.pdf"]
        return subprocess.run(command, env=self.environment | settings, capture_output=True, check=False)


def module() -> str:
    found = next((Path(folder) for folder in ("/usr/lib/softhsm", "/usr/local/lib/softhsm")), None)
    path = next(Path("/usr/lib").glob("**/softhsm/libsofthsm2.so"), found / "libsofthsm2.so")
    return str(path)


@pytest.mark.parametrize("make_key", [elliptic, lambda: rsa.generate_private_key(65537, 2048)])
def test_a_key_in_a_token_signs_and_never_leaves_it(installation, tmp_path, make_key):
    token = Token(tmp_path / "token")
    files = authority().issue("Panitia dengan token", make_key()).store(tmp_path / "files", "panitia")
    token.hold(files["pades_key_file"], "piagam")
    files["pades_key_file"].unlink()
    pin = tmp_path / "pin"
    pin.touch(mode=0o600)
    pin.write_text("123456\n")
    settings = installation(
        pades_certificate_file=files["pades_certificate_file"], pkcs11_module=module(), pkcs11_token="panitia",
        pkcs11_key="piagam", pkcs11_pin_file=pin,
    )  # fmt: skip
    values = {
        "instance": settings.instance_path, "pades_certificate_file": files["pades_certificate_file"],
        "pkcs11_module": module(), "pkcs11_token": "panitia", "pkcs11_key": "piagam", "pkcs11_pin_file": pin,
    }  # fmt: skip
    pdf = paper(make(CLAIM, payload_key(settings)))
    answer = token.sign(pdf, **values)
    assert answer.returncode == 0, answer.stderr
    assert check(answer.stdout, certificate_keys(settings)).signer.name == "Panitia dengan token"
    assert "Signature is Valid." in pdfsig(answer.stdout, tmp_path)
    for change in ({"pkcs11_token": "nobody"}, {"pkcs11_key": "nothing"}, {"pkcs11_module": tmp_path / "none.so"}):
        answer = token.sign(pdf, **values | change)
        assert (answer.returncode, answer.stdout) == (1, b"")
        assert b"token" in answer.stderr
        assert b"Traceback" not in answer.stderr
    pin.write_text("654321\n")
    answer = token.sign(pdf, **values)
    assert answer.returncode == 1
    assert b"token panitia cannot be opened" in answer.stderr


def test_the_made_key_is_one_for_p_256(installation):
    settings = installation()
    key = load_pem_private_key((settings.instance_path / "keys" / "pades.key").read_bytes(), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    assert isinstance(key.curve, ec.SECP256R1)
