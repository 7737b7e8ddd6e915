"""What changed from one sending of a nomination to another, for those who read its verification."""

from flask import redirect, url_for
from flask.typing import ResponseReturnValue

from paritrana.core.errors import NotFound
from paritrana.core.evidence import KINDS
from paritrana.core.policy import Act
from paritrana.cycles.queries import rubric_of
from paritrana.nominations.changes import changes_between
from paritrana.nominations.models import Nomination
from paritrana.nominations.queries import get_revision
from paritrana.nominations.rows import indicators_of, kinds_asked
from paritrana.verification import queries
from paritrana.verification.unseen import without
from paritrana.verification.views.frame import bp, check_reader, claims_hidden, may_read, show
from paritrana.web.access import allowed
from paritrana.web.template_filters import own, translated


@bp.get("/verification/<ref>/revisions/<int:a>/<int:b>")
@allowed(Act.SEE_NOMINATION, nomination=queries.get_sent_nomination)
def differences(nomination: Nomination, a: int, b: int) -> ResponseReturnValue:
    """Two revisions field by field. Raises `NotFound` where one of them was never sent."""
    role = check_reader(nomination)
    if not may_read(nomination, role):
        return redirect(url_for("verification.overview", ref=nomination.ref), 303)
    if max(a, b) > nomination.revision_no:
        raise NotFound
    before, after = get_revision(nomination.id, a), get_revision(nomination.id, b)
    rubric = rubric_of(nomination.category)
    old, new = before.content, after.content
    kinds: set[str] = set()
    if claims_hidden(nomination):
        unseen = [one for one in queries.case_of(nomination).items if one.unseen]
        kinds = {one.kind for one in unseen}
        codes = {indicator.code for one in unseen for indicator in one.indicators}
        old, new = without(old, kinds, codes), without(new, kinds, codes)

    def title_of(kind: str) -> str:
        rows = indicators_of(rubric, kind)
        name = translated(KINDS[kind].title, {}) if kind in KINDS else own(rows[0], "title")
        return f"{', '.join(one.code for one in rows)} {name}"

    return show(
        "differences.html",
        nomination,
        before=before,
        after=after,
        differences=changes_between(
            old, new, kinds_asked(rubric), election_held=nomination.category.cycle.election_held
        ),
        hidden_kinds=[kind for kind in kinds_asked(rubric) if kind in kinds],
        title_of=title_of,
        gate_titles={gate["code"]: own(gate, "title") for gate in rubric.gates},
        file_of=lambda no: url_for("nominations.document_file", ref=nomination.ref, doc=no),
    )
