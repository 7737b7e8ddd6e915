"""What a check says of odd files, of a text that differs on one fact, and where nothing can be counted."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import func, select, text

from paritrana.certificates import service
from paritrana.certificates.checking import service as checking
from paritrana.certificates.checking.looking import MOST_CODES, verdict
from paritrana.certificates.checking.models import VerifyAttempt
from paritrana.core.codes import shown
from paritrana.database import db
from paritrana.signing import compact
from paritrana.signing.signers import payload_key, published_keys
from paritrana.web.standalone import SIGN
from tests.certificates.test_verify import claim_of, codes, english, page_of
from tests.certificates.test_verify_file import content_of, field_added, flipped, later, painted
from tests.factories_results import category_of, contest, press, publish
from tests.nominations.pages import text_of
from tests.signing.conftest import paper


@pytest.fixture
def first(app, db_session):
    """The first certificate of a published result."""
    here = contest(4)
    publish(here)
    made = service.issue(category_of(here), press=press(), actor=here.actor("organiser-1"), at=here.now)
    db.session.commit()
    return made[0]


def test_a_file_is_told_by_what_was_done_to_it_and_a_signed_text_by_what_differs(app, first):
    keys, pdf = json.dumps(published_keys(app.extensions["settings"])), content_of(first)
    assert verdict(pdf, keys) == {"what": "whole", "codes": [first.code]}
    for changed, what in (
        (flipped(pdf), "bytes"), (later(pdf, painted), "added_content"), (later(pdf, field_added), "added_notes"),
        (pdf + b"\n%x\n", "added"), (pdf[:-300], "cut"),
        (later(pdf, painted).replace(b"0 0 1 rg", b"0 1 0 rg"), "added_content"),
        (later(flipped(pdf), painted), "bytes"),
    ):  # fmt: skip
        assert verdict(changed, keys) == {"what": what, "codes": [first.code]}, what
    key, at = payload_key(app.extensions["settings"]), first.issued_at + timedelta(hours=2)
    other = compact.make(claim_of(first, recipient="Pemerintah Kabupaten Palsu"), key)
    found = checking.check_payload(first.code, other, {key.id: key.public}, at)
    assert [(one.label, one.said) for one in found.differences] == [("Recipient", "Pemerintah Kabupaten Palsu")]


def test_of_many_codes_in_a_file_a_few_are_looked_up_and_what_is_no_code_is_passed_over():
    real = list(codes(MOST_CODES + 2))
    named = "".join(f"<paritrana:code>{code}</paritrana:code>" for code in ("7QK42M9XH3TC8WPB", *real))
    assert verdict(f"%PDF-1.7 {named}".encode(), "{}")["codes"] == real[:MOST_CODES]
    words = f"7QK4-2M9X-H3TC-8WPB {shown(real[0])}"
    assert verdict(paper("A", words), "{}")["codes"] == [real[0]]


def test_a_page_for_a_folder_counts_nobody_and_where_nothing_can_be_counted_the_answer_comes(first, client):
    (unknown,) = codes(1)
    for code, status in ((first.code, 200), (unknown, 404)):
        assert client.get(page_of(code), environ_overrides={SIGN: True}).status_code == status
    assert db.session.scalar(select(func.count()).select_from(VerifyAttempt)) == 0
    db.session.execute(text("DROP TABLE verify_attempt"))  # as on a full disk: no count can be stored
    db.session.commit()
    answer = english(client, page_of(first.code))
    assert answer.status_code == 200
    assert "VALID. Compare" in text_of(answer)
    assert english(client, page_of(unknown)).status_code == 404
