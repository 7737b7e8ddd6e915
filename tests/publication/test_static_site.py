"""The folder of public pages: whole, the same bytes again, nothing embargoed, served by anything."""

import functools
import hashlib
import html
import json
import re
import threading
from contextlib import contextmanager
from datetime import timedelta
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from urllib.error import HTTPError
from urllib.parse import urldefrag, urljoin, urlsplit
from urllib.request import ProxyHandler, build_opener

import pytest
from click.testing import CliRunner

from paritrana.cli import main
from paritrana.database import db
from paritrana.publication import service as publication
from paritrana.publication.static_site import writer
from paritrana.publication.static_site.links import Links, data_file, page_file
from paritrana.publication.static_site.writer import FolderInUse, PageMissing, SiteMoved, export
from tests.factories_results import category_of, contest, publish, seal

RESULT = "cycles/contoh-2025/results/kabkota"
LINKS = re.compile(r'(?<=[\s<])(?:href|src)="([^"]*)"')


@pytest.fixture
def here(app, db_session):
    return contest(3)


@pytest.fixture
def made(app, here, tmp_path):
    publish(here)
    told = export(app, tmp_path / "site")
    return tmp_path / "site", told


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *args):
        """Say nothing."""


@contextmanager
def served(folder):
    """The folder behind the web server of the standard library, on a loopback port."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def files_of(folder):
    return {str(file.relative_to(folder)): file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file()}


def page(folder, path, language="id"):
    return html.unescape((folder / page_file(path, language)).read_text(encoding="utf-8"))


def crawl(start):
    """Every address that the pages lead to on their own host: (answers by address, broken ones, foreign ones)."""
    opener = build_opener(ProxyHandler({}))
    host = urlsplit(start).netloc
    waiting, answers, broken, foreign = [start], {}, [], set()
    while waiting:
        address = waiting.pop()
        if address in answers:
            continue
        try:
            with opener.open(address, timeout=10) as answer:
                body, kind = answer.read(), answer.headers.get_content_type()
        except HTTPError as fault:
            answers[address] = b""
            broken.append((address, fault.code))
            continue
        answers[address] = body
        if kind not in {"text/html", "application/atom+xml"} and not address.endswith(".atom"):
            continue
        for link in map(html.unescape, LINKS.findall(body.decode())):
            target, fragment = urldefrag(urljoin(address, link))
            if urlsplit(target).netloc != host:
                foreign.add(target)
                continue
            waiting.append(target)
            if fragment and target == address and f'id="{fragment}"' not in body.decode():
                broken.append((address, f"#{fragment}"))
    return answers, broken, foreign


def test_every_link_of_the_folder_holds_and_every_file_is_reached(made):
    folder, told = made
    with served(folder) as address:
        answers, broken, foreign = crawl(f"{address}/index.html")
    assert broken == []
    reached = {urlsplit(one).path.strip("/") for one in answers}
    # The manifest, and what a server shows for whatever is not there.
    assert set(files_of(folder)) - reached == {"site.json", "404.html"}
    assert told.pages + told.files == len(files_of(folder)) - 1
    assert {one for one in foreign if urlsplit(one).netloc == "localhost"} == set()


def test_the_pages_show_the_numbers_of_the_live_ones(app, made, client):
    folder, _told = made
    numbers = re.compile(r"(?<![\w/.-])[0-9][0-9.,]*(?![\w/-])")

    def said(text):
        body = text[text.index('<main id="content"') : text.index("</main>")]
        body = re.sub(r"<form.*?</form>", " ", body, flags=re.S)
        body = re.sub(r'<p class="p-paper">.*?</p>', " ", body, flags=re.S)
        return numbers.findall(html.unescape(re.sub(r"<[^>]+>", " ", body)))

    for path in (f"/{RESULT}", f"/{RESULT}/99.01", "/cycles/contoh-2025/method", "/cycles/contoh-2025/results",
                 "/regions/99.01", "/winners", "/data"):  # fmt: skip
        for language in ("id", "en"):
            live = client.get(path, query_string={"lang": language}).get_data(as_text=True)
            assert said((folder / page_file(path, language)).read_text(encoding="utf-8")) == said(live), path
    for path in (f"/{RESULT}.json", f"/{RESULT}.csv", f"/{RESULT}.xlsx", "/api/v1/results/contoh-2025/kabkota"):
        assert (folder / data_file(path)).read_bytes() == client.get(path).get_data()


def test_no_page_needs_the_server_or_a_script(made):
    folder, _told = made
    for name, content in files_of(folder).items():
        if name.endswith(".html"):
            text = content.decode()
            # Codes are typed on one page, and looked for on the one for what is not there; both say it without script.
            asks = name in {"verify/index.html", "en/verify/index.html"}
            assert text.count("<form") == asks, name
            assert text.count("<script") == (asks or name == "404.html"), name
            assert "/sign-in" not in text, name
            assert ('href="/' in text) == (name == "404.html"), name
            assert f'<html lang="{"en" if name.startswith("en/") else "id"}"' in text
    assert "SIMULASI" in page(folder, f"/{RESULT}")
    assert 'href="../../../../en/cycles/contoh-2025/results/kabkota/index.html"' in page(folder, f"/{RESULT}")


def test_the_same_publications_give_the_same_bytes_on_another_day(app, here, clock, tmp_path):
    publish(here)
    export(app, tmp_path / "one")
    clock.advance(days=3, hours=5)
    export(app, tmp_path / "two")
    assert app.extensions["clock"] is clock
    assert files_of(tmp_path / "one") == files_of(tmp_path / "two")
    manifest = json.loads((tmp_path / "one" / "site.json").read_bytes())
    assert len(manifest["files"]) == len(files_of(tmp_path / "one")) - 1
    for file in manifest["files"]:
        content = (tmp_path / "one" / file["path"]).read_bytes()
        assert (file["sha256"], file["bytes"]) == (hashlib.sha256(content).hexdigest(), len(content))


def test_what_is_sealed_but_not_public_is_not_in_the_folder(app, here, tmp_path):
    sealed = seal(here)
    told = export(app, tmp_path / "site")
    assert told.results == 0
    total = json.loads(sealed.run.bundle)["result"][0]["total"]
    for name, content in files_of(tmp_path / "site").items():
        assert sealed.digest.encode() not in content, name
        assert b"contoh-2025" not in content, name
        assert total.encode() not in content or not name.endswith((".html", ".atom")), name
    assert not (tmp_path / "site" / "cycles" / "contoh-2025").exists()


def test_an_earlier_copy_is_replaced_whole_and_other_files_are_left_alone(app, made, tmp_path):
    folder, _told = made
    (folder / "left.html").write_text("old")
    export(app, folder)
    assert not (folder / "left.html").exists()
    other = tmp_path / "other"
    other.mkdir()
    export(app, other)  # an empty folder is taken
    papers = tmp_path / "papers"
    papers.mkdir()
    (papers / "letter.txt").write_text("mine")
    for content in (None, "{}", "[]", "no JSON"):
        if content is not None:
            (papers / "site.json").write_text(content)
        with pytest.raises(FolderInUse):
            export(app, papers)
    assert (papers / "letter.txt").read_text() == "mine"
    assert {one.name for one in tmp_path.iterdir()} == {"site", "other", "papers"}


def publish_at(here, instant):
    """Two people set the instant of a publication."""
    sealed, at = seal(here), here.now + timedelta(hours=1)
    proposal = publication.propose_publication(
        category_of(here), sealed.digest, actor=here.actor("organiser-1"), at=at, publish_at=instant
    )
    publication.confirm_publication(proposal, proposal.digest, actor=here.actor("chair"), at=at)
    db.session.commit()


def test_a_page_that_fails_and_a_result_that_comes_meanwhile_leave_the_folder_as_it_was(app, here, clock, tmp_path):
    publish_at(here, here.now + timedelta(hours=6))
    folder = tmp_path / "site"
    export(app, folder)
    before = files_of(folder)
    waiting = [lambda: ("", 503)]

    def disturb():
        return waiting.pop()() if waiting else None

    app.before_request_funcs.setdefault(None, []).append(disturb)
    try:
        with pytest.raises(PageMissing):
            export(app, folder)
        waiting.append(lambda: clock.advance(hours=12) and None)
        with pytest.raises(SiteMoved):
            export(app, folder)
    finally:
        app.before_request_funcs[None].remove(disturb)
    assert files_of(folder) == before
    assert [one.name for one in tmp_path.iterdir()] == ["site"]


def test_links_keep_what_lies_elsewhere():
    links = Links(["/", "/data"], ["/data/x.csv", "/api/v1/results/a/b"], "https://contoh.test")
    text = (
        '<a href="/data?lang=en#top">a</a><a href="/data/x.csv">b</a><a href="#c">c</a><a href="https://x.test/">d</a>'
        '<a href="/verify/7QK4?a=1&amp;b=2">e</a><use href="/static/icons.svg?v=1#ok"></use><p data-href="/data">'
    )
    assert links.rewritten(text, "cycles/index.html", "id") == (
        '<a href="../en/data/index.html#top">a</a><a href="../data/x.csv">b</a><a href="#c">c</a>'
        '<a href="https://x.test/">d</a><a href="https://contoh.test/verify/7QK4?a=1&amp;b=2">e</a>'
        '<use href="../static/icons.svg#ok"></use><p data-href="/data">'
    )
    assert links.assets == {"/static/icons.svg?v=1"}
    assert data_file("/api/v1/results/a/b") == "api/v1/results/a/b.json"
    assert page_file("/", "en") == "en/index.html"


def test_the_command_writes_a_folder_and_refuses_another_in_one_sentence(tmp_path, monkeypatch):
    monkeypatch.setenv("PARITRANA_INSTANCE", str(tmp_path / "instance"))
    runner = CliRunner()
    assert runner.invoke(main, ["upgrade"]).exit_code == 0
    made = runner.invoke(main, ["export-site", str(tmp_path / "site")])
    assert made.exit_code == 0, made.output
    assert "0 results, 12 pages" in made.output
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "x").write_text("x")
    refused = runner.invoke(main, ["export-site", str(tmp_path / "full")])
    assert refused.exit_code == 1
    assert "holds other files" in refused.output
    (tmp_path / "file").write_text("x")
    wrong = runner.invoke(main, ["export-site", str(tmp_path / "file" / "below")])
    assert wrong.exit_code == 1
    assert "cannot be written" in wrong.output
    monkeypatch.setenv("PARITRANA_NO_SUCH_SETTING", "1")
    assert runner.invoke(main, ["export-site", str(tmp_path / "site")]).exit_code == 2


def test_the_sign_of_a_folder_cannot_come_from_outside(here, client):
    publish(here)
    for headers in ({"paritrana.standalone": "1"}, {"Paritrana-Standalone": "1"}):
        assert "/sign-in" in client.get("/", headers=headers).get_data(as_text=True)
    assert writer.FORMAT == "paritrana-site/2"
