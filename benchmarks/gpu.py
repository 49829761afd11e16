"""How fast does a model of your own answer on a GPU, beside transformers' generate, and with how much memory?

    python benchmarks/gpu.py                        shapes of 1 B and 7 B, random weights, 32 prompts, 128 new tokens
    python benchmarks/gpu.py --shape 1b --rows 1
    python benchmarks/gpu.py --save DIR --shape 1b  only write the model, for drillyard align hf/DIR
    python benchmarks/gpu.py --shape tiny           also runs on a processor
    python benchmarks/gpu.py --json

Contestants answer the same prompts greedily, in turns: `drillyard` as hf/… does it, `growing` the same with a cache
that grows, `generate` of transformers as it comes, `generate static` with its static cache and compiled step (slow to
compile: --compiled). The reply is not cut by an end token. `alike` is the share of tokens like drillyard's: sums in
bfloat16 differ with the order of their parts, and a random model is often undecided.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import Any

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import torch
from rich.console import Console
from rich.table import Table
from shapes import SHAPES, random_model

from drillyard.records import Conversation
from drillyard.targets.local_torch import LocalTarget

Ids = list[list[int]]
Answer = Callable[[], Ids]


def prompts(rows: int) -> list[Conversation]:
    """Return questions of different lengths."""
    return [Conversation.ask("How much is the Aurora lamp? " * (1 + i % 5)) for i in range(rows)]


def ours(target: LocalTarget, asked: Sequence[Conversation]) -> Answer:
    """Answer as `hf/…` does."""
    encoded = [target._encode(one) for one in asked]
    return lambda: target._complete(encoded, [None] * len(encoded))


def theirs(
    model: Any, tokenizer: Any, target: LocalTarget, asked: Sequence[Conversation], room: int, how: str
) -> Answer:
    """Answer by transformers."""
    encoded = [target._encode(one) for one in asked]
    longest = max(map(len, encoded))
    ids = torch.tensor([[0] * (longest - len(one)) + one for one in encoded], device=model.device)
    mask = torch.tensor([[0] * (longest - len(one)) + [1] * len(one) for one in encoded], device=model.device)
    static = {"cache_implementation": "static"} if how == "generate static" else {}

    def answer() -> Ids:
        made = model.generate(
            ids,
            attention_mask=mask,
            max_new_tokens=room,
            min_new_tokens=room,
            do_sample=False,
            eos_token_id=None,
            pad_token_id=tokenizer.pad_token_id,
            **static,
        )
        told: Ids = made[:, longest:].tolist()
        return told

    return answer


def timed(answer: Answer) -> tuple[float, Ids]:
    """Return seconds and tokens."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    began = time.perf_counter()
    made = answer()
    return time.perf_counter() - began, made


def measure(shape: str, rows: int, room: int, repeats: int, compiled: bool, single: bool) -> dict[str, Any]:
    """Return seconds, tokens per second and memory of every contestant, in turns after one that does not count."""
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
    model, tokenizer = random_model(shape, single)
    held = _gib()
    model.generation_config.eos_token_id = -1
    target, growing = (
        LocalTarget(model, tokenizer, f"hf/{shape}", max_new_tokens=room, world="helpdesk", fixed=f)
        for f in (True, False)
    )
    asked = prompts(rows)
    contest: dict[str, Answer] = {
        "drillyard": ours(target, asked),
        "growing": ours(growing, asked),
        "generate": theirs(model, tokenizer, target, asked, room, "generate"),
    }
    if compiled:
        contest["generate static"] = theirs(model, tokenizer, target, asked, room, "generate static")
    seconds: dict[str, list[float]] = {name: [] for name in contest}
    said: dict[str, Ids] = {}
    peaks: dict[str, float] = {}
    for turn in range(repeats + 1):
        for name, answer in contest.items():
            if torch.cuda.is_available():
                torch.cuda.reset_peak_memory_stats()
            took, said[name] = timed(answer)
            if turn:
                seconds[name].append(took)
                peaks[name] = _gib(peak=True)
    made = rows * room
    return {
        "shape": shape,
        "parameters": sum(one.numel() for one in model.parameters()),
        "weights GiB": held,
        "rows": rows,
        "new tokens": room,
        "contestants": {
            name: {
                "seconds": spread(took),
                "tokens/s": spread([made / one for one in took]),
                "x generate": spread([b / a for a, b in zip(took, seconds["generate"], strict=True)]),
                "peak GiB": peaks[name],
                "alike": round(_alike(said[name], said["drillyard"]), 4),
            }
            for name, took in seconds.items()
        },
    }


def spread(values: Sequence[float]) -> list[float]:
    """Return smallest, median, largest."""
    return [round(value, 3) for value in (min(values), statistics.median(values), max(values))]


def _gib(peak: bool = False) -> float:
    if not torch.cuda.is_available():
        return 0.0
    taken = torch.cuda.max_memory_allocated() if peak else torch.cuda.memory_allocated()
    return round(taken / 2**30, 2)


def _alike(one: Ids, other: Ids) -> float:
    pairs = [(a, b) for x, y in zip(one, other, strict=True) for a, b in zip(x, y, strict=True)]
    return sum(a == b for a, b in pairs) / len(pairs)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shape", action="append", choices=list(SHAPES), help="default 1b and 7b")
    parser.add_argument("--rows", type=int, default=32, help="prompts at the same time, default %(default)s")
    parser.add_argument("--tokens", type=int, default=128, help="new ones per prompt, default %(default)s")
    parser.add_argument("--repeats", type=int, default=3, help="timed turns, default %(default)s")
    parser.add_argument("--float32", action="store_true", help="weights that round less: are the tokens alike?")
    parser.add_argument("--compiled", action="store_true", help="also transformers' compiled static cache")
    parser.add_argument("--save", type=Path, help="write the model of the first shape there and end")
    parser.add_argument("--json", action="store_true", help="print one JSON document instead of a table")
    options = parser.parse_args()
    shapes = options.shape or ["1b", "7b"]
    if options.save:
        model, tokenizer = random_model(shapes[0])
        model.save_pretrained(options.save)
        tokenizer.save_pretrained(options.save)
        return
    rows = [
        measure(one, options.rows, options.tokens, options.repeats, options.compiled, options.float32) for one in shapes
    ]
    about = {
        "command": " ".join(["python", *sys.argv]),
        "date": date.today().isoformat(),
        "device": torch.cuda.get_device_name() if torch.cuda.is_available() else f"CPU, {os.cpu_count()} cores",
    }
    if options.json:
        print(json.dumps({**about, "rows": rows}, indent=2))
        return
    show(rows, about)


def show(rows: Sequence[dict[str, Any]], about: dict[str, str]) -> None:
    """Print a table."""
    console = Console(width=120)
    table = Table("shape", "who", "seconds", "tokens/s", "x generate", "peak GiB", "alike")
    for row in rows:
        for name, found in row["contestants"].items():
            cells = [
                "{1:,.2f} ({0:,.2f}–{2:,.2f})".format(*found[key]) for key in ("seconds", "tokens/s", "x generate")
            ]
            table.add_row(row["shape"], name, *cells, f"{found['peak GiB']:.1f}", f"{100 * found['alike']:.0f} %")
    console.print(table)
    for name, value in about.items():
        console.print(f"{name}: {value}", highlight=False)


if __name__ == "__main__":
    main()
