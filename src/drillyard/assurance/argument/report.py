"""Writing a safety case: the page, the drawing, the exports, a pack per standard."""

from __future__ import annotations

from pathlib import Path

from markupsafe import Markup

from drillyard.assurance.argument.check import MARKS, ArgumentCheck
from drillyard.assurance.argument.drawing import draw_argument
from drillyard.assurance.argument.elements import Argument
from drillyard.assurance.argument.exports import as_gsn_yaml, as_oscal, check_oscal
from drillyard.assurance.argument.sacm import as_sacm
from drillyard.assurance.standards.packs import packs_of
from drillyard.records.files import write_atomically, write_record
from drillyard.records.pages import fill_paper
from drillyard.stats.shown import percent

__all__ = ["write_argument"]


def write_argument(argument: Argument, check: ArgumentCheck, folder: Path, command: str = "") -> bool:
    """Write all forms of a checked argument into a folder, and say whether OSCAL was validated.

    `argument.html`, `argument.svg`, `argument.gsn.yaml`, `argument.sacm.xml`, `oscal.json`, `check.json`, and
    `pack-STANDARD.json` each. Raises `BadInput` where nothing can be written, or trestle refuses the results.
    """
    drawing, packs, oscal = draw_argument(argument, check), packs_of(argument, check), as_oscal(argument, check)
    validated = check_oscal(oscal)
    page = fill_paper(
        "assurance",
        "argument.html.j2",
        {"percent": percent},
        argument=argument,
        check=check,
        drawing=Markup(drawing),  # made by us, every text in it escaped
        packs=packs,
        marks=MARKS,
        command=command,
    )
    for name, content in {
        "argument.html": page,
        "argument.svg": drawing.encode(),
        "argument.gsn.yaml": as_gsn_yaml(argument, check).encode(),
        "argument.sacm.xml": as_sacm(argument, check),
        "oscal.json": oscal.encode(),
    }.items():
        write_atomically(folder / name, content)
    write_record(folder / "check.json", check)
    for pack in packs:
        write_record(folder / f"pack-{pack.standard}.json", pack)
    return validated
