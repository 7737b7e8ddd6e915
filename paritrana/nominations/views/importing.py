"""Loading nominations and figures from a workbook: the template, the check with its preview, and the load.

Nothing of the file is kept between check and load: the page carries its hash, and the same file is chosen again.
"""

import base64
import hashlib
from collections.abc import Sequence
from typing import Any

from flask import Response, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from paritrana.accounts.once import once
from paritrana.audit import service as audit
from paritrana.core.errors import BadInput, NotFound, ParitranaError, WrongState
from paritrana.core.filetypes import XLSX, display_name
from paritrana.core.policy import Act
from paritrana.core.words import N_
from paritrana.cycles.models import Category
from paritrana.cycles.queries import cycle_time, get_category, rubric_of
from paritrana.cycles.service import intake_of
from paritrana.database import db
from paritrana.nominations.importing.layout import Sheet, sheets_of
from paritrana.nominations.importing.plan import Entry, Plan, Problem, good_rows, load, plan_of
from paritrana.nominations.importing.reading import Table, read_workbook
from paritrana.nominations.importing.template import write_template
from paritrana.nominations.rows import kinds_asked
from paritrana.nominations.views.documents import NoFileChosen
from paritrana.nominations.views.frame import bp
from paritrana.web.access import NotAllowed, allowed, current_actor, now, require
from paritrana.web.exports import Spool, cell
from paritrana.web.forms import Form
from paritrana.web.template_filters import own, sentence

SHOWN = 200  # problems on the page; the file names them all
FILE, DIGEST, ROWS = "file", "sha256", "rows"


class AnotherFile(BadInput):
    """The file that came to be loaded is not the one that was checked. Params: `name`."""

    code = "another_file"
    message = N_("%(name)s is not the file that was checked. Check it first, then load it.")


class RowsRefused(BadInput):
    """Not every row can be loaded, and nobody chose to load the others."""

    code = "rows_refused"
    message = N_("Nothing is loaded, because rows are refused. Correct them, or load the good rows.")


@bp.get("/manage/<cycle>/nominations/import/<cat>")
@allowed(Act.MANAGE_CYCLE, category=get_category)
def import_page(category: Category) -> ResponseReturnValue:
    """Where the template is taken and the filled file is chosen."""
    _require(category)
    return _page(category)


@bp.get("/manage/<cycle>/nominations/import/<cat>/template.xlsx")
@allowed(Act.MANAGE_CYCLE, category=get_category)
def import_template(category: Category) -> ResponseReturnValue:
    """The template of this category with what is known."""
    _require(category)
    answer = Response(write_template(category, _sheets(category)), mimetype=XLSX.media_type)
    name = f"nominasi-{category.cycle.code}-{category.slug}.xlsx"
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    answer.headers["Cache-Control"] = "no-store, private"
    return answer


@bp.post("/manage/<cycle>/nominations/import/<cat>")
@allowed(Act.MANAGE_CYCLE, category=get_category)
def check_import(category: Category) -> ResponseReturnValue:
    """Say what the file would change and what is refused; nothing is stored."""
    _require(category)
    try:
        category, name, digest, tables = _received(category)
    except BadInput as refusal:
        return _page(_again(category), refusal=refusal)
    plan = _plan(category, tables)
    return _page(category, plan=plan, name=name, digest=digest, status=422 if plan.problems else 200)


@bp.post("/manage/<cycle>/nominations/import/<cat>/load")
@allowed(Act.MANAGE_CYCLE, category=get_category)
@once
def load_import(category: Category) -> ResponseReturnValue:
    """Load the checked file whole, or its good rows where that is chosen, in one transaction."""
    _require(category)
    try:
        category, name, digest, tables = _received(category)
        sent, good_ones = request.form.get(DIGEST), request.form.get(ROWS) == "good"
        if digest != sent:
            raise AnotherFile(name=name)
    except BadInput as refusal:
        return _page(_again(category), refusal=refusal)
    audit.lock_stream(intake_of(category))
    _require(category)
    plan = _plan(category, tables)
    if plan.whole or (not good_ones and plan.rows):
        db.session.rollback()
        return _page(_again(category), plan=plan, name=name, digest=digest, refusal=RowsRefused())
    at = cycle_time(category.cycle, now())
    done = [_names(one) for one in (plan.new, plan.changed, plan.unchanged)]
    try:
        load(good_rows(plan), category, actor=current_actor(), at=at)
    except ParitranaError as refusal:
        db.session.rollback()
        return _page(_again(category), refusal=refusal)
    db.session.commit()
    return _page(_again(category), plan=plan, name=name, digest=digest, done=done)


def _require(category: Category) -> None:
    """Refuse whoever may not nominate here. Who manages the cycle knows its categories, also before they open.

    Raises `WrongState` or `NotAllowed`.
    """
    try:
        require(Act.CREATE_NOMINATION, category)
    except NotFound:
        raise (WrongState if category.cycle_id in current_actor().organises else NotAllowed) from None


def _sheets(category: Category) -> tuple[Sheet, ...]:
    rubric = rubric_of(category)
    return sheets_of(kinds_asked(rubric), election_held=category.cycle.election_held, candidate=rubric.category_kind)


def _plan(category: Category, tables: Sequence[Table]) -> Plan:
    return plan_of(tables, _sheets(category), category, at=cycle_time(category.cycle, now()))


def _again(category: Category) -> Category:
    """The category read afresh, where a refusal or a commit has ended the transaction."""
    values = request.view_args or {}
    return get_category(values["cycle"], values["cat"])


def _received(category: Category) -> tuple[Category, str, str, list[Table]]:
    """The file of the request, read in its own process while nothing is locked; with the category read afresh.

    Raises `NoFileChosen`, a refusal of the name, or a refusal of the workbook.
    """
    file = request.files.get(FILE)
    if file is None or not file.filename:
        raise NoFileChosen
    name = display_name(file.filename)
    db.session.rollback()
    data = file.stream.read(XLSX.limit + 1)
    return _again(category), name, hashlib.sha256(data).hexdigest(), read_workbook(data, name)


def _names(entries: Sequence[Entry]) -> list[str]:
    return [one.organisation.name for one in entries]


def _page(
    category: Category,
    *,
    plan: Plan | None = None,
    name: str = "",
    digest: str = "",
    refusal: ParitranaError | None = None,
    done: Sequence[Sequence[str]] = (),
    status: int = 200,
) -> ResponseReturnValue:
    title = _("Load nominations from a file")
    cycle = category.cycle
    page = render_template(
        "nominations/import.html",
        title=title,
        category=category,
        cycle=cycle,
        form=Form(formdata=None),
        plan=plan,
        name=name,
        digest=digest,
        done=done,
        problems=[] if refusal is None else [("", sentence(refusal))],
        rows=[] if plan is None else [_row(one) for one in plan.problems[:SHOWN]],
        more=0 if plan is None else max(0, len(plan.problems) - SHOWN),
        csv=_csv(plan.problems) if plan is not None and plan.problems else "",
        crumbs=[
            (own(cycle, "title"), f"/manage/{cycle.code}"),
            (_("Nominations and shortlist"), f"/manage/{cycle.code}/nominations"),
            (title, None),
        ],
        simulated=cycle.simulated,
        template_url=url_for("nominations.import_template", cycle=cycle.code, cat=category.slug),
    )
    return page, status if refusal is None else refusal.status


def _row(problem: Problem) -> dict[str, Any]:
    row = "" if problem.row is None else str(problem.row)
    return {"sheet": problem.sheet, "row": row, "column": problem.column, "said": sentence(problem.refusal)}


def _csv(problems: Sequence[Problem]) -> str:
    """The list of problems as a file inside the page, because nothing of it is kept on the server."""
    spool = Spool()
    spool.write(b"\xef\xbb\xbf")
    head = [_("Sheet"), _("Row"), _("Column"), _("What is wrong")]
    rows = ([cell(one["sheet"]), one["row"], cell(one["column"]), cell(one["said"])] for one in map(_row, problems))
    spool.write_csv([head, *rows])
    spool.file.seek(0)
    text = base64.b64encode(spool.file.read()).decode()
    spool.close()
    return f"data:text/csv;charset=utf-8;base64,{text}"
