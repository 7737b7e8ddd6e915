"""An uploaded PDF that is not an issued one to the last byte: a limited process says what it is and what it names."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO, Final

import structlog

from paritrana.certificates.checking.service import FILE_SENTENCES
from paritrana.core.codes import parse
from paritrana.core.errors import ParitranaError
from paritrana.core.words import N_
from paritrana.files.sandbox import said_of

log = structlog.get_logger("security")

PROGRAM: Final = (
    "from paritrana.files.offline import leave_network; leave_network(); "
    "from paritrana.certificates.checking.looking import main; main()"
)
MOST_CODES: Final = 5


class LookLate(ParitranaError):
    """The machine is too busy to look at the file in time."""

    code = "look_late"
    status = 503
    message = N_("The file could not be looked at in time. Try again in a few minutes, or type the code.")


@dataclass(frozen=True, slots=True)
class Seen:
    """What the process says: a key of `FILE_SENTENCES`, and the codes that stand in the file."""

    what: str
    codes: Sequence[str]


def look_at(file: BinaryIO, keys: Mapping[str, Any]) -> Seen:
    """Look at a file with the published keys. Nothing of the answer is trusted but its form. Raises `LookLate`."""
    said, ended = said_of(file, PROGRAM, json.dumps(keys))
    if said is None:
        if ended is None:
            raise LookLate
        log.warning("certificate_file_ended", status=ended)
        return Seen("unreadable", ())
    what, codes = said.get("what"), said.get("codes")
    if what not in FILE_SENTENCES or not isinstance(codes, list):
        return Seen("unreadable", ())
    found = dict.fromkeys(code for code in codes[:MOST_CODES] if isinstance(code, str) and parse(code) == code)
    return Seen(str(what), tuple(found))
