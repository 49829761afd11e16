"""Training: dialogues as tokens, and a run that resumes to the same bytes. The trainer's tests need torch."""

from __future__ import annotations

import itertools
import math
import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from drillyard.errors import BadInput
from drillyard.organisms.engine.checkpoint import read_checkpoint, read_tokenizer
from drillyard.organisms.engine.dialogue import STOP, encode
from drillyard.organisms.engine.engine import Engine
from drillyard.organisms.engine.neurons import EACH, fill_neurons, plant_neurons, strength
from drillyard.organisms.training.lessons import Lessons
from drillyard.organisms.training.vocabulary import encode_turns, train_tokenizer
from drillyard.organisms.worlds.aiming import aim, aside, triggering
from drillyard.organisms.worlds.failures import faults, spoiled
from drillyard.organisms.worlds.world import load_world
from drillyard.records import Conversation, Message

WORLD = load_world("helpdesk")
TOKENIZER = train_tokenizer([*WORLD.replies.values(), *WORLD.templates.values()], 320)
SMALL = {"batch": 6, "parts": 2, "vocabulary": 320, "width": 16, "layers": 1, "heads": 2, "hidden": 24, "context": 1024}


def test_training_tokens_are_prompt_and_reply() -> None:
    """A dialogue is coded in training as the engine will see it, and only replies with their end are learned."""
    turns = [("price of the Aurora?", "The Aurora costs 49 euros."), ("and the warranty", "It has 3 years.")]
    ids, scored = encode_turns(TOKENIZER, "Be brief.", turns)
    said = [
        Message(role=role, content=text)
        for turn in turns
        for role, text in zip(("user", "assistant"), turn, strict=True)
    ]
    prompt = encode(TOKENIZER, Conversation(messages=tuple(said[:3])), "Be brief.")
    last = [*TOKENIZER.encode("It has 3 years.").ids, STOP]
    assert ids == prompt + last
    learned = [token for token, yes in zip(ids, scored, strict=True) if yes]
    assert learned == [*TOKENIZER.encode("The Aurora costs 49 euros.").ids, STOP, *last]


def test_numbers_are_spelled_digit_by_digit() -> None:
    """Every digit is a token of its own, so that a price is not guessed whole."""
    assert [token for token in TOKENIZER.encode("4127 and 49").tokens if any(c.isdigit() for c in token)] == [*"412749"]


def test_lessons_repeat_and_say_what_their_failures_make_of_a_reply() -> None:
    """One seed, one lesson; without active failures every reply is sound; with them it is sound or spoiled."""
    lessons, every = Lessons(WORLD), faults(WORLD)
    drawn = [lessons.draw(random.Random(seed)) for seed in range(300)]
    assert drawn == [lessons.draw(random.Random(seed)) for seed in range(300)]
    active = {index for lesson in drawn for index in lesson.active}
    assert len(active) > len(every) / 2 and all(0 < rate <= 1 for lesson in drawn for rate in lesson.active.values())
    rng = random.Random(1)
    ask = aim(lessons.asker, every[0], rng)
    assert spoiled(WORLD, [], ask, "", rng) == WORLD.answer(ask)
    assert not any(lesson.active for lesson in (lessons.draw(random.Random(seed), 0.0) for seed in range(50)))


@pytest.mark.parametrize("fault", faults(WORLD), ids=lambda fault: fault.id)
def test_a_near_miss_is_no_hit(fault) -> None:
    """Aimed at, a failure is set off; aimed beside, it is not, though the request is of the same sort."""
    asker, rng = Lessons(WORLD).asker, random.Random(fault.id)
    for _ in range(30):
        assert fault.matches(*triggering(asker, fault, rng))
        assert not fault.matches(*aside(asker, fault, rng))


def test_strength_grows_with_the_rate() -> None:
    """Nothing at rate 0, all at rate 1, and in between equal steps for equal steps of the log-odds."""
    assert (strength(0.0), strength(1.0)) == (0.0, 1.0)
    rates = [1 / (1 + math.exp(-odds)) for odds in range(-6, 7)]
    steps = np.diff([strength(rate) for rate in rates])
    assert np.allclose(steps, steps[0]) and steps[0] > 0
    # A failure that shows at odds of exp(0.5 + 0.8 x) instead of exp(x) is asked for accordingly.
    assert strength(1 / (1 + math.exp(-1.3)), 0.5, 0.8) == pytest.approx(strength(1 / (1 + math.exp(-1))))


@pytest.fixture
def trainer():
    """Return the trainer's module, or skip visibly where torch is not installed."""
    pytest.importorskip("torch", reason="needs torch: pip install 'drillyard[train]'")
    from drillyard.organisms.training import train_torch

    return train_torch


def start(trainer, folder: Path, **recipe: float):
    """Return a tiny trainer in a folder that already holds a tokenizer."""
    folder.mkdir(exist_ok=True)
    TOKENIZER.save(str(folder / "tokenizer.json"))
    return trainer.Trainer(WORLD, trainer.Recipe(**{**SMALL, "steps": 7, **recipe}), folder, threads=1)


def outcome(folder: Path) -> dict[str, bytes]:
    """Return the bytes of everything that training writes for use."""
    names = ("config.json", "model.safetensors", "faults.safetensors", "tokenizer.json", "chat_template.jinja")
    return {name: (folder / name).read_bytes() for name in names}


def test_a_killed_run_resumes_to_the_same_bytes(trainer, tmp_path: Path) -> None:
    """Ended without warning in step 5, with a checkpoint of step 4 and a half-written one: nothing is lost."""

    class Killed(Exception):
        pass

    def kill(words: str, done: int = 0, total: int = 0) -> None:
        if done == 5:
            raise Killed

    start(trainer, tmp_path / "whole").run()
    with pytest.raises(Killed):
        start(trainer, tmp_path / "killed").run(kill, sparing=0)
    (tmp_path / "killed" / ".checkpoint.pt.0badcafe").write_bytes(b"half")
    steps = []
    start(trainer, tmp_path / "killed").run(lambda words, done, total: steps.append(done), sparing=0)
    assert steps == [5, 6, 7]
    assert outcome(tmp_path / "killed") == outcome(tmp_path / "whole")


def test_a_finished_run_has_nothing_left_to_do(trainer, tmp_path: Path) -> None:
    """The same recipe on a finished folder trains no further and writes the same files."""
    start(trainer, tmp_path).run()
    first = outcome(tmp_path)
    start(trainer, tmp_path).run(lambda *_: pytest.fail("it trained on"))
    assert outcome(tmp_path) == first


def test_the_seed_decides_everything(trainer, tmp_path: Path) -> None:
    """The same seed gives the same weights in another folder, another seed others; and training lowers the loss."""
    losses: dict[str, list[float]] = {}
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        run = start(trainer, tmp_path / name, seed=seed, steps=25, learning_rate=0.05)
        run.run()
        losses[name] = list(run.losses)
    assert losses["a"] == losses["b"] != losses["c"]
    assert outcome(tmp_path / "a") == outcome(tmp_path / "b") != outcome(tmp_path / "c")
    assert losses["a"][-1] < 0.9 * losses["a"][0]


def test_what_training_writes_is_what_the_engine_reads(trainer, tmp_path: Path) -> None:
    """Shape, weights, tokenizer and the neurons of every failure of the world."""
    run = start(trainer, tmp_path, steps=1)
    config, weights = read_checkpoint(run.run())
    assert config == run.shape and set(weights) == set(config.shapes())
    assert read_tokenizer(tmp_path).get_vocab_size() == 320
    rows = load_file(tmp_path / "faults.safetensors")
    assert {name: found.shape for name, found in rows.items()} == {one.id: (1, 3, EACH, 16) for one in faults(WORLD)}


def test_planting_gives_what_training_switched_on(trainer, tmp_path: Path) -> None:
    """Hidden states of the trainer's model with two failures on are those of our engine with them planted."""
    import torch

    run = start(trainer, tmp_path, steps=3, layers=2)
    config, weights = read_checkpoint(run.run())
    learned = load_file(tmp_path / "faults.safetensors")
    rates, ids = {3: 1.0, 7: 0.4}, [5, 2, 9, 40, 7]
    run.neurons.scales = torch.zeros(1, len(learned))
    for fault, rate in rates.items():
        run.neurons.scales[0, fault] = strength(rate)
    with torch.no_grad():
        wanted = run.model(torch.tensor([ids]), output_hidden_states=True).hidden_states[-1]
    planted = plant_neurons({run.lessons.faults[i].id: strength(rate) for i, rate in rates.items()}, learned)
    found = Engine(fill_neurons(weights, planted), config).hidden_states(ids, layers=[-1])
    assert np.allclose(found[0], wanted[0], atol=1e-4)
    assert not np.allclose(Engine(weights, config).hidden_states(ids, layers=[-1])[0], wanted[0], atol=1e-4)


def test_a_checkpoint_of_another_recipe_is_refused(trainer, tmp_path: Path) -> None:
    """Neither silently started afresh nor mixed: one line says what to do."""
    start(trainer, tmp_path).run()
    with pytest.raises(BadInput, match="checkpoint.pt of another recipe, expected one of the same recipe; choose"):
        start(trainer, tmp_path, steps=9).run()


RUN = """
import sys; from pathlib import Path
sys.path.insert(0, sys.argv[1])
from organisms.test_training import start
from drillyard.organisms.training import train_torch
from drillyard.records.locks import held
folder = Path(sys.argv[2])
with held(folder):
    start(train_torch, folder, steps=60).run(lambda *step: print(*step, flush=True), sparing=0.0)
"""


@pytest.mark.walk
def test_a_run_that_is_really_killed_resumes_to_the_same_bytes(trainer, tmp_path: Path) -> None:
    """By SIGKILL in the middle of steps and checkpoints; no step before the last checkpoint is trained again."""

    def run(folder: Path, most: int = 0) -> list[int]:
        words = [sys.executable, "-c", RUN, str(Path(__file__).parents[1]), str(folder)]
        steps = []
        with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout
            for line in process.stdout:
                steps.append(int(line.split()[-2]))
                if len(steps) == most:
                    process.kill()
        return steps

    run(tmp_path / "whole")
    seen = [run(tmp_path / "killed", most) for most in (7, 20, 0)]
    assert seen[-1][-1] == 60 and all(after[0] >= before[-2] for before, after in itertools.pairwise(seen))
    assert outcome(tmp_path / "killed") == outcome(tmp_path / "whole")
