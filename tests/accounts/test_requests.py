"""Acts of two persons: asked for by one, done when another confirms, and only once."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from paritrana.accounts import requests
from paritrana.accounts.models import StaffRequest
from paritrana.audit.queries import events_of
from paritrana.core.errors import MissingReason, NotFound, SamePerson, WrongState
from paritrana.core.policy import ANYBODY, Act, Actor
from tests.factories import NOW, world

Done = list[tuple[str, str]]


@pytest.fixture
def done() -> Done:
    return []


@pytest.fixture
def act(done: Done) -> requests.StaffAct:
    def carry_out(request: StaffRequest, actor: Actor, at: datetime) -> None:
        done.append((request.given["what"], actor.ref))

    return requests.StaffAct("try_out", "Try out", Act.OPERATE, carry_out)


@pytest.fixture
def people(db_session: Any) -> dict[str, Actor]:
    made = world()
    return {name: made.actor(name) for name in ("administrator", "organiser-1", "organiser-2")}


def asked(act: requests.StaffAct, actor: Actor, **more: Any) -> StaffRequest:
    given = {"reason": "Perlu.", "actor": actor, "at": NOW} | more
    return requests.ask(act, "U-9999-9999", {"what": "this"}, **given)


def test_it_is_done_when_another_person_confirms(act: Any, done: Done, people: dict[str, Actor]) -> None:
    request = asked(act, people["administrator"])
    assert done == []
    requests.confirm(act, requests.get_request(request.ref), actor=people["organiser-1"], at=NOW)
    assert done == [("this", people["organiser-1"].ref)]
    told = [(one.kind, one.content.document["values"]["state"]) for one in events_of(request.ref)]  # type: ignore[index]
    assert told == [("staff_request.asked", "waiting"), ("staff_request.confirmed", "confirmed")]
    with pytest.raises(requests.RequestMoved):
        requests.confirm(act, request, actor=people["organiser-2"], at=NOW)
    assert len(done) == 1


def test_the_same_person_does_not_confirm_but_takes_back(act: Any, done: Done, people: dict[str, Actor]) -> None:
    request = asked(act, people["administrator"])
    with pytest.raises(SamePerson):
        requests.confirm(act, request, actor=people["administrator"], at=NOW)
    requests.decline(request, actor=people["administrator"], at=NOW)
    assert (request.state, done) == ("withdrawn", [])
    again = asked(act, people["administrator"])
    requests.decline(again, actor=people["organiser-1"], at=NOW)
    assert (again.state, done) == ("declined", [])


def test_nothing_is_asked_for_twice_without_a_reason_or_by_nobody(act: Any, people: dict[str, Actor]) -> None:
    with pytest.raises(MissingReason):
        asked(act, people["administrator"], reason=" ")
    with pytest.raises(WrongState):
        asked(act, ANYBODY)
    request = asked(act, people["administrator"])
    with pytest.raises(requests.RequestWaiting):
        asked(act, people["organiser-1"])
    with pytest.raises(WrongState):
        requests.decline(request, actor=ANYBODY, at=NOW)


def test_what_waited_too_long_is_not_confirmed_and_may_be_asked_for_anew(
    act: Any, done: Done, people: dict[str, Actor]
) -> None:
    request = asked(act, people["administrator"])
    late = NOW + requests.WAITS
    with pytest.raises(requests.RequestMoved):
        requests.confirm(act, request, actor=people["organiser-1"], at=late)
    again = asked(act, people["organiser-1"], at=late + timedelta(seconds=1))
    assert (request.state, again.state, done) == ("withdrawn", "waiting", [])


def test_an_act_is_found_by_its_own_name_alone(act: Any, people: dict[str, Actor]) -> None:
    acts = requests.StaffActs(act)
    assert acts.get("try_out") is act
    assert list(acts) == [act]
    with pytest.raises(NotFound):
        acts.get("other")
    with pytest.raises(ValueError, match="one name"):
        requests.StaffActs(act, act)
    other = requests.StaffAct("other", "Other", Act.OPERATE, act.carry_out)
    request = asked(act, people["administrator"])
    with pytest.raises(NotFound):
        requests.confirm(other, request, actor=people["organiser-1"], at=NOW)
    with pytest.raises(NotFound):
        requests.get_request("R-0000-0000")
