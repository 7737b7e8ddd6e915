"""The pages of the set-up: the list and a new cycle, the overview with what is missing, and a page for every step."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from paritrana.accounts.once import once
from paritrana.core.errors import NotFound, ParitranaError
from paritrana.core.lifecycle import STATE_NAMES, State
from paritrana.core.policy import Act
from paritrana.cycles.models import CALENDAR, Category, Cycle
from paritrana.cycles.queries import OPEN_ACT, cycle_time, get_cycle, waiting_proposals
from paritrana.cycles.rubrics.service import OtherKind
from paritrana.cycles.setup import queries, service
from paritrana.cycles.setup.queries import STEPS, Gap, gaps_of, get_whole_cycle, is_draft
from paritrana.database import db
from paritrana.home.rubrics.words import CATEGORY_NAMES
from paritrana.home.setup import words
from paritrana.home.setup.feeding import CHANGED, READY, send_changed, take_over, winners_for
from paritrana.home.setup.forms import (
    CalendarForm,
    CategoryForm,
    FiguresForm,
    IdentityForm,
    NewCycleForm,
    calendar_form,
    titles_form,
)
from paritrana.home.setup.making import make_cycle
from paritrana.home.setup.queries import panel_gaps
from paritrana.home.stages import DATES
from paritrana.reference.queries import find_target
from paritrana.web.access import allowed, current_actor, may, now
from paritrana.web.forms import Form
from paritrana.web.template_filters import own, translated

bp = Blueprint("setup", __name__, template_folder="templates")


# The list, and a new cycle -------------------------------------------------------------------------------------------


@bp.get("/setup")
@allowed(Act.SET_UP_CYCLE)
def cycles() -> ResponseReturnValue:
    """The cycles that a person organises, and the form of a new one."""
    organised = queries.organised_by(current_actor())
    return _cycles(organised, _new_form(organised))


@bp.post("/setup")
@allowed(Act.SET_UP_CYCLE)
@once
def make() -> ResponseReturnValue:
    """Make a cycle in draft, from nothing or with the rules of another one."""
    organised = queries.organised_by(current_actor())
    form = NewCycleForm(sources=organised)
    if not form.validate():
        return _cycles(organised, form, 422)
    source = next((one for one in organised if one.code == form.source.data), None)
    try:
        made = make_cycle(
            form.identity, organised=organised, source=source, rubric=form.rubric.data, actor=current_actor(), at=now()
        )
    except ParitranaError as refusal:
        db.session.rollback()
        form.refuse(refusal, _identity_field(form, refusal))
        return _cycles(queries.organised_by(current_actor()), form, refusal.status)
    code = made.code
    db.session.commit()
    flash(_("The cycle is a draft that only its organisers see. Go through the steps; each is stored by itself."), "ok")
    return redirect(url_for("setup.overview", cycle=code), 303)


def _new_form(organised: Sequence[Cycle]) -> NewCycleForm:
    """The form of next year's cycle, filled in after the newest one."""
    data: dict[str, Any] = {}
    newest = next(iter(organised), None)
    if newest is not None:
        data = {name: getattr(newest, name) for name in ("tier", "region_code", "timezone")}
        data |= {"assessment_year": newest.assessment_year + 1, "source": newest.code, "election_held": False}
        data["kind"] = "simulated" if newest.simulated else "real"
    return NewCycleForm(formdata=None, sources=organised, data=data)


def _identity_field(form: IdentityForm, refusal: ParitranaError) -> Any:
    if isinstance(refusal, service.SameAwardThere | service.FedByProvinces):
        return form.assessment_year
    return form.region_code if isinstance(refusal, service.NotYourArea) else None


def _cycles(organised: Sequence[Cycle], form: NewCycleForm, status: int = 200) -> ResponseReturnValue:
    drafts = [one for one in organised if is_draft(one)]
    page = render_template("setup/cycles.html", organised=organised, drafts=drafts, form=form, problems=form.problems)
    return page, status


# The overview --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Step:
    """One line of the overview: a step, its address, and what it lacks in sentences."""

    name: str
    url: str
    lacks: Sequence[str]


@dataclass(frozen=True)
class Opening:
    """A category in draft: whether its opening is proposed, what its panel lacks, and whether nothing is missing."""

    category: Category
    waiting: bool
    panel: Sequence[str]
    ready: bool


@bp.get("/setup/<cycle>")
@allowed(Act.MANAGE_CYCLE, cycle=get_whole_cycle)
def overview(cycle: Cycle) -> ResponseReturnValue:
    """How far each step is, what is missing, and the opening of each category by two people."""
    gaps = gaps_of(cycle, cycle_time(cycle, now()))
    drafts = [one for one in cycle.categories if one.stored_state is State.DRAFT]
    waiting = {one.category_id for one in waiting_proposals([each.id for each in drafts]) if one.act == OPEN_ACT}
    panels = panel_gaps(drafts)
    openings = [
        Opening(
            one,
            one.id in waiting,
            [_(message) for message in panels[one.id]],
            ready=not panels[one.id] and not any(gap.category in (None, one) for gap in gaps),
        )
        for one in drafts
    ]
    return _page(
        "setup/overview.html", cycle, Form(formdata=None), steps=_steps(cycle, gaps), openings=openings,
        may_open=may(Act.MOVE_STATE, cycle), open_ones=[one for one in cycle.categories if one not in drafts],
        state_names=STATE_NAMES,
    )  # fmt: skip


def _steps(cycle: Cycle, gaps: Sequence[Gap]) -> list[Step]:
    code, first = cycle.code, next(iter(cycle.categories), None)
    slug = None if first is None else first.slug
    addresses = {
        queries.IDENTITY: url_for("setup.identity", cycle=code),
        queries.CATEGORIES: url_for("setup.categories", cycle=code),
        queries.TITLES: url_for("setup.titles", cycle=code, cat=slug) if slug else "",
        queries.CALENDAR: url_for("setup.calendar", cycle=code, cat=slug) if slug else "",
        queries.FIGURES: url_for("setup.figures", cycle=code),
        queries.RUBRICS: url_for("rubrics.rubrics", cycle=code),
    }
    said: dict[str, list[str]] = {step: [] for step in STEPS}
    for gap in gaps:
        sentence = translated(gap.message, gap.params)
        if gap.category is not None:
            sentence = f"{own(gap.category, 'title')}: {sentence}"
        said[gap.step].append(sentence)
    return [Step(_(name), addresses[step], said[step]) for step, name in STEPS.items()]


# What all steps do ---------------------------------------------------------------------------------------------------


def _page(template: str, cycle: Cycle, form: Form, status: int = 200, **values: Any) -> ResponseReturnValue:
    page = render_template(
        template, cycle=cycle, simulated=cycle.simulated, form=form, problems=form.problems,
        editable=may(Act.SET_UP_CYCLE, cycle), category_names=CATEGORY_NAMES, words=words, States=State, **values,
    )  # fmt: skip
    return page, status


Show = Callable[[Form, int], ResponseReturnValue]


def _save(
    act: Callable[[], Any], form: Form, show: Show, to: str, field: Callable[[ParitranaError], Any] = lambda one: None
) -> ResponseReturnValue:
    """Do one write and go on; what is refused stays on the page, at its field where it has one."""
    try:
        act()
    except ParitranaError as refusal:
        db.session.rollback()
        form.refuse(refusal, field(refusal))
        return show(form, refusal.status)
    db.session.commit()
    flash(_("Saved. You can leave the set-up and go on later."), "ok")
    return redirect(to, 303)


def _category_of(cycle: Cycle, slug: str) -> Category:
    found = next((one for one in cycle.categories if one.slug == slug), None)
    if found is None:
        raise NotFound
    return found


# Year, area and names ------------------------------------------------------------------------------------------------


@bp.get("/setup/<cycle>/identity")
@allowed(Act.MANAGE_CYCLE, cycle=get_whole_cycle)
def identity(cycle: Cycle) -> ResponseReturnValue:
    """Year, area and names."""
    return _page("setup/identity.html", cycle, IdentityForm.of(cycle), fixed=not is_draft(cycle))


@bp.post("/setup/<cycle>/identity")
@allowed(Act.SET_UP_CYCLE, cycle=get_cycle)
@once
def save_identity(cycle: Cycle) -> ResponseReturnValue:
    """Save them."""
    form, code = IdentityForm(), cycle.code

    def show(form: Form, status: int) -> ResponseReturnValue:
        stored = get_whole_cycle(code)
        return _page("setup/identity.html", stored, form, status, fixed=not is_draft(stored))

    if not form.validate():
        return show(form, 422)
    organised = queries.organised_by(current_actor())
    return _save(
        lambda: service.save_identity(
            cycle, form.identity, organised=organised, expected=form.expected_version, actor=current_actor(),
            at=cycle_time(cycle, now()),
        ),
        form, show, url_for("setup.overview", cycle=code), lambda refusal: _identity_field(form, refusal),
    )  # fmt: skip


# Categories ----------------------------------------------------------------------------------------------------------


@bp.get("/setup/<cycle>/categories")
@allowed(Act.MANAGE_CYCLE, cycle=get_whole_cycle)
def categories(cycle: Cycle) -> ResponseReturnValue:
    """The categories of a cycle, and the form of another one."""
    data = {"version": cycle.version, "ranks": 3, "public_table": "ranked"}
    form = CategoryForm(formdata=None, tier=cycle.tier, data=data)
    return _page("setup/categories.html", cycle, form, state_names=STATE_NAMES)


@bp.post("/setup/<cycle>/categories")
@allowed(Act.SET_UP_CYCLE, cycle=get_cycle)
@once
def add_category(cycle: Cycle) -> ResponseReturnValue:
    """Add a category."""
    form, code = CategoryForm(tier=cycle.tier), cycle.code

    def show(form: Form, status: int) -> ResponseReturnValue:
        return _page("setup/categories.html", get_whole_cycle(code), form, status, state_names=STATE_NAMES)

    return _save_category(cycle, None, form, show, url_for("setup.categories", cycle=code))


@bp.get("/setup/<cycle>/categories/<cat>")
@allowed(Act.MANAGE_CYCLE, cycle=get_whole_cycle)
def category(cycle: Cycle, cat: str) -> ResponseReturnValue:
    """Whom a category takes."""
    one = _category_of(cycle, cat)
    return _page("setup/category.html", cycle, CategoryForm.of(one), category=one)


@bp.post("/setup/<cycle>/categories/<cat>")
@allowed(Act.SET_UP_CYCLE, cycle=get_cycle)
@once
def save_category(cycle: Cycle, cat: str) -> ResponseReturnValue:
    """Save it."""
    form, code = CategoryForm(tier=cycle.tier), cycle.code

    def show(form: Form, status: int) -> ResponseReturnValue:
        stored = get_whole_cycle(code)
        return _page("setup/category.html", stored, form, status, category=_category_of(stored, cat))

    return _save_category(cycle, _category_of(cycle, cat), form, show, url_for("setup.categories", cycle=code))


def _save_category(
    cycle: Cycle, category: Category | None, form: CategoryForm, show: Show, to: str
) -> ResponseReturnValue:
    if not form.validate():
        return show(form, 422)
    fields: Mapping[type[ParitranaError], Any] = {
        service.SlugTaken: form.slug, service.ScopesMeet: form.zones if cycle.tier == "national" else form.kind,
        OtherKind: form.kind,
    }  # fmt: skip
    return _save(
        lambda: service.save_category(
            cycle, category, form.rules, expected=form.expected_version, actor=current_actor(),
            at=cycle_time(cycle, now()),
        ),
        form, show, to, lambda refusal: fields.get(type(refusal)),
    )  # fmt: skip


# Ranks and titles ----------------------------------------------------------------------------------------------------


@bp.get("/setup/<cycle>/titles/<cat>")
@allowed(Act.MANAGE_CYCLE, cycle=get_whole_cycle)
def titles(cycle: Cycle, cat: str) -> ResponseReturnValue:
    """The titles of a category's ranks, and what it awards beside them."""
    one = _category_of(cycle, cat)
    return _page("setup/titles.html", cycle, titles_form(one, sent=False), category=one)


@bp.post("/setup/<cycle>/titles/<cat>")
@allowed(Act.SET_UP_CYCLE, cycle=get_cycle)
@once
def save_titles(cycle: Cycle, cat: str) -> ResponseReturnValue:
    """Save them."""
    one, code = _category_of(cycle, cat), cycle.code
    form = titles_form(one, sent=True)

    def show(form: Form, status: int) -> ResponseReturnValue:
        stored = get_whole_cycle(code)
        return _page("setup/titles.html", stored, form, status, category=_category_of(stored, cat))

    def field(refusal: ParitranaError) -> Any:
        return form.title_field(refusal.place) if isinstance(refusal, service.TitleTwice) else None

    if not form.validate():
        return show(form, 422)
    return _save(
        lambda: service.save_titles(
            one, form.titles(), form.rows(), expected=form.expected_version, actor=current_actor(),
            at=cycle_time(cycle, now()),
        ),
        form, show, url_for("setup.titles", cycle=code, cat=cat), field,
    )  # fmt: skip


# The calendar --------------------------------------------------------------------------------------------------------


@bp.get("/setup/<cycle>/calendar/<cat>")
@allowed(Act.MANAGE_CYCLE, cycle=get_whole_cycle)
def calendar(cycle: Cycle, cat: str) -> ResponseReturnValue:
    """The dates of a category."""
    one = _category_of(cycle, cat)
    return _calendar(cycle, one, calendar_form(one, sent=False), 200)


@bp.post("/setup/<cycle>/calendar/<cat>")
@allowed(Act.SET_UP_CYCLE, cycle=get_cycle)
@once
def save_calendar(cycle: Cycle, cat: str) -> ResponseReturnValue:
    """Save them, for this category or for every one in draft."""
    one, code = _category_of(cycle, cat), cycle.code
    form = calendar_form(one, sent=True)

    def show(form: Form, status: int) -> ResponseReturnValue:
        stored = get_whole_cycle(code)
        return _calendar(stored, _category_of(stored, cat), form, status)

    def field(refusal: ParitranaError) -> Any:
        return form[f"{refusal.name}_on"] if isinstance(refusal, service.DatesOutOfOrder) else None

    if not form.validate():
        return show(form, 422)
    others = [each for each in cycle.categories if each.id != one.id and each.stored_state is State.DRAFT]
    return _save(
        lambda: service.save_calendar(
            [one, *(others if form["everywhere"].data else [])], form.calendar(), expected=form.expected_version,
            actor=current_actor(), at=cycle_time(cycle, now()),
        ),
        form, show, url_for("setup.calendar", cycle=code, cat=cat), field,
    )  # fmt: skip


def _calendar(cycle: Cycle, one: Category, form: Form, status: int) -> ResponseReturnValue:
    assert isinstance(form, CalendarForm)  # noqa: S101 - made by `calendar_form`
    return _page("setup/calendar.html", cycle, form, status, category=one, names=CALENDAR, dates=DATES)


# Targets, rates and the nation ---------------------------------------------------------------------------------------


@bp.get("/setup/<cycle>/figures")
@allowed(Act.MANAGE_CYCLE, cycle=get_whole_cycle)
def figures(cycle: Cycle) -> ResponseReturnValue:
    """The target set, the day of the rates, and the national cycle that is fed."""
    data = {name: getattr(cycle, name) for name in ("target_instrument", "target_year", "version")}
    data["rates_as_of"] = cycle.rates_as_of.astimezone(ZoneInfo(cycle.timezone)).date()
    data["feeds"] = "" if cycle.feeds is None else cycle.feeds.code
    return _figures(cycle, FiguresForm(formdata=None, cycle=cycle, national=queries.national_cycles(cycle), data=data))


@bp.post("/setup/<cycle>/figures")
@allowed(Act.SET_UP_CYCLE, cycle=get_cycle)
@once
def save_figures(cycle: Cycle) -> ResponseReturnValue:
    """Save them."""
    national, code = queries.national_cycles(cycle), cycle.code
    form = FiguresForm(cycle=cycle, national=national)

    def show(form: Form, status: int) -> ResponseReturnValue:
        return _figures(get_whole_cycle(code), form, status)

    if not form.validate():
        return show(form, 422)
    feeds = next((one for one in national if one.code == form.feeds.data), None)
    return _save(
        lambda: service.save_figures(
            cycle, form.figures, feeds, expected=form.expected_version, actor=current_actor(),
            at=cycle_time(cycle, now()),
        ),
        form, show, url_for("setup.overview", cycle=code),
        lambda refusal: form.feeds if isinstance(refusal, service.DoesNotFeed) else None,
    )  # fmt: skip


def _figures(cycle: Cycle, form: Form, status: int = 200) -> ResponseReturnValue:
    region = None if cycle.tier == "national" else cycle.region_code
    target = find_target(region, cycle.target_year, cycle.target_instrument)
    return _page("setup/figures.html", cycle, form, status, target=target, fixed=not is_draft(cycle))


# The winners of provinces --------------------------------------------------------------------------------------------


@bp.get("/manage/<cycle>/winners")
@allowed(Act.MANAGE_CYCLE, cycle=get_whole_cycle)
def winners(cycle: Cycle) -> ResponseReturnValue:
    """What came from which province, what comes on by itself, and what people decide."""
    return _winners(cycle)


@bp.post("/manage/<cycle>/winners")
@allowed(Act.TAKE_OVER_WINNERS, cycle=get_whole_cycle)
@once
def take_winners(cycle: Cycle) -> ResponseReturnValue:
    """Nominate the winners that are ready now, before the machine does."""
    code = cycle.code
    made = take_over(cycle, actor=current_actor(), at=now())
    db.session.commit()
    flash(_("Winners that were nominated: %(n)s.", n=len(made)), "ok")
    return redirect(url_for("setup.winners", cycle=code), 303)


@bp.post("/manage/<cycle>/winners/<winner>")
@allowed(Act.TAKE_OVER_WINNERS, cycle=get_whole_cycle)
@once
def take_winner(cycle: Cycle, winner: str) -> ResponseReturnValue:
    """Nominate a winner whom a corrected publication names."""
    code = cycle.code
    send_changed(cycle, winner, actor=current_actor(), at=now())
    db.session.commit()
    flash(_("Winners that were nominated: %(n)s.", n=1), "ok")
    return redirect(url_for("setup.winners", cycle=code), 303)


def _winners(cycle: Cycle) -> ResponseReturnValue:
    found = winners_for(cycle, now()) if cycle.tier == "national" else []
    return _page(
        "setup/winners.html", cycle, Form(formdata=None), rows=found, provinces=queries.feeding(cycle),
        ready=sum(one.standing == READY for one in found), standings=words.STANDINGS, CHANGED=CHANGED,
        may_take=may(Act.TAKE_OVER_WINNERS, cycle),
    )  # fmt: skip
