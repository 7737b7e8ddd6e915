"""The commands about accounts, on a database of their own."""

from collections.abc import Callable

import pytest
from click.testing import CliRunner, Result

from paritrana.accounts import factors, queries
from paritrana.accounts.cli import clear_second_factors, create_admin, set_password
from paritrana.accounts.models import Account
from paritrana.accounts.passkeys import NewPasskey
from paritrana.cli import make_app
from tests.accounts.conftest import SYSTEM, Browser

WORDS = "empat burung camar minum teh"


@pytest.fixture
def run(app, monkeypatch) -> Callable[..., Result]:
    """A function that runs a command on the test's database."""
    settings = app.extensions["settings"]
    monkeypatch.setenv("PARITRANA_INSTANCE", str(settings.instance_path))
    monkeypatch.setenv("PARITRANA_DATABASE_URL", settings.database_url)
    monkeypatch.setenv("PARITRANA_SECRET_KEY", settings.secret_key)
    return lambda command, *words, **options: CliRunner().invoke(command, words, obj=make_app, **options)


def test_an_administrator_is_created_and_signs_in(app, run, db_session):
    answer = run(create_admin, "--email", "Sari@contoh.test", "--name", "Wulan", input=f"{WORDS}\n{WORDS}\n")
    assert answer.exit_code == 0, answer.output
    assert WORDS not in answer.output
    account = queries.find_account("sari@contoh.test")
    assert account is not None
    assert [grant.role for grant in account.grants] == ["administrator"]
    assert Browser(app).sign_in("sari@contoh.test", WORDS).status_code == 303


def test_a_refused_account_leaves_nothing(run, db_session):
    answer = run(create_admin, "--email", "sari@contoh.test", "--name", "Sari", "--password", "short")
    assert answer.exit_code == 1
    assert "15" in answer.output
    assert queries.find_account("sari@contoh.test") is None


def test_a_new_password_lifts_the_lock(app, run, db_session, make_account: Callable[..., Account]):
    make_account("sari")
    for number in range(100):
        Browser(app, REMOTE_ADDR=f"198.51.100.{number}").sign_in("sari@contoh.test", "salah sekali kata itu")
    assert Browser(app).sign_in("sari@contoh.test").status_code == 429
    assert run(set_password, "--email", "sari@contoh.test", "--password", WORDS).exit_code == 0
    assert Browser(app).sign_in("sari@contoh.test", WORDS).status_code == 303


def test_a_password_for_nobody_is_refused(run, db_session):
    answer = run(set_password, "--email", "nihil@contoh.test", "--password", WORDS)
    assert answer.exit_code == 1
    assert "no account" in answer.output


def test_second_factors_are_cleared_on_the_machine_after_a_question(run, db_session, make_account, clock):
    account = make_account()
    made = factors.add_passkey(account, NewPasskey("a2V5", "a2V5", 0), "Kunci", actor=SYSTEM, at=clock.now())
    email = account.email
    db_session.commit()
    assert run(clear_second_factors, "--email", email, input="n\n").exit_code == 1
    answer = run(clear_second_factors, "--email", email, "--yes")
    assert answer.exit_code == 0, answer.output
    db_session.rollback()
    assert made.removed_at is not None
    db_session.rollback()
    assert run(clear_second_factors, "--email", "nihil@contoh.test", "--yes").exit_code == 1


MIXED = "Empat burung camar minum 3 gelas teh!"


@pytest.fixture
def strict(run, monkeypatch) -> Callable[..., Result]:
    """Runs a command on an installation that asks for several kinds of characters."""
    monkeypatch.setenv("PARITRANA_PASSWORD_PROFILE", "bssn")
    return run


def test_commands_ask_for_the_kinds_of_characters_that_the_pages_ask_for(app, strict, db_session):
    new = ("--email", "sari@contoh.test", "--name", "Wulan", "--password")
    refused = strict(create_admin, *new, WORDS)
    assert (refused.exit_code, "capital letters" in refused.output) == (1, True)
    assert queries.find_account("sari@contoh.test") is None
    db_session.rollback()
    assert strict(create_admin, *new, MIXED).exit_code == 0
    old = ("--email", "sari@contoh.test", "--password")
    refused = strict(set_password, *old, WORDS)
    assert (refused.exit_code, "capital letters" in refused.output) == (1, True)
    refused = strict(set_password, *old, MIXED)
    assert (refused.exit_code, "Choose another" in refused.output) == (1, True)
    assert strict(set_password, *old, MIXED.replace("teh", "kopi")).exit_code == 0
    assert Browser(app).sign_in("sari@contoh.test", MIXED.replace("teh", "kopi")).status_code == 303


def test_commands_ask_for_no_kinds_of_characters_where_the_pages_do_not(run, db_session, make_account):
    make_account("sari")
    assert run(set_password, "--email", "sari@contoh.test", "--password", WORDS).exit_code == 0
    assert run(set_password, "--email", "sari@contoh.test", "--password", WORDS).exit_code == 0
