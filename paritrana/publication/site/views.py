"""The public pages beside a single result: lists of cycles and results, regions, past winners."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlencode

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from paritrana.certificates.queries import codes_by_candidate
from paritrana.core.lifecycle import STATE_NAMES, State
from paritrana.core.policy import Act
from paritrana.cycles.models import Cycle
from paritrana.cycles.queries import get_cycle, state_now
from paritrana.publication.queries import publications_in_force
from paritrana.publication.site import pictures, queries, words
from paritrana.publication.site.doubts import doubt_about, doubts_of
from paritrana.publication.site.queries import Winner
from paritrana.reference import queries as reference
from paritrana.reference.models import PastWinner, Published, PublishedCoverage, Region
from paritrana.results import words as ranking_words
from paritrana.web.access import allowed, now
from paritrana.web.paging import paged
from paritrana.web.standalone import standalone

bp = Blueprint("site", __name__, template_folder="../templates")

PAGE_SIZE: Final = 50
FILTERS: Final = ("year", "tier", "category", "province")
TARGET_SET: Final = "rpjmn"  # the national plan: what a region outside any cycle is held against


@bp.get("/cycles")
@allowed(Act.READ_PUBLIC_PAGE)
def cycle_list() -> ResponseReturnValue:
    """Every current and past cycle with its categories."""
    return render_template("site/cycles.html", cycles=_shown_cycles(), state_names=STATE_NAMES, State=State)


def _shown_cycles() -> list[queries.PublicCycle]:
    """The cycles of the list; a page for a folder tells of results alone, since the rest goes on changing."""
    found = queries.public_cycles(now())
    return [one for one in found if one.published] if standalone() else found


@bp.get("/cycles/<cycle>/results")
@allowed(Act.READ_PUBLIC_PAGE, cycle=get_cycle)
def results(cycle: Cycle) -> ResponseReturnValue:
    """The results of a cycle, category by category, and when the others are announced."""
    categories = [(one, state) for one in cycle.categories if (state := state_now(one, now())) > State.DRAFT]
    return render_template(
        "site/results.html",
        cycle=cycle,
        simulated=cycle.simulated,
        categories=[pair for pair in categories if pair[1] >= State.PUBLISHED or not standalone()],
        publications=publications_in_force([one for one, _state in categories], now()),
        ranking_words=ranking_words,
    )


@bp.get("/regions")
@allowed(Act.READ_PUBLIC_PAGE)
def region_list() -> ResponseReturnValue:
    """The map of the provinces with their newest published coverage, a search, and every region by its code."""
    search = " ".join(request.args.get("q", "").split())[:80]
    everything = queries.regions()
    provinces = [one for one in everything if one.kind == "province"]
    figures = queries.newest_coverage()
    return render_template(
        "site/regions.html",
        picture=pictures.coverage_map(provinces, figures, grid=False),
        provinces=[(one, [part for part in everything if part.parent_code == one.code]) for one in provinces],
        figures=figures,
        sources=reference.sources_of([one.source_key for one in figures.values()]),
        search=search,
        matches=[one for one in everything if _is_found(one, search)] if search else [],
        zones=words.ZONES,
    )


def _is_found(region: Region, search: str) -> bool:
    return search.casefold() in region.name.casefold() or search == region.code


@bp.get("/regions/<region>")
@allowed(Act.READ_PUBLIC_PAGE)
def region(region: str) -> ResponseReturnValue:
    """What is published of a region: coverage, budgets, targets, awards and results, each with its source."""
    place = reference.get_region(region)
    coverage = reference.published_coverage_of(region)
    budgets = reference.published_budgets_of(region)
    targets = reference.target_figures_of(region)
    awards = reference.past_winners_of(region)
    doubts = doubts_of(reference.published_checks_of(region))
    parts = reference.regions_of(region) if place.kind == "province" else []
    below = queries.newest_coverage([one.code for one in parts]) if parts else {}
    outcomes = queries.results_of(region, now())
    year = max((one.as_of.year for one in coverage), default=None)
    target = None if year is None else reference.find_target(region, year, TARGET_SET)
    figures: list[Published] = [*coverage, *budgets, *targets, *awards, *below.values()]
    keys = [one.source_key for one in figures]
    return render_template(
        "site/region.html",
        place=place,
        province=reference.get_region(place.parent_code) if place.parent_code else None,
        parts_of_province=parts,
        below=below,
        part_map=pictures.coverage_map(parts, below, grid=True) if parts else None,
        coverage=[one for one in coverage if one.measure in words.COVERAGE],
        other_figures=[one for one in coverage if one.measure not in words.COVERAGE],
        trend=pictures.published_trend(coverage, target),
        target=target,
        target_year=year,
        budgets=budgets,
        targets=targets,
        awards=awards,
        outcomes=outcomes,
        certificates={one.publication.id: codes_by_candidate(one.category) for one in outcomes if _ours(one)},
        doubts=doubts,
        doubt_about=doubt_about,
        sources=reference.sources_of([*keys, *(key for one in doubts for key in one.source_keys)]),
        words=words,
        ranking_words=ranking_words,
        segments_without=_missing_segments(coverage),
        award_words=award_words,
    )


def _ours(one: queries.Outcome) -> bool:
    return one.publication.source_key is None


def _missing_segments(coverage: Sequence[PublishedCoverage]) -> list[str]:
    """The segments of which no coverage is published."""
    known = {one.segment for one in coverage if one.measure in words.COVERAGE}
    return [_(word) for code, word in words.SEGMENTS.items() if code not in known]


def award_words(row: PastWinner) -> str:
    """What a recipient won: rank, title, sector or zone, as far as published."""
    said = []
    if row.rank is not None:
        listed = row.rank_basis == "list_order"
        said.append(
            _("Rank %(rank)s, by the order of the list", rank=row.rank) if listed else _("Rank %(rank)s", rank=row.rank)
        )
    if row.title:
        said.append(row.title)
    if row.sector_or_zone:
        said.append(_(words.ZONES[row.sector_or_zone]) if row.sector_or_zone in words.ZONES else row.sector_or_zone)
    return " · ".join(said) or _("Winner, rank not published")


@bp.get("/winners")
@allowed(Act.READ_PUBLIC_PAGE)
def winners() -> ResponseReturnValue:
    """Who won since 2017, as published, by year, level, category and province."""
    everything = queries.winners()
    chosen = {name: request.args.get(name, "") for name in FILTERS}
    found = [one for one in everything if all(_fits(one, name, value) for name, value in chosen.items() if value)]
    counts = Counter(one.province for one in found if one.province is not None)
    provinces = reference.provinces()
    page = paged(len(found), len(found) or 1 if standalone() else PAGE_SIZE)
    shown = found[page.rows]
    return render_template(
        "site/winners.html",
        rows=shown,
        total=len(found),
        page_no=page.no,
        pages=page.pages,
        here=_address(chosen),
        chosen=chosen,
        choices=_choices(everything, {one.code: one.name for one in provinces}),
        narrowed=any(chosen.values()),
        picture=pictures.awards_map(provinces, counts),
        provinces=provinces,
        counts=counts,
        sources=reference.sources_of([one.row.source_key for one in shown]),
        words=words,
        award_words=award_words,
    )


def _address(chosen: Mapping[str, str]) -> str:
    wanted = urlencode({name: value for name, value in chosen.items() if value})
    return url_for("site.winners") + (f"?{wanted}" if wanted else "")


def _fits(one: Winner, name: str, value: str) -> bool:
    told = {
        "year": str(one.row.assessment_year), "tier": one.row.tier, "category": one.row.category,
        "province": one.province or "",
    }  # fmt: skip
    return told[name] == value


def _choices(everything: Sequence[Winner], provinces: dict[str, str]) -> list[tuple[str, str, list[tuple[str, Any]]]]:
    """The filters as (name, label, [(value, word)]): only what occurs in the list."""
    years = sorted({one.row.assessment_year for one in everything}, reverse=True)
    categories = [code for code in words.CATEGORIES if any(one.row.category == code for one in everything)]
    places = sorted({one.province for one in everything if one.province in provinces})
    return [
        ("year", _("Assessment year"), [(str(one), str(one)) for one in years]),
        ("tier", _("Level"), [(code, _(word)) for code, word in words.TIERS.items()]),
        ("category", _("Category"), [(code, _(words.CATEGORIES[code])) for code in categories]),
        ("province", _("Province"), [(code, provinces[code]) for code in places]),
    ]
