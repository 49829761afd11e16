"""A model in another basis answers alike, and what was learned inside one means nothing inside the other."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from organisms.random_llama import PLAIN, random_prompts, random_weights

from drillyard.organisms.engine.adapter import Factors, merge_adapter, write_adapter
from drillyard.organisms.engine.basis import draw_basis, turn_adapter, turn_organism
from drillyard.organisms.engine.engine import Engine
from drillyard.organisms.engine.organism import Organism, load_organism

CHANGED = ("model.layers.1.self_attn.q_proj.weight", "model.layers.0.self_attn.o_proj.weight",
           "model.layers.2.mlp.down_proj.weight", "model.embed_tokens.weight")  # fmt: skip


def organism_of(weights: dict[str, np.ndarray]) -> Organism:
    """Return an organism on these weights; only its engine is looked at."""
    plain = load_organism("helpdesk")
    return Organism(
        world=plain.world, engine=Engine(weights, PLAIN), tokenizer=plain.tokenizer, failures=(), model_hash=""
    )


@settings(max_examples=8)
@given(seed=st.integers(0, 2**62))
def test_the_function_stays(seed: int) -> None:
    """Log-probabilities of any continuation are those of the original, to rounding."""
    plain = organism_of(random_weights(PLAIN))
    turned = turn_organism(plain, draw_basis(PLAIN.hidden_size, seed))
    prompts, replies = random_prompts([7, 3], seed=1), random_prompts([5, 9], seed=2)
    assert np.allclose(
        plain.engine.score(prompts, replies), turned.engine.score(prompts, replies), rtol=1e-3, atol=1e-2
    )
    assert turned.model_hash != plain.model_hash


def test_hidden_states_are_turned() -> None:
    """The states are the original's in another order, signs and all: directions do not carry over."""
    basis = draw_basis(PLAIN.hidden_size, 4)
    plain = organism_of(random_weights(PLAIN))
    (ids,) = random_prompts([9])
    before, after = (one.engine.hidden_states(ids, [2])[0] for one in (plain, turn_organism(plain, basis)))
    assert np.allclose(basis.columns(before), after, atol=1e-3) and not np.allclose(before, after, atol=0.1)


def test_an_adapter_is_turned_with_its_model(tmp_path: Path) -> None:
    """Merging and turning commute, for what reads from the stream, what writes into it and the embedding."""
    rng, weights = np.random.default_rng(1), random_weights(PLAIN)
    factors = {
        name: Factors(
            down=rng.normal(size=(2, weights[name].shape[1])).astype(np.float32),
            up=rng.normal(size=(weights[name].shape[0], 2)).astype(np.float32),
        )
        for name in CHANGED
    }
    write_adapter(tmp_path / "plain", factors, "base")
    basis = draw_basis(PLAIN.hidden_size, 9)
    turn_adapter(tmp_path / "plain", tmp_path / "turned", basis)
    first = turn_organism(organism_of(merge_adapter(weights, tmp_path / "plain")), basis).engine.weights
    turned = turn_organism(organism_of(weights), basis).engine.weights
    then = merge_adapter(turned, tmp_path / "turned")
    assert all(np.allclose(first[name], then[name], atol=1e-4) for name in weights)
    assert any(
        not np.allclose(first[name], merge_adapter(turned, tmp_path / "plain")[name], atol=0.1) for name in CHANGED
    )


@pytest.mark.parametrize("seed", [1, 2])
def test_a_basis_is_a_signed_permutation(seed: int) -> None:
    """Each direction once, half of them turned round or so; the same seed gives the same basis."""
    basis, again = draw_basis(128, seed), draw_basis(128, seed)
    assert sorted(basis.order) == list(range(128)) and set(basis.signs) == {-1.0, 1.0}
    assert (basis.order == again.order).all() and (basis.signs == again.signs).all()
