"""What pages say of a run and of what changed between two, in whole sentences, in either direction."""

import json
import re

import pytest

from paritrana.results import words
from tests.factories_results import contest, run
from tests.nominations.pages import text_of
from tests.results.tampered import another_run

PAGE = "/manage/contoh-2025/ranking/kabkota"


@pytest.fixture
def here(app, db_session):
    return contest(3)


def read(client, address, **query):
    """The words of a page."""
    answer = client.get(f"{PAGE}/{address}", query_string={"lang": "en", **query})
    assert answer.status_code == 200
    return " ".join(re.sub(r"<[^>]+>", " ", text_of(answer)).split())


def test_every_input_that_came_or_went_between_two_runs_has_its_sentence(here, door):
    first = run(here)

    def came(bundle):
        bundle["caps"] = [{"candidate": "99.01", "indicator": "E1", "value": "8.5", "reason": "wakil"}]
        bundle["not_applicable"] = [{"candidate": "99.01", "indicator": "A1", "reason": "tidak ada"}]
        bundle["candidates"][0]["failed_gates"] = ["period"]
        bundle["computed"] = [
            one | {"value": "1.25"} if (one["candidate"], one["indicator"]) == ("99.01", "B1") else one
            for one in bundle["computed"]
        ]
        del bundle["provenance"]["sheet:99.01:J4"]
        bundle["provenance"] |= {
            "override:99.01:B1": "{}", "consolidation:99.01:A2": "{}", "reopened:99.01:J3": "x",
            "findings:99.01": "0" * 64,
        }  # fmt: skip

    second = another_run(first, came)
    another_run(second, lambda bundle: bundle.update(json.loads(first.bundle)))
    client = door("organiser-1")
    forth, back = read(client, "compare", a=1, b=2), read(client, "compare", a=2, b=3)
    value = next(
        one["value"]
        for one in json.loads(first.bundle)["computed"]
        if (one["candidate"], one["indicator"]) == ("99.01", "B1")
    )
    for said in (
        "Highest mark that counts for E1 ", ": – → 8.50", "is not applicable: tidak ada", "Condition not met: ",
        "is set, not computed", "A2 Compliance through permits, procurement and payment was scored a second time",
        "The sheet of J3 was opened again", "Findings of the verification changed",
        "The sheet of J4 does not count any more", f": {float(value):.2f} → 1.25",
    ):  # fmt: skip
        assert said in forth, said
    for said in (
        ": 8.50 → –", "is applicable again", "Condition met: ", "is computed again, no longer set",
        "The sheet of J4 came in", f": 1.25 → {float(value):.2f}",
    ):  # fmt: skip
        assert said in back, said
        assert said not in forth, said


def test_a_run_says_what_broke_a_tie_and_why_somebody_has_no_rank(here, door):
    def changed(bundle):
        first, second, third = bundle["result"]
        first |= {"tie_broken_by": "aspect:D"}
        second |= {"tie_broken_by": "source:computed"}
        third |= {
            "rank": None, "total": None, "state": "incomplete",
            "reasons": [{"kind": "aspect_not_applicable", "aspect": "C"}],
        }  # fmt: skip

    another_run(run(here), changed)
    said = read(door("organiser-1"), "runs/2")
    assert "Separated by: points of the aspect Innovation" in said
    assert "Separated by: points of the computed indicators" in said
    assert "No indicator of the aspect Coverage performance is applicable" in said
    assert "– Pemerintah Kabupaten Contoh 3 99.03 – Incomplete" in said
    assert words.rank_text({"tied": False, "rank": None}) == "–"
