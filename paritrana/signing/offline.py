"""What `paritrana verify-certificate` tells: the facts of a genuine paper, from its file or from its code alone."""

import re
from typing import Final

from paritrana.core.codes import parse, shown
from paritrana.core.words import N_
from paritrana.signing.compact import Claim, read, verify
from paritrana.signing.faults import Altered, Unreadable
from paritrana.signing.signed_pdf import CertificateKeys, Signed, check

LARGEST_TEXT: Final = 8192  # bytes of a code's text with its address
_ADDRESS: Final = re.compile(r"https?://[^/\s]+/verify/([0-9A-Za-z-]{16,19})/([A-Z2-7]+)", re.IGNORECASE)


def facts_of(content: bytes, keys: CertificateKeys) -> dict[str, str]:
    """The facts of a PDF or of the text of a QR code, by their names in English.

    Raises `Altered`, `Unsigned`, `UnknownKey`, `Unreadable`.
    """
    if content.startswith(b"%PDF-") or len(content) > LARGEST_TEXT:
        return _of_file(check(content, keys))
    text = _text(content)
    address = _ADDRESS.fullmatch(text)
    payload = address[2] if address else text
    claim = verify(payload, keys.payload)
    if address and parse(address[1]) != claim.code:
        raise Altered(N_("The address in the code names another certificate than the signed text."))
    facts = {"genuine": "the code", **_of_claim(claim), "payload key": read(payload).key}
    return facts | {"note": "Compare these facts with the paper: only the code was checked."}


def _of_file(signed: Signed) -> dict[str, str]:
    facts = {
        "genuine": "the file, unchanged since it was signed",
        **_of_claim(signed.claim),
        "payload key": read(signed.payload).key,
        "signed by": signed.signer.name,
        "certificate": signed.fingerprint,
        "signed at": f"{signed.signed_at:%Y-%m-%d %H:%M:%S} UTC, by the word of the signer",
    }
    if signed.signer.development:
        facts["warning"] = "This key was made for development; it vouches for nobody."
    return facts


def _of_claim(claim: Claim) -> dict[str, str]:
    return {
        "code": shown(claim.code),
        "recipient": claim.recipient,
        "title": claim.title,
        "category": claim.category,
        "cycle": claim.cycle,
        "issued on": claim.issued_on.isoformat(),
    }


def _text(content: bytes) -> str:
    try:
        return content.decode("ascii").strip()
    except UnicodeDecodeError:
        raise Unreadable from None
