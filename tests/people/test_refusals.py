"""What the pages about people refuse: entries that are empty, what belongs to others, and what was over meanwhile."""

from sqlalchemy import select

from paritrana.accounts.models import Account, RoleGrant, StaffRequest
from paritrana.people.models import Invitation
from tests.accounts.failing import meanwhile
from tests.factories import PASSWORD
from tests.people.conftest import NEW_PASSWORD, House
from tests.people.test_administration import OFFICER, asked, decide, nomination_of, ref_of, waiting
from tests.people.test_links import FIRST, NEW, invited, opened, reset


def test_links_refuse_an_empty_form_and_what_was_over_meanwhile(house: House) -> None:
    browser = opened(house, reset(house, "nominee-1@contoh.test"))
    answer = browser.post("/password/new", {"password": ""}, page="/password/new")
    assert answer.status_code == 422
    assert 'name="password"' in answer.get_data(as_text=True)
    assert browser.post("/password/new", {"password": NEW_PASSWORD}, page="/password/new").status_code == 200
    invitee = opened(house, invited(house))
    withdrawn = "UPDATE invitation SET state = 'withdrawn', ended_at = invited_at"
    with house.app.app_context(), meanwhile(withdrawn):
        assert invitee.post("/invitations", FIRST, page="/invitations").status_code == 410
    assert house.read(select(Account.id).where(Account.email == NEW)) == []
    assert invitee.post("/invitations", FIRST, page="/invitations").status_code == 200
    house.browser().post("/password/reset", {"email": "nominee-2@contoh.test"}, page="/password/reset")
    answered = meanwhile("DELETE FROM reset_wish", before="WHERE reset_wish.id = ")  # by another worker
    with house.app.app_context(), answered:
        house.work()
    assert house.letters_to("nominee-2@contoh.test") == []


def test_nobody_withdraws_the_invitation_of_others(house: House) -> None:
    there = f"/nominations/{nomination_of(house)}/members"
    invited(house)
    assert asked(house, "/system/users/invite", OFFICER) == 303
    assert decide(house, "auditor") == 303
    member, officer = house.read(select(Invitation.ref).order_by(Invitation.id))
    owner, organiser = house.browser("nominee-1"), house.browser("organiser-1")
    for ref in (member, officer):
        assert house.send(owner, f"{there}/invitations/{ref}/withdraw", page=there).status_code == 404
    page = "/manage/contoh-2025/people"
    assert house.send(organiser, f"{page}/{officer}/withdraw", page=page).status_code == 404
    assert house.read(select(Invitation.state)) == ["open", "open"]
    assert house.send(organiser, f"{page}/{member}/withdraw", page=page).status_code == 303
    foreign = {"organisation": "Pemerintah Kabupaten Contoh 1", "email": "x@contoh.test",
               "replaces": ref_of(house, "nominee-2")}  # fmt: skip
    assert house.send(organiser, page, foreign).status_code == 404, "who answers for another organisation"
    assert house.read(select(Invitation.email).where(Invitation.email == "x@contoh.test")) == []


def test_a_membership_is_ended_at_once_and_a_request_that_is_too_late_is_refused(house: House) -> None:
    person = ref_of(house, "nominee-1")
    there, admin = f"/system/users/{person}/roles/1/end", house.browser("administrator")
    page = admin.get(there, query_string={"lang": "en"}).get_data(as_text=True)
    assert "loses the role at once" in page
    nominee = house.browser("nominee-1")
    assert house.send(admin, there, {"reason": "Pindah tugas."}).status_code == 303
    assert not nominee.signed_in
    held = select(RoleGrant.ended_at).join(RoleGrant.account).where(Account.email == "nominee-1@contoh.test")
    assert house.read(held) == [house.clock.now()]
    assert house.send(admin, there, {"reason": "Lagi."}).status_code in {404, 409}
    house.work()
    assert len(house.letters_to("nominee-1@contoh.test")) == 1


def test_a_request_names_who_is_stood_in_for_and_owners_hear_of_a_new_password(house: House) -> None:
    fields = {"stands_in_for": ref_of(house, "verifier-1"), "decree": "SK Plt 7/2026", "until-day": "5",
              "until-month": "3", "until-year": "2026"}  # fmt: skip
    assert asked(house, "/system/users/invite", OFFICER | fields) == 303
    page = house.browser("organiser-1").get(f"/system/requests/{waiting(house)}").get_data(as_text=True)
    assert "Verifier 1" in page
    assert "SK Plt 7/2026" in page
    assert house.read(select(StaffRequest.state)) == ["waiting"]
    settings = house.app.extensions["settings"]
    house.app.extensions["settings"] = settings.model_copy(update={"second_factor": "officers"})  # as it is in earnest
    owner = house.browser("nominee-1")
    form = {"password": PASSWORD, "new_password": NEW_PASSWORD, "again_password": NEW_PASSWORD}
    assert owner.post("/profile/password", form, page="/profile/password").status_code == 303
    house.work()
    (letter,) = house.letters_to("nominee-1@contoh.test")
    assert "Kata sandi akun Anda" in letter
    assert NEW_PASSWORD not in letter
