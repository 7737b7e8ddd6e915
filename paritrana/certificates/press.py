"""The press: a certificate is drawn, gets its code signed, and is signed as a whole, before the register is locked.

One press serves a process: it keeps what all papers of a template share, and the key or the session with the token.
"""

import hashlib
import io
import os
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from paritrana.certificates.drawing import Drawer, Proof
from paritrana.certificates.editor.queries import contents
from paritrana.certificates.models import CertificateTemplateVersion
from paritrana.config import Settings
from paritrana.core.certificates import Facts, read_template
from paritrana.cycles.models import Category, Cycle
from paritrana.signing import compact, signers
from paritrana.signing.compact import Claim

if TYPE_CHECKING:
    from paritrana.signing.pades import Signer

KEPT: Final = 16  # templates whose drawers are kept
SIGNER_SECONDS: Final = 5.0  # after so long the keys are read again, so that rotation and loss show


@dataclass(frozen=True, slots=True)
class Made:
    """A finished paper: its bytes, their SHA-256, the signed text in its code, and who signed it when."""

    content: bytes
    sha256: str
    payload: str
    fingerprint: str
    signed_at: datetime


class Press:
    """Makes papers. `minutes` gives the pages of the minutes of a category, for a paper of that kind."""

    def __init__(self, settings: Settings, minutes: Callable[[Category], bytes]) -> None:
        self.settings = settings
        self.minutes = minutes
        self._drawers: OrderedDict[str, Drawer] = OrderedDict()
        self._lock = threading.Lock()
        self._signer: tuple[int, float, Signer] | None = None

    def drawer(self, cycle: Cycle, version: CertificateTemplateVersion) -> Drawer:
        """What draws by a template; its pictures are read from the database the first time."""
        with self._lock:
            found = self._drawers.get(version.digest)
            if found is None:
                template = read_template(version.document)
                found = self._drawers[version.digest] = Drawer(template, contents(cycle, template.images))
                while len(self._drawers) > KEPT:
                    self._drawers.popitem(last=False)
            self._drawers.move_to_end(version.digest)
            return found

    def make(self, facts: Facts, drawer: Drawer, *, at: datetime, pages: bytes = b"") -> Made:
        """The signed paper of one certificate, with `pages` behind it; the database is not touched.

        Raises `NotPrintable`, `TooLong` and `NotClaimable`, which name a text, and `CertificateKeyMissing`.
        """
        settings, language = self.settings, drawer.template.languages[0]
        signer = self.signer()
        claim = Claim(
            facts.code, facts.recipient, facts.title.of(language), facts.category.of(language),
            facts.cycle.of(language), facts.issued_on,
        )  # fmt: skip
        payload = compact.make(claim, signers.payload_key(settings))
        proof = Proof(
            code=facts.code,
            address=address_of(facts.code, payload, settings.base_url),
            payload=payload,
            host=settings.base_url.split("://", 1)[1],
            fingerprint=signer.fingerprint,
            operator=settings.operator_name,
        )
        drawn = drawer.draw(facts, proof)
        content = signer.sign(_joined(drawn, pages) if pages else drawn, at=at)
        return Made(content, hashlib.sha256(content).hexdigest(), payload, signer.fingerprint, at)

    def signer(self) -> "Signer":
        """What signs PDFs now. Raises `CertificateKeyMissing`."""
        with self._lock:
            process, now = os.getpid(), time.monotonic()
            if self._signer is None or self._signer[0] != process or now - self._signer[1] > SIGNER_SECONDS:
                self._signer = None
                self._signer = (process, now, signers.load(self.settings))
            return self._signer[2]

    def forget_signer(self) -> None:
        """Read the keys again before the next paper."""
        with self._lock:
            self._signer = None


def address_of(code: str, payload: str, base_url: str) -> str:
    """The text of the QR code: the address that checks a certificate, in capitals, which make the code smaller."""
    return f"{base_url.upper()}/VERIFY/{code}/{payload}"


def _joined(first: bytes, more: bytes) -> bytes:
    """One file with the pages of both; what the first says of itself stays."""
    import pikepdf

    with pikepdf.open(io.BytesIO(first)) as whole, pikepdf.open(io.BytesIO(more)) as behind:
        whole.pages.extend(behind.pages)
        written = io.BytesIO()
        whole.save(
            written, compress_streams=False, object_stream_mode=pikepdf.ObjectStreamMode.disable, deterministic_id=True,
            stream_decode_level=pikepdf.StreamDecodeLevel.none, fix_metadata_version=False,
        )  # fmt: skip
        return written.getvalue()
