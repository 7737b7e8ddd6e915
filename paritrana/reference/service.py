"""Changes of the reference data: published rows by their key, and organisations."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import insert, inspect, select, update
from sqlalchemy.orm import Session

from paritrana.audit import service as audit
from paritrana.audit.service import Actor
from paritrana.core.errors import ParitranaError
from paritrana.core.words import N_
from paritrana.database import Base, db, random_ref
from paritrana.paper import check_name
from paritrana.reference import queries
from paritrana.reference.models import Organisation, Region


class OrganisationExists(ParitranaError):
    """The region already has an organisation of this kind and name. Params: `name`, `region`."""

    code = "organisation_exists"
    message = N_("%(region)s already has an organisation named %(name)s.")


class UnknownRegion(ParitranaError):
    """No region has this code. Params: `region`."""

    code = "unknown_region"
    status: ClassVar[int] = 422
    message = N_("There is no region with the code %(region)s.")


@dataclass(frozen=True)
class Stored:
    """What storing rows did to one table: rows added, rows changed, rows that were so already."""

    added: int
    changed: int
    same: int

    @property
    def changes(self) -> int:
        """Rows that are different now."""
        return self.added + self.changed


def store_rows(model: type[Base], key: str, rows: Sequence[Mapping[str, Any]], *, session: Session) -> Stored:
    """Bring `rows` into the table of `model`: new keys are added, rows that differ are changed, others left alone.

    All rows name the same columns, among them `key`, which is unique in the table. Three statements however many rows
    there are; rows of the table that `rows` does not name stay. The caller commits.
    """
    if not rows:
        return Stored(0, 0, 0)
    names = list(rows[0])
    (primary,) = inspect(model).primary_key
    columns = [getattr(model, name) for name in dict.fromkeys((primary.name, *names))]
    before = {found[key]: found for found in session.execute(select(*columns)).mappings()}
    new = [dict(row) for row in rows if row[key] not in before]
    different = [
        {**row, primary.name: before[row[key]][primary.name]}
        for row in rows
        if row[key] in before and any(before[row[key]][name] != row[name] for name in names)
    ]
    if new:
        # An empty column is written as NULL, so that all rows go out in one batch and not in one per set of columns.
        session.execute(insert(model).execution_options(render_nulls=True), new)
    if different:
        session.execute(update(model), different)
        session.expire_all()  # rows already read in this session would keep their old values
    return Stored(added=len(new), changed=len(different), same=len(rows) - len(new) - len(different))


def register_organisation(
    name: str,
    kind: str,
    region_code: str,
    *,
    size_class: str | None = None,
    sector: str | None = None,
    parent: Organisation | None = None,
    fictitious: bool = False,
    rehearsal: bool = False,
    actor: Actor,
    at: datetime,
) -> Organisation:
    """Add an organisation under a new public reference and record it; the caller commits.

    Raises `UnknownRegion`, `OrganisationExists` for a second one of that kind and name in the region, and
    `NotPrintable` or `TooLong` for a name that a certificate could not carry.
    """
    check_name(name)
    region = db.session.get(Region, region_code)
    if region is None:
        raise UnknownRegion(region=region_code)
    if queries.find_organisation(region_code, kind, name) is not None:
        raise OrganisationExists(name=name, region=region.name)
    organisation = Organisation(
        ref=random_ref("O"),
        name=name,
        kind=kind,
        region=region,
        size_class=size_class,
        sector=sector,
        parent=parent,
        fictitious=fictitious,
        rehearsal=rehearsal,
    )
    db.session.add(organisation)
    db.session.flush()
    _record(organisation, actor, at)
    return organisation


def register_local_governments(
    region_codes: Collection[str], *, actor: Actor, at: datetime
) -> Mapping[str, Organisation]:
    """The regional government of each region by its code, added and recorded where it is missing; the caller commits.

    It bears the region's official name. A regency's or city's parent is its province's government where that one is
    registered. Raises `UnknownRegion`.
    """
    regions = queries.regions_by_code(region_codes)
    for code in region_codes:
        if code not in regions:
            raise UnknownRegion(region=code)
    above = {region.province_code for region in regions.values()}
    before = {found.region_code: found for found in queries.organisations_of({*regions, *above}, "local_government")}
    known = dict(before)
    for code in sorted(regions):  # provinces come before their regencies and cities
        if code in known:
            continue
        region = regions[code]
        known[code] = Organisation(
            ref=random_ref("O"),
            name=region.name,
            kind="local_government",
            region=region,
            parent=known.get(region.province_code),
            fictitious=False,
        )
        db.session.add(known[code])
    db.session.flush()
    for code in sorted(known.keys() - before.keys()):
        _record(known[code], actor, at)
    return {code: known[code] for code in region_codes}


def _record(organisation: Organisation, actor: Actor, at: datetime) -> None:
    audit.record(
        audit.SYSTEM,
        "organisation.registered",
        actor,
        at=at,
        object_ref=organisation.ref,
        name=organisation.name,
        organisation_kind=organisation.kind,
        region=organisation.region_code,
        size_class=organisation.size_class,
        sector=organisation.sector,
        fictitious=organisation.fictitious,
    )
