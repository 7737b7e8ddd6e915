"""What the application is made of: a CycloneDX list from the locks, the age of the pins, and pins known to be bad.

    python -m tools.supply sbom dist/paritrana-0.1.0.cdx.json
    python -m tools.supply check

`check` ends with 1 where a pin carries no hash, is known to be bad, or the locks were not resolved anew for longer
than `OLDEST` days. Nothing is asked of any service: advisories are looked up in a step of the release.
"""

import argparse
import csv
import hashlib
import importlib.metadata
import json
import re
import sys
import tomllib
import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from paritrana.clock import SystemClock

ROOT: Final = Path(__file__).resolve().parent.parent
LOCKS: Final = {"runtime": "requirements/runtime.txt", "build": "requirements/build.txt"}
BAD: Final = "requirements/known_bad.csv"
LOCKED_ON: Final = "requirements/locked_on"
OLDEST: Final = 90  # days since the locks were last resolved
SPEC: Final = "1.6"


@dataclass(frozen=True)
class Pin:
    """One release of one package, as a lock names it."""

    name: str
    version: str
    marker: str
    hashes: tuple[str, ...]
    group: str

    @property
    def purl(self) -> str:
        """The address by which lists of advisories name it."""
        return f"pkg:pypi/{self.name}@{self.version}"


@dataclass(frozen=True)
class Bad:
    """Releases of a package that must not be pinned, and why."""

    name: str
    versions: str
    why: str

    def meets(self, pin: Pin) -> bool:
        """Whether a pin is one of them."""
        return self.name == pin.name and SpecifierSet(self.versions).contains(pin.version, prereleases=True)


def read_lock(text: str, group: str) -> Iterator[Pin]:
    """The pins of a lock, in its order. Raises `ValueError` for a line that pins nothing."""
    for line in re.sub(r"\\\n\s*", " ", text).splitlines():
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        said, *hashes = (part.strip() for part in re.split(r"\s--hash=", line.strip()))
        try:
            asked = Requirement(said)
        except InvalidRequirement as fault:
            raise ValueError(f"{group}: {said!r} is no pin") from fault
        exact = [one.version for one in asked.specifier if one.operator == "=="]
        if len(exact) != 1 or len(asked.specifier) != 1 or exact[0].endswith("*"):
            raise ValueError(f"{group}: {said!r} names no single release")
        marker = str(asked.marker) if asked.marker else ""
        yield Pin(canonicalize_name(asked.name), exact[0], marker, tuple(hashes), group)


def pins(root: Path = ROOT) -> list[Pin]:
    """Every pin of the application and of what builds it."""
    return [pin for group, name in LOCKS.items() for pin in read_lock((root / name).read_text(encoding="utf-8"), group)]


def read_bad(text: str) -> list[Bad]:
    """The rows of the list of releases that are known to be bad."""
    return [
        Bad(canonicalize_name(row["name"]), row["versions"], row["why"]) for row in csv.DictReader(text.splitlines())
    ]


def faults(found: Iterable[Pin], bad: Iterable[Bad]) -> list[str]:
    """What is wrong with the pins, one sentence each."""
    known = list(bad)
    said = []
    for pin in found:
        if not pin.hashes or not all(re.fullmatch(r"sha256:[0-9a-f]{64}", one) for one in pin.hashes):
            said.append(f"{pin.name} {pin.version} ({pin.group}) has no SHA-256")
        said += [
            f"{pin.name} {pin.version} ({pin.group}) is known to be bad: {one.why}" for one in known if one.meets(pin)
        ]
    return said


def age(locked_on: str, today: date) -> int:
    """Whole days since the locks were last resolved."""
    return (today - date.fromisoformat(locked_on.strip())).days


def document(found: Iterable[Pin], project: Mapping[str, Any]) -> dict[str, Any]:
    """The list in CycloneDX: every release with its hashes, its licence as far as it is known, and who asks for whom.

    The same locks give the same bytes: the serial number follows from them, and no time is written.
    """
    unique = {(pin.name, pin.version): pin for pin in sorted(found, key=lambda one: (one.name, one.version, one.group))}
    several = sorted(unique.values(), key=lambda one: one.purl)
    digest = hashlib.sha256("\n".join(f"{one.purl} {' '.join(one.hashes)}" for one in several).encode()).hexdigest()
    own = f"pkg:pypi/{project['name']}@{project['version']}"
    asked = [Requirement(one) for one in project["dependencies"]]
    return {
        "bomFormat": "CycloneDX",
        "specVersion": SPEC,
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, own + digest)}",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "bom-ref": own,
                "name": project["name"],
                "version": project["version"],
                "purl": own,
                "licenses": [{"license": {"id": project["license"]}}],
            },
            "properties": [{"name": "locks", "value": digest}],
        },
        "components": [_component(one) for one in several],
        "dependencies": [
            {"ref": own, "dependsOn": _refs(asked, several)},
            *({"ref": one.purl, "dependsOn": _refs(_asked_by(one), several)} for one in several),
        ],
    }


def _component(pin: Pin) -> dict[str, Any]:
    made: dict[str, Any] = {
        "type": "library",
        "bom-ref": pin.purl,
        "name": pin.name,
        "version": pin.version,
        "purl": pin.purl,
        "scope": "required" if pin.group == "runtime" else "excluded",
        # One file of a release per hash: CycloneDX has a place for each in the references to its files.
        "externalReferences": [
            {"type": "distribution", "url": pin.purl, "hashes": [{"alg": "SHA-256", "content": one[7:]}]}
            for one in pin.hashes
        ],
    }
    if pin.marker:
        made["properties"] = [{"name": "marker", "value": pin.marker}]
    licence = _licence(pin)
    return made | ({"licenses": [{"expression": licence}]} if licence else {})


def _installed(pin: Pin) -> importlib.metadata.Distribution | None:
    try:
        found = importlib.metadata.distribution(pin.name)
    except importlib.metadata.PackageNotFoundError:
        return None
    return found if found.version == pin.version else None


def _licence(pin: Pin) -> str:
    """The SPDX expression that the installed release says of itself; older ways of saying it are not guessed at."""
    found = _installed(pin)
    return "" if found is None else str(found.metadata.json.get("license_expression") or "")


def _asked_by(pin: Pin) -> list[Requirement]:
    found = _installed(pin)
    asked = [Requirement(one) for one in (found.requires or [])] if found is not None else []
    return [one for one in asked if one.marker is None or "extra" not in str(one.marker)]


def _refs(asked: Iterable[Requirement], known: Iterable[Pin]) -> list[str]:
    names = {canonicalize_name(one.name) for one in asked}
    return sorted({pin.purl for pin in known if pin.name in names})


def written(made: Mapping[str, Any]) -> str:
    """The document as text."""
    return json.dumps(made, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def main(arguments: list[str] | None = None) -> int:
    """Write the list, or look at the pins."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("act", choices=("sbom", "check"))
    parser.add_argument("target", nargs="?", type=Path)
    said = parser.parse_args(arguments)
    found = pins(ROOT)
    if said.act == "sbom":
        project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        version = re.search(r'version = "([^"]+)"', (ROOT / "pyproject.toml").read_text(encoding="utf-8"))
        text = written(document(found, {"version": version[1] if version else "0"} | project))
        if said.target is None:
            sys.stdout.write(text)
        else:
            said.target.parent.mkdir(parents=True, exist_ok=True)
            said.target.write_text(text, encoding="utf-8")
        return 0
    wrong = faults(found, read_bad((ROOT / BAD).read_text(encoding="utf-8")))
    days = age((ROOT / LOCKED_ON).read_text(encoding="utf-8"), SystemClock().now().date())
    wrong += [f"the locks are {days} days old; resolve them anew (make lock UPGRADE=1)"] if days > OLDEST else []
    for sentence in wrong:
        print(sentence)
    print(f"{len(found)} pins, {days} days old, {len(wrong)} faults")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
