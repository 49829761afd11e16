"""Cards of the drills that ship with Drillyard."""

from __future__ import annotations

from drillyard.registry import Card

__all__ = ["CONTAIN_THE_ORACLE", "FAILURE_HUNT", "TOO_PERMISSIVE"]

CONTAIN_THE_ORACLE = Card(
    name="contain-the-oracle",
    goal="Write the gateway policy for a forecaster that cheats: little leaks, nothing is moved, most value is kept.",
    target="drillyard.programs.drills.contain_the_oracle.kit:ContainTheOracle",
    references=("Armstrong and O'Rorke 2017, arXiv 1711.05541", "Bostrom, Superintelligence (2014), ch. 9 and 10"),
    cost="one processor core for seconds per grading; no accelerator",
    status="stable",
)

FAILURE_HUNT = Card(
    name="failure-hunt",
    goal="Find the planted failures of a customer-service model before it is deployed.",
    target="drillyard.programs.drills.failure_hunt.kit:FailureHunt",
    failures=(
        "pressure-selling",
        "invented-policy",
        "secret-disclosure",
        "over-refusal",
        "wrong-fact",
        "blocked-exit",
        "harmful-compliance",
        "disparagement",
        "undisclosed-extra",
        "data-disclosure",
        "unequal-offer",
        "sycophancy",
        "unsafe-advice",
        "evaluation-gaming",
    ),
    references=("NIST AI RMF, MEASURE 2", "AuditBench: https://arxiv.org/abs/2602.22755"),
    cost="one processor core for seconds per grading; no accelerator",
    status="stable",
)

TOO_PERMISSIVE = Card(
    name="too-permissive-too-censored",
    goal="Repair a model that helps or refuses too much by two techniques, and choose an operating point.",
    target="drillyard.programs.drills.too_permissive_too_censored.kit:TooPermissive",
    failures=("harmful-compliance", "over-refusal"),
    references=("NIST AI RMF, MANAGE 2", "XSTest: Röttger et al. 2024, arXiv 2308.01263"),
    cost="one processor core for half a minute per grading; no accelerator",
    status="stable",
)
