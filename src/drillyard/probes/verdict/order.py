"""From references and words to a finished audit, stored where a folder is given."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from drillyard.errors import bad_input
from drillyard.probes.capture.reader import Reader, check_readable, open_reader, reader_of
from drillyard.probes.capture.statement import Position
from drillyard.probes.capture.store import every_layer, hash_rows
from drillyard.probes.tasks.known import task_for
from drillyard.probes.tasks.task import Task
from drillyard.probes.verdict.audit import AuditOrder, audit_probe
from drillyard.probes.verdict.report import ProbeAudit
from drillyard.probes.verdict.scoring import Labelled
from drillyard.probes.verdict.writing import AUDIT, write_audit
from drillyard.records import Record
from drillyard.records.progress import Progress, silent
from drillyard.records.run_folder import RunFolder
from drillyard.targets import open_target

__all__ = ["ProbeSpec", "run_audit"]

_METHODS = ("logistic", "lda", "mean-difference", "constant")


class ProbeSpec(Record):
    """What the folder of an audit is of: what was typed, and the hashes of the model and statements behind it."""

    target: str
    model_hash: str = ""
    task: str
    rows_hash: str = ""
    method: str
    position: Position
    layers: str
    twin: str
    randoms: int
    flips: int
    level: float
    seed: int


def run_audit(
    target: str,
    task: str,
    out: Path | None = None,
    *,
    method: str = "logistic",
    position: Position = "statement-end",
    layers: str = "",
    twin: str | None = None,
    randoms: Any = 3,
    flips: Any = 199,
    level: Any = 0.1,
    seed: Any = 1,
    command: str = "",
    told: Progress = silent,
) -> ProbeAudit:
    """Audit a target, or return what a finished folder holds of this model and these statements.

    Arguments as of `drillyard probe audit`.

    Raises:
        BadInput: what cannot be opened, read or fitted; a folder of another audit, model or statements.
    """
    if method not in _METHODS:
        raise bad_input(f"the method {method!r}", f"one that takes labels: {', '.join(_METHODS)}")
    spec = ProbeSpec(
        target=target,
        task=task,
        method=method,
        position=position,
        layers=layers,
        twin=twin or "",
        randoms=randoms,
        flips=flips,
        level=level,
        seed=seed,
    )
    make = task_for(task)  # what cannot be told of is said before a model is opened
    told(f"opening {check_readable(target)}")
    opened = open_target(target)
    rows, reader = make(opened), reader_of(opened)
    del opened  # a model of transformers is held twice otherwise
    mirror = open_reader(twin) if twin else None
    every_layer(reader, layers)
    Labelled.of(rows, seed)  # what cannot be audited is refused before a folder is its own
    if out is None:
        return _audited(spec, reader, mirror, rows, None, command, told)
    hashes = {"model_hash": reader.model_hash, "rows_hash": hash_rows(rows.rows)}
    spec, run = spec.model_copy(update=hashes), RunFolder(out, "audit of a probe")
    run.require(spec)
    if (found := run.read(AUDIT, ProbeAudit)) is not None:
        return found
    run.claim(spec)
    return _audited(spec, reader, mirror, rows, out, command, told)


def _audited(
    spec: ProbeSpec, reader: Reader, twin: Reader | None, task: Task, out: Path | None, command: str, told: Progress
) -> ProbeAudit:
    order = AuditOrder(
        method=spec.method,
        position=spec.position,
        layers=every_layer(reader, spec.layers),
        randoms=spec.randoms,
        flips=spec.flips,
        level=spec.level,
        seed=spec.seed,
    )
    report = audit_probe(reader, task, order, twin=twin, folder=out, command=command, told=told)
    if out is not None:
        write_audit(report, reader, task, out, spec.level)
    return report
