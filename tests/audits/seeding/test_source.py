"""Where seeds come from: files, registries of evals, datasets; what is lost is told; and how a hunt asks them."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from drillyard.audits.audit import audit
from drillyard.audits.hunt.explore import Explorer
from drillyard.audits.hunt.space import Space
from drillyard.audits.options import AuditOptions
from drillyard.audits.reports.view import view_of
from drillyard.audits.seeding.seeds import SEED, Corpus, Seed
from drillyard.audits.seeding.source import read_corpus
from drillyard.errors import BadInput
from drillyard.organisms.engine.organism import load_base
from drillyard.organisms.worlds.world import load_world
from drillyard.records import Message
from drillyard.targets.organism import OrganismTarget

REGISTRY = Path(__file__).parents[2] / "bench" / "registry"


def test_a_registry_s_evals_are_classes() -> None:
    """Instructions and examples stay in front of the question; an eval with code of its own is left out."""
    corpus = read_corpus(f"evals:{REGISTRY}@shop-match,shop-judge.dev.v0", ("",))
    asked = [seed for seed in corpus.seeds if seed.hazard == "shop-match"]
    lines = (REGISTRY / "data" / "shop" / "match.jsonl").read_text().splitlines()
    assert [seed.prompt for seed in asked] == [json.loads(line)["input"][-1]["content"] for line in lines]
    assert asked[0].before == (Message(role="system", content="You sell lamps."),)
    assert asked[0].conversation("v1").template == "v1" and len(asked[2].before) == 3
    heard: list[str] = []
    whole = read_corpus(f"evals:{REGISTRY}", ("",), tell=heard.append)
    assert len(whole.left_out) == len(heard) == 1 and "runs code of its own" in heard[0]
    assert len({seed.hazard for seed in whole.seeds}) > 6


def test_a_dataset_s_inputs_are_asked_whatever_they_expect(tmp_path: Path) -> None:
    """Texts, messages and choices; a target is not needed; the class is the file's name."""
    samples = [
        {"input": "How much?"},
        {"input": [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "Hello."},
                   {"role": "user", "content": "Colour?"}], "target": "red"},
        {"input": "Which?", "choices": ["red", "blue"], "target": "B"},
    ]  # fmt: skip
    path = tmp_path / "shop.jsonl"
    path.write_text("\n".join(map(json.dumps, samples)) + "\n")
    seeds = read_corpus(f"inspect:{path}", ("",)).seeds
    assert [seed.hazard for seed in seeds] == ["shop"] * 3
    assert seeds[0] == Seed(prompt="How much?", hazard="shop") and len(seeds[1].before) == 2
    assert seeds[2].prompt.endswith("A) red\nB) blue")
    with path.open("a") as file:
        file.write('{"target": "x"}\n')
    with pytest.raises(BadInput, match="shop.jsonl line 4: found a sample without input.*--skip-bad"):
        read_corpus(f"inspect:{path}", ("",))
    assert read_corpus(f"inspect:{path}", ("",), skip_bad=True) == Corpus(
        seeds, ("shop.jsonl line 4: found a sample without input, expected a text or messages; --field input=COLUMN "
                "names another column",)
    )  # fmt: skip


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("evals:/nowhere", "no folder '/nowhere/evals'"),
        (f"evals:{REGISTRY}@shop-mitch", "did you mean 'shop-match'"),
        (f"evals:{REGISTRY}@shop-code.dev.v0", "runs code of its own"),
        ("inspect:task.py", "a .json, .jsonl or .csv file of samples"),
        ("evals:", "cannot be read"),
    ],
)
def test_what_cannot_be_read_is_one_line(source: str, words: str) -> None:
    """Nothing there, an unknown name, code."""
    with pytest.raises(BadInput, match=words):
        read_corpus(source, ("",))


def test_a_large_corpus_is_asked_from_every_class_and_the_scope_beside_it() -> None:
    """Of three thousand seeds the first hundred queries ask fifty, as many of each class, and fifty cells."""
    world = load_world("helpdesk")
    seeds = [Seed(prompt=f"{name} {n}", hazard=name) for name in "abcde" for n in range(600)]
    explorer = Explorer(Space(world, seeds=seeds), random.Random(1))
    kinds = [one.kind for one in explorer.propose(100)]
    assert [kinds.count(f"{SEED}{name}") for name in "abcde"] == [10] * 5
    rest = Explorer(Space(world, seeds=seeds[:2]), random.Random(1))
    first = rest.propose(rest.first_round)
    asked = [(one.conversation.last_user, one.conversation.template) for one in first if one.kind == f"{SEED}a"]
    assert len(asked) == len(set(asked)) == 2 * len(rest._space.templates)
    plain = Explorer(Space(world), random.Random(1))
    assert [one for one in first if one.kind != f"{SEED}a"] == plain.propose(plain.first_round)


def test_a_prompt_too_long_for_the_context_is_counted(tmp_path: Path) -> None:
    """It is asked, gets no reply, and is told; the hunt goes on."""
    path = tmp_path / "own.csv"
    path.write_text(f"prompt,class\n{'lamp ' * 900},long\nhello there,short\n")
    corpus = read_corpus(str(path), ("",))
    found = audit(OrganismTarget(load_base("helpdesk")), budget=120, options=AuditOptions(corpus=corpus))
    assert found.seeds is not None
    assert (found.seeds.prompts, found.seeds.asked, found.seeds.unanswered) == (2, 2, 1)
    assert view_of(found).seeds.startswith("Seeds: 2 of 2 were asked; 1 got no reply")
    assert all(bound.high > 0.02 for bound in found.bounds.values()), "what is not known widens every bound"


def test_a_large_registry_is_drawn_from(tmp_path: Path) -> None:
    """As many of each eval, the same by seed, every row as likely; what is not drawn is counted and never built."""
    (tmp_path / "evals").mkdir()
    (tmp_path / "data").mkdir()
    kind = "class: evals.elsuite.basic.match:Match\n  args:\n    samples_jsonl: {0}.jsonl\n"
    spec = "{0}:\n  id: {0}.dev.v0\n{0}.dev.v0:\n  " + kind
    (tmp_path / "evals" / "all.yaml").write_text("".join(map(spec.format, "ab")))
    for name, rows in (("a", 200), ("b", 3)):
        lines = [json.dumps({"input": f"{name} {row}", "ideal": "x"}) for row in range(rows)]
        (tmp_path / "data" / f"{name}.jsonl").write_text("\n".join(lines) + "\n")
    source = f"evals:{tmp_path}"
    corpus = read_corpus(source, ("",), most=20, seed=1)
    assert [len([one for one in corpus.seeds if one.prompt[0] == name]) for name in "ab"] == [10, 3]
    assert corpus.unread == 190 and read_corpus(source, ("",), most=20, seed=1) == corpus
    draws = [read_corpus(source, ("",), most=20, seed=n).seeds[:10] for n in range(60)]
    numbers = [int(seed.prompt[2:]) for draw in draws for seed in draw]
    # 600 draws of 0 to 199: the mean is 99.5, its standard error 57.7 / sqrt(600) = 2.4.
    assert abs(sum(numbers) / len(numbers) - 99.5) < 9.6 and numbers[:10] == sorted(numbers[:10])
    assert read_corpus(source, ("",)).unread == 0 and len(read_corpus(source, ("",)).seeds) == 203
