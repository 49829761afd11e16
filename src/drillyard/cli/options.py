"""Arguments and options that many commands have: files and folders, a seed, a folder for a page."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import click

__all__ = [
    "FILE",
    "FOLDER",
    "PATH",
    "FiniteRange",
    "db_option",
    "grading_option",
    "log_option",
    "page_option",
    "seed_option",
    "spec_argument",
]

FILE = click.Path(dir_okay=False, path_type=Path)
FOLDER = click.Path(file_okay=False, path_type=Path)
PATH = click.Path(path_type=Path)

P = ParamSpec("P")
R = TypeVar("R")


class FiniteRange(click.FloatRange):
    """A number within a range. Click lets NaN through, which is neither below nor above anything, and infinity."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Convert as click does, and refuse what is no finite number."""
        number = float(super().convert(value, param, ctx))
        if not math.isfinite(number):
            self.fail(f"{value} is not a finite number.", param, ctx)
        return number


def seed_option(words: str, default: int = 1) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Add `--seed`, a whole number from 0; `words` say what it decides."""
    return click.option("--seed", type=click.IntRange(min=0), default=default, show_default=True, help=words)


def page_option(words: str = "Folder for the page.") -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Add `-o DIR` as the argument `out`, None where no page is wanted."""
    return click.option("-o", "--out", type=FOLDER, help=words)


def db_option() -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Add `--db`, the URL of a yard's PostgreSQL database; empty for SQLite, or for what the folder remembers."""
    words = "postgresql:// URL of its database, in place of SQLite; better as DRILLYARD_DB, which `ps` does not show."
    return click.option("--db", default="", help=words)


def grading_option() -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Add `--no-grading` as the argument `grading`."""
    words = "Leave what is handed in to drillyard yard work, on this machine or others."
    return click.option("--no-grading", "grading", is_flag=True, default=True, flag_value=False, help=words)


def log_option() -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Add `--log`, how a server writes its log; also by DRILLYARD_LOG."""
    kinds, words = click.Choice(["text", "json"]), "json: lines of JSON without codes, names or what is typed."
    return click.option("--log", type=kinds, default="text", show_default=True, envvar="DRILLYARD_LOG", help=words)


def spec_argument(name: str = "spec") -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Add the file that describes what is computed; None for what ships."""
    return click.argument(name, required=False, type=FILE)
