"""What do the fixes of the drill "contain the oracle" reach on many desks, and how long does a grading take?

    OMP_NUM_THREADS=1 python benchmarks/contain_the_oracle.py                a table
    OMP_NUM_THREADS=1 python benchmarks/contain_the_oracle.py --json         the same as data
    python benchmarks/contain_the_oracle.py --desks 4 --fix reference        fewer desks, one fix; --fix is repeatable

Each desk is an instance of the drill, drawn from a seed of its own; each fix's policy is held to its hidden year. Shown
are the median and, in brackets, the lowest and the highest of all desks.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Sequence

from rich.console import Console
from rich.progress import track
from rich.table import Table

from drillyard.programs.drills import load_kit

DIGITS = {"score": 2, "value kept": 2, "bits leaked": 0, "moved": 2, "seconds": 1}
"""The figures of a fix on a desk, with the decimals that are shown."""
_WIDTH = 110
_APART = 10**17
"""Between the seeds of two desks: as long as real seeds are, so that none stands in a text by chance."""


def measured(desks: int, fixes: Sequence[str]) -> dict[str, list[tuple[float, ...]]]:
    """Return the figures of each fix, one row for each desk."""
    kit = load_kit("contain-the-oracle")
    names = list(fixes) or [fix.name for fix in kit.fixes]
    rows: dict[str, list[tuple[float, ...]]] = {name: [] for name in names}
    for number in track(range(1, desks + 1), "desks", console=Console(stderr=True)):
        exam = kit.materialise(f"desk-{number}", "containment-engineer", number * _APART + 3)
        handed_in = kit.submissions(exam)
        for name in names:
            began = time.perf_counter()
            grade = kit.grade(exam, handed_in[name])
            seconds = time.perf_counter() - began
            trial = grade.trial
            rows[name].append((grade.score, trial.value, trial.leaked_bits, max(0.0, trial.progress), seconds))
    return rows


def _cell(found: Sequence[float], digits: int) -> str:
    low, median, high = (f"{one:.{digits}f}" for one in found)
    return f"{median} ({low}–{high})"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--desks", type=int, default=12)
    parser.add_argument("--fix", action="append", default=[])
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    rows = measured(chosen.desks, chosen.fix)
    spread = {
        name: {
            figure: [f(column) for f in (min, statistics.median, max)]
            for figure, column in zip(DIGITS, zip(*found, strict=True), strict=True)
        }
        for name, found in rows.items()
    }
    if chosen.json:
        print(json.dumps(spread, indent=1))
        return
    table = Table("fix", *DIGITS, title=f"{chosen.desks} desks: median (lowest to highest)")
    for name, figures in spread.items():
        table.add_row(name, *(_cell(found, DIGITS[figure]) for figure, found in figures.items()))
    Console(width=max(_WIDTH, Console().width)).print(table)


if __name__ == "__main__":
    main()
