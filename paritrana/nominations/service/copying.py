"""A draft that begins as a copy of what the same organisation said in an earlier cycle."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from paritrana.audit import service as audit
from paritrana.core.errors import NotFound, ParitranaError
from paritrana.core.evidence import KINDS, FieldSpec
from paritrana.core.evidence.stored import entries
from paritrana.core.policy import Actor
from paritrana.core.words import N_
from paritrana.cycles.models import RubricVersion
from paritrana.cycles.service import intake_of
from paritrana.database import db
from paritrana.nominations import queries
from paritrana.nominations.models import Attachment, Nomination
from paritrana.nominations.rows import kinds_asked, requirements_of
from paritrana.nominations.service.documents import LIMITS, Limits, attach
from paritrana.nominations.service.evidence import Saved, clean_data, store_evidence
from paritrana.nominations.service.writing import UnfitEvidence, open_for_writing

# Kinds whose figures come out of a list that belongs to one period: they are counted anew.
NEVER_COPIED: Final = frozenset({"beneficiary_list"})


class NoEarlierNomination(ParitranaError):
    """There is nothing to copy. Params: `name`."""

    code = "no_earlier_nomination"
    message = N_("%(name)s has no nomination in a matching category of an earlier cycle. There is nothing to copy.")


class DraftHasFigures(ParitranaError):
    """A copy would replace what is there."""

    code = "draft_has_figures"
    message = N_("This draft already has entries. A copy would replace them, so nothing was copied.")


def copy_earlier(nomination: Nomination, *, actor: Actor, at: datetime) -> bool:
    """Fill an empty draft with the figures of the organisation's newest earlier nomination; the caller commits.

    Every copied figure carries the mark of its year until it is saved anew. Documents, notes, explanations and
    statements on conditions are not copied. A draft that is a copy already stays as it is, and the answer is False.
    Raises `EntryClosed`, `NominationSent`, `DraftHasFigures`, `NoEarlierNomination`.
    """
    rubric = open_for_writing(nomination, at)
    db.session.refresh(nomination, ["copied_from_id"])
    if nomination.copied_from_id is not None:
        return False
    if queries.evidence_of(nomination):
        raise DraftHasFigures
    source = queries.find_earlier(nomination)
    if source is None:
        raise NoEarlierNomination(name=nomination.organisation.name)
    copies = copies_of(source, nomination, rubric)
    if not copies:
        raise NoEarlierNomination(name=nomination.organisation.name)
    year = source.category.cycle.assessment_year
    nomination.copied_from_id = source.id
    nomination.version += 1
    audit.record(
        intake_of(nomination.category), "nomination.copied", actor, at=at, object_ref=nomination.ref,
        source=source.ref, cycle=source.category.cycle.code, year=year, kinds=list(copies),
    )  # fmt: skip
    asked: dict[str, Any] = {
        "election_held": nomination.category.cycle.election_held, "candidate": rubric.category_kind,
    }  # fmt: skip
    for kind, data in copies.items():
        figures = [key for key, _field, value in entries(KINDS[kind], data, **asked) if value is not None]
        saved = Saved(data, "", "", "", False, {"year": year, "figures": figures})
        store_evidence(nomination, kind, None, saved, actor=actor, at=at)
    return True


def attach_again(
    nomination: Nomination, numbers: Collection[int], *, actor: Actor, at: datetime, limits: Limits = LIMITS
) -> list[Attachment]:
    """Put chosen documents of the nomination that was copied under this draft, by their bytes; the caller commits.

    A document stands in the same place as before; where the rubric asks for none there any more it stands among the
    others of its kind, or cannot be taken over. What is there already is not attached twice. Raises `NotFound` for a
    document or kind that is not there, and what `attach` raises.
    """
    rubric = open_for_writing(nomination, at)
    source = copied_from(nomination)
    if source is None:
        raise NotFound
    there = {one.no: one for one in queries.attachments_of(source)}
    if not set(numbers) <= there.keys():
        raise NotFound
    year = source.category.cycle.assessment_year
    attached = []
    for one in (there[no] for no in sorted(set(numbers))):
        known = {document["code"] for document in requirements_of(rubric, one.kind)}
        requirement = one.requirement if one.requirement in known else ""
        attached.append(
            attach(
                nomination, one.kind, one.blob, one.name, requirement=requirement, reused_year=year, actor=actor,
                at=at, limits=limits,
            )
        )  # fmt: skip
    return attached


def copied_from(nomination: Nomination) -> Nomination | None:
    """The nomination a draft was copied from, its cycle loaded, where there is one (one statement)."""
    return queries.find_by_id(nomination.copied_from_id) if nomination.copied_from_id is not None else None


def copies_of(source: Nomination, nomination: Nomination, rubric: RubricVersion) -> dict[str, dict[str, Any]]:
    """The figures of an earlier nomination that a new one asks for, by kind, in rubric order (one statement).

    A figure that is no value of its field any more, such as a choice that is gone, is left out.
    """
    items, election_held = queries.evidence_of(source), nomination.category.cycle.election_held
    found = {
        kind: fitting(kind, items[kind].data, election_held=election_held, candidate=rubric.category_kind)
        for kind in kinds_asked(rubric)
        if kind in KINDS and kind not in NEVER_COPIED and kind in items
    }
    return {kind: data for kind, data in found.items() if data["fields"] or data.get("lines")}


def fitting(kind: str, data: Mapping[str, Any], *, election_held: bool, candidate: str) -> dict[str, Any]:
    """Stored evidence without what this candidate is not asked, or what is no value of its field any more."""
    spec = KINDS[kind]
    asked = spec.asked(election_held=election_held, candidate=candidate)
    kept: dict[str, Any] = {"fields": _fitting(kind, asked, data.get("fields") or {})}
    if spec.lines is not None:
        fields, lines = spec.lines.fields, data.get("lines") or []
        kept["lines"] = [{"key": line["key"], **_fitting(kind, fields, line, in_line=True)} for line in lines]
    return kept


def _fitting(
    kind: str, specs: Sequence[FieldSpec], values: Mapping[str, Any], *, in_line: bool = False
) -> dict[str, Any]:
    kept = {spec.key: values[spec.key] for spec in specs if values.get(spec.key) not in (None, "")}
    for key, value in list(kept.items()):
        one = {"lines": [{"key": "x", key: value}]} if in_line else {"fields": {key: value}}
        try:
            clean_data(kind, one)
        except UnfitEvidence:
            del kept[key]
    return kept
