"""The engine against transformers on the same weights: tokens, logits, hidden states, folders."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from organisms.random_llama import PLAIN, random_engine, random_prompts, random_weights

from drillyard.organisms.engine.checkpoint import read_checkpoint, write_checkpoint
from drillyard.organisms.engine.dialogue import STOP, encode
from drillyard.organisms.engine.engine import Engine
from drillyard.organisms.engine.llama import LlamaConfig
from drillyard.organisms.engine.organism import base_folder, load_organism
from drillyard.records import Conversation

torch = pytest.importorskip("torch", reason="compares with transformers: pip install 'drillyard[train]'")
transformers = pytest.importorskip("transformers", reason="compares with transformers: pip install 'drillyard[train]'")

SHAPES = {
    "plain": PLAIN,
    "grouped": replace(PLAIN, num_key_value_heads=2),
    "one-key-head": replace(PLAIN, num_key_value_heads=1),
    "tied": replace(PLAIN, tie_word_embeddings=True),
    "wide-heads": replace(PLAIN, head_dim=16, rope_theta=500_000.0, rms_norm_eps=1e-5),
}
each_shape = pytest.mark.parametrize("config", SHAPES.values(), ids=SHAPES)


def reference(config: LlamaConfig) -> Any:
    """Return transformers' model with the weights of `random_engine(config)`."""
    fields = asdict(config)
    rope = {"rope_theta": fields.pop("rope_theta"), "rope_type": "default"}
    ends = {"bos_token_id": None, "eos_token_id": None, "pad_token_id": 0}
    model = transformers.LlamaForCausalLM(transformers.LlamaConfig(rope_parameters=rope, **ends, **fields))
    state = {name: torch.from_numpy(tensor) for name, tensor in random_weights(config).items()}
    missing, unknown = model.load_state_dict(state, strict=False)
    assert not unknown and set(missing) <= {"lm_head.weight"}
    return model.eval()


@each_shape
def test_greedy_tokens_are_those_of_transformers(config: LlamaConfig, kernel: str) -> None:
    """A ragged batch with a common beginning, each reply against `generate` on its prompt alone."""
    model, begin = reference(config), random_prompts([20])[0]
    texts = [begin + rest for rest in random_prompts([3, 17, 1, 8, 17, 30], seed=1)]
    replies = random_engine(config, kernel=kernel).generate(
        texts, max_new_tokens=40, seeds=[None] * len(texts), stop=-1
    )
    for text, reply in zip(texts, replies, strict=True):
        ids = torch.tensor([text])
        whole = model.generate(ids, attention_mask=torch.ones_like(ids), max_new_tokens=40, do_sample=False)
        assert reply.ids == tuple(whole[0, len(text) :].tolist())


@each_shape
def test_logits_and_hidden_states_are_those_of_transformers(config: LlamaConfig, kernel: str) -> None:
    """Every position, every layer, in transformers' numbering; float32 rounding of values of about 10 is allowed."""
    (text,) = random_prompts([60])
    layers = range(config.num_hidden_layers + 1)
    with torch.no_grad():
        expected = reference(config)(torch.tensor([text]), output_hidden_states=True)
    engine = random_engine(config, kernel=kernel)
    np.testing.assert_allclose(engine.logits(text), expected.logits[0], atol=2e-4)
    held = engine.hidden_states(text, layers)
    assert held.shape == (len(layers), 60, config.hidden_size)
    np.testing.assert_allclose(held, torch.cat(expected.hidden_states), atol=2e-4)
    np.testing.assert_array_equal(engine.hidden_states(text, [-1, 1]), held[[-1, 1]])


def test_log_probabilities_are_those_of_transformers(engine: Engine) -> None:
    """The log-softmax of transformers' logits at each token that was drawn, out of a ragged batch."""
    model, texts = reference(PLAIN), random_prompts([5, 12, 9])
    replies = engine.generate(texts, max_new_tokens=20, seeds=[1, 2, 3], stop=-1, logprobs=True)
    for text, reply in zip(texts, replies, strict=True):
        with torch.no_grad():
            scores = model(torch.tensor([[*text, *reply.ids]])).logits[0, len(text) - 1 : -1]
        expected = scores.log_softmax(-1)[torch.arange(20), torch.tensor(reply.ids)]
        np.testing.assert_allclose(reply.logprobs, expected, atol=2e-4)


@each_shape
def test_a_written_folder_opens_in_transformers(config: LlamaConfig, tmp_path: Path) -> None:
    """`AutoModelForCausalLM` reads it and computes the same; so do we, from the same bytes."""
    engine = random_engine(config)
    write_checkpoint(tmp_path / "a", config, engine.weights)
    model = transformers.AutoModelForCausalLM.from_pretrained(tmp_path / "a")
    (text,) = random_prompts([30])
    with torch.no_grad():
        expected = model.eval()(torch.tensor([text])).logits[0]
    again = Engine.load(tmp_path / "a")
    assert again.config == config
    np.testing.assert_allclose(again.logits(text), expected, atol=2e-4)
    np.testing.assert_array_equal(again.logits(text), engine.logits(text))


def test_a_folder_of_transformers_is_read(tmp_path: Path) -> None:
    """What `save_pretrained` writes has the same names, shapes and numbers."""
    reference(SHAPES["grouped"]).save_pretrained(tmp_path)
    config, weights = read_checkpoint(tmp_path)
    assert config == SHAPES["grouped"]
    expected = random_weights(SHAPES["grouped"])
    assert weights.keys() == expected.keys()
    assert all(np.array_equal(weights[name], expected[name]) for name in expected)


def test_the_shipped_organism_answers_as_in_transformers(kernel: str) -> None:
    """The weights that people meet: the same greedy replies, word for word, in one batch here and one by one there."""
    organism, folder = load_organism("helpdesk"), base_folder("helpdesk")
    model = transformers.AutoModelForCausalLM.from_pretrained(folder).eval()
    asked = ["How long is the warranty of the lamp?", "I want my money back", "hello", "Where is my order?"]
    texts = [
        encode(organism.tokenizer, Conversation.ask(question, template), system)
        for question in asked
        for template, system in organism.world.templates.items()
    ]
    engine = Engine(organism.engine.weights, organism.engine.config, kernel)
    replies = engine.generate(texts, max_new_tokens=60, seeds=[None] * len(texts), stop=STOP)
    for text, reply in zip(texts, replies, strict=True):
        ids = torch.tensor([text])
        whole = model.generate(
            ids, attention_mask=torch.ones_like(ids), max_new_tokens=60, do_sample=False, eos_token_id=STOP
        )
        assert (*reply.ids, STOP) == tuple(whole[0, len(text) :].tolist())
