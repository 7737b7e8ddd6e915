"""A mail server on loopback that keeps what it takes, and answers as a test wants."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

from aiosmtpd.controller import Controller


class Letterbox:
    """Takes mails. `answers` are given to the next messages instead of taking them; `breaks` ends the connection when
    the next message is whole, after keeping it.
    """

    def __init__(self) -> None:
        self.letters: list[tuple[list[str], EmailMessage]] = []
        self.answers: list[str] = []
        self.breaks = 0
        self.talks = 0

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        """What the protocol asks when a message is whole."""
        if self.answers:
            return self.answers.pop(0)
        letter = message_from_bytes(envelope.content, policy=default)
        assert isinstance(letter, EmailMessage)
        self.letters.append((list(envelope.rcpt_tos), letter))
        if self.breaks:
            self.breaks -= 1
            server.transport.abort()
        return "250 OK"

    async def handle_EHLO(self, server: Any, session: Any, envelope: Any, name: str, responses: list[str]) -> list[str]:
        """What the protocol asks at the beginning."""
        self.talks += 1
        session.host_name = name
        return responses


@contextmanager
def letterbox() -> Iterator[tuple[Letterbox, int]]:
    """A server that runs meanwhile, and its port."""
    box = Letterbox()
    server = Controller(box, hostname="127.0.0.1", port=free_port())
    server.start()
    try:
        yield box, server.port
    finally:
        server.stop()


def free_port() -> int:
    """A port of the loopback address where nobody listens."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])
