"""Issuing certificates: the facts are copied, checked against the paper, numbered without a gap."""

import secrets
from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from paritrana.audit import service as audit
from paritrana.certificates import queries
from paritrana.certificates.drawing import Face, draw, lay_out
from paritrana.certificates.models import Certificate, Register
from paritrana.core.codes import ALPHABET, BODY, make_check, shown
from paritrana.core.errors import ParitranaError, WrongState
from paritrana.core.lifecycle import State
from paritrana.core.policy import Actor
from paritrana.core.words import N_
from paritrana.cycles.models import Category, Cycle
from paritrana.cycles.service import refuse_rehearsal, store_due_moves
from paritrana.database import db, insert_unless_there
from paritrana.results.corrections.service import Moved
from paritrana.results.models import Award
from paritrana.results.queries import awards_of, run_in_force


class AlreadyIssued(ParitranaError):
    """The award has its certificate."""

    code = "already_issued"
    message = N_("This certificate is already issued.")


class BeforePublication(ParitranaError):
    """Certificates are issued once the result is public."""

    code = "before_publication"
    message = N_("Certificates can be issued when the result is published.")


class NothingToIssue(ParitranaError):
    """Every title of the category has its certificate."""

    code = "nothing_to_issue"
    message = N_("Every certificate of this category is already issued.")


def issue(awards: Category | Award, *, actor: Actor, at: datetime) -> Sequence[Certificate]:
    """Issue the certificate of one award, or those of a category that are missing; the caller commits.

    All or none: register numbers are taken under the lock of the cycle's register. Raises `WrongState` before the
    publication, `RehearsalHasNoResult`, `AlreadyIssued`, `NothingToIssue`, and `NotPrintable` or `TooLong` for a name
    that paper cannot carry.
    """
    category = awards if isinstance(awards, Category) else awards.category
    refuse_rehearsal(category)
    audit.lock_stream(audit.judging(category.cycle.code))
    db.session.refresh(category, with_for_update={"of": Category})
    store_due_moves(category, at=at)
    if category.stored_state is not State.PUBLISHED:
        raise WrongState
    newest = queries.newest_by_award(queries.certificates_of(category))
    wanted = list(awards_of(category)) if isinstance(awards, Category) else [awards]
    missing = [award for award in wanted if award.id not in newest or newest[award.id].status != "valid"]
    if not missing:
        raise NothingToIssue if isinstance(awards, Category) else AlreadyIssued
    run = run_in_force(category)
    if run is None:
        raise WrongState
    register = _register(category.cycle)
    return [
        _issue_one(award, newest.get(award.id), register, run.digest, actor=actor, at=at) for award in missing
    ]  # fmt: skip


def follow_correction(moved: Moved, reason: str, *, actor: Actor, at: datetime) -> Sequence[Certificate]:
    """End the certificates of titles that a correction moved; the caller commits, and has the lock of the stream.

    A holder of another title gets a new one, so that the old one counts as replaced; without a title it is revoked.
    """
    touched = [("replaced", one) for one in moved.changed] + [("revoked", one) for one in moved.ended]
    issued = queries.valid_by_award([award.id for _status, award in touched])
    found = [(status, issued[award.id]) for status, award in touched if award.id in issued]
    for status, certificate in found:
        certificate.status, certificate.status_reason, certificate.status_at = status, reason, at
        certificate.version += 1
        audit.record(
            audit.judging(certificate.cycle.code), f"certificate.{status}", actor, at=at,
            object_ref=certificate.code, status=status, reason=reason,
        )  # fmt: skip
    db.session.flush()
    return [certificate for _status, certificate in found]


def _register(cycle: Cycle) -> Register:
    register = queries.register_for_update(cycle.id)
    if register is None:
        db.session.execute(insert_unless_there(Register, cycle_id=cycle.id, next_no=1))
        register = queries.register_for_update(cycle.id)
        assert register is not None  # noqa: S101 - it was made just now, here or by the one this waited for
    return register


def _issue_one(
    award: Award, before: Certificate | None, register: Register, digest: str, *, actor: Actor, at: datetime
) -> Certificate:
    category = award.category
    certificate = Certificate(
        code=_new_code(),
        cycle=category.cycle,
        category=category,
        register_no=register.next_no,
        award=award,
        version_no=1 if before is None else before.version_no + 1,
        recipient=award.nomination.organisation.name,
        title_id=award.title_id,
        title_en=award.title_en,
        rank=award.rank,
        ranking_digest=digest,
        issued_at=at,
        issued_by=actor.user_id,
    )
    lay_out(face_of(certificate, ""))
    register.next_no += 1
    db.session.add(certificate)
    db.session.flush()
    audit.record(
        audit.judging(category.cycle.code),
        "certificate.issued",
        actor,
        at=at,
        object_ref=certificate.code,
        register_no=certificate.register_no,
        category=category.slug,
        recipient=certificate.recipient,
        title=certificate.title_id,
        rank=certificate.rank,
        ranking_digest=digest,
    )
    return certificate


def _new_code() -> str:
    while True:
        body = "".join(secrets.choice(ALPHABET) for _ in range(BODY))
        code = body + make_check(body)
        if not queries.code_taken(code):
            return code


def face_of(certificate: Certificate, base_url: str, operator: str = "") -> Face:
    """What the paper says; the verify page lies under `base_url`."""
    category, cycle = certificate.category, certificate.cycle
    return Face(
        recipient=certificate.recipient,
        title=certificate.title_id,
        category=category.title_id,
        cycle=cycle.title_id,
        assessment_year=cycle.assessment_year,
        edition=cycle.edition_label,
        decree=cycle.decree,
        issued_on=certificate.issued_at.astimezone(ZoneInfo(cycle.timezone)).date(),
        code=certificate.code,
        address=verify_address(certificate.code, base_url),
        operator=operator,
        simulated=cycle.simulated,
    )


def verify_address(code: str, base_url: str) -> str:
    """The address in the QR code: the page that verifies this certificate."""
    return f"{base_url}/verify/{shown(code)}"


def paper_of(certificate: Certificate, base_url: str, operator: str) -> bytes:
    """The certificate as a PDF, the same bytes every time."""
    return draw(face_of(certificate, base_url, operator))
