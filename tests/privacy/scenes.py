"""What happens around personal data, for the tests of this room."""

import io
from datetime import datetime, timedelta

from flask import current_app

from paritrana.accounts import requests
from paritrana.accounts.models import Account, StaffRequest
from paritrana.accounts.requests import StaffActs
from paritrana.database import db
from paritrana.files.models import Blob
from paritrana.files.service import store_upload
from paritrana.files.store import BlobStore
from paritrana.nominations.models import Attachment, Nomination
from paritrana.outbox.models import Message, MessageAttempt
from tests.factories import World
from tests.nominations.pages import paper


def file_of(nomination: Nomination, number: int, uploader: Account, at: datetime) -> Blob:
    """A document with its bytes."""
    store = BlobStore(current_app.extensions["settings"].blob_path)
    blob, name = store_upload(
        io.BytesIO(paper(b"file %d" % number)), filename=f"bukti-{number}.pdf",
        organisation_id=nomination.organisation_id, at=at, store=store, max_bytes=10**6, ours=True,
    )  # fmt: skip
    db.session.add(
        Attachment(nomination=nomination, no=number, kind="coverage", blob=blob, name=name, uploaded_at=at,
                   uploaded_by=uploader.id, uploaded_by_name=uploader.name)
    )  # fmt: skip
    db.session.flush()
    return blob


def bytes_there(blob: Blob) -> bool:
    """Whether the bytes of a file lie in the folder."""
    root = current_app.extensions["settings"].blob_path
    return (root / "objects" / str(blob.organisation_id) / blob.sha256[:2] / blob.sha256).exists()


def letter_to(account: Account, here: World, *, cause: str, at: datetime) -> Message:
    """A message that was sent."""
    message = Message(
        ref=f"M-{cause}", kind="x", cycle_id=here.cycle.id, account_id=account.id, cause=cause, about="x",
        subject="Perihal", text_id=f"Yth. {account.name}", text_en=f"Dear {account.name}", path="/home", state="sent",
        address=account.email, attempts=1, created_at=at, written_at=at, sent_at=at,
    )  # fmt: skip
    db.session.add(message)
    db.session.flush()
    db.session.add(
        MessageAttempt(message_id=message.id, no=1, at=at, address=account.email, outcome="accepted",
                       answer=f"250 {account.email} OK")
    )  # fmt: skip
    db.session.flush()
    return message


def confirm(request: StaffRequest, here: World, at: datetime) -> None:
    """The second person says yes."""
    acts: StaffActs = current_app.extensions["staff_acts"]
    requests.confirm(acts.get(request.kind), request, actor=here.actor("auditor"), at=at)
    db.session.commit()


YEARS = timedelta(days=366)
