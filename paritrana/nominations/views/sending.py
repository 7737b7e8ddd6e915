"""Check, send, receipt, and taking a sent nomination back."""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from flask import current_app, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from paritrana.accounts.once import once
from paritrana.core.errors import NotFound, ParitranaError
from paritrana.core.evidence import KINDS
from paritrana.core.evidence.stored import entries
from paritrana.core.policy import Act
from paritrana.core.words import N_
from paritrana.database import db
from paritrana.files.previews.web import ask_for_previews
from paritrana.nominations import queries, receipts, service
from paritrana.nominations.forms import SendForm, lines_of
from paritrana.nominations.models import Attachment, Nomination, NominationRevision
from paritrana.nominations.queries import NominationFile
from paritrana.nominations.rows import Standing, kinds_asked, page_name, requirements_of
from paritrana.nominations.views import frame, signed
from paritrana.nominations.views.frame import bp
from paritrana.nominations.views.lists import eligibility_row, evidence_views
from paritrana.web.access import allowed, current_actor, may, now
from paritrana.web.template_filters import moment, number, own, quantity, sentence, translated

View = Callable[..., ResponseReturnValue]

ORDER = ("problem", "attention", "open", "doing", "done")


@dataclass(frozen=True)
class Section:
    """One kind of evidence on the check page."""

    title: str
    url: str
    standing: Standing
    groups: list[tuple[str, list[tuple[str, str]]]]
    documents: list[tuple[Attachment, str]]
    asks: list[str]


class StaysSent(ParitranaError):
    """A nomination is taken back after the deadline. Params: `time` (the deadline), `time2` (when the wish came)."""

    code = "stays_sent"
    message = N_("Entry closed %(time)s, and this came %(time2)s. The nomination stays sent and cannot be taken back.")


def said_on_the_page(late: type[ParitranaError] = frame.CameLate) -> Callable[[View], View]:
    """Have a refusal of the stage said on the check page: who comes after the deadline reads both times there.

    `late` is what is said after the deadline; its params are those of `CameLate`.
    """

    def declare(view: View) -> View:
        @functools.wraps(view)
        def shown(**values: Any) -> ResponseReturnValue:
            try:
                return view(**values)
            except frame.LATE as refusal:
                db.session.rollback()
                nomination, form = queries.get_nomination(values["ref"]), SendForm(formdata=None)
                said = frame.in_zone(refusal, nomination)
                form.refuse(late(**said.params) if isinstance(said, frame.CameLate) else said)
                return _check(queries.file_of(nomination), form, refusal.status)

        return shown

    return declare


@bp.get("/nominations/<ref>/check")
@allowed(Act.SEE_DRAFT, nomination=queries.get_nomination)
def check(nomination: Nomination) -> ResponseReturnValue:
    """Everything that would be sent, problems first, and the button that sends it."""
    return _check(queries.file_of(nomination), SendForm(formdata=None, version=str(nomination.version)))


@bp.post("/nominations/<ref>/submit")
@said_on_the_page()
@allowed(Act.SUBMIT, nomination=queries.get_nomination)
@once
def submit(nomination: Nomination) -> ResponseReturnValue:
    """Send the nomination; a second press gets the same receipt."""
    form, ref = SendForm(), nomination.ref
    if not form.validate() or not request.form.get("statement"):
        return _check(queries.file_of(nomination), form, 422, unstated=True)
    try:
        service.submit(nomination, actor=current_actor(), at=frame.moment_of(nomination))
        ask_for_previews()
    except (service.NotComplete, service.NominationSent, service.EntryClosed, service.NothingSavedYet) as refusal:
        db.session.rollback()
        form.refuse(frame.in_zone(refusal, nomination))
        return _check(queries.file_of(queries.get_nomination(ref)), form, refusal.status)
    db.session.commit()
    return redirect(url_for("nominations.receipt", ref=ref), 303)


@bp.post("/nominations/<ref>/take-back")
@said_on_the_page(StaysSent)
@allowed(Act.TAKE_BACK, nomination=queries.get_nomination)
@once
def take_back(nomination: Nomination) -> ResponseReturnValue:
    """Make a sent nomination a draft again before the deadline."""
    ref = nomination.ref
    service.take_back(nomination, actor=current_actor(), at=frame.moment_of(nomination))
    db.session.commit()
    flash(_("The nomination is a draft again and is not sent. What was sent before stays on record."), "attention")
    return redirect(url_for("nominations.task_list", ref=ref), 303)


@bp.get("/nominations/<ref>/receipt")
@allowed(Act.SEE_DRAFT, nomination=queries.get_nomination)
def receipt(nomination: Nomination) -> ResponseReturnValue:
    """The receipt of the latest sent revision. Raises `NotFound` before the first."""
    revision = _sent(nomination)
    category, zone = nomination.category, nomination.category.cycle.timezone
    link = current_app.extensions["settings"].base_url + url_for("nominations.receipt", ref=nomination.ref)
    text = _(
        "Nomination %(name)s (%(category)s, %(year)s) sent %(time)s. Number %(number)s. Check: %(link)s",
        name=nomination.organisation.name,
        category=own(category, "title"),
        year=category.cycle.assessment_year,
        time=moment(revision.submitted_at, zone, "short"),
        number=revision.receipt_no,
        link=link,
    )
    return frame.show(
        "nominations/receipt.html",
        nomination,
        _("Receipt of the nomination"),
        revision=revision,
        digest=frame.digest_parts(revision.digest),
        documents=revision.content["attachments"],
        share=text,
        share_url=f"https://wa.me/?text={quote(text)}",
        steps=[
            (name, at)
            for name, at in (
                (_("Entry closes"), category.closes_at),
                (_("Verification until"), category.verification_until),
                (_("Interviews until"), category.interviews_until),
                (_("Planned publication"), category.publication_planned),
            )
            if at is not None
        ],
    )


@bp.get("/nominations/<ref>/receipt.json")
@allowed(Act.SEE_DRAFT, nomination=queries.get_nomination)
def receipt_json(nomination: Nomination) -> ResponseReturnValue:
    """The signed receipt of the latest sent revision, for programs. Raises `NotFound` before the first."""
    revision = _sent(nomination)
    return signed.as_json(receipts.of_revision(revision, now()), revision.receipt_no)


@bp.get("/nominations/<ref>/receipt.pdf")
@allowed(Act.SEE_DRAFT, nomination=queries.get_nomination)
def receipt_pdf(nomination: Nomination) -> ResponseReturnValue:
    """The signed receipt of the latest sent revision, for paper. Raises `NotFound` before the first."""
    revision = _sent(nomination)
    return signed.as_paper(
        receipts.of_revision(revision, now()),
        nomination,
        title=_("Receipt of the nomination"),
        number=revision.receipt_no,
        rows=[(_("Sent by"), revision.submitted_by_name), (_("Revision"), number(revision.no))],
    )


def _sent(nomination: Nomination) -> NominationRevision:
    revision = queries.current_revision(nomination)
    if revision is None:
        raise NotFound
    return revision


def _check(file: NominationFile, form: SendForm, status: int = 200, *, unstated: bool = False) -> ResponseReturnValue:
    nomination = file.nomination
    standings = file.standings()
    rows = [eligibility_row(file), *evidence_views(file, standings)]
    found = [
        (
            translated(one.message, one.params),
            url_for("nominations.eligibility", ref=nomination.ref)
            if one.place == "eligibility"
            else url_for("nominations.evidence", ref=nomination.ref, kind=page_name(one.place)),
        )
        for one in (file.blockers if nomination.state == "draft" else [])
    ]
    problems = list(form.problems)
    if unstated:
        problems.append(("statement", _("Tick the statement, then send the nomination.")))
    return frame.show(
        "nominations/check.html",
        nomination,
        _("Check, then send the nomination"),
        status,
        form=form,
        problems=problems,
        unstated=unstated,
        blockers=found,
        rows=sorted(rows, key=lambda row: ORDER.index(row.state)),
        sections=sorted((_section(file, kind, standings[kind]) for kind in kinds_asked(file.rubric)), key=_urgency),
        gates=[(own(gate, "title"), file.statements.get(gate["code"])) for gate in file.rubric.gates],
        lock=frame.lock_of(file),
        can_send=nomination.state == "draft" and may(Act.SUBMIT, nomination),
    )


def _urgency(section: Section) -> int:
    return ORDER.index(section.standing.state)


def _section(file: NominationFile, kind: str, standing: Standing) -> Section:
    names = {document["code"]: own(document) for document in requirements_of(file.rubric, kind)}
    title = frame.kind_title(kind)
    if not title:
        row = next(one for one in file.rubric.indicators if kind.endswith(f":{one.code}"))
        title = f"{row.code} {own(row, 'title')}"
    return Section(
        title,
        url_for("nominations.evidence", ref=file.nomination.ref, kind=page_name(kind)),
        standing,
        _figures(file, kind, standing),
        [(one, names.get(one.requirement, _("Other document"))) for one in standing.documents],
        [f"{quantity(one.about)}. {sentence(one)}" if one.about else sentence(one) for one in standing.differences],
    )


def _figures(file: NominationFile, kind: str, standing: Standing) -> list[tuple[str, list[tuple[str, str]]]]:
    """What is filled in under a typed kind: (heading, [(label, value)]), lines numbered."""
    if kind not in KINDS or standing.item is None:
        return []
    spec, data = KINDS[kind], standing.item.data
    places = {line["key"]: number for number, line in enumerate(lines_of(data), start=1)}
    groups: dict[str, list[tuple[str, str]]] = {}
    context = file.context
    for key, field, value in entries(spec, data, election_held=context.election_held, candidate=context.candidate):
        heading = _(field.group) if field.group else ""
        if key.startswith("lines.") and spec.lines is not None:
            heading = f"{_(spec.lines.title)} {places[key.split('.')[1]]}"
        groups.setdefault(heading, []).append((_(field.label), frame.written(field, value)))
    return list(groups.items())
