"""What no text and no address may hold: characters and numbers that the database cannot keep."""

import json

from flask import Flask, request
from werkzeug.routing import IntegerConverter

from paritrana.core.errors import BadInput, NotFound
from paritrana.core.texts import readable
from paritrana.core.words import N_


class UnreadableText(BadInput):
    """A field holds characters that cannot be stored."""

    code = "unreadable_text"
    message = N_("An entry holds a character that cannot be stored. Type the entry again.")


class NumberConverter(IntegerConverter):
    """A number in an address: at most nine digits, so that every column of whole numbers can be asked for it."""

    regex = r"\d{1,9}"


def init_app(app: Flask) -> None:
    """Refuse unreadable texts at the door, in the address, in forms and in JSON; call it before rules are added."""
    app.url_map.converters["int"] = NumberConverter

    @app.before_request
    def _refuse_unreadable() -> None:
        if not readable(request.path):
            raise NotFound
        if not all(map(readable, request.args.values())):
            raise UnreadableText
        if request.method in {"POST", "PUT"}:
            typed = [value for values in request.form.listvalues() for value in values]
            if request.is_json and b"\\u" in request.get_data(cache=True):
                said = json.dumps(request.get_json(silent=True), ensure_ascii=False)
                typed.append(said.replace("\\u0000", "\x00"))  # JSON always writes NUL as an escape
            if not all(map(readable, typed)):
                raise UnreadableText
