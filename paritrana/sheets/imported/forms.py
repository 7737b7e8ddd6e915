"""Which of two versions of a mark its assessor keeps."""

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from paritrana.web.forms import Form, RadioChoiceField, required


class ChoiceForm(Form):
    """What the file says, or what the server has; nothing is chosen for the person."""

    choice = RadioChoiceField(_l("Which version counts?"), [required()])

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.choice.choices = [("mine", _("What the file says")), ("theirs", _("What the server has"))]
