"""An audit as files: JSON, one self-contained page, and the probe itself with a card that carries its error."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from drillyard.probes.capture.reader import Reader
from drillyard.probes.capture.store import hash_rows, open_store
from drillyard.probes.files import ProbeCard, write_probe
from drillyard.probes.tasks.task import GROUP, Task
from drillyard.probes.verdict.report import LIKELIHOOD, ProbeAudit, sentence
from drillyard.records import Estimate
from drillyard.records.charts import LinearAxis, Mark, path
from drillyard.records.files import write_atomically
from drillyard.records.pages import fill
from drillyard.registry import load
from drillyard.stats import conformal_threshold, delong, realised_rate

__all__ = ["AUDIT", "PAGE", "PROBE", "audit_page", "write_audit"]

AUDIT, PAGE, PROBE = "audit.json", "audit.html", "probe.safetensors"
_LEFT, _RIGHT, _TOP, _FOOT = 48, 560, 20, 220


def write_audit(report: ProbeAudit, reader: Reader, task: Task, folder: Path, level: float) -> list[Path]:
    """Write the files of a finished audit, the result last. The states must be in the folder."""
    states = open_store(folder / "states", reader)
    plain = np.array([row.cell == GROUP for row in states.rows])
    labels = np.array([bool(row.label) for row in states.rows])
    layer = int(np.median(report.layers))
    layer = min(states.layers, key=lambda one: abs(one - layer))
    x = states.of(layer)
    probe = load("probes", report.method)(x[plain], labels[plain])
    clean = probe.score(x[plain & ~labels]).tolist()
    spread = realised_rate(len(clean), level, 0.9)
    worst = min(report.cells[1:], key=lambda cell: cell.area.value, default=None)
    card = ProbeCard(
        form=probe.form,
        method=report.method,
        target=report.target,
        model_hash=reader.model_hash,
        tokenizer_hash=reader.spelling.hash,
        layer=layer,
        position=report.position,
        task=report.task,
        verdict=report.verdict,
        area=report.cells[0].area,
        seen=delong(probe.score(x[plain]), labels[plain]),
        rows_hash=hash_rows([row for row in states.rows if row.cell == GROUP]),
        worst={} if worst is None else {worst.name: worst.area},
        threshold=conformal_threshold(clean, level),
        level=level,
        low=spread.low,
        high=spread.high,
    )
    write_probe(folder / PROBE, probe, card)
    write_atomically(folder / PAGE, audit_page(report).encode())
    write_atomically(folder / AUDIT, (report.to_json(indent=2) + "\n").encode())
    return [folder / name for name in (AUDIT, PAGE, PROBE)]


def audit_page(report: ProbeAudit) -> str:
    """Return the page."""
    top = max(report.by_layer)
    across = LinearAxis(low=0, high=max(top, 1), left=_LEFT, right=_RIGHT)
    upright = LinearAxis(low=0, high=1, left=_FOOT, right=_TOP)
    line = path([(across.at(layer), upright.at(area)) for layer, area in report.by_layer.items()])
    random = path([(across.at(layer), upright.at(area)) for layer, area in report.random_by_layer.items()])
    drawn = LinearAxis(low=0, high=1, left=_CELLS, right=_RIGHT)
    marks = [
        (cell, Mark(**{end: drawn.at(getattr(cell.area, end)) for end in ("low", "value", "high")}, bound=False))
        for cell in report.cells
    ]
    names = list(dict.fromkeys(_grouped(name) for cell in report.cells for name in cell.controls))
    return fill(
        "probes",
        "audit.html.j2",
        report=report,
        state={"signal": "passed", "unknown": "unknown"}.get(report.verdict, "failed"),
        verdict=sentence(report),
        line=line,
        random=random,
        layer_ticks=[(across.at(layer), str(layer)) for layer in report.by_layer],
        area_ticks=[(upright.at(x / 4), f"{x / 4:g}") for x in range(5)],
        cell_ticks=[(drawn.at(x / 4), f"{x / 4:g}") for x in range(5)],
        rows=marks,
        marks_count=len(marks),
        has_twin=any(cell.twin for cell in report.cells),
        has_own=any(cell.own_answer for cell in report.cells),
        controls=names,
        best_of={cell.name: {n: _best(cell.controls, n) for n in names} for cell in report.cells},
        likelihood=LIKELIHOOD,
        chosen=sorted(set(report.layers)),
        end=(across.at(top), upright.at(report.by_layer[top])),
    )


_CELLS = 190


def _grouped(name: str) -> str:
    return "random weights" if name.startswith("random weights") else name


def _best(controls: Mapping[str, Estimate], name: str) -> Estimate | None:
    found = [one for other, one in controls.items() if _grouped(other) == name]
    return max(found, key=lambda one: one.value, default=None)
