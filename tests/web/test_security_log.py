"""The security log: every act and every look at somebody's data is one line that no input can forge."""

import io
import json
import re
import socket
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import structlog
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session, scoped_session

from paritrana import securitylog
from paritrana.app import set_up_logs
from paritrana.clock import SetClock
from paritrana.config import BadSettings, load_settings
from paritrana.core.policy import POLICY, Role
from paritrana.securitylog import Copy, SecurityLog, plain
from paritrana.web.journal import QUIET, Readers, Seen, _tell
from tests.access.routes import ROUTES
from tests.factories import World, sign_in, world
from tests.nominations.pages import draft
from tests.web.sample import make_web_app

FIELDS = {"time", "event", "level", "account", "person", "act", "object", "result", "source", "request"}


@pytest.fixture
def lines(app: Flask, clock: SetClock) -> Callable[[], list[dict[str, Any]]]:
    """The lines written since they were last asked for."""
    folder = app.extensions["settings"].security_log
    for _day, path in securitylog.days(folder):
        path.unlink()
    set_up_logs()
    seen = 0

    def new() -> list[dict[str, Any]]:
        nonlocal seen
        found = [json.loads(line) for _day, path in securitylog.days(folder) for line in path.read_text().splitlines()]
        seen, now = len(found), found[seen:]
        return now

    return new


@pytest.fixture
def land(app: Flask, db_session: "scoped_session[Session]") -> World:
    made = world()
    db_session.commit()
    return made


def test_a_sign_in_and_its_failure_are_lines_without_an_address(
    client: FlaskClient, land: World, lines: Callable[[], list[dict[str, Any]]]
) -> None:
    sign_in(client, "organiser-1")
    (line,) = [one for one in lines() if one["event"] == "sign_in"]
    assert line.keys() >= FIELDS
    assert line["account"] == land.accounts["organiser-1"].ref
    assert line["source"] == "127.0.0.1"
    other = client.application.test_client()
    page = other.get("/sign-in").get_data(as_text=True)
    token = page.partition('name="csrf_token"')[2].partition('value="')[2].partition('"')[0]
    form = {"email": "organiser-1@contoh.test", "password": "wrong wrong wrong", "csrf_token": token}
    assert other.post("/sign-in", data=form, headers={"Sec-Fetch-Site": "same-origin"}).status_code == 422
    written = lines()
    assert [one["event"] for one in written] == ["sign_in_failed"]
    assert all("@" not in json.dumps(one) and "wrong wrong" not in json.dumps(one) for one in [line, *written])


def test_a_look_a_change_and_a_refusal_have_one_line_each(
    door: Callable[[str], FlaskClient], land: World, lines: Callable[[], list[dict[str, Any]]]
) -> None:
    organiser = door("organiser-1")
    lines()
    code = land.cycle.code
    assert organiser.get(f"/manage/{code}").status_code == 200
    (look,) = lines()
    assert (look["event"], look["act"], look["object"], look["result"]) == ("viewed", "manage_cycle", code, 200)
    assert len(look["request"]) == 16
    assert organiser.get("/nominations/N-0000-0000").status_code == 404
    (missed,) = lines()
    assert (missed["event"], missed["object"], missed["result"]) == ("not_found", "N-0000-0000", 404)
    assert organiser.get("/system").status_code == 404
    (denied,) = lines()
    assert (denied["event"], denied["act"]) == ("denied", "operate")
    assert organiser.post("/home/calendar", data={}).status_code == 403
    assert [one["event"] for one in lines()] == ["foreign_request"]
    assert organiser.get("/cycles").status_code == 200  # public: concerns nobody
    assert lines() == []


def forged_and_unparsable(text: str) -> tuple[int, int]:
    """Of the lines of a log in which nothing but `probe` happened: those that tell of something else, and those that
    are no JSON object.
    """
    forged = unparsable = 0
    for line in text.splitlines():
        try:
            forged += json.loads(line)["event"] != "probe"
        except (ValueError, TypeError, KeyError):
            unparsable += 1
    return forged, unparsable


def careless(_logger: object, _method: str, said: dict[str, Any]) -> str:
    """How a log renders its lines that puts values between quotation marks as they come."""
    return '{{"event": "{event}", "object": "{object}"}}'.format(**said)


def test_nothing_in_a_value_begins_a_new_line_or_names_anybody(
    app: Flask, lines: Callable[[], list[dict[str, Any]]], figures_of: Callable[..., None]
) -> None:
    hostile = [
        'x"}\n{"event": "sign_in", "account": "U-FORG-ED00"', 'x"}\n{"event": "sign_in"}\n{"event": "probe", "x": "',
        "\r\n\u2028\u2029", "\x00\x1b[31m", "\ud800", "\\", "%s {}",
        "9999010101900001", "kepala@contoh.test", "\u202egnp.exe", "x" * 5000,
    ]  # fmt: skip
    with app.test_request_context("/", environ_base={"REMOTE_ADDR": "192.0.2.7"}):
        for value in hostile:
            structlog.get_logger("security").warning("probe", object=value, **{"more": [value], "deep": {"x": value}})
    written = lines()
    assert [one["event"] for one in written] == ["probe"] * len(hostile)
    text = "".join(path.read_text() for _day, path in securitylog.days(app.extensions["settings"].security_log))
    forged, unparsable = forged_and_unparsable(text)
    assert (forged, unparsable) == (0, 0)
    assert "9999010101900001" not in text
    assert "contoh.test" not in text
    assert max(len(one["object"]) for one in written) <= securitylog.LONGEST
    assert plain({"a": ({1, 2}, None, True, 1.5, object)})["a"][1] is None
    other = io.StringIO()  # the control: the same values in a log that renders no JSON
    log = structlog.wrap_logger(structlog.PrintLogger(other), processors=[careless])  # type: ignore[arg-type]
    for value in hostile:
        log.msg("probe", object=value)
    seen = forged_and_unparsable(other.getvalue())
    figures_of("log forgery", promises=["P30", "P19"], hostile=len(hostile), forged=forged, unparsable_lines=unparsable,
               control=min(seen) > 0 and "9999010101900001" in other.getvalue())  # fmt: skip
    assert min(seen) > 0


def test_a_line_lies_in_the_file_of_its_day_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    log = SecurityLog(tmp_path / "here")
    log.write('{"time": "2026-03-02T03:00:00.000000Z", "event": "a"}', "2026-03-02")
    log.write('{"time": "2026-03-03T03:00:00.000000Z", "event": "b"}', "2026-03-03")
    (tmp_path / "here" / "other.txt").write_text("x")
    (first, one), (_second, two) = securitylog.days(tmp_path / "here")
    assert one.stat().st_mode & 0o777 == 0o600
    two.write_text(two.read_text() + '{"time": "2026-03-03T0\n"text"\n')
    at = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)
    assert first == at.date()
    assert [x["event"] for x in securitylog.read(tmp_path / "here", at, at)] == ["a"]
    assert [x["event"] for x in securitylog.read(tmp_path / "here", at, at + timedelta(days=1))] == ["a", "b"]
    assert list(securitylog.read(tmp_path / "nowhere", at, at)) == []
    blocked = SecurityLog(tmp_path / "here" / "other.txt")
    blocked.write("{}", "2026-03-02")  # cannot be stored, and disturbs nobody


class Server(threading.Thread):
    """A syslog server that keeps the lines it gets."""

    def __init__(self, port: int = 0) -> None:
        super().__init__(daemon=True)
        self.socket = socket.create_server(("127.0.0.1", port))
        self.port = self.socket.getsockname()[1]
        self.lines: list[str] = []
        self.start()

    def run(self) -> None:
        while True:
            try:
                link, _ = self.socket.accept()
            except OSError:
                return
            with link, link.makefile(encoding="utf-8") as text:
                self.lines += (line.rstrip("\n") for line in text)


class Deaf(Server):
    """A server that lets everybody in, reads nothing, and drops them."""

    def run(self) -> None:
        """Read nothing."""


def missing(server: Server, sent: list[str]) -> int:
    """How many of the lines that were sent a server does not have."""
    return sum(line not in {one.rpartition(" - ")[2] for one in server.lines} for line in sent)


def test_a_copy_reaches_a_syslog_server_within_ten_seconds_also_one_that_comes_later(
    figures_of: Callable[..., None],
) -> None:
    probe = socket.create_server(("127.0.0.1", 0))
    port = probe.getsockname()[1]
    probe.close()
    copy = Copy(f"syslog://127.0.0.1:{port}")
    began = time.monotonic()
    sent = ['{"event": "early"}', '{"event": "late"}']
    copy.send(sent[0], "2026-03-02")  # nobody listens yet
    time.sleep(0.1)
    server = Server(port)
    copy.send(sent[1], "2026-03-02")
    while copy.waiting and time.monotonic() < began + 10:
        time.sleep(0.05)
    copy.close(1)
    while len(server.lines) < 2 and time.monotonic() < began + 10:
        time.sleep(0.05)
    server.socket.close()
    seconds = round(time.monotonic() - began, 2)
    assert [line.rpartition(" - ")[2] for line in server.lines] == sent
    assert server.lines[0].startswith("<110>1 ")
    assert seconds < 10
    deaf = Deaf()  # the control: what a server does not read is lost, though it was handed over
    other = Copy(f"syslog://127.0.0.1:{deaf.port}")
    for line in sent:
        other.send(line, "2026-03-02")
    until = time.monotonic() + 10
    while other.waiting and time.monotonic() < until:
        time.sleep(0.01)
    handed_over = other.waiting == 0
    deaf.socket.close()
    other.close(1)
    control = handed_over and missing(deaf, sent) == len(sent)
    figures_of("log copy", promises=["P30"], lines=len(server.lines), lost=missing(server, sent), seconds=seconds,
               control=control)  # fmt: skip
    assert control


def test_what_cannot_wait_any_longer_is_counted_and_told(tmp_path: Path) -> None:
    target = tmp_path / "copy"
    target.write_text("in the way")
    copy = Copy(str(target), waiting=2)
    for number in range(6):
        copy.send(f'{{"event": "{number}"}}', "2026-03-02")
    assert copy.lost >= 3
    target.unlink()
    until = time.monotonic() + 10
    while copy.waiting and time.monotonic() < until:
        time.sleep(0.05)
    copy.close(1)
    text = (target / "security-2026-03-02.jsonl").read_text()
    assert '"event": "0"' in text
    assert "log_lines_not_copied" in text


@pytest.mark.parametrize(
    "value", ["syslog://", "syslog://host", "syslog://host:0", "syslog://h:1/x", "relative/folder"]
)
def test_a_second_place_that_is_none_is_refused_at_start(tmp_path: Path, value: str) -> None:
    with pytest.raises(BadSettings, match="security_log_copy"):
        load_settings({}, instance_path=tmp_path, security_log_copy=value)


def test_the_log_of_an_installation_is_copied(make_app: Callable[..., Flask], tmp_path: Path) -> None:
    app = make_app(security_log_path=tmp_path / "log", security_log_copy=f"{tmp_path / 'second'}")
    with app.app_context():
        structlog.get_logger("security").info("probe")
    app.extensions["security_log"].close()
    for folder in ("log", "second"):
        ((_day, path),) = securitylog.days(tmp_path / folder)
        assert json.loads(path.read_text().splitlines()[-1])["event"] == "probe"


def test_who_reads_very_much_raises_one_alarm_and_is_slowed(clock: SetClock, figures_of: Callable[..., None]) -> None:
    readers, alarms, read, waited = Readers(), 0, 0, 0
    for number in range(1000):
        if readers.wait("1", f"N-{number}/1", clock.now()):
            waited += 1
            clock.advance(seconds=3)
            assert readers.wait("1", f"N-{number}/1", clock.now()) == 0
        readers.note("2", f"N-{number % 40}/1", clock.now())  # somebody who reads as people do
        if readers.note("1", f"N-{number}/1", clock.now()) is Seen.ALARM:
            alarms, read = alarms + 1, read or number + 1
        assert readers.wait("1", f"N-{number}/1", clock.now()) == 0  # a further page of the same document
    assert (alarms, read) == (1, 150)
    assert waited == 1000 - 150
    assert readers.wait("2", "N-41/1", clock.now()) == 0
    clock.advance(hours=2)
    assert readers.wait("1", "N-5000/1", clock.now()) == 0  # an hour later it is forgotten
    assert readers.note("1", "N-5000/1", clock.now()) is Seen.CALM
    lenient = Readers()
    lenient.MOST = 10_000  # type: ignore[misc]
    control = all(lenient.note("1", f"N-{n}", clock.now()) is Seen.CALM for n in range(1000))
    figures_of("bulk reading", promises=["P35", "P14"], read_before_alarm=read, alarms=alarms, slowed=waited,
               control=control)  # fmt: skip


def test_several_processes_share_the_measure_and_many_people_are_forgotten(clock: SetClock) -> None:
    readers = Readers(share=3)
    assert [readers.note("1", str(n), clock.now()) for n in range(50)][-1] is Seen.ALARM
    readers.PEOPLE = 3  # type: ignore[misc]
    for person in range(10):
        readers.note(f"p{person}", "x", clock.now())
        readers.miss(f"p{person}", clock.now())
    assert len(readers._seen) == len(readers._missed) == 3


def test_guessing_at_addresses_raises_one_alarm(
    app: Flask, door: Callable[[str], FlaskClient], land: World, lines: Callable[[], list[dict[str, Any]]],
    figures_of: Callable[..., None],
) -> None:  # fmt: skip
    guesser, guesses = door("nominee-1"), [f"/nominations/N-0000-{number:04}" for number in range(70)]

    def told_of_guesses() -> list[str]:
        lines()
        assert {guesser.get(address).status_code for address in guesses} == {404}
        return [one["event"] for one in lines()]

    told = told_of_guesses()
    assert told.count("guessing_alarm") == 1
    assert told.index("guessing_alarm") == Readers.MISSES
    lenient = Readers()  # the control: with the limit out of the way the same guesses raise no alarm
    lenient.MISSES = 10_000  # type: ignore[misc]
    app.extensions["readers"] = lenient  # the next test gets its own
    unnoticed = told_of_guesses()
    control = unnoticed == ["not_found"] * len(guesses)
    figures_of("guessing", promises=["P35"], asked=len(guesses), told=told.count("not_found"),
               alarms=told.count("guessing_alarm"), control=control)  # fmt: skip
    assert control


def test_every_act_of_every_address_has_exactly_one_line(
    app: Flask,
    door: Callable[[str], FlaskClient],
    land: World,
    lines: Callable[[], list[dict[str, Any]]],
    figures_of: Callable[..., None],
) -> None:
    """An organiser asks every address with every method; what changes, shows or refuses something is one line."""
    organiser, code = door("organiser-1"), land.cycle.code
    values = {"cycle": code, "cat": "kabkota"}
    alarms = {"guessing_alarm", "bulk_reading"}
    asked, acts, wrong = 0, set[str](), []
    once = {(route.act, route.method): route for route in ROUTES}  # one address of each act and method
    for route in once.values():
        if route.act in {"static", "sign_out"} or "VERIFY" in route.rule:
            continue
        address = re.sub(
            r"<(?:(\w+)[^:>]*:)?(\w+)>", lambda m: values.get(m[2], "1" if m[1] == "int" else "X-1"), route.rule
        )
        lines()
        answer = organiser.open(address, method=route.method, headers={"Sec-Fetch-Site": "same-origin"})
        told = [one for one in lines() if one["event"] not in alarms]
        asked += 1
        acts |= {str(one["act"]) for one in told}
        silent = route.act in PUBLIC_ACTS or route.act in QUIET_ACTS or "<" not in route.rule
        if len(told) > 1 or (not told and not (route.safe and silent) and route.act not in NOBODYS):
            wrong.append((route.method, route.rule, answer.status_code, [one["event"] for one in told]))
    assert wrong == []
    assert len(acts) >= 40
    told_by = app.after_request_funcs[None]
    place = told_by.index(_tell)
    del told_by[place]  # a build without it is silent
    try:
        assert organiser.get(f"/manage/{code}").status_code == 200
        silent_without = lines() == []
    finally:
        told_by.insert(place, _tell)
    figures_of("acts logged", promises=["P30", "P16"], addresses=asked, acts=len(acts), doubled=0, silent=0, forged=0,
               control=silent_without)  # fmt: skip


PUBLIC_ACTS = {act.value for act, roles in POLICY.items() if Role.PUBLIC in roles}
QUIET_ACTS = {act.value for act in QUIET}
NOBODYS = {"set_language"}


def test_whoever_opens_the_papers_of_many_candidates_waits_at_the_door(
    app: Flask, door: Callable[[str], FlaskClient], db_session: "scoped_session[Session]", clock: SetClock,
    lines: Callable[[], list[dict[str, Any]]],
) -> None:  # fmt: skip
    papers = draft(world())
    nominee = door("nominee-1")
    app.extensions["readers"] = Readers(share=Readers.MOST)  # one object is many
    lines()
    assert nominee.get(f"/nominations/{papers.ref}").status_code == 200
    assert [one["event"] for one in lines()] == ["viewed", "bulk_reading"]
    assert nominee.get(f"/nominations/{papers.ref}").status_code == 200  # what is open already is given again
    lines()
    slowed = nominee.get("/nominations/N-0000-0000")
    assert (slowed.status_code, slowed.headers["Retry-After"]) == (429, "3")
    assert [one["result"] for one in lines()] == [429]
    clock.advance(seconds=3)
    assert nominee.get("/nominations/N-0000-0000").status_code == 404


def test_without_a_security_log_its_lines_go_where_all_others_go(capsys: Any) -> None:
    set_up_logs()
    with make_web_app().app_context():
        structlog.get_logger("security").info("probe", object="N-1")
    line = json.loads(capsys.readouterr().err)
    assert (line["event"], line["object"], line["result"]) == ("probe", "N-1", "done")


def test_a_copy_that_reaches_nobody_ends_when_it_is_told_to(tmp_path: Path) -> None:
    idle = Copy(str(tmp_path / "unused"))
    idle.close(1)  # nothing was ever sent
    assert (idle.waiting, list(tmp_path.iterdir())) == (0, [])
    (tmp_path / "wall").write_text("in the way")
    copy = Copy(str(tmp_path / "wall"))
    copy.send('{"event": "a"}', "2026-03-02")
    copy.close(0.2)
    assert copy._thread is not None
    copy._thread.join(10)
    assert (copy._thread.is_alive(), copy.waiting) == (False, 0)
    assert (tmp_path / "wall").read_text() == "in the way"


def test_of_a_log_only_the_days_that_are_asked_for_are_read(tmp_path: Path) -> None:
    log = SecurityLog(tmp_path)
    for day in ("2026-02-20", "2026-03-02", "2026-03-20"):
        # A line of the day that was asked for, in files of three days: only the file of that day is opened.
        log.write(f'{{"time": "2026-03-02T03:00:00.000000Z", "event": "{day}"}}', day)
    at = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)
    assert [one["event"] for one in securitylog.read(tmp_path, at, at)] == ["2026-03-02"]
