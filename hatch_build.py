"""A step of the build: what an installation needs and a checkout keeps elsewhere or as text only.

An editable install reads the checkout, where the Makefile compiles the catalogues; nothing is added to it.
"""

import tempfile
from pathlib import Path
from typing import Any

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from hatchling.builders.hooks.plugin.interface import BuildHookInterface

# Folders of the checkout, where `data_folder` of paritrana/config.py finds them in an installation, and a single file.
MAPPED = {"migrations": "paritrana/_migrations", "seed": "paritrana/_seed"}
FILES = {"docs/method.md": "paritrana/_docs/method.md"}


class WholeWheel(BuildHookInterface):  # type: ignore[type-arg]
    """Adds the mapped folders and a compiled catalogue for each text; the tree it builds from is never touched."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Lay out what is added; refuses a catalogue that does not read."""
        if version == "editable":
            return
        root = Path(self.root)
        self.made = tempfile.TemporaryDirectory()
        added = build_data["force_include"]
        for folder, place in (MAPPED | FILES).items():
            added[str(root / folder)] = place
        for source in sorted(root.glob("paritrana/translations/*/LC_MESSAGES/*.po")):
            place = source.relative_to(root).with_suffix(".mo")
            compiled = Path(self.made.name) / place
            compiled.parent.mkdir(parents=True)
            with source.open("rb") as text, compiled.open("wb") as machine:
                write_mo(machine, read_po(text, locale=place.parts[2], abort_invalid=True))
            added[str(compiled)] = str(place)

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Remove what was compiled on the way."""
        if version != "editable":
            self.made.cleanup()
