"""What is typed in the plenary: who is there, what was decided and how the votes fell, the number of the minutes."""

from collections.abc import Mapping, Sequence
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import FieldList, HiddenField, SelectMultipleField
from wtforms.fields import SelectChoice

from paritrana.cycles.models import CategoryHonour
from paritrana.results.plenary.models import ORDER, OTHER_WINNER, TITLE, WITHDRAWAL, WITHHOLD
from paritrana.results.plenary.service import LONG_REASON, Votes, Wish
from paritrana.web.forms import (
    ChoiceField,
    Form,
    LongTextField,
    MinLength,
    TextField,
    WholeNumberField,
    optional,
    required,
)
from paritrana.web.template_filters import current_language

LONGEST_REASON = 1000
APPRECIATION = "appreciation"
Choices = Sequence[tuple[str, str]]


class AttendanceForm(Form):
    """Who is present, by the codes of the seats; none is a session that nobody attends."""

    present = SelectMultipleField(_l("Present"))

    def __init__(self, *args: Any, seats: Choices, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.present.choices = [SelectChoice(*one) for one in seats]


class CloseForm(Form):
    """The number under which the signed minutes are filed."""

    minutes_number = TextField(_l("Number of the signed minutes"), [required()], max_length=80)


class DecisionForm(Form):
    """What every decision brings: the run that lay on the table, the votes and the reason."""

    digest = HiddenField()
    votes_for = WholeNumberField(_l("Votes for it"), [required()])
    votes_against = WholeNumberField(_l("Votes against it"), [required()])
    votes_abstained = WholeNumberField(_l("Abstained"), [required()])
    reason = LongTextField(_l("Reason"), [required()], max_length=LONGEST_REASON)

    def __init__(
        self, *args: Any, choices: Choices = (), honours: Sequence[CategoryHonour] = (), **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)

    def wish(self, kind: str, about: int | None) -> Wish:
        """What was typed, as a decision of a kind about a place or an earlier decision."""
        return Wish(
            kind=kind,
            digest=self.digest.data or "",
            votes=Votes(self.votes_for.data or 0, self.votes_against.data or 0, self.votes_abstained.data or 0),
            reason=(self.reason.data or "").strip(),
            place=about if kind in (OTHER_WINNER, WITHHOLD) else None,
            withdraws=about if kind == WITHDRAWAL else None,
            **self.chosen(),
        )

    def chosen(self) -> dict[str, Any]:
        """What this kind of decision names beside votes and reason."""
        return {}


class WithholdForm(DecisionForm):
    """A title that nobody receives."""

    reason = LongTextField(_l("Reason"), [required(), MinLength(LONG_REASON)], max_length=LONGEST_REASON)


class CandidateForm(DecisionForm):
    """A decision about one candidate."""

    candidate = ChoiceField(_l("Candidate"), [required()])

    def __init__(self, *args: Any, choices: Choices = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.candidate.choices = [("", _("Choose a candidate")), *choices]

    def chosen(self) -> dict[str, Any]:
        """The candidate."""
        return {"candidates": (self.candidate.data,)}


class OtherWinnerForm(CandidateForm):
    """A title that goes to a candidate of another rank."""

    reason = WithholdForm.reason


class TitleForm(CandidateForm):
    """A title that the category gives beside its ranks, or a special mention in words of its own."""

    honour = ChoiceField(_l("Title"), [optional()])
    title_id = TextField(_l("Title in Indonesian"), max_length=120)
    title_en = TextField(_l("Title in English"), max_length=120)

    def __init__(self, *args: Any, honours: Sequence[CategoryHonour] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # An appreciation stands outside the ranking: no decision about a candidate gives it.
        self.honours = {str(one.position): one for one in honours if one.kind != APPRECIATION}
        own = current_language()
        self.honour.choices = [
            ("", _("Another one, in words of its own")),
            *((no, str(getattr(one, f"title_{own}"))) for no, one in self.honours.items()),
        ]
        for words in (self.title_id, self.title_en):
            words.flags.required = not self.honours
            if not self.honour.data:
                words.validators = [required(), *words.validators]

    def chosen(self) -> dict[str, Any]:
        """The candidate and the title."""
        one = self.honours.get(self.honour.data or "")
        given = (self.title_id.data, self.title_en.data) if one is None else (one.title_id, one.title_en)
        return super().chosen() | dict(zip(("title_id", "title_en"), given, strict=True))


class OrderForm(DecisionForm):
    """The order of all who share a rank, the best first."""

    order = FieldList(ChoiceField(validators=[required()]))

    def __init__(self, *args: Any, choices: Choices = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        while len(self.order) < len(choices):
            self.order.append_entry()
        for no, entry in enumerate(self.order, start=1):
            entry.label.text = _("Place %(no)s in this order", no=no)
            entry.choices = [("", _("Choose a candidate")), *choices]

    def validate(self, extra_validators: Any = None) -> bool:
        """Everybody stands in the order once."""
        valid: bool = super().validate(extra_validators)
        seen: set[str] = set()
        for entry in self.order:
            if entry.data and entry.data in seen:
                entry.errors = [*entry.errors, _("This candidate has a place already. Choose another one.")]
                valid = False
            seen.add(entry.data)
        return valid

    def chosen(self) -> dict[str, Any]:
        """The candidates in their order."""
        return {"candidates": tuple(entry.data for entry in self.order)}


FORMS: Mapping[str, type[DecisionForm]] = {
    ORDER: OrderForm,
    TITLE: TitleForm,
    OTHER_WINNER: OtherWinnerForm,
    WITHHOLD: WithholdForm,
    WITHDRAWAL: DecisionForm,
}
