"""Evals in plain words: a question under a template, what a right reply says, and what it does not say.

They are checked as OpenAI Evals checks them (`bench.checks`), and leave as a registry that its `oaieval` runs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from drillyard.bench.checks import check_text
from drillyard.bench.export_registry import write_registry
from drillyard.bench.wording import lookup
from drillyard.organisms.worlds.world import World
from drillyard.records import BenchAsk, BenchCase, Benchmark, Conversation, Message, TextCheck

__all__ = ["MOST", "Eval", "as_benchmark", "export", "read_evals", "write_evals"]

MOST = 5
_PARTS = ("template", "question", "must", "must-not")
_CRITERIA = (
    TextCheck(name="says", operation="includes", ignore_case=True),
    TextCheck(name="does not say", operation="excludes", reference="{{item.must_not}}"),
)


@dataclass(frozen=True, kw_only=True)
class Eval:
    """One eval; `must` and `must_not` are words of a right reply, and may each be empty."""

    template: str
    question: str
    must: str
    must_not: str

    @property
    def complete(self) -> bool:
        """Whether it asks something and checks something."""
        return bool(self.question and (self.must or self.must_not))

    @property
    def begun(self) -> bool:
        """Whether anything but a template stands in it."""
        return bool(self.question or self.must or self.must_not)

    def passes(self, reply: str) -> bool:
        """Say whether a reply is right."""
        case = _case(self, "one", ())
        values = lookup(case, {case.asks[0].name: reply})
        return all(check_text(criterion, case, values) for criterion in _CRITERIA)


def read_evals(answers: Mapping[str, str]) -> tuple[Eval, ...]:
    """Return the evals of a form, complete or not."""
    return tuple(
        Eval(
            template=answers[f"eval-{at}-template"].replace("none", ""),
            question=answers[f"eval-{at}-question"],
            must=answers[f"eval-{at}-must"],
            must_not=answers[f"eval-{at}-must-not"],
        )
        for at in range(1, MOST + 1)
    )


def write_evals(evals: Sequence[Eval]) -> dict[str, str]:
    """Return the form in which evals stand, the others empty."""
    form = {f"eval-{at}-{part}": "" for at in range(1, MOST + 1) for part in _PARTS}
    for at, one in enumerate(evals, start=1):
        told = (one.template or "none", one.question, one.must, one.must_not)
        form |= {f"eval-{at}-{part}": text for part, text in zip(_PARTS, told, strict=True)}
    return form


def as_benchmark(evals: Sequence[Eval], world: World) -> Benchmark:
    """Return the complete evals as a benchmark, templates written out as system messages."""
    cases = []
    for at, one in enumerate(evals, start=1):
        if one.complete:
            told = (Message(role="system", content=world.templates[one.template]),) if one.template else ()
            cases.append(_case(one, f"eval-{at}", told))
    title = "Evals of what an audit found, written by hand"
    return Benchmark(id="my-evals", title=title, criteria=_CRITERIA, cases=tuple(cases))


def export(evals: Sequence[Eval], world: World) -> dict[str, str]:
    """Return an OpenAI Evals registry as files, by path, with a line on how it is run."""
    with TemporaryDirectory(prefix="drillyard-evals-") as folder:
        notes, command = write_registry(as_benchmark(evals, world), Path(folder))
        files = {
            path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8")
            for path in sorted(Path(folder).rglob("*"))
            if path.is_file()
        }
    how = command.replace(folder, ".")
    return {**files, "README.txt": "\n".join(["Run it, in this folder, with:", f"  {how}", *notes, ""])}


def _case(one: Eval, name: str, told: tuple[Message, ...]) -> BenchCase:
    asked = Conversation(messages=(*told, Message(role="user", content=one.question)))
    return BenchCase(
        id=name, asks=(BenchAsk(conversation=asked),), ideal=(one.must,), values={"must_not": one.must_not}
    )
