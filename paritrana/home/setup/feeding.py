"""Winners of provinces that go on to the national cycle: who they are, what became of them, and the job for it.

A winner holds the title of rank 1 after the seal, whatever the plenary decided, and goes on once its result is public.
The first publication of a category sends its winners by itself; where a later one names somebody else, people decide.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from sqlalchemy import or_, select
from sqlalchemy.orm import joinedload

from paritrana.audit import service as audit
from paritrana.core.errors import NotFound, ParitranaError
from paritrana.core.lifecycle import State
from paritrana.core.policy import Actor
from paritrana.core.words import N_
from paritrana.cycles.models import Category, Cycle
from paritrana.cycles.queries import cycle_time, state_now
from paritrana.cycles.setup.queries import feeding
from paritrana.database import db
from paritrana.jobs.kinds import Kind, Progress, Run, Said, every
from paritrana.nominations import service as nominations
from paritrana.nominations.models import Nomination
from paritrana.publication.models import Publication
from paritrana.publication.queries import publications_in_force
from paritrana.results.models import Award
from paritrana.results.queries import awards_in
from paritrana.verification.values import found_figures

GONE, READY, WAITS, LATE, NOWHERE, THERE, CHANGED, FORMER = (
    "gone", "ready", "waits", "late", "nowhere", "there", "changed", "former",
)  # fmt: skip


class NoWinnerToSend(ParitranaError):
    """This candidate does not go on, or has gone already."""

    code = "no_winner_to_send"
    message = N_("This candidate does not go on, or is nominated already. Load the page again.")


@dataclass(frozen=True)
class Winner:
    """A winner of a province: where from, where to, the nomination that was made of it, and how it stands.

    `standing`: `GONE` is nominated; `READY` goes on now; `WAITS` until the national category opens; `LATE` because it
    has closed; `NOWHERE` because none takes it; `THERE` because the organisation has its own nomination; `CHANGED`
    since an earlier publication named somebody else, who has gone on; `FORMER` is that somebody.
    """

    source: Nomination
    publication: Publication | None
    target: Category | None
    made: Nomination | None
    standing: str


def winners_for(cycle: Cycle, at: datetime) -> list[Winner]:
    """The winners of the provinces that feed a national cycle, as far as public, by province and category.

    `at` is the system's moment. At most seven statements, whatever the number of provinces.
    """
    categories = [category for province in feeding(cycle) for category in province.categories]
    public = publications_in_force(categories, at) if categories else {}
    awards = _first_titles([one for one in categories if one.id in public])
    made = _made_in(cycle, {one.nomination.organisation_id for one in awards})
    fed = [one for one in made if one.fed_from_id is not None]
    gone = {one.fed_from_id: one for one in fed}
    there = {(one.category_id, one.organisation_id) for one in made}
    first = {one.nomination_id for one in awards}
    former = _sources([number for number in gone if number is not None and number not in first])
    sent = {
        one.category_id
        for one in (*former.values(), *(each.nomination for each in awards if each.nomination_id in gone))
    }
    found = [
        _standing(award.nomination, cycle, public[award.category_id], gone, there, award.category_id in sent, at)
        for award in awards
    ]
    found += [
        Winner(source, public.get(source.category_id), gone[number].category, gone[number], FORMER)
        for number, source in former.items()
    ]
    return sorted(found, key=lambda one: (one.source.category.cycle.code, one.source.category.position, one.source.id))


def winners_to_decide(cycle: Cycle, at: datetime) -> int:
    """How many winners of provinces wait for a decision: later publications name them in place of others."""
    if cycle.tier != "national":
        return 0
    return sum(one.standing == CHANGED for one in winners_for(cycle, at))


def _first_titles(categories: Collection[Category]) -> list[Award]:
    """The awards of rank 1 in these categories, whose titles are loaded (one statement)."""
    by_id = {one.id: one for one in categories}
    if not by_id:
        return []
    return [one for one in awards_in(list(by_id)) if one.rank == 1 and _is_first(one, by_id[one.category_id])]


def _is_first(award: Award, category: Category) -> bool:
    """Whether an award of rank 1 is the title of that rank: a special mention may go to the first of a ranking too."""
    return any(title.rank == 1 and title.title_id == award.title_id for title in category.titles)


def _made_in(cycle: Cycle, organisations: Collection[int]) -> Sequence[Nomination]:
    """The nominations of a national cycle that came from provinces, or are of these organisations (one statement)."""
    return db.session.scalars(
        select(Nomination)
        .join(Nomination.category)
        .where(
            Category.cycle_id == cycle.id,
            or_(Nomination.fed_from_id.is_not(None), Nomination.organisation_id.in_(organisations)),
        )
        .options(joinedload(Nomination.category, innerjoin=True))
    ).all()


def _sources(numbers: Collection[int]) -> Mapping[int, Nomination]:
    if not numbers:
        return {}
    rows = db.session.scalars(
        select(Nomination)
        .where(Nomination.id.in_(numbers))
        .options(
            joinedload(Nomination.organisation, innerjoin=True),
            joinedload(Nomination.category, innerjoin=True).joinedload(Category.cycle, innerjoin=True),
        )
    )
    return {one.id: one for one in rows}


def _standing(
    source: Nomination,
    cycle: Cycle,
    publication: Publication,
    gone: Mapping[int | None, Nomination],
    there: Collection[tuple[int, int]],
    sent: bool,
    at: datetime,
) -> Winner:
    made = gone.get(source.id)
    if made is not None:
        return Winner(source, publication, made.category, made, GONE)
    target = next((one for one in cycle.categories if nominations.fits(one, source.organisation)), None)
    winner = Winner(source, publication, target, None, NOWHERE)
    if target is None:
        return winner
    state = state_now(target, at)
    if (target.id, source.organisation_id) in there:
        return replace(winner, standing=THERE)
    if state is not State.OPEN:
        return replace(winner, standing=WAITS if state is State.DRAFT else LATE)
    return replace(winner, standing=CHANGED if sent else READY)


def take_over(cycle: Cycle, *, actor: Actor | None, at: datetime) -> list[Nomination]:
    """Nominate every winner that is ready, once; the caller commits. `at` is the system's moment.

    Without an actor the machine does it, and the nomination counts as made by who confirmed the publication.
    """
    audit.lock_stream(audit.intake(cycle.code))  # two at once: the second one sees what the first has made
    return [_send(one, actor, at) for one in winners_for(cycle, at) if one.standing == READY]


def send_changed(cycle: Cycle, ref: str, *, actor: Actor, at: datetime) -> Nomination:
    """Nominate the winner whom a later publication names, by the reference of its nomination; the caller commits.

    Who went on before stays nominated until it withdraws. Raises `NotFound`, `NoWinnerToSend`.
    """
    audit.lock_stream(audit.intake(cycle.code))
    winner = next((one for one in winners_for(cycle, at) if one.source.ref == ref), None)
    if winner is None:
        raise NotFound
    if winner.standing not in (CHANGED, READY):
        raise NoWinnerToSend
    return _send(winner, actor, at)


def _send(winner: Winner, actor: Actor | None, at: datetime) -> Nomination:
    target, publication = winner.target, winner.publication
    assert target is not None and publication is not None  # noqa: S101, PT018 - only who is ready is sent
    by = actor or Actor(ref="system", name="system", user_id=publication.confirmed_by)
    moment = cycle_time(target.cycle, at)
    found = found_figures([winner.source.id])[winner.source.id]
    made = nominations.feed(target, winner.source, found, actor=by, at=moment)
    audit.record(
        audit.intake(target.cycle.code), "winner.taken_over", by, at=moment, object_ref=made.ref,
        source=winner.source.ref, cycle=winner.source.category.cycle.code, digest=publication.digest,
        version=publication.version_no,
    )  # fmt: skip
    return made


# The job -------------------------------------------------------------------------------------------------------------


def _fed() -> Sequence[Cycle]:
    fed = select(Cycle.feeds_id).where(Cycle.feeds_id.is_not(None))
    return db.session.scalars(select(Cycle).where(Cycle.id.in_(fed)).order_by(Cycle.id)).all()


def feed_nation(run: Run, progress: Progress) -> Said:
    """Send the winners of provinces whose results are public; each is sent once, whoever runs this how often."""
    cycles, count = _fed(), 0
    for done, cycle in enumerate(cycles):
        count += len(take_over(cycle, actor=None, at=run.now()))
        db.session.commit()
        progress(done + 1, len(cycles))
    return Said(N_("Winners of provinces that were nominated: %(count)s."), {"count": count})


FEED_NATION: Final = Kind(
    "feed_nation", N_("Nominate winners of provinces"), feed_nation, slot=every(15), wanted=lambda at: bool(_fed())
)
