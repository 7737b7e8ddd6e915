"""A new draft: which organisation fits which category."""

from collections.abc import Mapping
from datetime import datetime

from paritrana.audit import service as audit
from paritrana.core.errors import ParitranaError, WrongState
from paritrana.core.lifecycle import State
from paritrana.core.policy import Actor
from paritrana.core.words import N_
from paritrana.cycles.models import Category
from paritrana.cycles.queries import state_at
from paritrana.cycles.service import intake_of
from paritrana.database import db, random_ref
from paritrana.nominations import queries
from paritrana.nominations.models import Nomination
from paritrana.reference.models import Organisation

# Which organisation fits which kind of category: kind of organisation, then region kinds or size classes.
FITTING: Mapping[str, tuple[str, frozenset[str]]] = {
    "regency_city": ("local_government", frozenset({"regency", "city"})),
    "province": ("local_government", frozenset({"province"})),
    "enterprise_large_medium": ("enterprise", frozenset({"large", "medium"})),
    "small_micro": ("small_micro", frozenset()),
    "village": ("village", frozenset()),
}


class NotFitting(ParitranaError):
    """The organisation does not belong in this category."""

    code = "organisation_does_not_fit"
    status = 422
    message = N_("%(name)s does not belong in this category. Choose another category or organisation.")


class AlreadyNominated(ParitranaError):
    """The organisation already has a nomination in this category. Params: `name`, `number`."""

    code = "already_nominated"
    message = N_("%(name)s already has nomination %(number)s in this category. Open that one.")


def fits(category: Category, organisation: Organisation) -> bool:
    """Whether the kind, size and region of an organisation belong in a category of its cycle."""
    kind, among = FITTING.get(category.kind, ("", frozenset()))
    if organisation.kind != kind or (organisation.fictitious and not category.cycle.simulated):
        return False
    if organisation.rehearsal is not category.cycle.rehearsal:
        return False
    region, cycle = organisation.region, category.cycle
    marker = region.kind if kind == "local_government" else organisation.size_class
    if among and marker not in among:
        return False
    if not category.scope.takes(region.award_zone, organisation.sector, organisation.size_class):
        return False
    return cycle.tier == "national" or cycle.region_code in {region.code, region.parent_code}


def check_fits(category: Category, organisation: Organisation) -> None:
    """Refuse an organisation that does not belong in a category with `NotFitting`."""
    if not fits(category, organisation):
        raise NotFitting(name=organisation.name)


def _candidate_code(organisation: Organisation) -> str:
    government = organisation.kind == "local_government" and not organisation.rehearsal
    return organisation.region_code if government else random_ref("K")


def create_nomination(
    category: Category,
    organisation: Organisation,
    *,
    fed_from: Nomination | None = None,
    actor: Actor,
    at: datetime,
) -> Nomination:
    """Open a draft for an organisation in an open category; the caller commits.

    `fed_from` is the nomination that won in a province and goes on. Raises `WrongState` when the category is not open,
    `NotFitting`, `AlreadyNominated`.
    """
    audit.lock_stream(intake_of(category))
    if state_at(category, at) is not State.OPEN:
        raise WrongState
    check_fits(category, organisation)
    there = queries.find_nomination(category, organisation)
    if there is not None:
        raise AlreadyNominated(name=organisation.name, number=there.ref)
    nomination = Nomination(
        ref=random_ref("N"),
        category=category,
        organisation=organisation,
        candidate_code=_candidate_code(organisation),
        created_at=at,
        created_by=actor.account_id,
        fed_from_id=None if fed_from is None else fed_from.id,
    )
    db.session.add(nomination)
    db.session.flush()
    audit.record(
        intake_of(category), "nomination.created", actor, at=at, object_ref=nomination.ref,
        category=category.slug, organisation=organisation.ref, candidate_code=nomination.candidate_code,
        fed_from=None if fed_from is None else fed_from.ref,
    )  # fmt: skip
    return nomination
