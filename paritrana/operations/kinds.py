"""The jobs that keep an installation in order. Each may be run twice, and does nothing the second time."""

import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import structlog
from sqlalchemy import func, select

from paritrana.accounts.service import forget_expired
from paritrana.audit import halt
from paritrana.config import Settings
from paritrana.core.errors import ParitranaError
from paritrana.core.lifecycle import State
from paritrana.core.words import N_
from paritrana.cycles.models import Category, Cycle
from paritrana.cycles.queries import cycle_time, moves_of
from paritrana.cycles.service import store_due_moves
from paritrana.database import db, reading
from paritrana.files.keeping import REMOVE_ORPHANS, note_state
from paritrana.files.models import Blob
from paritrana.files.store import BlobStore, DamagedFile
from paritrana.jobs.kinds import Kind, Progress, Run, Said, every, nightly
from paritrana.jobs.service import forget_old
from paritrana.nominations.service import end_expired
from paritrana.operations import backup as copies
from paritrana.operations.invariants import broken_rules
from paritrana.operations.queries import revision_now

log = structlog.get_logger("paritrana.jobs")

INCOMING_KEPT: Final = timedelta(hours=48)
PAGE: Final = 200  # files read from the table at once
SHORTENED: Final = 52  # hexadecimal digits of a hash that are left out there
NAMED: Final = 10  # damaged files or broken rules named in the sentence; the log names all


class FilesDamaged(ParitranaError):
    """Stored files are missing or no longer have their hash. Params: `count`, `total`, `files`."""

    code = "files_damaged"
    message = N_("%(count)s of %(total)s files are missing or changed: %(files)s. Restore them from a backup.")


class RulesBroken(ParitranaError):
    """The stored records do not agree with one another. Params: `count`, `rules`."""

    code = "rules_broken"
    message = N_("%(count)s rules of the records are broken: %(rules)s. The command paritrana check says more.")


# Moves of the clock ---------------------------------------------------------------------------------------------------


def store_moves(run: Run, progress: Progress) -> Said:
    """Store the moves of the clock that are due in real cycles, each with its event dated at the deadline."""
    due = [category.id for category in _categories_to_move(run.now())]
    db.session.rollback()
    moved = 0
    for done, category_id in enumerate(due):
        progress(done, len(due))
        category = db.session.get_one(Category, category_id, with_for_update={"of": Category}, populate_existing=True)
        before = category.stored_state
        store_due_moves(category, at=cycle_time(category.cycle, run.now()))
        moved += category.stored_state is not before
        db.session.commit()
    progress(len(due), len(due))
    return Said(N_("Stages moved on by their deadlines: %(count)s."), {"count": moved})


def moves_wait(at: datetime) -> bool:
    """Whether a deadline of a real cycle has passed whose move is not stored."""
    return bool(_categories_to_move(at))


_MOVED_BY_CLOCK = (int(State.OPEN), int(State.CLOSED), int(State.SEALED))


def _categories_to_move(at: datetime) -> Sequence[Category]:
    candidates = db.session.scalars(
        select(Category)
        .join(Category.cycle)
        .where(Cycle.kind == "real", Category.state.in_(_MOVED_BY_CLOCK))
        .order_by(Category.id)
    ).all()
    return [one for one in candidates if moves_of(one, cycle_time(one.cycle, at))]


# Tidying --------------------------------------------------------------------------------------------------------------


def tidy(run: Run, progress: Progress) -> Said:
    """Remove what has served: sessions that ended, answers to repeats, ended jobs, and uploads that broke off."""
    at = run.now()
    sessions, answers = forget_expired(at=at)
    db.session.commit()
    progress(1, 3)
    jobs = forget_old(at=at)
    db.session.commit()
    progress(2, 3)
    uploads = 0
    store = BlobStore(run.settings.blob_path)
    for part in end_expired(actor=run.actor, now=at):
        db.session.commit()
        store.drop_part(part)
        uploads += 1
    uploads += _forget_uploads(run.settings.blob_path / "incoming", before=at - INCOMING_KEPT)
    progress(3, 3)
    return Said(
        N_("Removed: %(sessions)s sessions, %(answers)s answers, %(jobs)s jobs, %(uploads)s uploads that broke off."),
        {"sessions": sessions, "answers": answers, "jobs": jobs, "uploads": uploads},
    )


def _forget_uploads(folder: Path, *, before: datetime) -> int:
    """Remove what uploads left behind that were never finished; gives how many files."""
    removed = 0
    if not folder.is_dir():
        return removed
    for entry in os.scandir(folder):
        with suppress(FileNotFoundError):  # finished or discarded by its upload just now
            if entry.is_file(follow_symlinks=False) and entry.stat().st_mtime < before.timestamp():
                os.unlink(entry.path)
                removed += 1
    return removed


# Checking -------------------------------------------------------------------------------------------------------------


def check_files(run: Run, progress: Progress) -> Said:
    """Read every stored file again and compare it with its hash; what differs is held back until it is whole again.

    Raises `FilesDamaged`, which names what differs.
    """
    store = BlobStore(run.settings.blob_path)
    with reading():
        total = db.session.scalar(select(func.count()).select_from(Blob)) or 0
        progress(0, total)
        damaged, done = [], 0
    for blob_id, organisation_id, sha256, held in _addresses():
        try:
            store.open(organisation_id, sha256).close()
            whole = True
        except DamagedFile:
            damaged.append(f"{organisation_id}/{sha256[:2]}/{sha256}")
            whole = False
        if whole == held:
            if not whole:  # found just now: what was known before stopped everything when it was found
                halt.halt(halt.FILES, at=run.now(), detail=damaged[-1])
            note_state(blob_id, damaged=not whole, actor=run.actor, at=run.now())
            db.session.commit()
        done += 1
        progress(done, max(done, total))
    if damaged:
        log.error("files_damaged", files=damaged)
        shown = ", ".join(f"{address[:-SHORTENED]}…" for address in damaged[:NAMED])
        shown += ", …" if len(damaged) > NAMED else ""
        raise FilesDamaged(count=len(damaged), total=done, files=shown)
    return Said(N_("Files read again: %(count)s. Each has the hash of its receipt."), {"count": done})


def _addresses() -> Iterator[tuple[int, int, str, bool]]:
    """Id, organisation and hash of every stored file, and whether it is held back.

    They are read page by page, so that no transaction stays open meanwhile.
    """
    last = 0
    while True:
        with reading():
            page = db.session.execute(
                select(Blob.id, Blob.organisation_id, Blob.sha256, Blob.damaged_at)
                .where(Blob.id > last, Blob.destroyed_at.is_(None))
                .order_by(Blob.id)
                .limit(PAGE)
            ).all()
            db.session.rollback()
        for row in page:
            yield row.id, row.organisation_id, row.sha256, row.damaged_at is not None
        if len(page) < PAGE:
            return
        last = page[-1].id


def check_records(run: Run, progress: Progress) -> Said:
    """Compare events, chain, tables and results; the files have a job of their own.

    Raises `RulesBroken`, which names the first rules that do not hold, by code and place.
    """
    broken = []
    with reading():
        for one in broken_rules(run.settings, at=run.now(), with_files=False, progress=progress):
            log.error("rule_broken", rule=one.rule, where=one.where, sentence=one.sentence)
            broken.append(f"{one.rule} ({one.where})")
    if broken:
        shown = ", ".join(broken[:NAMED]) + (", …" if len(broken) > NAMED else "")
        raise RulesBroken(count=len(broken), rules=shown)
    return Said(N_("The chain of events is whole, and the records agree with it."))


# Copies ---------------------------------------------------------------------------------------------------------------


class CopyFailed(ParitranaError):
    """No copy could be made, or files are missing in it. Params: `reason`."""

    code = "copy_failed"
    message = N_("The copy is not whole: %(reason)s")


def make_copy(run: Run, progress: Progress) -> Said:
    """Copy the database and the new files into the folder of copies, and remove copies that later ones stand for.

    Raises `CopyFailed`.
    """
    folder = run.settings.backup_path
    if folder is None:
        return Said(N_("No folder for copies is set up."))
    try:
        with reading():
            made = copies.back_up(run.settings, folder, at=run.now(), revision=revision_now())
        removed = copies.thin_out(folder, at=run.now())
    except (copies.BackupFault, OSError) as fault:
        raise CopyFailed(reason=str(fault)) from fault
    if made.damaged:
        raise CopyFailed(reason=", ".join(made.damaged[:NAMED]))
    return Said(
        N_("Copied: %(files)s files. Older copies removed: %(removed)s."), {"files": made.files, "removed": removed}
    )


def back_up_kind(settings: Settings) -> Kind:
    """The regular job that copies, every five minutes, so that no more than these can be lost."""
    return Kind(
        "back_up", N_("Make a copy of everything"), make_copy, by_hand=True, slot=every(5),
        wanted=lambda at: settings.backup_path is not None, while_halted=True,
    )  # fmt: skip


# At night in Indonesia: 18 o'clock UTC is 1 o'clock WIB.
KINDS: Final = (
    Kind("check_files", N_("Read every file again"), check_files, by_hand=True, slot=nightly(18)),
    Kind("check_records", N_("Check the records and the chain"), check_records, by_hand=True, slot=nightly(19)),
    Kind("tidy", N_("Remove what has served"), tidy, by_hand=True, slot=nightly(17)),
    REMOVE_ORPHANS,
    Kind("store_moves", N_("Store what deadlines have moved"), store_moves, slot=every(10), wanted=moves_wait),
)
