"""Secrets that are planted in every field of a candidate come to nobody who must not know them, in whatever form.

Each field, file, picture and name carries a word of its own. Everybody outside asks every address that reads, with the
references of the candidate in place of the own ones and with searches, and sends forms to every address that changes
something; archives, workbooks, PDF files and pictures are opened. Everybody is written to about everything, and the
letters are read as a mail server got them. The words are looked for in bodies, heads, titles, errors, figures for
machines, letters, both logs and, where nothing of a kind may rest, in every table. Whoever may see the candidate finds
them: that is the control; and every way of looking finds what is planted where it must not be.
"""

import hashlib
import io
import logging
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import structlog
from flask import Flask, Response
from flask.testing import FlaskClient
from PIL import Image, PngImagePlugin
from prometheus_client import Gauge
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from paritrana.accounts.models import Account, Person
from paritrana.app import Lines, set_up_logs
from paritrana.database import random_ref
from paritrana.files.models import Blob
from paritrana.jobs.models import Job
from paritrana.jobs.queue import Queue
from paritrana.jobs.worker import Desk, perform
from paritrana.nominations.models import Attachment
from paritrana.nominations.namelists.models import NameList
from paritrana.reference.models import Organisation
from paritrana.securitylog import SecurityLog
from paritrana.seeding.documents import simulated_document
from tests.access.canary_crawl import (
    Met,
    ask,
    crawl,
    everything,
    fault,
    found_in,
    in_logs,
    look,
    telling,
    type_everywhere,
    visit,
)
from tests.access.canary_mail import INDISCREET, in_letters, in_queue, letters_of, tokens_in
from tests.access.canary_plants import MARKED, NUMBERS, TYPED, WORD, Secrets, photo, plant
from tests.access.canary_readers import Tail, at_rest, cells, grouped, numbers_at_rest, parts
from tests.access.routes import ROUTES
from tests.access.stage import Stage
from tests.access.worlds import person
from tests.factories import grant, sign_in, world
from tests.factories import person as account
from tests.nominations.pages import draft, fields_of, send, text_of

OUTSIDE = ("nominee-2", "assessor-4", "administrator", "")
MORE = ("unassigned", "verifier-2", "organiser-other", "auditor-other")
INSIDE = ("verifier-3", "chair", "assessor-3", "organiser-1", "auditor")
OFFICERS = ("organiser-1", "chair", "auditor")
OUTSIDERS = frozenset({*OUTSIDE, *MORE})
UNSAFE = [route for route in ROUTES if not route.safe]
PROMISES = ["P02", "P04", "P16", "P19", "P26", "P27"]


@pytest.fixture
def stage(world_of_access: Stage) -> Iterator[Stage]:
    """The world of the walk, as it was built; afterwards it is again."""
    yield world_of_access
    world_of_access.app.extensions["notices"]._notices.pop(INDISCREET.name, None)


@dataclass
class Logs:
    """Both logs of the application: one for acts and looks, one for everything, with what libraries say."""

    security: Tail
    everything: Tail


@pytest.fixture
def logs(stage: Stage, tmp_path: Path) -> Iterator[Logs]:
    """What is written from here on."""
    file = tmp_path / "app.log"
    set_up_logs(file)
    libraries = logging.FileHandler(file)
    libraries.setFormatter(Lines("%(message)s"))
    logging.getLogger().addHandler(libraries)
    yield Logs(Tail(stage.app.extensions["settings"].security_log, "security-*.jsonl"), Tail(tmp_path, "app.log"))
    logging.getLogger().removeHandler(libraries)
    libraries.close()
    set_up_logs()


def marked(line: bytes) -> bool:
    """Whether a line tells the mark that everybody gave the candidate."""
    return MARKED.search(line) is not None


@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    ("state", "people"),
    [(6, OUTSIDE[:2]), *(pytest.param(state, (*OUTSIDE, *MORE), marks=pytest.mark.slow) for state in range(1, 8))],
)
def test_no_word_of_a_candidate_comes_to_who_must_not_know_it(
    stage: Stage, logs: Logs, state: int, people: tuple[str, ...], figures_of: Callable[..., None]
) -> None:
    began = time.monotonic()
    secrets = plant(stage, state)
    met, control, owner = Met(), Met(), Met()
    sheet = stage.watch.execute("SELECT min(ref) FROM sheet WHERE nomination_id = ?", (stage.sent_id,)).fetchone()[0]
    views = [look(stage, person(name), secrets, logs.security) for name in INSIDE]
    for name in people:
        crawl(stage, person(name), [stage.sent, sheet], secrets, met)
    # Who may see the candidate finds the words; the camera's notes only its owner does.
    for name, found in (("nominee-1", owner), ("chair", control)):
        asked = everything(stage, person(name), [stage.sent])
        visit(stage, person(name), [one for one in asked if stage.sent in one], secrets, found)
    officers = Met()  # who may see people's names finds none of them in titles, addresses and errors
    if len(people) >= len(OUTSIDE):
        crawl(stage, person(OFFICERS[state % len(OFFICERS)]), [stage.sent], secrets, officers)
    for name in dict.fromkeys((people[0], people[state % len(people)])):  # over the states everybody outside
        type_everywhere(stage, person(name), secrets, met, UNSAFE)
    fault(stage, person(people[0]), secrets, met)
    letters = letters_of(stage, secrets)
    links = tokens_in(letters)
    lines = [*logs.security.lines(), *logs.everything.lines()]
    secrets.tokens |= links
    leaks = [
        *met.leaks,
        *(
            one
            for one in (*owner.leaks, *control.leaks, *officers.leaks)
            if one[2].startswith(("name of", "session", "account."))
        ),
        *(one for view in views for one in view.leaks),
        *in_letters(stage, letters, _without(secrets, links), OUTSIDERS),
        *in_queue(stage, secrets, links),
        *in_logs(lines, secrets, marked),
    ]
    rows = cells(stage.app)
    resting = at_rest(rows, NUMBERS) + at_rest(rows, _tokens(secrets), hashed=False)
    stage.enter_again()
    unlogged_views = [address for view in views for address in view.unlogged]
    seen = {what for what in owner.what | control.what if what in secrets.fields}
    controls = set(secrets.pictures) <= owner.what and len(seen) >= 5 and len(links) >= 3
    figures_of(
        "canary crawl", promises=PROMISES, state=state, requests=met.requests, ids_swapped=met.swapped,
        files_opened=sum(one.opened for one in (met, owner, control)),
        pictures=sum(one.pictures for one in (met, owner, control)),
        refusals=sum(count for status, count in met.statuses.items() if status >= 400), mails=len(letters),
        log_lines=len(lines), leaks=len(leaks), at_rest=len(resting),
        views=sum(view.given for view in views), unlogged_views=len(unlogged_views),
        seconds=round(time.monotonic() - began, 1), control=controls,
    )  # fmt: skip
    assert not leaks, "\n".join(map(str, leaks))
    assert (resting, unlogged_views) == ([], [])
    assert controls, (sorted(seen), sorted(set(secrets.pictures) - owner.what), len(links))


def _without(secrets: Secrets, links: dict[str, bytes]) -> Secrets:
    """The secrets but the links, which letters are there to bring."""
    kept = {name: token for name, token in secrets.tokens.items() if name not in links}
    return Secrets(secrets.fields, secrets.pictures, secrets.people, kept)


def _tokens(secrets: Secrets) -> list[str]:
    """What opens a door and rests nowhere: sessions and links, of which tables keep hashes."""
    return [token.decode() for name, token in secrets.tokens.items() if name.startswith(("session of", "link "))]


# Pictures -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("state", "door"), [(5, "/scans/2"), (8, "/files/2")])
def test_what_a_camera_noted_goes_to_the_owner_alone(
    stage: Stage, logs: Logs, state: int, door: str, figures_of: Callable[..., None]
) -> None:
    """Evidence, photos of visits, files of objections, scans of paper: everybody else has copies of pixels."""
    began = time.monotonic()
    secrets = plant(stage, state)
    views = [look(stage, person(name), secrets, logs.security) for name in INSIDE]
    owner = Met()
    asked = [
        one for one in everything(stage, person("nominee-1"), [stage.sent]) if one.endswith(("2/file", "/files/2"))
    ]
    visit(stage, person("nominee-1"), asked, secrets, owner)
    copies = {address for view in views for address in view.pictures}
    leaks = [one for view in views for one in view.leaks]
    unlogged_views = [address for view in views for address in view.unlogged]
    stage.enter_again()
    figures_of(
        "canary crawl", promises=PROMISES, state=state, pictures=len(copies), leaks=len(leaks),
        views=sum(view.given for view in views), unlogged_views=len(unlogged_views),
        seconds=round(time.monotonic() - began, 1), control=set(secrets.pictures) <= owner.what,
    )  # fmt: skip
    assert (leaks, unlogged_views) == ([], [])
    assert any(address.endswith(door) for address in copies), copies
    assert set(secrets.pictures) <= owner.what


# What may rest in no table ----------------------------------------------------------------------------------------


def test_no_identity_number_rests_in_a_table(
    app: Flask, client: FlaskClient, db_session: Session, tmp_path: Path, figures_of: Callable[..., None]
) -> None:
    """Numbers come in as a list by name, as a person's own, and inside a document: counts and keyed hashes stay."""
    began = time.monotonic()
    here = world(categories=("desa", "kabkota"), kind="real")
    village = Organisation(
        ref=random_ref("O"), name="Desa Contoh", kind="village", region_code="99.01", fictitious=False
    )
    db_session.add(village)
    db_session.flush()
    here.organisations["village"], here.accounts["head"] = village, account("head")
    grant(here.accounts["head"], "nominee", organisation=village)
    nomination = draft(here, "head", "village", "desa")
    sign_in(client, "head")
    rows = "\r\n".join(["NIK;Nama", *(f"{number};{WORD}Penerima" for number in NUMBERS)])
    queue, app.extensions["queue"] = app.extensions["queue"], Queue(f"sqlite:///{tmp_path / 'queue.db'}")
    ways: list[tuple[str, str, dict[str, Any]]] = [
        (f"/nominations/{nomination.ref}/list", "", {"list": (io.BytesIO(rows.encode()), "daftar.csv")}),
        (f"/nominations/{nomination.ref}/evidence/coverage", f"/nominations/{nomination.ref}/documents",
         {"kind": "coverage", "requirement": "", "files": _document(*grouped(NUMBERS[1]))}),
        ("/profile/data", "/profile/data/identity", {"number": NUMBERS[0]}),
    ]  # fmt: skip
    try:
        for page, action, typed in ways:
            fields = fields_of(client, page, None if "/evidence/" in page else action or None)
            kept = {name: value for name, value in fields.items() if name in {"csrf_token", "idempotency_key"}}
            answer = send(client, action or page, kept, **typed)
            assert answer.status_code == 303, text_of(answer)
        for job in db_session.scalars(select(Job.ref).where(Job.state == "queued").order_by(Job.id)).all():
            db_session.rollback()
            perform(app, job, Desk("here", timedelta(seconds=60)))
    finally:
        app.extensions["queue"] = queue
    db_session.rollback()
    counted = db_session.scalars(select(Blob.identity_numbers)).one()
    hashed = len(db_session.scalars(select(Person.id).where(Person.identity_hash.is_not(None))).all())
    listed = db_session.scalars(select(NameList.counts)).one()
    db_session.rollback()
    found = cells(app)
    shapes = [shape for number in NUMBERS for shape in grouped(number)]
    leaks = [*at_rest(found, [*shapes, f"{WORD}Penerima"]), *numbers_at_rest(found)]
    # The control: a number in a note, and the unkeyed hash of one, are found.
    db_session.execute(update(Attachment).values(name=f"NIK {shapes[1]}.pdf"))
    db_session.execute(update(Account).values(position=hashlib.sha256(NUMBERS[2].encode()).hexdigest()))
    db_session.commit()
    planted = cells(app)
    noticed = {place for place, _what in (*at_rest(planted, shapes), *numbers_at_rest(planted))}
    control = noticed == {"attachment.name", "account.position"}
    figures_of(
        "canary crawl", promises=PROMISES, numbers_sent=len(ways), cells=len(found), at_rest=len(leaks),
        seconds=round(time.monotonic() - began, 1), control=control,
    )  # fmt: skip
    assert (counted, hashed, listed["submitted"]) == (1, 1, len(NUMBERS))
    assert leaks == []
    assert control, noticed


def _document(*lines: str) -> tuple[io.BytesIO, str, str]:
    return io.BytesIO(simulated_document("Bukti", list(lines)).read()), "daftar.pdf", "application/pdf"


# Controls -------------------------------------------------------------------------------------------------------------


def test_a_word_inside_whatever_is_handed_out_is_found() -> None:
    """Archives in archives, texts and pictures of PDF files, notes of pictures in every way that they are kept."""
    inner, outer = io.BytesIO(), io.BytesIO()
    with zipfile.ZipFile(inner, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.txt", WORD * 50)
    with zipfile.ZipFile(outer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("b.zip", inner.getvalue())
    assert any(WORD.encode() * 2 in one for one in parts(outer.getvalue()))
    assert any(WORD.encode() in one for one in parts(simulated_document("Bukti", [WORD]).read()))
    names = ("described", "camera", "artist", "title", "comment", "place", "note")
    words = {name: f"{WORD}{name}" for name in names}
    noted = photo(words)
    assert {name for name in names if any(words[name].encode() in one for one in parts(noted))} == set(names)
    texts = PngImagePlugin.PngInfo()
    texts.add_text("Comment", WORD * 50, zip=True)
    png, drawn = io.BytesIO(), io.BytesIO()
    Image.new("RGB", (4, 4)).save(png, "PNG", pnginfo=texts)
    assert WORD.encode() not in png.getvalue()
    assert any(WORD.encode() in one for one in parts(png.getvalue()))
    canvas = Canvas(drawn)
    canvas.drawImage(ImageReader(io.BytesIO(noted)), 50, 50)
    canvas.save()
    assert any(words["title"].encode() in one for one in parts(drawn.getvalue()))


def test_what_is_planted_in_any_channel_is_found(
    stage: Stage, logs: Logs, tmp_path: Path, figures_of: Callable[..., None]
) -> None:
    """Pages, heads, titles, errors, figures for machines, letters, what waits to be sent, both logs, missing lines."""
    secrets = plant(stage, 6)
    note, name = secrets.fields["finding.note"].decode(), secrets.people["chair"].decode()
    noticed: dict[str, bool] = {}

    def careless(change: Callable[[Response], None], what: str, who: str = "nominee-2") -> bool:
        """Whether the crawl notices an application that does this to every answer."""
        met = Met()
        with telling(stage, change):
            visit(stage, person(who), ["/", "/home", "/nowhere"], secrets, met)
        return any(what in one for one in met.what)

    noticed["page"] = careless(lambda answer: _add(answer, f"<!-- {note} -->"), "finding.note")
    noticed["title"] = careless(lambda answer: _add(answer, f"<title>{name}</title>"), "name of chair", "auditor-other")
    noticed["head"] = careless(lambda answer: answer.headers.set("X-Note", note), "finding.note")
    noticed["address"] = careless(lambda answer: _add(answer, f'<a href="/?q={name}">'), "name of chair")
    noticed["error"] = careless(lambda answer: _add(answer, name, only_errors=True), "name of chair")
    gauge = Gauge("careless", "x", ["who"], registry=stage.app.extensions["metrics"])
    gauge.labels(note).set(1)
    noticed["metrics"] = any(found_in([ask(stage, person(""), "/metrics")[2]], secrets.fields))
    stage.app.extensions["metrics"].unregister(gauge)
    noticed["metrics"] &= not any(found_in([ask(stage, person(""), "/metrics")[2]], secrets.fields))

    letters = letters_of(stage, secrets, planted=True)
    told = {what for _to, _where, what in in_letters(stage, letters, _without(secrets, {}), OUTSIDERS)}
    noticed["mail"] = {"a word in the heads", "a mark", NUMBERS[0]} <= told
    noticed["queue"] = {"a mark", "a word in a subject or an address"} <= {
        what for _ref, _where, what in in_queue(stage, secrets, {})
    }
    stage.enter_again()

    logs.security.lines(), logs.everything.lines()
    for channel, tail, logger in (("security log", logs.security, "security"), ("log", logs.everything, "paritrana.x")):
        with stage.app.app_context():
            structlog.get_logger(logger).warning(
                "careless", note=note, mark="8.13", to="x@contoh.test", said=TYPED["q"]
            )
        found = {what for _log, _line, what in in_logs(tail.lines(), secrets, marked)}
        expected = {"finding.note", "a word", "a mark"} | ({"an e-mail address"} if channel == "log" else set())
        noticed[channel] = expected <= found

    kept = stage.app.extensions["security_log"]
    stage.app.extensions["security_log"] = SecurityLog(tmp_path / "elsewhere")
    views = look(stage, person("verifier-3"), secrets, logs.security)
    stage.app.extensions["security_log"] = kept
    noticed["a view without its line"] = views.given > 0 and len(views.unlogged) == views.given

    stage.watch.execute("UPDATE finding SET note = ?", (secrets.tokens["session of chair"].decode(),))
    token = secrets.tokens["session of chair"].decode()
    noticed["dump"] = at_rest(cells(stage.app), [token], hashed=False) == [("finding.note", token)]
    stage.enter_again()
    figures_of("canary crawl", promises=PROMISES, channels=len(noticed), found=sum(noticed.values()),
               control=all(noticed.values()))  # fmt: skip
    assert all(noticed.values()), noticed


def _add(answer: Response, text: str, *, only_errors: bool = False) -> None:
    if answer.mimetype == "text/html" and (answer.status_code >= 400 or not only_errors):
        answer.set_data(answer.get_data() + text.encode())


def test_what_a_fault_says_is_kept_out_of_the_log(stage: Stage, logs: Logs) -> None:
    """PostgreSQL repeats the row that it refuses in a second line of its message; an address may hold a secret."""
    said = f"duplicate key\nDETAIL:  Key (email)=({WORD}@contoh.test) already exists.\nCONTEXT: {WORD}"

    def fail(_answer: Response) -> None:
        raise ValueError(said)

    kept = stage.app.config["PROPAGATE_EXCEPTIONS"]
    stage.app.config["PROPAGATE_EXCEPTIONS"] = False
    try:
        with telling(stage, fail):
            status, _head, body = ask(stage, person(""), f"/calendar/{WORD}Rahasia.ics")
    finally:
        stage.app.config["PROPAGATE_EXCEPTIONS"] = kept
    try:
        raise ValueError(said)
    except ValueError:
        logging.getLogger("library").exception("a line of a library")
    text = "\n".join(logs.everything.lines())
    assert status == 500
    assert "duplicate key" in text
    assert b"@contoh.test" not in body
    assert not [one for one in (WORD, "@contoh.test") if one in text]
