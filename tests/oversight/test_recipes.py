"""Recipes: every call recorded, paid for once, bounded; whatever goes wrong has one clear outcome."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import time
from pathlib import Path

import pytest

from drillyard.errors import BadInput
from drillyard.oversight.recipes.agents import Answer, Person, Recorded, Scripted, TargetAgent
from drillyard.oversight.recipes.calls import Trace
from drillyard.oversight.recipes.run import NoAnswer, RecipeBudget, RecipeRun, ask, recipe, together
from drillyard.targets.null import EchoTarget, ScriptedTarget


class Counting:
    """An agent that counts how often it was asked, and how many waited at the same time."""

    name, definition, concurrency = "counting", "counting 1", 4

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.now = self.most = 0

    async def answer(self, prompt: str, seed: int) -> Answer:
        """Say the prompt in capitals."""
        self.asked.append(prompt)
        self.now += 1
        self.most = max(self.most, self.now)
        await asyncio.sleep(0)
        self.now -= 1
        return Answer(text=prompt.upper(), tokens=1, prompt_tokens=1)


@recipe
async def branch(agent, depth):
    """Ask at every node of a binary tree."""
    here = await ask(agent, f"depth {depth}")
    if depth:
        await together(branch(agent, depth - 1) for _ in range(2))
    return here


@recipe
async def many(agent, count):
    """Ask side by side."""
    return await together(ask(agent, f"question {number}") for number in range(count))


def test_the_trace_is_the_tree_of_calls(tmp_path: Path) -> None:
    """Who was asked what within which recipe stands in trace.json, with tokens; the page is written beside it."""
    with RecipeRun(tmp_path) as run:
        run.run(branch, Counting(), 2)
    trace = Trace.from_json((tmp_path / "trace.json").read_bytes())
    assert sum(call.kind == "ask" for call in trace.calls) == 7 and trace.tokens == 14
    for call in trace.calls[1:]:
        assert trace.calls[call.parent].kind == "recipe" and call.parent < call.id
    page = (tmp_path / "trace.html").read_text(encoding="utf-8")
    assert "7 questions to 1 agents" in page and "http" not in page.replace("http://www.w3.org", "")


def test_at_most_so_many_are_asked_at_a_time() -> None:
    """Concurrency is bounded by the agent, however many questions wait."""
    agent = Counting()
    assert len(RecipeRun().run(many, agent, 50)) == 50
    assert agent.most == 4


def test_a_resumed_run_asks_nothing_twice(tmp_path: Path) -> None:
    """With the journal cut at any line, the second run asks exactly what is missing."""
    agent = Counting()
    with RecipeRun(tmp_path) as run:
        first = run.run(branch, agent, 3)
    lines = (tmp_path / "answers.jsonl").read_bytes().splitlines(keepends=True)
    for kept in (0, 1, 7, 14, 15):
        (tmp_path / "answers.jsonl").write_bytes(b"".join(lines[:kept]) + (lines[kept][:9] if kept < 15 else b""))
        again = Counting()
        with RecipeRun(tmp_path) as run:
            assert run.run(branch, again, 3) == first
        assert len(again.asked) == 15 - kept


@pytest.mark.walk
def test_kills_lose_and_repeat_nothing(tmp_path: Path) -> None:
    """After every SIGKILL the journal holds whole answers, each once; what another process saw answered is kept."""
    rng, done = random.Random(1), False
    for _ in range(200):
        pid = os.fork()
        if pid == 0:
            with RecipeRun(tmp_path / "run") as run:
                run.run(many, Scripted("slow", lambda prompt, seed: time.sleep(2e-4) or prompt.upper()), 400)
            os._exit(0)
        time.sleep(rng.uniform(0.0, 0.03))
        os.kill(pid, signal.SIGKILL)
        done = os.waitpid(pid, 0)[1] == 0
        lines = (
            (tmp_path / "run" / "answers.jsonl").read_bytes() if (tmp_path / "run" / "answers.jsonl").exists() else b""
        )
        whole = [line for line in lines.split(b"\n")[:-1] if line]
        assert len(set(whole)) == len(whole)
        if done:
            break
    with RecipeRun(tmp_path / "run") as run:
        agent = Counting()
        agent.name, agent.definition = "slow", "scripted slow 1"
        assert run.run(many, agent, 400) == [f"QUESTION {number}" for number in range(400)]
        assert len(agent.asked) + len(whole) == 400


def test_recursion_without_end_is_one_line() -> None:
    """A recipe that calls itself for ever ends at a depth that can be set."""

    @recipe
    async def forever(n):
        return await forever(n + 1)

    with pytest.raises(BadInput, match=r"'forever' within 50 other recipes, expected at most 50"):
        RecipeRun().run(forever, 0)


def test_an_agent_that_returns_nothing_is_asked_again_and_then_named() -> None:
    """Three tries, then `NoAnswer` with the agent's name; the call is in the trace with its error."""
    silent = Scripted("silent", lambda prompt, seed: " ")
    run = RecipeRun()
    with pytest.raises(NoAnswer, match="no answer of silent in 3 tries"):
        run.run(many, silent, 1)
    assert "no answer of silent" in run.trace().calls[-1].error


def test_the_budget_ends_a_run_and_what_was_answered_is_kept(tmp_path: Path) -> None:
    """Raised, the same recipe goes on from there."""
    for queries, asked in ((5, 5), (20, 15)):
        agent = Counting()
        agent.concurrency = 1
        with RecipeRun(tmp_path, budget=RecipeBudget(queries=queries)) as run:
            if queries == 5:
                with pytest.raises(BadInput, match="budget of 5 queries spent"):
                    run.run(many, agent, 20)
            else:
                assert len(run.run(many, agent, 20)) == 20
        assert len(agent.asked) == asked


def test_a_recording_replays_without_calling_anybody() -> None:
    """What it does not hold is one line."""
    run = RecipeRun()
    said = run.run(branch, Counting(), 2)
    recorded = Recorded("counting", run.trace().calls)
    assert RecipeRun().run(branch, recorded, 2) == said
    with pytest.raises(BadInput, match="expected a prompt of the trace"):
        RecipeRun().run(many, recorded, 1)
    with pytest.raises(BadInput, match="expected one of its agents: counting"):
        Recorded("judge", run.trace().calls)


def test_a_person_who_leaves_finds_their_answers_again(tmp_path: Path) -> None:
    """Closing the tab or the terminal ends the run in one line; nothing that was answered is asked again."""
    said = iter(["one", "two", None])
    with RecipeRun(tmp_path) as run, pytest.raises(BadInput, match="ada has left.*type the same command again"):
        run.run(many, Person("ada", lambda prompt: next(said)), 5)
    more = iter(["three", "four", "five"])
    with RecipeRun(tmp_path) as run:
        answers = run.run(many, Person("ada", lambda prompt: next(more)), 5)
    assert answers == ["one", "two", "three", "four", "five"]


def test_a_target_answers_in_batches_and_counts_tokens() -> None:
    """Questions that wait at the same moment go to the model as one batch."""
    sizes = []

    class Watched(EchoTarget):
        def generate(self, conversations, seeds):
            sizes.append(len(conversations))
            return super().generate(conversations, seeds)

    assert RecipeRun().run(many, TargetAgent(Watched(), batch=32), 40) == [f"question {n}" for n in range(40)]
    assert sizes == [32, 8]


def test_an_upstream_that_dies_keeps_what_was_answered(tmp_path: Path) -> None:
    """What the target raises ends the run; the answers before it are in the journal."""

    class Dying(ScriptedTarget):
        left = 3

        def generate(self, conversations, seeds):
            self.left -= 1
            if self.left < 0:
                raise BadInput("found no answer of http://127.0.0.1:9, expected a server; start it")
            return super().generate(conversations, seeds)

    script = {f"question {n}": [f"answer {n}"] for n in range(6)}
    with RecipeRun(tmp_path) as run, pytest.raises(BadInput, match="start it"):
        run.run(many, TargetAgent(Dying(script), batch=1), 6)
    alive = Counting()
    alive.name = alive.definition = "scripted/"
    with RecipeRun(tmp_path) as run:
        run.run(many, alive, 6)
    assert len(alive.asked) == 3


def test_a_recipe_outside_a_run_says_how_to_run_it() -> None:
    """The recipe names the way."""
    with pytest.raises(BadInput, match="use RecipeRun"):
        asyncio.run(many(Counting(), 1))
