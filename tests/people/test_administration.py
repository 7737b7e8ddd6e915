"""Administrators look after accounts, and officers come and go by two people; nobody sees a mark while doing so."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from paritrana.accounts import queries as accounts
from paritrana.accounts.models import Account, RoleGrant, SignInSession, StaffRequest
from paritrana.audit.models import Event
from paritrana.cycles.models import Category
from paritrana.database import db, random_ref
from paritrana.nominations.models import Nomination
from paritrana.operations.invariants import broken_rules
from paritrana.people import hints
from paritrana.people.models import Invitation
from tests.accounts.conftest import Browser
from tests.factories import NOW, PASSWORD
from tests.people.conftest import NEW_PASSWORD, House

OFFICER = {
    "role": "verifier", "cycle": "contoh-2025", "email": "petugas@contoh.test", "name": "Petugas Baru",
    "staff_number": "T-1", "reason": "Menambah verifikator.",
}  # fmt: skip


def ref_of(house: House, name: str) -> str:
    (found,) = house.read(select(Account.ref).where(Account.email == f"{name}@contoh.test"))
    return str(found)


def waiting(house: House) -> str:
    """The reference of the request that waits."""
    return str(house.read(select(StaffRequest.ref).where(StaffRequest.state == "waiting"))[-1])


def decide(house: House, name: str, answer: str = "confirm", ref: str = "") -> int:
    """What the page answers to a second person."""
    there = f"/system/requests/{ref or waiting(house)}"
    return int(house.send(house.browser(name), there, {"answer": answer}, page="/system/requests").status_code)


def asked(house: House, path: str, fields: dict[str, str]) -> int:
    return int(house.send(house.browser("administrator"), path, fields).status_code)


# Officers by two people -----------------------------------------------------------------------------------------------


def test_an_officer_is_invited_by_an_administrator_and_an_organiser(house: House) -> None:
    assert asked(house, "/system/users/invite", OFFICER) == 303
    house.work()
    assert house.read(select(Invitation.id)) == []
    assert decide(house, "administrator") in {403, 404}
    assert decide(house, "verifier-1") in {403, 404}
    page = house.browser("organiser-1").get(f"/system/requests/{waiting(house)}").get_data(as_text=True)
    assert "petugas@contoh.test" in page
    assert "Menambah verifikator." in page
    assert decide(house, "organiser-1") == 303
    house.work()
    browser = house.browser()
    browser.get(house.link_to("petugas@contoh.test"))
    assert browser.post("/invitations", {"name": "P", "password": NEW_PASSWORD}, page="/invitations").status_code == 200
    roles = select(RoleGrant.role).join(RoleGrant.account).where(Account.email == "petugas@contoh.test")
    assert house.read(roles) == ["verifier"]
    told = ("staff_request.asked", "staff_request.confirmed", "invitation.sent", "invitation.used", "role.granted")
    assert house.events(*told)[-5:] == [
        "staff_request.asked", "staff_request.confirmed", "invitation.sent", "role.granted", "invitation.used",
    ]  # fmt: skip


def test_a_staff_number_binds_a_second_account_to_the_same_person(house: House) -> None:
    assert asked(house, "/system/users/invite", OFFICER | {"staff_number": "T-verifier-2"}) == 303
    assert decide(house, "auditor") == 303
    house.work()
    browser = house.browser()
    browser.get(house.link_to("petugas@contoh.test"))
    browser.post("/invitations", {"name": "P", "password": NEW_PASSWORD}, page="/invitations")
    persons = select(Account.person_id).where(Account.email.in_(["petugas@contoh.test", "verifier-2@contoh.test"]))
    one, other = house.read(persons)
    assert one == other


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"role": "nominee"}, 422), ({"cycle": ""}, 400), ({"email": "nobody"}, 400), ({"staff_number": ""}, 422),
        ({"reason": ""}, 422), ({"decree": "SK 1", "until-day": "1", "until-month": "1", "until-year": "2020"}, 400),
    ],
    ids=["role", "cycle", "address", "number", "reason", "past"],
)  # fmt: skip
def test_a_wish_that_cannot_be_is_refused_before_anybody_is_asked(house, changed, status) -> None:
    assert asked(house, "/system/users/invite", OFFICER | changed) in {status, 422}
    assert house.read(select(StaffRequest.id)) == []


def test_an_organiser_proposes_and_an_administrator_confirms(house: House) -> None:
    fields = {name: value for name, value in OFFICER.items() if name != "cycle"}
    there = "/manage/contoh-2025/people/officers"
    assert house.send(house.browser("organiser-1"), there, fields | {"staff_number": ""}).status_code == 422
    assert house.send(house.browser("organiser-1"), there, fields).status_code == 303
    assert decide(house, "organiser-2") in {403, 404}
    assert decide(house, "administrator") == 303
    assert house.read(select(Invitation.role)) == ["verifier"]


def test_a_role_for_an_account_is_given_and_ended_by_two_people(house: House) -> None:
    person = ref_of(house, "verifier-2")
    before = house.browser("verifier-2")
    there = f"/system/users/{person}/roles/new"
    assert asked(house, there, {"role": "administrator", "reason": "Cuti."}) == 303
    assert decide(house, "organiser-1") == 409, "a verifier of a cycle is no administrator"
    assert decide(house, "administrator", "decline") == 303, "who asked takes it back"
    ended = f"/system/users/{person}/roles/1/end"
    assert asked(house, ended, {"reason": "Pindah tugas."}) == 303
    assert before.signed_in
    assert decide(house, "auditor", "decline") == 303
    assert asked(house, ended, {"reason": "Pindah tugas."}) == 303
    assert decide(house, "auditor") == 303
    assert not before.signed_in
    assert asked(house, there, {"role": "verifier", "cycle": "contoh-2025", "reason": "Kembali."}) == 303
    assert decide(house, "organiser-2") == 303
    house.work()
    assert len(house.letters_to("verifier-2@contoh.test")) == 2
    assert asked(house, ended, {"reason": "Sudah."}) == 409
    assert house.browser("administrator").get(f"/system/users/{person}/roles/9/end").status_code == 404


def test_nobody_is_the_second_person_in_the_own_case(house: House) -> None:
    person = ref_of(house, "auditor")
    assert asked(house, f"/system/users/{person}/reset", {"reason": "Lupa."}) == 303
    assert decide(house, "auditor") == 409
    assert house.read(select(StaffRequest.state)) == ["waiting"]
    assert decide(house, "organiser-1") == 303
    house.work()
    assert "/password/new/" in house.link_to("auditor@contoh.test")


def test_a_request_of_a_cycle_is_for_its_officers_alone(house: House) -> None:
    with house.app.app_context():
        db.session.execute(update(RoleGrant).where(RoleGrant.role == "organiser").values(until=NOW + timedelta(days=1)))
        db.session.commit()
        db.session.remove()
    assert asked(house, "/system/users/invite", OFFICER) == 303
    ref = waiting(house)
    assert f"/system/requests/{ref}" in house.browser("organiser-1").get("/system/requests").get_data(as_text=True)
    assert house.browser("verifier-1").get("/system/requests").status_code == 404
    house.later(days=1)
    organiser = house.browser("organiser-1")
    assert organiser.get("/system/requests").status_code == 404, "the delegation is over to the second"
    assert decide(house, "administrator", "maybe", ref) == 422
    house.later(days=7)
    assert decide(house, "auditor", ref=ref) in {404, 409}
    assert house.browser("administrator").get(f"/system/requests/{ref}").status_code == 200


# The account ----------------------------------------------------------------------------------------------------------


def test_a_closed_account_is_out_at_once_and_two_people_open_it(house: House) -> None:
    person, there = house.browser("assessor-3"), f"/system/users/{ref_of(house, 'assessor-3')}"
    assert asked(house, f"{there}/reopen", {"reason": "?"}) == 409
    assert asked(house, f"{there}/close", {"reason": ""}) == 422
    assert asked(house, f"{there}/close", {"reason": "Kehilangan laptop."}) == 303
    assert not person.signed_in
    assert house.browser().sign_in("assessor-3@contoh.test", PASSWORD).status_code == 422
    assert asked(house, f"{there}/close", {"reason": "Lagi."}) == 409
    assert asked(house, f"{there}/roles/new", {"role": "auditor", "cycle": "contoh-2025", "reason": "x"}) == 303
    assert decide(house, "organiser-1") == 409, "nothing is given to a closed account"
    assert decide(house, "administrator", "decline") == 303
    assert "tutup" in house.browser("administrator").get(there).get_data(as_text=True)
    assert asked(house, f"{there}/reopen", {"reason": "Laptop ditemukan."}) == 303
    assert decide(house, "organiser-1") == 303
    assert house.browser().sign_in("assessor-3@contoh.test", PASSWORD).status_code == 303


def test_sessions_are_ended_and_many_of_them_are_hinted_at(house: House) -> None:
    person = ref_of(house, "chair")
    browsers = [Browser(house.app, REMOTE_ADDR=f"10.{no}.0.1", HTTP_USER_AGENT=f"Firefox/{no}") for no in range(4)]
    for browser in browsers:
        assert browser.sign_in("chair@contoh.test", PASSWORD).status_code == 303
    admin = house.browser("administrator")
    page = admin.get(f"/system/users/{person}").get_data(as_text=True)
    assert "4 jaringan" in page
    assert "4 perangkat" in page
    answer = house.send(admin, "/system/users", {"text": "chair", "role": ""})
    assert "4 jaringan" in answer.get_data(as_text=True)
    assert house.send(admin, f"/system/users/{person}/sessions", page=f"/system/users/{person}").status_code == 303
    assert not any(browser.signed_in for browser in browsers)


def test_sessions_near_each_other_or_long_unused_are_no_hint() -> None:
    def session(source: str, browser: str = "Firefox", minutes: int = 0) -> SignInSession:
        return SignInSession(source=source, browser=browser, last_seen_at=NOW - timedelta(minutes=minutes))

    office = [session("10.1.0.1"), session("10.1.200.9"), session("10.2.0.1", minutes=16)]
    assert hints.hints_of(office, NOW) == []
    assert hints.hints_of([session("2001:db8::1"), session("2001:db8:9::1")], NOW) == []
    assert [one.n for one in hints.hints_of([session("10.1.0.1"), session("2001:db8::1")], NOW)] == [2]
    assert hints.network_of("unknown") == ""


def test_people_are_found_by_name_address_role_and_reference(house: House) -> None:
    admin = house.browser("administrator")

    def found(text: str, role: str = "") -> set[str]:
        page = house.send(admin, "/system/users", {"text": text, "role": role}).get_data(as_text=True)
        return set(re.findall(r"/system/users/(U-[0-9A-Z-]+)\"", page))

    assert (
        found("Nominee 1") == found("NOMINEE-1@") == found(ref_of(house, "nominee-1")) == {ref_of(house, "nominee-1")}
    )
    assert found("", "auditor") == {ref_of(house, "auditor")}
    shown = re.sub(r"<[^>]+>", " ", admin.get("/system/users").get_data(as_text=True))
    for role in ("Nomine, Pemerintah Kabupaten Contoh 1", "Verifikator, contoh-2025", "Administrator"):
        assert role in shown
    assert found("", "closed") == found("100%") == set()
    assert len(found("")) > 10
    assert house.send(admin, "/system/users", {"text": "x" * 200, "role": ""}).status_code == 422


def test_administrators_pages_show_no_mark_and_no_other_role_opens_them(house: House) -> None:
    pages = ["/system/users", "/system/organisations", "/system/requests", f"/system/users/{ref_of(house, 'chair')}"]
    admin = house.browser("administrator")
    for page in pages:
        text = admin.get(page).get_data(as_text=True)
        assert not re.search(r"/(assessments|nominations|interviews|plenary|results)/", text), page
    for name in ("organiser-1", "auditor", "chair", "nominee-1", "verifier-1"):
        browser = house.browser(name)
        assert {browser.get(page).status_code for page in pages if page != "/system/requests"} == {404}
    assert [
        rule.rule for rule in house.app.url_map.iter_rules() if re.search("imperson|become|act-as", rule.rule)
    ] == []


# Organisations and members --------------------------------------------------------------------------------------------


def test_an_administrator_adds_an_organisation_and_invites_who_answers_for_it(house: House) -> None:
    admin = house.browser("administrator")
    made = {"name": "Desa Contoh", "kind": "village", "region": "99.04"}
    assert house.send(admin, "/system/organisations/new", made | {"name": ""}).status_code == 422
    assert house.send(admin, "/system/organisations/new", made | {"region": "12.34"}).status_code in {
        404,
        409,
        422,
        400,
    }
    answer = house.send(admin, "/system/organisations/new", made)
    assert answer.status_code == 303
    there = answer.headers["Location"]
    assert house.send(admin, there, {"email": "desa@contoh.test"}).status_code == 303
    assert house.send(admin, there, {"email": "desa"}).status_code in {400, 422}
    assert house.send(admin, there, {"email": ""}).status_code == 422
    page = admin.get(there).get_data(as_text=True)
    assert "desa@contoh.test" in page
    listed = house.send(admin, "/system/organisations", {"text": "desa", "kind": "village"}).get_data(as_text=True)
    assert "Desa Contoh" in listed
    ref = re.search(r'data-invitation="(I-[^"]+)"', page)
    assert ref is not None
    assert house.send(admin, f"/system/invitations/{ref[1]}/withdraw", page=there).status_code == 303
    assert house.send(admin, f"/system/invitations/{ref[1]}/withdraw", page=there).status_code == 409
    assert "Ditarik kembali" in admin.get("/system/users").get_data(as_text=True)


def nomination_of(house: House) -> str:
    """A draft of the organisation of nominee-1."""
    with house.app.app_context():
        mine = db.session.scalars(select(RoleGrant).join(RoleGrant.account).where(
            Account.email == "nominee-1@contoh.test", RoleGrant.role == "nominee"
        )).one()  # fmt: skip
        made = Nomination(
            ref=random_ref("N"), category_id=db.session.scalars(select(Category.id)).first(), state="draft",
            organisation_id=mine.organisation_id, candidate_code="99.01", created_at=NOW, created_by=mine.account_id,
        )  # fmt: skip
        db.session.add(made)
        ref = made.ref
        db.session.commit()
        db.session.remove()
    return ref


def test_members_invite_and_end_each_other_but_nobody_alone(house: House) -> None:
    ref = nomination_of(house)
    there = f"/nominations/{ref}/members"
    owner = house.browser("nominee-1")
    assert house.send(owner, there, {"email": "baru@contoh.test", "position": "Kepala Bagian"}).status_code == 303
    house.work()
    browser = house.browser()
    browser.get(house.link_to("baru@contoh.test"))
    first = {"name": "Baru", "password": NEW_PASSWORD}
    assert browser.post("/invitations", first, page="/invitations").status_code == 200
    newcomer = house.browser()
    newcomer.sign_in("baru@contoh.test", NEW_PASSWORD)
    mine = ref_of(house, "nominee-1")
    assert house.send(owner, f"{there}/{mine}/end", page=there).status_code == 409
    assert house.send(owner, f"{there}/{ref_of(house, 'nominee-2')}/end", page=there).status_code == 404
    replaced = {"email": "lain@contoh.test", "replaces": ref_of(house, "baru")}
    assert newcomer.get(there).status_code == 200
    assert house.send(owner, there, replaced).status_code == 303
    assert newcomer.get(there).status_code in {303, 404}, "the membership of who left the office ended at once"
    page = owner.get(there).get_data(as_text=True)
    invitation = re.search(r'data-invitation="(I-[^"]+)"', page)
    assert invitation is not None
    stranger = house.browser("nominee-2")
    assert stranger.get(there).status_code == 404
    assert house.send(owner, f"{there}/invitations/{invitation[1]}/withdraw", page=there).status_code == 303
    assert house.send(owner, f"{there}/invitations/I-0000-0000/withdraw", page=there).status_code == 404
    assert house.send(owner, there, {"email": ""}).status_code == 422
    assert house.send(owner, there, {"email": "x@contoh.test", "stands_in_for": mine}).status_code in {400, 422}


def test_another_member_ends_a_membership(house: House) -> None:
    ref = nomination_of(house)
    there = f"/nominations/{ref}/members"
    with house.app.app_context():
        second = accounts.find_account("nominee-2@contoh.test")
        assert second is not None
        first = accounts.find_account("nominee-1@contoh.test")
        assert first is not None
        (organisation,) = {one.organisation_id for one in accounts.grants_of(first.id)}
        db.session.add(RoleGrant(account_id=second.id, role="nominee", organisation_id=organisation, granted_at=NOW))
        db.session.commit()
        db.session.remove()
    other = house.browser("nominee-2")
    assert house.send(other, f"{there}/{ref_of(house, 'nominee-1')}/end", page=there).status_code == 303
    house.work()
    assert len(house.letters_to("nominee-1@contoh.test")) == 1


# Delegation -----------------------------------------------------------------------------------------------------------


def test_a_substitute_holds_the_role_until_the_last_day_and_not_a_second_longer(house: House) -> None:
    fields = {"organisation": "Pemerintah Kabupaten Contoh 1", "email": "plt@contoh.test",
              "stands_in_for": ref_of(house, "nominee-1"), "decree": "SK Plt 7/2026",
              "until-day": "5", "until-month": "3", "until-year": "2026"}  # fmt: skip
    organiser = house.browser("organiser-1")
    there = "/manage/contoh-2025/people"
    assert house.send(organiser, there, fields | {"decree": ""}).status_code in {400, 422}
    assert house.send(organiser, there, fields).status_code == 303
    house.work()
    browser = house.browser()
    browser.get(house.link_to("plt@contoh.test"))
    browser.post("/invitations", {"name": "Pelaksana", "password": NEW_PASSWORD}, page="/invitations")
    (until,) = house.read(select(RoleGrant.until).where(RoleGrant.until.is_not(None)))
    assert until.isoformat() == "2026-03-05T16:00:00+00:00", "midnight in the zone of the cycle"
    assert "SK Plt 7/2026" in house.browser("organiser-1").get(there).get_data(as_text=True)
    for moment, status in ((until - timedelta(seconds=1), 200), (until, 404)):
        house.clock.set(moment)
        substitute = house.browser()
        assert substitute.sign_in("plt@contoh.test", NEW_PASSWORD).status_code == 303
        assert substitute.get("/nominations").status_code == status
    assert house.events("role.ended") == []
    house.work()
    assert not substitute.signed_in
    assert house.events("role.ended") == ["role.ended"]
    assert "Nomine" in house.letters_to("plt@contoh.test")[-1]


def test_an_unclear_name_of_an_organisation_is_answered_with_similar_ones(house: House) -> None:
    organiser = house.browser("organiser-1")
    for text, said in (("Contoh", "Pemerintah Kabupaten Contoh 2"), ("Nirwana", "–")):
        answer = house.send(organiser, "/manage/contoh-2025/people", {"organisation": text, "email": "x@contoh.test"})
        assert answer.status_code == 422 or answer.status_code == 400
        assert said in answer.get_data(as_text=True)
    whole = {"organisation": "pt contoh sejahtera", "email": "pt@contoh.test"}
    assert house.send(organiser, "/manage/contoh-2025/people", whole).status_code == 303
    assert house.send(organiser, "/manage/contoh-2025/people", {"organisation": "", "email": ""}).status_code == 422


# What nobody can do without a trace -----------------------------------------------------------------------------------


def test_every_act_of_staff_leaves_its_event_and_a_change_past_the_services_is_found(house: House, figures_of) -> None:
    person = ref_of(house, "assessor-4")
    acts = [
        (f"/system/users/{person}/roles/new", {"role": "verifier", "cycle": "contoh-2025", "reason": "a"}),
        (f"/system/users/{person}/reset", {"reason": "b"}),
        (f"/system/users/{person}/close", {"reason": "c"}),
        (f"/system/users/{person}/reopen", {"reason": "d"}),
        ("/system/users/invite", OFFICER),
        ("/system/organisations/new", {"name": "Desa Contoh", "kind": "village", "region": "99.04"}),
    ]
    traces, silent = 0, 0

    def events() -> int:
        return len(house.read(select(Event.seq).where(Event.stream == "system")))

    for path, fields in acts:
        before = events()
        assert asked(house, path, fields) == 303, path
        traces += events() - before
        silent += events() == before
    for ref in house.read(select(StaffRequest.ref).where(StaffRequest.state == "waiting")):
        before = events()
        assert decide(house, "organiser-1", ref=str(ref)) in {303, 409}
        traces += events() - before
    before = events()
    with house.app.app_context():
        settings = house.app.extensions["settings"]
        only = {"grant.without_event", "staff_request.event_differs"}
        assert list(broken_rules(settings, at=house.clock.now(), only=only)) == []
        other = accounts.find_account("assessor-5@contoh.test")
        assert other is not None
        db.session.add(RoleGrant(account_id=other.id, role="administrator", granted_at=NOW))
        db.session.execute(update(StaffRequest).where(StaffRequest.kind == "reset_password").values(reason="x"))
        db.session.commit()
        found = {one.rule for one in broken_rules(settings, at=house.clock.now(), only=only)}
        db.session.remove()
    assert found == only
    untraced = events() == before  # the control: an act done past the services is what `silent` counts
    becomes = impersonating(house, "assessor-5")
    nobody = sessions_of(house, "assessor-3") == 0
    house.browser("assessor-3")  # the control: who is this person by now is counted
    noticed = nobody and sessions_of(house, "assessor-3") == 1
    figures_of(
        "staff acts", promises=["P32"], acts=len(acts), traces=traces, silent=silent, past_services=len(only),
        past_services_found=len(found), impersonation_routes=len(becomes), control=untraced and noticed,
    )  # fmt: skip
    assert silent == 0
    assert becomes == []
    assert (untraced, noticed) == (True, True)


def sessions_of(house: House, name: str) -> int:
    """How many sessions are open in which somebody is this person."""
    whose = Account.id == SignInSession.account_id
    return len(house.read(select(SignInSession.id).join(Account, whose).where(Account.email == f"{name}@contoh.test")))


def impersonating(house: House, name: str) -> list[str]:
    """The addresses about an account at which an administrator becomes that person, who has not signed in."""
    ref, browser, found = ref_of(house, name), house.browser("administrator"), []
    rules = [rule for rule in house.app.url_map.iter_rules() if rule.rule.startswith("/system/users/<")]
    assert len(rules) >= 10
    for rule in rules:
        address = rule.rule.replace("<account>", ref).replace("<int:no>", "1")
        for method in sorted((rule.methods or set()) & {"GET", "POST"}):
            before = sessions_of(house, name)
            if method == "GET":
                browser.get(address)
            else:
                house.send(browser, address, {"reason": "x"}, page="/system/users/invite")
            if sessions_of(house, name) > before:
                found.append(f"{method} {rule.rule}")
    return found
