"""The list of versions, one version, two side by side, and the file of one."""

from collections.abc import Mapping
from typing import Any

from flask import Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from paritrana.accounts.once import once
from paritrana.core.errors import NotFound, ParitranaError
from paritrana.core.lifecycle import State
from paritrana.core.policy import Act, Part
from paritrana.core.rubric_form import LARGEST, BadRubricForm, core_rubric, dump, parse
from paritrana.core.scoring import effective_weights
from paritrana.cycles.models import Category, Cycle, RubricVersion
from paritrana.cycles.queries import FREEZE_ACT, get_category, get_cycle, state_now, waiting_proposals
from paritrana.cycles.rubrics import queries, service
from paritrana.cycles.rubrics.document import form_of
from paritrana.database import db
from paritrana.home.rubrics import words
from paritrana.home.rubrics.forms import ChooseForm, FreezeForm, ImportForm, NewRubricForm, weights_form
from paritrana.home.rubrics.views import frame
from paritrana.home.rubrics.views.frame import Desk, at_of, bp, desk_of, own_cycle
from paritrana.web.access import allowed, current_actor, may, now
from paritrana.web.forms import Form
from paritrana.web.template_filters import own, sentence

FILE = "file"


@bp.get("/manage/<cycle>/rubrics")
@allowed(Act.MANAGE_CYCLE, cycle=get_cycle)
def rubrics(cycle: Cycle) -> ResponseReturnValue:
    """Every version that this cycle may use, what its categories are judged by, and the ways to a new one."""
    return _list(own_cycle(cycle))


def _list(
    cycle: Cycle, *, new: NewRubricForm | None = None, taken: ImportForm | None = None, status: int = 200
) -> ResponseReturnValue:
    versions = queries.versions_for(cycle)
    uses = queries.uses_of(versions, cycle)
    categories = [one for one in cycle.categories if may(Act.MANAGE_CYCLE, one)]
    proposals = [one for one in waiting_proposals([one.id for one in categories]) if one.act == FREEZE_ACT]
    by_id = {one.id: one for one in versions}
    new = new or _new_form(versions, source=request.args.get("from", ""))
    return (
        render_template(
            "rubrics/list.html",
            cycle=cycle,
            simulated=cycle.simulated,
            versions=versions,
            uses=uses,
            rows=[_category_row(one, by_id, versions) for one in categories],
            proposals=proposals,
            editing=may(Act.MANAGE_RUBRIC, cycle),
            new=new,
            taken=taken or ImportForm(formdata=None),
            problems=[*new.problems, *(taken.problems if taken is not None else [])],
            words=words,
            largest=LARGEST // 1024,
            plain=Form(formdata=None),
        ),
        status,
    )


def _new_form(versions: Any, *, source: str = "", sent: bool = False) -> NewRubricForm:
    sources = [
        (one.ref, f"{own(one, 'title')} ({one.code}, {_('version %(no)s', no=one.version)})") for one in versions
    ]
    if sent:
        return NewRubricForm(sources=sources)
    mine = next((one for one in versions if one.ref == source), None)
    code = mine.code if mine is not None and mine.cycle_id is not None else ""
    return NewRubricForm(formdata=None, sources=sources, source=source if mine is not None else "", code=code)


def _category_row(category: Category, by_id: Mapping[int, RubricVersion], versions: Any) -> dict[str, Any]:
    state = state_now(category, now())
    offered = [one for one in versions if one.category_kind == category.kind]
    choosing = state is State.DRAFT and may(Act.MANAGE_RUBRIC, category)
    form = ChooseForm(formdata=None) if choosing else None
    if form is not None:
        form.rubric.choices = [(one.ref, _label(one)) for one in offered]
        chosen = by_id.get(category.rubric_version_id or 0)
        form.rubric.data = None if chosen is None else chosen.ref
        form.rubric.id = f"rubric-{category.slug}"
    return {"category": category, "state": state, "rubric": by_id.get(category.rubric_version_id or 0), "form": form}


def _label(one: RubricVersion) -> str:
    state = _("frozen") if one.frozen_at is not None else _("in work")
    return f"{own(one, 'title')} ({one.code}, {_('version %(no)s', no=one.version)}, {state})"


@bp.post("/manage/<cycle>/rubrics")
@allowed(Act.MANAGE_RUBRIC, cycle=get_cycle)
@once
def make(cycle: Cycle) -> ResponseReturnValue:
    """A new version in work: empty, or a copy."""
    code = own_cycle(cycle).code
    form = _new_form(queries.versions_for(cycle), sent=True)
    if not form.validate():
        return _list(cycle, new=form, status=422)
    try:
        made = service.make(cycle, _form_for(cycle, form), actor=current_actor(), at=at_of(cycle))
    except ParitranaError as refusal:
        db.session.rollback()
        form.refuse(refusal, form.code)
        return _list(get_cycle(code), new=form, status=refusal.status)
    return _made(code, made)


def _form_for(cycle: Cycle, form: NewRubricForm) -> dict[str, Any]:
    code, titles = form.code.data or "", (form.title_id.data or "", form.title_en.data or "")
    if not form.source.data:
        return service.blank_form(code, form.category.data, titles)
    source, _slash, number = form.source.data.rpartition("/")
    found = form_of(queries.get_version(cycle, source, int(number)))
    found |= {name: text for name, text in zip(("title_id", "title_en"), titles, strict=True) if text}
    return found | {"code": code} | ({"category": form.category.data} if form.category.data else {})


def _made(code: str, made: RubricVersion) -> ResponseReturnValue:
    place: dict[str, Any] = {"cycle": code, "rubric": made.code, "version": made.version}
    db.session.commit()
    flash(_("Stored as a version in work."), "ok")
    return redirect(url_for("rubrics.version", **place), 303)


@bp.post("/manage/<cycle>/rubrics/import")
@allowed(Act.MANAGE_RUBRIC, cycle=get_cycle)
@once
def take(cycle: Cycle) -> ResponseReturnValue:
    """A version in work from a file."""
    code, form = own_cycle(cycle).code, ImportForm()
    file = request.files.get(FILE)
    if not form.validate():
        return _list(cycle, taken=form, status=422)
    if file is None or not file.filename:
        form.form_errors.append(_("Choose the file with the rubric."))
        return _list(cycle, taken=form, status=422)
    try:
        found = parse(file.stream.read(LARGEST + 1))
        other = form.code.data
        made = service.make(
            cycle, {**found, "code": other} if other else found, actor=current_actor(), at=at_of(cycle),
            keep_number=not other,
        )  # fmt: skip
    except BadRubricForm as bad:
        db.session.rollback()
        form.form_errors.append(f"{bad.pointer}: {sentence(bad)}" if bad.pointer else sentence(bad))
        return _list(get_cycle(code), taken=form, status=bad.status)
    except ParitranaError as refusal:
        db.session.rollback()
        form.refuse(refusal)
        return _list(get_cycle(code), taken=form, status=refusal.status)
    return _made(code, made)


@bp.post("/manage/<cycle>/rubrics/choose/<cat>")
@allowed(Act.MANAGE_RUBRIC, category=get_category)
@once
def choose(category: Category) -> ResponseReturnValue:
    """A category in draft is judged by this version from now on."""
    form, cycle = ChooseForm(), category.cycle
    seen = queries.versions_for(cycle)
    form.rubric.choices = [(one.ref, one.ref) for one in seen]
    if not form.validate():
        flash(_("Choose a rubric version."), "problem")
        return redirect(url_for("rubrics.rubrics", cycle=cycle.code), 303)
    wanted = next(one for one in seen if one.ref == form.rubric.data)
    service.choose(category, wanted, actor=current_actor(), at=at_of(cycle))
    code = cycle.code
    db.session.commit()
    flash(_("The category is judged by this version."), "ok")
    return redirect(url_for("rubrics.rubrics", cycle=code), 303)


@bp.get("/manage/<cycle>/rubrics/<rubric>/<int:version>")
@allowed(Act.MANAGE_CYCLE, cycle=get_cycle)
def version(cycle: Cycle, rubric: str, version: int) -> ResponseReturnValue:
    """Everything about one version: sums, tree, rules of the panel, policies, what is missing, who freezes it."""
    desk = desk_of(cycle, rubric, version)
    form = weights_form(desk.form, version=desk.rubric.row_version, sent=False)
    return show_version(desk, form)


def show_version(
    desk: Desk, form: Form, status: int = 200, *, conflict: Any = (), freeze: FreezeForm | None = None
) -> ResponseReturnValue:
    """The page of a version, with weights as typed."""
    core = core_rubric(desk.form, draft=True)
    uses = queries.uses_of([desk.rubric], desk.cycle)[desk.rubric.id]
    title, picture = frame.picture_of(desk.form)
    effective = effective_weights(core)
    return frame.page(
        "rubrics/version.html",
        desk,
        status,
        form=form,
        problems=[*form.problems, *(freeze.problems if freeze is not None else [])],
        conflict=conflict,
        uses=uses,
        effective=effective,
        weights_sum=core.weights_sum,
        picture_title=title,
        picture=picture,
        lacks=frame.lacks_of(desk.form),
        ties=words.tie_names(desk.form),
        sentences=list(words.sentences(desk.form)),
        tables_said=words.table_sentences((own(one, "title"), one.public_table) for one in uses),
        places=[_place(desk, one) for one in desk.cycle.categories if may(Act.MANAGE_CYCLE, one)],
        proposals=queries.waiting_for(desk.rubric.ref),
        may_confirm=_may_confirm,
        may_withdraw=lambda one: may(Act.FREEZE_RUBRIC, one.category),
        freeze=freeze or FreezeForm(formdata=None),
        others=[one for one in queries.versions_for(desk.cycle) if one.id != desk.rubric.id],
        at=at_of(desk.cycle),
        **frame.sum_view(desk.form),
    )


def _place(desk: Desk, category: Category) -> dict[str, Any]:
    """What can be done with this version for one category: `act` is freeze, replace, restart, or none."""
    state = state_now(category, now())
    act = None
    if category.kind == desk.rubric.category_kind:
        if state is State.DRAFT and desk.rubric.frozen_at is None and desk.rubric.cycle_id == desk.cycle.id:
            act = "freeze"
        elif state in service.CHANGEABLE - {State.DRAFT} and category.rubric_version_id != desk.rubric.id:
            act = "replace"
        elif state in (State.INTERVIEW, State.SCORING) and category.rubric_version_id == desk.rubric.id:
            act = "restart"
    if act in ("freeze", "replace") and not may(Act.FREEZE_RUBRIC, category):
        act = None
    return {"category": category, "state": state, "act": act}


def _may_confirm(proposal: Any) -> bool:
    return proposal.proposer_person_id != current_actor().person_id and may(
        Act.FREEZE_RUBRIC, proposal.category, part=Part.SECOND
    )


@bp.get("/manage/<cycle>/rubrics/<rubric>/<int:version>/rubric.json")
@allowed(Act.MANAGE_CYCLE, cycle=get_cycle)
def export(cycle: Cycle, rubric: str, version: int) -> ResponseReturnValue:
    """The version as the file that can be imported again: the same version always gives the same bytes."""
    desk = desk_of(cycle, rubric, version)
    name = f"{desk.rubric.code}-{desk.rubric.version}.json"
    return Response(
        dump(desk.form), mimetype="application/json", headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )


@bp.get("/manage/<cycle>/rubrics/<rubric>/compare")
@allowed(Act.MANAGE_CYCLE, cycle=get_cycle)
def compare(cycle: Cycle, rubric: str) -> ResponseReturnValue:
    """Two versions side by side; `a` and `b` are numbers of this rubric, or `code/number` of another one.

    Without them these are its oldest version and its newest one.
    """
    mine = [one.version for one in queries.versions_for(own_cycle(cycle)) if one.code == rubric]
    before = _named(cycle, rubric, request.args.get("a") or str(min(mine, default="")))
    after = _named(cycle, rubric, request.args.get("b") or str(max(mine, default="")))
    return render_template(
        "rubrics/compare.html",
        cycle=cycle,
        simulated=cycle.simulated,
        before=before,
        after=after,
        rows=frame.differences_shown(before.form, after.form),
        words=words,
        sums=(before.sums, after.sums),
    )


def _named(cycle: Cycle, rubric: str, name: str) -> Desk:
    code, _slash, number = name.rpartition("/")
    if not (number.isascii() and number.isdecimal() and len(number) < 4):
        raise NotFound
    return desk_of(cycle, code or rubric, int(number))
