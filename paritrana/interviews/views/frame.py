"""What the pages of interviews share: the blueprint, the moment, ways back."""

from datetime import datetime

import structlog
from flask import Blueprint, url_for
from flask_babel import gettext as _

from paritrana.core.policy import Act
from paritrana.cycles.models import Category
from paritrana.cycles.queries import cycle_time
from paritrana.interviews.models import InterviewSession
from paritrana.web.access import current_actor, may, now
from paritrana.web.template_filters import current_language

bp = Blueprint("interviews", __name__, template_folder="../templates")
log = structlog.get_logger("interviews")


def moment_in(category: Category) -> datetime:
    """This moment on the clock of the category's cycle."""
    return cycle_time(category.cycle, now())


def sees_progress(slot: InterviewSession) -> bool:
    """How many sheets are in is for the secretariat and the panel; the candidate itself does not learn it."""
    return may(Act.SEE_PROGRESS, slot.category) or slot.category_id in current_actor().seats


def way_back(slot: InterviewSession) -> tuple[str, str] | None:
    """Name and address of the list that a person came from: the schedule, or the candidates of an assessor."""
    if may(Act.MANAGE_CYCLE, slot.category):
        return _("Interview schedule"), url_for("interviews.schedule", cycle=slot.day.cycle.code)
    if slot.category_id in current_actor().seats:
        return _("Assessments"), "/assessments"
    return None


def address_of(slot: InterviewSession) -> str:
    """The page of a slot."""
    return url_for("interviews.slot", day=slot.day.code, no=slot.no)


def point() -> str:
    """What stands between minutes and seconds in the language of the page."""
    return "." if current_language() == "id" else ":"
