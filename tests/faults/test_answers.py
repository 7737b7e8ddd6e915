"""Every kind of fault has its status, its sentence in both languages and one line in the log; none shows the inside."""

import errno
import json
import re
import sqlite3
from contextlib import contextmanager

import psycopg
import pytest
from flask import request
from sqlalchemy import event, exc, text

from paritrana.app import set_up_logs
from paritrana.database import db
from paritrana.files.store import Disk
from paritrana.web.faults import Fault, cause_of, fault_of
from tests.factories import PASSWORD, sign_in, world
from tests.nominations.pages import SAME_ORIGIN, draft, fields_of, pdf, text_of
from tests.web.sample import make_web_app

INSIDE = re.compile(r"Traceback|OperationalError|sqlite|psycopg|Errno|/srv/|SELECT secret")


def of_sqlite(message, code, kind=sqlite3.OperationalError, wrapper=exc.OperationalError):
    """An error as the SQLite driver gives it, wrapped as SQLAlchemy does."""
    error = kind(message)
    error.sqlite_errorcode, error.sqlite_errorname = code, "SQLITE_OF_THIS_TEST"
    return wrapper("SELECT secret", {}, error)


def of_psycopg(error, wrapper=exc.OperationalError):
    return wrapper("SELECT secret", {}, error)


NO_SPACE, READ_ONLY, BUSY, UNAVAILABLE = Fault.NO_SPACE, Fault.READ_ONLY, Fault.BUSY, Fault.UNAVAILABLE
CASES = {
    "sqlite full": (of_sqlite("database or disk is full", sqlite3.SQLITE_FULL), NO_SPACE),
    "sqlite readonly": (of_sqlite("attempt to write a readonly database", sqlite3.SQLITE_READONLY), READ_ONLY),
    "sqlite readonly, moved": (of_sqlite("readonly", sqlite3.SQLITE_READONLY_DBMOVED), READ_ONLY),
    "sqlite locked": (of_sqlite("database is locked", sqlite3.SQLITE_BUSY), BUSY),
    "sqlite i/o": (of_sqlite("disk I/O error", sqlite3.SQLITE_IOERR_FSYNC), UNAVAILABLE),
    "sqlite cannot open": (of_sqlite("unable to open database file", sqlite3.SQLITE_CANTOPEN), UNAVAILABLE),
    "sqlite damaged": (
        of_sqlite("malformed", sqlite3.SQLITE_CORRUPT, sqlite3.DatabaseError, exc.DatabaseError), UNAVAILABLE,
    ),
    "postgresql full": (of_psycopg(psycopg.errors.DiskFull("No space left on device")), NO_SPACE),
    "postgresql read-only": (
        of_psycopg(psycopg.errors.ReadOnlySqlTransaction("cannot execute INSERT"), exc.InternalError), READ_ONLY,
    ),
    "postgresql gone": (of_psycopg(psycopg.OperationalError("server closed the connection")), UNAVAILABLE),
    "postgresql stopped": (of_psycopg(psycopg.errors.AdminShutdown("terminating")), UNAVAILABLE),
    "postgresql starting": (of_psycopg(psycopg.errors.CannotConnectNow("starting up")), UNAVAILABLE),
    "postgresql crowded": (of_psycopg(psycopg.errors.TooManyConnections("too many clients")), BUSY),
    "postgresql deadlock": (of_psycopg(psycopg.errors.DeadlockDetected("deadlock")), BUSY),
    "postgresql lock": (of_psycopg(psycopg.errors.LockNotAvailable("lock")), BUSY),
    "pool": (exc.TimeoutError("QueuePool limit"), BUSY),
    "file full": (OSError(errno.ENOSPC, "No space left on device", "/srv/secret"), NO_SPACE),
    "file quota": (OSError(errno.EDQUOT, "Disk quota exceeded"), NO_SPACE),
    "file limit": (OSError(errno.EFBIG, "File too large"), NO_SPACE),
    "file read-only": (OSError(errno.EROFS, "Read-only file system"), READ_ONLY),
    "file i/o": (OSError(errno.EIO, "Input/output error"), UNAVAILABLE),
    "too many files": (OSError(errno.EMFILE, "Too many open files"), BUSY),
    "no temporary folder": (FileNotFoundError(errno.ENOENT, "No usable temporary directory found in [...]"), NO_SPACE),
}  # fmt: skip
SENTENCES = {
    NO_SPACE: ("There is no space to store this now", "Sekarang tidak ada ruang untuk menyimpan ini"),
    READ_ONLY: ("Nothing can be stored at the moment", "Saat ini tidak ada yang dapat disimpan"),
    BUSY: ("Too many people are saving at this moment.", "Terlalu banyak orang sedang menyimpan pada saat ini."),
    UNAVAILABLE: ("The service is not available at the moment", "Layanan sedang tidak tersedia"),
}


@pytest.fixture
def broken():
    """A small application whose every act ends in the fault that a test puts there."""
    set_up_logs()
    app = make_web_app()
    app.extensions["fault"] = None

    @app.route("/act", methods=["GET", "POST"])
    @app.route("/api/v1/act", methods=["GET", "POST"], endpoint="api")
    def act():
        request.form.get("value")
        raise app.extensions["fault"]

    return app


@pytest.mark.parametrize("name", CASES)
def test_a_fault_has_its_status_its_sentence_and_one_line_of_log(broken, name, capsys):
    error, fault = CASES[name]
    broken.extensions["fault"] = error
    client = broken.test_client()
    for language, said in zip(("en", "id"), SENTENCES[fault], strict=True):
        page = client.post("/act", data={"value": "8,75"}, query_string={"lang": language}, headers=SAME_ORIGIN)
        assert page.status_code == fault.status == (507 if fault is NO_SPACE else 503)
        assert said in text_of(page)
        assert ("Not saved" if language == "en" else "Belum disimpan") in text_of(page)
        assert "<li>8,75</li>" in text_of(page)
        assert not INSIDE.search(text_of(page))
        assert int(page.headers["Retry-After"]) == fault.retry_after
        lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
        assert [line["event"] for line in lines] == ["fault"]
        assert lines[0]["reference"] in text_of(page)
        assert lines[0]["cause"]
    told = client.get("/api/v1/act")
    assert (told.status_code, told.mimetype) == (fault.status, "application/problem+json")
    assert told.json["code"] == fault.value
    assert not INSIDE.search(text_of(told))
    assert int(told.headers["Retry-After"]) == fault.retry_after
    read = text_of(client.get("/act", query_string={"lang": "en"}))
    assert "What you saved before is safe." in read
    assert "Not saved" not in read


@pytest.mark.parametrize(
    "error",
    [
        of_sqlite("no such table: secret", sqlite3.SQLITE_ERROR),
        exc.ProgrammingError("SELECT secret", {}, sqlite3.ProgrammingError("closed")),
        of_psycopg(psycopg.errors.UniqueViolation("twice"), exc.IntegrityError),
        exc.InvalidRequestError("a fault of ours"),
        FileNotFoundError(errno.ENOENT, "No such file"),
        RuntimeError("secret"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_is_no_fault_of_the_machine_stays_a_fault_of_ours(broken, error, capsys):
    broken.extensions["fault"] = error
    answer = broken.test_client().post("/act", data={"value": "8,75"}, headers=SAME_ORIGIN)
    assert fault_of(error) is None
    assert answer.status_code == 500
    assert not INSIDE.search(text_of(answer))
    capsys.readouterr()


def test_the_log_names_the_cause_in_one_word():
    assert cause_of(CASES["sqlite full"][0]) == "SQLITE_OF_THIS_TEST"
    assert cause_of(CASES["postgresql full"][0]) == "53100"
    assert cause_of(CASES["postgresql gone"][0]) == "OperationalError"
    assert cause_of(CASES["file quota"][0]) == "EDQUOT"
    assert cause_of(CASES["pool"][0]) == "TimeoutError"


@pytest.fixture
def full(broken):
    broken.extensions["fault"] = CASES["file full"][0]
    return broken.test_client()


def test_the_page_sends_the_same_form_again_with_its_own_token(full, capsys):
    typed = {"csrf_token": "as-it-came", "idempotency_key": "key-of-the-form", "note": 'two\nlines <b>"bold"</b>'}
    page = text_of(full.post("/act?item=2", data=typed, headers=SAME_ORIGIN))
    assert '<form method="post" action="/act?item=2"' in page
    for name in ("csrf_token", "idempotency_key"):
        assert f'<input type="hidden" name="{name}" value="{typed[name]}">' in page
    assert "<li>two\nlines &lt;b&gt;&#34;bold&#34;&lt;/b&gt;</li>" in page
    assert "<b>" not in page
    capsys.readouterr()


@pytest.mark.parametrize(
    ("headers", "data"),
    [
        ({"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost"}, {"note": "typed by a stranger"}),
        ({"Origin": "https://stranger.example"}, {"note": "typed by a stranger"}),
        ({}, {"note": "typed by a stranger"}),
        (SAME_ORIGIN, {"email": "typed", "password": "typed by its owner"}),
        (SAME_ORIGIN, {"note": "typed" * 100_000}),
    ],
    ids=["cross-site", "foreign", "unknown", "password", "too long"],
)
def test_a_strangers_form_and_a_password_are_never_repeated(full, headers, data, capsys):
    page = text_of(full.post("/act", data=data, headers=headers))
    assert "typed" not in page
    assert '<form method="post" action="/act' not in page
    assert "Sekarang tidak ada ruang" in page
    capsys.readouterr()


def test_a_form_without_scripts_and_one_of_an_older_browser_are_repeated(full, capsys):
    assert "<li>mine</li>" in text_of(full.post("/act", data={"note": "mine"}, headers={"Origin": "http://localhost"}))
    capsys.readouterr()


# --- At the application's own doors -----------------------------------------------------------------------------------


class FailingDisk(Disk):
    """A disk whose call of one name fails, and counts."""

    def __init__(self, call, code):
        self.count = 0

        def fail(*_arguments):
            self.count += 1
            raise OSError(code, "a fault of this test")

        setattr(self, call, fail)


@pytest.fixture
def engine_name():
    return "sqlite"


@pytest.fixture
def desk(app, db_session):
    """A nominee before a form of evidence, and the application with a whole disk afterwards."""
    nomination = draft(world())
    client = app.test_client()
    sign_in(client, "nominee-1")
    yield app, client, f"/nominations/{nomination.ref}/evidence/coverage"
    app.extensions.pop("disk", None)


@pytest.mark.parametrize("call", ["create", "write", "sync", "make_folder", "move", "sync_folder", "room"])
def test_whatever_call_of_the_disk_fails_nothing_of_the_form_is_kept_and_all_of_it_stays_in_the_page(
    desk, call, capsys
):
    app, client, page = desk
    fields = fields_of(client, page) | {"note": "Catatan yang diketik", "denominator-year": "2025"}
    blobs = app.extensions["settings"].blob_path
    for code, status in ((errno.ENOSPC, 507), (errno.EDQUOT, 507), (errno.EROFS, 503), (errno.EIO, 503),
                         (errno.EACCES, 503)):  # fmt: skip
        app.extensions["disk"] = disk = FailingDisk(call, code)
        refused = client.post(
            page, data={**fields, "files": pdf("SK.pdf")}, headers=SAME_ORIGIN, query_string={"lang": "en"}
        )
        assert refused.status_code == status
        assert "SK.pdf is not saved" in text_of(refused)
        assert "<li>Catatan yang diketik</li>" in text_of(refused)
        assert disk.count == 1  # a failed call, a flush to the disk above all, is never tried again
        assert rows("blob") == rows("evidence_item") == 0
        kept = [path for path in blobs.rglob("*") if path.is_file()]
        # Only when the last flush fails do bytes stand in their place: whole, and named by no row.
        assert kept == [] or (
            call == "sync_folder" and [path.parent.parent.parent.name for path in kept] == ["objects"]
        )

    app.extensions.pop("disk")
    done = client.post(page, data={**fields, "files": pdf("SK.pdf")}, headers=SAME_ORIGIN)
    assert done.status_code == 303
    assert rows("attachment") == rows("evidence_item") == 1
    capsys.readouterr()


def test_the_reserve_of_the_disk_is_for_the_database(desk, capsys):
    app, client, page = desk
    fields = fields_of(client, page)

    class Nearly(Disk):
        free = 199

        def room(self, folder):
            return self.free, 10_000

    app.extensions["disk"] = disk = Nearly()
    assert client.post(page, data={**fields, "files": pdf()}, headers=SAME_ORIGIN).status_code == 507
    disk.free = 200
    assert client.post(page, data={**fields, "files": pdf()}, headers=SAME_ORIGIN).status_code == 303
    capsys.readouterr()


def rows(table):
    """How many rows a table has."""
    db.session.rollback()
    return db.session.execute(text(f"SELECT count(*) FROM {table}")).scalar_one()


@contextmanager
def failing(*, statement=None, commit=False, code=sqlite3.SQLITE_FULL):
    """The database refuses every statement that begins so, or every commit, as if its disk were full."""
    error = of_sqlite("database or disk is full", code)

    def on_statement(_connection, _cursor, said, *_rest):
        if said.startswith(statement):
            raise error

    def on_commit(_connection):
        raise error

    name, listener = ("commit", on_commit) if commit else ("before_cursor_execute", on_statement)
    event.listen(db.engine, name, listener)
    try:
        yield
    finally:
        event.remove(db.engine, name, listener)


def logged(capsys):
    """What the log says, event by event, but for the lines about what somebody looked at."""
    lines = [json.loads(line)["event"] for line in capsys.readouterr().err.splitlines() if line.startswith("{")]
    return [event for event in lines if event != "viewed"]


def test_a_page_is_shown_although_it_cannot_be_noted_when_it_was(desk, clock, capsys):
    _app, client, page = desk
    clock.advance(minutes=2)
    capsys.readouterr()
    with failing(statement="UPDATE sign_in_session"):
        assert client.get(page).status_code == 200
    assert logged(capsys) == ["session_not_stored"]
    assert client.get(page).status_code == 200
    assert logged(capsys) == []


def test_what_is_committed_is_not_told_as_refused_because_its_message_cannot_be_kept(desk, capsys):
    _app, client, page = desk
    fields = fields_of(client, page)
    with failing(statement="UPDATE sign_in_session"):
        assert client.post(page, data=fields | {"note": "kept"}, headers=SAME_ORIGIN).status_code == 303
    assert rows("evidence_item") == 1
    assert "session_not_stored" in logged(capsys)


def test_what_is_committed_is_not_told_as_refused_because_its_answer_cannot_be_kept(desk, capsys):
    _app, client, page = desk
    upload = page.replace("/evidence/coverage", "/documents")
    fields = {name: value for name, value in fields_of(client, page).items() if name == "csrf_token"}
    fields |= {"idempotency_key": "a-key-of-this-test", "kind": "coverage"}
    with failing(statement="UPDATE sent_once"):
        sent = client.post(upload, data={**fields, "files": pdf()}, headers=SAME_ORIGIN)
    assert sent.status_code == 303
    assert rows("attachment") == 1
    assert "answer_not_kept" in logged(capsys)


def test_a_commit_that_fails_keeps_nothing_and_the_page_keeps_everything(desk, capsys):
    _app, client, page = desk
    fields = fields_of(client, page) | {"note": "Catatan yang diketik"}
    for sent in (fields, {**fields, "files": pdf()}):
        db.session.rollback()
        with failing(commit=True):
            refused = client.post(page, data=sent, headers=SAME_ORIGIN)
        assert refused.status_code == 507
        assert "<li>Catatan yang diketik</li>" in text_of(refused)
        assert rows("evidence_item") == rows("attachment") == 0
    again = client.post(page, data={**fields, "files": pdf()}, headers=SAME_ORIGIN)
    assert again.status_code == 303
    assert rows("evidence_item") == rows("attachment") == 1
    capsys.readouterr()


def test_nobody_is_signed_in_or_out_on_paper_only(app, db_session, capsys):
    world()
    client = app.test_client()
    with failing(statement="INSERT INTO sign_in_session"):
        page = client.get("/sign-in")
        assert page.status_code == 200  # shown, without a session that could not be kept
        assert "Set-Cookie" not in page.headers
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', text_of(client.get("/sign-in")))[1]
    typed = {"csrf_token": token, "email": "nominee-1@contoh.test", "password": PASSWORD}
    with failing(statement="INSERT INTO sign_in_session"):
        refused = client.post("/sign-in", data=typed, headers=SAME_ORIGIN)
    assert refused.status_code == 507
    assert PASSWORD not in text_of(refused)
    assert client.get("/home").status_code != 200
    assert client.post("/sign-in", data=typed, headers=SAME_ORIGIN).status_code == 303
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', text_of(client.get("/home")))[1]
    with failing(statement="DELETE FROM sign_in_session"):
        assert client.post("/sign-out", data={"csrf_token": token}, headers=SAME_ORIGIN).status_code == 507
    assert client.get("/home").status_code == 200
    capsys.readouterr()


def test_nobody_is_taken_for_a_stranger_because_the_database_does_not_answer(desk, capsys):
    _app, client, page = desk
    fields = fields_of(client, page) | {"note": "Catatan yang diketik"}
    with failing(statement="SELECT sign_in_session", code=sqlite3.SQLITE_IOERR_READ):
        read, sent = client.get(page), client.post(page, data=fields, headers=SAME_ORIGIN)
        with client.get("/static/favicon.svg") as picture:
            assert picture.status_code == 200
    assert (read.status_code, sent.status_code) == (503, 503)
    assert "<li>Catatan yang diketik</li>" in text_of(sent)
    assert "Set-Cookie" not in read.headers
    assert client.post(page, data=fields, headers=SAME_ORIGIN).status_code == 303
    capsys.readouterr()


def test_a_fault_of_ours_in_the_session_stays_one(desk, clock, capsys):
    _app, client, page = desk
    clock.advance(minutes=2)
    with failing(statement="UPDATE sign_in_session", code=sqlite3.SQLITE_ERROR), pytest.raises(exc.OperationalError):
        client.get(page)
    capsys.readouterr()
