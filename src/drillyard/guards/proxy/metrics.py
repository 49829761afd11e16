"""What a guard counts while it serves, in Prometheus' text format, by the `prometheus_client` package."""

from __future__ import annotations

from typing import Any

from drillyard.registry import require

__all__ = ["Metrics"]

_SECONDS = (5e-6, 1e-5, 2e-5, 5e-5, 1e-4, 2e-4, 5e-4, 1e-3, 5e-3, 1e-2)


class Metrics:
    """Counters of one server; a registry of its own, so that several may live in one process."""

    def __init__(self) -> None:
        client: Any = require("prometheus_client", "guards", "drillyard guard serve")
        self._registry, self._client = client.CollectorRegistry(), client
        within: dict[str, Any] = {"registry": self._registry}
        name = "drillyard_guard_"
        self.replies = client.Counter(f"{name}replies", "Replies, by what became of them", ["outcome"], **within)
        self.flags = client.Counter(f"{name}flags", "Flagged replies, by behaviour", ["behaviour"], **within)
        self.open = client.Gauge(f"{name}open_replies", "Replies that are under way", **within)
        self.seconds = client.Histogram(
            f"{name}chunk_seconds", "Time spent on one chunk, network aside", buckets=_SECONDS, **within
        )
        self.drift = client.Gauge(f"{name}drift_capital", "Capital of the drift watch; an alarm from 100 on", **within)
        self.drifted = client.Gauge(f"{name}drift_alarm", "1 once the drift watch has given its alarm", **within)
        self.days = client.Gauge(f"{name}calibration_days_left", "Days that the calibration still holds", **within)

    def page(self) -> tuple[bytes, str]:
        """Return what Prometheus reads, and its content type."""
        return self._client.generate_latest(self._registry), self._client.CONTENT_TYPE_LATEST
