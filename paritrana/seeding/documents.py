"""Small documents for the simulated cycles: valid PDF files that say on every line that they are simulated."""

from collections.abc import Sequence
from io import BytesIO
from typing import Final

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
