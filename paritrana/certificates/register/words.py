"""What the pages of the register say: states of a certificate, and ways in which its paper left."""

from collections.abc import Mapping
from typing import Final

from paritrana.core.words import N_

STATE_WORDS: Final[Mapping[str, str]] = {
    "made": N_("Made, not signed"),
    "signed": N_("Signed"),
    "sent": N_("Sent"),
    "replaced": N_("Replaced"),
    "revoked": N_("Revoked"),
}
STATE_SHAPES: Final[Mapping[str, str]] = {
    "made": "open", "signed": "doing", "sent": "ok", "replaced": "neutral", "revoked": "problem",
}  # fmt: skip
WAY_WORDS: Final[Mapping[str, str]] = {
    "file": N_("as a single file"),
    "zip": N_("in a ZIP archive"),
    "merged": N_("in the file for the printer"),
}
