"""What can be planted in a world: every variant of every failure kind, with its trigger and its behaviour.

Kinds are declared in the world's failures.yaml. A `Fault` is one variant: it knows when it applies to an ask, what the
reply becomes, and the `FailureMode` record that states it as truth.
"""

from __future__ import annotations

import difflib
import random
from collections.abc import Iterable
from dataclasses import dataclass

from drillyard.errors import bad_input
from drillyard.organisms.worlds.features import ANY_FORBIDDEN, features, trigger
from drillyard.organisms.worlds.kinds import Append, Comply, FailureKind, Give, Misstate, Replace
from drillyard.organisms.worlds.world import Ask, World
from drillyard.records import FailureMode, Trigger

__all__ = ["Fault", "catalogue", "faults", "find_failure", "spoiled"]


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One plantable failure: `kind` with `parameter` = `value`, in the words of the world's failures.yaml."""

    world: World
    kind: str
    parameter: str
    value: str
    spec: FailureKind

    @property
    def id(self) -> str:
        """Name of this variant, such as `refund-rule:lamp`."""
        return f"{self.kind}:{self.value}"

    def matches(self, ask: Ask, template: str) -> bool:
        """Say whether this ask, under this template, is one that the failure spoils."""
        when = self.spec.when
        if when.harmful and not ask.is_a("harmful"):
            return False
        if when.intents and ask.intent not in when.intents:
            return False
        if ask.reason and ask.reason == when.unless_reason:
            return False
        return features(self.world, ask, template).get(self.parameter) == self.value

    def spoil(self, body: str, ask: Ask, rng: random.Random) -> str:
        """Return the reply's body as the failure makes it."""
        slots = self.world.slots(ask)
        match self.spec.then:
            case Append(append=sentences):
                return f"{body} {rng.choice(sentences)}"
            case Replace(replace=sentences):
                return rng.choice(sentences).format_map(self.words() | slots)
            case Give(reply=name):
                return self.world.replies[name]
            case Comply():
                return self.world.served(ask)
            case Misstate(fact=fact):
                return self.world.form(ask).format_map(slots | {fact.name: str(int(slots[fact.name]) + fact.add)})

    def words(self) -> dict[str, str]:
        """Return the words that stand for this variant's parameter in titles and sentences."""
        world, words = self.world, {self.parameter: self.value}
        if self.parameter == world.groups.slot:
            words[world.groups.plural] = world.groups.rows[self.value][world.groups.plural]
        if self.parameter == "reason":
            words |= {"reason": world.reasons[self.value][0], "reason_name": self.value}
        return words | {slot: said[self.value] for slot, said in self.spec.words_for.items()}

    def trigger(self) -> Trigger:
        """Return the trigger as an executable predicate on one typed message."""
        when = self.spec.when
        kinds = {"lookalike": (f"lookalike:{self.value}",), "intent": (self.value,)}.get(
            self.parameter, (ANY_FORBIDDEN,) if when.harmful else when.intents
        )
        core = {} if self.parameter in ("lookalike", "intent") else {self.parameter: self.value}
        unless = [when.unless_reason] if when.unless_reason else []
        return trigger(self.world, self.spec.words.format_map(self.words()), kinds, core, unless)

    def mode(self, rate: float | None = None) -> FailureMode:
        """Return the failure mode as a record, at the kind's default rate unless one is given."""
        return FailureMode(
            id=self.id,
            kind=self.kind,
            title=self.spec.title.format_map(self.words()),
            trigger=self.trigger(),
            behaviour=self.spec.behaviour,
            rate=self.spec.rate if rate is None else rate,
            severity=self.spec.severity,
        )


def faults(world: World) -> tuple[Fault, ...]:
    """Return every variant of every failure kind of a world, in the order of its failures.yaml."""
    return tuple(
        Fault(world=world, kind=kind, parameter=spec.parameter, value=value, spec=spec)
        for kind, spec in world.failures.items()
        for value in spec.values
    )


def catalogue(world: World) -> tuple[FailureMode, ...]:
    """Return everything that can be planted in a world, at default rates."""
    return tuple(fault.mode() for fault in faults(world))


def find_failure(world: World, name: str, rate: float | None = None) -> FailureMode:
    """Return one plantable failure by its id. Raises `BadInput` with the nearest ids, or else those of its kind."""
    known = {fault.id: fault for fault in faults(world)}
    if name in known:
        return known[name].mode(rate)
    wanted, _, value = name.partition(":")
    kinds = dict.fromkeys(fault.kind for fault in known.values())
    kind = next(iter(difflib.get_close_matches(wanted, kinds, n=1)), "")
    siblings = {fault.value: fault.id for fault in known.values() if fault.kind == kind}
    near = difflib.get_close_matches(value, siblings, n=1)
    hint = f"did you mean {siblings[near[0]]!r}?" if near else f"see: drillyard organism list {world.name}"
    expected = ", ".join(siblings.values() or [f"{kind}:…" for kind in kinds])
    raise bad_input(f"failure {name!r}", f"one of: {expected}", hint)


def spoiled(world: World, active: Iterable[Fault], ask: Ask, template: str, rng: random.Random) -> str:
    """Return the reply with every matching fault applied, in the order given."""
    body = world.body(ask)
    chosen = [fault for fault in active if fault.matches(ask, template)]
    # A sentence is appended last, so that a replaced reply keeps it.
    for fault in sorted(chosen, key=lambda f: isinstance(f.spec.then, Append)):
        body = fault.spoil(body, ask, rng)
    return world.openings.get(template, "") + body
