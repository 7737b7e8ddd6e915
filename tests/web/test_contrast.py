"""The colours of the design hold their contrast, and no colour is written anywhere but among the tokens."""

import re
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[2] / "paritrana"
SHEET = PACKAGE / "static" / "paritrana.css"
TEXT, SHAPE = 4.5, 3.0

# Token pairs (front, ground) and the contrast the design states for them.
LIGHT = {
    ("ink", "bg"): 16.47, ("ink", "bg-2"): 15.21, ("ink-2", "bg"): 7.73, ("ink-2", "bg-2"): 7.14,
    ("line", "bg"): 3.77, ("line", "bg-2"): 3.48, ("brand", "bg"): 8.67, ("brand", "bg-2"): 8.01,
    ("on-brand", "brand"): 8.67, ("on-strong", "brand-strong"): 11.36, ("visited", "bg"): 9.80,
    ("gold", "bg"): 6.92, ("gold", "gold-bg"): 6.92, ("gold-rule", "bg"): 4.06, ("on-danger", "danger-btn"): 7.27,
    ("focus", "bg"): 17.73, ("halo", "focus"): 12.36, ("halo", "brand"): 6.04, ("halo", "danger-btn"): 5.07,
    ("done-fg", "bg"): 16.47, ("open-fg", "open-bg"): 6.47, ("doing-fg", "doing-bg"): 6.47,
    ("attention-fg", "attention-bg"): 6.71, ("problem-fg", "problem-bg"): 6.36, ("ok-fg", "ok-bg"): 5.81,
    ("locked-fg", "locked-bg"): 7.90, ("neutral-fg", "neutral-bg"): 6.76,
    ("chart-1", "bg"): 6.02, ("chart-2", "bg"): 4.60, ("chart-3", "bg"): 5.40, ("chart-4", "bg"): 6.71,
    ("chart-5", "bg"): 5.06, ("chart-6", "bg"): 5.61,
    ("ink", "map-1"): 14.33, ("ink", "map-2"): 10.71, ("ink", "map-3"): 6.80, ("bg", "map-4"): 5.30,
    ("bg", "map-5"): 11.36,
}  # fmt: skip
DARK = {
    ("ink", "bg"): 15.15, ("ink", "bg-2"): 13.31, ("ink-2", "bg"): 8.95, ("ink-2", "bg-2"): 7.86,
    ("line", "bg"): 4.63, ("line", "bg-2"): 4.07, ("brand", "bg"): 9.05, ("brand", "bg-2"): 7.95,
    ("on-brand", "brand"): 9.05, ("gold", "gold-bg"): 9.03, ("done-fg", "bg"): 15.15, ("halo", "bg"): 12.61,
    ("open-fg", "open-bg"): 8.43, ("doing-fg", "doing-bg"): 8.43, ("attention-fg", "attention-bg"): 9.03,
    ("problem-fg", "problem-bg"): 8.13, ("ok-fg", "ok-bg"): 8.35, ("locked-fg", "locked-bg"): 8.40,
    ("neutral-fg", "neutral-bg"): 7.01,
}  # fmt: skip
# Used by the header, not in the table of the design: only the floor is asked for.
MORE = [("gold-bright", "brand-strong", SHAPE), ("halo", "brand-strong", SHAPE), ("halo", "focus", SHAPE)]
NOT_TEXT = {"line", "gold-rule", "focus", "halo", "chart-1", "chart-2", "chart-3", "chart-4", "chart-5", "chart-6"}


def _tokens(block):
    return dict(re.findall(r"--p-([a-z0-9-]+): (#[0-9A-Fa-f]{6})\b", block))


def _palettes():
    block = SHEET.read_text("utf-8").partition("/* tokens:start */")[2].partition("/* tokens:end */")[0]
    light, _, rest = block.partition("@media (prefers-color-scheme: dark)")
    day = _tokens(light)
    return day, day | _tokens(rest.partition("@media print")[0])


def _luminance(colour):
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    """The contrast of two colours by the WCAG formula, 1 to 21."""
    high, low = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize(("palette", "pairs"), [(0, LIGHT), (1, DARK)], ids=["light", "dark"])
def test_every_pair_has_the_contrast_the_design_states(palette, pairs):
    colours = _palettes()[palette]
    for (front, ground), stated in pairs.items():
        found = contrast(colours[front], colours[ground])
        assert round(found, 2) == pytest.approx(stated, abs=0.011), (front, ground)
        assert found >= (SHAPE if front in NOT_TEXT else TEXT), (front, ground)


def test_the_header_s_own_pairs_hold_their_floor():
    colours = _palettes()[0]
    for front, ground, floor in MORE:
        assert contrast(colours[front], colours[ground]) >= floor


def test_charts_stay_readable_on_the_second_ground():
    colours = _palettes()[0]
    assert all(contrast(colours[f"chart-{place}"], colours["bg-2"]) >= 4.2 for place in range(1, 7))


NAMES = "white|black|red|green|blue|gr[ae]y|silver|gold|yellow|orange|purple|navy|maroon|teal|olive|lime|aqua|fuchsia"
LITERAL = re.compile(rf"#[0-9A-Fa-f]{{3,8}}\b|\b(?:rgba?|hsla?|oklch|lab|lch)\(|:\s*(?:{NAMES})\s*[;}}]", re.IGNORECASE)


def test_no_style_sheet_names_a_colour_outside_the_tokens():
    for sheet in (PACKAGE / "static").glob("*.css"):
        text = sheet.read_text("utf-8")
        before, start, rest = text.partition("/* tokens:start */")
        outside = before + rest.partition("/* tokens:end */")[2] if start else text
        outside = re.sub(r"/\*.*?\*/", "", outside, flags=re.DOTALL)
        assert not LITERAL.findall(outside), sheet.name


def test_no_template_names_a_colour_or_carries_a_style():
    templates = [*PACKAGE.rglob("templates/**/*.html"), *PACKAGE.rglob("templates/**/*.svg")]
    assert templates
    for template in templates:
        text = re.sub(r"\{#.*?#\}", "", template.read_text("utf-8"), flags=re.DOTALL)
        attributes = re.findall(r'(?:fill|stroke|color|stop-color)="([^"{]+)"', text)
        assert all(value in ("none", "currentColor", "transparent") for value in attributes), template.name
        assert not re.search(r"\sstyle=|<style|<script(?![^>]*\ssrc=)|\son[a-z]+=|javascript:", text), template.name
        assert not re.search(r"\b(?:rgba?|hsla?)\(", text), template.name


def test_every_colour_that_is_used_is_a_token():
    known = set(re.findall(r"(--p-[a-z0-9-]+):", SHEET.read_text("utf-8")))
    for sheet in (PACKAGE / "static").glob("*.css"):
        used = set(re.findall(r"var\((--p-[a-z0-9-]+)", sheet.read_text("utf-8")))
        assert used <= known | {"--p-columns"}, sheet.name
