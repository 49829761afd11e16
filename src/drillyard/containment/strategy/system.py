"""The system that a strategy is for: its use, its budgets, the layers that may be chosen, what is assumed of it."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated, Literal

from annotated_types import Ge, Gt, Le, MinLen

from drillyard.containment.channels.answers import answer_type
from drillyard.containment.horizon.assumptions import AssumptionChange, change_assumptions
from drillyard.containment.horizon.layers import Layer
from drillyard.containment.horizon.report import HorizonSpec, layers_of
from drillyard.containment.horizon.setting import HorizonSetting
from drillyard.errors import bad_input
from drillyard.records import Record
from drillyard.records.yaml_file import read_yaml_record

__all__ = ["MOST_LAYERS", "SiteEvidence", "SystemSpec", "check_system", "read_system"]

MOST_LAYERS = 16
"""Layers that can be chosen among: every set of them is considered."""

Share = Annotated[float, Ge(0), Le(1)]


class SiteEvidence(Record):
    """What the site shows for a claim that nothing here can measure: in words, with the day after which it is stale."""

    claim: Literal["C1", "C5", "C6", "C7"]
    evidence: Annotated[str, MinLen(1)]
    expires: date


class SystemSpec(Record):
    """One system before its board."""

    name: Annotated[str, MinLen(1)] = "the oracle"
    """What the system is called, as in "May … run?"."""
    owner: str = ""
    """Who answers for it."""
    expires: date | None = None
    """The day on which a decision lapses."""
    years: Annotated[int, Ge(1), Le(100)] = 10
    """How long it is to run."""
    limit: Annotated[float, Gt(0), Le(1)] = 0.1
    """The most risk over all years, on average over draws of the assumptions."""
    most_over: Share = 0.1
    """The most draws whose risk may be above the limit."""
    usefulness: Share = 0.3
    """The least share of its use that the layers together must leave."""
    staff_hours: Annotated[float, Ge(0)] = 150.0
    """The most hours per 1,000 questions that the layers together may take."""
    post_hours: Annotated[float, Gt(0)] = 1600.0
    """Hours that one post works in a year."""
    post_cost: Annotated[float, Ge(0)] | None = None
    """Money that one post costs in a year; without it the paper gives posts alone."""
    currency: str = "EUR"
    setting: HorizonSetting = HorizonSetting()
    """What is fixed of the installation."""
    setting_by: str = ""
    """Whose word the numbers of the installation are."""
    layers: tuple[str, ...] | None = None
    """Our layers that may be chosen; all when absent."""
    own_layers: tuple[Layer, ...] = ()
    """Layers of one's own that may be chosen."""
    required: tuple[str, ...] = ()
    """Layers that are in every set."""
    assumptions: tuple[AssumptionChange, ...] = ()
    """Ranges that somebody claims in place of ours."""
    answer: str = "grid-21"
    """The type of an answer: what the layer `bandwidth` leaves of the bits is computed from it, refusals included."""
    bits_a_year: Annotated[float, Gt(0)] | None = None
    """The most bits a year that the gateway lets out; a claim, where it is given."""
    tries: Annotated[int, Ge(1), Le(1000)] = 3
    """Attacks that the attacker scores in a copy of the monitors before it sends the least suspicious one."""
    safety: Share = 0.5
    """The least share of attacks that the trusted monitor's audits must catch, to the last year."""
    steering_limit: Share = 0.05
    """How far an answer may lie from the truth because that pays in score."""
    shown: tuple[SiteEvidence, ...] = ()
    """The site's own evidence."""

    @property
    def candidates(self) -> tuple[Layer, ...]:
        """The layers that may be chosen, with the bits of this system's answers and against this system's attacker."""
        bits = answer_type(self.answer, refusal=True).bits
        share = min(bits / self.setting.answer_bits, 1.0)
        found = []
        for one in layers_of(HorizonSpec(layers=self.layers, own_layers=self.own_layers)):
            if one.name == "bandwidth" and one not in self.own_layers:
                one = one.model_copy(update={"factor": share, "measured": "counted from the type of answer"})
            if one.monitor:
                one = one.model_copy(update={"monitor": one.monitor.model_copy(update={"tries": self.tries})})
            found.append(one)
        return tuple(found)


def read_system(path: Path) -> SystemSpec:
    """Read a system from YAML. Raises `BadInput` with what is wrong."""
    return check_system(read_yaml_record(path, SystemSpec))


def check_system(spec: SystemSpec) -> SystemSpec:
    """Return a system whose parts are known. Raises `BadInput` at unknown layers, answers and assumptions."""
    change_assumptions(spec.assumptions)
    answer_type(spec.answer)
    names = [one.name for one in spec.candidates]
    if len(names) > MOST_LAYERS:
        raise bad_input(f"{len(names)} layers", f"at most {MOST_LAYERS}", "name fewer under layers")
    if strangers := [one for one in spec.required if one not in names]:
        raise bad_input(f"required layers {', '.join(strangers)}", f"some of {', '.join(names)}", "correct the name")
    return spec
