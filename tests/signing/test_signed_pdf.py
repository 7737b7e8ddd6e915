"""The check of a PDF believes what this installation signed and refuses everything else, whoever made it."""

import io
import json
import os
import random
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pikepdf
import pytest
from asn1crypto import algos, cms, core, x509
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from hypothesis import given
from hypothesis import strategies as st
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import fields, signers

from paritrana.config import Settings, load_settings
from paritrana.signing import NotSigned
from paritrana.signing.cms import STAMP_ATTRIBUTE, BadSignature, check_stamp, read
from paritrana.signing.compact import make
from paritrana.signing.der import NotDer, first, inside, one, values
from paritrana.signing.faults import Altered, Refused, UnknownKey, Unreadable, Unsigned
from paritrana.signing.signed_pdf import (
    LARGEST,
    CertificateKeys,
    check,
    read_certificate_keys,
    written_certificate_keys,
)
from paritrana.signing.signers import certificate_keys, load, make_keys, payload_key, published_keys
from tests.signing.conftest import AT, CLAIM, authority, elliptic, genuine, paper

ITS_OWN = ("_cffi_backend", "_openssl", "bcrypt")  # what cryptography loads itself where it is there
OTHER = replace(CLAIM, code="0000000000000000", recipient="Kabupaten Lombok Tengah")


@pytest.fixture(scope="module")
def keys(house: Settings) -> CertificateKeys:
    """The published list, written and read again."""
    return read_certificate_keys(json.dumps(published_keys(house)).encode())


@pytest.fixture(scope="module")
def signed(house: Settings) -> bytes:
    return genuine(house)


def test_a_genuine_file_says_who_when_and_what(signed, keys, house):
    found = check(signed, keys)
    assert found.claim == CLAIM
    assert found.payload == make(CLAIM, payload_key(house))
    assert found.signed_at == AT.replace(microsecond=0)
    assert found.fingerprint == load(house).fingerprint
    assert found.signer.development


# Mutants --------------------------------------------------------------------------------------------------------------


def test_no_changed_byte_passes(signed, keys, figures_of):
    chance = random.Random(7)
    start, end = signed.index(b"/Contents <"), signed.index(b"> /Filter")
    digits = len(signed[start + 11 : end].rstrip(b"0"))
    places = [*range(start + 11, start + 11 + digits), *chance.sample(range(len(signed)), 800)]
    passed = [place for place in places if not refused(changed(signed, place, chance), keys)]
    figures_of("certificate", promises=["P28"], mutants=len(places), accepted=len(passed), guesses=0, found=0, seed=7,
               control=not refused(signed, keys))  # fmt: skip
    assert len(places) > 1500
    assert passed == []


def test_no_changed_byte_of_a_time_stamp_passes(installation, stamps):
    settings = installation(timestamp_url=stamps.url)
    pdf, keys = genuine(settings), certificate_keys(settings)
    assert check(pdf, keys).claim == CLAIM
    chance = random.Random(8)
    start, end = pdf.index(b"/Contents <") + 11, pdf.index(b"> /Filter")
    digits = len(pdf[start:end].rstrip(b"0"))
    places = chance.sample(range(start, start + digits), 700)
    assert [place for place in places if not refused(changed(pdf, place, chance), keys)] == []
    message = read(first(bytes.fromhex(pdf[start:].partition(b">")[0].decode())).raw)
    token = message.unsigned[STAMP_ATTRIBUTE]
    check_stamp(token, message.signature)
    version = token.index(bytes.fromhex("a003020102")) + 4  # of a certificate in the token
    for odd in (0, 1, 5, 0x82):
        with pytest.raises((BadSignature, NotDer)):
            check_stamp(token[:version] + bytes([odd]) + token[version + 1 :], message.signature)
    with pytest.raises(BadSignature):
        check_stamp(token, message.signature[::-1])
    with pytest.raises((BadSignature, NotDer)):
        check_stamp(first(bytes.fromhex(pdf[start:].partition(b">")[0].decode())).raw, message.signature)


def test_a_cut_file_and_added_bytes_are_told_apart(signed, keys):
    for length in range(0, len(signed), 97):
        with pytest.raises(Refused):
            check(signed[:length], keys)
    with pytest.raises(Altered, match="cut"):
        check(signed[:-1], keys)
    for added in (b"\n", b" ", b"\0", b"%%EOF\n", b"%PDF-1.7\n", signed):
        with pytest.raises(Altered, match="added"):
            check(signed + added, keys)


def test_bytes_before_the_file_are_refused(signed, keys):
    with pytest.raises(Unreadable):
        check(b"\n" + signed, keys)
    with pytest.raises(Altered):
        check(b"%PDF-1.7\n" + signed, keys)


def test_an_incremental_update_is_named(signed, keys):
    writer = IncrementalPdfFileWriter(io.BytesIO(signed))
    page = writer.root["/Pages"]["/Kids"][0]
    page["/Rotate"] = pikepdf_free_number(90)
    writer.mark_update(page.container_ref)
    updated = io.BytesIO()
    writer.write(updated)
    assert updated.getvalue().startswith(signed)
    with pytest.raises(Altered, match="added"):
        check(updated.getvalue(), keys)


def test_a_second_signature_is_something_added(house, signed, keys):
    """Also one by the right key."""
    folder = house.instance_path / "keys"
    signer = signers.SimpleSigner.load(str(folder / "pades.key"), str(folder / "pades.pem"))
    again = signers.PdfSigner(
        signers.PdfSignatureMetadata(field_name="Again", subfilter=fields.SigSeedSubFilter.PADES), signer
    ).sign_pdf(IncrementalPdfFileWriter(io.BytesIO(without_certification(signed))))
    with pytest.raises(Refused):
        check(again.getvalue(), keys)


def test_swapped_pages_are_refused(house, signed, keys):
    other = genuine(house, replace(CLAIM, recipient="Kabupaten Sumbawa"))
    with pikepdf.open(io.BytesIO(signed)) as document, pikepdf.open(io.BytesIO(other)) as source:
        del source.pages[0].obj["/Annots"]
        document.pages[0] = source.pages[0]
        swapped = io.BytesIO()
        document.save(swapped, stream_decode_level=pikepdf.StreamDecodeLevel.none)
    assert b"/ByteRange" in swapped.getvalue()
    with pytest.raises(Altered):
        check(swapped.getvalue(), keys)


def test_the_signature_of_one_paper_is_none_of_another(house, signed, keys):
    other = genuine(house, replace(CLAIM, recipient=CLAIM.recipient[::-1]))
    assert len(other) == len(signed)
    start, end = signed.index(b"/Contents <"), signed.index(b"> /Filter")
    with pytest.raises(Altered):
        check(other[:start] + signed[start:end] + other[end:], keys)


def test_a_file_without_its_signature_is_unsigned(signed, keys, house):
    with pikepdf.open(io.BytesIO(signed)) as document:
        del document.Root.AcroForm
        del document.Root.Perms
        del document.pages[0].obj["/Annots"]
        document.remove_unreferenced_resources()
        bare = io.BytesIO()
        document.save(bare)
    with pytest.raises(Unsigned, match="no signature"):
        check(bare.getvalue(), keys)
    with pytest.raises(Unsigned):
        check(paper(make(CLAIM, payload_key(house))), keys)


def test_a_file_that_another_installation_signed_is_by_an_unknown_key(tmp_path, keys, house):
    stranger = load_settings({}, instance_path=tmp_path)
    make_keys(stranger)
    with pytest.raises(UnknownKey, match="key that the list"):
        check(genuine(stranger), keys)
    # A genuine code on a paper that somebody else signed.
    copied = load(stranger).sign(paper(make(CLAIM, payload_key(house)), "Kabupaten Palsu"), at=AT)
    with pytest.raises(UnknownKey):
        check(copied, keys)


def test_our_signature_over_a_strangers_code_is_not_enough(tmp_path, house, keys):
    stranger = load_settings({}, instance_path=tmp_path)
    make_keys(stranger)
    with pytest.raises(UnknownKey, match="The code is signed"):
        check(load(house).sign(paper(make(CLAIM, payload_key(stranger))), at=AT), keys)


def test_a_certificate_of_the_same_authority_is_not_ours(installation, tmp_path):
    root = authority()
    ours = installation("ours", **root.issue("Panitia", elliptic()).store(tmp_path / "ours-files", "panitia"))
    theirs = installation("theirs", **root.issue("Panitia", elliptic()).store(tmp_path / "their-files", "panitia"))
    pdf = load(theirs).sign(paper(make(CLAIM, payload_key(ours))), at=AT)
    with pytest.raises(UnknownKey):
        check(pdf, certificate_keys(ours))


def test_a_signature_in_another_form_is_none_of_ours(house, keys):
    folder = house.instance_path / "keys"
    signer = signers.SimpleSigner.load(str(folder / "pades.key"), str(folder / "pades.pem"))
    pdf = signers.sign_pdf(
        IncrementalPdfFileWriter(io.BytesIO(paper(make(CLAIM, payload_key(house))))),
        signers.PdfSignatureMetadata(field_name="Other"),
        signer,
    )
    with pytest.raises(Unsigned, match="another way"):
        check(pdf.getvalue(), keys)


@pytest.mark.parametrize("times", [0, 2])
def test_a_signed_file_carries_one_code(house, keys, times):
    code = make(CLAIM, payload_key(house))
    pdf = load(house).sign(paper(f"{code}</paritrana:payload><paritrana:payload>{code}" if times else "1"), at=AT)
    with pytest.raises(Unsigned, match="no code"):
        check(pdf, keys)


def test_a_file_is_not_read_beyond_its_limit(keys, signed):
    with pytest.raises(Unreadable, match="25 MiB"):
        check(signed + bytes(LARGEST), keys)


@pytest.mark.parametrize("content", [b"", b"%PDF", b"GIF89a", b"PK\3\4", b"\xff" * 100])
def test_what_is_no_pdf_is_unreadable(keys, content):
    with pytest.raises(Unreadable):
        check(content, keys)


# Signatures made by hand, with the right key --------------------------------------------------------------------------


def test_only_strict_messages_with_sha_2_count(house, signed, keys):
    assert check(rewritten(signed, house, lambda message: None), keys).claim == CLAIM

    def refuse(change) -> None:
        with pytest.raises((Altered, UnknownKey)):
            check(rewritten(signed, house, change), keys)

    def info(message) -> cms.SignerInfo:
        return message["content"]["signer_infos"][0]

    def without(name: str):
        def change(message) -> None:
            kept = [one for one in info(message)["signed_attrs"] if one["type"].native != name]
            info(message)["signed_attrs"] = cms.CMSAttributes(kept)

        return change

    for name in ("content_type", "message_digest", "signing_certificate_v2"):
        refuse(without(name))

    def twice(message) -> None:
        message["content"]["signer_infos"].append(info(message).copy())

    def attribute_twice(message) -> None:
        info(message)["signed_attrs"].append(info(message)["signed_attrs"][1].copy())

    def weak(message) -> None:
        algorithm = algos.DigestAlgorithm({"algorithm": "sha1"})
        info(message)["digest_algorithm"] = algorithm
        info(message)["signature_algorithm"] = algos.SignedDigestAlgorithm({"algorithm": "sha1_ecdsa"})
        message["content"]["digest_algorithms"] = [algorithm]

    def foreign_certificate(message) -> None:
        stranger = authority("Orang lain").certificate
        found = x509.Certificate.load(stranger.public_bytes(pem_or_der()))
        message["content"]["certificates"].append(cms.CertificateChoices("certificate", found))

    def no_certificate(message) -> None:
        message["content"]["certificates"] = cms.CertificateSet([])

    def unsigned(message) -> None:
        info(message)["unsigned_attrs"] = cms.CMSAttributes(
            [cms.CMSAttribute({"type": "1.2.3", "values": [core.OctetString(b"x")]})]
        )

    def false_stamp(message) -> None:
        info(message)["unsigned_attrs"] = cms.CMSAttributes(
            [
                cms.CMSAttribute(
                    {"type": "signature_time_stamp_token", "values": [cms.ContentInfo({"content_type": "data"})]}
                )
            ]
        )

    def content_inside(message) -> None:
        message["content"]["encap_content_info"] = {"content_type": "data", "content": b"x"}

    for change in (
        twice, attribute_twice, weak, foreign_certificate, no_certificate, unsigned, false_stamp, content_inside,
    ):  # fmt: skip
        refuse(change)


def test_sha_1_over_the_attributes_does_not_count(house, signed, keys):
    with pytest.raises(Altered):
        check(rewritten(signed, house, lambda message: None, hashed=SHA1()), keys)  # noqa: S303


def test_nothing_else_lies_in_the_place_of_the_signature(signed, keys):
    start, end = signed.index(b"/Contents <") + 11, signed.index(b"> /Filter")
    digits = signed[start:end]
    used = len(digits.rstrip(b"0")) + 2
    for other in (
        digits[:used] + digits[used:].replace(b"00", b"01", 1), digits.upper(), b" " + digits[:-1],
        b"0" * len(digits), digits[:used] + b">" + digits[used + 1 :], digits[:-1] + b"g",
        b"3080" + digits[8 : -4] + digits[:8],
    ):  # fmt: skip
        with pytest.raises(Altered):
            check(signed[:start] + other + signed[end:], keys)


@given(st.binary(max_size=400))
def test_random_bytes_in_the_place_of_the_signature_are_refused(signed, keys, content):
    start, end = signed.index(b"/Contents <") + 11, signed.index(b"> /Filter")
    with pytest.raises(Refused):
        check(signed[:start] + content.hex().encode().ljust(end - start, b"0") + signed[end:], keys)


# DER ------------------------------------------------------------------------------------------------------------------


@given(st.binary(max_size=200))
def test_der_is_read_or_refused(content):
    try:
        found = values(content)
    except NotDer:
        return
    assert b"".join(value.raw for value in found) == content
    assert all(len(value.content) < len(value.raw) for value in found)


@given(st.lists(st.binary(max_size=300), max_size=20))
def test_der_that_others_write_is_read(texts):
    written = b"".join(core.OctetString(text).dump() for text in texts)
    assert [value.content for value in values(written)] == texts


@pytest.mark.parametrize(
    "content",
    [
        b"\x04", b"\x04\x01", b"\x04\x80\x00\x00", b"\x04\x81\x01a", b"\x04\x82\x00\x80" + b"a" * 128, b"\x1f\x01\x00",
        b"\x04\xff" + b"a" * 200, b"\x04\x85\x00\x00\x00\x00\x01a", b"\x05\x00" * 257, b"\x04\x84\xff\xff\xff\xffa",
    ],
)  # fmt: skip
def test_other_spellings_are_no_der(content):
    with pytest.raises(NotDer):
        values(content)


def test_depth_costs_nothing():
    bomb = b""
    for _ in range(2000):
        bomb = core.Sequence(contents=bomb).dump()
    assert len(values(bomb)) == 1
    assert one(bomb, 0x30).raw == bomb
    with pytest.raises(NotDer):
        inside(bomb, 0x30, 0x02)


# The list of keys -----------------------------------------------------------------------------------------------------


def test_a_list_comes_back_as_it_was_written(keys):
    assert read_certificate_keys(json.dumps(written_certificate_keys(keys)).encode()) == keys


@pytest.mark.parametrize(
    "change",
    [
        {"format": "x"}, {"payload": {}}, {"payload": []}, {"signers": []}, {"signers": {}}, {"signers": [{}]},
        {"signers": [1]}, {"payload": {"0" * 16: "AAAA"}}, {"payload": {"0" * 16: 5}},
        {"payload": {"0" * 16: "A" * 43 + "="}},
    ],
)  # fmt: skip
def test_what_is_no_list_of_keys_is_refused(house, change):
    with pytest.raises(NotSigned):
        read_certificate_keys(json.dumps(published_keys(house) | change).encode())


@pytest.mark.parametrize("text", [b"", b"[]", b"\xff", b"{" * 5000, b"[" * 100_000, b" " * 2_000_000, b"null"])
def test_what_is_no_json_is_no_list_of_keys(text):
    with pytest.raises(NotSigned):
        read_certificate_keys(text)


def test_a_certificate_under_anothers_fingerprint_is_refused(house):
    listed = published_keys(house)
    listed["signers"][0]["fingerprint"] = "0" * 64
    with pytest.raises(NotSigned, match="fingerprint"):
        read_certificate_keys(json.dumps(listed).encode())


# The command ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def desk(tmp_path: Path, house: Settings, signed: bytes) -> Path:
    """A folder of a stranger: a certificate, the text of its code, and the published keys."""
    (tmp_path / "piagam.pdf").write_bytes(signed)
    (tmp_path / "keys.json").write_text(json.dumps(published_keys(house)))
    payload = make(CLAIM, payload_key(house))
    (tmp_path / "code.txt").write_text(f"HTTPS://PARITRANA.TEST/VERIFY/{CLAIM.code}/{payload}\n")
    return tmp_path


def command(desk: Path, *arguments: str, given: bytes | None = None) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "paritrana", "verify-certificate", *arguments, "--keys", "keys.json"],
        cwd=desk, input=given, capture_output=True, check=False, env=os.environ | {"PYTHONPATH": str(root())},
    )  # fmt: skip


def test_the_command_tells_genuine_altered_and_unreadable(desk, signed):
    answer = command(desk, "piagam.pdf")
    assert answer.returncode == 0, answer.stderr
    said = answer.stdout.decode()
    for line in ("recipient: Kabupaten Lombok Timur", "title: Peringkat I", "issued on: 2026-11-21",
                 "warning: This key was made for development"):  # fmt: skip
        assert line in said
    (desk / "piagam.pdf").write_bytes(signed.replace(b"/Rotate 0", b"/Rotate 9"))
    answer = command(desk, "piagam.pdf")
    assert (answer.returncode, answer.stdout) == (1, b"The file was changed after it was signed.\n")
    (desk / "piagam.pdf").write_bytes(signed + b"%")
    answer = command(desk, "piagam.pdf")
    assert (answer.returncode, answer.stdout) == (1, b"Something was added to the file after it was signed.\n")
    answer = command(desk, "nothing.pdf")
    assert (answer.returncode, answer.stdout) == (2, b"")
    assert answer.stderr.count(b"\n") == 1


def test_the_command_takes_a_code_in_each_way(desk):
    address = (desk / "code.txt").read_text().strip()
    payload = address.rsplit("/", 1)[1]
    for answer in (
        command(desk, "code.txt"), command(desk, address), command(desk, payload),
        command(desk, "-", given=address.encode()),
    ):  # fmt: skip
        assert answer.returncode == 0, answer.stderr
        assert b"recipient: Kabupaten Lombok Timur\n" in answer.stdout
        assert b"only the code was checked" in answer.stdout
    other = address.replace(CLAIM.code, OTHER.code)
    for changed_code in (payload[:-1] + ("A" if payload[-1] != "A" else "B"), other):
        answer = command(desk, changed_code)
        assert answer.returncode == 1
        assert answer.stdout.count(b"\n") == 1


def test_keys_that_cannot_be_read_are_no_verdict(desk):
    for content in ("", "{}", "[]"):
        (desk / "keys.json").write_text(content)
        answer = command(desk, "piagam.pdf")
        assert (answer.returncode, answer.stdout) == (2, b"")


def test_the_command_loads_only_click_and_cryptography_and_opens_no_connection(desk):
    program = """
import sys
before = set(sys.modules)
def look(event, arguments):
    if event.startswith("socket.") or event in ("subprocess.Popen", "os.system"):
        raise RuntimeError(event)
sys.addaudithook(look)
from paritrana.cli import main
try:
    main(["verify-certificate", "piagam.pdf", "--keys", "keys.json"])
except SystemExit as end:
    assert end.code == 0, end.code
loaded = {name.partition(".")[0] for name in set(sys.modules) - before} - set(sys.stdlib_module_names)
print(*sorted(loaded), file=sys.stderr)
"""
    answer = subprocess.run(
        [sys.executable, "-c", program], cwd=desk, capture_output=True, text=True, check=True,
        env=os.environ | {"PYTHONPATH": str(root())},
    )  # fmt: skip
    assert "recipient: Kabupaten Lombok Timur" in answer.stdout
    assert set(answer.stderr.split()) <= {"paritrana", "click", "cryptography", *ITS_OWN}


def test_other_commands_do_not_load_pyhanko(tmp_path):
    program = "import sys, paritrana.app, paritrana.cli; sys.exit('pyhanko' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], cwd=tmp_path, check=False).returncode == 0


# --------------------------------------------------------------------------------------------------------------------


def root() -> Path:
    return Path(__file__).parents[2]


def pem_or_der():
    from cryptography.hazmat.primitives.serialization import Encoding

    return Encoding.DER


def pikepdf_free_number(value: int):
    from pyhanko.pdf_utils.generic import NumberObject

    return NumberObject(value)


def refused(pdf: bytes, keys: CertificateKeys) -> bool:
    try:
        check(pdf, keys)
    except Refused:
        return True
    return False


def changed(pdf: bytes, place: int, chance: random.Random) -> bytes:
    """One other byte; a digit of the signature becomes another digit."""
    old = pdf[place]
    choices = b"0123456789abcdef" if old in b"0123456789abcdef" else bytes(range(256))
    new = chance.choice([byte for byte in choices if byte != old])
    return pdf[:place] + bytes([new]) + pdf[place + 1 :]


def without_certification(pdf: bytes) -> bytes:
    """The same length, with the permission of the signature renamed, so that pyHanko agrees to sign once more."""
    return pdf.replace(b"/DocMDP", b"/DocMDQ")


def rewritten(pdf: bytes, settings: Settings, change, hashed=None) -> bytes:
    """The file with its CMS message changed and, over the attributes as they are then, signed by the right key."""
    start, end = pdf.index(b"/Contents <") + 11, pdf.index(b"> /Filter")
    message = cms.ContentInfo.load(bytes.fromhex(pdf[start:end].decode()))
    _ = message.native  # reads everything, so that it is written anew
    change(message)
    key = load_pem_private_key((settings.instance_path / "keys" / "pades.key").read_bytes(), None)
    for info in message["content"]["signer_infos"]:
        info["signature"] = key.sign(info["signed_attrs"].untag().dump(force=True), ECDSA(hashed or SHA256()))
    raw = message.dump(force=True)
    return pdf[:start] + raw.hex().encode().ljust(end - start, b"0") + pdf[end:]
