"""The same file in two places is pointed out to the verifier alone, as far as the verifier may see where."""

import io

import pytest

from paritrana.database import db
from paritrana.files.service import store_upload
from paritrana.files.store import BlobStore
from paritrana.nominations import service as nominations
from paritrana.nominations.queries import current_revision
from paritrana.panels.service import declare
from tests.factories import sign_in, world
from tests.nominations.pages import filled, paper, text_of
from tests.verification.cases import ALL, LATER, declared

KIND = "non_asn_protection"
SAID = "The same file also stands as:"
FILE = paper(b"the same bytes")


@pytest.fixture
def here(app, db_session):
    return world(kind="real")


@pytest.fixture
def add(app, here):
    """A function that puts a file into a draft."""
    store = BlobStore(app.extensions["settings"].blob_path)

    def put(nomination, name, kind=KIND, data=FILE, who="nominee-1"):
        blob, shown = store_upload(
            io.BytesIO(data), filename=name, organisation_id=nomination.organisation_id, at=here.now, store=store,
            max_bytes=10**6, ours=True,
        )  # fmt: skip
        db.session.flush()
        nominations.attach(nomination, kind, blob, shown, actor=here.actor(who), at=here.now)

    return put


@pytest.fixture
def both(here, clock, add):
    """Two sent nominations with the same file among theirs, and a draft of a third with it."""
    made = []
    for who, organisation in ALL:
        nomination = filled(here, who, organisation)
        add(nomination, "Rekap.pdf", who=who)
        if who != "nominee-3":
            nominations.submit(nomination, actor=here.actor(who), at=here.now)
            made.append(nomination)
    clock.set(here.now + LATER)
    declared(here, made[0], "verifier-1", "verifier-2", "chair")
    return made


def page(client, address):
    answer = client.get(address, query_string={"lang": "en"})
    assert answer.status_code == 200
    return text_of(answer)


def places(nomination):
    number = next(
        one["no"] for one in current_revision(nomination).content["attachments"] if one["name"] == "Rekap.pdf"
    )
    return f"/verification/{nomination.ref}", f"/verification/{nomination.ref}/items/{KIND}?doc={number}"


def test_a_verifier_reads_where_the_same_file_stands(client, both):
    sign_in(client, "verifier-1")
    overview, item = places(both[0])
    beside = text_of(client.get(f"{item}&lang=en"))
    assert beside.count(SAID) == 1
    for shown in (page(client, overview), beside):
        assert f'href="/verification/{both[1].ref}"' in shown
        assert both[1].organisation.name in shown


def test_of_a_nomination_in_conflict_only_its_being_there_is_told(client, here, both):
    declare(both[1], True, "Saudara kandung bekerja di sana.", actor=here.actor("verifier-2"), at=here.now + LATER)
    db.session.commit()
    sign_in(client, "verifier-2")
    shown = page(client, places(both[0])[0])
    assert "a document of another nomination" in shown
    assert both[1].ref not in shown
    assert both[1].organisation.name not in shown


def test_a_draft_is_never_told(client, here, both):
    sign_in(client, "verifier-1")
    shown = page(client, places(both[0])[0])
    assert here.organisations["regency-3"].name not in shown
    assert "another nomination" not in shown


@pytest.mark.parametrize("who", ["nominee-1", "organiser-1", "chair"])
def test_nobody_but_the_verifier_reads_it(client, both, who):
    sign_in(client, who)
    ref = both[0].ref
    own = [f"/nominations/{ref}", f"/nominations/{ref}/evidence/non-asn-protection"]
    for address in own if who == "nominee-1" else [places(both[0])[0]]:
        answer = client.get(address, query_string={"lang": "en"})
        assert answer.status_code in {200, 404}
        assert SAID not in text_of(answer)
        assert both[1].ref not in text_of(answer)


def test_the_same_file_twice_in_one_nomination_is_told_by_its_number(client, here, clock, add):
    nomination = filled(here)
    add(nomination, "Rekap.pdf")
    add(nomination, "Lagi.pdf", kind="innovation")
    nominations.submit(nomination, actor=here.actor("nominee-1"), at=here.now)
    clock.set(here.now + LATER)
    declared(here, nomination, "verifier-1")
    sign_in(client, "verifier-1")
    shown = page(client, places(nomination)[0])
    numbers = [
        one["no"]
        for one in current_revision(nomination).content["attachments"]
        if one["name"] in {"Rekap.pdf", "Lagi.pdf"}
    ]
    for no in numbers:
        assert f"document {no} of this nomination" in shown


def test_the_pages_ask_once_whatever_the_number_of_documents(client, here, clock, add, statements):
    refs, counts = [], []
    for (who, organisation), many in zip(ALL[:2], (1, 12), strict=True):
        nomination = filled(here, who, organisation)
        for no in range(many):
            add(nomination, f"{no}.pdf", data=paper(b"%d" % no), who=who)
        nominations.submit(nomination, actor=here.actor(who), at=here.now)
        refs.append(nomination.ref)
        declared(here, nomination, "verifier-1")
    clock.set(here.now + LATER)
    sign_in(client, "verifier-1")
    for ref in refs:
        page(client, f"/verification/{ref}")  # the first page of a session asks a little more
        with statements() as seen:
            assert SAID in page(client, f"/verification/{ref}")
        counts.append(len(seen))
    assert counts[0] == counts[1]
