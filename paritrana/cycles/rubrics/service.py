"""Changes of rubric versions: made, written again while in work, chosen for a category, frozen by two people."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy.exc import IntegrityError

from paritrana.audit import service as audit
from paritrana.core.errors import MissingReason, ParitranaError, StaleVersion, WrongState
from paritrana.core.lifecycle import State
from paritrana.core.policy import Actor
from paritrana.core.rubric import QUANTUM_TEXT
from paritrana.core.rubric_form import Lack, canonical_form, check_shape, lacking
from paritrana.core.words import N_
from paritrana.cycles import service as cycles
from paritrana.cycles.models import Category, Cycle, Proposal, RubricVersion
from paritrana.cycles.queries import FREEZE_ACT, find_rubric, state_at
from paritrana.cycles.rubrics import queries
from paritrana.cycles.rubrics.document import digest_of, form_of, write
from paritrana.database import db

CHANGEABLE: Final = frozenset({State.DRAFT, State.OPEN, State.CLOSED, State.VERIFICATION})
HIGHEST_VERSION: Final = 999


class CodeTaken(ParitranaError):
    """The code names a rubric that others made. Params: `code`."""

    code = "code_taken"
    message = N_("The code %(code)s belongs to another rubric. Choose another one.")


class VersionThere(ParitranaError):
    """The version is stored already. Params: `code`, `version`."""

    code = "version_there"
    message = N_("Version %(version)s of %(code)s is there already. Give the file another code.")


class OtherKind(ParitranaError):
    """A rubric for villages cannot judge provinces."""

    code = "other_kind"
    message = N_("This rubric is made for another kind of category.")


class NotReadyToFreeze(ParitranaError):
    """The version has gaps; `lacks` are all of them."""

    code = "rubric_not_ready"
    message = N_("The rubric cannot be frozen yet. You can save it and go on later.")

    def __init__(self, lacks: Sequence[Lack]) -> None:
        super().__init__(str(len(lacks)))
        self.lacks = lacks


class RubricUnderMarks(ParitranaError):
    """Marks were given by the rubric of this category."""

    code = "rubric_under_marks"
    message = N_(
        "Marks were given by the rubric of this category. It changes no more; the category can only be scored afresh."
    )


class ChosenAlready(ParitranaError):
    """The category is judged by this very version."""

    code = "rubric_chosen"
    message = N_("The category is judged by this version already.")


def blank_form(code: str, kind: str, titles: tuple[str, str]) -> dict[str, Any]:
    """The form of a rubric from nothing: a scale of 0 to 10, two stages, one aspect, no indicator."""
    return {
        "code": code, "version": 1, "title_id": titles[0], "title_en": titles[1], "category": kind,
        "status": "decided", "total": "100", "quantum": QUANTUM_TEXT, "quorum": 5, "panel_size": 9,
        "panel_aggregate": "mean", "consolidation_spread": "2.5", "scale": {"min": "0", "max": "10", "step": "0.01"},
        "stages": [
            {"code": "desk", "title_id": "Penilaian dokumen", "title_en": "Document assessment"},
            {"code": "interview", "title_id": "Wawancara", "title_en": "Interview"},
        ],
        "aspects": [{"code": "A", "title_id": "Aspek A", "title_en": "Aspect A"}],
        "indicators": [], "gates": [], "tie_break": ["stage:interview", "decision"],
    }  # fmt: skip


def make(
    cycle: Cycle, form: Mapping[str, Any], *, actor: Actor, at: datetime, keep_number: bool = False
) -> RubricVersion:
    """Store a new version in work for the organisers of a cycle; the caller commits.

    The version takes the next number of its code, or with `keep_number` that of the form. Raises `BadRubricForm`,
    `CodeTaken` where the code is another cycle's or a delivered one, `VersionThere`.
    """
    check_shape(form)
    audit.lock_stream(audit.intake(cycle.code))
    code = form["code"]
    if queries.owners_of(code) - {cycle.id}:
        raise CodeTaken(code=code)
    number = form["version"] if keep_number else queries.newest(code) + 1
    if number > HIGHEST_VERSION or find_rubric(code, number) is not None:
        raise VersionThere(code=code, version=number)
    form = canonical_form({**form, "version": number})
    rubric = RubricVersion(code=code, version=number, cycle=cycle, changed_by_name=actor.name, changed_at=at)
    write(rubric, form)
    db.session.add(rubric)
    try:
        db.session.flush()
    except IntegrityError:  # the organisers of another cycle were quicker with this code
        raise CodeTaken(code=code) from None
    _tell(rubric, form, actor, at)
    return rubric


def save(rubric: RubricVersion, form: Mapping[str, Any], *, expected: int, actor: Actor, at: datetime) -> RubricVersion:
    """Write a version in work again; the caller commits. What was proposed about it no longer stands.

    Raises `RubricFrozen`, `StaleVersion` when somebody wrote in between, `BadRubricForm`.
    """
    audit.lock_stream(cycles.rubric_stream(rubric))
    db.session.refresh(rubric, with_for_update={"of": RubricVersion})
    if rubric.frozen_at is not None or rubric.cycle is None:
        raise cycles.RubricFrozen
    check_shape(form)
    form = canonical_form({**form, "code": rubric.code, "version": rubric.version})
    if digest_of(form) == rubric.digest:  # it says so already, as after a second press
        return rubric
    if rubric.row_version != expected:
        raise StaleVersion(who=rubric.changed_by_name or "", time=rubric.changed_at)
    rubric.indicators.clear()
    db.session.flush()
    write(rubric, form)
    rubric.row_version += 1
    rubric.changed_by_name, rubric.changed_at = actor.name, at
    _tell(rubric, form, actor, at)
    for proposal in queries.waiting_for(rubric.ref):
        proposal.state = "void"
        stream = cycles.stream_of(proposal.category.cycle, proposal.category.stored_state)
        audit.record(stream, f"{FREEZE_ACT}.void", actor, at=at, object_ref=proposal.ref)
    db.session.flush()
    return rubric


def _tell(rubric: RubricVersion, form: Mapping[str, Any], actor: Actor, at: datetime) -> None:
    audit.record(
        cycles.rubric_stream(rubric), "rubric.stored", actor, at=at, object_ref=rubric.ref, digest=rubric.digest,
        form=form,
    )  # fmt: skip


def choose(category: Category, rubric: RubricVersion, *, actor: Actor, at: datetime) -> None:
    """Let a category in draft be judged by a version; the caller commits.

    Raises `WrongState` once it is open: then two people bring in a new version. Raises `OtherKind`, `ChosenAlready`.
    """
    audit.lock_stream(cycles.intake_of(category))
    db.session.refresh(category, with_for_update={"of": Category})
    if state_at(category, at) is not State.DRAFT:
        raise WrongState
    _check_fit(category, rubric)
    _use(category, rubric, actor, at)


def _check_fit(category: Category, rubric: RubricVersion) -> None:
    if rubric.category_kind != category.kind:
        raise OtherKind
    if category.rubric_version_id == rubric.id and (rubric.frozen_at is not None):
        raise ChosenAlready


def _use(category: Category, rubric: RubricVersion, actor: Actor, at: datetime, **values: Any) -> None:
    if category.rubric_version_id == rubric.id:
        return
    category.rubric = rubric
    category.version += 1
    audit.record(
        cycles.intake_of(category), "category.rubric_chosen", actor, at=at,
        object_ref=f"{category.cycle.code}/{category.slug}", rubric=rubric.ref, digest=rubric.digest, **values,
    )  # fmt: skip
    db.session.flush()


def propose_freezing(
    category: Category,
    rubric: RubricVersion,
    digest: str,
    reason: str,
    *,
    marked: bool,
    actor: Actor,
    at: datetime,
) -> Proposal:
    """Propose to the chair to freeze a version for a category; `at` is the cycle's time; the caller commits.

    In draft the version is frozen and chosen; in the states up to the verification it takes the place of the one in
    force, with a reason. `marked` says whether anything was marked by that one. Raises `WrongState`, `OtherKind`,
    `RubricUnderMarks`, `ChosenAlready`, `MissingReason`, `ProposalVoid` for another content, `NotReadyToFreeze`,
    `ProposalWaiting`.
    """
    audit.lock_stream(cycles.intake_of(category))
    state = state_at(category, at)
    _check_changeable(category, rubric, state, marked=marked)
    if digest != rubric.digest:
        raise cycles.ProposalVoid
    lacks = lacking(form_of(rubric))
    if lacks:
        raise NotReadyToFreeze(lacks)
    if state is State.DRAFT and rubric.frozen_at is not None:
        raise cycles.RubricFrozen
    if state is not State.DRAFT and not reason.strip():
        raise MissingReason
    return cycles.propose(
        FREEZE_ACT, category, subject_ref=rubric.ref, payload=_payload(category, rubric), reason=reason, actor=actor,
        at=at,
    )  # fmt: skip


def confirm_freezing(
    proposal: Proposal, rubric: RubricVersion, digest: str, *, marked: bool, actor: Actor, at: datetime
) -> None:
    """Freeze what was proposed and let the category be judged by it, as its chair; the caller commits.

    `at` is the cycle's time. Raises `WrongState`, `RubricUnderMarks`, `SamePerson`, `ProposalVoid` where version or
    category have moved.
    """
    category = proposal.category
    audit.lock_stream(cycles.intake_of(category))
    db.session.refresh(category, with_for_update={"of": Category})
    db.session.refresh(rubric, with_for_update={"of": RubricVersion})
    _check_changeable(category, rubric, state_at(category, at), marked=marked)
    if proposal.payload != _payload(category, rubric) or digest_of(form_of(rubric)) != rubric.digest:
        raise cycles.ProposalVoid
    cycles.confirm(proposal, digest, actor=actor, at=at)
    if rubric.frozen_at is None:
        rubric.frozen_at = at
        rubric.row_version += 1
        audit.record(
            cycles.rubric_stream(rubric), "rubric.frozen", actor, at=at, object_ref=rubric.ref, digest=rubric.digest,
            proposal_ref=proposal.ref, form=form_of(rubric),
        )  # fmt: skip
    _use(category, rubric, actor, at, proposal_ref=proposal.ref, reason=proposal.reason)
    db.session.flush()


def _check_changeable(category: Category, rubric: RubricVersion, state: State, *, marked: bool) -> None:
    if marked:
        raise RubricUnderMarks
    if state not in CHANGEABLE:
        raise WrongState
    _check_fit(category, rubric)


def _payload(category: Category, rubric: RubricVersion) -> dict[str, Any]:
    """What the second person confirms: the version with its digest, where it is used, and what it replaces."""
    before = category.rubric
    return {
        "rubric": rubric.ref,
        "digest": rubric.digest,
        "category": f"{category.cycle.code}/{category.slug}",
        "before": None if before is None or before.id == rubric.id else {"rubric": before.ref, "digest": before.digest},
    }
