"""Small files of each kind."""

import io
import zipfile

from PIL import Image

from tests.nominations.pages import paper

PDF = paper()


def picture(kind: str, size: tuple[int, int] = (8, 8)) -> bytes:
    """A plain picture."""
    held = io.BytesIO()
    Image.new("RGB", size, "white").save(held, kind)
    return held.getvalue()


JPEG, PNG = picture("JPEG"), picture("PNG")
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
