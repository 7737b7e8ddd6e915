"""One item of evidence beside its documents: claimed, found, difference, verdict."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from paritrana.accounts.once import once
from paritrana.core.errors import ParitranaError
from paritrana.core.policy import Act
from paritrana.database import db
from paritrana.files.previews.service import MOST_PAGES
from paritrana.nominations.changes import Changes, changes_between
from paritrana.nominations.models import Nomination
from paritrana.nominations.months import months_of
from paritrana.nominations.namelists import queries as namelists
from paritrana.nominations.namelists.service import KIND as NAME_LIST
from paritrana.nominations.namelists.shown import groups_of, lines_beside
from paritrana.nominations.rows import kind_of_page, page_name, reasons_of
from paritrana.nominations.villages import KIND as VILLAGES
from paritrana.verification import forms, queries, service
from paritrana.verification.beside import Leaf, leaf_of, published_beside
from paritrana.verification.counted import set_values
from paritrana.verification.figures import DOCUMENTS, quantity_of
from paritrana.verification.models import Finding
from paritrana.verification.queries import Case, Item
from paritrana.verification.views.frame import (
    bp,
    case_here,
    check_reader,
    claims_hidden,
    may_read,
    moment_in,
    show,
    twins_for,
    whole_number,
)
from paritrana.verification.views.villages import villages_beside
from paritrana.verification.visits import seen_of
from paritrana.web import formats
from paritrana.web.access import allowed, ask, current_actor, may, now
from paritrana.web.forms import Form
from paritrana.web.template_filters import current_language, sentence

LINES_PER_PAGE = 12
ZOOMS = ("1", "2", "3")  # whole page, larger, largest
TURNS = ("0", "90", "180", "270")
PANES = ("findings", "document")


@dataclass(frozen=True)
class Pane:
    """How the document beside the figures stands open: its page, its size, its turn, and which tab a phone shows."""

    leaf: Leaf
    document: Mapping[str, Any]
    zoom: str
    turn: str
    asked: bool  # whether the address says so, and not the finding or the item

    @property
    def at(self) -> dict[str, str]:
        """The same in an address."""
        found = {"doc": str(self.leaf.no), "p": str(self.leaf.page)}
        if self.zoom != ZOOMS[0]:
            found["zoom"] = self.zoom
        if self.turn != TURNS[0]:
            found["turn"] = self.turn
        return found

    @property
    def words(self) -> Any:
        """Why there is no picture, or not of every page; empty where there is nothing to say."""
        leaf = self.leaf
        match leaf.problem:
            case None:
                return _("The pages are being drawn. Open this page again in a moment, or open the original.")
            case "no_pages":
                return _("This file has no pages that can be shown here. Open the original.")
            case "unreadable":
                return _("The pages cannot be drawn: the file is not readable. Open the original.")
            case "locked":
                return _("The pages cannot be drawn: the file asks for a password. Ask the nominee for an open copy.")
            case "heavy":
                return _(
                    "Pages shown here: %(shown)s. The others take too long to draw. Open the original for them.",
                    shown=formats.number(leaf.shown, current_language()),
                )
            case "long":
                return _(
                    "Only the first %(shown)s of %(pages)s pages are shown here. Open the original for the others.",
                    shown=formats.number(leaf.shown, current_language()),
                    pages=formats.number(leaf.pages, current_language()),
                )
        return ""


@bp.get("/verification/<ref>/items/<item>")
@allowed(Act.SEE_NOMINATION, nomination=queries.get_sent_nomination)
def item(nomination: Nomination, item: str) -> ResponseReturnValue:
    """One item beside its documents: claimed, found, difference, source, verdict."""
    role = check_reader(nomination)
    if not may_read(nomination, role):
        return redirect(url_for("verification.overview", ref=nomination.ref), 303)
    return _item_page(case_here(nomination), kind_of_page(item))


@bp.post("/verification/<ref>/items/<item>")
@allowed(Act.VERIFY, nomination=queries.get_sent_nomination)
@once
def save_item(nomination: Nomination, item: str) -> ResponseReturnValue:
    """Store one page of findings, whole or not at all."""
    if not may_read(nomination, check_reader(nomination)):
        raise service.NotDeclared  # no refusal below may show the page to somebody who did not declare
    case, kind = case_here(nomination), kind_of_page(item)
    typed, same, on = request.form, request.form.get("same", ""), request.form.get("then") == "next"
    seen = whole_number(typed.get("revision"))
    if seen != nomination.revision_no:
        return _refuse_revision(nomination, kind, seen)
    page, start, judged = _page_of(case.item(kind))
    rows, entries = forms.read_rows(judged, start, typed, same=same)
    waiting = forms.unresolved(rows, typed)
    problems = [(f"{row.id}-{name}", said) for row in rows for name, said in row.problems]
    if waiting or problems:
        return _item_page(case, kind, rows=rows, problems=problems), 422
    try:
        stored = service.record_findings(
            nomination, kind, entries, revision_no=seen, actor=current_actor(), at=moment_in(nomination.category)
        )
    except service.RevisionChanged:  # it was sent after this page was read
        db.session.rollback()
        return _refuse_revision(queries.get_sent_nomination(nomination.ref), kind, seen)
    except service.RowsStale as refusal:
        db.session.rollback()
        fresh = case_here(queries.get_sent_nomination(nomination.ref), seen)
        forms.mark_stale(rows, refusal.figures, {row.figure.key: row for row in fresh.item(kind).rows})
        return _item_page(fresh, kind, rows=rows, refusal=timed(refusal, nomination)), refusal.status
    except service.RowRefused as refusal:
        db.session.rollback()
        for row in rows:
            if row.judged.figure.key == refusal.figure:
                name = forms.inputs_of(refusal.refusal, row)[0]
                row.problems.append((name, f"{forms.figure_name(row.judged)}: {sentence(refusal.refusal)}"))
                problems.append((f"{row.id}-{name}", row.problems[-1][1]))
        fresh = case_here(queries.get_sent_nomination(nomination.ref), seen)
        return _item_page(fresh, kind, rows=rows, problems=problems), refusal.refusal.status
    except ParitranaError as refusal:
        db.session.rollback()
        fresh = case_here(queries.get_sent_nomination(nomination.ref), seen)
        return _item_page(fresh, kind, rows=rows, refusal=sentence(refusal)), refusal.status
    db.session.commit()
    saved = formats.clock_time(now(), current_language(), nomination.category.cycle.timezone)
    flash(_("Saved on the server %(time)s", time=saved), "ok")
    differing = sum(1 for one in stored if one.unseen is not None and one.version == 1 and one.verdict == "differs")
    if differing:  # the claims are shown now; the verifier looks at them before going on
        flash(_("Figures that differ from the claim, which is shown now: %(n)s.", n=differing), "attention")
        on = False
    return redirect(_after_saving(case_here(nomination), kind, page, same, on=on), 303)


def _refuse_revision(nomination: Nomination, kind: str, seen: int) -> ResponseReturnValue:
    """The page of the revision that the verifier worked on, with what was typed: it says that a newer one is there.

    The page keeps the old number, so that no second press stores for the new claims what was typed for the old ones.
    """
    refusal = service.RevisionChanged(no=nomination.revision_no)
    if not 0 < seen < nomination.revision_no:  # the page of no revision: there is nothing to set beside it
        return _item_page(case_here(nomination), kind, refusal=sentence(refusal)), refusal.status
    case = case_here(nomination, seen)
    _page, start, judged = _page_of(case.item(kind))
    rows, _entries = forms.read_rows(judged, start, request.form)
    for row in rows:  # only the revision stands in the way; what is typed is judged against the new one
        row.problems, row.readings = [], ()
    newer = changes_between(
        case.revision.content, case_here(nomination).revision.content, [kind],
        election_held=nomination.category.cycle.election_held,
    )  # fmt: skip
    return _item_page(case, kind, rows=rows, refusal=sentence(refusal), newer=newer), refusal.status


def _item_page(
    case: Case,
    kind: str,
    *,
    rows: Sequence[forms.Row] | None = None,
    problems: Sequence[tuple[str, str]] = (),
    refusal: str = "",
    newer: Changes | None = None,
) -> str:
    one = case.item(kind)
    page, start, judged = _page_of(one)
    nomination = case.nomination
    documents = sorted(case.revision.content["attachments"], key=lambda each: (each["kind"] != kind, each["no"]))
    hidden = one.unseen and claims_hidden(nomination)
    others = sum(1 for each in case.items if each.open and each.kind != kind)
    shown = rows if rows is not None else forms.stored_rows(judged, start)
    published = published_beside(nomination, kind)
    here: dict[str, Any] = {"ref": nomination.ref, "item": page_name(kind)} | ({"page": str(page)} if page > 1 else {})
    pane = _pane_of(nomination, documents, judged)

    def opened(**changes: str) -> str:
        """The address of this page with another document, page, size or turn."""
        at = pane.at if pane is not None else {}
        values: dict[str, Any] = {**here, **at, "pane": "document", **changes}
        return url_for("verification.item", **values)

    def cited(finding: Finding) -> str:
        """The address of this page with the document open that a finding rests on."""
        return opened(doc=str(finding.document_no), p=str(_first_page(finding.page)), turn=TURNS[0])

    at: dict[str, Any] = pane.at if pane is not None and pane.asked else {}

    return show(
        "item.html",
        nomination,
        case=case,
        item=one,
        rows=shown,
        current=next((row for row in shown if row.judged.finding is None), shown[0] if shown else None),
        villages=villages_beside(case) if kind == VILLAGES and not hidden else None,
        twins=twins_for(nomination, ask(Act.SEE_NOMINATION, nomination).role),
        visited=seen_of(nomination, kind),
        published={row.id: published.beside(row.judged.figure) for row in shown},
        set_values=set_values(nomination),
        pane=pane,
        opened=opened,
        cited=cited,
        action=url_for("verification.save_item", **here, **at),
        on_phone=request.args.get("pane") if request.args.get("pane") in PANES else PANES[0],
        previous_revision=case.revision.no - 1,
        newer=newer,
        twelve=months_of(kind, case.revision.content["evidence"].get(kind, {}).get("data") or {}),
        file_of=lambda no: url_for("nominations.document_file", ref=nomination.ref, doc=no),
        page_no=page,
        pages=len(_pages(one)),
        documents=documents,
        others=others,
        working=may(Act.VERIFY, nomination) and case.state == "open",
        may_ask=may(Act.REQUEST_CHANGE, nomination),
        form=Form(formdata=None),
        problems=[*([("", refusal)] if refusal else []), *problems],
        verdict_choices=forms.verdict_choices(),
        unseen_choices=forms.unseen_choices(),
        claims_hidden=hidden,
        unseen_of=lambda row: quantity_of(row.judged.figure.field, row.judged.before),
        months=[(str(no), name) for no, name in enumerate(formats.month_names(current_language()), start=1)],
        reason_words=dict(reasons_of(kind)).get(one.explanation_reason, ""),
        documents_only=DOCUMENTS,
        **({"name_list": None} if hidden else _name_list(one, nomination)),
    )


def _name_list(one: Item, nomination: Nomination) -> dict[str, Any]:
    """The counts of the nominee's list by name beside what is claimed, and what it shares with other lists."""
    found = namelists.checked_list(nomination) if one.kind == NAME_LIST else None
    if found is None:
        return {"name_list": None}
    claimed = {row.figure.key: row.figure.claimed for row in one.rows}
    lists, numbers = namelists.overlap_of(found)
    return {
        "name_list": found,
        "list_lines": lines_beside(found, claimed),
        "list_groups": groups_of(found),
        "list_overlap": (lists, numbers),
    }


def _pane_of(
    nomination: Nomination, documents: Sequence[Mapping[str, Any]], judged: Sequence[queries.Judged]
) -> Pane | None:
    """The document that stands open: the one asked for, else the one a finding cites, else the item's first.

    Documents that no revision in force names are not shown. One statement, none where nothing is attached.
    """
    if not documents:
        return None
    known = {one["no"]: one for one in documents}
    findings = [row.finding for row in reversed(judged) if row.finding is not None]
    cited = {one.document_no: one.page for one in findings if one.document_no is not None and one.document_no in known}
    wanted = whole_number(request.args.get("doc"))
    asked = wanted in known
    no = wanted if asked else next(reversed(cited), documents[0]["no"])
    page = whole_number(request.args.get("p")) if asked else 0
    page = page or _first_page(cited.get(no) or "")
    zoom, turn = request.args.get("zoom", ""), request.args.get("turn", "")
    return Pane(
        leaf_of(nomination, no, min(page, MOST_PAGES)),
        known[no],
        zoom if zoom in ZOOMS else ZOOMS[0],
        turn if turn in TURNS else TURNS[0],
        asked,
    )


def _first_page(text: str) -> int:
    """The first number in a typed source; 1 where there is none."""
    found = re.search(r"[1-9][0-9]{0,5}", text)
    return int(found[0]) if found else 1


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


def _after_saving(case: Case, kind: str, page: int, same: str, *, on: bool) -> str:
    """Where a saved page leads: the next row after «same as claimed», the next open item, or the page again."""
    here: dict[str, Any] = {"ref": case.nomination.ref, "item": page_name(kind)}
    if page > 1:
        here["page"] = str(page)
    here |= {name: request.args[name] for name in ("doc", "p", "zoom", "turn") if name in request.args}
    one = case.item(kind)
    if same:
        after = [no for no, row in enumerate(one.rows, start=1) if row.finding is None and no > whole_number(same)]
        return f"{url_for('verification.item', **here)}#row-{after[0] if after else same}"
    if not on:
        return url_for("verification.item", **here)
    for number, rows in enumerate(_pages(one), start=1):
        if number != page and any(row.finding is None for row in rows):
            return url_for("verification.item", **{**here, "page": str(number)})
    following = case.next_open(kind)
    if following is None:
        flash(_("Every figure has a verdict."), "ok")
        return url_for("verification.overview", ref=case.nomination.ref)
    return url_for("verification.item", ref=case.nomination.ref, item=page_name(following))


def timed(refusal: ParitranaError, nomination: Nomination) -> str:
    """A refusal whose moment is written in the zone of the cycle."""
    at = refusal.params.get("time")
    if isinstance(at, datetime):
        zone = nomination.category.cycle.timezone
        refusal.params["time"] = formats.clock_time(at, current_language(), zone, seconds=False)
    if refusal.params.get("who"):
        refusal.params["who"] = _(refusal.params["who"])
    return sentence(refusal)
