"""Changes of the plenary: a session opens, people come and go, two people record what was decided, and it closes."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any, Final

from paritrana.audit import service as audit
from paritrana.core.errors import MissingReason, ParitranaError, WrongState
from paritrana.core.lifecycle import State
from paritrana.core.policy import Actor
from paritrana.core.ranking import Decision as CoreDecision
from paritrana.core.ranking import rank
from paritrana.core.rubric import DECISION
from paritrana.core.words import N_
from paritrana.cycles.models import Category, Proposal
from paritrana.cycles.queries import rubric_of
from paritrana.cycles.service import ProposalVoid, confirm, propose, void_proposals
from paritrana.database import db, random_ref
from paritrana.results import queries as results
from paritrana.results.models import ResultRun
from paritrana.results.plenary import queries
from paritrana.results.plenary.closing import DecisionWaits, PlenaryStillOpen
from paritrana.results.plenary.models import (
    ORDER,
    OTHER_WINNER,
    TITLE,
    WITHDRAWAL,
    WITHHOLD,
    Decision,
    Plenary,
    PlenaryAttendance,
)
from paritrana.results.plenary.queries import DECIDE_ACT, Attendance
from paritrana.results.plenary.titles import Place, Rows, Titles, titles_of
from paritrana.results.service import NoRun, RunMoved, build_run
from paritrana.results.table import open_run

LONG_REASON: Final = 50  # characters, where the title goes another way than the ranking


class NoPlenary(ParitranaError):
    """No session goes on."""

    code = "no_plenary"
    message = N_("The plenary is not in session. Open it and record who is present first.")


class BelowPlenaryQuorum(ParitranaError):
    """Too few are there to decide. Params: `present`, `quorum`."""

    code = "below_plenary_quorum"
    message = N_(
        "Only %(present)s members are present who may decide; the plenary needs %(quorum)s. Nothing is decided."
    )


class NotPresent(ParitranaError):
    """Whoever records a decision was not there."""

    code = "not_present"
    message = N_("You are not recorded as present in this plenary. Only those present record a decision.")


class NotOfThePanel(ParitranaError):
    """Somebody is to be present who has no seat that marks, or is in conflict with a candidate."""

    code = "not_of_the_panel"
    status = 422
    message = N_("Only members of the panel without a conflict in this category are present in its plenary.")


class NotTied(ParitranaError):
    """An order was decided for candidates that no tie joins."""

    code = "not_tied"
    message = N_(
        "These candidates do not share a rank. An order is decided only for all who share one, and nobody else."
    )


class OrderWithoutEffect(ParitranaError):
    """The rubric does not ask the plenary about this tie."""

    code = "order_without_effect"
    message = N_(
        "The chain for ties of this rubric does not ask for the decision of the plenary here, so they stay tied."
    )


class CandidateGone(ParitranaError):
    """A candidate has withdrawn. Params: `name`."""

    code = "candidate_gone"
    message = N_("%(name)s has withdrawn. Nothing can be decided about it; calculate a new run.")


class WithoutRank(ParitranaError):
    """A candidate has no rank, so no title can go to it. Params: `name`."""

    code = "without_rank"
    message = N_("%(name)s has no rank in this run. Only ranked candidates can receive a title.")


class NoSuchTitle(ParitranaError):
    """The category gives no title for this rank."""

    code = "no_such_title"
    message = N_("This category gives no title for that rank.")


class CalculatedHolder(ParitranaError):
    """The candidate holds the title by its rank. Params: `name`."""

    code = "calculated_holder"
    message = N_("%(name)s holds this title by its rank. Nothing has to be decided.")


class HoldsTitle(ParitranaError):
    """The candidate has the title of its rank already. Params: `name`."""

    code = "holds_title"
    message = N_("%(name)s already holds a title by its rank. A candidate holds one title.")


class AlreadyDecided(ParitranaError):
    """A decision about the same thing holds. Params: `no`."""

    code = "already_decided"
    message = N_("Decision %(no)s is about the same and holds. Withdraw it first.")


class NothingToWithdraw(ParitranaError):
    """The decision does not hold, or is itself a withdrawal."""

    code = "nothing_to_withdraw"
    message = N_("This decision does not hold any more. Load the page again.")


class VotesOfOthers(ParitranaError):
    """The votes are not those of the people there. Params: `votes`, `present`."""

    code = "votes_of_others"
    status = 422
    message = N_("The votes add up to %(votes)s, but %(present)s members are present who may decide.")


class NotCarried(ParitranaError):
    """Not more voted for it than against it."""

    code = "not_carried"
    status = 422
    message = N_("A decision needs more votes for it than against it.")


class ReasonTooShort(ParitranaError):
    """The title goes another way than the ranking, and the reason says too little. Params: `limit`."""

    code = "reason_too_short"
    status = 422
    message = N_("The title goes another way than the ranking. Write the reason with at least %(limit)s characters.")


@dataclass(frozen=True)
class Votes:
    """How those present voted."""

    for_: int
    against: int
    abstained: int

    @property
    def all(self) -> int:
        """How many voted or abstained."""
        return self.for_ + self.against + self.abstained


@dataclass(frozen=True)
class Wish:
    """A decision as it was typed. `digest` is that of the run on the page, `withdraws` the number of a decision."""

    kind: str
    digest: str
    votes: Votes
    reason: str
    place: int | None = None
    candidates: tuple[str, ...] = ()
    title_id: str = ""
    title_en: str = ""
    withdraws: int | None = None

    @property
    def subject(self) -> str:
        """What it is about: one decision about that waits at a time."""
        return f"{self.kind} {self.place or self.withdraws or ' '.join(sorted(self.candidates))}"


@dataclass(frozen=True)
class Table:
    """What lies on the table of the plenary: the session, who is there, the run and what holds so far."""

    plenary: Plenary
    attendance: Attendance
    run: ResultRun
    basis: str
    rows: Rows
    decisions: Sequence[Decision]
    titles: Titles
    standing: frozenset[str]
    names: Mapping[str, str]

    @property
    def ranked(self) -> dict[str, Mapping[str, Any]]:
        """The rows with a rank, by candidate."""
        return {str(row["candidate"]): row for row in self.rows if row["rank"] is not None}

    def place(self, rank_: int | None) -> Place | None:
        """The rank with a title, where the category gives one for it."""
        return next((one for one in self.titles.places if one.rank == rank_), None)


# The session ----------------------------------------------------------------------------------------------------------


def open_plenary(category: Category, present: Collection[str], *, actor: Actor, at: datetime) -> Plenary:
    """Open a session with the codes of the seats that are present; the caller commits.

    A waiting proposal to seal is void. Raises `WrongState` outside the plenary, `PlenaryStillOpen`, `NotOfThePanel`.
    """
    _lock(category)
    if queries.open_session(category) is not None:
        raise PlenaryStillOpen
    plenary = Plenary(
        ref=random_ref("Y"), category=category, no=queries.last_session_no(category) + 1, opened_at=at,
        opened_by=actor.account_id, opened_by_name=actor.name,
    )  # fmt: skip
    db.session.add(plenary)
    db.session.flush()
    _record("plenary.opened", actor, at, plenary.ref, category, **told_session(plenary))
    _attend(plenary, present, actor=actor, at=at)
    void_proposals(category, results.SEAL_ACT, at=at)
    return plenary


def set_attendance(category: Category, present: Collection[str], *, actor: Actor, at: datetime) -> None:
    """Record who is in the session from now on, by the codes of the seats; the caller commits.

    Raises `WrongState`, `NoPlenary`, `NotOfThePanel`.
    """
    _lock(category)
    _attend(_open(category), present, actor=actor, at=at)


def close_plenary(category: Category, minutes_number: str, *, actor: Actor, at: datetime) -> Plenary:
    """Close the session with the number of its signed minutes; nothing of it changes any more. The caller commits.

    Raises `WrongState`, `NoPlenary`, `DecisionWaits`.
    """
    _lock(category)
    plenary = _open(category)
    if queries.waiting_decisions(category):
        raise DecisionWaits
    plenary.closed_at, plenary.closed_by, plenary.minutes_number = at, actor.account_id, minutes_number.strip()
    db.session.flush()
    _record("plenary.closed", actor, at, plenary.ref, category, **told_session(plenary))
    return plenary


def told_session(plenary: Plenary) -> dict[str, Any]:
    """What an event says of a session as it stands now."""
    return {"category": plenary.category.slug, "no": plenary.no, "minutes_number": plenary.minutes_number}


def _attend(plenary: Plenary, present: Collection[str], *, actor: Actor, at: datetime) -> None:
    members = queries.attendance_of(plenary, 0).members
    if not set(present) <= {one.seat.code for one in members if not one.recused}:
        raise NotOfThePanel
    known: dict[int, PlenaryAttendance] = {one.seat_id: one for one in queries.attendance_rows(plenary)}
    made = []
    for member in members:
        there, before = member.seat.code in present, known.get(member.seat.id)
        if before is None or before.present != there:
            no = 1 if before is None else before.no + 1
            made.append(PlenaryAttendance(plenary=plenary, seat=member.seat, no=no, present=there, at=at))
    if not made:
        return
    db.session.add_all(made)
    db.session.flush()
    said = [{"seat": one.seat.code, "no": one.no, "present": one.present} for one in made]
    _record("plenary.attended", actor, at, plenary.ref, plenary.category, seats=said)


# Decisions ------------------------------------------------------------------------------------------------------------


def propose_decision(category: Category, wish: Wish, *, actor: Actor, at: datetime) -> Proposal:
    """The chair proposes what the plenary decided; another member of the panel confirms it. The caller commits.

    Raises `WrongState`, `NoPlenary`, `NotPresent`, `BelowPlenaryQuorum`, `NoRun`, `RunMoved`, `MissingReason`,
    `ReasonTooShort`, `VotesOfOthers`, `NotCarried`, `ProposalWaiting`, and what `_check` raises.
    """
    _lock(category)
    table = _table(category, actor)
    _check_standing(wish, table)
    if table.run.digest != wish.digest or table.run.inputs_digest != results.inputs_digest(category):
        raise RunMoved
    _check_words(wish, table)
    _check(category, wish, table)
    place = table.place(wish.place)
    if place is not None:
        wish = replace(wish, title_id=place.title_id, title_en=place.title_en)
    payload = {
        **{name: said for name, said in asdict(wish).items() if name != "reason" and said is not None},
        "candidates": list(wish.candidates),
        "plenary": table.plenary.ref,
        "run": table.run.no,
        "inputs_digest": table.run.inputs_digest,
    }
    return propose(
        DECIDE_ACT, category, subject_ref=wish.subject, payload=payload, reason=wish.reason, actor=actor, at=at,
        needs_reason=True,
    )  # fmt: skip


def confirm_decision(proposal: Proposal, digest: str, *, actor: Actor, at: datetime) -> Decision:
    """Another member confirms exactly what was proposed: the decision holds; the caller commits.

    An order within a tie, and its withdrawal, make a new run. A waiting proposal to seal is void. Raises `SamePerson`,
    `ProposalVoid` when the run or the session has moved on, and what `propose_decision` raises.
    """
    category = proposal.category
    _lock(category)
    payload = confirm(proposal, digest, actor=actor, at=at)
    wish = wish_of(proposal)
    table = _table(category, actor)
    _check_standing(wish, table)
    if payload["plenary"] != table.plenary.ref or not stands(proposal, table.run, results.inputs_digest(category)):
        raise ProposalVoid
    _check_words(wish, table)
    withdrawn = _check(category, wish, table)
    decision = _write(proposal, wish, table, withdrawn, actor=actor, at=at)
    void_proposals(category, results.SEAL_ACT, at=at)
    if ORDER in (wish.kind, withdrawn.kind if withdrawn is not None else ""):
        build_run(category, actor=actor, at=at)
    return decision


def wish_of(proposal: Proposal) -> Wish:
    """What a proposed decision says."""
    said = proposal.payload
    return Wish(
        kind=said["kind"], digest=said["digest"], votes=Votes(**said["votes"]), reason=proposal.reason or "",
        place=said.get("place"), candidates=tuple(said["candidates"]), title_id=said["title_id"],
        title_en=said["title_en"], withdraws=said.get("withdraws"),
    )  # fmt: skip


def stands(proposal: Proposal, run: ResultRun | None, inputs_digest: str) -> bool:
    """Whether a proposed decision still names the newest run, and the run its present inputs."""
    return run is not None and proposal.payload["digest"] == run.digest and run.inputs_digest == inputs_digest


def void_moved_decisions(category: Category, *, at: datetime) -> bool:
    """Void the waiting decisions when the run that they name has moved; the caller commits. Tells whether they were."""
    run, inputs_digest = results.latest_run(category), results.inputs_digest(category)
    if all(stands(one, run, inputs_digest) for one in queries.waiting_decisions(category)):
        return False
    void_proposals(category, DECIDE_ACT, at=at)
    return True


def told(decision: Decision, run: int, plenary: str, withdraws: str | None) -> dict[str, Any]:
    """What an event says of a decision: everything but who recorded it."""
    names = (
        "no", "kind", "place", "candidates", "title_id", "title_en", "reason", "votes_for", "votes_against",
        "votes_abstained", "present", "quorum", "basis", "proposal_ref",
    )  # fmt: skip
    return {name: getattr(decision, name) for name in names} | {"run": run, "plenary": plenary, "withdraws": withdraws}


def _write(
    proposal: Proposal, wish: Wish, table: Table, withdrawn: Decision | None, *, actor: Actor, at: datetime
) -> Decision:
    category = proposal.category
    decision = Decision(
        ref=random_ref("Z"), category=category, plenary=table.plenary, run=table.run,
        no=queries.last_decision_no(category) + 1, kind=wish.kind, withdraws=withdrawn, place=wish.place,
        candidates=list(wish.candidates), title_id=wish.title_id, title_en=wish.title_en, reason=wish.reason,
        votes_for=wish.votes.for_, votes_against=wish.votes.against, votes_abstained=wish.votes.abstained,
        present=table.attendance.present, quorum=table.attendance.quorum, basis=table.basis, proposal_ref=proposal.ref,
        proposed_by=proposal.proposer_id, proposed_by_name=proposal.proposer_name, confirmed_by=actor.account_id,
        confirmed_by_name=actor.name, decided_at=at,
    )  # fmt: skip
    db.session.add(decision)
    db.session.flush()
    said = told(decision, table.run.no, table.plenary.ref, withdrawn.ref if withdrawn else None)
    _record("decision.recorded", actor, at, decision.ref, category, category=category.slug, **said)
    return decision


# What may be decided --------------------------------------------------------------------------------------------------


def _table(category: Category, actor: Actor) -> Table:
    """The table of the plenary for somebody who records a decision.

    Raises `NoPlenary`, `NotPresent`, `BelowPlenaryQuorum`, `NoRun`.
    """
    plenary = _open(category)
    version = rubric_of(category)
    attendance = queries.attendance_of(plenary, version.quorum)
    if not attendance.includes(actor):
        raise NotPresent
    if not attendance.enough:
        raise BelowPlenaryQuorum(present=attendance.present, quorum=attendance.quorum)
    run = results.latest_run(category)
    if run is None:
        raise NoRun
    opened = open_run(run, version)
    decisions = queries.decisions_in_force(category)
    standing = frozenset(results.nominations_by_code(category))
    return Table(
        plenary, attendance, run, results.digests(category).basis, opened.rows, decisions,
        titles_of(category, opened.rows, decisions, standing), standing,
        opened.names,
    )  # fmt: skip


def _check_standing(wish: Wish, table: Table) -> None:
    for code in wish.candidates:
        if code not in table.names:
            raise NotTied if wish.kind == ORDER else WithoutRank(name=code)
        if code not in table.standing:
            raise CandidateGone(name=table.names[code])


def _check_words(wish: Wish, table: Table) -> None:
    if not wish.reason.strip():
        raise MissingReason
    if wish.kind in (OTHER_WINNER, WITHHOLD) and len(wish.reason.strip()) < LONG_REASON:
        raise ReasonTooShort(limit=LONG_REASON)
    if wish.votes.all != table.attendance.present:
        raise VotesOfOthers(votes=wish.votes.all, present=table.attendance.present)
    if wish.votes.for_ <= wish.votes.against:
        raise NotCarried


def _check(category: Category, wish: Wish, table: Table) -> Decision | None:
    """Whether a decision is one that the plenary can make; the decision that it takes back, where it does so.

    Raises `NotTied`, `OrderWithoutEffect`, `AlreadyDecided`, `WithoutRank`, `NoSuchTitle`, `CalculatedHolder`,
    `HoldsTitle`, `NothingToWithdraw`.
    """
    if wish.kind == WITHDRAWAL:
        found = next((one for one in table.decisions if one.no == wish.withdraws), None)
        if found is None:
            raise NothingToWithdraw
        return found
    if wish.kind == ORDER:
        _check_order(category, wish, table)
        return None
    for code in wish.candidates:
        if code not in table.ranked:
            raise WithoutRank(name=table.names[code])
    if wish.kind == TITLE:
        _check_free(wish.candidates[0], table)
    else:
        _check_place(wish, table)
    return None


def _check_order(category: Category, wish: Wish, table: Table) -> None:
    ranks = {table.ranked[code]["rank"] for code in wish.candidates if code in table.ranked}
    tied = {code for code, row in table.ranked.items() if row["tied"] and row["rank"] in ranks}
    if len(ranks) != 1 or len(wish.candidates) != len(tied) or set(wish.candidates) != tied:
        raise NotTied
    given = results.inputs(category).contest
    if DECISION not in given.rubric.tie_break:
        raise OrderWithoutEffect
    if any(set(one.order) == tied for one in given.decisions):
        raise OrderWithoutEffect
    decided = replace(given, decisions=(*given.decisions, CoreDecision(wish.candidates, wish.reason)))
    order = [row.candidate for row in rank(decided).rows if row.candidate in tied and not row.tied]
    if order != list(wish.candidates):
        raise OrderWithoutEffect


def _check_place(wish: Wish, table: Table) -> None:
    place = table.place(wish.place)
    if place is None:
        raise NoSuchTitle
    before = next((one for one in table.decisions if one.place == wish.place), None)
    if before is not None:
        raise AlreadyDecided(no=before.no)
    for code in wish.candidates:
        _check_undecided(code, table)
        if code in place.calculated:
            raise CalculatedHolder(name=table.names[code])


def _check_undecided(code: str, table: Table) -> None:
    given = next((one for one in table.decisions if one.kind != ORDER and code in one.candidates), None)
    if given is not None:
        raise AlreadyDecided(no=given.no)


def _check_free(code: str, table: Table) -> None:
    _check_undecided(code, table)
    if any(code == one.candidate for one in table.titles.holders):
        raise HoldsTitle(name=table.names[code])


def _open(category: Category) -> Plenary:
    plenary = queries.open_session(category)
    if plenary is None:
        raise NoPlenary
    return plenary


def _lock(category: Category) -> None:
    audit.lock_stream(audit.judging(category.cycle.code))
    db.session.refresh(category, with_for_update={"of": Category})
    if category.stored_state is not State.PLENARY:
        raise WrongState


def _record(kind: str, actor: Actor, at: datetime, ref: str, category: Category, /, **values: Any) -> None:
    audit.record(audit.judging(category.cycle.code), kind, actor, at=at, object_ref=ref, **values)
