"""A value set by two people in place of a computed one, at the door, and the mark it leaves on every later page."""

import json
from decimal import Decimal

import pytest
from sqlalchemy import select

from paritrana.audit import service as audit
from paritrana.audit.models import Event
from paritrana.core.bundle import compare, parse
from paritrana.core.lifecycle import State
from paritrana.core.policy import Role
from paritrana.database import db
from paritrana.results import queries as results
from paritrana.results.table import set_values_in
from paritrana.sheets.service import open_sheet
from paritrana.verification import counted, queries, service
from paritrana.verification.models import Finding, Override, Verification
from paritrana.verification.service import Entry
from paritrana.verification.tasks import tasks
from paritrana.verification.values import computed_values
from tests.factories import world
from tests.factories_results import category_of, contest, nominations, publish, run, seal
from tests.nominations.pages import fields_of, send, text_of
from tests.verification.cases import LATER, all_judged, decide_gates, declared, judge_all, propose_gates, sent
from tests.verification.test_closing import ask_about

REASON = "The plan was suspended by the province for three months."


@pytest.fixture
def here(app, db_session):
    return world(kind="real")


@pytest.fixture
def nomination(here, clock):
    return all_judged(here, clock)


def address_of(nomination, tail=""):
    return f"/verification/{nomination.ref}/overrides{tail}"


def sent_fields(client, nomination, address, **wanted):
    """The fields of the one form of the page that carries these values."""
    fields = fields_of(client, address_of(nomination), address)
    return {name: value[0] if isinstance(value, list) else value for name, value in fields.items()} | wanted


def propose(client, nomination, code="B1", value="8,5", reason=REASON, **changes):
    address = address_of(nomination)
    seen = computed_values(nomination.category, nomination.category.rubric, [nomination])[nomination.id, code].value
    fields = sent_fields(client, nomination, address, indicator=code, seen=seen or "", value=value, reason=reason)
    fields.pop("back", None)
    return send(client, address, fields | changes)


def answer(client, nomination, no=1, **changes):
    address = address_of(nomination, f"/{no}")
    return send(client, address, sent_fields(client, nomination, address, answer="confirm") | changes)


def page_of(client, address):
    return text_of(client.get(f"{address}{'&' if '?' in address else '?'}lang=en"))


def events(here):
    stream = audit.intake(here.cycle.code)
    kinds = db.session.scalars(select(Event.kind).where(Event.stream == stream).order_by(Event.seq))
    return [kind for kind in kinds if kind.startswith("override.")]


def stored(nomination):
    db.session.expire_all()
    return [(one.indicator, one.value, one.state) for one in counted.overrides_of(nomination)]


def value_of(nomination, code="B1"):
    db.session.expire_all()
    values = counted.counted_values(nomination.category, nomination.category.rubric, [nomination])
    return values[nomination.id, code].value


def test_one_person_proposes_and_another_confirms(here, nomination, door):
    first, second, computed = door("verifier-1"), door("verifier-2"), value_of(nomination)
    assert propose(first, nomination).status_code == 303
    assert stored(nomination) == [("B1", "8.50", "proposed")]
    assert value_of(nomination) == computed
    assert "The requester cannot approve. Ask another person." in page_of(first, address_of(nomination))
    overview = page_of(second, f"/verification/{nomination.ref}")
    assert "A value waits for a second person" in overview
    assert answer(second, nomination).status_code == 303
    assert stored(nomination) == [("B1", "8.50", "confirmed")]
    assert value_of(nomination) == "8.50"
    assert events(here) == ["override.proposed", "override.confirmed"]
    for tail in ("", "/overrides", "/items/non_asn_protection", "/close", "/explanation/B1"):
        page = page_of(second, f"/verification/{nomination.ref}{tail}")
        assert "set, not computed" in page, tail
        assert REASON in page, tail
        assert f"Computed: {computed}" in page, tail
        assert "Proposed by a verifier, confirmed by a second verifier." in page, tail
    assert "set, not computed" in page_of(door("organiser-1"), f"/manage/{here.cycle.code}/nominations")


@pytest.mark.parametrize(("typed", "kept"), [("8,50", "8.50"), ("8.5", "8.50"), ("0", "0.00"), ("10", "10.00")])
def test_both_decimal_signs_are_read(here, nomination, door, typed, kept):
    assert propose(door("verifier-1"), nomination, value=typed).status_code == 303
    assert stored(nomination) == [("B1", kept, "proposed")]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"value": "10.01"}, "The value must lie between 0.00 and 10.00, in steps of 0.01."),
        ({"value": "-1"}, "-1"),
        ({"value": "8.555"}, "8.555"),
        ({"value": "eight"}, "eight"),
        ({"value": ""}, "Enter value to be set"),
        ({"reason": ""}, "Enter reason"),
        ({"reason": "   "}, "Enter reason"),
        ({"reason": "x" * 2001}, "Shorten it to 2,000."),
    ],
)
def test_what_is_no_value_on_the_scale_or_has_no_reason_is_refused_and_kept(here, nomination, door, changes, said):
    refused = propose(door("verifier-1"), nomination, **changes)
    assert refused.status_code == 422
    assert said in text_of(refused)
    assert (changes.get("reason", REASON)).strip() in text_of(refused)
    assert stored(nomination) == []


def test_the_value_that_counts_already_is_not_set(here, nomination, door):
    refused = propose(door("verifier-1"), nomination, value=value_of(nomination))
    assert refused.status_code == 422
    assert "This value counts already." in text_of(refused)


def test_a_page_that_shows_another_computed_value_is_refused_with_its_text(here, nomination, door):
    refused = propose(door("verifier-1"), nomination, seen="1.11")
    assert refused.status_code == 409
    assert "The computed value has changed since this page was made." in text_of(refused)
    assert REASON in text_of(refused)
    assert stored(nomination) == []


def test_an_indicator_that_the_panel_marks_is_not_set(here, nomination, door):
    first = door("verifier-1")
    fields = sent_fields(first, nomination, address_of(nomination), indicator="A1", value="8", reason=REASON)
    assert send(first, address_of(nomination), fields).status_code == 404
    assert send(first, address_of(nomination), fields | {"indicator": "Z9"}).status_code == 404
    assert send(first, address_of(nomination, "/7"), fields).status_code == 404


def test_figures_without_a_verdict_come_first(here, clock, door):
    nomination = sent(here, clock)[0]
    declared(here, nomination, "verifier-1")
    first = door("verifier-1")
    assert "A value can be set when all of them have one." in page_of(first, address_of(nomination))
    with pytest.raises(service.FiguresOpen):
        service.propose_override(
            nomination, "B1", None, REASON, seen=None, actor=here.actor("verifier-1"), at=here.now + LATER
        )


def test_who_has_not_declared_sets_nothing(here, clock, door):
    nomination = sent(here, clock)[0]
    declared(here, nomination, "verifier-1")
    judge_all(here, nomination)
    assert propose(door("verifier-1"), nomination).status_code == 303
    at = here.now + LATER
    with pytest.raises(service.NotDeclared):
        service.confirm_override(nomination, 1, expected=1, actor=here.actor("verifier-2"), at=at)
    with pytest.raises(service.NotDeclared):
        service.propose_override(nomination, "C1", Decimal(1), REASON, seen=None, actor=here.actor("verifier-2"), at=at)


def test_the_proposer_cannot_confirm_nor_refuse_not_even_from_another_account(here, nomination, door):
    first = door("verifier-1")
    assert propose(first, nomination).status_code == 303
    fields = sent_fields(first, nomination, address_of(nomination, "/1/withdraw"), answer="confirm")
    forced = send(first, address_of(nomination, "/1"), fields)
    assert forced.status_code == 409
    assert "The requester cannot approve. Ask another person." in text_of(forced)
    again = fields | {"idempotency_key": "another-key-1", "answer": "refuse"}
    refusing = send(first, address_of(nomination, "/1"), again, note="No.")
    assert refusing.status_code == 409
    second = door("verifier-2")
    fields = sent_fields(second, nomination, address_of(nomination, "/1"), answer="confirm")
    here.accounts["verifier-2"].person = here.accounts["verifier-1"].person
    db.session.commit()
    assert send(second, address_of(nomination, "/1"), fields).status_code == 409
    assert stored(nomination) == [("B1", "8.50", "proposed")]


def test_only_unconflicted_verifiers_set_values(here, nomination, door):
    assert propose(door("verifier-1"), nomination).status_code == 303
    chair = door("chair")
    declared(here, nomination, "chair")
    fields = fields_of(chair, address_of(nomination), "/sign-out") | {"idempotency_key": "some-key-77", "version": "1"}
    assert "Propose the value" not in page_of(chair, address_of(nomination))
    assert send(chair, address_of(nomination, "/1"), fields, answer="confirm").status_code == 403
    second = door("verifier-2")
    fields = sent_fields(second, nomination, address_of(nomination, "/1"), answer="confirm")
    here.accounts["verifier-2"].office_region_code = nomination.organisation.region_code
    db.session.commit()
    assert send(second, address_of(nomination, "/1"), fields).status_code == 404
    assert second.get(address_of(nomination)).status_code == 404
    assert door("nominee-1").get(address_of(nomination)).status_code == 404


def test_a_second_person_refuses_with_a_reason(here, nomination, door):
    propose(door("verifier-1"), nomination)
    second = door("verifier-2")
    empty = answer(second, nomination, answer="refuse")
    assert empty.status_code == 422
    assert "Write the reason." in text_of(empty)
    assert answer(second, nomination, answer="refuse", note="The decree says otherwise.").status_code == 303
    assert stored(nomination) == [("B1", "8.50", "refused")]
    assert "The decree says otherwise." in page_of(door("verifier-1"), address_of(nomination))
    assert events(here) == ["override.proposed", "override.refused"]


def test_who_proposed_takes_it_back_and_a_late_confirmation_is_refused(here, nomination, door):
    first, second = door("verifier-1"), door("verifier-2")
    propose(first, nomination)
    late = sent_fields(second, nomination, address_of(nomination, "/1"), answer="confirm")
    withdraw = address_of(nomination, "/1/withdraw")
    fields = sent_fields(first, nomination, withdraw)
    assert send(second, withdraw, late | {"idempotency_key": "another-key-2"}).status_code == 409
    again = propose(first, nomination, value="7.00")
    assert again.status_code == 409
    assert "waits for a second person" in text_of(again)
    assert send(first, withdraw, fields).status_code == 303
    assert stored(nomination) == [("B1", "8.50", "withdrawn")]
    stale = send(second, address_of(nomination, "/1"), late)
    assert stale.status_code == 409
    assert "changed this at" in text_of(stale)
    ended = send(second, address_of(nomination, "/1"), late | {"version": "2", "idempotency_key": "another-key-3"})
    assert ended.status_code == 409
    assert "This proposal does not wait any more." in text_of(ended)
    missing = send(second, address_of(nomination, "/1"), late | {"version": "", "idempotency_key": "another-key-4"})
    assert missing.status_code == 428
    assert stored(nomination) == [("B1", "8.50", "withdrawn")]


def set_value(here, nomination, value="8.50", code="B1"):
    at, seen = here.now + LATER, computed_values(nomination.category, nomination.category.rubric, [nomination])
    made = service.propose_override(
        nomination, code, None if value is None else Decimal(value), REASON, seen=seen[nomination.id, code].value,
        actor=here.actor("verifier-1"), at=at,
    )  # fmt: skip
    service.confirm_override(nomination, made.no, expected=1, actor=here.actor("verifier-2"), at=at)
    db.session.commit()


def test_another_value_replaces_it_and_two_people_go_back_to_the_computed_one(here, nomination, door):
    computed = value_of(nomination)
    set_value(here, nomination)
    set_value(here, nomination, "7.25")
    assert value_of(nomination) == "7.25"
    first = door("verifier-1")
    back = sent_fields(first, nomination, address_of(nomination), reason="An error of ours.", back="1", indicator="B1",
                       seen=computed)  # fmt: skip
    assert send(first, address_of(nomination), back).status_code == 303
    assert value_of(nomination) == "7.25"
    assert answer(door("verifier-2"), nomination, 3).status_code == 303
    assert value_of(nomination) == computed
    assert stored(nomination) == [("B1", "8.50", "replaced"), ("B1", "7.25", "replaced"), ("B1", None, "confirmed")]
    assert "set, not computed" not in page_of(first, f"/verification/{nomination.ref}")


def test_a_change_request_on_its_figures_makes_it_void(here, nomination, door):
    set_value(here, nomination)
    set_value(here, nomination, "6.00", "C1")
    assert propose(door("verifier-1"), nomination, "B1", "9").status_code == 303
    assert ask_about(here, nomination, door).status_code == 303
    assert stored(nomination) == [("B1", "8.50", "void"), ("C1", "6.00", "confirmed"), ("B1", "9.00", "void")]
    assert events(here).count("override.voided") == 2
    page = page_of(door("verifier-1"), address_of(nomination))
    assert "change request 1 asks about the figures it rests on." in page


def test_a_new_finding_that_moves_the_computed_value_makes_it_void(here, nomination):
    set_value(here, nomination)
    row = db.session.scalars(
        select(Finding).where(Finding.kind == "non_asn_protection", Finding.figure == "contract_staff.covered")
    ).one()
    for found, state in ((row.claimed, "confirmed"), (str(int(row.claimed) - 400), "void")):
        verdict = "matches" if found == row.claimed else "differs"
        entry = Entry(row.figure, int(found), verdict, 1, "1", "Counted again.", row.version)
        service.record_findings(
            nomination, row.kind, [entry], revision_no=1, actor=here.actor("verifier-1"), at=here.now + LATER
        )
        db.session.commit()
        assert stored(nomination) == [("B1", "8.50", state)]


def test_what_waits_blocks_the_close_and_a_proposed_close_lets_nothing_be_set(here, nomination, door):
    propose_gates(here, nomination)
    declared(here, nomination, "chair")
    decide_gates(here, nomination)
    propose(door("verifier-1"), nomination)
    close = f"/verification/{nomination.ref}/close"
    assert "A value for indicator B1 waits for a second person." in page_of(door("verifier-1"), close)
    waiting = {(task.role, task.endpoint) for task in tasks(here.actor("verifier-2"), here.now + LATER)}
    assert (Role.VERIFIER, "verification.overrides") in waiting
    answer(door("verifier-2"), nomination)
    first = door("verifier-1")
    assert send(first, close, fields_of(first, close)).status_code == 303
    assert "Nothing is set until the second person closes or returns it." in page_of(first, address_of(nomination))
    with pytest.raises(service.VerificationLocked):
        set_value(here, nomination, "7.00")


def test_after_the_interviews_nothing_is_set(here, nomination, door):
    propose(door("verifier-1"), nomination)
    second = door("verifier-2")
    fields = sent_fields(second, nomination, address_of(nomination, "/1"), answer="confirm")
    here.category.state = int(State.SCORING)
    db.session.commit()
    assert send(second, address_of(nomination, "/1"), fields).status_code == 409
    assert stored(nomination) == [("B1", "8.50", "proposed")]


def test_an_assessor_reads_on_the_sheet_that_it_is_set_and_why(here, nomination, door):
    set_value(here, nomination)
    declared(here, nomination, "assessor-3")
    verification = queries.find_verification(nomination)
    verification.state, nomination.state = "open", "shortlisted"
    here.category.state = int(State.INTERVIEW)
    db.session.commit()
    open_sheet(nomination, actor=here.actor("assessor-3"), at=here.now + LATER)
    db.session.commit()
    assessor, sheet = door("assessor-3"), f"/assessments/{nomination.ref}/sheet"
    for address in (f"{sheet}?copy=device", f"/verification/{nomination.ref}/explanation/B1", sheet):
        page = page_of(assessor, address)
        assert "set, not computed" in page, address
        assert REASON in page, address
    assert "Where one is set, not computed, the reason stands with it." in page
    assert "Verifier 1" not in page.partition('id="h-computed"')[2].partition("</section>")[0]


# From the run to the public page --------------------------------------------------------------------------------------


@pytest.fixture
def judged(app, db_session):
    """A category in its plenary; a value of its first candidate was set."""
    here = contest(3)
    first = nominations(here)[0]
    verification = db.session.scalars(select(Verification).where(Verification.nomination_id == first.id)).one()
    value = computed_values(category_of(here), category_of(here).rubric, [first])[first.id, "B1"].value
    people = [here.accounts[name] for name in ("verifier-1", "verifier-2")]
    db.session.add(
        Override(
            verification=verification, no=1, indicator="B1", computed=value, value="1.25", reason=REASON,
            state="confirmed", first_by=people[0].id, first_person_id=people[0].person_id, first_name="Verifier 1",
            first_at=here.now, second_by=people[1].id, second_person_id=people[1].person_id, second_name="Verifier 2",
            second_at=here.now, version=2,
        )
    )  # fmt: skip
    db.session.commit()
    return here


def test_the_run_counts_the_set_value_and_its_bundle_recomputes_and_says_so(judged):
    stored_run = run(judged)
    bundle = json.loads(stored_run.bundle)
    code = nominations(judged)[0].candidate_code
    assert [one["value"] for one in bundle["computed"] if (one["candidate"], one["indicator"]) == (code, "B1")] == [
        "1.25"
    ]
    marks = {key: json.loads(said) for key, said in bundle["provenance"].items() if key.startswith("override:")}
    ((key, said),) = marks.items()
    assert key == f"override:{code}:B1"
    assert (said["set"], said["reason"], said["first"], said["second"]) == ("1.25", REASON, "verifier", "verifier")
    assert list(compare(parse(stored_run.bundle))) == []


def test_a_value_set_after_the_run_moves_its_inputs(judged):
    stored_run = run(judged)
    category = category_of(judged)
    assert results.inputs_digest(category) == stored_run.inputs_digest
    db.session.scalars(select(Override)).one().version = 3
    db.session.flush()
    assert results.inputs_digest(category) != stored_run.inputs_digest


def test_every_page_of_the_result_marks_it(judged, door, client):
    run(judged)
    ranking = "/manage/contoh-2025/ranking/kabkota"
    organiser = door("organiser-1")
    page = page_of(organiser, ranking)
    assert page.count("set, not computed") >= 2
    assert REASON.rstrip(".") in page
    assert "confirmed by a second verifier" in page
    seal(judged)
    desk = page_of(organiser, "/manage/contoh-2025/publication")
    assert "set, not computed" in desk
    assert REASON.rstrip(".") in desk
    csv = organiser.get(f"{ranking}/marks.csv", query_string={"lang": "en"}).get_data(as_text=True)
    assert REASON in csv
    data = organiser.get(f"{ranking}/marks.json", query_string={"lang": "en"}).json
    assert [(one["indicator"], one["set"], one["reason"]) for one in data["set_values"]] == [("B1", "1.25", REASON)]


def test_the_public_reads_it_beside_the_result_in_both_languages(judged, client, door):
    published = publish(judged)
    code = nominations(judged)[0].candidate_code
    for tail in ("", f"/{code}"):
        address = f"/cycles/contoh-2025/results/kabkota{tail}"
        page = page_of(client, address)
        assert "set, not computed" in page
        assert REASON.rstrip(".") in page
        assert "Verifier 1" not in page
        indonesian = text_of(client.get(address, query_string={"lang": "id"}))
        assert "ditetapkan, bukan dihitung" in indonesian
        assert "disahkan oleh verifikator kedua" in indonesian
    page = page_of(door("nominee-1"), f"/nominations/{nominations(judged)[0].ref}/explanation/B1")
    assert "set, not computed" in page
    assert REASON in page
    bundle = client.get("/cycles/contoh-2025/results/kabkota.json").get_data()
    assert bundle == published.bundle
    assert list(compare(parse(bundle))) == []


def test_a_bundle_from_elsewhere_with_a_strange_mark_is_read_all_the_same():
    assert set_values_in({"override:1:B1": "no JSON", "override:1:B2": "[]", "run": "1"}) == {}
