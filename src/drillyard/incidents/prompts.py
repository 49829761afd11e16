"""Prompts in segments (headings, bullets, sentences), and templates out of prompts: what varies is no instruction.

Which words of a segment vary is found by Drain's first step (He et al. 2017: group by length and first word, then by
likeness) with IPLoM's second (Makanju et al. 2009: a place with few different words divides a group, one with many is a
variable), since two instructions that differ in one word are two instructions, and one of them may be the cause. Drain3
would merge them, and reads lines, not prompts; it also holds other packages at releases of 2021.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from drillyard.incidents.row import Segment, Template, segment_hash

__all__ = ["Prompt", "PromptBook", "split"]

_LINE = re.compile(r"[^\n]*\n*")
_BULLET = re.compile(r"\s*(?:[-*•]|\d{1,2}[.)])\s+\S")
_HEADING = re.compile(r"\s*(?:#{1,6}\s+\S|[^.!?]{1,60}:\s*$|[A-Z][A-Z \d]{2,40}$)")
_EXAMPLE = re.compile(r"\s*(?:example|user|assistant|q|a|input|output)\s*\d*:\s*\S", re.I)
_SENTENCE = re.compile(r"(.+?(?:[.!?][\"')\]]*(?=\s+[\"'(\[{]?[A-Z{])|$))(\s*)", re.S)


def split(text: str, part: int = 0) -> list[Segment]:
    """Return the segments of a system message; their texts and tails, in order, are the message without its ends."""
    found: list[Segment] = []
    for line in _LINE.findall(text.strip()):
        if not line.strip():
            if found and line:
                found[-1] = found[-1].model_copy(update={"tail": found[-1].tail + line})
            continue
        kind = next((k for k, form in _KINDS if form.match(line.rstrip("\n"))), "sentence")
        pieces = _SENTENCE.findall(line) if kind == "sentence" else [(line.rstrip(), line[len(line.rstrip()) :])]
        found += [
            Segment(
                text=piece.rstrip(),
                kind=kind,
                hash=segment_hash(piece),
                tail=piece[len(piece.rstrip()) :] + tail,
                part=part,
            )
            for piece, tail in pieces
            if piece.strip()
        ]
    return found


_KINDS = (("example", _EXAMPLE), ("bullet", _BULLET), ("heading", _HEADING))


LIKE = 0.5
"""Share of words that two segments must have in common to be compared; Drain's own default is 0.4."""
VARIES = 6
"""Different words at one place from which it is a variable: fewer, and each makes an instruction of its own. Chosen:
rollouts compare two to four wordings; names and products come in dozens."""
_VALUES = 64


@dataclass(frozen=True, kw_only=True)
class _Skeleton:
    """A segment with variables in it: its text with `{v1}` …, and what finds their values."""

    text: str
    form: re.Pattern[str]


def _find_skeletons(segments: Iterable[str]) -> list[_Skeleton]:
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


def _match(text: str, skeletons: Iterable[_Skeleton]) -> tuple[str, list[str]]:
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


def _skeleton(shape: tuple[str, ...]) -> _Skeleton:
    named, form, number = [], [], 0
    for word in shape:
        if word == "\0":
            number += 1
            named.append(f"{{v{number}}}")
            form.append(r"(\S+(?: \S+){0,7})")
        else:
            named.append(word)
            form.append(re.escape(word))
    return _Skeleton(text=" ".join(named), form=re.compile(" ".join(form)))


class Prompt(NamedTuple):
    """A prompt as rows have it: what the log calls it, its system messages, and whether variables are marked."""

    template_id: str
    template_version: str
    systems: tuple[str, ...]
    marked: bool = False


class PromptBook:
    """Numbers every different prompt; `settle` turns the numbers into templates and the values that fill them."""

    def __init__(self) -> None:
        self._numbers: dict[Prompt, int] = {}
        self._rows: Counter[int] = Counter()

    def number(self, prompt: Prompt) -> int:
        """Return the number of a prompt, and count the row."""
        found = self._numbers.setdefault(prompt, len(self._numbers))
        self._rows[found] += 1
        return found

    def settle(self) -> tuple[list[Template], list[tuple[str, str, str, dict[str, str]]]]:
        """Return the templates, and by prompt number (hash, template id, version, values of its variables)."""
        raw = {prompt: _segments(prompt) for prompt in self._numbers}
        texts = dict.fromkeys(one.text for prompt, many in raw.items() if not prompt.marked for one in many)
        skeletons = _find_skeletons(texts)
        by_start: dict[str, list[_Skeleton]] = {}
        for skeleton in skeletons:
            by_start.setdefault(skeleton.text.split()[0], []).append(skeleton)
        known = {text: _match(text, by_start.get(text.split()[0], ())) for text in texts}
        templates: dict[str, Template] = {}
        told: list[tuple[str, str, str, dict[str, str]]] = []
        for prompt, number in self._numbers.items():
            if not raw[prompt]:
                told.append(("", prompt.template_id, prompt.template_version, {}))
                continue
            template, values = _template(prompt, raw[prompt], known)
            old = templates.setdefault(template.hash, template)
            templates[template.hash] = old.model_copy(update={"rows": old.rows + self._rows[number]})
            told.append((template.hash, template.template_id, template.template_version, values))
        return [*templates.values()], told


def _segments(prompt: Prompt) -> list[Segment]:
    return [one for part, text in enumerate(prompt.systems) for one in split(text, part)]


def _template(
    prompt: Prompt, raw: list[Segment], known: dict[str, tuple[str, list[str]]]
) -> tuple[Template, dict[str, str]]:
    """Return the template of a prompt and the values that fill it; variables are numbered through the prompt."""
    segments, values, names = [], {}, []
    for one in raw:
        text, found = (one.text, []) if prompt.marked else known[one.text]
        key = segment_hash(text)
        for place, value in enumerate(found, start=1):
            name = f"{key[:4]}_{place}"
            text = text.replace(f"{{v{place}}}", f"{{{name}}}")
            values[name] = value
            names.append(name)
        segments.append(one.model_copy(update={"text": text, "hash": key}))
    shape = json.dumps([prompt.template_id, prompt.template_version, [(s.hash, s.tail, s.part) for s in segments]])
    digest = hashlib.sha256(shape.encode()).hexdigest()[:12]
    template = Template(
        hash=digest,
        template_id=prompt.template_id or f"inferred-{digest[:6]}",
        template_version=prompt.template_version,
        inferred=not prompt.template_id,
        segments=tuple(segments),
        vars=tuple(names),
    )
    return template, values
