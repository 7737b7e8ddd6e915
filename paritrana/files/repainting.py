"""Draws one uploaded picture anew, alone in a process of its own that is limited before it reads a byte.

    python -I -c "from paritrana.files.repainting import main; main()" MEDIA_TYPE SIDE < picture > answer

The answer is a line of JSON, `{"code": "", "media_type": …, "width": …, "height": …}`, and behind it the bytes of the
new picture, or `{"code": …}` with the code of a refusal in `core.filechecks`. The new picture holds pixels only: no
notes of a camera, no colour profile, nothing beside. What is transparent stays transparent. Whoever reads the answer
trusts nothing of it: the picture may have taken this process over.
"""

import io
import json
import resource
import sys
from typing import Final

from PIL import Image, ImageOps

from paritrana.files.limits import limits
from paritrana.files.looking import LOOKS, Refused, verdict

MEMORY: Final = 768 * 1024 * 1024  # bytes
CPU: Final = 10  # seconds
LIMITS: Final = limits(memory=MEMORY, cpu=CPU)
QUALITY: Final = 90
LARGEST: Final = 4 * 1024 * 1024  # bytes of the new picture
SEE_THROUGH: Final = frozenset({"RGBA", "LA", "PA", "RGBa", "La"})


def main() -> None:  # pragma: no cover - it would limit the process that measures; tests start it as its own
    """Limit this process, draw standard input anew, answer on standard output."""
    media_type, side = sys.argv[1], int(sys.argv[2])
    for what, most in LIMITS:
        resource.setrlimit(what, (most, most))
    sys.stdout.buffer.write(answer(sys.stdin.buffer.read(), media_type, side))
    sys.stdout.buffer.flush()


def answer(data: bytes, media_type: str, side: int) -> bytes:
    """What the process says of a picture; neither side of the new one is longer than `side` pixels."""
    said: dict[str, object] = {}
    made = b""

    def draw(data: bytes) -> None:
        nonlocal made
        LOOKS[media_type](data)
        picture = repainted(data, side)
        made, kind = encoded(picture)
        if len(made) > LARGEST:
            raise Refused("file_heavy")
        said.update(media_type=kind, width=picture.width, height=picture.height)

    code = verdict(draw, data)
    return _said(code=code) if code else _said(code="", **said) + made


def repainted(data: bytes, side: int) -> Image.Image:
    """The pixels of a picture, upright, in grey or colour, at most `side` pixels long; with its transparency if any."""
    picture = Image.open(io.BytesIO(data), formats=("JPEG", "PNG"))
    picture.draft("RGB", (side, side))  # a JPEG is decoded no larger than it is used
    upright = ImageOps.exif_transpose(picture)
    if upright.mode.startswith("I"):  # 16 bits of grey
        upright = upright.convert("I").point(lambda value: value / 256).convert("L")
    if upright.mode in SEE_THROUGH or "transparency" in upright.info:
        wanted = "RGBA"
    else:
        wanted = "L" if upright.mode in {"L", "1"} else "RGB"
    upright = upright.convert(wanted)
    upright.thumbnail((side, side))
    if wanted == "RGBA" and upright.getchannel("A").getextrema() == (255, 255):
        upright = upright.convert("RGB")
    return Image.frombytes(upright.mode, upright.size, upright.tobytes())  # without anything that was noted beside


def encoded(picture: Image.Image) -> tuple[bytes, str]:
    """The picture as PNG, or as JPEG where that is opaque and much smaller, and its media type."""
    png = io.BytesIO()
    picture.save(png, "PNG", optimize=False)
    if picture.mode == "RGBA" or len(png.getvalue()) <= LARGEST // 16:
        return png.getvalue(), "image/png"
    jpeg = io.BytesIO()
    picture.save(jpeg, "JPEG", quality=QUALITY)
    if len(jpeg.getvalue()) * 2 < len(png.getvalue()):
        return jpeg.getvalue(), "image/jpeg"
    return png.getvalue(), "image/png"


def _said(**said: object) -> bytes:
    return json.dumps(said).encode() + b"\n"
