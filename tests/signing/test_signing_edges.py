"""Signatures that are nearly right: other hashes, other keys, days without validity, chains of a stamp; and tokens."""

import hashlib
from pathlib import Path

import pytest
from asn1crypto import algos, cms, core, tsp
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from paritrana.config import Settings
from paritrana.core.codes import shown
from paritrana.signing.compact import make
from paritrana.signing.der import NotDer, first
from paritrana.signing.faults import Altered, UnknownKey, Unreadable
from paritrana.signing.offline import LARGEST_TEXT, facts_of
from paritrana.signing.pades import Signer
from paritrana.signing.signed_pdf import check
from paritrana.signing.signers import CertificateKeyMissing, Material, certificate_keys, check_keys, load, payload_key
from tests.signing.conftest import AT, CLAIM, StampServer, authority, elliptic, genuine, paper
from tests.signing.test_signed_pdf import OTHER, rewritten
from tests.signing.test_signers import Token, module


@pytest.fixture(scope="module")
def signed(house: Settings) -> bytes:
    """A paper of the house."""
    return genuine(house)


@pytest.fixture(scope="module")
def rsa_key() -> rsa.RSAPrivateKey:
    """A key that takes long to make."""
    return rsa.generate_private_key(65537, 2048)


def attribute(message, name):
    attributes = message["content"]["signer_infos"][0]["signed_attrs"]
    return next(one for one in attributes if one["type"].native == name)["values"]


# Messages made by hand ------------------------------------------------------------------------------------------------


def test_the_certificate_may_be_named_by_another_hash_of_sha_2_alone(house: Settings, signed: bytes) -> None:
    keys = certificate_keys(house)
    der = load(house).known.certificate

    def named(algorithm: str, digest: bytes):
        def change(message) -> None:
            one = tsp.ESSCertIDv2({"hash_algorithm": {"algorithm": algorithm}, "cert_hash": digest})
            attribute(message, "signing_certificate_v2")[0] = tsp.SigningCertificateV2({"certs": [one]})

        return change

    right = rewritten(signed, house, named("sha512", hashlib.sha512(der).digest()))
    assert check(right, keys).claim == CLAIM
    for algorithm, digest in (("sha512", bytes(64)), ("sha1", hashlib.sha1(der, usedforsecurity=False).digest())):
        with pytest.raises(Altered):
            check(rewritten(signed, house, named(algorithm, digest)), keys)


def test_a_signature_of_a_day_on_which_the_certificate_was_not_valid_does_not_count(
    house: Settings, signed: bytes
) -> None:
    keys = certificate_keys(house)
    for day, counts in ((b"20200101000000", True), (b"20191231235959", False), (b"20500101000000", False)):
        dated = signed.replace(b"(D:20261121040506Z)", b"(D:" + day + b"Z)")
        start, end = dated.index(b"/Contents <") + 10, dated.index(b"> /Filter") + 1
        digest = hashlib.sha256(dated[:start] + dated[end:]).digest()

        def of_the_day(message, digest=digest) -> None:
            attribute(message, "message_digest")[0] = core.OctetString(digest)

        changed = rewritten(dated, house, of_the_day)
        if counts:
            assert check(changed, keys).claim == CLAIM
        else:
            with pytest.raises(UnknownKey, match="not valid on the day"):
                check(changed, keys)


def test_a_key_on_a_curve_that_nobody_expects_signs_nothing_that_leaves(house: Settings) -> None:
    holder = authority().issue("Panitia", ec.generate_private_key(ec.SECP256K1()))
    signer = Signer(Material(holder.certificate, holder.chain, holder.key), house)
    with pytest.raises(CertificateKeyMissing) as refused:
        signer.sign(paper(make(CLAIM, payload_key(house))), at=AT)
    assert "is refused" in refused.value.detail


def test_a_signature_by_rsa_names_the_hash_that_the_message_names(installation, rsa_key, tmp_path: Path) -> None:
    settings = installation(**authority().issue("Panitia RSA", rsa_key).store(tmp_path / "files", "panitia"))
    pdf, keys = genuine(settings), certificate_keys(settings)
    assert check(pdf, keys).signer.name == "Panitia RSA"
    start, end = pdf.index(b"/Contents <") + 11, pdf.index(b"> /Filter")
    for name, counts in (("sha256_rsa", True), ("sha512_rsa", False), ("rsassa_pkcs1v15", False)):
        message = cms.ContentInfo.load(bytes.fromhex(pdf[start:end].decode()))
        _ = message.native  # reads everything, so that it is written anew
        (info,) = message["content"]["signer_infos"]
        info["signature_algorithm"] = algos.SignedDigestAlgorithm({"algorithm": name})
        info["signature"] = rsa_key.sign(info["signed_attrs"].untag().dump(force=True), padding.PKCS1v15(), SHA256())
        raw = message.dump(force=True).hex().encode()
        changed = pdf[:start] + raw.ljust(end - start, b"0") + pdf[end:]
        if counts:
            assert check(changed, keys).claim == CLAIM
        else:
            with pytest.raises(Altered):
                check(changed, keys)


def test_nothing_is_no_value() -> None:
    for content in (b"", b"\x30"):
        with pytest.raises(NotDer):
            first(content)


# Time stamps ----------------------------------------------------------------------------------------------------------


def test_a_stamp_may_bring_the_certificates_above_its_own_and_no_stranger(
    installation, stamps: StampServer, tmp_path: Path
) -> None:
    settings = installation(timestamp_url=stamps.url)
    chain, keys = (tmp_path / "tsa" / "tsa.pem").read_bytes(), certificate_keys(settings)
    (tmp_path / "tsa" / "alone.pem").write_bytes(chain)  # what the server adds to its answer
    assert check(genuine(settings), keys).claim == CLAIM
    stranger = authority("Orang lain").certificate.public_bytes(Encoding.PEM)
    (tmp_path / "tsa" / "alone.pem").write_bytes(chain + stranger)
    with pytest.raises(CertificateKeyMissing) as refused:
        genuine(settings)
    assert "is refused" in refused.value.detail


def test_a_stamp_with_changes_that_nobody_asked_for_is_told_and_nothing_is_signed(
    installation, stamps: StampServer
) -> None:
    settings = installation(timestamp_url=stamps.url)
    ask = stamps.answer

    def changed(query: bytes) -> tuple[int, str, bytes]:
        status, kind, body = ask(query)
        answer = tsp.TimeStampResp.load(body)
        answer["status"]["status"] = "granted_with_mods"
        return status, kind, answer.dump(force=True)

    stamps.answer = changed
    with pytest.raises(CertificateKeyMissing) as refused:
        genuine(settings)
    assert "Timestamp server refused" in refused.value.detail


# What the command tells -----------------------------------------------------------------------------------------------


def test_the_facts_of_a_paper_come_from_its_file_or_from_its_code_alone(installation, tmp_path: Path) -> None:
    made_here = installation("development")
    files = authority().issue("Panitia NTB", elliptic()).store(tmp_path / "files", "panitia")
    office = installation("office", **files)
    for settings, warned in ((made_here, True), (office, False)):
        facts = facts_of(genuine(settings), certificate_keys(settings))
        assert (facts["recipient"], facts["code"]) == (CLAIM.recipient, shown(CLAIM.code))
        assert ("warning" in facts) is warned
    keys, payload = certificate_keys(office), make(CLAIM, payload_key(office))
    address = f"HTTPS://PARITRANA.TEST/VERIFY/{CLAIM.code}/{payload}"
    for text in (payload, address, f" {address.lower().replace(payload.lower(), payload)}\n"):
        facts = facts_of(text.encode(), keys)
        assert (facts["genuine"], facts["issued on"]) == ("the code", "2026-11-21")
        assert "only the code was checked" in facts["note"]
    with pytest.raises(Altered, match="names another certificate"):
        facts_of(address.replace(CLAIM.code, OTHER.code).encode(), keys)
    for content in (b"A" * (LARGEST_TEXT + 1), "é".encode()):
        with pytest.raises(Unreadable):
            facts_of(content, keys)


# A token --------------------------------------------------------------------------------------------------------------


def test_keys_of_both_kinds_sign_in_one_token(installation, rsa_key, tmp_path: Path, monkeypatch) -> None:
    token = Token(tmp_path / "token")
    monkeypatch.setenv("SOFTHSM2_CONF", token.environment["SOFTHSM2_CONF"])
    pin = tmp_path / "pin"
    pin.touch(mode=0o600)
    pin.write_text("123456\n")
    made = []
    for no, key in enumerate((elliptic(), rsa_key), start=1):
        files = authority().issue(f"Panitia {no}", key).store(tmp_path / f"files-{no}", "panitia")
        key_file = files["pades_key_file"]
        token.run(
            "--import", key_file, "--token", "panitia", "--label", f"piagam-{no}", "--id", f"0{no}", "--pin", "123456"
        )
        key_file.unlink()
        made.append(
            installation(
                f"instance-{no}", pades_certificate_file=files["pades_certificate_file"], pkcs11_module=module(),
                pkcs11_token="panitia", pkcs11_key=f"piagam-{no}", pkcs11_pin_file=pin,
            )
        )  # fmt: skip
    for no, settings in enumerate(made, start=1):
        check_keys(settings, at=AT)
        assert check(genuine(settings), certificate_keys(settings)).signer.name == f"Panitia {no}"
    with pytest.raises(CertificateKeyMissing) as refused:
        load(made[0].model_copy(update={"pkcs11_key": "nothing"}))
    assert "no single key nothing" in refused.value.detail
