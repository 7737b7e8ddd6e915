"""The feedback as paper: the same account as the page, A4 portrait."""

from collections.abc import Sequence

from paritrana.core.words import N_
from paritrana.interviews.drawing import MinutesPaper, Section, draw
from paritrana.publication.feedback.page import Account, Said, _

NOTHING = N_("Nothing.")


def paper_of(
    account: Account, *, title: str, heading: str, foot: str, operator: str, language: str, band: str
) -> bytes:
    """The account as a PDF; `foot` stands on every page, `band` above where it is an exercise."""
    sections = [
        Section(_("Result"), [*account.facts, *(("", one) for one in account.reasons)]),
        Section(_("Your values beside the category"), [(one.title, _line(one)) for one in account.lines]),
        _list(_("Strengths"), account.strengths),
        _list(_("What would have earned more"), account.chances),
        Section(_("Words of the assessors for you"), [*account.remarks] or [("", _(NOTHING))]),
        _list(_("What is not as for everybody"), account.notes),
        Section(
            _("What the verification found otherwise"),
            [
                (one.what, _("Claimed %(claimed)s, found %(found)s. %(verdict)s: %(reason)s", claimed=one.claimed,
                             found=one.found, verdict=one.verdict, reason=one.reason))
                for one in account.findings
            ]
            or [("", _(NOTHING))],
        ),
    ]  # fmt: skip
    return draw(
        MinutesPaper(
            title=title, heading=heading, sections=sections, signatures=(), foot=foot,
            page=_("Page %(no)s", no="{}"), operator=operator, language=language, band=band,
        )
    )  # fmt: skip


def _line(one: Said) -> str:
    return _(
        "Value %(value)s, points %(points)s of %(weight)s. Median %(median)s, best %(best)s. Level reached: %(level)s",
        **{name: getattr(one, name) for name in ("value", "points", "weight", "median", "best", "level")},
    )


def _list(heading: str, rows: Sequence[str]) -> Section:
    return Section(heading, [("", one) for one in rows] or [("", _(NOTHING))])
