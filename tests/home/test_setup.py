"""A cycle is set up step by step, from nothing or with the rules of another one, and opened by two people."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import current_app
from sqlalchemy import func, select

from paritrana.audit.models import Event
from paritrana.core.lifecycle import State
from paritrana.cycles.models import CALENDAR, Category, CategoryHonour, Cycle, DeadlineExtension
from paritrana.cycles.setup.queries import get_whole_cycle
from paritrana.cycles.setup.service import usual_title
from paritrana.database import db
from paritrana.nominations.models import Nomination
from paritrana.operations.invariants import broken_rules
from paritrana.panels.models import Seat
from tests.factories import World, grant, person, world
from tests.home.conftest import Visitor

NEW = {
    "assessment_year": "2026", "edition_label": "2027", "tier": "province", "region_code": "99",
    "timezone": "Asia/Makassar", "kind": "simulated", "title_id": "Paritrana Contoh 2026",
    "title_en": "Paritrana Example 2026", "decree": "", "source": "contoh-2025", "rubric": "same",
}  # fmt: skip
MADE = "/setup/contoh-2026"
CATEGORY = {
    "slug": "desa", "kind": "village", "title_id": "Desa", "title_en": "Villages", "ranks": "6",
    "public_table": "ranked", "sectors": "",
}  # fmt: skip


def versions(thing: Any) -> dict[str, str]:
    db.session.refresh(thing)
    return {"version": str(thing.version)}


def made() -> Cycle:
    return get_whole_cycle("contoh-2026")


def rows() -> list[Any]:
    """What is stored of cycles and categories, to compare before and after a refusal."""
    db.session.expire_all()
    cycles = db.session.scalars(select(Cycle).order_by(Cycle.id)).all()
    categories = db.session.scalars(select(Category).order_by(Category.id)).all()
    return [
        [(one.code, one.version, one.assessment_year, one.feeds_id) for one in cycles],
        [(one.slug, one.version, one.ranks, one.closes_at, one.zones) for one in categories],
        db.session.scalar(select(func.count()).select_from(Event).where(Event.kind.like("c%"))),
    ]


@contextmanager
def nothing_written() -> Iterator[None]:
    before = rows()
    yield
    assert rows() == before


def refused(answer: Any, status: int, *sentences: str) -> str:
    page = answer.get_data(as_text=True)
    assert answer.status_code == status, page
    for sentence in sentences:
        assert sentence in page
    return str(page)


def beside(page: str, field: str) -> str:
    """The sentences at a field."""
    found = re.search(rf'<div id="{field}(?:-day)?-error">(.*?)</div>', page, re.S)
    assert found is not None, f"nothing stands at {field}"
    return found[1]


def copied(visit: Callable[..., Visitor], **changes: str) -> Visitor:
    organiser = visit("organiser-1")
    answer = organiser.send("/setup", "/setup", **{**NEW, **changes})
    assert (answer.status_code, answer.location) == (303, MADE), answer.get_data(as_text=True)
    return organiser


# Copying -------------------------------------------------------------------------------------------------------------


def test_the_rules_of_last_year_are_copied_and_nothing_of_its_people(visit, db_session):
    here = world(categories=("kabkota", "badan-usaha"))
    here.category.honours = [CategoryHonour(position=1, kind="mention", title_id="Khusus", title_en="Special")]
    here.category.sectors = []
    db.session.commit()
    organiser = copied(visit)
    cycle = made()
    assert (cycle.assessment_year, cycle.edition_label, cycle.tier, cycle.region_code) == (
        2026,
        "2027",
        "province",
        "99",
    )
    assert (cycle.target_instrument, cycle.target_year) == ("rpjmn", 2026)
    assert [one.slug for one in cycle.categories] == ["kabkota", "badan-usaha"]
    one, like = cycle.categories[0], here.category
    assert one.stored_state is State.DRAFT
    assert one.rubric_version_id == like.rubric_version_id
    assert [(t.rank, t.title_id) for t in one.titles] == [(1, "Terbaik I"), (2, "Terbaik II"), (3, "Terbaik III")]
    assert [(h.kind, h.title_id) for h in one.honours] == [("mention", "Khusus")]
    for name in CALENDAR[:-1]:
        if getattr(like, name) is not None:
            assert getattr(one, name) == getattr(like, name).replace(year=getattr(like, name).year + 1)
    ids = [each.id for each in cycle.categories]
    for model in (Nomination, Seat):
        assert db.session.scalar(select(func.count()).where(model.category_id.in_(ids))) == 0
    assert "The panel has no chair." in organiser.read(MADE)
    assert list(broken_rules(current_app.extensions["settings"], at=here.now)) == []


def test_extensions_are_not_copied(visit, db_session):
    here = world()
    closes = here.category.closes_at
    assert closes is not None
    db.session.add(
        DeadlineExtension(
            category=here.category, no=1, closes_before=closes - timedelta(days=5), closes_after=closes,
            grace_after=closes + timedelta(days=1), reason="Banjir", proposal_ref="P-1", extended_at=here.now,
        )
    )  # fmt: skip
    db.session.commit()
    copied(visit)
    one = made().categories[0]
    assert one.closes_at == (closes - timedelta(days=5)).replace(year=closes.year + 1)
    assert one.opens_at == here.category.opens_at.replace(year=here.category.opens_at.year + 1)


def test_rubrics_are_copied_as_versions_in_work_where_that_is_wished(visit, db_session):
    here = world()
    copied(visit, rubric="draft")
    rubric = made().categories[0].rubric
    assert rubric is not None
    assert (rubric.ref, rubric.frozen_at) == ("contoh-2026-kabkota/1", None)
    assert rubric.cycle_id == made().id
    assert list(broken_rules(current_app.extensions["settings"], at=here.now)) == []


def test_a_cycle_from_nothing_has_no_category_and_is_seen_by_its_organisers_alone(app, client, visit, db_session):
    world()
    grant(person("stranger"), "organiser", cycle=_other_cycle())
    db.session.commit()
    organiser = copied(visit, source="")
    assert made().categories == []
    assert "The cycle has no category yet." in organiser.read(MADE)
    assert client.get("/cycles/contoh-2026").status_code == 404
    stranger = visit("stranger")
    for address in (MADE, f"{MADE}/identity", f"{MADE}/categories", f"{MADE}/figures"):
        assert stranger.open(address).status_code == 404, address
    assert stranger.send(f"{MADE}/categories", "/setup", **CATEGORY, version="1").status_code == 404


def _other_cycle() -> Cycle:
    from paritrana.cycles.service import create_cycle
    from tests.factories import NOW, SYSTEM

    return create_cycle(
        {
            "code": "lain-2020", "kind": "simulated", "title_id": "Lain", "title_en": "Other", "assessment_year": 2020,
            "edition_label": "2020", "tier": "province", "region_code": "99", "timezone": "Asia/Makassar",
            "target_instrument": "rpjmn", "target_year": 2025, "election_held": False, "rates_as_of": NOW,
        },
        actor=SYSTEM, at=NOW,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "status", "field", "sentence"),
    [
        ({"assessment_year": "2025"}, 409, "assessment_year", "There is a cycle for this year and area already"),
        ({"assessment_year": "1999"}, 422, "assessment_year", "Choose a year from 2000 to 2100."),
        ({"tier": "national"}, 403, "region_code", "You set up cycles of the area whose award you organise."),
        ({"source": "lain-2020"}, 422, "source", "Choose begin with from the list"),
        ({"title_id": ""}, 422, "title_id", "Enter title in Indonesian"),
        ({"region_code": "98"}, 422, "region_code", "Choose province from the list"),
    ],
)  # fmt: skip
def test_a_cycle_that_cannot_be_is_refused_beside_the_field(visit, db_session, changes, status, field, sentence):
    """The year is taken, implausible; the area is another's; the copied cycle is one that the person may not see."""
    world()
    _other_cycle()
    db.session.commit()
    organiser = visit("organiser-1")
    with nothing_written():
        page = refused(organiser.send("/setup", "/setup", **{**NEW, **changes}), status)
    assert sentence in beside(page, field)


def test_only_organisers_set_up_cycles(client, visit, db_session):
    world()
    assert client.get("/setup").status_code in (302, 303, 401)
    for name, status in (("chair", 403), ("nominee-1", 404), ("auditor", 404), ("administrator", 404)):
        assert visit(name).open("/setup").status_code == status, name


def test_a_repeated_press_makes_one_cycle(visit, db_session):
    world()
    organiser = visit("organiser-1")
    key = {"idempotency_key": "the-same-key-twice"}
    first, second = (organiser.send("/setup", "/setup", **NEW, **key) for _ in range(2))
    assert (first.location, second.location) == (MADE, MADE)
    assert db.session.scalar(select(func.count()).select_from(Cycle)) == 2


# The steps -----------------------------------------------------------------------------------------------------------


def test_categories_get_their_ranks_and_the_usual_titles(visit, db_session):
    world()
    organiser = copied(visit)
    page = f"{MADE}/categories"
    answer = organiser.send(page, page, **CATEGORY, **versions(made()))
    assert answer.status_code == 303
    one = made().categories[1]
    assert [title.title_id for title in one.titles] == [usual_title(rank)[0] for rank in range(1, 7)]
    assert [usual_title(rank)[0] for rank in (1, 3, 4, 6, 7)] == [
        "Terbaik I", "Terbaik III", "Harapan I", "Harapan III", "Peringkat 7",
    ]  # fmt: skip
    address = f"{page}/desa"
    answer = organiser.send(address, page, **{**CATEGORY, "ranks": "2"}, **versions(one))
    assert answer.status_code == 303
    assert [title.title_id for title in made().categories[1].titles] == ["Terbaik I", "Terbaik II"]


@pytest.mark.parametrize(
    ("changes", "status", "field", "sentence"),
    [
        ({"slug": "kabkota"}, 409, "slug", "Another category of this cycle has the short name kabkota."),
        ({"slug": "Desa Wisata"}, 422, "slug", "Write small letters, digits and hyphens"),
        ({"kind": "regency_city"}, 409, "kind", "The category Kategori kabkota takes some of these competitors too."),
        ({"ranks": "13"}, 422, "ranks", "Choose a number from 1 to 12."),
        ({"zones": "sumatera"}, 422, "zones", "A province lies in one zone."),
        ({"size_classes": "large"}, 422, "size_classes", "Competitors of this kind are not of these sizes."),
        ({"sectors": "pertanian"}, 422, "sectors", "Only enterprises have sectors."),
        ({"kind": "planet"}, 422, "kind", "Choose kind of category from the list"),
    ],
)  # fmt: skip
def test_a_category_that_cannot_be_is_refused_beside_the_field(visit, db_session, changes, status, field, sentence):
    world()
    organiser = copied(visit)
    page, version = f"{MADE}/categories", versions(made())
    with nothing_written():
        answer = refused(organiser.send(page, page, **{**CATEGORY, **changes}, **version), status)
    assert sentence in beside(answer, field)


def test_enterprises_are_split_by_sector_and_size(visit, db_session):
    """Two categories of one kind stand side by side where no firm belongs in both."""
    world()
    organiser = copied(visit)
    page = f"{MADE}/categories"
    firms = {**CATEGORY, "kind": "enterprise_large_medium", "ranks": "3"}
    tani = {**firms, "slug": "tani", "title_id": "Pertanian", "sectors": "Pertanian\npertanian\n Perikanan "}
    assert organiser.send(page, page, **tani, **versions(made())).status_code == 303
    assert made().categories[1].sectors == ["pertanian", "Perikanan"]
    other = {**firms, "slug": "dagang", "title_id": "Perdagangan", "sectors": "perdagangan"}
    assert organiser.send(page, page, **other, **versions(made())).status_code == 303
    third = {**firms, "slug": "laut", "title_id": "Laut", "sectors": "PERIKANAN", "size_classes": "large"}
    answer = refused(organiser.send(page, page, **third, **versions(made())), 409)
    assert "The category Pertanian takes some of these competitors too." in beside(answer, "kind")


def titles_of(category: Category, **changes: str) -> dict[str, str]:
    """The fields of the titles page as they are stored."""
    fields = {f"rank_id-{one.rank - 1}": one.title_id for one in category.titles}
    fields |= {f"rank_en-{one.rank - 1}": one.title_en for one in category.titles}
    return fields | versions(category) | {name.replace("__", "-"): value for name, value in changes.items()}


def test_titles_and_honours_are_written(visit, db_session):
    world()
    organiser, page = copied(visit), f"{MADE}/titles/kabkota"
    changes = {
        "rank_id__0": "Juara I", "honour_kind__0": "title", "honour_id__0": "Terbaik Coverage Zona Sumatera",
        "honour_en__0": "Best coverage, zone Sumatera", "honour_kind__2": "appreciation",
        "honour_id__2": "Mitra strategis", "honour_en__2": "Strategic partner",
    }  # fmt: skip
    assert organiser.send(page, page, **titles_of(made().categories[0], **changes)).status_code == 303
    one = made().categories[0]
    assert one.titles[0].title_id == "Juara I"
    assert [(each.position, each.kind, each.title_id) for each in one.honours] == [
        (1, "title", "Terbaik Coverage Zona Sumatera"), (2, "appreciation", "Mitra strategis"),
    ]  # fmt: skip
    assert "Strategic partner" in organiser.read(page)


@pytest.mark.parametrize(
    ("changes", "field", "sentence"),
    [
        ({"rank_id__1": "terbaik  i"}, "rank_id-1", "The title “terbaik  i” stands here twice."),
        ({"honour_kind__1": "mention", "honour_id__1": "Terbaik I", "honour_en__1": "Else"}, "honour_id-1", "twice"),
        ({"rank_en__2": ""}, "rank_en-2", "Enter title in English"),
        ({"honour_id__0": "Khusus", "honour_en__0": "Special"}, "honour_kind-0", "Enter kind of honour"),
    ],
)  # fmt: skip
def test_titles_that_stand_twice_or_half_are_refused_beside_the_field(visit, db_session, changes, field, sentence):
    world()
    organiser, page = copied(visit), f"{MADE}/titles/kabkota"
    fields = titles_of(made().categories[0], **changes)
    with nothing_written():
        answer = refused(organiser.send(page, page, **fields), 422)
    assert sentence in beside(answer, field)


def dates(category: Category, **changes: tuple[str, str]) -> dict[str, str]:
    """The fields of the calendar, day by day after the first of March: `name=("12", "23.59")`."""
    fields = versions(category)
    moments = {name: (str(day), "08.00") for day, name in enumerate(CALENDAR, start=1)} | changes
    for name, (day, clock) in moments.items():
        month = "3" if day else ""
        fields |= {f"{name}_on-day": day, f"{name}_on-month": month, f"{name}_on-year": "2027" if day else ""}
        fields[f"{name}_time"] = clock
    return fields


def test_the_calendar_is_kept_in_the_zone_of_the_cycle(visit, db_session):
    world(categories=("kabkota", "desa"))
    organiser, page = copied(visit), f"{MADE}/calendar/kabkota"
    fields = dates(made().categories[0], closes_at=("2", "23.59.59"), publication_planned=("", ""))
    assert organiser.send(page, page, **fields, everywhere="1").status_code == 303
    for one in made().categories:
        assert one.opens_at == datetime(2027, 3, 1, 0, 0, tzinfo=UTC)
        assert one.closes_at == datetime(2027, 3, 2, 15, 59, 59, tzinfo=UTC)
        assert one.publication_planned is None
    assert re.search(r"22[.:]59[.:]59 WIB", organiser.read(page))
    assert list(broken_rules(current_app.extensions["settings"], at=datetime(2026, 3, 2, tzinfo=UTC))) == []


@pytest.mark.parametrize(
    ("changes", "field", "sentence"),
    [
        ({"grace_ends_at": ("1", "09.00")}, "grace_ends_at_on", "This date lies before an earlier step"),
        ({"closes_at": ("1", "08.00")}, "closes_at_on", "This date lies before an earlier step"),
        ({"closes_at": ("2", "24.00")}, "closes_at_time", "Write midnight as 00.00 of the next day."),
        ({"closes_at": ("2", "25.61")}, "closes_at_time", "Write the time as hours and minutes"),
        ({"closes_at": ("31", "")}, "closes_at_time", "Enter time"),
        ({"closes_at": ("", "08.00")}, "closes_at_on", "Enter date"),
        ({"closes_at": ("32", "08.00")}, "closes_at_on", ""),
    ],
)
def test_a_calendar_that_cannot_be_is_refused_beside_the_field(visit, db_session, changes, field, sentence):
    world()
    organiser, page = copied(visit), f"{MADE}/calendar/kabkota"
    fields = dates(made().categories[0], **changes)
    with nothing_written():
        answer = refused(organiser.send(page, page, **fields), 422)
    assert sentence in beside(answer, field)


def figures(cycle: Cycle, **changes: str) -> dict[str, str]:
    day = {"rates_as_of-day": "1", "rates_as_of-month": "2", "rates_as_of-year": "2026"}
    return {"target_instrument": "rpjmn", "target_year": "2025", "feeds": "", **day, **versions(cycle), **changes}


def test_targets_and_rates_are_chosen_from_the_reference_data(visit, db_session):
    world()
    organiser, page = copied(visit), f"{MADE}/figures"
    assert "There is no target of this instrument for 2026." in organiser.read(MADE)
    assert organiser.send(page, page, **figures(made())).status_code == 303
    assert (made().target_year, made().rates_as_of) == (2025, datetime(2026, 2, 1, 15, 59, 59, tzinfo=UTC))
    with nothing_written():
        answer = refused(organiser.send(page, page, **figures(made(), target_year="2031")), 422)
    assert "The reference data has no target of RPJMN for 2031." in beside(answer, "target_year")


def test_days_beyond_the_years_of_the_award_are_refused(visit, db_session):
    world()
    organiser = copied(visit)
    said, page = "Choose a year from 2000 to 2100.", f"{MADE}/figures"
    with nothing_written():
        answer = refused(organiser.send(page, page, **figures(made(), **{"rates_as_of-year": "0001"})), 422)
        assert said in beside(answer, "rates_as_of")
        page = f"{MADE}/calendar/kabkota"
        fields = dates(made().categories[0]) | {"opens_at_on-year": "0001", "publication_planned_on-year": "9999"}
        answer = refused(organiser.send(page, page, **fields), 422)
        assert said in beside(answer, "opens_at_on")
        assert said in beside(answer, "publication_planned_on")


def test_a_second_tab_does_not_write_over_the_first(visit, db_session):
    world()
    organiser, page = copied(visit), f"{MADE}/figures"
    stale = figures(made())
    assert organiser.send(page, page, **stale).status_code == 303
    with nothing_written():
        refused(organiser.send(page, page, **stale), 409, "This was changed meanwhile, perhaps in another tab.")
    address, fields = f"{MADE}/titles/kabkota", titles_of(made().categories[0])
    assert organiser.send(address, address, **fields).status_code == 303
    with nothing_written():
        refused(organiser.send(address, address, **fields), 409, "This was changed meanwhile, perhaps in another tab.")


# The nation and its provinces ----------------------------------------------------------------------------------------


def nation(visit: Callable[..., Visitor], year: int = 2026) -> Visitor:
    """The organiser of a national cycle of the year, with its cycle `nasional-…` in draft."""
    made = _other_cycle()
    made.tier, made.assessment_year, made.code = "national", year, f"nasional-{year}"
    account = person("nation")
    grant(account, "organiser", cycle=made)
    db.session.commit()
    return visit("nation")


def test_categories_of_the_nation_are_split_by_zones_that_do_not_overlap(visit, db_session):
    world()
    organiser = nation(visit)
    page = "/setup/nasional-2026/categories"
    rules = {**CATEGORY, "kind": "regency_city"}

    def add(slug: str, *zones: str) -> Any:
        fields = {**rules, "slug": slug, "title_id": f"Zona {slug}", "zones": list(zones)}
        return organiser.send(page, page, **fields, **versions(get_whole_cycle("nasional-2026")))

    assert add("barat", "sumatera", "jawa_bali").status_code == 303
    assert add("timur", "sulawesi").status_code == 303
    with nothing_written():
        answer = refused(add("tengah", "jawa_bali", "kalimantan"), 409)
        assert "The category Zona barat takes some of these competitors too." in beside(answer, "zones")
        refused(add("semua"), 409)
        refused(add("x", "atlantis"), 422)
    assert [one.zones for one in get_whole_cycle("nasional-2026").categories] == [
        ["sumatera", "jawa_bali"], ["sulawesi"],
    ]  # fmt: skip


def test_the_nation_sets_up_cycles_of_every_area(visit, db_session):
    world()
    organiser = nation(visit)
    answer = organiser.send("/setup", "/setup", **{**NEW, "source": "", "assessment_year": "2031"})
    assert answer.location == "/setup/contoh-2031"


def test_a_province_names_the_nation_of_its_year_and_both_keep_to_it(visit, db_session):
    world()
    chief = nation(visit)
    _other_cycle()
    db.session.commit()
    organiser, page = copied(visit), f"{MADE}/figures"
    assert organiser.send(page, page, **figures(made(), feeds="nasional-2026")).status_code == 303
    fed = made().feeds
    assert fed is not None
    assert fed.code == "nasional-2026"
    with nothing_written():
        answer = refused(organiser.send(page, page, **figures(made(), feeds="lain-2020")), 422)
        assert "Choose the winners go on to from the list" in beside(answer, "feeds")
        address = "/setup/nasional-2026/identity"
        fields = {name: NEW[name] for name in NEW if name not in ("source", "rubric")} | {
            "tier": "national", "assessment_year": "2027", **versions(fed),
        }  # fmt: skip
        answer = refused(chief.send(address, address, **fields), 409)
        assert "Provincial cycles feed this cycle." in beside(answer, "assessment_year")
    address = f"{MADE}/identity"
    fields = {name: NEW[name] for name in NEW if name not in ("source", "rubric")} | {"assessment_year": "2028"}
    assert organiser.send(address, address, **fields, **versions(made())).status_code == 303
    assert made().feeds is None
    assert list(broken_rules(current_app.extensions["settings"], at=datetime(2026, 3, 2, tzinfo=UTC))) == []


# Opening -------------------------------------------------------------------------------------------------------------


def seated(here: World) -> None:
    """The panel of the new cycle: chair and deputy of the world."""
    from paritrana.panels import service as panels

    actor = here.actor("organiser-1")
    for category in made().categories:
        for name in ("chair", "deputy"):
            panels.seat(category, here.accounts[name], name, "Contoh", "SK 2/2027", actor=actor, at=here.now)
    db.session.commit()


def complete(organiser: Visitor) -> None:
    address = f"{MADE}/figures"
    assert organiser.send(address, address, **figures(made())).status_code == 303


def test_a_complete_cycle_is_opened_by_two_people_and_changes_no_more(visit, db_session):
    here = world()
    organiser = copied(visit)
    complete(organiser)
    seated(here)
    organiser = visit("organiser-1")
    assert "Propose the opening" in organiser.read(MADE)
    assert organiser.send("/manage/contoh-2026/panel/kabkota/open", MADE).status_code == 303
    assert "The chair must confirm the opening." in organiser.read(MADE)
    chair = visit("chair")
    (proposal,) = re.findall(r"/panel/kabkota/open/(P-[^\"]+)", chair.read("/manage/contoh-2026"))[:1]
    digest = re.search(r'name="digest" value="([^"]+)"', chair.read("/manage/contoh-2026"))
    assert digest is not None
    address = f"/manage/contoh-2026/panel/kabkota/open/{proposal}"
    assert chair.send(address, "/manage/contoh-2026", digest=digest[1]).status_code == 303
    assert made().categories[0].stored_state is State.OPEN
    one = made().categories[0]
    with nothing_written():
        for step, fields in (
            ("identity", {**NEW, **versions(made())}),
            ("figures", figures(made())),
            ("titles/kabkota", titles_of(one)),
            ("calendar/kabkota", dates(one)),
            ("categories/kabkota", {**CATEGORY, **versions(one)}),
            ("categories", {**CATEGORY, **versions(made())}),
        ):
            refused(organiser.send(f"{MADE}/{step}", MADE, **fields), 409)
            page = organiser.read(f"{MADE}/{step}")
            assert "changes no more" in page or step == "categories"
    assert "<li>First</li>" in chair.read(f"{MADE}/titles/kabkota")


def test_what_is_open_stays_while_another_category_is_still_a_draft(visit, db_session):
    world(categories=("kabkota", "desa"))
    organiser = copied(visit)
    one, other = made().categories
    one.state = int(State.OPEN)
    db.session.commit()
    said = "A category is open already."
    with nothing_written():
        for step, fields in (
            ("identity", {name: NEW[name] for name in NEW if name not in ("source", "rubric")} | versions(made())),
            ("figures", figures(made())),
            ("titles/kabkota", titles_of(made().categories[0])),
            ("calendar/kabkota", dates(made().categories[0])),
        ):
            refused(organiser.send(f"{MADE}/{step}", MADE, **fields), 409, said)
    assert organiser.send(f"{MADE}/titles/desa", MADE, **titles_of(other)).status_code == 303


def test_a_change_voids_the_proposed_opening(visit, db_session):
    here = world()
    organiser = copied(visit)
    complete(organiser)
    seated(here)
    organiser = visit("organiser-1")
    assert organiser.send("/manage/contoh-2026/panel/kabkota/open", MADE).status_code == 303
    address = f"{MADE}/titles/kabkota"
    fields = titles_of(made().categories[0], rank_id__0="Juara I")
    assert organiser.send(address, address, **fields).status_code == 303
    assert "Propose the opening" in organiser.read(MADE)


def test_the_pages_ask_the_same_number_of_statements_for_more_categories(visit, db_session, statements):
    world(categories=("kabkota", "desa"))
    organiser = copied(visit)
    counts = []
    for more in ((), ("umk", "small_micro"), ("provinsi", "province")):
        if more:
            slug, kind = more
            page = f"{MADE}/categories"
            fields = {**CATEGORY, "slug": slug, "kind": kind, "title_id": slug, "title_en": slug}
            assert organiser.send(page, page, **fields, **versions(made())).status_code == 303
        seen = {}
        for address in (MADE, f"{MADE}/categories", f"{MADE}/titles/kabkota", f"{MADE}/calendar/kabkota", "/setup"):
            organiser.read(address)
            with statements() as asked:
                organiser.read(address)
            seen[address] = len(asked)
        counts.append(seen)
    assert counts[0] == counts[1] == counts[2]
    assert max(counts[0].values()) <= 15, counts[0]
