"""The documents agree with the product and with each other: pictures, links, words of the pages, settings, commands."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from functools import cache
from pathlib import Path
from urllib.parse import unquote

import pytest
from babel.messages.pofile import read_po

from paritrana.config import Settings
from paritrana.core.bundle import parse
from paritrana.core.ranking import rank

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
PICTURES = DOCS / "pictures"
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md"), ROOT / "seed" / "README.md"])
GUIDES = sorted(path.name for path in (DOCS / "users" / "id").glob("*.md"))
LINK = re.compile(r"(!?)\[[^\]]*\]\(([^)\s]+)\)")


def name_of(path: Path) -> str:
    """A page as the tests are called by."""
    return str(path.relative_to(ROOT))


@cache
def prose(page: Path) -> str:
    """A page without its blocks of code and its code between backticks."""
    text = re.sub(r"^ *```.*?^ *```$", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    return re.sub(r"`[^`\n]*`", "", text)


@cache
def anchors(page: Path) -> set[str]:
    """The anchors that a page's headings have where Markdown is shown."""
    found: set[str] = set()
    for heading in re.findall(r"^#+ (.+)$", re.sub(r"^ *```.*?^ *```$", "", page.read_text(), flags=re.M | re.S), re.M):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).replace("`", "")
        found.add(re.sub(r"[^\w\- ]", "", plain.lower()).replace(" ", "-"))
    return found


def links(page: Path) -> Iterator[tuple[bool, Path, str]]:
    """Whether a picture, the file and the anchor of each link of a page that stays in the project."""
    for picture, target in LINK.findall(prose(page)):
        if not re.match(r"[a-z]+:", target):
            path, _, anchor = unquote(target).partition("#")
            yield bool(picture), (page.parent / path).resolve() if path else page, anchor


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_between_the_documents_lead_somewhere(page: Path) -> None:
    broken = [
        f"{target}#{anchor}"
        for _, target, anchor in links(page)
        if not target.exists() or (anchor and anchor not in anchors(target))
    ]
    assert broken == []


def is_paper(path: Path) -> bool:
    """Whether a picture shows a certificate, drawn by tools/certificate_pictures.py, and no page of the app."""
    return path.name.startswith("certificate-")


def test_every_picture_is_shown_and_small() -> None:
    shown = {target for page in PAGES for picture, target, _ in links(page) if picture}
    there = set(PICTURES.glob("*"))
    assert there == {target for target in shown if target.parent == PICTURES}
    assert [path.name for path in there if path.stat().st_size > (350_000 if is_paper(path) else 80 * 1024)] == []
    assert sum(path.stat().st_size for path in there) <= 3 * 1024 * 1024


def test_every_picture_is_taken_by_the_journeys() -> None:
    taken = re.findall(r'Shot\("([\w-]+)"', (ROOT / "tests" / "journeys" / "guide.py").read_text(encoding="utf-8"))
    there = sorted(path.name for path in PICTURES.glob("*") if not is_paper(path))
    assert sorted(f"{name}.png" for name in taken) == there


def test_every_guide_stands_in_both_languages_with_the_same_pictures() -> None:
    assert sorted(path.name for path in (DOCS / "users" / "en").glob("*.md")) == GUIDES
    for name in GUIDES:
        here, there = (
            [target for picture, target, _ in links(DOCS / "users" / language / name) if picture]
            for language in ("id", "en")
        )
        assert here == there, name


@cache
def catalogue() -> list[tuple[re.Pattern[str], re.Pattern[str]]]:
    """Each message of the pages in Indonesian and in English; a parameter stands for anything."""
    with (ROOT / "paritrana" / "translations" / "id" / "LC_MESSAGES" / "messages.po").open("rb") as file:
        messages = read_po(file)
    plain = [one for one in messages if one.id and isinstance(one.id, str)]
    return [(pattern(str(one.string)), pattern(str(one.id))) for one in plain]


def pattern(message: str) -> re.Pattern[str]:
    """A message whose parameters may be anything."""
    return re.compile(".+".join(re.escape(part) for part in re.split(r"%\(\w+\)s", message)))


@pytest.mark.parametrize("name", GUIDES)
def test_the_words_of_a_guide_are_the_words_of_the_pages(name: str) -> None:
    said = re.findall(r"«([^»]+)»", " ".join(prose(DOCS / "users" / "id" / name).split()))
    unknown = [words for words in said if not any(indonesian.fullmatch(words) for indonesian, _ in catalogue())]
    assert unknown == []
    pairs = re.findall(
        r"«([^»]+)»(?: \(((?:[^()]|\([^()]*\))+)\))?", " ".join(prose(DOCS / "users" / "en" / name).split())
    )
    wrong = [
        pair
        for pair in pairs
        if not any(indonesian.fullmatch(pair[0]) and english.fullmatch(pair[1]) for indonesian, english in catalogue())
    ]
    assert wrong == []


def total_with(**changes: object) -> str:
    """The total of the one published sheet, with parts of its bundle replaced."""
    data = json.loads((ROOT / "seed" / "cycles" / "ntb-2024.bundle.json").read_text(encoding="utf-8")) | changes
    total = rank(parse(json.dumps(data).encode()).contest).rows[0].total
    assert total is not None
    return str(Decimal(total.numerator) / total.denominator)


def test_the_worked_example_of_the_method_is_the_published_sheet() -> None:
    text = (DOCS / "method.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (N\d) .* \| ([\d.]+) \| 10 \| ([\d.]+) \|$", text, re.MULTILINE)
    cap = {"candidate": "52.03", "indicator": "N6", "value": "8", "reason": "deputy"}
    without = {"candidate": "52.03", "indicator": "N3", "reason": "no figures"}
    marks = [
        {"candidate": "52.03", "indicator": code, "assessor": "PUBLISHED", "value": value} for code, value, _ in rows
    ]
    totals = total_with(marks=marks), total_with(caps=[cap]), total_with(not_applicable=[without])
    assert totals == ("51.51", "49.51", "58.17")
    assert all(total in text for total in totals)
    assert sum(Fraction(points) for _, _, points in rows) == Fraction("51.51")


def test_every_setting_stands_in_the_operators_table() -> None:
    text = (DOCS / "operators.md").read_text(encoding="utf-8")
    table = text.partition("| setting |")[2].partition("\n\n")[0]
    assert sorted(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)) == sorted(Settings.model_fields)


def test_commands_named_in_the_documents_exist() -> None:
    shown = subprocess.run([sys.executable, "-m", "paritrana", "--help"], capture_output=True, text=True, check=True)
    commands = set(re.findall(r"^  ([a-z][a-z-]+) ", shown.stdout, re.MULTILINE))
    targets = set(re.findall(r"^([a-z][a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        code = " ".join(re.findall(r"`[^`]+`", text))
        named = set(re.findall(r"(?:`|^|/bin/)paritrana ([a-z][a-z-]+)", text, re.MULTILINE))
        assert named <= commands, name_of(page)
        made = set(re.findall(r"`make ([a-z][a-z-]+)", code)) | set(re.findall(r"^make ([a-z-]+)", text, re.MULTILINE))
        assert made <= targets, name_of(page)
