"""The verbs of `drillyard yard` that tell others what was learned: exports, a record store, evidence for an audit."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from drillyard.cli import show
from drillyard.cli.options import FOLDER
from drillyard.exports.evidence import check_pack, make_pack
from drillyard.exports.push import push
from drillyard.exports.writing import FORMATS, export

__all__ = ["check_command", "evidence_command", "export_command", "push_command"]

_FOLDER = click.argument("folder", type=FOLDER)


@click.command("export")
@_FOLDER
@click.option("--format", "form", required=True, type=click.Choice(list(FORMATS)), help="What it is to be read by.")
@click.option(
    "--url", default="https://yard.invalid", show_default=True, help="The yard's address, as learners reach it."
)
@show.out_option()
@show.handler
def export_command(folder: Path, form: str, url: str, out: Path) -> show.Outcome:
    """Write a programme for other systems: shells that launch its drills, statements, items, badges, tables.

    Nothing sealed goes out: keys, seeds, hints, codes and names are looked for first, and the rules of the format are
    checked. Neither says how a platform imports it: try that with yours.
    """
    made = export(folder, form, out, url)
    return show.Outcome(
        verdict=f"{made.entries} {'entry' if made.entries == 1 else 'entries'} written as {form}.",
        data={"format": form, "files": [str(file) for file in made.files], "checks": list(made.checks)},
        body=[
            f"checked: {'; '.join(made.checks)}; not tried in a platform",
            show.table("Files", ("file",), [(str(file),) for file in made.files[:20]]),
        ],
        next_command=f"drillyard yard serve {folder}",
    )


@click.command("push")
@_FOLDER
@click.option("--lrs", required=True, help="Address of the record store's xAPI, before /statements.")
@click.option("--url", required=True, help="The yard's address, as learners reach it; the same one each time.")
@show.handler
def push_command(folder: Path, lrs: str, url: str) -> show.Outcome:
    """Send xAPI statements of what learners did to a learning record store: each once, whatever dies in between.

    The store knows the yard by DRILLYARD_LRS_KEY and DRILLYARD_LRS_SECRET of the environment. Exits 1 where it refuses
    a statement or stops answering; the same command then goes on from there.
    """
    with show.progress("sending") as step:
        done = push(folder, lrs, url, progress=step)
    told = f"{done.sent} sent, {done.known} there already"
    if done.refused:
        told += f", {len(done.refused)} refused"
    if done.stopped:
        told += f", {done.left} not sent: {done.stopped}"
    return show.Outcome(
        verdict=f"{told}.",
        state="failed" if done.refused or done.stopped else "passed",
        data=asdict(done),
        body=[f"▲ {name}: {why}" for name, why in done.refused[:20]],
        next_command=f"drillyard yard push {folder} --lrs {lrs} --url {url}" if done.stopped else "",
    )


@click.command("evidence")
@_FOLDER
@show.out_option()
@show.handler
def evidence_command(folder: Path, out: Path) -> show.Outcome:
    """Write the evidence pack: what each role has shown, rows, a page that prints, and a signature.

    Nothing is told of fewer than five people, alone or by the difference of two packs.
    """
    pack = make_pack(folder, out)
    told = sum(cell.passed is not None for role in pack.roles for cell in role.cells)
    return show.Outcome(
        verdict=f"{told} of {sum(len(role.cells) for role in pack.roles)} results are of {pack.k} people or more.",
        data=pack,
        next_command=f"drillyard yard evidence-check {out}",
    )


@click.command("evidence-check")
@_FOLDER
@click.option("--key", default="", help="Name of the key that must have signed it, as its owner told you.")
@show.handler
def check_command(folder: Path, key: str) -> show.Outcome:
    """Check an evidence pack, offline: signature, hashes, and every number computed anew. Exits 1 where one fails."""
    _, signer, wrong = check_pack(folder, key)
    return show.Outcome(
        verdict=f"It does not hold: {wrong[0]}." if wrong else f"It holds, signed by the key {signer}.",
        state="failed" if wrong else "passed",
        data={"holds": not wrong, "key": signer, "wrong": wrong},
        body=[f"▲ {one}" for one in wrong],
    )
