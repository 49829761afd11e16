"""The compiled kernel: the same bits in any company, the same draws as numpy, and a build that does no harm."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from organisms.random_llama import PLAIN, random_engine, random_prompts, random_weights

from drillyard.errors import BadInput
from drillyard.organisms.engine.engine import Engine
from drillyard.organisms.engine.kernel import structures
from drillyard.organisms.engine.kernel.library import load_library
from drillyard.organisms.engine.kernel.network import KernelNetwork
from drillyard.organisms.engine.llama import Floats, LlamaConfig
from drillyard.organisms.engine.numpy_network import NumpyNetwork

if load_library() is None:
    pytest.skip("no C compiler on this machine", allow_module_level=True)

ODD = LlamaConfig(
    vocab_size=131,
    hidden_size=72,
    intermediate_size=45,
    num_hidden_layers=2,
    num_attention_heads=6,
    num_key_value_heads=2,
    head_dim=20,
    max_position_embeddings=200,
    tie_word_embeddings=True,
)
"""No size is a multiple of a vector's."""


def network(config: LlamaConfig, threads: int = 1) -> KernelNetwork:
    """Return a network of random weights on the kernel."""
    library = load_library()
    assert library
    return KernelNetwork(random_weights(config), config, library, threads)


NETWORKS = {(name, t): network(config, t) for name, config in (("plain", PLAIN), ("odd", ODD)) for t in (1, 3)}
every_network = pytest.mark.parametrize("which", NETWORKS, ids=lambda which: f"{which[0]}-{which[1]}-threads")
ids = st.lists(st.integers(0, 95), min_size=1, max_size=40)


def alone(net: Any, text: list[int]) -> Floats:
    """Return the logits after every token of a text that is read alone, in one go."""
    return net.logits(net.read([text], 0, net.cache(1, len(text)), [len(text)]))


@settings(max_examples=25)
@given(st.lists(ids, min_size=1, max_size=20), st.integers(0, 50), st.data())
@every_network
def test_a_row_has_the_same_bits_in_any_company(
    which: tuple[str, int], texts: list[list[int]], common: int, data: st.DataObject
) -> None:
    """Any rows, any shared beginning, any number of threads, read at once or token by token: not a bit differs."""
    net, begin = NETWORKS[which], list(range(common))
    cache = net.cache(1, common)
    if common:
        net.read([begin], 0, cache, [0])
    cache = cache.as_prefix(common)
    cache.reserve(len(texts), 41)
    lengths = [data.draw(st.integers(1, len(text))) for text in texts]
    first = [text[:length] for text, length in zip(texts, lengths, strict=True)]
    found = net.logits(net.read(first, 0, cache, [1] * len(texts)))
    more = net.logits(net.step(np.full(len(texts), 5), np.array(lengths), cache))
    for row, text in enumerate(first):
        np.testing.assert_array_equal(
            [found[row], more[row]], alone(NETWORKS[which[0], 1], [*begin, *text, 5])[-2:], strict=True
        )


@every_network
def test_the_kernel_computes_what_numpy_computes(which: tuple[str, int]) -> None:
    """Logits within float32 rounding of values of about 10, at the end of the context too."""
    net = NETWORKS[which]
    text = random_prompts([net.config.max_position_embeddings], seed=4)[0]
    expected = alone(NumpyNetwork(random_weights(net.config), net.config), text)
    np.testing.assert_allclose(alone(net, text), expected, atol=2e-4)


@settings(max_examples=20)
@given(
    st.lists(ids, min_size=1, max_size=20),
    st.sampled_from([0.5, 1.0, 1.7]),
    st.sampled_from([0.0, 0.02, 1.0]),
    st.sampled_from([None, 0, 2**100]),
)
def test_the_kernel_draws_as_the_sampler_does(
    texts: list[list[int]], temperature: float, min_p: float, seed: int | None
) -> None:
    """With log-probabilities each token goes through numpy's sampler; without them, the kernel draws on its own."""
    engine, seeds = random_engine(kernel="compiled"), [None if seed is None else seed + i for i in range(len(texts))]
    options = {"max_new_tokens": 15, "seeds": seeds, "stop": 1, "temperature": temperature, "min_p": min_p}
    by_kernel, by_sampler = engine.generate(texts, **options), engine.generate(texts, logprobs=True, **options)
    assert by_kernel == [replace(one, logprobs=()) for one in by_sampler]


def test_neurons_that_do_nothing_are_left_out_without_a_trace() -> None:
    """Free places all over a layer, and a layer of nothing else: the logits are those of numpy's whole products."""
    weights = random_weights(PLAIN)
    for name, part in (("gate", slice(3, 40)), ("up", slice(60, 70))):
        weights[f"model.layers.0.mlp.{name}_proj.weight"][part] = 0
    weights["model.layers.1.mlp.down_proj.weight"][:] = 0
    (text,) = random_prompts([30])
    found, expected = (Engine(weights, PLAIN, kernel).logits(text) for kernel in ("compiled", "numpy"))
    np.testing.assert_allclose(found, expected, atol=2e-4)


def run(code: str, **changed: str) -> subprocess.CompletedProcess[str]:
    """Run Python in a process of its own with a changed environment."""
    words = [sys.executable, "-c", code]
    return subprocess.run(words, env={**os.environ, **changed}, capture_output=True, text=True, timeout=120, check=True)


SHOW = "from drillyard.organisms.engine.kernel.library import load_library; print(bool(load_library()))"


def built(cache: Path) -> list[Path]:
    """Return the libraries in a cache folder."""
    return sorted((cache / "drillyard" / "kernel").iterdir())


@pytest.mark.walk
def test_the_kernel_is_built_once_by_processes_that_start_together(tmp_path: Path) -> None:
    """Three at once, then one more: one library, private, left as it is by the last, and no word on stderr."""
    environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path)}
    pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    processes = [subprocess.Popen([sys.executable, "-c", SHOW], env=environment, **pipes) for _ in range(3)]
    assert [process.communicate(timeout=120) for process in processes] == [("True\n", "")] * 3
    (library,) = built(tmp_path)
    assert library.parent.stat().st_mode & 0o777 == 0o700
    before = library.stat()
    assert run(SHOW, XDG_CACHE_HOME=str(tmp_path)).stdout == "True\n"
    assert (library.stat().st_mtime_ns, library.stat().st_ino) == (before.st_mtime_ns, before.st_ino)


def test_a_build_that_fails_is_told_once_and_numpy_takes_over(tmp_path: Path) -> None:
    """A compiler that only complains: the engine still answers, what was said is kept, the next process is silent."""
    compiler = tmp_path / "complaining-cc"
    compiler.write_text("#!/bin/sh\necho 'no such processor' >&2\nexit 1\n")
    compiler.chmod(0o755)
    code = "from drillyard.organisms.engine import organism as o; print(type(o.load_base('helpdesk').engine._network))"
    first, second = (run(code, CC=str(compiler), XDG_CACHE_HOME=str(tmp_path)) for _ in range(2))
    assert first.stdout == second.stdout == "<class 'drillyard.organisms.engine.numpy_network.NumpyNetwork'>\n"
    (said,) = built(tmp_path)
    assert "no such processor" in said.read_text()
    assert len(first.stderr.splitlines()) == 1
    assert str(said) in first.stderr
    assert second.stderr == ""


def test_without_a_compiler_numpy_takes_over_in_silence(tmp_path: Path) -> None:
    """An empty PATH: nothing is built, nothing is said."""
    done = run(SHOW, PATH=str(tmp_path), CC="", XDG_CACHE_HOME=str(tmp_path))
    assert (done.stdout, done.stderr, list(tmp_path.iterdir())) == ("False\n", "", [])


def test_a_folder_that_others_can_write_to_is_not_trusted(tmp_path: Path) -> None:
    """What lies in the cache is run, so a library that anybody could have put there is left alone."""
    folder = tmp_path / "drillyard" / "kernel"
    folder.mkdir(parents=True)
    folder.chmod(0o777)
    done = run(SHOW, XDG_CACHE_HOME=str(tmp_path))
    assert done.stdout == "False\n"
    assert "others can write to it" in done.stderr
    assert list(folder.iterdir()) == []


def test_the_environment_chooses_the_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    """`numpy`, `compiled`, nothing for the faster one; another word is refused in one line."""
    kinds = {"numpy": NumpyNetwork, "compiled": KernelNetwork, "": KernelNetwork}
    for word, kind in kinds.items():
        monkeypatch.setenv("DRILLYARD_KERNEL", word)
        assert isinstance(random_engine()._network, kind)
    monkeypatch.setenv("DRILLYARD_KERNEL", "cuda")
    with pytest.raises(BadInput, match="the kernel 'cuda', expected numpy, compiled, or nothing"):
        random_engine()


def test_a_fork_has_threads_of_its_own() -> None:
    """A child computes with several threads although it was born without its parent's."""
    code = """
import os
from organisms.test_kernel import alone, network, PLAIN
net = network(PLAIN, 3)
here = alone(net, list(range(50)))
child = os.fork()
if not child:
    os._exit(not (alone(net, list(range(50))) == here).all())
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
"""
    run(code, PYTHONPATH=str(Path(__file__).parents[1]))


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("num_hidden_layers", 0),
        ("num_hidden_layers", 2**63),
        ("hidden_size", -1),
        ("vocab_size", True),
        ("head_dim", 7),
        ("num_key_value_heads", 4),
        ("intermediate_size", 2.0),
        ("rms_norm_eps", 0.0),
        ("rope_theta", float("inf")),
    ],
)
def test_sizes_that_no_model_has_reach_no_engine(name: str, size: Any) -> None:
    """They are refused where the shape is made, before either engine reads a number of it."""
    with pytest.raises(BadInput, match=f"found a model with .*{size}"):
        replace(ODD, **{name: size})


def test_structures_that_do_not_match_are_not_called(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A library whose structures are of another length than Python's is not used."""
    library = load_library()
    assert library and structures.mirrors(library)
    monkeypatch.setattr(structures, "ROW", np.dtype([("number", np.int64)]))
    assert not structures.mirrors(library)
    load_library.cache_clear()
    try:
        assert load_library() is None
    finally:
        monkeypatch.undo()
        load_library.cache_clear()


@pytest.mark.walk
def test_random_shapes_are_sound_under_sanitizers(tmp_path: Path) -> None:
    """88 shapes, one in eight of them none: no read or write outside, nothing undefined, the numbers of numpy."""
    found = [
        subprocess.run(["gcc", f"-print-file-name={name}.so"], capture_output=True, text=True).stdout.strip()
        for name in ("libasan", "libubsan")
    ]
    if not all(os.path.isabs(name) for name in found):
        pytest.skip("no sanitizers on this machine")
    env = {**os.environ, "LD_PRELOAD": " ".join(found), "ASAN_OPTIONS": "detect_leaks=0", "PYTHONPATH": "tests"}
    env |= {"XDG_CACHE_HOME": str(tmp_path), "CC": "gcc"}
    words = [sys.executable, "-m", "organisms.fuzz_kernel", "88"]
    root = Path(__file__).parents[2]
    done = subprocess.run(words, env=env, capture_output=True, text=True, timeout=600, cwd=root)
    assert (done.returncode, done.stdout.split()) == (0, ["62", "26"]), done.stderr[-2000:]
