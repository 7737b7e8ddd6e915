"""What a verifier found, figure by figure."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from paritrana.audit import service as audit
from paritrana.core.errors import BadInput, NotFound, ParitranaError, StaleVersion
from paritrana.core.policy import Actor
from paritrana.core.words import N_
from paritrana.cycles.service import intake_of
from paritrana.database import db
from paritrana.nominations.models import Nomination
from paritrana.panels.queries import has_declared
from paritrana.verification import queries
from paritrana.verification.beside import page_counts
from paritrana.verification.figures import DOCUMENTS, VERDICTS, WITHOUT_VALUE, Figure, Value, to_text
from paritrana.verification.models import Finding, Verification
from paritrana.verification.service.overrides import void_moved
from paritrana.verification.service.writing import MAX_TEXT, NotDeclared, RowRefused, begin


class RevisionChanged(ParitranaError):
    """The nominee sent a new revision while the page was open. Params: `no`."""

    code = "revision_changed"
    message = N_("Revision %(no)s was sent while this page was open. Load it, then enter your findings again.")


class WaitsForAnswer(ParitranaError):
    """A change request asks about the figure; it is judged when the answer is there."""

    code = "waits_for_answer"
    message = N_("A change request asks about this figure. It is judged when the answer is there.")


class VerdictMissing(BadInput):
    """A finding without a verdict."""

    code = "verdict_missing"
    message = N_("Choose a verdict.")


class FoundMissing(BadInput):
    """A verdict that names another figure came without one."""

    code = "found_missing"
    message = N_("Enter the figure you found.")


class FoundDiffers(BadInput):
    """The verdict says that figures match, but they differ."""

    code = "found_differs"
    message = N_("The figure you found differs from the claim. Choose another verdict.")


class NoteMissing(BadInput):
    """Anything but a match needs the page and a note."""

    code = "note_missing"
    message = N_("Enter the page and a note: they are needed unless the figure matches.")


class SourceMissing(BadInput):
    """A figure whose claim waits was found without the page; both outcomes ask for it, so that it tells nothing."""

    code = "source_missing"
    message = N_("Enter the page where you looked. The claim is shown when your finding is saved.")


class PageMissing(BadInput):
    """The document has no such page. Params: `document`, `pages`."""

    code = "page_missing"
    message = N_("Document %(document)s has %(pages)s pages. Write a page of it, such as 1 or 1-2.")


# The note of a finding that was saved before the claim could be seen, where the verifier wrote none.
UNSEEN_NOTE = N_("Found before the claim was shown.")


@dataclass(frozen=True)
class Entry:
    """What a verifier says of one figure. `found` is in the stored form; `expected` is the version seen, 0 for none."""

    figure: str
    found: Value
    verdict: str
    document_no: int | None = None
    page: str = ""
    note: str = ""
    expected: int = 0


class RowsStale(StaleVersion):
    """Rows that somebody else judged meanwhile; `figures` names them."""

    def __init__(self, figures: Sequence[str], *, who: str, time: datetime) -> None:
        super().__init__(who=who, time=time)
        self.figures = tuple(figures)


def take(nomination: Nomination, *, actor: Actor, at: datetime) -> Verification:
    """Put one's name to the verification of a nomination; the caller commits. Raises `VerificationLocked`."""
    verification = begin(nomination, at)
    account_id = actor.account_id
    if verification.taken_by == account_id:
        return verification
    before = verification.taker.ref if verification.taker is not None else None
    verification.taken_by, verification.taken_at = account_id, at
    verification.version += 1
    audit.record(
        intake_of(nomination.category), "verification.taken", actor, at=at, object_ref=nomination.ref, before=before,
        after=actor.ref,
    )  # fmt: skip
    db.session.flush()
    return verification


def record_findings(
    nomination: Nomination,
    kind: str,
    entries: Sequence[Entry],
    *,
    revision_no: int,
    actor: Actor,
    at: datetime,
) -> list[Finding]:
    """Store what was found for the figures of one item, all or none; the caller commits.

    `revision_no` is the revision the verifier looked at. Raises `NotDeclared`, `VerificationLocked`,
    `RevisionChanged`, `RowsStale`, `RowRefused`.
    """
    verification = begin(nomination, at)
    if not has_declared(actor.account_id, nomination.id):
        raise NotDeclared
    if nomination.revision_no != revision_no:
        raise RevisionChanged(no=nomination.revision_no)
    case = queries.case_of(nomination)
    rows = {row.figure.key: row for row in case.item(kind).rows}
    numbers = {document["no"] for document in case.revision.content["attachments"]}
    _refuse_stale(rows, entries, at)
    pages = page_counts(nomination, {one.document_no for one in entries if one.document_no is not None})
    stored = []
    for entry in entries:
        if entry.figure not in rows:
            raise NotFound
        row = rows[entry.figure]
        refusal = refusal_unseen(entry) if row.unseen else refusal_of(row.figure, entry)
        if row.asked:
            refusal = WaitsForAnswer()
        if entry.document_no is not None and entry.document_no not in numbers:
            raise NotFound
        count = pages.get(entry.document_no or 0)
        if refusal is None and count is not None and not names_pages(entry.page, count):
            refusal = PageMissing(document=entry.document_no, pages=count)
        if refusal is not None:
            raise RowRefused(entry.figure, refusal)
        said = compared(row.figure, entry) if row.unseen else entry
        stored.append(store_finding(verification, row, said, actor=actor, at=at))
    if verification.taken_by is None:
        verification.taken_by, verification.taken_at = actor.account_id, at
    verification.version += 1
    db.session.flush()
    void_moved(verification, kind, actor=actor, at=at)
    return stored


def record_finding(
    nomination: Nomination, kind: str, entry: Entry, *, revision_no: int, actor: Actor, at: datetime
) -> Finding:
    """Store what was found for one figure; see `record_findings`."""
    return record_findings(nomination, kind, [entry], revision_no=revision_no, actor=actor, at=at)[0]


def same_as_claim(
    nomination: Nomination,
    kind: str,
    figure: str,
    *,
    document_no: int | None = None,
    page: str = "",
    expected: int,
    revision_no: int,
    actor: Actor,
    at: datetime,
) -> Finding:
    """Find one figure exactly as claimed; see `record_findings`.

    Raises `NotFound` for an unknown figure, and for one whose claim waits for a finding.
    """
    rows = {row.figure.key: row.figure for row in queries.case_of(nomination).item(kind).rows if not row.unseen}
    if figure not in rows:
        raise NotFound
    entry = Entry(figure, rows[figure].claimed, "matches", document_no, page, "", expected)
    return record_finding(nomination, kind, entry, revision_no=revision_no, actor=actor, at=at)


def refusal_of(figure: Figure, entry: Entry) -> ParitranaError | None:
    """Why what was entered for one figure cannot stand, or None. The page asks before it asks the service."""
    if entry.verdict not in VERDICTS:
        return VerdictMissing()
    if entry.verdict == "matches":
        return FoundDiffers() if figure.key != DOCUMENTS and entry.found != figure.claimed else None
    if not entry.note.strip() or not entry.page.strip():
        return NoteMissing()
    if entry.verdict not in WITHOUT_VALUE and figure.key != DOCUMENTS and entry.found is None:
        return FoundMissing()
    return None


def refusal_unseen(entry: Entry) -> ParitranaError | None:
    """The same for a figure whose claim waits. It never depends on the claim, so that no refusal tells of it."""
    if entry.verdict not in WITHOUT_VALUE and entry.found is None:
        return FoundMissing()
    return None if entry.page.strip() else SourceMissing()


def compared(figure: Figure, entry: Entry) -> Entry:
    """What is stored of a figure found before its claim was seen: the verdict follows from the two figures."""
    if entry.verdict not in WITHOUT_VALUE:
        entry = replace(entry, verdict="matches" if entry.found == figure.claimed else "differs")
    return replace(entry, note=entry.note.strip() or UNSEEN_NOTE)


def names_pages(text: str, count: int) -> bool:
    """Whether a typed source names pages of a document that has so many; nothing names them all.

    One page (`14`), some (`3, 5`) or a range (`14-16`, also with the longer dash).
    """
    if not text.strip():
        return True
    numbers = [part.strip() for part in re.split(r"[-\u2013,;]", text)]
    return all(part.isascii() and part.isdecimal() and 1 <= int(part) <= count for part in numbers)


def _refuse_stale(rows: Mapping[str, queries.Judged], entries: Sequence[Entry], at: datetime) -> None:
    stale = [
        entry.figure
        for entry in entries
        if entry.figure in rows and _version(rows[entry.figure].finding) != entry.expected
    ]
    if not stale:
        return
    theirs = [finding for finding in (rows[figure].finding for figure in stale) if finding is not None]
    if not theirs:  # a change request or an answer opened the row again
        raise RowsStale(stale, who=N_("Somebody"), time=at)
    latest = max(theirs, key=lambda one: one.found_at)
    raise RowsStale(stale, who=latest.found_by_name, time=latest.found_at)


def _version(finding: Finding | None) -> int:
    return finding.version if finding is not None else 0


def store_finding(
    verification: Verification, row: queries.Judged, entry: Entry, *, actor: Actor, at: datetime
) -> Finding:
    """Write what was found for one figure, with its event; the caller has checked it, and commits."""
    finding, figure = row.finding, row.figure
    if finding is None:
        finding = Finding(verification=verification, kind=figure.kind, figure=figure.key, version=0)
        db.session.add(finding)
    finding.revision_no = verification.nomination.revision_no
    finding.claimed, finding.found = to_text(figure.claimed), to_text(entry.found)
    if row.unseen:
        finding.unseen = to_text(entry.found) or ""
    finding.verdict = entry.verdict
    finding.document_no, finding.page = entry.document_no, entry.page.strip()[:40]
    finding.note = entry.note.strip()[:MAX_TEXT]
    finding.found_by, finding.found_by_name, finding.found_at = actor.account_id, actor.name, at
    finding.version += 1
    audit.record(
        intake_of(verification.category), "finding.recorded", actor, at=at, object_ref=verification.nomination.ref,
        evidence=figure.kind, figure=figure.key, claimed=finding.claimed, found=finding.found,
        verdict=finding.verdict, document=finding.document_no, page=finding.page or None, note=finding.note or None,
        revision=finding.revision_no, version=finding.version, unseen=finding.unseen,
    )  # fmt: skip
    return finding
