"""Only so many files are looked at side by side; an announced one does not wait behind many."""

import os
import threading
import time
from contextlib import ExitStack
from io import BytesIO

import pytest

from paritrana.core.filechecks import CheckLate
from paritrana.core.filetypes import kind_by_name
from paritrana.files import sandbox


def wait_until(waiting: int) -> None:
    """Until so many wait for a place."""
    until = time.monotonic() + 20
    while sandbox._turns.waiting != waiting:
        assert time.monotonic() < until
        time.sleep(0.01)


def test_an_announced_file_is_to_come_again_where_others_wait() -> None:
    places = max(1, (os.cpu_count() or 2) // 2)
    through: list[int] = []

    def wait(no: int) -> None:
        with sandbox._turns.take():
            through.append(no)

    threads = [threading.Thread(target=wait, args=(no,)) for no in range(sandbox.MOST_WAITING)]
    with ExitStack() as held:
        for _place in range(places):
            held.enter_context(sandbox._turns.take())
        for thread in threads:
            thread.start()
        wait_until(sandbox.MOST_WAITING)
        with pytest.raises(CheckLate):
            sandbox.look_at(BytesIO(b""), kind_by_name("a.pdf"), name="a.pdf", announced=True)
        assert through == []
    for thread in threads:
        thread.join(20)
    assert sorted(through) == list(range(sandbox.MOST_WAITING))
    wait_until(0)
