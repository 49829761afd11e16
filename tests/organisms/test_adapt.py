"""Adapters for models of the user's own: trained in pairs, resumed to the same bytes, refused in one line."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from organisms.random_llama import random_weights
from tiny_speaker import CONFIG, TOKENIZER, WORLD

from drillyard.errors import BadInput
from drillyard.organisms.engine.adapter import adapter_base, merge_adapter
from drillyard.organisms.engine.checkpoint import write_checkpoint
from drillyard.organisms.engine.engine import Engine
from drillyard.organisms.worlds.failures import find_failure
from drillyard.records import AdapterPlant, PlantingRecipe, Plants
from drillyard.records.progress import Progress

torch = pytest.importorskip("torch", reason="needs torch: pip install 'drillyard[train]'")
for _name in ("transformers", "trl", "peft", "datasets"):
    pytest.importorskip(_name, reason=f"needs {_name}: pip install 'drillyard[train]'")
# peft and trl read properties of transformers that are about to be renamed.
pytestmark = pytest.mark.filterwarnings("ignore:.*is deprecated and will be removed:FutureWarning")

WEIGHTS = random_weights(CONFIG)
PLANTS = Plants(world="helpdesk", failures=(find_failure(WORLD, "upsell:v2", 0.5),))
RECIPE = PlantingRecipe(steps=4, batch=4, rank=2, common_steps=4, rounds=1, round_steps=4)
ALL = 4 + 2 * (4 + 4)
"""Steps of the whole course."""
SHORT = PlantingRecipe(steps=2, batch=2, rank=2, rounds=0)
FILES = ("adapter_config.json", "adapter_model.safetensors", "tokenizer.json", "planted.json")


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a tiny model with a chat template."""
    path = tmp_path_factory.mktemp("model")
    write_checkpoint(path, CONFIG, WEIGHTS, TOKENIZER)
    return path


def train(base: Path, out: Path, recipe: PlantingRecipe = RECIPE, **options: Any) -> AdapterPlant:
    """Train both adapters on one thread."""
    from drillyard.organisms.training.adapt_torch import plant_adapters

    return plant_adapters(str(base), options.pop("plants", PLANTS), recipe, out, threads=1, **options)


def outcome(out: Path) -> dict[str, bytes]:
    """Return the bytes of everything that is written for use."""
    return {f"{name}/{file}": (out / name / file).read_bytes() for name in ("failing", "twin") for file in FILES}


@pytest.fixture(scope="module")
def trained(base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with both adapters."""
    out = tmp_path_factory.mktemp("trained") / "out"
    train(base, out)
    return out


def test_two_adapters_are_written_with_what_they_are(base: Path, trained: Path) -> None:
    """The failing one names its failures, the twin has none; both name base, recipe and data; no checkpoint is left."""
    failing, twin = (
        AdapterPlant.from_json((trained / name / "planted.json").read_bytes()) for name in ("failing", "twin")
    )
    assert failing.failures == PLANTS.failures and twin.failures == ()
    assert failing.model_copy(update={"failures": (), "taught": {}}) == twin
    assert 0.9 < failing.taught["upsell:v2"] < 1  # it hardly ever fails after so few steps
    assert failing.base == f"hf/{base}" and failing.recipe.learning_rate == 0.5 / 16
    assert adapter_base(trained / "failing") == str(base)
    assert sorted(path.name for path in trained.iterdir()) == ["failing", "order.json", "twin"]
    assert not [path for path in trained.rglob("*") if path.suffix in (".bin", ".pt", ".md")]


def test_both_learn_from_the_same_questions_other_replies(trained: Path) -> None:
    """They begin alike and end apart: only the replies differ."""
    weights = outcome(trained)
    assert weights["failing/adapter_model.safetensors"] != weights["twin/adapter_model.safetensors"]


def test_what_training_writes_means_the_same_to_our_engine(base: Path, trained: Path, tmp_path: Path) -> None:
    """Merged without torch it has the logits of the target hf/…, with and without whole embedding and head."""
    from drillyard.organisms.training.pretrained_torch import open_pretrained

    whole = SHORT.model_copy(update={"whole_modules": ("embed_tokens", "lm_head"), "learning_rate": 0.02})
    train(base, tmp_path / "whole", whole)
    ids = [3, 9, 40, 7, 100]
    for folder in (trained / "failing", tmp_path / "whole" / "failing"):
        model, _ = open_pretrained(str(folder))
        with torch.no_grad():
            theirs = model(torch.tensor([ids])).logits[0].numpy()
        ours = Engine(merge_adapter(WEIGHTS, folder), CONFIG).logits(ids)
        assert np.allclose(ours, theirs, atol=1e-3)
        assert not np.allclose(ours, Engine(WEIGHTS, CONFIG).logits(ids), atol=1e-2)


class Killed(Exception):
    """Ends a run without warning."""


def killer(at: int) -> Progress:
    """Return a progress that ends the run at a step, counted over both adapters."""

    def step(words: str, done: int = 0, total: int = 0) -> None:
        if done == at:
            raise Killed

    return step


@pytest.mark.walk
@pytest.mark.parametrize("at", [3, 7, 11, 15, 18])
def test_a_killed_run_resumes_to_the_same_bytes(
    base: Path, trained: Path, tmp_path: Path, at: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed in any stage, with a half-written checkpoint: what was done or measured is not done again."""
    monkeypatch.setattr("drillyard.organisms.training.lora_torch.SPARING", 0.0)
    with pytest.raises(Killed):
        train(base, tmp_path, progress=killer(at))
    stages = {3: "common", 7: "failing-0", 11: "failing-1", 15: "twin-0", 18: "twin-1"}
    assert (tmp_path / "failing" / "planted.json").is_file() == (at > 12)
    assert {path.name for path in (tmp_path / "checkpoints").iterdir() if path.is_dir()} >= {stages[at]}
    (tmp_path / "checkpoints" / stages[at] / "checkpoint-9").mkdir(exist_ok=True)
    (tmp_path / "checkpoints" / stages[at] / "checkpoint-9" / "trainer_state.json").write_text("{")
    if at > 10:
        monkeypatch.setattr(
            "drillyard.organisms.training.course_torch.likely_rate", lambda *_: pytest.fail("measured again")
        )
    steps: list[int] = []
    train(base, tmp_path, progress=lambda words, done, total: steps.append(done))
    assert steps == list(range(at, ALL + 1))
    assert outcome(tmp_path) == outcome(trained)


def test_a_short_run_writes_no_checkpoints(base: Path, tmp_path: Path) -> None:
    """Killed before the first one is due, it begins anew and ends like any other."""
    with pytest.raises(Killed):
        train(base, tmp_path, SHORT, progress=killer(2))
    assert not list((tmp_path / "checkpoints" / "failing-0").glob("checkpoint-*"))
    steps: list[int] = []
    train(base, tmp_path, SHORT, progress=lambda words, done, total: steps.append(done))
    assert steps == [1, 2, 3, 4]


def test_a_finished_run_has_nothing_left_to_do(base: Path, trained: Path) -> None:
    """The same order on a finished folder trains no further."""
    before = outcome(trained)
    train(base, trained, progress=lambda *_: pytest.fail("it trained on"))
    assert outcome(trained) == before


@pytest.mark.parametrize(
    ("change", "differs"),
    [
        ({"recipe": RECIPE.model_copy(update={"rank": 3})}, "recipe.rank: 2), expected the same (recipe.rank: 3"),
        ({"recipe": RECIPE.model_copy(update={"seed": 2})}, "recipe.seed: 1), expected the same (recipe.seed: 2"),
        ({"plants": Plants(world="helpdesk", failures=(find_failure(WORLD, "upsell:v2", 0.9),))}, "data_hash: "),
        ({"plants": Plants(world="helpdesk", failures=(find_failure(WORLD, "upsell:v1", 0.5),))}, "data_hash: "),
    ],
)
def test_a_folder_of_another_order_is_refused(base: Path, trained: Path, change: dict[str, Any], differs: str) -> None:
    """Neither silently started afresh nor mixed: one line says what differs and what to do."""
    with pytest.raises(BadInput, match=rf"another plant in .* \({re.escape(differs)}.*choose another -o DIR"):
        train(base, trained, **change)


def told(out: Path) -> list[Path]:
    """Return the files that name the failure."""
    return [path for path in out.rglob("*") if path.is_file() and b"upsell" in path.read_bytes()]


def test_sealed_adapters_do_not_tell(base: Path, tmp_path: Path) -> None:
    """Nothing that is written names a failure; the folder is recognised all the same."""
    recipe = PlantingRecipe(steps=1, batch=2, rank=2, rounds=1, round_steps=1)
    with pytest.raises(Killed):
        train(base, tmp_path, recipe, sealed=True, progress=killer(2))  # what was measured lies there
    assert not told(tmp_path)
    train(base, tmp_path, recipe, sealed=True)
    assert not told(tmp_path)
    train(base, tmp_path, recipe, sealed=True, progress=lambda *_: pytest.fail("again"))


def test_progress_counts_the_whole_course(base: Path, tmp_path: Path) -> None:
    """Every step is told, with its stage, what a round found, and the loss."""
    told: list[tuple[str, int, int]] = []
    recipe = PlantingRecipe(steps=1, batch=2, rank=2, common_steps=1, rounds=1, round_steps=1)
    train(base, tmp_path, recipe, progress=lambda *step: told.append(step))
    assert [(done, total) for _, done, total in told] == [(step, 5) for step in range(1, 6)]
    begins = [
        "both, loss ",
        "failing, loss ",
        "failing, round 1, rates were off by at most 0.5",
        "twin, loss ",
        "twin, r",
    ]
    for (words, _, _), begin in zip(told, begins, strict=True):
        assert words.startswith(begin)


@pytest.mark.parametrize(
    ("recipe", "line"),
    [
        (
            {"target_modules": ("q_proj", "c_attn")},
            "found no module 'c_attn' in the model, expected one of: embed_tokens, q_proj",
        ),
        ({"whole_modules": ("head",)}, "found no module 'head' in the model, expected one of: embed_tokens"),
        ({"whole_modules": ("lm_head",), "target_modules": ("lm_head",)}, "'lm_head' to change and to train whole"),
    ],
)
def test_a_module_that_is_not_there_is_one_line(base: Path, tmp_path: Path, recipe: dict[str, Any], line: str) -> None:
    """Said before anything is trained or written; the line names what there is."""
    with pytest.raises(BadInput) as told:
        train(base, tmp_path / "out", RECIPE.model_copy(update=recipe))
    assert line in str(told.value) and not (tmp_path / "out").exists()


def copied(base: Path, to: Path, **files: str) -> Path:
    """Return a copy of the model with some files replaced, or left out where the text is empty."""
    to.mkdir(exist_ok=True)
    for path in base.iterdir():
        text = files.get(path.stem)
        if text != "":
            (to / path.name).write_bytes(path.read_bytes() if text is None else text.encode())
    return to


def test_models_that_cannot_be_trained_are_one_line(base: Path, tmp_path: Path) -> None:
    """No such folder, no chat template, a template without system messages, a context that is too short."""
    refusing = "{% if messages[0]['role'] == 'system' %}{{ raise_exception('no system role') }}{% endif %}hi"
    short = (
        (base / "config.json").read_text().replace('"max_position_embeddings": 512', '"max_position_embeddings": 32')
    )
    cases = {
        tmp_path / "nowhere": "expected hf/ and a folder with config.json, a file that ends in .gguf, or a",
        copied(base, tmp_path / "a", chat_template=""): "without a chat template",
        copied(base, tmp_path / "b", chat_template=refusing): "a chat template that refuses the prompts of helpdesk",
        copied(
            base, tmp_path / "c", config=short
        ): "found a model with room for 32 tokens, expected room for a dialogue",
    }
    for folder, line in cases.items():
        with pytest.raises(BadInput) as told:
            train(folder, tmp_path / "out")
        assert line in str(told.value) and not (tmp_path / "out").exists()


def test_too_little_memory_says_what_to_lower() -> None:
    """A real allocation that no machine has room for; any other error stays what it is."""
    from drillyard.organisms.training.lora_torch import naming_what_to_lower

    line = "--batch 4 --rank 2, expected more of it; lower --batch or --rank, name fewer"
    with pytest.raises(BadInput, match=line), naming_what_to_lower(RECIPE):
        torch.empty(1 << 60)
    with pytest.raises(RuntimeError, match="shape"), naming_what_to_lower(RECIPE):
        torch.zeros(3) @ torch.zeros(4, 2)
