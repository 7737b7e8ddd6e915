"""The world of the walk: one category with everything in it, and people whose every guard is known by construction."""

import hashlib
import re
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import insert, select, text

from paritrana.accounts.models import RoleGrant, SecondFactor, StaffRequest
from paritrana.audit import halt
from paritrana.audit.checkpoints import Checkpoint
from paritrana.certificates import service as certificates
from paritrana.certificates import templating
from paritrana.certificates.editor.queries import templates_for
from paritrana.certificates.models import Certificate, CertificateBatch, CertificateImage, PrintedName
from paritrana.certificates.templating import document_in_use
from paritrana.clock import SetClock
from paritrana.core.certificates import Kind
from paritrana.core.codes import shown
from paritrana.core.policy import ANYBODY, Actor
from paritrana.cycles.models import Cycle, Proposal
from paritrana.cycles.queries import rubric_of
from paritrana.cycles.rubrics import service as rubrics
from paritrana.cycles.rubrics.document import form_of
from paritrana.database import db, random_ref
from paritrana.files.previews.service import make_previews_of
from paritrana.files.service import store_upload
from paritrana.files.store import BlobStore
from paritrana.inspection.models import Witness
from paritrana.interviews.models import CalendarFeed, InterviewDay, InterviewSession
from paritrana.jobs.models import Job
from paritrana.nominations.models import Attachment, FileDeclaration, Nomination, NominationRevision
from paritrana.outbox.models import Message
from paritrana.panels.models import Recusal, Seat
from paritrana.people.models import Invitation
from paritrana.privacy.models import Destruction
from paritrana.publication.objections.models import Objection, ObjectionFile
from paritrana.results.models import ResultRun
from paritrana.results.plenary.models import Decision, Plenary, PlenaryAttendance
from paritrana.seeding.documents import simulated_document
from paritrana.sheets.late.models import LateMark
from paritrana.sheets.models import Calibration, Consolidation, Sheet
from paritrana.sheets.paper.models import PaperEntry, PaperLeaf
from paritrana.sheets.paper.queries import paper_ref
from paritrana.sheets.reopening.models import Reopening
from paritrana.verification.models import ChangeRequest, FieldVisit, FieldVisitPhoto, Override, Verification
from tests.access.routes import Route
from tests.factories import NOW, World, grant, person, sign_in
from tests.factories_results import category_of, contest, nominations, press, publish

# These follow from the role, or hold for the world as a whole.
ALWAYS = frozenset({"p", "c", "all_in", "simulated", "publishable", "g", "all_public"})
NEVER: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Who:
    """A person of the walk: what it is and which guards fail for it."""

    name: str  # of the account; "" is the public
    roles: frozenset[str]  # in the category
    fails: frozenset[str] = frozenset()
    fails_as: Mapping[str, str] | None = None  # role to letters that fail in this role alone
    elsewhere: frozenset[str] = frozenset()  # roles that it holds in another cycle only
    stale: bool = False  # signed in more than ten minutes ago
    along: tuple[str, ...] = ("",)  # beginnings of the addresses it is walked along, where others tell nothing new
    sheet: bool = False  # whether the sheet that the interface for machines is asked for is its own

    @property
    def label(self) -> str:
        """How a failure names it."""
        return (self.name or "public") + (" (stale)" if self.stale else "")

    def truth(self, route: Route) -> Any:
        """`(role, guard)` to whether it holds."""

        def holds(role: str, guard: str) -> bool:
            if not route.about and guard != "r":
                return True
            if guard in NEVER or guard in self.fails or guard in (self.fails_as or {}).get(role, ""):
                return False
            if guard in ALWAYS:
                return True
            if guard == "r":
                return not self.stale
            if guard == "o":
                return self.name in {"nominee-1", "nominee-3"}
            if guard == "s":
                return role != "VE" and (route.kind != "paper" or self.sheet)
            if guard == "k":
                return route.kind not in {"public", "marks"}  # a category is no candidate: nobody locked a sheet of it
            return True  # n, N, q, not_first

        return holds

    def roles_for(self, route: Route) -> frozenset[str]:
        """The roles that count: of the category, or held anywhere."""
        return self.roles | self.elsewhere if not route.about else self.roles


def _roles(text: str) -> frozenset[str]:
    return frozenset({"PU", *text.split()})


# Signed in, but without any role that counts here: the oracle tells them from the public by a role nobody has.
ACCOUNT = "account"

PEOPLE = [
    Who("", _roles("")),
    Who("unassigned", _roles(ACCOUNT)),
    Who("nominee-1", _roles("NO")),
    Who("nominee-2", _roles("NO")),
    Who("nominee-3", _roles("NO"), fails=frozenset("q"), along=("/nominations/<ref>/doc", "/nominations/<ref>/req")),
    Who("verifier-1", _roles("VE"), fails=frozenset({"not_first"}), along=("/verification/<ref>/close",)),
    Who("verifier-2", _roles("VE"), fails=frozenset("nN")),
    Who("verifier-3", _roles("VE")),
    Who("verifier-seated", _roles("VE AS"), fails_as={"VE": "n"}, along=("/verification", "/assessments")),
    Who("verifier-ended", _roles(ACCOUNT), along=("/verification", "/nominations/<ref>/documents")),
    Who("assessor-3", _roles("AS"), sheet=True),
    Who("assessor-4", _roles("AS"), fails=frozenset("nNs")),
    Who("assessor-ended", _roles(ACCOUNT), along=("/assessments", "/api", "/interviews", "/verification")),
    Who("chair", _roles("AS CH")),
    Who("deputy", _roles("AS")),
    Who("organiser-1", _roles("OR")),
    Who("organiser-other", _roles(ACCOUNT), elsewhere=_roles("OR")),
    Who("organiser-closed", _roles(""), along=("/home", "/manage", "/sign")),
    Who("auditor", _roles("AU")),
    Who("auditor-other", _roles(ACCOUNT), elsewhere=_roles("AU"), along=("/manage", "/nominations", "/verif")),
    Who("administrator", _roles("AD")),
]  # fmt: skip
PEOPLE += [
    replace(who, stale=True)
    for who in PEOPLE
    if who.name in {"nominee-1", "assessor-3", "chair", "organiser-1", "auditor", "administrator"}
]
# The chair turns out to be in conflict: the deputy takes its place.
DEPUTIES = [
    Who("chair", _roles("AS CH"), fails=frozenset("nNs")),
    Who("deputy", _roles("AS CH")),
]


@dataclass
class Door:
    """A browser that never changes its mind: the cookie and the token are sent again, whatever an answer said."""

    client: FlaskClient
    cookie: str
    token: str


class Stage:
    """The world in its database, everybody signed in, and the way back to it."""

    def __init__(self, app: Flask, clock: SetClock) -> None:
        self.app = app
        self.path = app.config["SQLALCHEMY_DATABASE_URI"].removeprefix("sqlite:///")
        clock.set(NOW)
        with app.app_context():
            here = contest(3)
            self._people(here)
            self._things(here)
            db.session.remove()
        self.doors: dict[tuple[str, bool], Door] = {}
        for stale in (True, False):
            for who in PEOPLE:
                if who.stale is stale:
                    self.doors[who.name, stale] = self._door(who)
            clock.advance(minutes=15)
        clock.set(NOW + timedelta(minutes=15))
        for door in self.doors.values():
            door.client.get("/sign-in", headers={"Cookie": door.cookie})  # seen a moment ago
        with app.app_context():
            self._end_rights()
            db.session.remove()
        self.watch = sqlite3.connect(self.path, isolation_level=None)
        self.kept = sqlite3.connect(":memory:")
        self.watch.backup(self.kept)

    # The world

    def _people(self, here: World) -> None:
        other = Cycle(
            **{
                column.name: getattr(here.cycle, column.name)
                for column in Cycle.__table__.columns
                if column.name not in {"id", "code"}
            },
            code="lain-2025",
        )
        db.session.add(other)
        db.session.flush()
        for name in ("unassigned", "verifier-3", "verifier-seated", "verifier-ended", "assessor-ended",
                     "organiser-other", "organiser-closed", "auditor-other"):  # fmt: skip
            here.accounts[name] = person(name)
        for name in ("verifier-3", "verifier-seated", "verifier-ended"):
            grant(here.accounts[name], "verifier", cycle=here.cycle)
        grant(here.accounts["organiser-other"], "organiser", cycle=other)
        grant(here.accounts["organiser-closed"], "organiser", cycle=here.cycle)
        grant(here.accounts["auditor-other"], "auditor", cycle=other)
        grant(here.accounts["nominee-1"], "nominee", organisation=here.organisations["regency-4"])
        self.accounts = {name: account.id for name, account in here.accounts.items()}
        db.session.commit()

    def _things(self, here: World) -> None:
        self.category_id = here.category.id
        publish(here)
        winner = document_in_use(templates_for(here.cycle), Kind.WINNER)
        templating.store_template(
            here.cycle, Kind.WINNER, "", winner, actor=here.actor("organiser-1"), at=here.now + timedelta(hours=1)
        )
        self.picture = "7" * 64
        db.session.add(
            CertificateImage(cycle_id=here.cycle.id, sha256=self.picture, media_type="image/png", content=b"PNG",
                             width=1, height=1, name="logo.png", added_at=NOW, added_by=self.accounts["organiser-1"])
        )  # fmt: skip
        certificates.issue(
            category_of(here), press=press(), actor=here.actor("organiser-1"), at=here.now + timedelta(hours=2)
        )
        sent, _other, answered = nominations(here)
        for no, name in enumerate(("verifier-seated", "assessor-ended"), start=20):
            db.session.add(
                Seat(category_id=here.category.id, account_id=self.accounts[name], role="member", code=f"J{no}",
                     decree_number="SK", seated_at=NOW)
            )  # fmt: skip
        draft = Nomination(
            ref=random_ref("N"), category_id=here.category.id, organisation_id=here.organisations["regency-4"].id,
            candidate_code="99.04", state="draft", created_at=NOW, created_by=self.accounts["nominee-1"],
        )  # fmt: skip
        db.session.add(draft)
        db.session.flush()
        blobs = {}
        for nomination in (sent, draft, answered):  # a file is stored once for each organisation
            blob, name = store_upload(
                simulated_document("Bukti", ["Halaman 1"]), filename="bukti.pdf", at=NOW, max_bytes=10**6,
                organisation_id=nomination.organisation_id,
                store=BlobStore(self.app.extensions["settings"].blob_path),
            )  # fmt: skip
            blobs[nomination.id] = blob
            db.session.commit()
            make_previews_of(blob.id, store=BlobStore(self.app.extensions["settings"].blob_path), at=NOW)
        for nomination in (sent, draft, answered):
            blob = blobs[nomination.id]
            db.session.add(
                PrintedName(nomination_id=nomination.id, no=1, text="Kabupaten Contoh", reason="?", said_at=NOW,
                            said_by=self.accounts["nominee-1"], state="asked")
            )  # fmt: skip
            db.session.add(
                Attachment(nomination_id=nomination.id, no=1, kind="coverage", blob_id=blob.id, name=name,
                           uploaded_at=NOW, uploaded_by=self.accounts["nominee-1"], uploaded_by_name="N")
            )  # fmt: skip
            # A file of each was announced in time and is still on its way, so that `g` holds.
            declared = FileDeclaration(
                ref=f"D-{nomination.ref[2:]}", nomination_id=nomination.id, kind="coverage", requirement="", name=name,
                sha256="0" * 64, size=10, declared_at=NOW, expires_at=NOW + timedelta(days=2),
                declared_by=self.accounts["nominee-1"], declared_by_name="N",
            )  # fmt: skip
            db.session.add(declared)
            content = {"evidence": {}, "gates": {}, "attachments": [{"no": 1, "kind": "coverage", "name": name}]}
            db.session.add(
                NominationRevision(nomination_id=nomination.id, no=2, receipt_no=f"T-2-{nomination.id}",
                                   content=content, digest="0" * 64, submitted_at=NOW,
                                   submitted_by=self.accounts["nominee-1"], submitted_by_name="N")
            )  # fmt: skip
            verification = db.session.scalar(select(Verification).where(Verification.nomination_id == nomination.id))
            verification = verification or Verification(nomination_id=nomination.id, revision_no=1)
            verification.state, verification.proposed_at = "proposed", NOW
            verification.closed_at = verification.closed_by = None
            verification.proposed_by = self.accounts["verifier-1"]
            verification.proposed_person_id = here.accounts["verifier-1"].person_id
            verification.requests.append(
                ChangeRequest(no=1, question="?", items=[], due_at=NOW + timedelta(days=3), asked_at=NOW,
                              asked_by=self.accounts["verifier-1"], asked_by_name="V",
                              state="answered" if nomination is answered else "open")
            )  # fmt: skip
            verification.overrides.append(
                Override(no=1, indicator="B1", computed="9.00", value="8.00", reason="?", first_at=NOW,
                         first_by=self.accounts["verifier-1"], first_name="V",
                         first_person_id=here.accounts["verifier-1"].person_id)
            )  # fmt: skip
            db.session.add(verification)
            visit = FieldVisit(
                verification=verification, no=1, place="Balai", visited_on=NOW.date(), offices="Dinas",
                seen={"coverage": "Ada"}, recorded_by=self.accounts["verifier-1"], recorded_by_name="V",
                recorded_at=NOW,
            )  # fmt: skip
            shot = FieldVisitPhoto(
                visit=visit, no=1, blob_id=blob.id, name=name, shows="Loket", added_by=self.accounts["verifier-1"],
                added_by_name="V", added_at=NOW,
            )  # fmt: skip
            db.session.add_all((visit, shot))
            for name_ in ("verifier-2", "assessor-4"):
                self._recuse(self.accounts[name_], nomination)
        blob = blobs[sent.id]
        day = InterviewDay(code="contoh-2025-1", cycle_id=here.cycle.id, no=1, on=NOW.date())
        db.session.add(day)
        db.session.flush()
        db.session.add(
            InterviewSession(ref=random_ref("I"), day_id=day.id, no=1, category_id=here.category.id,
                             nomination_id=sent.id, planned_at=NOW, minutes=20)
        )  # fmt: skip
        db.session.add(
            CalendarFeed(account_id=self.accounts["assessor-3"], made_at=NOW,
                         token_hash=hashlib.sha256(b"own-calendar").hexdigest())
        )  # fmt: skip
        for one in self.accounts.values():
            db.session.add(SecondFactor(
                ref=f"SF-{one}", account_id=one, kind="passkey", name="x", credential_id=str(one), public_key="x",
                fingerprint="x", sign_count=0, added_at=NOW,
            ))  # fmt: skip
        self.message = random_ref("M")
        db.session.add(
            Message(ref=self.message, kind="sheets_due", cycle_id=here.cycle.id, account_id=self.accounts["assessor-3"],
                    cause="walk", about=str(here.category.id), subject="S", text_id="T", text_en="T", path="/home",
                    state="queued", created_at=NOW, written_at=NOW)
        )  # fmt: skip
        self.house_message = random_ref("M")
        db.session.add(
            Message(ref=self.house_message, kind="invited", cause="walk", about="", subject="S", text_id="T",
                    text_en="T", path="/invitations", state="queued", created_at=NOW, written_at=NOW,
                    to_name="Sri Lestari", to_address="sri@contoh.test")
        )  # fmt: skip
        self.example = random_ref("B")
        db.session.add(
            Calibration(ref=self.example, category_id=here.category.id, title="Contoh", described="", opened_at=NOW,
                        opened_by=self.accounts["chair"])
        )  # fmt: skip
        self.consolidation = random_ref("K")
        db.session.add(
            Consolidation(ref=self.consolidation, category_id=here.category.id, nomination_id=sent.id, attempt=1,
                          indicators=[{"code": "A1", "low": "1", "high": "9"}], opened_at=NOW, opened_reason="?",
                          opened_by=self.accounts["chair"])
        )  # fmt: skip
        self._plenary(here)
        form = form_of(rubric_of(here.category)) | {"code": "contoh-rubrik"}
        rubrics.make(here.cycle, form, actor=here.actor("organiser-1"), at=here.now)
        self.job = random_ref("Q")
        db.session.execute(insert(Job).values(ref=self.job, kind="tidy", arguments={}, created_at=NOW, queued_at=NOW))
        self.witness = random_ref("W")
        db.session.add(
            Witness(ref=self.witness, cycle_id=here.cycle.id, label="Arsip", address="arsip@contoh.test", added_at=NOW)
        )
        db.session.add(
            Checkpoint(stream="contoh-2025/intake", size=1, root=bytes(32), note="a note", at=NOW, key_id="localhost 0")
        )
        self.lift = random_ref("R")
        over = halt.halt(halt.BY_HAND, at=NOW, actor=here.actor("administrator"))
        db.session.add(
            StaffRequest(ref=self.lift, kind="lift_halt", subject_ref=over.ref, given={}, reason="?", asked_at=NOW,
                         asked_by_id=here.accounts["administrator"].id, state="waiting",
                         asked_person_id=here.accounts["administrator"].person_id, expires_at=NOW + timedelta(days=7))
        )  # fmt: skip
        halt.lift(over, actor=here.actor("auditor"), at=NOW)
        self.privacy_request, self.destruction = random_ref("R"), random_ref("X")
        asked = {"asked_by_id": here.accounts["administrator"].id, "expires_at": NOW + timedelta(days=7),
                 "asked_person_id": here.accounts["administrator"].person_id, "asked_at": NOW,
                 "reason": "?"}  # fmt: skip
        db.session.add(
            StaffRequest(ref=self.privacy_request, kind="erase_person", subject_ref="U-0000-0000", given={},
                         state="waiting", **asked)
        )  # fmt: skip
        db.session.flush()
        db.session.add(
            Destruction(ref=self.destruction, request_ref=self.privacy_request, kind="mail", rule_version=0, days=90,
                        basis="?", destroyed_at=NOW, count=1, bytes=0, items=[{"ref": "M-1"}], digest="0" * 64)
        )  # fmt: skip
        self.invitation, self.staff_request = random_ref("I"), random_ref("R")
        self.organisation, self.officer = here.organisations["regency-4"].ref, here.accounts["verifier-1"].ref
        db.session.add(
            Invitation(ref=self.invitation, email="baru@contoh.test", name="", role="nominee", position="", decree="",
                       organisation_id=here.organisations["regency-4"].id, invited_by="console", invited_at=NOW,
                       expires_at=NOW + timedelta(days=7), state="open")
        )  # fmt: skip
        db.session.add(
            StaffRequest(ref=self.staff_request, kind="reset_password", subject_ref=self.officer, given={}, reason="?",
                         asked_by_id=here.accounts["administrator"].id, state="waiting", asked_at=NOW,
                         asked_person_id=here.accounts["administrator"].person_id, expires_at=NOW + timedelta(days=7))
        )  # fmt: skip
        self.batch = random_ref("B")
        db.session.add(
            CertificateBatch(ref=self.batch, cycle_id=here.cycle.id, kinds=["winner"], categories=["kabkota"],
                             digest="0" * 64, asked_by=self.accounts["organiser-1"], asked_at=NOW, job_ref=self.job)
        )  # fmt: skip
        self.proposals = {
            act: self._proposal(act, here)
            for act in ("seat_panel", "waive", "extend_deadline", "open_category", "shortlist", "seal_results",
                        "publish_results", "recall_publication", "correct_publication", "answer_objection",
                        "restart_category", "freeze_rubric", "record_decision", "issue_certificate",
                        "revoke_certificate")
        }  # fmt: skip
        db.session.add_all(
            Sheet(ref=random_ref("S"), category_id=here.category.id, nomination_id=one.id, revision_no=1,
                  assessor_id=self.accounts["verifier-seated"], opened_at=NOW, submitted_at=NOW,
                  receipt_no=f"L-seated-{one.id}", digest="0" * 64)
            for one in nominations(here)
            if one is not draft
        )  # fmt: skip
        own = db.session.scalars(
            select(Sheet).where(Sheet.assessor_id == self.accounts["assessor-3"], Sheet.nomination_id == sent.id)
        ).one()
        self.answered = answered.ref
        self.recused = here.accounts["assessor-4"].ref
        self.sent, self.sent_id, self.draft, self.draft_id = sent.ref, sent.id, draft.ref, draft.id
        self.sheet = own.ref
        late = LateMark(
            ref=random_ref("T"), sheet_id=own.id, indicator="A1", value=Decimal("1.25"), reason=None, abstain_note="",
            panel_note="", feedback="", device_at="", received_at=NOW, received_by=self.accounts["assessor-3"],
        )  # fmt: skip
        db.session.add(late)
        self.late = late.ref
        asked = Reopening(
            ref=random_ref("A"), sheet_id=own.id, reason="?", asked_by=self.accounts["assessor-3"], asked_at=NOW,
            state="asked", after_others=False,
        )  # fmt: skip
        db.session.add(asked)
        self.reopening = asked.ref
        objection = Objection(
            ref="K-0000-0001", nomination_id=sent.id, subject="gate", kind="",
            code=rubric_of(here.category).gates[0]["code"], stood="fail", reason="?",
            filed_by=self.accounts["nominee-1"], filed_by_name="N", filed_at=NOW,
            files=[ObjectionFile(no=1, blob_id=blob.id, name=name)],
        )  # fmt: skip
        db.session.add(objection)
        db.session.add_all(
            PaperEntry(sheet_id=own.id, no=no, leaves=[], signed=False, blob_id=blob.id, scan_name=name,
                       entered_by=self.accounts[who], person_id=here.accounts[who].person_id, entered_at=NOW)
            for no, who in enumerate(("organiser-2", "organiser-other"), start=1)
        )  # fmt: skip
        leaf = PaperLeaf(ref=random_ref("H"), sheet_id=own.id, indicator="A1", cause="entries", at=NOW)
        db.session.add(leaf)
        self.leaf = leaf.ref
        self.written = paper_ref(sent.ref, here.accounts["assessor-3"].ref, own.attempt)
        self.code = shown(db.session.scalars(select(Certificate.code).order_by(Certificate.id).limit(1)).one())
        self.gates = [gate["code"] for gate in category_of(here).rubric.gates]
        db.session.commit()

    def _plenary(self, here: World) -> None:
        """The plenary is in session with half of the panel, and has left a title without a holder."""
        session = Plenary(ref=random_ref("Y"), category_id=here.category.id, no=1, opened_at=NOW,
                          opened_by=self.accounts["chair"], opened_by_name="K")  # fmt: skip
        db.session.add(session)
        db.session.flush()
        seats = db.session.scalars(select(Seat).where(Seat.category_id == here.category.id).order_by(Seat.id)).all()
        db.session.add_all(
            PlenaryAttendance(plenary_id=session.id, seat_id=seat.id, no=1, present=no < 6, at=NOW)
            for no, seat in enumerate(seats)
        )
        run_id = db.session.scalars(select(ResultRun.id)).first()
        db.session.add(
            Decision(ref=random_ref("Z"), category_id=here.category.id, plenary_id=session.id, run_id=run_id, no=1,
                     kind="withhold", place=3, candidates=[], title_id="Terbaik III", title_en="Third", reason="?",
                     votes_for=5, votes_against=1, votes_abstained=0, present=6, quorum=5, basis="0" * 64,
                     proposal_ref=random_ref("P"), proposed_by=self.accounts["chair"], proposed_by_name="K",
                     confirmed_by=self.accounts["deputy"], confirmed_by_name="W", decided_at=NOW)
        )  # fmt: skip

    def _recuse(self, account_id: int, nomination: Nomination) -> None:
        db.session.add(
            Recusal(account_id=account_id, nomination_id=nomination.id, category_id=nomination.category_id,
                    kind="declared", at=NOW)
        )  # fmt: skip

    def _proposal(self, act: str, here: World) -> str:
        certificate = db.session.scalars(select(Certificate.code).order_by(Certificate.id).limit(1)).one()
        subjects = {"answer_objection": "K-0000-0001", "revoke_certificate": certificate}
        made = Proposal(
            ref=random_ref("P"), act=act, category_id=here.category.id, digest="0" * 64, payload={},
            subject_ref=subjects.get(act, act),
            proposer_id=self.accounts["organiser-2"], proposer_person_id=here.accounts["organiser-2"].person_id,
            proposer_name="O", proposed_at=NOW, state="withdrawn",
        )  # fmt: skip
        db.session.add(made)
        return made.ref

    def _end_rights(self) -> None:
        """What ends while its holder is signed in."""
        ended = db.session.scalars(select(RoleGrant).where(RoleGrant.account_id == self.accounts["verifier-ended"]))
        ended.one().ended_at = NOW
        seat = db.session.scalars(select(Seat).where(Seat.account_id == self.accounts["assessor-ended"])).one()
        seat.ended_at = NOW
        seat.account.active = True
        db.session.get_one(type(seat.account), self.accounts["organiser-closed"]).active = False
        db.session.commit()

    def _door(self, who: Who) -> Door:
        client = self.app.test_client()
        if who.name:
            sign_in(client, who.name)
        page = client.get("/home" if who.name else "/sign-in").get_data(as_text=True)
        token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)
        assert token is not None, who.name
        cookie = client.get_cookie("sid")
        assert cookie is not None, who.name
        return Door(self.app.test_client(use_cookies=False), f"sid={cookie.value}", token[1])

    # The walk

    def actor(self, name: str) -> Actor:
        """A person as the door would see it now; an empty name is the public. Asked in the application's context."""
        if not name:
            return ANYBODY
        found: Actor | None = self.app.extensions["jobs"].actor_of(self.accounts[name])
        return found or ANYBODY

    def enter(self, state: int, *, chair_in_conflict: bool = False) -> None:
        """The world as it was built, its category in `state`; the draft of nominee-1 is one only while that can be."""
        self.kept.backup(self.watch)
        draft = "draft" if state < 2 else "returned"
        self.watch.execute("UPDATE category SET state = ? WHERE id = ?", (state, self.category_id))
        self.watch.execute(
            "UPDATE nomination SET state = ?, revision_no = ? WHERE id = ?",
            (draft, 0 if draft == "draft" else 1, self.draft_id),
        )
        if chair_in_conflict:
            self.watch.executemany(
                "INSERT INTO recusal (account_id, nomination_id, category_id, no, kind, basis, reason, at)"
                " VALUES (?, ?, ?, 1, 'declared', '', '', '2026-03-02 03:00:00.000000')",
                [(self.accounts["chair"], one, self.category_id) for one in (self.sent_id, self.draft_id)],
            )
        self.here = sqlite3.connect(":memory:")
        self.watch.backup(self.here)
        self.mark()

    def enter_again(self) -> None:
        """Bring every table back to where `enter` left it."""
        self.here.backup(self.watch)
        self.mark()

    def elsewhere(self, statement: str) -> None:
        """Commit a statement through a connection of the application's own kind."""
        with self.app.app_context():
            db.session.execute(text(statement))
            db.session.commit()
            db.session.remove()

    def mark(self) -> None:
        """Note how the tables stand now."""
        self.version = self._version()
        self.tables = self.checksums()

    def changed(self) -> list[str]:
        """The tables that differ since `mark`; the time at which a session was last seen is no change."""
        if self._version() == self.version:
            return []
        self.version = self._version()
        now = self.checksums()
        return sorted(name for name in self.tables if now.get(name) != self.tables[name])

    def _version(self) -> int:
        return int(self.watch.execute("PRAGMA data_version").fetchone()[0])

    def checksums(self) -> dict[str, str]:
        """SHA-256 over the rows of every table."""
        names = [row[0] for row in self.watch.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        found = {}
        for name in names:
            columns = "*" if name != "sign_in_session" else "id, token_hash, account_id, data"
            rows = self.watch.execute(f'SELECT {columns} FROM "{name}"').fetchall()
            found[name] = hashlib.sha256(repr(sorted(map(repr, rows))).encode()).hexdigest()
        return found

    def address(self, who: Who, route: Route) -> str:
        """The address of a route in this world."""
        values = {
            "<cycle>": "contoh-2025", "<cat>": "kabkota", "<day>": "contoh-2025-1", "<int:no>": "1", "<int:doc>": "1",
            "<int:item>": "1", "<item>": "coverage", "<kind>": "coverage", "<indicator>": "A1", "<candidate>": "99.01",
            "<computed>": "C1",
            "<path:filename>": "favicon.svg", "<int:page>": "1", "<int:photo>": "1", "<int:a>": "1",
            "<int:b>": "1", "<job>": self.job, "<consolidation>": self.consolidation, "<end>": "csv",
            "<example>": self.example, "<wish>": "title",
            "<account>": self.recused, "<rubric>": "contoh-rubrik", "<int:version>": "1", "<group>": "aspects",
            "<word>": "intake", "<int:size>": "1", "<about>": "category", "<path:thing>": "contoh-2025/kabkota",
            "<witness>": self.witness,
            "<batch>": self.batch, "<lift>": self.lift,
            "<privacy_request>": self.privacy_request, "<destruction>": self.destruction,
            "<message>": self.message, "<token>": "own-calendar", "<region>": "99", "<dataset>": "winners",
            "<schema_name>": "winners", "<payload>": "NOBODYSIGNEDTHIS",
        }  # fmt: skip
        values |= {"<invitation>": self.invitation, "<staff_request>": self.staff_request,
                   "<organisation>": self.organisation, "<member>": self.officer}  # fmt: skip
        if route.rule.startswith("/system/users"):
            values["<account>"] = self.officer
        if "/certificates/" in route.rule:
            values["<kind>"], values["<sha256>"] = "winner", self.picture
        if route.rule.startswith("/system/messages"):
            values["<message>"] = self.house_message
        if route.rule.startswith("/bootstrap"):
            values["<path:filename>"] = "umd/popper.min.js"
        seated = route.rule.startswith("/manage") and "/certificates/" not in route.rule
        values["<code>"] = "J3" if seated else self.code
        values["<ref>"] = self.sheet if route.kind == "paper" else self.draft if route.edits else self.sent
        if who.name == "nominee-3":
            values["<ref>"] = self.answered
        values["<upload>"] = f"D-{values['<ref>'][2:]}"
        for word, act in (
            ("/shortlist/", "shortlist"), ("/open/", "open_category"), ("/proposals/", "seat_panel"),
            ("/certificates/issue/", "issue_certificate"), ("/end/", "revoke_certificate"),
            ("/waivers/", "waive"), ("/deadlines/", "extend_deadline"), ("/seal/", "seal_results"),
            ("/restart/", "restart_category"), ("/publication/", "publish_results"), ("/freeze/", "freeze_rubric"),
            ("/recall/", "recall_publication"), ("/correction/", "correct_publication"),
            ("/objections/", "answer_objection"), ("/waiting/", "record_decision"),
        ):  # fmt: skip
            if word in route.rule:
                values["<proposal>"] = self.proposals[act]
        values.setdefault("<proposal>", "P-0000-0000")
        values["<factor>"], values["<sitting>"] = f"SF-{self.accounts.get(who.name, 0)}", "SS-0000"
        if "<sitting>" in route.rule and who.name:
            mine = "SELECT ref FROM sign_in_session WHERE account_id = ? ORDER BY id DESC"
            values["<sitting>"] = self.watch.execute(mine, (self.accounts[who.name],)).fetchone()[0]
        values["<late>"] = self.late
        values["<winner>"] = self.sent
        values["<reopening>"], values["<objection>"] = self.reopening, "K-0000-0001"
        values["<sheet>"], values["<leaf>"] = self.written, self.leaf
        return re.sub(r"<[^>]+>", lambda found: values[found[0]], route.rule)

    def ask(self, who: Who, route: Route) -> str:
        """What the door says to a person: the class of the answer."""
        door = self.doors[who.name, who.stale]
        headers = {"Accept": "application/json", "Sec-Fetch-Site": "same-origin", "X-CSRFToken": door.token,
                   "Cookie": door.cookie}  # fmt: skip
        data = None
        if route.also:  # the form is read before the second act is asked for
            headers["Idempotency-Key"] = random_ref("K", 5)
            data = {f"{gate}-version": "0" for gate in self.gates}
            data |= {"version": "0", "subject": "gate", "code": self.gates[0]}
        if route.act == "upload":
            headers["Idempotency-Key"] = random_ref("K", 5)
            data = {"kind": "coverage"}
        with door.client.open(self.address(who, route), method=route.method, headers=headers, data=data) as answer:
            return _class_of(answer)

    def status(self, who: Who, route: Route, reason: str | None = None) -> int:
        """The status with which a page answers, with a reason in its address where one is given."""
        door = self.doors[who.name, who.stale]
        query = {} if reason is None else {"reason": reason}
        with door.client.get(self.address(who, route), query_string=query, headers={"Cookie": door.cookie}) as answer:
            return int(answer.status_code)


def _class_of(answer: Any) -> str:
    status = answer.status_code
    if status == 401:
        return "401 fresh" if answer.get_json()["code"] == "fresh_sign_in_needed" else "401"
    if status in {403, 404}:
        return str(status)
    if status == 409:
        told = answer.get_json(silent=True)
        return "409" if told is None or told["code"] == "wrong_state" else "allowed"
    return "allowed" if status < 500 else "fault"
