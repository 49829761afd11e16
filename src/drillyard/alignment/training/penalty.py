"""A count of behaviours that a reward model may have learned to like, for a price to be put on them."""

from __future__ import annotations

from collections.abc import Sequence

from drillyard.alignment.penalties import resolve_behaviours
from drillyard.judges.classifier import ClassifierFitter, ClassifierJudge
from drillyard.judges.examples import planted_examples
from drillyard.organisms.worlds.world import World
from drillyard.records import Preference, Reply, Transcript

__all__ = ["Penalty"]

_EXAMPLES = 1500
"""As many replies as `drillyard audit judge fit` trains on: chosen, not measured."""

_PRICES = {"shown": 1.0, "unknown": 0.5, "absent": 0.0}
"""What a verdict takes from the reward; unknown costs half, so that nonsense does not pay. Chosen."""


class Penalty:
    """Counts the behaviours that a reply shows, by a classifier of the behaviours and not by the preferences.

    The preferences cannot say what to penalise: they may come from raters who like it. So the detector is a classifier
    fitted on examples that the world has planted, in training phrasings. The world's exact judge is not used: it also
    measures the result, and a reward that is its own exam proves nothing. Where the detector is in doubt, half counts.

    Does not cover: pressure in words that are unlike those of the world's failures.
    """

    def __init__(self, world: World, names: Sequence[str], seed: int) -> None:
        self.codes = resolve_behaviours(names, world)
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
