"""What people get from a gateway: a ticket, or a refusal that tells them nothing."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Ticket", "TicketRefused", "Voted"]


class TicketRefused(Exception):
    """What was asked of the gateway is not done; the words are for the log of tests, never for the asker."""


class Voted(TicketRefused):
    """A second vote of the same person, who may be told so: it is their own, and they have signed that it is them."""


@dataclass(frozen=True, kw_only=True)
class Ticket:
    """What an asker gets for a question: `state` is received, refused, waiting, closed or released."""

    id: str
    state: str
    answer: str = ""
