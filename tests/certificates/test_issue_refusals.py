"""What is not issued, ordered or ended: without a result, without its second person, twice, or after it has moved."""

import secrets
from datetime import timedelta

import pytest
from flask import current_app
from sqlalchemy import delete, select, update

from paritrana.certificates import agreeing, batches, ending, queries, service, templating
from paritrana.certificates.models import Certificate, CertificatePaper
from paritrana.certificates.targets import targets_of
from paritrana.core.certificates import BadTemplate, Kind
from paritrana.core.codes import BODY, make_check
from paritrana.core.errors import NotFound, WrongState
from paritrana.core.lifecycle import State
from paritrana.cycles.models import Proposal
from paritrana.database import db
from paritrana.jobs.kinds import SYSTEM, RightLost, Run
from paritrana.jobs.models import Job
from paritrana.jobs.service import JobMoved
from paritrana.publication import service as publication
from paritrana.results.models import Award
from tests.certificates.test_batches import OFFICE, ask, carry_out, english, kind, order, press_button
from tests.factories_results import category_of, contest, press, publish, seal
from tests.nominations.pages import text_of

REASON = "Nama salah eja."


@pytest.fixture
def here(app, db_session):
    return contest(4)


def later(here):
    """A moment after the publication of the result."""
    return here.now + timedelta(hours=2)


def issue(here, wanted=None, **more):
    made = service.issue(
        category_of(here) if wanted is None else wanted, press=press(), actor=here.actor("organiser-1"),
        at=later(here), **more,
    )  # fmt: skip
    db.session.commit()
    return made


def run_of(here, batch, actor="organiser-1"):
    settings = current_app.extensions["settings"]
    return Run(batch.job_ref, batches.NAME, {"batch": batch.ref}, here.actor(actor), settings, lambda: here.now)


def told(*_how):
    """Progress that nobody looks at."""


# Without a result -----------------------------------------------------------------------------------------------------


def test_without_a_sealed_result_nobody_is_to_get_a_paper(here):
    category, organiser = category_of(here), here.actor("organiser-1")
    assert targets_of(category) == []
    with pytest.raises(WrongState):
        service.plan(category, [], press=press(), at=here.now)
    with pytest.raises(WrongState):
        agreeing.issue_payload(category, [Kind.WINNER])
    category.state = int(State.PUBLISHED)  # as a result that was taken from elsewhere
    db.session.commit()
    with pytest.raises(WrongState):
        service.store(category, [], actor=organiser, at=here.now)
    db.session.rollback()
    with pytest.raises(WrongState):
        service.issue([], press=press(), actor=organiser, at=here.now)
    for find in (lambda: queries.get_certificate("0" * 16), lambda: queries.find_batch("B-0000-0000")):
        with pytest.raises(NotFound):
            find()
    assert db.session.query(Certificate).count() == 0


def test_a_template_belongs_to_its_kind_and_a_paper_needs_one(here, tmp_path):
    seal(here)
    organiser = here.actor("organiser-1")
    (target, *_others) = targets_of(category_of(here), [Kind.WINNER])
    with pytest.raises(templating.NoTemplate) as refused:
        templating.version_for(templating.templates_for(here.cycle), target)
    assert refused.value.params["kind"] == "winner"
    document = templating.document_in_use(templating.templates_for(here.cycle), Kind.WINNER)
    with pytest.raises(BadTemplate) as refused:
        templating.store_template(here.cycle, Kind.FINALIST, "", document, actor=organiser, at=here.now)
    assert "for finalist" in refused.value.params["problem"]
    assert queries.template_for(here.cycle, Kind.FINALIST) is None
    (tmp_path / "certificates").mkdir()
    (tmp_path / "certificates" / "finalist.json").write_bytes(templating.canonical(document))
    with pytest.raises(templating.UnreadableTemplate) as refused:
        templating.read_delivered(tmp_path)
    assert refused.value.params["problem"] == "it is for winner"


# Before the publication -----------------------------------------------------------------------------------------------


def test_before_the_publication_nothing_is_stored_without_the_agreement_of_two(here):
    seal(here)
    category, organiser, chair = category_of(here), here.actor("organiser-1"), here.actor("chair")
    templating.ready_templates(here.cycle, [Kind.WINNER], at=here.now)
    asked = ask(here, kinds=[Kind.WINNER])
    plans = service.plan(category, targets_of(category, [Kind.WINNER])[:1], press=press(), at=here.now)
    drafts = [service.draw(one, press=press(), at=here.now) for one in plans]
    db.session.commit()
    for proposal in (None, asked):  # nobody asked, and nobody confirmed
        with pytest.raises(WrongState):
            service.store(category, drafts, actor=organiser, at=here.now, proposal=proposal)
        db.session.rollback()
    with pytest.raises(service.NothingToIssue):
        agreeing.propose_issue(category, [Kind.PARTICIPANT], "Tidak ada.", actor=organiser, at=here.now)
    db.session.rollback()
    digest = publication.payload_of(category)["digest"]
    wish = publication.propose_publication(category, digest, actor=organiser, at=here.now)
    publication.confirm_publication(wish, wish.digest, actor=chair, at=here.now)
    db.session.commit()
    with pytest.raises(WrongState):
        agreeing.confirm_issue(asked, asked.digest, actor=chair, at=here.now)
    db.session.rollback()
    assert db.session.scalars(select(Proposal.state).where(Proposal.ref == asked.ref)).one() == "waiting"
    assert db.session.query(Certificate).count() == 0


def test_at_the_door_a_request_needs_a_reason_and_can_be_sent_back(here, door):
    seal(here)
    organiser, chair = door("organiser-1"), door("chair")
    refused = press_button(organiser, f"{OFFICE}/kabkota", at=OFFICE, reason="")
    assert refused.status_code == 422
    assert "Enter reason" in text_of(refused)
    assert db.session.query(Proposal).filter_by(act="issue_certificate").count() == 0
    assert press_button(organiser, f"{OFFICE}/kabkota", at=OFFICE, reason="Dicetak dahulu.").status_code == 303
    asked = db.session.scalars(select(Proposal).where(Proposal.act == "issue_certificate")).one()
    back = press_button(chair, f"{OFFICE}/kabkota/{asked.ref}", at=OFFICE, answer="refuse")
    assert back.status_code == 303
    assert "The request was sent back." in text_of(english(chair, OFFICE))
    db.session.expire_all()
    assert asked.state == "withdrawn"


# After it -------------------------------------------------------------------------------------------------------------


def test_who_has_a_paper_gets_no_second_one_and_a_taken_code_is_drawn_again(here, monkeypatch):
    publish(here)
    category = category_of(here)
    templating.ready_templates(here.cycle, [Kind.WINNER], at=later(here))
    (target, second, *_others) = targets_of(category, [Kind.WINNER])
    (made,) = issue(here, [target], category=category)
    assert made.recipient == target.recipient
    with pytest.raises(service.AlreadyIssued):
        issue(here, [target], category=category)
    db.session.rollback()
    paper = queries.paper_of(made)
    plans = service.plan(category, [second], press=press(), at=later(here))
    other = service.draw(plans[0], press=press(), at=later(here)).made
    version = made.template_version_id
    assert not service.store_old(made.id, version, other, actor=here.actor("organiser-1"), at=later(here))
    db.session.rollback()
    assert [one.sha256 for one in db.session.query(CertificatePaper)] == [paper.sha256]
    signs = iter(made.code[:BODY] + "0" * BODY)
    with monkeypatch.context() as chance:
        chance.setattr(secrets, "choice", lambda alphabet: next(signs))
        (drawn,) = service.plan(category, [second], press=press(), at=later(here))
    assert drawn.facts.code == "0" * 16
    assert next(signs, None) is None


def test_what_cannot_be_ended_stays_in_force(here):
    publish(here)
    made, _second, _third = issue(here)
    organiser = here.actor("organiser-1")

    def end(status):
        return ending.propose_end(made, status, REASON, actor=organiser, at=later(here))

    with pytest.raises(WrongState):
        end("valid")
    db.session.rollback()
    asked = end("revoked")
    assert ending.end_stands(asked)
    made.status, made.status_reason, made.status_at = "revoked", REASON, later(here)
    assert not ending.end_stands(asked)
    db.session.rollback()
    db.session.execute(update(Award).where(Award.id == made.award_id).values(ended_at=later(here)))
    db.session.commit()
    with pytest.raises(service.FactsMoved) as refused:  # nobody holds the title any more
        end("replaced")
    assert refused.value.params["name"] == made.recipient
    db.session.rollback()
    assert db.session.query(Proposal).filter_by(act="end_certificate").count() == 0
    assert [one.status for one in db.session.query(Certificate)] == ["valid"] * 3


def test_the_newest_paper_of_a_title_is_found_among_all(here):
    publish(here)
    old, *others = issue(here, kinds=(Kind.WINNER, Kind.FINALIST))
    asked = ending.propose_end(
        old, "replaced", REASON, actor=here.actor("organiser-1"), at=later(here), recipient="Pemerintah Contoh Satu"
    )
    _old, new = ending.confirm_end(asked, asked.digest, press=press(), actor=here.actor("chair"), at=later(here))
    db.session.commit()
    winners = {one.award_id: one for one in others if one.award_id is not None}
    for way in ([old, new, *others], [new, old, *others]):
        assert queries.newest_by_award(way) == winners | {old.award_id: new}


# Orders ---------------------------------------------------------------------------------------------------------------


def test_an_order_goes_on_only_when_nobody_carries_it_out_and_only_for_who_organises(here, app, door):
    publish(here)
    ref = order(here, [Kind.WINNER])
    batch, organiser = queries.find_batch(ref), here.actor("organiser-1")
    with pytest.raises(batches.BatchRuns):
        batches.resume(batch, queue=None, kind=kind(), actor=organiser, at=here.now, machine_at=here.now)
    db.session.rollback()
    with pytest.raises(RightLost):
        batches.carry_out(run_of(here, batch, "assessor-3"), told, press=press())
    db.session.rollback()
    assert db.session.query(Certificate).count() == 0
    third = targets_of(category_of(here), [Kind.WINNER])[2]
    db.session.execute(update(Award).where(Award.id == third.award_id).values(ended_at=here.now))
    db.session.commit()
    batch, _job = carry_out(app, ref)
    assert queries.batch_counts(batch) == (3, 2, 1)
    (left,) = queries.troubled(batch)
    assert "changed meanwhile" in left.problem["message"]
    db.session.execute(delete(Job))  # the job is tidied away
    db.session.commit()
    with pytest.raises(JobMoved):
        batches.cancel(queries.find_batch(ref), actor=organiser, at=here.now, machine_at=here.now)
    db.session.rollback()
    refused = press_button(door("organiser-1"), f"{OFFICE}/kabkota", at=OFFICE, kinds=None)
    assert refused.status_code == 422
    assert "Choose an answer: kinds" in text_of(refused)


def test_a_paper_of_before_waits_for_its_template_and_those_behind_it_do_not(here, app):
    publish(here)
    made = issue(here)
    body = "1" * BODY
    said = {
        name: getattr(made[0], name)
        for name in ("cycle_id", "category_id", "context", "ranking_digest", "issued_at", "issued_by")
    }
    minutes = Certificate(code=body + make_check(body), register_no=4, kind="minutes", basis="kabkota",
                          recipient="Panel", title_id="Notulen", title_en="Minutes", **said)  # fmt: skip
    winner = Certificate(code="0" * 16, register_no=5, kind="winner", basis=made[0].basis, recipient="Contoh",
                         nomination_id=made[0].nomination_id, award_id=made[0].award_id, version_no=2, rank=1,
                         title_id="Terbaik I", title_en="First", **said)  # fmt: skip
    db.session.add_all([minutes, winner])
    db.session.commit()
    job = batches.press_kind(press())
    run = Run("J-0000-0000", job.name, {}, SYSTEM, app.extensions["settings"], lambda: later(here))
    assert job.function(run, told).params == {"count": 1}
    db.session.rollback()
    assert [one.code for one in queries.unpressed(9)] == [minutes.code]
    assert queries.paper_of(winner) is not None
