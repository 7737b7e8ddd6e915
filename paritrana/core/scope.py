"""Which competitors a category takes: by kind, and where it is narrowed, by award zone, sector and size class.

An empty set stands for all. Two categories of one cycle never meet, so that everybody belongs in one of them at most.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

# The size classes of the kinds that have them.
SIZES: Final = {"enterprise_large_medium": ("large", "medium"), "small_micro": ("small", "micro")}


@dataclass(frozen=True, slots=True)
class Scope:
    """A kind of competitors, narrowed to some zones, sectors (in lower case) and size classes; empty means all."""

    kind: str
    zones: frozenset[str] = frozenset()
    sectors: frozenset[str] = frozenset()
    sizes: frozenset[str] = frozenset()

    def meets(self, other: "Scope") -> bool:
        """Whether a competitor could belong in both."""
        return self.kind == other.kind and all(
            not mine or not theirs or mine & theirs
            for mine, theirs in (
                (self.zones, other.zones),
                (self.sectors, other.sectors),
                (self.sizes, other.sizes),
            )
        )

    def takes(self, zone: str, sector: str | None, size: str | None) -> bool:
        """Whether a competitor of the right kind belongs in: of this award zone, sector and size class."""
        return (
            (not self.zones or zone in self.zones)
            and (not self.sectors or (sector or "").casefold() in self.sectors)
            and (not self.sizes or size in self.sizes)
        )


def scope_of(kind: str, zones: Collection[str], sectors: Collection[str], sizes: Collection[str]) -> Scope:
    """The scope of stored lists; sectors are compared without regard to case."""
    return Scope(kind, frozenset(zones), frozenset(one.casefold() for one in sectors), frozenset(sizes))
