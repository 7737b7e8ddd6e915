"""The list of an actor's nominations, a new nomination, the task list and the conditions of one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from paritrana.accounts.once import once
from paritrana.core.errors import NotFound, ParitranaError, StaleVersion, WrongState
from paritrana.core.gates import KIND as COMPLIANCE
from paritrana.core.lifecycle import State
from paritrana.core.policy import Act, Actor
from paritrana.cycles.models import Category
from paritrana.cycles.queries import all_categories, cycle_time, extensions_of
from paritrana.database import db
from paritrana.nominations import queries, service
from paritrana.nominations.conditions import contradicted
from paritrana.nominations.forms import NewNominationForm, eligibility_form
from paritrana.nominations.models import Nomination
from paritrana.nominations.queries import NominationFile
from paritrana.nominations.rows import (
    EvidenceRow,
    Progress,
    Standing,
    assessed_by_itself,
    evidence_rows,
    indicators_of,
    judged_in_interview,
    kinds_of,
    page_name,
)
from paritrana.nominations.views import frame
from paritrana.nominations.views.copying import copy_offer
from paritrana.nominations.views.frame import bp
from paritrana.nominations.words import state_words
from paritrana.reference.models import Organisation
from paritrana.web.access import allowed, current_actor, may, now, require, visible
from paritrana.web.template_filters import current_language, moment, number, own, translated

NEW = "nominations.new_nomination"


@dataclass(frozen=True)
class RowView:
    """One row of a task list, ready to be shown."""

    label: str
    url: str | None
    state: str
    word: str | None = None
    hint: str = ""
    changed: str = ""
    detail: str = ""  # what is required, present and checked
    links: Sequence[tuple[str, str]] = ()  # further pages of the row: words and address

    @property
    def unfinished(self) -> bool:
        """Whether it still asks for something."""
        return self.state not in {"done", "neutral", "ok"}


@bp.get("/nominations")
@allowed(Act.SEE_DRAFT)
def list_nominations() -> ResponseReturnValue:
    """The nominations of the actor's organisations, and the open categories in which one could still be made."""
    nominations = queries.nominations_seen(visible(current_actor(), Act.SEE_DRAFT, Nomination))
    taken = {(one.category_id, one.organisation_id) for one in nominations}
    choices = [(one, organisation) for one, organisation in _choices(current_actor())
               if (one.id, organisation.id) not in taken]  # fmt: skip
    return render_template(
        "nominations/list.html",
        nominations=[(one, state_words(one.state), cycle_time(one.category.cycle, now())) for one in nominations],
        stages={one.id: frame.stage_words(one.category) for one in nominations},
        choices=[(category, organisation, cycle_time(category.cycle, now())) for category, organisation in choices],
        extensions=extensions_of({one.category_id for one in nominations} | {one.id for one, _o in choices}),
        crumbs=[(_("Nominations"), None)],
        simulated=any(one.category.cycle.simulated for one in nominations),
    )


def _choices(actor: Actor) -> list[tuple[Category, Organisation]]:
    """Open categories with the organisations that may enter them by the actor's hand."""
    open_now = [one for one in all_categories() if frame.state_of(one) is State.OPEN]
    own_ones = list(queries.organisations_by_id(actor.organisations)) if actor.organisations else []
    found = []
    for category in open_now:
        among = own_ones
        if category.cycle_id in actor.organises:
            among = list(queries.organisations_in(category.cycle.region_code))
        found += [(category, one) for one in among if service.fits(category, one)]
    return found


@bp.get("/nominations/new")
@allowed(Act.CREATE_NOMINATION)
def new_nomination() -> ResponseReturnValue:
    """Choose category and organisation; `?category=<cycle>/<cat>` chooses the category beforehand."""
    return _new_form(NewNominationForm(formdata=None, category=request.args.get("category", "")))


@bp.post("/nominations/new")
@allowed(Act.CREATE_NOMINATION)
@once
def create_nomination() -> ResponseReturnValue:
    """Open the draft."""
    form = NewNominationForm()
    choices = _choices(current_actor())
    _offer(form, choices)
    if not form.validate():
        return _new_form(form, choices, 422)
    pairs = {(_category_key(one), organisation.ref): (one, organisation) for one, organisation in choices}
    chosen = pairs.get((form.category.data, form.organisation.data))
    if chosen is None:
        form.organisation.errors = [_("This organisation does not belong in this category. Choose another.")]
        return _new_form(form, choices, 422)
    category, organisation = chosen
    require(Act.CREATE_NOMINATION, category)
    try:
        nomination = service.create_nomination(
            category, organisation, actor=current_actor(), at=cycle_time(category.cycle, now())
        )
    except ParitranaError as refusal:
        db.session.rollback()
        form.refuse(refusal)
        return _new_form(form, None, refusal.status)
    db.session.commit()
    flash(_("The draft is opened. Nothing is sent yet."), "ok")
    if nomination.organisation_id not in current_actor().organisations:
        return redirect(url_for(NEW), 303)
    return redirect(url_for("nominations.task_list", ref=nomination.ref), 303)


def _category_key(category: Category) -> str:
    return f"{category.cycle.code}/{category.slug}"


def _offer(form: NewNominationForm, choices: list[tuple[Category, Organisation]]) -> None:
    categories = {_category_key(one): f"{own(one, 'title')} · {own(one.cycle, 'title')}" for one, _o in choices}
    organisations = {one.ref: f"{one.name} ({one.region.short_name})" for _c, one in choices}
    form.category.choices = [("", _("Choose")), *categories.items()]
    form.organisation.choices = [("", _("Choose")), *organisations.items()]
    for field, found in ((form.category, categories), (form.organisation, organisations)):
        if len(found) == 1 and not field.data:
            field.data = next(iter(found))


def _new_form(
    form: NewNominationForm, choices: list[tuple[Category, Organisation]] | None = None, status: int = 200
) -> ResponseReturnValue:
    choices = _choices(current_actor()) if choices is None else choices
    _offer(form, choices)
    page = render_template(
        "nominations/new.html",
        form=form,
        choices=choices,
        crumbs=[(_("Nominations"), url_for("nominations.list_nominations")), (_("New nomination"), None)],
        simulated=bool(choices) and all(one.cycle.simulated for one, _o in choices),
    )
    return page, status


@bp.get("/nominations/<ref>")
@allowed(Act.SEE_DRAFT, nomination=queries.get_nomination)
def task_list(nomination: Nomination) -> ResponseReturnValue:
    """What is left to do, and whether the nomination is sent."""
    file = queries.file_of(nomination)
    standings = file.standings()
    found = file.blockers if nomination.state == "draft" else []
    eligibility = eligibility_row(file)
    evidence = evidence_views(file, standings)
    counted = [eligibility, *evidence]
    only_open = request.args.get("status") == "open"
    return frame.show(
        "nominations/task_list.html",
        nomination,
        nomination.organisation.name,
        eligibility=[eligibility],
        evidence=[row for row in evidence if row.unfinished or not only_open],
        interview=interview_views(file),
        assessment=self_assessment_row(file),
        only_open=only_open,
        done=sum(not row.unfinished for row in counted),
        total=len(counted),
        blockers=[(translated(one.message, one.params), _place(nomination, one.place)) for one in found],
        revision=queries.current_revision(nomination),
        lock=frame.lock_of(file),
        state=state_words(nomination.state),
        stage=frame.stage_words(nomination.category),
        requests=_requests(nomination),
        copy=copy_offer(file),
        extensions=extensions_of([nomination.category_id])[nomination.category_id],
        can_fill=frame.editable(nomination),
        can_take_back=nomination.state == "submitted" and may(Act.TAKE_BACK, nomination),
        can_spell=may(Act.SPELL_NAME, nomination),
        form=NewNominationForm(formdata=None, version=str(nomination.version)),
    )


def evidence_views(file: NominationFile, standings: Mapping[str, Standing]) -> list[RowView]:
    """The evidence rows of a nomination, in rubric order."""
    zone = file.nomination.category.cycle.timezone
    rows = []
    for row in evidence_rows(file.rubric):
        found = standings[row.kind]
        hints = [_("Weight %(weight)s", weight=number(row.indicator.weight))]
        hints += [translated(message, params) for message, params in found.hints]
        changed = ""
        if found.item is not None:
            changed = f"{found.item.changed_by_name}, {moment(found.item.changed_at, zone, 'short')}"
        shared = [one.code for one in indicators_of(file.rubric, row.kind) if one.code != row.indicator.code]
        if shared:
            hints.append(_("Counts for %(codes)s, too", codes=", ".join(shared)))
        url = url_for("nominations.evidence", ref=file.nomination.ref, kind=page_name(row.kind))
        rows.append(
            RowView(
                frame.row_title(row), url, found.state, None, "; ".join(hints), changed,
                detail=progress_words(found.progress), links=_explained(file, row),
            )
        )  # fmt: skip
    return rows


def progress_words(one: Progress) -> str:
    """What a row requires, what is present and what was checked, in one line."""
    said = []
    if one.entries_needed:
        said.append(_("Entries %(n)s of %(total)s", n=number(one.entries), total=number(one.entries_needed)))
    if one.documents_needed:
        said.append(_("Documents %(n)s of %(total)s", n=number(one.documents), total=number(one.documents_needed)))
    if one.checks:
        asking = _("%(n)s ask for an explanation", n=number(one.asking)) if one.asking else _("none asks anything")
        said.append(_("Checks %(n)s: %(asking)s", n=number(one.checks), asking=asking))
    return " · ".join(said)


def _explained(file: NominationFile, row: EvidenceRow) -> list[tuple[str, str]]:
    """The way to the calculation of an indicator, on the first of its rows."""
    indicator = row.indicator
    if indicator.source != "computed" or kinds_of(indicator)[0] != row.kind:
        return []
    address = url_for("verification.claimed_explanation", ref=file.nomination.ref, computed=indicator.code)
    return [(_("How %(code)s is calculated", code=indicator.code), address)]


def interview_views(file: NominationFile) -> list[RowView]:
    """The indicators that are judged in the interview: nothing is asked for them beforehand."""
    return [
        RowView(
            f"{one.code} {own(one, 'title')}",
            None,
            "neutral",
            _("No evidence beforehand"),
            _("Weight %(weight)s", weight=number(one.weight)),
        )
        for one in judged_in_interview(file.rubric)
    ]


def self_assessment_row(file: NominationFile) -> RowView:
    """The row of what the nominee thinks of its indicators; it blocks nothing."""
    asked = assessed_by_itself(file.rubric)
    there = queries.self_assessments_of(file.nomination)
    count = sum(1 for one in asked if one.code in there and there[one.code].value is not None)
    hint = _("%(n)s of %(total)s indicators assessed; it counts nowhere", n=number(count), total=number(len(asked)))
    url = url_for("nominations.self_assessment", ref=file.nomination.ref)
    return RowView(_("Say what you think each indicator is worth"), url, "neutral", _("Optional"), hint)


def eligibility_row(file: NominationFile) -> RowView:
    """The row of the conditions."""
    stated = [one for one in file.statements.values() if one.answer in {"yes", "no"}]
    codes = {gate["code"] for gate in file.rubric.gates}
    count = len({one.gate for one in stated} & codes)
    state = "done" if count == len(codes) else "doing" if count else "open"
    url = url_for("nominations.eligibility", ref=file.nomination.ref)
    hint = _("%(n)s of %(total)s conditions stated", n=number(count), total=number(len(codes)))
    return RowView(_("State the conditions of the award"), url, state, None, hint)


def _place(nomination: Nomination, place: str) -> str:
    if place == "eligibility":
        return url_for("nominations.eligibility", ref=nomination.ref)
    return url_for("nominations.evidence", ref=nomination.ref, kind=page_name(place))


def _requests(nomination: Nomination) -> list[tuple[str, str, Any]]:
    """Open change requests as (label, address, due), from the provider that the verification registers.

    `app.extensions["nomination_requests"]` is a callable that takes a nomination and gives objects or mappings with
    `no` and `due_at`; nominations stand below the verification and cannot ask it themselves.
    """
    provider = current_app.extensions.get("nomination_requests")
    if provider is None:
        return []
    found = []
    for one in provider(nomination):
        get = one.get if isinstance(one, Mapping) else lambda name, row=one: getattr(row, name)
        url = url_for("verification.answer", ref=nomination.ref, no=get("no"))
        found.append((_("Answer change request %(no)s", no=get("no")), url, get("due_at")))
    return found


@bp.get("/nominations/<ref>/eligibility")
@allowed(Act.SEE_DRAFT, nomination=queries.get_nomination)
def eligibility(nomination: Nomination) -> ResponseReturnValue:
    """The conditions of the award, each with a statement and a note."""
    file = queries.file_of(nomination)
    return _eligibility(file, eligibility_form(file.rubric.gates, current_language(), file.statements, sent=False))


@bp.post("/nominations/<ref>/eligibility")
@allowed(Act.SEE_DRAFT, nomination=queries.get_nomination)
def save_eligibility(nomination: Nomination) -> ResponseReturnValue:
    """Save the statements; what was typed stays on the page when that is refused."""
    file = queries.file_of(nomination)
    gates = file.rubric.gates
    form: Any = eligibility_form(gates, current_language(), file.statements, sent=True)
    if not form.validate():
        return _eligibility(file, form, 422)
    codes = [gate["code"] for gate in gates]
    answers = {
        code: (form[f"{code}-answer"].data or "", form[f"{code}-note"].data or "", form[f"{code}-version"].number)
        for code in codes
    }
    try:
        require(Act.EDIT_NOMINATION, nomination)
        service.state_gates(nomination, answers, actor=current_actor(), at=frame.moment_of(nomination))
    except (WrongState, StaleVersion, service.EntryClosed, service.NothingSavedYet, service.NominationSent) as refusal:
        db.session.rollback()
        form.refuse(frame.in_zone(refusal, nomination))
        fresh = queries.file_of(queries.get_nomination(nomination.ref))
        conflict = {}
        if isinstance(refusal, StaleVersion):
            for code in codes:
                there = fresh.statements.get(code)
                form[f"{code}-version"].data = str(there.version if there is not None else 0)
            conflict = dict(fresh.statements)
        return _eligibility(fresh, form, refusal.status, conflict)
    db.session.commit()
    saved = moment(frame.moment_of(nomination), nomination.category.cycle.timezone, "short", seconds=True)
    flash(_("Saved on the server %(time)s", time=saved), "ok")
    return redirect(url_for("nominations.task_list", ref=nomination.ref), 303)


def _eligibility(
    file: NominationFile, form: Any, status: int = 200, conflict: Mapping[str, Any] | None = None
) -> ResponseReturnValue:
    if not file.rubric.gates:
        raise NotFound
    return frame.show(
        "nominations/eligibility.html",
        file.nomination,
        _("Conditions of the award"),
        status,
        form=form,
        gates=file.rubric.gates,
        lock=frame.lock_of(file),
        conflict=conflict or {},
        signs=contradicted(file.rubric, file.items[COMPLIANCE].data if COMPLIANCE in file.items else {}),
    )
