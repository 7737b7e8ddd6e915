"""What all pages of the builder share: a version at hand, its sums and picture, and the way a change is stored."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import Any

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from markupsafe import Markup

from paritrana.core.errors import NotFound, StaleVersion
from paritrana.core.policy import Act
from paritrana.core.rubric_form import BadRubricForm, Change, Part, Sums, differences, lacking, sums_of
from paritrana.cycles.models import Cycle, RubricVersion
from paritrana.cycles.queries import cycle_time, get_cycle
from paritrana.cycles.rubrics import queries, service
from paritrana.cycles.rubrics.document import form_of
from paritrana.cycles.service import RubricFrozen
from paritrana.database import db
from paritrana.home.rubrics import words
from paritrana.web.access import current_actor, may, now
from paritrana.web.charts import stacked_bars
from paritrana.web.forms import Form
from paritrana.web.template_filters import decimal2, moment, own, percent, sentence, translated

bp = Blueprint("rubrics", __name__, template_folder="../templates")


@dataclass(frozen=True)
class Desk:
    """A version as it is looked at from a cycle."""

    cycle: Cycle
    rubric: RubricVersion
    form: dict[str, Any]

    @property
    def place(self) -> dict[str, Any]:
        """What the addresses of this version carry."""
        return {"cycle": self.cycle.code, "rubric": self.rubric.code, "version": self.rubric.version}

    @property
    def editable(self) -> bool:
        """Whether this cycle's organisers may write it: their own, still in work, and the year has not gone too far."""
        return (
            self.rubric.frozen_at is None
            and self.rubric.cycle_id == self.cycle.id
            and may(Act.MANAGE_RUBRIC, self.cycle)
        )

    @property
    def sums(self) -> Sums:
        """What the weights add up to."""
        return sums_of(self.form)


def own_cycle(cycle: Cycle) -> Cycle:
    """The cycle, for whoever holds a role in it. A cycle without categories yet is its organisers' alone."""
    if not cycle.categories and cycle.id not in current_actor().organises:
        raise NotFound
    return cycle


def desk_of(cycle: Cycle, rubric: str, version: int) -> Desk:
    """The version behind an address. Raises `NotFound`."""
    found = queries.get_version(own_cycle(cycle), rubric, version)
    return Desk(cycle, found, form_of(found))


def at_of(cycle: Cycle) -> datetime:
    """The moment on the cycle's clock."""
    return cycle_time(cycle, now())


@dataclass(frozen=True)
class SumLine:
    """One line of the sums: a name, its points, its share, and the points by stage."""

    name: str
    points: Fraction
    share: Fraction
    stages: Sequence[Fraction]


def sum_view(form: Mapping[str, Any]) -> dict[str, Any]:
    """What the sum panel shows of a form."""
    sums = sums_of(form)
    stages = [one["code"] for one in form["stages"]]
    lines = [
        SumLine(
            f"{one['code']} {own(one, 'title')}", sums.aspects[one["code"]], sums.share(sums.aspects[one["code"]]),
            [sums.cells[one["code"], stage] for stage in stages],
        )
        for one in form["aspects"]
    ]  # fmt: skip
    if sums.missing:
        lack = sums.lack()
        said = translated(lack.message, {name: decimal2(value) for name, value in lack.params.items()})
    else:
        said = _("Weights add up to %(a)s, as they should.", a=decimal2(sums.weights))
    stage_lines = [
        (own(one, "title"), sums.stages[one["code"]], sums.share(sums.stages[one["code"]])) for one in form["stages"]
    ]
    return {"sums": sums, "said": said, "lines": lines, "stage_lines": stage_lines}


def picture_of(form: Mapping[str, Any]) -> tuple[str, Markup]:
    """The weights by aspect and stage: the finding in a sentence, and the picture."""
    sums = sums_of(form)
    heaviest = max(form["aspects"], key=lambda one: sums.aspects[one["code"]], default=None)
    title = _("No weights are given yet.")
    if heaviest is not None and sums.weights:
        points = sums.aspects[heaviest["code"]]
        title = _(
            "The heaviest aspect is %(aspect)s: %(points)s of %(total)s (%(share)s).",
            aspect=f"{heaviest['code']} {own(heaviest, 'title')}", points=decimal2(points),
            total=decimal2(sums.weights), share=percent(sums.share(points)),
        )  # fmt: skip
    rows = [
        (
            f"{one['code']} {own(one, 'title')}",
            [
                (int(100 * sums.cells[one["code"], stage["code"]]), decimal2(sums.cells[one["code"], stage["code"]]))
                for stage in form["stages"]
            ],
        )
        for one in form["aspects"]
    ]
    description = _("One bar for each aspect; its parts are the points of the stages, in the order of the legend.")
    return title, stacked_bars("weights", title, description, [own(one, "title") for one in form["stages"]], rows)


def lacks_of(form: Mapping[str, Any]) -> list[str]:
    """What keeps a version from being frozen, in sentences."""
    return [said_lack(one) for one in lacking(form)]


def said_lack(lack: Any) -> str:
    """One gap in a sentence, its sums with two decimals."""
    params = {name: decimal2(value) if isinstance(value, Fraction) else value for name, value in lack.params.items()}
    return translated(lack.message, params)


# Changes -------------------------------------------------------------------------------------------------------------

Show = Callable[..., ResponseReturnValue]


def stored(
    desk: Desk, changed: Mapping[str, Any], form: Form, show: Show, *, to: str | None = None, said: str = ""
) -> ResponseReturnValue:
    """Write a version as typed and go on; what is refused stays on the page, in a conflict beside what is stored.

    `show(desk, form, status, conflict=…)` makes the page.
    """
    expected, place = form.expected_version, desk.place
    actor, at = current_actor(), at_of(desk.cycle)
    try:
        service.save(desk.rubric, changed, expected=expected, actor=actor, at=at)
    except BadRubricForm as bad:
        return refused(place, form, bad, show)
    except (StaleVersion, RubricFrozen) as refusal:
        db.session.rollback()
        desk = desk_of(get_cycle(place["cycle"]), place["rubric"], place["version"])
        conflict: Iterable[Any] = ()
        if isinstance(refusal, StaleVersion):
            at_last = desk.rubric.changed_at
            when = moment(at_last, desk.cycle.timezone, "short") if at_last is not None else ""
            refusal = StaleVersion(who=desk.rubric.changed_by_name or "", time=when)
            conflict = differences_shown(desk.form, changed)
            form.version.data = str(desk.rubric.row_version)
        form.refuse(refusal)
        return show(desk, form, refusal.status, conflict=conflict)
    db.session.commit()
    flash(said or _("Saved. The version is still in work."), "ok")
    return redirect(to or url_for("rubrics.version", **place), 303)


def refused(place: Mapping[str, Any], form: Form, bad: BadRubricForm, show: Show) -> ResponseReturnValue:
    """The page with what was typed and the sentence at its field, where the page has one for the pointer."""
    db.session.rollback()
    desk = desk_of(get_cycle(place["cycle"]), place["rubric"], place["version"])
    field = field_at(form, bad.pointer)
    if field is not None:
        field.errors = [*field.errors, sentence(bad)]
    else:
        form.form_errors.append(sentence(bad))
    return show(desk, form, bad.status)


def field_at(form: Form, pointer: str) -> Any:
    """The field of a page that a JSON pointer into the version is about, or None."""
    parts = [part for part in pointer.split("/") if part]
    tail = parts[2:] if parts[:1] == ["indicators"] else parts
    if parts[:1] == ["scale"]:
        tail = [f"scale_{parts[-1]}"]
    names = ["-".join(tail), tail[-1] if tail else ""]
    if len(tail) == 3:  # levels/2/score; stages/1/code
        names = [f"{tail[0]}-{tail[2]}-{tail[1]}", f"{tail[2]}-{tail[1]}"]
    if tail[:2] == ["formula", "params"] and len(tail) > 2:
        names = [f"param-{tail[2]}"]
    elif tail[:1] == ["formula"] and len(tail) > 1:
        names = [tail[1]]
    return next((form[name] for name in names if name in form), None)


def differences_shown(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What two forms write otherwise, ready for a table: where, what, before, after."""
    changes, parts = differences(before, after)
    rows = [_row("", "changed", one) for one in changes]
    for part in parts:
        where = f"{_(words.PARTS[part.group])}: {part.code}"
        rows += [_row(where, part.state, one) for one in _told(part)]
    return rows


def _told(part: Part) -> Sequence[Change | None]:
    if part.state == "moved":
        return [None]
    wanted = part.changes if part.state == "changed" else [one for one in part.changes if one.name.startswith("title")]
    return list(wanted) or [None]


def _row(where: str, state: str, change: Change | None) -> dict[str, Any]:
    return {
        "where": where,
        "state": state,
        "chip": words.PART_STATES[state][0],
        "word": _(words.PART_STATES[state][1]),
        "name": "" if change is None else words.name_of(change.name),
        "before": "–" if change is None else words.shown(change.name, change.before),
        "after": "–" if change is None else words.shown(change.name, change.after),
    }


def page(template: str, desk: Desk, status: int = 200, **context: Any) -> ResponseReturnValue:
    """A page about a version."""
    return (
        render_template(
            template,
            desk=desk,
            cycle=desk.cycle,
            rubric=desk.rubric,
            form_=desk.form,
            simulated=desk.cycle.simulated,
            words=words,
            plain=Form(formdata=None, version=desk.rubric.row_version),
            **context,
        ),
        status,
    )
