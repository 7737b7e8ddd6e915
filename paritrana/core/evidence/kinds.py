"""The five kinds of evidence whose figures are typed: their fields, in the order of the form.

Source: the design, section 4; the fields of `non_asn_protection` are the four groups of domain research, 3.2.
"""

from collections.abc import Mapping
from dataclasses import replace

from paritrana.core.coverage import SEGMENTS
from paritrana.core.evidence.specs import FieldSpec, KindSpec, LineSpec
from paritrana.core.words import N_

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


def _source_and_year(prefix: str, group: str) -> tuple[FieldSpec, FieldSpec]:
    return (
        FieldSpec(f"{prefix}.source", N_("Source of the figure"), "text", group=group),
        FieldSpec(f"{prefix}.year", N_("Year of the source"), "year", group=group),
    )


def _segment(code: str) -> tuple[FieldSpec, ...]:
    group = SEGMENT_NAMES[code]
    return (
        FieldSpec(
            f"{code}.participants", N_("Active participants on 31 December"), "people", counted=True, group=group
        ),
        FieldSpec(f"{code}.target", N_("Target workers on 31 December"), "people", counted=True, group=group),
        FieldSpec(
            f"{code}.participants_prev",
            N_("Active participants on 31 December of the year before"),
            "people",
            counted=True,
            group=group,
        ),
        FieldSpec(
            f"{code}.target_prev",
            N_("Target workers on 31 December of the year before"),
            "people",
            counted=True,
            group=group,
        ),
    )


def _coverage() -> KindSpec:
    total = N_("Totals as printed")
    hint = N_("Type the total from the document; the form adds up the segments itself.")
    return KindSpec(
        "coverage",
        N_("Coverage of workers"),
        N_("Shows how many of the region's workers are protected, and how much that grew in a year."),
        (
            *(field for code in SEGMENTS for field in _segment(code)),
            FieldSpec(
                "total.participants",
                N_("Active participants on 31 December"),
                "people",
                hint=hint,
                counted=True,
                group=total,
            ),
            FieldSpec("total.target", N_("Target workers on 31 December"), "people", counted=True, group=total),
            FieldSpec(
                "total.participants_prev",
                N_("Active participants on 31 December of the year before"),
                "people",
                counted=True,
                group=total,
            ),
            FieldSpec(
                "total.target_prev",
                N_("Target workers on 31 December of the year before"),
                "people",
                counted=True,
                group=total,
            ),
            *_source_and_year("denominator", N_("Source of the target workers")),
        ),
    )


def _non_asn_group(code: str) -> tuple[FieldSpec, ...]:
    fields = (
        FieldSpec("target", N_("People in this group"), "people", counted=True),
        FieldSpec("covered", N_("Protected people"), "people", counted=True),
        FieldSpec("months", N_("Months paid"), "months", counted=True),
        FieldSpec("worker_group", N_("Registered as"), "choice", choices=WORKER_GROUPS),
        FieldSpec(
            "average_wage",
            N_("Average reported wage per month"),
            "rupiah",
            required=False,
            hint=N_("Only for wage workers (PU)."),
            counted=True,
        ),
        FieldSpec("budget", N_("Budget for the contributions"), "rupiah", counted=True),
    )
    group, election = NON_ASN_GROUPS[code], code in ELECTION_GROUPS
    return tuple(replace(field, key=f"{code}.{field.key}", group=group, election_only=election) for field in fields)


def _non_asn_protection() -> KindSpec:
    return KindSpec(
        "non_asn_protection",
        N_("Protection of staff who are not civil servants"),
        N_("Shows how many people in the service of the region and its villages are protected."),
        tuple(field for code in NON_ASN_GROUPS for field in _non_asn_group(code)),
    )


def _vulnerable_workers() -> KindSpec:
    target = N_("Target of the region")
    return KindSpec(
        "vulnerable_workers",
        N_("Protected vulnerable workers"),
        N_("Shows for how many vulnerable workers contributions were paid, and for how many months."),
        (
            FieldSpec("target.people", N_("Target vulnerable workers"), "people", counted=True, group=target),
            *_source_and_year("target", target),
        ),
        LineSpec(
            "groups",
            N_("Group of workers"),
            (
                FieldSpec("group", N_("Group"), "choice", choices=VULNERABLE_GROUPS),
                FieldSpec("people", N_("People"), "people", counted=True),
                FieldSpec("months", N_("Months paid"), "months", counted=True),
                FieldSpec("amount", N_("Amount in the budget document"), "rupiah", counted=True),
                FieldSpec(
                    "package",
                    N_("Programmes paid"),
                    "choice",
                    required=False,
                    choices=PACKAGES,
                    default="jkk_jkm",
                ),
                FieldSpec("funding_source", N_("Source of the money"), "choice", choices=FUNDING_SOURCES),
                FieldSpec("decree_number", N_("Number of the decree"), "text"),
                FieldSpec("decree_date", N_("Date of the decree"), "date", counted=True),
            ),
        ),
    )


def _procedure(code: str) -> tuple[FieldSpec, ...]:
    group = PROCEDURES[code]
    return (
        FieldSpec(f"{code}.issued", N_("Issued"), "count", counted=True, group=group),
        FieldSpec(f"{code}.checked", N_("Checked for registration"), "count", counted=True, group=group),
        FieldSpec(f"{code}.refused", N_("Refused for lack of registration"), "count", counted=True, group=group),
        FieldSpec(f"{code}.followed_up", N_("Followed up afterwards"), "count", counted=True, group=group),
    )


def _permit_compliance() -> KindSpec:
    rules = N_("Rules and counting")
    return KindSpec(
        "permit_compliance",
        N_("Compliance through permits, tenders and payments"),
        N_("Shows how far permits, tenders and payments depend on registered workers."),
        (
            *(field for code in PROCEDURES for field in _procedure(code)),
            FieldSpec("counting_from", N_("Counted from"), "date", counted=True, group=rules),
            FieldSpec(
                "sop_in_force_since",
                N_("Written procedure in force since"),
                "date",
                required=False,
                hint=N_("Leave empty when there is no written procedure."),
                counted=True,
                group=rules,
            ),
            FieldSpec(
                "contract_clause",
                N_("Do construction contracts carry a clause on registration?"),
                "choice",
                choices=YES_NO,
                group=rules,
            ),
        ),
    )


def _village_allocation() -> KindSpec:
    villages = N_("Villages of the region")
    return KindSpec(
        "village_allocation",
        N_("Protection paid by villages"),
        N_("Shows how many villages pay contributions for vulnerable workers, and for how many people."),
        (
            FieldSpec("villages.count", N_("Number of villages"), "count", counted=True, group=villages),
            *_source_and_year("villages", villages),
        ),
        LineSpec(
            "villages",
            N_("Village"),
            (
                FieldSpec("name", N_("Name of the village"), "text"),
                FieldSpec("people", N_("Protected vulnerable workers"), "people", counted=True),
                FieldSpec("amount", N_("Amount in the village budget"), "rupiah", counted=True),
                FieldSpec("months", N_("Months paid"), "months", counted=True),
                FieldSpec("apbdes_line", N_("Line of the village budget (APBDes)"), "text", required=False),
                FieldSpec("decree", N_("Decree or village regulation"), "text", required=False),
            ),
        ),
    )


KINDS: Mapping[str, KindSpec] = {
    spec.kind: spec
    for spec in (
        _coverage(),
        _non_asn_protection(),
        _vulnerable_workers(),
        _permit_compliance(),
        _village_allocation(),
    )
}
