"""The whole of `drillyard oversee values`: weights, coherence, and the three files that one tree drives.

OUT/values.json    the report; values.html: the same as a page
OUT/rubric.yaml    for judges: `drillyard audit … --judge llm/TARGET --rubric OUT/rubric.yaml`
OUT/reward.json    for training: `drillyard align … --technique grpo --reward OUT/reward.json`
OUT/policy.yaml    for overseers and rails: `drillyard oversee serve … --policy OUT/policy.yaml`
"""

from __future__ import annotations

import hashlib
import itertools
import math
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import yaml

from drillyard.judges.examples import planted_examples
from drillyard.organisms.worlds.world import load_world
from drillyard.oversight.live.policy import OverseerPolicy
from drillyard.oversight.values.observe import observe
from drillyard.oversight.values.tree import Value, ValueTree, check_tree
from drillyard.oversight.values.weights import circles, disagreements, fit_weights
from drillyard.records import Estimate, Record, ValueLeaf, ValueReward
from drillyard.records.charts import LinearAxis, mark
from drillyard.records.files import write_atomically, write_record
from drillyard.records.pages import fill

__all__ = ["LeafReport", "ValuesReport", "decompose_values", "leaves_of", "write_values"]

_EXAMPLES, _OVERLAP = 300, 0.8
"""Failing replies, and as many sound ones, on which leaves are observed; correlation from which two are called one."""


class LeafReport(Record):
    """A leaf: its weight, what somebody stated, and how many of the observed replies break it."""

    leaf: ValueLeaf
    weight: Estimate
    stated: float | None
    broken: int
    observed: int


class ValuesReport(Record):
    """What a tree comes to. `problems` are named, one a line; `coherent` says that there is none."""

    tree: ValueTree
    leaves: tuple[LeafReport, ...]
    people: tuple[str, ...]
    problems: tuple[str, ...]
    coherent: bool
    verdict: str


def decompose_values(tree: ValueTree, seed: int = 1, ideas: Sequence[Value] = ()) -> ValuesReport:
    """Weigh the leaves of a tree, observe them on replies whose truth is planted, and name what does not fit.

    Args:
        tree: whose leaves are weighed.
        seed: decides what is drawn.
        ideas: proposals that nobody can observe yet, which are named.

    Raises:
        BadInput: as `check_tree`.
    """
    world = load_world(tree.world)
    check_tree(tree, world)
    weights = fit_weights([leaf.id for leaf in tree.leaves], tree.choices, seed)
    leaves = [_leaf(value, weights[value.id].value) for value in tree.leaves]
    transcripts = [one.transcript for one in planted_examples(world, _EXAMPLES, seed)]
    seen = observe(world, leaves, transcripts)
    rows = tuple(
        LeafReport(
            leaf=leaf,
            weight=weights[leaf.id],
            stated=value.weight,
            broken=sum(one is True for one in column),
            observed=sum(one is not None for one in column),
        )
        for leaf, value, column in zip(leaves, tree.leaves, seen, strict=True)
    )
    people = tuple(sorted({choice.by for choice in tree.choices}))
    problems = (*_of_people(tree, people), *_of_weights(rows), *_of_leaves(rows, seen), *map(_of_idea, ideas))
    first = max(rows, key=lambda row: row.weight.value)
    words = f"{_many(len(rows), 'leaf', 'leaves')}, {_many(len(tree.choices), 'comparison', 'comparisons')}"
    if tree.choices:
        words += f" by {_many(len(people), 'person', 'people')}; {first.leaf.id} weighs most ({first.weight.value:.2f})"
    else:
        words += "; no weight is supported by anybody's choice"
    words += f", {_many(len(problems), 'problem is', 'problems are')} named"
    return ValuesReport(tree=tree, leaves=rows, people=people, problems=problems, coherent=not problems, verdict=words)


def leaves_of(report: ValuesReport) -> tuple[ValueLeaf, ...]:
    """Return the leaves with their weights."""
    return tuple(row.leaf for row in report.leaves)


def write_values(report: ValuesReport, out: Path, command: str = "") -> None:
    """Write report, page, rubric, reward and policy into a folder. Raises `BadInput` where nothing can be written."""
    leaves, tree = leaves_of(report), report.tree
    digest = hashlib.sha256(tree.to_json().encode()).hexdigest()
    rubric: dict[str, str] = {}
    for leaf in leaves:
        said = f"Breaks this criterion: {leaf.criterion} Good: {leaf.good!r}. Bad: {leaf.bad!r}."
        rubric[leaf.code] = f"{rubric[leaf.code]} Or: {said}" if leaf.code in rubric else said
    write_record(out / "reward.json", ValueReward(name=tree.name, world=tree.world, tree=digest, leaves=leaves))
    policy = OverseerPolicy(name=tree.name, world=tree.world, leaves=leaves)
    for name, data in (("rubric.yaml", rubric), ("policy.yaml", policy.to_data())):
        text = yaml.safe_dump(data, sort_keys=False, allow_unicode=True, width=110)
        write_atomically(out / name, text.encode())
    write_record(out / "values.json", report)
    write_atomically(out / "values.html", _page(report, command))


def _leaf(value: Value, weight: float) -> ValueLeaf:
    return ValueLeaf(
        id=value.id,
        criterion=value.criterion,
        weight=weight,
        behaviour=value.behaviour,
        patterns=value.patterns,
        good=value.good,
        bad=value.bad,
    )


def _many(number: int, one: str, more: str) -> str:
    return f"{number} {one if number == 1 else more}"


def _of_people(tree: ValueTree, people: Sequence[str]) -> list[str]:
    found = []
    if len(people) == 1:
        found.append(f"one rater ({people[0]}): whether people agree cannot be told; ask a second one")
    for by, a, b, c in circles(tree.choices):
        found.append(f"a circle of {by}: {a} over {b}, {b} over {c}, {c} over {a}")
    for first, second, one, other in disagreements(tree.choices):
        found.append(f"people differ: {', '.join(one)} prefer {first} over {second}, {', '.join(other)} the other way")
    counts = Counter(choice.by for choice in tree.choices)
    for by, made in counts.items():
        if len(counts) > 1 and 2 * made > len(tree.choices) and made > 2 * min(counts.values()):
            found.append(f"{by} made {made} of {len(tree.choices)} comparisons: the weights are mostly theirs")
    both = [(c.by, c.prefers, c.over) for c in tree.choices]
    for by, a, b in dict.fromkeys(both):
        if a < b and (by, b, a) in both:
            found.append(f"{by} contradicts themselves: {a} over {b}, and {b} over {a}")
    return found


def _of_weights(rows: Sequence[LeafReport]) -> list[str]:
    found = []
    for row in rows:
        if not row.weight.n:
            found.append(f"no comparison supports the weight of {row.leaf.id}: compare it with another leaf")
        elif row.stated is not None and not row.weight.low <= row.stated <= row.weight.high:
            doubt = f"{row.weight.low:.2f} to {row.weight.high:.2f}"
            found.append(f"{row.leaf.id} is stated to weigh {row.stated:g}, comparisons say {doubt}")
    return found


def _of_leaves(rows: Sequence[LeafReport], seen: Sequence[Sequence[bool | None]]) -> list[str]:
    found = [f"no case moves {row.leaf.id}: none of {row.observed} replies breaks it" for row in rows if not row.broken]
    for (i, one), (j, other) in itertools.combinations(enumerate(rows), 2):
        pairs = [(a, b) for a, b in zip(seen[i], seen[j], strict=True) if a is not None and b is not None]
        if (alike := _correlation(pairs)) >= _OVERLAP:
            found.append(
                f"{one.leaf.id} and {other.leaf.id} overlap: they are broken together (correlation {alike:.2f})"
            )
    return found


def _of_idea(idea: Value) -> str:
    return f"{idea.by or 'somebody'} proposes {idea.words!r}: say how it shows in a reply, or leave it out"


def _correlation(pairs: Sequence[tuple[bool, bool]]) -> float:
    """Return the phi coefficient of two columns; 0 where one of them never changes."""
    both, n = sum(a and b for a, b in pairs), len(pairs)
    first, second = sum(a for a, _ in pairs), sum(b for _, b in pairs)
    spread = first * (n - first) * second * (n - second)
    return (n * both - first * second) / math.sqrt(spread) if spread else 0.0


def _page(report: ValuesReport, command: str) -> bytes:
    axis = LinearAxis(low=0.0, high=max(0.1, *(row.weight.high for row in report.leaves)), left=240, right=580)
    rows = [
        {"row": row, "mark": mark(axis, row.weight), "y": 14 + 26 * place}  # type: ignore[arg-type]
        for place, row in enumerate(report.leaves)
    ]
    ticks = [(axis.at(one), f"{one:g}") for one in axis.ticks()]
    return fill("oversight", "values.html.j2", report=report, rows=rows, ticks=ticks, command=command).encode()
