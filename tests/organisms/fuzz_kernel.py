"""Run by test_kernel.py in its own process, the kernel built under sanitizers: shapes at random, both engines."""

from __future__ import annotations

import random
import sys

import numpy as np
from organisms.random_llama import random_engine, random_prompts

from drillyard.errors import BadInput
from drillyard.organisms.engine.kernel import library
from drillyard.organisms.engine.llama import LlamaConfig

SANITIZED = (*library.FLAGS, "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")


def shape(rng: random.Random) -> dict[str, int]:
    """Return the sizes of a small model; one in eight is none."""
    keys = rng.choice([1, 2, 3])
    sizes = {
        "vocab_size": rng.randint(2, 150),
        "hidden_size": rng.randint(1, 80),
        "intermediate_size": rng.randint(1, 90),
        "num_hidden_layers": rng.randint(1, 3),
        "num_attention_heads": keys * rng.randint(1, 3),
        "num_key_value_heads": keys,
        "head_dim": 2 * rng.randint(1, 20),
        "max_position_embeddings": 64,
    }
    if rng.random() < 0.125:
        sizes[rng.choice(sorted(sizes))] = rng.choice([0, -1, 2**63, 2**40])
    return sizes


def main(count: int) -> None:
    """Compare the engines on `count` shapes; print how many were run and how many were refused."""
    library.FLAGS = SANITIZED
    assert library.load_library() is not None
    rng, run, refused = random.Random(7), 0, 0
    for number in range(count):
        try:
            config = LlamaConfig(**shape(rng), tie_word_embeddings=rng.random() < 0.5)
        except BadInput:
            refused += 1
            continue
        prompts = random_prompts([rng.randint(1, 20) for _ in range(rng.randint(1, 9))], config, number)
        fast, slow = (random_engine(config, number, kernel=kind) for kind in ("compiled", "numpy"))
        wanted = {"seeds": [None] * len(prompts), "max_new_tokens": 6, "stop": 0}
        ours, theirs = (engine.generate(prompts, **wanted, logprobs=True) for engine in (fast, slow))
        for one, other in zip(ours, theirs, strict=True):
            shared = min(len(one.logprobs), len(other.logprobs), 1)  # ties may part later tokens
            np.testing.assert_allclose(one.logprobs[:shared], other.logprobs[:shared], rtol=2e-3, atol=2e-3)
        run += 1
    print(run, refused)


if __name__ == "__main__":
    main(int(sys.argv[1]))
