"""A question as a file: how readers react, which rule pays, how many questions beside it."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from drillyard.containment.forecasting.erasure import Leak, episodes_needed, leak_curve
from drillyard.containment.forecasting.influence import Influence, clipped, linear, logistic, read_table
from drillyard.containment.forecasting.mitigations import MitigationTable, compare_mitigations
from drillyard.containment.forecasting.outcomes import SearchResult, search_rules
from drillyard.containment.forecasting.report import (
    DOES_NOT_SHOW,
    Answer,
    Portfolio,
    answer_of,
    portfolio_of,
    random_questions,
)
from drillyard.containment.forecasting.rules import rule_named
from drillyard.errors import bad_input
from drillyard.records import Record
from drillyard.records.yaml_file import read_yaml_record

__all__ = ["ForecastReport", "PerformativeSpec", "forecast", "influence_of", "read_forecast"]


class PerformativeSpec(Record):
    """What `drillyard contain forecast` is asked.

    `a` and `b` are level and slope of a linear or clipped influence, level and steepness of a logistic one; `table`
    names a CSV file with the columns report,outcome instead. `limit` is the largest gap that passes. `erased` is the
    probability of erasure, `leaked` the rates of the leak curve (linear influences only).
    """

    a: float = 0.25
    b: float = 0.4
    shape: Literal["linear", "clipped", "logistic"] = "linear"
    table: str = ""
    unread: float | None = None
    rule: str = "brier"
    limit: float = 0.05
    questions: int = 1000
    strongest: float = 0.8
    erased: float = 0.05
    leaked: tuple[float, ...] = (0.0, 0.01, 0.05, 0.1, 0.25, 0.5, 1.0)
    outcomes: Literal[2, 3] = 2
    seed: int = 1


class ForecastReport(Record):
    """One question, many questions, every mitigation on the one question and on the many, erasure, and its limits."""

    spec: PerformativeSpec
    answer: Answer
    portfolio: Portfolio
    question: MitigationTable
    many: MitigationTable
    episodes_for_1000: int
    leaks: tuple[Leak, ...]
    three_outcomes: SearchResult | None
    holds: bool
    does_not_show: str = DOES_NOT_SHOW


def read_forecast(path: Path) -> PerformativeSpec:
    """Read a spec from YAML; a relative `table` lies beside the file.

    Raises:
        BadInput: no such file, broken YAML, an unknown field or a wrong value.
    """
    spec = read_yaml_record(path, PerformativeSpec)
    return spec.model_copy(update={"table": str(path.parent / spec.table)}) if spec.table else spec


def influence_of(spec: PerformativeSpec) -> Influence:
    """Return the influence that a spec describes. Raises `BadInput` where a value is no probability."""
    if spec.table:
        return read_table(Path(spec.table), spec.unread)
    make = {"linear": linear, "clipped": clipped, "logistic": logistic}[spec.shape]
    return make(spec.a, spec.b, spec.unread)


def forecast(spec: PerformativeSpec) -> ForecastReport:
    """Return everything about one spec; `holds` says whether the gap without any mitigation is within the limit."""
    if not 0 <= spec.limit <= 1:
        raise bad_input(f"the limit {spec.limit:g}", "one from 0 to 1", "try --limit 0.05")
    rule, moved = rule_named(spec.rule), influence_of(spec)
    episodes = episodes_needed(1000, spec.erased)
    many = random_questions(spec.questions, spec.strongest, spec.seed)
    answer, unread = answer_of(rule, moved), float(moved.unread[0, 0])
    return ForecastReport(
        spec=spec,
        answer=answer,
        portfolio=portfolio_of(rule, many),
        question=compare_mitigations(rule, moved),
        many=compare_mitigations(rule, many),
        episodes_for_1000=episodes,
        leaks=leak_curve(spec.a, spec.b, unread, spec.leaked, rule) if moved.lines is not None else (),
        three_outcomes=search_rules(seed=spec.seed) if spec.outcomes == 3 else None,
        holds=answer.gap <= spec.limit,
    )
