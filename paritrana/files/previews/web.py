"""Handing out the picture of a page. The view has decided who may have it before it calls this."""

from pathlib import PurePath

from flask import Response, current_app
from werkzeug.wsgi import FileWrapper

from paritrana.core.filetypes import JPEG
from paritrana.files.models import Blob
from paritrana.files.previews import service
from paritrana.files.previews.models import Preview
from paritrana.files.previews.queries import get_copy
from paritrana.files.store import BLOCK, FileDestroyed
from paritrana.files.web import as_download, blob_store
from paritrana.web.access import now


def send_copy(blob: Blob, *, display_name: str, plain_name: str) -> Response:
    """The copy of a picture as a download: drawn anew, without what the camera noted; its name ends like what it is.

    `display_name` is the name people gave the original, `plain_name` ours without an ending. Raises `CopyWaits`,
    `NoCopy`, `DamagedFile`, `FileDestroyed`.
    """
    if blob.destroyed_at is not None:  # before the copy is looked for, which went with it
        raise FileDestroyed
    answer = send_preview(blob, get_copy(blob.id))
    ending = f".{JPEG.extensions[0]}"
    answer.headers["Content-Disposition"] = as_download(PurePath(display_name).stem + ending, plain_name + ending)
    return answer


def send_preview(blob: Blob, preview: Preview) -> Response:
    """The picture, checked against its hash before the first byte. Raises `DamagedFile`, `FileDestroyed`."""
    if blob.destroyed_at is not None:
        raise FileDestroyed
    file = blob_store().open(blob.organisation_id, preview.sha256)
    response = Response(FileWrapper(file, BLOCK), content_type=JPEG.media_type, direct_passthrough=True)
    response.call_on_close(file.close)
    response.content_length = preview.size
    response.headers["Content-Disposition"] = "inline"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    response.headers["Cache-Control"] = "no-store, private"
    return response


def ask_for_previews() -> None:
    """Have a worker draw the documents that came; the caller commits."""
    service.ask_for_previews(current_app.extensions["queue"], at=now())
