"""Cards of the techniques that ship with Drillyard."""

from __future__ import annotations

from drillyard.registry import Card

__all__ = [
    "ALIGNED",
    "CONDITIONAL_STEER",
    "DPO",
    "GRPO",
    "GUARD",
    "IDENTITY",
    "KTO",
    "LEACE",
    "ORPO",
    "PROMPT",
    "RAILS",
    "REFUSAL_DIRECTION",
    "RLHF",
    "SENTENCE_RAIL",
    "SFT",
    "STEER",
]

ALIGNED = Card(
    name="aligned",
    goal="Opens what drillyard align made of a target: aligned/RUN/arms/dpo/0.1/1.",
    target="drillyard.alignment.aligned:open_aligned",
    cost="That of the target, and of the technique around it.",
    status="stable",
    options={"received": False, "max_new_tokens": None},
)

CONDITIONAL_STEER = Card(
    name="conditional-steer",
    goal="Add a vector to hidden states, only where a probe says that the model is about to err.",
    target="drillyard.alignment.inside.conditional_steer:ConditionalSteer",
    failures=("harmful-compliance", "over-refusal"),
    references=(
        "Lee et al. 2024, CAST, arXiv 2409.05907",
        "Elhage et al. 2021, direct logit attribution, https://transformer-circuits.pub/2021/framework",
    ),
    cost="three readings of at most 600 pairs and some thousand scored replies; one vector per token and a probe",
    status="stable",
    needs_weights=True,
)

GUARD = Card(
    name="guard",
    goal="Score each reply word by word, and block at most a promised share of sound ones.",
    target="drillyard.alignment.around.guard:GuardTechnique",
    failures=("harmful-compliance", "pressure-selling", "secret-disclosure", "disparagement", "blocked-exit"),
    references=(
        "split conformal prediction: Angelopoulos and Bates 2021, arXiv 2107.07511",
        "feature hashing: Weinberger et al. 2009, arXiv 0902.2206",
    ),
    cost="seconds to fit on a CPU; microseconds per word at use",
    extra="guards",
)

IDENTITY = Card(
    name="identity",
    goal="Change nothing: the control of every comparison.",
    target="drillyard.alignment.identity:Identity",
    references=("the null object: Woolf, Pattern Languages of Program Design 3, 1998",),
    cost="none",
    status="stable",
)

LEACE = Card(
    name="leace",
    goal="Erase from hidden states what tells the requests that a model gets wrong from the others.",
    target="drillyard.alignment.inside.erasure:Leace",
    failures=("harmful-compliance", "over-refusal"),
    references=("Belrose et al. 2023, LEACE, arXiv 2306.03819",),
    cost="three readings of at most 600 pairs and some thousand scored replies; at use one vector per token",
    needs_weights=True,
)

REFUSAL_DIRECTION = Card(
    name="refusal-direction",
    goal="Add the direction of refusal to hidden states, or take it out of them.",
    target="drillyard.alignment.inside.refusal_direction:RefusalDirection",
    failures=("harmful-compliance", "over-refusal"),
    references=("Arditi et al. 2024, arXiv 2406.11717",),
    cost="three readings of at most 600 pairs and some thousand scored replies; at use one vector per token",
    status="stable",
    needs_weights=True,
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

STEER = Card(
    name="steer",
    goal="Add the mean difference between wanted and unwanted replies to every hidden state of a layer.",
    target="drillyard.alignment.inside.steer:Steer",
    failures=("harmful-compliance", "over-refusal"),
    references=("Rimsky et al. 2023, contrastive activation addition, arXiv 2312.06681",),
    cost="three readings of at most 600 pairs and some thousand scored replies; at use one vector per token",
    status="stable",
    needs_weights=True,
)
