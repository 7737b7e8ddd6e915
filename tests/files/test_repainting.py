"""A picture for our own papers is drawn anew in a limited process: its pixels come back, and nothing beside them."""

import io
import json

import pytest
from PIL import Image, PngImagePlugin

from paritrana.core.filechecks import FileHeavy, FileTrailing, FileUnreadable
from paritrana.core.filetypes import JPEG, PNG
from paritrana.files.repainting import answer, encoded, repainted
from paritrana.files.sandbox import Repainted, read_repainted, repaint


def png(picture, **more):
    file = io.BytesIO()
    picture.save(file, "PNG", **more)
    return file.getvalue()


def jpeg(picture, **more):
    file = io.BytesIO()
    picture.save(file, "JPEG", **more)
    return file.getvalue()


def opened(data):
    picture = Image.open(io.BytesIO(data))
    picture.load()
    return picture


def test_a_signature_keeps_its_pixels_and_its_transparency_and_loses_its_notes():
    noted = PngImagePlugin.PngInfo()
    noted.add_text("Author", "somebody")
    sign = Image.new("RGBA", (40, 20), (0, 0, 0, 0))
    sign.paste((10, 20, 200, 255), (5, 5, 30, 10))
    data = png(sign, pnginfo=noted, icc_profile=b"x" * 200)
    made = repaint(data, PNG, name="tanda.png", side=100)
    assert (made.media_type, made.width, made.height) == ("image/png", 40, 20)
    assert opened(made.data).tobytes() == sign.tobytes()
    assert read_repainted(answer(data, "image/png", 100), 100, name="tanda.png") == made
    assert b"somebody" in data
    assert b"somebody" not in made.data
    assert "icc_profile" not in opened(made.data).info


def test_a_photo_stands_upright_without_the_notes_of_the_camera_and_no_larger_than_asked():
    notes = Image.Exif()
    notes[0x0112], notes[0x010F] = 6, "Camera of somebody"
    photo = Image.effect_noise((400, 200), 60).convert("RGB")
    made = repaint(jpeg(photo, exif=notes), JPEG, name="foto.jpg", side=100)
    assert (made.width, made.height) == (50, 100)
    assert b"Camera" not in made.data
    assert not opened(made.data).getexif()


def test_an_opaque_photo_in_a_png_becomes_a_jpeg_where_that_is_much_smaller():
    photo = Image.effect_noise((900, 700), 90).convert("RGB").resize((1800, 1400))
    data, kind = encoded(repainted(png(photo), 2000))
    assert kind == "image/jpeg"
    assert len(data) < len(png(photo)) / 2
    assert encoded(repainted(png(Image.new("RGB", (900, 700), "white")), 2000))[1] == "image/png"


def test_an_opaque_picture_stays_a_png_where_a_jpeg_saves_little():
    noise = Image.effect_noise((800, 700), 120)
    assert encoded(repainted(png(noise), 2000))[1] == "image/png"


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_every_usual_kind_of_pixels_comes_back_with_its_brightness(mode):
    grey = Image.new("L", (8, 8), 255)
    picture = grey.point(lambda value: value * 257, "I").convert("I;16") if mode == "I;16" else grey.convert(mode)
    made = repainted(png(picture), 100).convert("L")
    assert made.getextrema()[0] > 250


@pytest.mark.parametrize(
    ("data", "kind", "refusal"),
    [
        (png(Image.new("RGB", (9, 9))) + b"PK\x03\x04", PNG, FileTrailing),
        (png(Image.new("RGB", (9, 9)))[:-20], PNG, FileUnreadable),
        (jpeg(Image.new("RGB", (9, 9))) + b"<script>", JPEG, FileTrailing),
        (b"\xff\xd8\xff" + b"\x00" * 50, JPEG, FileUnreadable),
    ],
)
def test_what_is_no_whole_picture_is_refused_in_its_own_sentence(data, kind, refusal):
    said = json.loads(answer(data, kind.media_type, 100))
    assert said == {"code": refusal.code}
    with pytest.raises(refusal):
        repaint(data, kind, name="gambar", side=100)


def test_a_picture_that_stays_too_large_is_refused():
    noise = Image.merge("RGBA", [Image.effect_noise((1600, 1200), 120) for _ in range(4)])
    said = json.loads(answer(png(noise), "image/png", 2000).partition(b"\n")[0])
    assert said == {"code": "file_heavy"}
    with pytest.raises(FileHeavy):
        repaint(png(noise), PNG, name="latar.png", side=2000)


PICTURE = {"code": "", "media_type": "image/png", "width": 4, "height": 3}


def test_nothing_but_a_picture_of_the_size_that_was_asked_for_leaves_the_process():
    data = png(Image.new("RGB", (4, 3)))
    head = json.dumps(PICTURE).encode()
    assert read_repainted(head + b"\n" + data, 4, name="a.png") == Repainted("image/png", 4, 3, data)
    answers = [b"", b"[]\n" + data, b"{" * 10, head, head + b"\n<script>"]
    for wrong in ({"width": 5}, {"height": 0}, {"width": "4"}, {"height": None}, {"media_type": "image/jpeg"},
                  {"media_type": "text/html"}, {"media_type": ["image/png"]}):  # fmt: skip
        answers.append(json.dumps(PICTURE | wrong).encode() + b"\n" + data)
    for answered in answers:
        with pytest.raises(FileHeavy):
            read_repainted(answered, 4, name="a.png")
