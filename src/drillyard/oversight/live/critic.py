"""Critics: read a draft with the policy and say how likely it is that it breaks the rules.

A critic is the judge of a dispute whose source it has: the rules nearest to the request and the draft. `clerk` needs no
model; `debate` hears an advocate for either side first; any target can be the judge.

Does not cover: what no rule and no criterion speaks of; a draft that a critic is persuaded by.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from drillyard.organisms.worlds.world import World, load_world
from drillyard.oversight.checking.claims import nearest, sentences
from drillyard.oversight.disputes.case import Case
from drillyard.oversight.disputes.clerk import advocate, clerk
from drillyard.oversight.disputes.rulebook import rulebook
from drillyard.oversight.live.policy import OverseerPolicy
from drillyard.oversight.live.screen import HourlyBudget, Screen
from drillyard.oversight.protocols.play import Cast, play
from drillyard.oversight.protocols.prompts import parse_judgement, write_judgement
from drillyard.oversight.protocols.reading import open_judge
from drillyard.oversight.protocols.spec import PROTOCOLS
from drillyard.oversight.recipes.agents import Agent, TargetAgent
from drillyard.oversight.recipes.run import NoAnswer, RecipeRun, ask, recipe
from drillyard.records.patterns import pattern_of

__all__ = ["ApproveAll", "Critic", "Criticism", "JudgeCritic", "open_critic"]

_RULES = 12
"""Rules that a critic reads with a draft."""
_SAID = 2000
"""Characters of each speech that are kept with a draft that is held."""


@dataclass(frozen=True, kw_only=True)
class Criticism:
    """The chance that a draft breaks the rules, None where there is no clear answer; words, tokens, and who said so."""

    chance: float | None
    reason: str = ""
    tokens: int = 0
    by: Literal["critic", "guard", "pattern"] = "critic"
    said: tuple[tuple[str, str], ...] = ()


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
        screen: a guard that decides first, where it is sure.
    """

    def __init__(
        self,
        policy: OverseerPolicy,
        judge: Agent,
        advocates: tuple[Agent, Agent] | None = None,
        screen: Screen | None = None,
    ) -> None:
        self._policy, self._judge, self._advocates, self._screen = policy, judge, advocates, screen
        self._budget = HourlyBudget(policy.drafts_an_hour, policy.tokens_an_hour)
        self._world: World = load_world(policy.world)
        self._criteria = tuple(f"Criterion ({leaf.code}): {leaf.criterion}" for leaf in policy.leaves)
        self.definition = f"{judge.definition}{' after a debate' if advocates else ''}, {len(self._criteria)} criteria"
        self.definition += f", behind the guard {screen.guard.digest[:12]}" if screen else ""

    def read(self, request: str, draft: str) -> Criticism:
        """Match patterns, ask the guard, then the judge, as far as the budget goes. No answer is a chance of None."""
        for leaf in self._policy.leaves:
            for pattern in leaf.patterns:
                if pattern_of(pattern, ignore_case=True).found_in(draft):
                    return Criticism(chance=1.0, reason=f"{leaf.id}: it matches {pattern!r}", by="pattern")
        if not draft.strip():
            return Criticism(chance=None, reason="the draft is empty")
        if self._screen:
            sure, why = self._screen.look(draft)
            if sure is not None:
                return Criticism(chance=sure, reason=why, by="guard")
        if spent := self._budget.take():
            return Criticism(chance=None, reason=spent)
        found = self._judged(request, draft)
        self._budget.pay(found.tokens)
        return found

    def _judged(self, request: str, draft: str) -> Criticism:
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
        asks = [call for call in run.calls if call is not None and call.kind == "ask"]
        said = tuple((call.agent, call.answered[:_SAID]) for call in asks)
        told = f"the critic gives it a chance of {1 - chance:.2f} of breaking the rules"
        return Criticism(chance=1 - chance, reason=told, tokens=run.tokens, said=said)


@recipe
async def _argued(case: Case, judge: Agent, advocates: tuple[Agent, Agent] | None) -> float | None:
    if advocates is None:
        return parse_judgement(await ask(judge, write_judgement(case, (), case.source), "critic"))
    cast = Cast(judge=judge, advocates=advocates)
    return (await play(PROTOCOLS["debate"], case, cast, {})).chance


def open_critic(name: str, policy: OverseerPolicy, *, read: bool = False, screen: Screen | None = None) -> Critic:
    """Return `approve-all`, `clerk`, `debate`, or a target as critic, its letters read if asked, behind a screen.

    Raises:
        BadInput: as `open_target`.
    """
    if name == "approve-all":
        return ApproveAll()
    if name == "clerk":
        return JudgeCritic(policy, clerk(1.0, "critic"), screen=screen)
    if name == "debate":
        return JudgeCritic(policy, clerk(1.0, "critic"), (advocate(name="for"), advocate(name="against")), screen)
    judge = TargetAgent(open_judge(policy.world, name, read=read), "critic", greedy=True)
    return JudgeCritic(policy, judge, screen=screen)
