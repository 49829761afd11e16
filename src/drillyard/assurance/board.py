"""The board paper: the decision asked, the one plot that matters, what it rests on, the options."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from drillyard.assurance.argument.check import MARKS, ArgumentCheck
from drillyard.assurance.argument.elements import Argument
from drillyard.assurance.case import CaseSpec
from drillyard.assurance.drawn import Certificate, DrawnCase
from drillyard.assurance.loss.curve import LossCurve, loss_curves
from drillyard.assurance.value.invest import BundleReturn, Investment, WithoutIt, invest
from drillyard.assurance.value.words import in_sentence, tell, tell_figure, tell_share
from drillyard.records import Estimate, Record
from drillyard.records.charts import LinearAxis, LogAxis, path
from drillyard.records.files import write_atomically, write_record
from drillyard.records.pages import fill_paper
from drillyard.records.progress import Progress, silent
from drillyard.stats.shown import percent, tell_count

__all__ = ["BoardPaper", "Option", "make_paper", "money", "render_paper", "tell_grounds", "tell_then", "write_paper"]

DOES_NOT_SHOW = (
    "This does not show what nobody asked of the system, nor a way to lose money that is not among the scenarios; a "
    "mean over draws is no forecast of one year, and assumptions are as good as those who made them."
)
_LEFT, _RIGHT, _TOP, _FOOT = 64.0, 560.0, 20.0, 260.0


class Option(Record):
    """One thing that the board may decide, side by side with the others."""

    name: str
    asks: str
    yearly_loss: Estimate | None
    over: Estimate | None
    npv: Estimate | None
    chosen: bool


class BoardPaper(Record):
    """What is put to the board: everything that the page says."""

    spec: CaseSpec
    question: str
    investment: Investment
    before: LossCurve
    after: LossCurve
    options: tuple[Option, ...]
    argument: ArgumentCheck | None
    today: date
    seed: int
    draws: int
    inner: int
    does_not_show: str = DOES_NOT_SHOW


def make_paper(
    case: DrawnCase,
    argument: ArgumentCheck | None = None,
    *,
    today: date,
    inner: int = 300,
    told: Progress = silent,
) -> BoardPaper:
    """Compute a case and put it as a decision. Raises `BadInput`."""
    told("weighing what controls return")
    investment = invest(case)
    told("computing years of loss")
    bundles = [(), investment.offered] if investment.offered else [()]
    curves = loss_curves(case, bundles, inner)
    before, after = curves[0], curves[-1]
    return BoardPaper(
        spec=case.spec,
        question=_question(case.spec, investment),
        investment=investment,
        before=before,
        after=after,
        options=_options(case.spec, investment, before, after),
        argument=argument,
        today=today,
        seed=case.seed,
        draws=case.draws,
        inner=inner,
    )


def money(value: float, currency: str) -> str:
    """Return an amount to three digits with its currency, and a real minus."""
    return f"{currency}\N{NO-BREAK SPACE}{tell(value)}"


def _titles(spec: CaseSpec, controls: Sequence[str]) -> str:
    titles = {one.id: one.title for one in spec.controls}
    first, *more = [titles[name] for name in controls] or ["no control"]
    return " and ".join([first, *map(in_sentence, more)])


def _question(spec: CaseSpec, found: Investment) -> str:
    """Return what the board is asked."""
    years = tell_count(spec.years, "year")
    if found.decision == "evaluate first" and found.sample:
        what = f"evaluate {spec.system} with {found.sample.queries:,} more queries"
        return f"Shall we {what}, for {_ask(spec, found)}, before we decide on controls?"
    if found.decision == "do not ship":
        return f"Shall we take {spec.system} off the line?"
    if not found.offer:
        return f"Shall we fund controls on {spec.system}, of which none is offered?"
    what = in_sentence(_titles(spec, found.offered))
    asked = f"{money(found.offer.cash, spec.currency)} of today’s money over {years}"
    return f"Shall we fund {what} for {spec.system}, at {asked}?"


def _ask(spec: CaseSpec, found: Investment) -> str:
    """Return what the next evaluation asks for."""
    if spec.evaluation is None or found.sample is None:
        return "nothing"
    return money(spec.evaluation.fixed + spec.evaluation.per_query * found.sample.queries, spec.currency)


def _options(spec: CaseSpec, found: Investment, before: LossCurve, after: LossCurve) -> tuple[Option, ...]:
    rows = [
        Option(
            name="Do nothing",
            asks="no money",
            yearly_loss=before.mean,
            over=before.over,
            npv=Estimate(value=0, low=0, high=0, n=0, method="by definition"),
            chosen=found.decision == "do not fund",
        )
    ]
    if found.offer:
        rows.append(
            Option(
                name=_titles(spec, found.offered),
                asks=money(found.offer.cash, spec.currency),
                yearly_loss=after.mean,
                over=after.over,
                npv=found.offer.npv,
                chosen=found.decision == "fund",
            )
        )
    rows += [_dearer(spec, row) for row in found.frontier if row.controls and row.controls != found.offered]
    if found.sample:
        npv = found.sample.now + found.sample.net
        rows.append(
            Option(
                name=f"Evaluate first: {found.sample.queries:,} queries, then decide",
                asks=_ask(spec, found),
                yearly_loss=None,
                over=None,
                npv=Estimate(value=npv, low=npv, high=npv, n=0, method="expected"),
                chosen=found.decision == "evaluate first",
            )
        )
    none = Estimate(value=0, low=0, high=0, n=0, method="by definition")
    rows.append(
        Option(
            name="Do not ship",
            asks="all that the system brings",
            yearly_loss=none,
            over=none,
            npv=found.do_not_ship,
            chosen=found.decision == "do not ship",
        )
    )
    return tuple(rows)


def tell_grounds(found: Investment, spec: CaseSpec) -> str:
    """Return what a headline about an offer hangs on: how much of it is somebody's word, and what turns it over."""
    if not found.weights:
        return ""
    told = f"{percent(found.shares['ASSUMED'])} of the doubt about what funding is worth is somebody’s assumption."
    if found.decision == "not enough evidence":
        return told
    named = {one.name: in_sentence(_named(one)) for one in found.certificates}
    alone = [f"{named[one.name]} ({tell_then(one, spec)})" for one in found.without if one.by and one.turns]
    every = next((one for one in found.without if not one.by), None)
    if alone:
        which = "this" if len(alone) == 1 else "each of these"
        told += f" At its worst end {which} alone turns the decision over: {'; '.join(alone)}."
    elif every and every.turns:
        told += " No single assumption turns the decision over."
    if every and every.turns:
        return f"{told} All at their worst together: {tell_then(every, spec)}, {money(every.npv, found.currency)}."
    return told if alone or not every else f"{told} The decision stands with every assumption at its worst."


def tell_then(one: WithoutIt, spec: CaseSpec) -> str:
    """Return what would be decided without an assumption, with the controls where they are others."""
    if one.turns and one.decision == "fund":
        return f"fund {in_sentence(_titles(spec, one.controls))} instead"
    return one.decision


def _dearer(spec: CaseSpec, row: BundleReturn) -> Option:
    return Option(
        name=_titles(spec, row.controls), asks=money(row.cash, spec.currency), yearly_loss=None, over=None,
        npv=row.npv, chosen=False,
    )  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class _Plot:
    """The loss curve as paths: how likely a year loses more than an amount, on a log axis."""

    before: str
    after: str
    before_band: str
    after_band: str
    columns: list[tuple[float, str]]
    rows: list[tuple[float, str]]
    appetite: tuple[float, float]
    labels: list[tuple[float, float, str, str]]


def _plot(paper: BoardPaper) -> _Plot:
    top = max(paper.before.points[-1].loss, 1.3 * paper.spec.appetite.loss)
    across = LinearAxis(low=0, high=top, left=_LEFT, right=_RIGHT)
    up = LogAxis(low=1e-3, high=1.0, left=_FOOT, right=_TOP)

    def line(curve: LossCurve) -> str:
        return path(
            (across.at(one.loss), up.at(one.chance)) for one in curve.points if one.loss <= top and one.chance >= 1e-3
        )

    def area(curve: LossCurve) -> str:
        inside = [one for one in curve.points if one.loss <= top]
        there = [(across.at(one.loss), up.at(max(one.high, 1e-3))) for one in inside]
        back = [(across.at(one.loss), up.at(max(one.low, 1e-3))) for one in reversed(inside)]
        return path([*there, *back]) + " Z"

    def label(curve: LossCurve, share: float, words: str, kind: str) -> tuple[float, float, str, str]:
        fits = [one for one in curve.points if one.chance >= share] or [curve.points[0]]
        return across.at(fits[-1].loss) + 8, up.at(fits[-1].chance) - 6, words, kind

    return _Plot(
        before=line(paper.before),
        after=line(paper.after) if paper.after.controls else "",
        before_band=area(paper.before),
        after_band=area(paper.after) if paper.after.controls else "",
        columns=[(across.at(x), _short(x)) for x in across.ticks()],
        rows=[(up.at(share), f"{100 * share:g} %") for share in (1e-3, 1e-2, 1e-1, 1.0)],
        appetite=(across.at(paper.spec.appetite.loss), up.at(max(paper.spec.appetite.chance, 1e-3))),
        labels=[
            label(paper.before, 0.12, "without controls", "before"),
            *([label(paper.after, 0.006, "with controls", "after")] if paper.after.controls else []),
        ],
    )


def _short(value: float) -> str:
    for size, word in ((1e9, "bn"), (1e6, "m"), (1e3, "k")):
        if value >= size:
            return f"{value / size:g} {word}"
    return f"{value:g}"


def render_paper(paper: BoardPaper, argument: Argument | None = None, command: str = "") -> bytes:
    """Return the page; every text is escaped and nothing is loaded from elsewhere."""
    found = paper.investment
    used = {name: one for name, one in ((one.name, one) for one in found.certificates)}
    return fill_paper(
        "assurance",
        "board.html.j2",
        {
            "percent": percent,
            "share": tell_share,
            "in_sentence": in_sentence,
            "figure": tell_figure,
            "then": lambda one: tell_then(one, paper.spec),
            "money": lambda value: money(value, paper.spec.currency),
        },
        paper=paper,
        found=found,
        spec=paper.spec,
        plot=_plot(paper),
        titles=_titles(paper.spec, found.offered),
        weights=[(one, used[one.name]) for one in found.weights if abs(one.high - one.low) > 0][:7],
        without=found.without,
        grounds=tell_grounds(found, paper.spec),
        renew=_renew([used[name] for name in (*found.expired, *found.stale)]),
        words={one.name: _named(one) for one in found.certificates},
        argument=argument,
        marks=MARKS,
        ask=_ask(paper.spec, found),
        ends=(_LEFT, _RIGHT, _TOP, _FOOT),
        command=command,
    )


def _renew(late: Sequence[Certificate]) -> list[tuple[str, str, date]]:
    """Return what is out of date by whom or which run it is from: what it is, its origin, and its first last day."""
    found: dict[str, list[Certificate]] = {}
    for one in late:
        found.setdefault(one.origin.split(": ")[0] if one.kind == "MEASURED" else one.origin, []).append(one)
    return [
        (_named(of[0]) + (f" and {len(of) - 1} more" if len(of) > 1 else ""), origin, min(one.until for one in of))
        for origin, of in found.items()
    ]


def _named(one: Certificate) -> str:
    """Return an input's own words, else its name with blanks."""
    return one.words or one.name.replace(".", ": ").replace("_", " ").replace("-", " ")


def write_paper(paper: BoardPaper, folder: Path, argument: Argument | None = None, command: str = "") -> Path:
    """Write board.json and board.html into a folder and return the page."""
    write_record(folder / "board.json", paper)
    write_atomically(folder / "board.html", render_paper(paper, argument, command))
    return folder / "board.html"
