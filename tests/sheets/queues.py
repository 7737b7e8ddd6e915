"""The queue of the score sheet as browsers run it, driven from tests, and a server in few lines to hold it against."""

import json
import os
import re
import subprocess
from decimal import Decimal
from pathlib import Path
from typing import Any, Self

import playwright

NODE = Path(str(playwright.__file__)).parent / "driver" / ("node.exe" if os.name == "nt" else "node")
STATIC = Path(__file__).resolve().parents[2] / "paritrana" / "static"
TEXTS = ("value", "abstain_note", "panel_note", "feedback")
_NUMBER = re.compile(r"\d{1,2}(?:[.,]\d{1,2})?")


class Queue:
    """`static/queue.js` in a process of its own: one JSON line per act, and one for its answer."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [str(NODE), str(Path(__file__).with_name("queue_driver.mjs"))],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8",
        )  # fmt: skip

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_failure: object) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        self.process.wait(10)
        self.process.stdout.close()

    def do(self, act: str, **values: Any) -> Any:
        """What the queue answers to one act."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps([act, values]) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def start(self, name: str, fault: str = "") -> None:
        """Forget every device; `name` makes the keys of this run its own, `fault` plants a fault."""
        self.do("load", path=(STATIC / "queue.js").as_uri(), plant=fault, name=name)


class SmallServer:
    """What the application does with the marks of one sheet, without rooms around it; a test holds the two equal."""

    def __init__(self, codes: tuple[str, ...]) -> None:
        self.history: dict[str, list[dict[str, str]]] = {code: [] for code in codes}
        self.seen: dict[str, tuple[str, dict[str, Any]]] = {}

    def told(self, code: str) -> dict[str, Any]:
        """One indicator as the interface tells it."""
        versions = self.history[code]
        last = versions[-1] if versions else dict.fromkeys(TEXTS, "")
        return {
            "version": len(versions), "shown": last["value"], "abstained": last["abstain_note"] != "",
            **{name: last[name] for name in TEXTS if name != "value"},
        }  # fmt: skip

    def put(self, code: str, base: int, key: str, body: dict[str, str]) -> tuple[int, dict[str, Any]]:
        """One mark, as `PUT /api/v1/sheets/<ref>/marks/<indicator>` takes it."""
        request = json.dumps([code, body])
        if key in self.seen:
            return (200, self.seen[key][1]) if self.seen[key][0] == request else (422, {"code": "key_reused"})
        number = _NUMBER.fullmatch(body["value"])
        if body["value"] and (number is None or Decimal(body["value"].replace(",", ".")) > 10):
            return 422, {"code": "bad_input"}
        if len(self.history[code]) != base:
            return 409, {"code": "stale_version", "theirs": self.told(code)}
        value = body["value"] and f"{Decimal(body['value'].replace(',', '.')):.2f}"
        said = {**body, "value": value}
        if not self.history[code] or self.history[code][-1] != said:
            self.history[code].append(said)
        self.seen[key] = request, self.told(code)
        return 200, self.told(code)
