"""What do policies reach on many desks of the drill "contain the oracle", and how long does a grading take?

    OMP_NUM_THREADS=1 python benchmarks/contain_the_oracle.py                a table of the fixes, and of a learner
    OMP_NUM_THREADS=1 python benchmarks/contain_the_oracle.py --json         the same as data
    OMP_NUM_THREADS=1 python benchmarks/contain_the_oracle.py --fixed 300    the best of so many policies for every desk
    python benchmarks/contain_the_oracle.py --desks 4 --fix reference        fewer desks, one fix; --fix is repeatable

Each desk is an instance of the drill, drawn from a seed of its own; each policy is held to its hidden year. Shown are
how many pass, and the median and, in brackets, the lowest and the highest of all desks.

The row `learner` is a script that has what a learner has, the files of the desk, and no seed: it takes the names that
only acted-on questions hold, looks up in the notes what these things are called next year, and tries settings on last
year until no more than a share of the allowed bits leaks. It is no part of the package.

`--fixed` draws policies without a desk's names: kinds, grids, noise, copies, budgets, and lists of words that the
package ships or that other desks used. It picks on the desks with odd numbers, and counts on those with even ones.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import statistics
import time
from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.progress import track
from rich.table import Table

from drillyard.containment.adversaries.case import OracleCase
from drillyard.containment.adversaries.trial import Bench
from drillyard.containment.gateway.policy import GatewayPolicy, policy_of
from drillyard.drills import load_kit
from drillyard.exercises.contain_the_oracle.key import best_settings, refusing
from drillyard.exercises.contain_the_oracle.solutions import FIXED, shipped_words

DIGITS = {"passed": 0, "score": 2, "value kept": 2, "bits leaked": 0, "moved": 2, "seconds": 1}
"""The figures of a policy on a desk, with the decimals that are shown."""
_WIDTH = 130
_APART = 10**17
"""Between the seeds of two desks: as long as real seeds are, so that none stands in a text by chance."""
_MARGIN = 0.75
"""The share of the allowed bits that the learner lets leak on last year: adversaries are up to a quarter stronger."""
_PLAIN = {"From", "January", "The", "We", "Some", "Whoever", "Our", "Names", "By"}
"""Words of the notes that begin with a capital and are no names."""
_FREE = {"bits": 1e6, "questions": 10**6}


def learned(shown: dict[str, str]) -> GatewayPolicy:
    """Return the policy of a learner who reads what the desk holds and tries it on last year."""
    case, start = OracleCase.from_json(shown["case.json"]), policy_of(shown["policy.yaml"])
    acted, plain = (
        {name for one in case.questions if bool(one.influence) == moves for name in _named(one.question.text)}
        for moves in (True, False)
    )
    known = acted - plain
    lines = [_named(line) - _PLAIN for line in shown["notes.md"].splitlines() if line.startswith("- ")]
    for _ in range(2):  # a by-name may stand beside the new name alone
        known |= {name for line in lines if line & known for name in line}
    first = {"grid_points": 5, "dither": 1, "day_step": 30, "spread": 0.3, "per_asker": _FREE}
    start = start.with_fields(name="learner", **first, **refusing(known))
    return best_settings(start, case, _MARGIN * case.limits.leaked_bits, every=1)


def _named(text: str) -> set[str]:
    """Return the words of a text that begin with a capital, but the first of a question."""
    return set(re.findall(r"(?<!^)\b[A-Z][a-z]+", text))


def measured(desks: int, chosen: Sequence[str]) -> dict[str, list[tuple[float, ...]]]:
    """Return the figures of each policy, one row for each desk."""
    kit = load_kit("contain-the-oracle")
    names = list(chosen) or [*(fix.name for fix in kit.fixes), "learner"]
    rows: dict[str, list[tuple[float, ...]]] = {name: [] for name in names}
    for number in track(range(1, desks + 1), "desks", console=Console(stderr=True)):
        exam = kit.materialise(f"desk-{number}", "containment-engineer", number * _APART + 3)
        handed_in = dict(kit.submissions(exam))
        if "learner" in names:
            policy = json.dumps(learned(dict(exam.shown)).model_dump(mode="json"))
            handed_in["learner"] = handed_in["starter"].model_copy(update={"policy": policy})
        for name in names:
            began = time.perf_counter()
            grade = kit.grade(exam, handed_in[name])
            seconds = time.perf_counter() - began
            trial = grade.trial
            figures = (grade.score, trial.value, trial.leaked_bits, max(0.0, trial.progress), seconds)
            rows[name].append((float(grade.passed), *figures))
    return rows


def find_best_fixed(desks: int, tries: int) -> dict[str, Any]:
    """Return the settings of the policy that holds on most desks, of many that know none of them."""
    exams = _desks(desks, first=10**6)  # none that anything else is measured on
    policies = draw_policies(exams, tries)
    benches = [Bench(exam.hidden, every=3) for exam in exams]
    shown = track(policies, "fixed policies", console=Console(stderr=True))
    holds = [sum(bench.trial(policy).holds for bench in benches) for policy in shown]
    return policies[max(range(tries), key=holds.__getitem__)].model_dump(mode="json")


def fixed(desks: int, tries: int) -> dict[str, Any]:
    """Return how the best of many policies that know no desk does on desks that it was not picked on."""
    exams = _desks(desks)
    policies = draw_policies(exams[::2], tries)
    benches = [Bench(exam.hidden, every=3) for exam in exams]
    holds = [
        [bench.trial(policy).holds for bench in benches]
        for policy in track(policies, "policies", console=Console(stderr=True))
    ]
    best = max(range(tries), key=lambda n: sum(holds[n][::2]))
    rates = sorted((sum(row) for row in holds), reverse=True)
    return {
        "policies": tries,
        "desks": desks,
        "best on odd desks": sum(holds[best][::2]),
        "of": len(exams[::2]),
        "the same on even desks": sum(holds[best][1::2]),
        "of those": len(exams[1::2]),
        "desks passed by the luckiest of all": rates[0],
        "policies that pass anywhere": sum(rate > 0 for rate in rates),
        "settings": policies[best].model_dump(mode="json"),
    }


def draw_policies(exams: Sequence[Any], tries: int) -> list[GatewayPolicy]:
    """Return policies for every desk: the one that once passed everywhere, and variations that may know these desks."""
    seen = sorted({name for exam in exams for one in exam.desk.subjects if one.goal for name in one.called})
    topics = exams[0].key.with_fields(topics=FIXED["topics"], per_asker=_FREE, steering={"limit": 0.5, "weights": {}})
    rng = random.Random(1)
    return [topics.with_fields(**FIXED), *(topics.with_fields(**_drawn(rng, seen)) for _ in range(tries - 1))]


def _desks(count: int, first: int = 1) -> list[Any]:
    kit = load_kit("contain-the-oracle")
    shown = track(range(first, first + count), "desks", console=Console(stderr=True))
    return [kit.materialise(f"desk-{n}", "containment-engineer", n * _APART % 2**62 + 3) for n in shown]


def _drawn(rng: random.Random, seen: Sequence[str]) -> dict[str, Any]:
    """Return the fields of a policy for every desk."""
    points, noise = rng.choice(((3, 0), (5, 1), (21, 3)))
    runs, quorum = rng.choice(((1, 1), (5, 3)))
    kinds = [kind for kind in ("binary", "grid", "category", "date") if rng.random() < 0.7] or ["category", "date"]
    words = rng.choice((None, shipped_words(), list(seen), rng.sample(shipped_words(), 5)))
    letters = "".join(rng.sample("bcdfghklmnprstv", rng.randint(3, 9)))
    rule = refusing(words) if words else {}
    if rng.random() < 0.25:  # names are drawn alike for what is acted on and what is not
        rule = {"forbidden": [{"name": "letters", "patterns": [rf"\bthe [{letters}]\w+ \w+"]}]}
    quota = rng.choice((8, 15, 25, 40, 60, 10**6))
    budget = {"per_asker": {"bits": 1e6, "questions": quota}}
    return {"grid_points": points, "dither": noise, "runs": runs, "quorum": quorum, "kinds": kinds, **rule, **budget}


def _cell(found: Sequence[float], digits: int) -> str:
    low, median, high = (f"{one:.{digits}f}" for one in found)
    return f"{median} ({low}–{high})"


def _table(rows: dict[str, list[tuple[float, ...]]], desks: int) -> Table:
    table = Table("policy", *DIGITS, title=f"{desks} desks: how many pass; median (lowest to highest)")
    for name, found in rows.items():
        columns = dict(zip(DIGITS, zip(*found, strict=True), strict=True))
        passed = f"{sum(columns.pop('passed')):.0f} of {desks}"
        cells = (
            _cell([f(column) for f in (min, statistics.median, max)], DIGITS[figure])
            for figure, column in columns.items()
        )
        table.add_row(name, passed, *cells)
    return table


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--desks", type=int, default=20)
    parser.add_argument("--fix", action="append", default=[], help="a fix, or learner")
    parser.add_argument("--fixed", type=int, default=0, metavar="TRIES")
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    if chosen.fixed:
        print(json.dumps(fixed(chosen.desks, chosen.fixed), indent=1))
        return
    rows = measured(chosen.desks, chosen.fix)
    if chosen.json:
        print(
            json.dumps({name: [dict(zip(DIGITS, row, strict=True)) for row in found] for name, found in rows.items()})
        )
        return
    Console(width=max(_WIDTH, Console().width)).print(_table(rows, chosen.desks))


if __name__ == "__main__":
    main()
