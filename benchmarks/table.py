"""The JSON lines of the benchmarks as tables of a document, between its two markers."""

import json
import re
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import Any

BEGIN, END = "<!-- figures: begin -->", "<!-- figures: end -->"
ENGINES = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}
# Name of the measure, its words, and the floor beside which it is shown.
SHOWN = (
    ("empty route", "Empty route (the door alone)"),
    ("raw SQL", "One raw SQL aggregate over all marks"),
    ("numpy alone", "All marks read and ranked by numpy alone"),
    ("raw SQL and the same rows", "The same, with the ranking page's template"),
    ("ranking page", "Ranking page"),
    ("ranking page, first view", "Ranking page, first view of a run in a process"),
    ("sheet, page", "Open a sheet: page"),
    ("sheet, JSON", "Open a sheet: JSON"),
    ("save one mark", "Save one mark (JSON PUT)"),
    ("all marks, CSV", "All marks as CSV"),
    ("all marks, JSON", "All marks as JSON"),
    ("new run", "New run: read, rank, diagnose, store"),
)
# The measures of files, which stand in a table of their own: name, words.
FILES = (
    ("plain files", "Plain write, SHA-256 and fsync, one program"),
    ("upload", "Upload: announce, parts, complete"),
    ("plain pages", "Pages rendered by pypdfium2 alone"),
    ("previews", "Pages drawn and kept by the worker"),
)
# The measures of an interview day, likewise.
DAY = (
    ("empty route of the day", "One route of Flask alone, on a server of the same kind"),
    ("save alone", "Save one mark, nobody else there"),
    ("save", "Save one mark, everybody there"),
    ("board", "One look at the board, everybody there"),
)
# The measures of certificates, likewise.
PAPERS = (
    ("plain paper", "ReportLab alone: the same border, words and code from a cached template"),
    ("unsigned", "A certificate, unsigned"),
    ("signed", "A certificate, drawn and signed (P-256)"),
)
# The benchmarks in the order of their tables, and how the headings of each begin; the machine stands above the first.
HEADINGS = {
    "pages": r"[\d,]+ candidates|From ",
    "files": r"\d+ files",
    "day": r"An interview day",
    "ranking": r"The commands|A result run",
    "certificates": r"Certificates",
}
MEMORIES = ("before_kb", "peak_kb", "after_kb")
Line = dict[str, Any]


def render(lines: Iterable[Line]) -> str:
    """The tables in Markdown: for each engine and size, for the growth, for files, for the command line."""
    found = list(lines)
    pages = [one for one in found if "engine" in one]
    parts = [_machine(pages)] if pages else []
    worlds = sorted({(one["candidates"], one["engine"] != "sqlite", one["engine"]) for one in pages})
    for candidates, _place, engine in worlds:
        parts.append(_world([one for one in pages if (one["candidates"], one["engine"]) == (candidates, engine)]))
    parts.append(_growth(pages))
    documents = {one["measure"]: one for one in found if one["measure"] in dict(FILES)}
    if documents:
        parts.append(_documents(documents))
    day = {one["measure"]: one for one in found if one["measure"] in dict(DAY) and "p95_ms" in one}
    if day:
        parts.append(day_of(day))
    runs = [one for one in found if "cpu_ms" in one]
    if runs:
        parts.append(_result_run(runs))
    papers = {one["measure"]: one for one in found if "papers" in one}
    others = {*documents, *day, *papers, *(one["measure"] for one in runs)}
    commands = [one for one in found if "engine" not in one and one["measure"] not in others]
    if commands:
        parts.append(_commands(commands))
    if papers:
        parts.append(_papers(papers))
    return "\n\n".join(part for part in parts if part)


def _machine(pages: Sequence[Line]) -> str:
    about = {one["engine"]: one for one in pages if one["measure"] == "machine"}
    any_one = next(iter(about.values()))
    databases = " and ".join(f"{ENGINES[name]} {one['database']}" for name, one in sorted(about.items(), reverse=True))
    return f"Measured on {any_one['cores']} cores with Python {any_one['python']}, {databases}."


def _world(lines: Sequence[Line]) -> str:
    by_name = {one["measure"]: one for one in lines}
    about = by_name["machine"]
    head = (
        f"### {about['candidates']:,} candidates × 9 assessors × {about['indicators']} indicators, "
        f"{ENGINES[about['engine']]}\n\n"
        "| what | best, ms | median, ms | statements | kB | memory, MB "
        "| × empty route | × raw SQL | × numpy | × floor |\n"
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |"
    )
    rows = [_row(words, by_name[name]) for name, words in SHOWN if name in by_name]
    return "\n".join([head, *rows])


def _row(words: str, one: Line) -> str:
    cells = [
        words,
        _number(one["best_ms"]),
        _number(one["median_ms"]),
        str(one["statements"]),
        _number(one["bytes"] / 1024) if one["measure"] != "raw SQL" else "",
        _number(one["memory_kb"] / 1024) if one.get("memory_kb") is not None else "",
        *(
            _number(one["best_ms"] / one[floor]) if floor in one else ""
            for floor in ("empty_ms", "raw_ms", "numpy_ms", "floor_ms")
        ),
    ]
    return f"| {' | '.join(cells)} |"


def _number(value: float) -> str:
    """Three digits are enough for a time."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def _growth(pages: Sequence[Line]) -> str:
    sizes = sorted({one["candidates"] for one in pages})
    if len(sizes) < 2:
        return ""
    small, large = sizes[0], sizes[-1]
    engines = [
        name for name in ENGINES if {small, large} <= {one["candidates"] for one in pages if one["engine"] == name}
    ]
    known = {(one["engine"], one["candidates"], one["measure"]): one for one in pages}
    rows = []
    for name, words in SHOWN[1:]:
        if any((engine, large, name) not in known for engine in engines):
            continue
        times = [
            _number(known[engine, large, name]["best_ms"] / known[engine, small, name]["best_ms"]) for engine in engines
        ]
        memories = [_memory_growth(known[engine, small, name], known[engine, large, name]) for engine in engines]
        rows.append(f"| {' | '.join([words, *times, *memories])} |")
    heads = [f"time, {ENGINES[one]}" for one in engines] + [f"memory, {ENGINES[one]}" for one in engines]
    return "\n".join(
        [
            f"### From {small:,} to {large:,} candidates: {large / small:g} times the marks, how many times the cost",
            "",
            f"| {' | '.join(['what', *heads])} |",
            f"| --- |{' ---: |' * len(heads)}",
            *rows,
        ]
    )


def _memory_growth(small: Line, large: Line) -> str:
    if not small.get("memory_kb") or not large.get("memory_kb"):
        return ""
    return _number(large["memory_kb"] / small["memory_kb"])


def _documents(lines: dict[str, Line]) -> str:
    """The figures of files and their pages, each under its floor."""
    upload, previews = lines["upload"], lines["previews"]
    rows = []
    for name, words in FILES:
        one = lines[name]
        memory = [_number(one[key] / 1024) if one.get(key) is not None else "" for key in MEMORIES]
        rate = _number(one["mb_per_second"]) if "mb_per_second" in one else ""
        rows.append(f"| {' | '.join([words, _number(one['seconds']), rate, str(one.get('ratio', '')), *memory])} |")
    return "\n".join(
        [
            f"### {upload['files']} files of {upload['bytes'] / upload['files'] / 1e6:.1f} MB by {upload['clients']} "
            f"clients, and a document of {previews['pages']} pages",
            "",
            "| what | seconds | MB/s | × floor | web process before, MB | at most, MB | after, MB |",
            "| --- | ---: | ---: | ---: | ---: | ---: | ---: |",
            *rows,
        ]
    )


def day_of(lines: dict[str, Line]) -> str:
    """The figures of an interview day: how long its people wait."""
    live = lines["save"]
    rows = []
    for name, words in DAY:
        one = lines[name]
        cells = [words, f"{one['requests']:,}", *(_number(one[key]) for key in ("p50_ms", "p95_ms", "max_ms"))]
        rows.append(f"| {' | '.join([*cells, str(one['errors']), str(one.get('ratio', ''))])} |")
    return "\n".join(
        [
            f"### An interview day of {live['seconds']:g} s: {live['assessors']} assessors, {live['viewers']} viewers",
            "",
            "| what | requests | p50, ms | p95, ms | longest, ms | errors | × empty route |",
            "| --- | ---: | ---: | ---: | ---: | ---: | ---: |",
            *rows,
        ]
    )


def _result_run(lines: Sequence[Line]) -> str:
    """A result run and its page for each role; the ratios are those of the processor's time."""
    about = lines[0]
    rows = [
        f"| {one['measure']} | {_number(one['wall_ms'])} | {_number(one['cpu_ms'])} | {one['statements']} "
        f"| {one.get('x_raw', '')} | {one.get('x_numpy', '')} |"
        for one in lines
    ]
    return "\n".join(
        [
            f"### A result run and its page: {about['candidates']:,} candidates × {about['assessors']} assessors × "
            f"{about['indicators']} indicators",
            "",
            "| what | on the wall, ms | of the processor, ms | statements | × raw SQL | × numpy |",
            "| --- | ---: | ---: | ---: | ---: | ---: |",
            *rows,
        ]
    )


def _commands(lines: Sequence[Line]) -> str:
    """The figures of the command line, in seconds of a whole process."""
    rows = [
        f"| {one['measure']} | {one.get('marks', '')} | {one['seconds']:.2f} | {one.get('ratio', '')} |"
        for one in lines
    ]
    return "\n".join(
        [
            "### The commands on a large bundle, whole processes",
            "",
            "| process | marks | best, s | × json.load |",
            "| --- | ---: | ---: | ---: |",
            *rows,
        ]
    )


def _papers(lines: dict[str, Line]) -> str:
    """The figures of certificates: the processor's time for one, how many a core makes, and the floor."""
    rows = [
        f"| {words} | {_number(lines[name]['paper_ms'])} | {lines[name]['per_second']:g} | {lines[name]['ratio']} |"
        for name, words in PAPERS
    ]
    many, batch = lines["one job"], lines["one batch"]
    return "\n".join(
        [
            f"### Certificates: {lines['unsigned']['papers']} papers of one template, one core",
            "",
            "| what | of the processor, ms | for each second and core | × floor |",
            "| --- | ---: | ---: | ---: |",
            *rows,
            "",
            f"A process that draws {many['papers']} papers in a row grows by {many['grown_kb'] / 1024:.1f} MB.",
            "",
            f"A job that issues {batch['papers']} certificates (drawn, signed, stored, recorded and announced) makes "
            f"{batch['per_second_of_processor']} for each second of the processor; its memory varies by "
            f"{batch['spread_kb'] / 1024:.1f} MB.",
        ]
    )


def write(lines: Iterable[Line], path: Path, only: Collection[str] = tuple(HEADINGS)) -> None:
    """Put the tables between the markers of a document; those of benchmarks that are not among `only` stay as they are.

    Raises `ValueError` where the document has no markers.
    """
    document = path.read_text(encoding="utf-8")
    if BEGIN not in document or END not in document:
        raise ValueError(f"{path} has no place for figures: {BEGIN} and {END}")
    before, _begin, rest = document.partition(BEGIN)
    old, _end, after = rest.partition(END)
    parts, made = _parts(old), _parts(render(lines))
    text = "\n\n".join(part for name in HEADINGS if (part := (made if name in only else parts)[name]))
    path.write_text(f"{before}{BEGIN}\n\n{text}\n\n{END}{after}", encoding="utf-8")


def _parts(text: str) -> dict[str, str]:
    """The tables of each benchmark, with what stands below them."""
    found: dict[str, list[str]] = {name: [] for name in HEADINGS}
    name = "pages"
    for part in re.split(r"(?m)^(?=### )", text):
        heading = part.removeprefix("### ")
        if heading != part:
            name = next(one for one, begin in HEADINGS.items() if re.match(begin, heading))
        found[name].append(part.strip())
    return {name: "\n\n".join(part for part in parts if part) for name, parts in found.items()}


def read(text: str) -> list[Line]:
    """The lines of a run; whatever else a program printed is passed over."""
    return [json.loads(one) for one in text.splitlines() if one.startswith("{")]
