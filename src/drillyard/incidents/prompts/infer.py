"""Templates out of prompts: which words of a segment vary from prompt to prompt, and which are instructions.

Drain's first step (He et al. 2017: group by length and first word, then by likeness) with IPLoM's second (Makanju et
al. 2009: a place with few different words divides a group, one with many is a variable), since two instructions that
differ in one word are two instructions, and one of them may be the cause. Drain3 would merge them, and reads lines, not
prompts; it also holds other packages at releases of 2021.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

__all__ = ["Skeleton", "find_skeletons", "match"]

LIKE = 0.5
"""Share of words that two segments must have in common to be compared; Drain's own default is 0.4."""
VARIES = 6
"""Different words at one place from which it is a variable: fewer, and each makes an instruction of its own. Chosen:
rollouts compare two to four wordings; names and products come in dozens."""
_VALUES = 64


@dataclass(frozen=True, kw_only=True)
class Skeleton:
    """A segment with variables in it: its text with `{v1}` …, and what finds their values."""

    text: str
    form: re.Pattern[str]


def find_skeletons(segments: Iterable[str]) -> list[Skeleton]:
    """Return the skeletons among segments, each text given once; segments that fit none have no variables."""
    groups: dict[tuple[int, str], list[_Cluster]] = defaultdict(list)
    for text in segments:
        words = text.split()
        if len(words) < 2:
            continue
        many = groups[len(words), words[0]]
        best = max(many, key=lambda one: one.likeness(words), default=None)
        if best is None or best.likeness(words) < LIKE:
            many.append(_Cluster(words))
        else:
            best.add(words)
    shapes: dict[tuple[str, ...], None] = {}
    for clusters in groups.values():
        for cluster in clusters:
            shapes.update(dict.fromkeys(cluster.shapes()))
    return [_skeleton(shape) for shape in shapes]


def match(text: str, skeletons: Iterable[Skeleton]) -> tuple[str, list[str]]:
    """Return a segment's text with its variables taken out, and their values; itself and none where nothing fits."""
    for skeleton in skeletons:
        if found := skeleton.form.fullmatch(" ".join(text.split())):
            return skeleton.text, [*found.groups()]
    return text, []


class _Cluster:
    """Segments of one length that begin alike. Holds each place's words, and the rows of words, up to a limit."""

    def __init__(self, words: list[str]) -> None:
        self._first = words
        self._places: list[set[str]] = [{word} for word in words]
        self._rows: list[list[str]] = [words]

    def likeness(self, words: list[str]) -> float:
        same = sum(len(place) > VARIES or word in place for word, place in zip(words, self._places, strict=True))
        return same / len(words)

    def add(self, words: list[str]) -> None:
        for word, place in zip(words, self._places, strict=True):
            if len(place) < _VALUES:
                place.add(word)
        if len(self._rows) < _VALUES * _VALUES:
            self._rows.append(words)

    def shapes(self) -> list[tuple[str, ...]]:
        """Return the shapes that have variables: rows divided by their fixed places, wild places in a row as one."""
        wild = [len(place) >= VARIES for place in self._places]
        if not any(wild) or all(wild):
            return []
        split: Mapping[tuple[str, ...], list[list[str]]] = _divided(self._rows, wild)
        shapes = []
        for fixed, rows in split.items():
            if len({*map(tuple, rows)}) < VARIES:
                continue
            words: list[str] = []
            rest = iter(fixed)
            for is_wild in wild:
                word = "\0" if is_wild else next(rest)
                if word != "\0" or not words or words[-1] != "\0":
                    words.append(word)
            shapes.append(tuple(words))
        return shapes


def _divided(rows: list[list[str]], wild: list[bool]) -> dict[tuple[str, ...], list[list[str]]]:
    split: dict[tuple[str, ...], list[list[str]]] = defaultdict(list)
    for row in rows:
        split[tuple(word for word, is_wild in zip(row, wild, strict=True) if not is_wild)].append(row)
    return split


def _skeleton(shape: tuple[str, ...]) -> Skeleton:
    named, form, number = [], [], 0
    for word in shape:
        if word == "\0":
            number += 1
            named.append(f"{{v{number}}}")
            form.append(r"(\S+(?: \S+){0,7})")
        else:
            named.append(word)
            form.append(re.escape(word))
    return Skeleton(text=" ".join(named), form=re.compile(" ".join(form)))
