"""What pages of several rooms do alike with a proposal: the second person confirms it or sends it back."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from flask import request

from paritrana.cycles.models import Category, Proposal
from paritrana.cycles.service import ProposalVoid, withdraw_proposal
from paritrana.database import db
from paritrana.web.access import current_actor


def answer_proposal(
    proposal: Proposal,
    confirm: Callable[..., Any],
    *,
    at: datetime,
    void_moved: Callable[..., bool] | None = None,
) -> bool:
    """Do what the sent form says, `confirm(proposal, digest, actor, at)` or send it back: whether it was confirmed.

    The caller commits. `void_moved(category, at)` voids a proposal whose subject has moved; that is stored although
    the act is refused. Raises what `confirm` raises.
    """
    wish, digest = request.form.get("answer"), request.form.get("digest", "")
    if wish == "refuse":
        withdraw_proposal(proposal, actor=current_actor(), at=at)
        return False
    category: Category = proposal.category
    try:
        confirm(proposal, digest, actor=current_actor(), at=at)
    except ProposalVoid:
        db.session.rollback()
        if void_moved is not None and void_moved(category, at=at):
            db.session.commit()
        raise
    return True
