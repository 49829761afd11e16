"""The loss engine and the case beside published values, peers and the clock.

    python benchmarks/assurance.py                     # reference values, coverage, a whole case; about two minutes
    python benchmarks/assurance.py --pyfair v/bin/python --json

pyfair is asked in an environment of its own, which has another pandas: `python -m venv v; v/bin/pip install pyfair`.
riskquant was not on the package index (2026-11-29); its rule, rate times the mean of the lognormal, is computed.
"""

from __future__ import annotations

import argparse
import functools
import json
import math
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from scipy import stats

from drillyard.assurance.board import make_paper, write_paper
from drillyard.assurance.drawn import open_case
from drillyard.assurance.loss.compound import Peril, exact
from drillyard.assurance.loss.curve import loss_curves
from drillyard.assurance.loss.montecarlo import simulate
from drillyard.assurance.loss.severity import Exponential, Lognormal, Pert, pert_shape_pyfair
from drillyard.assurance.posterior import BetaShare, GammaRate, judged, of_counts
from drillyard.assurance.value.formulas import annuity, payback_months, rosi, routing_tax
from drillyard.stats import clopper_pearson, upper_bound

EXAMPLES = Path(__file__).parents[1] / "examples" / "assurance"
TODAY = date(2026, 11, 29)
FIXED = (0.001, 0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.3)
SEVERITY = Lognormal.between(1e5, 1e6)
_PYFAIR = """
import json, sys, time, warnings
warnings.filterwarnings("ignore")
import numpy as np, pyfair
np.random.seed(1)
model = pyfair.FairModel(name="m", n_simulations=1_000_000)
model.input_data("Loss Event Frequency", constant=0.1)
mu, sigma = {mu}, {sigma}
began = time.perf_counter()
drawn = np.random.lognormal(mu, sigma, 1_000_000)
model.input_raw_data("Loss Magnitude", drawn.tolist())
model.calculate_all()
took = time.perf_counter() - began
risk = model.export_results()["Risk"].to_numpy()
print(json.dumps(dict(mean=risk.mean(), var95=float(np.quantile(risk, .95)), var99=float(np.quantile(risk, .99)),
                      over=float((risk > 1e6).mean()), seconds=took)))
"""


def best_of(work: Callable[[], object], times: int = 3) -> float:
    """Return the least seconds of a few runs."""
    found = []
    for _ in range(times):
        began = time.perf_counter()
        work()
        found.append(time.perf_counter() - began)
    return min(found)


def values() -> list[tuple[str, str, str]]:
    """Return name, the reference's digits, ours."""
    year = exact([Peril(rate=0.1, severity=SEVERITY)], step=100, points=2**20)
    grid = exact([Peril(rate=3, severity=Exponential(mean=1))], step=2e-5, points=2**21)
    middle = (grid.cumulative[:-1] + grid.cumulative[1:]) / 2
    points = np.arange(year.mass.size) * year.step
    three, none = GammaRate(shape=3.5, years=2), BetaShare(a=0.5, b=300.5)
    pert, shape = Pert.of(20, 100, 900), pert_shape_pyfair(20, 100, 900)
    demo = sum(rate * Lognormal.between(low, high).mean for rate, low, high in ((0.1, 1e7, 1e9),))
    return [
        ("Jeffreys, 3 in 2 years, 5 %", ".542", f"{float(three.quantile(0.05)):.3f}"),
        ("the same, 95 %", "3.517", f"{float(three.quantile(0.95)):.3f}"),
        ("Jeffreys, 0 of 300, median", ".000757", f"{float(none.quantile(0.5)):.6f}"),
        ("the same, 95 %", ".006377", f"{float(none.quantile(0.95)):.6f}"),
        ("Clopper-Pearson, 0 of 300, one-sided", ".009936", f"{upper_bound(0, 300).high:.6f}"),
        ("Clopper-Pearson, 3 of 300, two-sided", ".028945", f"{clopper_pearson(3, 300).high:.6f}"),
        ("mu, sigma of 100k to 1M", "12.664218 .699936", f"{SEVERITY.mu:.6f} {SEVERITY.sigma:.6f}"),
        ("mean", "40,400.128", f"{year.mean:,.3f}"),
        ("P(S = 0)", ".904837", f"{year.mass[0]:.6f}"),
        ("VaR 95", "314,200", f"{year.var(0.95):,.0f}"),
        ("VaR 99", "809,800", f"{year.var(0.99):,.0f}"),
        ("P(S > 1M)", ".0057377", f"{year.over(1e6):.7f}"),
        ("TVaR 95", "631,880", f"{year.tvar(0.95):,.0f}"),
        ("TVaR 99", "1,185,169", f"{year.tvar(0.99):,.0f}"),
        ("variance", "2.66398e+10", f"{float(year.mass @ points**2) - float(year.mass @ points) ** 2:.5e}"),
        ("Exp(1), L = 3, P(S <= 0)", ".0497870684", f"{math.exp(-3):.10f}"),
        ("the same, P(S <= 1)", ".2249847088", f"{middle[round(1 / 2e-5) - 1]:.10f}"),
        ("the same, P(S <= 10)", ".9851472524", f"{middle[round(10 / 2e-5) - 1]:.10f}"),
        ("riskquant SimpleLoss(.1, 1e5, 1e6)", "40,400.128269457", f"{0.1 * SEVERITY.mean:,.9f}"),
        ("riskquant demo, first", "26,639,801", f"{demo:,.0f}"),
        ("PERT(20, 100, 900)", "1.363636 4.636364 220", f"{pert.alpha:.6f} {pert.beta:.6f} {pert.mean:.0f}"),
        ("pyfair's shapes", "1.209617 4.112697", f"{shape[0]:.6f} {shape[1]:.6f}"),
        ("ROI of 600k cut to 90k at 120k", "325%", f"{rosi(510_000, 120_000):.0%}"),
        ("payback, months", "2.8", f"{payback_months(120_000, 510_000):.1f}"),
        ("ROSI 5 x 15k, 80 %, 25k", "140%", f"{rosi(60_000, 25_000):.0%}"),
        ("best-of-4 on a tenth of tasks", "30%", f"{routing_tax((0.1, 0.9), (4, 1)):.0%}"),
    ]


def coverage(repeats: int) -> list[tuple[float, float, float, float, float]]:
    """Return, by true rate, how often a 90 % band holds the truth, of 400 replies.

    A counted rate, summed over all counts; by simulation a rate that a judge of sensitivity 90 % and specificity 97 %
    counted (known from 100 and 200 replies), a mean loss whose uses are in doubt too, and the loss that a control
    avoids (95 of 100 before, 2 of 100 after).
    """
    rng, level, n = np.random.default_rng(7), np.array([0.05, 0.95]), 400
    u = (np.arange(2000) + 0.5) / 2000
    uses = Lognormal.between(1.8e5, 2.6e5)
    ends = np.array([of_counts(k, n).quantile(level) for k in range(n + 1)])
    counted = functools.cache(lambda k, of: of_counts(k, of).quantile(u))

    def held(values: np.ndarray, truth: float) -> bool:
        low, high = np.quantile(values, level)
        return bool(low <= truth <= high)

    rows = []
    for rate in FIXED:
        exact_share = float(stats.binom.pmf(np.arange(n + 1), n, rate) @ ((ends[:, 0] <= rate) & (rate <= ends[:, 1])))
        found = np.zeros(3)
        for _ in range(repeats):
            shown, right, clean = rng.binomial([n, 100, 200], [rate * 0.9 + (1 - rate) * 0.03, 0.9, 0.97]).tolist()
            low, high = judged(shown, n, (right, 100), (clean, 200)).quantile(level)
            k, before, after = rng.binomial([n, 100, 100], [rate, 0.95, 0.02]).tolist()
            loss = rng.permutation(counted(k, n)) * rng.permutation(uses.quantile(u))
            left = rng.permutation(counted(after, 100)) / rng.permutation(counted(before, 100))
            true = rate * float(uses.quantile(rng.random()))
            found += low <= rate <= high, held(loss, true), held(loss * (1 - left), true * (1 - 0.02 / 0.95))
        rows.append((rate, exact_share, *(found / repeats).tolist()))
    return rows


def speed() -> list[tuple[str, float, str]]:
    """Return what takes how many seconds, with its aim."""
    ten = [Peril(rate=0.1 * (i + 1), severity=Lognormal.between(1e4 * (i + 1), 1e6 * (1 + i / 5))) for i in range(10)]
    case = open_case(EXAMPLES / "helpdesk", TODAY, draws=4000)

    def board() -> None:
        with tempfile.TemporaryDirectory() as folder:
            opened = open_case(EXAMPLES / "helpdesk", TODAY)
            write_paper(make_paper(opened, today=TODAY), Path(folder))

    return [
        (
            "portfolio of 10 scenarios, 2^18 points",
            best_of(lambda: exact(ten, step=200, points=2**18).var(0.99)),
            "0.3",
        ),
        ("1,000 outer draws, each year exact", best_of(lambda: loss_curves(case, [()], inner=1000), 1), "30"),
        ("10 M years by simulation, L = 3", best_of(lambda: simulate(3, SEVERITY, 10_000_000, 1)), "1"),
        ("a whole case to its board paper", best_of(board, 1), "20"),
    ]


def peers(python: str | None) -> list[dict[str, Any]]:
    """Return the tail as each tool has it: one event in ten years, 100k to 1M."""
    year = exact([Peril(rate=0.1, severity=SEVERITY)], step=100, points=2**20)
    rows: list[dict[str, Any]] = [
        {
            "tool": "drillyard, exact",
            "mean": year.mean,
            "var95": year.var(0.95),
            "var99": year.var(0.99),
            "over": year.over(1e6),
        },
        {
            "tool": "frequency x magnitude (pyfair's rule)",
            "mean": 0.1 * SEVERITY.mean,
            "var95": 0.1 * float(SEVERITY.quantile(0.95)),
            "var99": 0.1 * float(SEVERITY.quantile(0.99)),
            "over": 1 - float(SEVERITY.cdf(1e7)),
        },
        {
            "tool": "thinned severity (single events)",
            "mean": math.nan,
            "var95": math.nan,
            "var99": math.nan,
            "over": 1 - math.exp(-0.1 * (1 - float(SEVERITY.cdf(1e6)))),
        },
    ]
    if python:
        code = _PYFAIR.replace("{mu}", repr(SEVERITY.mu)).replace("{sigma}", repr(SEVERITY.sigma))
        ran = subprocess.run([python, "-c", code], capture_output=True, text=True, check=False)
        if ran.returncode:
            print(f"pyfair: {ran.stderr.strip().splitlines()[-1]}", file=sys.stderr)
        else:
            rows.append({"tool": "pyfair, 1 M draws", **json.loads(ran.stdout.splitlines()[-1])})
    return rows


def main() -> None:
    """Print tables, or all of it as data."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--pyfair", metavar="PYTHON", help="a Python that has pyfair")
    parser.add_argument("--repeats", type=int, default=1000, help="simulated tests at each rate")
    asked = parser.parse_args()
    checked = values()
    wrong = [name for name, known, ours in checked if ours.replace("0.", ".") != known.replace("0.", ".")]
    found: dict[str, Any] = {"values": checked, "wrong": wrong, "coverage": coverage(asked.repeats)}
    found |= {"speed": speed(), "peers": peers(asked.pyfair)}
    if asked.json:
        print(json.dumps(found, indent=2))
        return
    for name, known, ours in checked:
        print(f"{'  ' if name not in wrong else '! '}{name:<40}{known:>24}{ours:>24}")
    print(f"{len(checked) - len(wrong)} of {len(checked)} reference values to their digits\n")
    heads = ("counted rate", "judged rate", "mean loss", "loss avoided")
    print("a 90 % band holds, at a rate of" + "".join(f"{name:>14}" for name in heads))
    for rate, *shares in found["coverage"]:
        print(f"{rate:>31.4f}" + "".join(f"{share:>14.1%}" for share in shares))
    print()
    for name, seconds, aim in found["speed"]:
        print(f"{name:<42}{seconds:8.2f} s, aim {aim} s")
    print(f"\n{'one loss in ten years, 100k to 1M':<42}{'mean':>10}{'VaR 95':>12}{'VaR 99':>12}{'P(S > 1M)':>12}")
    for row in found["peers"]:
        print(f"{row['tool']:<42}{row['mean']:>10,.0f}{row['var95']:>12,.0f}{row['var99']:>12,.0f}{row['over']:>12.7f}")
    assert annuity(0, 1) == 1 and not wrong, wrong


if __name__ == "__main__":
    main()
