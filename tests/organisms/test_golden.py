"""The worlds that ship stay what they are: trained weights and calibration fit them and are not made anew."""

from __future__ import annotations

import pytest
from organisms.golden import SAMPLES, golden

from drillyard.organisms.worlds.world import load_world

RECORDED = {
    "helpdesk": {
        "lessons": "ef84200e22569494",
        "asks": "b8bc7769335e2e17",
        "aims": "24e50701b8748d3f",
        "catalogue": "ec2d7d512a9c316c",
        "cells": "e6df89255b4d5baa",
        "proposed": "54e2f7137774863a",
    },
}


@pytest.mark.parametrize("part", SAMPLES)
@pytest.mark.parametrize("world", RECORDED)
def test_the_same_seeds_give_the_same_as_when_the_base_was_trained(world: str, part: str) -> None:
    """Recorded when the base was trained: another hash means that the base must be trained and calibrated anew."""
    assert golden(load_world(world), part) == RECORDED[world][part]
