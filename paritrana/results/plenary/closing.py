"""What the plenary must have brought to an end before a result is sealed."""

from paritrana.core.errors import ParitranaError
from paritrana.core.words import N_
from paritrana.cycles.models import Category
from paritrana.results.plenary import queries


class PlenaryStillOpen(ParitranaError):
    """The session of the plenary goes on."""

    code = "plenary_open"
    message = N_("The plenary is still in session. Close it with the number of its signed minutes first.")


class DecisionWaits(ParitranaError):
    """A proposed decision waits for its second person."""

    code = "decision_waits"
    message = N_("A proposed decision still waits for a second person. Have it confirmed, or take it back.")


def refuse_unfinished(category: Category) -> None:
    """Raises `DecisionWaits` or `PlenaryStillOpen` while the plenary of a category is not over."""
    if queries.waiting_decisions(category):
        raise DecisionWaits
    if queries.open_session(category) is not None:
        raise PlenaryStillOpen
