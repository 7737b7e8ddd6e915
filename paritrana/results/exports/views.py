"""All marks of a category: as a page, as files for the committee, and candidate by candidate beside the ranking."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import structlog
from flask import Blueprint, render_template, url_for
from flask.typing import ResponseReturnValue

from paritrana.core.filetypes import XLSX
from paritrana.core.lifecycle import State
from paritrana.core.policy import Act, Role
from paritrana.core.ranking import State as CandidateState
from paritrana.cycles.models import Category, RubricVersion
from paritrana.cycles.queries import core_rubric, get_category, rubric_of, state_now
from paritrana.nominations.models import Nomination
from paritrana.nominations.queries import current_revision
from paritrana.results import queries, words
from paritrana.results.exports import queries as reads
from paritrana.results.exports.candidate import left_out, panel_rows
from paritrana.results.exports.files import wide_csv, workbook
from paritrana.results.exports.rows import by_sheet, judged
from paritrana.results.models import ResultRun
from paritrana.results.reading import ask_reason, reason_to_read
from paritrana.results.table import described, open_run
from paritrana.verification.explanation import STATE_SHAPES, STATES, Explanation, explained
from paritrana.verification.queries import find_verification
from paritrana.verification.values import computed_values
from paritrana.web.access import allowed, ask, current_actor, may, now, require
from paritrana.web.exports import Spool
from paritrana.web.paging import paged
from paritrana.web.template_filters import moment

bp = Blueprint("exports", __name__)

PAGE_SIZE = 10  # candidates
BY_CODE = frozenset({Role.PUBLIC, Role.NOMINEE})  # roles that see assessors by their codes only
log = structlog.get_logger("results")


@bp.get("/manage/<cycle>/ranking/<cat>/marks")
@allowed(Act.SEE_OTHERS_MARKS, category=get_category)
def marks(category: Category) -> ResponseReturnValue:
    """One row for each sheet, ten candidates at a time: the wide table of the files. An auditor says why."""
    reason, missing = reason_to_read(Act.SEE_OTHERS_MARKS, category)
    if missing:
        return ask_reason(category)
    if reason:
        _log_reading(Act.SEE_OTHERS_MARKS, category, reason)
    rubric = rubric_of(category)
    total = reads.count_candidates(category)
    page = paged(total, PAGE_SIZE)
    shown = reads.candidates_page(category, page.start, PAGE_SIZE)
    return render_template(
        "results/marks.html",
        **_frame(category, reason),
        rubric=rubric,
        codes=judged(rubric),
        sheets=list(by_sheet(queries.marks_of(category, shown))) if shown else [],
        names=_names(category),
        run=queries.run_in_force(category),
        total=total,
        page_no=page.no,
        pages=page.pages,
        may_preview=may(Act.SEE_RANKING_PREVIEW, category),
    )


@bp.get("/manage/<cycle>/ranking/<cat>/marks-wide.csv")
@allowed(Act.SEE_OTHERS_MARKS, category=get_category)
def marks_wide(category: Category) -> ResponseReturnValue:
    """The wide table for a spreadsheet program. An auditor says why."""
    reason, missing = reason_to_read(Act.SEE_OTHERS_MARKS, category)
    if missing:
        return ask_reason(category)
    run, spool = queries.run_in_force(category), Spool()
    told = wide_csv(
        spool, run, queries.marks_of(category), judged(rubric_of(category)), names=_names(category)
    )  # fmt: skip
    return _file(category, spool, told.count, told.sha256, run, "marks-wide.csv", "text/csv", reason)


@bp.get("/manage/<cycle>/ranking/<cat>/marks.xlsx")
@allowed(Act.SEE_OTHERS_MARKS, category=get_category)
def marks_workbook(category: Category) -> ResponseReturnValue:
    """The long and the wide table as a workbook. An auditor says why."""
    reason, missing = reason_to_read(Act.SEE_OTHERS_MARKS, category)
    if missing:
        return ask_reason(category)
    run, spool = queries.run_in_force(category), Spool()
    set_values = queries.set_values_of(category)
    told = workbook(
        spool, category, run, queries.marks_of(category), judged(rubric_of(category)), names=_names(category),
        set_values=set_values,
    )  # fmt: skip
    return _file(category, spool, told.count, told.sha256, run, "marks.xlsx", XLSX.media_type, reason)


def _file(
    category: Category,
    spool: Spool,
    count: int,
    digest: str,
    run: ResultRun | None,
    name: str,
    mimetype: str,
    reason: str,
) -> ResponseReturnValue:
    log.info(
        "exported", act=Act.SEE_OTHERS_MARKS.value, account=current_actor().ref, category=category.id, form=name,
        rows=count, run=None if run is None else run.no, digest=digest, reason=reason or None,
    )  # fmt: skip
    about = {"X_Row_Count": str(count), "X_Rows_Digest": digest}
    about |= {} if run is None else {"X_Run": str(run.no), "X_Run_Digest": run.digest}
    return spool.answer(f"{category.cycle.code}-{category.slug}-{name}", mimetype, **about)


@bp.get("/manage/<cycle>/ranking/<cat>/candidates/<candidate>")
@allowed(Act.SEE_RANKING_PREVIEW, category=get_category)
def candidate(category: Category, candidate: str) -> ResponseReturnValue:
    """Every mark of one candidate, what counts of them and why, and how each computed value comes about."""
    nomination = reads.get_candidate(category, candidate)
    require(Act.SEE_OTHERS_MARKS, nomination)
    reason, missing = reason_to_read(Act.SEE_RANKING_PREVIEW, category)
    if missing:
        return ask_reason(category)
    if reason:
        _log_reading(Act.SEE_RANKING_PREVIEW, category, reason)
    rubric, run = rubric_of(category), queries.run_in_force(category)
    opened = None if run is None else open_run(run, rubric)
    row = next((one for one in opened.rows if one["candidate"] == candidate), None) if opened is not None else None
    standing = opened.standings([row])[0] if opened is not None and row is not None else None
    sheets, codes = list(by_sheet(queries.marks_of(category, [nomination.id]))), judged(rubric)
    told = described(rubric)
    caps = {one["indicator"]: Decimal(one["value"]) for one in standing.caps} if standing is not None else {}
    excused = {one["indicator"]: one["reason"] for one in standing.not_applicable} if standing is not None else {}
    out = {one.sheet for one in sheets if one.recused}
    return render_template(
        "results/candidate.html",
        **_frame(category, reason),
        nomination=nomination,
        rubric=told,
        version=rubric,
        run=run,
        moved=run is not None and run.inputs_digest != queries.inputs_digest(category) and not _sealed(category),
        standing=standing,
        sheets=sheets,
        names=_names(category),
        rows=panel_rows(core_rubric(rubric), codes, sheets, caps, excused),
        left_out=left_out(
            told, rubric.counted_round, sheets, reads.open_sheets(nomination), reads.late_marks(nomination)
        ),
        remarks=[one for one in reads.remarks_on(nomination) if one.sheet not in out],
        explanations=_explanations(category, rubric, nomination),
        set_values={one["indicator"]: one for one in standing.set_values} if standing is not None else {},
        states=STATES,
        state_shapes=STATE_SHAPES,
        ranked=standing is not None and standing.state == CandidateState.RANKED,
    )


def _explanations(category: Category, rubric: RubricVersion, nomination: Nomination) -> Mapping[str, Explanation]:
    """How each computed value of a candidate comes about, by indicator, from what was found."""
    revision, verification = current_revision(nomination), find_verification(nomination)
    evidence = revision.content["evidence"] if revision is not None else {}
    data = {kind: said.get("data") or {} for kind, said in evidence.items()}
    found = computed_values(category, rubric, [nomination])
    return {
        one.code: explained(
            one, rubric, found[nomination.id, one.code], data,
            verification.findings if verification is not None else [], election_held=category.cycle.election_held,
        )
        for one in rubric.indicators
        if (nomination.id, one.code) in found
    }  # fmt: skip


def _frame(category: Category, reason: str) -> dict[str, Any]:
    """What the pages share."""
    return {
        "category": category,
        "cycle": category.cycle,
        "simulated": category.cycle.simulated,
        "embargo": state_now(category, now()) < State.PUBLISHED,
        "reason": reason or None,
        "words": words,
        "ranking": url_for("results.ranking", cycle=category.cycle.code, cat=category.slug, reason=reason or None),
        "printed_at": moment(now(), category.cycle.timezone, "short"),
    }


def _names(category: Category) -> bool:
    """Whether the reader sees assessors by their names, and what they wrote."""
    return ask(Act.SEE_OTHERS_MARKS, category).role not in BY_CODE


def _sealed(category: Category) -> bool:
    return state_now(category, now()) >= State.SEALED


def _log_reading(act: Act, category: Category, reason: str) -> None:
    log.info("read", act=act.value, account=current_actor().ref, category=category.id, reason=reason)
