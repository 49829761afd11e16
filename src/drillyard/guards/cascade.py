"""Cheap first, dearer only for the doubtful: a guard on words that asks further stages about the passages it doubts.

A passage goes on to the next stage when the one before rates it above its `doubt`; the reply's score is the most that
the last stage has said of any passage, and minus infinity where it was never asked. That is one number per reply, fixed
before the calibration, so the promise of the threshold holds for the cascade as for words alone. A stage is asked at
the first doubtful word, then every few words while the doubt lasts, and at the end.

Does not cover: what the cheaper stages do not doubt, whatever the dearer ones would have said; `guard check` tells how
much that is. Stages wait for each other, and each request about a passage waits for its answer.
"""

from __future__ import annotations

import functools
import hashlib
import json
import math
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from drillyard.errors import bad_input
from drillyard.guards.base import AnyGuard, Span, Stage
from drillyard.guards.guard import Guard, Scorer, open_guard
from drillyard.records import Record
from drillyard.records.files import read_record, write_record
from drillyard.registry import create

__all__ = ["FILE", "Cascade", "Link", "add_stage", "open_any", "open_stage", "save_cascade"]

FILE = "cascade.json"
_STRIDE = 8  # words between two questions about one doubt: half a window, so that no word is in fewer than two passages
_TIE = 1e-3  # what words count beside the last stage: a judge says three things, and calibration needs an order


@dataclass(frozen=True, kw_only=True)
class Link:
    """A stage, how it was opened, and the rating of the stage before above which it is asked."""

    reference: str
    stage: Stage
    doubt: float


@dataclass(frozen=True, kw_only=True, eq=False)
class Cascade:
    """A guard on words with further stages."""

    words: Guard
    links: tuple[Link, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "_turn", threading.Lock())  # models are asked one at a time

    @property
    def behaviours(self) -> tuple[str, ...]:
        """What the words look for."""
        return self.words.behaviours

    @property
    def window(self) -> int:
        """Words that a score is of."""
        return self.words.window

    @property
    def stages(self) -> tuple[str, ...]:
        """References of the stages beyond words."""
        return tuple(link.reference for link in self.links)

    @functools.cached_property
    def digest(self) -> str:
        """Hash of words, stages and doubts."""
        told = [self.words.digest, _STRIDE, _TIE, *([link.stage.digest, link.doubt] for link in self.links)]
        return hashlib.sha256(json.dumps(told).encode()).hexdigest()

    def follow(self, hold: int = 0, limit: float = float("inf")) -> Scorer:
        """Return a scorer for one reply."""
        reads = max(link.stage.reads for link in self.links)
        return Scorer(self.words, max(hold, reads), limit, _Doubts(self))

    def score(self, text: str, limit: float = float("inf")) -> Span:
        """Return a whole reply's score, and where it first passes the limit, or else scores highest."""
        return self.follow(limit=limit).whole(text)

    def rate(self, passages: Sequence[str], behaviour: str, words: float, said: list[float]) -> float:
        """Ask the stages in turn about their passages; keep in `said` the most that each has said."""
        value = words
        for at, (link, passage) in enumerate(zip(self.links, passages, strict=True), start=1):
            if value <= link.doubt:
                return -math.inf
            with self._turn:  # type: ignore[attr-defined]
                value = link.stage.rate(passage, behaviour)
            said[at] = max(said[at], value)
        return value + _TIE * math.tanh(words / 10)


class _Doubts:
    """Follows one reply: its last words as text, and when the stages are asked next."""

    def __init__(self, cascade: Cascade) -> None:
        self._cascade = cascade
        self._reads = [link.stage.reads for link in cascade.links]
        self._text, self._at = "", 0  # the end of the reply, and where it begins
        self._next = self._seen = 0
        self._said = [-math.inf] * (1 + len(cascade.links))

    @property
    def reached(self) -> tuple[float, ...]:
        """The most that each stage has said."""
        return tuple(self._said)

    def hear(self, text: str) -> None:
        """Take in a piece."""
        self._text += text

    def ask(self, scorer: Scorer, behaviour: str, end: int, *, last: bool) -> float:
        """Return what the last stage says of the words before `end`."""
        words = scorer.running
        self._said[0] = max(self._said[0], words)
        due = scorer.words > self._seen if last else scorer.words >= self._next
        if words <= self._cascade.links[0].doubt or not due:
            return -math.inf
        self._seen, self._next = scorer.words, scorer.words + _STRIDE
        begins = [scorer.begin_of_last(min(scorer.words, reads)) for reads in self._reads]
        self._text, self._at = self._text[min(begins) - self._at :], min(begins)
        passages = [self._text[begin - self._at : end - self._at] for begin in begins]
        return self._cascade.rate(passages, behaviour, words, self._said)


class _StoredLink(Record):
    reference: str
    doubt: float


class _Stored(Record):
    """What `cascade.json` holds."""

    links: tuple[_StoredLink, ...]


def open_stage(reference: str, folder: Path | None = None) -> Stage:
    """Open `KIND` or `KIND/ARGUMENT`, where a kind is a card of the family `guards`.

    Raises:
        BadInput: an unknown kind, or what the stage says about its argument.
    """
    kind, _, argument = reference.partition("/")
    stage: Stage = create("guards", kind, argument=argument, folder=folder)
    return stage


def add_stage(guard: AnyGuard, reference: str, stage: Stage, sound: Sequence[str], share: float) -> Cascade:
    """Return a guard with one more stage, which is asked about a share of sound replies.

    Raises:
        BadInput: a share that is none, or too few sound replies to tell it.
    """
    if not 0 < share <= 1:
        raise bad_input(f"a share of {share:g}", "more than 0, at most 1", "such as --share 0.1")
    needed = math.ceil(10 / share)  # so that about ten of them are beyond the doubt
    if len(sound) < needed:
        raise bad_input(f"{len(sound)} sound replies", f"at least {needed} to say which {share:.0%} are doubtful")
    said = []
    for text in sound:
        scorer = guard.follow()
        scorer.whole(text)
        said.append(max(scorer.reached[-1], -1e9))
    doubt = float(np.quantile(said, 1 - share, method="lower"))
    link = Link(reference=reference, stage=stage, doubt=doubt)
    if isinstance(guard, Cascade):
        return Cascade(words=guard.words, links=(*guard.links, link))
    assert isinstance(guard, Guard)
    return Cascade(words=guard, links=(link,))


def save_cascade(cascade: Cascade, folder: Path) -> None:
    """Write words and links; what a stage needs of its own is in the folder already."""
    cascade.words.save(folder)
    links = tuple(_StoredLink(reference=link.reference, doubt=link.doubt) for link in cascade.links)
    write_record(folder / FILE, _Stored(links=links))


def open_any(folder: Path) -> AnyGuard:
    """Read a guard, with its stages if it has any. Raises `BadInput` as `open_guard` and `open_stage`."""
    words = open_guard(folder)
    if not (folder / FILE).exists():
        return words
    stored = read_record(folder / FILE, _Stored, "a folder that drillyard guard stage wrote")
    if not stored.links:
        raise bad_input(f"{str(folder / FILE)!r} without a stage", "one stage or more", "type: drillyard guard stage")
    return Cascade(
        words=words,
        links=tuple(
            Link(reference=one.reference, stage=open_stage(one.reference, folder), doubt=one.doubt)
            for one in stored.links
        ),
    )
