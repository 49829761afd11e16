"""Every field of the example files, left out: a result or one line that says what is missing, never a crash."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml

from drillyard.containment.channels.spec import ChannelSpec, study
from drillyard.containment.forecasting.spec import forecast, read_forecast
from drillyard.containment.games.report import GameSpec, play
from drillyard.containment.gateway.policy import read_gateway_policy
from drillyard.containment.horizon.report import judge_horizon, read_horizon
from drillyard.containment.incentives.report import judge_diagrams, read_diagrams
from drillyard.containment.strategy.plan import make_strategy
from drillyard.containment.strategy.system import SystemSpec, read_system
from drillyard.errors import BadInput
from drillyard.records.yaml_file import read_yaml_record

EXAMPLES = Path(__file__).parents[2] / "examples" / "oracle"

READ: dict[str, Callable[[Path], Any]] = {
    "channel": lambda path: read_yaml_record(path, ChannelSpec),
    "forecast": read_forecast,
    "game": lambda path: read_yaml_record(path, GameSpec),
    "gateway": read_gateway_policy,
    "horizon": read_horizon,
    "incentives": read_diagrams,
    "system": read_system,
}


def small(spec: SystemSpec) -> SystemSpec:
    """Return a system with four layers to choose among, and its own ones."""
    few = ("query-classes", "human-release", "kill-switch", "trusted-monitor")
    return spec.model_copy(update={"layers": few})


USE: dict[str, Callable[[Any], Any]] = {
    "channel": study,
    "forecast": forecast,
    "game": lambda spec: play(spec, runs=100),
    "horizon": lambda spec: judge_horizon(spec, draws=100, power=3),
    "incentives": judge_diagrams,
    "system": lambda spec: make_strategy(small(spec), draws=100),
}


def places(data: Any, before: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Return the way to every field of nested mappings and lists."""
    for key in data if isinstance(data, dict) else range(len(data)) if isinstance(data, list) else ():
        yield (*before, key)
        yield from places(data[key], (*before, key))


def without(data: Any, way: tuple[Any, ...]) -> Any:
    """Return the data without one field."""
    changed = inner = deepcopy(data)
    for key in way[:-1]:
        inner = inner[key]
    del inner[way[-1]]
    return changed


def check(name: str, tmp_path: Path, use: bool) -> int:
    """Leave out each field of an example in turn; return how many files were still legal."""
    text = (EXAMPLES / f"{name}.yaml").read_text()
    (tmp_path / "bank-run.csv").write_text((EXAMPLES / "bank-run.csv").read_text())
    data, legal = yaml.safe_load(text), 0
    for way in places(data):
        if any(isinstance(key, int) and key > 1 for key in way):
            continue  # of each list the first two entries
        path = tmp_path / "t.yaml"
        path.write_text(yaml.safe_dump(without(data, way)))
        try:
            spec = READ[name](path)
            if use and name in USE:
                USE[name](spec)
            legal += 1
        except BadInput as error:
            assert "expected" in str(error), way
    return legal


@pytest.mark.parametrize("name", READ)
def test_a_field_left_out_is_legal_or_one_line(name: str, tmp_path: Path) -> None:
    """As read, and most fields of each file are optional."""
    assert check(name, tmp_path, use=False) > 3


@pytest.mark.walk
@pytest.mark.parametrize("name", USE)
def test_what_is_read_without_a_field_is_judged(name: str, tmp_path: Path) -> None:
    """As judged, with few draws."""
    assert check(name, tmp_path, use=True) > 3
