"""Money that a command may spend, and replies that need not be paid for again: for all that it opens behind an API.

    with asking(budget=5.0, prices=Path("mine.yaml"), kept=Path("replies.jsonl")) as purse:
        target = open_target("openai/gpt-4o-mini")      # asks within the budget, and never twice for the same reply
    purse.spent

Before each request its worst case is set aside: a token per byte of the prompt, and as many new tokens as it may have.
When it is answered, what the server says it used is paid; one that does not say is paid at its worst case. So no budget
is ever passed, whatever a server answers.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from drillyard.errors import bad_input
from drillyard.records.progress import Progress, silent
from drillyard.targets.prices import PriceTable, TokenPrice, find_price, read_table, shipped_table
from drillyard.targets.stored import Replies

__all__ = ["Bill", "Meter", "Purse", "Usage", "asking", "kept_replies", "meter_of", "told_of_asking"]

_PER_MESSAGE = 16
"""Tokens that a chat template may put around a message: the usual ones take 3 to 8."""


@dataclass(frozen=True, kw_only=True)
class Usage:
    """Tokens that a server says a request took; `cached` are those of the prompt that it had read before."""

    prompt: int
    reply: int
    cached: int = 0


class Purse:
    """A sum that several threads spend. `spent` is what was paid, in the currency of the first price that was asked."""

    def __init__(self, limit: float, tables: tuple[PriceTable, ...]) -> None:
        self.limit, self.spent, self.requests = limit, 0.0, 0
        self.currency = self.source = ""
        self._tables, self._held, self._open, self._paid = tables, 0.0, 0, threading.Condition()

    def price_of(self, reference: str) -> TokenPrice:
        """Return a model's price. Raises `BadInput` for an unknown one, and for one in another currency."""
        price, table = find_price(reference, self._tables)
        if self.currency not in ("", table.currency):
            raise bad_input(
                f"a price of {reference} in {table.currency}", f"{self.currency}, as the others", "use one currency"
            )
        self.currency, self.source = table.currency, table.told
        return price

    def hold(self, amount: float, *, wait: bool = True) -> None:
        """Set an amount aside, as soon as others have paid less than was held for them.

        Raises:
            BadInput: it is not there any more.
        """
        with self._paid:
            while wait and self._open and self.spent + amount <= self.limit < self.spent + self._held + amount:
                self._paid.wait()
            if self.spent + self._held + amount > self.limit:
                free = f"{self.limit - self.spent - self._held:.6f} {self.currency} free"
                found = f"a request that may cost {amount:.6f} {self.currency}, with {free}"
                what = f"{self.spent:.6f} spent on {self.requests} requests by {self.source}"
                again = "the same command with a larger --budget-money goes on, where it has -o or --replies"
                raise bad_input(found, f"at most --budget-money {self.limit:g} ({what})", again)
            self._held += amount
            self._open += 1

    def pay(self, held: float, cost: float, requests: int = 1) -> None:
        """Pay for requests for which an amount was set aside; a cost of 0 and no request gives it back."""
        with self._paid:
            self._open -= 1
            self._held = self._held - held if self._open else 0.0
            self.spent += cost
            self.requests += requests
            self._paid.notify_all()


@dataclass(kw_only=True)
class Bill:
    """What one request will have cost: its worst case, until the server has said what it used."""

    worst: float
    used: Usage | None = None
    answered: bool = False

    def settle(self, used: Usage | None) -> None:
        """Note what an answered request used; None where the server does not say."""
        self.used, self.answered = used, True


@dataclass(frozen=True, kw_only=True)
class Meter:
    """Meters the requests to one model; without a purse nothing is counted."""

    purse: Purse | None = None
    price: TokenPrice = field(default_factory=lambda: TokenPrice(input=0, output=0))
    share: float = 1.0

    def worst(self, texts: list[str], room: int) -> float:
        """Return what a request with these messages can cost at the most."""
        prompt = sum(len(text.encode("utf-8", "surrogatepass")) + _PER_MESSAGE for text in texts)
        return self.share * self.price.of(prompt, room)

    @contextmanager
    def request(self, texts: list[str], room: int, requests: int = 1, wait: bool = True) -> Iterator[Bill]:
        """Set the worst case of one request, or of several together, aside while the block asks, then pay.

        What was not answered is not paid. Without `wait` (in an event loop) nothing waits for others to pay.

        Raises:
            BadInput: the budget does not hold it.
        """
        bill = Bill(worst=self.worst(texts, room) if self.purse else 0.0)
        if not self.purse:
            yield bill
            return
        self.purse.hold(bill.worst, wait=wait)
        try:
            yield bill
        finally:
            used = bill.used
            cost = self.share * self.price.of(used.prompt, used.reply, used.cached) if used else bill.worst
            self.purse.pay(bill.worst, cost if bill.answered else 0.0, requests * bill.answered)


@dataclass(frozen=True, kw_only=True)
class _Asking:
    """What holds for every target that is opened while a command asks."""

    purse: Purse | None = None
    kept: Replies | None = None
    told: Progress = silent


_now = [_Asking()]


@contextmanager
def asking(
    *, budget: float | None = None, prices: Path | None = None, kept: Path | None = None, told: Progress = silent
) -> Iterator[Purse | None]:
    """Let what is opened in the block spend at most a budget, and keep and use replies of a file.

    Args:
        budget: most money, in the currency of the price table; None for no limit, and nothing is counted.
        prices: a table of the user's, before the one that ships.
        kept: a file of replies by target, settings, conversation and seed; made when the first one comes.
        told: how far a batch is.

    Raises:
        BadInput: a broken file.
    """
    purse = None
    if budget is not None:
        purse = Purse(budget, ((read_table(prices),) if prices else ()) + (shipped_table(),))
    _now.append(_Asking(purse=purse, kept=Replies(kept) if kept else None, told=told))
    try:
        yield purse
    finally:
        _now.pop()


def meter_of(reference: str, *, batch: bool = False) -> Meter:
    """Return the meter of a model that is opened now. Raises `BadInput` for a budget without its price."""
    purse = _now[-1].purse
    if purse is None:
        return Meter()
    price = purse.price_of(reference)
    if batch and price.batch is None:
        found = f"no price of batches of {reference}, for a budget in money"
        raise bad_input(found, "its share of the usual price, such as batch: 0.5", "write it into --token-prices FILE")
    share = price.batch if batch and price.batch is not None else 1.0
    return Meter(purse=purse, price=price, share=share)


def kept_replies() -> Replies | None:
    """Return the file of replies for what is opened now, if there is one."""
    return _now[-1].kept


def told_of_asking() -> Progress:
    """Return whom to tell how far a batch is."""
    return _now[-1].told
