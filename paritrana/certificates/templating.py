"""Templates as they are stored: versions that only grow, and those that the program brings in its seed folder."""

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, Final

from paritrana.audit import service as audit
from paritrana.certificates import queries
from paritrana.certificates.editor.queries import Templates, templates_for
from paritrana.certificates.models import CertificateTemplate, CertificateTemplateVersion
from paritrana.certificates.targets import Target
from paritrana.config import data_folder
from paritrana.core.certificates import BadTemplate, Kind, Template, read_template, written
from paritrana.core.errors import BadInput, ParitranaError, StaleVersion
from paritrana.core.policy import Actor
from paritrana.core.words import N_
from paritrana.cycles.models import Cycle
from paritrana.database import canonical, db, random_ref
from paritrana.jobs.kinds import SYSTEM

FOLDER: Final = "certificates"


class NoTemplate(ParitranaError):
    """No template exists for a kind of certificate. Params: `kind`."""

    code = "no_certificate_template"
    message = N_("There is no template for certificates of the kind “%(kind)s”. Write one first.")


class UnreadableTemplate(BadInput):
    """A file of the seed folder is no template. Params: `name`, `problem`."""

    code = "unreadable_template"
    message = N_("%(name)s cannot be read as a template: %(problem)s")


def store_template(
    cycle: Cycle | None,
    kind: Kind,
    title_id: str,
    document: Mapping[str, Any],
    *,
    actor: Actor,
    at: datetime,
    expected: int | None = None,
) -> CertificateTemplateVersion:
    """Store a document as the newest version of a template; the caller commits.

    Without a cycle it is a delivered one. A document like the newest version's changes nothing. `expected` is the
    number of the version that was read, 0 where there was none. Raises `BadTemplate`, `UnknownField`, `StaleVersion`.
    """
    form = written(read_template(document))
    if form["kind"] != kind.value:
        raise BadTemplate(where="/kind", problem=f"the template is for {kind.value}")
    stream = audit.SYSTEM if cycle is None else audit.intake(cycle.code)
    audit.lock_stream(stream)
    template = queries.find_template(cycle, kind, title_id)
    newest = None if template is None else queries.newest_version(template)
    if expected is not None and expected != (newest.no if newest else 0):
        raise StaleVersion(who=newest.maker.name if newest and newest.maker else "", time=newest and newest.made_at)
    digest = hashlib.sha256(canonical(form)).hexdigest()
    if newest is not None and newest.digest == digest:
        return newest
    if template is None:
        template = CertificateTemplate(ref=random_ref("T"), cycle=cycle, kind=kind.value, title_id=title_id)
        db.session.add(template)
    else:
        template.version += 1
    version = CertificateTemplateVersion(
        template=template, no=newest.no + 1 if newest else 1, document=form, digest=digest, made_at=at,
        made_by=None if cycle is None else actor.user_id,
    )  # fmt: skip
    db.session.add(version)
    db.session.flush()
    audit.record(
        stream, "certificate_template.stored", actor, at=at, object_ref=template.ref, kind=kind.value,
        title=title_id or None, no=version.no, digest=digest,
    )  # fmt: skip
    return version


def read_delivered(folder: Path) -> Sequence[Template]:
    """The templates of a folder of seed data, one of each kind at most. Raises `UnreadableTemplate`."""
    return [_read(path) for path in sorted((folder / FOLDER).glob("*.json"))]


def store_delivered(templates: Sequence[Template], *, actor: Actor, at: datetime, cycle: Cycle | None = None) -> int:
    """Store templates that are not there like this, for all cycles or for one; returns how many; the caller commits."""
    made = 0
    for one in templates:
        there = queries.find_template(cycle, one.kind, "")
        newest = None if there is None else queries.newest_version(there)
        stored = store_template(cycle, one.kind, "", written(one), actor=actor, at=at)
        made += newest is None or stored.no > newest.no
    return made


def document_in_use(templates: Templates, kind: Kind, title_id: str = "") -> Mapping[str, Any]:
    """The written form of the template that applies; what the program brings where none is stored yet."""
    version = templates.applying(kind, title_id)
    return _of_the_program(kind) if version is None else version.document


@cache
def _of_the_program(kind: Kind) -> Mapping[str, Any]:
    return written(_read(data_folder("seed") / FOLDER / f"{kind.value}.json"))


def _read(path: Path) -> Template:
    name = f"{path.parent.name}/{path.name}"
    try:
        content: Any = json.loads(path.read_text(encoding="utf-8"))
        template = read_template(content)
    except (OSError, ValueError):
        raise UnreadableTemplate(name=name, problem="no JSON") from None
    except BadInput as wrong:
        raise UnreadableTemplate(name=name, problem=wrong.message % wrong.params) from None
    if template.kind.value != path.stem:
        raise UnreadableTemplate(name=name, problem=f"it is for {template.kind.value}")
    return template


# Templates that apply -------------------------------------------------------------------------------------------------


def ready_templates(cycle: Cycle, kinds: Collection[Kind], *, at: datetime) -> Templates:
    """The templates of a cycle; what is delivered is stored when it is needed first."""
    found = templates_for(cycle)
    if all(found.applying(kind) for kind in kinds):
        return found
    for kind in kinds:
        if found.applying(kind) is None:
            store_template(None, kind, "", _of_the_program(kind), actor=SYSTEM, at=at)
    return templates_for(cycle)


def version_for(templates: Templates, target: Target) -> CertificateTemplateVersion:
    version = templates.applying(target.kind, target.title.id)
    if version is None:
        raise NoTemplate(kind=target.kind.value)
    return version
