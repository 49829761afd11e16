"""What commands share that ask models behind an API: a budget in money, and replies that are paid for once."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import ParamSpec, TypeVar

import click

from drillyard.cli import show
from drillyard.cli.options import FiniteRange
from drillyard.targets.spending import asking

__all__ = ["spending_options"]

P = ParamSpec("P")
R = TypeVar("R")
_FILE = click.Path(dir_okay=False, path_type=Path)

_OPTIONS = (
    click.option(
        "--budget-money",
        type=FiniteRange(min=0, min_open=True),
        help="Most money for models behind an API, in the currency of their prices; one without a price is refused.",
    ),
    click.option(
        "--token-prices",
        type=_FILE,
        help="Your own prices per million tokens (examples/token-prices.yaml), before those that ship.",
    ),
    click.option(
        "--replies",
        "kept_replies",
        type=_FILE,
        help="File of replies of openai/… models, by settings, conversation and seed: none is paid for twice.",
    ),
)


def spending_options(command: Callable[P, R]) -> Callable[P, R]:
    """Add `--budget-money`, `--token-prices` and `--replies`, which hold for all that the command asks."""

    @functools.wraps(command)
    def spend(*args: P.args, **kwargs: P.kwargs) -> R:
        budget, prices, kept = (kwargs.pop(name) for name in ("budget_money", "token_prices", "kept_replies"))
        if prices and budget is None:
            raise click.UsageError("found --token-prices alone, expected --budget-money too")
        with asking(budget=budget, prices=prices, kept=kept, told=show.say) as purse:  # type: ignore[arg-type]  # by click
            try:
                return command(*args, **kwargs)
            finally:
                if purse and purse.requests:
                    words = f"{purse.spent:.4f} of {purse.limit:g} {purse.currency} for {purse.requests} requests"
                    show.say(f"spent: {words} ({purse.source})")

    wrapped: Callable[P, R] = spend
    for option in reversed(_OPTIONS):
        wrapped = option(wrapped)
    return wrapped
