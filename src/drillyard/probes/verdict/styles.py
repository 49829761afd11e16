"""Thresholds by style: what a threshold of the plain style does in others, and the range of each style's own."""

from __future__ import annotations

import numpy as np

from drillyard.errors import BadInput
from drillyard.probes.tasks.task import GROUP, Task
from drillyard.probes.verdict.report import StyleThreshold
from drillyard.probes.verdict.scoring import Labelled, Scored
from drillyard.stats import clopper_pearson, conformal_threshold, realised_rate

__all__ = ["style_thresholds"]


def style_thresholds(task: Task, data: Labelled, probe: Scored, level: float) -> tuple[StyleThreshold, ...]:
    """Calibrate on false statements, the clean rows, of each style; empty where a style has too few for the level."""
    found = []
    try:
        plain = conformal_threshold(probe.scores[data.plain & ~data.labels].tolist(), level)
        for name in (GROUP, *(one for one in task.cells if not one.startswith("topic "))):
            rows = data.cell == name
            clean, true = probe.scores[rows & ~data.labels], probe.scores[rows & data.labels]
            own, spread = conformal_threshold(clean.tolist(), level), realised_rate(len(clean), level, 0.9)
            found.append(
                StyleThreshold(
                    style=name,
                    level=level,
                    own=own,
                    low=spread.low,
                    high=spread.high,
                    false_alarms=clopper_pearson(int(np.sum(clean > plain)), len(clean)),
                    hits=clopper_pearson(int(np.sum(true > plain)), len(true)),
                )
            )
    except BadInput:
        return ()
    return tuple(found)
