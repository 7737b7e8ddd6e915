"""What the services of nominations refuse or leave alone: figures, conditions, drafts, steps, documents and uploads."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from paritrana.audit.models import Event
from paritrana.core.errors import NotFound, StaleVersion, WrongState
from paritrana.core.lifecycle import State
from paritrana.core.quantities import Count
from paritrana.database import db, random_ref
from paritrana.nominations import queries, service
from paritrana.nominations.changes import changes_between
from paritrana.nominations.models import EvidenceItem, FileDeclaration, Nomination
from paritrana.nominations.service.sending import send
from paritrana.reference.models import Organisation
from tests.factories import SYSTEM, World, grant, person, world
from tests.nominations.pages import blob_of, coverage, draft
from tests.nominations.test_copying import earlier


@pytest.fixture
def here(app, db_session):
    return world()


def events() -> int:
    return db.session.scalar(select(func.count()).select_from(Event)) or 0


def writer(here: World, nomination: Nomination) -> Callable[..., EvidenceItem]:
    """A function that saves evidence as the nominee; whatever is not named is empty."""

    def save(kind="coverage", data=None, **changes):
        words = {"note": "", "explanation_reason": "", "explanation": "", "completed": False, "expected": 0} | changes
        return service.save_evidence(
            nomination, kind, data or coverage(), actor=here.actor("nominee-1"), at=here.now, **words
        )

    return save


def test_evidence_that_the_rubric_does_not_know_or_that_is_no_value_is_not_stored(here):
    nomination = draft(here)
    save, before = writer(here, nomination), events()
    with pytest.raises(service.UnknownKind):
        save("beneficiary_list")
    with pytest.raises(service.UnfitEvidence) as found:
        save(explanation_reason="includes_jht")  # a reason for amounts, and these are people
    assert str(found.value.params["field"]) == "includes_jht"
    for kind, data, field in (
        ("permit_compliance", {"fields": {"counting_from": "2025-02-31"}}, "counting_from"),
        ("permit_compliance", {"fields": {"counting_from": 20250102}}, "counting_from"),
        ("coverage", {"fields": {"pu.participants": True}}, "pu.participants"),
        ("vulnerable_workers", {"lines": [{"key": "a b"}]}, "groups"),
        ("vulnerable_workers", {"lines": ["a1"]}, "groups"),
        ("vulnerable_workers", {"lines": [{"key": "a1"}, {"key": "a1"}]}, "groups"),
    ):
        with pytest.raises(service.UnfitEvidence) as found:
            save(kind, data)
        assert str(found.value.params["field"]) == field
    with pytest.raises(StaleVersion) as stale:
        save(expected=3)  # nothing was saved, so nobody can be named
    assert stale.value.params["time"] == here.now
    db.session.rollback()
    assert (queries.evidence_of(nomination), events()) == ({}, before)


def test_a_condition_takes_yes_no_or_nothing_and_only_those_of_the_rubric_are_stated(here):
    nomination = draft(here)
    actor, before = here.actor("nominee-1"), events()
    (gate, *_others) = [one["code"] for one in here.category.rubric.gates]
    with pytest.raises(NotFound):
        service.state_gates(nomination, {gate: ("yes", "", 0), "Z9": ("yes", "", 0)}, actor=actor, at=here.now)
    with pytest.raises(service.UnfitEvidence):
        service.state_gate(nomination, gate, "maybe", "", expected=0, actor=actor, at=here.now)
    db.session.rollback()
    assert (queries.statements_of(nomination), events()) == ({}, before)


def test_an_amendment_may_begin_what_was_left_empty_and_its_counts_are_told(here):
    nomination, actor = draft(here), here.actor("nominee-1")
    first = send(nomination, actor=actor, at=here.now)
    here.category.state = int(State.VERIFICATION)
    service.set_nomination_state(
        nomination, "returned", expected={"submitted"}, reason="x", actor=here.actor("verifier-1"), at=here.now
    )
    second = service.amend(nomination, {"permit_compliance": {"permit.issued": 400}}, "", actor=actor, at=here.now)
    assert first.content["evidence"] == {}
    assert second.content["evidence"]["permit_compliance"]["data"] == {"fields": {"permit.issued": 400}}
    changed = changes_between(first.content, second.content, ["permit_compliance"], election_held=False)
    ((change,),) = [one.fields for one in changed.kinds]
    assert (change.before, change.after) == (None, Count(400))


def test_a_returned_nomination_takes_documents_while_the_verification_goes_on(here):
    nomination, actor = draft(here), here.actor("nominee-1")
    send(nomination, actor=actor, at=here.now)
    blob = blob_of(nomination, 1, here.now)
    here.category.state = int(State.VERIFICATION)
    with pytest.raises(service.NothingSavedYet):
        service.attach(nomination, "coverage", blob, "1.pdf", actor=actor, at=here.now)
    service.set_nomination_state(
        nomination, "returned", expected={"submitted"}, reason="x", actor=here.actor("verifier-1"), at=here.now
    )
    service.attach(nomination, "coverage", blob, "1.pdf", actor=actor, at=here.now)
    assert [one.name for one in queries.attachments_of(nomination)] == ["1.pdf"]


def test_after_the_end_of_a_category_without_a_deadline_only_its_state_is_told(here):
    nomination = draft(here)
    here.category.state, here.category.closes_at = int(State.VERIFICATION), None
    with pytest.raises(WrongState) as found:
        writer(here, nomination)()
    assert found.value.code == WrongState.code
    assert queries.evidence_of(nomination) == {}


def test_a_draft_is_opened_for_whom_it_fits_and_only_while_the_category_is_open(here):
    organisation = here.organisations["regency-1"]
    rehearsing = Organisation(
        ref=random_ref("O"), name="Kabupaten Latihan", kind="local_government", region_code="99.01", fictitious=True,
        rehearsal=True,
    )  # fmt: skip
    db.session.add(rehearsing)
    db.session.flush()
    assert service.fits(here.category, organisation)
    assert not service.fits(here.category, rehearsing)
    here.category.kind = "province"  # a regency is no province, though both are local governments
    assert not service.fits(here.category, organisation)
    db.session.rollback()
    late = here.category.closes_at + timedelta(days=1)
    with pytest.raises(WrongState):
        service.create_nomination(here.category, organisation, actor=here.actor("nominee-1"), at=late)
    db.session.rollback()
    assert db.session.scalars(select(Nomination.id)).all() == []


def test_steps_that_come_too_early_or_too_late_change_nothing(here):
    nomination, actor = draft(here), here.actor("nominee-1")
    with pytest.raises(service.NominationNotSent):
        service.take_back(nomination, actor=actor, at=here.now)
    for state in (State.DRAFT, State.SEALED, State.ARCHIVED):
        here.category.state = int(state)
        with pytest.raises(WrongState):
            service.withdraw(nomination, "tidak jadi", actor=actor, at=here.now)
    assert nomination.state == "draft"


def test_candidates_are_invented_in_a_rehearsal_only(here):
    organiser = here.actor("organiser-1")
    with pytest.raises(WrongState):
        service.invent(here.category, here.organisations["regency-1"], 1, actor=organiser, at=here.now)
    assert db.session.scalars(select(Nomination.id)).all() == []
    nomination = draft(here)
    send(nomination, actor=here.actor("nominee-1"), at=here.now)
    with pytest.raises(WrongState):
        service.call_in(nomination, actor=organiser, at=here.now)
    assert nomination.state == "submitted"


def test_a_document_is_removed_once(here):
    nomination, actor = draft(here), here.actor("nominee-1")
    attachment = service.attach(
        nomination, "coverage", blob_of(nomination, 1, here.now), "1.pdf", actor=actor, at=here.now
    )
    service.remove_attachment(attachment, actor=actor, at=here.now)
    before, version = events(), attachment.version
    service.remove_attachment(attachment, actor=actor, at=here.now + timedelta(minutes=1))
    assert (attachment.removed_at, attachment.version, events()) == (here.now, version, before)


def announced(here: World, nomination: Nomination, no: int) -> FileDeclaration:
    found = service.declare(
        nomination, "coverage", name=f"{no}.pdf", sha256=f"{no:064x}", size=1000 + no, requirement="",
        actor=here.actor("nominee-1"), at=here.now, now=here.now, max_bytes=10**6,
    )  # fmt: skip
    assert isinstance(found, FileDeclaration)
    return found


def test_an_announced_file_becomes_one_document_and_none_after_the_grace_time(here):
    nomination, actor = draft(here), here.actor("nominee-1")
    first, second = announced(here, nomination, 1), announced(here, nomination, 2)
    made = service.complete(first, blob_of(nomination, 1, here.now), actor=actor, at=here.now)
    before = events()
    assert service.complete(first, made.blob, actor=actor, at=here.now).no == made.no
    here.category.state = int(State.VERIFICATION)
    with pytest.raises(service.NothingSavedYet):
        service.complete(second, blob_of(nomination, 2, here.now), actor=actor, at=here.now)
    assert ([one.no for one in queries.attachments_of(nomination)], events()) == ([made.no], before)
    assert (first.state, second.state) == ("done", "open")


def test_what_is_announced_expires_but_not_in_the_grace_time_nor_twice(here):
    nomination = draft(here)
    first, second = announced(here, nomination, 1), announced(here, nomination, 2)
    later = here.now + timedelta(hours=49)
    here.category.state = int(State.CLOSED)
    assert list(service.end_expired(actor=SYSTEM, now=later)) == []
    assert {first.state, second.state} == {"open"}
    here.category.state = int(State.OPEN)
    ended = []
    for ref in service.end_expired(actor=SYSTEM, now=later):
        ended.append(ref)
        service.end_declaration(second, "cancelled", actor=here.actor("nominee-1"), at=later)  # meanwhile, by hand
    assert ended == [first.ref]
    assert {first.state, second.state} == {"ended"}


def test_there_is_nothing_to_copy_where_nothing_was_filled_in(here):
    old = earlier(here, whole=False)
    queries.evidence_of(old)["coverage"].data = {"fields": {}}
    nomination, actor = draft(here), here.actor("nominee-1")
    with pytest.raises(service.NoEarlierNomination):
        service.copy_earlier(nomination, actor=actor, at=here.now)
    with pytest.raises(NotFound):
        service.attach_again(nomination, {1}, actor=actor, at=here.now)
    assert (nomination.copied_from_id, queries.evidence_of(nomination)) == (None, {})


def test_a_winner_brings_verified_figures_along_but_no_list_by_name(app, db_session):
    here = world(categories=("kabkota", "desa"))
    here.organisations["village"] = Organisation(
        ref=random_ref("O"), name="Desa Contoh", kind="village", region_code="99.01", fictitious=True
    )
    db.session.add(here.organisations["village"])
    db.session.flush()
    here.accounts["head"] = person("head")
    grant(here.accounts["head"], "nominee", organisation=here.organisations["village"])
    source = earlier(here, slug="desa", who="head", organisation="village")
    found = {"beneficiary_list": {"records.submitted": 200}, "coverage": {"residents.working": 1500}}
    fed = service.feed(here.categories["desa"], source, found, actor=here.actor("organiser-1"), at=here.now)
    items = queries.evidence_of(fed)
    assert {kind: item.data["fields"] for kind, item in items.items()} == {"coverage": {"residents.working": 1500}}
    assert fed.copied_from_id == source.id
