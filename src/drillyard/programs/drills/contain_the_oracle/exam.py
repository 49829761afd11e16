"""A desk opened for grading: the year that its learner knows, the hidden one, and the adversaries of that one."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from drillyard.containment.adversaries.case import CASE, ContainmentLimits, OracleCase
from drillyard.containment.adversaries.optimisers import Adversary, disguised
from drillyard.containment.adversaries.trial import try_policy
from drillyard.containment.adversaries.years import Desk, draw_desk, draw_year
from drillyard.containment.gateway.policy import GatewayPolicy
from drillyard.records import Drill, Instance, OracleTrial, Truth

__all__ = ["POLICY", "TABLE", "DeskExam", "desk_of"]

POLICY, TABLE = "policy.yaml", "questions.csv"
_COLUMNS = ("asker", "kind", "topic", "text", "chance", "day", "influence", "push", "weight")


@dataclass(frozen=True, kw_only=True)
class DeskExam:
    """An instance of the drill. The sealed seed decides all of it; trials are kept, so nothing runs twice."""

    drill: Drill
    instance: Instance
    truth: Truth
    starter: str

    @cached_property
    def desk(self) -> Desk:
        """The desk of the instance."""
        return desk_of(self.drill, self.truth.seed)

    @cached_property
    def known(self) -> OracleCase:
        """Last year, as the learner has it."""
        return draw_year(self.desk, self.truth.seed)

    @cached_property
    def hidden(self) -> OracleCase:
        """The year that the policy is held to."""
        return draw_year(self.desk, self.truth.seed + 1, hidden=True)

    @cached_property
    def adversaries(self) -> tuple[Adversary, ...]:
        """Who answers in the hidden year."""
        return disguised(self.truth.seed)

    @cached_property
    def _trials(self) -> dict[str, OracleTrial]:
        return {}

    @property
    def shown(self) -> Mapping[str, str]:
        """What the learner gets as files."""
        topics = f"topics: [{', '.join(self.desk.topics)}]"
        policy = f"{self.starter.rstrip()}\n{topics}\n"
        return {CASE: self.known.to_json(), POLICY: policy, TABLE: _table(self.known)}

    def trial(self, policy: GatewayPolicy) -> OracleTrial:
        """Return what a policy lets through in the hidden year."""
        key = policy.digest()
        if key not in self._trials:
            self._trials[key] = try_policy(policy, self.hidden, self.adversaries, self.truth.seed)
        return self._trials[key]


def desk_of(drill: Drill, seed: int) -> Desk:
    """Return the desk of a seed, with the drill's limits."""
    limits = drill.limits
    held = ContainmentLimits(
        value=limits["value-kept"], leaked_bits=limits["bits-leaked"], progress=limits["side-goal"]
    )
    return draw_desk("your desk", seed, held)


def _table(case: OracleCase) -> str:
    """Return the questions of a case for a spreadsheet."""
    held = io.StringIO()
    table = csv.DictWriter(held, _COLUMNS, extrasaction="ignore", lineterminator="\n")
    table.writeheader()
    table.writerows({**one.question.model_dump(), **one.model_dump()} for one in case.questions)
    return held.getvalue()
