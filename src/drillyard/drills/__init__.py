"""Drills: what a drill is, how a copy of it is made and proven, and how what is handed in is graded.

**What it is.** The contract that every drill keeps, and the parts that many share: claims, answers on a form, artefacts
that are run. Each drill is reached by its card in the family `drills`.
**What it is not.** The drills that ship: those are the room of exercises.
**Takes in.** A drill's kit and a seed; a submission. **Gives out.** Instances with gate reports, grades.

- **drill**, **instance**, **gate**, **grade**: an exercise, one learner's copy, its release checks, its result.
- **debrief**: what is told of a copy when its last attempt is over. **tutor**: rules that make a hint of what was done.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol, Self, TypeVar, runtime_checkable

from drillyard import registry

if TYPE_CHECKING:  # listing the cards of this family loads this file, and must stay light
    from collections.abc import Sequence
    from pathlib import Path

    from drillyard.drills.debrief import Debrief
    from drillyard.drills.fixes import Fix
    from drillyard.drills.prove import ProofRehearsal
    from drillyard.organisms.worlds.world import World
    from drillyard.records import AnySubmission, Drill, Gate, Grade, Instance, Truth

__all__ = [
    "E",
    "AnyExam",
    "DrillKit",
    "RefutingKit",
    "load_drill",
    "load_kit",
]


class AnyExam(Protocol):
    """An instance opened for grading."""

    @property
    def drill(self) -> Drill:
        """The drill that it is an instance of."""
        ...

    @property
    def instance(self) -> Instance:
        """What its learner may see."""
        ...

    @property
    def truth(self) -> Truth:
        """The sealed half."""
        ...

    @property
    def shown(self) -> Mapping[str, str]:
        """What its learner may read beside `instance`, as file name → text."""
        ...


E = TypeVar("E", bound=AnyExam)


class DrillKit(Protocol[E]):
    """What a drill brings: its data, its instances, its fixes as submissions, its grader.

    `fixes` are the attempts that the drill knows of, right and wrong, with the reasons; `bundle` is what every learner
    may read besides their own instance, as file name → text. `ClaimDrill` and `ArtefactDrill` bring most of it.
    """

    drill: Drill
    fixes: tuple[Fix, ...]
    bundle: Mapping[str, str]

    def placed(self, world: str) -> Self:
        """Return the kit of this drill in a world (a name, or the path of a folder); itself where it needs none."""
        ...

    def unfit(self, world: World) -> str:
        """Say in a few words why the drill cannot be given in a world; the empty string when it can."""
        ...

    def materialise(self, name: str, role: str, seed: int) -> E:
        """Return the instance of a seed, opened for grading: nothing is written.

        Args:
            name: the instance's id, which is its folder's name too.
            role: of the learner that it is for.
            seed: 62 bits that nobody can guess; the same seed gives the same instance.
        """
        ...

    def save(self, exam: E, folder: Path) -> None:
        """Write what a learner works with, and grading needs beside the truth, into a folder."""
        ...

    def open(self, instance: Instance, truth: Truth, folder: Path) -> E:
        """Return a saved instance, opened for grading. Raises `BadInput` where the folder is not what was saved."""
        ...

    def submissions(self, exam: E) -> Mapping[str, AnySubmission]:
        """Return what each of the `fixes` hands in on an instance, by name. The right ones see what a learner sees."""
        ...

    def grade(self, exam: E, submission: AnySubmission) -> Grade:
        """Run what was handed in and return the grade. Raises `BadInput` for another kind of submission."""
        ...

    def check(self, exam: E, submission: AnySubmission) -> None:
        """Do all that `grade` does up to its first replies, when work is handed in: what passes here gets a grade.

        Raises:
            BadInput: whatever `grade` would refuse.
        """
        ...

    def gates(self, exam: E, rehearsal: ProofRehearsal, best: str) -> Sequence[Gate]:
        """Measure an instance and return the gates that only this kind of drill has; `best` is the best right fix."""
        ...

    def debrief(self, exam: E) -> Debrief:
        """Return what is told of an instance when its last attempt is over; it may take seconds."""
        ...


@runtime_checkable
class RefutingKit(Protocol):
    """A kit whose grader need not go to its end to know that something fails."""

    def refute(self, exam: Any, submission: AnySubmission) -> Grade:
        """Return a grade that fails as soon as that is sure, with the most that the score could be; else as `grade`."""
        ...


def load_kit(name: str, world: str = "") -> DrillKit[Any]:
    """Return a drill's kit by its registered name, in a world or else in the drill's own.

    Raises:
        BadInput: an unknown drill or world.
    """
    kit: DrillKit[Any] = registry.create("drills", name)
    return kit.placed(world) if world else kit


def load_drill(name: str, world: str = "") -> Drill:
    """Return a drill's data, as `load_kit` returns its kit."""
    return load_kit(name, world).drill
