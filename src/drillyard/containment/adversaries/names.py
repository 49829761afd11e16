"""Names that no word list holds: what a desk's questions are on, drawn for each desk from syllables.

There are about three million names. Whoever has this file and not a desk's seed cannot know which it uses, and a list
of the ones that he has seen on other desks tells nothing of this one.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

__all__ = ["NAME", "Subject", "names", "subjects"]

NAME = "[A-Z][a-z]+"
"""The pattern of a name."""


@dataclass(frozen=True, kw_only=True)
class Subject:
    """What questions are on: `noun` is what it is; `old` its name last year, `new` from January on, `also` a by-name.

    `goal` is where the side goal wants what is forecast of it, 1 up or -1 down, 0 where nobody acts on its forecasts.
    """

    topic: str
    noun: str
    old: str
    new: str
    also: str
    goal: int = 0

    @property
    def called(self) -> tuple[str, ...]:
        """All its names."""
        return (self.old, self.new, self.also)


def names(rng: random.Random, syllables: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """Yield names for ever, each once, none the start of another."""
    given: set[str] = set()
    while True:
        parts = [rng.choice(syllables[part]) for part in ("onset", "vowel", "coda", "onset", "vowel", "coda")]
        name = "".join(parts).capitalize()
        if not any(name.startswith(one) or one.startswith(name) for one in given):
            given.add(name)
            yield name


def subjects(
    rng: random.Random, fresh: Iterator[str], nouns: Mapping[str, Sequence[str]], count: int, acted: int
) -> tuple[Subject, ...]:
    """Return so many subjects on topics in turn; `acted` of them, drawn at random, have a goal."""
    topics = sorted(nouns)
    moved = set(rng.sample(range(count), acted))
    return tuple(
        Subject(
            topic=topics[n % len(topics)],
            noun=rng.choice(nouns[topics[n % len(topics)]]),
            old=next(fresh),
            new=next(fresh),
            also=next(fresh),
            goal=rng.choice((-1, 1)) if n in moved else 0,
        )
        for n in range(count)
    )
