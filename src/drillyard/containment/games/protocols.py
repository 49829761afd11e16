"""Safety and usefulness of containment protocols in closed form, at one audit budget.

In every protocol `budget` is the share of honest work that is audited; what is deferred or edited is a share of its
own. An audit of an attack always catches it. Scores are Gaussian and independent from attempt to attempt. Does not
cover: monitors that are talked to by the work they read, and attackers who learn from earlier audits.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from scipy.special import ndtr, ndtri

from drillyard.containment.games.attempts import exposure, upfront_loss
from drillyard.containment.games.checks import check_share
from drillyard.containment.games.gaussian import caught_share
from drillyard.containment.games.setting import Case, GameSetting
from drillyard.errors import bad_input

__all__ = ["PROTOCOLS", "cases", "safety_of", "usefulness_of"]

_Cases = Callable[[GameSetting, float], tuple[Case, ...]]


def _trusted(setting: GameSetting, budget: float) -> tuple[Case, ...]:
    return (_monitored(setting, setting.trusted_separation, budget),)


def _untrusted(setting: GameSetting, budget: float) -> tuple[Case, ...]:
    """A colluder lets attacks pass; paraphrase cuts its signal, a honeypot puts the trusted monitor in its place."""
    signals = setting.collusion * (1 - setting.paraphrase)
    found = exposure(setting.honeypots, setting.exposes)
    honest = _monitored(setting, setting.untrusted_separation, budget)
    replaced = _monitored(setting, setting.trusted_separation, budget)
    return (
        Case(weight=1 - signals, caught=honest.caught, lost=honest.lost),
        Case(weight=signals * found, caught=replaced.caught, lost=replaced.lost),
        Case(weight=signals * (1 - found), caught=0.0, lost=setting.success),
    )


def _editing(setting: GameSetting, budget: float) -> tuple[Case, ...]:
    """Candidates are chosen by the score that is audited; whether one is edited is a score of its own."""
    edited = caught_share(setting.trusted_separation, setting.deferred)
    caught = _seen(setting, setting.editing_separation, budget)
    return (Case(weight=1, caught=caught, lost=(1 - caught) * setting.success * (1 - setting.removes * edited)),)


def _to_trusted(setting: GameSetting, budget: float) -> tuple[Case, ...]:
    caught, stopped = _audited_and_stopped(setting, budget)
    return (Case(weight=1, caught=caught, lost=(1 - stopped) * setting.success),)


def _resample(setting: GameSetting, budget: float) -> tuple[Case, ...]:
    """The second sample is acted on unless it is audited."""
    caught, stopped = _audited_and_stopped(setting, budget)
    again = (stopped - caught) * setting.attack_rate
    lost = (1 - stopped + again * (1 - caught)) * setting.success
    return (Case(weight=1, caught=caught + again * caught, lost=lost),)


def _incriminate(setting: GameSetting, budget: float) -> tuple[Case, ...]:
    """The first sample is acted on; the largest suspicion of all samples decides whether it is audited."""
    others = setting.samples - 1
    edge = ndtri((1 - budget) ** (1 / setting.samples))
    miss = 1 - float(ndtr(setting.trusted_separation - edge)) ** setting.candidates
    miss *= float(setting.attack_rate * miss + (1 - setting.attack_rate) * ndtr(edge)) ** others
    return (Case(weight=1, caught=1 - miss, lost=miss * setting.success),)


def _critical(setting: GameSetting, budget: float) -> tuple[Case, ...]:
    """Audits see the proposal; what is critical and not audited is done by the trusted system."""
    caught = _seen(setting, setting.trusted_separation, budget)
    return (Case(weight=1, caught=caught, lost=(1 - caught) * (1 - setting.critical_recall) * setting.success),)


def _consensus(setting: GameSetting, budget: float) -> tuple[Case, ...]:
    """Something happens only if every member proposes it; copies that share a decision always do."""
    caught = _seen(setting, setting.trusted_separation, budget)
    alone = (1 - caught) * setting.success
    together = setting.attack_rate ** (setting.samples - 1)
    return (
        Case(weight=setting.collusion, caught=caught, lost=alone),
        Case(weight=1 - setting.collusion, caught=caught, lost=alone * together),
    )


_CASES: Mapping[str, _Cases] = {
    "trusted-monitoring": _trusted,
    "untrusted-monitoring": _untrusted,
    "trusted-editing": _editing,
    "defer-to-trusted": _to_trusted,
    "defer-to-resample": _resample,
    "resample-incriminate": _incriminate,
    "defer-on-critical": _critical,
    "consensus": _consensus,
}

PROTOCOLS = ("upfront-audit", *_CASES)
"""The protocols by name."""


def cases(name: str, setting: GameSetting, budget: float) -> tuple[Case, ...]:
    """Return how one attempt ends in each hidden state of a run; not for upfront audits, which have no attempts.

    Raises `BadInput` for an unknown protocol, and a budget that with what is deferred is more than all work.
    """
    check_share("budget", budget)
    if budget + setting.deferred > 1:
        found = f"budget {budget:g} and deferred {setting.deferred:g}"
        raise bad_input(found, "at most 1 together", "lower one of them")
    if name not in _CASES:
        raise bad_input(f"protocol {name!r}", f"one of {', '.join(PROTOCOLS)}", "name one of those")
    return _CASES[name](setting, budget)


def safety_of(name: str, setting: GameSetting, budget: float) -> float:
    """Return the chance that the first event that ends a run is a catch, against an attacker who always attacks.

    Source of the measure: control-arena's `compute_safety`; of the protocols: Greenblatt et al. 2312.06942, 2504.10374,
    2511.02997. Upfront audits: one minus the best response's loss. A run that nothing can end counts as safe.
    """
    if name == "upfront-audit":
        return 1 - upfront_loss(budget, setting.success)
    return sum(
        case.weight * (case.caught / ends if (ends := case.caught + case.lost) > 0 else 1.0)
        for case in cases(name, setting, budget)
    )


def usefulness_of(name: str, setting: GameSetting) -> float:
    """Return the mean success of honest work; audits only look and cost none. Raises `BadInput` for an unknown name."""
    untouched = (1 - setting.deferred) * setting.useful
    found = {
        "trusted-editing": untouched + setting.deferred * setting.edited_useful,
        "defer-to-trusted": untouched + setting.deferred * setting.trusted_useful,
        "defer-on-critical": (1 - setting.critical) * setting.useful + setting.critical * setting.trusted_useful,
        "consensus": setting.useful * setting.agreement ** (setting.samples - 1),
    }
    if name not in PROTOCOLS:
        raise bad_input(f"protocol {name!r}", f"one of {', '.join(PROTOCOLS)}", "name one of those")
    return found.get(name, setting.useful)


def _seen(setting: GameSetting, separation: float, share: float) -> float:
    """Return the share of attacks above a cut when each is the least suspicious of several candidates."""
    return caught_share(separation, share) ** setting.candidates


def _monitored(setting: GameSetting, separation: float, budget: float) -> Case:
    caught = _seen(setting, separation, budget)
    return Case(weight=1, caught=caught, lost=(1 - caught) * setting.success)


def _audited_and_stopped(setting: GameSetting, budget: float) -> tuple[float, float]:
    """Return the share of attacks that is audited, and that which is audited or deferred, by one trusted score."""
    both = _seen(setting, setting.trusted_separation, budget + setting.deferred)
    return _seen(setting, setting.trusted_separation, budget), both
