"""Techniques that learners have fitted on this server: asked for, fitted one at a time, kept.

    waiting ──claim──▶ fitting ──▶ fitted | failed
                         ╰──server is killed──▶ cut

Who asks waits for those who asked before, and may ask again once their own has ended: so nobody gets a second turn
before everybody who waits has had one. Only what waits, is being fitted or was fitted counts against the quota.

One fit runs at a time, whatever number of servers share the folder: whoever fits holds a lock, which the kernel takes
back when its holder dies. So whatever stands there as being fitted, when the lock is free, was cut off.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import func, select, update

from drillyard.errors import BadInput, DrillyardError
from drillyard.exercises.too_permissive_too_censored.workbench import Fitted, WorkbenchOrder
from drillyard.programs.folder import ProgramFolder
from drillyard.records import Artefact, Instance, TradePoint
from drillyard.records.files import as_lines, split_lines
from drillyard.registrar.store import Refused, Store, require_open
from drillyard.registrar.tables import FitRow
from drillyard.yard.rounds import Rounds

__all__ = ["QUOTA", "Fit", "Fits", "Fitter", "FitterCall"]

QUOTA = 12
"""Fits of a learner in one drill: more than the kinds of technique that there are, each with two settings."""

_OPEN, _COUNTED = ("waiting", "fitting"), ("waiting", "fitting", "fitted")

FitterCall = Callable[[ProgramFolder, Instance, WorkbenchOrder, TradePoint | None], Fitted]
"""Fits an order to an instance's model, whose practice exam by itself may be known. Raises `DrillyardError`."""


@dataclass(frozen=True, kw_only=True)
class Fit:
    """What a learner asked for, and how far it is; `start` and `point` are there once it is fitted.

    `ahead` counts those that are fitted before it.
    """

    id: int
    number: int
    order: WorkbenchOrder
    status: str
    error: str
    ahead: int = 0
    start: TradePoint | None = None
    point: TradePoint | None = None

    @property
    def open(self) -> bool:
        """True while it waits or is being fitted."""
        return self.status in _OPEN


class Fits:
    """The fits in a yard's database."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def ask(self, learner: str, instance: str, order: WorkbenchOrder) -> None:
        """Put a checked order in line.

        Raises:
            Refused: the attempt is over, one of this learner's is under way, or the quota of the drill is used up.
        """
        with self._store.writing(learner) as session:
            require_open(session, learner, instance)
            mine = select(func.count()).where(FitRow.learner == learner)
            if session.scalar(mine.where(FitRow.status.in_(_OPEN))):
                raise Refused("One of your fits is under way. Wait until it has ended, then fit the next one.")
            if (session.scalar(mine.where(FitRow.instance == instance, FitRow.status.in_(_COUNTED))) or 0) >= QUOTA:
                raise Refused(f"You have used all {QUOTA} fits of this drill here. Choose two of them and hand in.")
            session.add(FitRow(learner=learner, instance=instance, body=order.to_json(), at=self._store.clock()))

    def of(self, learner: str, instance: str) -> list[Fit]:
        """Return a learner's fits in a drill, oldest first."""
        mine = select(FitRow).where(FitRow.learner == learner, FitRow.instance == instance).order_by(FitRow.id)
        line = select(FitRow.id).where(FitRow.status.in_(_OPEN))
        with self._store.reading() as session:
            waiting = session.scalars(line).all()
            return [
                _fit(row, number, sum(one < row.id for one in waiting))
                for number, row in enumerate(session.scalars(mine), start=1)
            ]

    def left(self, learner: str, instance: str) -> int:
        """Return how many fits a learner has left in a drill."""
        return QUOTA - sum(one.status in _COUNTED for one in self.of(learner, instance))

    def artefact(self, learner: str, instance: str, fit: str) -> Artefact | None:
        """Return what came of a fit, or `None` where it is not this learner's, or nothing came of it."""
        mine = (FitRow.learner == learner, FitRow.instance == instance, FitRow.status == "fitted")
        with self._store.reading() as session:
            made = session.scalar(select(FitRow.artefact).where(*mine, FitRow.id == (int(fit) if _plain(fit) else -1)))
        return Artefact.from_json(made) if made else None

    def any_open(self) -> bool:
        """Say whether anybody's fit waits or is under way."""
        with self._store.reading() as session:
            return session.scalar(select(FitRow.id).where(FitRow.status.in_(_OPEN)).limit(1)) is not None

    def cut_off(self) -> None:
        """Say of all that are being fitted that they were cut off. For whoever holds the lock only."""
        cut = update(FitRow).where(FitRow.status == "fitting").values(status="cut")
        with self._store.writing() as session:
            session.execute(cut)

    def claim(self) -> FitRow | None:
        """Take the fit whose turn it is, or `None`."""
        with self._store.writing() as session:
            row = session.scalar(select(FitRow).where(FitRow.status == "waiting").order_by(FitRow.id).limit(1))
            if row is not None:
                row.status = "fitting"
            return row

    def start_of(self, row: FitRow) -> TradePoint | None:
        """Return how the model of a fit did by itself, where an earlier fit found out."""
        before = (FitRow.learner == row.learner, FitRow.instance == row.instance, FitRow.status == "fitted")
        with self._store.reading() as session:
            points = session.scalar(select(FitRow.points).where(*before).limit(1))
        return _points(points)[0] if points else None

    def end(self, row: FitRow, found: Fitted | str) -> None:
        """Keep what came of a fit, or the line that says why nothing did."""
        if isinstance(found, str):
            values = {"status": "failed", "error": found[:500]}
        else:
            points = as_lines([found.start, found.point]).decode()
            values = {"status": "fitted", "artefact": found.artefact.to_json(), "points": points}
        with self._store.writing(f"fit {row.id}") as session:
            session.execute(update(FitRow).where(FitRow.id == row.id, FitRow.status == "fitting").values(values))


class Fitter(Rounds):
    """A thread that fits what stands in line."""

    def __init__(self, folder: ProgramFolder, fits: Fits, fit: FitterCall) -> None:
        super().__init__("fitter", self.work_once)
        self._folder, self._fits, self._fit = folder, fits, fit

    def work_once(self) -> bool:
        """Fit the next one; false when none waits."""
        if not self._fits.any_open():
            return False
        with self._folder.fitting():
            self._fits.cut_off()
            row = self._fits.claim()
            if row is None:
                return False
            try:
                instance = self._folder.instance(row.instance)
                found: Fitted | str = self._fit(
                    self._folder, instance, WorkbenchOrder.from_json(row.body), self._fits.start_of(row)
                )
            except DrillyardError as error:
                found = str(error)
            except Exception as error:
                self._fits.end(row, "The fit stopped at a fault of the yard, not of your order. Try once more.")
                raise BadInput(f"fitting {row.instance} broke: {error!r}") from error
            self._fits.end(row, found)
        return True


def _fit(row: FitRow, number: int, ahead: int) -> Fit:
    start, point = _points(row.points) if row.points else (None, None)
    return Fit(
        id=row.id,
        number=number,
        order=WorkbenchOrder.from_json(row.body),
        status=row.status,
        error=row.error,
        ahead=ahead,
        start=start,
        point=point,
    )


def _points(text: str) -> tuple[TradePoint, TradePoint]:
    start, point = (TradePoint.from_json(line) for line in split_lines(text) if line)
    return start, point


def _plain(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 10
