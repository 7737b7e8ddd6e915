"""The wake-up calls: Huey on a file of its own or on Redis. Losing them loses nothing but some seconds.

A call holds the reference of a job and is written as JSON; nothing in the queue is ever unpickled. Huey is loaded when
the first call is sent, because it takes a third of a second.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import structlog
from sqlalchemy import event
from sqlalchemy.orm import Session

from paritrana.database import db

if TYPE_CHECKING:
    from huey.api import Huey

log = structlog.get_logger("paritrana.jobs")

NAME: Final = "paritrana"
_WAITING: Final = "jobs.waiting"  # in the session's notes: what is sent once the transaction is committed
CONNECT_SECONDS, ANSWER_SECONDS = 2, 5


class Queue:
    """The queue behind `url`: `sqlite:///FILE`, or `redis://…` and `rediss://…` for many machines."""

    def __init__(self, url: str) -> None:
        self.url = url

    @property
    def file(self) -> Path | None:
        """The queue's file; None on Redis."""
        return Path(self.url.removeprefix("sqlite:///")) if self.url.startswith("sqlite:") else None

    def huey(self, perform: Callable[[str], None]) -> "Huey":
        """A Huey that calls `perform` with the reference of a job. The caller closes its storage."""
        from huey.api import Huey
        from huey.storage import RedisStorage, SqliteStorage

        options: dict[str, Any] = {"results": False, "serializer": serializer()}
        if self.file is not None:
            huey = Huey(NAME, storage_class=SqliteStorage, filename=str(self.file), timeout=5, **options)
        else:
            huey = Huey(NAME, storage_class=RedisStorage, connection_pool=self._pool(), **options)

        def run_job(ref: str) -> None:
            perform(ref)

        huey.task()(run_job)  # known by this module and its name, whoever sends and whoever listens
        return huey

    def send(self, refs: Sequence[str]) -> None:
        """Wake a worker for each of these jobs. Raises what the queue raises when it does not answer."""
        with self._open() as huey:
            task = huey._registry.string_to_task(f"{__name__}.run_job")
            for ref in refs:
                huey.enqueue(task((ref,), {}))

    def size(self) -> int:
        """How many calls wait. Raises what the queue raises when it does not answer."""
        with self._open() as huey:
            return int(huey.storage.queue_size())

    def answers(self) -> bool:
        """Whether the queue can be reached now."""
        try:
            self.size()
        except Exception as fault:
            log.warning("queue_unreachable", reason=type(fault).__name__)
            return False
        return True

    @contextmanager
    def _open(self) -> Iterator["Huey"]:
        # Made anew each time: a file that was removed meanwhile is made again, and no connection is left over.
        huey = self.huey(lambda ref: None)
        try:
            yield huey
        finally:
            if self.file is not None:
                huey.storage.close()
            else:
                huey.storage.pool.disconnect()

    def _pool(self) -> Any:
        from redis import ConnectionPool
        from redis.backoff import NoBackoff
        from redis.retry import Retry

        # A request must not wait for a queue that is down: the sweep sends the call again.
        return ConnectionPool.from_url(
            self.url,
            socket_connect_timeout=CONNECT_SECONDS,
            socket_timeout=ANSWER_SECONDS,
            retry=Retry(NoBackoff(), 0),
        )


def serializer() -> Any:
    """Huey's messages as JSON objects, instead of the pickles that it writes by default."""
    from huey.registry import Message
    from huey.serializer import Serializer

    class JsonSerializer(Serializer):  # type: ignore[misc]
        def _serialize(self, data: Any) -> bytes:
            if not isinstance(data, Message):
                raise TypeError("the queue holds messages only")
            return json.dumps(data._asdict(), separators=(",", ":"), allow_nan=False).encode()

        def _deserialize(self, data: bytes) -> Any:
            found = json.loads(bytes(data))
            if not isinstance(found, dict) or not found.keys() <= set(Message._fields):
                raise ValueError("not a message of this queue")
            return Message(**found)

    return JsonSerializer()


# After the commit -----------------------------------------------------------------------------------------------------


def send_after_commit(queue: Queue, ref: str) -> None:
    """Wake a worker for `ref` once the present transaction is committed, and not at all when it is rolled back."""
    db.session().info.setdefault(_WAITING, []).append((queue, ref))


@event.listens_for(db.session, "after_commit")
def _send(session: Session) -> None:
    if session.in_nested_transaction():
        return
    waiting: list[tuple[Queue, str]] = session.info.pop(_WAITING, [])
    for queue in {queue for queue, _ref in waiting}:
        refs = [ref for one, ref in waiting if one is queue]
        try:
            queue.send(refs)
        except Exception as fault:  # the act is stored; the sweep of a worker finds the job without the call
            log.warning("wake_up_not_sent", jobs=refs, reason=type(fault).__name__)


@event.listens_for(db.session, "after_rollback")
def _forget(session: Session) -> None:
    session.info.pop(_WAITING, None)
