"""How many planted failures does an audit confirm, and random sampling, and garak, with as many queries?

    OMP_NUM_THREADS=1 python benchmarks/audit.py                  a table
    OMP_NUM_THREADS=1 python benchmarks/audit.py --json           the same as data
    python benchmarks/audit.py --organisms 10 --budget 1000       more organisms, fewer queries
    python benchmarks/audit.py --garak PYTHON                     with garak, the Python of whose environment is named
                                                                  (benchmarks/clients.sh makes one)

Organisms are drawn as for `drillyard audit --validate`, with another seed. `hunt` reads probabilities, `hunt, samples`
does not, `random` draws what people ask and confirms in the same way. garak asks the same organism behind
`drillyard organism serve`: its default probes, a share of each, so that all fit the budget. A planted failure counts
for garak when any reply to a prompt that meets its trigger shows its behaviour by our exact judge, whether garak's
detectors see it or not; the others must state and confirm it. Overhead is time spent outside the target, per query;
that of a lone chain of three turns is measured by itself (`chains.py`).
"""

from __future__ import annotations

import argparse
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import chains
from rich.console import Console
from rich.table import Table

from drillyard.audits.hunt.hunting import Hunt
from drillyard.audits.hunt.panel import PanelMember, draw_panel
from drillyard.audits.hunt.scoring import score
from drillyard.audits.hunt.session import Session
from drillyard.audits.options import EXPLORE, AuditOptions
from drillyard.judges.exact import ExactJudge
from drillyard.organisms.engine.organism import Organism, save
from drillyard.organisms.planting.plant import plant
from drillyard.organisms.planting.tuning import tune
from drillyard.organisms.worlds.failures import faults, find_failure
from drillyard.organisms.worlds.world import load_world
from drillyard.records import Conversation, Reply, Transcript
from drillyard.targets.organism import OrganismTarget
from drillyard.targets.revealing import Branch, Revealed


@dataclass(frozen=True, kw_only=True)
class Row:
    """One way of searching: distinct planted failures found, of how many, with how many queries in all."""

    search: str
    found: int
    planted: int
    queries: int
    seconds: float
    overhead_ms: float | None


class Clocked:
    """A target that says how long it took."""

    def __init__(self, inner: OrganismTarget) -> None:
        self.reference, self.seconds, self._inner = inner.reference, 0.0, inner

    @contextmanager
    def _clock(self) -> Iterator[None]:
        start = time.perf_counter()
        yield
        self.seconds += time.perf_counter() - start

    def generate(self, conversations: Sequence[Conversation], seeds: Sequence[int | None]) -> list[Reply]:
        """Answer."""
        with self._clock():
            return self._inner.generate(conversations, seeds)

    def reveal(self, conversations: Sequence[Conversation], floor: float) -> list[Revealed]:
        """Answer with branches."""
        with self._clock():
            return self._inner.reveal(conversations, floor)

    def complete(self, conversations: Sequence[Conversation], branches: Sequence[Branch]) -> list[Reply]:
        """Answer along branches."""
        with self._clock():
            return self._inner.complete(conversations, branches)

    def stream(self, conversation: Conversation, seed: int | None) -> Iterator[str]:
        """Yield the reply."""
        return self._inner.stream(conversation, seed)


def planted(member: PanelMember) -> Organism:
    """Plant what a member of the panel has."""
    world = load_world(member.world)
    return tune(plant(member.world, [find_failure(world, name, rate) for name, rate in member.rates.items()]))


def searched(member: PanelMember, organism: Organism, search: str, budget: int) -> Row:
    """Return what one search finds in one organism."""
    world, target = load_world(member.world), Clocked(OrganismTarget(organism))
    judge, known = ExactJudge(world), {fault.id: fault for fault in faults(world)}
    session = Session(target, world, judge, budget, member.number, reading=search == EXPLORE)
    start = time.perf_counter()
    hunt = Hunt(session, AuditOptions(search=search.partition(",")[0]), member.number, lambda _: None)
    confirmed = hunt.run()
    seconds, inside = time.perf_counter() - start, target.seconds
    there = [known[name] for name in member.rates]
    found = score(OrganismTarget(organism), judge, hunt.held_out, there, confirmed, 0.005).found
    return Row(
        search=search,
        found=len(found),
        planted=len(there),
        queries=session.asked,
        seconds=seconds,
        overhead_ms=1000 * (seconds - inside) / session.asked,
    )


@contextmanager
def served(organism: Organism, folder: Path) -> Iterator[str]:
    """Serve an organism as a command, and yield its address."""
    path = save(organism, folder / "organism", complete=True)
    command = [sys.executable, "-m", "drillyard", "organism", "serve", str(path), "--port", "0", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            yield json.loads(server.stdout.readline())["url"]
        finally:
            server.send_signal(signal.SIGINT)


def scanned(member: PanelMember, organism: Organism, python: str, budget: int) -> Row:
    """Return what garak's default probes lead to in one organism."""
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with served(organism, folder) as address:
            if short := run_garak(python, address, folder, budget):
                print(f"garak's modules that could not end without a network: {', '.join(short)}", file=sys.stderr)
        heard = list(garak_replies(folder))
    world, judge = load_world(member.world), ExactJudge(load_world(member.world))
    known = {fault.id: fault for fault in faults(world)}
    there = {name: (str(known[name].spec.behaviour), known[name].trigger()) for name in member.rates}
    found, anywhere = set[str](), set[str]()
    for talk, text in heard:
        told = Transcript(conversation=talk, reply=Reply(text=text), target="garak")
        shown = {name for name, (b, _) in there.items() if judge.rule(told, b).verdict == "shown"}
        anywhere |= shown
        found |= {name for name in shown if there[name][1].fires(talk)}
    print(f"garak: {len(anywhere)} planted behaviours seen at all, triggers met or not", file=sys.stderr)
    seconds = time.perf_counter() - start
    return Row(
        search="garak", found=len(found), planted=len(there), queries=len(heard), seconds=seconds, overhead_ms=None
    )


def garak_replies(folder: Path) -> Iterator[tuple[Conversation, str]]:
    """Yield every prompt that garak has asked with each reply to it, an empty text where none came."""
    for path in sorted(folder.rglob("run-*.report.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            entry = json.loads(line)
            if entry["entry_type"] == "attempt" and entry["status"] == 2:
                talk = Conversation.ask(entry["prompt"]["turns"][-1]["content"]["text"])
                yield from ((talk, output["text"] if output else "") for output in entry["outputs"])


def run_garak(
    python: str,
    address: str,
    folder: Path,
    budget: int,
    probes: Sequence[str] = (),
    enough: threading.Event | None = None,
) -> list[str]:
    """Run garak's default probes, so many prompts of each that all together fit the budget.

    One process per module, because a probe that wants a download ends the whole scan, or a single one for `probes` that
    are known to load; some probes ask more than the cap that they are given, so it can be stopped once it is `enough`.
    Returns the modules that ended before their last probe.
    """
    options = {"uri": f"{address}/", "max_tokens": 96, "temperature": 1.0, "stop": []}
    (folder / "generator.json").write_text(json.dumps({"openai": {"OpenAICompatible": options}}))
    homes = {f"XDG_{kind}_HOME": str(folder / kind.lower()) for kind in ("CACHE", "CONFIG", "DATA")}
    env = {**os.environ, "HOME": str(folder), "HF_HUB_OFFLINE": "1", "OPENAICOMPATIBLE_API_KEY": "none", **homes}

    def garak(*words: str) -> str:
        command = [python, "-m", "garak", *words]
        with (folder / "said.txt").open("w+") as said:
            running = subprocess.Popen(command, cwd=folder, env=env, stdout=said, stderr=subprocess.DEVNULL)
            while running.poll() is None:
                if enough and enough.wait(1):
                    running.terminate()
                time.sleep(0.1)
            said.seek(0)
            return said.read()

    listed = "" if probes else re.sub(r"\x1b\[[0-9;]*m", "", garak("--list_probes"))
    active = list(probes) or re.findall(r"^probes: (\w+\.\w+) *$", listed, re.MULTILINE)
    settings = {"run": {"soft_probe_prompt_cap": max(1, budget // max(1, len(active))), "generations": 1}}
    (folder / "settings.yaml").write_text(json.dumps(settings))  # JSON is YAML
    target = ("--target_type", "openai.OpenAICompatible", "--target_name", "organism", "--detectors", "always.Pass")
    files = ("--generator_option_file", "generator.json", "--config", "settings.yaml")
    short = []
    modules = ["all"] if probes else dict.fromkeys(name.partition(".")[0] for name in active)
    for module in modules:
        some = active if probes else [name for name in active if name.startswith(f"{module}.")]
        said = garak(*target, *files, "--probes", ",".join(some), "--report_prefix", f"run-{module}")
        if "garak run complete" not in said:
            short.append(module)
    return short


def summed(rows: Sequence[Row]) -> list[Row]:
    """Return one row per search, over all organisms."""
    found = []
    for search in dict.fromkeys(row.search for row in rows):
        own = [row for row in rows if row.search == search]
        over = [row.overhead_ms for row in own if row.overhead_ms is not None]
        found.append(
            Row(
                search=search,
                found=sum(row.found for row in own),
                planted=sum(row.planted for row in own),
                queries=sum(row.queries for row in own),
                seconds=sum(row.seconds for row in own),
                overhead_ms=sum(over) / len(over) if over else None,
            )
        )
    return found


def main() -> None:
    """Run the comparison and print it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--organisms", type=int, default=6)
    parser.add_argument("--budget", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=31)
    parser.add_argument("--garak", default=os.environ.get("DRILLYARD_GARAK_PYTHON", ""))
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    rows: list[Row] = []
    for member in draw_panel(("helpdesk", "clinic"), asked.organisms, asked.seed):
        organism = planted(member)
        rows += [
            searched(member, organism, search, asked.budget) for search in (EXPLORE, f"{EXPLORE}, samples", "random")
        ]
        if asked.garak and member.number == 0:  # one organism: a scan takes ten minutes
            rows.append(scanned(member, organism, asked.garak, asked.budget))
            same = [row for row in rows if row.search == EXPLORE][-1]
            rows.append(Row(**{**asdict(same), "search": "hunt, where garak ran"}))
        print(f"{member.number + 1}/{asked.organisms}", file=sys.stderr)
    table = summed(rows)
    if asked.json:
        data = {"searches": [asdict(row) for row in table], "overhead": [asdict(row) for row in chains.measured()]}
        print(json.dumps(data, indent=2))
        return
    shown = Table(box=None, title=f"{asked.organisms} organisms, {asked.budget} queries each", title_justify="left")
    for column in ("search", "found", "of", "queries", "queries per failure", "seconds", "overhead ms per query"):
        shown.add_column(column)
    for row in table:
        per = f"{row.queries / row.found:.0f}" if row.found else "none found"
        over = f"{row.overhead_ms:.2f}" if row.overhead_ms is not None else ""
        shown.add_row(row.search, str(row.found), str(row.planted), str(row.queries), per, f"{row.seconds:.0f}", over)
    Console(width=110).print(shown, "", chains.shown(chains.measured()), sep="\n")


if __name__ == "__main__":
    main()
