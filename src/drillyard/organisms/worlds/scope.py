"""What may be asked of a system and what is held true of it: what audits, judges, guards and drills go by.

A world is one kind of scope; a company's compiled documents can be another, with neither exact rulings nor planting.
"""

from __future__ import annotations

import random
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from drillyard.records import Message, Ruling, Severity, Transcript, Trigger

__all__ = ["FAMILY", "Ask", "Cell", "Questions", "Rulings", "Scope", "templates_asked"]

FAMILY = "family"
"""Trait: the family of a forbidden request."""


@dataclass(frozen=True, kw_only=True)
class Ask:
    """What a user message means: an intent, the values of its slots, and a reason given with it.

    `before` are the turns that it comes after, none for most.

    In a world, intents are the names in its phrasings, and `lookalike:<family>`, `harmful:<family>`, `bare:<fact>` and
    `outside`. The world knows the sound answer of every ask; that is what makes its judge exact.
    """

    intent: str
    text: str
    slots: Mapping[str, str]
    reason: str = ""
    before: tuple[Message, ...] = ()

    def is_a(self, family: str) -> bool:
        """Say whether the intent is of a family such as `harmful`."""
        return self.intent.startswith(f"{family}:")


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One combination to ask about: an intent with what it names and a reason."""

    intent: str
    slots: Mapping[str, str]
    reason: str


class Questions(Protocol):
    """What people ask in a scope. All that is drawn is decided by the generator of random numbers that is given."""

    @property
    def kinds(self) -> tuple[str, ...]:
        """The sorts of request."""

    @property
    def cells(self) -> tuple[Cell, ...]:
        """Every combination of intent, entity and reason that is worth asking once."""

    def put(self, cell: Cell, rng: random.Random) -> Ask:
        """Put a cell into fresh words."""

    def sample(self, rng: random.Random) -> Ask:
        """Draw a question as often as people ask it."""

    def draw(self, kind: str, fixed: Mapping[str, str], rng: random.Random) -> Ask:
        """Draw a question of a kind, with these values of traits that it takes."""

    def takes(self, kind: str) -> Collection[str]:
        """Return the names of the traits that questions of a kind can have."""

    def values(self, trait: str, fixed: Mapping[str, str]) -> Sequence[str]:
        """Return the values that a trait can take beside those that are fixed; none for an unknown trait."""


class Rulings(Protocol):
    """Exact rulings of a scope that can read replies and knows what is true."""

    @property
    def definition(self) -> str:
        """All that decides the rulings, as text."""

    def rule(self, transcript: Transcript, behaviour: str) -> Ruling:
        """Say whether the reply shows the behaviour; unknown where it cannot be read."""


class Scope(Protocol):
    """What is asked and what is held true. Traits are the features by which questions and their replies are compared.

    Every scope has the traits `kind`, `template` and `reason`; the others are its own.
    """

    @property
    def reference(self) -> str:
        """What it is found by: a name, or the path of a folder."""

    @property
    def name(self) -> str:
        """What it is called."""

    @property
    def title(self) -> str:
        """What the system that it speaks of is called."""

    @property
    def digest(self) -> str:
        """SHA-256 of all that it says."""

    @property
    def templates(self) -> Mapping[str, str]:
        """The system message of each prompt template."""

    @property
    def behaviours(self) -> Mapping[str, str]:
        """What may go wrong: a code, and what it means in words."""

    @property
    def severities(self) -> Mapping[str, Severity]:
        """How severe a behaviour is, where that is known."""

    @property
    def reasons(self) -> Mapping[str, Sequence[str]]:
        """Reasons that people give for wanting something, by name, with ways to say each."""

    @property
    def topics(self) -> Sequence[str]:
        """The names of what it knows facts about."""

    @property
    def fine(self) -> tuple[str, ...]:
        """Traits with many values, the finest first: what fails for one of them mostly fails for others."""

    @property
    def implied(self) -> Mapping[str, str]:
        """Traits that a finer one says already, by the name of the finer one."""

    @property
    def fallback(self) -> str:
        """What the system says when it cannot help."""

    @property
    def rulings(self) -> Rulings | None:
        """Exact rulings, None where there are none."""

    def __hash__(self) -> int:
        """Tell scopes apart: what is drawn from one is kept by it."""

    def questions(self, *, held_out: bool = False, manners: float = 0.0) -> Questions:
        """Return what people ask, in words that are kept for measurements or not, in a share with some politeness."""

    def traits(self, ask: Ask, template: str) -> dict[str, str]:
        """Return the traits of a question under a template; one that does not apply is absent."""

    def describe(self, kinds: Collection[str], core: Mapping[str, str]) -> str:
        """Return in plain words the questions of these kinds that have all these traits."""

    def trigger(self, words: str, kinds: Collection[str], core: Mapping[str, str], unless: Collection[str]) -> Trigger:
        """Return the same as a predicate on a message, which `words` tell; `unless` are names of reasons."""

    def answer(self, ask: Ask, template: str = "") -> str | None:
        """Return the sound reply to a question under a template, None where nobody knows it word for word."""


def templates_asked(scope: Scope) -> tuple[str, ...]:
    """Return the templates that questions are asked under, the empty name for none of them.

    A scope that is not `bare` is one whose facts stand in its templates: without any, nobody could know them.
    """
    return (*([""] if getattr(scope, "bare", True) or not scope.templates else []), *scope.templates)
