"""What an objection is about, in the reader's language."""

from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from paritrana.core.errors import NotFound
from paritrana.cycles.models import RubricVersion
from paritrana.publication.objections.models import FINDING, GRANTED, OPEN, REFUSED, Objection
from paritrana.publication.objections.queries import Target
from paritrana.verification.figures import VERDICTS, from_text, quantity_of
from paritrana.verification.forms import figure_name
from paritrana.verification.queries import Judged, case_of
from paritrana.web.template_filters import own, quantity

STATES = {OPEN: _l("Waits for the answer"), GRANTED: _l("Granted"), REFUSED: _l("Refused")}
SHAPES = {OPEN: "doing", GRANTED: "ok", REFUSED: "problem"}
GATES = {"pass": _l("Fulfilled"), "fail": _l("Not fulfilled")}


def target_words(target: Target, rubric: RubricVersion) -> str:
    """One thing that can be objected to, with what stands."""
    if target.judged is None:
        return _subject(gate_title(rubric, target.code), str(GATES.get(target.stood, target.stood)))
    return _subject(figure_name(target.judged), found_words(target.judged, target.stood))


def subject_words(objection: Objection, rubric: RubricVersion) -> str:
    """What an objection is about."""
    judged = judged_of(objection)
    return gate_title(rubric, objection.code) if judged is None else figure_name(judged)


def stood_words(objection: Objection, text: str | None) -> str:
    """What was found or decided, as an objection keeps it, in words."""
    judged = judged_of(objection)
    if judged is not None:
        return found_words(judged, text)
    return str(GATES.get(text or "", text))


def found_words(judged: Judged, text: str | None) -> str:
    """A found figure with its unit; where there is none, the verdict."""
    if text in VERDICTS:
        return str(_(VERDICTS[str(text)]))
    value = quantity_of(judged.figure.field, from_text(judged.figure.field, text))
    return "–" if value is None else str(quantity(value))


def judged_of(objection: Objection) -> Judged | None:
    """The figure that an objection is about; None for a condition."""
    if objection.subject != FINDING:
        return None
    try:
        rows = case_of(objection.nomination).item(objection.kind).rows
    except NotFound:
        return None
    return next((one for one in rows if one.figure.key == objection.code), None)


def gate_title(rubric: RubricVersion, code: str) -> str:
    """The name of a condition."""
    gate: Any = next((one for one in rubric.gates if one["code"] == code), None)
    return code if gate is None else str(own(gate, "title"))


def _subject(name: str, stood: str) -> str:
    return str(_("%(name)s: %(found)s", name=name, found=stood))
