"""Two worlds that differ in the data of one candidate are the same, byte for byte, to who stepped back and to others.

The second world has other figures, documents, findings, marks, notes, sheets, attendance and messages of the candidate,
another room and another time. The recused assessor asks every address that reads, as page and for machines, with every
reference that exists and with searches; so does a rival, the nominee of another
candidate. The clock stands still; tokens that are drawn for each answer are blotted out.
"""

import time
from collections.abc import Callable

import pytest

from tests.access.stage import Stage, Who
from tests.access.worlds import addresses, differing, finds_a_leak, person, seen, without_triggers

RECUSED, FREE = "assessor-4", "assessor-3"
SHEETS_IN = "SELECT count(*) FROM sheet WHERE nomination_id = ? AND submitted_at IS NOT NULL"
# Each statement changes something of the candidate alone; `?` is the candidate.
OTHERWISE = (
    "UPDATE finding SET found = '1', claimed = '2', note = 'lain', version = version + 1 WHERE verification_id IN"
    " (SELECT id FROM verification WHERE nomination_id = ?)",
    "UPDATE change_request SET question = 'lain?' WHERE verification_id IN"
    " (SELECT id FROM verification WHERE nomination_id = ?)",
    "UPDATE override SET value = '1.00', reason = 'lain' WHERE verification_id IN"
    " (SELECT id FROM verification WHERE nomination_id = ?)",
    "UPDATE field_visit SET place = 'Tempat lain' WHERE verification_id IN"
    " (SELECT id FROM verification WHERE nomination_id = ?)",
    'UPDATE nomination_revision SET content = replace(content, \'"attachments"\', \'"other": 1, "attachments"\')'
    " WHERE nomination_id = ?",
    "UPDATE attachment SET name = 'lain.pdf' WHERE nomination_id = ?",
    "UPDATE mark SET value = '1.25', panel_note = 'lain', feedback = 'lain', reason = NULL, abstain_note = ''"
    " WHERE sheet_id IN (SELECT id FROM sheet WHERE nomination_id = ?)",
    "UPDATE sheet SET submitted_at = NULL, digest = NULL, receipt_no = NULL WHERE nomination_id = ? AND id % 2 = 0",
    "UPDATE interview_session SET room = 'Ruang lain', state = 'closed' WHERE nomination_id = ?",
    "INSERT INTO attendance (session_id, presenter_rank, position, acting, mode, identity_seen, mandate_letter, note,"
    " arrived_at, recorded_by, recorded_by_name, recorded_at, version)"
    " SELECT id, 'other', 'Staf', 0, 'in_person', 1, 0, 'lain', planned_at, (SELECT max(id) FROM account), 'Staf',"
    " planned_at, 1 FROM interview_session WHERE nomination_id = ?",
)


@pytest.fixture
def stage(world_of_access: Stage) -> Stage:
    """The world of the walk."""
    return world_of_access


def references(stage: Stage, who: Who) -> list[str]:
    """The candidate, another one, and sheets of the candidate: own and another's."""
    sheets = "SELECT min(ref) FROM sheet WHERE nomination_id = ? GROUP BY assessor_id = ?"
    own_and_others = stage.watch.execute(sheets, (stage.sent_id, stage.accounts[who.name])).fetchall()
    return [stage.sent, stage.draft, *(row[0] for row in own_and_others)]


def otherwise(stage: Stage) -> None:
    """Turn the first world into the second."""
    without_triggers(stage)
    for statement in OTHERWISE:
        assert stage.watch.execute(statement, (stage.sent_id,)).rowcount > 0, statement


@pytest.mark.timeout(600)
@pytest.mark.parametrize("state", [pytest.param(4, marks=pytest.mark.slow), 6])
def test_who_stepped_back_sees_no_difference_between_two_worlds(
    stage: Stage, state: int, figures_of: Callable[..., None]
) -> None:
    began = time.monotonic()
    recused, free = person(RECUSED), person(FREE)
    stage.enter(state)
    # A feed is read by whoever holds its address: here it is the own one.
    stage.watch.execute("UPDATE calendar_feed SET account_id = ?", (stage.accounts[RECUSED],))
    asked = addresses(stage, recused, references(stage, recused))
    own = [f"/verification/{stage.sent}", f"/assessments/{stage.sent}/sheet", "/assessments"]
    first, first_free = seen(stage, recused, asked), seen(stage, free, own)
    again = seen(stage, recused, asked[::5])
    otherwise(stage)
    second, second_free = seen(stage, recused, asked), seen(stage, free, own)
    leaks = differing(first, second)
    # The control: who has not stepped back sees the difference, and so does the recused one where a page leaks.
    shown = differing(first_free, second_free)
    planted = finds_a_leak(stage, recused, SHEETS_IN, (stage.sent_id,))
    control = bool(shown) and planted
    figures_of(
        "two worlds", promises=["P03", "P04"], of="recusal", state=state, addresses=len(asked), compared=len(first),
        differing_bytes=len(leaks), seen_by_free=len(shown), seconds=round(time.monotonic() - began, 1),
        control=control,
    )  # fmt: skip
    assert differing(again, first) == []  # the worlds stand still
    assert leaks == []
    assert control


# Who asks in the fast set, and who else in the slow one; the owner shows that the worlds differ.
RIVAL, OTHERS, OWNER = "nominee-2", ("", "unassigned", "organiser-other", "administrator"), "nominee-1"


@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    ("state", "people"),
    [(6, (RIVAL,)), *(pytest.param(state, (RIVAL, *OTHERS), marks=pytest.mark.slow) for state in (1, 3, 5, 7))],
)
def test_a_rival_sees_no_difference_between_two_worlds(
    stage: Stage, state: int, people: tuple[str, ...], figures_of: Callable[..., None]
) -> None:
    began, compared = time.monotonic(), 0
    leaks: dict[str, list[object]] = {}
    stage.enter(state)
    stage.watch.execute("UPDATE calendar_feed SET account_id = ?", (stage.accounts[RIVAL],))
    owner = person(OWNER)
    own = [f"/nominations/{stage.sent}", f"/nominations/{stage.sent}/requests/1", "/interviews/contoh-2025-1/slots/1"]
    first_owner = seen(stage, owner, own)
    for name in people:
        who = person(name)
        asked = addresses(stage, who, references(stage, owner))
        first = seen(stage, who, asked)
        otherwise(stage)
        leaks[name] = differing(first, seen(stage, who, asked))
        compared += len(first)
        if name != people[-1]:
            stage.enter_again()
            stage.watch.execute("UPDATE calendar_feed SET account_id = ?", (stage.accounts[RIVAL],))
    shown = differing(first_owner, seen(stage, owner, own))
    control = bool(shown) and finds_a_leak(stage, person(people[-1]), SHEETS_IN, (stage.sent_id,))
    figures_of(
        "two worlds", promises=["P02", "P04"], of="tenancy", state=state, compared=compared,
        differing_bytes=sum(map(len, leaks.values())), seconds=round(time.monotonic() - began, 1), control=control,
    )  # fmt: skip
    assert {name: found for name, found in leaks.items() if found} == {}
    assert control
