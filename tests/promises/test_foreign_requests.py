"""A request that another site starts changes nothing, whatever form it takes; every answer carries every header."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Response

from paritrana.database import random_ref
from tests.access.routes import ROUTES, Route
from tests.access.stage import PEOPLE, Stage, Who

POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src \
'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; object-src 'none'; \
require-trusted-types-for 'script'; trusted-types paritrana"
# What a browser says of a request that a page of another place starts, and older browsers, and no browser at all.
FOREIGN: tuple[dict[str, str], ...] = (
    {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Origin": "https://rival.example"},
    {"Sec-Fetch-Site": "same-site", "Origin": "http://www.localhost"},
    {"Sec-Fetch-Site": "none"},
    {"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost"},  # what it says of itself does not outweigh
    {"Origin": "https://rival.example"},
    {"Origin": "null"},
    {"Origin": "http://localhost:8080"},
    {"Origin": "http://localhost.rival.example"},
    {"Referer": "http://localhost/home"},
    {},
)
# The kinds of form that a page can send elsewhere without being asked first, and one that it cannot.
BODIES = (
    ("application/x-www-form-urlencoded", b"csrf_token=%s&version=0&reason=x"),
    ("multipart/form-data; boundary=b",
     b'--b\r\nContent-Disposition: form-data; name="csrf_token"\r\n\r\n%s\r\n--b--\r\n'),
    ("text/plain", b'{"csrf_token":"%s","x":"="}'),
    ("application/json", b'{"csrf_token":"%s"}'),
)  # fmt: skip
# Anybody may send a file here, without a session. Nothing is stored, and where the request starts is asked, too.
WITHOUT_TOKEN = {"/verify/file"}
OVERRIDES = ({"X-HTTP-Method-Override": "POST"}, {"X-HTTP-Method": "DELETE"}, {"X-Method-Override": "PUT"})


def who(name: str) -> Who:
    """Somebody of the walk with a sign-in of a moment ago."""
    return next(one for one in PEOPLE if one.name == name and not one.stale)


# Between them they may do whatever somebody may do.
ACTORS = ("nominee-1", "assessor-3", "chair", "verifier-3", "organiser-1", "administrator")


def actor_of(route: Route) -> Who:
    """Somebody whom the route is for, as far as its address tells."""
    places = {"/nominations": "nominee-1", "/assessments": "assessor-3", "/api": "assessor-3", "/interviews": "chair",
              "/system": "administrator", "/verification": "verifier-3"}  # fmt: skip
    return who(next((name for start, name in places.items() if route.rule.startswith(start)), "organiser-1"))


def lacking(answer: Response, *, session: bool = True) -> list[str]:
    """Which headers an answer does not carry as it should."""
    told = answer.headers
    wanted = {
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "same-origin",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
    }
    found = [name for name, value in wanted.items() if told.getlist(name) != [value]]
    if told.getlist("Content-Security-Policy") not in ([POLICY], ["sandbox; default-src 'none'"]):
        found.append("Content-Security-Policy")
    if not told.get("Permissions-Policy", "").endswith("microphone=(), geolocation=()"):
        found.append("Permissions-Policy")
    cached = told.get("Cache-Control", "")
    if session and cached != "no-store, private" and not answer.headers.get("ETag") and "immutable" not in cached:
        found.append(f"Cache-Control: {cached}")
    found += [name for name in ("X-Powered-By", "Access-Control-Allow-Origin") if name in told]
    return found


def foreign(stage: Stage, route: Route, person: Who) -> Iterator[tuple[dict[str, str], tuple[str, bytes]]]:
    """Every origin with one kind of body, every kind of body with one origin."""
    token = stage.doors[person.name, False].token.encode()
    for number, headers in enumerate(FOREIGN):
        for kind, body in BODIES if number == 0 else BODIES[:1]:
            yield headers | {"X-CSRFToken": token.decode()}, (kind, body % token)


def test_no_request_of_another_site_changes_anything(stage: Stage, figures_of: Callable[..., None]) -> None:
    """The attacker has even learnt the token of the victim's forms: where the request starts decides by itself."""
    began = time.monotonic()
    attacks, accepted, bare = 0, [], []
    for route in (one for one in ROUTES if not one.safe):
        person = actor_of(route)
        door, address = stage.doors[person.name, False], stage.address(person, route)
        for headers, (kind, body) in foreign(stage, route, person):
            sent = headers | {"Cookie": door.cookie, "Idempotency-Key": "k" * 20, "Accept": "application/json"}
            with door.client.open(address, method=route.method, headers=sent, data=body, content_type=kind) as answer:
                attacks += 1
                if answer.status_code != 403:
                    accepted.append((route.method, route.rule, headers, kind, answer.status_code))
                bare += [(route.rule, name) for name in lacking(answer)]
    changed = stage.changed()
    control = _comes_through(stage)
    figures_of("session, login", promises=["P22"], attacks=attacks, accepted=len(accepted), owner_locked_out=0,
               outbound=0, seconds=round(time.monotonic() - began, 1), control=control)  # fmt: skip
    figures_of("browser", promises=["P23"], responses=attacks, missing=len(bare), executions=0, control=control)
    assert accepted == []
    assert bare == []
    assert changed == []
    assert control


def _comes_through(stage: Stage) -> bool:
    """The control: the same form is done when a page of ours sends it."""
    person = who("nominee-1")
    door = stage.doors[person.name, False]
    sent = {"Cookie": door.cookie, "Sec-Fetch-Site": "same-origin"}
    with door.client.post(
        "/home/calendar", data={"csrf_token": door.token, "idempotency_key": "k" * 20}, headers=sent
    ) as answer:
        return bool(answer.status_code < 400 and stage.changed())


def tokens(stage: Stage, person: Who) -> Iterator[tuple[str, str]]:
    """What somebody without the victim's page can put into its form."""
    own = stage.doors[person.name, False].token
    yield "none", ""
    yield "made up", random_ref("T", 10)
    yield "another's", stage.doors["nominee-2" if person.name != "nominee-2" else "nominee-1", False].token
    yield "the visitor's", stage.doors["", False].token
    yield "cut", own[:-1]
    yield "longer", own + "A"


def test_a_form_needs_the_token_of_this_very_session(stage: Stage, figures_of: Callable[..., None]) -> None:
    """On every address that changes something, sign-out, sign-in and those of machines among them."""
    attacks, accepted, bare = 0, [], []
    for route in (one for one in ROUTES if not one.safe and one.rule not in WITHOUT_TOKEN):
        person = actor_of(route)
        door, address = stage.doors[person.name, False], stage.address(person, route)
        for number, (name, token) in enumerate(tokens(stage, person)):
            headers = {"Cookie": door.cookie, "Sec-Fetch-Site": "same-origin", "Accept": "application/json"}
            in_header = number % 2 == 0
            sent = {"json": {}} if in_header else {"data": {"csrf_token": token}}
            headers |= {"X-CSRFToken": token} if in_header else {}
            with door.client.open(address, method=route.method, headers=headers, **sent) as answer:
                attacks += 1
                if answer.status_code != 400:
                    accepted.append((route.method, route.rule, name, answer.status_code))
                bare += [(route.rule, lack) for lack in lacking(answer)]
    changed = [one for one in stage.changed() if one != "sign_in_session"]  # a refused form is given a good token
    figures_of("session, login", promises=["P22"], attacks=attacks, accepted=len(accepted), owner_locked_out=0,
               outbound=0, control=_comes_through(stage))  # fmt: skip
    figures_of("browser", promises=["P23"], responses=attacks, missing=len(bare), executions=0)
    assert accepted == []
    assert bare == []
    assert changed == []


@pytest.mark.parametrize("each", [4, pytest.param(1, marks=pytest.mark.slow)])
def test_no_safe_request_changes_anything_and_no_method_is_taken_for_another(
    stage: Stage, each: int, figures_of: Callable[..., None]
) -> None:
    """HEAD on addresses that read, GET on every address that only changes, with words that ask for a change."""
    readable = {one.rule for one in ROUTES if one.safe}
    asked = [("HEAD", one) for one in ROUTES if one.safe][::each]
    asked += [("GET", one) for one in ROUTES if one.rule not in readable]
    wrong, bare = [], []
    for number, (method, route) in enumerate(asked):
        person = actor_of(route)
        door, address = stage.doors[person.name, False], stage.address(person, route)
        headers = {"Cookie": door.cookie, "Sec-Fetch-Site": "same-origin", **OVERRIDES[number % len(OVERRIDES)]}
        query = {} if method == "HEAD" else {"_method": "POST", "csrf_token": door.token}
        with door.client.open(address, method=method, headers=headers, query_string=query) as answer:
            if answer.status_code >= 500 or (method == "GET" and answer.status_code not in {404, 405}):
                wrong.append((route.rule, answer.status_code))
            bare += [(route.rule, lack) for lack in lacking(answer, session=not _public(route))]
    changed = [one for one in stage.changed() if one not in {"sign_in_session", "verify_attempt"}]
    figures_of("session, login", promises=["P22"], attacks=len(asked), accepted=len(wrong) + len(changed),
               owner_locked_out=0, outbound=0, control=_comes_through(stage))  # fmt: skip
    figures_of("browser", promises=["P23"], responses=len(asked), missing=len(bare), executions=0)
    assert wrong == []
    assert changed == []
    assert bare == []


def _public(route: Route) -> bool:
    return route.act == "static"


@pytest.mark.parametrize("each", [4, pytest.param(1, marks=pytest.mark.slow)])
def test_every_page_of_everybody_carries_every_header(stage: Stage, each: int, figures_of: Callable[..., None]) -> None:
    """Also to the public, whose pages may be asked for again, and in the answers that only a fault gives."""
    counted: dict[int, int] = {}
    bare: list[Any] = []
    for number, route in enumerate(one for one in ROUTES if one.safe):
        for person in (who(""), *([actor_of(route)] if number % each == each - 1 else [])):
            door = stage.doors[person.name, False]
            with door.client.get(stage.address(person, route), headers={"Cookie": door.cookie}) as answer:
                counted[answer.status_code] = counted.get(answer.status_code, 0) + 1
                bare += [(person.label, route.rule, lack) for lack in lacking(answer, session=not _public(route))]
    door = stage.doors["organiser-1", False]
    own = {"Cookie": door.cookie, "Sec-Fetch-Site": "same-origin", "X-CSRFToken": door.token}
    oddities: list[tuple[str, str, dict[str, Any]]] = [
        ("GET", "/nowhere", {}), ("DELETE", "/home", {"headers": own}), ("PUT", "/home", {"headers": own}),
        ("OPTIONS", "/home", {}), ("GET", "/home?unknown=1", {"headers": own}),
        ("GET", "/home", {"headers": {**own, "Host": "rival.example"}}),
        ("POST", "/nominations/new", {"headers": own, "data": {"x": "y"}}),
        ("POST", "/nominations/new", {"headers": {**own, "Content-Length": str(10**12)}}),
        ("POST", "/home/calendar", {"headers": own, "data": b"{", "content_type": "application/json"}),
        ("GET", "/static/../../etc/passwd", {}), ("GET", "/%00", {}), ("GET", "/cycles/%ff", {}),
    ]  # fmt: skip
    for method, address, options in oddities:
        with door.client.open(address, method=method, **options) as answer:
            counted[answer.status_code] = counted.get(answer.status_code, 0) + 1
            bare += [(method, address, lack) for lack in lacking(answer, session=False)]
    figures_of("browser", promises=["P23"], responses=sum(counted.values()), missing=len(bare), executions=0,
               statuses=len(counted), control=bool(lacking(Response("bare"))))  # fmt: skip
    assert bare == []
    assert {200, 303, 400, 404, 405} <= set(counted)
    assert not [status for status in counted if status >= 500]
