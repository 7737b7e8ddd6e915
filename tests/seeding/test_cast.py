"""The cast of a demonstration: its accounts and passwords over several starts."""

from pathlib import Path

import pytest
from flask_security import verify_password
from sqlalchemy import select

from paritrana.accounts.cast import FILE, read_cast
from paritrana.accounts.models import Account, RoleGrant
from paritrana.database import db
from paritrana.seeding.cast import Cast, gather_cast, grant_in_cycle
from tests.factories import NOW, World, world

PEOPLE = [
    {"key": f"{role}-demo", "name": f"{role} Simulasi", "role": role, "role_id": role, "role_en": role,
     "email": f"{role}@demo.test", "organisation": "99.04" if role == "nominee" else None, "position": "",
     "constituency": None, "office_region": None}
    for role in ("nominee", "verifier", "administrator")
]  # fmt: skip


@pytest.fixture
def here(db_session) -> World:
    return world()


def gather(here: World, folder: Path) -> Cast:
    """The cast with its passwords in `folder`, committed."""
    cast = gather_cast(PEOPLE, {"99.04": here.organisations["regency-4"]}, folder, at=NOW)
    db.session.commit()
    return cast


def test_a_second_start_keeps_accounts_and_passwords_and_a_lost_file_draws_new_ones(here, tmp_path):
    first = gather(here, tmp_path)
    hashes = {key: account.password for key, account in first.accounts.items()}
    known = read_cast(tmp_path)
    again = gather(here, tmp_path)
    assert {key: account.id for key, account in again.accounts.items()} == {
        key: account.id for key, account in first.accounts.items()
    }
    assert {key: account.password for key, account in again.accounts.items()} == hashes
    assert read_cast(tmp_path) == known
    (tmp_path / FILE).unlink()
    renewed = gather(here, tmp_path)
    account = renewed.accounts["nominee-demo"]
    (drawn,) = [one["password"] for one in read_cast(tmp_path) if one["email"] == account.email]
    assert account.password != hashes["nominee-demo"]
    assert verify_password(drawn, account.password)
    assert not verify_password(known[0]["password"], account.password)
    assert len(db.session.scalars(select(Account).where(Account.email.endswith("@demo.test"))).all()) == 3


def test_an_officer_of_the_cast_gets_a_role_in_a_cycle_once(here, tmp_path):
    cast = gather(here, tmp_path)
    for _ in range(2):
        grant_in_cycle(cast, here.cycle, at=NOW)
        db.session.commit()
    verifier = cast.accounts["verifier-demo"].id
    grants = db.session.scalars(select(RoleGrant).where(RoleGrant.account_id == verifier)).all()
    assert [(grant.role, grant.cycle_id) for grant in grants] == [("verifier", here.cycle.id)]
    nominee = db.session.scalars(
        select(RoleGrant).where(RoleGrant.account_id == cast.accounts["nominee-demo"].id)
    ).all()
    assert [(grant.role, grant.organisation_id) for grant in nominee] == [
        ("nominee", here.organisations["regency-4"].id)
    ]
    assert cast.actor("administrator-demo").administrator
