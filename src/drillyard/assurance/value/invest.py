"""The return on safety work: options side by side, what the verdict rests on, and the decision; premium is zero."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np

from drillyard.assurance.drawn import Certificate, DrawnCase, uniform_of
from drillyard.assurance.loss.severity import Array
from drillyard.assurance.value.formulas import binomial_option, payback_months, rosi
from drillyard.assurance.value.information import value_of_all, value_of_input, value_of_sample, variance_share
from drillyard.assurance.value.returns import Bundle, Returns, best_bundle, efficient_set
from drillyard.assurance.value.taxes import TaxRow, band
from drillyard.assurance.value.words import in_sentence, tell, tell_share
from drillyard.records import Estimate, Record
from drillyard.stats.shown import tell_count

__all__ = [
    "ROSI_FLAW",
    "BundleReturn",
    "Decision",
    "InputWeight",
    "Investment",
    "SampleValue",
    "WithoutIt",
    "invest",
]

Decision = Literal["fund", "do not fund", "evaluate first", "do not ship", "not enough evidence"]
ROSI_FLAW = (
    "ROSI takes the reduction as certain and one year for all years, and says nothing of the tail, for which one pays."
)
_RESEEDS = 4
"""Seeds with which the ranking is computed again."""
_MOVES = 0.02
"""Assumptions that move the NPV by less than this share of it and change no decision are not told one by one."""
_NAMED = 4
"""So many inputs that expired are named in a headline."""


class BundleReturn(Record):
    """One set of controls: `chance` is P(NPV > 0); `payback` is in months, none where it never pays back."""

    controls: tuple[str, ...]
    cash: float
    avoided: Estimate
    cost: Estimate
    npv: Estimate
    npv_with_market: Estimate
    chance: float
    payback: float | None
    rosi: float | None
    rosi_low: float | None


class InputWeight(Record):
    """What one input does: NPV at its 5 % and 95 % points, its share of the variance, the value of knowing it."""

    name: str
    kind: Literal["MEASURED", "CITED", "ASSUMED"]
    low: float
    high: float
    share: float
    worth: float


class WithoutIt(Record):
    """The verdict without an assumption, which is then taken at the end that speaks most against the verdict.

    `controls` is the best set then, and `turns` whether the decision or, where it is to fund, the set is another one.
    """

    name: str
    by: str
    at: float
    npv: float
    decision: Decision
    controls: tuple[str, ...]
    turns: bool


class SampleValue(Record):
    """An evaluation of so many queries: what it is worth, what it costs (waiting included), and what that leaves.

    `worth` and `net` are beside deciding at once, which is worth `now`.
    """

    queries: int
    now: float
    worth: float
    cost: float
    net: float


class Investment(Record):
    """What a case returns, and the decision that follows from its expected values.

    Attributes:
        best: the set of controls with the highest mean NPV within the budget; nothing where nothing pays.
        offered: the best set that is not nothing, which the rest speaks of; the same as `best` where that is not empty.
        shares: of the variance of NPV, by kind of birth certificate; they add up to 1.
        break_even: factor on all frequencies at which the offer would just pay.
        break_even_events: harmful events a year at which it would.
        sample: the best size of the next evaluation, where the case names one.
        defer: value of the right to start within a year, by a binomial tree.
        stable: whether further seeds choose the same set.
    """

    currency: str
    years: int
    decision: Decision
    verdict: str
    best: tuple[str, ...]
    offered: tuple[str, ...]
    frontier: tuple[BundleReturn, ...]
    offer: BundleReturn | None
    inherent: Estimate
    break_even: float | None
    break_even_events: float | None
    events: Estimate
    taxes: tuple[TaxRow, ...]
    weights: tuple[InputWeight, ...]
    shares: dict[str, float]
    without: tuple[WithoutIt, ...]
    evpi: float
    samples: tuple[SampleValue, ...] = ()
    sample: SampleValue | None = None
    defer: float | None = None
    do_not_ship: Estimate | None = None
    expired: tuple[str, ...] = ()
    stale: tuple[str, ...] = ()
    stable: bool
    certificates: tuple[Certificate, ...]
    rosi_flaw: str = ROSI_FLAW


def invest(case: DrawnCase) -> Investment:
    """Return what a case's controls return, with the decision. Raises `BadInput` where a severity has no mean."""
    returns = Returns(case=case)
    frontier = efficient_set(returns)
    best = frontier[-1]
    offered = best or _least_bad(returns)
    samples = _samples(returns, frontier)
    sample = max(samples, key=lambda one: one.net, default=None)
    expired = tuple(one.name for one in case.certificates if one.age == "expired")
    decision = _decide(returns, best, sample, expired)
    weights = _weights(returns, frontier, offered) if offered else ()
    shown = [*frontier, offered] if offered and offered not in frontier else frontier
    npv = float(returns.npv(offered).mean()) if offered else 0.0
    events = band(returns.events())
    break_even, closed = _break_even(returns, offered), _not_shipping(returns)
    return Investment(
        currency=case.spec.currency,
        years=case.spec.years,
        decision=decision,
        verdict=_verdict(returns, decision, best, offered, sample, expired),
        best=best,
        offered=offered,
        frontier=tuple(_row(returns, one) for one in shown),
        offer=_row(returns, offered) if offered else None,
        inherent=band(np.sum(returns.losses, 0)),
        break_even=break_even,
        break_even_events=None if break_even is None else break_even * events.value,
        events=events,
        taxes=tuple(row for name in returns.taxes for row in returns.taxes[name].rows),
        weights=weights,
        shares=_shares(weights),
        without=_without(returns, decision, best, npv) if offered else (),
        evpi=value_of_all(_options(returns, frontier)),
        samples=samples,
        sample=sample,
        defer=_defer(returns, offered) if offered else None,
        do_not_ship=None if closed is None else band(closed),
        expired=expired,
        stale=tuple(one.name for one in case.certificates if one.age == "stale"),
        stable=_stable(case, best),
        certificates=case.certificates,
    )


def _least_bad(returns: Returns) -> Bundle:
    """Return the single control, with what it needs, that comes nearest to paying; nothing where there is none."""
    needs = {one.id: one.needs for one in returns.case.spec.controls}
    sets = [tuple(sorted({name, *needs[name]})) for name in needs]
    affordable = [
        one for one in sets if returns.case.spec.budget is None or returns.cash(one) <= returns.case.spec.budget
    ]
    return max(affordable or sets, key=lambda one: float(returns.npv(one).mean()), default=())


def _options(returns: Returns, frontier: Sequence[Bundle]) -> Array:
    """Return the NPV of what one may decide on, as (options, draws): nothing, sets within the budget, not shipping."""
    every = {(), *frontier, *((one,) for one in returns.taxes)}
    budget = returns.case.spec.budget
    within = [one for one in sorted(every) if budget is None or returns.cash(one) <= budget]
    closed = _not_shipping(returns)
    return np.array([*(returns.npv(one) for one in within), *([] if closed is None else [closed])])


def _row(returns: Returns, chosen: Bundle) -> BundleReturn:
    avoided, cost, npv = returns.avoided(chosen), returns.cost(chosen), returns.npv(chosen)
    once = float(sum(returns.taxes[name].once.mean() for name in chosen))
    yearly = float(avoided.mean() - sum(returns.taxes[name].yearly.mean() for name in chosen))
    back = payback_months(once, yearly)
    per_year = float(cost.mean()) / returns.years
    return BundleReturn(
        controls=chosen,
        cash=returns.cash(chosen),
        avoided=band(avoided),
        cost=band(cost),
        npv=band(npv),
        npv_with_market=band(returns.npv(chosen, market=True)),
        chance=float((npv > 0).mean()),
        payback=back if math.isfinite(back) else None,
        rosi=rosi(float(avoided.mean()), per_year) if per_year > 0 else None,
        rosi_low=rosi(float(np.quantile(avoided, 0.05)), per_year) if per_year > 0 else None,
    )


def _break_even(returns: Returns, offered: Bundle) -> float | None:
    """Return the factor on all frequencies at which an offer just pays; none where no frequency makes it pay."""
    gain = returns.years * float(returns.avoided(offered).mean()) if offered else 0.0
    return float(returns.cost(offered).mean()) / gain if gain > 0 else None


def _not_shipping(returns: Returns) -> Array | None:
    """Return the NPV of not shipping beside doing nothing: all losses avoided, all of its value forgone."""
    if returns.case.spec.ship_value is None:
        return None
    worth = returns.case.value("case.ship_value", returns.case.spec.ship_value)
    return np.asarray(returns.years * (np.sum(returns.losses, 0) - worth))


def _decide(returns: Returns, best: Bundle, sample: SampleValue | None, expired: Sequence[str]) -> Decision:
    if expired:
        return "not enough evidence"
    value = max(float(returns.npv(best).mean()), 0.0)
    closed = _not_shipping(returns)
    if closed is not None and closed.mean() > value:
        return "do not ship"
    if sample and sample.net > 0:
        return "evaluate first"
    return "fund" if best else "do not fund"


def _verdict(
    returns: Returns,
    decision: Decision,
    best: Bundle,
    offered: Bundle,
    sample: SampleValue | None,
    expired: Sequence[str],
) -> str:
    spec = returns.case.spec
    money = f"{spec.currency} "
    titles = {one.id: one.title for one in spec.controls}
    named = " and ".join(in_sentence(titles[one]) for one in (best or offered)) or "no control"
    npv = returns.npv(best or offered)
    told = f"{money}{tell(float(npv.mean()))} over {tell_count(spec.years, 'year')}"
    chance = tell_share(float((npv > 0).mean()))
    sure = f"and more than nothing with a chance of {chance} if the stated ranges hold"
    if decision == "not enough evidence":
        more = f" and {len(expired) - _NAMED} more" if len(expired) > _NAMED else ""
        return f"Not enough evidence: {', '.join(expired[:_NAMED])}{more} expired. Renew it before anybody decides."
    if decision == "do not ship":
        return f"Do not ship {spec.system}: what it loses is more than what it brings, behind every control offered."
    if decision == "evaluate first" and sample:
        return (
            f"Evaluate first: {sample.queries:,} more queries leave {money}{tell(sample.net)} more than deciding today "
            f"(worth {money}{tell(sample.worth)}, cost with the wait {money}{tell(sample.cost)})."
        )
    if not offered:
        return "Do not fund: no control is offered, so there is nothing to fund."
    if decision == "fund":
        return f"Fund {named}: worth {told} on average, with no premium counted, {sure}."
    if spec.budget is not None and float(npv.mean()) > 0:
        asked = f"{money}{tell(returns.cash(offered))}, more than the budget of {money}{tell(spec.budget)}"
        would = f"{named} would take {asked}, and be worth {told}, {sure}"
        return f"Do not fund: nothing within the budget pays. To fund {would}."
    return f"Do not fund {named}: it would be worth {told} on average, with no premium counted, {sure}."


def _samples(returns: Returns, frontier: Sequence[Bundle]) -> tuple[SampleValue, ...]:
    """Return what evaluations of several sizes are worth, each beside deciding now."""
    asked, case = returns.case.spec.evaluation, returns.case
    if asked is None:
        return ()
    name = case.names[asked.input]
    options = _options(returns, frontier)
    now = max(float(options.mean(1).max()), 0.0)
    late = min(asked.months / (12 * case.spec.years), 1.0)
    found = []
    for queries in asked.sizes:
        worth = value_of_sample(options, case.values[name], queries, case.seed + queries)
        cost = asked.fixed + asked.per_query * queries + late * (now + worth)
        found.append(SampleValue(queries=queries, now=now, worth=worth, cost=cost, net=worth - cost))
    return tuple(found)


def _weights(returns: Returns, frontier: Sequence[Bundle], offered: Bundle) -> tuple[InputWeight, ...]:
    """Return what each input does to the offer, the strongest first."""
    case, options, npv = returns.case, _options(returns, frontier), returns.npv(offered)
    found = []
    for one in case.certificates:
        if one.name not in case.values or np.ptp(case.values[one.name]) == 0:
            continue
        ends = [float(_fixed(case, {one.name: x}).npv(offered).mean()) for x in (one.low, one.high)]
        seen = case.values[one.name]
        found.append(
            InputWeight(
                name=one.name,
                kind=one.kind,
                low=ends[0],
                high=ends[1],
                share=variance_share(npv, seen),
                worth=value_of_input(options, seen),
            )
        )
    return tuple(sorted(found, key=lambda one: -abs(one.high - one.low)))


def _fixed(case: DrawnCase, at: Mapping[str, float]) -> Returns:
    """Return the returns with some inputs held."""
    held = {name: np.full(case.draws, value) for name, value in at.items()}
    return Returns(case=case.with_values({**case.values, **held}))


def _shares(weights: Sequence[InputWeight]) -> dict[str, float]:
    total = sum(one.share for one in weights)
    kinds = ("MEASURED", "CITED", "ASSUMED")
    return {kind: sum(w.share for w in weights if w.kind == kind) / total if total else 0.0 for kind in kinds}


def _without(returns: Returns, decision: Decision, best: Bundle, npv: float) -> tuple[WithoutIt, ...]:
    """Return the verdict with each assumption at the end that speaks most against it, and last with all of them."""
    case, found, worst = returns.case, [], {}
    for one in case.certificates:
        if one.kind != "ASSUMED" or one.name not in case.values or one.low == one.high:
            continue
        ends = [_held(case, {one.name: x}, decision, best, one.name, one.origin) for x in (one.low, one.high)]
        row = min(ends, key=lambda end: (end[0].decision == decision, end[1]))[0]
        worst[one.name] = row.at
        if row.turns or abs(row.npv - npv) > _MOVES * max(abs(npv), 1.0):
            found.append(row)
    if len(worst) > 1:
        found.append(_held(case, worst, decision, best, "all of them at once", "")[0])
    return tuple(found)


def _held(
    case: DrawnCase, at: Mapping[str, float], decision: Decision, best: Bundle, name: str, by: str
) -> tuple[WithoutIt, float]:
    """Return the verdict with some inputs held, and by how much money it still is the decision that was taken."""
    held = _fixed(case, at)
    now = best_bundle(held, case.spec.budget)
    npv = float(held.npv(now or _least_bad(held)).mean())
    sample = max(_samples(held, (now,)), key=lambda one: one.net, default=None)
    # one that waits for evidence goes on waiting
    then = decision if decision == "not enough evidence" else _decide(held, now, sample, ())
    closed = _not_shipping(held)
    margin = {
        "evaluate first": sample.net if sample else npv,
        "do not ship": (0.0 if closed is None else float(closed.mean())) - max(npv, 0.0),
        "do not fund": -npv,
    }.get(decision, npv)
    turns, end = then != decision or (then == "fund" and now != best), next(iter(at.values())) if by else 0.0
    return WithoutIt(name=name, by=by, at=end, npv=npv, decision=then, controls=now, turns=turns), margin


def _defer(returns: Returns, offered: Bundle) -> float | None:
    """Return the value of the right to start within a year, with the volatility of what is believed of the gain."""
    gain, cost = returns.years * returns.avoided(offered), float(returns.cost(offered).mean())
    value = float(gain.mean())
    if value <= 0 or cost <= 0 or (gain <= 0).any():
        return None
    spec = returns.case.spec
    volatility = min(float(np.log(gain).std()), 2.0)
    rate = math.log1p(spec.discount)
    return binomial_option(value, cost, 1.0, rate, volatility, 1 / spec.years) if volatility > 0.01 else None


def _stable(case: DrawnCase, best: Bundle) -> bool:
    """Say whether other seeds choose the same set."""
    for more in range(1, _RESEEDS + 1):
        values = {
            name: one.quantile(uniform_of(name, case.draws, case.seed + 7919 * more))
            for name, one in case.posteriors.items()
        }
        if best_bundle(Returns(case=case.with_values(values)), case.spec.budget) != best:
            return False
    return True
