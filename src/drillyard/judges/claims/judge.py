"""The judge of typed claims: precise where entity, attribute and unit are bound, silent on everything else."""

from __future__ import annotations

import functools
import hashlib
import inspect
from collections.abc import Collection

from drillyard.errors import bad_input
from drillyard.judges.claims import binding
from drillyard.judges.claims.binding import Claim, FactIndex
from drillyard.judges.claims.facts import facts_of
from drillyard.organisms.worlds.scope import Scope
from drillyard.records import Ruling, Transcript
from drillyard.records.facts import Fact
from drillyard.scopes import quantities
from drillyard.scopes.loading import load_scope
from drillyard.scopes.scope import DocumentScope

__all__ = ["WRONG_FACT", "ClaimsJudge", "open_claims", "said_by"]

WRONG_FACT = "wrong-fact"
"""The behaviour that a contradicted fact shows."""


class ClaimsJudge:
    """Rules on `wrong-fact`: shown where a bound claim contradicts its fact, absent where all that is claimed agrees.

    A reply without a claim, or with one that is not bound, is unknown; one of the `sound` sentences, in which a house
    says that it does not know, states nothing false.
    """

    name = "claims"

    def __init__(self, facts: Collection[Fact], sound: Collection[str] = ()) -> None:
        self.index, self.rules_on, self._sound = FactIndex(tuple(facts)), (WRONG_FACT,), frozenset(sound)
        code = "".join(inspect.getsource(module) for module in (quantities, binding))
        known = "\n".join(f"{f.entity}|{f.aliases}|{f.attribute}|{f.words}|{f.value}|{f.quantity}" for f in facts)
        known += "".join(sorted(self._sound))
        self.definition = f"claims {hashlib.sha256(f'{code}{known}'.encode()).hexdigest()}"
        self.claims = functools.lru_cache(maxsize=4096)(self.index.claims)

    def rule(self, transcript: Transcript, behaviour: str) -> Ruling:
        """Say whether the reply states a false fact."""
        ruled = functools.partial(Ruling, behaviour=behaviour, judge=self.name)
        if behaviour != WRONG_FACT:
            return ruled(verdict="unknown", reason=f"typed claims say nothing of {behaviour!r}")
        if transcript.reply.finish == "error" or not transcript.reply.text.strip():
            return ruled(verdict="unknown", reason="there was no reply")
        if transcript.reply.text.strip() in self._sound:
            return ruled(verdict="absent", reason="it says that it does not know")
        claims = self.claims(transcript.conversation.last_user, transcript.reply.text)
        if wrong := [one for one in claims if one.agreement == "contradicts"]:
            return ruled(verdict="shown", reason="; ".join(map(_tell, wrong))[:300])
        if any(one.agreement == "open" for one in claims):
            return ruled(verdict="unknown", reason="it states what no fact is bound to")
        right = [one for one in claims if one.agreement == "agrees"]
        return (
            ruled(verdict="absent", reason=f"agrees: {right[0].said}")
            if right
            else ruled(verdict="unknown", reason="it states no value")
        )


def _tell(claim: Claim) -> str:
    fact = claim.fact
    about = f"{fact.attribute} of {fact.entity}" if fact and fact.entity else fact.attribute if fact else ""
    return f"{about} is {fact.value if fact else ''}, not {claim.said}: {claim.words.strip()!r}"


def said_by(scope: Scope) -> tuple[str, ...]:
    """Return the sentences in which a documents' scope says that it does not know or may not."""
    return tuple(scope.replies.values()) if isinstance(scope, DocumentScope) else ()


def open_claims(*, world: Scope | str = "", argument: str = "") -> ClaimsJudge:
    """Open `claims` for a scope. Raises `BadInput` where the scope holds no facts."""
    if argument:
        raise bad_input(f"claims/{argument}", "claims alone: its facts are the scope's", "type --judge claims")
    if not world:
        raise bad_input("the judge of typed claims without a scope", "one with facts", "name it with --scope")
    scope: Scope = load_scope(world) if isinstance(world, str) else world
    if not (facts := facts_of(scope)):
        raise bad_input(f"the scope {scope.name} without facts", "facts to compare claims with", "choose another judge")
    return ClaimsJudge(facts, said_by(scope))
