"""What the tests of the editor share: addresses, a form as a browser sends it, pictures, and what a preview shows."""

import base64
import io
import re

from PIL import Image

from paritrana.core.certificates import Kind
from tests.nominations.pages import Forms

TEMPLATES = "/manage/contoh-2025/certificates/templates"
PICTURES = "/manage/contoh-2025/certificates/pictures"
CHECK = "/manage/contoh-2025/certificates/check"


def address(kind=Kind.WINNER, title=""):
    return f"{TEMPLATES}/{kind.value}" + (f"?title={title}" if title else "")


def form_in(answer, where):
    """The fields of the form of a page that is sent to an address, whatever stands behind its question mark."""
    path = where.partition("?")[0]
    return next(dict(fields) for action, fields in Forms(answer.text).forms.items() if action.partition("?")[0] == path)


def post(client, where, fields, **changes):
    """Send a form as a browser does; the answer is Indonesian."""
    return client.post(where, data={**fields, **changes}, headers={"Sec-Fetch-Site": "same-origin"})


def form_at(client, where):
    """The fields of the form of a page that is sent to the page itself."""
    return form_in(client.get(where), where)


def save(client, where, **changes):
    """Change some fields of the page's form and send it."""
    return post(client, where, form_at(client, where), **changes)


def picture(colour="navy", size=(60, 30), kind="PNG", mode="RGB"):
    file = io.BytesIO()
    Image.new(mode, size, colour).save(file, kind)
    return file.getvalue()


def add_picture(client, data=None, name="logo.png"):
    file = (io.BytesIO(picture() if data is None else data), name)
    return post(client, PICTURES, form_at(client, PICTURES), picture=file)


def shown(page):
    """The pictures that a page holds in its addresses."""
    return [base64.b64decode(one) for one in re.findall(r'src="data:image/png;base64,([^"]+)"', page)]


def opened(data):
    found = Image.open(io.BytesIO(data))
    found.load()
    return found.convert("RGB")
