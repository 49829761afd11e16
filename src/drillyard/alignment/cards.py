"""Cards of the techniques that ship with Drillyard."""

from __future__ import annotations

from drillyard.registry import Card

__all__ = ["ALIGNED", "IDENTITY", "PROMPT", "RAILS", "SENTENCE_RAIL"]

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

RAILS = Card(
    name="rails",
    goal="Check each request and reply with a small classifier; writes a folder that NeMo Guardrails runs as it is.",
    target="drillyard.alignment.around.rails:Rails",
    failures=("harmful-compliance", "pressure-selling", "invented-policy", "secret-disclosure", "disparagement"),
    references=(
        "NeMo Guardrails: Rebedea et al. 2023, arXiv 2310.10501",
        "feature hashing: Weinberger et al. 2009, arXiv 0902.2206",
    ),
    cost="seconds to fit on a CPU; under a millisecond per message, some 15 ms where NeMo itself is asked",
    status="stable",
    extra="rails",
)

PROMPT = Card(
    name="prompt",
    goal="Put the policy in words in front of every conversation, as a system message.",
    target="drillyard.alignment.around.prompt:Prompt",
    failures=("harmful-compliance", "over-refusal"),
    references=("principles in words: Bai et al. 2022, Constitutional AI, arXiv 2212.08073",),
    cost="no training; its tokens are read with every message",
    status="stable",
)
