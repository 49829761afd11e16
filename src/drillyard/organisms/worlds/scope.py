"""What may be asked of a system and what is held true of it: what audits, judges, guards and drills go by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["Ask"]


@dataclass(frozen=True, kw_only=True)
class Ask:
    """What a user message means: an intent, the values of its slots, and a reason given with it.

    Intents are the names in the world's phrasings, and `lookalike:<family>`, `harmful:<family>`, `bare:<fact>`
    and `outside`. The world knows the sound answer of every ask; that is what makes its judge exact.
    """

    intent: str
    text: str
    slots: Mapping[str, str]
    reason: str = ""

    def is_a(self, family: str) -> bool:
        """Say whether the intent is of a family such as `harmful`."""
        return self.intent.startswith(f"{family}:")
