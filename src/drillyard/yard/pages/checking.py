"""Work on a learner's file that takes seconds, in a process of its own: so many at a time, of one learner only one."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TypeVar

import anyio

from drillyard.errors import BadInput, GradingFailed
from drillyard.yard.visit import Visit

__all__ = ["AT_A_TIME", "Unchecked", "check_file"]

AT_A_TIME = anyio.CapacityLimiter(2)
"""Checks and trials at a time; more wait in the order in which they came, without a thread."""
_BUSY = "What you sent last is still being worked on. Wait until that page comes, then send the next."
_FAULT = "The check stopped at a fault of the yard, not of your work. Nothing was handed in: try once more."

T = TypeVar("T")
_under_way: set[str] = set()  # learners for whom a child works
_log = logging.getLogger(__name__)


class Unchecked(Exception):
    """No result: the line is for the learner, the status for their browser."""

    def __init__(self, status: int, line: str) -> None:
        super().__init__(line)
        self.status = status


def check_file(visit: Visit, work: Callable[[], T]) -> T:
    """Return what some work on the visitor's file gives. Raises `Unchecked`."""
    me = visit.me().id
    if me in _under_way:
        raise Unchecked(409, _BUSY)
    _under_way.add(me)
    try:
        return work()
    except BadInput as error:
        raise Unchecked(422, str(error)) from None
    except GradingFailed:
        _log.exception("%s", visit.request.url.path)
        raise Unchecked(503, _FAULT) from None
    finally:
        _under_way.discard(me)
