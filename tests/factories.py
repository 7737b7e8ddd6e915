"""A small world for tests: a fictitious province 99 with its regencies, people of every role and one open cycle.

Everything is made through the models and services of the application, in memory of the given session; nothing here is
a private door into the rules.
"""

import json
import re
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import select

from paritrana.accounts.models import Account, Person, RoleGrant
from paritrana.accounts.service import told_of_grant
from paritrana.audit import service as audit
from paritrana.config import data_folder
from paritrana.core.lifecycle import State
from paritrana.core.policy import Actor
from paritrana.core.policy import Seat as PolicySeat
from paritrana.cycles import service as cycles
from paritrana.cycles.models import Category, Cycle, RubricVersion
from paritrana.database import db, random_ref
from paritrana.panels import service as panels
from paritrana.panels.models import Seat
from paritrana.reference.models import ContributionRate, Organisation, Region, Source, TargetFigure
from tests.remembering import remembered

NOW = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)
PASSWORD = "a long enough pass phrase"
# Argon2 of PASSWORD would cost 50 ms per person, so it is hashed once per run.
_hashed: dict[str, str] = {}

SYSTEM = Actor(ref="system", name="system")


@dataclass
class World:
    """What `world` made, by name."""

    cycle: Cycle
    categories: dict[str, Category]
    organisations: dict[str, Organisation]
    accounts: dict[str, Account]
    now: datetime
    actors: dict[str, Actor] = field(default_factory=dict)

    @property
    def category(self) -> Category:
        """The kab/kota category."""
        return self.categories["kabkota"]

    def actor(self, name: str, *, fresh: bool = True) -> Actor:
        """The policy's view of a person, for calling services directly."""
        account = self.accounts[name]
        seats = db.session.scalars(select(Seat).where(Seat.account_id == account.id, Seat.ended_at.is_(None))).all()
        grants = db.session.scalars(select(RoleGrant).where(RoleGrant.account_id == account.id)).all()

        def cycles_of(role: str) -> frozenset[int]:
            return frozenset(g.cycle_id for g in grants if g.role == role and g.cycle_id is not None)

        return Actor(
            user_id=account.id,
            person_id=account.person_id,
            ref=account.ref,
            name=account.name,
            office_region=account.office_region_code,
            organisations=frozenset(g.organisation_id for g in grants if g.organisation_id is not None),
            verifies=cycles_of("verifier"),
            organises=cycles_of("organiser"),
            audits=cycles_of("auditor"),
            administrator=any(g.role == "administrator" for g in grants),
            seats={s.category_id: PolicySeat(s.category_id, s.role) for s in seats},
            fresh=fresh,
        )


def person(name: str, *, at: datetime = NOW, office_region: str | None = None, password: bool = True) -> Account:
    """An active account of a fictitious person; its e-mail is NAME@contoh.test."""
    account = Account(
        ref=random_ref("U"),
        person=Person(staff_number=f"T-{name}", fictitious=True),
        email=f"{name}@contoh.test",
        name=name.replace("-", " ").title(),
        position="",
        office_region_code=office_region,
        password=hashed_password() if password else None,
        fs_uniquifier=random_ref("F", 8),
        created_at=at,
    )
    db.session.add(account)
    db.session.flush()
    return account


def hashed_password() -> str:
    """The hash of PASSWORD, as the application makes it."""
    if "hash" not in _hashed:
        from flask_security import hash_password

        _hashed["hash"] = hash_password(PASSWORD)
    return _hashed["hash"]


def grant(account: Account, role: str, *, cycle: Cycle | None = None, organisation: Organisation | None = None) -> None:
    """Give an account a role, with its event but without the rules of the service."""
    made = RoleGrant(
        account_id=account.id,
        role=role,
        cycle_id=cycle.id if cycle else None,
        organisation_id=organisation.id if organisation else None,
        granted_at=NOW,
    )
    db.session.add(made)
    audit.record(audit.SYSTEM, "role.granted", SYSTEM, at=NOW, object_ref=account.ref, **told_of_grant(made))


def regions() -> None:
    """The province 99, which does not exist, with nine regencies, and the sources figures refer to."""
    province = Region(
        code="99",
        name="Provinsi Contoh",
        short_name="Contoh",
        kind="province",
        timezone="Asia/Makassar",
        award_zone="jawa_bali",
        tile_row=99,
        tile_col=99,
        tile_label="99",
        source_key="PROJ",
    )
    db.session.add(province)
    db.session.flush()
    for no in range(1, 10):
        db.session.add(
            Region(
                code=f"99.{no:02d}",
                name=f"Kabupaten Contoh {no}",
                short_name=f"Kab. Contoh {no}",
                kind="regency",
                parent_code="99",
                timezone="Asia/Makassar",
                award_zone="jawa_bali",
                source_key="PROJ",
            )
        )
    db.session.add(Source(key="PROJ", title="Contoh", publisher="Contoh", published="2026", url=None, note=None))
    db.session.flush()


def rubric(code: str = "kabkota-default") -> Any:
    """The rubric version of `seed/rubrics/<code>.json`, stored and frozen."""
    form = json.loads((data_folder("seed") / "rubrics" / f"{code}.json").read_text(encoding="utf-8"))
    stored = cycles.store_rubric(form, actor=SYSTEM, at=NOW)
    if stored.frozen_at is None:
        freeze(stored)
    return stored


def freeze(stored: RubricVersion) -> None:
    """Two people who judge nothing freeze a rubric version."""
    first, second = Actor(ref="freezer-1", person_id=-1), Actor(ref="freezer-2", person_id=-2)
    cycles.freeze_rubric(stored, actor=first, second=second, at=NOW)


@remembered
def world(
    *,
    state: State = State.OPEN,
    categories: tuple[str, ...] = ("kabkota",),
    kind: str = "simulated",
    now: datetime = NOW,
) -> World:
    """Province 99 in one cycle `contoh-2025` of `kind`; its categories stand in `state`.

    People: nominee-1 … nominee-3 (of Kabupaten Contoh 1 … 3), employer, verifier-1, verifier-2, organiser-1,
    organiser-2, auditor, administrator, chair, deputy, assessor-3 … assessor-9 (seated in every category).
    """
    regions()
    rates()
    rubrics = {
        "kabkota": ("regency_city", "kabkota-default"),
        "provinsi": ("province", "provinsi-default"),
        "badan-usaha": ("enterprise_large_medium", "badan-usaha-default"),
        "umk": ("small_micro", "umk-default"),
        "desa": ("village", "desa-default"),
    }
    cycle = cycles.create_cycle(
        {
            "code": "contoh-2025",
            "kind": kind,
            "title_id": "Paritrana Award Contoh 2025",
            "title_en": "Paritrana Award Contoh 2025",
            "assessment_year": 2025,
            "edition_label": "2026",
            "tier": "province",
            "region_code": "99",
            "timezone": "Asia/Makassar",
            "target_instrument": "rpjmn",
            "target_year": 2025,
            "election_held": False,
            "rates_as_of": now,
            "decree": "SK Contoh 1/2026",
            "settings": {"objection_days": 7},
        },
        actor=SYSTEM,
        at=now,
    )
    made: dict[str, Category] = {}
    for position, slug in enumerate(categories, start=1):
        competitors, code = rubrics[slug]
        stored = rubric(code)
        made[slug] = cycles.add_category(
            cycle,
            {
                "position": position,
                "slug": slug,
                "kind": stored.category_kind or competitors,
                "title_id": f"Kategori {slug}",
                "title_en": f"Category {slug}",
                "state": int(state),
                "rubric_version_id": stored.id,
                "ranks": 3,
                "opens_at": now - timedelta(days=10),
                "closes_at": now + timedelta(days=20),
                "grace_ends_at": now + timedelta(days=20, hours=6),
                "verification_until": now + timedelta(days=30),
                "interviews_until": now + timedelta(days=40),
                "scoring_until": now + timedelta(days=42),
                "plenary_until": now + timedelta(days=45),
                "publication_planned": now + timedelta(days=50),
            },
            {1: ("Terbaik I", "First"), 2: ("Terbaik II", "Second"), 3: ("Terbaik III", "Third")},
            actor=SYSTEM,
            at=now,
        )
    organisations = {}
    for no in range(1, 10):
        organisations[f"regency-{no}"] = Organisation(
            ref=random_ref("O"),
            name=f"Pemerintah Kabupaten Contoh {no}",
            kind="local_government",
            region_code=f"99.{no:02d}",
            fictitious=kind == "simulated",
        )
    organisations["employer"] = Organisation(
        ref=random_ref("O"),
        name="PT Contoh Sejahtera",
        kind="enterprise",
        size_class="large",
        sector="manufaktur",
        region_code="99.01",
        fictitious=kind == "simulated",
    )
    db.session.add_all(organisations.values())
    db.session.flush()
    accounts = _people(cycle, list(made.values()), organisations)
    db.session.commit()
    return World(cycle, made, organisations, accounts, now)


def _people(cycle: Cycle, categories: list[Category], organisations: dict[str, Organisation]) -> dict[str, Account]:
    accounts: dict[str, Account] = {}
    for no in (1, 2, 3):
        accounts[f"nominee-{no}"] = person(f"nominee-{no}")
        grant(accounts[f"nominee-{no}"], "nominee", organisation=organisations[f"regency-{no}"])
    accounts["employer"] = person("employer")
    grant(accounts["employer"], "nominee", organisation=organisations["employer"])
    for no in (1, 2):
        accounts[f"verifier-{no}"] = person(f"verifier-{no}")
        grant(accounts[f"verifier-{no}"], "verifier", cycle=cycle)
        accounts[f"organiser-{no}"] = person(f"organiser-{no}")
        grant(accounts[f"organiser-{no}"], "organiser", cycle=cycle)
    accounts["auditor"] = person("auditor")
    grant(accounts["auditor"], "auditor", cycle=cycle)
    accounts["administrator"] = person("administrator")
    grant(accounts["administrator"], "administrator")
    names = ["chair", "deputy", *(f"assessor-{no}" for no in range(3, 10))]
    for no, name in enumerate(names, start=1):
        accounts[name] = person(name)
        for category in categories:
            seat = Seat(
                category_id=category.id,
                account_id=accounts[name].id,
                code=f"J{no}",
                decree_number="SK 1/2026",
                role={"chair": "chair", "deputy": "deputy"}.get(name, "member"),
                seated_at=NOW,
                constituency="Contoh",
                version=1,
            )
            db.session.add(seat)
            # As the service tells it; only the code is not drawn, so that tests can name it.
            audit.record(
                audit.judging(cycle.code), "seat.given", SYSTEM, at=NOW, account=accounts[name].ref,
                object_ref=f"{cycle.code}/{category.slug}/{seat.code}", **panels.told(seat),
            )  # fmt: skip
    db.session.flush()
    return accounts


def rates() -> None:
    """The two package rates that subsidy budgets use, and the target of 2025."""
    db.session.add_all(
        [
            ContributionRate(
                key=key,
                programme=programme,
                worker_group="bpu",
                risk_class=None,
                valid_from=date(2015, 7, 1),
                valid_to=None,
                date_basis="general_knowledge",
                payer="any",
                payer_condition="any",
                basis="lowest_income_band",
                rate_kind="amount_idr_per_month",
                value=Decimal(value),
                legal_basis="PP 44/2015",
                status="sourced",
                source_key="PROJ",
                note=None,
            )
            for key, programme, value in (("RATE21", "jkk_jkm", "16800"), ("RATE26", "jkk_jkm_jht", "36800"))
        ]
    )
    db.session.add(
        TargetFigure(
            key="TGT002",
            area_kind="national",
            region_code=None,
            area_name="Indonesia",
            year=2025,
            metric="ucj_percent",
            value=Decimal("32.15"),
            unit="percent",
            kind="target",
            instrument="rpjmn",
            status="published",
            source_key="PROJ",
            note=None,
        )
    )
    db.session.flush()


def sign_in(client: FlaskClient, name: str) -> None:
    """Sign a person of the world in through the page everybody uses."""
    page = client.get("/sign-in").get_data(as_text=True)
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)
    assert token is not None
    answer = client.post(
        "/sign-in",
        data={"csrf_token": token[1], "email": f"{name}@contoh.test", "password": PASSWORD},
        headers={"Sec-Fetch-Site": "same-origin"},
    )
    assert answer.status_code == 303, answer.get_data(as_text=True)
