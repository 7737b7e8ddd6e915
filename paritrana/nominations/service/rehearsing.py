"""Invented candidates of a rehearsal: evidence by rule, sent without documents, verified by nobody."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Final

from paritrana.core.errors import WrongState
from paritrana.core.evidence import KINDS, FieldSpec
from paritrana.core.evidence.specs import DECIMALS, NUMBERS
from paritrana.core.policy import Actor
from paritrana.cycles.models import Category
from paritrana.cycles.queries import rubric_of
from paritrana.nominations.models import Nomination
from paritrana.nominations.rows import kinds_asked
from paritrana.nominations.service.drafting import create_nomination
from paritrana.nominations.service.evidence import Saved, clean_data, store_evidence
from paritrana.nominations.service.moves import set_nomination_state
from paritrana.nominations.service.sending import send
from paritrana.reference.models import Organisation

NOTE: Final = "Isian karangan untuk latihan. Tidak ada dokumen, dan tidak ada yang memverifikasinya."
STEPS: Final = (("submitted", "verified"), ("verified", "shortlisted"))


def invent(category: Category, organisation: Organisation, no: int, *, actor: Actor, at: datetime) -> Nomination:
    """Make and send the nomination of an invented candidate; `no` varies its figures. The caller commits.

    Raises `WrongState` outside a rehearsal, or unless its category is open.
    """
    if not category.cycle.rehearsal:
        raise WrongState
    nomination = create_nomination(category, organisation, actor=actor, at=at)
    rubric, year = rubric_of(category), category.cycle.assessment_year
    for kind in kinds_asked(rubric):
        data: dict[str, Any] = {}
        if kind in KINDS:
            spec = KINDS[kind]
            asked = spec.asked(election_held=category.cycle.election_held, candidate=rubric.category_kind)
            data = {"fields": _figures(asked, no, year)}
            if spec.lines is not None:
                data["lines"] = [{"key": "1", **_figures(spec.lines.fields, no, year)}]
            data = clean_data(kind, data)
        store_evidence(nomination, kind, None, Saved(data, NOTE, "", "", True), actor=actor, at=at)
    send(nomination, actor=actor, at=at)
    return nomination


def call_in(nomination: Nomination, *, actor: Actor, at: datetime) -> None:
    """Take an invented candidate to the interviews, past a verification that a rehearsal does not have.

    The caller commits. Raises `WrongState` outside a rehearsal.
    """
    if not nomination.category.cycle.rehearsal:
        raise WrongState
    for before, after in STEPS:
        set_nomination_state(nomination, after, expected=(before,), reason=NOTE, actor=actor, at=at)


def _figures(fields: Sequence[FieldSpec], no: int, year: int) -> dict[str, Any]:
    return {field.key: _figure(field, place, no, year) for place, field in enumerate(fields)}


def _figure(field: FieldSpec, place: int, no: int, year: int) -> Any:
    if field.kind == "year":
        return year
    if field.kind == "months":
        return 12
    if field.kind == "rupiah":
        return (no + place + 1) * 25_000_000
    if field.kind in NUMBERS:
        # What is counted against comes after what is counted, and is more.
        return 1_000 + 150 * no + 400 * (place % 4)
    if field.kind in DECIMALS:
        return str(50 + no)
    if field.kind == "date":
        return date(year, 6, 1 + no % 28)
    if field.kind == "choice":
        return field.choices[0][0]
    return f"Latihan {no + 1}"
