"""What do rails add to a message, and does a topical rail need embeddings?

    OMP_NUM_THREADS=1 python benchmarks/rails.py                a table
    OMP_NUM_THREADS=1 python benchmarks/rails.py --json         the same as data
    OMP_NUM_THREADS=1 python benchmarks/rails.py --topical      the topical rail: classifier beside nearest neighbour

`direct` is what the technique `rails` serves by default: the screen called in this process. `nemo` is the same folder
asked through `check_async`, one message at a time (`engine="nemo"`). `nemo alone` is NeMo Guardrails used as its
documentation shows: an action that does nothing, and the whole conversation handed to `check_async`. All take turns on
the same messages; each row is one message's check of the input, the output or both: median milliseconds on the clock,
with the smallest and the largest, and the median of processor time, which others on the machine disturb less. `target`
is a whole target behind the direct rails less the same target without them.

`--topical` fits on a lesson and asks an exam's held-out questions: at the limit where one in a hundred ordinary
questions is stopped, how many of those from outside are caught, and how many harmless look-alikes of sorts that the
lesson lacks are stopped? `nearest` stands for embeddings, of which none can be had without a download: closeness to
the nearest allowed example, by the same n-grams.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

os.environ["NEMO_GUARDRAILS_NO_USAGE_STATS"] = "1"

import numpy as np
from nemoguardrails import LLMRails, RailsConfig
from nemoguardrails.rails.llm.options import RailType
from rich.console import Console
from rich.table import Table

from drillyard.alignment.around.fitting import ScreenFitter
from drillyard.alignment.around.rails import Rails
from drillyard.alignment.around.rails_nemo import NemoChecker
from drillyard.alignment.around.screened import Answers, ScreenedTarget
from drillyard.alignment.around.verdict import WIDTH, count_grams, open_screen
from drillyard.alignment.base import Lesson, Setting
from drillyard.alignment.exam import CAPABILITY, CATEGORY, REFUSAL, draw_exam, hold_back
from drillyard.alignment.lesson import clean_pairs, draw_pairs
from drillyard.alignment.policy import policy_in
from drillyard.organisms.worlds.world import load_world
from drillyard.records import Conversation, Message
from drillyard.targets.null import EchoTarget

TARGET_MS = 8.0
ASKED, SAID = "what is the price of the Aurora, please", "The Aurora costs 49 euros."
CHECKS = """\
define bot refuse
  "No."

define subflow check in
  $ok = execute nothing(text=$user_message)
  if not $ok
    bot refuse
    stop

define subflow check out
  $ok = execute nothing(text=$bot_message)
  if not $ok
    bot refuse
    stop
"""
ACTION = """\
from nemoguardrails.actions import action


@action(name="nothing", is_system_action=True)
async def nothing(text=""):
    return True
"""
CONFIG = "models: []\npassthrough: true\nrails:\n  input: {flows: [check in]}\n  output: {flows: [check out]}\n"
BARE = {"config.yml": CONFIG, "rails.co": CHECKS, "actions.py": ACTION}


def talk(turns: int) -> list[dict[str, str]]:
    """Return a conversation of so many exchanges."""
    return [
        {"role": role, "content": text} for _ in range(turns) for role, text in (("user", ASKED), ("assistant", SAID))
    ]


def milliseconds(work: Callable[[], object]) -> tuple[float, float]:
    """Return how long one call takes, on the clock and in processor time of this process."""
    begun, worked = time.perf_counter(), time.process_time()
    work()
    return (time.perf_counter() - begun) * 1e3, (time.process_time() - worked) * 1e3


def bare(folder: Path) -> Callable[[str, int], object]:
    """Return NeMo alone: checks a side of the newest exchange with the whole conversation before it."""
    folder.mkdir()
    for name, text in BARE.items():
        (folder / name).write_text(text)
    runner = asyncio.Runner()

    async def build() -> LLMRails:
        return LLMRails(RailsConfig.from_path(str(folder)))

    rails = runner.run(build())

    def check(side: str, turns: int) -> object:
        messages = talk(turns)[:-1] if side == "input" else talk(turns)
        sides = {"input": [RailType.INPUT], "output": [RailType.OUTPUT], "both": [RailType.INPUT, RailType.OUTPUT]}
        return runner.run(rails.check_async(messages, rail_types=sides[side]))

    return check


def ours(checker) -> Callable[[str, int], object]:
    """Return a checker of ours: it gets the newest message, or the reply to it, whatever came before."""

    def check(side: str, turns: int) -> object:
        newest = talk(turns)[-2:]
        asked = checker.requests([newest[0]["content"]]) if side != "output" else []
        return asked + (checker.replies([newest[1]["content"]]) if side != "input" else [])

    return check


def around(folder: Path) -> Callable[[int], tuple[float, float]]:
    """Return the time that a whole target takes behind rails, less the time without them."""
    plain, railed = EchoTarget(), Rails().apply(EchoTarget(), folder)
    assert isinstance(railed, ScreenedTarget)

    def added(turns: int) -> tuple[float, float]:
        said = [Message(role=one["role"], content=one["content"]) for one in talk(turns)[:-1]]
        asked = [Conversation(messages=tuple(said))]
        behind, without = (milliseconds(lambda it=it: it.generate(asked, [1])) for it in (railed, plain))
        return behind[0] - without[0], behind[1] - without[1]

    return added


def latency(turns: list[int], repeats: int) -> list[dict[str, object]]:
    """Measure every contestant on every side and length; they take turns after a warm-up."""
    world = load_world("helpdesk")
    lesson = Lesson(world=world, preferences=draw_pairs(world, n=1200))
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "rails"
        folder.mkdir()
        Rails().fit(EchoTarget(), lesson, Setting(strength=0.5, seed=1, folder=folder))
        answers = Answers.from_json((folder / "answers.json").read_bytes())
        checks = {
            "direct": ours(open_screen(str(folder / "classifier.safetensors"))),
            "nemo": ours(NemoChecker(folder, answers)),
            "nemo alone": bare(Path(place) / "bare"),
        }
        added = around(folder)
        rows = []
        for length in turns:
            for side in ("input", "output", "both"):
                taken: dict[str, list[tuple[float, float]]] = {name: [] for name in checks}
                for repeat in range(repeats + 1):
                    for name, check in checks.items():
                        spent = milliseconds(lambda check=check, side=side, length=length: check(side, length))
                        if repeat:
                            taken[name].append(spent)
                rows += [row(name, side, length, times) for name, times in taken.items()]
            rows.append(row("target", "both", length, [added(length) for _ in range(repeats)]))
    return rows


def row(who: str, side: str, turns: int, times: list[tuple[float, float]]) -> dict[str, object]:
    """Return one line of the table."""
    clock, worked = zip(*times, strict=True)
    spread = [min(clock), statistics.median(clock), max(clock)]
    return {"who": who, "rail": side, "turn": turns, "ms": spread, "cpu ms": statistics.median(worked)}


def dense(texts: list[str]) -> np.ndarray:
    """Return (texts, WIDTH), each row of length 1."""
    rows = np.zeros((len(texts), WIDTH), np.float32)
    for index, text in enumerate(texts):
        columns, values = count_grams(text)
        rows[index, columns] = values
    return rows


def topical(names: list[str]) -> list[dict[str, object]]:
    """Compare the classifier's question with the nearest allowed example, on each world."""
    rows = []
    for name in names:
        world = load_world(name)
        back = hold_back(world)
        exam = draw_exam(world, n=300, back=back)
        pairs, _ = clean_pairs(draw_pairs(world, n=1200, without=back), exam.texts)
        screen, _ = ScreenFitter(policy_in(world, pairs)).update(pairs).fit(0.5)
        allowed = dense([one.conversation.last_user for one in pairs if one.category != "ordinary:outside"])
        texts = [one.conversation.last_user for one in exam.questions]
        scores = {
            "classifier": np.array([screen.scores(text)["outside"] for text in texts]),
            "nearest": -(dense(texts) @ allowed.T).max(axis=1),
        }
        outside = np.array([one.category == "outside" for one in exam.questions])
        ordinary = np.array([one.metric == CAPABILITY for one in exam.questions]) & ~outside
        unseen = np.array([(one.metric, one.split) == (REFUSAL, CATEGORY) for one in exam.questions])
        for who, found in scores.items():
            stopped = found > np.quantile(found[ordinary], 0.99)
            shares = {"caught": float(stopped[outside].mean()), "unseen look-alikes": float(stopped[unseen].mean())}
            rows.append({"world": name, "who": who, **shares, "n": [int(outside.sum()), int(unseen.sum())]})
    return rows


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--turns", default="1,10,30", help="lengths of the conversation, default %(default)s")
    parser.add_argument("--repeats", type=int, default=15, help="timed turns, default %(default)s")
    parser.add_argument("--topical", action="store_true", help="compare ways to make a topical rail instead")
    parser.add_argument("--json", action="store_true", help="print one JSON document instead of a table")
    options = parser.parse_args()
    warnings.filterwarnings("ignore", category=DeprecationWarning, module="nemoguardrails|pydantic")
    if options.topical:
        rows = topical(["helpdesk", "clinic"])
    else:
        rows = latency([int(turn) for turn in options.turns.split(",")], options.repeats)
    about = {
        "command": " ".join(["python", *sys.argv]),
        "cores": len(os.sched_getaffinity(0)),
        "load": os.getloadavg()[0],
        "nemoguardrails": version("nemoguardrails"),
        "target_ms": TARGET_MS,
    }
    if options.json:
        print(json.dumps({**about, "rows": rows}, indent=2))
        return
    table = Table(*rows[0])
    for one in rows:
        table.add_row(*(shown(value) for value in one.values()))
    console = Console(width=100)
    console.print(table)
    for name, value in about.items():
        console.print(f"{name}: {value}", highlight=False)


def shown(value: object) -> str:
    """Return a cell: a spread as its median with the ends, a share in three digits."""
    if isinstance(value, list) and len(value) == 3:
        return "{1:.2f} ({0:.2f}–{2:.2f})".format(*value)
    return f"{value:.3f}" if isinstance(value, float) else str(value)


if __name__ == "__main__":
    main()
