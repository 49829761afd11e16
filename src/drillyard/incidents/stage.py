"""The end of a step: its report goes into the case's folder, and onto the chain of the seal."""

from __future__ import annotations

from drillyard.incidents.case import Case
from drillyard.incidents.seal import SEAL, extend_seal
from drillyard.records import Record
from drillyard.records.files import write_record

__all__ = ["finish"]


def finish(case: Case, name: str, report: Record, *more: str) -> None:
    """Write a step's report, and seal it with the files that the step made besides.

    A case that nobody has sealed stays so: a seal that begins behind the evidence would seal nothing.
    """
    write_record(case.folder / name, report)
    if (case.folder / SEAL).is_file():
        extend_seal(case.folder, [name, *more])
