"""Files in parts at the door: announced, interrupted, continued, completed; in time, in the grace time, and late."""

import hashlib
import re
from datetime import datetime

import pytest
from sqlalchemy import select

from paritrana.accounts.models import RoleGrant
from paritrana.accounts.queries import load_actor
from paritrana.core.lifecycle import State
from paritrana.core.policy import Act
from paritrana.database import db
from paritrana.files.models import Blob
from paritrana.files.store import CHUNK, BlobStore
from paritrana.nominations import queries, service
from paritrana.nominations.models import FileDeclaration, Nomination
from paritrana.panels.queries import seats_of
from paritrana.web.access import ask, visible
from tests.factories import sign_in, world
from tests.nominations.pages import PDF, SAME_ORIGIN, draft, fields_of, filled, paper, text_of


@pytest.fixture
def here(app, db_session):
    return world()


@pytest.fixture
def nominee(client, here):
    sign_in(client, "nominee-1")
    return client


def large(parts: float) -> bytes:
    """A PDF of so many parts; what fills it is a comment."""
    return paper(b"0" * int(parts * CHUNK))


class Sender:
    """A script that sends one file."""

    def __init__(self, client, nomination, content: bytes = PDF, name: str = "DPA 2025.pdf", **changes) -> None:
        self.client, self.content = client, content
        self.base = f"/nominations/{nomination.ref}/uploads"
        self.page = f"/nominations/{nomination.ref}/evidence/coverage"
        self.open_page()
        self.said = {
            "name": name, "size": len(content), "sha256": hashlib.sha256(content).hexdigest(), "kind": "coverage",
            "requirement": "coverage_extract",
        } | changes  # fmt: skip

    def open_page(self) -> None:
        token = re.search(r'name="csrf_token" value="([^"]+)"', text_of(self.client.get(self.page)))
        assert token is not None
        self.headers = {**SAME_ORIGIN, "X-CSRFToken": token[1], "Accept": "application/json"}

    def declare(self, **changes):
        answer = self.client.post(
            self.base, json=self.said | changes, headers=self.headers, query_string={"lang": "en"}
        )
        if answer.status_code == 201:
            self.address = answer.json.get("upload")
        return answer

    def put(self, offset: int, data: bytes | None = None):
        data = self.content[offset : offset + CHUNK] if data is None else data
        return self.client.put(self.address, query_string={"offset": offset}, data=data, headers=self.headers)

    def offset(self) -> int:
        return self.client.get(self.address, headers=self.headers).json["offset"]

    def act(self, verb: str):
        return self.client.post(f"{self.address}/{verb}", headers=self.headers, query_string={"lang": "en"})

    def send(self, until: float = 1.0) -> None:
        offset = self.offset()
        while offset < int(len(self.content) * until):
            answer = self.put(offset)
            assert answer.status_code == 200, text_of(answer)
            offset = answer.json["offset"]

    def code(self, answer) -> str:
        assert answer.status_code >= 400
        return answer.json["code"]


def test_an_upload_that_breaks_off_half_way_continues_where_it_stopped(nominee, here):
    nomination, content = draft(here), large(2.5)
    sender = Sender(nominee, nomination, content)
    answer = sender.declare()
    assert (answer.status_code, answer.json["offset"], answer.json["state"]) == (201, 0, "open")
    sender.send(until=0.5)
    assert sender.offset() == 2 * CHUNK
    assert sender.code(sender.act("complete")) == "upload_cut"
    # The page is loaded anew and the same file chosen again: it is the same announcement.
    again = Sender(nominee, nomination, content)
    assert again.declare().json["offset"] == 2 * CHUNK
    assert again.address == sender.address
    again.send()
    answer = again.act("complete")
    assert answer.status_code == 201, text_of(answer)
    (attachment,) = queries.attachments_of(nomination)
    assert (attachment.name, attachment.requirement) == ("DPA 2025.pdf", "coverage_extract")
    assert (attachment.blob.sha256, attachment.blob.size) == (answer.json["sha256"], len(content))
    signed = nominee.get(answer.json["signed"]).json
    assert datetime.fromisoformat(signed["declared_at"]) <= datetime.fromisoformat(signed["received_at"])
    with nominee.get(f"/nominations/{nomination.ref}/documents/1/file") as file:
        assert file.data == content
    # Doing it again changes nothing: pressing twice, a lost answer, a part that comes late.
    for repeat in (again.act("complete"), again.declare()):
        assert (repeat.json["state"], repeat.json["number"]) == ("stored", 1)
    assert again.client.get(answer.request.path.removesuffix("/complete"), headers=again.headers).json["number"] == 1
    assert len(queries.attachments_of(nomination)) == 1


def test_the_same_part_may_come_twice_and_a_gap_is_told(nominee, here):
    content = large(1.5)
    sender = Sender(nominee, draft(here), content)
    sender.declare()
    answer = sender.put(CHUNK)
    assert (answer.status_code, answer.json["code"]) == (409, "part_missing")
    for _again in range(2):
        assert sender.put(0).json["offset"] == CHUNK
    assert sender.put(CHUNK).json["offset"] == len(content)
    assert sender.put(0).json["offset"] == len(content)
    assert sender.act("complete").status_code == 201
    sender.address = f"{sender.base}/D-0000-0000-0000"
    assert sender.put(0).status_code == 404


@pytest.mark.parametrize("offset", ["", "-1", "x", "1.5"])
def test_a_part_without_a_place_is_refused(nominee, here, offset):
    sender = Sender(nominee, draft(here))
    sender.declare()
    answer = nominee.put(sender.address, query_string={"offset": offset}, data=PDF, headers=sender.headers)
    assert sender.code(answer) == "unreadable_declaration"
    assert sender.offset() == 0


def test_a_part_that_is_empty_too_large_or_past_the_end_is_refused(nominee, here):
    sender = Sender(nominee, draft(here), large(0.1))
    sender.declare()
    assert sender.put(0, b"").status_code == 422
    assert sender.put(0, bytes(CHUNK + 1)).status_code == 422
    assert sender.put(0, sender.content + b"x").status_code == 413
    assert sender.offset() == 0


def test_bytes_that_are_not_the_announced_ones_are_thrown_away_and_may_come_again(nominee, here):
    sender = Sender(nominee, draft(here))
    sender.declare()
    sender.put(0, PDF[:-1] + b"x")
    assert sender.code(sender.act("complete")) == "bytes_differ"
    assert sender.offset() == 0
    sender.send()
    assert sender.act("complete").status_code == 201


def test_a_file_that_is_refused_for_what_it_is_ends_its_announcement(nominee, here, app):
    nomination = draft(here)
    sender = Sender(nominee, nomination, b"MZ" * 50)
    sender.declare()
    sender.send()
    answer = sender.act("complete")
    assert (answer.status_code, answer.json["code"]) == (415, "file_content")
    assert sender.code(sender.act("complete")) in {"declaration_ended", "wrong_state"}
    assert sender.put(0).status_code == 409
    assert list((app.extensions["settings"].blob_path / "incoming").iterdir()) == []
    assert queries.attachments_of(nomination) == []


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"size": 0}, "file_empty"),
        ({"size": 26 * 1024**2}, "file_size"),
        ({"size": 1.0}, "unreadable_declaration"),
        ({"size": True}, "unreadable_declaration"),
        ({"size": None}, "unreadable_declaration"),
        ({"sha256": "0" * 63}, "unreadable_declaration"),
        ({"sha256": "A" * 64}, "unreadable_declaration"),
        ({"name": "surat.docx"}, "file_type"),
        ({"name": ""}, "file_name_missing"),
        ({"name": "ن" * 296 + ".pdf"}, "file_name_long"),
        ({"name": "a\u202ebc.pdf"}, "file_name_unreadable"),
        ({"kind": "compliance"}, "not_found"),
        ({"requirement": "x"}, "unfit_evidence"),
        ({"state": "done"}, "unreadable_declaration"),
    ],
)
def test_an_announcement_of_another_form_is_refused(nominee, here, changes, code):
    sender = Sender(nominee, draft(here))
    assert sender.code(sender.declare(**changes)) == code
    assert db.session.scalars(select(FileDeclaration)).all() == []


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'"x"', b"{" + b" " * 5000 + b"}"])
def test_what_is_no_announcement_is_refused(nominee, here, body):
    sender = Sender(nominee, draft(here))
    answer = nominee.post(sender.base, data=body, content_type="application/json", headers=sender.headers)
    assert answer.status_code == 422


@pytest.mark.parametrize("sign", ["a", "é", "ن", "字", "ꦲ", "😀"])
def test_a_name_of_any_script_is_kept_or_refused_for_its_length_alone(nominee, here, sign):
    nomination = draft(here)
    assert Sender(nominee, nomination).code(Sender(nominee, nomination, name=sign * 296 + ".pdf").declare()) == (
        "file_name_long"
    )
    sender = Sender(nominee, nomination, name=sign * 196 + ".pdf")
    sender.declare()
    sender.send()
    answer = sender.act("complete")
    assert (answer.status_code, answer.json["name"]) == (201, sign * 196 + ".pdf")
    with nominee.get(f"/nominations/{nomination.ref}/documents/1/file") as file:
        assert file.status_code == 200


def test_a_file_that_the_nomination_has_needs_no_bytes(nominee, here):
    nomination = draft(here)
    sender = Sender(nominee, nomination)
    sender.declare()
    sender.send()
    sender.act("complete")
    answer = Sender(nominee, nomination, requirement="coverage_extract_prev").declare()
    assert (answer.status_code, answer.json["state"], answer.json["number"]) == (201, "stored", 2)
    assert len({one.blob_id for one in queries.attachments_of(nomination)}) == 1
    wrong = Sender(nominee, nomination, requirement="", name="foto.png")
    assert wrong.code(wrong.declare()) == "file_content"


def test_another_organisation_learns_nothing_of_the_same_bytes(app, nominee, here):
    sender = Sender(nominee, draft(here))
    sender.declare()
    sender.send()
    sender.act("complete")
    other = app.test_client()
    sign_in(other, "nominee-2")
    theirs = Sender(other, draft(here, "nominee-2", "regency-2"))
    assert theirs.declare().json["state"] == "open"
    theirs.address = sender.address
    for answer in (theirs.put(0), theirs.act("complete"), theirs.act("cancel"), other.get(sender.address)):
        assert answer.status_code == 404


def test_two_tabs_send_the_same_file_once(nominee, here):
    nomination, content = draft(here), large(1.5)
    one, other = Sender(nominee, nomination, content), Sender(nominee, nomination, content)
    assert one.declare().json["upload"] == other.declare().json["upload"]
    one.put(0)
    other.put(0)
    other.put(CHUNK)
    one.put(CHUNK)
    assert other.act("complete").status_code == 201
    assert one.put(CHUNK).json["offset"] == len(content)
    assert one.act("complete").json["number"] == 1
    assert len(queries.attachments_of(nomination)) == 1


def test_a_cancelled_upload_leaves_nothing_and_the_file_may_be_chosen_anew(nominee, here, app):
    sender = Sender(nominee, draft(here))
    sender.declare()
    sender.put(0)
    for _again in range(2):
        answer = sender.act("cancel")
        assert answer.status_code == 303
    assert list((app.extensions["settings"].blob_path / "incoming").iterdir()) == []
    assert sender.put(0).status_code == 409
    first = sender.address
    sender.declare()
    assert sender.address != first


def test_what_was_announced_in_time_finishes_in_the_grace_time_and_nothing_else_does(nominee, here, clock):
    nomination = filled(here)
    sender, late, slow = (Sender(nominee, nomination, paper(mark)) for mark in (b"", b"late", b"slow"))
    sender.declare()
    slow.declare()
    sender.put(0)
    revision = service.submit(nomination, actor=here.actor("nominee-1"), at=here.now)
    db.session.commit()
    closes, grace = here.category.closes_at, here.category.grace_ends_at
    # The last second is in time; here the deadline passes while the clock of the cycle is put where it is needed.
    here.cycle.waits_at = None
    clock.advance(seconds=(closes - here.now).total_seconds() + 1)
    sign_in(nominee, "nominee-1")
    for one in (sender, late, slow):
        one.open_page()
    answer = late.declare()
    assert (answer.status_code, answer.json["code"]) == (409, "entry_closed")
    page = text_of(nominee.get(f"/nominations/{nomination.ref}/evidence/coverage", query_string={"lang": "en"}))
    assert "DPA 2025.pdf" in page
    answer = sender.act("complete")
    assert answer.status_code == 201, text_of(answer)
    said = nominee.get(answer.json["signed"]).json
    assert datetime.fromisoformat(said["declared_at"]) <= closes < datetime.fromisoformat(said["received_at"])
    # It was sent before the file was here: the next revision names it.
    here_now = queries.get_nomination(nomination.ref)
    db.session.refresh(here_now)
    sent = queries.current_revision(here_now)
    assert (here_now.state, sent.no) == ("submitted", revision.no + 1)
    assert answer.json["number"] in {one["no"] for one in sent.content["attachments"]}
    clock.advance(seconds=(grace - closes).total_seconds() + 1)
    sign_in(nominee, "nominee-1")
    slow.open_page()
    assert slow.put(0).status_code == 409
    assert slow.act("complete").status_code == 409
    with nominee.get(f"/nominations/{nomination.ref}/documents/{answer.json['number']}/file") as file:
        assert file.status_code == 200  # nothing that came in time is lost


def test_a_document_on_its_way_keeps_nobody_from_sending(nominee, here):
    nomination = filled(here)
    actor = here.actor("nominee-1")
    for attachment in queries.attachments_of(nomination):
        if attachment.kind == "coverage":
            service.remove_attachment(attachment, actor=actor, at=here.now)
    with pytest.raises(service.NotComplete):
        service.submit(nomination, actor=actor, at=here.now)
    Sender(nominee, nomination).declare()
    assert service.submit(nomination, actor=actor, at=here.now).no == 1


def test_the_limits_count_what_is_announced(make_app):
    app = make_app(max_nomination_files=3, max_nomination_bytes=2000, max_open_declarations=2)
    with app.app_context():
        here = world()
        nomination = draft(here)
        client = app.test_client()
        sign_in(client, "nominee-1")

        def announced(no: int, **changes) -> tuple[int, str]:
            answer = Sender(client, nomination, b"x" * 500 + b"%d" % no, **changes).declare()
            return answer.status_code, answer.json.get("code", "")

        assert announced(1, size=2001) == (413, "too_many_bytes")
        assert announced(1) == (201, "")
        assert announced(2) == (201, "")
        assert announced(1) == (201, "")
        assert announced(3) == (409, "too_many_declarations")
        for one in queries.open_declarations(nomination):
            one.state, one.attachment_no = "done", 99
        for no in range(3):
            blob = Blob(organisation_id=nomination.organisation_id, sha256=f"{no:064x}", size=10,
                        media_type="application/pdf", created_at=here.now)  # fmt: skip
            db.session.add(blob)
            service.attach(nomination, "coverage", blob, "a.pdf", actor=here.actor("nominee-1"), at=here.now)
        assert announced(3) == (409, "too_many_files")


def test_rights_are_read_again_when_the_file_is_complete(nominee, here, app):
    nomination = draft(here)
    sender = Sender(nominee, nomination)
    sender.declare()
    sender.send()
    ended = db.session.scalars(select(RoleGrant).where(RoleGrant.account_id == here.accounts["nominee-1"].id)).all()
    for one in ended:
        one.ended_at = here.now
    assert sender.act("complete").status_code == 404
    assert queries.attachments_of(nomination) == []


def test_lists_and_single_questions_agree_on_what_is_in_the_grace_time(app, here):
    """Guard `g` as a fact and as a clause: a nomination with a file on its way, with one that ended, and without."""
    nominations = [
        draft(here, who, organisation) for who, organisation in (("nominee-1", "regency-1"), ("nominee-2", "regency-2"))
    ]
    actor = here.actor("nominee-1")
    declared = service.declare(
        nominations[0], "coverage", name="a.pdf", sha256="0" * 64, size=9, requirement="", actor=actor, at=here.now,
        now=here.now, max_bytes=10**6,
    )  # fmt: skip
    here.category.state = int(State.CLOSED)
    db.session.commit()
    with app.test_request_context():
        who = load_actor(here.accounts["nominee-1"].id, fresh=True, seats_of=seats_of)
        for expected in ([nominations[0].id], []):
            seen = db.session.scalars(visible(who, Act.UPLOAD, Nomination)).all()
            assert [one.id for one in seen] == expected
            assert [one.id for one in nominations if ask(Act.UPLOAD, one, actor=who).allowed] == expected
            assert ask(Act.UPLOAD, declared, actor=who).allowed == bool(expected)
            service.end_declaration(declared, "cancelled", actor=actor, at=here.now)


def test_the_pages_ask_the_same_number_of_statements_whatever_is_on_its_way(nominee, here, statements):
    nomination = draft(here)
    counts = []
    for number in range(8):
        with statements() as sent:
            assert nominee.get(f"/nominations/{nomination.ref}/evidence/coverage").status_code == 200
        counts.append(len(sent))
        Sender(nominee, nomination, paper(b"%d" % number)).declare()
    assert len(set(counts[1:])) == 1
    with statements() as sent:
        assert nominee.get(f"/nominations/{nomination.ref}").status_code == 200
    assert len(sent) < 40


def test_what_is_on_its_way_is_shown_with_how_far_it_is_and_can_be_cancelled_without_script(nominee, here, app):
    nomination = draft(here)
    sender = Sender(nominee, nomination, large(2.0))
    sender.declare()
    sender.put(0)
    address = f"/nominations/{nomination.ref}/evidence/coverage"
    for language, sentence in (("id", "pilih berkas yang sama lagi"), ("en", "choose the same file again")):
        page = text_of(nominee.get(address, query_string={"lang": language}))
        assert "49%" in page
        assert sentence in page
    action = f"{sender.address}/cancel"
    answer = nominee.post(action, data=fields_of(nominee, address, action), headers=SAME_ORIGIN)
    assert answer.status_code == 303
    assert "49%" not in text_of(nominee.get(address))
    assert BlobStore(app.extensions["settings"].blob_path).part_size(sender.address.rsplit("/", 1)[1]) == 0
