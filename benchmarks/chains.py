"""What does an audit cost beyond the model: of a lone chain of three turns, and of a sample in a batch?

    OMP_NUM_THREADS=1 python benchmarks/chains.py                 a table
    OMP_NUM_THREADS=1 python benchmarks/chains.py --json          the same as data

A chain is one conversation of three turns: each is asked when the reply before it has been judged, and nothing runs
beside it. Generation is the time inside the engine alone; everything else is overhead: templates, tokens and text, the
meter, the exact judge over all behaviours, the sighting, and, in the rows with a journal, the answer on disk before it
is used. Wall-clock time on a machine that does nothing else. The aims are 5 ms per chain and 0.5 ms per sample.
`python benchmarks/audit.py` prints this table as well.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from drillyard.audits.hunt.candidate import Candidate
from drillyard.audits.hunt.session import Session
from drillyard.audits.hunt.space import Space
from drillyard.judges.exact import ExactJudge
from drillyard.organisms.engine.organism import load_base
from drillyard.records import Message
from drillyard.targets.journal import KeptAnswers, keep_journal
from drillyard.targets.organism import OrganismTarget

WORLD, TURNS, BATCH = "helpdesk", 3, 64


@dataclass(frozen=True, kw_only=True)
class Overhead:
    """Milliseconds beyond generation of one piece of work: the median, the 95th percentile, what is aimed at."""

    work: str
    median: float
    p95: float
    aim: float
    repeats: int


class ClockedEngine:
    """An engine that says how long it took."""

    def __init__(self, engine: Any) -> None:
        self._engine, self.seconds = engine, 0.0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._engine, name)

    def generate(self, *args: Any, **options: Any) -> Any:
        """Answer prompts."""
        start = time.perf_counter()
        try:
            return self._engine.generate(*args, **options)
        finally:
            self.seconds += time.perf_counter() - start


def measured(repeats: int = 200) -> list[Overhead]:
    """Return the overhead of chains and samples, without a journal and with one."""
    found, judge = [], ExactJudge(WORLD)
    for journal in (False, True):
        words = ", journaled" if journal else ""
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name) if journal else None
            chains = [timed(folder, chain, seed, judge) for seed in range(repeats)]
            batches = [timed(folder, batch, seed, judge) for seed in range(repeats // 4)]
        found.append(overhead(f"lone chain of {TURNS} turns{words}", chains, 5.0))
        found.append(overhead(f"sample, of {BATCH} at once{words}", [x / BATCH for x in batches], 0.5))
    return found


def timed(folder: Path | None, work: Any, seed: int, judge: ExactJudge) -> float:
    """Return the milliseconds that a piece of work takes beyond generation; the judge is that of a whole audit."""
    world, organism = judge.world, load_base(WORLD)
    engine = ClockedEngine(organism.engine)
    target: Any = OrganismTarget(replace(organism, engine=engine))  # type: ignore[arg-type]
    if folder:
        target = keep_journal(target, KeptAnswers(folder / f"{work.__name__}-{seed}.jsonl"))
    session = Session(target, world, judge, 10_000, seed, reading=False)
    asked = [Space(world).at_random(random.Random(f"{seed}:{number}")) for number in range(BATCH)]
    start = time.perf_counter()
    work(session, asked)
    return 1000 * (time.perf_counter() - start - engine.seconds)


def chain(session: Session, asked: Sequence[Candidate]) -> None:
    """Ask one turn after the other, each with what was said before."""
    said: tuple[Message, ...] = ()
    for one in asked[:TURNS]:
        talk = one.conversation.model_copy(update={"messages": (*said, *one.conversation.messages)})
        (seen,) = session.look([replace(one, conversation=talk)])
        reply = next((shown[0].reply.text for shown in seen.failing.values()), seen.sound)
        said = (*talk.messages, Message(role="assistant", content=reply or "…"))


def batch(session: Session, asked: Sequence[Candidate]) -> None:
    """Ask everything at once."""
    session.look(asked)


def overhead(work: str, values: Sequence[float], aim: float) -> Overhead:
    """Sum up repeated measurements."""
    p95 = statistics.quantiles(values, n=20)[-1]
    return Overhead(work=work, median=statistics.median(values), p95=p95, aim=aim, repeats=len(values))


def shown(rows: Sequence[Overhead]) -> Table:
    """Return the table."""
    table = Table(box=None, title="Overhead beyond generation, ms", title_justify="left")
    for column in ("work", "median", "95 %", "aim", "repeats"):
        table.add_column(column)
    for row in rows:
        table.add_row(row.work, f"{row.median:.2f}", f"{row.p95:.2f}", f"{row.aim:g}", str(row.repeats))
    return table


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=200)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    rows = measured(asked.repeats)
    if asked.json:
        print(json.dumps([asdict(row) for row in rows], indent=2))
    else:
        Console(width=110).print(shown(rows))


if __name__ == "__main__":
    main()
