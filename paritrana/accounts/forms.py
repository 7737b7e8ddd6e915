"""What is typed to sign in."""

from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, PasswordField

from paritrana.accounts.passkeys import LONGEST as LONGEST_ANSWER
from paritrana.accounts.passwords import LONGEST
from paritrana.web.forms import Form, MaxLength, TextField, required


class GoingOnForm(Form):
    """`next` and `kept` say how to go on."""

    next = HiddenField()
    kept = HiddenField()


class PasswordAgainForm(GoingOnForm):
    """The password of who is signed in."""

    password = PasswordField(_l("Password"), [required(), MaxLength(LONGEST)])


class SignInForm(PasswordAgainForm):
    """E-mail address and password."""

    email = TextField(_l("E-mail address"), [required()], max_length=254)


class PasskeyForm(GoingOnForm):
    """What a browser answered for a passkey."""

    credential = HiddenField(validators=[MaxLength(LONGEST_ANSWER)])


class CodeForm(GoingOnForm):
    """A code of an app, or a recovery code."""

    code = TextField(_l("Code"), [required()], max_length=40)


class SetUpForm(GoingOnForm):
    """The first code of an app that was just set up, and how its owner calls it."""

    code = TextField(_l("Code that the app shows"), [required()], max_length=40)
    name = TextField(_l("Name of this second factor"), max_length=60)


class NewPasskeyForm(PasskeyForm):
    """A passkey that was just made, and how its owner calls it."""

    name = TextField(_l("Name of this second factor"), max_length=60)
