"""Which cheats pass a drill, and does the right way still pass? Every fix of every drill, on fresh instances.

    OMP_NUM_THREADS=1 python benchmarks/cheats.py                                  24 instances of each drill, a table
    OMP_NUM_THREADS=1 python benchmarks/cheats.py --json                           the same as data
    python benchmarks/cheats.py --drill failure-hunt --fix spray --instances 200   one drill, one fix; both repeatable
    python benchmarks/cheats.py --kept cheats.jsonl                                goes on where an earlier run ended

A cheat is a fix whose verdict is `wrong`: a file in the drill's folder `fixes/`, and what the drill's kit hands in for
it. So a drill that learns of a new cheat adds it there, where the gates hold every instance to it as well; this
command needs no change. Instances are drawn from seeds that hold `--salt`: another salt is another draw. Intervals are
exact (Clopper-Pearson, 95 %).

Two rows of "contain the oracle" are no fixes: `learner` is a script that has what a learner has, `best-fixed` the best
of `--tries` policies that know no desk, picked on other desks. Both are explained in `contain_the_oracle.py`.

With `--kept` each instance is a line of that file as soon as it is done, and the table is of what the file holds.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import statistics
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from contain_the_oracle import find_best_fixed, learned
from rich.console import Console
from rich.progress import track
from rich.table import Table

from drillyard import registry
from drillyard.containment.gateway.policy import GatewayPolicy
from drillyard.drills import load_kit
from drillyard.stats import clopper_pearson
from drillyard.tasks.workers import count_processors

_WIDTH = 110
_ORACLE = "contain-the-oracle"
_BESIDE = {_ORACLE: {"learner": "right", "best-fixed": "wrong"}}
"""What is handed in beside a drill's fixes."""
_PICKED = 8
"""Other desks that the best fixed policy is picked on, at most."""


def verdicts(drill: str, chosen: Sequence[str]) -> dict[str, str]:
    """Return what is handed in, with its verdict: all that a drill has, or those of it that were chosen."""
    known = {fix.name: str(fix.verdict) for fix in load_kit(drill).fixes} | _BESIDE.get(drill, {})
    return {name: verdict for name, verdict in known.items() if not chosen or name in chosen}


def tried(drill: str, seed: int, names: Sequence[str], fixed: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return score and fate of each attempt at the instance of a seed. Runs in a worker."""
    kit = load_kit(drill)
    exam = kit.materialise(f"{drill}-{seed:x}", "engineer", seed)
    handed_in = kit.submissions(exam)
    policies = {
        "learner": lambda: learned(dict(exam.shown)),
        "best-fixed": lambda: GatewayPolicy.model_validate(fixed),
    }
    beside = {
        name: handed_in["starter"].model_copy(update={"policy": json.dumps(policies[name]().model_dump(mode="json"))})
        for name in set(names) - set(handed_in)
    }
    grades = {name: kit.grade(exam, beside.get(name) or handed_in[name]) for name in names}
    return {name: [round(grade.score, 4), grade.passed] for name, grade in grades.items()}


def measured(drill: str, instances: int, names: Sequence[str], salt: str, tries: int, kept: Path | None) -> list[Any]:
    """Return what each attempt got on each instance; those that a file keeps are not tried again."""
    seeds = [_seed(f"{salt}:{drill}:{number}") for number in range(instances)]
    found = {seed: got for seed, got in _read(kept, drill).items() if seed in seeds and set(names) <= set(got)}
    todo = [seed for seed in seeds if seed not in found]
    fixed = find_best_fixed(min(instances, _PICKED), tries) if "best-fixed" in names and todo else None
    with ProcessPoolExecutor(max(1, min(count_processors(), len(todo))), get_context("spawn")) as pool:
        waiting = {pool.submit(tried, drill, seed, names, fixed): seed for seed in todo}
        for future in track(as_completed(waiting), drill, total=len(todo), console=Console(stderr=True)):
            found[waiting[future]] = future.result()
            if kept:
                with kept.open("a", encoding="utf-8") as file:
                    file.write(json.dumps({"drill": drill, "seed": waiting[future], "got": future.result()}) + "\n")
    return list(found.values())


def rows_of(drill: str, asked: Mapping[str, str], found: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return one row per attempt: how many instances it passes, and its scores."""
    return [
        {
            "drill": drill,
            "fix": name,
            "verdict": verdict,
            "passed": clopper_pearson(sum(one[name][1] for one in found), len(found)).to_data(),
            "median": statistics.median(one[name][0] for one in found),
            "highest": max(one[name][0] for one in found),
        }
        for name, verdict in asked.items()
    ]


def _read(kept: Path | None, drill: str) -> dict[int, dict[str, Any]]:
    if kept is None or not kept.is_file():
        return {}
    lines = [json.loads(line) for line in kept.read_text(encoding="utf-8").splitlines()]
    return {one["seed"]: one["got"] for one in lines if one.get("drill") == drill}


def _seed(name: str) -> int:
    """Return a seed of 62 bits, as long as those of a programme."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8]) >> 2


def _table(rows: Sequence[Mapping[str, Any]]) -> Table:
    table = Table("drill", "fix", "verdict", "passes", "95 %", "median", "highest", title="Fixes on fresh instances")
    for row in rows:
        rate = row["passed"]
        passes = f"{round(rate['value'] * rate['n'])} of {rate['n']}"
        between = f"{rate['low']:.0%} to {rate['high']:.0%}"
        scores = (f"{row['median']:.2f}", f"{row['highest']:.2f}")
        table.add_row(row["drill"], row["fix"], row["verdict"], passes, between, *scores)
    return table


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--drill", action="append", default=[], choices=sorted(registry.cards("drills")))
    parser.add_argument("--fix", action="append", default=[])
    parser.add_argument("--instances", type=int, default=24)
    parser.add_argument("--tries", type=int, default=60, help="policies that best-fixed is picked from")
    parser.add_argument("--kept", type=Path, help="file of finished instances")
    parser.add_argument("--salt", default="cheats")
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    rows: list[dict[str, Any]] = []
    for drill in chosen.drill or sorted(registry.cards("drills")):
        if asked := verdicts(drill, chosen.fix):
            found = measured(drill, chosen.instances, list(asked), chosen.salt, chosen.tries, chosen.kept)
            rows += rows_of(drill, asked, found)
    if chosen.json:
        print(json.dumps(rows, indent=1))
        return
    Console(width=max(_WIDTH, Console().width)).print(_table(rows))


if __name__ == "__main__":
    main()
