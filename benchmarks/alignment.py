"""How much does our wrapper add to a bare trl script that trains the same adapter on the same data?

    python benchmarks/alignment.py                        sft and dpo on helpdesk:over-permissive, on one thread
    python benchmarks/alignment.py --technique dpo        one of them
    python benchmarks/alignment.py --steps 20 --repeats 5
    python benchmarks/alignment.py --shape 1b --steps 30  a model of 1 B random weights, on a GPU (benchmarks/shapes.py)
    python benchmarks/alignment.py --json                 the same as data

Both fit the same LoRA adapter (rank, modules, learning rate, batch, steps, seed) to the same pairs and save it; they
take turns in one process, and their weights must come out alike. Ours checks, hashes, checkpoints, counts and writes
the curve besides. Times are of the processor (`time.process_time`) and of the clock: on a machine with other work on it
only the first ones can be compared.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
import statistics
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")

import datasets
import torch
from peft import LoraConfig
from rich.console import Console
from rich.table import Table
from safetensors.numpy import load_file
from shapes import SHAPES, random_model
from transformers import AutoModelForCausalLM, AutoTokenizer, PrinterCallback, logging
from trl import DPOConfig, DPOTrainer, SFTConfig, SFTTrainer

from drillyard.alignment.base import Lesson, Setting
from drillyard.alignment.lesson import draw_pairs
from drillyard.alignment.training.dpo_torch import Dpo
from drillyard.alignment.training.sft_torch import Sft
from drillyard.organisms.engine.organism import save
from drillyard.organisms.worlds.world import World
from drillyard.records import Preference
from drillyard.targets.local_torch import LocalTarget
from drillyard.targets.organism import open_organism

OURS: dict[str, type[Sft] | type[Dpo]] = {"sft": Sft, "dpo": Dpo}
Fit = Callable[[Path], Path]


def rows_of(technique: str, pairs: tuple[Preference, ...], systems: dict[str, str]) -> list[dict[str, Any]]:
    """Return the pairs as a script of one's own would write them down for trl."""
    rows = []
    for pair in pairs:
        system = systems.get(pair.conversation.template, "")
        head = [{"role": "system", "content": system}] if system else []
        asked = [*head, *({"role": m.role, "content": m.content} for m in pair.conversation.messages)]
        chosen, rejected = ([{"role": "assistant", "content": text}] for text in (pair.chosen, pair.rejected))
        both = {"completion": chosen} if technique == "sft" else {"chosen": chosen, "rejected": rejected}
        rows.append({"prompt": asked, **both})
    return rows


def bare(technique: str, base: Path, rows: list[dict[str, Any]], steps: int) -> Fit:
    """Return a fit by a bare trl script: open the folder, train, save the adapter."""
    ours = OURS[technique]
    recipe = ours.recipe
    trainer_of, config_of, more = {
        "sft": (SFTTrainer, SFTConfig, {}),
        "dpo": (
            DPOTrainer,
            DPOConfig,
            {"beta": ours.dial.default, "loss_type": ["sigmoid", "sft"], "loss_weights": [1.0, 1.0]},
        ),
    }[technique]

    def fit(folder: Path) -> Path:
        gpu = torch.cuda.is_available()
        model = AutoModelForCausalLM.from_pretrained(base, dtype="auto" if gpu else torch.float32)
        settings = config_of(
            output_dir=str(folder / "work"),
            max_steps=steps,
            per_device_train_batch_size=recipe.batch,
            learning_rate=round(ours.pace / model.config.hidden_size, 8),
            warmup_steps=int(0.08 * steps),
            lr_scheduler_type="linear",
            adam_beta2=0.98,
            max_length=None,
            use_cpu=not gpu,
            bf16=gpu,
            activation_checkpointing=False,
            save_strategy="no",
            logging_steps=max(1, steps // 20),
            report_to="none",
            disable_tqdm=True,
            seed=1,
            **more,
        )
        trainer = trainer_of(
            model=model,
            args=settings,
            train_dataset=datasets.Dataset.from_list(rows),
            processing_class=AutoTokenizer.from_pretrained(base),
            peft_config=LoraConfig(
                r=recipe.rank, lora_alpha=recipe.rank, target_modules="all-linear", task_type="CAUSAL_LM"
            ),
        )
        trainer.remove_callback(PrinterCallback)
        trainer.train()
        trainer.save_model(str(folder / "adapter"))
        return folder / "adapter"

    return fit


def wrapped(technique: str, target: Any, world: World, pairs: tuple[Preference, ...], steps: int) -> Fit:
    """Return a fit by our technique."""

    def fit(folder: Path) -> Path:
        ours = OURS[technique](steps=steps)
        lesson = Lesson(world=world, preferences=pairs)
        cost = ours.fit(target, lesson, Setting(strength=ours.dial.default, seed=1, folder=folder))
        (folder / "tokens").write_text(str(cost.tokens), encoding="utf-8")
        return folder / "adapter"

    return fit


def timed(fit: Fit) -> tuple[float, float, Path]:
    """Run a fit in a folder of its own; return seconds of the processor and of the clock, and the adapter."""
    folder = Path(tempfile.mkdtemp(prefix="drillyard-benchmark-"))
    cpu, clock = time.process_time(), time.perf_counter()
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        adapter = fit(folder)
    return time.process_time() - cpu, time.perf_counter() - clock, adapter


def peak() -> float:
    """Return the most memory of a GPU in use since the last call, in GiB; 0 without one."""
    if not torch.cuda.is_available():
        return 0.0
    most = round(torch.cuda.max_memory_allocated() / 2**30, 2)
    torch.cuda.empty_cache()
    torch.cuda.reset_peak_memory_stats()
    return most


def apart(one: Path, other: Path) -> float:
    """Return the largest difference between two adapters' weights."""
    mine, theirs = (load_file(folder / "adapter_model.safetensors") for folder in (one, other))
    assert mine.keys() == theirs.keys(), "different modules"
    return max(float(abs(mine[name] - theirs[name]).max()) for name in mine)


def measure(technique: str, target: Any, world: World, base: Path, steps: int, repeats: int) -> dict[str, Any]:
    """Return seconds of both, in turns after one that does not count, and how far their weights are apart."""
    pairs = draw_pairs(world, n=1200, seed=1)
    fits = {
        "drillyard": wrapped(technique, target, world, pairs, steps),
        "trl": bare(technique, base, rows_of(technique, pairs, world.templates), steps),
    }
    found: dict[str, list[tuple[float, float, Path]]] = {name: [] for name in fits}
    peaks: dict[str, float] = {}
    for turn in range(repeats + 1):
        for name, fit in fits.items():
            once = timed(fit)
            peaks[name] = peak()
            if turn:
                found[name].append(once)
    tokens = int((found["drillyard"][-1][2].parent / "tokens").read_text(encoding="utf-8"))
    cpu = {name: [one[0] for one in runs] for name, runs in found.items()}
    clock = {name: [one[1] for one in runs] for name, runs in found.items()}
    return {
        "technique": technique,
        "steps": steps,
        "processor s": {name: spread(values) for name, values in cpu.items()},
        "clock s": {name: spread(values) for name, values in clock.items()},
        "ratio": spread([a / b for a, b in zip(cpu["drillyard"], cpu["trl"], strict=True)]),
        "ratio of clocks": spread([a / b for a, b in zip(clock["drillyard"], clock["trl"], strict=True)]),
        "tokens": tokens,
        "tokens/s": {name: spread([tokens / value for value in values]) for name, values in clock.items()},
        "peak GiB of the GPU": peaks,
        "weights apart": apart(found["drillyard"][-1][2], found["trl"][-1][2]),
    }


def spread(values: list[float]) -> list[float]:
    """Return smallest, median, largest."""
    return [round(value, 4) for value in (min(values), statistics.median(values), max(values))]


def opened(shape: str | None, reference: str, base: Path) -> tuple[Any, World]:
    """Return target and world, and write the model into `base`, for the script to open."""
    organism = open_organism("organism/helpdesk" if shape else reference)
    if not shape:
        save(organism.organism, base, complete=True)
        return organism, organism.organism.world
    model, tokenizer = random_model(shape)
    model.save_pretrained(base)
    tokenizer.save_pretrained(base)
    return LocalTarget(model, tokenizer, f"hf/{shape}", world=organism.organism.world), organism.organism.world


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--target", default="organism/helpdesk:over-permissive", help="default %(default)s")
    parser.add_argument("--shape", choices=list(SHAPES), help="instead, a model with random weights")
    parser.add_argument("--technique", action="append", choices=list(OURS), help="default both")
    parser.add_argument("--steps", type=int, default=0, help="of the optimiser, default the technique's own")
    parser.add_argument("--repeats", type=int, default=3, help="timed turns, default %(default)s")
    parser.add_argument("--json", action="store_true", help="print one JSON document instead of a table")
    options = parser.parse_args()
    logging.disable_progress_bar()
    datasets.disable_progress_bars()
    torch.set_num_threads(1)
    base = Path(tempfile.mkdtemp(prefix="drillyard-benchmark-base-"))
    target, world = opened(options.shape, options.target, base)
    names = options.technique or list(OURS)
    rows = [measure(n, target, world, base, options.steps or OURS[n].recipe.steps, options.repeats) for n in names]
    about = {
        "command": " ".join(["python", *sys.argv]),
        "date": date.today().isoformat(),
        "device": torch.cuda.get_device_name() if torch.cuda.is_available() else f"CPU, {os.cpu_count()} cores",
        "load": os.getloadavg()[0],
    }
    if options.json:
        print(json.dumps({**about, "rows": rows}, indent=2))
        return
    console = Console(width=120)
    table = Table("technique", "who", "processor s", "clock s", "tokens/s", "GPU GiB", "x trl, processor")
    for row in rows:
        for name in ("drillyard", "trl"):
            cpu, clock = ("{1:.1f} ({0:.1f}–{2:.1f})".format(*row[kind][name]) for kind in ("processor s", "clock s"))
            ratio = "{1:.3f} ({0:.3f}–{2:.3f})".format(*row["ratio"]) if name == "drillyard" else "1"
            speed, held = f"{row['tokens/s'][name][1]:,.0f}", f"{row['peak GiB of the GPU'][name]:.1f}"
            table.add_row(row["technique"], name, cpu, clock, speed, held, ratio)
        console.print(f"{row['technique']}: largest difference between the weights {row['weights apart']:.1e}")
    console.print(table)
    for name, value in about.items():
        console.print(f"{name}: {value}", highlight=False)


if __name__ == "__main__":
    main()
