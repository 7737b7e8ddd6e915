"""The processes that read files nobody knows yet have no network, wherever the kernel lets them go without."""

import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from paritrana.files import sandbox
from paritrana.files.offline import leave_network
from paritrana.files.previews import service as previews
from tests.nominations.pages import PDF

CONNECT = f"""
import socket, sys
from {leave_network.__module__} import {leave_network.__name__}
left = leave_network() if sys.argv[2] == "leave" else False
try:
    socket.create_connection(("127.0.0.1", int(sys.argv[1])), timeout=5).close()
    print(left, "connected")
except OSError:
    print(left, "nobody there")
"""


def allowed() -> bool:
    """Whether the kernel gives a process here a network of its own, as another program finds."""
    unshare = shutil.which("unshare")
    assert unshare is not None
    return any(subprocess.run([unshare, how, "true"], capture_output=True).returncode == 0 for how in ("-n", "-rn"))


def said(port: int, how: str) -> str:
    command = [sys.executable, "-I", "-c", CONNECT, str(port), how]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout.strip()


def network_of(process: int | str) -> str:
    return os.readlink(f"/proc/{process}/ns/net")


def test_a_process_that_left_the_network_reaches_not_even_this_machine():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        assert said(port, "stay") == "False connected"
        assert said(port, "leave") == ("True nobody there" if allowed() else "False connected")


@pytest.mark.parametrize(
    ("program", "arguments", "answer"),
    [
        (sandbox.PROGRAM, ["application/pdf"], b'{"code": ""}'),
        (previews.PROGRAM, ["pdf", "200"], b"numbers 0\npages 1\npage 1 "),
    ],
)
def test_a_file_is_read_without_network_and_the_answer_is_the_same(program, arguments, answer):
    with subprocess.Popen(
        [sys.executable, "-I", "-c", program, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={}
    ) as process:
        if allowed() and Path("/proc/self/ns/net").exists():
            until = time.monotonic() + 60
            while network_of(process.pid) == network_of("self"):
                assert process.poll() is None
                assert time.monotonic() < until, "it is still in our network"
                time.sleep(0.01)
        found, _nothing = process.communicate(PDF, timeout=60)
    assert found.startswith(answer)
