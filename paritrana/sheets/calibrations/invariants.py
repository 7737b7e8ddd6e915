"""What must hold of examples: each of them and each mark on it is told by an event."""

from collections.abc import Iterator

from sqlalchemy import select

from paritrana.accounts.models import Account
from paritrana.audit.invariants import in_order, stream, told
from paritrana.core.invariants import Broken, Check, Stored, latest, replay, replayed
from paritrana.sheets.calibrations import service
from paritrana.sheets.models import Calibration, CalibrationMark


def _calibrations() -> Iterator[Broken]:
    rows = (
        Stored(one.Calibration.ref, (), service.told(one.Calibration))
        for one in stream(select(Calibration).order_by(in_order(Calibration.ref)))
    )
    kinds = told("calibration.opened", "calibration.closed")
    yield from replay("calibration", "example", kinds, rows, latest())


def _marks() -> Iterator[Broken]:
    statement = (
        select(Calibration.ref, Account.ref.label("account"), CalibrationMark.indicator, CalibrationMark.value)
        .join(CalibrationMark, CalibrationMark.calibration_id == Calibration.id)
        .join(Account, Account.id == CalibrationMark.account_id)
        .order_by(in_order(Calibration.ref))
    )
    rows = (Stored(one.ref, (one.account, one.indicator), {"value": one.value}) for one in stream(statement))
    kinds = told("calibration.marked")
    yield from replay("calibration_mark", "mark of an example", kinds, rows, latest("account", "indicator"))


CHECKS = (
    Check(replayed("calibration", "example"), _calibrations),
    Check(replayed("calibration_mark", "mark of an example"), _marks),
)
