"""How hard copies of a drill are: what each fix scores over many of them, and how far single copies lie apart.

    python benchmarks/equal_forms.py [--drills a,b] [--copies 20] [--write] [--json]

Prints, per drill and level, over copies from public seeds: where the 90 % interval of a copy's mean difference from the
others ends (min, median, max over copies), and the share that ends beyond the margin of G10. With `--write`, what each
fix scores on average goes into `usual` of the drill's file, by which `drillyard create` judges G10.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
from pathlib import Path

import yaml

from drillyard import registry
from drillyard.drills import load_kit
from drillyard.drills.equality import MARGIN, equally_hard
from drillyard.drills.levels import at_level

SKIPPED = ("too-permissive-too-censored",)  # its wrong fixes are tried no further than to their fail
OF_A_LEVEL = ("failure-hunt", "contain-the-oracle")  # whose levels change what a fix scores
EXERCISES = Path(__file__).parents[1] / "src" / "drillyard" / "exercises"


def measure(drill: str, level: str, copies: int) -> list[dict[str, float]]:
    """Return what each fix scores on each copy that its right fixes pass."""
    kit, found = at_level(load_kit(drill), level), []
    for number in range(copies):
        exam = kit.materialise("copy", "measured", random.Random(f"{drill} {number}").getrandbits(61))
        scores = {name: kit.grade(exam, one).score for name, one in kit.submissions(exam).items()}
        if all(scores[fix.name] >= kit.drill.pass_mark for fix in kit.fixes if fix.verdict == "right"):
            found.append(scores)
    return found


def spread(copies: list[dict[str, float]]) -> list[float]:
    """Return, for each copy, where the wider end of its interval lies when it is held to the mean of the others."""
    ends = []
    for at, one in enumerate(copies):
        rest = [other for place, other in enumerate(copies) if place != at]
        gate = equally_hard(one, means(rest))
        apart = gate.estimates["apart"]
        ends.append(max(abs(apart.low), abs(apart.high)))
    return ends


def means(copies: list[dict[str, float]]) -> dict[str, float]:
    """Return what each fix scores on average."""
    return {name: round(statistics.fmean(one[name] for one in copies), 3) for name in copies[0]}


def write(drill: str, level: str, usual: dict[str, float]) -> None:
    """Put `usual` into a drill's file, at the end of the file or of a level, in place of an earlier one."""
    place = EXERCISES / drill.replace("-", "_") / "drill.yaml"
    text = place.read_text(encoding="utf-8")
    indent = "    " if level else ""
    line = f"{indent}usual: {yaml.safe_dump(usual, default_flow_style=True, width=10_000).strip()}\n"
    head, _, rest = text.partition(f"\n  {level}:\n") if level else ("", "", text)
    own = [one for one in rest.splitlines(keepends=True)]
    end = next((at for at, one in enumerate(own) if level and not one.startswith("    ")), len(own))
    kept = [one for one in own[:end] if not one.startswith(f"{indent}usual:")]
    made = "".join([*kept, line, *own[end:]])
    place.write_text(f"{head}\n  {level}:\n{made}" if level else made, encoding="utf-8")


def main() -> None:
    """Measure, print, and write where asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--drills", default=",".join(one for one in registry.cards("drills") if one not in SKIPPED))
    parser.add_argument("--copies", type=int, default=20)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    rows = []
    for drill in given.drills.split(","):
        stated = load_kit(drill).drill
        for level in ("", *(stated.levels if drill in OF_A_LEVEL else ())):
            copies = measure(drill, level, given.copies)
            ends = spread(copies)
            beyond = sum(end >= MARGIN for end in ends) / len(ends)
            row = {"drill": drill, "level": level or stated.level, "copies": len(copies), "fixes": len(copies[0])}
            row |= {"least": min(ends), "median": statistics.median(ends), "most": max(ends), "beyond": beyond}
            rows.append(row)
            if given.write:
                write(drill, level, means(copies))
            if not given.json:
                told = "  ".join(
                    f"{name} {value:.3f}" if isinstance(value, float) else f"{value}" for name, value in row.items()
                )
                print(told, flush=True)
    if given.json:
        print(json.dumps(rows))


if __name__ == "__main__":
    main()
