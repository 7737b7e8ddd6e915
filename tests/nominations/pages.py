"""Reading and sending the forms of a page as a browser without scripts does; a whole set of evidence; small files."""

import io
import re
import zipfile
from datetime import datetime
from html.parser import HTMLParser
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from paritrana.core.evidence import KINDS, line_figure
from paritrana.core.evidence.choices import (
    ELECTION_GROUPS,
    ENTERPRISE,
    GROUPS_OF,
    NON_ASN_GROUPS,
    PROGRAMMES,
    PROVINCE,
    REGENCY,
    VILLAGE,
)
from paritrana.cycles.queries import rubric_of
from paritrana.database import db
from paritrana.files.models import Blob
from paritrana.nominations import queries, service
from paritrana.nominations.forms import input_name
from paritrana.nominations.models import Nomination
from paritrana.nominations.rows import kinds_asked
from tests.factories import World
from tests.remembering import remembered

SAME_ORIGIN = {"Sec-Fetch-Site": "same-origin"}


def paper(mark: bytes = b"") -> bytes:
    """A whole PDF of one blank page; `mark` stands in a comment and makes it another file."""
    bodies = (b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
              b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]>>")  # fmt: skip
    made, places = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", []
    for no, body in enumerate(bodies, start=1):
        places.append(len(made))
        made += b"%d 0 obj" % no + body + b"endobj\n"
    start = len(made)
    made += b"xref\n0 4\n0000000000 65535 f \n" + b"".join(b"%010d 00000 n \n" % place for place in places)
    made += b"trailer<</Root 1 0 R/Size 4>>\n%" + mark + b"\n"
    return made + b"startxref\n%d\n%%%%EOF\n" % start


PDF = paper()


class Forms(HTMLParser):
    """The POST forms of a page: address to the list of (name, value) that a browser would send."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.forms: dict[str, list[tuple[str, str]]] = {}
        self.here: list[tuple[str, str]] | None = None
        self.select: str | None = None
        self.options: list[tuple[str, bool]] = []
        self.area: str | None = None
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        if tag == "form" and found.get("method") == "post":
            self.here = self.forms.setdefault(found.get("action", ""), [])
        if self.here is None:
            return
        name = found.get("name")
        if tag == "input" and name and found.get("type") not in {"file", "submit"}:
            if found.get("type") not in {"radio", "checkbox"} or "checked" in found:
                self.here.append((name, found.get("value", "")))
        elif tag == "select" and name:
            self.select, self.options = name, []
        elif tag == "option" and self.select:
            self.options.append((found.get("value", ""), "selected" in found))
        elif tag == "textarea" and name:
            self.area, self.text = name, ""

    def handle_data(self, data: str) -> None:
        if self.area is not None:
            self.text += data

    def handle_endtag(self, tag: str) -> None:
        if self.here is None:
            return
        if tag == "select" and self.select:
            chosen = next((value for value, is_chosen in self.options if is_chosen), None)
            self.here.append((self.select, chosen if chosen is not None else self.options[0][0]))
            self.select = None
        elif tag == "textarea" and self.area is not None:
            self.here.append((self.area, self.text.removeprefix("\n").removeprefix("\r\n")))
            self.area = None
        elif tag == "form":
            self.here = None


def text_of(answer: TestResponse) -> str:
    """The page as text."""
    return answer.get_data(as_text=True)


def alike(answer: TestResponse, ref: str) -> str:
    """The page with its own reference and its token taken out, for comparing two answers byte by byte."""
    page = re.sub(r'name="csrf_token" value="[^"]*"', "", text_of(answer))
    return page.replace(ref, "N-0000-0000")


def fields_of(client: FlaskClient, page: str, action: str | None = None) -> dict[str, Any]:
    """The fields of the form of `page` that is sent to `action` (by default: to the page itself)."""
    answer = client.get(page, query_string={"lang": "en"})
    assert answer.status_code == 200, text_of(answer)
    return fields_in(answer, action or page)


def without_rows(client: FlaskClient, page: str) -> dict[str, Any]:
    """The fields of a form of evidence without those of its rows, for typing rows of one's own."""
    return {name: value for name, value in fields_of(client, page).items() if not name.startswith("lines-")}


def fields_in(answer: TestResponse, action: str) -> dict[str, Any]:
    """The same of an answer that is already there."""
    found: dict[str, Any] = {}
    for name, value in Forms(text_of(answer)).forms[action]:
        found.setdefault(name, []).append(value)
    return {name: values if len(values) > 1 else values[0] for name, values in found.items()}


def send(client: FlaskClient, address: str, fields: dict[str, Any], **changes: Any) -> TestResponse:
    """POST a form with some fields changed; None leaves a field out."""
    data = {name: value for name, value in (fields | changes).items() if value is not None}
    return client.post(address, data=data, headers=SAME_ORIGIN, query_string={"lang": "en"})


def pdf(name: str = "DPA 2025.pdf", tail: bytes = b"") -> tuple[io.BytesIO, str, str]:
    """A file field with a small PDF."""
    return io.BytesIO(paper(tail)), name, "application/pdf"


def workbook() -> bytes:
    """The smallest archive that carries the marks of a workbook."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("xl/workbook.xml", "<workbook/>")
    return file.getvalue()


def coverage(candidate: str = REGENCY) -> dict[str, Any]:
    """Four segments of two years whose parts make the totals; of a village its working residents."""
    if candidate == VILLAGE:
        return {"fields": {"residents.working": 1500, "residents.participants": 630,
                           "residents.source": "Prodeskel", "residents.year": 2025}}  # fmt: skip
    fields: dict[str, Any] = {"denominator.source": "BPS", "denominator.year": 2025}
    for code, now_, target, before in (("pu", 40000, 80000, 36000), ("bpu", 9000, 60000, 7000),
                                       ("jakon", 3000, 8000, 2900), ("pmi", 500, 2000, 450)):  # fmt: skip
        fields |= {f"{code}.participants": now_, f"{code}.target": target,
                   f"{code}.participants_prev": before, f"{code}.target_prev": target}  # fmt: skip
    for measure in ("participants", "target", "participants_prev", "target_prev"):
        fields[f"total.{measure}"] = sum(fields[f"{code}.{measure}"] for code in ("pu", "bpu", "jakon", "pmi"))
    if candidate == PROVINCE:
        fields["units.at_target"] = 6
    return {"fields": fields}


def non_asn(candidate: str = REGENCY) -> dict[str, Any]:
    """The groups that a year without an election asks for."""
    fields: dict[str, Any] = {}
    for group in (group for group in NON_ASN_GROUPS if candidate in GROUPS_OF[group] and group not in ELECTION_GROUPS):
        fields |= {f"{group}.target": 1000, f"{group}.covered": 900, f"{group}.months": 12,
                   f"{group}.worker_group": "bpu", f"{group}.budget": 900 * 12 * 16800}  # fmt: skip
    return {"fields": fields}


def vulnerable(candidate: str = REGENCY, *, amount: int = 5600 * 3 * 16800) -> dict[str, Any]:
    """A target and one line: tobacco farmers."""
    if candidate == VILLAGE:
        line = {
            "key": "a1b2",
            "group": "farmer",
            "people": 75,
            "months": 12,
            "amount": 75 * 12 * 16800,
            "package": "jkk_jkm",
            "funding_source": "apbdes",
            "decree_number": "141/7",
            "decree_date": "2025-01-15",
        }
        return {"fields": {"target.people": 90, "target.source": "Prodeskel", "target.year": 2025}, "lines": [line]}
    return {
        "fields": {"target.people": 20000, "target.source": "DTSEN", "target.year": 2025},
        "lines": [
            {"key": "a1b2", "group": "tobacco_farmer", "people": 5600, "months": 3, "amount": amount,
             "package": "jkk_jkm", "funding_source": "dbhcht", "decree_number": "188.45/12",
             "decree_date": "2025-03-02"},
        ],
    }  # fmt: skip


def permits(_candidate: str = REGENCY) -> dict[str, Any]:
    """Permits, tenders and payments."""
    fields: dict[str, Any] = {"counting_from": "2025-01-02", "sop_in_force_since": "2024-06-01",
                              "contract_clause": "yes"}  # fmt: skip
    for procedure in ("permit", "tender", "payment"):
        fields |= {f"{procedure}.issued": 400, f"{procedure}.checked": 380, f"{procedure}.refused": 12,
                   f"{procedure}.followed_up": 9}  # fmt: skip
    return {"fields": fields}


def villages(count: int = 2) -> dict[str, Any]:
    """Villages with 100 workers for a year each."""
    return {
        "fields": {"villages.count": 150, "villages.source": "Permendagri", "villages.year": 2025},
        "lines": [
            {"key": f"v{no:04d}", "name": f"Desa {no}", "people": 100, "amount": 100 * 12 * 16800, "months": 12}
            for no in range(1, count + 1)
        ],
    }


def regulation(candidate: str = REGENCY) -> dict[str, Any]:
    """One enacted rule with its three checks; of a province the units that have one too."""
    units = {"units.total": 10, "units.with_regulation": 4} if candidate == PROVINCE else {}
    rule = {"key": "r001", "type": "perdes" if candidate == VILLAGE else "perda", "number": "7", "title": "Pelindungan",
            "state": "enacted", "enacted_on": "2024-08-19", "general_obligation": "yes",
            "general_obligation_at": "Pasal 3, hlm. 4", "named_groups": "yes", "budget_clause": "no"}  # fmt: skip
    return {"fields": units, "lines": [rule]}


def budget(_candidate: str = REGENCY) -> dict[str, Any]:
    """One line that is the total, from two sources."""
    return {
        "fields": {"total.ceiling": 300_000_000, "total.realisation": 282_240_000,
                   "total.realisation_prev": 250_000_000, "total.months_funded": 12,
                   "sources.apbd_regency": 200_000_000, "sources.dbhcht": 82_240_000},
        "lines": [{"key": "b001", "name": "Iuran pekerja rentan", "ceiling": 300_000_000, "realisation": 282_240_000}],
    }  # fmt: skip


def csr(_candidate: str = REGENCY) -> dict[str, Any]:
    """One donor who pays for forty people."""
    line = {"key": "c001", "donor": "PT Contoh", "scheme": "sertakan", "people": 40, "months": 12,
            "amount": 40 * 12 * 16800, "package": "jkk_jkm"}  # fmt: skip
    return {"fields": {}, "lines": [line]}


def development_target(_candidate: str = REGENCY) -> dict[str, Any]:
    """A target of the medium-term plan with one year on the way."""
    return {
        "fields": {"plan": "rpjmd", "document": "RPJMD 2025–2029", "indicator": "Cakupan kepesertaan", "page": 112,
                   "base.year": 2024, "base.value": "33.6", "target.year": 2029, "target.value": "52.15"},
        "lines": [{"key": "y001", "year": 2027, "value": "43.5"}],
    }  # fmt: skip


def innovation(_candidate: str = REGENCY) -> dict[str, Any]:
    """One innovation with an effect in numbers."""
    line = {"key": "i001", "title": "Satu desa seratus pekerja", "problem": "Nelayan belum terlindungi.",
            "started_on": "2024-02-01", "measure": "Nelayan terlindungi", "unit": "orang", "before": "120",
            "after": "1450.5", "replications": 3}  # fmt: skip
    return {"fields": {}, "lines": [line]}


def compliance(candidate: str = ENTERPRISE) -> dict[str, Any]:
    """An employer that registers everybody and pays eleven months in time."""
    fields: dict[str, Any] = {"workers.total": 400, "workers.registered": 400, "payments.months_on_time": 11,
                              "payments.arrears_months": 0, "sanction": "no"}  # fmt: skip
    fields |= {f"programmes.{code}": "no" if code == "jkp" else "yes" for code in PROGRAMMES}
    if candidate == ENTERPRISE:
        return {"fields": fields | {
            "workers.wage_matched": 380, "workers.digital_account": 300, "vendors.total": 10, "vendors.verified": 9,
            "vendors.contract_clause": "yes", "safety_certificate": "yes", "return_to_work": "no",
        }}  # fmt: skip
    answers = ("informs_staff", "since_hiring", "safety_basics", "posts_claim_flow", "membership_3_years")
    return {"fields": fields | {f"awareness.{code}": "no" if code == "posts_claim_flow" else "yes" for code in answers}}


def beneficiary_list(_candidate: str = VILLAGE) -> dict[str, Any]:
    """A list whose refused records are explained, and three of four services."""
    return {"fields": {
        "records.submitted": 200, "records.valid": 190, "records.malformed": 10, "services.perisai": "yes",
        "services.outreach": "yes", "services.registration_help": "yes", "services.claim_help": "no",
    }}  # fmt: skip


TYPED = {
    "coverage": coverage, "non_asn_protection": non_asn, "vulnerable_workers": vulnerable,
    "permit_compliance": permits, "village_allocation": lambda _candidate=REGENCY: villages(),
    "regulation": regulation, "budget": budget, "csr": csr, "development_target": development_target,
    "innovation": innovation, "compliance": compliance, "beneficiary_list": beneficiary_list,
}  # fmt: skip


def as_typed(kind: str, data: dict[str, Any]) -> dict[str, Any]:
    """A whole item as the fields of its form, without those that every form has."""
    spec, found = KINDS[kind], {}
    values = {key: (spec.field(key), value) for key, value in data["fields"].items()}
    for line in data.get("lines", ()):
        names = {name: line_figure(line["key"], name) for name in line if name != "key"}
        values |= {figure: (spec.field(figure), line[name]) for name, figure in names.items()}
    for key, (field, value) in values.items():
        assert field is not None, (kind, key)
        name = input_name(key)
        if field.kind == "date":
            parts = dict(zip(("year", "month", "day"), str(value).split("-"), strict=True))
            found |= {f"{name}-{part}": str(int(text)) for part, text in parts.items()}
        else:
            found[name] = str(value)
    return found | {"line": [line["key"] for line in data.get("lines", ())]}


def draft(here: World, who: str = "nominee-1", organisation: str = "regency-1", slug: str = "kabkota") -> Nomination:
    """An empty draft of an organisation of the world."""
    nomination = service.create_nomination(
        here.categories[slug], here.organisations[organisation], actor=here.actor(who), at=here.now
    )
    db.session.commit()
    return nomination


def blob_of(nomination: Nomination, number: int, at: datetime) -> Blob:
    """The row of a stored file, without bytes: for what does not open the file."""
    blob = Blob(organisation_id=nomination.organisation_id, sha256=f"{number:064x}", size=1000 + number,
                media_type="application/pdf", created_at=at)  # fmt: skip
    db.session.add(blob)
    db.session.flush()
    return blob


@remembered
def filled(here: World, who: str = "nominee-1", organisation: str = "regency-1", slug: str = "kabkota") -> Nomination:
    """A draft that may be sent: figures, statements and one document under every kind."""
    nomination = draft(here, who, organisation, slug)
    actor, rubric = here.actor(who), rubric_of(nomination.category)
    for gate in rubric.gates:
        service.state_gate(nomination, gate["code"], "yes", "", expected=0, actor=actor, at=here.now)
    for number, kind in enumerate(kinds_asked(rubric), start=1):
        service.save_evidence(
            nomination, kind, TYPED[kind](rubric.category_kind) if kind in TYPED else {}, note="",
            explanation_reason="", explanation="", completed=True, expected=0, actor=actor, at=here.now,
        )  # fmt: skip
        service.attach(
            nomination, kind, blob_of(nomination, number, here.now), f"{number}.pdf", actor=actor, at=here.now
        )
    db.session.commit()
    return queries.get_nomination(nomination.ref)
