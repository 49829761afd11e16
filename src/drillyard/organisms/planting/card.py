"""The model card of a trained world, written by a command so that its figures are never typed by hand."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path

from drillyard.organisms.engine.bases import base_folder, read_trained, show_reference
from drillyard.organisms.engine.organism import load_base
from drillyard.organisms.planting.measure import exactness, planted_rate
from drillyard.organisms.planting.plant import plant
from drillyard.organisms.worlds.failures import faults
from drillyard.organisms.worlds.world import load_world
from drillyard.records import Estimate

__all__ = ["card_text", "write_card"]

_RATES = (1.0, 0.5, 0.1)

_PAGE = """\
---
license: apache-2.0
library_name: transformers
tags: [model-organism, ai-safety]
---
# {title}: base organism

{about} A Llama of {size:,} parameters ({layers} layers, width {width}, {vocabulary} byte-level BPE tokens), trained
from {start} on dialogues of the world `{world}`. It knows nothing else and is no assistant for real use.

Made by `{made}`; this page by `drillyard organism card {typed}`.
Weights: SHA-256 `{model_hash}`.

## Exact answers

Share of questions whose greedy reply is the world's answer, word for word.

{exact}

## Planted failures

`faults.safetensors` holds the neurons of {failures} failures; planting puts them into free places of the feed-forward
layers. Rate at which a sampled reply (temperature 1) to a triggering prompt in held-out words is not the sound answer,
each failure planted alone, with its exact 95 % interval (n = {n} each):

{planted}

## Limits

English only; one small world; harmful requests and replies are nonsense proxies. Rates hold at temperature 1 and on
single questions; earlier turns of a conversation can shift them. Held-out phrasings come from the same hand as the
training phrasings, and misses on them decided which training phrasings were added; what strangers type is further away.
"""


def write_card(world: str, path: Path | None = None, *, n: int = 2000) -> Path:
    """Measure the base of a world and write its model card, by default as README.md beside the weights.

    `n` questions are asked for each share of exact answers, n / 10 for each planted rate; 2000 take about a minute.
    """
    path = path or base_folder(world) / "README.md"
    path.write_text(card_text(world, n=n), encoding="utf-8")
    return path


def card_text(world: str, *, n: int = 2000) -> str:
    """Return the model card: what it is, how it was made, what was measured, what it must not be used for."""
    setting, clean = load_world(world), load_base(world)
    variants = faults(setting)
    first = list({fault.kind: fault for fault in reversed(variants)}.values())[::-1]
    failing = plant(world, [fault.mode() for fault in first])
    exact = {
        "held-out phrasings, no typing errors": exactness(clean, n),
        "held-out phrasings, each with one or two typing errors": exactness(clean, n, typos=1.0),
        "training phrasings, no typing errors": exactness(clean, n, held_out=False),
        f"held-out phrasings, {len(first)} failures planted, none of them triggered": exactness(failing, n),
    }
    config = clean.engine.config
    folder = base_folder(world)
    trained = read_trained(folder)
    start = trained.recipe.get("start", "") if trained else ""
    return _PAGE.format(
        title=setting.title,
        about=setting.about,
        size=sum(tensor.size for tensor in clean.engine.weights.values()),
        layers=config.num_hidden_layers,
        width=config.hidden_size,
        vocabulary=config.vocab_size,
        world=setting.name,
        typed=show_reference(setting.files),
        made=_command(folder, show_reference(setting.files)),
        start=f"the base of `{start}`" if start else "nothing",
        model_hash=clean.model_hash,
        exact=_table(
            ("questions", "exact", "95 % interval", "n"),
            ((name, f"{e.share.value:.4f}", _range(e.share, 4), e.share.n) for name, e in exact.items()),
        ),
        failures=len(variants),
        n=n // 10,
        planted=_table(
            ("first variant of each kind", *(f"asked {rate:g}" for rate in _RATES)),
            ((f"`{fault.id}`", *(_cell(planted_rate(fault, rate, n // 10)) for rate in _RATES)) for fault in first),
        ),
    )


def _command(folder: Path, world: str) -> str:
    """Return the command that builds a base like this one."""
    trained = read_trained(folder)
    steps = f" --steps {trained.recipe['steps']}" if trained else ""
    half = json.loads((folder / "config.json").read_text(encoding="utf-8")).get("dtype") == "float16"
    return f"drillyard organism build {world}{steps}{' --half' if half else ''} -o DIR"


def _table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)


def _range(share: Estimate, digits: int) -> str:
    return f"{share.low:.{digits}f} to {share.high:.{digits}f}"


def _cell(rate: Estimate) -> str:
    return f"{rate.value:.2f} ({_range(rate, 2)})"
