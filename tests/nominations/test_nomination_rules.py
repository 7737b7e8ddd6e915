"""Rows and events of nominations that do not fit together are named by their rule; a whole life of one breaks none."""

from typing import Any

import pytest
from sqlalchemy import update

from paritrana.audit import service as audit
from paritrana.cycles.service import intake_of
from paritrana.database import db
from paritrana.files.models import Blob
from paritrana.nominations import invariants, queries, service
from paritrana.nominations.models import Attachment, FileDeclaration, Nomination
from paritrana.nominations.service.sending import send
from tests.factories import SYSTEM, World, world
from tests.nominations.pages import blob_of, draft, filled


@pytest.fixture
def here(app, db_session):
    return world()


def found() -> dict[str, list[str]]:
    """The broken rules, each with the places where it is broken."""
    db.session.commit()
    broken: dict[str, list[str]] = {}
    for check in invariants.CHECKS:
        for one in check.look():
            assert one.rule in check.rules
            broken.setdefault(one.rule, []).append(one.where)
    return broken


def announced(here: World, nomination: Nomination, no: int) -> FileDeclaration:
    made = service.declare(
        nomination, "coverage", name=f"{no}.pdf", sha256=f"{no:064x}", size=1000 + no, requirement="",
        actor=here.actor("nominee-1"), at=here.now, now=here.now, max_bytes=10**6,
    )  # fmt: skip
    assert isinstance(made, FileDeclaration)
    return made


def lived(here: World) -> Nomination:
    """A nomination that was sent, taken back and sent again, with files that came, went and never came."""
    nomination, actor = filled(here), here.actor("nominee-1")
    service.submit(nomination, actor=actor, at=here.now)
    service.take_back(nomination, actor=actor, at=here.now)
    first, second = announced(here, nomination, 71), announced(here, nomination, 72)
    arrived = service.complete(first, blob_of(nomination, 71, here.now), actor=actor, at=here.now)
    service.end_declaration(second, "cancelled", actor=actor, at=here.now)
    service.remove_attachment(arrived, actor=actor, at=here.now)
    service.submit(nomination, actor=actor, at=here.now)
    return nomination


def test_a_nomination_that_was_taken_back_and_whose_files_came_and_went_breaks_no_rule(here):
    nomination = lived(here)
    assert found() == {}
    assert (nomination.state, nomination.revision_no) == ("submitted", 2)


def test_files_that_came_or_went_otherwise_than_was_told_are_named(here):
    nomination = lived(here)
    (arrived,) = [one.attachment_no for one in nomination_files(nomination) if one.state == "done"]
    db.session.execute(update(Attachment).where(Attachment.no == arrived).values(removed_at=None))
    db.session.execute(update(FileDeclaration).where(FileDeclaration.state == "ended").values(state="open"))
    ended = [one.ref for one in nomination_files(nomination) if one.state == "open"]
    broken = found()
    assert broken["attachment.event_differs"] == [f"{nomination.ref} {arrived}"]
    assert broken["file_declaration.event_differs"] == [f"{nomination.ref} {ended[0]}"]


def nomination_files(nomination: Nomination) -> list[Any]:
    db.session.expire_all()
    return list(db.session.query(FileDeclaration).where(FileDeclaration.nomination_id == nomination.id))


def told(nomination: Nomination, kind: str, **values: Any) -> None:
    """An event is recorded past the services."""
    stream = intake_of(nomination.category)
    audit.record(stream, kind, SYSTEM, at=nomination.created_at, object_ref=nomination.ref, **values)


def test_a_step_that_does_not_exist_or_begins_elsewhere_is_named(here):
    nomination = draft(here)
    send(nomination, actor=here.actor("nominee-1"), at=here.now)
    told(nomination, "nomination.moved", before="submitted", after="shortlisted")
    db.session.execute(update(Nomination).values(state="shortlisted"))
    assert found() == {"nomination.step": [nomination.ref]}
    told(nomination, "nomination.moved", before="verified", after="withdrawn")  # but it was shortlisted
    db.session.execute(update(Nomination).values(state="withdrawn"))
    assert found() == {"nomination.step": [nomination.ref, nomination.ref]}


def test_a_winner_that_comes_from_no_province_that_feeds_this_cycle_is_named(here):
    source, nomination = draft(here, "nominee-2", "regency-2"), draft(here)
    db.session.execute(update(Nomination).where(Nomination.id == nomination.id).values(fed_from_id=source.id))
    assert found()["nomination.fed_from"] == [nomination.ref]


def test_bytes_of_another_organisation_are_named(here):
    nomination = draft(here)
    blob = blob_of(nomination, 1, here.now)
    made = service.attach(nomination, "coverage", blob, "1.pdf", actor=here.actor("nominee-1"), at=here.now)
    assert found() == {}
    theirs = here.organisations["regency-2"].id
    db.session.execute(update(Blob).where(Blob.id == blob.id).values(organisation_id=theirs))
    assert found() == {"attachment.tenant": [f"{nomination.ref} {made.no}"]}
    assert queries.attachments_of(nomination) != []
