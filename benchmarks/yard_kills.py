"""Does the yard keep what it told, however often it is killed? Learners hand in while SIGKILL falls at random moments.

    OMP_NUM_THREADS=1 python benchmarks/yard_kills.py               1,000 kills: a table
    OMP_NUM_THREADS=1 python benchmarks/yard_kills.py --kills 50 --json
    OMP_NUM_THREADS=1 python benchmarks/yard_kills.py --db postgres    of a server, a grading worker and a PostgreSQL

A real server process over a small programme; nine of ten kills fall within .4 s of an answer, the others while it may
still start. Ten learners at a time file claims with words of their own, hand in, click twice, send again what was cut
off and later what was answered. After each kill, and once all is graded, the database is read from outside: what was
confirmed is there once, as it was sent, and has one grade, which stays as it was first seen. Models echo and gradings
take up to 50 ms: see tests/yard/lives.py and tests/yard/promises.py. No power is cut.

Exits 1 when a promise was broken.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import asdict
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
sys.path.remove(str(Path(__file__).parent))  # its yard.py would hide the tests'

from postgres_cluster import cluster
from yard.lives import Lives, build_crowd
from yard.promises import Toll, kill_often
from yard.small_programme import rows

LEARNERS, EACH = 10, 25


def kill_some(db: str, kills: int, seed: int) -> Toll:
    """Kill one yard so often."""
    with tempfile.TemporaryDirectory() as made, ExitStack() as opened:
        folder = build_crowd(Path(made) / "prog", LEARNERS, EACH)
        people = folder.roster().learners
        if db == "sqlite":
            with Lives(folder.path) as lives:
                return asyncio.run(kill_often(lives, people, kills, partial(rows, folder.database), seed))
        server = opened.enter_context(cluster())
        url = server.fresh()
        with Lives(folder.path, url) as lives:
            three = kill_often(lives, people, kills, partial(rows, url), seed, ("web", "worker"), server.crash)
            return asyncio.run(three)


def main() -> int:
    """Kill, look and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--db", choices=("sqlite", "postgres"), default="sqlite")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    began, tolls = time.monotonic(), []
    for start in range(0, asked.kills, 100):  # a new yard each, or there is nothing left to hand in
        tolls.append(kill_some(asked.db, min(100, asked.kills - start), asked.seed + start))
        kills, broken = (sum(one) for one in zip(*((toll.kills, len(toll.wrong)) for toll in tolls), strict=True))
        sys.stderr.write(f"{kills} kills, {broken} promises broken\n")
        sys.stderr.writelines(f"{line}\n" for line in tolls[-1].wrong)
    wrong = [line for toll in tolls for line in toll.wrong]
    told = {name: sum(asdict(toll)[name] for toll in tolls) for name in asdict(tolls[0]) if name != "wrong"}
    told |= {"broken": len(wrong), "seconds": round(time.monotonic() - began)}
    if asked.json:
        print(json.dumps({**told, "messages": wrong[:20]}, indent=2))
    else:
        table = Table("what", "count", title="the yard under kills")
        for name, value in told.items():
            table.add_row(name, f"{value:,}")
        Console().print(table, *wrong[:20], sep="\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
