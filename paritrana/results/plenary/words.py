"""What the plenary decided, in sentences of the reader's language."""

from collections.abc import Iterable, Mapping
from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _l

from paritrana.results.plenary.models import ORDER, OTHER_WINNER, TITLE, WITHDRAWAL, WITHHOLD, Decision
from paritrana.web.template_filters import own

KIND_NAMES = {
    ORDER: _l("Order within a tie"),
    TITLE: _l("Special mention"),
    OTHER_WINNER: _l("Title to another candidate"),
    WITHHOLD: _l("Title not awarded"),
    WITHDRAWAL: _l("Withdrawal of a decision"),
}


def _(message: str, **params: Any) -> str:
    return str(gettext(message, **params))


class DecisionWords:
    """Sentences about the decisions of one category. `names` are candidates by code."""

    def __init__(self, names: Mapping[str, str], decisions: Iterable[Decision]) -> None:
        self._names = names
        self._numbers = {one.id: one.no for one in decisions}

    def __call__(self, one: Decision) -> str:
        """A recorded decision as one sentence."""
        return self._said(one.kind, one.candidates, own(one, "title"), self._numbers.get(one.withdraws_id or 0))

    def proposed(self, payload: Mapping[str, Any]) -> str:
        """A proposed decision as one sentence."""
        return self._said(payload["kind"], payload["candidates"], own(payload, "title"), payload.get("withdraws"))

    def _said(self, kind: str, candidates: Iterable[str], title: str, withdraws: int | None) -> str:
        names = [self.name(code) for code in candidates]
        if kind == ORDER:
            return _("Order within the tie: %(names)s.", names=" → ".join(names))
        if kind == TITLE:
            return _("%(name)s receives the title “%(title)s”.", name=names[0], title=title)
        if kind == OTHER_WINNER:
            return _("The title “%(title)s” goes to %(name)s.", title=title, name=names[0])
        if kind == WITHHOLD:
            return _("The title “%(title)s” is not awarded.", title=title)
        return _("Decision %(no)s is withdrawn.", no=withdraws)

    def name(self, code: str) -> str:
        """The name of a candidate; its code where the run does not know it."""
        return self._names.get(code, code)


def votes_words(votes_for: int, against: int, abstained: int) -> str:
    """How those present voted."""
    return _(
        "%(for_)s for, %(against)s against, %(abstained)s abstained",
        for_=votes_for, against=against, abstained=abstained,
    )  # fmt: skip
