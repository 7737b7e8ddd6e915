"""The table of who may do what, read as plain data."""

import pytest

from paritrana.core.errors import WrongState
from paritrana.core.lifecycle import State
from paritrana.core.policy import (
    ANYBODY,
    MATRIX,
    POLICY,
    Act,
    Actor,
    Answer,
    Guard,
    Part,
    Role,
    Seat,
    can,
    decide,
    parse_cell,
    roles_in,
)


def always(role, guard):
    return True


def never(role, guard):
    return False


def all_but(*missing):
    return lambda role, guard: guard not in missing


def test_every_act_has_a_row():
    assert set(MATRIX) == set(Act) == set(POLICY)


def test_a_cell_reads_as_states_then_guards():
    (grant,) = parse_cell("4-5 pns")
    assert grant.states == {State.INTERVIEW, State.SCORING}
    assert grant.guards == {Guard.SEATED, Guard.UNCONFLICTED, Guard.OWN_ITEM}
    assert grant.part is Part.FIRST


def test_a_cell_may_name_the_second_person_and_be_one():
    first, second = parse_cell("3 crw2(CH); 6 2nd crh")
    assert first.second is Role.CHAIR
    assert first.part is Part.FIRST
    assert second.part is Part.SECOND
    assert second.guards == {Guard.OWN_CYCLE, Guard.FRESH, Guard.SAME_HASH}


def test_a_cell_in_any_state_and_one_with_a_word():
    assert parse_cell("any")[0].states is None
    assert parse_cell("5 pn [all_in]")[0].guards >= {Guard.ALL_SHEETS_IN}


@pytest.mark.parametrize("cell", ["", "x", "4-", "4 xyz", "any [nonsense]"])
def test_an_unreadable_cell_is_refused(cell):
    with pytest.raises(ValueError, match=r"cannot read|is not a valid"):
        parse_cell(cell)


def test_the_default_is_deny():
    for act in Act:
        assert not can(frozenset(), act, always, State.OPEN).allowed


def test_an_assessor_marks_only_in_the_marking_states():
    roles = frozenset({Role.ASSESSOR})
    allowed = [state for state in State if can(roles, Act.MARK, always, state).allowed]
    assert allowed == [State.INTERVIEW, State.SCORING]


def test_a_missing_guard_forbids():
    answer = can(frozenset({Role.ASSESSOR}), Act.MARK, all_but(Guard.UNCONFLICTED), State.INTERVIEW)
    assert answer.answer is Answer.FORBIDDEN
    assert answer.failed == {Guard.UNCONFLICTED}


def test_a_missing_fresh_sign_in_is_named_when_it_alone_is_missing():
    roles = frozenset({Role.ASSESSOR})
    assert can(roles, Act.SUBMIT_SHEET, all_but(Guard.FRESH), State.SCORING).answer is Answer.NOT_FRESH
    both = can(roles, Act.SUBMIT_SHEET, all_but(Guard.FRESH, Guard.OWN_ITEM), State.SCORING)
    assert both.answer is Answer.FORBIDDEN


def test_a_wrong_state_is_named_when_every_guard_holds():
    roles = frozenset({Role.NOMINEE})
    assert can(roles, Act.SUBMIT, always, State.PUBLISHED).answer is Answer.WRONG_STATE
    assert can(roles, Act.SUBMIT, never, State.PUBLISHED).answer is Answer.FORBIDDEN


def test_of_two_reasons_the_nearest_to_a_yes_is_told():
    roles = frozenset({Role.NOMINEE})
    # Editing is open in 1, and in 3-4 with an open request: in 2 the state is what stands in the way.
    assert can(roles, Act.EDIT_NOMINATION, all_but(Guard.OPEN_REQUEST), State.CLOSED).answer is Answer.WRONG_STATE
    assert can(roles, Act.EDIT_NOMINATION, all_but(Guard.OPEN_REQUEST), State.VERIFICATION).answer in {
        Answer.FORBIDDEN,
        Answer.WRONG_STATE,
    }


def test_the_second_person_has_own_cells():
    roles = frozenset({Role.CHAIR})
    assert not can(roles, Act.SHORTLIST, always, State.VERIFICATION).allowed
    assert can(roles, Act.SHORTLIST, always, State.VERIFICATION, part=Part.SECOND).allowed


def test_what_a_form_brings_is_not_asked_of_the_facts():
    answer = can(frozenset({Role.ORGANISER}), Act.PROPOSE_PUBLICATION, all_but(Guard.SAME_HASH), State.SEALED)
    assert answer.allowed


def test_roles_hold_only_where_they_were_granted():
    actor = Actor(user_id=1, person_id=1, verifies=frozenset({7}), organises=frozenset({8}), audits=frozenset({9}))
    assert roles_in(actor, 7, None) == {Role.PUBLIC, Role.VERIFIER}
    assert roles_in(actor, 8, 3) == {Role.PUBLIC, Role.ORGANISER}
    assert roles_in(actor, None, None) == {Role.PUBLIC, Role.VERIFIER, Role.ORGANISER, Role.AUDITOR}


def test_seats_make_assessors_and_chairs_of_their_category_alone():
    actor = Actor(user_id=1, seats={5: Seat(5, "chair"), 6: Seat(6, "member"), 7: Seat(7, "deputy", acting=True)})
    assert roles_in(actor, 1, 5) == {Role.PUBLIC, Role.ASSESSOR, Role.CHAIR}
    assert roles_in(actor, 1, 6) == {Role.PUBLIC, Role.ASSESSOR}
    assert roles_in(actor, 1, 7) == {Role.PUBLIC, Role.ASSESSOR, Role.CHAIR}
    assert roles_in(actor, 1, 8) == {Role.PUBLIC}
    assert Role.CHAIR in roles_in(actor, None, None)


def test_nominees_and_administrators():
    assert Role.NOMINEE in roles_in(Actor(user_id=1, organisations=frozenset({4})), 1, 1)
    assert Role.ADMINISTRATOR in roles_in(Actor(user_id=1, administrator=True), 1, 1)


def test_the_public_is_sent_to_the_sign_in_for_what_needs_an_account():
    assert decide(ANYBODY, Act.SEE_DRAFT, always, state=State.OPEN).answer is Answer.SIGN_IN
    assert decide(ANYBODY, Act.READ_PUBLIC_RESULT, always, state=State.OPEN).answer is Answer.HIDDEN
    assert decide(ANYBODY, Act.READ_PUBLIC_RESULT, always, state=State.PUBLISHED).allowed


def test_who_may_not_see_a_thing_learns_nothing_of_it():
    stranger = Actor(user_id=1, organisations=frozenset({2}))
    answer = decide(stranger, Act.EDIT_NOMINATION, all_but(Guard.OWN), state=State.OPEN, cycle_id=1, category_id=1)
    assert answer.answer is Answer.HIDDEN


def test_who_sees_a_thing_learns_why_not():
    owner = Actor(user_id=1, organisations=frozenset({2}))
    answer = decide(owner, Act.EDIT_NOMINATION, always, state=State.CLOSED, cycle_id=1, category_id=1)
    assert answer.answer is Answer.WRONG_STATE


def test_a_fresh_sign_in_is_asked_of_who_may_otherwise():
    owner = Actor(user_id=1, organisations=frozenset({2}))
    answer = decide(owner, Act.SUBMIT, all_but(Guard.FRESH), state=State.OPEN, cycle_id=1, category_id=1)
    assert answer.answer is Answer.NOT_FRESH


def test_without_a_category_states_are_not_asked():
    assert decide(ANYBODY, Act.READ_PUBLIC_PAGE, always).allowed


def test_an_account_without_a_role_has_a_first_page_and_a_way_out():
    newcomer = Actor(user_id=1)
    for act in (Act.HOME, Act.SIGN_OUT, Act.REAUTHENTICATE):
        assert decide(newcomer, act, never).allowed
    assert decide(newcomer, Act.SEE_DRAFT, never).answer is Answer.HIDDEN


def test_nothing_is_recorded_under_the_name_of_the_public():
    assert Actor(user_id=7).account_id == 7
    with pytest.raises(WrongState):
        _ = ANYBODY.account_id


def test_a_seat_that_marks_nothing_gives_no_role_of_the_panel():
    actor = Actor(ref="U-1", seats={7: Seat(7, "secretary")})
    assert Role.ASSESSOR not in roles_in(actor, None, 7)
