"""One page per kind of evidence: what it proves, its figures with the arithmetic, its documents, and «completed?»."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from paritrana.accounts.once import once
from paritrana.core.errors import NotFound, ParitranaError, StaleVersion, WrongState
from paritrana.core.evidence import KINDS, KindSpec, arithmetic, payments, run_checks
from paritrana.core.evidence.stored import fields_of
from paritrana.core.policy import Act
from paritrana.database import db
from paritrana.files.web import blob_store
from paritrana.nominations import queries, service
from paritrana.nominations.forms import (
    EvidenceForm,
    Page,
    evidence_form,
    input_name,
    lines_of,
    merged,
    page_of,
    sent_line_keys,
)
from paritrana.nominations.models import EvidenceItem, Nomination
from paritrana.nominations.months import months_of
from paritrana.nominations.queries import NominationFile
from paritrana.nominations.rows import indicators_of, kind_of_page, page_name, reasons_of, requirements_of, standing
from paritrana.nominations.views import frame
from paritrana.nominations.views.documents import NoFileChosen, chosen_files, receive, require_nominee
from paritrana.nominations.views.frame import bp
from paritrana.web.access import allowed, current_actor, require
from paritrana.web.fields import know
from paritrana.web.template_filters import moment, number, own, sentence

LONG = 5  # groups of entries from which on a form has an index of its parts
OF_DOCUMENTS = ("requirement", "files")  # fields of the documents, which stand in the same form
LATE_OR_STALE = (
    WrongState, StaleVersion, service.EntryClosed, service.NothingSavedYet, service.NominationSent,
)  # fmt: skip


@dataclass(frozen=True)
class Panel:
    """What the arithmetic region shows: sums, what the checks say, and entries that cannot be read."""

    lines: Sequence[Any] = ()
    asks: Sequence[Any] = ()
    rest: Sequence[Any] = ()
    unreadable: Sequence[str] = ()


@dataclass(frozen=True)
class Desk:
    """One kind of evidence of one nomination, on one page of its lines."""

    file: NominationFile
    kind: str
    spec: KindSpec | None

    @property
    def item(self) -> EvidenceItem | None:
        """What is stored, where something is."""
        return self.file.items.get(self.kind)

    @property
    def data(self) -> Mapping[str, Any]:
        """The stored figures."""
        return self.item.data if self.item is not None else {}

    def form(self, keys: Sequence[str], *, sent: bool, page: int = 1) -> EvidenceForm:
        """The form for these lines, which stand on this page of them."""
        return evidence_form(
            self.spec,
            self.item,
            keys,
            reasons=reasons_of(self.kind),
            election_held=self.file.context.election_held,
            candidate=self.file.context.candidate,
            sent=sent,
            page=page,
        )

    def panel(self, data: Mapping[str, Any], unreadable: Sequence[str] = ()) -> Panel:
        """What the arithmetic says about `data`."""
        if self.spec is None:
            return Panel()
        checks = run_checks(self.kind, data, self.file.context)
        return Panel(
            arithmetic(self.kind, data, self.file.context),
            [check for check in checks if check.severity == "ask"],
            [check for check in checks if check.severity != "ask"],
            unreadable,
        )


def desk_of(nomination: Nomination, kind: str) -> Desk:
    """The evidence behind the name in an address. Raises `NotFound` for a kind that the rubric does not ask for."""
    file = queries.file_of(nomination)
    found = kind_of_page(kind)
    if page_name(found) != kind or not indicators_of(file.rubric, found):
        raise NotFound
    return Desk(file, found, KINDS.get(found))


@bp.get("/nominations/<ref>/evidence/<kind>")
@bp.get("/nominations/<ref>/evidence/<kind>/<int:item>")
@allowed(Act.SEE_DRAFT, nomination=queries.get_nomination)
def evidence(nomination: Nomination, kind: str, item: int = 1) -> ResponseReturnValue:
    """The form of one kind as it is stored; `?add=1` puts a blank line at the end."""
    desk = desk_of(nomination, kind)
    page = _page(desk, item, blank="add" in request.args and frame.editable(nomination))
    return _show(desk, page, desk.form(page.keys, sent=False, page=page.number))


@bp.post("/nominations/<ref>/evidence/<kind>")
@bp.post("/nominations/<ref>/evidence/<kind>/<int:item>")
@allowed(Act.SEE_DRAFT, nomination=queries.get_nomination)
def save_evidence(nomination: Nomination, kind: str, item: int = 1) -> ResponseReturnValue:
    """Save the page, with the files chosen on it; whatever is refused stays on the page as it was typed.

    The address is open to whoever may see the draft, so that a refusal (too late, stale, not readable) can still show
    what was typed; the right to edit is asked for before anything is stored.
    """
    know(OF_DOCUMENTS)
    desk = desk_of(nomination, kind)
    form = desk.form(sent_line_keys(desk.spec) if desk.spec else (), sent=True, page=item)
    readable = form.validate()
    page = Page(item, max(item, _page_count(desk)), tuple(form.line_keys))
    if request.form.get("do") == "calculate":
        return _show(desk, page, form, panel=_typed_panel(desk, form), typed=True)
    expected, ref = form.expected_version, nomination.ref
    try:
        require(Act.EDIT_NOMINATION, nomination)
        if not frame.editable(nomination):
            raise service.NominationSent
        refusals = receive(nomination, desk.kind, chosen_files()) if chosen_files() else []
        if not readable:
            db.session.rollback()
            desk = desk_of(queries.get_nomination(ref), kind)
            return _show(desk, page, form, 422, panel=_typed_panel(desk, form), refusals=refusals, typed=True)
        saved = service.save_evidence(
            nomination,
            desk.kind,
            _new_data(desk, form),
            note=form.note.data or "",
            explanation_reason=form.explanation_reason.data or "",
            explanation=form.explanation.data or "",
            completed=form.completed.data == "yes",
            expected=expected,
            seen=[key for key, _spec, _field in form.entries],
            actor=current_actor(),
            at=frame.moment_of(nomination),
        )
    except LATE_OR_STALE as refusal:
        db.session.rollback()
        return _refused(queries.get_nomination(ref), kind, page, form, refusal)
    db.session.commit()
    if refusals:
        desk = desk_of(queries.get_nomination(ref), kind)
        form.version.data = str(saved.version)
        return _show(desk, page, form, refusals[0].status, refusals=refusals, typed=True)
    at = moment(frame.moment_of(nomination), nomination.category.cycle.timezone, "short", seconds=True)
    flash(_("Saved on the server %(time)s", time=at), "ok")
    return redirect(_next(desk, saved, item), 303)


@bp.post("/nominations/<ref>/documents")
@allowed(Act.UPLOAD, nomination=queries.get_nomination)
@once
def upload(nomination: Nomination) -> ResponseReturnValue:
    """Receive files under the kind that the form names, then show its page again."""
    require_nominee(nomination)
    name, ref = request.form.get("kind", ""), nomination.ref
    desk = desk_of(nomination, name)
    files = chosen_files()
    refusals = receive(nomination, desk.kind, files) if files else [NoFileChosen()]
    if refusals:
        desk = desk_of(queries.get_nomination(ref), name)
        page = _page(desk, 1, blank=False)
        return _show(
            desk, page, desk.form(page.keys, sent=False, page=page.number), refusals[0].status, refusals=refusals
        )
    flash(_("Received and stored. The receipt stands beside the document."), "ok")
    return redirect(url_for("nominations.evidence", ref=ref, kind=name) + "#documents", 303)


@bp.post("/nominations/<ref>/evidence/<kind>/arithmetic")
@allowed(Act.SEE_DRAFT, nomination=queries.get_nomination)
def calculate(nomination: Nomination, kind: str) -> ResponseReturnValue:
    """The arithmetic of what is typed now, as a fragment of the page; nothing is stored."""
    know(OF_DOCUMENTS)
    desk = desk_of(nomination, kind)
    form = desk.form(sent_line_keys(desk.spec) if desk.spec else (), sent=True)
    form.validate()
    db.session.rollback()
    return render_template("nominations/_arithmetic.html", panel=_typed_panel(desk, form))


def _typed_panel(desk: Desk, form: EvidenceForm) -> Panel:
    return desk.panel(_new_data(desk, form), form.unreadable)


def _new_data(desk: Desk, form: EvidenceForm) -> dict[str, Any]:
    if desk.spec is None:
        return {}
    removed = request.form.get("do", "").removeprefix("remove:") if request.form.get("do") else None
    return merged(desk.spec, desk.data, form, without=removed)


def _page(desk: Desk, number: int, *, blank: bool) -> Page:
    if desk.spec is None:
        page = Page(1, 1, ()) if number == 1 else None
    else:
        page = page_of(desk.spec, desk.data, number, blank=blank)
    if page is None:
        raise NotFound
    return page


def _page_count(desk: Desk) -> int:
    if desk.spec is None or desk.spec.lines is None:
        return 1
    return max(1, -(-len(lines_of(desk.data)) // desk.spec.lines.max_per_page))


def _next(desk: Desk, saved: EvidenceItem, item: int) -> str:
    """Where a saved page leads: a new line, the next page of lines, the list when completed, else the same page."""
    place: dict[str, Any] = {"ref": desk.file.nomination.ref, "kind": page_name(desk.kind)}
    size = desk.spec.lines.max_per_page if desk.spec is not None and desk.spec.lines is not None else 1
    count = len(lines_of(saved.data))
    do = request.form.get("do", "")
    if do == "add":
        number = count // size + 1
        return url_for("nominations.evidence", **place, **_item(number), add=1)
    if do == "next" and item * size < count:
        return url_for("nominations.evidence", **place, item=item + 1)
    if saved.completed and not do:
        return url_for("nominations.task_list", ref=desk.file.nomination.ref)
    last = max(1, -(-count // size))
    number = min(item, last)
    return url_for("nominations.evidence", **place, **_item(number))


def _item(number: int) -> dict[str, Any]:
    return {"item": number} if number > 1 else {}


def _refused(
    nomination: Nomination, kind: str, page: Page, form: EvidenceForm, refusal: ParitranaError
) -> ResponseReturnValue:
    """The page with what was typed; after a stale version the stored figures stand beside it."""
    desk = desk_of(nomination, kind)
    form.refuse(frame.in_zone(refusal, nomination))
    conflict = []
    if isinstance(refusal, StaleVersion):
        conflict = _both_versions(desk, form)
        form.version.data = str(desk.item.version if desk.item is not None else 0)
    return _show(desk, page, form, refusal.status, panel=_typed_panel(desk, form), conflict=conflict, typed=True)


def _both_versions(desk: Desk, form: EvidenceForm) -> list[tuple[str, str, str]]:
    """What differs between the typed page and the stored one: label, typed, stored."""
    stored = desk.form(form.line_keys, sent=False)
    rows = []
    for key, spec, field in form.entries:
        mine, theirs = form.values()[key], stored.values()[key]
        if mine != theirs or field.errors:
            label = _(spec.label) if not spec.group else f"{_(spec.group)}: {_(spec.label)}"
            shown = str(field._value()) if field.errors else frame.written(spec, mine)
            rows.append((label, shown, frame.written(spec, theirs)))
    for name in ("note", "explanation"):
        if (form[name].data or "") != (stored[name].data or ""):
            rows.append((str(form[name].label.text), form[name].data or "–", stored[name].data or "–"))
    return rows


def _show(
    desk: Desk,
    page: Page,
    form: EvidenceForm,
    status: int = 200,
    *,
    panel: Panel | None = None,
    conflict: Sequence[tuple[str, str, str]] = (),
    refusals: Sequence[ParitranaError] = (),
    typed: bool = False,
) -> ResponseReturnValue:
    file, nomination = desk.file, desk.file.nomination
    file_problems = [sentence(refusal) for refusal in refusals]
    problems = [*form.problems, *(("files", said) for said in file_problems)]
    indicators = indicators_of(file.rubric, desk.kind)
    title = frame.kind_title(desk.kind) or own(indicators[0], "title")
    groups = _groups(desk, form)
    return frame.show(
        "nominations/evidence.html",
        nomination,
        title,
        status,
        desk=desk,
        form=form,
        page_of_lines=page,
        problems=problems,
        file_problems=file_problems,
        conflict=conflict,
        panel=panel or desk.panel(desk.data),
        standing=standing(file.rubric, desk.kind, file.items, file.attachments, file.context),
        indicators=indicators,
        groups=groups,
        parts=_parts(desk, groups) if frame.editable(nomination) else (),
        requirements=requirements_of(file.rubric, desk.kind),
        typed=typed,
        written=frame.written,
        twelve_months=payments.MONTHS,
        twelve=months_of(desk.kind, desk.data),
        lock=frame.lock_of(file),
        can_fill=frame.editable(nomination),
        can_upload=frame.uploadable(nomination),
        unfinished=_unfinished(desk),
        largest=current_app.extensions["settings"].max_file_bytes,
        kind_in_address=page_name(desk.kind),
        input_name=input_name,
    )


@dataclass(frozen=True)
class Unfinished:
    """A file on its way, as the page shows it."""

    ref: str
    name: str
    size: int
    sha256: str
    declared_at: datetime
    percent: str


def _unfinished(desk: Desk) -> list[Unfinished]:
    """The files under this kind that are announced and not all here."""
    store = blob_store()
    return [
        Unfinished(
            one.ref, one.name, one.size, one.sha256, one.declared_at,
            f"{min(99, 100 * store.part_size(one.ref) // one.size)}%",
        )
        for one in desk.file.announced
        if one.kind == desk.kind
    ]  # fmt: skip


@dataclass(frozen=True)
class Part:
    """One part of a long form in the index above it: where it stands, and what of it is on the server."""

    place: str
    title: str
    said: str
    whole: bool


def _parts(desk: Desk, groups: Sequence[tuple[str, Any]]) -> list[Part]:
    """The parts of a form that is longer than a few screens; none of a short one."""
    if len(groups) < LONG:
        return []
    saved = fields_of(desk.data)
    found = []
    for no, (heading, entries) in enumerate(groups, start=1):
        needed = [key for key, spec, _field in entries if spec.required]
        there = sum(1 for key in needed if saved.get(key) not in (None, ""))
        said = _("Entries %(n)s of %(total)s", n=number(there), total=number(len(needed))) if needed else ""
        title = str(_(heading)) if heading else _("Figures")
        found.append(Part(f"part-{no}", title, said, bool(needed) and there == len(needed)))
    if desk.spec is not None and desk.spec.lines is not None:
        found.append(Part("lines", str(_(desk.spec.lines.title)), number(len(lines_of(desk.data))), False))
    asked = [one["code"] for one in requirements_of(desk.file.rubric, desk.kind)]
    attached = {one.requirement for one in desk.file.attachments if one.kind == desk.kind}
    there = sum(1 for code in asked if code in attached)
    said = _("Documents %(n)s of %(total)s", n=number(there), total=number(len(asked))) if asked else ""
    return [*found, Part("documents", _("Documents"), said, bool(asked) and there == len(asked))]


def _groups(desk: Desk, form: EvidenceForm) -> list[tuple[str, list[tuple[str, Any, Any]]]]:
    """The single fields under their headings, in order: (heading, [(figure key, specification, input)])."""
    groups: dict[str, list[tuple[str, Any, Any]]] = {}
    for key, spec, field in form.entries:
        if not key.startswith("lines."):
            groups.setdefault(spec.group, []).append((key, spec, field))
    return list(groups.items())
