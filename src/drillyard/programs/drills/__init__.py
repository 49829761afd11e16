"""The drill catalogue: each drill is a folder of its own, reached by its card in the family `drills`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol

from drillyard import registry

if TYPE_CHECKING:  # listing the cards of this family loads this file, and must stay light
    from drillyard.programs.drills.exam import Exam
    from drillyard.programs.drills.fixes import Fix
    from drillyard.records import Drill, FailureMode, Hint, Submission

__all__ = ["DrillKit", "load_drill", "load_kit"]


class DrillKit(Protocol):
    """What a drill brings: its data, what it plants for a seed, its hints, and its fixes as submissions.

    `fixes` are the attempts that the drill knows of, right and wrong, with the reasons; `bundle` is what every learner
    may read besides their own instance, as file name → text.
    """

    drill: Drill
    fixes: tuple[Fix, ...]
    bundle: Mapping[str, str]

    def choose(self, seed: int) -> tuple[FailureMode, ...]:
        """Return the failures to plant for a seed."""
        ...

    def hints(self, failures: tuple[FailureMode, ...]) -> tuple[Hint, ...]:
        """Return graded hints made from the truth."""
        ...

    def submissions(self, exam: Exam) -> dict[str, Submission]:
        """Return what each of the `fixes` hands in on an instance, by name. The right ones see what a learner sees."""
        ...


def load_kit(name: str) -> DrillKit:
    """Return a drill's kit by its registered name. Raises `BadInput` for an unknown one."""
    kit: DrillKit = registry.create("drills", name)
    return kit


def load_drill(name: str) -> Drill:
    """Return a drill's data by its registered name."""
    return load_kit(name).drill
