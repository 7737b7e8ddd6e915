"""Handing out a stored file. The view has decided who may have it before it calls this."""

import re
from typing import Final
from urllib.parse import quote

from flask import Response, current_app, request
from werkzeug.exceptions import RequestedRangeNotSatisfiable
from werkzeug.wsgi import FileWrapper

from paritrana.files.models import Blob
from paritrana.files.store import BLOCK, DISK, BlobStore, DamagedFile, FileDestroyed

_PLAIN: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_UNQUOTED: Final = "!#$&+-.^_`|~"  # RFC 5987, attr-char


def blob_store() -> BlobStore:
    """The store of the running application."""
    extensions = current_app.extensions
    return BlobStore(extensions["settings"].blob_path, extensions.get("disk", DISK))


def as_download(display_name: str, plain_name: str) -> str:
    """The header by which an answer is stored under a name; see `send_blob` for the two names."""
    if not _PLAIN.fullmatch(plain_name):
        raise ValueError("a plain name is ASCII letters, digits, points, hyphens and underscores")
    return f"attachment; filename=\"{plain_name}\"; filename*=UTF-8''{quote(display_name, safe=_UNQUOTED)}"


def send_blob(blob: Blob, *, display_name: str, plain_name: str, store: BlobStore | None = None) -> Response:
    """The file as a download, checked against its hash before the first byte; a single range of it when asked for.

    `display_name` is the name people gave it; `plain_name` (`bukti-7.pdf`) is ours, of ASCII letters and digits.
    Raises `DamagedFile`, also of a file that is held back, `FileDestroyed`, and 416 for a range outside the file.
    """
    disposition = as_download(display_name, plain_name)
    if blob.destroyed_at is not None:
        raise FileDestroyed
    if blob.damaged_at is not None:
        raise DamagedFile
    file = (store or blob_store()).open(blob.organisation_id, blob.sha256)
    response = Response(FileWrapper(file, BLOCK), content_type=blob.media_type, direct_passthrough=True)
    response.call_on_close(file.close)
    response.content_length = blob.size
    response.headers["Content-Disposition"] = disposition
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    response.headers["Cache-Control"] = "no-store, private"
    try:
        response.make_conditional(request, accept_ranges=True, complete_length=blob.size)
    except RequestedRangeNotSatisfiable:
        response.close()
        raise
    return response
