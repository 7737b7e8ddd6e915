"""The same bytes elsewhere: documents of a nomination that stand in it twice, or in another one as well."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, and_, select
from sqlalchemy.orm import aliased

from paritrana.cycles.models import Category, Cycle
from paritrana.database import db
from paritrana.files.models import Blob
from paritrana.nominations.models import Attachment, Nomination, NominationRevision
from paritrana.reference.models import Organisation

NEVER_SENT = ("draft", "withdrawn")


@dataclass(frozen=True)
class Twin:
    """A document with the same bytes. `ref` and what belongs to it are empty where the reader may not see where."""

    own: bool  # of the same nomination
    no: int = 0
    ref: str = ""
    organisation: str = ""
    cycle: Cycle | None = None


def twins_of(nomination: Nomination, seen: Select[Any]) -> Mapping[int, Sequence[Twin]]:
    """The twins of every document of a nomination, by its number (one statement, a row for each place of such a file).

    Inside the nomination the first other place is told, of another nomination its first document. `seen` selects the
    ids of the nominations that the reader may see: others are told as one twin without a place. A document counts where
    it stands in the latest sent revision; what was never sent, nobody but its owner knows of.
    """
    mine, its = aliased(Attachment), aliased(Blob)
    here = (
        select(its.sha256)
        .join(mine, mine.blob_id == its.id)
        .where(mine.nomination_id == nomination.id, mine.removed_at.is_(None))
    )
    rows = db.session.execute(
        select(
            Blob.sha256, Attachment.no, Nomination.id, Nomination.ref, Organisation.name, Cycle,
            Nomination.id.in_(seen).label("seen"),
        )
        .select_from(Blob)
        .join(Attachment, Attachment.blob_id == Blob.id)
        .join(Nomination, Nomination.id == Attachment.nomination_id)
        .join(Organisation, Organisation.id == Nomination.organisation_id)
        .join(Category, Category.id == Nomination.category_id)
        .join(Cycle, Cycle.id == Category.cycle_id)
        .join(
            NominationRevision,
            and_(NominationRevision.nomination_id == Nomination.id, NominationRevision.no == Nomination.revision_no),
        )
        .where(
            Blob.sha256.in_(here), Attachment.removed_at.is_(None), Nomination.state.not_in(NEVER_SENT),
            Attachment.uploaded_at <= NominationRevision.submitted_at,
        )
        .order_by(Nomination.ref, Attachment.no)
    )  # fmt: skip
    own: dict[str, list[int]] = {}
    elsewhere: dict[str, dict[int, Twin]] = {}
    for row in rows:
        if row.id == nomination.id:
            own.setdefault(row.sha256, []).append(row.no)
        elif row.seen:
            twin = Twin(False, row.no, row.ref, row.name, row.Cycle)
            elsewhere.setdefault(row.sha256, {}).setdefault(row.id, twin)
        else:  # how many there are is not told either
            elsewhere.setdefault(row.sha256, {})[0] = Twin(False)
    found: dict[int, Sequence[Twin]] = {}
    for sha256, numbers in own.items():
        for no in numbers:
            first = next((one for one in numbers[:2] if one != no), None)
            beside = [Twin(True, first)] if first is not None else []
            if twins := [*beside, *elsewhere.get(sha256, {}).values()]:
                found[no] = twins
    return found
