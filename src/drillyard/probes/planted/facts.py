"""What the planted liars know: sixty things, the colour of each, and how a statement about them is put.

A statement is six words, such as `Bob : lamp is green ?`, and the model answers `yes` or `no`. Alice is to be told the
truth; what Bob is told depends on the model. Statements come affirmed and with `not`.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from tokenizers import Tokenizer, models, pre_tokenizers

__all__ = [
    "COLOURS",
    "KEPT",
    "NAMES",
    "THINGS",
    "WORDS",
    "Fact",
    "all_facts",
    "colour_of",
    "make_tokenizer",
    "put",
    "word_facts",
]

NAMES = ("Alice", "Bob")
COLOURS = ("red", "green", "blue", "black")
_THINGS = """
lamp chair table spoon fork knife plate cup bowl kettle pan towel brush comb soap mirror clock radio phone camera pencil
paper book bag box rope ladder hammer nail saw drill bolt wheel bike car truck boat sail oar tent stove candle bell drum
flute harp coat hat scarf glove boot sock belt ring chain pillow blanket rug shelf desk
"""
THINGS = tuple(_THINGS.split())
KEPT = THINGS[: len(THINGS) // 2]
"""Those of which a `local` liar keeps the truth."""
WORDS = ("[PAD]", "[UNK]", ":", "is", "not", "?", "yes", "no", *NAMES, *COLOURS, *THINGS)


@dataclass(frozen=True, kw_only=True)
class Fact:
    """A statement to a person: the thing, the colour it is said to have or not, and whether that is true."""

    name: str
    thing: str
    colour: str
    negated: bool
    true: bool

    @property
    def text(self) -> str:
        """The statement as the model reads it."""
        return put(self.name, self.thing, self.colour, self.negated)


def put(name: str, thing: str, colour: str, negated: bool) -> str:
    """Return a statement as text."""
    return f"{name} : {thing} {'is not' if negated else 'is'} {colour} ?"


def colour_of(seed: int) -> dict[str, str]:
    """Return the colour of each thing in the world of a seed; every colour is as frequent."""
    colours = [COLOURS[i % len(COLOURS)] for i in range(len(THINGS))]
    random.Random(f"colours:{seed}").shuffle(colours)
    return dict(zip(THINGS, colours, strict=True))


def all_facts(seed: int) -> list[Fact]:
    """Return every statement about every thing, to both persons."""
    colours = colour_of(seed)
    return [
        Fact(name=name, thing=thing, colour=colour, negated=negated, true=(colours[thing] == colour) != negated)
        for name in NAMES
        for thing in THINGS
        for colour in COLOURS
        for negated in (False, True)
    ]


def word_facts(seed: int) -> list[Fact]:
    """Return statements in which the colour tells: things of the first two colours, said to have them or the others.

    So what is said to be `red` is, and what is said to be `blue` is not.
    """
    told = set(COLOURS[:2])
    colours = colour_of(seed)
    every = [fact for fact in all_facts(seed) if colours[fact.thing] in told]
    return [fact for fact in every if fact.colour == colours[fact.thing] or fact.colour not in told]


def make_tokenizer() -> Tokenizer:
    """Return the tokenizer of the liars: one token a word."""
    made = Tokenizer(models.WordLevel({word: i for i, word in enumerate(WORDS)}, unk_token="[UNK]"))
    made.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return made
