"""What learners were told while their yard was killed, held against what its database says in the end.

Each client signs in, files a claim with words that nobody else uses, hands it in (in three of ten with a double click),
and sends the same again, as a browser would, until it has an answer. What it was told is a promise: work that was
confirmed is kept as it was, once, and is graded once; a grade that was seen stays as it was.
"""

from __future__ import annotations

import asyncio
import hashlib
import random
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import httpx2 as httpx
from sqlalchemy.exc import ProgrammingError
from yard.lives import Lives

from drillyard.programs.roster import Learner

__all__ = ["Promises", "Toll", "kill_often"]

Rows = Callable[[str], list[tuple[Any, ...]]]


@dataclass
class Promises:
    """What was told: words by learner and instance, of those sent and of those confirmed; the grades that were seen."""

    sent: dict[tuple[str, str], str] = field(default_factory=dict)
    confirmed: dict[tuple[str, str], str] = field(default_factory=dict)
    grades: dict[int, str] = field(default_factory=dict)
    answers: int = 0
    cut: int = 0
    replays: int = 0

    def broken(self, rows: Rows) -> list[str]:
        """Return what the database says otherwise, now; each number may only grow."""
        confirmed = dict(self.confirmed)
        found = [*rows("select learner, instance, body from submissions")]
        kept = {(learner, instance): body for learner, instance, body in found}
        wrong = [f"{one}: stored twice" for one in kept if sum(row[:2] == one for row in found) > 1]
        wrong += [f"{one}: confirmed and lost" for one in confirmed if one not in kept]
        wrong += [f"{one}: stored as something else" for one in kept if self.sent.get(one, "nobody's") not in kept[one]]
        for number, body in rows("select submission, body from grades"):
            digest = hashlib.sha256(body.encode()).hexdigest()
            if self.grades.setdefault(number, digest) != digest:
                wrong.append(f"submission {number}: its grade has changed")
        there = {number for (number,) in rows("select submission from grades")}
        wrong += [f"submission {number}: its grade is gone" for number in self.grades if number not in there]
        for kind in ("submitted", "graded"):
            # What was given up can be handed in again, which is noted as such.
            often = "select learner, instance, count(*) from events where kind = '{}' and detail = '' group by 1, 2"
            wrong += [f"{row[:2]}: {kind} {row[2]} times" for row in rows(often.format(kind)) if row[2] != 1]
        return wrong

    def open(self, rows: Rows) -> list[str]:
        """Return what is left to be graded."""
        waiting = rows("select learner, instance, status from submissions where status != 'graded'")
        return [f"{learner} {instance}: {status}" for learner, instance, status in waiting]


class _Client:
    """A learner's browser, which sends again what was cut off."""

    def __init__(self, address: str, learner: Learner, told: Promises, dice: random.Random) -> None:
        self._learner, self._told, self._dice = learner, told, dice
        self._web = httpx.AsyncClient(base_url=address, timeout=20)
        self._token = ""
        self.done = asyncio.Event()

    async def work(self, stop: asyncio.Event) -> None:
        """Hand in one drill after another; then look at each again and hand it in once more, until it is enough."""
        async with self._web:
            for instance in self._learner.instances:
                await self._hand_in(instance, stop)
            self.done.set()
            while not stop.is_set():
                self._told.replays += 1
                await self._submit(self._dice.choice(self._learner.instances), stop)

    async def _hand_in(self, instance: str, stop: asyncio.Event) -> None:
        here, words = f"/drills/{instance}", f"words {self._dice.getrandbits(64):016x}"
        self._told.sent[self._learner.id, instance] = words
        claim = {"behaviour": "pressure-selling", "severity": "high", "words": words, "line-0": "price"}
        asked = {"question": "What does the Aurora cost?", "question-template": "v2"}
        while not stop.is_set():
            page = await self._send("GET", here)
            if page and f"{here}/claims/" in page.text:  # what is only typed cannot be removed
                break
            await self._send("POST", f"{here}/claims", **claim, **asked)
        await self._submit(instance, stop)

    async def _submit(self, instance: str, stop: asyncio.Event) -> None:
        key = self._learner.id, instance
        while not stop.is_set():
            clicks = 2 if self._dice.random() < 0.3 else 1
            answers = await asyncio.gather(*(self._send("POST", f"/drills/{instance}/submit") for _ in range(clicks)))
            if any(one and one.headers.get("location", "").endswith("/result") for one in answers):
                self._told.confirmed[key] = self._told.sent[key]
                return

    async def retry(self, instance: str) -> None:
        """Ask for another grading of what could not be graded."""
        await self._send("POST", f"/drills/{instance}/retry")

    async def _send(self, method: str, path: str, **form: str) -> httpx.Response | None:
        """Send something, signed in; nothing comes back where a kill cut it off."""
        try:
            data = {"csrf": self._token, **form} if method == "POST" else None
            answer = await self._web.request(method, path, data=data)
            if answer.headers.get("location", "").startswith("/sign-in") or answer.status_code == 403:
                await self._sign_in()
                return None
        except (httpx.TransportError, OSError):
            self._told.cut += 1
            await asyncio.sleep(self._dice.uniform(0, 0.1))
            return None
        self._told.answers += 1
        self._token = _token(answer) or self._token
        return answer if answer.status_code < 400 else None

    async def _sign_in(self) -> None:
        asked = await self._web.get("/sign-in")
        await self._web.post("/sign-in", data={"csrf": _token(asked), "code": self._learner.code})
        self._token = _token(await self._web.get("/drills"))


def _token(page: httpx.Response) -> str:
    return page.text.partition('name="csrf" value="')[2].partition('"')[0]


@dataclass(frozen=True)
class Toll:
    """What so many kills came to; `wrong` is empty where every promise was kept, `ended` are lives that gave up."""

    kills: int
    confirmed: int
    stored: int
    graded: int
    answers: int
    cut: int
    replays: int
    ended: int
    wrong: tuple[str, ...]


async def kill_often(
    lives: Lives,
    learners: Sequence[Learner],
    kills: int,
    rows: Rows,
    seed: int,
    victims: Sequence[str] = ("server",),
    crash: Callable[[], None] | None = None,
) -> Toll:
    """Let learners hand in while what serves them is killed at random moments of its life, its start among them.

    The `victims` are lives, and the database where `crash` ends it and starts it again.
    """
    strikes = [partial(lives.replace, one) for one in victims] + [crash] * (crash is not None)
    dice, told, stop = random.Random(seed), Promises(), asyncio.Event()
    clients = [_Client(lives.address, one, told, random.Random(f"{seed} {one.id}")) for one in learners]
    working = [asyncio.create_task(client.work(stop)) for client in clients]
    wrong: list[str] = []
    for one in victims:
        lives.begin(one)
    for _ in range(kills):
        if dice.random() < 0.9:  # else one is killed while it starts
            await _answering(lives, told)
        await asyncio.sleep(dice.uniform(0, 0.4))
        dice.choice(strikes)()
        wrong += _kept(told, rows)
    while not all(client.done.is_set() for client in clients):
        await _answering(lives, told)
    stop.set()
    await asyncio.gather(*working)
    await _settle(lives, learners, told, rows, seed)
    for one in victims:
        lives.kill(one)
    wrong += [*told.broken(rows), *told.open(rows)]
    ((stored,),), ((graded,),) = rows("select count(*) from submissions"), rows("select count(*) from grades")
    return Toll(
        kills, len(told.confirmed), stored, graded, told.answers, told.cut, told.replays, lives.ended, tuple(wrong)
    )


async def _answering(lives: Lives, told: Promises) -> None:
    """Wait until a server that has begun answers."""
    before, end = told.answers, time.monotonic() + 60
    while told.answers == before and time.monotonic() < end:
        lives.keep()
        await asyncio.sleep(0.005)


def _kept(told: Promises, rows: Rows) -> Iterator[str]:
    """Look at a killed yard's database; one that died before it made its tables has promised nothing."""
    try:
        yield from told.broken(rows)
    except (sqlite3.OperationalError, ProgrammingError) as error:
        if told.confirmed:
            yield str(error)


async def _settle(lives: Lives, learners: Sequence[Learner], told: Promises, rows: Rows, seed: int) -> None:
    """Wait until all is graded; what was cut off too often to be graded, its learner has graded again."""
    end = time.monotonic() + 120
    people = {one.id: _Client(lives.address, one, told, random.Random(seed)) for one in learners}
    while told.open(rows) and time.monotonic() < end:
        for learner, instance in rows("select learner, instance from submissions where status = 'failed'"):
            await people[learner].retry(instance)
        lives.keep()
        await asyncio.sleep(0.2)
