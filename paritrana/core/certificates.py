"""What a certificate says and how it is told: kinds, verdicts, the facts of one paper, and the template of many.

A template holds texts with named fields and nothing that could run. Templates are written as JSON documents; the same
template has one written form, so that its digest names it.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any, Final

from paritrana.core.errors import BadInput
from paritrana.core.words import N_

FORMAT: Final = "paritrana-certificate/1"


class Kind(StrEnum):
    """What a document of the register is for."""

    WINNER = "winner"
    FINALIST = "finalist"
    PARTICIPANT = "participant"
    THANKS = "thanks"
    MINUTES = "minutes"


class Verdict(StrEnum):
    """What a check says of a code, a payload or a file."""

    VALID = "valid"
    REPLACED = "replaced"
    REVOKED = "revoked"
    UNKNOWN = "unknown"
    ALTERED = "altered"


KIND_NAMES: Final[Mapping[Kind, str]] = {
    Kind.WINNER: N_("Winner"),
    Kind.FINALIST: N_("Finalist"),
    Kind.PARTICIPANT: N_("Participant"),
    Kind.THANKS: N_("Letter of thanks to an assessor"),
    Kind.MINUTES: N_("Minutes of the plenary"),
}

DESIGNS: Final = ("guilloche", "laurel", "modern")
COLOURS: Final = ("blue", "green", "maroon")
PAPERS: Final = ("landscape", "portrait")
LANGUAGES: Final = ("id", "en")
PLACES: Final = ("left", "centre", "right")  # of a logo at the head of the paper
FIELDS: Final = (
    "recipient", "title", "rank", "category", "cycle", "year", "edition", "decree", "date", "code",
)  # fmt: skip
TEXTS: Final = ("heading", "above", "between", "title", "body", "closing")
"""The texts of a template from top to bottom. The recipient's name stands between `above` and `between`."""

NEEDED: Final = ("heading", "title")
LONGEST_TEXT: Final = 400  # characters of one text
LONGEST_NAME: Final = 120  # characters of a signatory's name, office, or a place
MOST_SIGNATORIES: Final = 3
MOST_LOGOS: Final = 3
ROMAN: Final = ((10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I"))

_FIELD = re.compile(r"\{([^{}]*)\}")
_DIGEST = re.compile(r"[0-9a-f]{64}")


class BadTemplate(BadInput):
    """A template has the wrong form. Params: `where`, a JSON pointer; `problem`, one sentence."""

    code = "bad_template"
    message = N_("The template cannot be used (%(where)s): %(problem)s")


class UnknownField(BadInput):
    """A text names a field that does not exist, or has a brace alone. Params: `field`, `fields`."""

    code = "unknown_field"
    message = N_("“%(field)s” is no field of a certificate. These can be used: %(fields)s.")


@dataclass(frozen=True, slots=True)
class Words:
    """A text in Indonesian and English."""

    id: str
    en: str

    def of(self, language: str) -> str:
        """The text in `id` or `en`."""
        return self.id if language == "id" else self.en


@dataclass(frozen=True, slots=True)
class Facts:
    """What one certificate is about. `code` has no dashes; `rank` is none where nothing was ranked."""

    kind: Kind
    recipient: str
    title: Words
    rank: int | None
    category: Words
    cycle: Words
    year: int
    edition: str
    decree: str
    issued_on: date
    code: str
    bundle: str  # SHA-256 of the sealed ranking, hexadecimal
    simulated: bool


@dataclass(frozen=True, slots=True)
class Signatory:
    """Who signs: name, office, and the SHA-256 of a picture of the signature, or empty."""

    name: str
    office: Words
    image: str = ""


@dataclass(frozen=True, slots=True)
class Logo:
    """A picture at the head of the paper, by its SHA-256."""

    image: str
    place: str


@dataclass(frozen=True, slots=True)
class Template:
    """How the papers of a kind look. `languages` has one language, or both with Indonesian first and large."""

    kind: Kind
    paper: str
    design: str
    colours: str
    languages: tuple[str, ...]
    texts: Mapping[str, Words]
    place: str = ""
    signatories: tuple[Signatory, ...] = ()
    logos: tuple[Logo, ...] = ()
    background: str = ""  # SHA-256 of a picture that takes the place of the design, or empty

    @property
    def images(self) -> frozenset[str]:
        """The digests of all pictures that the paper needs."""
        named = {self.background, *(one.image for one in self.signatories), *(one.image for one in self.logos)}
        return frozenset(named - {""})


def fields_in(text: str) -> tuple[str, ...]:
    """The fields that a text names, in their order. Raises `UnknownField`."""
    found = tuple(_FIELD.findall(text))
    rest = _FIELD.sub("", text)
    wrong = next((f"{{{name}}}" for name in found if name not in FIELDS), None)
    if wrong is None and ("{" in rest or "}" in rest):
        wrong = "{" if "{" in rest else "}"
    if wrong is not None:
        raise UnknownField(field=wrong, fields=", ".join(f"{{{name}}}" for name in FIELDS))
    return found


def fill(text: str, facts: Facts, language: str, *, day: str) -> str:
    """A text with its fields filled once; a value is never read as a text with fields. `day` is the date in words.

    An empty value leaves no doubled blanks behind. Raises `UnknownField`.
    """
    fields_in(text)
    values = {
        "recipient": facts.recipient,
        "title": facts.title.of(language),
        "rank": "" if facts.rank is None else roman(facts.rank),
        "category": facts.category.of(language),
        "cycle": facts.cycle.of(language),
        "year": str(facts.year),
        "edition": facts.edition,
        "decree": facts.decree,
        "date": day,
        "code": facts.code,
    }
    return " ".join(_FIELD.sub(lambda match: values[match[1]], text).split())


def roman(number: int) -> str:
    """A rank as it stands on a certificate: `I`, `II`, … up to 39; larger ones in digits."""
    if not 1 <= number < 40:
        return str(number)
    found = ""
    for value, signs in ROMAN:
        times, number = divmod(number, value)
        found += signs * times
    return found


# The written form -----------------------------------------------------------------------------------------------------


def written(template: Template) -> dict[str, Any]:
    """The one written form of a template, for `read_template`."""
    return {
        "format": FORMAT,
        "kind": template.kind.value,
        "paper": template.paper,
        "design": template.design,
        "colours": template.colours,
        "background": template.background,
        "languages": list(template.languages),
        "texts": {name: _both(template.texts[name]) for name in TEXTS},
        "place": template.place,
        "signatories": [
            {"name": one.name, "office": _both(one.office), "image": one.image} for one in template.signatories
        ],
        "logos": [{"image": one.image, "place": one.place} for one in template.logos],
    }


def read_template(document: Any) -> Template:
    """The template that a JSON document describes. Raises `BadTemplate` with the place, `UnknownField`."""
    keys = ("format", "kind", "paper", "design", "colours", "background", "languages", "texts", "place",
            "signatories", "logos")  # fmt: skip
    form = _object(document, "", keys)
    if form["format"] != FORMAT:
        raise BadTemplate(where="/format", problem=f"the format is not {FORMAT}")
    texts = _object(form["texts"], "/texts", TEXTS)
    return Template(
        kind=Kind(_one_of(form["kind"], "/kind", tuple(Kind))),
        paper=_one_of(form["paper"], "/paper", PAPERS),
        design=_one_of(form["design"], "/design", DESIGNS),
        colours=_one_of(form["colours"], "/colours", COLOURS),
        background=_image(form["background"], "/background"),
        languages=_languages(form["languages"]),
        texts={name: _text(texts[name], f"/texts/{name}", needed=name in NEEDED) for name in TEXTS},
        place=_line(form["place"], "/place", LONGEST_NAME),
        signatories=tuple(
            _signatory(one, f"/signatories/{no}")
            for no, one in enumerate(_list(form["signatories"], "/signatories", MOST_SIGNATORIES))
        ),
        logos=tuple(_logo(one, f"/logos/{no}") for no, one in enumerate(_list(form["logos"], "/logos", MOST_LOGOS))),
    )


def _both(words: Words) -> dict[str, str]:
    return {"id": words.id, "en": words.en}


def _object(value: Any, where: str, keys: Sequence[str]) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise BadTemplate(where=where or "/", problem="an object is expected")
    if set(value) != set(keys):
        odd = sorted(set(keys) ^ set(value))[0]
        raise BadTemplate(where=f"{where}/{odd}", problem="this part is missing" if odd in keys else "it is unknown")
    return value


def _list(value: Any, where: str, most: int) -> Sequence[Any]:
    if not isinstance(value, list) or len(value) > most:
        raise BadTemplate(where=where, problem=f"a list of at most {most} is expected")
    return value


def _one_of(value: Any, where: str, known: Sequence[str]) -> str:
    if not isinstance(value, str) or value not in known:
        raise BadTemplate(where=where, problem=f"one of these is expected: {', '.join(known)}")
    return value


def _languages(value: Any) -> tuple[str, ...]:
    if value not in (["id"], ["en"], ["id", "en"]):
        raise BadTemplate(where="/languages", problem='["id"], ["en"] or ["id", "en"] is expected')
    return tuple(value)


def _line(value: Any, where: str, longest: int) -> str:
    if not isinstance(value, str) or len(value) > longest or value != " ".join(value.split()):
        raise BadTemplate(where=where, problem=f"one line of at most {longest} characters is expected")
    return value


def _image(value: Any, where: str) -> str:
    if not isinstance(value, str) or (value and not _DIGEST.fullmatch(value)):
        raise BadTemplate(where=where, problem="the SHA-256 of a picture is expected, or nothing")
    return value


def _text(value: Any, where: str, *, needed: bool) -> Words:
    form = _object(value, where, LANGUAGES)
    words = Words(_line(form["id"], f"{where}/id", LONGEST_TEXT), _line(form["en"], f"{where}/en", LONGEST_TEXT))
    if needed and not (words.id and words.en):
        raise BadTemplate(where=where, problem="it cannot be empty")
    fields_in(words.id)
    fields_in(words.en)
    return words


def _signatory(value: Any, where: str) -> Signatory:
    form = _object(value, where, ("name", "office", "image"))
    office = _object(form["office"], f"{where}/office", LANGUAGES)
    found = Signatory(
        _line(form["name"], f"{where}/name", LONGEST_NAME),
        Words(*(_line(office[language], f"{where}/office/{language}", LONGEST_NAME) for language in LANGUAGES)),
        _image(form["image"], f"{where}/image"),
    )
    if not (found.office.id and found.office.en):
        raise BadTemplate(where=f"{where}/office", problem="it cannot be empty")
    return found


def _logo(value: Any, where: str) -> Logo:
    form = _object(value, where, ("image", "place"))
    image = _image(form["image"], f"{where}/image")
    if not image:
        raise BadTemplate(where=f"{where}/image", problem="it cannot be empty")
    return Logo(image, _one_of(form["place"], f"{where}/place", PLACES))
