"""What stands in the database before the last hour: many tenants with a draft each, and documents to be read in bulk.

People are signed in already: a row of a session stands for a password typed earlier in the day.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import delete, insert, select

from paritrana.accounts.models import Account, Person, SignInSession
from paritrana.accounts.session import ABSOLUTE_OFFICER, USER_KEY, hash_token
from paritrana.clock import SystemClock
from paritrana.core.policy import Actor
from paritrana.cycles.queries import rubric_of
from paritrana.database import Base, db, random_ref
from paritrana.files.models import Blob
from paritrana.nominations import service
from paritrana.nominations.models import Attachment
from paritrana.nominations.rows import kinds_asked, page_name
from paritrana.reference.models import Organisation
from tests.factories import World, grant, person, world
from tests.nominations.pages import filled, paper

HOUR = timedelta(hours=1)
READER = "organiser-1"
SENT = (("nominee-1", "regency-1"), ("nominee-2", "regency-2"), ("nominee-3", "regency-3"))
DOCUMENTS = 80  # more of one sent nomination than it may have, so that three are enough for who reads in bulk
CATEGORY = "badan-usaha"


@dataclass(frozen=True, slots=True)
class Tenant:
    """A candidate who is at work on a draft; `token` is the session's."""

    no: int
    token: str
    draft: str


@dataclass(frozen=True, slots=True)
class Crowd:
    """Everybody who comes in the last hour, and the addresses of the documents of those who were early."""

    tenants: tuple[Tenant, ...]
    kind: str  # a kind of evidence, as the application calls it
    page: str  # the same as it stands in addresses
    reader: str  # token of who reads everything
    documents: tuple[str, ...]


def build(tenants: int, blobs: Path) -> Crowd:
    """Make all that in the present application's database; the bytes of documents go into the folder `blobs`."""
    here = world(categories=("kabkota", CATEGORY), kind="real", now=SystemClock().now())
    documents = _documents(here, blobs)
    drafts = _drafts(here, tenants)
    reader = _signed_in([here.accounts[READER]], officer=True)[0]
    db.session.commit()
    return Crowd(drafts, "compliance", page_name("compliance"), reader, documents)


def _bulk(model: type[Base], rows: list[dict[str, Any]]) -> list[int]:
    """Insert many rows at once; gives their numbers in the same order."""
    found = db.session.execute(insert(model).returning(model.id, sort_by_parameter_order=True), rows)  # type: ignore[attr-defined]  # every model has an id
    return [int(row[0]) for row in found]


def _drafts(here: World, tenants: int) -> tuple[Tenant, ...]:
    pattern, at = person("pattern"), here.now
    people = _bulk(Person, [{"staff_number": f"R-{no}", "fictitious": True} for no in range(tenants)])
    accounts = _bulk(
        Account,
        [
            {"ref": random_ref("U"), "person_id": one, "email": f"rush-{one}@contoh.test", "name": f"Nominee {one}",
             "position": "", "password": pattern.password, "fs_uniquifier": random_ref("F", 8), "created_at": at}
            for one in people
        ],
    )  # fmt: skip
    organisations = _bulk(
        Organisation,
        [
            {"ref": random_ref("O"), "name": f"PT Contoh {no}", "kind": "enterprise", "size_class": "large",
             "sector": "manufaktur", "region_code": "99.01", "fictitious": False}
            for no in range(tenants)
        ],
    )  # fmt: skip
    owners = list(db.session.scalars(select(Account).where(Account.id.in_(accounts)).order_by(Account.id)))
    refs = []
    firms = db.session.scalars(select(Organisation).where(Organisation.id.in_(organisations)).order_by(Organisation.id))
    for owner, organisation in zip(owners, firms.all(), strict=True):
        grant(owner, "nominee", organisation=organisation)
        actor = Actor(user_id=owner.id, person_id=owner.person_id, ref=owner.ref, name=owner.name)
        refs.append(service.create_nomination(here.categories[CATEGORY], organisation, actor=actor, at=at).ref)
    tokens = _signed_in(owners)
    return tuple(Tenant(no, *pair) for no, pair in enumerate(zip(tokens, refs, strict=True)))


def _documents(here: World, blobs: Path) -> tuple[str, ...]:
    """Nominations that were sent in another category, whose deadline has passed; gives the addresses of documents."""
    addresses = []
    for no, (name, organisation) in enumerate(SENT):
        nomination = filled(here, name, organisation)
        content = paper(b"read in bulk %d" % no)
        blob = Blob(organisation_id=nomination.organisation_id, sha256=hashlib.sha256(content).hexdigest(),
                    size=len(content), media_type="application/pdf", created_at=here.now)  # fmt: skip
        db.session.add(blob)
        db.session.flush()
        # The rows that a filled nomination has of documents come without bytes, which the worker would notice.
        for attachment in nomination.attachments:
            attachment.blob = blob
        db.session.flush()
        others = (Blob.organisation_id == blob.organisation_id, Blob.id != blob.id)
        db.session.execute(delete(Blob).where(*others))
        folder = blobs / "objects" / str(blob.organisation_id) / blob.sha256[:2]
        folder.mkdir(parents=True)
        (folder / blob.sha256).write_bytes(content)
        numbers = range(101, 101 + DOCUMENTS)
        _bulk(
            Attachment,
            [
                {"nomination_id": nomination.id, "no": number, "kind": kinds_asked(rubric_of(nomination.category))[0],
                 "requirement": "", "blob_id": blob.id, "name": f"{number}.pdf", "uploaded_at": here.now,
                 "uploaded_by": here.accounts[name].id, "uploaded_by_name": name}
                for number in numbers
            ],
        )  # fmt: skip
        db.session.expire_all()
        service.submit(nomination, actor=here.actor(name), at=here.now)
        addresses += [f"/nominations/{nomination.ref}/documents/{number}/file" for number in numbers]
    here.category.closes_at, here.category.grace_ends_at = here.now - HOUR, here.now + 5 * HOUR
    return tuple(addresses)


def _signed_in(accounts: list[Account], *, officer: bool = False) -> list[str]:
    """Open a session for each of them; gives their tokens."""
    at = SystemClock().now()
    tokens = [secrets.token_urlsafe(32) for _account in accounts]
    _bulk(
        SignInSession,
        [
            {"ref": random_ref("SS"), "token_hash": hash_token(token), "account_id": account.id, "officer": officer,
             "began_at": at, "data": {USER_KEY: account.fs_uniquifier}, "created_at": at, "last_seen_at": at,
             "expires_at": at + ABSOLUTE_OFFICER}
            for token, account in zip(tokens, accounts, strict=True)
        ],
    )  # fmt: skip
    return tokens
