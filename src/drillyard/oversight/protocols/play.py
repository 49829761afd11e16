"""Playing a protocol: one recipe per case, so that the trace shows who said what before the judge decided."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from drillyard.oversight.checking.claims import nearest, sentences
from drillyard.oversight.disputes.case import Case
from drillyard.oversight.protocols.prompts import (
    Speech,
    check_quotes,
    parse_judgement,
    parse_side,
    write_advice,
    write_choice,
    write_judgement,
    write_questions,
)
from drillyard.oversight.protocols.spec import Protocol
from drillyard.oversight.recipes.agents import Agent
from drillyard.oversight.recipes.run import NoAnswer, ask, recipe, together
from drillyard.records import Record

__all__ = ["Cast", "Judgement", "play"]


@dataclass(frozen=True, kw_only=True)
class Cast:
    """Who plays: the judge, an advocate for either answer (the first is also the adviser), turns and their order.

    `rules` is how many rules debaters and an expert judge are shown, the nearest to the case; 0 shows all.
    """

    judge: Agent
    advocates: tuple[Agent, Agent]
    turns: int = 1
    simultaneous: bool = False
    seed: int = 1
    rules: int = 0


class Judgement(Record):
    """How a case was decided: `chance` of answer A as the judge sees it, None where it gave no clear answer.

    `side` is that of the only or first advocate, −1 without one; `words` counts what advocates said.
    """

    case: str
    chance: float | None
    side: int = -1
    words: int = 0


@recipe
async def play(protocol: Protocol, case: Case, cast: Cast, heard: Mapping[str, Sequence[Speech]]) -> Judgement:
    """Play one case. `heard` are speeches about other cases, for the shuffled control."""
    try:
        if protocol.claims:
            chance = await _by_claims(case, cast)
            return Judgement(case=case.id, chance=chance)
        side = await _first_side(protocol, case, cast)
        said = list(heard[case.id]) if protocol.shuffled else await _speeches(protocol, case, cast, side)
        chance = await _judged(protocol, case, cast, said)
    except NoAnswer:
        return Judgement(case=case.id, chance=None)
    return Judgement(case=case.id, chance=chance, side=side, words=sum(len(one.text.split()) for one in said))


async def _first_side(protocol: Protocol, case: Case, cast: Cast) -> int:
    if not protocol.speakers:
        return -1
    if protocol.colluding:
        return 1 - case.truth
    if protocol.chosen:
        chosen = parse_side(await ask(cast.advocates[0], write_choice(_shown(case, cast)), "choose a side"))
        if chosen is not None:
            return chosen
    return random.Random(f"{cast.seed}:{case.id}").randrange(2)


async def _speeches(protocol: Protocol, case: Case, cast: Cast, side: int) -> list[Speech]:
    case = _shown(case, cast)
    if protocol.questions:
        return await _answers(protocol, case, cast)
    if not protocol.speakers:
        return []
    sides = [side] if protocol.speakers == 1 else [side, side if protocol.colluding else 1 - side]
    said: list[Speech] = []
    for _ in range(cast.turns):
        if cast.simultaneous or protocol.apart:
            known = [[one for one in said if one.side == own or not protocol.apart] for own in sides]
            said += await together(_speak(cast.advocates[n], case, own, known[n]) for n, own in enumerate(sides))
        else:
            for number, own in enumerate(sides):
                said.append(await _speak(cast.advocates[number], case, own, said))
    return said


def _shown(case: Case, cast: Cast) -> Case:
    """Return a case with as many rules as debaters and an expert judge are shown."""
    near = nearest(f"{case.request} {case.reply}", case.source, cast.rules) if cast.rules else case.source
    return case.model_copy(update={"source": near})


async def _speak(agent: Agent, case: Case, side: int, said: Sequence[Speech]) -> Speech:
    text = await ask(agent, write_advice(case, side, said), f"for {'AB'[side]}")
    return Speech(side=side, text=text, quotes=check_quotes(text, case.source))


async def _answers(protocol: Protocol, case: Case, cast: Cast) -> list[Speech]:
    asked = await ask(cast.judge, write_questions(case, protocol.questions), "questions")
    questions = [line.strip() for line in asked.splitlines() if line.strip()][: protocol.questions]

    async def answer(question: str) -> Speech:
        told = [Speech(side=-1, text=question)]
        text = await ask(cast.advocates[0], write_advice(case, -1, told, "answer what was asked last, and say"), "help")
        return Speech(side=-1, text=text, quotes=check_quotes(text, case.source))

    return await together(answer(question) for question in questions)


async def _judged(protocol: Protocol, case: Case, cast: Cast, said: Sequence[Speech]) -> float | None:
    rng = random.Random(f"evidence:{cast.seed}:{case.id}")
    if protocol.apart:
        hearings = [[one for one in said if one.side == side] for side in (0, 1)]
    else:
        hearings = [list(said)] * protocol.asked
    prompts = []
    for hearing in hearings:
        rules = _shown(case, cast).source if protocol.sees_rules else ()
        if protocol.evidence:
            rules = tuple(rng.sample(case.source, min(protocol.evidence, len(case.source))))
        prompts.append(write_judgement(case, hearing, rules, protocol.blind))
    found = [parse_judgement(text) for text in await together(ask(cast.judge, one, "judge") for one in prompts)]
    known = [chance for chance in found if chance is not None]
    return sum(known) / len(known) if known else None


async def _by_claims(case: Case, cast: Cast) -> float | None:
    """Judge each sentence with the rules nearest to it; the reply is as good as its worst sentence."""

    async def one(sentence: str) -> float | None:
        rules = nearest(f"{case.request} {sentence}", case.source, 4)
        part = case.model_copy(update={"reply": sentence})
        return parse_judgement(await ask(cast.judge, write_judgement(part, (), rules), "judge a claim"))

    found = [chance for chance in await together(one(part) for part in sentences(case.reply)) if chance is not None]
    return min(found) if found else None
