"""The templates of certificates in the seed folder: those for everybody, and those of the simulated cycles."""

from collections.abc import Sequence
from pathlib import Path

from paritrana.certificates.templating import UnreadableTemplate, read_delivered
from paritrana.core.certificates import Template
from paritrana.seeding.rows import BadSeed, SeedError


def read_templates(folder: Path) -> Sequence[Template]:
    """The templates under `folder`/certificates. Raises `BadSeed`, which names the file."""
    try:
        return read_delivered(folder)
    except UnreadableTemplate as wrong:
        raise BadSeed([SeedError(wrong.params["name"], 0, wrong.message, wrong.params)]) from None
