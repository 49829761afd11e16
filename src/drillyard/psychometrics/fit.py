"""Measure items: marginal maximum likelihood, or its posterior mode where there is a prior.

Abilities are integrated out over a standard normal (Bock and Aitkin 1981). EM steps take one Newton step per item
(Lange 1995, the EM gradient algorithm), then whole Newton steps with the observed information (Louis 1982), which gives
the covariance as well.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from drillyard.errors import bad_input
from drillyard.psychometrics.bank import NODES, WEIGHTS, Bank, category_chances, sum_by_item
from drillyard.psychometrics.responses import Responses

__all__ = ["NO_PRIOR", "WEAK", "Model", "Prior", "fit"]

Floats = NDArray[np.float64]
Model = Literal["rasch", "2pl"]

_EM_STEPS, _NEWTON_STEPS, _HALVINGS = 200, 20, 6
_NEAR, _ENOUGH = 0.002, 0.005
"""EM hands over below this change of any parameter; Newton ends below this share of a standard error."""
_LONGEST = 1.0
"""Most that one EM step may change a parameter."""


@dataclass(frozen=True, kw_only=True)
class Prior:
    """Normal priors on slopes and intercepts; an infinite deviation is none.

    Args:
        slope, slope_sd: a narrow one draws slopes together, which few answers need, and hides what differs.
        intercept_sd: a narrow one draws items towards medium difficulty.
    """

    slope: float = 1.0
    slope_sd: float = 1.0
    intercept_sd: float = 3.0


WEAK = Prior()
"""Keeps what everybody or nobody solves finite. What it costs in coverage: `benchmarks/psychometrics.py`."""
NO_PRIOR = Prior(slope_sd=np.inf, intercept_sd=np.inf)


@dataclass(frozen=True, kw_only=True)
class _Data:
    """Distinct answer patterns: `columns` are 1 where a score was given, `asked` where an item was; counted."""

    columns: Floats
    asked: Floats
    weight: Floats


def fit(responses: Responses, model: Model = "2pl", prior: Prior = WEAK) -> Bank:
    """Return the items' parameters with their covariance.

    Raises:
        BadInput: nobody has answered anything.
    """
    asked = responses.asked
    if not asked.any():
        raise bad_input("no answers", "at least one answer to one item")
    used = responses.scores[asked.any(axis=1)]
    bank, data = _start(responses), _patterns(used, responses.steps)
    shared = model == "rasch"
    for _ in range(_EM_STEPS):
        post, _ = _posterior(bank, data)
        slopes, intercepts = _em_step(bank, data, post, shared, prior)
        bank = _moved(bank, slopes, intercepts)
        if max(abs(slopes).max(), abs(intercepts).max()) < _NEAR:
            break
    return _polish(bank, data, shared, prior, f"{model}, marginal likelihood")


def _polish(bank: Bank, data: _Data, shared: bool, prior: Prior, method: str) -> Bank:
    """Take Newton steps until none matters, and return the bank with its covariance."""
    objective, converged = _objective(bank, data, shared, prior), False
    for _ in range(_NEWTON_STEPS):
        gradient, information = _score_and_information(bank, data, shared, prior)
        covariance = _inverse(information)
        step = covariance @ gradient
        if abs(step / np.sqrt(np.diag(covariance))).max() < _ENOUGH:
            converged = True
            break
        for halving in range(_HALVINGS):
            tried = _moved(bank, *_spread(step / 2**halving, bank, shared))
            reached = _objective(tried, data, shared, prior)
            if reached >= objective:
                bank, objective = tried, reached
                break
        else:
            break
    return replace(
        bank,
        covariance=_unshared(covariance, bank, shared),
        method=method,
        log_likelihood=_log_likelihood(bank, data),
        converged=converged,
    )


def _start(responses: Responses) -> Bank:
    """Return slopes of 1 and intercepts by how often each score was given."""
    scores, asked = responses.scores, responses.asked
    intercepts = []
    for item, steps in enumerate(responses.steps):
        counts = np.array([np.sum(scores[:, item] == k) for k in range(steps + 1)]) + 0.5
        intercepts.append(np.log(counts[1:] / counts[0]))
    size = len(responses.items) + int(responses.steps.sum())
    return Bank(
        items=responses.items,
        steps=responses.steps,
        slopes=np.ones(len(responses.items)),
        intercepts=np.concatenate(intercepts),
        covariance=np.zeros((size, size)),
        answers=asked.sum(axis=0).astype(np.int64),
        persons=int(asked.any(axis=1).sum()),
    )


def _patterns(scores: Floats, steps: NDArray[np.int64]) -> _Data:
    """Count equal rows once: few items have few patterns, however many people there are."""
    codes = np.ascontiguousarray(np.where(np.isnan(scores), -1, scores).astype(np.int8))
    _, first, counts = np.unique(codes.view(f"V{codes.shape[1]}").ravel(), return_index=True, return_counts=True)
    kept = codes[first]
    item_of = np.repeat(np.arange(len(steps)), steps)
    step_of = np.concatenate([np.arange(1, k + 1) for k in steps])
    return _Data(
        columns=(kept[:, item_of] == step_of).astype(np.float64),
        asked=(kept >= 0).astype(np.float64),
        weight=counts.astype(np.float64),
    )


def _posterior(bank: Bank, data: _Data) -> tuple[Floats, Floats]:
    """Return the weight of each node for each pattern, and each pattern's log-likelihood."""
    _, logits, whole = category_chances(bank, NODES)
    joint = data.columns @ logits.T
    joint -= data.asked @ whole.T if not data.asked.all() else whole.sum(axis=1)
    joint += np.log(WEIGHTS)
    top = joint.max(axis=1, keepdims=True)
    joint -= top
    np.exp(joint, out=joint)
    total = joint.sum(axis=1, keepdims=True)
    joint /= total
    return joint, (top + np.log(total)).ravel()


def _log_likelihood(bank: Bank, data: _Data) -> float:
    return float(data.weight @ _posterior(bank, data)[1])


def _objective(bank: Bank, data: _Data, shared: bool, prior: Prior) -> float:
    slopes = bank.slopes[:1] if shared else bank.slopes
    penalty = ((slopes - prior.slope) ** 2).sum() / prior.slope_sd**2
    penalty += (bank.intercepts**2).sum() / prior.intercept_sd**2
    return _log_likelihood(bank, data) - float(penalty) / 2


def _em_step(bank: Bank, data: _Data, post: Floats, shared: bool, prior: Prior) -> tuple[Floats, Floats]:
    """Return the change of slopes and intercepts by one Newton step on the expected counts."""
    chances = bank.chances()
    counted = post * data.weight[:, None]
    given, asked = counted.T @ data.columns, counted.T @ data.asked
    blocks = _blocks(bank, chances, asked)
    missed = given - asked[:, bank.item_of] * chances
    for_intercepts = missed.sum(axis=0) - bank.intercepts / prior.intercept_sd**2
    for_slopes = sum_by_item((NODES @ missed * bank.step_of)[None], bank.steps)[0]
    inner = blocks.intercepts + np.eye(blocks.intercepts.shape[1]) * (1 / prior.intercept_sd**2 + 1e-9)
    inner += np.eye(inner.shape[1]) * ~blocks.real[:, None, :]
    right = np.stack([_padded(for_intercepts, blocks.real), blocks.mixed], axis=2)
    solved = np.linalg.solve(inner, right)
    alone, with_slope = solved[..., 0], solved[..., 1]
    curvature = blocks.slopes - (blocks.mixed * with_slope).sum(axis=1)
    uphill = for_slopes - (blocks.mixed * alone).sum(axis=1)
    tight = 1 / prior.slope_sd**2
    if shared:
        drawn = tight * (prior.slope - bank.slopes[0])
        slopes = np.full(len(bank.slopes), (uphill.sum() + drawn) / (curvature.sum() + tight + 1e-9))
    else:
        slopes = (uphill + tight * (prior.slope - bank.slopes)) / (curvature + tight + 1e-9)
    slopes = np.clip(slopes, -_LONGEST, _LONGEST)
    intercepts = (alone - with_slope * slopes[:, None])[blocks.real]
    return slopes, np.clip(intercepts, -_LONGEST, _LONGEST)


@dataclass(frozen=True, kw_only=True)
class _Blocks:
    """Expected information of each item alone, intercepts padded to the most steps; `real` says which are there."""

    slopes: Floats
    mixed: Floats
    intercepts: Floats
    real: NDArray[np.bool_]


def _blocks(bank: Bank, chances: Floats, asked: Floats) -> _Blocks:
    most = int(bank.steps.max())
    real = np.arange(most) < bank.steps[:, None]
    padded = np.zeros((len(NODES), len(bank.items), most))
    padded[:, real] = chances
    step = np.arange(1, most + 1, dtype=np.float64)
    mean = padded @ step
    weighted = asked[:, :, None] * padded
    intercepts = -np.einsum("qik,qil->ikl", weighted, padded)
    intercepts += np.eye(most) * weighted.sum(axis=0)[:, None, :]
    mixed = np.einsum("q,qik->ik", NODES, weighted * (step - mean[:, :, None]))
    slopes = (NODES**2) @ (asked * (padded @ step**2 - mean**2))
    return _Blocks(slopes=slopes, mixed=mixed, intercepts=intercepts, real=real)


def _padded(flat: Floats, real: NDArray[np.bool_]) -> Floats:
    made = np.zeros(real.shape)
    made[real] = flat
    return made


def _score_and_information(bank: Bank, data: _Data, shared: bool, prior: Prior) -> tuple[Floats, Floats]:
    """Return gradient and negative Hessian of the objective in (slopes, intercepts), or (slope, intercepts)."""
    post, _ = _posterior(bank, data)
    chances, spread = bank.chances(), bank.step_of * (bank.item_of == np.arange(len(bank.items))[:, None])
    blocks = _blocks(bank, chances, (post * data.weight[:, None]).T @ data.asked)
    complete = _complete(blocks, bank)
    moments = _residual_moments(data, post, chances, bank.item_of)
    asked = data.asked[:, bank.item_of]
    mean = data.columns - asked * (post @ chances)
    by_ability = data.columns * (post @ NODES)[:, None] - asked * (post @ (NODES[:, None] * chances))
    scores = np.hstack([by_ability @ spread.T, mean])
    missing = (
        np.block([[spread @ moments[2] @ spread.T, spread @ moments[1]], [(spread @ moments[1]).T, moments[0]]])
        - (scores * data.weight[:, None]).T @ scores
    )
    gradient, information = data.weight @ scores, complete - missing
    tight = np.r_[
        np.full(len(bank.items), 1 / prior.slope_sd**2), np.full(len(bank.intercepts), 1 / prior.intercept_sd**2)
    ]
    at = np.r_[prior.slope - bank.slopes, -bank.intercepts]
    if shared:
        fold = _fold(bank)
        gradient, information = fold @ gradient, fold @ information @ fold.T
        tight, at = tight[len(bank.items) - 1 :], at[len(bank.items) - 1 :]
    return gradient + tight * at, information + np.diag(tight)


def _residual_moments(data: _Data, post: Floats, chances: Floats, item_of: NDArray[np.int64]) -> list[Floats]:
    """Return Σ t^p · w · residual residualᵀ over patterns and nodes for p = 0, 1, 2."""
    size = chances.shape[1]
    moments = [np.zeros((size, size)) for _ in range(3)]
    whole, asked = bool(data.asked.all()), data.asked[:, item_of]
    for node, at in enumerate(NODES):
        weight = post[:, node] * data.weight
        near = weight > 1e-9
        if not near.any():
            continue
        missed = data.columns[near] - (chances[node] if whole else asked[near] * chances[node])
        square = (missed * weight[near, None]).T @ missed
        for power, moment in enumerate(moments):
            moment += at**power * square
    return moments


def _complete(blocks: _Blocks, bank: Bank) -> Floats:
    items, size = len(bank.items), len(bank.items) + len(bank.intercepts)
    made = np.zeros((size, size))
    made[np.arange(items), np.arange(items)] = blocks.slopes
    made[bank.item_of, items + np.arange(len(bank.intercepts))] = blocks.mixed[blocks.real]
    made[items + np.arange(len(bank.intercepts)), bank.item_of] = blocks.mixed[blocks.real]
    start = items
    for item, steps in enumerate(bank.steps):
        made[start : start + steps, start : start + steps] = blocks.intercepts[item, :steps, :steps]
        start += int(steps)
    return made


def _fold(bank: Bank) -> Floats:
    """Return the matrix that makes one slope of all."""
    items, columns = len(bank.items), len(bank.intercepts)
    return np.vstack(
        [np.r_[np.ones(items), np.zeros(columns)], np.hstack([np.zeros((columns, items)), np.eye(columns)])]
    )


def _spread(step: Floats, bank: Bank, shared: bool) -> tuple[Floats, Floats]:
    items = len(bank.items)
    return (np.full(items, step[0]), step[1:]) if shared else (step[:items], step[items:])


def _unshared(covariance: Floats, bank: Bank, shared: bool) -> Floats:
    fold = _fold(bank)
    return fold.T @ covariance @ fold if shared else covariance


def _moved(bank: Bank, slopes: Floats, intercepts: Floats) -> Bank:
    return replace(bank, slopes=bank.slopes + slopes, intercepts=bank.intercepts + intercepts)


def _inverse(information: Floats) -> Floats:
    """Return the inverse; directions in which the data say nothing get a large variance, not a negative one."""
    values, vectors = np.linalg.eigh((information + information.T) / 2)
    made: Floats = (vectors / np.maximum(values, 1e-6)) @ vectors.T
    return made
