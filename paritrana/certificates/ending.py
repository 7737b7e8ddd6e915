"""The end of a certificate by two people, and what a correction of the result ends."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from paritrana.audit import service as audit
from paritrana.certificates import queries
from paritrana.certificates.editor.queries import templates_for
from paritrana.certificates.models import Certificate, CertificateTemplateVersion
from paritrana.certificates.press import Press
from paritrana.certificates.queries import END_ACT
from paritrana.certificates.service import FactsMoved, draw, plan, register_of, store_one
from paritrana.certificates.targets import Target, context_of, day_of, digest_of, targets_of
from paritrana.certificates.templating import version_for
from paritrana.core.certificates import Kind, Words
from paritrana.core.errors import BadInput, MissingReason, ParitranaError, WrongState
from paritrana.core.lifecycle import State
from paritrana.core.policy import Actor
from paritrana.core.words import N_
from paritrana.cycles.models import Category, Proposal
from paritrana.cycles.queries import waiting_for
from paritrana.cycles.service import (
    ProposalVoid,
    confirm,
    propose,
    refuse_rehearsal,
    store_due_moves,
    void_proposal,
)
from paritrana.database import db
from paritrana.paper import check_name
from paritrana.results.corrections.service import Moved
from paritrana.results.queries import run_in_force


class NotValid(ParitranaError):
    """A certificate that is out of force is neither revoked nor replaced."""

    code = "certificate_not_valid"
    message = N_("This certificate is out of force already.")


class SameCertificate(BadInput):
    """A replacement would say exactly what the certificate says. Params: none."""

    code = "same_certificate"
    message = N_("The new certificate would say exactly the same. Change the name, the template or the decree first.")


def propose_end(
    certificate: Certificate, status: str, reason: str, *, actor: Actor, at: datetime, recipient: str = ""
) -> Proposal:
    """An organiser asks to revoke a valid certificate, or to replace it by one that says what holds now.

    `recipient` is the corrected name of a replacement; empty: the name that would be printed now. The caller commits.
    Raises `NotValid`, `MissingReason`, `SameCertificate`, `ProposalWaiting`, `WrongState`, and `NotPrintable` or
    `TooLong` for a name that paper cannot carry.
    """
    category = certificate.category
    _lock_for_end(certificate, at)
    if status not in {"revoked", "replaced"}:
        raise WrongState
    if not reason.strip():
        raise MissingReason
    if recipient:
        check_name(recipient)
    void_moved_ends(category, at=at)
    return propose(
        END_ACT, category, subject_ref=certificate.code, payload=_ended(certificate, status, recipient),
        reason=reason, actor=actor, at=at, needs_reason=True,
    )  # fmt: skip


def confirm_end(
    proposal: Proposal, digest: str, *, press: Press, actor: Actor, at: datetime
) -> tuple[Certificate, Certificate | None]:
    """The chair ends the certificate with the organiser; gives it, and what replaces it. The caller commits.

    Raises `SamePerson`, `NotValid`, `WrongState`, `ProposalVoid` when anything has moved, `CertificateKeyMissing`.
    """
    certificate = queries.get_certificate(proposal.subject_ref)
    category, said = certificate.category, proposal.payload
    status, recipient = str(said["status"]), str(said["recipient"])
    draft = None
    if status == "replaced":
        target = _successor(certificate, recipient)
        draft = None if target is None else draw(plan(category, [target], press=press, at=at)[0], press=press, at=at)
    _lock_for_end(certificate, at)
    if said != _ended(certificate, status, recipient) or (draft and draft.digest != said["digest"]):
        raise ProposalVoid
    confirm(proposal, digest, actor=actor, at=at)
    _end(certificate, status, proposal.reason or "", actor=actor, at=at)
    if draft is None:
        return certificate, None
    register = register_of(category.cycle)
    return certificate, store_one(category, draft, certificate, register, actor=actor, at=at, batch_id=None)


def end_stands(proposal: Proposal) -> bool:
    """Whether a proposal to end a certificate still says what would happen."""
    certificate = queries.get_certificate(proposal.subject_ref)
    said = proposal.payload
    if certificate.status != "valid":
        return False
    try:
        return bool(said == _ended(certificate, str(said["status"]), str(said["recipient"])))
    except ParitranaError:
        return False


def void_moved_ends(category: Category, *, at: datetime) -> bool:
    """Void the waiting proposals of a category that say no more what would happen; tells whether there were any."""
    moved = [one for one in waiting_for(category, END_ACT) if not end_stands(one)]
    for proposal in moved:
        void_proposal(proposal, at=at)
    return bool(moved)


def _lock_for_end(certificate: Certificate, at: datetime) -> None:
    category = certificate.category
    refuse_rehearsal(category)
    audit.lock_stream(audit.judging(category.cycle.code))
    db.session.refresh(category, with_for_update={"of": Category})
    store_due_moves(category, at=at)
    db.session.refresh(certificate, with_for_update={"of": Certificate})
    if category.stored_state < State.PUBLISHED:
        raise WrongState
    if certificate.status != "valid":
        raise NotValid


def _successor(certificate: Certificate, recipient: str) -> Target | None:
    """What the holder of a certificate is to get now, in the spelling that was asked for."""
    kind = Kind(certificate.kind)
    now = next(iter(targets_of(certificate.category, [kind], [certificate.basis])), None)
    if now is None:
        return None
    return Target(kind, now.basis, recipient or now.recipient, now.title, now.rank, now.award_id, now.nomination_id)


def _ended(certificate: Certificate, status: str, recipient: str) -> dict[str, Any]:
    """What a proposal to end a certificate names. Raises `SameCertificate`, `FactsMoved` without a holder."""
    said: dict[str, Any] = {"certificate": certificate.code, "status": status, "recipient": recipient}
    if status == "revoked":
        return said
    target, category = _successor(certificate, recipient), certificate.category
    run = run_in_force(category)
    if target is None or run is None:
        raise FactsMoved(name=certificate.recipient)
    version = version_for(templates_for(category.cycle), target)
    digest = digest_of(target, category, run.digest, version)
    if version.id == certificate.template_version_id and digest == _digest_of_issued(certificate, version):
        raise SameCertificate
    return said | {"printed": target.recipient, "digest": digest}


def _digest_of_issued(certificate: Certificate, version: CertificateTemplateVersion) -> str:
    """The digest of what a certificate says, as `digest_of` has it for what it would say now."""
    own = Target(
        Kind(certificate.kind), certificate.basis, certificate.recipient,
        Words(certificate.title_id, certificate.title_en), certificate.rank,
    )  # fmt: skip
    context = {name: value for name, value in certificate.context.items() if name != "issued_on"}
    now = context_of(certificate.category, day_of(certificate.category, certificate.issued_at))
    del now["issued_on"]
    return digest_of(own, certificate.category, certificate.ranking_digest, version) if context == now else ""


def _end(certificate: Certificate, status: str, reason: str, *, actor: Actor, at: datetime) -> None:
    certificate.status, certificate.status_reason, certificate.status_at = status, reason, at
    certificate.version += 1
    audit.record(
        audit.judging(certificate.cycle.code), f"certificate.{status}", actor, at=at,
        object_ref=certificate.code, status=status, reason=reason,
    )  # fmt: skip


def follow_correction(moved: Moved, reason: str, *, actor: Actor, at: datetime) -> Sequence[Certificate]:
    """End the certificates of titles that a correction moved; the caller commits, and has the lock of the stream.

    A holder of another title gets a new one, so that the old one counts as replaced; without a title it is revoked.
    So is the paper of a finalist or participant who is none any more.
    """
    touched = [("replaced", one) for one in moved.changed] + [("revoked", one) for one in moved.ended]
    issued = queries.valid_by_award([award.id for _status, award in touched])
    found = [(status, issued[award.id]) for status, award in touched if award.id in issued]
    for category in {one.category_id: one.category for one in (*moved.awards, *moved.ended)}.values():
        candidates = (Kind.FINALIST, Kind.PARTICIPANT)
        now = {one.place for one in targets_of(category, candidates)}
        found += [
            ("revoked", one)
            for one in queries.valid_in(category)
            if one.kind in candidates and (one.kind, one.basis) not in now
        ]
    for status, certificate in found:
        _end(certificate, status, reason, actor=actor, at=at)
    db.session.flush()
    return [certificate for _status, certificate in found]
