"""The crawl: every address that reads, everything that is sent, what a fault says, and the lines that are written."""

import json
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from flask import Response

from paritrana.database import random_ref
from tests.access.canary_plants import DOCUMENTS, NUMBERS, TYPED, WORD, Secrets
from tests.access.canary_readers import PICTURE_BEGINS, Tail, links, packed, parts, titles
from tests.access.routes import ROUTES, Route
from tests.access.stage import Stage, Who
from tests.access.worlds import LIST_DEPTH, MOVING, addresses

SEARCHES: tuple[Mapping[str, str], ...] = (
    {}, {"q": TYPED["q"], "sort": "name", "page": "1", "reason": TYPED["text"]},
)  # fmt: skip
# Acts that show what a candidate handed in, or what was found and said about it.
LOOKS = {
    "see_nomination", "download_evidence", "see_own_marks", "see_others_marks", "answer_objection", "enter_paper",
    "decide_paper",
}  # fmt: skip
GIVEN = {200, 206, 304}
SECRETARIAT = re.compile("/interviews/[^/]+/paper/[^/]+/scans/")  # pictures of paper, which it made itself

Leak = tuple[str, str, str]  # who, where, what


@dataclass
class Met:
    """What a crawl met."""

    requests: int = 0
    swapped: int = 0
    opened: int = 0  # files that were taken apart
    pictures: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    leaks: list[Leak] = field(default_factory=list)

    @property
    def what(self) -> set[str]:
        """What was found, wherever."""
        return {what for _who, _where, what in self.leaks}


# Pages ----------------------------------------------------------------------------------------------------------------


def crawl(stage: Stage, who: Who, references: Iterable[str], secrets: Secrets, met: Met) -> None:
    """Ask every address that reads, and look for the words in whatever comes.

    Names stand in nobody's titles, addresses and errors.
    """
    references = list(references)
    visit(stage, who, everything(stage, who, references), secrets, met, references=references)


def visit(
    stage: Stage, who: Who, asked: Iterable[str], secrets: Secrets, met: Met, *, references: Iterable[str] = ()
) -> None:
    """The same for these addresses."""
    references = list(references)
    hidden = hidden_from(who, secrets)
    for address in asked:
        met.swapped += any(one in address for one in references)
        for query in SEARCHES if address.count("/") <= LIST_DEPTH else SEARCHES[:1]:
            status, head, body = ask(stage, who, address, query_string=query)
            met.requests += 1
            met.statuses[status] += 1
            told = [body, head]
            if packed(body):
                met.opened += 1
                met.pictures += body.startswith(PICTURE_BEGINS)
                told += parts(body)
            met.leaks += [(who.label, address, what) for what in found_in(told, hidden)]
            met.leaks += [(who.label, address, what) for what in misplaced(who, status, head, body, secrets)]


def everything(stage: Stage, who: Who, references: Iterable[str]) -> list[str]:
    """Every address that reads: those of the walk, those of the machine, and the further files of the candidate."""
    found = addresses(stage, who, references)
    found += [stage.address(who, route) for route in ROUTES if route.safe and route.rule in MOVING]
    for address in list(found):
        if stage.sent in address and "/documents/1/" in address:
            found += [address.replace("/documents/1/", f"/documents/{no}/") for no in DOCUMENTS]
        for end in ("/files/1", "/photos/1", "/scans/1"):
            if address.endswith(end):
                found.append(f"{address[:-1]}2")
    return list(dict.fromkeys(found))


def ask(stage: Stage, who: Who, address: str, **options: Any) -> tuple[int, bytes, bytes]:
    """What comes to a person from an address: the status, the head and the body."""
    door = stage.doors[who.name, False]
    headers = {"Cookie": door.cookie, "Accept": "*/*"} | options.pop("headers", {})
    with door.client.open(address, headers=headers, **options) as answer:
        return answer.status_code, repr(sorted(answer.headers)).encode(), answer.get_data()


def found_in(told: Iterable[bytes], words: Mapping[str, bytes]) -> Iterator[str]:
    """The names of the words that stand somewhere in what was told."""
    told = list(told)
    for name, word in words.items():
        if any(word in one for one in told):
            yield name


def hidden_from(who: Who, secrets: Secrets) -> dict[str, bytes]:
    """The words that somebody outside finds nowhere; an administrator keeps people's accounts and knows their names."""
    hidden = {**secrets.of_candidate, **others(secrets.tokens, who)}
    if "AD" in who.roles:
        hidden.pop("the nominee")
    return hidden


def others(words: Mapping[str, bytes], who: Who) -> dict[str, bytes]:
    """The words but those that are the person's own."""
    return {name: word for name, word in words.items() if who.name not in name.split() or not who.name}


def misplaced(who: Who, status: int, head: bytes, body: bytes, secrets: Secrets) -> Iterator[str]:
    """Names of people where none may stand: in titles, addresses, heads, errors, figures for machines, public pages."""
    if WORD.encode() not in body and WORD.encode() not in head:
        return
    for what in found_in([*titles(body), *links(body), head], secrets.people):
        yield f"name of {what} in a title, an address or a head"
    again = (
        status in {409, 422} and "AD" in who.roles
    )  # the form that was sent, with the people whose accounts it keeps
    if (status >= 400 and not again) or not who.name:
        for what in found_in([body], others(secrets.people, who)):
            yield f"name of {what} on a page for {who.label}, answer {status}"


# What is typed --------------------------------------------------------------------------------------------------------


def type_everywhere(stage: Stage, who: Who, secrets: Secrets, met: Met, routes: Iterable[Route]) -> None:
    """Send a form to every address that changes something, and look at what the refusal says.

    What is typed is secret, too: passwords, numbers, words. It must not reach a log.
    """
    door = stage.doors[who.name, False]
    typed = TYPED | {"email": f"{TYPED['q']}@contoh.test", "reason": TYPED["text"], "number": NUMBERS[0],
                     "name": f"{TYPED['text']} {NUMBERS[1]}", "csrf_token": door.token}  # fmt: skip
    before = stage.watch.execute("PRAGMA data_version").fetchone()
    for route in routes:
        options: dict[str, Any] = {"method": route.method, "data": typed, "query_string": {"reason": TYPED["text"]}}
        headers = {"Sec-Fetch-Site": "same-origin", "X-CSRFToken": door.token, "Accept": "text/html",
                   "Idempotency-Key": random_ref("K", 5)}  # fmt: skip
        status, head, body = ask(stage, who, stage.address(who, route), headers=headers, **options)
        met.requests += 1
        met.statuses[status] += 1
        met.leaks += [(who.label, route.rule, what) for what in found_in([body, head], hidden_from(who, secrets))]
        met.leaks += [(who.label, route.rule, what) for what in misplaced(who, status, head, body, secrets)]
        now = stage.watch.execute("PRAGMA data_version").fetchone()
        if now != before:
            stage.here.backup(stage.watch)
            before = stage.watch.execute("PRAGMA data_version").fetchone()


BROKEN = "CREATE TRIGGER broken BEFORE UPDATE ON account BEGIN SELECT RAISE(ABORT, 'nothing of the inside'); END"


def fault(stage: Stage, who: Who, secrets: Secrets, met: Met) -> None:
    """Have a statement fail that holds what was typed: neither the page of the fault nor the log repeats its values.

    The page gives the form back to whoever sent it; everything else of the inside stays inside.
    """
    door = stage.doors[who.name, False]
    kept = stage.app.config["PROPAGATE_EXCEPTIONS"]
    stage.app.config["PROPAGATE_EXCEPTIONS"] = False
    stage.watch.execute(BROKEN)
    try:
        version = stage.watch.execute("SELECT version FROM account WHERE id = ?", (stage.accounts[who.name],))
        typed = {"name": TYPED["text"], "position": TYPED["q"], "language": "", "version": version.fetchone()[0],
                 "csrf_token": door.token, "idempotency_key": random_ref("K", 5)}  # fmt: skip
        headers = {"Sec-Fetch-Site": "same-origin", "Accept": "text/html"}
        status, head, body = ask(stage, who, "/profile", method="POST", data=typed, headers=headers)
    finally:
        stage.app.config["PROPAGATE_EXCEPTIONS"] = kept
        stage.here.backup(stage.watch)
    assert status == 500, body
    met.requests += 1
    met.statuses[status] += 1
    inside = {"the fault": b"nothing of the inside", "the statement": b"UPDATE account", "the program": b"Traceback"}
    met.leaks += [(who.label, "/profile", what) for what in found_in([body, head], inside)]
    met.leaks += [(who.label, "/profile", what) for what in found_in([body, head], secrets.of_candidate)]


# Views of evidence ----------------------------------------------------------------------------------------------------


@dataclass
class Views:
    """Looks at the candidate by somebody else than its owner."""

    given: int = 0
    unlogged: list[str] = field(default_factory=list)  # of which the log has no whole line of their own
    leaks: list[Leak] = field(default_factory=list)  # notes of a camera: the original is its owner's alone
    pictures: list[str] = field(default_factory=list)  # the addresses that gave one


def look(stage: Stage, who: Who, secrets: Secrets, lines: Tail) -> Views:
    """Look at everything of the candidate that this person may see, and for the line that says so.

    A whole line says who looked, at what and when, and with what outcome.
    """
    (ref,) = stage.watch.execute("SELECT ref FROM account WHERE id = ?", (stage.accounts[who.name],)).fetchone()
    query = {"reason": TYPED["text"]} if "AU" in who.roles else {}
    rows = stage.watch.execute("SELECT ref FROM interview_session WHERE nomination_id = ?", (stage.sent_id,))
    slots = frozenset(row[0] for row in rows)
    views = Views()
    for address in looks(stage, who):
        whole: dict[str, Any] = {"query_string": query}
        part = {**whole, "headers": {"Range": "bytes=0-9"}}
        for options in (whole, part) if address.endswith("/file") else (whole,):
            lines.lines()
            status, head, body = ask(stage, who, address, **options)
            if status not in GIVEN:
                continue
            views.given += 1
            written = [json.loads(line) for line in lines.lines()]
            if not any(_says(line, ref, slots.union(address.split("/")), status) for line in written):
                views.unlogged.append(f"{who.label}: {address}")
            if body.startswith(PICTURE_BEGINS):
                views.pictures.append(address)
            if not SECRETARIAT.match(address):
                told = [head, *parts(body)] if status == 200 else [head, body]
                views.leaks += [(who.label, address, what) for what in found_in(told, secrets.pictures)]
    return views


def looks(stage: Stage, who: Who) -> list[str]:
    """The addresses that show something of the candidate."""
    wanted = [route for route in ROUTES if route.safe and route.act in LOOKS and route.about]
    named = [stage.address(who, route) for route in wanted if route.rule.count("<") and "<cat>" not in route.rule]
    shown = [one for one in everything(stage, who, [stage.sent]) if "/documents/" in one or one[-2:] == "/2"]
    return list(dict.fromkeys([*named, *(one for one in shown if one.endswith(("/file", "/2")))]))


def _says(line: Mapping[str, Any], account: str, about: Collection[str], status: int) -> bool:
    return bool(
        line.get("account") == account
        and line.get("time")
        and line.get("act")
        and line.get("result") in {status, "done"}
        and any(part in about for part in str(line.get("object") or "").split("/"))
    )


# Logs -----------------------------------------------------------------------------------------------------------------


def in_logs(lines: Iterable[str], secrets: Secrets, marked: Callable[[bytes], bool]) -> list[Leak]:
    """What stands in lines of a log that must not: a planted or typed word, a number, an address, a secret, a mark."""
    told = [line.encode() for line in lines]
    text = b"\n".join(told)
    leaks: list[Leak] = []
    words = {**secrets.of_candidate, **secrets.people, **secrets.tokens}
    words |= {"a word": WORD.encode(), "an e-mail address": b"@contoh.test"}
    words |= {one: one.encode() for one in (*NUMBERS, *DOCUMENTS.values())}
    for what, word in words.items():
        if word in text:
            line = next(one for one in told if word in one)
            leaks.append(("log", line.decode()[:300], what))
    leaks += [("log", line.decode()[:300], "a mark") for line in told if marked(_without_moments(line))]
    return leaks


def _without_moments(line: bytes) -> bytes:
    try:
        said = json.loads(line)
    except ValueError:
        return line
    for name in ("time", "timestamp", "seconds"):
        said.pop(name, None)
    return json.dumps(said).encode()


# Controls -------------------------------------------------------------------------------------------------------------


@contextmanager
def telling(stage: Stage, change: Callable[[Response], None]) -> Iterator[None]:
    """An application whose answers are changed meanwhile."""

    def told(answer: Response) -> Response:
        change(answer)
        return answer

    hooks = stage.app.after_request_funcs.setdefault(None, [])
    hooks.append(told)
    try:
        yield
    finally:
        hooks.remove(told)
