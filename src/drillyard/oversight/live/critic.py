"""Critics: read a draft with the policy and say how likely it is that it breaks the rules.

A critic is the judge of a dispute whose source it has: the rules nearest to the request and the draft. `clerk` needs no
model; `debate` hears an advocate for either side first; any target can be the judge.

Does not cover: what no rule and no criterion speaks of; a draft that a critic is persuaded by.
"""

from __future__ import annotations

from dataclasses import dataclass

from drillyard.organisms.worlds.world import World, load_world
from drillyard.oversight.checking.claims import nearest, sentences
from drillyard.oversight.disputes.case import Case
from drillyard.oversight.disputes.clerk import advocate, clerk
from drillyard.oversight.disputes.rulebook import rulebook
from drillyard.oversight.live.policy import OverseerPolicy
from drillyard.oversight.protocols.play import Cast, play
from drillyard.oversight.protocols.prompts import parse_judgement, write_judgement
from drillyard.oversight.protocols.spec import PROTOCOLS
from drillyard.oversight.recipes.agents import Agent, TargetAgent
from drillyard.oversight.recipes.run import NoAnswer, RecipeRun, ask, recipe
from drillyard.records.patterns import pattern_of
from drillyard.targets import open_in

__all__ = ["ApproveAll", "Critic", "Criticism", "JudgeCritic", "open_critic"]

_RULES = 12
"""Rules that a critic reads with a draft."""


@dataclass(frozen=True, kw_only=True)
class Criticism:
    """The chance that a draft breaks the rules, None where the critic gave no clear answer, with words and tokens."""

    chance: float | None
    reason: str = ""
    tokens: int = 0


class Critic:
    """Reads a draft; `definition` names all that decides what it says."""

    definition = ""

    def read(self, request: str, draft: str) -> Criticism:
        """Return what is wrong with a draft. Raises what an agent raises that cannot be asked any more."""
        raise NotImplementedError


class ApproveAll(Critic):
    """Passes everything: the null overseer."""

    definition = "approve all"

    def read(self, request: str, draft: str) -> Criticism:
        """Find nothing."""
        return Criticism(chance=0.0)


class JudgeCritic(Critic):
    """A judge with the rules; the patterns of the policy's leaves are matched first and cost nothing.

    Args:
        policy: criteria and world.
        judge: who decides.
        advocates: who argue before it, for `debate`.
    """

    def __init__(self, policy: OverseerPolicy, judge: Agent, advocates: tuple[Agent, Agent] | None = None) -> None:
        self._policy, self._judge, self._advocates = policy, judge, advocates
        self._world: World = load_world(policy.world)
        self._criteria = tuple(f"Criterion ({leaf.code}): {leaf.criterion}" for leaf in policy.leaves)
        self.definition = f"{judge.definition}{' after a debate' if advocates else ''}, {len(self._criteria)} criteria"

    def read(self, request: str, draft: str) -> Criticism:
        """Match patterns, then ask the judge. No answer is a chance of None."""
        for leaf in self._policy.leaves:
            for pattern in leaf.patterns:
                if pattern_of(pattern, ignore_case=True).found_in(draft):
                    return Criticism(chance=1.0, reason=f"{leaf.id}: it matches {pattern!r}")
        if not draft.strip():
            return Criticism(chance=None, reason="the draft is empty")
        book = rulebook(self._world)
        near = [rule for part in sentences(draft) for rule in nearest(part, book, 3)]
        near += [*nearest(request, [rule for rule in book if rule.startswith("Refuse")], 4), *nearest(draft, book, 4)]
        rules = tuple(dict.fromkeys(near))[: _RULES + 4]
        case = Case(id="draft", request=request, reply=draft, source=(*rules, *self._criteria), truth=0)
        run = RecipeRun()
        try:
            chance = run.run(_argued, case, self._judge, self._advocates)
        except NoAnswer as error:
            return Criticism(chance=None, reason=str(error), tokens=run.tokens)
        if chance is None:
            return Criticism(chance=None, reason="the critic gave no clear answer", tokens=run.tokens)
        told = f"the critic gives it a chance of {1 - chance:.2f} of breaking the rules"
        return Criticism(chance=1 - chance, reason=told, tokens=run.tokens)


@recipe
async def _argued(case: Case, judge: Agent, advocates: tuple[Agent, Agent] | None) -> float | None:
    if advocates is None:
        return parse_judgement(await ask(judge, write_judgement(case, (), case.source), "critic"))
    cast = Cast(judge=judge, advocates=advocates)
    return (await play(PROTOCOLS["debate"], case, cast, {})).chance


def open_critic(name: str, policy: OverseerPolicy) -> Critic:
    """Return `approve-all`, `clerk`, `debate`, or a target as critic. Raises `BadInput` as `open_target`."""
    if name == "approve-all":
        return ApproveAll()
    if name == "clerk":
        return JudgeCritic(policy, clerk(1.0, "critic"))
    if name == "debate":
        return JudgeCritic(policy, clerk(1.0, "critic"), (advocate(name="for"), advocate(name="against")))
    return JudgeCritic(policy, TargetAgent(open_in(policy.world, name), "critic", greedy=True))
