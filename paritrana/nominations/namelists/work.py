"""The jobs of the lists by name: counting one, and removing what has served.

A list is read by one worker, once it is read it is gone. A file that nobody has read after eight minutes is removed
all the same, by the regular job that looks every two.
"""

from contextlib import suppress
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Final

from paritrana.config import Settings
from paritrana.core.errors import ParitranaError
from paritrana.core.filechecks import CheckLate
from paritrana.core.filetypes import CSV, BadFile
from paritrana.core.policy import Act, Actor
from paritrana.core.words import N_
from paritrana.cycles.queries import cycle_time
from paritrana.database import db
from paritrana.files.store import BlobStore
from paritrana.jobs.kinds import HandedBack, Kind, LeaseLost, Progress, RightLost, Run, Said, every
from paritrana.jobs.queue import Queue
from paritrana.jobs.service import enqueue
from paritrana.nominations.namelists import keys, queries, service
from paritrana.nominations.namelists.checking import ListLate, count_list, kind_of
from paritrana.nominations.namelists.models import NameList

KEPT: Final = timedelta(minutes=8)
PREFIX: Final = "L"  # of the references of lists, and so of their files while they come in

DONE: Final = N_("The list was read and deleted.")


def ask_for_count(queue: Queue, one: NameList, *, actor: Actor, at: datetime) -> None:
    """Have a worker count a list; the caller commits."""
    one.job = enqueue(queue, COUNT_LIST, {"list": one.ref}, actor=actor, at=at)


def count(run: Run, progress: Progress) -> Said:
    """Count one list and remove its file, also where it is refused. Raises `RightLost`."""
    ref, store = str(run.arguments["list"]), BlobStore(run.settings.blob_path)
    keep = False
    try:
        _count(run, progress, store, ref)
    except (HandedBack, LeaseLost):  # another worker reads it
        keep = True
        raise
    finally:
        if not keep:
            store.drop_part(ref)
    return Said(DONE)


def _count(run: Run, progress: Progress, store: BlobStore, ref: str) -> None:
    one = queries.get_list(ref)
    cycle = one.nomination.category.cycle
    if one.nomination.organisation_id not in run.actor.organisations:
        service.refuse_list(one, ListLate(name=one.name), actor=run.actor, at=cycle_time(cycle, run.now()))
        db.session.commit()
        raise RightLost
    key = keys.key_of(run.settings.instance_path / "keys", cycle.code)
    regions, own = queries.region_digits(), service.own_digits(one.nomination)
    on = date(cycle.assessment_year, 12, 31)
    name, size = one.name, one.size
    kind = kind_of(name)
    db.session.rollback()  # nothing is locked while a process counts

    def told(at: int) -> None:
        progress(at, size if kind is CSV else None)

    progress(0, size if kind is CSV else None)
    refusal: ParitranaError | None = None
    try:
        with store.open_part(ref) as file:
            counted = count_list(file, kind, name=name, regions=regions, own=own, on=on, key=key, told=told)
    except FileNotFoundError:
        refusal = ListLate(name=name)
    except (BadFile, CheckLate) as found:
        refusal = found
    one = queries.get_list(ref)
    at = cycle_time(one.nomination.category.cycle, run.now())
    if refusal is not None:
        service.refuse_list(one, refusal, actor=run.actor, at=at)
    else:
        service.keep_counts(one, counted, key_id=keys.id_of(key) if key else "", actor=run.actor, at=at)
    db.session.commit()


COUNT_LIST: Final = Kind("count_list", N_("Count a list by name"), count, act=Act.UPLOAD)


# Removing what has served ---------------------------------------------------------------------------------------------


def forget(run: Run, progress: Progress) -> Said:
    """Remove files of lists that nobody read in time, marks that have served, and secrets of archived cycles."""
    files, now = 0, run.now()
    store = BlobStore(run.settings.blob_path)
    for path in _old_files(run.settings, now):
        store.drop_part(path.name)
        files += 1
    for one in queries.late_lists(now - KEPT):
        at = cycle_time(one.nomination.category.cycle, now)
        service.refuse_list(one, ListLate(name=one.name), actor=run.actor, at=at)
        db.session.commit()
    erased = 0
    for one in queries.outlived():
        reason = "withdrawn" if one.nomination.state == "withdrawn" else "archived"
        at = cycle_time(one.nomination.category.cycle, now)
        service.erase_marks(one, reason, actor=run.actor, at=at)
        db.session.commit()
        erased += 1
    for cycle in queries.archived_cycles():
        keys.destroy_key(run.settings.instance_path / "keys", cycle)
    return Said(
        N_("Removed: %(files)s list files that nobody read, comparison marks of %(lists)s lists."),
        {"files": files, "lists": erased},
    )


def forget_kind(settings: Settings) -> Kind:
    """The regular job that removes what has served, for an installation with these folders."""

    def wanted(at: datetime) -> bool:
        return bool(_old_files(settings, at) or queries.late_lists(at - KEPT) or queries.outlived())

    return Kind(
        "forget_lists", N_("Remove what is left of lists"), forget, slot=every(2), wanted=wanted, while_halted=True
    )


def _old_files(settings: Settings, now: datetime) -> list[Path]:
    """The files of lists that came more than eight minutes ago."""
    folder, before = settings.blob_path / "incoming", (now - KEPT).timestamp()
    found = []
    for path in folder.glob(f"{PREFIX}-*"):
        with suppress(FileNotFoundError):  # read and removed just now
            if path.stat().st_mtime < before:
                found.append(path)
    return found
