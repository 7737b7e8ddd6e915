"""The annex of the decree: who holds which title, with the number in the register, as paper and as a workbook."""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass

from flask_babel import force_locale
from flask_babel import gettext as _

from paritrana.certificates.register import queries
from paritrana.certificates.register.files import about
from paritrana.certificates.targets import targets_of
from paritrana.core.certificates import Kind
from paritrana.core.codes import shown
from paritrana.core.errors import ParitranaError
from paritrana.core.words import N_
from paritrana.cycles.models import Category, Cycle
from paritrana.interviews.drawing import MinutesPaper, Section
from paritrana.paper import check_printable
from paritrana.results.exports.files import Digested, Page
from paritrana.results.plenary.drawing import Column, Grid, draw
from paritrana.web.exports import Spool
from paritrana.web.template_filters import band_of, own
from paritrana.workbooks import open_workbook


class NoTitles(ParitranaError):
    """No category that the annex could name has a sealed result with a title."""

    code = "no_titles"
    status = 422
    message = N_("There is no annex yet: nobody holds a title. Titles follow from the sealed result.")


@dataclass(frozen=True)
class Titled:
    """A title in the annex; number and code are empty before its certificate is issued."""

    category: Category
    register_no: int | None
    code: str
    recipient: str
    title_id: str
    title_en: str
    rank: int | None


@dataclass(frozen=True)
class Annex:
    """The titles of a cycle, and the categories among them whose result is not public."""

    cycle: Cycle
    rows: Sequence[Titled]
    embargoed: Sequence[Category]


def annex_of(cycle: Cycle, public: Sequence[Category], sealed: Sequence[Category]) -> Annex:
    """The titles of these categories, in the order of the cycle. Raises `NoTitles`."""
    rows, wanted = [], {one.id for one in (*public, *sealed)}
    for category in cycle.categories:
        if category.id not in wanted:
            continue
        targets = targets_of(category, [Kind.WINNER])
        issued = queries.numbers_of([one.award_id for one in targets if one.award_id is not None])
        for one in targets:
            paper = issued.get(one.award_id or 0)
            rows.append(
                Titled(
                    category, paper.register_no if paper else None, paper.code if paper else "",
                    paper.recipient if paper else one.recipient, one.title.id, one.title.en, one.rank,
                )
            )  # fmt: skip
    if not rows:
        raise NoTitles
    return Annex(cycle, rows, sealed)


def draw_annex(annex: Annex, operator: str) -> bytes:
    """The annex in Indonesian, A4 upright, on as many pages as it needs; the same titles give the same bytes.

    Raises `NotPrintable` for a name that the paper cannot give back.
    """
    for one in annex.rows:
        check_printable(one.recipient)
    with force_locale("id"):
        cycle = annex.cycle
        parts: list[Section | Grid] = []
        if annex.embargoed:
            parts.append(Section(_("NOT YET ANNOUNCED"), [("", _("Not to be passed on before the publication."))]))
        for category in cycle.categories:
            rows = [one for one in annex.rows if one.category is category]
            if rows:
                parts.append(Grid(own(category, "title"), _columns(), [_line(one) for one in rows]))
        paper = MinutesPaper(
            title=_("Annex of the decree: holders of titles"),
            heading=own(cycle, "title"),
            sections=(),
            signatures=(),
            foot=_("Annex of %(decree)s", decree=_decree(cycle)),
            page=_("Page %(no)s", no="{}"),
            operator=operator,
            language="id",
            band=" · ".join(filter(None, [band_of(cycle), _("NOT YET ANNOUNCED") if annex.embargoed else ""])),
        )
        facts = Section(
            _("Decree"),
            [
                (_("Number"), _decree(cycle)),
                (_("Assessment year"), str(cycle.assessment_year)),
                (_("Titles"), str(len(annex.rows))),
            ],
        )
        return draw(paper, [facts, *parts])


def _decree(cycle: Cycle) -> str:
    return cycle.decree or str(_("the decree, whose number is not entered yet"))


def _columns() -> list[Column]:
    return [
        Column(_("No. in the register"), 1.1, number=True), Column(_("Recipient"), 3.4), Column(_("Title"), 2.0),
        Column(_("Rank"), 1.2, number=True), Column(_("Code"), 2.9),
    ]  # fmt: skip


def _line(one: Titled) -> list[str]:
    return [
        "–" if one.register_no is None else str(one.register_no), one.recipient, one.title_id,
        "–" if one.rank is None else str(one.rank), shown(one.code) if one.code else "–",
    ]  # fmt: skip


def write_workbook(spool: Spool, annex: Annex) -> Digested:
    """The annex as a workbook of typed cells, with both languages of titles; tells rows and digest."""
    with tempfile.TemporaryFile() as file:
        book = open_workbook(file, _("Annex of the decree: holders of titles"), by_row=True)
        page = Page(
            book, _("Titles"),
            [_("Number in the register"), _("Recipient"), _("Title (Indonesian)"), _("Title (English)"), _("Category"),
             _("Rank"), _("Code"), _("State")],
        )  # fmt: skip
        hidden = {one.id for one in annex.embargoed}
        for one in annex.rows:
            state = _("Not yet announced") if one.category.id in hidden else _("Announced")
            page.add(
                [one.register_no, one.recipient, one.title_id, one.title_en, own(one.category, "title"), one.rank,
                 shown(one.code) if one.code else "", state]
            )  # fmt: skip
        last = Page(book, _("About"), [_("What"), _("Value")])
        for pair in ([_("Cycle"), annex.cycle.code], [_("Decree"), annex.cycle.decree or ""], *about(page.told)):
            last.add(pair)
        book.close()
        spool.copy(file)
    return page.told
