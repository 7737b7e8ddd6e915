"""Issuing certificates: what is missing, the drawn and signed paper, and its row in the register.

A paper is drawn and signed before anything is locked. Under the lock its facts are compared once more; then register
row, paper, event and messages are written together.
"""

import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from paritrana.audit import service as audit
from paritrana.certificates import queries
from paritrana.certificates.drawing import Drawer
from paritrana.certificates.editor.queries import Templates, templates_for
from paritrana.certificates.models import Certificate, CertificatePaper, Register
from paritrana.certificates.notices import tell
from paritrana.certificates.press import Made, Press
from paritrana.certificates.queries import ISSUE_ACT
from paritrana.certificates.targets import Target, context_of, day_of, digest_of, facts, targets_of
from paritrana.certificates.templating import ready_templates, version_for
from paritrana.core.certificates import Facts, Kind
from paritrana.core.codes import ALPHABET, BODY, make_check
from paritrana.core.errors import ParitranaError, WrongState
from paritrana.core.lifecycle import State
from paritrana.core.policy import Actor
from paritrana.core.words import N_
from paritrana.cycles.models import Category, Cycle, Proposal
from paritrana.cycles.queries import state_at
from paritrana.cycles.service import ProposalVoid, refuse_rehearsal, store_due_moves
from paritrana.database import db, insert_unless_there
from paritrana.results.models import Award
from paritrana.results.queries import run_in_force


class AlreadyIssued(ParitranaError):
    """The holder has its certificate."""

    code = "already_issued"
    message = N_("This certificate is already issued.")


class BeforePublication(ParitranaError):
    """Before the publication two people issue."""

    code = "before_publication"
    message = N_("Before the publication two people issue certificates: request it, and the chair confirms.")


class NothingToIssue(ParitranaError):
    """Everybody who is to get one has a certificate."""

    code = "nothing_to_issue"
    message = N_("Every certificate of this category is already issued.")


class FactsMoved(ParitranaError):
    """What stands on a paper changed between drawing and storing. Params: `name`."""

    code = "certificate_facts_moved"
    message = N_("What stands on the certificate of %(name)s has changed meanwhile. Issue it again.")


# Issuing --------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Draft:
    """A paper that is ready to be stored: whose it is, what it says, by which template, and the signed bytes."""

    target: Target
    facts: Facts
    version_id: int
    digest: str
    made: Made


@dataclass(frozen=True)
class Plan:
    """What a paper will be, before it is drawn: everything that the database tells, and nothing that asks it again."""

    target: Target
    facts: Facts
    version_id: int
    digest: str
    drawer: Drawer
    pages: bytes


def plan(
    category: Category, targets: Sequence[Target], *, press: Press, at: datetime, templates: Templates | None = None
) -> list[Plan]:
    """Read what papers need. Raises `NoTemplate`, `WrongState` without a result."""
    run = run_in_force(category)
    if run is None:
        raise WrongState
    templates = templates or templates_for(category.cycle)
    context, found = context_of(category, day_of(category, at)), []
    for target in targets:
        version = version_for(templates, target)
        found.append(
            Plan(
                target,
                facts(target, context, code=_new_code(), bundle=run.digest),
                version.id,
                digest_of(target, category, run.digest, version),
                press.drawer(category.cycle, version),
                press.minutes(category) if target.kind is Kind.MINUTES else b"",
            )
        )
    return found


def draw(one: Plan, *, press: Press, at: datetime) -> Draft:
    """Draw and sign a paper; the database is not touched. Raises what `Press.make` raises."""
    made = press.make(one.facts, one.drawer, at=at, pages=one.pages)
    return Draft(one.target, one.facts, one.version_id, one.digest, made)


def issue(
    wanted: Category | Award | Sequence[Target],
    *,
    press: Press,
    actor: Actor,
    at: datetime,
    kinds: Collection[Kind] = (Kind.WINNER,),
    category: Category | None = None,
) -> Sequence[Certificate]:
    """Issue the certificate of one award, or those of a category that are missing; the caller commits.

    All or none. A category means those of `kinds`; targets are of `category`. Raises `WrongState` before the
    publication, `RehearsalHasNoResult`, `AlreadyIssued`, `NothingToIssue`, `FactsMoved`, `CertificateKeyMissing`, and
    `NotPrintable` or `TooLong` for a name that paper cannot carry.
    """
    if isinstance(wanted, Category):
        category = wanted
    elif isinstance(wanted, Award):
        category = wanted.category
    if category is None:
        raise WrongState
    refuse_rehearsal(category)
    if state_at(category, at) is not State.PUBLISHED:
        raise WrongState
    if isinstance(wanted, Category):
        targets = missing_in(category, kinds)
    elif isinstance(wanted, Award):
        targets = targets_of(category, [Kind.WINNER], [wanted.nomination.ref])
        _refuse_valid(category, targets)
    else:
        targets = list(wanted)
    if not targets:
        raise NothingToIssue
    templates = ready_templates(category.cycle, {one.kind for one in targets}, at=at)
    drafts = [
        draw(one, press=press, at=at) for one in plan(category, targets, press=press, at=at, templates=templates)
    ]  # fmt: skip
    made = store(category, drafts, actor=actor, at=at)
    for _draft, found in made:
        if isinstance(found, ParitranaError):
            raise found
    return [found for _draft, found in made if isinstance(found, Certificate)]


def missing_in(category: Category, kinds: Collection[Kind]) -> list[Target]:
    """Who is to get a paper of these kinds and has none, or one that waits for its successor.

    Whose certificate was revoked gets another one only when it is asked for by itself.
    """
    newest = queries.newest_in(category)
    return [
        one for one in targets_of(category, kinds) if one.place not in newest or newest[one.place].status == "replaced"
    ]


def _refuse_valid(category: Category, targets: Sequence[Target]) -> None:
    newest = queries.newest_in(category, [one.basis for one in targets])
    if any(one.place in newest and newest[one.place].status == "valid" for one in targets):
        raise AlreadyIssued


def store(
    category: Category,
    drafts: Sequence[Draft],
    *,
    actor: Actor,
    at: datetime,
    proposal: Proposal | None = None,
    batch_id: int | None = None,
) -> list[tuple[Draft, Certificate | ParitranaError]]:
    """Store drawn papers of a category under the lock of its stream; the caller commits.

    Gives for each draft its certificate, or why there is none. Before the publication `proposal` must be the one that
    two people agreed on. Raises `WrongState`.
    """
    refuse_rehearsal(category)
    audit.lock_stream(audit.judging(category.cycle.code))
    db.session.refresh(category, with_for_update={"of": Category})
    store_due_moves(category, at=at)
    agreed = _agreed(category, proposal)
    bases = [one.target.basis for one in drafts]
    run, templates = run_in_force(category), templates_for(category.cycle)
    if run is None:
        raise WrongState
    now = {one.place: one for one in targets_of(category, {one.target.kind for one in drafts}, bases)}
    newest = queries.newest_in(category, bases)
    register: Register | None = None
    found: list[tuple[Draft, Certificate | ParitranaError]] = []
    for draft in drafts:
        place = draft.target.place
        current, before = now.get(place), newest.get(place)
        if before is not None and before.status == "valid":
            found.append((draft, AlreadyIssued()))
        elif (
            current is None or digest_of(current, category, run.digest, version_for(templates, current)) != draft.digest
        ):
            found.append((draft, FactsMoved(name=draft.target.recipient)))
        elif agreed is not None and agreed.get(place) != draft.digest:
            found.append((draft, ProposalVoid()))
        else:
            register = register or register_of(category.cycle)
            found.append((draft, store_one(category, draft, before, register, actor=actor, at=at, batch_id=batch_id)))
    return found


def _agreed(category: Category, proposal: Proposal | None) -> Mapping[tuple[str, str], str] | None:
    """What two people agreed on before the publication; none is asked for after it. Raises `WrongState`."""
    if category.stored_state is State.PUBLISHED:
        return None
    if category.stored_state is not State.SEALED or proposal is None:
        raise WrongState
    if proposal.category_id != category.id or proposal.act != ISSUE_ACT or proposal.state != "confirmed":
        raise WrongState
    return {(kind, basis): digest for kind, basis, digest in proposal.payload["list"]}


def register_of(cycle: Cycle) -> Register:
    register = queries.register_for_update(cycle.id)
    if register is None:
        db.session.execute(insert_unless_there(Register, cycle_id=cycle.id, next_no=1))
        register = queries.register_for_update(cycle.id)
        assert register is not None  # noqa: S101 - it was made just now, here or by the one this waited for
    return register


def store_one(
    category: Category,
    draft: Draft,
    before: Certificate | None,
    register: Register,
    *,
    actor: Actor,
    at: datetime,
    batch_id: int | None,
) -> Certificate:
    target, made = draft.target, draft.made
    certificate = Certificate(
        code=draft.facts.code,
        cycle=category.cycle,
        category=category,
        register_no=register.next_no,
        kind=target.kind.value,
        basis=target.basis,
        award_id=target.award_id,
        nomination_id=target.nomination_id,
        version_no=1 if before is None else before.version_no + 1,
        recipient=target.recipient,
        title_id=target.title.id,
        title_en=target.title.en,
        rank=target.rank,
        context=context_of(category, draft.facts.issued_on),
        template_version_id=draft.version_id,
        batch_id=batch_id,
        payload=made.payload,
        ranking_digest=draft.facts.bundle,
        issued_at=at,
        issued_by=actor.account_id,
    )
    register.next_no += 1
    db.session.add(certificate)
    _store_paper(certificate, made)
    audit.record(
        audit.judging(category.cycle.code),
        "certificate.issued",
        actor,
        at=at,
        object_ref=certificate.code,
        register_no=certificate.register_no,
        category=category.slug,
        kind=certificate.kind,
        basis=certificate.basis,
        version=certificate.version_no,
        recipient=certificate.recipient,
        title=certificate.title_id,
        rank=certificate.rank,
        ranking_digest=certificate.ranking_digest,
        paper=made.sha256,
    )
    if category.stored_state >= State.PUBLISHED:
        tell(certificate, at=at)
    return certificate


def store_old(certificate_id: int, version_id: int, made: Made, *, actor: Actor, at: datetime) -> bool:
    """Store the paper of a certificate that was issued before papers were kept; the caller commits. Whether it did."""
    certificate = db.session.get_one(Certificate, certificate_id)
    audit.lock_stream(audit.judging(certificate.cycle.code))
    if queries.paper_of(certificate) is not None:
        return False
    certificate.template_version_id, certificate.payload = version_id, made.payload
    certificate.version += 1
    _store_paper(certificate, made)
    audit.record(
        audit.judging(certificate.cycle.code), "certificate.pressed", actor, at=at, object_ref=certificate.code,
        paper=made.sha256,
    )  # fmt: skip
    return True


def _store_paper(certificate: Certificate, made: Made) -> None:
    db.session.add(
        CertificatePaper(
            certificate=certificate, sha256=made.sha256, size=len(made.content), content=made.content,
            fingerprint=made.fingerprint, signed_at=made.signed_at,
        )
    )  # fmt: skip
    db.session.flush()


def _new_code() -> str:
    while True:
        body = "".join(secrets.choice(ALPHABET) for _ in range(BODY))
        code = body + make_check(body)
        if not queries.code_taken(code):
            return code
