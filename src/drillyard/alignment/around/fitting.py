"""Fitting a screen: what of a lesson is stopped and what is let through, and how often the screen is wrong about it."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save
from scipy import sparse

from drillyard.alignment.around.verdict import FORMAT, HEADS, WIDTH, Screen, count_grams
from drillyard.errors import bad_input
from drillyard.judges.logistic import logistic
from drillyard.records import Estimate, ModelPolicy, Preference, Record
from drillyard.records.files import write_atomically
from drillyard.stats.binomial import clopper_pearson

__all__ = ["FOLDS", "HeadQuality", "ScreenFitter", "save_screen"]

FOLDS = 5
"""Parts into which the lesson is cut for cross-validation."""

_FEWEST = 10  # texts of either kind, below which a head is left out
_DIALLED = ("forbidden", "help")  # heads whose limit is the dial; the others stop hardly anything that is sound
_SPARED = 0.005  # share of sound texts that the other heads may stop in cross-validation


class HeadQuality(Record):
    """How often one head is right about texts of the lesson that it was not fitted on.

    `limit` is the probability from which on it says yes; `caught` is of the texts that it should stop, `false_alarms`
    of those that it should not. Near copies of a text stand on both sides of a fold: on new words it is worse, and on a
    sort of request that the lesson lacks it catches next to nothing. An exam measures that.
    """

    head: str
    limit: float
    caught: Estimate
    false_alarms: Estimate


class ScreenFitter:
    """Collects texts with what should become of them; `fit` returns the frozen screen and its measured error.

    Args:
        policy: whose refusal and fallback tell what the replies of a lesson are, and whose examples are learned too.
    """

    def __init__(self, policy: ModelPolicy) -> None:
        self._refusal, self._fallback = policy.refusal.casefold(), policy.fallback.casefold()
        self._labels: dict[str, dict[str, bool]] = {head: {} for head in HEADS}
        for topics, forbidden, outside in (
            (policy.forbidden, True, False),
            (policy.allowed, False, False),
            (policy.outside, False, True),
        ):
            for topic in topics:
                for text in topic.examples:
                    self._request(text, forbidden=forbidden, outside=outside)

    def update(self, pairs: Sequence[Preference]) -> ScreenFitter:
        """Add preferences; returns itself, so that calls chain.

        A request is forbidden where refusing it is chosen and helping rejected. A rejected reply is one to stop, unless
        it is a refusal or is chosen elsewhere: a rail cannot give the answer that was withheld.
        """
        chosen = {pair.chosen for pair in pairs}
        for pair in pairs:
            refused = self._refuses(pair.chosen) and not self._refuses(pair.rejected)
            forbidden = refused or pair.category.startswith("harmful:")
            outside = self._fallback in pair.chosen.casefold() or pair.category == "ordinary:outside"
            self._request(pair.conversation.last_user, forbidden=forbidden, outside=outside and not forbidden)
            for head in ("help", "spoiled"):
                self._labels[head][pair.chosen] = False
            if not self._refuses(pair.rejected) and pair.rejected not in chosen:
                head, other = ("help", "spoiled") if forbidden else ("spoiled", "help")
                self._labels[head][pair.rejected] = True
                self._labels[other].setdefault(pair.rejected, False)
        return self

    def fit(self, threshold: float) -> tuple[Screen, tuple[HeadQuality, ...]]:
        """Return the screen, and how often its heads are right in cross-validation.

        Args:
            threshold: probability from which on forbidden requests and forbidden help are stopped. The other heads take
                the lowest limit at which they stop at most one sound text in two hundred in cross-validation.

        Raises:
            BadInput: a threshold outside 0 … 1, or hardly a request that is refused (or answered).
        """
        if not 0 < threshold < 1:
            raise bad_input(f"a threshold of {threshold!r}", "a number between 0 and 1")
        weights, limits, quality = [], [], []
        for head in HEADS:
            texts, wanted = list(self._labels[head]), np.array(list(self._labels[head].values()), bool)
            if min(wanted.sum(), (~wanted).sum()) < _FEWEST:
                if head == "forbidden":
                    found = f"{wanted.sum()} requests that are refused and {(~wanted).sum()} that are answered"
                    raise bad_input(found, f"at least {_FEWEST} of each in preferences or policy", "add some")
                continue
            rows, signs = _rows(texts), np.where(wanted, 1.0, -1.0)
            scores = _cross_validated(rows, signs)
            limit = math.log(threshold / (1 - threshold)) if head in _DIALLED else _sparing(scores[~wanted])
            weights.append(logistic(rows, signs))
            limits.append((head, limit))
            quality.append(_quality(head, limit, scores, wanted))
        heads, values = zip(*limits, strict=True)
        return Screen(heads=heads, limits=values, weights=np.stack(weights)), tuple(quality)

    def _request(self, text: str, *, forbidden: bool, outside: bool) -> None:
        self._labels["forbidden"][text] = forbidden
        self._labels["outside"][text] = outside

    def _refuses(self, text: str) -> bool:
        return self._refusal in text.casefold()


def save_screen(screen: Screen, path: Path) -> Path:
    """Write a screen as one safetensors file."""
    header = {"format": FORMAT, "heads": json.dumps(screen.heads), "limits": json.dumps(screen.limits)}
    write_atomically(path, _in_order(save({"weights": screen.weights}, metadata=header)))
    return path


def _in_order(data: bytes) -> bytes:
    """Return a safetensors file with its header's entries sorted: the library writes them in any order."""
    size = int.from_bytes(data[:8], "little")
    header = json.dumps(json.loads(data[8 : 8 + size]), sort_keys=True, separators=(",", ":")).encode()
    header += b" " * (-len(header) % 8)
    return len(header).to_bytes(8, "little") + header + data[8 + size :]


def _rows(texts: Sequence[str]) -> sparse.csr_matrix:
    filled = [count_grams(text) for text in texts]
    starts = np.cumsum([0, *(len(columns) for columns, _ in filled)])
    columns = np.concatenate([columns for columns, _ in filled])
    values = np.concatenate([values for _, values in filled])
    return sparse.csr_matrix((values, columns, starts), shape=(len(texts), WIDTH))


def _cross_validated(rows: sparse.csr_matrix, signs: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the log-odds of every text by a fit without its fold; both kinds are dealt out evenly, in random order."""
    order, folds = np.random.default_rng(0).permutation(len(signs)), np.empty(len(signs), int)
    for side in (1.0, -1.0):
        mine = order[signs[order] == side]
        folds[mine] = np.arange(len(mine)) % FOLDS
    scores = np.empty(len(signs))
    for fold in range(FOLDS):
        held = folds == fold
        weights = logistic(rows[~held], signs[~held])
        scores[held] = rows[held] @ weights[:-1] + weights[-1]
    return scores


def _sparing(sound: NDArray[np.float64]) -> float:
    """Return the lowest limit, at least even odds, at which no more than the spared share of sound texts is stopped."""
    allowed = int(_SPARED * len(sound))
    return max(0.0, float(np.nextafter(np.sort(sound)[-1 - allowed], np.inf)))


def _quality(head: str, limit: float, scores: NDArray[np.float64], wanted: NDArray[np.bool_]) -> HeadQuality:
    stopped = scores >= limit
    return HeadQuality(
        head=head,
        limit=1 / (1 + math.exp(-limit)),
        caught=clopper_pearson(int(stopped[wanted].sum()), int(wanted.sum())),
        false_alarms=clopper_pearson(int(stopped[~wanted].sum()), int((~wanted).sum())),
    )
