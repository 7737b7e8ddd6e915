"""What waits for a verifier."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy import select

from paritrana.accounts.once import once
from paritrana.core.policy import Act
from paritrana.core.words import N_
from paritrana.cycles.models import Category, Cycle
from paritrana.database import db
from paritrana.nominations.models import Nomination
from paritrana.verification import queries, service
from paritrana.verification.queue import (
    CLOSED,
    FREE,
    NOBODY,
    NOMINEE,
    SECOND,
    STAGES,
    WORK,
    Counts,
    Filters,
    counts_of,
    nominations_in,
    queue_of,
    untaken,
)
from paritrana.verification.views.frame import bp, moment_in, status_of
from paritrana.web.access import allowed, current_actor, now, visible
from paritrana.web.forms import Form
from paritrana.web.paging import paged
from paritrana.web.template_filters import own

PAGE = 50
STAGE_WORDS = {
    FREE: N_("Nobody works on it"),
    WORK: N_("In work"),
    NOMINEE: N_("Waits for the nominee"),
    SECOND: N_("Waits for a second person"),
    CLOSED: N_("Closed"),
}


@dataclass(frozen=True)
class Choice:
    """One choice of a filter: its words, how many rows it leaves, its address, and whether it is in force."""

    label: str
    count: int
    url: str
    current: bool


@bp.get("/verification")
@allowed(Act.VERIFY)
def queue() -> ResponseReturnValue:
    """What waits for a verifier, the oldest first; candidates in conflict never appear and are never counted."""
    filters = _asked()
    waiting = queue_of(visible(current_actor(), Act.VERIFY, Nomination), now())
    counts = counts_of(waiting, filters)
    found = [row.id for row in waiting.rows if filters.matches(row)]
    page = paged(len(found), PAGE)
    ids = found[page.rows]
    cases = queries.cases(nominations_in(ids)) if ids else []
    return render_template(
        "verification/queue.html",
        cases=cases,
        total=len(found),
        page_no=page.no,
        pages=page.pages,
        closed=filters.stage == CLOSED,
        narrowed=filters != Filters(stage=filters.stage if filters.stage == CLOSED else ""),
        groups=_groups(filters, counts, {key: _title(one) for key, one in waiting.categories.items()}),
        here=_address(filters),
        category=filters.category,
        form=Form(formdata=None),
        status_of=status_of,
        at=now(),
        simulated=any(one.nomination.category.cycle.simulated for one in cases),
    )


def _title(category: Category) -> str:
    return f"{own(category, 'title')}, {own(category.cycle, 'title')}"


def _asked() -> Filters:
    """The filters of the address; what cannot be is left out."""
    stage = request.args.get("status", "")
    return Filters(
        category=request.args.get("category", ""),
        stage=stage if stage in STAGES else "",
        verifier=request.args.get("verifier", ""),
        differences=request.args.get("differences") == "1",
        overdue=request.args.get("overdue") == "1",
    )


def _address(filters: Filters, **changes: Any) -> str:
    """The address of the queue with these filters."""
    asked = replace(filters, **changes)
    named: dict[str, Any] = {
        "category": asked.category, "status": asked.stage, "verifier": asked.verifier,
        "differences": "1" if asked.differences else "", "overdue": "1" if asked.overdue else "",
    }  # fmt: skip
    return url_for("verification.queue", **{name: value for name, value in named.items() if value})


def _groups(filters: Filters, counts: Counts, titles: Mapping[str, str]) -> list[tuple[str, list[Choice]]]:
    """The filters of the page, each with its choices."""

    def choice(label: str, count: int, **change: Any) -> Choice:
        return Choice(label, count, _address(filters, **change), replace(filters, **change) == filters)

    stages = [choice(_("Everything open"), sum(n for key, n in counts.stages.items() if key != CLOSED), stage="")]
    stages += [choice(_(STAGE_WORDS[key]), n, stage=key) for key, n in counts.stages.items()]
    groups = [(_("Stage of the work"), stages)]
    if len(counts.categories) > 1:
        every = choice(_("All categories"), sum(counts.categories.values()), category="")
        groups.append(
            (_("Category"), [every, *(choice(titles[key], n, category=key) for key, n in counts.categories.items())])
        )
    if set(counts.verifiers) - {NOBODY}:
        every = choice(_("Everybody"), sum(counts.verifiers.values()), verifier="")
        people = [
            choice(_("Nobody") if ref == NOBODY else counts.names[ref], n, verifier=ref)
            for ref, n in counts.verifiers.items()
        ]
        groups.append((_("Verifier"), [every, *people]))
    special = [
        choice(_("Differences not explained"), counts.differences, differences=not filters.differences),
        choice(_("Overdue"), counts.overdue, overdue=not filters.overdue),
    ]
    in_force = (filters.differences, filters.overdue)
    groups.append((_("Needs attention"), [replace(one, current=on) for one, on in zip(special, in_force, strict=True)]))
    return groups


@bp.post("/verification/next")
@allowed(Act.VERIFY)
@once
def take_next() -> ResponseReturnValue:
    """Take the oldest nomination that nobody works on and that is not in conflict, of one category if it is named."""
    actor = current_actor()
    mine = untaken(visible(actor, Act.TAKE_VERIFICATION, Nomination))
    cycle, _slash, slug = request.form.get("category", "").partition("/")
    if cycle and slug:
        mine = mine.where(
            Nomination.category_id.in_(
                select(Category.id).join(Cycle).where(Cycle.code == cycle, Category.slug == slug)
            )
        )
    nomination = db.session.scalars(mine.limit(1)).first()
    if nomination is None:
        flash(_("Nobody waits: every nomination in the queue has a verifier."), "ok")
        return redirect(url_for("verification.queue"), 303)
    service.take(nomination, actor=actor, at=moment_in(nomination.category))
    db.session.commit()
    return redirect(url_for("verification.overview", ref=nomination.ref), 303)
