"""The words: everything a page says is in the catalogue, in Indonesian, complete, and nothing else is."""

import ast
import csv
import importlib
import pkgutil
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from io import BytesIO
from pathlib import Path

import jinja2
import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.frontend import parse_keywords, parse_mapping_cfg
from babel.messages.mofile import read_mo, write_mo
from babel.messages.pofile import read_po
from flask.testing import FlaskClient
from jinja2 import nodes

import paritrana
from paritrana.core.errors import ParitranaError
from paritrana.web.language import TRANSLATIONS
from tests.web.sample import make_web_app

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "paritrana"
PO = TRANSLATIONS / "id" / "LC_MESSAGES" / "messages.po"
TEMPLATES = sorted(
    path for path in PACKAGE.rglob("templates/**/*") if path.suffix in {".html", ".txt"} and path.is_file()
)
TRANSLATORS = {"_", "gettext", "_l", "lazy_gettext", "ngettext", "lazy_ngettext", "pgettext", "N_"}
PLACEHOLDER = re.compile(r"%\((\w+)\)s")

# Names that are the same in every language, and the languages' own names on the switch.
NAMES = {"Paritrana", "English", "Indonesia", "WhatsApp", "SHA-256", "PDF", "JSON", "CSV", "Rp"}

# Of the tone in both languages: no plea for pardon, no blame, no exclamation, no English where Indonesian has a word.
UNWANTED = re.compile(
    r"\b(?:mohon maaf|maaf|ups|tidak valid|terlarang|kamu|bapak|ibu|klik|submit|e-?mail|upload|download|log ?in|logout|"
    r"password|online|offline|error|link|file|user|website|cookies?|deadline|feedback|review|update|save|"
    r"di karenakan|merubah|ijin|resiko|aktifitas|obyek|prosentase)\b|!",
    re.IGNORECASE,
)

Key = tuple[str, str]


def key_of(message: Message) -> Key:
    """What tells messages apart: the context, and the text or its singular."""
    return message.context or "", texts(message.id)[0]


def texts(said: str | tuple[str, ...] | list[str] | None) -> tuple[str, ...]:
    """A text, or its forms for one and for many, as a tuple; nothing is one empty text."""
    return (said,) if isinstance(said, str) else tuple(said or ("",))


@pytest.fixture(scope="module")
def asked() -> dict[Key, str | tuple[str, ...]]:
    """Every message of the sources, found as `make translations` finds it."""
    words = re.findall(r" -k (\S+)", (ROOT / "Makefile").read_text(encoding="utf-8"))
    assert words
    with (ROOT / "babel.cfg").open(encoding="utf-8") as file:
        methods, options = parse_mapping_cfg(file, filename="babel.cfg")
    found = extract_from_dir(ROOT, methods, options, keywords={**DEFAULT_KEYWORDS, **parse_keywords(words)})
    return {(context or "", texts(text)[0]): text for _, _, text, _, context in found}


@pytest.fixture(scope="module")
def catalogue() -> Catalog:
    with PO.open("rb") as file:
        return read_po(file, locale="id", abort_invalid=True)


@pytest.fixture(scope="module")
def entries(catalogue: Catalog) -> list[Message]:
    return [message for message in catalogue if message.id]


def test_every_message_of_the_sources_stands_in_the_catalogue(
    asked: dict[Key, str | tuple[str, ...]], entries: list[Message]
) -> None:
    assert asked.keys() - {key_of(message) for message in entries} == set(), "Run `make translations`, then translate."


def test_the_catalogue_holds_no_message_that_nobody_says(
    asked: dict[Key, str | tuple[str, ...]], catalogue: Catalog, entries: list[Message]
) -> None:
    assert {key_of(message) for message in entries} - asked.keys() == set(), "Run `make translations`."
    assert list(catalogue.obsolete) == []


def test_every_message_is_translated_and_none_is_a_guess(entries: list[Message]) -> None:
    assert [key_of(message) for message in entries if not all(texts(message.string))] == []
    assert [key_of(message) for message in entries if message.fuzzy] == []


def test_a_message_takes_the_same_values_in_both_languages(catalogue: Catalog, entries: list[Message]) -> None:
    for message in entries:
        english, indonesian = texts(message.id)[-1], texts(message.string)[0]
        assert set(PLACEHOLDER.findall(indonesian)) == set(PLACEHOLDER.findall(english)), english
        # A percent sign that starts no value would break the sentence when it is filled.
        if PLACEHOLDER.search(english):
            assert "%" not in PLACEHOLDER.sub("", indonesian).replace("%%", ""), english
    assert [(message.id, errors) for message, errors in catalogue.check()] == []


def test_indonesian_has_one_form_for_any_number(
    asked: dict[Key, str | tuple[str, ...]], catalogue: Catalog, entries: list[Message]
) -> None:
    assert (catalogue.num_plurals, catalogue.plural_expr) == (1, "0")
    for message in entries:
        assert message.pluralizable == isinstance(asked[key_of(message)], tuple), message.id
        assert len(texts(message.string)) == 1, message.id


def test_a_translation_begins_and_ends_like_its_message(entries: list[Message]) -> None:
    ends = re.compile(r"[.:?…]?$")
    for message in entries:
        english, indonesian = texts(message.id)[-1], texts(message.string)[0]
        assert indonesian == indonesian.strip(), english
        assert ends.search(indonesian)[0] == ends.search(english)[0], english  # type: ignore[index]
        if english[0].isupper() and indonesian[0].isalpha():
            assert indonesian[0].isupper(), english


def test_the_indonesian_keeps_the_tone_of_the_house(entries: list[Message]) -> None:
    said = [PLACEHOLDER.sub("", texts(message.string)[0]) for message in entries]
    # A sentence for machines names the members of an object as they are.
    for_people = [words for words in said if not re.search(r"\w_\w", words)]
    assert [(words, found[0]) for words in for_people if (found := UNWANTED.search(words))] == []
    assert [words for words in said if re.search(r"\banda\b", words)] == []


def test_the_agreed_words_are_used_to_the_letter(entries: list[Message]) -> None:
    with (ROOT / "tests/data/fixed_words.csv").open(encoding="utf-8", newline="") as file:
        agreed = list(csv.DictReader(file))
    assert agreed
    said = {key_of(message): message for message in entries}
    for row in agreed:
        message = said[row["context"], row["en"]]
        assert message.string == row["id"], row["key"]
        assert f"key: {row['key']}" in message.user_comments, row["key"]


def test_nothing_is_translated_that_was_put_together_first() -> None:
    put_together = []
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and node.args:
                name = getattr(node.func, "id", None) or getattr(node.func, "attr", None)
                if name in TRANSLATORS and isinstance(node.args[0], ast.JoinedStr | ast.BinOp):
                    put_together.append((path.name, node.lineno))
    assert put_together == []


def test_every_refusal_has_its_sentence_in_the_catalogue(entries: list[Message]) -> None:
    for module in pkgutil.walk_packages(paritrana.__path__, "paritrana."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    known = {key_of(message) for message in entries}
    ours = [refusal for refusal in every_refusal(ParitranaError) if refusal.__module__.startswith("paritrana.")]
    assert ours
    assert [refusal.__name__ for refusal in ours if ("", refusal.message) not in known] == []


def every_refusal(base: type[ParitranaError]) -> Iterator[type[ParitranaError]]:
    yield base
    for below in base.__subclasses__():
        yield from every_refusal(below)


class Said(HTMLParser):
    """What a page says by itself: its text, and the attributes that are read out or shown."""

    SHOWN = frozenset(
        {"alt", "title", "placeholder", "label", "summary", "aria-label", "aria-description"}
    ) | frozenset({"aria-roledescription", "aria-valuetext", "aria-placeholder"})
    # A macro may give nothing but attributes, for a tag that stands elsewhere.
    ATTRIBUTE = re.compile(r'([a-z-]+)="[^"]*"')

    def __init__(self, page: str) -> None:
        super().__init__()
        self.said: list[tuple[int, str]] = []
        self.feed(page)
        self.close()

    def handle_data(self, data: str) -> None:
        if wordy(self.ATTRIBUTE.sub(lambda pair: pair[0] if pair[1] in self.SHOWN else "", data)):
            self.said.append((self.getpos()[0], data.strip()))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        of = dict(attrs)
        for name, value in attrs:
            shown = name in self.SHOWN
            shown = shown or (name == "value" and tag == "input" and of.get("type") in {"submit", "button", "reset"})
            shown = shown or (name == "content" and of.get("name") == "description")
            shown = shown or (name.startswith("data-") and " " in (value or "").strip())
            if shown and wordy(value or ""):
                self.said.append((self.getpos()[0], f"{name}={value}"))


def wordy(text: str) -> bool:
    """Whether a text has letters besides the names that need no translation."""
    return any(letter.isalpha() for word in re.split(r"[\s·:(){},]+", text) if word not in NAMES for letter in word)


LEXER = jinja2.Environment(autoescape=True, extensions=["jinja2.ext.i18n"])
# These blocks of the frame stand inside an attribute: they hold names of classes.
CLASSES = re.compile(r"{% block (?:theme|wrap|body_class) %}.*?{% endblock %}", re.DOTALL)


def without_expressions(source: str) -> str:
    """A template's own markup, on its own lines: what Jinja puts in is `{}`, what only steers is nothing."""
    page = []
    for _, kind, value in LEXER.lex(CLASSES.sub(lambda block: "\n" * block[0].count("\n"), source)):
        page.append(value if kind == "data" else "\n" * value.count("\n"))
        if kind == "variable_begin":
            page.append("{}")
    return "".join(page)


def spoken_literals(node: nodes.Node, translated: bool = False) -> Iterator[tuple[int, str]]:
    """Texts inside Jinja's expressions that look like words for people and pass no translator."""
    if isinstance(node, nodes.Call) and isinstance(node.node, nodes.Name) and node.node.name in TRANSLATORS:
        translated = True
    if isinstance(node, nodes.Compare):
        return
    if isinstance(node, nodes.Const) and isinstance(node.value, str) and not translated:
        text = node.value.strip()
        sentence = re.match(r"[A-Z][a-z]", text) or re.search(r"[a-z]{2,} .*[a-z][.?:…]$", text)
        if sentence and wordy(text):
            yield node.lineno, text
    for child in node.iter_child_nodes():
        yield from spoken_literals(child, translated)


@pytest.mark.parametrize("path", TEMPLATES, ids=[str(path.relative_to(PACKAGE)) for path in TEMPLATES])
def test_a_page_says_nothing_untranslated(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    page = without_expressions(source)
    if path.suffix == ".txt":
        page = re.sub(r"[<>&]", " ", page)
    assert Said(page).said == []
    assert list(spoken_literals(LEXER.parse(source))) == []


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ('<p>{{ _("Saved") }}</p>', []),
        ("<p>Saved {{ time }}</p>", ["Saved {}"]),
        ('<p class="a b">{% if x %}<b>{{ y }}</b>{% else %}–{% endif %} · Paritrana</p>', []),
        ('<button aria-label="Close"></button>', ["aria-label=Close"]),
        ("""<button aria-label="{{ _('Close') }}"{% if x %} title="Now"{% endif %}></button>""", ["title=Now"]),
        ("{# Words for those who write pages #}<br>", []),
        ('{{ tables.th("Name") }}', ["Name"]),
        ('{{ tables.th(_("Name"), class="p-num p-wide") }}', []),
        ("{{ ngettext('One row', 'Many rows', n) }}", []),
    ],
)
def test_the_search_for_untranslated_words_finds_what_it_should(source: str, found: list[str]) -> None:
    said = [*Said(without_expressions(source)).said, *spoken_literals(LEXER.parse(source))]
    assert [text for _, text in said] == found


def test_the_compiled_catalogue_is_the_written_one(catalogue: Catalog) -> None:
    compiled = PO.with_suffix(".mo")
    assert compiled.exists(), "Run `make setup`."
    fresh = BytesIO()
    write_mo(fresh, catalogue)
    with compiled.open("rb") as file:
        stored = {key_of(message): message.string for message in read_mo(file) if message.id}
    assert stored == {key_of(message): message.string for message in read_mo(BytesIO(fresh.getvalue())) if message.id}


@pytest.fixture
def web() -> Iterator[FlaskClient]:
    with make_web_app().test_client() as client:
        yield client


def test_a_page_speaks_indonesian_unless_asked_otherwise(web: FlaskClient) -> None:
    plain = web.get("/nowhere", headers={"Accept-Language": "en"}).text
    assert '<html lang="id"' in plain
    assert "Tidak ada halaman di alamat ini" in plain
    english = web.get("/nowhere?lang=en").text
    assert '<html lang="en"' in english
    assert "There is no page at this address" in english
