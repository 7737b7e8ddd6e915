"""Certificates of before keep what they said when the tables grow, and get their signed papers by a regular job."""

from datetime import timedelta

import flask_migrate

from paritrana.certificates import batches, queries, service, templating
from paritrana.certificates.models import Certificate
from paritrana.config import data_folder
from paritrana.core.certificates import Kind
from paritrana.cycles.models import Cycle
from paritrana.database import db
from paritrana.jobs.kinds import SYSTEM, Run
from paritrana.operations.invariants import broken_rules
from paritrana.signing import signers
from paritrana.signing.signed_pdf import check
from tests.factories import NOW
from tests.factories_results import category_of, contest, press, publish

LATER = NOW + timedelta(hours=2)  # than the publication
FACTS = ("code", "register_no", "kind", "basis", "nomination_id", "recipient", "rank", "context")


def told():
    return [[getattr(one, name) for name in FACTS] for one in db.session.query(Certificate).order_by(Certificate.id)]


def test_certificates_of_before_keep_their_facts_and_get_papers(make_app):
    app = make_app()
    with app.app_context():
        here = contest(4)
        publish(here)
        service.issue(category_of(here), press=press(), actor=here.actor("organiser-1"), at=LATER)
        db.session.commit()
        before = told()
        db.session.remove()
        flask_migrate.downgrade(directory=str(data_folder("migrations")), revision="0036", x_arg=["discard=events"])
        flask_migrate.upgrade(directory=str(data_folder("migrations")))
        assert told() == before
        assert [queries.paper_of(one) for one in queries.unpressed(9)] == [None] * 3
        templating.ready_templates(db.session.query(Cycle).one(), [Kind.WINNER], at=here.now)
        db.session.commit()
        kind = batches.press_kind(press())
        assert kind.wanted(here.now)
        settings = app.extensions["settings"]
        said = kind.function(
            Run("J-0000-0000", kind.name, {}, SYSTEM, settings, lambda: here.now), lambda done, total=None: None
        )
        assert said.params == {"count": 3}
        assert not kind.wanted(here.now)
        keys = signers.certificate_keys(settings)
        for one in db.session.query(Certificate):
            assert check(queries.paper_of(one).content, keys).claim.code == one.code
        assert told() == before
        broken = {one.rule for one in broken_rules(settings, at=here.now) if one.rule.startswith("certificate")}
        assert broken == {"certificate_template.event_without_row"}  # what going down has thrown away
