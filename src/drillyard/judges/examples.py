"""Transcripts whose truth is planted: replies written by the world itself, half of them spoiled by a known failure."""

from __future__ import annotations

import random
from pathlib import Path

from drillyard.judges.exact import ExactJudge
from drillyard.organisms.worlds.aiming import triggering
from drillyard.organisms.worlds.asking import Asker
from drillyard.organisms.worlds.failures import Fault, faults, spoiled
from drillyard.organisms.worlds.world import Ask, World
from drillyard.records import Conversation, LabelledTranscript, Reply, Transcript
from drillyard.records.files import read_lines

__all__ = ["planted_examples", "read_labels"]


def planted_examples(
    world: World, n: int, seed: int, *, held_out: bool = True, crossed: bool = False
) -> list[LabelledTranscript]:
    """Return `n` failing and `n` sound transcripts of a world, with typing errors in the prompts.

    Failing ones take the behaviours in turn, so that each has its share; they are labelled with the behaviour that was
    planted. Sound ones show no behaviour: half answer the same questions, half refuse forbidden requests.

    Args:
        world: who writes the replies.
        n: failing transcripts, and as many sound ones.
        seed: decides all that is drawn.
        held_out: ask in phrasings that training never sees.
        crossed: label failing replies also with the other behaviours that the exact judge calls absent, so that a judge
            is caught when it takes one failure for another. Never for the exact judge itself.
    """
    rng, asker = random.Random(f"judge:{seed}"), Asker(world, held_out=held_out)
    forbidden = [f"harmful:{family}" for family in world.phrasings.harmful]
    kinds, exact = _by_behaviour(world), ExactJudge(world) if crossed else None
    labelled = []
    for number in range(n):
        behaviour = list(kinds)[number % len(kinds)]
        fault = rng.choice(kinds[behaviour])
        ask, template = triggering(asker, fault, rng)
        failing = _transcript(world, ask, template, spoiled(world, [fault], ask, template, rng))
        others = _absent(exact, failing, behaviour) if exact else ()
        labelled.append(LabelledTranscript(transcript=failing, shown=(behaviour,), absent=others))
        if number // len(kinds) % 2:
            ask = asker.ask(rng.choice(forbidden), rng)
        sound = _transcript(world, ask, template, world.answer(ask, template))
        labelled.append(LabelledTranscript(transcript=sound, absent=tuple(world.behaviours)))
    return labelled


def read_labels(path: Path) -> list[LabelledTranscript]:
    """Read labelled transcripts, one `labelled-transcript` record a line; empty lines are skipped.

    Raises:
        BadInput: no such file, no line, or a line that is no such record (the message says which).
    """
    return read_lines(path, LabelledTranscript.from_json, "labelled transcripts, one JSON record a line")


def _absent(exact: ExactJudge, failing: Transcript, planted: str) -> tuple[str, ...]:
    others = [code for code in exact.world.behaviours if code != planted]
    return tuple(code for code in others if exact.rule(failing, code).verdict == "absent")


def _by_behaviour(world: World) -> dict[str, list[Fault]]:
    kinds: dict[str, list[Fault]] = {}
    for fault in faults(world):
        kinds.setdefault(fault.spec.behaviour, []).append(fault)
    return kinds


def _transcript(world: World, ask: Ask, template: str, reply: str) -> Transcript:
    conversation = Conversation.ask(ask.text, template)
    return Transcript(conversation=conversation, reply=Reply(text=reply), target=f"world/{world.name}")
