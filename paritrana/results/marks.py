"""All marks of a category as a file: what stands in the sheets that a run reads, one row for each mark.

Rows stand by candidate code, assessor code, place of the indicator in the rubric, and round. The rows that count are
exactly the marks of the bundle of a run made at the same moment.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from flask_babel import gettext as _

from paritrana.core.ranking import RECUSED
from paritrana.cycles.models import Category
from paritrana.results.models import ResultRun
from paritrana.results.queries import MarkRow, SetValue
from paritrana.web import formats
from paritrana.web.exports import Spool, cell, number_cell

FORMAT = "paritrana-marks/1"
ORDER = ("candidate", "assessor", "indicator", "round")
_BATCH = 500  # rows that are encoded at once
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def as_csv(
    spool: Spool,
    category: Category,
    run: ResultRun | None,
    rows: Iterable[MarkRow],
    *,
    names: bool,
    set_values: Iterable[SetValue] = (),
) -> int:
    """Write the marks for a spreadsheet program; tells how many rows.

    Without `names` assessors stand by their codes, and what they wrote about an abstention is left out.

    Below the table, after an empty line, stand the number of rows, the run and the digest of the lines above, then a
    line for each computed value that two people set.
    """
    spool.write(b"\xef\xbb\xbf")
    spool.write_csv([_heads()])
    words = {None: "", "abstained": str(_("Abstained")), RECUSED: str(_("Recused"))}
    yes, no = str(_("Yes")), str(_("No"))
    moments: dict[object, str] = {}

    def line(row: MarkRow) -> Sequence[str]:
        if row.submitted_at not in moments:
            moments.clear()  # the sheets come one after the other: one moment is enough to remember
            moments[row.submitted_at] = formats.iso(row.submitted_at) if row.submitted_at is not None else ""
        return (
            cell(row.candidate), cell(row.candidate_name), cell(row.assessor),
            cell(row.assessor_name) if names else "", cell(row.indicator), str(row.round), number_cell(row.value),
            words[row.reason], cell(row.note) if names else "", yes if row.counts else no, cell(row.sheet),
            moments[row.submitted_at], number_cell(row.version),
        )  # fmt: skip

    count = spool.write_csv(map(line, rows))
    digest = spool.sha256
    spool.write_csv(
        [
            [],
            [str(_("Rows")), str(count)],
            [str(_("Run")), "" if run is None else str(run.no)],
            [str(_("Digest of the run (SHA-256)")), "" if run is None else cell(run.digest)],
            [str(_("Digest of the lines above (SHA-256)")), cell(digest)],
            *(
                [
                    str(_("set, not computed")),
                    cell(one.candidate),
                    cell(one.indicator),
                    number_cell(one.value),
                    str(_("Computed")),
                    number_cell(one.computed),
                    str(_("Reason")),
                    cell(one.reason),
                ]
                for one in set_values
            ),
        ]
    )
    return count


def _heads() -> list[str]:
    return [
        str(one)
        for one in (
            _("Candidate"), _("Name"), _("Assessor"), _("Name of the assessor"), _("Indicator"), _("Round"), _("Mark"),
            _("Reason"), _("Note"), _("Counts"), _("Sheet"), _("Submitted"), _("Version"),
        )
    ]  # fmt: skip


def as_json(
    spool: Spool,
    category: Category,
    run: ResultRun | None,
    rows: Iterable[MarkRow],
    *,
    names: bool,
    set_values: Iterable[SetValue] = (),
) -> int:
    """Write the marks for a program: one object, its rows one to a line; tells how many rows.

    Values are exact decimals as texts. `set_values` are the computed values that two people set. `rows_sha256` is the
    digest of the bytes between the line `"rows":[` and the line `],`, without the last line break.
    """
    head = {
        "format": FORMAT,
        "cycle": category.cycle.code,
        "category": category.slug,
        "run": None if run is None else {"no": run.no, "digest": run.digest},
        "order": ORDER,
    }
    spool.write(_encode(head)[:-1].encode() + b',\n"rows":[\n')
    count, digest, ended = 0, hashlib.sha256(), ""
    for lines in _batched((_json_row(row, names) for row in rows), _BATCH):
        piece = (ended + ",\n".join(lines)).encode()
        spool.write(piece)
        digest.update(piece)
        count, ended = count + len(lines), ",\n"
    tail: dict[str, object] = {"row_count": count, "rows_sha256": digest.hexdigest()}
    tail["set_values"] = [
        {
            "candidate": one.candidate,
            "indicator": one.indicator,
            "set": format(one.value, "f"),
            "computed": None if one.computed is None else format(one.computed, "f"),
            "reason": one.reason,
        }
        for one in set_values
    ]
    spool.write(b"\n],\n" + _encode(tail)[1:].encode() + b"\n")
    return count


def _batched(lines: Iterator[str], size: int) -> Iterator[list[str]]:
    """The lines in lists of `size`; the last may be shorter."""
    while batch := list(islice(lines, size)):
        yield batch


def _json_row(row: MarkRow, names: bool) -> str:
    return _encode(
        {
            "candidate": row.candidate,
            "candidate_name": row.candidate_name,
            "assessor": row.assessor,
            "assessor_name": row.assessor_name if names else None,
            "indicator": row.indicator,
            "round": row.round,
            "value": None if row.value is None else format(row.value, "f"),
            "reason": row.reason,
            "note": row.note if names else None,
            "counts": row.counts,
            "sheet": row.sheet,
            "submitted_at": None if row.submitted_at is None else formats.iso(row.submitted_at),
            "version": row.version,
        }
    )
