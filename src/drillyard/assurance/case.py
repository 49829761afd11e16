"""A case: what is at stake, what may be done about it, and what each number rests on. One YAML file, `case.yaml`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Annotated, Any

from annotated_types import Ge, Gt, Le, MinLen
from pydantic import Field

from drillyard.assurance.argument.elements import refuse_certified_in
from drillyard.assurance.inputs import Figure, Input, Measured, Spread
from drillyard.errors import bad_input
from drillyard.records import Record
from drillyard.records.yaml_file import read_yaml

__all__ = ["CASE", "MOST_CONTROLS", "Appetite", "CaseSpec", "Control", "Correlation", "Effect", "Evaluation"]
__all__ += [
    "Insurance",
    "Joint",
    "LedgerFigure",
    "MoneyPrices",
    "Scenario",
    "TaxInputs",
    "check_case",
    "check_double",
    "limits_of",
    "named_inputs",
    "read_case_spec",
    "run_files",
]

CASE = "case.yaml"
MOST_CONTROLS = 20
"""Controls of a case: every set of them is within reach of the integer programme in well under a second."""

Name = Annotated[str, MinLen(1)]
Share = Annotated[float, Ge(0), Le(1)]
Ref = Input | str
"""An input, or the name of one that several places share."""


class Appetite(Record):
    """The loss that may be exceeded in at most such a share of years."""

    loss: Annotated[float, Gt(0)]
    chance: Annotated[float, Gt(0), Le(1)]


class Insurance(Record):
    """A layer per event: the insurer pays what lies above `excess`, at most `limit`; `premium` is a year's."""

    excess: Annotated[float, Ge(0)]
    limit: Annotated[float, Gt(0)]
    premium: Annotated[float, Ge(0)] = 0.0


class Scenario(Record):
    """One way to lose money: `uses` × `rate` × `escapes` × `harm`, each event costing a `severity`.

    Attributes:
        uses: a year; without a `rate`, the bad outcomes themselves, such as the incidents of past years.
        rate: of bad outcomes per use.
        escapes: share that what is in place today lets through; all of it when absent.
        harm: share of these that leads to a claim or a cost; all of it when absent.
        severity: the spread between events; money.
        doubt: the factor by which all severities may be wrong either way (90 %): what nobody knows yet. 1 for cited
            ones and 2 for assumed ones unless it is stated.
        clustering: variance of the factor of mean 1 by which a year's rate differs; 0 is Poisson.
        cap: the most that one event can cost; a statutory maximum enters as this and is named by `cap_words`.
    """

    id: Name
    title: Name
    uses: Ref
    rate: Ref | None = None
    escapes: Ref | None = None
    harm: Ref | None = None
    severity: Input
    doubt: Annotated[float, Ge(1), Le(1000)] | None = None
    clustering: Annotated[float, Ge(0), Le(1000)] = 0.0
    cap: Annotated[float, Gt(0)] | None = None
    cap_words: str = ""
    insurance: Insurance | None = None


class Effect(Record):
    """What controls do to the rate of a scenario, as it was measured.

    Either `after` beside `before` (their ratio), or `passes`, the share that still comes through. `bypass` is the share
    of cases to which none of it applies.
    """

    after: Ref | None = None
    before: Ref | None = None
    passes: Ref | None = None
    bypass: Ref | None = None


class LedgerFigure(Record):
    """What a run says of a control's taxes: of `align`, for a technique; of `guard` or `oversee serve --measure`."""

    file: Name
    technique: str = ""
    strength: float | None = None


class TaxInputs(Record):
    """What a control costs beside money; each may be negative.

    `refused` is the change in the share of legitimate uses that are refused, `refusable` the share of uses it applies
    to; `wait_ms` the change in waiting time; hours and days are people's.
    """

    refused: Ref | None = None
    refusable: Ref | None = None
    capability: Ref | None = None
    wait_ms: Ref | None = None
    hours_once: Ref | None = None
    hours_yearly: Ref | None = None
    delay_days: Ref | None = None


class Control(Record):
    """Something that may be paid for: money once and yearly, effects by scenario, taxes, market that it unlocks."""

    id: Name
    title: Name
    once: Ref | None = None
    yearly: Ref | None = None
    effects: dict[str, Effect]
    taxes: TaxInputs = TaxInputs()
    ledger: LedgerFigure | None = None
    unlock: Ref | None = None
    needs: tuple[str, ...] = ()
    excludes: tuple[str, ...] = ()


class Correlation(Record):
    """How far the bad years of two scenarios meet: the correlation of a Gaussian copula, on somebody's word."""

    between: tuple[str, str]
    rho: Annotated[float, Ge(-1), Le(1)]
    by: Name


class Joint(Record):
    """Controls that were measured together; or, with `independent_by`, multiplied on somebody's word."""

    controls: Annotated[tuple[str, ...], MinLen(2)]
    effects: dict[str, Effect] = {}
    independent_by: str = ""


class MoneyPrices(Record):
    """What a unit costs: an engineer's hour, a day of delay, a served use, of which there are `uses` a year.

    `latency` is the user's own curve.

    The curve has pairs of milliseconds added and the share of a use's value that is lost, negative ones for time saved.
    """

    hour: Ref | None = None
    day_of_delay: Ref | None = None
    use: Ref | None = None
    uses: Ref | None = None
    latency: tuple[tuple[float, float], ...] = ()


class Evaluation(Record):
    """The next evaluation that could be bought: more queries on one measured rate."""

    input: Name
    per_query: Annotated[float, Ge(0)]
    fixed: Annotated[float, Ge(0)] = 0.0
    sizes: Annotated[tuple[Annotated[int, Gt(0), Le(10**9)], ...], MinLen(1)] = (100, 300, 1000, 3000, 10000)
    months: Annotated[float, Ge(0)] = 1.0


class CaseSpec(Record):
    """A case before its board.

    `measured_on` has the day of each run that does not carry it, by file; a run without a day counts as stale.
    """

    title: Name
    system: Name
    owner: Name
    decide_by: date
    currency: Name
    years: Annotated[int, Ge(1), Le(30)] = 3
    discount: Annotated[float, Ge(-0.5), Le(1)] = 0.08
    appetite: Appetite
    measured_on: dict[str, date] = {}
    inputs: dict[str, Input] = {}
    scenarios: Annotated[tuple[Scenario, ...], MinLen(1)]
    shock: Annotated[float, Ge(0), Le(1000)] = 0.0
    correlations: tuple[Correlation, ...] = ()
    controls: tuple[Control, ...] = ()
    together: tuple[Joint, ...] = ()
    prices: MoneyPrices = MoneyPrices()
    budget: Annotated[float, Ge(0)] | None = None
    evaluation: Evaluation | None = None
    ship_value: Ref | None = None
    change_our_mind: tuple[str, ...] = ()
    notes: str = Field(default="", max_length=4000)


def read_case_spec(folder: Path, today: date) -> CaseSpec:
    """Read and check the case of a folder. Raises `BadInput` with what is wrong."""
    if not (folder / CASE).is_file():
        raise bad_input(f"no {CASE} in {str(folder)!r}", "a case folder", "docs/how-to/board.md has the least one")
    return check_case(CaseSpec.from_data(read_yaml(folder / CASE)), today)


def check_case(spec: CaseSpec, today: date) -> CaseSpec:
    """Return a case whose parts fit together.

    Raises:
        BadInput: an unknown name, an input out of its range, another currency, a control that is counted twice, a day
            that has passed.
    """
    if spec.decide_by < today:
        raise bad_input(f"decide_by {spec.decide_by}, which has passed", f"a day from {today} on", "set a new one")
    if not (len(spec.currency) == 3 and spec.currency.isascii() and spec.currency.isupper()):
        raise bad_input(f"the currency {spec.currency!r}", "three capital letters, such as EUR")
    refuse_certified_in(spec.model_dump(), "the case")
    _unique("scenario", [one.id for one in spec.scenarios])
    _unique("control", [one.id for one in spec.controls])
    if len(spec.controls) > MOST_CONTROLS:
        raise bad_input(f"{len(spec.controls)} controls", f"at most {MOST_CONTROLS}", "join those that go together")
    inputs, limits = named_inputs(spec), limits_of(spec)
    for name, one in inputs.items():
        _check_input(name, one, limits[name], spec, today)
    _check_names(spec)
    _check_correlations(spec)
    if spec.evaluation and not isinstance(inputs.get(spec.evaluation.input), Measured):
        rates = ", ".join(name for name, one in inputs.items() if isinstance(one, Measured))
        raise bad_input(f"evaluation of {spec.evaluation.input!r}", f"a measured input: {rates}", "name one")
    curve = [ms for ms, _ in spec.prices.latency]
    if curve != sorted(set(curve)):
        raise bad_input(f"a latency curve at {curve} ms", "rising milliseconds", "sort them")
    return spec


def _unique(what: str, ids: Sequence[str]) -> None:
    if doubled := sorted({one for one in ids if ids.count(one) > 1}):
        raise bad_input(f"the {what} {doubled[0]!r} twice", f"each {what} once", "rename one")


_MOST = 1e15
"""The most that an amount can be: beyond it a year's loss would leave what is computed with."""
_SHARE, _CHANGE, _ANY = (0.0, 1.0), (-1.0, 1.0), (-_MOST, _MOST)
_LIMITS: Mapping[str, tuple[float, float]] = {
    **dict.fromkeys(("rate", "escapes", "harm", "passes", "bypass", "after", "before", "refusable"), _SHARE),
    **dict.fromkeys(("refused", "capability"), _CHANGE),
    **dict.fromkeys(("wait_ms", "hours_once", "hours_yearly", "delay_days", "unlock", "ship_value"), _ANY),
}
"""By the place that an input stands in; everywhere else it is an amount of at least 0."""


def limits_of(spec: CaseSpec) -> dict[str, tuple[float, float]]:
    """Return, by input, the ends that all places that it stands in leave to it: a share's, an amount's, a change's."""
    found: dict[str, tuple[float, float]] = dict.fromkeys(spec.inputs, _ANY)
    for place, value in _places(spec):
        name = value if isinstance(value, str) else place
        low, high = _LIMITS.get(place.rsplit(".", 1)[-1], (0.0, _MOST))
        least, most = found.get(name, _ANY)
        found[name] = max(low, least), min(high, most)
    return found


def _check_input(name: str, one: Input, limits: tuple[float, float], spec: CaseSpec, today: date) -> None:
    if isinstance(one, Measured):
        return
    last = name.rsplit(".", 1)[-1]
    if one.currency and one.currency != spec.currency:
        how = f"write it in {spec.currency}, with the rate and its day in `words`"
        raise bad_input(f"{one.currency} in {name}", f"{spec.currency}, as the case", how)
    if one.made > today:
        raise bad_input(f"{name} made on {one.made}", f"a day up to {today}", "correct `made`")
    low, high = _least(one), _top(one)
    if low < limits[0]:
        raise bad_input(f"{low:g} in {name}", f"amounts of at least {limits[0]:g}", "correct the range")
    if high > limits[1]:
        what = "a share of at most 1" if limits[1] == 1 else f"amounts of at most {limits[1]:g}"
        raise bad_input(f"{high:g} in {name}", what, "correct the range")
    if one.form == "pareto" and last != "severity":
        raise bad_input(f"a Pareto tail in {name}", "one in a severity", "state a range")
    if last == "severity" and one.form == "normal":
        raise bad_input(f"a normal severity in {name}", "amounts above 0", "use lognormal or pert")


def _least(one: Spread) -> float:
    return one.value if one.value is not None else (one.low or 0.0)


def _top(one: Spread) -> float:
    return one.value if one.value is not None else (one.high or 0.0)


def named_inputs(spec: CaseSpec) -> dict[str, Input]:
    """Return every input by name: shared ones by theirs, others by where they stand, such as `upsell.rate`."""
    found: dict[str, Input] = dict(spec.inputs)
    for place, value in _places(spec):
        if isinstance(value, str):
            if value not in spec.inputs:
                known = ", ".join(spec.inputs) or "none is defined"
                raise bad_input(f"{value!r} in {place}", f"an input: {known}", "define it under `inputs`")
        else:
            found[place] = value
    return found


def run_files(spec: CaseSpec) -> tuple[str, ...]:
    """Return the stored runs that a case reads, ledgers among them."""
    figures = [one.file for one in named_inputs(spec).values() if isinstance(one, Measured)]
    return tuple(sorted({*figures, *(one.ledger.file for one in spec.controls if one.ledger)}))


def _places(spec: CaseSpec) -> Iterator[tuple[str, Ref]]:
    """Yield every place that holds an input, or names one."""
    for scenario in spec.scenarios:
        yield from _fields(scenario.id, scenario, ("uses", "rate", "escapes", "harm", "severity"))
    for control in spec.controls:
        yield from _fields(control.id, control, ("once", "yearly", "unlock"))
        yield from _fields(control.id, control.taxes, tuple(TaxInputs.model_fields))
        for name, effect in control.effects.items():
            yield from _fields(f"{control.id}.{name}", effect, tuple(Effect.model_fields))
    for joint in spec.together:
        for name, effect in joint.effects.items():
            yield from _fields(f"{'+'.join(joint.controls)}.{name}", effect, tuple(Effect.model_fields))
    yield from _fields("prices", spec.prices, ("hour", "day_of_delay", "use", "uses"))
    yield from _fields("case", spec, ("ship_value",))


def _fields(prefix: str, owner: Any, names: Sequence[str]) -> Iterator[tuple[str, Ref]]:
    for name in names:
        value = getattr(owner, name)
        if value is not None:
            yield f"{prefix}.{name}", value


def _check_names(spec: CaseSpec) -> None:
    scenarios, controls = {one.id for one in spec.scenarios}, {one.id for one in spec.controls}
    groups = [(one.id, one.effects) for one in spec.controls]
    groups += [("+".join(one.controls), one.effects) for one in spec.together]
    for owner, effects in groups:
        for name, effect in effects.items():
            if name not in scenarios:
                raise bad_input(f"an effect of {owner} on {name!r}", f"one of: {', '.join(sorted(scenarios))}")
            if (effect.passes is None) == (effect.after is None) or (effect.after is None) != (effect.before is None):
                raise bad_input(f"the effect of {owner} on {name}", "`passes`, or `after` and `before`", "give one")
    for one in spec.controls:
        for other in (*one.needs, *one.excludes):
            if other not in controls - {one.id}:
                others = ", ".join(sorted(controls - {one.id})) or "none is there"
                raise bad_input(f"{one.id} with {other!r} under needs or excludes", f"another control: {others}")
    for joint in spec.together:
        if strangers := [name for name in joint.controls if name not in controls]:
            raise bad_input(f"{strangers[0]!r} in together", f"some of: {', '.join(sorted(controls))}")
        if not joint.effects and not joint.independent_by:
            raise bad_input(f"{'+'.join(joint.controls)} without effects", "effects, or independent_by", "give one")


def _check_correlations(spec: CaseSpec) -> None:
    ids = [one.id for one in spec.scenarios]
    if spec.correlations and spec.shock:
        raise bad_input("a shock beside correlations", "one way in which scenarios depend", "leave one out")
    for pair in spec.correlations:
        if len({*pair.between} & {*ids}) != 2:
            raise bad_input(f"a correlation between {' and '.join(pair.between)}", f"two of: {', '.join(ids)}")
    _unique("correlation", ["-".join(sorted(pair.between)) for pair in spec.correlations])


def check_double(spec: CaseSpec, spot: Callable[[Figure], tuple[str, str]]) -> None:
    """Refuse one measurement that is claimed by two controls for the same scenario.

    `spot` says where a figure is, whatever it was called by: the hash of its run, and the place in it.
    """
    seen: dict[tuple[str, str, str], str] = {}
    for control in spec.controls:
        for scenario, effect in control.effects.items():
            shown = effect.passes if effect.after is None else effect.after
            one = spec.inputs.get(shown) if isinstance(shown, str) else shown
            if not isinstance(one, Figure):
                continue
            key = (*spot(one), scenario)
            if key in seen:
                found = f"{one.file} at {one.at} as the effect of {seen[key]} and of {control.id} on {scenario}"
                raise bad_input(found, "a measurement counted once", "measure each, or put both under `together`")
            seen[key] = control.id
