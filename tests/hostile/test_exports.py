"""Every table that can be fetched opens safely: text stays text, numbers stay numbers, nothing is followed."""

import csv
import io
import re
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import xlsxwriter
from sqlalchemy import event

from paritrana.accounts.models import Account
from paritrana.clock import SetClock
from paritrana.reference.models import Organisation
from paritrana.web.exports import text_of
from tests.access.routes import ROUTES
from tests.access.stage import PEOPLE, Stage
from tests.conftest import START, Workshop, release

CELLS = (
    "=1+1", "+62 811", "-5", "@SUM(A1)", "=cmd|'/c calc'!A0", '=HYPERLINK("http://elsewhere.test")', "00123", "1E5",
    "2026-03-02",
    "1/2", "12,5%", "http://elsewhere.test/a", "mailto:a@elsewhere.test", "#N/A", "TRUE", "'teks", "'=1+1", 'a;b"c',
    "file:///etc/passwd",
    "10:30", "-1+1|x", "1.000.000", "0x1F", " =2+2", "=IMPORTXML(A1)", "%x", "|x", "＝1+1", "3 000", "=DDE(A1)",
)  # fmt: skip
STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%", "＝", "＋", "－", "＠")
NUMBER = re.compile(r"-?[0-9]+(?:,[0-9]+)?")
STATES = (1, 3, 5, 6, 8)
FILES = tuple(one for one in ROUTES if one.method == "GET" and re.search(r"\.(csv|xlsx|<end>)$", one.rule))
WHO = ("", "nominee-1", "chair", "organiser-1", "auditor")


def hostile_name(no: int) -> str:
    """A name for the thing `no`, no two alike."""
    return CELLS[no % len(CELLS)] if no < len(CELLS) else f"{CELLS[no % len(CELLS)]} {no}"


@pytest.fixture(scope="module")
def stage(workshop: Workshop, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A world in which every organisation and every person has a name that a spreadsheet program would act upon."""
    given = {Organisation: 0, Account: 0}

    def rename(_mapper: Any, _connection: Any, made: Any) -> None:
        made.name = hostile_name(given[type(made)])
        given[type(made)] += 1

    for model in given:
        event.listen(model, "before_insert", rename)
    try:
        engine = workshop.engine("sqlite")
        app = workshop.build(engine.fresh("exports"), tmp_path_factory.mktemp("exports"))
        clock = SetClock(START)
        app.extensions["clock"] = clock
        made = Stage(app, clock)
    finally:
        for model in given:
            event.remove(model, "before_insert", rename)
    yield made
    release(app)
    engine.drop("exports")


def of_csv(content: bytes) -> list[str]:
    """The cells of a CSV file as they stand in it."""
    text = content.decode("utf-8-sig")
    return [cell for row in csv.reader(io.StringIO(text, newline=""), delimiter=";") for cell in row]


def dangerous(content: bytes) -> list[str]:
    """What of a file a spreadsheet program would compute or follow."""
    if not content.startswith(b"PK"):
        return [cell for cell in of_csv(content) if cell.lstrip().startswith(STARTS) and not NUMBER.fullmatch(cell)]
    found = []
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for name in archive.namelist():
            text = archive.read(name).decode("utf-8", "replace")
            found += re.findall(r"<f[ >/]|<hyperlink\b|TargetMode=\"External\"|ddeLink|externalLink|vbaProject", text)
    return found


def texts(content: bytes) -> set[str]:
    """The texts of a file as whoever reads it again gets them; a number is none."""
    if not content.startswith(b"PK"):
        return {text_of(cell) for cell in of_csv(content) if not NUMBER.fullmatch(cell)}
    book = openpyxl.load_workbook(io.BytesIO(content), read_only=True)
    return {cell.value for page in book for row in page.iter_rows() for cell in row if isinstance(cell.value, str)}


def cells_of(content: bytes) -> int:
    """How many cells a file has."""
    if not content.startswith(b"PK"):
        return len(of_csv(content))
    book = openpyxl.load_workbook(io.BytesIO(content), read_only=True)
    return sum(1 for page in book for row in page.iter_rows() for cell in row if cell.value is not None)


def files_of(stage: Stage) -> Iterator[tuple[str, bytes]]:
    """Every table that somebody may fetch in some state: its address and its bytes."""
    fetched = set()
    for state in STATES:
        stage.enter(state)
        for who in (one for one in PEOPLE if one.name in WHO and not one.stale):
            door = stage.doors[who.name, who.stale]
            for route in FILES:
                address = stage.address(who, route)
                query = {"reason": "Pemeriksaan"} if who.name == "auditor" else {}
                if (who.name, route.rule) in fetched:
                    continue
                headers = {"Cookie": door.cookie}
                with door.client.get(address, query_string=query, headers=headers) as answer:
                    assert answer.status_code < 500, address
                    if answer.status_code == 200 and answer.mimetype != "text/html":
                        fetched.add((who.name, route.rule))
                        yield address, answer.get_data()


def test_every_exported_table_holds_only_text_and_numbers(stage: Stage, figures_of: Callable[..., None]) -> None:
    begun = time.perf_counter()
    names = {hostile_name(no) for no in range(60)}
    bad: list[tuple[str, list[str]]] = []
    changed: list[tuple[str, str]] = []
    seen: set[str] = set()
    addresses, cells = set(), 0
    for address, content in files_of(stage):
        addresses.add(address)
        cells += cells_of(content)
        if found := dangerous(content):
            bad.append((address, found[:5]))
        read = texts(content)
        seen |= read & names
        # A name that lost its first sign, or became a number or a date, is no longer among the texts as it was.
        changed += [(address, one) for one in read - names if any(one in {name[1:], "'" + name} for name in names)]
    figures_of(
        "export", promises=["P26"], files=len(addresses), cells=cells, names=len(seen), formulas=len(bad), links=0,
        changes=len(changed), seconds=round(time.perf_counter() - begun, 1), control=_a_careless_file_is_seen(),
    )  # fmt: skip
    assert bad == []
    assert changed == []
    assert len(seen) >= 6
    assert len(addresses) >= 10


def _a_careless_file_is_seen() -> bool:
    """The control: a text as it is in CSV, and a workbook that guesses what a text means."""
    held = io.BytesIO()
    book = xlsxwriter.Workbook(held)
    book.add_worksheet().write_row(0, 0, [CELLS[0], CELLS[11]])
    book.close()
    return bool(dangerous(b"Nama;Nilai\r\n=1+1;5\r\n")) and len(dangerous(held.getvalue())) >= 2


def test_a_careless_file_is_seen(tmp_path: Path) -> None:
    assert _a_careless_file_is_seen()
    assert dangerous(b"Nama;Nilai\r\n'=1+1;-5,25\r\n") == []
