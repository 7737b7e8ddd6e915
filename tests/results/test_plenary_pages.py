"""The pages of the plenary at the door: forms, refusals in sentences, who sees what, and the minutes as paper."""

import json
import re
from dataclasses import replace
from datetime import timedelta

import pypdfium2
import pytest
from sqlalchemy import func, select

from paritrana.audit import service as audit
from paritrana.audit.checkpoints import Office, is_signed
from paritrana.audit.models import Event
from paritrana.core.checkpoints import read_note
from paritrana.cycles.models import CategoryHonour, Proposal
from paritrana.database import db, random_ref
from paritrana.publication import service as publication
from paritrana.results import queries as results
from paritrana.results import tasks
from paritrana.results.models import ResultRun
from paritrana.results.plenary.minutes import checkpoint_of, signed
from paritrana.results.plenary.models import (
    ORDER,
    OTHER_WINNER,
    TITLE,
    WITHDRAWAL,
    WITHHOLD,
    Decision,
    Plenary,
    PlenaryAttendance,
)
from paritrana.results.plenary.page import shown
from paritrana.results.plenary.service import Votes
from tests.factories import sign_in
from tests.factories_results import category_of, contest, fail_gate, nominations, recuse, run
from tests.nominations.pages import Forms, fields_in, fields_of, send, text_of
from tests.results.plenaries import LONG, PAGE, close, confirm, decide, in_session, propose, seal, seats, tied

RANKING = "/manage/contoh-2025/ranking/kabkota"
VOTES = {"votes_for": "7", "votes_against": "1", "votes_abstained": "1", "reason": LONG}


@pytest.fixture
def here(app, db_session):
    made = contest(4, value=tied)
    run(made)
    return made


@pytest.fixture
def visit(app):
    """A browser of somebody who is signed in, by name."""
    known = {}

    def as_(name):
        if name not in known:
            known[name] = app.test_client()
            sign_in(known[name], name)
        return known[name]

    return as_


def page(client, address=PAGE, **query):
    return client.get(address, query_string={"lang": "en", **query})


def words_of(answer):
    """The words of a page without its marks."""
    text = re.sub(r"<(script|style)[^>]*>.*?</\1>", "", text_of(answer), flags=re.S)
    return " ".join(re.sub(r"<[^>]+>", " ", text).split())


def rows():
    db.session.rollback()
    return [
        db.session.scalar(select(func.count()).select_from(one))
        for one in (Plenary, PlenaryAttendance, Decision, Proposal, ResultRun, Event)
    ]


def form_page(client, kind, about=None):
    answer = page(client, f"{PAGE}/decisions/{kind}", **({} if about is None else {"about": about}))
    assert answer.status_code == 200, text_of(answer)
    (action,) = (one for one in Forms(text_of(answer)).forms if "/decisions/" in one)
    return action, fields_in(answer, action)


# --- the session ------------------------------------------------------------------------------------------------------


def test_chair_and_organiser_open_the_plenary_and_close_it_with_the_number_of_its_minutes(here, visit):
    chair, organiser = visit("chair"), visit("organiser-1")
    codes = [one.code for one in seats(here)]
    fields = fields_of(organiser, PAGE, PAGE)
    assert "present" not in fields
    assert send(organiser, PAGE, fields, present=codes[:4]).status_code == 303
    text = words_of(page(chair))
    assert "4 are present who may decide, 5 are needed: nothing can be decided." in text
    assert "Below the quorum" in text
    fields = fields_of(chair, PAGE, PAGE + "/attendance")
    assert fields["present"] == codes[:4]
    assert send(chair, PAGE + "/attendance", fields, present=codes).status_code == 303
    text = words_of(page(chair))
    assert "9 are present who may decide, 5 are needed: the quorum is reached." in text
    fields = fields_of(chair, PAGE, PAGE + "/close")
    refused = send(chair, PAGE + "/close", fields, minutes_number=" ")
    assert refused.status_code == 422
    assert "Enter number of the signed minutes" in text_of(refused)
    assert send(chair, PAGE + "/close", fields, minutes_number="BA-7/2026").status_code == 303
    assert "Number of the signed minutes: BA-7/2026." in words_of(page(organiser))


def test_a_box_that_nobody_offered_opens_nothing(here, visit):
    recuse(here, "assessor-3", nominations(here)[3])
    out = next(one for one in seats(here) if one.account_id == here.accounts["assessor-3"].id)
    chair = visit("chair")
    assert "Assessor 3" in words_of(page(chair))
    fields = fields_of(chair, PAGE, PAGE)
    before = rows()
    assert send(chair, PAGE, fields, present=[out.code]).status_code == 422
    assert send(chair, PAGE, fields, present=["J77"]).status_code == 422
    assert send(chair, PAGE, fields, more="x").status_code == 400
    assert rows() == before


def test_members_see_the_plenary_and_its_forms_are_for_those_who_hold_it(here, visit):
    in_session(here)
    member = page(visit("assessor-3"))
    assert member.status_code == 200
    assert not [one for one in Forms(text_of(member)).forms if one.startswith(PAGE)]
    assert "EMBARGO" in text_of(member)
    before = rows()
    statuses = {
        name: press(visit(name), PAGE + "/close", minutes_number="x").status_code
        for name in ("assessor-3", "nominee-1", "verifier-1", "auditor")
    }
    assert statuses == dict.fromkeys(statuses, 404)
    assert rows() == before


def press(client, address, **fields):
    """Send fields as a page would that showed them."""
    found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', text_of(client.get("/home")))
    return send(client, address, {"csrf_token": found[1], "idempotency_key": random_ref("K", 5), **fields})


# --- decisions --------------------------------------------------------------------------------------------------------


def test_the_chair_proposes_another_member_confirms_and_both_stand_beside_the_ranking(here, visit):
    in_session(here)
    chair, deputy = visit("chair"), visit("deputy")
    assert "Record their order" in words_of(page(chair))
    action, fields = form_page(chair, ORDER, about=1)
    answer = send(chair, action, fields | VOTES, **{"order-0": "99.02", "order-1": "99.01"})
    assert answer.status_code == 303, text_of(answer)
    assert "A decision waits for a second person" in words_of(page(deputy))
    assert "Confirm the decision" not in words_of(page(chair))
    first, *_others = tasks.tasks(here.actor("deputy"), here.now)
    assert first.message.startswith("Look at a decision")
    assert all("Look at a decision" not in one.message for one in tasks.tasks(here.actor("chair"), here.now))
    (waiting,) = (one for one in Forms(text_of(page(deputy))).forms if "/waiting/" in one)
    answer = press(deputy, waiting, answer="confirm", digest=digest())
    assert answer.status_code == 303
    text = words_of(page(deputy))
    said = "Order within the tie: Pemerintah Kabupaten Contoh 2 → Pemerintah Kabupaten Contoh 1."
    assert said in text
    assert "7 for, 1 against, 1 abstained" in text
    assert LONG in text
    ranking = words_of(page(chair, RANKING))
    assert ranking.count(said) == 2
    assert "Separated by: decision of the plenary" in ranking
    assert results.latest_run(category_of(here)).no == 2


def digest():
    return db.session.scalars(select(Proposal.digest).where(Proposal.state == "waiting")).one()


def test_the_proposer_cannot_confirm_and_another_member_may_send_it_back(here, visit, capsys):
    in_session(here)
    proposal = propose(here, WITHHOLD, place=3)
    address = f"{PAGE}/waiting/{proposal.ref}"
    chair, deputy = visit("chair"), visit("deputy")
    before = rows()
    capsys.readouterr()
    answer = press(chair, address, answer="confirm", digest=proposal.digest)
    assert answer.status_code == 409
    (line,) = (json.loads(one) for one in "".join(capsys.readouterr()).splitlines() if '"refused"' in one)
    assert (line["act"], line["account"], line["status"]) == ("record_decision", here.accounts["chair"].ref, 409)
    assert line["code"] == "same_person"
    assert "The requester cannot approve. Ask another person." in text_of(answer)
    assert rows() == before
    answer = press(deputy, address, answer="refuse")
    assert answer.status_code == 303
    assert db.session.get_one(Proposal, proposal.id).state == "withdrawn"
    again = propose(here, WITHHOLD, place=3)
    answer = press(chair, f"{PAGE}/waiting/{again.ref}/withdraw")
    assert answer.status_code == 303
    assert db.session.scalars(select(Decision)).all() == []


def test_a_title_that_the_category_gives_beside_its_ranks_is_chosen_by_name(here, visit):
    in_session(here)
    for no, (kind, own) in enumerate((("title", "Terbaik Cakupan"), ("appreciation", "Apresiasi Mitra")), start=1):
        db.session.add(
            CategoryHonour(category_id=here.category.id, position=no, kind=kind, title_id=own, title_en=f"{own} (en)")
        )
    db.session.commit()
    chair = visit("chair")
    action, fields = form_page(chair, TITLE)
    assert "Apresiasi Mitra" not in text_of(chair.get(f"{PAGE}/decisions/title"))
    nothing = send(chair, action, fields | VOTES, candidate="99.04", honour="")
    assert nothing.status_code == 422
    assert send(chair, action, fields | VOTES, candidate="99.04", honour="2").status_code == 422
    answer = send(chair, action, fields | VOTES, candidate="99.04", honour="1")
    assert answer.status_code == 303, text_of(answer)
    payload = db.session.scalars(select(Proposal).where(Proposal.state == "waiting")).one().payload
    assert (payload["title_id"], payload["title_en"]) == ("Terbaik Cakupan", "Terbaik Cakupan (en)")


@pytest.mark.parametrize(
    ("kind", "about", "typed", "status", "said"),
    [
        ("withhold", 3, {"reason": "Singkat."}, 422, "with at least 50 characters"),
        ("withhold", 3, {"votes_for": "6"}, 422, "The votes add up to 8, but 9 members are present"),
        ("withhold", 3, {"votes_for": "4", "votes_against": "4"}, 422, "more votes for it than against it"),
        ("withhold", 3, {"digest": "0" * 64}, 409, "The ranking on your page is no longer the newest"),
        ("other_winner", 1, {"candidate": "99.01"}, 409, "holds this title by its rank"),
        ("other_winner", 1, {"candidate": "99.99"}, 422, "Choose candidate from the list"),
        (
            "title",
            None,
            {"candidate": "99.03", "title_id": "A", "title_en": "A"},
            409,
            "already holds a title by its rank",
        ),
        ("order", 1, {"order-0": "99.01", "order-1": "99.01"}, 422, "This candidate has a place already."),
    ],
)
def test_what_cannot_be_decided_is_refused_with_a_sentence_and_keeps_what_was_typed(
    here, visit, kind, about, typed, status, said
):
    in_session(here)
    action, fields = form_page(visit("chair"), kind, about)
    before = rows()
    answer = send(visit("chair"), action, fields | VOTES | typed)
    assert answer.status_code == status
    assert said in words_of(answer)
    if "no longer the newest" not in said:
        assert typed.get("reason", LONG) in text_of(answer)
        assert "There is a problem" in text_of(answer)
    assert rows() == before


def test_an_order_of_candidates_that_are_not_tied_is_refused_at_the_door(here, visit):
    in_session(here)
    action, fields = form_page(visit("chair"), ORDER, about=1)
    decide(here, ORDER, candidates=("99.02", "99.01"))
    fields["digest"] = results.latest_run(category_of(here)).digest
    before = rows()
    answer = send(visit("chair"), action, fields | VOTES)
    assert answer.status_code == 409
    assert "An order is decided only for all who share one" in words_of(answer)
    assert rows() == before


def test_below_the_quorum_and_without_a_session_the_page_says_why(here, visit):
    chair = visit("chair")
    answer = page(chair, f"{PAGE}/decisions/withhold", about=3)
    assert answer.status_code == 409
    assert "The plenary is not in session." in words_of(answer)
    in_session(here, 4)
    action, fields = form_page(chair, WITHHOLD, about=3)
    before = rows()
    answer = send(chair, action, fields | VOTES, votes_for="4", votes_against="0", votes_abstained="0")
    assert answer.status_code == 409
    assert "Only 4 members are present who may decide; the plenary needs 5." in words_of(answer)
    assert rows() == before


def test_without_a_run_the_page_says_what_comes_first(app, db_session, visit):
    here = contest(2)
    in_session(here)
    chair = visit("chair")
    assert "There is no run yet. Calculate one first; decisions are made about a run." in words_of(page(chair))
    assert "Record a special mention" not in words_of(page(chair))
    assert page(chair, f"{PAGE}/decisions/title").status_code == 409
    assert "Draft minutes of the plenary" in text_on(paper(chair))


def test_a_mention_without_effect_and_a_decision_about_other_findings_say_so(here, visit):
    in_session(here)
    decide(here, TITLE, candidates=("99.04",), title_id="Apresiasi", title_en="Appreciation")
    fail_gate(here, nominations(here)[2])
    chair = visit("chair")
    assert "The run is older than its inputs" in words_of(page(chair))
    run(here)
    text = words_of(page(chair))
    assert "Pemerintah Kabupaten Contoh 4 holds the title of a rank; this mention has no effect." in text
    assert "Marks or findings have changed since" in text
    assert "1 decision of the plenary was made about other marks or findings." in words_of(page(chair, RANKING))


def test_addresses_of_nothing_lead_nowhere(here, visit):
    in_session(here)
    chair = visit("chair")
    for kind, about in (("marks", None), ("withhold", 9), ("other_winner", 9), ("withdrawal", 1)):
        answer = page(chair, f"{PAGE}/decisions/{kind}", **({} if about is None else {"about": about}))
        assert answer.status_code == 404, kind
    assert press(chair, f"{PAGE}/decisions/marks").status_code == 404
    assert page(chair, "/manage/contoh-2025/plenary/umk").status_code == 404


def test_whoever_is_in_conflict_learns_nothing_of_decisions(here, visit):
    in_session(here)
    recuse(here, "assessor-4", nominations(here)[0])
    run(here)
    out = visit("assessor-4")

    def answers():
        return [
            re.sub(r"[0-9A-Z]{4}-[0-9A-Z]{4}", "", re.sub(r'value="[^"]*"', "", text_of(page(out, address))))
            for address in (PAGE, PAGE + "/minutes.pdf", PAGE + "/decisions/title", RANKING, "/home")
        ]

    before = answers()
    proposal = propose(here, WITHHOLD, place=3, votes=Votes(8, 0, 0))
    assert tasks.tasks(here.actor("assessor-4"), here.now) == []
    assert answers() == before
    confirm(here, proposal)
    assert answers() == before
    answer = press(out, f"{PAGE}/waiting/{proposal.ref}", answer="refuse")
    assert answer.status_code == 404


def test_after_the_seal_the_page_only_tells(here, visit):
    in_session(here)
    decide(here, TITLE, candidates=("99.04",), title_id="Apresiasi", title_en="Appreciation")
    close(here)
    seal(here)
    answer = page(visit("chair"))
    assert not [one for one in Forms(text_of(answer)).forms if one.startswith(PAGE)]
    assert "Appreciation" in words_of(answer)
    assert "Minutes (PDF)" in words_of(answer)
    assert "Appreciation" in words_of(page(visit("chair"), RANKING))


def test_the_page_takes_the_same_number_of_statements_whatever_was_decided(here, visit, statements):
    chair = visit("chair")
    in_session(here)
    page(chair)
    with statements() as few:
        page(chair)
    decide(here, WITHHOLD, place=3)
    close(here)
    in_session(here)
    decide(here, TITLE, candidates=("99.04",), title_id="Apresiasi", title_en="Appreciation")
    propose(here, WITHHOLD, place=1)
    page(chair)
    with statements() as many:
        page(chair)
    assert len(many) == len(few)
    assert sum(one.startswith("SELECT") for one in many) <= 20


def test_the_public_reads_what_was_decided_and_why_beside_the_calculated_ranking(app, here, visit):
    in_session(here)
    decide(here, ORDER, candidates=("99.02", "99.01"))
    decide(here, OTHER_WINNER, place=1, candidates=("99.03",))
    decide(here, WITHHOLD, place=2)
    decide(here, WITHDRAWAL, withdraws=3)
    close(here)
    sealed = seal(here)
    at = here.now + timedelta(hours=1)
    asked = publication.propose_publication(category_of(here), sealed.digest, actor=here.actor("organiser-1"), at=at)
    publication.confirm_publication(asked, asked.digest, actor=here.actor("chair"), at=at)
    db.session.commit()
    text = words_of(page(app.test_client(), "/cycles/contoh-2025/results/kabkota"))
    assert "Decisions of the plenary" in text
    assert "The title “First” goes to Pemerintah Kabupaten Contoh 3." in text
    assert "Order within the tie: Pemerintah Kabupaten Contoh 2 → Pemerintah Kabupaten Contoh 1." in text
    assert f"Reason: {LONG}" in text
    assert "is not awarded" not in text
    assert "Deputy" not in text


# --- the minutes ------------------------------------------------------------------------------------------------------


def paper(client, **query):
    answer = page(client, PAGE + "/minutes.pdf", **query)
    assert answer.status_code == 200, text_of(answer)
    return answer.data


def text_on(raw):
    document = pypdfium2.PdfDocument(raw)
    return " ".join(" ".join(one.get_textpage().get_text_bounded() for one in document).split())


def test_the_minutes_say_everything_and_are_the_same_bytes_for_the_same_record(app, here, visit, clock):
    recuse(here, "assessor-9", nominations(here)[3])
    fail_gate(here, nominations(here)[2])
    run(here)
    in_session(here, 8)
    decide(here, ORDER, candidates=("99.02", "99.01"), votes=Votes(8, 0, 0))
    decide(here, WITHHOLD, place=3, votes=Votes(8, 0, 0))
    raw = paper(visit("chair"))
    clock.advance(minutes=5)
    assert paper(visit("organiser-1")) == raw
    text = text_on(raw)
    latest = results.latest_run(category_of(here))
    for said in (
        "Draft minutes of the plenary", "DRAFT: not sealed", "EMBARGO until publication", "SIMULATION",
        "Paritrana Award Contoh 2025", "Assessment year", "Chair, ", "Assessor 9", "the quorum is reached",
        "hitung-1", "Calculated ranking", "Pemerintah Kabupaten Contoh 2", "Candidates without a rank",
        "Condition not met", "Order within the tie", "The title “Third” is not awarded.", "8 for, 0 against",
        "Proposed by Chair, confirmed by Deputy", "Checkpoint of the record", "contoh-2025/judging",
    ):  # fmt: skip
        assert said in text, said
    assert latest.digest in text.replace(" ", "")
    close(here)
    seal(here)
    final = text_on(paper(visit("chair")))
    assert "DRAFT" not in final
    assert "Minutes of the plenary" in final
    assert "BA-01/2026" in final


def test_the_minutes_come_in_the_language_of_the_reader_and_without_a_session_too(here, visit):
    text = text_on(paper(visit("chair"), lang="id"))
    assert "Draf berita acara sidang pleno" in text
    assert "Belum ada sidang pleno yang tercatat." in text
    assert "Tidak ada keputusan; setiap gelar mengikuti peringkat." in text


def test_the_checkpoint_of_the_minutes_is_signed_and_stays_while_other_things_happen(app, here):
    settings = app.extensions["settings"]
    keys = Office.of(settings).public()

    def checkpoint():
        found = checkpoint_of(shown(category_of(here)))
        assert found is not None
        return read_note(signed(found, settings))

    in_session(here)
    decide(here, WITHHOLD, place=3)
    close(here)
    first = checkpoint()
    assert (first.origin, first.size) == ("localhost/contoh-2025/judging", last_event("plenary.closed"))
    assert is_signed(first, keys)
    assert not is_signed(replace(first, signed=first.signed + b"x"), keys)
    at, actor = here.now, here.actor("organiser-1")
    audit.record(audit.judging("contoh-2025"), "test.happened", actor, at=at, object_ref="X")
    db.session.commit()
    assert checkpoint() == first


def last_event(kind):
    return db.session.scalar(select(func.max(Event.seq)).where(Event.kind == kind))


def test_an_auditor_says_why_before_reading_page_or_minutes(here, visit):
    auditor = visit("auditor")
    for address in (PAGE, PAGE + "/minutes.pdf"):
        assert page(auditor, address).status_code == 422
        assert page(auditor, address, reason="sampling of the year").status_code == 200
