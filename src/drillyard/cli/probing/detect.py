"""`drillyard probe detect TARGET LABELLED`: a probe as detector, measured, and as the first stage of an audit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from drillyard.cli import show
from drillyard.cli.options import FILE, FiniteRange
from drillyard.judges.examples import read_labels
from drillyard.probes.capture.reader import check_readable, reader_of
from drillyard.probes.detect import Detector, fit_detector
from drillyard.records import Transcript
from drillyard.records.files import as_lines, make_folder, read_lines, write_atomically
from drillyard.targets import open_target

__all__ = ["command"]


@click.command()
@click.argument("target")
@click.argument("labelled", type=FILE)
@click.option("--at", type=click.Choice(["reply", "prompt"]), default="reply", show_default=True, help="Read where.")
@click.option("--level", type=FiniteRange(0.001, 0.5), default=0.05, show_default=True, help="Sound replies flagged.")
@click.option("--seed", type=click.IntRange(min=0), default=1, show_default=True, help="Decides folds.")
@click.option(
    "--rank", type=FILE, help="Transcripts, one a line: written to ranked.jsonl, the likeliest to fail first."
)
@show.out_option()
@show.handler
def command(
    target: str, labelled: Path, at: Any, level: float, seed: int, rank: Path | None, out: Path
) -> show.Outcome:
    """Fit probes on labelled replies, measure them, and rank what has not been judged.

    LABELLED holds labelled transcripts of TARGET, one a line, as drillyard audit label and audit judge take them. The
    measured error goes to detector.json, for drillyard audit fmea --detector. With --at prompt a state is read before
    the reply, so that questions can be ranked before anybody puts them. Exits 1 where text alone does as well.
    """
    rows, others = read_labels(labelled), read_lines(rank, Transcript.from_json, "transcripts") if rank else []
    opened: Any = open_target(check_readable(target))
    templates = dict(opened.organism.world.templates) if hasattr(opened, "organism") else {}
    reader = reader_of(opened)
    made = fit_detector(reader, rows, templates, where=at, level=level, seed=seed)
    make_folder(out)
    made.save(out, reader)
    if others:
        scores = made.score(reader, others, templates)
        write_atomically(out / "ranked.jsonl", as_lines([others[i] for i in scores.argsort(kind="stable")[::-1]]))
    better = [code for code, one in made.measured.items() if one.better]
    words = f"{len(made.measured)} behaviours are detected, {len(better)} of them better than by the text alone."
    return show.Outcome(
        verdict=words,
        state="passed" if len(better) == len(made.measured) else "failed",
        data={"measured": dict(made.measured), "quality": made.quality, "ranked": len(others)},
        body=[_table(made), *_of_others({one.transcript.target for one in rows} - {target, opened.reference}, target)],
        next_command=f"drillyard audit fmea REPORT --detector {out / 'detector.json'}",
    )


def _of_others(names: set[str], target: str) -> list[str]:
    """Say that replies name another model as theirs, if they do; it may be the same by another address."""
    told = ", ".join(sorted(names))
    return [f"  labelled are replies of {told}: what is measured on them need not hold for {target}"] if names else []


def _table(made: Detector) -> Any:
    rows = []
    for code, one in made.measured.items():
        counts = made.quality.behaviours[code]
        flagged = [f"{side.shown} of {side.n}" for side in (counts.failing, counts.sound)]
        rows.append((code, one.layer, one.area, one.text, *flagged))
    heads = ("behaviour", "layer", "probe", "text alone", "failing ones flagged", "sound ones flagged")
    return show.table("AUROC on other questions", heads, rows)
