"""Times of answers to questions of two kinds that nobody may tell apart, and whether they can be after all.

Two samples are compared by the Mann-Whitney test, several comparisons by Holm's rule. A difference counts when it is
significant and its medians are at least half a millisecond apart: less is lost on the way through any network.
"""

import math
import random
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from tests.access.stage import Door

LEVEL = 0.05
EFFECT = 0.0005  # seconds
WARM_UP = 20  # pairs that are asked and not counted
SLOW = "tests.slow"  # in the environment of a request: the seconds for which the planted branch waits


def mann_whitney(one: Sequence[float], other: Sequence[float]) -> float:
    """The two-sided probability, by the normal approximation with corrections for ties and for continuity."""
    n, m = len(one), len(other)
    values = sorted([(value, 0) for value in one] + [(value, 1) for value in other])
    total, ranks, ties, begin = n + m, 0.0, 0, 0
    while begin < total:
        end = begin
        while end < total and values[end][0] == values[begin][0]:
            end += 1
        rank = (begin + 1 + end) / 2
        ranks += rank * sum(which == 0 for _value, which in values[begin:end])
        ties += (end - begin) ** 3 - (end - begin)
        begin = end
    above = ranks - n * (n + 1) / 2
    variance = n * m / 12 * (total + 1 - ties / (total * (total - 1)))
    if variance <= 0:
        return 1.0
    z = max(abs(above - n * m / 2) - 0.5, 0) / math.sqrt(variance)
    return math.erfc(z / math.sqrt(2))


def holm(probabilities: Sequence[float]) -> list[float]:
    """The probabilities of one family, adjusted so that all together err no more often than one would."""
    order = sorted(range(len(probabilities)), key=probabilities.__getitem__)
    adjusted, highest = [0.0] * len(order), 0.0
    for place, which in enumerate(order):
        highest = max(highest, min(1.0, (len(order) - place) * probabilities[which]))
        adjusted[which] = highest
    return adjusted


@dataclass
class Times:
    """The seconds of the answers at one place, by kind, in the order in which they were asked for."""

    name: str
    seconds: tuple[list[float], list[float]] = field(default_factory=lambda: ([], []))
    statuses: set[int] = field(default_factory=set)

    @property
    def apart(self) -> float:
        """Seconds by which the median of the second kind is above that of the first."""
        return median(self.seconds[1]) - median(self.seconds[0])

    @property
    def count(self) -> int:
        """How many answers were counted."""
        return sum(map(len, self.seconds))


def told_apart(family: Sequence[Times]) -> list[str]:
    """The places at which the two kinds can be told apart by their times."""
    adjusted = holm([mann_whitney(*one.seconds) for one in family])
    return [
        one.name
        for one, probability in zip(family, adjusted, strict=True)
        if probability < LEVEL and abs(one.apart) >= EFFECT
    ]


@dataclass(frozen=True)
class Place:
    """An address that is asked for two things; whoever asks must not learn which of the two it was."""

    name: str
    door: Door
    addresses: tuple[str, str]
    status: int  # of both answers
    forms: tuple[Mapping[str, str], Mapping[str, str]] | None = None  # what is sent; nothing: the page is read
    cookies: tuple[str, str] = ("", "")

    def ask(self, kind: int, source: str, slow: float = 0.0) -> tuple[int, float]:
        """Status and seconds of one answer, read to its end, to somebody at the network address `source`."""
        headers = {"Cookie": self.door.cookie + self.cookies[kind], "Sec-Fetch-Site": "same-origin"}
        sent: dict[str, Any] = {"headers": headers, "environ_overrides": {"REMOTE_ADDR": source, SLOW: slow}}
        if self.forms is not None:
            sent["data"] = {"csrf_token": self.door.token, **self.forms[kind]}
        method = "GET" if self.forms is None else "POST"
        begun = time.perf_counter()
        with self.door.client.open(self.addresses[kind], method=method, **sent) as answer:
            answer.get_data()
        return answer.status_code, time.perf_counter() - begun


def measured(
    places: Sequence[Place],
    pairs: int,
    lot: random.Random,
    *,
    before: Callable[[int], None] = lambda kind: None,
    rest: Callable[[], None] = lambda: None,
    planted: float = 0.0,
    warm_up: int = WARM_UP,
) -> list[Times]:
    """The times of so many pairs of answers at each place, in an order drawn by `lot`, each from a network of its own.

    `before` is called with the kind that comes next; `rest` now and then, between two pairs. `planted` seconds are
    waited for the second kind by `with_slow_branch`.
    """
    found = [Times(one.name) for one in places]
    for pair in range(warm_up + pairs):
        if pair % 40 == 0:
            rest()
        for kind in lot.sample((0, 1), 2):
            before(kind)
            for place, times in lot.sample(list(zip(places, found, strict=True)), len(places)):
                source = f"10.{lot.randrange(256)}.{lot.randrange(256)}.{lot.randrange(1, 255)}"
                status, seconds = place.ask(kind, source, planted * kind)
                times.statuses.add(status)
                if pair >= warm_up:
                    times.seconds[kind].append(seconds)
    for place, times in zip(places, found, strict=True):
        assert times.statuses == {place.status}, (place.name, times.statuses)
    return found


def with_slow_branch(application: Callable[..., Iterable[bytes]]) -> Callable[..., Iterable[bytes]]:
    """The application behind a wrapper that waits as long as the environment of a request says."""

    def slow(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if environ.get(SLOW):
            time.sleep(environ[SLOW])
        return application(environ, start_response)

    return slow
