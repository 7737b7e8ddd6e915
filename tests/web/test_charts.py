"""The picture of years: it is named and described, reads without colour, and the same numbers give the same bytes."""

import re
from fractions import Fraction
from xml.etree import ElementTree

from paritrana.nominations.pictures import target_path
from paritrana.web.charts import STROKES, Line, year_lines

SVG = "{http://www.w3.org/2000/svg}"
CLAIMED = Line("Claimed", [(2023, Fraction(40), "40.00%"), (2024, Fraction(45), "45.00%"), (2026, Fraction(60), "60%")])
NATIONAL = Line("National <target>", [(2024, Fraction(47), "47.00%"), (2026, Fraction(100), "100%")])


def drawn(lines=(CLAIMED, NATIONAL)):
    return year_lines("plan", "Target", "Claimed: 2023 & on", list(lines))


def test_a_picture_of_years_has_a_title_a_description_and_every_number():
    tree = ElementTree.fromstring(drawn())  # noqa: S314 - our own picture
    assert tree.get("aria-labelledby") == "plan-title plan-desc"
    assert tree.find(f"{SVG}title").text == "Target"
    assert tree.find(f"{SVG}desc").text == "Claimed: 2023 & on"
    words = [one.text for one in tree.iter(f"{SVG}text")]
    for said in ("40.00%", "45.00%", "60%", "47.00%", "100%", "2023", "2024", "2026", "Claimed", "National <target>"):
        assert said in words
    assert "2025" not in words


def test_lines_differ_in_dashes_and_in_the_shape_of_their_points():
    tree = ElementTree.fromstring(drawn())  # noqa: S314 - our own picture
    ways = [one for one in tree.iter(f"{SVG}path") if one.get("d", "").count("L")]
    assert [one.get("stroke-dasharray") for one in ways] == [None, STROKES[1][1]]
    assert len(list(tree.iter(f"{SVG}circle"))) == len(CLAIMED.points) + 1  # and one in the legend
    assert len(list(tree.iter(f"{SVG}rect"))) == len(NATIONAL.points) + 1
    assert "style" not in drawn()


def test_a_higher_percentage_stands_higher_and_a_later_year_further_right():
    tree = ElementTree.fromstring(drawn((CLAIMED,)))  # noqa: S314 - our own picture
    spots = [(float(one.get("cx")), float(one.get("cy"))) for one in tree.iter(f"{SVG}circle")][1:]
    assert [x for x, _y in spots] == sorted(x for x, _y in spots)
    assert [y for _x, y in spots] == sorted((y for _x, y in spots), reverse=True)
    gaps = [spots[1][0] - spots[0][0], spots[2][0] - spots[1][0]]
    assert abs(gaps[1] - 2 * gaps[0]) < 0.02  # two years take twice the room of one


def test_the_same_numbers_give_the_same_bytes_and_one_year_is_enough():
    assert drawn() == drawn()
    alone = year_lines("one", "Target", "", [Line("Claimed", [(2024, Fraction(0), "0%")])])
    assert ElementTree.fromstring(alone) is not None  # noqa: S314 - our own picture


def test_the_path_of_a_plan_is_drawn_with_what_was_found_and_the_national_targets(app):
    data = {
        "fields": {"base.year": 2023, "base.value": "40", "target.year": 2026, "target.value": "60"},
        "lines": [{"key": "k1", "year": 2024, "value": "45.5"}],
    }
    with app.test_request_context():
        picture = target_path("plan", data, {2022: "30", 2024: "47"}, {"base.value": "39", "target.value": None})
        assert target_path("plan", {}, {2024: "47"}) is None
    tree = ElementTree.fromstring(picture)  # noqa: S314 - our own picture
    said = tree.find(f"{SVG}desc").text
    assert len(re.findall("2023", said)) == 2
    assert len(re.findall("2024", said)) == 2
    assert "2022" not in said


def test_a_line_without_a_year_stands_in_the_legend_and_is_not_drawn():
    tree = ElementTree.fromstring(drawn((CLAIMED, Line("Found", []))))  # noqa: S314 - our own picture
    assert "Found" in [one.text for one in tree.iter(f"{SVG}text")]
    assert len([one for one in tree.iter(f"{SVG}path") if one.get("d", "").count("L")]) == 1
    assert len(list(tree.iter(f"{SVG}rect"))) == 1  # the point of the legend
