"""`drillyard contain channel [SPEC.yaml]`: bits that an oracle's answers can carry, and do carry."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from rich.console import RenderableType

from drillyard.cli import show
from drillyard.cli.options import spec_argument
from drillyard.containment.channels.spec import ChannelSpec, ChannelStudy, study
from drillyard.records.yaml_file import read_yaml_record

__all__ = ["command"]


@click.command()
@spec_argument()
@click.option("--answer", type=str, help="binary, grid-N, categorical-N or days-N (within N years); grid-21.")
@click.option("--per-day", type=float, help="Answers a day; 50.")
@click.option("--slots", type=int, help="Moments at which an answer may arrive; 1 is constant time.")
@click.option("--refusal/--no-refusal", default=None, help="Whether the oracle may refuse, one more symbol; no.")
@click.option("--payload", type=float, help="Bits that must not get out; 1000000.")
@click.option("--entropy", type=float, help="Bits that honest answers use up; 0.")
@click.option("--budget", type=float, help="Most bits a year; no limit.")
@click.option("--dither", type=float, help="Noise before rounding, in steps: 0, or at least 1; 1.")
@click.option("--oracles", type=int, help="Oracles that must agree; 3.")
@click.option("--steers", type=float, help="Probability that one oracle steers; 0.1.")
@click.option("--rho", type=float, help="Probability that copies share one decision; 0.2.")
@click.option("--seed", type=int, help="Of the measurement; 1.")
@show.handler
def command(spec: Path | None, **options: Any) -> show.Outcome:
    """Count the bits that an oracle's answers can carry, and those they do.

    Bounds them by the answer type, timing and refusals, measures a planted secret before and after canonicalisation,
    and says what a consensus of oracles is worth. Exits 1 when the bits of a year are over the budget.
    """
    start = read_yaml_record(spec, ChannelSpec) if spec else ChannelSpec()
    given = {name: value for name, value in options.items() if value is not None}
    found = study(ChannelSpec.from_data({**start.model_dump(), **given}))
    return show.Outcome(
        verdict=f"{found.spec.answer} carries at most {found.bound.bits:.2f} bits an answer, "
        f"{found.bound.bits_per_year:,.0f} bits a year.",
        data=found,
        state="passed" if found.holds else "failed",
        body=_body(found),
        next_command="drillyard contain forecast",
    )


def _body(found: ChannelStudy) -> list[RenderableType]:
    bound, agreed = found.bound, found.consensus
    needed = "no number of answers carries" if bound.answers is None else f"{bound.answers:,} answers carry"
    parts = f"of these, timing {bound.timing_bits:.2f} and refusals {bound.refusal_bits:.2f} bits an answer"
    body: list[RenderableType] = [parts, f"{needed} a payload of {bound.payload:,.0f} bits"]
    if bound.settings:
        rows = [(one.name, f"{one.bits:.2f}", f"{one.score_loss:.5f}") for one in bound.settings]
        body.append(show.table("Score loss against bits", ("canonicaliser", "bits", "Brier loss"), rows))
    measured = [
        (one.name, show.estimate(one.leakage.bits), f"{one.leakage.p_value:.3f}", show.estimate(one.gap))
        for one in found.released
    ]
    columns = ("answers", "bits measured", "p of none", "what a decoder gains")
    body.append(show.table("One planted bit per answer, hidden in its parity", columns, measured))
    body.append(
        f"\n{agreed.k} oracles that must agree show a steered answer in {agreed.steered_shown:.4f} of questions "
        f"({agreed.independent:.4f} if independent)" + ("; void: copies that share a decision decide it" * agreed.void)
    )
    return [*body, f"\n{found.does_not_show}"]
