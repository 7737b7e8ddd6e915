"""The administrator's pages about the machine: how it is, and the list of jobs."""

import hashlib
import platform
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass
from datetime import datetime
from importlib.metadata import version
from typing import Any, Final

from flask import Blueprint, current_app, flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import pgettext

from paritrana.accounts.once import once
from paritrana.audit import halt
from paritrana.config import Settings
from paritrana.core.errors import NotFound, ParitranaError
from paritrana.core.policy import Act
from paritrana.core.words import N_
from paritrana.database import canonical, db
from paritrana.jobs.kinds import Kinds
from paritrana.jobs.models import ENDED, STATES, Job, Worker
from paritrana.jobs.queries import counts, get_job, last_ended, open_kinds, workers
from paritrana.jobs.queue import Queue
from paritrana.operations import service
from paritrana.operations.backup import Snapshot, snapshots
from paritrana.operations.health import COPY_IS_OLD, keys_in_use, newest_copy, present, settings_in_force
from paritrana.operations.queries import job_rows, messages_by_state, revision_now
from paritrana.signing.signers import CertificateKeyMissing, material
from paritrana.web.access import allowed, current_actor, now, require
from paritrana.web.formats import day
from paritrana.web.forms import Form
from paritrana.web.paging import paged
from paritrana.web.template_filters import current_language, file_size, moment, number, sentence, translated

bp = Blueprint("operations", __name__, template_folder="templates")

PAGE: Final = 50
COPIES_SHOWN: Final = 50

STATE_WORDS: Final = {
    "queued": N_("Waiting for a worker"),
    "running": N_("Running"),
    "done": N_("Completed"),
    "failed": N_("Failed"),
    "cancelled": N_("Cancelled"),
}
PURPOSE_WORDS: Final = {
    "receipt": N_("Receipts"),
    "checkpoint": N_("Checkpoints of the record"),
    "totp": N_("Secrets of second factors"),
    "backup": N_("Copies"),
}
PARTS_SHOWN: Final = ("flask", "sqlalchemy", "flask-security", "psycopg", "cryptography", "pikepdf", "pillow")
SHAPES: Final = {"queued": "open", "running": "doing", "done": "ok", "failed": "problem", "cancelled": "neutral"}


@dataclass(frozen=True)
class Shown:
    """A job as the list shows it."""

    ref: str
    kind: str
    state: str
    shape: str
    word: str
    done: int
    total: int | None
    asked_by: str
    started_at: datetime | None
    duration: str
    attempts: int
    said: str
    may_retry: bool
    may_cancel: bool

    @property
    def running(self) -> bool:
        """Whether it has a progress to show."""
        return self.state == "running"


# The machine ----------------------------------------------------------------------------------------------------------


@bp.get("/system")
@allowed(Act.OPERATE)
def system() -> ResponseReturnValue:
    """How the installation is, in one sentence and few facts, and the last regular jobs."""
    settings: Settings = current_app.extensions["settings"]
    found, last = workers(), last_ended()
    answers = _queue().answers()
    standing, copy, mails = halt.halted(), newest_copy(settings), messages_by_state()
    problems = _problems(found, last, answers=answers)
    if standing is not None:
        problems.insert(0, _("Nothing is stored since %(time)s", time=moment(standing.begun_at)))
    if settings.backup_path is not None and (copy is None or now() - copy.at > COPY_IS_OLD):
        problems.append(_("The newest copy is older than an hour, or there is none."))
    if mails.get("failed"):
        problems.append(_("%(n)s messages could not be sent.", n=number(mails["failed"])))
    return render_template(
        "operations/system.html",
        troubles=problems,
        facts=[
            (_("Version"), version("paritrana")),
            (_("Database"), "PostgreSQL" if settings.database_url.startswith("postgresql") else "SQLite"),
            (_("Queue"), _queue_words(settings, answers=answers)),
            (_("Workers"), _worker_words(found)),
            (_("Folder of files"), _folder_words(settings)),
            (_("Key for certificates"), _key_words(settings)),
            (_("Newest copy"), _copy_words(settings, copy)),
            (_("Virus scanner"), _("None. Files are judged by their first bytes, size and hash.")),
        ],
        runs=[(_(kind.title), *_last_run(last.get(kind.name))) for kind in _kinds()],
        failed=counts()["failed"],
        unsent=mails.get("failed", 0),
        halted=standing is not None,
    )


@bp.get("/system/settings")
@allowed(Act.OPERATE)
def settings_page() -> ResponseReturnValue:
    """The settings in force without their secrets, the keys by their ids, and what this installation is made of."""
    settings: Settings = current_app.extensions["settings"]
    return render_template(
        "operations/settings.html",
        settings=settings_in_force(settings),
        keys=[
            (_(PURPOSE_WORDS.get(purpose, purpose)), name, used, since)
            for purpose, name, used, since in keys_in_use(settings)
        ],
        versions=[("paritrana", version("paritrana")), ("Python", platform.python_version()),
                  (_("Structure of the database"), revision_now()),
                  *((name, version(name)) for name in PARTS_SHOWN)],
    )  # fmt: skip


@bp.get("/system/backups")
@allowed(Act.OPERATE)
def backups() -> ResponseReturnValue:
    """The copies of this installation, the newest first."""
    settings: Settings = current_app.extensions["settings"]
    found = [] if settings.backup_path is None else snapshots(settings.backup_path)
    return render_template(
        "operations/backups.html",
        set_up=settings.backup_path is not None,
        total=len(found),
        rows=[(one.folder.name, one.at, one.files, file_size(one.bytes), len(one.damaged)) for one in
              found[:COPIES_SHOWN]],
        old=not found or now() - found[0].at > COPY_IS_OLD,
    )  # fmt: skip


def _copy_words(settings: Settings, copy: Snapshot | None) -> str:
    if settings.backup_path is None:
        return str(_("No folder for copies is set up."))
    return str(_("None")) if copy is None else moment(copy.at)


def _last_run(job: Job | None) -> tuple[Shown | None, datetime | None]:
    return (None, None) if job is None else (_shown(job, ""), job.ended_at)


def _problems(found: Sequence[Worker], last: Mapping[str, Job], *, answers: bool) -> list[str]:
    problems = []
    if not answers:
        problems.append(_("The queue does not answer: jobs begin later, once it answers again."))
    if not any(present(worker, now()) for worker in found):
        problems.append(_("No worker was seen in the last minutes: jobs wait. Start one with: paritrana worker"))
    problems += [
        _("%(kind)s: the last run failed.", kind=_(kind.title))
        for kind in _kinds()
        if kind.name in last and last[kind.name].state == "failed"
    ]
    return problems


def _queue_words(settings: Settings, *, answers: bool) -> str:
    words = "Redis" if settings.queue.startswith("redis") else str(_("A file in the instance folder"))
    return words if answers else str(_("%(queue)s, does not answer", queue=words))


def _worker_words(found: Sequence[Worker]) -> str:
    if not found:
        return str(_("None"))
    seen = moment(found[0].seen_at, seconds=True)
    return str(_("%(n)s, last seen %(time)s", n=number(sum(present(one, now()) for one in found)), time=seen))


def _folder_words(settings: Settings) -> str:
    folder = settings.blob_path
    if not folder.exists():
        return str(_("Empty: the first file makes it."))
    try:
        free = shutil.disk_usage(folder).free
    except OSError:
        return str(_("It cannot be read."))
    return str(_("%(free)s are free", free=file_size(free)))


def _key_words(settings: Settings) -> str:
    try:
        found = material(settings)
    except CertificateKeyMissing:
        return str(_("It cannot be used. The command paritrana check says why."))
    if found.known.development:
        return str(_("Made for development. Get one of your own before certificates are handed out."))
    until = day(found.certificate.not_valid_after_utc, current_language())
    return str(_("%(name)s, valid until %(date)s", name=found.known.name, date=until))


# The jobs -------------------------------------------------------------------------------------------------------------


@bp.get("/system/jobs")
@allowed(Act.OPERATE)
def jobs() -> ResponseReturnValue:
    """All jobs, newest first, by state."""
    return _jobs_page()


@bp.get("/system/jobs/list")
@allowed(Act.OPERATE)
def job_list() -> ResponseReturnValue:
    """The list alone, for the page that looks again by itself: 304 while nothing has changed."""
    context = _list_of_jobs()
    answer = make_response(render_template("operations/_jobs.html", **context))
    answer.set_etag(context["etag"])
    answer.make_conditional(request)
    return answer


@bp.post("/system/jobs/start/<kind>")
@allowed(Act.OPERATE)
@once
def start(kind: str) -> ResponseReturnValue:
    """Ask for a job of a kind that may be started by hand."""
    wanted = service.kind_by_hand(_kinds(), kind)
    require(wanted.act)
    try:
        service.start_job(_queue(), wanted, actor=current_actor(), at=now())
    except ParitranaError as refusal:
        return _refused(refusal)
    db.session.commit()
    return _said(_("%(kind)s: it waits for a worker now.", kind=_(wanted.title)))


@bp.post("/system/jobs/<job>/retry")
@allowed(Act.OPERATE, job=get_job)
@once
def retry(job: Job) -> ResponseReturnValue:
    """Put a failed or cancelled job back into the queue."""
    try:
        service.retry_job(_queue(), job, actor=current_actor(), at=now())
    except ParitranaError as refusal:
        return _refused(refusal)
    db.session.commit()
    return _said(_("The job waits for a worker again."))


@bp.post("/system/jobs/<job>/cancel")
@allowed(Act.OPERATE, job=get_job)
@once
def cancel(job: Job) -> ResponseReturnValue:
    """End a waiting job, or ask its worker to end it."""
    try:
        service.cancel_job(job, actor=current_actor(), at=now())
    except ParitranaError as refusal:
        return _refused(refusal)
    db.session.commit()
    return _said(_("The job is cancelled. One that runs ends at its next step."))


def _said(words: str) -> ResponseReturnValue:
    flash(words, "ok")
    return redirect(url_for("operations.jobs"), 303)


def _refused(refusal: ParitranaError) -> ResponseReturnValue:
    db.session.rollback()
    return _jobs_page([("", sentence(refusal))]), refusal.status


def _jobs_page(problems: list[tuple[str, str]] | None = None) -> str:
    busy = open_kinds()
    return render_template(
        "operations/jobs.html",
        problems=problems or [],
        by_hand=[(kind.name, _(kind.title), kind.name in busy) for kind in _kinds() if kind.by_hand],
        states=STATES,
        state_words=STATE_WORDS,
        **_list_of_jobs(),
    )


def _list_of_jobs() -> dict[str, Any]:
    """What the list shows, with the tag that changes when it does."""
    state = request.args.get("state") or None
    if state is not None and state not in STATES:
        raise NotFound
    number_of = counts()
    total = sum(number_of.values()) if state is None else number_of[state]
    page = paged(total, PAGE)
    rows = [_shown(job, name or "") for job, name in job_rows(state, offset=page.start, limit=PAGE)]
    told = [[str(value) for value in astuple(row)] for row in rows]
    tag = hashlib.sha256(canonical([current_language(), total, page.no, state or "", told])).hexdigest()[:32]
    return {
        "rows": rows,
        "total": total,
        "counts": number_of,
        "state": state,
        "page_no": page.no,
        "pages": page.pages,
        "here": url_for("operations.jobs", state=state),
        "etag": tag,
        "at": now(),
        "plain": Form(formdata=None),
    }


def _shown(job: Job, asked_by: str) -> Shown:
    kind = _kinds().find(job.kind)
    asked_to_end = job.state == "running" and job.cancel_asked
    return Shown(
        ref=job.ref,
        kind=_(kind.title) if kind is not None else job.kind,
        state=job.state,
        shape="attention" if asked_to_end else SHAPES[job.state],
        word=_("It was asked to end") if asked_to_end else _(STATE_WORDS[job.state]),
        done=job.done,
        total=job.total,
        asked_by=asked_by if job.asked_by_id is not None else _("The schedule"),
        started_at=job.started_at,
        duration=_duration(job.started_at, job.ended_at),
        attempts=job.attempts,
        said=_words_of(job),
        may_retry=job.state in {"failed", "cancelled"},
        may_cancel=job.state == "queued" or (job.state == "running" and not job.cancel_asked),
    )


def _words_of(job: Job) -> str:
    stored = job.problem if job.state == "failed" else job.result if job.state in ENDED else None
    if not stored:
        return ""
    params = {name: number(value) if isinstance(value, int) else value for name, value in stored["params"].items()}
    return translated(stored["message"], params)


def _duration(started: datetime | None, ended: datetime | None) -> str:
    """How long a job took, in its two largest units; empty while it runs."""
    if started is None or ended is None or ended < started:
        return ""
    seconds = int((ended - started).total_seconds())
    if seconds < 60:
        return str(pgettext("duration", "%(s)s s", s=seconds))
    if seconds < 3600:
        return str(pgettext("duration", "%(m)s min %(s)s s", m=seconds // 60, s=seconds % 60))
    return str(pgettext("duration", "%(h)s h %(m)s min", h=seconds // 3600, m=seconds % 3600 // 60))


def _kinds() -> Kinds:
    kinds: Kinds = current_app.extensions["jobs"]
    return kinds


def _queue() -> Queue:
    queue: Queue = current_app.extensions["queue"]
    return queue
