"""From verdicts to a report: shares and means with intervals; what is unknown is bounded both ways, never dropped."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from drillyard.records import (
    BehaviourAbsent,
    Benchmark,
    BenchReport,
    BenchVerdict,
    Criterion,
    CriterionReport,
    Estimate,
    ModelLabel,
    ModelScore,
    TextCheck,
)
from drillyard.stats import bounded_mean, clopper_pearson

__all__ = ["report"]


def report(
    bench: Benchmark, verdicts: Sequence[BenchVerdict], *, target: str, grader: str, queries: int, grader_queries: int
) -> BenchReport:
    """Return the report of a run."""
    by_name: dict[str, list[BenchVerdict]] = {criterion.name: [] for criterion in bench.criteria}
    by_case: dict[str, list[BenchVerdict]] = {case.id: [] for case in bench.cases}
    for verdict in verdicts:
        by_name[verdict.criterion].append(verdict)
        by_case[verdict.case].append(verdict)
    return BenchReport(
        benchmark=bench.id,
        target=target,
        grader=grader,
        cases=len(bench.cases),
        queries=queries,
        grader_queries=grader_queries,
        accuracy=_share(Counter(map(_whole, by_case.values()))),
        criteria=tuple(_criterion(criterion, by_name[criterion.name]) for criterion in bench.criteria),
        notes=bench.notes,
    )


def _whole(verdicts: Sequence[BenchVerdict]) -> str:
    """Return what several criteria say of one case: failed when one fails, passed when all that can pass do."""
    said = {verdict.verdict for verdict in verdicts} - {"counted"}
    return next((word for word in ("failed", "unknown", "passed") if word in said), "counted")


def _share(counts: Counter[str]) -> Estimate | None:
    """Return the share that passed. Unknown ones count as failed in value and low, as passed in high."""
    passed, failed, unknown = counts["passed"], counts["failed"], counts["unknown"]
    if not passed + failed:
        return None if counts["counted"] else clopper_pearson(0, 0)
    return _bounded(passed, unknown, passed + failed + unknown)


def _bounded(k: int, unknown: int, n: int) -> Estimate:
    least = clopper_pearson(k, n)
    if not unknown:
        return least
    most = clopper_pearson(k + unknown, n)
    return least.model_copy(update={"high": most.high, "method": f"{least.method}, {unknown} unknown"})


def _criterion(criterion: Criterion, verdicts: Sequence[BenchVerdict]) -> CriterionReport:
    unknown = sum(verdict.verdict == "unknown" for verdict in verdicts)
    labels = Counter(verdict.label for verdict in verdicts if verdict.label)
    known = criterion.labels if isinstance(criterion, ModelLabel) else ()
    return CriterionReport(
        criterion=criterion.name,
        kind=criterion.kind,
        passed=_share(Counter(verdict.verdict for verdict in verdicts)),
        score=_mean(criterion, verdicts),
        labels={label: _bounded(labels[label], unknown, len(verdicts)) for label in known},
        unknown=unknown,
    )


def _mean(criterion: Criterion, verdicts: Sequence[BenchVerdict]) -> Estimate | None:
    """Return the mean score; unknown ones count as the lowest score in the low end and as the highest in the high."""
    if isinstance(criterion, TextCheck | BehaviourAbsent) or not verdicts:
        return None  # its mean is the share that passed
    low, high = 0.0, 1.0
    if isinstance(criterion, ModelScore):
        low, high = criterion.low, criterion.high
    elif isinstance(criterion, ModelLabel):
        if not criterion.scores:
            return None
        low, high = min(criterion.scores.values()), max(criterion.scores.values())
    scores = [verdict.score for verdict in verdicts if verdict.score is not None]
    return bounded_mean(scores, low, high, unknown=len(verdicts) - len(scores))
