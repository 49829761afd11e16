"""What a technique is: it is fitted to a lesson, writes what it learned into a folder, and changes a target with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:  # listing cards loads this file, and must stay light
    from drillyard.records import Finding, FitCost, ModelPolicy, Preference, ValueReward
    from drillyard.records.progress import Progress
    from drillyard.targets import Target

__all__ = ["NO_DIAL", "Dial", "House", "Lesson", "Setting", "Technique"]


@dataclass(frozen=True, kw_only=True)
class Dial:
    """The one number by which a technique is made stronger or weaker.

    `default` is the setting of a single run; `sweep` are the settings that a frontier tries, in ascending order. Which
    end is the stronger one is the technique's own affair: a large β of DPO changes little.
    """

    name: str
    default: float
    sweep: tuple[float, ...]
    words: str


NO_DIAL = Dial(name="", default=0.0, sweep=(0.0,), words="nothing to set")


class House(Protocol):
    """Whose model it is, a world or a company's documents: what techniques know of it."""

    @property
    def name(self) -> str:
        """What it is called."""

    @property
    def about(self) -> str:
        """What its model is for, in a sentence."""

    @property
    def templates(self) -> Mapping[str, str]:
        """The system message of each prompt template."""

    @property
    def openings(self) -> Mapping[str, str]:
        """How replies under a template begin."""

    @property
    def replies(self) -> Mapping[str, str]:
        """Its own sentences, `refusal` and `fallback` among them."""

    @property
    def behaviours(self) -> Mapping[str, str]:
        """What may go wrong."""


@dataclass(frozen=True, kw_only=True)
class Lesson:
    """All that a technique may learn from. Nothing in it is asked in the exam.

    Args:
        world: the scope: templates, refusal, behaviours.
        preferences: pairs of a wanted and an unwanted reply.
        findings: what an audit found, for techniques that work on evidence.
        penalise: behaviours that a reward must count against, beside the preferences.
        reward: the user's own reward, which techniques that learn from rewards count beside their own.
        policy: the user's own; techniques that need one draw it from the preferences unless it is given.
    """

    world: House
    preferences: tuple[Preference, ...]
    findings: tuple[Finding, ...] = ()
    penalise: tuple[str, ...] = ()
    policy: ModelPolicy | None = None
    reward: ValueReward | None = None


@dataclass(frozen=True, kw_only=True)
class Setting:
    """How strongly, with which seed, into which folder; a killed fit resumes from what lies there where it can."""

    strength: float
    seed: int
    folder: Path
    told: Progress = lambda *_: None
    threads: int = 1


class Technique(Protocol):
    """Changes a target. Constructors do no work; the target that it is given stays as it was."""

    dial: Dial

    def fit(self, target: Target, lesson: Lesson, setting: Setting) -> FitCost:
        """Learn from a lesson and write the result into the setting's folder.

        Raises:
            BadInput: the target has not what the technique needs (weights), or the lesson has nothing that it can use.
        """
        ...

    def apply(self, target: Target, folder: Path) -> Target:
        """Return the target changed by what `fit` wrote into the folder; it is used like the old one."""
        ...
