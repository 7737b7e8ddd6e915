"""Writes the template of a category: one sheet to fill for every kind of evidence, and one that explains every column.

Texts are written as texts and nothing is ever a formula. Names stand in both languages, because the workbook travels.
"""

import io
from collections.abc import Mapping, Sequence
from typing import Any, Final

from flask_babel import force_locale
from flask_babel import gettext as _

from paritrana.core.evidence import FieldSpec
from paritrana.core.words import N_
from paritrana.cycles.models import Category
from paritrana.nominations.importing import known
from paritrana.nominations.importing.known import PublishedFact
from paritrana.nominations.importing.layout import CHOICES, FIRST_ROW, HELP, MOST_ROWS, Column, Sheet, letter
from paritrana.reference.models import Organisation
from paritrana.web.template_filters import quantity
from paritrana.workbooks import open_workbook

WIDTHS: Final = {"nama": 38, "terbit": 80, "organisasi": 20, "wilayah": 14}
LONGEST_CELL: Final = 8000  # characters
FORMATS: Final = {
    "people": "#,##0", "count": "#,##0", "rupiah": "#,##0", "months": "0", "year": "0", "date": "yyyy-mm-dd",
    "percent": "0.00", "decimal": "0.00",
}  # fmt: skip

HOW: Final = {
    "people": N_("A whole number of people"),
    "count": N_("A whole number"),
    "rupiah": N_("Whole rupiah"),
    "months": N_("Whole months"),
    "percent": N_("A percentage from 0 to 100, at most 2 decimals"),
    "decimal": N_("A number with at most 2 decimals"),
    "year": N_("A year of four digits"),
    "date": N_("A date"),
    "choice": N_("One of the words on the sheet pilihan"),
}
ONLY_TOLD: Final = N_("Filled in already; it is not read back.")
FROM_TEMPLATE: Final = N_("Filled in already; on sheets with several rows copy it into every row.")
FREE_TEXT: Final = N_("Text")


def both(message: str) -> str:
    """A message in both languages, once where they do not differ."""
    with force_locale("id"):
        first = str(_(message))
    with force_locale("en"):
        second = str(_(message))
    return first if first == second else f"{first} / {second}"


def label_of(column: Column) -> str:
    """The name of a column in both languages, its group before it."""
    group = column.spec.group if column.spec is not None else ""
    return f"{both(group)}: {both(column.label)}" if group else both(column.label)


def how_to_fill(column: Column) -> str:
    """What may stand in a column, in both languages."""
    if column.spec is None:
        return both(FROM_TEMPLATE if column.key == "organisasi" else ONLY_TOLD)
    how = both(HOW.get(column.spec.kind, FREE_TEXT))
    return f"{how}. {both(column.spec.hint)}" if column.spec.hint else how


def write_template(category: Category, sheets: Sequence[Sheet]) -> bytes:
    """The template of a category as an XLSX file, filled with what is known; four statements."""
    organisations = known.organisations_for(category)
    facts = known.published({one.region_code for one in organisations}, category.cycle.assessment_year)
    file = io.BytesIO()
    book = open_workbook(file)
    styles: dict[str, Any] = {
        "key": book.add_format({"font_color": "#595959", "italic": True, "bottom": 1}),
        "label": book.add_format({"bold": True, "text_wrap": True, "valign": "top", "bottom": 1}),
        "text": book.add_format({"num_format": "@", "valign": "top"}),
        "wrapped": book.add_format({"num_format": "@", "text_wrap": True, "valign": "top"}),
        **{kind: book.add_format({"num_format": form, "valign": "top"}) for kind, form in FORMATS.items()},
    }
    _explain(book.add_worksheet(HELP), sheets, styles)
    pages = [(sheet, book.add_worksheet(sheet.name)) for sheet in sheets]
    places = _write_choices(book.add_worksheet(CHOICES), sheets, styles)
    for sheet, page in pages:
        _write_sheet(page, sheet, organisations, facts, places, styles)
    book.close()
    return file.getvalue()


def choice_words(spec: FieldSpec) -> dict[str, str]:
    """The codes of a choice and their words in both languages, as they stand in a cell."""
    return {code: both(words) for code, words in spec.choices}


def _explain(page: Any, sheets: Sequence[Sheet], styles: Mapping[str, Any]) -> None:
    rows = [tuple(both(one) for one in (N_("Sheet"), N_("Column"), N_("Meaning"), N_("What to write"), N_("Required")))]
    for sheet in sheets:
        for column in sheet.columns:
            needed = column.spec is not None and column.spec.required
            rows.append(
                (sheet.name, column.key, label_of(column), how_to_fill(column), both(N_("Yes") if needed else N_("No")))
            )
    page.set_column(0, 1, 30)
    page.set_column(2, 3, 70)
    page.set_column(4, 4, 14)
    for no, row in enumerate(rows):
        for place, text in enumerate(row):
            page.write_string(no, place, text, styles["label" if no == 0 else "wrapped"])
    page.freeze_panes(1, 0)


def _write_choices(page: Any, sheets: Sequence[Sheet], styles: Mapping[str, Any]) -> dict[tuple[str, str], str]:
    """Write the words of every list in a column of its own; gives where each stands."""
    places: dict[tuple[str, str], str] = {}
    at: dict[tuple[str, ...], str] = {}
    for sheet in sheets:
        for column in sheet.columns:
            if column.spec is None or column.spec.kind != "choice":
                continue
            words = tuple(choice_words(column.spec).values())
            if words not in at:
                place = len(at)
                at[words] = f"={CHOICES}!${letter(place + 1)}$2:${letter(place + 1)}${len(words) + 1}"
                page.write_string(0, place, column.key, styles["key"])
                page.set_column(place, place, 50)
                for no, word in enumerate(words, start=1):
                    page.write_string(no, place, word, styles["text"])
            places[sheet.name, column.key] = at[words]
    return places


def _write_sheet(
    page: Any,
    sheet: Sheet,
    organisations: Sequence[Organisation],
    facts: Mapping[str, Sequence[PublishedFact]],
    places: Mapping[tuple[str, str], str],
    styles: Mapping[str, Any],
) -> None:
    for place, column in enumerate(sheet.columns):
        kind = column.spec.kind if column.spec is not None else "text"
        page.set_column(place, place, WIDTHS.get(column.key, 24), styles.get(kind, styles["text"]))
        page.write_string(0, place, column.key, styles["key"])
        page.write_string(1, place, label_of(column), styles["label"])
        source = places.get((sheet.name, column.key))
        if source is not None:
            page.data_validation(
                FIRST_ROW - 1, place, FIRST_ROW + MOST_ROWS, place,
                {"validate": "list", "source": source, "ignore_blank": True},
            )  # fmt: skip
    page.freeze_panes(FIRST_ROW - 1, 3)
    for no, organisation in enumerate(organisations, start=FIRST_ROW - 1):
        told = {
            "organisasi": organisation.ref,
            "wilayah": organisation.region_code,
            "nama": organisation.name,
            "terbit": "\n".join(map(_fact, facts.get(organisation.region_code, ())))[:LONGEST_CELL],
        }
        for place, column in enumerate(sheet.columns):
            if column.spec is None and told.get(column.key):
                page.write_string(no, place, told[column.key], styles["wrapped" if column.key == "terbit" else "text"])


def _fact(fact: PublishedFact) -> str:
    with force_locale("id"):
        return f"{quantity(fact.about)}: {', '.join(quantity(one) for one in fact.values)} ({fact.source})"
