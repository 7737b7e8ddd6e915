"""The public pages beside a single result: lists, filters, maps, regions, winners, and the worked method."""

import csv
import gzip
import html
import json
import re
from collections import Counter
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from itertools import pairwise

import pytest
from sqlalchemy import select, update

from paritrana.config import data_folder
from paritrana.core.lifecycle import State
from paritrana.database import db
from paritrana.nominations.models import Nomination
from paritrana.publication.models import Publication
from paritrana.publication.site.worked import worked_example
from paritrana.reference.models import Organisation, PublishedCheck, Region
from paritrana.web.figures.tiles import RAMP, Tile, steps_of, tile_map
from paritrana.web.figures.trend import Spot, Trend, trend_lines
from tests.factories_results import category_of, contest, publish, seal
from tests.nominations.pages import text_of
from tests.publication.real import plain, read, real, without_pictures  # noqa: F401 - a fixture

RESULT = "/cycles/contoh-2025/results/kabkota"
SEED = data_folder("seed")


def rows_of(file):
    with (SEED / file).open(encoding="utf-8", newline="") as opened:
        return list(csv.DictReader(opened))


@pytest.fixture
def here(app, db_session):
    return contest(4)


def english(client, address, **query):
    return text_of(client.get(address, query_string={"lang": "en", **query}))


# Before and after the publication -----------------------------------------------------------------------------------


def test_before_the_publication_no_list_and_no_file_tells_of_a_candidate(here, client):
    seal(here)
    for address in ("/", "/cycles", "/cycles/contoh-2025/results", "/data", "/data/publications.atom", "/winners"):
        text = english(client, address)
        assert "Kabupaten Contoh 1" not in text, address
        assert RESULT not in text, address
    assert "Not announced yet" in english(client, "/cycles/contoh-2025/results")
    assert "Not announced yet" in english(client, "/cycles")
    assert "No published result on this site names this region." in english(client, "/regions/99.01")
    for address in (RESULT + ".csv", RESULT + ".xlsx", "/api/v1/results/contoh-2025/kabkota"):
        assert client.get(address).status_code == 404, address


def test_a_draft_and_a_rehearsal_stand_on_no_list(app, db_session, client):
    contest(1, state=State.DRAFT)
    assert "contoh-2025" not in english(client, "/cycles")
    assert "No cycle is open to the public yet" in english(client, "/cycles")


def test_what_is_published_stands_on_every_list_marked_as_a_simulation(here, client):
    made = publish(here)
    first = made.table["rows"][0]
    assert RESULT in english(client, "/cycles")
    assert first["name"] in english(client, "/cycles/contoh-2025/results")
    region = english(client, "/regions/99.01")
    assert f"{RESULT}/99.01" in region
    assert "Simulation" in region
    assert made.digest in english(client, "/data")


def test_lists_take_as_many_statements_however_many_rows_they_have(app, db_session, client, statements):
    def sent(address):
        client.get(address)
        with statements() as said:
            assert client.get(address).status_code == 200
        return len([one for one in said if one.startswith("SELECT")])

    here = contest(3)
    publish(here)
    most = {"/": 6, "/cycles": 3, "/cycles/contoh-2025/results": 4, "/regions": 4, "/regions/99.01": 15, "/winners": 4,
            "/data": 13, RESULT: 7, f"{RESULT}/99.01": 18, "/cycles/contoh-2025/method": 6}  # fmt: skip
    found = {address: sent(address) for address in most}
    assert {address: count for address, count in found.items() if count > most[address]} == {}


def loaded(client, address):
    with client.get(address) as answer:
        return answer.get_data()


def test_a_first_visit_of_a_public_page_weighs_little(here, client):
    publish(here)
    for address in ("/", "/cycles", RESULT, f"{RESULT}/99.01", "/regions", "/winners", "/data"):
        page = client.get(address).get_data()
        parts = set(re.findall(r'(?:<script src|<link rel="(?:stylesheet|icon)" href)="([^"]+)"', page.decode()))
        assert all(part.startswith("/") for part in parts)  # nothing from elsewhere
        bodies = [page, *(loaded(client, html.unescape(part)) for part in (*parts, "/static/icons.svg"))]
        assert len(bodies) <= 8, address
        assert sum(len(gzip.compress(body)) for body in bodies) <= 90_000, address
    assert len(gzip.compress(client.get(RESULT).get_data())) <= 45_000


# A result: filters, map, bars ---------------------------------------------------------------------------------------


def two_zones(here):
    """Half of the candidates lie in another province of another zone."""
    db.session.add(
        Region(code="98", name="Provinsi Lain", short_name="Lain", kind="province", timezone="Asia/Jakarta",
               award_zone="sumatera", tile_row=1, tile_col=1, tile_label="PL", source_key="PROJ")
    )  # fmt: skip
    db.session.flush()
    moved = select(Nomination.organisation_id).where(Nomination.candidate_code.in_(["99.03", "99.04"]))
    db.session.execute(update(Organisation).where(Organisation.id.in_(moved)).values(region_code="98"))
    db.session.commit()


def test_a_result_of_many_zones_is_filtered_and_keeps_its_ranks(here, client):
    two_zones(here)
    made = publish(here)
    ranks = {row["name"]: row["rank"] for row in made.table["rows"]}
    whole = english(client, RESULT)
    assert 'name="zone"' in whole
    assert 'name="province"' in whole
    part = english(client, RESULT, zone="sumatera")
    table = part[part.index("<tbody>") : part.index("</tbody>")]
    assert "Kabupaten Contoh 1" not in table
    assert "Kabupaten Contoh 3" in table
    third = next(name for name in ranks if name.endswith("Kabupaten Contoh 3"))
    assert f">{ranks[third]}<" in table
    assert "2 of 4 rows; ranks are those of the whole table." in part
    assert english(client, RESULT, province="98").count("<tr") == part.count("<tr")
    # What is not offered is passed over.
    assert "of 4 rows; ranks" not in english(client, RESULT, zone="sulawesi' or 1=1")
    assert english(client, RESULT, zone="nirgendwo").count("<tr") == whole.count("<tr")
    none = english(client, RESULT, zone="sumatera", province="99")
    assert ("No row fits these filters." in none, "No candidate reached a rank." in none) == (True, False)


def test_one_province_needs_no_filter_and_maps_its_regencies(here, client):
    made = publish(here)
    text = english(client, RESULT)
    assert 'name="zone"' not in text
    tiles = dict(re.findall(r'href="/regions/(99\.\d\d)" aria-label="Kabupaten Contoh \d: ([^"]+)"', text))
    shown = {row["candidate"]: row["total"] for row in made.table["rows"]}
    assert tiles == {f"99.{no:02d}": shown.get(f"99.{no:02d}", "–") for no in range(1, 10)}
    title = f"The highest total: Kabupaten Contoh 1, {shown['99.01']}"
    assert f'<title id="map-title">{title}</title>' in text


def test_bars_by_aspect_say_what_the_table_says(here, client):
    made = publish(here)
    first = made.table["rows"][0]
    text = english(client, RESULT)
    picture = re.search(r'<svg[^>]*aria-labelledby="aspects-title.*?</svg>', text, re.S)[0]
    assert f"{first['name']} has {first['total']} of 100.00 points" in picture
    for row in made.table["rows"]:
        assert f">{row['total']}</text>" in picture


# A candidate and the method -----------------------------------------------------------------------------------------


def test_a_candidate_shows_its_verified_coverage_over_two_years(here, client):
    publish(here)
    text = english(client, f"{RESULT}/99.01")
    section = text[text.index('id="h-coverage"') : text.index('id="h-computed"')]
    cells = re.findall(r'data-label="Coverage">([^<]+)%<', section)
    picture = re.search(r"<svg.*?</svg>", section, re.S)[0]
    people = re.findall(r'data-label="(?:Participants|Target workers)">([^<]+)<', section)
    assert len(cells) == 2 * (section.count('scope="row"') // 2) > 2
    for percent, participants, target in zip(cells, people[::2], people[1::2], strict=True):
        exact = Fraction(100 * int(participants.replace(",", "")), int(target.replace(",", "")))
        assert Decimal(percent) == round(Decimal(exact.numerator) / exact.denominator, 2)
        assert f"{percent}%" in picture
    assert '/regions/99.01"' in text


def test_the_method_page_works_out_the_first_total_with_its_own_numbers(here, client):
    made = publish(here)
    category = category_of(here)
    bundle = json.loads(made.bundle)
    first = next(row for row in bundle["result"] if row["rank"] == 1)
    example = worked_example(category, made)
    assert example is not None
    upper, lower = first["total_exact"].split("/")
    assert example.exact == Fraction(int(upper), int(lower))
    assert example.total == first["total"]
    earned = {line.indicator: f"{line.points.numerator}/{line.points.denominator}" for line in example.lines}
    assert earned == first["points"]
    text = english(client, "/cycles/contoh-2025/method")
    assert f"the exact total is {example.exact}." in text
    assert '<a href="/data/method.md">' in text
    assert client.get("/data/method.md").get_data(as_text=True).startswith("# How a ranking is computed")
    assert worked_example(category, made) is example  # a publication never changes, so it is worked out once


def test_a_result_that_shows_nobody_has_no_example(here):
    made = publish(here)
    nobody = Publication(table={**made.table, "rows": []}, bundle=made.bundle, digest=made.digest)
    assert worked_example(category_of(here), nobody) is None


# Regions ------------------------------------------------------------------------------------------------------------


def test_every_figure_that_does_not_fit_is_marked_on_the_page_of_its_region(real):  # noqa: F811
    cases = [row for row in rows_of("plausibility_cases.csv") if row["region_code"]]
    wrong = [row for row in cases if row["expected_verdict"] == "inconsistent"]
    assert len(wrong) >= 12
    for row in wrong:
        assert f'id="doubt-{row["case_id"]}"' in read(real, f"/regions/{row['region_code']}"), row["case_id"]
    for row in cases:
        if row["expected_verdict"] == "consistent":
            assert f'id="doubt-{row["case_id"]}"' not in read(real, f"/regions/{row['region_code']}"), row["case_id"]


def test_the_sentence_of_a_doubt_has_the_numbers_of_its_source(real):  # noqa: F811
    page = plain(read(real, "/regions/35.03"))
    assert "5.600 orang × Rp16.800 × 3 bulan = Rp282.240.000; yang terbit Rp365.600.000, selisih +Rp83.360.000." in page
    bali = plain(read(real, "/regions/51", "en"))
    assert "Two values were published for the same thing: 39.41 and 30.90." in bali
    jambi = plain(read(real, "/regions/15", "en"))
    assert "the unit must be wrong" in jambi
    assert "which is no whole number" in jambi
    assert "parts add up to 25,348; 24,348 was published" in plain(read(real, "/regions/21.71", "en"))
    assert "not to the assessment year 2024" in plain(read(real, "/regions/52.03", "en"))


def test_a_doubted_figure_leads_from_its_row_to_the_sentence(real):  # noqa: F811
    text = read(real, "/regions/35.03", "en")
    budgets = text[text.index('id="h-budgets"') : text.index('id="h-targets"')]
    assert budgets.count('href="#doubt-TRENGGALEK-2023"') == 1
    assert budgets.count('href="#doubt-TRENGGALEK-2025"') == 1
    row_2024 = next(row for row in budgets.split("<tr>") if "2024 <" in row)
    assert "#doubt" not in row_2024


def test_every_rule_has_a_sentence_for_figures_that_do_not_fit(app, db_session, client):
    contest(1, state=State.OPEN)
    spoilt = {
        "percent_of": {"count": 1, "denominator": 4, "percent": "26"},
        "growth_percent": {"old": 100, "new": 150, "percent": "60"},
        "difference_of": {"minuend": 10, "subtrahend": 4, "published": 5},
        "coverage_from_segments": {"segments": [{"code": "pu", "count": 10, "percent": "50"}], "percent": "40"},
        "weekday": {"date": "2024-07-30", "weekday": "Rabu"},
        "at_least": {"people": 10, "rate_idr": 16800, "months": 1, "lower_bound_idr": 200000},
    }
    for rule, inputs in spoilt.items():
        db.session.add(
            PublishedCheck(key=rule, source_key="PROJ", region_code="99.01", as_of="2024", rule=rule, inputs=inputs,
                           tolerance=Decimal(0))
        )  # fmt: skip
    db.session.commit()
    page = plain(html.unescape(english(client, "/regions/99.01")))
    for sentence in (
        "1 of 4 is 25.00%; 26.00% was published.",
        "From 100 to 150 is a growth of 50.00%; 60.00% was published.",
        "10 less 4 is 6; 5 was published.",
        "The published segments give 50.00% together; 40.00% was published.",
        "is not a “Rabu” as the source prints.",
        "10 people × Rp16,800 × 1 months = Rp168,000, less than the “more than Rp200,000” that was published.",
    ):
        assert sentence in page


def test_a_region_shows_published_figures_with_source_and_names_what_is_missing(real):  # noqa: F811
    text = read(real, "/regions/35.03", "en")
    assert "26.04%" in text
    assert "bidiknasional.com" in text
    assert "No figure is published yet for: Migrant workers (PMI)." in text
    assert ">0.00%<" not in without_pictures(text)
    province = read(real, "/regions/35", "en")
    assert 'href="/regions/35.03"' in province
    assert province.count('aria-label="Kabupaten ') + province.count('aria-label="Kota ') == 38
    assert "No coverage of this region is published yet." in read(real, "/regions/11.01", "en")


def test_the_historical_sheet_stands_on_the_page_of_its_region_and_is_no_simulation(real):  # noqa: F811
    text = read(real, "/regions/52.03", "en")
    assert "51.51" in text
    assert "Simulation" not in text


def test_the_map_of_provinces_says_what_its_table_says(real):  # noqa: F811
    text = read(real, "/regions", "en")
    tiles = dict(re.findall(r'<a href="/regions/(\d\d)" aria-label="[^"]+: ([^"]+)"', text))
    assert len(tiles) == 38
    table = text[text.index('id="h-table"') : text.index("</table>")]
    rows = dict(re.findall(r'/regions/(\d\d)">.*?data-label="Coverage">([0-9.]+)%', table, re.S))
    assert {code: said for code, said in tiles.items() if said != "–"} == {
        code: str(Decimal(percent).quantize(Decimal("0.1"), ROUND_HALF_UP)) for code, percent in rows.items()
    }


def test_regions_are_found_by_name_and_by_code(real):  # noqa: F811
    assert "Found for “lombok”: 4" in read(real, "/regions?q=lombok&lang=en")
    assert "Kabupaten Trenggalek" in read(real, "/regions?q=35.03&lang=en").split('id="h-table"')[0]
    assert "No region has this name." in read(real, "/regions?q=100%25&lang=en")
    assert real.test_client().get("/regions/98.99").status_code == 404


# Winners ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "chosen",
    [{}, {"year": "2024"}, {"tier": "national"}, {"category": "village"}, {"year": "2023", "tier": "province"}],
)
def test_filters_leave_the_winners_of_the_file(real, chosen):  # noqa: F811
    names = {"year": "assessment_year", "tier": "tier", "category": "category"}
    due = [row for row in rows_of("winners.csv") if all(row[names[name]] == value for name, value in chosen.items())]
    query = "&".join(f"{name}={value}" for name, value in {**chosen, "lang": "en"}.items())
    text = read(real, f"/winners?{query}")
    assert f"{len(due)} awards" in text
    counts = Counter((row["recipient_region_code"] or row["province_code"])[:2] for row in due)
    counts.pop("", None)
    tiles = dict(re.findall(r'<a href="/regions/(\d\d)" aria-label="[^"]+: ([^"]+)"', text))
    assert {code: int(said) for code, said in tiles.items() if said != "–"} == counts
    if len(due) <= 50:
        assert Counter(
            re.findall(r'<th scope="row">(?:<a[^>]*>)?([^<]+)', text.split("<tbody>")[1].split("</tbody>")[0])
        ) == (Counter(row["recipient"] for row in due))


def test_winners_of_a_province_and_of_nothing(real):  # noqa: F811
    text = read(real, "/winners?province=52&lang=en")
    assert "Lombok Timur" in text
    assert "selected>Nusa Tenggara Barat<" in text
    assert "No published award fits these filters." in read(real, "/winners?year=1990&lang=en")
    assert "Rank 1, by the order of the list" in read(real, "/winners", "en")


def test_winners_come_in_pages_that_keep_the_filters(real):  # noqa: F811
    text = read(real, "/winners?year=2024&lang=en")
    assert 'href="/winners?year=2024&page=2"' in text
    last = read(real, "/winners?year=2024&page=2&lang=en")
    assert last.split("<tbody>")[1].split("</tbody>")[0].count("<tr>") == 15


def test_every_winner_names_its_source(real):  # noqa: F811
    body = read(real, "/winners", "en").split("<tbody>")[1].split("</tbody>")[0]
    for row in body.split("<tr>")[1:]:
        assert 'data-label="Source"><span>' in row
        assert "<span lang=" in row


# Pictures -----------------------------------------------------------------------------------------------------------


def test_a_tile_says_its_number_without_colour_and_escapes_what_it_is_given():
    tiles = [
        Tile(0, 0, "<A>", "Name & Sons", "7", 4, "Sons", "/regions/99?a=1&b=2"),
        Tile(0, 1, "B", "Empty", "–", None),
        Tile(1, 0, "C", "Long", "1", 0, "A name that is far too long"),
    ]
    picture = str(tile_map("m", "Title", "What it is", tiles, [(0, "little"), (None, "nothing")]))
    assert "&lt;A&gt;" in picture
    assert 'href="/regions/99?a=1&amp;b=2" aria-label="Name &amp; Sons: 7"' in picture
    assert "url(#m-none)" in picture
    assert "A name that is…" in picture
    assert " style=" not in picture
    assert str(tile_map("m", "Title", "What it is", tiles[::-1], [(0, "little"), (None, "nothing")])) == picture
    assert [steps_of((2, 4), value) for value in (1, 2, 5)] == [0, 1, 2]
    assert len(RAMP) == 5


def test_a_trend_joins_only_what_may_be_compared_and_keeps_labels_apart():
    spots = [Spot(date(2023, 12, 31), 20, "20%"), Spot(date(2024, 12, 31), 30, "30%", joined=False)]
    near = [Spot(date(2024, 12, 31), 31, "31%")]
    lines = [Trend("PU", spots), Trend("BPU", near), Trend("Total", near), Trend("Jakon", near), Trend("PMI", near)]
    picture = str(trend_lines("t", "Title", "What it is", lines, (32, "Target 32%")))
    joined = str(
        trend_lines("t", "Title", "What it is", [Trend("PU", [spots[0], Spot(date(2024, 12, 31), 30, "30%")])])
    )
    assert joined.count('stroke-width="3"') - 1 == picture.count('stroke-width="3"') - 5 + 1
    labels = sorted(float(y) for y in re.findall(r'y="([0-9.]+)"[^>]*>(?:PU|BPU|Total|Jakon|PMI|Target) \d', picture))
    assert all(after - before >= 14 for before, after in pairwise(labels))
    assert "32%" in picture
