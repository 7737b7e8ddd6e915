"""The public pages, and the page on which two people publish."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from flask import Blueprint, make_response, render_template, request
from flask.typing import ResponseReturnValue

from paritrana.certificates.queries import codes_by_candidate
from paritrana.core.errors import NotFound
from paritrana.core.lifecycle import STATE_NAMES, State
from paritrana.core.policy import Act
from paritrana.cycles.models import Category, Cycle
from paritrana.cycles.queries import (
    cycle_time,
    cycles,
    extensions_of,
    get_category,
    get_cycle,
    rubric_of,
    state_now,
)
from paritrana.publication import queries, words
from paritrana.publication.site.ranking import around, aspect_bars
from paritrana.publication.site.worked import worked_example
from paritrana.results import words as ranking_words
from paritrana.results.table import described
from paritrana.web.access import allowed, now
from paritrana.web.paging import paged
from paritrana.web.standalone import standalone
from paritrana.web.template_filters import decimal2, moment

bp = Blueprint("publication", __name__, template_folder="templates")

PAGE_SIZE = 50
CARDS = 3


# What everybody sees -------------------------------------------------------------------------------------------------


@bp.get("/")
@allowed(Act.READ_PUBLIC_PAGE)
def landing() -> ResponseReturnValue:
    """Check a certificate or find a result in one step."""
    running = [
        (cycle, [(one, state_now(one, now())) for one in cycle.categories])
        for cycle in cycles()
        if cycle.kind != "historical"
    ]
    shown = [(cycle, [pair for pair in pairs if pair[1] > State.DRAFT]) for cycle, pairs in running]
    return render_template(
        "publication/landing.html",
        cards=queries.latest_published(CARDS, now()),
        calendars=[(cycle, pairs) for cycle, pairs in shown if any(state < State.PUBLISHED for _one, state in pairs)],
        state_names=STATE_NAMES,
        ranking_words=ranking_words,
    )


@bp.get("/cycles/<cycle>")
@allowed(Act.READ_PUBLIC_PAGE, cycle=get_cycle)
def cycle_page(cycle: Cycle) -> ResponseReturnValue:
    """The calendar of a cycle, its categories and where to go on."""
    lowest = State.PUBLISHED if standalone() else State.OPEN
    categories = [(one, state) for one in cycle.categories if (state := state_now(one, now())) >= lowest]
    return render_template(
        "publication/cycle.html",
        cycle=cycle,
        simulated=cycle.simulated,
        categories=categories,
        stages={one.id: words.stage_rows(one, state, _moment_in(cycle)) for one, state in categories},
        state_names=STATE_NAMES,
        published={one.id for one, state in categories if state >= State.PUBLISHED},
        extensions=extensions_of([one.id for one, _state in categories]),
        at=cycle_time(cycle, now()),
        States=State,
    )


@bp.get("/cycles/<cycle>/method")
@allowed(Act.READ_PUBLIC_PAGE, cycle=get_cycle)
def method(cycle: Cycle) -> ResponseReturnValue:
    """How each category is judged, before anybody knows a result."""
    categories = [(one, state) for one in cycle.categories if (state := state_now(one, now())) > State.DRAFT]
    if standalone():
        categories = [pair for pair in categories if pair[1] >= State.PUBLISHED]
    panels = queries.panel_by_constituency([one.id for one, _state in categories])
    public = queries.publications_in_force([one for one, _state in categories], now())
    return render_template(
        "publication/method.html",
        cycle=cycle,
        simulated=cycle.simulated,
        categories=[(one, state, rubric_of(one)) for one, state in categories if one.rubric_version_id],
        examples={one.id: worked_example(one, public[one.id]) for one, _state in categories if one.id in public},
        described=described,
        panels=panels,
        method_sentences=lambda rubric: words.method_sentences(rubric, _plain_decimal),
        words=words,
        ranking_words=ranking_words,
        published={one.id for one, state in categories if state >= State.PUBLISHED},
        command=_command,
    )


@bp.get("/cycles/<cycle>/results/<cat>")
@allowed(Act.READ_PUBLIC_PAGE, category=get_category)
def result(category: Category) -> ResponseReturnValue:
    """The published result; before, the day on which it will be announced and nothing else."""
    publication = queries.publication_in_force(category, now())
    context: dict[str, Any] = {"category": category, "cycle": category.cycle, "simulated": category.cycle.simulated}
    if publication is None:
        return render_template("publication/not_yet.html", **context)
    table = publication.table
    beside = around(category, table["rows"], table["rubric"]["total"])
    page = paged(len(beside.rows), len(beside.rows) or 1 if standalone() else PAGE_SIZE)
    rows = beside.rows[page.rows]
    return render_template(
        "publication/result.html",
        **context,
        publication=publication,
        table=table,
        rubric=table["rubric"],
        around=beside,
        bars=aspect_bars(table["rubric"], rows) if publication.source_key is None else None,
        rows=rows,
        page_no=page.no,
        pages=page.pages,
        sealed_at=datetime.fromisoformat(table["sealed_at"]) if table.get("sealed_at") else None,
        certificates=codes_by_candidate(category) if publication.source_key is None else {},
        policy=words.POLICIES[table["policy"]],
        method_sentences=words.method_sentences(table["rubric"], _plain_decimal),
        ranking_words=ranking_words,
        command=_command(category),
        printed_at=None if standalone() else moment(now(), category.cycle.timezone, "short"),
    )


@bp.get("/cycles/<cycle>/results/<cat>.json")
@allowed(Act.READ_PUBLIC_RESULT, category=get_category)
def bundle(category: Category) -> ResponseReturnValue:
    """The open bundle, byte for byte as it was sealed."""
    publication = queries.publication_in_force(category, now())
    if publication is None:
        raise NotFound
    answer = make_response(publication.bundle)
    answer.mimetype = "application/json"
    answer.headers["Content-Disposition"] = f'attachment; filename="{_file_name(category)}"'
    answer.set_etag(publication.digest)
    return answer.make_conditional(request)


def _plain_decimal(text: str) -> str:
    return decimal2(Decimal(text))


def _moment_in(cycle: Cycle) -> Any:
    return lambda value: moment(value, cycle.timezone, "plain")


def _file_name(category: Category) -> str:
    return f"{category.cycle.code}-{category.slug}.json"


def _command(category: Category) -> str:
    return f"paritrana verify-ranking {_file_name(category)}"
