"""What is typed to open a sheet again."""

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from paritrana.web.forms import Form, LongTextField, RadioChoiceField, required


class AskForm(Form):
    """Why an assessor wants the own sheet opened again."""

    reason = LongTextField(_l("Reason for opening the sheet again"), [required()], max_length=1000)


class AnswerForm(Form):
    """Agree, or leave the sheet locked; the chair says why."""

    decision = RadioChoiceField(_l("Decision"), [required()])
    reason = LongTextField(_l("Reason, for the record"), max_length=1000)

    def __init__(self, *args: object, leads: bool, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.decision.choices = [("agree", _("Agree: open the sheet"))]
        if leads:
            self.decision.choices.append(("refuse", _("Refuse: the sheet stays locked")))
