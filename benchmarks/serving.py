"""How much of the engine's own speed reaches clients through the server, in the same run?

    OMP_NUM_THREADS=1 python benchmarks/serving.py                a table
    OMP_NUM_THREADS=1 python benchmarks/serving.py --json         the same as data
    python benchmarks/serving.py --clients 32 --rounds 4          as many clients, each with so many requests in a row

`engine` answers as many prompts per call as there are clients, with `Engine.generate`. `server` is the real server in a
process of its own; clients send /v1/completions over kept connections, the next request as soon as a reply is there.
Both get the same prompts and seeds, take turns, and must give the same number of tokens. `chat` are replies as long as
the organism makes them, `long` are replies of 64 tokens. Clients are asyncio sockets, so that little of what is
measured is theirs; on one core they still take their part of it.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from drillyard.organisms.engine.dialogue import STOP, encode
from drillyard.organisms.engine.engine import Engine
from drillyard.organisms.engine.organism import Organism, hash_weights, load_base, save
from drillyard.organisms.engine.sampling import MIN_P
from drillyard.records import Conversation

TARGET = 0.7
WORKLOADS = {"chat": 96, "long": 64}
QUESTIONS = ("can i return my {}?", "how much is the {}?", "how long is the warranty of the {}?", "is the {} in stock?")


@dataclass(frozen=True, kw_only=True)
class Row:
    """One workload: new tokens per second of both, and what share of the engine's speed the server reaches."""

    workload: str
    tokens: int
    engine: tuple[float, float, float]
    server: tuple[float, float, float]
    ratio: tuple[float, float, float]


def endless(organism: Organism) -> Organism:
    """Return the organism with an end of turn that it never finds probable, so that replies are as long as they may."""
    weights = dict(organism.engine.weights)
    head = weights["lm_head.weight"].copy()
    head[STOP] = head.mean(axis=0)
    weights["lm_head.weight"] = head
    return replace(
        organism, engine=Engine(weights, organism.engine.config), failures=(), model_hash=hash_weights(weights)
    )


def prompts(organism: Organism, count: int) -> list[list[int]]:
    """Return questions about products as token ids."""
    names = list(organism.world.items.rows)
    texts = [QUESTIONS[k % len(QUESTIONS)].format(names[k % len(names)]) for k in range(count)]
    return [encode(organism.tokenizer, Conversation.ask(text), "") for text in texts]


def ask_engine(engine: Engine, asked: list[list[int]], most: int, clients: int) -> int:
    """Answer all prompts, as many per call as there are clients; returns the number of tokens."""
    seeds = list(range(len(asked)))
    return sum(
        len(made.ids)
        for first in range(0, len(asked), clients)
        for made in engine.generate(
            asked[first : first + clients],
            max_new_tokens=most,
            seeds=seeds[first : first + clients],
            stop=STOP,
            min_p=MIN_P,
        )
    )


async def ask_server(port: int, model: str, asked: list[list[int]], most: int, clients: int) -> int:
    """Answer all prompts over HTTP; client k sends every prompt whose number leaves k, one after another."""

    async def client(k: int) -> int:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        tokens = 0
        for number in range(k, len(asked), clients):
            body = json.dumps({"model": model, "prompt": asked[number], "max_tokens": most, "seed": number}).encode()
            head = f"POST /v1/completions HTTP/1.1\r\nhost: localhost\r\ncontent-length: {len(body)}\r\n\r\n"
            writer.write(head.encode() + body)
            told = (await reader.readuntil(b"\r\n\r\n")).lower()
            length = int(told.partition(b"content-length:")[2].split()[0])
            tokens += json.loads(await reader.readexactly(length))["usage"]["completion_tokens"]
        writer.close()
        await writer.wait_closed()
        return tokens

    return sum(await asyncio.gather(*map(client, range(clients))))


@contextmanager
def server(names: list[str]):
    """Run the real server; gives its port."""
    words = [sys.executable, "-m", "drillyard", "organism", "serve", *names, "--port", "0", "--json"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield int(json.loads(process.stdout.readline())["url"].split(":")[2].partition("/")[0])
        finally:
            process.terminate()


def timed(work) -> tuple[int, float]:
    """Return what the work returns, and the seconds it took."""
    begun = time.perf_counter()
    tokens = work()
    return tokens, time.perf_counter() - begun


def measure(clients: int, rounds: int, repeats: int) -> list[Row]:
    """Measure both workloads; engine and server take turns after a warm-up."""
    organism = load_base("helpdesk")
    models = {"chat": organism, "long": endless(organism)}
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        save(models["long"], Path(folder) / "long", complete=True)
        with server(["chat=helpdesk", f"long={folder}/long"]) as port:
            for workload, most in WORKLOADS.items():
                asked, engine = prompts(organism, clients * rounds), models[workload].engine

                def by_engine(engine=engine, asked=asked, most=most) -> int:
                    return ask_engine(engine, asked, most, clients)

                def by_server(workload=workload, asked=asked, most=most) -> int:
                    return asyncio.run(ask_server(port, workload, asked, most, clients))

                assert by_engine() == by_server(), "the same prompts and seeds gave other replies"
                taken = [(timed(by_engine), timed(by_server)) for _ in range(repeats)]
                tokens = taken[0][0][0]
                rows.append(
                    Row(
                        workload=workload,
                        tokens=tokens,
                        engine=spread([tokens / one[1] for one, _ in taken]),
                        server=spread([tokens / other[1] for _, other in taken]),
                        ratio=spread([one[1] / other[1] for one, other in taken]),
                    )
                )
    return rows


def spread(values: list[float]) -> tuple[float, float, float]:
    """Return smallest, median and largest."""
    return min(values), statistics.median(values), max(values)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clients", type=int, default=32, help="clients at a time, default %(default)s")
    parser.add_argument("--rounds", type=int, default=4, help="requests of each client, default %(default)s")
    parser.add_argument("--repeats", type=int, default=5, help="timed turns, default %(default)s")
    parser.add_argument("--json", action="store_true", help="print one JSON document instead of a table")
    options = parser.parse_args()
    rows = measure(options.clients, options.rounds, options.repeats)
    about = {
        "command": " ".join(["python", *sys.argv]),
        "cores": len(os.sched_getaffinity(0)),
        "load": os.getloadavg()[0],
        "numpy": np.__version__,
        "target": TARGET,
    }
    if options.json:
        print(json.dumps({**about, "rows": [asdict(row) for row in rows]}, indent=2))
        return
    table = Table("workload", "tokens", "engine tokens/s", "server tokens/s", "server / engine", "target")
    for row in rows:
        speeds = ["{1:,.0f} ({0:,.0f}–{2:,.0f})".format(*speed) for speed in (row.engine, row.server)]
        ratio = "{1:.2f} ({0:.2f}–{2:.2f})".format(*row.ratio)
        table.add_row(row.workload, str(row.tokens), *speeds, ratio, "met" if row.ratio[1] >= TARGET else "missed")
    console = Console(width=110)
    console.print(table)
    for name, value in about.items():
        console.print(f"{name}: {value}", highlight=False)


if __name__ == "__main__":
    main()
