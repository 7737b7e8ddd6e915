"""What is refused leaves one line in the log: who, which act, why; nothing of what was typed."""

import json

import pytest

from paritrana.core.lifecycle import State
from tests.factories import sign_in, world
from tests.nominations.pages import fields_of

SECRET = "kata yang tidak boleh tercatat"


@pytest.fixture
def organiser(app, db_session, clock):
    """An organiser at the rubrics of a cycle in draft."""
    world(state=State.DRAFT)
    client = app.test_client()
    sign_in(client, "organiser-1")
    return client


def lines(capsys):
    """The lines of the log about refusals since the last look."""
    return [json.loads(one) for one in "".join(capsys.readouterr()).splitlines() if '"event": "refused"' in one]


def test_an_entry_that_the_form_refuses_is_told_without_what_was_typed(organiser, capsys):
    address = "/manage/contoh-2025/rubrics"
    fields = fields_of(organiser, address)
    capsys.readouterr()
    answer = organiser.post(address, data=fields | {"code": SECRET}, headers={"Sec-Fetch-Site": "same-origin"})
    assert answer.status_code == 422
    (line,) = lines(capsys)
    assert (line["act"], line["status"], line["code"]) == ("manage_rubric", 422, "form")
    assert SECRET not in json.dumps(line)


def test_what_is_taken_and_what_only_reads_leaves_no_such_line(organiser, capsys):
    address = "/manage/contoh-2025/rubrics"
    capsys.readouterr()
    assert organiser.get("/manage/contoh-2025/rubrics/none/9").status_code == 404
    fields = fields_of(organiser, address)
    given = {"code": "contoh-2026", "category": "regency_city", "title_id": "Rubrik", "title_en": "Rubric"}
    answer = organiser.post(address, data=fields | given, headers={"Sec-Fetch-Site": "same-origin"})
    assert answer.status_code == 303
    assert lines(capsys) == []
