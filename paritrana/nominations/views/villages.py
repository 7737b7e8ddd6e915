"""The villages of a regency by its own list: which reach the norm, and which are missing."""

from typing import Any

from flask import request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from paritrana.core.errors import NotFound
from paritrana.core.policy import Act
from paritrana.core.villages import STANDINGS, chosen, roll_up
from paritrana.nominations import queries
from paritrana.nominations.models import Nomination
from paritrana.nominations.rows import indicators_of
from paritrana.nominations.views import frame
from paritrana.nominations.views.frame import bp
from paritrana.nominations.villages import KIND, villages_in
from paritrana.web.access import allowed
from paritrana.web.charts import share_bars
from paritrana.web.paging import paged
from paritrana.web.template_filters import number

PER_PAGE = 50


@bp.get("/nominations/<ref>/villages")
@allowed(Act.SEE_DRAFT, nomination=queries.get_nomination)
def villages(nomination: Nomination) -> ResponseReturnValue:
    """The regency's own rows; what villages say in their nominations belongs to them and is not read here."""
    file = queries.file_of(nomination)
    if not indicators_of(file.rubric, KIND):
        raise NotFound
    item = file.items.get(KIND)
    register = villages_in(nomination.organisation.region, nomination.category.cycle)
    rolled = roll_up(item.data if item is not None else {}, register, (), file.context.norm_per_village)
    show_only = request.args.get("show", "")
    rows = chosen(rolled, show_only)
    page = paged(len(rows), PER_PAGE)
    counts, norm = rolled.listed(), number(rolled.norm or 0)
    title = _("No norm is set for the villages of this cycle.")
    if rolled.norm is not None:
        title = _(
            "%(n)s of %(total)s villages reach %(norm)s protected workers by the regency's list.",
            n=number(counts["reached"]), total=number(rolled.total), norm=norm,
        )  # fmt: skip
    here: dict[str, Any] = {"show": show_only} if show_only in STANDINGS else {}
    return frame.show(
        "nominations/villages.html",
        nomination,
        _("Villages"),
        rolled=rolled,
        rows=rows[page.rows],
        count=len(rows),
        page_no=page.no,
        pages=page.pages,
        address=url_for("nominations.villages", ref=nomination.ref, **here),
        show_only=here.get("show", ""),
        kind=KIND,
        claim=title,
        picture=share_bars(
            "villages",
            title,
            _("One bar; its parts count the villages in the order of the legend."),
            [_("reach %(norm)s workers", norm=norm), _("below %(norm)s workers", norm=norm), _("missing")],
            [(_("Regency's list"), [(counts[one], number(counts[one])) for one in STANDINGS])],
        ),
    )
