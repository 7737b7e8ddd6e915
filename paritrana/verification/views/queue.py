"""What waits for a verifier."""

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy import func, select

from paritrana.accounts.once import once
from paritrana.core.policy import Act
from paritrana.database import db
from paritrana.nominations.models import Nomination
from paritrana.verification import queries, service
from paritrana.verification.views.frame import bp, moment_in, status_of
from paritrana.web.access import allowed, current_actor, now, visible
from paritrana.web.forms import Form

PAGE = 50


@bp.get("/verification")
@allowed(Act.VERIFY)
def queue() -> ResponseReturnValue:
    """What waits for a verifier, the oldest first; candidates in conflict never appear."""
    closed = request.args.get("status") == "closed"
    mine = queries.queue(visible(current_actor(), Act.VERIFY, Nomination), closed=closed)
    total = db.session.scalar(select(func.count()).select_from(mine.order_by(None).subquery())) or 0
    pages = max(1, -(-total // PAGE))
    page = min(max(request.args.get("page", 1, type=int), 1), pages)
    nominations = db.session.scalars(mine.limit(PAGE).offset((page - 1) * PAGE)).all()
    return render_template(
        "verification/queue.html",
        cases=queries.cases(nominations),
        total=total,
        page_no=page,
        pages=pages,
        closed=closed,
        form=Form(formdata=None),
        status_of=status_of,
        at=now(),
        simulated=any(one.category.cycle.simulated for one in nominations),
    )


@bp.post("/verification/next")
@allowed(Act.VERIFY)
@once
def take_next() -> ResponseReturnValue:
    """Take the oldest nomination that nobody works on and that is not in conflict."""
    actor = current_actor()
    mine = queries.queue(visible(actor, Act.TAKE_VERIFICATION, Nomination))
    mine = mine.where(Nomination.id.not_in(queries.taken()))
    nomination = db.session.scalars(mine.limit(1)).first()
    if nomination is None:
        flash(_("Nobody waits: every nomination in the queue has a verifier."), "ok")
        return redirect(url_for("verification.queue"), 303)
    service.take(nomination, actor=actor, at=moment_in(nomination.category))
    db.session.commit()
    return redirect(url_for("verification.overview", ref=nomination.ref), 303)
