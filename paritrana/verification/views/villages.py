"""The villages of a regency: its own list beside what the villages sent and what was found there."""

from collections.abc import Mapping
from typing import Any

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from paritrana.core.policy import Act
from paritrana.core.villages import CHOICES, STANDINGS, chosen
from paritrana.nominations.models import Nomination
from paritrana.nominations.rows import page_name
from paritrana.nominations.villages import KIND
from paritrana.verification import queries
from paritrana.verification.views.frame import bp, case_here, check_reader, claims_hidden, may_read, show
from paritrana.verification.villages import Compared, compared
from paritrana.web.access import allowed, current_actor, visible
from paritrana.web.charts import share_bars
from paritrana.web.paging import paged
from paritrana.web.template_filters import number

PER_PAGE = 50


@bp.get("/verification/<ref>/villages")
@allowed(Act.SEE_NOMINATION, nomination=queries.get_sent_nomination)
def villages(nomination: Nomination) -> ResponseReturnValue:
    """Every village: the regency's number, the village's own as sent and as found, and where the two differ."""
    role = check_reader(nomination)
    if not may_read(nomination, role):
        return redirect(url_for("verification.overview", ref=nomination.ref), 303)
    case = case_here(nomination)
    one = case.item(KIND)
    if one.unseen and claims_hidden(nomination):
        flash(_("The villages can be compared when every figure of this item has a found value."), "attention")
        return redirect(url_for("verification.item", ref=nomination.ref, item=page_name(KIND)), 303)
    found = villages_beside(case)
    show_only = request.args.get("show", "")
    rows = chosen(found.roll_up, show_only)
    page = paged(len(rows), PER_PAGE)
    here: dict[str, Any] = {"ref": nomination.ref} | ({"show": show_only} if show_only in CHOICES else {})
    return show(
        "villages.html",
        nomination,
        item=one,
        compared=found,
        rows=rows[page.rows],
        count=len(rows),
        page_no=page.no,
        pages=page.pages,
        address=url_for("verification.villages", **here),
        show_only=here.get("show", ""),
        title=title_of(found),
        picture=_picture(found),
    )


def villages_beside(case: queries.Case) -> Compared:
    """The villages of a sent nomination as the present actor may compare them."""
    data = case.revision.content["evidence"].get(KIND, {}).get("data") or {}
    actor = current_actor()
    return compared(case.nomination, data, visible(actor, Act.SEE_NOMINATION, Nomination), actor)


def title_of(found: Compared) -> str:
    """What the picture shows, in one sentence."""
    rolled = found.roll_up
    if rolled.norm is None:
        return str(_("No norm is set for the villages of this cycle."))
    reached, total = number(rolled.listed()["reached"]), number(rolled.total)
    said = _(
        "%(n)s of %(total)s villages reach %(norm)s protected workers by the regency's list.",
        n=reached, total=total, norm=number(rolled.norm),
    )  # fmt: skip
    return str(said)


def _picture(found: Compared) -> str:
    rolled = found.roll_up
    rows = ((_("Regency's list"), rolled.listed()), (_("Sent by villages"), rolled.sent()),
            (_("Found by verifiers"), rolled.found()))  # fmt: skip
    return share_bars(
        "villages",
        title_of(found),
        _("A bar for each source; its parts count the villages in the order of the legend."),
        [
            _("reach %(norm)s workers", norm=number(rolled.norm or 0)),
            _("below %(norm)s workers", norm=number(rolled.norm or 0)),
            _("missing"),
        ],
        [(label, _parts(counts)) for label, counts in rows],
    )


def _parts(counts: Mapping[Any, int]) -> list[tuple[int, str]]:
    return [(counts[one], number(counts[one])) for one in STANDINGS]
