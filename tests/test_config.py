"""Settings: read in order, and refused in one sentence when wrong or unsafe."""

import os
import shutil
import stat
import subprocess
import sys

import pytest

from paritrana.config import PACKAGE, BadSettings, data_folder, load_settings


def settings(tmp_path, **environ):
    return load_settings({"PARITRANA_INSTANCE": str(tmp_path), **environ})


def refusal(tmp_path, **environ):
    with pytest.raises(BadSettings) as caught:
        settings(tmp_path, **environ)
    sentence = str(caught.value)
    assert "\n" not in sentence
    assert sentence.endswith(".")
    return sentence


def test_an_empty_folder_is_enough(tmp_path):
    found = settings(tmp_path / "new")
    assert found.database_url == f"sqlite:///{tmp_path / 'new' / 'paritrana.db'}"
    assert found.blob_path == tmp_path / "new" / "blobs"
    assert not found.demo


@pytest.mark.parametrize(
    "address", ["redis://queue.internal:6379/3", "rediss://:secret@queue.internal", "sqlite:////var/q.db"]
)
def test_the_queue_is_a_file_of_its_own_or_a_redis_server(tmp_path, address):
    assert settings(tmp_path).queue == f"sqlite:///{tmp_path / 'queue.db'}"
    assert settings(tmp_path, PARITRANA_QUEUE_URL=address).queue == address


@pytest.mark.parametrize(
    "address",
    ["memory", "sqlite://", "sqlite:///", "redis://", "redis:///1", "redis://host/first", "redis://host:port/1",
     "redis://host:99999", "amqp://host"],
)  # fmt: skip
def test_another_queue_is_refused(tmp_path, address):
    assert "redis://HOST:PORT/NUMBER" in refusal(tmp_path, PARITRANA_QUEUE_URL=address)


def test_the_queue_never_shares_the_file_of_the_database(tmp_path):
    assert "a file of its own" in refusal(tmp_path, PARITRANA_QUEUE_URL=f"sqlite:///{tmp_path / 'paritrana.db'}")


@pytest.mark.parametrize("seconds", ["0", "1", "3601", "soon"])
def test_a_lease_lasts_between_two_seconds_and_an_hour(tmp_path, seconds):
    assert "job_lease_seconds" in refusal(tmp_path, PARITRANA_JOB_LEASE_SECONDS=seconds)


def test_the_secret_is_made_once_and_kept_from_others(tmp_path):
    first = settings(tmp_path)
    key = tmp_path / "keys" / "secret.key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert settings(tmp_path).secret_key == first.secret_key
    assert len(first.secret_key) >= 48


def test_a_secret_that_others_can_read_is_refused(tmp_path):
    settings(tmp_path)
    os.chmod(tmp_path / "keys" / "secret.key", 0o644)
    assert "secret.key" in refusal(tmp_path)


def test_the_environment_goes_before_the_file_and_the_file_before_the_defaults(tmp_path):
    (tmp_path / "settings.toml").write_text('operator_name = "Panitia A"\nsupport_contact = "0800"\n')
    found = settings(tmp_path, PARITRANA_OPERATOR_NAME="Panitia B")
    assert found.operator_name == "Panitia B"
    assert found.support_contact == "0800"


def test_unknown_settings_are_named(tmp_path):
    assert "PARITRANA_DATABSE_URL" in refusal(tmp_path, PARITRANA_DATABSE_URL="sqlite:///x")
    (tmp_path / "settings.toml").write_text("colour = 'blue'\n")
    assert "colour" in refusal(tmp_path)


def test_testing_cannot_be_switched_on_from_outside(tmp_path):
    assert "PARITRANA_TESTING" in refusal(tmp_path, PARITRANA_TESTING="true")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PARITRANA_BASE_URL", "award.example"),
        ("PARITRANA_BASE_URL", "https://award.example/path"),
        ("PARITRANA_BASE_URL", "http://award.example"),
        ("PARITRANA_DATABASE_URL", "mysql://x"),
        ("PARITRANA_SECRET_KEY", "short"),
        ("PARITRANA_PROXY_HOPS", "-1"),
        ("PARITRANA_DEMO", "perhaps"),
    ],
)
def test_wrong_and_unsafe_settings_are_refused_in_one_sentence(tmp_path, name, value):
    assert refusal(tmp_path, **{name: value})


def test_the_demonstration_is_for_a_loopback_address(tmp_path):
    assert "demo" in refusal(tmp_path, PARITRANA_DEMO="true", PARITRANA_BASE_URL="https://award.example")
    assert settings(tmp_path, PARITRANA_DEMO="true").demo


def test_officers_sign_in_without_a_second_factor_on_a_loopback_address_only(tmp_path):
    assert settings(tmp_path).asks_second_factor
    assert not settings(tmp_path, PARITRANA_SECOND_FACTOR="off").asks_second_factor
    assert not settings(tmp_path, PARITRANA_DEMO="true").asks_second_factor
    away = {"PARITRANA_BASE_URL": "https://award.example"}
    assert settings(tmp_path, **away).asks_second_factor
    assert "second_factor" in refusal(tmp_path, PARITRANA_SECOND_FACTOR="off", **away)


def test_a_settings_file_that_is_no_toml_is_refused(tmp_path):
    (tmp_path / "settings.toml").write_bytes(b"\xff\xfe= 1")
    assert "settings.toml" in refusal(tmp_path)


def test_an_instance_folder_that_cannot_be_made_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(BadSettings, match="instance folder"):
        load_settings({"PARITRANA_INSTANCE": str(tmp_path / "file" / "folder")})


def test_hosts_are_those_of_the_address_and_the_trusted_ones(tmp_path):
    found = settings(
        tmp_path, PARITRANA_BASE_URL="https://award.example", PARITRANA_TRUSTED_HOSTS="www.award.example,other.example"
    )
    assert found.hosts == ["award.example", "other.example", "www.award.example"]
    assert found.secure


def folders_seen_from(place):
    """Where a copy of the package under `place` finds its seed files and migrations."""
    (place / "paritrana").mkdir(exist_ok=True)
    (place / "paritrana" / "__init__.py").touch()
    shutil.copy(PACKAGE / "config.py", place / "paritrana")
    code = "from paritrana.config import data_folder; print(data_folder('seed'), data_folder('migrations'), sep='\\n')"
    told = subprocess.run([sys.executable, "-c", code], cwd=place, capture_output=True, text=True, check=True)
    return [os.path.relpath(line, place) for line in told.stdout.splitlines()]


def test_a_checkout_is_not_shadowed_by_what_a_build_left_in_it(tmp_path):
    (tmp_path / "pyproject.toml").touch()
    for folder in ("seed", "migrations", "paritrana/_seed", "paritrana/_migrations"):
        (tmp_path / folder).mkdir(parents=True)
    assert folders_seen_from(tmp_path) == ["seed", "migrations"]


def test_an_installation_is_not_shadowed_by_folders_beside_it(tmp_path):
    for folder in ("seed", "migrations", "paritrana/_seed", "paritrana/_migrations"):
        (tmp_path / folder).mkdir(parents=True)
    assert folders_seen_from(tmp_path) == ["paritrana/_seed", "paritrana/_migrations"]


def test_seed_and_migrations_are_found():
    assert (data_folder("seed") / "regions.csv").is_file()
    assert (data_folder("migrations") / "env.py").is_file()


@pytest.mark.parametrize(
    ("environ", "named"),
    [
        ({"MAIL_SERVER": "smtp://mail.example.org"}, "the name or address of the mail server alone"),
        ({"MAIL_FROM": "Paritrana <a@example.org>"}, "one address such as"),
        ({"MAIL_SERVER": "mail.example.org"}, "needs the address that messages come from"),
        ({"MAIL_USER": "paritrana"}, "mail_user, mail_password: give both or none"),
        (
            {"MAIL_SERVER": "mail.example.org", "MAIL_FROM": "a@example.org", "MAIL_USER": "a", "MAIL_PASSWORD": "b",
             "MAIL_SECURITY": "none"},
            "a password travels over starttls or tls only",
        ),
    ],
)  # fmt: skip
def test_mail_that_could_not_be_sent_or_gives_its_password_away_is_refused(tmp_path, environ, named):
    assert named in refusal(tmp_path, **{f"PARITRANA_{name}": value for name, value in environ.items()})


def test_a_password_for_the_mail_server_of_this_machine_may_travel_plainly(tmp_path):
    environ = {"MAIL_SERVER": "localhost", "MAIL_FROM": "a@example.org", "MAIL_USER": "a", "MAIL_PASSWORD": "b",
               "MAIL_SECURITY": "none"}  # fmt: skip
    found = settings(tmp_path, **{f"PARITRANA_{name}": value for name, value in environ.items()})
    assert (found.mail_server, found.mail_user) == ("localhost", "a")


def test_a_second_place_of_the_security_log_is_a_server_with_its_port_or_a_whole_folder(tmp_path):
    for given, kept in (("syslog://log.internal:514/", "syslog://log.internal:514"), ("/var/copy", "/var/copy")):
        assert settings(tmp_path, PARITRANA_SECURITY_LOG_COPY=given).security_log_copy == kept
