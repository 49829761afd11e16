"""The audit of a probe: capture, fit by groups, hold every control beside it, and say what may be claimed."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from drillyard.probes.base import Doubles
from drillyard.probes.capture.reader import Reader
from drillyard.probes.capture.statement import Position
from drillyard.probes.capture.store import capture, capture_to
from drillyard.probes.methods.leace import erase, leace
from drillyard.probes.methods.mean_difference import fit_mean_difference
from drillyard.probes.tasks.task import GROUP, Task
from drillyard.probes.verdict.controls import (
    TEXT,
    check_knowledge,
    likelihood,
    own_answers,
    residualise,
    text_features,
)
from drillyard.probes.verdict.folds import flip_p
from drillyard.probes.verdict.report import Cell, ProbeAudit, decide
from drillyard.probes.verdict.scoring import Labelled, Scored, cross_score, score_pairs
from drillyard.probes.verdict.styles import style_thresholds
from drillyard.records import Estimate, Provenance
from drillyard.records.progress import Progress, silent
from drillyard.stats import auroc

__all__ = ["AuditOrder", "audit_probe"]


@dataclass(frozen=True, kw_only=True)
class AuditOrder:
    """What is asked: the method, where it reads, which layers are searched, how many controls, and the seed."""

    method: str = "logistic"
    position: Position = "statement-end"
    layers: tuple[int, ...] = ()
    randoms: int = 3
    flips: int = 199
    level: float = 0.1
    seed: int = 1


def audit_probe(
    reader: Reader,
    task: Task,
    order: AuditOrder,
    *,
    twin: Reader | None = None,
    folder: Path | None = None,
    command: str = "",
    told: Progress = silent,
) -> ProbeAudit:
    """Return the audit; with a folder, states are kept there and a killed audit goes on from them.

    Raises:
        BadInput: too few groups, one class only, a layer that is not there, or what `capture` refuses.
    """
    began = time.perf_counter()
    layers = order.layers or tuple(range(reader.layers))
    data = Labelled.of(task, order.seed)
    told(f"reading {len(task.rows)} statements in {reader.reference}")
    if folder is None:
        states = capture(reader, task.rows, layers, order.position)
    else:
        _, states = capture_to(folder / "states", reader, task.rows, layers, order.position, told=told)
    array = np.asarray(states.array)
    probe = cross_score(array, data, order.method, order.seed)
    controls = _controls(reader, task, data, array, layers, order, told)
    randoms = _randoms(reader, task, data, layers, order, told)
    others = {name: scores for name, scores in controls.items() if name != "own"}
    own = controls.get("own")
    mirrored = None
    if twin is not None:
        told(f"reading {twin.reference}")
        mirrored = cross_score(capture(twin, task.rows, layers, order.position).array, data, order.method, order.seed)
    cells = tuple(_cells(task, data, probe, others, randoms, own, mirrored))
    flipped = flip_p(array[data.plain], data.labels[data.plain], data.folds, order.flips, order.seed)
    told("asking what the model knows")
    knowledge = check_knowledge(reader, task.known)
    verdict, reasons = decide(cells, flipped[0], knowledge, task.lies)
    erased, top = _erased(array, data, probe)
    return ProbeAudit(
        target=reader.reference,
        task=task.name,
        words=task.words,
        method=order.method,
        position=order.position,
        layers=tuple(layers[place] for place in probe.places),
        by_layer=_by_layer(array, layers, data, order),
        random_by_layer={} if randoms is None else _by_layer(randoms[1], layers, data.part, order),
        cells=cells,
        flip_p=flipped[0],
        flip_top=flipped[2],
        flips=order.flips,
        residual=_residual(array, data, probe, controls.get("nuisance"), order),
        erased=erased,
        random_top=top,
        plain_mean=_mean_difference(array, data, probe, scaled=False),
        scaled_mean=_mean_difference(array, data, probe, scaled=True),
        unlabelled=_unlabelled(array, task, data, probe),
        knowledge=knowledge,
        thresholds=style_thresholds(task, data, probe, order.level),
        rows=len(task.rows),
        seconds=time.perf_counter() - began,
        tokens=sum(one.at + 1 for one in states.at),
        verdict=verdict,
        reasons=reasons,
        provenance=Provenance(
            drillyard=version("drillyard"),
            command=command,
            seed=order.seed,
            hashes={"model": reader.model_hash, "tokenizer": reader.spelling.hash},
        ),
    )


def _controls(
    reader: Reader,
    task: Task,
    data: Labelled,
    array: NDArray[Any],
    layers: Sequence[int],
    order: AuditOrder,
    told: Progress,
) -> dict[str, Any]:
    """Return out-of-fold scores of all rows by control; `nuisance` is (rows, 2), NaN where it was not asked."""
    plain = np.flatnonzero(data.plain).tolist()
    found: dict[str, Any] = {}
    for name, split in TEXT.items():
        features = text_features(task.rows, plain, split)
        if features.shape[1]:
            found[name] = cross_score(features[:, None], data, "logistic", order.seed, constant=0.0).scores
    core = np.flatnonzero(data.core)
    rows = [task.rows[i] for i in core]
    told("weighing statements by the model's own score")
    last = capture(reader, rows, [reader.layers - 1], order.position).array[:, 0]
    nuisance = np.full((len(task.rows), 2), np.nan)
    nuisance[core] = likelihood(reader, rows, last)
    found["likelihood"] = np.full(len(task.rows), np.nan)
    found["likelihood"][core] = cross_score(
        nuisance[core][:, None], data.rows_of(core), "logistic", order.seed, constant=0.0
    ).scores
    found["nuisance"] = nuisance
    if task.answers:
        found["own"] = np.full(len(task.rows), np.nan)
        found["own"][core] = own_answers(reader, last, task.answers)
    return found


def _randoms(
    reader: Reader, task: Task, data: Labelled, layers: Sequence[int], order: AuditOrder, told: Progress
) -> tuple[list[Doubles], NDArray[Any]] | None:
    """Return scores of all rows by each random model (NaN where it was not read), and the first one's plain states."""
    if not order.randoms:
        return None
    core = np.flatnonzero(data.control)
    rows, part, found, first = [task.rows[i] for i in core], data.rows_of(core), [], None
    for seed in range(order.randoms):
        told(f"reading random weights, {seed + 1} of {order.randoms}")
        array = capture(reader.random(order.seed + seed), rows, layers, order.position).array
        scores = np.full(len(task.rows), np.nan)
        scores[core] = cross_score(array, part, order.method, order.seed, constant=0.0).scores
        found.append(scores)
        first = array[part.plain] if first is None else first
    assert first is not None
    return found, first


def _cells(
    task: Task,
    data: Labelled,
    probe: Scored,
    controls: Mapping[str, Any],
    randoms: tuple[list[Doubles], NDArray[Any]] | None,
    own: Doubles | None,
    mirrored: Scored | None,
) -> list[Cell]:
    every = {name: scores for name, scores in controls.items() if name != "nuisance"}
    for number, scores in enumerate(randoms[0] if randoms else (), start=1):
        every[f"random weights {number}"] = scores
    found = []
    for name in (GROUP, *task.cells):
        rows = data.cell == name
        there = {label: scores for label, scores in every.items() if np.isfinite(scores[rows]).all()}
        areas = {label: data.area(scores, rows) for label, scores in there.items()}
        found.append(
            Cell(
                name=name,
                kind=_kind(task, name),
                groups=len(set(data.names[rows])),
                area=data.area(probe.scores, rows),
                controls=areas,
                twin=None if mirrored is None else data.area(mirrored.scores, rows),
                own_answer=None if own is None or not np.isfinite(own[rows]).all() else data.area(own, rows),
            )
        )
    return found


def _kind(task: Task, name: str) -> Any:
    if name == GROUP:
        return "fitted"
    if name in task.lies:
        return "lie"
    return "style" if name in task.styles else "topic" if name.startswith("topic ") else "form"


def _by_layer(array: NDArray[Any], layers: Sequence[int], data: Labelled, order: AuditOrder) -> dict[int, float]:
    """Return the area in the fitted cell at each layer, for the plot; nothing is chosen by it."""
    found = {}
    for place, layer in enumerate(layers):
        scores = cross_score(array[data.plain][:, [place]], data.part, order.method, order.seed, constant=0.0).scores
        found[layer] = data.part.area(scores, data.part.plain).value
    return found


def _residual(
    array: NDArray[Any], data: Labelled, probe: Scored, nuisance: Doubles | None, order: AuditOrder
) -> Estimate | None:
    """Refit where likelihood and entropy are regressed out, at the layers that were chosen with them in."""
    if nuisance is None:
        return None
    part, known = data.part, nuisance[data.plain]
    scores = np.zeros(len(known))
    for fold, place in enumerate(probe.places):
        train = part.folds.of != fold
        x = residualise(array[data.plain][:, place].astype(np.float64), known, train)
        scores[~train] = probe.fit(x[train], part.labels[train]).score(x[~train])
    return part.area(scores, part.plain)


def _erased(array: NDArray[Any], data: Labelled, probe: Scored) -> tuple[Estimate, float]:
    """Return the area once the truth is erased on the training rows, and what one in twenty random directions has."""
    part, scores, random = data.part, np.zeros(len(data.part.labels)), []
    rng = np.random.default_rng(1)
    for fold, place in enumerate(probe.places):
        train = part.folds.of != fold
        x = array[data.plain][:, place].astype(np.float64)
        gone = leace(x[train], part.labels[train])
        scores[~train] = probe.fit(erase(x[train], gone), part.labels[train]).score(erase(x[~train], gone))
        turned = x[~train] @ rng.standard_normal((x.shape[1], 100))
        areas = [auroc(column, part.labels[~train]) for column in turned.T]
        random.append(np.abs(np.array(areas) - 0.5) + 0.5)
    return part.area(scores, part.plain), float(np.quantile(np.mean(random, axis=0), 0.95))


def _mean_difference(array: NDArray[Any], data: Labelled, probe: Scored, *, scaled: bool) -> Estimate:
    part, scores = data.part, np.zeros(len(data.part.labels))
    for fold, place in enumerate(probe.places):
        train, x = part.folds.of != fold, array[data.plain][:, place]
        found = fit_mean_difference(x[train], part.labels[train], standardise=scaled)
        scores[~train] = found.score(x[~train])
    return part.area(scores, part.plain)


def _unlabelled(array: NDArray[Any], task: Task, data: Labelled, probe: Scored) -> dict[str, Estimate]:
    """Return what methods without labels reach on affirmed and negated statements, where the task has both."""
    by_key: dict[tuple[str, int], dict[str, int]] = {}
    counts: dict[tuple[str, str], int] = {}
    for index, row in enumerate(task.rows):
        if row.cell in (GROUP, "negated"):
            key = (row.group, counts.setdefault((row.group, row.cell), 0))
            counts[row.group, row.cell] += 1
            by_key.setdefault(key, {})[row.cell] = index
    both = [one for one in by_key.values() if len(one) == 2]
    if len(both) < 8:
        return {}
    place = int(np.median(probe.places))
    negated, affirmed = (np.array([one[cell] for one in both]) for cell in ("negated", GROUP))
    pairs = np.stack([array[negated, place], array[affirmed, place]], axis=1)
    return score_pairs(pairs, data.labels[affirmed], data.names[affirmed], data.seed)
