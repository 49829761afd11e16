"""What it takes to make and prove a cohort's drills: processor seconds per instance, and a cohort of 100 × 2 from it.

Each pair of drills is created as a programme of its own, for `--learners` people of one role, as `drillyard create`
does, with as many processes as there are processors. Processor seconds are those of all processes; what starting
them takes is in them. The line for 100 learners is reckoned from these, instance by instance, unless --learners is 100:
it says so. Prints a table, or JSON with --json.
"""

from __future__ import annotations

import argparse
import json
import resource
import tempfile
import time
from pathlib import Path
from statistics import median

import yaml

from drillyard.planning.catalogue import load_catalogue
from drillyard.programs.create import create
from drillyard.programs.design import design
from drillyard.tasks.workers import count_processors

COHORT, DRILLS, LIMIT = 100, 2, 15 * 60
"""The aim: so many learners with so many drills each in so many seconds, on two processors."""
PAIRS = {
    "two papers": ("product-manager", ("launch-gate-memo", "benchmark-builder")),
    "hunt and paper": ("support-lead", ("failure-hunt", "write-the-policy")),
    "desk and paper": ("containment-engineer", ("contain-the-oracle", "guard-duty")),
    "repair and paper": ("alignment-engineer", ("too-permissive-too-censored", "write-the-policy")),
}


def brief_of(folder: Path, role: str, drills: tuple[str, ...], learners: int) -> Path:
    """Write a brief for people of one role, who take these of its drills."""
    without = [drill for drill in load_catalogue().role(role).drills if drill not in drills]
    system = {"id": "chat", "name": "Chat", "purpose": "Answers customers.", "world": "helpdesk"}
    roles = [{"id": role, "head_count": learners, "hours": 12, "without": without}]
    brief = {"title": "Cohort", "organisation": "Brightwell", "seed": 1, "roles": roles, "systems": [system]}
    path = folder / "brief.yaml"
    path.write_text(yaml.safe_dump(brief), encoding="utf-8")
    return path


def spent() -> float:
    """Return the processor seconds of this process and of all that have ended below it."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def measure(name: str, learners: int) -> dict[str, object]:
    """Create a pair of drills for some learners."""
    role, drills = PAIRS[name]
    with tempfile.TemporaryDirectory() as folder:
        design(brief_of(Path(folder), role, drills, learners), Path(folder) / "prog")
        before, began = spent(), time.monotonic()
        reports = create(Path(folder) / "prog", secret="5" * 64)
        wall, used = time.monotonic() - began, spent() - before
    each, proof = used / len(reports), sorted(report.seconds for report in reports)
    whole = COHORT * DRILLS * each / 2
    return {
        "pair": name,
        "instances": len(reports),
        "released": sum(report.released for report in reports),
        "processor_seconds_each": round(each, 1),
        "proof_wall_min_median_max": [proof[0], round(median(proof), 1), proof[-1]],
        "wall_seconds": round(wall, 1),
        "workers": count_processors(),
        "cohort_minutes_on_two": round(whole / 60, 1),
        "reckoned": learners != COHORT,
        "share_of_limit": round(whole / LIMIT, 2),
    }


def main() -> None:
    """Measure each pair."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--learners", type=int, default=8)
    parser.add_argument("--pair", choices=[*PAIRS, "all"], default="all")
    asked = parser.parse_args()
    found = [measure(name, asked.learners) for name in PAIRS if asked.pair in ("all", name)]
    if asked.json:
        print(json.dumps(found))
        return
    print(f"{'pair':18} {'made':>7} {'cpu s each':>10} {'100 × 2 on 2 cores':>20} {'of 15 min':>9}")
    for one in found:
        made = f"{one['released']}/{one['instances']}"
        told = f"{one['cohort_minutes_on_two']} min{' (reckoned)' if one['reckoned'] else ''}"
        print(
            f"{one['pair']:18} {made:>7} {one['processor_seconds_each']:>10} {told:>20} {one['share_of_limit']:>9.0%}"
        )


if __name__ == "__main__":
    main()
