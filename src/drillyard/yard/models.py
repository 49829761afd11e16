"""The models that the yard lets learners talk to: opened when they are first asked, kept while they are in use."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable

from drillyard.records import Instance
from drillyard.targets.base import Target

__all__ = ["MAX_OPEN", "Models"]

MAX_OPEN = 128
"""Models held in memory, the last used: an organism takes 10 MB, and opening it six times as long as a reply."""


class Models:
    """Opens the target of an instance with `factory` and keeps the `MAX_OPEN` that were used last."""

    def __init__(self, factory: Callable[[Instance], Target]) -> None:
        self._factory = factory
        self._open: OrderedDict[str, Target] = OrderedDict()
        self._lock = threading.Lock()

    def open(self, instance: Instance) -> Target:
        """Return the model of an instance."""
        with self._lock:
            held = self._open.pop(instance.id, None)
        target = held or self._factory(instance)
        with self._lock:
            self._open[instance.id] = target
            while len(self._open) > MAX_OPEN:
                self._open.popitem(last=False)
        return target
