"""Lists by name that are refused, cross another one, or change while they are read; every number is of province 99."""

import io
import os
from array import array
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from werkzeug.datastructures import FileStorage
from werkzeug.test import encode_multipart

from paritrana.core.errors import NotFound
from paritrana.core.filetypes import XLSX
from paritrana.database import db, random_ref
from paritrana.files.store import BlobStore
from paritrana.jobs.kinds import LeaseLost, RightLost, Run
from paritrana.nominations import queries, service
from paritrana.nominations.models import Nomination
from paritrana.nominations.namelists import queries as lists
from paritrana.nominations.namelists import service as keeping
from paritrana.nominations.namelists import work
from paritrana.nominations.namelists.checking import Counted, ListLate
from paritrana.nominations.namelists.models import ListOverlap, NameList
from tests.factories import World, sign_in
from tests.nominations.pages import SAME_ORIGIN, draft, fields_of, send, text_of
from tests.nominations.test_namelists import GOOD, HEADS, left_files, text
from tests.nominations.villages import with_villages

COUNTS = {"submitted": 2, "valid": 2, "reasons": {}, "as_figure": 0, "groups": {}}


@pytest.fixture
def here(db_session, app, tmp_path):
    yield from with_villages(app, tmp_path, categories=("desa", "kabkota", "badan-usaha"))


@pytest.fixture
def village(here):
    return draft(here, "head-1", "village-1", "desa")


def received(here: World, nomination: Nomination, who: str = "head-1") -> NameList:
    """A list that came and waits."""
    return keeping.receive_list(
        nomination, random_ref("L", 3), name="daftar.csv", size=100, actor=here.actor(who), at=here.now, now=here.now
    )


def kept(here: World, one: NameList, *marks: int) -> None:
    """Keep that a list came to these marks."""
    counted = Counted(COUNTS, array("Q", marks))
    keeping.keep_counts(one, counted, key_id="k" * 16, actor=here.actor("head-1"), at=here.now)
    db.session.commit()


def test_a_category_without_such_a_list_takes_none_and_an_unknown_list_is_not_found(here):
    nomination = draft(here, "nominee-1", "regency-1", "kabkota")
    with pytest.raises(service.UnknownKind):
        received(here, nomination, "nominee-1")
    with pytest.raises(NotFound):
        lists.get_list("L-0000-0000-0000")
    db.session.rollback()
    assert db.session.scalars(select(NameList.id)).all() == []


def test_numbers_of_a_village_begin_with_its_regency_and_those_of_an_employer_with_anything(here, village):
    assert keeping.own_digits(village) == "9901"
    employer = draft(here, "employer", "employer", "badan-usaha")
    assert keeping.own_digits(employer) == ""


def test_lists_share_what_their_marks_have_in_common_and_nothing_where_there_are_none(here, village):
    other = draft(here, "head-2", "village-2", "desa")
    first, apart, unmarked = received(here, village), received(here, other, "head-2"), received(here, other, "head-2")
    db.session.commit()
    kept(here, first, 1, 2)
    kept(here, apart, 3, 4)
    assert db.session.scalars(select(ListOverlap.shared)).all() == []
    kept(here, unmarked)
    assert (unmarked.state, unmarked.counts, unmarked.marks, unmarked.key_id) == ("checked", COUNTS, None, None)
    newer = received(here, other, "head-2")
    db.session.commit()
    kept(here, newer, 2, 4)
    assert db.session.scalars(select(ListOverlap.shared)).all() == [1]
    # A list whose marks went while it was compared is compared no more.
    keeping.erase_marks(first, "withdrawn", actor=here.actor("head-1"), at=here.now)
    pairs = {first.id: 1}
    keeping._compare(newer, "k" * 16, frozenset({2, 4}), pairs)
    assert pairs == {}


def test_a_list_that_was_refused_meanwhile_stays_refused(here, village):
    one, actor = received(here, village), here.actor("head-1")
    db.session.commit()
    keeping.refuse_list(one, ListLate(name=one.name), actor=actor, at=here.now)
    db.session.commit()
    kept(here, one, 1, 2)
    assert (one.state, one.counts, one.marks) == ("refused", None, None)
    keeping.refuse_list(one, service.NominationSent(), actor=actor, at=here.now + timedelta(hours=1))
    assert (one.problem, one.ended_at) == ({"code": "list_late", "params": {}}, here.now)


def waiting(app: Any, here: World, nomination: Nomination) -> tuple[Run, NameList]:
    """A list whose bytes are there, and the attempt at counting it."""
    one, data = received(here, nomination), text([HEADS, *GOOD])
    db.session.commit()
    settings = app.extensions["settings"]
    BlobStore(settings.blob_path).add_part(one.ref, 0, data, size=len(data))
    return Run("J-1", "count_list", {"list": one.ref}, here.actor("head-1"), settings, lambda: here.now), one


def test_a_list_that_another_worker_reads_keeps_its_file(app, here, village):
    run, one = waiting(app, here, village)

    def lost(_done: int, _total: int | None = None) -> None:
        raise LeaseLost

    with pytest.raises(LeaseLost):
        work.count(run, lost)
    db.session.rollback()
    assert (left_files(app), one.state) == ([one.ref], "waiting")


def test_of_a_person_who_lost_the_organisation_the_list_is_refused_and_its_file_removed(app, here, village):
    run, one = waiting(app, here, village)
    with pytest.raises(RightLost):
        work.count(replace(run, actor=replace(run.actor, organisations=frozenset())), lambda *_far: None)
    db.session.rollback()
    assert (left_files(app), one.state, one.problem["code"], one.counts) == ([], "refused", "list_late", None)


def test_a_file_that_came_just_now_is_not_removed(app, here, village):
    run, one = waiting(app, here, village)
    path = run.settings.blob_path / "incoming" / one.ref
    kind = work.forget_kind(run.settings)
    for minutes, old in ((7, False), (9, True)):
        came = (here.now - timedelta(minutes=minutes)).timestamp()
        os.utime(path, (came, came))
        assert kind.wanted(here.now) is old
        work.forget(replace(run, actor=here.actor("administrator")), lambda *_far: None)
        assert left_files(app) == ([] if old else [one.ref])


def test_what_is_no_file_or_too_large_is_refused_on_the_page(app, here, village, client):
    sign_in(client, "head-1")
    page = f"/nominations/{village.ref}/list"
    answer = send(client, page, fields_of(client, page))
    assert (answer.status_code, "Choose a file" in text_of(answer)) == (422, True)
    heavy = FileStorage(io.BytesIO(bytes(XLSX.limit + 1)), "daftar.xlsx")
    boundary, data = encode_multipart({**fields_of(client, page), "list": heavy})
    answer = client.post(
        page, data=data, content_type=f"multipart/form-data; boundary={boundary}", headers=SAME_ORIGIN,
        query_string={"lang": "en"},
    )  # fmt: skip
    assert (answer.status_code, "Reduce the scan or split the file" in text_of(answer)) == (413, True)
    assert left_files(app) == []
    assert db.session.scalars(select(NameList.id)).all() == []


def test_a_list_that_cannot_be_stored_is_the_servers_fault(app, here, village, client):
    sign_in(client, "head-1")
    page, incoming = f"/nominations/{village.ref}/list", app.extensions["settings"].blob_path / "incoming"
    fields = fields_of(client, page)
    incoming.parent.mkdir(parents=True, exist_ok=True)
    incoming.write_bytes(b"a file where the folder should be")
    answer = send(client, page, fields, list=(io.BytesIO(text([HEADS, *GOOD])), "daftar.csv"))
    incoming.unlink()
    assert answer.status_code >= 500
    assert db.session.scalars(select(NameList.id)).all() == []


def test_only_the_counts_that_stand_on_the_page_become_claims(here, village, client):
    sign_in(client, "head-1")
    page = f"/nominations/{village.ref}/list"
    fields = fields_of(client, page)
    first = received(here, village)
    db.session.commit()
    assert send(client, f"{page}/use", fields, list=first.ref).status_code == 409  # nothing is counted yet
    kept(here, first, 1, 2)
    answer = send(client, f"{page}/use", fields, list="L-0000-0000-0000")
    assert answer.status_code == 409
    assert queries.evidence_of(village) == {}
