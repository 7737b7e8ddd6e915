"""Every message that the stage can give rise to, handed to a real mail server, and what its letters say."""

import json
import re
from datetime import datetime, timedelta
from email.message import EmailMessage

from sqlalchemy import select

from paritrana.accounts.models import Account
from paritrana.audit.checkpoints import Checkpoint
from paritrana.certificates import notices as certificates
from paritrana.certificates.models import Certificate
from paritrana.cycles.models import Cycle
from paritrana.database import db, random_ref, set_writing
from paritrana.inspection import notices as inspection
from paritrana.interviews import notices as interviews
from paritrana.interviews.models import InterviewDay, InterviewSession
from paritrana.jobs.kinds import SYSTEM, Run
from paritrana.nominations.models import Nomination
from paritrana.outbox.kinds import Notice
from paritrana.outbox.sending import send_mail
from paritrana.outbox.service import post
from paritrana.people import mailing
from paritrana.people.models import AccountLink, Invitation
from paritrana.sheets import notices as sheets
from paritrana.sheets.models import Sheet
from tests.access.canary_crawl import Leak, found_in
from tests.access.canary_plants import MARKED, NUMBERS, WORD, Secrets
from tests.access.canary_readers import heads_of, text_of_letter
from tests.access.stage import Stage
from tests.outbox.letterbox import letterbox

CANDIDATE = f"{WORD}Calon"  # the name of the candidate, as long as messages are written
TOKEN = re.compile(r"http://localhost/(?:invitations|password/new|email/confirm)/(\S+)")
SAID = "reopening.reason"  # the one word about a candidate that a message repeats, to whoever wrote it

Letters = list[tuple[list[str], EmailMessage]]


def letters_of(stage: Stage, secrets: Secrets, *, planted: bool = False) -> Letters:
    """Everybody is written to about everything, whoever may know of it; what the mail server then gets.

    `planted`: also a message that repeats the mark, a note and a number, to somebody outside.
    """
    with letterbox() as (box, port):
        with stage.app.app_context():
            set_writing(True)
            at = stage.app.extensions["clock"].now()
            candidate = db.session.get_one(Nomination, stage.sent_id)
            candidate.organisation.name = CANDIDATE
            _of_sheets(stage, candidate, secrets, at)
            _of_interviews(stage, candidate, at)
            _of_certificates(at)
            _of_the_record(at)
            _of_accounts(stage, at)
            if planted:
                _indiscreet(stage, secrets, at)
            db.session.commit()
            stage.watch.execute("UPDATE message SET state = 'queued' WHERE state = 'held'")
            for days in (0, 1):  # the second morning brings the summaries
                _send(stage, port, at + timedelta(days=days))
            db.session.remove()
        return box.letters


def _send(stage: Stage, port: int, at: datetime) -> None:
    extensions = stage.app.extensions
    settings = extensions["settings"].model_copy(
        update={"mail_server": "127.0.0.1", "mail_port": port, "mail_security": "none",
                "mail_from": "kantor@contoh.test", "operator_name": "Sekretariat"}
    )  # fmt: skip
    kind = send_mail(settings, extensions["notices"], extensions["jobs"].actor_of)
    kind.function(Run("J-1", kind.name, {}, SYSTEM, settings, lambda: at), lambda done, total=None: None)


def _of_sheets(stage: Stage, candidate: Nomination, secrets: Secrets, at: datetime) -> None:
    everybody = sorted(stage.accounts.values())
    reason = secrets.fields[SAID].decode()
    for sheet in db.session.scalars(select(Sheet).where(Sheet.nomination_id == candidate.id).order_by(Sheet.id)):
        sheets.tell_submitted(sheet, at=at)
        sheets.tell_reopened(sheet, reason, at=at)
    sheets.tell_consolidation(candidate, everybody, "/consolidations", cause=random_ref("K"), at=at)
    for account_id in everybody:
        sheets.tell_due(candidate.category, account_id, 3, cause=random_ref("K"), at=at)


def _of_interviews(stage: Stage, candidate: Nomination, at: datetime) -> None:
    session = db.session.scalars(select(InterviewSession).where(InterviewSession.nomination_id == candidate.id)).one()
    interviews.tell_set(session, at=at)
    db.session.flush()
    db.session.connection().exec_driver_sql("UPDATE message SET state = 'queued' WHERE state = 'held'")
    reason = f"Ruang dipakai {NUMBERS[1]}"  # a typed number never leaves with a message
    interviews.tell_moved(session, at, reason, at=at)
    interviews.tell_kept(session, reason, at=at)
    interviews.tell_cancelled(session, reason, at=at)
    day = db.session.get_one(InterviewDay, session.day_id)
    for account_id in sorted(stage.accounts.values()):
        interviews.tell_prepare(candidate.category, day, account_id, at=at)


def _of_certificates(at: datetime) -> None:
    for certificate in db.session.scalars(select(Certificate).order_by(Certificate.id)):
        certificates.tell(certificate, at=at)


def _of_the_record(at: datetime) -> None:
    cycle = db.session.scalars(select(Cycle).where(Cycle.code == "contoh-2025")).one()
    for word in ("intake", "judging"):
        note = f"localhost/{cycle.code}/{word}\n1\nAAAA\n\n\u2014 localhost AAAA\n"
        signed = Checkpoint(stream=f"{cycle.code}/{word}", size=1, root=bytes(32), note=note, at=at, key_id="localhost")
        inspection.tell([signed], at=at)


def _of_accounts(stage: Stage, at: datetime) -> None:
    invitation = db.session.scalars(select(Invitation).where(Invitation.ref == stage.invitation)).one()
    mailing.send_invitation(invitation, by="Sekretariat", at=at)
    for name in ("nominee-2", "chair"):
        account = db.session.get_one(Account, stage.accounts[name])
        for kind, address in (("password", account.email), ("email", f"lain-{name}@contoh.test")):
            link = AccountLink(
                ref=random_ref("L"), kind=kind, account_id=account.id, email=address, asked_by="system", asked_at=at,
                expires_at=at + timedelta(minutes=30),
            )  # fmt: skip
            db.session.add(link)
            db.session.flush()
            mailing.send_link(link, at=at)
        mailing.send_to_administrator(account, at=at)
        mailing.send_password_changed(account, random_ref("K"), at=at)
        mailing.send_email_changed(account, f"dulu-{name}@contoh.test", random_ref("K"), at=at)
        for granted in (True, False):
            mailing.send_role_changed(account, "verifier", random_ref("K"), granted=granted, at=at)


INDISCREET = Notice(
    "indiscreet", "Note", "Note: %(note)s", (f"Mark %(mark)s, number {NUMBERS[0]}",), "Note", fixed=True
)


def _indiscreet(stage: Stage, secrets: Secrets, at: datetime) -> None:
    """A message as no room writes one: a note in its subject, a mark and a number in its text."""
    extensions = stage.app.extensions
    extensions["notices"]._notices[INDISCREET.name] = INDISCREET
    params = {"note": secrets.fields["finding.note"].decode(), "mark": "8,13"}
    post(INDISCREET, stage.accounts["assessor-4"], random_ref("K"), params, path="/home", at=at)


# What they say --------------------------------------------------------------------------------------------------------


def in_letters(stage: Stage, letters: Letters, secrets: Secrets, outsiders: frozenset[str]) -> list[Leak]:
    """What stands in letters that must not."""
    leaks: list[Leak] = []
    authors = _assessors(stage)
    never = {**secrets.tokens, **{number: number.encode() for number in NUMBERS}}
    for recipients, letter in letters:
        (to,) = recipients
        where = f"letter to {to}: {letter['Subject']}"
        heads, text = heads_of(letter), text_of_letter(letter)
        if WORD.encode() in heads:
            leaks.append((to, where, "a word in the heads"))
        hidden = {**secrets.of_candidate, **secrets.people}
        if to.partition("@")[0] in outsiders:
            hidden["the candidate"] = CANDIDATE.encode()
        elif to in authors:
            hidden.pop(SAID)
        leaks += [(to, where, what) for what in found_in([text], {**hidden, **never})]
        if MARKED.search(text) or MARKED.search(heads):
            leaks.append((to, where, "a mark"))
        leaks += [(to, where, "a number") for one in NUMBERS if one in re.sub(r"\D", "", text.decode())]
    return leaks


def tokens_in(letters: Letters) -> dict[str, bytes]:
    """What the links of letters open doors with."""
    found: dict[str, bytes] = {}
    for _to, letter in letters:
        for token in TOKEN.findall(text_of_letter(letter).decode()):
            found[f"link {len(found)}"] = re.sub(r"[<\"].*", "", token).encode()
    return found


def in_queue(stage: Stage, secrets: Secrets, links: dict[str, bytes]) -> list[Leak]:
    """The same of what is stored of messages, sent or not: no word in a subject or an address, no link that opens."""
    leaks: list[Leak] = []
    rows = stage.watch.execute("SELECT ref, subject, path, about, cause, text_id, text_en FROM message")
    for ref, *heads, indonesian, english in rows:
        short, text = json.dumps(heads).encode(), f"{indonesian}\n{english}".encode()
        if WORD.encode() in short:
            leaks.append((ref, "message", "a word in a subject or an address"))
        leaks += [(ref, "message", what) for what in found_in([short, text], {**links, **secrets.tokens})]
        leaks += [(ref, "message", what) for what in found_in([text], secrets.of_candidate) if what != SAID]
        if MARKED.search(text):
            leaks.append((ref, "message", "a mark"))
    return leaks


def _assessors(stage: Stage) -> set[str]:
    rows = stage.watch.execute(
        "SELECT email FROM account WHERE id IN (SELECT assessor_id FROM sheet WHERE nomination_id = ?)",
        (stage.sent_id,),
    )
    return {row[0] for row in rows}
