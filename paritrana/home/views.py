"""The first page of everybody, the overview of a cycle with its simulated clock, and the sign of life."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, overload

from flask import (
    Blueprint,
    Response,
    flash,
    g,
    has_request_context,
    redirect,
    render_template,
    request,
    url_for,
)
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from paritrana.accounts.once import once
from paritrana.accounts.session import session_is_open
from paritrana.core.errors import NotFound, ParitranaError, StaleVersion
from paritrana.core.lifecycle import RESTART, STATE_NAMES, State
from paritrana.core.policy import Act, Actor, Part, Role
from paritrana.core.words import N_
from paritrana.cycles.models import Cycle, Proposal
from paritrana.cycles.queries import EXTEND_ACT, FREEZE_ACT, RESTART_ACT, cycle_time, get_cycle
from paritrana.cycles.service import advance_clock
from paritrana.database import db
from paritrana.home import queries, stages
from paritrana.home.forms import ClockForm
from paritrana.home.setup.feeding import winners_to_decide
from paritrana.home.stages import Standing, UpcomingDate
from paritrana.interviews.service import ATTENDANCE_ACT
from paritrana.panels.queries import SEAT_ACT, WAIVE_ACT
from paritrana.publication.queries import PUBLISH_ACT
from paritrana.results.queries import SEAL_ACT
from paritrana.sheets.consolidations.queries import unfinished
from paritrana.sheets.forms import reason_name
from paritrana.sheets.queries import concerns, in_conflict, missing_sheets
from paritrana.verification.queries import SHORTLIST, due_dates
from paritrana.web.access import allowed, current_actor, may, now
from paritrana.web.forms import Form
from paritrana.web.template_filters import joined, own, translated
from paritrana.web.template_filters import moment as written_moment

bp = Blueprint("home", __name__, template_folder="templates")

ROLE_NAMES = {
    Role.NOMINEE: N_("Nominee"),
    Role.VERIFIER: N_("Verifier"),
    Role.ASSESSOR: N_("Assessor"),
    Role.CHAIR: N_("Chair"),
    Role.ORGANISER: N_("Organiser"),
    Role.AUDITOR: N_("Auditor"),
    Role.ADMINISTRATOR: N_("Administrator"),
}


# The menu ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class MenuItem:
    """One entry of the main menu."""

    label: str
    url: str
    current: bool


class Menu(Sequence[MenuItem]):
    """The entries for the person at the door, found when a page first shows them: a fragment of a page never asks."""

    @property
    def items(self) -> list[MenuItem]:
        """The entries in the order shown; none for the public."""
        if not (has_request_context() and session_is_open()):
            return []
        if "menu" not in g:
            actor = current_actor()
            g.menu = _menu(actor) if actor.signed_in else []
        found: list[MenuItem] = g.menu
        return found

    def __len__(self) -> int:
        return len(self.items)

    def __iter__(self) -> Iterator[MenuItem]:
        return iter(self.items)

    @overload
    def __getitem__(self, index: int) -> MenuItem: ...
    @overload
    def __getitem__(self, index: slice) -> list[MenuItem]: ...
    def __getitem__(self, index: int | slice) -> MenuItem | list[MenuItem]:
        return self.items[index]


def _menu(actor: Actor) -> list[MenuItem]:
    entries = [(_("What needs you now"), url_for("home.home"))]
    if actor.organisations:
        entries.append((_("Nominations"), url_for("nominations.list_nominations")))
    if actor.verifies:
        entries.append((_("Verification"), url_for("verification.queue")))
    if actor.seats:
        entries.append((_("Assessments"), "/assessments"))
    run = queries.run_by(actor)
    if len(run) == 1:
        entries.append((_("Manage the cycle"), url_for("home.manage", cycle=run[0][0])))
    elif run:
        entries.append((_("Manage the cycles"), url_for("home.home", _anchor="cycles")))
    audited = queries.audited_by(actor)
    if len(audited) == 1:
        entries.append((_("Data quality"), url_for("quality.page", cycle=audited[0][0])))
    elif audited:
        entries.append((_("Data quality"), url_for("home.home", _anchor="quality")))
    if len(audited) == 1:
        entries.append((_("Audit trail"), f"/audit/{audited[0][0]}"))
    if actor.administrator:
        entries.append((_("System"), url_for("operations.system")))
    return [MenuItem(label, url, _is_here(url)) for label, url in entries]


def _is_here(url: str) -> bool:
    if "#" in url or request.url_rule is None:  # an address that leads nowhere lies under no entry
        return False
    return request.path == url or request.path.startswith(f"{url}/")


@bp.app_context_processor
def menu() -> dict[str, Any]:
    """What the frame of every page shows of this room."""
    return {"nav_items": Menu()}


# The first page ------------------------------------------------------------------------------------------------------


@bp.get("/home")
@allowed(Act.HOME)
def home() -> ResponseReturnValue:
    """What needs the person now, what waits for others, and what was finished lately."""
    actor, at = current_actor(), now()
    gathered = queries.gather(actor, at)
    return render_template(
        "home/home.html",
        gathered=gathered,
        ahead=None if gathered.mine else queries.next_stage(actor, at),
        run=[
            {"url": url_for("home.manage", cycle=code), "title_id": title_id, "title_en": title_en}
            for code, title_id, title_en in queries.run_by(actor)
        ],
        audited=[
            {
                "url": url_for("quality.page", cycle=code),
                "trail": f"/audit/{code}",
                "title_id": title_id,
                "title_en": title_en,
            }
            for code, title_id, title_en in queries.audited_by(actor)
        ],
        sets_up=bool(actor.organises),
        role_names=ROLE_NAMES,
        translated=translated,
        stage_names=STATE_NAMES,
    )


# The overview of a cycle ---------------------------------------------------------------------------------------------


@bp.get("/manage/<cycle>")
@allowed(Act.MANAGE_CYCLE, cycle=get_cycle)
def manage(cycle: Cycle) -> ResponseReturnValue:
    """Where every category stands, what blocks it, who takes the next step, and the simulated clock."""
    return _overview(cycle, _clock_form(cycle, fresh=True))


@bp.post("/manage/<cycle>/clock")
@allowed(Act.ADVANCE_CLOCK, cycle=get_cycle)
@once
def move_clock(cycle: Cycle) -> ResponseReturnValue:
    """Move the clock of a simulated cycle forward."""
    form = _clock_form(cycle)
    if not form.validate():
        return _overview(cycle, form), 422
    to, code = form.moment, cycle.code
    try:
        advance_clock(
            cycle, to, expected=form.expected_version, actor=current_actor(), at=now(), deadlines=due_dates(cycle)
        )
    except StaleVersion:
        db.session.rollback()
        cycle = get_cycle(code)
        form.form_errors.append(
            _(
                "The clock was moved meanwhile and stands at %(time)s now. Look at it again, then choose.",
                time=written_moment(cycle_time(cycle, now()), cycle.timezone),
            )
        )
        return _overview(cycle, form), StaleVersion.status
    except ParitranaError as refusal:
        db.session.rollback()
        form.refuse(refusal)
        return _overview(get_cycle(code), form), refusal.status
    db.session.commit()
    flash(_("The clock of the cycle stands at %(time)s.", time=written_moment(to, cycle.timezone)), "ok")
    return redirect(url_for("home.manage", cycle=code), 303)


def _clock_form(cycle: Cycle, *, fresh: bool = False) -> ClockForm:
    dates = [(one.at, _label(one, cycle)) for one in _first_of_each_moment(cycle)]
    values: dict[str, Any] = {"dates": dates, "zone": cycle.timezone, "now": cycle_time(cycle, now())}
    return ClockForm(formdata=None, version=cycle.version, **values) if fresh else ClockForm(**values)


def _first_of_each_moment(cycle: Cycle) -> list[UpcomingDate]:
    """The dates ahead, one per moment: the list offers moments, and two dates may fall on one."""
    found: dict[Any, UpcomingDate] = {}
    for one in stages.dates_ahead(cycle, now()):
        found.setdefault(one.at, one)
    return list(found.values())


def _label(one: UpcomingDate, cycle: Cycle) -> str:
    """A date in the list: when, what, and which categories where it does not concern all of them."""
    when, what = written_moment(one.shown, cycle.timezone, "short"), _(one.name)
    if len(one.categories) in {0, len(cycle.categories)}:
        return str(_("%(when)s: %(what)s", when=when, what=what))
    names = joined([own(category, "title") for category in one.categories])
    return str(_("%(when)s: %(what)s (%(categories)s)", when=when, what=what, categories=names))


def _overview(cycle: Cycle, clock: ClockForm) -> str:
    at = now()
    categories = [category for category in cycle.categories if may(Act.MANAGE_CYCLE, category)]
    if not categories:
        raise NotFound
    clock.version.data = str(cycle.version)
    ahead = stages.dates_ahead(cycle, at)
    return render_template(
        "home/manage.html",
        cycle=cycle,
        simulated=cycle.simulated,
        standings=stages.standings(categories, at),
        links_of=_links,
        proposal_url=_proposal_url,
        proposed=stages.PROPOSED,
        other_proposal=stages.OTHER_PROPOSAL,
        moved_by=stages.MOVED_BY,
        stage_names=STATE_NAMES,
        States=State,
        may_propose_opening=lambda standing: standing.opening is None and may(Act.MOVE_STATE, standing.category),
        may_confirm_opening=_may_confirm_opening,
        may_end_interviews=_may_end_interviews,
        may_close_scoring=_may_close_scoring,
        missing_sheets=missing_sheets,
        concerns=concerns,
        in_conflict=in_conflict,
        unfinished_in=unfinished,
        reason_name=reason_name,
        me=current_actor(),
        may_rehearse=may(Act.REHEARSE, cycle),
        to_decide=winners_to_decide(cycle, at),
        clock=clock,
        problems=clock.problems,
        may_move_clock=cycle.simulated and may(Act.ADVANCE_CLOCK, cycle),
        cycle_now=cycle_time(cycle, at),
        next_deadline=next((one for one in ahead if one.shown == cycle.waits_at), None),
        waiting=cycle_time(cycle, at) == cycle.waits_at,
        plain=Form(formdata=None),
    )


def _links(standing: Standing) -> list[tuple[str, str]]:
    """The pages of other rooms that make sense for a category at its stage, as (label, address)."""
    category, state = standing.category, standing.state
    cycle: dict[str, Any] = {"cycle": category.cycle.code}
    both = cycle | {"cat": category.slug}
    pages: list[tuple[str, str, dict[str, Any], bool]] = [
        (_("Deadline and extensions"), "extensions.deadlines", cycle, state >= State.OPEN),
        (_("Nominations and shortlist"), "verification.shortlist", cycle, state >= State.OPEN),
        (_("Data quality"), "quality.page", cycle, state >= State.OPEN and may(Act.SEE_PROGRESS, category)),
        (_("Set up the cycle"), "setup.overview", cycle, state is State.DRAFT),
        (
            _("Winners of the provinces"),
            "setup.winners",
            cycle,
            state >= State.OPEN and category.cycle.tier == "national",
        ),
        (_("Rubrics"), "rubrics.rubrics", cycle, True),
        (_("Panel and conflicts"), "panels.panel", cycle, True),
        (_("Interview schedule"), "interviews.schedule", cycle, state >= State.VERIFICATION),
        (
            _("Second scoring"),
            "consolidations.consolidations",
            {},
            state is State.SCORING and category.id in current_actor().chairs,
        ),
        (
            _("Calibration"),
            "calibrations.calibrations",
            both,
            State.OPEN <= state <= State.PLENARY and category.id in current_actor().chairs,
        ),
        (_("Score afresh"), "restarts.restart", both, state in RESTART),
        (
            _("Progress of the assessors"),
            "progress.progress",
            cycle,
            State.INTERVIEW <= state <= State.PLENARY and may(Act.SEE_PROGRESS, category),
        ),
        (
            _("Second scorings"),
            "second_scorings.second_scorings",
            cycle,
            State.SCORING <= state <= State.PLENARY and may(Act.SEE_PROGRESS, category),
        ),
        (_("Outbox"), "outbox.outbox", cycle, may(Act.SEND_MESSAGES, category)),
        (
            _("Ranking"),
            "results.ranking",
            both,
            state >= State.PLENARY and may(Act.SEE_RANKING_PREVIEW, category),
        ),
        (_("Publication"), "publishing.publication", cycle, state >= State.SEALED),
        (_("Templates of certificates"), "certificate_templates.templates", cycle, state < State.ARCHIVED),
        (_("Certificates"), "certificates.certificates", cycle, state >= State.SEALED),
        (_("Objections"), "objections.objections", cycle, state is State.PUBLISHED),
        (_("Public result page"), "publication.result", both, state >= State.PUBLISHED),
    ]
    return [(label, url_for(endpoint, **values)) for label, endpoint, values, makes_sense in pages if makes_sense]


def _proposal_url(proposal: Proposal) -> str | None:
    """The page on which a waiting proposal is confirmed; None where that is the present page."""
    category = proposal.category
    cycle: dict[str, Any] = {"cycle": category.cycle.code}
    both = cycle | {"cat": category.slug}
    places: dict[str, tuple[str, dict[str, Any]]] = {
        EXTEND_ACT: ("extensions.deadlines", cycle),
        FREEZE_ACT: ("rubrics.rubrics", cycle),
        SEAT_ACT: ("panels.panel", cycle),
        WAIVE_ACT: ("panels.panel", cycle),
        SHORTLIST: ("verification.shortlist", cycle),
        ATTENDANCE_ACT: ("interviews.schedule", cycle),
        RESTART_ACT: ("restarts.restart", both),
        SEAL_ACT: ("results.ranking", both),
        PUBLISH_ACT: ("publishing.publication", cycle),
    }
    if proposal.act not in places:
        return None
    endpoint, values = places[proposal.act]
    return url_for(endpoint, **values)


def _may_confirm_opening(standing: Standing) -> bool:
    waiting = standing.opening
    return (
        waiting is not None
        and waiting.proposer_person_id != current_actor().person_id
        and may(Act.MOVE_STATE, standing.category, part=Part.SECOND)
    )


def _may_end_interviews(standing: Standing) -> bool:
    held = standing.state is State.INTERVIEW and standing.counts.sessions and not standing.blockers
    return bool(held) and may(Act.MOVE_STATE, standing.category)


def _may_close_scoring(standing: Standing) -> bool:
    return standing.state is State.SCORING and may(Act.MOVE_STATE, standing.category)


# The sign of life ----------------------------------------------------------------------------------------------------


@bp.get("/healthz")
@allowed(Act.READ_PUBLIC_PAGE)
def healthz() -> ResponseReturnValue:
    """Whether the application and its database answer: 200, else 503."""
    try:
        db.session.execute(select(1))
    except SQLAlchemyError:
        return Response("The database does not answer.\n", 503, mimetype="text/plain")
    return Response("ok\n", mimetype="text/plain")
