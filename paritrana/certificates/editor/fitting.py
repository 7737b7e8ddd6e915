"""How the texts of every paper of a cycle fit, before one of them is made."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from paritrana.certificates.drawing import Drawer, Place
from paritrana.certificates.editor import queries, sample
from paritrana.certificates.editor.queries import Recipient, Templates
from paritrana.certificates.templating import document_in_use
from paritrana.core.certificates import Facts, Kind, Template, Words, read_template
from paritrana.core.errors import ParitranaError
from paritrana.cycles.models import Cycle
from paritrana.paper import NotPrintable, TooLong

ORDER: Final = ("refused", "lines", "smaller", "full")
NAME: Final = "recipient"


@dataclass(frozen=True)
class Fitting:
    """The paper of one recipient: why it cannot be made, or how its texts stand."""

    recipient: Recipient
    title: Words | None
    places: Sequence[Place] = ()
    refusal: ParitranaError | None = None

    @property
    def how(self) -> str:
        """`refused`, the name on several `lines`, some text `smaller`, or everything in `full` size."""
        if self.refusal is not None:
            return "refused"
        if any(one.name == NAME and len(one.lines) > 1 for one in self.places):
            return "lines"
        return "smaller" if self.smaller else "full"

    @property
    def smaller(self) -> Sequence[Place]:
        """The texts that do not stand in their full size."""
        return [one for one in self.places if one.percent < 100]

    @property
    def name(self) -> Place | None:
        """How the name stands."""
        return next((one for one in self.places if one.name == NAME), None)


def fit_all(cycle: Cycle, kind: Kind, at: datetime) -> Sequence[Fitting]:
    """How the papers of a kind fit for everybody who may get one, problems first (six statements at most).

    A candidate of a category with several titles is looked at with the longest one of each template.
    """
    templates, people = queries.templates_for(cycle), queries.recipients(cycle, kind)
    wanted: list[tuple[Recipient, int | None, Words | None, int]] = []
    used: dict[int, Template] = {}
    for one in people:
        for no, rank, title in _papers(templates, kind, one, used):
            wanted.append((one, rank, title, no))
    images = queries.contents(cycle, {digest for template in used.values() for digest in template.images})
    drawers = {no: Drawer(template, images) for no, template in used.items()}
    found = [
        _fitting(drawers[no], one, title, sample.facts_of(kind, one, cycle, at, rank=rank, title=title))
        for one, rank, title, no in wanted
    ]
    return sorted(found, key=lambda one: (ORDER.index(one.how), -len(one.recipient.name)))


def _papers(
    templates: Templates, kind: Kind, one: Recipient, used: dict[int, Template]
) -> Sequence[tuple[int, int | None, Words | None]]:
    """The templates that may make this recipient's paper, each with the longest of its titles."""
    titles: list[tuple[int | None, Words | None]] = [*one.titles.items()] or [(None, None)]
    longest: dict[int, tuple[int | None, Words | None]] = {}
    for rank, title in titles:
        title_id = title.id if title else ""
        version = templates.applying(kind, title_id)
        no = 0 if version is None else version.id
        if no not in used:
            used[no] = read_template(document_in_use(templates, kind, title_id))
        if no not in longest or _length(title) > _length(longest[no][1]):
            longest[no] = rank, title
    return [(no, rank, title) for no, (rank, title) in longest.items()]


def _length(title: Words | None) -> int:
    return 0 if title is None else len(title.id) + len(title.en)


def _fitting(drawer: Drawer, one: Recipient, title: Words | None, facts: Facts) -> Fitting:
    try:
        return Fitting(one, title, drawer.look(facts))
    except (NotPrintable, TooLong) as refusal:
        return Fitting(one, title, refusal=refusal)
