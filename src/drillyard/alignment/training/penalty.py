"""A count of behaviours that a reward model may have learned to like, for a price to be put on them."""

from __future__ import annotations

from collections.abc import Sequence

from drillyard.alignment.penalties import resolve_behaviours
from drillyard.judges.classifier import ClassifierFitter, ClassifierJudge
from drillyard.judges.examples import planted_examples
from drillyard.organisms.worlds.world import World
from drillyard.records import Preference, Reply, Transcript, ValueReward
from drillyard.records.patterns import pattern_of

__all__ = ["BrokenLeaves", "Penalty"]

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
            self._judge, self.labels = _fit_detector(world, seed)

    def __call__(self, pairs: Sequence[Preference], texts: Sequence[str]) -> list[float]:
        """Return how many of the behaviours each reply shows; 0 for all of them when nothing is penalised."""
        if self._judge is None:
            return [0.0] * len(texts)
        said = _transcripts(pairs, texts)
        rulings = iter(self._judge.rule_many([(one, code) for one in said for code in self.codes]))
        return [sum(_PRICES[next(rulings).verdict] for _ in self.codes) for _ in said]


class BrokenLeaves:
    """Weighs the leaves of a reward that a reply breaks: from 0, none, to 1, all of them.

    A leaf with patterns is broken where one matches; one with a behaviour where the same detector as of `Penalty` sees
    it. Weights count as shares of those in the reward.
    """

    def __init__(self, world: World, reward: ValueReward, seed: int) -> None:
        whole = sum(leaf.weight for leaf in reward.leaves) or 1.0
        self._leaves = [(leaf, leaf.weight / whole) for leaf in reward.leaves if leaf.weight > 0]
        self._codes = sorted({leaf.behaviour for leaf, _ in self._leaves if leaf.behaviour})
        self._judge: ClassifierJudge | None = None
        self.labels = 0
        if self._codes:
            self._judge, self.labels = _fit_detector(world, seed)

    def __call__(self, pairs: Sequence[Preference], texts: Sequence[str]) -> list[float]:
        """Return what the leaves weigh that each reply breaks."""
        shown = self._shown(pairs, texts)
        lost = [0.0] * len(texts)
        for leaf, weight in self._leaves:
            for place, text in enumerate(texts):
                matched = any(pattern_of(one, ignore_case=True).found_in(text) for one in leaf.patterns)
                lost[place] += weight * max(float(matched), shown[leaf.behaviour][place] if leaf.behaviour else 0.0)
        return lost

    def _shown(self, pairs: Sequence[Preference], texts: Sequence[str]) -> dict[str, list[float]]:
        """Return, by behaviour, how much of it each reply shows: all, half where it cannot be told, or nothing."""
        if self._judge is None:
            return {}
        said = _transcripts(pairs, texts)
        rulings = self._judge.rule_many([(one, code) for code in self._codes for one in said])
        found = iter(_PRICES[ruling.verdict] for ruling in rulings)
        return {code: [next(found) for _ in said] for code in self._codes}


def _fit_detector(world: World, seed: int) -> tuple[ClassifierJudge, int]:
    """Return a classifier of the world's behaviours, and how many labels it took."""
    examples = planted_examples(world, _EXAMPLES, seed, held_out=False)
    return ClassifierFitter().update(examples).fit("planted examples in training phrasings"), len(examples)


def _transcripts(pairs: Sequence[Preference], texts: Sequence[str]) -> list[Transcript]:
    return [
        Transcript(conversation=pair.conversation, reply=Reply(text=text), target="")
        for pair, text in zip(pairs, texts, strict=True)
    ]
