"""The mail server as it may be set up or fail: addresses it refuses, no encryption, a password; and what is no mail."""

from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from sqlalchemy import update

from paritrana.accounts.models import Account
from paritrana.config import load_settings
from paritrana.database import db
from paritrana.outbox.invariants import CHECKS
from paritrana.outbox.kinds import Notices
from paritrana.outbox.models import Message
from paritrana.outbox.sending import Answer, Post, Unreachable
from paritrana.outbox.texts import subject_of
from tests.factories import sign_in
from tests.outbox.letterbox import Letterbox, free_port
from tests.outbox.test_outbox import HELD, box, in_scoring, post_office, remind, send, standing  # noqa: F401 - fixtures

OFFICE = "kantor@contoh.test"


class Choosy(Letterbox):
    """Takes mail for one address alone."""

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: list[str]) -> str:
        """What the protocol asks for each recipient."""
        if not address.startswith("ada@"):
            return "550 nobody here"
        envelope.rcpt_tos.append(address)
        return "250 OK"


def post_to(folder, port, security):
    """A connection as the settings describe it, with a password."""
    settings = load_settings(
        {}, instance_path=folder, mail_server="127.0.0.1", mail_port=port, mail_security=security, mail_from=OFFICE,
        mail_user="kantor", mail_password="rahasia",
    )  # fmt: skip
    return Post(settings)


def test_who_the_server_does_not_know_is_refused_and_the_next_mail_leaves_in_the_same_talk(tmp_path):
    choosy, entered = Choosy(), []

    def knows(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        entered.append((data.login, data.password))
        return AuthResult(success=True)

    server = Controller(
        choosy, hostname="127.0.0.1", port=free_port(), authenticator=knows, auth_require_tls=False
    )  # fmt: skip
    server.start()
    post = post_to(tmp_path, server.port, "none")
    try:
        answers = [
            post.hand_over(b"Subject: Uji\r\n\r\nUji\r\n", sender=OFFICE, address=f"{name}@contoh.test")
            for name in ("tiada", "ada")
        ]
    finally:
        post.close()
        server.stop()
    assert answers == [Answer("refused", "550 nobody here"), Answer("accepted", "250 OK")]
    assert [to for to, _letter in choosy.letters] == [["ada@contoh.test"]]
    assert entered == [(b"kantor", b"rahasia")]  # once for both


def test_without_the_encryption_that_was_set_up_nothing_leaves(tmp_path, box):  # noqa: F811 - the fixture
    for security in ("starttls", "tls"):
        post = post_to(tmp_path, box[1], security)
        with pytest.raises(Unreachable):
            post.hand_over(b"Subject: Uji\r\n\r\nUji\r\n", sender=OFFICE, address="ada@contoh.test")
    assert box[0].letters == []


def test_what_is_no_mail_address_gets_nothing_and_attempts_are_counted(post_office, box):  # noqa: F811 - fixtures
    remind(in_scoring(), "assessor-3", "assessor-4")
    db.session.execute(update(Account).where(Account.name == "Assessor 3").values(email="séorang@contoh.test"))
    db.session.commit()
    send(post_office)
    assert standing(post_office) == [("failed", "no_address", 0), ("sent", "", 1)]
    assert [to for to, _letter in box[0].letters] == [["assessor-4@contoh.test"]]
    (look,) = [check.look for check in CHECKS]
    assert list(look()) == []
    sent = db.session.query(Message).filter_by(state="sent").one()
    sent.attempts = 2
    (broken,) = look()
    assert (broken.rule, broken.where) == ("message.attempts", sent.ref)
    assert broken.sentence == "2 attempts are counted, 1 are on record."


def test_the_list_of_a_cycle_is_narrowed_to_one_kind_of_message(app, client, db_session):
    remind(in_scoring(), "assessor-3")
    sign_in(client, "organiser-1")
    (ref,) = [one.ref for one in db.session.query(Message)]
    for kind, listed in (("sheets_due", True), ("sheet_submitted", False)):
        page = client.get(f"/manage/contoh-2025/outbox?kind={kind}").get_data(as_text=True)
        assert (ref in page) is listed


def test_two_kinds_of_one_name_are_refused_and_a_rehearsal_says_so_in_the_subject():
    with pytest.raises(ValueError, match="one name"):
        Notices(HELD, HELD)
    subject = subject_of("ntb-2026-latihan-2", "Undangan", simulated=True, rehearsal=True)
    assert subject == "[LATIHAN 2 NTB 2026] Undangan"
