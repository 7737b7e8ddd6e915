"""The messages about score sheets: submitted, reopened, a second scoring opened, and the reminder of open sheets.

None of them holds a mark. Rights to the candidate are asked again before each leaves.
"""

from collections.abc import Sequence
from datetime import datetime

from paritrana.core.words import N_
from paritrana.cycles.models import Category
from paritrana.interviews.notices import WHY_PANEL, concerned, seated
from paritrana.nominations.models import Nomination
from paritrana.outbox.kinds import Notice
from paritrana.outbox.service import post
from paritrana.sheets.models import Sheet

SUBMITTED = Notice(
    "sheet_submitted",
    N_("Sheet submitted"),
    N_("Your sheet is locked, receipt %(receipt)s"),
    (N_("Your sheet for %(name)s arrived on %(time)s and is locked. Number of the receipt: %(receipt)s."),),
    WHY_PANEL,
    concerned,
    fixed=True,
)
REOPENED = Notice(
    "sheet_reopened",
    N_("Sheet reopened"),
    N_("Your sheet is open again"),
    (
        N_("Your sheet for %(name)s is open again since %(time)s. What you had submitted is kept on record."),
        N_("Reason: %(reason)s"),
        N_("Change what you asked to change, then submit it again."),
    ),
    WHY_PANEL,
    concerned,
)
CONSOLIDATION = Notice(
    "consolidation_opened",
    N_("Second scoring opened"),
    N_("A second scoring is open"),
    (
        N_("After the discussion on %(time)s a second scoring is open for %(name)s, %(category)s."),
        N_("Keep your marks or change them, each with a reason. Nobody has to agree."),
    ),
    WHY_PANEL,
    concerned,
)
REMINDER = Notice(
    "sheets_due",
    N_("Reminder of open sheets"),
    N_("Sheets are not submitted yet: %(n)s"),
    (
        N_("In %(category)s you have not submitted %(n)s sheets. The scoring is planned to end on %(until)s."),
        N_("A sheet with abstentions can be submitted too."),
    ),
    WHY_PANEL,
    seated,
)

NOTICES = (SUBMITTED, REOPENED, CONSOLIDATION, REMINDER)


def _sheet_path(sheet: Sheet) -> str:
    return f"/assessments/{sheet.nomination.ref}/sheet"


def tell_submitted(sheet: Sheet, *, at: datetime) -> None:
    """Write the receipt of a sheet that was just submitted to its assessor; the caller commits."""
    post(
        SUBMITTED, sheet.assessor_id, f"sheet-submitted:{sheet.ref}:{sheet.version}",
        {"name": sheet.nomination.organisation.name, "time": at, "receipt": sheet.receipt_no},
        cycle=sheet.category.cycle, path=f"{_sheet_path(sheet)}/receipt", about=sheet.nomination.ref, at=at,
    )  # fmt: skip


def tell_reopened(sheet: Sheet, reason: str, *, at: datetime) -> None:
    """Tell the assessor that the sheet is open again, and why; the caller commits."""
    post(
        REOPENED, sheet.assessor_id, f"sheet-reopened:{sheet.ref}:{sheet.version}",
        {"name": sheet.nomination.organisation.name, "time": at, "reason": reason},
        cycle=sheet.category.cycle, path=_sheet_path(sheet), about=sheet.nomination.ref, at=at,
    )  # fmt: skip


def tell_consolidation(
    nomination: Nomination, assessors: Sequence[int], path: str, *, cause: str, at: datetime
) -> None:
    """Tell assessors, given by account, that a second scoring of a candidate is open at `path`; the caller commits.

    `cause` is the reference of the consolidation.
    """
    category = nomination.category
    for account_id in assessors:
        post(
            CONSOLIDATION, account_id, f"consolidation:{cause}",
            {
                "name": nomination.organisation.name,
                "category": {"id": category.title_id, "en": category.title_en},
                "time": at,
            },
            cycle=category.cycle, path=path, about=nomination.ref, at=at,
        )  # fmt: skip


def tell_due(category: Category, account_id: int, number: int, *, cause: str, at: datetime) -> None:
    """Remind an assessor of so many sheets that are due; `cause` names the occasion. The caller commits."""
    post(
        REMINDER, account_id, f"sheets-due:{category.id}:{cause}",
        {
            "category": {"id": category.title_id, "en": category.title_en},
            "n": number,
            "until": category.scoring_until or at,
        },
        cycle=category.cycle, path="/assessments", about=str(category.id), at=at,
    )  # fmt: skip
