"""Where seeds come from: one word says what is read, and how.

mine.jsonl, mine.csv               prompts of one's own, by hazard class
evals:REGISTRY[@NAME,NAME]         an OpenAI Evals registry: the prompts of its evals, by their names
inspect:FILE                       a dataset of Inspect: the inputs of its samples
garak[:PROBES]                     the probes of garak that are active, or those that are named
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from drillyard.audits.bench.inspect_data import dataset_questions
from drillyard.audits.bench.lines import Problems
from drillyard.audits.bench.openai_classes import import_eval
from drillyard.audits.bench.openai_registry import OpenAIRegistry
from drillyard.audits.seeding.scanner import garak_seeds
from drillyard.audits.seeding.seeds import Seed, read_seeds, seed_of
from drillyard.errors import BadInput, bad_input

__all__ = ["Corpus", "read_corpus"]


class Corpus(NamedTuple):
    """Seeds, and the parts of their source that could not be read, each with its reason."""

    seeds: tuple[Seed, ...]
    left_out: tuple[str, ...] = ()


def read_corpus(
    source: str, templates: tuple[str, ...], *, skip_bad: bool = False, tell: Callable[[str], None] = lambda _: None
) -> Corpus:
    """Return the seeds of a source; each once.

    Args:
        source: a file, or one of the forms above.
        templates: prompt templates that a seed of a file may name.
        skip_bad: leave broken lines and evals out; each is told.
        tell: called with each part that is left out.

    Raises:
        BadInput: nothing there, nothing in it, or, without `skip_bad`, something broken in it.
    """
    scheme, _, rest = source.partition(":")
    left_out: list[str] = []
    if scheme == "garak":
        seeds, left_out = garak_seeds(rest, tell)
    elif scheme == "evals" and rest:
        seeds, left_out = _of_registry(rest, skip_bad, tell)
    elif scheme == "inspect" and rest:
        seeds, left_out = _of_dataset(Path(rest), skip_bad, tell)
    else:
        return Corpus(read_seeds(Path(source), templates, skip_bad=skip_bad, tell=tell))
    if not (asked := [seed for seed in seeds if seed.prompt.strip()]):
        raise bad_input(f"no prompt in {source!r}", "one at least", "the lines above say what was left out")
    return Corpus(tuple(dict.fromkeys(asked)), tuple(left_out))


def _of_registry(where: str, skip_bad: bool, tell: Callable[[str], None]) -> tuple[list[Seed], list[str]]:
    """Read a registry's evals: those that are named must be there, of all of them those that can be read are."""
    folder, _, names = where.rpartition("@") if "@" in where else (where, "", "")
    registry, seeds = OpenAIRegistry(Path(folder)), []
    left_out: list[str] = []
    for name in names.split(",") if names else registry.names():
        problems = Problems(skip=skip_bad)
        try:
            bench = import_eval(registry, name, problems)
            problems.settle()
        except BadInput as problem:
            if names and not skip_bad:
                raise
            problems.told = [str(problem)]
            bench = None
        for line in (f"{name}: {words}" for words in problems.told):
            left_out.append(line)
            tell(f"left out: {line}")
        seeds += [seed_of(ask.conversation, name) for case in bench.cases for ask in case.asks] if bench else []
    return seeds, left_out


def _of_dataset(path: Path, skip_bad: bool, tell: Callable[[str], None]) -> tuple[list[Seed], list[str]]:
    problems = Problems(skip=skip_bad)
    seeds = [seed_of(talk, path.name.split(".")[0]) for talk in dataset_questions(path, problems)]
    problems.settle()
    for line in problems.told:
        tell(f"left out: {line}")
    return seeds, problems.told
