"""The slice of a case, once: its report is written, sealed and printed again afterwards."""

from __future__ import annotations

from pathlib import Path

from drillyard.incidents.case import SLICE, SPEC, open_case, store
from drillyard.incidents.seal import extend_seal
from drillyard.incidents.sliced import SliceReport
from drillyard.records import BehaviourQuality
from drillyard.records.progress import Progress, silent
from drillyard.records.run_folder import RunFolder

__all__ = ["slice_case"]


def slice_case(
    folder: Path,
    *,
    shuffles: int = 1000,
    seed: int = 1,
    labels: BehaviourQuality | None = None,
    again: bool = False,
    progress: Progress = silent,
) -> SliceReport:
    """Search a case for what triggers its behaviour, write slice.json and add it to the seal.

    Args:
        folder: of an opened case.
        shuffles: how often labels are shuffled; the least p-value is one in one more.
        seed: of the halves and the shuffles.
        labels: how often the labels are right, for the true rate.
        again: search even where there is a report.
        progress: told what goes on.

    Raises:
        BadInput: no case there.
        MissingExtra: polars is not installed.
    """
    case = open_case(folder)
    store()
    from drillyard.incidents.slicing_polars import slice_rows

    with RunFolder(folder, "case", spec=SPEC).held() as run:
        old = None if again else run.read(SLICE, SliceReport)
        if old is not None:
            return old
        report = slice_rows(case, shuffles=shuffles, seed=seed, quality_of_labels=labels, progress=progress)
        run.write(SLICE, report)
        extend_seal(folder, [SLICE])
    return report
