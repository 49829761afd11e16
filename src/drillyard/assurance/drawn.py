"""A case with its evidence read: every input as a distribution, and draws of all of them at once.

An input has draws of its own, from a seed that its name is part of, so that no two scenarios share one by accident and
a change to one input changes nothing else; a figure that two places name is one input.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Literal

import numpy as np

from drillyard.assurance.case import CaseSpec, Ref, check_double, limits_of, named_inputs, read_case_spec
from drillyard.assurance.evidence import Counts, Events, Evidence, Pin, Pins, read_pins
from drillyard.assurance.inputs import Assumed, Cited, Input, JudgeError, Measured, Spread
from drillyard.assurance.ledger import LedgerLine, read_ledger
from drillyard.assurance.loss.severity import Array
from drillyard.assurance.posterior import LEAST, Certain, Kept, Posterior, of_change, of_estimate, of_spread
from drillyard.errors import bad_input
from drillyard.records import Estimate, Record

__all__ = ["Age", "Certificate", "DrawnCase", "draw_case", "freshness", "open_case", "uniform_of"]

Age = Literal["fresh", "stale", "expired"]
_STALE_DOUBT, _ASSUMED_DOUBT = 1.25, 2.0
"""Factors by which severities may be wrong: once their source is stale, and where somebody only assumes them."""
_LEDGER_DAYS = 180
"""How long the ledger of a run counts in full: as long as a measured figure that states no `days`."""


class Certificate(Record):
    """How an input came about, as a reader sees it.

    `median`, `low` and `high` are what is believed of it (90 %); `weight` is what age leaves of its evidence.
    """

    name: str
    kind: Literal["MEASURED", "CITED", "ASSUMED"]
    origin: str
    words: str
    median: float
    low: float
    high: float
    age: Age
    weight: float
    until: date
    sha256: str = ""
    command: str = ""


def freshness(made: date, until: date, today: date) -> tuple[Age, float]:
    """Return whether evidence still counts, and its weight: 1 until the day, falling to `LEAST` at twice its life."""
    late, life = (today - until).days, max((until - made).days, 1)
    if late <= 0:
        return "fresh", 1.0
    if late < life:
        return "stale", max(1 - late / life, LEAST)
    return "expired", LEAST


def _measured_age(made: date | None, days: int, today: date) -> tuple[Age, float, date]:
    """Return age, weight and last day of a run of that day; one of unknown age is stale, with the least weight."""
    if made is None:
        return "stale", LEAST, today
    until = made + timedelta(days=days)
    return *freshness(made, until, today), until


@dataclass(frozen=True, kw_only=True)
class DrawnCase:
    """A case that is ready to be computed.

    `values` has (draws,) arrays by canonical name; `names` leads from the name of a place to its canonical name.
    `ledgers` has lines of align by control; their draws stand in `values` as `CONTROL.ITEM`
    and `CONTROL.ITEM, money`.
    """

    spec: CaseSpec
    folder: Path
    posteriors: Mapping[str, Posterior]
    certificates: tuple[Certificate, ...]
    names: Mapping[str, str]
    draws: int
    seed: int
    values: Mapping[str, Array] = field(repr=False)
    ledgers: Mapping[str, tuple[LedgerLine, ...]] = field(default_factory=dict)

    def value(self, place: str, ref: Ref | None, default: float = 0.0) -> Array:
        """Return the draws of the input at a place, or a default where there is none."""
        if ref is None:
            return np.full(self.draws, default)
        return self.values[self.names[ref if isinstance(ref, str) else place]]

    def certificate(self, name: str) -> Certificate:
        """Return the birth certificate of an input by its canonical name."""
        return next(one for one in self.certificates if one.name == name)

    def with_values(self, values: Mapping[str, Array]) -> DrawnCase:
        """Return the case with other draws of its inputs, all of them of one length."""
        return replace(self, values=values, draws=next(iter(values.values())).size)


def open_case(folder: Path, today: date | None = None, *, draws: int = 4000, seed: int = 1) -> DrawnCase:
    """Read a case folder, its pins and runs, and draw its inputs. Raises `BadInput`."""
    day = today or date.today()
    return draw_case(read_case_spec(folder, day), folder, day, draws=draws, seed=seed)


def draw_case(spec: CaseSpec, folder: Path, today: date, *, draws: int = 4000, seed: int = 1) -> DrawnCase:
    """Read the evidence of a case and draw its inputs.

    Args:
        spec: the case, checked.
        folder: where its runs lie.
        today: the day by which evidence is stale.
        draws: of what nobody knows yet; a Latin hypercube, one column an input.
        seed: of all draws, with each input's name.
    """
    evidence, pins = Evidence(folder), read_pins(folder)
    check_double(spec, evidence.spot)
    posteriors: dict[str, Posterior] = {}
    certificates: list[Certificate] = []
    names: dict[str, str] = {}
    limits = limits_of(spec)
    for place, one in named_inputs(spec).items():
        name = _canonical(place, one, names, spec)
        names[place] = name
        if isinstance(one, Measured):
            _check_figure(place, one, evidence, limits[place])
        if name in posteriors:
            continue
        if place.endswith(".severity"):
            posteriors[name] = Certain(value=1.0)
            certificates.append(_told(name, one, today, of_spread(_as_told(name, one))))
            continue
        certificate, found = _read(name, one, evidence, pins, today, limits[place])
        posteriors[name] = found
        certificates.append(certificate)
    for scenario in spec.scenarios:
        severity = next(one for one in certificates if one.name == names[f"{scenario.id}.severity"])
        stated = scenario.doubt or (_ASSUMED_DOUBT if severity.kind == "ASSUMED" else 1.0)
        doubt = max(stated, 1.0 if severity.age == "fresh" else _STALE_DOUBT)
        if doubt > 1:
            found = of_spread(Spread(low=1 / doubt, high=doubt), severity.weight)
            name = f"{scenario.id}.doubt"
            posteriors[name] = found
            words = f"factor by which all severities of {scenario.id} may be wrong"
            changed = {"name": name, "words": words, "kind": "ASSUMED", "origin": spec.owner}
            certificates.append(severity.model_copy(update={**changed, **_ends(found)}))
    ledgers = {one.id: read_ledger(evidence, one.ledger, spec.currency) for one in spec.controls if one.ledger}
    for control in spec.controls:
        if control.ledger:
            pin = evidence.require_pinned(control.ledger.file, pins)
            for line in ledgers[control.id]:
                for name, found in _line_inputs(control.id, line, _measured_age(pin.made, _LEDGER_DAYS, today)[1]):
                    posteriors[name] = found
                    certificates.append(_of_line(name, line, control.ledger.file, pin, found, today))
    values = {name: one.quantile(uniform_of(name, draws, seed)) for name, one in posteriors.items()}
    return DrawnCase(
        spec=spec,
        folder=folder,
        posteriors=posteriors,
        certificates=tuple(certificates),
        names=names,
        ledgers=ledgers,
        draws=draws,
        seed=seed,
        values=values,
    )


def _line_inputs(control: str, line: LedgerLine, weight: float) -> list[tuple[str, Posterior]]:
    """Return what a line of a ledger brings in: its change, and its money where it has some; wider once it is old."""
    told = {f"{control}.{line.item}": line.change}
    if line.money:
        told[f"{control}.{line.item}, money"] = line.money
    return [
        (name, of_estimate(one, weight) if one.method.startswith("clopper-pearson") else of_change(one, weight))
        for name, one in told.items()
    ]


def _of_line(name: str, line: LedgerLine, file: str, pin: Pin, found: Posterior, today: date) -> Certificate:
    origin = {"name": name, "kind": "MEASURED", "origin": f"{file}: ledger", "words": f"{line.item}, {line.unit}"}
    return Certificate.model_validate({**origin, **_aged(pin, _LEDGER_DAYS, today, origin), **_ends(found)})


def _aged(pin: Pin, days: int, today: date, origin: Mapping[str, str]) -> dict[str, Any]:
    """Return what a certificate says of the run behind it: age, weight, hash and command."""
    age, weight, until = _measured_age(pin.made, days, today)
    told = origin["origin"] + ("" if pin.made else ", of unknown age")
    return dict(age=age, weight=weight, until=until, origin=told, sha256=pin.sha256, command=pin.command)


def _canonical(place: str, one: Input, names: Mapping[str, str], spec: CaseSpec) -> str:
    """Return the name of the first place that names the same figure of the same run."""
    if not isinstance(one, Measured):
        return place
    every = named_inputs(spec)
    key = _key(one)
    return next((n for p, n in names.items() if isinstance(every[p], Measured) and _key(every[p]) == key), place)


def _key(one: Input) -> tuple[str, str, bool, JudgeError | None]:
    assert isinstance(one, Measured)
    return one.file, one.at, one.complement, one.judge


def uniform_of(name: str, draws: int, seed: int) -> Array:
    """Return draws from (0, 1), one in each of so many equal parts, in an order of the input's own."""
    digest = hashlib.sha256(name.encode()).digest()
    rng = np.random.default_rng([seed, int.from_bytes(digest[:8], "big")])
    return np.asarray((rng.permutation(draws) + rng.random(draws)) / draws)


def _check_figure(place: str, one: Measured, evidence: Evidence, limits: tuple[float, float]) -> None:
    """Refuse a figure of a run that cannot be what its place asks for, such as a count where a share has to stand."""
    found = evidence.figure(one)
    if isinstance(found, Counts):
        return
    if isinstance(found, Events):
        fits, told = limits[1] > 1, f"{found.events} events in {found.years:g} years"
    else:
        value = found.value if isinstance(found, Estimate) else found
        fits, told = limits[0] <= value <= limits[1], f"{value:g}"
    if not fits:
        ends = f"a figure from {limits[0]:g} to {limits[1]:g}"
        raise bad_input(f"{told} at {one.file}: {one.at} in {place}", ends, "correct `at`")


def _read(
    name: str, one: Input, evidence: Evidence, pins: Pins, today: date, limits: tuple[float, float]
) -> tuple[Certificate, Posterior]:
    if not isinstance(one, Measured):
        inner = of_spread(one, freshness(one.made, one.until, today)[1])
        found: Posterior = Kept(inner=inner, low=limits[0], high=limits[1])
        return _told(name, one, today, found), found
    pin = evidence.require_pinned(one.file, pins)
    found = evidence.posterior(one, _measured_age(pin.made, one.days, today)[1])
    origin = {"name": name, "kind": "MEASURED", "origin": f"{one.file}: {one.at}", "words": one.words}
    return Certificate.model_validate({**origin, **_aged(pin, one.days, today, origin), **_ends(found)}), found


def _told(name: str, one: Input, today: date, found: Posterior) -> Certificate:
    told = _as_told(name, one)
    age, weight = freshness(told.made, told.until, today)
    if isinstance(told, Cited):
        kind, origin, words = "CITED", f"{told.source} ({told.trust})", told.words or told.includes
    else:
        kind, origin, words = "ASSUMED", told.by, told.words
    fields = {"name": name, "kind": kind, "origin": origin, "words": words, "until": told.until}
    return Certificate.model_validate({**fields, "age": age, "weight": weight, **_ends(found)})


def _as_told(name: str, one: Input) -> Cited | Assumed:
    if isinstance(one, Measured):
        raise bad_input(f"a measured severity in {name}", "a cited or assumed one", "state its range and its source")
    return one


def _ends(found: Posterior) -> dict[str, float]:
    return dict(zip(("low", "median", "high"), map(float, found.quantile(np.array([0.05, 0.5, 0.95]))), strict=True))
