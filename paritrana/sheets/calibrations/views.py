"""The pages of an example that the panel scores before the day: the chair's with what it shows, and each assessor's."""

from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from paritrana.accounts.once import once
from paritrana.core import agreement
from paritrana.core.errors import StaleVersion
from paritrana.core.policy import Act
from paritrana.cycles.models import Category
from paritrana.cycles.queries import cycle_time, get_category, rubric_of
from paritrana.database import db
from paritrana.sheets.calibrations import queries, service
from paritrana.sheets.models import Calibration
from paritrana.sheets.queries import judged
from paritrana.web import formats
from paritrana.web.access import allowed, current_actor, may, now
from paritrana.web.fields import know
from paritrana.web.forms import Form, LongTextField, MarkField, TextField, optional, required
from paritrana.web.template_filters import current_language, moment, own

bp = Blueprint("calibrations", __name__, template_folder="../templates")


class ExampleForm(Form):
    """An example of the chair."""

    title = TextField(_l("Name of the example"), [required()])
    described = LongTextField(_l("What the panel reads about it"), max_length=5000)


@dataclass(frozen=True)
class Shown:
    """What an example shows the chair. `measured` is false with too few assessors."""

    calibration: Calibration
    people: list[tuple[str, str, str]]  # name, deviation as written, in words
    measured: bool
    agreement: str
    marked: int


# The chair ------------------------------------------------------------------------------------------------------------


@bp.get("/manage/<cycle>/calibration/<cat>")
@allowed(Act.LEAD_CALIBRATION, category=get_category)
def calibrations(category: Category) -> ResponseReturnValue:
    """The examples of a category with severity and agreement."""
    return _chair_page(category, ExampleForm(formdata=None))


@bp.post("/manage/<cycle>/calibration/<cat>")
@allowed(Act.LEAD_CALIBRATION, category=get_category)
@once
def open_(category: Category) -> ResponseReturnValue:
    """Open an example for the panel."""
    form = ExampleForm()
    if not form.validate():
        return _chair_page(category, form), 422
    service.open_calibration(
        category, form.title.data or "", form.described.data or "", actor=current_actor(), at=_at(category)
    )
    return _stored(category, _("The example is open. The panel scores it on its own pages."))


@bp.post("/calibrations/<example>/close")
@allowed(Act.LEAD_CALIBRATION, calibration=queries.get_calibration)
@once
def close(calibration: Calibration) -> ResponseReturnValue:
    """Close an example."""
    service.close_calibration(calibration, actor=current_actor(), at=_at(calibration.category))
    return _stored(calibration.category, _("The example is closed. Its marks stay."))


def _chair_page(category: Category, form: ExampleForm) -> str:
    return render_template(
        "sheets/calibrations.html",
        category=category,
        cycle=category.cycle,
        zone=category.cycle.timezone,
        simulated=category.cycle.simulated,
        shown=[_shown(one) for one in queries.calibrations_of(category)],
        working=category.stored_state in queries.CALIBRATED_IN,
        needed=agreement.NEEDED,
        form=form,
        problems=form.problems,
        plain=Form(formdata=None),
    )


def _shown(calibration: Calibration) -> Shown:
    marks, names = queries.marks_of(calibration)
    measured, alpha = agreement.enough(marks), agreement.agreement(marks)
    language = current_language()
    people = [(names[ref], formats.decimal2(away, language), _severe(away)) for ref, away in _in_order(marks)]
    said = ""
    if alpha is not None:
        said = f"{_(agreement.in_words(alpha))} ({formats.decimal2(alpha, language)})"
    return Shown(calibration, people if measured else [], measured and alpha is not None, said, len(marks))


def _in_order(marks: agreement.Marks) -> list[tuple[str, Fraction]]:
    return sorted(agreement.severity(marks).items(), key=lambda one: (one[1], one[0]))


def _severe(away: Fraction) -> str:
    if away == 0:
        return str(_("as the panel"))
    return str(_("more severe than the panel") if away < 0 else _("milder than the panel"))


# The assessors --------------------------------------------------------------------------------------------------------


@bp.get("/calibrations/<example>")
@allowed(Act.CALIBRATE, calibration=queries.get_calibration)
def example(calibration: Calibration) -> ResponseReturnValue:
    """The example with the own marks; nobody's others."""
    return _example_page(calibration, _marks_form(calibration, stored=True))


@bp.post("/calibrations/<example>")
@allowed(Act.CALIBRATE, calibration=queries.get_calibration)
@once
def score(calibration: Calibration) -> ResponseReturnValue:
    """Save the own marks of an example."""
    know(one.code for one in judged(rubric_of(calibration.category)))
    ref = calibration.ref
    form = _marks_form(calibration, stored=False)
    if not form.validate():
        return _example_page(calibration, form), 422
    values = {one.code: form[one.code].data for one in judged(rubric_of(calibration.category))}
    try:
        service.score_example(
            calibration, {code: value for code, value in values.items() if value is not None},
            actor=current_actor(), at=_at(calibration.category), expected=form.expected_version,
        )  # fmt: skip
    except (service.NothingMarked, StaleVersion) as refusal:
        db.session.rollback()
        calibration = queries.get_calibration(ref)
        if isinstance(refusal, StaleVersion):
            refusal = StaleVersion(
                who=refusal.params["who"],
                time=moment(refusal.params["time"], calibration.category.cycle.timezone, "short"),
            )
        form.refuse(refusal)
        return _example_page(calibration, form, conflict=_both(calibration, form)), refusal.status
    db.session.commit()
    flash(_("Your marks of the example are saved. Only the chair sees what they show."), "ok")
    return redirect(url_for("calibrations.example", example=calibration.ref), 303)


def _marks_form(calibration: Calibration, *, stored: bool) -> Form:
    rubric = rubric_of(calibration.category)
    fields: dict[str, Any] = {
        one.code: MarkField(f"{one.code} {own(one, 'title')}", [optional()], high=rubric.scale_max)
        for one in judged(rubric)
    }
    kind = type("ExampleMarks", (Form,), fields)
    marks = queries.own_marks(calibration, current_actor()) if stored else {}
    form: Form = kind(formdata=None, version=queries.version_of(marks)) if stored else kind(formdata=request.form)
    for code, mark in marks.items():
        form[code].data = mark.value
    return form


def _both(calibration: Calibration, form: Form) -> list[tuple[str, str, str]]:
    """Where another tab saved something else meanwhile: both; the next press of the button stores what stands here."""
    marks, language = queries.own_marks(calibration, current_actor()), current_language()
    form.version.data = str(queries.version_of(marks))
    return [
        (str(form[code].label.text), formats.decimal2(mine, language), formats.decimal2(mark.value, language))
        for code, mark in marks.items()
        if (mine := form[code].data) is not None and mine != mark.value
    ]


def _example_page(calibration: Calibration, form: Form, *, conflict: list[tuple[str, str, str]] | None = None) -> str:
    category = calibration.category
    rubric = rubric_of(category)
    return render_template(
        "sheets/example.html",
        calibration=calibration,
        category=category,
        cycle=category.cycle,
        simulated=category.cycle.simulated,
        rubric=rubric,
        asked=judged(rubric),
        working=calibration.closed_at is None and may(Act.CALIBRATE, calibration),
        form=form,
        conflict=conflict,
        problems=form.problems,
    )


# Shared ---------------------------------------------------------------------------------------------------------------


def _at(category: Category) -> datetime:
    return cycle_time(category.cycle, now())


def _stored(category: Category, said: str) -> ResponseReturnValue:
    db.session.commit()
    flash(said, "ok")
    return redirect(url_for("calibrations.calibrations", cycle=category.cycle.code, cat=category.slug), 303)
