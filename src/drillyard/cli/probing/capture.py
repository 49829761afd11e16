"""`drillyard probe capture TARGET …`: hidden states, read once and kept."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from drillyard.cli import show
from drillyard.probes.capture.reader import check_readable, reader_of
from drillyard.probes.capture.statement import POSITIONS, Position, read_statements
from drillyard.probes.capture.store import Dtype, capture_to, every_layer
from drillyard.probes.tasks.known import TASKS, task_for
from drillyard.targets import open_target

__all__ = ["command"]


@click.command()
@click.argument("target")
@click.option("--task", help=f"{', '.join(TASKS)}, or a file of labelled statements (.jsonl).")
@click.option("--texts", type=click.Path(dir_okay=False, path_type=Path), help="A file of statements, labels or not.")
@click.option("--at", type=click.Choice(POSITIONS), default="statement-end", show_default=True, help="The token read.")
@click.option("--layers", default="", help="Such as 0,3,6, or all; by default about ten, evenly spread.")
@click.option(
    "--dtype", type=click.Choice(["float32", "float16"]), default="float32", show_default=True, help="On disk."
)
@show.out_option()
@show.handler
def command(
    target: str, task: str | None, texts: Path | None, at: Position, layers: str, dtype: Dtype, out: Path
) -> show.Outcome:
    """Read hidden states into a store that knows which model they are of.

    The store is an array on disk (states.npy: statements, layers, width) with the rows beside it. A killed capture goes
    on with the same command; the states of another model are refused by their hash.
    """
    if bool(task) == bool(texts):
        raise click.UsageError("found both or neither of --task and --texts, expected one of them")
    make, read = task_for(task) if task else None, read_statements(texts) if texts else []
    opened: Any = open_target(check_readable(target))
    rows = make(opened).rows if make else read
    reader = reader_of(opened)
    del opened
    with show.progress("reading") as step:
        made, states = capture_to(out, reader, rows, every_layer(reader, layers), at, dtype=dtype, told=step)
    what = f"{len(rows)} statements at {at}, layers {', '.join(map(str, states.layers))}, width {reader.width}"
    return show.Outcome(
        verdict=f"{what}: {made.tokens:,} tokens in {made.seconds:.1f} s; the largest number is {made.largest:.0f}.",
        data={"folder": str(out), "shape": list(states.array.shape), "captured": made},
        next_command=f"drillyard probe audit {target} --task {task or texts}",
    )
