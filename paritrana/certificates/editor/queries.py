"""Reads of templates, of the pictures they show, and of everybody who may get a paper, each in few statements."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import func, select
from sqlalchemy.orm import contains_eager, joinedload, undefer

from paritrana.certificates.models import (
    CertificateImage,
    CertificateTemplate,
    CertificateTemplateVersion,
    NameConfirmation,
    PrintedName,
)
from paritrana.core.certificates import Kind, Words
from paritrana.core.errors import NotFound
from paritrana.core.lifecycle import State
from paritrana.cycles.models import Category, CategoryTitle, Cycle
from paritrana.database import db
from paritrana.nominations.models import Nomination
from paritrana.nominations.queries import CANDIDATE_STATES
from paritrana.panels.models import JUDGING, Seat
from paritrana.reference.models import Organisation

NOT_SENT: Final = ("draft", "withdrawn")
PANEL: Final = "Panel Penilai"  # whose minutes they are, before the name of the category


# Templates ------------------------------------------------------------------------------------------------------------


class Templates:
    """The newest versions that a cycle can use, delivered ones and its own."""

    def __init__(self, cycle_id: int, versions: Sequence[CertificateTemplateVersion]) -> None:
        self._own = {
            (one.template.kind, one.template.title_id): one for one in versions if one.template.cycle_id == cycle_id
        }
        self._delivered = {one.template.kind: one for one in versions if one.template.cycle_id is None}

    def own(self, kind: Kind, title_id: str = "") -> CertificateTemplateVersion | None:
        """What this cycle wrote for exactly this kind and title."""
        return self._own.get((kind.value, title_id))

    def applying(self, kind: Kind, title_id: str = "") -> CertificateTemplateVersion | None:
        """What a paper is made by: for its title, else for its kind, else the delivered one."""
        return self.own(kind, title_id) or self.own(kind) or self._delivered.get(kind.value)


def templates_for(cycle: Cycle) -> Templates:
    """The templates of a cycle (one statement)."""
    newest = (
        select(CertificateTemplateVersion.template_id, func.max(CertificateTemplateVersion.no).label("no"))
        .group_by(CertificateTemplateVersion.template_id)
        .subquery()
    )
    found = db.session.scalars(
        select(CertificateTemplateVersion)
        .join(
            newest,
            (newest.c.template_id == CertificateTemplateVersion.template_id)
            & (newest.c.no == CertificateTemplateVersion.no),
        )
        .join(CertificateTemplateVersion.template)
        .where((CertificateTemplate.cycle_id == cycle.id) | CertificateTemplate.cycle_id.is_(None))
        .options(contains_eager(CertificateTemplateVersion.template), joinedload(CertificateTemplateVersion.maker))
    ).all()
    return Templates(cycle.id, found)


def history(template: CertificateTemplate) -> Sequence[CertificateTemplateVersion]:
    """The versions of a template with their makers, the newest first (one statement)."""
    return db.session.scalars(
        select(CertificateTemplateVersion)
        .where(CertificateTemplateVersion.template_id == template.id)
        .options(joinedload(CertificateTemplateVersion.maker))
        .order_by(CertificateTemplateVersion.no.desc())
    ).all()


def get_version(cycle: Cycle, kind: Kind, title_id: str, no: int) -> CertificateTemplateVersion:
    """One version of a template of this cycle. Raises `NotFound`."""
    found = db.session.scalar(
        select(CertificateTemplateVersion)
        .join(CertificateTemplateVersion.template)
        .where(
            CertificateTemplate.cycle_id == cycle.id,
            CertificateTemplate.kind == kind.value,
            CertificateTemplate.title_id == title_id,
            CertificateTemplateVersion.no == no,
        )
        .options(contains_eager(CertificateTemplateVersion.template), joinedload(CertificateTemplateVersion.maker))
    )
    if found is None:
        raise NotFound
    return found


def titles_of(cycle: Cycle) -> Sequence[Words]:
    """The titles of the ranks of all categories of a cycle, each once, by rank (one statement)."""
    rows = db.session.execute(
        select(CategoryTitle.title_id, CategoryTitle.title_en)
        .join(Category, Category.id == CategoryTitle.category_id)
        .where(Category.cycle_id == cycle.id)
        .order_by(CategoryTitle.rank, Category.position)
    ).all()
    found: dict[str, Words] = {}
    for title_id, title_en in rows:
        found.setdefault(title_id, Words(title_id, title_en))
    return list(found.values())


# Pictures -------------------------------------------------------------------------------------------------------------


def images_of(cycle: Cycle) -> Sequence[CertificateImage]:
    """The pictures of a cycle without their bytes, the newest first (one statement)."""
    return db.session.scalars(
        select(CertificateImage)
        .where(CertificateImage.cycle_id == cycle.id)
        .order_by(CertificateImage.added_at.desc(), CertificateImage.id.desc())
    ).all()


def get_image(cycle: Cycle, sha256: str) -> CertificateImage:
    """One picture of a cycle with its bytes. Raises `NotFound`."""
    found = db.session.scalar(
        select(CertificateImage)
        .where(CertificateImage.cycle_id == cycle.id, CertificateImage.sha256 == sha256)
        .options(undefer(CertificateImage.content))
    )
    if found is None:
        raise NotFound
    return found


def contents(cycle: Cycle, digests: Collection[str]) -> Mapping[str, bytes]:
    """The bytes of pictures of a cycle by their digests (at most one statement)."""
    if not digests:
        return {}
    rows = db.session.execute(
        select(CertificateImage.sha256, CertificateImage.content).where(
            CertificateImage.cycle_id == cycle.id, CertificateImage.sha256.in_(digests)
        )
    ).all()
    return {sha256: bytes(content) for sha256, content in rows}


# Who may get a paper --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Recipient:
    """Somebody who may get a paper of a kind: the name as it would be printed, and what it is about."""

    name: str
    category: Words
    titles: Mapping[int, Words]  # by rank; of a category that gives none, or a kind without a rank: empty
    ref: str = ""  # of the nomination


def recipients(cycle: Cycle, kind: Kind) -> Sequence[Recipient]:
    """Everybody in a cycle who may get a paper of a kind, by category and name (at most three statements).

    Who wins is nobody's business before it is published: each candidate may. Before a category has candidates, each
    organisation whose nomination was sent is one.
    """
    if kind is Kind.MINUTES:
        return [Recipient(f"{PANEL} {one.title_id}", _words(one), {}) for one in cycle.categories]
    if kind is Kind.THANKS:
        return _assessors(cycle)
    titles = _titles_by_category(cycle) if kind is Kind.WINNER else {}
    rows = _candidates(cycle)
    chosen = {row.category_id for row in rows if row.state in CANDIDATE_STATES} if kind is not Kind.PARTICIPANT else {}
    return [
        Recipient(row.spelt or row.name, Words(row.title_id, row.title_en), titles.get(row.category_id, {}), row.ref)
        for row in rows
        if row.category_id not in chosen or row.state in CANDIDATE_STATES
    ]


def _candidates(cycle: Cycle) -> Sequence[Any]:
    return db.session.execute(
        select(
            Nomination.ref, Nomination.state, Nomination.category_id, Organisation.name, Category.title_id,
            Category.title_en, spelling().label("spelt"),
        )
        .join(Category, Category.id == Nomination.category_id)
        .join(Organisation, Organisation.id == Nomination.organisation_id)
        .where(Category.cycle_id == cycle.id, Nomination.state.not_in(NOT_SENT))
        .order_by(Category.position, Organisation.name, Nomination.id)
    ).all()  # fmt: skip


def _assessors(cycle: Cycle) -> Sequence[Recipient]:
    seats = db.session.scalars(
        select(Seat)
        .join(Seat.category)
        .where(Category.cycle_id == cycle.id, Seat.role.in_(JUDGING), Seat.ended_at.is_(None))
        .options(contains_eager(Seat.category), joinedload(Seat.account))
        .order_by(Category.position, Seat.id)
    ).all()
    return [Recipient(one.account.name, _words(one.category), {}) for one in seats]


def _titles_by_category(cycle: Cycle) -> Mapping[int, Mapping[int, Words]]:
    rows = db.session.scalars(
        select(CategoryTitle)
        .join(Category, Category.id == CategoryTitle.category_id)
        .where(Category.cycle_id == cycle.id)
    )
    found: dict[int, dict[int, Words]] = {}
    for row in rows:
        found.setdefault(row.category_id, {})[row.rank] = _words(row)
    return found


def _words(row: Any) -> Words:
    return Words(row.title_id, row.title_en)


# How names are spelt --------------------------------------------------------------------------------------------------


def spelling() -> Any:
    """The accepted spelling of a nomination's name as a column, none where its organisation's name is printed."""
    return (
        select(PrintedName.text)
        .where(PrintedName.nomination_id == Nomination.id, PrintedName.state == "accepted")
        .order_by(PrintedName.no.desc())
        .limit(1)
        .correlate(Nomination)
        .scalar_subquery()
    )


def spellings_of(nomination: Nomination) -> Sequence[PrintedName]:
    """What was asked about the name of a nomination, the newest first (one statement)."""
    return db.session.scalars(
        select(PrintedName)
        .where(PrintedName.nomination_id == nomination.id)
        .options(joinedload(PrintedName.speaker))
        .order_by(PrintedName.no.desc())
    ).all()


def printed_name(nomination: Nomination) -> str:
    """The name that stands on the papers of a nomination (one statement)."""
    found = db.session.scalar(select(spelling()).select_from(Nomination).where(Nomination.id == nomination.id))
    return str(found or nomination.organisation.name)


def last_confirmation(nomination: Nomination) -> NameConfirmation | None:
    """When the name of a nomination was last said to be right (one statement)."""
    return db.session.scalar(
        select(NameConfirmation)
        .where(NameConfirmation.nomination_id == nomination.id)
        .options(joinedload(NameConfirmation.speaker))
        .order_by(NameConfirmation.id.desc())
        .limit(1)
    )


def asked_in(cycle_ids: Collection[int]) -> Sequence[PrintedName]:
    """The spellings of these cycles that wait for an answer, the oldest first (one statement)."""
    return db.session.scalars(
        select(PrintedName)
        .join(PrintedName.nomination)
        .join(Nomination.category)
        .join(Category.cycle)
        .where(Category.cycle_id.in_(cycle_ids), PrintedName.state == "asked")
        .options(
            contains_eager(PrintedName.nomination).contains_eager(Nomination.category).contains_eager(Category.cycle),
            contains_eager(PrintedName.nomination).joinedload(Nomination.organisation),
            joinedload(PrintedName.speaker),
        )
        .order_by(PrintedName.said_at, PrintedName.id)
    ).all()


def get_asked(cycle: Cycle, ref: str) -> PrintedName:
    """The spelling of a nomination that waits for an answer. Raises `NotFound`."""
    found = next((one for one in asked_in([cycle.id]) if one.nomination.ref == ref), None)
    if found is None:
        raise NotFound
    return found


def unchecked(organisation_ids: Collection[int], states: Collection[State]) -> Sequence[Nomination]:
    """The candidates of these organisations whose name nobody has read for the papers yet (one statement)."""
    said = select(NameConfirmation.id).where(NameConfirmation.nomination_id == Nomination.id).exists()
    asked = select(PrintedName.id).where(PrintedName.nomination_id == Nomination.id).exists()
    return db.session.scalars(
        select(Nomination)
        .join(Nomination.category)
        .join(Category.cycle)
        .where(
            Nomination.organisation_id.in_(organisation_ids),
            Nomination.state.in_(CANDIDATE_STATES),
            Category.state.in_([int(one) for one in states]),
            Cycle.kind != "historical",
            ~said,
            ~asked,
        )
        .options(
            contains_eager(Nomination.category).contains_eager(Category.cycle), joinedload(Nomination.organisation)
        )
        .order_by(Nomination.id)
    ).all()
