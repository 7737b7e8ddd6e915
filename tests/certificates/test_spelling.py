"""A nominee reads its name as it will be printed; another spelling is asked for, decided on, and printed then."""

import pytest
from sqlalchemy import select

from paritrana.audit.models import Event
from paritrana.certificates.editor import queries
from paritrana.certificates.editor.tasks import tasks
from paritrana.certificates.models import NameConfirmation, PrintedName
from paritrana.core.certificates import Kind
from paritrana.core.policy import Role
from paritrana.database import db
from paritrana.home.setup.forms import IdentityForm
from paritrana.paper import NotPrintable, TooLong
from paritrana.reference.service import register_organisation
from paritrana.seeding.cast import SEEDING
from tests.certificates.desks import CHECK, form_at, form_in, post, save, shown
from tests.factories import NOW
from tests.factories_results import contest, nominations
from tests.nominations.pages import text_of

RIGHT = "Pemerintah Kabupaten Contoh Satu"


@pytest.fixture
def here(app, db_session):
    return contest(2)


@pytest.fixture
def mine(here):
    return f"/nominations/{nominations(here)[0].ref}/certificate-name"


@pytest.fixture
def nominee(here, door):
    return door("nominee-1")


def ask(client, where, text=RIGHT, reason="Perda 1/2001"):
    return save(client, where, text=text, reason=reason)


def answer(client, do, **changes):
    page = client.get(CHECK)
    (row,) = queries.asked_in([one.nomination.category.cycle_id for one in asked()])
    where = f"/manage/contoh-2025/certificates/spellings/{row.nomination.ref}"
    return post(client, where, form_in(page, where), do=do, **changes)


def asked():
    db.session.expire_all()
    return db.session.scalars(select(PrintedName).order_by(PrintedName.id)).all()


def test_the_page_shows_the_name_on_a_sample_and_says_nothing_of_the_result(here, nominee, mine):
    page = nominee.get(mine)
    assert page.status_code == 200
    assert nominations(here)[0].organisation.name in text_of(page)
    assert len(shown(page.text)) == 1
    for said in ("Terbaik", "Finalis", "Harapan"):
        assert said not in text_of(page)


def test_a_name_that_is_right_is_confirmed_once_and_for_the_name_that_was_read(here, nominee, mine):
    fields = form_in(nominee.get(mine), f"{mine}/right")
    assert post(nominee, f"{mine}/right", fields, text="Nama lain").status_code == 409
    assert post(nominee, f"{mine}/right", fields, text="").status_code == 422
    assert post(nominee, f"{mine}/right", fields).status_code == 303
    said = db.session.scalars(select(NameConfirmation)).one()
    assert (said.text, said.said_by) == (nominations(here)[0].organisation.name, here.accounts["nominee-1"].id)
    assert "Anda menyatakan nama sudah benar" in text_of(nominee.get(mine))
    event = db.session.scalars(select(Event).where(Event.kind == "printed_name.confirmed")).one()
    assert event.object_ref == nominations(here)[0].ref


def test_an_accepted_spelling_is_printed_and_a_declined_one_is_not(here, nominee, mine, door):
    assert ask(nominee, mine).status_code == 303
    nomination = nominations(here)[0]
    before = nomination.organisation.name
    assert queries.printed_name(nomination) == before
    organiser = door("organiser-1")
    page = text_of(organiser.get(CHECK))
    for said in (RIGHT, "Perda 1/2001", "Nominee 1"):
        assert said in page
    assert answer(organiser, "accept").status_code == 303
    assert queries.printed_name(nomination) == RIGHT
    assert RIGHT in [one.name for one in queries.recipients(here.cycle, Kind.WINNER)]
    assert RIGHT in text_of(nominee.get(mine))
    ask(nominee, mine, text="Pemkab Contoh")
    refused = answer(organiser, "decline")
    assert refused.status_code == 422
    assert 'href="#answer-' in refused.text
    assert answer(organiser, "decline", answer="Nama resmi tidak disingkat.").status_code == 303
    assert queries.printed_name(nomination) == RIGHT
    page = text_of(nominee.get(mine))
    assert "Nama resmi tidak disingkat." in page
    assert [one.state for one in asked()] == ["accepted", "declined"]
    assert nomination.organisation.name == before


def test_what_waits_can_be_taken_back_and_nothing_else_can_be_asked_meanwhile(nominee, mine):
    form = form_at(nominee, mine)
    ask(nominee, mine)
    assert f'action="{mine}"' not in nominee.get(mine).text
    answer_ = post(nominee, mine, form, text="Lain lagi", reason="?")
    assert answer_.status_code == 409
    assert "sudah meminta ejaan lain" in text_of(answer_)
    fields = form_in(nominee.get(mine), f"{mine}/withdraw")
    assert post(nominee, f"{mine}/withdraw", fields).status_code == 303
    assert post(nominee, f"{mine}/withdraw", fields).status_code == 409
    assert ask(nominee, mine, text="Lain lagi").status_code == 303
    assert [(one.no, one.state) for one in asked()] == [(1, "withdrawn"), (2, "asked")]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("PT 王", "王"),
        ("Kabupaten\u00a0Contoh", "U+00A0"),
        ("Contoh\u200b", "U+200B"),
        ("\u202eContoh", "U+202E"),
        ("Kabupaten  Contoh", "U+0020"),
        ("Kabupaten " * 29, "tidak muat"),
        ("K" * 301, "301"),
        ("", "Isi"),
        ("مؤسسة", "م"),
    ],
)
def test_a_spelling_that_paper_cannot_carry_is_refused_at_entry_with_the_character(nominee, mine, text, said):
    refused = ask(nominee, mine, text=text)
    assert refused.status_code == 422
    assert 'href="#text"' in refused.text
    assert said in text_of(refused)
    assert asked() == []


def test_the_same_spelling_is_no_request_and_a_reason_is_needed(here, nominee, mine):
    assert ask(nominee, mine, text=nominations(here)[0].organisation.name).status_code == 422
    assert ask(nominee, mine, reason=" ").status_code == 422
    assert asked() == []


def test_an_answer_to_a_request_that_was_taken_back_meanwhile_changes_nothing(nominee, mine, door):
    ask(nominee, mine)
    organiser = door("organiser-1")
    page = organiser.get(CHECK)
    where = "/manage/contoh-2025/certificates/spellings/" + mine.split("/")[2]
    fields = form_in(page, where)
    post(nominee, f"{mine}/withdraw", form_in(nominee.get(mine), f"{mine}/withdraw"))
    assert post(organiser, where, fields, do="accept").status_code == 404
    ask(nominee, mine, text="Kabupaten Lain")
    late = post(organiser, where, fields, do="accept")
    assert late.status_code == 409
    assert "sementara itu sudah dijawab" in text_of(late)
    assert [one.state for one in asked()] == ["withdrawn", "asked"]


def test_a_markup_in_a_name_stays_text(nominee, mine, door):
    ask(nominee, mine, text="PT Ma'mur & <b>Sentosa</b>")
    for page in (nominee.get(mine), door("organiser-1").get(CHECK)):
        assert "&lt;b&gt;Sentosa" in page.text
        assert "<b>Sentosa" not in page.text


def test_nobody_spells_the_name_of_another_and_a_nominee_decides_nothing(here, nominee, door):
    other = f"/nominations/{nominations(here)[1].ref}/certificate-name"
    for who in ("nominee-1", "verifier-1", "assessor-3"):
        assert door(who).get(other).status_code in {403, 404}
    assert nominee.get(CHECK).status_code == 404


def test_the_first_page_tells_both_what_waits(here, nominee, mine):
    def rows(name):
        return [(one.message % one.params, one.role) for one in tasks(here.actor(name), NOW)]

    name = nominations(here)[0].organisation.name
    assert rows("nominee-1") == [(f"Check the name on the certificate: {name}", Role.NOMINEE)]
    assert rows("organiser-1") == []
    ask(nominee, mine)
    assert rows("nominee-1") == []
    assert rows("organiser-1") == [(f"Decide how a name is spelt: {name}", Role.ORGANISER)]


# Where names come in otherwise ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "refusal"), [("PT 王", NotPrintable), ("CV A\u200bB", NotPrintable), ("Desa " * 60, TooLong)]
)
def test_an_organisation_whose_name_paper_cannot_carry_is_not_registered(here, name, refusal):
    with pytest.raises(refusal):
        register_organisation(name.strip(), "enterprise", "99", actor=SEEDING, at=NOW)


@pytest.mark.parametrize("field", ["title_id", "title_en", "edition_label", "decree"])
def test_a_title_of_a_cycle_that_paper_cannot_carry_is_refused_where_it_is_typed(app, field):
    with app.test_request_context(method="POST", data={field: "Penghargaan 王"}, headers={"Accept-Language": "id"}):
        form = IdentityForm(meta={"csrf": False})
        form.validate()
        assert any("王" in said for said in form[field].errors)
