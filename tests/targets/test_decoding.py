"""A cache of a fixed size says what one that grows says; the recorded step is checked by benchmarks/gpu.py on a GPU."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="needs torch: pip install 'drillyard[train]'")
transformers = pytest.importorskip("transformers", reason="needs transformers: pip install 'drillyard[train]'")

PROMPTS = [[5, 9, 31], [7, 7, 2, 40, 41, 6], [11]]


@pytest.fixture(scope="module")
def model() -> Any:
    """Return a small model with random weights."""
    torch.manual_seed(3)
    config = transformers.LlamaConfig(
        vocab_size=96,
        hidden_size=48,
        intermediate_size=80,
        num_hidden_layers=3,
        num_attention_heads=6,
        num_key_value_heads=3,
        max_position_embeddings=256,
        initializer_range=0.4,
        pad_token_id=0,
    )
    return transformers.LlamaForCausalLM(config).eval()


def padded(prompts: list[list[int]]) -> tuple[Any, Any]:
    """Return ids and mask, padded on the left."""
    longest = max(map(len, prompts))
    ids = [[0] * (longest - len(one)) + one for one in prompts]
    mask = [[0] * (longest - len(one)) + [1] * len(one) for one in prompts]
    return torch.tensor(ids), torch.tensor(mask)


@torch.inference_mode()  # type: ignore[untyped-decorator]  # torch is Any where it may be missing
def told(decoder: Any, prompts: list[list[int]], steps: int = 12) -> tuple[Any, Any]:
    """Return tokens and logits of a greedy walk."""
    logits = decoder.begin(*padded(prompts))
    tokens, seen = [], []
    for _ in range(steps):
        seen.append(logits.clone())
        tokens.append(logits.argmax(-1))
        logits = decoder.step(tokens[-1])
    return torch.stack(tokens, 1).tolist(), torch.stack(seen)


def test_fixed_and_growing_say_the_same(model: Any) -> None:
    """Same tokens, logits to rounding; and as a row alone, which has no padding."""
    from drillyard.targets.decoding_torch import Fixed, Growing

    tokens, logits = told(Growing(model), PROMPTS)
    same, close = told(Fixed(model, 3, 20), PROMPTS)
    alone, _ = told(Growing(model), [PROMPTS[0]])
    assert tokens == same and alone[0] == tokens[0]
    assert torch.allclose(logits, close, atol=1e-4)


def test_a_fixed_cache_serves_a_second_batch(model: Any) -> None:
    """What the first batch left is gone: the second one says what it says to a fresh cache."""
    from drillyard.targets.decoding_torch import Fixed, Growing

    decoder = Fixed(model, 3, 64)
    told(decoder, [[50 + i for i in range(30)]] * 3)
    assert told(decoder, PROMPTS)[0] == told(Growing(model), PROMPTS)[0]
    assert decoder.fits(model, 3, 60) and decoder.fits(model, 3, 64)
    assert not decoder.fits(model, 2, 60) and not decoder.fits(model, 3, 65) and not decoder.fits(object(), 3, 60)


@pytest.mark.parametrize(
    ("change", "holds"),
    [
        ({}, True),
        ({"layer_types": ["full_attention", "sliding_attention"]}, False),
        ({"sliding_window": 128}, False),
        ({"rope_parameters": {"rope_type": "dynamic"}}, False),
        ({"_attn_implementation": "eager"}, False),
    ],
)
def test_only_plain_models_on_a_gpu_are_fixed(model: Any, change: dict[str, object], holds: bool) -> None:
    """Sliding layers, scaling that looks at positions and other attention keep the cache that grows."""
    from drillyard.targets.decoding_torch import can_be_fixed

    config = SimpleNamespace(**{"_attn_implementation": "sdpa", **change})
    seen = SimpleNamespace(
        config=SimpleNamespace(get_text_config=lambda decoder: config),
        device=SimpleNamespace(type="cuda"),
        modules=model.modules,
    )
    assert can_be_fixed(seen) is holds
    assert not can_be_fixed(model), "on a processor nothing is gained"
    with model.lm_head.register_forward_hook(lambda *_: None):
        assert not can_be_fixed(seen), "a recording knows nothing of hooks"
