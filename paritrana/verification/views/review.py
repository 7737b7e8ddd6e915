"""One item of evidence beside its documents: claimed, found, difference, verdict."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from paritrana.accounts.once import once
from paritrana.core.errors import ParitranaError
from paritrana.core.policy import Act
from paritrana.database import db
from paritrana.nominations.models import Nomination
from paritrana.nominations.rows import kind_of_page, page_name, reasons_of
from paritrana.verification import forms, queries, service
from paritrana.verification.figures import DOCUMENTS
from paritrana.verification.queries import Case, Item
from paritrana.verification.views.frame import bp, check_reader, may_read, moment_in, show, whole_number
from paritrana.web import formats
from paritrana.web.access import allowed, current_actor, may, now
from paritrana.web.forms import Form
from paritrana.web.template_filters import current_language, sentence

LINES_PER_PAGE = 12


@bp.get("/verification/<ref>/items/<item>")
@allowed(Act.SEE_NOMINATION, nomination=queries.get_sent_nomination)
def item(nomination: Nomination, item: str) -> ResponseReturnValue:
    """One item beside its documents: claimed, found, difference, source, verdict."""
    role = check_reader(nomination)
    if not may_read(nomination, role):
        return redirect(url_for("verification.overview", ref=nomination.ref), 303)
    return _item_page(queries.case_of(nomination), kind_of_page(item))


@bp.post("/verification/<ref>/items/<item>")
@allowed(Act.VERIFY, nomination=queries.get_sent_nomination)
@once
def save_item(nomination: Nomination, item: str) -> ResponseReturnValue:
    """Store one page of findings, whole or not at all."""
    case, kind = queries.case_of(nomination), kind_of_page(item)
    one = case.item(kind)
    page, start, judged = _page_of(one)
    typed, same = request.form, request.form.get("same", "")
    rows, entries = forms.read_rows(judged, start, typed, same=same)
    waiting = forms.unresolved(rows, typed)
    problems = [(f"{row.id}-{name}", said) for row in rows for name, said in row.problems]
    if waiting or problems:
        return _item_page(case, kind, rows=rows, problems=problems), 422
    try:
        service.record_findings(
            nomination, kind, entries, revision_no=whole_number(typed.get("revision")), actor=current_actor(),
            at=moment_in(nomination.category),
        )  # fmt: skip
    except service.RowsStale as refusal:
        db.session.rollback()
        fresh = queries.case_of(queries.get_sent_nomination(nomination.ref))
        forms.mark_stale(rows, refusal.figures, {row.figure.key: row for row in fresh.item(kind).rows})
        return _item_page(fresh, kind, rows=rows, refusal=_timed(refusal, nomination)), refusal.status
    except service.RowRefused as refusal:
        db.session.rollback()
        for row in rows:
            if row.judged.figure.key == refusal.figure:
                row.problems.append(("found", f"{forms.figure_name(row.judged)}: {sentence(refusal.refusal)}"))
                problems.append((f"{row.id}-found", row.problems[-1][1]))
        fresh = queries.case_of(queries.get_sent_nomination(nomination.ref))
        return _item_page(fresh, kind, rows=rows, problems=problems), refusal.refusal.status
    except ParitranaError as refusal:
        db.session.rollback()
        fresh = queries.case_of(queries.get_sent_nomination(nomination.ref))
        return _item_page(fresh, kind, rows=rows, refusal=sentence(refusal)), refusal.status
    db.session.commit()
    saved = formats.clock_time(now(), current_language(), nomination.category.cycle.timezone)
    flash(_("Saved on the server %(time)s", time=saved), "ok")
    return redirect(_after_saving(queries.case_of(nomination), kind, page, same), 303)


def _item_page(
    case: Case,
    kind: str,
    *,
    rows: Sequence[forms.Row] | None = None,
    problems: Sequence[tuple[str, str]] = (),
    refusal: str = "",
) -> str:
    one = case.item(kind)
    page, start, judged = _page_of(one)
    nomination = case.nomination
    documents = sorted(case.revision.content["attachments"], key=lambda each: (each["kind"] != kind, each["no"]))
    others = sum(1 for each in case.items if each.open and each.kind != kind)
    return show(
        "item.html",
        nomination,
        case=case,
        item=one,
        rows=rows if rows is not None else forms.stored_rows(judged, start),
        page_no=page,
        pages=len(_pages(one)),
        documents=documents,
        others=others,
        working=may(Act.VERIFY, nomination) and case.state == "open",
        may_ask=may(Act.REQUEST_CHANGE, nomination) and case.open_request is None,
        form=Form(formdata=None),
        problems=[*([("", refusal)] if refusal else []), *problems],
        verdict_choices=forms.verdict_choices(),
        months=[(str(no), name) for no, name in enumerate(formats.month_names(current_language()), start=1)],
        reason_words=dict(reasons_of(kind)).get(one.explanation_reason, ""),
        documents_only=DOCUMENTS,
    )


def _pages(one: Item) -> list[list[queries.Judged]]:
    """The rows of an item by page: single figures with the first lines, twelve lines a page."""
    single = [row for row in one.rows if row.figure.line is None]
    lines: dict[str, list[queries.Judged]] = {}
    for row in one.rows:
        if row.figure.line is not None:
            lines.setdefault(row.figure.line, []).append(row)
    grouped = list(lines.values())
    pages = [
        [row for line in grouped[first : first + LINES_PER_PAGE] for row in line]
        for first in range(0, len(grouped), LINES_PER_PAGE)
    ] or [[]]
    pages[0] = [*single, *pages[0]]
    return pages


def _page_of(one: Item) -> tuple[int, int, list[queries.Judged]]:
    """Number of the page asked for, number of its first row inside the item, and its rows."""
    pages = _pages(one)
    page = min(max(request.args.get("page", 1, type=int), 1), len(pages))
    return page, 1 + sum(len(rows) for rows in pages[: page - 1]), pages[page - 1]


def _after_saving(case: Case, kind: str, page: int, same: str) -> str:
    """Where a saved page leads: the next row after «same as claimed», the next open item, or the page again."""
    here: dict[str, Any] = {"ref": case.nomination.ref, "item": page_name(kind)}
    if page > 1:
        here["page"] = str(page)
    one = case.item(kind)
    if same:
        after = [no for no, row in enumerate(one.rows, start=1) if row.finding is None and no > whole_number(same)]
        return f"{url_for('verification.item', **here)}#row-{after[0] if after else same}"
    if request.form.get("then") != "next":
        return url_for("verification.item", **here)
    for number, rows in enumerate(_pages(one), start=1):
        if number != page and any(row.finding is None for row in rows):
            return url_for("verification.item", **{**here, "page": str(number)})
    following = case.next_open(kind)
    if following is None:
        flash(_("Every figure has a verdict."), "ok")
        return url_for("verification.overview", ref=case.nomination.ref)
    return url_for("verification.item", ref=case.nomination.ref, item=page_name(following))


def _timed(refusal: ParitranaError, nomination: Nomination) -> str:
    """A refusal whose moment is written in the zone of the cycle."""
    at = refusal.params.get("time")
    if isinstance(at, datetime):
        zone = nomination.category.cycle.timezone
        refusal.params["time"] = formats.clock_time(at, current_language(), zone, seconds=False)
    if refusal.params.get("who"):
        refusal.params["who"] = _(refusal.params["who"])
    return sentence(refusal)
