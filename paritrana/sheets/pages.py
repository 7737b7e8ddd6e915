"""A score sheet as its pages and its API show it: per indicator what is said, what limits it and what is known."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import Any

from flask_babel import gettext as _

from paritrana.core.scoring import effective_weights
from paritrana.cycles.models import Indicator
from paritrana.cycles.queries import core_rubric
from paritrana.interviews.queries import Cap
from paritrana.nominations.rows import kinds_of
from paritrana.sheets import queries, service
from paritrana.sheets.models import Mark, Sheet
from paritrana.sheets.queries import Circumstances
from paritrana.verification.counted import Counted, counted_values
from paritrana.verification.queries import Case, Item, Judged, case_of
from paritrana.web import formats
from paritrana.web.template_filters import current_language, own

ROWS_SHOWN = 8


@dataclass
class Leaf:
    """One judged indicator on the sheet."""

    indicator: Indicator
    mark: Mark | None
    weight: Fraction
    cap: Cap | None
    excused: str | None
    opened: bool
    second: Mark | None = None  # what was said again in a consolidation
    request: int | None = None  # an open change request on its evidence: the answer comes first
    evidence: Sequence[Item] = ()
    typed: Mapping[str, str] | None = None  # what was sent and refused; it stays in the fields
    errors: Mapping[str, Sequence[str]] = field(default_factory=dict)
    refusal: str = ""
    two: bool = False  # what was typed and what is stored differ: the person chooses

    @property
    def version(self) -> int:
        """The version of the stored mark; 0 for none."""
        return self.mark.version if self.mark is not None else 0

    @property
    def said(self) -> bool:
        """Whether there is a mark or an abstention."""
        return self.mark is not None and queries.is_said(self.mark)

    @property
    def abstained(self) -> bool:
        """Whether the stored word is an abstention."""
        return self.mark is not None and self.mark.reason is not None

    @property
    def extreme(self) -> bool:
        """Whether the mark is the lowest or highest possible and no note explains it."""
        mark = self.mark
        if mark is None or mark.value is None or mark.panel_note or mark.feedback:
            return False
        rubric = self.indicator.rubric
        return mark.value in (rubric.scale_min, rubric.scale_max)

    def text(self, name: str) -> str:
        """What stands in a field: what was typed, or else what is stored."""
        if self.typed is not None:
            return self.typed.get(name, "")
        if self.mark is None:
            return ""
        if name == "value":
            return shown(self.mark)
        if name == "abstain":
            return "1" if self.mark.reason is not None else ""
        return str(getattr(self.mark, name))

    @property
    def documents(self) -> list[Any]:
        """The documents of its evidence, each once."""
        found = {one["no"]: one for item in self.evidence for one in item.documents}
        return [found[no] for no in sorted(found)]

    @property
    def rows(self) -> list[Judged]:
        """The figures of its evidence that stand on the sheet: the first ones with a typed figure."""
        return [row for item in self.evidence for row in item.rows if row.figure.field is not None][:ROWS_SHOWN]

    @property
    def rows_left(self) -> int:
        """How many further figures there are."""
        return sum(1 for item in self.evidence for row in item.rows if row.figure.field is not None) - len(self.rows)

    @property
    def verdicts(self) -> list[Judged]:
        """What was found of evidence without figures: documents alone."""
        return [row for item in self.evidence for row in item.rows if row.figure.field is None]


@dataclass(frozen=True)
class Paper:
    """A whole sheet."""

    sheet: Sheet
    where: Circumstances
    leaves: Sequence[Leaf]
    computed: Sequence[tuple[Indicator, Counted, Fraction | None]] = ()

    @property
    def locked(self) -> bool:
        """Whether the sheet is submitted."""
        return self.sheet.submitted_at is not None

    @property
    def asked(self) -> list[Leaf]:
        """The indicators that apply to the candidate."""
        return [one for one in self.leaves if one.excused is None]

    @property
    def said(self) -> int:
        """How many of them have a mark or an abstention."""
        return sum(1 for one in self.asked if one.said)

    @property
    def blanks(self) -> list[Leaf]:
        """Those that have neither."""
        return [one for one in self.asked if not one.said]

    def leaf(self, code: str) -> Leaf:
        """The leaf of an indicator. Raises `StopIteration` for a code that the sheet does not have."""
        return next(one for one in self.leaves if one.indicator.code == code)


def paper_of(sheet: Sheet, where: Circumstances | None = None, *, whole: bool = True) -> Paper:
    """A sheet for its page (a fixed number of statements); without `whole` no evidence and no computed values."""
    if where is None:
        where = queries.circumstances(sheet.nomination)
    rubric = service.rubric_on(sheet)
    weights = effective_weights(core_rubric(rubric), tuple(where.excused))
    marks, again = queries.marks_of(sheet), queries.second_marks_of(sheet)
    case = case_of(sheet.nomination) if whole else None
    leaves = [
        Leaf(
            indicator=one,
            mark=marks.get(one.code),
            second=again.get(one.code),
            weight=weights.get(one.code, Fraction(0)),
            cap=where.cap(one),
            excused=where.excused.get(one.code),
            opened=where.opened(one),
            request=where.request(one),
            evidence=_evidence(case, one),
        )
        for one in queries.judged(rubric)
    ]
    computed: list[tuple[Indicator, Counted, Fraction | None]] = []
    if whole:
        values = counted_values(sheet.category, rubric, [sheet.nomination])
        computed = [
            (one, values[sheet.nomination_id, one.code], weights.get(one.code))
            for one in rubric.indicators
            if one.source == "computed"
        ]
    return Paper(sheet, where, leaves, computed)


def _evidence(case: Case | None, indicator: Indicator) -> Sequence[Item]:
    if case is None:
        return ()
    kinds = kinds_of(indicator)
    return [item for item in case.items if item.kind in kinds]


def shown(mark: Mark) -> str:
    """The value of a mark as people write it; empty without one."""
    return "" if mark.value is None else formats.decimal2(mark.value, current_language())


def word(mark: Mark | None) -> str:
    """A mark in one word, for lists: its value, an abstention, or nothing yet. Zero reads like every other mark."""
    if mark is not None and mark.value is not None:
        return shown(mark)
    return str(_("Abstained") if mark is not None and mark.reason is not None else _("Not scored"))


def echo(mark: Mark | None, cap: Cap | None, zone: str) -> str:
    """The sentence under the field: what is stored since when, and what it counts as."""
    if mark is None:
        return ""
    time = formats.clock_time(mark.saved_at, current_language(), zone)
    if mark.value is None:
        if mark.reason is not None:
            return str(_("Saved as an abstention at %(time)s", time=time))
        return str(_("Saved without a mark at %(time)s", time=time))
    said = str(_("Saved as %(value)s at %(time)s", value=shown(mark), time=time))
    if mark.source == "paper":
        said += " · " + str(_("from your paper, as two people read it"))
    if cap is not None and mark.value > cap.value:
        limit = formats.decimal2(cap.value, current_language())
        return said + " · " + str(_("It counts as %(cap)s, because of who presented.", cap=limit))
    return said


def points_sentence(points: tuple[Fraction, Fraction], time: str) -> str:
    """«Poin Anda»: the core's points of this one sheet over the most that the same indicators can earn."""
    language = current_language()
    earned, most = points
    limit = formats.number(most, language) if most.denominator == 1 else formats.decimal2(most, language)
    return str(_(
        "Your points: %(points)s of %(most)s scored so far (calculated by the server %(time)s)",
        points=formats.decimal2(earned, language), most=limit, time=time,
    ))  # fmt: skip


def progress(said: int, asked: int) -> str:
    """How much of a sheet is done."""
    language = current_language()
    return str(_("%(n)s of %(total)s scored", n=formats.number(said, language), total=formats.number(asked, language)))


def told(leaf: Leaf, zone: str) -> dict[str, Any]:
    """One indicator as the API tells it. `value` is exact, `shown` as people write it."""
    mark = leaf.mark
    value: Decimal | None = mark.value if mark is not None else None
    return {
        "indicator": leaf.indicator.code,
        "version": leaf.version,
        "value": None if value is None else format(value, "f"),
        "shown": "" if mark is None else shown(mark),
        "abstained": leaf.abstained,
        "abstain_note": leaf.mark.abstain_note if leaf.mark is not None else "",
        "panel_note": leaf.mark.panel_note if leaf.mark is not None else "",
        "feedback": leaf.mark.feedback if leaf.mark is not None else "",
        "word": word(mark),
        "said": leaf.said,
        "saved_at": None if mark is None else formats.iso(mark.saved_at),
        "time": "" if mark is None else formats.clock_time(mark.saved_at, current_language(), zone),
        "echo": echo(mark, leaf.cap, zone),
    }


def cap_sentence(cap: Cap) -> str:
    """Why a mark ends lower than the scale."""
    reason = own({"id": cap.reason, "en": cap.reason_en})
    limit = formats.decimal2(cap.value, current_language())
    return str(_("At most %(cap)s: presented by %(reason)s", cap=limit, reason=reason))
