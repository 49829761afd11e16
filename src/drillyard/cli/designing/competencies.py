"""`drillyard design competencies …`: the competency model, in words and as CASE 1.1."""

from __future__ import annotations

import json
from pathlib import Path

import click

from drillyard.cli import show
from drillyard.cli.options import FILE, PATH
from drillyard.errors import bad_input
from drillyard.planning.case_standard import export_case, read_case
from drillyard.planning.catalogue import load_catalogue, write_tables
from drillyard.records.files import write_atomically
from drillyard.stats.shown import tell_count

__all__ = ["command"]


@click.group()
def command() -> None:
    """Show, export or import the competencies that programmes are planned from."""


def _beside(brief: Path | None) -> Path | None:
    if brief and not brief.is_file():
        raise bad_input(f"no brief {str(brief)!r}", "a YAML file, or none for what ships")
    return brief.parent if brief else None


@command.command("show")
@click.argument("brief", required=False, type=PATH)
@show.handler
def _show(brief: Path | None) -> show.Outcome:
    """Show roles, competencies and risks: those that ship, with your own beside BRIEF."""
    catalogue = load_catalogue(_beside(brief))
    held = {
        one.id: [role.id for role in catalogue.roles if one.id in role.competencies] for one in catalogue.competencies
    }
    rows = [(one.id, one.title, ", ".join(one.after), ", ".join(held[one.id])) for one in catalogue.competencies]
    risks = [
        (risk.id, risk.title, ", ".join(dict.fromkeys(role for one in risk.requires for role in one.roles)))
        for risk in catalogue.risks
    ]
    model = catalogue.model
    return show.Outcome(
        verdict=f"{model.title} {model.edition}: {len(rows)} competencies, "
        f"{tell_count(len(catalogue.roles), 'role')}, {tell_count(len(risks), 'risk')}.",
        data=catalogue,
        body=[
            show.table("Competencies", ("id", "competency", "after", "needed by"), rows),
            show.table("Risks, for 'risks' of a system in a brief", ("id", "what can go wrong", "asks more of"), risks),
        ],
        next_command="drillyard design competencies export -o competencies.json",
    )


@command.command("export")
@click.argument("brief", required=False, type=PATH)
@click.option("-o", "--out", type=FILE, required=True, help="File to write.")
@show.handler
def _export(brief: Path | None, out: Path) -> show.Outcome:
    """Write the competencies as a CASE 1.1 package: those that ship, with your own beside BRIEF."""
    catalogue = load_catalogue(_beside(brief))
    package = export_case(catalogue)
    write_atomically(out, (json.dumps(package, indent=2, ensure_ascii=False) + "\n").encode())
    items, edges = len(package["CFItems"]), len(package["CFAssociations"])
    return show.Outcome(
        verdict=f"Wrote {out}: {items} items, {edges} associations.",
        data={"path": str(out), "items": items, "associations": edges, "edition": catalogue.model.edition},
        next_command=f"drillyard design competencies import {out} -o catalogue",
    )


@command.command("import")
@click.argument("package", type=PATH)
@show.out_option(default=Path("catalogue"))
@show.handler
def _import(package: Path, out: Path) -> show.Outcome:
    """Read a CASE 1.1 package to tables of your own, for the folder `catalogue` beside a brief.

    What Drillyard has already, under the same UUID, is left out.
    """
    read = read_case(package, load_catalogue())
    tables = {"competencies": read.competencies, "objectives": read.objectives, "sources": read.sources}
    written = write_tables(out, {name: rows for name, rows in tables.items() if rows})
    counts = {name: len(rows) for name, rows in tables.items()}
    told = ", ".join(f"{count} {name}" for name, count in counts.items())
    return show.Outcome(
        verdict=f"Imported {read.model.title} {read.model.edition}: {told}; {len(read.known)} were here already.",
        data={"written": written, "known": read.known, **counts},
        next_command=f"name them in {out / 'roles.yaml'}, then type: drillyard design competencies show BRIEF"
        if written
        else "",
    )
