"""The console command, run as an operator runs it: as a process, in a folder of its own, with an empty instance."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import click
import pytest

from paritrana.cli import LAZY, main

PARITRANA = [sys.executable, "-m", "paritrana"]
ROOT = Path(__file__).parent.parent


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """The settings of an instance that does not exist yet; nothing of the machine's own settings."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PARITRANA_")}
    return {**kept, "PARITRANA_INSTANCE": str(tmp_path / "instance"), "PYTHONPATH": str(ROOT)}


def run(environment: dict[str, str], folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*PARITRANA, *arguments], env=environment, cwd=folder, capture_output=True, text=True, check=False
    )


def test_every_command_of_the_help_can_be_loaded() -> None:
    context = click.Context(main)
    for name in main.list_commands(context):
        command = main.get_command(context, name)
        assert command is not None, name
        assert command.name == name
        assert command.get_short_help_str(), name


def test_the_help_names_every_command_without_loading_the_application(environment, tmp_path) -> None:
    code = (
        "import sys; from click.testing import CliRunner; from paritrana.cli import main; "
        "print(CliRunner().invoke(main, ['--help']).stdout); "
        "sys.exit('flask' in sys.modules or 'sqlalchemy' in sys.modules)"
    )
    shown = subprocess.run(
        [sys.executable, "-c", code], env=environment, cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert shown.returncode == 0, shown.stderr
    for name in (*LAZY, "rank", "verify-ranking"):
        assert f"  {name} " in shown.stdout


def test_an_unknown_command_is_refused(environment, tmp_path) -> None:
    answer = run(environment, tmp_path, "fly")
    assert answer.returncode == 2
    assert "fly" in answer.stderr


@pytest.mark.slow
def test_a_fresh_database_is_upgraded_twice_and_its_chain_is_whole(environment, tmp_path) -> None:
    for _time in range(2):
        answer = run(environment, tmp_path, "upgrade")
        assert (answer.returncode, answer.stdout) == (0, "The database is up to date.\n"), answer.stderr
    answer = run(environment, tmp_path, "verify-audit")
    assert (answer.returncode, answer.stdout) == (0, "The chain is whole.\n"), answer.stderr


def test_a_database_without_tables_is_not_readable(environment, tmp_path) -> None:
    answer = run(environment, tmp_path, "verify-audit")
    assert answer.returncode == 2
    assert "The database cannot be read" in answer.stderr


@pytest.mark.parametrize("command", ["serve", "verify-audit"])
def test_a_wrong_setting_ends_a_command_with_its_sentence(environment, tmp_path, command) -> None:
    answer = run(environment | {"PARITRANA_COLOUR": "blue"}, tmp_path, command)
    assert answer.returncode == 2
    assert answer.stderr.strip().splitlines() == [
        "The setting PARITRANA_COLOUR is unknown. Check its spelling or remove it."
    ]


def test_several_workers_need_a_server_for_the_database(environment, tmp_path) -> None:
    answer = run(environment, tmp_path, "serve", "--workers", "2")
    assert answer.returncode == 2
    assert "PostgreSQL" in answer.stderr


def test_a_demonstration_is_served_on_a_loopback_address_only(environment, tmp_path) -> None:
    answer = run(environment | {"PARITRANA_DEMO": "true"}, tmp_path, "serve", "--host", "0.0.0.0")  # noqa: S104
    assert answer.returncode == 2
    assert "loopback" in answer.stderr


@pytest.mark.slow
def test_the_pages_are_served_until_the_process_is_told_to_end(environment, tmp_path) -> None:
    assert run(environment, tmp_path, "upgrade").returncode == 0
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = subprocess.Popen(
        [*PARITRANA, "serve", "--port", str(port)],
        env=environment,
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        assert wait_for(f"http://127.0.0.1:{port}/healthz", server) == b"ok\n"
    finally:
        server.send_signal(signal.SIGTERM)
        assert server.wait(timeout=30) == 0


def wait_for(address: str, server: "subprocess.Popen[bytes]", seconds: int = 60) -> bytes:
    """The answer of an address, as soon as the server gives one."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        assert server.poll() is None, "the server ended"
        try:
            with urlopen(address, timeout=5) as answer:
                body: bytes = answer.read()
                return body
        except (URLError, OSError):
            time.sleep(0.1)
    raise AssertionError("the server did not answer in time")
