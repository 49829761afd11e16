"""The guard: weights of every behaviour on hashed words, frozen, and the scorer that follows one reply with them.

A score is that of scikit-learn's `decision_function` on the last `WINDOW` words, kept up to date word by word: what
enters the window is added, what leaves it is taken away.

Does not cover: what takes facts, rules or the request to see (`unseen` in the taxonomy), paraphrases without a word in
common with what was learned, other languages than those learned, text that a client puts together from several replies.
"""

from __future__ import annotations

import functools
import hashlib
import json
from dataclasses import dataclass, replace
from itertools import accumulate
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from drillyard.errors import bad_input
from drillyard.guards.base import Deeper, Span
from drillyard.guards.features import LETTERS, WIDTH, WINDOW, letter_columns, pair_column, triple_column
from drillyard.guards.words import WordReader
from drillyard.records.files import write_atomically

__all__ = ["FILE", "Guard", "Scorer", "Table", "open_guard"]

FILE = "model.safetensors"
_FORMAT = "drillyard-guard-1"
_NEARLY = 0.9  # of what the window says: the words before it are other sentences' more often than not
_MOST_CACHED = 50_000  # words in their company whose weights are kept: about 15 MB


@dataclass(frozen=True, kw_only=True, eq=False)
class Guard:
    """A fitted guard. `weights` is (WIDTH + 1, behaviours), the last row the intercepts."""

    behaviours: tuple[str, ...]
    weights: NDArray[np.float32]
    fitted_on: str
    window: int = WINDOW
    stages: ClassVar[tuple[str, ...]] = ()

    @functools.cached_property
    def digest(self) -> str:
        """Hash of all that decides a score."""
        told = json.dumps([_FORMAT, self.behaviours, self.window])
        return hashlib.sha256(told.encode() + np.ascontiguousarray(self.weights, "<f4").tobytes()).hexdigest()

    @functools.cached_property
    def table(self) -> Table:
        """The weights as a scorer uses them, shared by all scorers."""
        return Table(self.weights)

    def follow(self, hold: int = 0, limit: float = float("inf")) -> Scorer:
        """Return a scorer for one reply."""
        return Scorer(self, hold, limit)

    def score(self, text: str, limit: float = float("inf")) -> Span:
        """Return a whole reply's score, and where it first passes the limit, or else scores highest.

        Without a word the score is minus infinity.
        """
        return self.follow(limit=limit).whole(text)

    def rate(self, passage: str, behaviour: str) -> float:
        """Return a passage's score, as a stage of another guard; of any behaviour."""
        return self.score(passage).score

    def save(self, folder: Path) -> Path:
        """Write the guard as one safetensors file."""
        header = {"format": _FORMAT, "behaviours": json.dumps(self.behaviours), "window": str(self.window)}
        data = save({"weights": self.weights}, metadata=header | {"fitted_on": self.fitted_on})
        write_atomically(folder / FILE, data)
        return folder / FILE


class Table:
    """Weights by word, each looked up once: a word's own, and those of a word behind its two neighbours."""

    def __init__(self, weights: NDArray[np.float32]) -> None:
        self._rows = weights[:-1].astype(np.float64)
        self.bias = weights[-1].astype(np.float64)
        self._alone: dict[str, NDArray[np.float64]] = {}
        self._behind: dict[tuple[str, str, str], NDArray[np.float64]] = {}

    def __call__(self, key: tuple[str, str, str]) -> NDArray[np.float64]:
        """Return what a word adds to the scores, behind the two words before it."""
        found = self._behind.get(key)
        if found is None:
            first, before, word = key
            rows = self._rows
            found = self._word(word) + rows[pair_column(before, word)] + rows[triple_column(first, before, word)]
            if len(self._behind) >= _MOST_CACHED:
                self._behind.clear()
            self._behind[key] = found
        return found

    def _word(self, word: str) -> NDArray[np.float64]:
        found = self._alone.get(word)
        if found is None:
            groups, own = letter_columns(word)
            found = LETTERS * self._rows[list(groups)].sum(axis=0) + self._rows[own]
            if len(self._alone) >= _MOST_CACHED:
                self._alone.clear()
            self._alone[word] = found
        return found


class Scorer:
    """Follows one reply. `peak` is where it scored highest so far, `score` that score, `running` the present one.

    Args:
        guard: whose weights.
        hold: words whose places are remembered; at least the guard's window.
        limit: the score above which `crossed` is set, to where the reply first scored so high: the window without
            the words at its beginning that say little for it.
        deeper: who is asked about doubtful words; the reply's score is then what it says.
    """

    def __init__(self, guard: Guard, hold: int = 0, limit: float = float("inf"), deeper: Deeper | None = None) -> None:
        self._guard, self._table, self._reader = guard, guard.table, WordReader()
        self._sum = self._table.bias.copy()
        self._ring: list[NDArray[np.float64]] = [np.zeros_like(self._sum)] * guard.window
        self._begins = [0] * max(hold, guard.window)
        self._first = self._before = "^"
        self.words = self._end = 0
        self.score = self.running = float("-inf")
        self._best = ("", 0, 0)
        self._limit, self._deeper = limit, deeper
        self.crossed: Span | None = None

    @property
    def peak(self) -> Span:
        """Where the reply scored highest so far."""
        behaviour, begin, end = self._best
        return Span(behaviour=behaviour, score=self.score, begin=begin, end=end)

    @property
    def read(self) -> int:
        """How many characters are in words that were scored; those behind may still be part of one."""
        return self._reader.safe

    @property
    def reached(self) -> tuple[float, ...]:
        """The most that each stage has said so far, the cheapest first; minus infinity where it was not asked."""
        return self._deeper.reached if self._deeper else (self.score,)

    def whole(self, text: str) -> Span:
        """Take in a whole reply and return its score, and where it first passes the limit, or else scores highest."""
        self.feed(text)
        self.end()
        return replace(self.crossed, score=self.score) if self.crossed else self.peak

    def feed(self, text: str) -> float:
        """Take in a piece and return the reply's score so far."""
        if self._deeper:
            self._deeper.hear(text)
        for word, begin, end in self._reader.read(text):
            self._take(word, begin, end)
        return self.score

    def end(self) -> float:
        """Score what was incomplete, since the reply is over, and return its score."""
        for word, begin, end in self._reader.end():
            self._take(word, begin, end)
        if self._deeper and self.words:
            self._note(last=True)
        return self.score

    def begin_of_last(self, words: int) -> int:
        """Return where the last so many scored words begin, in characters; no more words than are remembered."""
        if not words:
            return self.read
        return self._begins[(self.words - words) % len(self._begins)] if self.words >= words else 0

    def _take(self, word: str, begin: int, end: int) -> None:
        enters = self._table((self._first, self._before, word))
        place = self.words % self._guard.window
        total = self._sum
        total += enters
        total -= self._ring[place]
        self._ring[place] = enters
        self._first, self._before = self._before, word
        self._begins[self.words % len(self._begins)] = begin
        self.words += 1
        self._end = end
        self._note()

    def _note(self, *, last: bool = False) -> None:
        """Keep where the reply scores highest, and where it first passes the limit."""
        values = self._sum.tolist()
        running = self.running = max(values)
        if self._deeper:
            running = self._deeper.ask(self, self._guard.behaviours[values.index(running)], self._end, last=last)
        if running > self.score:
            self.score = running
            column = values.index(self.running)
            oldest = self.begin_of_last(min(self.words, self._guard.window))
            self._best = (self._guard.behaviours[column], oldest, self._end)
            if running > self._limit and self.crossed is None:
                telling = self.begin_of_last(self._telling(column))
                self.crossed = Span(behaviour=self.peak.behaviour, score=running, begin=telling, end=self._end)

    def _telling(self, column: int) -> int:
        """Return how many of the window's last words say nearly all that it says for a behaviour."""
        ring, size = self._ring, self._guard.window
        last = [float(ring[(self.words - back) % size][column]) for back in range(1, min(self.words, size) + 1)]
        sums = list(accumulate(last))
        return next(words for words, total in enumerate(sums, start=1) if total >= _NEARLY * max(sums))


def open_guard(folder: Path) -> Guard:
    """Read a guard from its folder. Raises `BadInput` where there is none, or a broken one."""
    path, expected = folder / FILE, "a folder that drillyard guard train wrote"
    try:
        with safe_open(str(path), framework="np") as file:
            header, weights = file.metadata() or {}, np.asarray(file.get_tensor("weights"), np.float32)
        behaviours, window = tuple(json.loads(header["behaviours"])), int(header["window"])
        if header["format"] != _FORMAT or weights.shape != (WIDTH + 1, len(behaviours)) or not behaviours or window < 1:
            raise ValueError(f"format {header['format']!r}, weights {weights.shape}")
        if not np.isfinite(weights).all():
            raise ValueError("weights that are no finite numbers")
    except (SafetensorError, OSError, KeyError, ValueError) as error:
        raise bad_input(
            f"{str(path)!r} that cannot be read ({error})", expected, "type: drillyard guard train"
        ) from None
    return Guard(behaviours=behaviours, weights=weights, window=window, fitted_on=header.get("fitted_on", ""))
