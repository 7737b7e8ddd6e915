"""What machines ask an installation: whether it can work, and how it is, in figures without any person in them."""

import hmac
import shutil
import time
from collections.abc import Iterator, Mapping
from typing import Final

import structlog
from flask import Blueprint, Flask, Response, current_app, g, request
from flask.typing import ResponseReturnValue
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from paritrana.accounts.models import SignInSession
from paritrana.audit import halt
from paritrana.audit.models import StreamHead
from paritrana.config import LOOPBACK, Settings
from paritrana.core.errors import NotFound
from paritrana.core.policy import Act
from paritrana.database import db
from paritrana.jobs.queries import counts, workers
from paritrana.jobs.queue import Queue
from paritrana.operations.backup import snapshots
from paritrana.operations.health import present, problems_of
from paritrana.operations.queries import messages_by_state
from paritrana.signing.signers import CertificateKeyMissing, material
from paritrana.web.access import allowed, now

bp = Blueprint("monitoring", __name__)
log = structlog.get_logger("paritrana.operations")

FORWARDED: Final = ("X-Forwarded-For", "X-Real-Ip", "Forwarded", "Via")
BUCKETS: Final = (0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


def init_app(app: Flask, settings: Settings) -> None:
    """Count answers, and register what `/metrics` tells. Each process counts its own answers."""
    registry = CollectorRegistry()
    answers = Counter(
        "paritrana_http_responses", "Answers of this process.", ["method", "status"], registry=registry
    )  # fmt: skip
    seconds = Histogram(
        "paritrana_http_seconds", "Time until an answer of this process begins.", buckets=BUCKETS, registry=registry
    )
    registry.register(_State(settings))
    app.extensions["metrics"] = registry

    @app.before_request
    def _begin() -> None:
        g.began = time.perf_counter()

    @app.after_request
    def _count(response: Response) -> Response:
        answers.labels(_METHODS.get(request.method, "OTHER"), str(response.status_code)).inc()
        if "began" in g:
            seconds.observe(time.perf_counter() - g.began)
        return response


_METHODS: Final = {name: name for name in ("GET", "HEAD", "POST", "PUT", "OPTIONS")}


@bp.get("/readyz")
@allowed(Act.READ_PUBLIC_PAGE)
def readyz() -> ResponseReturnValue:
    """Whether this process can serve people now: 200, else 503. The reasons are told on this machine only."""
    settings: Settings = current_app.extensions["settings"]
    try:
        found = problems_of(settings)
    except SQLAlchemyError as fault:
        log.warning("not_ready", reason=type(fault).__name__)
        found = ["database"]
    words = " ".join(found) if found and _near() else "not ready" if found else "ready"
    return Response(f"{words}\n", 503 if found else 200, mimetype="text/plain")


@bp.get("/metrics")
@allowed(Act.READ_PUBLIC_PAGE)
def metrics() -> ResponseReturnValue:
    """Figures for Prometheus, for this machine or for who brings the token; for others there is no such page."""
    if not (_near() or _has_token()):
        raise NotFound
    return Response(generate_latest(current_app.extensions["metrics"]), content_type=CONTENT_TYPE_LATEST)


def _near() -> bool:
    """Whether the question comes from this machine, not through a proxy that passes on what others ask."""
    return request.remote_addr in LOOPBACK and not any(name in request.headers for name in FORWARDED)


def _has_token() -> bool:
    settings: Settings = current_app.extensions["settings"]
    kind, _space, given = request.headers.get("Authorization", "").partition(" ")
    if settings.metrics_token_file is None or kind != "Bearer":
        return False
    try:
        wanted = settings.metrics_token_file.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        return False
    return len(wanted) >= 16 and hmac.compare_digest(given.strip().encode(), wanted.encode())


class _State(Collector):
    """What the database, the disks and the keys are at the moment of the question."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    def describe(self) -> Iterator[GaugeMetricFamily]:
        """Nothing is asked at the registration."""
        return iter(())

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """The figures; those of the database are left out where it does not answer."""
        yield from self._of_disks()
        queue: Queue = current_app.extensions["queue"]
        yield _one("paritrana_queue_answers", "Whether the queue answers.", queue.answers())
        try:
            yield from self._of_database()
        except SQLAlchemyError:
            yield _one("paritrana_database_answers", "Whether the database answers.", value=False)
            return
        yield _one("paritrana_database_answers", "Whether the database answers.", value=True)

    def _of_database(self) -> Iterator[GaugeMetricFamily]:
        jobs, messages, at = counts(), messages_by_state(), now()
        yield _many("paritrana_jobs", "Jobs by state.", "state", jobs)
        yield _many("paritrana_messages", "Messages by state.", "state", messages)
        yield _one("paritrana_workers", "Workers that were seen lately.", sum(present(one, at) for one in workers()))
        yield _one("paritrana_read_only", "Whether nothing is stored at the moment.", halt.halted() is not None)
        sessions = select(func.count()).where(
            SignInSession.account_id.is_not(None), SignInSession.expires_at > at
        )  # fmt: skip
        yield _one("paritrana_sessions", "Sessions of people that have not ended.", db.session.scalar(sessions) or 0)
        events = db.session.scalar(select(func.sum(StreamHead.seq))) or 0
        yield _one("paritrana_events", "Events on record.", int(events))

    def _of_disks(self) -> Iterator[GaugeMetricFamily]:
        free = {}
        for place, path in (("instance", self.settings.instance_path), ("files", self.settings.blob_path)):
            if path.exists():
                free[place] = shutil.disk_usage(path).free
        yield _many("paritrana_disk_free_bytes", "Free space where the installation writes.", "place", free)
        at = now()
        newest = next(iter(snapshots(self.settings.backup_path)), None) if self.settings.backup_path else None
        if newest is not None:
            yield _one("paritrana_backup_age_seconds", "Age of the newest copy.", (at - newest.at).total_seconds())
        try:
            until = material(self.settings).certificate.not_valid_after_utc
        except CertificateKeyMissing:
            return
        yield _one("paritrana_certificate_key_seconds", "Time the key for certificates is still valid.",
                   (until - at).total_seconds())  # fmt: skip


def _one(name: str, help_: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, help_, value=float(value))


def _many(name: str, help_: str, label: str, values: Mapping[str, int]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, help_, labels=[label])
    for one, value in values.items():
        family.add_metric([one], float(value))
    return family
