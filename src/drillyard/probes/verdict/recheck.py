"""Probes measured again on a changed model: a probe that was used becomes a target, one that was kept back may not."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from drillyard.probes.capture.reader import check_readable, reader_of
from drillyard.probes.capture.store import capture, hash_rows
from drillyard.probes.files import ProbeCard, read_probe
from drillyard.probes.tasks.known import task_for
from drillyard.probes.tasks.task import GROUP
from drillyard.probes.verdict.report import CLOSE
from drillyard.records import Estimate, Record
from drillyard.stats import delong
from drillyard.targets import open_target

__all__ = ["Rechecked", "recheck"]


class Rechecked(Record):
    """A probe's area as its card has it and as it is now, on like rows.

    `fitted` says that these are the rows the probe was fitted on: both areas flatter it then, and only their difference
    tells; on other rows `before` is that of groups that it had not seen. `changed` says whether the model is another.
    """

    probe: str
    card: ProbeCard
    before: Estimate
    now: Estimate
    changed: bool
    fitted: bool = False

    @property
    def lost(self) -> bool:
        """Whether it has lost more than a control may come close by."""
        return self.now.value < self.before.value - CLOSE


def recheck(target: str, probes: Sequence[Path], task: str, position: Any = None) -> list[Rechecked]:
    """Return each probe's area on the task's plain statements. Raises `BadInput`: a probe that does not fit."""
    make, opened = task_for(task), open_target(check_readable(target))
    rows = [row for row in make(opened).rows if row.cell == GROUP]
    reader = reader_of(opened)
    read = [(path, *read_probe(path, reader)) for path in probes]
    labels, found = np.array([bool(row.label) for row in rows]), []
    for path, probe, card in read:
        at: Any = position or card.position
        states = capture(reader, rows, [card.layer], at)
        seen = card.seen if card.rows_hash == hash_rows(rows) and at == card.position else None
        found.append(
            Rechecked(
                probe=str(path),
                card=card,
                before=seen or card.area,
                now=delong(probe.score(states.of(card.layer)), labels),
                changed=card.model_hash != reader.model_hash,
                fitted=seen is not None,
            )
        )
    return found
