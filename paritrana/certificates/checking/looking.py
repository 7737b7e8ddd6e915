"""Looks at one PDF that is not an issued one; runs alone in a process of its own that is limited before it reads.

    python -I -c "from paritrana.certificates.checking.looking import main; main()" KEYS < file > answer

KEYS is the published list of keys as JSON. The answer is one JSON object: `what`, a key of `FILE_SENTENCES` in
`checking.service`, and `codes`, the codes of certificates that stand in the file. Whoever reads it trusts nothing of
it: the file may have taken this process over.
"""

import io
import json
import re
import resource
import sys
from collections.abc import Iterator
from typing import Any, Final

from paritrana.core.codes import parse
from paritrana.files.limits import limits
from paritrana.signing import NotSigned, compact
from paritrana.signing.faults import Altered, UnknownKey, Unsigned
from paritrana.signing.signed_pdf import CertificateKeys, check, read_certificate_keys

MEMORY: Final = 768 * 1024 * 1024  # bytes
CPU: Final = 8  # seconds
LIMITS: Final = limits(memory=MEMORY, cpu=CPU, files=32)
MOST_CODES: Final = 5
MOST_PAGES: Final = 3
LONGEST_TEXT: Final = 100_000  # characters of a page
PAYLOAD: Final = re.compile(rb"<paritrana:payload>([A-Z2-7]{1,5000})</paritrana:payload>")
CODE: Final = re.compile(rb"<paritrana:code>([0-9A-Z-]{16,19})</paritrana:code>")
TYPED: Final = re.compile(r"(?<![0-9A-Za-z-])(?:[0-9A-Za-z]{4}[-\u2010\u2011\u2013]){3}[0-9A-Za-z]{4}(?![0-9A-Za-z])")
CUT: Final = "The file is cut: its end is missing."  # of `signed_pdf`
NOTES: Final = frozenset({"LTA_UPDATES", "FORM_FILLING", "ANNOTATIONS"})


def main() -> None:  # pragma: no cover - it would limit the process that measures; tests start it as its own
    """Limit this process, look at standard input, answer on standard output."""
    for what, most in LIMITS:
        resource.setrlimit(what, (most, most))
    sys.stdout.write(json.dumps(verdict(sys.stdin.buffer.read(), sys.argv[1])))
    sys.stdout.flush()


def verdict(data: bytes, keys: str) -> dict[str, Any]:
    """What a file is, and the codes in it."""
    try:
        what = _what(data, read_certificate_keys(keys.encode()))
    except Exception:  # whatever a hostile file brings about, it is no certificate
        what = "unreadable"
    codes: dict[str, None] = {}
    for found in (_codes_in_metadata, _codes_on_pages):
        try:
            for code in found(data):
                codes[code] = None
                if len(codes) >= MOST_CODES:
                    break
        except Exception:  # noqa: S112 - what cannot be read names nothing
            continue
    return {"what": what, "codes": list(codes)[:MOST_CODES]}


def _what(data: bytes, keys: CertificateKeys) -> str:
    try:
        check(data, keys)
    except Unsigned:
        return "unsigned"
    except UnknownKey:
        return "unknown_key"
    except Altered as fault:
        return "cut" if fault.sentence == CUT else _change(data, keys)
    except NotSigned:
        return "unreadable"
    return "whole"


def _change(data: bytes, keys: CertificateKeys) -> str:
    """What was done to a signed file, as far as pyHanko's difference analysis can tell."""
    from pyhanko.keys import load_certs_from_pemder_data
    from pyhanko.pdf_utils.reader import PdfFileReader
    from pyhanko.sign.validation import validate_pdf_signature
    from pyhanko_certvalidator import ValidationContext

    try:
        roots = [one for known in keys.signers.values() for one in load_certs_from_pemder_data(known.certificate)]
        reader = PdfFileReader(io.BytesIO(data), strict=False)
        signature = reader.embedded_signatures[0]
        context = ValidationContext(trust_roots=roots, allow_fetching=False)
        status = validate_pdf_signature(signature, signer_validation_context=context)
        if not status.intact:
            return "bytes"
        level = status.modification_level
    except Exception:  # a form that it does not read: changed it is all the same
        return "bytes" if data.rstrip().endswith(b"%%EOF") and data.count(b"startxref") == 1 else "added"
    if level is None or level.name in {"NONE", "OTHER"}:
        return "added_content" if level is not None and level.name == "OTHER" else "added"
    return "added_notes" if level.name in NOTES else "added_content"


def _codes_in_metadata(data: bytes) -> Iterator[str]:
    for found in PAYLOAD.findall(data):
        try:
            yield compact.read(found.decode()).claim.code
        except NotSigned:
            continue
    for found in CODE.findall(data):
        code = parse(found.decode())
        if code is not None:
            yield code


def _codes_on_pages(data: bytes) -> Iterator[str]:
    """What is printed as a code on the first pages."""
    import pypdfium2

    document = pypdfium2.PdfDocument(data)
    for no in range(min(len(document), MOST_PAGES)):
        text = document[no].get_textpage().get_text_range()[:LONGEST_TEXT]
        for found in TYPED.findall(text):
            code = parse(found)
            if code is not None:
                yield code
