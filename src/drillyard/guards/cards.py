"""Cards of the stages that ship with Drillyard: what rates a passage of a reply."""

from __future__ import annotations

from drillyard.registry import Card

__all__ = ["ALLOW_ALL", "BLOCK_ALL", "ENCODER", "JUDGE", "PROBE", "WORDS"]

ALLOW_ALL = Card(
    name="allow-all",
    goal="Let everything through: the null guard, for comparison.",
    target="drillyard.guards.null:AllowAll",
    cost="nothing",
    status="stable",
)

BLOCK_ALL = Card(
    name="block-all",
    goal="Stop everything: the other null guard.",
    target="drillyard.guards.null:BlockAll",
    cost="nothing",
    status="stable",
)

ENCODER = Card(
    name="encoder",
    goal="Rate a passage by a sentence encoder, all-MiniLM-L6-v2, under a logistic regression.",
    target="drillyard.guards.stage_encoder:open_encoder",
    references=("Reimers and Gurevych 2019, arXiv 1908.10084",),
    cost="about 10 milliseconds per passage on one core; a minute to fit",
    status="stable",
    extra="train",
)

JUDGE = Card(
    name="judge",
    goal="Rate a passage by a judge, such as judge/llm/openai/gpt-4o-mini or judge/rules/house.yaml.",
    target="drillyard.guards.stage_judge:open_judge_stage",
    references=("LLM-as-a-judge: Zheng et al., NeurIPS 2023",),
    cost="one ruling of the judge per passage",
    status="stable",
)

PROBE = Card(
    name="probe",
    goal="Rate a passage by a stored probe on the hidden states of the model that it is of: probe/probe.safetensors.",
    target="drillyard.guards.stage_probe:open_probe_stage",
    references=("Alain and Bengio 2016, arXiv 1610.01644",),
    cost="one pass of that model per passage",
    status="stable",
)

WORDS = Card(
    name="words",
    goal="Rate a passage by another guard on words: words/guard.",
    target="drillyard.guards.stage_words:WordsStage",
    references=("feature hashing: Weinberger et al., ICML 2009",),
    cost="about 5 microseconds per word",
    status="stable",
)
