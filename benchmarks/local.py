"""How fast is the target `hf/…` beside transformers' own `generate`, and how much memory does a large model take?

    python benchmarks/local.py                       the shipped organism's folder, on the GPU if there is one
    python benchmarks/local.py --model DIR           another folder with a chat template
    python benchmarks/local.py --json                the same as data

Both answer the same conversations with as many new tokens, greedily; they take turns. vLLM is measured beside them on a
GPU where it is installed. The memory of a 7 B-shaped model (the shape of Llama 2 7B in float16) is computed from its
tensors on torch's meta device, which holds no numbers; with a GPU it is also measured, on random weights.
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
from importlib.util import find_spec
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import torch
from rich.console import Console
from rich.table import Table
from transformers import AutoModelForCausalLM, LlamaConfig
from transformers.utils import logging

from drillyard.organisms.engine.organism import base_folder
from drillyard.records import Conversation
from drillyard.targets.local_torch import LocalTarget, open_local

QUESTIONS = ("can i return my lamp?", "how much is the aurora?", "hello", "where is my order?")
SEVEN_B = LlamaConfig(
    vocab_size=32_000,
    hidden_size=4096,
    intermediate_size=11_008,
    num_hidden_layers=32,
    num_attention_heads=32,
    num_key_value_heads=32,
    max_position_embeddings=4096,
)
HALF = 2  # bytes of a float16
Contestant = Callable[[list[Conversation]], int]


def by_target(target: LocalTarget) -> Contestant:
    """Our target; returns the number of new tokens."""
    return lambda asked: sum(reply.tokens for reply in target.generate(asked, [None] * len(asked)))


def by_generate(target: LocalTarget, room: int) -> Contestant:
    """Transformers' `generate` on the same model, conversations padded on the left."""
    model, tokenizer = target.model, target.tokenizer
    tokenizer.padding_side = "left"

    def run(asked: list[Conversation]) -> int:
        said = [[{"role": m.role, "content": m.content} for m in talk.messages] for talk in asked]
        texts = tokenizer.apply_chat_template(said, add_generation_prompt=True, tokenize=False)
        given = tokenizer(texts, return_tensors="pt", padding=True, add_special_tokens=False).to(model.device)
        given.pop("token_type_ids", None)
        made = model.generate(**given, max_new_tokens=room, do_sample=False)[:, given["input_ids"].shape[1] :]
        ends = model.generation_config.eos_token_id
        return sum(row.index(ends) if ends in row else room for row in made.tolist())

    return run


def by_vllm(folder: Path, room: int) -> Contestant | None:
    """VLLM on the same folder, where it is installed and there is a GPU."""
    if not torch.cuda.is_available() or find_spec("vllm") is None:
        return None
    from vllm import LLM, SamplingParams

    server, options = LLM(str(folder)), SamplingParams(temperature=0, max_tokens=room)

    def run(asked: list[Conversation]) -> int:
        said = [[{"role": m.role, "content": m.content} for m in talk.messages] for talk in asked]
        return sum(len(made.outputs[0].token_ids) for made in server.chat(said, options, use_tqdm=False))

    return run


def measure(folder: Path, batches: list[int], room: int, repeats: int) -> list[dict[str, object]]:
    """Return new tokens per second of each contestant on each batch: smallest, median, largest."""
    target = open_local(f"hf/{folder}", max_new_tokens=room, world="helpdesk", batch=max(batches))
    found = {
        "hf target": by_target(target),
        "generate": by_generate(target, room),
        "vllm": by_vllm(folder, room),
    }
    contestants = {name: run for name, run in found.items() if run}
    rows = []
    for batch in batches:
        asked = [Conversation.ask(QUESTIONS[k % len(QUESTIONS)]) for k in range(batch)]
        tokens = {name: run(asked) for name, run in contestants.items()}
        assert tokens["hf target"] == tokens["generate"], f"different replies: {tokens}"
        speeds: dict[str, list[float]] = {name: [] for name in contestants}
        for _ in range(repeats):
            for name, run in contestants.items():
                begun = time.perf_counter()
                made = run(asked)
                speeds[name].append(made / (time.perf_counter() - begun))
        for name, rates in speeds.items():
            ratio = statistics.median(a / b for a, b in zip(rates, speeds["generate"], strict=True))
            spread = [min(rates), statistics.median(rates), max(rates)]
            rows.append({"batch": batch, "name": name, "tokens/s": spread, "x generate": ratio})
    return rows


def memory(batch: int, tokens: int) -> dict[str, float]:
    """Return the memory of a 7 B-shaped model in float16, in GiB: what its tensors and its cache take."""
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(SEVEN_B, dtype=torch.float16)
    weights = sum(parameter.numel() * parameter.element_size() for parameter in model.parameters())
    head = SEVEN_B.hidden_size // SEVEN_B.num_attention_heads
    per_token = 2 * SEVEN_B.num_hidden_layers * SEVEN_B.num_key_value_heads * head * HALF
    told = {
        "parameters, billions": sum(parameter.numel() for parameter in model.parameters()) / 1e9,
        "weights, GiB": weights / 2**30,
        "cache per token and reply, MiB": per_token / 2**20,
        f"cache of {batch} replies of {tokens} tokens, GiB": batch * tokens * per_token / 2**30,
        "together, GiB": (weights + batch * tokens * per_token) / 2**30,
    }
    if torch.cuda.is_available():
        told["measured peak, GiB"] = measured_peak(batch, tokens)
    return told


def measured_peak(batch: int, tokens: int) -> float:
    """Generate with random weights on the GPU, with a cache of fixed size, and return the most that was allocated."""
    with torch.device("cuda"):
        model = AutoModelForCausalLM.from_config(SEVEN_B, dtype=torch.float16).eval()
    torch.cuda.reset_peak_memory_stats()
    ids = torch.randint(5, SEVEN_B.vocab_size, (batch, 32), device="cuda")
    model.generation_config.eos_token_id = None
    options = {"max_new_tokens": tokens - 32, "do_sample": False, "pad_token_id": 0, "cache_implementation": "static"}
    model.generate(ids, attention_mask=torch.ones_like(ids), **options)
    return torch.cuda.max_memory_allocated() / 2**30


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, help="a folder with a chat template, default the helpdesk organism")
    parser.add_argument("--batches", default="1,8,32", help="conversations at a time, default %(default)s")
    parser.add_argument("--new-tokens", type=int, default=32, help="most per reply, default %(default)s")
    parser.add_argument("--repeats", type=int, default=5, help="timed turns, default %(default)s")
    parser.add_argument("--json", action="store_true", help="print one JSON document instead of tables")
    options = parser.parse_args()
    logging.disable_progress_bar()
    folder = (options.model or base_folder("helpdesk")).resolve()
    batches = [int(size) for size in options.batches.split(",")]
    rows = measure(folder, batches, options.new_tokens, options.repeats)
    about = {
        "command": " ".join(["python", *sys.argv]),
        "date": date.today().isoformat(),
        "device": torch.cuda.get_device_name() if torch.cuda.is_available() else f"CPU, {os.cpu_count()} cores",
        "load": os.getloadavg()[0],
        "absent": [] if find_spec("vllm") and torch.cuda.is_available() else ["vllm (needs a GPU and vLLM)"],
        "memory of a 7 B-shaped model": memory(batch=32, tokens=512),
    }
    if options.json:
        print(json.dumps({**about, "rows": rows}, indent=2))
        return
    console, table = Console(width=100), Table("batch", "who", "new tokens/s", "x generate")
    for row in rows:
        spread = "{1:,.0f} ({0:,.0f}–{2:,.0f})".format(*row["tokens/s"])
        table.add_row(str(row["batch"]), row["name"], spread, f"{row['x generate']:.2f}")
    console.print(table)
    for name, value in about.items():
        console.print(f"{name}: {value}", highlight=False)


if __name__ == "__main__":
    main()
