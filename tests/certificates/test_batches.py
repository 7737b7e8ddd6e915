"""Many certificates by one job: progress, stopping and going on, trouble with one paper, two people before the day."""

import re
from datetime import timedelta

import pytest
from flask import current_app
from sqlalchemy import select

from paritrana.accounts.models import RoleGrant
from paritrana.certificates import agreeing, batches, queries, service
from paritrana.certificates.models import Certificate, CertificateBatch, CertificateBatchItem, CertificatePaper
from paritrana.certificates.notices import TELL_HOLDERS, untold
from paritrana.certificates.tasks import tasks
from paritrana.core.certificates import Kind
from paritrana.core.errors import MissingReason, SamePerson, WrongState
from paritrana.core.lifecycle import State
from paritrana.cycles.models import Proposal
from paritrana.cycles.service import ProposalVoid
from paritrana.database import db
from paritrana.jobs.kinds import SYSTEM, Run
from paritrana.jobs.models import Job
from paritrana.jobs.worker import Desk, perform
from paritrana.outbox.models import Message
from paritrana.publication import service as publication
from tests.factories_results import category_of, contest, press, publish, seal
from tests.nominations.pages import Forms, send, text_of

OFFICE = "/manage/contoh-2025/certificates/issue"
LEASE = timedelta(seconds=60)


def english(client, address):
    return client.get(address, query_string={"lang": "en"})


def order(here, kinds=tuple(Kind), actor="organiser-1"):
    batch = batches.order(
        here.cycle, [category_of(here)], kinds, queue=current_app.extensions["queue"], kind=kind(),
        actor=here.actor(actor), at=here.now, machine_at=here.now,
    )  # fmt: skip
    db.session.commit()
    return batch.ref


def kind():
    return current_app.extensions["jobs"].find(batches.NAME)


def carry_out(app, ref):
    """Carry the job of a batch out here; gives batch and job as they stand afterwards."""
    job = db.session.scalars(select(CertificateBatch.job_ref).where(CertificateBatch.ref == ref)).one()
    db.session.rollback()
    perform(app, job, Desk("here", LEASE))
    db.session.rollback()
    db.session.expire_all()
    return queries.find_batch(ref), db.session.scalars(select(Job).where(Job.ref == job)).one()


def numbers():
    return sorted(db.session.scalars(select(Certificate.register_no)))


@pytest.fixture
def here(app, db_session):
    return contest(5)


def test_a_batch_issues_everything_that_is_missing_and_says_how_far_it_is(here, app):
    publish(here)
    service.issue(category_of(here), press=press(), actor=here.actor("organiser-1"), at=here.now)
    db.session.commit()
    ref = order(here)
    batch, job = carry_out(app, ref)
    assert (job.state, job.done, job.total) == ("done", 12, 12)
    assert job.result["params"] == {"count": 12}
    assert batch.ended_at is not None
    assert queries.batch_counts(batch) == (12, 12, 0)
    assert numbers() == list(range(1, 16))
    assert db.session.query(CertificatePaper).count() == 15
    assert all(one.batch_id == batch.id for one in db.session.query(Certificate).where(Certificate.register_no > 3))
    with pytest.raises(service.NothingToIssue):
        order(here)


def test_a_paper_in_trouble_does_not_stop_the_others_and_is_made_when_it_is_put_right(here, app, door):
    here.organisations["regency-2"].name = "Pemerintah Kabupaten 王"
    publish(here)
    ref = order(here, [Kind.WINNER])
    batch, job = carry_out(app, ref)
    assert job.state == "done"
    assert queries.batch_counts(batch) == (3, 2, 1)
    assert numbers() == [1, 2]
    client = door("organiser-1")
    page = f"/manage/contoh-2025/certificates/batches/{ref}"
    text = text_of(english(client, page))
    assert "王" in text
    assert "2 of 3 certificates are issued." in text
    here.organisations["regency-2"].name = "Pemerintah Kabupaten Contoh 2"
    db.session.commit()
    answer = press_button(client, f"{page}/resume", at=page)
    assert answer.status_code == 303
    batch, job = carry_out(app, ref)
    assert queries.batch_counts(batch) == (3, 3, 0)
    assert numbers() == [1, 2, 3]
    assert "Everything is issued" in text_of(english(client, page))
    with pytest.raises(batches.BatchDone):
        batches.resume(
            batch, queue=None, kind=kind(), actor=here.actor("organiser-1"), at=here.now, machine_at=here.now
        )


def press_button(client, action, *, at, **more):
    """Send a form of a page with what it brings along."""
    fields = {}
    for name, value in Forms(text_of(english(client, at))).forms[action]:
        fields.setdefault(name, value)
    return send(client, action, fields | more)


def test_a_stopped_batch_keeps_what_is_issued_and_goes_on_later(here, app, door):
    publish(here)
    ref = order(here)
    client = door("organiser-1")
    page = f"/manage/contoh-2025/certificates/batches/{ref}"
    assert "Waiting for a worker" in text_of(english(client, page))
    assert press_button(client, f"{page}/cancel", at=page).status_code == 303
    batch, job = carry_out(app, ref)
    assert (job.state, queries.batch_counts(batch)) == ("cancelled", (15, 0, 0))
    assert "Stopped" in text_of(english(client, page))
    answer = client.get(f"{page}/progress")
    again = client.get(f"{page}/progress", headers={"If-None-Match": answer.headers["ETag"]})
    assert (answer.status_code, again.status_code) == (200, 304)
    assert press_button(client, f"{page}/resume", at=page).status_code == 303
    batch, job = carry_out(app, ref)
    assert numbers() == list(range(1, 16))


def test_two_workers_with_one_batch_issue_nothing_twice(here, app):
    """As after a lease that ran out while its worker was only slow."""
    publish(here)
    ref = order(here, [Kind.WINNER, Kind.FINALIST])
    batch = queries.find_batch(ref)
    run = _run(app, here, batch)
    slow = batches.take(batch.id, run, press())
    carry_out(app, ref)
    batches.put(queries.find_batch(ref).id, "contoh-2025", slow, run)
    assert numbers() == [1, 2, 3, 4, 5]
    assert queries.batch_counts(queries.find_batch(ref)) == (5, 5, 0)


def _run(app, here, batch):
    return Run(
        batch.job_ref, batches.NAME, {"batch": batch.ref}, here.actor("organiser-1"), app.extensions["settings"],
        lambda: here.now,
    )  # fmt: skip


def test_who_organises_no_more_issues_no_more(here, app):
    publish(here)
    ref = order(here)
    for grant in db.session.query(RoleGrant).where(RoleGrant.account_id == here.accounts["organiser-1"].id):
        grant.ended_at = here.now
    db.session.commit()
    _batch, job = carry_out(app, ref)
    assert job.state == "failed"
    assert numbers() == []


def test_an_organiser_orders_a_category_and_the_whole_cycle_on_the_page(here, door):
    publish(here)
    client = door("organiser-1")
    assert "Winner (3)" in text_of(english(client, OFFICE))
    answer = press_button(client, f"{OFFICE}/kabkota", at=OFFICE)
    assert answer.status_code == 303
    ref = answer.headers["Location"].rsplit("/", 1)[1]
    assert [one.kind for one in db.session.query(CertificateBatchItem)] == ["winner"] * 3
    text = text_of(english(client, OFFICE))
    assert ref in text
    token = {name: value for name, value in Forms(text).forms[f"{OFFICE}/kabkota"] if name == "csrf_token"}
    answer = send(client, OFFICE, token | {"idempotency_key": "the-whole-cycle", "version": "", "kinds": "thanks"})
    assert answer.status_code == 303
    assert db.session.query(CertificateBatch).count() == 2
    nothing = send(client, OFFICE, token | {"idempotency_key": "nothing-chosen", "version": ""})
    assert nothing.status_code == 422


def test_a_refused_order_leads_to_the_part_of_the_page_that_asked_and_keeps_what_was_chosen(here, door):
    publish(here)
    client = door("organiser-1")
    refused = text_of(press_button(client, f"{OFFICE}/kabkota", at=OFFICE, kinds=None))
    assert refused.count('href="#kinds-kabkota"') == refused.count('id="kinds-kabkota"') == 1
    assert "checked" not in refused


def test_a_refused_request_keeps_its_reason_and_leads_to_it(here, door):
    seal(here)
    client = door("organiser-1")
    refused = text_of(press_button(client, f"{OFFICE}/kabkota", at=OFFICE, kinds="winner", reason=""))
    assert refused.count('href="#reason-kabkota"') == refused.count('id="reason-kabkota"') == 1
    assert re.findall(r'value="(\w+)" checked', refused) == ["winner"]
    refused = text_of(press_button(client, f"{OFFICE}/kabkota", at=OFFICE, kinds=None, reason="Dicetak."))
    assert ">Dicetak.</textarea>" in refused


# Before the publication -----------------------------------------------------------------------------------------------


def ask(here, kinds=(Kind.WINNER, Kind.MINUTES), reason="Dicetak sebelum upacara."):
    asked = agreeing.propose_issue(category_of(here), kinds, reason, actor=here.actor("organiser-1"), at=here.now)
    db.session.commit()
    return asked


def test_before_the_publication_two_people_issue_and_the_codes_stay_unknown(here, app, door, client):
    seal(here)
    organiser, chair = door("organiser-1"), door("chair")
    answer = press_button(organiser, f"{OFFICE}/kabkota", at=OFFICE, reason="Dicetak sebelum upacara.")
    assert answer.status_code == 303
    asked = db.session.scalars(select(Proposal).where(Proposal.act == "issue_certificate")).one()
    assert [one.message for one in tasks(here.actor("chair"), here.now)] == ["Confirm the certificates: %(category)s"]
    assert press_button(chair, f"{OFFICE}/kabkota/{asked.ref}", at=OFFICE).status_code == 303
    batch = db.session.scalars(select(CertificateBatch)).one()
    assert batch.proposal_id == asked.id
    assert batch.asked_by == here.accounts["organiser-1"].id
    ref = batch.ref
    carry_out(app, ref)
    made = db.session.scalars(select(Certificate)).all()
    assert [one.kind for one in made] == ["winner"] * 3
    assert all(queries.find_public(one.code, here.now) is None for one in made)
    assert client.get(f"/verify/{made[0].code}").status_code == 404
    assert db.session.query(Message).where(Message.kind == "certificate").count() == 0
    assert untold(here.now) == []
    proposal = publication.propose_publication(
        category_of(here), publication.payload_of(category_of(here))["digest"], actor=here.actor("organiser-1"),
        at=here.now + timedelta(minutes=1),
    )  # fmt: skip
    publication.confirm_publication(
        proposal, proposal.digest, actor=here.actor("chair"), at=here.now + timedelta(minutes=2)
    )
    db.session.commit()
    later = here.now + timedelta(minutes=5)
    assert queries.find_public(made[0].code, later) is not None
    assert {one.code for one in untold(later)} == {one.code for one in made}
    run = Run("J-0000-0000", TELL_HOLDERS.name, {}, SYSTEM, app.extensions["settings"], lambda: later)
    assert TELL_HOLDERS.function(run, lambda done, total=None: None).params == {"count": 3}
    told = db.session.scalars(select(Message.account_id).where(Message.kind == "certificate")).all()
    assert set(told) == {here.accounts[f"nominee-{no}"].id for no in (1, 2, 3)}
    assert untold(later) == []


def test_nobody_issues_alone_before_the_publication(here, app):
    with pytest.raises(WrongState):
        ask(here)
    db.session.rollback()
    seal(here)
    with pytest.raises(MissingReason):
        ask(here, reason=" ")
    db.session.rollback()
    asked = ask(here)
    with pytest.raises(SamePerson):
        agreeing.confirm_issue(asked, asked.digest, actor=here.actor("organiser-1"), at=here.now)
    db.session.rollback()
    with pytest.raises(WrongState):
        service.issue(category_of(here), press=press(), actor=here.actor("organiser-1"), at=here.now)


def test_a_request_is_void_when_what_it_names_has_changed(here, app):
    seal(here)
    asked = ask(here)
    here.organisations["regency-1"].name = "Pemerintah Kabupaten Lain"
    db.session.commit()
    with pytest.raises(ProposalVoid):
        agreeing.confirm_issue(asked, asked.digest, actor=here.actor("chair"), at=here.now)
    db.session.rollback()
    assert agreeing.void_moved_issue(category_of(here), at=here.now)
    db.session.commit()


def test_what_changes_after_the_confirmation_is_not_issued(here, app):
    seal(here)
    asked = ask(here)
    confirmed = agreeing.confirm_issue(asked, asked.digest, actor=here.actor("chair"), at=here.now)
    batch = batches.order_agreed(
        confirmed, queue=current_app.extensions["queue"], kind=kind(), asker=here.actor("organiser-1"), at=here.now,
        machine_at=here.now,
    )  # fmt: skip
    here.organisations["regency-2"].name = "Pemerintah Kabupaten Lain"
    db.session.commit()
    batch, _job = carry_out(app, batch.ref)
    assert queries.batch_counts(batch) == (4, 3, 1)
    assert re.search("changed since", queries.troubled(batch)[0].problem["message"])
    assert category_of(here).stored_state is State.SEALED
