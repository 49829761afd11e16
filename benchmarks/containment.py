"""How fast are the solvers of containment, and how exact?

    python benchmarks/containment.py            some minutes on two cores
    python benchmarks/containment.py --draws 100000
    python benchmarks/containment.py --json

Audit games: a random family solved and certified from both sides, beside threshold and uniform auditing. Diagrams:
all four incentives of 150 nodes. Horizon: draws of all assumptions over 100 years. Strategy: the default system. The
gateway has a benchmark of its own, benchmarks/gateway.py.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import time
from collections.abc import Callable
from datetime import date
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import networkx as nx
import numpy as np
from rich.console import Console
from rich.table import Table

from drillyard.containment.games.families import random_game
from drillyard.containment.games.minimax import solve, threshold_policy, uniform_policy, worst_loss
from drillyard.containment.horizon.layers import default_layers
from drillyard.containment.horizon.risk import risk
from drillyard.containment.incentives.diagram import Diagram
from drillyard.containment.incentives.graphical import incentives_of
from drillyard.containment.strategy.search import search
from drillyard.containment.strategy.system import SystemSpec


def games(count: int) -> dict[str, Any]:
    """Solve random games; return the worst gap of the certificate and how often a simple policy was beaten."""
    gaps, beaten = [], 0
    for seed in range(count):
        game = random_game(np.random.default_rng(seed))
        found = solve(game, budget=0.1)
        gaps.append(found.gap)
        others = [worst_loss(game, make(game, 0.1)) for make in (threshold_policy, uniform_policy)]
        beaten += all(found.loss <= other + 1e-9 for other in others)
    return {"games": count, "largest gap": float(max(gaps)), "no worse than threshold and uniform": beaten}


def diagram(nodes: int, seed: int = 1) -> Diagram:
    """Return a random diagram with one decision."""
    rng = np.random.default_rng(seed)
    pairs = [(i, j) for i in range(nodes) for j in range(i + 1, nodes) if rng.random() < 0.05]
    graph = nx.DiGraph(pairs)
    decision = nodes // 3
    goal = max(nx.descendants(graph, decision) | {decision + 1})
    graph.remove_edges_from(list(graph.out_edges(goal)))
    edges = tuple((f"n{i}", f"n{j}") for i, j in graph.edges)
    return Diagram(edges=edges, decisions=(f"n{decision}",), utilities=(f"n{goal}",))


def timed(job: Callable[[], Any], repeats: int) -> tuple[list[float], Any]:
    """Return least, median and most seconds, and the last result."""
    took, result = [], None
    for _ in range(repeats):
        began = time.perf_counter()
        result = job()
        took.append(time.perf_counter() - began)
    return [round(one, 3) for one in (min(took), statistics.median(took), max(took))], result


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--draws", type=int, default=1_000_000, help="of the horizon, default %(default)s")
    parser.add_argument("--repeats", type=int, default=3, help="default %(default)s")
    parser.add_argument("--json", action="store_true", help="print one JSON document instead of a table")
    options = parser.parse_args()
    drawn = diagram(150)
    jobs: dict[str, tuple[Callable[[], Any], str]] = {
        "100 random audit games": (lambda: games(100), "gap below 1e-6"),
        f"diagram of 150 nodes, {len(drawn.edges)} arrows": (lambda: incentives_of(drawn), "3 s"),
        f"{options.draws:,} draws x 100 years": (
            lambda: risk(default_layers(), years=100, draws=options.draws).final.risk.value,
            "10 s on 2 cores",
        ),
        "20,000 draws x 30 years": (lambda: risk(default_layers(), years=30).final.risk.value, "0.05 s"),
        "search of the default system": (lambda: search(SystemSpec()).considered, "-"),
    }
    rows = []
    for name, (job, aim) in jobs.items():
        took, result = timed(job, options.repeats)
        said = result if isinstance(result, dict | int | float) else ""
        rows.append({"what": name, "seconds": took, "aim": aim, "result": said})
    about = {
        "command": " ".join(["python", *sys.argv]),
        "date": date.today().isoformat(),
        "processors": os.cpu_count(),
        "load": round(os.getloadavg()[0], 1),
    }
    if options.json:
        print(json.dumps({**about, "rows": rows}, indent=2))
        return
    console, table = Console(width=140), Table("what", "seconds, least / median / most", "aim", "result")
    for row in rows:
        table.add_row(row["what"], " / ".join(f"{one:g}" for one in row["seconds"]), row["aim"], str(row["result"]))
    console.print(table)
    for key, value in about.items():
        console.print(f"{key}: {value}", highlight=False)


if __name__ == "__main__":
    main()
