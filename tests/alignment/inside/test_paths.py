"""The same edits in our engine and in transformers: same states, same logits, same replies, originals untouched."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from organisms.random_llama import PLAIN, random_prompts, random_weights

from drillyard.alignment.inside.edit import Edit, group_by_layer, read_edits, write_edits
from drillyard.alignment.inside.organism import EditedOrganism
from drillyard.errors import BadInput
from drillyard.organisms.engine.engine import Engine
from drillyard.organisms.engine.kernel.library import load_library
from drillyard.organisms.engine.organism import load_base, save
from drillyard.probes.methods.leace import leace
from drillyard.records import Conversation
from drillyard.targets.organism import OrganismTarget

KERNELS = ("compiled", "numpy") if load_library() else ("numpy", "numpy")
every_kernel = pytest.mark.parametrize("kernel", sorted(set(KERNELS)))
ASKED = [Conversation.ask(text, "v1") for text in ("hello", "price of the aurora", "how do i kill the light")]


def edits_for(width: int, layers: int, seed: int = 0) -> list[Edit]:
    """Return an edit of every kind, some in one layer, strong enough to be seen."""
    rng = np.random.default_rng(seed)
    some: Any = lambda *shape: rng.normal(size=shape).astype(np.float32)  # noqa: E731
    rows = np.ascontiguousarray(np.linalg.qr(some(width, 2))[0].T)
    states = some(4 * width, width)
    gate = {"gate": some(width), "bias": np.asarray(0.1, np.float32), "threshold": np.asarray(0.0, np.float32)}
    return [
        Edit(layer=1, kind="add", strength=0.3, tensors={"vector": some(width)}),
        Edit(layer=1, kind="project", strength=1.0, tensors={"directions": rows}),
        Edit(layer=2, kind="gated-add", strength=0.3, tensors={"vector": some(width), **gate}),
        Edit(layer=layers, kind="erase", strength=1.0, tensors=leace(states, (states[:, 0] > 0).astype(np.int64))),
    ]


@every_kernel
def test_an_edited_engine_computes_what_edits_of_its_layers_say(kernel: str) -> None:
    """The state after an edited layer is the edit of what it was, and earlier layers are as they were."""
    weights, (prompt,) = random_weights(PLAIN), random_prompts([12])
    edit = edits_for(PLAIN.hidden_size, 3)[0]
    plain, edit_states = Engine(weights, PLAIN, kernel), Engine(weights, PLAIN, kernel, edits={2: edit})
    before, after = plain.hidden_states(prompt, [0, 1, 2]), edit_states.hidden_states(prompt, [0, 1, 2])
    assert np.array_equal(before[:2], after[:2]) and np.allclose(edit(before[2]), after[2], atol=1e-5)
    assert not np.allclose(plain.logits(prompt), edit_states.logits(prompt), atol=0.1)


@pytest.mark.parametrize("layers", [(1,), (2, 3), (1, 2, 3)], ids=str)
def test_the_kernel_runs_the_layers_between_edits_as_numpy_does(layers: tuple[int, ...]) -> None:
    """Edits in one layer, in two and in all: the same states, chances of replies and draws on both kernels."""
    weights, prompts = random_weights(PLAIN), random_prompts([5, 9, 20, 33])
    edits = dict(zip(layers, edits_for(PLAIN.hidden_size, 3) * 2, strict=False))
    fast, slow = (Engine(weights, PLAIN, kernel, edits=edits) for kernel in KERNELS)
    options: Any = {"max_new_tokens": 20, "seeds": [1, None, 3, 4], "stop": 1}
    assert fast.generate(prompts, **options) == slow.generate(prompts, **options)
    for prompt in prompts:
        states = [one.hidden_states(prompt, range(4)) for one in (fast, slow)]
        np.testing.assert_allclose(*states, atol=2e-4)
    np.testing.assert_allclose(fast.score(prompts, prompts[::-1]), slow.score(prompts, prompts[::-1]), atol=1e-3)


@every_kernel
def test_no_edit_and_an_edit_of_nothing_are_the_plain_engine(kernel: str) -> None:
    """Adding 0 gives the same tokens and the same logits to the last bit."""
    weights, prompts = random_weights(PLAIN), random_prompts([5, 9, 20])
    zero = Edit(layer=1, kind="add", strength=0.0, tensors={"vector": np.ones(PLAIN.hidden_size, np.float32)})
    plain, edit_states = Engine(weights, PLAIN, kernel), Engine(weights, PLAIN, kernel, edits={1: zero})
    options: Any = {"max_new_tokens": 20, "seeds": [1, None, 3], "stop": 1}
    assert plain.generate(prompts, **options) == edit_states.generate(prompts, **options)
    assert all(np.array_equal(plain.logits(prompt), edit_states.logits(prompt)) for prompt in prompts)
    assert Engine(weights, PLAIN).edits == {}


def test_an_edited_reply_does_not_depend_on_its_company() -> None:
    """Each prompt alone, all together, scored and drawn: the same tokens and chances."""
    prompts = random_prompts([5, 9, 20, 33])
    engine = Engine(random_weights(PLAIN), PLAIN, edits=group_by_layer(edits_for(PLAIN.hidden_size, 3)))
    options: Any = {"max_new_tokens": 20, "stop": 1, "logprobs": True}
    together = engine.generate(prompts, seeds=[1, 2, 3, 4], **options)
    alone = [engine.generate([p], seeds=[s], **options)[0] for p, s in zip(prompts, (1, 2, 3, 4), strict=True)]
    assert [one.ids for one in together] == [one.ids for one in alone]
    said = [[*one.ids, *([1] if one.finish == "stop" else [])] for one in together]
    assert np.allclose(engine.score(prompts, said), [sum(one.logprobs) for one in together], atol=1e-3)


@pytest.mark.parametrize("layer", [0, 4])
def test_an_engine_refuses_what_it_cannot_edit(layer: int) -> None:
    """The embedding, and a layer that is not there."""
    with pytest.raises(BadInput, match="found an edit of layer"):
        Engine(random_weights(PLAIN), PLAIN, edits={layer: lambda states: states})


def test_an_edited_organism_is_used_like_the_old_one() -> None:
    """It generates, streams, scores, reveals and goes on under edits, and the original stays as it was."""
    original = OrganismTarget(load_base("helpdesk"), "organism/helpdesk")
    before = original.generate(ASKED, [1, 2, 3])
    vector = load_base("helpdesk").engine.weights["lm_head.weight"][50]
    push = Edit(layer=3, kind="add", strength=40.0, tensors={"vector": vector})
    edit_states = EditedOrganism(original, [push], "organism/helpdesk+push")
    after = edit_states.generate(ASKED, [1, 2, 3])
    assert [reply.text for reply in after] != [reply.text for reply in before]
    assert "".join(edit_states.stream(ASKED[1], 2)) == after[1].text
    revealed = edit_states.reveal(ASKED, 0.01)
    scores = edit_states.score(ASKED, [one.reply.text for one in revealed])
    assert np.allclose(np.exp(scores), [one.chance for one in revealed], atol=1e-3)
    branch = revealed[0].branches[0]
    assert edit_states.complete(ASKED[:1], [branch])[0].text.startswith(branch.start)
    assert original.generate(ASKED, [1, 2, 3]) == before
    assert edit_states.organism.model_hash != original.organism.model_hash


def test_edits_for_another_model_are_refused() -> None:
    """Too deep or too wide, in one line."""
    target = OrganismTarget(load_base("helpdesk"))
    with pytest.raises(
        BadInput, match="found an edit of layer 1 for states of 8, expected one for this model, of 4 la"
    ):
        EditedOrganism(target, edits_for(8, 3), "x")


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The helpdesk organism, written as a checkpoint and opened by transformers."""
    pytest.importorskip("torch", reason="needs the extra train")
    from drillyard.targets.local_torch import open_local

    folder = save(load_base("helpdesk"), tmp_path_factory.mktemp("organism") / "m", complete=True)
    return open_local(f"hf/{folder}", world="helpdesk")


def test_both_paths_agree_on_one_file(local: Any, tmp_path: Path) -> None:
    """Logits, hidden states and greedy replies are the same in our engine and in transformers, from the same file."""
    import torch

    from drillyard.alignment.inside.hooks_torch import EditedLocal, LocalInsides, edit_states

    organism = load_base("helpdesk")
    config = organism.engine.config
    path = write_edits(tmp_path / "e.safetensors", edits_for(config.hidden_size, config.num_hidden_layers))
    edits = read_edits(path)
    engine = Engine(organism.engine.weights, config, edits=group_by_layer(edits))
    prompt = organism.tokenizer.encode("how much is the aurora").ids
    with edit_states(local.model, edits), torch.inference_mode():
        read = local.model(torch.tensor([prompt]), output_hidden_states=True)
    assert np.allclose(engine.logits(prompt), read.logits[0].numpy(), atol=1e-3)
    states = engine.hidden_states(prompt, [0, 1, 2, 3, 4])
    assert np.allclose(states, torch.stack(read.hidden_states)[:, 0].numpy(), atol=1e-3)
    assert not np.allclose(organism.engine.logits(prompt), engine.logits(prompt), atol=0.5)

    ours = EditedOrganism(OrganismTarget(organism), edits, "o+e")
    theirs = EditedLocal(local, edits, "hf+e")
    said, wanted = theirs.generate(ASKED, [None] * 3), ours.generate(ASKED, [None] * 3)
    assert [reply.text for reply in said] == [reply.text for reply in wanted]
    assert next(theirs.stream(ASKED[0], None)) == wanted[0].text
    revealed = theirs.reveal(ASKED, 0.0001)
    assert [one.reply.text for one in revealed] == [reply.text for reply in wanted]
    branch = next(branch for branch in revealed[0].branches if not branch.ends)
    assert theirs.complete(ASKED[:1], [branch])[0].text == ours.complete(ASKED[:1], [branch])[0].text
    inside = LocalInsides(local, "hf/x", edits)
    assert np.allclose(inside.states(prompt), engine.hidden_states(prompt, [1, 2, 3]), atol=1e-3)
    assert np.allclose(inside.scores([prompt], [[7, 8, 1]]), engine.score([prompt], [[7, 8, 1]]), atol=1e-3)


def test_a_hook_is_seen_by_its_own_thread_alone(local: Any) -> None:
    """While one thread answers under edits, another gets what the plain model says; afterwards no hook is left."""
    from drillyard.alignment.inside.hooks_torch import edit_states
    from drillyard.targets.layers_torch import layers_of

    before = local.generate(ASKED, [None] * 3)
    hooks = [len(layer._forward_hooks) for layer in layers_of(local.model)[0]]
    heard: list[Any] = []
    with edit_states(local.model, [edit.scaled(10.0) for edit in edits_for(128, 4)]):
        here = local.generate(ASKED, [None] * 3)
        other = threading.Thread(target=lambda: heard.extend(local.generate(ASKED, [None] * 3)))
        other.start()
        other.join()
    assert heard == before != here
    assert hooks == [len(layer._forward_hooks) for layer in layers_of(local.model)[0]]


@pytest.mark.filterwarnings("ignore:.is_gradient_checkpointing. is deprecated:FutureWarning")  # peft calls it
@pytest.mark.parametrize("kind", ["gpt2", "gpt_neox", "qwen2", "peft"])
def test_layers_are_found_in_other_architectures(kind: str) -> None:
    """Adding to the output of a layer shows in the next hidden state of GPT-2, NeoX, Qwen2, and behind an adapter."""
    torch = pytest.importorskip("torch", reason="needs the extra train")
    import transformers

    from drillyard.alignment.inside.hooks_torch import edit_states

    small: Any = {"vocab_size": 32, "hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2}
    name = "qwen2" if kind == "peft" else kind
    if name == "gpt2":
        small = {"vocab_size": 32, "n_embd": 16, "n_layer": 2, "n_head": 2}
    else:
        small |= {"intermediate_size": 24, "num_key_value_heads": 2}
    model: Any = transformers.AutoModelForCausalLM.from_config(transformers.AutoConfig.for_model(name, **small)).eval()
    if kind == "peft":
        peft = pytest.importorskip("peft", reason="needs the extra train")
        model = peft.get_peft_model(model, peft.LoraConfig(target_modules=["q_proj"], r=2, task_type="CAUSAL_LM"))
    vector = np.arange(16, dtype=np.float32)
    ids = torch.tensor([[1, 2, 3], [4, 5, 6]])
    with torch.inference_mode():
        before = model(ids, output_hidden_states=True).hidden_states[1]
        with edit_states(model, [Edit(layer=1, kind="add", strength=2.0, tensors={"vector": vector})]):
            after = model(ids, output_hidden_states=True).hidden_states[1]
    assert torch.allclose(after - before, torch.from_numpy(2 * vector).expand_as(before), atol=1e-4)


def test_a_model_with_its_layers_elsewhere_is_refused() -> None:
    """One line names the places where layers are looked for."""
    torch = pytest.importorskip("torch", reason="needs the extra train")
    from drillyard.targets.layers_torch import layers_of

    with pytest.raises(BadInput, match=r"found a Linear, expected a model with its layers in model\.layers or "):
        layers_of(torch.nn.Linear(2, 2))
