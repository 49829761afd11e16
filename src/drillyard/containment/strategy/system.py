"""The system that a strategy is for: its use, its budgets, the layers that may be chosen, what is assumed of it."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated, Literal

from annotated_types import Ge, Gt, Le, MinLen

from drillyard.containment.channels.answers import answer_type
from drillyard.containment.horizon.assumptions import AssumptionChange, changed
from drillyard.containment.horizon.layers import Layer
from drillyard.containment.horizon.report import HorizonSpec, layers_of
from drillyard.containment.horizon.setting import Setting
from drillyard.errors import bad_input
from drillyard.records import Record
from drillyard.records.yaml_file import read_yaml

__all__ = ["MOST_LAYERS", "SiteEvidence", "SystemSpec", "checked", "read_system"]

MOST_LAYERS = 16
"""Layers that can be chosen among: every set of them is considered."""

Share = Annotated[float, Ge(0), Le(1)]


class SiteEvidence(Record):
    """What the site shows for a claim that nothing here can measure: in words, with the day after which it is stale."""

    claim: Literal["C1", "C5", "C6", "C7"]
    evidence: Annotated[str, MinLen(1)]
    expires: date


class SystemSpec(Record):
    """One system before its board.

    `usefulness` is the least share that the layers together may leave, `staff_hours` the most hours per 1,000 questions
    that they may take. `required` layers are in every set. `influence` is a, b and the value where nobody reads, of the
    linear model in which the answer p comes true with chance a + b p. `audit_share` is that of honest work audited,
    `safety` the least that audits must hold against who knows everything of them. `shown` is the site's own evidence.
    """

    name: Annotated[str, MinLen(1)] = "the oracle"
    years: Annotated[int, Ge(1), Le(100)] = 10
    limit: Annotated[float, Gt(0), Le(1)] = 0.1
    usefulness: Share = 0.3
    staff_hours: Annotated[float, Ge(0)] = 150.0
    setting: Setting = Setting()
    layers: tuple[str, ...] | None = None
    own_layers: tuple[Layer, ...] = ()
    required: tuple[str, ...] = ()
    assumptions: tuple[AssumptionChange, ...] = ()
    influence: tuple[float, float, float] = (0.25, 0.4, 0.3)
    answer: str = "grid-21"
    audit_share: Annotated[float, Gt(0), Le(1)] = 0.05
    safety: Share = 0.5
    shown: tuple[SiteEvidence, ...] = ()

    @property
    def horizon(self) -> HorizonSpec:
        """What the long horizon is asked, with every layer that may be chosen."""
        same = ("years", "limit", "setting", "layers", "own_layers", "assumptions")
        return HorizonSpec(**{name: getattr(self, name) for name in same})

    @property
    def candidates(self) -> tuple[Layer, ...]:
        """The layers that may be chosen."""
        return layers_of(self.horizon)


def read_system(path: Path) -> SystemSpec:
    """Read a system from YAML. Raises `BadInput` with what is wrong."""
    return checked(SystemSpec.from_data(read_yaml(path)))


def checked(spec: SystemSpec) -> SystemSpec:
    """Return a system whose parts are known. Raises `BadInput` at unknown layers, answers and assumptions."""
    changed(spec.assumptions)
    answer_type(spec.answer)
    names = [one.name for one in spec.candidates]
    if len(names) > MOST_LAYERS:
        raise bad_input(f"{len(names)} layers", f"at most {MOST_LAYERS}", "name fewer under layers")
    if strangers := [one for one in spec.required if one not in names]:
        raise bad_input(f"required layers {', '.join(strangers)}", f"some of {', '.join(names)}", "correct the name")
    return spec
