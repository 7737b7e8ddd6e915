"""Signed receipts on their way out: JSON for programs, paper for people, and the keys that check both."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from flask import Response, current_app, jsonify
from flask_babel import get_locale
from flask_babel import gettext as _

from paritrana import signing
from paritrana.config import Settings
from paritrana.core.chain import canon
from paritrana.nominations.drawing import ReceiptPaper, draw
from paritrana.nominations.models import Nomination
from paritrana.web.template_filters import band_of, file_size, moment, own, three_zones


def as_json(document: Mapping[str, Any], number: str) -> Response:
    """The document with its signature as a download. Raises `signing.KeyMissing`."""
    return _download(canon(_sign(document)) + b"\n", "application/json", f"tanda-terima-{number}.json")


def as_paper(
    document: Mapping[str, Any], nomination: Nomination, *, title: str, number: str, rows: Sequence[tuple[str, str]]
) -> Response:
    """The document with its signature as a page to print; `rows` go before what was signed.

    Raises `signing.KeyMissing`.
    """
    settings, signed, cycle = _settings(), _sign(document), nomination.category.cycle
    known = [
        (_("Nomination"), f"{nomination.ref} · {nomination.organisation.name}"),
        (_("Category"), f"{own(nomination.category, 'title')}, {cycle.assessment_year}"),
        *rows,
        (_("Size"), file_size(document["size"])),
        (_("Digest (SHA-256)"), document["sha256"]),
    ]
    if "declared_at" in document:
        known.append((_("Announced"), _in_zones(document["declared_at"], cycle.timezone)))
    known += [
        (_("Received"), _in_zones(document["received_at"], cycle.timezone)),
        (_("Signed"), moment(datetime.fromisoformat(document["server_time"]), cycle.timezone, seconds=True)),
        (_("Key"), signed["key"]),
    ]
    paper = ReceiptPaper(
        title=title,
        heading=own(cycle, "title"),
        rows=[(_("Number"), number), *known],
        signed=canon(signed).decode(),
        notes=[
            _("This receipt proves that the bytes with this digest arrived whole. It says nothing of their content."),
            _("The code holds the signed text. Scan it and keep the text as a file to check it without this server:"),
            "paritrana verify-receipt FILE --keys receipt-keys.json",
            _("The keys are published at %(address)s", address=f"{settings.base_url}/receipt-keys.json"),
        ],
        operator=settings.operator_name,
        language=str(get_locale()),
        band=band_of(cycle),
    )
    return _download(draw(paper), "application/pdf", f"tanda-terima-{number}.pdf")


def keys() -> Response:
    """The public keys, in the form that `paritrana verify-receipt` reads. Raises `signing.KeyMissing`."""
    return jsonify(signing.written_keys(signing.public_keys(_folder(), signing.RECEIPT)))


def _sign(document: Mapping[str, Any]) -> dict[str, Any]:
    return signing.signing_key(_folder(), signing.RECEIPT).sign(document)


def _settings() -> Settings:
    settings: Settings = current_app.extensions["settings"]
    return settings


def _folder() -> Path:
    return _settings().instance_path / "keys"


def _in_zones(written: str, zone: str) -> str:
    return str(three_zones(datetime.fromisoformat(written), zone))


def _download(content: bytes, media_type: str, name: str) -> Response:
    answer = Response(content, content_type=media_type)
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer
