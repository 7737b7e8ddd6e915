"""What changed from one sending of a nomination to another, for its owner."""

from flask import url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from paritrana.core.policy import Act
from paritrana.cycles.queries import rubric_of
from paritrana.nominations import queries
from paritrana.nominations.changes import changes_between
from paritrana.nominations.models import Nomination
from paritrana.nominations.rows import indicators_of, kinds_asked
from paritrana.nominations.views import frame
from paritrana.nominations.views.frame import bp
from paritrana.web.access import allowed
from paritrana.web.template_filters import own


@bp.get("/nominations/<ref>/revisions/<int:a>/<int:b>")
@allowed(Act.SEE_DRAFT, nomination=queries.get_nomination)
def differences(nomination: Nomination, a: int, b: int) -> ResponseReturnValue:
    """Two revisions field by field. Raises `NotFound` where one of them was never sent."""
    before, after = queries.get_revision(nomination.id, a), queries.get_revision(nomination.id, b)
    rubric = rubric_of(nomination.category)

    def title_of(kind: str) -> str:
        rows = indicators_of(rubric, kind)
        return f"{', '.join(one.code for one in rows)} {frame.kind_title(kind) or own(rows[0], 'title')}"

    return frame.show(
        "nominations/differences.html",
        nomination,
        _("What changed from revision %(before)s to revision %(after)s", before=a, after=b),
        before=before,
        after=after,
        differences=changes_between(
            before.content, after.content, kinds_asked(rubric), election_held=nomination.category.cycle.election_held
        ),
        title_of=title_of,
        gate_titles={gate["code"]: own(gate, "title") for gate in rubric.gates},
        file_of=lambda no: url_for("nominations.document_file", ref=nomination.ref, doc=no),
    )
