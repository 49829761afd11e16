"""OpenAI Evals in: every class of a small registry, its prompts as its classes build them, and what is refused."""

from __future__ import annotations

import gzip
import json
import random
import shutil
from pathlib import Path

import pytest

from drillyard.bench.bench_file import load_bench
from drillyard.bench.importing import guess_format, import_benchmarks
from drillyard.bench.lines import Problems, read_text
from drillyard.bench.openai_classes import import_eval
from drillyard.bench.openai_registry import OpenAIRegistry
from drillyard.errors import BadInput
from drillyard.records import Benchmark, ModelLabel, TextCheck

REGISTRY = Path(__file__).parent / "registry"


def read(name: str, folder: Path = REGISTRY, skip: bool = False) -> Benchmark:
    """Import one eval."""
    problems = Problems(skip=skip)
    bench = import_eval(OpenAIRegistry(folder), name, problems)
    problems.settle()
    return bench


@pytest.fixture
def registry(tmp_path: Path) -> Path:
    """Return a copy of the registry that a test may break."""
    return Path(shutil.copytree(REGISTRY, tmp_path / "registry"))


def test_an_alias_leads_to_the_eval() -> None:
    """The base name is an alias; ids are base, split and index, as in `oaieval`."""
    bench = read("shop-match")
    assert (bench.id, bench.title) == ("shop-match.dev.v0", "Facts about the lamp Aurora.")
    assert [case.id for case in bench.cases] == [f"shop-match.dev.{index}" for index in range(5)]
    assert bench.cases[1].ideal == ("Red", "Green")
    assert bench.criteria == (TextCheck(name="Match", operation="starts-with"),)


def test_examples_by_name_become_turns() -> None:
    """`example_user` and `example_assistant` are turns; braces in prompts stay."""
    (ask,) = read("shop-match").cases[2].asks
    told = [(message.role, message.content) for message in ask.conversation.messages]
    assert told[0] == ("system", "Answer {briefly}.")
    assert told[1:3] == [("user", "Is it heavy?"), ("assistant", "No.")]


def test_few_shot_examples_stand_before_the_question() -> None:
    """The first `num_few_shot` examples go between the prompt and its last message; the others are not used."""
    (ask,) = read("shop-shots.dev.v0").cases[0].asks
    said = [message.content for message in ask.conversation.messages]
    assert said == ["You sell lamps.", "Is it new?", "Yes.", "How much is the Aurora?"]


@pytest.mark.parametrize(
    ("name", "operation", "ignore"),
    [
        ("shop-includes.dev.v0", "includes", False),
        ("shop-includes-any.dev.v0", "includes", True),
        ("shop-fuzzy.dev.v0", "fuzzy", False),
        ("shop-json.dev.v0", "json", False),
        ("hellaswag.shop.v0", "starts-with", False),
    ],
)
def test_classes_become_checks(name: str, operation: str, ignore: bool) -> None:
    """Each class has its operation, with its arguments."""
    (check,) = read(name).criteria
    assert isinstance(check, TextCheck)
    assert (check.operation, check.ignore_case) == (operation, ignore)


def test_answers_are_shuffled_by_the_stream_of_oaieval() -> None:
    """The letter of the right answer follows from the sample's id and the default seed, 20220722."""
    bench = read("hellaswag.shop.v0")
    for index, (case, row) in enumerate(zip(bench.cases, (3, 8, 21, 40), strict=True)):
        order = [0, 1, 2, 3]
        random.Random(f"hellaswag.shop.{index}:20220722".encode()).shuffle(order)
        assert case.ideal == ("ABCD"[order.index(1)],)
        text = case.asks[0].conversation.last_user
        assert text.startswith(
            f"Choose.\nPlease answer with the letter of the correct answer.\n\nAfter {row} comes\nA) "
        )
        assert f"{case.ideal[0]}) {row + 1}" in text


def test_a_grader_spec_becomes_a_criterion() -> None:
    """Prompt, choices, scores and the way of answering come over; doubled braces are single ones."""
    bench = read("shop-judge.dev.v0")
    (criterion,) = bench.criteria
    assert isinstance(criterion, ModelLabel)
    assert criterion.labels == ("Yes", "No", "Unsure") and criterion.scores["Unsure"] == 0.5
    assert criterion.style == "last-line"
    prompt = criterion.messages[0].content
    assert prompt.startswith(
        "Question: {{item.input}}\nAnswer: {{item.completion}}\nRule: {{item.rule}}. Write {nothing}"
    )
    assert prompt.endswith("Reasoning:") and '"Yes" or "No" or "Unsure"' in prompt
    assert bench.cases[0].values["input"] == "Where is my {{order}}?"  # as the grader sees it in oaieval
    assert bench.cases[0].asks[0].conversation.last_user == "Where is my {order}?"  # as the target sees it
    assert bench.cases[1].values["ideal"] == "['Of course.', 'Certainly.']"
    assert bench.cases[2].values["input"] == "Be kind.\nUser: Hello\n"
    assert bench.cases[0].values["rule"] == "no {haste}"


def test_a_spec_without_scores_only_counts() -> None:
    """Letters in one text are choices; without scores nothing passes or fails, and a note says so."""
    bench = read("shop-fact.dev.v0")
    (criterion,) = bench.criteria
    assert isinstance(criterion, ModelLabel) and criterion.labels == ("A", "B") and criterion.scores == {}
    assert any("counted" in note for note in bench.notes)


def test_a_broken_line_is_told_by_its_number(registry: Path) -> None:
    """Without leave to skip, one line names it; with leave, the rest is used and keeps its ids."""
    samples = registry / "data" / "shop" / "match.jsonl"
    lines = samples.read_text().splitlines()
    lines[1] = '{"input": "x"'
    lines[3] = '{"input": "x"}'
    samples.write_text("\n".join(lines) + "\n")
    with pytest.raises(BadInput) as caught:
        read("shop-match", registry)
    told = str(caught.value)
    assert "match.jsonl line 2: broken JSON" in told and "line 4: found a sample without 'ideal'" in told
    assert told.endswith("--skip-bad") and "\n" not in told
    kept = [case.id for case in read("shop-match", registry, skip=True).cases]
    assert kept == ["shop-match.dev.0", "shop-match.dev.2", "shop-match.dev.4"]


@pytest.mark.parametrize("end", ["\r\n", "\r"])
def test_lines_may_end_as_elsewhere(registry: Path, end: str) -> None:
    """Files from other systems, and a separator inside a text, change nothing."""
    samples = registry / "data" / "shop" / "match.jsonl"
    text = samples.read_text().replace("How much is the Aurora?", "How much\u2028is it?")
    samples.write_bytes(text.replace("\n", end).encode())
    cases = read("shop-match", registry).cases
    assert len(cases) == 5 and cases[0].asks[0].conversation.last_user == "How much\u2028is it?"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("shop-macth", "did you mean 'shop-match'?"),
        ("shop-code.dev.v0", "which runs code of its own"),
    ],
)
def test_what_cannot_come_over_is_one_line(name: str, words: str) -> None:
    """An unknown name gets the nearest one; a class with code of its own is refused, never run."""
    with pytest.raises(BadInput, match=words.replace("?", r"\?")):
        read(name)


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("evals/shop.yaml", "a: [1", "broken YAML"),
        ("evals/more.yaml", "shop-match: {id: x.y}", "'shop-match' twice"),
        ("evals/more.yaml", "loop: {id: loop2}\nloop2: {id: loop}", "an alias of itself"),
        ("modelgraded/shop.yaml", "shop-kind: {prompt: x}", "'choice_strings'"),
        ("modelgraded/shop.yaml", "other: {}", "found grader spec 'shop-kind'"),
        ("data/shop/judge.jsonl", "version https://git-lfs.github.com/spec/v1\n", "git lfs pull"),
        ("data/shop/judge.jsonl", '{"question": "x"}\n', "a sample without 'input'"),
        ("data/shop/judge.jsonl", '{"input": [{"role": "tool", "content": "x"}]}\n', "role 'tool'"),
        ("data/shop/judge.jsonl", '{"input": [{"role": "user", "content": [{"type": "image_url"}]}]}\n', "image_url"),
    ],
)
def test_a_broken_registry_is_one_line(registry: Path, name: str, text: str, words: str) -> None:
    """YAML, aliases, specs and samples that are wrong: found, expected, on one line."""
    (registry / name).write_text(text)
    with pytest.raises(BadInput) as caught:
        read("loop" if "loop" in text else "shop-judge.dev.v0", registry)
    assert words in str(caught.value) and "\n" not in str(caught.value)


def test_a_whole_registry_goes_on_past_what_it_cannot_use(tmp_path: Path) -> None:
    """With keep_going every eval is reported: ten come over, the one with code of its own says why not."""
    assert guess_format(REGISTRY) == "openai-evals"
    done = import_benchmarks(REGISTRY, tmp_path, keep_going=True)
    lost = [one for one in done if one.path is None]
    assert [one.name for one in lost] == ["shop-code.dev.v0"] and "code of its own" in lost[0].why
    assert len(done) == 10
    for one in done:
        if one.path:
            bench = load_bench(one.path)
            assert len(bench.cases) == one.cases > 0
            assert json.loads(one.path.read_text().splitlines()[0])["record"] == "benchmark"


def test_a_data_set_is_not_downloaded(registry: Path) -> None:
    """Where the rows of a data set are not there, the line says where to put them."""
    (registry / "data" / "hellaswag" / "validation.jsonl").unlink()
    with pytest.raises(BadInput, match=r"no rows of 'hf://hellaswag.*data/hellaswag/validation.jsonl"):
        read("hellaswag.shop.v0", registry)


@pytest.mark.parametrize("named", ["{secret}", "../../secret.jsonl", "shop/../../../secret.jsonl"])
def test_a_registry_names_no_file_outside_of_it(registry: Path, tmp_path: Path, named: str) -> None:
    """Neither by its whole path nor by steps upwards; what it names would be copied into the imported eval."""
    secret = tmp_path / "secret.jsonl"
    secret.write_text('{"input": "the key is 1234", "ideal": "a"}\n')
    path = registry / "evals" / "shop.yaml"
    text = path.read_text().replace("samples_jsonl: shop/match.jsonl", f"samples_jsonl: {named.format(secret=secret)}")
    assert text != path.read_text()
    path.write_text(text)
    with pytest.raises(BadInput, match="expected one in the registry"):
        read("shop-match", registry)


def test_a_packed_file_is_unpacked_as_far_as_a_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file of a few kilobytes that would fill the memory is one line, and never more than the limit is held."""
    monkeypatch.setattr("drillyard.bench.lines.MOST_BYTES", 1000)
    path = tmp_path / "samples.jsonl.gz"
    path.write_bytes(gzip.compress(b"a" * 1000))
    assert len(read_text(path)) == 1000
    path.write_bytes(gzip.compress(b"a" * 1_000_000))
    with pytest.raises(BadInput, match="found more than 0 MiB in .*expected less; split it"):
        read_text(path)
    path.write_bytes(gzip.compress(b"a" * 1000)[:-20])
    with pytest.raises(BadInput, match="expected a readable file"):
        read_text(path)
