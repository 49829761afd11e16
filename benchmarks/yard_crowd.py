"""The people of `benchmarks/yard.py`: each a browser with a cookie, form tokens, held assets and time to think."""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import re
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx2 as httpx

from drillyard.programs.roster import Learner

THINK = (6.0, 14.0)
"""Seconds between two pages of one person, evenly: a learner reads, types, and looks at what came."""

EVERY = 10.0
"""Seconds from one round of messages to the next; in a round all who chat send at the same moment."""

ASSETS = ("/static/yard.css", "/static/htmx.min.js")
QUESTIONS = (
    "Can I return a lamp after three weeks?",
    "How much is the Aurora?",
    "How long is the warranty of the kettle?",
    "Do you have a discount code for me?",
    "Is the desk in stock?",
)
PAGES = {"my drills": 4, "drill": 6, "lesson": 5, "answer": 3, "progress": 2, "catalogue": 2, "board": 1, "recall": 1}
"""What people open, by how often."""


_CHOICE = re.compile(
    r'action="(/lessons/[^"]+/answer)">(?:(?!</form>).)*?name="question" value="([^"]+)"(?:(?!</form>).)*?type="radio"',
    re.DOTALL,
)


@dataclass
class Seen:
    """What the clients saw: seconds by kind of page and of replies, what went wrong, whose work was confirmed."""

    seconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    first: list[float] = field(default_factory=list)
    replies: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    confirmed: set[str] = field(default_factory=set)

    @property
    def pages(self) -> list[float]:
        """All pages and forms, without their assets."""
        return [one for kind, found in self.seconds.items() if kind != "asset" for one in found]


class Browser:
    """One learner's browser: a cookie, the newest form token, and a stop-watch. Connections are shared and kept."""

    def __init__(self, client: httpx.AsyncClient, learner: Learner, seen: Seen) -> None:
        self.client, self.learner, self.seen = client, learner, seen
        self.here = f"/drills/{next(name for name in learner.instances if name.startswith('failure-hunt'))}"
        self.cookie, self.token, self.lessons = "", "", [""]
        self.held: dict[str, str] = {}

    async def get(self, kind: str, path: str) -> str:
        """Open a page with its assets and follow where it leads."""
        page = await self._page(kind, "GET", path)
        for asset in ASSETS:  # held, and asked for by their etag, as the yard tells browsers to
            headers = {"if-none-match": self.held[asset]} if asset in self.held else {}
            began = time.monotonic()
            answer = await self.client.get(asset, headers=headers)
            self.seen.seconds["asset"].append(time.monotonic() - began)
            self.held[asset] = answer.headers["etag"]
        return page

    async def post(self, kind: str, path: str, **form: str) -> str:
        """Send a form and follow where it leads."""
        return await self._page(kind, "POST", path, {"csrf": self.token, **form})

    async def sign_in(self) -> None:
        """Sign in with the code."""
        await self.get("sign-in", "/sign-in")
        page = await self.post("sign-in", "/sign-in", code=self.learner.code)
        if "/drills/" not in page:
            raise httpx.ProtocolError("not signed in")
        self.lessons = sorted(set(re.findall(r'href="(/lessons/[^"]+)"', page)))

    async def open(self, kind: str, dice: random.Random) -> None:
        """Open a page of a kind, or answer a lesson's first question."""
        if kind == "answer":
            page = await self.get("lesson", dice.choice(self.lessons))
            if asked := _CHOICE.search(page):
                await self.post("answer", asked[1], question=asked[2], answer="0")
            return
        addresses = {"my drills": "/drills", "drill": self.here, "lesson": dice.choice(self.lessons)}
        await self.get(kind, addresses.get(kind, f"/{kind}"))

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
        await self.get("drill", self.here)
        claim = {"behaviour": "invented-policy", "severity": "high", "words": "returns", "line-0": "return, refund"}
        await self.post("claim", f"{self.here}/claims", **claim, question=QUESTIONS[0], **{"question-template": "v1"})
        await self.post("hand in", f"{self.here}/submit")
        self.seen.confirmed.add(self.learner.id)

    async def _page(self, kind: str, method: str, path: str, form: dict[str, str] | None = None) -> str:
        for _ in range(5):
            began = time.monotonic()
            answer = await self.client.request(method, path, data=form, headers={"cookie": self.cookie})
            self.seen.seconds[kind].append(time.monotonic() - began)
            self.cookie = answer.headers.get("set-cookie", self.cookie).partition(";")[0]
            if not answer.is_redirect:
                break
            method, path, form = "GET", answer.headers["location"], None
        if answer.status_code != 200:
            self.seen.errors.append(f"{method} {path}: {answer.status_code}")
        self.token = answer.text.partition('name="csrf" value="')[2].partition('"')[0] or self.token
        return answer.text


@asynccontextmanager
async def clients(address: str) -> AsyncIterator[list[httpx.AsyncClient]]:
    """Open the connections that all browsers share, in pools of few: one pool looks through all it has each time."""
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=None, keepalive_expiry=30)
    async with contextlib.AsyncExitStack() as opened:
        made = [httpx.AsyncClient(base_url=address, limits=limits, timeout=60) for _ in range(50)]
        yield [await opened.enter_async_context(client) for client in made]


async def read(browser: Browser, until: float, dice: random.Random, hands_in: bool) -> None:
    """Open pages with time to think, and hand in once, until the time is over."""
    kinds = dice.choices(list(PAGES), list(PAGES.values()), k=1000)
    due = dice.uniform(time.monotonic(), until - 5) if hands_in else until
    while (now := time.monotonic()) < until:
        await asyncio.sleep(dice.uniform(*THINK))
        if now >= due:
            due = until
            await browser.hand_in()
        else:
            await browser.open(kinds.pop(), dice)


async def talk(browser: Browser, begin: float, until: float, dice: random.Random) -> None:
    """Send a message at the same moment as all others who chat, time and again."""
    await browser.get("drill", browser.here)
    rounds = int((until - begin) // EVERY)
    for number in range(rounds):
        await asyncio.sleep(max(0.0, begin + number * EVERY - time.monotonic()))
        await browser.say(dice.choice(QUESTIONS))


async def learn(
    browser: Browser, arrives: float, until: float, dice: random.Random, chats: bool, hands_in: bool
) -> None:
    """Do what a learner does, until the time is over."""
    begin = time.monotonic() + arrives
    try:
        await asyncio.sleep(dice.uniform(0, arrives))
        await browser.sign_in()
        await asyncio.sleep(dice.uniform(0, THINK[1]))
        await (talk(browser, begin, until, dice) if chats else read(browser, until, dice, hands_in))
    except (httpx.HTTPError, OSError) as error:
        browser.seen.errors.append(f"{type(error).__name__}: {error}")


async def crowd(
    address: str, learners: Sequence[Learner], seconds: float, chats: int, hand_ins: int, seen: Seen
) -> None:
    """Let all learners work at the same time: the first so many chat, as many others hand in, all others open pages."""
    arrives = max(1.0, len(learners) / 25)
    until = time.monotonic() + arrives + seconds
    async with clients(address) as pools, asyncio.TaskGroup() as everybody:
        for number, one in enumerate(learners):
            browser = Browser(pools[number % len(pools)], one, seen)
            hands_in = chats <= number < chats + hand_ins
            everybody.create_task(learn(browser, arrives, until, random.Random(number), number < chats, hands_in))


async def open_one(address: str, path: str, people: int, seconds: float, times: list[float]) -> None:
    """Open one page again and again, as often as so many people open pages and assets."""
    until = time.monotonic() + seconds

    async def one(client: httpx.AsyncClient, dice: random.Random) -> None:
        await asyncio.sleep(dice.uniform(0, THINK[1]))
        while time.monotonic() < until:
            began = time.monotonic()
            (await client.get(path)).raise_for_status()
            times.append(time.monotonic() - began)
            await asyncio.sleep(dice.uniform(*THINK) / (1 + len(ASSETS)))

    async with clients(address) as pools, asyncio.TaskGroup() as everybody:
        for number in range(people):
            everybody.create_task(one(pools[number % len(pools)], random.Random(number)))
