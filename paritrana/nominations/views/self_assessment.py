"""What a nominee thinks each of its indicators is worth: one page, every field optional, no part of any result."""

from collections.abc import Mapping
from typing import Any

from flask import flash, redirect, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from paritrana.accounts.once import once
from paritrana.core.errors import StaleVersion, WrongState
from paritrana.core.policy import Act
from paritrana.database import db
from paritrana.nominations import queries, service
from paritrana.nominations.forms import self_assessment_form
from paritrana.nominations.models import Nomination, SelfAssessment
from paritrana.nominations.queries import NominationFile
from paritrana.nominations.rows import assessed_by_itself
from paritrana.nominations.views import frame
from paritrana.nominations.views.frame import bp
from paritrana.web.access import allowed, current_actor, require
from paritrana.web.template_filters import moment

REFUSED = (
    WrongState, StaleVersion, service.EntryClosed, service.NothingSavedYet, service.NominationSent, service.OffTheScale,
)  # fmt: skip


@bp.get("/nominations/<ref>/self-assessment")
@allowed(Act.SEE_DRAFT, nomination=queries.get_nomination)
def self_assessment(nomination: Nomination) -> ResponseReturnValue:
    """The indicators of the rubric, each with a value and a sentence."""
    file = queries.file_of(nomination)
    stored = queries.self_assessments_of(nomination)
    return _page(file, self_assessment_form(file.rubric, stored, sent=False))


@bp.post("/nominations/<ref>/self-assessment")
@allowed(Act.SEE_DRAFT, nomination=queries.get_nomination)
@once
def save_self_assessment(nomination: Nomination) -> ResponseReturnValue:
    """Save what was said; what was typed stays on the page when that is refused."""
    file = queries.file_of(nomination)
    codes = [one.code for one in assessed_by_itself(file.rubric)]
    form: Any = self_assessment_form(file.rubric, {}, sent=True)
    if not form.validate():
        return _page(file, form, 422)
    said = {
        code: (form[f"{code}-value"].data, form[f"{code}-note"].data or "", form[f"{code}-version"].number)
        for code in codes
        if form[f"{code}-version"].data  # what a form does not speak of is left alone
    }
    try:
        require(Act.EDIT_NOMINATION, nomination)
        service.assess(nomination, said, actor=current_actor(), at=frame.moment_of(nomination))
    except REFUSED as refusal:
        db.session.rollback()
        form.refuse(frame.in_zone(refusal, nomination))
        fresh = queries.file_of(queries.get_nomination(nomination.ref))
        conflict: Mapping[str, SelfAssessment] = {}
        if isinstance(refusal, StaleVersion):
            conflict = queries.self_assessments_of(fresh.nomination)
            for code in codes:
                form[f"{code}-version"].data = str(conflict[code].version if code in conflict else 0)
        return _page(fresh, form, refusal.status, conflict)
    db.session.commit()
    saved = moment(frame.moment_of(nomination), nomination.category.cycle.timezone, "short", seconds=True)
    flash(_("Saved on the server %(time)s", time=saved), "ok")
    return redirect(url_for("nominations.task_list", ref=nomination.ref), 303)


def _page(
    file: NominationFile, form: Any, status: int = 200, conflict: Mapping[str, SelfAssessment] | None = None
) -> ResponseReturnValue:
    return frame.show(
        "nominations/self_assessment.html",
        file.nomination,
        _("Self-assessment"),
        status,
        form=form,
        rubric=file.rubric,
        indicators=assessed_by_itself(file.rubric),
        lock=frame.lock_of(file),
        conflict=conflict or {},
    )
