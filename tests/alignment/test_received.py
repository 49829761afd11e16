"""A folder from somebody else is data: nothing in it is run, and no key follows the addresses that it names."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from targets.fake_endpoint import Server, running

from drillyard.alignment.arms import ALIGNED, LEARNED, AlignedFile
from drillyard.errors import BadInput
from drillyard.records import Conversation
from drillyard.targets import open_target
from drillyard.targets.reference import split_typed

MARK = "import pathlib; pathlib.Path(__file__).with_name('RAN').write_text('')\n"


def received(folder: Path, target: str = "echo/", technique: str = "identity", engine: str = "") -> str:
    """Write what a folder of `drillyard align` holds, with Python wherever NeMo would look for it."""
    learned = folder / LEARNED
    learned.mkdir(parents=True)
    options = {"rails": {"engine": engine}} if engine else {}
    named = AlignedFile(target=target, scope="helpdesk", technique=technique, options=options)
    (folder / ALIGNED).write_text(named.to_json())
    for name in ("actions.py", "config.py"):
        (learned / name).write_text(MARK)
    (learned / "config.yml").write_text("models: []\n")
    (learned / "answers.json").write_text(
        json.dumps({"by_verdict": {"refuse": "no", "outside": "no", "hand-over": "no"}, "openings": {}})
    )
    return f"aligned/{folder}"


@pytest.mark.parametrize("technique", ["rails", "identity+rails"])
def test_python_in_a_received_folder_is_refused(tmp_path: Path, technique: str) -> None:
    """The message names the risk and the word that takes it; another folder cannot say that word for the user."""
    reference = received(tmp_path / "got", technique=technique, engine="nemo")
    with pytest.raises(BadInput, match=r"runs the Python in its folder.*type aligned/.*got#run-its-code"):
        open_target(reference)
    outer = received(tmp_path / "outer", target=f"{reference}#run-its-code")
    with pytest.raises(BadInput, match="runs the Python in its folder"):
        open_target(outer)
    assert not list(tmp_path.rglob("RAN"))


@pytest.mark.filterwarnings("ignore")  # NeMo's own, and those of what it imports
def test_the_word_lets_it_run(tmp_path: Path) -> None:
    """The other side of the test above: the very same folder runs its code once somebody has said so."""
    pytest.importorskip("nemoguardrails", reason="needs drillyard[rails]")
    from drillyard.alignment.around.fitting import ScreenFitter, save_screen
    from drillyard.alignment.policy import policy_of
    from drillyard.organisms.worlds.world import load_world

    reference = received(tmp_path / "got", technique="rails", engine="nemo")
    save_screen(
        ScreenFitter(policy_of(load_world("helpdesk"))).fit(0.5)[0],
        tmp_path / "got" / LEARNED / "classifier.safetensors",
    )
    open_target(f"{reference}#run-its-code")
    assert list(tmp_path.rglob("RAN"))


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """Run a server while a key is set up for OpenAI."""
    for name in ("OPENAI_API_KEY", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID"):
        monkeypatch.setenv(name, "sesame")
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    with running() as one:
        yield one


def test_a_key_goes_to_the_address_that_it_was_set_up_for(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Typed by the user it goes; named by a file it does not, until OPENAI_BASE_URL says that it is for that server."""
    model = f"openai/m@{server.url}"
    asked = ([Conversation.ask("hello")], [1])
    open_target(model).generate(*asked)
    named = received(tmp_path / "got", target=model)
    open_target(named).generate(*asked)
    monkeypatch.setenv("OPENAI_BASE_URL", f"{server.url}/")
    open_target(named).generate(*asked)
    assert server.keys == ["Bearer sesame", "Bearer none", "Bearer sesame"]
    assert server.accounts == ["sesame", "", "sesame"]


def test_a_refused_key_says_why_none_was_sent(server: Server, tmp_path: Path) -> None:
    """The advice names the address that the file asked for."""
    server.answer = lambda asked: (401, {"error": {"message": "who are you"}})
    target = open_target(received(tmp_path / "got", target=f"openai/m@{server.url}"))
    with pytest.raises(BadInput, match=f"export OPENAI_BASE_URL={server.url} where your key is for it"):
        target.generate([Conversation.ask("hello")], [1])


def test_a_provider_is_asked_for_a_file_only_where_it_is_typed(tmp_path: Path) -> None:
    """It costs what it costs, and may fetch: the file's word is no order, nor is what another file says beside it."""
    pytest.importorskip("inspect_ai", reason="needs drillyard[inspect]")
    model = "inspect/mockllm/model"
    named = received(tmp_path / "got", target=model)
    with pytest.raises(BadInput, match=rf"which a file names and which asks a provider.*type it behind.*#{model}"):
        open_target(named)
    with pytest.raises(BadInput, match=rf"a file that names '{model}', expected 'inspect/mockllm/x'"):
        open_target(f"{named}#inspect/mockllm/x")
    with pytest.raises(BadInput, match="which asks a provider at your cost"):
        open_target(received(tmp_path / "outer", target=f"{named}#{model}"))
    assert open_target(f"{named}#{model}").reference == f"{named}#{model}"


@pytest.mark.parametrize(
    ("name", "folder", "typed"),
    [
        ("./f", "./f", ""), ("./f#twin", "./f#twin", ""), ("./f#run-its-code", "./f#run-its-code", ""),
        ("./f#twin#inspect/a/b", "./f#twin", "inspect/a/b"), ("./f#prompted/./x#twin", "./f", "prompted/./x#twin"),
        ("./f#openai/m@http://h:1/v1", "./f", "openai/m@http://h:1/v1"),
    ],
)  # fmt: skip
def test_what_is_typed_behind_a_folder_is_a_whole_reference(name: str, folder: str, typed: str) -> None:
    """Other words behind a hash stay the folder's."""
    assert split_typed(name) == (folder, typed)


def test_a_model_is_fetched_for_a_file_only_where_it_is_typed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is on this machine is opened; a name on the hub is a line that says how to have it, and asks nobody."""
    transformers = pytest.importorskip("transformers", reason="needs drillyard[train]")
    asked = []

    def config(name: str, **options: object) -> None:
        asked.append((name, options["local_files_only"]))
        raise OSError("it is not here")

    monkeypatch.setattr(transformers.AutoConfig, "from_pretrained", config)
    for outer in (received(tmp_path / "got", target="hf/nobody/nothing"), "hf/./adapter"):
        folder = Path("adapter") if outer.startswith("hf") else tmp_path
        monkeypatch.chdir(tmp_path)
        if folder == Path("adapter"):
            folder.mkdir()
            (folder / "adapter_config.json").write_text('{"base_model_name_or_path": "nobody/nothing"}')
        with pytest.raises(BadInput, match=r"'nobody/nothing', which is not on this machine.*chat hf/nobody/nothing"):
            open_target(outer)
    with pytest.raises(BadInput, match="it is not here"):
        open_target(f"{received(tmp_path / 'two', target='hf/nobody/nothing')}#hf/nobody/nothing")
    assert asked == [("nobody/nothing", True), ("nobody/nothing", True), ("nobody/nothing", False)]
