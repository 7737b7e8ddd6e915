"""A small house in which everything has happened, played through the services, to be tampered with.

Two categories of the simulated cycles with few candidates: one goes to its certificates, with a change request, a
condition decided by the chair and a nomination left out of the shortlist; one stays in the plenary with a recusal, an
ended seat, a missing sheet and a moved clock. A third is open with a draft and an
extended deadline. The historical cycle stands beside them.
"""

import io
import json
import os
from array import array
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal

from PIL import Image
from sqlalchemy import select

from paritrana.accounts import factors, requests
from paritrana.accounts.models import RoleGrant
from paritrana.accounts.passkeys import NewPasskey
from paritrana.accounts.queries import load_actor
from paritrana.accounts.service import create_account, create_person, register_device
from paritrana.audit import checkpoints, halt
from paritrana.audit.checkpoints import Office
from paritrana.certificates import batches, ending, templating
from paritrana.certificates import queries as certified
from paritrana.certificates.editor.service import add_image, answer_spelling, ask_spelling, confirm_name
from paritrana.certificates.press import Press
from paritrana.certificates.register.queries import Asked, printable
from paritrana.certificates.register.service import count_prints
from paritrana.config import Settings, data_folder
from paritrana.core.certificates import Kind
from paritrana.core.policy import Act, Actor
from paritrana.cycles.models import CALENDAR, Category
from paritrana.cycles.queries import cycle_time, get_category, get_cycle, rubric_of
from paritrana.cycles.rubrics import service as rubrics
from paritrana.cycles.rubrics.document import form_of
from paritrana.cycles.service import (
    add_category,
    advance_clock,
    calendar_of,
    confirm_extension,
    create_cycle,
    propose_extension,
)
from paritrana.cycles.setup import service as setup
from paritrana.database import db
from paritrana.files.models import Blob
from paritrana.files.previews.service import make_previews_of
from paritrana.files.service import store_upload
from paritrana.files.store import BlobStore
from paritrana.home.rehearsing import make_rehearsal, throw_away
from paritrana.home.setup.feeding import take_over
from paritrana.home.setup.making import make_cycle
from paritrana.inspection.service import add_witness, end_witness
from paritrana.interviews import planning
from paritrana.interviews.no_show import note_dropout
from paritrana.interviews.planning import Wanted
from paritrana.interviews.queries import session_of, sessions_of
from paritrana.interviews.service import plan_day, plan_session
from paritrana.jobs.kinds import SYSTEM, Run
from paritrana.jobs.queue import Queue
from paritrana.nominations.namelists.checking import Counted, ListFormula
from paritrana.nominations.namelists.service import keep_counts, receive_list, refuse_list
from paritrana.nominations.queries import CANDIDATE_STATES, nominations_of
from paritrana.nominations.rows import kinds_asked
from paritrana.nominations.service import assess, create_nomination, declare, set_nomination_state
from paritrana.outbox.kinds import Notices
from paritrana.outbox.sending import send_mail
from paritrana.panels.queries import seats_in, seats_of
from paritrana.panels.service import confirm_waiver, propose_waiver, recuse, unseat
from paritrana.panels.service import declare as declare_conflicts
from paritrana.people import service as people
from paritrana.privacy import erasing
from paritrana.privacy import service as keeping
from paritrana.publication import queries as publications
from paritrana.publication import service as publishing
from paritrana.publication.corrections import service as correcting
from paritrana.publication.objections import queries as objected
from paritrana.publication.objections import service as objections
from paritrana.reference.models import Organisation
from paritrana.results.models import ResultRun
from paritrana.results.plenary import service as plenary
from paritrana.results.plenary.minutes import signed_copy
from paritrana.results.plenary.queries import invited
from paritrana.results.service import build_run
from paritrana.results.workbench.queries import warnings_of
from paritrana.results.workbench.service import acknowledge
from paritrana.seeding import cycles
from paritrana.seeding.cast import Cast
from paritrana.seeding.documents import simulated_document
from paritrana.seeding.judging import sealed_digest
from paritrana.seeding.reference import load_reference
from paritrana.seeding.simulated import Simulated, read_simulated
from paritrana.seeding.stages import Play
from paritrana.sheets import notices as sheets_notices
from paritrana.sheets.calibrations.service import close_calibration, open_calibration, score_example
from paritrana.sheets.consolidations.queries import candidates_over_the_limit
from paritrana.sheets.consolidations.service import open_consolidation, score_again
from paritrana.sheets.imported.reading import read_copy
from paritrana.sheets.imported.service import Typed, set_aside, take
from paritrana.sheets.late.service import decide, deliver
from paritrana.sheets.paper.queries import leaves_on, papers_of_day
from paritrana.sheets.paper.service import Reading, enter
from paritrana.sheets.paper.service import decide as decide_paper
from paritrana.sheets.queries import find_sheet, mark_of, missing_sheets, sheets_of
from paritrana.sheets.reopening.service import ask
from paritrana.sheets.service import close_scoring
from tests.outbox.letterbox import letterbox
from tests.sheets.copies import Browser, entry

SEED = data_folder("seed")
NOMINATIONS = frozenset(
    {"kaltim-64.01", "kaltim-64.08", "kaltim-64.11", "bali-51.04", "bali-51.71", "jatim-35.78", "jatim-35.07"}
)
FAR_APART = "bali-51.04"
OPEN, PLENARY, PUBLISHED = "simulasi-jatim", "simulasi-bali", "simulasi-kaltim"


def build(settings: Settings, now: datetime) -> None:
    """Fill an empty, migrated database and the folder of files; `now` is the machine's moment."""
    load_reference(SEED, session=db.session())
    cycles.store_rubrics(cycles.read_rubrics(SEED), at=now)
    described, bundle = cycles.read_historical(SEED)
    cycles.add_historical(described, bundle, at=now)
    data = _few(read_simulated(SEED))
    organisations = cycles.gather_organisations(data, at=now)
    cast = cycles.gather_people(data, organisations, settings, at=now)
    db.session.commit()
    for code in (OPEN, PLENARY, PUBLISHED):
        cycles.play_cycle(code, data, cast, organisations, settings, now=now, announced=_announced_at_an_instant)
        db.session.commit()
    _objected_and_corrected(cast, settings, now)
    _certified(cast, settings, now)
    _calibrated(cast, now)
    _to_the_plenary(cast, now)
    _extended(cast, now)
    _announce_a_file(cast, now)
    _assess_itself(cast, now)
    _counted_lists(cast, now)
    _prepared_device(cast, now)
    _second_factors(cast, now)
    _handed_over(cast, now)
    _dropped_out(cast, now)
    _waived(now)
    _of_two_people(cast, now)
    _stood_still(cast, now)
    _destroyed_and_erased(cast, settings, now)
    _invited(cast, now)
    db.session.commit()
    _rubric_built(cast, now)
    db.session.commit()
    _planned(cast, now)
    db.session.commit()
    _mailed(settings, now)
    _witnessed(settings, cast, now)
    _rehearsed(cast, now)
    _next_year(cast, now)
    _winner_taken_over(cast, now)
    drawn = db.session.scalars(select(Blob.id).order_by(Blob.id).limit(1)).one()
    make_previews_of(drawn, store=BlobStore(settings.blob_path), at=now)


def _announced_at_an_instant(play: Play, category: Category) -> None:
    """The first instant was a mistake and is taken back; at the second one the clock publishes."""
    for hours in (48, 1):
        asked = publishing.propose_publication(
            category, sealed_digest(category), actor=play.organiser, at=play.tick(),
            publish_at=play.clock.moment + timedelta(hours=hours),
        )  # fmt: skip
        publishing.confirm_publication(asked, asked.digest, actor=play.chair, at=play.tick())
        if hours > 1:
            back = publishing.propose_recall(category, "Hari yang salah.", actor=play.organiser, at=play.tick())
            publishing.confirm_recall(back, back.digest, actor=play.chair, at=play.tick())


def _objected_and_corrected(cast: Cast, settings: Settings, now: datetime) -> None:
    """A nominee objects with a file, the chair grants it, and two people correct what is public."""
    category = get_category(PUBLISHED, "kabkota")
    organiser: Actor = cast.actor(cast.with_role("organiser")[0])
    chair: Actor = cast.actor(cast.with_role("chair")[0])
    published = publications.newest_version(category)
    assert published is not None
    at = published.published_at + timedelta(days=3)
    nomination, target = next(
        (one, target) for one in nominations_of(category, CANDIDATE_STATES) for target in objected.targets_of(one)
    )
    blob, name = store_upload(
        simulated_document("Surat keberatan", [nomination.organisation.name]), filename="keberatan.pdf",
        organisation_id=nomination.organisation_id, at=now,
        store=BlobStore(settings.blob_path), max_bytes=settings.max_file_bytes, ours=True,
    )  # fmt: skip
    filed = objections.file_objection(
        nomination, target, "Bukti terlampir (simulasi).", [(blob, name)], actor=chair,
        at=now + (at - cycle_time(category.cycle, now)),
    )  # fmt: skip
    found = None if target.judged is None else target.judged.figure.claimed
    answer = objections.Answer("granted", "Bukti itu sah (simulasi).", found)
    asked = objections.propose_answer(filed, answer, actor=organiser, at=at)
    objections.confirm_answer(asked, asked.digest, actor=chair, at=at)
    run = correcting.build_correcting_run(category, actor=organiser, at=at)
    wish = correcting.propose_correction(category, run.digest, "Keberatan dikabulkan.", actor=organiser, at=at)
    correcting.confirm_correction(wish, wish.digest, actor=chair, at=at)
    db.session.commit()


def _certified(cast: Cast, settings: Settings, now: datetime) -> None:
    """Names are spelt, a template is written, what the correction left open is ordered, and one paper is replaced."""
    category = get_category(PUBLISHED, "kabkota")
    cycle = category.cycle
    organiser: Actor = cast.actor(cast.with_role("organiser")[0])
    chair: Actor = cast.actor(cast.with_role("chair")[0])
    at = cycle_time(cycle, now)
    first, second, *_others = nominations_of(category, CANDIDATE_STATES)
    confirm_name(first, first.organisation.name, actor=chair, at=at)
    asked = ask_spelling(second, "Pemerintah Daerah Contoh", "Nama resmi (simulasi).", actor=chair, at=at)
    answer_spelling(asked, accepted=True, answer="", text=asked.text, actor=organiser, at=at)
    delivered = certified.template_for(cycle, Kind.WINNER)
    assert delivered is not None
    document = {**delivered.document, "design": "laurel"}
    templating.store_template(cycle, Kind.WINNER, "", document, actor=organiser, at=at)
    dot = io.BytesIO()
    Image.new("RGB", (20, 20), "navy").save(dot, "PNG")
    add_image(cycle, io.BytesIO(dot.getvalue()), "lambang.png", actor=organiser, at=at)
    press, queue = Press(settings, signed_copy), Queue(settings.queue)
    kind = batches.kind_of_job(press)
    db.session.commit()
    batch = batches.order(
        cycle, [category], tuple(Kind), queue=queue, kind=kind, actor=organiser, at=at, machine_at=now
    )  # fmt: skip
    run = Run(batch.job_ref, kind.name, {"batch": batch.ref}, organiser, settings, lambda: now)
    db.session.commit()
    kind.function(run, lambda done, total=None: None)
    category = get_category(PUBLISHED, "kabkota")
    old = next(one for one in certified.valid_in(category) if one.kind == Kind.THANKS)
    wish = ending.propose_end(
        old, "replaced", "Nama salah eja (simulasi).", actor=organiser, at=at, recipient="Nama Benar"
    )
    ending.confirm_end(wish, wish.digest, press=press, actor=chair, at=at)
    for how in ("zip", "file"):
        count_prints(cycle, printable([category.id], Asked()), how, actor=organiser, at=at)
    db.session.commit()


def _planned(cast: Cast, now: datetime) -> None:
    """A candidate of the open category is called in: one drawn slot is taken out, another one confirmed."""
    category = get_category(OPEN, "kabkota")
    actor: Actor = cast.actor(cast.with_role("organiser")[0])
    at = cycle_time(category.cycle, now)
    (called,) = nominations_of(category, {"submitted"})
    for before, after in (("submitted", "verified"), ("verified", "shortlisted")):
        set_nomination_state(called, after, expected=(before,), reason=None, actor=actor, at=at)
    day = plan_day(category.cycle, at.date() + timedelta(days=1), actor=actor, at=at)
    wanted = Wanted([day], ["Aula"], time(9), time(12), 20, 5, "in_person", "benih", None)
    planning.save_plan(category, wanted, actor=actor, at=at)
    planning.remove(planning.planned_in_order(category)[0], "Mundur (simulasi).", expected=1, actor=actor, at=at)
    again = plan_session(
        called, day, datetime.combine(day.on, time(9), UTC), 20, mode="in_person", room="Aula", actor=actor, at=at
    )
    planning.answer_slot(again, "confirmed", "", expected=1, actor=actor, at=at)


def _rehearsed(cast: Cast, now: datetime) -> None:
    """Two rehearsals of the cycle that is before the plenary; the second one is thrown away."""
    organiser: Actor = cast.actor(cast.with_role("organiser")[0])
    for _no in (1, 2):
        made = make_rehearsal(get_cycle(PLENARY), now.date() + timedelta(days=1), 1, actor=organiser, at=now)
    throw_away(made, actor=organiser, at=now)
    db.session.commit()


def _witnessed(settings: Settings, cast: Cast, now: datetime) -> None:
    """Offices outside keep the checkpoints, which are signed; one of them does so no more."""
    organiser: Actor = cast.actor(cast.with_role("organiser")[0])
    cycle = get_cycle(PUBLISHED)
    at = cycle_time(cycle, now)
    for label in ("Inspektorat (simulasi)", "Perguruan tinggi (simulasi)"):
        witness = add_witness(cycle, label, f"{label[:4].casefold()}@contoh.test", actor=organiser, at=at)
    end_witness(witness, actor=organiser, at=at)
    db.session.commit()
    office = Office.of(settings)
    for stream, sizes in checkpoints.due(now).items():
        checkpoints.sign(office, stream, sizes, at=now)
    db.session.commit()


def _mailed(settings: Settings, now: datetime) -> None:
    """The messages that waited leave through a mail server."""
    with letterbox() as (_box, port):
        there = settings.model_copy(
            update={"mail_server": "127.0.0.1", "mail_port": port, "mail_security": "none", "mail_from": "a@b.test"}
        )
        kind = send_mail(
            there, Notices(*sheets_notices.NOTICES), lambda one: load_actor(one, fresh=False, seats_of=seats_of)
        )
        kind.function(Run("J-0000-0000", kind.name, {}, SYSTEM, there, lambda: now), lambda done, total=None: None)


def _few(data: Simulated) -> Simulated:
    # One mark lies far from the others, so that there is something to consolidate.
    marks = {key: dict(rows) for key, rows in data.marks.items()}
    marks[FAR_APART]["A3"] = {**marks[FAR_APART]["A3"], "ketua": Decimal("4.00")}
    nominations = [row for row in data.nominations if row["key"] in NOMINATIONS]
    return replace(data, nominations=nominations, marks=marks)


def _announce_a_file(cast: Cast, now: datetime) -> None:
    """A file of the open draft that is on its way."""
    category = get_category(OPEN, "kabkota")
    (draft,) = nominations_of(category, {"draft"})
    nominee: Actor = cast.actor(cast.with_role("nominee")[0])
    declare(
        draft, kinds_asked(rubric_of(category))[0], name="surat.pdf", sha256="0" * 64, size=1000, requirement="",
        actor=nominee, at=cycle_time(category.cycle, now), now=now, max_bytes=10**6,
    )  # fmt: skip


def _dropped_out(cast: Cast, now: datetime) -> None:
    """A connection that was gone for three minutes in the cycle that is before the plenary."""
    session = sessions_of(get_category(PLENARY, "kabkota"))[0]
    actor: Actor = cast.actor(cast.with_role("organiser")[0])
    at = session.planned_at
    note_dropout(session, at, at + timedelta(minutes=3), 0, expected=0, actor=actor, at=now)


def _counted_lists(cast: Cast, now: datetime) -> None:
    """Two villages whose lists were counted and share a number, and one list that was refused."""
    category = get_category(OPEN, "desa")
    actor: Actor = cast.actor(cast.with_role("organiser")[0])
    at, key = cycle_time(category.cycle, now), "0123456789abcdef"
    lists = []
    for no in (1, 2, 3):
        village = Organisation(
            ref=f"O-0000-000{no}", name=f"Desa Hitung {no}", kind="village", region_code="35.07", fictitious=True
        )
        db.session.add(village)
        db.session.flush()
        nomination = create_nomination(category, village, actor=actor, at=at)
        lists.append(
            receive_list(nomination, f"L-0000-000{no}", name="daftar.csv", size=100, actor=actor, at=at, now=now)
        )
        db.session.commit()
    reasons = {"malformed": 0, "elsewhere": 0, "implausible": 0, "twice": 0}
    for one, marks in zip(lists, ([1, 2], [2, 3]), strict=False):
        counts = {"submitted": 2, "valid": 2, "as_figure": 0, "reasons": reasons, "groups": {}}
        keep_counts(one, Counted(counts, array("Q", marks)), key_id=key, actor=actor, at=at)
        db.session.commit()
    refuse_list(lists[2], ListFormula(name="daftar.csv", cell="A2"), actor=actor, at=at)


def _assess_itself(cast: Cast, now: datetime) -> None:
    """What the nominee of the open draft thinks of one indicator."""
    category = get_category(OPEN, "kabkota")
    (draft,) = nominations_of(category, {"draft"})
    nominee: Actor = cast.actor(cast.with_role("nominee")[0])
    code = next(one.code for one in rubric_of(category).indicators)
    at = cycle_time(category.cycle, now)
    assess(draft, {code: (Decimal("7.50"), "Perda sudah berlaku (simulasi).", 0)}, actor=nominee, at=at)


def _second_factors(cast: Cast, now: datetime) -> None:
    """The chair has a passkey with another name than at first, had a second one, and used one recovery code."""
    chair = cast.with_role("chair")[0]
    account, actor = cast.accounts[chair], cast.actor(chair)
    kept, lost = (
        factors.add_passkey(account, NewPasskey(name, name, 0), name, actor=actor, at=now)
        for name in ("a2V5", "bG9zdA")
    )
    factors.rename(kept, "Kunci", actor=actor, at=now)
    factors.remove(lost, needed=True, actor=actor, at=now)
    code = factors.make_codes(account, actor=actor, at=now)[0]
    db.session.commit()
    assert factors.take_code(account, code, dummy="", actor=actor, at=now)


def _prepared_device(cast: Cast, now: datetime) -> None:
    """A browser that the chair prepared to score without a network."""
    chair = cast.with_role("chair")[0]
    register_device(cast.accounts[chair], Browser().public_key, browser_key=None, actor=cast.actor(chair), at=now)


def _handed_over(cast: Cast, now: datetime) -> None:
    """A copy of what waited on that device, which came after the lock; one of its marks met a newer version before."""
    category = get_category(PLENARY, "kabkota")
    chair: Actor = cast.actor(cast.with_role("chair")[0])
    organiser: Actor = cast.actor(cast.with_role("organiser")[0])
    sheet = next(one for one in sheets_of(category) if one.assessor_id == chair.user_id and one.submitted_at)
    code, at = sheet.marks[0].indicator, cycle_time(category.cycle, now)
    told = {"account": chair.ref, "made_at": "10:00", "sheets": {sheet.ref: [entry(code, "1,25")]}}
    copy = read_copy(Browser().file(json.dumps(told)))
    typed = [Typed(one, Decimal("1.25")) for one in copy.sheets[sheet.ref]]
    take(copy, category.cycle, {sheet.ref: typed}, actor=organiser, at=at)
    set_aside(sheet, code, typed[0], against=1, chosen="theirs", actor=chair, at=at)


def _next_year(cast: Cast, now: datetime) -> None:
    """The open cycle is copied for the next year, and its rules are written anew."""
    source, organiser = get_cycle(OPEN), cast.actor(cast.with_role("organiser")[0])
    fields = {name: getattr(source, name) for name in setup.IDENTITY}
    fields |= {"assessment_year": source.assessment_year + 1, "title_id": "Paritrana Award Jawa Timur berikutnya"}
    made = make_cycle(fields, organised=[source], source=source, rubric=setup.SAME, actor=organiser, at=now)
    like = made.categories[0]
    rules = {name: getattr(like, name) for name in setup.CATEGORY} | {"public_table": "all"}
    setup.save_category(made, like, rules, expected=like.version, actor=organiser, at=now)
    titles = [(one.title_id, one.title_en) for one in like.titles]
    mention = ("mention", "Inovasi perlindungan pekerja rentan", "Innovation for vulnerable workers")
    setup.save_titles(like, titles, [mention], expected=like.version, actor=organiser, at=now)
    setup.save_calendar([like], calendar_of(like), expected=like.version, actor=organiser, at=now)
    figures = {"target_instrument": "rpjmn", "target_year": 2025, "rates_as_of": now}
    setup.save_figures(made, figures, None, expected=made.version, actor=organiser, at=now)
    db.session.commit()


def _winner_taken_over(cast: Cast, now: datetime) -> None:
    """The winner of the published province goes on to a national cycle whose category is open."""
    province, like = get_cycle(PUBLISHED), get_category(PUBLISHED, "kabkota")
    fields = {name: getattr(province, name) for name in (*setup.IDENTITY, *setup.FIGURES)}
    fields |= {"code": "simulasi-nasional", "tier": "national", "title_id": "Paritrana Award Nasional (Simulasi)"}
    nation = create_cycle(fields, actor=SYSTEM, at=now)
    dates = {name: now + timedelta(days=no) for no, name in enumerate(CALENDAR)}
    rules = {name: getattr(like, name) for name in setup.CATEGORY}
    add_category(
        nation, {**rules, **dates, "position": 1, "state": 1, "rubric_version_id": like.rubric_version_id},
        {one.rank: (one.title_id, one.title_en) for one in like.titles}, actor=SYSTEM, at=now,
    )  # fmt: skip
    province.feeds_id = nation.id
    db.session.flush()
    assert take_over(nation, actor=cast.actor(cast.with_role("organiser")[0]), at=now)
    db.session.commit()


def _waived(now: datetime) -> None:
    """A conflict that a member declared on a draft, and that chair and organiser waived."""
    category = get_category(OPEN, "kabkota")
    (draft,) = nominations_of(category, {"draft"})
    chair, _deputy, member, *_rest = (
        load_actor(seat.account_id, fresh=True, seats_of=seats_of) for seat in seats_in(category)
    )
    organises = select(RoleGrant.account_id).where(
        RoleGrant.role == "organiser", RoleGrant.cycle_id == category.cycle_id
    )
    organiser = load_actor(db.session.scalars(organises.limit(1)).one(), fresh=True)
    at = cycle_time(category.cycle, now)
    assert chair is not None
    assert member is not None
    assert organiser is not None
    recusal = recuse(draft, "Sepupu jauh (simulasi).", basis="kin", actor=member, at=at)
    proposal = propose_waiver(recusal, "Hubungan sangat jauh (simulasi).", actor=chair, at=at)
    confirm_waiver(proposal, proposal.digest, actor=organiser, at=at)


def _stood_still(cast: Cast, now: datetime) -> None:
    """A time in which nothing was stored, begun by one and ended by two."""
    begun = halt.halt(
        halt.BY_HAND, at=now, detail="Cakram diganti.", actor=cast.actor(cast.with_role("administrator")[0])
    )
    halt.lift(begun, actor=cast.actor(cast.with_role("auditor")[0]), at=now)


def _of_two_people(cast: Cast, now: datetime) -> None:
    """The administrator asks for two acts about the machine; the auditor confirms one and leaves the other."""
    asking: Actor = cast.actor(cast.with_role("administrator")[0])
    second: Actor = cast.actor(cast.with_role("auditor")[0])
    act = requests.StaffAct("trial", "Trial", Act.OPERATE, lambda request, actor, at: None)
    for subject in ("x", "y"):
        asked = requests.ask(act, subject, {"figure": 1}, reason="Uji coba (simulasi).", actor=asking, at=now)
        if subject == "x":
            requests.confirm(act, asked, actor=second, at=now)


def _destroyed_and_erased(cast: Cast, settings: Settings, now: datetime) -> None:
    """A time of keeping is changed, what is left of a refused file is destroyed, and one person is erased."""
    asking: Actor = cast.actor(cast.with_role("administrator")[0])
    second: Actor = cast.actor(cast.with_role("auditor")[0])
    left = settings.blob_path / "incoming" / "0123456789abcdef"
    left.parent.mkdir(parents=True, exist_ok=True)
    left.write_bytes(b"half")
    os.utime(left, (0, 0))
    rule = keeping.ask_for_rule("mail", 60, "Peraturan (simulasi)", reason="Uji coba.", actor=asking, at=now)
    requests.confirm(keeping.SET_RULE, rule, actor=second, at=now)
    asked = keeping.ask_to_destroy(["refused"], settings, reason="Uji coba.", actor=asking, at=now)
    requests.confirm(keeping.DESTROY, asked, actor=second, at=now)
    db.session.commit()
    keeping.destroy(asked, settings, actor=SYSTEM, at=now)
    account = create_account(
        email="pergi@contoh.test", name="Orang Yang Pergi", password=None, person=create_person(fictitious=True),
        actor=SYSTEM, at=now,
    )  # fmt: skip
    erasure = erasing.ask_to_erase(account, reason="Permintaan (simulasi).", actor=asking, at=now)
    requests.confirm(erasing.ERASE, erasure, actor=second, at=now)
    db.session.commit()


def _invited(cast: Cast, now: datetime) -> None:
    """One invitation is accepted, one replaced by a newer one; a nominee asks for a new password."""
    organiser: Actor = cast.actor(cast.with_role("organiser")[0])
    village = db.session.scalars(select(Organisation).where(Organisation.kind == "village").limit(1)).one()
    wish = people.Wish("baru@contoh.test", "nominee", name="Nomine Baru", organisation_id=village.id)
    for _again in (1, 2):
        invitation = people.invite(wish, actor=organiser, at=now)
    account = people.accept_as_new(invitation, "Nomine Baru", "kuda hijau makan sate", profile="nist", at=now)
    for _again in (1, 2):
        link = people.open_link(account, "password", account.email, actor=organiser, at=now)
    people.use_password_link(link, "sapi biru minum susu", profile="nist", at=now)


def _to_the_plenary(cast: Cast, now: datetime) -> None:
    category = get_category(PLENARY, "kabkota")
    organiser: Actor = cast.actor(cast.with_role("organiser")[0])
    chair: Actor = cast.actor(cast.with_role("chair")[0])
    at = cycle_time(category.cycle, now)
    advance_clock(category.cycle, at + timedelta(hours=1), expected=category.cycle.version, actor=organiser, at=now)
    at = at + timedelta(hours=2)
    owing = {seat.account_id for seat, _nomination in missing_sheets(category)}
    leaving = next(seat for seat in seats_in(category)[2:] if seat.account_id not in owing)
    unseat(leaving, "Pindah tugas (simulasi).", expected=leaving.version, actor=organiser, at=at, confirmed=True)
    _late_marks(category, cast, chair, at)
    _consolidated(category, chair, at)
    _on_paper(category, cast, chair, at)
    missing = missing_sheets(category)
    reasons = {(nomination.id, seat.account_id): "Berhalangan (simulasi)." for seat, nomination in missing}
    close_scoring(category, reasons, unfinished="Waktu habis (simulasi).", actor=chair, at=at)
    run = build_run(category, actor=organiser, at=at)
    _decided(category, run, cast, chair, at)
    for one in warnings_of(category, run):
        acknowledge(run, one.code, one.found, "Dibahas di pleno (simulasi).", actor=chair, at=at)


def _decided(category: Category, run: ResultRun, cast: Cast, chair: Actor, at: datetime) -> None:
    """The plenary is in session and leaves a title without a holder; another decision waits for its second person."""
    members = [one.seat for one in invited(category, 0).members if not one.recused]
    plenary.open_plenary(category, [one.code for one in members], actor=chair, at=at)
    other = next(one.account_id for one in members if one.account_id != chair.user_id)
    second = next(key for key, one in cast.accounts.items() if one.id == other)
    reason = "Bukti gelar ini belum lengkap menurut semua yang hadir (simulasi)."
    for no, place in enumerate((3, 2)):
        wish = plenary.Wish("withhold", run.digest, plenary.Votes(len(members), 0, 0), reason, place=place)
        proposal = plenary.propose_decision(category, wish, actor=chair, at=at)
        if no == 0:
            plenary.confirm_decision(proposal, proposal.digest, actor=cast.actor(second), at=at)


def _late_marks(category: Category, cast: Cast, chair: Actor, at: datetime) -> None:
    """Two marks that came after the lock of one sheet; the chair has left one of them uncounted."""
    sheet = next(one for one in sheets_of(category) if one.submitted_at and one.assessor_id != chair.user_id)
    owner = next(key for key, account in cast.accounts.items() if account.id == sheet.assessor_id)
    codes = sorted(one.indicator for one in sheet.marks)[:2]
    made = [
        deliver(sheet, code, Decimal("1.25"), abstain_note="", panel_note="", feedback="",
                device_at="2026-03-02T10:00:00+08:00", actor=cast.actor(owner), at=at)
        for code in codes
    ]  # fmt: skip
    assert made[0] is not None
    decide(made[0], False, "Datang setelah dikunci (simulasi).", actor=chair, at=at)
    ask(sheet, "Salah ketik pada catatan (simulasi).", actor=cast.actor(owner), at=at)


def _on_paper(category: Category, cast: Cast, chair: Actor, at: datetime) -> None:
    """A paper that two people read differently in two places; the chair has decided about one of them."""
    seat, nomination = next(one for one in missing_sheets(category) if one[0].account_id != chair.user_id)
    owner = next(key for key, account in cast.accounts.items() if account.id == seat.account_id)
    declare_conflicts(nomination, False, "", actor=cast.actor(owner), at=at)
    slot = session_of(nomination)
    assert slot is not None
    for no, person in enumerate(map(cast.actor, cast.with_role("organiser")[:2])):
        paper = next(
            one
            for one in papers_of_day(slot.day)
            if (one.nomination.id, one.assessor.id) == (nomination.id, seat.account_id)
        )
        readings = {code: Reading(Decimal(6 + no)) for code in ("A1", "A2")}
        enter(paper, readings, signed=True, scan=None, expected=no, actor=person, at=at)
    sheet = find_sheet(nomination.id, seat.account_id, category.attempt)
    assert sheet is not None
    leaf = leaves_on(sheet)[0]
    mark = mark_of(sheet, leaf.indicator)
    expected = mark.version if mark is not None else 0
    decide_paper(leaf, "first", "Angka 6 jelas (simulasi).", expected=expected, actor=chair, at=at)


def _consolidated(category: Category, chair: Actor, at: datetime) -> None:
    """A second scoring in which the chair keeps the own mark; the end of the scoring finds it open."""
    nomination, spreads = candidates_over_the_limit(category)[0]
    made = open_consolidation(nomination, "Nilai berjauhan (simulasi).", actor=chair, at=at)
    score_again(made, spreads[0].indicator, None, "", keep=True, expected=0, actor=chair, at=at)


def _calibrated(cast: Cast, now: datetime) -> None:
    """An example, opened, scored by the chair and closed."""
    category = get_category(OPEN, "kabkota")
    chair: Actor = cast.actor(cast.with_role("chair")[0])
    at = cycle_time(category.cycle, now)
    made = open_calibration(category, "Contoh kalibrasi (simulasi)", "", actor=chair, at=at)
    score_example(made, {"A1": Decimal("7.50")}, actor=chair, at=at)
    close_calibration(made, actor=chair, at=at)


def _rubric_built(cast: Cast, now: datetime) -> None:
    """The open category gets a rubric version of its own, which two people froze; another one is still in work."""
    category = get_category(OPEN, "kabkota")
    organiser: Actor = cast.actor(cast.with_role("organiser")[0])
    chair: Actor = cast.actor(cast.with_role("chair")[0])
    at, form = cycle_time(category.cycle, now), form_of(rubric_of(category))
    made = rubrics.make(category.cycle, {**form, "code": "jatim-kabkota"}, actor=organiser, at=at)
    rubrics.save(made, {**form, "quorum": 4}, expected=1, actor=organiser, at=at)
    rubrics.make(category.cycle, form_of(made), actor=organiser, at=at)
    proposal = rubrics.propose_freezing(
        category, made, made.digest, "Kuorum panel empat (simulasi).", marked=False, actor=organiser, at=at
    )
    rubrics.confirm_freezing(proposal, made, proposal.digest, marked=False, actor=chair, at=at)


def _extended(cast: Cast, now: datetime) -> None:
    category = get_category(OPEN, "kabkota")
    organiser: Actor = cast.actor(cast.with_role("organiser")[0])
    chair: Actor = cast.actor(cast.with_role("chair")[0])
    assert category.closes_at is not None
    later = category.closes_at + timedelta(days=2)
    proposal = propose_extension(
        category, later, "Jaringan terganggu (simulasi).", actor=organiser, at=cycle_time(category.cycle, now)
    )
    confirm_extension(proposal, proposal.digest, actor=chair, at=now)
