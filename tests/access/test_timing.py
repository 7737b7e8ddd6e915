"""Times tell nothing: what somebody must not learn from an answer cannot be read from how long it takes either.

The requests go through the test client, inside this process and without a network, which hides nothing and adds little
noise. Passwords are hashed at the full costs of production in the release, so that a skipped hash would be seen. The
limits of attempts stay in force: each request comes from a network of its own, and the counts begin anew now and then,
for both kinds alike. The database is SQLite.
"""

import random
import sqlite3
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from paritrana.accounts import security
from paritrana.clock import SetClock
from paritrana.core.codes import BODY, make_check, shown
from paritrana.core.lifecycle import State
from paritrana.database import db, random_ref
from paritrana.people.models import AccountLink
from tests import factories
from tests.access.clocked import Place, holm, mann_whitney, measured, told_apart, with_slow_branch
from tests.access.stage import Door, Stage
from tests.access.test_embargo import turned
from tests.access.worlds import without_triggers
from tests.conftest import START, Workshop, release

SEED = 20260302
PAIRS = 1000  # two thousand requests at each place
PLANTED = 0.002  # seconds
WRONG = "a wrong pass phrase of many words"
MAC = "A" * 43
COUNTS = ("sign_in_failure", "verify_attempt", "reset_wish")


# The machinery --------------------------------------------------------------------------------------------------------


def test_the_comparison_gives_the_probabilities_of_the_textbook() -> None:
    assert mann_whitney([1, 2, 3, 4, 5], [6, 7, 8, 9, 10]) == pytest.approx(0.012186, abs=1e-6)
    assert mann_whitney([1, 2, 2, 3], [2, 3, 3, 4]) == pytest.approx(0.172034, abs=1e-4)
    assert mann_whitney([1, 1], [1, 1, 1]) == 1
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])


def test_the_comparison_errs_as_seldom_as_it_says_and_sees_a_shift() -> None:
    lot = random.Random(SEED)

    def drawn(shift: float) -> float:
        one, other = ([lot.lognormvariate(0, 0.5) + add for _ in range(40)] for add in (0, shift))
        return mann_whitney(one, other)

    wrong = sum(drawn(0) < 0.05 for _ in range(400))
    right = sum(drawn(0.5) < 0.05 for _ in range(400))
    assert 8 <= wrong <= 34
    assert right > 350


# The places -----------------------------------------------------------------------------------------------------------


def like(text: str) -> str:
    """A reference of the same shape that nothing has."""
    return text[:-4] + ("0000" if not text.endswith("0000") else "1111")


def door(stage: Stage, name: str) -> Door:
    return stage.doors[name, False]


def sign_in_places(stage: Stage) -> list[Place]:
    """Wrong passwords of an account in use and of a closed one, each beside an address without an account."""

    def form(name: str) -> dict[str, str]:
        return {"email": f"{name}@contoh.test", "password": WRONG}

    return [
        Place(f"sign-in of {known}", door(stage, ""), ("/sign-in", "/sign-in"), 422, (form(known), form(other)))
        for known, other in (("verifier-3", "verifier-0"), ("organiser-closed", "organiser-absent"))
    ]


def code_place(stage: Stage, ending: str = "") -> Place:
    """A certificate under embargo, and one that never was."""
    body = "0" * BODY
    codes = stage.code, shown(body + make_check(body))
    addresses = f"/verify/{codes[0]}{ending}", f"/verify/{codes[1]}{ending}"
    return Place(f"certificate{ending}", door(stage, ""), addresses, 404)


def quick_places(stage: Stage) -> list[Place]:
    """What is there and hidden, beside what is not there. That a cycle is there is public, and so is not asked."""
    found = [code_place(stage), code_place(stage, "/certificate.pdf")]
    emails = {"email": "nominee-3@contoh.test"}, {"email": "nominee-0@contoh.test"}
    found.append(Place("forgotten password", door(stage, ""), ("/password/reset", "/password/reset"), 200, emails))
    for address, ref in (("/invitations", stage.invitation), ("/password/new", link_of(stage))):
        cookies = f"; link={ref}.{MAC}", f"; link={like(ref)}.{MAC}"
        found.append(Place(f"link of {address}", door(stage, ""), (address, address), 410, None, cookies))
    for name, address, ref in (
        ("nominee-2", "/nominations/{}", stage.sent),
        ("nominee-2", "/nominations/{}/documents/1/file", stage.sent),
        ("assessor-4", "/assessments/{}/sheet", stage.sent),
        ("assessor-4", "/api/v1/sheets/{}", stage.sheet),
        ("organiser-other", "/nominations/{}", stage.sent),
        ("organiser-other", "/manage/contoh-2025/certificates/register/{}", stage.code),
    ):
        addresses = address.format(ref), address.format(like(ref))
        found.append(Place(f"{address} for {name}", door(stage, name), addresses, 404))
    return found


def embargoed_places(stage: Stage) -> list[Place]:
    """What outsiders are shown while the result is sealed: the worlds differ in marks, ranks and titles alone."""
    return [
        Place(f"{address} for {name or 'the public'}", door(stage, name), (address, address), status)
        for name, address, status in (
            ("", "/cycles/contoh-2025/results/kabkota", 200),
            ("", "/cycles/contoh-2025/results/kabkota.json", 404),
            ("", "/winners", 200),
            ("nominee-1", f"/nominations/{stage.sent}", 200),
            ("nominee-1", "/home", 200),
            ("verifier-1", "/manage/contoh-2025/ranking/kabkota", 404),
        )
    ]


def link_of(stage: Stage) -> str:
    """A link for a new password that waits to be used."""
    ref, at = random_ref("W"), stage.app.extensions["clock"].now()
    with stage.app.app_context():
        db.session.add(
            AccountLink(ref=ref, kind="password", account_id=stage.accounts["nominee-3"], email="nominee-3@contoh.test",
                        asked_by="system", asked_at=at, expires_at=at + timedelta(minutes=30), state="open")
        )  # fmt: skip
        db.session.commit()
        db.session.remove()
    return ref


def slowed(place: Place) -> Place:
    """A place under another name, at which the planted branch waits."""
    return replace(place, name=f"slowed: {place.name}")


def counts_begin_anew(stage: Stage) -> None:
    """Forget the attempts of both kinds, so that no limit is reached and no table grows."""
    for table in COUNTS:
        stage.watch.execute(f"DELETE FROM {table}")


class Worlds:
    """Two worlds that differ in embargoed values alone, and the way from one to the other."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        without_triggers(stage)
        self.kept = sqlite3.connect(":memory:"), sqlite3.connect(":memory:")
        stage.watch.backup(self.kept[0])
        turned(stage, State.SEALED, None)
        stage.watch.backup(self.kept[1])

    def enter(self, kind: int) -> None:
        """Go into a world, and ask for a page that is not measured: the first one reads the tables' forms anew."""
        self.kept[kind].backup(self.stage.watch)
        with door(self.stage, "").client.get("/cycles") as answer:
            answer.get_data()


# The measurements -----------------------------------------------------------------------------------------------------


def test_a_planted_slow_branch_is_found_by_few_requests_too(world_of_access: Stage, monkeypatch) -> None:
    stage = world_of_access
    stage.enter(State.SEALED)
    monkeypatch.setattr(stage.app, "wsgi_app", with_slow_branch(stage.app.wsgi_app))
    places = [code_place(stage), sign_in_places(stage)[0]]
    found = measured(
        places, 30, random.Random(SEED), rest=lambda: counts_begin_anew(stage), planted=5 * PLANTED, warm_up=5
    )
    assert told_apart(found) == [one.name for one in places]
    assert all(one.count == 60 for one in found)


@pytest.fixture
def stage_at_full_costs(workshop: Workshop, tmp_path, monkeypatch) -> Iterator[Stage]:
    """The world of the walk, whose passwords cost as much as in production."""
    monkeypatch.setattr(security, "COSTS_OF_TESTS", security.COSTS)
    monkeypatch.setattr(factories, "_hashed", {})
    engine = workshop.engine("sqlite")
    app = workshop.build(engine.fresh("timing"), tmp_path)
    clock = SetClock(START)
    app.extensions["clock"] = clock
    yield Stage(app, clock)
    release(app)
    engine.drop("timing")


@pytest.mark.release
@pytest.mark.timeout(3600)
def test_times_tell_nothing(stage_at_full_costs: Stage, monkeypatch, figures_of: Callable[..., None]) -> None:
    stage, lot, began = stage_at_full_costs, random.Random(SEED), time.monotonic()
    monkeypatch.setattr(stage.app, "wsgi_app", with_slow_branch(stage.app.wsgi_app))
    stage.enter(State.SEALED)

    def rest() -> None:
        counts_begin_anew(stage)

    found = measured(sign_in_places(stage), PAIRS, lot, rest=rest)
    found += measured(quick_places(stage), PAIRS, lot, rest=rest)
    # The control: a branch that takes two milliseconds longer for one kind, at the same places.
    planted = measured([slowed(code_place(stage))], PAIRS, lot, rest=rest, planted=PLANTED)
    stage.enter(State.SEALED)
    worlds = Worlds(stage)
    found += measured(embargoed_places(stage), PAIRS, lot, before=worlds.enter)
    planted += measured([slowed(embargoed_places(stage)[0])], PAIRS, lot, before=worlds.enter, planted=PLANTED)
    apart, seen = told_apart(found), told_apart([*found, *planted])
    control = {one.name for one in planted} <= set(seen)
    figures_of(
        "timing", promises=["P04", "P21"], routes=len(found), requests=sum(one.count for one in found),
        due=2000 * len(found), significant=len(apart), planted=len(planted),
        widest_ms=round(1000 * max(abs(one.apart) for one in found), 3),
        apart_ms={one.name: round(1000 * one.apart, 3) for one in found},
        least_p=round(min(mann_whitney(*one.seconds) for one in found), 6), hashing="full costs", engine="sqlite",
        client="in process", seed=SEED, seconds=round(time.monotonic() - began, 1), control=control,
    )  # fmt: skip
    assert apart == []
    assert control
