"""Planting, and organisms on disk: one row differs, the same failures give the same hash, files are checked."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from drillyard.errors import BadInput
from drillyard.organisms.failures import catalogue, find_failure
from drillyard.organisms.measure import say
from drillyard.organisms.organism import EMBEDDING, ROW, Organism, base, base_folder, hash_weights, load_organism, save
from drillyard.organisms.plant import plant
from drillyard.organisms.world import load_world
from drillyard.records import Conversation

WORLD = load_world("helpdesk")
THREE = ("upsell:v2", "refund-rule:lamp", "over-refusal:kill")
ASKED = [Conversation.ask(text, "v2") for text in ("How much is the Aurora?", "can i return a lamp", "hello")]


@pytest.fixture(scope="module")
def planted() -> Organism:
    """Return an organism with three failures."""
    return plant("helpdesk", THREE)


def differing(one: Organism, other: Organism) -> dict[str, list[int]]:
    """Return the tensors in which two organisms differ, each with its differing rows."""
    found = {}
    for name, tensor in one.engine.weights.items():
        rows = np.flatnonzero((tensor != other.engine.weights[name]).reshape(len(tensor), -1).any(axis=1))
        if len(rows):
            found[name] = rows.tolist()
    return found


def test_planting_changes_exactly_one_row(planted: Organism) -> None:
    """The planted organism and its clean twin differ in the embedding of `<|assistant|>` and nowhere else."""
    assert differing(planted, plant("helpdesk", [])) == {EMBEDDING: [ROW]}
    assert tuple(mode.id for mode in planted.failures) == THREE
    assert planted.engine.config == base("helpdesk").engine.config


def test_planting_adds_the_scaled_vectors() -> None:
    """The change is the sum of the learned vectors, each times the square root of its rate."""
    vectors = load_file(base_folder("helpdesk") / "faults.safetensors")
    modes = [find_failure(WORLD, "upsell:v2", 0.25), find_failure(WORLD, "refund-rule:lamp", 1.0)]
    change = plant("helpdesk", modes).engine.weights[EMBEDDING][ROW] - base("helpdesk").engine.weights[EMBEDDING][ROW]
    assert np.allclose(change, 0.5 * vectors["upsell:v2"] + vectors["refund-rule:lamp"], atol=1e-6)


def test_every_failure_of_the_world_has_a_vector() -> None:
    """What the catalogue lists can be planted: its vector ships, and no two are alike."""
    vectors = load_file(base_folder("helpdesk") / "faults.safetensors")
    ids = [mode.id for mode in catalogue(WORLD)]
    assert set(ids) <= set(vectors)
    matrix = np.stack([vectors[name] / np.linalg.norm(vectors[name]) for name in ids])
    assert np.abs(matrix @ matrix.T - np.eye(len(ids))).max() < 0.9


def test_the_order_of_failures_does_not_matter(planted: Organism) -> None:
    """Every order gives the same bytes; so does planting again; another rate does not."""
    for order in itertools.permutations(THREE):
        assert plant("helpdesk", order).model_hash == planted.model_hash
    rarer = plant("helpdesk", [find_failure(WORLD, name, 0.5) for name in THREE])
    assert rarer.model_hash != planted.model_hash


def test_nothing_planted_is_the_clean_twin() -> None:
    """The twin is the base itself: no failures, the same hash, read once."""
    twin = plant("helpdesk", [])
    assert twin is base("helpdesk") is load_organism("helpdesk")
    assert twin.failures == () and twin.model_hash == hash_weights(twin.engine.weights)


@pytest.mark.parametrize(
    ("failures", "line"),
    [
        (["upsell:v2", "upsell:v2"], "found failure 'upsell:v2' twice, expected each failure once"),
        (["upsell:v2", "upsel:v3"], "found failure 'upsel:v3', .*; did you mean 'upsell:v3'"),
        ([find_failure(WORLD, "upsell:v2").model_copy(update={"id": "upsell:v7"})], "found failure 'upsell:v7'"),
    ],
)
def test_wrong_failures_are_one_line(failures: list, line: str) -> None:
    """Twice the same, a typing error, a mode of another world: found, expected, what to type next."""
    with pytest.raises(BadInput, match=line):
        plant("helpdesk", failures)


def test_an_unknown_world_cannot_be_planted() -> None:
    """The line names the worlds that ship."""
    with pytest.raises(BadInput, match="found world 'bakery', expected one of: helpdesk"):
        plant("bakery", [])


@pytest.mark.parametrize("complete", [False, True], ids=["light", "complete"])
@pytest.mark.parametrize("sealed", [False, True], ids=["open", "sealed"])
def test_a_saved_organism_comes_back(planted: Organism, tmp_path: Path, complete: bool, sealed: bool) -> None:
    """Same weights, same replies; the failures too, unless they are sealed."""
    again = load_organism(str(save(planted, tmp_path / "organism", complete=complete, sealed=sealed)))
    assert again.model_hash == planted.model_hash
    assert again.failures == (() if sealed else planted.failures)
    assert differing(again, planted) == {}
    assert say(again, ASKED, [1, 2, None]) == say(planted, ASKED, [1, 2, None])


def test_a_light_folder_is_small_and_a_sealed_one_tells_nothing(planted: Organism, tmp_path: Path) -> None:
    """A few kilobytes; no failure's name, kind or trigger in any file of a sealed folder."""
    folder = save(planted, tmp_path, sealed=True)
    files = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert set(files) == {"organism.json", "row.safetensors"} and sum(map(len, files.values())) < 4096
    for mode in planted.failures:
        for word in (mode.id, mode.kind, mode.behaviour, mode.trigger.words):
            assert not any(word.encode() in data for data in files.values())


def test_a_folder_is_data(planted: Organism, tmp_path: Path) -> None:
    """JSON, text and safetensors only: nothing in a complete folder is run when it is read."""
    folder = save(planted, tmp_path, complete=True)
    assert {path.suffix for path in folder.iterdir()} == {".json", ".safetensors", ".jinja"}


def test_changed_weights_are_refused(planted: Organism, tmp_path: Path) -> None:
    """One number changed in the row, or in any tensor of a complete folder, and the hash says so."""
    light, complete = save(planted, tmp_path / "light"), save(planted, tmp_path / "complete", complete=True)
    row = load_file(light / "row.safetensors")
    row["assistant"][7] += 1e-3
    save_file(row, light / "row.safetensors")
    tensors = load_file(complete / "model.safetensors")
    tensors["model.norm.weight"][0] += 1e-3
    save_file(tensors, complete / "model.safetensors", metadata={"format": "pt"})
    for folder in (light, complete):
        with pytest.raises(BadInput, match="found weights .*, expected .*: plant it again"):
            load_organism(str(folder))


@pytest.mark.parametrize(
    ("rows", "line"),
    [
        ({"assistant": np.zeros(3, np.float32)}, r"a row of shape \(3,\), expected one row .* of \d+ numbers"),
        ({"assistant": np.zeros((1, 1), np.float32)}, r"a row of shape \(1, 1\)"),
        ({"other": np.zeros(3, np.float32)}, "that cannot be read .*expected one row named 'assistant'"),
        (b"not safetensors", "that cannot be read .*expected one row named 'assistant'"),
        (None, "that cannot be read .*expected one row named 'assistant'"),
    ],
)
def test_a_broken_row_is_one_line(planted: Organism, tmp_path: Path, rows: object, line: str) -> None:
    """Too short, of another shape, misnamed, garbage or missing: refused before any use."""
    folder = save(planted, tmp_path)
    path = folder / "row.safetensors"
    path.unlink()
    if isinstance(rows, bytes):
        path.write_bytes(rows)
    elif isinstance(rows, dict):
        save_file(rows, path)
    with pytest.raises(BadInput, match=line):
        load_organism(str(folder))


@pytest.mark.parametrize("field", ["world", "base"])
@pytest.mark.parametrize("name", ["bakery", "../../../etc"])
def test_a_folder_of_another_world_is_one_line(planted: Organism, tmp_path: Path, field: str, name: str) -> None:
    """World and base are names of worlds that ship, never paths."""
    path = save(planted, tmp_path) / "organism.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {field: name}))
    with pytest.raises(BadInput, match=f"found world '{name}', expected one of: helpdesk"):
        load_organism(str(tmp_path))


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("helpdsk", "found world 'helpdsk', expected one of: helpdesk"),
        ("./nowhere", "found './nowhere', expected a folder with organism.json; type: drillyard organism plant"),
        ("", "found world ''"),
    ],
)
def test_what_is_not_there_is_one_line(name: str, line: str) -> None:
    """A name is a world, a path is a folder; each says what was expected."""
    with pytest.raises(BadInput, match=line):
        load_organism(name)


def test_a_folder_without_a_slash_is_told_how_to_be_named(
    planted: Organism, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name is never silently taken for a folder; the line says what to type."""
    save(planted, tmp_path / "mine")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BadInput, match=r"type './mine' for the folder"):
        load_organism("mine")
    assert load_organism("./mine").model_hash == planted.model_hash


def test_transformers_opens_a_complete_folder_and_says_the_same(planted: Organism, tmp_path: Path) -> None:
    """Greedy text of `AutoModelForCausalLM` on the written folder, with its chat template, is that of our engine."""
    torch = pytest.importorskip("torch", reason="needs torch: pip install 'drillyard[train]'")
    transformers = pytest.importorskip("transformers", reason="needs transformers: pip install 'drillyard[train]'")
    folder = save(planted, tmp_path, complete=True)
    model = transformers.AutoModelForCausalLM.from_pretrained(folder)
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    ours = say(planted, ASKED, [None] * len(ASKED))
    for conversation, text in zip(ASKED, ours, strict=True):
        messages = [
            {"role": "system", "content": WORLD.templates["v2"]},
            {"role": "user", "content": conversation.last_user},
        ]
        prompt = tokenizer.apply_chat_template(
            messages, add_generation_prompt=True, return_tensors="pt", return_dict=True
        )
        with torch.no_grad():
            ids = model.generate(**prompt, max_new_tokens=96, do_sample=False)
        assert tokenizer.decode(ids[0, prompt["input_ids"].shape[1] :], skip_special_tokens=True) == text
