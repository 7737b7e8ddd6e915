"""The rules of publications name what was changed past the services, and a changed run is not published."""

from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.engine import make_url

from paritrana.cycles.models import Proposal
from paritrana.cycles.service import ProposalVoid
from paritrana.database import db
from paritrana.publication.corrections import service
from paritrana.publication.invariants import CHECKS
from paritrana.publication.models import Publication
from tests.factories_results import category_of, contest, fail_gate, nominations, publish
from tests.operations.tampering import House
from tests.publication.test_corrections import REASON


def broken():
    """The rules that do not hold, and of what."""
    found = {(one.rule, one.where) for check in CHECKS for one in check.look()}
    db.session.rollback()
    db.session.expire_all()
    return found


@pytest.mark.parametrize("engine_name", ["sqlite"], indirect=True)
def test_each_rule_of_a_publication_names_what_was_changed(app, db_session, engine_name):
    here = contest(3)
    publish(here)
    fail_gate(here, nominations(here)[0])
    organiser, chair = here.actor("organiser-1"), here.actor("chair")
    run = service.build_correcting_run(category_of(here), actor=organiser, at=here.now)
    asked = service.propose_correction(category_of(here), run.digest, REASON, actor=organiser, at=here.now)
    db.session.commit()
    ref, digest, no = asked.ref, asked.digest, run.no
    assert broken() == set()
    settings = app.extensions["settings"]
    house = House(Path(make_url(settings.database_url).database), settings.blob_path)
    house.run(f"UPDATE result_run SET bundle = CAST(bundle || x'20' AS BLOB) WHERE no = {no}")
    db.session.expire_all()
    waiting = db.session.scalars(select(Proposal).where(Proposal.ref == ref)).one()
    with pytest.raises(ProposalVoid):  # the same table, but not the same bytes
        service.confirm_correction(waiting, digest, actor=chair, at=here.now)
    db.session.rollback()
    assert db.session.query(Publication).count() == 1
    db.session.rollback()
    house.run("UPDATE publication SET confirmed_by = proposed_by", "UPDATE category SET state = 7, publishes_at = NULL")
    place = "contoh-2025/kabkota"
    named = {("publication.two_persons", f"{place} 1"), ("publication.pointer", place)}
    assert named - broken() == set()
    house.run("UPDATE publication SET digest = 'x'")
    assert ("publication.digest", f"{place} 1") in broken()
    house.run("DELETE FROM category")
    assert not any(rule == "publication.digest" for rule, _where in broken())  # other rules name a row without it
