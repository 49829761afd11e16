"""What a command prints: the contract of stdout, stderr and exit codes, on a tiny noun mounted like a real one."""

from __future__ import annotations

import io
import json
import time
import warnings

import click
import pytest
from rich.console import Console

from drillyard.cli import show
from drillyard.cli.app import LazyGroup, main
from drillyard.errors import GradingFailed, MissingExtra
from drillyard.records import Estimate

TINY = LazyGroup(name="tiny", package="tiny_nouns", nouns={"greet": "Greet people.", "gone": "Not there."})


def run(*words: str) -> int:
    """Run the tiny command line as the console script would."""
    return main(words, TINY)


def test_json_prints_exactly_one_document(capsys: pytest.CaptureFixture[str]) -> None:
    """With --json stdout is one JSON document, records inside it as stored; words and progress go to stderr."""
    assert run("greet", "hello", "Ada", "--json") == 0
    printed = capsys.readouterr()
    document = json.loads(printed.out)
    assert document["message"] == {"record": "message", "version": 1, "role": "user", "content": "Hello, Ada: passed."}
    assert Estimate.from_data(document["rates"][0]).n == 10
    assert "greeting 2/2 smile" in printed.err


def test_people_get_verdict_table_and_next_command(capsys: pytest.CaptureFixture[str]) -> None:
    """The first line is the verdict, the last the next command; texts are printed as they are, never as markup."""
    assert run("greet", "hello", "Ada") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "● Hello, Ada: passed."
    assert lines[2].rstrip() == "Greetings [bold]as they came[/bold]"
    assert "0.30 [0.07, 0.65] n = 10" in lines[4]
    assert "no observation" in lines[5]
    assert lines[-1] == "next: drillyard greet talk"
    assert all(len(line) <= show.WIDTH for line in lines)


@pytest.mark.parametrize(("state", "code"), [("passed", 0), ("failed", 1), ("unknown", 1)])
def test_exit_code_follows_the_state(state: str, code: int, capsys: pytest.CaptureFixture[str]) -> None:
    """0 only when the criteria hold: not enough evidence is no success. --json changes nothing about it."""
    assert run("greet", "hello", "Ada", "--state", state) == code
    assert run("greet", "hello", "Ada", "--state", state, "--json") == code


def test_a_talking_handler_needs_no_outcome(capsys: pytest.CaptureFixture[str]) -> None:
    """A chat or a server prints for itself and exits 0."""
    assert run("greet", "talk") == 0
    assert capsys.readouterr().out == "hello\n"


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["greet", "hello", "B0b"], "error: found 'B0b', expected a name of letters; type: drillyard greet hello Ada"),
        (["greet", "hello"], "error: Missing argument 'NAME' (help: drillyard greet hello --help)"),
        (["greet", "hello", "A", "--sate", "x"], "error: No such option '--sate'. Did you mean '--state'?"),
        (["greet", "hello", "A", "--state", "x"], "error: Invalid value for '--state': 'x' is not one of"),
        (["greet", "helo"], "error: No such command 'helo'. Did you mean 'hello'? (help: drillyard greet --help)"),
        (["great"], "error: found 'great', did you mean 'greet'? (help: drillyard --help)"),
        (["xyz"], "error: found 'xyz', expected one of: gone, greet (help: drillyard --help)"),
    ],
)
def test_bad_input_is_one_line_and_exit_2(words: list[str], line: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Found, expected, what to type next: one line on stderr, nothing on stdout, with or without --json."""
    for more in ([], ["--json"]):
        assert run(*words, *more) == show.BAD_INPUT
        printed = capsys.readouterr()
        assert printed.out == ""
        assert line in printed.err and printed.err.count("\n") == 1


def test_our_bug_is_one_line_and_exit_70(capsys: pytest.CaptureFixture[str]) -> None:
    """An unforeseen error asks for --debug on one line; with --debug the traceback comes first."""
    assert run("greet", "crash") == show.OUR_BUG
    quiet = capsys.readouterr().err
    assert (
        quiet.startswith("error: RuntimeError: one two; ")
        and quiet.count("\n") == 1
        and "run again with --debug" in quiet
    )
    assert run("greet", "crash", "--debug") == show.OUR_BUG
    loud = capsys.readouterr().err
    assert "Traceback (most recent call last)" in loud and 'raise RuntimeError("one\\ntwo")' in loud


def test_debug_shows_where_bad_input_was_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """--debug adds the traceback to user errors too, and leaves their exit code."""
    assert run("greet", "hello", "B0b", "--debug") == show.BAD_INPUT
    assert "Traceback" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("problem", "code"),
    [
        (GradingFailed("out of time"), show.BAD_INPUT),
        (MissingExtra("train", "training"), show.BAD_INPUT),
        (click.exceptions.Abort(), show.INTERRUPTED),
        (ZeroDivisionError("division by zero"), show.OUR_BUG),
    ],
)
def test_each_kind_of_error_has_its_code(problem: BaseException, code: int, capsys: pytest.CaptureFixture[str]) -> None:
    """The user's errors exit 2, an interruption 130, ours 70."""
    assert show.error(problem, debug=False) == code
    assert capsys.readouterr().err.count("\n") == 1


def test_a_missing_extra_says_what_to_install(capsys: pytest.CaptureFixture[str]) -> None:
    """The line ends in the exact install command."""
    show.error(MissingExtra("train", "building an organism"), debug=False)
    assert capsys.readouterr().err.endswith("needs the extra 'train': pip install 'drillyard[train]'\n")


def test_nothing_typed_shows_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    """A bare command is no result: help on stderr, exit 2."""
    assert run() == show.BAD_INPUT
    printed = capsys.readouterr()
    assert printed.out == "" and "Greet people." in printed.err


def test_warnings_are_one_calm_line(capsys: pytest.CaptureFixture[str]) -> None:
    """A warning, such as that of an experimental plugin, is a note on stderr without file names."""

    @click.command()
    def warn() -> None:
        warnings.simplefilter("default")
        warnings.warn("technique 'x' is experimental", stacklevel=1)

    assert main([], warn) == 0
    assert capsys.readouterr().err == "note: technique 'x' is experimental\n"


def test_shapes_tell_states_apart_without_colour() -> None:
    """Four meanings, four shapes, each with a word beside it."""
    shapes = {
        name: show.state(name).plain for name in ("passed", "found", "failed", "missed", "false-alarm", "unknown")
    }
    assert shapes["passed"] == "● passed" and shapes["missed"] == "▲ missed"
    assert len({text[0] for text in shapes.values()}) == 4


def test_progress_is_a_bar_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a terminal the same calls move one bar instead of printing lines; what has no steps is a line above it."""
    screen = io.StringIO()
    terminal = Console(file=screen, force_terminal=True, width=80, legacy_windows=False)
    monkeypatch.setattr(show, "_console", lambda stderr=False: terminal)
    with show.progress("building") as step:
        step("reading")
        for done, word in enumerate(("one", "two", "three"), start=1):
            step(word, done, 3)
    assert "building three" in screen.getvalue() and "3/3" in screen.getvalue()
    assert "reading" in screen.getvalue() and "building 3/3" not in screen.getvalue()


def test_progress_in_a_pipe_is_a_few_lines_with_the_time_that_is_left(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """An estimate as soon as the pace is known, then every twentieth part and minute; earlier runs do not count."""
    now = 0.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    with show.progress("training") as step:
        step("reading the world")
        for done in range(501, 1001):
            now += 2.0
            step("loss 1", done, 1000)
    lines = capsys.readouterr().err.splitlines()
    assert lines[:3] == ["reading the world", "training 501/1000 loss 1", "training 504/1000 loss 1, about 17 min left"]
    assert lines[-1] == "training 1000/1000 loss 1"
    assert 10 < len(lines) < 30 and "training 900/1000 loss 1, about 3 min left" in lines
