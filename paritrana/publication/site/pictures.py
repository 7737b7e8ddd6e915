"""The maps and lines of the public pages, each with the sentence that says what it shows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

from flask import url_for
from flask_babel import gettext as _
from markupsafe import Markup

from paritrana.publication.site.words import COVERAGE, SEGMENTS
from paritrana.reference.models import PublishedCoverage, Region
from paritrana.web.figures.tiles import RAMP, Tile, steps_of, tile_map
from paritrana.web.figures.trend import Spot, Trend, trend_lines
from paritrana.web.template_filters import decimal2, number, percent

PERCENT_BORDERS = (20, 30, 40, 50)  # percent: the shades of a map of coverage
GRID = 6  # columns of the grid that regencies and cities stand in


@dataclass(frozen=True)
class Picture:
    """A picture and the sentence that is its title."""

    title: str
    svg: Markup


def awards_map(provinces: Sequence[Region], counts: Mapping[str, int]) -> Picture:
    """How many awards each province has, as tiles of equal size."""
    most = max(counts.values(), default=0)
    leading = [one.short_name for one in provinces if counts.get(one.code, 0) == most]
    title = (
        _("Most awards: %(province)s (%(count)s)", province=", ".join(leading), count=number(most))
        if most
        else _("No award in this selection")
    )
    borders = (2, 4, 7, 11)
    tiles = [
        _tile(one, _place(one), number(counts[one.code]) if one.code in counts else "–",
              steps_of(borders, counts[one.code]) if one.code in counts else None)
        for one in provinces
    ]  # fmt: skip
    legend: list[tuple[int | None, str]] = [
        (step, _("%(low)s to %(high)s awards", low=low, high=high))
        for step, (low, high) in enumerate([(1, 1), (2, 3), (4, 6), (7, 10)])
    ]
    legend[0] = (0, _("1 award"))
    legend += [(4, _("11 awards and more")), (None, _("without a figure"))]
    said = _("A tile for each province, placed roughly as on the map, with the number of awards in this list.")
    return Picture(title, tile_map("map", title, said, tiles, legend))


def coverage_map(regions: Sequence[Region], figures: Mapping[str, PublishedCoverage], *, grid: bool) -> Picture:
    """The newest published coverage of regions: provinces on their places, or regencies and cities in a grid."""
    shown = {code: one.percent for code, one in figures.items() if one.percent is not None}
    named = {one.code: one.short_name for one in regions}
    known = sorted((value, named[code]) for code, value in shown.items() if code in named)
    title = (
        _("Coverage is published for %(n)s of %(all)s regions; the highest: %(region)s, %(percent)s",
          n=number(len(known)), all=number(len(regions)), region=known[-1][1], percent=percent(known[-1][0]))
        if known
        else _("No coverage is published for these regions yet")
    )  # fmt: skip
    tiles = [
        _tile(
            one,
            divmod(place, GRID) if grid else _place(one),
            number(shown[one.code], 1) if one.code in shown else "–",
            steps_of(PERCENT_BORDERS, float(shown[one.code])) if one.code in shown else None,
        )
        for place, one in enumerate(regions)
    ]
    legend = [(step, said) for step, said in enumerate(_percent_ranges())]
    said = _("A tile for each region with its newest published coverage of all workers in percent.")
    return Picture(title, tile_map("map", title, said, tiles, [*legend, (None, _("without a figure"))]))


def score_map(regions: Sequence[Region], totals: Mapping[str, str], whole: Decimal, *, grid: bool) -> Picture:
    """The published totals of a category as tiles; the shades are fifths of the whole."""
    ranked = sorted((Decimal(total), code) for code, total in totals.items())
    named = {one.code: one.name for one in regions}
    best = ranked[-1] if ranked else None
    title = (
        _("The highest total: %(region)s, %(total)s", region=named.get(best[1], best[1]), total=decimal2(best[0]))
        if best
        else _("No total is shown")
    )
    borders = [float(whole) * part / 5 for part in range(1, 5)]
    tiles = [
        _tile(
            one,
            divmod(place, GRID) if grid else _place(one),
            decimal2(Decimal(totals[one.code])) if one.code in totals else "–",
            steps_of(borders, float(totals[one.code])) if one.code in totals else None,
        )
        for place, one in enumerate(regions)
    ]
    written = [decimal2(whole * part / 5) for part in range(6)]
    legend = [(step, _("%(low)s to %(high)s", low=written[step], high=written[step + 1])) for step in range(len(RAMP))]
    said = _("A tile for each region with the total that is published of it.")
    return Picture(title, tile_map("map", title, said, tiles, [*legend, (None, _("without a total"))]))


def _percent_ranges() -> list[str]:
    ends = ["0", *map(str, PERCENT_BORDERS), "100"]
    return [f"{low}–{high}%" for low, high in pairwise(ends)]


def _place(region: Region) -> tuple[int, int]:
    return region.tile_row or 0, region.tile_col or 0


def _tile(region: Region, place: tuple[int, int], said: str, step: int | None) -> Tile:
    return Tile(
        *place,
        letters=region.tile_label or region.code,
        name=region.name,
        said=said,
        step=step,
        caption=region.short_name,
        address=url_for("site.region", region=region.code),
    )


@dataclass(frozen=True)
class SegmentYear:
    """The verified coverage of one segment on 31 December of a year: people, target workers, percent."""

    segment: str
    year: int
    participants: int
    target: int
    percent: Fraction


def verified_trend(rows: Sequence[SegmentYear], target: Decimal | None) -> Picture | None:
    """Verified coverage by segment over the years, of the same target workers; None without rows."""
    lines = []
    for segment in dict.fromkeys(one.segment for one in rows):
        own = sorted((one for one in rows if one.segment == segment), key=lambda one: one.year)
        spots = [Spot(date(one.year, 12, 31), float(one.percent), percent(one.percent)) for one in own]
        lines.append(Trend(_short(segment), spots))
    return _trend(lines, target)


def published_trend(rows: Sequence[PublishedCoverage], target: Decimal | None) -> Picture | None:
    """Published coverage by segment over time; figures are joined only where they count against the same thing."""
    lines = []
    shown = [one for one in rows if one.measure in COVERAGE and one.percent is not None]
    for segment in (one for one in SEGMENTS if any(row.segment == one for row in shown)):
        own = sorted((one for one in shown if one.segment == segment), key=lambda one: (one.as_of, one.key))
        spots = [
            Spot(one.as_of, float(one.percent or 0), percent(one.percent), joined=bool(no) and _alike(own[no - 1], one))
            for no, one in enumerate(own)
        ]
        lines.append(Trend(_short(segment), spots))
    return _trend(lines, target)


def _alike(before: PublishedCoverage, after: PublishedCoverage) -> bool:
    if before.denominator_definition is None or after.denominator_definition is None:
        return before.source_key == after.source_key
    return before.denominator_definition == after.denominator_definition


def _trend(lines: Sequence[Trend], target: Decimal | None) -> Picture | None:
    if not lines:
        return None
    last = lines[-1].spots[-1] if lines[-1].label == _short("total") else None
    title = (
        _("All workers together: %(percent)s", percent=last.said) if last else _("Coverage by segment over the years")
    )
    said = "; ".join(f"{one.label}: " + ", ".join(f"{spot.on.year} {spot.said}" for spot in one.spots) for one in lines)
    aim = None if target is None else (float(target), _("Target %(percent)s", percent=percent(target)))
    return Picture(title, trend_lines("trend", title, said + ".", lines, aim))


def _short(segment: str) -> str:
    return {"pu": "PU", "bpu": "BPU", "jakon": "Jakon", "pmi": "PMI"}.get(segment) or _("Total")
