"""The twelve months of an employer's contributions stand beside the figures that a verifier judges."""

import html
import re

import pytest

from paritrana.core.evidence import payments
from paritrana.database import db, random_ref
from paritrana.nominations import service as nominations
from paritrana.reference.models import Organisation
from tests.factories import grant, person, sign_in, world
from tests.nominations.pages import filled, text_of
from tests.verification.cases import LATER, declared


@pytest.fixture
def here(app, db_session):
    found = world(categories=("badan-usaha",), kind="real")
    organisation = Organisation(
        ref=random_ref("O"), name="Contoh Mandiri", fictitious=False, kind="enterprise", size_class="medium",
        sector="manufaktur", region_code="99.04",
    )  # fmt: skip
    db.session.add(organisation)
    db.session.flush()
    found.organisations["employer"] = organisation
    found.accounts["candidate"] = person("candidate")
    grant(found.accounts["candidate"], "nominee", organisation=organisation)
    db.session.commit()
    return found


def test_the_verifier_reads_the_months(client, here, clock):
    nomination = filled(here, "candidate", "employer", "badan-usaha")
    item = next(one for one in nomination.evidence if one.kind == "compliance")
    months = {state: "in_time" for state, _on in payments.KEYS[:11]} | {payments.KEYS[11][0]: "late"}
    fields = item.data["fields"] | months | {payments.KEYS[0][1]: "2025-02-10"}
    nominations.save_evidence(
        nomination, "compliance", {"fields": fields}, note="", explanation_reason="", explanation="", completed=True,
        expected=item.version, actor=here.actor("candidate"), at=here.now,
    )  # fmt: skip
    nominations.submit(nomination, actor=here.actor("candidate"), at=here.now)
    db.session.commit()
    clock.set(here.now + LATER)
    declared(here, nomination, "verifier-1")
    sign_in(client, "verifier-1")
    page = text_of(client.get(f"/verification/{nomination.ref}/items/compliance", query_string={"lang": "en"}))
    read = " ".join(html.unescape(re.sub("<[^>]+>", " ", page)).split())
    assert "Payment for January Paid in time 10 February 2025" in read
    assert "Payment for December Paid late –" in read
    assert "In time 11, late 1, not paid 0; the totals agree." in read
