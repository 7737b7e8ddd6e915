"""The queue of the score sheet: whatever the network does, server and device end with the same marks, stored once."""

import itertools
from collections.abc import Iterator
from typing import Any, Protocol

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from paritrana.database import db
from paritrana.sheets.models import Mark, MarkRevision
from tests.factories import sign_in, world
from tests.interviews.stages import shortlisted
from tests.sheets.desks import opened, token_of
from tests.sheets.queues import TEXTS, Queue, SmallServer

CODES = ("A1", "A2")
DEVICES = (0, 1)
NO_TEXT = dict.fromkeys(TEXTS, "")
QUIET = {"deadline": None, "suppress_health_check": list(HealthCheck)}
numbers = itertools.count()

which, place, code, device = st.booleans(), st.integers(0, 5), st.sampled_from(CODES), st.sampled_from(DEVICES)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("says"), device, code, st.sampled_from(["mark", "mark", "mark", "abstain", "wrong", "note"])),
        st.tuples(st.just("send"), device, code, st.none()),
        st.tuples(st.just("send"), device, code, st.none()),
        st.tuples(st.just("arrives"), place, which, st.none()),
        st.tuples(st.just("arrives"), place, which, st.none()),
        st.tuples(st.just("is_told"), place, which, st.none()),
        st.tuples(st.just("is_told"), place, which, st.none()),
        st.tuples(st.just("lost"), place, which, st.none()),
        st.tuples(st.just("reads"), device, code, st.none()),
        st.tuples(st.just("comes"), place, which, st.none()),
        st.tuples(st.just("chooses"), device, code, st.sampled_from(["mine", "theirs"])),
    ),
    min_size=4,
    max_size=32,
)


class Server(Protocol):
    """What keeps the marks."""

    def told(self, code: str) -> dict[str, Any]:
        """One indicator as the interface tells it."""

    def put(self, code: str, base: int, key: str, body: dict[str, str]) -> tuple[int, dict[str, Any]]:
        """Store one mark."""

    def stored(self, code: str) -> list[dict[str, str]]:
        """Every version of a mark, oldest first."""


class Small(SmallServer):
    """The small server, asked like the real one."""

    def stored(self, code: str) -> list[dict[str, str]]:
        """Every version of a mark, oldest first."""
        return self.history[code]


class Real:
    """The application behind its HTTP door, with one sheet that goes on from run to run."""

    def __init__(self, client: Any, sheet: str) -> None:
        self.client, self.address, self.token = client, f"/api/v1/sheets/{sheet}", token_of(client)

    def told(self, code: str) -> dict[str, Any]:
        """One indicator as the interface tells it."""
        found: dict[str, Any] = self.client.get(self.address, query_string={"lang": "en"}).json["marks"][code]
        return found

    def put(self, code: str, base: int, key: str, body: dict[str, str]) -> tuple[int, dict[str, Any]]:
        """Store one mark."""
        headers = {
            "If-Match": f'"{base}"', "Idempotency-Key": key, "X-CSRFToken": self.token, "Sec-Fetch-Site": "same-origin",
        }  # fmt: skip
        answer = self.client.put(
            f"{self.address}/marks/{code}", json=body, headers=headers, query_string={"lang": "en"}
        )
        return answer.status_code, answer.json

    def stored(self, code: str) -> list[dict[str, str]]:
        """Every version of a mark, oldest first."""
        db.session.rollback()
        rows = db.session.scalars(
            select(MarkRevision)
            .join(Mark, Mark.id == MarkRevision.mark_id)
            .where(Mark.indicator == code)
            .order_by(MarkRevision.version)
        )
        return [
            {"value": "" if one.value is None else f"{one.value:.2f}", "abstain_note": one.abstain_note,
             "panel_note": one.panel_note, "feedback": one.feedback}
            for one in rows
        ]  # fmt: skip


def spelled(text: dict[str, str]) -> tuple[str, ...]:
    """What a text says, however its mark is written."""
    value = text["value"].replace(",", ".")
    return (f"{float(value):.2f}" if value else "", *(text[name] for name in TEXTS[1:]))


class Run:
    """Two devices, one server and a network that loses, repeats and reorders."""

    def __init__(self, queue: Queue, server: Server, fault: str = "") -> None:
        self.queue, self.server, self.number = queue, server, next(numbers)
        queue.start(f"run{self.number}", fault)
        self.requests: list[tuple[int, str, Any]] = []
        self.answers: list[tuple[int, str, Any, int, Any]] = []
        self.copies: list[tuple[int, str, Any]] = []
        self.now: dict[tuple[int, str], Any] = {}
        self.word: dict[tuple[int, str], tuple[str, ...]] = {}  # the last thing a person said there and did not give up
        self.informed: dict[tuple[int, str], int] = {}  # the version a person knew when saying or choosing it
        self.before = {code: len(server.stored(code)) for code in CODES}
        self.time = 0
        for one in DEVICES:
            for name in CODES:
                told = server.told(name)
                self.now[one, name] = queue.do("opened", device=one, sheet="L-1", code=name, told=told)
                self.informed[one, name] = told["version"]
                self.copies.append((one, name, told))  # the page as a device kept it, which may be opened much later

    def take(self, step: tuple[Any, ...]) -> None:
        """One step of a person or the network."""
        act, *values = step
        getattr(self, act)(*values)

    def looks(self, one: int, name: str, found: Any, *, typed: bool = False) -> None:
        """Nothing older or lower is shown than before, and no word is replaced while it waits."""
        known = self.now[one, name]
        assert found["version"] >= known["version"]
        if not typed and (found["unsent"] or found["version"] == known["version"]):
            assert spelled_or_typed(found["shown"]) == spelled_or_typed(known["shown"])
        self.now[one, name] = found

    def says(self, one: int, name: str, what: str) -> None:
        """A person types."""
        number = next(numbers) % 1000
        value = f"{number // 100},{number % 100:02d}"
        text = {**NO_TEXT, "value": value}
        if what == "abstain":
            text = {**NO_TEXT, "abstain_note": f"Reason {self.number}-{number}"}
        elif what == "note":
            text["panel_note"] = f"Note {self.number}-{number}"
        elif what == "wrong":
            text["value"] = "11"
        if not self.now[one, name]["unsent"]:
            self.informed[one, name] = self.now[one, name]["version"]
        self.time += 1
        found = self.queue.do("says", device=one, code=name, text=text, at=f"{self.time:06d}")
        self.looks(one, name, found, typed=True)
        assert found["shown"] == text
        self.word[one, name] = spelled(text)

    def send(self, one: int, name: str, _nothing: None = None) -> None:
        """The device begins, or repeats, what waits."""
        attempt = self.queue.do("begin", device=one, code=name)
        if attempt is not None:
            self.requests.append((one, name, attempt))

    def arrives(self, at: int, twice: bool, _nothing: None = None) -> None:
        """One of the requests under way reaches the server; perhaps it comes again later."""
        if not self.requests:
            return
        found = self.requests[at % len(self.requests)]
        if not twice:
            self.requests.remove(found)
        one, name, attempt = found
        assert attempt["base"] <= self.informed[one, name], "nobody has seen what this overwrites"
        status, answer = self.server.put(name, attempt["base"], attempt["key"], attempt["body"])
        self.answers.append((one, name, attempt, status, answer))

    def is_told(self, at: int, twice: bool, _nothing: None = None) -> None:
        """One of the answers under way reaches its device."""
        if not self.answers:
            return
        found = self.answers[at % len(self.answers)]
        if not twice:
            self.answers.remove(found)
        one, name, attempt, status, answer = found
        if status == 200:
            self.informed[one, name] = max(self.informed[one, name], answer["version"])
        self.looks(
            one, name,
            self.queue.do("answered", device=one, code=name, attempt=attempt, status=status, answer=answer),
        )  # fmt: skip

    def lost(self, at: int, request: bool, _nothing: None = None) -> None:
        """A request or an answer goes nowhere."""
        under_way: list[Any] = self.requests if request else self.answers
        if under_way:
            under_way.pop(at % len(under_way))

    def reads(self, one: int, name: str, _nothing: None = None) -> None:
        """A device asks for a copy, which is under way for a while."""
        self.copies.append((one, name, self.server.told(name)))

    def comes(self, at: int, twice: bool, _nothing: None = None) -> None:
        """One of the copies reaches its device, however old it is by now."""
        if not self.copies:
            return
        found = self.copies[at % len(self.copies)]
        if not twice:
            self.copies.remove(found)
        one, name, told = found
        self.looks(one, name, self.queue.do("opened", device=one, sheet="L-1", code=name, told=told))

    def chooses(self, one: int, name: str, which: str) -> None:
        """A person chooses one of two versions, where there are two."""
        known = self.now[one, name]
        if known["state"] != "two":
            return
        self.informed[one, name] = known["version"]
        if which == "theirs":
            self.word.pop((one, name), None)
        found = self.queue.do("chosen", device=one, code=name, which=which, version=known["version"])
        self.looks(one, name, found, typed=True)

    def ends(self) -> None:
        """The network is whole again: everything is sent, every question answered, every device looks once more."""
        self.requests.clear()
        self.answers.clear()
        self.copies.clear()
        pairs = list(itertools.product(DEVICES, CODES))
        for _round in range(12):
            for one, name in pairs:
                self.chooses(one, name, "mine")
                if self.now[one, name]["state"] == "refused":
                    self.says(one, name, "mark")
                self.send(one, name)
                self.arrives(0, False)
                self.is_told(0, False)
            if not any(self.now[pair]["unsent"] for pair in pairs):
                break
        for one, name in pairs:
            self.reads(one, name)
            self.comes(0, False)
            shown, told = self.now[one, name], self.server.told(name)
            assert shown["state"] == "stored"
            assert spelled(shown["shown"]) == spelled({**told, "value": told["shown"]})
        for name in CODES:
            stored = [spelled(one) for one in self.server.stored(name)]
            new = stored[self.before[name] :]
            assert len(set(new)) == len(new), "a word is stored twice"
            for (_one, where), word in self.word.items():
                assert where != name or word in stored, "a word is lost"


def spelled_or_typed(text: dict[str, str]) -> tuple[str, ...]:
    """The same for texts that may be no mark at all."""
    return tuple(text.values()) if text["value"] == "11" else spelled(text)


@pytest.fixture(scope="module")
def queue() -> Iterator[Queue]:
    """The queue of the sheet, as browsers run it."""
    with Queue() as running:
        yield running


def walk(queue: Queue, server: Server, taken: list[tuple[Any, ...]], fault: str = "") -> None:
    """One run from the first step to the end."""
    run = Run(queue, server, fault)
    for step in taken:
        run.take(step)
    run.ends()


@settings(max_examples=2000, **QUIET)
@given(taken=steps)
def test_whatever_the_network_does_server_and_device_end_alike(queue: Queue, taken: list[tuple[Any, ...]]) -> None:
    walk(queue, Small(CODES), taken)


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param("takes every copy", marks=pytest.mark.slow),  # needs the longest runs to be found
        "forgets what was typed meanwhile",
        "overwrites",
    ],
)
def test_a_queue_with_a_fault_is_found_out(queue: Queue, fault: str) -> None:
    @settings(max_examples=1900, database=None, derandomize=True, report_multiple_bugs=False, **QUIET)
    @given(taken=steps)
    def runs(taken: list[tuple[Any, ...]]) -> None:
        walk(queue, Small(CODES), taken, fault)

    with pytest.raises(AssertionError):
        runs()


def test_a_mark_that_meets_the_lock_is_delivered_late_and_then_waits_no_more(queue: Queue) -> None:
    queue.start("late")
    one = {"device": 0, "code": "A1"}
    queue.do("opened", sheet="L-1", told=Small(CODES).told("A1"), **one)
    queue.do("says", text={**NO_TEXT, "value": "8"}, at="000001", **one)
    attempt = queue.do("begin", **one)
    closed = queue.do("answered", attempt=attempt, status=409, answer={"code": "sheet_closed"}, **one)
    assert (closed["state"], closed["unsent"]) == ("waiting", True)
    late = queue.do("begin", **one)
    assert (late["late"], late["body"]["value"], late["at"]) == (True, "8", "000001")
    assert late["key"] != attempt["key"]
    again = queue.do("answered", attempt=late, status=409, answer={"code": "sheet_open"}, **one)
    assert again["state"] == "waiting"
    usual = queue.do("begin", **one)
    assert usual["late"] is False
    queue.do("answered", attempt=usual, status=409, answer={"code": "wrong_state"}, **one)
    late = queue.do("begin", **one)
    kept = queue.do("answered", attempt=late, status=201, answer={}, **one)
    assert (kept["state"], kept["unsent"], kept["shown"]["value"]) == ("late", False, "8")
    assert queue.do("begin", **one) is None


@pytest.mark.parametrize(("which", "value", "left"), [("mine", "8", True), ("theirs", "7.00", False)])
def test_a_choice_between_two_versions_waits_until_the_server_has_noted_it(
    queue: Queue, which: str, value: str, left: bool
) -> None:
    queue.start("aside")
    one, server = {"device": 0, "code": "A1"}, Small(CODES)
    queue.do("opened", sheet="L-1", told=server.told("A1"), **one)
    queue.do("says", text={**NO_TEXT, "value": "8"}, at="000001", **one)
    attempt = queue.do("begin", **one)
    server.put("A1", 0, "another-device", {**NO_TEXT, "value": "7"})
    status, answer = server.put("A1", attempt["base"], attempt["key"], attempt["body"])
    assert queue.do("answered", attempt=attempt, status=status, answer=answer, **one)["state"] == "two"
    made = queue.do("chosen", which=which, version=1, key="k-1", **one)
    assert (made["unsent"], made["shown"]["value"]) == (True, value)
    (aside,) = queue.do("asides", **one)
    assert aside["key"] == "k-1"
    assert aside["body"] == {**NO_TEXT, "value": "8", "device_at": "000001", "base": 0, "against": 1, "chosen": which}
    assert queue.do("chosen", which="mine", version=1, key="k-2", **one) == made  # there is nothing to choose any more
    noted = queue.do("noted", key="k-1", **one)
    assert (noted["unsent"], noted["shown"]["value"]) == (left, value)


@pytest.fixture
def real(app: Any, db_session: Any, clock: Any) -> Real:
    """The application with an opened sheet and its assessor at the door."""
    here = world()
    sheet = opened(here, shortlisted(here, clock, 1)[0])
    client = app.test_client()
    sign_in(client, "assessor-3")
    return Real(client, sheet.ref)


MOSTLY_SQLITE = pytest.mark.parametrize(
    "engine_name", ["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)], indirect=True
)


@MOSTLY_SQLITE
@settings(max_examples=25, **QUIET)
@given(taken=steps)
def test_the_same_holds_at_the_door_of_the_application(queue: Queue, real: Real, taken: list[tuple[Any, ...]]) -> None:
    walk(queue, real, taken)


puts = st.lists(
    st.tuples(
        code, st.integers(-1, 1), st.integers(0, 3), st.sampled_from(["8,5", "8.50", "0", "", "11", "7"]),
        st.sampled_from(["", "", "A note."]),
    ),
    min_size=1, max_size=6,
)  # fmt: skip


@MOSTLY_SQLITE
@settings(max_examples=40, **QUIET)
@given(taken=puts)
def test_the_small_server_answers_as_the_application_does(real: Real, taken: list[tuple[Any, ...]]) -> None:
    run, small = next(numbers), Small(CODES)
    for name in CODES:
        small.history[name] = real.stored(name)
    for name, off, key, value, note in taken:
        base = max(len(small.stored(name)) + off, 0)
        body = {**NO_TEXT, "value": value, "panel_note": note}
        told, expected = (server.put(name, base, f"small-server-{run}-{key}", body) for server in (real, small))
        assert told[0] == expected[0]
        if told[0] == 200:
            assert {one: told[1][one] for one in expected[1]} == expected[1]
        assert real.stored(name) == small.stored(name)
