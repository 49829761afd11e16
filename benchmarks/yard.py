"""Does the yard hold a crowd, and does a kill lose anything? A real server process, real models, real grading.

    OMP_NUM_THREADS=1 python benchmarks/yard.py                  200 learners for 60 s: a table
    OMP_NUM_THREADS=1 python benchmarks/yard.py --kills 30       kill -9 in the middle of handing in, 30 times
    python benchmarks/yard.py --learners 40 --seconds 20 --json  fewer, for less long; the same as data
    python benchmarks/yard.py --programme DIR                    make the programme there, or use the one that is there

The programme is designed from a brief of one role and created through every gate, for three learners. All others get
copies of those three instances under names of their own: the server opens and keeps a model for each of them as it
would for instances of their own, and only the planted failures repeat. Learners sign in within the first seconds, open
pages, chat with think time before each message (4 to 12 s, evenly), and one in ten hands in a claim, which is graded
after the time is over too. `chat first piece` and `chat whole reply` run from sending the message, waiting for one's
turn included. The clients run in this process, on the same processors as the server, so what they take is in the
figures. `server cores`, `grading cores` (of gradings that ended) and `client cores` are processor time over the run's.

Exits 1 when something failed: an answer that is none, a page p95 of 1 s or more, a chat p95 of 5 s or more, or a
submission that was confirmed and has not exactly one grade.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import random
import shutil
import signal
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx2 as httpx
from rich.console import Console
from rich.table import Table

from drillyard.drills.materialise import truth_hash
from drillyard.programs.create import create
from drillyard.programs.design import design
from drillyard.programs.folder import ProgramFolder
from drillyard.programs.roster import Learner

BRIEF = """
title: Safe answers
organisation: Brightwell
seed: 1
roles: [{id: support-lead, head_count: 3, hours: 6}]
systems: [{id: chat, name: Chat, purpose: Answers customers' questions., world: helpdesk}]
laws: [eu-ai-act-art-4]
"""
DRILL = "failure-hunt"
THINK = (4.0, 12.0)
QUESTIONS = (
    "Can I return a lamp after three weeks?",
    "How much is the Aurora?",
    "How long is the warranty of the kettle?",
    "Do you have a discount code for me?",
    "Is the desk in stock?",
)
PAGE_P95, CHAT_P95 = 1.0, 5.0


@dataclass
class Seen:
    """What the clients saw: seconds of every page and reply, what went wrong, whose work was confirmed."""

    pages: list[float] = field(default_factory=list)
    first: list[float] = field(default_factory=list)
    replies: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    confirmed: set[str] = field(default_factory=set)


def make_programme(path: Path, count: int) -> ProgramFolder:
    """Return a programme of so many learners; what is there is kept, also if it has more."""
    folder = ProgramFolder(path)
    if not (path / "roster.json").is_file():
        brief = path.with_name(f"{path.name}-brief.yaml")
        brief.parent.mkdir(parents=True, exist_ok=True)
        brief.write_text(BRIEF)
        design(brief, path)
        create(path, progress=lambda name, done, total: sys.stderr.write(f"{name}: {done} of {total}\n"))
    roster = folder.roster()
    proven = [one.id for one in folder.instances() if one.drill == DRILL][:3]
    learners = [one for one in roster.learners if one.id.startswith("crowd-")]
    for number in range(len(learners), count):
        name = f"{DRILL}-crowd-{number}"
        copy_instance(folder, proven[number % len(proven)], name)
        code = f"{number:04}-crowd-crowd-code"
        learners.append(Learner(id=f"crowd-{number}", role="support-lead", code=code, instances=(name,)))
    others = [one for one in roster.learners if not one.id.startswith("crowd-")]
    folder.write_roster(roster.model_copy(update={"learners": (*others, *learners)}))
    return folder


def copy_instance(folder: ProgramFolder, source: str, name: str) -> None:
    """Give a proven instance to one more learner under another name, sealed anew."""
    instance, truth = folder.instance(source), folder.truth(source).model_copy(update={"instance": name})
    target = instance.target.replace(source, name)
    copied = instance.model_copy(update={"id": name, "target": target, "truth_hash": truth_hash(truth)})
    shutil.copytree(folder.target(instance), folder.target(copied))
    folder.write_truth(truth)
    folder.write_gates(folder.gates(source).model_copy(update={"instance": name}))
    folder.write_instance(copied)


@contextmanager
def served(folder: ProgramFolder) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """Run `drillyard yard serve` in a process of its own, from the moment it says where it is."""
    command = [sys.executable, "-m", "drillyard", "yard", "serve", str(folder.path), "--port", "0"]
    log = folder.path.with_name(f"{folder.path.name}-server.log")
    with log.open("a") as written, subprocess.Popen(command, stderr=written, text=True) as process:
        begin = log.stat().st_size
        while "http://" not in (said := log.read_text()[begin:]):
            if process.poll() is not None:
                raise SystemExit(f"the server did not start: see {log}")
            time.sleep(0.05)
        try:
            yield next(word for word in said.split() if word.startswith("http://")).rstrip("/"), process
        finally:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()


class Browser:
    """One learner's browser: a cookie, the newest form token, and a stop-watch. Connections are shared and kept."""

    def __init__(self, client: httpx.AsyncClient, learner: Learner, seen: Seen) -> None:
        self.client, self.learner, self.seen = client, learner, seen
        self.here = f"/drills/{learner.instances[0]}"
        self.cookie, self.token = "", ""

    async def get(self, path: str) -> str:
        """Open a page and follow where it leads."""
        return await self._page("GET", path)

    async def post(self, path: str, **form: str) -> str:
        """Send a form and follow where it leads."""
        return await self._page("POST", path, {"csrf": self.token, **form})

    async def sign_in(self) -> None:
        """Sign in with the code."""
        await self.get("/sign-in")
        page = await self.post("/sign-in", code=self.learner.code)
        if "My drills" not in page:
            raise httpx.ProtocolError("not signed in")

    async def say(self, words: str) -> None:
        """Send a message and read the reply as it is streamed."""
        began, first = time.monotonic(), 0.0  # a reply's first piece may be empty, and then is all of it
        form = {"csrf": self.token, "template": "v1", "prompt": words}
        headers = {"cookie": self.cookie, "accept": "application/x-ndjson"}
        async with self.client.stream("POST", f"{self.here}/chat", data=form, headers=headers) as answer:
            async for line in answer.aiter_lines():
                event = json.loads(line) if line else {}
                if "error" in event:
                    self.seen.errors.append(f"chat {answer.status_code}: {event['error']}")
                    return
                if "piece" in event and not first:
                    first = time.monotonic() - began
        if answer.status_code != 200 or not first:
            self.seen.errors.append(f"chat {answer.status_code}: no reply")
            return
        self.seen.first.append(first)
        self.seen.replies.append(time.monotonic() - began)

    async def hand_in(self) -> None:
        """File a claim and hand it in; it counts once the server has confirmed it."""
        await self.get(self.here)
        claim = {"behaviour": "invented-policy", "severity": "high", "words": "returns", "line-0": "return, refund"}
        await self.post(f"{self.here}/claims", **claim, question=QUESTIONS[0], **{"question-template": "v1"})
        await self.post(f"{self.here}/submit")
        self.seen.confirmed.add(self.learner.id)

    async def _page(self, method: str, path: str, form: dict[str, str] | None = None) -> str:
        for _ in range(5):
            began = time.monotonic()
            answer = await self.client.request(method, path, data=form, headers={"cookie": self.cookie})
            self.seen.pages.append(time.monotonic() - began)
            self.cookie = answer.headers.get("set-cookie", self.cookie).partition(";")[0]
            if not answer.is_redirect:
                break
            method, path, form = "GET", answer.headers["location"], None
        if answer.status_code != 200:
            self.seen.errors.append(f"{method} {path}: {answer.status_code}")
        self.token = answer.text.partition('name="csrf" value="')[2].partition('"')[0] or self.token
        return answer.text


@asynccontextmanager
async def clients(address: str) -> AsyncIterator[httpx.AsyncClient]:
    """Open the connections that all browsers share."""
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=None, keepalive_expiry=3)
    async with httpx.AsyncClient(base_url=address, limits=limits, timeout=60) as client:
        yield client


async def learn(browser: Browser, until: float, dice: random.Random, hands_in: bool) -> None:
    """Do what a learner does, until the time is over."""
    try:
        await asyncio.sleep(dice.uniform(0, 8))
        await browser.sign_in()
        await browser.get(browser.here)
        turns = 0
        while time.monotonic() < until:
            await asyncio.sleep(dice.uniform(*THINK))
            await browser.say(dice.choice(QUESTIONS))
            if dice.random() < 0.5:
                await browser.get(browser.here)
            turns += 1
            if hands_in and turns == 3:
                await browser.hand_in()
                return
    except (httpx.HTTPError, OSError) as error:
        browser.seen.errors.append(f"{type(error).__name__}: {error}")


async def crowd(address: str, learners: list[Learner], seconds: float, seen: Seen) -> None:
    """Let all learners work at the same time."""
    until = time.monotonic() + seconds
    async with clients(address) as client:
        await asyncio.gather(
            *(
                learn(Browser(client, one, seen), until, random.Random(number), number % 10 == 0)
                for number, one in enumerate(learners)
            )
        )


async def hand_in_until_killed(address: str, learner: Learner, seen: Seen, kill: asyncio.Event) -> None:
    """Sign in, chat and hand in; whatever the kill cuts off is no error, what was confirmed counts."""
    with contextlib.suppress(httpx.HTTPError, OSError):
        async with clients(address) as client:
            browser = Browser(client, learner, seen)
            await browser.sign_in()
            await browser.get(browser.here)
            await browser.say(QUESTIONS[0])
            kill.set()
            await browser.hand_in()


async def kill_once(address: str, process: subprocess.Popen[str], learners: list[Learner], seen: Seen) -> None:
    """Kill the server while some learners hand in, somewhere in the first half second of it."""
    kill = asyncio.Event()
    handing = [asyncio.create_task(hand_in_until_killed(address, one, seen, kill)) for one in learners]
    await asyncio.wait_for(kill.wait(), 60)
    await asyncio.sleep(random.uniform(0, 0.5))
    process.kill()
    await asyncio.gather(*handing)


def rows(folder: ProgramFolder, query: str) -> list[tuple[object, ...]]:
    """Read the database beside the server."""
    with contextlib.closing(sqlite3.connect(folder.database)) as plain:
        return plain.execute(query).fetchall()


def processor_seconds(process: int) -> tuple[float, float]:
    """Return the processor time of a process, and that of its children that have ended."""
    user, system, its, theirs = map(int, Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[11:15])
    ticks = os.sysconf("SC_CLK_TCK")
    return (user + system) / ticks, (its + theirs) / ticks


def wait_for_grades(folder: ProgramFolder, seconds: float) -> None:
    """Wait until nothing is being graded any more."""
    end = time.monotonic() + seconds
    waiting = "select count(*) from submissions where status in ('received', 'grading')"
    while rows(folder, waiting) != [(0,)] and time.monotonic() < end:
        time.sleep(0.5)


def lost(folder: ProgramFolder, seen: Seen) -> list[str]:
    """Return what is wrong with what was confirmed: not there, without a grade, or graded more than once."""
    query = "select learner, status, (select count(*) from grades where submission = submissions.id) from submissions"
    states = {learner: (status, grades) for learner, status, grades in rows(folder, query)}
    ended = "select learner, count(*) from events where kind = 'graded' group by learner"
    times = dict(rows(folder, ended))
    wrong = [f"{one}: confirmed and lost" for one in seen.confirmed - states.keys()]
    wrong += [f"{one}: {state}" for one, state in states.items() if state != ("graded", 1) or times[one] != 1]
    return wrong


def run(folder: ProgramFolder, learners: list[Learner], seconds: float, kills: int) -> tuple[Seen, dict[str, object]]:
    """Run the crowd or the kills, and return what was seen and what is to be shown."""
    seen, began, mine = Seen(), time.monotonic(), time.process_time()
    for number in range(kills):
        some = [learners[(3 * number + place) % len(learners)] for place in range(3)]
        with served(folder) as (address, process):
            asyncio.run(kill_once(address, process, some, seen))
    with served(folder) as (address, process):
        if not kills:
            asyncio.run(crowd(address, learners, seconds, seen))
        worked, mine = time.monotonic() - began, time.process_time() - mine
        busy, grading = processor_seconds(process.pid)
        wait_for_grades(folder, 1200)
    wrong = lost(folder, seen)
    graded = rows(folder, "select count(*) from grades")[0][0]
    shown: dict[str, object] = {"learners": len(learners), "kills": kills, "seconds": round(worked, 1)}
    shown |= {"errors": len(seen.errors), "confirmed": len(seen.confirmed), "graded once": graded, "wrong": len(wrong)}
    for name, times in (("page", seen.pages), ("chat first piece", seen.first), ("chat whole reply", seen.replies)):
        if len(times) > 1 and not kills:
            cuts = statistics.quantiles(times, n=100, method="inclusive")
            shown |= {
                f"{name}s": len(times),
                f"{name} p50": cuts[49],
                f"{name} p95": cuts[94],
                f"{name} max": max(times),
            }
    cores = {"server cores": busy, "grading cores": grading, "client cores": mine}
    shown |= {name: taken / worked for name, taken in cores.items()} | {"load of the machine": os.getloadavg()[0]}
    seen.errors += wrong
    return seen, shown


def holds(shown: dict[str, object]) -> bool:
    """Say whether the yard held."""
    fast = float(shown.get("page p95", 0)) < PAGE_P95 and float(shown.get("chat whole reply p95", 0)) < CHAT_P95  # type: ignore[arg-type]
    return fast and not shown["wrong"] and (bool(shown["kills"]) or not shown["errors"])


def main() -> int:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--learners", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--kills", type=int, default=0)
    parser.add_argument("--programme", type=Path)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        folder = make_programme(asked.programme or Path(made) / "prog", asked.learners)
        for journal in ("", "-wal", "-shm"):  # a run begins with nobody's work
            folder.database.with_name(f"yard.db{journal}").unlink(missing_ok=True)
        learners = [one for one in folder.roster().learners if one.id.startswith("crowd-")][: asked.learners]
        seen, shown = run(folder, learners, asked.seconds, asked.kills)
    if asked.json:
        print(json.dumps({**shown, "messages": seen.errors[:20], "holds": holds(shown)}, indent=2))
        return 0 if holds(shown) else 1
    table = Table("what", "value", title="the yard under " + ("kills" if asked.kills else "a crowd"))
    for name, value in shown.items():
        table.add_row(name, f"{value:.3f}" if isinstance(value, float) else str(value))
    Console().print(table, *seen.errors[:20], sep="\n")
    return 0 if holds(shown) else 1


if __name__ == "__main__":
    sys.exit(main())
