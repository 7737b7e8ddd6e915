"""A refusal or a fault becomes one page in the reader's language, or JSON; nothing of the inside is shown."""

import json
import re

import pytest

from paritrana.web import errors

INSIDE = re.compile(
    r"hunter2|secret-org|/srv/|Traceback|RuntimeError|File &#34;|\.py\b|[Ww]erkzeug|internal description|sqlalchemy"
)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 409, 413, 415, 422, 428, 429, 500, 503])
@pytest.mark.parametrize("language", ["id", "en"])
def test_every_status_has_a_page_of_its_own(web, status, language):
    answer = web.get(f"/status/{status}?lang={language}")
    page = answer.get_data(as_text=True)
    assert answer.status_code == status
    assert f'<html lang="{language}"' in page
    assert page.count("<h1>") == 1
    assert "· Paritrana</title>" in page
    assert not INSIDE.search(page)


def test_a_refusal_says_its_own_sentence_with_its_status(web):
    answer = web.get("/refused?lang=en")
    assert answer.status_code == 409
    assert "Only 3 people." in answer.get_data(as_text=True)


def test_values_in_a_refusal_are_escaped(web):
    page = web.get("/stale?lang=en").get_data(as_text=True)
    assert "&lt;b&gt;Sari&lt;/b&gt; changed this at 14.05" in page
    assert "<b>Sari" not in page


def test_what_is_hidden_and_what_does_not_exist_answer_alike(web):
    def answer(address):
        found = web.get(address)
        return found.status_code, found.get_data(as_text=True).replace(address, "ADDRESS"), sorted(found.headers)

    assert answer("/hidden") == answer("/absent")
    assert answer("/api/v1/hidden") == answer("/api/v1/absent")


def test_a_fault_shows_a_reference_and_nothing_of_the_inside(web, capsys):
    answer = web.get("/fault?lang=en")
    page = answer.get_data(as_text=True)
    assert answer.status_code == 500
    assert not INSIDE.search(page)
    reference = re.search(r"Reference: ([0-9A-Z]{4}-[0-9A-Z]{4})", page)
    assert reference is not None
    assert reference[1] in "".join(capsys.readouterr())  # the log names it, so that the fault can be found
    assert reference[1] not in web.get("/fault?lang=en").get_data(as_text=True)


def test_a_fault_in_the_frame_of_the_page_still_gets_a_page(web_app, capsys):
    @web_app.context_processor
    def menu():
        raise RuntimeError("the database is gone, password=hunter2")

    answer = web_app.test_client().get("/fault?lang=en")
    page = answer.get_data(as_text=True)
    assert answer.status_code == 500
    assert "The service has a fault" in page
    assert "Reference:" in page
    assert not INSIDE.search(page)
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    capsys.readouterr()


@pytest.mark.parametrize(
    ("address", "status", "code"),
    [
        ("/api/v1/fault", 500, "server_fault"),
        ("/api/v1/hidden", 404, "not_found"),
        ("/api/v1/status/428", 428, "version_missing"),
    ],
)
def test_the_interface_for_machines_answers_in_json(web, address, status, code):
    answer = web.get(address)
    body = json.loads(answer.data)
    assert answer.status_code == status
    assert answer.mimetype == "application/problem+json"
    assert body["status"] == status
    assert body["code"] == code
    assert not INSIDE.search(answer.get_data(as_text=True))
    assert ("reference" in body) == (status >= 500)


def test_whoever_accepts_json_only_gets_json_and_a_browser_gets_a_page(web):
    assert web.get("/refused", headers={"Accept": "application/json"}).json["code"] == "too_few_people"
    browser = web.get("/refused", headers={"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"})
    assert browser.mimetype == "text/html"


def test_a_wrong_method_names_the_right_ones(web):
    answer = web.delete("/form")
    assert answer.status_code == 405
    assert set(answer.headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS", "POST"}


def test_a_status_without_words_of_its_own_gets_the_nearest():
    assert errors.words_for(418) is errors.WORDS[400]
    assert errors.words_for(502) is errors.WORDS[500]
