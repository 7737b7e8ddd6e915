"""The secret of a cycle with which numbers are hashed: a file beside the database, made when the first list comes.

Without the secret every hash is useless, because the numbers of a regency can all be tried in a minute; so destroying
the file erases what was kept of all lists of the cycle at once.
"""

import hmac
from contextlib import suppress
from pathlib import Path
from typing import Final

import structlog

from paritrana.signing import KeyMissing, UnsafeKey, make_key, signing_key

log = structlog.get_logger("security")

_ID: Final = b"paritrana name-list key id"


def purpose_of(cycle: str) -> str:
    """The name of the key file of a cycle, without its ending."""
    return f"namelist-{cycle}"


def key_of(folder: Path, cycle: str) -> bytes:
    """The 32 bytes of the secret of a cycle; none where it cannot be made or read, and then nothing is compared."""
    try:
        make_key(folder, purpose_of(cycle))
        return signing_key(folder, purpose_of(cycle)).seed
    except (KeyMissing, UnsafeKey, OSError) as fault:
        log.error("list_key_unusable", reason=type(fault).__name__)
        return b""


def id_of(key: bytes) -> str:
    """The name of a secret, which tells nothing of it: 16 hexadecimal digits."""
    return hmac.digest(key, _ID, "sha256").hex()[:16]


def destroy_key(folder: Path, cycle: str) -> bool:
    """Remove the secret of a cycle; whether there was one."""
    path = folder / f"{purpose_of(cycle)}.key"
    there = path.exists()
    with suppress(FileNotFoundError):
        path.unlink()
    return there
