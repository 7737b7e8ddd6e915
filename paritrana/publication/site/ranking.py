"""What stands around the table of a published result: filters by zone and province, a map, and bars by aspect."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final
from urllib.parse import urlencode

from flask import request
from flask_babel import gettext as _
from markupsafe import Markup

from paritrana.cycles.models import Category
from paritrana.publication.site import pictures
from paritrana.publication.site.pictures import Picture
from paritrana.publication.site.queries import regions_of_candidates
from paritrana.publication.site.words import ZONES
from paritrana.reference.models import Region
from paritrana.reference.queries import provinces, regions_of
from paritrana.web.figures.stack import Piece, grouped_bars
from paritrana.web.standalone import standalone
from paritrana.web.template_filters import decimal2, own

Row = Mapping[str, Any]
MAPPED: Final = ("province", "regency_city")  # kinds of candidates that are regions
MOST_BARS: Final = 12


@dataclass(frozen=True)
class Choice:
    """A filter: its name in the address, its label, what can be chosen and what is."""

    name: str
    label: str
    values: Sequence[tuple[str, str]]
    chosen: str


@dataclass(frozen=True)
class Around:
    """The rows that the filters leave, the filters, and the pictures of the table."""

    rows: Sequence[Row]
    choices: Sequence[Choice]
    picture: Picture | None
    map_rows: Sequence[tuple[str, str]]  # region and total, as the map shows them

    @property
    def narrowed(self) -> bool:
        """Whether rows are left out."""
        return any(one.chosen for one in self.choices)

    @property
    def query(self) -> str:
        """The filters as they stand in an address, with the question mark."""
        chosen = {one.name: one.chosen for one in self.choices if one.chosen}
        return f"?{urlencode(chosen)}" if chosen else ""


def around(category: Category, rows: Sequence[Row], whole: str) -> Around:
    """What stands around the rows of a published table; `whole` is the largest total there can be.

    At most four statements. A filter is offered only where it would leave out something.
    """
    places = regions_of_candidates(category, [row["candidate"] for row in rows])
    mapped = category.kind in MAPPED
    area = _area(category, places) if mapped else []
    choices = _choices(places, area or (provinces() if places else []))
    chosen = {one.name: one.chosen for one in choices if one.chosen}
    left = [row for row in rows if _fits(places.get(row["candidate"]), chosen)]
    totals = _totals(left, places, area)
    return Around(
        rows=left,
        choices=() if standalone() else choices,
        picture=pictures.score_map(area, totals, Decimal(whole), grid=area[0].kind != "province") if area else None,
        map_rows=[(one.name, totals[one.code]) for one in area if one.code in totals],
    )


def _area(category: Category, places: Mapping[str, Region]) -> Sequence[Region]:
    """The regions that the map shows: those of the one province that all candidates lie in, or the provinces."""
    above = {one.province_code for one in places.values()}
    if category.kind == "regency_city" and len(above) == 1:
        return regions_of(above.pop())
    return provinces() if places else []


def _totals(rows: Sequence[Row], places: Mapping[str, Region], area: Sequence[Region]) -> dict[str, str]:
    """The total of each region of the map; of a province with several candidates the highest."""
    shown = {one.code for one in area}
    found: dict[str, str] = {}
    for row in rows:
        place = places.get(row["candidate"])
        if place is None:
            continue
        code = place.code if place.code in shown else place.province_code
        if code in shown and Decimal(row["total"]) >= Decimal(found.get(code, "0")):
            found[code] = row["total"]
    return found


def _choices(places: Mapping[str, Region], area: Sequence[Region]) -> list[Choice]:
    zones = [code for code in ZONES if any(one.award_zone == code for one in places.values())]
    names = {one.code: one.name for one in area}
    above = sorted({one.province_code for one in places.values()})
    found = []
    if len(zones) > 1:
        found.append(_choice("zone", _("Zone"), [(code, _(ZONES[code])) for code in zones]))
    if len(above) > 1:
        found.append(_choice("province", _("Province"), [(code, names.get(code, code)) for code in above]))
    return found


def _choice(name: str, label: str, values: Sequence[tuple[str, str]]) -> Choice:
    wish = request.args.get(name, "")
    return Choice(name, label, values, wish if any(wish == code for code, _word in values) else "")


def _fits(place: Region | None, chosen: Mapping[str, str]) -> bool:
    if not chosen:
        return True
    if place is None:
        return False
    told = {"zone": place.award_zone, "province": place.province_code}
    return all(told[name] == value for name, value in chosen.items())


def aspect_bars(rubric: Mapping[str, Any], rows: Sequence[Row]) -> Picture | None:
    """The first rows as bars of points by aspect; None where there is nothing to part."""
    if len(rubric["aspects"]) < 2 or not rows:
        return None
    shown = rows[:MOST_BARS]
    title = _(
        "%(name)s has %(total)s of %(whole)s points",
        name=shown[0]["name"], total=decimal2(Decimal(shown[0]["total"])), whole=decimal2(Decimal(rubric["total"])),
    )  # fmt: skip
    groups = [f"{one['code']} {own(one, 'title')}" for one in rubric["aspects"]]
    bars = [
        (
            row["name"],
            [Piece(one["code"], no, float(row["aspects"][one["code"]])) for no, one in enumerate(rubric["aspects"])],
            decimal2(Decimal(row["total"])),
        )
        for row in shown
    ]
    said = _("Bars of points by aspect, in the order of the table; the table has the same numbers.")
    drawn: Markup = grouped_bars("aspects", title, said, groups, bars, float(rubric["total"]))
    return Picture(title, drawn)
