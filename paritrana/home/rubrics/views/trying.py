"""Trying a version out: one candidate by hand, and a whole contest that is stored nowhere."""

from decimal import Decimal
from typing import Any

from flask import request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from paritrana.core.errors import ParitranaError
from paritrana.core.policy import Act
from paritrana.core.ranking import Result, rank
from paritrana.core.rubric import Rubric
from paritrana.core.rubric_form import core_rubric
from paritrana.core.rubric_trial import HIGHEST_SEED, MOST_CANDIDATES, by_another, random_contest, try_out
from paritrana.cycles.models import Cycle
from paritrana.cycles.queries import get_cycle
from paritrana.home.rubrics import words
from paritrana.home.rubrics.forms import try_form
from paritrana.home.rubrics.queries import past_contests
from paritrana.home.rubrics.views import frame
from paritrana.home.rubrics.views.frame import Desk, bp, desk_of
from paritrana.web.access import allowed, now
from paritrana.web.forms import ChoiceField, Form, WholeNumberField
from paritrana.web.template_filters import current_language, own, sentence

RANDOM = "random"


@bp.get("/manage/<cycle>/rubrics/<rubric>/<int:version>/try")
@allowed(Act.MANAGE_CYCLE, cycle=get_cycle)
def try_one(cycle: Cycle, rubric: str, version: int) -> ResponseReturnValue:
    """Type the values of one candidate and see the total; nothing is stored."""
    desk = desk_of(cycle, rubric, version)
    core, form = core_rubric(desk.form, current_language(), draft=True), try_form(desk.form)
    tried = None
    if any(name in request.args for name in form.data) and form.validate():
        values = {}
        for one in core.indicators:
            field = form[f"value-{one.code}"]
            if field.data is None:
                continue
            try:
                try_out(core, {one.code: Decimal(field.data)})
            except ParitranaError:
                scale = words.scale_words(desk.form["scale"])
                field.errors = [_("Write a value on the scale: %(scale)s.", scale=scale)]
            else:
                values[one.code] = Decimal(field.data)
        tried = None if form.problems else try_out(core, values)
    status = 422 if form.problems else 200
    return frame.page(
        "rubrics/try.html", desk, status, form=form, problems=form.problems, tried=tried, core=core,
    )  # fmt: skip


class TrialForm(Form):
    """Which contest is ranked: a published one, or one drawn from a seed."""

    source = ChoiceField(_l("Values"))
    seed = WholeNumberField(_l("Seed"))
    candidates = WholeNumberField(_l("Candidates"))


@bp.get("/manage/<cycle>/rubrics/<rubric>/<int:version>/trial")
@allowed(Act.MANAGE_CYCLE, cycle=get_cycle)
def trial(cycle: Cycle, rubric: str, version: int) -> ResponseReturnValue:
    """A ranking by this version of last year's values, or of random ones; stored nowhere."""
    desk = desk_of(cycle, rubric, version)
    core = core_rubric(desk.form, current_language(), draft=True)
    past = past_contests(desk.rubric.category_kind, core, now())
    form = _trial_form(past)
    result: Result | None = None
    names: dict[str, str] = {}
    if "source" in request.args and form.validate():
        try:
            result, names = _ranked(desk, core, past, form)
        except ParitranaError as refusal:
            form.form_errors.append(sentence(refusal))
    return frame.page(
        "rubrics/trial.html", desk, 422 if form.problems else 200, form=form, problems=form.problems, past=past,
        result=result, names=names, core=core, ties=words.tie_names(desk.form), random=RANDOM,
        titles=lambda one: f"{own(one.category.cycle, 'title')}, {own(one.category, 'title')}",
    )  # fmt: skip


def _trial_form(past: list[Any]) -> TrialForm:
    data = {"source": RANDOM, "seed": 1, "candidates": 8}
    form: Any = (
        TrialForm(formdata=request.args, meta={"csrf": False})
        if "source" in request.args
        else TrialForm(formdata=None, data=data)
    )
    fitting = [
        (one.ref, f"{own(one.category.cycle, 'title')}, {own(one.category, 'title')}") for one in past if one.fits
    ]
    form.source.choices = [(RANDOM, _("Random values from a seed")), *fitting]
    made: TrialForm = form
    return made


def _ranked(desk: Desk, core: Rubric, past: list[Any], form: TrialForm) -> tuple[Result | None, dict[str, str]]:
    if not core.indicators:
        form.form_errors.append(_("There is no indicator yet."))
        return None, {}
    if form.source.data and form.source.data != RANDOM:
        one = next(one for one in past if one.ref == form.source.data)
        contest = by_another(one.contest, core)
        return rank(contest), {candidate.code: candidate.name for candidate in contest.candidates}
    seed, count = form.seed.data, form.candidates.data
    if seed is None or seed > HIGHEST_SEED:
        form.seed.errors = [_("Write a whole number of at most nine digits.")]
    if count is None or not 2 <= count <= MOST_CANDIDATES:
        form.candidates.errors = [_("Choose between 2 and %(most)s candidates.", most=MOST_CANDIDATES)]
    if form.problems or seed is None or count is None:
        return None, {}
    contest = random_contest(core, seed=seed, candidates=count, assessors=desk.form["panel_size"])
    names = {one.code: _("Random candidate %(no)s", no=one.code) for one in contest.candidates}
    return rank(contest), names
