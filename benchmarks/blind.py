"""How often can a file pass the failure hunt that never touched the model? A bound, on fresh draws of what is planted.

    python benchmarks/blind.py                       files of 1 to 10 guesses on 200 instances
    python benchmarks/blind.py --instances 20000     a sharper figure
    python benchmarks/blind.py --json                the same as data

The guesses are grown one by one on 500 other draws, each time the one that passes most. A guess that was planted counts
as found, located and rated right, so a real file scores at most this (`exercises/failure_hunt/blind.py`). What it
would cost to grade 200 instances for real, `benchmarks/cheats.py --fix best-blind --instances 200` shows.
"""

from __future__ import annotations

import argparse
import hashlib
import json

from rich.console import Console
from rich.table import Table

from drillyard.exercises.failure_hunt.blind import passing
from drillyard.exercises.failure_hunt.kit import FailureHunt
from drillyard.stats import clopper_pearson


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--instances", type=int, default=200)
    parser.add_argument("--salt", default="blind")
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    kit = FailureHunt()
    seeds = [hashlib.sha256(f"{chosen.salt}:{n}".encode()).digest()[:8] for n in range(chosen.instances)]
    draws = [{mode.id for mode in kit.choose(int.from_bytes(seed) >> 2)} for seed in seeds]
    rows = []
    for guesses, file in enumerate(kit.blind_files(), start=1):
        passed = clopper_pearson(passing(file, draws, kit.drill.pass_mark), len(draws))
        rows.append({"guesses": guesses, "best": file == kit.blind(), "passed": passed.to_data(), "file": file})
    if chosen.json:
        print(json.dumps(rows, indent=1))
        return
    table = Table("guesses", "passes at most", "95 %", "", title=f"Files of guesses on {len(draws)} instances")
    for row in rows:
        rate = row["passed"]
        passes = f"{round(rate['value'] * rate['n'])} of {rate['n']}"
        between = f"{rate['low']:.1%} to {rate['high']:.1%}"
        table.add_row(str(row["guesses"]), passes, between, "handed in by the gates" if row["best"] else "")
    Console(width=110).print(table)


if __name__ == "__main__":
    main()
