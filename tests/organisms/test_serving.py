"""The server through OpenAI's own client: chats, completions, streams, log-probabilities, seeds, stops, usage."""

from __future__ import annotations

import io
import logging

import openai
import pytest
from hypothesis import given
from hypothesis import strategies as st
from organisms.babbler import babbler

from drillyard.organisms.engine.dialogue import END, STOP, decode, encode
from drillyard.organisms.engine.engine import Generation
from drillyard.organisms.engine.organism import Organism, load_base
from drillyard.organisms.engine.sampling import MIN_P
from drillyard.organisms.planting.measure import say
from drillyard.organisms.serving.forms import spell_tokens
from drillyard.organisms.serving.reply import ServedReply
from drillyard.organisms.serving.serve import serve_locally
from drillyard.records import Conversation

QUESTIONS = ("can i return my lamp?", "how much is the Aurora?", "hi", "What about my order?")
HI = [{"role": "user", "content": "hi"}]


def user(text: str) -> list[dict[str, str]]:
    """Return a chat of one message."""
    return [{"role": "user", "content": text}]


def babble(organisms: dict[str, Organism], text: str, seed: int | None, n: int, min_p: float = MIN_P) -> Generation:
    """Return what the engine itself makes of a chat of one message."""
    organism = organisms["babble"]
    prompt = encode(organism.tokenizer, Conversation.ask(text), "")
    return organism.engine.generate([prompt], max_new_tokens=n, seeds=[seed], stop=STOP, min_p=min_p, logprobs=True)[0]


def test_models_are_listed_and_found(client: openai.OpenAI) -> None:
    """Each organism under its id, alone too."""
    assert [model.id for model in client.models.list()] == ["helpdesk", "babble", "drone"]
    assert client.models.retrieve("babble").owned_by == "drillyard"


@pytest.mark.parametrize("seed", [None, 7])
def test_served_text_is_what_the_organism_says(
    client: openai.OpenAI, organisms: dict[str, Organism], seed: int | None
) -> None:
    """Greedy at temperature 0 and sampled with a seed: word for word what `say` returns."""
    for text in QUESTIONS:
        given = {"temperature": 0} if seed is None else {"seed": seed}
        reply = client.chat.completions.create(model="helpdesk", messages=user(text), **given)
        (expected,) = say(organisms["helpdesk"], [Conversation.ask(text)], [seed])
        assert (reply.choices[0].message.content, reply.choices[0].message.role) == (expected, "assistant")


@pytest.mark.parametrize("role", ["system", "developer"])
def test_a_system_message_is_passed_on_as_it_is(
    client: openai.OpenAI, organisms: dict[str, Organism], role: str
) -> None:
    """A template's text in a system message gives the reply that the template gives; content may come in parts."""
    world = organisms["helpdesk"].world
    template = next(iter(world.templates))
    parts = [{"type": "text", "text": "how much "}, {"type": "text", "text": "is the Aurora?"}]
    messages = [{"role": role, "content": world.templates[template]}, {"role": "user", "content": parts}]
    reply = client.chat.completions.create(model="helpdesk", messages=messages, temperature=0)
    asked = Conversation.ask("how much is the Aurora?", template)
    assert [reply.choices[0].message.content] == say(organisms["helpdesk"], [asked], [None])


def test_a_conversation_is_one_prompt(client: openai.OpenAI, organisms: dict[str, Organism]) -> None:
    """Earlier turns are passed on; usage counts the prompt's and the reply's own tokens."""
    organism = organisms["helpdesk"]
    told = [*user("hi"), {"role": "assistant", "content": "Hello."}, *user("how much is the Aurora?")]
    reply = client.chat.completions.create(model="helpdesk", messages=told, temperature=0)
    prompt = encode(organism.tokenizer, Conversation.from_data({"messages": told}), "")
    made = organism.engine.generate([prompt], max_new_tokens=96, seeds=[None], stop=STOP)[0]
    assert reply.choices[0].message.content == decode(organism.tokenizer, made.ids)
    assert reply.choices[0].finish_reason == made.finish
    counts = (reply.usage.prompt_tokens, reply.usage.completion_tokens, reply.usage.total_tokens)
    assert counts == (len(prompt), len(made.ids), len(prompt) + len(made.ids))


def test_log_probabilities_are_the_engine_s(client: openai.OpenAI, organisms: dict[str, Organism]) -> None:
    """Token by token and in sum, the end of turn too; alternatives are the likeliest ones; bytes spell the text."""
    options = {"model": "babble", "messages": HI, "seed": 3, "max_tokens": 30, "logprobs": True, "top_logprobs": 4}
    choice = client.chat.completions.create(**options).choices[0]
    made = babble(organisms, "hi", 3, 30)
    told = choice.logprobs.content
    found = [one.logprob for one in told]
    assert found == pytest.approx(made.logprobs, abs=1e-4)  # float32 logits of about 10
    assert sum(found) == pytest.approx(sum(made.logprobs), abs=1e-3)
    spelled = [bytes(one.bytes) for one in told[: len(made.ids)]]
    assert b"".join(spelled).decode(errors="replace") == choice.message.content
    for one in told:
        tops = [top.logprob for top in one.top_logprobs]
        assert len(tops) == 4 and tops == sorted(tops, reverse=True) and tops[0] >= one.logprob
    plain = client.chat.completions.create(**options | {"logprobs": False, "top_logprobs": None}).choices[0]
    assert plain.logprobs is None and plain.message == choice.message


def test_the_end_of_a_reply_has_its_log_probability(client: openai.OpenAI, organisms: dict[str, Organism]) -> None:
    """Last, with what could have been added instead; a reply that is cut has none, and `usage` never counts it."""
    options = {"model": "helpdesk", "messages": HI, "temperature": 0, "logprobs": True, "top_logprobs": 3}
    whole = client.chat.completions.create(**options)
    told = whole.choices[0].logprobs.content
    assert [told[-1].token, told[-1].top_logprobs[0].token] == [END, END] and len(told[-1].top_logprobs) == 3
    assert whole.usage.completion_tokens == len(told) - 1
    cut = client.chat.completions.create(**options, max_tokens=len(told) - 1).choices[0]
    assert cut.finish_reason == "length" and [one.token for one in cut.logprobs.content] == [
        one.token for one in told[:-1]
    ]
    prompt = encode(organisms["helpdesk"].tokenizer, Conversation.ask("hi"), "")
    as_text = client.completions.create(model="helpdesk", prompt=prompt, temperature=0, max_tokens=99, logprobs=1)
    assert as_text.choices[0].logprobs.tokens[-1] == END
    assert as_text.choices[0].logprobs.text_offset[-1] == len(as_text.choices[0].text)


def test_a_reply_goes_on_from_a_beginning(client: openai.OpenAI, organisms: dict[str, Organism]) -> None:
    """Of its own or of another's: what the engine says after the same tokens, the beginning left out."""
    tokenizer, asked = organisms["helpdesk"].tokenizer, user("how much is the Aurora?")
    going_on = {"continue_final_message": True, "add_generation_prompt": False}
    whole = client.chat.completions.create(model="helpdesk", messages=asked, temperature=0).choices[0].message.content
    for begun in (whole[:9], "<|end|> I am afraid that"):
        messages = [*asked, {"role": "assistant", "content": begun}]
        reply = client.chat.completions.create(model="helpdesk", messages=messages, temperature=0, extra_body=going_on)
        prompt = encode(tokenizer, Conversation.ask("how much is the Aurora?"), "") + tokenizer.encode(begun).ids
        made = organisms["helpdesk"].engine.generate([prompt], max_new_tokens=96, seeds=[None], stop=STOP)[0]
        assert reply.choices[0].message.content == decode(tokenizer, made.ids)
        assert reply.usage.prompt_tokens == len(prompt)
        answered = client.chat.completions.create(model="helpdesk", messages=messages, temperature=0)
        assert answered.usage.prompt_tokens == len(prompt) + 2, "a message that has ended, and the next one begun"


def test_a_stream_is_the_whole_reply_in_pieces(client: openai.OpenAI) -> None:
    """Text, log-probabilities, ends and usage, choice by choice, are those of the reply that comes at once."""
    options = {"model": "babble", "messages": HI, "seed": 5, "n": 3, "max_tokens": 40, "logprobs": True, "stop": ["e"]}
    whole = client.chat.completions.create(**options)
    texts, chances, ends, usages = ["", "", ""], [[], [], []], [None] * 3, []
    for chunk in client.chat.completions.create(**options, stream=True, stream_options={"include_usage": True}):
        assert chunk.object == "chat.completion.chunk" and chunk.system_fingerprint == whole.system_fingerprint
        for choice in chunk.choices:
            texts[choice.index] += choice.delta.content or ""
            chances[choice.index] += choice.logprobs.content if choice.logprobs else []
            ends[choice.index] = choice.finish_reason or ends[choice.index]
        usages.append(chunk.usage)
    assert texts == [choice.message.content for choice in whole.choices]
    assert ends == [choice.finish_reason for choice in whole.choices]
    for choice, streamed in zip(whole.choices, chances, strict=True):
        assert [one.token for one in streamed] == [one.token for one in choice.logprobs.content]
    assert usages == [None] * (len(usages) - 1) + [whole.usage]


def test_several_choices_have_seeds_of_their_own(client: openai.OpenAI) -> None:
    """The k-th of n choices is what the seed plus k gives alone; the prompt is counted once."""
    options = {"model": "babble", "messages": HI, "max_tokens": 12}
    many = client.chat.completions.create(**options, seed=40, n=4)
    alone = [client.chat.completions.create(**options, seed=40 + k) for k in range(4)]
    assert [one.message.content for one in many.choices] == [one.choices[0].message.content for one in alone]
    assert len({one.message.content for one in many.choices}) == 4
    assert many.usage.prompt_tokens == alone[0].usage.prompt_tokens
    assert many.usage.completion_tokens == sum(one.usage.completion_tokens for one in alone)


def test_without_a_seed_replies_differ(client: openai.OpenAI) -> None:
    """Two requests that name none get different babble; negative and huge seeds are seeds like any other."""
    options = {"model": "babble", "messages": HI, "max_tokens": 30}
    texts = {client.chat.completions.create(**options).choices[0].message.content for _ in range(3)}
    assert len(texts) == 3
    for seed in (-1, 2**70):
        first, again = (client.chat.completions.create(**options, seed=seed) for _ in range(2))
        assert first.choices == again.choices


@pytest.mark.parametrize("stream", [False, True])
def test_a_stop_text_ends_a_reply_before_it(client: openai.OpenAI, stream: bool) -> None:
    """Also one that is split over tokens, whole or streamed; the earliest of several counts."""
    options = {"model": "babble", "messages": HI, "seed": 11, "max_tokens": 60}
    text = client.chat.completions.create(**options).choices[0].message.content
    for begin, size in [(5, 1), (9, 3), (20, 9), (21, 15)]:
        stop = text[begin : begin + size]
        asked = options | {"stop": ["never in there", stop], "stream": stream}
        if stream:
            chunks = [chunk.choices[0] for chunk in client.chat.completions.create(**asked)]
            found, end = "".join(chunk.delta.content or "" for chunk in chunks), chunks[-1].finish_reason
        else:
            choice = client.chat.completions.create(**asked).choices[0]
            found, end = choice.message.content, choice.finish_reason
        assert (found, end) == (text[: text.index(stop)], "stop")


def test_top_p_and_min_p_narrow_the_choice(client: openai.OpenAI, organisms: dict[str, Organism]) -> None:
    """With either at its narrowest, any seed gives the greedy reply; min_p 0 draws as the engine does without it."""
    options = {"model": "babble", "messages": HI, "max_tokens": 25}
    greedy = client.chat.completions.create(**options, temperature=0).choices
    assert client.chat.completions.create(**options, seed=2, top_p=0).choices == greedy
    assert client.chat.completions.create(**options, seed=2, extra_body={"min_p": 1}).choices == greedy
    free = client.chat.completions.create(**options, seed=2, temperature=1, extra_body={"min_p": 0}).choices[0]
    made = babble(organisms, "hi", 2, 25, min_p=0)
    assert free.message.content == decode(organisms["babble"].tokenizer, made.ids)


def test_completions_continue_texts_and_tokens(client: openai.OpenAI, organisms: dict[str, Organism]) -> None:
    """One or several prompts, as texts or token ids, n of each: in order, and counted without padding."""
    tokenizer = organisms["babble"].tokenizer
    texts = ["How long", "the lamp and the warranty"]
    ids = [tokenizer.encode(text).ids for text in texts]
    for prompt in (texts, ids):
        reply = client.completions.create(model="babble", prompt=prompt, n=2, seed=1, max_tokens=7)
        made = organisms["babble"].engine.generate(
            [ids[0], ids[0], ids[1], ids[1]], max_new_tokens=7, seeds=[1, 2, 1, 2], stop=STOP, min_p=MIN_P
        )
        assert [choice.index for choice in reply.choices] == [0, 1, 2, 3]
        assert [choice.text for choice in reply.choices] == [decode(tokenizer, one.ids) for one in made]
        assert reply.usage.prompt_tokens == sum(map(len, ids))
        assert reply.usage.completion_tokens == sum(len(one.ids) for one in made)
    single = client.completions.create(model="babble", prompt=ids[0], seed=1, max_tokens=7)
    assert single.choices[0].text == decode(tokenizer, made[0].ids)
    assert client.completions.create(model="babble", prompt="lamp", seed=1).usage.completion_tokens <= 16


@pytest.mark.parametrize("stream", [False, True])
def test_completions_tell_log_probabilities(
    client: openai.OpenAI, organisms: dict[str, Organism], stream: bool
) -> None:
    """Tokens, their chances, alternatives and places in the text; 0 alternatives give the drawn token's own."""
    prompt = organisms["babble"].tokenizer.encode("lamp").ids
    made = organisms["babble"].engine.generate(
        [prompt], max_new_tokens=9, seeds=[1], stop=STOP, min_p=MIN_P, logprobs=True
    )[0]
    for top in (0, 3):
        options = {"model": "babble", "prompt": prompt, "seed": 1, "max_tokens": 9, "logprobs": top}
        parts = (
            list(client.completions.create(**options, stream=True))
            if stream
            else [client.completions.create(**options)]
        )
        told = [part.choices[0].logprobs for part in parts]
        tokens = [token for one in told for token in one.tokens]
        assert len(tokens) == len(made.logprobs)
        found = [chance for one in told for chance in one.token_logprobs]
        assert found == pytest.approx(made.logprobs, abs=1e-4)
        for token, tops in zip(tokens, [tops for one in told for tops in one.top_logprobs], strict=True):
            assert token in tops and max(top, 1) <= len(tops) <= top + 1
        offsets = [start for one in told for start in one.text_offset]
        assert offsets[0] == 0 and offsets == sorted(offsets)


def test_unknown_fields_that_change_nothing_are_ignored(client: openai.OpenAI) -> None:
    """What clients send by habit: names, metadata, penalties of 0, empty lists, null."""
    harmless = {"user": "ann", "store": True, "metadata": {"a": "b"}, "frequency_penalty": 0.0, "tools": [], "foo": 1}
    harmless |= {"response_format": {"type": "text"}, "logit_bias": {}, "presence_penalty": None, "best_of": 1}
    options = {"model": "babble", "messages": HI, "seed": 1, "max_tokens": 9}
    plain, busy = (client.chat.completions.create(**options, extra_body=body) for body in ({}, harmless))
    assert plain.choices == busy.choices


def test_a_limit_beyond_the_context_is_the_context(client: openai.OpenAI, organisms: dict[str, Organism]) -> None:
    """max_tokens is a most: what does not fit is cut and said to be; the newer name of the limit counts first."""
    context = organisms["babble"].engine.config.max_position_embeddings
    ids = [7] * (context - 5)
    reply = client.completions.create(model="babble", prompt=ids, seed=1, max_tokens=10**6)
    assert reply.usage.total_tokens <= context and reply.usage.completion_tokens <= 5
    both = client.chat.completions.create(model="babble", messages=HI, seed=1, max_tokens=50, max_completion_tokens=3)
    assert (both.usage.completion_tokens, both.choices[0].finish_reason) == (3, "length")


TOKENIZER = babbler(64).tokenizer


def test_every_token_is_spelled_in_bytes() -> None:
    """Joined, the bytes of a text's tokens are the text's, whatever its letters."""
    words = spell_tokens(TOKENIZER, TOKENIZER.get_vocab_size() + 3)
    for text in ("How long?", "Größe 10 €", "日本語\n\t", "a\u0000b"):
        assert b"".join(words[token] for token in TOKENIZER.encode(text).ids).decode() == text


@given(st.text("abé€", max_size=20), st.lists(st.text("abé€", min_size=1, max_size=4), max_size=3))
def test_a_reply_ends_before_the_first_stop_text(text: str, stops: list[str]) -> None:
    """Fed token by token: the pieces are the text up to where a search of the whole finds the first stop."""
    reply, shown, tokens = ServedReply(TOKENIZER, stops), "", TOKENIZER.encode(text).ids
    for token in [*tokens, STOP]:
        piece = reply.push(token, None, last=False)
        shown += piece.text
        assert all(stop not in shown for stop in stops)
        if piece.finish:
            break
    # A reply ends with the character that completes a stop text, so only what had come by then is searched.
    ends = [text.index(stop) + len(stop) for stop in stops if stop in text]
    seen = text[: min(ends)] if ends else text
    assert shown == reply.text == seen[: min((seen.index(stop) for stop in stops if stop in seen), default=len(seen))]
    assert reply.finish == "stop" and reply.tokens <= len(tokens)


def test_a_server_leaves_the_logging_of_its_process_alone() -> None:
    """Handlers that somebody else has set up are open when the server runs and when it has ended."""

    class Handler(logging.StreamHandler[io.StringIO]):
        """Closes its stream, as absl's does."""

        def close(self) -> None:
            self.stream.close()
            super().close()

    handler = Handler(io.StringIO())
    with serve_locally({"helpdesk": load_base("helpdesk")}):
        assert not handler.stream.closed
    assert not handler.stream.closed
    handler.close()
