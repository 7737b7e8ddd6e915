"""What a fault of the disk or the database means: no room, reading only, busy, or out of reach. None of it is a bug."""

import errno
import sqlite3
from enum import Enum
from typing import Final

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout


class Fault(Enum):
    """A fault of the machine that a person is told in words of its own; the value is its code."""

    NO_SPACE = "no_space"
    READ_ONLY = "read_only"
    BUSY = "busy"
    UNAVAILABLE = "unavailable"

    @property
    def status(self) -> int:
        """The status of the answer."""
        return 507 if self is Fault.NO_SPACE else 503

    @property
    def retry_after(self) -> int:
        """After how many seconds it is worth trying again."""
        return 5 if self is Fault.BUSY else 30


# RLIMIT_FSIZE and file systems with a limit on one file say EFBIG.
_OF_ERRNO: Final = {
    errno.ENOSPC: Fault.NO_SPACE,
    errno.EDQUOT: Fault.NO_SPACE,
    errno.EFBIG: Fault.NO_SPACE,
    errno.EROFS: Fault.READ_ONLY,
    errno.EIO: Fault.UNAVAILABLE,
    errno.EMFILE: Fault.BUSY,
    errno.ENFILE: Fault.BUSY,
    errno.ENOMEM: Fault.BUSY,
}
# Python finds no folder for temporary files, all of them being full, and says it without an own number.
_NO_TEMPORARY_FOLDER: Final = "No usable temporary directory"

_OF_SQLITE: Final = {
    sqlite3.SQLITE_FULL: Fault.NO_SPACE,
    sqlite3.SQLITE_READONLY: Fault.READ_ONLY,
    sqlite3.SQLITE_BUSY: Fault.BUSY,
    sqlite3.SQLITE_LOCKED: Fault.BUSY,
    sqlite3.SQLITE_NOMEM: Fault.BUSY,
    sqlite3.SQLITE_IOERR: Fault.UNAVAILABLE,
    sqlite3.SQLITE_CANTOPEN: Fault.UNAVAILABLE,
    sqlite3.SQLITE_CORRUPT: Fault.UNAVAILABLE,
    sqlite3.SQLITE_NOTADB: Fault.UNAVAILABLE,
    sqlite3.SQLITE_PROTOCOL: Fault.UNAVAILABLE,
}

# SQLSTATE: whole codes first, then classes. https://www.postgresql.org/docs/current/errcodes-appendix.html
_OF_SQLSTATE: Final = {
    "53100": Fault.NO_SPACE,  # disk_full
    "53400": Fault.NO_SPACE,  # configuration_limit_exceeded: `temp_file_limit` among them
    "25006": Fault.READ_ONLY,  # read_only_sql_transaction
    "55P03": Fault.BUSY,  # lock_not_available
    "57014": Fault.BUSY,  # query_canceled, by a limit on time
}
_OF_CLASS: Final = {
    "08": Fault.UNAVAILABLE,  # connection
    "40": Fault.BUSY,  # rolled back: deadlock, serialization
    "53": Fault.BUSY,  # other resources: memory, connections
    "57": Fault.UNAVAILABLE,  # stopped by the operator, starting up
    "58": Fault.UNAVAILABLE,  # system error outside the database
    "XX": Fault.UNAVAILABLE,  # internal error, damaged data
}


def fault_of(error: BaseException) -> Fault | None:
    """Which fault stands behind an exception of the file system or of a database driver; None for everything else."""
    if isinstance(error, PoolTimeout):
        return Fault.BUSY
    if isinstance(error, DBAPIError):
        return _of_database(error)
    if isinstance(error, OSError):
        if error.errno == errno.ENOENT and str(error.strerror).startswith(_NO_TEMPORARY_FOLDER):
            return Fault.NO_SPACE
        return _OF_ERRNO.get(error.errno or 0)
    return None


def cause_of(error: BaseException) -> str:
    """The cause in one word for the log: the name of the error number, or the engine's own code."""
    original: object = error.orig if isinstance(error, DBAPIError) else error
    named = getattr(original, "sqlite_errorname", None) or getattr(original, "sqlstate", None)
    if named is None and isinstance(original, OSError):
        named = errno.errorcode.get(original.errno or 0)
    return str(named or type(original).__name__)


def _of_database(error: DBAPIError) -> Fault | None:
    original = error.orig
    if isinstance(original, sqlite3.Error):
        # The low byte is the primary code, the rest tells more. The driver's own errors carry no code.
        return _OF_SQLITE.get(getattr(original, "sqlite_errorcode", 0) & 0xFF)
    state = getattr(original, "sqlstate", None)
    if isinstance(state, str):
        return _OF_SQLSTATE.get(state) or _OF_CLASS.get(state[:2])
    # Without a state the server said nothing at all: it cannot be reached, or the line broke.
    return Fault.UNAVAILABLE if type(original).__name__ == "OperationalError" or error.connection_invalidated else None
