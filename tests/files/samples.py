"""Small files of each kind."""

import io
import zipfile

PDF = b"%PDF-1.7\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" + bytes(20) + b"\xff\xd9"
PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + bytes(17)
WORKBOOK = ("[Content_Types].xml", "_rels/.rels", "xl/workbook.xml")


def archive(*names: str, comment: bytes = b"") -> bytes:
    """A ZIP archive with small members of these names, in this order."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as whole:
        whole.comment = comment
        for name in names:
            whole.writestr(name, "<x/>")
    return held.getvalue()


XLSX = archive(*WORKBOOK)
EACH = {"SK.pdf": PDF, "foto.jpg": JPEG, "cap.png": PNG, "rekap.xlsx": XLSX}
