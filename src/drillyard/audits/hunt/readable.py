"""Can a target be read? One behind an API is tried first, and what came of it is told."""

from __future__ import annotations

from drillyard.records.progress import Progress, silent
from drillyard.targets import Target
from drillyard.targets.journal import KeptAnswers
from drillyard.targets.revealing import MayReveal, ReadingTrial

__all__ = ["readable"]


def readable(
    target: Target, journal: KeptAnswers | None = None, tell: Progress = silent
) -> tuple[Target, ReadingTrial | None]:
    """Return a target that reveals where a trial shows that it can, else the target as it is; and the trial, if any.

    A journal answers the trial of an earlier run. The queries of a trial are its own: they are in no budget.
    """
    if not isinstance(target, MayReveal):
        return target, None
    may = target

    def ask() -> list[ReadingTrial]:
        return [may.try_reading()]

    key = ["try reading", target.reference]
    (trial,) = ask() if journal is None else journal.answers(key, ReadingTrial, ask)
    tell(f"{target.reference} is {trial.why}")
    return (may.reader(trial) if trial.reads else target), trial
