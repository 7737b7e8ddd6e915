"""The register page of organisers."""

from datetime import datetime

from flask import Blueprint, current_app, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import ngettext

from paritrana.accounts.once import once
from paritrana.certificates import queries, service
from paritrana.certificates.press import Press
from paritrana.core.errors import ParitranaError
from paritrana.core.lifecycle import State
from paritrana.core.policy import Act
from paritrana.cycles.models import Category, Cycle
from paritrana.cycles.queries import cycle_time, get_category, get_cycle, state_now
from paritrana.database import db
from paritrana.results.models import Award
from paritrana.results.queries import awards_in, get_award
from paritrana.web.access import allowed, ask, current_actor, may, now
from paritrana.web.forms import Form
from paritrana.web.template_filters import sentence

bp = Blueprint("certificates", __name__, template_folder="templates")


@bp.get("/manage/<cycle>/certificates")
@allowed(Act.MANAGE_CYCLE, cycle=get_cycle)
def certificates(cycle: Cycle) -> ResponseReturnValue:
    """The titles of a cycle with their certificates."""
    return _page(cycle)


@bp.post("/manage/<cycle>/certificates/<cat>")
@allowed(Act.ISSUE_CERTIFICATE, category=get_category)
@once
def issue_all(category: Category) -> ResponseReturnValue:
    """Issue every certificate of a category that is missing."""
    return _issue(category, category)


@bp.post("/manage/<cycle>/certificates/<cat>/<candidate>")
@allowed(Act.ISSUE_CERTIFICATE, award=get_award)
@once
def issue_one(award: Award) -> ResponseReturnValue:
    """Issue one certificate."""
    return _issue(award.category, award)


def _issue(category: Category, wanted: Category | Award) -> ResponseReturnValue:
    grant = ask(Act.ISSUE_CERTIFICATE, category).grant
    try:
        if grant is not None and grant.second is not None:
            raise service.BeforePublication
        made = service.issue(wanted, press=_press(), actor=current_actor(), at=_at(category))
    except ParitranaError as refusal:
        db.session.rollback()
        return _page(get_cycle(category.cycle.code), problems=[("", sentence(refusal))]), refusal.status
    db.session.commit()
    flash(ngettext("%(num)s certificate is issued.", "%(num)s certificates are issued.", len(made)), "ok")
    return redirect(f"{url_for('certificates.certificates', cycle=category.cycle.code)}#{category.slug}", 303)


def _page(cycle: Cycle, problems: list[tuple[str, str]] | None = None) -> str:
    categories = [category for category in cycle.categories if may(Act.MANAGE_CYCLE, category)]
    ids = [category.id for category in categories]
    awards, issued = awards_in(ids), queries.certificates_in(ids)
    newest = queries.newest_by_award(issued)
    published = {category.id for category in categories if state_now(category, now()) >= State.PUBLISHED}
    return render_template(
        "certificates/list.html",
        cycle=cycle,
        simulated=cycle.simulated,
        categories=[
            (
                category,
                category.id in published,
                [(award, newest.get(award.id)) for award in awards if award.category_id == category.id],
            )
            for category in categories
        ],
        issuable={one.id for one in categories if one.id in published and may(Act.ISSUE_CERTIFICATE, one)},
        problems=problems or [],
        plain=Form(formdata=None),
    )


def _press() -> Press:
    found: Press = current_app.extensions["press"]
    return found


def _at(category: Category) -> datetime:
    return cycle_time(category.cycle, now())
