"""How the installation is: what keeps it from working, and what an administrator should look at."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from flask import current_app

from paritrana.audit import halt
from paritrana.config import Settings
from paritrana.jobs.models import Worker
from paritrana.jobs.queue import Queue
from paritrana.operations.backup import Snapshot, snapshots
from paritrana.operations.queries import pending_migrations
from paritrana.signing import CHECKPOINT, RECEIPT, KeyMissing, public_keys, signing_key

SILENT_AFTER: Final = timedelta(seconds=90)  # a worker that was not seen for so long is taken for gone
COPY_IS_OLD: Final = timedelta(hours=1)
PURPOSES: Final = (RECEIPT, CHECKPOINT, "totp", "backup")


def present(worker: Worker, at: datetime) -> bool:
    """Whether a worker was seen lately."""
    return at - worker.seen_at < SILENT_AFTER


def problems_of(settings: Settings) -> list[str]:
    """What keeps this installation from serving people, in one word each; read-only times do not."""
    found = []
    if pending_migrations():
        found.append("structure")
    halt.halted()  # the tables answer
    queue: Queue = current_app.extensions["queue"]
    if not queue.answers():
        found.append("queue")
    folder = settings.blob_path if settings.blob_path.exists() else settings.blob_path.parent
    if not os.access(folder, os.W_OK | os.X_OK):
        found.append("files")
    try:
        signing_key(settings.instance_path / "keys", RECEIPT)
    except KeyMissing:
        found.append("keys")
    return found


def newest_copy(settings: Settings) -> Snapshot | None:
    """The newest copy in the folder of copies, where there is one."""
    return next(iter(snapshots(settings.backup_path)), None) if settings.backup_path is not None else None


def keys_in_use(settings: Settings) -> list[tuple[str, str, bool, datetime | None]]:
    """Every key of this installation: its purpose, its id, whether it is the one in use, and since when it is there."""
    folder = settings.instance_path / "keys"
    found: list[tuple[str, str, bool, datetime | None]] = []
    for purpose in PURPOSES:
        try:
            now, known = signing_key(folder, purpose).id, public_keys(folder, purpose)
        except KeyMissing:
            found.append((purpose, "", False, None))
            continue
        for name in sorted(known, key=lambda one: (one != now, one)):
            found.append((purpose, name, name == now, _since(folder / f"{purpose}.key") if name == now else None))
    return found


def _since(path: Path) -> datetime | None:
    try:
        return datetime.fromtimestamp(path.stat().st_mtime, UTC)
    except OSError:
        return None


def settings_in_force(settings: Settings) -> list[tuple[str, str]]:
    """Every setting with its value; of secrets, and of addresses that may hold one, only whether they are set."""
    rows = []
    for name, value in sorted(settings.model_dump().items()):
        if name in SECRET or (name.endswith("_url") and "@" in str(value)):
            shown = "(set)" if value else ""
        elif isinstance(value, tuple):
            shown = ", ".join(value)
        elif value is None:
            shown = ""
        else:
            shown = str(value)
        rows.append((name, shown))
    return rows


SECRET: Final = frozenset({"secret_key", "mail_password", "mail_user", "pkcs11_token", "pkcs11_key"})
