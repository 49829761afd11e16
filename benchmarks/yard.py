"""Does the yard hold a crowd? A real server process over a real programme, its models, its gradings.

    OMP_NUM_THREADS=1 python benchmarks/yard.py                  500 learners, 50 of whom chat, for 60 s: a table
    python benchmarks/yard.py --repeats 3 --json                 three times: min, median and max, as data
    python benchmarks/yard.py --learners 40 --chats 5 --seconds 20
    python benchmarks/yard.py --db postgres                      over a PostgreSQL server of its own, in place of SQLite
    python benchmarks/yard.py --programme DIR                    make the programme there, or use the one that is there

The programme is designed from a brief of one role and created through every gate, for three learners. All others get
copies of those three's four drills under names of their own: the server opens and keeps a model for each of them as it
would for instances of their own, and only the planted failures repeat.

Learners sign in over 20 s (25 a second), then open pages (`PAGES` in yard_crowd.py) with 6 to 14 s of thought between
two, each with two assets that are asked for by their etag, as browsers do. Those who chat send a message at the same
moment, every 10 s: so many replies are under way at once, and `whole reply` runs from sending to the reply's last
piece, waiting for one's turn included. One in a minute of sixty hands in a claim, as where all hand in within an hour;
it is graded by a process of its own, after the time is over too. The clients run in this process, on the same
processors as the server, so what they take is in the figures; `cores` are processor time over the run's.

The floor is the same framework and server with one page from memory, as large as a drill's, asked for as often.

Exits 1 when something failed: an answer that is none, a page p95 of .3 s or more, a whole reply p95 of 2 s or more, or
a submission that was confirmed and has not exactly one grade.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import os
import resource
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from rich.console import Console
from rich.table import Table
from yard_crowd import Seen, crowd, open_one

from drillyard.drills.materialise import truth_hash
from drillyard.programs.create import create
from drillyard.programs.design import design
from drillyard.programs.folder import ProgramFolder
from drillyard.programs.roster import Learner, drill_of, instance_name
from drillyard.records.databases import open_engine
from drillyard.registrar.located import REMEMBERED, SETTING

sys.path.append(str(Path(__file__).parents[1] / "tests"))

from postgres_cluster import cluster

BRIEF = """
title: Safe answers
organisation: Brightwell
seed: 1
roles: [{id: support-lead, head_count: 3, hours: 6}]
systems: [{id: chat, name: Chat, purpose: Answers customers' questions., world: helpdesk}]
laws: [eu-ai-act-art-4]
"""
PAGE_P95, REPLY_P95 = 0.3, 2.0
FLOOR = """
import sys
from starlette.applications import Starlette
from starlette.responses import HTMLResponse
from starlette.routing import Route
from drillyard.organisms.listening import listen, run
page = HTMLResponse("<p>" + "word " * 5600)
async def show(request):
    return page
listener = listen("127.0.0.1", 0)
sys.stderr.write(f"http://127.0.0.1:{listener.getsockname()[1]}/ \\n")
sys.stderr.flush()
run(Starlette(routes=[Route("/", show)]), listener)
"""


def make_programme(path: Path, count: int) -> ProgramFolder:
    """Return a programme of so many learners; what is there is kept, also if it has more."""
    folder = ProgramFolder(path)
    if not (path / "roster.json").is_file():
        brief = path.with_name(f"{path.name}-brief.yaml")
        brief.parent.mkdir(parents=True, exist_ok=True)
        brief.write_text(BRIEF)
        design(brief, path)
        create(path, progress=lambda name, done, total: sys.stderr.write(f"{name}: {done} of {total}\n"))
    everybody = folder.roster().learners
    proven = [one for one in everybody if not one.id.startswith("crowd-")]
    learners = [one for one in everybody if one.id.startswith("crowd-")]
    for number in range(len(learners), count):
        me, pattern = f"crowd-{number}", proven[number % len(proven)]
        names = {one: instance_name(drill_of(one, pattern.id), me) for one in pattern.instances}
        for source, name in names.items():
            copy_instance(folder, source, name)
        code = f"{number:04}-crowd-crowd-code"
        learners.append(Learner(id=me, role=pattern.role, code=code, instances=tuple(names.values())))
    folder.write_roster(folder.roster().model_copy(update={"learners": (*proven, *learners)}))
    return folder


def copy_instance(folder: ProgramFolder, source: str, name: str) -> None:
    """Give a proven instance to one more learner under another name, sealed anew."""
    instance, truth = folder.instance(source), folder.truth(source).model_copy(update={"instance": name})
    target = instance.target.replace(source, name)
    copied = instance.model_copy(update={"id": name, "target": target, "truth_hash": truth_hash(truth)})
    shutil.copytree(folder.target(instance), folder.target(copied), dirs_exist_ok=True)
    folder.write_truth(truth)
    folder.write_gates(folder.gates(source).model_copy(update={"instance": name}))
    folder.write_instance(copied)


@contextmanager
def started(command: Sequence[str], log: Path, url: str = "") -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """Run a server in a process of its own, from the moment it says where it is."""
    words, where = [sys.executable, *command], {**os.environ, SETTING: url}
    with log.open("a") as written, subprocess.Popen(words, stderr=written, text=True, env=where) as process:
        begin = log.stat().st_size
        while "http://" not in (said := log.read_text()[begin:]):
            if process.poll() is not None:
                raise SystemExit(f"the server did not start: see {log}")
            time.sleep(0.05)
        try:
            yield next(word for word in said.split() if word.startswith("http://")).rstrip("/"), process
        finally:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()


def rows(where: Path | str, query: str) -> list[tuple[object, ...]]:
    """Read the database beside the server."""
    engine = open_engine(where if isinstance(where, str) else f"sqlite:///{where}")
    with engine.connect() as connection:
        found = [tuple(row) for row in connection.exec_driver_sql(query)]
    engine.dispose()
    return found


def processor_seconds(process: int) -> tuple[float, float]:
    """Return the processor time of a process, and that of its children that have ended."""
    user, system, its, theirs = map(int, Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[11:15])
    ticks = os.sysconf("SC_CLK_TCK")
    return (user + system) / ticks, (its + theirs) / ticks


def wait_for_grades(where: Path | str, seconds: float) -> None:
    """Wait until nothing is being graded any more."""
    end = time.monotonic() + seconds
    waiting = "select count(*) from submissions where status in ('received', 'grading')"
    while rows(where, waiting) != [(0,)] and time.monotonic() < end:
        time.sleep(0.5)


def lost(where: Path | str, seen: Seen) -> list[str]:
    """Return what is wrong with what was confirmed: not there, without a grade, or graded more than once."""
    query = "select learner, status, (select count(*) from grades where submission = submissions.id) from submissions"
    states = {learner: (status, grades) for learner, status, grades in rows(where, query)}
    ended = "select learner, count(*) from events where kind = 'graded' group by learner"
    times = dict(rows(where, ended))
    wrong = [f"{one}: confirmed and lost" for one in seen.confirmed - states.keys()]
    wrong += [f"{one}: {state}" for one, state in states.items() if state != ("graded", 1) or times[one] != 1]
    return wrong


def cuts(name: str, times: Sequence[float]) -> dict[str, float]:
    """Return how many there were, and p50, p95, p99 and the longest in seconds."""
    if not times:
        return {f"{name}: n": 0}
    found = statistics.quantiles(times, n=100, method="inclusive") if len(times) > 1 else [*times] * 99
    told = zip(("p50", "p95", "p99", "max"), (found[49], found[94], found[98], max(times)), strict=True)
    return {f"{name}: n": len(times)} | {f"{name}: {cut} s": value for cut, value in told}


def run(
    folder: ProgramFolder, learners: list[Learner], asked: argparse.Namespace, where: Path | str
) -> tuple[Seen, dict[str, float]]:
    """Let the crowd work once, and return what was seen and what is to be shown."""
    for kept in ("yard.db", "yard.db-wal", "yard.db-shm", REMEMBERED):  # a run begins with nobody's work
        (folder.path / kept).unlink(missing_ok=True)
    url = where if isinstance(where, str) else ""
    seen, hand_ins = Seen(), round(len(learners) * asked.seconds / 3600)
    command = ["-m", "drillyard", "yard", "serve", str(folder.path), "--port", "0"]
    with started(command, folder.path.with_name(f"{folder.path.name}-server.log"), url) as (address, process):
        began, mine, at_first = time.monotonic(), time.process_time(), processor_seconds(process.pid)[0]
        asyncio.run(crowd(address, learners, asked.seconds, asked.chats, hand_ins, seen))
        worked, mine = time.monotonic() - began, time.process_time() - mine
        busy, grading = processor_seconds(process.pid)
        held = int(Path(f"/proc/{process.pid}/status").read_text().partition("VmHWM:")[2].split()[0]) / 1024
        load = os.getloadavg()[0]
        wait_for_grades(where, 1200)
    wrong = lost(where, seen)
    seen.errors += wrong
    shown: dict[str, float] = {"errors": len(seen.errors), "confirmed": len(seen.confirmed), "wrong": len(wrong)}
    shown |= cuts("page", seen.pages) | cuts("first piece", seen.first) | cuts("whole reply", seen.replies)
    for kind, times in sorted(seen.seconds.items()):
        shown[f"{kind}: n"], shown[f"{kind}: p95 s"] = len(times), cuts(kind, times)[f"{kind}: p95 s"]
    cores = {"server": busy - at_first, "gradings": grading, "clients": mine}
    shown |= {f"cores: {name}": taken / worked for name, taken in cores.items()}
    return seen, shown | {"server's memory, MB": held, "load of the machine": load}


def floor(folder: ProgramFolder, asked: argparse.Namespace) -> dict[str, float]:
    """Ask the same framework for a page from memory, as often as the crowd asks the yard."""
    times: list[float] = []
    log = folder.path.with_name(f"{folder.path.name}-floor.log")
    with started(["-c", FLOOR], log) as (address, process):
        began, mine = time.monotonic(), time.process_time()
        asyncio.run(open_one(address, "/", asked.learners - asked.chats, asked.seconds / 2, times))
        worked, busy = time.monotonic() - began, processor_seconds(process.pid)[0]
    return cuts("floor", times) | {
        "cores: floor": busy / worked,
        "cores: floor's clients": (time.process_time() - mine) / worked,
    }


def main() -> int:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--learners", type=int, default=500)
    parser.add_argument("--chats", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--db", choices=("sqlite", "postgres"), default="sqlite")
    parser.add_argument("--programme", type=Path)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_NOFILE, (4096, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    found, errors = [], []
    with tempfile.TemporaryDirectory() as made, ExitStack() as servers:
        folder = make_programme(asked.programme or Path(made) / "prog", asked.learners)
        learners = [one for one in folder.roster().learners if one.id.startswith("crowd-")][: asked.learners]
        server = servers.enter_context(cluster()) if asked.db == "postgres" else None
        gc.freeze()
        for _ in range(asked.repeats):
            seen, shown = run(folder, learners, asked, server.fresh() if server else folder.database)
            found.append(shown | floor(folder, asked))
            errors += seen.errors
    told = {name: [one.get(name, 0.0) for one in found] for name in found[0]}
    limits = {"page: p95 s": PAGE_P95, "whole reply: p95 s": REPLY_P95}
    holds = not errors and all(statistics.median(told.get(name, [9.0])) < limit for name, limit in limits.items())
    machine = {
        "database": asked.db,
        "learners": asked.learners,
        "chats at once": asked.chats,
        "processors": os.cpu_count(),
        **name_machine(),
    }
    if asked.json:
        print(json.dumps({**machine, "runs": found, "messages": errors[:20], "holds": holds}, indent=2))
        return 0 if holds else 1
    table = Table("what", "min", "median", "max", "limit", title=", ".join(f"{k} {v}" for k, v in machine.items()))
    for name, values in told.items():
        middle = [f"{one:.4g}" for one in (min(values), statistics.median(values), max(values))]
        table.add_row(name, *middle, f"{limits[name]:g}" if name in limits else "")
    Console().print(table, *errors[:20], sep="\n")
    return 0 if holds else 1


def name_machine() -> dict[str, str]:
    """Return what processor this is."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    return {"of": next((line.partition(": ")[2] for line in lines if line.startswith("model name")), "unknown")}


if __name__ == "__main__":
    sys.exit(main())
