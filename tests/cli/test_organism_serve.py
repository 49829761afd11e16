"""`drillyard organism serve`: one line when it is ready, one line for what is wrong, an end at Ctrl+C."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import openai
import pytest
from organisms.babbler import babbler

from drillyard.cli.app import main
from drillyard.organisms.engine.organism import save


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An organism's folder, as `drillyard organism plant` writes it."""
    return save(babbler(), tmp_path_factory.mktemp("organisms") / "failing", complete=True)


def test_several_organisms_are_served_until_ctrl_c(folder: Path) -> None:
    """With --json one document says where and which; a stream that runs at Ctrl+C is given little time."""
    words = ["organism", "serve", "helpdesk", f"{folder}/", f"again={folder}", "--port", "0", "--json"]
    command = [sys.executable, "-m", "drillyard", *words]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, env={**os.environ, "DRILLYARD_TOKEN": "s3cret"}, **pipes) as process:
        try:
            ready = json.loads(process.stdout.readline())
            assert ready["models"] == ["helpdesk", "failing", "again"]
            with openai.OpenAI(base_url=ready["url"], api_key="s3cret", max_retries=0) as client:
                assert [model.id for model in client.models.list()] == ready["models"]
                asked = {"messages": [{"role": "user", "content": "hi"}], "seed": 1, "max_tokens": 9}
                one, two = (client.chat.completions.create(model=name, **asked) for name in ready["models"][1:])
                assert one.choices == two.choices
            process.send_signal(signal.SIGINT)
            rest = process.communicate(timeout=60)
        finally:
            process.kill()
    assert rest == ("", "") and process.returncode == 0


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["bakery"], "error: found world 'bakery', expected one of: clinic, helpdesk"),
        (["./nowhere"], "error: found './nowhere', expected a folder with organism.json"),
        (["helpdesk", "helpdesk"], "error: found two organisms with the id 'helpdesk', expected different ids"),
        (["--host", "0.0.0.0"], "error: found host 0.0.0.0 without a token"),
        (["--port", "70000"], "error: Invalid value for '--port'"),
    ],
)
def test_what_is_wrong_is_one_line(
    words: list[str], line: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit 2, one line on stderr, nothing on stdout."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DRILLYARD_TOKEN", raising=False)
    assert main(["organism", "serve", *words]) == 2
    printed = capsys.readouterr()
    assert printed.out == "" and printed.err.count("\n") == 1 and line in printed.err


def test_a_taken_port_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    """With what to type next."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert main(["organism", "serve", "--port", str(taken.getsockname()[1])]) == 2
    printed = capsys.readouterr()
    assert printed.out == "" and printed.err.count("\n") == 1
    assert "in use, expected a free port; type --port 0" in printed.err
