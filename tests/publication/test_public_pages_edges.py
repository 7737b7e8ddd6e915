"""The public pages and the feedback where something is missing: ranked nobody, no value, no place, no mark, no code."""

from types import SimpleNamespace

from sqlalchemy import update

from paritrana.core.computed import FigureRef
from paritrana.core.quantities import Label, People
from paritrana.cycles.queries import rubric_of
from paritrana.database import db
from paritrana.nominations.models import Nomination
from paritrana.nominations.queries import current_revision
from paritrana.publication.feedback import queries as feedback
from paritrana.publication.feedback.page import account_of
from paritrana.publication.models import Publication
from paritrana.publication.site import worked
from paritrana.publication.site.coverage import verified_coverage
from paritrana.publication.static_site.links import data_file, page_file
from paritrana.publication.static_site.writer import export
from paritrana.reference.models import Region
from paritrana.verification.explanation import Explanation, Given
from paritrana.verification.queries import find_verification
from tests.factories_results import category_of, contest, lose_figure, nominations, publish, steady
from tests.nominations.pages import text_of
from tests.publication.test_historical import RESULT as HISTORICAL
from tests.publication.test_historical import cycle, take_over
from tests.publication.test_site import RESULT, english
from tests.results.test_candidate_marks import came_alone
from tests.results.test_feedback import asked, judge

# Feedback -------------------------------------------------------------------------------------------------------------


def test_the_second_best_reads_its_lead_and_who_was_held_back_reads_why(app, db_session):
    here = contest(4)
    _first, second, third, _fourth = nominations(here)
    cap = came_alone(here, third)
    judge(here, second)
    made = publish(here)
    said = text_of(asked(app, "nominee-2", second))
    assert "points above the median of the category." in said
    assert "the best value of the category and" not in said
    assert "angka tahun lalu" in said
    said = text_of(asked(app, "nominee-3", third))
    assert f"Marks counted at most {cap:.2f}, because of who presented." in said
    published, rubric = feedback.find_published(second, made.published_at)[1], rubric_of(category_of(here))
    with app.test_request_context():
        told = [
            len(account_of(second, made, published, rubric, revision, find_verification(second)).findings)
            for revision in (current_revision(second), None)
        ]
    assert told == [1, 0]


def test_a_result_that_ranks_nobody_has_a_page_and_feedback_without_pictures(app, db_session, client):
    here = contest(1, value=lambda *_who: None)
    (only,) = nominations(here)
    for kind in ("coverage", "non_asn_protection", "vulnerable_workers", "village_allocation"):
        lose_figure(here, only, kind)
    made = publish(here)
    assert made.table["rows"] == []
    page = client.get(RESULT, query_string={"lang": "en"})
    assert page.status_code == 200
    assert "No candidate reached a rank." in text_of(page)
    assert "Points by aspect" not in text_of(page)
    assert worked.worked_example(category_of(here), made) is None
    said = asked(app, "nominee-1", only)
    assert said.status_code == 200
    assert "too few marks" in text_of(said)
    assert 'id="f-feedback' not in text_of(said)


# The table ------------------------------------------------------------------------------------------------------------


def test_a_candidate_whose_nomination_is_not_found_keeps_its_points_and_lies_in_no_zone(app, db_session, client):
    here = contest(10)
    publish(here)
    _first, second, *_others, last = nominations(here)
    names = [one.organisation.name for one in (second, last)]
    db.session.execute(update(Region).where(Region.code == "99.02").values(award_zone="sulawesi"))
    db.session.execute(update(Nomination).where(Nomination.id == last.id).values(candidate_code="K9999"))
    db.session.commit()
    for zone, shown in (("", [True, True]), ("sulawesi", [True, False]), ("jawa_bali", [False, False])):
        assert [name in english(client, RESULT, zone=zone) for name in names] == shown, zone
    explained, bare = english(client, f"{RESULT}/99.02"), english(client, f"{RESULT}/K0010")
    assert names[1] in bare
    assert ["Coverage by segment" in page for page in (explained, bare)] == [True, False]


def test_the_worked_example_counts_given_marks_alone_and_only_the_last_ones_are_kept(app, db_session):
    here = contest(2, value=lambda no, who, code: None if (no, who, code) == (0, 0, "A1") else steady(no, who, code))
    made, category = publish(here), category_of(here)
    found = worked.worked_example(category, made)
    counted = {line.indicator: len(line.marks) for line in found.lines}
    assert (counted["A1"], counted["A2"]) == (8, 9)
    assert found.total == made.table["rows"][0]["total"]
    for no in range(worked.KEPT + 1):
        other = Publication(digest=f"{no:064d}", bundle=made.bundle, table=made.table)
        assert worked.worked_example(category, other).total == found.total
    again = worked.worked_example(category, made)
    assert again == found
    assert again is not found


# Coverage -------------------------------------------------------------------------------------------------------------


def explanation(**people):
    given = [
        Given(FigureRef("coverage", key.replace("__", ".")), Label("x"), None, None, None, People(number), "matches")
        for key, number in people.items()
    ]
    return Explanation(SimpleNamespace(code="B1"), (), None, given)


def test_coverage_is_told_of_one_year_where_the_year_before_is_not_known(app):
    known = {"pu__participants": 40, "pu__target": 80}
    with app.test_request_context():
        one = verified_coverage([explanation(**known)], 2025)
        both = verified_coverage([explanation(**known, pu__participants_prev=20)], 2025)
        none = verified_coverage([explanation(pu__participants=40, pu__target=0)], 2025)
    assert [(row.segment, row.year, row.percent) for row in one.rows] == [("pu", 2025, 50), ("total", 2025, 50)]
    assert [(row.year, row.percent) for row in both.rows] == [(2024, 25), (2025, 50)] * 2
    assert none.rows == []


# The folder -----------------------------------------------------------------------------------------------------------


def test_a_historical_result_stands_in_the_folder_without_pages_of_candidates(app, db_session, tmp_path):
    made = take_over(cycle())
    export(app, tmp_path / "site")
    folder, first = tmp_path / "site", made.table["rows"][0]
    assert (folder / data_file(f"{HISTORICAL}.json")).read_bytes() == made.bundle
    assert first["name"] in (folder / page_file(HISTORICAL, "id")).read_text(encoding="utf-8")
    assert not (folder / page_file(f"{HISTORICAL}/{first['candidate']}", "id")).exists()
