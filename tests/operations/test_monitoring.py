"""What machines ask: whether the installation can work, and how it is, in figures that name nobody."""

import re
from datetime import timedelta

import pytest

from paritrana.accounts.models import Account
from paritrana.audit import halt
from paritrana.cycles.models import Cycle
from paritrana.database import db
from paritrana.operations import backup as copies
from paritrana.operations.queries import revision_now
from tests.factories import NOW, sign_in, world


@pytest.fixture
def watched(make_app, tmp_path):
    """An installation with copies and a token for monitoring."""
    (tmp_path / "token").write_text("a token of sixteen signs or more\n")
    return make_app(backup_path=tmp_path / "copies", metrics_token_file=tmp_path / "token", mail_password="s3cret-word",
                    mail_user="office", mail_server="127.0.0.1", mail_from="office@contoh.test")  # fmt: skip


def figures(answer) -> dict[str, float]:
    """Every figure by its name and labels."""
    lines = [line for line in answer.get_data(as_text=True).splitlines() if line and not line.startswith("#")]
    return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines)}


def test_figures_tell_how_the_machine_is_and_name_nobody(watched, clock):
    settings, client = watched.extensions["settings"], watched.test_client()
    with watched.app_context():
        world()
        halt.halt(halt.BY_HAND, at=NOW)
        db.session.commit()
        copies.back_up(settings, settings.backup_path, at=NOW, revision=revision_now())
        named = [one.name for one in db.session.query(Account)] + [one.email for one in db.session.query(Account)]
        named += [one.code for one in db.session.query(Cycle)]
        db.session.remove()
    clock.advance(minutes=4)
    client.get("/nowhere")
    answer = client.get("/metrics")
    found = figures(answer)
    assert found["paritrana_database_answers"] == found["paritrana_queue_answers"] == 1
    assert found["paritrana_read_only"] == 1
    assert found["paritrana_backup_age_seconds"] == 240
    assert found["paritrana_workers"] == 0
    assert found["paritrana_events"] > 0
    assert found['paritrana_disk_free_bytes{place="instance"}'] > 0
    assert found['paritrana_http_responses_total{method="GET",status="404"}'] == 1
    assert found["paritrana_http_seconds_count"] == 1
    text = answer.get_data(as_text=True)
    assert not [one for one in named if one in text]


@pytest.mark.parametrize(
    ("place", "headers", "status"),
    [
        ("127.0.0.1", {}, 200),
        ("127.0.0.1", {"X-Forwarded-For": "203.0.113.9"}, 404),  # a proxy on this machine passes on what others ask
        ("203.0.113.9", {}, 404),
        ("203.0.113.9", {"Authorization": "Bearer a token of sixteen signs or more"}, 200),
        ("203.0.113.9", {"Authorization": "Bearer another"}, 404),
        ("203.0.113.9", {"Authorization": "Basic a token of sixteen signs or more"}, 404),
    ],
)
def test_figures_are_for_this_machine_or_for_who_has_the_token(watched, place, headers, status):
    answer = watched.test_client().get("/metrics", headers=headers, environ_overrides={"REMOTE_ADDR": place})
    assert answer.status_code == status


def test_a_short_token_or_none_opens_nothing(make_app, tmp_path):
    far = {"REMOTE_ADDR": "203.0.113.9"}
    token = tmp_path / "short"
    for words, settings in (
        (None, {}),
        ("short", {"metrics_token_file": token}),
        (None, {"metrics_token_file": token}),
    ):
        token.unlink(missing_ok=True)
        if words:
            token.write_text(words)
        client = make_app(**settings).test_client()
        headers = {"Authorization": f"Bearer {words or ''}"}
        assert client.get("/metrics", headers=headers, environ_overrides=far).status_code == 404


def test_an_installation_is_ready_only_where_it_can_work(watched):
    settings, client = watched.extensions["settings"], watched.test_client()
    assert (client.get("/readyz").status_code, client.get("/readyz").get_data()) == (200, b"ready\n")
    key = settings.instance_path / "keys" / "receipt.key"
    key.rename(key.with_name("away"))
    with watched.app_context():
        db.session.execute(db.text("UPDATE alembic_version SET version_num = '0001'"))
        db.session.commit()
        db.session.remove()
    answer = client.get("/readyz")
    assert (answer.status_code, answer.get_data()) == (503, b"structure keys\n")
    assert client.get("/readyz", environ_overrides={"REMOTE_ADDR": "203.0.113.9"}).get_data() == b"not ready\n"
    with watched.app_context():
        db.session.execute(db.text("DROP TABLE alembic_version"))
        db.session.execute(db.text("ALTER TABLE stream_head RENAME TO elsewhere"))
        db.session.commit()
        db.session.remove()
    found = figures(client.get("/metrics"))
    assert found["paritrana_database_answers"] == 0
    assert "paritrana_events" not in found


def test_the_administrator_sees_settings_without_secrets_keys_by_their_ids_and_copies(watched, clock):
    settings, client = watched.extensions["settings"], watched.test_client()
    with watched.app_context():
        world()
        db.session.commit()
        db.session.remove()
    sign_in(client, "administrator")

    def read(address: str) -> str:
        answer = client.get(address, query_string={"lang": "en"})
        assert answer.status_code == 200
        return answer.get_data(as_text=True)

    page = read("/system/settings")
    assert "mail_server" in page
    for secret in ("s3cret-word", settings.secret_key):
        assert secret not in page
    assert len(re.findall(r'<code class="p-break">[0-9a-f]{16}</code>', page)) >= 3
    assert "In use" in page
    assert "The newest copy is older than an hour" in read("/system")
    with watched.app_context():
        made = copies.back_up(settings, settings.backup_path, at=clock.now(), revision=revision_now())
        db.session.remove()
    assert made.folder.name in read("/system/backups")
    assert "The newest copy" not in read("/system")
    clock.advance(seconds=timedelta(hours=1, minutes=1).total_seconds())
    sign_in(client, "administrator")
    assert "older than an hour" in read("/system/backups")
    for other in ("organiser-1", "auditor"):
        client = watched.test_client()
        sign_in(client, other)
        assert client.get("/system/settings").status_code == 404
