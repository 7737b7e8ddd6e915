"""The simulated cycles of `seed/simulated/`: what each column holds, and the whole of it checked before it is used.

Regions are real; people, enterprises, villages, claims, findings and marks are invented.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from paritrana.core.certificates import Template
from paritrana.core.evidence import KINDS
from paritrana.core.evidence.specs import NUMBERS
from paritrana.core.words import N_
from paritrana.paper import NotPrintable, TooLong, check_name
from paritrana.reference.models import ORGANISATION_KINDS, SIZE_CLASSES
from paritrana.seeding.certificates import read_templates
from paritrana.seeding.reference import code, region_code, year
from paritrana.seeding.rows import (
    BadSeed,
    Line,
    Reading,
    Row,
    SeedError,
    Table,
    Unreadable,
    choice,
    column,
    decimal,
    matching,
    optional,
    whole,
    words,
)

FOLDER: Final = "simulated"
SEATED: Final = ("ketua", "wakil", *(f"asesor-{number}" for number in range(3, 10)))
"""The nine members of every panel, by their keys in `people.csv`."""

ABSTAINED: Final = "abstain"
UNMARKED: Final = "-"  # the sheet is open and not sent
REACHES: Final = ("open", "scoring", "published")
ROLES: Final = ("nominee", "verifier", "chair", "deputy", "assessor", "organiser", "auditor", "administrator")
VERDICTS: Final = ("matches", "partly", "differs", "unverifiable", "out_of_period")

slug = matching(
    r"[a-z0-9]+(?:[.-][a-z0-9]+)*", N_("“%(value)s” in “%(column)s” is no key of small letters and digits.")
)
email = matching(r"[a-z0-9-]+@demo\.test", N_("“%(value)s” in “%(column)s” is no address of the demonstration."))
time_of_day = matching(r"[0-2][0-9]:[0-5][0-9]", N_("“%(value)s” in “%(column)s” is no time such as 09:30."))


def name(value: str) -> str:
    """The name of an organisation, which a certificate must be able to carry."""
    try:
        check_name(words(value))
    except (NotPrintable, TooLong):
        raise Unreadable(N_("“%(value)s” in “%(column)s” cannot be printed on a certificate."), value=value) from None
    return value


def days(value: str) -> int:
    """Days from the day of seeding, negative for the past."""
    return int(_days(value))


_days = matching(r"0|-?[1-9][0-9]{0,2}", N_("“%(value)s” in “%(column)s” is no number of days such as -30."))
_on_scale = decimal("0", "10")


def mark(value: str) -> Decimal | str:
    """A mark, or a word: not due (the person is out for this candidate), abstained, not marked yet."""
    return value if value in {"", ABSTAINED, UNMARKED} else Decimal(_on_scale(value))


def titles(value: str) -> tuple[str, ...]:
    """The titles by rank, divided by semicolons."""
    return tuple(words(part) for part in value.split(";"))


def calendar_in_order(row: Row) -> Unreadable | None:
    """The stages of a cycle follow one another."""
    stages = [row[name] for name in STAGES]
    return None if stages == sorted(set(stages)) else Unreadable(N_("The stages of the calendar are not in order."))


def as_many_titles(row: Row) -> Unreadable | None:
    """Every rank has its title in both languages."""
    same = len(row["titles_id"]) == len(row["titles_en"])
    return None if same else Unreadable(N_("The titles of both languages do not fit together."))


def figure_fits_kind(row: Row) -> Unreadable | None:
    """A figure belongs to its kind of evidence, and a number is a number."""
    spec = KINDS[row["kind"]].field(row["figure"])
    if spec is None:
        return Unreadable(
            N_("The evidence “%(kind)s” has no figure “%(figure)s”."), kind=row["kind"], figure=row["figure"]
        )
    value = row["value"] if "value" in row else row["found"]
    if spec.kind in NUMBERS and value is not None and not (value.isascii() and value.isdigit()):
        return Unreadable(N_("“%(value)s” in “%(column)s” is no whole number in digits."), value=value, column="value")
    return None


def note_unless_match(row: Row) -> Unreadable | None:
    """Anything but a match names its page and gives a note."""
    told = row["verdict"] == "matches" or (row["page"] and row["note"])
    return None if told else Unreadable(N_("Anything but a match needs a page and a note."))


STAGES: Final = ("opens", "closes", "verification", "interviews", "scoring", "plenary", "publication")

CYCLES: Final = Table(
    "cycles.csv",
    (
        column("code", slug),
        column("province_code", region_code),
        column("title_id", words),
        column("title_en", words),
        column("assessment_year", year),
        column("edition_label", words),
        column("target_instrument", code),
        column("target_year", year),
        column("decree", words),
        column("objection_days", whole(0, 60)),
        *(column(stage, days) for stage in STAGES),
        column("reaches", choice(*REACHES)),
    ),
    key="code",
    rules=(calendar_in_order,),
)
CATEGORIES: Final = Table(
    "categories.csv",
    (
        column("key", slug),
        column("cycle", slug),
        column("slug", choice("kabkota", "provinsi", "badan-usaha", "umk", "desa")),
        column("position", whole(1, 20)),
        column("rubric", slug),
        column("title_id", words),
        column("title_en", words),
        column("titles_id", titles),
        column("titles_en", titles),
    ),
    key="key",
    rules=(as_many_titles,),
)
ORGANISATIONS: Final = Table(
    "organisations.csv",
    (
        column("key", slug),
        column("kind", choice(*ORGANISATION_KINDS)),
        column("name", name),
        column("region_code", region_code),
        column("size_class", optional(choice(*SIZE_CLASSES))),
        column("sector", optional(words)),
    ),
    key="key",
)
PEOPLE: Final = Table(
    "people.csv",
    (
        column("key", slug),
        column("name", words),
        column("role", choice(*ROLES)),
        column("role_id", words),
        column("role_en", words),
        column("email", email),
        column("organisation", optional(slug)),
        column("position", str),
        column("constituency", str),
        column("office_region", optional(region_code)),
    ),
    key="key",
)
NOMINATIONS: Final = Table(
    "nominations.csv",
    (
        column("key", slug),
        column("cycle", slug),
        column("category", slug),
        column("organisation", slug),
        column("reaches", choice("draft", "submitted", "not_shortlisted", "interviewed")),
        column("filled", optional(whole(0, 99))),
        column("gates", optional(whole(0, 99))),
    ),
    key="key",
)
FIGURES: Final = Table(
    "figures.csv",
    (
        column("key", words),
        column("nomination", slug),
        column("kind", choice(*KINDS)),
        column("figure", words),
        column("value", words),
    ),
    key="key",
    rules=(figure_fits_kind,),
    facts=(lambda row: (row["nomination"], row["kind"], row["figure"]),),
)
EXPLANATIONS: Final = Table(
    "explanations.csv",
    (
        column("key", words),
        column("nomination", slug),
        column("kind", choice(*KINDS)),
        column("reason", code),
        column("explanation", words),
    ),
    key="key",
)
FINDINGS: Final = Table(
    "findings.csv",
    (
        column("key", words),
        column("nomination", slug),
        column("kind", choice(*KINDS)),
        column("figure", words),
        column("found", optional(words)),
        column("verdict", choice(*VERDICTS)),
        column("page", str),
        column("note", str),
    ),
    key="key",
    rules=(figure_fits_kind, note_unless_match),
)
GATES: Final = Table(
    "gates.csv",
    (column("key", words), column("nomination", slug), column("gate", code), column("reason", words)),
    key="key",
)
RECUSALS: Final = Table(
    "recusals.csv",
    (column("key", words), column("person", slug), column("nomination", slug), column("reason", words)),
    key="key",
)
REQUESTS: Final = Table(
    "requests.csv",
    (
        column("key", words),
        column("nomination", slug),
        column("kind", choice(*KINDS)),
        column("figure", words),
        column("question", words),
        column("value", optional(words)),
        column("reason", str),
    ),
    key="key",
    rules=(figure_fits_kind,),
    facts=(lambda row: (row["nomination"],),),
)
OVERRIDES: Final = Table(
    "overrides.csv",
    (
        column("key", words),
        column("nomination", slug),
        column(
            "indicator", matching(r"[A-Z][0-9]{1,2}", N_("“%(value)s” in “%(column)s” is no code of an indicator."))
        ),
        column("value", _on_scale),
        column("reason", words),
    ),
    key="key",
    facts=(lambda row: (row["nomination"], row["indicator"]),),
)
INTERVIEWS: Final = Table(
    "interviews.csv",
    (
        column("key", words),
        column("nomination", slug),
        column("day", whole(1, 9)),
        column("starts", time_of_day),
        column("minutes", whole(5, 240)),
        column("mode", choice("in_person", "online")),
        column("room", words),
        column("presenter_rank", code),
        column("position", words),
    ),
    key="key",
    facts=(lambda row: (row["nomination"],),),
)
MARKS: Final = Table(
    "marks.csv",
    (
        column("key", words),
        column("nomination", slug),
        column(
            "indicator", matching(r"[A-Z][0-9]{1,2}", N_("“%(value)s” in “%(column)s” is no code of an indicator."))
        ),
        *(column(person, mark) for person in SEATED),
        column("abstain_note", str),
    ),
    key="key",
    facts=(lambda row: (row["nomination"], row["indicator"]),),
)
TABLES: Final = (
    CYCLES, CATEGORIES, ORGANISATIONS, PEOPLE, NOMINATIONS, FIGURES, EXPLANATIONS, FINDINGS, GATES, REQUESTS,
    OVERRIDES, RECUSALS, INTERVIEWS, MARKS,
)  # fmt: skip


@dataclass(frozen=True)
class Simulated:
    """Everything that is simulated, as rows by attribute."""

    cycles: Sequence[Row]
    categories: Sequence[Row]
    organisations: Mapping[str, Row]
    people: Sequence[Row]
    nominations: Sequence[Row]
    figures: Mapping[str, Mapping[str, Mapping[str, int | str]]]  # nomination, kind, figure: claimed
    explanations: Mapping[tuple[str, str], Row]  # nomination, kind
    findings: Mapping[str, Mapping[tuple[str, str], Row]]  # nomination: kind, figure; all others match the claim
    gates: Mapping[tuple[str, str], str]  # nomination, gate that is not passed: why
    requests: Mapping[str, Row]  # nomination: what the verifier asks, and the answer
    overrides: Mapping[str, Mapping[str, Row]]  # nomination, computed indicator: what two verifiers set, and why
    recusals: Sequence[Row]
    interviews: Mapping[str, Row]
    marks: Mapping[str, Mapping[str, Row]]  # nomination, indicator
    templates: Sequence[Template]  # of certificates, with fictitious signatories

    def nominations_in(self, cycle: str, slug: str | None = None) -> list[Row]:
        """The nominations of a cycle, or of one category of it, in the order of the file."""
        return [row for row in self.nominations if row["cycle"] == cycle and slug in {None, row["category"]}]


def read_simulated(folder: Path) -> Simulated:
    """The simulated cycles of the seed folder, checked alone and against each other. Raises `BadSeed`."""
    errors: list[SeedError] = []
    own = folder / FOLDER
    readings = {table.file: table.read(own, errors) for table in TABLES}
    errors.extend(_dangling(readings))
    if errors:
        raise BadSeed([_in_folder(error) for error in sorted(errors, key=lambda error: (error.file, error.line))])
    rows = {file: [line.values for line in reading.lines] for file, reading in readings.items()}
    return Simulated(
        cycles=rows[CYCLES.file],
        categories=rows[CATEGORIES.file],
        organisations={row["key"]: row for row in rows[ORGANISATIONS.file]},
        people=rows[PEOPLE.file],
        nominations=rows[NOMINATIONS.file],
        figures=_figures(rows[FIGURES.file]),
        explanations={(row["nomination"], row["kind"]): row for row in rows[EXPLANATIONS.file]},
        findings=_nested(rows[FINDINGS.file], lambda row: (row["kind"], row["figure"])),
        gates={(row["nomination"], row["gate"]): row["reason"] for row in rows[GATES.file]},
        requests={row["nomination"]: row for row in rows[REQUESTS.file]},
        overrides=_nested(rows[OVERRIDES.file], lambda row: row["indicator"]),
        recusals=rows[RECUSALS.file],
        interviews={row["nomination"]: row for row in rows[INTERVIEWS.file]},
        marks=_nested(rows[MARKS.file], lambda row: row["indicator"]),
        templates=read_templates(own),
    )


def _nested(rows: Sequence[Row], key: Callable[[Row], Any]) -> dict[str, dict[Any, Row]]:
    found: dict[str, dict[Any, Row]] = {}
    for row in rows:
        found.setdefault(row["nomination"], {})[key(row)] = row
    return found


def _figures(rows: Sequence[Row]) -> dict[str, dict[str, dict[str, int | str]]]:
    found: dict[str, dict[str, dict[str, int | str]]] = {}
    for row in rows:
        value = stored_value(row["kind"], row["figure"], row["value"])
        found.setdefault(row["nomination"], {}).setdefault(row["kind"], {})[row["figure"]] = value
    return found


def stored_value(kind: str, figure: str, text: str) -> int | str:
    """A figure in the stored form of its kind: a whole number, or text."""
    spec = KINDS[kind].field(figure)
    return int(text) if spec is not None and spec.kind in NUMBERS else text


def _in_folder(error: SeedError) -> SeedError:
    return SeedError(f"{FOLDER}/{error.file}", error.line, error.message, error.params)


# Which column of which file refers to the key of which other file.
REFERENCES: Final = (
    (CATEGORIES, "cycle", CYCLES),
    (NOMINATIONS, "cycle", CYCLES),
    *((table, "nomination", NOMINATIONS) for table in (FIGURES, EXPLANATIONS, FINDINGS, GATES)),
    *((table, "nomination", NOMINATIONS) for table in (REQUESTS, OVERRIDES, RECUSALS, INTERVIEWS, MARKS)),
    (RECUSALS, "person", PEOPLE),
)
DANGLING: Final = N_("“%(value)s” in “%(column)s” is no key of %(file)s.")


def _dangling(readings: Mapping[str, Reading]) -> Iterator[SeedError]:
    for table, name, other in REFERENCES:
        for line in readings[table.file].lines:
            if not readings[other.file].names(line.values[name]):
                yield _unknown(table, line, name, other)
    for table in (NOMINATIONS, PEOPLE):
        for line in readings[table.file].lines:
            named = line.values["organisation"]
            if named is not None and not named[0].isdigit() and not readings[ORGANISATIONS.file].names(named):
                yield _unknown(table, line, "organisation", ORGANISATIONS)
    claimed = {_claim(line.values) for line in readings[FIGURES.file].lines}
    for table in (FINDINGS, REQUESTS) if readings[FIGURES.file].keys is not None else ():
        for line in readings[table.file].lines:
            if _claim(line.values) not in claimed:
                yield SeedError(table.file, line.number, N_("Nothing is claimed for this figure."))


def _claim(row: Row) -> tuple[str, str, str]:
    return (row["nomination"], row["kind"], row["figure"])


def _unknown(table: Table, line: Line, name: str, other: Table) -> SeedError:
    return SeedError(
        table.file, line.number, DANGLING, {"value": line.values[name], "column": name, "file": other.file}
    )
