"""The workbench: figures beside a ranking that never enter it, warnings before the seal, and runs side by side."""

import json
import re
from decimal import Decimal
from xml.etree import ElementTree

import pytest
from sqlalchemy import select, update

from benchmarks.world import rubric_with
from paritrana.audit import service as audit
from paritrana.audit.models import Event
from paritrana.core.bundle import parse
from paritrana.core.diagnostics import diagnose
from paritrana.core.policy import POLICY, Act, Role
from paritrana.cycles.models import Cycle
from paritrana.cycles.queries import rubric_of
from paritrana.database import db
from paritrana.nominations.models import Nomination
from paritrana.results import comparison, service, table
from paritrana.results.workbench import queries
from paritrana.results.workbench.models import Acknowledgement, RunDiagnostics
from paritrana.results.workbench.service import WarningsOpen
from paritrana.sheets.models import Mark, Sheet
from paritrana.verification.models import ChangeRequest, Verification
from tests.factories import sign_in
from tests.factories_results import category_of, contest, fail_gate, nominations, recuse, run
from tests.nominations.pages import Forms, fields_in, send, text_of

PAGE = "/manage/contoh-2025/ranking/kabkota"


def varied(candidate, assessor, indicator):
    """Marks of assessors who differ, so that chance has something to do."""
    return Decimal(8) - Decimal(candidate % 40) / 10 + Decimal((assessor * 7 + candidate * 5 + len(indicator)) % 9) / 10


@pytest.fixture
def here(app, db_session):
    return contest(4, value=varied)


def signed_in(app, name):
    client = app.test_client()
    sign_in(client, name)
    return client


def page(client, address=PAGE, **query):
    return client.get(address, query_string={"lang": "en", **query})


def warn(here):
    """Somebody is in conflict with the first candidate: its panel differs from the others."""
    recuse(here, "assessor-3", nominations(here)[0])


# --- figures ---------------------------------------------------------------------------------------------------------


def test_the_diagnostics_of_a_run_are_kept_with_it_and_follow_from_its_bundle(here):
    made = run(here)
    kept = db.session.scalars(select(RunDiagnostics)).one()
    rubric = rubric_of(category_of(here))
    anew = diagnose(
        parse(made.bundle).contest, made.digest, spread_limit=rubric.consolidation_spread,
        presets=queries.presets(rubric, here.cycle.id),
    )  # fmt: skip
    assert json.loads(kept.said) == json.loads(json.dumps(anew.as_dict()))
    assert kept.run_id == made.id
    assert b"diagnostics" not in made.bundle


def test_other_rubrics_are_tried_unless_they_are_drafts_or_belong_to_another_cycle(here):
    def stored(code, version, cycle, frozen):
        one = rubric_with(7)
        one.code, one.version, one.cycle_id, one.frozen_at = code, version, cycle, here.now if frozen else None
        db.session.flush()

    mine = rubric_of(category_of(here))
    stored("a", 1, None, True)
    stored("a", 2, None, True)
    stored("a", 3, None, False)
    stored("b", 1, here.cycle.id, True)
    other = Cycle(**{
        column.name: getattr(here.cycle, column.name) for column in Cycle.__table__.columns if column.name != "id"
    } | {"code": "lain"})  # fmt: skip
    db.session.add(other)
    db.session.flush()
    stored("c", 1, other.id, True)
    stored(mine.code, 9, None, True)
    found = [(one.code, one.version) for one in queries.presets(mine, here.cycle.id) if one.code in "abc" + mine.code]
    assert found == [("a", 2), ("b", 1), (mine.code, 9)]


def test_a_run_without_kept_diagnostics_is_diagnosed_when_it_is_looked_at(here):
    made = run(here)
    kept = json.loads(db.session.scalars(select(RunDiagnostics.said)).one())
    assert {name: queries.computed(made)[name] for name in ("chances", "without", "weights")} == {
        name: kept[name] for name in ("chances", "without", "weights")
    }


def test_every_figure_has_its_sentence_its_picture_its_table_and_says_that_it_is_advice(app, here):
    run(here)
    text = text_of(page(signed_in(app, "organiser-1")))
    for words in (
        "points ahead of", "stays on rank 1 in", "No assessor alone decides", "Rank 1 stays",
        "Rank 1 is the same under", "The panel shows", "spreads of marks are wider than 2.50",
    ):  # fmt: skip
        assert words in text
    pictures = re.findall(r"<svg xmlns.*?</svg>", text, re.S)
    assert len(pictures) == 7
    for one in pictures:
        tree = ElementTree.fromstring(one)  # noqa: S314 - our own picture
        title, description = (tree.find("{http://www.w3.org/2000/svg}" + name) for name in ("title", "desc"))
        assert title is not None
        assert title.text
        assert description is not None
        assert description.text
        assert tree.get("aria-labelledby") == f"{title.get('id')} {description.get('id')}"
        assert "style=" not in one
    assert text.count("A matter for discussion, not the official ranking.") == 6
    assert text.count("See the data as a table") == 6
    assert "EMBARGO" in text


def test_the_table_says_chance_and_interval_and_a_fitted_total_only_for_uneven_panels(app, here):
    run(here)
    even = text_of(page(signed_in(app, "organiser-1")))
    assert "Chance of rank 1" in even
    assert "Interval of ranks" in even
    assert "Fitted" not in even
    warn(here)
    run(here)
    uneven = text_of(page(signed_in(app, "organiser-1")))
    assert "Fitted" in uneven
    assert "The panels differ between candidates" in uneven


def test_a_ranking_of_one_candidate_and_of_none_has_a_page(app, db_session):
    here = contest(1, value=varied)
    run(here)
    client = signed_in(app, "organiser-1")
    assert "What the totals are made of." in text_of(page(client))
    fail_gate(here, nominations(here)[0])
    run(here)
    text = text_of(page(client))
    assert "Not eligible" in text
    assert "How firm the ranking stands" not in text


def test_whoever_may_open_the_page_may_read_the_marks_it_offers():
    for role in Role:
        for grant in POLICY[Act.SEE_RANKING_PREVIEW].get(role, ()):
            assert grant.states is not None
            for state in grant.states:
                marks = [one for one in POLICY[Act.SEE_OTHERS_MARKS][role] if one.states and state in one.states]
                assert marks


# --- warnings --------------------------------------------------------------------------------------------------------


def acknowledge(client, code, reason="dibahas"):
    answer = page(client)
    action = PAGE + "/warnings"
    found = re.search(rf'name="code" value="{code}"><input type="hidden" name="found" value="(\d+)"', text_of(answer))
    assert found is not None
    fields = fields_in(answer, action) | {"code": code, "found": found[1], "reason": reason}
    return send(client, action, fields)


def test_a_seal_waits_until_the_chair_acknowledges_every_warning_with_a_reason(app, here):
    warn(here)
    made = run(here)
    category, chair = category_of(here), here.actor("chair")
    with pytest.raises(WarningsOpen):
        service.propose_seal(category, made.digest, actor=chair, at=here.now)
    db.session.rollback()
    client = signed_in(app, "chair")
    assert "1 candidates were not marked by the same assessors" in text_of(page(client))
    assert acknowledge(client, "uneven", reason=" ").status_code == 422
    assert acknowledge(client, "uneven").status_code == 303
    kept = db.session.scalars(select(Acknowledgement)).one()
    assert (kept.code, kept.found, kept.reason, kept.by) == ("uneven", 1, "dibahas", here.accounts["chair"].id)
    stream = audit.judging(here.cycle.code)
    assert "warning.acknowledged" in [one.kind for one in db.session.query(Event).filter_by(stream=stream)]
    assert "dibahas" in text_of(page(signed_in(app, "organiser-1")))
    assert service.propose_seal(category_of(here), made.digest, actor=chair, at=here.now)


def test_only_the_chair_is_asked_and_only_for_the_run_on_the_page(app, here):
    warn(here)
    first = run(here)
    assert "/warnings" not in "".join(Forms(text_of(page(signed_in(app, "organiser-1")))).forms)
    client = signed_in(app, "chair")
    answer = page(client)
    fields = fields_in(answer, PAGE + "/warnings") | {"reason": "dibahas"}
    assert fields["digest"] == first.digest
    second = run(here)
    assert send(client, PAGE + "/warnings", fields).status_code == 409
    with pytest.raises(WarningsOpen):
        service.propose_seal(category_of(here), second.digest, actor=here.actor("chair"), at=here.now)


def test_what_grew_since_it_was_acknowledged_is_asked_again(here):
    made = run(here)
    category, (first, *_others) = category_of(here), nominations(here)
    verification = db.session.scalars(select(Verification).where(Verification.nomination_id == first.id)).one()

    def ask(no):
        db.session.add(
            ChangeRequest(verification_id=verification.id, no=no, question="?", items=[], due_at=here.now,
                          asked_by=here.accounts["verifier-1"].id, asked_by_name="V", asked_at=here.now)
        )  # fmt: skip
        db.session.flush()

    def standing():
        return {one.code: (one.found, one.acknowledged is not None) for one in queries.warnings_of(category, made)}

    assert standing() == {}
    ask(1)
    assert standing() == {"requests": (1, False)}
    service.acknowledge_warning(made, made.digest, "requests", "1", "x", actor=here.actor("chair"), at=here.now)
    assert standing() == {"requests": (1, True)}
    ask(2)
    assert standing() == {"requests": (2, False)}


def test_open_verifications_and_missing_marks_warn(here):
    _first, second, third, _fourth = nominations(here)
    for who in ("chair", "deputy", "assessor-3", "assessor-4", "assessor-5"):
        recuse(here, who, third)
    db.session.execute(
        update(Verification).where(Verification.nomination_id == second.id).values(state="open", closed_at=None)
    )
    made = run(here)
    found = {one.code: one.found for one in queries.warnings_of(category_of(here), made)}
    assert found["findings"] == 1
    assert found["below_quorum"] == 1


# --- runs side by side -----------------------------------------------------------------------------------------------


def test_two_runs_of_the_same_inputs_do_not_differ(app, here):
    first, second = run(here), run(here)
    assert comparison.compare(first.bundle, second.bundle).same
    client = signed_in(app, "organiser-1")
    assert "Nothing differs" in text_of(page(client, PAGE + "/compare"))
    assert page(client, PAGE + "/compare", a="1", b="9").status_code == 404
    assert page(client, PAGE + "/runs/3").status_code == 404


def test_what_changed_between_two_runs_is_told_down_to_the_mark(app, here):
    first = run(here)
    one, two, three, _four = nominations(here)
    sheet = db.session.scalars(select(Sheet).where(Sheet.nomination_id == two.id).order_by(Sheet.id).limit(1)).one()
    mark = db.session.scalars(select(Mark).where(Mark.sheet_id == sheet.id, Mark.indicator == "A1")).one()
    before, mark.value, sheet.digest = mark.value, Decimal("10.00"), "9" * 64
    recuse(here, "assessor-4", one)
    fail_gate(here, three)
    second = run(here)
    found = comparison.compare(first.bundle, second.bundle)
    by_code = {candidate.candidate: candidate for candidate in found.candidates}
    changes = {(change.kind, change.indicator, change.before, change.after) for change in by_code["99.02"].inputs}
    assert ("mark", "A1", format(before, "f"), "10.00") in changes
    assert ("sheet", "", sheet_digest(first, "99.02"), "9" * 64) in changes
    assert {change.after for change in by_code["99.01"].inputs if change.kind == "mark"} == {"recused"}
    assert by_code["99.03"].state == ("ranked", "ineligible")
    assert by_code["99.03"].total[1] is None
    text = text_of(page(signed_in(app, "organiser-1"), PAGE + "/compare", a="2", b="1"))
    assert "Run 1 and run 2: what changed" in text
    assert "Mark of J" in text
    assert "10.00" in text
    assert "Recused" in text
    assert "Condition not met" in text
    assert "submitted in another version" in text


def sheet_digest(made, candidate):
    told = json.loads(made.bundle)["provenance"]
    return next(text for key, text in sorted(told.items()) if key.startswith(f"sheet:{candidate}:"))


def test_a_decision_a_cap_and_a_set_value_are_told(here):
    raw = json.loads(run(here).bundle)
    later = json.loads(json.dumps(raw))
    later["decisions"] = [{"order": ["99.01", "99.02"], "reason": "pleno"}]
    later["caps"] = [{"candidate": "99.01", "indicator": "E1", "value": "8", "reason": "wakil"}]
    later["not_applicable"] = [{"candidate": "99.02", "indicator": "A1", "reason": "tidak ada"}]
    later["provenance"]["override:99.03:C1"] = "{}"
    found = comparison.compare(*(json.dumps(one).encode() for one in (raw, later)))
    assert found.decisions == ([], later["decisions"])
    told = {(one.candidate, change.kind, change.indicator) for one in found.candidates for change in one.inputs}
    assert told == {("99.01", "cap", "E1"), ("99.02", "not_applicable", "A1"), ("99.03", "override", "C1")}


def test_a_run_says_what_it_was_made_from(app, here):
    first = run(here)
    run(here)
    told = json.loads(first.bundle)["provenance"]
    sheets = db.session.scalars(select(Sheet)).all()
    assert sorted(text for key, text in told.items() if key.startswith("sheet:")) == sorted(
        one.digest for one in sheets
    )
    codes = db.session.scalars(select(Nomination.candidate_code)).all()
    assert {key.removeprefix("findings:") for key in told if key.startswith("findings:")} == set(codes)
    text = text_of(page(signed_in(app, "organiser-1"), PAGE + "/runs/1"))
    for said in (first.digest, first.rubric_digest, first.inputs_digest, first.method, "Compare run 1 with run 2"):
        assert said in text


def test_an_auditor_says_why_also_for_runs_and_comparisons(app, here):
    run(here)
    client = signed_in(app, "auditor")
    for address in (PAGE + "/runs/1", PAGE + "/compare"):
        assert page(client, address).status_code == 422
        assert page(client, address, reason="review").status_code == 200


@pytest.mark.parametrize("count", [10, 1000])
def test_the_workbench_takes_twelve_statements_for_ten_and_for_a_thousand(app, db_session, statements, count):
    here = contest(count, value=varied)
    warn(here)
    run(here)
    client = signed_in(app, "chair")
    page(client)
    with statements() as sent:
        answer = page(client, page="1")
    assert answer.status_code == 200
    assert "How firm the ranking stands" in text_of(answer)
    assert "Acknowledge the warning" in text_of(answer)
    selects = [one for one in sent if one.lstrip("( ").upper().startswith("SELECT")]
    assert len(selects) <= 12, "\n".join(selects)


@pytest.mark.parametrize("name", ["organiser-1", "chair", "deputy", "assessor-3", "auditor"])
def test_the_page_asks_the_database_twelve_times_at_most_also_when_a_run_is_first_looked_at(
    app, here, statements, name
):  # fmt: skip
    client = signed_in(app, name)
    client.get("/home")
    run(here)
    queries._kept.clear()  # as in a process that has just begun
    table._opened.clear()
    for _look in ("first", "second"):
        with statements() as sent:
            assert page(client, reason="uji petik").status_code == 200
        asked = [one for one in sent if not one.startswith(("BEGIN", "ROLLBACK"))]
        assert len(asked) <= 12, asked
