"""Slicing a case: found on one half of the sessions, judged against chance, confirmed on the other half."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import stats as scipy_stats

from drillyard.incidents.case import Case
from drillyard.incidents.row import Template
from drillyard.incidents.search.bits import Bits, Words
from drillyard.incidents.search.change import find_change
from drillyard.incidents.search.confounding import goes_with, held_fixed
from drillyard.incidents.search.features_polars import NEEDED, selectors_of
from drillyard.incidents.search.shuffle import Shuffler, best_by_chance, counts_by_chance
from drillyard.incidents.search.subgroups import Found, penalty, quality, search
from drillyard.incidents.search.words_polars import telling_words
from drillyard.incidents.sliced import Change, Confounder, Selector, SliceReport, TriggerRule
from drillyard.incidents.store_polars import VALUES, holds
from drillyard.records import BehaviourQuality, Estimate
from drillyard.records.progress import Progress, silent
from drillyard.stats import clopper_pearson, difference, holm, rogan_gladen, wilson

__all__ = ["slice_rows"]

Flags = NDArray[np.bool_]
SHUFFLED = 25_600
"""Rows, in whole sessions, on which the shuffles are compared with the rule: its p-value needs no more, and the effect
and its confirmation are of all rows."""
_LEVEL, _MOST_RULES, _DEPTH, _FEWEST = 0.05, 5, 4, 5
LIMITS = (
    "A rule says what goes with the behaviour in these logs, not what causes it: a replay says that.",
    "What the logs do not hold (retrieved documents, settings, other instructions) cannot be found in them.",
    "Rules of three and four selectors are compared with the best by chance of one and two, less what length costs; "
    "their confirmation on the other half is theirs alone.",
    "Intervals of effects treat rows as independent; the p-values shuffle whole sessions.",
)


@dataclass(frozen=True)
class _Half:
    """One half of the sessions: its rows in the order of sessions, with labels and session numbers."""

    frame: pl.DataFrame
    bad: Flags
    sessions: NDArray[np.int64]

    @property
    def fewest(self) -> int:
        """Rows of the rarer kind."""
        return min(int(self.bad.sum()), int((~self.bad).sum()))

    def without(self, under: Flags) -> _Half:
        return _Half(self.frame.filter(pl.Series(~under)), self.bad[~under], self.sessions[~under])


def _under(frame: pl.DataFrame, selectors: Sequence[Selector], templates: Mapping[str, Template]) -> Flags:
    found: Flags = frame.select(holds(selectors, templates).fill_null(False).alias("u"))["u"].to_numpy()
    return found


def _compared(under: Flags, bad: Flags) -> tuple[int, int, Estimate]:
    """Return the bad rows under a rule, its rows, and by how much its rate exceeds that of the others."""
    k, n = int((under & bad).sum()), int(under.sum())
    return k, n, difference(k, n, int(bad.sum()) - k, len(bad) - n)


def slice_rows(
    case: Case,
    *,
    shuffles: int = 1000,
    seed: int = 1,
    quality_of_labels: BehaviourQuality | None = None,
    progress: Progress = silent,
) -> SliceReport:
    """Search a case for what triggers its behaviour; nothing is written. See `SliceReport`."""
    labelled = case.frame().filter(pl.col("label_bad").is_not_null())
    frame = labelled.select(*NEEDED).collect()
    bad = (frame["label_bad"] >= 0.5).to_numpy()
    rows, k = frame.height, int(bad.sum())
    halves = _halves(frame, seed)
    base = SliceReport(
        behaviour=case.spec.behaviour,
        verdict="not enough evidence",
        why=_too_little(halves, rows, k),
        rows=rows,
        bad=float(k),
        sessions=frame["session"].n_unique(),
        rate=wilson(k, rows),
        true_rate=_true_rate(k, rows, quality_of_labels),
        selectors=0,
        searched=0,
        permutations=shuffles,
        seed=seed,
        critical=0.0,
        limits=LIMITS,
    )
    if base.why:
        return base
    finder = _Finder(case.templates, shuffles, seed, progress)
    rules = finder.rules(*halves)
    change = _change(frame, bad, seed)
    trigger = next((rule for rule in rules if rule.confirmed), None)
    verdict, why = _verdict(rules, trigger, shuffles)
    return base.model_copy(
        update={
            "verdict": verdict,
            "why": why,
            "selectors": finder.selectors,
            "searched": finder.searched,
            "critical": finder.critical,
            "rules": tuple(rules),
            "words": telling_words(labelled) if trigger else (),
            "change": change,
            "confounders": _confounders(frame, bad, trigger, case.templates) if trigger else (),
        }
    )


def _halves(frame: pl.DataFrame, seed: int) -> tuple[_Half, _Half]:
    names = frame["session"].unique(maintain_order=True)
    side = {name: zlib.crc32(f"{seed}:{name}".encode()) & 1 for name in names.to_list()}
    numbered = pl.DataFrame(
        {"session": names, "side": [side[n] for n in names.to_list()], "number": np.arange(len(names))}
    )
    joined = frame.join(numbered, on="session", maintain_order="left").sort("number", maintain_order=True)
    made = []
    for one in (0, 1):
        half = joined.filter(pl.col("side") == one)
        made.append(_Half(half, (half["label_bad"] >= 0.5).to_numpy(), half["number"].to_numpy().astype(np.int64)))
    return made[0], made[1]


def _too_little(halves: tuple[_Half, _Half], rows: int, bad: int) -> str:
    """Say why nothing could be found, empty where something could."""
    if not rows:
        return "No row has a label: say which replies were bad, such as with --label 'thumbs<0.5'."
    if not bad:
        return f"None of {rows:,} labelled rows is bad; up to {wilson(0, rows).high:.2%} of replies may be."
    if bad == rows:
        return f"All of {rows:,} labelled rows are bad: nothing can be compared with them; add logs of sound replies."
    if min(len(np.unique(half.sessions)) for half in halves) < 10:
        return "Fewer than ten sessions on a half: whole sessions are what is compared, so more of them are needed."
    fewest = min(half.fewest for half in halves)
    if fewest < _FEWEST:
        return f"Only {fewest} rows of the rarer kind on one half of the sessions; five are the least."
    return ""


def _verdict(rules: list[TriggerRule], trigger: TriggerRule | None, shuffles: int) -> tuple[str, str]:
    if trigger:
        return "trigger", f"Bad replies go with: {trigger.words}; confirmed on the other half of the sessions."
    if rules and rules[0].p_adjusted <= _LEVEL:
        return "no trigger beyond chance", "What stands out on one half of the sessions is not there on the other."
    return (
        "no trigger beyond chance",
        f"Of {shuffles:,} shuffles of the labels, many give a rule as good as the best one.",
    )


class _Finder:
    """Finds rules one after the other: the best one, then the best of the rows that it does not hold of."""

    def __init__(self, templates: Mapping[str, Template], shuffles: int, seed: int, progress: Progress) -> None:
        self._templates, self._shuffles, self._seed, self._progress = templates, shuffles, seed, progress
        self.selectors, self.searched, self.critical = 0, 0, 0.0

    def rules(self, one: _Half, other: _Half) -> list[TriggerRule]:
        """Return the rules that chance does not explain on the first half, judged on the other; or the best one."""
        found: list[TriggerRule] = []
        while len(found) < _MOST_RULES and (not found or one.fewest >= _FEWEST):
            self._progress(f"looking for rule {len(found) + 1}")
            made = selectors_of(one.frame, self._templates, _support(len(one.bad)))
            bits = Bits(made.bits, one.bad)
            best = self._best(bits)
            if best is None:
                break
            p, critical = self._chance(one, made.bits, best)
            self.critical = self.critical or critical
            if found and p > _LEVEL:
                break
            selectors = sorted((made.named[i] for i in best.rule), key=lambda one: one.feature != "segment")
            elsewhere = _under(other.frame, selectors, self._templates)
            alike = tuple(same for i in best.rule for same in made.alike[i])
            found.append(self._rule(best, bits, tuple(selectors), alike, p, other, elsewhere))
            if p > _LEVEL:
                break
            one = one.without(_under(one.frame, selectors, self._templates))
            other = other.without(elsewhere)
        told = []
        for rule, p in zip(found, holm([rule.check_p for rule in found]), strict=True):
            confirmed = bool(rule.p_adjusted <= _LEVEL and p <= _LEVEL and rule.check_effect.value > 0)
            told.append(rule.model_copy(update={"check_p": p, "confirmed": confirmed}))
        return sorted(told, key=lambda rule: not rule.confirmed)

    def _best(self, bits: Bits) -> Found | None:
        if not len(bits.all):
            return None
        done = search(bits, best=10, depth=_DEPTH, support=_support(bits.rows))
        if not done.best or done.best[0].score <= -penalty("evidence", len(bits.all), bits.rows):
            return None
        if not self.selectors:
            self.selectors, self.searched = len(bits.all), done.counted
        return done.best[0]

    def _chance(self, half: _Half, selected: Words, best: Found) -> tuple[float, float]:
        """Return the share of shuffles whose best rule is as good, on at most `SHUFFLED` rows, and their 95 % point."""
        end = len(half.bad)
        if end > SHUFFLED:
            whole = int(np.searchsorted(half.sessions, half.sessions[SHUFFLED]))
            end = max(64, whole // 64 * 64)
            selected = np.ascontiguousarray(selected[:, : end // 64])
        some = Bits(selected, half.bad[:end])
        score = float(quality("evidence", *some.counts(best.rule), some.positives, end))
        score -= len(best.rule) * penalty("evidence", len(selected), end)
        shuffler = Shuffler(half.sessions[:end], half.bad[:end], self._seed)
        chance = best_by_chance(selected, end, shuffler, self._shuffles, support=_support(end))
        return _share(chance, score), float(np.quantile(chance, 0.95))

    def _rule(
        self, best: Found, bits: Bits, selectors: tuple[Selector, ...], alike: tuple[Selector, ...], p_adjusted: float,
        other: _Half, elsewhere: Flags,
    ) -> TriggerRule:  # fmt: skip
        """Return a rule with its counts, and judge it on the half that had no say in it."""
        n, k, total, positives = best.rows, best.bad, bits.rows, bits.positives
        wider = [bits.counts([i for i in best.rule if i != left_out]) for left_out in best.rule if len(best.rule) > 1]
        check_k, check_n, check_effect = _compared(elsewhere, other.bad)
        counts = np.zeros(1, np.int64)
        if other.bad.any():
            shuffler = Shuffler(other.sessions, other.bad, self._seed + 1)
            counts = counts_by_chance(elsewhere[None, :], shuffler, self._shuffles)[:, 0]
        return TriggerRule(
            selectors=selectors,
            words=" and ".join(one.words for one in selectors),
            n=n,
            bad=float(k),
            rate=wilson(k, n),
            rest=wilson(positives - k, total - n),
            effect=difference(k, n, positives - k, total - n),
            wracc=float(quality("wracc", k, n, positives, total)),
            gain=k / n - max(bad / rows for bad, rows in wider or [(positives, total)]),
            p=float(scipy_stats.hypergeom.sf(k - 1, total, positives, n)),
            p_adjusted=p_adjusted,
            check_n=check_n,
            check_bad=float(check_k),
            check_effect=check_effect,
            check_p=_share(counts, check_k) if check_n else 1.0,
            confirmed=False,
            stands_in=alike,
        )


def _support(rows: int) -> int:
    """Return the fewest rows of a rule."""
    return max(10, rows // 500)


def _share(chance: NDArray[Any], reached: float) -> float:
    """Return the share of shuffles that reach a figure, the labels as they are among them."""
    return (1 + int((chance >= reached).sum())) / (len(chance) + 1)


def _true_rate(k: int, n: int, labels: BehaviourQuality | None) -> Estimate | None:
    """Return the rate corrected for the labels' errors; unknown rulings count as wrong on both sides."""
    if labels is None or not n:
        return None
    sensitivity = clopper_pearson(labels.failing.shown, labels.failing.n)
    return rogan_gladen(k, n, sensitivity, clopper_pearson(labels.sound.absent, labels.sound.n))


def _change(frame: pl.DataFrame, bad: Flags, seed: int) -> Change | None:
    timed = frame["ts"].is_not_null().to_numpy()
    if not timed.any():
        return None
    known = frame.filter(pl.Series(timed))
    sessions = known["session"].rank("dense").to_numpy().astype(np.int64) - 1
    deployed = []
    for feature, columns in (
        ("release", ["release"]),
        ("model", ["model"]),
        ("template", ["template_id", "template_version"]),
    ):
        first = known.group_by(columns).agg(pl.col("ts").min())
        if first.height > 1:
            deployed += [
                (row[-1], f"{feature} {' version '.join(filter(None, row[:-1]))}")
                for row in first.iter_rows()
                if row[0]
            ]
    return find_change(known["ts"].to_numpy(), bad[timed], sessions, sorted(deployed), seed=seed)


def _confounders(
    frame: pl.DataFrame, bad: Flags, trigger: TriggerRule, templates: Mapping[str, Template]
) -> tuple[Confounder, ...]:
    """Return the features that go with the trigger, with its effect while each is held fixed."""
    under = _under(frame, trigger.selectors, templates)
    crude = _compared(under, bad)[2].value
    named = {one.feature for one in trigger.selectors}
    columns = {feature: VALUES[feature][0] for feature in ("cohort", "release", "model", "weekday", "template")}
    columns["tools"] = pl.col("tools").list.sort().list.join(" ")
    found = []
    for feature, column in columns.items():
        if feature in named:
            continue
        strata = frame.select(column.cast(pl.String).fill_null("").rank("dense").alias("s"))["s"]
        codes = strata.to_numpy().astype(np.int64) - 1
        together = goes_with(under, codes)
        if together < 0.1:
            continue
        held = held_fixed(under, bad, codes)
        reverses = held.n > 0 and held.low <= 0
        words = f"{feature} goes with the trigger (V = {together:.2f})"
        told = ": held fixed, nothing is left of the effect" if reverses else ": the effect stays when it is held fixed"
        if not held.n:
            told = ": in none of its values are there rows with and without the trigger, so they cannot be told apart"
        found.append(Confounder(feature=feature, words=words + told, effect=crude, held=held, reverses=reverses))
    return tuple(found)
