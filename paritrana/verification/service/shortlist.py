"""The shortlist of a category: an organiser proposes it, the chair confirms it."""

from collections.abc import Collection, Mapping
from datetime import datetime

from paritrana.audit import service as audit
from paritrana.core.errors import BadInput, MissingReason, NotFound, ParitranaError, WrongState
from paritrana.core.lifecycle import State
from paritrana.core.policy import Actor
from paritrana.core.words import N_
from paritrana.cycles import service as cycles
from paritrana.cycles.models import Category, Proposal
from paritrana.cycles.queries import state_at
from paritrana.cycles.service import intake_of
from paritrana.nominations.models import Nomination
from paritrana.nominations.queries import nominations_of
from paritrana.nominations.service import set_nomination_state
from paritrana.verification import queries
from paritrana.verification.service.writing import MAX_TEXT, RowRefused


class NotAllVerified(ParitranaError):
    """A sent nomination is neither verified nor withdrawn. Params: `n`, `names`."""

    code = "not_all_verified"
    message = N_("Nominations that are neither verified nor withdrawn: %(n)s (%(names)s). Finish them first.")


class NobodyShortlisted(BadInput):
    """A shortlist without a candidate."""

    code = "nobody_shortlisted"
    message = N_("Choose at least one nomination for the shortlist.")


class LeftOutWithoutReason(MissingReason):
    """Somebody is left out of the shortlist without a reason. Params: `name`."""

    code = "left_out_without_reason"
    message = N_("Write why %(name)s is not on the shortlist.")


def propose_shortlist(
    category: Category,
    chosen: Collection[str],
    left_out: Mapping[str, str],
    reason: str,
    *,
    actor: Actor,
    at: datetime,
) -> Proposal:
    """Propose which verified nominations (by reference) are shortlisted and why the others are not; the caller commits.

    Raises `WrongState`, `NotAllVerified`, `NobodyShortlisted`, `LeftOutWithoutReason`, `MissingReason`,
    `ProposalWaiting`.
    """
    audit.lock_stream(intake_of(category))
    verified = _verified(category, at)
    refs = {one.ref for one in verified}
    if not set(chosen) <= refs:
        raise NotFound
    if not chosen:
        raise NobodyShortlisted
    for nomination in verified:
        if nomination.ref not in chosen and not left_out.get(nomination.ref, "").strip():
            raise RowRefused(nomination.ref, LeftOutWithoutReason(name=nomination.organisation.name))
    payload = {
        "shortlisted": sorted(chosen),
        "left_out": {ref: left_out[ref].strip()[:MAX_TEXT] for ref in sorted(refs - set(chosen))},
    }
    return cycles.propose(
        queries.SHORTLIST, category, payload=payload, reason=reason, actor=actor, at=at, needs_reason=True
    )


def confirm_shortlist(proposal: Proposal, digest: str, *, actor: Actor, at: datetime) -> None:
    """Confirm a proposed shortlist as the chair: the nominations move, and the category goes on to the interviews.

    The caller commits. Raises `SamePerson`, `ProposalVoid` when a nomination came or went since, `NotAllVerified`,
    `WrongState`.
    """
    category = proposal.category
    audit.lock_stream(intake_of(category))
    verified = {one.ref: one for one in _verified(category, at)}
    chosen, left_out = proposal.payload["shortlisted"], proposal.payload["left_out"]
    if set(verified) != {*chosen, *left_out}:
        raise cycles.ProposalVoid
    cycles.confirm(proposal, digest, actor=actor, at=at)
    for ref in chosen:
        set_nomination_state(verified[ref], "shortlisted", expected=("verified",), reason=None, actor=actor, at=at)
    for ref, why in left_out.items():
        set_nomination_state(verified[ref], "not_shortlisted", expected=("verified",), reason=why, actor=actor, at=at)
    cycles.set_state(category, State.INTERVIEW, expected=State.VERIFICATION, actor=actor, at=at, reason=proposal.reason)


def _verified(category: Category, at: datetime) -> list[Nomination]:
    if state_at(category, at) is not State.VERIFICATION:
        raise WrongState
    there = nominations_of(category)
    waiting = [one for one in there if one.state in queries.IN_VERIFICATION]
    if waiting:
        names = [one.organisation.name for one in waiting]
        raise NotAllVerified(n=len(waiting), names=", ".join(names[:5]) + (", …" if len(names) > 5 else ""))
    return [one for one in there if one.state == "verified"]
