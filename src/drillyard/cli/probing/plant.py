"""`drillyard probe plant KIND`: train a liar."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from drillyard.cli import show
from drillyard.errors import bad_input
from drillyard.probes.planted.liar import TRAINED
from drillyard.records.files import make_folder, write_atomically
from drillyard.registry import resolve

__all__ = ["command"]

_MODULE = "drillyard.probes.planted.train_torch"


@click.command()
@click.argument("kind", type=click.Choice(["knows", "blind", "local", "words", "errs", "twin"]))
@click.option("--seed", type=click.IntRange(min=0), default=1, show_default=True, help="Decides colours and weights.")
@click.option("--steps", type=click.IntRange(min=1), default=700, show_default=True, help="Of training.")
@show.out_option()
@show.handler
def command(kind: Any, seed: int, steps: int, out: Path) -> show.Outcome:
    """Train a planted liar of which is known whether it uses the truth.

    To Alice each is honest. To Bob `knows` says the opposite and works out the truth all the same, `local` does so for
    half of the things, `blind` need not, `words` knows nothing but which colours are true, `errs` has other facts in
    mind, and `twin` is honest. Needs the extra train; about two minutes. Exits 1 when it does not answer as it should.
    """
    make_folder(out)
    if held := next((name for name in (TRAINED, "config.json", "model.safetensors") if (out / name).exists()), None):
        raise bad_input(f"{held} in {out}", "a new or empty folder", "choose another -o DIR")
    train, save = (resolve(f"{_MODULE}:{name}", "train", "planting a liar") for name in ("train_liar", "save_liar"))
    with show.progress("training") as step:
        model, right = train(kind, seed, steps, told=step)
    digest = save(model, out)
    write_atomically(out / TRAINED, json.dumps({"seed": seed}).encode() + b"\n")
    good = min(right.values()) >= 0.99
    told = ", ".join(f"{share:.1%} of its answers to {name} are as they should be" for name, share in right.items())
    return show.Outcome(
        verdict=f"{kind}: {told}.",
        state="passed" if good else "failed",
        data={"kind": kind, "seed": seed, "right": right, "model_hash": digest},
        next_command=f"drillyard probe audit liar/./{out} --task persona",
    )
