"""The breach pack: after something was seen by the wrong people, who is concerned, what was seen, by whom and when.

It is read from the security log for chosen hours and, where they are known, an account, a file or an address of the
network. With it come drafts of the notices that the law asks for within 3 x 24 hours (UU 27/2022, article 46).
"""

import csv
import io
import json
import zipfile
from codecs import BOM_UTF8
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import select

from paritrana import securitylog
from paritrana.accounts.models import Account, RoleGrant
from paritrana.config import Settings
from paritrana.core.errors import BadInput
from paritrana.core.words import N_
from paritrana.cycles.models import Category, Cycle
from paritrana.database import db
from paritrana.files.models import Blob
from paritrana.nominations.models import Attachment, Nomination
from paritrana.reference.models import Organisation
from paritrana.scopes import everybody
from paritrana.web.exports import cell

NOTICE: Final = timedelta(hours=72)
CSIRT: Final = timedelta(hours=24)
GIVEN: Final = frozenset({200, 206, 304, 303})
LONGEST: Final = timedelta(days=92)
_ZONE: Final = ZoneInfo("Asia/Jakarta")

# What an act shows of a nomination.
DATA: Final[Mapping[str, str]] = {
    "download_evidence": "berkas bukti / evidence files",
    "see_nomination": "isian dan catatan nominasi / entries and notes of the nomination",
    "see_draft": "isian konsep / entries of the draft",
    "see_others_marks": "nilai juri / marks of assessors",
    "see_ranking_preview": "peringkat sementara / preliminary ranking",
    "manage_cycle": "nama dan alamat pengurus / names and addresses of members",
}
OTHER_DATA: Final = "isian dan pemeriksaan nominasi / entries and checks of the nomination"


class PeriodWrong(BadInput):
    """The hours of a breach pack are none."""

    code = "period_wrong"
    message = N_("The end comes after the beginning, and the two are at most 92 days apart.")


@dataclass(frozen=True, slots=True)
class Asked:
    """Which hours, and what is known of the breach; what is empty leaves nothing out. `file` is a document, `N-…/3`."""

    since: datetime
    until: datetime
    account: str = ""
    file: str = ""
    source: str = ""

    def check(self) -> None:
        """Raise `PeriodWrong`."""
        if not timedelta(0) < self.until - self.since <= LONGEST:
            raise PeriodWrong


@dataclass
class Pack:
    """What was found."""

    asked: Asked
    cycle: str
    made_at: datetime
    lines: list[dict[str, Any]] = field(default_factory=list)
    readers: list[dict[str, Any]] = field(default_factory=list)
    objects: list[dict[str, Any]] = field(default_factory=list)
    files: list[dict[str, Any]] = field(default_factory=list)
    persons: list[dict[str, Any]] = field(default_factory=list)
    kinds: list[str] = field(default_factory=list)


@everybody("who may ask for the pack of a breach may know whom it touches, in whatever cycle")
def gather(asked: Asked, settings: Settings, *, at: datetime, cycle: Cycle | None = None) -> Pack:
    """What the log and the tables say. With `cycle` only nominations of it count. Raises `PeriodWrong`."""
    asked.check()
    pack = Pack(asked, "" if cycle is None else cycle.code, at)
    nominations = _nominations(cycle)
    seen: dict[str, dict[str, Any]] = {}
    readers: dict[str, dict[str, Any]] = {}
    kinds = Counter[str]()
    for line in securitylog.read(settings.security_log, asked.since, asked.until):
        where = str(line.get("object") or "")
        ref = where.partition("/")[0]
        if ref not in nominations or not _given(line) or not _matches(line, where, asked):
            continue
        pack.lines.append({name: line.get(name) for name in FIELDS})
        kinds[DATA.get(str(line.get("act")), OTHER_DATA)] += 1
        _count(seen, ref, line)
        _count(readers, str(line.get("account") or "-"), line)
    pack.kinds = sorted(kinds)
    pack.objects = [
        {"nomination": ref, "organisation": nominations[ref][1], **told} for ref, told in sorted(seen.items())
    ]
    pack.readers = _readers(readers)
    pack.files = _files(pack.lines)
    pack.persons = _persons({nominations[ref][2] for ref in seen}, [nominations[ref][0] for ref in seen])
    return pack


FIELDS: Final = ("time", "event", "account", "person", "act", "object", "result", "source", "request")


def _given(line: Mapping[str, Any]) -> bool:
    result = line.get("result")
    return result in GIVEN if isinstance(result, int) else result == "done"


def _matches(line: Mapping[str, Any], where: str, asked: Asked) -> bool:
    if asked.account and line.get("account") != asked.account:
        return False
    if asked.source and line.get("source") != asked.source:
        return False
    return not asked.file or where == asked.file or where.startswith(f"{asked.file}/")


def _count(found: dict[str, dict[str, Any]], name: str, line: Mapping[str, Any]) -> None:
    told = found.setdefault(name, {"looks": 0, "first": line["time"], "last": line["time"], "sources": []})
    told["looks"] += 1
    told["last"] = max(told["last"], line["time"])
    told["first"] = min(told["first"], line["time"])
    source = line.get("source")
    if source and source not in told["sources"]:
        told["sources"].append(source)


def _nominations(cycle: Cycle | None) -> dict[str, tuple[int, str, int]]:
    statement = (
        select(Nomination.ref, Nomination.id, Organisation.name, Nomination.organisation_id)
        .join(Organisation, Organisation.id == Nomination.organisation_id)
        .join(Category, Category.id == Nomination.category_id)
    )
    if cycle is not None:
        statement = statement.where(Category.cycle_id == cycle.id)
    return {ref: (id_, name, organisation_id) for ref, id_, name, organisation_id in db.session.execute(statement)}


def _readers(found: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    known = {
        ref: (name, email)
        for ref, name, email in db.session.execute(
            select(Account.ref, Account.name, Account.email).where(Account.ref.in_(list(found)))
        )
    }
    return [
        {"account": ref, "name": known.get(ref, ("", ""))[0], "email": known.get(ref, ("", ""))[1], **told}
        for ref, told in sorted(found.items())
    ]


def _files(lines: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The documents among what was seen, with how many identity numbers their text seems to hold."""
    wanted = set()
    for line in lines:
        ref, _, rest = str(line["object"]).partition("/")
        number = rest.partition("/")[0]
        if line["act"] == "download_evidence" and number.isdigit():
            wanted.add((ref, int(number)))
    if not wanted:
        return []
    rows = db.session.execute(
        select(Nomination.ref, Attachment.no, Blob.media_type, Blob.size, Blob.sha256, Blob.identity_numbers)
        .join(Nomination, Nomination.id == Attachment.nomination_id)
        .join(Blob, Blob.id == Attachment.blob_id)
        .where(Nomination.ref.in_({ref for ref, _no in wanted}))
        .order_by(Nomination.ref, Attachment.no)
    )
    return [
        {"file": f"{ref}/{no}", "type": kind, "bytes": size, "sha256": sha256, "identity_numbers": numbers or 0}
        for ref, no, kind, size, sha256, numbers in rows
        if (ref, no) in wanted
    ]


def _persons(organisations: set[int], nominations: Sequence[int]) -> list[dict[str, Any]]:
    """Whom the seen entries and files concern as far as this installation knows them: members and who uploaded."""
    members = (
        select(Account.id)
        .join(RoleGrant, RoleGrant.account_id == Account.id)
        .where(RoleGrant.organisation_id.in_(organisations))
    )
    uploaded = select(Attachment.uploaded_by).where(Attachment.nomination_id.in_(nominations))
    rows = db.session.scalars(
        select(Account).where(Account.id.in_(members) | Account.id.in_(uploaded)).order_by(Account.ref)
    )
    return [{"account": one.ref, "name": one.name, "email": one.email} for one in rows]


# Writing --------------------------------------------------------------------------------------------------------------


def archive(pack: Pack, operator: str) -> bytes:
    """The pack as a ZIP: the findings for programs and for spreadsheets, and the drafts of the notices."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as whole:
        whole.writestr("incident.json", json.dumps(_document(pack), ensure_ascii=False, indent=1))
        for name, rows in (
            ("readers.csv", pack.readers), ("nominations.csv", pack.objects), ("files.csv", pack.files),
            ("persons.csv", pack.persons), ("looks.csv", pack.lines),
        ):  # fmt: skip
            whole.writestr(name, _table(rows))
        for name, text in notices(pack, operator).items():
            whole.writestr(name, text)
    return out.getvalue()


def _document(pack: Pack) -> dict[str, Any]:
    asked = pack.asked
    return {
        "format": "paritrana-breach-pack/1",
        "made_at": pack.made_at.isoformat(),
        "cycle": pack.cycle or None,
        "from": asked.since.isoformat(),
        "to": asked.until.isoformat(),
        "account": asked.account or None,
        "file": asked.file or None,
        "source": asked.source or None,
        "notify_by": (pack.made_at + NOTICE).isoformat(),
        "csirt_by": (pack.made_at + CSIRT).isoformat(),
        "data": pack.kinds,
        "readers": pack.readers,
        "nominations": pack.objects,
        "files": pack.files,
        "persons": pack.persons,
        "looks": pack.lines,
    }


def _table(rows: Sequence[Mapping[str, Any]]) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";", lineterminator="\r\n")
    if rows:
        writer.writerow(rows[0])
        writer.writerows([_cell(value) for value in row.values()] for row in rows)
    return BOM_UTF8 + out.getvalue().encode()


def _cell(value: Any) -> str:
    return cell(", ".join(value) if isinstance(value, list) else "" if value is None else str(value))


def _hour(at: datetime) -> str:
    return at.astimezone(_ZONE).strftime("%d-%m-%Y %H.%M WIB")


def notices(pack: Pack, operator: str) -> dict[str, str]:
    """The drafts, in Indonesian and English: to the people concerned, and to the authority."""
    values = {
        "operator": operator,
        "since": _hour(pack.asked.since),
        "until": _hour(pack.asked.until),
        "made": _hour(pack.made_at),
        "by": _hour(pack.made_at + NOTICE),
        "csirt": _hour(pack.made_at + CSIRT),
        "persons": len(pack.persons),
        "nominations": len(pack.objects),
        "files": len(pack.files),
        "numbers": sum(one["identity_numbers"] for one in pack.files),
        "readers": len(pack.readers),
        "data_id": "; ".join(one.partition(" / ")[0] for one in pack.kinds) or "-",
        "data_en": "; ".join(one.partition(" / ")[2] for one in pack.kinds) or "-",
    }
    return {name: text.format(**values) for name, text in TEXTS.items()}


TEXTS: Final = {
    "pemberitahuan-subjek-data.txt": """\
RANCANGAN. Pemberitahuan tertulis kegagalan pelindungan data pribadi (UU 27/2022 Pasal 46)
Batas waktu penyampaian: {by}

Kepada Bapak/Ibu,

{operator} memberitahukan bahwa antara {since} dan {until} data Anda dalam sistem Paritrana Award
dilihat oleh pihak yang tidak berhak.

Data yang terungkap: {data_id}
Kapan dan bagaimana: [diisi: uraian kejadian]
Upaya penanganan dan pemulihan: [diisi]
Hubungi kami: [diisi: nama, telepon, alamat surel]
""",
    "pemberitahuan-lembaga.txt": """\
RANCANGAN. Pemberitahuan kegagalan pelindungan data pribadi kepada lembaga (UU 27/2022 Pasal 46)
Batas waktu penyampaian: {by}. Untuk infrastruktur informasi vital, CSIRT sektor: {csirt}

Pengendali data: {operator}
Diketahui: {made}
Rentang kejadian: {since} sampai {until}
Subjek data yang dikenal sistem: {persons} orang, dari {nominations} nominasi
Berkas yang dilihat: {files}; bilangan menyerupai NIK di dalamnya: {numbers}
Akun yang melihat: {readers}
Data yang terungkap: {data_id}
Kapan dan bagaimana: [diisi]
Upaya penanganan dan pemulihan: [diisi]
""",
    "notice-to-persons.txt": """\
DRAFT. Written notice of a failure to protect personal data (Law 27/2022, article 46)
To be delivered by: {by}

{operator} informs you that between {since} and {until} data of yours in the Paritrana Award system was seen by somebody
who had no right to it.

Data concerned: {data_en}
When and how: [to be filled in]
What was done and is being done: [to be filled in]
Contact: [to be filled in]
""",
    "notice-to-the-authority.txt": """\
DRAFT. Notice of a failure to protect personal data to the authority (Law 27/2022, article 46)
To be delivered by: {by}. For vital information infrastructure, CSIRT of the sector: {csirt}

Controller: {operator}
Known since: {made}
Period: {since} to {until}
Persons known to the system: {persons}, of {nominations} nominations
Files seen: {files}; numbers like identity numbers in them: {numbers}
Accounts that saw them: {readers}
Data concerned: {data_en}
When and how: [to be filled in]
What was done and is being done: [to be filled in]
""",
}
