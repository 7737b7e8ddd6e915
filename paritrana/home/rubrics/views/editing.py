"""The pages on which a version in work is written: weights, what holds for it as a whole, its parts, its indicators."""

from collections.abc import Mapping
from typing import Any

from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from paritrana.core.errors import NotFound
from paritrana.core.policy import Act
from paritrana.cycles.models import Cycle
from paritrana.cycles.queries import get_cycle
from paritrana.cycles.service import RubricFrozen
from paritrana.database import db
from paritrana.home.rubrics import words
from paritrana.home.rubrics.forms import (
    IndicatorForm,
    PartsForm,
    SettingsForm,
    TiesForm,
    indicator_form,
    parts_form,
    renamed,
    weights_form,
)
from paritrana.home.rubrics.views import frame
from paritrana.home.rubrics.views.frame import Desk, bp, desk_of
from paritrana.home.rubrics.views.pages import show_version
from paritrana.web.access import allowed
from paritrana.web.fields import know
from paritrana.web.forms import Form

GROUPS = ("stages", "aspects", "gates")


def _writable(cycle: Cycle, rubric: str, version: int) -> Desk:
    """The version, where this cycle's organisers write it. Raises `NotFound`, `RubricFrozen`."""
    desk = desk_of(cycle, rubric, version)
    if not desk.editable:
        raise RubricFrozen
    return desk


# Weights and order ---------------------------------------------------------------------------------------------------


@bp.post("/manage/<cycle>/rubrics/<rubric>/<int:version>")
@allowed(Act.MANAGE_RUBRIC, cycle=get_cycle)
def save_weights(cycle: Cycle, rubric: str, version: int) -> ResponseReturnValue:
    """Save the typed weights; a button of a row moves its indicator one place within its aspect."""
    desk = _writable(cycle, rubric, version)
    form, do = weights_form(desk.form, version=desk.rubric.row_version, sent=True), request.form.get("do", "")
    if not form.validate():
        return show_version(desk, form, 422)
    changed = form.applied(desk.form)
    if do:
        way, _colon, code = do.partition(":")
        changed["indicators"] = _moved(changed["indicators"], code, way)
    to = url_for("rubrics.version", **desk.place) + ("#tree" if do else "")
    return frame.stored(desk, changed, form, show_version, to=to)


def _moved(indicators: list[dict[str, Any]], code: str, way: str) -> list[dict[str, Any]]:
    """The same indicators with one of them before its neighbour of the same aspect, or behind it."""
    here = next((place for place, one in enumerate(indicators) if one["code"] == code), None)
    if here is None:
        return indicators
    mates = [place for place, one in enumerate(indicators) if one["aspect"] == indicators[here]["aspect"]]
    at = mates.index(here) + (-1 if way == "up" else 1)
    if not 0 <= at < len(mates):
        return indicators
    found = list(indicators)
    found[here], found[mates[at]] = found[mates[at]], found[here]
    return found


@bp.post("/manage/<cycle>/rubrics/<rubric>/<int:version>/sum")
@allowed(Act.MANAGE_RUBRIC, cycle=get_cycle)
def weigh(cycle: Cycle, rubric: str, version: int) -> ResponseReturnValue:
    """The sums of the weights as typed now, as a fragment of the page; nothing is stored."""
    know(("do",))
    desk = _writable(cycle, rubric, version)
    form = weights_form(desk.form, version=desk.rubric.row_version, sent=True)
    form.validate()
    typed = form.applied(desk.form)
    unreadable = [words_ for _id, words_ in form.problems]
    db.session.rollback()
    return render_template("rubrics/_sum.html", unreadable=unreadable, form_=typed, **frame.sum_view(typed))


# As a whole ----------------------------------------------------------------------------------------------------------


@bp.get("/manage/<cycle>/rubrics/<rubric>/<int:version>/settings")
@allowed(Act.MANAGE_RUBRIC, cycle=get_cycle)
def settings(cycle: Cycle, rubric: str, version: int) -> ResponseReturnValue:
    """What holds for the version as a whole."""
    desk = _writable(cycle, rubric, version)
    data = SettingsForm.of(desk.form)
    return _settings(desk, SettingsForm(formdata=None, data=data | {"version": desk.rubric.row_version}))


@bp.post("/manage/<cycle>/rubrics/<rubric>/<int:version>/settings")
@allowed(Act.MANAGE_RUBRIC, cycle=get_cycle)
def save_settings(cycle: Cycle, rubric: str, version: int) -> ResponseReturnValue:
    """Save them."""
    desk, form = _writable(cycle, rubric, version), SettingsForm()
    if not form.validate():
        return _settings(desk, form, 422)
    return frame.stored(desk, form.applied(desk.form), form, _settings)


def _settings(desk: Desk, form: Form, status: int = 200, *, conflict: Any = ()) -> ResponseReturnValue:
    return frame.page("rubrics/settings.html", desk, status, form=form, problems=form.problems, conflict=conflict)


# Stages, aspects, conditions -----------------------------------------------------------------------------------------


@bp.get("/manage/<cycle>/rubrics/<rubric>/<int:version>/parts/<group>")
@allowed(Act.MANAGE_RUBRIC, cycle=get_cycle)
def parts(cycle: Cycle, rubric: str, version: int, group: str) -> ResponseReturnValue:
    """The stages, aspects or conditions of a version, in order, and an empty row."""
    desk = _writable(cycle, rubric, version)
    _known(group)
    return _parts(desk, parts_form(desk.form[group], version=desk.rubric.row_version, sent=False), group=group)


@bp.post("/manage/<cycle>/rubrics/<rubric>/<int:version>/parts/<group>")
@allowed(Act.MANAGE_RUBRIC, cycle=get_cycle)
def save_parts(cycle: Cycle, rubric: str, version: int, group: str) -> ResponseReturnValue:
    """Save the rows; a button of a row moves it or takes it out."""
    desk = _writable(cycle, rubric, version)
    _known(group)
    form: Any = parts_form(desk.form[group], version=desk.rubric.row_version, sent=True)
    way, _colon, number = request.form.get("do", "").partition(":")
    place = int(number) if number.isascii() and number.isdecimal() and len(number) < 3 else None

    def show(desk: Desk, form: Form, status: int = 200, *, conflict: Any = ()) -> ResponseReturnValue:
        return _parts(desk, form, status, group=group, conflict=conflict)

    if not form.validate():
        return show(desk, form, 422)
    changed = form.applied(desk.form, group, without=place if way == "remove" else None)
    if way in ("up", "down") and place is not None:
        rows, other = changed[group], place + (-1 if way == "up" else 1)
        if max(place, other) < len(rows) and min(place, other) >= 0:
            rows[place], rows[other] = rows[other], rows[place]
    to = url_for("rubrics.parts", **desk.place, group=group) if way else None
    return frame.stored(desk, changed, form, show, to=to)


def _known(group: str) -> None:
    if group not in GROUPS:
        raise NotFound


def _parts(desk: Desk, form: Form, status: int = 200, *, group: str, conflict: Any = ()) -> ResponseReturnValue:
    assert isinstance(form, PartsForm)  # noqa: S101 - made by `parts_form`
    return frame.page(
        "rubrics/parts.html", desk, status, form=form, problems=form.problems, group=group, conflict=conflict,
        names={"stages": _("Stages"), "aspects": _("Aspects"), "gates": _("Conditions")},
    )  # fmt: skip


# The order of tie-breaks ---------------------------------------------------------------------------------------------


@bp.get("/manage/<cycle>/rubrics/<rubric>/<int:version>/ties")
@allowed(Act.MANAGE_RUBRIC, cycle=get_cycle)
def ties(cycle: Cycle, rubric: str, version: int) -> ResponseReturnValue:
    """What breaks a tie, in order."""
    desk = _writable(cycle, rubric, version)
    return _ties(desk, _ties_form(desk, sent=False))


@bp.post("/manage/<cycle>/rubrics/<rubric>/<int:version>/ties")
@allowed(Act.MANAGE_RUBRIC, cycle=get_cycle)
def save_ties(cycle: Cycle, rubric: str, version: int) -> ResponseReturnValue:
    """Add an element, move one, or take one out."""
    desk = _writable(cycle, rubric, version)
    form = _ties_form(desk, sent=True)
    if not form.validate():
        return _ties(desk, form, 422)
    chain = list(desk.form["tie_break"])
    way, _colon, number = request.form.get("do", "").partition(":")
    place = int(number) if number.isascii() and number.isdecimal() and len(number) < 3 else -1
    if not way and form.element.data:
        chain.append(form.element.data)
    elif 0 <= place < len(chain):
        element = chain.pop(place)
        if way in ("up", "down"):
            chain.insert(max(0, place + (-1 if way == "up" else 1)), element)
    to = url_for("rubrics.ties", **desk.place)
    return frame.stored(desk, {**desk.form, "tie_break": chain}, form, _ties, to=to)


def _ties_form(desk: Desk, *, sent: bool) -> TiesForm:
    form = TiesForm() if sent else TiesForm(formdata=None, data={"version": desk.rubric.row_version})
    names = words.tie_names(desk.form)
    form.element.choices = [("", _("Choose"))] + [
        (name, said) for name, said in names.items() if name not in desk.form["tie_break"]
    ]
    return form


def _ties(desk: Desk, form: Form, status: int = 200, *, conflict: Any = ()) -> ResponseReturnValue:
    names = words.tie_names(desk.form)
    return frame.page(
        "rubrics/ties.html", desk, status, form=form, problems=form.problems, names=names, conflict=conflict
    )


# One indicator -------------------------------------------------------------------------------------------------------


@bp.get("/manage/<cycle>/rubrics/<rubric>/<int:version>/indicators")
@bp.get("/manage/<cycle>/rubrics/<rubric>/<int:version>/indicators/<indicator>")
@allowed(Act.MANAGE_RUBRIC, cycle=get_cycle)
def indicator(cycle: Cycle, rubric: str, version: int, indicator: str | None = None) -> ResponseReturnValue:
    """The form of an indicator, or of a new one."""
    desk = _writable(cycle, rubric, version)
    one = _indicator_of(desk, indicator)
    form = indicator_form(desk.form, one, version=desk.rubric.row_version, sent=False)
    return _indicator(desk, form, code=indicator)


@bp.post("/manage/<cycle>/rubrics/<rubric>/<int:version>/indicators")
@bp.post("/manage/<cycle>/rubrics/<rubric>/<int:version>/indicators/<indicator>")
@allowed(Act.MANAGE_RUBRIC, cycle=get_cycle)
def save_indicator(cycle: Cycle, rubric: str, version: int, indicator: str | None = None) -> ResponseReturnValue:
    """Save it, or take it out (`do` = remove)."""
    desk = _writable(cycle, rubric, version)
    one = _indicator_of(desk, indicator)
    form = indicator_form(desk.form, one, version=desk.rubric.row_version, sent=True)
    do = request.form.get("do", "")

    def show(desk: Desk, form: Form, status: int = 200, *, conflict: Any = ()) -> ResponseReturnValue:
        return _indicator(desk, form, status, code=indicator, conflict=conflict)

    rows = desk.form["indicators"]
    if do == "remove" and one is not None:
        gone = f"indicator:{indicator}"
        changed: Mapping[str, Any] = {
            **desk.form,
            "indicators": [row for row in rows if row is not one],
            "tie_break": [element for element in desk.form["tie_break"] if element != gone],
        }
        return frame.stored(desk, changed, form, show, said=_("The indicator was taken out."))
    if not form.validate():
        return show(desk, form, 422)
    typed = form.applied(one or {})
    if one is None:
        changed = {**desk.form, "indicators": [*rows, typed]}
    else:
        changed = {**desk.form, "indicators": [typed if row is one else row for row in rows]}
        if typed["code"] != one["code"]:
            changed = renamed(changed, "indicators", {one["code"]: typed["code"]})
    new_rule = typed["source"] == "computed" and form.rule.data != form.rule_shown.data
    to = None
    if do == "more" or new_rule:
        to = url_for("rubrics.indicator", **desk.place, indicator=typed["code"])
    return frame.stored(desk, changed, form, show, to=to)


def _indicator_of(desk: Desk, code: str | None) -> Mapping[str, Any] | None:
    if code is None:
        return None
    found: Mapping[str, Any] | None = next((one for one in desk.form["indicators"] if one["code"] == code), None)
    if found is None:
        raise NotFound
    return found


def _indicator(
    desk: Desk, form: Form, status: int = 200, *, code: str | None, conflict: Any = ()
) -> ResponseReturnValue:
    assert isinstance(form, IndicatorForm)  # noqa: S101 - made by `indicator_form`
    return frame.page(
        "rubrics/indicator.html", desk, status, form=form, problems=form.problems, code=code, conflict=conflict
    )
