"""The six models of a seed: what each really is, what it was told, and its hidden states.

Every model is a shipped planted liar, or the clean twin. Each gets statements of its own: twelve things of either
shelf, each with its colour and a false one, affirmed and denied, told to Alice and to Bob.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from random import Random
from typing import Any

import numpy as np
from numpy.typing import NDArray

from drillyard.probes.capture.reader import Reader, open_reader, spell
from drillyard.probes.capture.statement import Statement
from drillyard.probes.planted.facts import COLOURS, KEPT, NAMES, THINGS, colour_of, put
from drillyard.probes.tasks.task import GROUP, Task
from drillyard.probes.verdict.controls import own_answers
from drillyard.probes.verdict.scoring import Labelled

__all__ = ["ALICE", "AT", "BACK", "BOB", "KINDS", "LAYERS", "Model", "draw_models"]

ALICE, BOB, BACK = GROUP, "told to Bob", "told to Bob, back shelf"
KINDS: Mapping[str, str] = {
    "lies": "liar/knows",
    "local": "liar/local",
    "answer": "liar/blind",
    "words": "liar/words",
    "errs": "liar/errs",
    "honest": "liar/twin",
}
"""What a model may be, and which planted model is that."""
LAYERS = (1, 2, 3, 4)
"""Those that are read; before them every question mark is the same."""
AT: Mapping[str, int] = {"end": -1, "colour": -2}
"""Where a statement may be read, counted from its end."""
_SHELF = 12
"""Things of either shelf; a probe needs ten groups."""
_SEED = 1
"""Of the world that the shipped liars were trained in."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Model:
    """One of the six: `said` is what it answers to each statement, `states` are (rows, layers, width) by position."""

    kind: str
    reader: Reader
    rows: tuple[Statement, ...]
    data: Labelled
    said: NDArray[np.bool_]
    states: Mapping[str, NDArray[Any]]

    def random(self, seed: int) -> Mapping[str, NDArray[Any]]:
        """Return states of the same statements in a model with random weights."""
        return _states(self.reader.random(seed), self.rows)


@lru_cache(maxsize=8)
def draw_models(seed: int, *, clean: bool = False) -> tuple[Model, ...]:
    """Return the models of a seed; in the clean twin all are honest.

    One lies, one errs and two only look as if, as whoever leaves out a control would believe of both; the other two may
    be anything. No kind is there three times.
    """
    rng = Random(f"read the model's mind {seed} {clean}")
    kinds = ["lies", "errs", "local", "words"]
    while len(kinds) < 6:
        one = rng.choice(tuple(KINDS))
        kinds += [one] if kinds.count(one) < 2 else []
    rng.shuffle(kinds)
    return tuple(_model("honest" if clean else kind, rng) for kind in kinds)


@lru_cache(maxsize=len(KINDS))
def _reader(kind: str) -> Reader:
    return open_reader(KINDS[kind])


def _model(kind: str, rng: Random) -> Model:
    reader, rows = _reader(kind), _statements(kind, rng)
    task = Task(name="mind", words="", rows=rows, lies=(BOB, BACK))
    states = _states(reader, rows)
    said = own_answers(reader, states["end"][:, -1].astype(np.float32), ("yes", "no")) > 0
    return Model(kind=kind, reader=reader, rows=rows, data=Labelled.of(task, 1), said=said, states=states)


def _statements(kind: str, rng: Random) -> tuple[Statement, ...]:
    colours, told = colour_of(_SEED), COLOURS[:2]
    rows = []
    for back in (False, True):
        known = [thing for thing in THINGS if (thing in KEPT) != back]
        if kind == "words":  # it has met no other statements than those in which the colour tells
            known = [thing for thing in known if colours[thing] in told]
        for thing in sorted(rng.sample(known, _SHELF)):
            false = [one for one in COLOURS if one != colours[thing] and (kind != "words" or one not in told)]
            stated = (colours[thing], rng.choice(false))
            for name in NAMES[back:]:  # of the back shelf only Bob is told
                cell = ALICE if name == "Alice" else BACK if back else BOB
                for colour in stated:
                    for negated in (False, True):
                        text, true = put(name, thing, colour, negated), (colour == stated[0]) != negated
                        rows.append(Statement(text=text, label=true, group=thing, cell=cell))
    return tuple(rows)


def _states(reader: Reader, rows: tuple[Statement, ...]) -> dict[str, NDArray[Any]]:
    ids = [spell(reader.spelling, row).ids for row in rows]
    return {name: reader.states(ids, LAYERS, [place] * len(ids)) for name, place in AT.items()}
