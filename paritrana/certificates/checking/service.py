"""What is said of a code, of the signed text in the square of dots, and of a file: one verdict, and what differs.

The register comes first: a code that no published certificate has is unknown, whatever else was brought with it, so
that nothing tells a certificate under embargo from one that never was.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Final

from paritrana.certificates import queries
from paritrana.certificates.checking.queries import certificate_of_paper
from paritrana.certificates.models import Certificate
from paritrana.core.certificates import Verdict
from paritrana.core.codes import parse
from paritrana.core.words import N_
from paritrana.signing import NotSigned, compact


@dataclass(frozen=True, slots=True)
class Difference:
    """One fact that is told otherwise. `label` is a message id; a day is told as a date."""

    label: str
    said: str | date
    registered: str | date


@dataclass(frozen=True, slots=True)
class Sentence:
    """A message id with what fills it."""

    message: str
    params: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Checked:
    """The answer. `certificate` is what the register has under the code, for every verdict but `unknown`."""

    verdict: Verdict
    certificate: Certificate | None = None
    reason: Sentence | None = None
    differences: Sequence[Difference] = ()


UNKNOWN: Final = Checked(Verdict.UNKNOWN)

_NOT_OURS: Final = N_("The square of dots on the paper was not signed by this award, or was changed afterwards.")
_OTHER_CODE: Final = N_("The signed text in the square of dots belongs to another certificate.")
_OTHER_FACTS: Final = N_("The signed text in the square of dots says something else than the register.")

# What the program that looks at a file may say of it, and the sentence for it.
WHOLE: Final = "whole"
FILE_SENTENCES: Final[Mapping[str, str]] = {
    WHOLE: N_("The file is signed, but it is not the file that was issued under this code."),
    "bytes": N_("The file was changed after it was signed: its signature does not hold."),
    "cut": N_("The file is cut: its end is missing."),
    "added": N_("Something was added to the file after it was signed."),
    "added_content": N_("Pages or texts were added or put in the place of others after the file was signed."),
    "added_notes": N_("Notes, form entries or signatures were added after the file was signed."),
    "unsigned": N_("The file has no signature of this award. A copy that was printed or saved again loses it."),
    "unknown_key": N_("The file is signed with a key that does not belong to this award."),
    "unreadable": N_("The file cannot be read as a certificate."),
}


def check_code(text: str, at: datetime) -> Checked:
    """What the register says about a code as somebody typed it."""
    found = queries.find_public(text, at)
    return UNKNOWN if found is None else _state(found)


def check_payload(text: str, payload: str, keys: Mapping[str, bytes], at: datetime) -> Checked:
    """What the register says about a code that came with a signed text; `keys` are the public ones by id."""
    found = queries.find_public(text, at)
    if found is None:
        return UNKNOWN
    if payload == found.payload:
        return _state(found)
    try:
        claim = compact.verify(payload, keys)
    except NotSigned:
        return _altered(found, _NOT_OURS)
    if claim.code != found.code:
        return _altered(found, _OTHER_CODE)
    differences = tuple(_differences(claim, found))
    return _altered(found, _OTHER_FACTS, differences) if differences else _state(found)


def genuine(text: str, payload: str, keys: Mapping[str, bytes]) -> bool:
    """Whether this installation signed the text for this code: who brings it did not guess the code."""
    try:
        return compact.verify(payload, keys).code == parse(text)
    except NotSigned:
        return False


def check_file(sha256: str, at: datetime) -> Checked | None:
    """What is said of a file that is an issued one to the last byte; None for every other file.

    One whose result is not published is like a file that never was.
    """
    known = certificate_of_paper(sha256)
    found = None if known is None else queries.find_public(known.code, at)
    return None if found is None else _state(found)


def check_named(codes: Sequence[str], what: str, at: datetime) -> Checked:
    """What is said of a file that is not an issued one: `codes` stand in it, `what` is a key of `FILE_SENTENCES`."""
    for code in codes:
        found = queries.find_public(code, at)
        if found is not None:
            return _altered(found, FILE_SENTENCES[what])
    return replace(UNKNOWN, reason=Sentence(FILE_SENTENCES[what], {}))


def _state(found: Certificate) -> Checked:
    return Checked(Verdict(found.status), found)


def _altered(found: Certificate, message: str, differences: Sequence[Difference] = ()) -> Checked:
    return Checked(Verdict.ALTERED, found, Sentence(message, {}), differences)


def _differences(claim: compact.Claim, found: Certificate) -> list[Difference]:
    """What the signed text says otherwise than the register; a text may stand in either language."""
    context = found.context
    pairs = (
        (N_("Recipient"), claim.recipient, (found.recipient,)),
        (N_("Title"), claim.title, (found.title_id, found.title_en)),
        (N_("Category"), claim.category, (context["category"]["id"], context["category"]["en"])),
        (N_("Award"), claim.cycle, (context["cycle"]["id"], context["cycle"]["en"])),
    )
    told = [Difference(label, said, known[0]) for label, said, known in pairs if said not in known]
    issued = date.fromisoformat(context["issued_on"])
    if claim.issued_on != issued:
        told.append(Difference(N_("Issued"), claim.issued_on, issued))
    return told
