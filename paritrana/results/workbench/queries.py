"""Reads of the diagnostics of a run and of what warns before its seal."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import func, or_, select
from sqlalchemy.orm import defer, selectinload
from sqlalchemy.orm.attributes import set_committed_value

from paritrana.core.bundle import parse
from paritrana.core.ranking import State
from paritrana.core.rubric import Rubric
from paritrana.cycles.models import Category, RubricVersion
from paritrana.cycles.queries import core_rubric
from paritrana.database import db
from paritrana.nominations.models import Nomination
from paritrana.nominations.queries import CANDIDATE_STATES
from paritrana.results.models import ResultRun
from paritrana.results.plenary.models import Decision
from paritrana.results.plenary.queries import decisions_in_force
from paritrana.results.queries import digests
from paritrana.results.workbench.models import Acknowledgement, RunDiagnostics
from paritrana.sheets.models import Consolidation
from paritrana.verification.models import ChangeRequest, GateFinding, Override, Verification

Said = Mapping[str, Any]

FINDINGS, REQUESTS, CONSOLIDATIONS = "findings", "requests", "consolidations"
UNEVEN, BELOW_QUORUM, DECISIONS = "uneven", "below_quorum", "decisions"
CODES: Final = (FINDINGS, REQUESTS, CONSOLIDATIONS, UNEVEN, BELOW_QUORUM, DECISIONS)


@dataclass(frozen=True)
class Warned:
    """Something that is not as it should be before a seal, how often, and who acknowledged it."""

    code: str
    found: int
    acknowledged: Acknowledgement | None


KEPT: Final = 4  # diagnostics per process: about 300 bytes for each candidate
_kept: dict[str, Said] = {}


def diagnostics_of(run: ResultRun) -> Said:
    """The diagnostics of a run (one statement when it is first asked for; a run never changes).

    The bundle is read along with them, because whoever looks at the one looks at the other. Those of a run that was
    made without any are computed now.
    """
    found = _kept.pop(run.digest, None)
    if found is None:
        row: Any = db.session.execute(
            select(ResultRun.bundle, RunDiagnostics.said)
            .outerjoin(RunDiagnostics, RunDiagnostics.run_id == ResultRun.id)
            .where(ResultRun.id == run.id)
        ).one()
        set_committed_value(run, "bundle", row.bundle)
        found = json.loads(row.said) if row.said is not None else computed(run)
    _kept[run.digest] = found
    for oldest in list(_kept)[:-KEPT]:
        _kept.pop(oldest, None)
    return found


def computed(run: ResultRun, presets: Sequence[Rubric] = ()) -> Said:
    """The diagnostics of a run, computed from its bundle."""
    from paritrana.core.diagnostics import diagnose  # with numpy, which only those who look at figures load

    version = run.category.rubric_version_id
    limit = db.session.scalar(
        select(RubricVersion.consolidation_spread)
        .where(or_(RubricVersion.digest == run.rubric_digest, RubricVersion.id == version))
        .order_by(RubricVersion.digest != run.rubric_digest)
        .limit(1)
    )
    assert limit is not None  # noqa: S101 - the category of a run has a rubric
    return diagnose(parse(run.bundle).contest, run.digest, spread_limit=limit, presets=presets).as_dict()


def presets(mine: RubricVersion, cycle_id: int) -> list[Rubric]:
    """The newest frozen version of every other rubric of a cycle or of all, and other versions of this one.

    Two statements. What organisers of another cycle made is theirs.
    """
    found = db.session.scalars(
        select(RubricVersion)
        .where(
            RubricVersion.id != mine.id,
            RubricVersion.frozen_at.is_not(None),
            or_(RubricVersion.cycle_id.is_(None), RubricVersion.cycle_id == cycle_id),
        )
        .options(selectinload(RubricVersion.indicators))
        .order_by(RubricVersion.code, RubricVersion.version)
    ).all()
    newest = {one.code: one for one in found}
    return [core_rubric(one) for one in found if one.code == mine.code or newest[one.code] is one]


def warnings(category: Category, run: ResultRun, said: Said, below_quorum: int, moved: int) -> list[Warned]:
    """What warns before the seal of a run, in the order of `CODES` (one statement).

    `said` are the run's diagnostics, `below_quorum` how many candidates of it lack marks, `moved` how many decisions
    of the plenary were made about other marks or findings.
    """
    rows = db.session.execute(
        select(*_open(category), Acknowledgement)
        .select_from(ResultRun)
        .outerjoin(Acknowledgement, Acknowledgement.run_id == ResultRun.id)
        .where(ResultRun.id == run.id)
        .order_by(Acknowledgement.id.desc())
    ).all()
    found = dict(zip(CODES, (*rows[0][:3], len(said["uneven"]), below_quorum, moved), strict=True))
    known = [row[3] for row in rows if row[3] is not None]
    return [
        Warned(code, found[code], next((one for one in known if one.code == code and one.found >= found[code]), None))
        for code in CODES
        if found[code]
    ]


def warnings_of(category: Category, run: ResultRun) -> list[Warned]:
    """The same for whoever has neither diagnostics nor result at hand."""
    rows = json.loads(run.bundle)["result"]
    below = sum(row["state"] == State.BELOW_QUORUM for row in rows)
    moved = moved_decisions(decisions_in_force(category), digests(category).basis)
    return warnings(category, run, diagnostics_of(run), below, moved)


def moved_decisions(decisions: Iterable[Decision], basis: str) -> int:
    """How many decisions were made about other marks or findings than those of now."""
    return sum(one.basis != basis for one in decisions)


def _open(category: Category) -> tuple[Any, Any, Any]:
    """How much of the verification, of change requests and of second scorings is not settled, as parts of a select."""
    mine = select(Verification.id).join(Nomination, Nomination.id == Verification.nomination_id)
    mine = mine.where(Nomination.category_id == category.id, Nomination.state.in_(CANDIDATE_STATES))

    def counted(statement: Any) -> Any:
        return statement.scalar_subquery()

    verifications = counted(
        select(func.count()).select_from(Verification).where(Verification.id.in_(mine), Verification.state != "closed")
    )
    gates = counted(
        select(func.count())
        .select_from(GateFinding)
        .where(GateFinding.verification_id.in_(mine), GateFinding.decided.is_(None))
    )
    overrides = counted(
        select(func.count())
        .select_from(Override)
        .where(Override.verification_id.in_(mine), Override.state == "proposed")
    )
    requests = counted(
        select(func.count())
        .select_from(ChangeRequest)
        .where(ChangeRequest.verification_id.in_(mine), ChangeRequest.state == "open")
    )
    consolidations = counted(
        select(func.count())
        .select_from(Consolidation)
        .where(
            Consolidation.category_id == category.id,
            Consolidation.attempt == category.attempt,
            Consolidation.closed_at.is_(None),
        )
    )
    return verifications + gates + overrides, requests, consolidations


def runs_of(category: Category) -> Sequence[ResultRun]:
    """Every run of a category without its bundle, the newest first (one statement)."""
    return db.session.scalars(
        select(ResultRun)
        .where(ResultRun.category_id == category.id)
        .options(defer(ResultRun.bundle))
        .order_by(ResultRun.no.desc())
    ).all()


def find_run(category: Category, no: int) -> ResultRun | None:
    """One run of a category by its number, where there is one."""
    return db.session.scalar(select(ResultRun).where(ResultRun.category_id == category.id, ResultRun.no == no))
