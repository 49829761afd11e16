"""`drillyard design plan BRIEF -o DIR`: plan a programme from a brief."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import click
from rich.console import RenderableType
from rich.text import Text

from drillyard.cli import show
from drillyard.cli.options import PATH
from drillyard.planning.clash import in_hours
from drillyard.planning.page import verdict
from drillyard.programs.design import design
from drillyard.programs.folder import ProgramFolder
from drillyard.programs.material.queue import tell_reopened, tell_unread
from drillyard.records import Clash, Plan, RolePlan

__all__ = ["command", "report_plan"]


@click.command()
@click.argument("brief", type=PATH)
@show.out_option()
@show.handler
def command(brief: Path, out: Path) -> show.Outcome:
    """Plan a programme from a brief.

    Writes the plan, as records and as the page plan.html, to the folder. Exits 1 when a role has too few hours.
    """
    with show.progress("designing") as step:
        plan = design(brief, out, progress=step)
    told = report_plan(plan, brief, out)
    return dataclasses.replace(told, body=[*_material(ProgramFolder(out)), *told.body])


def report_plan(plan: Plan, brief: Path, out: Path) -> show.Outcome:
    """Return what there is to say of a plan."""
    homeless = [Text(f"No learner takes the drill {drill}: {why}.") for drill, why in plan.unfit.items()]
    body = [*homeless, *map(_clash, plan.clashes), *map(_role, plan.roles), *_options(plan), *_files(plan, out)]
    if plan.status == "fits":
        return show.Outcome(verdict=verdict(plan), data=plan, body=body, next_command=f"drillyard create {out}")
    again = f"change {brief}, then drillyard design {brief} -o ANOTHER"
    return show.Outcome(verdict=verdict(plan), state="failed", data=plan, body=body, next_command=again)


def _material(folder: ProgramFolder) -> list[RenderableType]:
    """Return what of the policies is not read, and which drafts are open again because one has changed."""
    told = [Text(f"▲ not read, so nothing is drafted from it: {line}") for line in tell_unread(folder)]
    if opened := tell_reopened(folder):
        many = f"{len(opened)} draft{'s are' if len(opened) > 1 else ' is'} open again, because a policy has changed"
        told.append(Text(f"▲ {many}: {', '.join(opened)}; type: drillyard design review {folder.path}"))
    return [*told]


def _role(role: RolePlan) -> RenderableType:
    title = f"{role.title}: {in_hours(role.minutes)} of {role.hours:g} h, {len(role.objectives)} objectives"
    rows = [(item.start, item.activity.title, item.activity.kind, item.activity.minutes) for item in role.activities]
    return show.table(title, ("start", "activity", "kind", "minutes"), rows)


def _options(plan: Plan) -> list[RenderableType]:
    """Return the ways to plan the brief, side by side."""
    heads = ("aim", "hours of all", "objectives", "expected gain", "recalls", "kept a month", "last day")
    rows = [
        (
            f"{'● ' if one.chosen else '  '}{one.aim}",
            f"{one.hours:g}",
            one.objectives,
            f"{one.gain:.2f}",
            one.recalls,
            f"{one.kept:.0%}" if one.kept else "",
            one.last_day if one.fits else "no room",
        )
        for one in plan.options
    ]
    return [show.table("Ways to plan it: write 'aim:' in the brief to choose another", heads, rows)] if rows else []


def _files(plan: Plan, out: Path) -> list[RenderableType]:
    if not plan.sessions:
        return []
    return [Text(f"{len(plan.sessions)} sessions are in {out / 'plan.ics'}, plan.csv and plan.html.")]


def _clash(clash: Clash) -> RenderableType:
    title = clash.summary if clash.minimal else f"{clash.summary} (maybe not minimal)"
    return show.table(title, ("rule", "what dropping it frees"), zip(clash.rules, clash.remedies, strict=True))
