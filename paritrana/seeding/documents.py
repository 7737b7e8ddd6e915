"""Small files for the simulated cycles: documents and photos that say of themselves that they are simulated."""

from collections.abc import Sequence
from io import BytesIO
from typing import Final

from PIL import Image, ImageDraw
from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas

BAND: Final = "SIMULASI - Dokumen simulasi, bukan dokumen resmi"
TOP, LEFT, STEP = 780, 72, 22  # points


def simulated_document(title: str, lines: Sequence[str]) -> BytesIO:
    """A PDF of one page with `title` and `lines`; the same words always give the same bytes."""
    file = BytesIO()
    canvas = Canvas(file, pagesize=A4, invariant=1)
    canvas.setTitle(title)
    canvas.setFont("Helvetica-Bold", 11)
    canvas.drawString(LEFT, TOP, BAND)
    canvas.setFont("Helvetica-Bold", 15)
    canvas.drawString(LEFT, TOP - 2 * STEP, title)
    canvas.setFont("Helvetica", 11)
    for place, line in enumerate(lines):
        canvas.drawString(LEFT, TOP - (4 + place) * STEP, line)
    canvas.save()
    file.seek(0)
    return file


def simulated_photo(title: str) -> BytesIO:
    """A JPEG of a plain wall with the band and `title` on it, in the place of a photo."""
    picture = Image.new("RGB", (960, 720), "#d8e2ea")
    pen = ImageDraw.Draw(picture)
    pen.rectangle((0, 520, 960, 720), fill="#8a9a86")
    pen.rectangle((300, 220, 660, 560), fill="#f4f1e8", outline="#5b6770", width=4)
    pen.text((320, 240), BAND, fill="#1c2b36", font_size=14)
    pen.text((320, 270), title, fill="#1c2b36", font_size=14)
    file = BytesIO()
    picture.save(file, "JPEG", quality=80)
    file.seek(0)
    return file
