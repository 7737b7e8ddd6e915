"""Papers of every kind: drawn and signed before the lock, stored with their row and their event, and told of."""

import hashlib
import io
from datetime import timedelta

import pikepdf
import pypdfium2
import pytest
from flask import current_app
from sqlalchemy import select

from paritrana.audit.models import Event
from paritrana.certificates import queries, service, templating
from paritrana.certificates.models import Certificate, CertificatePaper, CertificatePrint, PrintedName, Register
from paritrana.certificates.targets import targets_of
from paritrana.core.certificates import Kind, read_template
from paritrana.core.codes import parse, shown
from paritrana.core.errors import StaleVersion
from paritrana.database import db
from paritrana.operations.invariants import broken_rules
from paritrana.outbox.models import Message
from paritrana.signing import signers
from paritrana.signing.compact import verify
from paritrana.signing.signed_pdf import check
from paritrana.signing.signers import CertificateKeyMissing
from tests.factories_results import category_of, contest, fail_gate, nominations, press, publish

EVERY = tuple(Kind)


@pytest.fixture
def here(app, db_session):
    made = contest(5)
    fail_gate(made, nominations(made)[4])
    publish(made)
    return made


def issue(here, kinds=EVERY):
    made = service.issue(
        category_of(here), press=press(), actor=here.actor("organiser-1"), at=here.now + timedelta(hours=2), kinds=kinds
    )
    db.session.commit()
    return made


def words_of(raw):
    pdf = pypdfium2.PdfDocument(raw)
    text = " ".join(page.get_textpage().get_text_range() for page in pdf)
    pdf.close()
    return " ".join(text.split())


def test_everybody_gets_the_paper_of_the_own_kind(here):
    made = issue(here)
    found = {}
    for one in made:
        found.setdefault(one.kind, []).append(one)
    assert [(one.rank, one.title_id) for one in found["winner"]] == [
        (1, "Terbaik I"), (2, "Terbaik II"), (3, "Terbaik III"),
    ]  # fmt: skip
    assert [one.nomination.candidate_code for one in found["finalist"]] == ["99.04"]
    assert [one.nomination.candidate_code for one in found["participant"]] == ["99.05"]
    assert {one.rank for one in (*found["finalist"], *found["participant"])} == {None}
    assert [one.basis for one in found["thanks"]] == [
        here.accounts[name].ref for name in ("chair", "deputy", *(f"assessor-{no}" for no in range(3, 10)))
    ]
    assert [one.recipient for one in found["minutes"]] == ["Panel Penilai Kategori kabkota"]
    assert [one.register_no for one in made] == list(range(1, len(made) + 1))
    assert db.session.scalars(select(Register.next_no)).one() == len(made) + 1
    assert all(parse(one.code) == one.code for one in made)


def test_the_stored_file_is_signed_and_says_what_its_code_and_the_register_say(here):
    keys = signers.certificate_keys(current_app.extensions["settings"])
    for one in issue(here):
        paper = queries.paper_of(one)
        assert hashlib.sha256(paper.content).hexdigest() == paper.sha256
        assert len(paper.content) == paper.size
        said = check(paper.content, keys)
        assert (said.payload, said.fingerprint) == (one.payload, paper.fingerprint)
        claim = verify(one.payload, keys.payload)
        assert (claim.code, claim.recipient) == (one.code, one.recipient)
        assert claim.title == one.title_id
        assert one.recipient in words_of(paper.content)
        assert shown(one.code) in words_of(paper.content)
        facts = queries.facts_of(one)
        assert facts.issued_on == claim.issued_on
        assert (facts.kind, facts.year, facts.decree) == (one.kind, 2025, "SK Contoh 1/2026")
    told = {one.object_ref: one.content.body for one in db.session.scalars(select(Event)) if "issued" in one.kind}
    papers = db.session.execute(select(Certificate.code, CertificatePaper.sha256).join(CertificatePaper)).all()
    assert all(sha256.encode() in bytes(told[code]) for code, sha256 in papers)


def test_the_minutes_of_the_register_hold_the_whole_plenary(here):
    one = issue(here, [Kind.MINUTES])[0]
    raw = queries.paper_of(one).content
    with pikepdf.open(io.BytesIO(raw)) as pdf:
        assert len(pdf.pages) >= 3
    text = words_of(raw)
    assert "Berita acara sidang pleno" in text
    assert "EMBARGO" not in text
    assert "Pemerintah Kabupaten Contoh 1" in text


def test_the_spelling_that_was_accepted_is_printed(here):
    nomination = nominations(here)[0]
    said = {"nomination_id": nomination.id, "said_at": here.now, "said_by": here.accounts["nominee-1"].id}
    by = {"answered_at": here.now, "answered_by": here.accounts["organiser-1"].id}
    db.session.add_all(
        [
            PrintedName(no=1, text="Pemkab Contoh I", state="accepted", **said, **by),
            PrintedName(no=2, text="Pemerintah Kabupaten Contoh Satu", state="accepted", **said, **by),
            PrintedName(no=3, text="Pemkab", state="declined", **said, **by),
        ]
    )
    db.session.commit()
    made = issue(here, [Kind.WINNER])
    assert made[0].recipient == "Pemerintah Kabupaten Contoh Satu"
    assert "Contoh Satu" in words_of(queries.paper_of(made[0]).content)


def test_without_its_key_nothing_is_issued(here):
    folder = current_app.extensions["settings"].instance_path / "keys"
    for name in ("certificate.key", "pades.key"):
        kept = (folder / name).read_bytes()
        (folder / name).unlink()
        press().forget_signer()
        try:
            with pytest.raises(CertificateKeyMissing) as refused:
                issue(here)
            assert refused.value.status == 503
        finally:
            db.session.rollback()
            (folder / name).write_bytes(kept)
            (folder / name).chmod(0o600)
        assert db.session.query(Certificate).count() == 0
        assert db.session.query(CertificatePaper).count() == 0
    assert issue(here, [Kind.WINNER])


def test_what_changed_after_drawing_is_not_stored(here):
    category = category_of(here)
    targets = targets_of(category, [Kind.WINNER])
    templating.ready_templates(category.cycle, [Kind.WINNER], at=here.now)
    plans = service.plan(category, targets, press=press(), at=here.now)
    drafts = [service.draw(one, press=press(), at=here.now) for one in plans]
    here.organisations["regency-2"].name = "Pemerintah Kabupaten Lain"
    db.session.commit()
    found = service.store(category, drafts, actor=here.actor("organiser-1"), at=here.now)
    assert [type(one) for _draft, one in found] == [Certificate, service.FactsMoved, Certificate]
    db.session.commit()
    assert [one.register_no for one in db.session.query(Certificate).order_by(Certificate.id)] == [1, 2]


def test_a_holder_is_told_once_and_the_minutes_tell_nobody(here):
    issue(here)
    rows = db.session.scalars(select(Message).where(Message.kind.in_(("certificate", "certificate_thanks")))).all()
    by_kind = {}
    for one in rows:
        by_kind.setdefault(one.kind, set()).add(one.account_id)
    assert by_kind["certificate"] == {here.accounts[f"nominee-{no}"].id for no in (1, 2, 3)}
    assert len(by_kind["certificate_thanks"]) == 9
    assert all(one.path == f"/verify/{shown(one.about)}" for one in rows)
    notices = current_app.extensions["notices"]
    own = next(one for one in rows if one.account_id == here.accounts["nominee-1"].id)
    for name, may in (("nominee-1", True), ("nominee-2", False), ("chair", False)):
        assert (own.about in notices.find("certificate").still(here.actor(name), {own.about})) is may


def test_a_template_is_stored_in_versions_and_the_newest_counts(here):
    cycle, actor = here.cycle, here.actor("organiser-1")
    templating.ready_templates(cycle, [Kind.WINNER], at=here.now)
    templating.ready_templates(cycle, [Kind.WINNER], at=here.now)
    db.session.commit()
    delivered = queries.template_for(cycle, Kind.WINNER, "Terbaik I")
    assert (delivered.no, delivered.template.cycle_id) == (1, None)
    document = {**delivered.document, "design": "modern"}
    own = templating.store_template(cycle, Kind.WINNER, "", document, actor=actor, at=here.now, expected=0)
    first = templating.store_template(cycle, Kind.WINNER, "Terbaik I", document, actor=actor, at=here.now)
    with pytest.raises(StaleVersion):
        templating.store_template(cycle, Kind.WINNER, "", document, actor=actor, at=here.now, expected=0)
    again = {**document, "colours": "green"}
    newer = templating.store_template(cycle, Kind.WINNER, "", again, actor=actor, at=here.now, expected=1)
    db.session.commit()
    assert queries.template_for(cycle, Kind.WINNER, "Terbaik I").id == first.id
    assert queries.template_for(cycle, Kind.WINNER, "Terbaik II").id == newer.id != own.id
    assert read_template(newer.document).colours == "green"
    made = issue(here, [Kind.WINNER])
    assert [one.template_version_id for one in made] == [first.id, newer.id, newer.id]


def test_issuing_the_whole_category_asks_a_fixed_number_of_questions_for_each_paper(here, statements):
    issue(here, [Kind.MINUTES])
    with statements() as few:
        issue(here, [Kind.WINNER])
    with statements() as many:
        issue(here, [Kind.THANKS])
    assert (len(many) - len(few)) / 6 <= 13


def test_nothing_of_the_register_breaks_a_rule(here, app):
    made = issue(here)
    db.session.add(
        CertificatePrint(certificate=made[0], no=1, how="file", printed_at=here.now, printed_by=made[0].issued_by)
    )
    found = broken_rules(app.extensions["settings"], at=here.now)
    assert [one for one in found if one.rule.startswith(("certificate", "look", "chain", "register"))] == []
