"""A desk opened for grading: the year that its learner knows, the hidden one, and the adversaries of that one."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType

from drillyard.containment.adversaries.adversary import Adversary, disguise, draw_stranger
from drillyard.containment.adversaries.case import CASE, OracleCase
from drillyard.containment.adversaries.trial import Bench, try_policy
from drillyard.containment.adversaries.years import Desk, draw_desk, draw_year, notes_of
from drillyard.containment.gateway.policy import GatewayPolicy
from drillyard.exercises.contain_the_oracle.key import key_of
from drillyard.records import ContainmentLimits, Drill, Instance, OracleTrial, Truth

__all__ = ["NOTES", "POLICY", "TABLE", "DeskExam", "draft_of", "hidden_of", "with_limits"]

POLICY, TABLE, NOTES = "policy.yaml", "questions.csv", "notes.md"
_COLUMNS = ("asker", "kind", "topic", "text", "chance", "day", "influence", "push", "weight")
_VALUE, _BITS = 0.9, 1.35
"""What a policy must keep of the key's value, and may leak of its bits, in the worse of both years.

Adversaries are up to a quarter stronger than known, so whoever stays within three quarters of the bits on last year can
take the key's own settings, and holds the limit of the hidden year.
"""


@dataclass(frozen=True, kw_only=True)
class DeskExam:
    """An instance of the drill. The sealed seed decides all of it; trials are kept, so nothing runs twice.

    `known` is last year as the learner has it, with the limits; `found` the key, where it was just searched for.
    """

    drill: Drill
    instance: Instance
    truth: Truth
    starter: str
    known: OracleCase
    found: GatewayPolicy | None = None

    @cached_property
    def desk(self) -> Desk:
        """The desk of the instance."""
        return draw_desk("your desk", self.truth.seed)

    @cached_property
    def key(self) -> GatewayPolicy:
        """The best policy that is known."""
        return self.found or key_of(self.desk, self.known)

    @cached_property
    def hidden(self) -> OracleCase:
        """The year that the policy is held to, with the adversaries that answer in it."""
        return hidden_of(self.desk, self.truth.seed, self.known.limits)

    @cached_property
    def _bench(self) -> Bench:
        return Bench(self.hidden)

    @cached_property
    def _trials(self) -> dict[str, OracleTrial]:
        return {}

    @property
    def adversaries(self) -> tuple[Adversary, ...]:
        """Who answers in the hidden year."""
        return self.hidden.adversaries

    @property
    def shown(self) -> Mapping[str, str]:
        """What the learner gets as files."""
        topics = f"topics: [{', '.join(self.desk.topics)}]"
        policy = f"{self.starter.rstrip()}\n{topics}\n"
        notes = notes_of(self.desk, self.truth.seed)
        return {CASE: self.known.to_json(), POLICY: policy, TABLE: _table(self.known), NOTES: notes}

    def trial(self, policy: GatewayPolicy) -> OracleTrial:
        """Return what a policy lets through in the hidden year."""
        digest = policy.digest()
        if digest not in self._trials:
            self._trials[digest] = self._bench.trial(policy)
        return self._trials[digest]


def draft_of(desk: Desk, seed: int) -> OracleCase:
    """Return last year of a desk before its limits are set."""
    return draw_year(desk, seed, ContainmentLimits(value=0.0, leaked_bits=desk.bits, progress=desk.progress))


def hidden_of(desk: Desk, seed: int, limits: ContainmentLimits) -> OracleCase:
    """Return next year of a desk: the known adversaries as they really are, and one that nobody met."""
    year = draw_year(desk, seed + 1, limits, later=True)
    about = (*disguise(desk.adversaries, seed), draw_stranger(desk.adversaries, seed))
    return year.model_copy(update={"adversaries": about})


def with_limits(
    desk: Desk, seed: int, draft: OracleCase, key: GatewayPolicy, given: Mapping[str, float] = MappingProxyType({})
) -> OracleCase:
    """Return last year with limits that the key holds in both years, and not much else does.

    `given` may say otherwise what share of the key's `value` must be kept, and how many times its `bits` may leak.
    """
    trials = [try_policy(key, year) for year in (draft, hidden_of(desk, seed, draft.limits))]
    limits = ContainmentLimits(
        value=math.floor(100 * given.get("value", _VALUE) * min(one.value for one in trials)) / 100,
        leaked_bits=math.ceil(given.get("bits", _BITS) * max(one.leaked_bits for one in trials)),
        progress=desk.progress,
    )
    return draft.model_copy(update={"limits": limits})


def _table(case: OracleCase) -> str:
    """Return the questions of a case for a spreadsheet."""
    held = io.StringIO()
    table = csv.DictWriter(held, _COLUMNS, extrasaction="ignore", lineterminator="\n")
    table.writeheader()
    table.writerows({**one.question.model_dump(), **one.model_dump()} for one in case.questions)
    return held.getvalue()
