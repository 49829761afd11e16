"""Models run by transformers: greedy text is that of its own `generate` and of our engine, seeds hold in any batch."""

from __future__ import annotations

import contextlib
import itertools
import json
import logging
import re
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from organisms.random_llama import random_weights

from drillyard.errors import BadInput
from drillyard.organisms.engine.adapter import low_rank, merge_adapter, write_adapter
from drillyard.organisms.engine.checkpoint import write_checkpoint
from drillyard.organisms.engine.dialogue import STOP, encode
from drillyard.organisms.engine.engine import Engine
from drillyard.organisms.engine.llama import LlamaConfig
from drillyard.organisms.engine.revealing import walk
from drillyard.organisms.training.pretrained_torch import silence
from drillyard.organisms.training.vocabulary import train_tokenizer
from drillyard.organisms.worlds.world import load_world
from drillyard.records import Conversation
from drillyard.stats import clopper_pearson
from drillyard.targets import open_target
from drillyard.targets.journal import KeptAnswers, keep_journal
from drillyard.targets.scoped import open_scoped

torch = pytest.importorskip("torch", reason="needs torch: pip install 'drillyard[train]'")
transformers = pytest.importorskip("transformers", reason="needs transformers: pip install 'drillyard[train]'")

WORLD = load_world("helpdesk")
TOKENIZER = train_tokenizer([*WORLD.replies.values(), *WORLD.templates.values()], 320)
CONFIG = LlamaConfig(
    vocab_size=TOKENIZER.get_vocab_size(),
    hidden_size=48,
    intermediate_size=80,
    num_hidden_layers=2,
    num_attention_heads=4,
    num_key_value_heads=2,
    head_dim=12,
    max_position_embeddings=160,
)
WEIGHTS = random_weights(CONFIG)
ROOM = 12
TALK = [Conversation.ask(text, template) for text in ("hi", "How much is it?", "x " * 20) for template in ("", "v2")]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder as transformers opens it, with a chat template."""
    path = tmp_path_factory.mktemp("model")
    write_checkpoint(path, CONFIG, WEIGHTS, TOKENIZER)
    return path


def opened(folder: Path, **options: object):
    """Return the folder as a target."""
    from drillyard.targets.local_torch import open_local

    return open_local(f"hf/{folder}", **{"max_new_tokens": ROOM, "world": "helpdesk", **options})


def test_greedy_replies_are_those_of_our_engine(folder: Path) -> None:
    """Ragged conversations in batches of four: another implementation of the same model says the same."""
    replies = opened(folder, batch=4).generate(TALK, [None] * len(TALK))
    prompts = [encode(TOKENIZER, one, WORLD.templates.get(one.template, "")) for one in TALK]
    made = Engine(WEIGHTS, CONFIG).generate(prompts, max_new_tokens=ROOM, seeds=[None] * len(TALK), stop=STOP)
    assert [reply.text for reply in replies] == [
        TOKENIZER.decode(list(one.ids), skip_special_tokens=True) for one in made
    ]
    assert [(reply.tokens, reply.finish) for reply in replies] == [(len(one.ids), one.finish) for one in made]


def test_greedy_replies_are_those_of_transformers(folder: Path) -> None:
    """`generate` of the library, one conversation at a time."""
    target = opened(folder)
    for conversation in TALK:
        ids = torch.tensor([encode(TOKENIZER, conversation, WORLD.templates.get(conversation.template, ""))])
        made = target.model.generate(ids, attention_mask=torch.ones_like(ids), max_new_tokens=ROOM, do_sample=False)
        wanted = TOKENIZER.decode(made[0, ids.shape[1] :].tolist(), skip_special_tokens=True)
        assert target.generate([conversation], [None])[0].text == wanted


def test_a_seed_means_the_same_text_in_any_company(folder: Path) -> None:
    """Alone, in another order, and in batches of another size."""
    seeds = list(range(len(TALK)))
    together = opened(folder).generate(TALK, seeds)
    assert opened(folder, batch=2).generate(TALK[::-1], seeds[::-1]) == together[::-1]
    assert [opened(folder).generate([one], [seed])[0] for one, seed in zip(TALK, seeds, strict=True)] == together
    assert together != opened(folder).generate(TALK, [seed + 100 for seed in seeds])


def test_first_tokens_are_drawn_as_often_as_the_model_says(folder: Path) -> None:
    """Of 600 draws, the most probable first tokens come within their exact intervals."""
    ids = encode(TOKENIZER, TALK[0], "")
    target = opened(folder, max_new_tokens=1, batch=200)
    logits = target.model(torch.tensor([ids])).logits[0, -1].double()
    chances = torch.softmax(logits, -1).detach().numpy()
    drawn = Counter(itertools.chain(*target._complete([ids] * 600, list(range(600)))))
    for token in np.argsort(-chances)[:5]:
        share = clopper_pearson(drawn[int(token)], 600, 0.9999)
        assert share.low <= chances[token] <= share.high


def test_a_conversation_that_is_too_long_is_an_error_reply(folder: Path) -> None:
    """The others are answered; streamed, it is one line."""
    long = Conversation.ask("a" * 400)
    replies = opened(folder).generate([TALK[0], long], [1, 2])
    assert (replies[0].finish != "error", replies[1].finish, replies[1].text) == (True, "error", "")
    assert re.fullmatch(r"refused: a prompt of 4\d\d tokens where the model has room for 148", replies[1].why)
    with pytest.raises(BadInput, match="found a conversation that is too long, expected at most 148 tokens"):
        list(opened(folder).stream(long, 1))
    assert "".join(opened(folder).stream(TALK[0], 7)) == opened(folder).generate([TALK[0]], [7])[0].text


def test_the_registry_opens_it(folder: Path) -> None:
    """`hf/` and a path, by the road of every other target."""
    target = open_target(f"hf/{folder}")
    assert target.reference == f"hf/{folder}"


@pytest.mark.filterwarnings("ignore:.*is deprecated and will be removed:FutureWarning")
@pytest.mark.parametrize("kind", ["float32", "bfloat16"])
def test_an_adapter_opens_on_its_base(folder: Path, tmp_path: Path, kind: str) -> None:
    """Greedy replies are those of our engine on weights that we merge; a coarse base keeps its adapter beside it."""
    peft = pytest.importorskip("peft", reason="needs peft: pip install 'drillyard[train]'")
    base = folder
    if kind == "bfloat16":
        base = tmp_path / "coarse"
        transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.bfloat16).save_pretrained(base)
        transformers.AutoTokenizer.from_pretrained(folder).save_pretrained(base)
    rng = np.random.default_rng(3)
    change = low_rank(rng.normal(0, 0.5, WEIGHTS["lm_head.weight"].shape).astype(np.float32), 4)
    write_adapter(tmp_path / "adapter", {"lm_head.weight": change}, str(base))
    transformers.AutoTokenizer.from_pretrained(folder).save_pretrained(tmp_path / "adapter")
    target = opened(tmp_path / "adapter")
    assert isinstance(target.model, peft.PeftModel) == (kind == "bfloat16")
    replies = target.generate(TALK, [None] * len(TALK))
    assert [one.text for one in replies] != [one.text for one in opened(folder).generate(TALK, [None] * len(TALK))]
    if kind == "float32":
        merged = Engine(merge_adapter(WEIGHTS, tmp_path / "adapter"), CONFIG)
        prompts = [encode(TOKENIZER, one, WORLD.templates.get(one.template, "")) for one in TALK]
        made = merged.generate(prompts, max_new_tokens=ROOM, seeds=[None] * len(TALK), stop=STOP)
        assert [one.text for one in replies] == [
            TOKENIZER.decode(list(one.ids), skip_special_tokens=True) for one in made
        ]


def test_an_adapter_without_its_base_is_one_line(tmp_path: Path) -> None:
    """The base was moved or never came along."""
    pytest.importorskip("peft", reason="needs peft: pip install 'drillyard[train]'")
    write_adapter(tmp_path, {"lm_head.weight": low_rank(WEIGHTS["lm_head.weight"], 2)}, str(tmp_path / "gone"))
    with pytest.raises(BadInput, match="that cannot be opened .*expected a causal language model"):
        opened(tmp_path)


def test_a_model_without_a_chat_template_is_one_line(folder: Path, tmp_path: Path) -> None:
    """What is missing and where it belongs."""
    for path in folder.iterdir():
        if path.suffix != ".jinja":
            (tmp_path / path.name).write_bytes(path.read_bytes())
    with pytest.raises(BadInput, match="without a chat template, expected one in tokenizer_config.json"):
        opened(tmp_path)


def test_a_chat_template_without_system_messages_is_one_line(folder: Path, tmp_path: Path) -> None:
    """What the model's own template refuses is told with its words."""
    for path in folder.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    refusing = "{% if messages[0]['role'] == 'system' %}{{ raise_exception('no system role') }}{% endif %}hi"
    (tmp_path / "chat_template.jinja").write_text(refusing)
    target = opened(tmp_path)
    assert target.generate([Conversation.ask("hi")], [None])[0].text is not None
    with pytest.raises(BadInput, match="found a chat template that refuses the conversation .no system role"):
        target.generate([Conversation.ask("hi", "v2")], [None])


def test_what_cannot_be_opened_is_one_line(tmp_path: Path) -> None:
    """No such folder, a broken config, a name that is not stored on this machine while offline."""
    with pytest.raises(
        BadInput, match="expected hf/ and a folder with config.json, a file that ends in .gguf, or a name on the hub"
    ):
        open_target("hf/./nowhere")
    (tmp_path / "config.json").write_text("{}")
    for reference in (f"hf/{tmp_path}", "hf/nobody/nothing"):
        with pytest.raises(BadInput, match="that cannot be opened .*expected a causal language model") as caught:
            open_target(reference)
        assert "\n" not in str(caught.value)


def test_a_hub_that_is_not_reached_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    """In our words, in one line; what the library logs of each try is not shown, and is heard again afterwards."""
    with pytest.raises(BadInput, match="it is not on this machine, and the hub cannot be reached"):
        open_target("hf/nobody/nothing")
    trying = logging.getLogger("huggingface_hub.utils._http")
    with silence():
        trying.warning("Retrying in 1s")
    trying.warning("Retrying in 2s")
    assert [record.message for record in caplog.records if record.name == trying.name] == ["Retrying in 2s"]


def test_an_unknown_template_is_one_line(folder: Path) -> None:
    """The world's templates are named."""
    with pytest.raises(BadInput, match="found template 'v9', expected one of: v1, v2, v3, v4"):
        opened(folder).generate([Conversation.ask("hi", "v9")], [1])


def test_what_is_revealed_is_what_our_engine_reveals(folder: Path) -> None:
    """Replies, branches and their probabilities, in ragged batches of four, by another implementation of the model."""
    revealed = opened(folder, batch=4).reveal(TALK, 0.01)
    prompts = [encode(TOKENIZER, one, WORLD.templates.get(one.template, "")) for one in TALK]
    walks = walk(Engine(WEIGHTS, CONFIG), prompts, max_new_tokens=ROOM, stop=STOP, floor=0.01)
    for one, walked in zip(revealed, walks, strict=True):
        assert one.chance == pytest.approx(walked.chance, rel=1e-3)
        mine = {(branch.ids, branch.ends): branch.chance for branch in one.branches if branch.chance > 0.011}
        ours = {
            (walked.ids[: fork.after] + ((fork.token,) if fork.token != STOP else ()), fork.token == STOP): fork.chance
            for fork in walked.forks
            if fork.chance > 0.011
        }
        assert mine == pytest.approx(ours, rel=1e-3)


def test_a_branch_is_completed_to_a_reply(folder: Path) -> None:
    """It begins as the branch does, and goes on as the model does after it."""
    target = opened(folder, batch=4)
    pairs = [(talk, b) for talk, one in zip(TALK, target.reveal(TALK, 0.02), strict=True) for b in one.branches[:2]]
    replies = target.complete([talk for talk, _ in pairs], [branch for _, branch in pairs])
    engine = Engine(WEIGHTS, CONFIG)
    prompts = [[*encode(TOKENIZER, t, WORLD.templates.get(t.template, "")), *b.ids] for t, b in pairs]
    made = engine.generate(prompts, max_new_tokens=ROOM, seeds=[None] * len(pairs), stop=STOP)
    assert pairs and [reply.text for reply in replies] == [
        TOKENIZER.decode([*branch.ids, *one.ids], skip_special_tokens=True)
        for (_, branch), one in zip(pairs, made, strict=True)
    ]


OWN_CODE = """
from pathlib import Path
Path(__file__).with_name("RAN").write_text("")
from transformers import LlamaConfig as Own, LlamaForCausalLM as Model, PreTrainedTokenizerFast as Words
"""


@pytest.mark.parametrize("part", ["model", "tokenizer"])
def test_a_models_own_code_is_neither_run_nor_asked_about(
    folder: Path, tmp_path: Path, part: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever answers the library's question with yes is not even asked."""
    place = tmp_path / "own"
    shutil.copytree(folder, place)
    (place / "own.py").write_text(OWN_CODE)
    name = "config.json" if part == "model" else "tokenizer_config.json"
    told = json.loads((place / name).read_text())
    own = {"AutoConfig": "own.Own", "AutoModelForCausalLM": "own.Model", "AutoTokenizer": ["own.Words", "own.Words"]}
    told |= {"auto_map": own, "model_type": "own", "tokenizer_class": "Words"}
    (place / name).write_text(json.dumps(told))
    monkeypatch.setattr("builtins.input", lambda *_: pytest.fail("asked"))
    if part == "model":
        with pytest.raises(BadInput, match=r"cannot be opened \(it needs code of its own, which is never run\)"):
            open_target(f"hf/{place}")
    else:
        with contextlib.suppress(BadInput):  # whether tokenizer.json alone will do is the library's affair
            open_target(f"hf/{place}")
    assert not (place / "RAN").exists() and not list(Path.home().rglob("own.py"))


@pytest.mark.parametrize(
    ("name", "change", "match"),
    [
        (
            "config.json",
            {"attn_implementation": "somebody/kernels"},
            "wants the code 'somebody/kernels' for its layers",
        ),
        ("config.json", {"num_hidden_layers": 2**40}, "with num_hidden_layers 1099511627776, expected at most 1,024"),
        ("config.json", {"hidden_size": "wide"}, "cannot be opened"),
        ("tokenizer_config.json", {"chat_template": None}, "without a chat template|cannot be opened"),
    ],
)
def test_a_folder_that_is_no_plain_data_is_one_line(
    folder: Path, tmp_path: Path, name: str, change: dict[str, Any], match: str
) -> None:
    """Code to be fetched, sizes that are none, and a tokenizer that cannot hold a conversation."""
    place = tmp_path / "odd"
    shutil.copytree(folder, place)
    (place / "chat_template.jinja").unlink()
    (place / name).write_text(json.dumps(json.loads((place / name).read_text()) | change))
    with pytest.raises(BadInput, match=match):
        open_target(f"hf/{place}")


@pytest.mark.parametrize("content", [b"", b"version https://git-lfs.github.com/spec/v1\noid sha256:1\n", None])
def test_broken_weights_are_one_line(folder: Path, tmp_path: Path, content: bytes | None) -> None:
    """Nothing, a pointer of git-lfs, half of the file; and pickled weights are not opened instead."""
    place = tmp_path / "broken"
    shutil.copytree(folder, place)
    weights = place / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:5000] if content is None else content)
    with pytest.raises(BadInput, match="cannot be opened"):
        open_target(f"hf/{place}")
    weights.unlink()
    torch.save({}, place / "pytorch_model.bin")
    with pytest.raises(BadInput, match="cannot be opened"):
        open_target(f"hf/{place}")


def test_an_adapter_that_is_no_data_is_one_line(folder: Path, tmp_path: Path) -> None:
    """Modules to be imported by name, and pickled weights."""
    pytest.importorskip("peft", reason="needs peft: pip install 'drillyard[train]'")
    write_adapter(tmp_path, {"lm_head.weight": low_rank(WEIGHTS["lm_head.weight"], 2)}, str(folder))
    transformers.AutoTokenizer.from_pretrained(folder).save_pretrained(tmp_path)
    settings = json.loads((tmp_path / "adapter_config.json").read_text())
    (tmp_path / "adapter_config.json").write_text(json.dumps(settings | {"megatron_config": {"a": 1}}))
    with pytest.raises(BadInput, match="megatron_config, which has modules imported by name"):
        open_target(f"hf/{tmp_path}")
    (tmp_path / "adapter_config.json").write_text(json.dumps(settings))
    (tmp_path / "adapter_model.safetensors").rename(tmp_path / "adapter_model.bin")
    with pytest.raises(BadInput, match="pickled weights are never opened"):
        open_target(f"hf/{tmp_path}")


def random_of(kind: str, **more: Any) -> Any:
    """Return a random model of another family in the shape of CONFIG."""
    shape = {name: getattr(CONFIG, name) for name in ("hidden_size", "intermediate_size", "num_hidden_layers")}
    shape |= {name: getattr(CONFIG, name) for name in ("num_attention_heads", "num_key_value_heads", "vocab_size")}
    rope = {"rope_theta": 10_000.0, "rope_type": "default", **more.pop("rope", {})}
    with torch.random.fork_rng():
        torch.manual_seed(3)
        config = getattr(transformers, f"{kind}Config")(
            **shape, max_position_embeddings=160, rope_parameters=rope, eos_token_id=STOP, **more
        )
        model = getattr(transformers, f"{kind}ForCausalLM")(config).eval()
        for name, tensor in model.named_parameters():  # biases begin at zero, and would prove nothing
            if name.endswith("bias"):
                torch.nn.init.normal_(tensor, std=0.5)
    return model


SCALED = {"rope_type": "llama3", "factor": 4.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0}
FAMILIES = [
    ("Llama", {"tie_word_embeddings": True}),
    ("Llama", {"rope": {**SCALED, "original_max_position_embeddings": 40}}),
    ("Llama", {"rope": {"rope_type": "linear", "factor": 2.0}}),
    ("Qwen2", {"tie_word_embeddings": True}),
]


@pytest.mark.parametrize("kernel", ["numpy", "compiled"])
@pytest.mark.parametrize(("kind", "more"), FAMILIES)
def test_the_engine_computes_what_transformers_does(
    kind: str, more: dict[str, Any], kernel: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Biases, scaled positions, tied embeddings: the logits of every token of a text."""
    from drillyard.targets.engine_torch import engine_of

    monkeypatch.setenv("DRILLYARD_KERNEL", kernel)
    model, text = random_of(kind, **more), [int(i) for i in np.random.default_rng(1).integers(5, 300, 70)]
    engine = engine_of(model)
    assert engine is not None
    with torch.inference_mode():
        expected = model(torch.tensor([text])).logits[0].numpy()
    assert np.abs(engine.logits(text) - expected).max() < 1e-4


def test_the_engine_leaves_alone_what_it_does_not_know() -> None:
    """Another family, positions that depend on the text, windows, and a model that somebody has hooked."""
    from drillyard.targets.engine_torch import engine_of

    dynamic = {"rope": {"rope_type": "dynamic", "factor": 2.0}}
    hooked = random_of("Llama")
    hooked.model.layers[0].register_forward_hook(lambda *_: None)
    for model in (random_of("Llama", **dynamic), random_of("Mistral", sliding_window=8), random_of("Gemma"), hooked):
        assert engine_of(model) is None


def test_a_changed_model_is_what_answers(folder: Path) -> None:
    """The engine holds a copy: a change of the weights, of the whole model or by a hook shows in the next reply."""
    target = opened(folder)
    before = target.generate(TALK, [None] * len(TALK))
    first = target._engine
    assert first is not None and target.generate(TALK, [None] * len(TALK)) == before and target._engine is first
    hook = target.model.lm_head.register_forward_hook(lambda module, given, out: -out)
    negated = target.generate(TALK, [None] * len(TALK))
    hook.remove()
    assert target.generate(TALK, [None] * len(TALK)) == before and target._engine is first
    target.model.lm_head.weight.data.mul_(-1)
    assert target.generate(TALK, [None] * len(TALK)) == negated != before and target._engine is not first
    target.model = random_of("Llama")
    assert target.generate(TALK, [None] * len(TALK)) not in (before, negated)


def test_any_token_of_a_list_ends_a_reply(folder: Path) -> None:
    """Llama 3 and Qwen have several; the engine's replies are those of transformers, step by step."""
    first = opened(folder, quick=False)
    (said,) = first._complete([first._encode(TALK[0])], [None])
    for quick in (True, False):
        target = opened(folder, quick=quick)
        target._ends = frozenset({STOP, said[3]})
        (reply,) = target.generate(TALK[:1], [None])
        assert (reply.finish, reply.tokens) == ("stop", said.index(said[3]))


def test_as_deployed_it_draws_as_the_models_own_settings_say(folder: Path, tmp_path: Path) -> None:
    """Greedy unless generation_config samples; its numbers are used and stored, plain ones cut nothing."""
    shutil.copytree(folder, own := tmp_path / "own")
    path = own / "generation_config.json"
    told = {"do_sample": True, "top_k": 1, "temperature": 0.7, "repetition_penalty": 1.3, "max_new_tokens": 5}
    greedy = opened(folder, deployed=True)
    assert not greedy.settings.sampled
    assert [r.text for r in greedy.generate(TALK, range(6))] == [r.text for r in greedy.generate(TALK, [None] * 6)]
    path.write_text(json.dumps({**json.loads(path.read_text()), **told}))
    from drillyard.targets import open_target

    target = open_target(f"hf/{own}#deployed", world="helpdesk")
    assert (target.settings.top_k, target.settings.repetition_penalty, target.settings.way) == (1, 1.3, "deployed")
    replies = target.generate(TALK, range(6))
    assert all(reply.tokens <= 5 for reply in replies)
    target.settings = target.settings.model_copy(update={"top_k": 0, "repetition_penalty": 1.0})
    ids = target._encode(TALK[0])
    with torch.inference_mode():
        made = target.model.generate(torch.tensor([ids]), do_sample=False, max_new_tokens=5, repetition_penalty=1.3)
    assert replies[0].text == target.tokenizer.decode(made[0, len(ids) :], skip_special_tokens=True)
    assert open_target(f"hf/{own}").settings.top_k == 0


def test_a_template_without_a_system_role_is_merged_on_request(folder: Path, tmp_path: Path) -> None:
    """One line says what to type; then the user's first message begins with the system's."""
    shutil.copytree(folder, own := tmp_path / "own")
    template = (own / "chat_template.jinja").read_text()
    refusing = "{% if messages[0]['role'] == 'system' %}{{ raise_exception('no system') }}{% endif %}"
    (own / "chat_template.jinja").write_text(refusing + template)
    with pytest.raises(BadInput, match="refuses the conversation .*; type .*#merge-system to put"):
        opened(own).generate([Conversation.ask("hi", "v2")], [1])
    target = opened(own, merge=True)
    assert target.settings.system == "merged"
    said = target.tokenizer.decode(target._encode(Conversation.ask("hi", "v2")))
    assert WORLD.templates["v2"].lower() in said.lower() and "<|system|>" not in said


def test_batches_that_were_heard_survive_a_kill(folder: Path, tmp_path: Path) -> None:
    """Cut off in the third batch, a run goes on behind the second: no reply is drawn twice, the same in the end."""
    seeds, path = list(range(len(TALK))), tmp_path / "journal.jsonl"
    whole = opened(folder).generate(TALK, seeds)
    killed = opened(folder, batch=2)
    complete, calls = killed._complete, itertools.count(1)

    def cut(prompts: Any, drawn: Any) -> list[list[int]]:
        if next(calls) == 3:
            raise KeyboardInterrupt
        return complete(prompts, drawn)

    killed._complete = cut
    with pytest.raises(KeyboardInterrupt):
        keep_journal(killed, KeptAnswers(path)).generate(TALK, seeds)
    kept = KeptAnswers(path)
    assert len(kept) == 4
    again, asked = opened(folder, batch=2), []
    answered = again._complete
    again._complete = lambda prompts, drawn: asked.extend(drawn) or answered(prompts, drawn)
    heard: dict[int, str] = {}
    replies = keep_journal(again, kept).generate_each(TALK, seeds, lambda n, reply: heard.update({n: reply.text}))
    assert replies == whole and len(asked) == len(TALK) - 4
    assert [heard[n] for n in seeds] == [reply.text for reply in whole]


def test_how_long_a_reply_may_be_is_the_users_word(folder: Path, tmp_path: Path) -> None:
    """Typed, it counts more than what a deployed model says; what draws no reply refuses it."""
    own = tmp_path / "own"
    shutil.copytree(folder, own)
    said = json.loads((own / "generation_config.json").read_text()) if (own / "generation_config.json").exists() else {}
    (own / "generation_config.json").write_text(json.dumps({**said, "max_new_tokens": 7}))
    for words, room, wanted in (
        ("#deployed", 0, 7),
        ("#deployed", 5, 5),
        ("#deployed", 9, 9),
        ("", 0, 256),
        ("", 5, 5),
    ):
        target, _ = open_scoped(f"hf/{own}{words}", "helpdesk", room)
        assert target.settings.max_new_tokens == wanted
    with pytest.raises(BadInput, match="a length for the replies of echo/, expected .* leave it out"):
        open_scoped("echo/", "helpdesk", 5)
