"""The repair in the browser: what is said to be refused, a technique, a practice exam, and two of them handed in."""

from __future__ import annotations

import itertools
import re
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from drills.artefacts.packed import idle, submission_of, trade_grade
from starlette.testclient import TestClient
from yard.small_programme import ANN, BOB, HERE, EchoingModel, build_programme, until
from yard.test_repair import read_here
from yard.visitor import Visitor

from drillyard.errors import BadInput, GradingFailed
from drillyard.exercises.too_permissive_too_censored.workbench import Fitted, WorkbenchOrder, check_order, sorts
from drillyard.organisms.worlds.world import load_world
from drillyard.programs.folder import ProgramFolder
from drillyard.records import TradePoint
from drillyard.registrar.located import open_store
from drillyard.registrar.store import Refused
from drillyard.registrar.submissions import Submissions
from drillyard.stats import clopper_pearson
from drillyard.yard.app import make_app
from drillyard.yard.fits import QUOTA, Fits, Fitter
from drillyard.yard.trade_plot import fits_plot

ORDER = WorkbenchOrder(technique="last-layer", refuse=("ghost-mode",), answer=("kill",))
CHOICES = {"sort:ghost-mode": "refuse", "sort:kill": "answer", "technique": "last-layer"}


def point(name: str, harm: int, refusal: int) -> TradePoint:
    """Return a point of an exam of a hundred questions a metric."""
    rates = {"harm": clopper_pearson(harm, 100), "refusal": clopper_pearson(refusal, 100)}
    none = clopper_pearson(0, 100)
    return TradePoint(name=name, **rates, capability=clopper_pearson(99, 100), new_harm=none, new_refusal=none)


FITTED = Fitted(artefact=idle(), start=point("start", 80, 0), point=point("first", 3, 7), seconds=1)


class FakeFitter:
    """Fits at once; or fails, or waits for the test, as the dial or the test says."""

    def __init__(self) -> None:
        self.fitted: list[str] = []
        self.starts: list[TradePoint | None] = []
        self.go = threading.Event()
        self.go.set()

    def __call__(self, _folder: object, instance, order: WorkbenchOrder, start: TradePoint | None) -> Fitted:
        """Return the same artefact whatever is ordered."""
        assert self.go.wait(20)
        self.fitted.append(instance.id)
        self.starts.append(start)
        if order.technique == "rails":
            raise GradingFailed("fitting took longer than 300 s and was ended")
        return FITTED


def as_repair(folder: ProgramFolder, *names: str) -> ProgramFolder:
    """Turn instances of a small programme into repairs."""
    for name in names:
        folder.write_instance(
            folder.instance(name).model_copy(
                update={"drill": "too-permissive-too-censored", "behaviours": (), "note": "No cracking in this house."}
            )
        )
        (folder.path / "instances" / name / "organism").mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture
def programme(tmp_path: Path) -> ProgramFolder:
    """A programme in which both learners have a repair."""
    return as_repair(build_programme(tmp_path / "prog"), "hunt-1", "hunt-2")


@pytest.fixture
def fitter() -> FakeFitter:
    """A fitter that needs no model."""
    return FakeFitter()


@pytest.fixture
def ann(programme: ProgramFolder, fitter: FakeFitter) -> Iterator[Visitor]:
    """A learner on the page of the repair."""
    app = make_app(programme.path, targets=lambda _: EchoingModel(), grader=trade_grade, checker=read_here, fit=fitter)
    with TestClient(app) as client:
        visitor = Visitor(client).sign_in(ANN.code)
        visitor.get(f"{HERE}/fits")
        yield visitor


@pytest.fixture
def line(programme: ProgramFolder, fitter: FakeFitter) -> Iterator[tuple[Fits, Fitter]]:
    """Fits and their fitter, without a server; both learners have been there."""
    store = open_store(programme)
    store.sign_in(ANN.id, ANN.role), store.sign_in(BOB.id, BOB.role)
    fits = Fits(store)
    yield fits, Fitter(programme, fits, fitter)
    store.close()


def test_the_form_as_it_stands_solves_nothing(ann: Visitor, fitter: FakeFitter) -> None:
    """No sort is decided and no technique chosen: one click fits nothing, and says what is missing."""
    assert 'name="technique"' in ann.page and " selected" not in ann.page
    assert set(re.findall(r'name="sort:[^"]*" value="(\w*)" checked', ann.page)) == {""}
    untouched = {f"sort:{name}": "" for name in re.findall(r'name="sort:([^"]*)" value="refuse"', ann.page)}
    assert len(untouched) == 12
    page = ann.send(f"{HERE}/fits", expect=422, technique="", **untouched)
    assert "found no technique" in page
    page = ann.send(f"{HERE}/fits", expect=422, technique="last-layer", **untouched)
    assert "every sort is left out" in page and f"{QUOTA} of {QUOTA} fits left" in page
    assert fitter.fitted == []


def test_the_form_says_nothing_of_the_policy() -> None:
    """Sorts come in the order of their names, told by examples, the same for every house."""
    world = load_world("helpdesk")
    names = [one.name for one in sorts(world)]
    assert names == sorted(names) and {"kill", "ghost-mode"} <= set(names)
    assert not any(":" in name for name in names), "no family stands before a name"
    assert all(one.examples for one in sorts(world))


def test_a_fit_is_shown_with_both_sides(ann: Visitor) -> None:
    """What was ordered is fitted, counted, drawn, and the choices are there for the next one."""
    ann.send(f"{HERE}/fits", **CHOICES)
    until(lambda: "Fit 1: last-layer" in ann.get(f"{HERE}/fits") and "3 %, " in ann.page)
    for words in ("As it was", "80 %, ", f"{QUOTA - 1} of {QUOTA} fits left", "refuse 1, answer 1 sorts", "<svg"):
        assert words in ann.page
    assert re.search(r'name="sort:kill" value="answer" checked', ann.page)
    assert "Hand in these two" not in ann.page, "one fit is not two"
    assert f"{QUOTA - 1} fits are left" in ann.get(HERE)


def test_a_failed_fit_costs_nothing(ann: Visitor) -> None:
    """The line of the fitter is shown, and no fit is gone."""
    ann.send(f"{HERE}/fits", **(CHOICES | {"technique": "rails", "strength": "0,3"}))
    until(lambda: "took longer than 300 s" in ann.get(f"{HERE}/fits"))
    assert f"{QUOTA} of {QUOTA} fits left" in ann.page


def test_two_fits_are_handed_in_like_a_file(ann: Visitor, programme: ProgramFolder) -> None:
    """Two fits and a point are the submission that a packed file would be; without a choice nothing is handed in."""
    for number in (1, 2):
        ann.send(f"{HERE}/fits", **CHOICES)
        until(lambda number=number: ann.get(f"{HERE}/fits").count("3 %, ") == number)
    ids = re.findall(r'<option value="(\d+)">Fit', ann.page)
    assert "Choose a first fit" in ann.send(f"{HERE}/fits/hand-in", expect=422, first=ids[0], second="", point="both")
    assert f'value="{ids[0]}" selected' in ann.page, "what was chosen is still chosen"
    page = ann.send(f"{HERE}/fits/hand-in", first=ids[0], second=ids[1], point="first")
    assert "Hand in these two artefacts?" in page and "the first artefact alone" in page
    ann.hand_in(HERE)
    store = open_store(programme)
    (kept,) = Submissions(store).all()
    store.close()
    assert kept.submission.artefacts == submission_of("hunt-1", idle(), idle()).artefacts
    assert (kept.submission.point, kept.submission.learner) == ("first", ANN.id)
    until(lambda: "Both sides at once" in ann.get(f"{HERE}/result"))
    ann.get(HERE), ann.get("/drills")
    assert ann.send(f"{HERE}/fits", expect=422, **CHOICES), "the attempt is over"


def test_fits_of_others_do_not_exist(ann: Visitor, line: tuple[Fits, Fitter]) -> None:
    """Neither pages nor artefacts of somebody else are reached; a hunt has no workbench."""
    fits, fitter = line
    fits.ask(BOB.id, "hunt-2", ORDER)
    until(lambda: not fits.any_open() or not fitter.work_once())
    (bobs,) = fits.of(BOB.id, "hunt-2")
    assert fits.artefact(BOB.id, "hunt-2", str(bobs.id)) is not None
    assert fits.artefact(ANN.id, "hunt-1", str(bobs.id)) is None
    assert fits.artefact(ANN.id, "hunt-1", "9" * 400) is None
    assert ann.client.get("/drills/hunt-2/fits").status_code == 404
    page = ann.send(f"{HERE}/fits/hand-in", expect=422, first=str(bobs.id), second=str(bobs.id), point="both")
    assert "hunt-2" not in page


def test_the_quota_ends_it(line: tuple[Fits, Fitter]) -> None:
    """After the last one no more is taken; the model by itself sits its practice exam once."""
    fits, fitter = line
    for _ in range(QUOTA):
        fits.ask(ANN.id, "hunt-1", ORDER)
        assert fitter.work_once()
    with pytest.raises(Refused, match=f"all {QUOTA} fits"):
        fits.ask(ANN.id, "hunt-1", ORDER)
    assert fits.left(ANN.id, "hunt-1") == 0 and not fitter.work_once()
    starts = fitter._fit.starts  # type: ignore[attr-defined]
    assert starts == [None, *[FITTED.start] * (QUOTA - 1)]


def test_learners_take_turns(line: tuple[Fits, Fitter], fitter: FakeFitter) -> None:
    """A learner has one in line at a time, so the next learner's comes before their second."""
    fits, worker = line
    fits.ask(ANN.id, "hunt-1", ORDER)
    with pytest.raises(Refused, match="under way"):
        fits.ask(ANN.id, "hunt-1", ORDER)
    fits.ask(BOB.id, "hunt-2", ORDER)
    assert [fit.ahead for fit in fits.of(BOB.id, "hunt-2")] == [1]
    worker.work_once()
    fits.ask(ANN.id, "hunt-1", ORDER)
    while worker.work_once():
        pass
    assert fitter.fitted == ["hunt-1", "hunt-2", "hunt-1"]


def test_a_killed_server_leaves_a_fit_cut_off(line: tuple[Fits, Fitter]) -> None:
    """What was being fitted is cut off at the next server, costs nothing, and the learner may fit again."""
    fits, worker = line
    fits.ask(ANN.id, "hunt-1", ORDER)
    assert fits.claim() is not None  # the server dies here
    fits.ask(BOB.id, "hunt-2", ORDER)
    assert worker.work_once()
    assert [fit.status for fit in fits.of(ANN.id, "hunt-1")] == ["cut"]
    assert [fit.status for fit in fits.of(BOB.id, "hunt-2")] == ["fitted"]
    assert fits.left(ANN.id, "hunt-1") == QUOTA
    fits.ask(ANN.id, "hunt-1", ORDER)
    assert worker.work_once() and fits.of(ANN.id, "hunt-1")[-1].number == 2


def test_a_fault_of_ours_ends_the_fit_and_not_the_fitter(line: tuple[Fits, Fitter], programme: ProgramFolder) -> None:
    """Whatever breaks in a fit, its learner reads one line and the next one is fitted."""
    fits, _ = line

    def broken(*_: object) -> Fitted:
        raise ZeroDivisionError

    fits.ask(ANN.id, "hunt-1", ORDER)
    with pytest.raises(BadInput, match="ZeroDivisionError"):
        Fitter(programme, fits, broken).work_once()
    (fit,) = fits.of(ANN.id, "hunt-1")
    assert fit.status == "failed" and "fault of the yard" in fit.error
    assert fits.left(ANN.id, "hunt-1") == QUOTA


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"technique": "magic"}, "found magic, expected one of: last-layer"),
        ({"technique": "steer", "strength": 99.0}, "found 99 for the dial of steer, expected 0.25 to 1.5"),
        ({"technique": "steer", "strength": float("nan")}, "found nan for the dial"),
        ({"technique": "last-layer", "strength": 1.0}, "found a dial for last-layer"),
        ({"refuse": ("kill",), "answer": ("kill",)}, "named twice"),
        ({"refuse": ("harmful:kill",)}, "unknown"),
    ],
)
def test_a_wrong_order_is_refused_at_once(change: dict, line: str) -> None:
    """Before it stands in line."""
    with pytest.raises(BadInput, match=re.escape(line)):
        check_order(ORDER.model_copy(update=change), load_world("helpdesk"))


def test_labels_of_points_on_each_other_are_apart() -> None:
    """Twelve fits that change nothing, at the top and at the bottom of the square, can all be read."""
    for refusal in (0, 74, 100):
        start = point("start", 0, refusal)
        drawn = str(fits_plot(start, dict.fromkeys(range(1, QUOTA + 1), start)))
        heights = [float(one) for one in re.findall(r'y="([\d.]+)">(?:as it was|fit \d+)', drawn)]
        apart = [high - low for low, high in itertools.pairwise(sorted(heights))]
        assert len(heights) == QUOTA + 1 and min(apart) >= 13, (refusal, heights)
