"""The split view: which document stands open and at which page, what was published beside the claims, what changed."""

import io
import re
from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import insert

from paritrana.core.quantities import Label, People, Text
from paritrana.database import db
from paritrana.files.previews.service import make_previews_of
from paritrana.files.service import store_upload
from paritrana.files.store import BlobStore
from paritrana.nominations import service as nominations
from paritrana.nominations.changes import changes_between
from paritrana.nominations.models import Attachment, NominationRevision
from paritrana.nominations.queries import current_revision
from paritrana.reference.models import PublishedBudget, PublishedCoverage, Source, TargetFigure
from paritrana.seeding.documents import simulated_document
from paritrana.verification import queries, service
from paritrana.verification.models import Finding, Verification
from paritrana.verification.service import Entry
from paritrana.verification.service.findings import names_pages
from tests.factories import sign_in, world
from tests.files.test_previews import document
from tests.nominations.pages import fields_in, fields_of, filled, send, text_of
from tests.verification.cases import LATER, declared

KIND = "non_asn_protection"


@pytest.fixture
def here(app, db_session):
    return world(kind="real")


@pytest.fixture
def store(app):
    return BlobStore(app.extensions["settings"].blob_path)


UNREADABLE = b"%PDF-1.7\n%%EOF\n"


@pytest.fixture
def nomination(here, clock, store):
    """A sent nomination; of two documents the pages are drawn: one has three, the other cannot be read."""
    nomination = filled(here)
    blobs = []
    # The second one lies in the store as a file of ours would: nothing that came by hand could get there unread.
    for data, filename in ((document(3), "Rekap.pdf"), (UNREADABLE, "Rusak.pdf")):
        blob, name = store_upload(
            io.BytesIO(data), filename=filename, organisation_id=nomination.organisation_id, at=here.now, store=store,
            max_bytes=10**6, ours=True,
        )  # fmt: skip
        db.session.flush()
        nominations.attach(nomination, KIND, blob, name, actor=here.actor("nominee-1"), at=here.now)
        blobs.append(blob.id)
    nominations.submit(nomination, actor=here.actor("nominee-1"), at=here.now)
    db.session.commit()
    for blob_id in blobs:
        make_previews_of(blob_id, store=store, at=here.now)
    clock.set(here.now + LATER)
    declared(here, nomination, "verifier-1")
    return nomination


@pytest.fixture
def no(nomination):
    """The number of the document whose pages are drawn."""
    return next(one["no"] for one in current_revision(nomination).content["attachments"] if one["name"] == "Rekap.pdf")


@pytest.fixture
def verifier(client, nomination):
    sign_in(client, "verifier-1")
    return client


def item(nomination, kind=KIND):
    return f"/verification/{nomination.ref}/items/{kind}"


def opened(client, nomination, kind=KIND, **query):
    answer = client.get(item(nomination, kind), query_string={"lang": "en", **query})
    assert answer.status_code == 200
    return text_of(answer)


def pictures(page):
    """The pictures of pages that a page shows: (document, page)."""
    found = re.findall(r'(?:src|href)="/nominations/[^"/]+/documents/(\d+)/pages/(\d+)"', page)
    return [(int(doc), int(no)) for doc, no in found]


def links(page):
    """Where the controls of the document lead, by their words."""
    found = re.findall(r'<a class="btn[^>]*href="([^"]*)#document" data-pane[^>]*>(.*?)</a>', page, re.S)
    return {re.sub(r"<[^>]*>", "", words).strip(): address.replace("&amp;", "&") for address, words in found}


def follow(client, page, words):
    """Press one of these controls."""
    return client.get(f"{links(page)[words]}&lang=en")


def test_a_page_of_the_document_stands_beside_the_figures_and_turns_without_script(verifier, nomination, no):
    page = opened(verifier, nomination, doc=no)
    assert pictures(page) == [(no, 1)]
    assert "p. 1 of 3" in page
    assert "Previous page" not in page
    for expected in (2, 3):
        page = text_of(follow(verifier, page, "Next page"))
        assert pictures(page) == [(no, expected)]
    assert "Next page" not in page
    page = text_of(follow(verifier, page, "Previous page"))
    assert pictures(page) == [(no, 2)]
    with verifier.get(f"/nominations/{nomination.ref}/documents/{no}/pages/2") as picture:
        assert picture.mimetype == "image/jpeg"


def test_a_page_beyond_the_last_opens_the_last(verifier, nomination, no):
    assert pictures(opened(verifier, nomination, doc=no, p=9999)) == [(no, 3)]
    assert pictures(opened(verifier, nomination, doc=no, p="nonsense")) == [(no, 1)]


def test_it_is_enlarged_in_three_steps_and_turned_in_four(verifier, nomination, no):
    page, seen = opened(verifier, nomination, doc=no), []
    for _step in range(2):
        seen.append(re.search(r"p-doc__page--(\d)", page)[1])
        page = text_of(follow(verifier, page, "+Larger"))
    assert [*seen, re.search(r"p-doc__page--(\d)", page)[1]] == ["1", "2", "3"]
    assert "+Larger" not in links(page)
    turns = []
    for _step in range(4):
        page = text_of(follow(verifier, page, "Rotate"))
        assert pictures(page) == [(no, 1)]
        found = re.search(r'viewBox="0 0 (\d+) (\d+)".*rotate\((\d+)\)', page)
        turns.append(found and (int(found[3]), int(found[1]) > int(found[2])))
    assert turns == [(90, True), (180, False), (270, True), None]


def test_it_opens_at_the_page_that_a_finding_cites(verifier, here, nomination, no):
    entry = Entry("contract_staff.covered", 850, "differs", no, "2-3", "Page two says 850.")
    service.record_findings(
        nomination, KIND, [entry], revision_no=1, actor=here.actor("verifier-1"), at=here.now + LATER
    )
    db.session.commit()
    page = opened(verifier, nomination)
    assert pictures(page) == [(no, 2)]
    assert f"doc={no}&amp;p=2" in page  # the finding leads to its page, too


def test_without_a_finding_the_first_document_of_the_item_stands_open(verifier, nomination):
    first = next(one["no"] for one in current_revision(nomination).content["attachments"] if one["kind"] == KIND)
    page = opened(verifier, nomination)
    assert f'<option value="{first}" selected>' in page
    assert "The pages are being drawn." in page
    assert pictures(page) == []


def test_what_cannot_be_drawn_says_so_and_the_original_stays_near(verifier, nomination, no):
    page = opened(verifier, nomination, doc=no + 1)
    assert "The pages cannot be drawn: the file is not readable. Open the original." in page
    assert f"/nominations/{nomination.ref}/documents/{no + 1}/file" in page
    assert pictures(page) == []


def test_a_document_of_nobody_opens_nothing_else(verifier, nomination):
    page = opened(verifier, nomination, doc=4711)
    assert (
        re.search(r"<option[^>]*selected>.*", page)[0]
        == re.search(r"<option[^>]*selected>.*", opened(verifier, nomination))[0]
    )
    assert "4711" not in page.replace("?doc=4711", "")


def test_a_phone_shows_one_of_two_tabs_and_the_claim_stays(verifier, nomination, no):
    page = opened(verifier, nomination)
    assert re.search(r'id="pane-findings"[^>]* checked', page)
    page = opened(verifier, nomination, doc=no, pane="document")
    assert re.search(r'id="pane-document"[^>]* checked', page)
    assert "p-panes__claim" in page


def test_saving_stays_at_the_document_that_was_chosen(verifier, nomination, no):
    address = f"{item(nomination)}?doc={no}&p=3"
    fields = fields_in(verifier.get(address), address)
    answer = verifier.post(
        address, data=fields | {"row-1-verdict": "matches"}, headers={"Sec-Fetch-Site": "same-origin"}
    )
    assert answer.status_code == 303
    assert answer.location == address


@pytest.mark.parametrize("text", ["4", "0", "1-9", "halaman 2", "2, 4"])
def test_a_page_that_the_document_does_not_have_is_refused(verifier, nomination, no, text):
    typed = {"row-1-found": "950", "row-1-verdict": "differs", "row-1-document": str(no), "row-1-page": text}
    answer = send(verifier, item(nomination), fields_of(verifier, item(nomination)), **typed, **{"row-1-note": "x"})
    assert answer.status_code == 422
    page = text_of(answer)
    assert f"Document {no} has 3 pages. Write a page of it, such as 1 or 1-2." in page
    assert 'href="#row-1-page"' in page
    assert db.session.query(Finding).count() == 0


@pytest.mark.parametrize("text", ["3", "1-3", "1, 3", "2\u20133"])
def test_a_page_that_is_there_is_taken(verifier, nomination, no, text):
    typed = {"row-1-found": "950", "row-1-verdict": "differs", "row-1-document": str(no), "row-1-page": text}
    answer = send(verifier, item(nomination), fields_of(verifier, item(nomination)), **typed, **{"row-1-note": "x"})
    assert answer.status_code == 303
    assert db.session.query(Finding).one().page == text


def test_a_document_that_is_not_there_is_refused(verifier, nomination):
    typed = {"row-1-verdict": "matches", "row-1-document": "4711"}
    assert send(verifier, item(nomination), fields_of(verifier, item(nomination)), **typed).status_code == 404
    assert db.session.query(Finding).count() == 0


def test_where_no_page_is_named_nothing_is_asked():
    assert names_pages("  ", 1)


# Published figures ----------------------------------------------------------------------------------------------------


def publish(region, **coverage):
    row = {
        "area_kind": "regency", "region_code": region, "area_name": region, "as_of": date(2025, 12, 31),
        "as_of_precision": "day", "segment": "pu", "segment_as_published": "Penerima Upah",
        "measure": "active_participants", "participants": 12345, "denominator_kind": "none", "percent_kind": "none",
        "qualifier": "exact", "source_key": "KORAN", "key": f"COV-{region}-{len(coverage)}-{coverage.get('as_of')}",
    }  # fmt: skip
    db.session.add(PublishedCoverage(**row | coverage))


@pytest.fixture
def published(nomination):
    db.session.add(
        Source(
            key="KORAN", title="Cakupan naik", publisher="Koran Contoh", published="2026", url="https://example.org/"
        )
    )
    db.session.flush()
    publish("99.01")
    publish("99.01", segment="total", participants=None, percent=Decimal("43.2"), percent_kind="published",
            measure="coverage", as_of=date(2024, 6, 1), as_of_precision="year")  # fmt: skip
    publish("99.01", measure="workforce", segment="total", participants=88888, as_of=date(2025, 1, 1))
    publish("99.01", segment="bpu", denominator=77777, denominator_kind="published", as_of=date(2025, 2, 1))
    publish("99.01", measure="protected_non_asn", segment="total", participants=4321, as_of=date(2025, 3, 1))
    publish("99.01", measure="protected_vulnerable", segment="bpu", participants=654, as_of=date(2025, 4, 1))
    publish("99.02", participants=54321)
    db.session.add_all([
        PublishedBudget(
            key=f"BUD-{group}", area_kind="regency", region_code="99.01", area_name="x", year=2025,
            beneficiary_group=group, group_as_published=f"kelompok {group}", people=people, people_qualifier="exact",
            months=7, amount_idr=111_222_333, amount_qualifier="exact", status="budgeted", funding_source=source,
            source_key="KORAN",
        )
        for group, people, source in (
            ("vulnerable_worker", 1111, "apbd_regency"), ("rt_rw", 2222, "apbd_regency"), ("farmer", 3333, "apbdes")
        )
    ])  # fmt: skip
    db.session.add_all(
        TargetFigure(key=f"TAR-{metric}", area_kind="regency", region_code="99.01", area_name="x", year=2025,
                     metric=metric, value=value, unit=unit, kind="target", instrument="rpjmd", status="published",
                     source_key="KORAN")
        for metric, value, unit in (("ucj_percent", Decimal("52.69"), "percent"),
                                    ("vulnerable_workers", Decimal(98765), "people"))
    )  # fmt: skip
    db.session.commit()


def beside(page):
    """The published figures on a page, row by row, as words."""
    found = re.findall(r'<p class="p-published[^"]*">(.*?)</p>', page, re.S)
    return [" ".join(re.sub(r"<[^>]*>", "", one).split()).removeprefix("Published: ") for one in found]


def test_published_figures_of_the_region_stand_beside_the_claim_they_fit(verifier, nomination, published):
    rows = beside(opened(verifier, nomination, "coverage"))
    assert rows[0] == "12,345, Penerima Upah, 31 December 2025 Koran Contoh"
    assert rows[1] == "none published"
    page = " | ".join(rows)
    assert "43.20%" in page
    assert "88,888" in page
    assert "77,777" in page
    assert "52.69%, Target, 2025" in page
    assert "54,321" not in page  # of another region
    assert "1,111" not in page  # a subsidy is no coverage


def test_published_subsidies_stand_beside_people_months_and_money(verifier, nomination, published):
    rows = beside(opened(verifier, nomination, "vulnerable_workers"))
    assert rows[0].startswith("98,765, Target, 2025")  # the target
    page = " | ".join(rows[1:])
    assert "1,111, kelompok vulnerable_worker, 2025 Koran Contoh" in page
    assert "654" in page
    assert "Rp111,222,333" in page
    assert "| 7, kelompok vulnerable_worker" in page
    assert "rt_rw" not in page
    assert "3,333" not in page
    villages = " | ".join(beside(opened(verifier, nomination, "village_allocation")))
    assert "3,333" in villages
    assert "1,111" not in villages
    staff = beside(opened(verifier, nomination))
    assert any(row.startswith("4,321") for row in staff)


def test_where_nothing_is_ever_published_nothing_is_said_of_it(verifier, nomination, published):
    assert beside(opened(verifier, nomination, "permit_compliance")) == []


def test_without_any_published_figure_every_claim_says_so(verifier, nomination):
    rows = beside(opened(verifier, nomination, "coverage"))
    assert set(rows) == {"none published"}


# Differences between revisions ----------------------------------------------------------------------------------------


def content(**changes):
    line = {"key": "a1", "group": "farmer", "people": 100, "months": 3, "amount": 5, "decree_date": "2025-02-01",
            "decree_number": "1/2025"}  # fmt: skip
    found = {
        "evidence": {
            "vulnerable_workers": {"data": {"fields": {"target.people": 500}, "lines": [line]}, "note": ""},
            "indicator:A1": {"data": {}, "note": "Lama"},
        },
        "gates": {"one": {"answer": "yes", "note": ""}},
        "attachments": [{"no": 1, "kind": "vulnerable_workers", "name": "a.pdf"}],
    }  # fmt: skip
    return found | changes


ASKED = ("vulnerable_workers", "indicator:A1")


def test_what_changed_is_told_field_by_field():
    after = content()
    after["evidence"]["vulnerable_workers"]["data"]["fields"]["target.people"] = 600
    lines = after["evidence"]["vulnerable_workers"]["data"]["lines"]
    lines[0] |= {"group": "fisher", "months": 4, "amount": 6, "decree_date": "2025-03-01", "decree_number": "2/2025"}
    lines.append({"key": "b2", "group": "other", "people": 7})
    after["evidence"]["vulnerable_workers"]["explanation"] = "Salah ketik."
    after["evidence"]["indicator:A1"]["note"] = ""
    after["gates"] = {"one": {"answer": "no", "note": "Belum"}, "two": {"answer": "", "note": ""}}
    after["attachments"] = [{"no": 2, "kind": "vulnerable_workers", "name": "b.pdf"}]
    found = changes_between(content(), after, ASKED, election_held=True)
    first, second = found.kinds
    told = {(one.label, one.heading and one.heading.value): (one.before, one.after) for one in first.fields}
    assert told["Target vulnerable workers", "Target of the region"] == (People(500), People(600))
    assert told["Group", "Fishers"] == (Label("Farmers and farm workers"), Label("Fishers"))
    assert told["Number of the decree", "Fishers"] == (Text("1/2025"), Text("2/2025"))
    assert told["People", "Other vulnerable workers"] == (None, People(7))
    assert told["Explanation of the nominee", None] == (None, Text("Salah ketik."))
    assert ("People", "Fishers") not in told
    assert [one["no"] for one in first.added] == [2]
    assert [one["no"] for one in first.removed] == [1]
    assert [(one.before, one.after) for one in second.fields] == [(Text("Lama"), None)]
    assert [(one.before, one.after) for one in found.gates["one"]] == [
        (Label("Yes"), Label("No")),
        (None, Text("Belum")),
    ]
    assert "two" not in found.gates


def test_two_equal_revisions_say_so():
    assert changes_between(content(), content(), ASKED, election_held=True).nothing


@pytest.fixture
def amended(here, nomination):
    """The nominee has answered: one figure and its note are new."""
    service.ask_changes(
        nomination, [(KIND, "contract_staff.covered")], "Please check.", here.now + LATER * 1.5,
        actor=here.actor("verifier-1"), at=here.now + LATER,
    )  # fmt: skip
    db.session.commit()
    nominations.amend(
        nomination, {KIND: {"contract_staff.covered": 777}}, "Corrected.", actor=here.actor("nominee-1"),
        at=here.now + LATER,
    )  # fmt: skip
    db.session.commit()
    return nomination


def test_the_verifier_and_the_nominee_read_what_changed(app, verifier, amended):
    differences = f"/verification/{amended.ref}/revisions/1/2"
    for page in (f"/verification/{amended.ref}", item(amended)):
        assert differences in text_of(verifier.get(page))
    page = text_of(verifier.get(differences, query_string={"lang": "en"}))
    assert re.search(r"<del>900</del>.*<ins>777</ins>", page, re.S)
    assert "Corrected." in page
    assert page.count("<del>") == 1
    nominee = app.test_client()
    sign_in(nominee, "nominee-1")
    own = f"/nominations/{amended.ref}/revisions/1/2"
    assert own in text_of(nominee.get(f"/nominations/{amended.ref}/receipt"))
    assert "<ins>777</ins>" in text_of(nominee.get(own, query_string={"lang": "en"}))
    assert nominee.get(differences).status_code == 404
    stranger = app.test_client()
    sign_in(stranger, "nominee-2")
    assert stranger.get(own).status_code == 404


def test_a_revision_that_was_never_sent_is_not_compared(app, verifier, amended):
    assert verifier.get(f"/verification/{amended.ref}/revisions/1/3").status_code == 404
    assert verifier.get(f"/verification/{amended.ref}/revisions/0/2").status_code == 404
    other = app.test_client()
    sign_in(other, "verifier-2")
    assert other.get(f"/verification/{amended.ref}/revisions/1/2").status_code == 303  # declare first


# Statements -----------------------------------------------------------------------------------------------------------


def grow(here, nomination, store, count):
    """A revision with so many lines, each with its finding, and so many documents; the earlier ones stay."""
    revision = current_revision(nomination)
    blob, _name = store_upload(
        simulated_document("Bukti", ["x"]), filename="x.pdf", organisation_id=nomination.organisation_id,
        at=here.now, store=store, max_bytes=10**6,
    )  # fmt: skip
    first = 1 + max(one["no"] for one in revision.content["attachments"])
    added = [
        {"no": no, "kind": "vulnerable_workers", "name": f"{no}.pdf", "requirement": "", "sha256": blob.sha256,
         "size": 1, "media_type": "application/pdf"}
        for no in range(first, first + count)
    ]  # fmt: skip
    lines = [{"key": f"k{no}", "group": "farmer", "people": 5, "months": 3, "amount": 7} for no in range(count)]
    evidence = revision.content["evidence"] | {"vulnerable_workers": {"data": {"fields": {}, "lines": lines}}}
    sent = revision.content | {"evidence": evidence, "attachments": [*revision.content["attachments"], *added]}
    nomination.revision_no += 1
    who = here.accounts["nominee-1"].id
    db.session.add(
        NominationRevision(nomination=nomination, no=nomination.revision_no, receipt_no=f"T-{nomination.revision_no}",
                           content=sent, digest="0" * 64, submitted_at=here.now, submitted_by=who,
                           submitted_by_name="N")
    )  # fmt: skip
    verification = queries.find_verification(nomination) or Verification(nomination=nomination, revision_no=1)
    db.session.add(verification)
    db.session.flush()
    db.session.query(Finding).delete()
    db.session.execute(
        insert(Attachment),
        [{"nomination_id": nomination.id, "no": one["no"], "kind": one["kind"], "requirement": "", "blob_id": blob.id,
          "name": one["name"], "uploaded_at": here.now, "uploaded_by": who, "uploaded_by_name": "N", "version": 1}
         for one in added],
    )  # fmt: skip
    db.session.execute(
        insert(Finding),
        [{"verification_id": verification.id, "revision_no": 1, "kind": "vulnerable_workers",
          "figure": f"lines.k{no}.people", "claimed": "5", "found": "5", "verdict": "matches", "document_no": first,
          "page": "1", "note": "", "found_by": who, "found_by_name": "V", "found_at": here.now, "version": 1}
         for no in range(count)],
    )  # fmt: skip
    db.session.commit()


def test_the_statements_of_the_split_view_do_not_grow(verifier, here, nomination, store, statements):
    counts = []
    for count in (10, 1000):
        grow(here, nomination, store, count)
        address = item(nomination, "vulnerable_workers")
        assert verifier.get(address).status_code == 200
        with statements() as sent:
            page = text_of(verifier.get(address))
        assert f'value="{db.session.query(Attachment).count()}"' in page or count == 10
        counts.append(len(sent))
    assert counts[0] == counts[1] <= 40
