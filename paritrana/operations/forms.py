"""Forms of the administrator's pages."""

from flask_babel import lazy_gettext as _l

from paritrana.web.forms import Form, LongTextField, required


class ReasonForm(Form):
    """Why something about the installation is done."""

    reason = LongTextField(_l("Reason"), [required()])
