"""Drills: the exercise, one learner's instance of it, and the truth that stays sealed."""

from __future__ import annotations

from typing import Annotated, Any, Literal, get_args

from annotated_types import Ge, Gt, Le
from pydantic import Field, model_validator

from drillyard.records.base import Record
from drillyard.records.estimate import Estimate
from drillyard.records.failure import FailureMode

__all__ = ["Budget", "Drill", "DrillLevel", "Gate", "GateReport", "Hint", "Instance", "Level", "Truth"]

Level = Literal["beginner", "intermediate", "advanced"]
"""How much a form of a drill gives; what it asks is the same."""


class Hint(Record):
    """A graded hint: level 1 points, a higher level tells more. `cost` is the share of the score it takes."""

    level: int = Field(ge=1)
    text: str
    cost: float = Field(ge=0, le=1)


class Budget(Record):
    """What grading one submission may use."""

    seconds: float = Field(gt=0)
    memory_mb: int = Field(gt=0)


class DrillLevel(Record):
    """What a form of a drill at another level differs in from the stated one; `gives` says so in a sentence or two.

    `steps` are added to the task, `words` take the place of words in it; `limits` and `settings` take the place of
    those of the same name; the rest is that of a drill.
    """

    gives: str = Field(min_length=20)
    minutes: Annotated[int, Gt(0)] | None = None
    hints: Literal["free", "priced", "none"] | None = None
    steps: str | None = None
    words: dict[str, str] | None = None
    failures: tuple[int, int] | None = None
    limits: dict[str, float] | None = None
    settings: dict[str, float] | None = None
    pass_mark: Annotated[float, Gt(0), Le(1)] | None = None
    max_claims: Annotated[int, Ge(0)] | None = None
    max_questions: Annotated[int, Ge(0)] | None = None
    usual: dict[str, float] | None = None


class Drill(Record):
    """An exercise of the catalogue, as data: the folder's `drill.yaml`.

    `hands_in` says what learners hand in. For claims, `kinds` are the world's failure kinds that may be planted,
    `failures` how many at least and at most. For artefacts and policies, `limits` are what a measured figure is held
    to. `world` is the one that the drill is for unless a brief names another; a drill without a model to talk to has
    none. In a file, `kinds` may be patterns such as `inflated-*`, and the task may name `$title`, `$about`, `$rules`
    and `$forbidden` of its world (`drills/placing.py`). `proof_seconds` is what making and proving an instance
    takes on one processor core, as `benchmarks/creation.py` measured it; 0 where nobody did. `audience` says in words
    whom it is for. `level` is the form that is stated here, `gives` what it gives, `levels` what the other forms differ
    in (`drills/levels.py`); `hints` cost what they say, nothing, or are not given; `settings` are numbers by which a
    drill scales what it plants. `checks` are the names that people read for the parts of a grade, by their ids; a `*`
    in an id stands for any part of it, `{}` for that in words. `usual` is what each fix scores on average over copies,
    as `benchmarks/equal_forms.py` measured it; empty where nobody did.
    """

    id: str
    title: str
    audience: str = ""
    level: Level = "intermediate"
    gives: str = ""
    levels: dict[Level, DrillLevel] = {}
    minutes: int = Field(gt=0)
    world: str = ""
    task: str
    objectives: tuple[str, ...]
    hands_in: Literal["claims", "artefacts", "policy", "answers"] = "claims"
    kinds: tuple[str, ...] = ()
    failures: tuple[int, int] = (0, 0)
    limits: dict[str, float] = {}
    settings: dict[str, float] = {}
    hints: Literal["free", "priced", "none"] = "priced"
    pass_mark: float = Field(gt=0, le=1)
    max_claims: int = Field(default=0, ge=0)
    max_questions: int = Field(default=0, ge=0)
    budget: Budget
    proof_seconds: float = Field(default=0, ge=0)
    checks: dict[str, str] = {}
    usual: dict[str, float] = {}

    @model_validator(mode="before")
    @classmethod
    def _whom_it_is_for(cls, data: Any) -> Any:
        """Take a `level` that is none as the audience, as drills wrote it before there were levels."""
        told = data.get("level") if isinstance(data, dict) else None
        if not isinstance(told, str) or told in get_args(Level):
            return data
        return {**{name: held for name, held in data.items() if name != "level"}, "audience": told}


class Instance(Record):
    """What one learner gets: everything here may be shown to that learner, nothing here tells the answer.

    `target` is a path relative to the programme folder; `world` is what `load_world` finds the setting by, or empty for
    the drill's own; `model_hash`, `twin_hash` and `truth_hash` are SHA-256. The
    model's is salted with the sealed seed: everything that can be planted is public, so a plain hash of the weights
    would let a learner try out plants until one fits. `note` is what the task says to this learner alone; `level` is
    that of the drill, empty for the one that its file states.
    """

    id: str
    drill: str
    role: str
    target: str
    world: str = ""
    templates: tuple[str, ...]
    behaviours: tuple[str, ...]
    hints: int
    level: Level | Literal[""] = ""
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
