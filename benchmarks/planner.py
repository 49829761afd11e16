"""How long a plan of two hundred activities for twelve roles takes, with and without a calendar.

    python benchmarks/planner.py [--json]

The catalogue is drawn by seed: 200 activities of six kinds for 40 competencies, twelve roles of fourteen each with
twenty people and 24 hours; the calendar has a day and a night shift, groups of eight, two facilitators, 24 machines,
two recalls. Seconds are those of the processor over three catalogues: fastest, median and slowest.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import time
from datetime import date
from datetime import time as clock

from drillyard.planning.graph import EVIDENCE, Catalogue, Role
from drillyard.planning.plan import make_plan
from drillyard.records import Activity, AISystem, Brief, Calendar, Competency, Objective, RoleNeed, Shift

COMPETENCIES, ACTIVITIES, ROLES, NEEDED, RUNS = 40, 200, 12, 14, 3
KINDS = ("lesson", "quiz", "discussion", "work-sample", "drill", "reading")


def draw_catalogue(seed: int) -> Catalogue:
    """Return a catalogue of the size that the planner is built for."""
    rng = random.Random(seed)
    competencies = [
        Competency(id=f"c{n}", title=f"C{n}", after=(f"c{rng.randrange(n)}",) if n and rng.random() < 0.5 else ())
        for n in range(COMPETENCIES)
    ]
    objectives: dict[str, Objective] = {}
    activities = []
    for n in range(ACTIVITIES):
        competency, kind = n % COMPETENCIES, KINDS[n // COMPETENCIES]
        evidence = EVIDENCE.get(kind, "work-sample")
        name = f"o{competency}-{evidence}"
        objectives[name] = Objective.model_validate(
            {"id": name, "competency": f"c{competency}", "verb": "do", "statement": "Do", "condition": "",
             "criterion": "", "evidence": evidence, "bloom": "apply"}
        )  # fmt: skip
        activities.append(
            Activity.model_validate(
                {"id": f"a{n}", "title": f"A{n}", "kind": kind, "minutes": rng.choice([10, 15, 20, 30, 45, 60]),
                 "objectives": (name,), "drill": f"d{n}" if kind == "drill" else "",
                 "after": (f"a{competency}",) if n >= COMPETENCIES else ()}
            )
        )  # fmt: skip
    roles = []
    for n in range(ROLES):
        chosen = rng.sample(range(COMPETENCIES), NEEDED)
        drills = tuple(a.drill for a in activities if a.drill and int(a.id[1:]) % COMPETENCIES in chosen[:3])
        needs = {f"c{c}": rng.choice(["critical", "important", "useful"]) for c in chosen}
        roles.append(Role.model_validate(
            {"id": f"r{n}", "title": f"R{n}", "description": "", "competencies": needs, "drills": drills}
        ))  # fmt: skip
    return Catalogue(
        roles=tuple(roles), competencies=tuple(competencies), objectives=tuple(objectives.values()),
        activities=tuple(activities), laws=(), sources=(),
    )  # fmt: skip


def make_brief(catalogue: Catalogue, calendar: Calendar | None) -> Brief:
    """Return a brief for all roles, each fourth of them at night."""
    needs = tuple(
        RoleNeed(id=role.id, head_count=20, hours=24, shift="night" if calendar and n % 4 == 0 else "")
        for n, role in enumerate(catalogue.roles)
    )
    system = AISystem(id="chat", name="Chat", purpose="Answers", world="helpdesk")
    return Brief(title="Large", organisation="Large", roles=needs, systems=(system,), calendar=calendar)


def main() -> None:
    """Plan, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print the same as JSON")
    as_json = parser.parse_args().json
    weekdays = ("mon", "tue", "wed", "thu", "fri")
    calendar = Calendar(
        first_day=date(2026, 12, 7), last_day=date(2027, 3, 31), time_zone="Europe/Berlin", hours_a_day=2, group=8,
        facilitators=2, machines=24, recall=2, days_off=(date(2026, 12, 24), date(2026, 12, 25), date(2027, 1, 1)),
        shifts=(
            Shift(id="day", days=weekdays, starts=clock(9), ends=clock(12, 30)),
            Shift(id="night", days=weekdays, starts=clock(22), ends=clock(6), time_zone="Asia/Manila"),
        ),
    )  # fmt: skip
    rows = []
    for name, when in (("without a calendar", None), ("with a calendar", calendar)):
        seconds = []
        for seed in range(RUNS):
            catalogue = draw_catalogue(seed)
            began = time.process_time()
            plan = make_plan(make_brief(catalogue, when), catalogue)
            seconds.append(time.process_time() - began)
            assert plan.status == "fits" and len(plan.roles) == ROLES
        rows.append({"plan": name, "min": min(seconds), "median": statistics.median(seconds), "max": max(seconds),
                     "sessions": len(plan.sessions), "ways": len(plan.options)})  # fmt: skip
    if as_json:
        print(json.dumps(rows, indent=2))
        return
    print(f"{ACTIVITIES} activities, {ROLES} roles, seconds of one processor over {RUNS} catalogues")
    for row in rows:
        print(f"{row['plan']:20} {row['min']:.1f} / {row['median']:.1f} / {row['max']:.1f}  "
              f"{row['sessions']} sessions, {row['ways']} ways weighed")  # fmt: skip


if __name__ == "__main__":
    main()
