"""The pack that a device takes along: own sheets whole, and nothing that is not its owner's."""

from datetime import timedelta

import pytest

from paritrana.core.lifecycle import State
from paritrana.database import db
from paritrana.nominations.models import EvidenceItem
from paritrana.panels.service import recuse
from tests.factories import sign_in, world
from tests.interviews.stages import held, planned, shortlisted
from tests.sheets.desks import DESK, INTERVIEW, marked, opened, submitted
from tests.verification.cases import LATER

CANARY = "Kanari Pribadi"


@pytest.fixture
def here(app, db_session):
    return world()


@pytest.fixture
def candidates(here, clock):
    return shortlisted(here, clock)


@pytest.fixture
def pack(app):
    def of(name="assessor-3"):
        client = app.test_client()
        sign_in(client, name)
        return client.get("/api/v1/assessments/pack", query_string={"lang": "en"})

    return of


def test_the_pack_holds_every_own_open_sheet_with_anchors_and_counts(here, candidates, pack):
    first, second = candidates[:2]
    session = planned(here, [first])[0]
    sheet = marked(here, opened(here, first), codes=("A1",))
    answer = pack()
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-store, private")
    told = answer.json
    assert (told["format"], told["account"]) == ("paritrana-pack/1", here.accounts["assessor-3"].ref)
    assert (told["ready"], told["total"]) == (1, len(candidates))
    assert second.organisation.name in [one["candidate"] for one in told["waiting"]]
    assert told["valid_until"] >= session.planned_at.isoformat()[:10]
    assert 0 < told["size"] < len(answer.get_data()) * 2
    (one,) = told["sheets"]
    assert (one["sheet"], one["nomination"], one["locked"], one["day"]) == (
        sheet.ref, first.ref, False, session.day.code,
    )  # fmt: skip
    leaves = {leaf["code"]: leaf for leaf in one["indicators"]}
    assert set(leaves) == set(DESK + INTERVIEW)
    assert (leaves["A1"]["mark"]["shown"], leaves["A1"]["mark"]["version"]) == ("7.50", 1)
    assert len(leaves["A1"]["anchors"]) >= 3
    assert [leaves[code]["opened"] for code in ("A1", "E1")] == [True, False]
    assert {one["code"] for one in one["computed"]}.isdisjoint(leaves)
    assert any(leaf["documents"] for leaf in leaves.values())
    assert any(figure["verdict"] for leaf in leaves.values() for figure in leaf["figures"])


def test_nothing_that_people_typed_and_nothing_of_others_is_taken_along(here, candidates, pack):
    first = candidates[0]
    opened(here, first)
    other = marked(here, opened(here, first, "assessor-4"), "assessor-4", codes=("A1",))
    for item in db.session.query(EvidenceItem).filter_by(nomination_id=first.id):
        item.note = item.explanation = CANARY
    db.session.commit()
    text = pack().get_data(as_text=True)
    assert CANARY not in text
    assert other.ref not in text
    assert here.accounts["assessor-4"].ref not in text
    assert "bukti.pdf" not in text
    assert here.accounts["assessor-3"].name not in text


def test_who_stepped_back_takes_nothing_of_the_candidate_along(here, candidates, pack):
    first = candidates[0]
    sheet = opened(here, first)
    recuse(first, "Kin.", actor=here.actor("assessor-3"), at=here.now + LATER)
    db.session.commit()
    answer = pack()
    assert first.organisation.name not in answer.get_data(as_text=True)
    assert sheet.ref not in answer.get_data(as_text=True)
    assert answer.json["total"] == len(candidates) - 1


def test_a_submitted_sheet_is_told_as_locked_and_a_closed_scoring_leaves_nothing(here, candidates, pack):
    held(here, planned(here, candidates)[0])
    submitted(here, candidates[0])
    assert [one["locked"] for one in pack().json["sheets"]] == [True]
    here.category.state = int(State.PLENARY)
    db.session.commit()
    told = pack().json
    assert (told["sheets"], told["total"], told["valid_until"]) == ([], 0, None)


def test_the_pack_is_for_who_scores(here, candidates, pack, client):
    assert pack("organiser-1").status_code == 404
    answer = client.get("/api/v1/assessments/pack")
    assert (answer.status_code, answer.mimetype) == (401, "application/problem+json")


def test_the_pack_ends_with_the_last_planned_day(here, candidates, pack):
    opened(here, candidates[0])
    today = pack().json["valid_until"]
    session = planned(here, candidates)[0]
    session.planned_at += timedelta(days=3)
    db.session.commit()
    assert pack().json["valid_until"] > today
