"""What running tasks costs beside their work, what a second worker gains, and what a kill costs.

    python benchmarks/scale.py                # processes only: 6 minutes on two quiet cores
    python benchmarks/scale.py --ray          # a Ray cluster of this machine as well (extra cluster)
    python benchmarks/scale.py --pairs 5      # more pairs of panels

`overhead` runs tasks that sleep, so that it does not depend on what else the machine does: eight tasks of 5 s, two at
a time. `two workers` runs a validation panel with one worker and two, in turns: the wall time, which says
nothing where no second core is free (the load is told), and the processor time, of which two free cores need half each.
`kill` ends a process amid sixteen tasks, and compares every byte with what one process leaves.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import secrets
import signal
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from drillyard.audits.hunt.validation import ValidationSpec, validate
from drillyard.records import Message
from drillyard.records.files import write_atomically
from drillyard.tasks.placement import HERE, Placement
from drillyard.tasks.run import run_tasks
from drillyard.tasks.task import Task

SPEC = Message(role="user", content="benchmarks/scale.py")
POOL, RAY = Placement(workers=2), Placement(workers=2, on="ray")


def rest(folder: Path, number: int, seconds: float) -> None:
    """Note the start, sleep, and leave bytes that follow from the number."""
    (folder / "starts").mkdir(parents=True, exist_ok=True)
    (folder / "starts" / f"{number}-{secrets.token_hex(4)}").touch()
    time.sleep(seconds)
    write_atomically(folder / "results" / str(number), hashlib.sha256(str(number).encode()).digest() * 1000)


def timed(count: int, seconds: float, placement: Placement) -> float:
    """Return the share by which tasks, two at a time, take longer than they work: their own end, the wait for the next.

    A second worker that starts late is no cost of a task, so each start is held against the end that made room for it.
    """
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        list(run_tasks(tasks(folder, count, seconds), folder, placement, spec=SPEC, seconds=600))
        starts = sorted(file.stat().st_mtime for file in (folder / "starts").iterdir())
        ends = sorted(file.stat().st_mtime for file in (folder / "results").iterdir())
        spent = sum(ends) - sum(starts)
        waited = sum(start - end for start, end in zip(starts[2:], ends[:-2], strict=True))
        return (spent + waited) / (count * seconds) - 1


def tasks(folder: Path, count: int, seconds: float) -> list[Task]:
    """Return tasks that sleep."""
    return [
        Task(name=str(n), call=rest, args=(folder, n, seconds), files=(folder / "results" / str(n),))
        for n in range(count)
    ]


def overhead(placement: Placement, repeats: int) -> dict[str, Any]:
    """Return by how much eight tasks of 5 s take longer than that."""
    shares = [timed(8, 5.0, placement) for _ in range(repeats)]
    return {
        "figure": f"overhead of tasks of 5 s, % ({placement.on or 'processes'})",
        "aim": "<= 1",
        **spread([100 * share for share in shares]),
    }


def speedup(pairs: int, organisms: int, budget: int) -> list[dict[str, Any]]:
    """Return how many times as fast two workers run a panel as one, by the clock and by processor seconds."""
    spec = ValidationSpec(organisms=organisms, budget=budget, seed=1, worlds=("helpdesk",))
    walls, works = [], []
    for _ in range(pairs):
        one, two = (spent(lambda at=at: validate(spec, placement=at)) for at in (HERE, POOL))
        walls.append(one[0] / two[0])
        works.append(2 * one[1] / two[1])
    figure = f"two workers on a panel of {organisms}, times as fast"
    return [
        {"figure": figure, "aim": ">= 1.8", **spread(walls)},
        {"figure": f"{figure}, had they two free cores", "aim": ">= 1.8", **spread(works)},
    ]


def spent(call: Callable[[], object]) -> tuple[float, float]:
    """Return the seconds that a call takes, and the processor seconds of this process and those it started."""
    begun, before = time.perf_counter(), os.times()
    call()
    after = os.times()
    return time.perf_counter() - begun, sum(after[:4]) - sum(before[:4])


def killed(placement: Placement, name: str, repeats: int) -> dict[str, Any]:
    """Return how many tasks are repeated for one kill; more than sixteen starts, or other bytes, are an error."""
    repeated = []
    for _ in range(repeats):
        with tempfile.TemporaryDirectory() as temporary:
            one, other = Path(temporary, "one"), Path(temporary, "other")
            list(run_tasks(tasks(one, 16, 0), one, spec=SPEC, seconds=60))
            killer = threading.Thread(target=kill, args=(name, other), daemon=True)
            killer.start()
            list(run_tasks(tasks(other, 16, 0.5), other, placement, spec=SPEC, seconds=60))
            killer.join()
            if any(
                (one / "results" / str(n)).read_bytes() != (other / "results" / str(n)).read_bytes() for n in range(16)
            ):
                sys.exit(f"after a kill of a {name} the bytes differ")
            repeated.append(len(list((other / "starts").iterdir())) - 16)
    on = placement.on or "processes"
    return {"figure": f"tasks repeated after a {name} is killed ({on})", "aim": "<= 1", **spread(repeated)}


def kill(name: str, folder: Path) -> None:
    """End one process of that kind below this one when some tasks are done."""
    while len(list(folder.glob("results/*"))) < 4:
        time.sleep(0.05)
    words = {"worker": (b"spawn_main", b"ray::perform"), "raylet": (b"sockets/raylet.1",)}[name]
    found = [pid for pid in below(os.getpid()) if any(word in command(pid) for word in words) and alone(pid, name)]
    os.kill(found[0], signal.SIGKILL)


def alone(pid: int, name: str) -> bool:
    """Say whether it is a raylet itself, not what a raylet has started."""
    return name != "raylet" or command(pid).split(b"\0")[0].endswith(b"/raylet")


def below(pid: int) -> list[int]:
    """Return all processes below one."""
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in map(int, task.read_text().split()):
            found += [child, *below(child)]
    return found


def command(pid: int) -> bytes:
    """Return a process's command line."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def spread(values: list[float]) -> dict[str, Any]:
    """Return lowest, median and highest, and the machine's load."""
    return {
        "lowest": min(values), "median": statistics.median(values), "highest": max(values), "n": len(values),
        "load": os.getloadavg()[0], "processors": len(os.sched_getaffinity(0)),
    }  # fmt: skip


def main() -> None:
    """Measure, and print a table, or one JSON document."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ray", action="store_true")
    parser.add_argument("--pairs", type=int, default=3)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--organisms", type=int, default=10)
    parser.add_argument("--budget", type=int, default=1000)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    rows = [overhead(POOL, asked.repeats), killed(POOL, "worker", asked.repeats)]
    if asked.ray:
        rows += [overhead(RAY, asked.repeats), *(killed(RAY, one, asked.repeats) for one in ("worker", "raylet"))]
    if asked.pairs:
        rows += speedup(asked.pairs, asked.organisms, asked.budget)
    if asked.json:
        print(json.dumps(rows, indent=2))
        return
    table = Table("figure", "aim", "lowest", "median", "highest", "n", "load", "processors")
    for row in rows:
        table.add_row(*(f"{cell:.2f}" if isinstance(cell, float) else str(cell) for cell in row.values()))
    Console().print(table)


if __name__ == "__main__":
    main()
