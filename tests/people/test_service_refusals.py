"""What the services about people refuse although their pages ask first, and what the checks see of invitations."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from paritrana.accounts.models import Account, RoleGrant, SignInSession, StaffRequest
from paritrana.accounts.service import GrantEnded, NameMissing, RoleScope, RoleUntil, end_grant
from paritrana.core.errors import NotFound
from paritrana.database import db
from paritrana.outbox.kinds import Address
from paritrana.outbox.models import Message
from paritrana.outbox.service import post
from paritrana.people import acts, hints, mailing, queries, service
from paritrana.people.forms import CycleMemberForm
from paritrana.people.invariants import CHECKS
from paritrana.people.models import AccountLink, Invitation
from paritrana.people.service import InvitationOver, LinkOver, TooManyLetters, Wish
from tests.factories import SYSTEM, World, world
from tests.people.conftest import NEW_PASSWORD

NEW = "baru@contoh.test"


@pytest.fixture
def here(db_session: Any) -> World:
    return world()


def rows(model: type) -> int:
    """How many rows a table has."""
    return db.session.scalar(select(func.count()).select_from(model)) or 0


def member(here: World) -> Wish:
    """Somebody new for Kabupaten Contoh 5."""
    return Wish(email=NEW, role="nominee", name="Baru", organisation_id=here.organisations["regency-5"].id)


def test_a_wish_that_could_not_become_an_invitation_is_refused(here: World) -> None:
    good = member(here)
    officer = Wish(email=NEW, role="verifier", name="Baru", cycle_id=here.cycle.id, staff_number="T-1")
    for wish, refusal in (
        (replace(good, organisation_id=None), RoleScope),
        (replace(good, role="chair"), RoleScope),
        (replace(good, role="chair", organisation_id=None), RoleScope),
        (replace(good, cycle_id=here.cycle.id), RoleScope),
        (replace(officer, cycle_id=None), RoleScope),
        (replace(officer, staff_number=" "), service.StaffNumberMissing),
        (replace(good, until=here.now), RoleUntil),
        (replace(good, stands_in_for=here.accounts["nominee-1"]), RoleUntil),
    ):
        with pytest.raises(refusal):
            service.invite(wish, actor=SYSTEM, at=here.now)
    assert rows(Invitation) == 0
    assert service.invite(officer, actor=SYSTEM, at=here.now).state == "open"


def test_an_address_that_got_many_letters_gets_neither_invitation_nor_link(here: World) -> None:
    to = Address("Baru", NEW)
    for no in range(mailing.PER_HOUR):
        params = {"by": "x", "role": "x", "scope": "x", "until": here.now}
        assert post(mailing.INVITED, to, f"letter {no}", params, path="/home", at=here.now)
    db.session.commit()
    with pytest.raises(TooManyLetters):
        service.invite(member(here), actor=SYSTEM, at=here.now)
    db.session.rollback()
    with pytest.raises(TooManyLetters):
        service.open_link(here.accounts["nominee-1"], "email", NEW, actor=SYSTEM, at=here.now)
    db.session.rollback()
    assert (rows(Invitation), rows(AccountLink), rows(Message)) == (0, 0, mailing.PER_HOUR)
    later = here.now + timedelta(hours=1, minutes=1)
    assert service.invite(member(here), actor=SYSTEM, at=later).expires_at == later + service.INVITED_FOR


def test_an_invitation_is_accepted_with_a_name_by_its_own_address_and_in_time(here: World) -> None:
    invitation = service.invite(member(here), actor=SYSTEM, at=here.now)
    db.session.commit()
    accounts = rows(Account)
    with pytest.raises(NameMissing):
        service.accept_as_new(invitation, " ", NEW_PASSWORD, profile="nist", at=here.now)
    with pytest.raises(InvitationOver):
        service.accept_as_known(invitation, here.accounts["nominee-2"], at=here.now)
    with pytest.raises(InvitationOver):
        service.accept_as_new(invitation, "Baru", NEW_PASSWORD, profile="nist", at=invitation.expires_at)
    assert (invitation.state, rows(Account)) == ("open", accounts)
    closed = here.accounts["nominee-3"]
    own = service.invite(replace(member(here), email=closed.email), actor=SYSTEM, at=here.now)
    closed.active = False
    db.session.flush()
    with pytest.raises(InvitationOver):
        service.accept_as_known(own, closed, at=here.now)
    assert own.state == "open"


def test_a_link_that_is_over_changes_nothing(here: World) -> None:
    account = here.accounts["nominee-1"]
    link = service.open_link(account, "password", account.email, actor=SYSTEM, at=here.now)
    before = account.password
    with pytest.raises(LinkOver):
        service.use_password_link(link, NEW_PASSWORD, profile="nist", at=link.expires_at)
    account.active = False
    db.session.flush()
    with pytest.raises(LinkOver):
        service.use_password_link(link, NEW_PASSWORD, profile="nist", at=here.now)
    account.active, link.state, link.ended_at = True, "withdrawn", here.now
    db.session.flush()
    with pytest.raises(LinkOver):
        service.use_email_link(link, at=here.now)
    assert (account.password, account.email) == (before, "nominee-1@contoh.test")


def test_no_request_asks_for_a_nominees_role_or_ends_one_that_has_ended(here: World) -> None:
    actor, account = here.actor("administrator"), here.accounts["verifier-2"]
    with pytest.raises(RoleScope):
        acts.ask_role(account, member(here), None, reason="x", actor=actor, at=here.now)
    held = db.session.scalars(select(RoleGrant).where(RoleGrant.account_id == account.id)).one()
    given = {"role": "verifier", "cycle_id": here.cycle.id}
    assert acts.grant_named(account, given) is held
    with pytest.raises(GrantEnded):
        acts.grant_named(account, {**given, "role": "auditor"})
    end_grant(held, actor=SYSTEM, at=here.now)
    for refused in (
        lambda: acts.grant_named(account, given),
        lambda: acts.ask_end(account, held, reason="x", actor=actor, at=here.now),
    ):
        with pytest.raises(GrantEnded):
            refused()
    assert rows(StaffRequest) == 0


def test_a_form_takes_nobody_of_another_organisation(app: Any, here: World) -> None:
    people = queries.memberships_in(here.cycle)
    first, other = here.organisations["regency-1"], here.accounts["nominee-2"]
    typed = {"organisation": first.ref, "email": NEW, "stands_in_for": other.ref}
    with app.test_request_context("/", method="POST", data=typed):
        form = CycleMemberForm(meta={"csrf": False})
        form.offer_members(people, None)
        with pytest.raises(NotFound):
            form.wish(first, queries.members_of(first.id), "Asia/Makassar")


def test_every_organisation_takes_part_in_a_national_cycle(here: World) -> None:
    outside = here.organisations["employer"]
    here.cycle.region_code = "99.02"
    db.session.flush()
    assert not queries.is_in_reach(here.cycle, outside.id)
    here.cycle.tier = "national"
    db.session.flush()
    assert queries.is_in_reach(here.cycle, outside.id)
    outside.fictitious = False
    db.session.flush()
    assert not queries.is_in_reach(here.cycle, outside.id)


def test_a_session_that_lies_idle_is_not_open(here: World) -> None:
    owner = here.accounts["nominee-1"]
    for no, minutes in enumerate((0, 59, 61)):
        db.session.add(
            SignInSession(ref=f"SS-{no}", token_hash=str(no), account_id=owner.id, pending=False, browser="Firefox",
                          source="10.1.0.1", officer=False, data={}, created_at=here.now,
                          last_seen_at=here.now - timedelta(minutes=minutes),
                          expires_at=here.now + timedelta(hours=1))
        )  # fmt: skip
    db.session.flush()
    assert [one.ref for one in hints.sessions_of([owner.id], here.now)[owner.id]] == ["SS-0", "SS-1"]


def test_an_accepted_invitation_without_its_role_is_named(here: World) -> None:
    def broken() -> list[tuple[str, str]]:
        return [(one.rule, one.where) for check in CHECKS for one in check.look()]

    invitation = service.invite(member(here), actor=SYSTEM, at=here.now)
    account = service.accept_as_new(invitation, "Baru", NEW_PASSWORD, profile="nist", at=here.now)
    db.session.commit()
    assert broken() == []
    grant = db.session.scalars(select(RoleGrant).where(RoleGrant.account_id == account.id)).one()
    grant.organisation_id = here.organisations["regency-6"].id
    db.session.commit()
    assert broken() == [("invitation.role", invitation.ref)]
