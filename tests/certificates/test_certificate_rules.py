"""The rules of the register name what was changed past the services: texts, numbers, orders, prints and templates."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.engine import make_url

from paritrana.certificates.invariants import CHECKS
from paritrana.certificates.models import Certificate, CertificatePrint, CertificateTemplate
from paritrana.core.certificates import Kind
from paritrana.database import db
from tests.certificates.test_batches import carry_out, order
from tests.factories_results import contest, publish
from tests.operations.tampering import CODE, House


def broken():
    """The rules that do not hold, and of what."""
    found = {(one.rule, one.where) for check in CHECKS for one in check.look()}
    db.session.rollback()
    return found


@pytest.mark.parametrize("engine_name", ["sqlite"], indirect=True)
def test_each_rule_of_the_register_names_what_was_changed(app, db_session, clock, engine_name):
    here = contest(3)
    publish(here)
    clock.set(here.now + timedelta(hours=2))
    batch, _job = carry_out(app, order(here, [Kind.WINNER]))
    first, second, third = db.session.scalars(select(Certificate).order_by(Certificate.register_no)).all()
    printed = {"how": "file", "printed_at": clock.now(), "printed_by": batch.asked_by}
    db.session.add(CertificatePrint(certificate=first, no=1, **printed))
    db.session.commit()
    template = db.session.scalars(select(CertificateTemplate.ref)).one()
    ref, second_code, third_code = batch.ref, second.code, third.code
    db.session.rollback()
    settings = app.extensions["settings"]
    house = House(Path(make_url(settings.database_url).database), settings.blob_path)
    assert broken() == set()
    house.run(
        "UPDATE certificate SET payload = 'A', issued_at = '2026-03-01 00:00:00' WHERE register_no = 2",
        "UPDATE certificate_template_version SET document = '{}'",
        "UPDATE certificate_batch_item SET basis = 'x' WHERE position = 1",
        "UPDATE certificate_batch_item SET certificate_id = NULL WHERE position = 3",
        "UPDATE certificate_print SET no = 9",
        f"UPDATE certificate SET code = '{CODE}' WHERE register_no = 1",
    )
    named = {
        ("certificate.payload", second_code), ("certificate.early", second_code),
        ("certificate_template.digest", f"{template} 1"), ("certificate_batch.item", f"{ref} 1"),
        ("certificate_batch.item", third_code), ("certificate.prints", CODE), ("certificate.code", CODE),
    }  # fmt: skip
    assert named - broken() == set()
