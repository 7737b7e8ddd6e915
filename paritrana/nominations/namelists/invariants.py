"""What must hold of the lists by name: their way, what each came to, and what two of them share."""

from collections.abc import Iterator
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import aliased

from paritrana.audit.invariants import in_order, stream, told
from paritrana.core.invariants import Broken, Check, Found, Stored, Told, replay, replayed
from paritrana.nominations.models import Nomination
from paritrana.nominations.namelists.checking import marks_in, shared
from paritrana.nominations.namelists.models import ListOverlap, NameList

EVENTS: Final = ("list.received", "list.checked", "list.refused", "list.marks_erased")
RULES: Final = {
    "list_overlap.shared": "What two lists share is what their marks have in common, in one cycle and by one secret.",
}


def _lists() -> Iterator[Broken]:
    one = NameList
    statement = (
        select(
            Nomination.ref, one.ref.label("list"), one.name, one.size, one.state, one.counts, one.problem, one.key_id,
            one.marks.is_not(None).label("marked"),
        )
        .select_from(one)
        .join(Nomination, Nomination.id == one.nomination_id)
        .order_by(in_order(Nomination.ref))
    )  # fmt: skip
    rows = (
        Stored(
            row.ref, row.list,
            {"name": row.name, "size": row.size, "state": row.state, "counts": row.counts, "problem": row.problem,
             "key": row.key_id, "marks": bool(row.marked)},
        )
        for row in stream(statement)
    )  # fmt: skip
    yield from replay("name_list", "list by name", told(*EVENTS), rows, _list)


def _list(now: Found, event: Told) -> None:
    said: dict[str, Any] = dict(event.values)
    kept = now.setdefault(said["list"], {})
    match event.kind:
        case "list.received":
            kept.update(
                name=said["name"], size=said["size"], state="waiting", counts=None, problem=None, key=None, marks=False
            )
        case "list.checked":
            kept.update(state="checked", counts=said["counts"], key=said.get("key"), marks=said["marks"])
        case "list.refused":
            kept.update(state="refused", problem={"code": said["code"], "params": said.get("params", {})})
        case "list.marks_erased":
            kept["marks"] = False


def _overlaps() -> Iterator[Broken]:
    one, other = aliased(NameList), aliased(NameList)
    statement = (
        select(
            ListOverlap.shared, one.ref.label("one"), other.ref.label("other"), one.marks.label("mine"),
            other.marks.label("theirs"), (one.key_id == other.key_id).label("alike"),
        )
        .join(one, one.id == ListOverlap.list_id)
        .join(other, other.id == ListOverlap.other_id)
        .order_by(ListOverlap.list_id, ListOverlap.other_id)
    )  # fmt: skip
    for row in stream(statement):
        common = shared(frozenset(marks_in(row.mine or b"")), marks_in(row.theirs or b""))
        if not row.alike or common != row.shared:
            said = f"{row.shared} shared numbers were noted, and the marks have {common} in common."
            yield Broken("list_overlap.shared", f"{row.one} {row.other}", said)


CHECKS: Final = (Check(replayed("name_list", "list by name"), _lists), Check(RULES, _overlaps))
