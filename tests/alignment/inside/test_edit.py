"""Edits: what their formulas promise, what their file keeps, and LEACE against its theorem and a peer library."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import save_file

from drillyard.alignment.inside.edit import Edit, group_by_layer, read_edits, write_edits
from drillyard.alignment.inside.gate import fit_gate
from drillyard.errors import BadInput
from drillyard.probes.methods.leace import leace

WIDTH = 6
RNG = np.random.default_rng(3)
STATES = RNG.normal(size=(40, WIDTH)).astype(np.float32)


def numbers(*shape: int) -> Any:
    """Return random float32 numbers."""
    return np.random.default_rng(7).normal(size=shape).astype(np.float32)


def edit_of(kind: str, strength: float = 1.0, layer: int = 1) -> Edit:
    """Return an edit of each kind, on random arrays."""
    rows = np.linalg.qr(numbers(WIDTH, 2))[0].T.astype(np.float32)
    tensors: dict[str, Any] = {
        "add": {"vector": numbers(WIDTH)},
        "gated-add": {"vector": numbers(WIDTH), "gate": numbers(WIDTH), "bias": numbers(), "threshold": numbers()},
        "project": {"directions": np.ascontiguousarray(rows)},
        "erase": {
            name: array.astype(np.float32) for name, array in leace(STATES, STATES[:, 0] + STATES[:, 1] > 0).items()
        },
    }
    tensors["gated-add"] |= {"bias": np.asarray(0.1, np.float32), "threshold": np.asarray(0.2, np.float32)}
    return Edit(layer=layer, kind=kind, strength=strength, tensors=tensors[kind])


KINDS = ("add", "gated-add", "project", "erase")


@pytest.mark.parametrize("kind", KINDS)
def test_no_strength_changes_nothing(kind: str) -> None:
    """At strength 0 the states come back to the last bit, and at strength 1 they do not."""
    assert np.array_equal(edit_of(kind, 0.0)(STATES), STATES)
    assert not np.allclose(edit_of(kind)(STATES), STATES)


@pytest.mark.parametrize("kind", KINDS)
@given(rows=st.lists(st.integers(0, 39), min_size=1, max_size=8))
def test_a_token_is_seen_alone(kind: str, rows: list[int]) -> None:
    """What becomes of a state does not depend on the states beside it, nor on how they are stacked."""
    edit = edit_of(kind)
    together = edit(STATES[rows])
    assert np.allclose(together, np.stack([edit(STATES[row]) for row in rows]), atol=1e-5)
    assert np.allclose(together, edit(STATES[rows][None])[0], atol=1e-5)


def test_a_projection_takes_its_directions_out_and_is_idempotent() -> None:
    """Nothing of the directions is left, a second time changes nothing, and what is at right angles stays."""
    edit = edit_of("project")
    rows, once = edit.tensors["directions"], edit(STATES)
    assert np.allclose(once @ rows.T, 0, atol=1e-5) and np.allclose(edit(once), once, atol=1e-5)
    rest = STATES - STATES @ rows.T @ rows
    assert np.allclose(edit(rest), rest, atol=1e-5)


def test_a_gated_vector_is_added_where_the_probe_fires_alone() -> None:
    """Exactly the states over the threshold move, by exactly the vector."""
    edit = edit_of("gated-add", 2.0)
    fires = STATES @ edit.tensors["gate"] + edit.tensors["bias"] > edit.tensors["threshold"]
    assert 0 < fires.sum() < len(fires)
    moved = edit(STATES) - STATES
    assert np.allclose(moved[fires], 2 * edit.tensors["vector"], atol=1e-5) and not moved[~fires].any()


def test_leace_leaves_no_class_a_mean_of_its_own() -> None:
    """Of three classes far apart all means are one afterwards, and the overall mean stays (theorem 4.3)."""
    classes = np.arange(300) % 3
    states = numbers(300, WIDTH) + 5 * numbers(3, WIDTH)[classes]
    erased = Edit(layer=1, kind="erase", strength=1.0, tensors=leace(states, classes))(states)
    means = np.stack([erased[classes == one].mean(0) for one in range(3)])
    before = np.stack([states[classes == one].mean(0) for one in range(3)])
    assert np.ptp(before, axis=0).max() > 3 and np.ptp(means, axis=0).max() < 1e-4
    assert np.allclose(erased.mean(0), states.mean(0), atol=1e-4)


def test_leace_agrees_with_its_authors_library() -> None:
    """On states with correlated axes both libraries give the same states, to float32's digits."""
    torch = pytest.importorskip("torch", reason="needs torch")
    peer = pytest.importorskip("concept_erasure", reason="needs concept-erasure")
    classes = (np.arange(400) % 2).astype(np.int64)
    states = numbers(400, WIDTH) @ numbers(WIDTH, WIDTH) + 2 * classes[:, None] * numbers(WIDTH)
    fitter = peer.LeaceFitter(WIDTH, 1, shrinkage=False, dtype=torch.float64)
    fitter.update(torch.from_numpy(states).double(), torch.from_numpy(classes).double())
    theirs = fitter.eraser(torch.from_numpy(states).double()).numpy()
    ours = Edit(layer=1, kind="erase", strength=1.0, tensors=leace(states, classes, shrink=False))(states)
    assert np.allclose(ours, theirs, atol=1e-3) and not np.allclose(ours, states, atol=0.1)


def test_leace_with_as_many_states_as_axes_stays_close() -> None:
    """Shrunk or not the means are one; with few states the shrunk one moves fresh states less by a third at least."""
    width, classes = 64, np.arange(80) % 2
    rng = np.random.default_rng(1)
    states, fresh = rng.normal(size=(2, 80, width)).astype(np.float32)
    moved = {}
    for shrink in (True, False):
        edit = Edit(layer=1, kind="erase", strength=1.0, tensors=leace(states, classes, shrink=shrink))
        erased = edit(states)
        assert np.allclose(erased[classes == 0].mean(0), erased[classes == 1].mean(0), atol=1e-4)
        moved[shrink] = float(np.linalg.norm(edit(fresh) - fresh, axis=1).mean())
    assert moved[True] < 0.67 * moved[False]


def test_leace_of_one_class_is_refused() -> None:
    """There is no difference to erase."""
    with pytest.raises(BadInput, match="found states of one class, expected at least two classes"):
        leace(STATES, np.zeros(40, np.int64))


def test_a_gate_finds_a_planted_boundary() -> None:
    """States on both sides of a known plane, a margin apart, are told apart without an error."""
    normal = numbers(WIDTH) / np.linalg.norm(numbers(WIDTH))
    fires, rests = STATES + 8 * normal, STATES - 8 * normal
    gate, bias = fit_gate(fires, rests)
    assert (fires @ gate + bias > 0).all() and (rests @ gate + bias < 0).all()
    assert gate @ normal / np.linalg.norm(gate) > 0.9


def test_a_file_gives_back_what_was_written(tmp_path: Path) -> None:
    """All kinds in one file, in their order; the same edits give the same bytes."""
    edits = [edit_of(kind, 0.5, layer) for layer, kind in enumerate(KINDS, 1)]
    path = write_edits(tmp_path / "a.safetensors", edits, chosen="x")
    again = read_edits(path)
    assert [(e.layer, e.kind, e.strength) for e in again] == [(e.layer, e.kind, 0.5) for e in edits]
    assert all(np.array_equal(a(STATES), b(STATES)) for a, b in zip(edits, again, strict=True))
    assert path.read_bytes() == write_edits(tmp_path / "b.safetensors", again, chosen="x").read_bytes()
    assert read_edits(write_edits(tmp_path / "none.safetensors", [])) == ()


def test_edits_of_one_layer_follow_each_other() -> None:
    """Two edits after one layer are applied in their order."""
    first, second = edit_of("project"), edit_of("add")
    assert np.array_equal(group_by_layer([first, second])[1](STATES), second(first(STATES)))


@pytest.mark.parametrize("broken", ["missing", "text", "other"])
def test_a_broken_file_is_one_line(tmp_path: Path, broken: str) -> None:
    """A file that is not there, is no safetensors, or holds something else."""
    path = tmp_path / "edits.safetensors"
    if broken == "text":
        path.write_text("hello")
    if broken == "other":
        save_file({"a": STATES}, path)
    with pytest.raises(BadInput, match=r"edits.safetensors .*; expected|edits.safetensors .*expected a file of edits"):
        read_edits(path)


@pytest.mark.parametrize(
    ("kind", "layer", "tensors"),
    [
        ("turn", 1, {"vector": STATES[0]}),
        ("add", 0, {"vector": STATES[0]}),
        ("add", 1, {"vector": STATES}),
        ("add", 1, {"vector": STATES[0] * np.nan}),
        ("erase", 1, {"left": STATES, "right": STATES, "mean": STATES[0]}),
    ],
)
def test_arrays_that_do_not_fit_are_refused(kind: str, layer: int, tensors: dict[str, Any]) -> None:
    """An unknown kind, the embedding, a wrong number of axes, no numbers, widths that differ."""
    with pytest.raises(BadInput, match="found an edit"):
        Edit(layer=layer, kind=kind, strength=1.0, tensors=tensors)
