"""Files that mean harm come to the real door: none is taken, none is a fault, and no honest one is turned away."""

import hashlib
import html
import io
import random
import re
import time
import unicodedata
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_babel import force_locale, gettext
from sqlalchemy import delete, select

from paritrana.core.filechecks import REFUSALS
from paritrana.core.filetypes import (
    DIRECTION,
    LONGEST_NAME,
    UNPRINTABLE,
    BadFile,
    FileContentRefused,
    FileEmpty,
    FileTooLarge,
    FileTypeRefused,
    display_name,
    kind_by_name,
)
from paritrana.database import db
from paritrana.files.looking import LOOKS, verdict
from paritrana.files.models import Blob
from paritrana.files.service import store_upload
from paritrana.files.signatures import kind_by_content
from paritrana.files.store import BlobStore
from paritrana.files.web import as_download
from paritrana.nominations.models import Attachment, Nomination
from tests.factories import World, sign_in, world
from tests.hostile.calls import FILE_OF_A_SHELL
from tests.hostile.files import broken_by_lot, good_by_lot, hostile_by_lot
from tests.hostile.names import name_by_lot
from tests.nominations.pages import PDF, SAME_ORIGIN, draft, fields_of

SEED = 20261122
SLOW = [pytest.mark.slow, pytest.mark.timeout(7200)]
LOTS: tuple[tuple[Callable[[random.Random], Any], int], ...] = (
    (hostile_by_lot, 1),
    (good_by_lot, 2),
    (broken_by_lot, 2),
)
REFUSED = {400, 413, 415, 422}
pytestmark = pytest.mark.parametrize("engine_name", ["sqlite"], indirect=True)


def said_of(name: str, content: bytes) -> str:
    """What the looks say of a file, each after the one before it has passed it; empty where it is taken."""
    if not content:
        return "file_empty"
    kind = kind_by_name(display_name(name))
    if kind_by_content(io.BytesIO(content)) is not kind:
        return "file_content"
    return verdict(LOOKS[kind.media_type], content)


@pytest.mark.parametrize("files", [600, pytest.param(20_000, marks=SLOW)])
def test_the_looks_refuse_what_means_harm_and_take_what_is_honest(
    files: int, engine_name: str, figures_of: Callable[..., None]
) -> None:
    """What is merely broken may be either, and is always told in a word."""
    begun, chance = time.perf_counter(), random.Random(SEED)
    harm, honest, broken = (list(_lot(make, chance, files // part)) for make, part in LOTS)
    taken = [(family, name) for family, name, content in harm if not said_of(name, content)]
    refused = [(name, said) for name, content in honest if (said := said_of(name, content))]
    told = Counter(said_of(name, content) for name, content in broken)
    # The control: with looks that pass everything, harm gets through.
    passed = [name for _family, name, content in harm[:100] if not _said_by_a_blind_look(name, content)]
    figures_of(
        "hostile files", promises=["P17"], door="looks", files=files, good=files // 2, broken=files // 2,
        wrongly_accepted=len(taken), good_refused=len(refused), broken_taken=told[""], seed=SEED,
        seconds=round(time.perf_counter() - begun, 1), control=len(passed) > 10,
    )  # fmt: skip
    assert taken == []
    assert refused == []
    assert set(told) <= {"", "file_content", *REFUSALS}
    assert len(passed) > 10


def _lot(make: Callable[[random.Random], Any], chance: random.Random, count: int) -> Any:
    return (make(chance) for _no in range(count))


def _said_by_a_blind_look(name: str, content: bytes) -> str:
    if not content:
        return "file_empty"
    return "" if kind_by_content(io.BytesIO(content)) is kind_by_name(display_name(name)) else "file_content"


class Desk:
    """The page on which a nominee uploads, and what was kept of it."""

    def __init__(self, app: Flask, client: FlaskClient, here: World) -> None:
        self.app, self.client, self.here = app, client, here
        sign_in(client, "nominee-1")
        self.ref = draft(here).ref
        db.session.commit()
        fields = fields_of(client, f"/nominations/{self.ref}/evidence/coverage")
        self.fields = {"csrf_token": fields["csrf_token"], "kind": "coverage", "requirement": "coverage_extract"}

    def send(self, name: str, content: bytes, no: int) -> tuple[int, str]:
        """Upload one file; the status and the page."""
        data = self.fields | {"idempotency_key": f"K-{no:08}-hostile", "files": (io.BytesIO(content), name)}
        address = f"/nominations/{self.ref}/documents"
        answer = self.client.post(address, data=data, headers=SAME_ORIGIN, query_string={"lang": "id"})
        return answer.status_code, answer.get_data(as_text=True)

    def kept(self) -> set[str]:
        """The hashes of the documents that are there; they make room for others."""
        found = set(db.session.scalars(select(Blob.sha256).join(Attachment, Attachment.blob_id == Blob.id)))
        nomination = db.session.scalars(select(Nomination.id).where(Nomination.ref == self.ref)).one()
        db.session.execute(delete(Attachment).where(Attachment.nomination_id == nomination))
        db.session.commit()
        return found


def resident() -> int:
    """The memory of this process in bytes."""
    found = re.search(r"VmRSS:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert found is not None
    return int(found[1]) * 1024


def sentences_of(app: Flask) -> list[str]:
    """The longest part of every sentence in Indonesian that refuses a file, between names and numbers."""
    found = []
    with app.test_request_context(), force_locale("id"):
        for refusal in (*REFUSALS.values(), FileEmpty, FileContentRefused, FileTypeRefused, FileTooLarge):
            said = gettext(refusal.message)
            assert said != refusal.message
            found.append(max(re.split(r"%\(\w+\)s", said), key=len).strip())
    return found


@pytest.fixture
def desk(app: Flask, client: FlaskClient, db_session: Any) -> Desk:
    return Desk(app, client, world())


@pytest.mark.parametrize(("hostile", "good"), [(16, 6), pytest.param(2_000, 300, marks=SLOW)])
def test_no_hostile_file_comes_through_the_real_door(
    desk: Desk, hostile: int, good: int, engine_name: str, figures_of: Callable[..., None]
) -> None:
    """Each is refused with a sentence in Indonesian; nothing of it stays, and nothing of it has run."""
    begun, chance, before = time.perf_counter(), random.Random(SEED), resident()
    faults, taken, refused, silent = [], [], [], []
    honest: set[str] = set()
    sentences = sentences_of(desk.app)
    order = ["hostile"] * hostile + ["good"] * good
    chance.shuffle(order)
    kept: set[str] = set()
    for no, kind in enumerate(order):
        family, name, content = hostile_by_lot(chance) if kind == "hostile" else ("good", *good_by_lot(chance))
        status, page = desk.send(name, content, no)
        if status >= 500:
            faults.append((family, name, status))
        if kind == "good":
            honest.add(hashlib.sha256(content).hexdigest())
            if status != 303:
                refused.append((name, status))
        elif status not in REFUSED:
            taken.append((family, name, status))
        elif not any(words in html.unescape(page) for words in sentences):
            silent.append((family, name))
        if no % 40 == 39:
            kept |= desk.kept()
    kept |= desk.kept()
    growth = resident() - before
    root = desk.app.extensions["settings"].blob_path
    stored = {path.name for path in (root / "objects").rglob("*") if path.is_file()}
    left = [path.name for path in (root / "incoming").iterdir()]
    # The control: a file that nobody looks at is kept, and would be seen here.
    _family, name, content = next(one for one in _lot(hostile_by_lot, chance, 99) if one[0] == "formula")
    organisation = desk.here.organisations["regency-1"].id
    store_upload(
        io.BytesIO(content), filename=name, organisation_id=organisation, at=desk.here.now, store=BlobStore(root),
        max_bytes=10**8, ours=True,
    )  # fmt: skip
    unseen = {path.name for path in (root / "objects").rglob("*") if path.is_file()} - stored
    figures_of(
        "hostile files", promises=["P09", "P17"], door="upload", files=hostile, good=good, faults=len(faults),
        wrongly_accepted=len(taken), good_refused=len(refused), rss_growth_mb=round(growth / 1e6, 1),
        escapes=len(stored - honest) + len(left), seed=SEED, seconds=round(time.perf_counter() - begun, 1),
        control=len(unseen) == 1,
    )  # fmt: skip
    assert (faults, taken, refused, silent) == ([], [], [], [])
    assert kept == stored == honest
    assert left == []
    assert growth < 50_000_000
    assert not Path(FILE_OF_A_SHELL).exists()
    assert len(unseen) == 1


PLAIN_HEADER = re.compile(r"attachment; filename=\"bukti-7\.pdf\"; filename\*=UTF-8''([A-Za-z0-9!#$&+.^_`|~%-]*)")


@pytest.mark.parametrize("names", [3_000, pytest.param(60_000, marks=SLOW)])
def test_every_name_is_refused_or_shown_right_and_none_is_a_path(
    names: int, engine_name: str, figures_of: Callable[..., None]
) -> None:
    begun, chance = time.perf_counter(), random.Random(SEED)
    refused: Counter[str] = Counter()
    wrong = []
    for _no in range(names):
        typed = name_by_lot(chance)
        try:
            name = display_name(typed)
            kind_by_name(name)
        except BadFile as refusal:
            refused[refusal.code] += 1
            if "\ud800" <= str(refusal.params.get("name", "")) <= "\udfff":
                wrong.append(typed)
            continue
        header = PLAIN_HEADER.fullmatch(as_download(name, "bukti-7.pdf"))
        if (
            header is None
            or unquote(header[1]) != name
            or len(name) > LONGEST_NAME
            or name != unicodedata.normalize("NFC", name)
            or set(name) & {"/", "\\", *DIRECTION}
            or any(unicodedata.category(sign) in UNPRINTABLE for sign in name)
        ):
            wrong.append(typed)
    figures_of(
        "hostile files", promises=["P18"], names=names, refused=sum(refused.values()), reasons=len(refused),
        wrong=len(wrong), seed=SEED, seconds=round(time.perf_counter() - begun, 1),
        control=PLAIN_HEADER.fullmatch('attachment; filename="a\r\nX: y"') is None,
    )  # fmt: skip
    assert wrong == []
    assert set(refused) == {"file_name_missing", "file_name_long", "file_name_unreadable", "file_type"}
    assert sum(refused.values()) < names


@pytest.mark.parametrize("names", [40, pytest.param(1_500, marks=SLOW)])
def test_a_name_that_comes_to_the_door_never_becomes_a_place(desk: Desk, names: int, engine_name: str) -> None:
    """What is taken lies under its hash; the page shows the name as it was, the answer has no header of its own."""
    chance, found, paths = random.Random(SEED), 0, set()
    root = desk.app.extensions["settings"].blob_path
    for no in range(names):
        name = name_by_lot(chance).replace("\ud800", "").replace("\udfff", "")
        content = PDF.replace(b"%%EOF", b"%% %d\n%%%%EOF" % no) if chance.random() < 0.3 else b"x"
        status, _page = desk.send(name, content, no)
        assert status in {303, *REFUSED}, name
        found += status == 303
        if no % 40 == 39:
            paths |= desk.kept()
    paths |= desk.kept()
    files = [path for path in root.rglob("*") if path.is_file()]
    assert len(files) == len(paths) == found
    assert {path.name for path in files} == paths
    assert found > 0
