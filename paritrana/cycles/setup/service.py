"""Setting up a cycle: made from nothing or from another one, then written step by step while its categories are drafts.

Every write locks the cycle's intake stream, compares the version the sender saw, and records the complete new value.
What is fixed when a category opens is refused from then on; a deadline has its own way (`propose_extension`).
"""

import csv
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache
from itertools import pairwise
from typing import Any, Final
from zoneinfo import ZoneInfo

from paritrana.audit import service as audit
from paritrana.config import data_folder
from paritrana.core.errors import BadInput, ParitranaError
from paritrana.core.lifecycle import State
from paritrana.core.policy import Actor
from paritrana.core.scope import scope_of
from paritrana.core.words import N_
from paritrana.cycles import service as cycles
from paritrana.cycles.models import CALENDAR, Category, CategoryHonour, CategoryTitle, Cycle
from paritrana.cycles.queries import OBJECTION_DAYS, OPEN_ACT, extensions_of
from paritrana.cycles.rubrics import service as rubrics
from paritrana.cycles.rubrics.document import form_of
from paritrana.cycles.setup import queries
from paritrana.database import db
from paritrana.reference.queries import get_region

Pair = tuple[str, str]  # a title in Indonesian and English
Calendar = Mapping[str, datetime | None]  # by the names of `CALENDAR`
Honour = tuple[str, str, str]  # kind, and its title in Indonesian and English

IDENTITY: Final = (
    "kind", "tier", "region_code", "assessment_year", "edition_label", "title_id", "title_en", "timezone",
    "election_held", "decree",
)  # fmt: skip
FIGURES: Final = ("target_instrument", "target_year", "rates_as_of")
WHOM: Final = ("zones", "sectors", "size_classes")
CATEGORY: Final = ("slug", "kind", "title_id", "title_en", "ranks", "public_table", *WHOM)
# What of a cycle's settings are rules. The others were decided about people and nominations of that year.
NORMS: Final = ("norm_per_village", "village_counts", "jump_share", OBJECTION_DAYS)
MOST_RANKS: Final = 12
SAME, DRAFT = "same", "draft"  # what becomes of the rubrics in a copy


class AlreadyOpen(ParitranaError):
    """What is fixed when a category opens is to be changed afterwards."""

    code = "already_open"
    message = N_("A category is open already. What is fixed when it opens changes no more; a deadline can be extended.")


class ChangedMeanwhile(ParitranaError):
    """Somebody wrote this step since the page was opened, perhaps the same person in another tab."""

    code = "changed_meanwhile"
    message = N_("This was changed meanwhile, perhaps in another tab. Compare with what is stored, then save yours.")


class SameAwardThere(ParitranaError):
    """There is a cycle of this kind for the year, tier and area already. Params: `title`."""

    code = "same_award_there"
    message = N_("There is a cycle for this year and area already: %(title)s. Choose another year or area.")


class NotYourArea(ParitranaError):
    """A cycle is to be set up for an area whose award the person does not organise."""

    code = "not_your_area"
    status = 403
    message = N_("You set up cycles of the area whose award you organise. Choose that area.")


class SlugTaken(ParitranaError):
    """Two categories of a cycle would have one short name. Params: `slug`."""

    code = "slug_taken"
    message = N_("Another category of this cycle has the short name %(slug)s. Choose another one.")


class ScopesMeet(ParitranaError):
    """Two categories of a cycle would take the same competitors. Params: `title`."""

    code = "scopes_meet"
    message = N_("The category %(title)s takes some of these competitors too. Choose other zones, sectors or sizes.")


class TitleTwice(BadInput):
    """Two ranks or honours of a category have one title. Params: `title`; `place` counts the titles from 0."""

    code = "title_twice"
    message = N_("The title “%(title)s” stands here twice. Each title is given once.")

    def __init__(self, title: str, place: int) -> None:
        super().__init__(title=title)
        self.place = place


class DatesOutOfOrder(BadInput):
    """A date of the calendar lies before one that comes earlier in the year of an award. `name` is its field."""

    code = "dates_out_of_order"
    message = N_("This date lies before an earlier step of the calendar. Choose a later moment.")

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class DoesNotFeed(BadInput):
    """A cycle is to feed one that takes no winners of it."""

    code = "does_not_feed"
    message = N_("A provincial cycle feeds a national one of the same year. Choose one from the list.")


class FedByProvinces(ParitranaError):
    """The national cycle that provinces feed is to be of another year, kind or tier."""

    code = "fed_by_provinces"
    message = N_("Provincial cycles feed this cycle. Its year, tier and kind stay as they are.")


# A new cycle ---------------------------------------------------------------------------------------------------------


def make(
    identity: Mapping[str, Any],
    *,
    organised: Sequence[Cycle],
    source: Cycle | None = None,
    rubric: str = SAME,
    actor: Actor,
    at: datetime,
) -> Cycle:
    """Make a cycle in draft from the fields of `IDENTITY`, with the rules of `source` where one is copied.

    `organised` are the cycles that the person organises. Copied are categories, ranks, titles, the calendar moved to
    the new year without extensions, targets, rates and norms, and the rubrics: the very versions, or with `DRAFT`
    new versions in work. Nominations and people never are. The caller commits. Raises `NotYourArea`, `SameAwardThere`.
    """
    audit.lock_stream(audit.SYSTEM)  # two cycles of one area are made one after the other
    _check_place(identity, organised)
    year = identity["assessment_year"]
    made = cycles.create_cycle(
        {
            **identity,
            "code": _free_code(identity["tier"], identity["region_code"], year),
            "target_instrument": "rpjmn" if source is None else source.target_instrument,
            "target_year": year if source is None else source.target_year + year - source.assessment_year,
            "rates_as_of": at,
            "settings": _norms(source),
        },
        actor=actor,
        at=at,
    )
    if source is not None:
        copied = [_copy(one, made, rubric, actor=actor, at=at) for one in source.categories]
        audit.record(
            audit.intake(made.code), "cycle.copied", actor, at=at, object_ref=made.code, source=source.code,
            categories=[one.slug for one in copied],
        )  # fmt: skip
    return made


def _norms(source: Cycle | None) -> dict[str, Any]:
    settings = {} if source is None else source.settings or {}
    return {name: settings[name] for name in NORMS if name in settings}


def _check_place(identity: Mapping[str, Any], organised: Sequence[Cycle], *, besides: int | None = None) -> None:
    tier, region = identity["tier"], identity["region_code"]
    if not queries.may_set_up(organised, tier, region):
        raise NotYourArea
    there = queries.same_award(identity["kind"], identity["assessment_year"], tier, region, besides=besides)
    if there is not None:
        raise SameAwardThere(title=there.title_id)


def _free_code(tier: str, region_code: str, year: int) -> str:
    """A code that no cycle has: the area and the year, and a number where that is taken."""
    area = "nasional" if tier == "national" else "-".join(get_region(region_code).short_name.lower().split())
    plain = "".join(sign for sign in area if sign.isascii() and (sign.isalnum() or sign == "-")) or "siklus"
    return next(code for code in _codes(f"{plain}-{year}") if not queries.code_is_taken(code))


def _codes(plain: str) -> Iterator[str]:
    yield plain
    number = 2
    while True:
        yield f"{plain}-{number}"
        number += 1


def _copy(like: Category, made: Cycle, rubric: str, *, actor: Actor, at: datetime) -> Category:
    """The rules of a category in a new cycle, in draft."""
    version = like.rubric
    form = {
        **{name: getattr(like, name) for name in CATEGORY},
        "position": like.position,
        "rubric_version_id": None if version is None else version.id,
        **moved_calendar(like, made),
    }
    if made.tier != like.cycle.tier:
        form["zones"] = []
    titles = {title.rank: (title.title_id, title.title_en) for title in like.titles}
    copy = cycles.add_category(made, form, titles, actor=actor, at=at)
    copy.honours = [
        CategoryHonour(position=one.position, kind=one.kind, title_id=one.title_id, title_en=one.title_en)
        for one in like.honours
    ]
    db.session.flush()
    if version is not None and (rubric == DRAFT or version.frozen_at is None):
        mine = rubrics.make(made, {**form_of(version), "code": f"{made.code}-{like.slug}"}, actor=actor, at=at)
        rubrics.choose(copy, mine, actor=actor, at=at)
    _tell(copy, actor, at)
    return copy


def moved_calendar(like: Category, made: Cycle) -> dict[str, datetime | None]:
    """The dates of a category in the year of another cycle, at the same local time, as they were before extensions."""
    years = made.assessment_year - like.cycle.assessment_year
    extensions = extensions_of([like.id])[like.id]
    late = sum((one.closes_after - one.closes_before for one in extensions), start=timedelta(0))
    before, after = ZoneInfo(like.cycle.timezone), ZoneInfo(made.timezone)
    local = {
        name: (date if name == "opens_at" else date - late).astimezone(before)
        for name in CALENDAR
        if (date := getattr(like, name)) is not None
    }
    moved = {name: _years_later(date, years).replace(tzinfo=after) for name, date in local.items()}
    found = {name: moved.get(name) for name in CALENDAR}
    try:
        check_order(found)
    except DatesOutOfOrder:  # 29 February became the day of another date: all move by the same stretch instead
        first = next(iter(local))
        stretch = {name: moved[first] + (date - local[first]) for name, date in local.items()}
        return {name: stretch.get(name) for name in CALENDAR}
    return found


def _years_later(local: datetime, years: int) -> datetime:
    try:
        return local.replace(year=local.year + years)
    except ValueError:  # 29 February
        return local.replace(year=local.year + years, day=28)


# The steps -----------------------------------------------------------------------------------------------------------


def save_identity(
    cycle: Cycle, identity: Mapping[str, Any], *, organised: Sequence[Cycle], expected: int, actor: Actor, at: datetime
) -> None:
    """Write year, area and names of a cycle in draft; the caller commits.

    Raises `AlreadyOpen`, `ChangedMeanwhile`, `NotYourArea`, `SameAwardThere`, `FedByProvinces`.
    """
    _lock(cycle, expected)
    audit.lock_stream(audit.SYSTEM)
    _check_place(identity, organised, besides=cycle.id)
    changed, place = dict(identity), ("assessment_year", "tier", "kind")
    if any(identity[name] != getattr(cycle, name) for name in place) and queries.feeding(cycle):
        raise FedByProvinces
    if identity["tier"] == "national" or any(identity[name] != getattr(cycle, name) for name in place):
        changed["feeds_id"] = None  # the cycle that it fed is of another year
    _write(cycle, changed, actor, at)


def save_figures(
    cycle: Cycle, figures: Mapping[str, Any], feeds: Cycle | None, *, expected: int, actor: Actor, at: datetime
) -> None:
    """Write target set, rates and the national cycle that is fed, of a cycle in draft; the caller commits.

    Raises `AlreadyOpen`, `ChangedMeanwhile`, `DoesNotFeed`.
    """
    _lock(cycle, expected)
    if feeds is not None and (cycle.tier != "province" or feeds not in queries.national_cycles(cycle)):
        raise DoesNotFeed
    _write(cycle, {**figures, "feeds_id": None if feeds is None else feeds.id}, actor, at)


def save_category(
    cycle: Cycle, category: Category | None, form: Mapping[str, Any], *, expected: int, actor: Actor, at: datetime
) -> Category:
    """Write a category in draft, or add one, from the fields of `CATEGORY`; the caller commits.

    `expected` is the version of the category, or for a new one that of the cycle. Ranks without a title get the
    usual one. Raises `AlreadyOpen`, `ChangedMeanwhile`, `SlugTaken`, `ScopesMeet`, and `OtherKind` where the chosen
    rubric is made for another kind.
    """
    if category is None:
        audit.lock_stream(audit.intake(cycle.code))
        db.session.refresh(cycle, with_for_update={"of": Cycle})
        _check_seen(cycle.version, expected)
    else:
        _lock_category(category, expected)
    others = [one for one in cycle.categories if category is None or one.id != category.id]
    _check_others(form, others)
    if category is None:
        position = 1 + max((one.position for one in others), default=0)
        category = cycles.add_category(cycle, {**form, "position": position}, {}, actor=actor, at=at)
        cycle.version += 1
    if category.rubric is not None and category.rubric.category_kind != form["kind"]:
        raise rubrics.OtherKind
    for name in CATEGORY:
        setattr(category, name, form[name])
    _fit_titles(category)
    _stored(category, actor, at)
    return category


def save_titles(
    category: Category, titles: Sequence[Pair], honours: Sequence[Honour], *, expected: int, actor: Actor, at: datetime
) -> None:
    """Write the titles of the ranks, first one first, and what is awarded beside them; the caller commits.

    Raises `AlreadyOpen`, `ChangedMeanwhile`, `TitleTwice`.
    """
    _lock_category(category, expected)
    _check_titles([*titles, *((own, english) for _kind, own, english in honours)])
    category.titles.clear()
    category.honours.clear()
    db.session.flush()
    category.titles = [CategoryTitle(rank=no, title_id=own, title_en=en) for no, (own, en) in enumerate(titles, 1)]
    category.honours = [
        CategoryHonour(position=no, kind=kind, title_id=own, title_en=en)
        for no, (kind, own, en) in enumerate(honours, 1)
    ]
    category.ranks = len(titles)
    _stored(category, actor, at)


def save_calendar(
    categories: Sequence[Category],
    calendar: Mapping[str, datetime | None],
    *,
    expected: int,
    actor: Actor,
    at: datetime,
) -> None:
    """Write the dates of the first of these categories in draft, and of the others alike; the caller commits.

    Raises `AlreadyOpen`, `ChangedMeanwhile`, `DatesOutOfOrder`.
    """
    check_order(calendar)
    for place, category in enumerate(categories):
        _lock_category(category, expected if place == 0 else category.version)
        for name in CALENDAR:
            setattr(category, name, calendar[name])
        _stored(category, actor, at)
        for deadline in (category.closes_at, category.grace_ends_at):
            if deadline is not None:
                cycles.wait_at(category.cycle, deadline)


def check_order(calendar: Calendar) -> None:
    """Refuse a calendar whose dates do not follow each other with `DatesOutOfOrder`."""
    known = [(name, date) for name in CALENDAR if (date := calendar[name]) is not None]
    for (before, earlier), (name, later) in pairwise(known):
        if later < earlier or (later == earlier and (before, name) == ("opens_at", "closes_at")):
            raise DatesOutOfOrder(name)


def _check_others(form: Mapping[str, Any], others: Sequence[Category]) -> None:
    mine = scope_of(form["kind"], form["zones"], form["sectors"], form["size_classes"])
    for one in others:
        if one.slug == form["slug"]:
            raise SlugTaken(slug=one.slug)
        if one.scope.meets(mine):
            raise ScopesMeet(title=one.title_id)


def _check_titles(titles: Sequence[Pair]) -> None:
    for language in (0, 1):
        seen: set[str] = set()
        for place, pair in enumerate(titles):
            said = " ".join(pair[language].casefold().split())
            if said in seen:
                raise TitleTwice(pair[language], place)
            seen.add(said)


def _fit_titles(category: Category) -> None:
    """As many titles as ranks: those beyond go, those that lack are the usual ones."""
    known = {one.rank: (one.title_id, one.title_en) for one in category.titles if one.rank <= category.ranks}
    if len(known) == len(category.titles) == category.ranks:
        return
    category.titles.clear()
    db.session.flush()
    for rank in range(1, category.ranks + 1):
        own, english = known.get(rank, usual_title(rank))
        category.titles.append(CategoryTitle(rank=rank, title_id=own, title_en=english))


def usual_title(rank: int) -> Pair:
    """What a rank is called where nobody has said otherwise: by `seed/usual_titles.csv`, beyond it by its number."""
    return _usual_titles().get(rank, (f"Peringkat {rank}", f"Rank {rank}"))


@cache
def _usual_titles() -> Mapping[int, Pair]:
    with (data_folder("seed") / "usual_titles.csv").open(encoding="utf-8", newline="") as file:
        return {int(row["rank"]): (row["title_id"], row["title_en"]) for row in csv.DictReader(file)}


# What every write does -----------------------------------------------------------------------------------------------


def _check_seen(version: int, expected: int) -> None:
    if version != expected:
        raise ChangedMeanwhile


def _lock(cycle: Cycle, expected: int) -> None:
    audit.lock_stream(audit.intake(cycle.code))
    db.session.refresh(cycle, with_for_update={"of": Cycle})
    if not queries.is_draft(cycle):
        raise AlreadyOpen
    _check_seen(cycle.version, expected)


def _lock_category(category: Category, expected: int) -> None:
    audit.lock_stream(audit.intake(category.cycle.code))
    db.session.refresh(category, with_for_update={"of": Category})
    if category.stored_state is not State.DRAFT:
        raise AlreadyOpen
    _check_seen(category.version, expected)


def _write(cycle: Cycle, fields: Mapping[str, Any], actor: Actor, at: datetime) -> None:
    for name, value in fields.items():
        setattr(cycle, name, value)
    cycle.version += 1
    for category in cycle.categories:
        cycles.void_proposals(category, OPEN_ACT, at=at)
    db.session.flush()
    audit.record(
        audit.intake(cycle.code), "cycle.changed", actor, at=at, object_ref=cycle.code, fields=told_of(cycle),
    )  # fmt: skip


def _stored(category: Category, actor: Actor, at: datetime) -> None:
    category.version += 1
    cycles.void_proposals(category, OPEN_ACT, at=at)
    db.session.flush()
    _tell(category, actor, at)


def _tell(category: Category, actor: Actor, at: datetime) -> None:
    audit.record(
        cycles.intake_of(category), "category.set_up", actor, at=at,
        object_ref=f"{category.cycle.code}/{category.slug}", calendar=cycles.calendar_of(category),
        rules=rules_of(category),
    )  # fmt: skip


def told_of(cycle: Cycle) -> dict[str, Any]:
    """What an event tells of a cycle."""
    return {name: getattr(cycle, name) for name in (*IDENTITY, *FIGURES, "feeds_id")}


def rules_of(category: Category) -> dict[str, Any]:
    """What an event tells of the rules of a category."""
    return {
        **{name: getattr(category, name) for name in CATEGORY if name != "slug"},
        "titles": [[one.title_id, one.title_en] for one in category.titles],
        "honours": [[one.kind, one.title_id, one.title_en] for one in category.honours],
    }
