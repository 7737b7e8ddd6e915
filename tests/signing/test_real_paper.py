"""A certificate as it is issued, signed: other readers accept it, its facts come out, and the drawing stays."""

import io
import subprocess
from dataclasses import replace

import pikepdf
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.diff_analysis import ModificationLevel
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko_certvalidator import ValidationContext

from paritrana.certificates.drawing import Drawer
from paritrana.signing.compact import Claim, make
from paritrana.signing.signed_pdf import check
from paritrana.signing.signers import certificate_keys, load, payload_key
from tests.certificates.papers import PICTURES, facts, full, proof
from tests.signing.conftest import AT, CLAIM


def test_a_drawn_paper_is_signed_and_stays_what_was_drawn(house, tmp_path):
    signer, about = load(house), facts("PT Maju & Jaya <Utama> d'Kota", code=CLAIM.code)
    claim = Claim(about.code, about.recipient, about.title.id, about.category.id, about.cycle.id, about.issued_on)
    payload = make(claim, payload_key(house))
    drawn = Drawer(full(), PICTURES).draw(about, replace(proof(about), payload=payload, fingerprint=signer.fingerprint))
    signed = signer.sign(drawn, at=AT)
    found = check(signed, certificate_keys(house))
    assert (found.claim, found.payload) == (claim, payload)

    with pikepdf.open(io.BytesIO(drawn)) as before, pikepdf.open(io.BytesIO(signed)) as after:
        assert after.Root.Metadata.read_raw_bytes() == before.Root.Metadata.read_raw_bytes()
        assert [page.Contents.read_bytes() for page in after.pages] == [
            page.Contents.read_bytes() for page in before.pages
        ]
        for name in ("/OutputIntents", "/StructTreeRoot", "/MarkInfo", "/Lang"):
            assert name in after.Root, name
    path = tmp_path / "paper.pdf"
    path.write_bytes(signed)
    subprocess.run(["qpdf", "--check", path], check=True, capture_output=True)
    assert "Signature is Valid." in subprocess.run(["pdfsig", path], capture_output=True, text=True, check=True).stdout
    (signature,) = PdfFileReader(io.BytesIO(signed), strict=True).embedded_signatures
    root = signature.signer_cert
    status = validate_pdf_signature(signature, ValidationContext(trust_roots=[root], allow_fetching=False))
    assert status.bottom_line
    assert status.modification_level == ModificationLevel.NONE
