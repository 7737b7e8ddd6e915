"""The figures of the workbench: whole SVG, named and described, the same bytes, nothing that only a colour tells."""

from datetime import date
from xml.etree import ElementTree

import pytest

from paritrana.web.figures.matrix import number_matrix
from paritrana.web.figures.ranges import Axis, Legend, RangeRow, range_rows
from paritrana.web.figures.slopes import slope_lines
from paritrana.web.figures.stack import Piece, grouped_bars
from paritrana.web.figures.trend import Spot, Trend, trend_lines

SVG = "{http://www.w3.org/2000/svg}"
NAMES = ("Kab. <Contoh> & Co", "Kabupaten Dengan Nama Yang Sangat Panjang Sekali")


def rows():
    return [
        RangeRow(NAMES[0], (1, 3), [(1, "disc")], "1,846"),
        RangeRow(NAMES[1], None, [(2, "ring"), (9, "diamond"), (2, "square")]),
    ]


DRAWN = {
    "ranges": lambda: range_rows(
        "a", "T & t", "D < d", Axis(0.5, 3.5, [(1, "1"), (3, "3")]), rows(),
        Legend([("disc", "rank"), ("bar", "interval"), ("line", "limit")]), mark=2,
    ),
    "matrix": lambda: number_matrix(
        "a", "T & t", "D < d", ["all", "J1"],
        [(NAMES[0], [("1", False), ("2", True)]), (NAMES[1], [("2", False), ("–", True)])],
    ),
    "slopes": lambda: slope_lines(
        "a", "T & t", "D < d", ["this", "equal"], [(NAMES[0], [1, 2]), (NAMES[1], [1, None]), ("C", [3, 1])],
    ),
    "stack": lambda: grouped_bars(
        "a", "T & t", "D < d", ["Aspect & A", "B"],
        [(NAMES[0], [Piece("A1", 0, 40), Piece("B1", 1, 1)], "41,00"), (NAMES[1], [Piece("A1", 0, 20)], "20,00")], 100,
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", DRAWN)
def test_a_figure_is_whole_named_and_described_and_always_the_same(kind):
    picture = DRAWN[kind]()
    assert picture == DRAWN[kind]()
    tree = ElementTree.fromstring(picture)  # noqa: S314 - our own picture
    assert tree.get("aria-labelledby") == "a-title a-desc"
    assert (tree.find(f"{SVG}title").text, tree.find(f"{SVG}desc").text) == ("T & t", "D < d")
    said = [one.text for one in tree.iter(f"{SVG}text")]
    assert NAMES[0] in said
    assert any(one.endswith("…") and NAMES[1].startswith(one[:-1]) for one in said)
    assert "style" not in picture
    ids = [one.get("id") for one in tree.iter() if one.get("id")]
    assert len(ids) == len(set(ids))


def places(picture, tag, name):
    return [float(one.get(name)) for one in ElementTree.fromstring(picture).iter(f"{SVG}{tag}")]  # noqa: S314


def test_a_lower_rank_stands_further_left_and_what_is_outside_stands_at_the_end():
    picture = DRAWN["ranges"]()
    disc, ring = places(picture, "circle", "cx")[1:3]
    assert disc < ring
    assert "1,846" in picture
    tree = ElementTree.fromstring(picture)  # noqa: S314 - our own picture
    assert max(float(one.get("cx")) for one in tree.iter(f"{SVG}circle")) < 720
    assert len([one for one in tree.iter(f"{SVG}path") if one.get("stroke-dasharray")]) == 2  # the line and its key


def test_a_changed_cell_has_a_border_and_a_bold_number():
    tree = ElementTree.fromstring(DRAWN["matrix"]())  # noqa: S314 - our own picture
    assert len(list(tree.iter(f"{SVG}rect"))) == 2
    assert [one.text for one in tree.iter(f"{SVG}text") if one.get("font-weight") == "700"] == ["2", "–"]


def test_shared_ranks_stand_beside_each_other_and_no_rank_has_no_point():
    xs, ys = (places(DRAWN["slopes"](), "circle", name) for name in ("cx", "cy"))
    assert len(xs) == 5
    assert ys[0] == ys[2]
    assert xs[0] != xs[2]


def test_a_bar_is_as_long_as_its_points_and_names_what_has_room():
    tree = ElementTree.fromstring(DRAWN["stack"]())  # noqa: S314 - our own picture
    bars = [one for one in tree.iter(f"{SVG}rect") if one.get("stroke") == "#FFFFFF"]
    widths = [float(one.get("width")) for one in bars]
    assert widths[0] == pytest.approx(2 * widths[2], abs=0.02)
    said = [one.text for one in tree.iter(f"{SVG}text")]
    assert said.count("A1") == 2
    assert "B1" not in said
    assert {one.get("fill") for one in bars} == {"url(#a-0)", "url(#a-1)"}


def test_a_candidate_without_a_first_rank_has_its_points_and_no_name_at_the_left():
    tree = ElementTree.fromstring(slope_lines("a", "T", "D", ["this", "equal"], [("A", [1, 2]), ("B", [None, 1])]))  # noqa: S314 - our own picture
    said = [one.text for one in tree.iter(f"{SVG}text")]
    assert "A" in said
    assert "B" not in said
    assert len(list(tree.iter(f"{SVG}circle"))) == 3


def test_a_line_over_time_without_a_figure_has_a_label_in_the_legend_only():
    spots = [Spot(date(2024, 3, 1), 40.0, "40%"), Spot(date(2025, 3, 1), 45.0, "45%")]
    tree = ElementTree.fromstring(trend_lines("a", "T", "D", [Trend("A", spots), Trend("B", [])]))  # noqa: S314 - our own picture
    said = [one.text for one in tree.iter(f"{SVG}text")]
    assert "A 45%" in said
    assert [one for one in said if one.startswith("B")] == ["B"]
