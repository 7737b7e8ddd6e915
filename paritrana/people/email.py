"""The own e-mail address: a link goes to the new one, a word to the old one; nothing changes before it is opened."""

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from paritrana.accounts.models import Account
from paritrana.accounts.once import once
from paritrana.core.errors import ParitranaError
from paritrana.core.policy import Act
from paritrana.database import db
from paritrana.people.forms import EmailForm
from paritrana.people.service import open_link
from paritrana.web.access import allowed, current_actor, now

bp = Blueprint("own_email", __name__, template_folder="templates")


@bp.get("/profile/email")
@allowed(Act.PROFILE)
def page() -> ResponseReturnValue:
    """The address of now, and the form of a new one."""
    return _page(EmailForm(formdata=None))


@bp.post("/profile/email")
@allowed(Act.CHANGE_SIGN_IN)
@once
def change() -> ResponseReturnValue:
    """Send the link to the new address; the answer tells nothing about whether somebody has it."""
    form, me = EmailForm(), current_actor()
    if not form.validate():
        return _page(form), 422
    try:
        account = db.session.get_one(Account, me.user_id)
        open_link(account, "email", form.email.data or "", actor=me, at=now())
    except ParitranaError as refusal:
        db.session.rollback()
        form.refuse(refusal)
        return _page(form), refusal.status
    db.session.commit()
    return _page(EmailForm(formdata=None), sent=True)


def _page(form: EmailForm, *, sent: bool = False) -> str:
    account = db.session.get_one(Account, current_actor().user_id)
    return render_template("people/own_email.html", form=form, email=account.email, sent=sent, problems=form.problems)
