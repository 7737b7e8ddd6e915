"""The pages of a document as pictures, one by one, for whoever may open the document."""

import structlog
from flask import request
from flask.typing import ResponseReturnValue

from paritrana.core.errors import MissingReason
from paritrana.core.policy import Act, Role
from paritrana.files.previews.queries import get_preview
from paritrana.files.previews.web import send_preview
from paritrana.nominations.models import Attachment
from paritrana.nominations.views.documents import get_visible_attachment
from paritrana.nominations.views.frame import bp
from paritrana.web.access import allowed, current_actor, require

log = structlog.get_logger("evidence")


@bp.get("/nominations/<ref>/documents/<int:doc>/pages/<int:page>")
@allowed(Act.DOWNLOAD_EVIDENCE, attachment=get_visible_attachment)
def document_page(attachment: Attachment, page: int) -> ResponseReturnValue:
    """The picture of one page; every view is logged, without names. Raises `NotFound` where none is drawn."""
    decision = require(Act.DOWNLOAD_EVIDENCE, attachment)
    reason = request.args.get("reason", "").strip()
    if decision.role is Role.AUDITOR and not reason:
        raise MissingReason
    answer = send_preview(attachment.blob, get_preview(attachment.blob_id, page))
    actor = current_actor()
    log.info(
        "evidence_viewed", account=actor.ref, person=actor.person_id, act=Act.DOWNLOAD_EVIDENCE.value,
        object=f"{attachment.nomination.ref}/{attachment.no}", page=page, result=answer.status_code,
        source=request.remote_addr, reason=bool(reason),
    )  # fmt: skip
    return answer
