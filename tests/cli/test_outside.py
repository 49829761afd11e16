"""What disks, terminals, pipes and other processes do to a command: one line, exit code 2, never a bug of ours."""

from __future__ import annotations

import errno
import os
import subprocess
import sys

import click
import pytest

from drillyard.cli import show
from drillyard.cli.app import main
from drillyard.records.files import csv_rows


def failing(problem: BaseException) -> int:
    """Run a command that ends in an error, and return its exit code."""

    @click.command()
    @show.handler
    def command() -> None:
        raise problem

    return main([], command)


@pytest.mark.parametrize(
    ("problem", "line"),
    [
        (OSError(errno.ENOSPC, "No space left on device", "out/x"), "found No space left on device at 'out/x'"),
        (PermissionError(errno.EACCES, "Permission denied", "y"), "found Permission denied at 'y'"),
        (RecursionError("maximum recursion depth exceeded"), "found data nested too deeply to be read"),
        (UnicodeEncodeError("utf-8", "\ud800", 0, 1, "surrogates not allowed"), "found text that is no Unicode"),
        (MemoryError(), "found no memory left"),
    ],
)
def test_what_comes_from_outside_is_no_bug_of_ours(
    problem: BaseException, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each is told in one line, and what to do."""
    assert failing(problem) == show.BAD_INPUT
    told = capsys.readouterr().err
    assert told.startswith(f"error: {line}") and told.count("\n") == 1


def test_a_pipe_that_nobody_reads_is_no_failed_criterion() -> None:
    """`drillyard … | head -1` ends early, and not with the 1 that says that a criterion fails."""
    assert failing(BrokenPipeError(errno.EPIPE, "Broken pipe")) == show.BAD_INPUT


def test_our_own_mistakes_stay_our_own(capsys: pytest.CaptureFixture[str]) -> None:
    """The other side: a wrong type or a missing key is not blamed on anybody else."""
    assert failing(TypeError("x")) == failing(KeyError("x")) == show.OUR_BUG


@pytest.mark.walk
def test_a_terminal_that_lacks_a_sign_shows_its_escape() -> None:
    """Latin-1 and ASCII terminals, and closed streams: the work that was done is shown, or silently not."""
    words = [sys.executable, "-m", "drillyard", "chat", "echo/"]
    env = {**os.environ, "PYTHONIOENCODING": "ascii:strict"}
    done = subprocess.run(words, input="5 € for ●\n\n".encode(), capture_output=True, env=env)
    assert (done.returncode, done.stdout) == (0, b"5 \\xe2\\x82\\xac for \\xe2\\x97\\x8f\n")
    for closed in ("0<&-", "1>&-", "2>&-", "0<&- 1>&- 2>&-"):
        line = f"exec {sys.executable} -m drillyard chat echo/ {closed}"
        assert subprocess.run(["bash", "-c", line], input=b"hi\n\n", capture_output=True).returncode in (0, 2)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[2J\x1b]0;title\x07", "\\x1b[2J\\x1b]0;title\\x07"),
        ("over\rwritten\x08", "over\\rwritten\\x08"),
        ("\x9b31m", "\\x9b31m"),
        ("abc\u202edcba", "abc\\u202edcba"),
        ("\ud800", "\\ud800"),
        ("a\n\tb é 李 👩\u200d🔬", "a\n\tb é 李 👩\u200d🔬"),
    ],
)
def test_control_signs_of_a_reply_are_shown_as_escapes(text: str, shown: str) -> None:
    """What would clear, colour, rewrite or turn round a terminal; every script stays as it is."""
    assert show.plain(text) == shown


def test_csv_of_every_kind_is_read() -> None:
    """Line ends of an old Mac, and a field that is longer than the module's own limit."""
    assert [row["b"] for row in csv_rows("a,b\r1,2\r3,4\r")] == ["2", "4"]
    assert [len(row["a"]) for row in csv_rows(f"a\n{'x' * 200_000}\n")] == [200_000]
