"""Where a category hides claims, no verifier reads a claim before a found value of that figure is saved."""

import re
from datetime import timedelta

import pytest

from paritrana.audit.models import Event
from paritrana.core.errors import WrongState
from paritrana.core.evidence import KINDS, line_figure
from paritrana.core.lifecycle import State
from paritrana.cycles.queries import rubric_of
from paritrana.database import db
from paritrana.nominations import service as nominations
from paritrana.nominations.rows import kinds_asked, page_name
from paritrana.verification import queries, service
from paritrana.verification.models import Finding
from paritrana.verification.service import Entry
from tests.factories import sign_in, world
from tests.nominations.pages import SAME_ORIGIN, TYPED, fields_of, filled, send, text_of
from tests.verification.cases import LATER, declared, verify

SWITCH = "/manage/contoh-2025/nominations/kabkota/claims"
KIND = "non_asn_protection"
PLAIN = {"people", "rupiah", "count"}


@pytest.fixture
def here(app, db_session):
    return world(kind="real")


def marked(kind, first):
    """Whole data of a kind in which every plain figure is a number that stands nowhere else, and these numbers."""
    data, spec, found = TYPED[kind](), KINDS[kind], {}
    places = [(data["fields"], name, name) for name in data["fields"]]
    for line in data.get("lines", ()):
        places += [(line, name, line_figure(line["key"], name)) for name in line if name != "key"]
    for values, name, figure in places:
        field = spec.field(figure)
        if field is not None and field.counted and field.kind in PLAIN:
            found[figure] = values[name] = first + 7919 * len(found)
    return data, found


@pytest.fixture
def canaries(here, clock):
    """A sent nomination of a category that hides claims, twice revised, and its numbers by kind and figure."""
    nomination, found = filled(here), {}
    for number, kind in enumerate(kinds_asked(rubric_of(nomination.category))):
        item = next(one for one in nomination.evidence if one.kind == kind)
        if kind not in TYPED:
            continue
        data, figures = marked(kind, 73_310_041 + 1_000_000 * number)
        nominations.save_evidence(
            nomination, kind, data, note=f"{next(iter(figures.values()), '')}", explanation_reason="",
            explanation="", completed=True, expected=item.version, actor=here.actor("nominee-1"), at=here.now,
        )  # fmt: skip
        found |= {(kind, figure): value for figure, value in figures.items()}
    service.set_claims_wait(nomination.category, True, actor=here.actor("organiser-1"), at=here.now)
    nominations.submit(nomination, actor=here.actor("nominee-1"), at=here.now)
    nominations.take_back(nomination, actor=here.actor("nominee-1"), at=here.now)
    nominations.submit(nomination, actor=here.actor("nominee-1"), at=here.now)
    clock.set(here.now + LATER)
    db.session.commit()
    declared(here, nomination, "verifier-1", "verifier-2")
    assert len(found) > 40
    return nomination, found


def said(event):
    """What an event tells."""
    return event.content.document["values"]


def bare(answer):
    """An answer without what parts the digits of a number."""
    return re.sub(r"[.,\u00a0\u202f]", "", answer.get_data(as_text=True))


def pages(app, nomination):
    """Every address that a GET may ask for about this nomination and its cycle, the files of documents left out."""
    rubric = rubric_of(nomination.category)
    values = {
        "ref": [nomination.ref], "cycle": ["contoh-2025"], "cat": ["kabkota"], "no": [1], "a": [1], "b": [2],
        "item": [page_name(kind) for kind in kinds_asked(rubric)], "kind": kinds_asked(rubric), "doc": [1],
        "page": [1], "photo": [1], "computed": [one.code for one in rubric.indicators if one.source == "computed"],
    }  # fmt: skip
    for rule in app.url_map.iter_rules():
        if "GET" not in rule.methods or not rule.arguments <= values.keys() or rule.endpoint.endswith("static"):
            continue
        names = sorted(rule.arguments)
        combinations = [{}]
        for name in names:
            known = [one for one in values[name] if not _is_number(rule, name) or isinstance(one, int)]
            combinations = [{**one, name: value} for one in combinations for value in known]
        yield from (app.url_map.bind("localhost").build(rule.endpoint, one) for one in combinations)


def _is_number(rule, name):
    return f"<int:{name}>" in rule.rule


def read(client, address):
    return client.get(address, query_string={"lang": "en"})


def test_no_answer_to_a_verifier_holds_a_claim_that_nobody_has_found(app, here, client, canaries):
    nomination, found = canaries
    sign_in(client, "verifier-1")
    answered = 0
    for address in pages(app, nomination):
        answer = read(client, address)
        answered += answer.status_code == 200
        text = bare(answer)
        assert [value for value in found.values() if str(value) in text] == [], address
    assert answered > 20


def test_the_same_pages_hold_the_claims_for_an_organiser(here, client, canaries):
    nomination, found = canaries
    sign_in(client, "organiser-1")
    address = f"/verification/{nomination.ref}/items/{page_name(KIND)}"
    text = bare(read(client, address))
    assert all(str(value) in text for (kind, _figure), value in found.items() if kind == KIND)


def rows_of(client, address):
    """The fieldsets of an item by the name of their figure's first input."""
    return dict(re.findall(r'<fieldset [^>]*id="(row-\d+)"(.*?)\n</fieldset>', text_of(read(client, address)), re.S))


def number_of(nomination, kind, figure):
    rows = queries.case_of(nomination).item(kind).rows
    return next(no for no, row in enumerate(rows, start=1) if row.figure.key == figure)


def test_a_saved_finding_shows_the_claim_of_its_figure_and_the_difference_and_no_other(here, client, canaries):
    nomination, found = canaries
    kind, address = KIND, f"/verification/{nomination.ref}/items/{page_name(KIND)}"
    (figure, value), *others = [(key, value) for (one, key), value in found.items() if one == kind]
    no = number_of(nomination, kind, figure)
    sign_in(client, "verifier-1")
    assert f'name="same" value="{no}"' not in text_of(read(client, address))
    fields = fields_of(client, address)
    without_page = send(client, address, fields, **{f"row-{no}-found": str(value), "then": "next"})
    assert without_page.status_code == 422
    assert str(value + 5) not in bare(without_page)
    typed = {f"row-{no}-found": str(value - 5), f"row-{no}-page": "1", f"row-{no}-document": "1", "then": "next"}
    answer = send(client, address, fields, **typed)
    assert answer.status_code == 303
    assert answer.location.endswith(address)  # it stays on the page: the two figures differ
    row = rows_of(client, address)[f"row-{no}"]
    plain = re.sub(r"[.,\u00a0]", "", row)
    assert str(value) in plain
    assert str(value - 5) in plain
    assert "Does not match" in row
    assert re.search(r"<dd>[^<]*5</dd>", row)
    page = bare(read(client, address))
    assert [one for _key, one in others if str(one) in page] == []
    stored = db.session.query(Finding).one()
    assert (stored.verdict, stored.unseen, stored.changed_after_claim) == ("differs", str(value - 5), False)


def test_the_answer_to_a_figure_that_matches_asks_for_the_same_as_to_one_that_does_not(here, client, canaries):
    nomination, found = canaries
    kind, address = KIND, f"/verification/{nomination.ref}/items/{page_name(KIND)}"
    figure, value = next((key, value) for (one, key), value in found.items() if one == kind)
    no = number_of(nomination, kind, figure)
    sign_in(client, "verifier-1")
    fields = fields_of(client, address)
    answers = []
    for typed in (value, value + 1):
        for verdict in ("", "matches", "differs"):
            answer = send(client, address, fields, **{f"row-{no}-found": str(typed), f"row-{no}-verdict": verdict})
            answers.append((answer.status_code, re.findall(r"Enter the page where you looked[^<]*", text_of(answer))))
    assert len({str(one) for one in answers}) == 1
    assert answers[0][0] == 422
    asked = send(client, address, fields, same=str(no))
    assert str(value) not in bare(asked)
    assert db.session.query(Finding).count() == 0


def test_a_figure_changed_after_the_claim_was_seen_is_marked_on_the_page_and_in_the_record(here, client, canaries):
    nomination, found = canaries
    kind, address = KIND, f"/verification/{nomination.ref}/items/{page_name(KIND)}"
    figure, value = next((key, value) for (one, key), value in found.items() if one == kind)
    no = number_of(nomination, kind, figure)
    sign_in(client, "verifier-1")
    send(client, address, fields_of(client, address), **{f"row-{no}-found": "41", f"row-{no}-page": "1"})
    assert "Changed after the claim was seen" not in text_of(read(client, address))
    fields = fields_of(client, address)
    answer = send(client, address, fields, **{f"row-{no}-found": str(value), f"row-{no}-verdict": "matches"})
    assert answer.status_code == 303
    row = rows_of(client, address)[f"row-{no}"]
    assert "Changed after the claim was seen" in row
    assert re.search(r"Found before:\s*41\b", row)
    record = text_of(read(client, f"/verification/{nomination.ref}/close"))
    assert "Changed after the claim was seen" in record
    events = db.session.query(Event).filter_by(kind="finding.recorded").order_by(Event.seq).all()
    assert [said(one)["unseen"] for one in events] == ["41", "41"]


def test_no_figure_in_the_documents_is_an_answer_too(here, client, canaries):
    nomination, found = canaries
    kind, address = KIND, f"/verification/{nomination.ref}/items/{page_name(KIND)}"
    figure, value = next((key, value) for (one, key), value in found.items() if one == kind)
    no = number_of(nomination, kind, figure)
    sign_in(client, "verifier-2")
    typed = {f"row-{no}-verdict": "unverifiable", f"row-{no}-page": "1"}
    assert send(client, address, fields_of(client, address), **typed).status_code == 303
    assert str(value) in bare(read(client, address))
    assert db.session.query(Finding).one().unseen == ""


def test_a_request_asks_only_about_figures_that_somebody_found(here, canaries):
    nomination, found = canaries
    (kind, figure), value = next((key, value) for key, value in found.items() if key[0] == KIND)
    at, verifier = here.now + LATER, here.actor("verifier-1")
    with pytest.raises(service.ClaimWaits):
        service.ask_changes(nomination, [(kind, figure)], "Why?", at + timedelta(days=3), actor=verifier, at=at)
    db.session.rollback()
    entry = Entry(figure, value, "", None, "1")
    service.record_finding(nomination, kind, entry, revision_no=nomination.revision_no, actor=verifier, at=at)
    assert service.ask_changes(nomination, [(kind, figure)], "Why?", at + timedelta(days=3), actor=verifier, at=at)


def test_the_second_person_who_closes_sees_every_claim(here, client, clock):
    nomination = filled(here)
    service.set_claims_wait(nomination.category, True, actor=here.actor("organiser-1"), at=here.now)
    nominations.submit(nomination, actor=here.actor("nominee-1"), at=here.now)
    clock.set(here.now + LATER)
    verify(here, nomination)
    sign_in(client, "verifier-2")
    page = text_of(read(client, f"/verification/{nomination.ref}/items/{page_name('vulnerable_workers')}"))
    assert "5,600" in page
    assert "hidden until" not in page


def test_the_switch_is_off_at_first_and_moves_until_the_verification_begins(here, client, clock):
    category = here.categories["kabkota"]
    assert not queries.claims_wait(category)
    sign_in(client, "organiser-1")
    page = "/manage/contoh-2025/nominations"
    assert "Hide claims until they are found" in text_of(read(client, page))
    for hidden, button in (("yes", "Show claims at once"), ("no", "Hide claims until they are found")):
        assert send(client, SWITCH, fields_of(client, page, SWITCH), hidden=hidden).status_code == 303
        assert button in text_of(read(client, page))
    told = db.session.query(Event).filter_by(kind="claims.set").order_by(Event.seq).all()
    assert [(said(one)["category"], said(one)["hidden"]) for one in told] == [("kabkota", True), ("kabkota", False)]
    clock.set(here.now + LATER)
    with pytest.raises(WrongState):
        service.set_claims_wait(category, True, actor=here.actor("organiser-1"), at=here.now + LATER)
    db.session.rollback()
    sign_in(client, "organiser-1")
    assert "Hide claims until they are found" not in text_of(read(client, page))


def test_a_verifier_does_not_move_the_switch(here, client):
    sign_in(client, "verifier-1")
    assert client.post(SWITCH, data={"hidden": "yes"}, headers=SAME_ORIGIN).status_code in {400, 403, 404}
    assert not queries.claims_wait(here.categories["kabkota"])


def test_an_item_asks_as_many_statements_with_claims_hidden_as_without(here, client, canaries, statements):
    nomination, _found = canaries
    sign_in(client, "verifier-1")
    address = f"/verification/{nomination.ref}/items/{page_name(KIND)}"
    read(client, address)
    with statements() as hidden:
        read(client, address)
    cycle = nomination.category.cycle
    cycle.settings = {}
    db.session.commit()
    with statements() as shown:
        read(client, address)
    assert len(hidden) <= len(shown)
    assert State(nomination.category.state) < State.INTERVIEW
