"""Secrets that are planted in every field of a candidate come to nobody who must not know them, in whatever form.

Each field carries a word of its own. Everybody outside asks every address that reads, with the references of the
candidate in place of the own ones and with searches; archives, workbooks, PDF files and pictures are opened. The words
are looked for in bodies, headers and the security log. Whoever may see the candidate finds them: that is the control.
"""

import io
import time
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

import pypdfium2
import pytest

from tests.access.routes import ROUTES
from tests.access.stage import Stage, Who
from tests.access.worlds import LIST_DEPTH, addresses, person, without_triggers

VERIFICATION = "verification_id IN (SELECT id FROM verification WHERE nomination_id = ?)"
SHEETS = "sheet_id IN (SELECT id FROM sheet WHERE nomination_id = ?)"
# Table, column and rows of what stands about a candidate in words; `?` is the candidate.
FIELDS = (
    ("finding", "note", VERIFICATION),
    ("change_request", "question", VERIFICATION),
    ("override", "reason", VERIFICATION),
    ("field_visit", "place", VERIFICATION),
    ("field_visit", "offices", VERIFICATION),
    ("attachment", "name", "nomination_id = ?"),
    ("attachment", "uploaded_by_name", "nomination_id = ?"),
    ("file_declaration", "name", "nomination_id = ?"),
    ("mark", "panel_note", SHEETS),
    ("mark", "feedback", SHEETS),
    ("printed_name", "reason", "nomination_id = ?"),
    ("objection", "reason", "nomination_id = ?"),
    ("reopening", "reason", SHEETS),
    ("late_mark", "panel_note", SHEETS),
    ("interview_session", "room", "nomination_id = ?"),
    ("consolidation", "opened_reason", "nomination_id = ?"),
)
# What nobody reads anywhere, whoever it is: the secrets of accounts.
NOBODYS = (("account", "password", "name = 'nominee-1'"), ("account", "fs_uniquifier", "name = 'organiser-other'"))
SEARCHES: tuple[Mapping[str, str], ...] = ({}, {"q": "Kenari", "sort": "name", "page": "1", "reason": "?"})
OUTSIDE = ("nominee-2", "assessor-4", "administrator", "")
MORE = ("unassigned", "verifier-2", "organiser-other", "auditor-other")
INSIDE = ("verifier-3", "chair")


@dataclass
class Found:
    """What a crawl met."""

    requests: int = 0
    swapped: int = 0
    opened: int = 0  # files that were taken apart
    leaks: list[tuple[str, str, str]] | None = None


def plant(stage: Stage, state: int) -> dict[str, bytes]:
    """Write a word of its own into each field of the candidate; gives the words by table and column."""
    stage.enter(state)
    without_triggers(stage)
    words = {}
    for no, (table, column, rows) in enumerate(FIELDS):
        word = f"Kenari{no:02d}Zx{table.replace('_', '')}"
        done = stage.watch.execute(f"UPDATE {table} SET {column} = '{word}' WHERE {rows}", (stage.sent_id,))
        assert done.rowcount > 0, (table, column)
        words[f"{table}.{column}"] = word.encode()
    # A feed is read by whoever holds its address.
    stage.watch.execute("UPDATE calendar_feed SET account_id = ?", (stage.accounts["unassigned"],))
    for table, column, rows in NOBODYS:
        (value,) = stage.watch.execute(f"SELECT {column} FROM {table} WHERE {rows}").fetchone() or ("",)
        if value:
            words[f"{table}.{column}"] = str(value).encode()
    return words


def parts(body: bytes) -> Iterator[bytes]:
    """The bytes of an answer and of everything inside it."""
    yield body
    if body.startswith(b"PK\x03\x04"):
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            for name in archive.namelist():
                yield name.encode()
                yield from parts(archive.read(name))
    if body.startswith(b"%PDF"):
        document = pypdfium2.PdfDocument(body)
        try:
            yield repr(document.get_metadata_dict()).encode()
            for page in document:
                text = page.get_textpage()
                yield text.get_text_range().encode()
                text.close()
                page.close()
        finally:
            document.close()


def crawl(stage: Stage, who: Who, references: Iterable[str], words: dict[str, bytes], met: Found) -> None:
    """Ask every address that reads, and look for the words in whatever comes."""
    door = stage.doors[who.name, False]
    assert met.leaks is not None
    for address in addresses(stage, who, references):
        met.swapped += any(one in address for one in references)
        for query in SEARCHES if address.count("/") <= LIST_DEPTH else SEARCHES[:1]:
            headers = {"Cookie": door.cookie, "Accept": "*/*"}
            with door.client.get(address, headers=headers, query_string=query) as answer:
                met.requests += 1
                body = answer.get_data()
                told = [body, repr(sorted(answer.headers)).encode()]
            if body[:4] in {b"PK\x03\x04", b"%PDF"}:
                met.opened += 1
                told += parts(body)
            for field, word in words.items():
                if any(word in one for one in told):
                    met.leaks.append((who.label, address, field))


def logged(stage: Stage) -> list[str]:
    """The lines of the security log."""
    folder = stage.app.extensions["settings"].security_log
    return [
        line for file in sorted(folder.glob("security-*.jsonl")) for line in file.read_text("utf-8").splitlines()
    ]  # fmt: skip


LOOKS = {"see_nomination", "download_evidence"}


def unlogged(stage: Stage, who: Who) -> tuple[int, list[str]]:
    """How many looks at the candidate were given, and those of which the log has no line of their own."""
    door, given, missing = stage.doors[who.name, False], 0, []
    for route in ROUTES:
        if not route.safe or route.act not in LOOKS or not route.about:
            continue
        before = len(logged(stage))
        with door.client.get(stage.address(who, route), headers={"Cookie": door.cookie}) as answer:
            answer.get_data()
            seen = answer.status_code in {200, 206, 304}
        given += seen
        if seen and len(logged(stage)) == before:
            missing.append(route.rule)
    return given, missing


@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    ("state", "people"),
    [(6, OUTSIDE[:2]), *(pytest.param(state, (*OUTSIDE, *MORE), marks=pytest.mark.slow) for state in range(1, 8))],
)
def test_no_word_of_a_candidate_comes_to_who_must_not_know_it(
    stage: Stage, state: int, people: tuple[str, ...], figures_of: Callable[..., None]
) -> None:
    began = time.monotonic()
    words = plant(stage, state)
    met, control = Found(leaks=[]), Found(leaks=[])
    sheet = stage.watch.execute("SELECT min(ref) FROM sheet WHERE nomination_id = ?", (stage.sent_id,)).fetchone()[0]
    for name in people:
        crawl(stage, person(name), [stage.sent, sheet], words, met)
    insiders = {name: unlogged(stage, person(name)) for name in INSIDE}
    if state >= 4:  # before there is nothing that the chair may see
        crawl(stage, person("chair"), [stage.sent], words, control)
    log = "\n".join(logged(stage)).encode()
    in_log = [field for field, word in words.items() if word in log]
    unlogged_views = [rule for _given, missing in insiders.values() for rule in missing]
    seen = {field for _who, _address, field in control.leaks or ()}
    figures_of(
        "canary crawl", promises=["P02", "P04", "P16", "P19", "P26", "P27"], state=state, requests=met.requests,
        ids_swapped=met.swapped, files_opened=met.opened, leaks=len(met.leaks or ()) + len(in_log),
        views=sum(given for given, _missing in insiders.values()), unlogged_views=len(unlogged_views),
        seconds=round(time.monotonic() - began, 1), control=state < 4 or len(seen) >= 5,
    )  # fmt: skip
    assert met.leaks == []
    assert in_log == []
    assert unlogged_views == []
    assert state < 4 or len(seen) >= 5, seen


@pytest.fixture
def stage(world_of_access: Stage) -> Stage:
    """The world of the walk."""
    return world_of_access


def test_a_word_inside_an_archive_or_a_pdf_is_found(stage: Stage) -> None:
    """The control of taking apart."""
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.txt", "Kenari" * 50)
    outer = io.BytesIO()
    with zipfile.ZipFile(outer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("b.zip", inner.getvalue())
    assert any(b"KenariKenari" in one for one in parts(outer.getvalue()))
    from paritrana.seeding.documents import simulated_document

    assert any(b"Kenari" in one for one in parts(simulated_document("Bukti", ["Kenari"]).read()))
