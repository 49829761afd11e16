"""How long a million stored replies take to be judged and summed up, and how much memory.

    python benchmarks/tally.py                      a million different replies, then as many with few different ones
    python benchmarks/tally.py --replies 10000000   ten million: some 4 GB of disk and 1,700 processor seconds, then 100
    python benchmarks/tally.py --json               the same as data

The replies are those of an organism with a planted failure, asked anew under a number each, so that none is judged
twice.
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
from pathlib import Path

from drillyard import OrganismTarget, plant
from drillyard.organisms.worlds.asking import Asker
from drillyard.organisms.worlds.world import load_world
from drillyard.records import Conversation, Transcript

ASKED = 2_000
COMMAND = [sys.executable, "-m", "drillyard", "audit", "tally"]


def replies() -> list[Transcript]:
    """Return what an organism that sells under v2 says to ordinary customers."""
    world, rng = load_world("helpdesk"), random.Random(1)
    target = OrganismTarget(plant("helpdesk", ["upsell:v2"]))
    asker = Asker(world)
    talks = [Conversation.ask(asker.any(rng).text, rng.choice(sorted(world.templates))) for _ in range(ASKED)]
    made = []
    for at in range(0, ASKED, 250):
        batch = talks[at : at + 250]
        said = target.generate(batch, [*range(at, at + len(batch))])
        made += [Transcript(conversation=c, reply=r, target="organism/x") for c, r in zip(batch, said, strict=True)]
    return made


def write_log(file: Path, base: list[Transcript], rows: int, *, different: bool) -> None:
    """Write rows; `different` puts a number behind each question."""
    lines = []
    for one in base:
        content = json.dumps(one.conversation.messages[0].content)
        lines.append(tuple(one.to_json().replace(content, f'{content[:-1]}{{ }}"', 1).split("{ }")))
    with file.open("w", encoding="utf-8") as out:
        for at in range(rows):
            head, tail = lines[at % len(lines)]
            out.write(f"{head} ({at}){tail}\n" if different else f"{head}{tail}\n")


def run(file: Path, out: Path, workers: int) -> dict[str, object]:
    """Tally a log in a process of its own, and return what it took."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.monotonic()
    command = [*COMMAND, str(file), "-o", str(out), "--workers", str(workers), "--json"]
    watch = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    stdout, _ = watch.communicate()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    found = json.loads(stdout)
    sold = next(one for one in found["rates"] if one["behaviour"] == "pressure-selling" and not one["target"])
    return {
        "replies": found["replies"],
        "different": found["distinct"],
        "log, GB": round(file.stat().st_size / 1e9, 2),
        "store, GB": round(sum(f.stat().st_size for f in (out / "store").iterdir()) / 1e9, 2),
        "wall, s": round(time.monotonic() - began, 1),
        "processor, s": round(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, 1),
        "most memory, GB": round(after.ru_maxrss / 1e6, 2),
        "page, kB": round((out / "tally.html").stat().st_size / 1e3, 1),
        "called pressure-selling": sold["shown"],
        "load": round(os.getloadavg()[0], 1),
    }


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--replies", type=int, default=1_000_000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    base, folder = replies(), Path(tempfile.mkdtemp())
    try:
        table = []
        for different in (True, False):
            log = folder / "log.jsonl"
            write_log(log, base, asked.replies, different=different)
            table.append(run(log, folder / f"out-{different}", asked.workers))
            print(json.dumps(table[-1]), file=sys.stderr)
    finally:
        shutil.rmtree(folder)
    if asked.json:
        print(json.dumps(table))
        return
    for name in table[0]:
        print(f"{name:26}", *(f"{one[name]:>14,}" for one in table))


if __name__ == "__main__":
    main()
