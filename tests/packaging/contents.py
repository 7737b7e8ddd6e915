"""What a wheel of this project must hold, told from the files that git tracks, and how one is built for a test."""

import gettext
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path, PurePosixPath

from babel.messages.pofile import read_po

ROOT = Path(__file__).resolve().parents[2]

# Folders of the checkout and where an installation has them, and the files of which it has no folder.
PLACES = {"paritrana": "paritrana", "migrations": "paritrana/_migrations", "seed": "paritrana/_seed"}

FILES = {"docs/method.md": "paritrana/_docs/method.md"}

# What tools lay beside the files of the project; it matters only in an unpacked archive, where git tells nothing.
MADE = {".venv", ".build", "instance", "dist", "__pycache__"}


def tracked() -> list[str]:
    """The files of the project as git knows them, without those that were removed a moment ago."""
    if (ROOT / ".git").exists():
        listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
        names = [name for name in listed.stdout.split("\0") if name]
    else:
        paths = (path.relative_to(ROOT) for path in ROOT.rglob("*") if path.suffix not in {".mo", ".pyc"})
        names = [str(path) for path in paths if not MADE & set(path.parts)]
    return sorted(name for name in names if (ROOT / name).is_file())


def copy_to(folder: Path) -> Path:
    """A copy of the tracked files alone, so that nothing else of the checkout can fill a gap."""
    for name in tracked():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, target)
    return folder


def build_wheel(tree: Path, folder: Path, *, by_sdist: bool = False) -> Path:
    """The wheel of a tree, built with what is installed here: straight, or out of a source archive built first."""
    if by_sdist:
        command = ["-m", "build", "--no-isolation", "--outdir", str(folder), str(tree)]
    else:
        command = ["-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--no-index", "--wheel-dir", str(folder)]
        command.append(str(tree))
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        [sys.executable, *command],
        env=environment | {"SOURCE_DATE_EPOCH": "1700000000"},
        cwd=tree,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (wheel,) = folder.glob("*.whl")
    return wheel


def due(tree: Path) -> dict[str, Path]:
    """Path in the wheel -> file of the tree, for every file that an installation needs; a catalogue is compiled."""
    found = {place: tree / name for name, place in FILES.items()}
    for top, place in PLACES.items():
        for source in (tree / top).rglob("*"):
            if source.is_file():
                path = PurePosixPath(place, source.relative_to(tree / top))
                found[str(path.with_suffix(".mo") if path.suffix == ".po" else path)] = source
    return found


def missing_from(wheel: Path, tree: Path) -> list[str]:
    """The paths that a wheel of this tree lacks or has with other contents, in order."""
    missing = []
    with zipfile.ZipFile(wheel) as archive:
        held = set(archive.namelist())
        for path, source in sorted(due(tree).items()):
            same = _same_words if path.endswith(".mo") else _same_bytes
            if path not in held or not same(archive.read(path), source):
                missing.append(path)
    return missing


def uninvited_in(wheel: Path, tree: Path) -> list[str]:
    """The paths in a wheel that come from no file of this tree, its own description aside."""
    expected = due(tree)
    with zipfile.ZipFile(wheel) as archive:
        return sorted(
            path for path in archive.namelist() if path not in expected and ".dist-info" not in path.split("/")[0]
        )


def _same_bytes(held: bytes, source: Path) -> bool:
    return held == source.read_bytes()


def _same_words(held: bytes, source: Path) -> bool:
    """Whether a compiled catalogue says what the text says, wherever that has a translation."""
    try:
        compiled = gettext.GNUTranslations(BytesIO(held))
    except (OSError, UnicodeDecodeError):
        return False
    with source.open("rb") as text:
        catalogue = read_po(text)
    for message in catalogue:
        if not message.id or not message.string or message.fuzzy:
            continue
        # With a context a machine file keeps it before the text, apart by one sign; `pgettext` does no more.
        first = message.id if isinstance(message.id, str) else message.id[0]
        key = f"{message.context}\x04{first}" if message.context else first
        if isinstance(message.id, str):
            told, meant = compiled.gettext(key), message.string
        else:
            told, meant = compiled.ngettext(key, message.id[1], 5), message.string[-1]
        if told != meant:
            return False
    return True


def altered(wheel: Path, target: Path, change: Callable[[str, bytes], bytes | None]) -> Path:
    """A copy of a wheel in which a function decides on every file: its new contents, or None to leave it out."""
    with zipfile.ZipFile(wheel) as archive, zipfile.ZipFile(target, "w") as copy:
        for path in archive.namelist():
            contents = change(path, archive.read(path))
            if contents is not None:
                copy.writestr(path, contents)
    return target
