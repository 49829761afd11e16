"""Measures for operators: is the yard well (`/health`), and how is it doing (`/metrics`, in Prometheus' text format).

Labels are addresses with their names taken out, so nothing tells who did what; the format is four kinds of lines, which
needs no library. `/metrics` is answered on this machine only: a proxy that is named by `--proxy` passes on whom it asks
for, and so does not open it.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Mapping

from sqlalchemy import func, select
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from drillyard.registrar.store import Store
from drillyard.registrar.submissions import Submissions
from drillyard.registrar.tables import ChatRow, SubmissionRow

__all__ = ["Measured", "Measures", "backlog", "route_of"]

_EDGES = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0)
"""Upper ends of the classes of answering times, in seconds: .3 is what a page is held to."""


class Measures:
    """Counts since the start of this process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._answers: Counter[tuple[str, str, str]] = Counter()
        self._classes: Counter[float] = Counter()
        self._seconds, self._began = 0.0, time.time()

    def add(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count an answer."""
        with self._lock:
            self._answers[method, route, f"{status // 100}xx"] += 1
            self._classes[next((edge for edge in _EDGES if seconds <= edge), float("inf"))] += 1
            self._seconds += seconds

    def text(self, gauges: Mapping[str, float]) -> str:
        """Return everything as Prometheus reads it."""
        with self._lock:
            answers, classes, seconds = dict(self._answers), dict(self._classes), self._seconds
        lines = ["# TYPE drillyard_answers_total counter"]
        for (method, route, status), count in sorted(answers.items()):
            lines.append(f'drillyard_answers_total{{method="{method}",route="{route}",status="{status}"}} {count}')
        lines.append("# TYPE drillyard_answer_seconds histogram")
        total = 0
        for edge in (*_EDGES, float("inf")):
            total += classes.get(edge, 0)
            lines.append(f'drillyard_answer_seconds_bucket{{le="{"+Inf" if edge > 1e9 else f"{edge:g}"}"}} {total}')
        lines += [f"drillyard_answer_seconds_sum {seconds:.6f}", f"drillyard_answer_seconds_count {total}"]
        for name, value in {**gauges, "start_time_seconds": self._began}.items():
            lines += [f"# TYPE drillyard_{name} gauge", f"drillyard_{name} {value:.10g}"]
        return "\n".join(lines) + "\n"


class Measured:
    """Counts every answer, to its first byte."""

    def __init__(self, app: ASGIApp, measures: Measures) -> None:
        self._app, self._measures = app, measures

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and count what comes."""
        began = time.perf_counter()

        async def counting(message: Message) -> None:
            if message["type"] == "http.response.start":
                took = time.perf_counter() - began
                self._measures.add(scope["method"], route_of(scope), message["status"], took)
            await send(message)

        await self._app(scope, receive, counting if scope["type"] == "http" else send)


def backlog(store: Store) -> dict[str, float]:
    """Return what waits and what there is, from the database."""
    with store.reading() as session:
        counted = session.execute(select(SubmissionRow.status, func.count()).group_by(SubmissionRow.status))
        status = {name: count for name, count in counted}
        oldest = session.scalar(select(func.min(SubmissionRow.received)).where(SubmissionRow.status == "received"))
        chats = session.scalar(select(func.count()).select_from(ChatRow)) or 0
    return {
        "submissions_waiting": float(status.get("received", 0)),
        "submissions_grading": float(status.get("grading", 0)),
        "submissions_graded": float(status.get("graded", 0)),
        "submissions_failed": float(status.get("failed", 0)),
        "oldest_waiting_seconds": max(0.0, store.clock() - oldest) if oldest else 0.0,
        "grading_unattended": float(Submissions(store).unattended()),
        "messages": float(chats),
    }


def route_of(scope: Scope) -> str:
    """Return an address with the names of people and things taken out."""
    if "endpoint" not in scope:
        return "other"
    if scope["path"].startswith("/static/"):
        return "/static"
    names = {str(value): f"{{{name}}}" for name, value in scope.get("path_params", {}).items()}
    return "/".join(names.get(part, part) for part in scope["path"].split("/"))
