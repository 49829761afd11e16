"""Which cheats pass a drill, and does the right way still pass? Every fix of every drill, on fresh instances.

    OMP_NUM_THREADS=1 python benchmarks/cheats.py                                  24 instances of each drill, a table
    OMP_NUM_THREADS=1 python benchmarks/cheats.py --json                           the same as data
    python benchmarks/cheats.py --drill failure-hunt --fix spray --instances 200   one drill, one fix; both repeatable

A cheat is a fix whose verdict is `wrong`: a file in the drill's folder `fixes/`, and what the drill's kit hands in for
it. So a drill that learns of a new cheat adds it there, where the gates hold every instance to it as well; this
command needs no change. Instances are drawn from seeds that hold `--salt`: another salt is another draw. Intervals are
exact (Clopper-Pearson, 95 %).
"""

from __future__ import annotations

import argparse
import hashlib
import json
import statistics
from collections.abc import Sequence
from concurrent.futures import as_completed

from rich.console import Console
from rich.progress import track
from rich.table import Table

from drillyard import registry
from drillyard.alignment.workers import count_processors, start_pool
from drillyard.programs.drills import load_kit
from drillyard.stats import clopper_pearson

_WIDTH = 110


def tried(drill: str, seed: int, fixes: Sequence[str]) -> dict[str, tuple[float, bool]]:
    """Return score and fate of each fix on the instance of a seed; all fixes where none is named. Runs in a worker."""
    kit = load_kit(drill)
    exam = kit.materialise(f"{drill}-{seed:x}", "engineer", seed)
    handed_in = kit.submissions(exam)
    grades = {name: kit.grade(exam, handed_in[name]) for name in fixes or handed_in}
    return {name: (grade.score, grade.passed) for name, grade in grades.items()}


def measured(drill: str, instances: int, fixes: Sequence[str], salt: str) -> list[dict[str, object]]:
    """Return one row per fix of a drill: how many instances it passes, and its scores."""
    kit = load_kit(drill)
    asked = [name for name in fixes if name in {fix.name for fix in kit.fixes}]
    if fixes and not asked:
        return []
    seeds = [_seed(f"{salt}:{drill}:{number}") for number in range(instances)]
    with start_pool(min(count_processors(), instances)) as pool:
        waiting = as_completed([pool.submit(tried, drill, seed, asked) for seed in seeds])
        shown = track(waiting, drill, total=instances, console=Console(stderr=True))
        found = [future.result() for future in shown]
    return [
        {
            "drill": drill,
            "fix": fix.name,
            "verdict": fix.verdict,
            "passed": clopper_pearson(sum(one[fix.name][1] for one in found), instances).to_data(),
            "median": statistics.median(one[fix.name][0] for one in found),
            "highest": max(one[fix.name][0] for one in found),
        }
        for fix in kit.fixes
        if not asked or fix.name in asked
    ]


def _seed(name: str) -> int:
    """Return a seed of 62 bits, as long as those of a programme."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8]) >> 2


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--drill", action="append", default=[], choices=sorted(registry.cards("drills")))
    parser.add_argument("--fix", action="append", default=[])
    parser.add_argument("--instances", type=int, default=24)
    parser.add_argument("--salt", default="cheats")
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    drills = chosen.drill or sorted(registry.cards("drills"))
    rows = [row for drill in drills for row in measured(drill, chosen.instances, chosen.fix, chosen.salt)]
    if chosen.json:
        print(json.dumps(rows, indent=1))
        return
    table = Table("drill", "fix", "verdict", "passes", "95 %", "median", "highest", title="Fixes on fresh instances")
    for row in rows:
        rate = row["passed"]
        passes = f"{round(rate['value'] * rate['n'])} of {rate['n']}"
        between = f"{rate['low']:.0%} to {rate['high']:.0%}"
        table.add_row(
            row["drill"], row["fix"], row["verdict"], passes, between, f"{row['median']:.2f}", f"{row['highest']:.2f}"
        )
    Console(width=max(_WIDTH, Console().width)).print(table)


if __name__ == "__main__":
    main()
