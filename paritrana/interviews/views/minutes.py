"""The minutes of an interview day: slots, real times, who presented, who was out, what was decided and why."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from flask import Response, current_app
from flask.typing import ResponseReturnValue
from flask_babel import get_locale, ngettext
from flask_babel import gettext as _
from sqlalchemy import select

from paritrana.config import Settings
from paritrana.core.policy import Act
from paritrana.cycles.models import Proposal
from paritrana.cycles.queries import cycle_time
from paritrana.database import db
from paritrana.interviews import board, clock, no_show
from paritrana.interviews.board import SeenDay, Slot
from paritrana.interviews.drawing import MinutesPaper, Section, draw
from paritrana.interviews.forms import MODES
from paritrana.interviews.models import Dropout, InterviewDay, InterviewSession
from paritrana.interviews.views.board import Shown, day_of, day_title, shown_to
from paritrana.interviews.views.frame import bp, point
from paritrana.interviews.views.slots import ACT_NAMES
from paritrana.panels.models import Recusal, Waiver
from paritrana.web.access import allowed, current_actor, now
from paritrana.web.template_filters import band_of, clock_time, decimal2, moment, own

CONFLICTS = {
    "region": lambda: _("region"),
    "employer": lambda: _("employer"),
    "nominee": lambda: _("own nomination"),
    "supplier": lambda: _("supplier of a figure"),
    "declared": lambda: _("declared"),
}


@bp.get("/interviews/<day>/minutes.pdf")
@allowed(Act.SEE_PROGRESS, seen=day_of)
def day_minutes(seen: SeenDay) -> ResponseReturnValue:
    """The minutes of the day to print. A slot that a person does not score is named by its time alone."""
    settings: Settings = current_app.extensions["settings"]
    zone = seen.cycle.timezone
    shown = shown_to(seen)
    words = _Words(seen.day, zone, [one.slot for one in shown if one.slot is not None])
    paper = MinutesPaper(
        title=_("Minutes of the interviews: %(day)s", day=day_title(seen.day)),
        heading=own(seen.cycle, "title"),
        sections=[words.section(one) for one in shown],
        signatures=[_("Chair of the panel"), _("Secretary")],
        foot=_(
            "Printed %(time)s by %(name)s",
            time=moment(cycle_time(seen.cycle, now()), zone),
            name=current_actor().name,
        ),
        page=_("Page %(no)s", no="{}"),
        operator=settings.operator_name,
        language=str(get_locale()),
        band=band_of(seen.cycle),
    )
    answer = Response(draw(paper), mimetype="application/pdf")
    answer.headers["Content-Disposition"] = f'attachment; filename="berita-acara-{seen.day.code}.pdf"'
    return answer


class _Words:
    """What the minutes say of the slots of a day, read in nine statements."""

    def __init__(self, day: InterviewDay, zone: str, slots: Sequence[Slot]) -> None:
        self.zone = zone
        ids = [one.nomination_id for one in slots]
        self.entries = clock.entries_of_day(day)
        sessions = db.session.execute(
            select(
                InterviewSession.ref, InterviewSession.id, InterviewSession.moved_at, InterviewSession.moved_reason
            ).where(InterviewSession.day_id == day.id)
        ).all()
        self.session_ids = {one.ref: one.id for one in sessions}
        self.moved = {one.ref: (one.moved_at, one.moved_reason) for one in sessions if one.moved_at is not None}
        self.dropouts: dict[int, list[Dropout]] = {}
        for gone in db.session.scalars(
            select(Dropout)
            .where(Dropout.session_id.in_(self.session_ids.values()))
            .order_by(Dropout.session_id, Dropout.no)
        ):
            self.dropouts.setdefault(gone.session_id, []).append(gone)
        self.recusals: dict[int, list[Any]] = {}
        for recusal in db.session.execute(
            select(
                Recusal.nomination_id,
                Recusal.account_id,
                Recusal.kind,
                Recusal.at,
                Recusal.recorded_by,
                Waiver.at.label("waived_at"),
                Waiver.reason.label("waived_for"),
            )
            .outerjoin(Waiver, Waiver.recusal_id == Recusal.id)
            .where(Recusal.nomination_id.in_(ids))
            .order_by(Recusal.id)
        ):
            self.recusals.setdefault(recusal.nomination_id, []).append(recusal)
        self.sheets = current_app.extensions["sheets_of_the_day"].told_in_minutes(ids)
        self.decided: dict[str, list[Proposal]] = {}
        for proposal in db.session.scalars(
            select(Proposal)
            .where(Proposal.subject_ref.in_([one.ref for one in slots]), Proposal.state.in_(("waiting", "confirmed")))
            .order_by(Proposal.id)
        ):
            self.decided.setdefault(proposal.subject_ref, []).append(proposal)

    def section(self, one: Shown) -> Section:
        """A slot, as far as the person may see it."""
        if one.slot is None:
            return Section(self._time(one.planned_at), [("", _("You do not score this slot"))])
        slot = one.slot
        heading = _("Slot %(no)s, %(name)s", no=slot.no, name=slot.candidate)
        status = _(board.STATUS_WORDS[one.status], n=one.late)
        locked, due = slot.counted
        rows = [
            (_("Category"), own(slot.category)),
            (_("Planned → real"), self._times(slot)),
            (_("Manner"), _(MODES[slot.mode])),
            (_("Status"), str(status)),
            *self._moved(slot),
            *self._attendance(slot),
            *self._clock(slot),
            *((_("Drop-out"), self._dropout(gone)) for gone in self.dropouts.get(self.session_ids[slot.ref], [])),
            (_("Sheets locked"), _("%(n)s of %(total)s", n=locked, total=due)),
            *self._other_ways(slot),
            *self._opened_again(slot),
            *(self._recusal(out) for out in self.recusals.get(slot.nomination_id, [])),
            *self._decisions(slot),
        ]
        return Section(heading, rows)

    def _times(self, slot: Slot) -> str:
        planned = self._time(slot.planned_at)
        if slot.opened_at is None or slot.no_show:
            return planned
        return f"{planned} → {self._time(slot.opened_at)}" + (
            "" if slot.closed_at is None else f"–{self._time(slot.closed_at)}"
        )

    def _moved(self, slot: Slot) -> list[tuple[str, str]]:
        if slot.ref not in self.moved:
            return []
        at, reason = self.moved[slot.ref]
        said = _("%(time)s. Reason: %(reason)s", time=moment(at, self.zone, "short"), reason=reason)
        return [(_("Moved"), str(said))]

    def _attendance(self, slot: Slot) -> list[tuple[str, str]]:
        seen = slot.attended
        if seen is None:
            return [(_("Who presented"), _("not recorded"))]
        if slot.no_show:
            return [(_("Who presented"), _("nobody")), (_("Reason"), seen["note"])]
        office = _("%(office)s (acting)", office=seen["position"]) if seen["acting"] else seen["position"]
        late = _("late %(n)s minutes", n=slot.late_minutes) if slot.late_minutes else ""
        rows = [
            (_("Who presented"), f"{own(slot.rank)} ({office})" if slot.rank else office),
            (_("Arrived at"), " · ".join(filter(None, (self._time(seen["arrived_at"]), late)))),
            (_("Identity was seen"), _("Yes") if seen["identity_seen"] else _("No")),
            (_("A letter of mandate is on file"), _("Yes") if seen["mandate_letter"] else _("No")),
        ]
        if slot.mode == "online":
            rows.append((_("Online: the camera was on"), _("Yes") if seen["camera_seen"] else _("No")))
        rows += [(_("Highest mark that counts"), f"{code}: {decimal2(cap)}") for code, cap in slot.caps]
        return rows

    def _clock(self, slot: Slot) -> list[tuple[str, str]]:
        names = [_(clock.PHASE_NAMES[phase.code]) for phase in slot.phases]
        used = [
            (_("Time used: %(phase)s", phase=name), board.shown_clock(spent, point()))
            for name, spent in zip(names, slot.reading.used, strict=False)
        ]
        entries = self.entries.get(self.session_ids[slot.ref], [])
        told = [
            (
                clock_time(one.at, self.zone),
                (_("%(n)s minutes more", n=one.extra_seconds // 60) if one.act == "extend" else _(ACT_NAMES[one.act]))
                + (f": {one.reason}" if one.reason else ""),
            )
            for one in entries
            if one.act in ("pause", "resume", "extend")
        ]
        return [*used, *told]

    def _dropout(self, gone: Dropout) -> str:
        return str(
            _(
                "%(gone)s to %(back)s, %(n)s minutes given back",
                gone=self._time(gone.gone_at),
                back=self._time(gone.back_at),
                n=gone.given_minutes,
            )
        )

    def _recusal(self, out: Any) -> tuple[str, str]:
        """Who is out is named by the kind of the conflict alone; a sheet by what became of it, never by its marks."""
        kind, time = CONFLICTS[out.kind](), moment(out.at, self.zone, "short")
        if out.waived_at is not None:
            said = _(
                "a member of the panel scores in spite of a conflict (%(kind)s), from %(time)s. Reason: %(reason)s",
                kind=kind,
                time=moment(out.waived_at, self.zone, "short"),
                reason=out.waived_for,
            )
            return _("Waiver"), str(said)
        said = _("a member of the panel (%(kind)s), %(time)s", kind=kind, time=time)
        if out.recorded_by is not None:
            said = _("a member of the panel (%(kind)s), found late by the chair, %(time)s", kind=kind, time=time)
        sealed = (out.account_id, out.nomination_id) in self.sheets.sealed
        kept = ". " + _("The sheet is sealed: kept on record, out of the result.") if sealed else ""
        return _("Out for this candidate"), f"{said}{kept}"

    def _other_ways(self, slot: Slot) -> list[tuple[str, str]]:
        """The sheets that did not come from a device over the network."""
        ways = (
            (_("Entered from paper"), self.sheets.from_paper),
            (_("From the copy of a device"), self.sheets.from_files),
        )
        return [
            (way, str(ngettext("%(num)s sheet", "%(num)s sheets", found[slot.nomination_id])))
            for way, found in ways
            if slot.nomination_id in found
        ]

    def _opened_again(self, slot: Slot) -> list[tuple[str, str]]:
        return [
            (
                _("Sheet opened again"),
                str(
                    _("%(time)s, after the marks of others could be read", time=moment(at, self.zone, "short"))
                    if after_others
                    else moment(at, self.zone, "short")
                ),
            )
            for at, after_others in self.sheets.opened_again.get(slot.nomination_id, [])
        ]

    def _decisions(self, slot: Slot) -> list[tuple[str, str]]:
        rows = []
        for one in self.decided.get(slot.ref, []):
            what = _("Nobody came") if one.act == no_show.NO_SHOW_ACT else _("Correction of the attendance")
            if one.state == "waiting":
                said = _("%(what)s: proposed, not confirmed. Reason: %(reason)s", what=what, reason=one.reason)
            else:
                said = _("%(what)s: confirmed. Reason: %(reason)s", what=what, reason=one.reason)
            rows.append((_("Decision"), str(said)))
        return rows

    def _time(self, at: datetime) -> str:
        return clock_time(at, self.zone, False)
