"""Reads over change requests as conversations: what was asked and answered about each figure, round after round."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from paritrana.accounts.models import Account
from paritrana.cycles.models import Category
from paritrana.database import db
from paritrana.nominations.models import Nomination
from paritrana.nominations.queries import CANDIDATE_STATES
from paritrana.reference.models import Organisation
from paritrana.verification.models import ChangeRequest, Verification


@dataclass(frozen=True)
class Round:
    """One question about a figure and what came of it. `who` answered or ended it; texts are stored figures."""

    request: ChangeRequest
    claimed: str | None
    found: str | None
    who: str = ""
    value: str | None = None
    reason: str = ""

    @property
    def open(self) -> bool:
        """Whether it waits for the answer."""
        return self.request.state == "open"

    def late(self, at: datetime) -> bool:
        """Whether nobody may answer it any more."""
        return self.open and at > self.request.due_at


Threads = Mapping[tuple[str, str], Sequence[Round]]


def threads_of(nomination: Nomination) -> Threads:
    """Everything asked and answered about a nomination: kind and figure to its rounds, first to last (two statements).

    The figure asked about last stands last.
    """
    requests = db.session.scalars(
        select(ChangeRequest)
        .join(ChangeRequest.verification)
        .where(Verification.nomination_id == nomination.id)
        .order_by(ChangeRequest.no)
    ).all()
    names = _names(requests)
    found: dict[tuple[str, str], list[Round]] = {}
    for request in requests:
        for item in request.items:
            key = item["kind"], item["figure"]
            rounds = found.pop(key, [])
            found[key] = [*rounds, _round(request, item, names.get(request.answered_by or 0, ""))]
    return found


def _round(request: ChangeRequest, item: Mapping[str, Any], who: str) -> Round:
    answer = request.answer or {}
    name = f"{item['kind']}/{item['figure']}"
    return Round(
        request, item["claimed"], item["found"], who, answer.get("values", {}).get(name),
        answer.get("reasons", {}).get(name, ""),
    )  # fmt: skip


def _names(requests: Sequence[ChangeRequest]) -> Mapping[int, str]:
    ids = {one.answered_by for one in requests if one.answered_by is not None}
    return {row.id: row.name for row in db.session.execute(select(Account.id, Account.name).where(Account.id.in_(ids)))}


def names_with_open_requests(category: Category) -> Sequence[str]:
    """The candidates of a category whom a change request still asks, by name (one statement)."""
    return db.session.scalars(
        select(Organisation.name)
        .join(Nomination, Nomination.organisation_id == Organisation.id)
        .where(
            Nomination.category_id == category.id,
            Nomination.state.in_(CANDIDATE_STATES),
            Nomination.id.in_(
                select(Verification.nomination_id)
                .join(ChangeRequest, ChangeRequest.verification_id == Verification.id)
                .where(ChangeRequest.state == "open")
            ),
        )
        .order_by(Organisation.name)
    ).all()
