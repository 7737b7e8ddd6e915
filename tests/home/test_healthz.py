"""The sign of life."""

import pytest
from sqlalchemy.exc import OperationalError

from paritrana.database import db


def test_it_answers_without_a_session_or_cookie(client, statements):
    with statements() as sent:
        answer = client.get("/healthz")
    assert (answer.status_code, answer.get_data(as_text=True)) == (200, "ok\n")
    assert answer.mimetype == "text/plain"
    assert "Set-Cookie" not in answer.headers
    assert len([one for one in sent if one.startswith("SELECT")]) == 1


@pytest.mark.parametrize("engine_name", ["sqlite"], indirect=True)
def test_a_dead_database_is_told(make_app, tmp_path, engine_name):
    app = make_app()
    with app.app_context():
        engine = db.engine
    from sqlalchemy import event

    def fail(*_rest):
        raise OperationalError("SELECT 1", {}, Exception("gone"))

    event.listen(engine, "before_cursor_execute", fail)
    answer = app.test_client().get("/healthz")
    event.remove(engine, "before_cursor_execute", fail)
    assert answer.status_code == 503
    assert "gone" not in answer.get_data(as_text=True)
