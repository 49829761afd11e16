"""`drillyard refine DIR`: what the attempts say about a programme's drills, and experiments on revisions."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import click
from rich.console import RenderableType
from rich.text import Text

from drillyard.cli import show
from drillyard.cli.options import FILE, FOLDER, page_option, seed_option
from drillyard.errors import bad_input
from drillyard.programs.assisted import ask_assistant
from drillyard.programs.folder import ProgramFolder
from drillyard.programs.refine import DrillReport, Part, Quartiles
from drillyard.programs.refinement import Refinement, refine_programme, simulate_programme
from drillyard.programs.simulated import SimulatedRefinement
from drillyard.psychometrics.analysis import Analysis, Proposal
from drillyard.psychometrics.experiment import RevisionDecision
from drillyard.registrar.attempts import answered, attempts
from drillyard.targets import open_in

__all__ = ["command"]

_STATES: Mapping[str, show.State] = {"in-range": "passed", "flagged": "failed", "not-enough-evidence": "unknown"}
_MOST = 20_000
_ROOM = 1500
"""Tokens of an assistant's answer: the longest form asks for 22 lines."""


@click.command()
@click.argument("programme", type=FOLDER)
@click.option("--try", "revision", type=FILE, help="YAML file with a revision: begin an experiment, draw who gets it.")
@click.option("--simulate", type=click.IntRange(1, _MOST), help="So many simulated learners instead of people.")
@click.option("--assistant", help="A model that tries every drill on paper alone, such as openai/gpt-4o-mini.")
@seed_option("Decides what is simulated.")
@page_option("Folder for the page and report; PROGRAMME/refined by default.")
@show.handler
def command(
    programme: Path, revision: Path | None, simulate: int | None, assistant: str | None, seed: int, out: Path | None
) -> show.Outcome:
    """Read attempts and say what to change in a programme.

    Exits 0 when every drill has enough evidence and nothing is flagged, 1
    otherwise; with --simulate 0 when what was planted is recovered. What a
    model handed in (--assistant) is told beside, and counts for neither.
    """
    if simulate and (revision or assistant):
        other = "--try" if revision else "--assistant"
        raise bad_input(f"--simulate and {other}", "one of both: simulated learners are no people, and no model")
    if assistant:
        with show.progress("asking the assistant") as step:
            ask_assistant(ProgramFolder(programme), open_in("", assistant, max_new_tokens=_ROOM), step)
    if simulate:
        with show.progress("simulating") as step:
            return _simulated(simulate_programme(programme, simulate, seed, out, step), programme)
    return _refined(refine_programme(programme, attempts, answered, revision, out), programme)


def _refined(made: Refinement, programme: Path) -> show.Outcome:
    begun = [Text(f"{made.begun}\n")] if made.begun else []
    return show.Outcome(
        verdict=made.report.verdict,
        state=_STATES[made.report.state],
        data=made.report,
        body=[
            *begun,
            *(part for drill in made.report.drills for part in _body(drill)),
            *(_parts(made.report.parts) if made.report.parts else ()),
            *(_parts(made.report.items, "Questions") if made.report.items and made.report.items.enough else ()),
            *map(_proposed, made.report.questions),
            *(Text(f"\n{name}: {gained.verdict}") for name, gained in made.report.gains.items()),
            *_experiments(made.report.experiments),
            Text(f"page: {made.page}"),
        ],
        next_command=f"drillyard yard serve {programme}",
    )


def _simulated(made: tuple[SimulatedRefinement, Path], programme: Path) -> show.Outcome:
    found, page = made
    rows = [
        (one.item, f"{one.planted_slope:.2f}", _told(one.slope), f"{one.planted_difficulty:.2f}",
         _told(one.difficulty))
        for one in found.recovered
    ]  # fmt: skip
    tried = [(one.name, f"{one.effect:+.2f}", one.decision.pairs, one.decision.action, one.decision.words)
             for one in found.revisions]  # fmt: skip
    return show.Outcome(
        verdict=found.verdict,
        state="passed" if found.holds else "failed" if found.enough and found.analysis.enough else "unknown",
        data=found,
        body=[
            show.table("Parts: planted and measured", ("part", "slope", "found", "difficulty", "found"), rows),
            show.table("Revisions", ("revision", "true effect", "pairs", "decision", "why"), tried),
            Text(
                f"Solved with refinement {100 * found.solved_with:.1f} %, without {100 * found.solved_without:.1f} %. "
                f"Abilities within their intervals: {show.estimate(found.abilities_held)}."
            ),
            Text(f"page: {page}"),
        ],
        next_command=f"drillyard refine {programme}",
    )


def _told(number: object) -> object:
    return "unknown" if number is None else number


def _parts(analysis: Analysis, title: str = "Parts") -> list[RenderableType]:
    if not analysis.enough:
        return [Text(f"\n{analysis.verdict}")]
    rows = [(one.item, one.share, _told(one.difficulty), one.words) for one in analysis.items]
    body = [
        show.table(
            f"{title} on one scale", (title.lower().removesuffix("s"), "reached", "difficulty", "what that says"), rows
        )
    ]
    return [*body, *map(_proposed, analysis.proposals), Text(analysis.verdict)]


def _proposed(one: Proposal) -> Text:
    needs = f" (about {one.learners_needed} learners show it)" if one.learners_needed else ""
    return Text(show.plain(f"{one.target}: {one.evidence}. Maybe {one.hypothesis}; {one.edit}{needs}."))


def _experiments(decisions: tuple[RevisionDecision, ...]) -> list[RenderableType]:
    rows = [(one.revision, one.pairs, one.effect, one.action, one.words) for one in decisions]
    return [show.table("Experiments", ("revision", "pairs", "new − old", "decision", "why"), rows)] if rows else []


def _body(drill: DrillReport) -> list[RenderableType]:
    parts = [drill.solved, *drill.sub_checks, *drill.roles]
    counts = (
        f"{drill.graded} of {drill.learners} learners graded, {drill.unfinished} not yet, {drill.retries} later tries"
    )
    body: list[RenderableType] = [
        show.table(drill.drill, ("part", "solved", "what that allows"), [_row(part) for part in parts]),
        Text(f"{counts}. Minutes: {_spread(drill.minutes)}. Hints: {_spread(drill.hints)}."),
        *map(Text, drill.proposals),
    ]
    if drill.rehearsals:
        rows = [(one.solver, one.attempts, one.rate) for one in drill.rehearsals]
        body.append(show.table("Rehearsal: scripts and models, no learners", ("solver", "attempts", "passed"), rows))
    return body


def _row(part: Part) -> tuple[str, str, str]:
    return part.id, show.estimate(part.solved) if part.solved else "not shown", part.verdict.words


def _spread(quartiles: Quartiles | None) -> str:
    if quartiles is None:
        return "not shown"
    return f"median {quartiles.median:g}, half of them {quartiles.lower:g} to {quartiles.upper:g}"
