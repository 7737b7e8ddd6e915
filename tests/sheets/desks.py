"""Candidates before a panel, and short ways through the services for what a test builds on."""

import re
from decimal import Decimal
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from paritrana.database import db
from paritrana.nominations.models import Nomination
from paritrana.panels.service import declare
from paritrana.sheets import queries, service
from paritrana.sheets.models import Sheet
from paritrana.verification.models import GateFinding, Verification
from tests.factories import World
from tests.nominations.pages import SAME_ORIGIN
from tests.remembering import remembered
from tests.verification.cases import LATER

DESK = ("A1", "A2", "A3", "B3", "D1")
INTERVIEW = ("E1", "E2")


@remembered
def opened(here: World, nomination: Nomination, name: str = "assessor-3") -> Sheet:
    """The sheet of an assessor who has declared that there is no conflict."""
    at = here.now + LATER
    declare(nomination, False, "", actor=here.actor(name), at=at)
    sheet = service.open_sheet(nomination, actor=here.actor(name), at=at)
    db.session.commit()
    return sheet


@remembered
def marked(here: World, sheet: Sheet, name: str = "assessor-3", codes: tuple[str, ...] = DESK + INTERVIEW) -> Sheet:
    """Marks of 7.50 on these indicators."""
    for code in codes:
        known = queries.mark_of(sheet, code)
        service.save_mark(
            sheet, code, Decimal("7.50"), expected=known.version if known else 0, actor=here.actor(name),
            at=here.now + LATER,
        )  # fmt: skip
    db.session.commit()
    return sheet


@remembered
def submitted(here: World, nomination: Nomination, name: str = "assessor-3") -> Sheet:
    """A whole sheet, submitted."""
    sheet = marked(here, opened(here, nomination, name), name)
    service.submit_sheet(sheet, actor=here.actor(name), at=here.now + LATER)
    db.session.commit()
    return sheet


def excuse(here: World, candidate: Nomination, indicator: str = "A1", reason: str = "No such office there.") -> None:
    """The chair decided that an indicator does not apply to a candidate."""
    verification = db.session.query(Verification).filter_by(nomination_id=candidate.id).one()
    db.session.add(
        GateFinding(
            verification_id=verification.id, subject="not_applicable", gate=indicator, proposed="not_applicable",
            proposed_reason="x", proposed_by=here.accounts["verifier-1"].id, proposed_by_name="V",
            proposed_at=here.now, decided="not_applicable", decided_reason=reason,
            decided_by=here.accounts["chair"].id, decided_by_name="K", decided_at=here.now,
        )
    )  # fmt: skip
    db.session.commit()


def put(
    client: FlaskClient,
    sheet: Sheet | str,
    indicator: str,
    value: str | None = None,
    *,
    version: int | None = 0,
    key: str | None = "a-key-of-this-test",
    **more: Any,
) -> TestResponse:
    """One mark as the script of the sheet sends it, in English; None leaves a header out."""
    ref = sheet if isinstance(sheet, str) else sheet.ref
    headers = {**SAME_ORIGIN, "X-CSRFToken": token_of(client)}
    if version is not None:
        headers["If-Match"] = f'"{version}"'
    if key is not None:
        headers["Idempotency-Key"] = key
    return client.put(
        f"/api/v1/sheets/{ref}/marks/{indicator}", json={"value": value, **more}, headers=headers,
        query_string={"lang": "en"},
    )  # fmt: skip


def token_of(client: FlaskClient) -> str:
    """A token of the client's own session, from the page everybody has."""
    page = client.get("/home").get_data(as_text=True)
    found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)
    assert found is not None
    return found[1]
