"""Many signed papers as one archive: each file as it was signed, in the order of the register."""

import re
import tempfile
import unicodedata
import zipfile
from collections.abc import Iterable
from typing import Final

from paritrana.certificates.register.queries import Sheet
from paritrana.core.codes import shown
from paritrana.web.exports import Spool

DAY: Final = (2020, 1, 1, 0, 0, 0)  # of every entry: the same papers give the same archive
LONGEST: Final = 60  # characters of a recipient in a file name
_UNSAFE = re.compile(r"[^A-Za-z0-9]+")
_DOS, _PLAIN_FILE = 0, 0x20


def file_name(sheet: Sheet, digits: int = 3) -> str:
    """`012-kabupaten-contoh-ABCD-….pdf`: letters, digits and dashes alone, which every system takes."""
    plain = unicodedata.normalize("NFKD", sheet.recipient).encode("ascii", "ignore").decode()
    name = _UNSAFE.sub("-", plain).strip("-").lower()[:LONGEST].rstrip("-") or "piagam"
    return f"{sheet.register_no:0{digits}}-{name}-{shown(sheet.code)}.pdf"


def write_zip(spool: Spool, papers: Iterable[tuple[Sheet, bytes]]) -> int:
    """Write the archive, unpacked files one after the other; tells how many. The same papers give the same bytes."""
    count = 0
    with tempfile.TemporaryFile() as file:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
            for sheet, content in papers:
                entry = zipfile.ZipInfo(file_name(sheet), DAY)
                entry.create_system, entry.external_attr = _DOS, _PLAIN_FILE
                archive.writestr(entry, content)
                count += 1
        spool.copy(file)
    return count
