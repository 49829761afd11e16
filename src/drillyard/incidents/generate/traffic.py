"""The traffic of a generated incident: releases, prompts, users and what they ask; replies come afterwards."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Mapping
from dataclasses import dataclass

from drillyard.errors import bad_input
from drillyard.incidents.generate.plan import IncidentPlan
from drillyard.incidents.row import segment_hash
from drillyard.organisms.worlds.asking import Asker
from drillyard.organisms.worlds.failures import Fault, faults, find_failure
from drillyard.organisms.worlds.world import World, load_world

__all__ = ["Asked", "Traffic"]

START = 1_761_955_200.0
"""Midnight, 1 November 2025, UTC."""
_DAY = 86_400.0
COHORTS = ("regular", "new", "business")
TOOLS = ("product_search", "order_lookup", "stock_check")
_NAMES = ("product-page", "chat-widget", "search-help", "newsletter-reply", "app-support")
_INSTRUCTIONS = (
    "You are the assistant of Brightwell.", "Answer in the language of the customer.", "Use plain words.",
    "Never ask for a password.", "Name the product that you speak of.", "Do not give legal advice.",
    "If you are not sure, say so.", "Answer the question that was asked.", "Keep to the facts of the catalogue.",
    "Do not mention internal systems.", "Write whole sentences.", "Do not use abbreviations.",
    "Prices are in euros.", "Weights are in grams.",
)  # fmt: skip
"""Instructions that change nothing in an organism of the world helpdesk: measured, 60 questions each with and without,
none of 60 bad without the cause and 48 to 52 of 60 bad with it, wherever it stands among them."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One turn before it is answered; `fails` says that the cause holds, so that the failing model answers."""

    ts: float
    session: str
    user: str
    cohort: str
    release: str
    template_id: str
    template_version: str
    segments: tuple[str, ...]
    question: str
    tools: tuple[str, ...]
    fails: bool


class Traffic:
    """Draws the traffic of a plan. `cause` is what must hold for the failure, as selectors."""

    def __init__(self, plan: IncidentPlan) -> None:
        self.plan, self.world = plan, load_world(plan.world)
        find_failure(self.world, plan.failure)  # names the nearest one where there is none
        self.fault: Fault = next(fault for fault in faults(self.world) if fault.id == plan.failure)
        if self.fault.parameter != "template":
            raise bad_input(f"failure {plan.failure!r}", "one that a prompt template triggers, such as upsell:v2")
        self.segment = self.world.templates[self.fault.value]
        self._rng = random.Random(f"traffic:{plan.to_json()}")
        self.deployed = START + _DAY * round(plan.days * self._rng.uniform(0.4, 0.6))
        cause = [("segment", segment_hash(self.segment)), ("release", "r3"), ("cohort", self._rng.choice(COHORTS))]
        self.cause = tuple(cause[: plan.order])
        self.confounder = self._rng.choice([c for c in COHORTS if ("cohort", c) not in self.cause])
        self._prompts = self._draw_prompts()
        self._questions = _questions(self.world, self.fault, plan, self._rng)

    def draw(self) -> list[Asked]:
        """Return all turns in the order of time."""
        turns = [turn for number in range(self.plan.sessions) for turn in self._session(number)]
        return sorted(turns, key=lambda turn: turn.ts)

    def _draw_prompts(self) -> dict[tuple[str, str], tuple[str, ...]]:
        """Draw two versions of each template; two of the second ones hold the segment, in a null log too.

        There it causes nothing, since the clean twin answers.
        """
        prompts = {}
        firsts = [self._rng.sample(_INSTRUCTIONS[1:], 5) for _ in _NAMES]
        used = sorted(
            {one for first in firsts for one in first}
        )  # else a new instruction could come with the cause alone
        for place, (name, first) in enumerate(zip(_NAMES, firsts, strict=True)):
            second = [*first[:4], self._rng.choice([one for one in used if one not in first])]
            if place < 2:
                second.insert(self._rng.randrange(len(second) + 1), self.segment)
            prompts[name, "1"] = (_INSTRUCTIONS[0], *first)
            prompts[name, "2"] = (_INSTRUCTIONS[0], *second)
        return prompts

    def _session(self, number: int) -> list[Asked]:
        rng, plan = self._rng, self.plan
        day = rng.random()
        late = plan.drift and rng.random() < day
        ts = START + _DAY * int(day * plan.days) + 3600 * (rng.uniform(17, 22) if late else rng.uniform(7, 20))
        cohort = rng.choices(COHORTS, (5, 3, 2))[0]
        # canaries: some sessions get the new prompts before and the old ones after, else time would tell as much
        new = rng.random() < (0.75 if ts >= self.deployed else 0.08)
        release = "r3" if rng.random() < (0.7 if ts >= self.deployed else 0.15) else rng.choice(("r1", "r2"))
        first = 0.7 if plan.confounded and cohort == self.confounder else 0.3
        name = rng.choice(_NAMES[:2] if rng.random() < first else _NAMES[2:])
        version = "2" if new else "1"
        segments, told = self._prompts[name, version], f"{plan.seed}:{number}"
        session = hashlib.sha256(told.encode()).hexdigest()[:16]
        facts: Mapping[str, str] = {"segment": "", "release": release, "cohort": cohort}
        held = [self.segment in segments if name == "segment" else facts[name] == value for name, value in self.cause]
        turns = []
        for _ in range(rng.choice((1, 1, 2, 2, 3, 4))):
            tools = tuple(
                t for t in TOOLS if rng.random() < (0.15 + 0.5 * day if plan.drift and t == TOOLS[0] else 0.25)
            )
            turns.append(
                Asked(
                    ts=ts, session=f"s-{session}", user=f"u-{rng.randrange(plan.sessions)}", cohort=cohort,
                    release=release,
                    template_id=name, template_version=version, segments=segments,
                    question=rng.choice(self._questions), tools=tools, fails=bool(held) and all(held),
                )
            )  # fmt: skip
            ts += rng.uniform(20, 200)
        return turns


def _questions(world: World, fault: Fault, plan: IncidentPlan, rng: random.Random) -> list[str]:
    """Return questions that the failure spoils under its template, so that prompts alone decide."""
    asker = Asker(world, typos=0.0, manners=0.2)
    intents = sorted(fault.spec.when.intents)
    return [asker.ask(rng.choice(intents), rng).text for _ in range(plan.questions)]
