"""A set of diagrams judged: what each admits, and which mitigations take the incentive to control away."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import Annotated, Self

from annotated_types import MinLen
from pydantic import model_validator

from drillyard.containment.incentives.diagram import Diagram
from drillyard.containment.incentives.goals import GoalReport, GoalSpec, judge_goals
from drillyard.containment.incentives.graphical import Incentives, incentives_of, trim
from drillyard.records import Record
from drillyard.records.yaml_file import read_yaml, read_yaml_record

__all__ = [
    "DOES_NOT_SHOW",
    "DiagramReport",
    "IncentiveReport",
    "IncentiveSpec",
    "judge_diagrams",
    "oracle_diagrams",
    "read_diagrams",
]

DOES_NOT_SHOW = (
    "This does not show how large an incentive is, nor that a system pursues the score it was given; an arrow that was "
    "forgotten hides an incentive."
)


class IncentiveSpec(Record):
    """Diagrams by name; `required` are those whose protected nodes must be free of incentives, all when absent."""

    diagrams: Annotated[tuple[Diagram, ...], MinLen(1)]
    required: tuple[str, ...] | None = None
    goals: GoalSpec = GoalSpec()

    @model_validator(mode="after")
    def _named(self) -> Self:
        names = [one.name for one in self.diagrams]
        if len(set(names)) != len(names):
            raise ValueError(f"every name once, not {', '.join(names)}")
        wanted = [*(self.required or ()), *(one.mitigates for one in self.diagrams if one.mitigates)]
        if strangers := [name for name in wanted if name not in names]:
            raise ValueError(f"diagrams among {', '.join(names)}, not {', '.join(strangers)}")
        return self


class DiagramReport(Record):
    """What one diagram admits; `steered` are the protected nodes with an instrumental control incentive.

    With several decisions there is no `incentives`, only `kept`: the arrows that are left after trimming.
    """

    diagram: Diagram
    incentives: Incentives | None
    kept: tuple[tuple[str, str], ...]
    steered: tuple[str, ...]
    freed: tuple[str, ...]
    """Protected nodes that are steered in the diagram without the mitigation and not in this one."""


class IncentiveReport(Record):
    """Every diagram judged."""

    reports: tuple[DiagramReport, ...]
    required: tuple[str, ...]
    goals: GoalReport
    holds: bool
    verdict: str
    does_not_show: str = DOES_NOT_SHOW


def oracle_diagrams() -> IncentiveSpec:
    """Return the diagrams of an oracle that come with the package: plain, and with each mitigation."""
    found = resources.files("drillyard.containment.incentives") / "diagrams" / "oracle.yaml"
    return read_yaml_record(found, IncentiveSpec)


def read_diagrams(path: Path) -> IncentiveSpec:
    """Read diagrams from YAML, one alone or a list. Raises `BadInput`; a cycle is named."""
    data = read_yaml(path)
    if isinstance(data, dict) and "edges" in data:
        data = {"diagrams": [data]}
    return IncentiveSpec.from_data(data)


def judge_diagrams(spec: IncentiveSpec) -> IncentiveReport:
    """Judge every diagram and compare each mitigation with the diagram that it mitigates."""
    steered = {one.name: _steered(one) for one in spec.diagrams}
    reports = tuple(_report(one, steered) for one in spec.diagrams)
    required = tuple(one.name for one in spec.diagrams) if spec.required is None else spec.required
    failing = [name for name in required if steered[name]]
    return IncentiveReport(
        reports=reports,
        required=required,
        goals=judge_goals(spec.goals),
        holds=not failing,
        verdict=_verdict(reports, steered, failing),
    )


def _steered(diagram: Diagram) -> tuple[str, ...]:
    """Return the protected nodes on a way from some decision to a utility."""
    found = set[str]()
    for decision in diagram.decisions:
        found |= set(incentives_of(diagram.model_copy(update={"decisions": (decision,)})).instrumental_control)
    return tuple(node for node in diagram.protected if node in found)


def _report(diagram: Diagram, steered: dict[str, tuple[str, ...]]) -> DiagramReport:
    without, reduced = steered.get(diagram.mitigates, ()), trim(diagram)
    return DiagramReport(
        diagram=diagram,
        incentives=incentives_of(diagram) if len(set(diagram.decisions)) == 1 else None,
        kept=tuple(edge for edge in diagram.edges if reduced.has_edge(*edge)),
        steered=steered[diagram.name],
        freed=tuple(node for node in without if node not in steered[diagram.name]),
    )


def _verdict(reports: tuple[DiagramReport, ...], steered: dict[str, tuple[str, ...]], failing: list[str]) -> str:
    if failing:
        named = "; ".join(f"{name}: {', '.join(steered[name])}" for name in failing)
        return f"An incentive to control what is protected is possible in {named}"
    tried = [one for one in reports if one.diagram.mitigates]
    free = [one.diagram.name for one in tried if one.freed and not one.steered]
    if not tried:
        return "No incentive to control what is protected"
    return f"{len(free)} of {len(tried)} mitigations take every incentive to control away: {', '.join(free) or 'none'}"
