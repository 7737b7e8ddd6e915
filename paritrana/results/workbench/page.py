"""The figures of the workbench in words, pictures and tables: each says in one sentence what it found."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from flask_babel import gettext, ngettext
from markupsafe import Markup

from paritrana.core.agreement import in_words
from paritrana.results import words
from paritrana.results.table import Ranking, Standing
from paritrana.results.workbench.queries import CONSOLIDATIONS, DECISIONS, FINDINGS, REQUESTS, UNEVEN, Said
from paritrana.web.figures.matrix import number_matrix
from paritrana.web.figures.ranges import Axis, Legend, RangeRow, range_rows
from paritrana.web.figures.slopes import slope_lines
from paritrana.web.figures.stack import Piece, grouped_bars
from paritrana.web.template_filters import decimal2, number, own, percent

Described = Mapping[str, Any]
BEST = 12  # how many candidates the lines of other rubrics show
EQUAL = "equal-weights"


def _(message: str, **params: Any) -> str:
    return str(gettext(message, **params))


@dataclass(frozen=True)
class Figure:
    """One figure: its sentence, its picture, and the same numbers as a table whose first column names the row."""

    name: str
    title: str
    picture: Markup | None
    heads: Sequence[str]
    rows: Sequence[Sequence[str]]
    notes: Sequence[str] = ()
    advice: bool = True  # a matter for discussion, unlike the points of the ranking itself


@dataclass(frozen=True)
class Outlook:
    """What the table of the workbench says of a candidate beside its ranks."""

    chance: str
    interval: str
    fitted: str


def outlooks(said: Said, shown: Sequence[Standing]) -> dict[str, Outlook]:
    """Chance of the first rank, the middle 90 % of ranks, and the fitted total, by candidate of those on the page."""
    chances, fitted = said["chances"], said["fitted"]
    wanted, found = {one.candidate for one in shown}, {}
    for no, code in enumerate(said["candidates"]):
        if code not in wanted:
            continue
        low, high = chances["best"][no], chances["worst"][no]
        found[code] = Outlook(
            chance=percent(Decimal(100 * chances["first"][no]) / said["draws"], 1),
            interval=f"{low}" if low == high else f"{low}–{high}",
            fitted="" if fitted is None else _("%(total)s, rank %(rank)s", total=_two(fitted["totals"][no]),
                                               rank=fitted["ranks"][no]),
        )  # fmt: skip
    return found


def figures(opened: Ranking, rubric: Described, shown: Sequence[Standing], said: Said) -> list[Figure]:
    """The figures about the ranked candidates of one page; without any there is nothing to show."""
    if not shown or not said["candidates"]:
        return []
    names = {row["candidate"]: opened.name(row["candidate"]) for row in opened.rows}
    place = {code: no for no, code in enumerate(said["candidates"])}
    return [
        _points(rubric, shown),
        _chances(shown, names, said, place),
        *([_without(shown, said, place)] if said["without"] else []),
        *([_weights(rubric, names, said)] if said["weights"] else []),
        _presets(rubric, shown, said, place),
        *([_severity(said)] if said["severities"] else []),
        _spreads(rubric, shown, said, place),
    ]


def _points(rubric: Described, shown: Sequence[Standing]) -> Figure:
    groups = {one["code"]: no for no, one in enumerate(rubric["aspects"])}
    aspects = {one["code"]: one["aspect"] for one in rubric["indicators"]}
    first = shown[0]
    if len(shown) > 1 and first.rank == 1:
        ahead = Decimal(first.total or 0) - Decimal(shown[1].total or 0)
        title = _("%(name)s is %(points)s points ahead of %(other)s.", name=first.name, points=decimal2(ahead),
                  other=shown[1].name)  # fmt: skip
    else:
        title = _("What the totals are made of.")
    return Figure(
        "f-points",
        title,
        grouped_bars(
            "f-points",
            title,
            _("One bar for each candidate; each part is the points of one indicator, patterns show the aspect."),
            [own(one, "title") for one in rubric["aspects"]],
            [
                (
                    one.name,
                    [Piece(code, groups[aspects[code]], float(points)) for code, points in one.points.items()],
                    decimal2(Decimal(one.total or 0)),
                )
                for one in shown
            ],
            float(rubric["total"]),
        ),
        (),
        (),
        [_("The table “Points per indicator” holds the same numbers.")],
        advice=False,
    )


def _chances(shown: Sequence[Standing], names: Mapping[str, str], said: Said, place: Mapping[str, int]) -> Figure:
    chances, draws = said["chances"], said["draws"]
    leaders = [code for code, rank in zip(said["candidates"], said["ranks"], strict=True) if rank == 1]
    title = _(
        "%(name)s stays on rank 1 in %(count)s of %(draws)s simulations.",
        name=names[leaders[0]],
        count=number(chances["first"][place[leaders[0]]]),
        draws=number(draws),
    )
    worst = max(chances["worst"][place[one.candidate]] for one in shown)
    best = min(chances["best"][place[one.candidate]] for one in shown)
    rows = []
    for one in shown:
        no = place[one.candidate]
        kind = "disc" if chances["best"][no] == 1 else "ring"
        rows.append(
            RangeRow(one.name, (chances["best"][no], chances["worst"][no]), [(float(one.rank or 0), kind)],
                     number(chances["first"][no]))
        )  # fmt: skip
    outlook = outlooks(said, shown)
    return Figure(
        "f-rank",
        title,
        range_rows(
            "f-rank",
            title,
            _("For each candidate its rank and the ranks between the 5th and the 95th of 100 simulations."),
            _ranks_axis(best, max(worst, *(one.rank or 1 for one in shown))),
            rows,
            Legend([
                ("disc", _("rank; the interval reaches rank 1")), ("ring", _("rank; the interval does not reach it")),
                ("bar", _("interval of 90 percent of the simulations")),
            ]),
        ),
        [_("Candidate"), _("Rank"), _("Interval of ranks, 90 percent"), _("First, of %(draws)s", draws=number(draws))],
        [
            [one.name, words.rank_text(one), outlook[one.candidate].interval,
             number(chances["first"][place[one.candidate]])]
            for one in shown
        ],
        [_("Panels of the same size are drawn from the assessors with repeats. Seed: the digest of the run. Draws: "
           "%(draws)s. At the end of each row stands how often the candidate is first.", draws=number(draws))],
    )  # fmt: skip


def _ranks_axis(low: int, high: int) -> Axis:
    step = max(1, -(-(high - low) // 10))
    return Axis(low - 0.5, high + 0.5, [(one, str(one)) for one in range(low, high + 1, step)])


def _without(shown: Sequence[Standing], said: Said, place: Mapping[str, int]) -> Figure:
    columns = [one["assessor"] for one in said["without"]]
    if said["decisive"]:
        title = _("Without %(codes)s another candidate would be first.", codes=", ".join(said["decisive"]))
    else:
        title = _("No assessor alone decides who is first.")
    rows = []
    for one in shown:
        ranks = [column["ranks"][place[one.candidate]] for column in said["without"]]
        rows.append(
            (one.name, [(words.rank_text(one), False), *(("–" if r is None else str(r), r != one.rank) for r in ranks)])
        )
    heads = [_("all"), *(_("without %(code)s", code=code) for code in columns)]
    return Figure(
        "f-loo",
        title,
        number_matrix(
            "f-loo",
            title,
            _("The rank of each candidate without each assessor; a cell with a border differs from the ranking."),
            [_("all"), *(f"– {code}" for code in columns)],
            rows,
        ),
        [_("Candidate"), *heads],
        [[name, *(f"{said}*" if changed else said for said, changed in cells)] for name, cells in rows],
        [_("A changed rank has a border in the picture and an asterisk in the table.")],
    )


def _weights(rubric: Described, names: Mapping[str, str], said: Said) -> Figure:
    total = float(rubric["total"])
    ranges = said["weights"]
    bounded = [one for one in ranges if one["below"] or one["above"]]
    if bounded:
        tight = min(bounded, key=_room)
        title = _(
            "Rank 1 stays while the weight of %(indicator)s is between %(low)s and %(high)s; others may move further.",
            indicator=words.indicator_title(rubric, tight["indicator"]),
            low=_two(tight["low"]),
            high=_two(tight["high"]),
        )
    else:
        title = _("Rank 1 stays, whatever one indicator weighs.")
    most = max([max(one["weight"] for one in ranges) * 2, *(one["high"] for one in bounded if one["above"])])
    high = min(total, most)
    rows = [
        RangeRow(
            f"{one['indicator']} {words.title_in(rubric, 'indicators', one['indicator'])}",
            (one["low"], one["high"]),
            [(one["weight"], "disc")],
            f"{_two(one['low'])}–{_two(one['high'])}",
        )
        for one in ranges
    ]
    ticks = [(high * no / 4, _two(high * no / 4)) for no in range(5)]
    return Figure(
        "f-weight",
        title,
        range_rows(
            "f-weight",
            title,
            _("For each indicator from which to which weight rank 1 stays, while the others keep their proportions."),
            Axis(0, high, ticks),
            rows,
            Legend([("disc", _("weight of the rubric")), ("bar", _("rank 1 stays"))]),
        ),
        [_("Indicator"), _("Weight"), _("From"), _("Below it first"), _("To"), _("Above it first")],
        [
            [
                words.indicator_title(rubric, one["indicator"]), _two(one["weight"]), _two(one["low"]),
                names[one["below"]] if one["below"] else "–", _two(one["high"]),
                names[one["above"]] if one["above"] else "–",
            ]
            for one in ranges
        ],
        [_("A bar that reaches the edge of the picture goes on to the end of its range in the table.")],
    )  # fmt: skip


def _room(one: Mapping[str, Any]) -> float:
    """How far a weight may move at least, on the sides where there is a border."""
    sides = [one["weight"] - one["low"]] if one["below"] else []
    return float(min([*sides, *([one["high"] - one["weight"]] if one["above"] else [])]))


def _first(said: Said, ranks: Sequence[int | None]) -> set[str]:
    return {code for code, rank in zip(said["candidates"], ranks, strict=True) if rank == 1}


def _presets(rubric: Described, shown: Sequence[Standing], said: Said, place: Mapping[str, int]) -> Figure:
    fitting = [one for one in said["presets"] if one["fits"]]
    same = [one for one in fitting if _first(said, one["ranks"]) == _first(said, said["ranks"])]
    if fitting:
        title = _("Rank 1 is the same under %(same)s of %(all)s other weightings.", same=len(same), all=len(fitting))
    else:
        title = _("No other rubric has the indicators of this one.")
    columns = [_("This rubric"), *(_preset_name(one) for one in fitting)]
    rows = [(one.name, [one.rank, *(other["ranks"][place[one.candidate]] for other in fitting)]) for one in shown]
    notes = [_does_not_fit(one, len(rubric["indicators"])) for one in said["presets"] if not one["fits"]]
    return Figure(
        "f-preset",
        title,
        slope_lines(
            "f-preset", title, _("The ranks of the first candidates of this page under each rubric, joined by lines."),
            columns, rows[:BEST],
        )
        if fitting and (shown[0].rank or 0) <= BEST
        else None,
        [_("Candidate"), *columns] if fitting else (),
        [[name, *("–" if one is None else str(one) for one in ranks)] for name, ranks in rows] if fitting else (),
        notes,
    )  # fmt: skip


def _preset_name(one: Mapping[str, Any]) -> str:
    if one["code"] == EQUAL:
        return _("Equal weights")
    return _("%(code)s, version %(version)s", code=one["code"], version=one["version"])


def _does_not_fit(one: Mapping[str, Any], judged: int) -> str:
    """Why a rubric cannot be tried on these marks."""
    if len(one["missing"]) == judged:
        return _("%(rubric)s does not fit: it judges other indicators.", rubric=_preset_name(one))
    parts = []
    if one["missing"]:
        parts.append(_("it lacks %(codes)s", codes=", ".join(one["missing"])))
    if one["unknown"]:
        parts.append(_("it has %(codes)s besides", codes=", ".join(one["unknown"])))
    if one["differing"]:
        parts.append(_("%(codes)s have another source", codes=", ".join(one["differing"])))
    if one["scale"]:
        parts.append(_("its scale is another"))
    return _("%(rubric)s does not fit: %(why)s.", rubric=_preset_name(one), why="; ".join(parts))


def _severity(said: Said) -> Figure:
    known = [one for one in said["severities"] if one["mean"] is not None]
    agreement = said["agreement"]
    measure = agreement["alpha"]
    if measure is None or not known:
        title = _("There are not enough marks yet to compare the assessors.")
    else:
        harsh = min(known, key=lambda one: (one["mean"], one["assessor"]))
        title = _(
            "The panel shows %(agreement)s; the most severe is %(code)s with %(away)s.",
            agreement=_(in_words(measure)),
            code=harsh["assessor"],
            away=decimal2_signed(harsh["mean"]),
        )
    reach = max((max(abs(one["low"]), abs(one["high"])) for one in known), default=1) or 1
    reach = -(-reach * 4 // 1) / 4
    rows = [
        RangeRow(one["assessor"], None, (), _("not enough data yet"))
        if one["mean"] is None
        else RangeRow(one["assessor"], (one["low"], one["high"]), [(one["mean"], "disc")], decimal2_signed(one["mean"]))
        for one in said["severities"]
    ]
    notes = [_("Below zero is severe. Fewer than three shared candidates are not enough to say anything.")]
    if agreement["icc"] is not None:
        single = _two(agreement["icc"])
        notes.append(
            _("ICC(2,1) %(icc)s over %(count)s candidates whom all marked in full.", icc=single,
              count=agreement["complete"])
        )  # fmt: skip
    if measure is not None:
        notes.append(_("Krippendorff's alpha %(alpha)s over %(count)s groups of marks.", alpha=_two(measure),
                       count=number(agreement["units"])))  # fmt: skip
    return Figure(
        "f-juror",
        title,
        range_rows(
            "f-juror",
            title,
            _("For each assessor the mean deviation from the panel on shared candidates and its interval."),
            Axis(-reach, reach, [(one, decimal2_signed(one)) for one in (-reach, 0.0, reach)]),
            rows,
            Legend([
                ("disc", _("mean deviation")), ("bar", _("interval of 90 percent")), ("line", _("the panel's mean")),
            ]),
            mark=0,
        ),
        [_("Assessor"), _("Shared candidates"), _("Mean deviation"), _("From"), _("To")],
        [
            [one["assessor"], number(one["shared"]), *(
                [_("not enough data yet"), "–", "–"] if one["mean"] is None
                else [decimal2_signed(one[name]) for name in ("mean", "low", "high")]
            )]
            for one in said["severities"]
        ],
        notes,
    )  # fmt: skip


def _spreads(rubric: Described, shown: Sequence[Standing], said: Said, place: Mapping[str, int]) -> Figure:
    limit, judged = said["spread_limit"], said["judged"]
    pairs = sum(one is not None for row in said["spreads"] for one in row)
    title = _(
        "%(wide)s of %(pairs)s spreads of marks are wider than %(limit)s.",
        wide=number(len(said["wide"])),
        pairs=number(pairs),
        limit=_two(limit),
    )
    wide = {(row, column) for row, column in said["wide"]}
    here = [(one, place[one.candidate]) for one in shown]
    highest = max([limit, *(w for _one, no in here for w in said["spreads"][no] if w is not None)])
    rows = []
    for column, code in enumerate(judged):
        points = [
            (said["spreads"][no][column], "diamond" if (no, column) in wide else "ring")
            for _one, no in here
            if said["spreads"][no][column] is not None
        ]
        rows.append(RangeRow(f"{code} {words.title_in(rubric, 'indicators', code)}", None, points))
    return Figure(
        "f-spread",
        title,
        range_rows(
            "f-spread",
            title,
            _("For each indicator the highest mark less the lowest, one point for each candidate of this page."),
            Axis(0, highest, [(highest * no / 4, _two(highest * no / 4)) for no in range(5)]),
            rows,
            Legend([
                ("ring", _("up to the limit")), ("diamond", _("wider than the limit")),
                ("line", _("limit %(limit)s", limit=_two(limit))),
            ]),
            mark=limit,
        ),
        [_("Candidate"), *judged],
        [
            [one.name, *(
                "–" if width is None else f"{_two(width)}*" if (no, column) in wide else _two(width)
                for column, width in enumerate(said["spreads"][no])
            )]
            for one, no in here
        ],
        [_("Wider than the limit: with an asterisk in the table.")],
    )  # fmt: skip


def warning_words(code: str, found: int) -> str:
    """What a warning says."""
    if code == FINDINGS:
        return _("%(count)s verifications, conditions or set values are not settled.", count=number(found))
    if code == REQUESTS:
        return _("%(count)s change requests are open.", count=number(found))
    if code == CONSOLIDATIONS:
        return _("%(count)s second scorings are not closed.", count=number(found))
    if code == UNEVEN:
        return _("%(count)s candidates were not marked by the same assessors as the others.", count=number(found))
    if code == DECISIONS:
        return str(
            ngettext(
                "%(num)s decision of the plenary was made about other marks or findings.",
                "%(num)s decisions of the plenary were made about other marks or findings.",
                found,
            )
        )
    return _("%(count)s candidates are below quorum.", count=number(found))


def decimal2_signed(value: float) -> str:
    """A deviation with its sign and two decimals."""
    return number(Decimal(str(value)), 2, signed=True)


def _two(value: float) -> str:
    return decimal2(Decimal(str(value)))
