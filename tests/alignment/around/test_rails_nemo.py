"""The produced folder, run by `nemoguardrails` itself: the same verdicts, and nothing gets out when it breaks."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("nemoguardrails", reason="needs drillyard[rails]")

from nemoguardrails import LLMRails, RailsConfig
from nemoguardrails.types import LLMResponse, LLMResponseChunk

from drillyard.alignment.around.rails import Rails
from drillyard.alignment.around.rails_folder import WEIGHTS
from drillyard.alignment.around.rails_nemo import NemoChecker
from drillyard.alignment.around.screened import ERROR, Answers
from drillyard.alignment.around.verdict import PASS, open_screen
from drillyard.alignment.base import Lesson
from drillyard.alignment.exam import HARMFUL, REFUSAL, AlignExam
from drillyard.organisms.worlds.world import World
from drillyard.records import Conversation
from drillyard.targets.null import EchoTarget

# NeMo warns of fields of its own that nobody has set.
pytestmark = pytest.mark.filterwarnings("ignore:Use 'nim_base_url' instead:DeprecationWarning")


class Parrot:
    """A model for NeMo that says back what the user said, or always the same; it counts how often it is asked."""

    model_name, provider_name, provider_url = "parrot", "local", None

    def __init__(self, said: str = "") -> None:
        self.said, self.asked = said, 0

    async def generate_async(self, prompt, *, stop=None, **options):
        """Answer at once."""
        self.asked += 1
        return LLMResponse(content=self.said or prompt[-1].content)

    async def stream_async(self, prompt, *, stop=None, **options):
        """Answer in one piece."""
        yield LLMResponseChunk(delta_content=self.said or prompt[-1].content)


def answers_in(folder: Path) -> Answers:
    """Return what the folder says for each verdict."""
    return Answers.from_json((folder / "answers.json").read_bytes())


def ask(folder: Path, text: str, model: Parrot) -> str:
    """Ask NeMo, with a model behind it, as a user of the folder would."""

    async def once() -> str:
        rails = LLMRails(RailsConfig.from_path(str(folder)), llm=model)
        return (await rails.generate_async(messages=[{"role": "user", "content": text}]))["content"]

    return asyncio.run(once())


def test_nemo_runs_the_folder_as_it_is(folder: Path, exam: AlignExam, world: World) -> None:
    """In held-out words: a forbidden request is refused and the model not asked, a look-alike is answered."""
    forbidden = next(q.conversation.last_user for q in exam.questions if q.metric == HARMFUL)
    alike = next(q.conversation.last_user for q in exam.questions if q.metric == REFUSAL)
    model = Parrot()
    assert ask(folder, forbidden, model) == world.replies["refusal"] and model.asked == 0
    assert ask(folder, alike, model) == alike and model.asked == 1


def test_nemo_stops_forbidden_help(folder: Path, world: World) -> None:
    """A harmless question with a forbidden reply: the output rail puts the refusal in its place."""
    model = Parrot(world.entry("harmful:false-receipt").reply)
    assert ask(folder, "can i return my lamp", model) == world.replies["refusal"] and model.asked == 1


@pytest.mark.walk
def test_nemo_and_the_direct_call_agree(folder: Path, exam: AlignExam, lesson: Lesson) -> None:
    """On 240 requests and 120 replies, held out and learned, every verdict is the same, and all sorts occur."""
    screen, nemo = open_screen(str(folder / WEIGHTS)), NemoChecker(folder, answers_in(folder))
    asked = [q.conversation.last_user for q in exam.questions[::3]]
    asked += [pair.conversation.last_user for pair in lesson.preferences[: 240 - len(asked)]]
    said = [text for pair in lesson.preferences[:60] for text in (pair.chosen, pair.rejected)]
    requests, replies = screen.requests(asked), screen.replies(said)
    assert nemo.requests(asked) == requests and nemo.replies(said) == replies
    assert set(requests) == {"pass", "refuse", "outside"} and set(replies) == {"pass", "refuse"}


@pytest.mark.parametrize(
    "text", ["", " \n ", "$user_message", "{{ config }}", 'say "hello"', "ünïcödé 🦜", "a\nb", "\\"]
)
def test_odd_texts_get_the_same_verdict(text: str, folder: Path) -> None:
    """Blank, with Colang's own signs, with quotation marks: no text is an error or slips by."""
    screen, nemo = open_screen(str(folder / WEIGHTS)), NemoChecker(folder, answers_in(folder))
    for words in (text, f"{text} can you forge a receipt for me"):
        assert nemo.requests([words]) == screen.requests([words])
        assert nemo.replies([words]) == screen.replies([words])


def test_the_target_can_be_served_by_nemo(folder: Path, exam: AlignExam) -> None:
    """With `engine="nemo"` every reply is the one of the direct engine."""
    asked = [q.conversation for q in exam.questions[::12]]
    direct, nemo = (Rails(engine=engine).apply(EchoTarget(), folder) for engine in ("direct", "nemo"))
    assert nemo.generate(asked, [1] * len(asked)) == direct.generate(asked, [1] * len(asked))


def test_it_works_inside_a_running_loop(folder: Path) -> None:
    """A server that calls the target from its event loop gets its verdict, where NeMo's own `check` raises."""
    target = Rails(engine="nemo").apply(EchoTarget(), folder)

    async def inside() -> str:
        return target.generate([Conversation.ask("can i return a lamp")], [1])[0].text

    assert asyncio.run(inside()) == "can i return a lamp"


@pytest.mark.parametrize("broken", [WEIGHTS, "actions.py"])
def test_nemo_stops_everything_when_its_actions_break(broken: str, folder: Path, tmp_path: Path, capsys) -> None:
    """Without weights or actions NeMo says that an internal error has occurred: for us that is an error, no answer."""
    copy = shutil.copytree(folder, tmp_path / "rails")
    (copy / broken).unlink()
    checker = NemoChecker(copy, answers_in(copy))
    assert checker.requests(["hello"]) == [ERROR] and checker.replies(["hello"]) == [ERROR]
    assert "hello" not in "".join(capsys.readouterr()), "NeMo's log holds the user's text"
    whole = Rails(engine="nemo").apply(EchoTarget(), folder)
    whole.checker = checker
    reply = whole.generate([Conversation.ask("hello")], [1])[0]
    assert (reply.text, reply.finish) == ("", "error")


def test_the_history_does_not_reach_nemo(folder: Path) -> None:
    """Each check hands NeMo one message, whatever came before: its own cost grows with the history."""
    checker = NemoChecker(folder, answers_in(folder))
    seen: list[int] = []
    plain = checker.rails.check_async

    async def counting(messages, rail_types=None):
        seen.append(len(messages))
        return await plain(messages, rail_types=rail_types)

    checker.rails.check_async = counting
    assert checker.requests(["hello", "thanks"]) == [PASS, PASS] and checker.replies(["Welcome."]) == [PASS]
    assert seen == [1, 1, 1]


@pytest.mark.walk
def test_the_folder_needs_no_drillyard_and_reports_to_nobody(folder: Path, tmp_path: Path) -> None:
    """In a process that cannot import Drillyard the folder works; with our checker no report is made or kept."""
    code = (
        "import sys, asyncio\n"
        "class No:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.split('.')[0] == 'drillyard': raise ImportError(name)\n"
        "sys.meta_path.insert(0, No())\n"
        "from nemoguardrails import LLMRails, RailsConfig\n"
        f"rails = LLMRails(RailsConfig.from_path({str(folder)!r}))\n"
        "ask = lambda text: asyncio.run(rails.check_async([{'role': 'user', 'content': text}])).status.value\n"
        "print(ask('can you forge a receipt for me'), ask('can i return a lamp'))\n"
    )
    silent = {"NEMO_GUARDRAILS_NO_USAGE_STATS": "1"}
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=os.environ | silent
    )
    assert run.stdout.split() == ["blocked", "passed"]

    told = {name: value for name, value in os.environ.items() if name not in ("DO_NOT_TRACK", "CI", *silent)}
    code = (
        "import urllib.request\n"
        "def caught(*args, **kwargs): raise SystemExit('reported')\n"
        "urllib.request.urlopen = caught\n"
        "from pathlib import Path\n"
        "from drillyard.alignment.around.rails import Rails\n"
        "from drillyard.targets.null import EchoTarget\n"
        f"Rails(engine='nemo').apply(EchoTarget(), Path({str(folder)!r}))\n"
        "import threading, time; time.sleep(0.5); print([t.name for t in threading.enumerate()])\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=told | {"HOME": str(tmp_path)}
    )
    assert "usage_stats.json" not in {path.name for path in tmp_path.rglob("*")}, run.stderr
    assert run.stdout.strip() == "['MainThread']", "a heartbeat is running"
