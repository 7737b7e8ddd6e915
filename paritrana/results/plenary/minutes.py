"""The words of the minutes of the plenary: everything that is recorded, and nothing of the moment of printing."""

import json
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from flask import current_app
from flask_babel import force_locale, get_locale, gettext

from paritrana.audit.checkpoints import Office, compare
from paritrana.config import Settings
from paritrana.core.lifecycle import State
from paritrana.core.ranking import State as CandidateState
from paritrana.cycles.models import Category
from paritrana.cycles.queries import rubric_of
from paritrana.interviews.drawing import MinutesPaper, Section
from paritrana.panels.models import JUDGING, Seat
from paritrana.panels.queries import conflicts_in, ever_seated, recusals_in
from paritrana.panels.service import ROLES
from paritrana.results import words
from paritrana.results.plenary import queries
from paritrana.results.plenary.drawing import Code, Column, Grid, draw
from paritrana.results.plenary.models import WITHDRAWAL, Plenary
from paritrana.results.plenary.page import Shown, shown
from paritrana.results.plenary.queries import Attendance, Checkpoint
from paritrana.results.plenary.titles import Place
from paritrana.results.plenary.words import KIND_NAMES, votes_words
from paritrana.results.queries import REOPENED
from paritrana.results.table import Standing, described
from paritrana.web.template_filters import band_of, decimal2, moment, number, own

Rows = list[tuple[str, str]]


def _(message: str, **params: Any) -> str:
    return str(gettext(message, **params))


def signed_copy(category: Category) -> bytes:
    """The minutes of a sealed category in Indonesian, as they go behind the paper that the register signs."""
    with force_locale("id"):
        return paper_of(shown(category), embargo=False)


def paper_of(table: Shown, *, embargo: bool = True) -> bytes:
    """The minutes of a category as a PDF, the same bytes as long as the record is the same.

    `embargo` has the embargo written above them while it lasts.
    """
    told = _Told(table, embargo=embargo)
    settings: Settings = current_app.extensions["settings"]
    paper = MinutesPaper(
        title=told.title,
        heading=f"{own(table.category.cycle, 'title')} · {own(table.category, 'title')}",
        sections=(),
        signatures=told.signatures(),
        foot=told.foot,
        page=_("Page %(no)s", no="{}"),
        operator=settings.operator_name,
        language=str(get_locale()),
        band=told.band,
    )
    return draw(paper, told.parts(settings))


class _Told:
    """What the minutes say of one category."""

    def __init__(self, table: Shown, *, embargo: bool) -> None:
        self.table = table
        self.embargo = embargo and table.category.stored_state < State.PUBLISHED
        self.category = table.category
        self.cycle = table.category.cycle
        self.zone = self.cycle.timezone
        self.rubric = described(rubric_of(self.category))
        self.seats = [one for one in ever_seated(self.category) if one.role in JUDGING]

    @property
    def title(self) -> str:
        return _("Minutes of the plenary") if self.table.seal else _("Draft minutes of the plenary")

    @property
    def band(self) -> str:
        said = [
            band_of(self.cycle),
            "" if self.table.seal else _("DRAFT: not sealed"),
            _("EMBARGO until publication") if self.embargo else "",
        ]
        return " · ".join(filter(None, said))

    @property
    def foot(self) -> str:
        run = self.table.run
        return "" if run is None else _("Run %(no)s · SHA-256 %(digest)s", no=run.no, digest=run.digest)

    def parts(self, settings: Settings) -> list[Section | Grid | Code]:
        """The sections of the minutes in their order."""
        found: list[Section | Grid | Code] = [self._award(), *map(self._session, self.table.sessions)]
        if not self.table.sessions:
            found.append(Section(_("Sessions"), [("", _("No session of the plenary is recorded."))]))
        found += [self._panel(), self._recusals(), self._method()]
        if self.table.opened is not None:
            standings = self.table.opened.standings()
            found += [self._run(), self._ranking([one for one in standings if one.rank is not None])]
            others = [one for one in standings if one.rank is None]
            found += [self._without_rank(others)] if others else []
            found.append(self._titles())
        found.append(self._decisions())
        code = self._checkpoint(settings)
        return found if code is None else [*found, code]

    def signatures(self) -> list[str]:
        """Who signs: everybody who was in the last session, else the chair."""
        if not self.table.sessions:
            return [_("Chair of the panel")]
        members = self.table.attendance[self.table.sessions[-1].no].members
        return [
            _("%(name)s, %(role)s", name=one.seat.account.name, role=_role(one.seat.role))
            for one in members
            if one.present
        ] or [_("Chair of the panel")]

    def _award(self) -> Section:
        cycle = self.cycle
        decrees = sorted({one.decree_number for one in self.seats if one.decree_number})
        rows: Rows = [
            (_("Award"), own(cycle, "title")),
            (_("Assessment year"), _("%(year)s, edition %(edition)s", year=cycle.assessment_year,
                                     edition=cycle.edition_label)),
            (_("Category"), own(self.category, "title")),
            (_("Decree of the panel"), ", ".join(decrees) or "–"),
        ]  # fmt: skip
        seal = self.table.seal
        if seal is not None:
            rows.append((_("Sealed"), moment(seal.sealed_at, self.zone)))
        return Section(_("The award"), rows)

    def _session(self, session: Plenary) -> Section:
        attendance: Attendance = self.table.attendance[session.no]
        rows: Rows = [
            (_("Opened"), _("%(time)s by %(name)s", time=moment(session.opened_at, self.zone),
                            name=session.opened_by_name)),
            (_("Present"), _listed([one.seat.account.name for one in attendance.members if one.present])),
            (_("Absent"), _listed([one.seat.account.name for one in attendance.members
                                   if not one.present and not one.recused])),
        ]  # fmt: skip
        out = [one.seat.account.name for one in attendance.members if one.recused]
        if out:
            rows.append((_("Out because of a conflict"), _listed(out)))
        rows.append((_("Quorum"), quorum_words(attendance)))
        if session.closed_at is None:
            rows.append((_("Closed"), _("The session goes on.")))
        else:
            rows.append((_("Closed"), moment(session.closed_at, self.zone)))
            rows.append((_("Number of the signed minutes"), session.minutes_number or "–"))
        if session.no > 1:
            rows.append((_("Follows"), _("Session %(no)s", no=session.no - 1)))
        return Section(_("Session %(no)s", no=session.no), rows)

    def _panel(self) -> Section:
        return Section(
            _("The panel"),
            [
                (one.code, self._member(one))
                for one in sorted(self.seats, key=lambda seat: (len(seat.code), seat.code))
            ],
        )  # fmt: skip

    def _member(self, seat: Seat) -> str:
        said = _("%(name)s, %(role)s", name=seat.account.name, role=_role(seat.role))
        if seat.ended_at is None:
            return said
        return f"{said} ({_('seat ended %(time)s', time=moment(seat.ended_at, self.zone, 'short'))})"

    def _recusals(self) -> Section:
        """Who must not meet which candidate, and conflicts that were waived, with the public reason."""
        recorded = recusals_in([self.category.id])
        names = {one.nomination_id: one.nomination.organisation.name for one in recorded}
        seated = {one.account_id: one.account.name for one in self.seats}
        away: dict[str, set[str]] = {}
        for account, nomination in conflicts_in(self.category):
            if account in seated:
                away.setdefault(seated[account], set()).add(names.get(nomination) or self._candidate(nomination))
        rows = [(name, _listed(sorted(found))) for name, found in sorted(away.items())]
        rows += [
            (_("Waiver"), _("%(name)s scores %(candidate)s in spite of a conflict. Reason: %(reason)s",
                            name=one.account.name, candidate=names[one.nomination_id], reason=one.waiver.reason))
            for one in recorded
            if one.waiver is not None
        ]  # fmt: skip
        rows += [
            (_("Sheet opened again"), _("%(code)s about %(candidate)s, after the marks of others could be read",
                                        code=seat, candidate=self.table.say.name(candidate)))
            for candidate, seat in self._reopened()
        ]  # fmt: skip
        return Section(_("Recusals and sheets opened again"), rows or [("", _("None is recorded."))])

    def _candidate(self, nomination_id: int) -> str:
        codes = {number: code for code, number in self.table.standing.items()}
        return self.table.say.name(codes.get(nomination_id, ""))

    def _reopened(self) -> list[tuple[str, str]]:
        if self.table.run is None:
            return []
        provenance = json.loads(self.table.run.bundle).get("provenance") or {}
        keys = [key.removeprefix(REOPENED) for key in sorted(provenance) if key.startswith(REOPENED)]
        return [(key.rpartition(":")[0], key.rpartition(":")[2]) for key in keys]

    def _method(self) -> Section:
        rubric = self.rubric
        chain = [words.rule_title(rubric, element) for element in rubric["tie_break"]]
        return Section(
            _("Method and rubric"),
            [
                (_("Rubric"), _("%(title)s (%(code)s, version %(version)s)", title=own(rubric, "title"),
                                code=rubric["code"], version=rubric["version"])),
                (_("Digest of the rubric (SHA-256)"), _halved(rubric["digest"])),
                (_("Method"), self.table.run.method if self.table.run else "–"),
                (_("Quorum of marks"), _("%(n)s of %(total)s", n=rubric["quorum"], total=rubric["panel_size"])),
                (_("Chain for ties"), " → ".join(chain) or "–"),
            ],
        )  # fmt: skip

    def _run(self) -> Section:
        run = self.table.run
        assert run is not None  # noqa: S101 - a ranking was opened from it
        return Section(
            _("The run that lay on the table"),
            [
                (_("Run"), number(run.no)),
                (_("Calculated"), _("%(time)s by %(name)s", time=moment(run.built_at, self.zone),
                                    name=run.built_by_name)),
                (_("Locked sheets"), _("%(n)s of %(total)s", n=run.sheets_in, total=run.sheets_due)),
                (_("Digest of the run (SHA-256)"), _halved(run.digest)),
                (_("Digest of the inputs (SHA-256)"), _halved(run.inputs_digest)),
            ],
        )  # fmt: skip

    def _ranking(self, standings: Sequence[Standing]) -> Grid:
        stages = self.rubric["stages"]
        return Grid(
            _("Calculated ranking"),
            [
                Column(_("Rank"), 1, number=True), Column(_("Candidate"), 5), Column(_("Total"), 1.4, number=True),
                *(Column(own(one, "title"), 1.6, number=True) for one in stages),
                Column(_("Tie or what broke it"), 3),
            ],
            [
                [
                    words.rank_text(one), f"{one.name} ({one.candidate})", _decimal(one.total),
                    *(_decimal(one.stages[stage["code"]]) for stage in stages),
                    words.tie_words(self.rubric, one) or "–",
                ]
                for one in standings
            ],
        )  # fmt: skip

    def _without_rank(self, standings: Sequence[Standing]) -> Grid:
        return Grid(
            _("Candidates without a rank"),
            [Column(_("Candidate"), 3), Column(_("State"), 1.4), Column(_("Why"), 5)],
            [
                [
                    f"{one.name} ({one.candidate})", str(words.SECTIONS[CandidateState(one.state)]),
                    "; ".join(words.reason_words(self.rubric, why) for why in one.reasons),
                ]
                for one in standings
            ],
        )  # fmt: skip

    def _titles(self) -> Grid:
        titles, say = self.table.titles, self.table.say
        assert titles is not None  # noqa: S101 - a ranking was opened
        return Grid(
            _("Titles"),
            [Column(_("Title"), 3), Column(_("By the ranking"), 4), Column(_("Holder"), 4), Column(_("Decision"), 2)],
            [
                *(
                    [own(one, "title"), _listed([say.name(code) for code in one.calculated]),
                     holder_words(one, say.name),
                     _("as ranked") if one.decision is None else _("decision %(no)s", no=one.decision.no)]
                    for one in titles.places
                ),
                *(
                    [own(one.decision, "title"), "–", say.name(one.candidate) if one.rank is not None else "–",
                     _("decision %(no)s", no=one.decision.no)]
                    for one in titles.mentions
                ),
            ],
        )  # fmt: skip

    def _decisions(self) -> Section:
        holding = {one.id for one in self.table.in_force}
        rows: Rows = []
        for one in self.table.decisions:
            said = _(
                "%(said)s Reason: %(reason)s Votes: %(votes)s. Present %(present)s, quorum %(quorum)s. Proposed by "
                "%(first)s, confirmed by %(second)s, %(time)s, on run %(run)s.",
                said=self.table.say(one), reason=f"{one.reason.rstrip(' .')}.",
                votes=votes_words(one.votes_for, one.votes_against, one.votes_abstained), present=one.present,
                quorum=one.quorum, first=one.proposed_by_name, second=one.confirmed_by_name,
                time=moment(one.decided_at, self.zone), run=one.run.no,
            )  # fmt: skip
            if one.kind != WITHDRAWAL and one.id not in holding:
                said = f"{said} {_('This decision was withdrawn.')}"
            rows.append((f"{one.no}. {KIND_NAMES[one.kind]}", said))
        return Section(_("Decisions"), rows or [("", _("Nothing was decided; every title follows the ranking."))])

    def _checkpoint(self, settings: Settings) -> Code | None:
        """How far the record reached with the last thing that these minutes tell of, signed."""
        found = checkpoint_of(self.table)
        if found is None:
            return None
        return Code(
            _("Checkpoint of the record"),
            signed(found, settings),
            [
                _("Record %(stream)s, %(size)s events, %(time)s", stream=found.stream, size=number(found.size),
                  time=moment(datetime.fromisoformat(found.at_utc), self.zone)),
                _("Root of the tree over these events (SHA-256): %(root)s", root=found.root.hex()),
                _("Whoever changes an earlier event changes this root. The code holds it, signed:"),
                "python3 verify_audit.py BUNDLE --checkpoint FILE",
                _("The keys are published at %(address)s", address=f"{settings.base_url}/checkpoint-keys.json"),
            ],
        )  # fmt: skip


def checkpoint_of(table: Shown) -> Checkpoint | None:
    """The chain of the cycle's judging up to the last event about a session, a decision or the run."""
    refs = [one.ref for one in table.sessions] + [one.ref for one in table.decisions]
    return queries.checkpoint_at(table.category, [*refs, *([table.run.ref] if table.run is not None else [])])


def signed(checkpoint: Checkpoint, settings: Settings) -> str:
    """A checkpoint as a signed note, the same every time.

    Raises `Diverged` where the record does not continue what was kept of it outside the database, `KeyMissing`.
    """
    office = Office.of(settings)
    compare(office, checkpoint.stream)
    return office.note(checkpoint.stream, checkpoint.size, checkpoint.root)


def quorum_words(attendance: Attendance) -> str:
    """How many are there and how many a decision needs, as a sentence."""
    if attendance.enough:
        return _("%(present)s are present who may decide, %(quorum)s are needed: the quorum is reached.",
                 present=attendance.present, quorum=attendance.quorum)  # fmt: skip
    return _("%(present)s are present who may decide, %(quorum)s are needed: nothing can be decided.",
             present=attendance.present, quorum=attendance.quorum)  # fmt: skip


def holder_words(place: Place, name: Any) -> str:
    """Who holds the title of a place, or why nobody does."""
    if place.holders:
        return _listed([name(code) for code in place.holders])
    if place.decision is not None:
        return _("not awarded")
    return _("nobody")


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names) or "–"


def _halved(digest: str) -> str:
    """A digest with a blank in its middle, where a line may break."""
    return f"{digest[:32]} {digest[32:]}"


def _decimal(text: str | None) -> str:
    return decimal2(None if text is None else Decimal(text))


def _role(role: str) -> str:
    return _(ROLES[role])
