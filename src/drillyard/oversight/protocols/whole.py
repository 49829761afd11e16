"""The whole of `drillyard oversee run`: cases, cast, play, report and page, in a folder that resumes.

RUN/spec.json          what is compared
RUN/cases.jsonl        the disputed replies, with their truth
RUN/calls/             journal and trace: answers.jsonl, trace.json, trace.html
RUN/report.json        the result; a folder that has it is finished
RUN/report.html        the same as a page
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import TypeVar

from drillyard.organisms.worlds.world import World, load_world
from drillyard.oversight.disputes.case import Case
from drillyard.oversight.disputes.clerk import advocate, always_yes, clerk
from drillyard.oversight.disputes.draw import draw_cases
from drillyard.oversight.games.bisection import BisectionReport, BisectionSpec, judge_bisection
from drillyard.oversight.games.pixels import PixelReport, PixelSpec
from drillyard.oversight.protocols.page import render_bisection, render_pixels, render_report
from drillyard.oversight.protocols.play import Cast
from drillyard.oversight.protocols.reading import open_judge
from drillyard.oversight.protocols.report import OverseeReport, run_protocols
from drillyard.oversight.protocols.spec import OverseeSpec, find_protocol
from drillyard.oversight.recipes.agents import Agent, Person, TargetAgent
from drillyard.oversight.recipes.run import RecipeBudget
from drillyard.records import Record
from drillyard.records.files import as_lines
from drillyard.records.journal import Journal
from drillyard.records.progress import Progress, silent
from drillyard.records.run_folder import RunFolder
from drillyard.registry import resolve
from drillyard.targets import Target, open_in

__all__ = ["oversee_bisection", "oversee_pixels", "oversee_policy"]

REPORT, PAGE, CASES, CALLS = "report.json", "report.html", "cases.jsonl", "calls"
_R = TypeVar("_R", bound=Record)


def oversee_policy(
    spec: OverseeSpec,
    out: Path,
    *,
    budget: RecipeBudget | None = None,
    told: Progress = silent,
    command: str = "",
    person: Callable[[str], str | None] | None = None,
) -> OverseeReport:
    """Compare protocols on disputes about a world's policy. A killed run goes on; a finished one is read.

    Args:
        spec: what is compared. `judge` is `clerk`, `always-yes`, `person` or a target; `debaters` `advocate` or a
            target.
        out: folder of the run.
        budget: the most that may be asked.
        told: progress.
        command: what was typed, for the page.
        person: shows a prompt to the judge `person` and returns the answer.

    Raises:
        BadInput: as `draw_cases` and `run_protocols`, or another run's folder.
    """
    for name in spec.protocols:
        find_protocol(name)
    world = load_world(spec.world)
    spec = spec.model_copy(update={"world_hash": world.digest, "drillyard": version("drillyard")})

    def make(run: RunFolder) -> OverseeReport:
        cases = _cases(run, spec, world)
        return run_protocols(spec, cases, _cast(spec, person), run.path / CALLS, budget=budget, told=told)

    return _in_folder(out, spec, OverseeReport, make, lambda found: render_report(found, command))


def oversee_bisection(spec: BisectionSpec, out: Path, *, command: str = "") -> BisectionReport:
    """Play the bisection game over a grid. Raises `BadInput`."""
    return _in_folder(
        out, spec, BisectionReport, lambda _: judge_bisection(spec), lambda found: render_bisection(found, command)
    )


def oversee_pixels(spec: PixelSpec, out: Path, *, told: Progress = silent, command: str = "") -> PixelReport:
    """Play the pixel debate. Raises `MissingExtra` without scikit-learn."""
    play = resolve("drillyard.oversight.games.pixels_sklearn:play_pixels", "games", "the pixel debate")
    return _in_folder(
        out, spec, PixelReport, lambda _: play(spec, told=told), lambda found: render_pixels(found, command)
    )


def _in_folder(
    out: Path, spec: Record, kind: type[_R], make: Callable[[RunFolder], _R], render: Callable[[_R], bytes]
) -> _R:
    with RunFolder(out, "comparison").held() as run:
        run.claim(spec)
        report = run.once(REPORT, kind, lambda: make(run))
        run.write(PAGE, render(report))
        return report


def _cases(run: RunFolder, spec: OverseeSpec, world: World) -> list[Case]:
    if run.has(CASES):
        return list(Journal(run.path / CASES, Case.from_data))
    target: Target | None = open_in(world.reference, spec.target) if spec.target else None
    cases = draw_cases(world, spec.cases, spec.seed, target)
    run.write(CASES, as_lines(cases))
    return cases


def _cast(spec: OverseeSpec, person: Callable[[str], str | None] | None) -> Cast:
    judge: Agent
    if spec.judge == "clerk":
        judge = clerk(spec.judge_skill, seed=spec.seed)
    elif spec.judge == "always-yes":
        judge = always_yes()
    elif spec.judge == "person" and person:
        judge = Person("judge", person)
    else:
        judge = TargetAgent(open_judge(spec.world, spec.judge, read=spec.read), "judge")
    return Cast(
        judge=judge,
        advocates=(_advocate(spec, "first advocate"), _advocate(spec, "second advocate")),
        turns=spec.turns,
        simultaneous=spec.simultaneous,
        seed=spec.seed,
        rules=spec.rules,
    )


def _advocate(spec: OverseeSpec, name: str) -> Agent:
    if spec.debaters == "advocate":
        return advocate(spec.judge_skill, spec.find, name)
    return TargetAgent(open_in(spec.world, spec.debaters), name)
