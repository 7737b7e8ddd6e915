"""What is typed about people: addresses, roles, decrees, passwords."""

from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask_babel import lazy_gettext as _l
from wtforms import PasswordField

from paritrana.accounts import queries as accounts
from paritrana.accounts.models import Account, RoleGrant
from paritrana.accounts.passwords import LONGEST
from paritrana.accounts.service import OF_CYCLE, RoleScope
from paritrana.core.errors import NotFound
from paritrana.cycles.models import Cycle
from paritrana.people.service import LONGEST_EMAIL, Wish
from paritrana.people.words import OFFICERS, ROLE_WORDS
from paritrana.reference.models import Organisation
from paritrana.web.forms import ChoiceField, DayField, Form, LongTextField, MaxLength, TextField, optional, required
from paritrana.web.template_filters import translated

ZONE = "Asia/Jakarta"  # of last days where no cycle says another


class ReasonForm(Form):
    """A reason that stands in the record."""

    reason = LongTextField(_l("Reason"), [required()], max_length=1000)


class SearchForm(Form):
    """What a list of people is narrowed by; sent by POST, so that no name stands in an address."""

    text = TextField(_l("Name or e-mail address"), max_length=100)
    role = ChoiceField(_l("Role"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        roles = [(role, translated(word, {})) for role, word in ROLE_WORDS.items()]
        self.role.choices = [("", _l("Everybody")), *roles, ("closed", _l("Closed accounts"))]


class OrganisationSearchForm(Form):
    """What the list of organisations is narrowed by."""

    text = TextField(_l("Name contains"), max_length=100)
    kind = ChoiceField(_l("Kind"))

    def __init__(self, kinds: Sequence[tuple[str, Any]], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kind.choices = [("", _l("All kinds")), *kinds]


class OrganisationForm(Form):
    """A new organisation that can be nominated."""

    name = TextField(_l("Name"), [required()], max_length=160)
    kind = ChoiceField(_l("Kind"), [required()])
    region = TextField(_l("Code of the region"), [required()], max_length=10)

    def __init__(self, kinds: Sequence[tuple[str, Any]], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kind.choices = [("", _l("Choose")), *kinds]


class DelegationForm(Form):
    """Whom somebody stands in for, by which decree and until which day; all may stay empty."""

    stands_in_for = ChoiceField(_l("Stands in for"), [optional()])
    decree = TextField(_l("Number of the decree"), [optional()], max_length=120)
    until = DayField(_l("Last day"))

    def offer(self, people: Sequence[Account]) -> None:
        """The people that somebody can stand in for."""
        self.stands_in_for.choices = [("", _l("No one"))] + [(one.ref, one.name) for one in people]

    def ends_at(self, zone: str) -> datetime | None:
        """The end of the last day, in a zone; None without one."""
        if self.until.data is None:
            return None
        return datetime.combine(self.until.data + timedelta(days=1), time(), ZoneInfo(zone)).astimezone(UTC)

    def other(self) -> Account | None:
        """The account that is stood in for."""
        return accounts.get_account(self.stands_in_for.data) if self.stands_in_for.data else None


class MemberForm(DelegationForm):
    """Somebody to answer for an organisation."""

    email = TextField(_l("E-mail address"), [required()], max_length=LONGEST_EMAIL)
    name = TextField(_l("Name"), [optional()], max_length=120)
    position = TextField(_l("Position"), [optional()], max_length=120)
    replaces = ChoiceField(_l("Takes the place of"), [optional()])

    def offer_members(self, members: Sequence[RoleGrant], me: int | None) -> None:
        """The members that can be stood in for, and those whose place can be taken: nobody's own."""
        self.offer([one.account for one in members])
        others = [one.account for one in members if one.account_id != me]
        self.replaces.choices = [("", _l("No one"))] + [(one.ref, one.name) for one in others]

    def wish(self, organisation: Organisation, members: Sequence[RoleGrant], zone: str) -> Wish:
        """What was typed, for one organisation. Raises `NotFound` for somebody who is no member."""
        by_ref = {one.account.ref: one for one in members}
        for chosen in (self.stands_in_for.data, self.replaces.data):
            if chosen and chosen not in by_ref:
                raise NotFound(chosen)
        return Wish(
            email=self.email.data or "", role="nominee", name=self.name.data or "", organisation_id=organisation.id,
            position=self.position.data or "", until=self.ends_at(zone), decree=self.decree.data or "",
            stands_in_for=self.other(), replaces=by_ref.get(self.replaces.data or ""),
        )  # fmt: skip


class CycleMemberForm(MemberForm):
    """The same by an organiser, who names the organisation."""

    organisation = TextField(_l("Organisation"), [required()], max_length=200)


class OfficerForm(DelegationForm):
    """An officer to be invited: the second person reads all of it."""

    email = TextField(_l("E-mail address"), [required()], max_length=LONGEST_EMAIL)
    name = TextField(_l("Name"), [required()], max_length=120)
    staff_number = TextField(_l("Staff number"), [required()], max_length=40)
    position = TextField(_l("Position"), [optional()], max_length=120)
    role = ChoiceField(_l("Role"), [required()])
    reason = LongTextField(_l("Reason"), [required()], max_length=1000)

    def __init__(self, people: Sequence[Account], *args: Any, administrators: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer_roles(self.role, administrators=administrators)
        self.offer(people)

    def wish(self, cycle: Cycle | None, zone: str) -> Wish:
        """What was typed, for a cycle or for none."""
        role = self.role.data or ""
        return Wish(
            email=self.email.data or "", role=role, name=self.name.data or "", cycle_id=scope_of(role, cycle),
            staff_number=self.staff_number.data or "", position=self.position.data or "", until=self.ends_at(zone),
            decree=self.decree.data or "", stands_in_for=self.other(),
        )  # fmt: skip


class AnyOfficerForm(OfficerForm):
    """The same by an administrator, who names the cycle."""

    cycle = ChoiceField(_l("Cycle"), [optional()])


class RoleForm(DelegationForm):
    """One more role for an account that exists."""

    role = ChoiceField(_l("Role"), [required()])
    cycle = ChoiceField(_l("Cycle"), [optional()])
    reason = LongTextField(_l("Reason"), [required()], max_length=1000)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer_roles(self.role, administrators=True)

    def wish(self, email: str, cycle: Cycle | None, zone: str) -> Wish:
        """What was typed, for a cycle or for none."""
        role = self.role.data or ""
        return Wish(
            email=email, role=role, cycle_id=scope_of(role, cycle), until=self.ends_at(zone),
            decree=self.decree.data or "", stands_in_for=self.other(),
        )  # fmt: skip


class EmailForm(Form):
    """An e-mail address."""

    email = TextField(_l("E-mail address"), [required()], max_length=LONGEST_EMAIL)


class NewPasswordForm(Form):
    """A new password, taken exactly as typed."""

    password = PasswordField(_l("New password"), [required(), MaxLength(LONGEST)])


class FirstSignInForm(NewPasswordForm):
    """The name as it is shown to others, and a password."""

    name = TextField(_l("Name"), [required()], max_length=120)


def offer_roles(field: Any, *, administrators: bool) -> None:
    """Fill the list of officers' roles."""
    offered = OFFICERS if administrators else [role for role in OFFICERS if role != "administrator"]
    field.choices = [("", _l("Choose")), *((role, translated(ROLE_WORDS[role], {})) for role in offered)]


def scope_of(role: str, cycle: Cycle | None) -> int | None:
    """The cycle of an officer's role. Raises `RoleScope` where it is missing."""
    if role not in OF_CYCLE:
        return None
    if cycle is None:
        raise RoleScope(role)
    return cycle.id
