"""Pictures of what a nomination says, for every page that shows its figures."""

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from flask_babel import gettext as _
from markupsafe import Markup

from paritrana.core.evidence.development_target import path_of
from paritrana.core.quantities import NotExact, exact
from paritrana.web.charts import Line, year_lines
from paritrana.web.template_filters import joined, percent


def target_path(
    name: str, data: Mapping[str, Any], national: Mapping[int, Any], found: Mapping[str, object] | None = None
) -> Markup | None:
    """The path of `development_target` over the years beside the national targets of the cycle, by year.

    `found` are verified figures by key, drawn as a line of their own where there are any. None where there is no year
    to draw. `name` makes ids unique on a page.
    """
    claimed = [(year, value) for year, value, _figure in path_of(data)]
    if not claimed:
        return None
    verified = [
        (year, value)
        for year, _value, figure in path_of(data)
        if (value := _percent((found or {}).get(figure))) is not None
    ]
    first, last = claimed[0][0], claimed[-1][0]
    among = [(year, exact(national[year])) for year in sorted(national) if first <= year <= last]
    drawn = [(_("Claimed"), claimed), (_("Verified"), verified), (_("National target"), among)]
    lines = [
        Line(label, [(year, value, percent(value)) for year, value in points]) for label, points in drawn if points
    ]
    said = ". ".join(
        f"{line.label}: " + joined([f"{year}: {text}" for year, _value, text in line.points]) for line in lines
    )
    return year_lines(name, _("Target in the development plan over the years"), said + ".", lines)


def _percent(value: object) -> Fraction | None:
    try:
        return None if value is None else exact(value)
    except NotExact:
        return None
