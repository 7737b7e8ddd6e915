"""The pages of second scorings, and what an assessor sees of the others' marks."""

from datetime import datetime
from typing import Any

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from paritrana.accounts.once import once
from paritrana.core.errors import BadInput, NotFound, ParitranaError
from paritrana.core.policy import Act
from paritrana.core.words import N_
from paritrana.cycles.models import RubricVersion
from paritrana.cycles.queries import cycle_time
from paritrana.database import db
from paritrana.nominations.models import Nomination
from paritrana.sheets import queries as sheets
from paritrana.sheets.consolidations import pages, queries, service
from paritrana.sheets.consolidations.closing import close_consolidation
from paritrana.sheets.consolidations.forms import CHANGE, KEEP, AgainForm, CloseForm, OpenForm
from paritrana.sheets.consolidations.pages import Section
from paritrana.sheets.imported.queries import set_aside_of
from paritrana.sheets.models import Consolidation
from paritrana.sheets.pages import word
from paritrana.sheets.service import MarkMoved
from paritrana.web.access import allowed, current_actor, may, now
from paritrana.web.forms import Form

bp = Blueprint("consolidations", __name__, template_folder="../templates")


class MarksNotShown(ParitranaError):
    """The marks of the others are not shown to this person, or not yet."""

    code = "marks_not_shown"
    message = N_("The marks of the others are not shown now.")


# The list -------------------------------------------------------------------------------------------------------------


@bp.get("/consolidations")
@allowed(Act.SEE_OWN_MARKS)
def consolidations() -> ResponseReturnValue:
    """The second scorings of an assessor; for the chair also the candidates on whom the panel lies far apart."""
    return _list_page(None, OpenForm(formdata=None))


def _list_page(sent: Nomination | None, form: OpenForm) -> str:
    actor = current_actor()
    led = []
    for category in queries.led(actor):
        wide = dict(queries.candidates_over_the_limit(category))
        led.append((category, [(one, wide[one]) for one in queries.without_conflict(wide, actor)]))
    mine = queries.mine(actor)
    return render_template(
        "sheets/consolidations.html",
        mine=mine,
        led=led,
        sent=sent,
        form=form,
        problems=form.problems,
        blank=OpenForm(formdata=None),
        simulated=any(one.category.cycle.simulated for one in mine) or any(one[0].cycle.simulated for one in led),
    )


@bp.post("/assessments/<ref>/consolidation")
@allowed(Act.LEAD_CONSOLIDATION, nomination=sheets.get_candidate)
@once
def open_(nomination: Nomination) -> ResponseReturnValue:
    """The chair opens a second scoring with the reason of the discussion."""
    form = OpenForm()
    if not form.validate():
        return _list_page(nomination, form), 422
    made = service.open_consolidation(nomination, form.reason.data or "", actor=current_actor(), at=_at(nomination))
    db.session.commit()
    flash(_("The second scoring is open. Everybody keeps or changes the own marks."), "ok")
    return redirect(url_for("consolidations.consolidation", consolidation=made.ref), 303)


# One second scoring ---------------------------------------------------------------------------------------------------


@bp.get("/consolidations/<consolidation>")
@allowed(Act.SEE_OWN_MARKS, nomination=queries.get_consolidated, found=queries.get_consolidation)
def consolidation(nomination: Nomination, found: Consolidation) -> ResponseReturnValue:
    """Both rounds of every indicator that is scored again."""
    return _page(nomination, found)


@bp.post("/consolidations/<consolidation>/marks/<indicator>")
@allowed(Act.CONSOLIDATE, nomination=queries.get_consolidated, found=queries.get_consolidation)
@once
def score_again(nomination: Nomination, found: Consolidation, indicator: str) -> ResponseReturnValue:
    """Keep or change the own mark of one indicator."""
    rubric, ref = _rubric(nomination), found.ref
    form = AgainForm(high=rubric.scale_max)
    if not form.validate():
        return _page(nomination, found, sent=(indicator, form)), 422
    try:
        service.score_again(
            found, indicator, form.value.data, form.reason.data or "", keep=form.keeps,
            expected=form.expected_version, actor=current_actor(), at=_at(nomination),
        )  # fmt: skip
    except (BadInput, MarkMoved) as refusal:
        db.session.rollback()
        nomination = queries.get_consolidated(ref, current_actor())
        form.refuse(refusal, form.value if isinstance(refusal, BadInput) else None)
        page = _page(nomination, queries.get_consolidation(ref), sent=(indicator, form))
        return page, refusal.status
    db.session.commit()
    return redirect(url_for("consolidations.consolidation", consolidation=ref, _anchor=indicator), 303)


@bp.post("/consolidations/<consolidation>/close")
@allowed(Act.LEAD_CONSOLIDATION, nomination=queries.get_consolidated, found=queries.get_consolidation)
@once
def close(nomination: Nomination, found: Consolidation) -> ResponseReturnValue:
    """The chair ends the second scoring; both rounds stand."""
    form = CloseForm()
    if not form.validate():
        return _page(nomination, found, closing=form), 422
    close_consolidation(found, form.reason.data or "", actor=current_actor(), at=_at(nomination))
    db.session.commit()
    flash(_("The second scoring is closed. Both rounds stay on record."), "ok")
    return redirect(url_for("consolidations.consolidation", consolidation=found.ref), 303)


def _page(
    nomination: Nomination,
    found: Consolidation,
    *,
    sent: tuple[str, AgainForm] | None = None,
    closing: CloseForm | None = None,
) -> str:
    _see_the_others(nomination)
    rubric = _rubric(nomination)
    shown = pages.sections(nomination, rubric, found.codes, current_actor(), again=True)
    working = found.closed_at is None and may(Act.CONSOLIDATE, nomination)
    for one in shown:
        if working and one.mine is not None:
            one.form = sent[1] if sent is not None and sent[0] == one.indicator.code else _again_form(one, rubric)
    closing = closing or CloseForm(formdata=None)
    return _show(
        "sheets/consolidation.html",
        nomination,
        rubric,
        consolidation=found,
        sections=shown,
        answered=pages.answered(shown),
        closing=closing,
        may_close=found.closed_at is None and may(Act.LEAD_CONSOLIDATION, nomination),
        problems=[*(sent[1].problems if sent is not None else ()), *closing.problems],
    )


def _again_form(one: Section, rubric: RubricVersion) -> AgainForm:
    mine = one.mine
    said = mine.second if mine is not None else None
    form = AgainForm(formdata=None, high=rubric.scale_max, version=said.version if said is not None else 0)
    if mine is not None and said is not None:
        form.choice.data = CHANGE if mine.changed else KEEP
        form.value.data = said.value if mine.changed else None
        form.reason.data = said.panel_note
    return form


# The marks of the others ----------------------------------------------------------------------------------------------


@bp.get("/assessments/<ref>/marks")
@allowed(Act.SEE_OWN_MARKS, nomination=sheets.get_candidate)
def others(nomination: Nomination) -> ResponseReturnValue:
    """Everybody's marks of one candidate, from the moment on that the rubric says."""
    _see_the_others(nomination)
    rubric = _rubric(nomination)
    if not queries.marks_shown(nomination, rubric):
        raise MarksNotShown
    found = queries.find_consolidation(nomination)
    codes = [one.code for one in sheets.judged(rubric)]
    return _show(
        "sheets/others.html",
        nomination,
        rubric,
        consolidation=found,
        sections=pages.sections(nomination, rubric, codes, current_actor(), again=found is not None),
        **_asides(nomination, rubric),
    )


def _asides(nomination: Nomination, rubric: RubricVersion) -> dict[str, Any]:
    """What the panel set aside of this candidate, each with the letter of its assessor."""
    rows = set_aside_of(nomination)
    names = pages.names_of(nomination, queries.voices(nomination, rubric)) if rows else {}
    return {"asides": [row for row in rows if row[2].ref in names], "names": names}


def _see_the_others(nomination: Nomination) -> None:
    if not may(Act.SEE_OTHERS_MARKS, nomination):
        raise MarksNotShown


# Shared ---------------------------------------------------------------------------------------------------------------


def _at(nomination: Nomination) -> datetime:
    return cycle_time(nomination.category.cycle, now())


def _rubric(nomination: Nomination) -> RubricVersion:
    rubric = nomination.category.rubric
    if rubric is None:
        raise NotFound
    return rubric


def _show(template: str, nomination: Nomination, rubric: RubricVersion, **context: Any) -> str:
    cycle = nomination.category.cycle
    return render_template(
        template,
        nomination=nomination,
        category=nomination.category,
        cycle=cycle,
        zone=cycle.timezone,
        simulated=cycle.simulated,
        rubric=rubric,
        word=word,
        width=pages.width,
        plain=Form(formdata=None),
        **context,
    )
