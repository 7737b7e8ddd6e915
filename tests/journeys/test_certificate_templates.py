"""An organiser writes a template and sees the paper change; a nominee has its name spelt otherwise."""

from collections.abc import Callable

from playwright.sync_api import Locator, expect

from paritrana.certificates.editor.queries import printed_name
from paritrana.database import db
from paritrana.nominations.queries import get_nomination
from tests import factories
from tests.certificates.desks import picture
from tests.journeys.conftest import Site
from tests.journeys.walker import Walker
from tests.nominations.pages import draft

Walk = Callable[..., Walker]
TEMPLATES = "/manage/contoh-2025/certificates/templates"


def test_the_paper_changes_while_its_texts_are_typed(site: Site, walker: Walk) -> None:
    with site.app.app_context():
        factories.world()
    organiser = walker("organiser-1").go("/manage/contoh-2025").follow("Templates of certificates")
    organiser.look("templates").follow("Logos, signatures and backgrounds").look("template-pictures")
    organiser.page.set_input_files(
        "#picture", {"name": "logo uji.png", "mimeType": "image/png", "buffer": picture("navy", (240, 120))}
    )
    organiser.press("Add the picture").says("logo uji.png").look("template-picture")
    organiser.go(f"{TEMPLATES}/winner").look("template-editor")
    paper = organiser.main.locator("[data-arithmetic-panel] img")
    shown = [paper.get_attribute("src")]
    organiser.page.locator("#heading_id").fill("PIAGAM UJI COBA")
    shown.append(changed(paper, shown))
    organiser.page.locator("#name").select_option("typed")
    organiser.page.locator("#typed").fill("Kabupaten Yang Sedang Diketik")
    expect(paper).to_have_attribute("alt", "Piagam untuk Kabupaten Yang Sedang Diketik, ditandai sebagai contoh")
    shown.append(changed(paper, shown))
    organiser.page.locator("#logo-left").select_option(index=1)
    shown.append(changed(paper, shown))
    organiser.page.locator("#design").select_option("modern")
    shown.append(changed(paper, shown))
    assert all(one and one.startswith("data:image/png;base64,") for one in shown)
    organiser.page.locator("#body_id").fill("Kategori {winner}")
    panel = organiser.main.locator("[data-arithmetic-panel]")
    expect(panel).to_contain_text("bukan kolom piagam")
    organiser.press("Save as a new version").look("template-refused")
    organiser.page.locator("#body_id").fill("Kategori {category}")
    organiser.press("Save as a new version").says("Tersimpan sebagai versi 1.").look("template-saved")
    organiser.go(f"{TEMPLATES}/winner/versions/1").says("PIAGAM UJI COBA").look("template-version")
    walker("organiser-1", "en").go(f"{TEMPLATES}/winner").look("template-editor-en")


def test_the_editor_works_without_a_script(site: Site, walker: Walk) -> None:
    with site.app.app_context():
        factories.world()
    organiser = walker("organiser-1", java_script_enabled=False).go(f"{TEMPLATES}/thanks")
    paper = organiser.main.locator("[data-arithmetic-panel] img")
    before = paper.get_attribute("src")
    organiser.page.locator("#heading_id").fill("SURAT PENGHARGAAN")
    organiser.press("Show the preview")
    expect(paper).not_to_have_attribute("src", str(before))
    expect(organiser.page.locator("#heading_id")).to_have_value("SURAT PENGHARGAAN")
    organiser.press("Save as a new version").says("Tersimpan sebagai versi 1.")


def test_a_nominee_has_its_name_spelt_otherwise(site: Site, walker: Walk) -> None:
    with site.app.app_context():
        ref = draft(factories.world()).ref
        db.session.commit()
    nominee = walker("nominee-1", width="phone").go(f"/nominations/{ref}/certificate-name").look("spelling")
    nominee.fill("The name as it should be printed", "Pemerintah Kabupaten 王").fill("Reason", "Perda 1/2001")
    nominee.press("Ask for this spelling").says("王").look("spelling-refused")
    nominee.fill("The name as it should be printed", "Pemerintah Kabupaten Contoh Satu")
    nominee.press("Ask for this spelling").reads("You asked for another spelling").look("spelling-asked")
    organiser = walker("organiser-1").go("/home")
    organiser.follow("Decide how a name is spelt: %(name)s", name="Pemerintah Kabupaten Contoh 1")
    organiser.look("names-check").main.locator("button[value=accept]").click()
    organiser.reads("Nobody asks for another spelling.")
    nominee.go(f"/nominations/{ref}/certificate-name").says("Pemerintah Kabupaten Contoh Satu").look(
        "spelling-accepted"
    )
    nominee.press("The name is right").reads("You said that the name is right")
    with site.app.app_context():
        assert printed_name(get_nomination(ref)) == "Pemerintah Kabupaten Contoh Satu"


def changed(paper: Locator, shown: list[str | None]) -> str | None:
    """The address of the picture, once it is none that was shown before."""
    for one in shown:
        expect(paper).not_to_have_attribute("src", one or "")
    return paper.get_attribute("src")
