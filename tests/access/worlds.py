"""Two worlds that differ in what somebody must not know: every address that reads, asked in both, byte for byte.

The clock stands still; tokens that are drawn for each answer are blotted out.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from flask import Response

from tests.access.routes import ROUTES, Route
from tests.access.stage import PEOPLE, Stage, Who

# What is drawn for each answer: the token of a form, its idempotency key, and the reference of a refusal.
DRAWN = re.compile(
    rb'I[a-z][\w-]{50,}\.[\w-]{6}\.[\w-]{20,}|(?<=name="idempotency_key" value=")[^"]*'
    rb"|(?<![0-9A-Z-])[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}(?![0-9A-Z-])"
)
SEARCHES: tuple[Mapping[str, str], ...] = ({}, {"q": "Contoh 1"}, {"q": "99.01", "page": "1", "sort": "name"})
# What differs from one look to the next, whatever the worlds hold: the machine, and what the own log lines say of it.
MOVING = {"/system", "/metrics", "/healthz", "/readyz", "/profile/data", "/profile/data.json"}
LIST_DEPTH = 2  # addresses of lists have at most so many slashes

Answers = dict[tuple[str, str, int], str]


def person(name: str) -> Who:
    """Somebody of the walk with a sign-in of a moment ago."""
    return next(who for who in PEOPLE if who.name == name and not who.stale)


def addresses(stage: Stage, who: Who, references: Iterable[str]) -> list[str]:
    """Every address that reads, where it names a nomination or a sheet with each of the references."""
    found: list[str] = []
    for route in ROUTES:
        if not route.safe or "static" in route.rule or route.rule in MOVING:
            continue
        each = references if "<ref>" in route.rule else [""]
        found += [stage.address(who, _with(route, ref)) for ref in each]
    return list(dict.fromkeys(found))


def _with(route: Route, ref: str) -> Route:
    return replace(route, rule=route.rule.replace("<ref>", ref))


def seen(stage: Stage, who: Who, asked: Iterable[str]) -> Answers:
    """A digest of every answer to a person: status, headers and body, as page and for machines, also with searches."""
    door, found = stage.doors[who.name, False], {}
    stage.watch.execute("DELETE FROM verify_attempt")  # each world begins without guesses
    for address in asked:
        for kind in ("text/html", "application/json"):
            for no, search in enumerate(SEARCHES if kind == "text/html" else SEARCHES[:1]):
                if no and address.count("/") > LIST_DEPTH:
                    continue
                headers = {"Cookie": door.cookie, "Accept": kind}
                with door.client.get(address, headers=headers, query_string=search) as answer:
                    told = {name: value for name, value in answer.headers if name not in {"Set-Cookie", "Date"}}
                    body = DRAWN.sub(b"", answer.get_data())
                    whole = repr((answer.status_code, sorted(told.items()))).encode() + body
                found[address, kind, no] = hashlib.sha256(whole).hexdigest()
    return found


def differing(one: Mapping[Any, str], other: Mapping[Any, str]) -> list[Any]:
    """The questions that are answered otherwise."""
    return sorted(what for what, said in one.items() if other[what] != said)


def without_triggers(stage: Stage) -> None:
    """Let the second world be written over the first one; `enter_again` brings the triggers back."""
    triggers = [row[0] for row in stage.watch.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")]
    for name in triggers:
        stage.watch.execute(f"DROP TRIGGER {name}")


def finds_a_leak(stage: Stage, who: Who, secret: str, parameters: tuple[Any, ...] = ()) -> bool:
    """Whether a page that tells the one value which the statement `secret` reads is found out.

    The worlds stand at the second one; afterwards they stand at the first.
    """

    def leak(answer: Response) -> Response:
        if answer.mimetype == "text/html":
            value = stage.watch.execute(secret, parameters).fetchone()[0]
            answer.set_data(answer.get_data() + f"<!-- {value} -->".encode())
        return answer

    hooks = stage.app.after_request_funcs.setdefault(None, [])
    hooks.append(leak)
    try:
        second = seen(stage, who, ["/"])
        stage.enter_again()
        return bool(differing(seen(stage, who, ["/"]), second))
    finally:
        hooks.remove(leak)
