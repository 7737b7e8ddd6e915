"""A panel at work against a small model of it: who is seated, steps back, marks and locks, and what each may see then.

Every run begins with a world of three candidates and five members, two of whom are accounts of one person. Each step
changes one thing in the database; then the policy is asked about one member and one candidate, and the model, which
knows sets and nothing else, has to say the same.
"""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from paritrana.accounts.models import Account
from paritrana.clock import SetClock
from paritrana.core.policy import Act
from paritrana.cycles.models import Category
from paritrana.database import db, random_ref
from paritrana.nominations.models import Nomination
from paritrana.panels.models import Recusal, Seat
from paritrana.sheets.models import Sheet
from paritrana.web.access import ask
from tests.access.test_agree import Drawn, Stage
from tests.factories import NOW

MEMBERS, CANDIDATES, STEPS = 5, 3, 50
ASKED = (Act.MARK, Act.SUBMIT_SHEET, Act.SEE_OTHERS_MARKS, Act.SEE_NOMINATION)


@dataclass
class Model:
    """What decides: the state, who is seated, who must not meet whom, whose sheet of whom is begun and locked."""

    state: int = 4
    seated: set[int] = field(default_factory=set)
    recused: set[tuple[int, int]] = field(default_factory=set)
    sheets: set[tuple[int, int]] = field(default_factory=set)
    locked: set[tuple[int, int]] = field(default_factory=set)

    def conflict(self, who: int, candidate: int) -> bool:
        """A declared conflict is of the account; what follows from what is stored is of the person behind it."""
        wrote = who in {0, MEMBERS - 1}  # the accounts of the person who wrote every nomination
        return wrote or (who, candidate) in self.recused

    def allows(self, act: Act, who: int, candidate: int) -> bool:
        """What the matrix says to a member of the panel without any other role."""
        if act is Act.SEE_OTHERS_MARKS and self.state >= 8:
            return True  # published
        if who not in self.seated or self.conflict(who, candidate):
            return False
        if act in {Act.MARK, Act.SUBMIT_SHEET}:
            return self.state in {4, 5}
        if act is Act.SEE_NOMINATION:
            return 3 <= self.state <= 7
        return (self.state == 5 and (who, candidate) in self.locked) or self.state in {6, 7}


class Panel:
    """The same panel in the database, in a transaction that is never committed."""

    def __init__(self, stage: Stage, model: Model) -> None:
        self.stage, self.model = stage, model
        stage.write(
            Drawn(
                states=[model.state] * 3, attempts=[1] * 3, moment=timedelta(days=21),
                nominations=[(0, no, "verified") for no in range(CANDIDATES)], offices=[None] * MEMBERS, closed=set(),
                grants=[], seats=[], recusals=set(), closes=[("closed", 1, None)] * CANDIDATES, sheets=[], fresh=True,
            )
        )  # fmt: skip
        self.candidates = db.session.scalars(
            select(Nomination).where(Nomination.category_id == stage.categories[0]).order_by(Nomination.id)
        ).all()[-CANDIDATES:]
        self.seats: dict[int, Seat] = {}
        self.sheets: dict[tuple[int, int], Sheet] = {}

    def step(self, draw: random.Random) -> None:
        """One thing changes, here and in the model."""
        who, no = draw.randrange(MEMBERS), draw.randrange(CANDIDATES)
        act = draw.choice((self._seat, self._end, self._recuse, self._begin, self._lock, self._lock, self._withdraw))
        if draw.random() < 0.08:
            self._move(draw.choice((3, 4, 5, 5, 6, 7, 8)))
        else:
            act(who, no)
        db.session.flush()

    def _move(self, state: int) -> None:
        self.model.state = state
        db.session.get_one(Category, self.stage.categories[0]).state = state

    def _seat(self, who: int, _no: int) -> None:
        if who in self.model.seated:
            return
        self.model.seated.add(who)
        if who in self.seats:
            self.seats[who].ended_at = None
            return
        self.seats[who] = Seat(category_id=self.stage.categories[0], account_id=self.stage.accounts[who], role="member",
                               code=f"J{random_ref('X')}", decree_number="SK", seated_at=NOW)  # fmt: skip
        db.session.add(self.seats[who])

    def _end(self, who: int, _no: int) -> None:
        if who in self.model.seated:
            self.model.seated.discard(who)
            self.seats[who].ended_at = NOW

    def _recuse(self, who: int, no: int) -> None:
        if (who, no) in self.model.recused or len(self.model.recused) > MEMBERS:
            return
        self.model.recused.add((who, no))
        db.session.add(
            Recusal(account_id=self.stage.accounts[who], nomination_id=self.candidates[no].id,
                    category_id=self.stage.categories[0], kind="declared", at=NOW)
        )  # fmt: skip

    def _begin(self, who: int, no: int) -> None:
        if (who, no) in self.sheets:
            return
        self.model.sheets.add((who, no))
        self.sheets[who, no] = Sheet(
            ref=random_ref("S"), category_id=self.stage.categories[0], nomination_id=self.candidates[no].id,
            assessor_id=self.stage.accounts[who], attempt=1, revision_no=1, opened_at=NOW,
        )  # fmt: skip
        db.session.add(self.sheets[who, no])

    def _lock(self, who: int, no: int) -> None:
        self._begin(who, no)
        if (who, no) in self.model.sheets and (who, no) not in self.model.locked:
            self.model.locked.add((who, no))
            sheet = self.sheets[who, no]
            sheet.submitted_at, sheet.digest = NOW, "0"

    def _withdraw(self, who: int, no: int) -> None:
        if (who, no) in self.model.locked:
            self.model.locked.discard((who, no))
            self.model.sheets.discard((who, no))
            self.sheets[who, no].withdrawn_at = NOW

    def differences(self, draw: random.Random, wrong: Callable[[Model, Act, int, int], bool]) -> list[str]:
        """The answers about one member and one candidate that the model does not give."""
        who, no = draw.randrange(MEMBERS), draw.randrange(CANDIDATES)
        actor = self.stage.actor_of(self.stage.accounts[who])
        return [
            f"{act.value} of member {who} about candidate {no} in {self.model}"
            for act in ASKED
            if ask(act, self.candidates[no], actor=actor).allowed != wrong(self.model, act, who, no)
        ]


def run(stage: Stage, seed: str, wrong: Callable[[Model, Act, int, int], bool] = Model.allows) -> list[str]:
    """One run: its violations."""
    draw, model = random.Random(seed), Model()
    panel = Panel(stage, model)
    found: list[str] = []
    for _ in range(STEPS):
        panel.step(draw)
        found += panel.differences(draw, wrong)
    db.session.rollback()
    return found


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("engine_name", ["sqlite"], indirect=True)
@pytest.mark.parametrize("runs", [5, pytest.param(2000, marks=pytest.mark.slow)])
def test_a_panel_lets_see_and_mark_what_its_model_says(
    app: Flask, db_session: Any, clock: SetClock, engine_name: str, runs: int, figures_of: Callable[..., None]
) -> None:
    began, stage = time.monotonic(), Stage(app, clock)
    violations = [one for no in range(runs) for one in run(stage, f"panel {no}")]

    def careless(model: Model, act: Act, who: int, candidate: int) -> bool:
        """The control: a model that forgets that the own sheet comes first."""
        return model.allows(act, who, candidate) or (
            act is Act.SEE_OTHERS_MARKS and model.state == 5 and who in model.seated
        )

    control = any(run(stage, f"panel {no}", careless) for no in range(5))
    figures_of(
        "panel model", promises=["P03"], runs=runs, steps=runs * STEPS, asked=runs * STEPS * len(ASKED),
        violations=len(violations), seed="panel", seconds=round(time.monotonic() - began, 1), control=control,
    )  # fmt: skip
    assert violations == []
    assert control
    assert db.session.scalars(select(Account.id)).first() is not None
