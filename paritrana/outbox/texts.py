"""The words of a message, in Indonesian and English, and the mail that carries them.

What comes from people is cut to one line of at most 120 characters without control signs before it enters a text, so
that nothing typed becomes a header; the standard library's own refusal of line ends in headers stands behind it. A
typed web address is broken up, so that the only link of a mail is our own.
"""

import functools
import re
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from html import escape
from typing import Any, Final
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from babel.dates import format_date
from babel.support import NullTranslations, Translations

from paritrana.config import PACKAGE
from paritrana.core.words import N_

LONGEST_FIELD: Final = 120
LONGEST_SUBJECT: Final = 60
ZONES: Final = {"Asia/Jakarta": "WIB", "Asia/Makassar": "WITA", "Asia/Jayapura": "WIT"}
LANGUAGES: Final = ("id", "en")
MOST: Final = 30  # messages that one summary tells of; all of them stand on the page it leads to
PART: Final = "\n\n"
SUMMARY_SUBJECT: Final = N_("What needs you now: %(n)s messages")
SUMMARY: Final = N_("Since the last summary %(n)s messages were written to you. The page below has them whole.")
SUMMARY_WHY: Final = N_(
    "You get one summary each morning. On the page “Notifications” of your profile you choose what comes at once."
)
_LINK = re.compile(r"(?i)\b(https?|ftp|file|data|javascript|mailto)\s*:|\bwww\.")
_LONG_NUMBER = re.compile(r"\d(?:[ .-]?\d){15,}")


def one_line(text: str, limit: int = LONGEST_FIELD) -> str:
    """`text` as one line of at most `limit` characters: no control or direction signs, no number as long as a NIK."""
    plain = "".join(" " if unicodedata.category(sign).startswith(("C", "Z")) else sign for sign in text)
    plain = " ".join(unicodedata.normalize("NFC", plain).split()).replace("=?", "= ?")  # no word in a header's code
    plain = _LONG_NUMBER.sub("…", plain)
    return plain if len(plain) <= limit else plain[: limit - 1].rstrip() + "…"


@functools.cache
def _words(language: str) -> NullTranslations:
    """The catalogue of a language; message ids are English, so English needs none."""
    return Translations.load(PACKAGE / "translations", [language]) if language != "en" else NullTranslations()


def translated(message: str, language: str) -> str:
    """A message id in a language."""
    return str(_words(language).gettext(message))


def filled(message: str, params: Mapping[str, Any], language: str, zone: str) -> str:
    """A message id in a language with its places filled; moments are told in `zone`."""
    told = {name: _shown(value, language, zone) for name, value in params.items()}
    return translated(message, language) % told


def _shown(value: Any, language: str, zone: str) -> str:
    if isinstance(value, datetime):
        local = value.astimezone(ZoneInfo(zone))
        day = _day(local.date(), language)
        name = ZONES.get(zone, zone)
        return f"{day} pukul {local:%H.%M} {name}" if language == "id" else f"{day}, {local:%H:%M} {name}"
    if isinstance(value, date):
        return _day(value, language)
    text = str(value[language]) if isinstance(value, Mapping) else str(value)  # kept in both languages, or in one
    return one_line(_LINK.sub(lambda found: f"{found[0][:-1]} {found[0][-1]} ", text))  # a typed address is no link


def _day(value: date, language: str) -> str:
    return format_date(value, "EEEE, d MMMM y", locale=language)


def subject_of(cycle_code: str, subject: str, *, simulated: bool, rehearsal: bool = False) -> str:
    """The subject line: the cycle first, and before it that it is a rehearsal or simulated; at most 60 characters."""
    code, band = cycle_code, "SIMULASI " if simulated else ""
    if rehearsal:
        code, _word, no = cycle_code.rpartition("-latihan-")
        band = f"LATIHAN {no} "
    return one_line(f"[{band}{code.replace('-', ' ').upper()}] {subject}", LONGEST_SUBJECT)


def summary(messages: Sequence[tuple[str, str, str]]) -> tuple[str, str, str]:
    """The morning's mail that joins several messages: its subject and its texts in Indonesian and English.

    Each message comes as its subject and its two texts, of which the summary tells the first paragraph.
    """
    told = {
        language: "\n\n".join(
            [
                filled(SUMMARY, {"n": len(messages)}, language, ""),
                *(f"{no}. {one[0]}\n{one[place].partition(PART)[0]}" for no, one in enumerate(messages[:MOST], 1)),
                filled(SUMMARY_WHY, {}, language, ""),
            ]
        )
        for place, language in enumerate(LANGUAGES, 1)
    }
    subject = filled(SUMMARY_SUBJECT, {"n": len(messages)}, "id", "")
    return subject_of("PARITRANA", subject, simulated=False), told["id"], told["en"]


def mail(
    *, ref: str, subject: str, text_id: str, text_en: str, path: str, name: str, address: str, sender: str,
    sender_name: str, base_url: str, at: datetime,
) -> EmailMessage:  # fmt: skip
    """The mail: plain text and simple HTML, Indonesian then English, one link. Raises `ValueError` for an address
    that is none.
    """
    link = f"{base_url}{path}"
    made = EmailMessage(policy=SMTP)
    made["From"] = Address(one_line(sender_name), addr_spec=sender)
    made["To"] = Address(one_line(name), addr_spec=address)
    made["Subject"] = subject
    made["Date"] = format_datetime(at)
    made["Message-ID"] = f"<{ref}@{urlsplit(base_url).hostname}>"
    made["Auto-Submitted"] = "auto-generated"
    made.set_content(f"{text_id}\n\n{link}\n\n-- \n\n{text_en}\n")
    made.add_alternative(
        f'<!doctype html><html lang="id"><body>{_html(text_id)}<p><a href="{escape(link)}">{escape(link)}</a></p>'
        f'<hr><div lang="en">{_html(text_en)}</div></body></html>',
        subtype="html",
    )
    return made


def _html(text: str) -> str:
    return "".join(f"<p>{escape(part)}</p>" for part in text.split("\n\n"))
