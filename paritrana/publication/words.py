"""How results come about, in sentences of the reader's language."""

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _l

from paritrana.core.computed import WORDS
from paritrana.core.lifecycle import State
from paritrana.cycles.models import Category
from paritrana.results import words as ranking_words


def _(message: str, **params: Any) -> str:
    return str(gettext(message, **params))


POLICIES = {
    "winners": _l("This table shows the holders of titles. The other participants are named without a number."),
    "ranked": _l("This table shows every ranked candidate. Participants without a rank are named without a number."),
    "all": _l("This table shows every candidate. Where there is no rank, the reason is given."),
}


def rule_sentence(rule: str) -> str:
    """What a named rule of computed indicators does; its name where this version knows no such rule."""
    return _(WORDS[rule]) if rule in WORDS else rule


def method_sentences(rubric: Mapping[str, Any], number: Any) -> list[tuple[str, str]]:
    """The rules of a rubric as (term, sentence); `number` writes a decimal text in the reader's language."""
    aggregate = (
        _("The value of an indicator is the mean of the marks of the panel.")
        if rubric["panel_aggregate"] == "mean"
        else _("The lowest and the highest mark are dropped; the value of an indicator is the mean of the others.")
    )
    chain = [ranking_words.rule_title(rubric, element) for element in rubric["tie_break"]]
    low, high, _step = rubric["scale"]
    return [
        (_("Scale"), _("Marks and computed values go from %(low)s to %(high)s.", low=number(low), high=number(high))),
        (_("Panel"), aggregate),
        (
            _("Quorum"),
            _("An indicator needs at least %(n)s marks; otherwise the candidate gets no rank.", n=rubric["quorum"]),
        ),
        (
            _("Missing marks"),
            _("An abstention or a recusal is not a zero: it leaves the mean. A mark of 0 counts as 0."),
        ),
        (
            _("Not applicable"),
            _("The weight of an indicator that is not applicable goes to the others of its aspect, in proportion."),
        ),
        (
            _("Rounding"),
            _("Everything is computed exactly; only totals and tie-break subtotals are rounded, half up to 0.01."),
        ),
        (
            _("Equal totals"),
            _("Compared in this order: %(chain)s. What stays equal shares the rank.", chain="; ".join(chain))
            if chain
            else _("Candidates with an equal total share the rank."),
        ),
    ]


STAGES: tuple[tuple[str, Any, tuple[State, ...]], ...] = (
    ("closes_at", _l("Nominations"), (State.OPEN,)),
    ("verification_until", _l("Verification of documents"), (State.CLOSED, State.VERIFICATION)),
    ("interviews_until", _l("Interviews"), (State.INTERVIEW,)),
    ("scoring_until", _l("Scoring"), (State.SCORING,)),
    ("plenary_until", _l("Plenary"), (State.PLENARY,)),
    ("publication_planned", _l("Announcement"), (State.SEALED,)),
)


def stage_rows(category: Category, state: State, written: Any) -> list[tuple[str, str, str]]:
    """The stages of a category as (name, when, past | now | next); `written` writes a moment."""
    rows = []
    for column, name, states in STAGES:
        moment = getattr(category, column)
        when = _("until %(time)s", time=written(moment)) if moment is not None else _("date to be announced")
        if column == "publication_planned" and moment is not None:
            when = written(moment)
        place = "past" if state > max(states) else "now" if state in states else "next"
        rows.append((str(name), when, place))
    return rows
