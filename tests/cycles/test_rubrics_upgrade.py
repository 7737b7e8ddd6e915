"""A version that was stored before its rows said everything is filled in from the delivered file with its digest."""

from flask import Flask
from sqlalchemy import select

from paritrana.cycles.models import RubricVersion
from paritrana.cycles.rubrics.document import digest_of, form_of
from paritrana.cycles.service import store_rubric
from paritrana.database import db
from tests.factories import NOW, SYSTEM, rubric
from tests.test_migrations import down, up

BEFORE = "0030"


def test_delivered_versions_have_their_digest_after_the_upgrade_and_others_keep_theirs(own: Flask) -> None:
    up(own)
    with own.app_context():
        mine = form_of(rubric("ntb-2024-observed")) | {"code": "other"}
        store_rubric(mine, actor=SYSTEM, at=NOW)
        rubric()
        db.session.commit()
        db.session.remove()
    down(own, BEFORE)
    up(own)
    with own.app_context():
        stored = {one.code: one for one in db.session.scalars(select(RubricVersion))}
        whole = {code for code, one in stored.items() if digest_of(form_of(one)) == one.digest}
        assert whole == {"ntb-2024-observed", "kabkota-default"}
        assert stored["ntb-2024-observed"].note_id
        assert set(stored) - whole == {"other"}
        db.session.remove()
