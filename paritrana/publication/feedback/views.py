"""What a nominee reads of its own result after publication, on a page and on paper."""

from flask import Blueprint, Response, current_app, render_template
from flask.typing import ResponseReturnValue
from flask_babel import get_locale
from flask_babel import gettext as _

from paritrana.config import Settings
from paritrana.core.errors import ParitranaError
from paritrana.core.policy import Act
from paritrana.core.words import N_
from paritrana.cycles.queries import rubric_of
from paritrana.nominations.models import Nomination
from paritrana.nominations.queries import current_revision, get_nomination
from paritrana.publication.feedback.page import Account, account_of
from paritrana.publication.feedback.paper import paper_of
from paritrana.publication.feedback.queries import find_published
from paritrana.publication.models import Publication
from paritrana.verification.queries import find_verification
from paritrana.web.access import allowed, now
from paritrana.web.template_filters import band_of, moment, own

bp = Blueprint("feedback", __name__)


class NoFeedbackYet(ParitranaError):
    """The result of the category is not public, or the nomination was not among its candidates."""

    code = "no_feedback_yet"
    message = N_("There is feedback once the result of this category is public, for every nomination that was judged.")


@bp.get("/nominations/<ref>/feedback")
@allowed(Act.SEE_DRAFT, nomination=get_nomination)
def feedback(nomination: Nomination) -> ResponseReturnValue:
    """Values beside the category, findings with reasons, strengths, and what would have earned more.

    Before the result is public the page says so and nothing else.
    """
    found = _account(nomination)
    category = nomination.category
    return render_template(
        "publication/feedback.html",
        nomination=nomination,
        category=category,
        cycle=category.cycle,
        simulated=category.cycle.simulated,
        publication=None if found is None else found[0],
        account=None if found is None else found[1],
        printed_at=moment(now(), category.cycle.timezone, "short"),
    )


@bp.get("/nominations/<ref>/feedback.pdf")
@allowed(Act.SEE_DRAFT, nomination=get_nomination)
def feedback_pdf(nomination: Nomination) -> ResponseReturnValue:
    """The same as a document. Raises `NoFeedbackYet`."""
    found = _account(nomination)
    if found is None:
        raise NoFeedbackYet
    publication, account = found
    category = nomination.category
    settings: Settings = current_app.extensions["settings"]
    paper = paper_of(
        account,
        title=_("Feedback for %(name)s", name=nomination.organisation.name),
        heading=f"{own(category, 'title')} · {own(category.cycle, 'title')}",
        foot=_("Version %(no)s of the published result, SHA-256 %(digest)s", no=publication.version_no,
               digest=publication.digest[:16]),
        operator=settings.operator_name,
        language=str(get_locale()),
        band=band_of(category.cycle),
    )  # fmt: skip
    answer = Response(paper, mimetype="application/pdf")
    answer.headers["Content-Disposition"] = f'attachment; filename="umpan-balik-{nomination.ref}.pdf"'
    return answer


def _account(nomination: Nomination) -> tuple[Publication, Account] | None:
    found = find_published(nomination, now())
    if found is None:
        return None
    publication, published = found
    return publication, account_of(
        nomination, publication, published, rubric_of(nomination.category), current_revision(nomination),
        find_verification(nomination),
    )  # fmt: skip
