"""Two worlds that differ in marks, ranks and decisions alone are the same, byte for byte, to whoever must not know.

In the second world every assessor gives the candidates each other's marks, so that the ranking turns round; runs,
diagnostics, decisions, titles and what is prepared for the public turn with it. Everybody whom docs/security/matrix.md
allows neither the marks of others nor the ranking asks every address that reads. Assessors keep the marks of their own.
"""

import hashlib
import time
from collections.abc import Callable
from dataclasses import replace
from itertools import groupby
from typing import Any

import pytest

from paritrana.core.bundle import build, dump, parse
from paritrana.core.lifecycle import State
from paritrana.core.ranking import rank
from tests.access.oracle import ALLOWED, FILE, Matrix
from tests.access.routes import ROUTES
from tests.access.stage import PEOPLE, Stage, Who
from tests.access.worlds import Answers, addresses, differing, finds_a_leak, person, seen, without_triggers

TELLING = [route for route in ROUTES if route.safe and route.act in {"see_others_marks", "see_ranking_preview"}]
ALL_MARKS = "SELECT group_concat(value, ' ') FROM mark"


@pytest.fixture
def stage(world_of_access: Stage) -> Stage:
    """The world of the walk."""
    return world_of_access


def outsiders(matrix: Matrix, state: int) -> list[Who]:
    """Who may see neither marks of others nor the ranking while the category is in `state`.

    Here every assessor has locked the own sheets, so whoever sees marks of others once that is so is none.
    """

    def told(who: Who) -> bool:
        return any(
            matrix.answer(route.act, who.roles_for(route), who.truth(route), state if route.about else None, route.kind)
            == ALLOWED
            for route in (*TELLING, *(replace(one, kind="sheet") for one in TELLING))
        )

    return [who for who in PEOPLE if not who.stale and not told(who)]


def turned(stage: Stage, state: int, keep: int | None) -> None:
    """Turn the ranking round; the sheets of the account `keep` stay as they are.

    Runs, decisions and titles are turned where there can be any: from the plenary, and from the seal on. Auditors read
    in every state which runs there are, with their digests.
    """
    without_triggers(stage)
    _turn_marks(stage, keep)
    if state < State.PLENARY:
        return
    competing = "SELECT candidate_code FROM nomination WHERE id IN (SELECT nomination_id FROM sheet) ORDER BY 1"
    codes = [row[0] for row in stage.watch.execute(competing)]
    other = dict(zip(codes, reversed(codes), strict=True))
    for run_id, bundle in stage.watch.execute("SELECT id, bundle FROM result_run").fetchall():
        made = _turned_bundle(bundle, other)
        digest = hashlib.sha256(made).hexdigest()
        stage.watch.execute("UPDATE result_run SET bundle = ?, digest = ? WHERE id = ?", (made, digest, run_id))
        stage.watch.execute("UPDATE seal SET digest = ? WHERE run_id = ?", (digest, run_id))
        stage.watch.execute("UPDATE publication SET bundle = ?, digest = ?", (made, digest))
    _turn_text(stage, "run_diagnostics", "said", other)
    _turn_text(stage, "publication", "result_table", other)
    if state >= State.SEALED:
        stage.watch.execute("UPDATE award SET rank = 4 - rank, title_id = 'Lain', title_en = 'Other'")
    stage.watch.execute("UPDATE acknowledgement SET found = 99, reason = 'lain'")
    stage.watch.execute("UPDATE decision SET place = 1, reason = 'lain', votes_for = 6, votes_against = 0")
    stage.watch.execute("UPDATE plenary_attendance SET present = 1 - present")
    stage.watch.execute("UPDATE proposal SET state = 'waiting', reason = 'lain' WHERE act = 'record_decision'")


def _turn_marks(stage: Stage, keep: int | None) -> None:
    rows = stage.watch.execute(
        "SELECT mark.id, assessor_id, indicator, nomination_id, mark.value FROM mark"
        " JOIN sheet ON sheet.id = mark.sheet_id WHERE assessor_id IS NOT ? ORDER BY nomination_id", (keep,)
    ).fetchall()  # fmt: skip
    groups: dict[tuple[int, str], list[Any]] = {}
    for row in rows:
        groups.setdefault((row[1], row[2]), []).append(row)
    for group in groups.values():
        for one, opposite in zip(group, reversed(group), strict=True):
            stage.watch.execute("UPDATE mark SET value = ? WHERE id = ?", (opposite[4], one[0]))


def _turned_bundle(raw: bytes, other: dict[str, str]) -> bytes:
    """The bundle in which every candidate has the marks of its opposite, ranked anew."""
    contest = parse(raw).contest
    marks = tuple(mark._replace(candidate=other[mark.candidate]) for mark in contest.marks)
    given = replace(contest, marks=marks)
    return dump(build(given, rank(given), {}))


def _turn_text(stage: Stage, table: str, column: str, other: dict[str, str]) -> None:
    for key, text in stage.watch.execute(f"SELECT id, {column} FROM {table}").fetchall():
        for code in other:
            text = text.replace(code, f"<{code}>")
        for code, opposite in other.items():
            text = text.replace(f"<{code}>", opposite)
        stage.watch.execute(f"UPDATE {table} SET {column} = ? WHERE id = ?", (text, key))


def answers(stage: Stage, who: Who, one_of: int = 1) -> Answers:
    """What a person is told at every address that reads, or at one of so many; people of a role get different ones."""
    asked = addresses(stage, who, [stage.sent, stage.draft])
    return seen(stage, who, asked[sum(who.name.encode()) % one_of :: one_of])


@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    ("state", "one_of"), [(7, 12), *(pytest.param(state, 1, marks=pytest.mark.slow) for state in (4, 5, 6, 7))]
)
def test_who_must_not_know_sees_no_difference_before_the_publication(
    stage: Stage, state: int, one_of: int, figures_of: Callable[..., None]
) -> None:
    began = time.monotonic()
    stage.enter(state)
    people = outsiders(Matrix.of(FILE.read_text(encoding="utf-8")), state)
    judging = {row[0] for row in stage.watch.execute("SELECT DISTINCT assessor_id FROM sheet")}

    def own(who: Who) -> int:
        """The account whose marks a person knows: its own, where it judges."""
        account = stage.accounts.get(who.name, 0)
        return account if account in judging else 0

    first = {who.name: answers(stage, who, one_of) for who in people}
    leaks: dict[str, list[Any]] = {}
    for keep, group in groupby(sorted(people, key=own), key=own):
        turned(stage, state, keep or None)
        leaks |= {who.name: differing(first[who.name], answers(stage, who, one_of)) for who in group}
        stage.enter_again()
    control = _shown_to_the_chair(stage, state), _planted(stage, state)
    figures_of(
        "two worlds", promises=["P04"], of="embargo", state=state, people=len(people),
        compared=sum(map(len, first.values())), differing_bytes=sum(map(len, leaks.values())),
        seconds=round(time.monotonic() - began, 1), control=all(control),
    )  # fmt: skip
    assert {name: found for name, found in leaks.items() if found} == {}
    assert all(control)
    assert {"", "unassigned", "nominee-1", "verifier-1"} <= set(first)


def _shown_to_the_chair(stage: Stage, state: int) -> bool:
    """Whether the chair sees the difference, once it may know the marks: the worlds do differ."""
    if state < State.SCORING:
        return True
    chair, address = person("chair"), ["/manage/contoh-2025/ranking/kabkota/marks.csv"]
    one = seen(stage, chair, address)
    turned(stage, state, None)
    other = seen(stage, chair, address)
    stage.enter_again()
    return bool(differing(one, other))


def _planted(stage: Stage, state: int) -> bool:
    turned(stage, state, None)
    return finds_a_leak(stage, person("nominee-1"), ALL_MARKS)
