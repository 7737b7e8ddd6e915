"""The pages on which organisers write templates, look at papers as they will be printed, and decide on spellings."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from flask import Blueprint, Response, current_app, flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from paritrana.certificates.editor import queries, sample, service
from paritrana.certificates.editor.fitting import Fitting, fit_all
from paritrana.certificates.editor.forms import (
    COLOUR_NAMES,
    DESIGN_NAMES,
    FIELD_NAMES,
    LANGUAGE_NAMES,
    PAPER_NAMES,
    PLACE_NAMES,
    TEXT_NAMES,
    AnswerForm,
    TemplateForm,
    template_form,
)
from paritrana.certificates.models import CertificateImage, CertificateTemplateVersion
from paritrana.certificates.templating import document_in_use, store_template
from paritrana.core.certificates import (
    FIELDS,
    KIND_NAMES,
    LANGUAGES,
    MOST_SIGNATORIES,
    PLACES,
    TEXTS,
    BadTemplate,
    Kind,
    Words,
    read_template,
)
from paritrana.core.certificates import UnknownField as UnknownTextField
from paritrana.core.errors import NotFound, ParitranaError, StaleVersion
from paritrana.core.filetypes import FileNameMissing
from paritrana.core.policy import Act
from paritrana.cycles.models import Cycle
from paritrana.cycles.queries import cycle_time, get_cycle
from paritrana.database import db
from paritrana.paper import NotPrintable
from paritrana.web.access import allowed, current_actor, may, now
from paritrana.web.fields import know
from paritrana.web.forms import Form
from paritrana.web.template_filters import moment, sentence

bp = Blueprint("certificate_templates", __name__, template_folder="templates")

PICTURE: Final = "picture"
ROWS: Final = 100  # of the field check on one page
WORDS: Final[Mapping[str, Any]] = {
    "kinds": KIND_NAMES, "designs": DESIGN_NAMES, "colours": COLOUR_NAMES, "papers": PAPER_NAMES,
    "languages": LANGUAGE_NAMES, "places": PLACE_NAMES, "texts": TEXT_NAMES, "fields": FIELD_NAMES,
}  # fmt: skip


@dataclass(frozen=True)
class Desk:
    """A kind of paper, or the paper of one title, as it is written for a cycle."""

    cycle: Cycle
    kind: Kind
    title: Words | None
    templates: queries.Templates
    images: Sequence[CertificateImage]

    @property
    def title_id(self) -> str:
        """The Indonesian title, empty where the template is for all of its kind."""
        return "" if self.title is None else self.title.id

    @property
    def own(self) -> CertificateTemplateVersion | None:
        """What this cycle wrote for it."""
        return self.templates.own(self.kind, self.title_id)

    @property
    def place(self) -> dict[str, Any]:
        """What its addresses carry."""
        return {"cycle": self.cycle.code, "kind": self.kind.value} | ({"title": self.title_id} if self.title else {})


# The list -------------------------------------------------------------------------------------------------------------


@bp.get("/manage/<cycle>/certificates/templates")
@allowed(Act.MANAGE_CYCLE, cycle=get_cycle)
def templates(cycle: Cycle) -> ResponseReturnValue:
    """Which template each kind of paper of a cycle has."""
    found, titles = queries.templates_for(cycle), queries.titles_of(cycle)
    rows = [
        (Desk(cycle, kind, None, found, ()), [Desk(cycle, kind, one, found, ()) for one in titles])
        if kind is Kind.WINNER
        else (Desk(cycle, kind, None, found, ()), [])
        for kind in Kind
    ]
    return _page(
        "certificates/editor/list.html", cycle, rows=rows, writes=may(Act.PREPARE_CERTIFICATE, cycle),
        waiting=len(queries.asked_in([cycle.id])),
    )  # fmt: skip


# Writing --------------------------------------------------------------------------------------------------------------


@bp.get("/manage/<cycle>/certificates/templates/<kind>")
@allowed(Act.PREPARE_CERTIFICATE, cycle=get_cycle)
def template(cycle: Cycle, kind: str) -> ResponseReturnValue:
    """A template to write on; without one of its own the cycle begins with the delivered one."""
    desk = _desk(cycle, kind)
    form = template_form(desk.images, version=_no(desk), document=_document(desk))
    return _editor(desk, form, preview=_preview(desk, _document(desk), "longest", ""))


@bp.post("/manage/<cycle>/certificates/templates/<kind>")
@allowed(Act.PREPARE_CERTIFICATE, cycle=get_cycle)
def save(cycle: Cycle, kind: str) -> ResponseReturnValue:
    """Store what was typed as a new version; the button of the preview only shows it."""
    desk, do = _desk(cycle, kind), request.form.get("do", "")
    form = template_form(desk.images)
    if not form.validate():
        return _editor(desk, form, 422)
    document = form.document(desk.kind)
    if do == "preview":
        return _editor(desk, form, preview=_typed_preview(desk, form))
    try:
        made = store_template(
            cycle, desk.kind, desk.title_id, document, expected=form.expected_version, actor=current_actor(),
            at=_at(cycle),
        )  # fmt: skip
    except (BadTemplate, UnknownTextField, NotPrintable) as refusal:
        form.refuse(refusal)
        return _editor(desk, form, refusal.status)
    except StaleVersion:
        db.session.rollback()
        return _stale(_desk(get_cycle(cycle.code), kind), form, document)
    no = made.no
    db.session.commit()
    flash(_("Saved as version %(no)s. Certificates that were issued keep theirs.", no=no), "ok")
    return redirect(url_for("certificate_templates.template", **_desk(cycle, kind).place), 303)


@bp.post("/manage/<cycle>/certificates/templates/<kind>/preview")
@allowed(Act.PREPARE_CERTIFICATE, cycle=get_cycle)
def preview(cycle: Cycle, kind: str) -> ResponseReturnValue:
    """The paper as it would be with what is typed now, as a fragment of the page; nothing is stored."""
    know(("do",))
    desk = _desk(cycle, kind)
    form = template_form(desk.images)
    shown = _typed_preview(desk, form) if form.validate() else {"problems": [said for _id, said in form.problems]}
    db.session.rollback()
    return render_template("certificates/editor/_preview.html", preview=shown, words=WORDS)


@bp.get("/manage/<cycle>/certificates/templates/<kind>/versions/<int:no>")
@allowed(Act.MANAGE_CYCLE, cycle=get_cycle)
def version(cycle: Cycle, kind: str, no: int) -> ResponseReturnValue:
    """One version that was stored, and what it looks like."""
    desk = _desk(cycle, kind)
    found = queries.get_version(cycle, desk.kind, desk.title_id, no)
    return _page(
        "certificates/editor/version.html", cycle, desk=desk, stored=found, rows=_rows(found.document, desk),
        preview=_preview(desk, found.document, "longest", ""), newest=_no(desk) == no,
        writes=may(Act.PREPARE_CERTIFICATE, cycle),
    )  # fmt: skip


def _stale(desk: Desk, form: TemplateForm, typed: Mapping[str, Any]) -> ResponseReturnValue:
    """Somebody else saved meanwhile: both are shown, and the next press of the button stores this one."""
    stored = desk.own
    assert stored is not None  # noqa: S101 - a version that came meanwhile is there
    form.refuse(
        StaleVersion(
            who=stored.maker.name if stored.maker else "Paritrana",
            time=moment(stored.made_at, desk.cycle.timezone, "short"),
        )
    )
    form.version.data = str(stored.no)
    theirs, mine = _rows(stored.document, desk), _rows(typed, desk)
    conflict = [(name, before, after) for (name, before), (_same, after) in zip(theirs, mine, strict=True)
                if before != after]  # fmt: skip
    return _editor(desk, form, 409, conflict=conflict)


def _rows(document: Mapping[str, Any], desk: Desk) -> list[tuple[str, str]]:
    """Everything that a template says, as names and values for a table; as many rows for every template."""
    names = {one.sha256: one.name for one in desk.images}
    template = read_template(document)
    languages = ",".join(template.languages)
    rows = [
        (_("Paper"), _(PAPER_NAMES[template.paper])),
        (_("Design"), _(DESIGN_NAMES[template.design])),
        (_("Colours"), _(COLOUR_NAMES[template.colours])),
        (_("Languages"), _(LANGUAGE_NAMES[languages])),
        (_("Picture in place of the design"), names.get(template.background, "–")),
    ]
    for name in TEXTS:
        rows += [
            (_("%(text)s in Indonesian", text=_(TEXT_NAMES[name])), template.texts[name].id or "–"),
            (_("%(text)s in English", text=_(TEXT_NAMES[name])), template.texts[name].en or "–"),
        ]
    rows.append((_("Place of issue"), template.place or "–"))
    for no in range(MOST_SIGNATORIES):
        one = template.signatories[no] if no < len(template.signatories) else None
        said = [one.name, one.office.id, one.office.en, names.get(one.image, "")] if one else []
        rows.append((_("Signatory %(no)s", no=no + 1), ", ".join(part for part in said if part) or "–"))
    logos = {one.place: names.get(one.image, "–") for one in template.logos}
    rows += [(_(PLACE_NAMES[place]), logos.get(place, "–")) for place in PLACES]
    return rows


# Previews -------------------------------------------------------------------------------------------------------------


def _typed_preview(desk: Desk, form: TemplateForm) -> dict[str, Any]:
    return _preview(desk, form.document(desk.kind), form.name.data or "longest", form.typed.data or "")


def _preview(desk: Desk, document: Mapping[str, Any], which: str, typed: str) -> dict[str, Any]:
    """The paper of a recipient as a picture with its words, or the sentence that says why there is none."""
    try:
        template = read_template(document)
        recipient = _recipient(desk, which, typed)
        facts = sample.facts_of(
            desk.kind, recipient, desk.cycle, _at(desk.cycle), title=desk.title,
            rank=next((rank for rank, one in recipient.titles.items() if desk.title and one.id == desk.title.id), None),
        )  # fmt: skip
        images = queries.contents(desk.cycle, template.images)
        png, places = sample.picture(template, images, facts, _sample_desk())
    except ParitranaError as refusal:
        return {"problems": [sentence(refusal)]}
    return {"picture": sample.data_url(png), "recipient": recipient.name, "places": places, "problems": []}


def _recipient(desk: Desk, which: str, typed: str) -> queries.Recipient:
    """Whose paper is shown: the longest or the shortest name of the cycle, or a typed one."""
    people = queries.recipients(desk.cycle, desk.kind)
    in_order = sorted(people, key=lambda one: (len(one.name), one.name))
    nobody = queries.Recipient(_("Name of a recipient"), Words("Kategori", "Category"), {})
    if not in_order:
        first = next(iter(desk.cycle.categories), None)
        in_order = [nobody if first is None else
                    queries.Recipient(nobody.name, Words(first.title_id, first.title_en), {})]  # fmt: skip
    found = in_order[0] if which == "shortest" else in_order[-1]
    if which == "typed" and typed:
        return queries.Recipient(typed, found.category, found.titles)
    return found


def _sample_desk() -> sample.Desk:
    settings = current_app.extensions["settings"]
    return sample.Desk(settings.base_url, settings.operator_name)


# Pictures -------------------------------------------------------------------------------------------------------------


@bp.get("/manage/<cycle>/certificates/pictures")
@allowed(Act.PREPARE_CERTIFICATE, cycle=get_cycle)
def pictures(cycle: Cycle) -> ResponseReturnValue:
    """The logos, signatures and backgrounds of a cycle, and a place to add one."""
    return _pictures(cycle)


@bp.post("/manage/<cycle>/certificates/pictures")
@allowed(Act.PREPARE_CERTIFICATE, cycle=get_cycle)
def add_picture(cycle: Cycle) -> ResponseReturnValue:
    """Take in a picture."""
    file = request.files.get(PICTURE)
    try:
        if file is None:
            raise FileNameMissing
        image = service.add_image(cycle, file.stream, file.filename, actor=current_actor(), at=_at(cycle))
    except ParitranaError as refusal:
        db.session.rollback()
        return _pictures(get_cycle(cycle.code), sentence(refusal)), refusal.status
    name = image.name
    db.session.commit()
    flash(_("%(name)s can be chosen in every template of this cycle now.", name=name), "ok")
    return redirect(url_for("certificate_templates.pictures", cycle=cycle.code), 303)


@bp.get("/manage/<cycle>/certificates/pictures/<sha256>")
@allowed(Act.PREPARE_CERTIFICATE, cycle=get_cycle)
def one_picture(cycle: Cycle, sha256: str) -> Response:
    """The bytes of a picture, as this program wrote them."""
    found = queries.get_image(cycle, sha256)
    answer = make_response(bytes(found.content))
    answer.mimetype = found.media_type
    answer.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    return answer


def _pictures(cycle: Cycle, problem: str | None = None) -> str:
    return _page(
        "certificates/editor/pictures.html", cycle, images=queries.images_of(cycle), problem=problem,
        problems=[(PICTURE, problem)] if problem else [], field=PICTURE, form=Form(formdata=None),
    )  # fmt: skip


# The check of the fields ----------------------------------------------------------------------------------------------


@bp.get("/manage/<cycle>/certificates/check")
@allowed(Act.PREPARE_CERTIFICATE, cycle=get_cycle)
def check(cycle: Cycle) -> ResponseReturnValue:
    """How every name of the cycle fits its paper, problems first; and the spellings that wait for an answer."""
    return _check(cycle)


@bp.post("/manage/<cycle>/certificates/spellings/<ref>")
@allowed(Act.PREPARE_CERTIFICATE, cycle=get_cycle)
def answer(cycle: Cycle, ref: str) -> ResponseReturnValue:
    """Accept a spelling that a nominee asked for, or decline it with a reason."""
    form, do = AnswerForm(), request.form.get("do", "")
    if not form.validate() or do not in {"accept", "decline"}:
        return _check(cycle, form=form, of=ref), 422
    asked = queries.get_asked(cycle, ref)
    try:
        service.answer_spelling(
            asked, accepted=do == "accept", answer=form.answer.data or "", text=form.text.data or "",
            actor=current_actor(), at=_at(cycle),
        )  # fmt: skip
    except ParitranaError as refusal:
        db.session.rollback()
        form.refuse(refusal, form.answer)
        return _check(get_cycle(cycle.code), form=form, of=ref), refusal.status
    db.session.commit()
    flash(_("The spelling is accepted: it is printed from now on.") if do == "accept" else
          _("The spelling is declined. The nominee reads your reason."), "ok")  # fmt: skip
    return redirect(url_for("certificate_templates.check", cycle=cycle.code) + "#spellings", 303)


def _check(cycle: Cycle, *, form: AnswerForm | None = None, of: str = "") -> str:
    kind = next((one for one in Kind if one.value == request.args.get("kind", Kind.WINNER.value)), None)
    if kind is None:
        raise NotFound
    fittings = fit_all(cycle, kind, _at(cycle))
    page = max(1, request.args.get("page", 1, type=int) or 1)
    pages = max(1, -(-len(fittings) // ROWS))
    page = min(page, pages)
    return _page(
        "certificates/editor/check.html", cycle, kind=kind, kinds=list(Kind), rows=fittings[(page - 1) * ROWS:][:ROWS],
        counts=_counts(fittings), page_no=page, pages=pages, asked=queries.asked_in([cycle.id]), answered=form, of=of,
        blank=AnswerForm(formdata=None), form=form,
        problems=[(f"answer-{of}", said) for _id, said in form.problems] if form else [],
    )  # fmt: skip


def _counts(fittings: Sequence[Fitting]) -> Mapping[str, int]:
    found = {"refused": 0, "lines": 0, "smaller": 0, "full": 0}
    for one in fittings:
        found[one.how] += 1
    return found


# What all pages share -------------------------------------------------------------------------------------------------


def _desk(cycle: Cycle, kind: str) -> Desk:
    """What is written at an address. Raises `NotFound`."""
    found = next((one for one in Kind if one.value == kind), None)
    title_id = request.args.get("title", "")
    title = None
    if title_id:
        title = next((one for one in queries.titles_of(cycle) if one.id == title_id), None)
    if found is None or (title_id and (title is None or found is not Kind.WINNER)):
        raise NotFound
    return Desk(cycle, found, title, queries.templates_for(cycle), queries.images_of(cycle))


def _document(desk: Desk) -> Mapping[str, Any]:
    """What the page begins with."""
    return document_in_use(desk.templates, desk.kind, desk.title_id)


def _no(desk: Desk) -> int:
    """The number of the newest version of this cycle's own template, 0 without one."""
    return 0 if desk.own is None else desk.own.no


def _editor(
    desk: Desk, form: TemplateForm, status: int = 200, *, preview: Mapping[str, Any] | None = None,
    conflict: Sequence[tuple[str, str, str]] = (),
) -> ResponseReturnValue:  # fmt: skip
    own = desk.own
    return (
        _page(
            "certificates/editor/edit.html", desk.cycle, desk=desk, form=form, fields=FIELDS, texts=TEXTS,
            languages=LANGUAGES, logos=PLACES, signatories=range(MOST_SIGNATORIES), preview=preview or {"problems": []},
            conflict=conflict, history=queries.history(own.template) if own else (),
        ),
        status,
    )  # fmt: skip


def _page(template: str, cycle: Cycle, **context: Any) -> str:
    return render_template(template, cycle=cycle, simulated=cycle.simulated, words=WORDS, **context)


def _at(cycle: Cycle) -> datetime:
    return cycle_time(cycle, now())
