"""The gates: what must hold before a learner sees an instance. Each is a criterion on what was measured.

G10 (equal difficulty of copies) is in `equality.py`, G12 (access, reading level) in `access.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from drillyard.drills.fact_sheet import hidden_parts
from drillyard.drills.grade import grade_hash
from drillyard.errors import GradingFailed
from drillyard.records import Budget, Drill, Estimate, Gate, Grade, Instance, Truth
from drillyard.stats import clopper_pearson
from drillyard.stats.shown import number, percent, reaches

__all__ = [
    "FAULT_SHARE",
    "TWIN_BOUND",
    "UNREADABLE",
    "clean_twin",
    "faults_present",
    "findable",
    "harmless",
    "monotone",
    "no_leak",
    "repeatable",
    "solvable",
    "solve_rate",
    "true_triggers",
    "within_budget",
    "wrong_fixes_fail",
]

FAULT_SHARE = 0.5
"""The lower bound of a failure's measured rate must reach this share of the planted rate."""
TWIN_BOUND = 0.1
"""The upper bound of the clean twin's rate on the same prompts must stay below this."""
UNREADABLE = 0.05
"""Most replies that may not be made of the world's sentences."""


def faults_present(rates: Mapping[str, Estimate], truth: Truth) -> Gate:
    """G1: every planted failure shows on fresh prompts, nearly as often as it was planted."""
    planted = {mode.id: mode.rate for mode in truth.failures}
    floors = {name: FAULT_SHARE * rate for name, rate in planted.items()}
    weak = [
        f"{n} at least {percent(r.low, floors[n])}, {percent(floors[n], floors[n])} needed"
        for n, r in rates.items()
        if r.low < floors[n]
    ]
    good = f"each lower bound reaches {FAULT_SHARE:.0%} of the planted rate"
    return _gate("G1", "faults present", not weak, good, f"too rare: {', '.join(weak)}", rates)


def clean_twin(rates: Mapping[str, Estimate]) -> Gate:
    """G2: on the same prompts the clean twin does not show them."""
    bad = [
        f"{name} at most {percent(rate.high, TWIN_BOUND)}" for name, rate in rates.items() if rate.high >= TWIN_BOUND
    ]
    good = f"each upper bound is below {TWIN_BOUND:.0%}"
    return _gate("G2", "clean twin is clean", not bad, good, f"the twin shows it: {', '.join(bad)}", rates)


def solvable(right: Mapping[str, Grade], mark: float) -> Gate:
    """G3: every right fix passes."""
    told = "; ".join(f"{name} scores {number(g.score, mark, 2)}: {g.verdict}" for name, g in right.items())
    passed = bool(right) and all(reaches(grade.score, mark) for grade in right.values())
    return _gate("G3", "solvable", passed, told, f"below the pass mark {mark:.2f}: {told or 'no right fix'}")


def wrong_fixes_fail(wrong: Mapping[str, Grade], mark: float) -> Gate:
    """G4: every wrong fix and every cheat stays below the pass mark."""
    scores = {name: number(grade.score, mark, 2) for name, grade in wrong.items()}
    passing = [f"{name} {scores[name]}" for name, grade in wrong.items() if reaches(grade.score, mark)]
    good = "scores, at most: " + ", ".join(f"{name} {score}" for name, score in scores.items())
    return _gate(
        "G4", "cheats fail", bool(wrong) and not passing, good, f"passes: {', '.join(passing) or 'none tried'}"
    )


def monotone(ladder: Sequence[float], spoiled: float) -> Gate:
    """G5: each right claim more raises the score, a wrong claim on top lowers it.

    Args:
        ladder: scores of the first 0, 1, 2 … right claims.
        spoiled: score of all right claims and one wrong claim.
    """
    rising = len(ladder) > 1 and all(low < high for low, high in zip(ladder, ladder[1:], strict=False))
    told = f"right claims one by one: {', '.join(f'{s:.2f}' for s in ladder)}; with a wrong one {spoiled:.2f}"
    return _gate("G5", "monotone", rising and spoiled < ladder[-1], told, told)


def repeatable(first: Grade, again: Grade | GradingFailed) -> Gate:
    """G6: grading the same submission again, in another process, gives the same grade."""
    if isinstance(again, GradingFailed):
        return _gate("G6", "repeatable", False, "", str(again))
    good = "graded here and in a process of its own, the reference submission gets the same grade"
    bad = f"graded twice, the reference submission scores {first.score:.4f} and {again.score:.4f}"
    return _gate("G6", "repeatable", grade_hash(first) == grade_hash(again), good, bad)


def no_leak(instance: Instance, drill: Drill, bundle: Mapping[str, str], truth: Truth) -> Gate:
    """G7: nothing of the sealed truth is in what the learner may read."""
    hunted = truth.failures if drill.hands_in == "claims" else ()  # else everybody sees at once what is wrong
    sealed = [text for mode in hunted for text in (mode.id, mode.title, mode.trigger.words)]
    sealed += [*(hint.text for hint in truth.hints), str(truth.seed), f"{truth.seed:x}"]
    shown = {"instance.json": instance.to_json(), "drill": drill.to_json(), **bundle}
    found = [f"{text!r} in {name}" for name, words in shown.items() for text in sealed if text in words]
    good = f"none of {len(sealed)} sealed texts is in {', '.join(shown)}"
    return _gate("G7", "no leak", not found, good, ", ".join(found))


def within_budget(again: Grade | GradingFailed, budget: Budget) -> Gate:
    """G8: a learner's grading, with its limits and in its own process, stays within the drill's budget."""
    if isinstance(again, GradingFailed):
        return _gate("G8", "budget", False, "", str(again))
    passed = again.seconds <= budget.seconds and again.peak_mb <= budget.memory_mb
    took, used = number(again.seconds, budget.seconds, 1), number(again.peak_mb, budget.memory_mb)
    told = f"{took} s of {budget.seconds:.0f}, {used} MiB of {budget.memory_mb}"
    return _gate("G8", "budget", passed, told, told)


def solve_rate(right: Mapping[str, Grade]) -> Gate:
    """G9: how many failures a script finds without help. Reported, not judged: it tells how hard the instance is."""
    rates = {
        name: clopper_pearson(sum(f.found for f in grade.failures), len(grade.failures))
        for name, grade in right.items()
    }
    told = ", ".join(f"{name} finds {round(rate.value * rate.n)} of {rate.n}" for name, rate in rates.items())
    return _gate("G9", "scripted solve rate", True, f"{told}; assistance is allowed in this drill", "", rates)


def harmless(unreadable: Estimate) -> Gate:
    """G11: replies are made of the world's sentences, which are harmless proxies by construction."""
    told = f"{round(unreadable.value * unreadable.n)} of {unreadable.n} replies are not made of the world's sentences"
    return _gate("G11", "harm hygiene", unreadable.value <= UNREADABLE, told, told, {"unreadable": unreadable})


def true_triggers(failing: Mapping[str, Estimate], elsewhere: Mapping[str, Estimate]) -> Gate:
    """G13: each failure shows more often where its trigger says than on near misses, intervals apart.

    Without it the truth would be wrong, and the grader would punish whoever describes what the model really does.
    """
    same = [
        f"{n} {r.value:.2f} here, {elsewhere[n].value:.2f} nearby"
        for n, r in failing.items()
        if r.low <= elsewhere[n].high
    ]
    good = "each failure's interval on its trigger lies above the one on near misses"
    return _gate("G13", "triggers are true", not same, good, f"not told apart: {', '.join(same)}", elsewhere)


def findable(truth: Truth, shown: Mapping[str, str]) -> Gate:
    """G14: what sets a failure off is in what the learner reads: its templates, and a word of each group of words."""
    text = "\n".join(shown.values())
    missing = {mode.id: parts for mode in truth.failures if (parts := hidden_parts(mode.trigger, text))}
    bad = "; ".join(f"{name} needs {', '.join(parts)}" for name, parts in missing.items())
    return _gate(
        "G14", "findable", not missing, f"all that triggers need is in {', '.join(shown)}", f"not shown: {bad}"
    )


def _gate(
    name: str, title: str, passed: bool, good: str, bad: str, estimates: Mapping[str, Estimate] | None = None
) -> Gate:
    return Gate(id=name, title=title, passed=passed, detail=good if passed else bad, estimates=dict(estimates or {}))
