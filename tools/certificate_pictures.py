"""Draws the pictures of the built-in designs for the documents: `python -m tools.certificate_pictures docs/pictures`.

Every design with a short and a very long name, and one in portrait; nobody and no place named on them exists. The
bytes of a picture change only when its design does.
"""

import io
import sys
from dataclasses import replace
from pathlib import Path

from PIL import Image

from paritrana.certificates.drawing import Drawer, page_of
from paritrana.core.certificates import COLOURS, DESIGNS
from tests.certificates.papers import LONG, PICTURES, SHORT, WHO, facts, proof, template

DPI = 150
MOST_EACH = 350_000


def small(picture: Image.Image) -> bytes:
    """The picture as PNG with as many colours as fit into the limit; pale shades are put together first."""
    content = b""
    for colours, shades in ((128, 1), (64, 8), (32, 16), (24, 20), (16, 24)):
        target = io.BytesIO()
        plain = picture.point([255 - (255 - value + shades // 2) // shades * shades for value in range(256)] * 3)
        plain.quantize(colours, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE).save(target, "PNG", optimize=True)
        content = target.getvalue()
        if len(content) <= MOST_EACH:
            break
    return content


def main(folder: Path) -> None:
    """Write every picture into the folder."""
    wanted = {
        f"certificate-{design}-{size}": (template(design=design, colours=colours), name)
        for design, colours in zip(DESIGNS, COLOURS, strict=True)
        for size, name in (("short", SHORT), ("long", LONG))
    }
    three = replace(template(design="laurel", colours="maroon", paper="portrait"), signatories=WHO)
    wanted["certificate-laurel-portrait"] = three, LONG
    for name, (one, recipient) in wanted.items():
        about = facts(recipient)
        content = small(page_of(Drawer(one, PICTURES).draw(about, proof(about)), DPI))
        (folder / f"{name}.png").write_bytes(content)
        print(f"{name}.png: {len(content) // 1024} kB")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
