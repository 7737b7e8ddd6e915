"""How long `paritrana rank` and `verify-ranking` take on a large bundle, beside a process that only loads the file.

Run it as `python benchmarks/ranking.py`. It prints JSON lines; every time is in seconds, of a whole process, the best
of the rounds. The floor is measured in the same run, so the ratios compare between machines.
"""

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

LOAD = "import json, sys; json.load(open(sys.argv[1], encoding='utf-8'))"


def large_bundle(candidates: int, assessors: int, indicators: int, seed: int = 1) -> dict[str, Any]:
    """A bundle without result in which every assessor marks every panel indicator of every candidate."""
    chance = random.Random(seed)
    names = [f"K{place:05d}" for place in range(candidates)]
    marks = [
        {
            "candidate": name,
            "indicator": f"I{indicator:02d}",
            "assessor": f"J{assessor}",
            "value": f"{chance.randrange(0, 1001) / 100:.2f}",
        }
        for name in names
        for indicator in range(indicators)
        for assessor in range(1, assessors + 1)
    ]
    return {
        "format": "paritrana-ranking/1",
        "method": "hitung-1",
        "cycle": {
            "code": "bench",
            "assessment_year": 2026,
            "edition_label": "2026",
            "tier": "province",
            "region": "52",
        },
        "category": {"code": "kabkota", "title": "Pemerintah kabupaten/kota"},
        "rubric": {
            "code": "bench",
            "version": 1,
            "total": str(10 * indicators),
            "quantum": "0.01",
            "quorum": assessors,
            "panel_aggregate": "mean",
            "scale": {"min": "0", "max": "10", "step": "0.01"},
            "stages": [{"code": "desk", "title": "Berkas"}],
            "aspects": [{"code": "A", "title": "Regulasi"}],
            "indicators": [
                {
                    "code": f"I{place:02d}",
                    "title": f"Indikator {place}",
                    "stage": "desk",
                    "aspect": "A",
                    "weight": "10",
                    "source": "panel",
                }
                for place in range(indicators)
            ],
            "gates": [],
            "tie_break": [f"indicator:I{place:02d}" for place in range(indicators)],
        },
        "assessors": [f"J{assessor}" for assessor in range(1, assessors + 1)],
        "candidates": [{"code": name, "name": f"Kandidat {name}", "failed_gates": []} for name in names],
        "marks": marks,
    }


def best_of(rounds: int, command: list[str]) -> float:
    """The shortest time of `rounds` runs of a process, in seconds."""
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        times.append(time.perf_counter() - start)
    return min(times)


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--candidates", type=int, default=1000)
    options.add_argument("--assessors", type=int, default=9)
    options.add_argument("--indicators", type=int, default=14)
    options.add_argument("--rounds", type=int, default=3)
    chosen = options.parse_args()
    paritrana = [sys.executable, "-m", "paritrana"]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "large.json")
        bundle = large_bundle(chosen.candidates, chosen.assessors, chosen.indicators)
        path.write_text(json.dumps(bundle), encoding="utf-8")
        ranked = subprocess.run([*paritrana, "rank", str(path)], check=True, stdout=subprocess.PIPE)
        bundle["result"] = json.loads(ranked.stdout)
        path.write_text(json.dumps(bundle), encoding="utf-8")
        floor = best_of(chosen.rounds, [sys.executable, "-c", LOAD, str(path)])
        size = {"marks": len(bundle["marks"]), "bytes": path.stat().st_size}
        print(json.dumps({"measure": "json.load", **size, "seconds": round(floor, 3)}))
        for command in ("rank", "verify-ranking"):
            seconds = best_of(chosen.rounds, [*paritrana, command, str(path)])
            print(
                json.dumps(
                    {"measure": command, **size, "seconds": round(seconds, 3), "ratio": round(seconds / floor, 2)}
                )
            )
        start = best_of(chosen.rounds, [*paritrana, "--help"])
        print(json.dumps({"measure": "--help", "seconds": round(start, 3)}))


if __name__ == "__main__":
    main()
