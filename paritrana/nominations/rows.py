"""The task rows of a nomination, read from its rubric: what an indicator asks for, how far each row is, what blocks.

Nothing here touches the database or the clock. Bilingual data travel as the rubric's own objects.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from paritrana.core.evidence import KINDS, Check, CheckContext, blank_figures, filled_figures, run_checks
from paritrana.core.quantities import Count, Label, Quantity, Text, Year
from paritrana.core.words import N_
from paritrana.cycles.models import Indicator, RubricVersion
from paritrana.nominations.models import Attachment, EvidenceItem, GateStatement

INTERVIEW = "interview"  # the stage whose indicators are judged in the room and take no evidence beforehand
DOCUMENTS_ONLY = "indicator:"
SENT_AS = "self_assessment"  # where a sent revision keeps what the nominee thinks of its indicators, if anything

# Reasons for an open difference; the text beside them says the rest. Money has two more reasons than counts.
COUNT_REASONS = (
    ("people_changed", N_("The number of people changed during the year")),
    ("other_counting", N_("The source counts in another way")),
    ("typing_error", N_("A typing error in the document")),
    ("other", N_("Another reason")),
)
MONEY_REASONS = (
    ("includes_jht", N_("Includes old-age savings (JHT)")),
    ("other_costs", N_("Includes other costs")),
    *COUNT_REASONS,
)
MONEY_KINDS = frozenset({"non_asn_protection", "vulnerable_workers", "village_allocation", "budget", "csr"})


@dataclass(frozen=True)
class EvidenceRow:
    """One row of the task list: an indicator and one kind of evidence under it.

    An indicator with several typed kinds has several rows; a kind that serves several indicators is one item that is
    shown under each.
    """

    indicator: Indicator
    kind: str
    several: bool = False

    @property
    def typed(self) -> bool:
        """Whether figures are typed here; otherwise the row takes documents and a note."""
        return self.kind in KINDS


@dataclass(frozen=True)
class Blocker:
    """Why a nomination cannot be sent yet: a sentence, and the place that mends it (`eligibility` or a kind)."""

    place: str
    message: str
    params: Mapping[str, Quantity] = field(default_factory=dict)


@dataclass(frozen=True)
class Progress:
    """What a kind requires, what of it is present, and what its checks say: numbers for the row of a task list."""

    entries: int  # required entries that are filled in
    entries_needed: int
    documents: int  # documents asked for that are attached
    documents_needed: int
    checks: int  # checks that could look at something
    asking: int  # of them, those that ask for an explanation


@dataclass(frozen=True)
class Standing:
    """How far one kind of evidence is: state of its chip, hints for the row, and what its checks ask about."""

    state: str  # open, doing, done, attention, problem
    hints: tuple[tuple[str, Mapping[str, Quantity]], ...]
    item: EvidenceItem | None
    documents: tuple[Attachment, ...]
    differences: tuple[Check, ...]
    explained: bool
    progress: Progress


def evidence_rows(rubric: RubricVersion) -> list[EvidenceRow]:
    """The evidence rows of a rubric, in rubric order: every indicator that is not judged in the interview."""
    rows: list[EvidenceRow] = []
    for indicator in rubric.indicators:
        if indicator.stage == INTERVIEW:
            continue
        kinds = kinds_of(indicator)
        rows.extend(EvidenceRow(indicator, kind, several=len(kinds) > 1) for kind in kinds)
    return rows


def assessed_by_itself(rubric: RubricVersion) -> list[Indicator]:
    """The indicators for which a nominee may say what it thinks they are worth: those not judged in the interview."""
    return [one for one in rubric.indicators if one.stage != INTERVIEW]


def judged_in_interview(rubric: RubricVersion) -> list[Indicator]:
    """The indicators that take no evidence beforehand, in rubric order."""
    return [one for one in rubric.indicators if one.stage == INTERVIEW]


def kinds_of(indicator: Indicator) -> tuple[str, ...]:
    """The kinds under an indicator: its typed ones, or the one that takes documents and a note."""
    return tuple(kind for kind in indicator.evidence_kinds if kind in KINDS) or (f"{DOCUMENTS_ONLY}{indicator.code}",)


def kinds_asked(rubric: RubricVersion) -> tuple[str, ...]:
    """Every kind that a nomination fills, once, in rubric order."""
    return tuple(dict.fromkeys(row.kind for row in evidence_rows(rubric)))


def indicators_of(rubric: RubricVersion, kind: str) -> list[Indicator]:
    """The indicators that use a kind, in rubric order; none for a kind that the rubric does not ask for."""
    return [row.indicator for row in evidence_rows(rubric) if row.kind == kind]


def requirements_of(rubric: RubricVersion, kind: str) -> list[dict[str, Any]]:
    """The documents asked for under a kind: `{code, id, en, date_rule}`, each once.

    The documents of an indicator with several kinds stand under its first one, so that nothing is asked twice.
    """
    found: dict[str, dict[str, Any]] = {}
    for indicator in indicators_of(rubric, kind):
        if kinds_of(indicator)[0] == kind:
            for document in indicator.evidence_required:
                found.setdefault(document["code"], document)
    return list(found.values())


def reasons_of(kind: str) -> tuple[tuple[str, str], ...]:
    """The reason list for an open difference: code and message id."""
    return MONEY_REASONS if kind in MONEY_KINDS else COUNT_REASONS


def page_name(kind: str) -> str:
    """A kind as it stands in an address: `indicator:A1` is written `indicator-A1`."""
    return kind.replace(":", "-", 1) if kind.startswith(DOCUMENTS_ONLY) else kind


def kind_of_page(name: str) -> str:
    """The kind behind `page_name`."""
    prefix = f"{DOCUMENTS_ONLY[:-1]}-"
    return DOCUMENTS_ONLY + name.removeprefix(prefix) if name.startswith(prefix) else name


def open_differences(kind: str, data: Mapping[str, Any], context: CheckContext) -> tuple[Check, ...]:
    """The checks of an item that ask for an explanation."""
    return tuple(check for check in _checks(kind, data, context) if check.severity == "ask")


def _checks(kind: str, data: Mapping[str, Any], context: CheckContext) -> list[Check]:
    return run_checks(kind, data, context) if kind in KINDS and data else []


def standing(
    rubric: RubricVersion,
    kind: str,
    items: Mapping[str, EvidenceItem],
    attachments: Sequence[Attachment],
    context: CheckContext,
) -> Standing:
    """How far a kind is. Only the nominee's own word makes it `done`.

    A check that asks, or a document that is asked for and not attached, keeps it at `attention`.
    """
    item = items.get(kind)
    documents = tuple(one for one in attachments if one.kind == kind and one.removed_at is None)
    checks = _checks(kind, item.data, context) if item is not None else []
    differences = tuple(check for check in checks if check.severity == "ask")
    explained = item is not None and bool(item.explanation_reason and item.explanation.strip())
    missing = _missing(rubric, kind, items, attachments, context.election_held)
    hints: list[tuple[str, Mapping[str, Quantity]]] = [(one.message, one.params) for one in missing]
    absent = _absent_documents(rubric, kind, documents)
    completed = item is not None and item.completed
    if absent and (documents or completed):
        hints.append((N_("Documents not attached yet: %(n)s"), {"n": Count(len(absent))}))
    if differences and not explained:
        hints.append((N_("Difference not explained yet"), {}))
    if item is None and not documents:
        state = "open"
    elif completed and missing:
        state = "problem"
    elif (differences and not explained) or (completed and absent):
        state = "attention"  # «completed» does not stand beside documents that are missing
    elif completed:
        state = "done"
    else:
        state = "doing"
    filled, needed = (0, 0)
    if kind in KINDS:
        data = item.data if item is not None else {}
        held, candidate = context.election_held, rubric.category_kind
        filled, needed = filled_figures(kind, data, election_held=held, candidate=candidate)
    asked = requirements_of(rubric, kind)
    progress = Progress(filled, needed, len(asked) - len(absent), len(asked), len(checks), len(differences))
    return Standing(state, tuple(hints) if state != "open" else (), item, documents, differences, explained, progress)


def blockers(
    rubric: RubricVersion,
    items: Mapping[str, EvidenceItem],
    attachments: Sequence[Attachment],
    statements: Mapping[str, GateStatement],
    *,
    election_held: bool,
    announced: Collection[str] = (),
) -> list[Blocker]:
    """What keeps a nomination from being sent, in the order of the page; empty when it may go.

    A condition without a statement, a required figure that is blank, an indicator without any document. Open
    differences never block: they are explained, or the verifier sees them first. Nor does a document that is
    `announced` under a kind: it may arrive after the sending.
    """
    unstated = [gate for gate in rubric.gates if not _stated(statements.get(gate["code"]))]
    found = []
    if unstated:
        found.append(Blocker("eligibility", N_("Conditions without a statement: %(n)s"), {"n": Count(len(unstated))}))
    for kind in kinds_asked(rubric):
        found += _missing(rubric, kind, items, attachments, election_held, announced)
    return found


def _stated(statement: GateStatement | None) -> bool:
    return statement is not None and statement.answer in {"yes", "no"}


def _missing(
    rubric: RubricVersion,
    kind: str,
    items: Mapping[str, EvidenceItem],
    attachments: Sequence[Attachment],
    election_held: bool,
    announced: Collection[str] = (),
) -> list[Blocker]:
    found = []
    item = items.get(kind)
    if kind in KINDS:
        data = item.data if item is not None else {}
        blank = blank_figures(kind, data, election_held=election_held, candidate=rubric.category_kind)
        if blank:
            params: dict[str, Quantity] = {"title": Label(KINDS[kind].title), "n": Count(len(blank))}
            found.append(Blocker(kind, N_("%(title)s: required entries are missing (%(n)s)"), params))
    if item is not None and item.copied:
        figures, year = Count(len(item.copied["figures"])), Year(item.copied["year"])
        message = N_("%(title)s: entries copied from %(year)s are not checked yet (%(n)s)")
        found.append(Blocker(kind, message, {"title": Label(KINDS[kind].title), "year": year, "n": figures}))
    codes = [
        indicator.code
        for indicator in indicators_of(rubric, kind)
        if kinds_of(indicator)[0] == kind
        and not _has_document(indicator, attachments)
        and not set(kinds_of(indicator)) & set(announced)
    ]
    if codes:
        message = N_("%(codes)s: no document is attached yet")
        found.append(Blocker(kind, message, {"codes": Text(", ".join(codes))}))
    return found


def _has_document(indicator: Indicator, attachments: Sequence[Attachment]) -> bool:
    kinds = kinds_of(indicator)
    return any(one.kind in kinds and one.removed_at is None for one in attachments)


def _absent_documents(rubric: RubricVersion, kind: str, documents: Collection[Attachment]) -> list[str]:
    there = {one.requirement for one in documents}
    return [document["code"] for document in requirements_of(rubric, kind) if document["code"] not in there]
