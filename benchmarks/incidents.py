"""How fast and how right is the search for a trigger, beside pysubgroup's?

    python benchmarks/incidents.py search                  1 M rows x 500 selectors: every pair, then depth 3
    python benchmarks/incidents.py shuffles                1,000 shuffles over the whole space, against one search
    python benchmarks/incidents.py peer --python PYTHON    50,000 x 100 beside pysubgroup's bitset DFS; credit-g
    python benchmarks/incidents.py planted                 200 incidents of order 1 to 3, and 200 null logs
    python benchmarks/incidents.py logs                    1 M turns from the log to a sealed, sliced case
    python benchmarks/incidents.py NAME --json             the same as data

pysubgroup wants numpy below 2, so it is asked in an environment of its own:
`python -m venv peer && peer/bin/pip install pysubgroup`, then --python peer/bin/python. Both searches are timed in the
same run, on the same rows; the time of the clock on an unloaded machine, the processor's beside it.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
from rich.console import Console
from rich.table import Table

from drillyard.incidents.generate.incident import generate, replies_of
from drillyard.incidents.generate.plan import IncidentPlan
from drillyard.incidents.generate.traffic import Traffic
from drillyard.incidents.generate.writing import write_logs
from drillyard.incidents.opening import open_incident
from drillyard.incidents.search.bits import Bits, pack
from drillyard.incidents.search.shuffle import Shuffler, best_by_chance
from drillyard.incidents.search.subgroups import search
from drillyard.incidents.slicing import slice_case
from drillyard.incidents.slicing_polars import SHUFFLED
from drillyard.organisms.planting.plant import plant
from drillyard.stats import clopper_pearson

Rows = list[tuple[str, str]]


def timed(work: Callable[[], Any]) -> tuple[Any, float, float]:
    """Return what a call returns, its seconds by the clock and by the processor."""
    clock, processor = time.perf_counter(), time.process_time()
    result = work()
    return result, time.perf_counter() - clock, time.process_time() - processor


def peak_gb() -> float:
    """Return the most memory that this process has held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


def planted_bits(rows: int, attributes: int, values: int, seed: int = 1) -> tuple[Any, Any, Any]:
    """Return codes (attributes, rows), packed selectors and labels: 3 % bad, 40 % where two selectors hold."""
    rng = np.random.default_rng(seed)
    codes = rng.integers(0, values, (attributes, rows), dtype=np.int8)
    bits = np.concatenate([pack(codes[a] == v)[None] for a in range(attributes) for v in range(values)])
    cause = (codes[1] == 2) & (codes[4] == 0)
    return codes, bits, rng.random(rows) < np.where(cause, 0.4, 0.03)


def search_figures() -> dict[str, Any]:
    """Time the search of every pair of 500 selectors over a million rows, and of depth 3."""
    _, bits, bad = planted_bits(1_000_000, 100, 5)
    before = peak_gb()
    found = {}
    for depth in (2, 3):
        done, clock, processor = timed(lambda depth=depth: search(Bits(bits, bad), best=10, depth=depth, support=100))
        found[f"depth {depth}"] = {
            "seconds": clock, "processor": processor, "rules": done.counted, "exact to": done.exact_to,
            "best": [*done.best[0].rule], "planted": [7, 20],
        }  # fmt: skip
    # the same, with nothing that pruning could use: half of the rows bad, at random
    rng = np.random.default_rng(2)
    half = rng.random(len(bad)) < 0.5
    done, clock, processor = timed(lambda: search(Bits(bits, half), best=10, depth=2, support=100))
    found["half bad, no cause"] = {"seconds": clock, "processor": processor, "rules": done.counted}
    return {"rows": len(bad), "selectors": len(bits), "peak GB": peak_gb(), "before GB": before, **found}


def shuffle_figures(rounds: int = 5) -> dict[str, Any]:
    """Time 1,000 shuffles of the whole space of pairs against one search of it, taking turns."""
    found = {}
    for name, rows, attributes in (("50k x 100", 50_000, 20), ("1 M x 500, shuffled on 25,600 rows", 1_000_000, 100)):
        _, bits, bad = planted_bits(rows, attributes, 5)
        end = min(rows, SHUFFLED if rows > 50_000 else rows)
        some, sessions = np.ascontiguousarray(bits[:, : -(-end // 64)]), np.arange(end) // 2

        def one(bits: Any = bits, bad: Any = bad) -> Any:
            return search(Bits(bits, bad), best=10, depth=2, support=100)

        def many(some: Any = some, end: int = end, sessions: Any = sessions, bad: Any = bad) -> Any:
            return best_by_chance(some, end, Shuffler(sessions, bad[:end], 1), 1000, support=100)

        times = [(timed(one)[1:], timed(many)[1:]) for _ in range(rounds)]
        found[name] = {
            f"{what}, {clock}": spread([measure(one[at], many[at]) for one, many in times])
            for at, clock in enumerate(("clock", "processor"))
            for what, measure in (
                ("one search, s", lambda one, _: one), ("1,000 shuffles, s", lambda _, many: many),
                ("times one search", lambda one, many: many / one),
            )
        }  # fmt: skip
    return found


def spread(values: list[float]) -> str:
    """Return least, median and most of values."""
    return " / ".join(f"{one:.3g}" for one in np.quantile(values, (0, 0.5, 1)))


_PEER = """
import sys, time, json
import numpy as np, pandas as pd, pysubgroup as ps
data = np.load(sys.argv[1])
frame = pd.DataFrame({f"a{i}": column for i, column in enumerate(data["codes"])})
frame["bad"] = data["bad"]
target = ps.BinaryTarget("bad", True)
space = [ps.EqualitySelector(f"a{i}", v) for i in range(len(data["codes"])) for v in range(int(data["values"]))]
task = ps.SubgroupDiscoveryTask(frame, target, space, result_set_size=10, depth=2, qf=ps.WRAccQF())
start = time.perf_counter(), time.process_time()
with ps.BitSetRepresentation(frame, space):
    pass
result = ps.DFS(ps.BitSetRepresentation).execute(task)
print(json.dumps({"seconds": time.perf_counter() - start[0], "processor": time.process_time() - start[1],
  "best": [[round(float(q), 10), str(s)] for q, s, *_ in result.to_descriptions()]}))
"""

_CREDIT = """
import json, sys
import pysubgroup as ps
from pysubgroup.datasets import get_credit_data
frame = get_credit_data()
space = ps.create_nominal_selectors(frame, ignore=["class"])
bad = [str(one) in ("bad", "b'bad'") for one in frame["class"]]
print(json.dumps({"names": [[str(s), s.covers(frame).astype(int).tolist()] for s in space], "bad": bad}))
"""
CREDIT = (0.0553, 0.0528, 0.0523, 0.0506, 0.0496, 0.0483, 0.0466, 0.0455, 0.0452, 0.0444)
"""WRAcc of the ten best rules of credit-g to depth 5, as pysubgroup's own tests have them."""


def peer_figures(python: str, rounds: int = 5) -> dict[str, Any]:
    """Time the search of pairs by WRAcc beside pysubgroup's, taking turns, and compare their ten best rules."""
    rows, attributes, values = 50_000, 20, 5
    codes, _, bad = planted_bits(rows, attributes, values)

    def ours() -> Any:
        bits = np.concatenate([pack(codes[a] == v)[None] for a in range(attributes) for v in range(values)])
        return search(Bits(bits, bad), best=10, depth=2, measure="wracc")

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows.npz"
        np.savez(path, codes=codes, bad=bad, values=values)
        times, peers = [], []
        for _ in range(rounds):
            done, clock, processor = timed(ours)
            times.append((clock, processor))
            peers.append(
                json.loads(
                    subprocess.run([python, "-c", _PEER, str(path)], capture_output=True, text=True, check=True).stdout
                )
            )
    mine = [round(one.score, 10) for one in done.best]
    theirs = [score for score, _ in peers[0]["best"]]
    clock, processor = (float(np.median(column)) for column in zip(*times, strict=True))
    peer, peer_processor = (float(np.median([one[name] for one in peers])) for name in ("seconds", "processor"))
    credit = json.loads(subprocess.run([python, "-c", _CREDIT], capture_output=True, text=True, check=True).stdout)
    names = [name for name, _ in credit["names"]]
    bits = np.concatenate([pack(np.array(flags, bool))[None] for _, flags in credit["names"]])
    found = search(Bits(bits, np.array(credit["bad"], bool)), best=10, depth=5, measure="wracc", expansions=200_000)
    return {
        "ours, with encoding": {"seconds": clock, "processor": processor},
        "pysubgroup DFS bitset": {"seconds": peer, "processor": peer_processor},
        "times faster": peer / clock,
        "times less processor": peer_processor / processor,
        "same ten scores": bool(np.allclose(mine, theirs, atol=1e-9)),
        "credit-g": {
            "ours": [round(one.score, 4) for one in found.best], "published": list(CREDIT),
            "first": [names[i] for i in found.best[0].rule], "exact to": found.exact_to,
        },
    }  # fmt: skip


def pooled(failure: str = "upsell:v2", each: int = 200) -> Callable[[Any], list[str]]:
    """Return what answers turns with real replies of the failing organism and its clean twin, drawn from a pool.

    What a prompt says beside the cause changes nothing in how often the organism fails, so one pool serves all.
    """
    small = Traffic(IncidentPlan(failure=failure, sessions=600, questions=40))
    asked = small.draw()
    pool: dict[bool, list[str]] = {True: [], False: []}
    few = [one for fails in pool for one in [a for a in asked if a.fails == fails][:each]]
    for one, reply in zip(few, replies_of(small, plant("helpdesk", [failure]))(few), strict=True):
        pool[one.fails].append(reply)

    def answer(many: Any) -> list[str]:
        rng = random.Random(len(many))
        return [rng.choice(pool[one.fails]) for one in many]

    return answer


def planted_figures(incidents: int, sessions: int, shuffles: int = 300) -> dict[str, Any]:
    """Count exact causes of planted incidents, by order, and false causes of null logs."""
    exact: dict[int, list[bool]] = {1: [], 2: [], 3: []}
    false: list[bool] = []
    misses: list[Any] = []
    answer = pooled()
    for number in range(2 * incidents):
        order = 1 + number % 3 if number < incidents else 0
        rng = random.Random(number)
        plan = IncidentPlan(
            order=order, sessions=sessions, questions=12, seed=number, confounded=rng.random() < 0.7,
            drift=rng.random() < 0.7, missed=rng.choice((0.0, 0.05, 0.15)), alarms=rng.choice((0.01, 0.02, 0.05)),
        )  # fmt: skip
        turns, truth = generate(Traffic(plan), answer)
        with tempfile.TemporaryDirectory() as folder:
            write_logs(turns, "plain", Path(folder) / "logs")
            open_incident([Path(folder) / "logs"], Path(folder) / "case")
            report = slice_case(Path(folder) / "case", shuffles=shuffles)
        rule = report.trigger
        if not order:
            false.append(rule is not None)
            continue
        hit = rule is not None and _names(rule, truth.cause)
        exact[order].append(hit)
        if not hit:
            misses.append([number, order, truth.bad, report.verdict, rule and rule.words])
        print(number, order, hit, file=sys.stderr, flush=True)
    share = {f"exact cause, order {order}": _share(hits) for order, hits in exact.items()}
    every = [hit for hits in exact.values() for hit in hits]
    return {**share, "exact cause, all": _share(every), "false cause on null logs": _share(false), "misses": misses}


def _names(rule: Any, cause: Any) -> bool:
    """Whether a rule's selectors, each by itself or one that holds of the same rows, are the cause."""
    said = {(one.feature, one.value) for one in rule.selectors}
    alike = {(one.feature, one.value) for one in rule.stands_in}
    return len(said) == len(cause) and all(one in said or one in alike for one in map(tuple, cause))


def _share(hits: list[bool]) -> dict[str, Any]:
    rate = clopper_pearson(sum(hits), len(hits))
    return {"value": rate.value, "low": rate.low, "high": rate.high, "n": rate.n}


_WORK = """
import json, sys, time
from pathlib import Path
from drillyard.incidents.opening import open_incident
from drillyard.incidents.slicing import slice_case
log, case = Path(sys.argv[1]), Path(sys.argv[2])
def now():
    return time.perf_counter(), time.process_time()
begin = now()
open_incident([log], case)
opened = now()
report = slice_case(case)
end = now()
figures = {f"{what}, {clock} s": to[at] - since[at] for at, clock in enumerate(("clock", "processor"))
  for what, since, to in (("open and seal", begin, opened), ("slice", opened, end), ("all", begin, end))}
peak = int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]) / 1e6  # without that of its parent
print(json.dumps({**figures, "peak GB": peak, "verdict": report.verdict,
  "rule": report.trigger and report.trigger.words, "selectors": report.selectors, "rules searched": report.searched}))
"""  # a process of its own, so that the memory is that of the work alone


def logs_figures(turns: int) -> dict[str, Any]:
    """Time a log of so many turns from the file to a sealed, sliced case; its replies repeat those of a small one."""
    plan = IncidentPlan(order=2, sessions=max(20, turns * 10 // 22), questions=40, seed=5)
    made, truth = generate(Traffic(plan), pooled(each=400))
    folder = Path(tempfile.mkdtemp())
    try:
        path = write_logs(made, "plain", folder / "logs")
        rows = len(made)
        del made
        size = path.stat().st_size
        done = subprocess.run(
            [sys.executable, "-c", _WORK, str(path), str(folder / "case")], capture_output=True, text=True, check=True
        )
        return {"turns": rows, "log MB": size / 1e6, "cause": [*map(list, truth.cause)], **json.loads(done.stdout)}
    finally:
        shutil.rmtree(folder)


def flat(data: Any, name: str = "") -> Rows:
    """Return nested figures as rows of a table."""
    if isinstance(data, dict):
        return [row for key, value in data.items() for row in flat(value, f"{name} {key}".strip())]
    return [(name, f"{data:.4g}" if isinstance(data, float) else str(data))]


def main() -> None:
    """Run one benchmark and print its figures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("name", choices=("search", "shuffles", "peer", "planted", "logs"))
    parser.add_argument("--python", default="", help="an interpreter that has pysubgroup")
    parser.add_argument("--incidents", type=int, default=200)
    parser.add_argument("--sessions", type=int, default=1500)
    parser.add_argument("--turns", type=int, default=1_000_000)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    made: dict[str, Callable[[], dict[str, Any]]] = {
        "search": search_figures,
        "shuffles": shuffle_figures,
        "peer": lambda: peer_figures(given.python or parser.error("--python PYTHON, one that has pysubgroup")),
        "planted": lambda: planted_figures(given.incidents, given.sessions),
        "logs": lambda: logs_figures(given.turns),
    }
    figures = made[given.name]()
    if given.json:
        print(json.dumps(figures, indent=2))
        return
    table = Table("figure", "value", title=f"benchmarks/incidents.py {given.name}")
    for row in flat(figures):
        table.add_row(*row)
    Console(width=120).print(table)


if __name__ == "__main__":
    main()
