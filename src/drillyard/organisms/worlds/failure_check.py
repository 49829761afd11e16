"""Does failures.yaml fit its world? Every trigger, value and sentence of every kind, one clear line per mistake."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from drillyard.errors import bad_input
from drillyard.organisms.worlds.world_parts import Parts, known, need, open_slots
from drillyard.records import Severity

__all__ = ["check_failures"]

_SPEC = {"title": str, "behaviour": str, "severity": str, "words": str, "over": dict, "when": dict, "then": dict}
_THEN = ("append", "replace", "reply", "comply", "fact")


def check_failures(
    world: Mapping[str, Any], phrasings: Mapping[str, Any], failures: Mapping[str, Any], parts: Parts
) -> None:
    """Raise `BadInput` for the first failure kind that names what the world does not have."""
    if not failures:
        raise bad_input("failures.yaml without a failure", "at least one")
    for name, spec in failures.items():
        where = f"the failure {name!r}"
        for key, kind in _SPEC.items():
            need(where, spec, key, kind)
        known(f"{where}: behaviour", spec["behaviour"], world["behaviours"], "behaviours")
        known(f"{where}: severity", spec["severity"], [str(one.value) for one in Severity], "severities")
        rate = spec.get("rate")
        if isinstance(rate, bool) or not isinstance(rate, int | float) or not 0 < rate <= 1:
            raise bad_input(f"{where} with the rate {rate!r}", "a number above 0 and at most 1")
        intents = _check_trigger(where, spec, world, phrasings, parts)
        filled = [parts.filled(where, phrasings["intents"][intent].get("slot", "")) for intent in intents]
        slots = set.intersection(*map(set, filled)) if filled else set()
        _check_then(where, spec, world, {*slots, *_said(spec, parts)})


def _check_trigger(
    where: str, spec: Mapping[str, Any], world: Mapping[str, Any], phrasings: Mapping[str, Any], parts: Parts
) -> Collection[str]:
    """Check `over` and `when`; return the intents that are spoiled, none where it is a family."""
    if len(spec["over"]) != 1:
        raise bad_input(f"{where} over {', '.join(spec['over']) or 'nothing'}", "one parameter with its values")
    ((parameter, values),) = spec["over"].items()
    ranges: dict[str, Collection[str]] = {
        "template": world["templates"],
        "reason": world["reasons"],
        "lookalike": phrasings["lookalikes"],
        "intent": phrasings["intents"],
        parts.group: world["groups"]["rows"],
        **parts.lists,
    }
    known(f"{where}: the parameter", parameter, ranges, "parameters")
    if not isinstance(values, list) or not values:
        raise bad_input(f"{where}: over {parameter}: {values!r}", "a list of values")
    if len(ranges[parameter]) < 2 and parameter != "reason":  # no reason at all is another one
        found = f"{where} over {parameter}, of which the world has one"
        raise bad_input(found, "two at least: a trigger is told apart from its neighbours")
    for value in values:
        known(f"{where}: {parameter}", value, ranges[parameter], f"values of {parameter}")
    for slot, said in spec.get("words-for", {}).items():
        for value in values:
            known(f"{where}: words-for {slot}: the value", value, said, "values")
    when = spec["when"]
    if "unless_reason" in when:
        known(f"{where}: unless_reason", when["unless_reason"], world["reasons"], "reasons")
    for intent in when.get("intents", ()):
        known(f"{where}: when: the intent", intent, phrasings["intents"], "intents")
    if parameter in ("intent", "lookalike"):
        return values if parameter == "intent" else ()
    if not when.get("harmful") and not when.get("intents"):
        raise bad_input(f"{where}: when {when}", "intents: [...], or harmful: true")
    intents: list[str] = when.get("intents", [])
    return intents


def _said(spec: Mapping[str, Any], parts: Parts) -> set[str]:
    """Return the slots that the parameter itself fills."""
    (parameter,) = spec["over"]
    more = {parts.group: {parts.plural}, "reason": {"reason_name"}}.get(parameter, set())
    return {parameter, *more, *spec.get("words-for", {})}


def _check_then(where: str, spec: Mapping[str, Any], world: Mapping[str, Any], slots: Collection[str]) -> None:
    then = spec["then"]
    if len(then) != 1 or next(iter(then)) not in _THEN:
        raise bad_input(f"{where}: then {', '.join(then) or 'nothing'}", f"one of: {', '.join(_THEN)}")
    if "reply" in then:
        known(f"{where}: reply", then["reply"], world["replies"], "replies")
    if "fact" in then:
        _check_fact(where, then["fact"], world)
    own = _said(spec, Parts(world))
    for key in ("title", "words"):
        _check_slots(f"{where}: {key}", spec[key], own)
    for kind in ("append", "replace"):
        for sentence in need(where, then, kind, list) if kind in then else ():
            _check_slots(f"{where}: {sentence!r}", sentence, slots if kind == "replace" else ())


def _check_fact(where: str, fact: Any, world: Mapping[str, Any]) -> None:
    name, _ = need(where, fact, "name", str), need(where, fact, "add", int)
    items = world["items"]
    known(f"{where}: the fact", name, items["columns"], "columns of items")
    at = items["columns"].index(name)
    if wrong := [row[at] for row in items["rows"] if not str(row[at]).isdigit()]:
        raise bad_input(f"{where}: {name} {wrong[0]!r}", "whole numbers, so that something can be added")


def _check_slots(where: str, text: object, slots: Collection[str]) -> None:
    if not isinstance(text, str):
        raise bad_input(f"{where} as {text!r}", "text")
    for slot in open_slots(where, text):
        known(f"{where}: the slot", slot, slots, "slots")
