"""Where seeds come from: one word says what is read, and how.

mine.jsonl, mine.csv               prompts of one's own, by hazard class
evals:REGISTRY[@NAME,NAME]         an OpenAI Evals registry: the prompts of its evals, by their names
inspect:FILE                       a dataset of Inspect: the inputs of its samples
garak[:PROBES]                     the probes of garak that are active, or those that are named
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from drillyard.audits.seeding.scanner import garak_seeds
from drillyard.audits.seeding.seeds import Corpus, Seed, read_seeds, seed_of
from drillyard.bench.inspect_data import dataset_questions
from drillyard.bench.lines import Problems
from drillyard.bench.openai_classes import import_eval
from drillyard.bench.openai_registry import OpenAIRegistry
from drillyard.errors import BadInput, bad_input
from drillyard.records.progress import Progress, silent

__all__ = ["MOST", "read_corpus"]


MOST = 10_000
"""Prompts that are read of a registry or dataset, unless a budget is larger: a hunt asks no more than its budget."""


def read_corpus(
    source: str,
    templates: tuple[str, ...],
    *,
    skip_bad: bool = False,
    most: int = MOST,
    seed: int = 0,
    tell: Progress = silent,
) -> Corpus:
    """Return the seeds of a source; each once.

    Of a registry or a dataset at most `most` are drawn, as many of each eval; the rest is counted and not kept, so that
    memory is bounded by the largest file. What is wrong with rows that are not drawn is not told, but for broken JSON.

    Args:
        source: a file, or one of the forms above.
        templates: prompt templates that a seed of a file may name.
        skip_bad: leave broken lines and evals out; each is told.
        most: how many are drawn.
        seed: of the draw.
        tell: called with each part that is left out.

    Raises:
        BadInput: nothing there, nothing in it, or, without `skip_bad`, something broken in it.
    """
    scheme, _, rest = source.partition(":")
    left_out: list[str] = []
    drawn = _Drawn(skip_bad, most, seed, tell)
    if scheme == "garak":
        seeds, left_out = garak_seeds(rest, tell)
    elif scheme == "evals" and rest:
        seeds, left_out = _of_registry(rest, drawn)
    elif scheme == "inspect" and rest:
        seeds, left_out = _of_dataset(Path(rest), drawn)
    else:
        return Corpus(read_seeds(Path(source), templates, skip_bad=skip_bad, tell=tell))
    if not (asked := [seed for seed in seeds if seed.prompt.strip()]):
        raise bad_input(f"no prompt in {source!r}", "one at least", "the lines above say what was left out")
    return Corpus(tuple(dict.fromkeys(asked)), tuple(left_out), drawn.unread)


@dataclass
class _Drawn:
    """How rows are drawn, and how many were not."""

    skip_bad: bool
    most: int
    seed: int
    tell: Progress
    unread: int = 0

    def problems(self, parts: int = 1) -> Problems:
        """Return where one of so many parts of a source notes what is wrong, and draws its share."""
        return Problems(skip=self.skip_bad, most=max(1, self.most // parts), seed=self.seed)


def _of_registry(where: str, drawn: _Drawn) -> tuple[list[Seed], list[str]]:
    """Read a registry's evals: those that are named must be there, of all of them those that can be read are."""
    folder, _, names = where.rpartition("@") if "@" in where else (where, "", "")
    registry, seeds = OpenAIRegistry(Path(folder)), []
    left_out: list[str] = []
    chosen = names.split(",") if names else registry.names()
    for name in chosen:
        problems = drawn.problems(len(chosen))
        try:
            bench = import_eval(registry, name, problems)
            problems.settle()
        except BadInput as problem:
            if names and not drawn.skip_bad:
                raise
            problems.told = [str(problem)]
            bench = None
        drawn.unread += problems.unread if bench else 0
        for line in (f"{name}: {words}" for words in problems.told):
            left_out.append(line)
            drawn.tell(f"left out: {line}")
        seeds += [seed_of(ask.conversation, name) for case in bench.cases for ask in case.asks] if bench else []
    return seeds, left_out


def _of_dataset(path: Path, drawn: _Drawn) -> tuple[list[Seed], list[str]]:
    problems = drawn.problems()
    seeds = [seed_of(talk, path.name.split(".")[0]) for talk in dataset_questions(path, problems)]
    problems.settle()
    drawn.unread += problems.unread
    for line in problems.told:
        drawn.tell(f"left out: {line}")
    return seeds, problems.told
