"""Copies of queues as a device saves them: a key, a signature, and every way to spoil them."""

import base64
import io
import json
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from paritrana.accounts.models import Device
from paritrana.accounts.service import register_device
from paritrana.database import db
from paritrana.sheets.models import Sheet
from tests.factories import World
from tests.nominations.pages import SAME_ORIGIN, fields_in

TEXTS = ("value", "abstain_note", "panel_note", "feedback")


class Browser:
    """A device with a key of its own; `number` tells one from another."""

    def __init__(self, number: int = 7) -> None:
        self.key = ec.derive_private_key(number, ec.SECP256R1())

    @property
    def public_key(self) -> str:
        """As the device registers it."""
        written = self.key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return base64.b64encode(written).decode()

    def prepared(self, here: World, name: str = "assessor-3") -> Device:
        """Register the key for a person."""
        device = register_device(
            here.accounts[name], self.public_key, browser_key=None, actor=here.actor(name), at=here.now
        )
        db.session.commit()
        return device

    def sign(self, content: str) -> str:
        """The signature as WebCrypto writes it."""
        r, s = decode_dss_signature(self.key.sign(content.encode(), ec.ECDSA(SHA256())))
        return base64.b64encode(r.to_bytes(32, "big") + s.to_bytes(32, "big")).decode()

    def file(self, content: str, **changes: Any) -> bytes:
        """The file over any text."""
        outer = {
            "format": "paritrana-queue/1", "public_key": self.public_key, "content": content,
            "signature": self.sign(content),
        }  # fmt: skip
        return json.dumps({**outer, **changes}, indent=1).encode()

    def copy(
        self, here: World, sheets: dict[str, list[dict[str, Any]]], name: str = "assessor-3", made_at: str = "12:00"
    ) -> bytes:
        """The copy of a queue of a person."""
        told = {"account": here.accounts[name].ref, "made_at": made_at, "sheets": sheets}
        return self.file(json.dumps(told))


def entry(indicator: str = "A1", value: str = "8,25", base: int = 0, **more: str) -> dict[str, Any]:
    """One mark of a queue."""
    said = {**dict.fromkeys(TEXTS, ""), "value": value, **more}
    return {"indicator": indicator, "base": base, "device_at": "2026-03-02T10:00:00+07:00", **said}


def queue_of(sheet: Sheet, *entries: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """The marks that wait for one sheet."""
    return {sheet.ref: list(entries)}


def look_at(client: FlaskClient, day: str, data: bytes, *, language: str = "en") -> TestResponse:
    """Choose the file on the page of the day."""
    page = f"/interviews/{day}/import"
    fields = fields_in(client.get(page, query_string={"lang": language}), page)
    return client.post(
        page, data=fields | {"file": (io.BytesIO(data), "antrean.json")}, headers=SAME_ORIGIN,
        query_string={"lang": language},
    )  # fmt: skip


def take(client: FlaskClient, day: str, data: bytes, looked: TestResponse | None = None) -> TestResponse:
    """Look at a file, and take it."""
    looked = looked or look_at(client, day, data)
    assert looked.status_code == 200, looked.get_data(as_text=True)
    address = f"/interviews/{day}/import/take"
    fields = fields_in(looked, address)
    return client.post(
        address, data=fields | {"file": (io.BytesIO(data), "antrean.json")}, headers=SAME_ORIGIN,
        query_string={"lang": "en"},
    )  # fmt: skip
