"""The queue of verifiers: filters with their counts, pages, conflicts, and what it costs."""

import hashlib
import re
from datetime import timedelta

import pytest
from sqlalchemy import insert, select

from paritrana.database import db, random_ref
from paritrana.nominations.models import Nomination, NominationRevision
from paritrana.reference.models import Organisation
from paritrana.verification import service
from paritrana.verification.models import Verification
from tests.factories import grant, person, sign_in, world
from tests.home.test_home import words
from tests.nominations.pages import vulnerable
from tests.verification.cases import ALL, LATER, declared, judge_all, sent, verify

OPEN_DIFFERENCE = {"vulnerable_workers": {"data": vulnerable(amount=365600000)}}


@pytest.fixture
def here(db_session):
    return world(kind="real")  # whose deadlines pass by themselves


@pytest.fixture
def reader(app, here, clock):
    """A function that signs somebody in once the category is in verification and reads a page in English."""
    doors = {}

    def read(name, query=""):
        if name not in doors:
            doors[name] = app.test_client()
            sign_in(doors[name], name)
        answer = doors[name].get(f"/verification?lang=en{query}")
        assert answer.status_code == 200
        return answer.get_data(as_text=True)

    return read


def many(here, count, content=None):
    """Sent nominations by the row, as many as wanted; the first `count` organisations after those that are there."""
    start = db.session.query(Nomination).count()
    places = range(start, start + count)
    db.session.execute(
        insert(Organisation),
        [{"ref": random_ref("O", 5), "name": f"Pemerintah Contoh {no:04d}", "kind": "local_government",
          "region_code": "99.05", "fictitious": False} for no in places],
    )  # fmt: skip
    owners = db.session.scalars(
        select(Organisation.id).where(Organisation.name.like("Pemerintah Contoh %")).order_by(Organisation.name)
    ).all()[-count:]
    made = here.accounts["organiser-1"].id
    db.session.execute(
        insert(Nomination),
        [{"ref": random_ref("N", 5), "category_id": here.category.id, "organisation_id": owner,
          "candidate_code": f"c{no}", "state": "submitted", "revision_no": 1, "created_at": here.now,
          "created_by": made} for no, owner in zip(places, owners, strict=True)],
    )  # fmt: skip
    ids = db.session.scalars(select(Nomination.id).where(Nomination.organisation_id.in_(owners))).all()
    db.session.execute(
        insert(NominationRevision),
        [{"nomination_id": one, "no": 1, "receipt_no": random_ref("R", 5),
          "content": {"evidence": content or OPEN_DIFFERENCE, "gates": {}, "attachments": []},
          "digest": hashlib.sha256(random_ref("D", 9).encode()).hexdigest(),
          "submitted_at": here.now + timedelta(seconds=one), "submitted_by": made, "submitted_by_name": "O"}
         for one in ids],
    )  # fmt: skip
    db.session.commit()


def names(page):
    """The nominations of the table, in order."""
    return re.findall(r'<th scope="row"><a href="/verification/[^"]+">([^<]+)</a>', page)


def count_of(page, label):
    """The number beside a choice of a filter."""
    found = re.search(rf"{re.escape(label)}(?:</strong>)?</a> <span class=\"p-muted\">\(([\d,]+)\)", page)
    assert found is not None, label
    return int(found[1].replace(",", ""))


def test_the_filters_count_and_narrow(here, clock, reader):
    first, second, _third = sent(here, clock, ALL)
    verify(here, first)
    declared(here, second, "verifier-1")
    service.take(second, actor=here.actor("verifier-1"), at=here.now + LATER)
    judge_all(here, second)
    db.session.commit()
    many(here, 2)
    page = reader("verifier-1")
    assert names(page)[:2] == ["Pemerintah Kabupaten Contoh 2", "Pemerintah Kabupaten Contoh 3"]
    assert len(names(page)) == 4
    assert [count_of(page, label) for label in (
        "Everything open", "Nobody works on it", "In work", "Waits for the nominee", "Waits for a second person",
        "Closed", "Everybody", "Nobody", "Verifier 1", "Differences not explained", "Overdue",
    )] == [4, 3, 1, 0, 0, 1, 4, 3, 1, 2, 0]  # fmt: skip
    assert names(reader("verifier-1", "&status=work")) == ["Pemerintah Kabupaten Contoh 2"]
    assert names(reader("verifier-1", "&status=closed")) == ["Pemerintah Kabupaten Contoh 1"]
    assert len(names(reader("verifier-1", "&differences=1"))) == 2
    assert names(reader("verifier-1", "&differences=1&status=work")) == []
    assert "Nothing in the queue fits these filters." in reader("verifier-1", "&differences=1&status=work")
    assert names(reader("verifier-1", "&verifier=nobody"))[0] == "Pemerintah Kabupaten Contoh 3"
    here.category.verification_until = here.now
    page = reader("verifier-1", "&overdue=1")
    assert (len(names(page)), count_of(page, "Overdue")) == (4, 4)
    narrowed = reader("verifier-1", "&differences=1")
    assert count_of(narrowed, "In work") == 0  # the counts beside a filter follow the other filters
    assert 'aria-current="true"' in narrowed


def test_a_verifier_neither_sees_nor_counts_the_own_region(here, clock, reader):
    first, _second, _third = sent(here, clock, ALL)
    local = person("verifier-local", office_region="99.01")
    grant(local, "verifier", cycle=here.cycle)
    db.session.commit()
    page = reader("verifier-local")
    assert "Pemerintah Kabupaten Contoh 1" not in page
    assert first.ref not in page
    assert (len(names(page)), count_of(page, "Everything open")) == (2, 2)
    assert len(names(reader("verifier-2"))) == 3


def test_fifty_a_page_with_links_that_keep_the_filters(here, clock, reader):
    sent(here, clock, ALL[:1])
    many(here, 60)
    page = reader("verifier-1", "&differences=1")
    assert len(names(page)) == 50
    assert "Page 1 of 2" in words(page)
    follow = re.search(r'rel="next" href="([^"]+)"', page)[1].replace("&amp;", "&")
    assert "differences=1" in follow
    assert "page=2" in follow
    rest = reader("verifier-1", "&differences=1&page=2")
    assert len(names(rest)) == 10
    assert not set(names(page)) & set(names(rest))


def test_the_next_one_is_the_oldest_free_of_the_category(here, clock, app, reader):
    first, second, _third = sent(here, clock, ALL)
    reader("verifier-1")
    client = app.test_client()
    sign_in(client, "verifier-1")
    taken = []
    for category in ("contoh-2025/kabkota", "contoh-2025/desa", ""):
        page = client.get("/verification").get_data(as_text=True)
        token = re.search(r'name="csrf_token" value="([^"]+)"', page)[1]
        data = {"csrf_token": token, "idempotency_key": random_ref("K", 5), "category": category}
        answer = client.post("/verification/next", data=data, headers={"Sec-Fetch-Site": "same-origin"})
        assert answer.status_code == 303
        taken.append(answer.location)
    assert taken == [f"/verification/{first.ref}", "/verification", f"/verification/{second.ref}"]
    assert db.session.query(Verification).filter(Verification.taken_by.is_not(None)).count() == 2


def test_the_queue_costs_as_many_statements_for_a_thousand_as_for_ten(here, clock, app, statements):
    many(here, 10)
    clock.set(here.now + LATER)
    client = app.test_client()
    sign_in(client, "verifier-1")
    client.get("/verification")
    many(here, 1)  # something that the process has not looked at
    counts = []
    for more in (0, 988):
        if more:
            many(here, more + 1)
        with statements() as sent_now:
            assert client.get("/verification").status_code == 200
        counts.append(len(sent_now))
    assert counts[0] == counts[1], counts
    with statements() as warm:
        page = client.get("/verification?differences=1&lang=en").get_data(as_text=True)
    assert len(warm) <= counts[0]
    assert count_of(page, "Differences not explained") == 1000
