"""Psychometrics beside a peer, and refinement on planted truth.

    python benchmarks/psychometrics.py              all but the peer's slow fit, some three minutes on one core
    python benchmarks/psychometrics.py --peer       the peer (girth) on 5,000 × 100 as well: most of a minute more
    python benchmarks/psychometrics.py --json       the same as data

Nothing here is a learner: answers are drawn from known abilities and items, so every figure can be held to the truth.
Seconds are processor seconds, on one thread with OMP_NUM_THREADS=1.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable

import girth
import numpy as np

from drillyard.psychometrics.ability import abilities
from drillyard.psychometrics.analysis import analyse
from drillyard.psychometrics.bank import Bank, bank_of
from drillyard.psychometrics.classical import persons_for_correlation
from drillyard.psychometrics.experiment import Trial, decide, pairs_needed
from drillyard.psychometrics.fit import NO_PRIOR, fit
from drillyard.psychometrics.loop import run_loop
from drillyard.psychometrics.responses import from_rows

PATTERNS = (
    "00000 3, 00001 6, 00010 2, 00011 11, 00100 1, 00101 1, 00110 3, 00111 4, 01000 1, 01001 8, 01011 16, 01101 3, "
    "01110 2, 01111 15, 10000 10, 10001 29, 10010 14, 10011 81, 10100 3, 10101 28, 10110 15, 10111 80, 11000 16, "
    "11001 56, 11010 21, 11011 173, 11100 11, 11101 61, 11110 28, 11111 298"
)
LSAT6 = np.array([[int(c) for c in p.split()[0]] for p in PATTERNS.split(", ") for _ in range(int(p.split()[1]))])
SIGNS = np.r_[-1, np.ones(11)]
REFERENCE = -2466.65338  # R's ltm: -2466.653


def draw(bank: Bank, people: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Draw right and wrong answers."""
    return (rng.random((len(people), len(bank.items))) < bank.expected(people)).astype(float)


def random_bank(items: int, rng: np.random.Generator) -> Bank:
    """Return items as programmes have them."""
    return bank_of(rng.lognormal(0, 0.25, items), rng.normal(0, 0.8, items))


def timed(work: Callable[[], object]) -> tuple[float, object]:
    """Return processor seconds and result."""
    began = time.process_time()
    made = work()
    return time.process_time() - began, made


def reference() -> dict[str, object]:
    """Compare the log-likelihood on LSAT-6."""
    ours = fit(from_rows(LSAT6), "2pl", NO_PRIOR)
    return {"log-likelihood": round(ours.log_likelihood, 5), "reference": REFERENCE,
            "off": abs(ours.log_likelihood - REFERENCE)}  # fmt: skip


def speed(peer: bool) -> list[dict[str, object]]:
    """Time a 2PL, with standard errors (ours) and without (girth)."""
    rows = []
    for people, items in ((1000, 20), (5000, 100)):
        rng = np.random.default_rng(1)
        bank = random_bank(items, rng)
        scores = draw(bank, rng.normal(size=people), rng)
        seconds, ours = timed(lambda scores=scores: fit(from_rows(scores)))
        row = {"size": f"{people} × {items}", "ours_s": round(seconds, 2), "rmse_slope": rmse(ours.slopes, bank.slopes)}
        if peer or people < 5000:
            seconds, theirs = timed(lambda scores=scores: girth.twopl_mml(scores.T.astype(int)))
            row |= {"girth_s": round(seconds, 2), "girth_rmse_slope": rmse(theirs["Discrimination"], bank.slopes)}
            row["ratio"] = round(row["girth_s"] / max(row["ours_s"], 0.01), 1)
        rows.append(row)
    return rows


def rmse(found: np.ndarray, planted: np.ndarray) -> float:
    """Return the root of the mean squared error."""
    return round(float(np.sqrt(np.mean((found - planted) ** 2))), 3)


def coverage(cohorts: int) -> list[dict[str, object]]:
    """Count how often 95 % intervals hold what was planted."""
    rows = []
    for people in (100, 300, 1000):
        rng, slopes, difficulties, persons = np.random.default_rng(2), [], [], []
        for _ in range(cohorts):
            truth, able = random_bank(15, rng), rng.normal(size=people)
            responses = from_rows(draw(truth, able, rng))
            bank = fit(responses)
            for i in range(15):
                slope, difficulty = bank.slope(i), bank.difficulty(i)
                slopes.append(slope.low <= truth.slopes[i] <= slope.high)
                difficulties.append(difficulty.low <= truth.difficulty(i).value <= difficulty.high)
            mean, deviation = abilities(bank, responses)
            persons.append(np.mean(abs(mean - able) <= 1.96 * deviation))
        told = {"slopes": slopes, "difficulties": difficulties, "abilities": persons}
        rows.append({"people": people, **{name: round(float(np.mean(held)), 3) for name, held in told.items()}})
    return rows


def bad_items(cohorts: int) -> list[dict[str, object]]:
    """Count how often one mis-keyed item of twelve is found, and sound ones are flagged."""
    rows, theory = [], persons_for_correlation(0.25, alpha=0.05 / 12)
    for people in (60, theory, 300):
        rng, found, wrong, flags, false = np.random.default_rng(3), 0, 0, 0, 0
        for _ in range(cohorts):
            truth = bank_of(rng.lognormal(0, 0.25, 12) * SIGNS, rng.normal(0, 0.8, 12))
            flagged = {
                one.item for one in analyse(from_rows(draw(truth, rng.normal(size=people), rng))).items if one.flag
            }
            sound = flagged - {"item 1"}
            found, wrong = found + ("item 1" in flagged), wrong + bool(sound)
            flags, false = flags + len(flagged), false + len(sound)
        rows.append({"people": people, "by_theory": people == theory, "found": found / cohorts,
                     "with_a_false_flag": wrong / cohorts, "false_flags": round(false / max(flags, 1), 3)})  # fmt: skip
    return rows


def trials(repeats: int) -> list[dict[str, object]]:
    """Count adoptions at the planned number of pairs, looking every ten pairs; the last row has no effect."""
    rows = []
    for old, new in ((0.5, 0.8), (0.5, 0.7), (0.5, 0.5)):
        pairs = pairs_needed(old, new - old) or 300
        rng, adopted, harmed = np.random.default_rng(4), 0, 0
        for _ in range(repeats):
            arms = [tuple((rng.random(pairs) < rate).tolist()) for rate in (old, new)]
            looks = [
                decide([Trial(revision="r", old=arms[0][:n], new=arms[1][:n])])[0].action
                for n in range(10, pairs + 10, 10)
            ]
            adopted, harmed = adopted + ("adopt" in looks), harmed + ("roll-back" in looks)
        rows.append(
            {"old": old, "new": new, "pairs": pairs, "adopted": adopted / repeats, "rolled_back": harmed / repeats}
        )
    return rows


def loops(repeats: int) -> dict[str, object]:
    """Play ten revisions side by side (three good, two bad, five idle) on 800 learners."""
    effects = (0.25, 0.25, 0.25, -0.25, -0.25, 0, 0, 0, 0, 0)
    adopted, false, shares, good, bad, idle = 0, 0, [], 0, 0, 0
    solved, without, best = [], [], []
    for seed in range(repeats):
        lucky = np.random.default_rng(seed).random((800, len(effects)))

        def solves(learner: int, k: int, new: bool, lucky: np.ndarray = lucky) -> bool:
            return bool(lucky[learner, k] < 0.5 + effects[k] * new)

        found = run_loop(solves, [f"r{k}" for k in range(len(effects))], learners=800, seed=10_000 + seed)
        taken = [one.action == "adopt" for one in found.decisions]
        wrong = sum(one for one, effect in zip(taken, effects, strict=True) if effect <= 0)
        adopted, false = adopted + sum(taken), false + wrong
        shares.append(wrong / max(sum(taken), 1))
        good += sum(taken[:3])
        bad += sum(one.action == "roll-back" for one in found.decisions[3:5])
        idle += sum(taken[5:])
        solved.append(found.solved / found.tasks)
        without.append(float((lucky < 0.5).mean()))
        best.append(float((lucky < 0.5 + np.maximum(effects, 0)).mean()))
    mean = [round(float(np.mean(x)), 4) for x in (solved, without, best)]
    return {"repeats": repeats, "good_adopted": round(good / (3 * repeats), 3),
            "bad_rolled_back": round(bad / (2 * repeats), 3),
            "idle_adopted": round(idle / (5 * repeats), 4), "false_discovery": round(float(np.mean(shares)), 4),
            "solved": mean[0], "solved_without": mean[1], "solved_at_best": mean[2],
            "regret": round(mean[2] - mean[0], 4), "regret_without": round(mean[2] - mean[1], 4)}  # fmt: skip


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print data")
    parser.add_argument("--peer", action="store_true", help="time girth on the large data as well")
    parser.add_argument("--repeats", type=int, default=200, help="cohorts per figure")
    chosen = parser.parse_args()
    parts: dict[str, Callable[[], object]] = {
        "LSAT-6, 2PL": reference,
        "2PL fit": lambda: speed(chosen.peer),
        "share of planted values within 95 % intervals": lambda: coverage(chosen.repeats),
        "one mis-keyed item of twelve": lambda: bad_items(chosen.repeats),
        "one experiment, read every ten pairs": lambda: trials(chosen.repeats),
        "ten experiments side by side, 800 learners": lambda: loops(max(chosen.repeats // 4, 10)),
    }
    made = {}
    for title, measure in parts.items():
        made[title] = measure()
        if not chosen.json:
            print(f"\n{title}")
            for row in made[title] if isinstance(made[title], list) else [made[title]]:
                print("  " + "  ".join(f"{name} {value}" for name, value in row.items()), flush=True)
    if chosen.json:
        print(json.dumps(made, indent=2))


if __name__ == "__main__":
    main()
