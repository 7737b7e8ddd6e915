"""Two faces, one rule: the rows of `visible` are exactly the objects that `ask` allows one by one.

Every example writes a drawn world into the database: people with grants, seats, offices and several accounts of one
person; categories of two cycles in any state; nominations, requests, closes, conflicts and sheets. Both faces then
answer for drawn people, acts and parts, for every model whose guards all have a clause.

Some guards say nothing of a row, so they have no clause. `p` and `c` follow from the role, which both faces derive
from seats and grants; `r` asks how old the sign-in is and is drawn with the person; `w`, `h` and `not_proposer` are
what a form brings, and count as met on both faces (the service that acts asks for them). `g` asks for a file on its
way, of which nothing is drawn here; tests/nominations/test_uploads.py compares both faces for it.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import find as first_that
from hypothesis import strategies as st
from sqlalchemy import not_, select

from paritrana.accounts.models import Account, RoleGrant
from paritrana.accounts.queries import load_actor
from paritrana.clock import SetClock
from paritrana.core.policy import ANYBODY, POLICY, WITH_ACCOUNT, Act, Actor, Guard, Part
from paritrana.cycles.models import Category, Cycle
from paritrana.database import db, random_ref
from paritrana.nominations.models import STATES, Nomination
from paritrana.panels.models import Recusal, Seat
from paritrana.panels.queries import seats_of
from paritrana.sheets.models import Sheet
from paritrana.verification.models import ChangeRequest, Verification
from paritrana.web.access import Access, NoClause, ask, visible
from tests.factories import NOW, person, world

MODELS = (Nomination, Sheet, Seat)
# Two of them are accounts of one person.
PEOPLE, TENANTS, CATEGORIES = 5, 4, 3
OFFICES = [None, *(f"99.{no:02d}" for no in range(1, TENANTS + 1))]
# Before the deadline of nominations, in the time of grace, and after it.
MOMENTS = (timedelta(0), timedelta(days=20, hours=1), timedelta(days=21))

Question = tuple[type, Act, Part]


@dataclass(frozen=True)
class Drawn:
    """A world as drawn; people, tenants, categories and nominations are told by their places."""

    states: list[int]
    attempts: list[int]
    moment: timedelta
    nominations: list[tuple[int, int, str]]  # category, tenant, state
    offices: list[str | None]
    closed: set[int]  # accounts
    grants: list[tuple[int, str, int, bool]]  # account, role, cycle or tenant, ended
    seats: list[tuple[int, int, str, bool]]  # category, account, role, ended
    recusals: set[tuple[int, int]]  # account, nomination
    closes: list[tuple[str, int, str | None]]  # per nomination: state, proposer, state of a request
    sheets: list[tuple[int, int, int, str]]  # nomination, account, attempt, state
    fresh: bool


@st.composite
def worlds(draw: Any, states: Sequence[int] = tuple(range(10))) -> Drawn:
    """Any world; every category stands in one of `states`."""
    account, category = st.integers(0, PEOPLE - 1), st.integers(0, CATEGORIES - 1)

    def some(values: Any, most: int, least: int = 0, by: Callable[[Any], Any] | None = None) -> Any:
        return draw(st.lists(values, min_size=least, max_size=most, unique_by=by or (lambda one: one)))

    nominations = some(
        st.tuples(category, st.integers(0, TENANTS - 1), st.sampled_from(STATES)), 6, 1, lambda one: one[:2]
    )
    nomination = st.integers(0, len(nominations) - 1)
    roles = st.sampled_from(["nominee", "verifier", "organiser", "auditor", "administrator"])
    kinds = st.sampled_from(["open", "open", "proposed", "closed"])
    requests = st.sampled_from([None, "open", "answered"])
    return Drawn(
        states=draw(st.lists(st.sampled_from(states), min_size=CATEGORIES, max_size=CATEGORIES)),
        attempts=draw(st.lists(st.integers(1, 2), min_size=CATEGORIES, max_size=CATEGORIES)),
        moment=draw(st.sampled_from(MOMENTS)),
        nominations=nominations,
        offices=draw(st.lists(st.sampled_from(OFFICES), min_size=PEOPLE, max_size=PEOPLE)),
        closed=set(some(account, 1)),
        grants=some(st.tuples(account, roles, st.integers(0, 3), st.booleans()), 6),
        seats=some(
            st.tuples(category, account, st.sampled_from(["chair", "deputy", "member"]), st.booleans()),
            8, 0, lambda one: one[:2],
        ),
        recusals=set(some(st.tuples(account, nomination), 3)),
        closes=draw(
            st.lists(st.tuples(kinds, account, requests), min_size=len(nominations), max_size=len(nominations))
        ),
        sheets=some(
            st.tuples(nomination, account, st.integers(1, 2), st.sampled_from(["begun", "sent", "withdrawn"])),
            8, 0, lambda one: one[:3],
        ),
        fresh=draw(st.booleans()),
    )  # fmt: skip


class Stage:
    """The part of the world that never changes, and what writes a drawn world on top of it until the next one."""

    def __init__(self, app: Flask, clock: SetClock) -> None:
        self.app, self.clock = app, clock
        here = world(categories=("kabkota", "umk"))
        other = Cycle(
            **{
                column.name: getattr(here.cycle, column.name)
                for column in Cycle.__table__.columns
                if column.name not in {"id", "code"}
            },
            code="lain-2025",
        )
        db.session.add(other)
        db.session.flush()
        like = here.category
        elsewhere = Category(
            cycle_id=other.id, position=1, slug="kabkota", kind=like.kind, title_id="Lain", title_en="Other",
            rubric_version_id=like.rubric_version_id, ranks=3, opens_at=like.opens_at, closes_at=like.closes_at,
            grace_ends_at=like.grace_ends_at,
        )  # fmt: skip
        db.session.add(elsewhere)
        for seat in db.session.scalars(select(Seat)):
            db.session.delete(seat)
        accounts = [person(f"drawn-{no}") for no in range(PEOPLE)]
        accounts[-1].person = accounts[0].person
        db.session.commit()
        self.cycles = [here.cycle.id, other.id]
        self.categories = [here.categories["kabkota"].id, here.categories["umk"].id, elsewhere.id]
        self.tenants = [here.organisations[f"regency-{no}"].id for no in range(1, TENANTS + 1)]
        self.accounts = [account.id for account in accounts]

    def write(self, drawn: Drawn) -> None:
        """Put the drawn world into the database, in a transaction that is never committed."""
        db.session.rollback()
        self.clock.set(NOW + drawn.moment)
        for place, id_ in enumerate(self.categories):
            category = db.session.get_one(Category, id_)
            category.state, category.attempt = drawn.states[place], drawn.attempts[place]
        for place, id_ in enumerate(self.accounts):
            account = db.session.get_one(Account, id_)
            account.office_region_code, account.active = drawn.offices[place], place not in drawn.closed
        for who, role, where, ended in drawn.grants:
            officer = role in {"verifier", "organiser", "auditor"}
            db.session.add(
                RoleGrant(
                    account_id=self.accounts[who], role=role, granted_at=NOW, ended_at=NOW if ended else None,
                    organisation_id=self.tenants[where] if role == "nominee" else None,
                    cycle_id=self.cycles[where % 2] if officer else None,
                )
            )  # fmt: skip
        self._seats(drawn)
        nominations = self._nominations(drawn)
        for who, which in drawn.recusals:
            db.session.add(
                Recusal(account_id=self.accounts[who], nomination_id=nominations[which].id,
                        category_id=nominations[which].category_id, kind="declared", at=NOW)
            )  # fmt: skip
        for which, who, attempt, state in drawn.sheets:
            sent = state != "begun"
            db.session.add(
                Sheet(
                    ref=random_ref("S"), category_id=nominations[which].category_id,
                    nomination_id=nominations[which].id, assessor_id=self.accounts[who], attempt=attempt,
                    revision_no=1, opened_at=NOW, submitted_at=NOW if sent else None, digest="0" if sent else None,
                    withdrawn_at=NOW if state == "withdrawn" else None,
                )
            )  # fmt: skip
        db.session.flush()

    def _seats(self, drawn: Drawn) -> None:
        heads = set()
        for no, (where, who, role, ended) in enumerate(drawn.seats):
            if role != "member" and not ended and (where, role) in heads:
                role = "member"  # a panel has one chair and one deputy
            heads.add((where, role) if not ended else None)
            db.session.add(
                Seat(category_id=self.categories[where], account_id=self.accounts[who], role=role, code=f"J{no}",
                     decree_number="SK", seated_at=NOW, ended_at=NOW if ended else None)
            )  # fmt: skip

    def _nominations(self, drawn: Drawn) -> list[Nomination]:
        made = [
            Nomination(ref=random_ref("N"), category_id=self.categories[where], organisation_id=self.tenants[whose],
                       candidate_code=f"K{whose}", state=state, revision_no=1, created_at=NOW,
                       created_by=self.accounts[0])
            for where, whose, state in drawn.nominations
        ]  # fmt: skip
        db.session.add_all(made)
        db.session.flush()
        people = [db.session.get_one(Account, id_).person_id for id_ in self.accounts]
        for nomination, (state, who, request) in zip(made, drawn.closes, strict=True):
            verification = Verification(
                nomination_id=nomination.id, revision_no=1, state=state,
                proposed_person_id=None if state == "open" else people[who],
                closed_at=NOW if state == "closed" else None,
            )  # fmt: skip
            if request is not None:
                verification.requests.append(
                    ChangeRequest(no=1, question="?", items=[], due_at=NOW, asked_by=self.accounts[0],
                                  asked_by_name="V", asked_at=NOW, state=request)
                )  # fmt: skip
            db.session.add(verification)
        return made

    def actors(self, drawn: Drawn) -> Iterator[Actor]:
        """The public and everybody with an account, as the door would see them."""
        yield ANYBODY
        for id_ in self.accounts:
            yield load_actor(id_, fresh=drawn.fresh, seats_of=seats_of) or ANYBODY

    def actor_of(self, account_id: int) -> Actor:
        """Somebody with an account and a fresh sign-in, as the door would see them."""
        return load_actor(account_id, fresh=True, seats_of=seats_of) or ANYBODY

    def differences(self, drawn: Drawn, questions: Sequence[Question]) -> tuple[int, int, list[str]]:
        """How many objects both faces were asked about, how many were allowed, and where the answers differ."""
        self.write(drawn)
        asked, allowed, differing = 0, 0, []
        rows = {model: db.session.scalars(select(model)).all() for model, _act, _part in questions}
        for actor in self.actors(drawn):
            for model, act, part in questions:
                listed = {one.id for one in db.session.scalars(visible(actor, act, model, part=part))}
                alone = {one.id for one in rows[model] if ask(act, one, actor=actor, part=part).allowed}
                asked += len(rows[model])
                allowed += len(alone)
                if listed != alone:
                    differing.append(f"{actor.name or 'public'} {act.value} {part.value} {model.__name__}")
        db.session.rollback()
        return asked, allowed, differing


def asked_of(registry: Access, act: Act, part: Part, model: type) -> bool:
    """Whether every guard of an act has a clause for rows of `model`, or needs none."""
    none = {Guard.FRESH, Guard.SEATED, Guard.OWN_CYCLE, Guard.REASON, Guard.SAME_HASH, Guard.NOT_PROPOSER}
    guards = {guard for grants in POLICY[act].values() for grant in grants for guard in grant.guards} - none
    return all((guard, model) in registry.clauses for guard in guards)


def by_row(registry: Access, question: Question) -> bool:
    """Whether the answer may differ from row to row of a category."""
    model, act, _part = question
    guards = {guard for grants in POLICY[act].values() for grant in grants for guard in grant.guards}
    return any((guard, model) in registry.clauses for guard in guards)


def questions_of(registry: Access) -> list[Question]:
    """Every model, act and part that `visible` answers."""
    return [
        (model, act, part) for model in MODELS for act in Act for part in Part if asked_of(registry, act, part, model)
    ]


@pytest.fixture
def stage(app: Flask, db_session: Any, clock: SetClock) -> Stage:
    return Stage(app, clock)


QUIET = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large]


def test_a_list_holds_exactly_what_the_policy_allows_one_by_one(
    stage: Stage, engine_name: str, figures_of: Callable[..., None]
) -> None:
    registry = stage.app.extensions["access"]
    questions = questions_of(registry)
    telling = [one for one in questions if by_row(registry, one)]
    drawn_questions = st.lists(
        st.sampled_from(telling) | st.sampled_from(questions), min_size=3, max_size=8, unique=True
    )
    figures: dict[str, Any] = {"promises": ["P01", "P02"], "engine": engine_name, "examples": 0, "cases": 0,
                               "allowed": 0, "differences": 0}  # fmt: skip

    @settings(suppress_health_check=QUIET, max_examples=100 if engine_name == "sqlite" else 25)
    @given(worlds(), drawn_questions)
    def compare(drawn: Drawn, some: list[Question]) -> None:
        cases, allowed, differing = stage.differences(drawn, some)
        figures["examples"] += 1
        figures["cases"] += cases
        figures["allowed"] += allowed
        assert differing == []

    compare()
    figures_of("agree", **figures)
    assert figures["cases"] > figures["allowed"] > 0


@pytest.mark.parametrize(
    ("engine_name", "one_in"),
    [("sqlite", 3), pytest.param("sqlite", 1, marks=pytest.mark.slow)],
    indirect=["engine_name"],
)
def test_a_wrong_clause_makes_a_difference(stage: Stage, engine_name: str, one_in: int) -> None:
    """The negative control: each clause in turn says the opposite, and a world that shows it is found."""
    registry = stage.app.extensions["access"]
    try:
        for (guard, model), right in list(registry.clauses.items())[::one_in]:
            wrong = replace(
                registry, clauses={**registry.clauses, (guard, model): lambda a, r, right=right: not_(right(a, r))}
            )
            grants = [
                (act, grant)
                for act in Act
                if all(asked_of(registry, act, part, model) for part in Part)
                for grants in POLICY[act].values()
                for grant in grants
                if guard in grant.guards
            ]
            if not grants:
                continue
            stage.app.extensions["access"] = wrong
            states = sorted({int(state) for _act, grant in grants for state in grant.states or ()})
            asked = sorted({(model, act, grant.part) for act, grant in grants}, key=str)[:6]
            first_that(
                worlds(states),
                lambda drawn, asked=asked: bool(stage.differences(drawn, asked)[-1]),
                settings=settings(
                    max_examples=400, phases=[Phase.generate], suppress_health_check=QUIET, database=None
                ),
            )
    finally:
        stage.app.extensions["access"] = registry


@pytest.mark.parametrize("engine_name", ["sqlite"], indirect=True)
def test_a_list_whose_guard_no_room_can_tell_is_refused(stage: Stage, engine_name: str) -> None:
    """A guard without a clause must not hold for every row."""
    for actor in (ANYBODY, Actor(user_id=stage.accounts[0])):
        with pytest.raises(NoClause, match="see_draft of Seat asks for o"):
            visible(actor, Act.SEE_DRAFT, Seat)


@pytest.mark.parametrize("engine_name", ["sqlite"], indirect=True)
def test_every_act_of_a_nomination_can_be_asked_of_a_list(stage: Stage, engine_name: str) -> None:
    registry = stage.app.extensions["access"]
    there = {act for model, act, _part in questions_of(registry) if model is Nomination}
    # Of the clock of a cycle and of what a whole cycle has published, no row of a nomination tells.
    assert set(Act) - there == {Act.ADVANCE_CLOCK, Act.EXPORT_PUBLIC_BUNDLE, Act.VIEW_JUDGING_CHECKPOINTS}
    assert {act for model, act, _part in questions_of(registry) if model is Sheet} >= WITH_ACCOUNT | {
        Act.MARK, Act.SUBMIT_SHEET, Act.SEE_OWN_MARKS, Act.RECUSE, Act.ADMIT_LATE_MARK, Act.REOPEN_SHEET,
    }  # fmt: skip


# Two people lead a category, one organises its cycle, one verifies; its candidates are shortlisted and being judged.
LED = Drawn(
    states=[5, 6, 1], attempts=[1, 1, 1], moment=MOMENTS[-1],
    nominations=[(0, 0, "shortlisted"), (1, 1, "submitted"), (2, 2, "draft")],
    offices=[None] * PEOPLE, closed=set(), grants=[(0, "organiser", 0, False), (3, "verifier", 0, False)],
    seats=[(0, 1, "chair", False), (0, 2, "deputy", False), (1, 1, "chair", False)],
    recusals=set(), closes=[("proposed", 3, None)] * 3, sheets=[(0, 1, 1, "begun")], fresh=True,
)  # fmt: skip


@pytest.mark.parametrize("engine_name", ["sqlite"], indirect=True)
def test_the_part_of_an_act_and_the_age_of_a_sign_in_decide_lists_too(stage: Stage, engine_name: str) -> None:
    questions = [
        (model, act, part) for model, act, part in questions_of(stage.app.extensions["access"])
        if any(grant.part is not part or Guard.FRESH in grant.guards for row in POLICY[act].values() for grant in row)
    ]  # fmt: skip
    found = [stage.differences(replace(LED, fresh=fresh), questions) for fresh in (True, False)]
    assert [differing for _asked, _allowed, differing in found] == [[], []]
    assert found[0][1] > found[1][1] > 0


@pytest.mark.parametrize("engine_name", ["sqlite"], indirect=True)
def test_an_act_of_everybody_with_an_account_is_for_every_row_and_for_the_public_for_none(
    stage: Stage, engine_name: str
) -> None:
    """No row of a category decides such an act either; both faces say so of each."""
    rows = db.session.scalars(select(Category)).all()
    assert rows
    for act in sorted(WITH_ACCOUNT):
        for one, listed in ((stage.actor_of(stage.accounts[0]), rows), (ANYBODY, [])):
            assert db.session.scalars(visible(one, act, Category)).all() == listed
            assert {ask(act, row, actor=one).allowed for row in rows} == {one.signed_in}


@pytest.mark.parametrize("engine_name", ["sqlite"], indirect=True)
def test_an_act_on_ones_own_account_is_for_every_row_where_the_sign_in_is_fresh_and_for_none_where_it_is_not(
    stage: Stage, engine_name: str
) -> None:
    """No row of a category decides such an act; both faces say so of each."""
    actor = stage.actor_of(stage.accounts[0])
    for one in (actor, replace(actor, fresh=False)):
        listed = len(db.session.scalars(visible(one, Act.CHANGE_SIGN_IN, Category)).all())
        rows = db.session.scalars(select(Category)).all()
        assert rows
        assert listed == (len(rows) if one.fresh else 0)
        assert {ask(Act.CHANGE_SIGN_IN, row, actor=one).allowed for row in rows} == {one.fresh}
