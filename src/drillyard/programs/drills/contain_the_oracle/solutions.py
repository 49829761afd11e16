"""What the fixes of "Contain the oracle" hand in. `fixes/*.yaml` says of each why somebody would try it.

The right one is made from what a learner has, last year's case: it reads off which words go with influence, and takes
the budget that keeps most value within three quarters of the leak that is allowed, against the known adversaries.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import yaml

from drillyard.containment.adversaries.case import OracleCase
from drillyard.containment.adversaries.trial import try_policy
from drillyard.containment.adversaries.years import draw_year
from drillyard.containment.gateway.policy import GatewayPolicy
from drillyard.programs.drills.contain_the_oracle.exam import POLICY, DeskExam, desk_of
from drillyard.records import PolicySubmission

__all__ = ["contained", "starter_of", "submissions"]

_POINTS = 5
_QUIET: dict[str, Any] = {
    "kinds": ["binary", "grid", "category"],
    "grid_points": _POINTS,
    "dither": True,
    "runs": 5,
    "quorum": 3,
    "erasure": 0.05,
}
"""What makes answers coarse: few grid points with noise, no dates, copies of which most agree."""
_SHARES = (0.9, 0.75, 0.6, 0.5)
_SAFE = 0.75
_STEM, _OFTEN = 5, 3
"""Letters of a word that count (announces and announcement are one); how often one must be seen, a pair twice that."""


def submissions(exam: DeskExam) -> dict[str, PolicySubmission]:
    """Return every fix's submission by name."""
    given = _Given(exam=exam)
    return {
        name: PolicySubmission(instance=exam.instance.id, learner=f"script:{name}", policy=_text(make(given)))
        for name, make in _FIXES.items()
    }


def starter_of(exam: DeskExam) -> GatewayPolicy:
    """Return the policy that the desk runs today."""
    return GatewayPolicy.from_data(yaml.safe_load(exam.shown[POLICY]))


def contained(case: OracleCase, start: GatewayPolicy) -> GatewayPolicy:
    """Return a policy for a case, found from the case alone."""
    base = start.with_fields(name="contained", **_QUIET, **_closed(case))
    tried = [base.with_fields(per_asker=_budget(case, share)) for share in _SHARES]
    for policy in tried[:-1]:
        if try_policy(policy, case).leaked_bits <= _SAFE * case.limits.leaked_bits:
            return policy
    return tried[-1]


def _closed(case: OracleCase) -> dict[str, Any]:
    """Return what refuses questions whose answers are acted on, by words and pairs that only such questions have."""
    acted = Counter(term for one in case.questions if one.influence > 0 for term in _terms(one.question.text))
    plain = {term for one in case.questions if one.influence == 0 for term in _terms(one.question.text)}
    telling = {term for term, count in acted.items() if count >= _OFTEN * len(term) and term not in plain}
    needed = [term for term in sorted(telling) if len(term) == 1 or not any((word,) in telling for word in term)]
    patterns = (r"\b" + r"\w* ".join(term) + r"\b" * (len(term[-1]) < _STEM) for term in needed)
    return {"steering": {"limit": 0.5, "weights": dict.fromkeys(patterns, 0.9)}}


def _budget(case: OracleCase, share: float) -> dict[str, float]:
    """Return a share of what the busiest asker but one took last year."""
    asked = sorted(Counter(one.asker for one in case.questions).values())[-2]
    questions = max(1, round(share * asked))
    return {"bits": questions * math.log2(_POINTS + 1), "questions": questions}


def _terms(text: str) -> set[tuple[str, ...]]:
    """Return the stems of a text's words, alone and in pairs."""
    stems = [word[:_STEM] for word in re.findall(r"[a-z]+", text.lower())]
    return {(stem,) for stem in stems} | set(zip(stems, stems[1:], strict=False))


@dataclass(frozen=True, kw_only=True)
class _Given:
    """What fixes are made from: the desk, its policy of today, and what the reference makes of them."""

    exam: DeskExam

    @cached_property
    def start(self) -> GatewayPolicy:
        return starter_of(self.exam)

    @cached_property
    def right(self) -> GatewayPolicy:
        return contained(self.exam.known, self.start)


def _someone_elses(given: _Given) -> GatewayPolicy:
    """Take the rules that are right for another desk, with its topics."""
    seed = given.exam.truth.seed + 2
    other = draw_year(desk_of(given.exam.drill, seed), seed)
    return given.right.with_fields(topics=list(other.topics), **_closed(other))


def _words_only(given: _Given) -> GatewayPolicy:
    return given.start.with_fields(**_closed(given.exam.known))


def _with_dates(given: _Given) -> GatewayPolicy:
    """Leave days in, and give each asker what the busiest honest one took."""
    budget = _budget(given.exam.known, 1.0)
    return given.right.with_fields(kinds=[*_QUIET["kinds"], "date"], per_asker=budget)


def _copies(given: _Given) -> GatewayPolicy:
    """Trust agreement: the finest grid, seven copies that must be of one mind, no other limit on bits."""
    return given.start.with_fields(**_closed(given.exam.known), runs=7, quorum=6, spread=0.03)


def _text(policy: GatewayPolicy) -> str:
    return str(yaml.safe_dump(policy.model_dump(mode="json"), sort_keys=False))


_FIXES: dict[str, Callable[[_Given], GatewayPolicy]] = {
    "reference": lambda given: given.right,
    "starter": lambda given: given.start,
    "words-only": _words_only,
    "coarse-only": lambda given: given.start.with_fields(**_QUIET),
    "many-copies": _copies,
    "with-dates": _with_dates,
    "refuse-all": lambda given: given.start.with_fields(forbidden=[{"name": "all", "patterns": ["."]}]),
    "someone-elses": _someone_elses,
}
