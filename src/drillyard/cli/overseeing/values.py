"""`drillyard oversee values TREE.yaml`: weights, coherence, and the files that one tree drives."""

from __future__ import annotations

from pathlib import Path

import click

from drillyard.cli import show
from drillyard.cli.auditing.options import typed
from drillyard.errors import bad_input
from drillyard.oversight.values.asking import AskedTree
from drillyard.oversight.values.propose import propose_tree, write_tree
from drillyard.oversight.values.whole import ValuesReport, decompose_values, write_values
from drillyard.targets import open_target

__all__ = ["command"]


@click.command()
@click.argument("tree", required=False, type=click.Path(dir_okay=False, path_type=Path))
@click.option("--brief", default="", help="Have a model propose a tree for this brief, for you to correct.")
@click.option("--model", default="", help="Who proposes it: a target, such as openai/gpt-4o-mini.")
@click.option("--world", default="helpdesk", show_default=True, help="Where the leaves of a proposal are observed.")
@click.option("--seed", type=click.IntRange(min=0), default=1, show_default=True, help="Decides what is drawn.")
@show.out_option(Path("values"))
@show.handler
def command(tree: Path | None, brief: str, model: str, world: str, seed: int, out: Path) -> show.Outcome:
    """Decompose what people value into criteria that can be observed, and weigh them.

    TREE is a YAML file such as examples/values/helpdesk.yaml: values, each under another one; leaves with a criterion
    and an anchor for good and for bad; and comparisons by people. Writes values.html, and from the same leaves
    rubric.yaml (judges), reward.json (align --technique grpo --reward) and policy.yaml (oversee serve). Exits 1 when
    something does not fit: a circle, one rater, people who differ, leaves that overlap or that no reply breaks.
    """
    if brief or model:
        if not (brief and model):
            found = f"--{'brief' if brief else 'model'} alone"
            raise bad_input(found, "--brief and --model together", "or name a tree that you wrote")
        made = propose_tree(brief, open_target(model), world)
        path = write_tree(made, out / "tree.yaml")
        return show.Outcome(
            verdict=f"{len(made.leaves)} leaves are proposed in {path}: correct them, and compare them in pairs.",
            data=made,
            next_command=f"drillyard oversee values {path} -o {out}",
        )
    if tree is None:
        raise click.MissingParameter(param_hint="'TREE'", param_type="argument")
    asked = AskedTree(tree)
    report = decompose_values(asked.tree(), seed, asked.ideas())
    write_values(report, out, typed())
    return _shown(report, out)


def _shown(report: ValuesReport, out: Path) -> show.Outcome:
    rows = [
        (row.leaf.id, row.weight, "–" if row.stated is None else f"{row.stated:g}", f"{row.broken} of {row.observed}")
        for row in report.leaves
    ]
    return show.Outcome(
        verdict=f"{report.verdict[0].upper()}{report.verdict[1:]}.",
        state="passed" if report.coherent else "failed",
        data=report,
        body=[
            show.table("Leaves", ("leaf", "weight", "stated", "broken by"), rows),
            *map("▲ {}".format, report.problems),
        ],
        next_command=f"open {out / 'values.html'}"
        if not report.coherent
        else f"drillyard align TARGET --technique grpo --reward {out / 'reward.json'} -o RUN",
    )
