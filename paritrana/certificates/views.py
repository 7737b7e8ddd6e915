"""The register page of organisers, and the page on which anybody verifies a certificate."""

from datetime import datetime

from flask import Blueprint, Response, current_app, flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import ngettext

from paritrana.accounts.once import once
from paritrana.certificates import queries, service
from paritrana.core.codes import parse, shown
from paritrana.core.errors import NotFound, ParitranaError
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
bp.add_app_template_filter(shown, "certificate_code")


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


@bp.get("/verify")
@allowed(Act.VERIFY_CERTIFICATE)
def verify() -> ResponseReturnValue:
    """The form; with `?code=` it leads to the page of that code."""
    text = request.args.get("code", "").strip()
    if not text:
        return _unlisted(make_response(render_template("certificates/verify.html")))
    code = parse(text)
    if code is None:
        return _unknown()
    return redirect(url_for("certificates.certificate", code=shown(code)), 303)


@bp.get("/verify/<code>")
@allowed(Act.VERIFY_CERTIFICATE)
def certificate(code: str) -> ResponseReturnValue:
    """What the register says about a code."""
    found = queries.find_public(code, now())
    if found is None:
        return _unknown()
    if code != shown(found.code):
        return redirect(url_for("certificates.certificate", code=shown(found.code)), 303)
    settings = current_app.extensions["settings"]
    return _unlisted(
        make_response(
            render_template(
                "certificates/certificate.html",
                certificate=found,
                cycle=found.cycle,
                category=found.category,
                simulated=found.cycle.simulated,
                successor=queries.find_successor(found) if found.status == "replaced" else None,
                address=service.verify_address(found.code, settings.base_url),
                host=settings.base_url.split("://", 1)[1],
            )
        )
    )


@bp.get("/verify/<code>/certificate.pdf")
@allowed(Act.VERIFY_CERTIFICATE)
def paper(code: str) -> ResponseReturnValue:
    """The certificate as a PDF, for printing or for comparing."""
    found = queries.find_public(code, now())
    if found is None or found.status != "valid" or code != shown(found.code):
        raise NotFound
    settings = current_app.extensions["settings"]
    answer = make_response(service.paper_of(found, settings.base_url, settings.operator_name))
    answer.mimetype = "application/pdf"
    answer.headers["Content-Disposition"] = f'attachment; filename="piagam-{shown(found.code)}.pdf"'
    return _unlisted(answer)


def _unknown() -> Response:
    """The one answer for a mistyped code, one that never was, and one whose result is not published."""
    return _unlisted(make_response(render_template("certificates/unknown.html"), 404))


def _unlisted(answer: Response) -> Response:
    answer.headers["X-Robots-Tag"] = "noindex, nofollow"
    return answer


def _issue(category: Category, wanted: Category | Award) -> ResponseReturnValue:
    grant = ask(Act.ISSUE_CERTIFICATE, category).grant
    try:
        if grant is not None and grant.second is not None:
            raise service.BeforePublication
        made = service.issue(wanted, actor=current_actor(), at=_at(category))
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


def _at(category: Category) -> datetime:
    return cycle_time(category.cycle, now())
