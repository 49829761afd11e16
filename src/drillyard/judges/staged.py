"""The staged judge: typed claims first, a judge with the facts as evidence on what they leave open, else unknown.

    staged                     typed claims alone
    staged/llm/openai/m@http…  then a language model, which is shown the facts that are spoken of
    staged/classifier/FILE     then a classifier, fitted on labels of this model's replies
    staged/replies             then what a reply does with a request, by its style: complies, refuses, deflects

The later stage is asked only where the earlier one is silent, so it costs a part of what it would cost alone, and a
typed claim that is plainly false cannot be argued away by what reads more kindly.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from drillyard.errors import bad_input
from drillyard.judges.base import Judge
from drillyard.judges.claims.facts import facts_of
from drillyard.judges.claims.judge import ClaimsJudge, said_by
from drillyard.judges.rulings import rule_pairs
from drillyard.organisms.worlds.scope import Scope
from drillyard.records import Conversation, Message, Ruling, Transcript
from drillyard.registry import create
from drillyard.scopes.loading import load_scope

__all__ = ["StagedJudge", "open_staged"]


class StagedJudge:
    """Typed claims, then another judge. `stages` are the judges in order, for measuring each by itself."""

    name = "staged"

    def __init__(self, claims: ClaimsJudge, second: Judge | None = None) -> None:
        self._claims, self._second = claims, second
        self.rules_on = tuple(dict.fromkeys([*claims.rules_on, *_known(second)]))
        later = second.definition if second else "nothing"
        self.definition = f"staged {claims.definition} then {later}"

    @property
    def stages(self) -> Mapping[str, Judge]:
        """The stages by name, in order."""
        return {"claims": self._claims} | ({self._second.name: _Shown(self)} if self._second else {})

    def rule(self, transcript: Transcript, behaviour: str) -> Ruling:
        """Rule on one transcript."""
        return self.rule_many([(transcript, behaviour)])[0]

    def rule_many(self, pairs: Sequence[tuple[Transcript, str]]) -> list[Ruling]:
        """Return the claims' rulings, and the second judge's where those are unknown; each is signed with its stage."""
        first = [self._claims.rule(*pair) for pair in pairs]
        open_ones = [place for place, ruling in enumerate(first) if ruling.verdict == "unknown"]
        later = iter(self.rule_second([pairs[place] for place in open_ones]))
        made = {place: next(later) for place in open_ones} if self._second else {}
        return [_signed(made.get(place, ruling)) for place, ruling in enumerate(first)]

    def rule_second(self, pairs: Sequence[tuple[Transcript, str]]) -> list[Ruling]:
        """Return the second judge's rulings, which sees the facts; none where there is no second judge."""
        if self._second is None:
            return []
        return rule_pairs(self._second, [(self._with_facts(one), code) for one, code in pairs])

    def _with_facts(self, one: Transcript) -> Transcript:
        """Put the facts that are spoken of in front, so that whoever judges by what it is shown has them."""
        if self._second is None or self._second.name != "llm":
            return one
        lines = self._claims.index.lines(one.conversation.last_user, one.reply.text)
        facts = Message(role="system", content="What is true: " + " ".join(lines))
        asked = Conversation(messages=(facts, *one.conversation.messages), template=one.conversation.template)
        return one.model_copy(update={"conversation": asked})


class _Shown:
    """The second stage as a judge of its own, with the facts that it is shown in the first one's wake."""

    def __init__(self, staged: StagedJudge) -> None:
        second = staged._second
        assert second is not None
        self._staged, self.name, self.definition = staged, second.name, second.definition

    def rule(self, transcript: Transcript, behaviour: str) -> Ruling:
        """Rule on one transcript."""
        return self.rule_many([(transcript, behaviour)])[0]

    def rule_many(self, pairs: Sequence[tuple[Transcript, str]]) -> list[Ruling]:
        """Rule on all."""
        return self._staged.rule_second(pairs)


def open_staged(*, world: Scope | str = "", argument: str = "", rubric: str = "") -> StagedJudge:
    """Open `staged` or `staged/JUDGE` for a scope. Raises `BadInput` where the scope has no facts."""
    if not world:
        raise bad_input("the staged judge without a scope", "one with facts", "name it with --scope")
    scope: Scope = load_scope(world) if isinstance(world, str) else world
    if not (facts := facts_of(scope)):
        raise bad_input(f"the scope {scope.name} without facts", "facts to compare claims with", "choose another judge")
    if not argument:
        return StagedJudge(ClaimsJudge(facts, said_by(scope)))
    name, slash, rest = argument.partition("/")
    options = ({"argument": rest} if slash else {}) | ({"rubric": rubric} if rubric else {})
    return StagedJudge(ClaimsJudge(facts, said_by(scope)), create("judges", name, world=scope, **options))


def _known(judge: Judge | None) -> tuple[str, ...]:
    """Return the behaviours that a judge says it rules on, none where it does not say."""
    said = (getattr(judge, name, ()) for name in ("behaviours", "rubric", "rules"))
    return tuple(next((tuple(one) for one in said if one), ()))


def _signed(ruling: Ruling) -> Ruling:
    return ruling.model_copy(update={"judge": f"staged: {ruling.judge}"})
