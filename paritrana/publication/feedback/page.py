"""The feedback to a nominee in words: one account that the page and the paper both show."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from flask_babel import gettext
from markupsafe import Markup

from paritrana.core.feedback import Line, chances, feedback, strengths
from paritrana.cycles.models import RubricVersion
from paritrana.nominations.models import Nomination, NominationRevision
from paritrana.publication.feedback.queries import Published, levels_of, written_for
from paritrana.publication.models import Publication
from paritrana.results import words
from paritrana.results.table import two_decimals
from paritrana.verification.figures import SHAPES, VERDICTS, WITHOUT_VALUE, figures_of, from_text, quantity_of
from paritrana.verification.models import Finding, Verification
from paritrana.web.figures.ranges import Axis, Legend, RangeRow, range_rows
from paritrana.web.template_filters import current_language, decimal2, number, quantity

Described = Mapping[str, Any]


def _(message: str, **params: Any) -> str:
    return str(gettext(message, **params))


@dataclass(frozen=True)
class Said:
    """One indicator as the table shows it; texts are in the reader's language."""

    title: str
    weight: str
    value: str
    points: str
    median: str
    best: str
    level: str


@dataclass(frozen=True)
class Found:
    """A claimed figure that the verification did not find as claimed, and why."""

    what: str
    claimed: str
    found: str
    shape: str
    verdict: str
    reason: str


@dataclass(frozen=True)
class Account:
    """All that a nominee learns of its result."""

    ranked: int  # with how many candidates it is compared
    facts: Sequence[tuple[str, str]]
    reasons: Sequence[str]  # why there is no rank
    lines: Sequence[Said]
    picture: Markup | None
    picture_title: str
    strengths: Sequence[str]
    chances: Sequence[str]
    remarks: Sequence[tuple[str, str]]
    notes: Sequence[str]
    findings: Sequence[Found]
    changed: bool  # what was found has changed since this version was published


def account_of(
    nomination: Nomination,
    publication: Publication,
    published: Published,
    rubric: RubricVersion,
    revision: NominationRevision | None,
    verification: Verification | None,
) -> Account:
    """Put together what is said; `verification` with its findings."""
    described: Described = publication.table["rubric"]
    code = nomination.candidate_code
    row = published.rows[code]
    lines = feedback(published.field, code, levels_of(rubric))
    shown = {one["candidate"]: one["name"] for one in publication.table["rows"]}
    findings = [] if verification is None else list(verification.findings)
    changed = any(one.found_at > publication.published_at for one in findings)
    return Account(
        ranked=published.field.ranked,
        facts=_facts(publication, described, row),
        reasons=[words.reason_words(described, one) for one in row["reasons"]],
        lines=[_said(described, one, code, shown) for one in lines],
        picture=_picture(described, lines),
        picture_title=_picture_title(lines),
        strengths=[_strength(described, one) for one in strengths(lines)],
        chances=[_chance(described, one) for one in chances(lines)],
        remarks=[
            (words.indicator_title(described, indicator), text)
            for indicator, text in written_for(nomination, published, rubric.counted_round)
        ],
        notes=_notes(described, published, code, lines),
        findings=[] if changed else _findings(rubric, revision, findings, nomination.category.cycle.election_held),
        changed=changed,
    )


def _facts(publication: Publication, described: Described, row: Mapping[str, Any]) -> list[tuple[str, str]]:
    facts = [(_("Status"), str(words.SECTIONS[row["state"]]))]
    if row["rank"] is not None:
        total = _("%(points)s of %(total)s", points=decimal2(Decimal(row["total"])),
                  total=decimal2(Decimal(described["total"])))  # fmt: skip
        facts = [(_("Rank"), words.rank_text(row)), (_("Total"), total)]
    return facts


def _said(described: Described, one: Line, code: str, shown: Mapping[str, str]) -> Said:
    judged = any(row["code"] == one.indicator and row["source"] == "panel" for row in described["indicators"])
    nothing = _("too few marks") if judged else _("no value")
    return Said(
        title=words.indicator_title(described, one.indicator),
        weight=_two(one.weight),
        value=nothing if one.value is None else _two(one.value),
        points="–" if one.earned is None else _two(one.earned),
        median="–" if one.median is None else _two(one.median),
        best="–" if one.best is None else _best(one, code, shown),
        level="–" if one.reached is None else one.reached.words[current_language()],
    )


def _best(one: Line, code: str, shown: Mapping[str, str]) -> str:
    """The best value, with who has it where the public table names them with their points."""
    said = _two(one.best or Fraction(0))
    if one.holders == (code,):
        return _("%(value)s (you)", value=said)
    others = [holder for holder in one.holders if holder != code]
    if len(one.holders) == 1 and others[0] in shown:
        return f"{said} ({shown[others[0]]})"
    if code in one.holders:
        return _("%(value)s (you and others)", value=said)
    return said


def _picture(described: Described, lines: Sequence[Line]) -> Markup | None:
    rows = [
        RangeRow(
            words.indicator_title(described, one.indicator),
            None if one.median is None or one.best is None else (float(one.median), float(one.best)),
            [(float(one.value), "disc")],
            _two(one.value),
        )
        for one in lines
        if one.value is not None
    ]
    if not rows:
        return None
    low, high = float(described["scale"][0]), float(described["scale"][1])
    ticks = [(low + (high - low) * no / 4, _number(low + (high - low) * no / 4)) for no in range(5)]
    return range_rows(
        "f-feedback",
        _picture_title(lines),
        _("For each indicator your value, and the range from the median to the best of the category."),
        Axis(low, high, ticks),
        rows,
        Legend([("disc", _("your value")), ("bar", _("from the median to the best of the category"))]),
    )


def _picture_title(lines: Sequence[Line]) -> str:
    above = sum(one.above_median for one in lines)
    return _(
        "%(above)s of %(all)s values lie above the median of the category.", above=number(above), all=number(len(lines))
    )


def _strength(described: Described, one: Line) -> str:
    told = {
        "indicator": words.indicator_title(described, one.indicator),
        "value": _two(one.value or Fraction(0)),
        "points": _two(one.lead or Fraction(0)),
    }
    if not one.above_median:
        return _("%(indicator)s: %(value)s, on the highest level of the rubric.", **told)
    if one.is_best:
        return _(
            "%(indicator)s: %(value)s, the best value of the category and %(points)s points above its median.", **told
        )
    return _("%(indicator)s: %(value)s, %(points)s points above the median of the category.", **told)


def _chance(described: Described, one: Line) -> str:
    assert one.step is not None  # noqa: S101 - only such lines are asked for
    level = one.step.level
    said = _(
        "%(indicator)s: the next level is %(score)s, “%(words)s”. Reaching it would have added %(points)s points.",
        indicator=words.indicator_title(described, one.indicator),
        score=decimal2(level.score),
        words=level.words[current_language()].rstrip(" ."),
        points=_two(one.step.gain),
    )
    if not one.held_back or one.cap is None:
        return said
    held = _("Marks counted at most %(cap)s, because of who presented.", cap=decimal2(one.cap))
    return f"{said} {held}"


def _notes(described: Described, published: Published, code: str, lines: Sequence[Line]) -> list[str]:
    """What is not as for everybody: caps, indicators that do not apply, and values that were set."""
    contest = published.field.contest
    capped = {one.indicator for one in lines if one.cap is not None}
    return [
        *(
            words.cap_words(
                described, {"indicator": one.indicator, "value": format(one.value, "f"), "reason": one.reason}
            )
            for one in contest.caps
            if one.candidate == code and one.indicator in capped
        ),
        *(
            words.excused_words(described, {"indicator": one.indicator, "reason": one.reason})
            for one in contest.not_applicable
            if one.candidate == code
        ),
        *(words.set_words(described, one) for one in published.set_values.get(code, [])),
    ]


def _findings(
    rubric: RubricVersion, revision: NominationRevision | None, findings: Sequence[Finding], election_held: bool
) -> list[Found]:
    """The figures that were not found as claimed, in the order of the nomination."""
    if revision is None:
        return []
    judged = {(one.kind, one.figure): one for one in findings if one.verdict != "matches"}
    found = []
    for kind, said in revision.content["evidence"].items():
        data = said.get("data") or {}
        for figure in figures_of(kind, data, election_held=election_held, candidate=rubric.category_kind):
            one = judged.get((kind, figure.key))
            if one is None:
                continue
            holds = None if one.verdict in WITHOUT_VALUE else from_text(figure.field, one.found)
            heading = "" if figure.heading is None else f"{quantity(figure.heading)}: "
            found.append(
                Found(
                    what=heading + str(quantity(figure.label)),
                    claimed=_quantity(quantity_of(figure.field, figure.claimed)),
                    found=_quantity(quantity_of(figure.field, holds)),
                    shape=SHAPES[one.verdict],
                    verdict=_(VERDICTS[one.verdict]),
                    reason=one.note,
                )
            )
    return found


def _quantity(value: Any) -> str:
    return "–" if value is None else str(quantity(value))


def _two(value: Fraction) -> str:
    return decimal2(Decimal(two_decimals(value)))


def _number(value: float) -> str:
    return decimal2(Decimal(str(value)))
