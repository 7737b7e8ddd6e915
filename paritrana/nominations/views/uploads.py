"""Files in parts: announce, ask how far, send a part, complete, cancel. For the script of the page and for machines."""

from typing import Any

from flask import current_app, flash, g, jsonify, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from paritrana.config import Settings
from paritrana.core.errors import ParitranaError
from paritrana.core.filetypes import BadFile, UploadCut, display_name
from paritrana.core.policy import Act
from paritrana.database import db
from paritrana.files.previews.web import ask_for_previews
from paritrana.files.service import store_parts
from paritrana.files.store import CHUNK, BytesDiffer, StoreFault
from paritrana.files.web import blob_store
from paritrana.nominations import queries, service
from paritrana.nominations.models import Attachment, FileDeclaration, Nomination
from paritrana.nominations.rows import kind_of_page, page_name
from paritrana.nominations.views import frame
from paritrana.nominations.views.documents import already_here, limits, numbers_of, require_nominee
from paritrana.nominations.views.frame import bp
from paritrana.web.access import allowed, current_actor, now

SIGNS_OF_A_REQUEST = 4096  # bytes: an announcement is short


@bp.post("/nominations/<ref>/uploads")
@allowed(Act.UPLOAD, nomination=queries.get_nomination)
def declare(nomination: Nomination) -> ResponseReturnValue:
    """Announce a file: JSON `{name, size, sha256, kind, requirement}`; answers where to send it and how far it is.

    A repeat gets the same answer, so it needs no key.
    """
    require_nominee(nomination)
    said = _said()
    settings: Settings = current_app.extensions["settings"]
    before = numbers_of(nomination)
    found = service.declare(
        nomination,
        kind_of_page(said["kind"]),
        name=said["name"],
        sha256=said["sha256"],
        size=said["size"],
        requirement=said["requirement"],
        actor=current_actor(),
        at=frame.moment_of(nomination),
        now=now(),
        max_bytes=settings.max_file_bytes,
        limits=limits(),
    )
    if isinstance(found, FileDeclaration):
        answer = _standing(found)
    else:
        answer = _stored(found)
        if found.no in before:
            answer["said"] = already_here(found, display_name(said["name"]))
    db.session.commit()
    return jsonify(answer), 201


@bp.get("/nominations/<ref>/uploads/<upload>")
@allowed(Act.UPLOAD, declaration=queries.get_declaration)
def upload_standing(declaration: FileDeclaration) -> ResponseReturnValue:
    """How far an announced file is: `offset` is the number of bytes that are here."""
    require_nominee(declaration)
    answer = jsonify(_standing(declaration))
    answer.headers["Cache-Control"] = "no-store, private"
    return answer


@bp.put("/nominations/<ref>/uploads/<upload>")
@allowed(Act.UPLOAD, declaration=queries.get_declaration)
def put_part(declaration: FileDeclaration) -> ResponseReturnValue:
    """Take the bytes of the body, at most 1 MiB, for their place `?offset=`; they may come again. Gives `offset`.

    A part that breaks off leaves nothing; the parts before it stay.
    """
    require_nominee(declaration)
    service.check_may_finish(declaration, frame.moment_of(declaration.nomination))
    part, name, size, state = declaration.ref, declaration.name, declaration.size, declaration.state
    db.session.rollback()  # nobody waits for the database while the bytes come in
    offset = request.args.get("offset", type=int)
    length = request.content_length
    if offset is None or offset < 0 or length is None or not 0 < length <= CHUNK:
        raise service.UnreadableDeclaration
    data = request.get_data(cache=False)
    if len(data) != length:
        raise UploadCut(name=name, percent=f"{100 * offset // size}%")
    if state != "open":
        return jsonify(offset=size)
    return jsonify(offset=blob_store().add_part(part, offset, data, size=size, name=name))


@bp.post("/nominations/<ref>/uploads/<upload>/complete")
@allowed(Act.UPLOAD, declaration=queries.get_declaration)
def complete_upload(declaration: FileDeclaration) -> ResponseReturnValue:
    """Look at the whole file, keep it, and make it a document: 201 with its receipt. A repeat gets the same answer.

    What is refused for what it is ends its announcement; a file that arrived changed may be sent again.
    """
    require_nominee(declaration)
    ref, upload = declaration.nomination.ref, declaration.ref
    if declaration.state == "done":
        return jsonify(_stored(_document(declaration)))
    service.check_may_finish(declaration, frame.moment_of(declaration.nomination))
    what: dict[str, Any] = {
        "name": declaration.name,
        "sha256": declaration.sha256,
        "size": declaration.size,
        "organisation_id": declaration.nomination.organisation_id,
    }
    db.session.rollback()
    try:
        blob = store_parts(upload, **what, at=now(), store=blob_store())
        here = _again(ref, upload)
        require_nominee(here)
        at = frame.moment_of(here.nomination)
        attachment = service.complete(here, blob, actor=current_actor(), at=at)
        ask_for_previews()
    except (UploadCut, BytesDiffer, StoreFault):
        db.session.rollback()
        here = _again(ref, upload)
        if here.state != "done":  # the other tab was quicker
            raise
        return jsonify(_stored(_document(here)))
    except BadFile:
        db.session.rollback()
        _end(_again(ref, upload), "refused")
        raise
    except ParitranaError:
        db.session.rollback()
        raise
    answer = _stored(attachment)
    db.session.commit()
    return jsonify(answer), 201


@bp.post("/nominations/<ref>/uploads/<upload>/cancel")
@allowed(Act.UPLOAD, declaration=queries.get_declaration)
def cancel_upload(declaration: FileDeclaration) -> ResponseReturnValue:
    """End the announcement and throw away what has come of the file."""
    require_nominee(declaration)
    ref, kind, upload = declaration.nomination.ref, page_name(declaration.kind), declaration.ref
    ended = _end(declaration, "cancelled")
    if ended:
        blob_store().drop_part(upload)
        flash(_("The upload is cancelled. Nothing of the file is kept."), "ok")
    return redirect(url_for("nominations.evidence", ref=ref, kind=kind) + "#documents", 303)


def _again(ref: str, upload: str) -> FileDeclaration:
    """The announcement and the rights as they stand now: receiving took long."""
    g.pop("actor", None)
    return queries.get_declaration(ref, upload)


def _end(declaration: FileDeclaration, reason: Any) -> bool:
    ended = service.end_declaration(
        declaration, reason, actor=current_actor(), at=frame.moment_of(declaration.nomination)
    )
    db.session.commit()
    return ended


def _document(declaration: FileDeclaration) -> Attachment:
    assert declaration.attachment_no is not None  # noqa: S101 - the table keeps that for what is done
    return queries.get_attachment(declaration.nomination.ref, declaration.attachment_no)


def _said() -> dict[str, Any]:
    """The announcement, with the types it must have. Raises `UnreadableDeclaration`."""
    said = request.get_json(silent=True) if (request.content_length or 0) <= SIGNS_OF_A_REQUEST else None
    if not isinstance(said, dict) or set(said) - {"name", "size", "sha256", "kind", "requirement"}:
        raise service.UnreadableDeclaration
    texts = {name: said.get(name, "") for name in ("name", "sha256", "kind", "requirement")}
    size = said.get("size")
    if not all(isinstance(value, str) for value in texts.values()) or type(size) is not int:
        raise service.UnreadableDeclaration
    return {**texts, "size": size}


def _standing(declaration: FileDeclaration) -> dict[str, Any]:
    if declaration.state == "done":
        return _stored(_document(declaration))
    address = url_for("nominations.upload_standing", ref=declaration.nomination.ref, upload=declaration.ref)
    offset = blob_store().part_size(declaration.ref)
    return {"state": declaration.state, "upload": address, "offset": offset, "size": declaration.size, "chunk": CHUNK}


def _stored(attachment: Attachment) -> dict[str, Any]:
    ref, no = attachment.nomination.ref, attachment.no
    return {
        "state": "stored",
        "number": no,
        "name": attachment.name,
        "size": attachment.blob.size,
        "offset": attachment.blob.size,
        "sha256": attachment.blob.sha256,
        "receipt": url_for("nominations.document_receipt", ref=ref, doc=no),
        "signed": url_for("nominations.document_receipt_json", ref=ref, doc=no),
    }
