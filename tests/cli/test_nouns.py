"""The nouns as a whole: each one there, each handler short, and `--help` fast."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import click
import pytest

import drillyard.cli
from drillyard.cli.app import NOUNS, app

CLI = Path(drillyard.cli.__file__).parent
MAX_LINES = 25


def is_handler(function: ast.FunctionDef) -> bool:
    """A handler is what `show.handler` decorates, or any click command or group."""
    names = [ast.unparse(mark).split("(")[0].split(".")[-1] for mark in function.decorator_list]
    return bool({"handler", "command", "group"} & set(names))


def body_lines(function: ast.FunctionDef) -> int:
    """Count the lines from the signature's end to the function's, without the docstring."""
    body = function.body[1:] if ast.get_docstring(function) is not None else function.body
    return function.end_lineno - body[0].lineno + 1 if body else 0


def test_handlers_parse_call_and_print() -> None:
    """A handler longer than 25 lines does work that belongs in a room."""
    found = 0
    for path in [*CLI.rglob("*.py"), Path(__file__).parents[1] / "tiny_nouns" / "greet.py"]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef) and is_handler(node):
                found += 1
                assert body_lines(node) <= MAX_LINES, f"{path.name}:{node.lineno} {node.name}: {body_lines(node)} lines"
    assert found >= 4, "the walk found no handlers; it would pass on anything"


def test_the_table_and_the_files_agree() -> None:
    """Every noun of the table has a file and every file a line in the table."""
    files = {path.stem for path in CLI.glob("*.py")} - {"__init__", "app", "options", "placing", "show"}
    assert set(NOUNS) == files


@pytest.mark.parametrize("noun", NOUNS)
def test_each_noun_says_what_the_table_says(noun: str) -> None:
    """The first help line of a noun is the one that `drillyard --help` prints without importing it."""
    command = app.get_command(click.Context(app), noun)
    assert command is not None
    assert (command.help or "").split("\n\n")[0].replace("\n", " ") == NOUNS[noun]


@pytest.mark.parametrize("noun", NOUNS)
def test_each_handler_has_the_common_options(noun: str) -> None:
    """Every command that does something knows --json and --debug."""
    todo = [app.get_command(click.Context(app), noun)]
    while todo:
        command = todo.pop()
        if isinstance(command, click.Group):
            todo += command.commands.values()
        else:
            known = {option for parameter in command.params for option in parameter.opts}
            assert {"--json", "--debug"} <= known, f"{noun} {command.name}: decorate it with show.handler"


def test_help_imports_no_noun_and_little_else() -> None:
    """`drillyard --help` answers from its table; a fresh process loads no noun and no numerical library."""
    code = (
        "import sys; from drillyard.cli.app import main; code = main(['--help'])\n"
        "print(*sys.modules, file=sys.stderr); sys.exit(code)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    loaded = set(run.stderr.split())
    assert run.returncode == 0, run.stderr
    assert "Commands:" in run.stdout and all(noun in run.stdout for noun in NOUNS)
    assert not loaded & {f"drillyard.cli.{noun}" for noun in NOUNS}
    assert not loaded & {"numpy", "scipy", "ortools", "sqlalchemy", "starlette", "torch"}


@pytest.mark.parametrize("words", [["-m", "drillyard", "--version"], ["-m", "drillyard", "desing"]])
def test_the_module_runs_as_the_command(words: list[str]) -> None:
    """`python -m drillyard` is the console script, exit codes included."""
    run = subprocess.run([sys.executable, *words], capture_output=True, text=True, check=False)
    if "--version" in words:
        assert (run.returncode, run.stdout) == (0, f"drillyard {drillyard.__version__}\n")
    else:
        assert (run.returncode, run.stdout) == (2, "")
        assert "did you mean 'design'?" in run.stderr and "Traceback" not in run.stderr
