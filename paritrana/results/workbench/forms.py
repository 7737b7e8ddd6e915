"""What the chair says of a warning before the seal."""

from flask_babel import lazy_gettext as _l
from wtforms import HiddenField

from paritrana.results.workbench.queries import Warned
from paritrana.web.forms import Form, LongTextField, required


class AcknowledgeForm(Form):
    """Why a warning does not stand in the way; which warning, as the page showed it, and of which run."""

    digest = HiddenField()
    code = HiddenField()
    found = HiddenField()
    reason = LongTextField(_l("Reason, for the record"), [required()], max_length=1000)

    @classmethod
    def about(cls, warned: Warned) -> "AcknowledgeForm":
        """The empty form about one warning."""
        form = cls(formdata=None)
        form.reason.id = f"reason-{warned.code}"
        return form
