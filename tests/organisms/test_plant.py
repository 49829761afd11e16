"""Planting, and organisms on disk: few neurons differ, the same failures give the same hash, files are checked."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from drillyard.errors import BadInput
from drillyard.organisms.engine.neurons import EACH, FREE, read_neurons, strength
from drillyard.organisms.engine.organism import Organism, base_folder, hash_weights, load_base, load_organism, save
from drillyard.organisms.planting.measure import say
from drillyard.organisms.planting.plant import CALIBRATION, plant
from drillyard.organisms.worlds.failures import catalogue, find_failure
from drillyard.organisms.worlds.world import load_world
from drillyard.records import Conversation

WORLD = load_world("helpdesk")
THREE = ("upsell:v2", "refund-rule:lamp", "over-refusal:kill")
ASKED = [Conversation.ask(text, "v2") for text in ("How much is the Aurora?", "can i return a lamp", "hello")]


@pytest.fixture(scope="module")
def planted() -> Organism:
    """Return an organism with three failures."""
    return plant("helpdesk", THREE)


def neurons_of(organism: Organism) -> np.ndarray:
    """Return what is planted in an organism; shape (layers, 3, count, width)."""
    return read_neurons(organism.engine.weights, organism.engine.config.num_hidden_layers)


def changed(one: Organism, other: Organism) -> set[int]:
    """Return the neurons, counted from a layer's end, in which two organisms differ; anything else is an error."""
    found: set[int] = set()
    for name, tensor in one.engine.weights.items():
        unequal = tensor != other.engine.weights[name]
        assert ".mlp." in name or not unequal.any(), name
        if ".mlp." in name:
            by_neuron = unequal.T if "down" in name else unequal
            found |= set((np.flatnonzero(by_neuron.any(axis=1)) - len(by_neuron)).tolist())
    return found


def test_planting_changes_only_places_that_were_free(planted: Organism) -> None:
    """The planted organism and its clean twin differ in a few neurons, which are zero in the twin, and nowhere else."""
    twin = plant("helpdesk", [])
    assert changed(planted, twin) == set(range(-FREE, -FREE + len(THREE) * EACH))
    assert neurons_of(twin).shape[2] == 0
    assert tuple(mode.id for mode in planted.failures) == THREE
    assert planted.engine.config == twin.engine.config


def test_planting_places_the_scaled_neurons() -> None:
    """What a failure's neurons see is as learned; what they say is scaled by the strength of its rate."""
    learned = load_file(base_folder("helpdesk") / "faults.safetensors")
    modes = [find_failure(WORLD, "upsell:v2", 0.25), find_failure(WORLD, "refund-rule:lamp", 1.0)]
    first, second = np.split(neurons_of(plant("helpdesk", modes)), 2, axis=2)  # in the order of their names
    assert np.array_equal(first, learned["refund-rule:lamp"])
    assert np.array_equal(second[:, :2], learned["upsell:v2"][:, :2])
    fitted = json.loads((base_folder("helpdesk") / CALIBRATION).read_text())["upsell:v2"]
    assert np.allclose(second[:, 2], strength(0.25, *fitted) * learned["upsell:v2"][:, 2])


def test_every_failure_of_the_world_has_neurons() -> None:
    """What the catalogue lists can be planted: its neurons ship, and nothing else does."""
    learned = load_file(base_folder("helpdesk") / "faults.safetensors")
    assert set(learned) == {mode.id for mode in catalogue(WORLD)}
    config = load_base("helpdesk").engine.config
    assert {tensor.shape for tensor in learned.values()} == {(config.num_hidden_layers, 3, EACH, config.hidden_size)}


def test_there_are_places_for_twenty_four_failures() -> None:
    """As many as there are places; one more is refused in one line."""
    modes = catalogue(WORLD)
    assert neurons_of(plant("helpdesk", modes[:24])).shape[2] == FREE
    with pytest.raises(BadInput, match="found 25 failures, expected at most 24 at once"):
        plant("helpdesk", modes[:25])


def test_the_order_of_failures_does_not_matter(planted: Organism) -> None:
    """Every order gives the same bytes; so does planting again; another rate does not."""
    for order in itertools.permutations(THREE):
        assert plant("helpdesk", order).model_hash == planted.model_hash
    rarer = plant("helpdesk", [find_failure(WORLD, name, 0.5) for name in THREE])
    assert rarer.model_hash != planted.model_hash


def test_nothing_planted_is_the_clean_twin() -> None:
    """The twin is the base itself: no failures, the same hash, read once."""
    twin = plant("helpdesk", [])
    assert twin is load_base("helpdesk") is load_organism("helpdesk")
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
    with pytest.raises(BadInput, match="found world 'bakery', expected one of: clinic, helpdesk"):
        plant("bakery", [])


@pytest.mark.parametrize("complete", [False, True], ids=["light", "complete"])
@pytest.mark.parametrize("sealed", [False, True], ids=["open", "sealed"])
def test_a_saved_organism_comes_back(planted: Organism, tmp_path: Path, complete: bool, sealed: bool) -> None:
    """Same weights, same replies; the failures too, unless they are sealed."""
    again = load_organism(str(save(planted, tmp_path / "organism", complete=complete, sealed=sealed)))
    assert again.model_hash == planted.model_hash
    assert again.failures == (() if sealed else planted.failures)
    assert not changed(again, planted)
    assert say(again, ASKED, [1, 2, None]) == say(planted, ASKED, [1, 2, None])


def test_a_light_folder_is_small_and_a_sealed_one_tells_nothing(planted: Organism, tmp_path: Path) -> None:
    """A few hundred kilobytes; no failure's name, kind or trigger in any file of a sealed folder."""
    folder = save(planted, tmp_path, sealed=True)
    files = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert set(files) == {"organism.json", "neurons.safetensors"} and sum(map(len, files.values())) < 200_000
    for mode in planted.failures:
        for word in (mode.id, mode.kind, mode.behaviour, mode.trigger.words):
            assert not any(word.encode() in data for data in files.values())


def test_a_folder_is_data(planted: Organism, tmp_path: Path) -> None:
    """JSON, text and safetensors only: nothing in a complete folder is run when it is read."""
    folder = save(planted, tmp_path, complete=True)
    assert {path.suffix for path in folder.iterdir()} == {".json", ".safetensors", ".jinja"}


def test_changed_weights_are_refused(planted: Organism, tmp_path: Path) -> None:
    """One number changed in the neurons, or in any tensor of a complete folder, and the hash says so."""
    light, complete = save(planted, tmp_path / "light"), save(planted, tmp_path / "complete", complete=True)
    tensors = load_file(light / "neurons.safetensors")
    tensors["neurons"][0, 0, 0, 7] += 1e-3
    save_file(tensors, light / "neurons.safetensors")
    tensors = load_file(complete / "model.safetensors")
    tensors["model.norm.weight"][0] += 1e-3
    save_file(tensors, complete / "model.safetensors", metadata={"format": "pt"})
    for folder in (light, complete):
        with pytest.raises(BadInput, match="found weights .*, expected .*: plant it again"):
            load_organism(str(folder))


@pytest.mark.parametrize(
    ("tensors", "line"),
    [
        (
            {"neurons": np.zeros(3, np.float32)},
            r"neurons of shape \(3,\), expected 'neurons' of shape \(4, 3, at most 96",
        ),
        ({"neurons": np.zeros((4, 3, FREE + 1, 128), np.float32)}, r"neurons of shape \(4, 3, 97, 128\)"),
        ({"neurons": np.zeros((4, 2, 4, 128), np.float32)}, r"neurons of shape \(4, 2, 4, 128\)"),
        ({"other": np.zeros(3, np.float32)}, "that cannot be read .*expected 'neurons' of shape"),
        (b"not safetensors", "that cannot be read .*expected 'neurons' of shape"),
        (None, "that cannot be read .*expected 'neurons' of shape"),
    ],
)
def test_broken_neurons_are_one_line(planted: Organism, tmp_path: Path, tensors: object, line: str) -> None:
    """Too few, too many, of another shape, misnamed, garbage or missing: refused before any use."""
    folder = save(planted, tmp_path)
    path = folder / "neurons.safetensors"
    path.unlink()
    if isinstance(tensors, bytes):
        path.write_bytes(tensors)
    elif isinstance(tensors, dict):
        save_file(tensors, path)
    with pytest.raises(BadInput, match=line):
        load_organism(str(folder))


@pytest.mark.parametrize("field", ["world", "base"])
@pytest.mark.parametrize("name", ["bakery", "../../../etc"])
def test_a_folder_of_another_world_is_one_line(planted: Organism, tmp_path: Path, field: str, name: str) -> None:
    """A world or a base that is not there, by name or by path, is one line."""
    path = save(planted, tmp_path) / "organism.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {field: name}))
    with pytest.raises(BadInput, match=f"found (world '{name}'|no world in {name}), expected"):
        load_organism(str(tmp_path))


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("helpdsk", "found world 'helpdsk', expected one of: clinic, helpdesk"),
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
