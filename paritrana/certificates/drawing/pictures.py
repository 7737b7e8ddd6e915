"""Pictures on paper, and paper as a picture."""

import io
from typing import TYPE_CHECKING, Final

from paritrana.certificates.drawing.file import Objects, stream

if TYPE_CHECKING:
    from PIL.Image import Image

SHARP: Final = 300  # dots per inch of a logo or a signature at most
GROUND_SHARP: Final = 200  # of a background
FEW: Final = 4096  # colours of a picture that is kept without loss


class Picture:
    """A picture of a template as an object of a file, with its shape."""

    def __init__(self, content: bytes, wide: float, high: float, objects: Objects, *, dpi: int = SHARP) -> None:
        """`wide` and `high` in points are the room that it has; it is no sharper than that room can show."""
        from PIL import Image, ImageOps

        with Image.open(io.BytesIO(content)) as opened:
            found = ImageOps.exif_transpose(opened)
            found = found.convert("RGBA" if found.has_transparency_data else "RGB")
        found.thumbnail((max(1, round(wide / 72 * dpi)), max(1, round(high / 72 * dpi))), Image.Resampling.LANCZOS)
        self._wide, self._high = found.size
        self.reference = objects.add(_object(found, objects))

    def within(self, wide: float, high: float) -> tuple[float, float]:
        """How wide and high it stands in a room, in its own shape."""
        scale = min(wide / self._wide, high / self._high)
        return self._wide * scale, self._high * scale

    def over(self, wide: float, high: float) -> tuple[float, float]:
        """How wide and high it stands when it covers a room, in its own shape."""
        scale = max(wide / self._wide, high / self._high)
        return self._wide * scale, self._high * scale


def page_of(pdf: bytes, dpi: float) -> "Image":
    """The first page of a PDF of our own as a picture."""
    import pypdfium2

    document = pypdfium2.PdfDocument(pdf)
    try:
        picture: Image = document[0].render(scale=dpi / 72).to_pil().convert("RGB")
    finally:
        document.close()
    return picture


def image_of(pdf: bytes, dpi: float) -> bytes:
    """The first page of a PDF of our own as PNG."""
    target = io.BytesIO()
    page_of(pdf, dpi).save(target, "PNG")
    return target.getvalue()


def _object(picture: "Image", objects: Objects) -> bytes:
    """A picture as a stream; what it shows through is a second one."""
    about: dict[str, object] = {
        "Type": "/XObject", "Subtype": "/Image", "Width": picture.width, "Height": picture.height,
        "BitsPerComponent": 8,
    }  # fmt: skip
    colours = about | {"ColorSpace": "/DeviceRGB"}
    if picture.mode == "RGBA":
        mask = stream(picture.getchannel("A").tobytes(), about | {"ColorSpace": "/DeviceGray"})
        colours["SMask"] = objects.add(mask)
    plain = picture.convert("RGB")
    if plain.getcolors(FEW) is not None or picture.mode == "RGBA":
        return stream(plain.tobytes(), colours)
    packed = io.BytesIO()
    plain.save(packed, "JPEG", quality=88)
    return stream(packed.getvalue(), colours | {"Filter": "/DCTDecode"}, packed=False)
