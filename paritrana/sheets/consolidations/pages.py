"""A second scoring as its page shows it: per indicator both rounds as a strip of dots, with the table beside it."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from flask_babel import gettext as _
from markupsafe import Markup

from paritrana.core.consolidation import FIRST, SECOND, Spread, letters
from paritrana.core.policy import Actor
from paritrana.cycles.models import Indicator, RubricVersion
from paritrana.nominations.models import Nomination
from paritrana.sheets.consolidations import queries
from paritrana.sheets.consolidations.queries import Said, Voices
from paritrana.sheets.models import Mark
from paritrana.web import formats
from paritrana.web.charts import Dot, dot_strip
from paritrana.web.template_filters import current_language, own


@dataclass(frozen=True)
class Voice:
    """One assessor's row: by letter, or also by name where the rubric says so."""

    letter: str
    name: str  # empty where the rubric shows letters only
    own: bool
    first: Mark | None
    second: Mark | None

    @property
    def changed(self) -> bool:
        """Whether the second mark differs from the first."""
        return self.second is not None and (self.first is None or self.second.value != self.first.value)


@dataclass
class Section:
    """One indicator with both rounds."""

    indicator: Indicator
    voices: Sequence[Voice]
    before: Spread | None
    after: Spread | None
    picture: Markup
    form: Any = None

    @property
    def mine(self) -> Voice | None:
        """The reader's own row."""
        return next((one for one in self.voices if one.own), None)

    @property
    def notes(self) -> list[tuple[str, int, str]]:
        """What people wrote for the panel: (letter, round, note), by letter."""
        return [
            (one.letter, number, mark.panel_note)
            for one in self.voices
            for number, mark in ((FIRST, one.first), (SECOND, one.second))
            if mark is not None and mark.panel_note
        ]

    @property
    def said_again(self) -> int:
        """How many have kept or changed."""
        return sum(1 for one in self.voices if one.second is not None)


def names_of(nomination: Nomination, found: Voices) -> dict[str, str]:
    """The letter of every assessor who marked this candidate, by account."""
    return letters((one.assessor.ref for said in found.values() for one in said), nomination.ref)


def voices_of(said: Sequence[Said], names: dict[str, str], rubric: RubricVersion, actor: Actor) -> list[Voice]:
    """The rows of one indicator in the order of their letters."""
    rows = [
        Voice(
            names[one.assessor.ref],
            one.assessor.name if rubric.named_marks or one.assessor.id == actor.user_id else "",
            one.assessor.id == actor.user_id,
            one.first,
            one.second,
        )
        for one in said
    ]
    return sorted(rows, key=lambda row: (len(row.letter), row.letter))


def sections(
    nomination: Nomination, rubric: RubricVersion, codes: Sequence[str], actor: Actor, *, again: bool
) -> list[Section]:
    """The indicators in `codes` with everybody's marks; `again` shows the second round (at most six statements)."""
    found = queries.voices(nomination, rubric)
    names = names_of(nomination, found)
    shown = []
    for code in codes:
        one = rubric.indicator(code)
        if one is None or code not in found:
            continue
        rows = voices_of(found[code], names, rubric, actor)
        before, after = (queries.spread_in(code, found[code], number) for number in (FIRST, SECOND))
        shown.append(Section(one, rows, before, after, _picture(one, rows, rubric, again=again)))
    return shown


def _picture(indicator: Indicator, voices: Sequence[Voice], rubric: RubricVersion, *, again: bool) -> Markup:
    language = current_language()
    rows = [(str(_("Before")), _dots(voices, FIRST))]
    if again:
        rows.append((str(_("After")), _dots(voices, SECOND)))
    said = ". ".join(
        f"{label}: " + "; ".join(f"{dot.letter} {formats.decimal2(dot.value, language)}" for dot in dots)
        for label, dots in rows
    )
    low, high = Fraction(rubric.scale_min), Fraction(rubric.scale_max)
    middle = (low + high) / 2
    steps = [(value, formats.decimal2(value, language)) for value in (low, middle, high)]
    return dot_strip(
        f"strip-{indicator.code}", _("Marks of the panel on %(name)s", name=own(indicator, "title")), said,
        (low, high), steps, rows,
    )  # fmt: skip


def _dots(voices: Sequence[Voice], number: int) -> list[Dot]:
    found = [(one, one.second if number == SECOND and one.second is not None else one.first) for one in voices]
    return [
        Dot(Fraction(mark.value), one.letter, one.own)
        for one, mark in found
        if mark is not None and mark.value is not None
    ]


def width(spread: Spread | None) -> str:
    """How far the marks lie apart, as people write it."""
    return formats.decimal2(spread.width if spread is not None else Decimal(0), current_language())


def answered(shown: Sequence[Section]) -> tuple[int, int]:
    """How many answers there are, and how many there can be."""
    return sum(one.said_again for one in shown), sum(len(one.voices) for one in shown)
