"""Names that files come with: what people type, what devices make, and what is meant to do harm."""

import random

HARM = (
    "../../etc/passwd", "..\\..\\boot.ini", "/etc/shadow", "C:\\Windows\\x", "con", "aux.pdf", "nul", "-rf", "--help",
    "~", ".htaccess", ".",
    "..", "$(id)", "`id`", ";id", "|id", "&&id", "%00", "%2e%2e%2f", "%s%n", "{{7*7}}", "${7*7}",
    "<script>alert(1)</script>", "\"><img src=x>",
    "'; DROP TABLE blob;--", '"; filename="x.exe', "a\r\nX-Injected: yes", "a\nb", "\x00", "a\x00b", "\x1b[31m",
    "\x7f", "\u202egpj", "\u2066a\u2069",
    "\u200f", "\ufeff", "\u2028", "\u0085", "\ud800", "\udfff", "e\u0301", "\u1e9b\u0323", "Å", "ﬁ", "𝔘",
    "🏴\U000e0067\U000e007f", "名前", "ملف",
    "שם", "имя", "नाम", "ก็", "ﷺ" * 12, "a" * 250, "é" * 120, " ", "   ", "\t", "=cmd|' /C calc'!A0", "+1", "@x", "''",
    "UTF-8''x", "=?utf-8?B?eA==?=",
)  # fmt: skip
WORDS = (
    "SK Bupati",
    "DPA 2025",
    "Laporan",
    "rekap_PU",
    "foto (1)",
    "Perda No. 3/2024",
    "hasil, akhir",
    "50%",
    "a;b",
    'kutip "x"',
    "d'Artagnan",
)
ENDS = (
    ".pdf", ".PDF", ".Pdf", ".jpg", ".JPEG", ".png", ".xlsx", ".XLSX", "", ".", ".exe", ".pdf.exe", ".pdf ", ".pdf.",
    ".p\u0501f", ".ｐｄｆ",
    ".xlsm", ".docx", ".html", ".svg", ".pdf\x00.jpg", ".pdf\u202e", ".ſvg", ".pdf/", ".pdf\\", "/", ".tar.gz",
    ".jpg:stream", ".pdf;.jpg",
)  # fmt: skip


def name_by_lot(chance: random.Random) -> str:
    """One name."""
    parts = [chance.choice(HARM if chance.random() < 0.5 else WORDS) for _no in range(chance.choice((1, 1, 2, 3)))]
    if chance.random() < 0.2:
        parts.append("".join(chr(chance.randrange(1, 0x3000)) for _no in range(chance.randrange(1, 30))))
    if chance.random() < 0.1:
        parts.append(chr(chance.randrange(0x10000, 0x110000)))
    return chance.choice(("", " ", "_", "/")).join(parts) + chance.choice(ENDS)
