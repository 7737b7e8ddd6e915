"""What a paper looks like before it exists: the real drawing, of invented or of real names, marked as a sample.

A sample is a picture and never a file to print: it carries a code of zeros, which the register does not know, and no
signature, and the word CONTOH lies across it.
"""

import base64
import io
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from paritrana.certificates.drawing import Drawer, Place, Proof, page_of
from paritrana.certificates.editor.queries import Recipient
from paritrana.certificates.press import address_of
from paritrana.certificates.targets import titles
from paritrana.core.certificates import Facts, Kind, Template, Words
from paritrana.core.codes import BODY
from paritrana.core.errors import ParitranaError
from paritrana.core.words import N_
from paritrana.cycles.models import Cycle
from paritrana.paper import BLACK

if TYPE_CHECKING:
    from PIL.Image import Image

CODE: Final = "0" * (BODY + 1)
DIGEST: Final = "0" * 64
DPI: Final = 96
COLOURS: Final = 96  # of the picture; more would only make it heavier
MARK: Final = "CONTOH"
STRIP: Final = "CONTOH · BUKAN PIAGAM · SAMPLE, NOT A CERTIFICATE"
RED: Final = (168, 32, 26)
PATIENCE: Final = 8.0  # seconds that a sample waits for the one before it
SIGNED: Final = 1 + 8 + 10 + 2 + 64  # bytes of a payload beside its texts

_one_at_a_time = threading.Lock()  # drawing takes the processor and PDFium takes one thread: others wait in line

RANK: Final = 1


class SampleLate(ParitranaError):
    """Too many samples are asked for at once."""

    code = "sample_late"
    status = 503
    message = N_("Many previews are being drawn just now. Your entries are kept; ask again in a moment.")


@dataclass(frozen=True, slots=True)
class Desk:
    """Where papers come from: the address of this site, its name without the protocol, and who runs it."""

    base_url: str
    operator: str

    @property
    def host(self) -> str:
        """The address without the protocol."""
        return self.base_url.split("://", 1)[-1]


def facts_of(
    kind: Kind, recipient: Recipient, cycle: Cycle, at: datetime, *, rank: int | None = None, title: Words | None = None
) -> Facts:
    """What the paper of a recipient would say today. A winner without a rank has the first title of its category."""
    if kind is Kind.WINNER and title is None:
        rank = rank or min(recipient.titles, default=RANK)
        title = recipient.titles.get(rank, Words("Terbaik I", "First"))
    return Facts(
        kind=kind,
        recipient=recipient.name,
        title=title or titles()[kind],
        rank=rank if kind is Kind.WINNER else None,
        category=recipient.category,
        cycle=Words(cycle.title_id, cycle.title_en),
        year=cycle.assessment_year,
        edition=cycle.edition_label,
        decree=cycle.decree or "",
        issued_on=at.astimezone(ZoneInfo(cycle.timezone)).date(),
        code=CODE,
        bundle=DIGEST,
        simulated=cycle.simulated,
    )


def proof_of(facts: Facts, desk: Desk) -> Proof:
    """A proof that proves nothing, as long as a real one: so the square of dots has its real size."""
    texts = "\x1f".join((facts.recipient, facts.title.id, facts.category.id, facts.cycle.id)).encode()
    empty = base64.b32encode(bytes(SIGNED + len(texts))).decode().rstrip("=")
    return Proof(
        code=CODE, address=address_of(CODE, empty, desk.base_url), payload=empty, host=desk.host,
        fingerprint=DIGEST, operator=desk.operator,
    )  # fmt: skip


def picture(
    template: Template, images: Mapping[str, bytes], facts: Facts, desk: Desk, *, patience: float = PATIENCE
) -> tuple[bytes, Sequence[Place]]:
    """The first page as PNG with the mark across it, and how its texts fit.

    One is drawn at a time; `patience` in seconds. Raises `NotPrintable`, `TooLong`, `SampleLate`.
    """
    if not _one_at_a_time.acquire(timeout=patience):
        raise SampleLate
    try:
        drawer = Drawer(template, images)
        places = drawer.look(facts)
        page = page_of(drawer.draw(facts, proof_of(facts, desk)), DPI)
        return marked(page, across=not facts.simulated), places
    finally:
        _one_at_a_time.release()


def marked(page: "Image", *, across: bool) -> bytes:
    """The picture of a page as PNG in few colours, with CONTOH in a strip at its top, and `across` it too."""
    import fontpkg_lato
    from PIL import Image, ImageDraw, ImageFont

    face = str(Path(fontpkg_lato.__file__).parent / "files" / f"{BLACK}.ttf")
    if across:
        wide = Image.new("L", page.size, 0)
        font, middle = ImageFont.truetype(face, page.width // 5), (page.width / 2, page.height / 2)
        ImageDraw.Draw(wide).text(middle, MARK, font=font, fill=56, anchor="mm")
        page.paste(RED, mask=wide.rotate(24, resample=Image.Resampling.BILINEAR))
    strip, draw = min(page.size) // 28, ImageDraw.Draw(page)
    draw.rectangle((0, 0, page.width, strip), fill=RED)
    font = ImageFont.truetype(face, strip * 5 // 8)
    draw.text((page.width / 2, strip / 2), STRIP, font=font, fill="white", anchor="mm")
    file = io.BytesIO()
    page.quantize(COLOURS, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE).save(file, "PNG")
    return file.getvalue()


def data_url(png: bytes) -> str:
    """The picture as an address that holds it."""
    return "data:image/png;base64," + base64.b64encode(png).decode()
