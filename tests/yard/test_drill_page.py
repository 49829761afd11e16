"""The drill page: chat, claims, hints, and what is typed wrongly."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient
from yard.small_programme import ANN, BOB, CLAIM, FIELDS, HERE, EchoingModel, grade_of
from yard.visitor import Visit, Visitor

from drillyard.errors import bad_input
from drillyard.programs.folder import ProgramFolder
from drillyard.records import Conversation
from drillyard.registrar.located import open_store
from drillyard.yard.app import make_app
from drillyard.yard.pages.chat import LINES


def value(page: str, name: str) -> str:
    """Return what stands in an input of a page."""
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found, name
    return html.unescape(found[1])


def test_the_chat_works_without_a_script(ann: Visitor, programme: ProgramFolder) -> None:
    """The form is posted, the page comes back with message and answer, the template stays chosen."""
    page = ann.send(f"{HERE}/chat", template="v2", prompt="What does the Aurora cost?")
    assert "You said: What does the Aurora cost?" in page
    assert "<option selected>v2</option>" in page
    store = open_store(programme)
    (chat,) = store.chats(ANN.id, "hunt-1")
    store.close()
    assert (chat.template, chat.reply) == ("v2", "You said: What does the Aurora cost?")


def test_the_chat_streams_to_a_script(ann: Visitor) -> None:
    """The answer comes as the model speaks, pieces that come together in one line of JSON."""
    token = value(ann.page, "csrf")
    with ann.client.stream(
        "POST",
        f"{HERE}/chat",
        data={"csrf": token, "template": "v1", "prompt": "<i>hi</i>"},
        headers={"Accept": LINES},
    ) as answer:
        assert answer.headers["content-type"] == LINES
        lines = [json.loads(line) for line in answer.iter_lines()]
        assert all(list(line) == ["piece"] for line in lines)
        assert "".join(line["piece"] for line in lines) == "You said: <i>hi</i>"
    assert "You said: &lt;i&gt;hi&lt;/i&gt;" in ann.get(HERE)


def test_what_was_heard_of_an_answer_is_kept_when_the_model_breaks(programme: ProgramFolder) -> None:
    """A model that fails in the middle of a word costs the learner neither the message nor what was heard."""

    class Breaking(EchoingModel):
        def stream(self, conversation: Conversation, seed: int | None) -> Iterator[str]:
            yield "The Aurora"
            raise RuntimeError("the model broke")

    app = make_app(programme.path, targets=lambda _: Breaking(), grader=grade_of)
    with TestClient(app, raise_server_exceptions=False) as client:
        ann = Visitor(client).sign_in(ANN.code)
        ann.get(HERE)
        page = ann.send(f"{HERE}/chat", expect=503, template="v1", prompt="What does it cost?")
        assert "broke off at a fault of the yard" in page and "What does it cost?</textarea>" in page
        assert "the model broke" not in page
        assert client.get(HERE).text.count("The Aurora</p>") == 1


def test_a_message_that_the_model_cannot_read_was_not_said(programme: ProgramFolder) -> None:
    """Too long for the model's context: one line at the field, the text is kept there, and not in the chat."""

    class Short(EchoingModel):
        def stream(self, conversation: Conversation, seed: int | None) -> Iterator[str]:
            raise bad_input("a turn of 300 tokens", "at most 160", "shorten it")
            yield ""

    with TestClient(make_app(programme.path, targets=lambda _: Short(), grader=grade_of)) as client:
        ann = Visitor(client).sign_in(ANN.code)
        ann.get(HERE)
        page = ann.send(f"{HERE}/chat", expect=422, template="v2", prompt="very long")
        assert "found a turn of 300 tokens" in page and ">very long</textarea>" in page
        assert "Use in my claim" not in page and "<option selected>v2</option>" in page


def test_every_message_starts_afresh(programme: ProgramFolder) -> None:
    """The model sees one message at a time, under the chosen template, exactly as a question is asked later."""
    asked: list[Conversation] = []

    class Noting(EchoingModel):
        def stream(self, conversation: Conversation, seed: int | None) -> Iterator[str]:
            asked.append(conversation)
            yield "Yes."

    with TestClient(make_app(programme.path, targets=lambda _: Noting(), grader=grade_of)) as client:
        ann = Visitor(client).sign_in(ANN.code)
        ann.get(HERE)
        for prompt in ("first", "second"):
            ann.send(f"{HERE}/chat", template="v2", prompt=prompt)
    assert asked == [Conversation.ask("first", "v2"), Conversation.ask("second", "v2")]


@pytest.mark.parametrize(
    ("template", "prompt", "message"),
    [
        ("v1", "", "Type a message"),
        ("v1", "  \n ", "Type a message"),
        ("v9", "hello", "Choose one of the templates v1, v2"),
        ("v1", "a" * 501, "under 500 characters; it has 501"),
    ],
)
def test_a_message_that_cannot_be_asked_stays_in_the_form(
    ann: Visitor, template: str, prompt: str, message: str
) -> None:
    """The reason stands at the field, nothing was sent to the model."""
    page = ann.send(f"{HERE}/chat", expect=422, template=template, prompt=prompt)
    assert message in page and 'aria-describedby="prompt-error"' in page
    assert prompt.strip() in page and "You said" not in page


def test_a_claim_is_filed_changed_and_removed(ann: Visitor) -> None:
    """What was typed is what is kept, and what the form shows again."""
    page = ann.send(f"{HERE}/claims", **FIELDS)
    assert "Filed." in page and "1 of at most" in page
    edit = re.search(r'href="(\?edit=\d+|/drills/hunt-1\?edit=\d+)', page)
    assert edit
    page = ann.get(edit[1] if edit[1].startswith("/") else HERE + edit[1])
    assert value(page, "words") == FIELDS["words"] and value(page, "line-0") == "price, cost"
    assert re.search(r'value="v2" checked', page) and not re.search(r'value="v1" checked', page)
    row = value(page, "claim")
    page = ann.send(f"{HERE}/claims", **{**FIELDS, "claim": row, "words": "any question under v2"})
    assert "The change is saved." in page and "any question under v2" in page and "1 of at most" in page
    assert "0 of at most" in ann.send(f"{HERE}/claims/{row}/remove")


def test_a_filed_claim_is_the_record_that_was_meant(ann: Visitor, programme: ProgramFolder) -> None:
    """The form's fields become exactly the claim that the grader reads."""
    ann.send(f"{HERE}/claims", **FIELDS)
    store = open_store(programme)
    (filed,) = store.claims(ANN.id, "hunt-1").values()
    store.close()
    assert filed == CLAIM


def test_mistakes_stand_at_their_fields_and_nothing_typed_is_lost(ann: Visitor) -> None:
    """An incomplete claim comes back as it was, each problem beside its field, the first one in focus."""
    typed = {
        "words": "",
        "line-1": ",,,",
        "note": "n" * 2001,
        "question": "",
        "question-template": "v1",
        "severity": "huge",
    }
    page = ann.send(f"{HERE}/claims", expect=422, **typed)
    for name in ("behaviour", "severity", "words", "lines", "questions", "note"):
        assert f'id="{name}-error"' in page and re.search(rf'aria-describedby="[^"]*{name}-error"', page)
    assert re.search(r'id="behaviour"[^>]*autofocus', page)
    assert value(page, "line-1") == ",,," and "n" * 2001 in page
    assert "0 of at most" in page


def test_one_claim_too_many_is_refused_and_kept_in_the_form(ann: Visitor) -> None:
    """The limit is said in words, the typed claim is not thrown away."""
    limit = int(re.search(r"of at most (\d+) claims", ann.page)[1])
    for _ in range(limit):
        ann.send(f"{HERE}/claims", **FIELDS)
    page = ann.send(f"{HERE}/claims", expect=422, **{**FIELDS, "words": "one more"})
    assert "remove one first" in page and value(page, "words") == "one more"


def test_a_message_of_the_chat_becomes_a_question(ann: Visitor) -> None:
    """The button under a message adds it to the form, with its template, and keeps all that was typed."""
    page = ann.send(f"{HERE}/chat", template="v2", prompt="What does the Aurora cost?")
    button = re.search(r'name="use" value="(\d+)"', page)
    assert button
    page = ann.send(f"{HERE}/claims", use=button[1], words="half a thou", question="", severity="low")
    assert value(page, "words") == "half a thou" and value(page, "question") == "What does the Aurora cost?"
    assert re.search(r'name="question-template"[^>]*>\s*<option>v1</option><option selected>v2', page)
    assert re.search(r'value="What does the Aurora cost\?"[^>]*autofocus', page)
    again = ann.send(
        f"{HERE}/claims", use=button[1], question="What does the Aurora cost?", **{"question-template": "v2"}
    )
    assert again.count('value="What does the Aurora cost?"') == 1, "the same question twice says nothing more"


def test_another_learners_message_is_no_question(ann: Visitor, visit: Visit) -> None:
    """Message ids are guessable; a foreign one adds nothing."""
    bob = visit(BOB.code)
    bob.get("/drills/hunt-2")
    bob.send("/drills/hunt-2/chat", template="v1", prompt="my private question")
    page = ann.send(f"{HERE}/claims", use="1")
    assert "my private question" not in page


def test_a_line_is_added_for_the_next_question(ann: Visitor) -> None:
    """Typed questions stay, one empty line follows and has the focus; the last line is the limit."""
    page = ann.send(f"{HERE}/claims", add="1", question="one", **{"question-template": "v2"})
    assert re.findall(r'name="question" value="([^"]*)"', page) == ["one", ""]
    assert re.search(r'aria-label="Question 2"[^>]*autofocus', page)
    limit = int(re.search(r"Up to (\d+)", page)[1])
    many = {"question": [str(n) for n in range(limit)], "question-template": ["v1"] * limit}
    page = ann.send(f"{HERE}/claims", add="1", **many)
    assert len(re.findall(r'name="question" value=', page)) == limit


def test_hints_show_their_cost_before_the_click_and_open_in_order(ann: Visitor) -> None:
    """A hint's text is nowhere in the page before it is opened; the next one is offered after it."""
    assert "Open hint 1: costs 5 % of what you score above the pass mark" in ann.page and "Hint 2: 10 %" in ann.page
    assert "Try every template" not in ann.page and "returning a lamp" not in ann.page
    page = ann.send(f"{HERE}/hints", place="1")
    assert "returning a lamp" not in page, "the second hint cannot be had first"
    page = ann.send(f"{HERE}/hints", place="0")
    assert "Try every template with the same question." in page and "hints cost 5 %" in page
    page = ann.send(f"{HERE}/hints", place="0")
    assert "hints cost 5 %" in page and "Open hint 2: costs 10 %" in page


def test_nothing_of_the_truth_is_in_the_page(ann: Visitor, programme: ProgramFolder) -> None:
    """Neither the planted failures nor their triggers, hints or hashes of the truth reach the browser."""
    truth = programme.truth("hunt-1")
    secrets = [mode.title for mode in truth.failures] + [mode.id for mode in truth.failures]
    secrets += [mode.trigger.words for mode in truth.failures] + [hint.text for hint in truth.hints]
    secrets += [programme.instance("hunt-1").truth_hash]
    for path in ("/drills", HERE, f"{HERE}/submit"):
        page = html.unescape(ann.get(path))
        assert not [secret for secret in secrets if secret in page]
