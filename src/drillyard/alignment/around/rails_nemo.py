"""NeMo Guardrails as the checker: the produced folder, loaded and run by `nemoguardrails` itself.

It decides as the direct call of the same code does, and takes milliseconds where that takes a tenth of one.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import warnings
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

os.environ["NEMO_GUARDRAILS_NO_USAGE_STATS"] = "1"  # read when rails are built; without it every build is reported

from nemoguardrails import LLMRails, RailsConfig
from nemoguardrails.rails.llm.options import RailStatus, RailType

from drillyard.alignment.around.screened import ERROR, Answers
from drillyard.alignment.around.verdict import PASS

__all__ = ["NemoChecker"]


class NemoChecker:
    """Asks `check_async` about one message at a time, never about a history: its cost grows with that.

    What NeMo says in a stopped message's place tells the verdict. Its "internal error" sentence, which looks like an
    answer, is the verdict `error`, as is anything that the policy does not say.

    Does not cover: what the folder's screen does not.

    Args:
        folder: with config.yml, as the technique `rails` writes it.
        answers: what the folder says for each verdict.
    """

    def __init__(self, folder: Path, answers: Answers) -> None:
        self._verdicts = {text: verdict for verdict, text in answers.by_verdict.items()}
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="rails")
        self.rails: LLMRails = self._thread.submit(lambda: asyncio.run(_built(folder))).result()

    def requests(self, texts: Sequence[str]) -> list[str]:
        """Return the verdict on each message of a user."""
        return self._run([[{"role": "user", "content": text}] for text in texts], RailType.INPUT)

    def replies(self, texts: Sequence[str]) -> list[str]:
        """Return the verdict on each reply of a model."""
        return self._run([[{"role": "assistant", "content": text}] for text in texts], RailType.OUTPUT)

    def _run(self, asked: list[list[dict[str, str]]], side: RailType) -> list[str]:
        """Check in a thread of its own: the caller may be inside an event loop, where NeMo's own `check` refuses."""
        return self._thread.submit(lambda: asyncio.run(self._check(asked, side))).result()

    async def _check(self, asked: list[list[dict[str, str]]], side: RailType) -> list[str]:
        with _quiet():
            return [self._verdict(await self.rails.check_async(one, rail_types=[side])) for one in asked]

    def _verdict(self, result: Any) -> str:
        if result.status == RailStatus.PASSED:
            return PASS
        return self._verdicts.get(result.content, ERROR) if result.status == RailStatus.BLOCKED else ERROR


async def _built(folder: Path) -> Any:
    """Build the rails inside a loop: outside of one NeMo opens a loop that it never closes."""
    with _quiet(), warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # NeMo's own, about fields that nobody has set
        return LLMRails(RailsConfig.from_path(str(folder)))


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep NeMo's log to itself: on an error it holds the whole configuration and the user's text."""
    logger, silence = logging.getLogger("nemoguardrails"), logging.NullHandler()
    before, logger.propagate = logger.propagate, False
    logger.addHandler(silence)
    try:
        yield
    finally:
        logger.removeHandler(silence)
        logger.propagate = before
