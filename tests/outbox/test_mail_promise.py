"""What mail is promised to be: bent by nothing that is typed, free of secrets and marks, no way to flood anybody."""

import re
import time
from dataclasses import replace
from decimal import Decimal
from email import message_from_string
from email.message import EmailMessage
from email.policy import default

import pytest
from sqlalchemy import select, update

from paritrana.database import db
from paritrana.outbox import service
from paritrana.outbox.kinds import Address, Notice, anybody
from paritrana.sheets.models import Mark, Sheet
from paritrana.sheets.notices import tell_consolidation, tell_due, tell_reopened, tell_submitted
from tests.factories import NOW, world
from tests.factories_results import contest
from tests.outbox.test_outbox import LINKED, box, parts, post_office, send  # noqa: F401 - fixtures

HEADERS = {
    "From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "MIME-Version", "Content-Type",
    "Content-Transfer-Encoding",
}  # fmt: skip
HOSTILE = (
    "x\r\nBcc: rival@evil.example", "x\n.\r\nMAIL FROM:<rival@evil.example>", "\u2028To: rival@evil.example\u2029x",
    "<a href='http://evil.example'>click</a><script>alert(1)</script>", "http://evil.example/?a=1 www.evil.example",
    "%(name)s %s {0} ${x} {{ 7*7 }}", "javascript:alert(1) mailto:rival@evil.example",
    "5201010101010001 and 52 0101 0101 0101 0001", "\u202egnp.exe \u0000\u0007\x1b[2J",
    "=?utf-8?b?QmNjOiByaXZhbEBldmlsLmV4YW1wbGU=?=", "A" * 5000,
)  # fmt: skip
LINK = re.compile(r"(?i)(?:https?|ftp|javascript|mailto|data):[^\s\"'<>]*|www\.[^\s\"'<>]+")
PLACES = re.compile(r"%\((\w+)\)s")
UNSPOKEN = {"mark", "marks", "score", "rank", "value", "nik", "password", "token", "code_of_factor", "secret"}
VICTIM = Address("Korban", "victim@contoh.test")


def bent(letter: EmailMessage, recipients: list[str], to: str) -> list[str]:
    """What is wrong with a letter that something hostile went into."""
    wrong = []
    if recipients != [to] or [one.addr_spec for one in letter["To"].addresses] != [to]:
        wrong.append("recipients")
    if set(letter.keys()) - HEADERS:
        wrong.append("headers")
    if len(" ".join(letter["Subject"].split())) > 60:  # a fold between coded words may read as one more space
        wrong.append("subject")
    for content in parts(letter):
        if [one for one in LINK.findall(content) if not one.startswith("http://localhost/")]:
            wrong.append("links")
        if re.search(r"\d{16}", content) or (
            content.startswith("<!doctype") and re.search(r"<(script|a href='|img)", content)
        ):
            wrong.append("content")
    return wrong


def careless(text: str, to: str) -> tuple[list[str], EmailMessage]:
    """The letter of a program that puts what was typed into its template as it came, and whom it would go to."""
    body = EmailMessage()
    body.set_content(f"{text}\n")
    body.add_alternative(f"<!doctype html><p>{text}</p>", subtype="html")
    head, _, rest = body.as_string().partition("\n\n")
    letter = message_from_string(f"{head}\nTo: {to}\nSubject: {text}\n\n{rest}", policy=default)
    assert isinstance(letter, EmailMessage)
    fields = [field for name in ("To", "Cc", "Bcc") for field in letter.get_all(name, [])]
    return [one.addr_spec for field in fields for one in field.addresses], letter


def every_kind(app) -> list[Notice]:
    """Every kind of message as it is told, but for who may have it."""
    return [
        replace(one, still=anybody, held=False, link=None, per_hour=None, daily=False, wakes=True, fixed=True)
        for one in app.extensions["notices"]
    ]


@pytest.fixture
def open_kinds(post_office):  # noqa: F811
    """The application, whose kinds of messages may go to anybody meanwhile."""
    kept = dict(post_office.extensions["notices"]._notices)
    for one in (*every_kind(post_office), LINKED):
        post_office.extensions["notices"]._notices[one.name] = one
    yield post_office
    post_office.extensions["notices"]._notices.clear()
    post_office.extensions["notices"]._notices.update(kept)


def test_no_mail_is_bent_carries_a_secret_or_floods_anybody(open_kinds, box, clock, figures_of):  # noqa: F811
    began = time.monotonic()
    here = world()
    kinds = every_kind(open_kinds)
    spoken = {place for one in kinds for text in (one.subject, *one.body) for place in PLACES.findall(text)}
    assert not spoken & UNSPOKEN
    to = here.accounts["assessor-3"].email
    for no, (one, text) in enumerate((one, text) for one in kinds for text in HOSTILE):
        places = {place for part in (one.subject, *one.body, one.why) for place in PLACES.findall(part)}
        cycle = here.cycle if no % 2 else None
        here.accounts["assessor-3"].name = text[:150].replace("\x00", "")
        service.post(one, here.accounts["assessor-3"], f"hostile:{no}", dict.fromkeys(places, text), cycle=cycle,
                     path="/home", at=NOW)  # fmt: skip
        if no % 40 == 39:
            db.session.commit()
            send(open_kinds)
    db.session.commit()
    send(open_kinds)
    letters = box[0].letters
    assert len(letters) == len(kinds) * len(HOSTILE)
    wrong = [found for recipients, letter in letters if (found := bent(letter, recipients, to))]
    assert wrong == []
    injected = sum(set(found) != {"links"} for found in wrong)
    foreign_links = sum(found.count("links") for found in wrong)
    # The control: letters that repeat what was typed as it came are noticed.
    noticed = set[str]()
    for text in HOSTILE:
        recipients, letter = careless(text, to)
        noticed |= set(bent(letter, recipients, to))
    bends = noticed == {"recipients", "headers", "subject", "links", "content"}
    assert bends, noticed

    before = len(letters)
    for no in range(60):  # whoever asks, and however often
        service.post(LINKED, VICTIM, f"flood:{no}", {"reason": "x"}, path="/links", about="one", at=clock.now())
        db.session.commit()
    send(open_kinds)
    per_hour = len(letters) - before
    assert per_hour == 5
    mails = len(letters)
    unlimited = replace(LINKED, name="unlimited", per_hour=None)  # the control: a kind without a limit floods
    open_kinds.extensions["notices"]._notices[unlimited.name] = unlimited
    for no in range(12):
        service.post(unlimited, VICTIM, f"unlimited:{no}", {"reason": "x"}, path="/links", about="one", at=clock.now())
    db.session.commit()
    send(open_kinds)
    flooded = len(letters) - mails == 12
    figures_of(
        "mail", promises=["P27"], mails=mails, kinds=len(kinds), injected=injected, foreign_links=foreign_links,
        per_victim_hour=per_hour, seconds=round(time.monotonic() - began, 1), control=bends and flooded,
    )  # fmt: skip
    assert flooded


INDISCREET = Notice("indiscreet", "Mark", "Mark", ("Mark: %(reason)s",), "Mark")


def test_mails_of_two_worlds_that_differ_in_marks_are_the_same(app, db_session, figures_of):
    """What is told of sheets and candidates does not depend on a single mark."""
    contest()
    texts, indiscreet = [], []
    for turn, marks in enumerate((Decimal("1.00"), Decimal("9.00"))):
        db.session.execute(update(Mark).values(value=marks))
        db.session.expire_all()
        sheet = db.session.scalars(select(Sheet).order_by(Sheet.id)).first()
        posted = service.queries.Message
        db.session.execute(posted.__table__.delete())
        tell_submitted(sheet, at=NOW)
        tell_reopened(sheet, "Salah ketik.", at=NOW)
        tell_consolidation(sheet.nomination, [sheet.assessor_id], "/consolidations", cause=f"K-{turn}", at=NOW)
        tell_due(sheet.category, sheet.assessor_id, 3, cause="1", at=NOW)
        rows = db.session.execute(
            select(posted.kind, posted.subject, posted.text_id, posted.text_en, posted.path).order_by(posted.id)
        ).all()
        assert len(rows) == 4
        texts.append([tuple(row) for row in rows])
        service.post(INDISCREET, sheet.assessor_id, f"mark:{turn}", {"reason": marks}, path="/home", at=NOW)
        indiscreet += db.session.scalars(select(posted.text_id).where(posted.kind == INDISCREET.name)).all()
    differing = sum(one != other for one, other in zip(*texts, strict=True))
    control = len(set(indiscreet)) == 2  # a text that tells a mark differs
    figures_of("mail", promises=["P27"], two_worlds_differing=differing, control=control)
    assert (differing, control) == (0, True)
