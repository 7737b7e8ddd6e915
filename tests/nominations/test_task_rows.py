"""The task list says for every indicator of the rubric what is required, what is present and what was checked."""

import re

import pytest

from paritrana.core.evidence import KINDS, filled_figures
from paritrana.cycles.queries import rubric_of
from paritrana.database import db
from paritrana.nominations import queries, service
from paritrana.nominations.rows import evidence_rows, indicators_of, requirements_of
from tests.factories import sign_in, world
from tests.nominations.pages import blob_of, filled, text_of


@pytest.fixture
def here(app, db_session):
    return world(kind="real")


@pytest.fixture
def draft(here):
    nomination = filled(here, "nominee-1", "regency-1")
    db.session.commit()
    return nomination


def rows_of(client, nomination):
    page = text_of(client.get(f"/nominations/{nomination.ref}", query_string={"lang": "en"}))
    rows = re.findall(r'<li class="p-task".*?</li>', page, re.DOTALL)
    return [" ".join(re.sub(r"<[^>]+>", " ", row).split()) for row in rows], page


def test_every_indicator_stands_in_the_list(here, draft, client):
    sign_in(client, "nominee-1")
    rows, page = rows_of(client, draft)
    for indicator in rubric_of(draft.category).indicators:
        assert any(row.startswith(f"{indicator.code} {indicator.title_en}") for row in rows), indicator.code
        if indicator.source == "computed":
            assert page.count(f"/nominations/{draft.ref}/explanation/{indicator.code}") == 1


def test_every_row_counts_entries_documents_and_checks(here, draft, client):
    sign_in(client, "nominee-1")
    rows, _page = rows_of(client, draft)
    file = queries.file_of(draft)
    standings = file.standings()
    for row in evidence_rows(file.rubric):
        said = next(one for one in rows if one.startswith(f"{row.indicator.code} "))
        progress = standings[row.kind].progress
        assert progress.documents_needed == len(requirements_of(file.rubric, row.kind))
        if row.several:
            continue
        assert f"Entries {progress.entries} of {progress.entries_needed}" in said
        if progress.checks:
            assert f"Checks {progress.checks}:" in said
        shared = [one.code for one in indicators_of(file.rubric, row.kind) if one is not row.indicator]
        assert (f"Counts for {', '.join(shared)}, too" in said) is bool(shared)


def test_an_emptied_entry_is_counted_as_missing(here, draft):
    item = queries.evidence_of(draft)["coverage"]
    before = queries.file_of(draft).standings()["coverage"].progress
    data = {**item.data, "fields": {**item.data["fields"], "pu.participants": None}}
    item.data = data
    db.session.commit()
    after = queries.file_of(draft).standings()["coverage"].progress
    assert (after.entries, after.entries_needed) == (before.entries - 1, before.entries_needed)
    assert before.entries == before.entries_needed


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_of_an_empty_item_every_required_entry_is_missing(kind):
    filled_in, needed = filled_figures(kind, {})
    assert filled_in == 0
    assert needed == sum(1 for field in KINDS[kind].asked(election_held=True) if field.required)


def test_completed_does_not_stand_beside_documents_that_are_missing(here, draft, client):
    """The nominee's own word is kept; the row says what is still missing until every asked document is there."""
    sign_in(client, "nominee-1")
    kind = "coverage"
    needed = requirements_of(rubric_of(draft.category), kind)
    said = [f"{one.code} " for one in indicators_of(rubric_of(draft.category), kind)]
    for no, one in enumerate(needed, start=1):
        rows, _page = rows_of(client, draft)
        for row in (each for each in rows if each.startswith(tuple(said))):
            assert "Completed" not in row
            assert f"Documents not attached yet: {len(needed) - no + 1}" in row
        blob = blob_of(draft, 500 + no, here.now)
        service.attach(
            draft, kind, blob, f"{no}.pdf", requirement=one["code"], actor=here.actor("nominee-1"), at=here.now
        )
        db.session.commit()
    rows, _page = rows_of(client, draft)
    done = [row for row in rows if row.startswith(tuple(said))]
    assert done
    assert all("Completed" in row for row in done)


def test_nothing_that_blocks_is_said_in_words(here, draft, client):
    sign_in(client, "nominee-1")
    page = text_of(client.get(f"/nominations/{draft.ref}", query_string={"lang": "id"}))
    assert "tidak ada yang menghalangi pengiriman" in page
    assert "0 menghalangi" not in page


def test_a_receipt_number_stays_in_one_line(here, draft, client):
    service.submit(draft, actor=here.actor("nominee-1"), at=here.now)
    db.session.commit()
    sign_in(client, "nominee-1")
    number = queries.current_revision(draft).receipt_no
    for address in (f"/nominations/{draft.ref}", f"/nominations/{draft.ref}/receipt"):
        assert f'<span class="p-nowrap">{number}</span>' in text_of(client.get(address))
