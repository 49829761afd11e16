"""Drills: the exercise, one learner's instance of it, and the truth that stays sealed."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from drillyard.records.base import Record
from drillyard.records.estimate import Estimate
from drillyard.records.failure import FailureMode

__all__ = ["Budget", "Drill", "Gate", "GateReport", "Hint", "Instance", "Truth"]


class Hint(Record):
    """A graded hint: level 1 points, a higher level tells more. `cost` is the share of the score it takes."""

    level: int = Field(ge=1)
    text: str
    cost: float = Field(ge=0, le=1)


class Budget(Record):
    """What grading one submission may use."""

    seconds: float = Field(gt=0)
    memory_mb: int = Field(gt=0)


class Drill(Record):
    """An exercise of the catalogue, as data: the folder's `drill.yaml`.

    `hands_in` says what learners hand in. For claims, `kinds` are the world's failure kinds that may be planted,
    `failures` how many at least and at most. For artefacts and policies, `limits` are what a measured figure is held
    to. `world` is the one that the drill is for unless a brief names another; a drill without a model to talk to has
    none. In a file, `kinds` may be patterns such as `inflated-*`, and the task may name `$title`, `$about`, `$rules`
    and `$forbidden` of its world (`drills/placing.py`). `proof_seconds` is what making and proving an instance
    takes on one processor core, as `benchmarks/creation.py` measured it; 0 where nobody did. `checks` are the names
    that people read for the parts of a grade, by their ids; a `*` in an id stands for any part of it, `{}` for that in
    words.
    """

    id: str
    title: str
    level: str
    minutes: int = Field(gt=0)
    world: str = ""
    task: str
    objectives: tuple[str, ...]
    hands_in: Literal["claims", "artefacts", "policy", "answers"] = "claims"
    kinds: tuple[str, ...] = ()
    failures: tuple[int, int] = (0, 0)
    limits: dict[str, float] = {}
    pass_mark: float = Field(gt=0, le=1)
    max_claims: int = Field(default=0, ge=0)
    max_questions: int = Field(default=0, ge=0)
    budget: Budget
    proof_seconds: float = Field(default=0, ge=0)
    checks: dict[str, str] = {}


class Instance(Record):
    """What one learner gets: everything here may be shown to that learner, nothing here tells the answer.

    `target` is a path relative to the programme folder; `world` is what `load_world` finds the setting by, or empty for
    the drill's own; `model_hash`, `twin_hash` and `truth_hash` are SHA-256. The
    model's is salted with the sealed seed: everything that can be planted is public, so a plain hash of the weights
    would let a learner try out plants until one fits. `note` is what the task says to this learner alone.
    """

    id: str
    drill: str
    role: str
    target: str
    world: str = ""
    templates: tuple[str, ...]
    behaviours: tuple[str, ...]
    hints: int
    note: str = ""
    model_hash: str
    twin_hash: str
    truth_hash: str


class Truth(Record):
    """The sealed half of an instance: its seed, the planted failures, the hints. Never leaves the server."""

    instance: str
    seed: int
    failures: tuple[FailureMode, ...]
    hints: tuple[Hint, ...]


class Gate(Record):
    """One check that an instance must pass before a learner sees it."""

    id: str
    title: str
    passed: bool
    detail: str
    estimates: dict[str, Estimate] = {}


class GateReport(Record):
    """All gates of one instance. An instance with a failed gate is not released."""

    instance: str
    gates: tuple[Gate, ...]
    seconds: float
    peak_mb: float

    @property
    def released(self) -> bool:
        """True when there are gates and all of them passed."""
        return bool(self.gates) and all(gate.passed for gate in self.gates)
