"""What the services of accounts refuse although their pages ask first, and what the checks see of roles."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from itsdangerous import URLSafeSerializer
from sqlalchemy import event, func, select, text, update

from paritrana.accounts import factors, own, security, service
from paritrana.accounts.invariants import CHECKS
from paritrana.accounts.models import Account, RoleGrant, SecondFactor
from paritrana.accounts.one_time import OneTimeCodes
from paritrana.accounts.passkeys import LONGEST, Site
from paritrana.audit.models import Event
from paritrana.core.errors import NotFound
from paritrana.cycles.models import Proposal
from paritrana.database import db
from tests.accounts.authenticators import App
from tests.accounts.conftest import PASSWORD, SYSTEM
from tests.factories import World, grant, world

MakeAccount = Callable[..., Account]


def events() -> int:
    """How many events are recorded."""
    return db.session.scalar(select(func.count()).select_from(Event)) or 0


def broken() -> list[tuple[str, str]]:
    """The rules of accounts that do not hold, with what they name."""
    return [(one.rule, one.where) for check in CHECKS for one in check.look()]


def test_an_account_that_is_open_is_not_opened_and_has_a_name(db_session, make_account: MakeAccount, clock):
    sari = make_account("sari")
    told = events()
    with pytest.raises(service.AccountOpen):
        service.open_account(sari, actor=SYSTEM, at=clock.now())
    with pytest.raises(service.NameMissing):
        own.change_profile(
            sari, name=" \t", position="Kepala", language="en", expected=sari.version, actor=SYSTEM, at=clock.now()
        )
    assert (sari.name, sari.position, sari.language, events()) == ("Sari", "", None, told)


def test_a_role_has_an_end_in_the_future_and_whoever_stands_in_has_a_decree(
    db_session, make_account: MakeAccount, clock
):
    sari, at = make_account("sari"), clock.now()
    budi = make_account("budi", "administrator")
    told, later = events(), at + timedelta(days=3)
    for wrong in (
        {"until": at},
        {"until": at - timedelta(days=1)},
        {"stands_in_for": budi, "decree": "SK 1/2026"},
        {"stands_in_for": budi, "until": later, "decree": " "},
    ):
        with pytest.raises(service.RoleUntil):
            service.grant_role(sari, "administrator", actor=SYSTEM, at=at, **wrong)
    assert (sari.grants, events()) == ([], told)
    given = service.grant_role(
        sari, "administrator", until=later, stands_in_for=budi, decree=" SK 1/2026 ", actor=SYSTEM, at=at
    )
    assert (given.until, given.decree, given.stands_in_for) == (later, "SK 1/2026", budi)
    with pytest.raises(service.RoleHeld):
        service.grant_role(sari, "administrator", actor=SYSTEM, at=at)
    assert db.session.scalar(select(func.count()).where(RoleGrant.account_id == sari.id)) == 1


@pytest.fixture
def codes(app: Flask, clock) -> OneTimeCodes:
    """The codes of the installation."""
    return OneTimeCodes(app.extensions["settings"].instance_path / "keys", clock.now)


def app_of(account: Account, codes: OneTimeCodes, clock) -> tuple[SecondFactor, App]:
    """An app that was set up a while ago, and the telephone."""
    secret = codes.make_secret()
    kept = factors.add_app(account, secret, 0, "Telepon", codes=codes, actor=SYSTEM, at=clock.now())
    db.session.commit()
    return kept, App(codes.typed(secret))


def test_a_second_factor_has_a_name_and_is_removed_once(
    db_session, make_account: MakeAccount, clock, codes: OneTimeCodes
):
    sari = make_account("sari")
    kept, _phone = app_of(sari, codes, clock)
    told = events()
    for name in ("", "  ", "x" * (factors.LONGEST_NAME + 1)):
        with pytest.raises(factors.FactorName):
            factors.rename(kept, name, actor=SYSTEM, at=clock.now())
    with pytest.raises(factors.LastFactor):
        factors.remove(kept, needed=True, actor=SYSTEM, at=clock.now())
    assert (kept.name, kept.removed_at, events()) == ("Telepon", None, told)
    factors.remove(kept, needed=False, actor=SYSTEM, at=clock.now())
    with pytest.raises(NotFound):
        factors.remove(kept, needed=False, actor=SYSTEM, at=clock.now())
    assert events() == told + 1


def test_a_code_that_another_request_took_meanwhile_is_not_taken_again(
    db_session, make_account: MakeAccount, clock, codes: OneTimeCodes
):
    kept, phone = app_of(make_account("sari"), codes, clock)
    step = int(clock.now().timestamp()) // 30
    assert kept.last_counter == 0  # as this request has read it
    db.session.execute(
        update(SecondFactor).values(last_counter=step).execution_options(synchronize_session=False)
    )  # the other request
    assert not codes.take(phone.code(clock.now()), kept)
    clock.advance(minutes=1)
    assert codes.take(phone.code(clock.now()), kept)


def test_an_answer_of_a_passkey_without_end_is_none(db_session):
    site = Site("http://localhost")
    for answer in ("{" * (LONGEST + 1), "[]", "{}", "{"):
        assert site.read_new(answer, "AAAA") is None


def test_a_cookie_of_a_known_browser_says_both_of_its_parts_or_nothing(app: Flask, db_session):
    signs = URLSafeSerializer(app.extensions["settings"].secret_key, salt="known-device")
    for said, known in ((["a", "b"], True), (["a"], False), ("ab", False), (["a", "b", "c"], False)):
        with app.test_request_context("/", headers={"Cookie": f"device={signs.dumps(said)}"}):
            assert (security.browser_key() is not None) is known
    with app.test_request_context("/", headers={"Cookie": "device=forged"}):
        assert security.browser_key() is None


def test_a_password_that_changes_while_it_is_looked_at_signs_nobody_in(
    app: Flask, db_session, make_account: MakeAccount
):
    make_account("sari")

    def change(_session: object) -> None:
        with db.engine.begin() as connection:
            connection.execute(text("UPDATE account SET password = 'another hash'"))

    with app.test_request_context("/sign-in", method="POST", environ_base={"REMOTE_ADDR": "192.0.2.1"}):
        event.listen(db.session, "after_rollback", change)  # what read the hash has ended, and it is compared next
        try:
            assert security.authenticate("sari@contoh.test", PASSWORD) is None
        finally:
            event.remove(db.session, "after_rollback", change)
    assert db.session.scalars(select(Account.password)).all() == ["another hash"]


# What the checks of the house see -------------------------------------------------------------------------------------


@pytest.fixture
def here(db_session) -> World:
    return world()


def test_a_role_that_has_ended_is_no_broken_rule_and_two_that_exclude_each_other_are(here: World):
    made = here.accounts["organiser-2"]
    held = db.session.scalars(select(RoleGrant).where(RoleGrant.account_id == made.id)).one()
    service.end_grant(held, actor=SYSTEM, at=here.now)
    db.session.commit()
    assert broken() == []
    grant(here.accounts["organiser-1"], "auditor", cycle=here.cycle)
    db.session.commit()
    where = here.accounts["organiser-1"].ref
    assert broken() == [("role.excluded", where), ("role.excluded", where)]


def test_a_proposal_whose_persons_are_not_those_of_its_accounts_is_named(here: World):
    chair, organiser = here.accounts["chair"], here.accounts["organiser-1"]
    said = {"act": "x", "category_id": here.category.id, "digest": "0" * 64, "payload": {}, "proposer_id": chair.id,
            "proposer_name": chair.name, "proposed_at": here.now, "confirmed_at": here.now, "state": "confirmed",
            "confirmer_id": organiser.id, "confirmer_person_id": organiser.person_id}  # fmt: skip
    right = Proposal(ref="P-0000-0001", subject_ref="a", proposer_person_id=chair.person_id, **said)
    wrong = Proposal(ref="P-0000-0002", subject_ref="b", proposer_person_id=organiser.person_id + 999, **said)
    db.session.add_all([right, wrong])
    db.session.commit()
    assert ("proposal.two_persons", "P-0000-0002") in broken()
    assert ("proposal.two_persons", "P-0000-0001") not in broken()
