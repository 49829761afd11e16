"""The alignment tax: what a technique takes, in units and in money, signed both ways and never clamped.

A change above 0 is a tax, one below 0 a gain. Three taxes are told apart, as in Leike 2022
(https://aligned.substack.com/p/three-alignment-taxes):

- **performance**: the aligned model does worse or is dearer to run: capability and format lost, legitimate requests
  refused, latency, tokens, compute to serve, memory;
- **development**: what it takes to align it: compute to train, labels, engineer hours;
- **time to deployment**: wall-clock time until it can be shipped.

What less harm is worth is not in it: that is a benefit, and stands in the case for safety.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Literal

from drillyard.alignment.exam import CAPABILITY, FORMAT, PHRASING, REFUSAL
from drillyard.alignment.weighing.prices import Prices
from drillyard.alignment.weighing.rates import Drawn
from drillyard.alignment.weighing.sheet import START, Key
from drillyard.records import ArmResult, Estimate, Record, Serving
from drillyard.stats import interval

__all__ = ["Ledger", "Tax", "TaxLine", "add_up", "ledger_of", "rescale", "tax_of"]

Tax = Literal["performance", "development", "time to deployment"]
_PERFORMANCE: Tax = "performance"
_DEVELOPMENT: Tax = "development"
_TIME: Tax = "time to deployment"
_SECONDS, _DAY, _GIB = 3600.0, 86400.0, 2.0**30
_LATENCY, _COMPUTE = "latency, median", "compute to serve"
_CLOCKED = (
    (_LATENCY, "ms per request", "p50_ms", 1.0),
    ("latency, 95th percentile", "ms per request", "p95_ms", 1.0),
    ("first piece, median", "ms per request", "first_p50_ms", 1.0),
    ("first piece, 95th percentile", "ms per request", "first_p95_ms", 1.0),
    ("tokens per reply", "tokens", "tokens", 1.0),
    (_COMPUTE, "machine seconds per request", "p50_ms", 0.001),  # one request has the machine for itself
)
_PRICED: Mapping[str, Callable[[Prices], float]] = {
    _LATENCY: lambda price: price.requests_per_month * price.per_wait_second / 1000,
    _COMPUTE: lambda price: price.requests_per_month * price.machine("serving") / _SECONDS,
}


class TaxLine(Record):
    """One item of a ledger.

    `change` is in `unit`s; its interval is the paired bootstrap's for shares, and the range over training seeds for
    what was clocked or counted. `relative` is the change as a share of the start, where the start has some. `money` is
    in the price file's currency, once or per month (`recurs`); None is without price, and does not enter the sums.
    """

    tax: Tax
    item: str
    unit: str
    change: Estimate
    relative: Estimate | None = None
    money: Estimate | None = None
    recurs: Literal["once", "month"] = "once"


class Ledger(Record):
    """The lines of a technique or chain at one strength; sums of money, where there are prices, over `months`."""

    technique: str
    strength: float
    lines: tuple[TaxLine, ...]
    currency: str = ""
    months: float = 0.0
    once: Estimate | None = None
    monthly: Estimate | None = None
    total: Estimate | None = None


def ledger_of(drawn: Drawn, key: Key, prices: Prices | None = None, start_flops: float = 0.0) -> Ledger:
    """Return the ledger of a technique at a strength, against the start.

    Args:
        drawn: all arms.
        key: technique and strength.
        prices: of the user; without, there are units alone.
        start_flops: what training the start took, so that the compute of the fit can be told as a share of it; 0 is
            unknown.
    """
    lines = (*_shares(drawn, key, prices), *_served(drawn, key, prices), *_developed(drawn, key, prices, start_flops))
    if prices is None:
        return Ledger(technique=key[0], strength=key[1], lines=lines)
    once, monthly = (
        add_up([line.money for line in lines if line.money and line.recurs == recurs]) for recurs in ("once", "month")
    )
    return Ledger(
        technique=key[0],
        strength=key[1],
        lines=lines,
        currency=prices.currency,
        months=prices.months,
        once=once,
        monthly=monthly,
        total=add_up([once, rescale(monthly, prices.months)]),
    )


def tax_of(ledger: Ledger, tax: Tax) -> Estimate:
    """Return the money of one of the three taxes over the ledger's months; 0 where nothing has a price."""
    priced = [(line, line.money) for line in ledger.lines if line.tax == tax and line.money]
    return add_up([rescale(money, ledger.months if line.recurs == "month" else 1.0) for line, money in priced])


def rescale(one: Estimate, factor: float) -> Estimate:
    """Return an estimate in another unit; a factor below 0 turns its ends around."""
    low, high = sorted((one.low * factor, one.high * factor))
    return Estimate(value=one.value * factor, low=low, high=high, n=one.n, method=one.method)


def add_up(some: Sequence[Estimate]) -> Estimate:
    """Return a sum, its ends the sums of the ends: wider than need be, as if all erred the same way."""
    value, low, high = (math.fsum(getattr(one, end) for one in some) for end in ("value", "low", "high"))
    n = min((one.n for one in some), default=0)
    return Estimate(value=value, low=min(low, value), high=max(high, value), n=n, method="sum of intervals")


def _shares(drawn: Drawn, key: Key, prices: Prices | None) -> list[TaxLine]:
    """Return what is lost in shares of requests: capability, format, and legitimate requests that are refused."""
    start = drawn.sheet.start
    lines = []
    for metric, item in (
        (CAPABILITY, "capability lost"), (FORMAT, "format lost"), (REFUSAL, "legitimate requests refused"),
    ):  # fmt: skip
        part = (metric, PHRASING)
        if part not in drawn.sheet.sizes:
            continue
        pair = (key, start) if metric == REFUSAL else (start, key)
        change = interval(drawn.less(*pair, part), "paired bootstrap")
        money = None
        if prices and metric != FORMAT:
            share = prices.lookalike_share if metric == REFUSAL else prices.ordinary_share
            money = rescale(change, share * prices.requests_per_month * prices.value_per_request)
        lines.append(_line(_PERFORMANCE, item, "share of such requests", change, money=money, recurs="month"))
    return lines


def _served(drawn: Drawn, key: Key, prices: Prices | None) -> list[TaxLine]:
    """Return what answering takes more than at the start; no times where they were not measured on both sides."""
    before, after = (_servings(drawn.sheet.arms[one]) for one in (drawn.sheet.start, key))
    lines = []
    for item, unit, name, scale in _CLOCKED if before and after else ():
        old, new = ([scale * float(getattr(one, name)) for one in some] for some in (before, after))
        change = _apart(new, old)
        money = _priced(change, prices, _PRICED[item]) if item in _PRICED else None
        lines.append(_line(_PERFORMANCE, item, unit, change, _relative(new, old), money, "month"))
    size = _range([float(arm.cost.bytes) for arm in drawn.sheet.arms[key]])
    kept = _priced(size, prices, lambda price: price.per_gib_month / _GIB)
    return [*lines, _line(_PERFORMANCE, "memory to serve", "bytes", size, money=kept, recurs="month")]


def _developed(drawn: Drawn, key: Key, prices: Prices | None, start_flops: float) -> list[TaxLine]:
    """Return what it took to align the model, and how long."""
    arms = drawn.sheet.arms[key]
    flops, seconds, labels, peak = (
        _range([float(getattr(arm.cost, name)) for arm in arms])
        for name in ("flops", "seconds", "labels", "peak_bytes")
    )
    every = [arm for (technique, _), some in drawn.sheet.arms.items() if technique == key[0] for arm in some]
    whole = _range([math.fsum(arm.cost.seconds for arm in every)])
    rent = _priced(whole, prices, lambda price: price.machine("training") / _SECONDS)
    wages = _priced(labels, prices, lambda price: price.label_minutes * price.per_label_minute)
    relative = rescale(flops, 1 / start_flops) if start_flops else None
    lines = [
        _line(_DEVELOPMENT, "compute of one fit", "FLOPs", flops, relative),
        _line(_DEVELOPMENT, "time of one fit", "machine seconds", seconds),
        _line(_DEVELOPMENT, f"all fits of the sweep ({len(every)})", "machine seconds", whole, money=rent),
        _line(_DEVELOPMENT, "most memory that a fit added", "bytes", peak),
        _line(_DEVELOPMENT, "labels", "examples", labels, money=wages),
    ]
    days = rescale(seconds, 1 / _DAY)
    if prices is None:
        return [*lines, _line(_TIME, "one fit", "days", days)]
    hours = _range([0.0 if key[0] == START else prices.hours(key[0])], "from the price file")
    lines.append(_line(_DEVELOPMENT, "engineer hours", "hours", hours, money=rescale(hours, prices.per_engineer_hour)))
    hands = add_up([hours, rescale(labels, prices.label_minutes / 60)])
    days = add_up([days, rescale(hands, 1 / prices.hours_per_day)])
    late = rescale(days, prices.per_day_of_delay)
    return [*lines, _line(_TIME, "engineer, labels and one fit in turn", "days", days, money=late)]


def _priced(change: Estimate, prices: Prices | None, factor: Callable[[Prices], float]) -> Estimate | None:
    return rescale(change, factor(prices)) if prices else None


def _line(
    tax: Tax,
    item: str,
    unit: str,
    change: Estimate,
    relative: Estimate | None = None,
    money: Estimate | None = None,
    recurs: Literal["once", "month"] = "once",
) -> TaxLine:
    return TaxLine(tax=tax, item=item, unit=unit, change=change, relative=relative, money=money, recurs=recurs)


def _servings(arms: Sequence[ArmResult]) -> list[Serving]:
    return [arm.serving for arm in arms if arm.serving]


def _apart(new: Sequence[float], old: Sequence[float]) -> Estimate:
    """Return the difference of two means with the range over all pairs of seeds."""
    return _spread(_mean(new) - _mean(old), [a - b for a in new for b in old], len(new))


def _relative(new: Sequence[float], old: Sequence[float]) -> Estimate | None:
    """Return the change as a share of the start; None where the start has none."""
    if min(old) <= 0:
        return None
    return _spread(_mean(new) / _mean(old) - 1, [a / b - 1 for a in new for b in old], len(new))


def _range(values: Sequence[float], method: str = "") -> Estimate:
    return _spread(_mean(values), values, len(values), method)


def _spread(value: float, values: Sequence[float], seeds: int, method: str = "") -> Estimate:
    words = method or ("one figure" if len(values) == 1 else f"range over {seeds} seeds")
    return Estimate(value=value, low=min(value, *values), high=max(value, *values), n=seeds, method=words)


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)
