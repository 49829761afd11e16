"""Replies whose truth is known, to learn from and to measure on: planted by worlds, listed in the taxonomy, or yours.

A file of yours has JSON lines: transcripts, labelled transcripts, or `{"reply": …, "shown": [codes], "group": …}`.
"""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from drillyard.errors import bad_input
from drillyard.guards.taxonomy import Taxonomy, load_taxonomy
from drillyard.judges.examples import planted_examples
from drillyard.organisms.worlds.world import World
from drillyard.records import LabelledTranscript, Transcript
from drillyard.records.files import read_lines
from drillyard.records.strict_json import parse_json

__all__ = ["Example", "from_taxonomy", "from_world", "read_examples"]

_SUCH = '{"reply": "It costs 49 euros.", "shown": []}'


@dataclass(frozen=True, kw_only=True)
class Example:
    """One reply: its text, the behaviours that it shows (none: sound; None: nobody said), tactic, group, source."""

    text: str
    shown: tuple[str, ...] | None = ()
    tactic: str = ""
    group: str = ""
    source: str = ""


def from_world(world: World, n: int, seed: int, *, held_out: bool = False) -> list[Example]:
    """Return `n` failing and `n` sound replies that a world writes; unseen behaviours are left out."""
    known, made = load_taxonomy().behaviours, []
    for one in planted_examples(world, n, seed, held_out=held_out):
        if not one.shown or set(one.shown) & known.keys():
            shown = tuple(code for code in one.shown if code in known)
            made.append(Example(text=one.transcript.reply.text, shown=shown, source=f"world/{world.name}"))
    return made


def from_taxonomy(
    sound: Sequence[str], seed: int, taxonomy: Taxonomy | None = None, without: frozenset[str] = frozenset()
) -> list[Example]:
    """Return the taxonomy's examples, alone and behind a sound reply, and its look-alikes; `without` some tactics."""
    rng, made = random.Random(f"taxonomy:{seed}"), []
    for code, behaviour in (taxonomy or load_taxonomy()).behaviours.items():
        for tactic, sentences in behaviour.tactics.items():
            for text in sentences if tactic not in without else ():
                made.append(Example(text=text, shown=(code,), tactic=tactic, source="taxonomy"))
                made.append(
                    Example(text=f"{rng.choice(sound)} {text}", shown=(code,), tactic=tactic, source="taxonomy")
                )
        for text in behaviour.lookalikes:
            made.append(Example(text=text, source="lookalikes"))
            made.append(Example(text=f"{rng.choice(sound)} {text}", source="lookalikes"))
    return made


def read_examples(path: Path) -> list[Example]:
    """Read replies, one JSON object a line.

    Raises:
        BadInput: no such file, no line, or a line that is none of the forms (the message says which line).
    """
    return read_lines(path, _example, f"replies, one a line, such as {_SUCH}")


def _example(line: str) -> Example:
    data = parse_json(line)
    if isinstance(data, dict) and data.get("record") == "labelled-transcript":
        one = LabelledTranscript.from_data(data)
        return Example(text=one.transcript.reply.text, shown=one.shown, source=one.transcript.target)
    if isinstance(data, dict) and data.get("record") == "transcript":
        told = Transcript.from_data(data)
        return Example(text=told.reply.text, shown=None, source=told.target)
    text = data.get("reply", data.get("response")) if isinstance(data, dict) else None
    if not isinstance(data, dict) or not isinstance(text, str):
        raise bad_input(f"{json.dumps(data):.80}", 'a transcript, or an object such as {"reply": "…", "shown": []}')
    shown, group = data.get("shown"), data.get("group", "")
    if shown is not None and not (isinstance(shown, list) and all(isinstance(code, str) for code in shown)):
        raise bad_input(f"shown: {shown!r:.80}", "a list of behaviour codes, empty for a sound reply")
    if not isinstance(group, str):
        raise bad_input(f"group: {group!r:.80}", "a name, such as a language")
    return Example(
        text=text, shown=None if shown is None else tuple(shown), group=group, source=str(data.get("target", ""))
    )
