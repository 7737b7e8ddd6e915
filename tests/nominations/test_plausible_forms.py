"""Figures that were found in print, typed into the form of their evidence: what does not agree is flagged there.

`CARRIED` says, case by case, in which fields the figures stand and what the form answers. `NOT_CARRIED` names the cases
that no evidence form carries, with the reason; the core judges all of them in tests/core/test_evidence_plausibility.py.
"""

import csv
import json
from decimal import Decimal
from pathlib import Path

import pytest

from paritrana.core.quantities import Amount, Percent, Points, exact
from paritrana.database import db, random_ref
from paritrana.reference.models import Organisation, TargetFigure
from paritrana.web import formats
from tests.factories import grant, person, sign_in, world
from tests.nominations.pages import as_typed, draft, fields_of, send, text_of

FILE = Path(__file__).parents[2] / "seed" / "plausibility_cases.csv"
with FILE.open(encoding="utf-8", newline="") as opened:
    CASES = {row["case_id"]: row for row in csv.DictReader(opened)}

SEGMENTS = ("pu", "bpu", "jakon", "pmi")


def line(no, **values):
    return {"key": f"z{no:03d}", **values}


def product(inputs):
    """people × rate × months beside the amount: a line of vulnerable workers."""
    package = "jkk_jkm_jht" if inputs["rate_idr"] == 36800 else "jkk_jkm"
    values = {"people": inputs["people"], "months": inputs["months"], "amount": inputs["amount_idr"]}
    return "vulnerable_workers", {"fields": {}, "lines": [line(1, package=package, **values)]}


def without_months(inputs):
    """People and an amount, no months: a line of vulnerable workers."""
    values = {"people": inputs["people"], "amount": inputs["amount_idr"]}
    return "vulnerable_workers", {"fields": {}, "lines": [line(1, package="jkk_jkm", **values)]}


def people_and_total(inputs):
    """Groups of people beside their total as printed."""
    lines = [line(no, people=part) for no, part in enumerate(inputs["parts"], start=1)]
    return "vulnerable_workers", {"fields": {"total.people": inputs["total"]}, "lines": lines}


def segments_and_total(inputs):
    """The target workers of the four segments beside the printed total."""
    fields = {f"{code}.target": part for code, part in zip(SEGMENTS, inputs["parts"], strict=True)}
    return "coverage", {"fields": fields | {"total.target": inputs["total"]}}


def covered(inputs):
    """A count and its denominator: the coverage of wage workers."""
    return "coverage", {"fields": {"pu.participants": inputs["count"], "pu.target": inputs["denominator"]}}


def accepted(inputs):
    """Accepted of proposed people: the check of a list."""
    return "beneficiary_list", {
        "fields": {"records.valid": inputs["count"], "records.submitted": inputs["denominator"]}
    }


def grown(inputs):
    """Participants of two years on one frozen denominator."""
    fields = {f"{code}.{name}": 0 for code in SEGMENTS for name in ("participants", "participants_prev")}
    fields |= {f"{code}.{name}": 0 for code in SEGMENTS for name in ("target", "target_prev")}
    fields |= {"bpu.participants": inputs["new"], "bpu.participants_prev": inputs["old"]}
    return "coverage", {"fields": fields | {"bpu.target": 2_000_000, "bpu.target_prev": 2_000_000}}


def implied_targets(inputs):
    """Segments of which count and percent were printed: the target workers follow from both."""
    fields = {}
    for segment in inputs["segments"]:
        target = int(Decimal(segment["count"]) * 100 / Decimal(str(segment["percent"])))
        fields |= {f"{segment['code']}.participants": segment["count"], f"{segment['code']}.target": target}
    totals = {
        f"total.{name}": sum(value for key, value in fields.items() if key.endswith(f".{name}"))
        for name in ("participants", "target")
    }
    return "coverage", {"fields": fields | totals}


def two_denominators(inputs):
    """One denominator printed in two years."""
    before, now = inputs["values"]
    return "coverage", {"fields": {"total.target": now, "total.target_prev": before}}


def own_and_national_target(inputs):
    """A region takes the lower of two targets of one year over; its cycle has chosen the set with the higher one."""
    low, high = inputs["values"]
    db.session.add(
        TargetFigure(
            key="TGT005", area_kind="national", region_code=None, area_name="Indonesia", year=2025, unit="percent",
            metric="ucj_percent", value=Decimal(high), kind="target", instrument="bpjs_monitoring",
            status="published", source_key="PROJ", note=None,
        )
    )  # fmt: skip
    fields = {"base.year": 2024, "base.value": 30, "target.year": 2025, "target.value": low}
    return "development_target", {"fields": fields, "lines": []}


def later_year(inputs):
    """A figure of the year after the assessment year as the source of a target."""
    years_on = inputs["figure_year"] - inputs["assessment_year"]
    return "vulnerable_workers", {
        "fields": {"target.people": inputs["claimed"], "target.year": 2025 + years_on}, "lines": [],
    }  # fmt: skip


def rupiah(row):
    return shown(Amount(int(row["difference"]), signed=True))


def people(row):
    return formats.number(int(row["difference"]), "en", signed=True)


def months(row):
    return formats.number(Decimal(row["expected_value"]), "en", 2)


def share(row):
    return shown(Percent(exact(row["expected_value"])))


def points(row):
    return shown(Points(-exact(row["difference"])))


def next_year(_row):
    return "2026"


def too_long(_row):
    return "has more than 15 digits"


def shown(value):
    match value:
        case Amount():
            return formats.money(value.value, "en", signed=value.signed)
        case Percent():
            return formats.percent(value.value, "en")
        case Points():
            return formats.points_pp(value.value, "en")
    raise AssertionError(value)


# Case: (fields of the form, what the answer shows: the difference where there is one, else the value by the rule).
CARRIED = {
    **dict.fromkeys(("TRENGGALEK-2023", "TRENGGALEK-2025", "LUMAJANG-2025"), (product, rupiah)),
    **dict.fromkeys(("PPU-2025", "PPU-2025-EXTRA"), (product, lambda row: shown(Amount(int(row["expected_value"]))))),
    **dict.fromkeys(("WAJO-2025", "BANDUNG-RTRW", "JAMBI-MONTHS"), (without_months, months)),
    "JAMBI-UNIT": (without_months, too_long),
    "BATAM-VULNERABLE-HEADLINE": (people_and_total, people),
    **dict.fromkeys(
        ("PPU-2025-PARTS", "BANDUNG-RTRW-PARTS", "BATAM-VULNERABLE-TEXT", "LANDAK-2025"),
        (people_and_total, lambda row: formats.number(int(row["expected_value"]), "en")),
    ),
    "BATAM-WORKFORCE-PARTS": (segments_and_total, people),
    **dict.fromkeys(
        ("BATAM-PU", "BATAM-BPU", "NAT-2023-ACTIVE", "KONAWE-UCJ", "GORONTALO-2024", "BANTEN-UCJ", "SUMSEL-UCJ"),
        (covered, share),
    ),
    "MUKOMUKO-ACCEPTED": (accepted, share),
    **dict.fromkeys(("LOTIM-GROWTH", "BALI-GROWTH", "MITRA-GROWTH"), (grown, share)),
    "TRENGGALEK-UCJ": (implied_targets, share),
    "GORONTALO-DENOMINATOR": (two_denominators, people),
    "NAT-2025-TARGET": (own_and_national_target, points),
    "LOTIM-PERIOD": (later_year, next_year),
}

NOT_CARRIED = {
    **dict.fromkeys(
        ("TRENGGALEK-WEEKDAY", "BALI-WEEKDAY", "SUMEDANG-DATE-A", "SUMEDANG-DATE-B", "BABEL-DATE", "BABEL-DATE-2025"),
        "the weekday of an event is no evidence",
    ),
    **dict.fromkeys(
        ("AY2020-CONTESTANTS", "AY2019-FINALISTS", "AY2023-FINALISTS", "AY2023-PROVINCES", "AY2022-DIY"),
        "numbers of candidates of an edition are no evidence",
    ),
    "BANDUNG-ESTIMATE": "an estimate rounded to Rp0.1 billion; a form takes whole rupiah and shows the difference",
    "LOTIM-DBHCHT": "“more than” is a bound; a form takes an amount",
    "LOTIM-SCORE-SUM": "points of indicators; the published sheet adds them up",
    "BALI-COVERAGE": "two figures of one article; a form has one field for coverage",
    "BALI-NATIONAL-TABLE": "a figure beside a table of another publisher; a form has one field for it",
    "NAT-2023-PARTS": "active and inactive in millions of people; forms ask for active people in whole numbers",
    "KONAWE-GAP": "workers that are not covered are in no form",
    **dict.fromkeys(
        ("BPU-JHT-TYPO", "BPU-JHT-CORRECT", "JP-CAP-TYPO", "JHT-RATE", "JKP-RATE-2025"),
        "contribution rates come from the dated table, nobody types them",
    ),
}


@pytest.fixture
def here(db_session):
    return world(categories=("kabkota", "desa"))


def test_every_published_case_is_carried_by_a_form_or_named_with_the_reason():
    assert CARRIED.keys() | NOT_CARRIED.keys() == CASES.keys()
    assert not CARRIED.keys() & NOT_CARRIED.keys()


@pytest.mark.parametrize("case_id", CARRIED)
def test_a_published_figure_gets_its_verdict_and_difference_in_the_form(client, here, case_id):
    row, (fields_of_case, answer_of) = CASES[case_id], CARRIED[case_id]
    kind, data = fields_of_case(json.loads(row["inputs_json"], parse_float=Decimal))
    nomination = _village(here) if kind == "beneficiary_list" else draft(here)
    here.cycle.target_instrument = "bpjs_monitoring"
    db.session.commit()
    sign_in(client, "villager" if kind == "beneficiary_list" else "nominee-1")
    place = f"/nominations/{nomination.ref}/evidence/{kind}"
    page = {name: value for name, value in fields_of(client, place).items() if not name.startswith("lines-")}
    answer = send(client, f"{place}/arithmetic", page, **as_typed(kind, data))
    panel = " ".join(text_of(answer).split())
    flagged = "Needs attention" in panel or "p-chip--problem" in panel
    assert ("inconsistent" if flagged else "consistent") == row["expected_verdict"], panel
    assert answer_of(row) in panel


def _village(here):
    organisation = Organisation(
        ref=random_ref("O"), name="Desa Contoh", kind="village", region_code="99.04", fictitious=True
    )
    db.session.add(organisation)
    db.session.flush()
    here.organisations["village"], here.accounts["villager"] = organisation, person("villager")
    grant(here.accounts["villager"], "nominee", organisation=organisation)
    return draft(here, "villager", "village", "desa")
