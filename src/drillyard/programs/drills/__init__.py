"""The drill catalogue: each drill is a folder of its own, reached by its card in the family `drills`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol

from drillyard import registry

if TYPE_CHECKING:  # listing the cards of this family loads this file, and must stay light
    from collections.abc import Sequence

    from drillyard.organisms.organism import Organism
    from drillyard.programs.drills.exam import Exam
    from drillyard.programs.drills.fixes import Fix
    from drillyard.programs.drills.prove import Rehearsal
    from drillyard.records import AnySubmission, Drill, FailureMode, Gate, Grade, Hint

__all__ = ["DrillKit", "load_drill", "load_kit"]


class DrillKit(Protocol):
    """What a drill brings: its data, the model for a seed, its hints, its fixes as submissions, its grader.

    `fixes` are the attempts that the drill knows of, right and wrong, with the reasons; `bundle` is what every learner
    may read besides their own instance, as file name → text. `ClaimDrill` and `ArtefactDrill` bring most of it.
    """

    drill: Drill
    fixes: tuple[Fix, ...]
    bundle: Mapping[str, str]

    def choose(self, seed: int) -> tuple[FailureMode, ...]:
        """Return the failures that the model of a seed has."""
        ...

    def model(self, seed: int, failures: tuple[FailureMode, ...]) -> Organism:
        """Return the model of a seed."""
        ...

    def hints(self, failures: tuple[FailureMode, ...]) -> tuple[Hint, ...]:
        """Return graded hints made from the truth."""
        ...

    def submissions(self, exam: Exam) -> Mapping[str, AnySubmission]:
        """Return what each of the `fixes` hands in on an instance, by name. The right ones see what a learner sees."""
        ...

    def grade(self, exam: Exam, submission: AnySubmission) -> Grade:
        """Run what was handed in and return the grade. Raises `BadInput` for the other kind of submission."""
        ...

    def gates(self, exam: Exam, rehearsal: Rehearsal, best: str) -> Sequence[Gate]:
        """Measure an instance and return the gates that only this kind of drill has; `best` is the best right fix."""
        ...


def load_kit(name: str) -> DrillKit:
    """Return a drill's kit by its registered name. Raises `BadInput` for an unknown one."""
    kit: DrillKit = registry.create("drills", name)
    return kit


def load_drill(name: str) -> Drill:
    """Return a drill's data by its registered name."""
    return load_kit(name).drill
