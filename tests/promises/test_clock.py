"""A deadline holds to the second on the server's time, whatever the device says and however its clock jumps."""

import hashlib
import re
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from structlog.testing import capture_logs

from paritrana.audit.models import Event
from paritrana.clock import SetClock, SystemClock
from paritrana.core.errors import ParitranaError
from paritrana.cycles import service as cycles
from paritrana.database import db
from tests.factories import World, sign_in, world
from tests.nominations.pages import SAME_ORIGIN, as_typed, coverage, draft, fields_of, filled, paper, send, text_of

SECOND, INSTANT = timedelta(seconds=1), timedelta(microseconds=1)
# How far from the deadline, and whether what comes then is in time.
MOMENTS = [(-SECOND, True), (timedelta(0), True), (INSTANT, False), (SECOND, False), (timedelta(minutes=20), False)]
# What a device may say of the time; none of it is read.
DEVICES = [{}, {"Date": "Mon, 02 Mar 2026 03:00:00 GMT"}, {"X-Client-Time": "2026-03-02T03:00:00Z"},
           {"Timezone": "Asia/Jayapura"}, {"Cookie-Time": "0"}]  # fmt: skip
ZONES = {"WIB": "Asia/Jakarta", "WITA": "Asia/Makassar", "WIT": "Asia/Jayapura"}
Figures = Callable[..., None]


@pytest.fixture
def here(app: Flask, db_session: Any) -> World:
    """A cycle whose clock is the system's: its deadlines pass by themselves."""
    return world(kind="real")


class Nominee:
    """Somebody at a desk whose own clock is wrong."""

    def __init__(self, client: FlaskClient, clock: SetClock, name: str) -> None:
        self.client, self.clock = client, clock
        sign_in(client, name)

    def at(self, moment: datetime, act: Callable[..., Any], *values: Any, **more: Any) -> Any:
        """What an act answers at a moment of the server."""
        before = self.clock.now()
        self.clock.set(moment)
        try:
            return act(self.client, *values, **more)
        finally:
            self.clock.set(before)


def announce(client: FlaskClient, ref: str, content: bytes, headers: dict[str, str]) -> Any:
    """Announce a file."""
    said = {"name": "DPA.pdf", "size": len(content), "sha256": hashlib.sha256(content).hexdigest(),
            "kind": "coverage", "requirement": "coverage_extract"}  # fmt: skip
    return client.post(f"/nominations/{ref}/uploads", json=said, headers=headers)


def headers_of(client: FlaskClient) -> dict[str, str]:
    """What a script of our page sends along."""
    token = re.search(r'name="csrf_token"[^>]* value="([^"]+)"', text_of(client.get("/home")))
    assert token is not None
    return {**SAME_ORIGIN, "X-CSRFToken": token[1], "Accept": "application/json"}


def test_what_comes_a_second_late_is_late_and_what_comes_in_the_last_second_is_not(
    app: Flask, here: World, clock: SetClock, figures_of: Figures
) -> None:
    """Evidence, statements, announced files, and the sending of a whole nomination."""
    closes, grace = here.category.closes_at, here.category.grace_ends_at
    refs = {name: filled(here, name, f"regency-{name[-1]}").ref for name in ("nominee-2", "nominee-3")}
    refs["nominee-1"] = draft(here).ref
    clock.set(closes - timedelta(minutes=5))
    first, second, third = (Nominee(app.test_client(), clock, name) for name in ("nominee-1", "nominee-2", "nominee-3"))
    asked: list[tuple[str, timedelta, bool, bool]] = []

    def ask(what: str, offset: timedelta, due: bool, answer: Any) -> None:
        asked.append((what, offset, due, answer.status_code < 400))

    page = f"/nominations/{refs['nominee-1']}/evidence/coverage"
    sent = headers_of(first.client)
    for number, (offset, due) in enumerate(reversed(MOMENTS)):
        form = fields_of(first.client, page) | as_typed("coverage", coverage())
        ask("evidence", offset, due, first.at(closes + offset, send, page, form))
        told = sent | DEVICES[number % len(DEVICES)]
        content = paper(b"%d" % number)
        ask("announcement", offset, due, first.at(closes + offset, announce, refs["nominee-1"], content, told))
    for nominee, name, moments in ((second, "nominee-2", MOMENTS[1:]), (third, "nominee-3", MOMENTS[:1])):
        for offset, due in reversed(moments):
            address = f"/nominations/{refs[name]}/submit"
            form = fields_of(nominee.client, f"/nominations/{refs[name]}/check", address)
            ask("submission", offset, due, nominee.at(closes + offset, send, address, form, statement="1"))
    # What was announced in time may arrive until the grace time is over.
    content = paper(b"in time")
    answer = first.at(closes, announce, refs["nominee-1"], content, sent)
    assert answer.status_code == 201
    clock.set(grace - timedelta(minutes=5))
    sign_in(first.client, "nominee-1")
    sent = headers_of(first.client)
    for offset, due in reversed(MOMENTS):
        put = {"query_string": {"offset": 0}, "data": content, "headers": sent}
        ask("part of a file", offset, due, first.at(grace + offset, FlaskClient.put, answer.json["upload"], **put))
    wrong = [one for one in asked if one[2] != one[3]]
    control = {due for _what, _offset, due, _said in asked} == {True, False}
    figures_of("clock", promises=["P13"], cases=len(asked), wrong=len(wrong), backwards=0, control=control)
    assert wrong == []


def test_an_extension_reaches_a_form_that_is_open_and_is_shown_in_three_zones(
    app: Flask, here: World, clock: SetClock, figures_of: Figures
) -> None:
    """What was typed before the extension is saved under the new deadline, and refused after it with every word."""
    ref = draft(here).ref
    old = here.category.closes_at
    new = old + timedelta(days=2, hours=3, minutes=4, seconds=5)
    clock.set(old - timedelta(minutes=5))
    nominee = Nominee(app.test_client(), clock, "nominee-1")
    page = f"/nominations/{ref}/evidence/coverage"
    form = fields_of(nominee.client, page) | as_typed("coverage", coverage())
    proposal = cycles.propose_extension(
        here.category, new, "Jaringan terputus.", actor=here.actor("organiser-1"), at=clock.now()
    )
    cycles.confirm_extension(proposal, proposal.digest, actor=here.actor("chair"), at=clock.now())
    db.session.commit()
    cases = [nominee.at(old + SECOND, send, page, form).status_code == 303]
    clock.set(new - timedelta(minutes=5))
    sign_in(nominee.client, "nominee-1")
    for offset, due in reversed(MOMENTS):
        form = fields_of(nominee.client, page)
        answer = nominee.at(new + offset, send, page, form, note="Kata yang diketik")
        cases.append((answer.status_code == 303) == due)
        if not due:
            cases.append("Kata yang diketik" in text_of(answer))
    public = app.test_client()
    for address in ("/cycles/contoh-2025", "/notices"):
        said = " ".join(re.sub(r"<[^>]+>", " ", text_of(public.get(address, query_string={"lang": "en"}))).split())
        for name, zone in ZONES.items():
            local = new.astimezone(ZoneInfo(zone))
            cases.append(f"{local:%H:%M:%S} {name}" in said)
    # A deadline is never brought forward, and nothing is extended once it is over.
    for at, to in ((old, old - SECOND), (old, new), (new + SECOND, new + timedelta(days=3))):
        cases.append(_refused(here, to, at))
    wrong = cases.count(False)
    figures_of(
        "clock", promises=["P13"], cases=len(cases), wrong=wrong, backwards=0, control=not _refused_well(here, new)
    )
    assert wrong == 0


def _refused(here: World, to: datetime, at: datetime) -> bool:
    try:
        cycles.propose_extension(here.category, to, "Alasan.", actor=here.actor("organiser-2"), at=at)
    except (ParitranaError, ValueError):
        db.session.rollback()
        return True
    db.session.rollback()
    return False


def _refused_well(here: World, new: datetime) -> bool:
    """The control: an extension as it should be is not refused."""
    return _refused(here, new + timedelta(days=3), new - SECOND)


def test_time_waits_where_the_clock_of_the_machine_steps_back(figures_of: Figures) -> None:
    start = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)
    machine = [start]
    clock = SystemClock(lambda: machine[0])
    told, alarms = [], []
    for seconds in (0, 5, 5.5, 4.9, 5.2, -3600, -3599, 2, 6, 7, 1, 0.5, 8, 8):
        machine[0] = start + timedelta(seconds=seconds)
        with capture_logs() as lines:
            told.append(clock.now())
        alarms += [line for line in lines if line["event"] == "clock_stepped_back"]
    backwards = sum(later < earlier for earlier, later in pairwise(told))
    raw = [0, 5, 4.9]
    control = sum(later < earlier for earlier, later in pairwise(raw)) == 1
    figures_of("clock", promises=["P13", "P30"], cases=len(told), wrong=abs(len(alarms) - 2), backwards=backwards,
               control=control)  # fmt: skip
    assert backwards == 0
    assert told[-1] == start + timedelta(seconds=8)
    assert [round(line["seconds"]) for line in alarms] == [3606, 6]  # once for each step, not for each look


def test_many_threads_never_see_time_run_backwards() -> None:
    """One thread's look at the machine may be older than what another was told meanwhile."""
    ticks = iter(range(10**9))
    start = datetime(2026, 3, 2, tzinfo=UTC)
    clock = SystemClock(lambda: start + timedelta(microseconds=next(ticks)))
    backwards: list[bool] = []

    def look() -> None:
        told = [clock.now() for _ in range(2_000)]
        backwards.append(any(later < earlier for earlier, later in pairwise(told)))

    threads = [threading.Thread(target=look) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert backwards == [False] * 8


def test_no_event_of_a_stream_is_earlier_than_the_one_before_it(
    app: Flask, here: World, clock: SetClock, figures_of: Figures
) -> None:
    """Though the clock of the process that writes stood an hour back, as after a restart on another machine."""
    ref = draft(here).ref
    nominee = Nominee(app.test_client(), clock, "nominee-1")
    page = f"/nominations/{ref}/evidence/coverage"
    for number, minutes in enumerate((30, -30, 10, -60, 0, 5)):
        form = fields_of(nominee.client, page)
        moment = clock.now() + timedelta(minutes=minutes)
        assert nominee.at(moment, send, page, form, note=f"{number}").status_code == 303
    db.session.rollback()
    streams: dict[str, list[str]] = {}
    for stream, moment in db.session.execute(select(Event.stream, Event.at_utc).order_by(Event.stream, Event.seq)):
        streams.setdefault(stream, []).append(moment)
    backwards = sum(b < a for told in streams.values() for a, b in pairwise(told))
    figures_of("clock", promises=["P13"], cases=sum(map(len, streams.values())), wrong=0, backwards=backwards,
               control=max(map(len, streams.values())) > 6)  # fmt: skip
    assert backwards == 0
