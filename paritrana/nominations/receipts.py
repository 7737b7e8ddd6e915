"""What a signed receipt says of a document or of a sending. It proves arrival; nothing in it is a personal datum."""

from datetime import datetime
from typing import Any

from paritrana.core.chain import moment
from paritrana.database import canonical
from paritrana.nominations.models import Attachment, NominationRevision


def of_document(attachment: Attachment, server_time: datetime) -> dict[str, Any]:
    """The receipt of one document, for `signing.Key.sign`: times in UTC, size in bytes, SHA-256 in hexadecimal digits.

    `declared_at`, where the file was announced before its bytes, and `received_at` are on the clock of the cycle, by
    which deadlines are decided; `server_time` is the machine's moment of signing.
    """
    said = {
        "receipt": "document",
        "nomination": attachment.nomination.ref,
        "sequence": attachment.no,
        "sha256": attachment.blob.sha256,
        "size": attachment.blob.size,
        "received_at": moment(attachment.uploaded_at),
        "server_time": moment(server_time),
    }
    if attachment.declared_at is not None:
        said["declared_at"] = moment(attachment.declared_at)
    return said


def of_revision(revision: NominationRevision, server_time: datetime) -> dict[str, Any]:
    """The receipt of one sending; size and SHA-256 are those of its canonical content. See `of_document`."""
    return {
        "receipt": "submission",
        "nomination": revision.nomination.ref,
        "number": revision.receipt_no,
        "sequence": revision.no,
        "sha256": revision.digest,
        "size": len(canonical(revision.content)),
        "received_at": moment(revision.submitted_at),
        "server_time": moment(server_time),
    }
