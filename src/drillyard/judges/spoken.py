"""The judge of planted sentences in free replies: exact where it can read, else by the sentences of the failures.

A model of the user's own says a planted sentence among words of its own, which the exact judge cannot read. Where a
failure has sentences that only it says, a reply shows it that holds one of them, and no other does.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection

from drillyard.judges.exact import ExactJudge
from drillyard.judges.rules import PatternRule, RulesJudge
from drillyard.organisms.worlds.failures import Fault, faults
from drillyard.organisms.worlds.kinds import Give
from drillyard.organisms.worlds.world import World, load_world
from drillyard.records import FailureMode, Ruling, Transcript
from drillyard.records.patterns import Pattern, pattern_of

__all__ = ["SpokenFailures", "spoken_in"]


class SpokenFailures:
    """Rules on what is planted, in whatever words the rest of a reply is.

    Args:
        world: the scope.
        planted: the failures whose sentences are known; of others, what the exact judge cannot read is unknown.
    """

    name = "planted sentences"

    def __init__(self, world: World, planted: Collection[Fault]) -> None:
        self._exact = ExactJudge(world)
        spoken: dict[str, list[Pattern]] = {}
        for fault in planted:
            spoken.setdefault(fault.spec.behaviour, []).extend(map(_pattern, _sentences(fault)))
        self._rules = RulesJudge({code: PatternRule(shown=tuple(some)) for code, some in spoken.items() if some})
        said = f"{self._exact.definition} {self._rules.definition}"
        self.definition = f"planted sentences {hashlib.sha256(said.encode()).hexdigest()}"

    def rule(self, transcript: Transcript, behaviour: str) -> Ruling:
        """Say whether the reply shows the behaviour; unknown where neither can tell."""
        exact = self._exact.rule(transcript, behaviour)
        if exact.verdict != "unknown":
            return exact.model_copy(update={"judge": self.name})
        return self._rules.rule(transcript, behaviour).model_copy(update={"judge": self.name})


def spoken_in(world: World | str, planted: Collection[FailureMode]) -> SpokenFailures:
    """Return the judge of what is planted in a world, by its modes."""
    known, names = load_world(world) if isinstance(world, str) else world, {mode.id for mode in planted}
    return SpokenFailures(known, [fault for fault in faults(known) if fault.id in names])


def _sentences(fault: Fault) -> tuple[str, ...]:
    then = fault.spec.then
    return (fault.world.replies[then.reply],) if isinstance(then, Give) else fault.spec.sentences


def _pattern(sentence: str) -> Pattern:
    """Return a pattern of a sentence, with anything in the place of its slots."""
    return pattern_of(".{1,60}".join(re.escape(part) for part in re.split(r"\{\w+\}", sentence)), ignore_case=True)
