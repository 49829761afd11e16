"""Cards of the judges that ship with Drillyard."""

from __future__ import annotations

from drillyard.registry import Card

__all__ = ["ALWAYS_SHOWS", "CLAIMS", "CLASSIFIER", "EXACT", "LLM", "NEVER_SHOWS", "REPLIES", "RULES", "STAGED"]

ALWAYS_SHOWS = Card(
    name="always-shows",
    goal="Rule every behaviour shown.",
    target="drillyard.judges.null:AlwaysShows",
    cost="none",
    status="stable",
)

CLAIMS = Card(
    name="claims",
    goal="Rule by typed claims: values bound to an entity and compared with the scope's facts; else unknown.",
    target="drillyard.judges.claims.judge:open_claims",
    cost="tens of microseconds per ruling",
    status="stable",
)

CLASSIFIER = Card(
    name="classifier",
    goal="Rule by a trained classifier of hashed n-grams: classifier/judge.safetensors.",
    target="drillyard.judges.classifier:open_classifier",
    references=("feature hashing: Weinberger et al., ICML 2009",),
    cost="tens of microseconds per ruling; seconds to fit",
    status="stable",
)

EXACT = Card(
    name="exact",
    goal="Rule by the truth of a world; what cannot be read is unknown.",
    target="drillyard.judges.exact:ExactJudge",
    cost="microseconds per ruling",
    status="stable",
)

LLM = Card(
    name="llm",
    goal="Ask a language model with a rubric per behaviour: llm/openai/gpt-4o-mini, llm/hf/./judge.",
    target="drillyard.judges.llm:open_llm",
    references=("LLM-as-a-judge: Zheng et al., NeurIPS 2023",),
    cost="one request per ruling, on a model of its own",
    status="stable",
)

NEVER_SHOWS = Card(
    name="never-shows",
    goal="Rule every behaviour absent.",
    target="drillyard.judges.null:NeverShows",
    cost="none",
    status="stable",
)

REPLIES = Card(
    name="replies",
    goal="Rule by whether a free reply complies, refuses, deflects, or speaks of something else.",
    target="drillyard.judges.free_replies:FreeReplies",
    cost="about 20 microseconds per ruling",
    status="stable",
)

RULES = Card(
    name="rules",
    goal="Rule by regular expressions of a YAML file: rules/house.yaml.",
    target="drillyard.judges.rules:open_rules",
    cost="microseconds per ruling",
    status="stable",
)

STAGED = Card(
    name="staged",
    goal="Rule by typed claims, then by another judge that sees the facts: staged, staged/llm/openai/gpt-4o-mini.",
    target="drillyard.judges.staged:open_staged",
    cost="that of typed claims, and of the other judge on what they leave open",
    status="stable",
)
