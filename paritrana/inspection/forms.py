"""Forms of the audit pages."""

from flask_babel import lazy_gettext as _l

from paritrana.web.forms import Form, TextField, required


class WitnessForm(Form):
    """An office outside that keeps the checkpoints."""

    label = TextField(_l("Name of the office"), [required()], max_length=120)
    address = TextField(_l("E-mail address"), [required()], max_length=200)


class PlainForm(Form):
    """Nothing but a button."""
