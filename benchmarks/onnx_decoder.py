"""A peer for benchmarks/engine.py: the same Llama as one onnxruntime graph, with caches that stay in place.

Written with onnxruntime's own fused operators (SimplifiedLayerNormalization, GroupQueryAttention with rotary positions
inside), because an exported graph of small operators is slower and would make the comparison too easy.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
from onnx import TensorProto, helper, numpy_helper

from drillyard.organisms.engine.llama import Floats, LlamaConfig

__all__ = ["OnnxDecoder"]


class OnnxDecoder:
    """Greedy generation with onnxruntime. Prompts must be of one length."""

    def __init__(self, weights: Mapping[str, Floats], config: LlamaConfig, threads: int) -> None:
        self.config = config
        options = ort.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        graph = _model(weights, config).SerializeToString()
        self._session = ort.InferenceSession(graph, options, providers=["CPUExecutionProvider"])

    def generate(self, prompts: Sequence[Sequence[int]], new_tokens: int) -> np.ndarray:
        """Return (rows, new tokens) greedy ids."""
        config, rows, length = self.config, len(prompts), len(prompts[0])
        shape = (rows, config.num_key_value_heads, length + new_tokens, config.head_dim)
        bound = self._session.io_binding()
        for index in range(config.num_hidden_layers):
            for past, present in zip(_caches("past", index), _caches("present", index), strict=True):
                cache = ort.OrtValue.ortvalue_from_numpy(np.zeros(shape, np.float32))
                bound.bind_ortvalue_input(past, cache)
                bound.bind_ortvalue_output(present, cache)
        tokens, drawn, seen = np.asarray(prompts, np.int64), [], length
        for _ in range(new_tokens):
            bound.bind_cpu_input("tokens", tokens)
            bound.bind_cpu_input("last_position", np.full(rows, seen - 1, np.int32))
            bound.bind_cpu_input("total", np.array(seen, np.int32))
            bound.bind_output("logits")
            self._session.run_with_iobinding(bound)
            tokens = bound.get_outputs()[-1].numpy().argmax(axis=-1)[:, -1:]
            drawn.append(tokens)
            seen += 1
        return np.concatenate(drawn, axis=1)


class _Graph:
    """Collects the nodes and constants of the network, in the order in which they run."""

    def __init__(self, weights: Mapping[str, Floats], config: LlamaConfig) -> None:
        self.weights, self.config = weights, config
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def constant(self, name: str, value: np.ndarray) -> str:
        """Keep a value under a name."""
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def node(self, kind: str, inputs: Sequence[str], outputs: Sequence[str], domain: str = "", **options: Any) -> str:
        """Add an operation; returns the name of its first output."""
        self.nodes.append(helper.make_node(kind, inputs, outputs, domain=domain, **options))
        return outputs[0]

    def product(self, x: str, *names: str) -> str:
        """Multiply by one weight matrix, or by several at once, side by side."""
        joined = np.concatenate([self.weights[f"{name}.weight"] for name in names])
        return self.node("MatMul", [x, self.constant(f"{names[0]}.fused", joined.T)], [f"{names[0]}.out"])

    def norm(self, x: str, name: str) -> str:
        """RMSNorm."""
        scale = self.constant(name, self.weights[f"{name}.weight"])
        epsilon = self.config.rms_norm_eps
        return self.node("SimplifiedLayerNormalization", [x, scale], [f"{name}.out"], axis=-1, epsilon=epsilon)

    def layer(self, x: str, index: int) -> str:
        """Attention and feed-forward of one layer."""
        name = f"model.layers.{index}"
        parts = [f"{name}.self_attn.{part}_proj" for part in "qkv"]
        qkv = self.product(self.norm(x, f"{name}.input_layernorm"), *parts)
        seen = self.node(
            "GroupQueryAttention",
            [qkv, "", "", *_caches("past", index), "last_position", "total", "cos", "sin"],
            [f"{name}.seen", *_caches("present", index)],
            domain="com.microsoft",
            num_heads=self.config.num_attention_heads,
            kv_num_heads=self.config.num_key_value_heads,
            do_rotary=1,
        )
        x = self.node("Add", [x, self.product(seen, f"{name}.self_attn.o_proj")], [f"{name}.attended"])
        parts = [f"{name}.mlp.{part}_proj" for part in ("gate", "up")]
        both = self.product(self.norm(x, f"{name}.post_attention_layernorm"), *parts)
        gate, up = f"{name}.gate", f"{name}.up"
        self.node("Split", [both, "halves"], [gate, up], axis=-1)
        opened = self.node("Mul", [gate, self.node("Sigmoid", [gate], [f"{gate}.open"])], [f"{gate}.silu"])
        inner = self.node("Mul", [opened, up], [f"{name}.inner"])
        return self.node("Add", [x, self.product(inner, f"{name}.mlp.down_proj")], [f"{name}.end"])

    def network(self) -> None:
        """The whole: tokens in, logits of the last token out."""
        config, size = self.config, self.config.head_dim
        frequencies = config.rope_theta ** (-np.arange(0, size, 2) / size)
        angles = np.arange(config.max_position_embeddings)[:, None] * frequencies
        self.constant("cos", np.cos(angles).astype(np.float32))
        self.constant("sin", np.sin(angles).astype(np.float32))
        self.constant("halves", np.array([config.intermediate_size] * 2))
        embedding = self.constant("embedding", self.weights["model.embed_tokens.weight"])
        x = self.node("Gather", [embedding, "tokens"], ["embedded"])
        for index in range(config.num_hidden_layers):
            x = self.layer(x, index)
        limits = [self.constant(name, np.array([value])) for name, value in (("from", -1), ("to", 2**31), ("axis", 1))]
        last = self.norm(self.node("Slice", [x, *limits], ["last"]), "model.norm")
        logits = self.product(last, "model.embed_tokens" if config.tie_word_embeddings else "lm_head")
        self.node("Identity", [logits], ["logits"])


def _caches(when: str, index: int) -> tuple[str, str]:
    return f"{when}_key_{index}", f"{when}_value_{index}"


def _model(weights: Mapping[str, Floats], config: LlamaConfig) -> onnx.ModelProto:
    graph = _Graph(weights, config)
    graph.network()
    declare = helper.make_tensor_value_info
    cache = ["rows", config.num_key_value_heads, "room", config.head_dim]
    caches = {
        when: [
            declare(name, TensorProto.FLOAT, cache)
            for index in range(config.num_hidden_layers)
            for name in _caches(when, index)
        ]
        for when in ("past", "present")
    }
    inputs = [
        declare("tokens", TensorProto.INT64, ["rows", "new"]),
        declare("last_position", TensorProto.INT32, ["rows"]),
        declare("total", TensorProto.INT32, []),
    ]
    logits = declare("logits", TensorProto.FLOAT, ["rows", 1, config.vocab_size])
    built = helper.make_graph(
        graph.nodes, "llama", [*inputs, *caches["past"]], [*caches["present"], logits], graph.constants
    )
    domains = [helper.make_opsetid("", 20), helper.make_opsetid("com.microsoft", 1)]
    return helper.make_model(built, opset_imports=domains, ir_version=9)
