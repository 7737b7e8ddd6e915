"""The codes of published figures in words."""

from collections.abc import Mapping
from typing import Final

from paritrana.core.evidence.choices import SEGMENT_NAMES
from paritrana.core.words import N_

ZONES: Final[Mapping[str, str]] = {
    "sumatera": N_("Sumatra"),
    "jawa_bali": N_("Java and Bali"),
    "kalimantan": N_("Kalimantan"),
    "sulawesi": N_("Sulawesi"),
    "nusra_maluku_papua": N_("Nusa Tenggara, Maluku and Papua"),
}
REGION_KINDS: Final[Mapping[str, str]] = {"province": N_("Province"), "regency": N_("Regency"), "city": N_("City")}
SEGMENTS: Final[Mapping[str, str]] = {**SEGMENT_NAMES, "total": N_("Total")}
MEASURES: Final[Mapping[str, str]] = {
    "active_participants": N_("Active participants"),
    "inactive_participants": N_("Inactive participants"),
    "registered": N_("Registered participants"),
    "coverage": N_("Coverage"),
    "protected_vulnerable": N_("Protected vulnerable workers"),
    "protected_non_asn": N_("Protected non-ASN workers"),
    "workforce": N_("Workforce"),
    "employers": N_("Registered employers (firms)"),
}
# Only these two are coverage; the others count other things and are never set against workers.
COVERAGE: Final = ("active_participants", "coverage")
QUALIFIERS: Final[Mapping[str, str]] = {
    "rounded": N_("rounded"),
    "about": N_("about"),
    "more_than": N_("more than"),
    "almost": N_("almost"),
    "computed": N_("computed from the other figures of the source"),
    "interpreted": N_("unit error of the source corrected"),
}
GROUPS: Final[Mapping[str, str]] = {
    "vulnerable_worker": N_("Vulnerable workers"),
    "palm_worker": N_("Oil palm workers"),
    "tobacco_worker": N_("Tobacco workers"),
    "rt_rw": N_("Heads of neighbourhoods (RT/RW)"),
    "tobacco_and_vulnerable": N_("Tobacco and vulnerable workers"),
    "religious_worker": N_("Religious workers"),
    "fisher": N_("Fishers"),
    "ride_hailing": N_("Ride-hailing drivers"),
    "transport_worker": N_("Transport workers"),
    "extreme_poor_worker": N_("Workers in extreme poverty"),
    "farmer": N_("Farmers"),
    "health_cadre": N_("Health volunteers"),
    "village_safety": N_("Village safety wardens"),
    "social_worker": N_("Social workers"),
    "poor_worker": N_("Poor workers"),
    "non_asn": N_("Non-ASN staff"),
}
BUDGET_STATES: Final[Mapping[str, str]] = {
    "planned": N_("planned"),
    "budgeted": N_("budgeted"),
    "realised": N_("realised"),
}
FUNDS: Final[Mapping[str, str]] = {
    "apbd_regency": N_("Budget of the regency or city"),
    "apbd_province": N_("Budget of the province"),
    "apbdes": N_("Village budget"),
    "dbhcht": N_("Tobacco excise fund"),
    "dbh_sawit": N_("Oil palm revenue fund"),
    "csr": N_("Corporate responsibility funds"),
    "zakat": N_("Zakat"),
    "other": N_("Other funds"),
}
TIERS: Final[Mapping[str, str]] = {"national": N_("National"), "province": N_("Provincial")}
CATEGORIES: Final[Mapping[str, str]] = {
    "province": N_("Provincial governments"),
    "regency_city": N_("Regency and city governments"),
    "village": N_("Villages and urban wards"),
    "enterprise_large": N_("Large enterprises"),
    "enterprise_medium": N_("Medium enterprises"),
    "enterprise_large_medium": N_("Large and medium enterprises"),
    "enterprise_sector": N_("Enterprises by sector"),
    "small_micro": N_("Small and micro enterprises"),
    "public_service": N_("Public services"),
    "appreciation": N_("Appreciation outside the ranking"),
}
INSTRUMENTS: Final[Mapping[str, str]] = {
    "rpjpn": N_("National long-term plan (RPJPN)"),
    "rpjmn": N_("National medium-term plan (RPJMN)"),
    "rkp": N_("Government work plan (RKP)"),
    "rpjpd": N_("Regional long-term plan (RPJPD)"),
    "rpjmd": N_("Regional medium-term plan (RPJMD)"),
    "bpjs_monitoring": N_("Monitoring by BPJS Ketenagakerjaan"),
    "bpjs_programme": N_("Programme of BPJS Ketenagakerjaan"),
    "regency_programme": N_("Programme of the regency"),
    "monitoring": N_("Monitoring"),
}
METRICS: Final[Mapping[str, str]] = {
    "ucj_percent": N_("Coverage of all workers (UCJ)"),
    "vulnerable_workers": N_("Vulnerable workers"),
    "vulnerable_workers_per_village": N_("Vulnerable workers in each village"),
}
TARGET_KINDS: Final[Mapping[str, str]] = {
    "target": N_("Target"),
    "baseline": N_("Starting point"),
    "actual": N_("Reached"),
}
