"""Documents: receiving, the receipt, the file itself, and taking one out of a draft."""

from collections.abc import Sequence

import structlog
from flask import current_app, flash, g, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from werkzeug.datastructures import FileStorage

from paritrana.config import Settings
from paritrana.core.errors import BadInput, MissingReason, NotFound, ParitranaError
from paritrana.core.filetypes import BY_MEDIA_TYPE, PICTURES
from paritrana.core.policy import Act, Role
from paritrana.core.words import N_
from paritrana.database import db
from paritrana.files.previews.web import ask_for_previews, send_copy
from paritrana.files.service import store_upload
from paritrana.files.store import StoreFault
from paritrana.files.web import blob_store, send_blob
from paritrana.nominations import queries, receipts, service
from paritrana.nominations.models import Attachment, FileDeclaration, Nomination
from paritrana.nominations.rows import page_name
from paritrana.nominations.views import frame, signed
from paritrana.nominations.views.frame import bp
from paritrana.web.access import NotAllowed, allowed, current_actor, now, require

log = structlog.get_logger("evidence")


class NoFileChosen(BadInput):
    """An upload came without a file."""

    code = "no_file"
    message = N_("Choose a file, then press the button again.")


def chosen_files() -> list[FileStorage]:
    """The files that came with the request; an empty file field counts as none."""
    return [file for file in request.files.getlist("files") if file.filename]


def receive(nomination: Nomination, kind: str, files: Sequence[FileStorage]) -> list[ParitranaError]:
    """Keep the sent files under a kind of evidence and commit each on its own; gives the refusals, one for each file.

    The bytes are on disk before the writing transaction begins; the right to upload is asked for again in it, because
    receiving takes long. A fault of the store is raised; files that came before it stay.
    """
    requirement = request.form.get("requirement", "")
    ref, organisation_id = nomination.ref, nomination.organisation_id
    refusals: list[ParitranaError] = []
    for file in files:
        db.session.rollback()
        try:
            blob, name = store_upload(
                file.stream,
                filename=file.filename,
                organisation_id=organisation_id,
                at=now(),
                store=blob_store(),
                max_bytes=current_app.extensions["settings"].max_file_bytes,
                declared_type=file.mimetype,
            )
            g.pop("actor", None)
            here = queries.get_nomination(ref)
            require_nominee(here)
            before = numbers_of(here)
            attachment = service.attach(
                here, kind, blob, name, requirement=requirement, actor=current_actor(), at=frame.moment_of(here),
                limits=limits(),
            )  # fmt: skip
            ask_for_previews()
            twice = already_here(attachment, name) if attachment.no in before else ""
        except StoreFault:
            db.session.rollback()
            raise
        except (BadInput, service.TooManyFiles, service.TooManyBytes) as refusal:
            db.session.rollback()
            refusals.append(refusal)
        else:
            db.session.commit()
            if twice:
                flash(twice, "info")
    return refusals


def numbers_of(nomination: Nomination) -> set[int]:
    """The numbers of the documents that a nomination has."""
    return {one.no for one in queries.attachments_of(nomination)}


def already_here(attachment: Attachment, name: str) -> str:
    """What the nominee reads when a file comes that stands in the same place already; `name` is what it is called now.

    Said of the nominee's own draft alone: what others have sent is told to verifiers.
    """
    said = _("%(name)s is already here as document %(no)s, %(old)s. It is kept once.",
             name=name, no=attachment.no, old=attachment.name)  # fmt: skip
    return str(said)


def limits() -> service.Limits:
    """What one nomination may hold, by the settings."""
    settings: Settings = current_app.extensions["settings"]
    return service.Limits(
        files=settings.max_nomination_files,
        bytes=settings.max_nomination_bytes,
        open=settings.max_open_declarations,
    )


def require_nominee(subject: Nomination | FileDeclaration) -> None:
    """Refuse officers, whose right to upload is for papers of their own, not for the nominee's evidence.

    Raises like `require`, and `NotAllowed`.
    """
    if require(Act.UPLOAD, subject).role is not Role.NOMINEE:
        raise NotAllowed


def get_visible_attachment(ref: str, doc: int) -> Attachment:
    """A document as the actor may know of it: its owner every one, others only what a sent nomination names.

    Raises `NotFound`.
    """
    attachment = queries.get_attachment(ref, doc)
    nomination = attachment.nomination
    if nomination.organisation_id in current_actor().organisations:
        return attachment
    if nomination.state in {"draft", "withdrawn"} or attachment.no not in queries.sent_documents(nomination):
        raise NotFound
    return attachment


@bp.get("/nominations/<ref>/documents/<int:doc>/file")
@allowed(Act.DOWNLOAD_EVIDENCE, attachment=get_visible_attachment)
def document_file(attachment: Attachment) -> ResponseReturnValue:
    """The document itself, always as a download; every view is logged, without names.

    Of a picture only its owner has the original: others get the copy without what the camera noted of place and time.
    """
    decision = require(Act.DOWNLOAD_EVIDENCE, attachment)
    reason = request.args.get("reason", "").strip()
    if decision.role is Role.AUDITOR and not reason:
        raise MissingReason
    actor, blob = current_actor(), attachment.blob
    copied = blob.media_type in PICTURES and attachment.nomination.organisation_id not in actor.organisations
    plain_name = f"bukti-{attachment.no}"
    if copied:
        answer = send_copy(blob, display_name=attachment.name, plain_name=plain_name)
    else:
        extension = BY_MEDIA_TYPE[blob.media_type].extensions[0]
        answer = send_blob(blob, display_name=attachment.name, plain_name=f"{plain_name}.{extension}")
    log.info(
        "evidence_viewed", account=actor.ref, person=actor.person_id, act=Act.DOWNLOAD_EVIDENCE.value,
        object=f"{attachment.nomination.ref}/{attachment.no}", result=answer.status_code, source=request.remote_addr,
        reason=bool(reason), copy=copied,
    )  # fmt: skip
    return answer


@bp.get("/nominations/<ref>/documents/<int:doc>/receipt")
@allowed(Act.SEE_DRAFT, attachment=queries.get_attachment)
def document_receipt(attachment: Attachment) -> ResponseReturnValue:
    """What arrived, when and from whom."""
    return frame.show(
        "nominations/document_receipt.html",
        attachment.nomination,
        _("Receipt of a document"),
        attachment=attachment,
        digest=frame.digest_parts(attachment.blob.sha256),
        kind_in_address=page_name(attachment.kind),
    )


@bp.get("/nominations/<ref>/documents/<int:doc>/receipt.json")
@allowed(Act.SEE_DRAFT, attachment=queries.get_attachment)
def document_receipt_json(attachment: Attachment) -> ResponseReturnValue:
    """The signed receipt, for programs."""
    return signed.as_json(receipts.of_document(attachment, now()), f"{attachment.nomination.ref}-{attachment.no}")


@bp.get("/nominations/<ref>/documents/<int:doc>/receipt.pdf")
@allowed(Act.SEE_DRAFT, attachment=queries.get_attachment)
def document_receipt_pdf(attachment: Attachment) -> ResponseReturnValue:
    """The signed receipt, for paper."""
    nomination = attachment.nomination
    return signed.as_paper(
        receipts.of_document(attachment, now()),
        nomination,
        title=_("Receipt of a document"),
        number=f"{nomination.ref}-{attachment.no}",
        rows=[(_("File"), attachment.name), (_("Uploaded by"), attachment.uploaded_by_name)],
    )


@bp.get("/receipt-keys.json")
@allowed(Act.READ_PUBLIC_PAGE)
def receipt_keys() -> ResponseReturnValue:
    """The public keys with which receipts of this installation are checked."""
    return signed.keys()


@bp.post("/nominations/<ref>/documents/<int:doc>/remove")
@allowed(Act.EDIT_NOMINATION, attachment=queries.get_attachment)
def remove_document(attachment: Attachment) -> ResponseReturnValue:
    """Take a document out of the draft."""
    nomination = attachment.nomination
    ref, kind = nomination.ref, page_name(attachment.kind)
    try:
        service.remove_attachment(attachment, actor=current_actor(), at=frame.moment_of(nomination))
    except ParitranaError:
        db.session.rollback()
        raise
    db.session.commit()
    flash(_("The document is out of the draft."), "ok")
    return redirect(url_for("nominations.evidence", ref=ref, kind=kind) + "#documents", 303)
