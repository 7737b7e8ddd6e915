"""The words of the rubric builder: names of keys and values, and what a version says about itself in sentences."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from flask_babel import gettext as _

from paritrana.core.evidence import KINDS
from paritrana.core.rubric import COMPUTED_SUBTOTAL, DECISION
from paritrana.core.rubric_rules import RULE_DATA
from paritrana.core.words import N_
from paritrana.web.template_filters import in_sentence, joined, number, own

CATEGORY_NAMES: Final[Mapping[str, str]] = {
    "regency_city": N_("Regency and city governments"),
    "province": N_("Province governments"),
    "enterprise_large_medium": N_("Large and medium enterprises"),
    "small_micro": N_("Small and micro enterprises"),
    "village": N_("Villages"),
}
STATUS_NAMES: Final[Mapping[str, str]] = {
    "decided": N_("Decided by the committee"),
    "proposal": N_("Proposal of the project"),
    "observed": N_("Observed in a past cycle"),
}
AGGREGATES: Final[Mapping[str, str]] = {
    "mean": N_("Arithmetic mean of all marks"),
    "trimmed_mean": N_("Mean without one lowest and one highest mark"),
}
SOURCES: Final[Mapping[str, str]] = {
    "panel": N_("The panel marks it"),
    "computed": N_("A rule computes it from verified figures"),
}
OTHERS: Final[Mapping[str, str]] = {
    "own_in": N_("as soon as their own sheet of the candidate is locked"),
    "all_in": N_("as soon as all sheets of the candidate are in"),
    "plenary": N_("only in the plenary"),
}
ROUNDS: Final[Mapping[str, str]] = {
    "1": N_("The first round; the second one is only shown"),
    "2": N_("The second round, where an indicator was deliberated"),
}
NAMED: Final[Mapping[str, str]] = {"no": N_("By letter (J1, J2, …)"), "yes": N_("By name")}
TABLES: Final[Mapping[str, str]] = {
    "winners": N_("the winners"),
    "ranked": N_("all ranked candidates"),
    "all": N_("all candidates, with the reasons of those who are not ranked"),
}
BASIS_NAMES: Final[Mapping[str, str]] = {
    "sourced": N_("named by a source"),
    "topic_sourced": N_("its topic is named by a source"),
    "proposal": N_("a proposal"),
}
DATE_RULE_NAMES: Final[Mapping[str, str]] = {
    "in_assessment_period": N_("within the assessment year"),
    "on_31_december_before": N_("on 31 December of the year before"),
    "none": N_("no date is checked"),
}
PARTS: Final[Mapping[str, str]] = {
    "aspects": N_("Aspects"),
    "stages": N_("Stages"),
    "gates": N_("Conditions"),
    "indicators": N_("Indicators"),
}
PART_STATES: Final[Mapping[str, tuple[str, str]]] = {
    "added": ("doing", N_("Added")),
    "removed": ("problem", N_("Removed")),
    "changed": ("attention", N_("Changed")),
    "moved": ("neutral", N_("In another place")),
}
KEYS: Final[Mapping[str, str]] = {
    "title_id": N_("Title in Indonesian"),
    "title_en": N_("Title in English"),
    "description_id": N_("Description in Indonesian"),
    "description_en": N_("Description in English"),
    "note_id": N_("Note in Indonesian"),
    "note_en": N_("Note in English"),
    "category": N_("Kind of category"),
    "status": N_("Origin"),
    "total": N_("Total of the weights"),
    "quantum": N_("Rounding of totals"),
    "quorum": N_("Quorum"),
    "panel_size": N_("Size of the panel"),
    "panel_aggregate": N_("Panel score"),
    "consolidation_spread": N_("Spread for a second scoring"),
    "scale": N_("Scale"),
    "tie_break": N_("Order of tie-breaks"),
    "counted_round": N_("Round that counts"),
    "others_marks": N_("Assessors see the marks of the others"),
    "named_marks": N_("How the marks of the others are shown"),
    "stage": N_("Stage"),
    "aspect": N_("Aspect"),
    "weight": N_("Weight"),
    "source": N_("Source of the value"),
    "levels": N_("Anchors"),
    "caps": N_("Highest mark by presenter"),
    "evidence_kinds": N_("Evidence"),
    "evidence_required": N_("Documents"),
    "formula": N_("Rule"),
    "deductions": N_("Advised deductions"),
    "deductions_apply_from_score": N_("Deductions apply from"),
    "extra_inputs": N_("Further figures"),
    "basis": N_("Origin"),
    "basis_sources": N_("Sources"),
}


def name_of(key: str) -> str:
    """A key of the form in words."""
    return str(_(KEYS[key]))


def shown(key: str, value: Any) -> str:
    """A value of the form as a reader sees it; a dash where there is none."""
    if value is None or value == [] or value == "":
        return "–"
    if key in ("levels", "caps", "evidence_required", "deductions"):
        return "; ".join(_part(one) for one in value)
    if key == "formula":
        return formula_words(value)
    if key == "scale":
        return scale_words(value)
    if key == "tie_break":
        return "; ".join(_tie(one) for one in value)
    if key == "evidence_kinds":
        return joined(kind_name(one) for one in value)
    names: Mapping[str, Mapping[str, str]] = {
        "category": CATEGORY_NAMES, "status": STATUS_NAMES, "panel_aggregate": AGGREGATES, "source": SOURCES,
        "others_marks": OTHERS, "basis": BASIS_NAMES,
    }  # fmt: skip
    if key in names:
        return str(_(names[key][value]))
    if key == "named_marks":
        return _in_words(NAMED, "yes" if value else "no")
    if key in ("total", "weight", "consolidation_spread"):
        return written(value)
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _tie(element: str) -> str:
    """An element of the chain in words, with the code of its part."""
    kind, _colon, code = element.partition(":")
    words = {
        "source": _("Points of all computed indicators"), "stage": _("Points of the stage"),
        "aspect": _("Points of the aspect"), "indicator": _("Points of"), "decision": _("Decision of the plenary"),
    }  # fmt: skip
    return f"{words[kind]} {code}" if kind in ("stage", "aspect", "indicator") else words[kind]


def _part(one: Mapping[str, Any]) -> str:
    figure = next((written(one[name]) for name in ("score", "cap", "points") if name in one), "")
    return f"{figure} {one['id']} / {one['en']}".strip()


def kind_name(kind: str) -> str:
    """A kind of evidence in words."""
    return str(_(KINDS[kind].title))


def written(text: str) -> str:
    """A decimal text of the form in the reader's language, at least as it was written."""
    value = Decimal(text)
    return number(value, max(0, -int(value.as_tuple().exponent)))


def scale_words(scale: Mapping[str, str]) -> str:
    """A scale in words."""
    low, high, step = written(scale["min"]), written(scale["max"]), written(scale["step"])
    return str(_("%(low)s to %(high)s in steps of %(step)s", low=low, high=high, step=step))


def formula_words(formula: Mapping[str, Any]) -> str:
    """A rule with its parameters in words."""
    data = RULE_DATA[formula["rule"]]
    said = [
        f"{_(param.label)}: {_value(param.known, formula['params'][param.name])}"
        for param in data.params
        if param.name in formula["params"]
    ]
    return f"{_(data.label)} ({'; '.join(said)})"


def _value(known: Mapping[str, str] | None, value: Any) -> str:
    if isinstance(value, bool):
        return str(_("Yes") if value else _("No"))
    if isinstance(value, list):
        return ", ".join(
            " → ".join(map(written, one)) if isinstance(one, list) else _value(known, one) for one in value
        )
    return str(_(known[value])) if known else written(value)


def tie_names(form: Mapping[str, Any]) -> dict[str, str]:
    """What a tie may be broken by in this version, in words."""
    found = {COMPUTED_SUBTOTAL: str(_("Points of all computed indicators"))}
    for group, kind in (("stages", "stage"), ("aspects", "aspect"), ("indicators", "indicator")):
        said = {"stage": _("Points of the stage"), "aspect": _("Points of the aspect"), "indicator": _("Points of")}
        for one in form[group]:
            found[f"{kind}:{one['code']}"] = f"{said[kind]} {one['code']} {own(one, 'title')}"
    found[DECISION] = str(_("Decision of the plenary"))
    return found


def sentences(form: Mapping[str, Any]) -> Iterator[str]:
    """What a version says about panel, marks and rounds."""
    quorum, size = number(form["quorum"]), number(form["panel_size"])
    yield _("Marks lie on a scale of %(scale)s.", scale=scale_words(form["scale"]))
    yield _(
        "The panel has %(size)s seats. An indicator counts with at least %(quorum)s marks.", size=size, quorum=quorum
    )
    yield _("The panel score of an indicator: %(how)s.", how=_small(AGGREGATES, form["panel_aggregate"]))
    yield _("A missing mark and an abstention are never zero: they are left out. Below the quorum there is no rank.")
    yield _(
        "Marks of one indicator that lie more than %(spread)s apart are deliberated, and each assessor keeps or changes"
        " the own mark.",
        spread=written(form["consolidation_spread"]),
    )
    yield _("Which round counts: %(round)s.", round=_small(ROUNDS, str(form.get("counted_round", 2))))
    when = _in_words(OTHERS, form.get("others_marks", "all_in"))
    how = in_sentence(_in_words(NAMED, "yes" if form.get("named_marks") else "no"))
    yield _("Assessors see the marks of the others %(when)s: %(how)s.", when=when, how=how)


def _in_words(names: Mapping[str, str], code: str) -> str:
    message = names[code]
    return str(_(message))


def _small(names: Mapping[str, str], code: str) -> str:
    return in_sentence(_in_words(names, code))


def table_sentences(tables: Iterable[tuple[str, str]]) -> Sequence[str]:
    """How much the public table of each category shows; pairs of (title of the category, its policy)."""
    return [_("The public table of %(category)s shows %(what)s.", category=t, what=_(TABLES[p])) for t, p in tables]
