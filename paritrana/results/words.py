"""What a ranking says, in sentences of the reader's language. `rubric` is always the form of `table.described`."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _l

from paritrana.core.ranking import State
from paritrana.web.template_filters import decimal2, own


def _(message: str, **params: Any) -> str:
    return str(gettext(message, **params))


SECTIONS = {
    State.RANKED: _l("Ranked"),
    State.BELOW_QUORUM: _l("Below quorum"),
    State.INCOMPLETE: _l("Incomplete"),
    State.INELIGIBLE: _l("Not eligible"),
}

Described = Mapping[str, Any]


def title_in(rubric: Described, part: str, code: str) -> str:
    """The title of a stage, aspect, indicator or gate; its code where the rubric does not know it."""
    return next((own(one, "title") for one in rubric[part] if one["code"] == code), code)


def indicator_title(rubric: Described, code: str) -> str:
    """Code and title of an indicator: «B1 Coverage of …»."""
    return f"{code} {title_in(rubric, 'indicators', code)}"


def rule_title(rubric: Described, element: str) -> str:
    """An element of the tie chain as words inside a sentence."""
    kind, _sep, code = element.partition(":")
    if element == "decision":
        return _("decision of the plenary")
    if kind == "source":
        return _("points of the computed indicators")
    if kind == "stage":
        return _("points of the stage %(title)s", title=title_in(rubric, "stages", code))
    if kind == "aspect":
        return _("points of the aspect %(title)s", title=title_in(rubric, "aspects", code))
    return _("points of the indicator %(title)s", title=indicator_title(rubric, code))


def tie_words(rubric: Described, row: Any) -> str:
    """Why a shared total led to different ranks, or did not; empty where no total was shared."""
    tied, broken_by = (row[name] if isinstance(row, Mapping) else getattr(row, name) for name in ("tied", "broken_by"))
    if tied:
        return _("Tied, not separated by the rules")
    return _("Separated by: %(rule)s", rule=rule_title(rubric, broken_by)) if broken_by else ""


def rank_text(row: Any) -> str:
    """The rank as shown: «2», tied «=2», without one «–»."""
    tied, rank = (row[name] if isinstance(row, Mapping) else getattr(row, name) for name in ("tied", "rank"))
    if rank is None:
        return "–"
    return f"={rank}" if tied else str(rank)


def reason_words(rubric: Described, reason: Mapping[str, Any]) -> str:
    """One reason for which a candidate has no rank."""
    match reason["kind"]:
        case "gate":
            return _("Condition not met: %(gate)s", gate=title_in(rubric, "gates", reason["gate"]))
        case "missing_computed":
            return _(
                "No value can be computed for %(indicator)s, because a verified figure is missing",
                indicator=indicator_title(rubric, reason["indicator"]),
            )
        case "aspect_not_applicable":
            return _(
                "No indicator of the aspect %(aspect)s is applicable",
                aspect=title_in(rubric, "aspects", reason["aspect"]),
            )
    return _(
        "Below quorum: %(indicator)s has %(a)s of %(b)s marks",
        indicator=indicator_title(rubric, reason["indicator"]),
        a=reason["found"],
        b=reason["needed"],
    )


def cap_words(rubric: Described, cap: Mapping[str, str]) -> str:
    """Why marks of one indicator counted less than they were given."""
    return _(
        "%(indicator)s: marks count at most %(value)s (%(reason)s)",
        indicator=indicator_title(rubric, cap["indicator"]),
        value=decimal2(Decimal(cap["value"])),
        reason=cap["reason"],
    )


def excused_words(rubric: Described, one: Mapping[str, str]) -> str:
    """An indicator that does not count for a candidate."""
    return f"{one['indicator']}: " + _("Not applicable: %(reason)s (chair's decision)", reason=one["reason"])


def set_words(rubric: Described, one: Mapping[str, Any]) -> str:
    """A computed indicator whose value two people set, with the computed value, the reason and their roles."""
    computed = _("no value") if one["computed"] is None else decimal2(Decimal(one["computed"]))
    return _(
        "%(indicator)s: %(value)s is set, not computed (computed: %(computed)s). Reason: %(reason)s. "
        "Proposed by a verifier, confirmed by a second verifier.",
        indicator=indicator_title(rubric, one["indicator"]),
        value=decimal2(Decimal(one["set"])),
        computed=computed,
        reason=str(one["reason"]).rstrip(" ."),
    )


REASONS = {"abstained": _l("Abstained"), "recused": _l("Recused")}


def value_words(value: str | None) -> str:
    """A mark or a value of a bundle as people write it; what an empty mark says; «–» for nothing."""
    if value is None:
        return "–"
    return str(REASONS[value]) if value in REASONS else decimal2(Decimal(value))


def change_words(rubric: Described, change: Any) -> str:
    """One input that differs between two runs, as a sentence."""
    before, after = change.before, change.after
    indicator = indicator_title(rubric, change.indicator)
    match change.kind:
        case "mark":
            return _(
                "Mark of %(assessor)s for %(indicator)s: %(before)s → %(after)s",
                assessor=change.assessor, indicator=indicator, before=value_words(before), after=value_words(after),
            )  # fmt: skip
        case "computed":
            return _("Computed value of %(indicator)s: %(before)s → %(after)s", indicator=indicator,
                     before=value_words(before), after=value_words(after))  # fmt: skip
        case "cap":
            return _("Highest mark that counts for %(indicator)s: %(before)s → %(after)s", indicator=indicator,
                     before=value_words(before), after=value_words(after))  # fmt: skip
        case "not_applicable":
            if after is None:
                return _("%(indicator)s is applicable again", indicator=indicator)
            return _("%(indicator)s is not applicable: %(reason)s", indicator=indicator, reason=after)
        case "gate":
            gate = title_in(rubric, "gates", change.indicator)
            if after is None:
                return _("Condition met: %(gate)s", gate=gate)
            return _("Condition not met: %(gate)s", gate=gate)
        case "override":
            if after is None:
                return _("The value of %(indicator)s is computed again, no longer set", indicator=indicator)
            return _("The value of %(indicator)s is set, not computed", indicator=indicator)
        case "consolidation":
            return _("%(indicator)s was scored a second time", indicator=indicator)
        case "reopened":
            return _("The sheet of %(assessor)s was opened again", assessor=change.assessor)
        case "finding":
            return _("Findings of the verification changed")
    if after is None:
        return _("The sheet of %(assessor)s does not count any more", assessor=change.assessor)
    if before is None:
        return _("The sheet of %(assessor)s came in", assessor=change.assessor)
    return _("The sheet of %(assessor)s was submitted in another version", assessor=change.assessor)


RUBRIC_PARTS = {
    "code": _l("another rubric"),
    "version": _l("another version"),
    "total": _l("the total"),
    "quorum": _l("the quorum"),
    "panel_aggregate": _l("how marks become one value"),
    "scale": _l("the scale"),
    "stages": _l("the stages"),
    "aspects": _l("the aspects"),
    "indicators": _l("the indicators or their weights"),
    "gates": _l("the conditions"),
    "tie_break": _l("the chain for ties"),
}

FUNCTIONS = (
    title_in, indicator_title, rule_title, tie_words, rank_text, reason_words, cap_words, excused_words, set_words,
)  # fmt: skip
