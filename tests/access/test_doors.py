"""Who may open what: every address has a declaration, no answer is a fault, and a closed door tells nothing."""

import io
import re
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import IntegerConverter, Rule
from werkzeug.test import TestResponse

from paritrana.core.lifecycle import State
from paritrana.core.policy import MATRIX, POLICY, Role
from paritrana.database import db
from paritrana.files.service import store_upload
from paritrana.files.store import BlobStore
from paritrana.nominations import service as nominations
from paritrana.nominations.models import Attachment, Nomination
from paritrana.sheets.models import Sheet
from paritrana.web.access import UNSAFE, Declared, UndeclaredRoute, check_declarations
from tests.factories import World, sign_in, world
from tests.nominations.pages import PDF, draft, filled

PEOPLE = [
    "public", "nominee-1", "nominee-2", "verifier-1", "assessor-3", "deputy", "chair",
    "organiser-1", "auditor", "administrator",
]  # fmt: skip
SOME = ["public", "nominee-1"]  # whom `make test` sends through all pages; requests by lot ask as the others
# A 401 is the sign-in page itself, shown in the place of what was asked for; a 422 asks the auditor for a reason; a
# 410 says of every link from a letter that it is over.
EXPECTED = {200, 302, 303, 401, 403, 404, 409, 410, 422}
NOBODYS_REF = "N-0000-0000"
SENT_FROM_HERE = {"Sec-Fetch-Site": "same-origin"}
# The switch of the language and the check of a file stand on public pages, which have no token.
WITHOUT_TOKEN = {"/language", "/verify/file"}


def rules_of(app: Flask, *methods: str) -> list[Rule]:
    """The rules of the address map that answer one of `methods`, static files aside."""
    found = [
        rule
        for rule in app.url_map.iter_rules()
        if rule.methods & set(methods) and not rule.endpoint.endswith("static")
    ]
    return sorted(found, key=lambda rule: rule.rule)


def values_for(rule: Rule, ref: str, cycle: str = "contoh-2025", doc: int = 1) -> dict[str, Any]:
    """Something for every variable of an address; numbers are 1, what is not known leads nowhere."""
    known: dict[str, Any] = {
        "cycle": cycle, "cat": "kabkota", "ref": ref, "kind": "coverage", "day": f"{cycle}-1", "item": "coverage",
        "code": "J3", "indicator": "A1", "proposal": "P-0000-0000", "job": "J-0000-0000",
    }  # fmt: skip
    numbers = {name for name in rule.arguments if isinstance(rule._converters[name], IntegerConverter)}
    return {
        name: doc if name == "doc" else 1 if name in numbers else known.get(name, "1") for name in rule.arguments
    }  # fmt: skip


def address_of(app: Flask, rule: Rule, **values: Any) -> str:
    """The address that a rule gives with these values."""
    address: str = app.url_map.bind("localhost").build(rule.endpoint, values, force_external=False)
    return address


def plain(answer: TestResponse, *own: str) -> str:
    """The answer without the token and without the words of its own address, for comparing two to the byte."""
    text = re.sub(r'name="csrf_token" value="[^"]*"', "", answer.get_data(as_text=True))
    for part in own:
        text = text.replace(part, "…")
    return text


def quoted(address: str) -> tuple[str, str]:
    """An address as a page repeats it: whole, or before a query. A longer address is another page."""
    return f'"{address}"', f'"{address}?'


def attach_real_file(app: Flask, here: World, nomination: Nomination) -> None:
    """The last document of the nomination is a file that can be opened."""
    blob, name = store_upload(
        io.BytesIO(PDF),
        filename="bukti.pdf",
        organisation_id=nomination.organisation_id,
        at=here.now,
        store=BlobStore(app.extensions["settings"].blob_path),
        max_bytes=10**6,
    )
    nominations.attach(nomination, "coverage", blob, name, actor=here.actor("nominee-1"), at=here.now)


@pytest.fixture
def made(app: Flask, db_session: Any) -> World:
    """An open category with the sent nomination of nominee-1 and the draft of nominee-2."""
    here = world()
    nomination = filled(here)
    attach_real_file(app, here, nomination)
    nominations.submit(nomination, actor=here.actor("nominee-1"), at=here.now)
    draft(here, "nominee-2", "regency-2")
    db.session.commit()
    return here


def refs(made: World) -> Iterator[str]:
    """References of things that exist in this world, and one that does not."""
    yield from db.session.scalars(db.select(Nomination.ref).order_by(Nomination.id))
    yield from db.session.scalars(db.select(Sheet.ref).order_by(Sheet.id).limit(1))
    yield NOBODYS_REF


def visitor(app: Flask, name: str) -> FlaskClient:
    """A browser in which `name` is signed in; the public is in none."""
    client = app.test_client()
    if name != "public":
        sign_in(client, name)
    return client


@pytest.mark.parametrize("engine_name", ["sqlite"], indirect=True)
def test_every_rule_of_the_address_map_names_an_act_of_the_policy(app: Flask, engine_name: str) -> None:
    for rule in app.url_map.iter_rules():
        declared = getattr(app.view_functions[rule.endpoint], "__allowed__", None)
        assert isinstance(declared, Declared), rule.rule
        assert declared.act in MATRIX, rule.rule


@pytest.mark.parametrize("engine_name", ["sqlite"], indirect=True)
def test_every_act_that_is_not_public_asks_for_a_person(app: Flask, engine_name: str) -> None:
    public = {act for act, row in POLICY.items() if Role.PUBLIC in row}
    client = app.test_client()
    for rule in rules_of(app, "GET"):
        if app.view_functions[rule.endpoint].__allowed__.act in public:
            continue
        address = address_of(app, rule, **values_for(rule, NOBODYS_REF))
        answer = client.get(address)
        assert answer.status_code in (302, 303, 401), address


@pytest.mark.parametrize("engine_name", ["sqlite"], indirect=True)
def test_a_route_without_a_declaration_stops_the_start(make_app, monkeypatch, engine_name) -> None:
    def library(app: Flask) -> None:
        app.add_url_rule("/undeclared", "undeclared", lambda: "")

    monkeypatch.setattr("paritrana.app.Bootstrap5", library)
    with pytest.raises(UndeclaredRoute, match="/undeclared"):
        make_app()


@pytest.mark.parametrize("engine_name", ["sqlite"], indirect=True)
def test_the_refusal_of_the_start_names_every_such_route(make_app, engine_name) -> None:
    app = make_app()
    for path in ("/one", "/two"):
        app.add_url_rule(path, path.strip("/"), lambda: "")
    with pytest.raises(UndeclaredRoute, match=r"/one .*/two "):
        check_declarations(app)


@pytest.mark.parametrize(
    ("name", "states"),
    [
        *(pytest.param(name, (State.VERIFICATION, State.PUBLISHED), id=f"{name}-some") for name in SOME),
        *(pytest.param(name, tuple(State), id=f"{name}-all", marks=pytest.mark.slow) for name in PEOPLE),
    ],
)
def test_no_page_is_a_fault_for_anybody_at_any_stage(
    app: Flask, made: World, name: str, states: tuple[State, ...]
) -> None:
    there = list(refs(made))
    document = db.session.scalar(db.select(db.func.max(Attachment.no)))
    client = visitor(app, name)
    for state in states:
        made.category.state = int(state)
        for rule in rules_of(app, "GET"):
            for ref in there if "ref" in rule.arguments else there[:1]:
                address = address_of(app, rule, **values_for(rule, ref, doc=document))
                with client.get(address) as answer:
                    assert answer.status_code in EXPECTED, (address, state, answer.status_code)


# Words that some page reads from its address, and what they cannot be.
ASKED = [
    "page", "status", "category", "verifier", "differences", "overdue", "show", "doc", "p", "zoom", "turn", "pane",
    "state", "kind", "item", "figure", "corrects", "code", "next", "reason", "add", "offset", "copy",
]  # fmt: skip
STRANGE = ["9" * 30, "-1", "<b>%\u0663"]


def some_often(often: list[str], *others: str) -> pytest.MarkDecorator:
    """Who knocks in `make test`, and who only in the slow set."""
    return pytest.mark.parametrize("name", [*often, *(pytest.param(name, marks=pytest.mark.slow) for name in others)])


@some_often(["organiser-1"], "public", "nominee-1", "verifier-1", "administrator")
def test_no_page_is_a_fault_whatever_its_address_asks_for(app: Flask, made: World, name: str) -> None:
    client, ref = visitor(app, name), next(refs(made))
    made.category.state = int(State.VERIFICATION)
    for rule in rules_of(app, "GET"):
        address = address_of(app, rule, **values_for(rule, ref))
        with client.get(address) as plain_answer:
            if plain_answer.status_code != 200:
                continue
        for value in STRANGE:
            with client.get(address, query_string=dict.fromkeys(ASKED, value)) as answer:
                assert answer.status_code in EXPECTED, (address, value)


@pytest.mark.parametrize("name", ["nominee-1", "verifier-1", "organiser-1"])
def test_a_number_that_no_row_can_have_leads_nowhere(app: Flask, made: World, name: str) -> None:
    client, ref = visitor(app, name), next(refs(made))
    for rule in rules_of(app, "GET"):
        if any(isinstance(one, IntegerConverter) for one in rule._converters.values()):
            address = address_of(app, rule, **values_for(rule, ref))
            found = client.get(re.sub(r"/1(?=/|$)", "/" + "9" * 30, address))
            assert found.status_code in EXPECTED, rule.rule


COUNTS = ("/manage/<cycle>/quality", "/manage/<cycle>/progress", "/manage/<cycle>/consolidations")


@some_often(["nominee-3", "auditor"], "employer", "verifier-1", "administrator")
def test_what_is_not_yours_and_what_is_not_there_answer_alike(app: Flask, made: World, name: str) -> None:
    """Nobody but the nominee may know of a draft; nobody but its officers may know of the overview of a cycle."""
    ref = db.session.scalar(db.select(Nomination.ref).where(Nomination.state == "draft"))
    client = visitor(app, name)
    for rule in rules_of(app, "GET"):
        values = values_for(rule, ref)
        if rule.rule.startswith("/nominations/<ref>"):
            other = values_for(rule, NOBODYS_REF)
        elif rule.rule.startswith("/manage/<cycle>"):
            if name == "auditor" and rule.rule.startswith(COUNTS):
                continue  # counts only: an auditor of the cycle may read them
            other = values_for(rule, ref, "nowhere-2025")
        else:
            continue
        mine, nobodys = address_of(app, rule, **values), address_of(app, rule, **other)
        first, second = client.get(mine), client.get(nobodys)
        assert first.status_code == second.status_code == 404, mine
        assert plain(first, *quoted(mine)) == plain(second, *quoted(nobodys)), mine


@pytest.mark.parametrize("name", ["public", "nominee-1", "organiser-1"])
def test_addresses_that_lead_nowhere_answer_alike(app: Flask, made: World, name: str) -> None:
    client = visitor(app, name)
    nowhere = ["/system/people", "/audit", "/cycles/", "/regions/99/1", "/profile/nothing", "/register",
               "/login", "/logout", "/reset", "/verify-me", "/us-signin", "/mf-recovery", "/api/v1/openapi.json",
               "/manage", "/manage/contoh-2025/users", "/nominations/x/y/z",
               "/.env", "/home/", "/%00", "/static/../app.py"]  # fmt: skip
    answers = {address: client.get(address, headers={"Accept": "text/html"}) for address in nowhere}
    for address, answer in answers.items():
        assert answer.status_code == 404, address
    pages = [address for address in nowhere if not address.startswith(("/api", "/%", "/static"))]
    own = {address: (f'value="{address}"', f'"{address}?') for address in pages}
    assert len({plain(answers[address], *own[address]) for address in pages}) == 1


@some_often(["public", "nominee-1", "organiser-1"], "verifier-1", "chair")
def test_no_change_without_the_token_of_a_page(app: Flask, made: World, name: str) -> None:
    client = visitor(app, name)
    ref = next(refs(made))
    for rule in rules_of(app, *UNSAFE):
        if rule.rule in WITHOUT_TOKEN:
            continue
        address = address_of(app, rule, **values_for(rule, ref))
        for method in rule.methods & UNSAFE:
            answer = client.open(address, method=method, headers=SENT_FROM_HERE, data={"csrf_token": "guessed"})
            assert answer.status_code in ({303, 400, 401, 404} if name == "public" else {400}), (method, address)


@pytest.mark.parametrize("headers", [{}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://elsewhere.test"}])
def test_no_change_from_a_page_of_another_site(app: Flask, made: World, headers: dict[str, str]) -> None:
    client = visitor(app, "organiser-1")
    ref = next(refs(made))
    for rule in rules_of(app, *UNSAFE):
        address = address_of(app, rule, **values_for(rule, ref))
        for method in rule.methods & UNSAFE:
            assert client.open(address, method=method, headers=headers).status_code == 403, (method, address)


def test_a_safe_request_never_has_a_wrong_method(app: Flask, made: World) -> None:
    client = visitor(app, "organiser-1")
    ref = next(refs(made))
    only_unsafe = {rule.rule for rule in rules_of(app, *UNSAFE)} - {rule.rule for rule in rules_of(app, "GET")}
    for rule in rules_of(app, *UNSAFE):
        if rule.rule in only_unsafe:
            address = address_of(app, rule, **values_for(rule, ref))
            assert client.get(address).status_code in (404, 405), address


def test_a_request_for_another_host_is_refused_on_a_plain_page(client: FlaskClient) -> None:
    answer = client.get("/home", headers={"Host": "elsewhere.test"})
    assert answer.status_code == 400
    assert "elsewhere.test" not in answer.get_data(as_text=True)
