"""Time and peak memory of reading the seeds of a large registry: all of it, and the draw that an audit takes.

Makes a registry of 200,000 rows in 200 evals in a temporary folder. Each way runs in a process of its own, whose peak
is `ru_maxrss`. Prints a table, or JSON with --json.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from drillyard.audits.seeding.source import MOST, read_corpus

WORDS = "how would you answer a question about the lamp that came broken and is to be sent back " * 4


def make(folder: Path, evals: int, rows: int) -> None:
    """Write a registry."""
    (folder / "evals").mkdir(parents=True)
    entries = []
    for number in range(evals):
        (folder / "data" / f"e{number}").mkdir(parents=True)
        lines = [
            json.dumps({"input": [{"role": "user", "content": f"{WORDS} {number} {row}"}], "ideal": "yes"})
            for row in range(rows)
        ]
        (folder / "data" / f"e{number}" / "samples.jsonl").write_text("\n".join(lines) + "\n")
        where = f"class: evals.elsuite.basic.match:Match\n  args:\n    samples_jsonl: e{number}/samples.jsonl"
        entries.append(f"e{number}:\n  id: e{number}.dev.v0\ne{number}.dev.v0:\n  {where}\n")
    (folder / "evals" / "all.yaml").write_text("".join(entries))


def read(folder: str, most: int) -> None:
    """Read seeds and print what it took."""
    before, start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.perf_counter()
    corpus = read_corpus(f"evals:{folder}", ("",), most=most)
    took, peak = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    data = {"seeds": len(corpus.seeds), "unread": corpus.unread, "seconds": round(took, 1)}
    print(json.dumps({**data, "peak_mb": peak // 1024, "grown_mb": (peak - before) // 1024}))


def main() -> None:
    """Measure both ways."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--read", nargs=2, metavar=("FOLDER", "MOST"), help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.read:
        return read(asked.read[0], int(asked.read[1]))
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        make(Path(folder) / "registry", 200, asked.rows // 200)
        for name, most in (("all", asked.rows), ("drawn", MOST)):
            words = [sys.executable, __file__, "--read", f"{folder}/registry", str(most)]
            found[name] = json.loads(subprocess.run(words, capture_output=True, text=True, check=True).stdout)
    if asked.json:
        print(json.dumps(found, indent=2))
        return
    for name, row in found.items():
        print(name.ljust(6), "  ".join(f"{key} {value}" for key, value in row.items()))


if __name__ == "__main__":
    main()
