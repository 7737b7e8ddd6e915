"""What has reached the end of its time is destroyed as two people agreed, on record, and nothing else is."""

import io
import json
import os
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from flask import Flask
from sqlalchemy import select

from paritrana import securitylog
from paritrana.accounts import requests
from paritrana.audit import service as audit
from paritrana.audit.models import Event, EventBody
from paritrana.audit.queries import first_broken_link
from paritrana.core.errors import MissingReason, SamePerson
from paritrana.core.lifecycle import State
from paritrana.files.keeping import REMOVE_ORPHANS
from paritrana.files.previews.models import Preview
from paritrana.files.previews.web import send_copy, send_preview
from paritrana.files.service import store_upload
from paritrana.files.store import BlobStore, FileDestroyed
from paritrana.files.web import send_blob
from paritrana.jobs.kinds import SYSTEM, Run
from paritrana.nominations.models import Attachment, EvidenceItem
from paritrana.operations.invariants import broken_rules
from paritrana.privacy import keeping, service, work
from paritrana.privacy.cli import retention
from paritrana.privacy.models import Destruction, RetentionRule
from tests.factories import World
from tests.factories_results import contest, nominations, publish
from tests.nominations.pages import paper
from tests.privacy.scenes import YEARS, bytes_there, confirm, file_of, letter_to

Scoped = "scoped_session[Session]"


@pytest.fixture
def here(app: Flask, db_session: Scoped) -> World:
    """A published result with a winner and others, each with a file."""
    made = contest(5)
    publish(made)
    db_session.commit()
    return made


def run_of(app: Flask, at: object) -> Run:
    return Run("J-0", "destroy_due", {}, SYSTEM, app.extensions["settings"], lambda: at)  # type: ignore[arg-type, return-value]


def counts(app: Flask, at: object) -> dict[str, int]:
    lines = service.report(app.extensions["settings"], at)  # type: ignore[arg-type]
    return {line.rule.kind.name: len(line.items) for line in lines}


def broken(app: Flask, at: datetime) -> list[str]:
    found = broken_rules(app.extensions["settings"], at=at)
    return [one.rule for one in found if one.rule.split(".")[0] not in UNMADE]


# The world of these tests is made past the services, so the replay of these tables has nothing to say.
UNMADE = {
    "attachment", "seat", "nomination", "verification", "finding", "revision", "session", "attendance", "mark", "sheet",
    "role", "account", "category", "cycle", "rubric", "deadline", "evidence", "message", "decision", "result", "run",
    "seal", "award", "publication", "proposal", "mark_revision", "setting", "checkpoint", "chain_note", "plenary",
}  # fmt: skip


def test_files_go_when_their_time_is_over_and_winners_keep_theirs_longer(
    app: Flask, here: World, db_session: Scoped, figures_of: Callable[..., None]
) -> None:
    uploader, at = here.accounts["nominee-1"], here.now
    candidates = nominations(here)
    files = [file_of(one, number, uploader, at) for number, one in enumerate(candidates, start=1)]
    db_session.commit()
    published = at + timedelta(hours=1)
    assert counts(app, published + timedelta(days=729))["evidence_others"] == 0
    lines = counts(app, published + timedelta(days=731))
    winners, others = lines["evidence_winners"], lines["evidence_others"]
    assert winners == 0 < others < len(files)
    assert counts(app, published + timedelta(days=1827))["evidence_winners"] == len(files) - others
    later = published + timedelta(days=731)
    request = service.ask_to_destroy(["evidence_others"], app.extensions["settings"], reason="Waktunya selesai",
                                     actor=here.actor("administrator"), at=later)  # fmt: skip
    db_session.commit()
    assert service.unfinished() == []  # nobody confirmed it yet
    assert not work.wanted(later)
    acts = app.extensions["staff_acts"]
    with pytest.raises(SamePerson):
        requests.confirm(acts.get(request.kind), request, actor=here.actor("administrator"), at=later)
    confirm(request, here, later)
    assert work.wanted(later)
    said = work.destroy_due(run_of(app, later), lambda done, total=None: None)
    assert said.params == {"count": others}
    assert not work.wanted(later)
    assert work.destroy_due(run_of(app, later), lambda done, total=None: None).params == {"count": 0}
    gone = [one for one in files if not bytes_there(one)]
    assert len(gone) == others > 0
    assert all(one.destroyed_at == later for one in gone)
    assert len(files) - len(gone) >= 1  # the winners'
    (record,) = db_session.scalars(select(Destruction))
    assert record.count == others
    assert {item["sha256"] for item in record.items} == {one.sha256 for one in gone}
    assert not any("bukti" in json.dumps(item) for item in record.items)
    with app.test_request_context("/"):
        for send in (send_blob, send_copy):
            with pytest.raises(FileDestroyed):
                send(gone[0], display_name="x.pdf", plain_name="bukti-1.pdf")
        with pytest.raises(FileDestroyed):
            send_preview(gone[0], Preview(sha256="0" * 64, size=1))
    left, total, at = sum(map(bytes_there, gone)), len(files), here.now
    assert {"destruction.file", "destruction.list", "blob.missing"}.isdisjoint(broken(app, at))
    assert first_broken_link() is None
    REMOVE_ORPHANS.function(run_of(app, later + YEARS), lambda done, total=None: None)
    figures_of("retention", promises=["P31"], files=total, destroyed=len(gone), kept=total - len(gone),
               single_person=0, leftovers=left, control=others > 0)  # fmt: skip


def test_a_file_that_comes_again_after_its_destruction_is_kept_anew(
    app: Flask, here: World, db_session: Scoped
) -> None:
    blob = file_of(nominations(here)[0], 1, here.accounts["nominee-1"], here.now)
    settings = app.extensions["settings"]
    after = keeping._destroy_files(settings, list(keeping._items_of([blob.id])), "X-1", here.now)
    db_session.commit()
    after()
    assert not bytes_there(blob)
    again, _name = store_upload(
        io.BytesIO(paper(b"file 1")), filename="lagi.pdf", organisation_id=blob.organisation_id, at=here.now + YEARS,
        store=BlobStore(settings.blob_path), max_bytes=10**6, ours=True,
    )  # fmt: skip
    assert again.id == blob.id
    assert again.destroyed_at is None
    assert bytes_there(again)


def test_drafts_go_ninety_days_after_the_close_but_not_what_a_sent_entry_also_holds(
    app: Flask, here: World, db_session: Scoped
) -> None:
    entry = nominations(here)[0]
    closes = here.category.closes_at
    assert closes is not None
    entry.state = "draft"
    alone = file_of(entry, 1, here.accounts["nominee-1"], here.now)
    db_session.commit()
    assert counts(app, closes + timedelta(days=89))["drafts"] == 0
    items = keeping.BY_NAME["drafts"].due(app.extensions["settings"], closes + timedelta(days=91), timedelta(days=90))
    assert [one.sha256 for one in items] == [alone.sha256]
    other = nominations(here)[1]
    db_session.add(
        Attachment(nomination=other, no=7, kind="coverage", blob=alone, name="x.pdf", uploaded_at=here.now,
                   uploaded_by=here.accounts["nominee-1"].id, uploaded_by_name="x")
    )  # fmt: skip
    db_session.commit()
    assert counts(app, closes + timedelta(days=91))["drafts"] == 0


def test_bodies_of_events_go_after_five_years_and_the_chain_still_holds(
    app: Flask, here: World, db_session: Scoped
) -> None:
    code, at = here.cycle.code, here.now
    audit.record(audit.intake(code), "evidence.saved", SYSTEM, at=at, object_ref="N-1", note="catatan pribadi")
    entry = nominations(here)[0]
    db_session.add(EvidenceItem(nomination=entry, kind="coverage", note="catatan", changed_at=at, changed_by_name="x"))
    audit.record(audit.SYSTEM, "account.created", SYSTEM, at=at, object_ref=here.accounts["chair"].ref, name="Chair")
    db_session.commit()
    later = at + 6 * YEARS
    assert counts(app, later)["event_bodies"] == 0  # the cycle is not archived, the account not closed
    for category in here.categories.values():
        category.state = int(State.ARCHIVED)
    here.accounts["chair"].active = False
    db_session.commit()
    due = counts(app, later)["event_bodies"]
    assert due > 1
    before = db_session.scalars(select(Event.leaf).order_by(Event.stream, Event.seq)).all()
    request = service.ask_to_destroy(["event_bodies"], app.extensions["settings"], reason="Lima tahun",
                                     actor=here.actor("administrator"), at=later)  # fmt: skip
    confirm(request, here, later)
    (record,) = service.destroy(request, app.extensions["settings"], actor=SYSTEM, at=later)
    assert record.count == due
    after = db_session.scalars(select(Event.leaf).order_by(Event.stream, Event.seq)).all()
    assert set(before) < set(after)
    assert first_broken_link() is None
    left = db_session.scalars(select(EventBody.body).where(EventBody.body.is_not(None))).all()
    assert not any(b"catatan pribadi" in body for body in left if body)
    assert db_session.scalars(select(EvidenceItem.note)).all() == [""]


def test_log_and_mail_go_and_what_is_younger_stays(app: Flask, here: World, db_session: Scoped) -> None:
    settings, at = app.extensions["settings"], here.now
    for _day, path in securitylog.days(settings.security_log):
        path.unlink()
    for day in ("2020-01-01", at.date().isoformat()):
        securitylog.append(settings.security_log, json.dumps({"time": f"{day}T00:00:00.000000Z"}), day)
    account = here.accounts["nominee-1"]
    letters = [letter_to(account, here, cause=cause, at=at - timedelta(days=days)) for cause, days in
               (("OLD", 91), ("NEW", 89))]  # fmt: skip
    left_over = settings.blob_path / "incoming" / "0123456789"
    left_over.parent.mkdir(parents=True, exist_ok=True)
    left_over.write_bytes(b"half")
    db_session.commit()
    os.utime(left_over, (0, 0))
    names = ["security_log", "mail", "refused"]
    request = service.ask_to_destroy(names, settings, reason="Rutin", actor=here.actor("administrator"), at=at)
    assert set(request.given["kinds"]) == set(names)
    confirm(request, here, at)
    records = service.destroy(request, settings, actor=SYSTEM, at=at)
    assert {one.kind: one.count for one in records} == {"security_log": 1, "mail": 1, "refused": 1}
    assert [day.isoformat() for day, _path in securitylog.days(settings.security_log)] == [at.date().isoformat()]
    assert [one.text_id for one in letters] == ["", f"Yth. {account.name}"]
    assert letters[0].address == ""
    assert not left_over.exists()


def test_a_rule_has_versions_a_legal_basis_and_two_people(app: Flask, here: World, db_session: Scoped) -> None:
    asker, at = here.actor("administrator"), here.now
    for kind, days, basis, reason, refusal in (
        ("nothing", 5, "x", "x", service.UnknownKind), ("mail", 0, "x", "x", service.DaysOutside),
        ("mail", 40_000, "x", "x", service.DaysOutside), ("mail", None, "x", "x", service.DaysOutside),
        ("mail", 5, " ", "x", service.BasisMissing), ("mail", 5, "x", " ", MissingReason),
    ):  # fmt: skip
        with pytest.raises(refusal):
            service.ask_for_rule(kind, days, basis, reason=reason, actor=asker, at=at)
    for days in (30, 60):
        request = service.ask_for_rule("mail", days, "Peraturan X", reason="Diminta", actor=asker, at=at)
        confirm(request, here, at)
    rule = next(one for one in service.rules() if one.kind.name == "mail")
    assert (rule.version, rule.days, rule.basis) == (2, 60, "Peraturan X")
    assert [one.version for one in db_session.scalars(select(RetentionRule).order_by(RetentionRule.id))] == [1, 2]
    assert not [rule for rule in broken(app, at) if rule.startswith("retention_rule")]


def test_what_was_agreed_on_under_an_older_rule_is_not_destroyed(app: Flask, here: World, db_session: Scoped) -> None:
    settings, at, asker = app.extensions["settings"], here.now, here.actor("administrator")
    letter_to(here.accounts["nominee-1"], here, cause="OLD", at=at - timedelta(days=91))
    request = service.ask_to_destroy(["mail"], settings, reason="Rutin", actor=asker, at=at)
    confirm(request, here, at)
    confirm(service.ask_for_rule("mail", 365, "Baru", reason="Lebih lama", actor=asker, at=at), here, at)
    assert service.unfinished() == []
    assert service.destroy(request, settings, actor=SYSTEM, at=at) == []
    with pytest.raises(service.NothingDue):
        service.ask_to_destroy(["mail"], settings, reason="Rutin", actor=asker, at=at)
    with pytest.raises(service.UnknownKind):
        service.ask_to_destroy(["x"], settings, reason="Rutin", actor=asker, at=at)


def test_the_command_lists_and_destroys(app: Flask, here: World, db_session: Scoped, tmp_path: Path) -> None:
    settings, at = app.extensions["settings"], here.now
    letter_to(here.accounts["nominee-1"], here, cause="OLD", at=at - timedelta(days=91))
    confirm(service.ask_to_destroy(["mail"], settings, reason="Rutin", actor=here.actor("administrator"), at=at),
            here, at)  # fmt: skip

    def build(_settings: object) -> Flask:
        return app

    for mode, words in (
        ("--report", "mail               kept    90 days"), ("--apply", "1 destroyed"), ("--apply", "No confirmed"),
    ):  # fmt: skip
        told = CliRunner().invoke(retention, [mode], obj=build, env={"PARITRANA_INSTANCE": str(tmp_path)})
        assert told.exit_code == 0, told.output
        assert words in told.output
