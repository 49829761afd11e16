"""Hints that react to what a learner did: rules as data per family of drills, never with the answer in them.

A rule names facts about what was done, each with the least and the most that it holds for, and the words to say.
Rules are tried in the order of their file; the first that holds and was not said yet is the next hint. The same work
gives the same hint. Facts are counts of what the learner did and has on their own paper (`states.py`), and none of them
knows the truth: neither a hint nor silence tells whether what was done is right. The words are the same for every copy,
and quote only what the learner has done or read.
"""

from __future__ import annotations

import functools
from collections.abc import Collection, Iterator
from importlib import resources

from pydantic import Field

from drillyard.drills.tutoring.deeds import TutorState
from drillyard.errors import BadInput
from drillyard.records import Record
from drillyard.records.yaml_file import read_yaml

__all__ = ["COST", "Advice", "TutorRule", "TutorRules", "advise", "rules_for"]

COST = 0.05
"""Share of what lies above the pass mark that a hint of the tutor takes, as a drill's first hint does: one price for
all, so that it can be shown before anybody knows which hint comes."""


class TutorRule(Record):
    """What is said when every fact of `when` lies between its least and its most, both included; `null` is no bound."""

    id: str
    when: dict[str, tuple[float | None, float | None]] = Field(min_length=1)
    say: str


class TutorRules(Record):
    """The rules of a family, in the order in which they are tried."""

    rules: tuple[TutorRule, ...] = Field(min_length=1)


class Advice(Record):
    """A hint of the tutor: which rule it comes from, and its words."""

    rule: str
    words: str


def advise(family: str, state: TutorState, said: Collection[str] = ()) -> Iterator[Advice]:
    """Yield the hints that what was done so far calls for, the most urgent first.

    Args:
        family: what the drill's learners hand in.
        state: what was done.
        said: the rules whose hints were given at this copy.
    """
    for rule in rules_for(family):
        if rule.id not in said and _holds(rule, state):
            yield Advice(rule=rule.id, words=rule.say.format_map(state.words))


@functools.cache
def rules_for(family: str) -> tuple[TutorRule, ...]:
    """Return the rules of a family, in their order. Raises `BadInput` for a file that is none."""
    path = resources.files("drillyard.drills") / "tutoring" / f"{family}.yaml"
    try:
        return TutorRules.from_data({"rules": read_yaml(path)}).rules
    except BadInput as error:
        raise BadInput(f"tutoring/{family}.yaml: {error}") from None


def _holds(rule: TutorRule, state: TutorState) -> bool:
    return all(_within(state.facts.get(fact, 0.0), *bounds) for fact, bounds in rule.when.items())


def _within(value: float, least: float | None, most: float | None) -> bool:
    return (least is None or value >= least) and (most is None or value <= most)
