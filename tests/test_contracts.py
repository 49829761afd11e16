"""The contract of every plugin: this test walks the registry, so a plugin is tested by being registered."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from importlib.metadata import entry_points, metadata

import pytest

from drillyard.registry import FAMILIES, Card, cards, resolve

MAX_MODULES = 250
CARDS = [(family, card) for family in FAMILIES for card in cards(family).values()]
each_card = pytest.mark.parametrize(("family", "card"), CARDS, ids=[f"{family}-{card.name}" for family, card in CARDS])

# Methods are named after what they do, drills after the failure that they show.
METHODS = {"searches", "techniques", "judges"}
# Families whose members work on behaviours say which; a method comes from somewhere and costs something.
WITH_REFERENCES = {"searches", "techniques"}


def known_failures() -> set[str]:
    """Return every behaviour code of every registered world."""
    return {
        code
        for name in cards("worlds")
        for code in resolve("drillyard.organisms.worlds.world:load_world")(name).behaviours
    }


@each_card
def test_a_card_is_complete(family: str, card: Card) -> None:
    """Name, goal and cost are said in words; a method names its source."""
    assert re.fullmatch(r"[a-z][a-z0-9-]*", card.name), f"{family} {card.name!r}: use lower case and hyphens"
    assert card.goal.endswith(".") and len(card.goal) >= 20, f"{family} {card.name!r}: say its goal in one sentence"
    assert card.cost, f"{family} {card.name!r}: say what it costs (time, memory, model calls)"
    assert card.status in ("stable", "experimental")
    if family in WITH_REFERENCES:
        assert card.references, f"{family} {card.name!r}: name where the method comes from"


@each_card
def test_failure_codes_exist(family: str, card: Card) -> None:
    """A card speaks of behaviours that some world knows."""
    unknown = set(card.failures) - known_failures()
    assert not unknown, f"{family} {card.name!r}: no world knows {sorted(unknown)}"


@each_card
def test_the_lazy_target_resolves(family: str, card: Card) -> None:
    """The string on the card leads to something that can be called or loaded, and names its extra rightly."""
    extras = metadata("drillyard").get_all("Provides-Extra") or []
    assert not card.extra or card.extra in extras, f"{family} {card.name!r}: {card.extra!r} is no extra of drillyard"
    if card.extra == "inspect":  # lives in an environment of its own on many machines
        pytest.importorskip("inspect_ai", reason="needs the extra inspect: pip install 'drillyard[inspect]'")
    assert resolve(card.target) is not None


@each_card
def test_a_method_is_not_named_after_a_failure(family: str, card: Card) -> None:
    """A search or technique that carries a failure's name could not be used on the next failure."""
    if family in METHODS:
        inside = [code for code in known_failures() if code in card.name]
        assert not inside, f"{family} {card.name!r}: name the method, not the failure {inside}"


def test_our_plugins_take_a_strangers_road() -> None:
    """Everything of ours that is registered is an entry point of a family that exists."""
    ours = [point for group in entry_points().groups for point in entry_points(group=group)]
    groups = {
        point.group for point in ours if point.value.startswith("drillyard.") and point.group != "console_scripts"
    }
    # Inspect's group is a family of Inspect's: what stands there extends that tool, not this one.
    assert groups <= {f"drillyard.{family}" for family in FAMILIES} | {"inspect_ai"}
    assert groups, "nothing is registered: the tests above would pass on an empty registry"


def test_listing_imports_no_implementation() -> None:
    """All cards of all families are read in a fresh process without loading what they name, and few modules at all."""
    code = (
        "import json, sys\nfrom drillyard.registry import FAMILIES, cards\n"
        "targets = [card.target.partition(':')[0] for family in FAMILIES for card in cards(family).values()]\n"
        "print(json.dumps([targets, sorted(sys.modules)]))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    targets, loaded = json.loads(run.stdout)
    assert not set(targets) & set(loaded), "keep a card in a file (or a light room) apart from its implementation"
    assert len(loaded) <= MAX_MODULES, f"listing loads {len(loaded)} modules, {MAX_MODULES} allowed"
