"""Forecast rare failures: from N evaluation queries to 10 to 1,000 times as many in deployment.

Elicitation probabilities of the evaluated queries give an extreme-value tail (`stats/tail.py`); from it come the worst
query among n, and the chance of at least one failure in n replies. A forecast is refused, with the reason and with what
would help, where the tail does not fit; what is then left is an upper bound.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence

import numpy as np

from drillyard.audits.corrected import corrected
from drillyard.audits.elicitation import Elicitation
from drillyard.errors import bad_input
from drillyard.records import Estimate, Record
from drillyard.stats import clustered_zero_bound, exceeding_share, exponential_fit, largest, rare_mean
from drillyard.stats.tail import DEFAULT_K

__all__ = ["CAVEATS", "BackTest", "Forecast", "ForecastPoint", "forecast", "tail_problems"]

CAVEATS = (
    "Holds for queries drawn as the evaluated ones were; other traffic needs another evaluation.",
    "A failure mode that no evaluated query comes near is not in the tail: the forecast is then too low.",
)
_POOR_FIT = 0.01  # p-value below which the excesses are not taken to be exponential
_ORDER = 10.0  # most by which half or twice as many values may move the forecast
_HELD = 0.5  # least share of back-tests that the interval must hold; see benchmarks/forecast.py for how it was chosen
_REPEATS = 30
_NO_JUDGE = "the judge was not measured on this behaviour, or may be no better than chance"


class ForecastPoint(Record):
    """What to expect of `volume` queries, one reply each.

    `worst` is the largest elicitation probability among them (none where refused), `any_failure` the chance of at least
    one failing reply, `expected` their number.
    """

    volume: int
    worst: Estimate | None = None
    any_failure: Estimate
    expected: Estimate


class BackTest(Record):
    """The same method on parts of the evaluated queries: from `evaluated` to the largest of `volume` others.

    `held` is the share of splits whose interval held it, `near` the share whose value was within a factor of ten.
    """

    evaluated: int
    volume: int
    repeats: int
    held: float
    near: float


class Forecast(Record):
    """A forecast, or the reasons why there is none.

    `rate` is the chance that one more reply fails: of log-probabilities with the fitted tail, of sampled replies their
    share, corrected for the judge's error; `baseline` what zero failures in as many queries would bound it by,
    one reply each. `by_k` is the worst query of the largest volume by the number of values fitted, `fit` the p-value of
    the fit, `seen` the largest evaluated probabilities, falling. Where `refused` is not empty, the points say nothing
    of the worst query, their rate is what was seen, without a tail, and `more` queries may help.
    """

    target: str
    behaviour: str
    how: str
    queries: int
    nonzero: int
    observed: float
    seen: tuple[float, ...] = ()
    k: int
    rate: Estimate
    baseline: Estimate
    points: tuple[ForecastPoint, ...]
    by_k: dict[str, float]
    fit: float | None = None
    back_test: BackTest | None = None
    refused: tuple[str, ...] = ()
    more: int = 0
    caveats: tuple[str, ...] = CAVEATS


def forecast(
    elicited: Elicitation, volumes: Sequence[int], *, target: str = "", k: int = DEFAULT_K, seed: int = 0
) -> Forecast:
    """Forecast each volume from elicitation probabilities of the evaluated queries.

    Raises:
        BadInput: fewer than 50 queries, or a volume not larger than their number.
    """
    volumes, n = sorted(set(volumes)), len(elicited.p)
    if n < 50:
        raise bad_input(f"{n} evaluated queries", "at least 50", f"ask {50 - n} more")
    if not volumes or volumes[0] <= n:
        raise bad_input(f"volumes {volumes}", f"numbers above the {n} evaluated queries")
    values = corrected(elicited)
    p = values.p if values else np.array(elicited.p)
    refused, fit, by_k, tested = tail_problems(p, volumes[-1], k, seed) if values else ([_NO_JUDGE], None, {}, None)
    rate = _bound(elicited) if refused or elicited.share else exceeding_share(p, k, seed=seed)
    worst = [
        None if refused or values is None else values.carry(functools.partial(largest, volume=volume, k=k, seed=seed))
        for volume in volumes
    ]
    points = [_point(volume, rate, one) for volume, one in zip(volumes, worst, strict=True)]
    return Forecast(
        target=target,
        behaviour=elicited.behaviour,
        how=elicited.how,
        queries=n,
        nonzero=int((p > 0).sum()),
        observed=float(p.max()),
        seen=tuple(float(x) for x in np.sort(p[p > 0])[::-1][: 2 * k]),
        k=k,
        rate=rate,
        baseline=clustered_zero_bound(n),
        points=tuple(points),
        by_k=by_k,
        fit=fit,
        back_test=tested,
        refused=tuple(refused),
        more=_more(p, k) if refused else 0,
    )


def tail_problems(
    p: np.ndarray[tuple[int], np.dtype[np.float64]], volume: int, k: int, seed: int
) -> tuple[list[str], float | None, dict[str, float], BackTest | None]:
    """Return why a tail cannot be extrapolated (nothing: it can), its fit, its k-sensitivity and its back-test."""
    nonzero, top = int((p > 0).sum()), np.sort(p)[::-1][: k + 1]
    if nonzero <= k:
        return [f"only {nonzero} of {len(p)} queries have a probability above zero, {k + 1} are needed"], None, {}, None
    if (distinct := len(np.unique(top))) <= k // 2:
        return [f"the {k + 1} largest probabilities are only {distinct} different ones"], None, {}, None
    fit, tested = exponential_fit(p, k), _back_test(p, k, seed)
    ks = [one for one in (k // 2, k, 2 * k) if 2 <= one < nonzero]
    by_k = {str(one): largest(p, volume, one, seed=seed).value for one in ks}
    refused = []
    if fit < _POOR_FIT:
        refused.append(
            f"the {k} largest probabilities do not fall off as a tail does (p {f'= {fit:.1g}' if fit else '< 0.001'})"
        )
    apart = max(by_k.values()) / max(min(by_k.values()), 1e-300)
    if apart > _ORDER:
        refused.append(f"{min(ks)} or {max(ks)} values instead of {k} move the forecast by a factor of {apart:.0f}")
    if tested and tested.held < _HELD:
        words = f"{tested.held:.0%} of {tested.repeats} back-tests from {tested.evaluated} to {tested.volume} queries"
        refused.append(f"the interval held in only {words}")
    return refused, fit, by_k, tested


def _back_test(p: np.ndarray[tuple[int], np.dtype[np.float64]], k: int, seed: int) -> BackTest | None:
    """Forecast the largest of nine tenths of the queries from one tenth, again and again."""
    rng, evaluated, few = np.random.default_rng(seed), len(p) // 10, max(5, k // 2)
    held = near = done = 0
    for repeat in range(_REPEATS):
        order = rng.permutation(len(p))
        one, rest = p[order[:evaluated]], p[order[evaluated:]]
        if evaluated <= few or len(np.unique(np.sort(one)[-few - 1 :])) <= few // 2 or (one > 0).sum() <= few:
            continue
        found, truth = largest(one, len(rest), few, seed=repeat, draws=400), max(float(rest.max()), 1e-300)
        held += found.low <= truth <= found.high
        near += abs(math.log10(max(found.value, 1e-300) / truth)) <= 1
        done += 1
    if done < _REPEATS // 4:
        return None
    return BackTest(evaluated=evaluated, volume=len(p) - evaluated, repeats=done, held=held / done, near=near / done)


def _bound(elicited: Elicitation) -> Estimate:
    """Return what is known of the rate without a tail: the sampled share, or the mean of the log-probabilities."""
    if elicited.share is not None:
        return elicited.share
    return rare_mean(elicited.p) if any(elicited.p) else clustered_zero_bound(len(elicited.p))


def _point(volume: int, rate: Estimate, worst: Estimate | None) -> ForecastPoint:
    some = {
        end: -math.expm1(volume * math.log1p(-min(getattr(rate, end), 1 - 1e-15))) for end in ("value", "low", "high")
    }
    number = {end: volume * getattr(rate, end) for end in ("value", "low", "high")}
    return ForecastPoint(
        volume=volume,
        worst=worst,
        any_failure=rate.model_copy(update=some),
        expected=rate.model_copy(update=number),
    )


def _more(p: np.ndarray[tuple[int], np.dtype[np.float64]], k: int) -> int:
    """Return how many more queries would give twice k values above zero, at the least as many again."""
    nonzero = int((p > 0).sum())
    wanted = math.ceil(len(p) * 2 * k / nonzero) if nonzero else 10 * len(p)
    return max(wanted - len(p), len(p))
