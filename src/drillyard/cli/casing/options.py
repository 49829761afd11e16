"""Arguments that the verbs of `drillyard case` share."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import ParamSpec, TypeVar

import click

__all__ = ["day_of", "draws_options", "folder_argument", "out_folder", "today_option"]


class _Day(click.ParamType[date]):
    """A day, which is shown as it is typed."""

    name = "day"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> date:
        """Read YYYY-MM-DD."""
        try:
            return value if isinstance(value, date) else date.fromisoformat(str(value))
        except ValueError:
            self.fail(f"{value!r} is no day such as 2026-11-29", param, ctx)


P = ParamSpec("P")
R = TypeVar("R")

folder_argument = click.argument("folder", type=click.Path(file_okay=False, path_type=Path))


def day_of(today: date | None) -> date:
    """Return the day of an option, or today."""
    return today or date.today()


def today_option(function: Callable[P, R]) -> Callable[P, R]:
    """Add `--today`: the day by which evidence is stale."""
    words = "The day by which evidence is stale; today unless given."
    return click.option("--today", type=_Day(), help=words)(function)


def draws_options(function: Callable[P, R]) -> Callable[P, R]:
    """Add `--draws`, `--inner` and `--seed`."""
    draws = click.IntRange(200, 200_000)
    function = click.option(
        "--seed", type=click.IntRange(min=0), default=1, show_default=True, help="Decides all draws."
    )(function)
    words = "Draws for which the year is computed exactly."
    function = click.option("--inner", type=click.IntRange(50, 5000), default=300, show_default=True, help=words)(
        function
    )
    words = "Draws of what nobody knows yet."
    return click.option("--draws", type=draws, default=4000, show_default=True, help=words)(function)


def out_folder(words: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Add `-o DIR` where a folder is wanted, not needed."""
    return click.option("-o", "--out", type=click.Path(file_okay=False, path_type=Path), help=words)
