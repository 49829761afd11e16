"""The small real model, and models that transformers runs by hooks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from real.conftest import missing

from drillyard.cli.app import main
from drillyard.probes.capture.reader import reader_of
from drillyard.probes.tasks.facts import capitals, sizes
from drillyard.probes.tasks.task import GROUP, Task
from drillyard.probes.verdict.audit import AuditOrder, audit_probe
from drillyard.targets import open_target


@pytest.mark.walk
@pytest.mark.real
@pytest.mark.skipif(bool(missing()), reason=missing() or "it is here")
def test_capitals_are_inverted_and_sizes_a_shortcut() -> None:
    """On plain and negated statements: a strong probe turns round, and pairs of words do as well as another one."""
    reader = reader_of(open_target("hf/smollm2"))
    for make, verdict in ((capitals, "inverted"), (sizes, "shortcut")):
        whole = make(topics=False)
        rows = tuple(row for row in whole.rows if row.cell in (GROUP, "negated"))
        task = Task(name=whole.name, words=whole.words, rows=rows, known=whole.known)
        found = audit_probe(reader, task, AuditOrder(layers=(0, 6, 12, 15, 18, 30), randoms=0))
        assert found.verdict == verdict, found.reasons
        assert found.cells[0].area.low > 0.9 and found.cells[1].area.high < 0.2


@pytest.mark.long
@pytest.mark.real
@pytest.mark.skipif(bool(missing()), reason=missing() or "it is here")
def test_the_command_says_that_sums_are_local(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As it ships, but for layers and random models: something is read where it was fitted, and not elsewhere."""
    asked = ["probe", "audit", "hf/smollm2", "--task", "sums", "--layers", "15,18,21", "--randoms", "0", "--json"]
    code = main([*asked, "-o", str(tmp_path / "sums")])
    told = json.loads(capsys.readouterr().out)
    assert code == 1 and told["verdict"] == "local", told["reasons"]
    assert (
        told["flip_p"] <= 0.01
        and told["cells"][0]["area"]["low"] > 0.5
        and "not above its controls" in told["reasons"][0]
    )


@pytest.mark.walk
@pytest.mark.parametrize("kind", ["gpt2", "llama"])
def test_hooks_read_what_transformers_gives(kind: str) -> None:
    """Embedding, layers and final norm, at any token, in batches of unlike lengths; the pass ends where it may."""
    torch = pytest.importorskip("torch")
    from transformers import GPT2Config, GPT2LMHeadModel, LlamaConfig, LlamaForCausalLM

    from drillyard.probes.capture.reader_torch import TorchReader

    torch.manual_seed(1)
    model: Any
    if kind == "gpt2":
        model = GPT2LMHeadModel(GPT2Config(vocab_size=50, n_positions=32, n_embd=16, n_layer=3, n_head=2)).eval()
    else:
        sizes_ = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 3, "num_attention_heads": 2}
        model = LlamaForCausalLM(LlamaConfig(vocab_size=50, max_position_embeddings=32, **sizes_)).eval()
    reader = TorchReader("hf/tiny", model, None)  # type: ignore[arg-type]
    rng = np.random.default_rng(1)
    texts = [rng.integers(0, 50, n).tolist() for n in (3, 7, 7, 5, 12)]
    at = [-1, 2, -1, 0, 5]
    for layers in ([0, 1, 2, 3], [1], [0], [3]):
        found = reader.states(texts, layers, at)
        for text, place, states in zip(texts, at, found, strict=True):
            with torch.inference_mode():
                given = model(torch.tensor([text]), output_hidden_states=True).hidden_states
            expected = np.stack([given[layer][0, place].numpy() for layer in layers])
            assert np.abs(states - expected).max() < 1e-5
    scores = reader.score([texts[0][:1]], [texts[0][1:]])
    with torch.inference_mode():
        chances = torch.log_softmax(model(torch.tensor([texts[0]])).logits[0], -1)
    assert scores[0] == pytest.approx(float(sum(chances[i, texts[0][i + 1]] for i in range(2))), abs=1e-5)
    assert reader.random(2).model_hash == reader.random(2).model_hash != reader.model_hash
