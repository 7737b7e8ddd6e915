"""Feedback to a nominee: its own values beside the category, after publication alone, and never one person's mark."""

import re
from decimal import Decimal

import pytest
from pypdfium2 import PdfDocument
from sqlalchemy import select, update

from paritrana.core.lifecycle import State
from paritrana.cycles.models import Category
from paritrana.cycles.queries import rubric_of
from paritrana.database import db
from paritrana.publication.feedback import queries as feedback
from paritrana.sheets.models import Mark, Sheet
from paritrana.verification.models import Finding, Verification
from tests.factories import grant, sign_in
from tests.factories_results import category_of, contest, fail_gate, nominations, publish, recuse, run, seal
from tests.nominations.pages import text_of

SECRET = "hanya untuk panel"


def spread(candidate, assessor, indicator):
    """Assessors differ by a quarter, candidates by a point; one mark tells who gave it."""
    if (candidate, assessor, indicator) == (0, 0, "A1"):
        return Decimal("1.37")
    return Decimal(8) - Decimal(candidate) + Decimal(assessor % 3) / 4


@pytest.fixture
def here(app, db_session):
    return contest(3, value=spread)


def asked(app, name, candidate, form="", **query):
    client = app.test_client()
    sign_in(client, name)
    return client.get(f"/nominations/{candidate.ref}/feedback{form}", query_string={"lang": "en", **query})


def words_of(answer):
    pages = [page.get_textpage().get_text_range() for page in PdfDocument(answer.get_data())]
    return " ".join(" ".join(pages).split())


def judge(here, candidate, verdict="differs", note="angka tahun lalu"):
    """One figure of a candidate was not found as claimed."""
    row = db.session.scalars(
        select(Finding)
        .join(Verification, Verification.id == Finding.verification_id)
        .where(Verification.nomination_id == candidate.id)
        .order_by(Finding.id)
    ).first()
    row.verdict, row.note, row.found = verdict, note, row.found if verdict == "differs" else None
    db.session.commit()


# --- who, and when ---------------------------------------------------------------------------------------------------


def test_before_publication_the_page_says_the_same_whatever_was_decided(app, here):
    candidate = nominations(here)[0]
    before = asked(app, "nominee-1", candidate)
    sealed = seal(here)
    after = asked(app, "nominee-1", candidate)
    assert before.status_code == after.status_code == 200
    assert "There is feedback once the result of this category is public" in text_of(after)
    assert sealed.digest not in text_of(after)
    assert len(before.get_data()) == len(after.get_data())


def test_before_publication_there_is_no_document(app, here):
    run(here)
    answer = asked(app, "nominee-1", nominations(here)[0], ".pdf")
    assert answer.status_code == 409
    assert answer.mimetype != "application/pdf"


@pytest.mark.parametrize("form", ["", ".pdf"])
@pytest.mark.parametrize("who", ["nominee-2", "organiser-1", "chair", "assessor-3", "auditor", "administrator"])
def test_only_its_own_nominee_reads_the_feedback(app, here, who, form):
    publish(here)
    assert asked(app, who, nominations(here)[0], form).status_code in {403, 404}


@pytest.mark.parametrize("form", ["", ".pdf"])
def test_the_public_is_asked_to_sign_in(app, here, form):
    publish(here)
    assert app.test_client().get(f"/nominations/{nominations(here)[0].ref}/feedback{form}").status_code == 303


# --- what it says ----------------------------------------------------------------------------------------------------


def test_values_stand_beside_median_and_best_of_the_published_result(app, here):
    publication = publish(here)
    candidate = nominations(here)[0]
    text = text_of(asked(app, "nominee-1", candidate))
    row = next(one for one in publication.table["rows"] if one["candidate"] == candidate.candidate_code)
    for points in row["points"].values():
        assert points in text
    assert row["total"] in text
    assert publication.digest in text
    assert "the best value of the category" in text
    assert text.count("<svg") - text.count("<symbol") >= 1
    assert "of the 3 ranked candidates" in text


def test_no_mark_of_a_single_person_and_no_name_is_told(app, here):
    candidate = nominations(here)[0]
    publish(here)
    names = {here.accounts[name].name for name in here.accounts if name.startswith(("assessor", "chair", "deputy"))}
    for said in (text_of(asked(app, "nominee-1", candidate)), words_of(asked(app, "nominee-1", candidate, ".pdf"))):
        assert "1.37" not in said
        assert not any(name in said for name in names)
        assert re.search(r"\bJ1\b", said) is None  # the code of a seat


def test_the_next_level_is_quoted_from_the_rubric_with_the_points_it_would_have_added(app, here):
    publish(here)
    candidate = nominations(here)[2]
    published = feedback.find_published(candidate, here.now.replace(year=2099))
    assert published is not None
    rubric = rubric_of(category_of(here))
    value = published[1].field.values[candidate.candidate_code]["A1"]
    indicator = next(one for one in rubric.indicators if one.code == "A1")
    level = next(one for one in indicator.levels if Decimal(one["score"]) > value)
    gain = Decimal(level["score"]) - Decimal(value.numerator) / Decimal(value.denominator)
    gain = (gain * indicator.weight / 10).quantize(Decimal("0.01"))
    text = words_for(app, here, candidate)
    assert f"the next level is {Decimal(level['score']):.2f}" in text
    assert level["en"].rstrip(".") in text
    assert f"would have added {gain} points" in text


def words_for(app, here, candidate):
    """What the page of any candidate says, to a nominee of its organisation."""
    grant(here.accounts["nominee-1"], "nominee", organisation=candidate.organisation)
    db.session.commit()
    return text_of(asked(app, "nominee-1", candidate))


def test_who_has_the_best_value_is_named_only_where_the_public_table_names_it(app, db_session):
    def value(candidate, assessor, indicator):
        return Decimal(9 if (candidate, indicator) == (1, "A3") else 7 - candidate)

    here = contest(3, value=value)
    category = category_of(here)
    category.public_table, category.ranks = "winners", 1
    db.session.commit()
    publish(here)
    first, second, third = nominations(here)
    text = words_for(app, here, third)
    assert f"({first.organisation.name})" in text
    assert second.organisation.name not in text
    assert "9.00" in text


def test_findings_come_with_their_reasons(app, here):
    candidate = nominations(here)[0]
    judge(here, candidate)
    publish(here)
    for said in (text_of(asked(app, "nominee-1", candidate)), words_of(asked(app, "nominee-1", candidate, ".pdf"))):
        assert "angka tahun lalu" in said
        assert "Does not match" in said


def test_a_finding_that_changes_after_the_publication_waits_for_the_corrected_result(app, here):
    candidate = nominations(here)[0]
    judge(here, candidate)
    publish(here)
    db.session.execute(update(Finding).values(found_at=here.now.replace(year=2099)))
    db.session.commit()
    text = text_of(asked(app, "nominee-1", candidate))
    assert "have changed since this result was published" in text
    assert "angka tahun lalu" not in text


def test_words_for_the_candidate_are_told_and_those_for_the_panel_are_not(app, here):
    candidate = nominations(here)[0]
    sheets = db.session.scalars(select(Sheet).where(Sheet.nomination_id == candidate.id).order_by(Sheet.id)).all()
    db.session.execute(
        update(Mark).where(Mark.sheet_id == sheets[0].id, Mark.indicator == "A1")
        .values(feedback="lampirkan perda", panel_note=SECRET)
    )  # fmt: skip
    out = next(one for one in sheets if one.assessor_id == here.accounts["assessor-3"].id)
    db.session.execute(update(Mark).where(Mark.sheet_id == out.id).values(feedback="dari yang mundur"))
    db.session.commit()
    recuse(here, "assessor-3", candidate)
    publish(here)
    text = text_of(asked(app, "nominee-1", candidate))
    assert "lampirkan perda" in text
    assert SECRET not in text
    assert "dari yang mundur" not in text


def test_who_missed_a_condition_reads_why_and_its_values_all_the_same(app, here):
    candidate = nominations(here)[0]
    fail_gate(here, candidate)
    publish(here)
    text = text_of(asked(app, "nominee-1", candidate))
    assert "Condition not met" in text
    assert "the next level is" in text
    assert "of the 2 ranked candidates" in text


def test_the_paper_says_what_the_page_says(app, here):
    publication = publish(here)
    candidate = nominations(here)[0]
    paper = words_of(asked(app, "nominee-1", candidate, ".pdf"))
    assert candidate.organisation.name in paper
    assert publication.digest[:16] in paper
    assert "What would have earned more" in paper
    assert asked(app, "nominee-1", candidate, ".pdf").get_data() == asked(
        app, "nominee-1", candidate, ".pdf"
    ).get_data()  # fmt: skip


def test_the_page_costs_the_same_however_many_candidates_there_are(app, db_session, statements):
    here = contest(9, value=spread)
    publish(here)
    candidate = nominations(here)[0]
    asked(app, "nominee-1", candidate)
    client = app.test_client()
    sign_in(client, "nominee-1")
    client.get("/home")
    with statements() as sent:
        client.get(f"/nominations/{candidate.ref}/feedback", query_string={"lang": "en"})
    assert len(sent) <= 20


def test_home_tells_of_new_feedback_for_a_month(app, here):
    candidate = nominations(here)[0]
    publish(here)
    client = app.test_client()
    sign_in(client, "nominee-1")
    home = text_of(client.get("/home", query_string={"lang": "en"}))
    assert f'href="/nominations/{candidate.ref}/feedback"' in home
    assert "Read the feedback on the nomination of" in home
    assert 'href="/nominations/' + candidate.ref + '/feedback"' in text_of(
        client.get(f"/nominations/{candidate.ref}", query_string={"lang": "en"})
    )
    db.session.execute(update(Category).where(Category.id == here.category.id).values(state=int(State.ARCHIVED)))
    db.session.commit()
    assert "Read the feedback" not in text_of(client.get("/home", query_string={"lang": "en"}))
