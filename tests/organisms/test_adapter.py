"""Adapters: what we write opens with peft and means the same, what peft writes we merge to the same logits."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from organisms.random_llama import PLAIN, random_prompts, random_weights

from drillyard.errors import BadInput
from drillyard.organisms.engine.adapter import Factors, adapter_base, is_adapter, low_rank, merge_adapter, write_adapter
from drillyard.organisms.engine.checkpoint import write_checkpoint
from drillyard.organisms.engine.engine import Engine
from drillyard.organisms.engine.llama import Floats
from drillyard.organisms.engine.organism import OrganismFile, load_organism, save, with_adapter
from drillyard.organisms.engine.organism import load_base as base_organism

# peft reads a property of transformers that is about to be renamed.
pytestmark = pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing` is deprecated:FutureWarning")

WEIGHTS = random_weights(PLAIN)
RANK = 3
CHANGED = ("model.layers.0.self_attn.q_proj.weight", "model.layers.2.mlp.down_proj.weight", "lm_head.weight")


def factors(names: tuple[str, ...] = CHANGED) -> dict[str, Factors]:
    """Return random factors, large enough to change what the model says."""
    rng = np.random.default_rng(7)
    made = {}
    for name in names:
        out, into = WEIGHTS[name].shape
        down, up = rng.normal(0, 0.4, (RANK, into)), rng.normal(0, 0.4, (out, RANK))
        made[name] = Factors(down.astype(np.float32), up.astype(np.float32))
    return made


def settings(folder: Path, **fields: Any) -> None:
    """Rewrite fields of adapter_config.json."""
    path = folder / "adapter_config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **fields}))


def test_merging_adds_the_product_of_the_factors(tmp_path: Path) -> None:
    """By definition: W + s · B · A where an adapter is, and nothing else changes; s grows with alpha."""
    write_adapter(tmp_path, factors(), "some/base")
    assert is_adapter(tmp_path) and adapter_base(tmp_path) == "some/base"
    merged = merge_adapter(WEIGHTS, tmp_path)
    for name, tensor in WEIGHTS.items():
        change = factors()[name].up @ factors()[name].down if name in CHANGED else 0
        assert np.allclose(merged[name], tensor + change, atol=1e-5)
    settings(tmp_path, lora_alpha=2 * RANK)
    twice = merge_adapter(WEIGHTS, tmp_path)
    assert np.allclose(twice["lm_head.weight"] + WEIGHTS["lm_head.weight"], 2 * merged["lm_head.weight"], atol=1e-4)
    settings(tmp_path, lora_alpha=RANK**0.5, use_rslora=True)
    stabilised = merge_adapter(WEIGHTS, tmp_path)
    assert np.allclose(stabilised["lm_head.weight"], merged["lm_head.weight"], atol=1e-5)


def test_the_same_factors_give_the_same_bytes(tmp_path: Path) -> None:
    """Written twice; half precision takes half the room and stays close."""
    for name, half in (("a", False), ("b", False), ("half", True)):
        write_adapter(tmp_path / name, factors(), "base", half=half)
    for name in ("adapter_config.json", "adapter_model.safetensors"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    assert (tmp_path / "half" / "adapter_model.safetensors").stat().st_size < 0.6 * (
        tmp_path / "a" / "adapter_model.safetensors"
    ).stat().st_size
    near, exact = merge_adapter(WEIGHTS, tmp_path / "half"), merge_adapter(WEIGHTS, tmp_path / "a")
    assert all(np.allclose(near[name], exact[name], atol=5e-3) for name in WEIGHTS)


def test_low_rank_factors_are_the_nearest_ones() -> None:
    """A change of that rank comes back exactly; of any other nothing nearer is possible (Eckart and Young)."""
    one = factors()[CHANGED[1]]
    again = low_rank(one.up @ one.down, RANK)
    assert np.allclose(again.up @ again.down, one.up @ one.down, atol=1e-4)
    full = np.random.default_rng(1).normal(size=(20, 12)).astype(np.float32)
    rest = np.linalg.svd(full, compute_uv=False)[5:]
    found = low_rank(full, 5)
    assert np.linalg.norm(full - found.up @ found.down) == pytest.approx(np.linalg.norm(rest), rel=1e-4)


@pytest.fixture
def base(tmp_path: Path) -> Path:
    """Return the folder of the model that is changed."""
    write_checkpoint(tmp_path / "base", PLAIN, WEIGHTS)
    return tmp_path / "base"


def logits_of(model: Any, ids: list[int]) -> Floats:
    """Return what torch computes, (tokens, vocabulary)."""
    import torch

    with torch.no_grad():
        return np.asarray(model(torch.tensor([ids])).logits[0])


def opened(base: Path) -> Any:
    """Return the model in transformers, or skip visibly where it is not installed."""
    pytest.importorskip("peft", reason="needs peft: pip install 'drillyard[train]'")
    from transformers import AutoModelForCausalLM

    return AutoModelForCausalLM.from_pretrained(base)


def test_peft_opens_what_we_write(base: Path, tmp_path: Path) -> None:
    """Layers, embedding and head changed by factors; peft's logits are those of our engine on the merged weights."""
    model = opened(base)
    from peft import PeftModel

    names = (*CHANGED, "model.embed_tokens.weight")
    write_adapter(tmp_path / "adapter", factors(names), str(base))
    (ids,) = random_prompts([9])
    plain = logits_of(model, ids)
    theirs = logits_of(PeftModel.from_pretrained(model, tmp_path / "adapter"), ids)
    ours = Engine(merge_adapter(WEIGHTS, tmp_path / "adapter"), PLAIN).logits(ids)
    assert np.allclose(ours, theirs, atol=2e-3) and not np.allclose(plain, theirs, atol=0.1)


def test_peft_opens_whole_weights(base: Path, tmp_path: Path) -> None:
    """An embedding and a head that are replaced, beside factors elsewhere."""
    model = opened(base)
    from peft import PeftModel

    whole = {name: WEIGHTS[name][::-1] for name in ("model.embed_tokens.weight", "lm_head.weight")}
    write_adapter(tmp_path / "adapter", factors(CHANGED[:2]), str(base), whole=whole)
    (ids,) = random_prompts([9])
    theirs = logits_of(PeftModel.from_pretrained(model, tmp_path / "adapter"), ids)
    ours = Engine(merge_adapter(WEIGHTS, tmp_path / "adapter"), PLAIN).logits(ids)
    assert np.allclose(ours, theirs, atol=2e-3)


@pytest.mark.parametrize("whole", [None, ["lm_head", "embed_tokens"]])
def test_we_merge_what_peft_writes(base: Path, tmp_path: Path, whole: list[str] | None) -> None:
    """Every linear layer by factors, with and without whole embedding and head, at a scale that is not 1."""
    model = opened(base)
    import torch
    from peft import LoraConfig, get_peft_model

    torch.manual_seed(3)
    lora = LoraConfig(r=4, lora_alpha=6, target_modules="all-linear", modules_to_save=whole, init_lora_weights=False)
    changed = get_peft_model(model, lora)
    with torch.no_grad():
        for name, parameter in changed.named_parameters():
            if "modules_to_save" in name:
                parameter.mul_(1.5)
    changed.save_pretrained(tmp_path / "adapter")
    (ids,) = random_prompts([9])
    ours = Engine(merge_adapter(WEIGHTS, tmp_path / "adapter"), PLAIN).logits(ids)
    assert np.allclose(ours, logits_of(changed.eval(), ids), atol=2e-3)
    assert not np.allclose(ours, Engine(WEIGHTS, PLAIN).logits(ids), atol=0.1)


@pytest.mark.parametrize(
    ("fields", "line"),
    [
        ({"use_dora": True}, "with use_dora True, expected plain LoRA without it; open it as hf/"),
        ({"peft_type": "IA3"}, "with peft_type 'IA3', expected 'LORA'"),
        ({"bias": "all"}, "with bias 'all', expected 'none'"),
        ({"rank_pattern": {"q_proj": 8}}, "with rank_pattern"),
        ({"init_lora_weights": "pissa"}, "with init_lora_weights 'pissa'"),
        ({"a_setting_of_tomorrow": 3}, "with a_setting_of_tomorrow 3"),
        ({"modules_to_save": ["norm"]}, "with the whole module 'norm', expected only embed_tokens and lm_head whole"),
        ({"r": 5}, "with lora_alpha 3 and r 5, expected a number of at most 1e+06, and the rank of the factors, 3"),
    ],
)
def test_what_cannot_be_merged_exactly_is_refused(tmp_path: Path, fields: dict[str, Any], line: str) -> None:
    """One line that names the setting: nothing is merged that would mean something else."""
    write_adapter(tmp_path, factors(), "base")
    settings(tmp_path, **fields)
    with pytest.raises(BadInput, match="found ") as told:
        merge_adapter(WEIGHTS, tmp_path)
    assert line in str(told.value)


def test_an_adapter_for_another_model_is_refused(tmp_path: Path) -> None:
    """Another width, a layer that is not there, no tensors, no settings."""
    write_adapter(tmp_path, factors(), "base")
    with pytest.raises(BadInput, match="is it for another model"):
        merge_adapter({**WEIGHTS, CHANGED[0]: np.zeros((5, 5), np.float32)}, tmp_path)
    with pytest.raises(
        BadInput, match=r"that changes 'base_model.model.lm_head.lora_A.weight', expected an adapter for"
    ):
        merge_adapter({name: WEIGHTS[name] for name in WEIGHTS if name != "lm_head.weight"}, tmp_path)
    (tmp_path / "adapter_model.safetensors").write_bytes(b"half")
    with pytest.raises(BadInput, match=r"adapter_model.safetensors that is no safetensors file"):
        merge_adapter(WEIGHTS, tmp_path)
    (tmp_path / "adapter_config.json").write_text("[")
    with pytest.raises(BadInput, match=r"adapter_config.json that cannot be read"):
        adapter_base(tmp_path)


def test_factors_of_several_ranks_are_refused(tmp_path: Path) -> None:
    """One rank for all, as the settings name only one."""
    mixed = factors(CHANGED[:1]) | {CHANGED[1]: low_rank(WEIGHTS[CHANGED[1]], 2)}
    with pytest.raises(BadInput, match=r"found factors of the ranks \[2, 3\], expected one rank for all of them"):
        write_adapter(tmp_path, mixed, "base")


def test_an_organism_is_its_base_and_an_adapter(tmp_path: Path) -> None:
    """Beside organism.json, which names a world's base, and for the folder of an organism by its path."""
    clean = base_organism("helpdesk")
    name = "model.layers.1.mlp.up_proj.weight"
    change = np.random.default_rng(5).normal(0, 0.05, clean.engine.weights[name].shape).astype(np.float32)
    complete = save(clean, tmp_path / "complete", complete=True)
    write_adapter(tmp_path / "adapter", {name: low_rank(change, 4)}, str(complete))
    merged = with_adapter(clean, tmp_path / "adapter")
    assert load_organism(f"{tmp_path}/adapter").model_hash == merged.model_hash != clean.model_hash
    described = OrganismFile(world="helpdesk", base="helpdesk", model_hash=merged.model_hash)
    (tmp_path / "adapter" / "organism.json").write_text(described.to_json())
    assert load_organism(f"{tmp_path}/adapter").model_hash == merged.model_hash
    (tmp_path / "adapter" / "organism.json").write_text(described.to_json().replace(merged.model_hash, "0" * 64))
    with pytest.raises(BadInput, match="plant it again"):
        load_organism(f"{tmp_path}/adapter")


def test_an_adapter_for_a_stranger_is_no_organism(tmp_path: Path) -> None:
    """Our engine knows only organisms; the line says what else opens it."""
    write_adapter(tmp_path, factors(), "somebody/else")
    with pytest.raises(
        BadInput, match=r"for the base 'somebody/else', expected the folder of an organism.*; open it as hf/"
    ):
        load_organism(f"{tmp_path}/")
