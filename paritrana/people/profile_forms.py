"""What people type about their own account."""

from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, PasswordField

from paritrana.accounts.passkeys import LONGEST as LONGEST_ANSWER
from paritrana.accounts.passwords import LONGEST
from paritrana.web.forms import ChoiceField, Form, MaxLength, TextField, optional, required


class ProfileForm(Form):
    """The name that others see, the position beside it, and the language of the pages."""

    name = TextField(_l("Name"), [required()], max_length=120)
    position = TextField(_l("Position"), [optional()], max_length=120)
    language = ChoiceField(
        _l("Language of the pages"),
        choices=[("", _l("As the browser was left")), ("id", "Bahasa Indonesia"), ("en", "English")],
    )


class PasswordForm(Form):
    """The present password and a new one, typed twice."""

    password = PasswordField(_l("Present password"), [required(), MaxLength(LONGEST)])
    new_password = PasswordField(_l("New password"), [required()])
    again_password = PasswordField(_l("New password once more"), [required()])


class NameForm(Form):
    """How the owner calls a second factor."""

    name = TextField(_l("Name of this second factor"), [required()], max_length=60)


class AppForm(Form):
    """The first code of an app, and how its owner calls it."""

    name = TextField(_l("Name of this second factor"), [optional()], max_length=60)
    code = TextField(_l("Code that the app shows"), [required()], max_length=40)


class PasskeyForm(Form):
    """A passkey that was just made, and how its owner calls it."""

    name = TextField(_l("Name of this second factor"), [optional()], max_length=60)
    credential = HiddenField(validators=[MaxLength(LONGEST_ANSWER)])
