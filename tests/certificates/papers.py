"""Templates, facts and proofs of certificates for the tests of their papers. Nobody named here exists."""

import base64
import hashlib
import io
import random
from datetime import date

from PIL import Image, ImageDraw

from paritrana.certificates.drawing import Proof
from paritrana.core.certificates import PLACES, Facts, Kind, Logo, Signatory, Template, Words

SHORT = "Kabupaten Contoh"
LONG = (
    "Pemerintah Kabupaten Kepulauan Contoh Selatan dan Kabupaten Pegunungan Contoh Utara di Provinsi Contoh Barat Daya"
)
TEXTS = {
    "heading": Words("PIAGAM PENGHARGAAN", "Certificate of Award"),
    "above": Words("diberikan kepada", "presented to"),
    "between": Words("sebagai", "as"),
    "title": Words("{title}", "{title}"),
    "body": Words(
        "Kategori {category} pada {cycle}, tahun penilaian {year}, edisi {edition}, berdasarkan {decree}",
        "Category {category}, {cycle}, assessment year {year}, edition {edition}, under {decree}",
    ),
    "closing": Words("", ""),
}
WHO = (
    Signatory("Dr. Contoh Satu, S.H., M.H.", Words("Gubernur Contoh", "Governor of Contoh")),
    Signatory(
        "Contoh Dua", Words("Kepala Dinas Tenaga Kerja Provinsi Contoh", "Head of the Manpower Office of Contoh")
    ),
    Signatory(
        "Hj. Contoh Tiga yang Panjang Sekali Namanya, M.Si.", Words("Ketua Panel Penilai", "Chair of the Assessors")
    ),
)


def picture(colour, size=(300, 300), mode="RGBA"):
    """A disc as PNG; where it is not, one sees through."""
    image = Image.new(mode, size, (255, 255, 255, 0)[: len(mode)])
    ImageDraw.Draw(image).ellipse((5, 5, size[0] - 5, size[1] - 5), fill=colour)
    target = io.BytesIO()
    image.save(target, "PNG")
    return target.getvalue()


PICTURES = {hashlib.sha256(one).hexdigest(): one for one in (
    picture((30, 80, 160, 255)), picture((200, 60, 40, 255), (700, 300)), picture((30, 140, 80, 255)),
    picture((20, 30, 120, 255), (600, 150)), picture((240, 244, 250), (1200, 850), "RGB"),
)}  # fmt: skip
*LOGOS, SIGNATURE, BACKGROUND = PICTURES


def template(**changes):
    values = {
        "kind": Kind.WINNER, "paper": "landscape", "design": "guilloche", "colours": "blue", "languages": ("id", "en"),
        "texts": TEXTS, "place": "Kota Contoh", "signatories": WHO[:2],
    }  # fmt: skip
    return Template(**(values | changes))


def full(**changes):
    """A template with everything: three signatories with pictures of their signatures, three logos, both languages."""
    who = tuple(Signatory(one.name, one.office, SIGNATURE) for one in WHO)
    logos = tuple(Logo(image, place) for image, place in zip(LOGOS, PLACES, strict=True))
    return template(signatories=who, logos=logos, **changes)


def facts(recipient=SHORT, **changes):
    values = {
        "kind": Kind.WINNER, "recipient": recipient, "title": Words("Terbaik I", "First Place"), "rank": 1,
        "category": Words("Pemerintah kabupaten/kota", "Regency and city governments"),
        "cycle": Words("Paritrana Award Provinsi Contoh", "Paritrana Award of Contoh Province"), "year": 2025,
        "edition": "2026", "decree": "Keputusan Gubernur Contoh Nomor 12 Tahun 2026", "issued_on": date(2026, 3, 2),
        "code": "7QK42M9XH3TC8WPA", "bundle": "ab" * 32, "simulated": False,
    }  # fmt: skip
    return Facts(**(values | changes))


def proof(about, host="paritrana.contoh.go.id"):
    """A proof as long as a real one: what is signed is as long as its texts and 85 bytes more."""
    texts = "\x1f".join([about.recipient, about.title.id, about.category.id, about.cycle.id])
    signed = random.Random(1).randbytes(85 + len(texts.encode()))
    payload = base64.b32encode(signed).decode().rstrip("=")
    address = f"HTTPS://{host.upper()}/VERIFY/{about.code}/{payload}"
    fingerprint = hashlib.sha256(b"contoh").hexdigest()
    return Proof(about.code, address, payload, host, fingerprint, "Panitia Contoh")
