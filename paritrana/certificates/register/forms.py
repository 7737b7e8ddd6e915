"""What an organiser says to end a certificate, and which file for printing is wanted."""

from flask_babel import lazy_gettext as _l

from paritrana.web.forms import ChoiceField, Form, LongTextField, RadioChoiceField, TextField, required

LONGEST_NAME = 300  # characters
MAX_REASON = 1000


class EndForm(Form):
    """What is to become of a certificate, and why."""

    status = RadioChoiceField(
        _l("What is to happen"),
        [required(_l("what is to happen"))],
        choices=[
            ("replaced", _l("Replace it by a new one with the corrected name")),
            ("revoked", _l("Revoke it without a new one")),
        ],
    )
    recipient = TextField(_l("Name on the new certificate"), max_length=LONGEST_NAME)
    reason = LongTextField(_l("Reason, for everybody who checks it"), [required(_l("a reason"))], max_length=MAX_REASON)


class PrintForm(Form):
    """The form in which papers leave together."""

    how = ChoiceField(
        _l("File for printing"),
        [required(_l("the file for printing"))],
        choices=[("zip", _l("ZIP of the signed files")), ("merged", _l("One file for the printer"))],
    )
