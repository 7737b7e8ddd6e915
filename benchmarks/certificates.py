"""How many certificates a core draws and signs in a second, beside ReportLab that draws from a cached template.

Run it as `python -m benchmarks.certificates`. It prints JSON lines; times are those of the processor for one paper, the
best of the rounds, and every floor is measured in the same run:

* `plain paper`: ReportLab sets the border as a form whose drawing is kept, the same words where the layout has put
  them, and a QR code of the same text, whose dots are kept: nothing is fitted, tagged or described;
* `unsigned`: the layout, the code, the tags, the metadata and the file, as they are issued;
* `signed`: the same, and the signature with a P-256 key from a file;
* `one job`: many papers one after the other, unsigned, in a fresh process; by how much it grows.
"""

import argparse
import io
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from reportlab.pdfgen.canvas import Canvas

from paritrana.certificates.drawing import Drawer
from paritrana.certificates.drawing.designs import DRAWN, PALETTES, Ground, plan_of
from paritrana.certificates.drawing.drawer import MASK
from paritrana.certificates.drawing.file import Objects
from paritrana.certificates.drawing.ink import Ink
from paritrana.config import load_settings
from paritrana.core.certificates import Template
from paritrana.paper import MM, dark_runs, dots, fonts
from paritrana.signing import signers
from tests.certificates.papers import facts, proof, template

AT = datetime(2026, 11, 21, 12, tzinfo=UTC)


class Kept(Ground):
    """A design whose drawing is kept as it is, for another program to set."""

    def __init__(self, one: Template) -> None:
        super().__init__(plan_of(one.design, one.paper), PALETTES[one.colours], Objects())
        self.drawings: list[tuple[str, float, str]] = []
        DRAWN[one.design](self)

    def tile(self, ink: Ink, reach: float) -> str:
        """Keep a tile under the name that ReportLab gives to forms."""
        name = f"T{len(self.drawings)}"
        self.drawings.append((name, reach, ink.bytes().decode()))
        return f"/FormXob.{name} Do"


def plain(one: Template) -> Callable[[str], bytes]:
    """ReportLab alone: gives a function that draws the paper for a name."""
    fonts()
    kept, drawer, about = Kept(one), Drawer(one, {}), facts()
    border = kept.ink.bytes().decode()
    laid = drawer._laid(about)
    matrix = dots(proof(about).address, mask=MASK)
    runs = list(dark_runs(matrix))
    unit = 0.7 * MM

    def draw(name: str) -> bytes:
        target = io.BytesIO()
        canvas = Canvas(target, pagesize=(kept.plan.width, kept.plan.height), invariant=1, pageCompression=1)
        for tile, reach, drawing in kept.drawings:
            canvas.beginForm(tile, -reach, -reach, reach, reach)
            canvas._code.append(drawing)
            canvas.endForm()
        canvas.beginForm("ground", 0, 0, kept.plan.width, kept.plan.height)
        canvas._code.append(border)
        canvas._formsinuse += [tile for tile, _reach, _drawing in kept.drawings]
        canvas.endForm()
        canvas.doForm("ground")
        for block, y in laid.lines():
            canvas.setFont(block.face, block.size)
            for no, line in enumerate(block.lines):
                words = name if block.name == "recipient" else line
                canvas.drawCentredString(kept.plan.width / 2, y - no * block.size * block.leading, words)
        path = canvas.beginPath()
        for row, start, count in runs:
            path.rect(kept.plan.left + start * unit, kept.plan.bottom - row * unit, count * unit, unit)
        canvas.drawPath(path, stroke=0, fill=1)
        canvas.showPage()
        canvas.save()
        return target.getvalue()

    return draw


def best(rounds: int, papers: int, draw: Callable[[str], bytes]) -> float:
    """Milliseconds of the processor for one paper, in the best round."""
    draw("Kabupaten Contoh")
    times = []
    for _round in range(rounds):
        start = time.process_time()
        for no in range(papers):
            draw(f"Kabupaten Contoh {no}")
        times.append((time.process_time() - start) / papers * 1000)
    return min(times)


def told(measure: str, papers: int, spent: float, floor: float, **more: Any) -> None:
    """Print a line."""
    line = {"measure": measure, "papers": papers, "paper_ms": round(spent, 2), "per_second": round(1000 / spent, 1)}
    print(json.dumps(line | {"ratio": round(spent / floor, 2)} | more), flush=True)


def job(papers: int) -> None:
    """Draw many papers and print by how many kB the process has grown since the fortieth."""
    drawer, before = Drawer(template(), {}), 0
    for no in range(papers + 40):
        about = facts(f"Désa Contoh {no} Łódź")
        drawer.draw(about, proof(about))
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss if no == 39 else before
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--papers", type=int, default=60, help="in each round")
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--many", type=int, default=500, help="papers of one job")
    options.add_argument("--job", type=int, help=argparse.SUPPRESS)
    chosen = options.parse_args()
    if chosen.job is not None:
        job(chosen.job)
        return
    one = template()
    floor = best(chosen.rounds, chosen.papers, plain(one))
    told("plain paper", chosen.papers, floor, floor)
    drawer = Drawer(one, {})

    def unsigned(name: str) -> bytes:
        about = facts(name)
        return drawer.draw(about, proof(about))

    told("unsigned", chosen.papers, best(chosen.rounds, chosen.papers, unsigned), floor, bytes=len(unsigned("Contoh")))
    with tempfile.TemporaryDirectory() as folder:
        settings = load_settings({}, instance_path=Path(folder))
        signers.make_keys(settings)
        signer = signers.load(settings)
        signed = best(chosen.rounds, chosen.papers, lambda name: signer.sign(unsigned(name), at=AT))
        told("signed", chosen.papers, signed, floor)
    command = [sys.executable, "-m", "benchmarks.certificates", "--job", str(chosen.many)]
    grown = int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    print(json.dumps({"measure": "one job", "papers": chosen.many, "grown_kb": grown}))


if __name__ == "__main__":
    main()
