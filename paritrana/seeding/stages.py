"""Playing a simulated cycle from its first day: fictitious people do through the services what people do on the pages.

The clock stands where the cycle's calendar says and moves on with every act. Nothing here writes a table.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from decimal import Decimal
from typing import Any, Final
from zoneinfo import ZoneInfo

from paritrana.accounts.models import Account
from paritrana.accounts.queries import find_account, load_actor
from paritrana.accounts.service import create_account, create_person, grant_role
from paritrana.certificates.press import Press
from paritrana.clock import SetClock
from paritrana.config import Settings
from paritrana.core.evidence.specs import line_key_of
from paritrana.core.policy import Actor
from paritrana.cycles import service as cycles
from paritrana.cycles.models import Category, Cycle
from paritrana.cycles.queries import OBJECTION_DAYS, find_rubric, rubric_of
from paritrana.files.service import store_upload
from paritrana.files.store import BlobStore
from paritrana.nominations import service as nominations
from paritrana.nominations.models import Nomination
from paritrana.nominations.rows import kinds_asked, requirements_of
from paritrana.panels import service as panels
from paritrana.reference.models import Organisation
from paritrana.reference.queries import get_region
from paritrana.results.plenary.minutes import signed_copy
from paritrana.seeding.cast import SEEDING, Cast, grant_in_cycle
from paritrana.seeding.documents import simulated_document, simulated_photo
from paritrana.seeding.rows import Row
from paritrana.seeding.simulated import SEATED, Simulated, stored_value
from paritrana.verification import queries as verification_queries
from paritrana.verification import service as verification
from paritrana.verification.figures import DOCUMENTS, from_text
from paritrana.verification.service import Entry, Photo, Visited
from paritrana.verification.values import computed_values

# From the making of a cycle to its opening, in days, and the steps of its clock between two acts.
SET_UP_BEFORE: Final = 10
STEP: Final = timedelta(seconds=40)

MORNING, NOON, AFTERNOON, LAST_MINUTE = time(9, 0), time(12, 0), time(16, 0), time(23, 59)

NOTE: Final = "Isian simulasi untuk latihan."
PASSED: Final = "Bukti diperiksa terhadap dokumen; syarat dipenuhi (simulasi)."
DECIDED: Final = "Usulan verifikator diterima (simulasi)."
SHORTLISTED: Final = "Verifikasi selesai; calon memenuhi syarat wawancara (simulasi)."
LEFT_OUT: Final = "Nilai dokumen belum mencukupi untuk wawancara (simulasi)."


@dataclass
class Play:
    """One simulated cycle under way."""

    row: Row
    data: Simulated
    cast: Cast
    organisations: Mapping[str, Organisation]
    settings: Settings
    now: datetime  # the moment of seeding; the calendar is laid out from its day
    clock: SetClock = field(init=False)
    press: Press = field(init=False)
    zone: ZoneInfo = field(init=False)
    cycle: Cycle = field(init=False)
    categories: dict[str, Category] = field(default_factory=dict)
    nominations: dict[str, Nomination] = field(default_factory=dict)  # by key of the row

    def __post_init__(self) -> None:
        region = get_region(self.row["province_code"])
        self.zone = ZoneInfo(region.timezone)
        self.press = Press(self.settings, signed_copy)
        self.clock = SetClock(self.moment(self.row["opens"] - SET_UP_BEFORE, MORNING))

    def moment(self, days: int, at: time) -> datetime:
        """A time of day in the cycle's region, so many days from the day of seeding."""
        day = self.now.astimezone(self.zone).date() + timedelta(days=days)
        return datetime.combine(day, at, self.zone)

    def tick(self) -> datetime:
        """The moment of the next act."""
        self.clock.set(self.clock.moment + STEP)
        return self.clock.moment

    def stand_at(self, days: int, at: time) -> None:
        """Move the clock to a day of the calendar, unless it has passed that already."""
        self.clock.set(max(self.clock.moment, self.moment(days, at)))

    def rows_reaching(self, *states: str) -> Iterator[tuple[Row, Nomination]]:
        """The nominations that get as far as one of these states."""
        for row in self.data.nominations_in(self.row["code"]):
            if row["reaches"] in states:
                yield row, self.nominations[row["key"]]

    @property
    def organiser(self) -> Actor:
        """The organiser who proposes."""
        return self.cast.actor(self.cast.with_role("organiser")[0])

    @property
    def second_organiser(self) -> Actor:
        """The organiser who confirms."""
        return self.cast.actor(self.cast.with_role("organiser")[1])

    @property
    def chair(self) -> Actor:
        """The chair of every panel."""
        return self.cast.actor(self.cast.with_role("chair")[0])


def open_cycle(play: Play) -> None:
    """Make the cycle, its officers and panels, and open its categories by organiser and chair (0 → 1)."""
    row, at = play.row, play.tick()
    play.cycle = cycles.create_cycle(
        {
            **{name: row[name] for name in ("code", "title_id", "title_en", "assessment_year", "edition_label")},
            **{name: row[name] for name in ("target_instrument", "target_year", "decree")},
            "kind": "simulated",
            "tier": "province",
            "region_code": row["province_code"],
            "timezone": play.zone.key,
            "election_held": False,
            "rates_as_of": play.moment(row["opens"], MORNING),
            "settings": {OBJECTION_DAYS: row["objection_days"]},
        },
        actor=SEEDING,
        at=at,
    )
    grant_in_cycle(play.cast, play.cycle, at=play.tick())
    for described in play.data.categories:
        if described["cycle"] == row["code"]:
            play.categories[described["slug"]] = _add_category(play, described)
    for category in play.categories.values():
        for key in SEATED:
            person = play.cast.rows[key]
            place = {"chair": "chair", "deputy": "deputy"}.get(person["role"], "member")
            panels.seat(
                category, play.cast.accounts[key], place, person["constituency"], row["decree"], actor=play.organiser,
                at=play.tick(),
            )  # fmt: skip
    play.stand_at(row["opens"], MORNING)
    for category in play.categories.values():
        proposal = panels.propose_opening(category, actor=play.organiser, at=play.tick())
        panels.confirm_opening(proposal, proposal.digest, actor=play.chair, at=play.tick())


def _add_category(play: Play, row: Row) -> Category:
    rubric = find_rubric(row["rubric"], 1)
    assert rubric is not None  # noqa: S101 - the rubrics are stored before any cycle
    calendar, closes = play.row, play.moment(play.row["closes"], LAST_MINUTE)
    return cycles.add_category(
        play.cycle,
        {
            **{name: row[name] for name in ("slug", "position", "title_id", "title_en")},
            "kind": rubric.category_kind,
            "rubric_version_id": rubric.id,
            "ranks": len(row["titles_id"]),
            "opens_at": play.moment(calendar["opens"], MORNING),
            "closes_at": closes,
            "grace_ends_at": play.moment(calendar["closes"] + 1, NOON),
            "verification_until": play.moment(calendar["verification"], AFTERNOON),
            "interviews_until": play.moment(calendar["interviews"], AFTERNOON),
            "scoring_until": play.moment(calendar["scoring"], AFTERNOON),
            "plenary_until": play.moment(calendar["plenary"], AFTERNOON),
            "publication_planned": play.moment(calendar["publication"], MORNING),
        },
        dict(enumerate(zip(row["titles_id"], row["titles_en"], strict=True), start=1)),
        actor=SEEDING,
        at=play.tick(),
    )


def nominate(play: Play) -> None:
    """Fill the nominations of the cycle as far as their rows say, and send those that get further than a draft."""
    for place, row in enumerate(play.data.nominations_in(play.row["code"])):
        play.stand_at(play.row["opens"] + 2 + place, MORNING)
        organisation = play.organisations[row["organisation"]]
        actor = _nominee_of(play, row["organisation"], organisation)
        category = play.categories[row["category"]]
        nomination = nominations.create_nomination(category, organisation, actor=actor, at=play.tick())
        play.nominations[row["key"]] = nomination
        _fill(play, row, nomination, actor)
        if row["reaches"] != "draft":
            nominations.submit(nomination, actor=actor, at=play.tick())


def _nominee_of(play: Play, key: str, organisation: Organisation) -> Actor:
    """The nominee of an organisation: of the cast, or a fictitious account that nobody can sign in with."""
    own = next((name for name, person in play.cast.rows.items() if person["organisation"] == key), None)
    if own is not None:
        return play.cast.actor(own)
    email = f"pengusul-{key.replace('.', '-')}@demo.test"
    account = find_account(email)
    if account is None:
        account = _nominee_account(play, email, organisation)
    actor = load_actor(account.id, fresh=True)
    assert actor is not None  # noqa: S101 - the account was found or made just now
    return actor


def _nominee_account(play: Play, email: str, organisation: Organisation) -> Account:
    government = organisation.kind == "local_government"
    name = organisation.region.short_name if government else organisation.name
    account = create_account(
        email=email,
        name=f"Pengusul Simulasi {name}",
        password=None,
        person=create_person(fictitious=True),
        actor=SEEDING,
        at=play.tick(),
    )
    grant_role(account, "nominee", organisation_id=organisation.id, actor=SEEDING, at=play.tick())
    return account


def _fill(play: Play, row: Row, nomination: Nomination, actor: Actor) -> None:
    rubric = rubric_of(nomination.category)
    kinds = kinds_asked(rubric)
    for kind in kinds[: row["filled"]]:
        explained = play.data.explanations.get((row["key"], kind))
        nominations.save_evidence(
            nomination, kind, stored_form(play.data.figures.get(row["key"], {}).get(kind, {})), note=NOTE,
            explanation_reason=explained["reason"] if explained else "",
            explanation=explained["explanation"] if explained else "",
            completed=True, expected=0, actor=actor, at=play.tick(),
        )  # fmt: skip
        _attach(play, nomination, kind, requirements_of(rubric, kind), actor)
    stated = [gate["code"] for gate in rubric.gates[: row["gates"]]]
    nominations.state_gates(nomination, dict.fromkeys(stated, ("yes", "", 0)), actor=actor, at=play.tick())


def _attach(play: Play, nomination: Nomination, kind: str, requirements: list[dict[str, Any]], actor: Actor) -> None:
    """One document with everything the rubric asks for under a kind, attached for each requirement."""
    if not requirements:
        return
    organisation = nomination.organisation
    title = f"Bukti {kind.removeprefix('indicator:')}: {organisation.name}"
    blob, _name = store_upload(
        simulated_document(title, [one["id"] for one in requirements]),
        filename="dokumen.pdf", organisation_id=organisation.id, at=play.tick(),
        store=BlobStore(play.settings.blob_path), max_bytes=play.settings.max_file_bytes, ours=True,
    )  # fmt: skip
    for one in requirements:
        nominations.attach(
            nomination, kind, blob, f"simulasi-{one['code'].replace('_', '-')}.pdf", requirement=one["code"],
            actor=actor, at=play.tick(),
        )  # fmt: skip


def stored_form(figures: Mapping[str, int | str]) -> dict[str, Any]:
    """Figures by key as an item stores them: single fields, and lines in the order of their keys."""
    fields: dict[str, Any] = {}
    lines: dict[str, dict[str, Any]] = {}
    for figure, value in figures.items():
        key = line_key_of(figure)
        if key is None:
            fields[figure] = value
        else:
            lines.setdefault(key, {"key": key})[figure.rsplit(".", 1)[1]] = value
    return {"fields": fields, "lines": [lines[key] for key in sorted(lines)]}


def verify(play: Play) -> None:
    """Check every sent nomination figure by figure; another verifier closes, the chair decides on the gates."""
    verifiers = [play.cast.actor(key) for key in play.cast.with_role("verifier")]
    chair = play.chair
    for place, (row, nomination) in enumerate(play.rows_reaching("not_shortlisted", "interviewed")):
        play.stand_at(play.row["closes"] + 2 + place, MORNING)
        first, second = verifiers[place % 2], verifiers[(place + 1) % 2]
        for officer in (first, second, chair):
            panels.declare(nomination, False, "", actor=officer, at=play.tick())
        verification.take(nomination, actor=first, at=play.tick())
        if row["key"] in play.data.requests:
            _ask(play, row, nomination, first)
        if place == 0:
            _visit(play, nomination, first)
        _judge(play, row, nomination, first)
        _override(play, row, nomination, first, second)
        _gates(play, row, nomination, first, chair)
        there = verification_queries.get_verification(nomination.ref)
        verification.propose_close(nomination, expected=there.version, actor=first, at=play.tick())
        verification.close(nomination, expected=there.version, actor=second, at=play.tick())


def _ask(play: Play, row: Row, nomination: Nomination, verifier: Actor) -> None:
    asked = play.data.requests[row["key"]]
    due = play.clock.moment + timedelta(days=3)
    request = verification.ask_changes(
        nomination, [(asked["kind"], asked["figure"])], asked["question"], due, actor=verifier, at=play.tick()
    )
    name = f"{asked['kind']}/{asked['figure']}"
    value = asked["value"] and stored_value(asked["kind"], asked["figure"], asked["value"])
    verification.answer_request(
        request, {name: value} if value else {}, {name: asked["reason"]}, NOTE, expected=request.version,
        actor=_nominee_of(play, row["organisation"], nomination.organisation), at=play.tick(),
    )  # fmt: skip


def _visit(play: Play, nomination: Nomination, verifier: Actor) -> None:
    """A visit to the candidate with one photo; the worker draws what is shown of it."""
    organisation, at = nomination.organisation, play.tick()
    blob, name = store_upload(
        simulated_photo("Loket layanan"), filename="simulasi-loket.jpg", organisation_id=organisation.id, at=at,
        store=BlobStore(play.settings.blob_path), max_bytes=play.settings.max_file_bytes, ours=True,
    )  # fmt: skip
    seen = {kinds_asked(rubric_of(nomination.category))[0]: "Daftar peserta dan bukti bayar diperlihatkan (simulasi)."}
    verification.record_visit(
        nomination,
        Visited(
            "Kantor dinas tenaga kerja (simulasi)", at.astimezone(play.zone).date(), "Dinas tenaga kerja", seen,
            photos=[Photo(blob, name, "Loket layanan dengan papan informasi")],
        ),
        actor=verifier, at=at,
    )  # fmt: skip


def _judge(play: Play, row: Row, nomination: Nomination, verifier: Actor) -> None:
    told = play.data.findings.get(row["key"], {})
    for item in verification_queries.case_of(nomination).items:
        document = item.documents[0]["no"] if item.documents else None
        entries = []
        for judged in item.rows:
            figure, finding = judged.figure, told.get((item.kind, judged.figure.key))
            if finding is None:
                found = None if figure.key == DOCUMENTS else figure.claimed
                entries.append(Entry(figure.key, found, "matches", document, "1", "", 0))
            else:
                found = from_text(figure.field, finding["found"])
                entries.append(
                    Entry(figure.key, found, finding["verdict"], document, finding["page"], finding["note"], 0)
                )
        verification.record_findings(
            nomination, item.kind, entries, revision_no=nomination.revision_no, actor=verifier, at=play.tick()
        )


def _override(play: Play, row: Row, nomination: Nomination, first: Actor, second: Actor) -> None:
    for told in play.data.overrides.get(row["key"], {}).values():
        values = computed_values(nomination.category, rubric_of(nomination.category), [nomination])
        proposed = verification.propose_override(
            nomination, told["indicator"], Decimal(told["value"]), told["reason"],
            seen=values[nomination.id, told["indicator"]].value, actor=first, at=play.tick(),
        )  # fmt: skip
        verification.confirm_override(nomination, proposed.no, expected=proposed.version, actor=second, at=play.tick())


def _gates(play: Play, row: Row, nomination: Nomination, verifier: Actor, chair: Actor) -> None:
    for gate in rubric_of(nomination.category).gates:
        failed = play.data.gates.get((row["key"], gate["code"]))
        answer, reason = ("fail", failed) if failed else ("pass", PASSED)
        there = verification.propose_gate(
            nomination, "gate", gate["code"], answer, reason, expected=0, actor=verifier, at=play.tick()
        )
        verification.decide_gate(
            nomination, "gate", gate["code"], answer, failed or DECIDED, expected=there.version, actor=chair,
            at=play.tick(),
        )  # fmt: skip


def shortlist(play: Play) -> None:
    """Organiser and chair record who is heard and why the others are not (3 → 4)."""
    play.stand_at(play.row["verification"], AFTERNOON)
    for category in play.categories.values():
        mine = [
            (row, one) for row, one in play.rows_reaching("not_shortlisted", "interviewed") if one.category is category
        ]
        proposal = verification.propose_shortlist(
            category,
            [one.ref for row, one in mine if row["reaches"] == "interviewed"],
            {one.ref: LEFT_OUT for row, one in mine if row["reaches"] == "not_shortlisted"},
            SHORTLISTED,
            actor=play.organiser,
            at=play.tick(),
        )
        verification.confirm_shortlist(proposal, proposal.digest, actor=play.chair, at=play.tick())
