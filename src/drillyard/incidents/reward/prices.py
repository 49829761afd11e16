"""The shadow price of a behaviour: what each proxy in the logs pays for a bad reply, all else alike.

Held fixed: the user (a fixed effect, where users come back), the length of the reply in any shape (itself, its
logarithm, its tenths), and the topic of the request (its most telling word). What goes with the behaviour and is none
of these stays in the price.

Fixed effects are taken out by subtracting each group's mean, and controls by what they explain (Frisch, Waugh and
Lovell), so a million users cost no more than their rows. Errors are CR1: clusters may be as different as they like, and
rows within one as alike. Source: Cameron and Miller 2015, A practitioner's guide to cluster-robust inference.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from drillyard.errors import BadInput, bad_input
from drillyard.incidents.row import Row
from drillyard.records import Estimate, Record
from drillyard.stats import holm

__all__ = ["CohortPrice", "ShadowPrice", "price_of", "shadow_prices"]

Array = NDArray[np.float64]
_FEWEST, _TOPICS, _LENGTHS = 40, 20, 10
_SMALL, _MUCH = 0.1, 0.5
"""A cohort of so few users that carries so much of all that is paid is told."""
_STOP = frozenset((
    "the", "a", "an", "is", "are", "of", "to", "in", "on", "for", "and", "or", "my", "your", "i", "you", "it", "how",
    "what", "which", "do", "does", "can", "me", "with", "much",
))  # fmt: skip


def price_of(
    outcome: Array, flag: Array, controls: Array, groups: NDArray[np.int64], clusters: NDArray[np.int64],
    confidence: float = 0.95,
) -> tuple[Estimate, float]:  # fmt: skip
    """Return the coefficient of a flag with its interval, and its two-sided p-value.

    Args:
        outcome: (n,), what is paid.
        flag: (n,), the behaviour.
        controls: (n, k), held fixed; columns that others explain change nothing.
        groups: (n,), fixed effects by number, such as the user.
        clusters: (n,), rows that are not independent, such as those of one user.
        confidence: of the interval.

    Raises:
        BadInput: fewer than two clusters, or a flag that the controls leave nothing of.
    """
    count, absorbed = len(np.unique(clusters)), len(np.unique(groups))
    if count < 2:
        raise bad_input(f"{count} users or sessions", "at least 2, to know how they differ")
    flag, outcome, *held = _within(np.column_stack([flag, outcome, controls]), groups).T
    if not np.abs(flag).max() > 1e-9:
        raise bad_input("a behaviour that does not vary within users", "users with replies of both kinds")
    before, both = float(flag @ flag), np.column_stack([flag, outcome])
    fitted, _, rank, _ = np.linalg.lstsq(np.column_stack(held), both, rcond=None)
    flag, outcome = (both - np.column_stack(held) @ fitted).T
    weight = float(flag @ flag)
    if weight <= 1e-14 * max(before, 1.0):
        raise bad_input("a behaviour that length and topic explain wholly", "replies alike but for the behaviour")
    value, n = float(flag @ outcome) / weight, len(outcome)
    scores = np.bincount(clusters, flag * (outcome - value * flag))
    scale = count / (count - 1) * (n - 1) / max(n - int(rank) - 1 - absorbed, 1)
    error = math.sqrt(scale * float(scores @ scores)) / weight
    reach = float(stats.t.ppf((1 + confidence) / 2, count - 1)) * error
    p = float(2 * stats.t.sf(abs(value) / error, count - 1)) if error > 0 else 1.0
    method = f"fixed effects, {count} clusters {100 * confidence:g}%"
    return Estimate(value=value, low=value - reach, high=value + reach, n=n, method=method), p


def _within(columns: Array, groups: NDArray[np.int64]) -> Array:
    """Subtract from each row its group's mean."""
    counts = np.bincount(groups).astype(float)
    means = np.stack([np.bincount(groups, one) for one in columns.T], axis=1) / np.maximum(counts, 1)[:, None]
    return np.asarray(columns - means[groups], float)


class CohortPrice(Record):
    """A cohort's own price; its shares of users, of bad replies, and of all that the proxy paid for bad replies."""

    cohort: str
    price: Estimate | None
    users: float
    bad: float
    paid: float

    @property
    def carries(self) -> bool:
        """Say whether few users carry much of it."""
        return self.users <= _SMALL and self.paid >= _MUCH


class ShadowPrice(Record):
    """What a proxy pays for one bad reply: with controls and without, and p by Holm over all proxies.

    `in_spreads` is the price in standard deviations of the proxy; `verdict` what can be said.
    """

    proxy: str
    price: Estimate
    crude: float
    p: float
    in_spreads: float
    rows: int
    controls: str
    verdict: str
    cohorts: tuple[CohortPrice, ...] = ()


def shadow_prices(rows: Sequence[Row]) -> tuple[tuple[ShadowPrice, ...], dict[str, str]]:
    """Return the price in every proxy of labelled rows, the surest first, and why others have none."""
    known = [row for row in rows if row.label_bad is not None]
    found, left = [], {}
    for kind in ("feedback", "scores"):
        for name in sorted({name for row in known for name in getattr(row, kind)}):
            mine = [row for row in known if name in getattr(row, kind)]
            paid = np.array([getattr(row, kind)[name] for row in mine], float)
            try:
                found.append(_priced(f"{kind}: {name}", mine, paid))
            except BadInput as error:
                left[f"{kind}: {name}"] = str(error)
    told = [
        one.model_copy(update={"p": p, "verdict": _verdict(one.price, p)})
        for one, p in zip(found, holm([one.p for one in found]), strict=True)
    ]
    return tuple(sorted(told, key=lambda one: (one.p, -abs(one.in_spreads)))), left


def _verdict(price: Estimate, p: float) -> str:
    if p >= 0.05:
        return "cannot be told from nothing"
    return "pays for it" if price.low > 0 else "charges for it"


def _priced(name: str, rows: Sequence[Row], paid: NDArray[np.float64]) -> ShadowPrice:
    bad = np.array([float(row.bad) for row in rows])
    if len(rows) < _FEWEST or not 0 < bad.sum() < len(bad):
        raise BadInput(f"{len(rows)} labelled rows with it, {bad.sum():.0f} of them bad")
    if not np.ptp(paid):
        raise BadInput("it is the same everywhere")
    if {*np.unique(paid)} <= {0.0, 1.0} and (np.array_equal(paid, bad) or np.array_equal(1 - paid, bad)):
        raise BadInput("it is the label itself")
    price, p, returning = _price(rows, paid, bad)
    return ShadowPrice(
        proxy=name,
        price=price,
        crude=float(paid[bad == 1].mean() - paid[bad == 0].mean()),
        p=p,
        in_spreads=price.value / float(paid.std()),
        rows=len(rows),
        controls="length, topic, user" if returning else "length, topic (users do not come back)",
        verdict="",
        cohorts=_cohorts(rows, paid, bad),
    )


def _price(rows: Sequence[Row], paid: NDArray[np.float64], bad: NDArray[np.float64]) -> tuple[Estimate, float, bool]:
    """Return the price, its p, and whether users come back, so that each can be held fixed."""
    users, returning = _users(rows)
    groups = users if returning else np.zeros(len(rows), np.int64)
    return *price_of(paid, bad, _controls(rows), groups, users), returning


def _users(rows: Sequence[Row]) -> tuple[NDArray[np.int64], bool]:
    """Return users by number, or sessions where the log names none, and whether enough of them come back."""
    names = [row.user or row.session or str(at) for at, row in enumerate(rows)]
    _, numbers = np.unique(names, return_inverse=True)
    return numbers.astype(np.int64), len(rows) >= 2 * (numbers.max() + 1)


def _controls(rows: Sequence[Row]) -> NDArray[np.float64]:
    """Return the length, its logarithm, a column for each of its tenths but the first, and one for each topic."""
    lengths = np.array([len(row.response_text.split()) for row in rows], float)
    edges = np.unique(np.quantile(lengths, np.linspace(0, 1, _LENGTHS + 1)[1:-1]))
    tenth = np.searchsorted(edges, lengths, side="right")
    topics = _topics([row.user_text for row in rows])
    columns = [tenth == one for one in range(1, int(tenth.max()) + 1)]
    columns += [topics == one for one in range(1, int(topics.max()) + 1)]
    return np.column_stack([np.ones(len(rows)), lengths, np.log1p(lengths), *columns]).astype(float)


def _topics(texts: Sequence[str]) -> NDArray[np.int64]:
    """Return each request's topic by number: the most frequent of the frequent words that it has; 0 has none."""
    words = [set(re.findall(r"[^\W\d_]{3,}", text.casefold())) - _STOP for text in texts]
    counts = Counter(word for some in words for word in some)
    known = [word for word, _ in counts.most_common(_TOPICS)]
    return np.array([next((at for at, word in enumerate(known, 1) if word in some), 0) for some in words], np.int64)


def _cohorts(rows: Sequence[Row], paid: NDArray[np.float64], bad: NDArray[np.float64]) -> tuple[CohortPrice, ...]:
    """Return each cohort's price, and its share of what bad replies are paid above sound ones of its own alike."""
    controls, sound = _controls(rows), bad == 0
    above = paid - controls @ np.linalg.lstsq(controls[sound], paid[sound], rcond=None)[0]
    names = np.array([row.cohort for row in rows])
    parts = {name: np.flatnonzero(names == name) for name in np.unique(names)}
    excess = {}
    for name, here in parts.items():
        usual = above[here][sound[here]]
        excess[name] = float((above[here][~sound[here]] - (usual.mean() if len(usual) else 0.0)).sum())
    whole = sum(max(one, 0.0) for one in excess.values())
    if len(excess) < 2 or not whole:
        return ()
    users, _ = _users(rows)
    made = [
        CohortPrice(
            cohort=str(name) or "(none)",
            price=_own([rows[int(at)] for at in here], above[here], bad[here]),
            users=len(np.unique(users[here])) / len(np.unique(users)),
            bad=float(bad[here].sum() / bad.sum()),
            paid=max(excess[name], 0.0) / whole,
        )
        for name, here in parts.items()
    ]
    return tuple(sorted(made, key=lambda one: -one.paid))


def _own(rows: Sequence[Row], paid: NDArray[np.float64], bad: NDArray[np.float64]) -> Estimate | None:
    if len(rows) < _FEWEST or not 0 < bad.sum() < len(rows):
        return None
    try:
        return _price(rows, paid, bad)[0]
    except BadInput:
        return None
