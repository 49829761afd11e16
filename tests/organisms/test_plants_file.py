"""plants.yaml: what it says is planted, and what is wrong with it is one line."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from drillyard.errors import BadInput
from drillyard.organisms.worlds.failures import faults, find_failure
from drillyard.organisms.worlds.plants_file import check_triggers, load_plants
from drillyard.organisms.worlds.world import World, load_world

WORLD = load_world("helpdesk")
ALL_KINDS = Path(__file__).parents[2] / "examples" / "plants" / "all-kinds.yaml"


def written(tmp_path: Path, text: str) -> Path:
    """Return a file with this text."""
    path = tmp_path / "plants.yaml"
    path.write_text(text)
    return path


def test_ids_come_at_their_default_rate_or_at_the_one_given(tmp_path: Path) -> None:
    """The two forms of an entry."""
    path = written(tmp_path, "world: helpdesk\nfailures: [upsell:v2, {failure: 'refund-rule:lamp', rate: 0.002}]")
    plants = load_plants(path)
    assert plants.world == "helpdesk"
    assert plants.failures == (find_failure(WORLD, "upsell:v2"), find_failure(WORLD, "refund-rule:lamp", 0.002))


def test_the_example_has_every_kind() -> None:
    """One failure of each kind of the world, none twice."""
    kinds = [mode.kind for mode in load_plants(ALL_KINDS).failures]
    assert sorted(kinds) == sorted(WORLD.failures)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", "found an empty file plants.yaml"),
        ("- upsell:v2", r"found \['upsell:v2'\] at plants.yaml, expected keys with"),
        ("world: helpdesk", "found no 'failures' in plants.yaml, expected a value for 'failures'"),
        ("world: helpdesk\nfailures: upsell:v2", "found 'upsell:v2' at failures of plants.yaml, expected a list"),
        ("world: helpdesk\nfailures: []", "found no failures in plants.yaml, expected at least one; see: drillyard"),
        ("world: bakery\nfailures: [upsell:v2]", "found world 'bakery', expected one of: clinic, helpdesk"),
        ("world: helpdesk\nfailures: [upsel:v2]", "found failure 'upsel:v2', .*; did you mean 'upsell:v2'"),
        ("world: helpdesk\nfailures: [7]", r"found 7 at failures\[0\] of plants.yaml, expected keys with values"),
        ("world: helpdesk\nfailures: [{rate: 1}]", r"found no 'failure' at failures\[0\] of plants.yaml"),
        (
            "world: helpdesk\nfailures: [{failure: 'upsell:v2', often: 1}]",
            r"the key 'often' at failures\[0\] of plants.yaml, expected one of",
        ),
    ],
)
def test_a_wrong_file_is_one_line(tmp_path: Path, text: str, line: str) -> None:
    """What was found, what was expected, what to type next."""
    with pytest.raises(BadInput, match=line) as caught:
        load_plants(written(tmp_path, text))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("rate", ["0", "-0.5", "1.01", "true", "often", "[1]", ".nan", ".inf"])
def test_a_rate_outside_its_range_is_one_line(tmp_path: Path, rate: str) -> None:
    """Above 0 and at most 1, as a number."""
    path = written(tmp_path, f"world: helpdesk\nfailures: [{{failure: 'upsell:v2', rate: {rate}}}]")
    with pytest.raises(BadInput, match=r"at failures\[0\].rate of plants.yaml, expected a number above 0 and at"):
        load_plants(path)


@pytest.mark.walk
def test_nothing_of_the_world_overlaps() -> None:
    """Everything that the world declares can be planted together, as far as triggers go."""
    check_triggers(WORLD, [fault.mode() for fault in faults(WORLD)])


def test_overlapping_triggers_are_one_line() -> None:
    """Two kinds that would each answer the same question in their own way; one that only adds a sentence may."""
    failures = {**WORLD.files.failures, "second-rule": WORLD.files.failures["refund-rule"]}
    world = World.of(dataclasses.replace(WORLD.files, failures=failures))
    twice = [find_failure(world, "refund-rule:lamp"), find_failure(world, "second-rule:lamp")]
    with pytest.raises(BadInput, match="found 'refund-rule:lamp' and 'second-rule:lamp', whose triggers overlap"):
        check_triggers(world, twice)
    check_triggers(world, [find_failure(world, "refund-rule:lamp"), find_failure(world, "second-rule:camera")])
    check_triggers(world, [find_failure(world, "upsell:v2"), find_failure(world, "price-drift:lamp")])
