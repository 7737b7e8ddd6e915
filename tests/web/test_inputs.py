"""Texts that the database cannot keep are refused at the door."""

import pytest
from flask import Flask

from paritrana.core.texts import readable
from paritrana.web import inputs
from tests.factories import world


@pytest.mark.parametrize("text", ["", "Kabupaten", "é漢字😀", "a\nb"])
def test_ordinary_text_is_readable(text):
    assert readable(text)


@pytest.mark.parametrize("text", ["\x00", "a\x00b", "\ud800", "x\udfff"])
def test_nul_and_half_pairs_are_not(text):
    assert not readable(text)


def test_an_address_with_nul_is_not_there(client, db_session):
    world()
    assert client.get("/nominations/%00").status_code == 404


def test_a_query_with_nul_is_refused_with_a_sentence(client, db_session):
    world()
    assert client.get("/sign-in?next=%00").status_code == 422


def test_a_form_field_with_nul_is_refused_with_a_sentence(client, db_session):
    world()
    answer = client.post("/sign-in", data={"email": "a\x00b"}, headers={"Sec-Fetch-Site": "same-origin"})
    assert answer.status_code in {400, 422}


def test_json_with_half_a_pair_is_refused():
    app = Flask(__name__)
    inputs.init_app(app)
    app.register_error_handler(inputs.UnreadableText, lambda refusal: (refusal.code, refusal.status))
    app.add_url_rule("/mark", "mark", lambda: "stored", methods=["PUT"])
    client = app.test_client()
    for body in (b'{"value": "\\ud800"}', b'{"value": "8\\u0000"}'):
        refused = client.put("/mark", data=body, content_type="application/json")
        assert (refused.status_code, refused.text) == (422, "unreadable_text")
    assert client.put("/mark", json={"value": "8,75 \u00d7"}).text == "stored"
