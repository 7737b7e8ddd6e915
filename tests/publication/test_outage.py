"""What is public outlives the application: with it and its database gone, a copy behind any web server answers.

The copy is served by the web server of the standard library, in a process that cannot even import the application.
Certificates are checked at their pages of the copy, and without any network by `paritrana verify-certificate` with the
keys of the copy.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import ProxyHandler, build_opener

import pytest
from sqlalchemy import select

from paritrana.certificates import service
from paritrana.certificates.models import CertificatePaper
from paritrana.core.codes import shown
from paritrana.core.lifecycle import State
from paritrana.database import db
from paritrana.publication.static_site.links import page_file
from paritrana.publication.static_site.writer import MANIFEST, NOT_FOUND, export
from tests.conftest import release
from tests.factories_results import category_of, contest, press, publish

ROOT = Path(__file__).resolve().parents[2]
RESULT = "cycles/contoh-2025/results/kabkota"
NOBODYS = "0000-0000-0000-0000"
ALONE = [sys.executable, "-I", "-S"]  # without the packages beside Python, and so without the application


@dataclass(frozen=True)
class Held:
    """What the holder of a certificate has: its code, the text of its square of dots, and the file while in force."""

    code: str
    recipient: str
    payload: str
    paper: bytes | None


@dataclass(frozen=True)
class Copies:
    """A folder with a copy from before the publication and one from after it, and what the application said of both."""

    folder: Path
    bundle: bytes
    held: list[Held]


@pytest.fixture
def copies(make_app, workshop, engine_name, tmp_path) -> Copies:
    """The copies, made while the application ran; by now it, its database, its files and its keys are gone."""
    app = make_app()
    with app.app_context():
        here = contest(3)
        publish(here)
        issued = service.issue(category_of(here), press=press(), actor=here.actor("organiser-1"), at=here.now)
        issued[1].status, issued[1].status_reason, issued[1].status_at = "revoked", "nama keliru", here.now
        papers = dict(db.session.execute(select(CertificatePaper.certificate_id, CertificatePaper.content)).all())
        held = [
            Held(shown(one.code), one.recipient, one.payload, papers[one.id] if one is not issued[1] else None)
            for one in issued
        ]
        for name, state in (("before", State.SEALED), ("site", State.PUBLISHED)):
            category_of(here).state = int(state)
            db.session.commit()
            export(app, tmp_path / "copies" / name)
        db.session.remove()
    bundle = app.test_client().get(f"/{RESULT}.json").get_data()
    release(app)
    workshop.engine(engine_name).drop("own0")
    shutil.rmtree(app.extensions["settings"].instance_path)
    return Copies(tmp_path / "copies", bundle, held)


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The folder behind a web server that has no part of the application."""
    server = subprocess.Popen(
        [*ALONE, "-u", "-m", "http.server", "0", "--bind", "127.0.0.1", "--directory", str(folder)],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env={}, text=True,
    )  # fmt: skip
    try:
        assert server.stdout is not None
        port = server.stdout.readline().split(" port ")[1].split()[0]
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.communicate(timeout=10)


def fetched(address: str) -> bytes | None:
    """What stands at an address; None where nothing does."""
    try:
        with build_opener(ProxyHandler({})).open(address, timeout=10) as answer:
            content: bytes = answer.read()
            return content
    except HTTPError as refusal:
        if refusal.code != 404:
            raise
        return None


def command(folder: Path, *arguments: str) -> tuple[int, str]:
    """Exit code and words of a command of ours, run by a stranger in a folder of its own, without settings."""
    bare = {name: value for name, value in os.environ.items() if not name.startswith("PARITRANA_")}
    answer = subprocess.run(
        [sys.executable, "-m", "paritrana", *arguments],
        cwd=folder, env=bare | {"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return answer.returncode, answer.stdout


def pages_of(site: str, said: dict[str, bytes | None]) -> list[str]:
    """Ask for every public page and file that the copy lists, into `said`; gives those that are wrong."""
    manifest = json.loads(fetched(f"{site}/{MANIFEST}") or b"")
    listed = {one["path"]: one["sha256"] for one in manifest["files"] if "path" in one}
    for path in listed:
        said[path] = fetched(f"{site}/{path}")
    return [path for path in listed if hashlib.sha256(said[path] or b"").hexdigest() != listed[path]]


def checks_of(site: str, held: list[Held], said: dict[str, bytes | None]) -> list[str]:
    """Look up every certificate at the copy in both languages, and fetch its file; gives what is told wrong."""
    wrong = []
    for one in held:
        for language, valid, revoked in (("id", "BERLAKU.", "DICABUT "), ("en", "VALID.", "REVOKED ")):
            path = page_file(f"/verify/{one.code}", language)  # type: ignore[arg-type]  # a word of two
            said[path] = fetched(f"{site}/{path}")
            text = (said[path] or b"").decode()
            told = one.recipient in text, valid in text, revoked in text
            if told != (True, one.paper is not None, one.paper is None):
                wrong.append(path)
        path = f"verify/{one.code}/certificate.pdf"
        content = fetched(f"{site}/{path}")
        if one.paper is not None:
            said[path] = content
        if content != one.paper:
            wrong.append(path)
    return wrong


def offline(folder: Path, held: list[Held], keys: bytes) -> tuple[int, list[str]]:
    """Check files and signed texts without network: how many, and those about which the command is wrong."""
    (folder / "keys.json").write_bytes(keys)
    wrong, asked = [], 0
    for one in held:
        given = [one.payload]
        if one.paper is not None:
            (folder / f"{one.code}.pdf").write_bytes(one.paper)
            given.append(f"{one.code}.pdf")
        for what in given:
            asked += 1
            code, words = command(folder, "verify-certificate", what, "--keys", "keys.json")
            if code != 0 or f"recipient: {one.recipient}\n" not in words:
                wrong.append(what)
    return asked, wrong


def test_results_and_certificates_are_there_while_the_application_is_not(copies: Copies, tmp_path, figures_of) -> None:
    began, stranger = time.monotonic(), tmp_path / "stranger"
    stranger.mkdir()
    assert subprocess.run([*ALONE, "-c", "import paritrana"], capture_output=True, check=False).returncode == 1
    pages: dict[str, bytes | None] = {}
    checks: dict[str, bytes | None] = {}
    with served(copies.folder) as host:
        wrong = pages_of(f"{host}/site", pages)
        wrong += checks_of(f"{host}/site", copies.held, checks)
        unknown = [fetched(f"{host}/site/verify/{NOBODYS}/"), fetched(f"{host}/before/verify/{NOBODYS}/")]
        # The copy of the day before the publication: the same questions find nothing about the result.
        early = {path: fetched(f"{host}/before/{path}") for path in [*pages, *checks] if _about_the_result(path)}
    (stranger / "bundle.json").write_bytes(pages[f"{RESULT}.json"] or b"")
    verified, untrue = offline(stranger, copies.held, pages["certificate-keys.json"] or b"")
    recomputed, _words = command(stranger, "verify-ranking", "bundle.json")
    wrong += untrue + ([] if recomputed == 0 else ["bundle.json"])
    wrong += [] if pages[f"{RESULT}.json"] == copies.bundle else [f"{RESULT}.json"]
    said = [*pages.values(), *checks.values()]
    control = unknown == [None, None] and set(early.values()) == {None} and _altered_is_refused(stranger, copies.held)
    figures_of(
        "outage", promises=["P36"], pages=len(pages), certificates=len(copies.held), asked=len(said),
        answered=sum(content is not None for content in said), offline=verified, hidden_before=len(early),
        wrong=len(wrong), seconds=round(time.monotonic() - began, 1), control=control,
    )  # fmt: skip
    assert wrong == []
    assert None not in said
    assert {f"{RESULT}/index.html", f"en/{RESULT}/index.html", f"{RESULT}.json", NOT_FOUND} <= set(pages)
    assert control


def _about_the_result(path: str) -> bool:
    """Whether a file of the copy is there only because the result is public."""
    place = path.removeprefix("en/")
    return place.startswith("cycles/contoh-2025") or (place.startswith("verify/") and place != "verify/index.html")


def _altered_is_refused(folder: Path, held: list[Held]) -> bool:
    """Whether one changed byte of a file, and a text beside another's code, are found out without network."""
    paper = held[0].paper or b""
    place = paper.index(b"stream\n") + 40
    (folder / "altered.pdf").write_bytes(paper[:place] + bytes([paper[place] ^ 1]) + paper[place + 1 :])
    other = f"HTTPS://LOCALHOST/VERIFY/{held[1].code}/{held[0].payload}"
    asked = ("altered.pdf", other)
    return all(command(folder, "verify-certificate", one, "--keys", "keys.json")[0] == 1 for one in asked)
