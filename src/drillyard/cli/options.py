"""Arguments and options that many commands have: files and folders, a seed, a folder for a page."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import ParamSpec, TypeVar

import click

__all__ = ["FILE", "FOLDER", "PATH", "page_option", "seed_option", "spec_argument"]

FILE = click.Path(dir_okay=False, path_type=Path)
FOLDER = click.Path(file_okay=False, path_type=Path)
PATH = click.Path(path_type=Path)

P = ParamSpec("P")
R = TypeVar("R")


def seed_option(words: str, default: int = 1) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Add `--seed`, a whole number from 0; `words` say what it decides."""
    return click.option("--seed", type=click.IntRange(min=0), default=default, show_default=True, help=words)


def page_option(words: str = "Folder for the page.") -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Add `-o DIR` as the argument `out`, None where no page is wanted."""
    return click.option("-o", "--out", type=FOLDER, help=words)


def spec_argument(name: str = "spec") -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Add the file that describes what is computed; None for what ships."""
    return click.argument(name, required=False, type=FILE)
