"""Talking to models in a crowd: turns, places that come back however a talk ends, a full disk, pages beside it."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest
from sqlalchemy import event
from sqlalchemy.exc import OperationalError
from starlette.applications import Starlette
from yard.small_programme import ANN, BOB, EchoingModel, build_programme, grade_of

from drillyard.organisms.listening import listen, run_in_background
from drillyard.records import Conversation, Instance
from drillyard.registrar.store import Store
from drillyard.yard.app import make_app
from drillyard.yard.chat import MOST_EACH, SPEAKING, Chat, ChatEvent, Crowded, Talk
from drillyard.yard.door import form_token
from drillyard.yard.models import Models
from drillyard.yard.pages.chat import LINES
from drillyard.yard.turns import Turns
from drillyard.yard.visit import COOKIE

HUNT = Instance(
    id="hunt-1",
    drill="failure-hunt",
    role="engineer",
    target="x",
    templates=("v1",),
    behaviours=("over-refusal",),
    hints=0,
    model_hash="a" * 64,
    twin_hash="b" * 64,
    truth_hash="c" * 64,
)


class Gated(EchoingModel):
    """A model that waits for a gate before every piece and notes whom it answered."""

    def __init__(self) -> None:
        self.gate, self.asked = threading.Event(), []

    def stream(self, conversation: Conversation, seed: int | None) -> Iterator[str]:
        """Answer piece by piece, while the gate is open."""
        self.asked.append(conversation.last_user)
        for piece in ("You ", "said: ", conversation.last_user):
            assert self.gate.wait(30)
            yield piece


def say(chat: Chat, learner: str, words: str) -> Talk:
    """Put a message into the line."""
    return chat.begin(learner, HUNT, Conversation.ask(words, "v1"))


async def heard(chat: Chat, talk: Talk) -> list[ChatEvent]:
    """Listen to the end."""
    return [one async for one in chat.listen(talk)]


async def until(holds: Callable[[], object]) -> None:
    """Let the loop go on until something holds."""
    async with asyncio.timeout(30):
        while not holds():
            await asyncio.sleep(0.005)


@pytest.fixture
def learners(store: Store) -> Store:
    """A store that knows three learners."""
    for name in ("bob", "cid", "dan"):
        store.sign_in(name, "engineer")
    return store


def test_turns_go_round() -> None:
    """Whoever wants much has one place at a time; giving up moves nobody else back."""
    turns: Turns[str] = Turns()
    for item in ("a1", "a2", "a3", "b1", "c1", "c2"):
        turns.add(item[0], item)
    assert list(turns) == ["a1", "b1", "c1", "a2", "c2", "a3"]
    turns.remove("a", "a2")
    turns.remove("z", "z1")
    assert turns.take() == "a1"
    turns.add("d", "d1")
    expected = list(turns)
    assert expected == ["b1", "c1", "a3", "d1", "c2"]
    assert [turns.take() for _ in range(6)] == [*expected, None]


def test_learners_speak_in_turn_and_see_their_place(learners: Store) -> None:
    """One learner's three messages do not stand before another's first; who waits is told how many are ahead."""
    model = Gated()

    async def walk() -> None:
        chat = Chat(Models(lambda _: model), learners, speaking=1, each=3)
        talks = [say(chat, "bob", f"bob {number}") for number in range(3)]
        talks += [say(chat, "cid", "cid"), say(chat, "dan", "dan")]
        assert [ahead for _, ahead in chat.waiting("bob", HUNT.id)] == [0, 3]
        assert chat.waiting("dan", HUNT.id) == [(talks[4], 2)] and chat.waiting("dan", "hunt-2") == []
        async with aclosing(chat.listen(talks[4])) as listening:
            assert await anext(listening) == ChatEvent("ahead", 2)
        model.gate.set()
        ends = await asyncio.gather(*(heard(chat, talk) for talk in talks))
        assert [events[-1].kind for events in ends] == ["end"] * 5
        chat.stop()

    asyncio.run(walk())
    assert model.asked == ["bob 0", "bob 1", "cid", "dan", "bob 2"]


def test_pieces_that_wait_come_as_one(learners: Store) -> None:
    """A listener who was kept gets what has come since in one event, and no letter less."""
    model = Gated()
    model.gate.set()

    async def walk() -> None:
        chat = Chat(Models(lambda _: model), learners)
        talk = say(chat, "bob", "hello")
        assert chat.under_way("bob") and not chat.under_way("cid")
        await until(lambda: not chat.under_way("bob") and talk.events.qsize() == 4)
        assert await heard(chat, talk) == [ChatEvent("piece", "You said: hello"), ChatEvent("end")]
        chat.stop()

    asyncio.run(walk())


class Silent(EchoingModel):
    """A model that ends before its first word."""

    def stream(self, conversation: Conversation, seed: int | None) -> Iterator[str]:
        """Say nothing."""
        return iter(())


def test_an_empty_reply_is_told_from_one_that_is_coming(tmp_path: Path) -> None:
    """A small model may end at once: the stream holds an empty piece, the page says that it answered nothing."""
    app = make_app(build_programme(tmp_path / "prog").path, targets=lambda _: Silent(), grader=grade_of)

    async def walk() -> None:
        async with served(app) as sign_in:
            ann = await sign_in(ANN.code)
            token = csrf((await ann.get("/drills/hunt-1")).text)
            last = await open_chat(ann, "/drills/hunt-1", token, "hello")
            assert (await last.aread()).decode() == '{"piece": ""}\n'
            assert "It answered nothing." in (await ann.get("/drills/hunt-1")).text

    asyncio.run(walk())


def test_a_learner_has_few_messages_under_way(learners: Store) -> None:
    """One too many is refused in words; once one has ended, the next may come."""
    model = Gated()

    async def walk() -> None:
        chat = Chat(Models(lambda _: model), learners)
        talks = [say(chat, "bob", str(number)) for number in range(MOST_EACH)]
        with pytest.raises(Crowded, match="You have 3 messages under way. Wait for a reply"):
            say(chat, "bob", "one more")
        say(chat, "cid", "others may")
        chat.leave(talks[-1])
        model.gate.set()
        talks[-1] = say(chat, "bob", "again")
        for talk in talks:
            assert (await heard(chat, talk))[-1] == ChatEvent("end")
        for _ in range(MOST_EACH):
            assert (await heard(chat, say(chat, "bob", "and again")))[-1] == ChatEvent("end")
        chat.stop()

    asyncio.run(walk())


@pytest.mark.parametrize("moment", ["waiting", "speaking"])
def test_a_place_comes_back_from_listeners_who_leave(learners: Store, moment: str) -> None:
    """Whether they leave the line or a model that speaks; what was heard is kept, what was not said is not."""
    model = Gated()

    async def walk() -> None:
        chat = Chat(Models(lambda _: model), learners, speaking=1)
        first = say(chat, "bob", "first")
        if moment == "waiting":
            for _ in range(50):
                chat.leave(say(chat, "cid", "never said"))
            model.gate.set()
        else:
            model.gate.set()
            assert await first.events.get() == ChatEvent("piece", "You ")
            chat.leave(first)
        assert (await heard(chat, say(chat, "dan", "me")))[-1] == ChatEvent("end")
        chat.stop()

    asyncio.run(walk())
    assert "never said" not in model.asked
    (kept,) = learners.chats("bob", HUNT.id)
    assert "You said: first".startswith(kept.reply) and kept.reply.startswith("You ")


def test_a_fault_of_a_model_gives_its_place_back(learners: Store) -> None:
    """A model that cannot be opened or breaks costs its listener one line, and nobody anything else."""

    class Breaking(EchoingModel):
        def stream(self, conversation: Conversation, seed: int | None) -> Iterator[str]:
            yield "The Aurora"
            raise RuntimeError("the model broke in /srv/prog")

    opened: Sequence[Any] = iter([None, *[Breaking()] * 5, *[EchoingModel()] * 9])  # type: ignore[assignment]

    def factory(_: Instance) -> Any:
        if (model := next(opened)) is None:  # type: ignore[call-overload]
            raise FileNotFoundError("/srv/prog/instances")
        return model

    async def walk() -> list[list[ChatEvent]]:
        chat = Chat(Models(factory), learners, speaking=1)
        chat._models.open = factory  # type: ignore[method-assign]  # opened anew for every message
        ends = [await heard(chat, say(chat, "bob", "hello")) for _ in range(8)]
        chat.stop()
        return ends

    ends = asyncio.run(walk())
    assert [events[-1].kind for events in ends] == ["error"] * 6 + ["end"] * 2
    assert "/srv" not in str(ends)
    assert [row.reply for row in learners.chats("bob", HUNT.id)] == ["The Aurora"] * 5 + ["You said: hello"] * 2


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)  # it is made full by a limit of SQLite's own
def test_a_full_disk_is_a_line_and_passes(learners: Store) -> None:
    """While nothing can be kept the chat says so; once there is room it goes on, with all its places."""
    long, pages = "a" * 20_000, [1]  # SQLite takes the size of the file as it is for a smaller one

    @event.listens_for(learners._engine, "checkout")
    def limit(connection: Any, *_: object) -> None:
        connection.execute(f"PRAGMA max_page_count = {pages[0]}")

    async def walk() -> None:
        chat = Chat(Models(lambda _: EchoingModel()), learners)
        for _ in range(2 * SPEAKING):
            (line,) = await heard(chat, say(chat, "bob", long))
            assert line.kind == "error" and "disk is full" in str(line.value)
        with pytest.raises(OperationalError, match="full"):
            learners.ask("bob", HUNT.id, "v1", long, 7)
        pages[0] = 1_000_000
        for _ in range(2 * SPEAKING):
            assert (await heard(chat, say(chat, "bob", long)))[-1] == ChatEvent("end")
        chat.stop()

    asyncio.run(walk())
    assert [row.prompt for row in learners.chats("bob", HUNT.id)] == [long] * 2 * SPEAKING


# In the whole yard, over a real port.


@asynccontextmanager
async def served(app: Starlette) -> AsyncIterator[Callable[[str], Any]]:
    """Serve a yard and return what signs somebody in."""
    with listen("127.0.0.1", 0) as listener, run_in_background(app, listener):
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        browsers: list[httpx.AsyncClient] = []

        async def sign_in(code: str) -> httpx.AsyncClient:
            browser = httpx.AsyncClient(base_url=address, timeout=30, limits=httpx.Limits(max_connections=100))
            browsers.append(browser)
            await browser.post("/sign-in", data={"csrf": csrf((await browser.get("/sign-in")).text), "code": code})
            return browser

        yield sign_in
        for browser in browsers:
            await browser.aclose()


def csrf(page: str) -> str:
    """Return the token of a page's forms."""
    return page.partition('name="csrf" value="')[2].partition('"')[0]


async def open_chat(browser: httpx.AsyncClient, here: str, token: str, words: str) -> httpx.Response:
    """Send a message and return the response while it streams."""
    form = {"csrf": token, "template": "v1", "prompt": words}
    request = browser.build_request("POST", f"{here}/chat", data=form, headers={"Accept": LINES})
    return await browser.send(request, stream=True)


def test_many_streams_and_abandoned_ones_hold_up_nobody(tmp_path: Path) -> None:
    """44 streams of one session, some closed at once: three wait, the others are told; pages and other people go on."""
    model = Gated()
    app = make_app(build_programme(tmp_path / "prog").path, targets=lambda _: model, grader=grade_of)

    async def walk() -> None:
        async with served(app) as sign_in:
            ann, bob = await sign_in(ANN.code), await sign_in(BOB.code)
            token = csrf((await ann.get("/drills/hunt-1")).text)
            answers = await asyncio.gather(*(open_chat(ann, "/drills/hunt-1", token, "many") for _ in range(44)))
            assert sorted(one.status_code for one in answers) == [200] * MOST_EACH + [429] * 41
            refused = next(one for one in answers if one.status_code == 429)
            assert "You have 3 messages under way" in (await refused.aread()).decode()
            assert (await ann.get("/drills/hunt-1")).status_code == 200
            assert (await bob.get("/drills")).status_code == 200
            for one in answers:
                await one.aclose()
            model.gate.set()
            theirs = csrf((await bob.get("/drills/hunt-2")).text)
            last = await open_chat(bob, "/drills/hunt-2", theirs, "me")
            assert 'me"}' in (await last.aread()).decode()
            for _ in range(10):  # opened and closed at once
                await (await open_chat(ann, "/drills/hunt-1", token, "gone")).aclose()
            await until(lambda: not app.state.yard.chat._open)
            last = await open_chat(ann, "/drills/hunt-1", token, "still here")
            assert 'still here"}' in (await last.aread()).decode()

    asyncio.run(walk())


def test_without_a_script_the_page_says_how_many_are_ahead(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The form's answer does not wait for the crowd: the page comes, names the place, and loads itself again."""
    monkeypatch.setattr("drillyard.yard.pages.chat.PATIENCE", 0.05)
    model = Gated()
    app = make_app(build_programme(tmp_path / "prog").path, targets=lambda _: model, grader=grade_of)

    async def walk() -> None:
        async with served(app) as sign_in:
            ann, bob = await sign_in(ANN.code), await sign_in(BOB.code)
            theirs = csrf((await bob.get("/drills/hunt-2")).text)
            crowd = [await open_chat(bob, "/drills/hunt-2", theirs, "crowd") for _ in range(MOST_EACH)]
            token = csrf((await ann.get("/drills/hunt-1")).text)
            form = {"csrf": token, "template": "v1", "prompt": "my question"}
            answer = await ann.post("/drills/hunt-1/chat", data=form)
            assert (answer.status_code, answer.headers["location"]) == (303, "/drills/hunt-1#say")
            page = (await ann.get("/drills/hunt-1")).text
            assert "my question" in page and "1 message is ahead of yours." in page
            assert 'http-equiv="refresh" content="3;url=/drills/hunt-1#say"' in page
            model.gate.set()
            await until(lambda: not app.state.yard.chat._open)
            page = (await ann.get("/drills/hunt-1")).text
            assert "You said: my question" in page and "http-equiv" not in page
            for one in crowd:
                await one.aclose()

    asyncio.run(walk())


@pytest.mark.walk
def test_two_hundred_stream_at_the_same_time(tmp_path: Path) -> None:
    """All wait in one line, a quarter leaves; pages answer meanwhile, and everybody who stays gets their reply."""
    folder = build_programme(tmp_path / "prog")
    people = [
        ANN.model_copy(update={"id": f"p-{n}", "code": f"{n:04}-code", "instances": ("hunt-1",)}) for n in range(200)
    ]
    folder.write_roster(folder.roster().model_copy(update={"learners": tuple(people)}))
    model = Gated()
    app = make_app(folder.path, targets=lambda _: model, grader=grade_of)
    tokens = {one.id: app.state.yard.store.sign_in(one.id, one.role) for one in people}

    async def walk() -> None:
        async with served(app) as sign_in:
            browser = await sign_in(people[0].code)

            async def ask(number: int) -> httpx.Response:
                cookie = tokens[people[number].id]
                form = {"csrf": form_token(cookie), "template": "v1", "prompt": f"I am {number}"}
                headers = {"accept": LINES, "cookie": f"{COOKIE}={cookie}"}
                request = httpx.Request("POST", f"{browser.base_url}/drills/hunt-1/chat", data=form, headers=headers)
                return await crowd.send(request, stream=True)

            limits = httpx.Limits(max_connections=None)
            async with httpx.AsyncClient(limits=limits, timeout=120) as crowd:
                answers = await asyncio.gather(*(ask(number) for number in range(200)))
                assert {one.status_code for one in answers} == {200}
                for one in answers[::4]:
                    await one.aclose()
                assert (await browser.get("/sign-in")).status_code in {200, 303}
                assert (await browser.get("/drills/hunt-1")).status_code == 200
                model.gate.set()
                for number, one in enumerate(answers):
                    if number % 4:
                        said = [
                            json.loads(line).get("piece", "")
                            for line in (await one.aread()).decode().split("\n")
                            if line
                        ]
                        assert "".join(said) == f"You said: I am {number}"
                await until(lambda: not app.state.yard.chat._open)

    asyncio.run(walk())
