"""«What needs you now»: one page for every role."""

import re
from datetime import UTC, datetime, timedelta
from html import unescape

import pytest

from paritrana.core.lifecycle import State
from paritrana.core.policy import Role
from paritrana.cycles.tasks import Task
from paritrana.database import db
from paritrana.home.queries import Row, gather
from tests.factories import grant, world
from tests.home.builders import nominate


def words(page: str) -> str:
    """The text of the main part of a page, one space between words."""
    main = page.split("<main", 1)[1].split("</main>", 1)[0]
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", main)).split())


def test_a_task_names_what_until_when_for_whom_and_why(visit, db_session):
    nominate(world(), 1)
    page = words(visit("nominee-1").read("/home"))
    assert "Send the nomination of Pemerintah Kabupaten Contoh 1" in page
    assert "Paritrana Award Contoh 2025 · Nominee" in page
    assert "Until Sunday, 22 March 2026, 11:00 WITA · 20 days left" in page


def test_the_whole_row_leads_to_the_page_of_the_task(visit, db_session):
    nomination = nominate(world(), 1)
    assert f'<a href="/nominations/{nomination.ref}">Send the nomination' in visit("nominee-1").read("/home")


def test_the_simulated_clock_decides_what_is_overdue(visit, db_session):
    made = world(state=State.VERIFICATION)
    nominate(made, 1, "submitted")
    verifier = visit("verifier-1")
    assert "Overdue" not in verifier.read("/home")
    made.cycle.offset_seconds = int(timedelta(days=31).total_seconds())
    page = verifier.read("/home")
    assert "p-chip--attention" in page
    assert "Overdue: 1 day past" in words(page)


def test_nothing_to_do_says_what_comes_next_and_when(visit, db_session):
    world()
    assert "Nothing needs to be done. Next stage: closed, Sunday, 22 March 2026, 11:00 WITA." in words(
        visit("auditor").read("/home")
    )


def test_the_next_stage_is_told_of_ones_own_categories_only(visit, db_session):
    world()
    assert "Nothing needs to be done. Messages to you" in words(visit("administrator").read("/home"))


def test_several_roles_stand_on_one_page(visit, db_session):
    made = world(state=State.VERIFICATION)
    nominate(made, 1, "submitted")
    grant(made.accounts["nominee-2"], "verifier", cycle=made.cycle)
    made.category.closes_at = made.now + timedelta(days=1)
    made.category.grace_ends_at = made.now + timedelta(days=1)
    page = words(visit("nominee-2").read("/home"))
    assert "· Verifier" in page


def test_the_cycles_a_person_runs_are_linked(visit, db_session):
    world()
    assert 'href="/manage/contoh-2025">Paritrana Award Contoh 2025</a>' in visit("organiser-1").read("/home")
    assert 'href="/manage/contoh-2025">Paritrana Award Contoh 2025</a>' in visit("chair").read("/home")
    assert "/manage/" not in visit("assessor-3").read("/home")


def test_an_auditor_comes_to_the_data_quality_page_of_the_own_cycle(visit, db_session):
    made = world()
    auditor = visit("auditor")
    assert 'href="/manage/contoh-2025/quality">Paritrana Award Contoh 2025</a>' in auditor.read("/home")
    assert auditor.client.get("/manage/contoh-2025/quality").status_code == 200
    made.category.state = int(State.DRAFT)
    assert "/quality" not in auditor.read("/home")


def test_who_is_not_signed_in_is_asked_to(client, db_session):
    world()
    answer = client.get("/home", query_string={"lang": "en"})
    assert answer.status_code in (303, 401)


@pytest.mark.parametrize(
    ("name", "labels"),
    [
        ("nominee-1", ["What needs you now", "Nominations"]),
        ("verifier-1", ["What needs you now", "Verification"]),
        ("assessor-3", ["What needs you now", "Assessments"]),
        ("chair", ["What needs you now", "Assessments", "Manage the cycle"]),
        ("organiser-1", ["What needs you now", "Manage the cycle"]),
        ("auditor", ["What needs you now", "Data quality", "Audit trail"]),
        ("administrator", ["What needs you now", "System"]),
    ],
)
def test_the_menu_holds_what_the_roles_of_a_person_need(visit, db_session, name, labels):
    world()
    menu = visit(name).read("/home").split('<nav class="p-nav"', 1)[1].split("</nav>", 1)[0]
    assert re.findall(r"<a [^>]*>([^<]+)</a>", menu) == labels
    assert menu.count('aria-current="page"') == 1


def test_the_menu_of_the_public_leads_to_public_pages_only(client, db_session):
    page = client.get("/sign-in").get_data(as_text=True)
    menu = page[page.index('<nav class="p-nav"') :].partition("</nav>")[0]
    led = re.findall(r'href="([^"]+)"', menu)
    assert led == ["/cycles", "/winners", "/regions", "/data"]
    assert [client.get(address).status_code for address in led] == [200] * len(led)


@pytest.mark.parametrize("name", ["nominee-1", "verifier-1", "chair", "organiser-1"])
def test_the_page_costs_the_same_statements_however_much_there_is(visit, db_session, statements, name):
    made = world(state=State.VERIFICATION, categories=("kabkota", "desa"))
    nominate(made, 1, "submitted")
    visitor = visit(name)
    visitor.read("/home")
    with statements() as few:
        visitor.read("/home")
    for number in range(2, 9):
        nominate(made, number, "submitted")
    for number in range(1, 6):
        nominate(made, number, "submitted", category="desa")
    db.session.commit()
    with statements() as many:
        visitor.read("/home")
    assert len(many) == len(few)
    assert len(many) <= 30


NOW = datetime(2026, 3, 2, tzinfo=UTC)


def task(cycle, days: int | None, **more) -> Task:
    due = None if days is None else NOW + timedelta(days=days)
    return Task(
        message=f"{days}", params={}, endpoint="home.home", values={}, cycle=cycle, role=Role.VERIFIER, due=due, **more
    )


def test_rows_are_ordered_by_the_time_left_overdue_first_undated_last(db_session, monkeypatch, clock):
    made = world()

    class Room:
        @staticmethod
        def tasks(actor, at):
            cycle = made.cycle
            return [
                task(cycle, None), task(cycle, 5), task(cycle, -2), task(cycle, 1),
                task(cycle, 3, waiting_for_others=True),
                task(cycle, 0, done_at=NOW - timedelta(days=8)), task(cycle, 9, done_at=NOW - timedelta(days=1)),
                task(cycle, 8, done_at=NOW),
            ]  # fmt: skip

    monkeypatch.setattr("paritrana.home.queries.ROOMS", (Room,))
    gathered = gather(made.actor("verifier-1"), NOW)
    assert [row.task.message for row in gathered.mine] == ["-2", "1", "5", "None"]
    assert [row.overdue for row in gathered.mine] == [True, False, False, False]
    assert [row.task.message for row in gathered.of_others] == ["3"]
    assert [row.task.message for row in gathered.finished] == ["8", "9"]


def test_a_task_without_a_date_is_never_overdue(db_session):
    assert not Row(task(world().cycle, None), NOW).overdue
