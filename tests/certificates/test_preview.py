"""The preview is the paper itself as a picture, changes with what is typed, and can never pass for a certificate."""

import subprocess
from dataclasses import replace

import pytest
from sqlalchemy import func, select

from paritrana.certificates.drawing import Drawer, image_of
from paritrana.certificates.editor import queries, sample
from paritrana.certificates.models import CertificateTemplateVersion
from paritrana.certificates.templating import document_in_use
from paritrana.core.certificates import Kind, Words, read_template
from paritrana.core.codes import parse, shown
from paritrana.database import db
from paritrana.reference.models import Organisation
from tests.certificates.desks import address, form_at, form_in, opened, post
from tests.certificates.desks import shown as pictures
from tests.factories import NOW
from tests.factories_results import contest
from tests.nominations.pages import text_of

DESK = sample.Desk("http://localhost", "Panitia")


@pytest.fixture
def here(app, db_session):
    found = contest(3)
    names = ("Kota Uji", "Kabupaten Kepulauan Siau Tagulandang Biaro Raya", "Kabupaten Tengah")
    for organisation, name in zip(
        db.session.scalars(select(Organisation).order_by(Organisation.id)), names, strict=False
    ):
        organisation.name = name
    db.session.commit()
    return found


@pytest.fixture
def desk(here, door):
    return door("organiser-1")


def preview(client, kind=Kind.WINNER, **changes):
    where = address(kind)
    return post(client, f"{where}/preview", form_at(client, where), **changes)


def facts(here, kind=Kind.WINNER, **changes):
    people = queries.recipients(here.cycle, kind)
    return replace(sample.facts_of(kind, people[0], here.cycle, NOW), **changes)


def template(here, kind=Kind.WINNER):
    return read_template(document_in_use(queries.templates_for(here.cycle), kind))


def test_a_preview_changes_with_what_is_typed_and_stores_nothing(desk):
    first = preview(desk)
    assert first.status_code == 200
    assert first.mimetype == "text/html"
    assert "<html" not in first.text
    (before,), (after,) = pictures(first.text), pictures(preview(desk, heading_id="PIAGAM LAIN").text)
    assert opened(before).size == opened(after).size
    assert opened(before).tobytes() != opened(after).tobytes()
    assert pictures(preview(desk).text) == [before]
    assert db.session.scalar(select(func.count()).select_from(CertificateTemplateVersion)) == 0


def test_it_shows_the_longest_name_the_shortest_and_a_typed_one(desk):
    assert "Kabupaten Kepulauan Siau Tagulandang Biaro Raya" in text_of(preview(desk, name="longest"))
    assert "Kota Uji" in text_of(preview(desk, name="shortest"))
    assert "Ma&#39;mur &amp; &lt;b&gt;" in text_of(preview(desk, name="typed", typed="PT Ma'mur & <b>"))


@pytest.mark.parametrize("kind", list(Kind))
def test_every_kind_has_one_on_both_papers(desk, kind):
    for paper, wide in (("landscape", True), ("portrait", False)):
        (png,) = pictures(preview(desk, kind, paper=paper).text)
        width, height = opened(png).size
        assert (width > height) is wide
        assert abs(max(width, height) / min(width, height) - 297 / 210) < 0.01


def test_what_cannot_be_drawn_is_said_in_a_sentence_and_no_picture_is_shown(desk):
    for changes, said in (
        ({"body_id": "{winner}"}, "{winner}"),
        ({"heading_en": ""}, "Isi"),
        ({"name": "typed", "typed": "Kabupaten " * 29}, "tidak muat"),
        ({"name": "typed", "typed": "PT 王"}, "王"),
    ):
        answer = preview(desk, **changes)
        assert answer.status_code == 200
        assert said in text_of(answer)
        assert pictures(answer.text) == []


def test_without_script_a_button_shows_the_page_with_the_picture_and_what_was_typed(desk):
    fields = form_at(desk, address()) | {"heading_id": "PIAGAM LAIN", "do": "preview"}
    answer = post(desk, address(), fields)
    assert answer.status_code == 200
    assert len(pictures(answer.text)) == 1
    assert form_in(answer, address())["heading_id"] == "PIAGAM LAIN"
    assert pictures(answer.text) == pictures(preview(desk, heading_id="PIAGAM LAIN").text)
    assert db.session.scalar(select(func.count()).select_from(CertificateTemplateVersion)) == 0


def test_the_picture_is_the_paper_but_for_the_mark(here):
    real = replace(facts(here), simulated=False)
    png, _places = sample.picture(template(here), {}, real, DESK)
    paper = opened(image_of(Drawer(template(here), {}).draw(real, sample.proof_of(real, DESK)), sample.DPI))
    made = opened(png)
    assert made.size == paper.size
    quiet = (made.width // 50, made.height // 20, made.width // 12, made.height // 4)  # a corner that no mark crosses
    pairs = zip(paper.crop(quiet).tobytes(), made.crop(quiet).tobytes(), strict=True)
    assert sum(abs(one - other) for one, other in pairs) / len(paper.crop(quiet).tobytes()) < 12


@pytest.mark.parametrize("simulated", [True, False])
def test_every_sample_is_marked_across_and_at_its_top(here, simulated):
    said = replace(facts(here), simulated=simulated)
    plain = opened(image_of(Drawer(template(here), {}).draw(said, sample.proof_of(said, DESK)), sample.DPI))
    made = opened(sample.picture(template(here), {}, said, DESK)[0])
    red, green, blue = made.getpixel((5, 5))
    assert red > 130 > 90 > max(green, blue)
    middle = (made.width // 4, made.height // 4, 3 * made.width // 4, 3 * made.height // 4)

    def reddish(image):
        flat = image.crop(middle).tobytes()
        return sum(1 for r, g, b in zip(flat[::3], flat[1::3], flat[2::3], strict=True) if r > g + 25 and r > b + 15)

    assert reddish(made) > 4000
    if not simulated:
        assert reddish(made) > 4 * reddish(plain)


def test_the_code_of_a_sample_is_unknown_and_nothing_signs_it(here, client, tmp_path):
    said = facts(here)
    proof = sample.proof_of(said, DESK)
    assert parse(shown(sample.CODE)) in (sample.CODE, None)
    assert set(proof.payload) == {"A"}
    assert set(proof.fingerprint) == {"0"}
    file = tmp_path / "paper.png"
    file.write_bytes(image_of(Drawer(template(here), {}).draw(said, proof), 150))
    read = (
        subprocess.run(["zbarimg", "-q", "--raw", str(file)], capture_output=True, check=True).stdout.decode().strip()
    )
    assert read == proof.address
    for where in (read.removeprefix("HTTP://LOCALHOST"), f"/verify/{shown(sample.CODE)}"):
        answer = client.get(where, follow_redirects=True)
        assert answer.status_code == 404
        assert "TIDAK DIKENAL" in answer.text or "UNKNOWN" in answer.text


def test_a_sample_waits_for_the_one_before_it_and_says_so_when_that_takes_too_long(here):
    with sample._one_at_a_time, pytest.raises(sample.SampleLate):
        sample.picture(template(here), {}, facts(here), DESK, patience=0.05)
    assert sample.picture(template(here), {}, facts(here), DESK, patience=0.05)


def test_a_sample_of_the_largest_texts_stays_a_light_picture(here):
    long = replace(facts(here), recipient="Kabupaten Kepulauan Siau Tagulandang Biaro " * 2, cycle=Words("C" * 60, "C"))
    png, _places = sample.picture(template(here), {}, replace(long, recipient=long.recipient.strip()), DESK)
    assert len(png) < 600_000
