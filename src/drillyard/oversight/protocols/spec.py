"""The protocols by name, and what a comparison of them is asked for."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Literal

from pydantic import Field

from drillyard.errors import bad_input
from drillyard.records import Record

__all__ = ["AGAIN", "CONTROLS", "PROTOCOLS", "OverseeSpec", "Protocol", "find_protocol"]


class Protocol(Record):
    """Who speaks before the judge decides.

    Attributes:
        name: what it is called.
        words: what happens, in a sentence.
        speakers: how many advocates: none, one, or two.
        chosen: the first advocate chooses its side; else sides are assigned.
        apart: two consultancies, each judged by itself, in place of one exchange.
        questions: how many questions the judge may have answered first by somebody without a side.
        sees_rules: the judge sees the rules.
        asked: how often the judge is asked; answers are averaged.
        evidence: how many sentences of the rules, drawn at random, the judge sees each time.
        claims: the reply is taken apart and each sentence judged by itself, with the rules nearest to it.
        shuffled: the judge sees what was said about another case.
        colluding: both advocates argue for the false answer.
        blind: the judge sees the moves alone.
    """

    name: str
    words: str
    speakers: Literal[0, 1, 2] = 0
    chosen: bool = False
    apart: bool = False
    questions: int = 0
    sees_rules: bool = False
    asked: int = 1
    evidence: int = 0
    claims: bool = False
    shuffled: bool = False
    colluding: bool = False
    blind: bool = False


_ALL = (
    Protocol(name="direct", words="the judge alone"),
    Protocol(name="expert", words="the judge with all rules: what no protocol can beat by much", sees_rules=True),
    Protocol(name="consultancy", words="one adviser with an assigned side, wrong half the time", speakers=1),
    Protocol(name="double-consultancy", words="an adviser for either side, judged apart", speakers=2, apart=True),
    Protocol(name="open-consultancy", words="one adviser that chooses its side", speakers=1, chosen=True),
    Protocol(name="debate", words="two advocates with assigned sides", speakers=2),
    Protocol(name="open-debate", words="two advocates, the first of which chooses its side", speakers=2, chosen=True),
    Protocol(name="factored", words="the reply sentence by sentence, each with the rules nearest to it", claims=True),
    Protocol(name="amplification", words="the judge asks two questions of a helper without a side", questions=2),
    Protocol(name="ensemble", words="the judge alone, asked five times", asked=5),
)
PROTOCOLS: Mapping[str, Protocol] = {one.name: one for one in _ALL}

AGAIN, RANDOM = "asked again", "random evidence"
CONTROLS: Mapping[str, Protocol] = {
    one.name: one
    for one in (
        Protocol(name=AGAIN, words="the judge alone, asked as often as the protocol's judge tokens pay for", asked=2),
        Protocol(name=RANDOM, words="the judge with four rules, drawn at random", asked=2, evidence=4),
        Protocol(name="shuffled", words="the judge with what was said about another case", speakers=2, shuffled=True),
        Protocol(name="colluding", words="both advocates argue for the false answer", speakers=2, colluding=True),
        Protocol(name="blind", words="the judge sees the moves alone", speakers=2, blind=True),
    )
}
"""What stands beside every protocol. The first two are told its judge tokens; the others are debates gone wrong."""


class OverseeSpec(Record):
    """A comparison: everything that decides its results.

    `read` has the letters of a model read as judge; `rules` is how many rules debaters and an expert judge are shown,
    the nearest to the case; 0 shows all, some 3,000 tokens.
    """

    protocols: tuple[str, ...] = Field(min_length=1)
    world: str = "helpdesk"
    world_hash: str = ""
    target: str = ""
    judge: str = "clerk"
    read: bool = False
    debaters: str = "advocate"
    rules: int = Field(default=0, ge=0, le=10_000)
    judge_skill: float = Field(default=0.8, ge=0, le=1)
    find: float = Field(default=1.0, ge=0, le=1)
    cases: int = Field(default=100, ge=4, le=10_000)
    turns: int = Field(default=1, ge=1, le=10)
    simultaneous: bool = False
    seed: int = 1
    drillyard: str = ""


def find_protocol(name: str) -> Protocol:
    """Return a protocol by name. Raises `BadInput` with the nearest one."""
    if name in PROTOCOLS:
        return PROTOCOLS[name]
    near = difflib.get_close_matches(name, PROTOCOLS, n=1)
    hint = f"did you mean {near[0]!r}?" if near else ""
    raise bad_input(f"protocol {name!r}", f"one of: {', '.join(PROTOCOLS)}", hint)
