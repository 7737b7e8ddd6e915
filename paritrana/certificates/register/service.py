"""Counting what is taken for printing. The paper itself is never made anew: the same bytes leave each time."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import insert

from paritrana.certificates import queries as certificates
from paritrana.certificates.models import CertificatePrint
from paritrana.certificates.register import queries
from paritrana.certificates.register.queries import Sheet
from paritrana.core.errors import ParitranaError
from paritrana.core.policy import Actor
from paritrana.core.words import N_
from paritrana.cycles.models import Cycle
from paritrana.database import db

WAYS = ("file", "zip", "merged")
MOST = 2000  # certificates in one file


class NothingToPrint(ParitranaError):
    """No valid certificate with a paper is among what was chosen."""

    code = "nothing_to_print"
    status = 422
    message = N_("Nothing to print: among these is no certificate that is in force and signed.")


class TooManyToPrint(ParitranaError):
    """More certificates than one file takes. Params: `count`, `most`."""

    code = "too_many_to_print"
    status = 422
    message = N_("These are %(count)s certificates. One file takes %(most)s: narrow the list down.")


def count_prints(cycle: Cycle, sheets: Sequence[Sheet], how: str, *, actor: Actor, at: datetime) -> None:
    """Note that the papers of these certificates leave for printing; the caller commits.

    Raises `NothingToPrint`, `TooManyToPrint`.
    """
    if not sheets:
        raise NothingToPrint
    if len(sheets) > MOST:
        raise TooManyToPrint(count=len(sheets), most=MOST)
    certificates.register_for_update(cycle.id)  # so that two people who print at once count one after the other
    last = queries.last_prints([one.id for one in sheets])
    db.session.execute(
        insert(CertificatePrint),
        [
            {"certificate_id": one.id, "no": last.get(one.id, 0) + 1, "how": how, "printed_at": at,
             "printed_by": actor.account_id}
            for one in sheets
        ],
    )  # fmt: skip
