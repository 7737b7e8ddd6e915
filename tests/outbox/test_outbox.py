"""The outbox: each message leaves at most once, only to whom it may still concern, and stands on the pages anyway."""

import re
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from email.message import EmailMessage

import pytest
from flask import Flask
from sqlalchemy import select, update

from paritrana.accounts.models import Account
from paritrana.audit.queries import events_of
from paritrana.core.lifecycle import State
from paritrana.core.words import N_
from paritrana.cycles.models import Cycle
from paritrana.database import db, random_ref, set_writing
from paritrana.jobs.kinds import SYSTEM, Run, Said
from paritrana.nominations.models import Nomination
from paritrana.outbox import service
from paritrana.outbox.kinds import Address, Notice
from paritrana.outbox.models import Message, MessageAttempt
from paritrana.outbox.texts import one_line
from paritrana.panels.models import Recusal, Seat
from paritrana.sheets.notices import CONSOLIDATION, REMINDER, tell_due
from tests.factories import NOW, World, sign_in, world
from tests.factories_results import contest, nominations
from tests.nominations.pages import SAME_ORIGIN
from tests.outbox.letterbox import Letterbox, free_port, letterbox

HELD = Notice(
    "slot_set", N_("Interview planned"), N_("Interview on %(day)s"), (N_("Reason: %(reason)s"),), "", held=True
)


@pytest.fixture
def box() -> Iterator[tuple[Letterbox, int]]:
    with letterbox() as found:
        yield found


@pytest.fixture
def post_office(make_app: Callable[..., Flask], box: tuple[Letterbox, int]) -> Iterator[Flask]:
    """An application with a mail server, inside its context."""
    app = make_app(
        mail_server="127.0.0.1", mail_port=box[1], mail_security="none", mail_from="kantor@contoh.test",
        operator_name="Sekretariat", base_url="http://localhost",
    )  # fmt: skip
    with app.app_context():
        yield app


def send(app: Flask, ref: str = "J-1") -> Said:
    """One run of the job that sends."""
    kind = app.extensions["jobs"].find("send_mail")
    run = Run(ref, kind.name, {}, SYSTEM, app.extensions["settings"], app.extensions["clock"].now)
    with app.app_context():
        set_writing(True)
        said = kind.function(run, lambda done, total=None: None)
        db.session.remove()
    return said


def remind(here: World, *names: str, cause: str = "1", n: int = 3) -> None:
    """A message to each of these assessors that tells of no candidate."""
    for name in names:
        tell_due(here.category, here.accounts[name].id, n, cause=cause, at=here.now)
    db.session.commit()


def standing(app: Flask) -> list[tuple[str, str, int]]:
    """State, problem and attempts of every message."""
    with app.app_context():
        rows = db.session.execute(select(Message.state, Message.problem, Message.attempts).order_by(Message.id)).all()
        db.session.remove()
    return [tuple(row) for row in rows]


def in_scoring() -> World:
    return world(state=State.SCORING)


def parts(letter: EmailMessage) -> tuple[str, str]:
    text, html = letter.get_body(("plain",)), letter.get_body(("html",))
    assert text is not None
    assert html is not None
    return text.get_content(), html.get_content()


# Sending --------------------------------------------------------------------------------------------------------------


def test_a_message_is_mailed_once_in_two_languages_with_one_link(post_office, box):
    remind(in_scoring(), "assessor-3")
    for _run in range(3):
        send(post_office)
    ((recipients, letter),) = box[0].letters
    assert recipients == ["assessor-3@contoh.test"]
    assert letter["From"] == "Sekretariat <kantor@contoh.test>"
    assert letter["To"] == "Assessor 3 <assessor-3@contoh.test>"
    assert letter["Subject"].startswith("[SIMULASI CONTOH 2025] ")
    assert len(letter["Subject"]) <= 60
    assert letter["Auto-Submitted"] == "auto-generated"
    text, html = parts(letter)
    indonesian, english = text.split("-- ")
    assert "Pada Kategori kabkota Anda belum mengirim 3 lembar" in indonesian
    assert "In Category kabkota you have not submitted 3 sheets" in english
    for part in (text, html):
        assert set(re.findall(r"https?://[^\s<\"]+", part)) == {"http://localhost/assessments"}
    assert len(letter.as_bytes()) < 20_000
    assert standing(post_office) == [("sent", "", 1)]


def test_a_cause_writes_one_message_to_each_account(post_office, box):
    here = in_scoring()
    for _again in range(2):
        remind(here, "assessor-3", "assessor-4")
    remind(here, "assessor-3", cause="2")
    send(post_office)
    assert len(box[0].letters) == 3


def test_what_is_rolled_back_is_never_sent(post_office, box):
    here = in_scoring()
    tell_due(here.category, here.accounts["assessor-3"].id, 1, cause="1", at=here.now)
    db.session.rollback()
    send(post_office)
    assert box[0].letters == []


@pytest.mark.parametrize(
    "trick", ["\r\nBcc: lain@contoh.test", "\nX-Trick: 1\n\nBody", "\u2028Bcc: x", "\x00\x0bBcc: x"]
)
def test_nothing_that_is_typed_becomes_a_header(post_office, box, trick):
    here = in_scoring()
    here.accounts["assessor-3"].name = "Nama" + trick.replace("\x00", "")  # which PostgreSQL never stores
    db.session.flush()
    params = {"name": f"Kabupaten{trick}", "category": {"id": trick, "en": trick}, "time": here.now}
    notice = Notice("sheets_due", CONSOLIDATION.title, N_("Reason: %(reason)s"), CONSOLIDATION.body, "")
    service.post(
        notice, here.accounts["assessor-3"], "1", params | {"reason": f"Sebab{trick}"}, cycle=here.cycle, path="/home",
        about=str(here.category.id), at=here.now,
    )  # fmt: skip
    db.session.commit()
    send(post_office)
    ((recipients, letter),) = box[0].letters
    assert recipients == ["assessor-3@contoh.test"]
    assert set(letter.keys()) == {
        "From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "MIME-Version", "Content-Type",
    }  # fmt: skip
    assert letter["To"].addresses[0].addr_spec == "assessor-3@contoh.test"
    assert len(letter["To"].addresses) == 1


def test_a_field_is_one_line_of_at_most_120_characters_and_holds_no_number_as_long_as_a_nik():
    assert one_line("a\tb\r\n c\u202e") == "a b c"
    assert len(one_line("panjang " * 100)) <= 120
    for nik in ("5203014107900001", "52.0301.410790.0001", "5203 0141 0790 0001"):
        assert one_line(f"NIK {nik} x") == "NIK … x"
    assert one_line("Rp3.024.000.000 dan 15.000") == "Rp3.024.000.000 dan 15.000"


def test_a_server_that_asks_for_patience_is_asked_again_at_growing_distances(post_office, box, clock):
    remind(in_scoring(), "assessor-3")
    box[0].answers = ["451 later", "421 busy"]
    send(post_office)
    send(post_office)  # too early: nothing is tried
    assert standing(post_office) == [("queued", "later", 1)]
    clock.advance(minutes=1)
    send(post_office)
    assert standing(post_office) == [("queued", "later", 2)]
    clock.advance(minutes=1)
    send(post_office)
    assert box[0].letters == []
    clock.advance(minutes=4)
    send(post_office)
    assert standing(post_office) == [("sent", "", 3)]
    with post_office.app_context():
        tried = db.session.scalars(select(MessageAttempt.outcome).order_by(MessageAttempt.no)).all()
    assert tried == ["later", "later", "accepted"]


def test_a_server_that_never_takes_it_is_given_up(post_office, box, clock):
    remind(in_scoring(), "assessor-3")
    box[0].answers = ["451 later"] * 9
    for _try in range(14):  # at night nothing is tried
        send(post_office)
        clock.advance(hours=9)
    assert standing(post_office) == [("failed", "gave_up", 6)]
    assert len(box[0].answers) == 3


def test_a_refusal_is_final_and_the_others_still_leave(post_office, box):
    remind(in_scoring(), "assessor-3", "assessor-4")
    box[0].answers = ["554 no"]
    send(post_office)
    assert standing(post_office) == [("failed", "refused", 1), ("sent", "", 1)]


def test_a_connection_that_breaks_after_the_whole_message_is_not_tried_again(post_office, box, clock):
    """The server may have it: a second attempt could be a second mail."""
    remind(in_scoring(), "assessor-3", "assessor-4")
    box[0].breaks = 1
    send(post_office)
    clock.advance(days=1)
    send(post_office)
    assert standing(post_office) == [("failed", "unknown_delivery", 1), ("sent", "", 1)]
    assert [to for to, _letter in box[0].letters] == [["assessor-3@contoh.test"], ["assessor-4@contoh.test"]]


def test_a_worker_that_dies_with_a_message_leaves_it_for_a_person_to_decide(post_office, box, clock):
    remind(in_scoring(), "assessor-3")
    db.session.execute(update(Message).values(state="sending", leased_by="J-0/x", lease_until=NOW))
    db.session.commit()
    clock.advance(minutes=6)
    send(post_office)
    assert standing(post_office) == [("failed", "unknown_delivery", 1)]
    assert box[0].letters == []


def test_without_an_answering_server_everything_waits(make_app, clock):
    app = make_app(mail_server="127.0.0.1", mail_port=free_port(), mail_security="none", mail_from="a@contoh.test")
    with app.app_context():
        remind(in_scoring(), "assessor-3", "assessor-4")
    said = send(app)
    assert "did not answer" in said.message
    assert standing(app) == [("queued", "later", 1), ("queued", "", 0)]


def test_without_a_mail_server_messages_stay_on_the_pages(app, client, db_session):
    remind(in_scoring(), "assessor-3")
    kind = app.extensions["jobs"].find("send_mail")
    assert not kind.wanted(NOW)
    send(app)
    assert standing(app) == [("queued", "", 0)]
    sign_in(client, "assessor-3")
    assert 'href="/home/messages"' in client.get("/home").get_data(as_text=True)
    assert "belum dikirim" in client.get("/home/messages").get_data(as_text=True)


def test_two_workers_at_once_mail_each_message_once(post_office, box):
    here = in_scoring()
    remind(here, *(f"assessor-{no}" for no in range(3, 10)))
    db.session.remove()
    faults: list[BaseException] = []

    def work(ref: str) -> None:
        try:
            send(post_office, ref)
        except BaseException as fault:
            faults.append(fault)

    threads = [threading.Thread(target=work, args=(f"J-{no}",)) for no in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    assert sorted(to for (to,), _letter in box[0].letters) == [f"assessor-{no}@contoh.test" for no in range(3, 10)]
    assert set(standing(post_office)) == {("sent", "", 1)}


# Rights ---------------------------------------------------------------------------------------------------------------


def second_scoring(here: World, nomination: Nomination, *names: str) -> None:
    """A message about a candidate to each of these assessors."""
    params = {"name": nomination.organisation.name, "category": {"id": "K", "en": "K"}, "time": here.now}
    for name in names:
        service.post(
            CONSOLIDATION, here.accounts[name], nomination.ref, params, cycle=here.cycle, path="/assessments",
            about=nomination.ref, at=here.now,
        )  # fmt: skip
    db.session.commit()


def test_rights_are_asked_again_when_a_message_leaves_and_when_it_is_read(post_office, box):
    here = contest(3)
    nomination = nominations(here)[0]
    name = nomination.organisation.name
    second_scoring(here, nomination, "assessor-3", "assessor-4")
    ids = {who: here.accounts[who].id for who in ("assessor-3", "assessor-4")}
    db.session.add(
        Recusal(
            account_id=ids["assessor-3"],
            nomination_id=nomination.id,
            kind="declared",
            category_id=nomination.category_id,
            at=here.now,
        )
    )
    db.session.commit()
    send(post_office)
    assert [to for (to,), _letter in box[0].letters] == ["assessor-4@contoh.test"]
    states = dict(db.session.execute(select(Message.account_id, Message.state)).all())
    assert states == {ids["assessor-3"]: "cancelled", ids["assessor-4"]: "sent"}
    # One that had left before the recusal is not shown any more either.
    db.session.execute(update(Message).where(Message.state == "cancelled").values(state="queued", problem=""))
    db.session.commit()
    for who, seen in (("assessor-3", False), ("assessor-4", True)):
        visitor = post_office.test_client()
        sign_in(visitor, who)
        assert (name in visitor.get("/home/messages").get_data(as_text=True)) is seen


def test_whoever_lost_the_seat_or_the_account_gets_nothing(post_office, box):
    here = in_scoring()
    remind(here, "assessor-3", "assessor-4", "assessor-5")
    here.accounts["assessor-3"].active = False
    seat = db.session.scalars(select(Seat).where(Seat.account_id == here.accounts["assessor-4"].id)).one()
    seat.ended_at = here.now
    db.session.commit()
    send(post_office)
    assert [to for (to,), _letter in box[0].letters] == ["assessor-5@contoh.test"]
    assert standing(post_office)[:2] == [("cancelled", "right_gone", 0)] * 2


def test_messages_are_for_their_recipient_alone(app, db_session):
    remind(in_scoring(), "assessor-3")
    for who, seen in (("assessor-3", True), ("assessor-4", False), ("organiser-1", False)):
        client = app.test_client()
        sign_in(client, who)
        assert ("belum dikirim" in client.get("/home/messages").get_data(as_text=True)) is seen


# The organiser's page -------------------------------------------------------------------------------------------------


def hold(here: World, *names: str) -> None:
    for name in names:
        service.post(
            HELD, here.accounts[name], "plan", {"day": here.now.date(), "reason": "jadwal"}, cycle=here.cycle,
            path="/home", at=here.now,
        )  # fmt: skip
    db.session.commit()


def press(client, address: str, page: str = "/manage/contoh-2025/outbox", **data: str):
    """Send a form with a fresh key and the token of a page."""
    token = re.search(r'name="csrf_token" value="([^"]+)"', client.get(page).get_data(as_text=True))
    fields = {"csrf_token": token[1] if token else "", "version": "", "idempotency_key": random_ref("K", 5)}
    return client.post(address, data=fields | data, headers=SAME_ORIGIN)


def test_held_messages_leave_when_their_number_is_confirmed(app, client, db_session):
    here = in_scoring()
    hold(here, "nominee-1", "nominee-2")
    sign_in(client, "organiser-1")
    page = client.get("/manage/contoh-2025/outbox").get_data(as_text=True)
    assert "Kirim ke 2 penerima" in page
    refused = press(client, "/manage/contoh-2025/outbox/release", kind="slot_set", count="3")
    assert refused.status_code == 422
    assert "sekarang 2" in refused.get_data(as_text=True)
    assert {state for state, *_rest in standing(app)} == {"held"}
    assert press(client, "/manage/contoh-2025/outbox/release", kind="slot_set", count="").status_code == 422
    done = press(client, "/manage/contoh-2025/outbox/release", kind="slot_set", count="2")
    assert done.status_code == 303
    assert {state for state, *_rest in standing(app)} == {"queued"}
    again = press(client, "/manage/contoh-2025/outbox/release", kind="slot_set", count="2")
    assert again.status_code == 409
    assert press(client, "/manage/contoh-2025/outbox/release", kind="nothing", count="2").status_code == 422


def test_a_message_is_previewed_stopped_and_sent_once_more(app, client, db_session):
    here = in_scoring()
    hold(here, "nominee-1")
    sign_in(client, "organiser-1")
    ref = db.session.scalars(select(Message.ref)).one()
    address = f"/manage/contoh-2025/outbox/{ref}"
    page = client.get(address).get_data(as_text=True)
    assert "nominee-1@contoh.test" in page
    assert "Alasan: jadwal" in page
    assert "Reason: jadwal" in page
    assert press(client, f"{address}/again", address).status_code == 409  # it has not left yet
    assert press(client, f"{address}/cancel", address).status_code == 303
    assert standing(app) == [("cancelled", "cancelled_by_hand", 0)]
    assert press(client, f"{address}/cancel", address).status_code == 409
    made = press(client, f"{address}/again", address)
    assert made.status_code == 303
    assert [state for state, *_rest in standing(app)] == ["cancelled", "queued"]
    assert press(client, f"{address}/again", address).status_code == 409  # one waits already
    assert client.get(made.location).status_code == 200


def test_the_outbox_is_closed_to_others_and_knows_its_own_cycle_only(app, db_session):
    here = in_scoring()
    remind(here, "assessor-3")
    ref = db.session.scalars(select(Message.ref)).one()
    for who, status in (("chair", 403), ("assessor-3", 404), ("nominee-1", 404), ("administrator", 404)):
        client = app.test_client()
        sign_in(client, who)
        assert client.get("/manage/contoh-2025/outbox").status_code == status
        assert client.get(f"/manage/contoh-2025/outbox/{ref}").status_code == status
    client = app.test_client()
    sign_in(client, "organiser-1")
    for address in ("M-0000-0000", "?state=lost", "?kind=lost"):
        separator = "" if address.startswith("?") else "/"
        assert client.get(f"/manage/contoh-2025/outbox{separator}{address}").status_code == 404


def test_the_list_and_ones_own_messages_take_as_many_statements_for_500_as_for_10(app, client, db_session, statements):
    here = in_scoring()
    sign_in(client, "organiser-1")
    reader = app.test_client()
    sign_in(reader, "assessor-3")
    counted = {}
    for first, last in ((0, 10), (10, 500)):
        for no in range(first, last):
            remind(here, "assessor-3", cause=str(no))
        for visitor, address in ((client, "/manage/contoh-2025/outbox?state=queued"), (reader, "/home/messages")):
            visitor.get(address)
            with statements() as sent:
                assert visitor.get(address).status_code == 200
            counted.setdefault(address, set()).add(len(sent))
    assert all(len(numbers) == 1 for numbers in counted.values()), counted


def test_every_kind_of_message_is_told_in_both_languages(app):
    kinds = list(app.extensions["notices"])
    assert len(kinds) >= 10
    assert REMINDER in kinds
    for kind in kinds:
        assert kind.why
        assert kind.body


def test_a_kind_of_an_older_program_is_not_sent(post_office, box):
    here = in_scoring()
    remind(here, "assessor-3")
    db.session.execute(update(Message).values(kind="forgotten"))
    db.session.commit()
    send(post_office)
    assert standing(post_office) == [("cancelled", "right_gone", 0)]


# Without a cycle, and without an account ------------------------------------------------------------------------------

LINKED = Notice(
    "test_link", N_("Invitation"), N_("Reason: %(reason)s"), (N_("Reason: %(reason)s"),), N_("Messages"),
    link=lambda about: None if about == "gone" else f"/links/{about}-secret", fixed=True, wakes=True, per_hour=5,
)  # fmt: skip
STRANGER = Address("Sri Lestari", "sri@contoh.test")


@pytest.fixture
def with_links(post_office):
    """The application with a kind of message whose link is made when it is sent."""
    before = post_office.extensions["notices"]
    post_office.extensions["notices"]._notices[LINKED.name] = LINKED
    yield post_office
    del before._notices[LINKED.name]


def test_an_address_without_an_account_is_written_to_and_the_secret_of_its_link_is_stored_nowhere(with_links, box):
    here = world()
    to_account = here.accounts["auditor"]
    for to in (STRANGER, to_account, to_account.id):
        post = service.post(LINKED, to, "link:1", {"reason": "x"}, path="/links", about="one", at=here.now)
        assert post is (to != to_account.id)  # the same recipient hears of a cause once
    assert not service.post(LINKED, STRANGER, "link:1", {"reason": "x"}, path="/links", about="one", at=here.now)
    service.post(LINKED, STRANGER, "link:2", {"reason": "x"}, path="/links", about="gone", at=here.now)
    db.session.commit()
    send(with_links)
    assert [to for to, _ in box[0].letters] == [["sri@contoh.test"], ["auditor@contoh.test"]]
    _, letter = box[0].letters[0]
    assert letter["Subject"] == "[PARITRANA] Alasan: x"
    assert letter["To"] == "Sri Lestari <sri@contoh.test>"
    assert "http://localhost/links/one-secret" in parts(letter)[0]
    assert standing(with_links) == [("sent", "", 1), ("sent", "", 1), ("cancelled", "right_gone", 0)]
    dump = [tuple(row) for row in db.session.execute(Message.__table__.select())]
    assert "secret" not in str(dump)


def test_an_address_gets_at_most_five_such_messages_an_hour_whatever_asks_for_them(with_links, box, clock):
    here = world()
    account = here.accounts["auditor"]
    same = Address("Auditor", "AUDITOR@contoh.test")
    written = [
        service.post(LINKED, account if n % 2 else same, f"link:{n}", {"reason": "x"}, path="/links", about="one",
                     at=clock.now())
        for n in range(9)
    ]  # fmt: skip
    assert written == [True] * 5 + [False] * 4
    assert service.post(LINKED, STRANGER, "link:1", {"reason": "x"}, path="/links", about="one", at=clock.now())
    clock.advance(hours=1)
    assert service.post(LINKED, account, "link:99", {"reason": "x"}, path="/links", about="one", at=clock.now())
    db.session.commit()
    send(with_links)
    assert sum(to[0].lower() == "auditor@contoh.test" for to, _ in box[0].letters) == 6


# The night, and the summary of the morning ----------------------------------------------------------------------------


def test_at_night_only_what_wakes_leaves_and_the_rest_at_six(with_links, box, clock):
    here = world()
    clock.set(datetime(2026, 3, 2, 13, 30, tzinfo=UTC))  # 20.30 WIB, 21.30 WITA
    remind(here, "assessor-3")
    service.post(LINKED, STRANGER, "link:1", {"reason": "x"}, path="/links", about="one", at=clock.now())
    db.session.commit()
    send(with_links)
    assert [to for to, _ in box[0].letters] == [["sri@contoh.test"]]
    for hour in (16, 21):
        clock.set(datetime(2026, 3, 2, hour, 59, tzinfo=UTC))
        send(with_links)
    assert len(box[0].letters) == 1
    clock.set(datetime(2026, 3, 2, 22, 0, tzinfo=UTC))  # 06.00 WITA, where the cycle is
    send(with_links)
    assert [to for to, _ in box[0].letters][1:] == [["assessor-3@contoh.test"]]


def test_what_a_person_wants_daily_comes_as_one_mail_in_the_morning(post_office, box, clock):
    here = in_scoring()
    service.choose(here.accounts["assessor-3"].id, {"sheets_due": False})
    service.choose(here.accounts["assessor-3"].id, {"sheets_due": True})  # the last choice holds
    for cause in "123":
        remind(here, "assessor-3", "assessor-4", cause=cause)
    send(post_office)
    assert [to for to, _ in box[0].letters] == [["assessor-4@contoh.test"]] * 3
    remind(here, "assessor-3", cause="4")
    for moment in (datetime(2026, 3, 2, 22, 59, tzinfo=UTC), datetime(2026, 3, 2, 23, 0, tzinfo=UTC)):  # 07.00 WITA
        assert len(box[0].letters) == 3
        clock.set(moment)
        send(post_office)
    send(post_office)
    (recipients, letter) = box[0].letters[-1]
    assert (len(box[0].letters), recipients) == (4, ["assessor-3@contoh.test"])
    assert letter["Subject"] == "[PARITRANA] Yang perlu Anda kerjakan: 4 pesan"
    text, html = parts(letter)
    assert text.count("http://") == html.count("href=") == 1
    assert "/home/messages" in text
    assert text.count("4. [SIMULASI CONTOH 2025]") == 2  # in both languages
    assert len(letter.as_bytes()) < 20_000
    assert set(standing(post_office)) == {("sent", "", 1)}
    remind(here, "assessor-3", cause="5")
    send(post_office)
    clock.set(datetime(2026, 3, 3, 23, 0, tzinfo=UTC))
    send(post_office)
    assert box[0].letters[-1][1]["Subject"].startswith("[SIMULASI CONTOH 2025]")  # one alone is sent as it is
    clock.set(datetime(2026, 3, 4, 23, 0, tzinfo=UTC))
    send(post_office)
    assert len(box[0].letters) == 5  # and no empty summary


def test_a_summary_that_is_not_taken_is_tried_again_and_one_whose_right_is_gone_is_left_out(post_office, box, clock):
    here = in_scoring()
    service.choose(here.accounts["assessor-3"].id, {"sheets_due": True, "sheet_reopened": True})
    for cause in "12":
        remind(here, "assessor-3", cause=cause)
    gone = Notice("of_an_older_program", "", N_("Messages"), (), "", daily=True)
    service.post(gone, here.accounts["assessor-3"], "old", {}, cycle=here.cycle, path="/home", at=here.now)
    db.session.commit()
    send(post_office)
    clock.set(datetime(2026, 3, 2, 23, 0, tzinfo=UTC))
    box[0].answers = ["451 later"]
    send(post_office)
    assert standing(post_office) == [("queued", "later", 1)] * 2 + [("cancelled", "right_gone", 0)]
    clock.advance(minutes=2)
    send(post_office)
    assert standing(post_office)[:2] == [("sent", "", 2)] * 2
    assert len(box[0].letters) == 1


# Choices, and the messages of the house -------------------------------------------------------------------------------


def post_to(client, address, page, **fields):
    """A form sent from a page, with its token and key."""
    text = client.get(page, query_string={"lang": "en"}).get_data(as_text=True)
    token, key = (re.search(rf'name="{name}" value="([^"]+)"', text)[1] for name in ("csrf_token", "idempotency_key"))
    data = {"csrf_token": token, "idempotency_key": key, **fields}
    return client.post(address, data=data, headers=SAME_ORIGIN, query_string={"lang": "en"})


def test_a_person_chooses_by_kind_but_not_about_receipts(app, client, db_session):
    world()
    sign_in(client, "assessor-3")
    page = client.get("/profile/notifications?lang=en").get_data(as_text=True)
    free = [kind for kind in app.extensions["notices"] if not kind.fixed]
    fixed = [kind for kind in app.extensions["notices"] if kind.fixed]
    assert "sheet_submitted" in {kind.name for kind in fixed}
    for kind in free:
        chosen = re.search(rf'<input checked [^>]*name="{kind.name}"[^>]*value="(\w+)"', page)
        assert chosen[1] == ("daily" if kind.daily else "at_once")
    assert not any(f'name="{kind.name}"' in page for kind in fixed)
    address = "/profile/notifications"
    wanted = {kind.name: "daily" for kind in free}
    assert post_to(client, address, address, **wanted | {free[0].name: "never"}).status_code == 422
    assert post_to(client, address, address, **wanted, sheet_submitted="daily").status_code == 400
    assert post_to(client, address, address, **wanted).status_code == 303
    here = db.session.scalars(select(Cycle)).one()
    account = db.session.scalars(select(Account).where(Account.email == "assessor-3@contoh.test")).one()
    for kind in (free[0], next(kind for kind in fixed if kind.name == "sheet_submitted")):
        params = dict.fromkeys(("day", "time", "name", "category", "minutes", "receipt"), "x")
        service.post(kind, account, kind.name, params, cycle=here, path="/home", at=NOW)
    assert db.session.scalars(select(Message.daily).order_by(Message.id)).all() == [True, False]


def test_an_administrator_looks_at_messages_of_the_house_alone_and_sends_one_again(app, client, db_session):
    here = in_scoring()
    remind(here, "assessor-3")
    service.post(LINKED, STRANGER, "link:1", {"reason": "x"}, path="/links", about="one", at=here.now)
    db.session.commit()
    sign_in(client, "administrator")
    of_cycle, of_house = db.session.scalars(select(Message.ref).order_by(Message.id)).all()
    page = client.get("/system/messages?lang=en").get_data(as_text=True)
    assert (of_house in page, of_cycle in page) == (True, False)
    assert client.get("/system/messages?state=sent").status_code == 200
    assert client.get("/system/messages?state=lost").status_code == 404
    assert client.get(f"/system/messages/{of_cycle}").status_code == 404
    there = f"/system/messages/{of_house}"
    assert "Sri Lestari" in client.get(there).get_data(as_text=True)
    assert post_to(client, f"{there}/again", there).status_code == 409  # it still waits
    assert post_to(client, f"{there}/cancel", there).status_code == 303
    again = post_to(client, f"{there}/again", there)
    assert again.status_code == 303
    assert again.location != there
    db.session.rollback()
    assert "could not be sent" not in client.get("/system?lang=en").get_data(as_text=True)
    db.session.rollback()
    db.session.execute(update(Message).where(Message.ref == of_house).values(state="failed"))
    db.session.commit()
    assert "1 messages could not be sent." in client.get("/system?lang=en").get_data(as_text=True)
    assert post_to(client, f"{there}/cancel", there).status_code == 409
    events = [event.kind for event in events_of(of_house)]
    assert events == ["message.cancelled"]
    reader = app.test_client()
    sign_in(reader, "organiser-1")
    assert reader.get(there).status_code == 404
