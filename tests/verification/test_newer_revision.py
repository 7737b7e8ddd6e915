"""A newer revision arrives while a verifier works: nothing typed for the old claims is stored for the new ones."""

import pytest

from paritrana.database import db
from paritrana.nominations.models import NominationRevision
from paritrana.verification import service
from paritrana.verification.models import Finding
from tests.factories import sign_in, world
from tests.nominations.pages import fields_in, fields_of, send, text_of
from tests.verification.cases import LATER, declared, sent

KIND = "non_asn_protection"
TYPED = {"row-2-found": "850", "row-2-verdict": "differs", "row-2-page": "14", "row-2-note": "Fifty counted twice."}


@pytest.fixture
def here(app, db_session):
    return world(kind="real")


@pytest.fixture
def nomination(here, clock):
    nomination = sent(here, clock)[0]
    declared(here, nomination, "verifier-1")
    return nomination


@pytest.fixture
def address(nomination):
    return f"/verification/{nomination.ref}/items/{KIND}"


@pytest.fixture
def behind(client, here, nomination, address):
    """The fields of a page that was opened before the nominee answered a request with 777 in place of 900."""
    figure = "contract_staff.covered"
    asked = service.ask_changes(
        nomination, [(KIND, figure)], "Please check.", here.now + LATER * 1.5, actor=here.actor("verifier-1"),
        at=here.now + LATER,
    )  # fmt: skip
    db.session.commit()
    sign_in(client, "verifier-1")
    fields = fields_of(client, address)
    service.answer_request(
        asked, {f"{KIND}/{figure}": 777}, {}, "Corrected.", expected=asked.version, actor=here.actor("nominee-1"),
        at=here.now + LATER,
    )  # fmt: skip
    db.session.commit()
    return fields


def test_the_page_keeps_the_old_number_until_the_new_revision_is_loaded(client, nomination, address, behind):
    first = send(client, address, behind, **TYPED)
    for refused in (first, send(client, address, fields_in(first, address))):
        assert refused.status_code == 409
        fields = fields_in(refused, address)
        assert fields["revision"] == "1"
        assert {name: fields[name] for name in TYPED} == TYPED
        page = text_of(refused)
        assert "Revision 2 was sent while this page was open." in page
        assert "Load revision 2</a>" in page
        assert "<del>900</del>" in page
        assert "<ins>777</ins>" in page
        assert db.session.query(Finding).count() == 0
    assert f'href="{address}">Load revision 2</a>' in text_of(first)
    loaded = fields_of(client, address)
    assert loaded["revision"] == "2"
    assert not loaded.get("row-2-found")
    assert send(client, address, loaded, **TYPED).status_code == 303
    finding = db.session.query(Finding).one()
    assert (finding.revision_no, finding.claimed, finding.found) == (2, "777", "850")


def test_neither_same_as_claimed_nor_a_slip_gets_round_the_revision(client, address, behind):
    """The refusal for the revision comes before every other: no answer carries the new number."""
    for typed in ({"same": "2"}, {"row-2-found": "9,5"}, {"row-2-verdict": "splendid"}, TYPED | {"row-2-page": "99"}):
        refused = send(client, address, behind, **typed)
        assert refused.status_code == 409
        assert fields_in(refused, address)["revision"] == "1"
    assert db.session.query(Finding).count() == 0


def test_of_two_tabs_only_the_one_with_the_new_revision_stores(client, address, behind):
    fresh = fields_of(client, address)  # the second tab of the same person
    assert send(client, address, fresh, **TYPED | {"row-2-found": "770"}).status_code == 303
    late = send(client, address, behind, **TYPED)
    assert late.status_code == 409
    assert send(client, address, fields_in(late, address)).status_code == 409
    db.session.expire_all()
    assert db.session.query(Finding).one().found == "770"


def test_rows_of_the_old_revision_are_not_taken_for_rows_of_the_new_one(client, here, nomination):
    """Another line stands first in the new revision; what was typed for the old first line stays with that one."""
    kind = "vulnerable_workers"
    address = f"/verification/{nomination.ref}/items/{kind}"
    sign_in(client, "verifier-1")
    fields = fields_of(client, address)
    before = db.session.query(NominationRevision).one()
    said = before.content["evidence"][kind]
    lines = said["data"]["lines"]
    assert len(lines) >= 1
    data = said["data"] | {"lines": [{"key": "zz99", "people": 5, "months": 1}, *lines]}
    evidence = before.content["evidence"] | {kind: said | {"data": data}}
    nomination.revision_no = 2
    db.session.add(
        NominationRevision(
            nomination=nomination, no=2, receipt_no="T-2", content=before.content | {"evidence": evidence},
            digest="0" * 64, submitted_at=before.submitted_at, submitted_by=before.submitted_by,
            submitted_by_name=before.submitted_by_name,
        )
    )  # fmt: skip
    db.session.commit()
    no = next(name for name in fields if name.endswith("-found"))
    refused = send(client, address, fields, **{no: "4321"})
    assert refused.status_code == 409
    rows = [name for name in fields_in(refused, address) if name.endswith("-version")]
    assert len(rows) == len([name for name in fields if name.endswith("-version")])
    assert fields_in(refused, address)[no] == "4321"
    assert db.session.query(Finding).count() == 0


@pytest.mark.parametrize("number", [None, "", "0", "3", "-1", "x"])
def test_a_page_of_no_revision_stores_nothing(client, address, behind, number):
    refused = send(client, address, behind | {"revision": number}, **TYPED)
    assert refused.status_code == 409
    fields = fields_in(refused, address)
    assert fields["revision"] == "2"
    assert not fields.get("row-2-found")  # what was typed for nobody knows which claims does not stand beside the new
    assert db.session.query(Finding).count() == 0


def test_an_officer_who_did_not_declare_reads_no_claims_by_sending_a_page(app, nomination, address, behind):
    other = app.test_client()
    sign_in(other, "verifier-2")
    own = fields_of(other, f"/verification/{nomination.ref}", f"/verification/{nomination.ref}/declaration")
    for revision in ("1", "2"):
        sending = behind | {name: own[name] for name in ("csrf_token", "idempotency_key")} | {"revision": revision}
        refused = send(other, address, sending, **TYPED)
        assert refused.status_code == 409
        assert "Say first whether anything stands between you and this candidate." in text_of(refused)
        assert "row-2" not in text_of(refused)
        assert "777" not in text_of(refused)
