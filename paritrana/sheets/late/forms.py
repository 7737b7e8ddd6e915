"""What the chair decides of a late mark."""

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from paritrana.web.forms import Form, LongTextField, RadioChoiceField, required


class LateForm(Form):
    """Whether a late mark counts, and why."""

    decision = RadioChoiceField(_l("Decision"), [required()])
    reason = LongTextField(_l("Reason, for the record"), [required()], max_length=1000)

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.decision.choices = [("admit", _("Admit: it counts")), ("leave", _("Leave: it stays on record"))]
