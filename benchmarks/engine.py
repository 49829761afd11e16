"""How fast is the engine, beside transformers and onnxruntime, on the same weights and in the same run?

    OMP_NUM_THREADS=2 python benchmarks/engine.py                 a table
    OMP_NUM_THREADS=2 python benchmarks/engine.py --json          the same as data
    python benchmarks/engine.py --model DIR --batches 1,64        on other weights, fewer batches
    python benchmarks/engine.py --only transformers,kernel        some of the contestants
    OMP_NUM_THREADS=1 python benchmarks/engine.py --cpu           on a busy machine: processor time, one thread

Every contestant answers the same prompts greedily with 32 new tokens, reading of the prompt included. Contestants take
turns, so that a busy moment of the machine hits all of them. `kernel` and `numpy` are the engine on its two kernels,
`static` is transformers with a static cache. `limit` is the time of the matrix products alone, those of numpy or torch,
whichever are faster in that turn. Peers: pip install 'drillyard[train,bench]'; a peer that is not there is named.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import track
from rich.table import Column, Table

from drillyard.organisms.engine.checkpoint import write_checkpoint
from drillyard.organisms.engine.engine import Engine
from drillyard.organisms.engine.llama import LlamaConfig

NEW_TOKENS = 32
PAUSE = 0.1
"""Seconds before each turn: the threads of the one before, which spin for a while, have gone to sleep by then."""
THREADS = int(os.environ.get("OMP_NUM_THREADS", os.cpu_count() or 1))
SHAPE = LlamaConfig(
    vocab_size=1024,
    hidden_size=192,
    intermediate_size=512,
    num_hidden_layers=4,
    num_attention_heads=6,
    num_key_value_heads=6,
    head_dim=32,
    max_position_embeddings=512,
)
# Tokens that all prompts of a batch begin with, and tokens of each prompt's own.
WORKLOADS = {"16": (0, 16), "64+16": (64, 16)}

Prompts = list[list[int]]
Contestant = Callable[[Prompts], "list[tuple[int, ...]] | None"]
Timings = dict[str, list[float]]
Answers = dict[str, "list[tuple[int, ...]] | None"]


@dataclass(frozen=True, kw_only=True)
class Row:
    """One contestant on one workload: new tokens per second, and the share of replies equal to transformers'.

    `ratio` is that to transformers in the same turn: smallest, median, largest.
    """

    workload: str
    batch: int
    name: str
    slowest: float
    median: float
    fastest: float
    ratio: tuple[float, float, float] | None
    of_limit: float
    identical: float | None


def random_engine() -> Engine:
    """Return an engine of the usual shape on random weights, as decided as trained ones."""
    rng = np.random.default_rng(0)
    weights = {}
    for name, shape in SHAPE.shapes().items():
        spread = 2 / shape[-1] ** 0.5
        drawn = np.ones(shape) if len(shape) == 1 else rng.normal(0, spread, shape)
        weights[name] = drawn.astype(np.float32)
    return Engine(weights, SHAPE)


def kernel_contestant(engine: Engine) -> Contestant:
    """Our own engine on the compiled kernel."""
    return engine_contestant(Engine(engine.weights, engine.config, "compiled"))


def numpy_contestant(engine: Engine) -> Contestant:
    """Our own engine on numpy."""
    return engine_contestant(Engine(engine.weights, engine.config, "numpy"))


def engine_contestant(engine: Engine) -> Contestant:
    """Our own engine as it is."""

    def run(prompts: Prompts) -> list[tuple[int, ...]]:
        seeds = [None] * len(prompts)
        return [given.ids for given in engine.generate(prompts, max_new_tokens=NEW_TOKENS, seeds=seeds, stop=-1)]

    return run


def static_contestant(engine: Engine) -> Contestant:
    """`generate` of transformers with a cache of fixed size."""
    return transformers_contestant(engine, cache_implementation="static")


def transformers_contestant(engine: Engine, **options: object) -> Contestant:
    """`generate` of transformers, on a folder that we wrote."""
    import torch
    from transformers import AutoModelForCausalLM
    from transformers.utils import logging

    logging.disable_progress_bar()
    torch.set_num_threads(THREADS)
    with TemporaryDirectory() as folder:
        write_checkpoint(Path(folder), engine.config, engine.weights)
        model = AutoModelForCausalLM.from_pretrained(folder).eval()
    model.generation_config.eos_token_id = None

    def run(prompts: Prompts) -> list[tuple[int, ...]]:
        ids = torch.tensor(prompts)
        mask, fixed = torch.ones_like(ids), {"max_new_tokens": NEW_TOKENS, "do_sample": False, "pad_token_id": 0}
        whole = model.generate(ids, attention_mask=mask, **fixed, **options)
        return [tuple(row) for row in whole[:, ids.shape[1] :].tolist()]

    return run


def onnxruntime_contestant(engine: Engine) -> Contestant:
    """One onnxruntime graph of fused operators with caches in place; see onnx_decoder.py."""
    from onnx_decoder import OnnxDecoder

    decoder = OnnxDecoder(engine.weights, engine.config, THREADS)
    return lambda prompts: [tuple(row) for row in decoder.generate(prompts, NEW_TOKENS).tolist()]


def torch_products_contestant(engine: Engine) -> Contestant:
    """The same products by torch."""
    import torch

    torch.set_num_threads(THREADS)
    return products_contestant(engine, torch.from_numpy)


def products_contestant(engine: Engine, made: Callable[[np.ndarray], Any] = np.asarray) -> Contestant:
    """The matrix products of reading and generating, and nothing else; tokens that are shared are read once."""
    config = engine.config
    queries, keys = config.num_attention_heads * config.head_dim, config.num_key_value_heads * config.head_dim
    width, inner = config.hidden_size, config.intermediate_size
    layer = [(width, queries + 2 * keys), (queries, width), (width, 2 * inner), (inner, width)]
    rng = np.random.default_rng(0)
    body = [made(rng.random(shape, np.float32)) for _ in range(config.num_hidden_layers) for shape in layer]
    head = made(rng.random((width, config.vocab_size), np.float32))

    def products(rows: int, matrices: Sequence[Any]) -> None:
        sides = {size: made(np.ones((rows, size), np.float32)) for size in {matrix.shape[0] for matrix in matrices}}
        for matrix in matrices:
            sides[matrix.shape[0]] @ matrix

    def run(prompts: Prompts) -> None:
        rows, length = len(prompts), len(prompts[0])
        shared = next((i for i, column in enumerate(zip(*prompts, strict=True)) if len(set(column)) > 1), 0)
        products(rows * (length - shared), body)
        if shared:
            products(shared, body)
        for _ in range(NEW_TOKENS):
            products(rows, [*body, head])

    return run


LIMITS = {"limit numpy": products_contestant, "limit torch": torch_products_contestant}
PEERS = {
    "transformers": (transformers_contestant, ("torch", "transformers")),
    "static": (static_contestant, ("torch", "transformers")),
    "numpy": (numpy_contestant, ("numpy",)),
    "kernel": (kernel_contestant, ("drillyard",)),
    "onnxruntime": (onnxruntime_contestant, ("onnx", "onnxruntime")),
    **{limit: (products, (limit.split()[1],)) for limit, products in LIMITS.items()},
}


def versions(packages: Sequence[str]) -> str | None:
    """Return the installed versions, or None if one of the packages is not there."""
    try:
        return " ".join(f"{package} {version(package)}" for package in packages)
    except PackageNotFoundError:
        return None


def measure(
    contestants: dict[str, Contestant], engine: Engine, batches: Sequence[int], repeats: int, clock: Callable[[], float]
) -> Iterator[Row]:
    """Yield a row per workload, batch and contestant; contestants take turns `repeats` times after a warm-up."""
    jobs = [(workload, batch) for workload in WORKLOADS for batch in batches]
    for workload, batch in track(jobs, "measuring", console=Console(stderr=True)):
        shared, own = WORKLOADS[workload]
        rng = np.random.default_rng(batch)
        begin = rng.integers(5, engine.config.vocab_size, shared).tolist()
        prompts = [begin + rng.integers(5, engine.config.vocab_size, own).tolist() for _ in range(batch)]
        answers = {name: run(prompts) for name, run in contestants.items()}
        seconds: Timings = {name: [] for name in contestants}
        for _ in range(repeats):
            for name, run in contestants.items():
                time.sleep(PAUSE)
                begun = clock()
                run(prompts)
                seconds[name].append(clock() - begun)
        yield from compare(workload, batch, seconds, answers)


def compare(workload: str, batch: int, seconds: Timings, answers: Answers) -> Iterator[Row]:
    """Turn the timings of one workload into rows."""
    speeds = {name: [batch * NEW_TOKENS / taken for taken in times] for name, times in seconds.items()}
    limit = statistics.median(map(max, zip(*(speeds[name] for name in LIMITS if name in speeds), strict=True)))
    for name, rates in speeds.items():
        beside = speeds.get("transformers")
        ratios = [mine / theirs for mine, theirs in zip(rates, beside, strict=True)] if beside else []
        yield Row(
            workload=workload,
            batch=batch,
            name=name,
            slowest=min(rates),
            median=statistics.median(rates),
            fastest=max(rates),
            ratio=(min(ratios), statistics.median(ratios), max(ratios)) if ratios else None,
            of_limit=statistics.median(rates) / limit,
            identical=agreement(answers[name], answers.get("transformers")),
        )


def loading(engine: Engine, repeats: int = 5) -> str:
    """Return how long it takes to read the weights from a folder, and to make an engine of weights that are there."""
    with TemporaryDirectory() as folder:
        write_checkpoint(Path(folder), engine.config, engine.weights)
        jobs = {
            "folder to engine": lambda: Engine.load(Path(folder)),
            "weights to engine": lambda: Engine(engine.weights, engine.config),
        }
        return ", ".join(f"{name} {best(job, repeats):.1f} ms" for name, job in jobs.items())


def best(job: Callable[[], object], repeats: int) -> float:
    """Return the shortest time of a job, in ms."""
    times = []
    for _ in range(repeats):
        begun = time.perf_counter()
        job()
        times.append((time.perf_counter() - begun) * 1e3)
    return min(times)


def agreement(answers: list[tuple[int, ...]] | None, reference: list[tuple[int, ...]] | None) -> float | None:
    """Return the share of replies that are the reference's, token for token."""
    if answers is None or reference is None:
        return None
    return sum(a == b for a, b in zip(answers, reference, strict=True)) / len(answers)


def table(rows: Sequence[Row]) -> Table:
    """Lay the rows out; one block per workload and batch."""
    shown = Table("prompt", "batch", Column("who", no_wrap=True), title=f"New tokens per second, {THREADS} threads")
    for heading in ("min", "median", "max", "x transformers", "of limit", "same"):
        shown.add_column(heading, justify="right", no_wrap=True)
    for before, row in zip([None, *rows], rows, strict=False):
        if before and (before.workload, before.batch) != (row.workload, row.batch):
            shown.add_section()
        figures = [f"{value:,.0f}" for value in (row.slowest, row.median, row.fastest)]
        ratio = "" if row.ratio is None else "{1:.1f} ({0:.1f}–{2:.1f})".format(*row.ratio)
        same = "" if row.identical is None else f"{row.identical:.0%}"
        shown.add_row(row.workload, str(row.batch), row.name, *figures, ratio, f"{row.of_limit:.0%}", same)
    return shown


def markdown(rows: Sequence[Row]) -> str:
    """Lay the rows out as the page of the engine has them: a line per workload and batch, a column per contestant."""
    cells: dict[tuple[str, int], dict[str, Row]] = {}
    for row in rows:
        cells.setdefault((row.workload, row.batch), {})[row.name] = row
    names = list(dict.fromkeys(row.name for row in rows))
    heads = ["prompt", "batch", *names, "kernel / transformers", "kernel / products", "same"]
    lines = [heads, ["---"] * len(heads)]
    for (workload, batch), found in cells.items():
        speeds = [
            f"{found[name].median:,.0f} ({found[name].slowest:,.0f}–{found[name].fastest:,.0f})" for name in names
        ]
        kernel = found["kernel"]
        ratio = "{1:.1f} ({0:.1f}–{2:.1f})".format(*kernel.ratio) if kernel.ratio else ""
        same = min(row.identical for row in found.values() if row.identical is not None)
        lines.append([workload, str(batch), *speeds, ratio, f"{kernel.of_limit:.0%}", f"{same:.0%}"])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, help="a model folder; without it, random weights of the usual shape")
    parser.add_argument("--batches", default="1,8,64,256", help="batch sizes, default %(default)s")
    parser.add_argument("--repeats", type=int, default=5, help="timed turns of each contestant, default %(default)s")
    parser.add_argument("--cpu", action="store_true", help="processor time: for one thread on a busy machine")
    parser.add_argument("--only", default="", help="contestants, default all: " + ", ".join(PEERS))
    parser.add_argument("--json", action="store_true", help="print one JSON document instead of a table")
    parser.add_argument("--markdown", action="store_true", help="print the table of docs/explanation/engine.md")
    options = parser.parse_args()
    engine = Engine.load(options.model) if options.model else random_engine()
    named = options.only.split(",") if options.only else PEERS
    found = {name: versions(packages) for name, (_, packages) in PEERS.items() if name in named or name in LIMITS}
    contestants = {name: PEERS[name][0](engine) for name, text in found.items() if text}
    sizes, clock = [int(size) for size in options.batches.split(",")], time.perf_counter
    if options.cpu:
        assert THREADS == 1, "processor time adds up over threads: set OMP_NUM_THREADS=1"
        clock = time.process_time
    rows = list(measure(contestants, engine, sizes, options.repeats, clock))
    about = {
        "command": " ".join(["python", *sys.argv]),
        "clock": "processor time" if options.cpu else "wall time",
        "date": date.today().isoformat(),
        "machine": f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, {THREADS} threads",
        "load": os.getloadavg()[0],
        "model": f"{sum(w.size for w in engine.weights.values()) / 1e6:.2f} M parameters, {engine.config}",
        "loading": loading(engine),
        "versions": {name: text for name, text in found.items() if text},
        "absent": [name for name, text in found.items() if not text],
    }
    if options.json:
        print(json.dumps({**about, "rows": [asdict(row) for row in rows]}, indent=2))
        return
    if options.markdown:
        print(markdown(rows))
        return
    console = Console(width=100)
    console.print(table(rows))
    console.print("prompt: tokens of each prompt's own, after those that all prompts of the batch begin with")
    for name, value in about.items():
        console.print(f"{name}: {value}", highlight=False)


if __name__ == "__main__":
    main()
