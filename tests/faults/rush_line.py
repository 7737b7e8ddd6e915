"""Slow and lossy lines to a server: one loop holds hundreds of people, each with a network address of the own."""

import asyncio
import json
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.faults.server import HOST, Answer

PIECE = 8 * 1024  # bytes that leave at once
PATIENCE = 60.0  # seconds until a script gives an attempt up, as ours does
FIRST_RETRY, LAST_RETRY = 1.0, 30.0
SMALLEST_PART = 32 * 1024


class LineCut(Exception):
    """The line broke off in the middle."""


@dataclass
class Line:
    """How somebody is connected. `pace` is bytes a second upwards, `loss` the chance that a part is cut on its way."""

    port: int
    address: str
    chance: random.Random
    pace: float = 1e9
    loss: float = 0.0
    cuts: int = 0

    async def ask(self, method: str, path: str, headers: dict[str, str], body: bytes = b"") -> tuple[Answer, float]:
        """One request over a connection of its own; gives the answer, and the seconds from the last byte to its end.

        Raises `OSError`, `TimeoutError` or `LineCut` where no answer came.
        """
        async with asyncio.timeout(PATIENCE):
            reader, writer = await asyncio.open_connection(HOST, self.port, local_addr=(self.address, 0))
            try:
                head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
                if method != "GET":
                    head += f"Content-Length: {len(body)}\r\n"
                writer.write(f"{method} {path} HTTP/1.1\r\nHost: {HOST}:{self.port}\r\n{head}\r\n".encode())
                await self._send(writer, body)
                sent = time.perf_counter()
                answer = await _read(reader)
                return answer, time.perf_counter() - sent
            finally:
                writer.close()

    async def _send(self, writer: asyncio.StreamWriter, body: bytes) -> None:
        """Send a body piece by piece, with pauses; sometimes the line dies on the way."""
        cut = self.chance.randrange(len(body)) if len(body) > PIECE and self.chance.random() < self.loss else None
        for start in range(0, len(body), PIECE):
            if cut is not None and start > cut:
                self.cuts += 1
                writer.transport.abort()
                raise LineCut
            piece = body[start : start + PIECE]
            writer.write(piece)
            await writer.drain()
            if len(body) > PIECE:
                await asyncio.sleep(len(piece) / self.pace * self.chance.uniform(0.5, 1.5))
        await writer.drain()


async def _read(reader: asyncio.StreamReader) -> Answer:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    headers = {name.strip(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
    body = await reader.read()
    return Answer(int(head[0].split()[1]), headers, body)


@dataclass
class Browser:
    """A page of ours with its script, signed in; it repeats what got no answer, as the script does."""

    line: Line
    cookie: str
    token: str = ""
    refused: list[str] = field(default_factory=list)  # answers that ended something
    tries: int = 0
    told: Callable[[str, float], None] = lambda _kind, _seconds: None

    def headers(self, **more: str) -> dict[str, str]:
        """What goes along with every request."""
        sent = {"Cookie": f"sid={self.cookie}; lang=en", "Sec-Fetch-Site": "same-origin", "Connection": "close"}
        return (
            sent
            | {"X-CSRFToken": self.token, "Accept": "application/json"}
            | {name.replace("_", "-"): value for name, value in more.items()}
        )

    async def open(self, path: str) -> Answer:
        """A page."""
        answer = await self.insist("page", "GET", path, lambda _again: b"", Accept="text/html")
        return answer

    async def insist(self, kind: str, method: str, path: str, body: Callable[[bool], bytes], **more: str) -> Answer:
        """Ask until there is an answer that is no fault of the server."""
        delay, again = FIRST_RETRY, False
        while True:
            self.tries += 1
            try:
                answer, seconds = await self.line.ask(method, path, self.headers(**more), body(again))
            except LineCut:
                pass  # that was the line, and no fault of the server
            except (OSError, asyncio.IncompleteReadError):
                self.told(kind, PATIENCE)
            else:
                self.told(kind if answer.status < 500 else f"{kind} {answer.status}", seconds)
                if answer.status < 500:
                    return answer
            await asyncio.sleep(delay)
            delay, again = min(2 * delay, LAST_RETRY), True

    async def announce(self, base: str, said: dict[str, Any]) -> Answer:
        """Announce a file."""
        data = json.dumps(said).encode()
        return await self.insist("announce", "POST", base, lambda _again: data, Content_Type="application/json")

    async def send(self, address: str, content: bytes, offset: int, chunk: int) -> bool:
        """Send a file from an offset on, in parts that become smaller when one does not come through."""
        length = chunk
        while offset < len(content):

            def part(again: bool, start: int = offset) -> bytes:
                nonlocal length
                length = max(length // 2, SMALLEST_PART) if again else length
                return content[start : start + length]

            answer = await self.insist("part", "PUT", f"{address}?offset={offset}", part,
                                       Content_Type="application/octet-stream")  # fmt: skip
            if answer.status == 409 and answer.json.get("code") == "part_missing":
                answer = await self.insist("standing", "GET", address, lambda _again: b"")
            if answer.status != 200:
                self.refused.append(f"part {answer.status} {answer.text[:200]}")
                return False
            offset = int(answer.json["offset"])
        return True
