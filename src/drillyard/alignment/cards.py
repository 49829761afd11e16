"""Cards of the techniques that ship with Drillyard."""

from __future__ import annotations

from drillyard.registry import Card

__all__ = ["ALIGNED", "DPO", "GRPO", "IDENTITY", "KTO", "ORPO", "PROMPT", "RAILS", "RLHF", "SENTENCE_RAIL", "SFT"]

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

SFT = Card(
    name="sft",
    goal="Teach the wanted replies by heart: supervised fine-tuning of an adapter.",
    target="drillyard.alignment.training.sft_torch:Sft",
    failures=("harmful-compliance", "over-refusal", "pressure-selling", "invented-policy", "wrong-fact"),
    references=("InstructGPT: arXiv 2203.02155", "LoRA: arXiv 2106.09685"),
    cost="one forward and backward pass per chosen reply; half a minute for a small organism",
    status="stable",
    extra="train",
    needs_weights=True,
)

DPO = Card(
    name="dpo",
    goal="Make wanted replies more probable than unwanted ones, without a reward model.",
    target="drillyard.alignment.training.dpo_torch:Dpo",
    failures=("harmful-compliance", "over-refusal", "pressure-selling", "invented-policy", "wrong-fact"),
    references=("DPO: arXiv 2305.18290", "with the next-token loss of arXiv 2404.19733", "LoRA: arXiv 2106.09685"),
    cost="both replies of a pair through the model and through its start; a minute for a small organism",
    status="stable",
    extra="train",
    needs_weights=True,
)

KTO = Card(
    name="kto",
    goal="Learn from single replies that are wanted or not, by gains and losses.",
    target="drillyard.alignment.training.kto_torch:Kto",
    failures=("harmful-compliance", "over-refusal", "pressure-selling", "invented-policy", "wrong-fact"),
    references=("KTO: arXiv 2402.01306", "LoRA: arXiv 2106.09685"),
    cost="each reply and one for reference through the model and through its start; a minute for a small organism",
    status="stable",
    extra="train",
    needs_weights=True,
)

ORPO = Card(
    name="orpo",
    goal="Learn wanted replies by heart while the odds of unwanted ones count against it.",
    target="drillyard.alignment.training.orpo_torch:Orpo",
    failures=("harmful-compliance", "over-refusal", "pressure-selling", "invented-policy", "wrong-fact"),
    references=("ORPO: arXiv 2403.07691", "LoRA: arXiv 2106.09685"),
    cost="both replies of a pair through the model, no model of reference; a minute for a small organism",
    status="experimental",
    extra="train",
    needs_weights=True,
)

GRPO = Card(
    name="grpo",
    goal="Strengthen the model's own replies that agree with the lesson more than their company does.",
    target="drillyard.alignment.training.grpo_torch:Grpo",
    failures=("harmful-compliance", "over-refusal", "pressure-selling", "invented-policy"),
    references=("GRPO: arXiv 2402.03300", "over-optimisation: arXiv 2210.10760", "LoRA: arXiv 2106.09685"),
    cost="64 sampled replies per step; minutes for a small organism",
    status="stable",
    extra="train",
    needs_weights=True,
)

RLHF = Card(
    name="rlhf",
    goal="Train a reward model on preferences, then the model against it, with a price on named behaviours.",
    target="drillyard.alignment.training.rlhf_torch:Rlhf",
    failures=("harmful-compliance", "over-refusal", "pressure-selling", "blocked-exit", "undisclosed-extra"),
    references=(
        "human preferences: arXiv 1706.03741",
        "InstructGPT: arXiv 2203.02155",
        "GRPO: arXiv 2402.03300",
        "over-optimisation: arXiv 2210.10760",
    ),
    cost="a reward model, then 64 sampled and scored replies per step; minutes for a small organism",
    status="stable",
    extra="train",
    needs_weights=True,
)
