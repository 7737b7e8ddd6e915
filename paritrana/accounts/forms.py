"""What is typed to sign in."""

from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, PasswordField

from paritrana.accounts.passwords import LONGEST
from paritrana.web.forms import Form, MaxLength, TextField, required


class PasswordAgainForm(Form):
    """The password of who is signed in. `next` and `kept` say how to go on."""

    password = PasswordField(_l("Password"), [required(), MaxLength(LONGEST)])
    next = HiddenField()
    kept = HiddenField()


class SignInForm(PasswordAgainForm):
    """E-mail address and password."""

    email = TextField(_l("E-mail address"), [required()], max_length=254)
