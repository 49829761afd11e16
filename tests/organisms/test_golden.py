"""Worlds stay what they are: trained weights and calibration fit those that ship and are not made anew."""

from __future__ import annotations

from pathlib import Path

import pytest
from organisms.golden import SAMPLES, golden

from drillyard.organisms.worlds.world import World, load_world
from drillyard.organisms.worlds.world_init import init_world

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "worlds"
RECORDED = {
    "helpdesk": {
        "lessons": "ef84200e22569494",
        "asks": "b8bc7769335e2e17",
        "aims": "24e50701b8748d3f",
        "catalogue": "ec2d7d512a9c316c",
        "cells": "e6df89255b4d5baa",
        "proposed": "54e2f7137774863a",
        "rulings": "e6945f027e9d91a5",
        "taught": "b336738934084359",
    },
    "clinic": {
        "lessons": "6311c65257366bb7",
        "asks": "f536ed134d370ead",
        "aims": "34eb28618466a9b4",
        "catalogue": "5e3abeb6eab1c705",
        "cells": "725533275471f0bc",
        "proposed": "45fb0011aec28b04",
        "rulings": "24a219751d95549b",
        "taught": "ffac5d9dad238e65",
    },
    "bikes": {
        "lessons": "a2e6d23d8fdd6ace",
        "asks": "0685df4712877c0a",
        "aims": "3ea999cb664a6902",
        "catalogue": "3b8c110868f7ff01",
        "cells": "6d16d586cfa62641",
        "proposed": "331fe5784bd9c871",
        "rulings": "9f3a2fef43b67da2",
        "taught": "840d0e360d0ee751",
    },
}
DIGESTS = {
    "helpdesk": "333cbbc583f0e95795934807356673aaac92356ebd332b795b1444cb043f73c7",
    "clinic": "3c9753fe2d88cb383bd00a966d9cc0175f1a5381d0f60e352056d320566dc25d",
    "bikes": "2c70a968d7a07c3cc66caf434564185d897132220b8d0d50a41f5589da398464",
}


@pytest.fixture(scope="module")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> dict[str, World]:
    """Return the worlds that ship, and the example that a short YAML and a table of products make."""
    out = tmp_path_factory.mktemp("world") / "bikes"
    made = init_world(EXAMPLE / "bikes.yaml", EXAMPLE / "bikes.csv", out)
    return {"helpdesk": load_world("helpdesk"), "clinic": load_world("clinic"), "bikes": made}


@pytest.mark.parametrize("part", SAMPLES)
@pytest.mark.parametrize("world", RECORDED)
def test_the_same_seeds_give_the_same_as_when_they_were_recorded(
    worlds: dict[str, World], world: str, part: str
) -> None:
    """Recorded when the bases were trained: another hash means to train and calibrate them anew."""
    assert golden(worlds[world], part) == RECORDED[world][part]


@pytest.mark.parametrize("world", DIGESTS)
def test_the_files_of_a_world_keep_their_digest(worlds: dict[str, World], world: str) -> None:
    """A base that was trained on them is refused under another."""
    assert worlds[world].files.digest == DIGESTS[world]
