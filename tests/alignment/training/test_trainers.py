"""Trained techniques: they learn, they resume, peft and our engine mean the same by what they write."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from alignment.training.tiny_subject import CONFIG, TOKENIZER, WEIGHTS, lesson, margin, organism, setting, target

from drillyard.alignment.base import Lesson
from drillyard.errors import BadInput
from drillyard.organisms.engine.checkpoint import write_checkpoint
from drillyard.records.progress import Progress
from drillyard.registry import cards, resolve
from drillyard.targets.null import EchoTarget

torch = pytest.importorskip("torch", reason="needs torch: pip install 'drillyard[train]'")
for _name in ("transformers", "trl", "peft", "datasets"):
    pytest.importorskip(_name, reason=f"needs {_name}: pip install 'drillyard[train]'")
# peft and trl read properties of transformers that are about to be renamed.
pytestmark = pytest.mark.filterwarnings("ignore:.*is deprecated and will be removed:FutureWarning")

OFFLINE = ("sft", "dpo", "kto", "orpo")
ONLINE = ("grpo", "rlhf")
TINY = {"steps": 6, "batch": 4, "rank": 2, "learning_rate": 0.02}
SMALL = {**TINY, "batch": 8, "room": 6}


def technique(name: str, **options: Any) -> Any:
    """Return a technique by its card, so small that it takes a second."""
    if name == "rlhf":
        options = {"reward_steps": 4, **options}
    return resolve(cards("techniques")[name].target)(**{**(SMALL if name in ONLINE else TINY), **options})


@pytest.mark.parametrize("name", OFFLINE)
def test_a_few_steps_make_the_wanted_replies_more_probable(name: str) -> None:
    """Measured by our own engine, on the questions of the lesson; the target that was given stays as it was."""
    subject, told = target(), lesson()
    before, place = margin(subject, told), setting(strength=1.0)
    cost = technique(name, steps=12).fit(subject, told, place)
    changed = technique(name).apply(subject, place.folder)
    assert margin(changed, told) > before + 1
    assert margin(subject, told) == before
    assert changed.reference == f"organism/tiny+{name}"
    assert cost.tokens > 0 and cost.flops > 2 * cost.tokens * 1000 and cost.labels == 12 and cost.bytes > 0
    lines = [json.loads(line) for line in (place.folder / "curve.jsonl").read_text().splitlines()]
    assert lines[-1]["step"] == 12 and lines[-1]["loss"] < lines[0]["loss"]


@pytest.mark.parametrize("name", [*OFFLINE, "rlhf"])
def test_peft_opens_what_was_written_and_means_the_same(name: str) -> None:
    """Logits of peft's own model on transformers' own base, and of our engine with the adapter merged."""
    from peft import PeftModel

    from drillyard.organisms.training.train_torch import as_transformers

    place = setting()
    technique(name).fit(target(), lesson(), place)
    changed: Any = technique(name).apply(target(), place.folder)
    opened = PeftModel.from_pretrained(as_transformers(organism().engine), str(place.folder / "adapter")).eval()
    ids = [3, 9, 40, 7, 100]
    with torch.no_grad():
        theirs = opened(torch.tensor([ids])).logits[0].numpy()
    assert np.allclose(changed.organism.engine.logits(ids), theirs, atol=1e-3)
    if name in OFFLINE:
        assert not np.allclose(organism().engine.logits(ids), theirs, atol=1e-2)


class Killed(Exception):
    """Ends a fit without warning."""


def killer(at: int, of: int) -> Progress:
    """Return a progress that ends the fit at a step of the training that has `of` steps."""

    def step(words: str, done: int = 0, total: int = 0) -> None:
        if (done, total) == (at, of):
            raise Killed

    return step


@pytest.mark.walk
@pytest.mark.parametrize("name", [*OFFLINE, *ONLINE])
def test_a_killed_fit_resumes_to_the_same_weights(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed in its fourth step it goes on from the third, and ends with the same bytes, curve and token count."""
    monkeypatch.setattr("drillyard.organisms.training.lora_torch.SPARING", 0.0)
    whole, broken = setting(), setting()
    cost = technique(name).fit(target(), lesson(), whole)
    with pytest.raises(Killed):
        technique(name).fit(target(), lesson(), setting(broken.folder, told=killer(4, 6)))
    steps: list[tuple[int, int]] = []
    again = technique(name).fit(
        target(), lesson(), setting(broken.folder, told=lambda words, done, total: steps.append((done, total)))
    )
    assert steps == [(4, 6), (5, 6), (6, 6)]
    for file in ("adapter/adapter_model.safetensors", "adapter/adapter_config.json"):
        assert (broken.folder / file).read_bytes() == (whole.folder / file).read_bytes()
    if name in ONLINE:
        assert (broken.folder / "curve.jsonl").read_bytes() == (whole.folder / "curve.jsonl").read_bytes()
    assert again.tokens == cost.tokens
    assert not (broken.folder / "checkpoints").exists()


def test_a_finished_fit_is_not_done_again(tmp_path: Path) -> None:
    """The same order on the same folder returns the stored cost."""
    cost = technique("sft").fit(target(), lesson(), setting(tmp_path))
    again = technique("sft").fit(target(), lesson(), setting(tmp_path, told=lambda *_: pytest.fail("it trained on")))
    assert again == cost


@pytest.mark.parametrize("name", ONLINE)
def test_learning_from_rewards_is_watched(name: str) -> None:
    """The first line is the start, at no distance from itself; the advice stands beside the curve."""
    place = setting(strength=0.02)
    technique(name).fit(target(), lesson(), place)
    lines = [json.loads(line) for line in (place.folder / "curve.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines] == list(range(7))
    assert lines[0]["kl"] == 0 and lines[-1]["kl"] > 0
    assert all(0 <= line["gold"] <= 1 and 0 <= line["refusals"] <= 1 and 0 < line["length"] <= 6 for line in lines)
    assert {"stop", "parting", "reason", "curve"} == set(json.loads((place.folder / "watch.json").read_text()))


def test_a_model_of_ones_own_learns_the_same(tmp_path: Path) -> None:
    """The same weights as organism/… and as hf/… give the same adapter, and the given model stays as it was."""
    from drillyard.targets.local_torch import open_local

    base = tmp_path / "base"
    write_checkpoint(base, CONFIG, WEIGHTS, TOKENIZER)
    local = open_local(f"hf/{base}")
    before = {name: tensor.clone() for name, tensor in local.model.state_dict().items()}
    mine, theirs = setting(tmp_path / "mine"), setting(tmp_path / "theirs")
    technique("sft").fit(target(), lesson(), mine)
    technique("sft").fit(local, lesson(), theirs)
    file = "adapter/adapter_model.safetensors"
    assert (mine.folder / file).read_bytes() == (theirs.folder / file).read_bytes()
    assert json.loads((theirs.folder / "adapter/adapter_config.json").read_text())["base_model_name_or_path"] == str(
        base
    )
    changed: Any = technique("sft").apply(local, theirs.folder)
    ours: Any = technique("sft").apply(target(), mine.folder)
    ids = [3, 9, 40, 7, 100]
    with torch.no_grad():
        logits = changed.model(torch.tensor([ids])).logits[0].numpy()
    assert np.allclose(logits, ours.organism.engine.logits(ids), atol=1e-3)
    assert all(torch.equal(tensor, before[name]) for name, tensor in local.model.state_dict().items())
    opened = open_local(f"hf/{theirs.folder}/adapter")
    with torch.no_grad():
        assert np.allclose(opened.model(torch.tensor([ids])).logits[0].numpy(), logits, atol=1e-5)


def test_a_trained_model_can_be_trained_again(tmp_path: Path) -> None:
    """A chain: the second adapter belongs to the model that the first one made."""
    first, second = setting(tmp_path / "1"), setting(tmp_path / "2")
    technique("sft").fit(target(), lesson(), first)
    once = technique("sft").apply(target(), first.folder)
    technique("dpo").fit(once, lesson(), second)
    twice: Any = technique("dpo").apply(once, second.folder)
    assert twice.reference == "organism/tiny+sft+dpo"
    assert margin(twice, lesson()) > margin(once, lesson())  # type: ignore[arg-type]


@pytest.mark.parametrize("name", [*OFFLINE, *ONLINE])
def test_a_target_without_weights_is_one_line(name: str) -> None:
    """The line says which techniques would work."""
    with pytest.raises(
        BadInput, match=r"echo.*weights cannot be reached.*these work: guard, identity, .*sentence-rail"
    ):
        technique(name).fit(EchoTarget(), lesson(), setting())


@pytest.mark.parametrize("name", [*OFFLINE, *ONLINE])
def test_an_empty_lesson_is_one_line(name: str) -> None:
    """There is nothing to learn from."""
    with pytest.raises(BadInput, match=f"found no preferences, for {name}, expected pairs"):
        technique(name).fit(target(), lesson(0), setting())


def test_a_module_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    """Said before anything is trained or written; the line names what there is."""
    with pytest.raises(BadInput, match="no module 'c_attn' in the model, expected one of: embed_tokens, q_proj"):
        technique("dpo", target_modules=("c_attn",)).fit(target(), lesson(), setting(tmp_path / "out"))
    assert not (tmp_path / "out").exists()


def test_chosen_modules_alone_are_changed(tmp_path: Path) -> None:
    """Named modules and no others get an adapter."""
    technique("sft", target_modules=("q_proj",)).fit(target(), lesson(), setting(tmp_path))
    assert json.loads((tmp_path / "adapter/adapter_config.json").read_text())["target_modules"] == ["q_proj"]


@pytest.mark.parametrize(
    "change", [{"strength": 0.2}, {"seed": 2}, {"lesson": lesson(4)}], ids=["strength", "seed", "lesson"]
)
def test_a_folder_of_another_fit_is_refused(tmp_path: Path, change: dict[str, Any]) -> None:
    """Neither silently started afresh nor mixed."""
    technique("sft").fit(target(), lesson(), setting(tmp_path))
    told: Lesson = change.pop("lesson", lesson())
    with pytest.raises(BadInput, match=r"found another fit in .* \((strength|recipe|lesson)[.\w]*: .*the same"):
        technique("sft").fit(target(), told, setting(tmp_path, **change))


def test_a_folder_without_an_adapter_is_one_line(tmp_path: Path) -> None:
    """Nothing was fitted there."""
    with pytest.raises(BadInput, match="no adapter in .*, expected a folder that the technique was fitted into"):
        technique("sft").apply(target(), tmp_path)


def test_too_little_memory_says_what_to_lower(tmp_path: Path) -> None:
    """A rank for which no machine has the memory; the options are named as Python names them."""
    with pytest.raises(BadInput, match="too little memory for batch 4 rank 1099511627776, .*lower batch or rank"):
        technique("sft", rank=1 << 40).fit(target(), lesson(), setting(tmp_path))


def test_an_unknown_behaviour_to_penalise_is_one_line() -> None:
    """Said before anything is trained; groups are named first."""
    with pytest.raises(BadInput, match="behaviour 'rudeness', expected one of: manipulation, pressure"):
        technique("rlhf").fit(target(), lesson(penalise=("rudeness",)), setting())
