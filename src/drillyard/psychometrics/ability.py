"""Abilities from answers, given the items: the mean of the posterior and how far it may be off."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from drillyard.psychometrics.bank import NODES, WEIGHTS, Bank, category_chances
from drillyard.psychometrics.responses import Responses
from drillyard.records import Estimate

__all__ = ["abilities", "ability", "posterior"]

Floats = NDArray[np.float64]
_Z = 1.959963984540054


def posterior(bank: Bank, responses: Responses) -> Floats:
    """Return each person's chance of each of `NODES`: persons × nodes. Who has answered nothing keeps the cohort's."""
    _, logits, whole = category_chances(bank, NODES)
    scores, asked = responses.scores[:, bank.item_of], responses.asked
    joint = (scores == bank.step_of).astype(np.float64) @ logits.T - asked.astype(np.float64) @ whole.T
    joint += np.log(WEIGHTS)
    joint = np.exp(joint - joint.max(axis=1, keepdims=True))
    made: Floats = joint / joint.sum(axis=1, keepdims=True)
    return made


def abilities(bank: Bank, responses: Responses) -> tuple[Floats, Floats]:
    """Return mean and standard deviation of each person's posterior."""
    post = posterior(bank, responses)
    mean = post @ NODES
    return mean, np.sqrt(np.maximum(post @ NODES**2 - mean**2, 0.0))


def ability(bank: Bank, responses: Responses, person: int = 0) -> Estimate:
    """Return one person's ability with its 95 % interval; `n` counts the answers."""
    mean, deviation = abilities(bank, responses)
    value, off, n = float(mean[person]), _Z * float(deviation[person]), int(responses.asked[person].sum())
    return Estimate(value=value, low=value - off, high=value + off, n=n, method="posterior mean 95%")
