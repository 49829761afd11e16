"""What was read from a file that is to be handed in, in plain words: pairs of a name and what it is."""

from __future__ import annotations

from drillyard.containment.gateway.policy import GatewayPolicy, QuestionBudget, policy_of
from drillyard.drills.artefacts.files import family_of
from drillyard.records import AnySubmission, Artefact, ArtefactSubmission, PolicySubmission
from drillyard.stats.shown import percent, tell_count

__all__ = ["summarise"]

Pairs = list[tuple[str, str]]

_FAMILY = {
    "weights": "changes weights: an adapter",
    "inside": "changes hidden states: edits",
    "around": "changes what goes in and out: rails with answers",
}
_POINT = {
    "first": "the first artefact alone",
    "second": "the second alone",
    "both": "both, the first inside the second",
}
_FREE = 10_000  # questions a year: more than any desk is asked, so no limit at all


def summarise(submission: AnySubmission) -> Pairs:
    """Return what a submission says; nothing for claims, which are shown as they are."""
    if isinstance(submission, PolicySubmission):
        return _policy(policy_of(submission.policy))
    if isinstance(submission, ArtefactSubmission):
        parts = zip(("First artefact", "Second artefact"), submission.artefacts, strict=True)
        return [*((name, _artefact(one)) for name, one in parts), ("Operating point", _POINT[submission.point])]
    return []


def _artefact(one: Artefact) -> str:
    size = sum(len(text) * 3 // 4 for text in one.files.values()) / 1024
    made = f"; made by {one.made}" if one.made else ""
    return f"{_FAMILY[family_of(one)]}{made}; {tell_count(len(one.files), 'file')}, {size:,.0f} kB"


def _policy(policy: GatewayPolicy) -> Pairs:
    refused = [pattern for rule in policy.forbidden for pattern in rule.patterns]
    steering = [pattern for pattern, weight in policy.steering.weights.items() if weight > 0]
    noise = f", after noise of ± {policy.dither:g} steps" if policy.dither else ""
    budgets = {"for one asker": policy.per_asker, "on one topic": policy.per_topic, "in a year": policy.per_year}
    return [
        ("Topics", ", ".join(policy.topics)),
        ("Answers", "; ".join(_answers(policy, kind) for kind in policy.kinds) + noise),
        ("Never put", _patterns(refused)),
        (f"Steering, refused from {percent(policy.steering.limit)}", _patterns(steering)),
        *((f"Most {name}", _budget(budget)) for name, budget in budgets.items()),
        ("Copies", f"{policy.runs}, of which {policy.quorum} must lie within {percent(policy.spread)} of the scale"),
        ("Destroyed unread", percent(policy.erasure)),
    ]


def _answers(policy: GatewayPolicy, kind: str) -> str:
    return {
        "binary": "yes or no",
        "grid": f"probabilities at {policy.grid_points} points",
        "date": f"days in steps of {policy.day_step}",
        "category": f"one of at most {policy.max_options} options",
    }[kind]


def _patterns(patterns: list[str]) -> str:
    if not patterns:
        return "nothing"
    return f"{tell_count(len(patterns), 'pattern')}: {', '.join(patterns)}"


def _budget(budget: QuestionBudget) -> str:
    questions = "any number of" if budget.questions >= _FREE else f"{budget.questions:,}"
    bits = "no limit on bits" if budget.bits >= _FREE else f"{budget.bits:,.0f} bits"
    return f"{questions} questions, {bits}"
