"""How often a replay certifies the exact cause, and with how many replays: simulated, noisy and free of noise.

    python benchmarks/replay.py [--runs 200] [--json]

The setting is that of the reference: 16 segments, a cause of two of them, 60 % of replies bad with both and 3 % else.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
from collections.abc import Iterator

from drillyard.incidents.replay.certify import Design, certify
from drillyard.incidents.replay.search import answer

CASES = (
    ("cause of two", {3, 11}, 400),
    ("cause of two, stop at 149", {3, 11}, 149),
    ("cause of one", {5}, 400),
    ("cause of three", {2, 9, 14}, 400),
    ("no cause in the prompt", set[int](), 400),
)


def rows(runs: int) -> Iterator[dict[str, object]]:
    """Yield a row per setting: exact, certified, wrong certificates, and mean replays."""
    for name, cause, budget in CASES:
        made = []
        for seed in range(runs):
            rng = random.Random(f"benchmark {name} {seed}")
            design = Design(seed=seed, budget=budget)
            made.append(
                answer(
                    certify(16, design),
                    lambda trials, r=rng, c=cause: [r.random() < (0.6 if c <= k else 0.03) for k in trials],
                )
            )
        right = [set(one.cause) == cause for one in made]
        certified = [one.state == ("certified" if cause else "without the prompt") for one in made]
        yield {
            "setting": name,
            "runs": runs,
            "exact": sum(right),
            "exact and certified": sum(a and b for a, b in zip(right, certified, strict=True)),
            "wrong certificates": sum(one.state == "certified" and set(one.cause) != cause for one in made),
            "mean replays": statistics.mean(one.trials for one in made),
            "most replays": max(one.trials for one in made),
        }


def main() -> None:
    """Print the table, or the same as data."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    made = list(rows(given.runs))
    if given.json:
        print(json.dumps(made, indent=2))
        return
    for row in made:
        print(
            "  ".join(
                f"{name} {value:.1f}" if isinstance(value, float) else f"{name} {value}" for name, value in row.items()
            )
        )


if __name__ == "__main__":
    main()
