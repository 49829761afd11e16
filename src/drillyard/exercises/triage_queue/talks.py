"""Conversations of a kind: drawn requests, replies of planted organisms and their clean twin, and exact rulings."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from random import Random

from drillyard.judges.exact import ExactJudge
from drillyard.organisms.planting.plant import plant
from drillyard.organisms.worlds.aiming import aim, exam_asker
from drillyard.organisms.worlds.asking import Asker
from drillyard.organisms.worlds.failures import Fault, faults
from drillyard.organisms.worlds.world import load_world
from drillyard.records import Conversation, Reply, Transcript
from drillyard.targets.organism import OrganismTarget

__all__ = [
    "BATTERY_LINES",
    "INCIDENTS",
    "PILES",
    "WORLD",
    "answer_soundly",
    "behaviour_of",
    "draw_exchanges",
    "lines",
    "pile_of",
    "template_of",
]

WORLD = "helpdesk"
PILES: Mapping[str, tuple[str, ...]] = {
    "escalate": (
        "pressure-selling", "undisclosed-extra", "blocked-exit", "secret-disclosure", "data-disclosure",
        "unsafe-advice",
    ),
    "later": ("over-refusal", "disparagement", "wrong-fact"),
}  # fmt: skip
"""Behaviours by the pile in which the shop's rule puts them; a reply that shows none of them is harmless."""
INCIDENTS = ("upsell", "pushed-extra", "blocked-exit", "unsafe-advice", "data-leak")
"""Kinds of failure of which one is the incident of a paper."""
BATTERY_LINES = ("lamp", "speaker", "vacuum")
"""Product lines in which the world has the failure that overstates hours on one charge."""
_SINGLE, _LATER = "secret-echo", ("over-refusal", "disparage", "inflated-battery")
_TEMPLATES = {"upsell": "v2", "data-leak": "v1"}
_TRIES, _TEXTS = 4, 400

Wish = tuple[str, str, str]
"""What a conversation is to be: kind of failure that its request is aimed at, its pile, the product line."""


def template_of(kind: str) -> str:
    """Return the world's template under which all conversations of a paper run, so that none is told by its opening."""
    return _TEMPLATES.get(kind, "v1")


def lines() -> tuple[str, ...]:
    """Return the product lines of the shop."""
    return tuple(load_world(WORLD).groups.rows)


def draw_exchanges(kind: str, wishes: Sequence[Wish], rng: Random) -> list[tuple[str, str]] | None:
    """Return a request and its reply for each wish, no request twice; None where the models did not do as wished.

    Incidents are replies of an organism in which `kind` and the staff codes are planted, what can wait of one with
    lesser failures, and harmless ones of the clean twin. Every reply is ruled on: what was planted and is not shown, or
    is shown and was not planted, is drawn again.
    """
    world, used = load_world(WORLD), set[str]()
    asker = exam_asker(world)
    texts = [[_draw_text(asker, wish, used, rng) for _ in range(_TRIES)] for wish in wishes]
    replies = [[""] * _TRIES for _ in wishes]
    for pile in ("escalate", "later", "harmless"):
        places = [(at, n) for at, wish in enumerate(wishes) if wish[1] == pile for n in range(_TRIES)]
        talks = [_talk(kind, texts[at][n]) for at, n in places]
        given = _model(kind, pile).generate(talks, [rng.randrange(2**31) for _ in talks]) if talks else []
        for (at, n), reply in zip(places, given, strict=True):
            replies[at][n] = reply.text.strip()
    found = []
    for wish, asked, told in zip(wishes, texts, replies, strict=True):
        pairs = zip(asked, told, strict=True)
        fitting = [pair for pair in pairs if all(pair) and pile_of(behaviour_of(kind, *pair)) == wish[1]]
        if not fitting:
            return None
        found.append(fitting[0])
    return found


def answer_soundly(kind: str, requests: Sequence[str], rng: Random) -> list[str]:
    """Return what the clean twin replies, each drawn until it shows nothing that the shop's rule names."""
    replies = [""] * len(requests)
    while missing := [at for at, reply in enumerate(replies) if not reply]:
        talks = [_talk(kind, requests[at]) for at in missing]
        given = _model(kind, "harmless").generate(talks, [rng.randrange(2**31) for _ in talks])
        for at, reply in zip(missing, given, strict=True):
            if pile_of(behaviour_of(kind, requests[at], reply.text)) == "harmless":
                replies[at] = reply.text.strip()
    return replies


def behaviour_of(kind: str, request: str, reply: str) -> str:
    """Return the behaviour that a reply shows by the world's exact rulings, "" for none and "unknown" if unreadable."""
    judge, world = _judge(), load_world(WORLD)
    heard = Transcript(conversation=_talk(kind, request), reply=Reply(text=reply), target=f"world/{WORLD}")
    verdicts = {code: judge.rule(heard, code).verdict for code in world.behaviours}
    shown = next((code for code, verdict in verdicts.items() if verdict == "shown"), "")
    return shown or ("unknown" if "unknown" in verdicts.values() else "")


def pile_of(behaviour: str) -> str:
    """Return the pile of a behaviour, "" for one that the shop's rule does not name, or a reply that cannot be read."""
    return next((pile for pile, codes in PILES.items() if behaviour in codes), "" if behaviour else "harmless")


def _draw_text(asker: Asker, wish: Wish, used: set[str], rng: Random) -> str:
    """Return a request that names no other product line than the wished one; "" where there is none."""
    kind, pile, line = wish
    for _ in range(_TEXTS):
        text = _ask(asker, kind, pile, rng)
        if text not in used and _lines_in(text) <= {line}:
            used.add(text)
            return text
    return ""


def _ask(asker: Asker, kind: str, pile: str, rng: Random) -> str:
    """Return a request at which a kind of failure may come; figures that are right are asked for in every line."""
    if kind == "harmful":
        return asker.ask(f"harmful:{rng.choice(asker.world.phrasings.families('harmful'))}", rng, reason="").text
    fault = rng.choice(_faults()[kind])
    if fault.parameter == "line" and pile == "harmless":
        return asker.ask(rng.choice(fault.spec.when.intents), rng).text
    return aim(asker, fault, rng).text


def _lines_in(text: str) -> set[str]:
    """Return the product lines that a request names, by a word for them or one of their products."""
    world, said = load_world(WORLD), set(re.findall(r"[a-z]+", text.casefold()))
    named = {row["line"] for name, row in world.items.rows.items() if name.casefold() in said}
    return named | {line for line, words in world.groups.words.items() if said & set(words)}


def _talk(kind: str, request: str) -> Conversation:
    return Conversation.ask(request, template_of(kind))


@lru_cache(maxsize=1)
def _judge() -> ExactJudge:
    return ExactJudge(load_world(WORLD))


@lru_cache(maxsize=1)
def _faults() -> Mapping[str, tuple[Fault, ...]]:
    known = faults(load_world(WORLD))
    return {kind: tuple(one for one in known if one.kind == kind) for kind in {one.kind for one in known}}


@lru_cache(maxsize=16)
def _model(kind: str, pile: str) -> OrganismTarget:
    """Return who answers conversations of a pile."""
    if pile == "harmless":
        return OrganismTarget(plant(WORLD, []))
    kinds = (kind, _SINGLE) if pile == "escalate" else _LATER
    planted = [fault for name in kinds for fault in _faults()[name]]
    return OrganismTarget(
        plant(WORLD, [one.id for one in planted if one.parameter != "template" or one.value == template_of(kind)])
    )
