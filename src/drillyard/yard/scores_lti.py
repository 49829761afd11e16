"""Scores on their way to course platforms: a thread tells each what it waits for, and tries again where it must."""

from __future__ import annotations

import json
import logging

from drillyard.programs.folder import ProgramFolder
from drillyard.registrar.attempts import attempts_of
from drillyard.registrar.platforms import Platforms
from drillyard.registrar.store import Store
from drillyard.registrar.tables import ScoreRow
from drillyard.yard.rounds import Rounds
from drillyard.yard.tool_lti import Tool

__all__ = ["ScoreSender"]

_log = logging.getLogger(__name__)


class ScoreSender(Rounds):
    """Sends a score once it is there or has become better: the best of a learner's graded tries at a drill."""

    def __init__(self, tool: Tool, platforms: Platforms, store: Store, programme: ProgramFolder) -> None:
        super().__init__("scores", self.work_once)
        self._tool, self._platforms, self._store, self._programme = tool, platforms, store, programme

    def work_once(self) -> bool:
        """Send what is due. Never says that there is more: a platform that is down is not asked in a hurry."""
        for row in self._platforms.due():
            seen = self._platforms.last_graded(row.learner)
            best = self._best(row)
            told = f"{best[0]:.4f} {best[1]}" if best else row.sent
            if best is None or told == row.sent:
                self._platforms.told(row, seen)
                continue
            try:
                self._tool.send(json.loads(row.body), *best, self._store.clock())
            except Exception as error:  # a platform that is down or refuses; what it said may hold a token
                _log.warning("score of %s: %s", row.drill, type(error).__name__)
                self._platforms.failed(row)
            else:
                self._platforms.told(row, seen, told)
        return False

    def _best(self, row: ScoreRow) -> tuple[float, bool] | None:
        tries = attempts_of(self._programme, self._store, row.learner)
        graded = [one.grade for one in tries if one.drill == row.drill and one.grade]
        return max(((one.final, one.passed) for one in graded), key=lambda one: (one[1], one[0]), default=None)
