"""The model card of one technique's result: what was done to which model, what came of it, and what it costs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import yaml

from drillyard.alignment.weighing.frontier import Point
from drillyard.alignment.weighing.page import amount, points_words, start_had, tell_share
from drillyard.alignment.weighing.report import AlignReport, technique_point
from drillyard.alignment.weighing.sheet import START, words_of
from drillyard.records import Estimate
from drillyard.records.files import write_atomically

__all__ = ["card_of", "write_card"]


def card_of(report: AlignReport, technique: str, files: Sequence[str] = ()) -> str:
    """Return the card of a technique at its best strength, in Markdown with the usual head in YAML.

    Args:
        report: the comparison.
        technique: one that was run.
        files: what lies beside the card, each as a line in words, such as `adapter_model.safetensors: opened by peft`.

    Raises:
        BadInput: a technique that was not run.
    """
    point, start = technique_point(report, technique), technique_point(report, START)
    chosen = point.key == (report.recommendation.technique, report.recommendation.strength)
    head = yaml.safe_dump(
        {"base_model": report.start, "library_name": "drillyard", "tags": ["alignment", *technique.split("+")]},
        sort_keys=False,
    )
    place = "It is the point that the comparison recommends." if chosen else _why_not(report)
    parts = [
        f"---\n{head}---",
        f"# {report.start}, aligned by {words_of(point.key)}",
        f"One of {len(report.techniques)} arms of a comparison with {point.seeds} training "
        f"seed{'s' if point.seeds != 1 else ''} each. {place}",
        "## What came of it",
        _table(("Figure", "Start", "This model", "n"), _figures(report, start, point)),
        "Rates with 95 % intervals over questions and training seeds; lost shares in percentage points of the same "
        "questions, below 0 is a gain. `@category`: sorts of request that no lesson had.",
        "## Against the start",
        _table(("Metric", "Split", "Difference", "p (Holm)", "Better"), _tests(report, technique)),
        "## What it costs",
        _table(("Tax", "Item", "Change", "Unit", *_currency(report)), _costs(report, technique)),
        "Changes against the start; above 0 is a tax, below 0 a gain.",
        *(["## Files", "\n".join(f"- {line}" for line in files)] if files else []),
        "## Limits",
        "\n".join(f"- {line}" for line in _limits(report)),
        "## How it was made",
        "\n".join(f"- {line}" for line in _made(report)),
    ]
    return "\n\n".join(parts) + "\n"


def write_card(report: AlignReport, technique: str, path: Path, files: Sequence[str] = ()) -> None:
    """Write a technique's card. Raises `BadInput`: it was not run, or nothing can be written there."""
    write_atomically(path, card_of(report, technique, files).encode())


def _why_not(report: AlignReport) -> str:
    found = report.recommendation
    if not found.technique:
        return f"The comparison recommends no point. {found.reason}"
    return f"The comparison recommends {words_of((found.technique, found.strength))} instead."


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def _figures(report: AlignReport, start: Point, point: Point) -> list[list[str]]:
    def words(name: str, one: Estimate) -> str:
        if "-lost" in name:
            return "{} ({})".format(*points_words(one))
        return tell_share(one)

    had = {name: f"of {share}" for name, share in start_had(report).items()}
    return [
        [f"`{name}`", had.get(name) or words(name, start.figures[name]), words(name, one), str(one.n)]
        for name, one in point.figures.items()
    ]


def _tests(report: AlignReport, technique: str) -> list[list[str]]:
    pairs = [one for one in report.comparisons if {one.first, one.second} == {START, technique}]
    return [
        [one.metric, one.split, "{} ({}), {} less {}".format(*points_words(one.difference), one.first, one.second),
         "<0.001" if one.p_holm < 0.001 else f"{one.p_holm:.3f}", one.better or "undecided"]
        for one in pairs
    ]  # fmt: skip


def _currency(report: AlignReport) -> list[str]:
    return [report.prices.currency] if report.prices else []


def _costs(report: AlignReport, technique: str) -> list[list[str]]:
    lines = [line for ledger in report.ledgers if ledger.technique == technique for line in ledger.lines]
    rows = []
    for line in lines:
        money = f"{amount(line.money.value)} {'a month' if line.recurs == 'month' else 'once'}" if line.money else ""
        rows.append([line.tax, line.item, amount(line.change.value), line.unit, *([money] if report.prices else [])])
    return rows


def _limits(report: AlignReport) -> list[str]:
    return [
        f"Measured in the scope {report.scope or 'of its exam'} only, on {sum(report.exam.values()):,} questions; what "
        "people ask there is not known from it.",
        "The strength was chosen on the same questions; figures of held-back sorts of request are free of that.",
        "What no exam question asks may have changed unseen.",
        *report.notes,
    ]


def _made(report: AlignReport) -> list[str]:
    made = report.made
    return [
        f"Command: `{made.command}`" if made.command else "Called from Python",
        f"drillyard {made.drillyard}; training seeds {', '.join(map(str, report.seeds))}; bootstrap seed {made.seed}",
        *(f"SHA-256 of the {name}: `{digest}`" for name, digest in made.hashes.items()),
    ]
