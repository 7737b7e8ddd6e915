"""Who may do what, and when: one table, act by role, printed by `paritrana authz --print`.

A cell names the states of the category in which the act is allowed, then the guards as letters, as in the matrix of
docs/security: `4-5 pns` reads "in states 4 and 5, when seated, unconflicted and it is the actor's own item". Several
grants in one cell stand apart by `;`. `2(CH)` asks for a confirmation by a second person of that role, whose own cell
says `2nd`. A word in brackets is a guard of this act alone. An empty table cell is a refusal: the default is deny.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from paritrana.core.errors import WrongState
from paritrana.core.lifecycle import State


class Role(StrEnum):
    """What a person is in a cycle or category; everybody is `PUBLIC`."""

    PUBLIC = "PU"
    NOMINEE = "NO"
    VERIFIER = "VE"
    ASSESSOR = "AS"
    CHAIR = "CH"
    ORGANISER = "OR"
    AUDITOR = "AU"
    ADMINISTRATOR = "AD"


class Guard(StrEnum):
    """A fact about an actor and a subject that a grant asks for. The one-letter ones are the matrix's letters."""

    OWN = "o"
    SEATED = "p"
    UNCONFLICTED = "n"
    CATEGORY_UNCONFLICTED = "N"
    OWN_ITEM = "s"
    OPEN_REQUEST = "q"
    IN_GRACE = "g"
    SHEET_LOCKED = "k"
    OWN_CYCLE = "c"
    FRESH = "r"
    REASON = "w"
    SAME_HASH = "h"
    NOT_FIRST_PERSON = "not_first"
    NOT_PROPOSER = "not_proposer"
    ALL_SHEETS_IN = "all_in"
    NOT_OWN = "not_own"
    SIMULATED = "simulated"
    PUBLISHABLE = "publishable"
    ALL_PUBLIC = "all_public"


# What a form must bring along rather than what stands in the database: the service that acts asks for these.
BROUGHT = frozenset({Guard.REASON, Guard.SAME_HASH, Guard.NOT_PROPOSER})


class Act(StrEnum):
    """Everything that can be done or seen. Every route declares one."""

    SIGN_IN = "sign_in"
    SET_LANGUAGE = "set_language"
    STATIC = "static"
    HOME = "home"
    SIGN_OUT = "sign_out"
    REAUTHENTICATE = "reauthenticate"
    PROFILE = "profile"
    CHANGE_SIGN_IN = "change_sign_in"
    READ_PUBLIC_PAGE = "read_public_page"
    READ_PUBLIC_RESULT = "read_public_result"
    VERIFY_CERTIFICATE = "verify_certificate"
    SEE_DRAFT = "see_draft"
    SEE_NOMINATION = "see_nomination"
    SEE_PROGRESS = "see_progress"
    SIGN_DECLARATION = "sign_declaration"
    CREATE_NOMINATION = "create_nomination"
    EDIT_NOMINATION = "edit_nomination"
    SUBMIT = "submit"
    TAKE_BACK = "take_back"
    WITHDRAW = "withdraw"
    UPLOAD = "upload"
    DOWNLOAD_EVIDENCE = "download_evidence"
    TAKE_VERIFICATION = "take_verification"
    VERIFY = "verify"
    SET_FINDING = "set_finding"
    DECIDE_FINDING = "decide_finding"
    REQUEST_CHANGE = "request_change"
    ANSWER_REQUEST = "answer_request"
    CLOSE_VERIFICATION = "close_verification"
    OVERRIDE = "override_verification"
    SEAT_PANEL = "seat_panel"
    RECUSE = "recuse"
    RECUSE_OTHERS = "recuse_others"
    WAIVE = "waive"
    PLAN_SESSION = "plan_session"
    ANSWER_SLOT = "answer_slot"
    SEND_MESSAGES = "send_messages"
    OPEN_SESSION = "open_session"
    CLOSE_SESSION = "close_session"
    RECORD_ATTENDANCE = "record_attendance"
    CONFIRM_NO_SHOW = "confirm_no_show"
    SEE_BOARD = "see_board"
    SHORTLIST = "shortlist"
    MOVE_STATE = "move_state"
    ADVANCE_CLOCK = "advance_clock"
    EXTEND_DEADLINE = "extend_deadline"
    MARK = "mark"
    DELIVER_LATE = "deliver_late"
    IMPORT_SHEET = "import_sheet"
    ADMIT_LATE_MARK = "admit_late_mark"
    REOPEN_SHEET = "reopen_sheet"
    ENTER_PAPER = "enter_paper"
    DECIDE_PAPER = "decide_paper"
    SUBMIT_SHEET = "submit_sheet"
    RESTART_CATEGORY = "restart_category"
    CALIBRATE = "calibrate"
    LEAD_CALIBRATION = "lead_calibration"
    CONSOLIDATE = "consolidate"
    LEAD_CONSOLIDATION = "lead_consolidation"
    SEE_OWN_MARKS = "see_own_marks"
    SEE_OTHERS_MARKS = "see_others_marks"
    SEE_RANKING_PREVIEW = "see_ranking_preview"
    BUILD_RUN = "build_run"
    HOLD_PLENARY = "hold_plenary"
    RECORD_DECISION = "record_decision"
    SEAL_RESULTS = "seal_results"
    PROPOSE_PUBLICATION = "propose_publication"
    CONFIRM_PUBLICATION = "confirm_publication"
    RECALL_PUBLICATION = "recall_publication"
    CORRECT_PUBLICATION = "correct_publication"
    OBJECT = "object"
    ANSWER_OBJECTION = "answer_objection"
    ISSUE_CERTIFICATE = "issue_certificate"
    REVOKE_CERTIFICATE = "revoke_certificate"
    SPELL_NAME = "spell_name"
    PREPARE_CERTIFICATE = "prepare_certificate"
    MANAGE_RUBRIC = "manage_rubric"
    FREEZE_RUBRIC = "freeze_rubric"
    MANAGE_CYCLE = "manage_cycle"
    SET_UP_CYCLE = "set_up_cycle"
    TAKE_OVER_WINNERS = "take_over_winners"
    REHEARSE = "rehearse"
    OPERATE = "operate"
    VIEW_AUDIT = "view_audit"
    VIEW_INTAKE_EVENTS = "view_intake_events"
    VIEW_JUDGING_EVENTS = "view_judging_events"
    VIEW_JUDGING_HEADERS = "view_judging_headers"
    VIEW_SYSTEM_EVENTS = "view_system_events"
    VIEW_OWN_EVENTS = "view_own_events"
    VIEW_CHECKPOINTS = "view_checkpoints"
    VIEW_JUDGING_CHECKPOINTS = "view_judging_checkpoints"
    EXPORT_BUNDLE = "export_bundle"
    EXPORT_CATEGORY_BUNDLE = "export_category_bundle"
    EXPORT_PUBLIC_BUNDLE = "export_public_bundle"
    MANAGE_WITNESSES = "manage_witnesses"
    USE_LINK = "use_link"
    SEE_USERS = "see_users"
    MANAGE_USERS = "manage_users"
    MANAGE_OFFICERS = "manage_officers"
    PROPOSE_OFFICER = "propose_officer"
    SEE_REQUESTS = "see_requests"
    INVITE_NOMINEE = "invite_nominee"
    MANAGE_MEMBERS = "manage_members"
    SET_READ_ONLY = "set_read_only"
    ERASE_PERSON = "erase_person"
    ROTATE_KEY = "rotate_key"
    BREACH_PACK = "breach_pack"


class Part(StrEnum):
    """Which person of a two-person act asks."""

    FIRST = "first"
    SECOND = "second"


@dataclass(frozen=True, slots=True)
class Grant:
    """One way in which a role may act. `states` None means in any state, also without a category."""

    states: frozenset[State] | None
    guards: frozenset[Guard]
    part: Part = Part.FIRST
    second: Role | None = None


_CELL = re.compile(
    r"(?P<states>any|\d(?:-\d)?)"
    r"(?:\s+(?P<letters>[opnNsqgkcrwh]+))?"
    r"(?P<two>\s*2\((?P<second>[A-Z]{2})\))?"
    r"(?P<nth>\s+2nd(?:\s+(?P<more>[opnNsqgkcrwh]+))?)?"
    r"(?:\s+\[(?P<words>[a-z_ ]+)\])?"
)


def parse_cell(text: str) -> tuple[Grant, ...]:
    """The grants that a cell of the matrix names. Raises `ValueError` for a cell that cannot be read."""
    grants = []
    for part in text.split(";"):
        match = _CELL.fullmatch(part.strip())
        if match is None:
            raise ValueError(f"cannot read the cell {part!r}")
        low, _, high = match["states"].partition("-")
        states = None if low == "any" else frozenset(State(n) for n in range(int(low), int(high or low) + 1))
        names = [*(match["letters"] or ""), *(match["more"] or ""), *(match["words"] or "").split()]
        grants.append(
            Grant(
                states,
                frozenset(Guard(name) for name in names),
                Part.SECOND if match["nth"] else Part.FIRST,
                Role(match["second"]) if match["second"] else None,
            )
        )
    return tuple(grants)


_ANY = {role.value: "any" for role in Role}
_SIGNED_IN = {role: cell for role, cell in _ANY.items() if role != "PU"}
_AFRESH = dict.fromkeys(_SIGNED_IN, "any r")

MATRIX: Mapping[Act, Mapping[str, str]] = {
    Act.SIGN_IN: _ANY,
    Act.SET_LANGUAGE: _ANY,
    Act.STATIC: _ANY,
    Act.HOME: _SIGNED_IN,
    Act.SIGN_OUT: _SIGNED_IN,
    Act.REAUTHENTICATE: _SIGNED_IN,
    Act.PROFILE: _SIGNED_IN,
    Act.CHANGE_SIGN_IN: _AFRESH,
    Act.READ_PUBLIC_PAGE: dict.fromkeys(_ANY, "1-9 [publishable]"),
    Act.READ_PUBLIC_RESULT: dict.fromkeys(_ANY, "8-9 [publishable]"),
    Act.VERIFY_CERTIFICATE: _ANY,
    Act.SEE_DRAFT: {"NO": "1-8 o"},
    Act.SEE_NOMINATION: {
        "NO": "1-8 o", "VE": "2-6 pn", "AS": "3-7 pn", "CH": "2-7 pn", "OR": "2-7 c", "AU": "2-9 w",
    },
    Act.SEE_PROGRESS: {"CH": "1-6 p", "OR": "1-6 c", "AU": "1-9"},
    Act.SIGN_DECLARATION: {"VE": "0-6 s", "AS": "0-6 s", "CH": "0-6 s"},
    Act.CREATE_NOMINATION: {"NO": "1 o", "OR": "1 c"},
    Act.EDIT_NOMINATION: {"NO": "1 o; 3-4 oq"},
    Act.SUBMIT: {"NO": "1 or"},
    Act.TAKE_BACK: {"NO": "1 or"},
    Act.WITHDRAW: {"NO": "1-6 or"},
    Act.UPLOAD: {"NO": "1 o; 2 og; 3-4 oq", "VE": "3-4 pn", "OR": "0-8 c"},
    Act.DOWNLOAD_EVIDENCE: {
        "NO": "1-8 o", "VE": "2-6 pn", "AS": "3-7 pn", "CH": "3-7 pn", "OR": "2-7 c", "AU": "2-9 rw",
    },
    Act.TAKE_VERIFICATION: {"VE": "3-4 pn", "OR": "1-4 c"},
    Act.VERIFY: {"VE": "3-4 pn"},
    Act.SET_FINDING: {"VE": "3-5 pnw", "CH": "3-5 pnw"},
    Act.DECIDE_FINDING: {"CH": "3-5 pnw"},
    Act.REQUEST_CHANGE: {"VE": "3-4 pn"},
    Act.ANSWER_REQUEST: {"NO": "3-4 oqr"},
    Act.CLOSE_VERIFICATION: {"VE": "3-4 pn [not_first]"},
    Act.OVERRIDE: {"VE": "3-4 pnw2(VE); 3-4 2nd pn [not_proposer]"},
    Act.SEAT_PANEL: {"CH": "4-5 2nd", "OR": "0-3 cw; 4-5 cw2(CH)"},
    Act.RECUSE: {"VE": "0-5 s", "AS": "0-6 s", "CH": "0-6 s"},
    Act.RECUSE_OTHERS: {"CH": "0-6 pw"},
    Act.WAIVE: {"CH": "0-4 rw2(OR)", "OR": "0-4 2nd"},
    Act.PLAN_SESSION: {"OR": "3-4 c"},
    Act.ANSWER_SLOT: {"NO": "4 o"},
    Act.SEND_MESSAGES: {"OR": "0-8 c"},
    Act.OPEN_SESSION: {"CH": "4 p", "OR": "4 c"},
    Act.CLOSE_SESSION: {"CH": "4 p", "OR": "4 c"},
    Act.RECORD_ATTENDANCE: {"CH": "4 p; 5-6 2nd", "OR": "4 c; 5-6 cw2(CH)"},
    Act.CONFIRM_NO_SHOW: {"CH": "4 2nd", "OR": "4 cw2(CH)"},
    Act.SEE_BOARD: {"AS": "4-6 p", "CH": "4-6 p", "OR": "3-6 c", "AU": "3-9"},
    Act.SHORTLIST: {"CH": "3 2nd", "OR": "3 crw2(CH)"},
    Act.MOVE_STATE: {"CH": "0 2nd; 5 pr", "OR": "0 cr2(CH); 3-4 cr; 8 cr"},
    Act.ADVANCE_CLOCK: {"OR": "1-8 c [simulated]"},
    Act.EXTEND_DEADLINE: {"CH": "1 2nd", "OR": "1 crw2(CH)"},
    Act.MARK: {"AS": "4-5 pns"},
    Act.DELIVER_LATE: {"AS": "4-7 pns"},
    Act.IMPORT_SHEET: {"AS": "4-7 p", "OR": "4-7 c"},
    Act.ADMIT_LATE_MARK: {"CH": "5-6 pnw [not_own]"},
    Act.REOPEN_SHEET: {"AS": "5 sw; 5 2nd pn", "CH": "5 pnw2(AS) [not_own]", "OR": "5 2nd c"},
    Act.ENTER_PAPER: {"OR": "4-5 c"},
    Act.DECIDE_PAPER: {"CH": "4-5 pnw [not_own]"},
    Act.SUBMIT_SHEET: {"AS": "4-5 pnsr"},
    Act.RESTART_CATEGORY: {"CH": "4-5 rw2(OR)", "OR": "4-5 2nd cr"},
    Act.CALIBRATE: {"AS": "1-4 p"},
    Act.LEAD_CALIBRATION: {"CH": "1-6 p"},
    Act.CONSOLIDATE: {"AS": "5 pns", "CH": "5 pnw"},
    Act.LEAD_CONSOLIDATION: {"CH": "5 pnw"},
    Act.SEE_OWN_MARKS: {"AS": "4-8 s"},
    Act.SEE_OTHERS_MARKS: {
        "PU": "8-9", "NO": "8-9", "AS": "5 pnk; 6-8 pn", "CH": "5 pn [all_in]; 6-8 pn", "OR": "6-8 c", "AU": "5-9 rw",
    },
    Act.SEE_RANKING_PREVIEW: {"AS": "6-7 pN", "CH": "6-7 pN", "OR": "6-7 c", "AU": "6-9 rw"},
    Act.BUILD_RUN: {"CH": "6 pN", "OR": "6 c"},
    Act.HOLD_PLENARY: {"CH": "6 pN", "OR": "6 c"},
    Act.RECORD_DECISION: {"AS": "6 2nd pNr", "CH": "6 pNrw2(AS)"},
    Act.SEAL_RESULTS: {"CH": "6 pNrh2(OR) [publishable]", "OR": "6 2nd crh [publishable]"},
    Act.PROPOSE_PUBLICATION: {"OR": "7 crh [publishable]"},
    Act.CONFIRM_PUBLICATION: {"CH": "7 prh [not_proposer publishable]"},
    Act.RECALL_PUBLICATION: {"CH": "7 2nd r [publishable]", "OR": "7 crw2(CH) [publishable]"},
    Act.CORRECT_PUBLICATION: {"CH": "8 2nd rh [publishable]", "OR": "8 crwh2(CH) [publishable]"},
    Act.OBJECT: {"NO": "8 o"},
    Act.ANSWER_OBJECTION: {"CH": "8 pnw; 8 2nd pn", "OR": "8 cw2(CH)"},
    Act.ISSUE_CERTIFICATE: {"CH": "7 2nd [publishable]", "OR": "7 crw2(CH) [publishable]; 8 cr [publishable]"},
    Act.REVOKE_CERTIFICATE: {"CH": "8-9 2nd [publishable]", "OR": "8-9 crw2(CH) [publishable]"},
    Act.SPELL_NAME: {"NO": "1-7 o"},
    Act.PREPARE_CERTIFICATE: {"OR": "0-8 c"},
    Act.MANAGE_RUBRIC: {"OR": "0-3 c"},
    Act.FREEZE_RUBRIC: {"CH": "0-3 2nd", "OR": "0 crh2(CH); 1-3 crwh2(CH)"},
    Act.MANAGE_CYCLE: {"OR": "0-9 c", "CH": "0-9 p"},
    Act.SET_UP_CYCLE: {"OR": "0 c"},
    Act.TAKE_OVER_WINNERS: {"OR": "1 c"},
    Act.REHEARSE: {"OR": "0-9 c"},
    Act.OPERATE: {"AD": "any"},
    Act.VIEW_AUDIT: {"CH": "5-8 p", "OR": "0-9 c", "AU": "0-9"},
    Act.VIEW_INTAKE_EVENTS: {"OR": "0-9 c", "AU": "0-9"},
    Act.VIEW_JUDGING_EVENTS: {"AU": "0-9"},
    Act.VIEW_JUDGING_HEADERS: {"CH": "5-8 p"},
    Act.VIEW_SYSTEM_EVENTS: {"AD": "any"},
    Act.VIEW_OWN_EVENTS: {"NO": "1-8 o"},
    Act.VIEW_CHECKPOINTS: {**dict.fromkeys(_ANY, "1-9 [publishable]"), "OR": "0-9 c", "AU": "0-9"},
    Act.VIEW_JUDGING_CHECKPOINTS: {
        **dict.fromkeys(_ANY, "8-9 [publishable all_public]"), "AS": "4-8 p", "CH": "5-8 p", "AU": "0-9",
    },
    Act.EXPORT_BUNDLE: {"AU": "5-9 rw"},
    Act.EXPORT_CATEGORY_BUNDLE: {"CH": "7 pNrw", "OR": "7 crw"},
    Act.EXPORT_PUBLIC_BUNDLE: dict.fromkeys(_ANY, "8-9 [publishable all_public]"),
    Act.MANAGE_WITNESSES: {"OR": "0-8 c"},
    Act.USE_LINK: _ANY,
    Act.SEE_USERS: {"AD": "any"},
    Act.MANAGE_USERS: {"AD": "any r"},
    Act.MANAGE_OFFICERS: {"OR": "any 2nd r", "AU": "any 2nd r", "AD": "any rw2(OR)"},
    Act.PROPOSE_OFFICER: {"OR": "0-8 crw2(AD)", "AD": "any 2nd r"},
    Act.SEE_REQUESTS: dict.fromkeys(("OR", "AU", "AD"), "any"),
    Act.INVITE_NOMINEE: {"OR": "0-8 c"},
    Act.MANAGE_MEMBERS: {"NO": "1-8 o"},
    Act.SET_READ_ONLY: {"AD": "any rw2(AU)", "AU": "any 2nd r"},
    Act.ERASE_PERSON: {"AD": "any rw2(AU)", "AU": "any 2nd r"},
    Act.ROTATE_KEY: {"AD": "any rw2(AU)", "AU": "any 2nd r"},
    Act.BREACH_PACK: {"AU": "0-9 rw"},
}  # fmt: skip

POLICY: Mapping[Act, Mapping[Role, tuple[Grant, ...]]] = {
    act: {Role(role): parse_cell(cell) for role, cell in row.items()} for act, row in MATRIX.items()
}

# What everybody with an account may do, also one who holds no role yet.
WITH_ACCOUNT = frozenset(act for act, row in MATRIX.items() if row is _SIGNED_IN)
# The same after a fresh sign-in.
WITH_ACCOUNT_AFRESH = frozenset(act for act, row in MATRIX.items() if row is _AFRESH)

# What goes on while nothing is stored: signing in and out, reading, and what ends that time.
WHILE_HALTED = frozenset({
    Act.SIGN_IN, Act.SIGN_OUT, Act.REAUTHENTICATE, Act.SET_LANGUAGE, Act.VERIFY_CERTIFICATE, Act.SET_READ_ONLY,
})  # fmt: skip

# What the public may ask for: somebody without an account learns there that it is not there, not that one signs in.
PUBLIC_ACTS = frozenset({
    Act.READ_PUBLIC_PAGE, Act.READ_PUBLIC_RESULT, Act.VERIFY_CERTIFICATE, Act.VIEW_CHECKPOINTS,
    Act.EXPORT_PUBLIC_BUNDLE,
})  # fmt: skip

# The acts that already show a person that an object exists. Who has none of them for it gets the answer of an object
# that is not there; who has one learns why the act itself is refused.
_OF_A_NOMINATION = (
    Act.EDIT_NOMINATION, Act.SUBMIT, Act.TAKE_BACK, Act.WITHDRAW, Act.UPLOAD, Act.DOWNLOAD_EVIDENCE,
    Act.TAKE_VERIFICATION, Act.VERIFY, Act.SET_FINDING, Act.DECIDE_FINDING, Act.REQUEST_CHANGE,
    Act.ANSWER_REQUEST, Act.CLOSE_VERIFICATION, Act.OVERRIDE, Act.OBJECT, Act.SPELL_NAME, Act.MANAGE_MEMBERS,
    Act.VIEW_OWN_EVENTS,
)  # fmt: skip
_OF_A_SLOT = (Act.OPEN_SESSION, Act.CLOSE_SESSION, Act.ANSWER_SLOT, Act.RECORD_ATTENDANCE, Act.CONFIRM_NO_SHOW)
_OF_A_CYCLE = (
    Act.SEE_BOARD, Act.PLAN_SESSION, Act.SEND_MESSAGES, Act.SEAT_PANEL, Act.RECUSE_OTHERS, Act.WAIVE, Act.SHORTLIST,
    Act.SEE_PROGRESS, Act.MANAGE_RUBRIC, Act.FREEZE_RUBRIC, Act.RESTART_CATEGORY, Act.ENTER_PAPER, Act.IMPORT_SHEET,
    Act.CALIBRATE, Act.LEAD_CALIBRATION,
    Act.MOVE_STATE, Act.ADVANCE_CLOCK, Act.EXTEND_DEADLINE, Act.SEE_RANKING_PREVIEW, Act.BUILD_RUN, Act.HOLD_PLENARY,
    Act.RECORD_DECISION, Act.SEAL_RESULTS,
    Act.PROPOSE_PUBLICATION, Act.CONFIRM_PUBLICATION, Act.RECALL_PUBLICATION, Act.CORRECT_PUBLICATION,
    Act.ANSWER_OBJECTION, Act.ISSUE_CERTIFICATE, Act.REVOKE_CERTIFICATE, Act.SEE_OTHERS_MARKS, Act.REHEARSE,
    Act.PREPARE_CERTIFICATE, Act.SET_UP_CYCLE, Act.TAKE_OVER_WINNERS, Act.INVITE_NOMINEE, Act.PROPOSE_OFFICER,
)  # fmt: skip
_OF_A_RECORD = (Act.VIEW_JUDGING_EVENTS, Act.EXPORT_BUNDLE, Act.EXPORT_CATEGORY_BUNDLE, Act.MANAGE_WITNESSES)

SEEN_BY: Mapping[Act, tuple[Act, ...]] = {
    **dict.fromkeys(_OF_A_NOMINATION, (Act.SEE_DRAFT, Act.SEE_NOMINATION)),
    **dict.fromkeys(_OF_A_SLOT, (Act.MANAGE_CYCLE, Act.SEE_NOMINATION)),
    **dict.fromkeys(_OF_A_CYCLE, (Act.MANAGE_CYCLE,)),
    Act.MARK: (Act.SEE_OWN_MARKS,),
    Act.DELIVER_LATE: (Act.SEE_OWN_MARKS,),
    Act.ADMIT_LATE_MARK: (Act.SEE_OWN_MARKS,),
    Act.REOPEN_SHEET: (Act.SEE_OWN_MARKS,),
    Act.DECIDE_PAPER: (Act.SEE_OWN_MARKS,),
    Act.SUBMIT_SHEET: (Act.SEE_OWN_MARKS,),
    Act.CONSOLIDATE: (Act.SEE_OWN_MARKS,),
    Act.LEAD_CONSOLIDATION: (Act.SEE_OWN_MARKS,),
    Act.RECUSE: (Act.SEE_OWN_MARKS,),
    Act.CREATE_NOMINATION: (Act.READ_PUBLIC_PAGE,),
    **dict.fromkeys(_OF_A_RECORD, (Act.VIEW_AUDIT,)),
}


# The seats whose holders mark. A secretary, who is an organiser, and a substitute have no rights from their seats.
MARKING = frozenset({"chair", "deputy", "member"})


@dataclass(frozen=True, slots=True)
class Seat:
    """A seat in the panel of one category. `acting` is set for a deputy while the chair is in conflict there."""

    category_id: int
    role: str
    acting: bool = False


@dataclass(frozen=True, slots=True)
class Actor:
    """A person at the door, with every grant and seat that is in force now. `user_id` None is the public."""

    user_id: int | None = None
    person_id: int | None = None
    ref: str = "public"
    name: str = ""
    office_region: str | None = None
    organisations: frozenset[int] = frozenset()
    verifies: frozenset[int] = frozenset()
    organises: frozenset[int] = frozenset()
    audits: frozenset[int] = frozenset()
    administrator: bool = False
    seats: Mapping[int, Seat] = field(default_factory=dict)
    fresh: bool = False

    @property
    def signed_in(self) -> bool:
        """Whether this is a person with an account."""
        return self.user_id is not None

    @property
    def chairs(self) -> frozenset[int]:
        """The categories whose chair this person is now, as chair or as the deputy who acts for one in conflict."""
        return frozenset(seat.category_id for seat in self.seats.values() if seat.role == "chair" or seat.acting)

    @property
    def account_id(self) -> int:
        """The account under whose name an act is recorded. Raises `WrongState` for the public, which has none."""
        if self.user_id is None:
            raise WrongState
        return self.user_id


ANYBODY = Actor()


def roles_in(actor: Actor, cycle_id: int | None, category_id: int | None) -> frozenset[Role]:
    """The roles that `actor` holds in this category of this cycle; without a category, all it holds anywhere.

    Every signed-in person may also do what the public may.
    """
    roles = {Role.PUBLIC}
    if actor.organisations:
        roles.add(Role.NOMINEE)
    if actor.administrator:
        roles.add(Role.ADMINISTRATOR)
    for role, cycles in (
        (Role.VERIFIER, actor.verifies),
        (Role.ORGANISER, actor.organises),
        (Role.AUDITOR, actor.audits),
    ):
        if cycles and (cycle_id is None or cycle_id in cycles):
            roles.add(role)
    seats = actor.seats.values() if category_id is None else filter(None, [actor.seats.get(category_id)])
    for seat in seats:
        if seat.role not in MARKING:
            continue
        roles.add(Role.ASSESSOR)
        if seat.role == "chair" or seat.acting:
            roles.add(Role.CHAIR)
    return frozenset(roles)


class Answer(StrEnum):
    """What the policy says: yes, or the kind of no."""

    ALLOW = "allow"
    SIGN_IN = "sign_in"
    HIDDEN = "hidden"
    FORBIDDEN = "forbidden"
    WRONG_STATE = "wrong_state"
    NOT_FRESH = "not_fresh"


Facts = Callable[[Role, Guard], bool]


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer; for a yes the grant it rests on and the role it was given to, for a no the guards that failed."""

    answer: Answer
    grant: Grant | None = None
    role: Role | None = None
    failed: frozenset[Guard] = frozenset()

    @property
    def allowed(self) -> bool:
        """Whether it is a yes."""
        return self.answer is Answer.ALLOW


def can(roles: frozenset[Role], act: Act, facts: Facts, state: State | None, *, part: Part = Part.FIRST) -> Decision:
    """Whether somebody with `roles` may do `act` on a subject whose category is in `state`; None = no category.

    `facts(role, guard)` tells each guard about this actor and subject and is asked only for guards that decide.
    The guards in `BROUGHT` belong to what a form brings and count as met here. A missing fresh sign-in is reported
    only where it alone stands in the way, a wrong state only where every guard would hold.
    """
    best = Decision(Answer.FORBIDDEN)
    rows = [(role, grant) for role, grants in POLICY[act].items() if role in roles for grant in grants]
    for role, grant in rows:
        if grant.part is not part:
            continue
        in_state = grant.states is None or state is None or state in grant.states
        failed = frozenset(g for g in grant.guards - BROUGHT if not facts(role, g))
        if in_state and not failed:
            return Decision(Answer.ALLOW, grant, role)
        if in_state and failed == {Guard.FRESH}:
            best = Decision(Answer.NOT_FRESH, grant, role, failed)
        elif not in_state and failed <= {Guard.FRESH} and best.answer is Answer.FORBIDDEN:
            best = Decision(Answer.WRONG_STATE, grant, role, failed)
        elif best.answer is Answer.FORBIDDEN:
            best = Decision(Answer.FORBIDDEN, None, role, failed)
    return best


def decide(
    actor: Actor,
    act: Act,
    facts: Facts,
    *,
    state: State | None = None,
    cycle_id: int | None = None,
    category_id: int | None = None,
    part: Part = Part.FIRST,
) -> Decision:
    """The whole answer for a door: `can`, and when it says no, how much of that no this person may learn."""
    if actor.signed_in and act in WITH_ACCOUNT:
        return Decision(Answer.ALLOW)
    if actor.signed_in and act in WITH_ACCOUNT_AFRESH:
        return Decision(Answer.ALLOW if actor.fresh else Answer.NOT_FRESH)
    roles = roles_in(actor, cycle_id, category_id)
    answer = can(roles, act, facts, state, part=part)
    if answer.allowed:
        return answer
    if not actor.signed_in and act not in PUBLIC_ACTS:
        return Decision(Answer.SIGN_IN)
    if answer.answer is Answer.NOT_FRESH:
        return answer
    if any(can(roles, seen, facts, state).allowed for seen in SEEN_BY.get(act, ())):
        return answer
    return Decision(Answer.HIDDEN)
