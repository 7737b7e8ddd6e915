"""The demo cast: one account for each person of `seed/simulated/people.csv`, the same in every simulated cycle.

Their passwords are drawn at the first start and stand in one file of the instance folder, readable by its owner only.
"""

import json
import os
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final

from paritrana.accounts.cast import FILE, read_cast
from paritrana.accounts.models import Account
from paritrana.accounts.queries import find_account, grants_of, load_actor
from paritrana.accounts.service import create_account, create_person, grant_role, set_password
from paritrana.core.policy import Actor
from paritrana.cycles.models import Cycle
from paritrana.panels.queries import seats_of
from paritrana.reference.models import Organisation
from paritrana.seeding.rows import Row

SEEDING: Final = Actor(ref="system", name="system")

# Syllables of Indonesian words: easy to type, and eight of them with two numbers are some 50 bits.
SYLLABLES: Final = (
    "ba", "be", "bi", "bo", "bu", "da", "de", "di", "do", "du", "ga", "gi", "gu", "ha", "hi", "ja", "ji", "ju", "ka",
    "ke", "ki", "ko", "ku", "la", "le", "li", "lo", "lu", "ma", "me", "mi", "mo", "mu", "na", "ni", "no", "nu", "pa",
    "pe", "pi", "po", "pu", "ra", "ri", "ro", "ru", "sa", "se", "si", "so", "su", "ta", "te", "ti", "to", "tu", "wa",
    "wi", "ya", "yu",
)  # fmt: skip
IN_CYCLES: Final = ("verifier", "organiser", "auditor")


@dataclass
class Cast:
    """Accounts by the key of the person, and what the policy knows of them."""

    accounts: dict[str, Account] = field(default_factory=dict)
    rows: dict[str, Row] = field(default_factory=dict)

    def actor(self, key: str) -> Actor:
        """The person as an actor with every grant and seat in force now."""
        actor = load_actor(self.accounts[key].id, fresh=True, seats_of=seats_of)
        assert actor is not None  # noqa: S101 - accounts of the cast are never closed by seeding
        return actor

    def with_role(self, *roles: str) -> list[str]:
        """The keys of the people with one of these roles, in the order of the file."""
        return [key for key, row in self.rows.items() if row["role"] in roles]


def draw_password() -> str:
    """Five pairs of syllables with hyphens, such as `kalu-bemi-sodo-wiru-pena`."""
    return "-".join("".join(secrets.choice(SYLLABLES) for _ in range(2)) for _ in range(5))


def keep_passwords(people: Sequence[Row], instance: Path) -> tuple[Mapping[str, str], frozenset[str]]:
    """The passwords of the cast by e-mail, and the e-mails whose password was drawn now.

    A file that names the whole cast is left alone. It is on disk before any account is committed, so that no password
    is lost when the machine stops in between.
    """
    known = {one["email"]: one["password"] for one in read_cast(instance)}
    drawn = frozenset(row["email"] for row in people if not known.get(row["email"]))
    if not drawn:
        return known, drawn
    cast = [
        {
            "name": row["name"],
            "role_id": row["role_id"],
            "role_en": row["role_en"],
            "email": row["email"],
            "password": known.get(row["email"]) or draw_password(),
        }
        for row in people
    ]
    _write(instance / FILE, json.dumps(cast, ensure_ascii=False, indent=1) + "\n")
    return {one["email"]: one["password"] for one in cast}, drawn


def _write(path: Path, text: str) -> None:
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)


def gather_cast(
    people: Sequence[Row], organisations: Mapping[str, Organisation], instance: Path, *, at: datetime
) -> Cast:
    """Make the accounts of the cast where they are missing; the caller commits.

    An account whose password stands in no file any more gets a new one.
    """
    passwords, drawn = keep_passwords(people, instance)
    cast = Cast()
    for row in people:
        account = find_account(row["email"])
        if account is None:
            account = create_account(
                email=row["email"],
                name=row["name"],
                password=passwords[row["email"]],
                person=create_person(staff_number=f"SIMULASI-{row['key']}", fictitious=True),
                position=row["position"],
                office_region_code=row["office_region"],
                actor=SEEDING,
                at=at,
            )
            if row["role"] == "nominee":
                grant_role(
                    account, "nominee", organisation_id=organisations[row["organisation"]].id, actor=SEEDING, at=at
                )
            elif row["role"] == "administrator":
                grant_role(account, "administrator", actor=SEEDING, at=at)
        elif row["email"] in drawn:
            set_password(account, passwords[row["email"]], actor=SEEDING, at=at)
        cast.accounts[row["key"]] = account
        cast.rows[row["key"]] = row
    return cast


def grant_in_cycle(cast: Cast, cycle: Cycle, *, at: datetime) -> None:
    """Make the verifiers, organisers and auditors of the cast officers of a cycle; the caller commits."""
    for key in cast.with_role(*IN_CYCLES):
        account, role = cast.accounts[key], cast.rows[key]["role"]
        if not any(grant.role == role and grant.cycle_id == cycle.id for grant in grants_of(account.id)):
            grant_role(account, role, cycle_id=cycle.id, actor=SEEDING, at=at)
