"""Words are counted alike by the server and by the script of the page, in every writing."""

import json
import subprocess
import sys
import unicodedata
from pathlib import Path

import playwright
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paritrana.core.wordcount import count_words

SCRIPT = Path(__file__).parents[2] / "paritrana" / "static" / "words.js"
NODE = Path(playwright.__file__).parent / "driver" / ("node.exe" if sys.platform == "win32" else "node")

KNOWN = (
    ("", 0),
    ("   \n\t ", 0),
    ("satu", 1),
    ("Pekerja rentan dilindungi sejak 2025.", 5),
    ("anak-anak – dan don't", 3),
    ("- — • …", 0),
    ("«kutipan» (dalam kurung)", 3),
    ("a\r\nb\u00a0c\u2003d\u2028e\u0085f", 6),
    ("nol\u200blebar bukan spasi", 3),
    ("cafe\u0301 re\u0301sume\u0301", 2),
    ("العمال المحميون في المنطقة", 4),
    ("श्रमिकों की सुरक्षा", 3),
    ("работники под защитой", 3),
    ("ꦥꦏꦂꦪ ꦫꦺꦤ꧀ꦠꦤ꧀", 2),
    ("ᬧᬓᬂ ᬭᬾ", 2),
    ("保护工人", 4),
    ("労働者 ABC を守る", 7),
    ("노동자 보호", 2),
    ("12.500 orang = 90%", 3),
    ("٣ ½ Ⅳ", 3),
    ("😀 👍🏽 kata", 1),
    ("\ufeffkata \U00020000\U00020001x", 4),
)


@pytest.mark.parametrize(("text", "count"), KNOWN)
def test_words_are_counted_in_every_writing(text, count):
    assert count_words(text) == count


@given(st.text(), st.text())
def test_two_texts_apart_have_the_words_of_both(one, other):
    assert count_words(f"{one} {other}") == count_words(one) + count_words(other)


def test_the_script_counts_as_the_server_does():
    """Every known text, and every sign of the first planes that both sides know, alone and between two letters."""
    signs = [chr(code) for code in range(0x30000) if not 0xD800 <= code <= 0xDFFF and known_sign(chr(code))]
    texts = [text for text, _count in KNOWN] + [f"{sign} a{sign}b" for sign in signs]
    program = "require(process.argv[1]); let s='';" + (
        "process.stdin.setEncoding('utf8').on('data', d => s += d)"
        ".on('end', () => process.stdout.write(JSON.stringify(JSON.parse(s).map(countWords))));"
    )
    done = subprocess.run(
        [NODE, "-e", program, SCRIPT], input=json.dumps(texts), capture_output=True, text=True, check=True, timeout=60
    )
    counted = json.loads(done.stdout)
    assert [text for text, count in zip(texts, counted, strict=True) if count != count_words(text)] == []


def known_sign(sign: str) -> bool:
    """Whether the sign has a meaning in this version of Unicode; a newer one may give meaning to others."""
    return unicodedata.category(sign) != "Cn"
