"""The forms of the editor; what they read becomes the written form of a template, which the core checks."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, ValidationError

from paritrana.certificates.models import CertificateImage
from paritrana.core.certificates import (
    COLOURS,
    DESIGNS,
    FORMAT,
    LANGUAGES,
    LONGEST_NAME,
    LONGEST_TEXT,
    MOST_SIGNATORIES,
    NEEDED,
    PAPERS,
    PLACES,
    TEXTS,
    Kind,
    fields_in,
)
from paritrana.core.certificates import UnknownField as UnknownTextField
from paritrana.core.words import N_
from paritrana.paper import in_order
from paritrana.web.forms import ChoiceField, Form, LongTextField, Printable, TextField, optional, required
from paritrana.web.template_filters import sentence

DESIGN_NAMES: Final[Mapping[str, str]] = {
    "guilloche": N_("Fine guilloche lines"),
    "laurel": N_("Laurel"),
    "modern": N_("Modern bands"),
}
COLOUR_NAMES: Final[Mapping[str, str]] = {
    "blue": N_("Blue and gold"),
    "green": N_("Green and gold"),
    "maroon": N_("Maroon and gold"),
}
PAPER_NAMES: Final[Mapping[str, str]] = {"landscape": N_("A4 landscape"), "portrait": N_("A4 portrait")}
LANGUAGE_NAMES: Final[Mapping[str, str]] = {
    "id": N_("Indonesian"),
    "en": N_("English"),
    "id,en": N_("Indonesian, with English in smaller letters"),
}
PLACE_NAMES: Final[Mapping[str, str]] = {
    "left": N_("Logo on the left"),
    "centre": N_("Logo in the middle"),
    "right": N_("Logo on the right"),
}
TEXT_NAMES: Final[Mapping[str, str]] = {
    "heading": N_("Heading"),
    "above": N_("Above the name"),
    "between": N_("Between name and title"),
    "title": N_("Title"),
    "body": N_("Body"),
    "closing": N_("Closing"),
}
FIELD_NAMES: Final[Mapping[str, str]] = {
    "recipient": N_("The name of the recipient"),
    "title": N_("The title, such as Terbaik I"),
    "rank": N_("The rank in Roman numerals"),
    "category": N_("The category"),
    "cycle": N_("The award"),
    "year": N_("The assessment year"),
    "edition": N_("The edition"),
    "decree": N_("The decree; nothing where there is none yet"),
    "date": N_("The day of issue in words"),
    "code": N_("The code of the certificate"),
}
NAMES: Final[Mapping[str, str]] = {
    "longest": N_("The longest name of the cycle"),
    "shortest": N_("The shortest name of the cycle"),
    "typed": N_("The name typed below"),
}


def one_line(text: str | None) -> str | None:
    """What was typed with one blank between its words; a line end counts as a blank."""
    return in_order(text) if isinstance(text, str) else text


def only_known_fields(_form: Any, field: Any) -> None:
    """Refuse a field of a text that does not exist, in its own sentence."""
    try:
        fields_in(field.data or "")
    except UnknownTextField as refusal:
        raise ValidationError(sentence(refusal)) from refusal


class TemplateForm(Form):
    """Everything that a template says; the fields that repeat are added by `template_form`."""

    paper = ChoiceField(_l("Paper"), [required()])
    design = ChoiceField(_l("Design"), [required()])
    colours = ChoiceField(_l("Colours"), [required()])
    languages = ChoiceField(_l("Languages"), [required()])
    background = ChoiceField(_l("Picture in place of the design"), [optional()])
    place = TextField(_l("Place of issue"), [optional(), Printable()], max_length=LONGEST_NAME, filters=[one_line])
    name = ChoiceField(_l("Preview with"), [optional()])
    typed = TextField(_l("Name for the preview"), [optional()], max_length=300, filters=[one_line])

    def __init__(self, *args: Any, images: Sequence[CertificateImage], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.paper.choices = _named(PAPER_NAMES, PAPERS)
        self.design.choices = _named(DESIGN_NAMES, DESIGNS)
        self.colours.choices = _named(COLOUR_NAMES, COLOURS)
        self.languages.choices = _named(LANGUAGE_NAMES, LANGUAGE_NAMES)
        self.name.choices = _named(NAMES, NAMES)
        pictures = [(one.sha256, f"{one.name} ({one.width} × {one.height})") for one in images]
        self.background.choices = [("", _("None: the design is drawn")), *pictures]
        for place in PLACES:
            self[f"logo-{place}"].choices = [("", _("No logo")), *pictures]
        for no in range(MOST_SIGNATORIES):
            self[f"image-{no}"].choices = [("", _("No picture: a line to sign on")), *pictures]

    def validate(self, extra_validators: Any = None) -> bool:
        """A signatory needs an office in both languages; the name may come later."""
        valid: bool = super().validate(extra_validators)
        for no in range(MOST_SIGNATORIES):
            office = [self[f"office-{no}-{language}"] for language in LANGUAGES]
            if self[f"name-{no}"].data or self[f"image-{no}"].data or any(one.data for one in office):
                for field in office:
                    if not field.data and not field.errors:
                        field.errors = [_("Enter the office of this signatory in both languages.")]
                        valid = False
        return valid

    def document(self, kind: Kind) -> dict[str, Any]:
        """The written form of the template as typed."""
        return {
            "format": FORMAT,
            "kind": kind.value,
            "paper": self.paper.data,
            "design": self.design.data,
            "colours": self.colours.data,
            "background": self.background.data or "",
            "languages": str(self.languages.data).split(","),
            "texts": {name: {one: self[f"{name}_{one}"].data or "" for one in LANGUAGES} for name in TEXTS},
            "place": self.place.data or "",
            "signatories": [
                {
                    "name": self[f"name-{no}"].data or "",
                    "office": {one: self[f"office-{no}-{one}"].data for one in LANGUAGES},
                    "image": self[f"image-{no}"].data or "",
                }
                for no in range(MOST_SIGNATORIES)
                if self[f"office-{no}-id"].data
            ],
            "logos": [
                {"image": self[f"logo-{place}"].data, "place": place} for place in PLACES if self[f"logo-{place}"].data
            ],
        }


def values_of(document: Mapping[str, Any]) -> dict[str, Any]:
    """The values of the page for a written template."""
    found: dict[str, Any] = {name: document[name] for name in ("paper", "design", "colours", "background", "place")}
    found["languages"] = ",".join(document["languages"])
    for name in TEXTS:
        for language in LANGUAGES:
            found[f"{name}_{language}"] = document["texts"][name][language]
    for no, one in enumerate(document["signatories"]):
        found |= {f"name-{no}": one["name"], f"image-{no}": one["image"]}
        found |= {f"office-{no}-{language}": one["office"][language] for language in LANGUAGES}
    return found | {f"logo-{one['place']}": one["image"] for one in document["logos"]}


def _template_form() -> type[TemplateForm]:
    fields: dict[str, Any] = {}
    for name in TEXTS:
        for language in LANGUAGES:
            rules = [required() if name in NEEDED else optional(), only_known_fields, Printable()]
            label = {"id": _l("%(text)s in Indonesian", text=_l(TEXT_NAMES[name])),
                     "en": _l("%(text)s in English", text=_l(TEXT_NAMES[name]))}[language]  # fmt: skip
            fields[f"{name}_{language}"] = LongTextField(
                label, rules, max_length=LONGEST_TEXT, filters=[one_line],
            )  # fmt: skip
    for no in range(MOST_SIGNATORIES):
        fields[f"name-{no}"] = TextField(
            _l("Name"), [optional(), Printable()], max_length=LONGEST_NAME, filters=[one_line]
        )
        for language in LANGUAGES:
            fields[f"office-{no}-{language}"] = TextField(
                _l("Office in Indonesian") if language == "id" else _l("Office in English"), [optional(), Printable()],
                max_length=LONGEST_NAME, filters=[one_line],
            )  # fmt: skip
        fields[f"image-{no}"] = ChoiceField(_l("Picture of the signature"), [optional()])
    for place in PLACES:
        fields[f"logo-{place}"] = ChoiceField(_l(PLACE_NAMES[place]), [optional()])
    return type("TemplateForm", (TemplateForm,), fields)


_FORM: Final = _template_form()


def template_form(
    images: Sequence[CertificateImage], *, version: int = 0, document: Mapping[str, Any] | None = None
) -> TemplateForm:
    """The form of a template: filled from a document, else read from the request."""
    if document is None:
        return _FORM(images=images)
    return _FORM(formdata=None, images=images, data=values_of(document) | {"version": version})


def _named(names: Mapping[str, str], codes: Any) -> list[tuple[str, str]]:
    return [(code, _(names[code])) for code in codes]


class SpellingForm(Form):
    """How the nominee wants its name spelt, and why."""

    text = TextField(_l("The name as it should be printed"), [required()], max_length=300)
    reason = LongTextField(_l("Reason"), [required()], max_length=500)


class ConfirmForm(Form):
    """The name that the nominee read."""

    text = HiddenField(_l("Name"), [required()])


class AnswerForm(Form):
    """What the organiser says to a spelling."""

    text = HiddenField()
    answer = LongTextField(_l("Reason"), [optional()], max_length=500)
