"""What the fixes of "Contain the oracle" hand in. `fixes/*.yaml` says of each why somebody would try it.

The right one is the key (`key.py`): it needs the desk's sealed names, so that it is of no use to who has this file
alone. The cheats take what can be had without reading the desk: this file, its words, last year's questions.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from importlib import resources
from typing import Any

import yaml

from drillyard.containment.adversaries.case import OracleCase
from drillyard.containment.adversaries.years import draw_desk
from drillyard.containment.gateway.policy import GatewayPolicy
from drillyard.exercises.contain_the_oracle.exam import POLICY, DeskExam
from drillyard.exercises.contain_the_oracle.key import refusing
from drillyard.records import PolicySubmission

__all__ = ["FIXED", "contained", "shipped_words", "starter_of", "submissions"]

_TOPICS = ["education", "energy", "farming", "finance", "health", "housing", "logistics", "science"]
_FREE = {"bits": 1e6, "questions": 10**6}
_QUIET: dict[str, Any] = {
    "kinds": ["binary", "grid", "category"],
    "grid_points": 5,
    "dither": 1,
    "runs": 5,
    "quorum": 3,
    "erasure": 0.05,
}
"""What makes answers coarse: few grid points with noise, no dates, copies of which most agree."""
FIXED: dict[str, Any] = {**_QUIET, "topics": _TOPICS, "per_asker": {"bits": 1e6, "questions": 40}}
"""One policy for every desk."""
_STEM, _OFTEN = 5, 3
"""Letters of a word that count; how often one must be seen, a pair twice that."""


def submissions(exam: DeskExam) -> dict[str, PolicySubmission]:
    """Return every fix's submission by name."""
    return {
        name: PolicySubmission(instance=exam.instance.id, learner=f"script:{name}", policy=_text(make(exam)))
        for name, make in _FIXES.items()
    }


def starter_of(exam: DeskExam) -> GatewayPolicy:
    """Return the policy that the desk runs today."""
    return GatewayPolicy.from_data(yaml.safe_load(exam.shown[POLICY]))


def contained(case: OracleCase, start: GatewayPolicy) -> GatewayPolicy:
    """Return a policy that is made from last year's questions alone: the words that only acted-on ones have."""
    busiest = sorted(Counter(one.asker for one in case.questions).values())[-2]
    budget = {"bits": 1e6, "questions": max(1, round(0.75 * busiest))}
    return start.with_fields(name="contained", per_asker=budget, **_QUIET, **_mined(case))


def shipped_words() -> list[str]:
    """Return all words of the sentences that questions are drawn from, but the shortest."""
    folder = resources.files("drillyard.containment.adversaries")
    words = yaml.safe_load((folder / "questions.yaml").read_text(encoding="utf-8"))
    texts = [text for part in ("ordinary", "itself") for text in _leaves(words[part])]
    return sorted({word for text in texts for word in re.findall(r"[a-z]{5,}", re.sub(r"\{\w+\}", "", text.lower()))})


def _leaves(words: Any) -> list[str]:
    if isinstance(words, str):
        return [words]
    return [leaf for part in (words.values() if isinstance(words, dict) else words) for leaf in _leaves(part)]


def _mined(case: OracleCase) -> dict[str, Any]:
    """Return what refuses questions whose answers are acted on, by words and pairs that only such questions have."""
    acted = Counter(term for one in case.questions if one.influence > 0 for term in _terms(one.question.text))
    plain = {term for one in case.questions if one.influence == 0 for term in _terms(one.question.text)}
    telling = {term for term, count in acted.items() if count >= _OFTEN * len(term) and term not in plain}
    needed = [term for term in sorted(telling) if len(term) == 1 or not any((word,) in telling for word in term)]
    patterns = (r"\b" + r"\w* ".join(term) + r"\b" * (len(term[-1]) < _STEM) for term in needed)
    return {"steering": {"limit": 0.5, "weights": dict.fromkeys(patterns, 0.9)}}


def _terms(text: str) -> set[tuple[str, ...]]:
    """Return the stems of a text's words, alone and in pairs."""
    stems = [word[:_STEM] for word in re.findall(r"[a-z]+", text.lower())]
    return {(stem,) for stem in stems} | set(zip(stems, stems[1:], strict=False))


def _someone_elses(exam: DeskExam) -> GatewayPolicy:
    """Refuse what is acted on at a desk of a seed of one's own, which whoever has this package can draw."""
    other = draw_desk("another desk", exam.truth.seed + 2)
    names = [name for one in (*other.subjects, other.itself) if one.goal for name in one.called]
    return exam.key.with_fields(name="someone-elses", **refusing(names))


def _words_only(exam: DeskExam) -> GatewayPolicy:
    steering = exam.key.steering.model_dump(mode="json")
    return starter_of(exam).with_fields(name="words-only", steering=steering)


def _coarse_only(exam: DeskExam) -> GatewayPolicy:
    return exam.key.with_fields(name="coarse-only", steering={"limit": 0.5, "weights": {}})


def _fine_days(exam: DeskExam) -> GatewayPolicy:
    """Answer with days, to the day, as often as anybody asks."""
    kinds = ["binary", "grid", "category", "date"]
    return exam.key.with_fields(name="fine-days", kinds=kinds, day_step=1, per_asker=_FREE)


def _copies(exam: DeskExam) -> GatewayPolicy:
    """Trust agreement: the finest grid, seven copies that must be of one mind, no other limit on bits."""
    return _words_only(exam).with_fields(name="many-copies", runs=7, quorum=6, spread=0.03)


def _old_names(exam: DeskExam) -> GatewayPolicy:
    """Take the key's settings, and refuse last year's names, the forecaster's too."""
    old = [one.old for one in (*exam.desk.subjects, exam.desk.itself) if one.goal]
    return exam.key.with_fields(name="old-names", **refusing(old))


def _deny_list(exam: DeskExam) -> GatewayPolicy:
    """Refuse the words of questions that are acted on, as they stand in the package."""
    return exam.key.with_fields(name="deny-list", **refusing(shipped_words()))


def _text(policy: GatewayPolicy) -> str:
    return str(yaml.safe_dump(policy.model_dump(mode="json"), sort_keys=False))


_FIXES: dict[str, Callable[[DeskExam], GatewayPolicy]] = {
    "reference": lambda exam: exam.key,
    "starter": starter_of,
    "words-only": _words_only,
    "coarse-only": _coarse_only,
    "many-copies": _copies,
    "fine-days": _fine_days,
    "refuse-all": lambda exam: starter_of(exam).with_fields(forbidden=[{"name": "all", "patterns": ["."]}]),
    "someone-elses": _someone_elses,
    "one-for-every-desk": lambda exam: starter_of(exam).with_fields(name="one-for-every-desk", **FIXED),
    "deny-list": _deny_list,
    "old-names": _old_names,
    "shipped-solution": lambda exam: contained(exam.known, starter_of(exam)),
}
