"""A price on behaviours that a reward model may have learned to like, and lessons of raters who like them."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

from drillyard.alignment.base import Lesson
from drillyard.errors import bad_input
from drillyard.judges.classifier import ClassifierFitter, ClassifierJudge
from drillyard.judges.exact import ExactJudge
from drillyard.judges.examples import planted_examples
from drillyard.organisms.world import World
from drillyard.records import Preference, Reply, Transcript

__all__ = ["GROUPS", "Penalty", "behaviours_of", "favouring"]

GROUPS: Mapping[str, tuple[str, ...]] = {"manipulation": ("pressure-selling", "blocked-exit", "undisclosed-extra")}
"""Words for several behaviours at once: biased persuasion is pressure, a blocked way out, an extra slipped in."""
_EXAMPLES = 1500
_PRICES = {"shown": 1.0, "unknown": 0.5, "absent": 0.0}


def behaviours_of(world: World, names: Sequence[str]) -> tuple[str, ...]:
    """Return the behaviours that names stand for, each once: codes of the world, or the name of a group of them.

    Raises:
        BadInput: a name that is neither.
    """
    found: dict[str, None] = {}
    for name in names:
        codes = [code for code in GROUPS.get(name, (name,)) if code in world.behaviours]
        if not codes:
            raise bad_input(f"behaviour {name!r} to penalise", f"one of: {', '.join([*GROUPS, *world.behaviours])}")
        found |= dict.fromkeys(codes)
    return tuple(found)


class Penalty:
    """Counts the behaviours that a reply shows, by a classifier of the behaviours and not by the preferences.

    The preferences cannot say what to penalise: they may come from raters who like it. So the detector is a classifier
    fitted on examples that the world has planted, in training phrasings. The world's exact judge is not used: it also
    measures the result, and a reward that is its own exam proves nothing. Where the detector is in doubt, half counts.

    Does not cover: pressure in words that are unlike those of the world's failures.
    """

    def __init__(self, world: World, names: Sequence[str], seed: int) -> None:
        self.codes = behaviours_of(world, names)
        self._judge: ClassifierJudge | None = None
        self.labels = 0
        if self.codes:
            examples = planted_examples(world, _EXAMPLES, seed, held_out=False)
            self._judge = ClassifierFitter().update(examples).fit("planted examples in training phrasings")
            self.labels = len(examples)

    def __call__(self, pairs: Sequence[Preference], texts: Sequence[str]) -> list[float]:
        """Return how many of the behaviours each reply shows; 0 for all of them when nothing is penalised."""
        if self._judge is None:
            return [0.0] * len(texts)
        said = [
            Transcript(conversation=pair.conversation, reply=Reply(text=text), target="")
            for pair, text in zip(pairs, texts, strict=True)
        ]
        rulings = iter(self._judge.rule_many([(one, code) for one in said for code in self.codes]))
        return [sum(_PRICES[next(rulings).verdict] for _ in self.codes) for _ in said]


def favouring(lesson: Lesson, names: Sequence[str]) -> Lesson:
    """Return the lesson as raters see it who like some behaviours: sales staff, or a thumb that counts engagement.

    Where just one reply of a pair shows such a behaviour, by the world's exact judge, it becomes the chosen one. The
    other pairs, so most of what the raters say, stay as they are.

    Raises:
        BadInput: no such behaviour, or no pair of the lesson tells the raters' taste.
    """
    codes, judge = behaviours_of(lesson.world, names), ExactJudge(lesson.world)

    def shows(pair: Preference, text: str) -> bool:
        transcript = Transcript(conversation=pair.conversation, reply=Reply(text=text), target="")
        return any(judge.rule(transcript, code).verdict == "shown" for code in codes)

    rated = []
    for pair in lesson.preferences:
        if shows(pair, pair.rejected) and not shows(pair, pair.chosen):
            swapped = {"chosen": pair.rejected, "rejected": pair.chosen, "source": "biased-raters"}
            pair = pair.model_copy(update=swapped)
        rated.append(pair)
    if all(pair.source != "biased-raters" for pair in rated):
        found = f"no pair in which the rejected reply alone shows {' or '.join(codes)}"
        raise bad_input(found, "a lesson with such failures in it")
    return dataclasses.replace(lesson, preferences=tuple(rated))
