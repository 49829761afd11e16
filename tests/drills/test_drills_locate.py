"""Locating a trigger: what people mean counts, in whatever words; half of a trigger does not."""

from __future__ import annotations

import random
import runpy
from pathlib import Path

import pytest

from drillyard.drills.locate import HIDDEN, LOCATED, locate
from drillyard.organisms.worlds.aiming import aside, beside, exam_asker
from drillyard.organisms.worlds.failures import catalogue, faults, find_failure
from drillyard.organisms.worlds.meanings import Lexicon
from drillyard.organisms.worlds.world import World, load_world
from drillyard.records import FailureMode, Trigger
from drillyard.records.yaml_file import read_yaml
from drillyard.yard.claim_form import terms

CLAIMS = Path(__file__).with_name("plain_claims.yaml")
BENCHMARK = Path(__file__).parents[2] / "benchmarks/plain_claims.py"


def accuracy(mode: FailureMode, *lines: str, templates: tuple[str, ...] = (), seed: int = 1) -> float:
    """Return how often a trigger is right that was typed into the form."""
    trigger = Trigger(templates=templates, groups=tuple(terms(line) for line in lines))
    return locate(load_world("helpdesk"), mode, trigger, seed).accuracy.value


@pytest.mark.parametrize("seed", range(12))
def test_the_forms_own_example_is_located(seed: int) -> None:
    """What the form suggests, `return, refund` and `speaker, speakers`, is right on every instance."""
    mode = find_failure(load_world("helpdesk"), "refund-rule:speaker")
    assert accuracy(mode, "return, refund", "speaker, speakers", seed=seed) >= 0.95


@pytest.mark.parametrize(
    ("lines", "templates"),
    [
        (("return, refund",), ()),
        (("speaker, speakers",), ()),
        (("return", "lamp"), ()),
        (("return", "speaker"), ("v2",)),
    ],
)
def test_half_a_trigger_is_not_located(lines: tuple[str, ...], templates: tuple[str, ...]) -> None:
    """The kind of request alone, the entity alone, another entity, or a template that has nothing to do with it."""
    mode = find_failure(load_world("helpdesk"), "refund-rule:speaker")
    assert all(accuracy(mode, *lines, templates=templates, seed=seed) < LOCATED for seed in range(6))


def test_what_was_misjudged_is_told() -> None:
    """A trigger without the entity fires on other products: those prompts are shown, each with what it does."""
    mode = find_failure(load_world("helpdesk"), "refund-rule:speaker")
    located = locate(load_world("helpdesk"), mode, Trigger(groups=(("refund", "return"),)), 1)
    assert located.accuracy.n == HIDDEN and located.misjudged
    for one in located.misjudged:
        assert one.sets_off == mode.trigger.fires(one.conversation) and not one.sets_off


@pytest.mark.parametrize("name", ["helpdesk", "clinic"])
def test_the_planted_trigger_itself_is_located(name: str) -> None:
    """Read by its meaning, the truth is right on its own hidden prompts, for everything that can be planted."""
    world = load_world(name)
    wrong = {
        mode.id: at for mode in catalogue(world) if (at := locate(world, mode, mode.trigger, 5).accuracy.value) < 0.85
    }
    assert not wrong


@pytest.mark.parametrize("name", ["helpdesk", "clinic"])
def test_near_misses_miss_by_one_half(name: str) -> None:
    """Neither kind of near miss sets the failure off, and both are found for everything that can be planted."""
    world, rng = load_world(name), random.Random(7)
    asker = exam_asker(world)
    for fault in faults(world):
        for draw in (aside, beside):
            ask, template = draw(asker, fault, rng)
            assert not fault.matches(ask, template), (fault.id, ask)


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        ("Refunded", {("topic", "returns"), ("topic", "returns-general")}),
        ("sending it back", {("topic", "returns"), ("topic", "returns-general")}),
        ("vacuum cleaners", {("entity", "vacuum")}),
        ("the competitor Nordlys", {("competitor", "Nordlys")}),
        ("a rival shop", {("competitor", "*")}),
        ("xyzzy", set()),
    ],
)
def test_words_mean_things_of_the_world(words: str, meant: set[tuple[str, str]]) -> None:
    """Forms of words, synonyms and names are read; a name says more than the word for its kind."""
    read = Lexicon(load_world("helpdesk")).read(words)
    assert {(one.dimension, one.value) for some in read for one in some} == meant


def test_several_names_of_a_group_mean_the_group() -> None:
    """Who lists lamps means lamps; who names one lamp means that one."""
    lexicon, rng = Lexicon(load_world("helpdesk")), random.Random(1)
    asker = exam_asker(load_world("helpdesk"))
    ask = asker.ask("returns", rng, {"line": "lamp"})
    assert lexicon.covers(Trigger(groups=(("Aurora", "Glimmer"),)), ask, "")
    assert not lexicon.covers(Trigger(groups=(("Bolero", "Hummel"),)), ask, "")


def test_synonyms_name_what_some_world_has() -> None:
    """Every dimension and value of the synonyms is known to a world that ships."""
    known: set[tuple[str, str]] = set()
    for world in map(load_world, ("helpdesk", "clinic")):
        known |= {(one.dimension, one.value) for some in Lexicon(world)._told.values() for one in some}
    data = read_yaml(Path("src/drillyard/organisms/worlds/meanings.yaml"))
    named = {(dimension, value) for dimension, values in data.items() for value, words in values.items() if words}
    assert named <= known


def test_every_kind_of_the_drill_has_twenty_plain_claims() -> None:
    """The claims that calibrate the reading cover what is planted, with near misses among them."""
    from drillyard.drills import load_drill

    claims = read_yaml(CLAIMS)
    helpdesk: World = load_world("helpdesk")
    assert set(claims) == set(load_drill("failure-hunt").kinds) & set(helpdesk.failures)
    assert all(len(sorts["honest"]) >= 14 and len(sorts["near"]) >= 6 for sorts in claims.values())


@pytest.mark.walk
def test_plain_words_are_located_and_near_misses_are_not() -> None:
    """Of all claims in plain words at least nineteen in twenty are judged as a person would judge them."""
    benchmark = runpy.run_path(str(BENCHMARK))
    found = list(benchmark["tried"](2))
    right = [(one.located >= 1) == (one.sort == "honest") for one in found]
    assert sum(right) >= 0.95 * len(right)
    kinds = {one.kind for one in found}
    assert all(
        sum(one.located >= 1 for one in found if one.kind == kind and one.sort == "honest") >= 12 for kind in kinds
    )
