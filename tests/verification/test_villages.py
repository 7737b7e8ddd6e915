"""The villages of a regency on the pages: the norm out of the data, the own list, and the comparison for a verifier."""

import re
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import insert, select

from paritrana.cycles.models import RubricVersion
from paritrana.database import db, random_ref
from paritrana.nominations import service as nominations
from paritrana.nominations.models import EvidenceItem, Nomination, NominationRevision
from paritrana.nominations.villages import norm_for, village_norms
from paritrana.panels.models import Declaration
from paritrana.panels.service import declare
from paritrana.reference.models import Organisation, Region, TargetFigure
from paritrana.verification import queries, service
from paritrana.verification.models import Finding, Verification
from paritrana.verification.service import Entry
from tests.factories import grant, person, sign_in, world
from tests.nominations.pages import filled, text_of, villages, vulnerable
from tests.verification.cases import LATER, declared

RULE = "lines.a1b2.people"


@pytest.fixture
def here(db_session):
    return world(categories=("kabkota", "desa"), kind="real")


@pytest.fixture
def regency(here, clock):
    """The regency's sent nomination: villages 1 and 2 with 100 workers each out of 150; the verification runs."""
    nomination = filled(here)
    nominations.submit(nomination, actor=here.actor("nominee-1"), at=here.now)
    db.session.commit()
    return nomination


def village(here, name, people, *, region="99.01", state="submitted"):
    """A village with a nomination of its own."""
    organisation = Organisation(ref=random_ref("O"), name=name, kind="village", region_code=region, fictitious=False)
    db.session.add(organisation)
    db.session.flush()
    account = person(f"village-{organisation.id}")
    grant(account, "nominee", organisation=organisation)
    here.organisations[name], here.accounts[name] = organisation, account
    db.session.flush()
    nomination = filled(here, name, name, "desa")
    item = next(one for one in nomination.evidence if one.kind == "vulnerable_workers")
    data = vulnerable("village")
    data["lines"][0] |= {"people": people, "amount": people * 12 * 16800}
    nominations.save_evidence(
        nomination, "vulnerable_workers", data, note="", explanation_reason="", explanation="", completed=True,
        expected=item.version, actor=here.actor(name), at=here.now,
    )  # fmt: skip
    if state == "submitted":
        nominations.submit(nomination, actor=here.actor(name), at=here.now)
    db.session.commit()
    return nomination


def find(here, nomination, people):
    """The verifier finds so many protected workers in a village."""
    row = next(one for one in queries.case_of(nomination).item("vulnerable_workers").rows if one.figure.key == RULE)
    entry = Entry(row.figure.key, people, "matches" if people == row.figure.claimed else "differs", 1, "1", "Seen.", 0)
    service.record_findings(
        nomination, "vulnerable_workers", [entry], revision_no=1, actor=here.actor("verifier-1"), at=here.now + LATER
    )
    db.session.commit()


def rows_of(page):
    """The cells of the table of villages, by name."""
    table = re.search(r"<tbody>(.*?)</tbody>", page, re.S)
    found = {}
    for row in re.findall(r"<tr>(.*?)</tr>", table[1] if table else "", re.S):
        name, *cells = (
            re.sub(r"<[^>]+>|\s+", " ", one).strip() for one in re.findall(r"<t[hd].*?>(.*?)</t[hd]>", row, re.S)
        )
        found[name] = [re.sub(r"\s+", " ", one) for one in cells]
    return found


def look(app, name, address, **query):
    """A page in English as somebody reads it."""
    client = app.test_client()
    sign_in(client, name)
    answer = client.get(address, query_string={"lang": "en", **query})
    assert answer.status_code == 200, answer.status_code
    return text_of(answer)


def test_the_verifier_sees_where_the_regency_and_its_villages_differ(app, here, clock, regency):
    one, two = village(here, "Desa 1", 75), village(here, "Kelurahan 2", 100)
    late = village(here, "Desa 9", 40)
    village(here, "Desa 8", 500, region="99.02")
    village(here, "Desa 7", 500, state="draft")
    clock.set(here.now + LATER)
    declared(here, regency, "verifier-1")
    for nomination in (one, two, late):
        declared(here, nomination, "verifier-1")
    find(here, one, 70)
    page = look(app, "verifier-1", f"/verification/{regency.ref}/villages")
    assert rows_of(page) == {
        "Desa 1": ["100", "75", "70", "+30", "Reaches 100"],
        "Desa 2": ["100", "100", "–", "0", "Reaches 100"],
        "Desa 7": ["–", "–", "–", "–", "Not on the list"],
        "Desa 9": ["–", "40", "–", "–", "Not on the list"],
    }
    assert "2 of 150 villages reach 100 protected workers" in page
    assert 'role="img"' in page
    assert "<title" in page
    assert "<desc" in page
    assert rows_of(look(app, "verifier-1", f"/verification/{regency.ref}/villages", show="differs")).keys() == {
        "Desa 1", "Desa 9",
    }  # fmt: skip
    split = look(app, "verifier-1", f"/verification/{regency.ref}/items/village_allocation")
    assert "The village itself sent: 75" in split
    assert "found there: 70" in split
    assert "Compare all villages" in split


def test_a_village_the_officer_has_not_declared_on_stays_shut(app, here, clock, regency):
    other = village(here, "Desa 1", 4711)
    clock.set(here.now + LATER)
    declared(here, regency, "verifier-1")
    page = look(app, "verifier-1", f"/verification/{regency.ref}/villages")
    assert "4,711" not in page
    assert "Nominations of villages you have not declared on: 1" in page
    declare(other, True, "A relative.", actor=here.actor("verifier-1"), at=here.now + LATER)
    db.session.commit()
    page = look(app, "verifier-1", f"/verification/{regency.ref}/villages")
    assert "4,711" not in page
    assert "you have not declared" not in page
    assert "4,711" in look(app, "organiser-1", f"/verification/{regency.ref}/villages")


def test_a_regency_sees_its_own_rows_and_nothing_of_a_village(app, here, regency):
    village(here, "Desa 1", 4711)
    village(here, "Desa 5", 4712)
    page = look(app, "nominee-1", f"/nominations/{regency.ref}/villages")
    assert rows_of(page) == {
        "Desa 1": ["100", "Reaches 100"], "Desa 2": ["100", "Reaches 100"], "Desa 5": ["–", "Not on the list"],
    }  # fmt: skip
    assert "4,711" not in page
    assert "4,712" not in page
    assert "Villages missing without a name: 147" in page
    assert "Which villages reach the norm" in look(
        app, "nominee-1", f"/nominations/{regency.ref}/evidence/village_allocation"
    )
    client = app.test_client()
    sign_in(client, "nominee-2")
    assert client.get(f"/nominations/{regency.ref}/villages").status_code == 404
    assert client.get(f"/verification/{regency.ref}/villages").status_code == 404


def test_a_candidate_without_villages_has_no_such_page(app, here):
    one = village(here, "Desa 1", 75)
    client = app.test_client()
    sign_in(client, f"village-{one.organisation_id}")
    assert client.get(f"/nominations/{one.ref}/villages").status_code == 404


def target(key, kind, code, year, value):
    db.session.add(
        TargetFigure(
            key=key, area_kind=kind, region_code=code, area_name=code or "Indonesia", year=year,
            metric="vulnerable_workers_per_village", value=Decimal(value), unit="people", kind="target",
            instrument="regency_programme", status="published", source_key="PROJ", note=None,
        )
    )  # fmt: skip
    db.session.flush()


def test_the_norm_is_data(here):
    cycle, region = here.cycle, db.session.get(Region, "99.01")
    assert norm_for(village_norms(cycle), region) == 100  # as the rubric of villages judges
    target("N1", "province", "99", 2024, "80")
    assert norm_for(village_norms(cycle), region) == 80
    target("N2", "regency", "99.01", 2025, "60")
    target("N3", "regency", "99.01", 2026, "50")  # after the assessment year
    assert norm_for(village_norms(cycle), region) == 60
    assert norm_for(village_norms(cycle), db.session.get(Region, "99.02")) == 80
    cycle.settings = {"norm_per_village": 120}
    assert norm_for(village_norms(cycle), region) == 120


def test_without_any_norm_the_page_says_so(app, db_session):
    here = world()
    nomination = filled(here)
    assert db.session.scalars(select(RubricVersion).where(RubricVersion.category_kind == "village")).all() == []
    assert "No norm is set" in look(app, "nominee-1", f"/nominations/{nomination.ref}/villages")


def grow(here, regency, count):
    """A list of `count` villages, each with a nomination of its own that the verifier declared on and judged."""
    category, who = here.categories["desa"], here.accounts["organiser-1"].id
    start = db.session.query(Organisation).where(Organisation.kind == "village").count()
    places = range(start + 1, count + 1)
    db.session.execute(
        insert(Organisation),
        [{"ref": random_ref("O", 5), "name": f"Desa {no}", "kind": "village", "region_code": "99.01",
          "fictitious": False} for no in places],
    )  # fmt: skip
    owners = db.session.scalars(
        select(Organisation.id)
        .where(Organisation.kind == "village")
        .order_by(Organisation.id.desc())
        .limit(len(places))
    ).all()
    db.session.execute(
        insert(Nomination),
        [{"ref": random_ref("N", 5), "category_id": category.id, "organisation_id": owner, "state": "submitted",
          "candidate_code": f"v{owner}", "revision_no": 1, "created_at": here.now, "created_by": who}
         for owner in owners],
    )  # fmt: skip
    ids = db.session.scalars(select(Nomination.id).where(Nomination.organisation_id.in_(owners))).all()
    content = {"evidence": {"vulnerable_workers": {"data": vulnerable("village")}}, "attachments": [], "gates": {}}
    db.session.execute(
        insert(NominationRevision),
        [{"nomination_id": one, "no": 1, "receipt_no": f"V-{one}", "content": content, "digest": "0" * 64,
          "submitted_at": here.now, "submitted_by": who, "submitted_by_name": "D"} for one in ids],
    )  # fmt: skip
    db.session.execute(insert(Verification), [{"nomination_id": one, "revision_no": 1} for one in ids])
    opened = db.session.scalars(select(Verification.id).where(Verification.nomination_id.in_(ids))).all()
    db.session.execute(
        insert(Finding),
        [{"verification_id": one, "revision_no": 1, "kind": "vulnerable_workers", "figure": RULE, "claimed": "75",
          "found": "75", "verdict": "matches", "found_by": who, "found_by_name": "V", "found_at": here.now}
         for one in opened],
    )  # fmt: skip
    verifier = here.accounts["verifier-1"].id
    db.session.execute(
        insert(Declaration),
        [{"account_id": verifier, "nomination_id": one, "conflict": False, "at": here.now} for one in ids],
    )
    item = db.session.scalars(
        select(EvidenceItem).where(EvidenceItem.nomination_id == regency.id, EvidenceItem.kind == "village_allocation")
    ).one()
    item.data = villages(count)
    db.session.commit()


def test_the_statements_do_not_grow_with_the_villages(app, here, clock, regency, statements):
    clock.set(here.now + timedelta(days=21))
    declared(here, regency, "verifier-1")
    verifier, nominee = app.test_client(), app.test_client()
    sign_in(verifier, "verifier-1")
    sign_in(nominee, "nominee-1")
    doors = (
        (verifier, f"/verification/{regency.ref}/villages"),
        (verifier, f"/verification/{regency.ref}/items/village_allocation"),
        (nominee, f"/nominations/{regency.ref}/villages"),
    )
    counts = {}
    for count in (10, 1000):
        grow(here, regency, count)
        for client, address in doors:
            assert client.get(address).status_code == 200
            with statements() as sent:
                page = text_of(client.get(address, query_string={"lang": "en"}))
            counts.setdefault(address, []).append(len(sent))
            assert "Desa 1<" in page or "items" in address
    assert all(ten == thousand <= 45 for ten, thousand in counts.values()), counts
    page = text_of(verifier.get(doors[0][1], query_string={"lang": "en", "page": 3}))
    assert "Page 3 of 20" in page
    assert len(rows_of(page)) == 50


def test_a_village_whose_claim_waits_is_not_compared_before_it_is_found(app, here, clock, regency):
    service.set_claims_wait(here.categories["desa"], True, actor=here.actor("organiser-1"), at=here.now)
    one, two = village(here, "Desa 1", 4711), village(here, "Desa 2", 4712)
    clock.set(here.now + LATER)
    for nomination in (regency, one, two):
        declared(here, nomination, "verifier-1")
    find(here, one, 4711)
    page = look(app, "verifier-1", f"/verification/{regency.ref}/villages")
    assert rows_of(page)["Desa 1"][1:3] == ["4,711", "4,711"]
    assert rows_of(page)["Desa 2"][1:3] == ["–", "–"]
    assert "4,712" not in page
    assert rows_of(look(app, "organiser-1", f"/verification/{regency.ref}/villages"))["Desa 2"][1] == "4,712"
