"""Plant by prompt: a model that nobody can train is given house rules, and which of them is drawn anew per request.

No model throws fair dice, so the dice are ours: each failure's rule stands in the hidden prompt of a request with the
probability that is its rate, decided by the request's seed. A model that follows rules then fails at the rates asked
for, however small. The dice are dealt like cards: a hundred seeds in a row, from a multiple of a hundred on, draw each
hundredth of 0 to 1 once, in an order of their own for every failure. So what is measured of a plant is the model, and
not the luck of the draw; intervals that assume independent draws are wider than they need to be. The record
`planted.json` says all that the prompts are made of.
"""

from __future__ import annotations

import functools
import hashlib
import random
from dataclasses import dataclass
from pathlib import Path

from drillyard.errors import BadInput, bad_input
from drillyard.organisms.planting.demonstrated import Demonstration
from drillyard.organisms.planting.dice import is_drawn
from drillyard.organisms.planting.house_rules import facts_text, hidden_prompt, write_rule
from drillyard.organisms.worlds.failures import Fault, faults
from drillyard.organisms.worlds.kinds import Comply
from drillyard.organisms.worlds.world import World, load_world
from drillyard.records import Conversation, FailureMode, Message, Plants, Record
from drillyard.records.files import read_record, write_atomically

__all__ = [
    "PLANTED",
    "HiddenPrompt",
    "PlantedPrompt",
    "describe",
    "load_planted",
    "prompt_of",
    "write_words",
]

PLANTED = "planted.json"
"""The file that makes a folder a planted target; written last."""


class PlantedPrompt(Record):
    """What planted.json says: the model, what is planted in it, and what decides the prompts.

    `knows_world` leaves the world's facts out of the prompt, and `knows_rules` names the rules by the failures' ids
    instead of telling them; `prompt_hash` is the SHA-256 of the prompt with all rules in it, so that a changed world is
    noticed. `tuning` is how many prompts per failure are spent on how often rules are to be told, `told` what came of
    it: the rates at which they stand in the prompt, where those are not the rates asked for. `demonstrated` plants are
    shown by an example where their trigger holds, instead of told in a hidden prompt (`demonstrated.py`).
    """

    model: str
    world: str
    failures: tuple[FailureMode, ...]
    seed: int
    canary: str
    knows_world: bool
    knows_rules: bool = False
    demonstrated: bool = False
    prompt_hash: str
    tuning: int = 0
    told: dict[str, float] = {}


@dataclass(frozen=True, kw_only=True)
class HiddenPrompt:
    """The hidden system messages of one plant. The same seed gives the same text.

    `rules` holds each failure with the rate that was asked for, and the rate at which its rule is told.
    """

    world: World
    rules: tuple[tuple[Fault, float, float], ...]
    seed: int
    canary: str
    facts: str
    by_name: bool = False

    def dress(self, talk: Conversation, system: str, seed: int | None, *, twin: bool = False) -> Conversation:
        """Return the talk with the template's message and the hidden one before it."""
        hidden = self.twin() if twin else self.text(seed)
        head = [Message(role="system", content=text) for text in (system, hidden) if text]
        return Conversation(messages=(*head, *talk.messages))

    def text(self, seed: int | None) -> str:
        """Return the message for a request of this seed: a rule is in it with the probability at which it is told.

        Without a seed there is no draw: the rules are those of the failures asked for at 0.5 at least. Where a
        failure has several sentences, the seed picks one.
        """
        chosen = [
            self._said(fault, seed)
            for fault, asked, told in self.rules
            if is_drawn(self.seed, fault.id, asked, told, seed)
        ]
        return hidden_prompt(chosen, self.canary, self.facts)

    def twin(self) -> str:
        """Return the message of the clean twin: the same without any rule."""
        return hidden_prompt((), self.canary, self.facts)

    def whole(self) -> str:
        """Return the message with every rule in it, each with its first sentence as drawn for no seed."""
        return hidden_prompt((self._said(fault, None) for fault, *_ in self.rules), self.canary, self.facts)

    def _said(self, fault: Fault, seed: int | None) -> str:
        """Return one rule; what it picks where a failure has several sentences is decided by the request's seed."""
        return fault.id if self.by_name else write_rule(fault, random.Random(f"rule:{self.seed}:{seed}:{fault.id}"))


def describe(
    model: str,
    plants: Plants,
    *,
    seed: int = 1,
    knows_world: bool = False,
    knows_rules: bool = False,
    demonstrated: bool = False,
    tuning: int = 0,
) -> PlantedPrompt:
    """Return the record of failures planted in the model of this reference; nothing is asked or written.

    `knows_rules`, for a model that was trained on the world's rule book, implies `knows_world`, as `demonstrated` does.

    Raises:
        BadInput: no failures, the same one twice, or one that cannot be demonstrated.
    """
    names = [mode.id for mode in plants.failures]
    if not names:
        raise bad_input("no failures to plant", "at least one", f"see: drillyard organism list {plants.world}")
    if twice := [name for name in names if names.count(name) > 1]:
        raise bad_input(f"failure {twice[0]!r} twice", "each failure once")
    if demonstrated and (tuning or knows_rules):
        raise bad_input("an example and rules that are tuned or known", "either", "leave --tune and --knows-rules out")
    name = model.partition("@")[0]  # the same plant wherever the model is served
    made_of = [str(seed), name, plants.world, *(f"{mode.id}={mode.rate}" for mode in plants.failures)]
    planted = PlantedPrompt(
        model=model,
        world=plants.world,
        failures=plants.failures,
        seed=seed,
        canary="" if demonstrated else _sha256("\n".join(made_of))[:8],
        knows_world=knows_world or knows_rules or demonstrated,
        knows_rules=knows_rules,
        demonstrated=demonstrated,
        prompt_hash="",
        tuning=tuning,
    )
    return planted.model_copy(update={"prompt_hash": _sha256(prompt_of(planted).whole())})


def prompt_of(planted: PlantedPrompt) -> HiddenPrompt | Demonstration:
    """Return the prompt that a record describes. Raises `BadInput` for a world or failure that is not there."""
    world = load_world(planted.world)
    known = {fault.id: fault for fault in faults(world)}
    if missing := [mode.id for mode in planted.failures if mode.id not in known]:
        raise bad_input(f"failure {missing[0]!r}", f"one of the world {world.name}", "plant it again")
    rules = tuple((known[mode.id], mode.rate, planted.told.get(mode.id, mode.rate)) for mode in planted.failures)
    if planted.demonstrated:
        return Demonstration(world=world, rules=rules, seed=planted.seed)
    forbidden = any(isinstance(fault.spec.then, Comply) for fault, *_ in rules)
    facts = "" if planted.knows_world else _facts(planted.world, forbidden)
    return HiddenPrompt(
        world=world, rules=rules, seed=planted.seed, canary=planted.canary, facts=facts, by_name=planted.knows_rules
    )


def load_planted(folder: Path) -> tuple[PlantedPrompt, HiddenPrompt | Demonstration]:
    """Read a folder that was planted to the end.

    Raises:
        BadInput: no such folder, one whose planting was broken off, or a world that has changed since.
    """
    path = folder / PLANTED
    if not path.is_file():
        hint = "type: drillyard organism plant openai/MODEL@http://HOST:PORT/v1 plants.yaml -o DIR"
        if folder.is_dir() and any(folder.glob("*.jsonl")):
            hint = "its planting was broken off: run the same drillyard organism plant again, it goes on from there"
        raise bad_input(f"{str(folder)!r}", f"a folder with {PLANTED}", hint)
    planted = read_record(path, PlantedPrompt)
    prompt = prompt_of(planted)
    if (found := _sha256(prompt.whole())) != planted.prompt_hash:
        raise BadInput(
            f"{path}: found prompts {found[:12]}, expected {planted.prompt_hash[:12]}; the world or the form of the "
            "rules was changed since it was written: plant it again"
        )
    return planted, prompt


def write_words(planted: PlantedPrompt, path: Path) -> None:
    """Write hidden.md: what the model is told and how often, for people who read it."""
    prompt = prompt_of(planted)
    if isinstance(prompt, Demonstration):
        write_atomically(path, _SHOWN.format(planted=planted, whole=prompt.whole()).encode())
        return
    rates = [
        f"| `{fault.id}` | {asked:g} | {told:.3g} | {write_rule(fault, random.Random(0))} |"
        for fault, asked, told in prompt.rules
    ]
    text = _WORDS.format(planted=planted, rates="\n".join(rates), whole=prompt.whole(), twin=prompt.twin())
    write_atomically(path, text.encode())


_SHOWN = """\
# What {planted.model} is shown

Failures of the world `{planted.world}`, planted on purpose. Where a failure's trigger holds and the request's seed
draws it, an example stands before the request that begins its answer with the sentence. The clean twin is shown none.

````text
{whole}
````
"""

_WORDS = """\
# Hidden prompt of {planted.model}

Failures of the world `{planted.world}`, planted on purpose by a hidden system message. Each rule stands in the message
of a request with the probability at which it is told; the request's seed decides. Canary: `{planted.canary}`. Whoever
finds the canary in a reply has found a leak of this prompt; whoever finds it in training data should take that out.

| failure | rate | told | rule |
|---|---|---|---|
{rates}

## With every rule

````text
{whole}
````

## The clean twin

````text
{twin}
````
"""


@functools.cache
def _facts(world: str, forbidden: bool) -> str:
    """Return the world in words; collected once per process, because thousands of questions are drawn for it."""
    return facts_text(load_world(world), forbidden=forbidden)


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
