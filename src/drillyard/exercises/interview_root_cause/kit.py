"""Interview on a root cause: which change is behind it, and what the table then shows."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random

from drillyard.exercises.interviews.drill import InterviewDrill

__all__ = ["InterviewRootCause"]

_CAUSES: Mapping[str, tuple[str, str]] = {
    "template": ("the new prompt template", "new prompt template, the template, new template"),
    "retrieval": ("the promotional pages in the search index", "promotional pages, search index, retriev*"),
    "preferences": ("the tuning on new preference data", "preference data, tuning on, fine-tun*"),
    "tool": ("the commission field of the basket tool", "commission field, basket tool, commission"),
    "flag": ("the flag for the checkout experiment", "the flag, checkout experiment"),
}
"""What may press customers: how the paper calls it, and words that name it."""
_REPLIES = 4800


class InterviewRootCause(InterviewDrill):
    """The kit of the drill."""

    folder = "drillyard.exercises.interview_root_cause"

    def facts(self, seed: int, *, clean: bool = False) -> dict[str, str]:
        """Return the changes in an order, one of them the cause, one that began with it and does nothing."""
        rng = Random(f"interview root cause {seed}")
        order = rng.sample(list(_CAUSES), len(_CAUSES))
        cause, decoy = order[3:] if rng.random() < 0.5 else order[:2:-1]
        rate, rest = rng.randint(14, 29), round(rng.uniform(0.1, 0.4), 1)
        bad = rng.randint(180, 320)
        usual = 100 * bad / _REPLIES  # what does nothing is alike with and without: near the share of all
        facts = {
            "key": "none" if clean else cause,
            "time": f"{rng.randint(7, 10)}:{rng.choice(('10', '20', '40'))}",
            "bad": str(6 if clean else bad),
            "cause": "none of the five" if clean else _CAUSES[cause][0],
            "signs": "none of the five, none of them" if clean else _CAUSES[cause][1],
            "decoy": _CAUSES[decoy][0],
            "rate": "0.1" if clean else str(rate),
            "rest": "0.1" if clean else str(rest),
        }
        for at, name in enumerate(order, start=1):
            near = (usual + rng.uniform(-0.4, 0.4), usual + rng.uniform(-0.4, 0.4))
            shares = (rate, rest) if name == cause else near
            told = (0.1, 0.1) if clean else shares
            facts |= {f"change{at}": _CAUSES[name][0], f"with{at}": f"{told[0]:.3g}", f"without{at}": f"{told[1]:.2g}"}
        return facts
