"""The data quality of a cycle, as tables, a picture and a workbook."""

import hashlib
import io
import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import structlog
from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy import select

from paritrana.core.errors import NotFound
from paritrana.core.evidence import KINDS
from paritrana.core.filetypes import XLSX
from paritrana.core.policy import Act, Role
from paritrana.core.words import N_
from paritrana.cycles.models import Category, Cycle
from paritrana.cycles.queries import cycle_time, get_cycle
from paritrana.database import db
from paritrana.nominations.models import Nomination
from paritrana.verification.figures import VERDICTS
from paritrana.verification.quality import Quality, Wait, quality_of
from paritrana.web import formats
from paritrana.web.access import allowed, ask, current_actor, now, visible
from paritrana.web.charts import stacked_bars
from paritrana.web.exports import Spool
from paritrana.web.template_filters import current_language, number
from paritrana.workbooks import open_workbook

bp = Blueprint("quality", __name__, template_folder="templates")
log = structlog.get_logger("exports")

CHECKS = {
    "ok": N_("In order"), "info": N_("Only said"), "ask": N_("Ask for an explanation"), "open": N_("Not explained"),
}  # fmt: skip
Table = tuple[str, Sequence[str], list[list[Any]]]  # title, heads, rows of texts and whole numbers


@bp.get("/manage/<cycle>/quality")
@allowed(Act.SEE_PROGRESS, cycle=get_cycle)
def page(cycle: Cycle) -> ResponseReturnValue:
    """Checks and verdicts by type, the biggest differences, what is verified, and how long it waits."""
    quality = _quality(cycle)
    rows = [
        (_kind(kind), [(counts.get(verdict, 0), number(counts.get(verdict, 0))) for verdict in VERDICTS])
        for kind, counts in quality.verdicts.items()
    ]
    title = _(
        "%(matching)s of %(judged)s judged figures match their claim.",
        matching=number(quality.matching), judged=number(quality.judged),
    )  # fmt: skip
    return render_template(
        "home/quality.html",
        cycle=cycle,
        simulated=cycle.simulated,
        quality=quality,
        title=title,
        picture=stacked_bars(
            "verdicts",
            title,
            _("Bars by type of evidence; each part counts the figures with one verdict, in the order of the legend."),
            [_(words) for words in VERDICTS.values()],
            rows,
        ),
        tables=_tables(quality),
        kind_title=_kind,
        span=_span,
        at=_at(cycle),
        digest=_digest(_tables(quality)),
        managing=current_actor().organises
        | {one.cycle_id for one in cycle.categories if one.id in current_actor().chairs},
    )


@bp.get("/manage/<cycle>/quality.xlsx")
@allowed(Act.SEE_PROGRESS, cycle=get_cycle)
def workbook(cycle: Cycle) -> ResponseReturnValue:
    """The same tables as a workbook of typed cells, without formulas; the last sheet has rows and digest."""
    tables = _tables(_quality(cycle))
    count, digest = sum(len(rows) for _title, _heads, rows in tables), _digest(tables)
    about: Table = (
        _("About"), [_("What"), _("Value")],
        [[_("Cycle"), cycle.code], [_("Made at"), formats.iso(_at(cycle))], [_("Rows"), count], ["SHA-256", digest]],
    )  # fmt: skip
    file = io.BytesIO()
    book = open_workbook(file)
    bold = book.add_format({"bold": True})
    for title, heads, rows in (*tables, about):
        sheet = book.add_worksheet(title[:31])
        sheet.set_column(0, 0, 38)
        sheet.set_column(1, max(len(heads) - 1, 1), 22)
        for line, cells in enumerate([heads, *rows]):
            for column, value in enumerate(cells):
                if isinstance(value, int):
                    sheet.write_number(line, column, value)
                else:
                    sheet.write_string(line, column, value, bold if line == 0 else None)
    book.close()
    spool = Spool()
    spool.write(file.getvalue())
    log.info("exported", act=Act.SEE_PROGRESS.value, account=current_actor().ref, cycle=cycle.code, rows=count,
             digest=digest)  # fmt: skip
    return spool.answer(f"{cycle.code}-quality.xlsx", XLSX.media_type, X_Row_Count=str(count), X_Rows_Digest=digest)


def _quality(cycle: Cycle) -> Quality:
    categories = [one for one in cycle.categories if ask(Act.SEE_PROGRESS, one).allowed]
    if not categories:
        raise NotFound
    return quality_of(categories, _named(categories), _at(cycle))


def _named(categories: Sequence[Category]) -> frozenset[int]:
    """The nominations whose figures may be shown: an auditor reads them elsewhere, with a reason, here only counts."""
    actor = current_actor()
    mine = [one.id for one in categories if ask(Act.SEE_PROGRESS, one).role is not Role.AUDITOR]
    if not mine:
        return frozenset()
    rows = visible(actor, Act.SEE_NOMINATION, Nomination).where(Nomination.category_id.in_(mine))
    return frozenset(db.session.scalars(select(rows.with_only_columns(Nomination.id).subquery().c.id)))


def _tables(quality: Quality) -> list[Table]:
    """Every table of the page, as the workbook has them."""
    heads = [_(words) for words in VERDICTS.values()]
    return [
        (
            _("Verdicts"), [_("Type of evidence"), *heads],
            [[_kind(kind), *(counts.get(one, 0) for one in VERDICTS)] for kind, counts in quality.verdicts.items()],
        ),
        (
            _("Checks"), [_("Type of evidence"), *(_(words) for words in CHECKS.values())],
            [[_kind(kind), *(counts.get(one, 0) for one in CHECKS)] for kind, counts in quality.checks.items()],
        ),
        (
            _("Time in the queue"), [_("Until"), _("Nominations"), _("Median"), _("Longest")],
            [_line(_("a verifier took it"), quality.until_taken), _line(_("it was closed"), quality.until_closed)],
        ),
        (
            _("Share verified"), [_("What"), _("Nominations")],
            [[_("Sent"), quality.sent], [_("Closed"), quality.closed]],
        ),
    ]  # fmt: skip


def _line(name: str, wait: Wait) -> list[Any]:
    return [name, wait.count, _span(wait.median), _span(wait.longest)]


def _digest(tables: Sequence[Table]) -> str:
    """SHA-256 over the rows of all tables: the page and the workbook that print the same one say the same."""
    return hashlib.sha256(json.dumps(tables, ensure_ascii=True, separators=(",", ":")).encode()).hexdigest()


def _kind(kind: str) -> str:
    return str(_(KINDS[kind].title)) if kind in KINDS else _("Documents and notes")


def _span(value: Any) -> str:
    return "–" if value is None else formats.duration(value, current_language())


def _at(cycle: Cycle) -> datetime:
    return cycle_time(cycle, now())
