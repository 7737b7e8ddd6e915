"""Accounts, passwords and grants: what is refused, and what is recorded."""

from collections.abc import Callable

import pytest
from sqlalchemy import select

from paritrana.accounts import queries, service
from paritrana.accounts.models import Account, RoleGrant
from paritrana.audit.models import Event
from paritrana.core.errors import NotFound
from paritrana.cycles.models import Cycle
from paritrana.database import db
from tests.accounts.conftest import PASSWORD, SYSTEM
from tests.factories import regions, world

MakeAccount = Callable[..., Account]


def kinds() -> list[str]:
    """The kinds of events of the stream `system`, oldest first."""
    return list(db.session.scalars(select(Event.kind).where(Event.stream == "system").order_by(Event.seq)))


def test_accounts_and_grants_are_recorded(db_session, make_account: MakeAccount, clock):
    sari = make_account("sari", "administrator")
    service.set_password(sari, "empat burung camar minum teh", actor=SYSTEM, at=clock.now())
    service.end_grant(sari.grants[0], actor=SYSTEM, at=clock.now())
    service.close_account(sari, actor=SYSTEM, at=clock.now())
    db.session.commit()
    assert kinds() == ["account.created", "role.granted", "account.password_set", "role.ended", "account.closed"]
    with pytest.raises(service.GrantEnded):
        service.end_grant(sari.grants[0], actor=SYSTEM, at=clock.now())


def test_an_account_is_found_by_its_reference_and_address(db_session, make_account: MakeAccount):
    sari = make_account("sari")
    assert queries.get_account(sari.ref) is sari
    assert queries.find_account("SARI@contoh.test") is sari
    assert queries.find_person("T-sari") is sari.person
    assert queries.find_account("nihil@contoh.test") is None
    with pytest.raises(NotFound):
        queries.get_account("U-0000-0000")


def test_an_address_serves_one_account(db_session, make_account: MakeAccount):
    make_account("sari")
    with pytest.raises(service.EmailTaken):
        make_account("SARI")


@pytest.mark.parametrize("email", ["", "sari", "sari@contoh", "sa ri@contoh.test", "a@b@contoh.test", "a@contoh.t"])
def test_an_address_that_cannot_be_one_is_refused(db_session, clock, email: str):
    with pytest.raises(service.EmailForm):
        service.create_account(
            email=email, name="Sari", password=None, person=service.create_person(), actor=SYSTEM, at=clock.now()
        )


def test_an_account_has_a_name(db_session, clock):
    with pytest.raises(service.NameMissing):
        service.create_account(
            email="a@contoh.test", name=" ", password=None, person=service.create_person(), actor=SYSTEM, at=clock.now()
        )


def test_the_stored_password_is_an_argon2id_hash(db_session, make_account: MakeAccount):
    stored = make_account("sari").password
    assert stored is not None
    assert stored.startswith("$argon2id$")
    assert PASSWORD not in stored


@pytest.fixture
def cycles(db_session, clock) -> list[int]:
    """Two cycles."""
    regions()
    made = [
        Cycle(code=f"contoh-{year}", kind="simulated", title_id="Contoh", title_en="Example", assessment_year=year,
              edition_label=str(year), tier="province", region_code="99", timezone="Asia/Makassar",
              target_instrument="rpjmn", target_year=year, election_held=False, rates_as_of=clock.now())
        for year in (2025, 2026)
    ]  # fmt: skip
    db.session.add_all(made)
    db.session.flush()
    return [cycle.id for cycle in made]


OFFICERS = ("verifier", "organiser", "auditor", "administrator")


@pytest.mark.parametrize("first", OFFICERS)
@pytest.mark.parametrize("second", OFFICERS)
def test_which_roles_exclude_each_other_in_a_cycle(db_session, make_account, cycles, clock, first: str, second: str):
    def scope(role: str, cycle: int) -> dict[str, int]:
        return {} if role == "administrator" else {"cycle_id": cycle}

    sari = make_account("sari", first, **scope(first, cycles[0]))
    other = service.create_account(
        email="lain@contoh.test", name="Sari", password=None, person=sari.person, actor=SYSTEM, at=clock.now()
    )

    def grant(cycle: int) -> RoleGrant:
        return service.grant_role(other, second, actor=SYSTEM, at=clock.now(), **scope(second, cycle))

    if first == second:
        assert grant(cycles[0])
        return
    with pytest.raises(service.RolesExclude):
        grant(cycles[0])
    if "administrator" in (first, second):
        with pytest.raises(service.RolesExclude):
            grant(cycles[1])
    else:
        assert grant(cycles[1])


def test_a_role_that_has_ended_excludes_nothing(db_session, make_account: MakeAccount, cycles: list[int], clock):
    sari = make_account("sari", "organiser", cycle_id=cycles[0])
    service.end_grant(sari.grants[0], actor=SYSTEM, at=clock.now())
    assert service.grant_role(sari, "auditor", cycle_id=cycles[0], actor=SYSTEM, at=clock.now())


@pytest.mark.parametrize(
    ("role", "scope"),
    [
        ("nominee", {}),
        ("nominee", {"cycle_id": 1}),
        ("verifier", {}),
        ("organiser", {"organisation_id": 1, "cycle_id": 1}),
        ("administrator", {"cycle_id": 1}),
        ("chair", {"cycle_id": 1}),
    ],
)
def test_a_role_has_its_own_scope(db_session, make_account: MakeAccount, clock, role: str, scope: dict[str, int]):
    sari = make_account("sari")
    with pytest.raises(service.RoleScope):
        service.grant_role(sari, role, actor=SYSTEM, at=clock.now(), **scope)


def test_a_new_role_renews_what_sessions_are_bound_to(db_session, make_account: MakeAccount, clock):
    sari = make_account("sari")
    before = sari.fs_uniquifier
    service.grant_role(sari, "administrator", actor=SYSTEM, at=clock.now())
    assert sari.fs_uniquifier != before


def test_a_seat_and_a_nominee_exclude_officers_roles(db_session, clock):
    made = world()
    organisation = made.organisations["regency-3"].id
    scopes = {
        ("chair", "nominee"): {"organisation_id": organisation},
        ("chair", "organiser"): {"cycle_id": made.cycle.id},
        ("assessor-3", "auditor"): {"cycle_id": made.cycle.id},
        ("assessor-3", "administrator"): {},
        ("nominee-1", "verifier"): {"cycle_id": made.cycle.id},
        ("nominee-1", "administrator"): {},
        ("verifier-1", "nominee"): {"organisation_id": organisation},
    }
    for (name, role), scope in scopes.items():
        with pytest.raises(service.RolesExclude):
            service.grant_role(made.accounts[name], role, actor=SYSTEM, at=clock.now(), **scope)
    assert service.grant_role(
        made.accounts["assessor-3"], "verifier", cycle_id=made.cycle.id, actor=SYSTEM, at=clock.now()
    )
