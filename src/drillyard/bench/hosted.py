"""Hosted Evals in: an eval with its runs and output items becomes a benchmark, and a list of what did not come over."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from drillyard.bench.hosted_export import HostedEval
from drillyard.bench.hosted_graders import read_grader
from drillyard.bench.hosted_rows import HostedRow, read_rows
from drillyard.bench.lines import Problems
from drillyard.bench.wording import quoted_by
from drillyard.errors import bad_input
from drillyard.records import BenchCase, Benchmark, Criterion

__all__ = ["Grader", "HostedRead", "import_hosted", "read_hosted"]


@dataclass(frozen=True, kw_only=True)
class Grader:
    """A grader as it was stored, and the criterion that it became; None: it did not come over."""

    stored: Mapping[str, Any]
    criterion: Criterion | None


@dataclass(frozen=True, kw_only=True)
class HostedRead:
    """A hosted eval as it was read: graders and rows with what became of each, and the cases."""

    hosted: HostedEval
    graders: tuple[Grader, ...]
    rows: tuple[HostedRow, ...]
    cases: tuple[BenchCase, ...]

    def bench(self, problems: Problems) -> Benchmark:
        """Return the benchmark. A grader that did not come over loses only itself.

        Raises:
            BadInput: no case came over.
        """
        name = self.hosted.name
        if not self.cases:
            expected = "runs with file_content, output items, or a list 'items', saved with the eval"
            raise bad_input(f"no case of {name!r}", expected, problems.told[0] if problems.told else "")
        return Benchmark(
            id=re.sub(r"[^\w.-]+", "-", name),
            title=str(self.hosted.definition.get("name") or ""),
            origin="hosted-evals",
            criteria=tuple(one.criterion for one in self.graders if one.criterion),
            notes=tuple(problems.told),
            cases=self.cases,
        )


def import_hosted(hosted: HostedEval, problems: Problems) -> Benchmark:
    """Return a hosted eval as a benchmark; what is lost is added to `problems`.

    What is asked is the run's `input_messages`; rows without any keep the stored reply.

    Raises:
        BadInput: no case comes over.
    """
    return read_hosted(hosted, problems).bench(problems)


def read_hosted(hosted: HostedEval, problems: Problems) -> HostedRead:
    """Read graders and rows; what is lost is added to `problems` by its name."""
    stored = hosted.definition["testing_criteria"]
    if not stored:
        problems.add(hosted.name, "its graders (testing_criteria) were not saved")
    read = [problems.attempt(hosted.name, functools.partial(_grader, grader)) for grader in stored]
    rows, cases = read_rows(hosted, problems)
    known = [_given(case) for case in cases]
    kept = [one and _filled(hosted, one, known, problems) for one in read]
    for row in rows:
        lacking = sorted({name for one in kept if one for name in quoted_by(one)} - _given(row.case))
        if row.case and lacking:
            problems.add(row.where, f"found a row without {', '.join(lacking)}, which graders quote: unknown to them")
    graders = tuple(Grader(stored=old, criterion=new) for old, new in zip(stored, _apart(kept), strict=True))
    return HostedRead(hosted=hosted, graders=graders, rows=tuple(rows), cases=tuple(cases))


def _grader(stored: Mapping[str, Any]) -> Criterion:
    """Return a grader's criterion. Raises `BadInput`, also where it quotes more of a sample than its text."""
    criterion = read_grader(stored)
    foreign = sorted(name for name in quoted_by(criterion) if name.startswith("sample."))
    if foreign := [name for name in foreign if name != "sample.output_text"]:
        expected = "sample.output_text: text is what is kept"
        raise bad_input(f"grader {criterion.name!r} that quotes {', '.join(foreign)}", expected)
    return criterion


def _given(case: BenchCase | None) -> set[str]:
    """Return what a row can fill in. Whether it has a reply is another matter, which is counted elsewhere."""
    return {"sample.output_text", *(f"item.{name}" for name in case.values)} if case else set()


def _filled(
    hosted: HostedEval, criterion: Criterion, known: Sequence[set[str]], problems: Problems
) -> Criterion | None:
    """Return a criterion that some row can fill; of another it is noted that it is lost."""
    names = quoted_by(criterion)
    if not known or any(names <= given for given in known):
        return criterion
    absent = sorted(name for name in names if not any(name in given for given in known)) or sorted(names)
    problems.add(hosted.name, f"grader {criterion.name!r} quotes {', '.join(absent)}, which no row has")
    return None


def _apart(criteria: Sequence[Criterion | None]) -> Iterator[Criterion | None]:
    """Give a grader whose name came before a number behind it: verdicts are kept by name."""
    seen: set[str] = set()
    for criterion in criteria:
        if criterion is None:
            yield None
            continue
        name, number = criterion.name, 1
        while name in seen:
            number += 1
            name = f"{criterion.name} {number}"
        seen.add(name)
        yield criterion.model_copy(update={"name": name})
