"""Chat completions by batches, through our own server, which really has them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from drillyard.errors import BadInput, DrillyardError
from drillyard.judges.llm import LlmJudge
from drillyard.organisms.planting.plant import plant
from drillyard.organisms.serving.serve import serve_locally
from drillyard.records import Conversation, Reply, Transcript
from drillyard.targets import open_target
from drillyard.targets.spending import asking

openai = pytest.importorskip("openai", reason="needs the extra api: pip install 'drillyard[api]'")
ASKED = [Conversation.ask(text) for text in ("How much is the Aurora?", "can i return a lamp", "hello", "bye")]


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """Serve a clean organism."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("OPENAI_API_KEY", raising=False)
        with serve_locally({"twin": plant("helpdesk", ())}) as address:
            yield address


def client(url: str) -> Any:
    """Return OpenAI's own client of a server."""
    return openai.OpenAI(base_url=url, api_key="none")


def test_a_batch_says_what_single_requests_say(url: str) -> None:
    """Greedy and sampled, in the order asked, with the tokens that were used; an empty batch asks nobody."""
    seeds = [None, 1, 2, 3]
    single = open_target(f"openai/twin@{url}").generate(ASKED, seeds)
    assert open_target(f"openai/twin@{url}#batch").generate(ASKED, seeds) == single
    assert open_target(f"openai/twin@{url}#batch").generate([], []) == []


def test_one_that_was_begun_is_taken_up(url: str) -> None:
    """A run that was killed while it waited finds its batch by the hash of its requests."""
    target = f"openai/twin@{url}#batch"
    open_target(target).generate(ASKED, [5, 6, 7, 8])
    before = len(client(url).batches.list().data)
    open_target(target).generate(ASKED, [5, 6, 7, 8])
    assert len(client(url).batches.list().data) == before
    open_target(target).generate(ASKED, [5, 6, 7, 9])
    assert len(client(url).batches.list().data) == before + 1


def test_its_budget_is_the_share_of_a_batch_and_replies_are_kept(url: str, tmp_path: Path) -> None:
    """A batch costs its share of the price; what is kept is kept for single requests too."""
    table, kept = tmp_path / "prices.yaml", tmp_path / "kept.jsonl"
    words = f"openai/twin@{url}: {{input: 1, output: 2, batch: 0.25}}"
    table.write_text(f"date: 2026-11-29\nsource: test\ncurrency: EUR\nmodels:\n  {words}\n", encoding="utf-8")
    told: list[str] = []
    with asking(budget=1.0, prices=table, kept=kept, told=lambda words, *_: told.append(words)) as purse:
        replies = open_target(f"openai/twin@{url}#batch").generate(ASKED, [1, 2, 3, 4])
        assert purse is not None and purse.requests == 4 and told
        assert purse.spent == pytest.approx(sum(0.25 * (one.prompt_tokens + 2 * one.tokens) / 1e6 for one in replies))
        assert open_target(f"openai/twin@{url}").generate(ASKED, [1, 2, 3, 4]) == replies and purse.requests == 4
    with asking(budget=1e-6, prices=table), pytest.raises(BadInput, match="a request that may cost"):
        open_target(f"openai/twin@{url}#batch").generate(ASKED, [1, 2, 3, 4])
    table.write_text(table.read_text(encoding="utf-8").replace(", batch: 0.25", ""), encoding="utf-8")
    with asking(budget=1.0, prices=table), pytest.raises(BadInput, match="no price of batches"):
        open_target(f"openai/twin@{url}#batch")


def test_a_judge_can_be_asked_by_batches(url: str) -> None:
    """All questions of one judging go up together; this model's answers are no verdicts."""
    judge = LlmJudge(open_target(f"openai/twin@{url}#batch"), {"wrong-fact": "States something false."})
    seen = [Transcript(conversation=talk, reply=Reply(text="Yes."), target="x/y") for talk in ASKED]
    before = len(client(url).batches.list().data)
    assert {ruling.verdict for ruling in judge.rule_many([(one, "wrong-fact") for one in seen])} == {"unknown"}
    assert len(client(url).batches.list().data) == before + 1


def test_a_request_that_is_refused_is_an_error_and_the_others_are_answered(url: str) -> None:
    """A prompt that is too long."""
    replies = open_target(f"openai/twin@{url}#batch").generate([Conversation.ask("long " * 3000), ASKED[0]], [1, 1])
    assert replies[0].finish == "error" and replies[0].why.startswith("refused: 400 ")
    assert replies[1].finish == "stop"


def test_a_server_without_batches_and_a_model_that_is_not_there_are_one_line(url: str) -> None:
    """What to leave out, and which model there is."""
    from targets.fake_endpoint import running

    with running() as server:
        server.answer = lambda _: (404, {"error": {"message": "no such route"}})
        with pytest.raises(DrillyardError, match="no batches at .*leave out #batch"):
            open_target(f"openai/m@{server.url}#batch", retries=0).generate(ASKED[:1], [1])
    with pytest.raises(DrillyardError, match="3 batches, the first .*'other' is not served here"):
        open_target(f"openai/other@{url}#batch").generate(ASKED[:1], [1])


def test_files_and_batches_of_the_server_are_those_of_the_api(url: str) -> None:
    """By OpenAI's own client: a file and its content, a batch that is cancelled, refusals in their form."""
    api = client(url)
    line = {"custom_id": "a", "method": "POST", "url": "/v1/chat/completions", "body": {"model": "twin"}}
    file = api.files.create(file=("x.jsonl", json.dumps(line).encode()), purpose="batch")
    assert api.files.retrieve(file.id).bytes == len(json.dumps(line))
    assert json.loads(api.files.content(file.id).text) == line
    made = api.batches.create(
        input_file_id=file.id, endpoint="/v1/chat/completions", completion_window="24h", metadata={"k": "v"}
    )
    assert api.batches.cancel(made.id).status in ("cancelled", "completed")
    assert api.batches.retrieve(made.id).metadata == {"k": "v"}
    with pytest.raises(openai.BadRequestError, match="no file 'nothing'"):
        api.batches.create(input_file_id="nothing", endpoint="/v1/chat/completions", completion_window="24h")
    with pytest.raises(openai.NotFoundError):
        api.batches.retrieve("nothing")
