"""Field visits: the record with its photos, and the form of a verifier who was there."""

from collections.abc import Mapping, Sequence

import structlog
from flask import current_app, g, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.datastructures import FileStorage

from paritrana.accounts.once import once
from paritrana.core.errors import BadInput, MissingReason, NotFound, ParitranaError
from paritrana.core.filetypes import JPEG, PNG, FileTypeRefused, display_name, kind_by_name
from paritrana.core.policy import Act, Role
from paritrana.core.words import N_
from paritrana.database import db
from paritrana.files.previews.queries import get_preview
from paritrana.files.previews.web import ask_for_previews, send_preview
from paritrana.files.service import Kept, keep_upload, row_of
from paritrana.files.web import blob_store
from paritrana.nominations.models import Nomination
from paritrana.nominations.rows import page_name
from paritrana.verification import queries, service
from paritrana.verification.models import FieldVisit
from paritrana.verification.service import MAX_PHOTOS, MAX_PLACE, MAX_TEXT, PHOTOS, Photo, Visited
from paritrana.verification.views.frame import (
    READERS,
    bp,
    case_here,
    check_reader,
    may_read,
    moment_in,
    show,
    stored,
    whole_number,
)
from paritrana.verification.visits import get_visit, visits_of
from paritrana.web import formats
from paritrana.web.access import allowed, ask, current_actor, may, now, require
from paritrana.web.forms import DayField, Form, LongTextField, TextField, required
from paritrana.web.template_filters import current_language, sentence

log = structlog.get_logger("evidence")


class PhotoRefused(FileTypeRefused):
    """A file that is no photo among the photos of a visit."""

    code = "photo_type"
    message = N_("%(name)s: choose a JPG or PNG")


class PhotosUnsaid(BadInput):
    """Photos came without a word on what they show."""

    code = "photos_unsaid"
    message = N_("Write what the photos show, also for people who do not see them.")


class NoPhotoChosen(BadInput):
    """The form for more photos came without one."""

    code = "no_photo"
    message = N_("Choose a photo, then press the button again.")


class PhotosForm(Form):
    """What the photos show that come with it."""

    shows = TextField(_l("What the photos show"), max_length=MAX_PLACE)


class VisitForm(PhotosForm):
    """A visit; what was seen comes as one text per item, named by `seen_name`."""

    place = TextField(_l("Place visited"), [required()], max_length=MAX_PLACE)
    on = DayField(_l("Date of the visit"), [required()])
    offices = LongTextField(_l("Offices met"), [required()])


# Where the sentence of a refusal stands: the input it is about.
_PLACES = {
    "visit_in_future": "on-day", "visit_too_early": "on-day", "nothing_seen": "seen", "photos_unsaid": "shows",
    "no_photo": "photos", "too_many_photos": "photos",
}  # fmt: skip


@bp.get("/verification/<ref>/visits")
@allowed(Act.SEE_NOMINATION, nomination=queries.get_sent_nomination)
def visits(nomination: Nomination) -> ResponseReturnValue:
    """The visits, and for verifiers the form of the next one. An auditor says why."""
    role = _check_reader(nomination)
    if role is not Role.AUDITOR and not may_read(nomination, role):
        return redirect(url_for("verification.overview", ref=nomination.ref), 303)
    corrects = whole_number(request.args.get("corrects"))
    old = next((one for one in visits_of(nomination) if one.row.no == corrects and one.corrected_by is None), None)
    if old is None:
        return _page(nomination, VisitForm(formdata=None))
    row = old.row
    form = VisitForm(formdata=None, data={"place": row.place, "on": row.visited_on, "offices": row.offices})
    return _page(nomination, form, seen=row.seen, corrects=row.no)


@bp.post("/verification/<ref>/visits")
@allowed(Act.VERIFY, nomination=queries.get_sent_nomination)
@once
def record_visit(nomination: Nomination) -> ResponseReturnValue:
    """Write down a visit with its photos, whole or not at all; a refusal gives everything typed back."""
    ref, case, form = nomination.ref, case_here(nomination), VisitForm()
    typed = {one.kind: request.form.get(seen_name(one.kind), "") for one in case.items}
    corrects = whole_number(request.form.get("corrects"))
    readable = form.validate()
    problems = [
        (f"seen-{page_name(kind)}", _longer(text)) for kind, text in typed.items() if len(text.strip()) > MAX_TEXT
    ]
    files = _chosen()
    if files and not (form.shows.data or "").strip():
        problems.append(_placed(PhotosUnsaid()))
    if not readable or problems:
        return _page(nomination, form, seen=typed, corrects=corrects, problems=problems), 422
    try:
        photos, refusals = _received(nomination, files, form.shows.data or "")
        nomination = queries.get_sent_nomination(ref)
        if refusals:
            found = [("photos", sentence(one)) for one in refusals]
            return _page(nomination, form, seen=typed, corrects=corrects, problems=found), refusals[0].status
        said = Visited(form.place.data or "", form.on.data, form.offices.data or "", typed, corrects or None, photos)
        visit = service.record_visit(nomination, said, actor=current_actor(), at=moment_in(nomination.category))
        if photos:
            ask_for_previews()
    except ParitranaError as refusal:
        db.session.rollback()
        found = [_placed(refusal)]
        nomination = queries.get_sent_nomination(ref)
        return _page(nomination, form, seen=typed, corrects=corrects, problems=found), refusal.status
    to = f"{url_for('verification.visits', ref=ref)}#visit-{visit.no}"
    return stored(to, _("The visit is recorded."))


@bp.post("/verification/<ref>/visits/<int:no>/photos")
@allowed(Act.VERIFY, visit=get_visit)
@once
def add_photos(visit: FieldVisit) -> ResponseReturnValue:
    """Add photos to a visit that is recorded."""
    nomination, no, form = visit.nomination, visit.no, PhotosForm()
    ref, files = nomination.ref, _chosen()
    refusals: Sequence[ParitranaError] = []
    if not files:
        refusals = [NoPhotoChosen()]
    elif not (form.shows.data or "").strip():
        refusals = [PhotosUnsaid()]
    if not form.validate() or refusals:
        found = [(f"{where}-{no}", said) for where, said in map(_placed, refusals)]
        return _page(nomination, VisitForm(formdata=None), adding=(no, form, found)), 422
    try:
        photos, refusals = _received(nomination, files, form.shows.data or "")
        if not refusals:
            at = moment_in(queries.get_sent_nomination(ref).category)
            service.add_photos(get_visit(ref, no), photos, actor=current_actor(), at=at)
            ask_for_previews()
    except ParitranaError as refusal:
        db.session.rollback()
        refusals = [refusal]
    if refusals:
        found = [(f"photos-{no}", sentence(one)) for one in refusals]
        nomination = queries.get_sent_nomination(ref)
        return _page(nomination, VisitForm(formdata=None), adding=(no, form, found)), refusals[0].status
    return stored(f"{url_for('verification.visits', ref=ref)}#visit-{no}", _("The photos are added."))


@bp.get("/verification/<ref>/visits/<int:no>/photos/<int:photo>")
@allowed(Act.DOWNLOAD_EVIDENCE, visit=get_visit)
def visit_photo(visit: FieldVisit, photo: int) -> ResponseReturnValue:
    """The picture of a photo, made anew without what the camera noted; every view is logged, without names."""
    role = require(Act.DOWNLOAD_EVIDENCE, visit).role
    if role not in {*READERS, Role.AUDITOR}:
        raise NotFound  # the nominee reads its own nomination, not what verifiers note of it
    reason = request.args.get("reason", "").strip()
    if role is Role.AUDITOR and not reason:
        raise MissingReason
    found = next((one for one in visit.photos if one.no == photo), None)
    if found is None:
        raise NotFound
    answer = send_preview(found.blob, get_preview(found.blob_id, 1))
    actor = current_actor()
    log.info(
        "evidence_viewed", account=actor.ref, person=actor.person_id, act=Act.DOWNLOAD_EVIDENCE.value,
        object=f"{visit.nomination.ref}/visits/{visit.no}/{found.no}", result=answer.status_code,
        source=request.remote_addr, reason=bool(reason),
    )  # fmt: skip
    return answer


def seen_name(kind: str) -> str:
    """The name and id of the input for what was seen of a kind of evidence."""
    return f"seen-{page_name(kind)}"


def _check_reader(nomination: Nomination) -> Role:
    """The role in which the record is read. Raises `NotFound` for the nominee, `MissingReason` for an auditor."""
    if ask(Act.SEE_NOMINATION, nomination).role is not Role.AUDITOR:
        return check_reader(nomination)
    if not request.args.get("reason", "").strip():
        raise MissingReason
    return Role.AUDITOR


def _chosen() -> list[FileStorage]:
    """The photos that came; the input of a camera has the same name as the one for files."""
    return [file for file in request.files.getlist("photos") if file.filename]


def _received(
    nomination: Nomination, files: Sequence[FileStorage], shows: str
) -> tuple[list[Photo], list[ParitranaError]]:
    """The photos, looked at and on disk before the writing transaction begins; every refusal is gathered.

    They lie in the folder of the candidate's organisation, like all that is about it. The right is asked for again
    afterwards, because receiving takes long.
    """
    if len(files) > MAX_PHOTOS:
        return [], [service.TooManyPhotos(limit=MAX_PHOTOS)]
    organisation_id, ref = nomination.organisation_id, nomination.ref
    kept: list[Kept] = []
    refusals: list[ParitranaError] = []
    db.session.rollback()
    for file in files:
        try:
            name = display_name(file.filename)
            if kind_by_name(name).media_type not in PHOTOS:
                raise FileTypeRefused(name=name)
            kept.append(
                keep_upload(
                    file.stream, filename=name, organisation_id=organisation_id, store=blob_store(),
                    max_bytes=current_app.extensions["settings"].max_file_bytes, declared_type=file.mimetype,
                )
            )  # fmt: skip
        except BadInput as refusal:
            refusals.append(PhotoRefused(**refusal.params) if refusal.code == FileTypeRefused.code else refusal)
    g.pop("actor", None)
    if require(Act.UPLOAD, queries.get_sent_nomination(ref)).role is not Role.VERIFIER:
        raise NotFound
    return ([] if refusals else [Photo(row_of(one, at=now()), one.name, shows) for one in kept]), refusals


def _page(
    nomination: Nomination,
    form: VisitForm,
    *,
    seen: Mapping[str, str] | None = None,
    corrects: int = 0,
    problems: Sequence[tuple[str, str]] = (),
    adding: tuple[int, PhotosForm, Sequence[tuple[str, str]]] | None = None,
) -> str:
    case = case_here(nomination)
    first = service.first_day(nomination)
    said = [*form.problems, *problems]
    if adding is not None:
        said += [(f"{name}-{adding[0]}" if name else "", text) for name, text in adding[1].problems] + [*adding[2]]
    return show(
        "visits.html",
        nomination,
        case=case,
        visits=visits_of(nomination),
        form=form,
        seen=seen or {},
        seen_name=seen_name,
        corrects=corrects,
        working=may(Act.VERIFY, nomination) and case.state == "open",
        add_form=PhotosForm(formdata=None),
        adding=adding,
        problems=said,
        errors_at=lambda name: [text for where, text in problems if where == name],
        first_day=formats.day(first, current_language()) if first is not None else "",
        accept=f"{JPEG.media_type},{PNG.media_type}",
        most_photos=MAX_PHOTOS,
        reason=request.args.get("reason", "").strip(),
    )


def _placed(refusal: ParitranaError) -> tuple[str, str]:
    return _PLACES.get(refusal.code, ""), sentence(refusal)


def _longer(text: str) -> str:
    said: str = _(
        "What was seen has %(length)s characters. Shorten it to %(limit)s.",
        length=formats.number(len(text.strip()), current_language()),
        limit=formats.number(MAX_TEXT, current_language()),
    )
    return said
