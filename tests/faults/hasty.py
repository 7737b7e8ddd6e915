"""A server that keeps files without waiting for the disk, for looking whether its order of calls would be noticed.
Everything else is the application's own. Run as `python -m tests.faults.hasty PORT`."""

from pathlib import Path
from typing import BinaryIO

from flask import Flask

from paritrana.files.store import Disk
from tests.faults.warm import serve_warm


class HastyDisk(Disk):
    """Says that bytes and names stand on the disk, and waits for neither."""

    def sync(self, file: BinaryIO) -> None:
        """Nothing."""

    def sync_folder(self, folder: Path) -> None:
        """Nothing."""


def hurry(app: Flask) -> None:
    """Give the store such a disk."""
    app.extensions["disk"] = HastyDisk()


if __name__ == "__main__":
    serve_warm(hurry)
