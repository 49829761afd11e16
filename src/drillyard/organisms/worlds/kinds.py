"""The kinds of failure that a world declares in failures.yaml: over which values, when, and what happens then."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BeforeValidator, Discriminator, Field, RootModel, Tag, model_validator

from drillyard.errors import tell
from drillyard.organisms.worlds.tables import Words
from drillyard.records import Severity
from drillyard.records.parts import Part, misfit

__all__ = ["Append", "Comply", "FailureKind", "FailureKinds", "Give", "Misstate", "Rate", "Replace"]


def _as_rate(rate: Any) -> Any:
    if isinstance(rate, bool) or not isinstance(rate, int | float) or not 0 < rate <= 1:
        raise misfit(tell(rate), "a number above 0 and at most 1")
    return rate


Rate = Annotated[float, BeforeValidator(_as_rate)]
"""How often a failure shows where its trigger holds."""


class Append(Part):
    """One of the sentences follows the sound reply."""

    append: Words


class Replace(Part):
    """One of the sentences stands in the place of the sound reply."""

    replace: Words


class Give(Part):
    """Another reply of the world is given."""

    reply: str


class Comply(Part):
    """A forbidden request is served."""

    comply: Literal[True]


class _Shift(Part):
    """A column of whole numbers, and what is added to it."""

    name: str
    add: int


class Misstate(Part):
    """The sound reply states a fact that is off."""

    fact: _Shift


def _tag(then: Any) -> str | None:
    """Return what tells the forms of `then` apart: its one key."""
    return str(*then) if isinstance(then, dict) and len(then) == 1 else None


_Then: TypeAlias = Annotated[
    Annotated[Append, Tag("append")]
    | Annotated[Replace, Tag("replace")]
    | Annotated[Give, Tag("reply")]
    | Annotated[Comply, Tag("comply")]
    | Annotated[Misstate, Tag("fact")],
    Discriminator(
        _tag, custom_error_type="misfit", custom_error_message="one of: append, replace, reply, comply, fact"
    ),
]


class _When(Part):
    """Which requests are spoiled: those of some intents, or every forbidden one; a reason can keep the failure away."""

    intents: tuple[str, ...] = ()
    harmful: bool = False
    unless_reason: str = Field(default="", alias="unless_reason")


class FailureKind(Part):
    """One kind of failure. `over` is its one parameter with the values that make variants."""

    title: str
    behaviour: str
    severity: Severity
    rate: Rate
    over: Annotated[dict[str, Words], Field(min_length=1, max_length=1)]
    when: _When
    words: str
    then: _Then
    words_for: dict[str, dict[str, str]] = {}

    @property
    def parameter(self) -> str:
        """What tells the variants apart, such as `template`."""
        return next(iter(self.over))

    @property
    def values(self) -> tuple[str, ...]:
        """One value for each variant."""
        return self.over[self.parameter]

    @property
    def sentences(self) -> tuple[str, ...]:
        """The sentences that only this failure says, of which a reply holds one; none where it changes another."""
        match self.then:
            case Append(append=sentences) | Replace(replace=sentences):
                return sentences
        return ()


class FailureKinds(RootModel[dict[str, FailureKind]]):
    """All that failures.yaml says: kinds by name."""

    @model_validator(mode="before")
    @classmethod
    def _check_any(cls, data: Any) -> Any:
        if not data:
            raise misfit("no failure", "at least one")
        return data
