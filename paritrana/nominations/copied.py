"""Figures that stand in a draft as a copy of an earlier year: which of them nobody has looked at yet.

Nothing here touches the database. `EvidenceItem.copied` is `{"year": 2025, "figures": [figure key, ...]}`, of a
winner that goes on to the nation with `"from": {"id": title, "en": title}` of the provincial cycle as well.
"""

from collections.abc import Collection, Mapping
from typing import Any

from paritrana.core.evidence import line_figure
from paritrana.nominations.models import EvidenceItem


def still_copied(
    item: EvidenceItem | None, data: Mapping[str, Any], seen: Collection[str] | None
) -> dict[str, Any] | None:
    """What of an item stays a copy after it is saved: figures that were neither `seen` on the page nor changed.

    `seen` None means that all of it was looked at.
    """
    if item is None or not item.copied or seen is None:
        return None
    looked, now, before = frozenset(seen), _flat(data), _flat(item.data)
    left = [
        figure
        for figure in item.copied["figures"]
        if figure not in looked and figure in now and now[figure] == before.get(figure)
    ]
    return {**item.copied, "figures": left} if left else None


def _flat(data: Mapping[str, Any]) -> dict[str, Any]:
    """The stored figures by key, those of lines too."""
    lines = data.get("lines") or []
    inside = {line_figure(line["key"], key): value for line in lines for key, value in line.items() if key != "key"}
    return {**(data.get("fields") or {}), **inside}
