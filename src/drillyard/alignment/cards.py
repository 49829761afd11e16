"""Cards of the techniques that ship with Drillyard."""

from __future__ import annotations

from drillyard.registry import Card

__all__ = ["ALIGNED", "IDENTITY", "SENTENCE_RAIL"]

ALIGNED = Card(
    name="aligned",
    goal="Opens what drillyard align made of a target: aligned/RUN/arms/dpo/0.1/1.",
    target="drillyard.alignment.aligned:open_aligned",
    cost="That of the target, and of the technique around it.",
    status="stable",
)

IDENTITY = Card(
    name="identity",
    goal="Change nothing: the control of every comparison.",
    target="drillyard.alignment.identity:Identity",
    references=("the null object: Woolf, Pattern Languages of Program Design 3, 1998",),
    cost="none",
    status="stable",
)

SENTENCE_RAIL = Card(
    name="sentence-rail",
    goal="Remove the sentences that only failing replies hold.",
    target="drillyard.alignment.sentence_rail:SentenceRailTechnique",
    failures=("pressure-selling", "invented-policy", "secret-disclosure", "harmful-compliance", "disparagement"),
    references=("NeMo Guardrails, output rails: https://docs.nvidia.com/nemo/guardrails",),
    cost="one query per failing transcript and template; microseconds per reply",
    status="stable",
)
