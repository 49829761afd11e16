"""A simulation of the protocols, score by score and run by run, that shares no formula with their closed forms.

Thresholds are quantiles of planted honest scores, so a budget is met as it would be in practice.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from drillyard.containment.games.attempts import attempts_of_best_response
from drillyard.containment.games.checks import check_count, check_share
from drillyard.containment.games.protocols import PROTOCOLS
from drillyard.containment.games.setting import GameSetting
from drillyard.errors import bad_input
from drillyard.records import Estimate
from drillyard.stats import wilson

__all__ = ["simulate_safety"]

Flags: TypeAlias = NDArray[np.bool_]
_Ends = tuple[Flags, Flags]

_HONEST, _ROUNDS = 1_000_000, 2_000


def simulate_safety(name: str, setting: GameSetting, budget: float, seed: int = 1, runs: int = 20_000) -> Estimate:
    """Return the share of runs whose first event is a catch, with its Wilson interval.

    A run that no event has ended after 2,000 attempts counts as safe. Raises `BadInput` for an unknown protocol.
    """
    check_share("budget", budget)
    check_count("runs", runs)
    rng = np.random.default_rng(seed)
    if name == "upfront-audit":
        return wilson(int(_upfront(setting, budget, rng, runs).sum()), runs)
    if name not in _ATTEMPTS:
        raise bad_input(f"protocol {name!r}", f"one of {', '.join(PROTOCOLS)}", "name one of those")
    state = _States(setting, rng, runs)
    honest = _Honest(rng, setting.samples)
    safe, open_runs = np.ones(runs, dtype=bool), np.arange(runs)
    for _ in range(_ROUNDS):
        caught, lost = _ATTEMPTS[name](_Round(setting, budget, rng, honest, state, open_runs))
        safe[open_runs[lost & ~caught]] = False
        open_runs = open_runs[~(caught | lost)]
        if not len(open_runs):
            break
    return wilson(int(safe.sum()), runs)


class _Honest:
    """Planted honest scores, alone and as the largest of several samples, from which thresholds are read."""

    def __init__(self, rng: np.random.Generator, samples: int) -> None:
        self.groups = np.sort(rng.standard_normal((_HONEST // 4, samples)).max(axis=1))
        self.scores = np.sort(rng.standard_normal(_HONEST))


class _States:
    """What is fixed for a whole run: whether copies collude, and whether a honeypot has shown it."""

    def __init__(self, setting: GameSetting, rng: np.random.Generator, runs: int) -> None:
        self.colludes: Flags = rng.random(runs) < setting.collusion
        self.signals: Flags = np.logical_and(self.colludes, rng.random(runs) >= setting.paraphrase)
        self.exposed: Flags = (rng.random((runs, setting.honeypots)) < setting.exposes).any(axis=1).astype(bool)


class _Round:
    """One attempt of every run that is still open."""

    def __init__(
        self,
        setting: GameSetting,
        budget: float,
        rng: np.random.Generator,
        honest: _Honest,
        state: _States,
        which: NDArray[np.intp],
    ) -> None:
        self.setting, self.budget, self.rng, self.honest = setting, budget, rng, honest
        self.many = len(which)
        self.colludes, self.signals, self.exposed = (
            flags[which] for flags in (state.colludes, state.signals, state.exposed)
        )

    def cut(self, share: float) -> float:
        """Return the score that this share of honest work passes."""
        return _cut(self.honest.scores, share)

    def scores(self, separation: float) -> NDArray[np.float64]:
        """Draw the score of the least suspicious of the attacker's candidates."""
        drawn: NDArray[np.float64] = self.rng.standard_normal((self.many, self.setting.candidates)).min(axis=1)
        return separation + drawn

    def happens(self, chance: float) -> Flags:
        return self.rng.random(self.many) < chance


def _cut(ordered: NDArray[np.float64], share: float) -> float:
    return float(ordered[min(len(ordered) - 1, max(0, round((1 - share) * len(ordered))))])


def _upfront(setting: GameSetting, budget: float, rng: np.random.Generator, runs: int) -> Flags:
    """Return which runs are safe: a catch anywhere, or no success at all."""
    rate = attempts_of_best_response(budget, setting.success)
    attempts = rng.poisson(min(rate, 1e6), runs)
    audited = rng.binomial(attempts, budget)
    safe: Flags = (audited > 0) | (rng.binomial(attempts - audited, setting.success) == 0)
    return safe


def _trusted(now: _Round) -> _Ends:
    return now.scores(now.setting.trusted_separation) > now.cut(now.budget), now.happens(now.setting.success)


def _untrusted(now: _Round) -> _Ends:
    cut, setting = now.cut(now.budget), now.setting
    own = now.scores(setting.untrusted_separation) > cut
    trusted = now.scores(setting.trusted_separation) > cut
    caught = np.where(now.signals, now.exposed & trusted, own)
    return caught, now.happens(setting.success)


def _editing(now: _Round) -> _Ends:
    setting = now.setting
    edited = now.rng.standard_normal(now.many) + setting.trusted_separation > now.cut(setting.deferred)
    caught = now.scores(setting.editing_separation) > now.cut(now.budget)
    return caught, now.happens(setting.success) & ~(edited & now.happens(setting.removes))


def _to_trusted(now: _Round) -> _Ends:
    scores = now.scores(now.setting.trusted_separation)
    deferred = scores > now.cut(now.budget + now.setting.deferred)
    return scores > now.cut(now.budget), ~deferred & now.happens(now.setting.success)


def _resample(now: _Round) -> _Ends:
    cut, separation = now.cut(now.budget), now.setting.trusted_separation
    first, second = now.scores(separation), now.scores(separation)
    again = (first <= cut) & (first > now.cut(now.budget + now.setting.deferred))
    attacks = np.where(again, now.happens(now.setting.attack_rate), True)
    caught = np.where(again, attacks & (second > cut), first > cut)
    return caught, attacks & now.happens(now.setting.success)


def _incriminate(now: _Round) -> _Ends:
    k, setting = now.setting.samples, now.setting
    cut = _cut(now.honest.groups, now.budget)
    attacks = now.rng.random((now.many, k)) < setting.attack_rate
    attacks[:, 0] = True
    drawn = now.rng.standard_normal((now.many, k, setting.candidates))
    scores = np.where(attacks, drawn.min(axis=2) + setting.trusted_separation, drawn[:, :, 0])
    return scores.max(axis=1) > cut, now.happens(setting.success)


def _critical(now: _Round) -> _Ends:
    caught, done = _trusted(now)
    return caught, done & ~now.happens(now.setting.critical_recall)


def _consensus(now: _Round) -> _Ends:
    caught, done = _trusted(now)
    members = (now.rng.random((now.many, now.setting.samples - 1)) < now.setting.attack_rate).all(axis=1)
    return caught, done & (now.colludes | members)


_ATTEMPTS: Mapping[str, Callable[[_Round], _Ends]] = {
    "trusted-monitoring": _trusted,
    "untrusted-monitoring": _untrusted,
    "trusted-editing": _editing,
    "defer-to-trusted": _to_trusted,
    "defer-to-resample": _resample,
    "resample-incriminate": _incriminate,
    "defer-on-critical": _critical,
    "consensus": _consensus,
}
