"""The words of the set-up: what zones, sizes, honours and instruments are called."""

from collections.abc import Mapping
from typing import Final

from paritrana.core.words import N_

TIERS: Final[Mapping[str, str]] = {"province": N_("Province"), "national": N_("Nation")}
KINDS: Final[Mapping[str, str]] = {
    "real": N_("Real: everything in it counts"),
    "simulated": N_("Simulated: for training, with its own clock and the band on every page"),
}
ZONES: Final[Mapping[str, str]] = {
    "sumatera": N_("Zone Sumatera"),
    "jawa_bali": N_("Zone Jawa and Bali"),
    "kalimantan": N_("Zone Kalimantan"),
    "sulawesi": N_("Zone Sulawesi"),
    "nusra_maluku_papua": N_("Zone Nusa Tenggara, Maluku and Papua"),
}
SIZES: Final[Mapping[str, str]] = {
    "large": N_("Large enterprises"),
    "medium": N_("Medium enterprises"),
    "small": N_("Small enterprises"),
    "micro": N_("Micro enterprises"),
}
HONOURS: Final[Mapping[str, str]] = {
    "title": N_("Title for one aspect, such as Terbaik Coverage Zona Sumatera"),
    "mention": N_("Special mention"),
    "appreciation": N_("Appreciation outside the ranking"),
}
INSTRUMENTS: Final[Mapping[str, str]] = {
    "rpjpn": "RPJPN",
    "rpjmn": "RPJMN",
    "rkp": "RKP",
    "rpjpd": "RPJPD",
    "rpjmd": "RPJMD",
    "bpjs_monitoring": N_("Monitoring by BPJS Ketenagakerjaan"),
    "bpjs_programme": N_("Programme of BPJS Ketenagakerjaan"),
    "regency_programme": N_("Programme of the regency or city"),
    "monitoring": N_("Other monitoring"),
}
TIMEZONES: Final[Mapping[str, str]] = {
    "Asia/Jakarta": N_("WIB (Asia/Jakarta)"),
    "Asia/Makassar": N_("WITA (Asia/Makassar)"),
    "Asia/Jayapura": N_("WIT (Asia/Jayapura)"),
}
# How a winner of a province stands in the national cycle: shape and words of a chip, as in `feeding`.
STANDINGS: Final[Mapping[str, tuple[str, str]]] = {
    "gone": ("done", N_("Nominated")),
    "ready": ("doing", N_("Goes on by itself within 15 minutes")),
    "waits": ("open", N_("Waits until the category is open")),
    "late": ("problem", N_("Too late: the category is closed")),
    "nowhere": ("problem", N_("No category takes it")),
    "there": ("attention", N_("Has a nomination of its own already")),
    "changed": ("attention", N_("The published result names it now; decide")),
    "former": ("attention", N_("Nominated, but not the winner any more")),
}
