"""The application: settings, database, rooms, facts, error pages. Only this module knows every room."""

import logging
import re
import sys
from collections.abc import Iterable, MutableMapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import structlog
from flask import Flask
from flask_bootstrap import Bootstrap5
from flask_migrate import Migrate
from flask_wtf import CSRFProtect
from sqlalchemy import Engine

from paritrana.accounts import alerts as account_news
from paritrana.accounts import once, one_time, origin, security
from paritrana.accounts import queries as accounts_queries
from paritrana.accounts import views as accounts_views
from paritrana.accounts.models import StaffRequest
from paritrana.accounts.requests import StaffActs
from paritrana.audit import halt
from paritrana.audit.checkpoints import Office
from paritrana.certificates import batches as certificates_batches
from paritrana.certificates import notices as certificates_notices
from paritrana.certificates import office as certificates_office
from paritrana.certificates import views as certificates_views
from paritrana.certificates.checking import views as checking_views
from paritrana.certificates.editor import naming as editor_naming
from paritrana.certificates.editor import views as editor_views
from paritrana.certificates.press import Press
from paritrana.certificates.register import views as register_views
from paritrana.clock import Clock, SystemClock
from paritrana.config import BadSettings, Settings, data_folder, load_settings
from paritrana.core.lifecycle import State
from paritrana.core.policy import Act, Actor, Guard
from paritrana.cycles.models import Category, Cycle
from paritrana.cycles.queries import all_categories, state_now
from paritrana.database import db, engine_options, prepare_engine
from paritrana.files.previews.service import MAKE_PREVIEWS
from paritrana.home import extensions as home_extensions
from paritrana.home import quality as home_quality
from paritrana.home import rehearsals as home_rehearsals
from paritrana.home import views as home_views
from paritrana.home.rubrics import views as rubrics_views
from paritrana.home.setup import views as setup_views
from paritrana.home.setup.feeding import FEED_NATION
from paritrana.inspection import facts as inspection_facts
from paritrana.inspection import notices as inspection_notices
from paritrana.inspection import restoring
from paritrana.inspection import views as inspection_views
from paritrana.inspection.keeping import SIGN_CHECKPOINTS
from paritrana.interviews import notices as interviews_notices
from paritrana.interviews import views as interviews_views
from paritrana.interviews.board import Boards, SeenDay
from paritrana.interviews.models import InterviewDay
from paritrana.jobs.kinds import Kinds
from paritrana.jobs.queue import Queue
from paritrana.nominations import facts as nominations_facts
from paritrana.nominations import views as nominations_views
from paritrana.nominations.models import Nomination
from paritrana.nominations.namelists.work import COUNT_LIST, forget_kind
from paritrana.operations import monitoring
from paritrana.operations import readonly as operations_readonly
from paritrana.operations import views as operations_views
from paritrana.operations.backup import BACKUP
from paritrana.operations.kinds import KINDS, back_up_kind
from paritrana.operations.stopping import LIFT
from paritrana.outbox import house as outbox_house
from paritrana.outbox import views as outbox_views
from paritrana.outbox.kinds import Notices
from paritrana.outbox.sending import send_mail
from paritrana.panels import facts as panels_facts
from paritrana.panels import queries as panels_queries
from paritrana.panels import views as panels_views
from paritrana.people import acts as people_acts
from paritrana.people import alerts as people_alerts
from paritrana.people import cycle as people_cycle
from paritrana.people import email as people_email
from paritrana.people import expiry as people_expiry
from paritrana.people import links as people_links
from paritrana.people import mailing as people_mailing
from paritrana.people import members as people_members
from paritrana.people import organisations as people_organisations
from paritrana.people import profile as people_profile
from paritrana.people import staff_requests as people_requests
from paritrana.people import users as people_users
from paritrana.people.tasks import look_after_people
from paritrana.privacy import views as privacy_views
from paritrana.privacy.erasing import ERASE
from paritrana.privacy.identities import rotation
from paritrana.privacy.service import DESTROY, SET_RULE
from paritrana.privacy.work import DESTROY_DUE
from paritrana.publication import explanation as publication_explanation
from paritrana.publication import office as publication_office
from paritrana.publication import views as publication_views
from paritrana.publication.corrections import views as corrections_views
from paritrana.publication.feedback import views as feedback_views
from paritrana.publication.objections import views as objections_views
from paritrana.publication.site import open_data as site_open_data
from paritrana.publication.site import views as site_views
from paritrana.results import views as results_views
from paritrana.results.exports import views as exports_views
from paritrana.results.plenary import views as plenary_views
from paritrana.results.plenary.minutes import signed_copy
from paritrana.scopes import everybody
from paritrana.securitylog import SecurityLog
from paritrana.sheets import device as sheets_device
from paritrana.sheets import facts as sheets_facts
from paritrana.sheets import notices as sheets_notices
from paritrana.sheets import offline as sheets_offline
from paritrana.sheets import progress as sheets_progress
from paritrana.sheets import recusals as sheets_recusals
from paritrana.sheets import standing as sheets_standing
from paritrana.sheets import views as sheets_views
from paritrana.sheets.calibrations import views as calibrations_views
from paritrana.sheets.consolidations import overview as consolidations_overview
from paritrana.sheets.consolidations import views as consolidations_views
from paritrana.sheets.imported import views as imported_views
from paritrana.sheets.late import views as late_views
from paritrana.sheets.models import Sheet
from paritrana.sheets.paper import views as paper_views
from paritrana.sheets.reminding import WRITE_REMINDERS
from paritrana.sheets.reopening import views as reopening_views
from paritrana.sheets.restarts import views as restarts_views
from paritrana.signing import CHECKPOINT, RECEIPT, UnsafeKey, make_key
from paritrana.signing.signers import make_keys as make_certificate_keys
from paritrana.verification import facts as verification_facts
from paritrana.verification import views as verification_views
from paritrana.web import access, errors, headers, inputs, journal, language, refusals, template_filters
from paritrana.web.access import Access, CategoryPlace
from paritrana.web.intake import PatientRequest

ROOMS = (
    accounts_views, nominations_views, panels_views, verification_views, interviews_views, sheets_views, sheets_offline,
    sheets_device, sheets_recusals, calibrations_views, consolidations_views, restarts_views, late_views, paper_views,
    reopening_views, results_views, plenary_views, certificates_views, certificates_office,
    register_views,
    checking_views, editor_views, editor_naming,
    publication_views, publication_office, corrections_views, objections_views, feedback_views, site_views,
    site_open_data, publication_explanation, operations_views, home_views, home_extensions, home_quality,
    operations_readonly, outbox_house, monitoring,
    privacy_views,
    home_rehearsals, rubrics_views, setup_views, outbox_views, sheets_progress, consolidations_overview, imported_views,
    exports_views, inspection_views, people_profile,
    people_links, people_users, people_organisations, people_requests, people_cycle, people_members, people_email,
)  # fmt: skip

migrate = Migrate()
csrf = CSRFProtect()


def create_app(settings: Settings | None = None, *, clock: Clock | None = None) -> Flask:
    """Build the application from validated settings. Raises `BadSettings`, `UndeclaredRoute`."""
    settings = settings or load_settings()
    app = House(__name__, template_folder="templates", static_folder="static")
    app.request_class = PatientRequest
    app.config.update(
        SECRET_KEY=settings.secret_key,
        TESTING=settings.testing,
        TRUSTED_HOSTS=settings.hosts,
        PREFERRED_URL_SCHEME="https" if settings.secure else "http",
        SQLALCHEMY_DATABASE_URI=settings.database_url,
        SQLALCHEMY_ENGINE_OPTIONS=engine_options(settings.database_url),
        MAX_CONTENT_LENGTH=settings.max_file_bytes + 1024 * 1024,
        MAX_FORM_MEMORY_SIZE=500_000,
        MAX_FORM_PARTS=1000,
        WTF_CSRF_TIME_LIMIT=None,
        BOOTSTRAP_SERVE_LOCAL=True,
        TEMPLATES_AUTO_RELOAD=False,
    )
    app.extensions["settings"] = settings
    app.extensions["clock"] = clock or SystemClock()
    set_up_logs(settings.log_file)
    journal.init_app(app, SecurityLog(settings.security_log, settings.security_log_copy))
    _make_keys(settings)
    if settings.proxy_hops:
        from werkzeug.middleware.proxy_fix import ProxyFix

        app.wsgi_app = ProxyFix(app.wsgi_app, *[settings.proxy_hops] * 3)  # type: ignore[method-assign]
    _set_up_database(app)
    app.extensions["queue"] = Queue(settings.queue)
    app.extensions["jobs"] = Kinds(_actor_now, halt.halted)
    app.extensions["notices"] = Notices(
        *interviews_notices.NOTICES,
        *sheets_notices.NOTICES,
        *certificates_notices.NOTICES,
        inspection_notices.NOTICE,
        *people_mailing.notices(settings, lambda: app.extensions["clock"].now()),
        *people_alerts.NOTICES,
    )
    app.extensions[account_news.EXTENSION] = [people_alerts.tell_owner]
    app.extensions["staff_acts"] = StaffActs(
        LIFT, restoring.act_of(Office.of(settings)), *people_acts.STAFF_ACTS, SET_RULE, DESTROY, ERASE,
        rotation(settings),
    )  # fmt: skip
    press = app.extensions["press"] = Press(settings, signed_copy)
    app.extensions["jobs"].register(
        *KINDS, back_up_kind(settings), look_after_people(settings), MAKE_PREVIEWS, COUNT_LIST, forget_kind(settings),
        send_mail(settings, app.extensions["notices"], _actor_now), WRITE_REMINDERS, FEED_NATION,
        certificates_batches.kind_of_job(press), certificates_batches.press_kind(press),
        certificates_notices.TELL_HOLDERS, SIGN_CHECKPOINTS,
        DESTROY_DUE,
    )  # fmt: skip
    app.extensions["boards"] = Boards()
    app.extensions["sheets_of_the_day"] = sheets_standing
    access.init_app(app)
    inputs.init_app(app)
    csrf.init_app(app)
    origin.init_app(app)
    Bootstrap5(app)
    language.init_app(app)
    template_filters.init_app(app)
    headers.init_app(app)
    errors.init_app(app)
    monitoring.init_app(app, settings)
    refusals.init_app(app)
    security.init_app(app, db)
    people_expiry.init_app(app)
    for room in ROOMS:
        app.register_blueprint(room.bp)
    _register_facts(app.extensions["access"])
    for endpoint in ("static", "bootstrap.static"):
        if endpoint in app.view_functions:
            access.declare_endpoint(app, endpoint, Act.STATIC)
    access.check_declarations(app)
    return app


def _make_keys(settings: Settings) -> None:
    """The keys that sign, made at the first start. Where they cannot be written, the pages say so when they sign."""
    try:
        for purpose in (RECEIPT, CHECKPOINT, one_time.PURPOSE, BACKUP):
            make_key(settings.instance_path / "keys", purpose)
        make_certificate_keys(settings)
    except UnsafeKey as unsafe:
        raise BadSettings(str(unsafe)) from None
    except OSError as fault:
        structlog.get_logger("security").error("key_not_made", reason=fault.strerror)


def _set_up_database(app: Flask) -> None:
    db.init_app(app)
    migrate.init_app(app, db, directory=str(data_folder("migrations")), render_as_batch=True, compare_type=True)
    with app.app_context():
        engine: Engine = db.engine
        prepare_engine(engine)


def _actor_now(account_id: int) -> Actor | None:
    """Who asked for a job, with the rights of this moment; a job cannot ask for a password."""
    with everybody("whose rows may be read follows from who it is that asks"):
        return accounts_queries.load_actor(account_id, fresh=False, seats_of=panels_queries.seats_of, at=access.now())


def _register_facts(registry: Access) -> None:
    registry.actor = security.actor_at_the_door(panels_queries.seats_of)
    registry.first_answer = once.first_answer
    registry.places = _places
    registry.rehearses = _rehearses
    registry.halted = halt.halted
    registry.all_places = lambda at: [_place(category, at) for category in all_categories()]
    registry.facts = {
        Guard.OWN: nominations_facts.own,
        Guard.IN_GRACE: nominations_facts.in_grace,
        Guard.SEATED: lambda actor, role, subject: True,  # the role itself follows from the seat or the grant
        Guard.OWN_CYCLE: lambda actor, role, subject: True,
        Guard.UNCONFLICTED: panels_facts.unconflicted,
        Guard.CATEGORY_UNCONFLICTED: panels_facts.category_unconflicted,
        Guard.OPEN_REQUEST: verification_facts.open_request,
        Guard.NOT_FIRST_PERSON: verification_facts.not_first_person,
        Guard.OWN_ITEM: sheets_facts.own_item,
        Guard.SHEET_LOCKED: sheets_facts.sheet_locked,
        Guard.ALL_SHEETS_IN: sheets_facts.all_sheets_in,
        Guard.NOT_OWN: sheets_facts.not_own,
        Guard.SIMULATED: lambda actor, role, subject: all(c.cycle.simulated for c in _categories(subject)),
        Guard.PUBLISHABLE: lambda actor, role, subject: not _rehearses(subject),
        Guard.ALL_PUBLIC: lambda actor, role, subject: inspection_facts.all_public(subject, access.now()),
    }
    registry.clauses = {
        (Guard.IN_GRACE, Nomination): nominations_facts.in_grace_clause,
        (Guard.CATEGORY_UNCONFLICTED, Nomination): panels_facts.category_unconflicted_clause,
        (Guard.OWN_ITEM, Nomination): sheets_facts.own_part_clause,
        (Guard.SHEET_LOCKED, Nomination): sheets_facts.sheet_locked_clause,
        (Guard.ALL_SHEETS_IN, Nomination): sheets_facts.all_sheets_in_clause,
        (Guard.UNCONFLICTED, Sheet): sheets_facts.of_candidate(panels_facts.unconflicted_clause),
        (Guard.OWN, Nomination): nominations_facts.own_clause,
        (Guard.PUBLISHABLE, Nomination): nominations_facts.publishable_clause,
        (Guard.UNCONFLICTED, Nomination): panels_facts.unconflicted_clause,
        (Guard.OPEN_REQUEST, Nomination): verification_facts.open_request_clause,
        (Guard.NOT_FIRST_PERSON, Nomination): verification_facts.not_first_person_clause,
        (Guard.OWN_ITEM, Sheet): sheets_facts.own_item_clause,
        (Guard.NOT_OWN, Nomination): sheets_facts.own_part_clause,
        (Guard.NOT_OWN, Sheet): sheets_facts.not_own_clause,
    }


def _categories(subject: Any) -> list[Category]:
    if isinstance(subject, Category):
        return [subject]
    if isinstance(subject, Cycle):
        return list(subject.categories)
    if isinstance(subject, InterviewDay | SeenDay):
        return list(subject.cycle.categories)
    category = getattr(subject, "category", None)
    if category is None:
        nomination = getattr(subject, "nomination", None)
        category = getattr(nomination, "category", None)
    return [] if category is None else [category]


def _rehearses(subject: Any) -> bool:
    return any(category.cycle.rehearsal for category in _categories(subject))


def _places(subject: Any, at: datetime) -> Iterable[CategoryPlace]:
    if isinstance(subject, StaffRequest):  # of a cycle, whose officers may be the second person, or of none
        return [] if subject.cycle_id is None else [CategoryPlace(0, subject.cycle_id, State.DRAFT)]
    if isinstance(subject, Cycle) and not subject.categories:
        return [CategoryPlace(0, subject.id, State.DRAFT)]  # its set-up has just begun
    return [_place(category, at) for category in _categories(subject)]


def _place(category: Category, at: datetime) -> CategoryPlace:
    return CategoryPlace(category.id, category.cycle_id, state_now(category, at))


class PatientStream:
    """A file, or standard error as it is now. Where it leads to a full disk, lines are lost and no request is."""

    def __init__(self, file: Path | None = None) -> None:
        self.file = file

    def write(self, text: str) -> None:
        """Write what can be written."""
        with suppress(OSError, ValueError):
            if self.file is None:
                sys.stderr.write(text)
                return
            with self.file.open("a", encoding="utf-8") as log:  # opened anew, so that it may be moved away meanwhile
                log.write(text)

    def flush(self) -> None:
        """Flush what can be flushed."""
        with suppress(OSError, ValueError):
            sys.stderr.flush()


class House(Flask):
    """The application, whose faults stand in the log once: under the reference that the page of a fault shows."""

    def log_exception(self, _exc_info: Any) -> None:
        """Nothing: `web/errors` logs it. Flask would repeat the address, in which a link carries its secret."""


def without_rows(_logger: Any, _method: str, said: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A line without the row that PostgreSQL repeats below its message when it refuses it: names, addresses, texts."""
    if isinstance(said.get("exception"), str):
        said["exception"] = _ROWS.sub("", said["exception"])
    return said


class Lines(logging.Formatter):
    """The same for the lines of libraries."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, and the way to a fault without the row that was refused."""
        return _ROWS.sub("", super().format(record))


# From the word to the end of the message: the blank line before the next one of a chain, or SQLAlchemy's own words.
_ROWS: Final = re.compile(r"\n\s*(?:DETAIL|CONTEXT):.*?(?=\n\n|\n\[SQL|\n\(Background|\Z)", re.DOTALL)


def set_up_logs(file: Path | None = None) -> None:
    """Structured logs: one JSON line per event, in a file or on standard error."""
    stream = PatientStream(file)
    libraries = logging.StreamHandler(sys.stderr)
    libraries.setFormatter(Lines("%(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[libraries])
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            without_rows,
            structlog.processors.JSONRenderer(ensure_ascii=True),
        ],
        wrapper_class=journal.Logger,
        logger_factory=journal.logger_of(structlog.WriteLogger(stream)),  # type: ignore[arg-type]  # it only writes
        cache_logger_on_first_use=False,
    )
