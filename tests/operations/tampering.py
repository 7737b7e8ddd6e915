"""One tampering for every rule of the house, made past the services, the checks and the triggers of an SQLite file."""

import os
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DAY = 24 * 60 * 60


@dataclass(frozen=True)
class House:
    """A house that may be tampered with: its database file and its folder of files."""

    database: Path
    blobs: Path

    @contextmanager
    def opened(self) -> Iterator[sqlite3.Connection]:
        """The database without its guards, which stand again afterwards; a change is committed."""
        connection = sqlite3.connect(self.database, isolation_level=None)
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA ignore_check_constraints = ON")
        triggers = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for name, _sql in triggers:
            connection.execute(f"DROP TRIGGER {name}")
        yield connection
        for _name, sql in triggers:
            connection.execute(sql)
        connection.close()

    def run(self, *statements: str) -> None:
        """Run statements, each of which must change something."""
        with self.opened() as connection:
            for statement in statements:
                assert connection.execute(statement).rowcount != 0, statement

    def copy(self, table: str, **changes: Any) -> None:
        """Add a row that is the first one of a table but for `changes`; a callable is asked with the connection."""
        with self.opened() as connection:
            row = dict(connection.execute(f"SELECT * FROM {table} ORDER BY 1 LIMIT 1").fetchone())
            if "id" in row:
                row["id"] = connection.execute(f"SELECT max(id) + 1 FROM {table}").fetchone()[0]
            for name, value in changes.items():
                row[name] = connection.execute(value[1:]).fetchone()[0] if _is_query(value) else value
            marks = ", ".join("?" for _ in row)
            names = ", ".join(f'"{name}"' for name in row)
            connection.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", list(row.values()))

    def file(self) -> Path:
        """One of the stored files."""
        return min(path for path in (self.blobs / "objects").rglob("*") if path.is_file())


def _is_query(value: Any) -> bool:
    return isinstance(value, str) and value.startswith("=")


Tampering = Callable[[House], None]

ZEROS = "0" * 64
CODE = "0000000000000001"  # its check sign would be 0

# For each table that is replayed: its name, what a forged row says otherwise than the first one, and a forged value.
# A text that begins with "=" is asked of the database.
REPLAYED: Mapping[str, tuple[str, Mapping[str, Any], str]] = {
    "deadline": ("category", {"slug": "x", "position": 99}, "closes_at = '2031-01-01 00:00:00.000000'"),
    "extension": ("deadline_extension", {"no": 9, "proposal_ref": "P-0000-0000"}, "reason = 'x'"),
    "category": ("category", {"slug": "x", "position": 99}, "state = state + 1"),
    "rehearsal": ("cycle", {"code": "x-latihan-1", "rehearses_id": 1}, "closed_at = '2031-01-01 00:00:00.000000'"),
    "rubric": ("rubric_version", {"version": 99}, f"digest = '{ZEROS}'"),
    "proposal": ("proposal", {"ref": "P-0000-0000"}, "reason = 'x'"),
    "nomination": ("nomination", {"ref": "N-0000-0000", "category_id": "=SELECT max(id) FROM category"},
                   "candidate_code = 'x'"),
    "evidence": ("evidence_item", {"kind": "x"}, "note = 'x'"),
    "gate_statement": ("gate_statement", {"gate": "x"}, "note = 'x'"),
    "self_assessment": ("self_assessment", {"indicator": "Z9"}, "note = 'x'"),
    "file_declaration": ("file_declaration", {"ref": "D-0000-0000-0000", "sha256": "f" * 64}, "name = 'x'"),
    "attachment": ("attachment", {"no": 999}, "name = 'x'"),
    "name_list": ("name_list", {"ref": "L-0000-0009"}, "name = 'x'"),
    "request": ("change_request", {"no": 99}, "question = 'x'"),
    "revision": ("nomination_revision", {"no": 99, "receipt_no": "R-0000"}, "receipt_no = 'x'"),
    "device": ("device", {"ref": "G-0000-0000", "public_key": "x"}, "revoked_at = '2099-01-01 00:00:00.000000'"),
    "second_factor": ("second_factor", {"ref": "SF-0000-0000", "credential_id": "x"}, "fingerprint = 'x'"),
    "recovery_set": ("recovery_set", {"ref": "RC-0000-0000"}, "used = '[]'"),
    "grant": ("role_grant", {"role": "auditor", "cycle_id": "=SELECT max(id) FROM cycle", "organisation_id": None},
              "decree = 'x'"),
    "invitation": ("invitation", {"ref": "I-0000-0000"}, "position = 'x'"),
    "account_link": ("account_link", {"ref": "W-0000-0000"}, "email = 'x'"),
    "halt": ("halt", {"ref": "H-0000-0000", "standing": 0}, "detail = 'x'"),
    "staff_request": ("staff_request", {"ref": "R-0000-0000", "subject_ref": "x"}, "reason = 'x'"),
    "retention_rule": (
        "retention_rule",
        {"kind": "x", "version": 9,
         "request_ref": "=SELECT ref FROM staff_request WHERE ref NOT IN (SELECT request_ref FROM retention_rule)"},
        "basis = 'x'",
    ),
    "destruction": ("destruction", {"ref": "X-0000-0000", "kind": "x"}, "basis = 'x'"),
    "erasure": (
        "erasure",
        {"ref": "X-0000-0000",
         "request_ref": "=SELECT ref FROM staff_request WHERE ref NOT IN (SELECT request_ref FROM erasure)"},
        "reason = 'x'",
    ),
    "seat": ("seat", {"code": "J99", "account_id": "=SELECT id FROM account ORDER BY id DESC", "role": "member"},
             "constituency = 'x'"),
    "declaration": ("declaration", {"account_id": "=SELECT id FROM account ORDER BY id DESC"}, "conflict = 1"),
    "recusal": ("recusal", {"account_id": "=SELECT id FROM account ORDER BY id DESC"}, "reason = 'x'"),
    "waiver": (
        "waiver",
        {"proposal_ref": "P-0000-0000",
         "recusal_id": "=SELECT id FROM recusal WHERE id NOT IN (SELECT recusal_id FROM waiver)"},
        "reason = 'x'",
    ),
    "finding": ("finding", {"figure": "x"}, "page = 'x'"),
    "decision": ("gate_finding", {"gate": "x"}, "decided_reason = 'x'"),
    "visit": ("field_visit", {"no": 99}, "place = 'x'"),
    "visit_photo": (
        "field_visit_photo",
        {"no": 99, "blob_id": "=SELECT max(id) FROM blob WHERE id NOT IN (SELECT blob_id FROM field_visit_photo)"},
        "shows = 'x'",
    ),
    "override": ("override", {"no": 99, "state": "withdrawn"}, "value = '1.00'"),
    "verification": (
        "verification",
        {"nomination_id": "=SELECT id FROM nomination WHERE id NOT IN (SELECT nomination_id FROM verification)"},
        "state = 'proposed', closed_at = NULL",
    ),
    "session": ("interview_session", {"ref": "S-0000-0000", "no": 99, "attempt": 9}, "room = 'x'"),
    "timer": ("timer_event", {"no": 99}, "by_name = 'x'"),
    "dropout": ("dropout", {"no": 99}, "by_name = 'x'"),
    "answer": (
        "slot_answer",
        {"session_id": "=SELECT id FROM interview_session WHERE id NOT IN (SELECT session_id FROM slot_answer)"},
        "note = 'x', answer = 'move_asked'",
    ),
    "removed_slot": ("removed_slot", {"ref": "S-0000-0000"}, "reason = 'x'"),
    "plan": ("plan_drawn", {"ref": "D-0000-0000"}, "attempt = 9"),
    "witness": ("witness", {"ref": "W-0000-0000"}, "label = 'x'"),
    "mark": ("mark", {"indicator": "Z9"}, "panel_note = 'x'"),
    "sheet": ("sheet", {"ref": "L-0000-0000", "attempt": 9, "receipt_no": None}, "receipt_no = 'x'"),
    "submission": ("sheet_submission", {"version": 9, "receipt_no": "R-0000"}, "receipt_no = receipt_no || 'x'"),
    "late_mark": ("late_mark", {"ref": "T-0000-0000"}, "device_at = 'x'"),
    "late_decision": ("late_decision",
                      {"late_id": "=SELECT id FROM late_mark WHERE id NOT IN (SELECT late_id FROM late_decision)"},
                      "reason = 'x'"),
    "paper_entry": ("paper_entry", {"no": 9, "person_id": 9999}, "scan_name = 'x'"),
    "paper_leaf": ("paper_leaf", {"ref": "H-0000-0000", "indicator": "Z9"}, "cause = 'device'"),
    "paper_decision": ("paper_decision",
                       {"leaf_id": "=SELECT id FROM paper_leaf WHERE id NOT IN (SELECT leaf_id FROM paper_decision)"},
                       "reason = 'x'"),
    "queue_copy": ("queue_copy", {"ref": "Q-0000-0000-0000", "digest": ZEROS}, "made_at = 'x'"),
    "queue_entry": ("queue_copy_entry", {"ref": "E-0000-0000-0000"}, "typed = 'x'"),
    "set_aside": ("mark_set_aside", {"ref": "V-0000-0000-0000"}, "device_at = 'x'"),
    "calibration": ("calibration", {"ref": "B-0000-0000"}, "title = 'x'"),
    "calibration_mark": ("calibration_mark", {"indicator": "Z9"}, "value = '1.00'"),
    "consolidation": ("consolidation", {"ref": "K-0000-0000", "attempt": 9}, "opened_reason = 'x'"),
    "reopening": ("reopening", {"ref": "A-0000-0000", "state": "refused"}, "reason = 'x'"),
    "missing_sheet": ("missing_sheet", {"attempt": 9}, "reason = 'x'"),
    "run": ("result_run", {"ref": "R-0000-0000", "no": 99}, "sheets_due = 99"),
    "seal": (
        "seal",
        {"category_id": "=SELECT category_id FROM result_run WHERE id NOT IN (SELECT run_id FROM seal)",
         "run_id": "=SELECT id FROM result_run WHERE id NOT IN (SELECT run_id FROM seal)"},
        "sealed_by = (SELECT max(id) FROM account)",
    ),
    "acknowledgement": ("acknowledgement", {"found": 99}, "reason = 'x'"),
    "plenary": ("plenary", {"ref": "Y-0000-0000", "no": 9, "closed_at": "2031-01-01 00:00:00.000000",
                            "closed_by": "=SELECT min(id) FROM account", "minutes_number": "x"}, "no = 7"),
    "plenary_attendance": ("plenary_attendance", {"no": 9}, "present = 1 - present"),
    "plenary_decision": ("decision", {"ref": "Z-0000-0000", "no": 9, "proposal_ref": "P-0000-0000"}, "reason = 'x'"),
    "certificate": ("certificate", {"code": CODE, "register_no": 99, "version_no": 9}, "recipient = 'x'"),
    "certificate_template": ("certificate_template_version", {"no": 9}, f"digest = '{ZEROS}'"),
    "certificate_image": ("certificate_image", {"sha256": "f" * 64}, "width = 9999"),
    "certificate_batch": ("certificate_batch", {"ref": "B-0000-0000"}, f"digest = '{ZEROS}'"),
    "printed_name": ("printed_name", {"no": 9}, "reason = 'x'"),
    "name_confirmation": (
        "name_confirmation",
        {"nomination_id": "=SELECT id FROM nomination WHERE id NOT IN (SELECT nomination_id FROM name_confirmation)"},
        "text = 'x'",
    ),
    "publication": ("publication", {"version_no": 9}, "result_table = '{}'"),
    "correction": (
        "correction",
        {"run_id": "=SELECT id FROM result_run WHERE id NOT IN (SELECT run_id FROM correction)", "no": 9},
        "reason = 'x'",
    ),
    "objection": ("objection", {"ref": "K-0000-0000"}, "reason = 'x'"),
    "objection_file": (
        "objection_file",
        {"no": 9, "blob_id": "=SELECT min(id) FROM blob WHERE id NOT IN (SELECT blob_id FROM objection_file)"},
        "name = 'x'",
    ),
    "recall": ("publication_recall", {"publication_id": "=SELECT max(id) FROM publication"}, "reason = 'x'"),
}  # fmt: skip


def _forged(table: str, changes: Mapping[str, Any]) -> Tampering:
    return lambda house: house.copy(table, **changes)


def _sql(*statements: str) -> Tampering:
    return lambda house: house.run(*statements)


def _attended(house: House) -> None:
    house.copy("interview_session", ref="S-0000-0000", no=99, attempt=9)
    house.copy("attendance", session_id="=SELECT id FROM interview_session WHERE ref = 'S-0000-0000'")


def _untriggered(house: House) -> None:
    connection = sqlite3.connect(house.database)
    connection.execute("DROP TRIGGER event_append_only_update")
    connection.close()


def _folder_gone(house: House) -> None:
    house.blobs.rename(house.blobs.with_name("elsewhere"))
    house.blobs.write_bytes(b"a file where the folder was")
    house.blobs.chmod(0o400)


def _key_gone(house: House) -> None:
    keys = house.database.parent / "keys"
    (keys / "pades.key").rename(keys / "pades.away")


def _orphaned(house: House) -> None:
    path = house.file().with_name(ZEROS)
    path.write_bytes(b"nobody knows it")
    os.utime(path, (0, 0))


def _body(kind: str, said: str, then: str) -> str:
    """A statement that has an event of a kind say something else; the chain is broken by it, too."""
    return (
        f"UPDATE event_body SET body = CAST(replace(CAST(body AS TEXT), '{said}', '{then}') AS BLOB) "
        f"WHERE (stream, seq) IN (SELECT stream, seq FROM event WHERE kind = '{kind}')"
    )


KALTIM = "(SELECT id FROM category WHERE cycle_id = (SELECT id FROM cycle WHERE code = 'simulasi-kaltim'))"
# A sheet whose marks count in the sealed ranking.
COUNTING = f"sheet WHERE category_id = {KALTIM} AND submitted_at IS NOT NULL AND withdrawn_at IS NULL ORDER BY id"

TAMPERINGS: Mapping[str, Tampering] = {
    **{f"{name}.without_event": _forged(table, changes) for name, (table, changes, _set) in REPLAYED.items()},
    **{
        f"{name}.event_without_row": _sql(f"DELETE FROM {table}")
        for name, (table, _changes, _set) in REPLAYED.items()
    },
    **{f"{name}.event_differs": _sql(f"UPDATE {table} SET {said}") for name, (table, _c, said) in REPLAYED.items()},
    "attendance.without_event": _attended,
    "attendance.event_without_row": _sql("DELETE FROM attendance"),
    "attendance.event_differs": _sql("UPDATE attendance SET presenter_rank = 'x'"),
    # Where a mass change would break a unique value, one row is enough.
    "nomination.event_differs": _sql("UPDATE nomination SET candidate_code = 'x' WHERE id = 1"),
    "revision.event_differs": _sql("UPDATE nomination_revision SET receipt_no = 'x' WHERE id = 1"),
    "sheet.event_differs": _sql("UPDATE sheet SET receipt_no = 'x' WHERE id = 1"),
    "chain.broken": _sql("UPDATE event_body SET body = body || x'20' WHERE seq = 1"),
    "trigger.missing": _untriggered,
    "foreign_key.broken": _sql("UPDATE account SET person_id = 9999 WHERE id = 1"),
    "role.excluded": lambda house: house.copy(
        "role_grant", role="nominee", cycle_id=None, organisation_id="=SELECT id FROM organisation",
        account_id="=SELECT account_id FROM role_grant WHERE role = 'organiser'",
    ),
    "proposal.two_persons": _sql(
        "UPDATE proposal SET confirmer_id = proposer_id, confirmer_person_id = proposer_person_id "
        "WHERE state = 'confirmed'"
    ),
    "invitation.role": _sql("UPDATE invitation SET account_id = (SELECT min(id) FROM account) WHERE state = 'used'"),
    "staff_request.two_persons": _sql(
        "UPDATE staff_request SET decided_by_id = asked_by_id, decided_person_id = asked_person_id "
        "WHERE state = 'confirmed'"
    ),
    "rubric.digest": _sql("UPDATE indicator SET weight = '99' WHERE id = (SELECT min(id) FROM indicator)"),
    "rubric.frozen": _sql("UPDATE rubric_version SET frozen_at = NULL"),
    "category.rubric": _sql(
        "UPDATE category SET rubric_version_id = (SELECT min(id) FROM rubric_version) WHERE rubric_version_id = "
        "(SELECT id FROM rubric_version WHERE cycle_id IS NOT NULL)"
    ),
    "proposal.digest": _sql("UPDATE proposal SET payload = '{}'"),
    "category.rules": _sql("UPDATE category SET public_table = 'winners' WHERE state = 0"),
    "category.scope": _sql(
        "UPDATE category SET kind = 'village' WHERE slug IN ('umk', 'desa') AND state = 0"
    ),
    "cycle.fields": _sql("UPDATE cycle SET decree = 'x' WHERE code = 'jawa-timur-2026'"),
    "cycle.feeds": _sql("UPDATE cycle SET assessment_year = 2020 WHERE code = 'simulasi-nasional'"),
    "nomination.fed_from": _sql(
        "UPDATE nomination SET fed_from_id = (SELECT max(id) FROM nomination WHERE category_id <> 1) "
        "WHERE fed_from_id IS NULL AND id = 1"
    ),
    "extension.chain": _sql("UPDATE deadline_extension SET closes_after = '2031-01-01 00:00:00.000000'"),
    "rehearsal.result": _sql("UPDATE cycle SET rehearses_id = 1 WHERE code = 'simulasi-kaltim'"),
    "category.move": _sql(_body("category.moved", '"after":1', '"after":7')),
    "category.attempt": _sql("UPDATE category SET attempt = 2"),
    "paper_entry.two_people": _sql("DELETE FROM paper_entry WHERE no = 2"),
    "claims.set": _sql("UPDATE cycle SET settings = '{\"claims_wait\": [\"kabkota\"]}'"),
    "category.calendar": _sql("UPDATE category SET closes_at = opens_at WHERE opens_at IS NOT NULL"),
    "clock.event_differs": _sql("UPDATE cycle SET offset_seconds = offset_seconds + 60 WHERE kind = 'simulated'"),
    "nomination.step": _sql(_body("nomination.moved", '"after":"verified"', '"after":"no_show"')),
    "nomination.copied_from": _sql(
        "UPDATE nomination SET copied_from_id = (SELECT max(id) FROM nomination) WHERE id = 1"
    ),
    "attachment.tenant": _sql("UPDATE blob SET organisation_id = 9999 WHERE id = 1"),
    "revision.digest": _sql("UPDATE nomination_revision SET content = '{}' WHERE id = 1"),
    "revision.numbers": _sql("UPDATE nomination SET revision_no = 7"),
    "seat.excluded": lambda house: house.copy(
        "role_grant", role="administrator", cycle_id=None, organisation_id=None,
        account_id="=SELECT account_id FROM seat",
    ),
    "waiver.two_persons": _sql(
        "UPDATE proposal SET confirmer_person_id = proposer_person_id WHERE ref = (SELECT proposal_ref FROM waiver)"
    ),
    "finding.revision": _sql("UPDATE finding SET revision_no = 99 WHERE id = 1"),
    "finding.document": _sql("UPDATE finding SET document_no = 999 WHERE id = 1"),
    "verification.two_persons": _sql(
        "UPDATE verification SET closed_by = proposed_by, closed_person_id = proposed_person_id"
    ),
    "visit_photo.tenant": _sql(
        "UPDATE blob SET organisation_id = 9999 WHERE id = (SELECT min(blob_id) FROM field_visit_photo)"
    ),
    "override.two_persons": _sql("UPDATE override SET second_by = first_by, second_person_id = first_person_id"),
    "mark.revision_missing": _sql("UPDATE mark_revision SET version = 2 WHERE id = 1"),
    "mark.revision_differs": _sql("UPDATE mark_revision SET value = '1' WHERE id = 1"),
    "mark.second": _sql("UPDATE consolidation SET indicators = '[]'"),
    "sheet.digest": _sql("UPDATE mark SET feedback = 'x'"),
    "sheet.after_seat": _sql(
        "UPDATE sheet SET submitted_at = '2099-01-01 00:00:00.000000' "
        "WHERE assessor_id IN (SELECT account_id FROM seat WHERE ended_at IS NOT NULL)"
    ),
    "submission.digest": _sql("UPDATE sheet_submission SET content = '{}'"),
    "queue_copy.digest": _sql("UPDATE queue_copy SET content = CAST('{}' AS BLOB)"),
    "submission.last": _sql("DELETE FROM sheet_submission"),
    "plenary_decision.two_persons": _sql(
        "UPDATE account SET person_id = (SELECT a.person_id FROM account a JOIN decision d ON d.proposed_by = a.id) "
        "WHERE id IN (SELECT confirmed_by FROM decision)"
    ),
    "run.digest": _sql(f"UPDATE result_run SET digest = '{ZEROS}'"),
    "run.result": _sql("""UPDATE result_run SET bundle = CAST(replace(CAST(bundle AS TEXT), '"rank": 1', '"rank": 2')
                       AS BLOB)"""),
    "award.event_differs": _sql("UPDATE award SET title_id = 'x'"),
    "diagnostics.computed": _sql(
        """UPDATE run_diagnostics SET said = replace(said, '"decisive":[', '"decisive":["J9",')"""
    ),
    "seal.two_persons": _sql("UPDATE seal SET second_by = sealed_by"),
    "seal.digest": _sql(f"UPDATE seal SET digest = '{ZEROS}'"),
    "seal.state": _sql(f"UPDATE category SET state = 6 WHERE id = {KALTIM}"),
    "result.recomputed": _sql("UPDATE mark SET value = '1'"),
    "result.set_values": _sql("UPDATE override SET reason = 'x'"),
    "result.conflicted": lambda house: house.copy(
        "recusal", no=9, category_id=f"=SELECT {KALTIM}",
        nomination_id=f"=SELECT nomination_id FROM {COUNTING}",
        account_id=f"=SELECT assessor_id FROM {COUNTING}",
    ),
    "certificate.prints": _sql("UPDATE certificate_print SET no = no + 9"),
    "certificate.register": _sql("UPDATE register SET next_no = next_no + 1"),
    "certificate.code": _sql(f"UPDATE certificate SET code = '{CODE}' WHERE id = 1"),
    "certificate.early": _sql("UPDATE category SET publishes_at = NULL WHERE publishes_at IS NOT NULL"),
    "certificate.ended": _sql("UPDATE proposal SET act = 'x' WHERE act = 'revoke_certificate'"),
    "certificate.paper": _sql("UPDATE certificate_paper SET content = CAST(content || x'20' AS BLOB) WHERE id = 1"),
    "certificate.payload": _sql("UPDATE certificate SET payload = 'A' WHERE id = 1"),
    "certificate_batch.item": _sql("UPDATE certificate_batch_item SET basis = 'x' WHERE id = 1"),
    "certificate_image.digest": _sql("UPDATE certificate_image SET content = x'00'"),
    "certificate_template.digest": _sql("UPDATE certificate_template_version SET document = '{}'"),
    "certificate.award": _sql("UPDATE certificate SET title_en = 'x'"),
    "publication.digest": _sql(f"UPDATE publication SET digest = '{ZEROS}'"),
    "publication.result": _sql(
        """UPDATE publication SET bundle = CAST(replace(CAST(bundle AS TEXT), '"rank": 1', '"rank": 2') AS BLOB)"""
    ),
    "publication.sealed": _sql("UPDATE publication SET bundle = bundle || x'20' WHERE source_key IS NULL"),
    "publication.pointer": _sql("DELETE FROM publication"),
    "publication.instant": _sql("UPDATE category SET publishes_at = NULL WHERE publishes_at IS NOT NULL"),
    "correction.two_persons": _sql("UPDATE correction SET confirmed_by = proposed_by"),
    "objection.in_time": _sql("UPDATE objection SET filed_at = '2020-01-01 00:00:00.000000'"),
    "recall.in_time": _sql("UPDATE publication_recall SET confirmed_by = proposed_by"),
    "publication.two_persons": _sql("UPDATE publication SET confirmed_by = proposed_by WHERE source_key IS NULL"),
    "checkpoint.note": _sql("UPDATE checkpoint SET note = note || 'x' WHERE stream LIKE '%/judging'"),
    "checkpoint.root": _sql(f"UPDATE event SET leaf = x'{ZEROS}' WHERE stream = 'system' AND seq = 1"),
    "blob.missing": lambda house: house.file().unlink(),
    "blob.damaged": lambda house: house.file().write_bytes(b"something else") and None,
    "blob.orphan": _orphaned,
    "destruction.list": lambda house: house.run("UPDATE destruction SET items = '[]'"),
    "destruction.file": lambda house: house.run(
        "UPDATE blob SET destroyed_at = '2026-03-01 00:00:00' WHERE id = (SELECT min(id) FROM blob)"
    ),
    "blob.held": _sql("UPDATE blob SET damaged_at = '2026-03-01 00:00:00.000000' WHERE id = 1"),
    "list_overlap.shared": _sql("UPDATE list_overlap SET shared = shared + 1"),
    "preview.pages": _sql("DELETE FROM preview"),
    "look.failed": _sql("UPDATE proposal SET payload = 'no JSON'"),
    "session.number_left": _sql("UPDATE interview_day SET left_no = left_no + 1"),
    "plan.seed": _sql("""UPDATE plan_drawn SET "order" = '["X", "Y", "Z", "A"]' WHERE how = 'drawn'"""),
    "message.attempts": _sql("UPDATE message SET attempts = attempts + 1 WHERE state = 'sent'"),
    "message.sent": _sql("UPDATE message SET state = 'failed', sent_at = NULL WHERE state = 'sent'"),
    "setting.real_cycle": _sql("UPDATE cycle SET kind = 'real' WHERE kind = 'simulated'"),
    "setting.blob_folder": _folder_gone,
    "setting.certificate_keys": _key_gone,
}  # fmt: skip
