"""The words of the typed evidence that several kinds, checks and rules share: codes and their message ids."""

from collections.abc import Mapping

from paritrana.core.words import N_

# Whose nomination asks for a field: the codes of a rubric's category.
REGENCY, PROVINCE, VILLAGE = "regency_city", "province", "village"
ENTERPRISE, SMALL = "enterprise_large_medium", "small_micro"

SEGMENT_NAMES: Mapping[str, str] = {
    "pu": N_("Wage workers (PU)"),
    "bpu": N_("Non-wage workers (BPU)"),
    "jakon": N_("Construction workers (Jakon)"),
    "pmi": N_("Migrant workers (PMI)"),
}

NON_ASN_GROUPS: Mapping[str, str] = {
    "contract_staff": N_("Contract staff of agencies"),
    "contract_teacher": N_("Contract teachers"),
    "election_official": N_("Election officials"),
    "village_official_rt_rw": N_("Village officials and heads of RT/RW"),
    "village_official": N_("Village officials"),
    "village_council": N_("Members of the village council (BPD)"),
    "rt_rw": N_("Heads of RT and RW"),
    "health_cadre": N_("Health cadres"),
    "civil_guard": N_("Civil guard (linmas)"),
}

# Whose staff a group is: a village counts its own people, in five groups of their own.
VILLAGE_GROUPS = ("village_official", "village_council", "rt_rw", "health_cadre", "civil_guard")
GROUPS_OF: Mapping[str, frozenset[str]] = {
    "contract_staff": frozenset({REGENCY, PROVINCE}),
    "contract_teacher": frozenset({REGENCY, PROVINCE}),
    "election_official": frozenset({REGENCY, PROVINCE}),
    "village_official_rt_rw": frozenset({REGENCY}),
    **{group: frozenset({VILLAGE}) for group in VILLAGE_GROUPS},
}

# Groups that exist only where an election was held in the period.
ELECTION_GROUPS = frozenset({"election_official"})

PROCEDURES: Mapping[str, str] = {
    "permit": N_("Permits"),
    "tender": N_("Tenders"),
    "payment": N_("Payments"),
}

WORKER_GROUPS = (("pu", N_("Wage workers, percent of the wage (PU)")), ("bpu", N_("Non-wage workers, flat rate (BPU)")))

PACKAGES = (
    ("jkk_jkm", N_("Work accident and death (JKK, JKM)")),
    ("jkk_jkm_jht", N_("Work accident, death and old age (JKK, JKM, JHT)")),
)

FUNDING_SOURCES = (
    ("apbd_regency", N_("Budget of the regency or city (APBD)")),
    ("apbd_province", N_("Budget of the province (APBD)")),
    ("apbdes", N_("Village budget (APBDes)")),
    ("dbhcht", N_("Tobacco excise share (DBHCHT)")),
    ("dbh_sawit", N_("Palm oil revenue share (DBH Sawit)")),
    ("csr", N_("Company contribution (CSR)")),
    ("zakat", N_("Zakat")),
    ("other", N_("Other source")),
)

VULNERABLE_GROUPS = (
    ("tobacco_farmer", N_("Tobacco farmers and workers")),
    ("farmer", N_("Farmers and farm workers")),
    ("fisher", N_("Fishers")),
    ("palm_oil_worker", N_("Palm oil workers")),
    ("transport_worker", N_("Transport workers")),
    ("trader", N_("Traders and small sellers")),
    ("craft_worker", N_("Craft and home workers")),
    ("construction_worker", N_("Daily construction workers")),
    ("religious_worker", N_("Religious workers")),
    ("volunteer", N_("Health and social volunteers")),
    ("poor_worker", N_("Workers from poor households (DTSEN)")),
    ("other", N_("Other vulnerable workers")),
)

YES_NO = (("yes", N_("Yes")), ("no", N_("No")))

PROGRAMMES: Mapping[str, str] = {
    "jkk": N_("Work accident (JKK)"),
    "jkm": N_("Death (JKM)"),
    "jht": N_("Old age (JHT)"),
    "jp": N_("Pension (JP)"),
    "jkp": N_("Job loss (JKP)"),
}

REGULATION_TYPES = (
    ("perda", N_("Regional regulation (Perda)")),
    ("head_of_region", N_("Regulation of the head of region (Pergub, Perbup, Perwali)")),
    ("circular", N_("Circular (SE)")),
    ("instruction", N_("Instruction")),
    ("perdes", N_("Village regulation (Perdes)")),
    ("mou", N_("Agreement (MoU)")),
)

REGULATION_STATES = (
    ("draft", N_("Draft")),
    ("propemperda", N_("On the legislative programme (Propemperda)")),
    ("enacted", N_("Enacted")),
)

CSR_SCHEMES = (
    ("bank", N_("Company contribution through a bank")),
    ("sertakan", N_("SERTAKAN")),
    ("gn_lingkaran", N_("GN Lingkaran")),
    ("other", N_("Other scheme")),
)

PLANS = (("rpjpd", N_("Long-term plan (RPJPD)")), ("rpjmd", N_("Medium-term plan (RPJMD)")))
